/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Defines the table of a library that is loaded at its first use, where its LIB.gen.h was included:
 * LIBRARY(lib, files...). SETTLED_LIBRARY(lib, own_first, begin, files...) fills in the rest of
 * struct lazy_library. */
#ifndef HELOSCOPE_LAZY_TABLE_H
#define HELOSCOPE_LAZY_TABLE_H

#include "core/lazy/lazy.h"

#define LAZY_STRING(name) #name,
#define LIBRARY(lib, ...) SETTLED_LIBRARY(lib, false, NULL, __VA_ARGS__)
#define SETTLED_LIBRARY(lib, own, first, ...)                                                      \
    struct lazy_##lib lazy_table_##lib;                                                            \
    static const char *const files_##lib[] = {__VA_ARGS__, NULL};                                  \
    static const char *const names_##lib[] = {LAZY_NAMES_##lib(LAZY_STRING)};                      \
    struct lazy_library lazy_library_##lib = {                                                     \
        .files = files_##lib,                                                                      \
        .names = names_##lib,                                                                      \
        .table = &lazy_table_##lib,                                                                \
        .n = sizeof names_##lib / sizeof *names_##lib,                                             \
        .own_first = own,                                                                          \
        .begin = first,                                                                            \
    };

#endif
