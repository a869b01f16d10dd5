/* The value of one Kafka record in, what ordering needs to know of it out (mq_record.h). Next: the
 * gate holds it until its tick; row_events reads the columns. Ticks, the most frequent record by
 * far, are recognised by their first bytes. A record without a MsgBase is foreign; one whose type
 * is known must decode to its end, or it is corrupt: it is never taken for foreign. */
#include "mq_record.h"

#include <inttypes.h>
#include <string.h>

#include "kitestream/sdk/util.h"
#include "mq_msg_type.h"
#include "proto_wire.h"

struct msg_base {
    bool found;
    int32_t type;
    int64_t msg_id;
    uint64_t timestamp;
    bool replicated;
};

const char *mq_msg_type_name(int32_t msg_type)
{
    const char *name = mq_msg_type_find(msg_type);
    return name ? name : "unknown";
}

static enum ks_status corrupt(struct ks_error *err, int32_t msg_type, const char *what)
{
    return ks_error_set(err, KS_ERR_DATA, "%s record does not decode: %s",
                        mq_msg_type_name(msg_type), what);
}

static struct ks_slice slice_of(const struct wire_field *field)
{
    return (struct ks_slice){.data = field->data, .len = field->len};
}

static bool walk_replicate_info(const struct wire_field *info, struct msg_base *base)
{
    struct wire w = wire_of(info->data, info->len);
    struct wire_field f;
    while (wire_next(&w, &f))
        if (f.number == 1 && f.type == WIRE_VARINT)
            base->replicated = f.value != 0;
    return !w.bad;
}

/* Of a cut message, as much as is there. */
static bool walk_base(const void *data, size_t len, struct msg_base *base)
{
    struct wire w = wire_of(data, len);
    struct wire_field f;
    base->found = true;
    while (wire_next(&w, &f)) {
        if (f.number == 1 && f.type == WIRE_VARINT)
            base->type = (int32_t)f.value;
        else if (f.number == 2 && f.type == WIRE_VARINT)
            base->msg_id = (int64_t)f.value;
        else if (f.number == 3 && f.type == WIRE_VARINT)
            base->timestamp = f.value;
        else if (f.number == 7 && f.type == WIRE_LEN && !walk_replicate_info(&f, base))
            return false;
    }
    return !w.bad;
}

/* Is this record nothing but a MsgBase of type TimeTick (`08 b0 09`), with the tick in it? */
static bool is_tick(struct ks_slice value, struct mq_record *rec)
{
    static const uint8_t type_tick[] = {0x08, 0xb0, 0x09};
    const uint8_t *p = value.data;
    if (value.len < 5 || p[0] != 0x0a || p[1] != value.len - 2 || p[1] >= 0x80 ||
        memcmp(p + 2, type_tick, sizeof type_tick) != 0)
        return false;
    struct msg_base base = {0};
    if (!walk_base(p + 2, p[1], &base) || base.type != MSG_TIME_TICK || base.timestamp == 0)
        return false;
    rec->kind = MQ_TICK;
    rec->msg_type = MSG_TIME_TICK;
    rec->msg_id = base.msg_id;
    rec->replicated = base.replicated;
    rec->begin_tick = rec->end_tick = base.timestamp;
    return true;
}

/* Reads every field 1. A value that breaks off inside its first field still tells its type. */
static bool find_base(struct ks_slice value, struct msg_base *base)
{
    struct wire w = wire_of(value.data, value.len);
    struct wire_field f;
    bool ok = true;
    while (wire_next(&w, &f))
        if (f.number == 1 && f.type == WIRE_LEN)
            ok = walk_base(f.data, f.len, base) && ok;
    if (!base->found && value.len > 2 && *(const uint8_t *)value.data == 0x0a) {
        struct wire head = wire_of((const uint8_t *)value.data + 1, value.len - 1);
        uint64_t len;
        if (wire_varint(&head, &len))
            walk_base(head.p, (size_t)(head.end - head.p), base);
    }
    return ok && !w.bad;
}

static enum mq_kind kind_of(int32_t msg_type)
{
    switch (msg_type) {
    case MSG_TIME_TICK:
        return MQ_TICK;
    case MSG_INSERT:
        return MQ_INSERT;
    case MSG_DELETE:
        return MQ_DELETE;
    case MSG_DROP_COLLECTION:
        return MQ_DROP_COLLECTION;
    case MSG_DROP_PARTITION:
        return MQ_DROP_PARTITION;
    case MSG_CREATE_COLLECTION:
        return MQ_CREATE_COLLECTION;
    case MSG_FLUSH:
        return MQ_FLUSH;
    case MSG_IMPORT:
        return MQ_IMPORT;
    default:
        return mq_msg_type_find(msg_type) ? MQ_OTHER : MQ_UNKNOWN;
    }
}

