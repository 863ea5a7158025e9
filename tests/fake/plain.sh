#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The line mode, driven by pipes: the whole way of a letter, what is said in words, and honest exit statuses.
set -u
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
failed=0
esc=$(printf '\033')

# run STATUS INPUT [ARGUMENT...]: its output is in $dir/out
run() {
    want=$1 input=$2
    shift 2
    printf "$input" | timeout 20 "$HELOSCOPE" --plain "$@" >"$dir/out" 2>"$dir/err"
    got=$?
    if [ "$got" -ne "$want" ]; then
        echo "FAIL: exit status $got, not $want: $*"
        cat "$dir/out" "$dir/err"
        failed=1
    fi
    if grep -q "$esc" "$dir/out" "$dir/err"; then
        echo "FAIL: an escape sequence: $*"
        failed=1
    fi
}
has() {
    if ! grep -qF -e "$1" "$dir/out" "$dir/err"; then
        echo "FAIL: not said: $1"
        cat "$dir/out" "$dir/err"
        failed=1
    fi
}
hasnot() {
    if grep -qF -e "$1" "$dir/out" "$dir/err"; then
        echo "FAIL: said: $1"
        failed=1
    fi
}

# A letter, lines sent one after the other, each after the reply to the one before. The lines that openssl s_client eats
# (RFC-capital RCPT, Reply-To:, a Q and a k at the beginning) are ordinary here.
run 0 'EHLO laptop.example\nMAIL FROM:<a@b.example>\nRCPT TO:<student@practice.example>\nDATA\nReply-To: x@y.example\n\nQuiet\nk\nR\n.dot\n.\nQUIT\n' practice
has 'S: > 354'
has 'C: Quiet'
has 'C: ..dot'
has 'queued as'
has 'S: + 221'
hasnot 'S: !'

# The last word decides the status; refusals are said in words.
run 8 'EHLO laptop.example\nMAIL FROM:<a@b.example>\nRCPT TO:<nobody@practice.example>\n' practice
has 'S: ! 550 5.1.1'
has 'permanent failure'
run 8 'EHLO laptop.example\nMAIL FROM:<a@b.example>\nRCPT TO:<full@practice.example>\n' practice
has 'temporary failure'
run 0 'EHLO laptop.example\nFROB\nNOOP\n' practice
has 'S: ! 500'

# An input that ends inside the letter must not deliver it.
run 0 'EHLO laptop.example\nMAIL FROM:<a@b.example>\nRCPT TO:<student@practice.example>\nDATA\nhalf a letter\n' practice
hasnot 'queued as'

# No final line end, and CRLF line ends.
run 0 'EHLO laptop.example\r\nQUIT' practice
has 'S: + 221'

# TLS inside, with the practice CA: no question; then the list is asked again.
run 0 'EHLO laptop.example\nSTARTTLS\nEHLO laptop.example\nQUIT\n' practice
has 'TLS 1.3 up'
has 'AUTH PLAIN LOGIN'

# A password typed by hand is nowhere: student:grep-me-secret.
run 8 'EHLO laptop.example\nSTARTTLS\nEHLO laptop.example\nAUTH PLAIN AHN0dWRlbnQAZ3JlcC1tZS1zZWNyZXQ=\n' practice
hasnot 'AHN0dWRlbnQA'
hasnot 'grep-me-secret'
has 'S: ! 535'

# Closed standard streams are none of our files and sockets: nobody waits, nothing is said to a server.
timeout 20 "$HELOSCOPE" --plain practice <&- >"$dir/out" 2>"$dir/err"
got=$?
[ "$got" -ne 124 ] || { echo "FAIL: waits for ever without standard input"; failed=1; }
has '220 practice.example'
timeout 20 "$HELOSCOPE" --plain practice </dev/null 2>"$dir/err" >&-
got=$?
[ "$got" -eq 3 ] || { echo "FAIL: status $got without standard output"; failed=1; }

# A reader that has seen enough (`| head`) is nobody's fault; a full disk is said with its reason.
seq -f '550 5.1.1 no such user %.0f' 20000 | { "$HELOSCOPE" explain 2>"$dir/err"; echo $? >"$dir/out"; } | head -n 1 >/dev/null
[ ! -s "$dir/err" ] || { echo "FAIL: a pipe's reader left, and it says: $(cat "$dir/err")"; failed=1; }
has '3'
if [ -w /dev/full ]; then
    err=$("$HELOSCOPE" --help 2>&1 >/dev/full) && failed=1
    case $err in *'cannot be written: No space'*) ;; *) echo "FAIL: full disk: $err"; failed=1 ;; esac
fi

# Our own troubles.
run 2 '' nonsense://x
has 'unknown scheme'
run 2 ''
run 2 '' 127.0.0.1:1
has 'smtp://127.0.0.1:1'
run 5 '' smtp://127.0.0.1:1
has 'refused'
run 3 '' open "$dir/missing"
run 3 '' open "$dir"
has 'is a directory'
# The workbench says so before it takes the terminal.
err=$("$HELOSCOPE" open "$dir" 2>&1 </dev/null) && failed=1
case $err in "heloscope: $dir: is a directory"*) ;; *) echo "open of a folder: $err"; failed=1 ;; esac
printf 'S: 220 a.example \033[31mESMTP\033[0m\nC: FROB\nS: 500 5.5.2 what\n' >"$dir/talk"
run 0 '' open "$dir/talk"
has '^['
has 'permanent failure'
exit $failed
