#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# heloscope tls at a real Postfix and a real Dovecot: what was verified and what was not, a client certificate that is
# asked for, versions, the chain to a file, and what `openssl` says of the same server.
set -u
here=$top_srcdir/tests/real
dir=$(mktemp -d "${TMPDIR:-/tmp}/helo-tls.XXXXXX") || exit 99
trap 'sh "$here/servers.sh" stop "$dir/servers"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
chmod 755 "$dir"
vars=$(sh "$here/servers.sh" start "$dir/servers" $$) || exit $?
eval "$vars"
failed=0

# run STATUS ARGUMENT...: what it said is in $dir/out
run() {
    want=$1
    shift
    timeout 60 "$HELOSCOPE" tls "$@" >"$dir/out" 2>&1 </dev/null
    got=$?
    step="$*"
    if [ "$got" -ne "$want" ]; then
        echo "FAIL: exit status $got, not $want: $step"
        cat "$dir/out"
        failed=1
    fi
}
has() {
    grep -qE -e "$1" "$dir/out" || {
        echo "FAIL: not said: $1 ($step)"
        cat "$dir/out"
        failed=1
    }
}
hasnot() {
    if grep -qE -e "$1" "$dir/out"; then
        echo "FAIL: said: $1 ($step)"
        cat "$dir/out"
        failed=1
    fi
}
submission=submission://localhost:$SUBMISSION_PORT

# Nobody vouches for the test's CA; with it all holds; for another name it does not.
run 6 "$submission"
has '^! chain +FAILS: its root CA "heloscope real servers CA" is not trusted here'
has '^\+ host name holds: issued to localhost'
has '^! grave +Nobody who is trusted here vouches'
run 0 --ca-file "$CA_FILE" "$submission"
has '^\+ chain +holds: signed up to "heloscope real servers CA"'
hasnot '^!'
run 6 --ca-file "$CA_FILE" --verify-name elsewhere.example "$submission"
has '^! host name FAILS: issued to .*, not to elsewhere.example'
has 'for another name'
run 0 --ca-file "$CA_FILE" --verify-name mail.example.test --sni mail.example.test "smtps://127.0.0.1:$SMTPS_PORT"
has 'from the first octet'
run 0 --ca-file "$CA_FILE" "smtp://localhost:$SMTP_PORT"
run 0 --ca-file "$CA_FILE" "pop3://127.0.0.2:$POP3_PORT"
has 'by an upgrade of the clear connection'
# Dovecot takes the loopback address for safe enough for a password in clear.
run 6 --ca-file "$CA_FILE" "pop3://localhost:$POP3_PORT"
has '^! grave +A login with a readable password is offered before TLS: USER PLAIN'
run 0 --ca-file "$CA_FILE" "pop3s://localhost:$POP3S_PORT"

# A client certificate: asked for and missing; then sent, and Postfix trusts it.
run 0 --ca-file "$CA_FILE" "$submission"
has 'asks for a client certificate, and none was sent'
run 0 --ca-file "$CA_FILE" --cert "$CLIENT_CERT" "$submission"
has 'client +The server asked for a client certificate; that of'
hasnot 'none was sent'
n=0
until grep -q 'Trusted TLS connection established from' "$POSTFIX_LOG"; do
    n=$((n + 1))
    [ $n -lt 100 ] || { echo "FAIL: Postfix saw no client certificate it trusts"; tail "$POSTFIX_LOG"; failed=1; break; }
    sleep 0.05
done
run 3 --ca-file "$CA_FILE" --cert "$CA_FILE" "$submission"
has "holds a certificate and no private key"

# Versions: one connection each, and the same as openssl finds.
run 0 --ca-file "$CA_FILE" --tls-versions "$submission"
has '^\+ TLS 1.2 +accepted: '
has '^\+ TLS 1.3 +accepted: TLS_'
for v in 1.2 1.3; do
    cipher=$(openssl s_client -connect "127.0.0.1:$SMTPS_PORT" "-tls$(echo $v | tr . _)" </dev/null 2>/dev/null |
        sed -n 's/^ *Cipher *: *//p; s/^New, .*Cipher is //p' | head -n 1)
    has "TLS $v +accepted: $cipher"
done
run 0 --ca-file "$CA_FILE" --tls-max 1.2 --ciphers ECDHE-ECDSA-AES128-GCM-SHA256 "$submission"
has 'TLS 1.2, cipher ECDHE-ECDSA-AES128-GCM-SHA256'

# The chain as PEM, as JSON, and what openssl makes of it.
run 0 --ca-file "$CA_FILE" --save-chain "$dir/chain.pem" --json "$submission"
python3 - "$dir/out" <<'END' || failed=1
import json, sys
o = json.load(open(sys.argv[1]))
assert o["tls"]["verdict"] == "verified", o
assert [c["verdict"] for c in o["tls"]["checks"]][:3] == ["holds"] * 3, o
assert "mail.example.test" in o["tls"]["chain"][0]["names"], o
assert o["tls"]["ocsp"]["staple"] == "none", o
print(o["tls"]["chain"][0]["sha256"])
END
mine=$(sed -n 's/.*"sha256":"\([0-9A-F:]*\)".*/\1/p' "$dir/out" | head -n 1)
theirs=$(openssl x509 -in "$dir/chain.pem" -noout -fingerprint -sha256 | sed 's/.*=//')
case $(cat "$dir/out") in
*"\"sha256\":\"$theirs\""*) ;;
*) echo "FAIL: the fingerprint $theirs is not in the report ($mine)"; failed=1 ;;
esac
run 3 --ca-file "$CA_FILE" --save-chain "$dir/chain.pem" "$submission"
has 'File exists'

# Nobody there; a port that speaks TLS at once, spoken to in the clear.
run 5 smtp://127.0.0.1:1
has 'refused'
exit $failed
