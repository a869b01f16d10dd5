/* A host for tests of the whole source side: besides schemas it keeps topics with their positions,
 * gives their records back to topic_read, and turns records into JSON. */
#ifndef SOURCE_TESTS_HELPER_STREAM_H
#define SOURCE_TESTS_HELPER_STREAM_H

#include <jansson.h>

#include "kitestream/plugin.h"

struct stream_host;

struct stream_host *stream_host_new(void);
void stream_host_free(struct stream_host *h);
const struct ks_task_host *stream_host_ops(struct stream_host *h);
/* "Delivers" a record: {topic, partition, offset, key, value}, value null for a tombstone. New
 * reference. */
json_t *stream_host_deliver(struct stream_host *h, const struct ks_record *record);
/* The offset of a source partition, as committed. */
void stream_host_set_offset(struct stream_host *h, const char *partition_json,
                            const char *offset_json);

#endif
