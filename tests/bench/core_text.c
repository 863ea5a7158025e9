/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How fast text goes through framing, index, search and the lazy file view. Figures, not verdicts.
 */
#include "heloscope/frame.h"
#include "heloscope/logfile.h"
#include "heloscope/loop.h"
#include "heloscope/search.h"
#include "heloscope/transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)65536)

static char *text;
static size_t size;

static void row(const char *what, size_t octets, uint64_t us)
{
    printf("%-46s %8.2f ms", what, (double)us / 1000.0);
    if (octets)
        printf("  %8.0f MB/s", (double)octets / (double)(us ? us : 1));
    putchar('\n');
}

static void framing(void)
{
    struct frame f;
    struct piece p;
    uint64_t start = now_us(), seen = 0;
    frame_init(&f, 1000);
    frame_feed(&f, "+OK\r\n", 5);
    frame_next(&f, &p);
    frame_body(&f);
    for (size_t i = 0; i < size; i += CHUNK) {
        frame_feed(&f, text + i, size - i < CHUNK ? size - i : CHUNK);
        while (frame_next(&f, &p))
            seen += p.n;
    }
    row("frame: a body, scanned, in chunks of 64 KiB", seen, now_us() - start);
    frame_clear(&f);
}

static void index_it(void)
{
    struct lineindex x;
    uint64_t start = now_us();
    lineindex_init(&x);
    for (size_t i = 0; i < size; i += CHUNK)
        lineindex_feed(&x, text + i, size - i < CHUNK ? size - i : CHUNK);
    row("lineindex: the same", size, now_us() - start);
    lineindex_clear(&x);
}

static void search_it(const char *pattern)
{
    char why[100], what[80];
    size_t at, len;
    struct search *s = search_new(pattern, why, sizeof why);
    uint64_t start = now_us();
    bool hit = search_text(s, text, size, 0, &at, &len);
    snprintf(what, sizeof what, "search: %.30s%s", pattern, hit ? "" : " (not found)");
    row(what, hit ? at : size, now_us() - start);
    start = now_us();
    hit = search_text_back(s, text, size, size, &at, &len);
    snprintf(what, sizeof what, "  back%s", hit ? "" : " (not found)");
    row(what, hit ? size - at : size, now_us() - start);
    search_free(s);
}

static void file(void)
{
    char path[] = "/tmp/heloscope-bench-XXXXXX", why[200];
    int fd = mkstemp(path);
    if (fd < 0)
        return;
    FILE *out = fdopen(fd, "w");
    fputs("# heloscope transcript\n# protocol: smtp\nS: 220 here\nC: EHLO me\nS: 250 here\n", out);
    long i = 0;
    for (; ftell(out) < 100000000L; i++)
        fprintf(
            out,
            "C: MAIL FROM:<user%06ld@sender.example>\nS: 250 2.1.0 sender accepted, go on please\n",
            i);
    fputs("C: QUIT\nS: 552 the very last line\n", out);
    fclose(out);
    for (int round = 0; round < 2; round++) {
        uint64_t start = now_us();
        struct loop *l = loop_new();
        struct logfile *f = logfile_open(l, path, NULL, NULL, why, sizeof why);
        if (!f) {
            puts(why);
            break;
        }
        const struct source *s = logfile_source(f);
        struct span line;
        struct item item;
        struct moment m;
        for (size_t k = 0; k < 50; k++) {
            s->item(s->self, k, &item);
            s->line(s->self, k, 0, &line);
        }
        row("file: opened, 50 lines shown", 0, now_us() - start);
        start = now_us();
        s->finish(s->self);
        row("file: index finished at once (G)", 100000000, now_us() - start);
        size_t n = s->count(s->self);
        start = now_us();
        for (size_t k = n - 50; k < n; k++) {
            s->item(s->self, k, &item);
            s->line(s->self, k, 0, &line);
        }
        row("file: the last 50 lines", 0, now_us() - start);
        start = now_us();
        s->moment(s->self, n - 1, &m);
        row("file: state at the last line", 0, now_us() - start);
        struct search *q = search_new("the very last", why, sizeof why);
        struct place from = {0, 0}, hit;
        start = now_us();
        s->find(s->self, q, &from, false, &hit);
        row("file: search of the last line", 100000000, now_us() - start);
        search_free(q);
        size_t at = 0;
        start = now_us();
        s->problem(s->self, 0, false, &at);
        row("file: next problem (the last line)", 100000000, now_us() - start);
        printf("%zu lines, found at %zu and %zu\n", n, hit.item, at);
        logfile_close(f);
        loop_free(l);
    }
    unlink(path);
}

int main(void)
{
    size = 200 * 1000 * 1000;
    text = malloc(size);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)("etaoin shrdlu.cmfwyp"[i * 7 % 20]);
    for (size_t i = 70; i < size; i += 72)
        memcpy(text + i - 2, "\r\n", 2);
    memcpy(text + size - 20, "Zebra crossing 12345", 20);
    framing();
    framing();
    index_it();
    search_it("zebra crossing");
    search_it("Zebra crossing");
    search_it("not to be found");
    search_it("z[a-z]+ cross");
    search_it("^[45]\\d\\d");
    file();
    free(text);
    return 0;
}
