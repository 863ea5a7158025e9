#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# heloscope send and run at a real Postfix and a real Dovecot: letters of all sizes by DATA and BDAT, pipelined and not,
# DSN, logins, refusals with swaks' statuses (and swaks beside it, where it is there), fetched again by a script.
set -u
here=$top_srcdir/tests/real
dir=$(mktemp -d "${TMPDIR:-/tmp}/helo-real.XXXXXX") || exit 99
trap 'sh "$here/servers.sh" stop "$dir/servers"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
chmod 755 "$dir"
vars=$(sh "$here/servers.sh" start "$dir/servers" $$) || exit $?
eval "$vars"
failed=0
SSL_CERT_FILE=$CA_FILE
export SSL_CERT_FILE
smtp=smtp://localhost:$SMTP_PORT submission=submission://localhost:$SUBMISSION_PORT

# run STATUS ARGUMENT...: what it said is in $dir/out
run() {
    want=$1
    shift
    timeout 60 "$HELOSCOPE" "$@" >"$dir/out" 2>&1 </dev/null
    got=$?
    step="$*"
    if [ "$got" -ne "$want" ]; then
        echo "FAIL: exit status $got, not $want: $step"
        head -c 4000 "$dir/out"
        failed=1
    fi
    if grep -qF -e "$MAIL_PASSWORD" "$dir/out"; then
        echo "FAIL: the password was printed: $step"
        failed=1
    fi
}
has() {
    grep -qF -e "$1" "$dir/out" || {
        echo "FAIL: not said: $1 ($step)"
        head -c 4000 "$dir/out"
        failed=1
    }
}
hasnot() {
    if grep -qF -e "$1" "$dir/out"; then
        echo "FAIL: said: $1 ($step)"
        failed=1
    fi
}
PW=$MAIL_PASSWORD
export PW

# A letter of 3 MB with dots, by DATA and by BDAT in chunks: both come out as they went in.
awk 'BEGIN { print "Subject: big one\n"; for (i = 0; i < 60000; i++) print (i % 7 ? "" : ".") "a line of the letter, number " i }' >"$dir/big"
run 0 send "$smtp" --tls --to "$MAIL_USER" --from me@home.example --data "$dir/big" --notify SUCCESS,FAILURE --ret HDRS --envid 'x=1' --orcpt
has 'TLS 1.3 up'
has 'RET=HDRS ENVID=x+3D1'
has 'NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;'
has '-- the mail was accepted'
sed 's/big one/big two/' "$dir/big" >"$dir/big2"
run 0 send "$smtp" --to "$MAIL_USER" --from me@home.example --data "$dir/big2" --bdat
has 'C: BDAT 2'
has ' LAST'
hasnot 'C: DATA'

# Through the door for users: TLS, the strongest login, several letters over one connection.
run 0 send "$submission" --tls --user "$MAIL_USER" --password-env PW --from "$MAIL_USER" --to "$MAIL_USER" --header 'Subject: one of five' --repeat 5
has '-- 5 mails were accepted'
run 0 send "$submission" --tls --user "$MAIL_USER" --password-env PW --from "$MAIL_USER" --to "$MAIL_USER" --no-pipelining --body 'text
.dot'
has 'C: ..dot'
run 28 send "$submission" --tls --user "$MAIL_USER" --password-env HOME --to "$MAIL_USER"
run 23 send "$submission" --to "$MAIL_USER" --no-pipelining
has '530 5.7.0'

# Refusals: the statuses are swaks'.
for case in '24 --to you@elsewhere.example' '24 --to nobody@example.test' '33 --to nobody@example.test --xclient ADDR=192.0.2.7' '0 --quit-after helo'; do
    set -f
    # shellcheck disable=SC2086
    set -- $case
    set +f
    want=$1
    shift
    run "$want" send "$smtp" --no-pipelining "$@"
    if command -v swaks >/dev/null; then
        timeout 60 swaks --server "localhost:$SMTP_PORT" "$@" >"$dir/swaks" 2>&1 </dev/null
        got=$?
        [ "$got" -eq "$want" ] || { echo "FAIL: swaks says $got, we $want: $*"; failed=1; }
    fi
done

# As another client: Postfix believes one address of ours, and judges by what it is told.
run 24 send "$smtp" --source 127.0.0.3 --xclient 'NAME=mx.other.example ADDR=192.0.2.7' --to you@elsewhere.example
has 'C: XCLIENT NAME=mx.other.example ADDR=192.0.2.7'
grep -qF 'RCPT from mx.other.example[192.0.2.7]' "$POSTFIX_LOG" || { echo 'FAIL: Postfix does not take us for another'; failed=1; }
run 33 send "$smtp" --source 127.0.0.3 --xclient 'FROB=1' --to "$MAIL_USER"
has 'XCLIENT was refused: 501'
run 0 send "$smtp" --source 127.0.0.3 --tls --xclient 'HELO=elsewhere.example' --xclient 'ADDR=192.0.2.8' --quit-after helo
[ "$(grep -c 'C: EHLO' "$dir/out")" -eq 3 ] || { echo 'FAIL: not three EHLO'; failed=1; }

# A script for the CI: what Postfix says, and what lies in Dovecot then.
cat >"$dir/relay.helo" <<X
expect 220
EHLO \$HOST
expect 250 /^250-PIPELINING/
tls
EHLO \$HOST
expect 250
expect /^250-SIZE \d+/
MAIL FROM:<me@home.example>
expect 250
together
RCPT TO:<nobody@example.test>
RCPT TO:<you@elsewhere.example>
end
expect 550 /unknown/i
expect 5yz /relay access denied/i
RSET
expect 250
quit
X
run 0 run --tap "$dir/relay.helo" "$smtp"
has 'ok 8 - '
has '1..8'
hasnot 'not ok'
cat >"$dir/fetch.helo" <<X
CAPA
tls
CAPA
auth USER $MAIL_USER
STAT
expect +OK /^.OK 8 /
retr all $dir/mbox
retr 1- $dir/box/
quit
X
mkdir "$dir/box"
n=0
until timeout 60 "$HELOSCOPE" run "$dir/fetch.helo" "pop3://localhost:$POP3_PORT" --password-env PW >"$dir/out" 2>&1 </dev/null; do
    n=$((n + 1))
    if [ $n -ge 60 ]; then
        echo "FAIL: the letters did not come"
        head -c 4000 "$dir/out"
        failed=1
        break
    fi
    sleep 0.25
done
[ "$(grep -c '^From MAILER-DAEMON' "$dir/mbox")" -eq 8 ] || { echo "FAIL: not 8 in the mbox"; failed=1; }
for n in one two; do
    file=$(grep -l "^Subject: big $n" "$dir"/box/*.eml)
    tr -d '\r' <"$file" | sed -n '/^Subject: big/,$p' | grep -v '^[A-Z][a-zA-Z-]*: ' >"$dir/came"
    grep -v '^Subject' "$dir/big" >"$dir/went"
    cmp "$dir/came" "$dir/went" || { echo "FAIL: big $n is another"; failed=1; }
done
exit $failed
