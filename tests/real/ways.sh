#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The PROXY protocol (1 and 2), XCLIENT and XFORWARD against a real Postfix: it must believe, and log, the address that
# we told it. LMTP over Dovecot's socket.
set -u
here=$top_srcdir/tests/real
PATH=$PATH:/usr/sbin:/sbin:/usr/lib/postfix/sbin:/usr/libexec/postfix
dir=$(mktemp -d "${TMPDIR:-/tmp}/helo-ways.XXXXXX") || exit 99
trap 'sh "$here/servers.sh" stop "$dir/servers"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
chmod 755 "$dir"
vars=$(sh "$here/servers.sh" start "$dir/servers" $$) || exit $?
eval "$vars"
failed=0

ports=$(python3 -c 'import socket
held = [socket.socket() for _ in range(2)]
for s in held: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])') || exit 99
proxied=${ports% *} trusting=${ports#* }
cat >>"$dir/servers/postfix/master.cf" <<END
127.0.0.1:$proxied inet n - n - - smtpd -o smtpd_upstream_proxy_protocol=haproxy
127.0.0.1:$trusting inet n - n - - smtpd -o smtpd_authorized_xclient_hosts=127.0.0.1 -o smtpd_authorized_xforward_hosts=127.0.0.1
END
postfix -c "$dir/servers/postfix" reload >/dev/null 2>&1

# say PORT LINES ARGUMENT...: the talk is in $dir/out
say() {
    port=$1 lines=$2
    shift 2
    # shellcheck disable=SC2059
    printf "$lines" | timeout 30 "$HELOSCOPE" --plain "smtp://127.0.0.1:$port" "$@" >"$dir/out" 2>&1
}
has() {
    grep -qF -e "$1" "$2" || {
        echo "FAIL: not in $2: $1"
        cat "$2"
        failed=1
    }
}
n=0
until say "$trusting" 'QUIT\n' || [ $n -ge 50 ]; do
    n=$((n + 1))
    sleep 0.1
done

say "$proxied" 'EHLO a.example\nQUIT\n' --proxy-protocol 1:192.0.2.11:4711,198.51.100.1:25
has 'S: + 221' "$dir/out"
say "$proxied" 'EHLO a.example\nQUIT\n' --proxy-protocol 2:192.0.2.12:4711,198.51.100.1:25
has 'S: + 221' "$dir/out"
say "$trusting" 'EHLO a.example\nXCLIENT NAME=spike.example ADDR=192.0.2.14\nEHLO b.example\nXFORWARD NAME=x.example\nQUIT\n'
has 'the talk starts anew' "$dir/out"
has 'S: + 221' "$dir/out"
printf 'LHLO a.example\nQUIT\n' | timeout 30 "$HELOSCOPE" --plain "lmtp:$LMTP_SOCKET" >"$dir/out" 2>&1
has 'S: + 221' "$dir/out"

n=0
log=$dir/servers/postfix/log
until grep -rq 'spike.example.*192.0.2.14' "$log" || [ $n -ge 50 ]; do
    n=$((n + 1))
    sleep 0.1
done
cat "$log"/* >"$dir/log" 2>/dev/null || cp "$log" "$dir/log"
for told in 'unknown[192.0.2.11]' 'unknown[192.0.2.12]' 'spike.example[192.0.2.14]' 'xforward=1'; do
    has "$told" "$dir/log"
done
exit $failed
