# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# To be sourced by the tests of `heloscope serve`: starts it on free ports, waits until it says that it listens, and
# ends it when the test ends. Sets smtp, submission, submissions, lmtp, pop3, pop3s (ADDRESS:PORT), ca, work and pid.
# Options for serve are the arguments of serve_start.
: "${HELOSCOPE:?run by make check, or set HELOSCOPE to the program}"
work=$(mktemp -d "${TMPDIR:-/tmp}/heloscope-serve-XXXXXX")
pid=
serve_end() {
    test -z "$pid" || kill "$pid" 2>/dev/null
    test -z "$pid" || wait "$pid" 2>/dev/null
    rm -rf "$work"
}
trap serve_end EXIT
trap 'exit 1' HUP INT TERM

fail() {
    echo "FAILED: $*"
    test ! -s "$work/said" || { echo "-- the last that was seen:"; tail -n 40 "$work/said"; }
    exit 1
}

# A stranger that is not installed is no failure of ours.
need() {
    for program; do
        command -v "$program" >/dev/null 2>&1 || { echo "SKIPPED: $program is not installed"; exit 77; }
    done
}

# wait_for SECONDS COMMAND...: until it succeeds; false where it never did.
wait_for() {
    tries=$(($1 * 20))
    shift
    while ! "$@"; do
        tries=$((tries - 1))
        test "$tries" -gt 0 || return 1
        sleep 0.05
    done
}

serve_start() {
    ca=$work/ca.pem
    rm -f "$work/serve.out" # an older one's would be read too early
    "$HELOSCOPE" serve --smtp 127.0.0.1:0 --submission 127.0.0.1:0 --submissions 127.0.0.1:0 --lmtp 127.0.0.1:0 \
        --pop3 127.0.0.1:0 --pop3s 127.0.0.1:0 --ca "$ca" "$@" >"$work/serve.out" 2>"$work/serve.err" &
    pid=$!
    wait_for 20 grep -qs '^C-c or a TERM' "$work/serve.out" || {
        cat "$work/serve.out" "$work/serve.err"
        fail "serve does not come up"
    }
    for door in smtp submission submissions lmtp pop3 pop3s; do
        eval "$door=\$(awk -v d=$door '\$1 == d && \$2 == \"on\" { print \$3 }' \"\$work/serve.out\")"
    done
}

port() { echo "${1##*:}"; }

letter() {
    printf 'From: %s\r\nTo: student@practice.example\r\nSubject: %s\r\n\r\nA line.\r\n.a dotted line\r\n' \
        "me@home.example" "$1"
}
