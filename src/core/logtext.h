/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How talks are written down: which line is whose. */
#ifndef HELOSCOPE_LOGTEXT_H
#define HELOSCOPE_LOGTEXT_H

#include "heloscope/buf.h"
#include "heloscope/source.h"

struct talk;
struct talk_view;

/* How a recording is written. */
enum log_style {
    LOG_NO_TALK, /* recognised as nothing: shown as it is */
    LOG_MARKS,   /* a mark on each line says whose it is */
    LOG_BARE,    /* no marks at all: who speaks follows from the talk itself */
    LOG_JSON,    /* heloscope's JSON lines */
    LOG_PYTHON,  /* smtplib's and poplib's debug output: lines quoted as Python strings */
    LOG_MAILLOG, /* a mail server's log: replies quoted within lines (logmail.h) */
    LOG_DSN,     /* delivery status notifications, RFC 3464 (logmail.h) */
    LOG_REPLY,   /* one reply and nothing else */
};

/* A way of writing a talk down (a row of logtext.c). */
struct dialect;

struct logtext {
    enum log_style style;
    const struct dialect *dialect; /* NULL: no talk */
    const struct proto *proto;     /* NULL: no talk */
    bool own; /* written by heloscope: exactly one blank after a mark, "#" and "|" lines are ours */
    bool bare;    /* no marks at all: who speaks follows from the talk itself */
    bool json;    /* heloscope's JSON lines */
    bool loose;   /* bare, with other text around it: only a verb that is known begins a command */
    bool sclient; /* openssl s_client's: it keeps the first replies to itself */
    bool page;    /* a web page's source: tags and entities stand in the talk's lines (logpage.h) */
    bool colored; /* with colours, which whoever reads the lines takes out first (colors.h) */
};

enum log_kind { LOG_CLIENT, LOG_SERVER, LOG_EVENT, LOG_TEXT, LOG_SKIP };

/* Looks at the beginning of a file. */
void logtext_detect(struct logtext *x, const char *p, size_t n);
/* The same where the user said by name how it is written; false: there is no such name. */
bool logtext_insist(struct logtext *x, const char *name, const char *p, size_t n);
/* The names, for messages: "text, swaks, ...". */
const char *logtext_names(void);
/* What the recording is called: "swaks". Never NULL. */
const char *logtext_name(const struct logtext *x);
/* UTF-16 or UTF-32 by its mark, or by every other octet being NUL. */
bool logtext_utf16(const char *p, size_t n);
/* What clients say of a TLS handshake that is done. Behind STARTTLS it tells nothing new; before
 * the greeting it tells that the port is TLS from the first octet (RFC 8314). */
bool logtext_secured(const char *line, size_t n);
/* A line of smtplib's or poplib's: what was sent or got, decoded, lines ended by LF. LOG_TEXT: none
 * such. */
enum log_kind logpython_line(const char *line, size_t n, struct buf *out);
/* Whose line is it, and what was said: *text without the mark. Inside a letter or a
 * body (told by talk) blanks count. In a bare talk only `talk` can tell (NULL: LOG_TEXT). */
enum log_kind logtext_line(const struct logtext *x, const struct talk_view *talk, const char *line,
                           size_t n, struct span *text);
/* Are the marks "C:" and "S:"? */
bool logtext_colon(const struct logtext *x);
/* Does the line look like a reply: three digits, +OK or -ERR? */
bool logtext_reply(const char *line, size_t n);
/* The line without colours, if the recording has any; in *room where it differs. */
struct span logtext_plain(const struct logtext *x, const char *line, size_t n, struct buf *room);
/* Reads one line (of a style that is a talk, but for JSON) into the talk. */
void logtext_feed(const struct logtext *x, struct talk *talk, const char *line, size_t n);
/* One JSON line into the talk, and when it was said (ms since 1970, 0: not told). False: it is none
 * of ours (why: what is wrong). Members read: kind, lines (octets where one is no UTF-8) or text,
 * when. */
bool logjson_feed(struct talk *talk, const char *line, size_t n, int64_t *when, char *why,
                  size_t size);
/* The protocol that a JSON line names, or NULL. */
const struct proto *logjson_proto(const char *line, size_t n);
/* A pattern (search.h) for lines that may hold a refusal. False: the style has none. */
bool logtext_problem(const struct logtext *x, char *pattern, size_t size);

#endif
