/* A Delete record in, a cursor over its keys out; next: row_events. Keys are in primary_keys (12),
 * a schema.IDs {1 int_id | 2 str_id}; only producers that do not know it fill the deprecated list
 * of integers (9). */
#include "delete_keys.h"

#include "kitestream/sdk/util.h"
#include "wire_gather.h"

static bool holds_ids(struct ks_slice value)
{
    struct wire w = wire_of(value.data, value.len);
    struct wire_field f;
    while (wire_next(&w, &f))
        if (f.number == 12 && f.type == WIRE_LEN)
            return true;
    return false;
}

enum ks_status delete_keys_open(const struct column_field *key, const struct mq_record *rec,
                                struct ks_arena *arena, struct column_cursor *ret,
                                struct ks_error *err)
{
    bool text = key->type == MILVUS_VARCHAR, ids = holds_ids(rec->value);
    struct ks_slice list, values;
    bool ok;
    if (ids)
        ok = wire_gather_message(rec->value, 12, arena, &list) &&
             wire_gather_message(list, text ? 2 : 1, arena, &values) &&
             (text || wire_gather_packed(values, 1, WIRE_VARINT, arena, &values));
    else if (text)
        return ks_error_set(err, KS_ERR_DATA, "the delete holds no text keys for field '%s'",
                            key->name);
    else
        ok = wire_gather_packed(rec->value, 9, WIRE_VARINT, arena, &values);
    if (!ok)
        return ks_error_set(err, KS_ERR_DATA, "the keys of the delete do not decode");
    return column_cursor_over(key, text ? CURSOR_TEXTS : CURSOR_VARINTS, values, rec->row_count,
                              ret, err);
}
