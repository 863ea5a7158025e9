/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is to be said about the lines of a letter that is being written. Pure, without curses. RFC
 * 5321 4.5.2, 4.5.3.1.6; RFC 5322 2.1.1, 2.2; RFC 6152. */
#ifndef HELOSCOPE_TUI_LETTER_NOTES_H
#define HELOSCOPE_TUI_LETTER_NOTES_H

#include <stdbool.h>
#include <stddef.h>

#define LETTER_LINE_MAX 998 /* octets without CRLF: RFC 5321 4.5.3.1.6 says 1000 with it */

struct letter_facts {
    const char *mail_from; /* the envelope's sender without <>; NULL: unknown */
    bool eightbit_ok;      /* 8BITMIME is offered */
    bool caps_known;
    bool stuffed; /* DATA (a leading dot is doubled); false: BDAT */
};

struct letter_sum {
    size_t lines, longest,
        octets; /* octets as they will cross the wire: CRLF line ends, dots doubled */
    bool eightbit, has_header;
    size_t last;     /* the last line that is not empty, 0 based */
    size_t boundary; /* the first empty line, 0 based; lines if there is none */
};

/* Looks over the whole text (LF line ends). */
void letter_sum(const char *text, size_t n, const struct letter_facts *f, struct letter_sum *out);
/* The note for line number `index` (p[0..n), without LF); "" where nothing is to be said. The lone
 * dot is a note too. */
size_t letter_note(const struct letter_facts *f, const struct letter_sum *s, size_t index,
                   const char *p, size_t n, char *out, size_t size);

#endif
