/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fakeserver.h: a server that follows a script: expects these lines, sends those bytes, splits
 * them, is slow, drops the connection, starts TLS, floods. It runs in a thread of the test, over a
 * socketpair, a loopback TCP port or a unix socket, and records exactly what it received.
 *
 *     static const struct fake_step script[] = {
 *         SEND("220 mail.example.test ESMTP\r\n"),
 *         EXPECT("EHLO "),
 *         SPLIT(1), SEND("250-mail.example.test\r\n250 STARTTLS\r\n"), SPLIT(0),
 *         EXPECT("STARTTLS"),
 *         INJECT("220 go\r\n250 injected\r\n"), STARTTLS(0),
 *         EXPECT("QUIT"), SEND("221 bye\r\n"), CLOSE(), END()};
 *     struct fake *f = fake_start_tcp(script, certs);
 *     ... connect to fake_port(f) ...
 *     assert_null(fake_finish(f));        // the sentence that says which step failed, or NULL
 *     assert_string_equal(fake_received(f, NULL), "EHLO ...");
 *     fake_free(f);
 *
 * It knows no protocol. Each step has a limit (10 s, times HELO_TEST_SLOW), so that no test hangs.
 */
#ifndef TESTS_FAKE_FAKESERVER_H
#define TESTS_FAKE_FAKESERVER_H

#include "fakecert.h"

#include <stdbool.h>
#include <stddef.h>

enum fake_op {
    FAKE_END,            /* leave the connection open and idle until fake_finish() */
    FAKE_EXPECT,         /* a line that begins with text */
    FAKE_EXPECT_DATA,    /* everything up to and with CRLF . CRLF */
    FAKE_EXPECT_BYTES,   /* n bytes, whatever they are */
    FAKE_EXPECT_EOF,     /* the client closes (or half-closes) */
    FAKE_EXPECT_NOTHING, /* for n ms the client sends nothing */
    FAKE_SEND,           /* bytes, in one write or as SPLIT says */
    FAKE_INJECT,         /* bytes, in one write whatever SPLIT says */
    FAKE_SPLIT,  /* from here on in pieces of n bytes, each read by the client before the next one;
                    0: no */
    FAKE_DELAY,  /* be slow: n ms */
    FAKE_TARPIT, /* bytes, one every n ms */
    FAKE_FLOOD,  /* the bytes n times, in large writes */
    FAKE_CLOSE,  /* TLS close_notify where TLS is up, then close */
    FAKE_CUT,    /* close without close_notify */
    FAKE_HALFCLOSE,    /* no more from us; still reading */
    FAKE_RESET,        /* RST (SO_LINGER 0); over a socketpair a plain close */
    FAKE_STARTTLS,     /* a TLS handshake as server with certificate n of the list */
    FAKE_TLS_FAILS,    /* the same, but the client is expected to give up */
    FAKE_ACCEPT_AGAIN, /* close, then accept the next client (not over a socketpair) */
};

struct fake_step {
    enum fake_op op;
    const char *text;
    size_t len; /* octets of text */
    long n;
};

/* The steps; text must be a literal (it may hold NUL). */
#define END()                                                                                      \
    {                                                                                              \
        FAKE_END, "", 0, 0                                                                         \
    }
#define EXPECT(t)                                                                                  \
    {                                                                                              \
        FAKE_EXPECT, (t), sizeof(t) - 1, 0                                                         \
    }
#define EXPECT_DATA()                                                                              \
    {                                                                                              \
        FAKE_EXPECT_DATA, "", 0, 0                                                                 \
    }
#define EXPECT_BYTES(count)                                                                        \
    {                                                                                              \
        FAKE_EXPECT_BYTES, "", 0, (count)                                                          \
    }
#define EXPECT_EOF()                                                                               \
    {                                                                                              \
        FAKE_EXPECT_EOF, "", 0, 0                                                                  \
    }
