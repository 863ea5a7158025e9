/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line, read by getopt_long() from the rows of options.def, and --help made from the
 * same rows. */
#include "mode/mode.h"
#include "mode/rows.h"
#include "heloscope/buf.h"
#include "heloscope/fault.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

const struct mode_row mode_rows[] = {
#define MODE(id, word, operands, least, most, does) {MODE_##id, word, operands, least, most, does},
#include "mode/options.def"
};
const size_t mode_rows_n = sizeof mode_rows / sizeof *mode_rows;

enum kind { KIND_FLAG, KIND_TEXT, KIND_MAYBE, KIND_SECONDS, KIND_COUNT, KIND_LIST };

const struct option_row option_rows[] = {
#define OPTION(field, kind, letter, longname, arg, modes, help)                                    \
    {KIND_##kind, letter, longname, arg, modes, help, offsetof(struct args, field)},
#include "mode/options.def"
};
const size_t option_rows_n = sizeof option_rows / sizeof *option_rows;

#define LONG_BASE 1000 /* getopt's value of a row: LONG_BASE + index, above every character */

static const struct mode_row *mode_by_word(const char *word)
{
    for (size_t i = 0; i < mode_rows_n; i++)
        if (mode_rows[i].word[0] && strcmp(mode_rows[i].word, word) == 0)
            return &mode_rows[i];
    return NULL;
}

static bool number(const char *text, unsigned long least, unsigned long most, unsigned long *out)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    *out = strtoul(text, &end, 10);
    return *end == '\0' && *out >= least && *out <= most;
}

static bool store(struct args *a, const struct option_row *o, const char *value, char *why,
                  size_t size)
{
    void *field = (char *)a + o->field;
    unsigned long n;
    switch (o->kind) {
    case KIND_FLAG:
        *(bool *)field = true;
        return true;
    case KIND_LIST: {
        struct words *w = field;
        if (!*value || w->n == WORDS_MAX) {
            if (*value)
                snprintf(why, size, "--%s can be said %d times at most", o->name, WORDS_MAX);
            else
                snprintf(why, size, "--%s wants %s, not nothing", o->name, o->arg);
            return false;
        }
        w->v[w->n++] = value;
        return true;
    }
    case KIND_TEXT:
    case KIND_MAYBE:
        if (!*value && o->kind == KIND_TEXT) {
            snprintf(why, size, "--%s wants %s, not nothing", o->name, o->arg);
            return false;
        }
        *(const char **)field = value;
        return true;
    case KIND_SECONDS:
        if (!number(value, 1, 86400, &n)) {
            snprintf(why, size, "--%s wants whole seconds from 1 to 86400, not '%.60s'", o->name,
                     value);
            return false;
        }
        *(long *)field = (long)n;
        return true;
    case KIND_COUNT:
        if (!number(value, 1, 100000, &n)) {
            snprintf(why, size, "--%s wants a number from 1 to 100000, not '%.60s'", o->name,
                     value);
            return false;
        }
        *(unsigned long *)field = n;
        return true;
    }
    return false;
}

/* The value getopt returned, as a row; NULL: '?' or ':'. */
static const struct option_row *row_of(int c)
{
    if (c >= LONG_BASE)
        return &option_rows[c - LONG_BASE];
    for (size_t i = 0; i < option_rows_n; i++)
        if (option_rows[i].letter && option_rows[i].letter == c)
            return &option_rows[i];
    return NULL;
}

bool args_parse(struct args *a, int argc, char **argv, char *why, size_t size)
{
    struct option longs[sizeof option_rows / sizeof *option_rows + 1];
    char shorts[2 * (sizeof option_rows / sizeof *option_rows) + 2] = ":";
    size_t ns = 1;
    bool given[sizeof option_rows / sizeof *option_rows] = {false};
    memset(a, 0, sizeof *a);
    for (size_t i = 0; i < option_rows_n; i++) {
        const struct option_row *o = &option_rows[i];
        int has = o->kind == KIND_FLAG ? no_argument : required_argument;
        longs[i] = (struct option){o->name, has, NULL, LONG_BASE + (int)i};
        if (o->letter) {
            shorts[ns++] = o->letter;
            if (has)
                shorts[ns++] = ':';
        }
    }
    shorts[ns] = '\0';
    longs[option_rows_n] = (struct option){NULL, 0, NULL, 0};

    opterr = 0;
    optind = 0; /* glibc: begin anew, so that tests can parse more than one line */
    for (;;) {
        /* getopt permutes argv; at '?' the culprit is the word before optind. */
        int c = getopt_long(argc, argv, shorts, longs, NULL);
        if (c == -1)
            break;
        const struct option_row *o = row_of(c);
        if (!o) {
            const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
            const struct option_row *known = optopt ? row_of(optopt) : NULL;
            if (c == ':' && known)
                snprintf(why, size, "--%s wants %s", known->name, known->arg);
            else if (known && known->kind == KIND_FLAG)
                snprintf(why, size, "--%s takes no argument", known->name);
            else if (optopt && optopt < LONG_BASE)
                snprintf(why, size, "unknown option -%c; 'heloscope --help' lists the options",
                         optopt);
            else
                snprintf(why, size,
                         "unknown or ambiguous option %.60s; 'heloscope --help' lists the options",
                         word);
            return false;
        }
        given[o - option_rows] = true;
        if (!store(a, o, optarg, why, size))
            return false;
    }
    a->operands = argv + optind;
    a->noperands = argc - optind;
    const struct mode_row *m = a->noperands > 0 ? mode_by_word(a->operands[0]) : NULL;
    if (m) {
        a->operands++;
        a->noperands--;
    } else {
        m = &mode_rows[0];
    }
    a->mode = m->mode;
    if (a->help || a->version || a->man)
        return true;
    for (size_t i = 0; i < option_rows_n; i++)
        if (given[i] && !(option_rows[i].modes & (1u << m->mode))) {
            snprintf(
                why, size,
                "--%s does not go with 'heloscope%s%s'; 'heloscope %s%s--help' lists what does",
                option_rows[i].name, m->word[0] ? " " : "", m->word, m->word,
                m->word[0] ? " " : "");
            return false;
        }
    if (a->noperands < m->least) {
        snprintf(why, size, "'heloscope %s' wants %s", m->word, m->operands);
        return false;
    }
    if (a->noperands > m->most) {
        snprintf(
            why, size,
            "too much on the command line: '%.60s'; the form is: heloscope [OPTION]...%s%s%s%s",
            a->operands[m->most], m->word[0] ? " " : "", m->word, m->operands[0] ? " " : "",
            m->operands);
        return false;
    }
    return true;
}

