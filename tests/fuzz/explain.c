/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any recording in any format, written in any way, in pieces of any size: nothing that a terminal
 * would act on comes out, and what comes out does not depend on the pieces. The first octet picks
 * the format, the second how it is written. */
#include "heloscope/annotate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool collect(void *arg, const char *p, size_t n)
{
    buf_add(arg, p, n);
    return true;
}

static void run(const struct annotate_options *o, const uint8_t *p, size_t n, size_t piece)
{
    char why[300];
    struct annotator *a = annotate_new(o, why, sizeof why);
    bool ok = a != NULL;
    if (!a)
        abort();
    while (n > 0 && ok) {
        size_t room, k = n < piece ? n : piece;
        char *to = annotate_room(a, &room);
        if (!room)
            abort();
        k = k < room ? k : room;
        memcpy(to, p, k);
        p += k;
        n -= k;
        ok = annotate_took(a, k);
    }
    if (ok)
        annotate_end(a);
    annotate_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const formats[] = {NULL,     "text",      "talk",     "s_client", "prose",
                                          "swaks",  "curl",      "msmtp",    "mpop",     "sendmail",
                                          "python", "maillog",   "dsn",      "jsonl",    "reply",
                                          "none",   "phpmailer", "fetchmail"};
    struct buf whole, torn;
    if (n < 2)
        return 0;
    buf_init(&whole, 64u << 20);
    buf_init(&torn, 64u << 20);
    struct annotate_options o = {.as = (enum annotate_as)(data[1] % 5),
                                 .format = formats[data[0] & 15],
                                 .write = collect,
                                 .arg = &whole};
    run(&o, data + 2, n - 2, SIZE_MAX);
    o.arg = &torn;
    run(&o, data + 2, n - 2, data[1] & 0x80 ? 1 : 7);
    if (whole.len != torn.len || memcmp(buf_str(&whole), buf_str(&torn), whole.len) != 0)
        abort();
    for (size_t i = 0; i < whole.len; i++)
        if (((unsigned char)whole.p[i] < 0x20 && whole.p[i] != '\n') || whole.p[i] == 0x7f)
            abort();
    buf_clear(&whole);
    buf_clear(&torn);
    return 0;
}
