/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail logs: where in a line the other server's reply stands, what it answered, and for whom it is.
 * Postfix: "said: 550 ... (in reply to RCPT TO command)", "reject: RCPT from ...: 554 ...",
 * "status=deferred (connect to ...)". Exim: "SMTP error from remote mail server after RCPT
 * TO:<...>: 550 ...", C="250 ...". sendmail: "stat=Deferred: 451 ...", "reply=550 ...". */
#include "logmail.h"
#include <string.h>
#include <strings.h>

static const char *find(const char *p, const char *end, const char *word)
{
    return p < end ? memmem(p, (size_t)(end - p), word, strlen(word)) : NULL;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool coded(const char *p, const char *end)
{
    return end - p >= 3 && p[0] >= '2' && p[0] <= '5' && p[1] >= '0' && p[1] <= '5' &&
           digit(p[2]) && (end - p == 3 || p[3] == ' ' || p[3] == '-');
}

/* Which verb the words name: "RCPT TO", "end of DATA", "MAIL FROM:<...>", "initial connection". */
static const char *verb_in(const char *p, const char *end)
{
    static const struct {
        const char *words, *verb;
    } rows[] = {
        {"end of DATA", "(end of letter)"},
        {"end of data", "(end of letter)"},
        {"sending data block", "(end of letter)"},
        {"sending message body", "(end of letter)"},
        {"RCPT", "RCPT"},
        {"MAIL", "MAIL"},
        {"DATA", "DATA"},
        {"EHLO", "EHLO"},
        {"HELO", "HELO"},
        {"LHLO", "LHLO"},
        {"AUTH", "AUTH"},
        {"STARTTLS", "STARTTLS"},
        {"BDAT", "BDAT"},
        {"initial connection", "(banner)"},
        {"CONNECT", "(banner)"},
        {"connect", "(banner)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].words);
        if ((size_t)(end - p) >= n && strncmp(p, rows[i].words, n) == 0)
            return rows[i].verb;
    }
    return NULL;
}

static struct span upto(const char *p, const char *end, const char *stops)
{
    const char *q = p;
    while (q < end && !strchr(stops, *q))
        q++;
    return (struct span){p, (size_t)(q - p)};
}

static void recipient(const char *line, const char *end, struct logmail *out)
{
    const char *p = find(line, end, " to=<");
    if (p)
        out->recipient = upto(p + 5, end, ">");
    else if ((p = find(line, end, " to=")) != NULL)
        out->recipient = upto(p + 4, end, ", ");
}

/* Postfix: "status=bounced (host mx[192.0.2.1] said: 550 ... (in reply to RCPT TO command))" */
static bool postfix_said(const char *line, const char *end, struct logmail *out)
{
    const char *p = find(line, end, " said: "), *status = find(line, end, "status=");
    const char *stop = end;
    if (!p && status) {
        const char *open = find(status, end, "(");
        if (!open)
            return false;
        p = open + 1;
        while (stop > p && stop[-1] == ')' && stop == end)
            stop--;
        out->network = !coded(p, stop);
        if (out->network && find(p, stop, "connect to "))
            out->verb = "(banner)";
        out->reply = (struct span){p, (size_t)(stop - p)};
        return strncmp(status, "status=sent", 11) != 0 || !out->network;
    }
    if (!p)
        return false;
    p += 7;
    const char *tail = find(p, end, " (in reply to ");
    if (tail) {
        out->verb = verb_in(tail + 14, end);
        stop = tail;
    }
    out->reply = (struct span){p, (size_t)(stop - p)};
    return stop > p;
}

/* Postfix's own refusals: "reject: RCPT from unknown[192.0.2.7]: 554 5.7.1 ...; from=<> to=<...>"
 */
static bool postfix_reject(const char *line, const char *end, struct logmail *out)
{
    const char *p = find(line, end, "reject: ");
    if (!p)
        p = find(line, end, "reject_warning: ");
    if (!p || !(p = find(p, end, ": ")))
        return false;
    p += 2;
    const char *from = find(p, end, " from ");
    const char *code = from ? find(from, end, "]: ") : NULL;
    if (!code || !coded(code + 3, end))
        return false;
    out->verb = verb_in(p, from);
    const char *stop = find(code, end, "; from=");
    if (!stop)
        stop = find(code, end, "; proto=");
    out->reply = (struct span){code + 3, (size_t)((stop ? stop : end) - code - 3)};
    return true;
}

static bool exim(const char *line, const char *end, struct logmail *out)
{
    const char *p = find(line, end, "SMTP error from remote mail server after ");
    if (p) {
        p += 41;
        if (end - p >= 10 && strncmp(p, "pipelined ", 10) == 0)
            p += 10;
        out->verb = verb_in(p, end);
        const char *q = p;
        while ((q = find(q, end, ": ")) != NULL && !coded(q + 2, end))
            q += 2;
        if (!q)
            return false;
        out->reply = (struct span){q + 2, (size_t)(end - q - 2)};
    } else if ((p = find(line, end, " C=\"")) != NULL && coded(p + 4, end)) {
        out->verb = "(end of letter)";
        out->reply = upto(p + 4, end, "\"");
    } else {
        return false;
    }
    static const char *const signs[] = {" ** ", " == ", " => ", " -> ", " *> "};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        const char *to = find(line, p, signs[i]);
        if (to) {
            out->recipient = upto(to + 4, p, " :");
            break;
        }
    }
    return true;
}

static bool sendmail(const char *line, const char *end, struct logmail *out)
{
    const char *p = find(line, end, " reply=");
    if (p && coded(p + 7, end)) {
        p += 7;
    } else if ((p = find(line, end, " reject=")) != NULL && coded(p + 8, end)) {
        p += 8;
        out->verb = find(line, p, "ruleset=check_rcpt")    ? "RCPT"
                    : find(line, p, "ruleset=check_mail")  ? "MAIL"
                    : find(line, p, "ruleset=check_relay") ? "(banner)"
                                                           : NULL;
    } else if ((p = find(line, end, " stat=")) != NULL) {
        p += 6;
        const char *colon = find(p, end, ": ");
        if (colon && coded(colon + 2, end)) {
            p = colon + 2;
        } else if (find(p, end, "Connection") || find(p, end, "timed out")) {
            out->network = true;
            out->verb = "(banner)";
        } else if (strncmp(p, "Sent", (size_t)(end - p) < 4 ? (size_t)(end - p) : 4) == 0) {
            return false;
        }
    } else {
        return false;
    }
    out->reply = (struct span){p, (size_t)(end - p)};
    return end > p;
}

bool logmail_line(const char *line, size_t n, struct logmail *out)
{
    const char *end = line + n, *p;
    memset(out, 0, sizeof *out);
    out->proto = find(line, end, "/lmtp[") ? "lmtp" : "smtp";
    if (!postfix_said(line, end, out) && !postfix_reject(line, end, out) && !exim(line, end, out) &&
        !sendmail(line, end, out))
        return false;
    if (!out->recipient.n)
        recipient(line, end, out);
    p = find(line, end, "dsn=");
    if (p)
        out->status = upto(p + 4, end, ", ");
    return true;
}

bool logmail_like(const char *p, size_t n)
{
    static const char *const signs[] = {
        "postfix/", "sendmail[", "sm-mta[",   "exim[",
        " R=",      " dsn=",     " reject: ", "SMTP error from remote"};
    const char *end = p + n;
    struct logmail m;
    for (unsigned lines = 0; p < end && lines < 20000; lines++) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *stop = lf ? lf : end;
        for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
            if (find(p, stop, signs[i]) && logmail_line(p, (size_t)(stop - p), &m))
                return true;
        p = lf ? lf + 1 : end;
    }
    return false;
}

bool logmail_diagnostic(const char *value, size_t n, struct span *reply)
{
    const char *semi = n ? memchr(value, ';', n) : NULL;
    const char *p = semi ? semi + 1 : value, *end = value + n;
    bool smtp = semi && (size_t)(semi - value) >= 4 && strncasecmp(value, "smtp", 4) == 0;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    *reply = (struct span){p, (size_t)(end - p)};
    return smtp || coded(p, end);
}
