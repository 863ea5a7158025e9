#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Do the real servers do what the other tests expect of them? Shown with strangers: openssl s_client,
# curl and swaks; heloscope is not needed. A letter goes through the submission port (STARTTLS, AUTH) and
# LMTP into Dovecot's maildrop, and is read back by POP3 with STLS.
here=$top_srcdir/tests/real
for program in curl swaks openssl; do
    command -v $program >/dev/null || { echo "$program is missing"; exit 77; }
done
dir=$(mktemp -d "${TMPDIR:-/tmp}/helo-real.XXXXXX") || exit 99
trap 'sh "$here/servers.sh" stop "$dir/servers"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
chmod 755 "$dir"
vars=$(sh "$here/servers.sh" start "$dir/servers" $$) || exit $?
eval "$vars"

wrong() {
    echo "not so: $*"
    tail -n 20 "$POSTFIX_LOG"
    tail -n 20 "$DOVECOT_LOG"
    exit 1
}

# without STARTTLS the submission port takes no letter, and shows no AUTH
swaks --server 127.0.0.1 --port "$SUBMISSION_PORT" --from "$MAIL_USER" --to "$MAIL_USER" \
    --timeout 10 >"$dir/plain" 2>&1 && wrong "submission took a letter without TLS"
grep -q '530 5.7.0 Must issue a STARTTLS command first' "$dir/plain" || wrong "no 530: $(cat "$dir/plain")"
grep -q AUTH "$dir/plain" && wrong "AUTH was offered before TLS"

# with STARTTLS and AUTH it does
swaks --server 127.0.0.1 --port "$SUBMISSION_PORT" -tls --tls-verify --tls-ca-path "$CA_FILE" \
    --auth PLAIN --auth-user "$MAIL_USER" --auth-password "$MAIL_PASSWORD" --timeout 10 \
    --from "$MAIL_USER" --to "$MAIL_USER" --header 'Subject: through swaks' >"$dir/swaks" 2>&1 ||
    wrong "swaks: $(cat "$dir/swaks")"
grep -q '235 2.7.0' "$dir/swaks" || wrong "no 235"
grep -q '250 2.0.0 Ok: queued as' "$dir/swaks" || wrong "not queued"

# a wrong password is refused, an unknown address and relaying too
swaks --server 127.0.0.1 --port "$SUBMISSION_PORT" -tls --auth PLAIN --auth-user "$MAIL_USER" \
    --auth-password wrong --quit-after AUTH >"$dir/refused" 2>&1 && wrong "a wrong password was taken"
grep -q '535 5.7.8' "$dir/refused" || wrong "no 535"
swaks --server 127.0.0.1 --port "$SMTP_PORT" --from "$MAIL_USER" --to nobody@example.test \
    --quit-after RCPT >"$dir/unknown" 2>&1
grep -q '550 5.1.1' "$dir/unknown" || wrong "no 550 5.1.1: $(cat "$dir/unknown")"
swaks --server 127.0.0.1 --port "$SMTP_PORT" --from "$MAIL_USER" --to x@elsewhere.example \
    --quit-after RCPT >"$dir/relay" 2>&1
grep -q '554 5.7.1' "$dir/relay" || wrong "relaying was not denied: $(cat "$dir/relay")"

# TLS at once, on both
for port in "$SMTPS_PORT" "$POP3S_PORT"; do
    echo QUIT | openssl s_client -connect "127.0.0.1:$port" -CAfile "$CA_FILE" -quiet \
        -verify_return_error -verify_hostname mail.example.test -ign_eof >"$dir/s_client" 2>"$dir/s_client.err" ||
        wrong "s_client on port $port: $(cat "$dir/s_client.err")"
    grep -qE '^(220|\+OK)' "$dir/s_client" || wrong "no greeting on port $port"
done

# the letter has come to the maildrop: wait for it by asking, at most 10 s
n=0
until curl -sS --ssl-reqd --cacert "$CA_FILE" -u "$MAIL_USER:$MAIL_PASSWORD" \
    "pop3://localhost:$POP3_PORT/1" >"$dir/letter" 2>"$dir/curl.err" && [ -s "$dir/letter" ]; do
    n=$((n + 1))
    [ $n -lt 50 ] || wrong "the letter did not come: $(cat "$dir/curl.err")"
    sleep 0.2
done
grep -q '^Subject: through swaks' "$dir/letter" || wrong "another letter came: $(cat "$dir/letter")"
grep -q 'with ESMTPSA id' "$dir/letter" || wrong "not by TLS and AUTH: $(cat "$dir/letter")"

# 127.0.0.2 is not local to a client there: no password in clear
python3 - "$POP3_PORT" "$MAIL_USER" "$MAIL_PASSWORD" >"$dir/clear" 2>&1 <<'EOF'
import poplib, sys
talk = poplib.POP3("127.0.0.2", int(sys.argv[1]), timeout=10)
talk.user(sys.argv[2])
talk.pass_(sys.argv[3])
EOF
grep -q 'Plaintext authentication disallowed' "$dir/clear" ||
    wrong "a password in clear was not refused: $(cat "$dir/clear")"

# nothing stays behind
sh "$here/servers.sh" stop "$dir/servers"
[ -e "$dir/servers" ] && wrong "stop left its directory"
curl -s "pop3://127.0.0.1:$POP3_PORT/" >/dev/null 2>&1
[ $? = 7 ] || wrong "Dovecot is still there"
curl -s "smtp://127.0.0.1:$SMTP_PORT/" >/dev/null 2>&1
[ $? = 7 ] || wrong "Postfix is still there"
exit 0
