/* Offsets of a connector from outside. In: Connect's JSON; out: records of the offset topic and
 * offsets of the group. Next: rest_offsets. Order of a change: fence the tasks, then one
 * transaction with everything. Death anywhere: all of it shows or nothing.
 *
 * A sink's offsets stand twice, in its group and in the offset topic. One without a record is not
 * shown: to forget an offset its record is deleted and the group's goes back to the beginning,
 * where a sink without any would start too.
 *
 * A sink that assigns its partitions itself finds out by comparing the two that a tool has moved
 * the group's: then it writes what it may have written before as Upsert. So its record is left
 * alone. */
#include "connector_offsets.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "group_offsets.h"
#include "kitestream/sdk/util.h"
#include "offset_check.h"
#include "offset_store.h"
#include "offset_writer.h"
#include "sink_offset_json.h"
#include "topic_admin.h"

static bool is_sink(const struct connector_offsets *c)
{
    return c->cls->kind == KS_CLASS_SINK;
}

static bool keeps_own_state(const struct connector_offsets *c)
{
    return is_sink(c) && (c->cls->flags & KS_CLASS_OWN_ASSIGNMENT);
}

static json_t *pair(json_t *take_partition, json_t *take_offset)
{
    return json_pack("{s:o, s:o}", "partition", take_partition, "offset", take_offset);
}

/* ---- reading ---- */

static json_t *source_offsets(const struct offset_snapshot *records)
{
    json_t *list = json_array();
    for (size_t i = 0; i < offset_snapshot_count(records); i++) {
        const char *partition, *offset;
        offset_snapshot_at(records, i, &partition, &offset);
        json_t *value = json_loads(offset, 0, NULL);
        if (json_is_object(value))
            json_array_append_new(list, pair(json_loads(partition, 0, NULL), value));
        else
            json_decref(value);
    }
    return list;
}

/* One entry for each record that is an offset of a sink. */
static void add_recorded(const struct offset_snapshot *records,
                         rd_kafka_topic_partition_list_t *list)
{
    for (size_t i = 0; i < offset_snapshot_count(records); i++) {
        struct sink_position p;
        const char *partition, *offset;
        offset_snapshot_at(records, i, &partition, &offset);
        if (!sink_position_of_record(partition, offset, &p))
            continue;
        rd_kafka_topic_partition_list_add(list, p.topic, p.partition)->offset = p.offset;
        free(p.topic);
    }
}

static enum ks_status add_topic(struct topic_admin *admin, const char *topic,
                                rd_kafka_topic_partition_list_t *list, struct ks_error *err)
{
    int32_t count = 0;
    enum ks_status status = topic_admin_partitions(admin, topic, &count, err);
    for (int32_t i = 0; status == KS_OK && i < count; i++)
        if (!rd_kafka_topic_partition_list_find(list, topic, i))
            rd_kafka_topic_partition_list_add(list, topic, i);
    return status;
}

/* The partitions that the sink may have offsets for, with those of its records. Which records a
 * sink with a state of its own writes is not known: all that it reads is asked for. */
static enum ks_status sink_partitions(const struct connector_offsets *c,
                                      const struct offset_snapshot *records,
                                      struct topic_admin *admin,
                                      rd_kafka_topic_partition_list_t *list, struct ks_error *err)
{
    enum ks_status status = KS_OK;
    add_recorded(records, list);
    for (size_t i = 0; keeps_own_state(c) && status == KS_OK && i < c->topic_count; i++)
        status = add_topic(admin, c->topics[i], list, err);
    rd_kafka_topic_partition_list_sort(list, NULL, NULL);
    return status;
}

static json_t *shown(const rd_kafka_topic_partition_list_t *group,
                     const rd_kafka_topic_partition_list_t *own)
{
    json_t *list = json_array();
    for (int i = 0; i < group->cnt; i++) {
        const rd_kafka_topic_partition_t *tp = &group->elems[i];
        /* A group's offsets expire. */
        int64_t offset = tp->offset >= 0 ? tp->offset : own->elems[i].offset;
        if (offset >= 0)
            json_array_append_new(list, pair(sink_partition_json(tp->topic, tp->partition),
                                             sink_offset_value_json(offset)));
    }
    return list;
}

