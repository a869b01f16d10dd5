/* What is not about collections themselves, the meaning of answers, and everything repeated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../ddl_apply.h"
#include "clock.h"
#include "helper_applying.h"

enum { UNAVAILABLE = 14, UNAUTHENTICATED = 16, RATE_LIMIT = 8 };

static void assert_says(const struct apply_fixture *f, const char *text)
{
    if (!strstr(f->reason, text))
        fail_msg("'%s' does not say '%s'", f->reason, text);
}

/* With collection a, 7, that has index i. */
static void begin_with_collection(struct apply_fixture *f)
{
    struct ddl create = apply_create("a", 7), index = apply_index(DDL_CREATE_INDEX, "a", 7);
    apply_begin(f, APPLY_LEASE_MS, "");
    apply_expect(f, &create, DDL_APPLIED);
    apply_expect(f, &index, DDL_APPLIED);
    free(milvus_model_log(f->model));
}

/* ---- partitions ---- */

static void test_partition__created_and_dropped_twice(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_partition(DDL_CREATE_PARTITION, "a", 7, "p");
    struct ddl drop = apply_partition(DDL_DROP_PARTITION, "a", 7, "p");
    begin_with_collection(&f);
    apply_expect(&f, &create, DDL_APPLIED);
    apply_expect(&f, &create, DDL_APPLIED);
    assert_true(milvus_model_has_partition(f.model, "default", "a", "p"));
    apply_expect(&f, &drop, DDL_APPLIED);
    assert_false(milvus_model_has_partition(f.model, "default", "a", "p"));
    apply_expect(&f, &drop, DDL_APPLIED);
    apply_end(&f);
}

static void test_partition__exists_on_servers_that_say_so(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_partition(DDL_CREATE_PARTITION, "a", 7, "p");
    begin_with_collection(&f);
    milvus_model_trouble(f.model, "CreatePartition", TROUBLE_STATUS, 65535,
                         "partition name = p already exists");
    apply_expect(&f, &create, DDL_APPLIED);
    apply_end(&f);
}

static void test_partition__dropped_while_the_target_has_it_loaded(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_partition(DDL_CREATE_PARTITION, "a", 7, "p");
    struct ddl drop = apply_partition(DDL_DROP_PARTITION, "a", 7, "p");
    begin_with_collection(&f);
    apply_expect(&f, &create, DDL_APPLIED);
    milvus_load(f.client, "default", "a", NULL, 0, 1, APPLY_LEASE_MS);
    apply_expect(&f, &drop, DDL_APPLIED);
    assert_false(milvus_model_has_partition(f.model, "default", "a", "p"));
    assert_true(milvus_model_is_loaded(f.model, "default", "a", "_default"));
    apply_end(&f);
}

/* A release that is put off is no reason to fail at the drop. */
static void test_partition__release_before_the_drop_put_off(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_partition(DDL_CREATE_PARTITION, "a", 7, "p");
    struct ddl drop = apply_partition(DDL_DROP_PARTITION, "a", 7, "p");
    begin_with_collection(&f);
    apply_expect(&f, &create, DDL_APPLIED);
    milvus_load(f.client, "default", "a", NULL, 0, 1, APPLY_LEASE_MS);
    milvus_model_trouble(f.model, "ReleasePartitions", TROUBLE_STATUS, RATE_LIMIT, "rate limit");
    apply_expect(&f, &drop, DDL_AGAIN);
    apply_expect(&f, &drop, DDL_APPLIED);
    apply_end(&f);
}

static void test_partition__collection_is_gone(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_partition(DDL_CREATE_PARTITION, "z", 9, "p");
    struct ddl drop = apply_partition(DDL_DROP_PARTITION, "z", 9, "p");
    begin_with_collection(&f);
    apply_expect(&f, &drop, DDL_APPLIED);
    apply_expect(&f, &create, DDL_FAILED);
    assert_says(&f, "collection not found");
    apply_end(&f);
}

/* ---- indexes ---- */

