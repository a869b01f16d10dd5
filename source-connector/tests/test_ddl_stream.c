#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../batch_pool.h"
#include "../ddl_stream_parts.h"
#include "helper_golden.h"
#include "helper_stream.h"

static const struct ddl_field fields[] = {
    {.id = 100, .name = "id", .type = MILVUS_INT64, .is_primary_key = true, .description = ""}};
static const struct ddl_schema schema = {
    .name = "c", .description = "", .shards = 2, .fields = fields, .field_count = 1};

struct fixture {
    struct stream_host *host;
    struct source_options options;
    struct ddl_stream *stream;
    struct batch_pool *pool;
    struct ks_arena arena;
    struct ks_error err;
    json_t *out;
};

static void open_stream(struct fixture *f, const char *cluster, const char *exclude)
{
    struct ks_config_entry entries[] = {{"cluster", cluster},
                                        {"collection.exclude.list", exclude},
                                        {"milvus.etcd.root.path", "root"},
                                        {"topic.prefix", "p"}};
    assert_int_equal(source_options_parse(&(struct ks_config){entries, 4}, &f->options, &f->err),
                     KS_OK);
    if (ddl_stream_open(stream_host_ops(f->host), &f->options, &f->stream, &f->err))
        f->stream = NULL;
}

static void close_stream(struct fixture *f)
{
    ddl_stream_close(f->stream);
    source_options_release(&f->options);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->host = stream_host_new();
    f->pool = batch_pool_new();
    f->out = json_array();
    open_stream(f, "c1", "");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    close_stream(f);
    batch_pool_free(f->pool);
    stream_host_free(f->host);
    ks_arena_release(&f->arena);
    json_decref(f->out);
    free(f);
    return 0;
}

static struct ddl collection_ddl(enum ddl_kind kind, const char *name, int64_t id)
{
    return (struct ddl){.kind = kind,
                        .tick = 1000,
                        .db = "default",
                        .db_id = 1,
                        .collection = name,
                        .collection_id = id,
                        .schema = kind == DDL_CREATE_COLLECTION ? &schema : NULL};
}

static bool wants(struct fixture *f, struct ddl *ddl)
{
    bool wanted;
    if (ddl_stream_wants(f->stream, ddl, &f->arena, &wanted, &f->err))
        fail_msg("%s", f->err.message);
    return wanted;
}

static bool add(struct fixture *f, struct ddl ddl)
{
    struct change_batch *b = batch_pool_take(f->pool);
    bool wanted = wants(f, &ddl);
    if (wanted && ddl_stream_add(f->stream, &ddl, &f->arena, b, &f->err))
        fail_msg("%s", f->err.message);
    for (size_t i = 0; i < b->batch.record_count; i++)
        json_array_append_new(f->out, stream_host_deliver(f->host, &b->batch.records[i]));
    batch_pool_give(b);
    return wanted;
}

static const json_t *last_value(const struct fixture *f)
{
    return json_object_get(json_array_get(f->out, json_array_size(f->out) - 1), "value");
}

static void test_add__counts_seq_and_names_the_topic(void **state)
{
    struct fixture *f = *state;
    assert_true(add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7)));
    assert_int_equal(golden_int(last_value(f), "seq"), 1);
    assert_string_equal(golden_str(last_value(f), "topic"), "p.default.c");
    assert_string_equal(golden_str(last_value(f), "cluster"), "c1");
    assert_true(add(f, collection_ddl(DDL_DROP_COLLECTION, "c", 7)));
    assert_int_equal(golden_int(last_value(f), "seq"), 2);
    assert_string_equal(golden_str(last_value(f), "topic"), "p.default.c");
}

static void test_add__after_is_behind_the_rows(void **state)
{
    struct fixture *f = *state;
    struct ks_record row = {.topic = "p.default.c"};
    add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7));
    for (int i = 0; i < 3; i++)
        json_decref(stream_host_deliver(f->host, &row));
    struct ddl drop = collection_ddl(DDL_DROP_COLLECTION, "c", 7);
    assert_true(ddl_stream_waits_for_rows(f->stream, &drop));
    add(f, drop);
    const json_t *after = json_object_get(last_value(f), "after");
    assert_int_equal(json_array_size(after), 1);
    assert_string_equal(golden_str(json_array_get(after, 0), "topic"), "p.default.c");
    assert_int_equal(golden_int(json_array_get(after, 0), "offset"), 3);
}

