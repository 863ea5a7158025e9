/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A maildrop over a POP3 session. It sends commands and reads the session's transcript, where their
 * replies come in: the same for what it asked and for what the user typed. */
#include "heloscope/maildrop.h"
#include "heloscope/harmless.h"
#include "heloscope/reader.h"
#include "heloscope/transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    ROWS_MAX = 1000000,
    FLIGHT = 40,          /* TOPs at once */
    TOP_TRIES = 3,        /* a server that refused so many, and no other, knows no TOP */
    HEADER_MAX = 1 << 18, /* octets of a header that are looked at */
};
#define LETTER_MAX ((size_t)256 << 20)

struct maildrop {
    struct session *s;
    const struct source *src;
    size_t seen; /* items of the transcript that were looked at */
    bool looking, asked_list, listed, over;
    char refused[500], note[400];
    struct drop_row *rows;
    size_t n;
    size_t *index; /* number -> row + 1 */
    size_t nindex;
    unsigned flying; /* TOPs whose reply has not come */
    unsigned known, no_top;
    size_t want, nwant; /* rows that are shown */
    size_t fetching;    /* row + 1 */
    size_t fetched;     /* row + 1 */
    char fetch_refused[300];
    struct buf letter;
    bool letter_cut;
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
    if (session_caps(s) || !session_line(s, "CAPA", 4, why, size))
        send_list(m);
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
static bool two_numbers(const char *p, size_t n, unsigned long *a, unsigned long long *b)
{
    char text[64], *end;
    if (n >= sizeof text)
        return false;
    memcpy(text, p, n);
    text[n] = '\0';
    *a = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != ' ' || *a == 0)
        return false;
    while (*end == ' ')
        end++;
    if (*end < '0' || *end > '9')
        return false;
    *b = strtoull(end, &end, 10);
    return *end == '\0' || *end == ' ';
}

/* The text of a reply behind its first line. Taken whole: asking for each line by its number would
 * cost the square of a long list. */
static struct span below_first(struct maildrop *m, size_t item)
{
    struct span all = transcript_text(session_transcript(m->s), item);
    const char *lf = memchr(all.p, '\n', all.n);
    return lf ? (struct span){lf + 1, all.n - (size_t)(lf + 1 - all.p)} : (struct span){"", 0};
}

/* The next line of *rest without its end; false: there is none. */
static bool next_line(struct span *rest, struct span *line)
{
    if (!rest->n)
        return false;
    const char *lf = memchr(rest->p, '\n', rest->n);
    size_t all = lf ? (size_t)(lf - rest->p) + 1 : rest->n, n = all - (lf != NULL);
    *line = (struct span){rest->p, n - (n && rest->p[n - 1] == '\r')};
    rest->p += all;
    rest->n -= all;
    return true;
}

struct oddities {
    size_t twice, odd, beyond;
};

static void take_row(struct maildrop *m, const struct span *line, size_t *cap, struct oddities *o)
{
    unsigned long number;
    unsigned long long octets;
    if (!two_numbers(line->p, line->n, &number, &octets)) {
        o->odd++;
        return;
    }
    if (number > ROWS_MAX) {
        o->beyond++;
        return;
    }
    if (m->n == *cap) {
        *cap = *cap ? 2 * *cap : 64;
        m->rows = xrealloc(m->rows, *cap * sizeof *m->rows);
    }
    if (number >= m->nindex) {
        size_t to = 2 * number + 64;
        m->index = xrealloc(m->index, to * sizeof *m->index);
        memset(m->index + m->nindex, 0, (to - m->nindex) * sizeof *m->index);
        m->nindex = to;
    }
    if (m->index[number]) {
        o->twice++;
        return;
    }
    m->rows[m->n] = (struct drop_row){.number = (unsigned)number, .octets = octets};
    m->index[number] = 1 + m->n++;
}

static void take_list(struct maildrop *m, size_t item, bool whole)
{
    struct span rest = below_first(m, item), line;
    struct oddities o = {0};
    size_t cap = 0, at = 0;
    bool ended = false;
    forget(m);
    while (!ended && next_line(&rest, &line)) {
        ended = line.n == 1 && *line.p == '.';
        if (!ended && (rest.n || whole)) /* the last line of a list that was cut off is none */
            take_row(m, &line, &cap, &o);
    }
    m->listed = true;
    m->note[0] = '\0';
#define SAY(...)                                                                                   \
    at += (size_t)(at < sizeof m->note ? snprintf(m->note + at, sizeof m->note - at, __VA_ARGS__)  \
                                       : 0)
    if (!whole)
        SAY("The connection was closed in the middle of the list: there may be more letters. ");
    if (o.twice)
        SAY("%zu numbers were told twice: the first line counts. ", o.twice);
    if (o.odd)
        SAY("%zu lines of the list are no \"number octets\" (RFC 1939 5). ", o.odd);
    if (o.beyond)
        SAY("%zu letters above number %d are not shown. ", o.beyond, ROWS_MAX);
#undef SAY
}

/* As much as there is room for. */
static bool add_some(struct buf *out, const char *p, size_t n)
{
    size_t room = out->max - out->len;
    return buf_add(out, p, n < room ? n : room) && n <= room;
}

