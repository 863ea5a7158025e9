/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Faults on demand: reading which are wanted, and their replies. Leaves it to smtpd, pop3d and peer
 * to look whether one is on at a place. */
#include "practice/trouble.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct trouble_row trouble_rows[TROUBLES] = {
#define TROUBLE(id, name, value, usual, least, most, place, verb, smtp, pop3, closes, what, ref)   \
    {name, value, usual, least, most, place, verb, smtp, pop3, closes, what, ref},
#include "practice/troubles.def"
};

static int find(const char *name, size_t n)
{
    for (int i = 0; i < TROUBLES; i++)
        if (strlen(trouble_rows[i].name) == n && !strncasecmp(trouble_rows[i].name, name, n))
            return i;
    return -1;
}

/* One word: "greylist", "slow=200", "off". */
static bool take(struct troubles *t, const char *word, size_t n, char *why, size_t size)
{
    const char *eq = memchr(word, '=', n);
    size_t name = eq ? (size_t)(eq - word) : n;
    if (!eq && n == 3 && !strncasecmp(word, "off", 3)) {
        *t = (struct troubles){0};
        return true;
    }
    int i = find(word, name);
    if (i < 0) {
        snprintf(why, size,
                 "there is no fault \"%.*s\"; --fault list and :fault tell which there are",
                 (int)(name < 30 ? name : 30), word);
        return false;
    }
    const struct trouble_row *r = &trouble_rows[i];
    unsigned long value = r->usual;
    if (eq) {
        char digits[12] = "", *end = digits;
        if (n - name - 1 < sizeof digits)
            memcpy(digits, eq + 1, n - name - 1);
        value = digits[0] >= '0' && digits[0] <= '9' ? strtoul(digits, &end, 10) : 0;
        if (!*r->value || end == digits || *end || value < r->least || value > r->most) {
            if (*r->value)
                snprintf(why, size, "%s=%s: a number from %u to %u is wanted, such as %s=%u",
                         r->name, r->value, r->least, r->most, r->name, r->usual);
            else
                snprintf(why, size, "%s takes no number", r->name);
            return false;
        }
    }
    t->on[i] = true;
    t->value[i] = (unsigned)value;
    return true;
}

bool troubles_parse(struct troubles *t, const char *text, char *why, size_t size)
{
    struct troubles wanted = *t;
    for (const char *p = text; *(p += strspn(p, " ,"));) {
        size_t n = strcspn(p, " ,");
        if (!take(&wanted, p, n, why, size))
            return false;
        p += n;
    }
    *t = wanted;
    return true;
}

void trouble_reply(const char *reply, const struct trouble_about *a, char *out, size_t size)
{
    size_t at = 0;
    for (; *reply && at + 1 < size; reply++) {
        const char *word = NULL;
        char number[12];
        if (*reply == '%') {
            snprintf(number, sizeof number, "%u", a->value);
            word = reply[1] == 'R'   ? a->recipient
                   : reply[1] == 'S' ? a->sender
                   : reply[1] == 'C' ? a->client
                                     : number;
            reply++;
        }
        if (!word) {
            out[at++] = *reply;
            continue;
        }
        size_t n = strlen(word), room = size - 1 - at;
        n = n < 200 ? n : 200;
        n = n < room ? n : room;
        memcpy(out + at, word, n);
        at += n;
    }
    out[at] = '\0';
}
