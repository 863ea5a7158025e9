#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What a login is bound to is what other TLS libraries think it is: serve_binding.py.
. "$top_srcdir/tests/real/serve.sh"
need python3
need openssl
serve_start
python3 "$top_srcdir/tests/real/serve_binding.py" "$(port "$submission")" "$ca" >"$work/said" 2>&1 ||
    fail "the channel binding"
echo "two bindings hold, and two that belong to another connection do not"
