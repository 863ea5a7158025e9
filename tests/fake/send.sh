#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# heloscope send against the practice world over TCP: swaks' habits, swaks' exit statuses, letters of every make.
set -u
dir=$(mktemp -d) || exit 99
"$HELOSCOPE" serve --smtp 127.0.0.1:0 --submission 127.0.0.1:0 --submissions 127.0.0.1:0 --pop3 127.0.0.1:0 --ca "$dir/ca.pem" >"$dir/served" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$dir"' EXIT
failed=0
tries=0
while ! grep -q '^Try' "$dir/served"; do # it is written when the ports are open
    tries=$((tries + 1))
    [ $tries -lt 200 ] || { echo "FAIL: serve did not start"; exit 1; }
    sleep 0.05
done
port() { sed -n "s/^$1 .*:\([0-9]*\)\$/\1/p" "$dir/served"; }
smtp=127.0.0.1:$(port smtp) submission=submission://localhost:$(port submission)
student='--to student@practice.example'

# run STATUS ARGUMENT...: heloscope send, one line on standard error where it fails
run() {
    want=$1
    shift
    timeout 20 "$HELOSCOPE" send "$@" >"$dir/out" 2>"$dir/err" </dev/null
    got=$?
    step="$*"
    if [ "$got" -ne "$want" ]; then
        echo "FAIL: exit status $got, not $want: $step"
        cat "$dir/out" "$dir/err"
        failed=1
    fi
    if [ "$(wc -l <"$dir/err")" -ne "$((want > 0))" ]; then
        echo "FAIL: $(wc -l <"$dir/err") lines on standard error: $step"
        cat "$dir/err"
        failed=1
    fi
}
has() {
    if ! grep -qF -e "$1" "$dir/out" "$dir/err"; then
        echo "FAIL: not said: $1 ($step)"
        cat "$dir/out" "$dir/err"
        failed=1
    fi
}
hasnot() {
    if grep -qF -e "$1" "$dir/out" "$dir/err"; then
        echo "FAIL: said: $1 ($step)"
        cat "$dir/out" "$dir/err"
        failed=1
    fi
}

