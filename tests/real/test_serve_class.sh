#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# heloscope serve --lesson: strangers as students (curl, swaks, smtplib and poplib), each with a mail world of its own,
# the roster as lines, as JSON and on a terminal, the question before other machines can reach it, and the last summary.
. "$top_srcdir/tests/real/serve.sh"
need python3 curl swaks
HELOSCOPE_LESSONS=$top_srcdir/lessons
export HELOSCOPE_LESSONS

class_start() {
    rm -f "$work/serve.out" "$work/serve.err"
    "$HELOSCOPE" serve "$@" >"$work/serve.out" 2>"$work/serve.err" &
    pid=$!
    wait_for 20 grep -qs '^C-c or a TERM' "$work/serve.out" "$work/serve.err" || {
        cat "$work/serve.out" "$work/serve.err"
        fail "the class does not come up"
    }
    for door in smtp submission pop3; do
        eval "$door=\$(awk -v d=$door '\$1 == d && \$2 == \"on\" { print \$3 }' \"\$work\"/serve.???)"
    done
}
class_end() {
    kill -"$1" "$pid"
    wait "$pid"
    status=$?
    pid=
    test $status -eq 0 || fail "$1: exit status $status"
}
seen() { grep -qs -- "$1" "$work/serve.out" || fail "not in the roster: $1 $(cat "$work/serve.out")"; }

class_start --lesson 2 --listen 127.0.0.1:0
letter one >"$work/letter.eml"
curl -sS --mail-from me@home.example --mail-rcpt student@practice.example --mail-rcpt teacher@practice.example \
    --upload-file "$work/letter.eml" "smtp://$smtp/anna.example" || fail "curl"
swaks --server "$smtp" --ehlo ben.example --from me@home.example --to student@practice.example --quit-after RCPT \
    >"$work/said" 2>&1 || fail "swaks"
python3 - "$smtp" "$pop3" <<'EOF' >"$work/said" 2>&1 || fail "smtplib and poplib"
import poplib, smtplib, sys
at = lambda s: (s.rsplit(":", 1)[0], int(s.rsplit(":", 1)[1]))
c = smtplib.SMTP(*at(sys.argv[1]), local_hostname="carl.example")
c.sendmail("me@home.example", ["student@practice.example"], b"Subject: c\r\n\r\nx\r\n")
c.sendmail("me@home.example", ["student@practice.example"], b"Subject: c\r\n\r\nx\r\n")
for name, letters in (("anna", 4), ("ben", 3), ("carl", 5)):
    p = poplib.POP3(*at(sys.argv[2]))
    p.user("student+" + name)
    p.pass_("apple-pie")
    assert p.stat()[0] == letters, (name, p.stat())
    p.quit()
c.quit()
EOF
class_end TERM
seen 'came    anna.example 127.0.0.1: 0/6, next EHLO'
seen 'ended   anna.example 127.0.0.1: 6/6; 250 2.0.0 Ok: queued'
seen 'The class has ended after 0 minutes. 3 students came, 2 did the last step.'
seen '^Student  *Address  *Next step  *Tries Idle Last reply'
seen '^ben.example  *127.0.0.1  *4/6 RCPT  *left'

class_start --lesson first-words --listen 127.0.0.1:0 --json
printf 'EHLO dora\033]0;x\r\nEHLO dora.example\r\nQUIT\r\n' | timeout 20 curl -sS "telnet://$smtp" >"$work/said" || true
class_end INT
python3 - "$work/serve.out" <<'EOF' || fail "JSON lines: $(cat "$work/serve.out")"
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert rows[0]["event"] == "listening" and rows[0]["smtp"] and rows[0]["pop3"], rows[0]
assert [r for r in rows if r["event"] == "step" and r["student"] == "dora.example" and r["step"] > 0], rows
assert rows[-1]["event"] == "summary" and rows[-1]["came"] == 1 and len(rows[-1]["students"]) == 1, rows[-1]
assert not any(c < " " for line in open(sys.argv[1]) for c in line.rstrip("\n"))
EOF
# A lesson that goes elsewhere opens a door there; too many students hear why.
class_start --lesson starttls --listen 127.0.0.1:0 --clients 1
test -n "$submission" || fail "no submission for a lesson that begins there"
python3 - "$smtp" <<'EOF' || fail "too many students"
import smtplib, sys
host, port = sys.argv[1].rsplit(":", 1)
a, b = smtplib.SMTP(host, int(port)), smtplib.SMTP(host, int(port))
assert a.ehlo("a.example")[0] == 250
code, text = b.ehlo("b.example")
assert code == 421 and b"full" in text, (code, text)
EOF
class_end TERM
seen '^1 found no place'

