/* The recording of a real Milvus 2.3.5 through the whole source pipeline, but for the network:
 * etcd's watch and the queue's records in, the stream's records out, compared with events.jsonl:
 * DDL, rows with their values, and the order of all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../batch_pool.h"
#include "../ddl_stream.h"
#include "../sequencer.h"
#include "alloc.h"
#include "helper_etcd.h"
#include "helper_golden.h"
#include "helper_stream.h"

#define CHANNEL_PREFIX "goldd"
#define REPLICATE CHANNEL_PREFIX "-replicate-msg"

struct run {
    struct stream_host *host;
    struct source_options options;
    struct ddl_stream *stream;
    struct meta_model *model;
    struct sequencer *sequencer;
    struct batch_pool *pool;
    json_t *out; /* delivered records */
};

static enum row_fate fate(void *arg, int64_t collection_id, uint64_t tick)
{
    struct run *r = arg;
    enum meta_life life = meta_model_life(r->model, collection_id);
    return life == META_DROPPED || life == META_DROPPING ? ROW_DROPPED : ROW_UNKNOWN;
}

static void run_open(struct run *r)
{
    struct ks_error err;
    struct ks_config_entry entries[] = {
        {"milvus.etcd.root.path", "goldd"}, {"topic.prefix", "gold"}, {"topic.partitions", "1"}};
    struct ks_config config = {entries, 3};
    *r = (struct run){.host = stream_host_new(), .pool = batch_pool_new(), .out = json_array()};
    if (source_options_parse(&config, &r->options, &err) ||
        ddl_stream_open(stream_host_ops(r->host), &r->options, &r->stream, &err))
        fail_msg("%s", err.message);
    r->model = meta_model_new("goldd/meta/");
    meta_model_list_begin(r->model);
    assert_int_equal(meta_model_list_end(r->model, 0, &err), KS_OK);
    r->sequencer = sequencer_new(&(struct sequencer_options){
        .emitted = ddl_stream_catalogue(r->stream), .fate = fate, .fate_arg = r});
}

static void run_close(struct run *r)
{
    sequencer_free(r->sequencer);
    meta_model_free(r->model);
    ddl_stream_close(r->stream);
    source_options_release(&r->options);
    batch_pool_free(r->pool);
    stream_host_free(r->host);
    json_decref(r->out);
}

static int channel_of(struct run *r, const char *name)
{
    int index = sequencer_find_channel(r->sequencer, name);
    return index >= 0 ? index : sequencer_add_channel(r->sequencer, name, 0, 0);
}

static void feed_etcd(struct run *r)
{
    struct ks_error err;
    struct pending_ddl *list = NULL;
    struct etcd_recording rec = etcd_recording_load(GOLDEN_ETCD);
    if (meta_model_events(r->model, rec.events, rec.count, &list, &err))
        fail_msg("%s", err.message);
    while (list) {
        struct pending_ddl *p = list;
        list = p->next;
        for (size_t i = 0; i < p->use_count; i++)
            sequencer_use(r->sequencer, channel_of(r, p->uses[i].pchannel),
                          p->uses[i].collection_id, p->uses[i].create_tick);
        sequencer_add_ddl(r->sequencer, p);
    }
    etcd_recording_free(&rec);
}

static void feed_flush(struct run *r, const struct mq_record *rec)
{
    struct mq_flush flush;
    struct ks_error err;
    struct pending_ddl *p = xcalloc(1, sizeof(*p));
    const char **names = ks_arena_alloc(&p->arena, sizeof(*names));
    assert_int_equal(mq_record_flush(rec, &flush, &err), KS_OK);
    assert_int_equal(flush.collection_count, 1);
    names[0] = ks_arena_strndup(&p->arena, flush.collections[0].data, flush.collections[0].len);
    p->ddl = ks_arena_zalloc(&p->arena, sizeof(*p->ddl));
    *p->ddl = (struct ddl){
        .kind = DDL_FLUSH, .db = "default", .collections = names, .collection_count = 1};
    p->own_tick = rec->end_tick;
    sequencer_add_mq_ddl(r->sequencer, p, rec->channel, rec->offset);
}