/* The lines of a body, dots unstuffed. False: there is more than out may hold. */
static bool body_of(struct maildrop *m, size_t item, struct buf *out)
{
    struct span rest = below_first(m, item), line;
    const char *run = rest.p; /* copied in one piece as far as nothing is to be changed */
    const char *last = rest.p + rest.n;
    bool all = true;
    while (all && next_line(&rest, &line)) {
        bool dot = line.n > 0 && *line.p == '.', crlf = line.p + line.n + 2 == rest.p;
        if (dot && line.n == 1 && !rest.n) {
            last = line.p;
            break;
        }
        if (!dot && crlf)
            continue;
        all = add_some(out, run, (size_t)(line.p - run)) &&
              add_some(out, line.p + dot, line.n - dot) && add_some(out, "\r\n", 2);
        run = rest.p;
    }
    return all && (last <= run || add_some(out, run, (size_t)(last - run)));
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

static void take_header(struct maildrop *m, struct drop_row *r, size_t item)
{
    struct buf b;
    buf_init(&b, HEADER_MAX);
    body_of(m, item, &b);
    free(r->from);
    free(r->subject);
    free(r->date);
    r->from = field_of(&b, "From");
    r->subject = field_of(&b, "Subject");
    r->date = field_of(&b, "Date");
    m->known += r->state != DROP_KNOWN;
    r->state = DROP_KNOWN;
    buf_clear(&b);
}

static void first_line(struct maildrop *m, size_t item, char *out, size_t size)
{
    struct span line = {"", 0};
    m->src->line(m->src->self, item, 0, &line);
    snprintf(out, size, "%.*s", (int)(line.n < 250 ? line.n : 250), line.p);
}

/* Why there is no header, in the server's words. */
static void take_refusal(struct maildrop *m, struct drop_row *r, size_t item)
{
    char line[256];
    struct buf b;
    buf_init(&b, 2048);
    first_line(m, item, line, sizeof line);
    text_clean(&b, line, strlen(line));
    free(r->subject);
    r->subject = xstrdup(buf_str(&b));
    r->state = DROP_REFUSED;
    buf_clear(&b);
}

static bool take(struct maildrop *m, size_t item, const struct moment *mo)
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
            take_list(m, item, true);
        else
            first_line(m, item, m->refused, sizeof m->refused);
        m->listed = true;
        return true;
    }
    if (!strcmp(verb, "TOP") && r) {
        m->flying -= m->flying > 0;
        if (ok)
            take_header(m, r, item);
        else if (r->state != DROP_KNOWN)
            take_refusal(m, r, item);
        m->no_top += !ok;
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
            m->letter_cut = !body_of(m, item, &m->letter);
        else
            first_line(m, item, m->fetch_refused, sizeof m->fetch_refused);
        if (ok && r->state != DROP_KNOWN)
            take_header(m, r, item);
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

/* The connection is gone; what was being told stands in the transcript, open for ever. */
static void cut_off(struct maildrop *m)
{
    struct item it;
    bool open = m->src->item(m->src->self, m->seen, &it) && it.open;
    m->over = true;
    if (!m->listed && m->asked_list && open)
        take_list(m, m->seen, false);
    if (m->listed && !m->n && m->note[0])
        snprintf(m->refused, sizeof m->refused, "%s", m->note);
    if (!m->listed)
        snprintf(m->refused, sizeof m->refused, "the connection is closed: %s",
                 *session_last(m->s) ? session_last(m->s) : "no list came");
    m->listed = true;
    if (m->fetching) {
        snprintf(m->fetch_refused, sizeof m->fetch_refused,
                 "the connection was closed before letter %u was whole (%llu octets had come); "
                 "they stand in the talk",
                 m->rows[m->fetching - 1].number,
                 (unsigned long long)(open ? below_first(m, m->seen).n : 0));
        m->fetched = m->fetching;
        m->fetching = 0;
    }
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
            changed = take(m, m->seen, &mo) || changed;
    }
    m->looking = false;
    if (!session_is_open(m->s) && !m->over) {
        cut_off(m);
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
        if (m->rows[k].state == DROP_UNKNOWN && !m->known && m->no_top >= TOP_TRIES) {
            m->rows[k].state = DROP_REFUSED;
        } else if (m->rows[k].state == DROP_UNKNOWN && !m->rows[k].gone) {
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

bool maildrop_letter(struct maildrop *m, size_t *row, struct buf *out, bool *cut, const char **why)
{
    *why = m->fetch_refused;
    if (!m->fetched)
        return false;
    *row = m->fetched - 1;
    if (m->fetch_refused[0])
        return false;
    buf_clear(out);
    *out = m->letter;
    *cut = m->letter_cut;
    buf_init(&m->letter, LETTER_MAX);
    m->fetched = 0;
    return true;
}

uint64_t maildrop_coming(const struct maildrop *m, const struct drop_row **row)
{
    struct item it;
    *row = m->fetching ? &m->rows[m->fetching - 1] : NULL;
    if (!m->fetching || !m->src->item(m->src->self, m->seen, &it) || !it.open)
        return 0;
    return transcript_text(session_transcript(m->s), m->seen).n;
}

uint64_t maildrop_listing(const struct maildrop *m)
{
    struct item it;
    if (m->listed || !m->src->item(m->src->self, m->seen, &it) || !it.open)
        return 0;
    return it.lines > 1 ? it.lines - 1 : 0;
}

const char *maildrop_note(const struct maildrop *m)
{
    return m->note;
}
