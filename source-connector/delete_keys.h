/* The primary keys of a Delete record. */
#ifndef SOURCE_DELETE_KEYS_H
#define SOURCE_DELETE_KEYS_H

#include "column_cursor.h"
#include "mq_record.h"

/* A cursor over rec->row_count keys. `key`: the primary key of the collection; the record must hold
 * keys of its type. Errors: DATA. */
enum ks_status delete_keys_open(const struct column_field *key, const struct mq_record *rec,
                                struct ks_arena *arena, struct column_cursor *ret,
                                struct ks_error *err);

#endif
