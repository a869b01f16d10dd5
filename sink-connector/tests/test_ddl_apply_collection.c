/* Collections: whose they are decides what is done to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../ddl_applying.h"
#include "clock.h"
#include "helper_applying.h"

enum { UNAVAILABLE = 14 };

static void assert_property(struct apply_fixture *f, const char *collection, const char *key,
                            const char *expected)
{
    char value[128];
    milvus_model_property(f->model, "default", collection, key, value);
    assert_string_equal(value, expected);
}

static void assert_says(const struct apply_fixture *f, const char *text)
{
    if (!strstr(f->reason, text))
        fail_msg("'%s' does not say '%s'", f->reason, text);
}

static void make_signed(struct apply_fixture *f, const char *name, const char *stamp,
                        const char *sink)
{
    const struct ddl_kv kvs[] = {{STAMP_PROPERTY, stamp}, {SINK_PROPERTY, sink}};
    size_t count = sink ? 2 : stamp ? 1 : 0;
    struct milvus_answer a = milvus_create_collection(f->client, "default", name, &apply_schema,
                                                      kvs, count, APPLY_LEASE_MS);
    assert_int_equal(a.outcome, MILVUS_OK);
}

/* A collection of somebody else, with a stamp or without. */
static void make_foreign(struct apply_fixture *f, const char *name, const char *stamp)
{
    make_signed(f, name, stamp, NULL);
}

/* ---- create ---- */

static void test_create_collection__stamped_with_what_it_has(void **state)
{
    static const struct ddl_kv properties[] = {{"collection.ttl.seconds", "60"},
                                               {"collection.replica.number", "3"},
                                               {STAMP_PROPERTY, "elsewhere/9"},
                                               {SINK_PROPERTY, APPLY_OTHER_SINK},
                                               {ADOPTED_PROPERTY, "fedcba9876543210"}};
    static const struct ddl_named partitions[] = {{1, "_default"}, {2, "p1"}, {3, "p2"}};
    struct apply_fixture f;
    struct ddl_schema schema = apply_schema;
    struct ddl d = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    schema.properties = properties;
    schema.property_count = 5;
    schema.partitions = partitions;
    schema.partition_count = 3;
    d.schema = &schema;
    apply_expect(&f, &d, DDL_APPLIED);
    assert_property(&f, "a", STAMP_PROPERTY, "c/7");
    assert_property(&f, "a", SINK_PROPERTY, APPLY_SINK);
    assert_property(&f, "a", ADOPTED_PROPERTY, "");
    assert_property(&f, "a", "collection.ttl.seconds", "60");
    assert_property(&f, "a", "collection.replica.number", "");
    assert_true(milvus_model_has_partition(f.model, "default", "a", "p1"));
    assert_true(milvus_model_has_partition(f.model, "default", "a", "p2"));
    assert_int_equal(milvus_model_calls(f.model, "CreatePartition"), 2);
    assert_false(f.adopted);
    apply_end(&f);
}

static void test_create_collection__repeated(void **state)
{
    struct apply_fixture f;
    struct ddl d = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    apply_expect(&f, &d, DDL_APPLIED);
    apply_expect(&f, &d, DDL_APPLIED);
    assert_false(f.adopted);
    assert_int_equal(milvus_model_calls(f.model, "CreateCollection"), 1);
    assert_int_equal(milvus_model_calls(f.model, "AlterCollection"), 0);
    apply_end(&f);
}

/* It died between the collection and its partitions. */
static void test_create_collection__half_done(void **state)
{
    static const struct ddl_named partitions[] = {{1, "_default"}, {2, "p1"}};
    struct apply_fixture f;
    struct ddl_schema schema = apply_schema;
    struct ddl d = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    schema.partitions = partitions;
    schema.partition_count = 2;
    d.schema = &schema;
    milvus_model_trouble(f.model, "CreatePartition", TROUBLE_STATUS, 8, "rate limit");
    apply_expect(&f, &d, DDL_AGAIN);
    apply_expect(&f, &d, DDL_APPLIED);
    assert_true(milvus_model_has_partition(f.model, "default", "a", "p1"));
    apply_end(&f);
}

