/* In: positions from other tools, base64 of any bytes; out: the time at which a source connector
 * starts. And the other way round. A source starts all channels at one time, so the earliest
 * position counts; its logical part is dropped, so that rows may come twice but never be missing.
 */
#include "cdc_position.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../sdk/base64.h"
#include "alloc.h"
#include "clock.h"
#include "kitestream/sdk/util.h"
#include "proto_wire.h"

/* msg.MsgPosition */
enum { POSITION_CHANNEL = 1, POSITION_MSG_ID = 2, POSITION_TIMESTAMP = 4 };

void cdc_position_encode(const char *channel, int64_t offset, uint64_t tick, struct ks_buf *out)
{
    struct ks_buf message = {0};
    uint8_t id[8]; /* Milvus on Kafka: little endian */
    for (size_t i = 0; i < sizeof id; i++)
        id[i] = (uint8_t)((uint64_t)offset >> (8 * i));
    wire_put_str(&message, POSITION_CHANNEL, channel);
    wire_put_bytes(&message, POSITION_MSG_ID, id, sizeof id);
    if (tick)
        wire_put_uint(&message, POSITION_TIMESTAMP, tick);
    base64_encode(out, message.data, message.len);
    ks_buf_release(&message);
}

bool cdc_position_decode(const char *text, uint64_t *ret_tick)
{
    struct ks_buf bytes = {0};
    struct wire_field field;
    uint64_t tick = 0;
    bool ok = base64_decode(&bytes, text, strlen(text));
    struct wire wire = wire_of(bytes.data, bytes.len);
    while (ok && wire_next(&wire, &field)) {
        bool is_text = field.number == POSITION_CHANNEL || field.number == POSITION_MSG_ID;
        if (is_text && field.type != WIRE_LEN)
            ok = false;
        if (field.number == POSITION_TIMESTAMP) {
            ok = field.type == WIRE_VARINT;
            tick = field.value;
        }
    }
    ok = ok && !wire.bad && bytes.len > 0;
    ks_buf_release(&bytes);
    if (ok)
        *ret_tick = tick;
    return ok;
}

static bool is_number(const char *text, size_t len)
{
    return len > 0 && len <= 18 && strspn(text, "0123456789") >= len;
}

bool cdc_vchannel_parse(const char *name, int64_t *ret_collection_id)
{
    const char *last = strrchr(name, '_');
    if (!last || last == name)
        return false;
    size_t id_len = strcspn(last + 1, "v");
    const char *shard = last + 1 + id_len;
    if (!is_number(last + 1, id_len) || *shard != 'v' || !is_number(shard + 1, strlen(shard + 1)))
        return false;
    *ret_collection_id = strtoll(last + 1, NULL, 10);
    return true;
}

static enum ks_status read_tick(const char *vchannel, const char *text, uint64_t *ret,
                                struct ks_error *err)
{
    if (!cdc_position_decode(text, ret))
        return ks_error_set(err, KS_ERR_DATA,
                            "the position of %.200s is not the base64 of a MsgPosition", vchannel);
    if (tick_to_ms(*ret) == 0)
        return ks_error_set(err, KS_ERR_DATA,
                            "the position of %.200s has no timestamp, and a source starts "
                            "at a time, not at a message ID: give positions with timestamps, as "
                            "milvus-backup writes them, or use_start_position",
                            vchannel);
    return KS_OK;
}

char *cdc_time_text(int64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    char text[32];
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    return xasprintf("%s.%03dZ", text, (int)(unix_ms % 1000));
}

enum ks_status cdc_positions_start(json_t *positions, char **ret, struct ks_error *err)
{
    const char *vchannel;
    json_t *position;
    uint64_t first = UINT64_MAX;
    int64_t collection_id = -1;
    json_object_foreach(positions, vchannel, position)
    {
        uint64_t tick = 0;
        int64_t id;
        if (!cdc_vchannel_parse(vchannel, &id) || (collection_id >= 0 && id != collection_id))
            return ks_error_set(err, KS_ERR_DATA,
                                "positions: all channels must be vchannels of one collection, "
                                "%.200s is not",
                                vchannel);
        collection_id = id;
        enum ks_status status = read_tick(vchannel, json_string_value(position), &tick, err);
        if (status)
            return status;
        first = tick < first ? tick : first;
    }
    *ret = cdc_time_text(tick_to_ms(first));
    return KS_OK;
}