static void take_timestamp(struct mq_record *rec, uint64_t timestamp)
{
    if (timestamp < rec->begin_tick)
        rec->begin_tick = timestamp;
    if (timestamp > rec->end_tick)
        rec->end_tick = timestamp;
}

static bool walk_timestamps(const struct wire_field *field, struct mq_record *rec, uint64_t *count)
{
    if (field->type == WIRE_VARINT) {
        take_timestamp(rec, field->value);
        (*count)++;
        return true;
    }
    if (field->type != WIRE_LEN)
        return true;
    struct wire w = wire_of(field->data, field->len);
    uint64_t timestamp;
    while (w.p < w.end && wire_varint(&w, &timestamp)) {
        take_timestamp(rec, timestamp);
        (*count)++;
    }
    return !w.bad;
}

/* Fields that Insert and Delete share: 2 shard, 5 partition, 7 collection ID, 8 partition ID. */
static void take_place(const struct wire_field *f, struct mq_record *rec)
{
    if (f->number == 2 && f->type == WIRE_LEN)
        rec->shard_name = slice_of(f);
    else if (f->number == 5 && f->type == WIRE_LEN)
        rec->partition_name = slice_of(f);
    else if (f->number == 7 && f->type == WIRE_VARINT)
        rec->collection_id = (int64_t)f->value;
    else if (f->number == 8 && f->type == WIRE_VARINT)
        rec->partition_id = (int64_t)f->value;
}

/* Rows that have no timestamp (none at all: `begin_tick` kept its start value) cannot be placed. */
static enum ks_status finish_rows(struct mq_record *rec, uint64_t rows, uint64_t timestamps,
                                  uint64_t base_timestamp, struct ks_error *err)
{
    if (rows != timestamps)
        return ks_error_set(err, KS_ERR_DATA,
                            "%s record does not decode: %" PRIu64 " rows but %" PRIu64
                            " timestamps",
                            mq_msg_type_name(rec->msg_type), rows, timestamps);
    if (rows > UINT32_MAX)
        return corrupt(err, rec->msg_type, "too many rows");
    if (rows == 0)
        rec->begin_tick = rec->end_tick = base_timestamp;
    else if (rec->begin_tick == 0)
        return corrupt(err, rec->msg_type, "a row has timestamp 0");
    else if (rec->collection_id == 0 || rec->shard_name.len == 0)
        return corrupt(err, rec->msg_type, "no collection ID or no vchannel");
    rec->row_count = (uint32_t)rows;
    return KS_OK;
}

static enum ks_status decode_insert(struct mq_record *rec, uint64_t base_timestamp,
                                    struct ks_error *err)
{
    struct wire w = wire_of(rec->value.data, rec->value.len);
    struct wire_field f;
    uint64_t timestamps = 0, num_rows = 0, blobs = 0, version = 0;
    rec->begin_tick = UINT64_MAX;
    while (wire_next(&w, &f)) {
        take_place(&f, rec);
        if (f.number == 10 && !walk_timestamps(&f, rec, &timestamps))
            return corrupt(err, rec->msg_type, "malformed timestamps");
        if (f.number == 12 && f.type == WIRE_LEN)
            blobs++;
        else if (f.number == 14 && f.type == WIRE_VARINT)
            num_rows = f.value;
        else if (f.number == 15 && f.type == WIRE_VARINT)
            version = f.value;
    }
    if (w.bad)
        return corrupt(err, rec->msg_type, "cut or malformed protobuf");
    if (version > 1)
        return corrupt(err, rec->msg_type, "a version that is neither row- nor column-based");
    if (version == 0 && blobs == 0 && num_rows > 0)
        return corrupt(err, rec->msg_type, "row-based, but it holds no rows");
    return finish_rows(rec, version == 0 ? blobs : num_rows, timestamps, base_timestamp, err);
}

/* 9: deprecated int64 keys; 12: IDs, where up to two bytes hold an empty list. */
static bool holds_keys(const struct wire_field *f)
{
    if (f->number == 9)
        return f->type == WIRE_VARINT || (f->type == WIRE_LEN && f->len > 0);
    return f->number == 12 && f->type == WIRE_LEN && f->len > 2;
}

/* num_rows is not always filled by old producers; the timestamps are. */
static enum ks_status decode_delete(struct mq_record *rec, uint64_t base_timestamp,
                                    struct ks_error *err)
{
    struct wire w = wire_of(rec->value.data, rec->value.len);
    struct wire_field f;
    uint64_t timestamps = 0, num_rows = 0;
    bool keys = false;
    rec->begin_tick = UINT64_MAX;
    while (wire_next(&w, &f)) {
        take_place(&f, rec);
        keys = keys || holds_keys(&f);
        if (f.number == 10 && !walk_timestamps(&f, rec, &timestamps))
            return corrupt(err, rec->msg_type, "malformed timestamps");
        if (f.number == 11 && f.type == WIRE_VARINT)
            num_rows = f.value;
    }
    if (w.bad)
        return corrupt(err, rec->msg_type, "cut or malformed protobuf");
    if (keys && timestamps == 0)
        return corrupt(err, rec->msg_type, "keys without timestamps");
    return finish_rows(rec, num_rows ? num_rows : timestamps, timestamps, base_timestamp, err);
}

