/* What is added to the DDL stream: changes with their places, heartbeats. Next: source_task, whose
 * batch they are in. */
#include "ddl_stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "ddl_stream_parts.h"
#include "kitestream/sdk/util.h"
#include "selection.h"

enum { PARTITIONS_STEP = 1024, GONE_AFTER_MS = 3000 };

void ddl_stream_fold(struct ddl_stream *s, const struct ddl *ddl)
{
    s->seq = ddl->seq;
    topic_names_note(s->topics, ddl);
    catalogue_apply(s->catalogue, ddl);
    if (ddl->kind == DDL_DROP_COLLECTION)
        map_put(&s->dropped, (uint64_t)ddl->collection_id, NULL);
}

const char *ddl_stream_topic(const struct ddl_stream *s)
{
    return s->ddl_topic;
}

struct catalogue *ddl_stream_catalogue(struct ddl_stream *s)
{
    return s->catalogue;
}

int64_t ddl_stream_seq(const struct ddl_stream *s)
{
    return s->seq;
}

/* ---- what belongs into the stream ---- */

void ddl_stream_filter_out(struct ddl_stream *s, int64_t collection_id)
{
    map_put(&s->filtered, (uint64_t)collection_id, s);
}

bool ddl_stream_is_filtered(const struct ddl_stream *s, int64_t collection_id)
{
    return map_find(&s->filtered, (uint64_t)collection_id) != NULL;
}

bool ddl_stream_has_dropped(const struct ddl_stream *s, int64_t collection_id)
{
    return map_find(&s->dropped, (uint64_t)collection_id) != NULL;
}

static bool any_flushed(const struct ddl_stream *s, const struct ddl *ddl)
{
    for (size_t i = 0; i < ddl->collection_count; i++)
        if (catalogue_by_name(s->catalogue, ddl->db, ddl->collections[i]))
            return true;
    return false;
}

/* With filters a database comes into the stream with its first captured collection. */
static bool hold_database(struct ddl_stream *s, const struct ddl *ddl)
{
    if (ddl->kind == DDL_DROP_DATABASE)
        held_databases_remove(&s->held, ddl->db);
    if ((ddl->kind != DDL_CREATE_DATABASE && ddl->kind != DDL_ALTER_DATABASE) ||
        !name_filter_restricts(s->options->filter) || catalogue_has_database(s->catalogue, ddl->db))
        return false;
    held_databases_put(&s->held, ddl);
    return true;
}

static bool is_captured(struct ddl_stream *s, const struct ddl *ddl)
{
    if (hold_database(s, ddl))
        return false;
    if (ddl->kind == DDL_FLUSH)
        return any_flushed(s, ddl);
    if (ddl->kind == DDL_CREATE_COLLECTION && !catalogue_by_id(s->catalogue, ddl->collection_id) &&
        !name_filter_match(s->options->filter, ddl->db, ddl->collection))
        ddl_stream_filter_out(s, ddl->collection_id);
    return !ddl->collection_id || !ddl_stream_is_filtered(s, ddl->collection_id);
}

enum ks_status ddl_stream_wants(struct ddl_stream *s, struct ddl *ddl, struct ks_arena *arena,
                                bool *ret, struct ks_error *err)
{
    const struct catalogue_collection *coll = catalogue_by_id(s->catalogue, ddl->collection_id);
    *ret = false;
    if (!is_captured(s, ddl))
        return KS_OK;
    enum ks_status status = selection_shape(&s->options->change, coll, ddl, arena, err);
    *ret = !status && !selection_hides_index(&s->options->change, coll, ddl) &&
           catalogue_changes(s->catalogue, ddl);
    return status;
}

bool ddl_stream_waits_for_rows(const struct ddl_stream *s, const struct ddl *ddl)
{
    return ddl->kind == DDL_FLUSH ||
           (ddl->collection_id && catalogue_by_id(s->catalogue, ddl->collection_id));
}

/* ---- writing ---- */

/* Compaction keeps one row of a key, which is all that a reader of the flat shape wants. A deleted
 * key is remembered for as long as Kafka by default keeps records: who comes later than that has
 * missed changes with either policy. */
static struct ks_config data_topic_configs(const struct source_options *options)
{
    static const struct ks_config_entry envelope[] = {{"cleanup.policy", "delete"}};
    static const struct ks_config_entry flat[] = {{"cleanup.policy", "compact"},
                                                  {"delete.retention.ms", "604800000"}};
    return options->change.flat ? (struct ks_config){flat, 2} : (struct ks_config){envelope, 1};
}

/* A topic_is_lost_fn; arg: the stream. */
static enum ks_status is_lost(void *arg, const char *topic, const int64_t *ends, size_t end_count,
                              bool *ret, struct ks_error *err)
{
    struct ddl_stream *s = arg;
    int32_t partitions;
    int64_t low, high = 0;
    enum ks_status status = s->host->topic_partitions(s->host->task, topic, &partitions, err);
    *ret = !status && (partitions == 0 || (size_t)partitions < end_count);
    for (int32_t i = 0; !status && !*ret && (size_t)i < end_count; i++) {
        if (ends[i] > 0)
            status = s->host->watermarks(s->host->task, topic, i, &low, &high, err);
        *ret = !status && ends[i] > 0 && high < ends[i];
    }
    return status;
}

