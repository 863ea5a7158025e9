#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# heloscope explain from the shell: where the input comes from, each way of writing it, honest exit statuses (0 explained,
# 1 nothing recognised, 2 usage, 3 unreadable), and input as bad as it comes, for explain and open alike: one clear line or
# the text as it is, never an escape sequence, never a secret.
set -u
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
failed=0
esc=$(printf '\033')

# run STATUS [ARGUMENT...]: standard input from $dir/in
: >"$dir/in"
run() {
    want=$1
    shift
    timeout 60 "$HELOSCOPE" "$@" <"$dir/in" >"$dir/out" 2>"$dir/err"
    got=$?
    if [ "$got" -ne "$want" ]; then
        echo "FAIL: exit status $got, not $want: $*"
        head -c 2000 "$dir/out" "$dir/err"
        failed=1
    fi
    if grep -q "$esc" "$dir/out" "$dir/err"; then
        echo "FAIL: an escape sequence: $*"
        failed=1
    fi
    if grep -q -e sesame-word -e AHVzZXIAc2VzYW1l -e c2VzYW1lLXdvcmQ "$dir/out" "$dir/err"; then
        echo "FAIL: a secret: $*"
        failed=1
    fi
}
has() {
    if ! grep -qF -e "$1" "$dir/out" "$dir/err"; then
        echo "FAIL: not said: $1"
        head -c 2000 "$dir/out" "$dir/err"
        failed=1
    fi
}
hasnot() {
    if grep -qF -e "$1" "$dir/out" "$dir/err"; then
        echo "FAIL: said: $1"
        failed=1
    fi
}
one_line() {
    if [ "$(wc -l <"$dir/err")" -ne 1 ] || [ -s "$dir/out" ]; then
        echo "FAIL: not one clear line:"
        head -c 2000 "$dir/out" "$dir/err"
        failed=1
    fi
}

# -- where it comes from
talk='220 mx.example.net ESMTP\nEHLO a.example\n250-mx.example.net\n250 AUTH PLAIN\nAUTH PLAIN AHVzZXIAc2VzYW1lLXdvcmQ=\n535 5.7.8 sesame-word is wrong\nQUIT\n221 Bye\n'
printf "$talk" >"$dir/talk"
run 0 explain '550 5.1.1 no such user'
has 'user-unknown'
run 0 explain 550 5.1.1 no such user
has 'user-unknown'
run 0 explain "$dir/talk"
has 'auth-failed'
printf "$talk" >"$dir/in"
run 0 explain
has 'auth-failed'
run 0 explain -
has 'auth-failed'
: >"$dir/in"

# -- each way of writing
run 0 explain --plain "$dir/talk"
has 'Server: 535'
has 'Meaning: permanent'
run 0 explain --json "$dir/talk"
has '"cause":"auth-failed"'
run 0 explain --html "$dir/talk"
has '<!DOCTYPE html>'
has '</html>'
run 0 explain --markdown "$dir/talk"
has '| --- | --- | --- |'
has 'Who can mend it'
run 0 explain --markdown --blank "$dir/talk"
has '| S | 535'
hasnot 'Who can mend it'
hasnot 'auth-failed'

# -- the tables
run 0 explain --code 5.7.26
run 0 explain --code 550
run 0 explain --keyword CHUNKING
has 'BDAT'
run 0 explain --list causes
has 'user-unknown'
run 0 explain --list codes
has 'X.7.8'
run 0 explain --keyword scram-sha-256
has 'the answer proves that you know the password, without showing it'
has 'see: RFC 5802, RFC 7677'
run 0 explain --keyword NTLM
has 'which is not done here'
run 0 explain --list mechanisms
has 'XOAUTH2	done	'
has 'GSSAPI	-	'
run 0 explain --list keywords
has 'PIPELINING'
printf '%s\n' '{"id":7,"protocol":"smtp","stage":"rcpt","reply":"550 5.1.1 no such user"}' 'no object' >"$dir/in"
run 0 explain --jsonl
has '"id":7'
has '"cause":"user-unknown"'
has '"error"'
printf 'no object\n' >"$dir/in"
run 1 explain --jsonl
: >"$dir/in"

# -- 1: nothing recognised
printf 'Dear all,\nno talk in here.\n' >"$dir/text"
run 1 explain "$dir/text"
has 'no talk in here.'
run 1 explain
run 1 explain --code 9.9.9
run 1 explain --keyword NOSUCHWORD
printf '220 mx ESMTP\nAUTH PLAIN AHVzZXIAc2VzYW1lLXdvcmQ=\n' >"$dir/known"
run 1 explain --format none "$dir/known"
has 'AUTH PLAIN ********'

