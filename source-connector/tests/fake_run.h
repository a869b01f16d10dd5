/* A source task with a host around it, on the etcd and the queue of fake_readers.h, and a made-up
 * source: collection 7, "a", on channel "ch7". Included by the tests of the task's parts. */
#ifndef SOURCE_TESTS_FAKE_RUN_H
#define SOURCE_TESTS_FAKE_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../source_state.h"
#include "../source_task.h"
#include "fake_readers.h"
#include "helper_golden.h"
#include "helper_meta.h"
#include "helper_stream.h"
#include "proto_wire.h"

/* ---- a task and its host ---- */

struct run {
    struct stream_host *host;
    struct ks_task_host ops;
    struct source_state *task;
    struct ks_config_entry entries[8];
    size_t entry_count;
    struct ks_error err;
    struct ks_buf values[64]; /* what was written to the queue */
    size_t value_count;
    struct meta_script script;
};

/* A poll that finds nothing ends at once, instead of waiting for its time to be over. */
static inline bool stop_when_idle(struct ks_task *t)
{
    return fake.out_of_data;
}

/* A config is sorted. */
static inline void set_option(struct run *r, const char *key, const char *value)
{
    size_t at = r->entry_count++;
    for (; at > 0 && strcmp(r->entries[at - 1].key, key) > 0; at--)
        r->entries[at] = r->entries[at - 1];
    r->entries[at] = (struct ks_config_entry){key, value};
}

static inline void run_open(struct run *r, const char *root)
{
    *r = (struct run){.host = stream_host_new()};
    fake_open();
    r->ops = *stream_host_ops(r->host);
    r->ops.stop_requested = stop_when_idle;
    set_option(r, "milvus.etcd.root.path", root);
    set_option(r, "topic.prefix", "p");
    set_option(r, "topic.partitions", "1");
    set_option(r, "heartbeat.interval.ms", "3600000");
}

static inline enum ks_status run_start(struct run *r)
{
    void *task = NULL;
    struct ks_config config = {r->entries, r->entry_count};
    enum ks_status status = source_task_ops.start(&r->ops, &config, &task, &r->err);
    r->task = task;
    return status;
}

static inline void run_stop(struct run *r)
{
    if (r->task)
        source_task_ops.destroy(r->task);
    r->task = NULL;
    stream_host_abort(r->host);
}

static inline void run_close(struct run *r)
{
    run_stop(r);
    stream_host_free(r->host);
    for (size_t i = 0; i < r->value_count; i++)
        ks_buf_release(&r->values[i]);
    meta_script_release(&r->script);
    fake_close();
}

/* One poll; its records are delivered, its commit is committed. *ret_batches counts. */
static inline enum ks_status run_poll(struct run *r, size_t *ret_batches)
{
    struct ks_source_batch *batch;
    fake.out_of_data = false;
    enum ks_status status = source_task_ops.poll(r->task, &batch, &r->err);
    if (status || !batch)
        return status;
    ++*ret_batches;
    for (size_t i = 0; i < batch->record_count; i++)
        json_decref(stream_host_deliver(r->host, &batch->records[i]));
    if (batch->commit)
        stream_host_commit(r->host, batch);
    batch->release(batch);
    return KS_OK;
}

/* Until there is nothing more to do. */
static inline enum ks_status run_all(struct run *r)
{
    enum ks_status status;
    size_t batches;
    do {
        batches = 0;
        status = run_poll(r, &batches);
    } while (!status && batches > 0);
    return status;
}

/* ---- the made-up source ---- */

static inline void show_etcd(struct run *r)
{
    fake.etcd = (struct etcd_recording){r->script.events, r->script.count};
    fake.visible = r->script.count;
}

static inline void write_record(struct run *r, const char *channel, struct ks_buf *take_value)
{
    struct ks_buf *kept = &r->values[r->value_count++];
    *kept = *take_value;
    fake_write(channel, (struct ks_slice){kept->data, kept->len}, false);
}

static inline void put_base(struct ks_buf *out, int32_t type, int64_t msg_id, uint64_t tick)
{
    struct ks_buf base = {0};
    wire_put_int(&base, 1, type);
    wire_put_int(&base, 2, msg_id);
    wire_put_uint(&base, 3, tick);
    wire_put_bytes(out, 1, base.data, base.len);
    ks_buf_release(&base);
}

static inline void write_tick(struct run *r, const char *channel, uint64_t tick)
{
    struct ks_buf value = {0};
    put_base(&value, 1200, 0, tick);
    write_record(r, channel, &value);
}

static inline void write_delete_to(struct run *r, const char *channel, int64_t collection,
                                   uint64_t tick, int64_t key)
{
    struct ks_buf value = {0}, packed = {0};
    put_base(&value, 401, (int64_t)tick, tick);
    wire_put_str(&value, 2, "ch7_7v0");
    wire_put_int(&value, 7, collection);
    wire_put_int(&value, 8, -1);
    wire_put_varint(&packed, (uint64_t)key);
    wire_put_bytes(&value, 9, packed.data, packed.len);
    ks_buf_reset(&packed);
    wire_put_varint(&packed, tick);
    wire_put_bytes(&value, 10, packed.data, packed.len);
    wire_put_int(&value, 11, 1);
    ks_buf_release(&packed);
    write_record(r, channel, &value);
}

static inline void write_delete_of(struct run *r, int64_t collection, uint64_t tick, int64_t key)
{
    write_delete_to(r, "ch7", collection, tick, key);
}

static inline void write_delete(struct run *r, uint64_t tick, int64_t key)
{
    write_delete_of(r, 7, tick, key);
}

static inline void made_up(struct run *r)
{
    run_open(r, "r");
    meta_database(&r->script, 1, "default", 90);
    meta_collection(&r->script, 1, 7, "a", 100);
    meta_script_next(&r->script);
    show_etcd(r);
}

/* Started, and past its first W. */
static inline void running(struct run *r)
{
    made_up(r);
    write_tick(r, "ch7", 160);
    assert_int_equal(run_start(r), KS_OK);
    assert_int_equal(run_all(r), KS_OK);
}

/* Topics and keys of what is in the stream, and kinds of DDL: "create_collection a", "d 5". Rows
 * have a tombstone behind them, which is left out; so are heartbeats. */
static inline const char *stream_text(const struct run *r)
{
    static char text[512];
    json_t *records = stream_host_records(r->host), *record;
    size_t i;
    text[0] = '\0';
    json_array_foreach(records, i, record)
    {
        const json_t *value = json_object_get(record, "value");
        size_t at = strlen(text);
        if (json_object_get(value, "kind"))
            snprintf(text + at, sizeof text - at, "%s %s%s; ", golden_str(value, "kind"),
                     golden_str(value, "collection"),
                     json_is_true(json_object_get(value, "snapshot")) ? " (before)" : "");
        else if (json_object_get(value, "op"))
            snprintf(text + at, sizeof text - at, "%s %d; ", golden_str(value, "op"),
                     (int)golden_int(json_object_get(record, "key"), "pk"));
    }
    json_decref(records);
    return text;
}

#endif
