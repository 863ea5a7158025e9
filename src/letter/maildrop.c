/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A maildrop over a POP3 session. It sends commands and reads the session's transcript, where their
 * replies come in: the same for what it asked and for what the user typed. */
#include "heloscope/maildrop.h"
#include "heloscope/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    ROWS_MAX = 1000000,
    FLIGHT = 40,          /* TOPs at once */
    HEADER_MAX = 1 << 18, /* octets of a header that are looked at */
};
#define LETTER_MAX ((size_t)256 << 20)

struct maildrop {
    struct session *s;
    const struct source *src;
    size_t seen; /* items of the transcript that were looked at */
    bool looking, asked_list, listed;
    char refused[300];
    struct drop_row *rows;
    size_t n;
    size_t *index; /* number -> row + 1 */
    size_t nindex;
    unsigned flying;    /* TOPs whose reply has not come */
    size_t want, nwant; /* rows that are shown */
    size_t fetching;    /* row + 1 */
    size_t fetched;     /* row + 1 */
    char fetch_refused[300];
    struct buf letter;
};

static bool send_list(struct maildrop *m)
{
    char why[200];
    m->asked_list = session_line(m->s, "LIST", 4, why, sizeof why);
    if (!m->asked_list) {
        m->listed = true;
        snprintf(m->refused, sizeof m->refused, "%s", why);
    }
    return m->asked_list;
}

struct maildrop *maildrop_open(struct session *s, char *why, size_t size)
{
    if (strcmp(session_proto(s)->name, "pop3") != 0 || !session_is_open(s) ||
        !session_now(s)->authed) {
        snprintf(why, size,
                 "a mailbox is read over a POP3 session that has logged in: USER and PASS, "
                 "or :auth");
        return NULL;
    }
    if (session_outstanding(s)) {
        snprintf(why, size, "the session still waits for a reply");
        return NULL;
    }
    struct maildrop *m = xcalloc(1, sizeof *m);
    m->s = s;
    m->src = transcript_source(session_transcript(s));
    m->seen = m->src->count(m->src->self);
    buf_init(&m->letter, LETTER_MAX);
    if (session_caps(s))
        send_list(m);
    else
        session_line(s, "CAPA", 4, why, size);
    return m;
}

static void forget(struct maildrop *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->rows[i].from);
        free(m->rows[i].subject);
        free(m->rows[i].date);
    }
    free(m->rows);
    free(m->index);
    m->rows = NULL;
    m->index = NULL;
    m->n = m->nindex = 0;
}

void maildrop_free(struct maildrop *m)
{
    if (!m)
        return;
    forget(m);
    buf_clear(&m->letter);
    free(m);
}

static struct drop_row *row_of(struct maildrop *m, unsigned long number)
{
    return number < m->nindex && m->index[number] ? &m->rows[m->index[number] - 1] : NULL;
}

/* "12 3456" */
static bool two_numbers(const struct span *line, unsigned long *a, unsigned long long *b)
{
    char text[64], *end;
    if (line->n >= sizeof text)
        return false;
    memcpy(text, line->p, line->n);
    text[line->n] = '\0';
    *a = strtoul(text, &end, 10);
    if (end == text || *end != ' ' || *a == 0 || *a > ROWS_MAX)
        return false;
    *b = strtoull(end, &end, 10);
    return *end == '\0' || *end == ' ';
}

static void take_list(struct maildrop *m, size_t item, const struct item *it)
{
    forget(m);
    size_t cap = 0;
    for (uint64_t k = 1; k < it->lines && m->n < ROWS_MAX; k++) {
        struct span line;
        unsigned long number;
        unsigned long long octets;
        if (!m->src->line(m->src->self, item, k, &line) || !two_numbers(&line, &number, &octets))
            continue;
        if (m->n == cap) {
            cap = cap ? 2 * cap : 64;
            m->rows = xrealloc(m->rows, cap * sizeof *m->rows);
        }
        if (number >= m->nindex) {
            size_t to = 2 * number + 64;
            m->index = xrealloc(m->index, to * sizeof *m->index);
            memset(m->index + m->nindex, 0, (to - m->nindex) * sizeof *m->index);
            m->nindex = to;
        }
        if (m->index[number])
            continue; /* told twice: the first counts */
        m->rows[m->n] = (struct drop_row){.number = (unsigned)number, .octets = octets};
        m->index[number] = ++m->n;
    }
    m->listed = true;
}

