/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kinds of trouble as exit status and as words; the rows are in the header. */
#include "heloscope/fault.h"

int fault_status(enum fault f)
{
    switch (f) {
#define X(name, status, words)                                                                     \
    case FAULT_##name:                                                                             \
        return status;
        FAULT_LIST(X)
#undef X
    }
    return 1;
}

const char *fault_words(enum fault f)
{
    switch (f) {
#define X(name, status, words)                                                                     \
    case FAULT_##name:                                                                             \
        return words;
        FAULT_LIST(X)
#undef X
    }
    return "an unknown kind of trouble";
}