static void test_index__created_and_dropped_twice(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_index(DDL_CREATE_INDEX, "a", 7);
    struct ddl drop = apply_index(DDL_DROP_INDEX, "a", 7);
    begin_with_collection(&f);
    apply_expect(&f, &create, DDL_APPLIED);
    assert_true(milvus_model_has_index(f.model, "default", "a", "i"));
    apply_expect(&f, &drop, DDL_APPLIED);
    assert_false(milvus_model_has_index(f.model, "default", "a", "i"));
    apply_expect(&f, &drop, DDL_APPLIED);
    apply_end(&f);
}

static void test_index__different(void **state)
{
    static const struct ddl_kv params[] = {{"index_type", "HNSW"}, {"metric_type", "IP"}};
    struct apply_fixture f;
    struct ddl create = apply_index(DDL_CREATE_INDEX, "a", 7);
    struct ddl_index other = *create.index;
    begin_with_collection(&f);
    other.params = params;
    create.index = &other;
    apply_expect(&f, &create, DDL_FAILED);
    assert_says(&f, "default.a: index i of the target has metric_type L2, at the source it is IP");
    other.name = "j";
    apply_expect(&f, &create, DDL_FAILED);
    assert_says(&f, "index i of the target has name i, at the source it is j");
    apply_end(&f);
}

/* The server compares more than we do, or in another form. */
static void test_index__refused_but_equal(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_index(DDL_CREATE_INDEX, "a", 7);
    begin_with_collection(&f);
    milvus_model_trouble(f.model, "CreateIndex", TROUBLE_STATUS, 65535,
                         "at most one distinct index is allowed per field");
    apply_expect(&f, &create, DDL_APPLIED);
    apply_end(&f);
}

static void test_index__refused(void **state)
{
    struct apply_fixture f;
    struct ddl drop = apply_index(DDL_DROP_INDEX, "a", 7);
    struct ddl create = apply_index(DDL_CREATE_INDEX, "a", 7);
    begin_with_collection(&f);
    apply_expect(&f, &drop, DDL_APPLIED);
    milvus_model_trouble(f.model, "CreateIndex", TROUBLE_STATUS, 1100, "invalid index type: X");
    apply_expect(&f, &create, DDL_FAILED);
    assert_says(&f, "invalid index type: X");
    apply_end(&f);
}

static void test_index__dropped_while_loaded(void **state)
{
    struct apply_fixture f;
    struct ddl drop = apply_index(DDL_DROP_INDEX, "a", 7);
    begin_with_collection(&f);
    milvus_load(f.client, "default", "a", NULL, 0, 1, APPLY_LEASE_MS);
    apply_expect(&f, &drop, DDL_FAILED);
    assert_says(&f, "please release it first");
    apply_end(&f);
}

static void test_index__altered(void **state)
{
    struct apply_fixture f;
    struct ddl alter = apply_index(DDL_ALTER_INDEX, "a", 7);
    struct ddl drop = apply_index(DDL_DROP_INDEX, "a", 7);
    begin_with_collection(&f);
    apply_expect(&f, &alter, DDL_APPLIED);
    apply_expect(&f, &alter, DDL_APPLIED);
    apply_expect(&f, &drop, DDL_APPLIED);
    apply_expect(&f, &alter, DDL_FAILED);
    assert_says(&f, "index not found");
    apply_end(&f);
}

/* ---- load ---- */

static void test_load__waits_for_an_index(void **state)
{
    struct apply_fixture f;
    struct ddl drop = apply_index(DDL_DROP_INDEX, "a", 7);
    struct ddl create = apply_index(DDL_CREATE_INDEX, "a", 7);
    struct ddl load = apply_load(DDL_LOAD_COLLECTION, "a", 7, 1);
    begin_with_collection(&f);
    apply_expect(&f, &drop, DDL_APPLIED);
    apply_expect(&f, &load, DDL_AGAIN);
    assert_says(&f, "default.a of the target waits for an index");
    apply_expect(&f, &create, DDL_APPLIED);
    apply_expect(&f, &load, DDL_APPLIED);
    assert_true(milvus_model_is_loaded(f.model, "default", "a", NULL));
    apply_end(&f);
}

