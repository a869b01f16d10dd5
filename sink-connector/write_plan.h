/* Rows of one Kafka partition in their order in, the fewest ordered calls out: each step is one
 * Insert, Upsert or Delete to one collection and partition of the target. Order kept: for every
 * primary key, the order of its changes. Steps of one plan are executed one after the other. */
#ifndef SINK_WRITE_PLAN_H
#define SINK_WRITE_PLAN_H

#include "change_decode.h"

enum write_kind { WRITE_INSERT, WRITE_UPSERT, WRITE_DELETE };

struct write_step {
    enum write_kind kind;
    int64_t collection_id;
    struct ks_slice partition_name; /* source's; empty = none */
    const struct change_row **rows; /* the last one of a key wins was applied for upserts */
    size_t row_count;
    size_t bytes;
    size_t changes; /* how many rows of the input it stands for (folded ones included) */
    bool repeated;  /* an ambiguous answer was given: an Insert is now an Upsert */
};

struct write_plan {
    struct write_step *steps;
    size_t step_count;
    const struct change_row *input;
    const struct change_row **replaced; /* by index in input: see write_plan_replaced */
};

struct write_plan_options {
    bool always_upsert;         /* write.mode=upsert */
    int64_t upsert_below;       /* c records with an offset below this are Upserts (after an unclean
                                   start, ordering §5); 0 = none */
    size_t max_rows, max_bytes; /* of one request */
    bool (*partition_key)(void *arg, int64_t collection_id); /* then a step names no partition */
    void *arg;
};

/* `rows` without tombstones. The plan lives in the arena. */
void write_plan_make(const struct change_row *rows, size_t count,
                     const struct write_plan_options *options, struct ks_arena *arena,
                     struct write_plan *ret);
/* The earlier row of its key that `row` took the place of within its step, to be applied if `row`
 * turns out to be one that the target cannot take; or NULL. */
const struct change_row *write_plan_replaced(const struct write_plan *plan,
                                             const struct change_row *row);
/* After an ambiguous answer: an Insert step of the plan becomes an Upsert, folded by key, in place.
 */
void write_step_to_upsert(struct write_plan *plan, struct write_step *step, struct ks_arena *arena);
/* Splits a step in two halves (order kept), for RESOURCE_EXHAUSTED and timeouts. False if it has
 * only one row. */
bool write_step_split(const struct write_step *step, struct ks_arena *arena,
                      struct write_step ret[2]);

#endif
