/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The practice world under load and at its limits: 200 clients, too many clients, silence, the end,
 * floods, a Maildir, a full store, random octets. */
#include "practice/mailbox.h"
#include "practice/world.h"
#include "tests/fake/worldtalk.h"
#include "tests/support/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct loop *l;
static struct world *w;

static void begin(const struct world_options *o)
{
    char why[256] = "";
    l = loop_new();
    w = world_new(l, o, why, sizeof why);
    if (!w)
        fail_msg("%s", why);
}

static void end(void)
{
    world_free(w);
    loop_free(l);
}

#define R(...)                                                                                     \
    (const struct step[])                                                                          \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define LETTER                                                                                     \
    {NULL, "220", NULL, NULL}, {"EHLO a.example", "250", NULL, NULL},                              \
        {"MAIL FROM:<student@practice.example>", "250", NULL, NULL},                               \
        {"RCPT TO:<teacher@practice.example>", "250", NULL, NULL}, {"DATA", "354", NULL, NULL},    \
        {"Subject: x\r\n\r\nbody\r\n.", "250 2.0.0", "queued as", NULL},                           \
    {                                                                                              \
        "QUIT", "221", NULL, NULL                                                                  \
    }

static void two_hundred_at_once(void **state)
{
    static struct wtalk t[200];
    (void)state;
    begin(NULL);
    for (int i = 0; i < 200; i++)
        wtalk_open(&t[i], l, w, i % 4 ? "smtp" : "pop3");
    assert_int_equal(world_clients(w), 200);
    for (int i = 0; i < 200; i++)
        if (i % 4)
            wtalk_walk(&t[i], R(LETTER));
        else
            wtalk_walk(&t[i], R({NULL, "+OK", NULL, NULL}, {"CAPA", "+OK", NULL, NULL}));
    for (int i = 0; i < 200; i++)
        wtalk_close(&t[i]);
    assert_int_equal(world_clients(w), 0);
    assert_int_equal(world_count(w, "teacher@practice.example"), 150);
    end();
}

static void one_too_many(void **state)
{
    struct wtalk a, b, c;
    struct world_options o = {.max_clients = 2};
    (void)state;
    begin(&o);
    wtalk_open(&a, l, w, "smtp");
    wtalk_open(&b, l, w, "pop3");
    wtalk_open(&c, l, w, "smtp");
    wtalk_walk(&c, R({NULL, "421 4.3.2", "too many", NULL}));
    assert_true(wtalk_closed(&c));
    wtalk_close(&c);
    wtalk_open(&c, l, w, "pop3");
    wtalk_walk(&c, R({NULL, "-ERR [SYS/TEMP]", NULL, NULL}));
    wtalk_close(&c);
    wtalk_close(&a);
    wtalk_open(&c, l, w, "smtp");
    wtalk_walk(&c, R({NULL, "220", NULL, NULL}));
    wtalk_close(&c);
    wtalk_close(&b);
    end();
}

static void silence_ends(void **state)
{
    struct wtalk a, b;
    struct world_options o = {.idle_ms = 30};
    (void)state;
    begin(&o);
    wtalk_open(&a, l, w, "smtp");
    wtalk_open(&b, l, w, "pop3");
    wtalk_walk(&a, R({NULL, "220", NULL, NULL}, {NULL, "421 4.4.2", NULL, NULL}));
    wtalk_walk(&b, R({NULL, "+OK", NULL, NULL}, {NULL, "-ERR [SYS/TEMP]", NULL, NULL}));
    assert_true(wtalk_closed(&a));
    assert_true(wtalk_closed(&b));
    wtalk_close(&a);
    wtalk_close(&b);
    end();
}

static void the_end_is_said(void **state)
{
    struct wtalk a, b;
    (void)state;
    begin(NULL);
    wtalk_open(&a, l, w, "smtp");
    wtalk_open(&b, l, w, "pop3");
    wtalk_walk(&a, R({NULL, "220", NULL, NULL}));
    wtalk_walk(&b, R({NULL, "+OK", NULL, NULL}));
    world_shutdown(w);
    assert_int_equal(world_clients(w), 0);
    wtalk_walk(&a, R({NULL, "421 4.3.2", NULL, NULL}));
    wtalk_walk(&b, R({NULL, "-ERR", NULL, NULL}));
    assert_true(wtalk_closed(&a));
    wtalk_close(&a);
    wtalk_close(&b);
    end();
}

/* A client that asks and asks and takes no answer: the server stops reading, holds little, and
 * others are served. */
