#include "sink_state.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "kitestream/sdk/util.h"

enum { STATE_VERSION = 1 };

const char sink_state_partition[] = "{\"sink\":\"state\"}";

void sink_state_release(struct sink_state *s)
{
    seq_set_release(&s->applied);
    seq_set_release(&s->skipped);
    seq_set_release(&s->excluded);
    seq_set_release(&s->adopted);
}

void sink_state_new_id(struct sink_state *s)
{
    uint64_t number = 0;
    while (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        ;
    snprintf(s->id, sizeof(s->id), "%016" PRIx64, number);
}

static const char *set_text(const struct seq_set *set, struct ks_arena *arena)
{
    struct ks_buf text = {0};
    seq_set_print(set, &text);
    const char *copy = ks_arena_strndup(arena, (const char *)text.data, text.len);
    ks_buf_release(&text);
    return copy;
}

const char *sink_state_json(const struct sink_state *s, struct ks_arena *arena)
{
    return ks_arena_printf(arena,
                           "{\"adopted\":\"%s\",\"applied\":\"%s\",\"clean\":%s,"
                           "\"excluded\":\"%s\",\"id\":\"%s\",\"owner\":\"%s\",\"skipped\":\"%s\","
                           "\"version\":%d}",
                           set_text(&s->adopted, arena), set_text(&s->applied, arena),
                           s->clean ? "true" : "false", set_text(&s->excluded, arena), s->id,
                           s->owner, set_text(&s->skipped, arena), STATE_VERSION);
}

static bool parse_set(const json_t *object, const char *member, struct seq_set *ret)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text && seq_set_parse(ret, text);
}

/* One that older versions do not write. */
static bool parse_later_set(const json_t *object, const char *member, struct seq_set *ret)
{
    return !json_object_get(object, member) || parse_set(object, member, ret);
}

/* Older versions do not write it, either. */
static bool parse_id(const json_t *object, char ret[SINK_ID_SIZE])
{
    const json_t *value = json_object_get(object, "id");
    const char *id = value ? json_string_value(value) : "";
    bool ok = id && (!*id || strlen(id) == SINK_ID_SIZE - 1) &&
              strspn(id, "0123456789abcdef") == strlen(id);
    if (ok)
        strcpy(ret, id);
    return ok;
}

static bool parse(const char *text, struct sink_state *ret)
{
    json_t *object = json_loads(text, 0, NULL);
    const char *owner = json_string_value(json_object_get(object, "owner"));
    bool ok = json_integer_value(json_object_get(object, "version")) == STATE_VERSION && owner &&
              strlen(owner) < sizeof(ret->owner) && parse_set(object, "applied", &ret->applied) &&
              parse_set(object, "skipped", &ret->skipped) &&
              parse_set(object, "adopted", &ret->adopted) &&
              parse_later_set(object, "excluded", &ret->excluded) && parse_id(object, ret->id) &&
              json_is_boolean(json_object_get(object, "clean"));
    if (ok) {
        ret->clean = json_is_true(json_object_get(object, "clean"));
        strcpy(ret->owner, owner);
    }
    json_decref(object);
    return ok;
}

enum ks_status sink_state_read(const struct ks_task_host *host, struct sink_state *ret,
                               bool *ret_found, struct ks_error *err)
{
    struct sink_state s = {0};
    char *text = NULL;
    enum ks_status status = host->offset_read(host->task, sink_state_partition, &text, err);
    if (!status && text && !parse(text, &s)) {
        status = ks_error_set(err, KS_ERR_FATAL,
                              "the committed state of this sink cannot be read: %.400s. It was "
                              "written by a newer version, or changed by hand",
                              text);
        sink_state_release(&s);
    }
    if (!status) {
        *ret = s;
        *ret_found = text != NULL;
    }
    host->free(text);
    return status;
}

const char *sink_offset_partition(struct ks_arena *arena, const char *topic, int32_t partition)
{
    return ks_arena_printf(arena, "{\"kafka_partition\":%d,\"kafka_topic\":\"%s\"}", (int)partition,
                           topic);
}

const char *sink_offset_json(struct ks_arena *arena, int64_t offset)
{
    return ks_arena_printf(arena, "{\"kafka_offset\":%" PRId64 "}", offset);
}

enum ks_status sink_offset_read(const struct ks_task_host *host, const char *topic,
                                int32_t partition, int64_t *ret, struct ks_error *err)
{
    struct ks_arena arena = {0};
    char *text = NULL;
    enum ks_status status =
        host->offset_read(host->task, sink_offset_partition(&arena, topic, partition), &text, err);
    json_t *object = status || !text ? NULL : json_loads(text, 0, NULL);
    const json_t *offset = json_object_get(object, "kafka_offset");
    bool valid = json_is_integer(offset) && json_integer_value(offset) >= 0;
    if (!status && text && !valid)
        status = ks_error_set(err, KS_ERR_FATAL,
                              "the committed offset of %s partition %d is not one: %.400s", topic,
                              (int)partition, text);
    if (!status)
        *ret = valid ? json_integer_value(offset) : -1;
    json_decref(object);
    host->free(text);
    ks_arena_release(&arena);
    return status;
}