static void feed_record(struct run *r, const json_t *line)
{
    struct ks_error err;
    struct mq_record *rec = xcalloc(1, sizeof(*rec));
    struct ks_slice value = golden_base64(golden_str(line, "value"));
    if (mq_record_decode(value, false, rec, &err))
        fail_msg("%s", err.message);
    rec->channel = channel_of(r, golden_str(line, "topic"));
    rec->offset = golden_int(line, "offset");
    rec->message = (void *)value.data;
    rec->message_free = free;
    if (rec->kind == MQ_FLUSH)
        feed_flush(r, rec);
    if (sequencer_add_record(r->sequencer, rec, &err))
        fail_msg("%s", err.message);
}

static void deliver(struct run *r, struct change_batch *b)
{
    for (size_t i = 0; i < b->batch.record_count; i++)
        json_array_append_new(r->out, stream_host_deliver(r->host, &b->batch.records[i]));
    batch_pool_give(b);
}

static void emit(struct run *r, struct sequencer_item *item)
{
    struct ks_error err;
    struct change_batch *b = batch_pool_take(r->pool);
    enum ks_status status = KS_OK;
    if (item->kind == SEQUENCER_DDL) {
        struct pending_ddl *p = item->take_ddl;
        bool wanted;
        status = ddl_stream_wants(r->stream, p->ddl, &p->arena, &wanted, &err);
        if (!status && wanted)
            status = ddl_stream_add(r->stream, p->ddl, &p->arena, b, &err);
        pending_ddl_free(p);
    } else {
        struct catalogue_collection *coll =
            catalogue_by_id(ddl_stream_catalogue(r->stream), item->collection_id);
        struct change_encoder *encoder;
        status = ddl_stream_encoder(r->stream, coll, &encoder, &err);
        if (!status)
            status =
                row_events_add(encoder, coll, sequencer_channel_name(r->sequencer, item->channel),
                               item->records, item->record_count, b, &err);
    }
    if (status)
        fail_msg("%s", err.message);
    deliver(r, b);
}

/* False if W stays where it is. */
static bool release(struct run *r)
{
    struct ks_error err;
    struct sequencer_item item;
    bool more = true;
    uint64_t w = sequencer_candidate(r->sequencer, meta_model_max_tick(r->model));
    if (w <= sequencer_released(r->sequencer))
        return false;
    sequencer_release(r->sequencer, w);
    while (more) {
        if (sequencer_next(r->sequencer, &item, &more, &err))
            fail_msg("%s", err.message);
        if (more)
            emit(r, &item);
    }
    return true;
}

/* ---- comparison ---- */

static void fail_values(const char *what, const json_t *expected, const json_t *got)
{
    char *e = json_dumps(expected, JSON_ENCODE_ANY), *g = json_dumps(got, JSON_ENCODE_ANY);
    fail_msg("%s: expected %s, got %s", what, e ? e : "nothing", g ? g : "nothing");
}

