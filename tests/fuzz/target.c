/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever is typed as a target gives a target that holds together, or a sentence that is safe to
 * show. */
#include "heloscope/target.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), why[400] = "";
    struct target t;
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    if (target_parse(text, &t, why, sizeof why)) {
        if (!t.label || !(t.path ? !t.host : t.host && t.ascii && strlen(t.ascii) <= 253))
            abort();
        target_clear(&t);
    } else {
        if (!why[0])
            abort();
        for (const char *p = why; *p; p++)
            if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
                abort();
    }
    free(text);
    return 0;
}