# -- 2: usage
run 2 explain --format nonsense "$dir/talk"
one_line
has 'swaks'
run 2 explain --json --html "$dir/talk"
one_line
run 2 explain --blank "$dir/talk"
one_line
run 2 explain --code x
one_line
run 2 explain --list nothing
one_line
run 2 explain --code 550 --keyword SIZE
one_line
run 2 explain --show-secrets "$dir/talk" # no terminal
one_line
run 2 explain --jsonl "$dir/talk" "$dir/text"
one_line

# -- 3: unreadable
run 3 explain "$dir/missing"
one_line
run 3 explain --jsonl "$dir/missing"
one_line
run 3 explain "$dir"
one_line
has 'is a directory'
run 3 --plain open "$dir/missing"
one_line
run 3 --plain open "$dir"
one_line

# -- bad input, for both
both() {
    run "$1" explain "$3"
    explain_out=$dir/explained
    cp "$dir/out" "$explain_out"
    run "$2" --plain open "$3"
}
head -c 100000 "$HELOSCOPE" >"$dir/binary"
both 1 0 "$dir/binary"
printf '\377\3762\0002\0000\000 \000x\000\n\000' >"$dir/utf16"
both 3 3 "$dir/utf16"
one_line
has 'iconv'
{ printf 'S: 220 mx ESMTP\nC: PASS sesame-word\nS: 500 '; head -c 1000000 /dev/zero | tr '\0' x; printf '\nC: QUIT\nS: 221 Bye\n'; } >"$dir/long"
both 0 0 "$dir/long"
has '221 Bye'
printf 'S: 220 x' >"$dir/gigabyte"
truncate -s 1G "$dir/gigabyte" 2>/dev/null && both 0 0 "$dir/gigabyte"
rm -f "$dir/gigabyte"
printf '%s\n' '{"protocol":"smtp","kind":"server","lines":["220 mx"]}' '{"kind":"client","lines":["EHLO a"]}' '{"kind":"server","lines":["250 m' >"$dir/cut.jsonl"
both 0 0 "$dir/cut.jsonl"
has 'line 3 is no whole JSON object'
grep -qF 'line 3 is no whole JSON object' "$dir/explained" || { echo 'FAIL: explain does not say where the JSON is cut'; failed=1; }
printf '\033]0;title\007\033[31mS: 220 mx \033[2Jx\033[0m\nC: PASS \033[1msesame-word\033[0m\nS: 500 sesame-word \302\233 \342\200\256\n' >"$dir/ansi"
both 0 0 "$dir/ansi"
printf '\033[32m<-  220 mx ESMTP\033[0m\n\033[36m -> EHLO a\033[0m\n\033[32m<-  250 AUTH PLAIN\033[0m\n\033[36m -> AUTH PLAIN \033[1mAHVzZXIAc2VzYW1lLXdvcmQ=\033[0m\n\033[31m<** 535 5.7.8 sesame-word is wrong\033[0m\n' >"$dir/colored"
both 0 0 "$dir/colored"
has '535 5.7.8 ******** is wrong'
hasnot '[31m'
printf 'S: 220 mx ESMTP\r\nC: EHLO a\nS: 250-mx\r\nS: 250 SIZE 10\nC: MAIL FROM:<a@b>\r\nS: 550-5.7.1 g' >"$dir/cut"
both 0 0 "$dir/cut"
has '550-5.7.1 g'
has 'permanent'
printf 'text with AUTH PLAIN AHVzZXIAc2VzYW1lLXdvcmQ= in it, and\n\033[32mPASS\033[0m sesame-word\n0000: AHVzZXIAc2VzYW1lLXdvcmQ=\n> Proxy-Authorization: Basic dXNlcjpzZXNhbWUtd29yZA==\nAAAA4AAAAAA= SGVsbG8gQUFBQQ== stay\n' >"$dir/stray"
both 1 0 "$dir/stray"
has 'AUTH PLAIN ********'
has '0000: ********'
has 'Basic ********'
has 'AAAA4AAAAAA= SGVsbG8gQUFBQQ== stay'
hasnot dXNlcjpzZXNhbWU
# Name and password follow the AUTH LOGIN that was refused, as a client types ahead.
printf 'S: 220 mx ESMTP\nC: EHLO a\nS: 250 mx\nC: AUTH LOGIN\nS: 503 5.5.1 not offered\nC: dXNlcg==\nS: 500 what\nC: c2VzYW1lLXdvcmQ=\nS: 500 what\nC: QUIT\nS: 221 bye\n' >"$dir/refused"
both 0 0 "$dir/refused"
for as in --plain --json --html --markdown; do
    for f in talk long ansi colored cut stray refused cut.jsonl binary; do
        timeout 60 "$HELOSCOPE" explain $as "$dir/$f" >"$dir/out" 2>"$dir/err"
        if grep -q -e "$esc" -e sesame-word -e AHVzZXIAc2VzYW1l -e c2VzYW1lLXdvcmQ "$dir/out" "$dir/err"; then
            echo "FAIL: explain $as $f shows a secret or passes an escape sequence on"
            failed=1
        fi
    done
done
exit $failed
