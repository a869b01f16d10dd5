#include "source_offsets.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "kitestream/sdk/util.h"

const char *source_partition_json(struct ks_arena *arena, const char *cluster, const char *channel)
{
    json_t *object = json_pack("{s:s, s:s}", "channel", channel, "cluster", cluster);
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    const char *copy = ks_arena_strndup(arena, text, strlen(text));
    free(text);
    json_decref(object);
    return copy;
}

/* Ticks are above 2^53, which JSON readers that use doubles would round: they travel as text. */
const char *channel_offset_json(struct ks_arena *arena, const struct channel_offset *offset)
{
    return ks_arena_printf(arena, "{\"offset\":%" PRId64 ",\"tick\":\"%" PRIu64 "\"}",
                           offset->offset, offset->tick);
}

const char *etcd_offset_json(struct ks_arena *arena, const struct etcd_offset *offset)
{
    const char *vectors = "";
    if (offset->vectors != VECTORS_ARRAY)
        vectors =
            ks_arena_printf(arena, ",\"vectors\":\"%s\"", vector_encoding_name(offset->vectors));
    return ks_arena_printf(arena,
                           "{\"ddl_seq\":%" PRId64 ",\"list_tick\":\"%" PRIu64
                           "\",\"revision\":%" PRId64 ",\"row_start\":\"%" PRIu64
                           "\",\"tick\":\"%" PRIu64 "\"%s}",
                           offset->ddl_seq, offset->list_tick, offset->revision, offset->row_start,
                           offset->tick, vectors);
}

static bool member_int(const json_t *object, const char *name, int64_t *ret)
{
    const json_t *value = json_object_get(object, name);
    *ret = json_integer_value(value);
    return json_is_integer(value);
}

/* A number is accepted too: people edit offsets by REST. */
static bool member_tick(const json_t *object, const char *name, uint64_t *ret)
{
    const json_t *value = json_object_get(object, name);
    char *end = NULL;
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *ret = (uint64_t)json_integer_value(value);
        return true;
    }
    if (!json_is_string(value) || json_string_length(value) == 0)
        return false;
    *ret = strtoull(json_string_value(value), &end, 10);
    return *end == '\0';
}

static enum ks_status read_object(const struct ks_task_host *host, const char *cluster,
                                  const char *channel, json_t **ret, char **ret_text,
                                  struct ks_error *err)
{
    struct ks_arena arena = {0};
    const char *partition = source_partition_json(&arena, cluster, channel);
    enum ks_status status = host->offset_read(host->task, partition, ret_text, err);
    *ret = status || !*ret_text ? NULL : json_loads(*ret_text, 0, NULL);
    ks_arena_release(&arena);
    return status;
}

static bool is_channel_offset(const json_t *object, struct channel_offset *ret)
{
    return member_int(object, "offset", &ret->offset) && member_tick(object, "tick", &ret->tick);
}

static bool is_etcd_offset(const json_t *object, struct etcd_offset *ret)
{
    const json_t *vectors = json_object_get(object, "vectors"); /* array: not there */
    ret->vectors = vector_encoding_of(json_string_value(vectors));
    return member_int(object, "revision", &ret->revision) &&
           member_int(object, "ddl_seq", &ret->ddl_seq) &&
           member_tick(object, "list_tick", &ret->list_tick) &&
           member_tick(object, "row_start", &ret->row_start) &&
           member_tick(object, "tick", &ret->tick);
}

static enum ks_status not_ours(const char *channel, const char *text, struct ks_error *err)
{
    return ks_error_set(err, KS_ERR_FATAL,
                        "the committed offset of %s is not one of this connector: %s. Delete it "
                        "to start anew, or correct it",
                        channel, text);
}

enum ks_status channel_offset_read(const struct ks_task_host *host, const char *cluster,
                                   const char *channel, struct channel_offset *ret, bool *ret_found,
                                   struct ks_error *err)
{
    json_t *object = NULL;
    char *text = NULL;
    enum ks_status status = read_object(host, cluster, channel, &object, &text, err);
    *ret_found = !status && text;
    if (*ret_found && !is_channel_offset(object, ret))
        status = not_ours(channel, text, err);
    json_decref(object);
    host->free(text);
    return status;
}

enum ks_status etcd_offset_read(const struct ks_task_host *host, const char *cluster,
                                struct etcd_offset *ret, bool *ret_found, struct ks_error *err)
{
    json_t *object = NULL;
    char *text = NULL;
    enum ks_status status = read_object(host, cluster, "etcd", &object, &text, err);
    *ret_found = !status && text;
    if (*ret_found && !is_etcd_offset(object, ret))
        status = not_ours("etcd", text, err);
    json_decref(object);
    host->free(text);
    return status;
}

static enum ks_status check(const json_t *partition, const json_t *offset, struct ks_error *err)
{
    struct channel_offset of_channel;
    struct etcd_offset of_etcd;
    const char *channel = json_string_value(json_object_get(partition, "channel"));
    if (!channel || !json_is_string(json_object_get(partition, "cluster")))
        return ks_error_set(err, KS_ERR_DATA,
                            "the partition of a Milvus source must have the keys 'channel' and "
                            "'cluster'");
    if (strcmp(channel, "etcd") != 0 && !is_channel_offset(offset, &of_channel))
        return ks_error_set(err, KS_ERR_DATA,
                            "the offset of a channel must have the keys 'offset' and 'tick'");
    if (strcmp(channel, "etcd") == 0 && !is_etcd_offset(offset, &of_etcd))
        return ks_error_set(err, KS_ERR_DATA,
                            "the offset of etcd must have the keys 'revision', 'ddl_seq', "
                            "'list_tick', 'row_start' and 'tick'");
    return KS_OK;
}

enum ks_status source_offset_check(const struct ks_config *config, const char *partition_json,
                                   const char *offset_json, struct ks_error *err)
{
    if (!offset_json) /* whatever it is, it may be forgotten */
        return KS_OK;
    json_t *partition = json_loads(partition_json, 0, NULL);
    json_t *offset = json_loads(offset_json, 0, NULL);
    enum ks_status status = check(partition, offset, err);
    json_decref(partition);
    json_decref(offset);
    return status;
}
