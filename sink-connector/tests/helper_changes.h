/* Change records made from JSON and the schemas in golden/, which the source made, for the decoder
 * under test. */
#ifndef SINK_TESTS_HELPER_CHANGES_H
#define SINK_TESTS_HELPER_CHANGES_H

#include "change_decode.h"

struct changes {
    struct ks_task_host host;
    struct change_decoder *decoder;
    struct ks_arena arena;
    struct ks_schema *schemas; /* a list */
    struct ks_error err;
};

void changes_open(struct changes *c);
void changes_close(struct changes *c);
/* golden/<name>.avsc */
const struct ks_schema *changes_schema(struct changes *c, const char *name);
const struct ks_schema *changes_schema_of(struct changes *c, const char *json);
/* The Avro body of a JSON value; fails the test if it does not fit. */
struct ks_slice changes_body(struct changes *c, const struct ks_schema *schema, const char *json);
/* An envelope with `op` and row image (JSON) of topic t, partition 2, offset 77; its source block:
 * collection 5, partition p1 (6), tick 8, ddl_seq 9. */
struct ks_record changes_envelope(struct changes *c, const char *schema, char op,
                                  const char *image);
/* changes_envelope decoded; fails the test if it is not decoded. */
const struct change_row *changes_row(struct changes *c, const char *schema, char op,
                                     const char *image);

#endif
