/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A DNS message as it came, read with suspicion: every length is checked, what is about another
 * name is no answer, and what makes no sense is said. c-ares expands the names (it bounds
 * compression). RFC 1035 4, RFC 4035 3.2.3 (AD), RFC 6698 2.1. */
#define CARES_NO_DEPRECATED
#include "core/dns_priv.h"
#include "heloscope/buf.h"
#include "core/lazy/cares.gen.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { HEADER = 12, RR_FIXED = 10, FLAG_TC = 0x02, FLAG_QR = 0x80, FLAG_RA = 0x80, FLAG_AD = 0x20 };

struct wire {
    const unsigned char *p;
    size_t n, at;
    char detail[200]; /* what makes no sense */
};

static unsigned get16(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* A name at w->at (or any offset), expanded with \ddd for what is not printable. */
static bool name_at(struct wire *w, size_t at, char *out, size_t *used)
{
    char *s = NULL;
    long len = 0;
    if (at >= w->n || w->n > 65535 ||
        ares_expand_name(w->p + at, w->p, (int)w->n, &s, &len) != ARES_SUCCESS) {
        snprintf(w->detail, sizeof w->detail, "a name in it cannot be read");
        return false;
    }
    bool fits = strlen(s) < DNS_NAME_MAX;
    snprintf(out, DNS_NAME_MAX, "%s", s);
    ares_free_string(s);
    if (!fits)
        snprintf(w->detail, sizeof w->detail, "a name in it is too long");
    else if (used)
        *used = (size_t)len;
    return fits;
}

/* The strings of a TXT record, joined. */
static bool join_txt(struct wire *w, const unsigned char *p, size_t n, struct buf *out)
{
    while (n) {
        size_t k = *p;
        if (k + 1 > n) {
            snprintf(w->detail, sizeof w->detail, "a string in a TXT record is cut off");
            return false;
        }
        buf_add(out, p + 1, k);
        p += k + 1;
        n -= k + 1;
    }
    return true;
}

static bool wrong_length(struct wire *w, enum dns_type t, size_t n)
{
    snprintf(w->detail, sizeof w->detail, "a record of type %s has %zu octets", dns_type_name(t),
             n);
    return false;
}

/* The data of one record, n octets at `at`. *keep is false where it is of no type of ours. */
static bool rdata(struct wire *w, const char *owner, unsigned type, uint32_t ttl, size_t at,
                  size_t n, struct dns_rrs *out)
{
    struct dns_record r = {.type = (enum dns_type)type, .ttl = ttl};
    const unsigned char *p = w->p + at;
    char text[DNS_NAME_MAX] = "";
    size_t used = 0;
    struct buf joined;
    bool ok = true;
    buf_init(&joined, 65535);
    switch (type) {
    case DNS_A:
        if (n != 4)
            return wrong_length(w, r.type, n);
        inet_ntop(AF_INET, p, text, sizeof text);
        break;
    case DNS_AAAA:
        if (n != 16)
            return wrong_length(w, r.type, n);
        inet_ntop(AF_INET6, p, text, sizeof text);
        break;
    case DNS_MX:
        if (n < 3)
            return wrong_length(w, r.type, n);
        r.preference = (uint16_t)get16(p);
        if (!name_at(w, at + 2, text, &used))
            return false;
        if (used + 2 != n)
            return wrong_length(w, r.type, n);
        break;
    case DNS_PTR:
    case DNS_CNAME:
    case DNS_NS:
        if (!name_at(w, at, text, &used))
            return false;
        if (used != n)
            return wrong_length(w, r.type, n);
        break;
    case DNS_TXT:
        ok = join_txt(w, p, n, &joined);
        break;
    case DNS_TLSA:
        if (n < 4)
            return wrong_length(w, r.type, n);
        r.usage = p[0];
        r.selector = p[1];
        r.matching = p[2];
        r.data = p + 3;
        r.ndata = n - 3;
        break;
    default:
        return true; /* signatures and the like: not asked for */
    }
    r.text = type == DNS_TXT ? buf_str(&joined) : text;
    r.n = type == DNS_TXT ? joined.len : strlen(text);
    if (ok)
        dns_rrs_add(out, owner, &r);
    buf_clear(&joined);
    return ok;
}

static bool answers(struct wire *w, unsigned count, struct dns_rrs *out)
{
    char owner[DNS_NAME_MAX];
    for (unsigned i = 0; i < count; i++) {
        size_t used = 0;
        if (!name_at(w, w->at, owner, &used))
            return false;
        w->at += used;
        if (w->n - w->at < RR_FIXED) {
            snprintf(w->detail, sizeof w->detail, "it ends in the middle of a record");
            return false;
        }
        const unsigned char *f = w->p + w->at;
        unsigned type = get16(f), class = get16(f + 2), len = get16(f + 8);
        uint32_t ttl = (uint32_t)get16(f + 4) << 16 | get16(f + 6);
        if (ttl > INT32_MAX) /* RFC 2181 8 */
            ttl = 0;
        w->at += RR_FIXED;
        if (len > w->n - w->at) {
            snprintf(w->detail, sizeof w->detail, "it ends in the middle of a record");
            return false;
        }
        if (class == 1 && !rdata(w, owner, type, ttl, w->at, len, out))
            return false;
        w->at += len;
    }
    return true;
}

/* -1: none of ours, a sentence in w->detail. */
static int status_of(struct wire *w, int rcode)
{
    switch (rcode) {
    case 0:
        return DNS_NODATA;
    case 2:
        return DNS_SERVFAIL;
    case 3:
        return DNS_NXDOMAIN;
    case 5:
        return DNS_REFUSED;
    default:
        snprintf(w->detail, sizeof w->detail, "it says %s (rcode %d)",
                 rcode == 1   ? "that our question makes no sense"
                 : rcode == 4 ? "that it does not know such questions"
                              : "something else than an answer",
                 rcode);
        return DNS_BROKEN;
    }
}

void dns_read(const unsigned char *msg, size_t n, const char *name, enum dns_type type,
              struct dns_reading *out)
{
    struct wire w = {.p = msg, .n = n, .at = HEADER};
    struct dns_answer *a = &out->a;
    char asked[DNS_NAME_MAX];
    size_t used = 0;
    a->name = name;
    a->type = type;
    a->rcode = -1;
    a->status = DNS_BROKEN;
    if (n < HEADER || !(msg[2] & FLAG_QR)) {
        dns_say(out, "it is no answer");
        return;
    }
    a->rcode = msg[3] & 15;
    a->ad = msg[3] & FLAG_AD;
    const unsigned questions = get16(msg + 4), count = get16(msg + 6);
    if (questions > 1 || (questions && (!name_at(&w, w.at, asked, &used) || n - w.at - used < 4))) {
        dns_say(out, questions > 1 ? "it repeats more than one question" : w.detail);
        return;
    }
    if (questions)
        w.at += used + 4;
    if (msg[2] & FLAG_TC) {
        a->status = DNS_TRUNCATED;
        dns_say(out, "");
        return;
    }
    if (!answers(&w, count, &out->rrs)) {
        dns_say(out, w.detail);
        return;
    }
    dns_follow(name, type, &out->rrs, out);
    const int status = status_of(&w, a->rcode);
    if (a->status == DNS_NODATA && (a->rcode != 0 || a->nchain || !count))
        a->status = (enum dns_status)status;
    else if (a->status == DNS_NODATA && out->rrs.n) {
        a->status = DNS_BROKEN;
        snprintf(w.detail, sizeof w.detail, "it tells of %.120s instead", out->rrs.at[0].owner);
    }
    /* No recursion, no answer, no authority: it sends us elsewhere. */
    if (a->status == DNS_NODATA && !(msg[3] & FLAG_RA) && !(msg[2] & 0x04)) {
        a->status = DNS_REFUSED;
        snprintf(w.detail, sizeof w.detail, "it offers no recursion: it is no resolver");
    }
    dns_say(out, w.detail);
}
