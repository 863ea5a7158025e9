#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# No secret in what is written: run and send log in at the practice world by every mechanism, in each form of output, with
# right and wrong secrets; then all of it, and all files, are searched for them and for what base64 makes of them. The
# command lines of our processes are read, too.
set -u
dir=$(mktemp -d) || exit 99
mkdir "$dir/out" "$dir/home"
"$HELOSCOPE" serve --submission 127.0.0.1:0 --pop3 127.0.0.1:0 --ca "$dir/ca.pem" >"$dir/served" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$dir"' EXIT
failed=0
tries=0
while ! grep -qs '^Try' "$dir/served"; do # it is written when the ports are open
    tries=$((tries + 1))
    [ $tries -lt 200 ] || { echo "FAIL: serve did not start"; exit 1; }
    sleep 0.05
done
port() { sed -n "s/^$1 .*:\([0-9]*\)\$/\1/p" "$dir/served"; }
submission=submission://localhost:$(port submission) pop3=pop3://localhost:$(port pop3)
export HOME="$dir/home"
umask 077
printf 'apple-pie\n' >"$dir/password"
printf 'plum-cake-17\n' >"$dir/wrong"
printf 'token-student\n' >"$dir/token"
printf 'expired-student\n' >"$dir/old"
n=0 logins=0

# run STATUS MODE ARGUMENT...
run() {
    want=$1
    shift
    n=$((n + 1))
    timeout 20 setsid "$HELOSCOPE" "$@" >"$dir/out/$n" 2>&1 </dev/null
    got=$?
    if [ "$got" -ne "$want" ]; then
        echo "FAIL: exit status $got, not $want: $*"
        cat "$dir/out/$n"
        failed=1
    fi
    logins=$((logins + 1))
}
cat >"$dir/smtp.helo" <<'X'
expect 220
EHLO laptop.example
tls
EHLO laptop.example
auth $MECH student
quit
X
sed 's/^EHLO.*/CAPA/; s/expect 220/expect +OK/' "$dir/smtp.helo" >"$dir/pop3.helo"
for mechanism in PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS OAUTHBEARER XOAUTH2; do
    case $mechanism in
    *OAUTH*) good="--token-file $dir/token" bad="--token-file $dir/old" ;;
    *) good="--password-file $dir/password" bad="--password-file $dir/wrong" ;;
    esac
    for form in '' --json --tap; do
        # shellcheck disable=SC2086
        {
        run 0 run "$dir/smtp.helo" "$submission" --ca-file "$dir/ca.pem" --set MECH=$mechanism $good $form
        run 8 run "$dir/smtp.helo" "$submission" --ca-file "$dir/ca.pem" --set MECH=$mechanism $bad $form
        }
    done
    # shellcheck disable=SC2086
    run 0 run "$dir/pop3.helo" "$pop3" --ca-file "$dir/ca.pem" --set MECH=$mechanism $good
    # shellcheck disable=SC2086
    run 0 send "$submission" --ca-file "$dir/ca.pem" --to student@practice.example --from student@practice.example \
        --user student --auth $mechanism --tls $good
done
[ "$logins" -eq 72 ] || { echo "FAIL: $logins logins"; failed=1; }
grep -lq 'AUTH SCRAM-SHA-256-PLUS' "$dir"/out/* || { echo "FAIL: nothing was written"; failed=1; }
for secret in apple-pie plum-cake-17 token-student expired-student YXBwbGUtcGll cGx1bS1jYWtl AHN0dWRlbnQA dG9rZW4tc3R1ZGVudA ZXhwaXJlZC1zdHVk; do
    if grep -rlF -e "$secret" "$dir/out" "$dir/home"; then
        echo "FAIL: the secret $secret stands there"
        failed=1
    fi
done

# While it waits for the server nothing is to be read in /proc but the options.
mkfifo "$dir/hold"
{ printf 'EHLO laptop.example\nSTARTTLS\nEHLO laptop.example\n:auth student\n'; cat "$dir/hold"; } |
    setsid "$HELOSCOPE" --plain --ca-file "$dir/ca.pem" "$submission" --password-file "$dir/password" >"$dir/held" 2>&1 &
held=$!
tries=0
while ! grep -q '^S: . 235' "$dir/held"; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || { echo "FAIL: no login"; cat "$dir/held"; failed=1; break; }
    sleep 0.05
done
for p in /proc/[0-9]*; do
    if { tr '\0' ' ' <"$p/cmdline"; } 2>/dev/null | grep -q 'heloscope.*apple-pie'; then
        echo "FAIL: a secret on a command line"
        failed=1
    fi
done
printf 'QUIT\n' >"$dir/hold"
wait $held
exit $failed
