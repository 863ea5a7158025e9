/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A memory of what the DNS said, and the questions that are still to be asked. Bounded by a number
 * of questions: a record that wants more gets a temporary error. */
#include "heloscope/live.h"
#include "heloscope/buf.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum state { WANTED, ASKED, THERE };

struct question {
    struct live *live;
    char *name;
    enum rr_type type;
    enum state state;
    struct dns_query *query;
    struct rr_answer answer;
    char why[200];
};

struct live {
    const struct dns *dns;
    struct question *at[LIVE_QUESTIONS];
    size_t n, open;
    unsigned rounds;
    void (*done)(void *arg);
    void *arg;
    bool asking; /* answers do not come out of dns_ask(), but we do not rely on it */
};

struct live *live_new(const struct dns *dns)
{
    struct live *l = xcalloc(1, sizeof *l);
    l->dns = dns;
    return l;
}

void live_free(struct live *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n; i++) {
        struct question *q = l->at[i];
        if (q->state == ASKED)
            dns_cancel(l->dns, q->query);
        for (size_t k = 0; k < q->answer.n; k++)
            free((char *)q->answer.at[k].data);
        free((struct rr *)q->answer.at);
        free(q->name);
        free(q);
    }
    free(l);
}

static void fail(struct question *q, const char *why)
{
    snprintf(q->why, sizeof q->why, "%s", why);
    q->answer = (struct rr_answer){.status = RR_TEMPFAIL, .why = q->why};
    q->state = THERE;
}

static void lookup(void *self, const char *name, enum rr_type type, struct rr_answer *out)
{
    struct live *l = self;
    size_t n = strlen(name);
    n -= n && name[n - 1] == '.';
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i]->type == type && strncasecmp(l->at[i]->name, name, n) == 0 &&
            !l->at[i]->name[n]) {
            *out = l->at[i]->answer;
            return;
        }
    *out = (struct rr_answer){.status = RR_NXDOMAIN, .why = ""};
    if (!n || n > 253)
        return;
    if (l->n == LIVE_QUESTIONS) {
        *out = (struct rr_answer){.status = RR_TEMPFAIL, .why = "too many questions were asked"};
        return;
    }
    struct question *q = l->at[l->n++] = xcalloc(1, sizeof *q);
    *q = (struct question){.live = l, .name = xstrndup(name, n), .type = type};
    q->answer = (struct rr_answer){.status = RR_PENDING, .why = ""};
    *out = q->answer;
}

struct rr_source live_source(struct live *l)
{
    return (struct rr_source){lookup, l};
}

/* One record as zone.h wants it; false: it is not of the type. */
static bool keep(struct rr *to, const struct dns_record *from)
{
    unsigned char ip[16];
    const char *data = from->text;
    size_t n = from->n;
    if (from->type == DNS_A || from->type == DNS_AAAA) {
        if (inet_pton(from->type == DNS_A ? AF_INET : AF_INET6, from->text, ip) != 1)
            return false;
        data = (const char *)ip;
        n = from->type == DNS_A ? 4 : 16;
    }
    char *copy = xmalloc(n + 1);
    if (n)
        memcpy(copy, data, n);
    copy[n] = '\0';
    *to = (struct rr){copy, n, from->preference};
    return true;
}

static void on_answer(void *arg, const struct dns_answer *a)
{
    struct question *q = arg;
    struct live *l = q->live;
    q->state = THERE;
    q->query = NULL;
    if (a->status == DNS_FOUND) {
        struct rr *rr = xcalloc(a->n + 1, sizeof *rr);
        size_t n = 0;
        for (size_t i = 0; i < a->n; i++)
            n += keep(&rr[n], &a->at[i]);
        q->answer = (struct rr_answer){n ? RR_FOUND : RR_NODATA, rr, n, ""};
    } else if (a->status == DNS_NODATA) {
        q->answer.status = RR_NODATA;
    } else if (a->status == DNS_NXDOMAIN || a->status == DNS_BAD_NAME) {
        q->answer.status = RR_NXDOMAIN;
    } else {
        fail(q, a->why);
    }
    if (--l->open == 0 && !l->asking && l->done)
        l->done(l->arg);
}

bool live_fetch(struct live *l, void (*done)(void *arg), void *arg)
{
    bool over = ++l->rounds > LIVE_ROUNDS;
    l->done = done;
    l->arg = arg;
    l->asking = true;
    size_t asked = 0;
    for (size_t i = 0; i < l->n; i++) {
        struct question *q = l->at[i];
        if (q->state != WANTED)
            continue;
        if (over) {
            fail(q, "too many rounds of questions were asked");
            continue;
        }
        q->state = ASKED;
        l->open++;
        asked++;
        q->query = dns_ask(l->dns, q->name, (enum dns_type)q->type, on_answer, q);
    }
    l->asking = false;
    return asked > 0;
}
