/* One field of many rows as a protobuf FieldData: measured first, then written once, so that
 * vectors are copied once and lengths are known. Part of request_build. */
#ifndef SINK_REQUEST_COLUMN_H
#define SINK_REQUEST_COLUMN_H

#include "write_plan.h"

struct request_column {
    const struct ddl_field *field; /* of the target */
    const struct ks_cell **cells;  /* one per row; NULL where the value is null */
    size_t count, null_count;
    size_t payload_bytes; /* of the values, without the messages around them */
    uint64_t dim;         /* vectors */
};

/* Checks the cells against the field's type and measures them. Errors: DATA naming the field;
 * *ret_bad is the row. */
enum ks_status request_column_measure(struct request_column *c, size_t *ret_bad,
                                      struct ks_error *err);
/* Bytes of the FieldData message, and the message itself. */
size_t request_column_size(const struct request_column *c);
void request_column_write(const struct request_column *c, struct ks_buf *out);

#endif
