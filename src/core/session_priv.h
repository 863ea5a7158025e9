/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the session share: session.c (life, questions), session_out.c (what we send),
 * session_in.c (what comes in), session_conn.c (what the connection reports). */
#ifndef HELOSCOPE_CORE_SESSION_PRIV_H
#define HELOSCOPE_CORE_SESSION_PRIV_H

#include "heloscope/route.h"
#include "heloscope/loop.h"
#include "heloscope/sasl.h"
#include "heloscope/session.h"

#define OUTSTANDING_MAX 4096 /* commands sent and not answered */
#define SECRETS_MAX 16       /* secrets that are looked for in what the server says */
#define SECRET_MAX 98304     /* octets of one: an OAuth token of 64 KiB, in base64 */
#define CAPS_TEXT_MAX 65536
#define GARBAGE_MAX 65536 /* octets of garbage kept in one entry before a new one starts */
#define NO_ENTRY ((size_t)-1)

/* A command that waits for its reply. */
struct outstanding {
    struct command cmd;
    struct where before;
    uint64_t sent_us;
    uint32_t exchange;
    uint32_t replies_left; /* LMTP owes one for each recipient after the dot */
    bool answered;         /* the first of them has come */
    struct where after;    /* the state once it has succeeded, as `ahead` assumes */
};

struct session {
    struct loop *loop;
    struct target target;
    struct session_options options;
    session_fn *fn;
    void *arg;

    struct conn *conn; /* NULL: over, or still looking for a mail exchanger */
    struct dns dns;
    bool dns_borrowed;
    struct mx *mx;              /* being looked up */
    struct mx_list *mx_list;    /* what was found, or NULL */
    bool mx_pending;            /* an mx: target, not connected yet */
    bool mx_walk;               /* where one does not greet, the next is tried */
    bool mx_leaving;            /* this one did not: QUIT was said, its end is waited for */
    size_t mx_at, mx_tried;     /* the entry in use; how many were */
    size_t mx_since;            /* items before it are other exchangers' */
    const struct route *mx_way; /* the user's route */
    struct route mx_route;
    struct dane dane; /* the host's TLSA records */
    struct dns_query *dane_query;
    bool dane_asking, dane_known;
    bool dane_holds;  /* the handshake is through, and waits for them */
    char address[64]; /* of the other end, or "" */
    bool up;          /* connected, implicit TLS done */
    bool ask_tls;
    bool quitting;  /* QUIT was answered, or the server said that it closes */
    bool finishing; /* QUIT was answered: our side is closed */
    bool garbage_banner;
    bool header_answered; /* the PROXY header was taken for a command */
    const struct proto *proto;
    struct frame frame;
    struct transcript *transcript;

    struct where now, ahead;
    struct outstanding *queue; /* the oldest that waits; it moves on inside queue_all */
    struct outstanding *queue_all;
    size_t nqueue, cqueue;
    uint32_t exchanges;
    struct command last_cmd; /* the last command sent, for answers to challenges */
    bool has_last;

    /* The reply that is coming in. */
    struct reply reply;
    size_t reply_entry; /* NO_ENTRY: none */
    uint64_t reply_first_us;
    bool in_body;
    size_t cut_entry; /* the line so far went there and was over the ceiling; NO_ENTRY: none */
    size_t garbage_entry;
    size_t garbage_bytes;
    enum reply_class last_class;
    uint32_t latency_us;
    uint64_t waiting_from;
    bool dropped_said;

    struct caps caps, before, building;
    bool has_caps, has_before, stale;
    struct buf caps_text;

    struct tls_facts tls;
    bool has_tls;
    struct tls_peer *peer; /* or NULL */

    /* For tlsreport.h: what was seen on the way to TLS and inside. */
    struct caps seen_clear, seen_inside;
    bool has_seen_clear, has_seen_inside;
    char tls_refused[300], tls_failed[300];
    size_t injected;

    struct sasl *sasl;
    const struct sasl_mechanism *login; /* the mechanism of a login that is under way */
    unsigned tried;                     /* bits of the mechanisms that were tried */
    struct buf pass;                    /* "PASS ...", to go out when USER was taken */
    char user[128], auth_user[128];
    char timestamp[256];
    bool letter_open;
    uint64_t literal_left;
    size_t literal_entry;
    struct buf raw;    /* octets of a line that session_raw() has sent and that is not whole */
    size_t raw_letter; /* the letter that session_raw() is sending, or NO_ENTRY */
    char raw_end[5];   /* its last octets */