/* Or of this one, before its state was lost; or of a version that did not say which. */
static void test_create_collection__of_another_sink(void **state)
{
    struct apply_fixture f;
    struct ddl a = apply_create("a", 7), b = apply_create("b", 8);
    apply_begin(&f, APPLY_LEASE_MS, "");
    make_signed(&f, "a", "c/7", APPLY_OTHER_SINK);
    make_foreign(&f, "b", "c/8");
    for (int look = 0; look < 2; look++) {
        f.only_look = look;
        apply_expect(&f, &a, DDL_FAILED);
        assert_says(&f, "default.a of the target is kept by the sink connector other with");
        assert_says(&f, "kitestream.sink is '" APPLY_OTHER_SINK "', not '" APPLY_SINK "'");
        assert_says(&f, "drop the collection to start anew");
        apply_expect(&f, &b, DDL_FAILED);
        assert_says(&f, "kept by the sink connector of an earlier version");
    }
    assert_property(&f, "a", SINK_PROPERTY, APPLY_OTHER_SINK);
    apply_end(&f);
}

/* It is there when this sink calls, but was not when it looked. */
static void test_create_collection__another_sink_was_faster(void **state)
{
    struct apply_fixture f;
    struct ddl d = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    make_signed(&f, "a", "c/7", APPLY_OTHER_SINK);
    milvus_model_trouble(f.model, "DescribeCollection", TROUBLE_STATUS, 100, "not found");
    apply_expect(&f, &d, DDL_AGAIN);
    apply_expect(&f, &d, DDL_FAILED);
    assert_says(&f, "kept by the sink connector other");
    /* A server that takes it for the same one. */
    milvus_model_trouble(f.model, "DescribeCollection", TROUBLE_STATUS, 100, "not found");
    milvus_model_trouble(f.model, "CreateCollection", TROUBLE_STATUS, 0, "");
    apply_expect(&f, &d, DDL_FAILED);
    assert_says(&f, "kept by the sink connector other");
    apply_end(&f);
}

static void test_create_collection__equal_without_stamp(void **state)
{
    struct apply_fixture f;
    struct ddl d = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    make_foreign(&f, "a", NULL);
    for (int repeated = 0; repeated < 2; repeated++) {
        apply_expect(&f, &d, DDL_APPLIED);
        assert_true(f.adopted);
        assert_property(&f, "a", STAMP_PROPERTY, "c/7");
        assert_property(&f, "a", SINK_PROPERTY, APPLY_SINK);
    }
    assert_int_equal(milvus_model_calls(f.model, "AlterCollection"), 1);
    f.sink = APPLY_OTHER_SINK;
    apply_expect(&f, &d, DDL_FAILED);
    assert_says(&f, "kept by the sink connector sink");
    apply_end(&f);
}

static void test_create_collection__of_another_source(void **state)
{
    struct apply_fixture f;
    struct ddl d = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    make_foreign(&f, "a", "other/7");
    make_foreign(&f, "b", "c/8");
    apply_expect(&f, &d, DDL_FAILED);
    assert_says(&f, "belongs to other/7");
    d = apply_create("b", 9);
    apply_expect(&f, &d, DDL_FAILED);
    assert_says(&f, "belongs to c/8");
    assert_property(&f, "a", STAMP_PROPERTY, "other/7");
    apply_end(&f);
}

static void test_create_collection__different_schema(void **state)
{
    static const struct ddl_kv dim[] = {{"dim", "16"}};
    struct ddl_field fields[] = {apply_schema.fields[0], apply_schema.fields[1]};
    struct ddl_schema schema = apply_schema;
    struct apply_fixture f;
    struct ddl d = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    make_foreign(&f, "a", NULL);
    fields[1].type_params = dim;
    schema.fields = fields;
    d.schema = &schema;
    apply_expect(&f, &d, DDL_FAILED);
    assert_says(&f, "default.a exists in the target with another schema: field v has dim 16 at "
                    "the source and 8 at the target");
    assert_property(&f, "a", STAMP_PROPERTY, "");
    apply_end(&f);
}

