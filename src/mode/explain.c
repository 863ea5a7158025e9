/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heloscope explain: a reply, a file or standard input through know/annotate.c, and questions to
 * the tables. */
#include "heloscope/sasl.h"
#include "heloscope/annotate.h"
#include "heloscope/cause.h"
#include "heloscope/fault.h"
#include "heloscope/know.h"
#include "mode/mode.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXPLAINED = 0, NOTHING = 1 };

static int usage(const char *why)
{
    mode_complain("%s", why);
    return fault_status(FAULT_USAGE);
}

/* ---- the tables ---- */

static void say(const char *label, const char *words)
{
    if (words[0])
        printf("%s%s\n", label, words);
}

static int ask_code(const char *text)
{
    int cls, subject, detail, code, n = 0;
    if (sscanf(text, "%1d.%3d.%3d%n", &cls, &subject, &detail, &n) == 3 && !text[n]) {
        const struct know_enhanced *e = know_enhanced_code(cls, subject, detail);
        if (!e || !e->name[0])
            return NOTHING;
        printf("%d.%d.%d: %s\n", cls, subject, detail, e->name);
        say("", e->what);
        say("decided by: ", e->decided);
        say("who can mend it: ", e->mends);
        say("next: ", e->next);
        say("goes with: ", e->basic);
        say("see: ", e->ref);
        return EXPLAINED;
    }
    n = 0;
    if (sscanf(text, "%3d%n", &code, &n) == 1 && !text[n] && code >= 200 && code < 600) {
        size_t rows;
        const struct know_code *all = know_codes(&rows), *c = know_code("smtp", code, "*");
        bool any = false;
        for (size_t i = 0; i < rows; i++)
            if (all[i].code == code && strcmp(all[i].proto, "lmtp") != 0) {
                printf("%s%d%s%s: %s\n", any ? "\n" : "", code,
                       all[i].verb[0] == '*' ? "" : " after ",
                       all[i].verb[0] == '*' ? "" : all[i].verb, all[i].short_);
                say("", all[i].what);
                say("who can mend it: ", all[i].mends);
                say("next: ", all[i].next);
                say("see: ", all[i].ref);
                any = true;
            }
        if (!any && c) {
            printf("%d is not registered; its first digit says: %s\n", code, c->short_);
            say("", c->what);
            say("next: ", c->next);
            any = true;
        }
        return any ? EXPLAINED : NOTHING;
    }
    return usage("--code wants a code like 550 or 5.7.26");
}

/* A mechanism of AUTH and SASL. */
static bool mechanism(const char *word)
{
    static const char *const tls[] = {"not needed for the secret's sake",
                                      "wanted: the answer can be guessed at",
                                      "needed: the secret itself is sent"};
    const struct know_mechanism *k = know_mechanism(word, strlen(word));
    const struct sasl_mechanism *m = sasl_mechanism(word, strlen(word));
    if (!k && !m)
        return false;
    const char *name = m ? m->name : "", *hears = m ? m->hears : "", *ref = m ? m->ref : "";
    if (k && !m) {
        name = k->name;
        hears = k->listener;
        ref = k->ref;
    }
    printf("%s (a way to log in%s)\n", name, m ? "" : ", which is not done here");
    if (k)
        say("", k->means);
    if (m) {
        say("", m->why);
        say("the answer proves ", m->proves);
    }
    say("without TLS a listener has ", hears);
    if (k)
        say("TLS: ", tls[k->tls]);
    say("see: ", ref);
    return true;
}

static int ask_keyword(const char *word)
{
    static const char *const protos[] = {"smtp", "pop3"};
    bool is_mechanism = mechanism(word), any = is_mechanism;
    for (size_t i = 0; i < 2; i++) {
        const struct know_cap *c = know_cap(protos[i], word, strlen(word));
        if (!c || (is_mechanism && strcmp(c->keyword, "X...") == 0))
            continue;
        printf("%s%s%s%s (%s%s)\n", any ? "\n" : "", c->keyword, c->params[0] ? " " : "", c->params,
               strcmp(c->proto, "pop3") == 0 ? "POP3" : "SMTP",
               c->registered ? "" : ", not registered");
        say("", c->means);
        say("use: ", c->use);
        say("see: ", c->ref);
        any = true;
    }
    return any ? EXPLAINED : NOTHING;
}

