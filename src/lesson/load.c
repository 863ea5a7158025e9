/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads lesson files with libConfuse. The words are rows of words.def; what a word may hold is
 * looked at here, so that a mistake is found by `lessons --check` and not in class. */
#include "heloscope/conffile.h"
#include "heloscope/lesson.h"
#include "heloscope/practice.h"
#include "heloscope/spf.h"
#include "heloscope/whatif.h"
#include "heloscope/zone.h"
#include "lesson/lines.h"
#include "script/script_priv.h"
#include "core/lazy/confuse.gen.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { LESSON_FILE_MAX = 262144, LESSON_STEPS_MAX = 100 };

static struct {
    const char *path, *file;
    size_t step; /* which is being read; 0: none */
    char *why;
    size_t size;
    bool said;
} reading;

/* The first mistake is the one that is told. */
static void wrong(int line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void wrong(int line, const char *fmt, ...)
{
    char what[400];
    va_list ap;
    if (reading.said)
        return;
    reading.said = true;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    snprintf(reading.why, reading.size, "%.200s:%d: %s", reading.path, line, what);
}

/* Where the word stands; `otherwise` where it does not. */
static int at(const char *word, int otherwise)
{
    int line = lesson_line(reading.file, reading.step, word, 1);
    return line ? line : otherwise;
}

/* libConfuse would take the last one without a word. */
static void not_twice(const char *word)
{
    int line = lesson_line(reading.file, reading.step, word, 2);
    if (line)
        wrong(line, "%s stands here for the second time; once is enough", word);
}

static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
    char what[200];
    vsnprintf(what, sizeof what, fmt, ap);
    wrong(cfg ? cfg->line : 0, "%s; lessons/README lists the words", what);
}

/* A text without the file's own line breaks: one newline becomes a blank, an empty line a new
 * paragraph ("\n"). */
static char *text(const char *s)
{
    char *out = xstrdup(s ? s : ""), *to = out;
    for (const char *p = out; *p;) {
        if (strchr(" \t\r\n", *p)) {
            unsigned lines = 0;
            for (; *p && strchr(" \t\r\n", *p); p++)
                lines += *p == '\n';
            if (to > out && *p)
                *to++ = lines > 1 ? '\n' : ' ';
        } else {
            *to++ = *p++;
        }
    }
    *to = '\0';
    return out;
}

static bool has_control(const char *s)
{
    for (; *s; s++)
        if (((unsigned char)*s < 0x20 && *s != '\n') || *s == 0x7f)
            return true;
    return false;
}

static char *take_text(cfg_t *sec, int line, const char *word, bool wanted)
{
    not_twice(word);
    const char *value = cfg_getstr(sec, word);
    char *out = text(value);
    if (wanted && !*out)
        wrong(line, "%s%s = \"...\" is missing", line > 1 ? "in the step that ends here: " : "",
              word);
    if (has_control(out))
        wrong(at(word, line), "%s holds a control character; only text may stand there", word);
    return out;
}

static struct match *take_pattern(cfg_t *sec, int line, const char *word, bool code)
{
    char why[200];
    const char *value = cfg_getstr(sec, word);
    not_twice(word);
    if (!value || !*value)
        return NULL;
    struct match *m = xcalloc(1, sizeof *m);
    if (!match_parse(m, value, strlen(value), code, why, sizeof why))
        wrong(at(word, line), "%s: %s", word, why);
    else if (m->regex && !m->code)
        wrong(at(word, line),
              "%s: a $ before a capital letter is a script's variable; there are none here", word);
    return m;
}

static const struct proto *service(const char *name)
{
    bool tls;
    unsigned short port;
    return proto_find(name, strlen(name), &tls, &port);
}

/* "letter" stands for the driver's name of the end of a letter. */
static void check_verb(struct lesson_step *s, const char *where, int line)
{
    const struct proto *p = service(*s->service ? s->service : where);
    if (!p) {
        wrong(at("service", line), "service = \"%.40s\": it is smtp, submission, lmtp or pop3",
              s->service);
        return;
    }
    if (!*s->verb)
        return;
    if (!strcasecmp(s->verb, "letter")) {
        const struct verb *end = proto_pseudo(p, VERB_END);
        free(s->verb);
        s->verb = xstrdup(end ? end->name : "");
        if (!end)
            wrong(at("verb", line), "verb = \"letter\": %s has no letters to end", p->title);
    } else if (!proto_verb(p, s->verb, strlen(s->verb))) {
        wrong(at("verb", line), "verb = \"%.40s\": %s has no such verb", s->verb, p->title);
    }
}