static void test_load__and_release_twice(void **state)
{
    struct apply_fixture f;
    struct ddl load = apply_load(DDL_LOAD_COLLECTION, "a", 7, 0);
    struct ddl release = apply_ddl(DDL_RELEASE_COLLECTION, "a", 7);
    begin_with_collection(&f);
    apply_expect(&f, &load, DDL_APPLIED);
    apply_expect(&f, &load, DDL_APPLIED);
    assert_true(milvus_model_is_loaded(f.model, "default", "a", NULL));
    apply_expect(&f, &release, DDL_APPLIED);
    apply_expect(&f, &release, DDL_APPLIED);
    assert_false(milvus_model_is_loaded(f.model, "default", "a", NULL));
    apply_end(&f);
}

static void test_load__other_number_of_replicas(void **state)
{
    struct apply_fixture f;
    struct ddl one = apply_load(DDL_LOAD_COLLECTION, "a", 7, 1);
    struct ddl two = apply_load(DDL_LOAD_COLLECTION, "a", 7, 2);
    begin_with_collection(&f);
    apply_expect(&f, &one, DDL_APPLIED);
    apply_expect(&f, &two, DDL_FAILED);
    assert_says(&f, "[expected=1][actual=2]");
    apply_end(&f);
}

static void test_load__partitions(void **state)
{
    static const char *const names[] = {"p"}, *const gone[] = {"q"};
    struct apply_fixture f;
    struct ddl create = apply_partition(DDL_CREATE_PARTITION, "a", 7, "p");
    struct ddl load = apply_load(DDL_LOAD_PARTITIONS, "a", 7, 1);
    struct ddl release = apply_ddl(DDL_RELEASE_PARTITIONS, "a", 7);
    begin_with_collection(&f);
    load.partitions = release.partitions = names;
    load.partition_count = release.partition_count = 1;
    apply_expect(&f, &create, DDL_APPLIED);
    apply_expect(&f, &load, DDL_APPLIED);
    apply_expect(&f, &load, DDL_APPLIED);
    assert_true(milvus_model_is_loaded(f.model, "default", "a", "p"));
    assert_false(milvus_model_is_loaded(f.model, "default", "a", "_default"));
    apply_expect(&f, &release, DDL_APPLIED);
    apply_expect(&f, &release, DDL_APPLIED);
    assert_false(milvus_model_is_loaded(f.model, "default", "a", NULL));
    release.partitions = gone;
    apply_expect(&f, &release, DDL_APPLIED);
    apply_end(&f);
}

/* ---- aliases ---- */

static void assert_alias(struct apply_fixture *f, const char *alias, const char *collection)
{
    char name[128];
    milvus_model_alias(f->model, "default", alias, name);
    assert_string_equal(name, collection);
}

static void begin_with_two(struct apply_fixture *f)
{
    struct ddl a = apply_create("a", 7), b = apply_create("b", 8);
    apply_begin(f, APPLY_LEASE_MS, "");
    apply_expect(f, &a, DDL_APPLIED);
    apply_expect(f, &b, DDL_APPLIED);
}

static void test_alias__everything_twice(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_alias(DDL_CREATE_ALIAS, "x", "a", 7);
    struct ddl alter = apply_alias(DDL_ALTER_ALIAS, "x", "b", 8);
    struct ddl drop = apply_alias(DDL_DROP_ALIAS, "x", NULL, 0);
    begin_with_two(&f);
    for (int i = 0; i < 2; i++)
        apply_expect(&f, &create, DDL_APPLIED);
    assert_alias(&f, "x", "a");
    for (int i = 0; i < 2; i++)
        apply_expect(&f, &alter, DDL_APPLIED);
    assert_alias(&f, "x", "b");
    for (int i = 0; i < 2; i++)
        apply_expect(&f, &drop, DDL_APPLIED);
    assert_alias(&f, "x", "");
    apply_expect(&f, &alter, DDL_APPLIED); /* one that is not there is made */
    assert_alias(&f, "x", "b");
    apply_end(&f);
}