static enum ks_status sink_offsets(const struct connector_offsets *c,
                                   const struct offset_snapshot *records, json_t **ret,
                                   struct ks_error *err)
{
    struct group_offsets *group = NULL;
    struct topic_admin *admin = NULL;
    rd_kafka_topic_partition_list_t *own = rd_kafka_topic_partition_list_new(8), *list = NULL;
    enum ks_status status = topic_admin_open(c->worker, NULL, &admin, err);
    if (status == KS_OK)
        status = sink_partitions(c, records, admin, own, err);
    list = rd_kafka_topic_partition_list_copy(own);
    if (status == KS_OK)
        status = group_offsets_open(c->worker, c->connector, c->config, &group, err);
    if (status == KS_OK)
        status = group_offsets_read(group, list, err);
    if (status == KS_OK)
        *ret = shown(list, own);
    group_offsets_close(group);
    topic_admin_close(admin);
    rd_kafka_topic_partition_list_destroy(own);
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

enum ks_status connector_offsets_read(const struct connector_offsets *c, json_t **ret,
                                      struct ks_error *err)
{
    struct offset_snapshot *records = NULL;
    enum ks_status status = offset_snapshot_read(c->worker, c->connector, NULL, &records, err);
    if (status != KS_OK)
        return status;
    if (is_sink(c))
        status = sink_offsets(c, records, ret, err);
    else
        *ret = source_offsets(records);
    offset_snapshot_free(records);
    return status;
}

/* ---- what is to be changed ---- */

struct change {
    struct ks_source_offset *records; /* owns the texts */
    size_t count, cap;
    rd_kafka_topic_partition_list_t *group;
};

static void change_init(struct change *ch)
{
    *ch = (struct change){.group = rd_kafka_topic_partition_list_new(4)};
}

static void change_release(struct change *ch)
{
    for (size_t i = 0; i < ch->count; i++) {
        free((char *)(uintptr_t)ch->records[i].partition_json);
        free((char *)(uintptr_t)ch->records[i].offset_json);
    }
    free(ch->records);
    rd_kafka_topic_partition_list_destroy(ch->group);
}

static void add_record(struct change *ch, char *take_partition, char *take_offset)
{
    ch->records = xgrow(ch->records, ch->count, &ch->cap, sizeof *ch->records);
    ch->records[ch->count++] = (struct ks_source_offset){take_partition, take_offset};
}

static enum ks_status commit(const struct connector_offsets *c, const struct change *ch,
                             struct ks_error *err)
{
    struct offset_writer *writer = NULL;
    int64_t tasks = ks_config_long(c->config, "tasks.max", 1);
    enum ks_status status =
        offset_writer_open(c->worker, c->connector, c->cls->kind, tasks, c->config, &writer, err);
    if (status == KS_OK && ch->count + (size_t)ch->group->cnt > 0)
        status = offset_writer_commit(writer, ch->records, ch->count, ch->group, err);
    offset_writer_close(writer);
    return status;
}

/* ---- sources ---- */

static enum ks_status take_source(const struct connector_offsets *c, const json_t *partition,
                                  const json_t *offset, struct change *ch, struct ks_error *err)
{
    bool is_reset = !offset || json_is_null(offset);
    if (!offset_is_flat(partition) || (!is_reset && !offset_is_flat(offset)))
        return ks_error_set(err, KS_ERR_DATA,
                            "partition and offset must be objects of plain values");
    add_record(ch, json_dumps(partition, JSON_COMPACT | JSON_SORT_KEYS),
               is_reset ? NULL : json_dumps(offset, JSON_COMPACT | JSON_SORT_KEYS));
    const struct ks_source_offset *last = &ch->records[ch->count - 1];
    return offset_check(c->cls, c->config, last, err);
}

/* ---- sinks ---- */

static enum ks_status check_partition(const struct sink_position *p, struct topic_admin *admin,
                                      struct ks_error *err)
{
    int32_t count = 0;
    enum ks_status status = topic_admin_partitions(admin, p->topic, &count, err);
    if (status == KS_OK && p->partition >= count)
        status = ks_error_set(err, KS_ERR_DATA, "topic %s has no partition %d", p->topic,
                              (int)p->partition);
    return status;
}

static void set_group(struct change *ch, const struct sink_position *p, int64_t offset)
{
    rd_kafka_topic_partition_t *tp =
        rd_kafka_topic_partition_list_find(ch->group, p->topic, p->partition);
    if (!tp)
        tp = rd_kafka_topic_partition_list_add(ch->group, p->topic, p->partition);
    tp->offset = offset;
}

/* Where a task without any offset begins: at the log's start; a sink with a state of its own
 * insists on the first record that there ever was. */
static enum ks_status beginning(const struct connector_offsets *c, const struct sink_position *p,
                                struct topic_admin *admin, int64_t *ret, struct ks_error *err)
{
    int64_t high;
    *ret = 0;
    if (keeps_own_state(c))
        return KS_OK;
    return topic_admin_watermarks(admin, p->topic, p->partition, ret, &high, err);
}

/* Only where the sink has an offset of its own: elsewhere, such as in the topic of metadata
 * changes, its position follows from its state. */
static enum ks_status take_own(const struct connector_offsets *c, const struct sink_position *p,
                               const struct offset_snapshot *records, struct topic_admin *admin,
                               struct change *ch, struct ks_error *err)
{
    int64_t low = 0, high;
    json_t *key = sink_partition_json(p->topic, p->partition);
    char *partition = json_dumps(key, JSON_COMPACT);
    bool is_known = offset_snapshot_get(records, partition) != NULL;
    json_decref(key);
    free(partition);
    if (!is_known)
        return ks_error_set(err, KS_ERR_DATA,
                            "%s keeps no offset of its own for topic %s partition %d: where it "
                            "reads there follows from its state; reset all offsets to start over",
                            c->connector, p->topic, (int)p->partition);
    enum ks_status status = KS_OK;
    if (p->offset < 0)
        status = topic_admin_watermarks(admin, p->topic, p->partition, &low, &high, err);
    if (status == KS_OK)
        set_group(ch, p, p->offset < 0 ? low : p->offset);
    return status;
}

static enum ks_status take_plain(const struct connector_offsets *c, const struct sink_position *p,
                                 struct topic_admin *admin, struct change *ch, struct ks_error *err)
{
    int64_t offset = p->offset;
    enum ks_status status = offset < 0 ? beginning(c, p, admin, &offset, err) : KS_OK;
    if (status != KS_OK)
        return status;
    json_t *partition = sink_partition_json(p->topic, p->partition);
    json_t *value = sink_offset_value_json(p->offset);
    add_record(ch, json_dumps(partition, JSON_COMPACT),
               p->offset < 0 ? NULL : json_dumps(value, JSON_COMPACT));
    set_group(ch, p, offset);
    json_decref(partition);
    json_decref(value);
    return KS_OK;
}

static enum ks_status take_sink(const struct connector_offsets *c, const json_t *partition,
                                const json_t *offset, const struct offset_snapshot *records,
                                struct topic_admin *admin, struct change *ch, struct ks_error *err)
{
    struct sink_position p;
    enum ks_status status = sink_position_of_request(partition, offset, &p, err);
    if (status != KS_OK)
        return status;
    status = check_partition(&p, admin, err);
    if (status == KS_OK && keeps_own_state(c))
        status = take_own(c, &p, records, admin, ch, err);
    else if (status == KS_OK)
        status = take_plain(c, &p, admin, ch, err);
    free(p.topic);
    return status;
}

/* ---- alter ---- */

static enum ks_status take_list(const struct connector_offsets *c, const json_t *list,
                                const struct offset_snapshot *records, struct topic_admin *admin,
                                struct change *ch, struct ks_error *err)
{
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)(uintptr_t)list, i, entry)
    {
        const json_t *partition = json_object_get(entry, "partition");
        const json_t *offset = json_object_get(entry, "offset");
        size_t known = (partition ? 1u : 0u) + (offset ? 1u : 0u);
        if (!partition || json_is_null(partition) || json_object_size(entry) != known)
            return ks_error_set(err, KS_ERR_DATA,
                                "entry %zu of the offsets must have the members partition, which "
                                "cannot be null, and offset, and no others",
                                i);
        enum ks_status status = is_sink(c)
                                    ? take_sink(c, partition, offset, records, admin, ch, err)
                                    : take_source(c, partition, offset, ch, err);
        if (status != KS_OK)
            return status;
    }
    return KS_OK;
}