/* The lines of a body from line 1 on, dots unstuffed, at most max octets. */
static void body_of(struct maildrop *m, size_t item, const struct item *it, size_t max,
                    struct buf *out)
{
    for (uint64_t k = 1; k < it->lines && out->len < max; k++) {
        struct span line;
        if (!m->src->line(m->src->self, item, k, &line))
            break;
        if (line.n == 1 && *line.p == '.' && k + 1 == it->lines)
            break;
        bool dot = line.n > 1 && *line.p == '.';
        buf_add(out, line.p + dot, line.n - dot);
        buf_add(out, "\r\n", 2);
    }
}

static char *field_of(const struct buf *b, const char *name)
{
    struct buf out;
    buf_init(&out, 4 * READER_FIELD);
    reader_field(b->p ? b->p : "", b->len, name, &out);
    char *text = xstrdup(buf_str(&out));
    buf_clear(&out);
    return text;
}

static void take_header(struct maildrop *m, struct drop_row *r, size_t item, const struct item *it)
{
    struct buf b;
    buf_init(&b, 2 * HEADER_MAX);
    body_of(m, item, it, HEADER_MAX, &b);
    free(r->from);
    free(r->subject);
    free(r->date);
    r->from = field_of(&b, "From");
    r->subject = field_of(&b, "Subject");
    r->date = field_of(&b, "Date");
    r->state = DROP_KNOWN;
    buf_clear(&b);
}

static void first_line(struct maildrop *m, size_t item, char *out, size_t size)
{
    struct span line = {"", 0};
    m->src->line(m->src->self, item, 0, &line);
    snprintf(out, size, "%.*s", (int)(line.n < 250 ? line.n : 250), line.p);
}

static bool take(struct maildrop *m, size_t item, const struct item *it, const struct moment *mo)
{
    const char *verb = mo->command.verb ? mo->command.verb->name : "";
    bool ok = mo->reply.cls == REPLY_OK;
    struct span said = {"", 0};
    size_t c = item;
    struct item cmd;
    while (c-- > 0 && item - c < 500)
        if (m->src->item(m->src->self, c, &cmd) && cmd.kind == ITEM_CLIENT &&
            cmd.exchange == mo->exchange) {
            m->src->line(m->src->self, c, 0, &said);
            break;
        }
    char arg[32] = "";
    if (mo->command.arg < said.n)
        snprintf(arg, sizeof arg, "%.*s",
                 (int)(said.n - mo->command.arg < 20 ? said.n - mo->command.arg : 20),
                 said.p + mo->command.arg);
    unsigned long number = strtoul(arg, NULL, 10);
    struct drop_row *r = row_of(m, number);
    if (!strcmp(verb, "CAPA") && !m->asked_list)
        return send_list(m);
    if (!strcmp(verb, "LIST") && !number) {
        if (ok)
            take_list(m, item, it);
        else
            first_line(m, item, m->refused, sizeof m->refused);
        m->listed = true;
        return true;
    }
    if (!strcmp(verb, "TOP") && r) {
        m->flying -= m->flying > 0;
        if (ok)
            take_header(m, r, item, it);
        else
            r->state = DROP_REFUSED;
        maildrop_want(m, m->want, m->nwant);
        return true;
    }
    if (!strcmp(verb, "RETR") && r) {
        size_t i = (size_t)(r - m->rows);
        if (m->fetching != i + 1)
            return false; /* typed by the user: the transcript shows it */
        m->fetching = 0;
        m->fetched = i + 1;
        m->fetch_refused[0] = '\0';
        buf_trim(&m->letter, 0);
        if (ok)
            body_of(m, item, it, LETTER_MAX, &m->letter);
        else
            first_line(m, item, m->fetch_refused, sizeof m->fetch_refused);
        if (ok && r->state != DROP_KNOWN)
            take_header(m, r, item, it);
        return true;
    }
    if (!strcmp(verb, "DELE") && r && ok)
        return r->gone = true;
    if (!strcmp(verb, "RSET") && ok) {
        for (size_t i = 0; i < m->n; i++)
            m->rows[i].gone = false;
        return true;
    }
    return false;
}

