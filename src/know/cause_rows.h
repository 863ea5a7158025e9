/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How replies are prepared for matching, and how the rows of src/know/causes/ are read.
 *
 * A reply is folded first: lines joined, the codes at their beginnings taken away, letters made
 * small (A to Z, Cyrillic), Latin letters lose their accents, as in patterns ("é" is "e", "ł" is
 * "l": servers write both), apostrophes dropped, everything else that is no letter or digit made
 * one blank; an IPv4 address becomes the word "ip", a mail address "addr", and what stands in a URL
 * is set apart. Languages that part no words (Chinese, Japanese, Korean): each character is a word.
 *
 * A pattern: parts joined by `&`, which must all be found; a part that begins with `!` must not be.
 * A part is groups joined by `~`: each begins after the one before and within CAUSE_NEAR octets. A
 * group is literals joined by `|`, or a `$name` of words.def among them. A literal is whole words;
 * `*` at its end lets the last word go on ("block*"), `/` at its beginning finds it in URLs only. A
 * pattern "" is for rows of codes alone.
 *
 * When: words, of which each kind present must be met by one: 550, 5xx, 5.7.1, x.7.1, 5.7.x (any
 * detail), x.7.500-x.7.699 (a range), @rcpt, smtp, pop3, [AUTH], -enh (the reply has no enhanced
 * code). */
#ifndef KNOW_CAUSE_ROWS_H
#define KNOW_CAUSE_ROWS_H

#include "heloscope/cause.h"

enum { CAUSE_NEAR = 60, CAUSE_URL = 1 };

struct cause_text {
    bool pop3, positive, cut;
    int code;
    unsigned eclass, esubject, edetail;
    char respcode[16];
    size_t n;
    unsigned char text[CAUSE_TEXT_MAX + 64]; /* folded; begins and ends with a blank */
};
void cause_fold(const struct cause_question *q, struct cause_text *out);

/* Does c begin a character that is a word by itself? Three octets each: U+3000 to U+D7FF. */
static inline bool cause_glyph(unsigned char c)
{
    return c >= 0xE3 && c <= 0xED;
}

/* The letter a to z that U+00C0 to U+017F, in two octets, is without its accent; 0: none. */
static inline char cause_plain_letter(unsigned char a, unsigned char b)
{
    static const char letters[] =
        "aaaaaaaceeeeiiiidnooooo\0ouuuuy\0saaaaaaaceeeeiiiidnooooo\0ouuuuy\0y"
        "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
        "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
    _Static_assert(sizeof letters == 3 * 64 + 1, "a letter for each");
    return a >= 0xC3 && a <= 0xC5 && b >= 0x80 && b <= 0xBF ? letters[(a - 0xC3) * 64 + (b - 0x80)]
                                                            : 0;
}

/* One range of enhanced codes; cls 0: any. */
struct cause_enh {
    uint8_t cls, subject;
    uint16_t lo, hi;
};
struct cause_when {
    uint16_t codes[12]; /* 550; 5 for 5xx; 0 ends */
    struct cause_enh enh[8];
    uint8_t ncodes, nenh, stages; /* stages: bits; 0 any */
    char proto;                   /* 's', 'p' or 0 */
    bool bare;                    /* -enh */
    char respcode[16];
};

/* What matched: row and how many letters of its pattern. */
struct cause_hit {
    uint16_t row, letters;
    bool by_code;
};
enum { CAUSE_HITS_MAX = 128 };
/* All rows that match; returns how many (at most CAUSE_HITS_MAX). */
size_t cause_match(const struct cause_text *t, enum cause_stage stage, struct cause_hit *hits);
/* For the tests: do the words of row r match (codes and stage aside)? And the literals of a
 * `$name`, NULL if there is none of that name. */
bool cause_row_words(size_t r, const struct cause_text *t);
const char *cause_words(const char *name, size_t n);

#endif
