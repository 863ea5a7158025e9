/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text is a script, or a mistake that is told in one printable line; what it says of itself
 * holds together. No file is read. */
#include "heloscope/script.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[700] = "", unused[200];
    struct script_vars vars = {0};
    script_set(&vars, "HOST", "laptop.example", unused, sizeof unused);
    struct script *s =
        script_parse("fuzz", (const char *)data, size, &vars, false, why, sizeof why);
    if (s) {
        if (why[0] || script_expectations(s) > size)
            abort();
        script_free(s);
    } else {
        if (strncmp(why, "fuzz:", 5) != 0)
            abort();
        for (const char *p = why; *p; p++)
            if ((unsigned char)*p < ' ' || *p == 0x7f)
                abort();
    }
    script_vars_clear(&vars);
    return 0;
}