static void test_alias__of_another_collection(void **state)
{
    struct apply_fixture f;
    struct ddl first = apply_alias(DDL_CREATE_ALIAS, "x", "a", 7);
    struct ddl second = apply_alias(DDL_CREATE_ALIAS, "x", "b", 8);
    begin_with_two(&f);
    apply_expect(&f, &first, DDL_APPLIED);
    apply_expect(&f, &second, DDL_FAILED);
    assert_says(&f, "alias x of the target already points at a");
    assert_alias(&f, "x", "a");
    apply_end(&f);
}

static void test_alias__left_behind_by_a_dropped_collection(void **state)
{
    struct apply_fixture f;
    struct ddl first = apply_alias(DDL_CREATE_ALIAS, "x", "a", 7);
    struct ddl second = apply_alias(DDL_CREATE_ALIAS, "x", "b", 8);
    begin_with_two(&f);
    apply_expect(&f, &first, DDL_APPLIED);
    milvus_drop_collection(f.client, "default", "a", APPLY_LEASE_MS); /* not by this sink */
    apply_expect(&f, &second, DDL_APPLIED);
    assert_alias(&f, "x", "b");
    apply_end(&f);
}

static void test_alias__name_of_a_collection(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_alias(DDL_CREATE_ALIAS, "b", "a", 7);
    begin_with_two(&f);
    apply_expect(&f, &create, DDL_FAILED);
    assert_says(&f, "conflict");
    apply_end(&f);
}

/* Not knowing where it points is no reason to give up. */
static void test_alias__look_put_off(void **state)
{
    struct apply_fixture f;
    struct ddl first = apply_alias(DDL_CREATE_ALIAS, "x", "a", 7);
    begin_with_two(&f);
    apply_expect(&f, &first, DDL_APPLIED);
    milvus_model_trouble(f.model, "CreateAlias", TROUBLE_STATUS, 1602, "alias already exist");
    milvus_model_trouble(f.model, "DescribeAlias", TROUBLE_STATUS, RATE_LIMIT, "rate limit");
    apply_expect(&f, &first, DDL_AGAIN);
    apply_expect(&f, &first, DDL_APPLIED);
    apply_end(&f);
}

/* ---- databases ---- */

static void test_database__created_and_dropped_twice(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_database(DDL_CREATE_DATABASE, "d");
    struct ddl drop = apply_database(DDL_DROP_DATABASE, "d");
    apply_begin(&f, APPLY_LEASE_MS, "");
    apply_expect(&f, &create, DDL_APPLIED);
    apply_expect(&f, &create, DDL_APPLIED);
    assert_true(milvus_model_has_database(f.model, "d"));
    apply_expect(&f, &drop, DDL_APPLIED);
    assert_false(milvus_model_has_database(f.model, "d"));
    apply_expect(&f, &drop, DDL_APPLIED);
    apply_end(&f);
}

static void test_database__made_since_we_looked(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_database(DDL_CREATE_DATABASE, "d");
    apply_begin(&f, APPLY_LEASE_MS, "");
    milvus_model_trouble(f.model, "CreateDatabase", TROUBLE_STATUS, 65535,
                         "database already exist: d");
    apply_expect(&f, &create, DDL_APPLIED);
    apply_end(&f);
}

static void test_database__not_empty(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_database(DDL_CREATE_DATABASE, "d"), collection = apply_create("a", 7);
    struct ddl drop = apply_database(DDL_DROP_DATABASE, "d");
    apply_begin(&f, APPLY_LEASE_MS, "");
    collection.db = "d";
    apply_expect(&f, &create, DDL_APPLIED);
    apply_expect(&f, &collection, DDL_APPLIED);
    apply_expect(&f, &drop, DDL_FAILED);
    assert_says(&f, "not empty");
    apply_end(&f);
}

static void test_database__default_stays(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_database(DDL_CREATE_DATABASE, "d");
    struct ddl drop = apply_database(DDL_DROP_DATABASE, "d");
    apply_begin(&f, APPLY_LEASE_MS, "d:default");
    apply_expect(&f, &create, DDL_APPLIED);
    apply_expect(&f, &drop, DDL_APPLIED);
    assert_true(milvus_model_has_database(f.model, "default"));
    char *log = milvus_model_log(f.model);
    assert_string_equal(log, "");
    free(log);
    apply_end(&f);
}

