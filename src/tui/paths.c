/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See paths.h. The XDG specification says that a relative path in its variables is to be ignored.
 */
#include "tui/paths.h"
#include "heloscope/buf.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *base(const char *variable, const char *under_home, const char *name)
{
    const char *xdg = getenv(variable), *home = getenv("HOME");
    char path[4096];
    int n;
    if (xdg && xdg[0] == '/')
        n = snprintf(path, sizeof path, "%s/heloscope/%s", xdg, name);
    else if (home && home[0] == '/')
        n = snprintf(path, sizeof path, "%s/%s/heloscope/%s", home, under_home, name);
    else
        return NULL;
    return n > 0 && (size_t)n < sizeof path ? xstrdup(path) : NULL;
}

char *paths_config(const char *name)
{
    return base("XDG_CONFIG_HOME", ".config", name);
}

char *paths_state(const char *name, char *why, size_t size)
{
    char *path = base("XDG_STATE_HOME", ".local/state", name);
    if (!path) {
        snprintf(why, size, "neither XDG_STATE_HOME nor HOME is set");
        return NULL;
    }
    for (char *p = path + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            snprintf(why, size, "%s cannot be made: %s", path, strerror(errno));
            free(path);
            return NULL;
        }
        *p = '/';
    }
    return path;
}

bool paths_shipped(const char *variable, const char *folder, const char *file, char *path,
                   size_t size)
{
    const char *env = getenv(variable);
    struct stat st;
    if (env && *env) {
        snprintf(path, size, "%s/%s", env, file);
        return stat(path, &st) == 0;
    }
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) {
        self[n] = 0;
        char *slash = strrchr(self, '/');
        if (slash) {
            *slash = 0;
            int len = snprintf(path, size, "%s/%s/%s", self, folder, file);
            if (len > 0 && (size_t)len < size && stat(path, &st) == 0)
                return true;
        }
    }
#ifdef HELOSCOPE_DATADIR
    snprintf(path, size, "%s/%s/%s", HELOSCOPE_DATADIR, folder, file);
    return stat(path, &st) == 0;
#else
    return false;
#endif
}