static int list(const char *what)
{
    size_t n;
    if (strcmp(what, "codes") == 0) {
        const struct know_code *c = know_codes(&n);
        for (size_t i = 0; i < n; i++)
            if (c[i].code)
                printf("%d\t%s\t%s\t%s\n", c[i].code, c[i].proto, c[i].verb, c[i].short_);
        const struct know_enhanced *e = know_enhanced(&n);
        for (size_t i = 0; i < n; i++)
            if (e[i].detail >= 0)
                printf("%s.%d.%d\t%s\n", e[i].classes[1] ? "X" : e[i].classes, e[i].subject,
                       e[i].detail, e[i].name);
        return EXPLAINED;
    }
    if (strcmp(what, "causes") == 0) {
        for (int i = 0; i < CAUSES; i++) {
            const struct cause_label *l = cause_label((enum cause)i);
            printf("%s\t%s\t%s\t%s\n", l->name, l->family, l->means, l->next);
        }
        return EXPLAINED;
    }
    if (strcmp(what, "keywords") == 0) {
        const struct know_cap *c = know_caps(&n);
        for (size_t i = 0; i < n; i++)
            printf("%s\t%s\t%s\t%s\n", c[i].keyword, c[i].proto, c[i].means, c[i].ref);
        return EXPLAINED;
    }
    if (strcmp(what, "mechanisms") == 0) {
        const struct know_mechanism *k = know_mechanisms(&n);
        for (size_t i = 0; i < n; i++)
            printf("%s\t%s\t%s\t%s\n", k[i].name,
                   sasl_mechanism(k[i].name, strlen(k[i].name)) ? "done" : "-", k[i].means,
                   k[i].ref);
        return EXPLAINED;
    }
    return usage("--list wants codes, causes, keywords or mechanisms");
}

/* ---- input ---- */