/* A server that cannot: the source's change is not swallowed. */
static void test_database__altered(void **state)
{
    static const struct ddl_kv properties[] = {{"database.replica.number", "2"}};
    struct apply_fixture f;
    struct ddl alter = apply_database(DDL_ALTER_DATABASE, "default");
    apply_begin(&f, APPLY_LEASE_MS, "");
    alter.properties = properties;
    alter.property_count = 1;
    apply_expect(&f, &alter, DDL_FAILED);
    assert_says(&f, "unknown method");
    apply_end(&f);
}

/* ---- the rest ---- */

static void test_flush__is_only_a_hint(void **state)
{
    static const char *const names[] = {"a", "gone"};
    struct apply_fixture f;
    struct ddl flush = apply_ddl(DDL_FLUSH, NULL, 0);
    begin_with_collection(&f);
    flush.collections = names;
    flush.collection_count = 2;
    apply_expect(&f, &flush, DDL_APPLIED);
    assert_int_equal(milvus_model_calls(f.model, "Flush"), 2);
    milvus_model_trouble(f.model, "Flush", TROUBLE_STATUS, RATE_LIMIT, "rate limit exceeded");
    apply_expect(&f, &flush, DDL_APPLIED);
    assert_int_equal(milvus_model_calls(f.model, "Flush"), 4);
    apply_end(&f);
}

