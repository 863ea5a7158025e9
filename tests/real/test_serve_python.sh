#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# python's smtplib and poplib on `heloscope serve`; 200 clients at once; a letter of 9 MB.
. "$top_srcdir/tests/real/serve.sh"
need python3
serve_start --clients 210
cat >"$work/t.py" <<'END'
import poplib, smtplib, socket, ssl, sys
smtp, pop3, ca = sys.argv[1:]
at = lambda a: (a.rsplit(":", 1)[0], int(a.rsplit(":", 1)[1]))
tls = ssl.create_default_context(cafile=ca)
me, to = "teacher@practice.example", ["student@practice.example", "nobody@practice.example"]

s = smtplib.SMTP("localhost", at(smtp)[1], timeout=20)
s.starttls(context=tls)
s.login("teacher", "green-pencil")
refused = s.sendmail(me, to, "Subject: py\r\n\r\n" + (".x" * 30 + "\r\n") * 145000)
assert list(refused) == to[1:] and refused[to[1]][0] == 550, refused
code, text = s.docmd("RCPT", "TO:<x@practice.example>")
assert code == 503, code
s.quit()

p = poplib.POP3("localhost", at(pop3)[1], timeout=20)
p.stls(context=tls)
p.user("student"); p.pass_("apple-pie")
n, octets = p.stat()
lines = p.retr(n)[1]
assert lines.count(b".x" * 30) == 145000, len(lines)
assert len(p.uidl()[1]) == n and len(set(p.uidl()[1])) == n
p.dele(n); p.quit()
p = poplib.POP3(*at(pop3), timeout=20)
p.apop("student", "apple-pie")
assert p.stat()[0] == n - 1
p.quit()

# 200 at once, all greeted before the first leaves; then each sends a letter in one flight.
def reply(f):
    while True:
        line = f.readline()
        if line[3:4] != b"-":
            return line
many = [socket.create_connection(at(smtp), 20) for _ in range(200)]
files = [c.makefile("rb") for c in many]
for f in files:
    assert reply(f).startswith(b"220 "), "banner"
flight = (b"EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<teacher@practice.example>\r\nDATA\r\n"
          b"Subject: many\r\n\r\nx\r\n.\r\nQUIT\r\n")
for c in many:
    c.sendall(flight)
for f in files:
    assert [reply(f)[:3] for _ in range(6)] == [b"250", b"250", b"250", b"354", b"250", b"221"]
    assert f.readline() == b""
p = poplib.POP3(*at(pop3), timeout=20)
p.user("teacher"); p.pass_("green-pencil")
assert p.stat()[0] == 200, p.stat()
for c in files + many:
    c.close()
p.noop(); p.noop() # the server has seen 200 ends when it answers

# A client that is one too many hears so; the 210 are 1 POP3 session and 209 more.
some = [socket.create_connection(at(smtp), 20) for _ in range(210)]
said = [reply(c.makefile("rb"))[:3] for c in some]
assert said.count(b"220") == 209 and said.count(b"421") == 1, said
END
timeout 100 python3 "$work/t.py" "$smtp" "$pop3" "$ca" >"$work/said" 2>&1 || fail "python"
echo "smtplib, poplib and 200 clients were served"
