#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The options about TLS on the command line: what is wrong with one is one clear line, said before anything is
# connected to and before the terminal is taken, with its exit status.
set -u
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
failed=0
echo "no certificate" >"$dir/none"

# wants STATUS WORDS ARGUMENT...
wants() {
    status=$1 words=$2
    shift 2
    for plain in --plain ''; do
        # shellcheck disable=SC2086
        timeout 20 "$HELOSCOPE" $plain "$@" smtp://127.0.0.1:9 </dev/null >"$dir/out" 2>&1
        got=$?
        if [ "$got" -ne "$status" ] || [ "$(wc -l <"$dir/out")" -ne 1 ] || ! grep -qF -e "$words" "$dir/out"; then
            echo "FAIL: $plain $*: exit status $got, not $status with '$words':"
            cat "$dir/out"
            failed=1
        fi
    done
}

wants 2 "--tls-min wants 1.0, 1.1, 1.2 or 1.3, not '2'" --tls-min 2
wants 2 "--tls-max wants 1.0, 1.1, 1.2 or 1.3, not 'ssl3'" --tls-max ssl3
wants 2 "TLS 1.3, is above the highest, TLS 1.2" --tls-min 1.3 --tls-max 1.2
wants 2 "'NONE' leaves no cipher" --ciphers NONE
wants 2 "cannot be sent as SNI" --sni 'a b'
wants 2 "--key wants --cert too" --key "$dir/none"
wants 3 "'$dir/none' holds no certificate" --ca-file "$dir/none"
wants 3 "'$dir/none' holds no certificate" --cert "$dir/none"
wants 3 "'$dir/absent' cannot be read: No such file" --ca-file "$dir/absent"
exit $failed
