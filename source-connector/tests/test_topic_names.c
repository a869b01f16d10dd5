#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../topic_names.h"
#include "kitestream/sdk/util.h"

static const struct ddl_field int_key[] = {
    {.name = "id", .type = MILVUS_INT64, .is_primary_key = true},
    {.name = "v", .type = MILVUS_FLOAT_VECTOR}};
static const struct ddl_field text_key[] = {
    {.name = "id", .type = MILVUS_VARCHAR, .is_primary_key = true},
    {.name = "v", .type = MILVUS_FLOAT_VECTOR}};
static const struct ddl_field more[] = {
    {.name = "id", .type = MILVUS_INT64, .is_primary_key = true},
    {.name = "w", .type = MILVUS_JSON}};
static const struct ddl_schema int_schema = {
    .name = "c", .description = "", .fields = int_key, .field_count = 2};
static const struct ddl_schema text_schema = {
    .name = "c", .description = "", .fields = text_key, .field_count = 2};
static const struct ddl_schema more_schema = {
    .name = "c", .description = "", .fields = more, .field_count = 2};

struct fixture {
    struct topic_names *names;
    const char *lost; /* the topics that are, with blanks around them; NULL: none */
    char asked[100];  /* "topic:ends" of the last question */
    enum ks_status answer;
    struct ks_arena arena;
    struct ks_error err;
};

static enum ks_status is_lost(void *arg, const char *topic, const int64_t *ends, size_t end_count,
                              bool *ret, struct ks_error *err)
{
    struct fixture *f = arg;
    char name[100];
    int at = snprintf(f->asked, sizeof(f->asked), "%s:", topic);
    for (size_t i = 0; i < end_count; i++)
        at += snprintf(f->asked + at, sizeof(f->asked) - (size_t)at, " %d", (int)ends[i]);
    snprintf(name, sizeof(name), " %s ", topic);
    *ret = f->lost && strstr(f->lost, name);
    return f->answer ? ks_error_set(err, f->answer, "Kafka is away") : KS_OK;
}

static const char *choose_routed(struct fixture *f, const char *routed, const char *collection,
                                 int64_t id, const struct ddl_schema *schema)
{
    struct ddl ddl = {
        .db = "db", .collection = collection, .collection_id = id, .schema = schema, .tick = 99};
    if (topic_names_choose(f->names, routed, &ddl, is_lost, f, &f->arena, &f->err))
        return NULL;
    return ddl.topic;
}

static const char *choose(struct fixture *f, const char *collection, int64_t id,
                          const struct ddl_schema *schema)
{
    const char *plain = topic_names_plain(f->names, "db", collection, &f->arena);
    return choose_routed(f, plain, collection, id, schema);
}

static void note(struct fixture *f, enum ddl_kind kind, const char *collection, int64_t id,
                 const char *topic, const struct ddl_schema *schema)
{
    struct ddl ddl = {.kind = kind,
                      .db = "db",
                      .collection = collection,
                      .collection_id = id,
                      .topic = topic,
                      .schema = schema};
    topic_names_note(f->names, &ddl);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->names = topic_names_new("p");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    topic_names_free(f->names);
    ks_arena_release(&f->arena);
    free(f);
    return 0;
}

static void test_choose__replaces_what_kafka_does_not_allow(void **state)
{
    assert_string_equal(choose(*state, "a$b", 1, &int_schema), "p.db.a_b");
}

static void test_choose__two_living_collections_clash(void **state)
{
    struct fixture *f = *state;
    note(f, DDL_CREATE_COLLECTION, "a$b", 1, "p.db.a_b", &int_schema);
    assert_null(choose(f, "a_b", 2, &int_schema));
    assert_non_null(strstr(f->err.message, "collection db.a$b and collection db.a_b"));
}

static void test_choose__a_dropped_name_is_used_again(void **state)
{
    struct fixture *f = *state;
    note(f, DDL_CREATE_COLLECTION, "c", 1, "p.db.c", &int_schema);
    note(f, DDL_DROP_COLLECTION, "c", 1, "p.db.c", NULL);
    assert_string_equal(choose(f, "c", 2, &int_schema), "p.db.c");
    assert_string_equal(choose(f, "c", 2, &more_schema), "p.db.c");
}

static void test_choose__another_key_gets_another_topic(void **state)
{
    struct fixture *f = *state;
    note(f, DDL_CREATE_COLLECTION, "c", 1, "p.db.c", &int_schema);
    note(f, DDL_DROP_COLLECTION, "c", 1, "p.db.c", NULL);
    assert_string_equal(choose(f, "c", 77, &text_schema), "p.db.c.77");
}

static void test_choose__a_rename_frees_the_old_topic(void **state)
{
    struct fixture *f = *state;
    note(f, DDL_CREATE_COLLECTION, "c", 1, "p.db.c", &int_schema);
    note(f, DDL_RENAME_COLLECTION, "d", 1, "p.db.d", &int_schema);
    assert_string_equal(choose(f, "c", 2, &int_schema), "p.db.c");
    assert_null(choose(f, "d", 2, &int_schema));
}

