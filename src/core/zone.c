/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zone files. ldns reads the master file format (RFC 1035 5); here is what a resolver makes of the
 * records: names that exist because something lies below them (RFC 8020), wildcards (RFC 4592),
 * CNAMEs, and names that were told to time out. The only file that knows ldns. */
#include "heloscope/zone.h"
#include "core/lazy/ldns.gen.h"
#include "heloscope/buf.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CNAMES_MAX = 16, ANY = 0 };

/* A record. The key is the name in small letters with its labels turned round and \1 between them
 * ("test\1bank\1pay"), so that sorted records stand in their tree's order. */
struct entry {
    char *key;
    unsigned type;
    size_t order; /* in the file */
    struct rr rr;
};

struct silent {
    char *key;
    unsigned type; /* ANY: all */
};

struct zone {
    struct entry *at;
    size_t n, cap;
    struct rr *rrs; /* of at[i], in its order: what answers point into */
    struct silent *silent;
    size_t nsilent;
};

static const struct {
    const char *name;
    enum rr_type type;
} types[] = {{"A", RR_A},
             {"NS", RR_NS},
             {"CNAME", RR_CNAME},
             {"PTR", RR_PTR},
             {"MX", RR_MX},
             {"TXT", RR_TXT},
             {"AAAA", RR_AAAA},
             {"SPF", (enum rr_type)99},
             {"SRV", (enum rr_type)33}};

const char *rr_type_name(enum rr_type t)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == t)
            return types[i].name;
    return "?";
}

/* ---- names ---- */

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* The key of a name; false: it cannot be a name (empty or long labels, too long). */
static bool name_key(const char *name, size_t n, char out[ZONE_NAME])
{
    size_t to = 0;
    if (n && name[n - 1] == '.')
        n--;
    if (n > 253)
        return false;
    for (size_t end = n; end > 0;) {
        size_t start = end;
        while (start > 0 && name[start - 1] != '.')
            start--;
        if (start == end || end - start > 63)
            return false;
        if (to)
            out[to++] = 1;
        for (size_t i = start; i < end; i++)
            out[to++] = name[i] ? small(name[i]) : 2;
        if (start == 1)
            return false; /* a dot in front */
        end = start ? start - 1 : 0;
    }
    out[to] = '\0';
    return true;
}

/* The text of a name of ldns, small, without the last dot. Dots and NULs inside a label, which no
 * mail name has, become "_". */
static void name_text(const ldns_rdf *d, char out[ZONE_NAME])
{
    const uint8_t *p = ldns_rdf_data(d);
    size_t n = ldns_rdf_size(d), at = 0, to = 0;
    while (at < n && p[at] && p[at] < 64) {
        size_t len = p[at++];
        if (to)
            out[to++] = '.';
        for (size_t i = 0; i < len && at < n && to < ZONE_NAME - 2; i++, at++)
            out[to++] = p[at] == '.' || p[at] == 0 ? '_' : small((char)p[at]);
    }
    out[to] = '\0';
}

/* ---- reading ---- */

static void add(struct zone *z, const char *name, unsigned type, const void *data, size_t n,
                unsigned preference)
{
    char key[ZONE_NAME];
    if (!name_key(name, strlen(name), key))
        return;
    if (z->n == z->cap) {
        z->cap = z->cap ? 2 * z->cap : 64;
        z->at = xrealloc(z->at, z->cap * sizeof *z->at);
    }
    char *copy = xmalloc(n + 1);
    if (n)
        memcpy(copy, data, n);
    copy[n] = '\0';
    z->at[z->n] = (struct entry){.key = xstrdup(key),
                                 .type = type,
                                 .order = z->n,
                                 .rr = {.data = copy, .n = n, .preference = preference}};
    z->n++;
}

