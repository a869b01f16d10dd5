/* Groups of Insert and Delete records that no Milvus wrote, of a collection (id, v) with keys and
 * values of one digit. */
#ifndef SOURCE_TESTS_HELPER_ROWS_H
#define SOURCE_TESTS_HELPER_ROWS_H

#include "helper_host.h"
#include "kitestream/sdk/buf.h"

enum { MADE_RECORDS = 8 };

struct made_rows {
    struct test_host host;
    struct catalogue_collection coll;
    struct catalogue_partition partition; /* 7, "now" */
    struct change_encoder *enc;
    struct change_batch batch;
    struct ks_buf values[MADE_RECORDS];
    struct mq_record records[MADE_RECORDS], *list[MADE_RECORDS];
    size_t count;
    struct ks_error err;
};

void made_rows_init(struct made_rows *t, const struct change_options *options);
void made_rows_release(struct made_rows *t);
/* A record at offset 10, 11, 12 …: a row for each digit. `values` counts for inserts only. */
void made_rows_add(struct made_rows *t, enum mq_kind kind, int64_t partition, const char *keys,
                   const char *values);
enum ks_status made_rows_run(struct made_rows *t);
/* The next group: without the records and without what became of them. */
void made_rows_clear(struct made_rows *t);
/* " d5@10.0" for each record: op, key, offset, row; " -5" a tombstone. */
void made_rows_check(struct made_rows *t, const char *want);

#endif