static void drop_c_after_rows(struct fixture *f)
{
    struct ks_record row = {.topic = "p.default.c"};
    add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7));
    for (int i = 0; i < 3; i++)
        json_decref(stream_host_deliver(f->host, &row));
    add(f, collection_ddl(DDL_DROP_COLLECTION, "c", 7));
}

static void expect_topic_of_next(struct fixture *f, const char *topic)
{
    add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 8));
    assert_string_equal(golden_str(last_value(f), "topic"), topic);
}

static void test_add__the_topic_goes_on_with_its_name(void **state)
{
    drop_c_after_rows(*state);
    expect_topic_of_next(*state, "p.default.c");
}

/* `after` of the drop stays in the stream: no other topic may have that name. */
static void test_add__a_deleted_topic_is_not_made_again(void **state)
{
    struct fixture *f = *state;
    drop_c_after_rows(f);
    stream_host_delete_topic(f->host, "p.default.c");
    expect_topic_of_next(f, "p.default.c.8");
}

static void missing_for_long(struct fixture *f, const char *topic)
{
    strmap_put(&f->stream->missing, topic, (void *)(uintptr_t)1);
}

/* Its drop comes into the stream after that. */
static void test_add__the_drop_of_a_deleted_topic(void **state)
{
    struct fixture *f = *state;
    struct ks_record row = {.topic = "p.default.c"};
    add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7));
    json_decref(stream_host_deliver(f->host, &row));
    stream_host_delete_topic(f->host, "p.default.c");
    missing_for_long(f, "p.default.c");
    struct change_batch *b = batch_pool_take(f->pool);
    assert_int_equal(ddl_stream_heartbeat(f->stream, 1000, b, &f->err), KS_OK);
    batch_pool_give(b);
    assert_true(add(f, collection_ddl(DDL_DROP_COLLECTION, "c", 7)));
    assert_int_equal(json_array_size(json_object_get(last_value(f), "after")), 0);
    expect_topic_of_next(f, "p.default.c.8");
}

/* A broker that does not know it yet: a position that is left out would break the order. */
static void test_heartbeat__a_topic_that_is_missing_for_a_moment(void **state)
{
    struct fixture *f = *state;
    struct ks_record row = {.topic = "p.default.c"};
    struct change_batch *b = batch_pool_take(f->pool);
    add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7));
    stream_host_delete_topic(f->host, "p.default.c");
    assert_int_equal(ddl_stream_heartbeat(f->stream, 1000, b, &f->err), KS_ERR_RETRIABLE);
    assert_non_null(strstr(f->err.message, "p.default.c"));
    assert_int_equal(ddl_stream_heartbeat(f->stream, 1000, b, &f->err), KS_ERR_RETRIABLE);
    json_decref(stream_host_deliver(f->host, &row));
    assert_int_equal(ddl_stream_heartbeat(f->stream, 1000, b, &f->err), KS_OK);
    stream_host_delete_topic(f->host, "p.default.c");
    assert_int_equal(ddl_stream_heartbeat(f->stream, 1000, b, &f->err), KS_ERR_RETRIABLE);
    batch_pool_give(b);
}

/* A reader of it, or the broker, has made it anew; and this source was started since. */
static void test_add__nor_used_when_others_made_it(void **state)
{
    struct fixture *f = *state;
    struct ks_record row = {.topic = "p.default.c"};
    drop_c_after_rows(f);
    stream_host_delete_topic(f->host, "p.default.c");
    json_decref(stream_host_deliver(f->host, &row));
    close_stream(f);
    open_stream(f, "c1", "");
    expect_topic_of_next(f, "p.default.c.8");
}

/* Published names are final, and are found again after a restart. */
static void test_add__routed_topics(void **state)
{
    struct fixture *f = *state;
    close_stream(f);
    stream_host_route(f->host, "p.ddl", "changes");
    stream_host_route(f->host, "p.default.c", "books");
    open_stream(f, "c1", "");
    assert_string_equal(ddl_stream_topic(f->stream), "changes");
    add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7));
    assert_string_equal(golden_str(last_value(f), "topic"), "books");
    assert_string_equal(golden_str(json_array_get(f->out, json_array_size(f->out) - 1), "topic"),
                        "changes");
    close_stream(f);
    stream_host_route(f->host, "p.default.c", "novels");
    open_stream(f, "c1", "");
    assert_int_equal(ddl_stream_seq(f->stream), 1);
    assert_string_equal(catalogue_by_id(ddl_stream_catalogue(f->stream), 7)->topic, "books");
}