/* What of a record's data is needed. */
static void take(struct zone *z, const ldns_rr *rr)
{
    char owner[ZONE_NAME], name[ZONE_NAME];
    unsigned type = (unsigned)ldns_rr_get_type(rr);
    size_t fields = ldns_rr_rd_count(rr);
    name_text(ldns_rr_owner(rr), owner);
    const ldns_rdf *first = fields ? ldns_rr_rdf(rr, 0) : NULL;
    struct buf b;
    switch (type) {
    case RR_A:
    case RR_AAAA:
        if (first && ldns_rdf_size(first) == (type == RR_A ? 4 : 16))
            add(z, owner, type, ldns_rdf_data(first), ldns_rdf_size(first), 0);
        break;
    case RR_NS:
    case RR_CNAME:
    case RR_PTR:
        if (!first)
            break;
        name_text(first, name);
        add(z, owner, type, name, strlen(name), 0);
        break;
    case RR_MX:
        if (fields < 2 || ldns_rdf_size(first) != 2)
            break;
        name_text(ldns_rr_rdf(rr, 1), name);
        add(z, owner, type, name, strlen(name),
            (unsigned)(ldns_rdf_data(first)[0] << 8 | ldns_rdf_data(first)[1]));
        break;
    case RR_TXT:
        buf_init(&b, 65536);
        for (size_t i = 0; i < fields; i++) {
            const ldns_rdf *s = ldns_rr_rdf(rr, i); /* a length octet and that many */
            if (ldns_rdf_size(s) > 1)
                buf_add(&b, ldns_rdf_data(s) + 1, ldns_rdf_size(s) - 1);
        }
        add(z, owner, type, buf_str(&b), b.len, 0);
        buf_clear(&b);
        break;
    default: /* not asked for, but the name exists */
        add(z, owner, type, "", 0, 0);
    }
}

static bool silence(struct zone *z, const char *name, size_t n, const char *below, size_t nbelow,
                    unsigned type)
{
    char full[600], key[ZONE_NAME];
    if (n + nbelow + 2 > sizeof full)
        return false;
    memcpy(full, name, n);
    if (nbelow) {
        full[n++] = '.';
        memcpy(full + n, below, nbelow);
        n += nbelow;
    }
    if (!name_key(full, n, key))
        return false;
    z->silent = xrealloc(z->silent, (z->nsilent + 1) * sizeof *z->silent);
    z->silent[z->nsilent++] = (struct silent){xstrdup(key), type};
    return true;
}

static size_t blanks(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && (p[i] == ' ' || p[i] == '\t'))
        i++;
    return i;
}

static size_t word(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && p[i] != ' ' && p[i] != '\t' && p[i] != '\r' && p[i] != ';')
        i++;
    return i;
}

/* A line that begins with ";!". NULL: fine; else what is wrong with it. */
static const char *order(struct zone *z, const char *p, size_t n, const char *origin,
                         size_t norigin)
{
    static const char *const expected = "expected \";!TIMEOUT name [TYPE]\"";
    unsigned type = ANY;
    size_t k = word(p, n);
    if (k != 7 || strncasecmp(p, "TIMEOUT", 7) != 0)
        return expected;
    p += k, n -= k;
    k = blanks(p, n);
    p += k, n -= k;
    const char *name = p;
    size_t len = word(p, n);
    if (!len)
        return expected;
    p += len, n -= len;
    k = blanks(p, n);
    p += k, n -= k;
    k = word(p, n);
    if (k) {
        char t[16];
        snprintf(t, sizeof t, "%.*s", (int)(k < 15 ? k : 15), p);
        type = (unsigned)ldns_get_rr_type_by_name(t);
        if (!type)
            return "after the name of ;!TIMEOUT a record type such as TXT was expected";
        p += k, n -= k;
        k = blanks(p, n);
        if (k < n && p[k] != ';')
            return "nothing more was expected after ;!TIMEOUT name TYPE";
    }
    if (z->nsilent >= 10000)
        return "more than 10000 ;!TIMEOUT lines";
    /* Without its last dot a name is meant below $ORIGIN, as elsewhere in the file, and as it
     * stands, because that is how such a comment is read. */
    bool ok = silence(z, name, len, "", 0, type);
    if (ok && norigin && name[len - 1] != '.')
        ok = silence(z, name, len, origin, norigin, type);
    return ok ? NULL : "after ;!TIMEOUT a domain name was expected";
}

