/* The beginning of a sink task: the committed state, the DDL stream folded up to it, the lease, and
 * the partitions from where they were left. */
#include "sink_core.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "kitestream/sdk/util.h"

enum { CONNECT_MS = 10000 };

/* ---- the target ---- */

static enum ks_status connect_target(struct sink_core *s, struct ks_error *err)
{
    char version[64] = "";
    enum ks_status status = milvus_client_open(&s->options.milvus, &s->client, err);
    if (status)
        return status;
    struct milvus_answer answer = milvus_connect(s->client, CONNECT_MS, version, sizeof(version));
    if (answer.outcome == MILVUS_DENIED)
        return ks_error_set(err, KS_ERR_FATAL,
                            "the target %s refuses the login: %s. Check "
                            "milvus.token",
                            s->options.milvus.uri, answer.message);
    if (answer.outcome != MILVUS_OK)
        return ks_error_set(err, KS_ERR_RETRIABLE, "the target %s does not answer: %s",
                            s->options.milvus.uri, answer.message);
    ks_log(s->host, KS_LOG_INFO, "target %s, Milvus %s", s->options.milvus.uri, version);
    return KS_OK;
}

/* ---- the DDL stream ---- */

struct reading {
    struct sink_core *core;
    struct ks_arena arena;
    enum ks_status status;
    struct ks_error *err;
    size_t records;
};

static void read_record(void *arg, const struct ks_record *record)
{
    struct reading *r = arg;
    struct sink_core *s = r->core;
    struct ddl *ddl;
    r->records++;
    if (r->status || !record->value.data)
        return;
    ks_arena_reset(&r->arena, 1 << 16);
    if (!record->value_schema)
        r->status = ks_error_set(r->err, KS_ERR_FATAL, "%s offset %" PRId64 " is not Avro",
                                 record->topic, record->offset);
    else
        r->status = ddl_decode(s->codec, s->host->schema_json(record->value_schema), record->value,
                               &r->arena, &ddl, r->err);
    if (!r->status)
        r->status = sink_ddl_read(s, ddl, r->err);
    if (!r->status)
        s->ddl_position = record->offset + 1;
}

static enum ks_status read_ddl_topic(struct sink_core *s, struct ks_error *err)
{
    struct reading r = {.core = s, .err = err};
    int32_t partitions;
    enum ks_status status =
        s->host->topic_partitions(s->host->task, s->options.ddl_topic, &partitions, err);
    if (status)
        return status;
    if (partitions == 0)
        return ks_error_set(err, KS_ERR_RETRIABLE,
                            "the topic %s does not exist yet: the source connector with this "
                            "topic.prefix makes it. If its transforms give it another name, set "
                            "ddl.topic",
                            s->options.ddl_topic);
    status = s->host->topic_read(s->host->task, s->options.ddl_topic, read_record, &r, err);
    ks_arena_release(&r.arena);
    if (!status)
        status = r.status;
    if (status)
        return status;
    struct ks_topic_partition tp = {s->options.ddl_topic, 0, s->ddl_position};
    return s->host->assign(s->host->task, &tp, err);
}

/* ---- data topics ---- */

static void follow_collection(void *arg, struct catalogue_collection *coll)
{
    struct sink_core *s = arg;
    if (!map_find(&s->excluded, (uint64_t)coll->id))
        sink_core_follow(s, coll->topic);
}

static enum ks_status follow_all(struct sink_core *s, struct ks_error *err)
{
    const struct queued_ddl *item = NULL;
    catalogue_each(s->applied, follow_collection, s);
    while ((item = ddl_queue_each(s->queue, item)))
        sink_ddl_follow(s, item->ddl);
    sink_verify_begin(s);
    return sink_core_assign(s, err);
}

/* ---- state and lease ---- */

static enum ks_status take_over(struct sink_core *s, int64_t fenced_ms, struct ks_error *err)
{
    enum lease_start start = LEASE_CLEAN;
    if (!s->first_start && !s->state.clean)
        start = owner_is_gone(s->state.owner) ? LEASE_OWNER_GONE : LEASE_UNKNOWN;
    s->was_clean = start == LEASE_CLEAN;
    target_gate_begin(s->gate, s->options.lease_ms, start, fenced_ms);
    if (start != LEASE_CLEAN)
        ks_log(s->host, KS_LOG_WARN,
               "the last owner did not end cleanly%s: rows that it may have written are written "
               "again as Upsert",
               start == LEASE_UNKNOWN ? " and may still be writing; waiting one lease" : "");
    if (!s->state.id[0])
        sink_state_new_id(&s->state);
    s->sink = xasprintf("%s/%s", s->state.id, s->host->connector_name);
    /* Before the first write: whoever comes next must know that there may be one, and whose. */
    s->state.clean = false;
    owner_self(s->state.owner);
    enum ks_status status = sink_save(s, err);
    if (!status && s->trouble[0])
        status = ks_error_set(err, KS_ERR_RETRIABLE, "%s", s->trouble);
    return status;
}

enum ks_status sink_core_start(struct sink_core *s, const struct ks_config *config,
                               struct ks_error *err)
{
    int64_t fenced_ms = clock_boot_ms();
    bool found = false;
    enum ks_status status = sink_options_parse(config, &s->options, err);
    if (status)
        return status;
    s->gate = target_gate_new();
    s->pool = write_pool_new(s->options.threads);
    s->decoder = change_decoder_new(s->host);
    s->codec = ddl_codec_new();
    s->applied = catalogue_new();
    s->queue = ddl_queue_new(sink_reached, s);
    status = sink_state_read(s->host, &s->state, &found, err);
    s->first_start = !found;
    if (!status)
        status = read_ddl_topic(s, err);
    if (!status)
        status = connect_target(s, err);
    if (!status)
        status = take_over(s, fenced_ms, err);
    if (!status)
        status = follow_all(s, err);
    return status;
}
