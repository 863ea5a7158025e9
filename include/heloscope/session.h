/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A conversation: the connection, the driver, the outstanding commands, the states `now` and
 * `ahead`, the capabilities, the transcript. It sends only what it is told to. The workbench, the
 * line mode and the tests drive it. */
#ifndef HELOSCOPE_SESSION_H
#define HELOSCOPE_SESSION_H

#include "heloscope/caps.h"
#include "heloscope/conn.h"
#include "heloscope/dane.h"
#include "heloscope/mx.h"
#include "heloscope/proto.h"
#include "heloscope/transcript.h"
#include <sys/types.h>

struct session;
struct loop;
struct mtasts;

enum session_event {
    SESSION_CHANGED,   /* the transcript, the state or the capabilities changed: draw again */
    SESSION_UP,        /* connected (before the banner) */
    SESSION_ASK_MX,    /* which mail exchanger? session_mx(), then session_mx_pick() */
    SESSION_ASK_TLS,   /* the certificate was not verified: session_tls_answer() */
    SESSION_LETTER,    /* 354: a letter may be sent now */
    SESSION_CHALLENGE, /* AUTH wants an answer that nobody prepared */
    SESSION_OVER,      /* the connection is gone; session_fault() and session_last() tell why */
};
typedef void session_fn(void *arg, struct session *s, enum session_event ev);

struct session_options {
    struct conn_options conn;     /* its strings must outlive a session with an mx: target */
    const struct dns *dns;        /* asked for mail exchangers instead of the system's; borrowed */
    const struct mtasts *mta_sts; /* a policy to judge the other end by, or NULL; borrowed */
    /* TLSA records are looked up for SMTP hosts and count as RFC 7672 wants; else nobody is asked.
     */
    bool dane;
    bool mx_ask;      /* SESSION_ASK_MX where there is a choice; else the best one is taken */
    bool mx_reserved; /* mail exchangers at reserved addresses are connected to unasked */
    bool practice;    /* the header says DEMO */
    int timeout_ms;   /* > 0: replaces every per-phase timeout (RFC 5321 4.5.3.2) */
    size_t transcript_max;
    int sink_fd; /* >= 0 (and use_sink): bodies are written there instead of being kept */
    bool use_sink;
};

/* Opens a connection to *t (copied). session_adopt() takes a stream that is open already. */
struct session *session_open(struct loop *l, const struct target *t,
                             const struct session_options *o, session_fn *fn, void *arg);
struct session *session_adopt(struct loop *l, int fd, const struct target *t,
                              const struct session_options *o, session_fn *fn, void *arg);
/* From now on fn is told what happens: a session changes hands. The loop stays the same. */
void session_report_to(struct session *s, session_fn *fn, void *arg);
void session_free(struct session *s);

/* Sends one line as it is (CRLF is added). Recorded masked; the command joins the outstanding ones.
 * While a counted literal (BDAT) is owed the line goes into that. False: not connected, or the
 * queue is full; why says so. */
bool session_line(struct session *s, const char *line, size_t n, char *why, size_t size);
/* Several lines in one write (pipelining on purpose). */
bool session_lines(struct session *s, const char *text, size_t n, char *why, size_t size);
/* Exactly these octets, for experiments: nothing is added. A command is recorded (and waits for its
 * reply) when its line end was sent; after 354 they are the letter, until CRLF.CRLF. */
bool session_raw(struct session *s, const char *bytes, size_t n, char *why, size_t size);
/* The whole letter: line ends become CRLF, leading dots are doubled, the lone dot is added. RFC
 * 5321 4.5.2. */
bool session_letter(struct session *s, const char *text, size_t n, char *why, size_t size);
/* BDAT with the letter as one chunk, its size counted. RFC 3030. */
bool session_bdat(struct session *s, const char *text, size_t n, bool last, char *why, size_t size);
/* AUTH by mechanism (PLAIN, LOGIN): encodes, sends, answers the challenges. The secret is copied
 * into wiped memory. */
bool session_auth(struct session *s, const char *mechanism, const char *user, const char *secret,
                  char *why, size_t size);
/* APOP: the digest over the banner's timestamp. RFC 1939 7. */
bool session_apop(struct session *s, const char *user, const char *secret, char *why, size_t size);
/* The mail exchangers of an mx: target; NULL: not looked up (yet). */
const struct mx_list *session_mx(const struct session *s);
/* Connects to entry i of them; nothing happens where that has no address. Where it is the best one
 * and refuses, breaks or does not greet, the next is tried, as a sender does (RFC 5321 5.1);
 * another choice is the user's, and stays. */
void session_mx_pick(struct session *s, size_t i);
/* The items of the transcript before this one are none of the present server's: they belong to the
 * look-up and to mail exchangers that were left. All of them, while the next is not there yet. */