static bool to_stdout(void *arg, const char *p, size_t n)
{
    (void)arg;
    while (n > 0) {
        ssize_t k = write(STDOUT_FILENO, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

/* One line on standard error: what, and what instead. */
static int unreadable(const char *name, const char *why)
{
    mode_complain("%.500s: %s", name, why);
    return fault_status(FAULT_FILE);
}

static int finish(struct annotator *a, const char *name, bool ok)
{
    if (!ok && annotate_why(a)[0])
        return unreadable(name, annotate_why(a));
    if (!ok)
        return mode_unwritten(errno);
    return annotate_explained(a) ? EXPLAINED : NOTHING;
}

static int explain_fd(struct annotator *a, int fd, const char *name)
{
    for (;;) {
        size_t room;
        char *p = annotate_room(a, &room);
        ssize_t n = read(fd, p, room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int e = errno;
            annotate_end(a);
            return unreadable(name, strerror(e));
        }
        if (n == 0)
            break;
        if (!annotate_took(a, (size_t)n))
            return finish(a, name, false);
    }
    return finish(a, name, annotate_end(a));
}

/* Words rather than a file's name: they begin like a reply, or have blanks. */
static bool like_reply(const char *s)
{
    while (*s == ' ')
        s++;
    return strncasecmp(s, "-ERR", 4) == 0 || strncasecmp(s, "+OK", 3) == 0 ||
           (strspn(s, "0123456789") == 3 && strchr(" -", s[3])) || strchr(s, ' ') ||
           strchr(s, '\n');
}

static int explain_words(struct annotator *a, char **words, int n)
{
    struct buf b;
    buf_init(&b, 65536);
    for (int i = 0; i < n; i++) {
        if (i)
            buf_add_char(&b, ' ');
        if (!buf_add_str(&b, words[i])) {
            buf_clear(&b);
            return usage("the reply is longer than 64 KiB; put it into a file");
        }
    }
    size_t room;
    char *p = annotate_room(a, &room);
    size_t len = b.len < room ? b.len : room;
    memcpy(p, buf_str(&b), len);
    buf_clear(&b);
    bool ok = annotate_took(a, len);
    return finish(a, "the reply", ok && annotate_end(a));
}

/* ---- options ---- */

static bool output(const struct args *a, struct annotate_options *o, char *why, size_t size)
{
    int as = a->json + a->html + a->markdown + a->jsonl + a->plain;
    bool terminal = isatty(STDOUT_FILENO);
    if (as > 1) {
        snprintf(why, size, "--plain, --json, --html, --markdown and --jsonl: give one of them");
        return false;
    }
    if (a->blank && !a->markdown) {
        snprintf(why, size, "--blank leaves out the explanations of a --markdown table; give both");
        return false;
    }
    if (a->show_secrets && !terminal) {
        snprintf(why, size,
                 "--show-secrets shows passwords on a terminal only, not in a file or pipe");
        return false;
    }
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    o->as = a->json       ? ANNOTATE_JSON
            : a->html     ? ANNOTATE_HTML
            : a->markdown ? ANNOTATE_MARKDOWN
            : a->plain    ? ANNOTATE_PLAIN
                          : ANNOTATE_TEXT;
    o->color = terminal && o->as == ANNOTATE_TEXT && !(no_color && no_color[0]) && term &&
               strcmp(term, "dumb") != 0;
    o->blank = a->blank;
    o->show_secrets = a->show_secrets;
    o->format = a->format;
    o->write = to_stdout;
    return true;
}

static int batch(const struct args *a)
{
    FILE *in = stdin;
    if (a->noperands > 1)
        return usage("--jsonl reads one FILE or standard input");
    if (a->noperands == 1 && strcmp(a->operands[0], "-") != 0)
        in = fopen(a->operands[0], "re");
    if (!in)
        return unreadable(a->operands[0], strerror(errno));
    size_t good = 0, bad = 0;
    bool ok = cause_jsonl(in, stdout, &good, &bad);
    int e = errno;
    if (in != stdin)
        fclose(in);
    if (!ok)
        return unreadable(a->noperands ? a->operands[0] : "standard input", strerror(e));
    return good ? EXPLAINED : NOTHING;
}

int mode_explain(const struct args *a)
{
    struct annotate_options o = {0};
    char why[300];
    struct stat st;
    int asked = (a->code != NULL) + (a->keyword != NULL) + (a->list != NULL);
    if (asked > 1 || (asked && a->noperands))
        return usage("--code, --keyword and --list stand alone: one of them, without a FILE");
    if (a->code)
        return ask_code(a->code);
    if (a->keyword)
        return ask_keyword(a->keyword);
    if (a->list)
        return list(a->list);
    if (!output(a, &o, why, sizeof why))
        return usage(why);
    if (a->jsonl)
        return batch(a);
#ifdef F_SETPIPE_SZ
    fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 1 << 20); /* fewer turns with the reader; a wish only */
#endif
    const char *name = a->noperands ? a->operands[0] : "-";
    bool in = strcmp(name, "-") == 0;
    bool words = !in && (a->noperands > 1 || (stat(name, &st) != 0 && like_reply(name)));
    if (!in && !words && a->noperands > 1)
        return usage("explain reads one FILE");
    struct annotator *t = annotate_new(&o, why, sizeof why);
    if (!t)
        return usage(why);
    int status;
    if (words) {
        status = explain_words(t, a->operands, a->noperands);
    } else {
        int fd = in ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
            status = unreadable(name, strerror(errno));
        else if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
            status = unreadable(name, "is a directory; give a FILE, or a reply in quotes");
        else
            status = explain_fd(t, fd, in ? "standard input" : name);
        if (fd > STDIN_FILENO)
            close(fd);
    }
    annotate_free(t);
    return status;
}