/* text in lines of at most 78 columns, each after the first indented. */
static void wrapped(FILE *to, int col, int indent, const char *text)
{
    if (col >= indent) {
        fputc('\n', to);
        col = 0;
    }
    fprintf(to, "%*s", indent - col, "");
    col = indent;
    while (*text) {
        size_t n = strcspn(text, " ");
        if (col > indent && col + 1 + (int)n > 78) {
            fprintf(to, "\n%*s", indent, "");
            col = indent;
        } else if (col > indent) {
            fputc(' ', to);
            col++;
        }
        fwrite(text, 1, n, to);
        col += (int)n;
        text += n;
        text += strspn(text, " ");
    }
    fputc('\n', to);
}

static void help_options(FILE *to, unsigned modes)
{
    for (size_t i = 0; i < option_rows_n; i++) {
        const struct option_row *o = &option_rows[i];
        if (!(o->modes & modes))
            continue;
        int col = o->letter ? fprintf(to, "  -%c, --%s", o->letter, o->name)
                            : fprintf(to, "      --%s", o->name);
        if (o->arg[0])
            col += fprintf(to, " %s", o->arg);
        wrapped(to, col, 32, o->help);
    }
}

void args_help(FILE *to, enum mode m)
{
    const struct mode_row *only = m == MODE_WORKBENCH ? NULL : &mode_rows[m];
    if (only) {
        fprintf(to, "usage: heloscope %s [OPTION]...%s%s\n\n", only->word,
                only->operands[0] ? " " : "", only->operands);
        wrapped(to, 0, 0, only->does);
        fputc('\n', to);
        help_options(to, 1u << m);
        return;
    }
    fputs("heloscope: talk SMTP and POP3 by hand, and see every reply explained\n\n", to);
    for (size_t i = 0; i < mode_rows_n; i++) {
        const struct mode_row *r = &mode_rows[i];
        int col = fprintf(to, "  heloscope %s%s%s", r->word,
                          r->word[0] && r->operands[0] ? " " : "", r->operands);
        wrapped(to, col, 32, r->does);
    }
    fputs("\nTARGET is smtp://HOST[:PORT], smtps://, submission://, lmtp://, pop3://,\n"
          "pop3s://, lmtp:/PATH or unix:/PATH (a socket; without a word LMTP is spoken),\n"
          "mx:DOMAIN (its mail exchangers), or HOST[:PORT] (a well-known port tells the\n"
          "protocol).\n\nOptions:\n",
          to);
    help_options(to, IN_WORKBENCH | IN_PRACTICE | IN_OPEN);
    for (size_t i = 1; i < mode_rows_n; i++) {
        unsigned own = 1u << mode_rows[i].mode;
        bool has = false;
        for (size_t k = 0; k < option_rows_n; k++)
            has |= option_rows[k].modes == own;
        if (!has)
            continue;
        fprintf(to, "\nOptions of 'heloscope %s':\n", mode_rows[i].word);
        for (size_t k = 0; k < option_rows_n; k++)
            if (option_rows[k].modes == own) {
                const struct option_row *o = &option_rows[k];
                int col = fprintf(to, "      --%s%s%s", o->name, o->arg[0] ? " " : "", o->arg);
                wrapped(to, col, 32, o->help);
            }
    }
    fputs("\nOptions of several commands ('heloscope COMMAND --help' explains them):\n", to);
    struct buf shared;
    buf_init(&shared, 4096);
    for (size_t k = 0; k < option_rows_n; k++) {
        unsigned in = option_rows[k].modes;
        if (!(in & (IN_WORKBENCH | IN_PRACTICE | IN_OPEN)) && (in & (in - 1)))
            buf_addf(&shared, "%s--%s", shared.len ? ", " : "", option_rows[k].name);
    }
    wrapped(to, 0, 2, buf_str(&shared));
    buf_clear(&shared);
    fputs("\nExit status:\n", to);
#define X(name, status, words) fprintf(to, "  %d  %s\n", status, words);
    FAULT_LIST(X)
#undef X
    fputs("\n'heloscope --man | man -l -' shows the manual.\n", to);
}
