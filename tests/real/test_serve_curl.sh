#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# curl sends by SMTP (plain, STARTTLS with AUTH, TLS from the start) and fetches by POP3 (APOP, STLS with SASL, TLS).
. "$top_srcdir/tests/real/serve.sh"
need curl
serve_start
c() { curl -sS --max-time 20 --cacert "$ca" "$@" >"$work/said" 2>&1; }
local_name() { echo "localhost:$(port "$1")"; }

letter one >"$work/1.eml"
letter two >"$work/2.eml"
letter three >"$work/3.eml"
c --mail-from me@home.example --mail-rcpt student@practice.example -T "$work/1.eml" "smtp://$smtp/laptop.example" ||
    fail "plain SMTP"
for mech in PLAIN LOGIN; do
    c --ssl-reqd --login-options AUTH=$mech --user teacher:green-pencil --mail-from teacher@practice.example \
        --mail-rcpt student@practice.example -T "$work/2.eml" "smtp://$(local_name "$submission")/laptop.example" ||
        fail "STARTTLS and AUTH $mech"
done
c --user teacher:green-pencil --mail-from teacher@practice.example --mail-rcpt student@practice.example \
    -T "$work/3.eml" "smtps://$(local_name "$submissions")/laptop.example" || fail "TLS from the first octet"

# What must not work does not.
c --mail-from me@home.example --mail-rcpt nobody@practice.example -T "$work/1.eml" "smtp://$smtp/x" &&
    fail "nobody got a letter"
c --ssl-reqd --user teacher:wrong --mail-from t@practice.example --mail-rcpt student@practice.example \
    -T "$work/1.eml" "smtp://$(local_name "$submission")/x" && fail "a wrong password was good enough"
curl -sS --max-time 20 --ssl-reqd --user student:apple-pie "pop3://$(local_name "$pop3")/" >"$work/said" 2>&1 &&
    fail "the practice CA is trusted by the system"

c --user student:apple-pie "pop3://$pop3/" || fail "LIST by APOP"
grep -q '^7 ' "$work/said" || fail "seven letters should be there"
c --ssl-reqd --user student:apple-pie "pop3://$(local_name "$pop3")/4" || fail "RETR by STLS and SASL"
grep -q 'Subject: one' "$work/said" || fail "letter 4 is not the first that was sent"
grep -q '^\.a dotted line' "$work/said" || fail "the dotted line came back otherwise"
grep -q 'with ESMTP id' "$work/said" || fail "no Received field with ESMTP"
c --user student:apple-pie "pop3s://$(local_name "$pop3s")/5" || fail "RETR by POP3S"
grep -q 'with ESMTPSA id' "$work/said" || fail "no Received field with ESMTPSA"
c --user student:apple-pie -X 'DELE 7' -I "pop3://$pop3/" || fail "DELE"
c --user student:apple-pie "pop3://$pop3/" || fail "LIST"
grep -q '^7 ' "$work/said" && fail "letter 7 is still there"
echo "curl sent four letters and fetched them"
