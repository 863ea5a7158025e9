/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Libraries that are loaded when they are first used. Linked in the usual way they are mapped and
 * relocated at every start, needed or not: OpenSSL alone costs 1.1 ms, libgsasl and libidn2 with
 * what hangs on them 0.4 ms, which is more than the rest of a short run. So a source file includes
 * "core/lazy/LIB.gen.h" (made from LIB.names by lazy.awk) instead of the library's own header and
 * calls its functions by their own names.
 *
 * Without HELO_LAZY (--disable-lazy-libraries, or a system without ELF) the libraries are linked.
 */
#ifndef HELOSCOPE_LAZY_H
#define HELOSCOPE_LAZY_H

#include <stdbool.h>
#include <stddef.h>

struct lazy_library {
    bool there;
    const char *const *files; /* shared objects, in the order of loading; NULL ends */
    const char *const *names; /* what is looked up in them */
    void *table;              /* n pointers, in the order of names */
    size_t n;
    /* Its own functions come before those of the same name in the program. Only for a library that
     * frees by itself what it allocated. */
    bool own_first;
    void (*begin)(void); /* once, when all names are there */
};

/* Loads lib, or did so before. False: it is not there or lacks a name; why holds a sentence. To be
 * called where a library comes into play and a failure can still be told in the usual way. */
bool lazy_load(struct lazy_library *lib, char *why, size_t size);
/* The same where nothing can be told: ends the program with one line on standard error. */
void lazy_must(struct lazy_library *lib);

/* To be called before anything else of OpenSSL: what its own beginning would do and nothing here
 * needs is left out. Once is enough; where it is loaded at its first use that does it. */
void lazy_openssl_begin(void);

/* lazy_ready(openssl, why, sizeof why) */
#ifdef HELO_LAZY
#define lazy_ready(lib, why, size) lazy_load(&lazy_library_##lib, why, size)
#else
#define lazy_ready(lib, why, size) ((void)(why), (void)(size), true)
#endif

#endif