static void take_step(struct lesson *l, struct lesson_step *s, cfg_t *sec)
{
    int line = sec->line;
#define STEP_WORD(name, field, wanted, does) s->field = take_text(sec, line, name, wanted);
#define STEP_PATTERN(name, field, code, does) s->field = take_pattern(sec, line, name, code);
#define LESSON_WORD(name, field, wanted, does)
#include "lesson/words.def"
    check_verb(s, l->service, line);
    if ((s->like || s->reply || s->letter) && !*s->verb)
        wrong(at(s->like    ? "like"
                 : s->reply ? "reply"
                            : "letter",
                 line),
              "like, reply and letter want a verb beside them");
    if (*s->answer && !*s->question)
        wrong(at("answer", line), "answer wants a question beside it");
    if (*s->question && !*s->answer)
        wrong(at("question", line), "question wants an answer beside it");
    if (*s->verb && !*s->hint)
        wrong(line, "in the step that ends here: hint = \"...\" is missing; nobody is to be left "
                    "without help");
}

static void one_of(const char *word, const char *value, const char *const *words,
                   const char *in_words)
{
    if (!*value)
        return;
    for (; *words; words++)
        if (!strcasecmp(*words, value))
            return;
    wrong(at(word, 1), "%s = \"%.40s\": it is %s", word, value, in_words);
}

/* A path in a lesson is meant from the lesson's own folder. */
static void take_zone(struct lesson *l)
{
    const char *slash = strrchr(reading.path, '/');
    char why[300], path[sizeof((struct whatif *)NULL)->zone];
    int folder = *l->zone != '/' && slash ? (int)(slash + 1 - reading.path) : 0;
    if (snprintf(path, sizeof path, "%.*s%s", folder, reading.path, l->zone) >= (int)sizeof path) {
        wrong(at("zone", 1), "zone: the path is longer than %zu octets", sizeof path - 1);
        return;
    }
    free(l->zone);
    l->zone = xstrdup(path);
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) { /* a pipe would be waited for */
        wrong(at("zone", 1), "zone: %s is no ordinary file", path);
        return;
    }
    struct zone *z = zone_read(path, why, sizeof why);
    if (!z)
        wrong(at("zone", 1), "zone: %s", why);
    zone_free(z);
    const struct {
        const char *word, *value;
    } beside[] = {{"policy", l->policy}, {"alignment", l->alignment}, {"spf", l->spf}};
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        if (*beside[i].value)
            wrong(at(beside[i].word, 1),
                  "%s does not go with zone: what domains publish stands in the zone file",
                  beside[i].word);
}

static void take_world(struct lesson *l)
{
    static const char *const policies[] = {"reject", "quarantine", "none", "off", NULL};
    static const char *const alignments[] = {"relaxed", "strict", NULL};
    static const char *const ends[] = {"hard", "soft", NULL};
    unsigned char ip[16];
    unsigned bits;
    if (*l->client && !ip_parse(l->client, ip, &bits))
        wrong(at("client", 1), "client = \"%.60s\": it is an IP address, as 192.0.2.10", l->client);
    one_of("policy", l->policy, policies, "reject, quarantine, none or off");
    one_of("alignment", l->alignment, alignments, "relaxed or strict");
    one_of("spf", l->spf, ends, "hard or soft");
    if (*l->zone)
        take_zone(l);
}

