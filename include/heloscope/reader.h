/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A letter as a mail program shows it: header fields decoded (RFC 2047), the text that is read
 * first (HTML as text, the links' real targets beside their words), the parts with their names. And
 * what hides in that: characters that cannot be seen, names that look like others. MIME by GMime;
 * built without it the letter is shown as it came. */
#ifndef HELOSCOPE_READER_H
#define HELOSCOPE_READER_H

#include "heloscope/buf.h"

enum {
    READER_PARTS = 200,      /* parts that are listed */
    READER_DEPTH = 30,       /* of multiparts and letters within letters */
    READER_TEXT = 1 << 20,   /* octets of text that are shown */
    READER_FIELD = 4096,     /* octets of a decoded field */
    READER_BOUNDARIES = 500, /* above that, or that many parts, a letter is shown raw */
    READER_PIECES = 20000,
};

struct reader_part {
    char *type;     /* "text/html" */
    char *name;     /* the file's, decoded; "" */
    unsigned depth; /* 0: the letter itself */
    bool whole;     /* it has no parts of its own: it can be saved */
    bool attachment;
    bool shown;   /* its text is what reader.text begins with */
    void *object; /* GMime's */
};

struct reader {
    char *from_name, *from_address;   /* of the first From; "" where there is none */
    char *from, *to, *subject, *date; /* decoded, as a mail program writes them */
    struct reader_part *parts;
    size_t nparts;
    size_t left_out; /* parts beyond READER_PARTS or READER_DEPTH */
    struct buf text;
    bool cut;      /* the text was longer than READER_TEXT */
    bool raw;      /* it has too many parts: they are not told apart */
    void *message; /* GMime's */
};

/* Reads n octets of a letter. reader_clear() later. Never fails: what cannot be understood is shown
 * as it stands. */
void reader_open(struct reader *r, const char *p, size_t n);
void reader_clear(struct reader *r);
/* Writes part i, decoded, to a new file (nothing is overwritten, nothing run). False: why. */
bool reader_save(const struct reader *r, size_t i, const char *path, char *why, size_t size);
/* A header field's value with its encoded words decoded (RFC 2047), appended; UTF-8. */
void reader_decode(const char *value, size_t n, struct buf *out);
/* The first field `name` of a letter or a header alone, decoded, at most READER_FIELD octets.
 * False: there is none. */
bool reader_field(const char *p, size_t n, const char *name, struct buf *out);

/* HTML as text: paragraphs, lists, and behind each link its target in < > where that is not the
 * link's own text. Appended, at most max octets; false: there was more. */
bool html_text(const char *p, size_t n, size_t max, struct buf *out);

/* What is odd about a name and an address that claim to be somebody: each a line. domains: those
 * that the reader knows, ended by NULL. True: something was said. */
bool disguise_of(const char *name, const char *address, const char *const *domains,
                 struct buf *out);
/* Each character of UTF-8 text that is not ASCII, a line: "U+0430 CYRILLIC SMALL LETTER A, in
 * 'pаypal'". True: there was one. */
bool disguise_characters(const char *text, size_t n, struct buf *out);
/* A domain as people see it, in U-labels (RFC 5890 2.3.2.1); the caller's. */
char *disguise_domain(const char *domain);
/* Which disguises these functions do not see, in sentences. */
const char *disguise_unseen(void);

#endif
