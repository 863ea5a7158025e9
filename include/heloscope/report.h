/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A talk with its explanations, for keeping: plain text and JSON lines. Secrets were masked when
 * the talk was recorded.
 *
 * Plain text, which `heloscope open` reads again: "# heloscope transcript" and "# protocol: smtp"
 * first, then each line of the wire behind "C: " or "S: ", events behind "-- ", explanations behind
 * "   | ". Control octets are written as on the screen
 * (^X, <E2>, <U+202E>), so that the file is harmless to look at; JSON lines keep every octet.
 *
 * JSON lines: one object an item: number, kind (client, server, event, text), protocol, exchange,
 * verb, state, tls, code, enhanced, response_code, class (ok, go, temporary, permanent), when, ms,
 * title, what, decided, mends, next, refs[], remark, lines[]. A line that is no UTF-8 has U+FFFD in
 * `lines` and its octets in `octets`, an object from the line's index to base64. */
#ifndef HELOSCOPE_REPORT_H
#define HELOSCOPE_REPORT_H

#include "heloscope/source.h"
#include <stdio.h>

/* Hand-outs are a table, a row for each command: what was said, the reply, what it means (the
 * column may be left blank, as an exercise); letters are cut after 60 lines, names looked up and
 * the accounts of the practice world are left out. The page of HTML needs nothing else. */
enum report_format {
    REPORT_TEXT,
    REPORT_JSONL,
    REPORT_MARKDOWN,
    REPORT_MARKDOWN_BLANK,
    REPORT_HTML,
    REPORT_HTML_BLANK,
};

/* The form that a file's name asks for: NAME.jsonl, NAME.md, NAME.html, NAME.blank.md and
 * NAME.blank.html; any other: text. */
enum report_format report_format_of(const char *path);

/* Writes the whole talk to f, an item at a time. False: writing failed (errno). */
bool report_write(FILE *f, const struct source *src, enum report_format how);
/* Writes one item as text (without the two lines at the head) or JSON. Nothing where there is none.
 */
void report_item(FILE *f, const struct source *src, size_t i, enum report_format how);
/* Writes it into a file of mode 0600 beside path and then gives it that name, so that no
 * half-written file is left. With over false an existing file is left alone. False: why names the
 * file and the reason. */
bool report_save(const char *path, const struct source *src, enum report_format how, bool over,
                 char *why, size_t size);

#endif
