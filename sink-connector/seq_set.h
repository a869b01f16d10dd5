/* The DDL that are applied: all up to one number, and ranges beyond it (queues run ahead of each
 * other). As text, in the state: "12" or "12,15-17,20". */
#ifndef SINK_SEQ_SET_H
#define SINK_SEQ_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kitestream/sdk/buf.h"

struct seq_range {
    int64_t first, last;
};

/* Owns: ranges. Zero-initialised is empty. */
struct seq_set {
    int64_t up_to;            /* 1 … up_to are in */
    struct seq_range *ranges; /* beyond, ascending, neither touching nor overlapping */
    size_t count, cap;
};

void seq_set_release(struct seq_set *s);
void seq_set_add(struct seq_set *s, int64_t seq);
void seq_set_remove(struct seq_set *s, int64_t seq);
bool seq_set_has(const struct seq_set *s, int64_t seq);
int64_t seq_set_max(const struct seq_set *s);
void seq_set_print(const struct seq_set *s, struct ks_buf *out);
/* False if the text is not one of ours. */
bool seq_set_parse(struct seq_set *ret, const char *text);

#endif
