/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A check-up as one JSON object: target, answer, status, findings, dns, servers. The talk of a
 * server is what --json prints elsewhere a line, its TLS what the TLS pane knows. */
#include "mode/probe.h"
#include "heloscope/buf.h"
#include "heloscope/report.h"
#include "core/lazy/jansson.gen.h"

#include <stdlib.h>
#include <string.h>

static json_t *text(const char *s)
{
    /* Certificates may hold anything; jansson wants UTF-8. */
    json_t *j = json_string(s);
    if (!j) {
        char *copy = xstrdup(s);
        for (char *c = copy; *c; c++)
            if ((unsigned char)*c & 0x80)
                *c = '?';
        j = json_string(copy);
        free(copy);
    }
    return j;
}

static void put(json_t *o, const char *key, const char *s)
{
    json_object_set_new(o, key, text(s));
}

static json_t *facts(const struct dnsfacts *f)
{
    static const char *const tones[] = {"plain", "good", "warning"};
    json_t *list = json_array();
    for (size_t i = 0; f && i < dnsfacts_count(f); i++) {
        const struct dnsfacts_line *l = dnsfacts_line(f, i);
        json_t *o = json_object();
        put(o, "label", l->label);
        put(o, "id", l->id);
        put(o, "tone", tones[l->tone]);
        put(o, "text", l->text);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *findings(const struct probe *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->nfound; i++) {
        const struct probe_finding *f = &p->found[i];
        json_t *o = json_object();
        put(o, "gravity", tls_gravity_name(f->gravity));
        put(o, "id", f->id);
        put(o, "where", f->where);
        put(o, "title", f->title);
        put(o, "detail", f->detail);
        put(o, "why", f->why);
        put(o, "mend", f->next);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *dns(const struct probe *p)
{
    static const char *const kinds[] = {"mx", "implicit", "null", "failed"};
    const struct mx_list *l = p->list;
    if (!l)
        return json_null();
    json_t *o = json_object(), *hosts = json_array();
    put(o, "domain", l->domain);
    put(o, "kind", kinds[l->kind]);
    json_object_set_new(o, "authenticated", json_boolean(l->authenticated));
    for (size_t i = 0; i < l->n; i++) {
        const struct mx_entry *e = &l->at[i];
        json_t *h = json_object();
        json_object_set_new(h, "preference", json_integer(e->preference));
        put(h, "host", e->host);
        put(h, "address", e->address);
        json_object_set_new(h, "usable", json_boolean(e->usable));
        json_object_set_new(h, "reserved", json_boolean(e->reserved));
        put(h, "note", e->note);
        json_array_append_new(hosts, h);
    }
    json_object_set_new(o, "hosts", hosts);
    json_object_set_new(o, "facts", facts(p->domain));
    return o;
}

static json_t *capabilities(const struct caps *c)
{
    if (!c)
        return json_null();
    json_t *o = json_object();
    for (size_t i = 0; i < c->n; i++)
        json_object_set_new(o, c->rows[i].keyword,
                            text(c->rows[i].params ? c->rows[i].params : ""));
    return o;
}

/* JSON lines as report.h writes them. */
static json_t *talk(const struct source *src)
{
    json_t *list = json_array();
    for (size_t i = 0, n = src->count(src->self); i < n; i++) {
        char *line = NULL;
        size_t len = 0;
        FILE *f = open_memstream(&line, &len);
        if (!f)
            break;
        report_item(f, src, i, REPORT_JSONL);
        fclose(f);
        json_t *item = json_loadb(line, len, 0, NULL);
        if (item)
            json_array_append_new(list, item);
        free(line);
    }
    return list;
}

static void milliseconds(json_t *o, const char *key, double ms)
{
    json_object_set_new(o, key, ms > 0 ? json_real((double)(long)(ms * 1000) / 1000) : json_null());
}

static json_t *server(const struct probe_talk *t)
{
    static const char *const outcomes[] = {"not tried", "fine",       "unreachable",
                                           "refused",   "tls failed", "garbage"};
    json_t *o = json_object();
    struct tls_seen seen;
    struct buf tls;
    char spoken_to[300];
    put(o, "host", t->entry.host);
    put(o, "address", t->entry.address[0] ? t->entry.address : session_address(t->s));
    if (probe_talk_elsewhere(t, spoken_to, sizeof spoken_to))
        put(o, "spoken_to", spoken_to);
    json_object_set_new(o, "port", json_integer(t->target.port));
    put(o, "protocol", t->target.proto->name);
    put(o, "outcome", outcomes[t->outcome]);
    if (t->outcome == PROBE_REFUSED) {
        put(o, "stage", t->stage);
        json_object_set_new(o, "temporary", json_boolean(t->temporary));
    }
    if (t->reply[0])
        put(o, "reply", t->reply);
    milliseconds(o, "connect_ms", t->connect_ms);
    milliseconds(o, "banner_ms", t->banner_ms);
    milliseconds(o, "capabilities_ms", t->caps_ms);
    milliseconds(o, "tls_ms", t->tls_ms);
    session_tls_seen(t->s, &seen);
    json_object_set_new(o, "clear", capabilities(seen.clear));
    json_object_set_new(o, "inside_tls", capabilities(seen.inside));
    buf_init(&tls, 1 << 20);
    json_t *report = tls_report_json(&seen, &tls) ? json_loadb(tls.p, tls.len, 0, NULL) : NULL;
    json_t *inner = report ? json_object_get(report, "tls") : NULL;
    json_object_set_new(o, "tls", inner ? json_incref(inner) : json_null());
    json_decref(report);
    buf_clear(&tls);
    json_object_set_new(o, "facts", facts(t->facts));
    json_object_set_new(o, "talk", talk(transcript_source(session_transcript(t->s))));
    return o;
}

void probe_print_json(const struct probe *p, FILE *to)
{
    json_t *o = json_object(), *servers = json_array();
    put(o, "target", p->target.label);
    put(o, "answer", p->answer);
    json_object_set_new(o, "status", json_integer(fault_status(p->fault)));
    json_object_set_new(o, "findings", findings(p));
    json_object_set_new(o, "dns", dns(p));
    for (size_t i = 0; i < p->ntalks; i++)
        if (p->talks[i].s)
            json_array_append_new(servers, server(&p->talks[i]));
    json_object_set_new(o, "servers", servers);
    json_dumpf(o, to, JSON_COMPACT);
    fputc('\n', to);
    json_decref(o);
}
