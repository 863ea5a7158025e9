/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A protocol driver. It does not send: it is shown lines in both directions and says what they are.
 * The live session, the opened transcript, the practice server's checks and the tests use one and
 * the same driver. A driver is data (rows of verbs and states) and a few pure functions; it
 * allocates nothing. */
#ifndef HELOSCOPE_PROTO_H
#define HELOSCOPE_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a conversation stands. Small, copied freely. The session keeps two: `now`, confirmed by
 * replies, and `ahead`, which assumes that everything outstanding succeeds (RFC 2920: with
 * pipelining one state is wrong). */
struct where {
    uint8_t state; /* index into proto->states; its bit in verb.legal is 1u << state */
    bool tls;
    bool authed;
    bool extended; /* EHLO or LHLO was accepted (not HELO); POP3: CAPA was answered */
    bool lmtp;
    uint32_t rcpts; /* recipients accepted in this transaction */
};

/* A verb's row: the one place for everything about it (completion, "legal now", hint line, ? help,
 * man page). */
enum verb_flag {
    VERB_SECRET =
        1 << 0, /* the arguments hold a secret (PASS, APOP's digest, AUTH's initial response) */
    VERB_LETTER =
        1 << 1, /* on a positive intermediate reply a letter follows, ended by a lone dot */
    VERB_UPGRADE = 1 << 2, /* on success TLS starts */
    VERB_AUTH =
        1 << 3, /* continuations ("334", "+ ") are answered with lines that are no commands */
    VERB_MULTI = 1 << 4,       /* POP3: the positive reply is followed by a body */
    VERB_MULTI_NOARG = 1 << 5, /* POP3 LIST, UIDL, LANG: only without an argument */
    VERB_CAPS = 1 << 6,        /* the positive reply lists capabilities */
    VERB_LITERAL = 1 << 7,     /* the line is followed by a counted number of octets (BDAT n) */
    VERB_QUIT = 1 << 8,        /* the server closes after its reply */
    VERB_LAST = 1 << 9,        /* RFC 2920 3.1: must be the last of a pipelined group */
    VERB_BANNER = 1 << 10,     /* pseudo-verb: the reply that the server sends first */
    VERB_END = 1 << 11,        /* pseudo-verb: the lone dot that ends a letter */
    VERB_ANSWER = 1 << 12,     /* pseudo-verb: an answer to a SASL challenge */
    VERB_HIDDEN = 1 << 13, /* pseudo, obsolete or rare: completion offers it only where the server
                              lists what it needs */
    VERB_ANEW = 1 << 14,   /* on success the talk starts anew: what was learnt is void (XCLIENT) */
};

struct verb {
    const char *name;    /* "MAIL"; pseudo-verbs: "(banner)", "(end of letter)", "(challenge)" */
    const char *form;    /* "MAIL FROM:<address> [SIZE=n] [BODY=8BITMIME] ..." */
    const char *insert;  /* what Tab puts into the editor: "MAIL FROM:<" */
    const char *purpose; /* what it is for, one sentence */
    const char *expect;  /* "250 accepted; 451 452 later; 550 552 553 refused; 503 wrong order" */
    const char *next;    /* what to type after it succeeded */
    const char *ref;     /* "RFC 5321 4.1.1.2" */
    const char *needs;   /* capability it depends on ("STARTTLS"), or NULL */
    const char *illegal; /* what it probably gets where it is not legal: "503" */
    uint32_t legal;      /* bits of the states in which it is legal */
    unsigned flags;
    int id; /* the driver's own number for it; 0: nothing special */
};

struct state {
    const char *name;  /* "needs RCPT": the header's words */
    const char *means; /* one sentence: what holds now and what can be done */
};

/* A client's line, understood. */
struct command {
    const struct verb *verb; /* NULL: unknown verb (passes through) */
    char name[24];           /* the verb as typed, in capitals, cut to fit, printable ASCII only */
    size_t arg; /* offset of the arguments in the line (== length where there are none) */
    size_t secret, secret_len; /* range of the line that is a secret; 0,0: none */
    size_t user, user_len; /* range of the line that names who logs in (USER, APOP); 0,0: none */
    uint64_t literal;      /* octets that follow the line (BDAT) */
    bool last;             /* BDAT ... LAST */
    bool body;             /* a positive reply is followed by a dot-terminated body (POP3) */
    uint32_t replies; /* how many replies it is owed: 1; LMTP's end of letter: one per recipient */
    char mechanism[24]; /* AUTH and its answers: the mechanism, in capitals */
    bool initial;       /* AUTH with an initial response ("=": an empty one) */
    uint8_t
        step; /* AUTH and its answers: which of the client's messages this is, 0 first, whether it
                 goes as initial response or as an answer; as sasl_describe_answer() wants it */
};

enum reply_class {
    REPLY_NONE, /* not a reply of this protocol */
    REPLY_OK,   /* 2yz, +OK */
    REPLY_GO,   /* 3yz, "+ " : go on */
    REPLY_TEMP, /* 4yz; -ERR with [SYS/TEMP], [IN-USE], [LOGIN-DELAY] */
    REPLY_PERM, /* 5yz; other -ERR */
};

