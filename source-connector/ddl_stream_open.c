/* The start of the DDL stream. In: the options, and what the topic holds; out: the topics, and the
 * state as its records left it. Next: ddl_stream.c. Order: who wrote the topic is checked before
 * anything is added. Death anywhere: the next start reads the same. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ddl_stream_parts.h"
#include "kitestream/sdk/util.h"
#include "selection.h"
#include "topic_name.h"

struct reading {
    struct ddl_stream *stream;
    struct ks_arena arena;
    enum ks_status status;
    struct ks_error *err;
};

static enum ks_status check_owner(const struct ddl_stream *s, const struct ddl *ddl,
                                  struct ks_error *err)
{
    if (strcmp(ddl->cluster, s->options->cluster) != 0)
        return ks_error_set(err, KS_ERR_FATAL,
                            "%s was written for the cluster '%s', not '%s': choose another "
                            "topic.prefix, or set cluster to the old name if it is the same Milvus",
                            s->ddl_topic, ddl->cluster, s->options->cluster);
    if (ddl->seq != s->seq + 1)
        return ks_error_set(err, KS_ERR_FATAL,
                            "%s holds seq %" PRId64 " after %" PRId64
                            ": it was written by two connectors, or records are missing. Use a "
                            "new topic.prefix",
                            s->ddl_topic, ddl->seq, s->seq);
    return KS_OK;
}

static void read_record(void *arg, const struct ks_record *record)
{
    struct reading *r = arg;
    struct ddl_stream *s = r->stream;
    struct ddl *ddl = NULL;
    if (r->status || !record->value.data)
        return;
    ks_arena_reset(&r->arena, 1 << 16);
    if (!record->value_schema)
        r->status = ks_error_set(r->err, KS_ERR_FATAL,
                                 "%s offset %" PRId64 " is not an Avro record: is the topic used "
                                 "by something else?",
                                 s->ddl_topic, record->offset);
    else
        r->status = ddl_decode(s->codec, s->host->schema_json(record->value_schema), record->value,
                               &r->arena, &ddl, r->err);
    if (!r->status && ddl)
        r->status = check_owner(s, ddl, r->err);
    if (!r->status && ddl)
        ddl_stream_fold(s, ddl);
}

static enum ks_status read_topic(struct ddl_stream *s, struct ks_error *err)
{
    struct reading r = {.stream = s, .err = err};
    enum ks_status status = s->host->topic_read(s->host->task, s->ddl_topic, read_record, &r, err);
    ks_arena_release(&r.arena);
    return status ? status : r.status;
}

/* The final name of <prefix>.<end>, which no collection can have then. */
static enum ks_status name_topic(struct ddl_stream *s, const char *end, const char *what,
                                 char **ret, struct ks_error *err)
{
    const char *routed;
    char *plain = xasprintf("%s.%s", s->options->prefix, end);
    enum ks_status status = s->host->topic_routed(s->host->task, plain, &routed, err);
    const char *fault = status ? NULL : topic_name_fault(routed);
    if (fault)
        status = ks_error_set(err, KS_ERR_FATAL,
                              "the topic name %s %s: choose another topic.prefix", routed, fault);
    if (!status) {
        *ret = xstrdup(routed);
        topic_names_reserve(s->topics, routed, what);
    }
    free(plain);
    return status;
}

static enum ks_status name_topics(struct ddl_stream *s, struct ks_error *err)
{
    enum ks_status status =
        name_topic(s, "ddl", "the topic of metadata changes", &s->ddl_topic, err);
    if (!status)
        status = name_topic(s, "heartbeat", "the heartbeat", &s->heartbeat_topic, err);
    if (!status && strcmp(s->ddl_topic, s->heartbeat_topic) == 0)
        status = ks_error_set(err, KS_ERR_FATAL,
                              "transforms give metadata changes and heartbeats one topic, %s: they "
                              "need two",
                              s->ddl_topic);
    return status;
}

static enum ks_status create_topics(struct ddl_stream *s, struct ks_error *err)
{
    static const struct ks_config_entry keep[] = {
        {"cleanup.policy", "delete"}, {"retention.bytes", "-1"}, {"retention.ms", "-1"}};
    static const struct ks_config_entry compact[] = {{"cleanup.policy", "compact"}};
    int32_t partitions = 0;
    enum ks_status status = s->host->topic_require(s->host->task, s->ddl_topic, 1,
                                                   &(struct ks_config){keep, 3}, &partitions, err);
    if (!status && partitions != 1)
        status = ks_error_set(err, KS_ERR_FATAL,
                              "%s has %d partitions; it must have one, to keep the order. Delete "
                              "it or choose another topic.prefix",
                              s->ddl_topic, (int)partitions);
    if (!status)
        status = s->host->topic_require(s->host->task, s->heartbeat_topic, 1,
                                        &(struct ks_config){compact, 1}, &partitions, err);
    return status;
}

static void check_collection(void *arg, struct catalogue_collection *coll)
{
    struct reading *r = arg;
    if (!r->status)
        r->status = selection_check(&r->stream->options->change, coll, r->err);
}

/* The rules may be others than when the stream began. */
static enum ks_status check_selection(struct ddl_stream *s, struct ks_error *err)
{
    struct reading r = {.stream = s, .err = err};
    catalogue_each(s->catalogue, check_collection, &r);
    return r.status;
}

static enum ks_status intern(struct ddl_stream *s, const char *json, const struct ks_schema **ret,
                             struct ks_error *err)
{
    return s->host->schema_intern(s->host->task, json, strlen(json), ret, err);
}

enum ks_status ddl_stream_open(const struct ks_task_host *host,
                               const struct source_options *options, struct ddl_stream **ret,
                               struct ks_error *err)
{
    struct ddl_stream *s = xcalloc(1, sizeof(*s));
    s->host = host;
    s->options = options;
    s->catalogue = catalogue_new();
    s->topics = topic_names_new(options->prefix);
    s->codec = ddl_codec_new();
    s->heartbeat = heartbeat_encoder_new();
    enum ks_status status = intern(s, ddl_key_avsc, &s->key_schema, err);
    if (!status)
        status = intern(s, ddl_value_avsc, &s->value_schema, err);
    if (!status)
        status = intern(s, heartbeat_value_avsc, &s->heartbeat_schema, err);
    if (!status)
        status = name_topics(s, err);
    if (!status)
        status = create_topics(s, err);
    if (!status)
        status = read_topic(s, err);
    if (!status)
        status = check_selection(s, err);
    if (status) {
        ddl_stream_close(s);
        return status;
    }
    *ret = s;
    return KS_OK;
}

void ddl_stream_close(struct ddl_stream *s)
{
    if (!s)
        return;
    catalogue_free(s->catalogue);
    topic_names_free(s->topics);
    ddl_codec_free(s->codec);
    heartbeat_encoder_free(s->heartbeat);
    held_databases_release(&s->held);
    map_release(&s->filtered);
    map_release(&s->dropped);
    strmap_release(&s->missing);
    ks_buf_release(&s->scratch);
    free(s->positions);
    free(s->ddl_topic);
    free(s->heartbeat_topic);
    free(s);
}