/* Quotes and brackets, which ldns closes silently at the end of a file. */
struct balance {
    size_t depth, opened; /* brackets, and the line of the first one that is open */
};

static const char *balanced(struct balance *b, const char *p, size_t n, size_t line)
{
    bool quoted = false;
    size_t string = 0; /* its octets; keys of DKIM are longer than one may be */
    for (size_t i = 0; i < n; i++) {
        if (quoted && p[i] != '"' && ++string > 255)
            return "a string of more than 255 octets; cut it in two, \"...\" \"...\", which count "
                   "as one text (RFC 1035 3.3, RFC 7208 3.3)";
        if (p[i] == '\\')
            i += i + 3 < n && isdigit((unsigned char)p[i + 1]) ? 3 : 1;
        else if (p[i] == '"') {
            quoted = !quoted;
            string = 0;
        } else if (quoted)
            continue;
        else if (p[i] == ';')
            break;
        else if (p[i] == '(' && b->depth++ == 0)
            b->opened = line;
        else if (p[i] == ')' && b->depth-- == 0)
            return "a ) was found where no ( is open (RFC 1035 5.1)";
    }
    return quoted ? "a \" was opened in this line; another \" was expected before its end" : NULL;
}

/* The lines that ldns takes for comments, and what it must not be given. */
static bool read_orders(struct zone *z, const char *title, const char *text, size_t n, char *why,
                        size_t size)
{
    const char *origin = "";
    struct balance brackets = {0};
    size_t norigin = 0, line = 1;
    for (size_t at = 0; at < n; line++) {
        const char *p = text + at, *lf = memchr(p, '\n', n - at);
        size_t len = lf ? (size_t)(lf - p) : n - at, skip = blanks(p, len);
        const char *wrong = NULL;
        at += len + 1;
        if (len && p[len - 1] == '\r')
            len--;
        if (memchr(p, '\0', len)) {
            wrong = "a NUL octet; a zone is a text (RFC 1035 5)";
        } else if (len >= 8 && strncasecmp(p, "$INCLUDE", 8) == 0) {
            wrong = "$INCLUDE is not followed here; put the records into this file";
        } else if (len > 8 && strncasecmp(p, "$ORIGIN", 7) == 0) {
            size_t k = 7 + blanks(p + 7, len - 7);
            origin = p + k;
            norigin = word(p + k, len - k);
            if (norigin && origin[norigin - 1] == '.')
                norigin--;
        } else if (len >= skip + 2 && p[skip] == ';' && p[skip + 1] == '!') {
            wrong = order(z, p + skip + 2, len - skip - 2, origin, norigin);
        } else if (len >= 4 && strncasecmp(p, "$TTL", 4) == 0) {
            size_t k = 4 + blanks(p + 4, len - 4);
            if (k == len || p[k] < '0' || p[k] > '9')
                wrong = "after $TTL a number of seconds was expected";
        } else {
            wrong = balanced(&brackets, p, len, line);
        }
        if (wrong) {
            snprintf(why, size, "%s:%zu: %s", title, line, wrong);
            return false;
        }
    }
    if (brackets.depth)
        snprintf(why, size, "%s:%zu: a ( was opened here; a ) was expected (RFC 1035 5.1)", title,
                 brackets.opened);
    return !brackets.depth;
}

/* Where a reader of the file stands, for messages: ldns counts no blank lines. */
struct reading {
    size_t at;
    int line;
};

/* The line of the first record at pos or behind it. */
static int line_of(struct reading *r, const char *text, size_t n, long pos)
{
    for (; r->at < n && (long)r->at < pos; r->at++)
        r->line += text[r->at] == '\n';
    int line = r->line;
    for (size_t i = r->at; i < n;) {
        if (text[i] == ';') {
            const char *lf = memchr(text + i, '\n', n - i);
            i = lf ? (size_t)(lf - text) : n;
        } else if (strchr(" \t\r\n", text[i])) {
            line += text[i++] == '\n';
        } else {
            break;
        }
    }
    return line;
}

