/* What the tests of a whole sink share: a host that outlives the task, the model of Milvus, and a
 * stream with collections a (two partitions) and b. Included by each of them. */
#ifndef SINK_TESTS_SINK_SCENE_H
#define SINK_TESTS_SINK_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../ddl_apply.h"
#include "helper_milvus_model.h"
#include "helper_sink_host.h"

enum { A = 7, B = 8, ROWS = 30 };

static struct milvus_model *model;
static struct sink_host *host;

static const struct ddl_field fields[] = {
    {.name = "id", .type = MILVUS_INT64, .is_primary_key = true, .description = ""},
    {.name = "v", .type = MILVUS_INT64, .description = ""},
    {.name = "w", .type = MILVUS_SPARSE_FLOAT_VECTOR, .nullable = true, .description = ""},
};
static const struct ddl_named partitions[] = {{1, "_default"}};
static const struct ddl_schema schema = {
    .name = "",
    .description = "",
    .shards = 1,
    .partitions = partitions,
    .partition_count = 1,
    .fields = fields,
    .field_count = 3,
};

static inline int setup(void **state)
{
    model = milvus_model_start();
    host = sink_host_new(milvus_model_uri(model));
    sink_host_topic(host, "p.a", 2);
    sink_host_topic(host, "p.b", 1);
    return 0;
}

static inline int teardown(void **state)
{
    sink_host_free(host);
    milvus_model_stop(model);
    return 0;
}

/* ---- the stream ---- */

static inline struct ddl make(enum ddl_kind kind, const char *collection, int64_t id,
                              const char *topic)
{
    return (struct ddl){.kind = kind,
                        .cluster = "c",
                        .db = "default",
                        .collection = collection,
                        .collection_id = id,
                        .topic = topic,
                        .schema = kind == DDL_CREATE_COLLECTION ? &schema : NULL};
}

static inline int64_t emit(struct ddl ddl)
{
    return sink_host_ddl(host, &ddl);
}

/* Keys from … to - 1 of a, over both partitions of its topic, with their tenfold. */
static inline void insert_a(int64_t seq, int64_t from, int64_t to)
{
    for (int64_t key = from; key < to; key++)
        sink_host_row(host, "p.a", (int32_t)(key % 2), 'c', A, seq, key, key * 10);
}

static inline void insert_b(int64_t seq, int64_t from, int64_t to)
{
    for (int64_t key = from; key < to; key++)
        sink_host_row(host, "p.b", 0, 'c', B, seq, key, key * 10);
}

static inline struct ddl make_alias(enum ddl_kind kind, const char *collection, int64_t id)
{
    struct ddl alias = make(kind, collection, id, NULL);
    alias.alias = "x";
    return alias;
}

/* ---- what is there ---- */

static inline void assert_rows(const char *collection, int64_t count)
{
    assert_int_equal(milvus_model_rows(model, "default", collection), count);
    for (int64_t key = 0; key < count; key++) {
        assert_int_equal(milvus_model_copies(model, "default", collection, key), 1);
        assert_int_equal(milvus_model_value(model, "default", collection, key), key * 10);
    }
}

static inline void assert_status(const char *text)
{
    if (!strstr(sink_host_status(host), text))
        fail_msg("the status is '%s' and does not say '%s'", sink_host_status(host), text);
}

static inline bool is_clean(void)
{
    return strstr(sink_host_state(host), "\"clean\":true") != NULL;
}

static inline bool ten_of_a(struct sink_host *h)
{
    return milvus_model_rows(model, "default", "a") == 10;
}

static inline bool all_of_a(struct sink_host *h)
{
    return milvus_model_rows(model, "default", "a") == ROWS;
}

static inline bool all_of_b(struct sink_host *h)
{
    return milvus_model_rows(model, "default", "b") == ROWS;
}

static inline bool has_a(struct sink_host *h)
{
    return milvus_model_has(model, "default", "a");
}

static inline bool has_applied_one(struct sink_host *h)
{
    return strstr(sink_host_state(h), "\"applied\":\"1\"") != NULL;
}

static inline bool has_no_status(struct sink_host *h)
{
    return sink_host_status(h)[0] == '\0';
}

static inline bool has_status(struct sink_host *h)
{
    return sink_host_status(h)[0] != '\0';
}

static inline void assert_alias(const char *db, const char *collection)
{
    char name[128];
    milvus_model_alias(model, db, "x", name);
    assert_string_equal(name, collection);
}

/* ---- what others do ---- */

static inline struct milvus_client *connect_target(void)
{
    struct milvus_client *client;
    struct ks_error err;
    struct milvus_options options = {.uri = milvus_model_uri(model)};
    assert_int_equal(milvus_client_open(&options, &client, &err), KS_OK);
    return client;
}

static inline void made_in_target(struct milvus_client *client, struct milvus_answer answer)
{
    assert_int_equal(answer.outcome, MILVUS_OK);
    milvus_client_close(client);
}

static inline void make_in_target(const char *name, const char *stamp)
{
    struct milvus_client *client = connect_target();
    const struct ddl_kv property = {STAMP_PROPERTY, stamp};
    made_in_target(client, milvus_create_collection(client, "default", name, &schema, &property,
                                                    stamp ? 1 : 0, 20000));
}

static inline void drop_in_target(const char *name)
{
    struct milvus_client *client = connect_target();
    made_in_target(client, milvus_drop_collection(client, "default", name, 20000));
}

static inline void put_alias_in_target(const char *collection)
{
    struct milvus_client *client = connect_target();
    made_in_target(client, milvus_create_alias(client, "default", collection, "x", false, 20000));
}

static inline void restart(const char *option, const char *value)
{
    sink_host_close(host);
    sink_host_option(host, option, value);
    sink_host_start(host);
}

#endif
