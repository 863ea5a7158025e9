#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The manual and --help: made whole, without roff errors, naming every option, exit status and some of each table.
set -u
man=$(mktemp) || exit 99
trap 'rm -f "$man"' EXIT
failed=0
"$HELOSCOPE" --man >"$man" || exit 1
for section in NAME SYNOPSIS OPTIONS SCRIPTS KEYS COMMANDS VERBS 'LOGGING IN' FAULTS 'FOR A CLASS' 'EXIT STATUS' ENVIRONMENT FILES EXAMPLES; do
    grep -q "^\.SH \"*$section" "$man" || { echo "FAIL: no section $section"; failed=1; }
done
for option in $("$HELOSCOPE" --help | sed -n 's/^ .*--\([a-z0-9]*\).*/\1/p'); do
    grep -q -- "\\\\-\\\\-$option" "$man" || { echo "FAIL: --$option is not in the manual"; failed=1; }
done
for word in 'RCPT TO' 'STLS' '<RECIPIENT>: Recipient address rejected: Greylisted' 'NO_COLOR' 'DIGEST\\-MD5' ':connect' 'C\\-r'; do
    grep -qF -- "$word" "$man" || grep -q -- "$word" "$man" || { echo "FAIL: no $word"; failed=1; }
done
if command -v mandoc >/dev/null; then
    mandoc -T lint -W error "$man" || failed=1
elif command -v groff >/dev/null; then
    words=$(groff -man -ww -Tascii -z "$man" 2>&1)
    [ -z "$words" ] || { echo "FAIL: $words"; failed=1; }
fi
for mode in '' practice open run send serve themes; do
    "$HELOSCOPE" $mode --help | grep -q heloscope || { echo "FAIL: $mode --help"; failed=1; }
done
# Wrong command lines: one line, status 2.
for bad in --nonsense '--timeout soon' 'practice --insecure' 'open' 'a b' 'nonsense://x'; do
    words=$("$HELOSCOPE" $bad 2>&1 </dev/null)
    status=$?
    [ $status -eq 2 ] || { echo "FAIL: $bad: status $status"; failed=1; }
    [ "$(printf '%s\n' "$words" | wc -l)" -eq 1 ] || { echo "FAIL: $bad: $words"; failed=1; }
done
# No terminal: one line, status 9, and the way out.
words=$("$HELOSCOPE" </dev/null 2>&1)
[ $? -eq 9 ] || { echo "FAIL: no terminal: not 9"; failed=1; }
case $words in *--plain*) ;; *) echo "FAIL: $words"; failed=1 ;; esac
exit $failed