struct reply {
    enum reply_class cls;
    int code;       /* 550; 0 in POP3 */
    uint8_t eclass; /* enhanced status code 5.1.1 -> 5, 1, 1; eclass 0: none */
    uint16_t esubject, edetail;
    char respcode[24]; /* POP3 extended response code without brackets: "SYS/TEMP" */
    size_t text;       /* offset of the free text in the first line */
    uint32_t lines;    /* lines seen so far; 0: a hope, not a reply */
    bool odd; /* malformed in some way that we bore (code changed between lines, no blank, ...) */
};

enum reply_step {
    REPLY_MORE_LINES, /* the reply goes on */
    REPLY_WHOLE,
    REPLY_BODY,    /* whole first line; a dot-terminated body follows */
    REPLY_GARBAGE, /* the line is no reply; r->cls is REPLY_NONE */
};

/* A capability line: "SIZE 10240000" -> keyword SIZE, params "10240000". Offsets into the line. */
struct cap_line {
    size_t keyword, keyword_len, params, params_len;
};

struct proto {
    const char *name;              /* "smtp": the scheme and the word in files */
    const char *title;             /* "SMTP" */
    const char *prompt;            /* "smtp> " */
    unsigned short port, tls_port; /* 25, 465; 0: none */
    const char *tls_scheme;        /* "smtps", or NULL */
    const unsigned short *ports;   /* other ports that it is usually found at, ended by 0 */
    size_t line_limit;    /* longest command or reply line with CRLF: 512 (RFC 5321 4.5.3.1.5), POP3
                             512 for replies */
    size_t command_limit; /* longest command line with CRLF, which AUTH's initial response must fit
                             in: 512 (RFC 5321 4.5.3.1.4), POP3 255 (RFC 2449 4) */
    const char
        *service; /* its GSSAPI and SASL service name: "smtp", "pop" (RFC 4954 3, RFC 5034 3) */
    const struct verb *verbs;
    size_t nverbs;
    const struct state *states;
    size_t nstates;
    const char *caps_verb; /* "EHLO", "LHLO", "CAPA": what to send to learn the capabilities */
    /* The state before the banner. */
    void (*begin)(struct where *);
    /* Understands a line of the client's (without line end) said in state *ahead while `open` (or
     * NULL) is the last command that may still want an answer to a challenge (or had wanted one and
     * was refused just now: a password typed ahead is masked then too). *out is filled whole. */
    void (*command)(const struct where *ahead, const struct command *open, const char *line,
                    size_t n, struct command *out);
    /* Takes the next line of the reply to cmd. *r is zeroed before the first line. */
    enum reply_step (*reply)(const struct command *cmd, const char *line, size_t n,
                             struct reply *r);
    /* The state after this exchange. Pure. With what hope() gives it moves `ahead`. An unsolicited
     * reply has cmd NULL or a cmd without verb. LMTP: once for each reply to the end of the letter.
     * After a successful VERB_UPGRADE the state is the one after the handshake (tls set,
     * capabilities and login forgotten). */
    void (*step)(struct where *, const struct command *cmd, const struct reply *r);
    /* What a success would be: fills *r with the class that lets `ahead` go on (354 for DATA, 250
     * for MAIL ...). */
    void (*hope)(const struct command *cmd, struct reply *r);
    /* Is line `index` (0 first) of a reply to a VERB_CAPS command a capability? */
    bool (*capability)(size_t index, const char *line, size_t n, struct cap_line *out);
};

/* The drivers, in the order of protocols.def; ended by NULL. */
extern const struct proto *const proto_list[];
/* By name or scheme ("smtp", "submission", "pop3s"); NULL if unknown. *tls and *port tell what the
 * scheme implies. */
const struct proto *proto_find(const char *scheme, size_t n, bool *tls, unsigned short *port);
/* By a well-known port; NULL where the port says nothing. 465 is submission's (RFC 8314 3.3). */
const struct proto *proto_by_port(unsigned short port, bool *tls);
/* The row of a verb, compared without case; NULL if unknown. */
const struct verb *proto_verb(const struct proto *p, const char *name, size_t n);
/* Another protocol whose verb this is, where p has none of that name ("USER" typed at SMTP); NULL:
 * no driver knows it. */
const struct proto *proto_elsewhere(const struct proto *p, const char *name, size_t n);
/* The pseudo-verb that has flag (VERB_BANNER, VERB_END, VERB_ANSWER). */
const struct verb *proto_pseudo(const struct proto *p, unsigned flag);
/* How many replies cmd is owed, asked when the first of them comes in: *now tells how many
 * recipients were accepted (LMTP's end of the letter and BDAT LAST: one for each, RFC 2033 4.2). */
uint32_t proto_replies(const struct proto *p, const struct where *now, const struct command *cmd);
/* Is the verb legal in *w, as far as the state goes? (A second login or a second STARTTLS is not.)
 */
bool proto_legal(const struct verb *v, const struct where *w);
/* The words for a state. */
const char *proto_state(const struct proto *p, const struct where *w);

#endif
