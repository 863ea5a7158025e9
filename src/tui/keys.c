/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keys.def as a table. */
#include "tui/keys.h"

const struct key_row key_rows[] = {
#define KEY(action, key, key2, contexts, palette, label, help)                                     \
    {ACT_##action, key, key2, contexts, palette, label, help},
#define KEY_ALSO KEY
#include "tui/keys.def"
#undef KEY
#undef KEY_ALSO
};
const size_t key_rows_n = sizeof key_rows / sizeof *key_rows;
