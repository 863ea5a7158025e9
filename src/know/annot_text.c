/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explanations as text: for the eye ("   | " under each line, which `heloscope open` reads again),
 * and for a screen reader (sentences with who speaks in words). And the sentences that all writers
 * use. */
#include "know/annot.h"
#include "heloscope/harmless.h"

#include <stdio.h>
#include <string.h>

/* ---- sentences ---- */

/* The cause says more than the code where it is known. */
static bool specific(const struct annot *v)
{
    return v->caused && annot_bad(v) && v->cause.found[0].cause != CAUSE_UNSPECIFIED &&
           v->cause.found[0].cause != CAUSE_OK;
}

static const char *either(const struct annot *v, const char *cause, const char *code)
{
    if (specific(v))
        return cause[0] ? cause : code;
    return code[0] || !v->caused || !annot_bad(v) ? code : cause;
}

const char *annot_what(const struct annot *v)
{
    return either(v, v->caused ? v->cause.what : "", v->e->what);
}

const char *annot_who(const struct annot *v)
{
    return either(v, v->caused ? v->cause.who : "", v->e->decided);
}

const char *annot_mends(const struct annot *v)
{
    return either(v, v->caused ? v->cause.mends : "", v->e->mends);
}

const char *annot_next(const struct annot *v)
{
    return either(v, v->caused ? v->cause.next : "", v->e->next);
}

const char *annot_ref(const struct annot *v)
{
    return either(v, v->caused ? v->cause.ref : "", v->e->ref);
}

const char *annot_class(const struct annot *v)
{
    static const char *const words[] = {"", "ok", "go", "temporary", "permanent", "", "warning"};
    return v->kind == ITEM_SERVER ? words[v->mark] : "";
}

bool annot_bad(const struct annot *v)
{
    return v->kind == ITEM_SERVER &&
           (v->mark == MARK_TEMP || v->mark == MARK_PERM || v->mark == MARK_WARN);
}

bool annot_cap(const struct annot *v, size_t *at, char *out, size_t size)
{
    const struct verb *verb = v->m->command.verb;
    if (v->kind != ITEM_SERVER || v->mark != MARK_OK || !verb || !(verb->flags & VERB_CAPS))
        return false;
    while (*at < v->text.n) {
        const char *p = v->text.p + *at, *lf = memchr(p, '\n', v->text.n - *at);
        size_t n = lf ? (size_t)(lf - p) : v->text.n - *at;
        size_t index = *at ? 1 : 0;
        struct cap_line c;
        char keyword[64], params[256], words[512];
        *at += n + 1;
        if (!v->m->proto->capability(index, p, n, &c))
            continue;
        snprintf(keyword, sizeof keyword, "%.*s", (int)c.keyword_len, p + c.keyword);
        snprintf(params, sizeof params, "%.*s", (int)c.params_len, p + c.params);
        if (!know_cap_words(v->m->proto->name, keyword, params, words, sizeof words))
            continue;
        snprintf(out, size, "%s: %s", keyword, words);
        return true;
    }
    return false;
}

/* ---- text ---- */

/* Nothing is coloured but by class: what is red is said in words too. */
static const char *color_of(enum log_kind kind, enum item_mark mark)
{
    static const char *const marks[] = {
        [MARK_NONE] = "",           [MARK_OK] = "\033[32m",   [MARK_GO] = "\033[36m",
        [MARK_TEMP] = "\033[33m",   [MARK_PERM] = "\033[31m", [MARK_EVENT] = "",
        [MARK_WARN] = "\033[1;33m",
    };
    return kind == LOG_CLIENT ? "\033[1m" : kind == LOG_SERVER ? marks[mark] : "";
}

static void text_line(const struct annotate_options *o, struct buf *b, const struct annot_line *l)
{
    const char *color = o->color && !l->letter ? color_of(l->kind, l->mark) : "";
    buf_add_str(b, color);
    if (l->quoted)
        buf_add_str(b, l->kind == LOG_CLIENT   ? "C: "
                       : l->kind == LOG_SERVER ? "S: "
                       : l->kind == LOG_EVENT  ? "-- "
                                               : "");
    else
        text_clean(b, l->prefix.p, l->prefix.n);
    text_clean(b, l->text.p, l->text.n);
    if (color[0])
        buf_add_str(b, "\033[0m");
    buf_add_char(b, '\n');
}

