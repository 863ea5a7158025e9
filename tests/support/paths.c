/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paths from the environment that `make check` sets; "." when a test is run by hand. */
#include "paths.h"

#include <stdio.h>
#include <stdlib.h>

static char *join(const char *variable, const char *below)
{
    const char *top = getenv(variable);
    char *path = NULL;
    if (asprintf(&path, "%s/%s", top != NULL ? top : ".", below) < 0)
        abort();
    return path;
}

char *source_path(const char *below)
{
    return join("top_srcdir", below);
}

char *build_path(const char *below)
{
    return join("top_builddir", below);
}