/* Floats are compared in their own width: the recording shows them widened. */
static bool same_value(const json_t *a, const json_t *b, bool is_float)
{
    if (json_is_array(a) && json_is_array(b) && json_array_size(a) == json_array_size(b)) {
        for (size_t i = 0; i < json_array_size(a); i++)
            if (!same_value(json_array_get(a, i), json_array_get(b, i), is_float))
                return false;
        return true;
    }
    if (json_is_number(a) && json_is_number(b) && (json_is_real(a) || json_is_real(b)))
        return is_float ? (float)json_number_value(a) == (float)json_number_value(b)
                        : json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

static bool is_float_field(const char *name)
{
    return strcmp(name, "f") == 0 || strcmp(name, "af") == 0 || strcmp(name, "v") == 0;
}

static void compare_image(const json_t *expected, const json_t *got)
{
    const char *name;
    json_t *value;
    assert_int_equal(json_object_size(expected), json_object_size(got));
    json_object_foreach((json_t *)expected, name, value)
    {
        const json_t *other = json_object_get(got, strcmp(name, "$meta") ? name : "_meta");
        if (!same_value(value, other, is_float_field(name)))
            fail_values(name, value, other);
    }
}

static void compare_members(const json_t *expected, const json_t *got, const char *const *names)
{
    for (; *names; names++)
        if (!json_equal(json_object_get(expected, *names), json_object_get(got, *names)))
            fail_values(*names, expected, got);
}

static void compare_row(const json_t *expected, const json_t *record)
{
    static const char *const members[] = {"tick",          "channel",      "offset", "row",
                                          "collection_id", "partition_id", NULL};
    const json_t *value = json_object_get(record, "value");
    assert_string_equal(golden_str(expected, "op"), golden_str(value, "op"));
    compare_members(expected, json_object_get(value, "source"), members);
    const json_t *key = json_object_get(record, "key");
    if (!json_equal(json_object_get(expected, "pk"),
                    json_object_iter_value(json_object_iter((json_t *)key))))
        fail_values("key", expected, key);
    if (strcmp(golden_str(expected, "op"), "d") != 0)
        compare_image(json_object_get(expected, "after"), json_object_get(value, "after"));
    else
        assert_true(json_is_null(json_object_get(value, "after")));
}

static json_t *kv_object(const json_t *list)
{
    json_t *object = json_object(), *kv;
    size_t i;
    json_array_foreach((json_t *)list, i, kv)
    {
        json_object_set(object, golden_str(kv, "key"), json_object_get(kv, "value"));
    }
    return object;
}

static void compare_kvs(const json_t *expected, const json_t *kvs)
{
    json_t *object = kv_object(kvs);
    if (!json_equal(expected, object))
        fail_values("key-value pairs", expected, object);
    json_decref(object);
}

static void compare_schema(const json_t *expected, const json_t *schema)
{
    static const char *const levels[] = {"Strong", "Session", "Bounded", "Eventually"};
    const json_t *fields = json_object_get(expected, "fields"),
                 *got_fields = json_object_get(schema, "fields");
    assert_int_equal(json_array_size(fields), json_array_size(got_fields));
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *e = json_array_get(fields, i), *g = json_array_get(got_fields, i);
        const json_t *element = json_object_get(g, "element_type");
        assert_int_equal(golden_int(e, "id"), golden_int(g, "id"));
        assert_string_equal(golden_str(e, "name"), golden_str(g, "name"));
        assert_string_equal(golden_str(e, "type"), golden_str(g, "type"));
        assert_string_equal(golden_str(e, "element"),
                            json_is_null(element) ? "None" : json_string_value(element));
        assert_true(json_equal(json_object_get(e, "pk"), json_object_get(g, "is_primary_key")));
        assert_true(json_equal(json_object_get(e, "auto_id"), json_object_get(g, "auto_id")));
        assert_true(json_equal(json_object_get(e, "dynamic"), json_object_get(g, "is_dynamic")));
        assert_true(json_equal(json_object_get(e, "partition_key"),
                               json_object_get(g, "is_partition_key")));
        compare_kvs(json_object_get(e, "params"), json_object_get(g, "type_params"));
    }
    const json_t *partitions = json_object_get(expected, "partitions"),
                 *got = json_object_get(schema, "partitions");
    assert_int_equal(json_array_size(partitions), json_array_size(got));
    for (size_t i = 0; i < json_array_size(got); i++)
        assert_string_equal(json_string_value(json_array_get(partitions, i)),
                            golden_str(json_array_get(got, i), "name"));
    assert_int_equal(golden_int(expected, "shards"), golden_int(schema, "shards"));
    assert_string_equal(levels[golden_int(expected, "consistency_level")],
                        golden_str(schema, "consistency_level"));
    compare_kvs(json_object_get(expected, "properties"), json_object_get(schema, "properties"));
}

