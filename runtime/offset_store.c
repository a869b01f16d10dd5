/* Connector offsets as Connect stores them: key ["<connector>",{partition}], value {offset}. In:
 * the offset topic; out: one connector's offsets at one moment. Next: worker_source, worker_sink,
 * which read it only after fencing the owner before them, so nothing can be added behind the read.
 */
#include "offset_store.h"

#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "map.h"
#include "topic_admin.h"

#define CANONICAL (JSON_SORT_KEYS | JSON_COMPACT)

struct offset_entry {
    char *partition; /* canonical */
    char *offset;
};

struct offset_snapshot {
    const char *connector; /* during the read */
    struct strmap by_partition;
    struct offset_entry *entries;
    size_t count, cap;
    size_t unreadable;
};

bool offset_is_flat(const json_t *value)
{
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        if (json_is_object(member) || json_is_array(member))
            return false;
    }
    return json_is_object(value);
}

/* malloc'd canonical text, or NULL if it is not a flat object. */
static char *canonical_partition(const char *partition_json)
{
    json_t *value = json_loads(partition_json, JSON_REJECT_DUPLICATES, NULL);
    char *text = offset_is_flat(value) ? json_dumps(value, CANONICAL) : NULL;
    json_decref(value);
    return text;
}

enum ks_status offset_store_key(const char *connector, const char *partition_json,
                                struct ks_buf *out, struct ks_error *err)
{
    json_t *partition = json_loads(partition_json, JSON_REJECT_DUPLICATES, NULL);
    if (!offset_is_flat(partition)) {
        json_decref(partition);
        return ks_error_set(err, KS_ERR_DATA,
                            "source partition %.200s is not a JSON object of plain values",
                            partition_json);
    }
    json_t *key = json_pack("[s,o]", connector, partition);
    char *text = key ? json_dumps(key, CANONICAL) : NULL;
    json_decref(key);
    if (!text)
        return ks_error_set(err, KS_ERR_DATA, "connector name '%.200s' is not UTF-8", connector);
    ks_buf_reset(out);
    ks_buf_add_str(out, text);
    free(text);
    return KS_OK;
}

static void snapshot_set(struct offset_snapshot *s, char *take_partition, char *take_offset)
{
    struct offset_entry **found =
        (struct offset_entry **)strmap_find(&s->by_partition, take_partition);
    if (found) {
        free((*found)->offset);
        (*found)->offset = take_offset;
        free(take_partition);
        return;
    }
    struct offset_entry *entry = xmalloc(sizeof *entry);
    *entry = (struct offset_entry){take_partition, take_offset};
    strmap_put(&s->by_partition, take_partition, entry);
}

static void snapshot_remove(struct offset_snapshot *s, const char *partition)
{
    struct offset_entry *entry = strmap_remove(&s->by_partition, partition);
    if (!entry)
        return;
    free(entry->partition);
    free(entry->offset);
    free(entry);
}

static void take_record(void *arg, const void *rd_kafka_message)
{
    struct offset_snapshot *s = arg;
    const rd_kafka_message_t *message = rd_kafka_message;
    json_t *key = message->key ? json_loadb(message->key, message->key_len, 0, NULL) : NULL;
    const char *connector = json_string_value(json_array_get(key, 0));
    json_t *partition = json_array_get(key, 1);
    if (!connector || !offset_is_flat(partition)) {
        s->unreadable++;
        goto out;
    }
    if (strcmp(connector, s->connector) != 0)
        goto out;
    char *canonical = json_dumps(partition, CANONICAL);
    if (!message->payload) {
        snapshot_remove(s, canonical);
        free(canonical);
    } else {
        snapshot_set(s, canonical, xstrndup(message->payload, message->len));
    }
out:
    json_decref(key);
}

static void list_entries(struct offset_snapshot *s)
{
    size_t pos = 0;
    const char *partition;
    void *value;
    s->entries = xcalloc(s->by_partition.len + 1, sizeof *s->entries);
    while (strmap_next(&s->by_partition, &pos, &partition, &value))
        s->entries[s->count++] = *(struct offset_entry *)value;
}

enum ks_status offset_snapshot_read(const struct worker_config *config, const char *connector,
                                    const _Atomic bool *stop, struct offset_snapshot **ret,
                                    struct ks_error *err)
{
    struct offset_snapshot *s = xcalloc(1, sizeof *s);
    s->connector = connector;
    enum ks_status status = topic_read_all(config, config->offset_topic, take_record, s, stop, err);
    if (status != KS_OK) {
        offset_snapshot_free(s);
        return status;
    }
    if (s->unreadable > 0)
        log_line(KS_LOG_WARN, connector, -1, "topic %s: %zu records with keys that are not offsets",
                 config->offset_topic, s->unreadable);
    s->connector = NULL;
    list_entries(s);
    *ret = s;
    return KS_OK;
}

void offset_snapshot_free(struct offset_snapshot *s)
{
    if (!s)
        return;
    size_t pos = 0;
    const char *partition;
    void *value;
    while (strmap_next(&s->by_partition, &pos, &partition, &value)) {
        struct offset_entry *entry = value;
        free(entry->partition);
        free(entry->offset);
        free(entry);
    }
    strmap_release(&s->by_partition);
    free(s->entries);
    free(s);
}

const char *offset_snapshot_get(const struct offset_snapshot *s, const char *partition_json)
{
    char *canonical = canonical_partition(partition_json);
    struct offset_entry *entry = canonical ? strmap_get(&s->by_partition, canonical) : NULL;
    free(canonical);
    return entry ? entry->offset : NULL;
}

size_t offset_snapshot_count(const struct offset_snapshot *s)
{
    return s->count;
}

void offset_snapshot_at(const struct offset_snapshot *s, size_t i, const char **ret_partition,
                        const char **ret_offset)
{
    *ret_partition = s->entries[i].partition;
    *ret_offset = s->entries[i].offset;
}

enum ks_status offset_store_ensure(const struct worker_config *config, struct ks_error *err)
{
    const struct ks_config_entry entry = {"cleanup.policy", "compact"};
    const struct ks_config configs = {&entry, 1};
    struct topic_admin *admin = NULL;
    enum ks_status status = topic_admin_open(config, NULL, &admin, err);
    if (status == KS_OK)
        status = topic_admin_ensure(admin, config->offset_topic, config->offset_partitions,
                                    config->offset_replication, &configs, NULL, err);
    if (status == KS_OK)
        status = topic_admin_check_compacted(admin, config->offset_topic, err);
    topic_admin_close(admin);
    return status;
}
