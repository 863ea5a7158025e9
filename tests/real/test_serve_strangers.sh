#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# swaks, msmtp, mpop and openssl s_client on `heloscope serve`. Those that are not installed are named; 77 if none is.
. "$top_srcdir/tests/real/serve.sh"
serve_start
tried=0
have() {
    if command -v "$1" >/dev/null 2>&1; then
        tried=$((tried + 1))
    else
        echo "$1 is not installed: not tried"
        false
    fi
}

if have swaks; then
    s() { swaks --timeout 20 --from me@home.example --helo laptop.example "$@" >"$work/said" 2>&1; }
    s --server "$smtp" --to student@practice.example || fail "swaks, plain"
    s --server "$smtp" --tls --auth PLAIN --auth-user student --auth-password apple-pie --to a@elsewhere.example ||
        fail "swaks, STARTTLS, AUTH, relay"
    grep -q 'never leaves' "$work/said" || fail "the relayed letter is not said to stay"
    s --server "$smtp" --pipeline --to student@practice.example || fail "swaks, PIPELINING"
    s --protocol LMTP --server "$lmtp" --to student@practice.example,full@practice.example
    grep -q '552 5.2.2' "$work/said" || fail "swaks, LMTP: no 552 for full@"
    s --server "$smtp" --to greylist@practice.example && fail "swaks: greylisting took the first try"
    s --server "$smtp" --to greylist@practice.example || fail "swaks: greylisting refused the second try"
fi
if have msmtp; then
    letter msmtp | msmtp --host=localhost --port="$(port "$submission")" --auth=plain --user=student --tls=on \
        --tls-starttls=on --tls-trust-file="$ca" --passwordeval='echo apple-pie' --from=student@practice.example \
        --timeout=20 teacher@practice.example >"$work/said" 2>&1 || fail "msmtp"
    test "$(grep -c . "$work/said")" -eq 0 || fail "msmtp complained"
fi
if have mpop; then
    cat >"$work/mpoprc" <<END
defaults
tls on
tls_trust_file $ca
timeout 20
uidls_file $work/uidls
delivery maildir $work/fetched
received_header off
account a
host localhost
port $(port "$pop3")
tls_starttls on
auth plain
user student
passwordeval echo apple-pie
END
    mkdir -p "$work/fetched/new" "$work/fetched/cur" "$work/fetched/tmp"
    chmod 600 "$work/mpoprc"
    mpop -C "$work/mpoprc" --keep=off a >"$work/said" 2>&1 || fail "mpop"
    test "$(ls "$work/fetched/new" | wc -l)" -ge 3 || fail "mpop fetched too little"
    grep -qx '\.signature' "$work/fetched/new"/* || fail "mpop: dot-stuffing"
fi
if have openssl; then
    printf 'EHLO x.example\r\nQUIT\r\n' | openssl s_client -quiet -ign_eof -CAfile "$ca" -verify_return_error \
        -verify_hostname practice.example -starttls smtp -connect "$smtp" >"$work/said" 2>&1
    grep -q '^250-AUTH PLAIN LOGIN' "$work/said" || fail "openssl s_client, STARTTLS"
    grep -q '^221 2.0.0' "$work/said" || fail "openssl s_client, QUIT"
    printf 'CAPA\r\nQUIT\r\n' | openssl s_client -quiet -ign_eof -CAfile "$ca" -verify_return_error -starttls pop3 \
        -connect "$pop3" >"$work/said" 2>&1
    grep -q '^SASL PLAIN LOGIN' "$work/said" || fail "openssl s_client, STLS"
fi
test "$tried" -gt 0 || { echo "SKIPPED: no stranger is installed"; exit 77; }
echo "$tried strangers were served"
