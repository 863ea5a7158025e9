/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heloscope verify: what a receiver would conclude of a saved message, with the reasons. Answers
 * come from a zone file or from the live DNS; nothing is sent to anyone but the name server. */
#include "heloscope/fault.h"
#include "heloscope/harmless.h"
#include "heloscope/live.h"
#include "heloscope/loop.h"
#include "heloscope/practice.h"
#include "heloscope/verdict.h"
#include "mode/mode.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The issue's own statuses; they say more here than the program's. */
enum { VERIFY_PASS = 0, VERIFY_FAIL = 1, VERIFY_USAGE = 2, VERIFY_NONE = 3, VERIFY_TEMPERROR = 4 };

enum { MESSAGE_MB = 256 };

struct job {
    struct verdict_query query;
    struct mailtext message;
    struct rr_source source;
    struct verdict verdict;
    struct loop *loop;
    struct live *live; /* NULL: a zone answers */
};

static int usage(const char *name, const char *why)
{
    mode_complain("%.1000s%s%.2000s", name, name[0] ? ": " : "", why);
    return VERIFY_USAGE;
}

static bool read_message(const char *path, struct buf *text, const char **why)
{
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    *why = NULL;
    while (fd >= 0 && !*why) {
        char *p = buf_room(text, 1 << 16);
        ssize_t n = p ? read(fd, p, 1 << 16) : 0;
        if (!p)
            *why = "the message is larger than 256 MB, which is not read";
        else if (n < 0 && errno != EINTR)
            *why = strerror(errno);
        else if (n > 0)
            buf_grew(text, (size_t)n);
        else if (n == 0)
            break;
    }
    if (fd < 0)
        *why = strerror(errno);
    else
        close(fd);
    return !*why;
}

/* ---- the live DNS ---- */

static void judge(void *arg)
{
    struct job *j = arg;
    for (;;) {
        verdict_clear(&j->verdict);
        verdict_make(&j->query, &j->message, &j->source, &j->verdict);
        if (!j->verdict.pending)
            break;
        if (live_fetch(j->live, judge, j))
            return; /* again when the answers are there */
    }
    loop_stop(j->loop);
}

static void on_start(void *arg)
{
    judge(arg);
}

static bool judge_live(struct job *j, char *why, size_t size)
{
    struct dns dns = {0};
    struct dns_options o = {.timeout_ms = 10000};
    j->loop = loop_new();
    if (!j->loop || !dns_open(&dns, j->loop, &o, why, size)) {
        if (!j->loop)
            snprintf(why, size, "no pipe can be made: too many files are open");
        loop_free(j->loop);
        return false;
    }
    j->live = live_new(&dns);
    j->source = live_source(j->live);
    loop_timer(j->loop, 0, on_start, j);
    loop_run(j->loop);
    live_free(j->live);
    dns_free(&dns);
    loop_free(j->loop);
    return true;
}

/* ---- in words ---- */

static void line(const char *what, const char *result, const char *because)
{
    printf("%-6s %-9s  %s\n", what, result, because);
}

static void line_dmarc(const struct dmarc *d, const char *rfc)
{
    printf("%-6s %-9s  RFC %s: %s; disposition: %s\n", "DMARC", dmarc_word(d->result), rfc,
           buf_str(&d->because), policy_word(d->disposition));
}

static void in_words(const struct verdict *v, enum dmarc_rfc rfc)
{
    static const char *const numbers[] = {[DMARC_9989] = "9989", [DMARC_7489] = "7489"};
    line("SPF", spf_word(v->spf.result), buf_str(&v->spf.because));
    if (v->spf.explained.len) {
        struct buf b;
        buf_init(&b, 8192);
        text_clean(&b, buf_str(&v->spf.explained), v->spf.explained.len);
        line("", "", "the domain says of it: ");
        printf("%-6s %-9s  \"%s\"\n", "", "", buf_str(&b));
        buf_clear(&b);
    }
    if (!v->dkim.n)
        line("DKIM", "none", "the message has no DKIM-Signature field");
    for (size_t i = 0; i < v->dkim.n; i++)
        line("DKIM", dkim_word(v->dkim.at[i].result), buf_str(&v->dkim.at[i].because));
    if (v->dkim.left_out)
        printf("%-6s %-9s  %zu more signatures were not looked at: %d are the most\n", "", "",
               v->dkim.left_out, DKIM_SIGNATURES);
    const struct dmarc *d = &v->dmarc[rfc], *other = &v->dmarc[!rfc];
    line_dmarc(d, numbers[rfc]);
    if (d->result != other->result || d->disposition != other->disposition)
        line_dmarc(other, numbers[!rfc]);
    else
        printf("%-6s %-9s  RFC %s comes to the same.\n", "", "", numbers[!rfc]);
    printf("Authentication-Results: ");
    struct buf b;
    buf_init(&b, 1 << 17);
    text_clean(&b, buf_str(&v->results), v->results.len);
    printf("%s\n", buf_str(&b));
    buf_clear(&b);
}

