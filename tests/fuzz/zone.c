/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zone files of any kind, and questions for the words in them: an answer is one or says why not. */
#include "heloscope/zone.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const enum rr_type types[] = {RR_A, RR_TXT, RR_MX, RR_PTR, RR_CNAME};
    char why[300] = "";
    struct zone *z = zone_parse("zone", (const char *)data, n, why, sizeof why);
    if (!z) {
        if (strncmp(why, "zone:", 5) != 0)
            abort();
        return 0;
    }
    struct rr_source s = zone_source(z);
    size_t at = 0, asked = 0;
    while (at < n && asked++ < 50) {
        char name[300];
        size_t len = 0;
        while (at < n && len < sizeof name - 1 && data[at] > 32)
            name[len++] = (char)data[at++];
        name[len] = '\0';
        at++;
        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
            struct rr_answer a;
            s.lookup(s.self, name, types[t], &a);
            if ((a.status == RR_FOUND) != (a.n > 0) || (a.status == RR_TEMPFAIL) != (a.why[0] != 0))
                abort();
            for (size_t i = 0; i < a.n; i++)
                if (a.at[i].data[a.at[i].n] != '\0')
                    abort();
        }
    }
    zone_free(z);
    return 0;
}