static void note_positions(struct fixture *f, const struct ks_topic_partition *after, size_t count)
{
    struct ddl ddl = {.kind = DDL_CREATE_INDEX,
                      .db = "db",
                      .collection = "c",
                      .collection_id = 1,
                      .after = after,
                      .after_count = count};
    topic_names_note(f->names, &ddl);
}

/* Its positions are those of all that were ever told, also of earlier collections. */
static void test_choose__a_topic_that_was_deleted(void **state)
{
    static const struct ks_topic_partition first[] = {{"p.db.c", 2, 7}, {"p.db.c", 0, 5}},
                                           second[] = {{"p.db.c", 0, 9}, {"p.db.x", 0, 1}},
                                           third[] = {{"p.db.c", 0, 8}, {"p.db.c", -1, 8}};
    struct fixture *f = *state;
    assert_string_equal(choose(f, "c", 1, &int_schema), "p.db.c");
    assert_string_equal(f->asked, ""); /* it was not used before */
    note(f, DDL_CREATE_COLLECTION, "c", 1, "p.db.c", &int_schema);
    note_positions(f, first, 2);
    note(f, DDL_DROP_COLLECTION, "c", 1, "p.db.c", NULL);
    assert_string_equal(choose(f, "c", 2, &int_schema), "p.db.c");
    assert_string_equal(f->asked, "p.db.c: 5 0 7");
    note(f, DDL_CREATE_COLLECTION, "c", 2, "p.db.c", &int_schema);
    note_positions(f, second, 2);
    note_positions(f, third, 2);
    note(f, DDL_DROP_COLLECTION, "c", 2, "p.db.c", NULL);
    f->lost = " p.db.c ";
    assert_string_equal(choose(f, "c", 3, &int_schema), "p.db.c.3");
    assert_string_equal(f->asked, "p.db.c: 9 0 7");
    f->answer = KS_ERR_RETRIABLE;
    assert_null(choose(f, "c", 3, &int_schema));
    assert_non_null(strstr(f->err.message, "away"));
}

/* The collection had the name before, and its topics were deleted. */
static void test_choose__renamed_to_and_fro(void **state)
{
    struct fixture *f = *state;
    note(f, DDL_CREATE_COLLECTION, "c", 1, "p.db.c", &int_schema);
    note(f, DDL_RENAME_COLLECTION, "d", 1, "p.db.d", &int_schema);
    assert_string_equal(choose(f, "c", 1, &int_schema), "p.db.c");
    f->lost = " p.db.c  p.db.c.1 ";
    assert_string_equal(choose(f, "c", 1, &int_schema), "p.db.c.1");
    note(f, DDL_RENAME_COLLECTION, "c", 1, "p.db.c.1", &int_schema);
    note(f, DDL_RENAME_COLLECTION, "d", 1, "p.db.d", &int_schema);
    assert_string_equal(choose(f, "c", 1, &int_schema), "p.db.c.1.99");
}

static void test_choose__too_long_a_name(void **state)
{
    struct fixture *f = *state;
    char name[300];
    memset(name, 'x', sizeof(name));
    name[299] = 0;
    assert_null(choose(f, name, 1, &int_schema));
    assert_non_null(strstr(f->err.message, "249"));
}

static void test_choose__what_transforms_say(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(choose_routed(f, "all", "c", 1, &int_schema), "all");
    note(f, DDL_CREATE_COLLECTION, "c", 1, "all", &int_schema);
    assert_null(choose_routed(f, "all", "d", 2, &int_schema));
    assert_non_null(strstr(f->err.message, "collection db.c and collection db.d would share"));
    assert_string_equal(choose_routed(f, "all", "renamed", 1, &int_schema), "all");
    note(f, DDL_DROP_COLLECTION, "c", 1, "all", NULL);
    assert_string_equal(choose_routed(f, "all", "d", 2, &int_schema), "all");
    assert_string_equal(choose_routed(f, "all", "d", 3, &text_schema), "all.3");
}

static void test_choose__not_what_is_reserved(void **state)
{
    struct fixture *f = *state;
    topic_names_reserve(f->names, "p.ddl", "the topic of metadata changes");
    assert_null(choose_routed(f, "p.ddl", "c", 1, &int_schema));
    assert_non_null(strstr(f->err.message, "the topic of metadata changes and collection db.c"));
}

static void test_choose__not_what_kafka_refuses(void **state)
{
    struct fixture *f = *state;
    assert_null(choose_routed(f, "..", "c", 1, &int_schema));
    assert_null(choose_routed(f, "a b", "c", 1, &int_schema));
    assert_non_null(strstr(f->err.message, "collection db.c: the topic name a b has other"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_choose__replaces_what_kafka_does_not_allow, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_choose__two_living_collections_clash, setup, teardown),
        cmocka_unit_test_setup_teardown(test_choose__a_dropped_name_is_used_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_choose__another_key_gets_another_topic, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_choose__a_rename_frees_the_old_topic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_choose__a_topic_that_was_deleted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_choose__renamed_to_and_fro, setup, teardown),
        cmocka_unit_test_setup_teardown(test_choose__too_long_a_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_choose__what_transforms_say, setup, teardown),
        cmocka_unit_test_setup_teardown(test_choose__not_what_is_reserved, setup, teardown),
        cmocka_unit_test_setup_teardown(test_choose__not_what_kafka_refuses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
