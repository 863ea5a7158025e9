/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Letters as the mailbox shows them: read by GMime, HTML as text, disguises, the four views;
 * whatever comes, what is said of it stays within its bounds. */
#include "heloscope/views.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct told {
    size_t lines, octets;
    int view;
};

static void line(void *arg, enum views_line kind, const char *label, const char *text)
{
    struct told *t = arg;
    if (kind == VIEWS_VIEW && *text != '1' + t->view++)
        abort();
    t->lines++;
    t->octets += strlen(label) + strlen(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const known[] = {"bank.test", NULL};
    const char *text = (const char *)data;
    struct reader r;
    struct told told = {0, 0, 0};
    reader_open(&r, text, n);
    if (r.nparts > READER_PARTS || r.text.len > READER_TEXT + 1024)
        abort();
    struct views_of v = {.text = text, .n = n, .reader = &r, .domains = known};
    views_tell(&v, line, &told);
    if (told.view != 4)
        abort();
    views_body(&v, line, &told);
    if (told.lines > 20000 || told.octets > 8u << 20)
        abort();
    reader_clear(&r);
    struct buf b;
    buf_init(&b, 1 << 20);
    if (html_text(text, n, 4096, &b) && b.len > 4096 + 16)
        abort();
    buf_clear(&b);
    return 0;
}
