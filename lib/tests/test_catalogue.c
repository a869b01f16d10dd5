#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "catalogue.h"

static int64_t next_seq = 1;

static struct ddl_field FIELDS[] = {{.id = 100, .name = "pk", .description = ""}};
static struct ddl_named DEFAULT_PARTITION[] = {{10, "_default"}};
static const struct ddl_schema SCHEMA = {.name = "c",
                                         .description = "",
                                         .shards = 1,
                                         .partitions = DEFAULT_PARTITION,
                                         .partition_count = 1,
                                         .fields = FIELDS,
                                         .field_count = 1};

static struct ddl event(enum ddl_kind kind, int64_t id, const char *name)
{
    return (struct ddl){.kind = kind,
                        .seq = next_seq++,
                        .db = "default",
                        .db_id = 1,
                        .cluster = "x",
                        .collection = name,
                        .collection_id = id};
}

static struct catalogue *with_collection(void)
{
    struct catalogue *c = catalogue_new();
    struct ddl ddl = event(DDL_CREATE_COLLECTION, 1, "a");
    ddl.schema = &SCHEMA;
    ddl.topic = "t.a";
    assert_true(catalogue_apply(c, &ddl));
    return c;
}

static bool apply(struct catalogue *c, struct ddl ddl)
{
    bool predicted = catalogue_changes(c, &ddl);
    bool changed = catalogue_apply(c, &ddl);
    assert_int_equal(predicted, changed);
    return changed;
}

static void test_catalogue_apply__repeats_change_nothing(void **state)
{
    struct catalogue *c = with_collection();
    struct ddl again = event(DDL_CREATE_COLLECTION, 1, "a");
    again.schema = &SCHEMA;
    assert_false(apply(c, again));
    assert_true(apply(c, event(DDL_DROP_COLLECTION, 1, "a")));
    assert_false(apply(c, event(DDL_DROP_COLLECTION, 1, "a")));
    assert_null(catalogue_by_id(c, 1));
    assert_null(catalogue_by_name(c, "default", "a"));
    catalogue_free(c);
}

static void test_catalogue_apply__rename_keeps_the_id(void **state)
{
    struct catalogue *c = with_collection();
    struct ddl rename = event(DDL_RENAME_COLLECTION, 1, "b");
    rename.db = "other";
    rename.db_id = 9;
    assert_true(apply(c, rename));
    assert_false(apply(c, rename));
    assert_null(catalogue_by_name(c, "default", "a"));
    const struct catalogue_collection *coll = catalogue_by_name(c, "other", "b");
    assert_non_null(coll);
    assert_int_equal(coll->id, 1);
    assert_int_equal(coll->db_id, 9);
    assert_int_equal(coll->ddl_seq, rename.seq);
    assert_string_equal(coll->topic, "t.a");
    catalogue_free(c);
}

static void test_catalogue_apply__a_name_taken_over_survives_the_old_drop(void **state)
{
    struct catalogue *c = with_collection();
    struct ddl create = event(DDL_CREATE_COLLECTION, 2, "a");
    create.schema = &SCHEMA;
    assert_true(apply(c, create));
    assert_true(apply(c, event(DDL_DROP_COLLECTION, 1, "a")));
    assert_int_equal(catalogue_by_name(c, "default", "a")->id, 2);
    catalogue_free(c);
}

static void test_catalogue_apply__partitions(void **state)
{
    struct catalogue *c = with_collection();
    struct ddl create = event(DDL_CREATE_PARTITION, 1, "a");
    create.partition = "p";
    create.partition_id = 11;
    assert_true(apply(c, create));
    assert_false(apply(c, create));
    struct catalogue_collection *coll = catalogue_by_id(c, 1);
    assert_string_equal(catalogue_partition_by_id(coll, 11)->name, "p");
    assert_int_equal(coll->ddl_seq, create.seq);
    create.kind = DDL_DROP_PARTITION;
    assert_true(apply(c, create));
    assert_null(catalogue_partition_by_id(coll, 11));
    assert_non_null(catalogue_partition_by_id(coll, 10));
    catalogue_free(c);
}

