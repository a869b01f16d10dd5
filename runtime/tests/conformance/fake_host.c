#include "fake_host.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/avro.h"
#include "kitestream/sdk/util.h"

/* What the handle is on this side of the ABI. */
struct ks_schema {
    struct ks_schema *next;
    char *json;
};

static struct fake_host *of(struct ks_task *task)
{
    return (struct fake_host *)task;
}

static enum ks_status answer(struct ks_task *task, struct ks_error *err)
{
    return of(task)->refuses ? ks_error_set(err, KS_ERR_RETRIABLE, "the fake host is away") : KS_OK;
}

static void host_log(struct ks_task *task, enum ks_log_level level, const char *message)
{
}

static void host_metric(struct ks_task *task, enum ks_metric_kind kind, const char *name,
                        const char *labels, double value)
{
}

static void host_status(struct ks_task *task, const char *waiting_for)
{
}

static bool host_stop_requested(struct ks_task *task)
{
    return atomic_load(&of(task)->stop);
}

static enum ks_status host_offset_read(struct ks_task *task, const char *partition_json,
                                       char **ret_offset_json, struct ks_error *err)
{
    enum ks_status status = answer(task, err);
    if (status == KS_OK)
        *ret_offset_json = NULL;
    return status;
}

static enum ks_status host_schema_intern(struct ks_task *task, const char *json, size_t len,
                                         const struct ks_schema **ret, struct ks_error *err)
{
    struct ks_avro_schema *parsed;
    enum ks_status status = answer(task, err);
    if (status == KS_OK)
        status = ks_avro_schema_parse(json, len, &parsed, err);
    if (status != KS_OK)
        return status;
    ks_avro_schema_free(parsed);
    struct ks_schema *schema = xcalloc(1, sizeof *schema);
    *schema = (struct ks_schema){.next = of(task)->schemas, .json = xstrndup(json, len)};
    of(task)->schemas = schema;
    *ret = schema;
    return KS_OK;
}

static const char *host_schema_json(const struct ks_schema *schema)
{
    return schema->json;
}

static enum ks_status host_topic_create(struct ks_task *task, const char *topic, int32_t partitions,
                                        const struct ks_config *configs, int32_t *ret_partitions,
                                        struct ks_error *err)
{
    enum ks_status status = answer(task, err);
    if (status == KS_OK)
        *ret_partitions = partitions > 0 ? partitions : 1;
    return status;
}

static enum ks_status host_topic_routed(struct ks_task *task, const char *topic, const char **ret,
                                        struct ks_error *err)
{
    *ret = topic;
    return answer(task, err);
}

static enum ks_status host_topic_config(struct ks_task *task, const char *topic, const char *config,
                                        char **ret, struct ks_error *err)
{
    *ret = NULL;
    return answer(task, err);
}

static enum ks_status host_topic_read(struct ks_task *task, const char *topic, ks_record_fn *fn,
                                      void *arg, struct ks_error *err)
{
    return answer(task, err);
}

static enum ks_status host_report_errant(struct ks_task *task, const struct ks_record *record,
                                         const char *stage, const struct ks_error *reason,
                                         struct ks_error *err)
{
    return answer(task, err);
}

static enum ks_status host_next_offsets(struct ks_task *task, const char *topic,
                                        struct ks_topic_partition *ret, size_t cap,
                                        size_t *ret_count, struct ks_error *err)
{
    *ret_count = 0;
    return answer(task, err);
}

static enum ks_status host_topic_partitions(struct ks_task *task, const char *topic, int32_t *ret,
                                            struct ks_error *err)
{
    enum ks_status status = answer(task, err);
    if (status == KS_OK)
        *ret = 0;
    return status;
}

static enum ks_status host_watermarks(struct ks_task *task, const char *topic, int32_t partition,
                                      int64_t *ret_low, int64_t *ret_high, struct ks_error *err)
{
    enum ks_status status = answer(task, err);
    if (status == KS_OK)
        *ret_low = *ret_high = 0;
    return status;
}

static enum ks_status host_committed(struct ks_task *task, struct ks_topic_partition *tps,
                                     size_t count, struct ks_error *err)
{
    for (size_t i = 0; i < count; i++)
        tps[i].offset = -1;
    return answer(task, err);
}

static enum ks_status host_assign(struct ks_task *task, const struct ks_topic_partition *tp,
                                  struct ks_error *err)
{
    return answer(task, err);
}

static enum ks_status host_on_partition(struct ks_task *task, const char *topic, int32_t partition,
                                        struct ks_error *err)
{
    return answer(task, err);
}

static int64_t host_position(struct ks_task *task, const char *topic, int32_t partition)
{
    return 0;
}

static enum ks_status host_commit(struct ks_task *task, const struct ks_topic_partition *offsets,
                                  size_t offset_count, const struct ks_source_offset *state,
                                  size_t state_count, struct ks_error *err)
{
    return answer(task, err);
}

void fake_host_init(struct fake_host *f, bool refuses)
{
    *f = (struct fake_host){.refuses = refuses};
    f->host = (struct ks_task_host){
        .abi_major = KS_ABI_MAJOR,
        .abi_minor = KS_ABI_MINOR,
        .struct_size = sizeof f->host,
        .task = (struct ks_task *)f,
        .connector_name = "conformance",
        .log = host_log,
        .metric = host_metric,
        .status = host_status,
        .stop_requested = host_stop_requested,
        .free = free,
        .offset_read = host_offset_read,
        .schema_intern = host_schema_intern,
        .schema_json = host_schema_json,
        .topic_create = host_topic_create,
        .topic_require = host_topic_create,
        .topic_routed = host_topic_routed,
        .topic_config = host_topic_config,
        .topic_read = host_topic_read,
        .report_errant = host_report_errant,
        .next_offsets = host_next_offsets,
        .topic_partitions = host_topic_partitions,
        .watermarks = host_watermarks,
        .committed = host_committed,
        .assign = host_assign,
        .unassign = host_on_partition,
        .pause = host_on_partition,
        .resume = host_on_partition,
        .position = host_position,
        .commit = host_commit,
    };
}

void fake_host_release(struct fake_host *f)
{
    while (f->schemas) {
        struct ks_schema *next = f->schemas->next;
        free(f->schemas->json);
        free(f->schemas);
        f->schemas = next;
    }
}
