/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A main() for fuzz targets where libFuzzer is not at hand: feeds the target each file of
 * tests/fuzz/corpus/NAME/ (NAME is the program's), then a fixed series of mutations of it. It finds
 * what has been found before and a little more; the search itself is libFuzzer's.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20, ROUNDS = 400 };

static uint32_t random_state = 2463534242U;

/* xorshift32: the same series on every machine, so that a failure comes again. */
static uint32_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* Exactly `size` bytes on the heap: a read behind the end is ASan's. */
static void feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size != 0 ? size : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static size_t mutate(uint8_t *data, size_t size)
{
    static const uint8_t odd[] = {'\0', '\n', '\r', ' ', '-', '.', 0x1b, 0x7f, 0x80, 0xff};
    unsigned changes = 1 + next_random() % 4;
    while (changes-- != 0 && size != 0) {
        size_t at = next_random() % size;
        switch (next_random() % 4) {
        case 0:
            data[at] = odd[next_random() % sizeof odd];
            break;
        case 1:
            data[at] ^= (uint8_t)(1U << (next_random() % 8));
            break;
        case 2:
            memmove(data + at, data + at + 1, size - at - 1);
            size--;
            break;
        default:
            size = at;
            break;
        }
    }
    return size;
}

int main(int argc, char **argv)
{
    (void)argc;
    const char *top = getenv("top_srcdir");
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash != NULL ? slash + 1 : argv[0];
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", top != NULL ? top : ".", name);
    struct dirent **files = NULL;
    int count = scandir(folder, &files, NULL, alphasort);
    unsigned inputs = 0;
    uint8_t *data = malloc(INPUT_MAX), *changed = malloc(INPUT_MAX);
    if (data == NULL || changed == NULL)
        abort();
    feed(data, 0);
    for (int i = 0; i < count; i++) {
        char path[4096 + 300];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]->d_name);
        FILE *file = files[i]->d_name[0] == '.' ? NULL : fopen(path, "rb");
        free(files[i]);
        if (file == NULL)
            continue;
        size_t size = fread(data, 1, INPUT_MAX, file);
        fclose(file);
        inputs++;
        feed(data, size);
        for (unsigned round = 0; round < ROUNDS; round++) {
            memcpy(changed, data, size);
            feed(changed, mutate(changed, size));
        }
    }
    free(files);
    free(data);
    free(changed);
    printf("1..1\n%s 1 - %s: %u inputs with %d mutations each\n", inputs != 0 ? "ok" : "not ok",
           name, inputs, (int)ROUNDS);
    return inputs != 0 ? 0 : 1;
}