/* Numbers of the ID and name fields of the other messages; 0: has none. */
struct id_fields {
    uint32_t collection_id, partition_id, partition_name;
};

static struct id_fields id_fields_of(enum mq_kind kind)
{
    switch (kind) {
    case MQ_CREATE_COLLECTION:
        return (struct id_fields){.collection_id = 6};
    case MQ_DROP_COLLECTION:
        return (struct id_fields){.collection_id = 5};
    case MQ_DROP_PARTITION:
        return (struct id_fields){.collection_id = 6, .partition_id = 7, .partition_name = 4};
    case MQ_IMPORT:
        return (struct id_fields){.collection_id = 4};
    default:
        return (struct id_fields){0};
    }
}

static void decode_ids(struct mq_record *rec)
{
    struct id_fields ids = id_fields_of(rec->kind);
    struct wire w = wire_of(rec->value.data, rec->value.len);
    struct wire_field f;
    while (wire_next(&w, &f)) {
        if (f.type == WIRE_VARINT && f.number == ids.collection_id)
            rec->collection_id = (int64_t)f.value;
        else if (f.type == WIRE_VARINT && f.number == ids.partition_id)
            rec->partition_id = (int64_t)f.value;
        else if (f.type == WIRE_LEN && f.number == ids.partition_name)
            rec->partition_name = slice_of(&f);
    }
}

static void record_clear(struct mq_record *rec, struct ks_slice value)
{
    *rec = (struct mq_record){
        .channel = rec->channel,
        .offset = rec->offset,
        .message = rec->message,
        .message_free = rec->message_free,
        .next = rec->next,
        .value = value,
    };
}

enum ks_status mq_record_decode(struct ks_slice value, bool has_streaming_header,
                                struct mq_record *ret, struct ks_error *err)
{
    record_clear(ret, value);
    if (has_streaming_header) {
        ret->kind = MQ_STREAMING;
        return KS_OK;
    }
    if (is_tick(value, ret))
        return KS_OK;
    struct msg_base base = {0};
    bool well_formed = find_base(value, &base);
    bool known = base.found && mq_msg_type_find(base.type);
    if (!base.found || base.type == 0 || (!known && !well_formed)) {
        ret->kind = MQ_FOREIGN;
        return KS_OK;
    }
    ret->kind = kind_of(base.type);
    ret->msg_type = base.type;
    ret->msg_id = base.msg_id;
    ret->replicated = base.replicated;
    ret->begin_tick = ret->end_tick = base.timestamp;
    if (!well_formed)
        return corrupt(err, base.type, "cut or malformed protobuf");
    if (ret->kind == MQ_TICK && base.timestamp == 0)
        return corrupt(err, base.type, "no timestamp");
    ret->end_tick = 0;
    if (ret->kind == MQ_INSERT)
        return decode_insert(ret, base.timestamp, err);
    if (ret->kind == MQ_DELETE)
        return decode_delete(ret, base.timestamp, err);
    ret->end_tick = base.timestamp;
    decode_ids(ret);
    return KS_OK;
}

void mq_record_release(struct mq_record *rec)
{
    if (rec->message && rec->message_free)
        rec->message_free(rec->message);
    rec->message = NULL;
    rec->message_free = NULL;
    rec->value = rec->shard_name = rec->partition_name = (struct ks_slice){0};
}

enum ks_status mq_record_flush(const struct mq_record *rec, struct mq_flush *ret,
                               struct ks_error *err)
{
    return mq_record_flush_page(rec, 0, ret, err);
}

enum ks_status mq_record_flush_page(const struct mq_record *rec, size_t first, struct mq_flush *ret,
                                    struct ks_error *err)
{
    struct mq_flush flush = {0};
    struct wire w = wire_of(rec->value.data, rec->value.len);
    struct wire_field f;
    while (wire_next(&w, &f)) {
        if (f.type != WIRE_LEN)
            continue;
        if (f.number == 2)
            flush.db = slice_of(&f);
        else if (f.number == 3 && flush.total++ >= first && flush.collection_count < MQ_FLUSH_PAGE)
            flush.collections[flush.collection_count++] = slice_of(&f);
    }
    if (w.bad)
        return corrupt(err, rec->msg_type, "cut or malformed protobuf");
    *ret = flush;
    return KS_OK;
}