static void test_catalogue_apply__load_covers_partitions(void **state)
{
    struct catalogue *c = with_collection();
    struct catalogue_collection *coll = catalogue_by_id(c, 1);
    struct ddl_load two = {2}, one = {1};
    struct ddl load = event(DDL_LOAD_COLLECTION, 1, "a");
    load.load = &one;
    assert_true(apply(c, load));
    assert_false(apply(c, load));
    load.load = &two;
    assert_true(apply(c, load));
    assert_int_equal(coll->replicas, 2);
    assert_true(coll->partitions->loaded);

    struct ddl create = event(DDL_CREATE_PARTITION, 1, "a");
    create.partition = "p";
    create.partition_id = 11;
    assert_true(apply(c, create));
    assert_true(catalogue_partition_by_id(coll, 11)->loaded);

    const char *names[] = {"p"};
    struct ddl release = event(DDL_RELEASE_PARTITIONS, 1, "a");
    release.partitions = names;
    release.partition_count = 1;
    assert_true(apply(c, release));
    assert_false(apply(c, release));
    assert_false(catalogue_partition_by_id(coll, 11)->loaded);
    assert_true(apply(c, load)); /* brings the released partition back */
    assert_true(apply(c, event(DDL_RELEASE_COLLECTION, 1, "a")));
    assert_false(apply(c, event(DDL_RELEASE_COLLECTION, 1, "a")));

    struct ddl load_p = event(DDL_LOAD_PARTITIONS, 1, "a");
    load_p.partitions = names;
    load_p.partition_count = 1;
    load_p.load = &one;
    assert_true(apply(c, load_p));
    assert_false(apply(c, load_p));
    assert_false(coll->loaded);
    assert_false(coll->partitions->loaded);
    assert_true(apply(c, event(DDL_RELEASE_COLLECTION, 1, "a")));
    assert_false(catalogue_partition_by_id(coll, 11)->loaded);
    catalogue_free(c);
}

static void test_catalogue_apply__indexes(void **state)
{
    struct catalogue *c = with_collection();
    struct ddl_kv params = {"index_type", "FLAT"}, altered = {"index_type", "HNSW"};
    struct ddl_index index = {
        .name = "i", .id = 5, .field = "v", .field_id = 101, .params = &params, .param_count = 1};
    struct ddl create = event(DDL_CREATE_INDEX, 1, "a");
    create.index = &index;
    assert_true(apply(c, create));
    assert_false(apply(c, create));
    create.kind = DDL_ALTER_INDEX;
    assert_false(apply(c, create));
    index.params = &altered;
    assert_true(apply(c, create));
    assert_string_equal(catalogue_by_id(c, 1)->indexes->index->params[0].value, "HNSW");
    create.kind = DDL_DROP_INDEX;
    assert_true(apply(c, create));
    assert_false(apply(c, create));
    assert_null(catalogue_by_id(c, 1)->indexes);
    catalogue_free(c);
}

static void test_catalogue_apply__drop_takes_the_aliases_along(void **state)
{
    struct catalogue *c = with_collection();
    struct ddl alias = event(DDL_CREATE_ALIAS, 1, "a");
    const char *names[] = {"x", "y", "z"};
    for (size_t i = 0; i < 3; i++) {
        alias.alias = names[i];
        assert_true(apply(c, alias));
        assert_false(apply(c, alias));
    }
    assert_int_equal(catalogue_alias(c, "default", "y"), 1);
    assert_int_equal(catalogue_by_id(c, 1)->ddl_seq, catalogue_by_id(c, 1)->create_seq);
    assert_true(apply(c, event(DDL_DROP_COLLECTION, 1, "a")));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(catalogue_alias(c, "default", names[i]), 0);
    assert_false(apply(c, alias)); /* an alias of nothing */
    catalogue_free(c);
}

static void test_catalogue_apply__alter_alias(void **state)
{
    struct catalogue *c = with_collection();
    struct ddl create = event(DDL_CREATE_COLLECTION, 2, "b");
    create.schema = &SCHEMA;
    assert_true(apply(c, create));
    struct ddl alias = event(DDL_CREATE_ALIAS, 1, "a");
    alias.alias = "x";
    assert_true(apply(c, alias));
    struct ddl alter = event(DDL_ALTER_ALIAS, 2, "b");
    alter.alias = "x";
    assert_true(apply(c, alter));
    assert_false(apply(c, alter));
    assert_int_equal(catalogue_alias(c, "default", "x"), 2);
    struct ddl drop = event(DDL_DROP_ALIAS, 0, NULL);
    drop.alias = "x";
    assert_true(apply(c, drop));
    assert_false(apply(c, drop));
    catalogue_free(c);
}