static void test_create_collection__only_look(void **state)
{
    static const struct ddl_named partitions[] = {{1, "_default"}, {2, "p1"}};
    struct ddl_schema schema = apply_schema;
    struct apply_fixture f;
    struct ddl d = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    schema.partitions = partitions;
    schema.partition_count = 2;
    d.schema = &schema;
    f.only_look = true;
    apply_expect(&f, &d, DDL_FAILED);
    assert_says(&f, "not in the target");
    make_foreign(&f, "a", NULL);
    apply_expect(&f, &d, DDL_APPLIED);
    assert_property(&f, "a", STAMP_PROPERTY, "");
    assert_int_equal(milvus_model_calls(f.model, "CreatePartition"), 0);
    apply_end(&f);
}

/* A server that takes no property of ours. */
static void test_create_collection__stamp_in_the_description(void **state)
{
    struct apply_fixture f;
    struct ddl_schema schema = apply_schema;
    struct ddl d = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    schema.description = "books";
    d.schema = &schema;
    milvus_model_trouble(f.model, "CreateCollection", TROUBLE_STATUS, 1100,
                         "invalid property: kitestream.source");
    apply_expect(&f, &d, DDL_APPLIED);
    assert_property(&f, "a", STAMP_PROPERTY, "");
    apply_expect(&f, &d, DDL_APPLIED);
    assert_false(f.adopted);
    d = apply_create("a", 8);
    apply_expect(&f, &d, DDL_FAILED);
    assert_says(&f, "belongs to c/7");
    d = apply_ddl(DDL_DROP_COLLECTION, "a", 7);
    apply_expect(&f, &d, DDL_APPLIED);
    assert_false(milvus_model_has(f.model, "default", "a"));
    apply_end(&f);
}

static void test_create_collection__name_is_an_alias_for_now(void **state)
{
    struct apply_fixture f;
    struct ddl old = apply_create("old", 7), alias = apply_alias(DDL_CREATE_ALIAS, "a", "old", 7);
    struct ddl create = apply_create("a", 8), drop = apply_ddl(DDL_DROP_COLLECTION, "old", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    apply_expect(&f, &old, DDL_APPLIED);
    apply_expect(&f, &alias, DDL_APPLIED);
    apply_expect(&f, &create, DDL_AGAIN);
    assert_says(&f, "default.a is an alias of old");
    apply_expect(&f, &drop, DDL_APPLIED);
    apply_expect(&f, &create, DDL_APPLIED);
    assert_property(&f, "a", STAMP_PROPERTY, "c/8");
    apply_end(&f);
}

static void test_create_collection__refused(void **state)
{
    struct apply_fixture f;
    struct ddl d = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "default:nowhere");
    apply_expect(&f, &d, DDL_FAILED);
    assert_says(&f, "create_collection: CreateCollection: database not found[database=nowhere]");
    apply_end(&f);
}

