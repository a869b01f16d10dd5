/* Properties of collections against the model of Milvus, of versions that can remove them and of
 * those that cannot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "helper_applying.h"

static void assert_property(struct apply_fixture *f, const char *collection, const char *key,
                            const char *value)
{
    char got[128];
    milvus_model_property(f->model, "default", collection, key, got);
    assert_string_equal(got, value);
}

static void test_alter_collection__properties(void **state)
{
    static const struct ddl_kv properties[] = {{"collection.ttl.seconds", "60"},
                                               {"replicate.id", "x"}};
    struct apply_fixture f;
    struct ddl create = apply_create("a", 7), alter = apply_ddl(DDL_ALTER_COLLECTION, "a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    apply_expect(&f, &create, DDL_APPLIED);
    alter.schema = &apply_schema;
    alter.properties = properties;
    alter.property_count = 2;
    apply_expect(&f, &alter, DDL_APPLIED);
    apply_expect(&f, &alter, DDL_APPLIED);
    assert_property(&f, "a", "collection.ttl.seconds", "60");
    assert_property(&f, "a", "replicate.id", "");
    assert_property(&f, "a", STAMP_PROPERTY, "c/7");
    alter.properties = properties + 1;
    alter.property_count = 1;
    apply_expect(&f, &alter, DDL_APPLIED);
    assert_int_equal(milvus_model_calls(f.model, "AlterCollection"), 2);
    apply_end(&f);
}

static void test_alter_collection__does_not_make_it_ours(void **state)
{
    static const struct ddl_kv properties[] = {{"collection.ttl.seconds", "60"}};
    struct apply_fixture f;
    struct ddl alter = apply_ddl(DDL_ALTER_COLLECTION, "a", 7);
    apply_begin(&f, APPLY_LEASE_MS, "");
    assert_int_equal(
        milvus_create_collection(f.client, "default", "a", &apply_schema, NULL, 0, APPLY_LEASE_MS)
            .outcome,
        MILVUS_OK);
    alter.properties = properties;
    alter.property_count = 1;
    apply_expect(&f, &alter, DDL_APPLIED);
    assert_property(&f, "a", STAMP_PROPERTY, "");
    apply_end(&f);
}

/* ---- removal ---- */

static const struct ddl_kv had[] = {{"collection.ttl.seconds", "60"}, {"mmap.enabled", "true"}};

/* a with both properties, of which the stream says that the second is left. */
static struct ddl begin_with_properties(struct apply_fixture *f,
                                        struct catalogue_collection *ret_before)
{
    static struct ddl_schema schema;
    struct ddl create = apply_create("a", 7), alter = apply_ddl(DDL_ALTER_COLLECTION, "a", 7);
    schema = apply_schema;
    schema.properties = had;
    schema.property_count = 2;
    create.schema = &schema;
    apply_begin(f, APPLY_LEASE_MS, "");
    apply_expect(f, &create, DDL_APPLIED);
    assert_property(f, "a", "collection.ttl.seconds", "60");
    *ret_before =
        (struct catalogue_collection){.id = 7, .db = "default", .name = "a", .schema = &schema};
    f->applied_to = ret_before;
    alter.schema = &apply_schema;
    alter.properties = had + 1;
    alter.property_count = 1;
    return alter;
}

static void assert_removed(struct apply_fixture *f, const struct ddl *alter)
{
    apply_expect(f, alter, DDL_APPLIED);
    assert_string_equal(f->reason, "");
    assert_property(f, "a", "collection.ttl.seconds", "");
    assert_property(f, "a", "mmap.enabled", "true");
    assert_property(f, "a", STAMP_PROPERTY, "c/7");
}

static void test_alter_collection__removes(void **state)
{
    struct apply_fixture f;
    struct catalogue_collection before;
    struct ddl alter = begin_with_properties(&f, &before);
    milvus_model_removes_properties(f.model);
    assert_removed(&f, &alter);
    assert_int_equal(milvus_model_calls(f.model, "AlterCollection"), 2);
    assert_removed(&f, &alter); /* repeated after a crash: nothing is left to remove */
    assert_int_equal(milvus_model_calls(f.model, "AlterCollection"), 3);
    apply_end(&f);
}

static void test_alter_collection__removes_the_last(void **state)
{
    struct apply_fixture f;
    struct catalogue_collection before;
    struct ddl alter = begin_with_properties(&f, &before);
    milvus_model_removes_properties(f.model);
    alter.property_count = 0;
    apply_expect(&f, &alter, DDL_APPLIED);
    assert_property(&f, "a", "collection.ttl.seconds", "");
    assert_property(&f, "a", "mmap.enabled", "");
    apply_end(&f);
}

/* As Milvus 2.3.5 answers; nothing is quarantined for it. */
static void test_alter_collection__cannot_remove(void **state)
{
    struct apply_fixture f;
    struct catalogue_collection before;
    struct ddl alter = begin_with_properties(&f, &before);
    apply_expect(&f, &alter, DDL_APPLIED);
    assert_non_null(strstr(f.reason, "default.a of the target keeps property "
                                     "collection.ttl.seconds, which the source has removed"));
    assert_non_null(strstr(f.reason, "properties is empty"));
    apply_end(&f);
}

static void test_alter_collection__removal_put_off(void **state)
{
    struct apply_fixture f;
    struct catalogue_collection before;
    struct ddl alter = begin_with_properties(&f, &before);
    milvus_model_removes_properties(f.model);
    alter.property_count = 0;
    milvus_model_trouble(f.model, "AlterCollection", TROUBLE_STATUS, 8, "rate limit exceeded");
    apply_expect(&f, &alter, DDL_AGAIN);
    apply_expect(&f, &alter, DDL_APPLIED);
    assert_string_equal(f.reason, "");
    assert_property(&f, "a", "mmap.enabled", "");
    apply_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alter_collection__properties),
        cmocka_unit_test(test_alter_collection__does_not_make_it_ours),
        cmocka_unit_test(test_alter_collection__removes),
        cmocka_unit_test(test_alter_collection__removes_the_last),
        cmocka_unit_test(test_alter_collection__cannot_remove),
        cmocka_unit_test(test_alter_collection__removal_put_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
