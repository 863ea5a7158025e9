#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Logging in at a real Dovecot, by POP3 and (through Postfix) by submission, with every mechanism that it has: PLAIN, LOGIN,
# CRAM-MD5, DIGEST-MD5, SCRAM-SHA-1, SCRAM-SHA-256, OAUTHBEARER and XOAUTH2 with a signed token, EXTERNAL with a client
# certificate, ANONYMOUS, APOP, USER. No secret is written.
set -u
here=$top_srcdir/tests/real
dir=$(mktemp -d "${TMPDIR:-/tmp}/helo-login.XXXXXX") || exit 99
trap 'sh "$here/servers.sh" stop "$dir/servers"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
chmod 755 "$dir"
vars=$(sh "$here/servers.sh" start "$dir/servers" $$) || exit $?
eval "$vars"
failed=0
umask 077
printf '%s\n' "$MAIL_PASSWORD" >"$dir/password"
printf 'wrong-horse\n' >"$dir/wrong"
secret64=$(printf '%s' "$MAIL_PASSWORD" | openssl base64 -A | cut -c1-24)
token64=$(cut -c1-60 <"$TOKEN_FILE")

# run STATUS INPUT ARGUMENT...: nobody can be asked; what it said is in $dir/out. INPUT is for printf.
run() {
    want=$1 input=$2
    shift 2
    # shellcheck disable=SC2059
    printf "$input" | timeout 30 setsid "$HELOSCOPE" --plain --ca-file "$CA_FILE" "$@" >"$dir/out" 2>&1
    got=$?
    step="$*"
    if [ "$got" -ne "$want" ]; then
        echo "FAIL: exit status $got, not $want: $step"
        cat "$dir/out"
        failed=1
    fi
    for secret in "$MAIL_PASSWORD" "$secret64" "$token64" wrong-horse; do
        if grep -qF -e "$secret" "$dir/out"; then
            echo "FAIL: the secret $secret was printed: $step"
            failed=1
        fi
    done
}
has() {
    grep -qF -e "$1" "$dir/out" || {
        echo "FAIL: not said: $1 ($step)"
        cat "$dir/out"
        failed=1
    }
}
pop3=pop3://localhost:$POP3_PORT
submission=submission://localhost:$SUBMISSION_PORT
in_pop3='STLS\nCAPA\n'
in_smtp='EHLO me.example\nSTARTTLS\nEHLO me.example\n'

for mechanism in PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256; do
    run 0 "$in_pop3:auth $mechanism $MAIL_USER\nQUIT\n" "$pop3" --password-file "$dir/password"
    has '+OK Logged in'
    run 0 "$in_smtp:auth $mechanism $MAIL_USER\nQUIT\n" "$submission" --password-file "$dir/password"
    has '235 2.7.0'
    case $mechanism in
    DIGEST-MD5 | SCRAM-*) has "the server's proof holds" ;;
    esac
    run 8 "$in_smtp:auth $mechanism $MAIL_USER\n" "$submission" --password-file "$dir/wrong"
    has '535 5.7.8'
done
for mechanism in XOAUTH2 OAUTHBEARER; do
    run 0 "$in_pop3:auth $mechanism $MAIL_USER\nQUIT\n" "$pop3" --token-file "$TOKEN_FILE"
    has '+OK Logged in'
    run 0 "$in_smtp:auth $mechanism $MAIL_USER\nQUIT\n" "$submission" --token-file "$TOKEN_FILE"
    has '235 2.7.0'
    run 8 "$in_smtp:auth $mechanism $MAIL_USER\n" "$submission" --token-file "$EXPIRED_TOKEN_FILE"
    has 'the token was refused: status'
    has 'was refused: a wrong name or token'
done
for mechanism in APOP USER ANONYMOUS; do
    run 0 "$in_pop3:auth $mechanism $MAIL_USER\nQUIT\n" "$pop3" --password-file "$dir/password"
    has '+OK Logged in'
done

# The strongest that there is something for.
run 0 "$in_pop3:auth\nQUIT\n" "$pop3" --user "$MAIL_USER" --password-command "cat '$dir/password'"
has 'log in by SCRAM-SHA-256, the strongest of PLAIN LOGIN'
has '+OK Logged in'
run 0 'CAPA\n:auth\nQUIT\n' "pop3s://localhost:$POP3S_PORT" --cert "$CLIENT_CERT"
has 'log in by EXTERNAL, the strongest of'
has 'C: AUTH EXTERNAL ='
has '+OK Logged in'

# Another password is another login: bob may not read as alice.
printf 'bobs-own-secret\n' >"$dir/bob"
run 8 "$in_pop3:auth PLAIN bob@example.test\n" "$pop3" --password-file "$dir/bob" --authzid "$MAIL_USER"
has '-ERR [AUTH]'

exit $failed