static void test_gap__is_for_people(void **state)
{
    struct apply_fixture f;
    struct ddl gap = apply_ddl(DDL_GAP, "a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    apply_expect(&f, &gap, DDL_APPLIED);
    char *log = milvus_model_log(f.model);
    assert_string_equal(log, "");
    free(log);
    apply_end(&f);
}

static void test_mapping__every_name(void **state)
{
    static const char *const names[] = {"a"};
    struct apply_fixture f;
    char alias[128];
    struct ddl db = apply_database(DDL_CREATE_DATABASE, "d");
    struct ddl steps[] = {
        apply_create("a", 7),
        apply_partition(DDL_CREATE_PARTITION, "a", 7, "p"),
        apply_index(DDL_CREATE_INDEX, "a", 7),
        apply_load(DDL_LOAD_COLLECTION, "a", 7, 1),
        apply_alias(DDL_CREATE_ALIAS, "x", "a", 7),
        apply_ddl(DDL_FLUSH, NULL, 0),
    };
    steps[5].collections = names;
    steps[5].collection_count = 1;
    apply_begin(&f, APPLY_LEASE_MS, "default:d,default.a:d.b");
    apply_expect(&f, &db, DDL_APPLIED);
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
        apply_expect(&f, &steps[i], DDL_APPLIED);
    assert_false(milvus_model_has(f.model, "default", "a"));
    assert_true(milvus_model_has_partition(f.model, "d", "b", "p"));
    assert_true(milvus_model_has_index(f.model, "d", "b", "i"));
    assert_true(milvus_model_is_loaded(f.model, "d", "b", "p"));
    milvus_model_alias(f.model, "d", "x", alias);
    assert_string_equal(alias, "b");
    struct ddl drop = apply_alias(DDL_DROP_ALIAS, "x", NULL, 0);
    apply_expect(&f, &drop, DDL_APPLIED);
    milvus_model_alias(f.model, "d", "x", alias);
    assert_string_equal(alias, "");
    apply_end(&f);
}

/* ---- answers ---- */

static void test_answers__again_at_once(void **state)
{
    struct apply_fixture f;
    char trouble[GATE_TEXT_MAX];
    struct ddl create = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    milvus_model_trouble(f.model, "CreateCollection", TROUBLE_STATUS, RATE_LIMIT, "rate limit");
    apply_expect(&f, &create, DDL_AGAIN);
    milvus_model_trouble(f.model, "CreateCollection", TROUBLE_GRPC, UNAUTHENTICATED, "auth");
    apply_expect(&f, &create, DDL_AGAIN);
    assert_says(&f, "create_collection: CreateCollection: ");
    assert_true(target_gate_trouble(f.open.gate, trouble));
    assert_string_equal(trouble, f.reason);
    /* A look changes nothing, so nothing has to be waited for. */
    milvus_model_trouble(f.model, "DescribeCollection", TROUBLE_GRPC, UNAVAILABLE, "going down");
    apply_expect(&f, &create, DDL_AGAIN);
    assert_true(f.took_ms < APPLY_LEASE_MS / 4);
    apply_expect(&f, &create, DDL_APPLIED);
    assert_false(target_gate_trouble(f.open.gate, trouble));
    apply_end(&f);
}

static void test_answers__stopped(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    target_gate_stop(f.open.gate);
    apply_expect(&f, &create, DDL_STOPPED);
    char *log = milvus_model_log(f.model);
    assert_string_equal(log, "");
    free(log);
    apply_end(&f);
}

struct stopper {
    struct apply_fixture *f;
    pthread_t thread;
};

static void *stop_after_the_call(void *arg)
{
    struct stopper *s = arg;
    milvus_model_wait_calls(s->f->model, "CreateCollection", 1);
    target_gate_stop(s->f->open.gate);
    return NULL;
}

static void test_answers__stopped_while_an_ambiguous_one_is_waited_for(void **state)
{
    struct apply_fixture f;
    struct stopper s = {.f = &f};
    struct ddl create = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    milvus_model_trouble(f.model, "CreateCollection", TROUBLE_GRPC_AFTER, UNAVAILABLE, "down");
    pthread_create(&s.thread, NULL, stop_after_the_call, &s);
    apply_expect(&f, &create, DDL_STOPPED);
    assert_true(f.took_ms < APPLY_LEASE_MS / 4);
    pthread_join(s.thread, NULL);
    apply_end(&f);
}

/* ---- everything repeated ---- */

enum { STEPS = 20 };

/* A life with every kind that 2.3.5 knows. */
static size_t make_life(struct ddl life[STEPS])
{
    static const char *const p[] = {"p"};
    static const struct ddl_kv ttl[] = {{"collection.ttl.seconds", "60"}};
    size_t n = 0;
    life[n++] = apply_database(DDL_CREATE_DATABASE, "d");
    life[n++] = apply_create("a", 7);
    life[n++] = apply_partition(DDL_CREATE_PARTITION, "a", 7, "p");
    life[n++] = apply_index(DDL_CREATE_INDEX, "a", 7);
    life[n++] = apply_index(DDL_ALTER_INDEX, "a", 7);
    life[n] = apply_load(DDL_LOAD_PARTITIONS, "a", 7, 1);
    life[n].partitions = p;
    life[n++].partition_count = 1;
    life[n] = apply_ddl(DDL_RELEASE_PARTITIONS, "a", 7);
    life[n].partitions = p;
    life[n++].partition_count = 1;
    life[n++] = apply_load(DDL_LOAD_COLLECTION, "a", 7, 1);
    life[n++] = apply_alias(DDL_CREATE_ALIAS, "x", "a", 7);
    life[n++] = apply_alias(DDL_ALTER_ALIAS, "x", "a", 7);
    life[n++] = apply_rename("a", "b", 7);
    life[n] = apply_ddl(DDL_ALTER_COLLECTION, "b", 7);
    life[n].properties = ttl;
    life[n++].property_count = 1;
    life[n++] = apply_ddl(DDL_RELEASE_COLLECTION, "b", 7);
    life[n++] = apply_index(DDL_DROP_INDEX, "b", 7);
    life[n++] = apply_partition(DDL_DROP_PARTITION, "b", 7, "p");
    life[n++] = apply_alias(DDL_DROP_ALIAS, "x", NULL, 0);
    life[n++] = apply_ddl(DDL_DROP_COLLECTION, "b", 7);
    life[n++] = apply_database(DDL_DROP_DATABASE, "d");
    return n;
}

static const char *const main_calls[STEPS] = {
    "CreateDatabase",   "CreateCollection",  "CreatePartition",   "CreateIndex", "AlterIndex",
    "LoadPartitions",   "ReleasePartitions", "LoadCollection",    "CreateAlias", "AlterAlias",
    "RenameCollection", "AlterCollection",   "ReleaseCollection", "DropIndex",   "DropPartition",
    "DropAlias",        "DropCollection",    "DropDatabase",
};

static void assert_nothing_left(struct apply_fixture *f)
{
    assert_false(milvus_model_has(f->model, "default", "a"));
    assert_false(milvus_model_has(f->model, "default", "b"));
    assert_false(milvus_model_has_database(f->model, "d"));
}

/* As after a crash before the commit. */
static void test_life__every_step_twice(void **state)
{
    struct apply_fixture f;
    struct ddl life[STEPS];
    size_t count = make_life(life);
    apply_begin(&f, APPLY_LEASE_MS, "");
    for (size_t i = 0; i < count; i++) {
        apply_expect(&f, &life[i], DDL_APPLIED);
        assert_int_equal(milvus_model_calls(f.model, main_calls[i]) > 0, 1);
        apply_expect(&f, &life[i], DDL_APPLIED);
    }
    assert_nothing_left(&f);
    apply_end(&f);
}

/* Done, or not, and no answer in either case: repeated until it is known. */
static void test_life__every_answer_lost(void **state)
{
    enum { LEASE_MS = 240 };
    struct apply_fixture f;
    struct ddl life[STEPS];
    size_t count = make_life(life);
    apply_begin(&f, LEASE_MS, "");
    for (size_t i = 0; i < count; i++) {
        enum ddl_result result;
        int runs = 0;
        milvus_model_trouble(f.model, main_calls[i], i % 3 ? TROUBLE_GRPC_AFTER : TROUBLE_GRPC,
                             UNAVAILABLE, "going down");
        do
            result = apply_run(&f, &life[i]);
        while (result == DDL_AGAIN && ++runs < 10);
        if (result != DDL_APPLIED)
            fail_msg("%s: %s", ddl_kind_name(life[i].kind), f.reason);
        assert_true(runs > 0);
    }
    assert_nothing_left(&f);
    apply_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partition__created_and_dropped_twice),
        cmocka_unit_test(test_partition__exists_on_servers_that_say_so),
        cmocka_unit_test(test_partition__dropped_while_the_target_has_it_loaded),
        cmocka_unit_test(test_partition__release_before_the_drop_put_off),
        cmocka_unit_test(test_partition__collection_is_gone),
        cmocka_unit_test(test_index__created_and_dropped_twice),
        cmocka_unit_test(test_index__different),
        cmocka_unit_test(test_index__refused_but_equal),
        cmocka_unit_test(test_index__refused),
        cmocka_unit_test(test_index__dropped_while_loaded),
        cmocka_unit_test(test_index__altered),
        cmocka_unit_test(test_load__waits_for_an_index),
        cmocka_unit_test(test_load__and_release_twice),
        cmocka_unit_test(test_load__other_number_of_replicas),
        cmocka_unit_test(test_load__partitions),
        cmocka_unit_test(test_alias__everything_twice),
        cmocka_unit_test(test_alias__of_another_collection),
        cmocka_unit_test(test_alias__left_behind_by_a_dropped_collection),
        cmocka_unit_test(test_alias__name_of_a_collection),
        cmocka_unit_test(test_alias__look_put_off),
        cmocka_unit_test(test_database__created_and_dropped_twice),
        cmocka_unit_test(test_database__made_since_we_looked),
        cmocka_unit_test(test_database__not_empty),
        cmocka_unit_test(test_database__default_stays),
        cmocka_unit_test(test_database__altered),
        cmocka_unit_test(test_flush__is_only_a_hint),
        cmocka_unit_test(test_gap__is_for_people),
        cmocka_unit_test(test_mapping__every_name),
        cmocka_unit_test(test_answers__again_at_once),
        cmocka_unit_test(test_answers__stopped),
        cmocka_unit_test(test_answers__stopped_while_an_ambiguous_one_is_waited_for),
        cmocka_unit_test(test_life__every_step_twice),
        cmocka_unit_test(test_life__every_answer_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
