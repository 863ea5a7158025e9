#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# heloscope run against the practice world over TCP: what a script says, expects and is told; TAP, JSON, silence; many
# at once; honest exit statuses, and nothing sent where the script is wrong.
set -u
dir=$(mktemp -d) || exit 99
"$HELOSCOPE" serve --smtp 127.0.0.1:0 --lmtp 127.0.0.1:0 --pop3 127.0.0.1:0 >"$dir/served" 2>&1 &
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
smtp=smtp://127.0.0.1:$(port smtp) lmtp=lmtp://127.0.0.1:$(port lmtp) pop3=pop3://127.0.0.1:$(port pop3)

# run STATUS ARGUMENT...: runs $dir/x.helo
run() {
    want=$1
    shift
    timeout 20 "$HELOSCOPE" run "$dir/x.helo" "$@" >"$dir/out" 2>"$dir/err" </dev/null
    got=$?
    if [ "$got" -ne "$want" ]; then
        echo "FAIL: exit status $got, not $want: $*"
        cat "$dir/x.helo" "$dir/out" "$dir/err"
        failed=1
    fi
}
script() { cat >"$dir/x.helo"; }
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
        cat "$dir/out" "$dir/err"
        failed=1
    fi
}

# Is what was printed TAP, as a harness reads it? The version, tests numbered one after the other (or not at all),
# one plan at the end that says how many there were, a reason behind each "not ok", comments, and nothing else.
tap() {
    awk -v want="$1" '
        NR == 1 { if ($0 != "TAP version 13") bad("no version"); next }
        due && !/^# it was: ./ { bad("no reason before this line") }
        { due = 0 }
        plan { bad("a line behind the plan") }
        /^1\.\.[0-9]+$/ { plan = substr($0, 4); next }
        /^(not )?ok [0-9]+ - ./ { n++; if ($($1 == "ok" ? 2 : 3) != n) bad("wrong number") }
        /^(not )?ok - ./ { n++ }
        /^not ok/ { due = 1; failed++ }
        /^(not )?ok / || /^#/ { next }
        { bad("no TAP") }
        function bad(why) { print FNR ": " why ": " $0; wrong = 1 }
        END { if (plan != n || due) { print "plan " plan ", tests " n; wrong = 1 }
              if (n "/" failed + 0 != want) { print n "/" failed + 0 ", not " want; wrong = 1 }
              exit wrong }' "$dir/out" || { cat "$dir/out"; failed=1; }
    case $1 in */0) status=0 ;; *) status=1 ;; esac
    if command -v prove >/dev/null; then
        prove -Q --exec cat "$dir/out" >"$dir/prove" 2>&1
        [ $? -eq $status ] && ! grep -q 'Parse errors' "$dir/prove" ||
            { echo 'FAIL: prove'; cat "$dir/prove"; failed=1; }
    fi
}

# A whole letter, TLS, variables, a loop, lines together.
printf 'Subject: from a file\n\n.dot\n' >"$dir/letter"
script <<X
expect 220
say Hello \$SERVER
EHLO \$HOST
expect 250 /^250[ -]SIZE (\d+)\$/
capture SIZE /SIZE (\d+)/
tls
expect 220
EHLO \$HOST
expect 250
expect /AUTH .*PLAIN/
MAIL FROM:<a@b.example>
expect 250
set NAME student
together
for TO in \$NAME teacher nobody
RCPT TO:<\$TO@practice.example>
end
end
expect 250
expect 250 /teacher/
expect 5yz
letter letter
MAIL FROM:<a@b.example> SIZE=\$SIZE
RCPT TO:<student@practice.example>
expect 250
DATA
expect 354
letter <<END
Subject: \$SIZE, \$\$1, \$ID

END
expect 250 /queued as/
MAIL FROM:<a@b.example>
RCPT TO:<student@practice.example>
bdat more <<END
Subject: chunk
END
bdat <<END

END
expect 250
send-raw NO
send-raw OP\r\nNOOP\n
expect 250
quit
X
run 0 "$smtp" --ehlo laptop.example --insecure
has '-- Hello 127.0.0.1'
has 'C: EHLO laptop.example'
has 'C: Subject: from a file'
has 'C: ..dot'
has 'C: Subject: 10485760, $1,'
has 'TLS 1.3 up'
has 'ended by a bare LF'
has '-- 14 of 14 expectations met'

