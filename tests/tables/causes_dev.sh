#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The causes against the sample of real replies beside the source tree, by its own scorer. The sample
# is not part of the project: where it is absent this is skipped.
data=$top_srcdir/../shared/data
for f in dev.tsv score.py labels.tsv; do
    [ -r "$data/$f" ] || { echo "skipped: no $data/$f"; exit 77; }
done
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
python3 "$data/score.py" --cmd "$top_builddir/tests/tables/causes --jsonl" --mode jsonl --json causes_dev.json \
    --fail-under 95 || exit 1
python3 - <<'P'
import json
d = json.load(open('causes_dev.json'))
assert d['lenient'] >= .95 and d['macro'] >= .93 and d['wrong_specific'] <= .02, d
P
rc=$?
rm -f causes_dev.json
exit $rc