static void compare_index(const json_t *expected, const json_t *index)
{
    assert_string_equal(golden_str(expected, "index"), golden_str(index, "name"));
    if (json_object_get(expected, "field"))
        assert_string_equal(golden_str(expected, "field"), golden_str(index, "field"));
    if (json_object_get(expected, "user_params"))
        compare_kvs(json_object_get(expected, "user_params"), json_object_get(index, "params"));
}

static void compare_ddl(const json_t *expected, const json_t *got)
{
    static const char *const members[] = {"kind", "revision", "db", NULL};
    static const char *const optional[] = {"collection", "collection_id", "alias", NULL};
    static const char *const partition[] = {"partition", "partition_id", NULL};
    const char *kind = golden_str(expected, "kind");
    compare_members(expected, got, members);
    for (const char *const *name = optional; *name; name++)
        if (json_object_get(expected, *name) &&
            !json_equal(json_object_get(expected, *name), json_object_get(got, *name)))
            fail_values(*name, expected, got);
    if (!json_is_true(json_object_get(expected, "loose")))
        assert_int_equal(golden_int(expected, "tick"), golden_int(got, "tick"));
    if (strcmp(kind, "create_collection") == 0)
        compare_schema(expected, json_object_get(got, "schema"));
    if (strcmp(kind, "create_partition") == 0 || strcmp(kind, "drop_partition") == 0)
        compare_members(expected, got, partition);
    if (json_object_get(expected, "index"))
        compare_index(expected, json_object_get(got, "index"));
    if (strcmp(kind, "load_partitions") == 0)
        assert_string_equal(
            golden_str(expected, "partition"),
            json_string_value(json_array_get(json_object_get(got, "partitions"), 0)));
    if (json_object_get(expected, "replicas"))
        assert_int_equal(golden_int(expected, "replicas"),
                         golden_int(json_object_get(got, "load"), "replicas"));
    if (json_object_get(expected, "old"))
        assert_string_equal(golden_str(expected, "old"), golden_str(got, "old_collection"));
}

/* Tombstones follow their deletes, flushes stand in their own order: both are taken out. */
static json_t *main_sequence(const json_t *out, size_t *ret_tombstones, json_t **ret_flush)
{
    json_t *list = json_array(), *record;
    size_t i;
    *ret_tombstones = 0;
    *ret_flush = NULL;
    json_array_foreach((json_t *)out, i, record)
    {
        const json_t *value = json_object_get(record, "value");
        if (json_is_null(value))
            ++*ret_tombstones;
        else if (strcmp(golden_str(value, "kind"), "flush") == 0)
            *ret_flush = (json_t *)value;
        else
            json_array_append(list, record);
    }
    return list;
}

static void compare(const json_t *out)
{
    json_t *events = golden_load(GOLDEN_235_EVENTS), *flush, *event;
    size_t tombstones, deletes = 0, i;
    json_t *got = main_sequence(out, &tombstones, &flush);
    assert_int_equal(json_array_size(got) + 1, json_array_size(events));
    json_array_foreach(events, i, event)
    {
        const json_t *record = json_array_get(got, i);
        if (strcmp(golden_str(event, "type"), "row") == 0) {
            compare_row(event, record);
            deletes += strcmp(golden_str(event, "op"), "d") == 0;
        } else if (strcmp(golden_str(event, "type"), "flush") == 0) {
            assert_non_null(flush);
            assert_true(golden_int(flush, "tick") >= golden_int(event, "tick"));
            assert_true(json_equal(json_object_get(flush, "collections"),
                                   json_object_get(event, "collections")));
        } else {
            compare_ddl(event, json_object_get(record, "value"));
        }
    }
    assert_int_equal(tombstones, deletes);
    json_decref(got);
    json_decref(events);
}