static enum ks_status start_topic(struct ddl_stream *s, struct ddl *ddl, struct ks_arena *arena,
                                  struct ks_error *err)
{
    const struct ks_config configs = data_topic_configs(s->options);
    int32_t wanted = s->options->topic_partitions, partitions;
    const char *plain = topic_names_plain(s->topics, ddl->db, ddl->collection, arena), *routed;
    enum ks_status status = s->host->topic_routed(s->host->task, plain, &routed, err);
    if (!status)
        status = topic_names_choose(s->topics, routed, ddl, is_lost, s, arena, err);
    if (status)
        return status;
    if (wanted == 0)
        wanted = ddl->schema->shards > 0 ? ddl->schema->shards : 1;
    return s->host->topic_create(s->host->task, ddl->topic, wanted, &configs, &partitions, err);
}

/* A topic that was deleted has no positions: nobody can wait for them. But a broker that has just
 * started may not know of a topic yet, and a position that is left out then would break the order:
 * so it is asked again for a while. */
static enum ks_status give_up_missing(struct ddl_stream *s, const char *topic, struct ks_error *err)
{
    uintptr_t now = (uintptr_t)clock_mono_ms();
    void **since = strmap_find(&s->missing, topic);
    if (!since)
        strmap_put(&s->missing, topic, (void *)now);
    else if (now - (uintptr_t)*since >= GONE_AFTER_MS)
        return KS_OK;
    return ks_error_set(err, KS_ERR_RETRIABLE,
                        "Kafka does not know the data topic %s (now): asking again", topic);
}

/* Appends the positions of one topic to `after`. Offset 0 says nothing and is left out. */
static enum ks_status add_positions(struct ddl_stream *s, const char *topic, size_t *count,
                                    struct ks_error *err)
{
    size_t got = 0, kept = *count;
    if (s->position_cap - *count < PARTITIONS_STEP) { /* a topic of ours has fewer partitions */
        s->position_cap += (size_t)2 * PARTITIONS_STEP;
        s->positions = xrealloc(s->positions, s->position_cap * sizeof(*s->positions));
    }
    enum ks_status status = s->host->next_offsets(s->host->task, topic, s->positions + *count,
                                                  s->position_cap - *count, &got, err);
    if (status == KS_ERR_DATA)
        return give_up_missing(s, topic, err);
    if (!status)
        strmap_remove(&s->missing, topic);
    for (size_t i = *count; !status && i < *count + got; i++)
        if (s->positions[i].offset > 0)
            s->positions[kept++] = s->positions[i];
    *count = kept;
    return status;
}

static enum ks_status find_after(struct ddl_stream *s, struct ddl *ddl, struct ks_arena *arena,
                                 struct ks_error *err)
{
    enum ks_status status = KS_OK;
    size_t count = 0;
    const struct catalogue_collection *coll = NULL;
    if (ddl->kind == DDL_FLUSH) {
        for (size_t i = 0; i < ddl->collection_count && !status; i++) {
            coll = catalogue_by_name(s->catalogue, ddl->db, ddl->collections[i]);
            if (coll)
                status = add_positions(s, coll->topic, &count, err);
        }
    } else if (ddl->collection_id) {
        coll = catalogue_by_id(s->catalogue, ddl->collection_id);
        if (coll)
            status = add_positions(s, coll->topic, &count, err);
    }
    ddl->after = ks_arena_copy(arena, s->positions, count * sizeof(s->positions[0]));
    ddl->after_count = count;
    return status;
}

/* Bytes in the batch's arena with room for the wire format's prefix in front. */
static struct ks_slice keep(struct change_batch *out, const struct ks_buf *bytes)
{
    uint8_t *at = ks_arena_alloc(&out->arena, KS_RECORD_HEADROOM + bytes->len);
    memcpy(at + KS_RECORD_HEADROOM, bytes->data, bytes->len);
    return (struct ks_slice){at + KS_RECORD_HEADROOM, bytes->len};
}

static void add_record(struct ddl_stream *s, const char *topic, const struct ks_schema *schema,
                       int64_t ts_ms, struct change_batch *out)
{
    struct ks_record *rec = change_batch_add(out);
    rec->topic = topic;
    rec->partition = 0;
    rec->timestamp_ms = ts_ms;
    rec->value = keep(out, &s->scratch);
    rec->value_schema = schema;
    ks_buf_reset(&s->scratch);
    ddl_encode_key(s->codec, s->options->cluster, &s->scratch);
    rec->key = keep(out, &s->scratch);
    rec->key_schema = s->key_schema;
    out->value_bytes += rec->value.len;
}

struct of_database {
    const char *db, *found;
};

static void find_in_database(void *arg, struct catalogue_collection *coll)
{
    struct of_database *in = arg;
    if (strcmp(coll->db, in->db) == 0)
        in->found = coll->name;
}

