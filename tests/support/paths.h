/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a test finds its data, whatever directory it runs in. */
#ifndef TESTS_SUPPORT_PATHS_H
#define TESTS_SUPPORT_PATHS_H

/* `below` (such as "tests/tables/x.txt") below the source tree; the caller frees it. */
char *source_path(const char *below);

/* The same below the build tree, for what a test writes. */
char *build_path(const char *below);

#endif