static void test_open__two_streams_in_one_topic(void **state)
{
    struct fixture *f = *state;
    close_stream(f);
    stream_host_route(f->host, "p.ddl", "all");
    stream_host_route(f->host, "p.heartbeat", "all");
    open_stream(f, "c1", "");
    assert_null(f->stream);
    assert_non_null(strstr(f->err.message, "they need two"));
}

static void test_wants__not_what_changes_nothing(void **state)
{
    struct fixture *f = *state;
    assert_true(add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7)));
    assert_false(add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7)));
    assert_false(add(f, collection_ddl(DDL_DROP_COLLECTION, "d", 8)));
}

static void test_wants__not_what_is_filtered(void **state)
{
    struct fixture *f = *state;
    close_stream(f);
    open_stream(f, "c1", "default\\.secret");
    assert_false(add(f, collection_ddl(DDL_CREATE_COLLECTION, "secret", 9)));
    assert_true(ddl_stream_is_filtered(f->stream, 9));
    assert_false(add(f, collection_ddl(DDL_DROP_COLLECTION, "secret", 9)));
    assert_true(add(f, collection_ddl(DDL_CREATE_COLLECTION, "open", 10)));
}

static struct ddl database_ddl(enum ddl_kind kind, const char *db)
{
    return (struct ddl){.kind = kind, .tick = 1000, .db = db, .db_id = 5};
}

/* A database without captured collections is nobody's business. */
static void test_wants__a_database_with_its_first_captured_collection(void **state)
{
    struct fixture *f = *state;
    close_stream(f);
    open_stream(f, "c1", "shop\\.secret.*");
    assert_false(add(f, database_ddl(DDL_CREATE_DATABASE, "shop")));
    assert_false(add(f, database_ddl(DDL_CREATE_DATABASE, "empty")));
    struct ddl hidden = collection_ddl(DDL_CREATE_COLLECTION, "secret", 20);
    hidden.db = "shop";
    assert_false(add(f, hidden));
    assert_int_equal(json_array_size(f->out), 0);
    struct ddl seen = collection_ddl(DDL_CREATE_COLLECTION, "orders", 21);
    seen.db = "shop";
    assert_true(add(f, seen));
    assert_int_equal(json_array_size(f->out), 2);
    const json_t *first = json_object_get(json_array_get(f->out, 0), "value");
    assert_string_equal(golden_str(first, "kind"), "create_database");
    assert_string_equal(golden_str(first, "db"), "shop");
    assert_int_equal(golden_int(last_value(f), "seq"), 2);
    assert_false(add(f, database_ddl(DDL_DROP_DATABASE, "empty")));
    add(f, (struct ddl){.kind = DDL_DROP_COLLECTION,
                        .tick = 1001,
                        .db = "shop",
                        .collection = "orders",
                        .collection_id = 21});
    assert_true(add(f, database_ddl(DDL_DROP_DATABASE, "shop")));
}

static void test_wants__flush_of_known_collections_only(void **state)
{
    struct fixture *f = *state;
    const char *names[] = {"c"};
    struct ddl flush = {
        .kind = DDL_FLUSH, .db = "default", .collections = names, .collection_count = 1};
    assert_false(wants(f, &flush));
    add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7));
    assert_true(wants(f, &flush));
}

/* The topic is the truth: a new stream goes on where the old one stopped. */
static void test_open__folds_what_is_there(void **state)
{
    struct fixture *f = *state;
    add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7));
    add(f, collection_ddl(DDL_CREATE_COLLECTION, "d", 8));
    add(f, collection_ddl(DDL_DROP_COLLECTION, "c", 7));
    close_stream(f);
    open_stream(f, "c1", "");
    assert_int_equal(ddl_stream_seq(f->stream), 3);
    assert_null(catalogue_by_id(ddl_stream_catalogue(f->stream), 7));
    assert_string_equal(catalogue_by_id(ddl_stream_catalogue(f->stream), 8)->topic, "p.default.d");
    assert_false(add(f, collection_ddl(DDL_CREATE_COLLECTION, "d", 8)));
}

