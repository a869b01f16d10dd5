/* Answers recorded from a Milvus 2.3.5: a collection F1_rec with an alias, a partition key, two
 * indexes, asked for by the alias. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../milvus_answers.h"
#include "../milvus_schema.h"
#include "helper_columns.h"

struct fixture {
    json_t *answers;
    struct ks_arena arena;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.answers = json_load_file("golden/answers-2.3.5.json", 0, NULL)};
    assert_non_null(fixture.answers);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    json_decref(f->answers);
    ks_arena_release(&f->arena);
    return 0;
}

static struct ks_slice recorded(struct fixture *f, const char *name)
{
    size_t len;
    const uint8_t *bytes =
        columns_base64(json_string_value(json_object_get(f->answers, name)), &len, &f->arena);
    return (struct ks_slice){bytes, len};
}

static void assert_ok(struct milvus_answer a)
{
    if (a.outcome != MILVUS_OK)
        fail_msg("%s", a.message);
}

static void test_milvus_read_collection__schema(void **state)
{
    struct fixture *f = *state;
    struct milvus_collection c;
    assert_ok(milvus_read_collection(recorded(f, "collection"), &f->arena, &c));
    assert_ok(milvus_read_partitions(recorded(f, "partitions"), &f->arena, &c.schema));
    const struct ddl_schema *s = &c.schema;
    assert_string_equal(s->name, "F1_rec");
    assert_string_equal(s->description, "recorded");
    assert_string_equal(c.aliases[0], "F1_rec_alias");
    assert_true(s->auto_id);
    assert_true(s->enable_dynamic_field);
    assert_int_equal(s->shards, 2);
    assert_int_equal(s->num_partitions, 3);
    assert_int_equal(s->consistency_level, 1);
    assert_int_equal(s->partition_count, 3);
    assert_string_equal(s->partitions[0].name, "_default_0");
    assert_true(s->partitions[0].id > 0);
    assert_int_equal(s->property_count, 1);
    assert_string_equal(s->properties[0].value, "1800");
    assert_int_equal(s->field_count, 5);
    assert_int_equal(s->fields[0].id, 100);
    assert_true(s->fields[0].is_primary_key);
    assert_true(s->fields[0].auto_id);
    assert_true(s->fields[1].is_partition_key);
    assert_string_equal(s->fields[1].description, "who");
    assert_int_equal(s->fields[2].type, MILVUS_ARRAY);
    assert_int_equal(s->fields[2].element_type, MILVUS_INT16);
    assert_string_equal(s->fields[3].type_params[0].value, "8");
    assert_true(s->fields[4].is_dynamic);
}

/* What was described makes the same collection again, but for what the target gives itself. */
static void test_milvus_schema_message__of_a_described_collection(void **state)
{
    struct fixture *f = *state;
    struct milvus_collection c;
    const char *bad = NULL;
    assert_ok(milvus_read_collection(recorded(f, "collection"), &f->arena, &c));
    MilvusMeta__CollectionSchema *s = milvus_schema_message("copy", &c.schema, &f->arena, &bad);
    assert_non_null(s);
    assert_int_equal(s->n_fields, 4);
    for (size_t i = 0; i < s->n_fields; i++) {
        assert_string_equal(s->fields[i]->name, c.schema.fields[i].name);
        assert_int_equal(s->fields[i]->data_type, c.schema.fields[i].type);
        assert_int_equal(s->fields[i]->element_type, c.schema.fields[i].element_type);
        assert_int_equal(s->fields[i]->n_type_params, c.schema.fields[i].type_param_count);
        assert_int_equal(s->fields[i]->fieldid, 0);
        assert_false(s->fields[i]->autoid);
    }
}

static void test_milvus_read_indexes__params(void **state)
{
    struct fixture *f = *state;
    struct milvus_index *indexes;
    size_t count;
    assert_ok(milvus_read_indexes(recorded(f, "indexes"), &f->arena, &indexes, &count));
    assert_int_equal(count, 2);
    const struct milvus_index *i = &indexes[strcmp(indexes[0].name, "vi") == 0 ? 0 : 1];
    assert_string_equal(i->field, "v");
    assert_string_equal(ddl_kv_get(i->params, i->param_count, "index_type"), "IVF_FLAT");
    assert_string_equal(ddl_kv_get(i->params, i->param_count, "params"), "{\"nlist\":16}");
}

static void test_milvus_read__single_values(void **state)
{
    struct fixture *f = *state;
    char version[64];
    const char *collection;
    int64_t count = -1;
    enum milvus_load_state load;
    assert_ok(milvus_read_connect(recorded(f, "connect"), version, sizeof(version)));
    assert_string_equal(version, "v2.3.5-lite");
    assert_ok(milvus_read_version(recorded(f, "version"), version, 5));
    assert_string_equal(version, "v2.3");
    assert_ok(milvus_read_alias(recorded(f, "alias"), &f->arena, &collection));
    assert_string_equal(collection, "F1_rec");
    assert_ok(milvus_read_count(recorded(f, "count"), &count));
    assert_int_equal(count, 0);
    assert_ok(milvus_read_load_state(recorded(f, "load-state"), &load));
    assert_int_equal(load, MILVUS_LOADED);
}

static void test_milvus_read_databases__names(void **state)
{
    struct fixture *f = *state;
    const char *const *names;
    size_t count;
    assert_ok(milvus_read_databases(recorded(f, "databases"), &f->arena, &names, &count));
    assert_true(count >= 1);
    assert_string_equal(names[0], "default");
}

/* Every cut of every answer: never read past its end, never a half-filled result. */
static void test_milvus_read__truncated_answers(void **state)
{
    struct fixture *f = *state;
    const char *key;
    json_t *value;
    size_t refused = 0;
    json_object_foreach(f->answers, key, value)
    {
        struct ks_slice whole = recorded(f, key);
        for (size_t len = 0; len < whole.len; len++) {
            uint8_t *cut = malloc(len ? len : 1); /* exactly as long, for the sanitizer */
            memcpy(cut, whole.data, len);
            struct milvus_collection c;
            struct milvus_answer a =
                milvus_read_collection((struct ks_slice){cut, len}, &f->arena, &c);
            refused += a.outcome == MILVUS_AMBIGUOUS;
            assert_true(a.outcome == MILVUS_OK || a.outcome == MILVUS_AMBIGUOUS);
            free(cut);
        }
    }
    assert_true(refused > 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_milvus_read_collection__schema),
        TEST(test_milvus_schema_message__of_a_described_collection),
        TEST(test_milvus_read_indexes__params),
        TEST(test_milvus_read__single_values),
        TEST(test_milvus_read_databases__names),
        TEST(test_milvus_read__truncated_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