    struct buf secrets[SECRETS_MAX];
    size_t nsecrets;

    bool torn;         /* a letter was cut off by its reply: nothing more can be said */
    struct feed *feed; /* the letter that is being read and sent; NULL: none */
    session_body_fn *body_fn;
    void *body_arg;
    struct unstuff unstuff;

    struct watch *timer;
    enum fault fault;
    char last[512];
};

/* session.c */
void session_tell(struct session *s, enum session_event ev);
size_t session_event_entry(struct session *s, enum event_kind kind, enum item_mark mark,
                           int sys_errno, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void session_over(struct session *s, enum fault fault, const char *why);
void session_arm(struct session *s);
void session_look_ahead(struct session *s);
/* The banner is waited for. */
void session_expect_banner(struct session *s);
/* The oldest command has its replies. */
void session_pop(struct session *s);
struct outstanding *session_push(struct session *s, const struct command *cmd);

/* session_out.c */
bool session_send_command(struct session *s, const char *line, size_t n, char *why, size_t size);
/* Understands a line, records it masked, makes it outstanding and appends it to the flight. */
bool session_compose(struct session *s, const char *line, size_t n, struct buf *flight, char *why,
                     size_t size);
void session_keep_secret(struct session *s, const char *p, size_t n);
/* Appends n bytes to *out with every known secret replaced; returns whether there was one. */
bool session_mask(const struct session *s, const char *p, size_t n, struct buf *out);

bool session_can_send(struct session *s, char *why, size_t size);

/* session_choose.c */
bool session_offers(const struct session *s, const struct sasl_mechanism *m);
/* The strongest that is offered, that there is something for (LOGIN_ bits), and that is not in
 * `without` (bits of the rows); or NULL. */
const struct sasl_mechanism *session_strongest(const struct session *s, unsigned have,
                                               unsigned without);

/* session_auth.c */
void session_auth_challenge(struct session *s, size_t entry, const struct command *cmd,
                            const char *text, size_t n);
/* A reply that was no challenge came to *cmd. */
void session_auth_result(struct session *s, size_t entry, const struct command *cmd,
                         enum reply_class cls, bool logged_in);

/* session_in.c */
void session_received(struct session *s, const char *bytes, size_t n);
void session_stream_end(struct session *s);

/* session_seen.c: for tls_seen. */
void session_saw_caps(struct session *s);
void session_saw_refusal(struct session *s, const char *line, size_t n);
/* The connection ends, or is given up, by the other end's doing: a STARTTLS that waits was refused
 * by that. */
void session_saw_end(struct session *s, const char *how);

/* session_mx.c */
bool session_mx_begin(struct session *s);
/* Stops looking. */
void session_mx_end(struct session *s);
/* The banner came. */
void session_mx_greeted(struct session *s, enum reply_class cls);
/* The connection is no use (why): the next exchanger is tried, or the session is over. */
void session_give_up(struct session *s, enum fault fault, const char *why);
/* Opens s->dns where it is not open yet; timeout_ms where the options name none. False: why. */
bool session_dns(struct session *s, int timeout_ms, char *why, size_t size);

/* session_dane.c */
bool session_dane_wanted(const struct session *s);
/* Begins to ask, if that is wanted and was not done. */
void session_dane_ask(struct session *s);
/* The certificate is there: must the answer be waited for? Then session_tls_decide() is called. */
bool session_dane_hold(struct session *s);
/* The certificate's verdicts are new: DANE's joins them, and is told. */
void session_dane_judge(struct session *s);
/* s->tls was filled anew: the verdict joins it once more, silently. */
void session_dane_again(struct session *s);
void session_dane_end(struct session *s);

/* session_feed.c */
/* More of the letter, now that what was queued is sent. */
void session_feed_more(struct session *s);
/* A reply to it, or to a chunk of it, has come before its end. */
void session_feed_reply(struct session *s);
void session_feed_free(struct session *s);

/* session_conn.c */
void session_conn_event(void *arg, const struct conn_event *ev);
/* Everything about the certificate is known that will be: goes on, or asks. */
void session_tls_decide(struct session *s);

#endif