# The certificate is not believed unasked: nothing more is said.
run 6 "$smtp"
has 'could not be verified'
has 'x.helo:6:'
hasnot 'C: MAIL'

# An expectation that is not met ends it: 1, one line on standard error.
script <<'X'
EHLO a.example
expect 250
MAIL FROM:<a@b.example>
RCPT TO:<nobody@practice.example>
expect 250 /ok/i
RSET
expect 250
X
run 1 "$smtp"
has 'NO: 550 5.1.1'
hasnot 'C: RSET'
[ "$(wc -l <"$dir/err")" -eq 1 ] || { echo "FAIL: not one line"; failed=1; }
grep -q "x.helo:5: expect 250 /ok/i: it was: 550 5.1.1" "$dir/err" || { echo "FAIL: the line"; failed=1; }
run 1 "$smtp" --keep-going
has 'C: RSET'
has '-- 2 of 3 expectations met'
run 1 "$smtp" --quiet
[ ! -s "$dir/out" ] || { echo "FAIL: --quiet is not"; failed=1; }
run 1 "$smtp" --tap --keep-going
has 'TAP version 13'
has 'ok 1 - '
has 'not ok 2 - '
has '# it was: 550 5.1.1'
has '1..3'
has '# C: RSET'
tap 3/1
run 1 "$smtp" --tap --quiet
tap 2/1
hasnot '# C: '
run 1 "$smtp" --json
has '"kind":"client"'
has '"ok":false'
if command -v python3 >/dev/null; then
    python3 -c 'import json,sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert [r["ok"] for r in rows if r["kind"] == "expect"] == [True, False], rows' "$dir/out" || failed=1
fi

# Many times, many at once; each has its number.
script <<'X'
EHLO n$N.example
expect 250
quit
X
run 0 "$smtp" --repeat 3
has 'C: EHLO n3.example'
run 0 "$smtp" --repeat 20 --parallel 4 --tap
has 'run 20: '
has '1..20'
tap 20/0
run 2 smtp://192.0.2.1 --parallel 11
has '--i-am-allowed'
run 2 "$smtp" --parallel 257

# A refused word without a judge, and with one.
script <<'X'
EHLO a.example
letter <<END
END
X
run 8 "$smtp"
has 'refused: 503'
script <<'X'
EHLO a.example
letter <<END
END
expect 503
auth PLAIN student
X
run 2 "$smtp"
has 'the connection is in clear'
hasnot 'C: AUTH'
script <<'X'
MAIL FROM:<a@b.example>
X
run 8 "$smtp"
has 'the last reply was a refusal: 503'

script <<'X'
EHLO a.example
expect closed
X
run 1 "$smtp" --timeout 1
has 'the connection is still open'
awk 'BEGIN { for (i = 0; i < 40000; i++) print "A line of a letter that is over a megabyte long." }' >"$dir/big"
script <<'X'
EHLO a.example
MAIL FROM:<a@b.example>
RCPT TO:<class@practice.example>
letter big
expect 250 /queued/
MAIL FROM:<a@b.example>
RCPT TO:<student@practice.example>
letter missing
X
run 3 "$smtp" --json --repeat 1
has 'the first 65536 are shown'
has 'missing cannot be read'
run 3 "$smtp" --json --repeat 2
has '{"kind":"run","number":2}'

# LMTP answers once for each recipient; POP3; --set wins.
script <<'X'
LHLO a.example
MAIL FROM:<a@b.example>
RCPT TO:<student@practice.example>
RCPT TO:<teacher@practice.example>
letter <<END
x: y
END
expect 250 /student/
expect 250 /teacher/
QUIT
X
run 0 "$lmtp"
script <<'X'
set NAME nobody
expect +OK
USER $NAME
expect +OK
PASS apple-pie
expect +OK
STAT
expect +OK
capture N /(\d+)/
RETR $N
expect +OK /^x: y$/
quit
expect closed
X
run 0 "$pop3" --set NAME=student
hasnot 'apple-pie'

# Messages into a file, a folder and an mbox: dots undone, From quoted; what is not there is told.
script <<'X'
EHLO a.example
MAIL FROM:<a@b.example>
RCPT TO:<teacher@practice.example>
letter <<END
Subject: dots