size_t session_since(const struct session *s);
/* Octets of a letter: as many as n into `to`; 0: its end, -1: it cannot be read (errno). */
typedef ssize_t session_read_fn(void *arg, char *to, size_t n);
enum session_feed {
    FEED_DATA,        /* after 354: CRLF line ends, dots doubled, the lone dot (RFC 5321 4.5.2) */
    FEED_BDAT,        /* chunks, the last with LAST; line ends become CRLF (RFC 3030) */
    FEED_BDAT_BINARY, /* the same, octet for octet (BODY=BINARYMIME) */
};
/* A letter of any length, read as it is sent, a megabyte of it in memory at most. The transcript
 * keeps its beginning and tells how long it was. While it goes out nothing else can be said
 * (session_feeding()). wait: each chunk waits for the reply to the one before (no PIPELINING). If
 * it cannot be read to its end the connection is dropped: half a letter must not be delivered. A
 * reply before its end ends it, too; then only dropping is left. */
bool session_letter_from(struct session *s, session_read_fn *read, void *arg, enum session_feed how,
                         bool wait, char *why, size_t size);
bool session_feeding(const struct session *s);
/* Bodies (RETR, TOP, LIST ...; never CAPA) go to fn from now on, with the doubled dots taken away,
 * and not into the transcript; end with n 0 after the last octet. False from fn ends the session
 * (FAULT_FILE, errno). NULL: into the transcript again. */
typedef bool session_body_fn(void *arg, const char *p, size_t n, bool end);
void session_body_to(struct session *s, session_body_fn *fn, void *arg);
void session_tls_answer(struct session *s, bool go_on);
/* Cancels a wait or a connection attempt (C-c): at once. */
void session_abort(struct session *s);
/* Closes without QUIT. */
void session_drop(struct session *s);

const struct proto *session_proto(const struct session *s);
const struct target *session_target(const struct session *s);
struct transcript *session_transcript(struct session *s);
const struct where *session_now(const struct session *s);
const struct where *session_ahead(const struct session *s);
/* The newest capability list, and the one before it (also when TLS came between); NULL: none. After
 * an upgrade the list is dropped (RFC 3207 4.2): session_caps() is NULL until it is asked for
 * again, session_caps_before() is what was. */
const struct caps *session_caps(const struct session *s);
const struct caps *session_caps_before(const struct session *s);
/* True after STARTTLS/STLS: what session_caps() held was dropped and not asked for again yet. */
bool session_caps_stale(const struct session *s);
/* True while DATA is outstanding: what is typed now is the letter's, and may not go out before the
 * 354 (RFC 5321 4.1.1.4). */
bool session_letter_awaited(const struct session *s);
/* Octets given to be sent that are not written yet. */
size_t session_pending(const struct session *s);
size_t session_outstanding(const struct session *s);
uint64_t session_literal_left(const struct session *s);
bool session_is_open(const struct session *s);
/* QUIT was said: it is the newest command that waits, or it was answered and the server's close is
 * waited for (then nothing can be sent any more). RFC 5321 4.1.1.10, RFC 1939 6. */
bool session_is_ending(const struct session *s);
/* The last command, where a line that is no command may be an answer to it (AUTH, or what was typed
 * ahead of its challenges): open in proto's command(). Else NULL. */
const struct command *session_may_answer(const struct session *s);
/* While TLS is agreed upon, or the user is asked about its certificate. */
bool session_in_handshake(const struct session *s);
bool session_is_up(const struct session *s); /* connected and (where implicit) TLS done */
bool session_is_practice(const struct session *s);
/* The address of the other end, without its port; "": not known (a socket, a proxy). */
const char *session_address(const struct session *s);
const struct tls_facts *session_tls(const struct session *s); /* NULL: in clear */
/* What the server presented (tlspeer.h), also after the end; NULL: in clear. Borrowed. */
struct tls_peer *session_peer(const struct session *s);
/* Is DNS still being asked about what the server presented? (Also after the end.) */
bool session_asking(const struct session *s);
/* Judges what the server presented by records that somebody else looked up. domain: the one that
 * was asked for, or NULL. DANE_NONE too where there is no TLS. */
enum dane_verdict session_judge_dane(struct session *s, const struct dane *d, const char *domain);
/* Fills what tlsreport.h reports and judges; what it points at lives as long as the session (its
 * old_* and versions are left empty). */
struct tls_seen;
void session_tls_seen(const struct session *s, struct tls_seen *out);
const char *session_user(const struct session *s);    /* "" or the name that logged in */
uint32_t session_latency_us(const struct session *s); /* of the last reply */
/* The APOP timestamp of the banner, or "". */
const char *session_timestamp(const struct session *s);
/* Microseconds since the oldest outstanding command was sent; 0: nothing is waited for. */
uint64_t session_waiting_us(const struct session *s);
/* What the newest reply was: REPLY_NONE before the first. A headless mode ends by it
 * (FAULT_REFUSED). */
enum reply_class session_reply_class(const struct session *s);
enum fault session_fault(const struct session *s);
const char *session_last(const struct session *s); /* the sentence to the fault */

#endif