static void take(struct lesson *l, cfg_t *cfg)
{
    char why[300];
#define LESSON_WORD(name, field, wanted, does) l->field = take_text(cfg, 1, name, wanted);
#define STEP_WORD(name, field, wanted, does)
#define STEP_PATTERN(name, field, code, does)
#include "lesson/words.def"
    if (!*l->service) {
        free(l->service);
        l->service = xstrdup("smtp");
    }
    if (!service(l->service))
        wrong(at("service", 1), "service = \"%.40s\": it is smtp, submission, lmtp or pop3",
              l->service);
    if (*l->fault && !practice_faults_exist(l->fault, why, sizeof why))
        wrong(at("fault", 1), "fault: %s", why);
    take_world(l);
    size_t n = cfg_size(cfg, "step");
    if (n == 0 || n > LESSON_STEPS_MAX)
        wrong(1, "%zu steps: a lesson has 1 to %d, each written step { say = \"...\" }", n,
              LESSON_STEPS_MAX);
    if (reading.said)
        return;
    l->steps = xcalloc(n, sizeof *l->steps);
    l->nsteps = n;
    for (size_t i = 0; i < n; i++) {
        reading.step = i + 1;
        take_step(l, &l->steps[i], cfg_getnsec(cfg, "step", (unsigned)i));
    }
}

static char *slurp(const char *path, char *why, size_t size)
{
    FILE *f = fopen(path, "r");
    char *p = xmalloc(LESSON_FILE_MAX + 2);
    size_t n = f ? fread(p, 1, LESSON_FILE_MAX + 1, f) : 0;
    if (!f || ferror(f))
        snprintf(why, size, "%.200s cannot be read: %s", path, strerror(errno));
    else if (n > LESSON_FILE_MAX || memchr(p, '\0', n))
        snprintf(why, size, "%.200s: %s; a lesson is a text file of some lines", path,
                 n > LESSON_FILE_MAX ? "longer than 256 KiB" : "holds a NUL octet");
    else {
        fclose(f);
        p[n] = '\0';
        return p;
    }
    if (f)
        fclose(f);
    free(p);
    return NULL;
}

static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    return dot && dot > base ? xstrndup(base, (size_t)(dot - base)) : xstrdup(base);
}

struct lesson *lesson_load(const char *path, char *why, size_t size)
{
#define LESSON_WORD(name, field, wanted, does)
#define STEP_WORD(name, field, wanted, does) CFG_STR(name, NULL, CFGF_NONE),
#define STEP_PATTERN(name, field, code, does) CFG_STR(name, NULL, CFGF_NONE),
    cfg_opt_t step[] = {
#include "lesson/words.def"
        CFG_END()};
#define LESSON_WORD(name, field, wanted, does) CFG_STR(name, NULL, CFGF_NONE),
#define STEP_WORD(name, field, wanted, does)
#define STEP_PATTERN(name, field, code, does)
    cfg_opt_t top[] = {
#include "lesson/words.def"
        CFG_SEC("step", step, CFGF_MULTI), CFG_END()};

    char *file = slurp(path, why, size);
    if (!file)
        return NULL;
    struct lesson *l = xcalloc(1, sizeof *l);
    l->name = name_of(path);
    conf_blank_comments(file, strlen(file));
    reading.path = path;
    reading.file = file;
    reading.step = 0;
    reading.why = why;
    reading.size = size;
    reading.said = false;
    cfg_t *cfg = cfg_init(top, CFGF_NONE);
    cfg_set_error_function(cfg, on_error);
    /* fmemopen() refuses an empty text. */
    int rc = *file ? cfg_parse_buf(cfg, file) : CFG_SUCCESS;
    if (rc != CFG_SUCCESS)
        wrong(cfg->line,
              "this cannot be read as a lesson; lessons/README shows how one is written");
    else
        take(l, cfg);
    cfg_free(cfg);
    free(file);
    if (!reading.said)
        return l;
    lesson_free(l);
    return NULL;
}

static void drop(struct match *m)
{
    if (m)
        match_clear(m);
    free(m);
}

void lesson_free(struct lesson *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->nsteps; i++) {
        struct lesson_step *s = &l->steps[i];
#define STEP_WORD(name, field, wanted, does) free(s->field);
#define STEP_PATTERN(name, field, code, does) drop(s->field);
#define LESSON_WORD(name, field, wanted, does)
#include "lesson/words.def"
    }
#define LESSON_WORD(name, field, wanted, does) free(l->field);
#define STEP_WORD(name, field, wanted, does)
#define STEP_PATTERN(name, field, code, does)
#include "lesson/words.def"
    free(l->steps);
    free(l->name);
    free(l);
}
