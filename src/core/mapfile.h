/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file mapped for reading that may be cut short meanwhile. */
#ifndef HELOSCOPE_MAPFILE_H
#define HELOSCOPE_MAPFILE_H

#include <stdbool.h>
#include <stddef.h>

struct mapfile {
    const char *p;
    size_t n;
    int slot;
};

/* Maps the first n octets of fd. False: errno tells. */
bool mapfile_open(struct mapfile *m, int fd, size_t n);
void mapfile_close(struct mapfile *m);
/* n octets from `at` on are wanted soon: all their pages at once cost half as much as one by one.
 */
void mapfile_soon(const struct mapfile *m, size_t at, size_t n);
/* Was a part of it gone when it was looked at? Such parts read as NULs. */
bool mapfile_torn(const struct mapfile *m);

#endif
