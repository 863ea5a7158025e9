/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one-line mail over a socketpair, and what was said and told. */
#include "mailplay.h"
#include "heloscope/loop.h"
#include "heloscope/transcript.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct given given;
char *said; /* what the client sent */
size_t said_n;
size_t flights; /* in how many reads it came */
char *talk;     /* the transcript's lines */
char why[500];
unsigned long accepted;
int patience = 20000; /* ms */

static ssize_t read_given(void *arg, char *to, size_t n)
{
    struct given *g = arg;
    if (n > g->n - g->at)
        n = g->n - g->at;
    if (n == 0 && g->breaks) {
        errno = EIO;
        return -1;
    }
    memcpy(to, g->text + g->at, n);
    g->at += n;
    return (ssize_t)n;
}

static bool letter(void *arg, unsigned long number, struct mail_letter *out, char *words,
                   size_t size)
{
    (void)arg;
    (void)words;
    (void)size;
    (void)number;
    given.at = 0;
    if (given.text)
        *out = (struct mail_letter){.read = read_given, .arg = &given, .size = given.n};
    else
        *out = (struct mail_letter){.text = "Subject: x\n\n.hi\n", .n = 16, .size = 20};
    return true;
}

static void on_session(void *arg, struct session *s, enum session_event ev)
{
    (void)s;
    if (ev == SESSION_ASK_TLS)
        *(bool *)arg = true;
}

static void keep_talk(struct session *s)
{
    const struct source *src = transcript_source(session_transcript(s));
    struct item it;
    struct span line;
    size_t n;
    free(talk);
    FILE *f = open_memstream(&talk, &n);
    for (size_t i = 0; src->item(src->self, i, &it); i++) {
        for (uint64_t k = 0; k < it.lines && src->line(src->self, i, k, &line); k++)
            fprintf(f, "%.*s\n", (int)line.n, line.p);
        if (it.remark)
            fprintf(f, "%s\n", it.remark);
    }
    fclose(f);
}

int play_tls(const struct fake_step *script, struct fake_cert *const *certs, struct mail_options o)
{
    struct session_options so = {.timeout_ms = patience, .conn.insecure = certs != NULL};
    struct target t;
    struct loop *l = loop_new();
    bool ask = false;
    int fd;
    assert_true(target_parse(o.stage == MAIL_STAGES ? "lmtp://x.example:24" : "smtp://x.example",
                             &t, why, sizeof why));
    if (o.stage == MAIL_STAGES)
        o.stage = 0;
    struct fake *f = fake_start_pair(script, certs, &fd);
    struct session *s = session_adopt(l, fd, &t, &so, on_session, &ask);
    o.ehlo = "me.example";
    if (!o.from)
        o.from = "a@x.example";
    if (!o.to) {
        static const char *const one[] = {"b@x.example"};
        o.to = one;
        o.nto = 1;
    }
    o.letter = letter;
    struct mailer *m = mail_new(s, &o);
    while (!mail_work(m)) {
        if (ask)
            mail_event(m, SESSION_ASK_TLS);
        ask = false;
        assert_true(loop_turn(l, 10000));
    }
    int status = mail_status(m);
    snprintf(why, sizeof why, "%s", mail_why(m));
    accepted = mail_accepted(m);
    keep_talk(s);
    mail_free(m);
    session_free(s);
    const char *wrong = fake_finish(f);
    free(said);
    const char *got = fake_received(f, &said_n);
    said = malloc(said_n + 1);
    memcpy(said, got, said_n);
    said[said_n] = '\0';
    flights = fake_reads(f);
    if (wrong)
        fail_msg("%s (status %d, %s)\n%s", wrong, status, why, talk);
    fake_free(f);
    target_clear(&t);
    loop_free(l);
    return status;
}

int play(const struct fake_step *script, struct mail_options o)
{
    return play_tls(script, NULL, o);
}

void play_clear(void)
{
    free(said);
    free(talk);
}