#define EXPECT_NOTHING(ms)                                                                         \
    {                                                                                              \
        FAKE_EXPECT_NOTHING, "", 0, (ms)                                                           \
    }
#define SEND(t)                                                                                    \
    {                                                                                              \
        FAKE_SEND, (t), sizeof(t) - 1, 0                                                           \
    }
#define INJECT(t)                                                                                  \
    {                                                                                              \
        FAKE_INJECT, (t), sizeof(t) - 1, 0                                                         \
    }
#define SPLIT(bytes)                                                                               \
    {                                                                                              \
        FAKE_SPLIT, "", 0, (bytes)                                                                 \
    }
#define DELAY(ms)                                                                                  \
    {                                                                                              \
        FAKE_DELAY, "", 0, (ms)                                                                    \
    }
#define TARPIT(t, ms)                                                                              \
    {                                                                                              \
        FAKE_TARPIT, (t), sizeof(t) - 1, (ms)                                                      \
    }
#define FLOOD(t, times)                                                                            \
    {                                                                                              \
        FAKE_FLOOD, (t), sizeof(t) - 1, (times)                                                    \
    }
#define CLOSE()                                                                                    \
    {                                                                                              \
        FAKE_CLOSE, "", 0, 0                                                                       \
    }
#define CUT()                                                                                      \
    {                                                                                              \
        FAKE_CUT, "", 0, 0                                                                         \
    }
#define HALFCLOSE()                                                                                \
    {                                                                                              \
        FAKE_HALFCLOSE, "", 0, 0                                                                   \
    }
#define RESET()                                                                                    \
    {                                                                                              \
        FAKE_RESET, "", 0, 0                                                                       \
    }
#define STARTTLS(cert)                                                                             \
    {                                                                                              \
        FAKE_STARTTLS, "", 0, (cert)                                                               \
    }
#define TLS_FAILS(cert)                                                                            \
    {                                                                                              \
        FAKE_TLS_FAILS, "", 0, (cert)                                                              \
    }
#define ACCEPT_AGAIN()                                                                             \
    {                                                                                              \
        FAKE_ACCEPT_AGAIN, "", 0, 0                                                                \
    }

struct fake;

/* Start the thread. The script must live until fake_free(). certs: NULL, or a NULL-terminated list
 * whose members STARTTLS names by number (it may stand before everything else: implicit TLS). NULL
 * on failure of the system. */
struct fake *fake_start_pair(const struct fake_step *script, struct fake_cert *const *certs,
                             int *client_fd); /* *client_fd is the caller's */
struct fake *fake_start_tcp(const struct fake_step *script, struct fake_cert *const *certs);
struct fake *fake_start_tcp6(const struct fake_step *script, struct fake_cert *const *certs);
struct fake *fake_start_unix(const struct fake_step *script, struct fake_cert *const *certs);

/* The TCP port, or the unix socket's path (removed by fake_free()). */
int fake_port(const struct fake *f);
const char *fake_path(const struct fake *f);

/* Waits until the text has been received, anywhere in the record; false after ms. */
bool fake_wait_received(struct fake *f, const char *text, int ms);
/* Waits until the script has reached its end (or failed); false after ms. */
bool fake_wait_done(struct fake *f, int ms);
/* Ends the thread: NULL when every step was done, else a sentence that names the first one that was
 * not. Borrowed. */
const char *fake_finish(struct fake *f);
/* Everything received, decrypted, NUL-terminated (16 MB at most are kept). After fake_finish().
 * Borrowed. */
const char *fake_received(struct fake *f, size_t *n);
/* How many reads it took, and what each one gave: a client that writes each flight at once shows
 * one read a flight. */
size_t fake_reads(const struct fake *f);
const char *fake_read_chunk(const struct fake *f, size_t i, size_t *n);
/* The name in the client's SNI; "" for none. */
const char *fake_sni(const struct fake *f);
/* Octets sent so far. */
size_t fake_sent(struct fake *f);
void fake_free(struct fake *f);

#endif
