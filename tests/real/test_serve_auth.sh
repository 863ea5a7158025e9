#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Strangers log in at `heloscope serve` by every mechanism that they have: curl, msmtp and mpop (with GNU SASL), swaks.
. "$top_srcdir/tests/real/serve.sh"
serve_start
umask 077
sub=localhost:$(port "$submission")
pop=localhost:$(port "$pop3")
tried=0
letter auth >"$work/letter"

if command -v curl >/dev/null; then
    c() { curl -sS --max-time 20 --ssl-reqd --cacert "$ca" "$@" >"$work/said" 2>&1; }
    sends() {
        what=$1
        shift
        c "$@" --login-options "AUTH=$what" --mail-from student@practice.example \
            --mail-rcpt teacher@practice.example -T "$work/letter" "smtp://$sub/x"
    }
    for mech in CRAM-MD5 DIGEST-MD5 LOGIN PLAIN; do
        sends $mech --user student:apple-pie || fail "curl, SMTP, $mech"
        sends $mech --user student:wrong && fail "curl, SMTP, $mech: a wrong password was good enough"
        c --login-options "AUTH=$mech" --user student:apple-pie "pop3://$pop/" || fail "curl, POP3, $mech"
        tried=$((tried + 1))
    done
    for mech in OAUTHBEARER XOAUTH2; do
        sends $mech --user student --oauth2-bearer token-student || fail "curl, SMTP, $mech"
        sends $mech --user student --oauth2-bearer expired-student && fail "curl, SMTP, $mech: an old token was good enough"
        sends $mech --user teacher --oauth2-bearer token-student && fail "curl, SMTP, $mech: a stranger's token"
        c --login-options "AUTH=$mech" --user student --oauth2-bearer token-student "pop3://$pop/" ||
            fail "curl, POP3, $mech"
        tried=$((tried + 1))
    done
    if command -v openssl >/dev/null; then
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=student \
            -keyout "$work/client.key" -out "$work/client.crt" 2>/dev/null
        sends EXTERNAL --user student: --cert "$work/client.crt" --key "$work/client.key" || fail "curl, EXTERNAL"
        sends EXTERNAL --user teacher: --cert "$work/client.crt" --key "$work/client.key" &&
            fail "curl, EXTERNAL: another's name was good enough"
        tried=$((tried + 1))
    fi
fi
if command -v msmtp >/dev/null; then
    has=$(msmtp --version | sed -n '/^Supported auth/{n;p;}')
    for mech in plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2; do
        case " $has " in *" $mech "*) ;; *) continue ;; esac
        case $mech in *oauth*) secret=token-student ;; *) secret=apple-pie ;; esac
        m() {
            msmtp --host=localhost --port="${sub#*:}" --auth=$mech --user=student --tls=on --tls-starttls=on \
                --tls-trust-file="$ca" --passwordeval="echo $1" --from=student@practice.example --timeout=20 \
                teacher@practice.example <"$work/letter" >"$work/said" 2>&1
        }
        m "$secret" || fail "msmtp, $mech"
        m wrong && fail "msmtp, $mech: a wrong secret was good enough"
        tried=$((tried + 1))
    done
fi
if command -v mpop >/dev/null; then
    has=$(mpop --version | sed -n '/^Supported auth/{n;p;}')
    mkdir -p "$work/fetched/new" "$work/fetched/cur" "$work/fetched/tmp"
    for mech in user apop plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2; do
        case " $has " in *" $mech "*) ;; *) continue ;; esac
        case $mech in *oauth*) secret=token-teacher ;; *) secret=green-pencil ;; esac
        cat >"$work/mpoprc" <<END
account default
host localhost
port ${pop#*:}
tls on
tls_starttls on
tls_trust_file $ca
timeout 20
uidls_file $work/uidls
delivery maildir $work/fetched
auth $mech
user teacher
passwordeval echo $secret
END
        mpop -C "$work/mpoprc" --keep=on >"$work/said" 2>&1 || fail "mpop, $mech"
        tried=$((tried + 1))
    done
fi
if command -v swaks >/dev/null && perl -MAuthen::SASL -MDigest::HMAC_MD5 -e 1 2>/dev/null; then
    for mech in LOGIN CRAM-MD5 DIGEST-MD5; do
        swaks --server "$submission" --tls --auth $mech --auth-user student --auth-password apple-pie --timeout 20 \
            --from student@practice.example --to teacher@practice.example >"$work/said" 2>&1 || fail "swaks, $mech"
        tried=$((tried + 1))
    done
fi
test "$tried" -gt 0 || { echo "SKIPPED: no stranger is installed"; exit 77; }
echo "$tried logins by strangers"
