/* A host as far as the row encoder needs one: schema handles. And records as JSON. */
#ifndef SOURCE_TESTS_HELPER_HOST_H
#define SOURCE_TESTS_HELPER_HOST_H

#include <jansson.h>

#include "row_events.h"

struct test_host {
    struct ks_task_host host;
    struct ks_schema *schemas;
};

void test_host_init(struct test_host *t);
void test_host_release(struct test_host *t);
/* Key and value of a record; NULL for null. Ends the test if the bytes do not fit their schema. */
json_t *test_host_key(const struct ks_record *record);
json_t *test_host_value(const struct ks_record *record);
const char *test_host_header(const struct ks_record *record, const char *key, char *buf,
                             size_t cap);
/* Frees what the source task would free. */
void change_batch_release(struct change_batch *batch);

/* Does a decoded value say what the recording says? Numbers of 64 bits may be decimal text, vectors
 * of bytes {b64, floats}, sparse vectors [[index, value]]. */
bool value_same(const struct ddl_field *field, const json_t *want, const json_t *got);

#endif
