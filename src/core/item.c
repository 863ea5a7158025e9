/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Marks of items: three codes for every meaning are letter, mark and colour; this is the mark. */
#include "heloscope/source.h"

char item_mark_char(enum item_mark m)
{
    static const char marks[] = {' ', '+', '>', '~', '!', '-', '*'};
    return marks[m];
}

enum item_mark item_mark_of(enum reply_class c)
{
    static const enum item_mark marks[] = {MARK_WARN, MARK_OK, MARK_GO, MARK_TEMP, MARK_PERM};
    return marks[c];
}
