#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# heloscope verify: exit statuses, JSON and one clear line for what is wrong.
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
failed=0
cat >"$dir/zone" <<'END'
bank.test. TXT "v=spf1 ip4:192.0.2.0/24 -all"
_dmarc.bank.test. TXT "v=DMARC1; p=reject; pct=0"
evil.test. TXT "v=spf1 ip4:203.0.113.66 -all"
;!TIMEOUT _dmarc.slow.test TXT
END
letter() { printf 'From: A <a@%s>\nSubject: x\n\nhello\n' "$1" >"$dir/$1"; }
letter bank.test
letter evil.test
letter slow.test

# check STATUS WORD COMMAND...: the exit status, and a word in what was printed.
check() {
    want=$1 word=$2
    shift 2
    "$@" >"$dir/out" 2>&1 </dev/null
    got=$?
    if [ $got != "$want" ] || ! grep -q -e "$word" "$dir/out"; then
        echo "not as expected: $* gave $got instead of $want, and:"
        cat "$dir/out"
        failed=1
    fi
}
by() { "$HELOSCOPE" verify --zone "$dir/zone" --helo x.test "$@"; }

check 0 'DMARC  pass' by --ip 192.0.2.1 --mail-from a@bank.test "$dir/bank.test"
check 1 'disposition: reject' by --ip 203.0.113.66 --mail-from m@evil.test "$dir/bank.test"
check 1 'RFC 7489: .* disposition: quarantine' by --rfc 7489 --ip 203.0.113.66 --mail-from m@evil.test "$dir/bank.test"
check 3 'there is no DMARC record' by --ip 203.0.113.66 --mail-from m@evil.test "$dir/evil.test"
check 4 'cannot be had' by --ip 203.0.113.66 --mail-from m@evil.test "$dir/slow.test"
check 1 '"spf":{"result":"fail","domain":"bank.test","identity":"mailfrom","because":".*-all.*"},"dkim":\[\]' \
    by --json --ip 203.0.113.66 --mail-from a@bank.test "$dir/bank.test"
check 1 '"rfc7489":{"result":"fail","disposition":"quarantine"' \
    by --json --ip 203.0.113.66 --mail-from a@bank.test "$dir/bank.test"
check 1 '"from":{"fields":1,"domains":\["bank.test"\],"malformed":false},"authentication_results":"' \
    by --json --ip 203.0.113.66 --mail-from '<>' "$dir/bank.test"
check 1 'HELO domain x.test' by --ip 203.0.113.66 --mail-from '' "$dir/bank.test"

# A client may go without EHLO; then the null sender leaves nobody to ask (RFC 7208 2.3).
check 1 'SPF    none' "$HELOSCOPE" verify --zone "$dir/zone" --helo '' --ip 203.0.113.66 --mail-from '' "$dir/bank.test"

check 2 '--ip is missing' by --mail-from a@bank.test "$dir/bank.test"
check 2 '--mail-from is missing' by --ip 192.0.2.1 "$dir/bank.test"
check 2 'wants an address' by --ip 192.0.2 --mail-from a@bank.test "$dir/bank.test"
check 2 'wants 7489 or 9989' by --rfc 5321 --ip 192.0.2.1 --mail-from a@bank.test "$dir/bank.test"
check 2 'No such file' by --ip 192.0.2.1 --mail-from a@bank.test "$dir/none"
check 2 'is a directory\|Is a directory' by --ip 192.0.2.1 --mail-from a@bank.test "$dir"
printf 'a.test. A 192.0.2.1\n\nb.test. A x\n' >"$dir/broken"
check 2 'broken:3: .*expected NAME' "$HELOSCOPE" verify --zone "$dir/broken" --ip 192.0.2.1 --helo x \
    --mail-from a@bank.test "$dir/bank.test"
check 2 'No such file' "$HELOSCOPE" verify --zone "$dir/none" --ip 192.0.2.1 --helo x \
    --mail-from a@bank.test "$dir/bank.test"

# A line of the message never reaches the terminal as it stands.
printf 'From: a@b\033[31mank.test\nDKIM-Signature: v=1; a=\033]0;x\007; b=\n\nx\n' >"$dir/hostile"
"$HELOSCOPE" verify --zone "$dir/zone" --ip 192.0.2.1 --helo "$(printf 'x\033[1m.test')" --mail-from '' \
    "$dir/hostile" >"$dir/out" 2>&1
if LC_ALL=C grep -q "$(printf '[\033\007]')" "$dir/out"; then
    echo "an escape sequence came through"
    failed=1
fi
exit $failed