static bool read_records(struct zone *z, const char *title, const char *text, size_t n, char *why,
                         size_t size)
{
    FILE *f = n ? fmemopen((void *)(uintptr_t)text, n, "r") : NULL;
    ldns_rdf *origin = ldns_dname_new_frm_str("."), *before = NULL;
    uint32_t ttl = 3600;
    struct reading reading = {0, 1};
    int line = 1;
    bool ok = true;
    while (f && ok && !feof(f)) {
        ldns_rr *rr = NULL;
        int start = line_of(&reading, text, n, ftell(f));
        ldns_status s = ldns_rr_new_frm_fp_l(&rr, f, &ttl, &origin, &before, &line);
        if (s == LDNS_STATUS_OK && rr) {
            if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN) {
                snprintf(why, size, "%s:%d: the class of a record must be IN", title, start);
                ok = false;
            } else if (z->n >= ZONE_RECORDS) {
                snprintf(why, size, "%s:%d: more than %d records", title, start, (int)ZONE_RECORDS);
                ok = false;
            } else {
                take(z, rr);
            }
        } else if (s != LDNS_STATUS_OK && s != LDNS_STATUS_SYNTAX_EMPTY &&
                   s != LDNS_STATUS_SYNTAX_TTL && s != LDNS_STATUS_SYNTAX_ORIGIN) {
            snprintf(why, size, "%s:%d: %s; expected NAME [TTL] [IN] TYPE DATA (RFC 1035 5.1)",
                     title, start, ldns_get_errorstr_by_id(s));
            ok = false;
        }
        ldns_rr_free(rr);
    }
    ldns_rdf_deep_free(origin);
    ldns_rdf_deep_free(before);
    if (f)
        fclose(f);
    return ok;
}

/* RFC 1035 5.1 lets the class stand before the TTL, ldns does not: "IN 300" becomes "300 IN". */
static void ttl_first(char *text, size_t n)
{
    for (size_t at = 0; at < n;) {
        char *p = text + at, *lf = memchr(p, '\n', n - at);
        size_t len = lf ? (size_t)(lf - p) : n - at;
        at += len + 1;
        size_t class = word(p, len); /* the owner, if there is one */
        class += blanks(p + class, len - class);
        if (len - class < 2 || strncasecmp(p + class, "IN", 2) != 0 ||
            word(p + class, len - class) != 2)
            continue;
        size_t gap = blanks(p + class + 2, len - class - 2), ttl = class + 2 + gap;
        size_t k = word(p + ttl, len - ttl);
        if (!k || p[ttl] < '0' || p[ttl] > '9')
            continue;
        char in[2] = {p[class], p[class + 1]};
        memmove(p + class, p + ttl, k);
        memset(p + class + k, ' ', gap);
        memcpy(p + class + k + gap, in, 2);
    }
}