struct pen {
    struct buf *b;
    const char *margin, *end;
};

static void note(const struct pen *p, const char *label, const char *words)
{
    if (!words[0])
        return;
    buf_add_str(p->b, p->margin);
    buf_add_str(p->b, label);
    text_clean(p->b, words, strlen(words));
    buf_add_str(p->b, p->end);
}

static void causes(const struct pen *p, const struct annot *v)
{
    if (!v->caused || !annot_bad(v))
        return;
    for (int i = 1; i < v->cause.n; i++) {
        const struct cause_label *l = cause_label(v->cause.found[i].cause);
        char words[300];
        snprintf(words, sizeof words, "%s (%s): %s", l->name,
                 cause_sure_name(v->cause.found[i].sure), l->means);
        note(p, "perhaps also: ", words);
    }
}

static void event_notes(const struct pen *p, const struct annot *v, bool again)
{
    char head[400], who[280], words[900];
    const char *cls = annot_class(v), *what = annot_what(v);
    if (v->recipient.n) {
        snprintf(who, sizeof who, "%.*s", v->recipient.n < 256 ? (int)v->recipient.n : 256,
                 v->recipient.p);
        note(p, "recipient: ", who);
    }
    if (v->remark)
        note(p, "", v->remark);
    if (!annot_bad(v)) {
        if (v->kind == ITEM_SERVER)
            note(p, "", v->e->gutter[0] ? v->e->gutter : cls);
        for (size_t at = 0; annot_cap(v, &at, words, sizeof words);)
            note(p, "", words);
        if (!again)
            note(p, "", v->e->extra);
        return;
    }
    snprintf(head, sizeof head, "%s", cls);
    if (v->caused) {
        const struct cause_found *f = &v->cause.found[0];
        snprintf(head, sizeof head, "%s: %s (%s)", cls, cause_label(f->cause)->name,
                 f->cause == CAUSE_UNSPECIFIED ? "the words name no cause"
                                               : cause_sure_name(f->sure));
    }
    if (again) {
        snprintf(words, sizeof words, "%s: explained above", head);
        note(p, "", words);
        return;
    }
    snprintf(words, sizeof words, "%s: %s", head, what[0] ? what : v->e->gutter);
    note(p, "", words);
    causes(p, v);
    note(p, "decided by: ", annot_who(v));
    note(p, "who can mend it: ", annot_mends(v));
    note(p, "next: ", annot_next(v));
    note(p, "", v->e->code);
    note(p, "", v->e->enhanced);
    note(p, "", v->e->extra);
    note(p, "see: ", annot_ref(v));
}

static void text_event(const struct annotate_options *o, struct buf *b, const struct annot *v,
                       bool again)
{
    struct pen p = {b, o->color ? "   \033[2m|\033[0m " : "   | ", "\n"};
    event_notes(&p, v, again);
}

/* ---- for a screen reader ---- */

static void plain_line(const struct annotate_options *o, struct buf *b, const struct annot_line *l)
{
    static const char *const who[] = {
        [LOG_CLIENT] = "Client: ", [LOG_SERVER] = "Server: ", [LOG_EVENT] = "Event: "};
    (void)o;
    if (l->kind <= LOG_EVENT)
        buf_add_str(b, who[l->kind]);
    text_clean(b, l->text.p, l->text.n);
    buf_add_char(b, '\n');
}

static void plain_event(const struct annotate_options *o, struct buf *b, const struct annot *v,
                        bool again)
{
    struct pen p = {b, "Meaning: ", "\n"};
    (void)o;
    event_notes(&p, v, again);
}

static const char *nothing(const struct annotate_options *o)
{
    (void)o;
    return "";
}

const struct annot_writer annot_text = {nothing, text_line, text_event, nothing};
const struct annot_writer annot_plain = {nothing, plain_line, plain_event, nothing};
