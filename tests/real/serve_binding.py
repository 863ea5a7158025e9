# SPDX-License-Identifier: GPL-3.0-or-later
# SCRAM-SHA-256-PLUS at `heloscope serve`, by nobody's SASL library: the channel binding comes from Python's ssl (tls-unique,
# TLS 1.2, RFC 5929 3) and from openssl s_client (tls-exporter, TLS 1.3, RFC 9266), the proof from hashlib (RFC 5802 3).
#   serve_binding.py PORT CA
import base64, hashlib, hmac, os, re, socket, ssl, subprocess, sys

port, ca = int(sys.argv[1]), sys.argv[2]
user, password = "student", "apple-pie"


def scram(say, kind, binding, spoil=False):
    """Logs in through say(line) -> reply; returns the last reply, after the server's proof was checked."""
    gs2, nonce = f"p={kind},,", base64.b64encode(os.urandom(18)).decode()
    bare = f"n={user},r={nonce}"
    reply = say("AUTH SCRAM-SHA-256-PLUS " + base64.b64encode((gs2 + bare).encode()).decode())
    if not reply.startswith("334 "):
        return reply
    first = base64.b64decode(reply[4:]).decode()
    part = dict(p.split("=", 1) for p in first.split(","))
    assert part["r"].startswith(nonce) and len(part["r"]) > len(nonce), first
    if spoil:
        binding = bytes([binding[0] ^ 1]) + binding[1:]
    without = "c=" + base64.b64encode(gs2.encode() + binding).decode() + ",r=" + part["r"]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(part["s"]), int(part["i"]))
    mac = lambda key, text: hmac.new(key, text, hashlib.sha256).digest()
    key, text = mac(salted, b"Client Key"), f"{bare},{first},{without}".encode()
    proof = bytes(a ^ b for a, b in zip(key, mac(hashlib.sha256(key).digest(), text)))
    reply = say(base64.b64encode((without + ",p=" + base64.b64encode(proof).decode()).encode()).decode())
    if not reply.startswith("334 "):
        return reply
    assert base64.b64decode(reply[4:]) == b"v=" + base64.b64encode(mac(mac(salted, b"Server Key"), text)), "the server's proof"
    return say("")


def talk(read, write):
    def say(line):
        write(line.encode() + b"\r\n")
        while True:
            reply = read().decode().rstrip("\r\n")
            if not reply:
                raise SystemExit("FAIL: the server went away after " + line)
            if reply[3:4] == " ":
                return reply
    return say


def by_python(spoil):
    context = ssl.create_default_context(cafile=ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", port), 20) as s:
        f = s.makefile("rb")
        say = talk(f.readline, s.sendall)
        f.readline()
        say("EHLO laptop.example")
        say("STARTTLS")
        with context.wrap_socket(s, server_hostname="practice.example") as t:
            f = t.makefile("rb")
            say = talk(f.readline, t.sendall)
            say("EHLO laptop.example")
            return scram(say, "tls-unique", t.get_channel_binding("tls-unique"), spoil)


def by_openssl(spoil):
    p = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls", "smtp", "-tls1_3", "-crlf",
                          "-ign_eof", "-CAfile", ca, "-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        binding = None
        while binding is None or not line.startswith(b"250 "):  # what is left of the reply to its EHLO comes last
            line = p.stdout.readline()
            if not line:
                raise SystemExit("FAIL: openssl s_client ended")
            m = re.search(rb"Keying material: ([0-9A-F]{64})", line)
            if m:
                binding = bytes.fromhex(m.group(1).decode())
                break

        def write(line):
            p.stdin.write(line.replace(b"\r\n", b"\n"))
            p.stdin.flush()

        def read():
            while True:
                line = p.stdout.readline()
                if not line or re.match(rb"[2345]\d\d[ -]", line):
                    return line
        say = talk(read, write)
        say("EHLO laptop.example")
        reply = say("NOOP")
        while not reply.startswith("250 2.0.0"):  # the EHLO that s_client said for itself
            reply = read().decode()
        return scram(say, "tls-exporter", binding, spoil)
    finally:
        p.kill()
        p.wait()


failed = 0
for name, way in (("tls-unique by Python's ssl", by_python), ("tls-exporter by openssl s_client", by_openssl)):
    for spoil in (False, True):
        reply = way(spoil)
        if not reply.startswith("535" if spoil else "235"):
            print(f"FAIL: {name}{', another connection' if spoil else ''}: {reply}")
            failed = 1
sys.exit(failed)