static void a_flood_is_held_back(void **state)
{
    struct wtalk a, b;
    size_t taken = 0;
    char ask[4096 / 6 * 6];
    (void)state;
    begin(NULL);
    for (size_t i = 0; i < sizeof ask; i += 6)
        memcpy(ask + i, "CAPA\r\n", 6);
    wtalk_open(&a, l, w, "pop3");
    for (int i = 0; i < 1000; i++) {
        size_t at = taken % sizeof ask; /* a send may take a part */
        ssize_t n = send(a.fd, ask + at, sizeof ask - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        taken += n > 0 ? (size_t)n : 0;
        loop_turn(l, 0);
    }
    assert_true(taken < 1000000); /* of 4 MB */
    wtalk_open(&b, l, w, "smtp");
    wtalk_walk(&b, R(LETTER));
    wtalk_close(&b);
    assert_int_equal(world_clients(w), 1);
    /* Every answer is still to come, in order. */
    size_t answers = taken / 6, seen = 0;
    assert_true(wtalk_reply(&a));
    while (seen < answers) {
        assert_true(wtalk_reply(&a));
        assert_memory_equal(a.last.p, "+OK", 3);
        assert_true(wtalk_body(&a));
        seen++;
    }
    wtalk_close(&a);
    end();
}

/* A mailbox that is full after the dot for one of two: the sender gets a bounce. */
static void a_bounce_comes_back(void **state)
{
    struct wtalk a;
    (void)state;
    begin(NULL);
    struct store *s = world_store(w);
    wtalk_open(&a, l, w, "smtp");
    wtalk_walk(&a,
               R({NULL, "220", NULL, NULL}, {"EHLO a.example", "250", NULL, NULL},
                 {"MAIL FROM:<student@practice.example> RET=HDRS ENVID=e1", "250", NULL, NULL},
                 {"RCPT TO:<postmaster>", "250", NULL, NULL},
                 {"RCPT TO:<teacher@practice.example> ORCPT=rfc822;t@x.example", "250", NULL, NULL},
                 {"DATA", "354", NULL, NULL}));
    s->box[ACCOUNT_TEACHER].octets = s->box_octets_max; /* filled meanwhile */
    wtalk_walk(&a, R({"Subject: lost\r\n\r\nbody\r\n.", "250 2.0.0", NULL, NULL}));
    wtalk_close(&a);
    struct mailbox *b = &s->box[ACCOUNT_STUDENT];
    assert_int_equal(b->n, 4);
    const char *text = b->m[3].letter->text;
    assert_string_equal(b->m[3].head,
                        "Return-Path: <>\r\nDelivered-To: student@practice.example\r\n");
    assert_non_null(strstr(text,
                           "Original-Recipient: rfc822;t@x.example\r\nFinal-Recipient: rfc822; "
                           "teacher@practice.example\r\nAction: failed\r\nStatus: 5.2.2"));
    assert_non_null(strstr(text, "Original-Envelope-Id: e1"));
    assert_non_null(strstr(text, "text/rfc822-headers"));
    assert_null(strstr(text, "\r\nbody\r\n"));
    s->box[ACCOUNT_TEACHER].octets = 0;
    end();
}

static void a_full_store_says_later(void **state)
{
    struct wtalk a;
    (void)state;
    begin(NULL);
    struct store *s = world_store(w);
    s->octets_max = s->octets + 100;
    wtalk_open(&a, l, w, "smtp");
    wtalk_walk(&a, R({NULL, "220", NULL, NULL}, {"EHLO a.example", "250", NULL, NULL},
                     {"MAIL FROM:<>", "250", NULL, NULL},
                     {"RCPT TO:<student@practice.example>", "250", NULL, NULL},
                     {"DATA", "354", NULL, NULL}));
    for (int i = 0; i < 10; i++)
        wtalk_send(&a, "0123456789012345678901234567\r\n", 30);
    wtalk_walk(&a, R({".", "452 4.3.1", NULL, NULL}));
    assert_int_equal(s->incoming, 0);
    s->octets_max = s->octets - 1;
    wtalk_walk(&a, R({"MAIL FROM:<>", "452 4.3.1", NULL, NULL}));
    wtalk_close(&a);
    end();
}

static size_t files_in(const char *dir, const char *below)
{
    char path[300];
    size_t n = 0;
    snprintf(path, sizeof path, "%s/%s", dir, below);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void a_maildir_outlives_the_world(void **state)
{
    char dir[] = "/tmp/heloscope-maildir-XXXXXX", path[300], command[300];
    struct wtalk t;
    struct world_options o = {.maildir = dir};
    (void)state;
    assert_non_null(mkdtemp(dir));
    begin(&o);
    wtalk_open(&t, l, w, "smtp");
    wtalk_walk(&t, R(LETTER));
    wtalk_close(&t);
    end();
    assert_int_equal(files_in(dir, "teacher/new"), 1);
    assert_int_equal(files_in(dir, "teacher/tmp"), 0);
    assert_int_equal(files_in(dir, "student/new"), 3);
    /* Somebody else's delivery, a file without a last line end, and things that are no letters. */
    snprintf(path, sizeof path, "%s/teacher/cur/1.odd name:2,S", dir);
    FILE *f = fopen(path, "w");
    fputs("Subject: lf\n\n.x\nlast", f);
    fclose(f);
    snprintf(path, sizeof path, "%s/teacher/new/2.link", dir);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof path, "%s/teacher/new/3.folder", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    begin(&o);
    assert_int_equal(world_left_out(w), 2);
    assert_int_equal(world_count(w, "student@practice.example"), 3); /* no second welcome */
    assert_int_equal(world_count(w, "teacher@practice.example"), 2);
    wtalk_open(&t, l, w, "pop3");
    wtalk_walk(&t,
               R({NULL, "+OK", NULL, NULL}, {"USER teacher", "+OK", NULL, NULL},
                 {"PASS green-pencil", "+OK", "2 messages", NULL},
                 {"UIDL 1", "+OK 1 file-", NULL, NULL}, {"RETR 1", "+OK 25 octets", NULL, NULL}));
    assert_true(wtalk_body(&t));
    assert_string_equal(buf_str(&t.last), "Subject: lf\r\n\r\n..x\r\nlast\r\n.\r\n");
    wtalk_walk(&t, R({"RETR 2", "+OK", NULL, NULL}));
    assert_true(wtalk_body(&t));
    wtalk_walk(&t, R({"DELE 1", "+OK", NULL, NULL}, {"QUIT", "+OK", "1 deleted", NULL}));
    wtalk_close(&t);
    end();
    assert_int_equal(files_in(dir, "teacher/cur"), 1); /* read, so moved */
    assert_int_equal(files_in(dir, "teacher/new"), 2);
    /* A folder that cannot be written to is one clear line. */
    char why[256];
    o.maildir = "/proc/no/such";
    l = loop_new();
    assert_null(world_new(l, &o, why, sizeof why));
    assert_non_null(strstr(why, "/proc/no/such"));
    loop_free(l);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

static unsigned rnd(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16;
}

/* Octets at random, words of the protocols among them, to every service: it must neither fall over
 * nor hang, and serve the next client. */
static void random_octets(void **state)
{
    static const char *const words[] = {"EHLO a\r\n",
                                        "MAIL FROM:<a@b.c>\r\n",
                                        "RCPT TO:<student@practice.example>\r\n",
                                        "DATA\r\n",
                                        "\r\n.\r\n",
                                        "BDAT 5\r\n",
                                        "BDAT 3 LAST\r\n",
                                        "AUTH PLAIN ",
                                        "STARTTLS\r\n",
                                        "LHLO x\r\n",
                                        "USER student\r\n",
                                        "PASS apple-pie\r\n",
                                        "RETR 1\r\n",
                                        "TOP 2 1\r\n",
                                        "LIST\r\n",
                                        "DELE 1\r\n",
                                        "STLS\r\n",
                                        "\n.\n",
                                        "NOTIFY=NEVER ",
                                        "<\"",
                                        "RSET\r\n",
                                        "\r"};
    static const char *const protos[] = {"smtp", "submission",  "lmtp",
                                         "pop3", "submissions", "pop3s"};
    unsigned seed = 20261;
    (void)state;
    begin(NULL);
    for (int round = 0; round < 600; round++) {
        struct wtalk t;
        wtalk_open(&t, l, w, protos[round % 6]);
        for (int i = 0; i < 60; i++) {
            char junk[64];
            size_t n = rnd(&seed) % sizeof junk;
            const char *word = words[rnd(&seed) % (sizeof words / sizeof *words)];
            if (rnd(&seed) % 3 == 0) {
                for (size_t k = 0; k < n; k++)
                    junk[k] = (char)rnd(&seed);
                send(t.fd, junk, n, MSG_DONTWAIT | MSG_NOSIGNAL);
            } else {
                send(t.fd, word, strlen(word), MSG_DONTWAIT | MSG_NOSIGNAL);
            }
            if (i % 7 == 0)
                loop_turn(l, 0);
        }
        wtalk_settle(&t);
        wtalk_close(&t);
    }
    assert_int_equal(world_clients(w), 0);
    struct wtalk t;
    wtalk_open(&t, l, w, "smtp");
    wtalk_walk(&t, R(LETTER));
    wtalk_close(&t);
    assert_int_equal(world_store(w)->incoming, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hundred_at_once),
        cmocka_unit_test(one_too_many),
        cmocka_unit_test(silence_ends),
        cmocka_unit_test(the_end_is_said),
        cmocka_unit_test(a_flood_is_held_back),
        cmocka_unit_test(a_bounce_comes_back),
        cmocka_unit_test(a_full_store_says_later),
        cmocka_unit_test(a_maildir_outlives_the_world),
        cmocka_unit_test(random_octets),
    };
    return cmocka_run_group_tests_name("practice world", tests, NULL, NULL);
}
