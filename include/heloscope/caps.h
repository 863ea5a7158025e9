/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capabilities learnt from EHLO, LHLO or CAPA, and the difference between two lists. RFC
 * 5321 4.1.1.1, RFC 2449. */
#ifndef HELOSCOPE_CAPS_H
#define HELOSCOPE_CAPS_H

#include <stdbool.h>
#include <stddef.h>

struct cap {
    char *keyword; /* as the server wrote it */
    char *params;  /* "" where there are none */
};

struct caps {
    struct cap *rows;
    size_t n;
    bool tls; /* learnt inside TLS */
};

#define CAPS_MAX 256 /* rows above that are counted as lost and said so by the session */

void caps_init(struct caps *c);
void caps_clear(struct caps *c);
bool caps_add(struct caps *c, const char *keyword, size_t klen, const char *params, size_t plen);
bool caps_copy(struct caps *to, const struct caps *from);
/* NULL if the keyword is not offered (compared without case). */
const struct cap *caps_find(const struct caps *c, const char *keyword);

enum cap_change { CAP_SAME, CAP_NEW, CAP_GONE, CAP_CHANGED };
struct cap_diff {
    enum cap_change change;
    const struct cap *was, *is; /* borrowed; NULL on the side where it is missing */
};
/* Writes at most max rows (new, changed, same in the order of `is`, then gone); returns how many
 * there are. was may be NULL. */
size_t caps_diff(const struct caps *was, const struct caps *is, struct cap_diff *rows, size_t max);

#endif
