/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads a library at its first use, whole: every name is looked up at once, so that a library that
 * does not fit is found out before anything was done with it. The file names are those that the
 * linker would have written down; configure asked it. */
#include "core/lazy/lazy.h"

#include "heloscope/fault.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/lazy/openssl.gen.h"

#ifdef HELO_LAZY
#include "config.h"

#ifdef HAVE_GMIME
#include "core/lazy/gmime.gen.h" /* before idn2.h, which defines a name of GLib's if it is not */
#endif

#include "core/lazy/cares.gen.h"
#include "core/lazy/confuse.gen.h"
#include "core/lazy/gsasl.gen.h"
#include "core/lazy/idn2.gen.h"
#include "core/lazy/jansson.gen.h"
#include "core/lazy/ldns.gen.h"
#include "core/lazy/pcre2.gen.h"
#include "core/lazy/psl.gen.h"
#include "core/lazy/unistring.gen.h"
#include "core/lazy/utf8proc.gen.h"
#include "core/lazy/table.h"

#include <dlfcn.h>
#include <string.h>

SETTLED_LIBRARY(openssl, true, lazy_openssl_begin, HELO_SONAME_CRYPTO, HELO_SONAME_SSL)
LIBRARY(cares, HELO_SONAME_CARES)
LIBRARY(confuse, HELO_SONAME_CONFUSE)
LIBRARY(pcre2, HELO_SONAME_PCRE2)
LIBRARY(jansson, HELO_SONAME_JANSSON)
LIBRARY(utf8proc, HELO_SONAME_UTF8PROC)
LIBRARY(gsasl, HELO_SONAME_GSASL)
LIBRARY(idn2, HELO_SONAME_IDN2)
LIBRARY(ldns, HELO_SONAME_LDNS)
LIBRARY(psl, HELO_SONAME_PSL)
LIBRARY(unistring, HELO_SONAME_UNISTRING)
#ifdef HAVE_GMIME
LIBRARY(gmime, HELO_SONAME_GLIB, HELO_SONAME_GOBJECT, HELO_SONAME_GMIME)
#endif

/* Functions that stand in the library's header call it by its own name. */
#undef json_delete
void json_delete(json_t *json)
{
    lazy_jansson()->json_delete_(json);
}

/* The sanitizers' dlopen takes no RTLD_DEEPBIND, and musl has none. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(RTLD_DEEPBIND)
#define OWN_FIRST 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
    __has_feature(thread_sanitizer)
#define OWN_FIRST 0
#endif
#endif
#ifndef OWN_FIRST
#define OWN_FIRST RTLD_DEEPBIND
#endif

/* libcrypto has 3000 names to bind, of which all but some are its own: looked for in this program
 * and what it is linked with first they take two thirds more. Who puts a library in front of all
 * others (another malloc, another clock) means it for this one, too. */
static int binding(const struct lazy_library *lib)
{
    return lib->own_first && !getenv("LD_PRELOAD") ? OWN_FIRST : 0;
}

bool lazy_load(struct lazy_library *lib, char *why, size_t size)
{
    if (lib->there)
        return true;
    void *handles[4];
    size_t opened = 0;
    for (; lib->files[opened] && opened < sizeof handles / sizeof *handles; opened++) {
        handles[opened] = dlopen(lib->files[opened], RTLD_LAZY | RTLD_LOCAL | binding(lib));
        if (!handles[opened]) {
            snprintf(why, size, "%s cannot be loaded: %s", lib->files[opened], dlerror());
            return false;
        }
    }
    /* Last opened, first asked: libssl also answers for the libcrypto that it needs. */
    for (size_t i = 0; i < lib->n; i++) {
        void *found = NULL;
        for (size_t h = opened; h > 0 && !found; h--)
            found = dlsym(handles[h - 1], lib->names[i]);
        if (!found) {
            snprintf(why, size,
                     "%s lacks %s: another version is installed than heloscope was built with",
                     lib->files[opened - 1], lib->names[i]);
            return false;
        }
        memcpy((char *)lib->table + i * sizeof found, &found, sizeof found);
    }
    lib->there = true;
    if (lib->begin)
        lib->begin();
    return true;
}
#else
bool lazy_load(struct lazy_library *lib, char *why, size_t size)
{
    (void)why;
    (void)size;
    return lib->there = true;
}
#endif

void lazy_must(struct lazy_library *lib)
{
    char why[256];
    if (lazy_load(lib, why, sizeof why))
        return;
    fprintf(stderr, "heloscope: %s\n", why);
    exit(fault_status(FAULT_FILE));
}

/* What it holds goes with the process, and cleaning up after itself takes a twentieth of a short
 * run. The table of old names of ciphers takes a tenth: TLS asks the providers, which know the
 * names; the ciphers that a key's file may name are added by who reads one (tls_ask.c). */
void lazy_openssl_begin(void)
{
    static bool done;
    if (!done)
        OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_ADD_ALL_CIPHERS, NULL);
    done = true;
}