/* A change that takes a name never goes before the one that frees it: the order of the sequencer
 * and of the metadata's comparison gives that. A target would be ruined if it did not. */
static enum ks_status check_names(const struct ddl_stream *s, const struct ddl *ddl,
                                  struct ks_error *err)
{
    bool takes = ddl->kind == DDL_CREATE_COLLECTION || ddl->kind == DDL_RENAME_COLLECTION;
    const struct catalogue_collection *holder =
        takes ? catalogue_by_name(s->catalogue, ddl->db, ddl->collection) : NULL;
    struct of_database in = {.db = ddl->db};
    if (holder && holder->id != ddl->collection_id)
        return ks_error_set(err, KS_ERR_FATAL,
                            "metadata changes are out of order: collection %" PRId64
                            " takes the name %s.%s, which %" PRId64
                            " still has. Please report this; a new topic.prefix starts anew",
                            ddl->collection_id, ddl->db, ddl->collection, holder->id);
    if (ddl->kind == DDL_DROP_DATABASE)
        catalogue_each(s->catalogue, find_in_database, &in);
    if (in.found)
        return ks_error_set(err, KS_ERR_FATAL,
                            "metadata changes are out of order: database %s is dropped, but still "
                            "has the collection %s. Please report this; a new topic.prefix starts "
                            "anew",
                            ddl->db, in.found);
    return KS_OK;
}

/* The encoder was compiled for the old name, topic or schema. */
static void forget_encoder(struct catalogue_collection *coll)
{
    if (coll && coll->user) {
        coll->user_free(coll->user);
        coll->user = NULL;
    }
}

/* The event is complete but for its place. */
static void append(struct ddl_stream *s, struct ddl *ddl, struct change_batch *out)
{
    ddl->seq = s->seq + 1;
    ddl->cluster = s->options->cluster;
    ddl->ts_ms = tick_to_ms(ddl->tick);
    ks_buf_reset(&s->scratch);
    ddl_encode(s->codec, ddl, &s->scratch);
    add_record(s, s->ddl_topic, s->value_schema, ddl->ts_ms, out);
    ddl_stream_fold(s, ddl);
}

enum ks_status ddl_stream_add(struct ddl_stream *s, struct ddl *ddl, struct ks_arena *arena,
                              struct change_batch *out, struct ks_error *err)
{
    enum ks_status status = check_names(s, ddl, err);
    if (!status)
        status = find_after(s, ddl, arena, err);
    struct catalogue_collection *coll = catalogue_by_id(s->catalogue, ddl->collection_id);
    bool starts = ddl->kind == DDL_CREATE_COLLECTION || ddl->kind == DDL_RENAME_COLLECTION;
    if (!status && starts)
        status = start_topic(s, ddl, arena, err);
    else if (coll)
        ddl->topic = ks_arena_strndup(arena, coll->topic, strlen(coll->topic));
    if (status)
        return status;
    if (starts && !catalogue_has_database(s->catalogue, ddl->db)) {
        struct ddl database = held_databases_event(&s->held, ddl);
        append(s, &database, out);
    }
    append(s, ddl, out);
    if (ddl_gates_rows(ddl->kind))
        forget_encoder(catalogue_by_id(s->catalogue, ddl->collection_id));
    return KS_OK;
}

enum ks_status ddl_stream_encoder(struct ddl_stream *s, struct catalogue_collection *coll,
                                  struct change_encoder **ret, struct ks_error *err)
{
    if (!coll->user) {
        struct change_encoder *encoder = NULL;
        enum ks_status status =
            change_encoder_new(s->host, &s->options->change, coll, &encoder, err);
        if (status)
            return status;
        coll->user = encoder;
        coll->user_free = change_encoder_free;
    }
    *ret = coll->user;
    return KS_OK;
}

struct collecting {
    struct ddl_stream *stream;
    size_t count;
    enum ks_status status;
    struct ks_error *err;
};

static void collect_positions(void *arg, struct catalogue_collection *coll)
{
    struct collecting *c = arg;
    if (!c->status)
        c->status = add_positions(c->stream, coll->topic, &c->count, c->err);
}

enum ks_status ddl_stream_heartbeat(struct ddl_stream *s, uint64_t tick, struct change_batch *out,
                                    struct ks_error *err)
{
    struct collecting c = {.stream = s, .err = err};
    catalogue_each(s->catalogue, collect_positions, &c);
    if (c.status)
        return c.status;
    struct heartbeat_record heartbeat = {
        .cluster = s->options->cluster,
        .tick = tick,
        .ts_ms = tick_to_ms(tick),
        .ddl_seq = s->seq,
        .offsets = s->positions,
        .offset_count = c.count,
    };
    ks_buf_reset(&s->scratch);
    heartbeat_encode(s->heartbeat, &heartbeat, &s->scratch);
    add_record(s, s->heartbeat_topic, s->heartbeat_schema, clock_wall_ms(), out);
    return KS_OK;
}
