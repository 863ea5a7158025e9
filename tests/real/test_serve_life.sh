#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# How `heloscope serve` begins and ends: TERM and INT with clients, a port in use, addresses that others can reach, bad
# options, and a Maildir that is there again the next time.
. "$top_srcdir/tests/real/serve.sh"
need python3
talk='
import socket, sys
host, port = sys.argv[1].rsplit(":", 1)
c = socket.create_connection((host, int(port)), 20).makefile("rb")
print(c.readline().decode(), end="", flush=True)
print(c.read().decode(), end="", flush=True)'
for signal in TERM INT; do
    rm -f "$work/a" "$work/b"
    serve_start --maildir "$work/mail"
    python3 -c "$talk" "$smtp" >"$work/a" &
    a=$!
    python3 -c "$talk" "$pop3" >"$work/b" &
    b=$!
    wait_for 20 test -s "$work/a" || fail "no banner"
    wait_for 20 test -s "$work/b" || fail "no banner"
    kill -$signal "$pid"
    wait "$pid"
    status=$?
    pid=
    test $status -eq 0 || fail "$signal: exit status $status"
    wait $a $b
    grep -q '^421 4.3.2 ' "$work/a" || fail "$signal: no 421"
    grep -q '^-ERR \[SYS/TEMP\]' "$work/b" || fail "$signal: no -ERR"
done
test "$(ls "$work/mail/student/new" | wc -l)" -eq 3 || fail "the welcome letters came twice"

serve_start
expect() { # STATUS WORDS OPTIONS...
    want=$1 words=$2
    shift 2
    timeout 20 "$HELOSCOPE" serve "$@" >"$work/said" 2>&1
    status=$?
    test $status -eq "$want" || fail "serve $*: exit status $status, not $want"
    test "$(wc -l <"$work/said")" -eq 1 || fail "serve $*: not one line"
    grep -q -- "$words" "$work/said" || fail "serve $*: no word of $words"
}
expect 5 'in use' --smtp "$smtp"
expect 2 'allow-remote' --smtp 0.0.0.0:0
expect 2 'ADDRESS:PORT' --smtp localhost
expect 2 'ADDRESS:PORT' --pop3 127.0.0.1:99999
expect 2 '--smtp' --maildir "$work/other"
expect 5 'no.such.host.invalid' --smtp no.such.host.invalid:2525
expect 3 'cannot be' --smtp 127.0.0.1:0 --maildir /dev/null/x
expect 3 'cannot be written' --smtp 127.0.0.1:0 --ca /dev/null/x
expect 2 'clients' --smtp 127.0.0.1:0 --clients many
kill "$pid"
wait "$pid"
pid=
# With --allow-remote a wider address is taken, with a warning.
serve_start --smtp 0.0.0.0:0 --allow-remote
grep -q 'WARNING: 0.0.0.0:0 can be reached' "$work/serve.err" || fail "no warning"
# Fewer files than clients: said, not suffered.
kill "$pid"
wait "$pid"
pid=
# shellcheck disable=SC3045  # dash, bash and ksh know it
(ulimit -n 100 && exec "$HELOSCOPE" serve --smtp 127.0.0.1:0) >"$work/few.out" 2>"$work/few.err" &
pid=$!
wait_for 20 grep -qs '^C-c or a TERM' "$work/few.out" || fail "does not come up with few files"
grep -q 'allows 68 clients at once, not 256' "$work/few.err" || fail "the limit of files is not said"
echo "serve begins and ends as it should"