/* ---- the command ---- */

static int status_of(const struct dmarc *d)
{
    switch (d->result) {
    case DMARC_PASS:
        return VERIFY_PASS;
    case DMARC_NONE:
        return VERIFY_NONE;
    case DMARC_TEMPERROR:
        return VERIFY_TEMPERROR;
    default:
        return VERIFY_FAIL;
    }
}

static bool options_fit(const struct args *a, enum dmarc_rfc *rfc, char *why, size_t size)
{
    unsigned char ip[16];
    unsigned bits;
    *rfc = DMARC_9989;
    if (!a->ip || !a->helo || !a->mail_from) {
        snprintf(why, size,
                 "verify: %s is missing; what the client said on the wire belongs to the "
                 "verdict: --ip ADDR --helo NAME --mail-from ADDR",
                 !a->ip     ? "--ip"
                 : !a->helo ? "--helo"
                            : "--mail-from");
        return false;
    }
    if (!ip_parse(a->ip, ip, &bits)) {
        snprintf(why, size, "--ip wants an address like 192.0.2.1 or 2001:db8::1, not %s", a->ip);
        return false;
    }
    if (a->rfc && strcmp(a->rfc, "7489") == 0) {
        *rfc = DMARC_7489;
    } else if (a->rfc && strcmp(a->rfc, "9989") != 0) {
        snprintf(why, size, "--rfc wants 7489 or 9989, not %s", a->rfc);
        return false;
    }
    return true;
}

static int verify(const struct args *a, enum dmarc_rfc rfc, const struct buf *text, struct zone *z)
{
    char why[600];
    struct job j = {.query = {.ip = a->ip,
                              .helo = a->helo,
                              .mail_from = a->mail_from,
                              .authserv_id = PRACTICE_HOST,
                              .rfc = rfc}};
    int status = VERIFY_USAGE;
    bool ok = true;
    mailtext_parse(&j.message, buf_str(text), text->len);
    if (z) {
        j.source = zone_source(z);
        verdict_make(&j.query, &j.message, &j.source, &j.verdict);
    } else {
        ok = judge_live(&j, why, sizeof why);
    }
    if (ok) {
        struct buf out;
        buf_init(&out, 1 << 20);
        if (a->json && verdict_json(&j.verdict, &out))
            fputs(buf_str(&out), stdout);
        else if (!a->json)
            in_words(&j.verdict, rfc);
        buf_clear(&out);
        status = status_of(&j.verdict.dmarc[rfc]);
    } else {
        usage("verify", why);
    }
    verdict_clear(&j.verdict);
    mailtext_clear(&j.message);
    return status;
}

int mode_verify(const struct args *a)
{
    char why[600];
    const char *cannot;
    enum dmarc_rfc rfc;
    struct zone *z = NULL;
    struct buf text, crlf;
    if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1)
        setlocale(LC_CTYPE, "C.UTF-8"); /* text_clean() needs to know letters */
    if (!options_fit(a, &rfc, why, sizeof why))
        return usage("", why);
    buf_init(&text, (size_t)MESSAGE_MB << 20);
    buf_init(&crlf, (size_t)MESSAGE_MB << 21);
    int status = VERIFY_USAGE;
    if (!read_message(a->operands[0], &text, &cannot))
        usage(a->operands[0], cannot);
    else if (a->zone && !(z = zone_read(a->zone, why, sizeof why)))
        usage("", why);
    else
        status = verify(a, rfc, mailtext_crlf(buf_str(&text), text.len, &crlf) ? &crlf : &text, z);
    zone_free(z);
    buf_clear(&text);
    buf_clear(&crlf);
    return status;
}
