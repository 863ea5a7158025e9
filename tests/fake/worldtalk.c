/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client of the practice world inside a test. */
#include "tests/fake/worldtalk.h"
#include "tests/support/check.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_US 10000000u

void wtalk_open(struct wtalk *t, struct loop *l, struct world *w, const char *proto)
{
    wtalk_open_from(t, l, w, proto, "192.0.2.10");
}

void wtalk_open_from(struct wtalk *t, struct loop *l, struct world *w, const char *proto,
                     const char *address)
{
    memset(t, 0, sizeof *t);
    t->l = l;
    t->w = w;
    t->pop3 = strncmp(proto, "pop3", 4) == 0;
    buf_init(&t->in, 64 << 20);
    buf_init(&t->last, 64 << 20);
    t->fd = world_connect(w, proto, address);
    assert_true(t->fd >= 0);
}

void wtalk_close(struct wtalk *t)
{
    close(t->fd);
    tls_free(t->tls);
    buf_clear(&t->in);
    buf_clear(&t->last);
    wtalk_settle(t);
}

/* What lies on the descriptor. */
static void pull(struct wtalk *t)
{
    char chunk[65536];
    struct buf wire;
    ssize_t n = -1;
    buf_init(&wire, 1 << 20);
    while (!t->eof && (n = recv(t->fd, chunk, sizeof chunk, MSG_DONTWAIT)) != 0) {
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0) {
            t->eof = true;
        } else if (t->tls) {
            if (tls_input(t->tls, chunk, (size_t)n, &t->in, &wire) >= TLS_CLOSED)
                t->eof = true;
            if (wire.len)
                send(t->fd, wire.p, wire.len, MSG_NOSIGNAL);
            buf_trim(&wire, 0);
        } else {
            assert_true(buf_add(&t->in, chunk, (size_t)n));
        }
    }
    if (n == 0)
        t->eof = true;
    buf_clear(&wire);
}

void wtalk_settle(struct wtalk *t)
{
    for (int i = 0; i < 4; i++)
        loop_turn(t->l, 0);
}

static void raw(struct wtalk *t, const char *p, size_t n)
{
    uint64_t end = now_us() + PATIENCE_US;
    while (n) {
        size_t k = t->piece && t->piece < n ? t->piece : n;
        ssize_t done = send(t->fd, p, k, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        } else if (errno != EAGAIN) {
            return; /* the server has closed; the next reply tells */
        }
        if (done < 0 || t->piece) {
            loop_turn(t->l, 0);
            pull(t);
        }
        if (now_us() > end)
            fail_msg("the server does not take what is sent");
    }
}

void wtalk_send(struct wtalk *t, const void *bytes, size_t n)
{
    struct buf wire;
    if (!t->tls) {
        raw(t, bytes, n);
        return;
    }
    buf_init(&wire, 64 << 20);
    assert_true(tls_output(t->tls, bytes, n, &wire));
    raw(t, wire.p, wire.len);
    buf_clear(&wire);
}

/* Is a whole reply at the front of in? Its octets, or 0. */
static size_t whole(const struct wtalk *t)
{
    size_t at = 0;
    for (;;) {
        const char *p = buf_str(&t->in) + at;
        const char *lf = at < t->in.len ? memchr(p, '\n', t->in.len - at) : NULL;
        if (!lf)
            return 0;
        at += (size_t)(lf - p) + 1;
        if (t->pop3 || !(isdigit((unsigned char)p[0]) && p[1] && p[2] && p[3] == '-'))
            return at;
    }
}

static bool wait_for(struct wtalk *t, size_t (*ready)(const struct wtalk *))
{
    uint64_t end = now_us() + PATIENCE_US;
    size_t n;
    pull(t);
    while (!(n = ready(t))) {
        if (t->eof)
            return false;
        if (now_us() > end)
            fail_msg("no reply; received so far: %s", buf_str(&t->in));
        loop_turn(t->l, 1);
        pull(t);
    }
    buf_trim(&t->last, 0);
    assert_true(buf_add(&t->last, t->in.p, n));
    buf_consume(&t->in, n);
    return true;
}

bool wtalk_reply(struct wtalk *t)
{
    return wait_for(t, whole);
}

static size_t whole_body(const struct wtalk *t)
{
    if (t->in.len >= 3 && memcmp(t->in.p, ".\r\n", 3) == 0)
        return 3;
    const char *end = t->in.len ? memmem(t->in.p, t->in.len, "\r\n.\r\n", 5) : NULL;
    return end ? (size_t)(end - t->in.p) + 5 : 0;
}

bool wtalk_body(struct wtalk *t)
{
    return wait_for(t, whole_body);
}

void wtalk_walk(struct wtalk *t, const struct step *rows)
{
    for (size_t i = 0; rows[i].say || rows[i].want; i++) {
        const struct step *r = &rows[i];
        if (r->say && *r->say == '\a') {
            wtalk_send(t, r->say + 1, strlen(r->say + 1));
        } else if (r->say) {
            char line[20000];
            snprintf(line, sizeof line, "%s\r\n", r->say);
            wtalk_send(t, line, strlen(line));
        }
        if (!r->want)
            continue;
        if (!wtalk_reply(t))
            fail_msg("row %zu (%s): closed instead of %s", i, r->say ? r->say : "-", r->want);
        const char *last = buf_str(&t->last);
        for (const char *p; (p = strchr(last, '\n')) && p[1];)
            last = p + 1;
        if (strncmp(last, r->want, strlen(r->want)) != 0)
            fail_msg("row %zu (%s): wanted %s, got %s", i, r->say ? r->say : "-", r->want,
                     buf_str(&t->last));
        if (r->holds && !strstr(buf_str(&t->last), r->holds))
            fail_msg("row %zu (%s): no \"%s\" in %s", i, r->say ? r->say : "-", r->holds,
                     buf_str(&t->last));
        if (r->lacks && strstr(buf_str(&t->last), r->lacks))
            fail_msg("row %zu (%s): \"%s\" in %s", i, r->say ? r->say : "-", r->lacks,
                     buf_str(&t->last));
    }
}

bool wtalk_tls(struct wtalk *t)
{
    char why[256];
    struct buf wire;
    struct tls_trust trust = {.practice = world_identity(t->w)};
    uint64_t end = now_us() + PATIENCE_US;
    t->tls = tls_new_client(PRACTICE_HOST, false, &trust, why, sizeof why);
    assert_non_null(t->tls);
    buf_init(&wire, 1 << 20);
    tls_start(t->tls, &wire);
    raw(t, wire.p, wire.len);
    buf_clear(&wire);
    while (!tls_facts(t->tls) || !*tls_facts(t->tls)->version) {
        if (t->eof || now_us() > end)
            return false;
        loop_turn(t->l, 1);
        pull(t);
    }
    return tls_facts(t->tls)->verdict == TLS_VERIFIED_PRACTICE;
}

bool wtalk_closed(struct wtalk *t)
{
    uint64_t end = now_us() + PATIENCE_US;
    while (!t->eof) {
        loop_turn(t->l, 1);
        pull(t);
        if (now_us() > end)
            fail_msg("the server does not close");
    }
    return t->in.len == 0;
}
