#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# :auth without a screen, by pipes: every mechanism with its secret from a file, a variable or a command; what is refused
# before anything is sent; and no secret in what is written, on the command line of a process, or in a saved talk.
set -u
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
failed=0
umask 077
printf 'apple-pie\nsecond line\n' >"$dir/password"
printf 'token-student\n' >"$dir/token"
printf 'plum-cake-wrong\n' >"$dir/wrong"

# run STATUS INPUT [ARGUMENT...]: without a terminal, so that nobody can be asked; its output is in $dir/out
run() {
    want=$1 input=$2
    shift 2
    printf "$input" | timeout 20 setsid "$HELOSCOPE" "$@" >"$dir/out" 2>"$dir/err"
    got=$?
    if [ "$got" -ne "$want" ]; then
        echo "FAIL: exit status $got, not $want: $*"
        cat "$dir/out" "$dir/err"
        failed=1
    fi
    # the secrets, and what base64 makes of them; the accounts of the practice world stand on its first lines
    sed '/password apple-pie/d' "$dir/out" >"$dir/talk"
    for secret in apple-pie token-student plum-cake-wrong YXBwbGUtcGll dG9rZW4tc3R1ZGVudA cGx1bS1jYWtl AHN0dWRlbnQA; do
        if grep -qF -e "$secret" "$dir/talk" "$dir/err"; then
            echo "FAIL: the secret $secret was written: $*"
            failed=1
        fi
    done
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
tls='EHLO laptop.example\nSTARTTLS\nEHLO laptop.example\n'

for mechanism in PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256 scram-sha-256-plus; do
    run 0 "$tls:auth $mechanism student\nQUIT\n" --plain practice --password-file "$dir/password"
    has 'S: + 235'
done
for mechanism in OAUTHBEARER XOAUTH2; do
    run 0 "$tls:auth $mechanism student\nQUIT\n" --plain practice --token-command "cat '$dir/token'"
    has 'S: + 235'
done
run 0 "$tls:auth ANONYMOUS me@laptop.example\nQUIT\n" --plain practice
has 'successful, guest'

# The strongest that there is something for; --user; a variable.
PW=apple-pie
export PW
run 0 "$tls:auth\nQUIT\n" --plain practice --user student --password-env PW
has 'log in by SCRAM-SHA-256-PLUS, the strongest of'
run 0 "$tls:auth student\nQUIT\n" --plain practice --token-file "$dir/token"
has 'log in by OAUTHBEARER, the strongest of'
run 0 "$tls:auth\nQUIT\n" --plain practice --user student --password-env PW --auth LOGIN
has 'log in by LOGIN, as you asked'
has 'SCRAM-SHA-256-PLUS is offered too, and stronger'

# TLS 1.2 without the extended master secret (RFC 7627) gives nothing to bind a login to.
cat >"$dir/openssl.cnf" <<'END'
openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = sys
[sys]
MaxProtocol = TLSv1.2
Options = -ExtendedMasterSecret
END
OPENSSL_CONF=$dir/openssl.cnf
export OPENSSL_CONF
run 0 "$tls:auth student\nQUIT\n" --plain practice --password-env PW
has 'TLS 1.2 up'
has 'log in by SCRAM-SHA-256, the strongest of'
hasnot 'SCRAM-SHA-256-PLUS'
unset OPENSSL_CONF

# A client certificate tells who comes.
if command -v openssl >/dev/null; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=teacher \
        -keyout "$dir/key" -out "$dir/cert" 2>/dev/null
    run 0 "$tls:auth\nQUIT\n" --plain practice --cert "$dir/cert" --key "$dir/key"
    has 'log in by EXTERNAL, the strongest of'
    has 'an empty answer: the certificate tells who it is'
    has 'successful, teacher'
fi

# Acting as somebody else: the server says no, and what could come next is said, not sent.
run 8 "$tls:auth PLAIN student\n" --plain practice --password-env PW --authzid teacher
has 'S: ! 535'
has 'user student, password hidden, acting as teacher'
has "Next on the list: SCRAM-SHA-256-PLUS"
run 8 "$tls:auth CRAM-MD5 student\n" --plain practice --password-file "$dir/wrong"
has 'CRAM-MD5 was refused: a wrong name or password'

# Nothing goes out readable unasked, nor without a secret.
run 2 'EHLO laptop.example\n:auth PLAIN student\nQUIT\n' --plain practice --password-env PW
has 'PLAIN would show the password to whoever listens: start TLS first, or say --clear-passwords'
hasnot 'C: AUTH'
run 8 'EHLO laptop.example\n:auth PLAIN student\n' --plain practice --password-env PW --clear-passwords
has 'C: AUTH PLAIN ********'
has 'S: ! 538'
run 2 "$tls:auth student\nQUIT\n" --plain practice
has 'no password: it is asked for at the terminal, or comes by --password-file'
hasnot 'C: AUTH'
run 2 'EHLO laptop.example\n:auth student\nQUIT\n' --plain practice --password-env PW
has 'start TLS first'

# A file that others can read is used, and the user is warned.
chmod 644 "$dir/password"
run 0 "$tls:auth student\nQUIT\n" --plain practice --password-file "$dir/password"
has 'others can read the password file (chmod 600'

# Bad input: one line, the right status, before anything is done.
run 3 '' --plain practice --password-file "$dir/missing"
has 'cannot be read: No such file'
run 2 '' --plain practice --password-env HELO_NOT_SET
has 'is not set'
run 2 '' --plain practice --auth ROT13
has 'not done here; there are'
run 2 '' --plain practice --password-env PW --password-file "$dir/password"
has 'one of them, please'
run 2 "$tls:auth student\nQUIT\n" --plain practice --password-command 'exit 7'
has 'failed (exit status 7)'

# A recorded session, explained: each step is taken apart (RFC 2195 2, RFC 5802 5), and hidden where it is a proof.
cat >"$dir/recorded" <<'END'
S: 220 mail.example ESMTP
C: EHLO me.example
S: 250 mail.example
C: AUTH CRAM-MD5
S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
S: 535 5.7.8 no
C: AUTH SCRAM-SHA-1 biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM
S: 334 cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==
C: Yz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZMVpWdldWczdqLHA9djBYOHYzQnoyVDBDSkdiSlF5RjBYK0hJNFRzPQ==
S: 334 dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9
C:
S: 235 2.7.0 ok
END
run 0 '' explain "$dir/recorded"
has "the server's clock 1992-02-04 02:35:52 UTC"
has 'user tim, digest hidden'
has 'salt s= of 12 octets, i=4096 rounds'
has "the server's proof v=rmF9pqV8S7suAoZWja4dJRkFsKQ="
hasnot 'b913a602c7eda7a495b4e6e7334d3890'
hasnot 'dGltIGI5MTNhNjAy'
hasnot 'v0X8v3Bz2T0CJGbJQyF0X'
exit $failed
