/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between cause_jsonl.c, which reads questions, and cause_jsonl_put.c, which writes answers. */
#ifndef KNOW_CAUSE_JSONL_H
#define KNOW_CAUSE_JSONL_H

#include "core/lazy/jansson.gen.h"
#include "heloscope/cause.h"

struct jsonl_query {
    struct span id, proto, stage, reply; /* p NULL: not there */
    bool digits;                         /* id is a number, as it stood there */
    const json_t *other;                 /* NULL, or an id that is no string */
};

struct jsonl_out;
/* NULL: no memory. Borrows the file; what was put is in it after the flush. */
struct jsonl_out *jsonl_out_new(FILE *file);
void jsonl_out_free(struct jsonl_out *);
void jsonl_flush(struct jsonl_out *);
/* reply.p is not NULL. */
void jsonl_answer(struct jsonl_out *, const struct jsonl_query *q);
void jsonl_error(struct jsonl_out *, size_t line, const char *why);

#endif