static void test_open__refuses_the_topic_of_another_cluster(void **state)
{
    struct fixture *f = *state;
    add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7));
    close_stream(f);
    open_stream(f, "c2", "");
    assert_null(f->stream);
    assert_non_null(strstr(f->err.message, "cluster 'c1', not 'c2'"));
}

static void test_heartbeat__tells_the_positions(void **state)
{
    struct fixture *f = *state;
    struct ks_record row = {.topic = "p.default.c"};
    add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7));
    json_decref(stream_host_deliver(f->host, &row));
    struct change_batch *b = batch_pool_take(f->pool);
    assert_int_equal(ddl_stream_heartbeat(f->stream, 470618365461004293u, b, &f->err), KS_OK);
    json_t *record = stream_host_deliver(f->host, &b->batch.records[0]);
    const json_t *value = json_object_get(record, "value");
    assert_string_equal(golden_str(record, "topic"), "p.heartbeat");
    assert_int_equal(golden_int(value, "tick"), 470618365461004293);
    assert_int_equal(golden_int(value, "ddl_seq"), 1);
    assert_int_equal(golden_int(json_array_get(json_object_get(value, "offsets"), 0), "offset"), 1);
    json_decref(record);
    batch_pool_give(b);
}

static enum ks_status refused(struct fixture *f, struct ddl ddl)
{
    struct change_batch *b = batch_pool_take(f->pool);
    assert_true(wants(f, &ddl));
    enum ks_status status = ddl_stream_add(f->stream, &ddl, &f->arena, b, &f->err);
    assert_int_equal(b->batch.record_count, 0);
    batch_pool_give(b);
    return status;
}

static void test_add__refuses_a_name_that_is_still_taken(void **state)
{
    struct fixture *f = *state;
    add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7));
    assert_int_equal(refused(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 8)), KS_ERR_FATAL);
    assert_non_null(strstr(f->err.message, "default.c"));
    add(f, collection_ddl(DDL_DROP_COLLECTION, "c", 7));
    assert_true(add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 8)));
}

static void test_add__refuses_to_drop_a_database_with_collections(void **state)
{
    struct fixture *f = *state;
    struct ddl db = {.kind = DDL_CREATE_DATABASE, .db = "d", .db_id = 2};
    struct ddl in_db = collection_ddl(DDL_CREATE_COLLECTION, "c", 7);
    in_db.db = "d";
    in_db.db_id = 2;
    add(f, db);
    add(f, in_db);
    db.kind = DDL_DROP_DATABASE;
    assert_int_equal(refused(f, db), KS_ERR_FATAL);
    in_db.kind = DDL_DROP_COLLECTION;
    add(f, in_db);
    assert_true(add(f, db));
}

static void test_has_dropped__remembers_over_restarts(void **state)
{
    struct fixture *f = *state;
    add(f, collection_ddl(DDL_CREATE_COLLECTION, "c", 7));
    assert_false(ddl_stream_has_dropped(f->stream, 7));
    add(f, collection_ddl(DDL_DROP_COLLECTION, "c", 7));
    assert_true(ddl_stream_has_dropped(f->stream, 7));
    close_stream(f);
    open_stream(f, "c1", "");
    assert_true(ddl_stream_has_dropped(f->stream, 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_add__counts_seq_and_names_the_topic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_add__after_is_behind_the_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_add__the_topic_goes_on_with_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_add__a_deleted_topic_is_not_made_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_add__the_drop_of_a_deleted_topic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_heartbeat__a_topic_that_is_missing_for_a_moment, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_add__nor_used_when_others_made_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_add__routed_topics, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open__two_streams_in_one_topic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wants__not_what_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wants__not_what_is_filtered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wants__a_database_with_its_first_captured_collection,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_wants__flush_of_known_collections_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_open__folds_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open__refuses_the_topic_of_another_cluster, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_heartbeat__tells_the_positions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_add__refuses_a_name_that_is_still_taken, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_add__refuses_to_drop_a_database_with_collections,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_has_dropped__remembers_over_restarts, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