bool maildrop_look(struct maildrop *m)
{
    bool changed = false;
    size_t n = m->src->count(m->src->self);
    if (m->looking) /* what is sent in take() is reported at once */
        return false;
    m->looking = true;
    for (; m->seen < n; m->seen++) {
        struct item it;
        struct moment mo;
        if (!m->src->item(m->src->self, m->seen, &it))
            continue;
        if (it.open)
            break;
        if (it.kind == ITEM_SERVER && m->src->moment(m->src->self, m->seen, &mo) && !mo.unsolicited)
            changed = take(m, m->seen, &it, &mo) || changed;
    }
    m->looking = false;
    if (!session_is_open(m->s) && !m->listed) {
        m->listed = true;
        snprintf(m->refused, sizeof m->refused, "the connection is closed");
        changed = true;
    }
    return changed;
}

bool maildrop_listed(const struct maildrop *m, const char **why)
{
    *why = m->refused;
    return m->listed;
}

size_t maildrop_count(const struct maildrop *m)
{
    return m->n;
}

const struct drop_row *maildrop_row(const struct maildrop *m, size_t i)
{
    return i < m->n ? &m->rows[i] : NULL;
}

void maildrop_want(struct maildrop *m, size_t i, size_t n)
{
    const struct caps *c = session_caps(m->s);
    unsigned most = c && caps_find(c, "PIPELINING") ? FLIGHT : 1;
    struct buf lines;
    char why[200];
    m->want = i;
    m->nwant = n;
    if (!session_is_open(m->s) || m->fetching)
        return;
    buf_init(&lines, 4096);
    for (size_t k = i; k < i + n && k < m->n && m->flying < most; k++)
        if (m->rows[k].state == DROP_UNKNOWN && !m->rows[k].gone) {
            m->rows[k].state = DROP_ASKED;
            m->flying++;
            buf_addf(&lines, "TOP %u 0\r\n", m->rows[k].number);
        }
    if (lines.len)
        session_lines(m->s, lines.p, lines.len, why, sizeof why);
    buf_clear(&lines);
}

static bool about(struct maildrop *m, size_t i, const char *verb, char *why, size_t size)
{
    char line[40];
    int n = snprintf(line, sizeof line, "%s %u", verb, m->rows[i].number);
    return session_line(m->s, line, (size_t)n, why, size);
}

bool maildrop_fetch(struct maildrop *m, size_t i, char *why, size_t size)
{
    if (i >= m->n || m->fetching || m->rows[i].gone) {
        snprintf(why, size, "%s",
                 i >= m->n     ? "there is no such letter"
                 : m->fetching ? "another letter is coming: wait for it"
                               : "it is marked as deleted; RSET takes the mark away");
        return false;
    }
    if (!about(m, i, "RETR", why, size))
        return false;
    m->fetching = i + 1;
    m->fetched = 0;
    return true;
}

bool maildrop_delete(struct maildrop *m, size_t i, char *why, size_t size)
{
    if (i >= m->n) {
        snprintf(why, size, "there is no such letter");
        return false;
    }
    return about(m, i, "DELE", why, size);
}

bool maildrop_letter(const struct maildrop *m, size_t *row, const char **p, size_t *n,
                     const char **why)
{
    *why = m->fetch_refused;
    if (!m->fetched)
        return false;
    *row = m->fetched - 1;
    *p = m->letter.p ? m->letter.p : "";
    *n = m->letter.len;
    return !m->fetch_refused[0];
}

uint64_t maildrop_coming(const struct maildrop *m)
{
    struct item it;
    uint64_t octets = 0;
    size_t n = m->src->count(m->src->self);
    if (!m->fetching || !n || !m->src->item(m->src->self, n - 1, &it) || !it.open)
        return 0;
    octets = it.lines * 60; /* about: what is open has no size yet */
    return octets ? octets : 1;
}
