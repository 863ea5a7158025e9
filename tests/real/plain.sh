#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# heloscope's line mode at a real Postfix and a real Dovecot: a letter goes in by submission (STARTTLS,
# AUTH) and comes out by POP3 (STLS); what is refused is explained; certificates are believed only with
# a reason; smtps, pop3s and LMTP over a unix socket.
set -u
here=$top_srcdir/tests/real
dir=$(mktemp -d "${TMPDIR:-/tmp}/helo-real.XXXXXX") || exit 99
trap 'sh "$here/servers.sh" stop "$dir/servers"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
chmod 755 "$dir"
vars=$(sh "$here/servers.sh" start "$dir/servers" $$) || exit $?
eval "$vars"
failed=0
esc=$(printf '\033')

# run STATUS INPUT ARGUMENT...: what it said is in $dir/out. INPUT is for printf.
run() {
    want=$1 input=$2
    shift 2
    # shellcheck disable=SC2059
    printf "$input" | timeout 30 "$HELOSCOPE" --plain "$@" >"$dir/out" 2>&1
    got=$?
    step="$*"
    if [ "$got" -ne "$want" ]; then
        echo "FAIL: exit status $got, not $want: $step"
        cat "$dir/out"
        failed=1
    fi
    if grep -q "$esc" "$dir/out"; then
        echo "FAIL: an escape sequence: $step"
        failed=1
    fi
    for secret in "$MAIL_PASSWORD" "$plain64" "$login64"; do
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
hasnot() {
    if grep -qF -e "$1" "$dir/out"; then
        echo "FAIL: said: $1 ($step)"
        cat "$dir/out"
        failed=1
    fi
}
plain64=$(printf '\0%s\0%s' "$MAIL_USER" "$MAIL_PASSWORD" | openssl base64 -A)
login64=$(printf '%s' "$MAIL_PASSWORD" | openssl base64 -A)
submission=submission://127.0.0.1:$SUBMISSION_PORT
pop3=pop3://localhost:$POP3_PORT

# Who is not known to the system's store is not believed: the connection is dropped, nothing more is said.
run 6 'EHLO me.example\nSTARTTLS\nEHLO me.example\nNOOP\nQUIT\n' "$submission"
has 'NOT verified'
hasnot 'C: NOOP'
hasnot '250-AUTH'

# --insecure goes on, and says so.
run 0 'EHLO me.example\nSTARTTLS\nEHLO me.example\nQUIT\n' --insecure "$submission"
has 'NOT verified'
has 'AUTH PLAIN LOGIN'

# From here on the test's CA is trusted.
SSL_CERT_FILE=$CA_FILE
export SSL_CERT_FILE
letter="Subject: by hand\\\\nReply-To: $MAIL_USER\\\\n\\\\nQuiet please\\\\nR\\\\n.dotted\\\\nk\\\\n.\\\\n"
letter=$(printf '%b' "$letter")
run 0 "EHLO me.example\nSTARTTLS\nEHLO me.example\nAUTH PLAIN $plain64\nMAIL FROM:<$MAIL_USER>\nRCPT TO:<$MAIL_USER>\nDATA\n$letter\nQUIT\n" "$submission"
has 'TLS 1.3 up'
has 'verified'
hasnot 'NOT verified'
has '235 2.7.0'
has 'AUTH PLAIN ****'
has '250 2.0.0 Ok: queued as'
has 'C: ..dotted'

# Before TLS submission shows no AUTH, and takes no letter.
run 8 "EHLO me.example\nMAIL FROM:<$MAIL_USER>\n" "$submission"
has '530 5.7.0'
hasnot '250-AUTH'

# A wrong password; AUTH LOGIN in three steps.
wrong64=$(printf '\0%s\0wrong' "$MAIL_USER" | openssl base64 -A)
run 8 "EHLO me.example\nSTARTTLS\nEHLO me.example\nAUTH PLAIN $wrong64\n" "$submission"
has '535 5.7.8'
has 'permanent failure'
hasnot "$wrong64"
user64=$(printf '%s' "$MAIL_USER" | openssl base64 -A)
run 0 "EHLO me.example\nSTARTTLS\nEHLO me.example\nAUTH LOGIN\n$user64\n$login64\nQUIT\n" "$submission"
has '235 2.7.0'

# Relaying is denied, and unknown users are unknown; each in words of its own.
run 8 "EHLO me.example\nMAIL FROM:<x@me.example>\nRCPT TO:<you@elsewhere.example>\n" "smtp://127.0.0.1:$SMTP_PORT"
has '554 5.7.1'
has 'permanent failure'
tail -n 4 "$dir/out" | grep -v '^S:' | grep -qiE 'relay|forward' || { echo "FAIL: relaying is not explained"; cat "$dir/out"; failed=1; }
run 8 "EHLO me.example\nMAIL FROM:<x@me.example>\nRCPT TO:<nobody@example.test>\n" "smtp://127.0.0.1:$SMTP_PORT"
has '550 5.1.1'

# TLS from the first octet, and another name for the same address.
run 0 "EHLO me.example\nAUTH PLAIN $plain64\nQUIT\n" "smtps://localhost:$SMTPS_PORT"
has 'TLS 1.3 up'
has '235 2.7.0'
run 0 "USER $MAIL_USER\nPASS $MAIL_PASSWORD\nSTAT\nQUIT\n" "pop3s://localhost:$POP3S_PORT"
has 'TLS 1.3 up'
has 'PASS ****'

# LMTP over a unix socket: one reply for each recipient after the dot.
run 0 "LHLO me.example\nMAIL FROM:<x@me.example>\nRCPT TO:<$MAIL_USER>\nRCPT TO:<bob@example.test>\nDATA\nSubject: by LMTP\n\nhello\n.\nQUIT\n" "lmtp:unix:$LMTP_SOCKET"
[ "$(grep -c 'S: + 250 2.0.0 <' "$dir/out")" = 2 ] || { echo "FAIL: not two replies by LMTP"; cat "$dir/out"; failed=1; }

# What went in by submission comes out by POP3: the delivery takes a moment, so ask until it is there.
n=0
until run 0 "CAPA\nSTLS\nCAPA\nUSER $MAIL_USER\nPASS $MAIL_PASSWORD\nLIST\nRETR 1\nRETR 2\nQUIT\n" "$pop3" >"$dir/try" 2>&1 &&
    grep -q 'Subject: by hand' "$dir/out"; do
    n=$((n + 1))
    if [ $n -ge 40 ]; then
        echo "FAIL: the letter did not come"
        cat "$dir/out"
        failed=1
        break
    fi
    failed=0
    sleep 0.25
done
has 'TLS 1.3 up'
has 'S: + .dotted'
has 'S: + R'
has 'with ESMTPSA id'
has 'Subject: by LMTP'
exit $failed
