/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS, looked into: what is known of a session's TLS as lines and as JSON, and what is to be said
 * against it. The pane, the line mode, run and probe show the same. */
#ifndef HELOSCOPE_TLSREPORT_H
#define HELOSCOPE_TLSREPORT_H

#include "heloscope/caps.h"
#include "heloscope/proto.h"
#include "heloscope/tls.h"
#include "heloscope/tlspeer.h"
#include "heloscope/tlsscan.h"

/* What was seen; everything borrowed. session_tls_seen() fills it. */
struct tls_seen {
    const struct proto *proto;
    const char *label; /* the target */
    bool implicit;     /* TLS from the first octet */
    bool practice;
    const struct caps *clear, *inside; /* the newest list in clear and in TLS; NULL: not asked */
    const struct caps *old_clear, *old_inside; /* the same of the connection before; NULL: none */
    const char *refused;           /* the reply to STARTTLS or STLS where it was refused, or "" */
    const char *failed;            /* why a handshake failed, or "" */
    size_t injected;               /* octets injected before TLS (CVE-2011-0411) */
    const struct tls_facts *facts; /* NULL: in clear */
    struct tls_peer *peer;         /* NULL: in clear */
    const struct tls_version_row *versions; /* tls_scan_rows(), or NULL: not asked */
    size_t nversions;
};

/* The lists of a connection that is over, kept to be compared with the next one's. */
struct tls_memory {
    struct caps clear, inside;
    bool has_clear, has_inside;
};
void tls_memory_take(struct tls_memory *m, const struct tls_seen *seen);
void tls_memory_give(const struct tls_memory *m, struct tls_seen *seen);
void tls_memory_clear(struct tls_memory *m);

enum tls_gravity { TLS_NOTE, TLS_WARNING, TLS_GRAVE };
const char *tls_gravity_name(enum tls_gravity g); /* "note", "warning", "grave" */

/* A row of src/know/tls.def. STARTTLS stands for STLS too: tls_finding_text() puts it right. */
struct tls_rule {
    const char *id; /* "starttls-refused": for JSON and scripts, stable */
    enum tls_gravity gravity;
    const char *title, *why, *next, *ref;
};
const struct tls_rule *tls_rules(size_t *n);

struct tls_finding {
    const struct tls_rule *rule;
    char detail[500]; /* what it was here, or "" */
};
enum { TLS_FINDINGS_MAX = 24 };
/* The findings, gravest first; returns how many (at most max). */
size_t tls_findings(const struct tls_seen *seen, struct tls_finding *out, size_t max);
/* text of a rule in the words of the protocol ("STLS" in POP3). Returns out. */
const char *tls_finding_text(const struct tls_seen *seen, const char *text, char *out, size_t size);

/* The report, line by line. label: at most 11 columns, or ""; text: printable. */
enum tls_line {
    TLS_LINE_TITLE,
    TLS_LINE_PLAIN,
    TLS_LINE_GOOD,
    TLS_LINE_BAD,
    TLS_LINE_WARN,
    TLS_LINE_DIM
};
typedef void tls_line_fn(void *arg, enum tls_line kind, const char *label, const char *text);
void tls_report(const struct tls_seen *seen, tls_line_fn *fn, void *arg);
/* The same as plain lines, wrapped at no width. False: out is full. */
bool tls_report_text(const struct tls_seen *seen, struct buf *out);
/* The same as one JSON object on one line: {"target", "tls": {...} or null, "findings": [...]}.
 * False: out is full. */
bool tls_report_json(const struct tls_seen *seen, struct buf *out);

#endif
