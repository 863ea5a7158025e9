#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The options about TLS on the command line: what is wrong with one is one clear line, said before anything is
# connected to and before the terminal is taken, with its exit status.
set -u
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
failed=0
echo "no certificate" >"$dir/none"

# wants STATUS WORDS ARGUMENT...
wants() {
    status=$1 words=$2
    shift 2
    for plain in --plain '' tls; do
        # shellcheck disable=SC2086
        timeout 20 "$HELOSCOPE" $plain "$@" smtp://127.0.0.1:9 </dev/null >"$dir/out" 2>&1
        got=$?
        if [ "$got" -ne "$status" ] || [ "$(wc -l <"$dir/out")" -ne 1 ] || ! grep -qF -e "$words" "$dir/out"; then
            echo "FAIL: $plain $*: exit status $got, not $status with '$words':"
            cat "$dir/out"
            failed=1
        fi
    done
}

wants 2 "--tls-min wants 1.0, 1.1, 1.2 or 1.3, not '2'" --tls-min 2
wants 2 "--tls-max wants 1.0, 1.1, 1.2 or 1.3, not 'ssl3'" --tls-max ssl3
wants 2 "TLS 1.3, is above the highest, TLS 1.2" --tls-min 1.3 --tls-max 1.2
wants 2 "'NONE' leaves no cipher" --ciphers NONE
wants 2 "cannot be sent as SNI" --sni 'a b'
wants 2 "--key wants --cert too" --key "$dir/none"
wants 3 "'$dir/none' holds no certificate" --ca-file "$dir/none"
wants 3 "'$dir/none' holds no certificate" --cert "$dir/none"
wants 3 "'$dir/absent' cannot be read: No such file" --ca-file "$dir/absent"

# The report in the line mode, and on its own; its status tells.
printf 'EHLO me.example\n:tls\n:save-chain\nSTARTTLS\n:tls\n:save-chain %s\nQUIT\n' "$dir/chain.pem" |
    timeout 20 "$HELOSCOPE" --plain practice >"$dir/out" 2>&1
for words in 'There is no TLS' 'STARTTLS is offered, and this session goes on without it' 'the line mode knows' \
    '+ chain     holds: signed up to' "which is the practice world's own CA" 'chain saved'; do
    grep -qF -e "$words" "$dir/out" || { echo "FAIL: not said: $words"; cat "$dir/out"; failed=1; }
done
grep -qE '(less than a|: 1) day left' "$dir/out" || { echo "FAIL: not a day in words"; cat "$dir/out"; failed=1; }
[ "$(grep -c 'BEGIN CERTIFICATE' "$dir/chain.pem")" = 1 ] || { echo "FAIL: no chain in the file"; failed=1; }
"$HELOSCOPE" serve --smtp 127.0.0.1:0 --submissions 127.0.0.1:0 --ca "$dir/ca.pem" >"$dir/serve" 2>&1 &
serve=$!
trap 'kill $serve 2>/dev/null; rm -rf "$dir"' EXIT
n=0
until grep -q '^C-c or a TERM' "$dir/serve" || [ $n -gt 200 ]; do
    n=$((n + 1))
    sleep 0.05
done
smtp=$(awk '$1 == "smtp" && $2 == "on" { print $3 }' "$dir/serve")
tls() {
    want=$1
    shift
    timeout 20 "$HELOSCOPE" tls "$@" >"$dir/out" 2>&1
    got=$?
    [ $got -eq "$want" ] || { echo "FAIL: exit status $got, not $want: tls $*"; cat "$dir/out"; failed=1; }
}
tls 0 --ca-file "$dir/ca.pem" "smtp://$smtp"
tls 6 "smtp://$smtp"
tls 6 --json --ca-file "$dir/ca.pem" --verify-name elsewhere.example "smtp://$smtp"
grep -q '"id":"certificate-wrong-name"' "$dir/out" || { echo "FAIL: no finding in JSON"; failed=1; }
tls 0 --ca-file "$dir/ca.pem" --tls-versions --save-chain "$dir/two.pem" "smtp://$smtp"
grep -q '^+ TLS 1.3   accepted' "$dir/out" || { echo "FAIL: no versions"; cat "$dir/out"; failed=1; }
[ -s "$dir/two.pem" ] || { echo "FAIL: --save-chain wrote nothing"; failed=1; }
tls 3 --ca-file "$dir/ca.pem" --save-chain "$dir/two.pem" "smtp://$smtp"
# Nobody is there: one line, no report of what was not seen, no further connections.
tls 5 --tls-versions smtp://127.0.0.1:1
[ "$(wc -l <"$dir/out")" -eq 1 ] || { echo "FAIL: not one line"; cat "$dir/out"; failed=1; }
grep -q 'refused: no program' "$dir/out" || { echo "FAIL: not said why"; cat "$dir/out"; failed=1; }
tls 2 127.0.0.1:4321
kill $serve
exit $failed