.dot
From here
>From there
END
X
run 0 "$smtp"
run 0 "$smtp"
script <<X
CAPA
expect +OK /^PIPELINING/
USER teacher
PASS green-pencil
expect +OK
STAT
capture N /(\d+)/
retr \$N $dir/one
retr all $dir/mbox
retr 1- $dir/box/
NOOP
expect +OK
retr \$N-\$N $dir/one
X
mkdir "$dir/box"
run 0 "$pop3"
hasnot 'From here'
has 'C: RETR 2'
count=$(grep -c '^From MAILER-DAEMON' "$dir/mbox")
[ "$count" -ge 2 ] || { echo "FAIL: $count in the mbox"; failed=1; }
[ "$(find "$dir/box" -name '*.eml' | wc -l)" -eq "$count" ] || { echo "FAIL: files in the folder"; failed=1; }
cmp "$dir/one" "$dir/box/$count.eml" || failed=1
tail -n 4 "$dir/one" | tr -d '\r' | grep -qx '\.dot' || { echo "FAIL: the dot"; cat "$dir/one"; failed=1; }
grep -qx '>From here' "$dir/mbox" && grep -qx '>>From there' "$dir/mbox" || { echo "FAIL: From is not quoted"; failed=1; }
script <<X
USER teacher
PASS green-pencil
retr 99 $dir/one
X
run 8 "$pop3"
has 'refused: -ERR'
script <<X
USER teacher
PASS green-pencil
retr 1 $dir/no/such/folder
X
run 3 "$pop3"
has 'cannot be written'
script <<X
retr 1 $dir/one
X
run 2 "$smtp"

# Mistakes are found before anything is opened.
script <<'X'
EHLO a.example
MAIL FROM:<$NOBODY>
X
run 2 "$smtp"
has 'x.helo:2: $NOBODY is not set'
hasnot 'connected'
script <<'X'
EHLO a.example
X
run 2
has 'names no target'
run 2 "$smtp" --tap
has 'expects nothing'
run 2 "$smtp" --set name=x
run 2 "$smtp" --json --tap
rm "$dir/x.helo"
run 3 "$smtp"
has 'cannot be read'

# The server is gone.
script <<'X'
target smtp://127.0.0.1:1
expect 220
X
run 5
run 5 --tap
tap 1/1
has 'not ok 1 - '
has 'x.helo:2: expect 220'
hasnot 'expect CODE'
run 5 smtp://127.0.0.1:1 --tap --repeat 3 --parallel 2
tap 3/3
script <<'X'
target smtp://127.0.0.1:1
PASS hunter2
expect 250
X
run 5 --tap
tap 1/1
has 'x.helo:2: PASS'
hasnot 'hunter2'
has 'x.helo:2:'
# A letter that cannot be read is found before DATA, not after 354.
for letter in "$dir/missing" "$dir"; do
    script <<END
EHLO me.example
MAIL FROM:<me@home.example>
RCPT TO:<student@practice.example>
letter $letter
END
    run 3 "$smtp"
    has 'cannot be read'
    hasnot 'C: DATA'
done

# A server that refuses to greet is not talked to, unless the script looks at that itself.
"$HELOSCOPE" serve --smtp 127.0.0.1:0 --fault busy >"$dir/served2" 2>&1 &
other=$!
trap 'kill $server $other 2>/dev/null; rm -rf "$dir"' EXIT
tries=0
while ! grep -q '^Try' "$dir/served2"; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || { echo "FAIL: serve did not start"; exit 1; }
    sleep 0.05
done
blocked=smtp://127.0.0.1:$(sed -n 's/^smtp .*:\([0-9]*\)$/\1/p' "$dir/served2")
script <<'END'
EHLO me.example
expect 250
END
run 8 "$blocked"
has 'the server does not greet: 421'
hasnot 'C: EHLO'
run 8 --tap --quiet "$blocked"
has 'not ok 1 - '
script <<'END'
expect 421
expect closed
END
run 0 "$blocked"
script <<'END'
QUIT
END
run 0 "$smtp"
has 'you closed the connection after QUIT'
hasnot 'without QUIT'
exit $failed