# shellcheck disable=SC2086
{
run 0 "$smtp" $student --from '<me@home.example>' --ehlo laptop.example --header 'Subject: hello' --header 'X-Test: 1' --body 'one\n.two'
has 'C: EHLO laptop.example'
has 'C: MAIL FROM:<me@home.example> SIZE='
has 'C: Subject: hello'
has 'C: X-Test: 1'
has 'C: one'
has 'C: ..two'
has '-- the mail was accepted'
hasnot 'C: Subject: test'
run 0 "$smtp" --to 'student@practice.example, nobody@practice.example' --from '<>'
has 'C: MAIL FROM:<> '
has 'S: ! 550'

# Letters: a file, a big one, standard input, MIME.
printf 'Subject: \303\266\n\nfrom a file\n' >"$dir/letter"
run 0 "$smtp" $student --data "$dir/letter"
has 'BODY=8BITMIME'
has 'C: from a file'
awk 'BEGIN { for (i = 0; i < 40000; i++) print "A line of a letter that is over a megabyte long." }' >"$dir/big"
run 0 "$smtp" $student --data "$dir/big"
has 'C: MAIL FROM:<'
has 'SIZE=2000000'
has 'the first 65536 are shown'
run 0 "$smtp" $student --data "$dir/big" --bdat
has 'C: BDAT 26'
has 'the letter has 2000000 octets'
run 0 "$smtp" $student --body "@$dir/letter" --header 'Subject: sch&#246;n'
has 'C: from a file'
if "$HELOSCOPE" send "$smtp" $student --attach "@$dir/letter" --header "Subject: $(printf 'sch\303\266n')" >"$dir/out" 2>&1; then
    step=mime
    has 'C: Content-Type: multipart/mixed'
    has 'C: Content-Disposition: attachment; filename=letter'
    has 'C: Subject: =?'
    grep -q 'C: U3ViamVjdDog' "$dir/out" || { echo "FAIL: no base64"; failed=1; }
elif ! grep -q 'need GMime' "$dir/out"; then
    echo "FAIL: --attach"
    cat "$dir/out"
    failed=1
fi

# More recipients than may wait for their replies at once; one is refused.
# shellcheck disable=SC2046  # many words are meant
run 0 "$smtp" $student $(awk 'BEGIN { for (i = 0; i < 60; i++) { s = "--to "; for (k = 0; k < 65; k++) s = s "student@practice.example,"; print s } }') --to nobody@practice.example --quiet
# shellcheck disable=SC2046
run 24 "$smtp" $(awk 'BEGIN { for (i = 0; i < 50; i++) { s = "--to "; for (k = 0; k < 65; k++) s = s "nobody@practice.example,"; print s } }')

# Many over one connection, and over several.
run 0 "$smtp" $student --repeat 25
has '-- 25 mails were accepted'
[ "$(grep -c 'C: EHLO' "$dir/out")" -eq 1 ] || { echo "FAIL: not one connection"; failed=1; }
[ "$(grep -c '^C: Message-ID' "$dir/out")" -eq 25 ] || { echo "FAIL: not 25 letters"; failed=1; }
[ "$(grep '^C: Message-ID' "$dir/out" | sort -u | wc -l)" -eq 25 ] || { echo "FAIL: the same letters"; failed=1; }
run 0 "$smtp" $student --repeat 9 --parallel 4 --quiet
[ ! -s "$dir/out" ] || { echo "FAIL: --quiet is not"; failed=1; }
run 0 "$smtp" $student --json
has '"kind":"mail","accepted":1,"status":0'

# Stages and statuses.
run 0 "$smtp" --quit-after helo
hasnot 'C: MAIL'
has 'C: QUIT'
run 0 "$smtp" $student --drop-after data
hasnot 'queued'
hasnot 'C: QUIT'
run 24 "$smtp" --to nobody@practice.example
has 'RCPT TO was refused: 550 5.1.1'
run 24 "$smtp" --to full@practice.example --no-pipelining
hasnot 'C: DATA'
run 23 "$smtp" $student --requiretls
has 'REQUIRETLS'
hasnot 'C: MAIL'
run 29 "$smtp" $student --tls
has 'could not be verified'
hasnot 'C: MAIL'
run 0 "$submission" $student --tls --ca-file "$dir/ca.pem" --verify-name practice.example --quit-after auth
has 'TLS 1.3 up'
echo apple-pie >"$dir/secret"
chmod 600 "$dir/secret"
run 0 "$submission" $student --from student@practice.example --tls --ca-file "$dir/ca.pem" --verify-name practice.example --user student --password-file "$dir/secret"
has 'the mail was accepted'
hasnot 'apple-pie'
echo wrong-pie >"$dir/secret"
run 28 "$submission" $student --tls --ca-file "$dir/ca.pem" --verify-name practice.example --user student --password-file "$dir/secret"
run 28 "$smtp" $student --user student --auth PLAIN --password-file "$dir/secret"
hasnot 'C: AUTH'
# Logins without a name: they are tried; others want one.
run 28 "$smtp" $student --auth ANONYMOUS
has 'C: AUTH ANONYMOUS'
run 28 "$submission" $student --tls --ca-file "$dir/ca.pem" --verify-name practice.example --auth EXTERNAL
has 'C: AUTH EXTERNAL ='
hasnot 'C: MAIL'
run 1 "$smtp" $student --auth PLAIN
has 'wants --user too'

# The policy of --mta-sts: both verdicts, and a file that is none.
printf 'version: STSv1\r\nmode: enforce\r\nmx: other.example\r\nmax_age: 60\r\n' >"$dir/policy"
run 0 "$submission" --tls --ca-file "$dir/ca.pem" --verify-name practice.example --quit-after tls --mta-sts "$dir/policy"
has "MTA-STS: localhost is none of the policy's hosts (other.example)"
sed 's/other.example/localhost/' "$dir/policy" >"$dir/policy2"
run 0 "$submission" --tls --ca-file "$dir/ca.pem" --verify-name practice.example --quit-after tls --mta-sts "$dir/policy2"
has 'MTA-STS: '
hasnot "none of the policy's hosts"
run 3 "$submission" --quit-after tls --mta-sts "$dir/ca.pem"
has 'is no MTA-STS policy'
hasnot 'connected'

# XCLIENT is not for strangers.
run 33 "$smtp" $student --xclient 'NAME=other.example ADDR=192.0.2.7'
has 'XCLIENT is not offered'
hasnot 'C: XCLIENT'
hasnot 'C: MAIL'
run 1 "$smtp" $student --xclient 'NAME=x
RSET'

run 2 smtp://127.0.0.1:1 $student
has 'no connection'
# A port that waits for TLS never greets: the stage is the banner, not the connection.
run 21 "smtp://127.0.0.1:$(port submissions)" $student --timeout 1
has 'heloscope: no greeting within 1 s'

# A PROXY header is seen in the talk, and so is a server that expected none.
run 0 "$smtp" $student --proxy-protocol 2:192.0.2.1:4711,198.51.100.1:25 --drop-after connect
has 'sent ahead of the talk: PROXY TCP4 192.0.2.1 198.51.100.1 4711 25 (as version 2: octets)'
run 0 "$smtp" $student --proxy-protocol 1 --quit-after helo
has 'sent ahead of the talk: PROXY TCP4 127.0.0.1 127.0.0.1 '
has 'the server took the PROXY header for a command'
has 'SIZE'
hasnot 'C: HELO'

# Mistakes on the command line: 1, as swaks has it.
run 1 "$smtp"
has 'whom to?'
run 1 "$smtp" $student --quit-after data
run 1 "$smtp" $student --drop-after nowhere
run 1 "$smtp" $student --ret some
run 1 "$smtp" $student --notify NEVER,DELAY
run 1 "$smtp" $student --mt-priority 10
run 1 "$smtp" $student --by soon
run 1 "$smtp" $student --hold-for 1 --hold-until 2030-01-01T00:00:00Z
run 1 "$smtp" $student --header Subject
# What is quoted of the command line stays one line, and harmless to a terminal.
escape=$(printf 'x\n\033[31m')
for option in --header --sni --ciphers --tls-min --quit-after --proxy --resolver --timeout; do
    run 1 "$smtp" $student $option "$escape"
    hasnot "$(printf '\033')"
done
run 3 "$smtp" $student --data "$escape"
hasnot "$(printf '\033')"
run 1 "$smtp" --to 'a b'
run 1 "$smtp" $student --data "$dir/letter" --body x
run 1 "$smtp" $student --frob
run 1 pop3://127.0.0.1 $student
run 1 192.0.2.1:25 $student --repeat 11
has '--i-am-allowed'
run 3 "$smtp" $student --data "$dir/missing"
}
exit $failed