static void test_catalogue_apply__databases(void **state)
{
    struct catalogue *c = with_collection();
    struct ddl_kv property = {"k", "v"};
    struct ddl ddl = event(DDL_CREATE_DATABASE, 0, NULL);
    assert_false(apply(c, ddl)); /* default is always there */
    ddl.kind = DDL_DROP_DATABASE;
    assert_false(apply(c, ddl));
    ddl.kind = DDL_ALTER_DATABASE;
    ddl.properties = &property;
    ddl.property_count = 1;
    assert_true(apply(c, ddl));
    assert_false(apply(c, ddl));
    assert_int_equal(catalogue_by_id(c, 1)->ddl_seq, ddl.seq); /* gates the rows of the database */

    ddl = event(DDL_CREATE_DATABASE, 0, NULL);
    ddl.db = "d";
    ddl.db_id = 7;
    assert_true(apply(c, ddl));
    assert_true(catalogue_has_database(c, "d"));
    ddl.kind = DDL_DROP_DATABASE;
    assert_true(apply(c, ddl));
    assert_false(catalogue_has_database(c, "d"));
    catalogue_free(c);
}

static void test_catalogue_apply__alter_collection(void **state)
{
    struct catalogue *c = with_collection();
    struct ddl_kv property = {"collection.ttl.seconds", "5"};
    struct ddl alter = event(DDL_ALTER_COLLECTION, 1, "a");
    alter.properties = &property;
    alter.property_count = 1;
    assert_true(apply(c, alter));
    assert_false(apply(c, alter));
    const struct ddl_schema *schema = catalogue_by_id(c, 1)->schema;
    assert_int_equal(schema->property_count, 1);
    assert_int_equal(schema->field_count, 1);
    catalogue_free(c);
}

static int freed;
static void count_free(void *user)
{
    freed++;
}

static void test_catalogue_user__is_freed_with_its_collection(void **state)
{
    struct catalogue *c = with_collection();
    struct catalogue_collection *coll = catalogue_by_id(c, 1);
    coll->user = c;
    coll->user_free = count_free;
    freed = 0;
    assert_true(apply(c, event(DDL_DROP_COLLECTION, 1, "a")));
    assert_int_equal(freed, 1);
    catalogue_free(c);
    assert_int_equal(freed, 1);
}

static void list_id(void *arg, struct catalogue_collection *coll)
{
    int64_t *ids = arg;
    ids[++ids[0]] = coll->id;
}

static void test_catalogue_each__follows_the_order_of_creation(void **state)
{
    struct catalogue *c = catalogue_new();
    const int64_t order[] = {30, 10, 20};
    for (size_t i = 0; i < 3; i++) {
        struct ddl create = event(DDL_CREATE_COLLECTION, order[i],
                                  i == 0   ? "x"
                                  : i == 1 ? "y"
                                           : "z");
        create.schema = &SCHEMA;
        assert_true(apply(c, create));
    }
    int64_t ids[4] = {0};
    catalogue_each(c, list_id, ids);
    assert_int_equal(ids[0], 3);
    assert_memory_equal(ids + 1, order, sizeof order);
    catalogue_free(c);
}

static void test_catalogue_copy__is_independent(void **state)
{
    struct catalogue *c = with_collection();
    struct ddl alias = event(DDL_CREATE_ALIAS, 1, "a");
    alias.alias = "x";
    assert_true(apply(c, alias));
    assert_true(apply(c, event(DDL_LOAD_COLLECTION, 1, "a")));
    struct catalogue *copy = catalogue_copy(c);
    assert_true(apply(c, event(DDL_DROP_COLLECTION, 1, "a")));
    assert_int_equal(catalogue_alias(copy, "default", "x"), 1);
    const struct catalogue_collection *coll = catalogue_by_name(copy, "default", "a");
    assert_true(coll->loaded);
    assert_true(coll->partitions->loaded);
    assert_int_equal(coll->schema->field_count, 1);
    catalogue_free(copy);
    catalogue_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue_apply__repeats_change_nothing),
        cmocka_unit_test(test_catalogue_apply__rename_keeps_the_id),
        cmocka_unit_test(test_catalogue_apply__a_name_taken_over_survives_the_old_drop),
        cmocka_unit_test(test_catalogue_apply__partitions),
        cmocka_unit_test(test_catalogue_apply__load_covers_partitions),
        cmocka_unit_test(test_catalogue_apply__indexes),
        cmocka_unit_test(test_catalogue_apply__drop_takes_the_aliases_along),
        cmocka_unit_test(test_catalogue_apply__alter_alias),
        cmocka_unit_test(test_catalogue_apply__databases),
        cmocka_unit_test(test_catalogue_apply__alter_collection),
        cmocka_unit_test(test_catalogue_user__is_freed_with_its_collection),
        cmocka_unit_test(test_catalogue_each__follows_the_order_of_creation),
        cmocka_unit_test(test_catalogue_copy__is_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
