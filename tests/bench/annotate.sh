#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# explain on a transcript of 200 MB, annotated text out through a pipe, beside grep -c and a perl
# annotator with the same few rules; then one reply explained by a process. All in the same run.
heloscope=${HELOSCOPE:-./heloscope}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
command -v perl >/dev/null || exit 77
perl -e '
    my ($i, $size) = (0, 0);
    while ($size < 200e6) {
        $i++;
        my $s = "S: 220 mx.example.net ESMTP\nC: EHLO client" . $i % 500 . ".example.org\n"
            . "S: 250-mx.example.net\nS: 250-PIPELINING\nS: 250-SIZE 26214400\nS: 250-8BITMIME\n"
            . "S: 250 STARTTLS\nC: MAIL FROM:<sender$i\@client.example.org>\nS: 250 2.1.0 Ok\n"
            . "C: RCPT TO:<somebody$i\@example.net>\nS: 250 2.1.5 Ok\nC: RCPT TO:<nobody" . $i % 300
            . "\@example.net>\nS: 550 5.1.1 <nobody" . $i % 300
            . "\@example.net>: Recipient address rejected: User unknown\nC: DATA\n"
            . "S: 354 End data with <CR><LF>.<CR><LF>\nC: From: sender$i\@client.example.org\n"
            . "C: Subject: letter number $i\nC: \n"
            . "C: Here is a line of text in the letter, as they are often written.\nC: .\n"
            . "S: 250 2.0.0 Ok: queued as " . sprintf("%012X", $i) . "\nC: QUIT\nS: 221 2.0.0 Bye\n";
        print $s;
        $size += length $s;
    }' >"$folder/talk" || exit 1
cat >"$folder/annotate.pl" <<'PERL'
my ($verb, $letter) = ('banner', 0);
my %says = (
    220 => 'ready', 250 => 'done', 354 => 'go on', 221 => 'goodbye', 421 => 'closing',
    450 => 'mailbox busy', 451 => 'error here', 452 => 'no room', 550 => 'no such mailbox',
    552 => 'too much', 553 => 'bad name', 554 => 'refused');
while (<>) {
    print;
    if (/^C: (.*)/) {
        if ($letter) { $letter = 0 if $1 eq '.'; next }
        $verb = uc $1 if $1 =~ /^([A-Za-z]+)/;
        $verb =~ s/ .*//;
    } elsif (/^S: ([2-5]\d\d)(-?) ?(?:([245])\.(\d+)\.(\d+))?(.*)/) {
        next if $2;
        $letter = 1 if $1 == 354;
        my $class = $1 < 300 ? 'ok' : $1 < 400 ? 'go on' : $1 < 500 ? 'temporary' : 'permanent';
        my $text = $says{$1} // '?';
        $text = 'no such mailbox' if $6 =~ /user unknown|no such user|mailbox (?:not found|unavailable)/i;
        $text = 'relaying is not allowed' if $6 =~ /relay(?:ing)? (?:access )?denied/i;
        $text = 'on a block list' if $6 =~ /blocked using|block ?list|spamhaus/i;
        $text = 'mailbox full' if $6 =~ /quota|mailbox (?:is )?full/i;
        print "   | $class: $text after $verb\n";
    }
}
PERL
seconds() {
    from=$(date +%s%N)
    "$@"
    to=$(date +%s%N)
    echo $(((to - from) / 1000))
}
explain() { "$heloscope" explain "$folder/talk" | cat >/dev/null; }
annotator() { perl "$folder/annotate.pl" "$folder/talk" | cat >/dev/null; }
counter() { grep -c ' 550 ' "$folder/talk" >"$folder/count"; } # into /dev/null it would stop at the first
best=999999999 grep_best=999999999
for _ in 1 2 3 4 5; do
    t=$(seconds explain)
    [ "$t" -lt "$best" ] && best=$t
    t=$(seconds counter)
    [ "$t" -lt "$grep_best" ] && grep_best=$t
done
perl_time=$(seconds annotator)
octets=$(wc -c <"$folder/talk")
awk -v n="$octets" -v e="$best" -v g="$grep_best" -v p="$perl_time" 'BEGIN {
    printf "explain %d MB/s, grep -c %d MB/s, perl %d MB/s\n", n / e, n / g, n / p
    printf "explain is %.2f of grep -c (wanted 0.33), %.1f x perl (wanted 12)\n", g / e, p / e }'
"$heloscope" explain "$folder/talk" | cat >/dev/null &
peak=0
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
    for pid in $(pgrep -P $$ -x heloscope 2>/dev/null); do
        kb=$(awk '/VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null)
        [ "${kb:-0}" -gt "$peak" ] && peak=$kb
    done
    sleep 0.05
done
wait
echo "memory $peak kB at its highest (wanted 16384)"
best=999999999
for _ in 1 2 3 4 5 6 7 8 9 10; do
    t=$(seconds "$heloscope" explain '550 5.1.1 no such user' | tail -n 1)
    [ "$t" -lt "$best" ] && best=$t
done
echo "one reply by a process: $best us (wanted 5000)"