# Bad input: one clear line each.
expect() { # STATUS WORDS OPTIONS...
    want=$1 words=$2
    shift 2
    timeout 20 "$HELOSCOPE" serve "$@" >"$work/said" 2>&1 </dev/null
    status=$?
    test $status -eq "$want" || fail "serve $*: exit status $status, not $want"
    tail -n 1 "$work/said" | grep -q -- "$words" || fail "serve $*: no word of $words"
}
expect 3 'there is no lesson "no-such"' --lesson no-such
grep -q '14  SPF' "$work/said" || fail "the lessons are not named"
printf 'title = "x"\nabout = "y"\nstep {\n  say = "z"\n  verb = "FROB"\n}\n' >"$work/bad.lesson"
expect 3 'bad.lesson:5: ' --lesson "$work/bad.lesson"
expect 2 'allow-remote' --lesson 1 --listen 0.0.0.0:0
expect 2 'not ADDRESS or ADDRESS:PORT' --lesson 1 --listen 127.0.0.1:x
expect 2 '--maildir does not go with --lesson' --lesson 1 --maildir "$work/m"
expect 2 '--by-name goes with --lesson' --listen 127.0.0.1:0 --by-name
class_start --listen 127.0.0.1:0
expect 5 'in use' --lesson 1 --listen "$smtp"
class_end TERM

# On a terminal: No is the default, yes serves, and the table is drawn in 80 columns.
python3 - "$HELOSCOPE" <<'EOF' >"$work/said" 2>&1 || fail "on a terminal"
import fcntl, os, pty, re, select, signal, socket, struct, sys, termios, time
def start(*options):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execv(sys.argv[1], [sys.argv[1], "serve", "--lesson", "1", *options])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    return pid, fd
def until(fd, words, seconds=20, got=b""):
    end = time.time() + seconds
    while words not in got:
        if time.time() > end:
            raise SystemExit("never seen: %r in %r" % (words, got[-1500:]))
        if select.select([fd], [], [], 0.2)[0]:
            try:
                got += os.read(fd, 65536)
            except OSError:
                raise SystemExit("ended without %r: %r" % (words, got[-1500:]))
    return got
pid, fd = start("--listen", "0.0.0.0:0")
until(fd, b"[y/N] ")
os.write(fd, b"\n")
until(fd, b"not opened")
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 2
pid, fd = start("--listen", "127.0.0.1:0")
text = until(fd, b"Last reply")
port = int(re.search(rb"smtp +on 127.0.0.1:(\d+)", text).group(1))
people = []
for i in range(30):
    s = socket.create_connection(("127.0.0.1", port), 20)
    s.sendall(b"EHLO student-%d.example\r\n" % i)
    people.append(s)
text = until(fd, b"30 here")
text = until(fd, b"student-29.", got=text)
assert b"student-0.example" in text and b" more: " not in text, text
for line in text.split(b"\n"):
    line = re.sub(rb"\x1b\[[0-9]*[AKJ]", b"", line).strip(b"\r")
    assert len(line) < 80 or b"EHLO" in line or b"curl" in line, line
    assert b"\x1b" not in line, line
os.kill(pid, signal.SIGINT)
text = until(fd, b"30 students came")
until(fd, b"student-29.", got=text[text.index(b"30 students came"):])
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
EOF
echo "a class is served, each student apart, and the teacher sees who is where"
