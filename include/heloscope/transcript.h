/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was said, numbered and append-only; secrets are masked before they come here, so that the
 * screen, the history, a saved file and a copy can none of them show one. One entry is a whole
 * command, a whole reply (with its body), or an event. Raw bytes are kept as they came. */
#ifndef HELOSCOPE_TRANSCRIPT_H
#define HELOSCOPE_TRANSCRIPT_H

#include "heloscope/frame.h"
#include "heloscope/proto.h"
#include "heloscope/source.h"

struct transcript;

/* A new transcript that keeps at most max octets of text (0: 1 GiB). Above that bodies are counted
 * and thrown away, and an event says so. */
struct transcript *transcript_new(size_t max);
void transcript_free(struct transcript *t);

/* Appends an entry (a copy of *m and of the text) and returns its index. */
size_t transcript_add(struct transcript *t, enum item_kind kind, enum item_mark mark,
                      const struct moment *m, const char *text, size_t n, unsigned notes);
/* More raw bytes of a reply that is still coming in (entry `i`, normally the last reply). */
void transcript_more(struct transcript *t, size_t i, const char *bytes, size_t n, unsigned notes);
/* Marks the entry as one that is still growing (a letter that is read as it is sent), until
 * transcript_close(). */
void transcript_reopen(struct transcript *t, size_t i);
/* The reply is whole: its mark, what it meant and how long it took. */
void transcript_close(struct transcript *t, size_t i, enum item_mark mark, const struct moment *m,
                      uint32_t took_us);
/* All the text of an entry; borrowed until it grows. */
struct span transcript_text(const struct transcript *t, size_t i);
/* Takes n octets of an entry's text away, from `from` on: who printed them needs them no more. What
 * the source says of the entry's lines is then true of what is left. */
void transcript_cut(struct transcript *t, size_t i, size_t from, size_t n);
/* A sentence shown under an entry whatever the annotation level ("decoded: user student, password
 * hidden"). */
void transcript_remark(struct transcript *t, size_t i, const char *text);

/* The difference that a capability reply made to the list before it. */
void transcript_caps(struct transcript *t, size_t i, int added, int gone, int changed);

/* When an entry was said (ms since 1970, 0: unknown); transcript_add() takes the present. */
void transcript_when(struct transcript *t, size_t i, int64_t ms);

/* Lets go of the entries below i (for runs of any length that print as they go): they keep their
 * numbers, and the source has no such item any more. An entry still open stays. */
void transcript_forget(struct transcript *t, size_t i);

size_t transcript_count(const struct transcript *t);
/* Octets kept and octets thrown away at the ceiling. */
uint64_t transcript_kept(const struct transcript *t);
uint64_t transcript_dropped(const struct transcript *t);
/* The view of it; borrowed, lives as long as t. */
const struct source *transcript_source(struct transcript *t);

/* Line starts of a long text, sparsely: one offset for each 64 lines, so 1/8 octet a line. Feed it
 * the bytes as they come; it works for a growing body and for a mapped file alike. */
struct lineindex {
    uint64_t *at; /* at[k]: offset of line 64 * k */
    size_t n, cap;
    uint64_t lines; /* whole lines seen (LFs) */
    uint64_t bytes;
};
void lineindex_init(struct lineindex *x);
void lineindex_clear(struct lineindex *x);
void lineindex_feed(struct lineindex *x, const char *p, size_t n);
/* The line k of the text p[0..n): without line end. False: there is no such line. */
bool lineindex_line(const struct lineindex *x, const char *p, size_t n, uint64_t k,
                    const char **line, size_t *len);
/* The line that holds the octet at offset. */
uint64_t lineindex_at(const struct lineindex *x, const char *p, size_t n, uint64_t offset);

#endif
