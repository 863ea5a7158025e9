#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# heloscope probe against a real Postfix and Dovecot, and against heloscope serve: what is taken, what is refused and in
# which words; and that the servers' own logs hold no letter.
set -u
here=$top_srcdir/tests/real
dir=$(mktemp -d "${TMPDIR:-/tmp}/helo-probe.XXXXXX") || exit 99
trap 'sh "$here/servers.sh" stop "$dir/servers"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
chmod 755 "$dir"
vars=$(sh "$here/servers.sh" start "$dir/servers" $$) || exit $?
eval "$vars"
failed=0

# probe STATUS ARGUMENT...: nothing is asked of the network's DNS; lines are unwrapped in $dir/out
probe() {
    want=$1
    shift
    step="$*"
    timeout 60 "$HELOSCOPE" probe --resolver 127.0.0.1:1 --ca-file "$CA_FILE" --ehlo client.example.test "$@" \
        >"$dir/raw" 2>"$dir/err"
    got=$?
    tr '\n' ' ' <"$dir/raw" | tr -s ' ' >"$dir/out"
    if [ "$got" -ne "$want" ]; then
        echo "FAIL: exit status $got, not $want: $step"
        cat "$dir/raw" "$dir/err"
        failed=1
    fi
}
has() {
    grep -qF -e "$1" "$dir/out" || {
        echo "FAIL: not said: $1 ($step)"
        cat "$dir/raw"
        failed=1
    }
}
hasnot() {
    if grep -qF -e "$1" "$dir/out"; then
        echo "FAIL: said: $1 ($step)"
        failed=1
    fi
}

probe 0 "smtp://localhost:$SMTP_PORT" --to "$MAIL_USER"
has "Mail from <> to $MAIL_USER would be taken by localhost:$SMTP_PORT, inside TLS 1.3, certificate verified"
has 'chain: holds'
has 'host name: holds'
has 'C: RSET'
hasnot 'C: DATA'
probe 8 "smtp://localhost:$SMTP_PORT" --from me@client.example.test --to someone@elsewhere.example
has 'is refused at RCPT by localhost: 554 5.7.1'
has 'Relay access denied'
probe 8 "smtp://localhost:$SMTP_PORT" --to nobody@example.test
has 'is refused at RCPT by localhost: 550 5.1.1'
probe 0 "submission://localhost:$SUBMISSION_PORT"
has 'AUTH: log in by'
probe 8 "submission://localhost:$SUBMISSION_PORT" --to "$MAIL_USER"
has 'is refused at'
probe 0 "smtps://localhost:$SMTPS_PORT"
has 'inside TLS 1.3, certificate verified'
probe 0 "pop3://localhost:$POP3_PORT"
has 'POP3 for localhost: localhost'
has 'no login was tried'
has 'inside TLS '
probe 0 "pop3s://localhost:$POP3S_PORT"
has 'certificate verified'
probe 0 "smtp://mail.example.test:$SMTP_PORT" --connect 127.0.0.1
has "Mail for mail.example.test: mail.example.test:$SMTP_PORT (by --connect at 127.0.0.1:$SMTP_PORT) answers"
has 'certificate verified'
probe 0 "smtp://other.example.test:$SMTP_PORT" --connect 127.0.0.1
has 'certificate NOT verified'
probe 0 "lmtp:$LMTP_SOCKET"
has 'C: LHLO client.example.test'

if grep -rqi 'message-id=' "$dir/servers/postfix" 2>/dev/null; then
    echo 'FAIL: a letter was sent'
    failed=1
fi
exit $failed
