/* Random schemas that a plan can express, and random rows of them; the same for the same seed. */
#ifndef SDK_TESTS_HELPER_RANDOM_H
#define SDK_TESTS_HELPER_RANDOM_H

#include "kitestream/sdk/avro.h"

struct random {
    uint64_t state;
    unsigned named; /* types named so far */
    struct ks_arena *arena;
};

uint64_t random_next(struct random *r);
uint64_t random_below(struct random *r, uint64_t limit);

/* JSON of a record schema. */
void random_schema(struct random *r, struct ks_buf *json);
/* Fills the cells of a row of `schema`, a record; returns how many. */
size_t random_row(struct random *r, const struct ks_avro_schema *schema, struct ks_cell *cells);

/* Bit for bit, through items. */
bool cells_equal(const struct ks_avro_schema *schema, const struct ks_cell *a,
                 const struct ks_cell *b);

/* Cells of a field, its parts included. */
size_t cells_of(const struct ks_avro_schema *schema);
/* The branch besides null of a nullable node, or the node. */
const struct ks_avro_schema *value_type(const struct ks_avro_schema *schema);

#endif