/* seq counts up by one; a row's ddl_seq is that of an earlier DDL; `after` lies behind the rows. */
static void check_sequence(const json_t *out)
{
    json_t *record;
    size_t i;
    int64_t seq = 0;
    json_array_foreach((json_t *)out, i, record)
    {
        const json_t *value = json_object_get(record, "value");
        if (json_object_get(value, "seq")) {
            assert_int_equal(golden_int(value, "seq"), ++seq);
        } else if (json_is_object(value)) {
            int64_t needs = golden_int(json_object_get(value, "source"), "ddl_seq");
            assert_true(needs > 0 && needs <= seq);
        }
    }
}

static void test_golden__released_at_once(void **state)
{
    struct run r;
    json_t *lines = golden_load(GOLDEN_235), *line;
    size_t i;
    run_open(&r);
    feed_etcd(&r);
    json_array_foreach(lines, i, line)
    {
        feed_record(&r, line);
    }
    while (release(&r)) { /* a drop ends a channel's hold on W */
    }
    compare(r.out);
    check_sequence(r.out);
    json_decref(lines);
    run_close(&r);
}

static void test_golden__released_tick_by_tick(void **state)
{
    struct run r;
    json_t *lines = golden_load(GOLDEN_235), *line;
    size_t i;
    run_open(&r);
    feed_etcd(&r);
    json_array_foreach(lines, i, line)
    {
        feed_record(&r, line);
        release(&r);
    }
    compare(r.out);
    check_sequence(r.out);
    json_decref(lines);
    run_close(&r);
}

/* What one step of the walk must leave in the stream: a DDL kind, or rows. Steps without an entry
 * leave nothing, for the reason beside them. */
static const struct {
    const char *op;
    const char *leaves; /* NULL: nothing */
} step_leaves[] = {
    {"create_database", "create_database"},
    {"drop_database", "drop_database"},
    {"create_collection", "create_collection"},
    {"drop_collection", "drop_collection"},
    {"create_partition", "create_partition"},
    {"drop_partition", "drop_partition"},
    {"insert", "row"},
    {"insert_same_key_again", "row"},
    {"insert_through_alias", "row"},
    {"upsert", "row"},
    {"delete", "row"},
    {"delete_by_expression", "row"},
    {"create_index", "create_index"},
    {"create_index+load", "create_index"},
    {"drop_index", "drop_index"},
    {"load_collection", "load_collection"},
    {"release_collection", "release_collection"},
    {"load_partitions", "load_partitions"},
    {"release_partitions", "release_collection"}, /* the last loaded one: Milvus drops both keys */
    {"create_alias", "create_alias"},
    {"drop_alias", "drop_alias"},
    {"rename_collection", "rename_collection"},
    {"flush", "flush"},
    {"alter_collection", NULL}, /* 2.3.5 writes properties one put late */
    {"create_user", NULL},      /* RBAC is not in the stream */
    {"create_role", NULL},
    {"add_user_to_role", NULL},
    {"grant", NULL},
    {"revoke_and_drop_rbac", NULL},
};

static void test_golden__every_step_is_accounted_for(void **state)
{
    json_t *steps = golden_load("golden/milvus-2.3.5/steps.jsonl"), *step;
    json_t *events = golden_load(GOLDEN_235_EVENTS);
    size_t i, k;
    assert_int_equal(json_array_size(steps), 46);
    json_array_foreach(steps, i, step)
    {
        const char *op = golden_str(step, "op");
        for (k = 0; k < sizeof(step_leaves) / sizeof(*step_leaves); k++)
            if (strcmp(step_leaves[k].op, op) == 0)
                break;
        if (k == sizeof(step_leaves) / sizeof(*step_leaves))
            fail_msg("step %s is not accounted for", op);
        if (step_leaves[k].leaves)
            assert_true(golden_find(events, "kind", step_leaves[k].leaves) ||
                        golden_find(events, "type", step_leaves[k].leaves));
    }
    json_decref(events);
    json_decref(steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden__released_at_once),
        cmocka_unit_test(test_golden__released_tick_by_tick),
        cmocka_unit_test(test_golden__every_step_is_accounted_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