static int by_key(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int c = strcmp(x->key, y->key);
    if (c)
        return c;
    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

struct zone *zone_parse(const char *title, const char *text, size_t n, char *why, size_t size)
{
    struct zone *z = xcalloc(1, sizeof *z);
    if (!lazy_ready(ldns, why, size)) {
        zone_free(z);
        return NULL;
    }
    if (n > ZONE_MAX) {
        snprintf(why, size, "%s: a zone of more than %d MB is not read", title, ZONE_MAX >> 20);
        zone_free(z);
        return NULL;
    }
    char *copy = xstrndup(text, n);
    bool ok = read_orders(z, title, text, n, why, size);
    if (ok) {
        ttl_first(copy, n);
        ok = read_records(z, title, copy, n, why, size);
    }
    free(copy);
    if (!ok) {
        zone_free(z);
        return NULL;
    }
    if (z->n)
        qsort(z->at, z->n, sizeof *z->at, by_key);
    z->rrs = xcalloc(z->n + 1, sizeof *z->rrs);
    for (size_t i = 0; i < z->n; i++)
        z->rrs[i] = z->at[i].rr;
    return z;
}

struct zone *zone_read(const char *path, char *why, size_t size)
{
    struct buf b;
    FILE *f = fopen(path, "r");
    if (!f) {
        snprintf(why, size, "%s: %s", path, strerror(errno));
        return NULL;
    }
    buf_init(&b, ZONE_MAX + 65537);
    bool ok = true;
    for (size_t got = 1; ok && got && b.len <= ZONE_MAX;) {
        char *p = buf_room(&b, 65536);
        got = p ? fread(p, 1, 65536, f) : 0;
        buf_grew(&b, got);
        ok = !ferror(f);
    }
    struct zone *z = NULL;
    if (ok)
        z = zone_parse(path, buf_str(&b), b.len, why, size);
    else
        snprintf(why, size, "%s: %s", path, strerror(errno ? errno : EIO));
    fclose(f);
    buf_clear(&b);
    return z;
}

void zone_free(struct zone *z)
{
    if (!z)
        return;
    for (size_t i = 0; i < z->n; i++) {
        free(z->at[i].key);
        free((void *)(uintptr_t)z->at[i].rr.data);
    }
    for (size_t i = 0; i < z->nsilent; i++)
        free(z->silent[i].key);
    free(z->silent);
    free(z->at);
    free(z->rrs);
    free(z);
}

size_t zone_records(const struct zone *z)
{
    return z->n;
}

/* ---- answering ---- */

/* The first record whose key and type are not before these. */
static size_t at_least(const struct zone *z, const char *key, unsigned type)
{
    size_t lo = 0, hi = z->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = strcmp(z->at[mid].key, key);
        if (c < 0 || (c == 0 && z->at[mid].type < type))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool exists(const struct zone *z, const char *key)
{
    size_t i = at_least(z, key, 0), n = strlen(key);
    return n == 0 || (i < z->n && strncmp(z->at[i].key, key, n) == 0 &&
                      (z->at[i].key[n] == '\0' || z->at[i].key[n] == 1));
}

static bool is_silent(const struct zone *z, const char *key, unsigned type)
{
    for (size_t i = 0; i < z->nsilent; i++)
        if ((z->silent[i].type == ANY || z->silent[i].type == type) &&
            strcmp(z->silent[i].key, key) == 0)
            return true;
    return false;
}

/* A name that does not exist may be covered by "*" below the nearest one that does (RFC
 * 4592 3.3.1). True: key is the wildcard's now. */
static bool wildcard(const struct zone *z, char key[ZONE_NAME + 2])
{
    for (char *cut; (cut = strrchr(key, 1)) != NULL;) {
        *cut = '\0';
        if (exists(z, key)) {
            strcpy(cut, "\1*");
            return exists(z, key);
        }
    }
    return false;
}

static void lookup(void *self, const char *name, enum rr_type type, struct rr_answer *out)
{
    const struct zone *z = self;
    char key[ZONE_NAME + 2];
    *out = (struct rr_answer){.status = RR_NXDOMAIN, .why = ""};
    if (!name_key(name, strlen(name), key))
        return;
    for (int hops = 0; hops <= CNAMES_MAX; hops++) {
        if (is_silent(z, key, type)) {
            *out = (struct rr_answer){.status = RR_TEMPFAIL, .why = "no answer in time"};
            return;
        }
        if (!exists(z, key) && !wildcard(z, key)) {
            out->status = RR_NXDOMAIN;
            return;
        }
        size_t i = at_least(z, key, type);
        while (i + out->n < z->n && z->at[i + out->n].type == type &&
               strcmp(z->at[i + out->n].key, key) == 0)
            out->n++;
        if (out->n) {
            out->status = RR_FOUND;
            out->at = z->rrs + i;
            return;
        }
        i = at_least(z, key, RR_CNAME);
        if (i >= z->n || z->at[i].type != RR_CNAME || strcmp(z->at[i].key, key) != 0) {
            out->status = RR_NODATA;
            return;
        }
        if (!name_key(z->at[i].rr.data, z->at[i].rr.n, key))
            return;
    }
    *out = (struct rr_answer){.status = RR_TEMPFAIL, .why = "the CNAMEs go round in circles"};
}

struct rr_source zone_source(struct zone *z)
{
    return (struct rr_source){lookup, z};
}
