#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# servers.sh: a Postfix and a Dovecot of our own, on free loopback ports, with all their files in
# one directory; the system's services, files and queues are not touched.
#
#   servers.sh start DIR [PID]   starts both; prints shell variables for eval. DIR must not exist yet.
#                                They stop by themselves when process PID is gone.
#   servers.sh stop DIR          stops both and removes DIR
#
#   smtp        25-like: STARTTLS offered, no AUTH, relaying denied, example.test is delivered; XCLIENT for 127.0.0.3
#   submission  587-like: STARTTLS required, then AUTH, relaying for whoever has logged in
#   smtps       465-like: TLS at once
#   pop3        STLS; 127.0.0.1 counts as local and may log in in clear, 127.0.0.2 may not
#   pop3s       TLS at once
#   lmtp        a unix socket, for Postfix and for anybody who wants to try LMTP
#
# Exit status: 0, 77 where Postfix or Dovecot are missing or we are not root, 1 when they do not start.
set -u
PATH=$PATH:/usr/sbin:/sbin:/usr/lib/postfix/sbin:/usr/libexec/postfix

user=alice@example.test
password=correct-horse-battery

say() { printf 'servers.sh: %s\n' "$*" >&2; }
skip() { say "$*"; exit 77; }

# $1 free ports of 127.0.0.1, all held at once so that no two are the same.
free_ports() {
    python3 - "$1" <<'EOF'
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])
EOF
}

# A process that has ended but was not collected yet does not count.
alive() { kill -0 "$1" 2>/dev/null && ! ps -o stat= -p "$1" 2>/dev/null | grep -q '^Z'; }

# Wait for a pid file's process to go, at most 5 s, then kill it.
end_of() {
    pid=$(tr -cd 0-9 <"$1" 2>/dev/null)
    [ -n "$pid" ] || return 0
    kill -TERM "$pid" 2>/dev/null
    n=0
    while alive "$pid" && [ $n -lt 100 ]; do
        sleep 0.05
        n=$((n + 1))
    done
    kill -KILL "$pid" 2>/dev/null
    return 0
}

