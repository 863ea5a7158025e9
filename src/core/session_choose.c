/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which way to log in: the strongest of what the server offers and of what there is something for,
 * with the reason in words. The order is that of sasl_mechs.def. RFC 4954 3, RFC 5034 3, RFC 2449
 * 6.3 (USER), RFC 1939 7 (the banner's timestamp is APOP's offer). */
#include "core/session_priv.h"
#include "heloscope/login.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_offer(const struct cap *c)
{
    return strcasecmp(c->keyword, "AUTH") == 0 || strcasecmp(c->keyword, "SASL") == 0;
}

static bool listed(const struct caps *c, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; c && i < c->n; i++) {
        if (!is_offer(&c->rows[i]))
            continue;
        for (const char *p = c->rows[i].params; *p; p += strspn(p, " \t")) {
            size_t m = strcspn(p, " \t");
            if (m == n && strncasecmp(p, name, n) == 0)
                return true;
            p += m;
        }
    }
    return false;
}

bool session_offers(const struct session *s, const struct sasl_mechanism *m)
{
    const struct caps *c = session_caps(s);
    if (m->engine == SASL_APOP)
        return s->timestamp[0];
    if (m->engine == SASL_USERPASS) /* before RFC 2449 there was nothing to list it in */
        return proto_verb(s->proto, "PASS", 4) && (!c || caps_find(c, "USER"));
    return listed(c, m->name);
}

/* The offer in words, as far as there is room. */
static void offer_words(const struct session *s, char *out, size_t size)
{
    const struct caps *c = session_caps(s);
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; c && i < c->n && n < size; i++)
        if (is_offer(&c->rows[i])) {
            int k = snprintf(out + n, size - n, "%s%s", n ? " " : "", c->rows[i].params);
            n += k > 0 ? (size_t)k : 0;
        }
    if (s->timestamp[0] && n < size) {
        int k = snprintf(out + n, size - n, "%sAPOP", n ? " " : "");
        n += k > 0 ? (size_t)k : 0;
    }
    if (c && caps_find(c, "USER") && n < size)
        snprintf(out + n, size - n, "%sUSER", n ? " " : "");
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
            *p = '?';
}

/* Not every TLS connection gives something that a login can be bound to (tls.h). */
static bool can_bind(const struct session *s)
{
    struct buf b;
    buf_init_secret(&b, 64);
    bool ok = s->conn && conn_channel_binding(s->conn, &b) != TLS_BINDING_NONE;
    buf_clear(&b);
    return ok;
}

/* Is there something to do the mechanism with? */
static bool usable(const struct session *s, const struct sasl_mechanism *m, unsigned have)
{
    if ((m->flags & SASL_BOUND) && !can_bind(s))
        return false;
    if (m->wants == SASL_WANTS_NOTHING)
        return (m->flags & SASL_ASKED) ? false : have & LOGIN_CERTIFICATE;
    return have & (m->wants == SASL_WANTS_TOKEN ? LOGIN_TOKEN : LOGIN_PASSWORD);
}

const struct sasl_mechanism *session_strongest(const struct session *s, unsigned have,
                                               unsigned without)
{
    size_t n;
    const struct sasl_mechanism *m = sasl_mechanisms(&n);
    for (size_t i = 0; i < n; i++)
        if (!(without & (1u << i)) && session_offers(s, &m[i]) && usable(s, &m[i], have))
            return &m[i];
    return NULL;
}

static bool is_clear(const struct session *s, const struct sasl_mechanism *m)
{
    return (m->flags & SASL_CLEAR) && !s->now.tls;
}

/* Nothing fits: what is missing? */
static void nothing(const struct session *s, unsigned have, const char *offer, char *why,
                    size_t size)
{
    if (!session_caps(s) && !proto_verb(s->proto, "PASS", 4))
        snprintf(why, size, "what the server offers is not known%s: %s first, or name a mechanism",
                 s->stale ? " any more (TLS came between, or the talk began anew)" : "",
                 s->proto->caps_verb);
    else if (!*offer)
        snprintf(why, size, "the server offers no way to log in%s",
                 s->now.tls ? ""
                            : ", at least not outside TLS: start TLS first, then ask again what it "
                              "offers");
    else
        snprintf(why, size, "the server offers %.160s: nothing that can be done with %s", offer,
                 (have & LOGIN_TOKEN) && (have & LOGIN_PASSWORD) ? "a password or a token"
                 : have & LOGIN_TOKEN                            ? "a token; is there a password?"
                                                                 : "a password alone");
}

static void insisted(const struct session *s, const struct sasl_mechanism *m, unsigned have,
                     const char *offer, struct login_choice *out)
{
    const struct sasl_mechanism *best = session_strongest(s, have, 0);
    if (!session_offers(s, m) && session_caps(s))
        snprintf(out->why, sizeof out->why, "%s, as you asked, though the server offers %.160s",
                 m->name, *offer ? offer : "nothing");
    else if (best && best < m)
        snprintf(out->why, sizeof out->why, "%s, as you asked: %s. %s is offered too, and stronger",
                 m->name, m->why, best->name);
    else
        snprintf(out->why, sizeof out->why, "%s, as you asked: %s", m->name, m->why);
}

bool login_choose(const struct session *s, const char *insist, unsigned have,
                  struct login_choice *out, char *why, size_t size)
{
    char offer[200];
    memset(out, 0, sizeof *out);
    if (!(have & (LOGIN_PASSWORD | LOGIN_TOKEN)))
        have |= LOGIN_PASSWORD;
    if (s->now.tls && s->options.conn.trust.ask.cert_file)
        have |= LOGIN_CERTIFICATE;
    offer_words(s, offer, sizeof offer);
    if (insist && *insist) {
        const struct sasl_mechanism *m = sasl_mechanism(insist, strlen(insist));
        if (!m) {
            snprintf(why, size,
                     "%.40s is not done here; 'heloscope --man' lists the mechanisms that are",
                     insist);
            return false;
        }
        if (m->engine == SASL_USERPASS && !proto_verb(s->proto, "PASS", 4)) {
            snprintf(why, size, "USER and PASS are POP3's; %s has AUTH", s->proto->title);
            return false;
        }
        insisted(s, m, have, offer, out);
        out->mechanism = m;
        out->clear = is_clear(s, m);
        return true;
    }
    const struct sasl_mechanism *m = session_strongest(s, have, 0);
    if (!m && (have & LOGIN_CAN_ASK))
        m = session_strongest(s, have | LOGIN_PASSWORD | LOGIN_TOKEN, 0);
    if (!m) {
        nothing(s, have, offer, why, size);
        return false;
    }
    out->mechanism = m;
    out->clear = is_clear(s, m);
    if (strcmp(offer, m->name) == 0 || !*offer)
        snprintf(out->why, sizeof out->why, "%s, the only way on offer: %s", m->name, m->why);
    else
        snprintf(out->why, sizeof out->why, "%s, the strongest of %s that there is %s for: %s",
                 m->name, offer,
                 m->wants == SASL_WANTS_TOKEN      ? "a token"
                 : m->wants == SASL_WANTS_PASSWORD ? "a password"
                                                   : "a certificate",
                 m->why);
    return true;
}
