/* avro-c, an Avro that is not ours: the same values through it must give the same bytes. */
#ifndef SDK_TESTS_HELPER_ORACLE_H
#define SDK_TESTS_HELPER_ORACLE_H

#include "kitestream/sdk/avro.h"

struct oracle;

/* Each fails the running test if avro-c does not agree to do it. */
struct oracle *oracle_new(const char *schema_json);
void oracle_free(struct oracle *oracle);
/* The body avro-c writes for a row of a record's cells. */
void oracle_encode(struct oracle *oracle, const struct ks_avro_schema *schema,
                   const struct ks_cell *cells, struct ks_buf *out);
/* Reads the body with avro-c and appends what it writes for what it read. */
void oracle_rewrite(struct oracle *oracle, struct ks_slice body, struct ks_buf *out);

#endif