stop() {
    case $1 in
    /*) ;;
    *) say "the directory must be given from the root: $1"; exit 2 ;;
    esac
    [ -f "$1/.servers" ] || return 0 # not one of ours: nothing is removed
    end_of "$1/postfix/queue/pid/master.pid"
    end_of "$1/dovecot/run/master.pid"
    rm -rf "$1"
}

certificates() {
    mkdir -p "$dir/tls" && cd "$dir/tls" || return 1
    cat >server.ext <<EOF
subjectAltName = DNS:localhost, DNS:mail.example.test, IP:127.0.0.1, IP:127.0.0.2
extendedKeyUsage = serverAuth
EOF
    {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7 \
            -subj "/CN=heloscope real servers CA" -keyout ca.key -out ca.pem &&
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
                -subj "/CN=mail.example.test" -keyout server.key -out server.csr &&
            openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 7 \
                -extfile server.ext -out server.pem &&
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$user" \
                -keyout client.key -out client.csr &&
            openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 7 \
                -out client.crt &&
            cat client.crt client.key >client.pem &&
            # Dovecot wants a list of what was withdrawn beside the CA
            : >index.txt && echo 01 >crlnumber &&
            printf '[ca]\ndefault_ca = x\n[x]\ndatabase = index.txt\ncrlnumber = crlnumber\n' >ca.cnf &&
            openssl ca -config ca.cnf -gencrl -keyfile ca.key -cert ca.pem -md sha256 -crldays 7 \
                -out crl.pem &&
            cat ca.pem crl.pem >clients.pem
    } >openssl.log 2>&1 || { cat openssl.log >&2; return 1; }
    chmod 644 ca.pem server.pem
    cd "$dir" || return 1
}

# Access tokens for alice, as an OAuth 2 server would sign them (RFC 7519, HS256): one that is good, one that has run
# out; and the key that Dovecot checks them by.
tokens() {
    mkdir -p "$dir/tokens/keys/default/HS256" || return 1
    python3 - "$dir/tokens" "$user" <<'EOF'
import base64, hashlib, hmac, json, os, sys, time
to, user = sys.argv[1:]
b64 = lambda b: base64.urlsafe_b64encode(b).rstrip(b"=")
key = os.urandom(32)
with open(to + "/keys/default/HS256/default", "wb") as f:
    f.write(base64.b64encode(key))
now = int(time.time())
for name, exp in (("good", now + 3600), ("expired", now - 3600)):
    body = b64(json.dumps({"typ": "JWT", "alg": "HS256"}).encode()) + b"." + b64(json.dumps(
        {"sub": user, "email": user, "iat": now - 7200, "nbf": now - 7200, "exp": exp}).encode())
    sum = hmac.new(key, body, hashlib.sha256).digest()
    with open(to + "/" + name, "wb") as f:
        f.write(body + b"." + b64(sum) + b"\n")
    os.chmod(to + "/" + name, 0o600)
EOF
    chmod -R a+rX "$dir/tokens/keys" && chmod 755 "$dir/tokens"
    cat >"$dir/tokens/oauth2.conf" <<EOF
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=$dir/tokens/keys/
username_attribute = email
EOF
}

dovecot_files() {
    mkdir -p "$dir/dovecot/run" "$dir/dovecot/state" "$dir/mail" || return 1
    chown "$mail_uid:$mail_gid" "$dir/mail"
    # accounts: alice has a password; bob has mail, and another password
    cat >"$dir/dovecot/users" <<EOF
$user:{PLAIN}$password::::::
bob@example.test:{PLAIN}bobs-own-secret::::::
EOF
    cat >"$dir/dovecot/dovecot.conf" <<EOF
base_dir = $dir/dovecot/run
state_dir = $dir/dovecot/state
log_path = $dir/dovecot/log
protocols = pop3 lmtp
listen = 127.0.0.1, 127.0.0.2
mail_location = maildir:$dir/mail/%u
first_valid_uid = 1
ssl = yes
ssl_cert = <$dir/tls/server.pem
ssl_key = <$dir/tls/server.key
disable_plaintext_auth = yes
auth_mechanisms = plain login cram-md5 digest-md5 apop scram-sha-1 scram-sha-256 external anonymous oauthbearer xoauth2
auth_anonymous_username = anonymous@example.test
# a client certificate names who comes, if it has one; nobody has to have one
ssl_ca = <$dir/tls/clients.pem
ssl_verify_client_cert = yes
auth_ssl_username_from_cert = yes
auth_failure_delay = 0
default_process_limit = 20
login_greeting = Dovecot ready.
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $dir/tokens/oauth2.conf
}
passdb {
  driver = static
  mechanisms = external
  args = nopassword
}
passdb {
  driver = passwd-file
  args = username_format=%Lu $dir/dovecot/users
}
userdb {
  driver = static
  args = uid=$mail_uid gid=$mail_gid home=$dir/mail/%u allow_all_users=yes
}
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = $pop3
  }
  inet_listener pop3s {
    port = $pop3s
    ssl = yes
  }
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
service auth {
  unix_listener sasl {
    mode = 0666
  }
}
# a refused password must not make the next log-in wait
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
EOF
}

postfix_files() {
    mkdir -p "$dir/postfix/queue" "$dir/postfix/data" || return 1
    chown postfix "$dir/postfix/data"
    for file in postfix-files postfix-script post-install; do
        for from in /etc/postfix /usr/lib/postfix /usr/lib/postfix/sbin /usr/libexec/postfix \
            /usr/share/postfix; do
            if [ -f "$from/$file" ]; then
                cp "$from/$file" "$dir/postfix/$file"
                break
            fi
        done
    done
    : >"$dir/postfix/dynamicmaps.cf"
    cat >"$dir/postfix/mailboxes" <<EOF
$user yes
bob@example.test yes
postmaster@example.test yes
EOF
    cat >"$dir/postfix/main.cf" <<EOF
compatibility_level = 3.6
queue_directory = $dir/postfix/queue
data_directory = $dir/postfix/data
meta_directory = $dir/postfix
maillog_file = $dir/postfix/log
maillog_file_prefixes = $dir
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.test
mydomain = example.test
mydestination =
mynetworks = 127.9.9.9/32
virtual_mailbox_domains = example.test
virtual_mailbox_maps = texthash:$dir/postfix/mailboxes
virtual_transport = lmtp:unix:$dir/dovecot/run/lmtp
default_transport = error:this test server sends nothing to other places
relay_transport = error:this test server sends nothing to other places
disable_dns_lookups = yes
smtputf8_enable = yes
alias_maps =
smtpd_tls_cert_file = $dir/tls/server.pem
smtpd_tls_key_file = $dir/tls/server.key
smtpd_tls_security_level = may
smtpd_tls_CAfile = $dir/tls/ca.pem
smtpd_tls_loglevel = 1
smtpd_tls_session_cache_database =
smtpd_sasl_type = dovecot
smtpd_sasl_path = $dir/dovecot/run/sasl
smtpd_sasl_auth_enable = no
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.3
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
message_size_limit = 20480000
mailbox_size_limit = 0
queue_run_delay = 10s
EOF
    cat >"$dir/postfix/master.cf" <<EOF
127.0.0.1:$smtp inet n - n - - smtpd
127.0.0.1:$submission inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_tls_ask_ccert=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
127.0.0.1:$smtps inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_tls_ask_ccert=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
EOF
    # Postfix waits until a fresh main.cf is two seconds old
    touch -d '1 minute ago' "$dir/postfix/main.cf" "$dir/postfix/master.cf"
}

# Is something listening on 127.0.0.1:$1, speaking first?
answers() {
    python3 - "$1" <<'EOF'
import socket, sys, time
until = time.monotonic() + 10
while time.monotonic() < until:
    try:
        s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
        if s.recv(64):
            sys.exit(0)
    except OSError:
        time.sleep(0.02)
sys.exit(1)
EOF
}

start() {
    dir=$1
    owner=${2:-}
    case $dir in
    /*) ;;
    *) say "the directory must be given from the root: $dir"; exit 2 ;;
    esac
    case $dir in
    *"'"* | *\ * | *\"*) say "no blanks or quotes in the directory, please: $dir"; exit 2 ;;
    esac
    [ ! -e "$dir" ] || { say "$dir is there already"; exit 2; }
    [ "$(id -u)" = 0 ] || skip "Postfix and Dovecot need root to start"
    for program in postfix postconf dovecot openssl python3; do
        command -v $program >/dev/null || skip "$program is missing"
    done
    master=$(postconf -dh daemon_directory 2>/dev/null)/master
    [ -x "$master" ] || skip "Postfix's master program is missing"
    id postfix >/dev/null 2>&1 || skip "there is no user postfix"
    getent group postdrop >/dev/null || skip "there is no group postdrop"
    id dovecot >/dev/null 2>&1 || skip "there is no user dovecot"
    mail_uid=$(id -u mail 2>/dev/null || id -u nobody)
    mail_gid=$(id -g mail 2>/dev/null || id -g nobody)

    # Postfix's own users must be able to walk down to it
    mkdir -p "$dir" && chmod 755 "$dir" && : >"$dir/.servers" || exit 1
    trap 'stop "$dir"; exit 1' INT TERM HUP
    # shellcheck disable=SC2046  # five numbers, to be split
    set -- $(free_ports 5)
    [ $# = 5 ] || { say "no free ports"; stop "$dir"; exit 1; }
    smtp=$1 submission=$2 smtps=$3 pop3=$4 pop3s=$5

    if ! { certificates && tokens && dovecot_files && postfix_files; }; then
        say "the files could not be written"
        stop "$dir"
        exit 1
    fi
    if ! dovecot -c "$dir/dovecot/dovecot.conf" >"$dir/dovecot/start" 2>&1 ||
        ! answers "$pop3"; then
        say "Dovecot does not start:"
        cat "$dir/dovecot/start" "$dir/dovecot/log" >&2
        stop "$dir"
        exit 1
    fi
    if ! postfix -c "$dir/postfix" check >"$dir/postfix/start" 2>&1 ||
        ! "$master" -c "$dir/postfix" -w >>"$dir/postfix/start" 2>&1 </dev/null ||
        ! answers "$smtp"; then
        say "Postfix does not start:"
        cat "$dir/postfix/start" "$dir/postfix/log" >&2
        stop "$dir"
        exit 1
    fi
    if [ -n "$owner" ]; then
        (
            trap '' INT HUP
            while [ -f "$dir/.servers" ] && alive "$owner"; do
                sleep 1
            done
            stop "$dir"
        ) >/dev/null 2>&1 </dev/null &
    fi
    cat <<EOF
SERVERS_DIR='$dir'
SMTP_PORT=$smtp
SUBMISSION_PORT=$submission
SMTPS_PORT=$smtps
POP3_PORT=$pop3
POP3S_PORT=$pop3s
LMTP_SOCKET='$dir/dovecot/run/lmtp'
CA_FILE='$dir/tls/ca.pem'
CLIENT_CERT='$dir/tls/client.pem'
TOKEN_FILE='$dir/tokens/good'
EXPIRED_TOKEN_FILE='$dir/tokens/expired'
MAIL_DIR='$dir/mail/$user'
MAIL_USER=$user
MAIL_PASSWORD=$password
POSTFIX_LOG='$dir/postfix/log'
DOVECOT_LOG='$dir/dovecot/log'
EOF
}

case ${1:-}/$# in
start/2 | start/3) start "$2" "${3:-}" ;;
stop/2) stop "$2" ;;
*)
    say "usage: servers.sh start DIR [PID] | stop DIR"
    exit 2
    ;;
esac
