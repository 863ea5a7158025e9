#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the public SPF suite, rfc7208-tests.yml (Debian: python3-spf, its doc folder), into
tests/tables/rfc7208.suite: zones in master file format with the tests as comments. Run by hand when
the suite changes: rfc7208_from_yaml.py rfc7208-tests.yml > rfc7208.suite. Needs python3-yaml."""
import sys

import yaml

TYPES = ("A", "AAAA", "MX", "TXT", "PTR", "SPF", "CNAME")

NOTICE = """\
;; The public test suite for RFC 7208, release 2014.04, turned into master files by
;; rfc7208_from_yaml.py. Contributors: Stuart D Gathman, Julian Mehnle, Frank Ellermann, Scott Kitterman,
;; Wayne Schlitt, Craig Whitmore, Norman Maurer, Mark Shewmaker, Philip Gladstone.
;;
;; (C) 2006-2008 Stuart D Gathman <stuart@bmsi.com>, 2007-2008 Julian Mehnle <julian@mehnle.net>,
;; 2014 Scott Kitterman <scott@kitterman.com>. All rights reserved.
;;
;; Redistribution and use in source and binary forms, with or without modification, are permitted
;; provided that the following conditions are met:
;; 1. Redistributions of source code must retain the above copyright notice, this list of conditions
;;    and the following disclaimer.
;; 2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions
;;    and the following disclaimer in the documentation and/or other materials provided with the
;;    distribution.
;; 3. The names of the authors may not be used to endorse or promote products derived from this software
;;    without specific prior written permission.
;;
;; THIS SOFTWARE IS PROVIDED BY THE AUTHORS ``AS IS'' AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING,
;; BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
;; DISCLAIMED. IN NO EVENT SHALL THE AUTHORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL,
;; EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
;; SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF
;; LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN
;; ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
;;
;; ;SCENARIO title, then its zone, then ;TEST name, client, HELO, MAIL FROM, results allowed, explanation
;; or "-", separated by tabs."""


def name(text):
    out = ""
    for octet in text.encode():
        char = chr(octet)
        out += char if char.isascii() and (char.isalnum() or char in "-._") else "\\%03d" % octet
    return out.rstrip(".") + "."


def string(text):
    data = text.encode("latin-1")
    parts = [data[i:i + 255] for i in range(0, len(data), 255)] or [b""]
    return " ".join(
        '"' + "".join(chr(o) if 32 <= o < 127 and o not in b'"\\' else "\\%03d" % o for o in part) + '"'
        for part in parts)


def strings(value):
    return " ".join(string(s) for s in ([value] if isinstance(value, str) else value)) or '""'


def usable(owner):
    labels = owner.rstrip(".").split(".")
    return all(0 < len(label) < 64 for label in labels) and len(owner) < 254


def records(owner, rows):
    """As the suite means it: SPF stands for TXT too unless TXT is given; a TIMEOUT is for every type
    that the name has no record of."""
    seen = set()
    lines = []
    timeout = False
    explicit = any(isinstance(r, dict) and "TXT" in r for r in rows)
    for row in rows:
        if row == "TIMEOUT":
            timeout = True
            continue
        for kind, value in row.items():
            if value == "NONE":
                continue
            kinds = [kind] + (["TXT"] if kind == "SPF" and not explicit else [])
            for k in kinds:
                if value == "TIMEOUT":
                    lines.append(f";!TIMEOUT {name(owner)} {k}")
                    continue
                seen.add(k)
                if k in ("TXT", "SPF"):
                    data = strings(value)
                elif k == "MX":
                    data = f"{value[0]} {name(value[1])}"
                elif k in ("PTR", "CNAME"):
                    data = name(value)
                else:
                    data = str(value)
                lines.append(f"{name(owner)} {k} {data}")
    if timeout:
        lines += [f";!TIMEOUT {name(owner)} {k}" for k in TYPES if k not in seen] if seen else [
            f";!TIMEOUT {name(owner)}"]
    return lines


def main():
    print(NOTICE)
    with open(sys.argv[1], encoding="utf-8") as source:
        for scenario in yaml.safe_load_all(source):
            if not scenario:
                continue
            print(f";SCENARIO {scenario['description']}")
            for owner, rows in (scenario.get("zonedata") or {}).items():
                if usable(owner):
                    print("\n".join(records(owner, rows)))
            for title, test in scenario["tests"].items():
                results = test["result"] if isinstance(test["result"], list) else [test["result"]]
                row = [title, test["host"], test["helo"], test["mailfrom"], ",".join(results),
                       str(test.get("explanation") or "-")]
                assert not any(set(field) & set("\t\n\r") for field in row), row
                print(";TEST " + "\t".join(row))


main()