static void test_create_collection__without_a_vector(void **state)
{
    struct apply_fixture f;
    struct ddl_schema schema = apply_schema;
    struct ddl d = apply_create("a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    schema.field_count = 1; /* the key alone */
    d.schema = &schema;
    apply_expect(&f, &d, DDL_FAILED);
    assert_says(&f, "the stream has no vector field of default.a");
    assert_says(&f, "vector.encoding=omit");
    assert_int_equal(milvus_model_calls(f.model, "CreateCollection"), 0);
    apply_end(&f);
}

static void check_ambiguous_create(enum trouble kind)
{
    enum { LEASE_MS = 900 };
    struct apply_fixture f;
    struct ddl d = apply_create("a", 7);
    apply_begin(&f, LEASE_MS, "");
    milvus_model_trouble(f.model, "CreateCollection", kind, UNAVAILABLE, "going down");
    apply_expect(&f, &d, DDL_AGAIN);
    assert_true(f.took_ms >= LEASE_MS / 6 + 1000); /* it can no longer take effect */
    apply_expect(&f, &d, DDL_APPLIED);
    assert_property(&f, "a", STAMP_PROPERTY, "c/7");
    assert_false(f.adopted);
    apply_end(&f);
}

static void test_create_collection__ambiguous(void **state)
{
    check_ambiguous_create(TROUBLE_GRPC);
    check_ambiguous_create(TROUBLE_GRPC_AFTER);
}

/* ---- drop ---- */

static void test_drop_collection__with_its_aliases(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_create("a", 7), alias = apply_alias(DDL_CREATE_ALIAS, "x", "a", 7);
    struct ddl drop = apply_ddl(DDL_DROP_COLLECTION, "a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    apply_expect(&f, &create, DDL_APPLIED);
    apply_expect(&f, &alias, DDL_APPLIED);
    apply_expect(&f, &drop, DDL_APPLIED);
    assert_false(milvus_model_has(f.model, "default", "a"));
    assert_int_equal(milvus_model_calls(f.model, "DropAlias"), 1);
    apply_expect(&f, &drop, DDL_APPLIED);
    assert_int_equal(milvus_model_calls(f.model, "DropCollection"), 1);
    apply_end(&f);
}

static void test_drop_collection__only_ours(void **state)
{
    static const char *const stamps[] = {NULL, "c/6", "other/7", "c/7"};
    for (size_t i = 0; i < 4; i++) {
        struct apply_fixture f;
        struct ddl drop = apply_ddl(DDL_DROP_COLLECTION, "a", 7);
        apply_begin(&f, APPLY_LEASE_MS, "");
        make_signed(&f, "a", stamps[i], i == 3 ? APPLY_OTHER_SINK : NULL);
        apply_expect(&f, &drop, DDL_APPLIED);
        assert_true(milvus_model_has(f.model, "default", "a"));
        assert_int_equal(milvus_model_calls(f.model, "DropCollection"), 0);
        assert_says(&f, "it stays");
        apply_end(&f);
    }
}

static void test_drop_collection__not_by_an_alias(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_create("b", 7), alias = apply_alias(DDL_CREATE_ALIAS, "a", "b", 7);
    struct ddl drop = apply_ddl(DDL_DROP_COLLECTION, "a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    apply_expect(&f, &create, DDL_APPLIED);
    apply_expect(&f, &alias, DDL_APPLIED);
    apply_expect(&f, &drop, DDL_APPLIED);
    assert_true(milvus_model_has(f.model, "default", "b"));
    apply_end(&f);
}

static void test_drop_collection__database_is_gone(void **state)
{
    struct apply_fixture f;
    struct ddl drop = apply_ddl(DDL_DROP_COLLECTION, "a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "default:nowhere");
    apply_expect(&f, &drop, DDL_APPLIED);
    apply_end(&f);
}

/* ---- rename ---- */

static void test_rename_collection__and_repeated(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_create("a", 7), rename = apply_rename("a", "b", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    apply_expect(&f, &create, DDL_APPLIED);
    apply_expect(&f, &rename, DDL_APPLIED);
    apply_expect(&f, &rename, DDL_APPLIED);
    assert_true(milvus_model_has(f.model, "default", "b"));
    assert_false(milvus_model_has(f.model, "default", "a"));
    assert_int_equal(milvus_model_calls(f.model, "RenameCollection"), 1);
    apply_end(&f);
}

static void test_rename_collection__into_another_database(void **state)
{
    struct apply_fixture f;
    struct ddl db = apply_database(DDL_CREATE_DATABASE, "d"), create = apply_create("a", 7);
    struct ddl rename = apply_rename("a", "b", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    rename.db = "d";
    apply_expect(&f, &db, DDL_APPLIED);
    apply_expect(&f, &create, DDL_APPLIED);
    apply_expect(&f, &rename, DDL_APPLIED);
    assert_true(milvus_model_has(f.model, "d", "b"));
    apply_end(&f);
}

static void test_rename_collection__occupied(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_create("a", 7), rename = apply_rename("a", "b", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    apply_expect(&f, &create, DDL_APPLIED);
    make_foreign(&f, "b", NULL);
    apply_expect(&f, &rename, DDL_FAILED);
    assert_says(&f, "default.a cannot be renamed to default.b");
    assert_true(milvus_model_has(f.model, "default", "a"));
    apply_end(&f);
}

static void test_rename_collection__only_ours(void **state)
{
    struct apply_fixture f;
    struct ddl rename = apply_rename("a", "b", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    apply_expect(&f, &rename, DDL_FAILED);
    assert_says(&f, "default.a is not in the target");
    make_signed(&f, "a", "c/7", APPLY_OTHER_SINK);
    apply_expect(&f, &rename, DDL_FAILED);
    assert_says(&f, "not what this sink created");
    assert_int_equal(milvus_model_calls(f.model, "RenameCollection"), 0);
    apply_end(&f);
}

static void test_rename_collection__mapping_keeps_the_name(void **state)
{
    struct apply_fixture f;
    struct ddl create = apply_create("a", 7), rename = apply_rename("a", "x", 7);
    apply_begin(&f, APPLY_LEASE_MS, "default.a:default.x");
    apply_expect(&f, &create, DDL_APPLIED);
    assert_true(milvus_model_has(f.model, "default", "x"));
    apply_expect(&f, &rename, DDL_APPLIED);
    assert_int_equal(milvus_model_calls(f.model, "RenameCollection"), 0);
    apply_end(&f);
}

static void test_rename_collection__with_an_alias(void **state)
{
    struct apply_fixture f;
    char target[128];
    struct ddl create = apply_create("a", 7), alias = apply_alias(DDL_CREATE_ALIAS, "x", "a", 7);
    struct ddl rename = apply_rename("a", "b", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    apply_expect(&f, &create, DDL_APPLIED);
    apply_expect(&f, &alias, DDL_APPLIED);
    apply_expect(&f, &rename, DDL_APPLIED);
    milvus_model_alias(f.model, "default", "x", target);
    assert_string_equal(target, "b");
    rename = apply_rename("b", "x", 7); /* the alias still stands there */
    apply_expect(&f, &rename, DDL_AGAIN);
    apply_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_collection__stamped_with_what_it_has),
        cmocka_unit_test(test_create_collection__repeated),
        cmocka_unit_test(test_create_collection__half_done),
        cmocka_unit_test(test_create_collection__of_another_sink),
        cmocka_unit_test(test_create_collection__another_sink_was_faster),
        cmocka_unit_test(test_create_collection__equal_without_stamp),
        cmocka_unit_test(test_create_collection__of_another_source),
        cmocka_unit_test(test_create_collection__different_schema),
        cmocka_unit_test(test_create_collection__only_look),
        cmocka_unit_test(test_create_collection__stamp_in_the_description),
        cmocka_unit_test(test_create_collection__name_is_an_alias_for_now),
        cmocka_unit_test(test_create_collection__refused),
        cmocka_unit_test(test_create_collection__without_a_vector),
        cmocka_unit_test(test_create_collection__ambiguous),
        cmocka_unit_test(test_drop_collection__with_its_aliases),
        cmocka_unit_test(test_drop_collection__only_ours),
        cmocka_unit_test(test_drop_collection__not_by_an_alias),
        cmocka_unit_test(test_drop_collection__database_is_gone),
        cmocka_unit_test(test_rename_collection__and_repeated),
        cmocka_unit_test(test_rename_collection__into_another_database),
        cmocka_unit_test(test_rename_collection__occupied),
        cmocka_unit_test(test_rename_collection__only_ours),
        cmocka_unit_test(test_rename_collection__mapping_keeps_the_name),
        cmocka_unit_test(test_rename_collection__with_an_alias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