enum ks_status connector_offsets_alter(const struct connector_offsets *c, const json_t *list,
                                       struct ks_error *err)
{
    struct offset_snapshot *records = NULL;
    struct topic_admin *admin = NULL;
    struct change ch;
    change_init(&ch);
    enum ks_status status = topic_admin_open(c->worker, NULL, &admin, err);
    if (status == KS_OK && keeps_own_state(c))
        status = offset_snapshot_read(c->worker, c->connector, NULL, &records, err);
    if (status == KS_OK)
        status = take_list(c, list, records, admin, &ch, err);
    if (status == KS_OK)
        status = commit(c, &ch, err);
    change_release(&ch);
    offset_snapshot_free(records);
    topic_admin_close(admin);
    return status;
}

/* ---- reset ---- */

static enum ks_status rewind_group(const struct connector_offsets *c,
                                   const struct offset_snapshot *records, struct change *ch,
                                   struct ks_error *err)
{
    struct topic_admin *admin = NULL;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    enum ks_status status = topic_admin_open(c->worker, NULL, &admin, err);
    if (status == KS_OK)
        status = sink_partitions(c, records, admin, list, err);
    for (int i = 0; status == KS_OK && i < list->cnt; i++) {
        int64_t offset = 0;
        int32_t count = 0;
        struct sink_position p = {list->elems[i].topic, list->elems[i].partition, -1};
        status = topic_admin_partitions(admin, p.topic, &count, err);
        if (status != KS_OK || p.partition >= count) /* the topic is gone */
            continue;
        status = beginning(c, &p, admin, &offset, err);
        if (status == KS_OK)
            set_group(ch, &p, offset);
    }
    rd_kafka_topic_partition_list_destroy(list);
    topic_admin_close(admin);
    return status;
}

enum ks_status connector_offsets_reset(const struct connector_offsets *c, struct ks_error *err)
{
    struct offset_snapshot *records = NULL;
    struct change ch;
    change_init(&ch);
    enum ks_status status = offset_snapshot_read(c->worker, c->connector, NULL, &records, err);
    for (size_t i = 0; status == KS_OK && i < offset_snapshot_count(records); i++) {
        const char *partition, *offset;
        offset_snapshot_at(records, i, &partition, &offset);
        add_record(&ch, xstrdup(partition), NULL);
    }
    if (status == KS_OK && is_sink(c))
        status = rewind_group(c, records, &ch, err);
    if (status == KS_OK)
        status = commit(c, &ch, err);
    change_release(&ch);
    offset_snapshot_free(records);
    return status;
}
