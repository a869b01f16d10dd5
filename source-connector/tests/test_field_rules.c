#include "field_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void rules_of(const char *exclude, const char *mask, const char *vectors,
                     struct field_rules *ret)
{
    struct ks_config_entry entries[] = {{"field.exclude.list", exclude},
                                        {"field.mask.hash.list", mask},
                                        {"field.mask.hash.salt", "pepper"},
                                        {"vector.encoding", vectors}};
    struct ks_error err;
    if (field_rules_new(&(struct ks_config){entries, 4}, ret, &err))
        fail_msg("%s", err.message);
}

static bool leaves_out(const struct field_rules *rules, const char *field, enum milvus_type type)
{
    struct ks_slice name = {field, strlen(field)};
    return field_rules_leave_out(rules, "db.c", name, type);
}

static void test_field_rules__without_options(void **state)
{
    struct field_rules rules;
    struct ks_error err;
    assert_int_equal(field_rules_new(&(struct ks_config){0}, &rules, &err), KS_OK);
    assert_false(field_rules_select(&rules));
    assert_int_equal(rules.vectors, VECTORS_ARRAY);
    assert_false(leaves_out(&rules, "a", MILVUS_INT64));
    assert_false(field_rules_mask(&rules, "db.c", "a"));
    field_rules_release(&rules);
}

static void test_field_rules__lists(void **state)
{
    struct field_rules rules;
    rules_of("db\\.c\\.(a|\\$meta),other\\.c\\.b", ".*\\.b", "bytes", &rules);
    assert_true(field_rules_select(&rules));
    assert_true(leaves_out(&rules, "a", MILVUS_INT64));
    assert_true(leaves_out(&rules, "$meta", MILVUS_JSON));
    assert_false(leaves_out(&rules, "b", MILVUS_INT64));
    assert_false(leaves_out(&rules, "v", MILVUS_FLOAT_VECTOR));
    assert_true(field_rules_mask(&rules, "db.c", "b"));
    assert_false(field_rules_mask(&rules, "db.c", "a"));
    assert_int_equal(rules.vectors, VECTORS_BYTES);
    field_rules_release(&rules);
}

static void test_field_rules__omit_is_about_vectors(void **state)
{
    struct field_rules rules;
    rules_of("", "", "omit", &rules);
    assert_true(field_rules_select(&rules));
    assert_true(leaves_out(&rules, "v", MILVUS_SPARSE_FLOAT_VECTOR));
    assert_false(leaves_out(&rules, "v", MILVUS_VARCHAR));
    field_rules_release(&rules);
}

static void test_field_rules_new__refuses(void **state)
{
    static struct {
        struct ks_config_entry entries[2];
        const char *message;
    } cases[] = {
        {{{"field.exclude.list", "db.c.(x"}, {"x", ""}}, "field.exclude.list: 'db.c.(x'"},
        {{{"field.mask.hash.list", "["}, {"field.mask.hash.salt", "s"}},
         "field.mask.hash.list: '['"},
        {{{"field.mask.hash.list", "a"}, {"field.mask.hash.salt", ""}},
         "field.mask.hash.salt must be given"},
        {{{"field.mask.hash.list", "a"}, {"x", ""}}, "field.mask.hash.salt must be given"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct field_rules rules;
        struct ks_error err;
        struct ks_config config = {cases[i].entries, 2};
        assert_int_equal(field_rules_new(&config, &rules, &err), KS_ERR_FATAL);
        assert_ptr_equal(strstr(err.message, cases[i].message), err.message);
    }
}

static void add_issue(void *ctx, const char *option, const char *message)
{
    char *text = ctx;
    snprintf(text + strlen(text), 1000 - strlen(text), "%s | %s\n", option, message);
}

static void test_field_rules_validate__names_the_options(void **state)
{
    char text[1000] = "";
    struct ks_config_issues issues = {text, add_issue};
    struct ks_config_entry entries[] = {{"field.exclude.list", "x,db\\.c\\.a"},
                                        {"field.mask.hash.list", "db\\.c\\.a"}};
    field_rules_validate(&(struct ks_config){entries, 2}, &issues);
    assert_string_equal(text,
                        "field.mask.hash.salt | field.mask.hash.salt must be given with "
                        "field.mask.hash.list: without a salt anybody could hash likely values and "
                        "compare\n"
                        "field.mask.hash.list | field.mask.hash.list: 'db\\.c\\.a' stands in "
                        "field.exclude.list, too: a field is either left out or masked\n");
}

/* ---- schemas ---- */

static const struct ddl_kv length20[] = {{"x", "y"}, {"max_length", "20"}},
                           length200[] = {{"max_length", "200"}};
static const char *const body[] = {"body"}, *const words[] = {"words"};
static const struct ddl_function functions[] = {
    {.name = "bm25", .inputs = body, .input_count = 1, .outputs = words, .output_count = 1}};
static const struct ddl_field fields[] = {
    {.id = 100, .name = "id", .type = MILVUS_VARCHAR, .is_primary_key = true},
    {.id = 101, .name = "tenant", .type = MILVUS_VARCHAR, .is_partition_key = true},
    {.id = 102,
     .name = "mail",
     .type = MILVUS_VARCHAR,
     .is_clustering_key = true,
     .type_params = length20,
     .type_param_count = 2},
    {.id = 103,
     .name = "body",
     .type = MILVUS_VARCHAR,
     .type_params = length200,
     .type_param_count = 1},
    {.id = 104, .name = "words", .type = MILVUS_SPARSE_FLOAT_VECTOR, .is_function_output = true},
    {.id = 105, .name = "vector", .type = MILVUS_FLOAT_VECTOR},
    {.id = 106, .name = "number", .type = MILVUS_INT64},
    {.id = 107, .name = "$meta", .type = MILVUS_JSON, .is_dynamic = true},
};
static const struct ddl_schema schema = {.name = "c",
                                         .enable_dynamic_field = true,
                                         .fields = fields,
                                         .field_count = 8,
                                         .functions = functions,
                                         .function_count = 1};

/* The names of the fields that remain; of functions in brackets. */
static void check_schema(const char *exclude, const char *mask, const char *vectors,
                         const char *want)
{
    struct ks_arena arena = {.chunk_bytes = 1024};
    struct field_rules rules;
    const struct ddl_schema *shaped, *again;
    struct ks_error err;
    char got[200] = "";
    rules_of(exclude, mask, vectors, &rules);
    if (field_rules_schema(&rules, "db.c", &schema, &arena, &shaped, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < shaped->field_count; i++)
        strcat(strcat(got, shaped->fields[i].name), " ");
    for (size_t i = 0; i < shaped->function_count; i++)
        strcat(strcat(got, shaped->functions[i].name), "()");
    assert_string_equal(got, want);
    assert_int_equal(shaped->enable_dynamic_field, strstr(got, "$meta") != NULL);
    assert_int_equal(field_rules_schema(&rules, "db.c", shaped, &arena, &again, &err), KS_OK);
    assert_true(ddl_schema_equal(shaped, again));
    field_rules_release(&rules);
    ks_arena_release(&arena);
}

static void test_field_rules_schema__what_names_a_field_goes_with_it(void **state)
{
    check_schema("", "", "array", "id tenant mail body words vector number $meta bm25()");
    check_schema("db.c.number", "", "array", "id tenant mail body words vector $meta bm25()");
    check_schema("db.c.mail,db.c.[$]meta", "", "array",
                 "id tenant body words vector number bm25()");
    check_schema("db.c.words", "", "array", "id tenant mail body vector number $meta ");
    check_schema("db.c.(words|body)", "", "array", "id tenant mail vector number $meta ");
    check_schema("", "", "omit", "id tenant mail body number $meta ");
    check_schema("other.c.mail", "", "bytes",
                 "id tenant mail body words vector number $meta bm25()");
}

static void test_field_rules_schema__masked_values_fit(void **state)
{
    struct ks_arena arena = {.chunk_bytes = 1024};
    struct field_rules rules;
    const struct ddl_schema *shaped;
    struct ks_error err;
    rules_of("", "db.c.(id|mail|body)", "array", &rules);
    assert_int_equal(field_rules_schema(&rules, "db.c", &schema, &arena, &shaped, &err), KS_OK);
    const struct ddl_field *mail = &shaped->fields[2], *text = &shaped->fields[3];
    assert_string_equal(ddl_kv_get(mail->type_params, mail->type_param_count, "max_length"), "64");
    assert_string_equal(ddl_kv_get(mail->type_params, mail->type_param_count, "x"), "y");
    assert_string_equal(ddl_kv_get(text->type_params, text->type_param_count, "max_length"), "200");
    assert_string_equal(length20[1].value, "20");
    field_rules_release(&rules);
    ks_arena_release(&arena);
}

static void test_field_rules_schema__refuses(void **state)
{
    static const struct {
        const char *exclude, *mask, *message;
    } cases[] = {
        {"db.c.id", "",
         "field.exclude.list: field 'id' of collection db.c cannot be left out, it is the primary "
         "key: a change without it would be nobody's"},
        {".*", "",
         "field.exclude.list: field 'id' of collection db.c cannot be left out, it is the primary "
         "key: a change without it would be nobody's"},
        {"db.c.tenant", "",
         "field.exclude.list: field 'tenant' of collection db.c cannot be left out, it is the "
         "partition key: rows could not be placed without it"},
        {"db.c.body", "",
         "field.exclude.list: field 'body' of collection db.c is needed by the function 'bm25', "
         "which makes the field 'words': leave both out, or neither"},
        {"db.c.ma.*", ".*mail",
         "field.exclude.list: field 'mail' of collection db.c cannot be left out, it is in "
         "field.mask.hash.list, too: leave it out or mask it"},
        {"", "db.c.number",
         "field.mask.hash.list: field 'number' of collection db.c cannot be masked, it is a Int64; "
         "only VarChar fields can"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ks_arena arena = {.chunk_bytes = 1024};
        struct field_rules rules;
        const struct ddl_schema *shaped;
        struct ks_error err;
        rules_of(cases[i].exclude, cases[i].mask, "array", &rules);
        assert_int_equal(field_rules_schema(&rules, "db.c", &schema, &arena, &shaped, &err),
                         KS_ERR_FATAL);
        assert_string_equal(err.message, cases[i].message);
        field_rules_release(&rules);
        ks_arena_release(&arena);
    }
}

static void test_field_rules_check__a_field_of_the_stream_stays(void **state)
{
    struct catalogue_collection coll = {.created_as = "db.c", .schema = &schema};
    struct field_rules rules;
    struct ks_error err;
    rules_of("db.new.mail", "db.c.mail", "array", &rules);
    assert_int_equal(field_rules_check(&rules, &coll, &err), KS_OK);
    field_rules_release(&rules);
    rules_of("db.c.mail", "", "array", &rules);
    assert_int_equal(field_rules_check(&rules, &coll, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "field.exclude.list: the stream has the field 'mail' of "
                                        "collection db.c already"));
    field_rules_release(&rules);
    rules_of("", "", "omit", &rules);
    assert_int_equal(field_rules_check(&rules, &coll, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "vector.encoding=omit: the stream has the field 'words'"));
    field_rules_release(&rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field_rules__without_options),
        cmocka_unit_test(test_field_rules__lists),
        cmocka_unit_test(test_field_rules__omit_is_about_vectors),
        cmocka_unit_test(test_field_rules_new__refuses),
        cmocka_unit_test(test_field_rules_validate__names_the_options),
        cmocka_unit_test(test_field_rules_schema__what_names_a_field_goes_with_it),
        cmocka_unit_test(test_field_rules_schema__masked_values_fit),
        cmocka_unit_test(test_field_rules_schema__refuses),
        cmocka_unit_test(test_field_rules_check__a_field_of_the_stream_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
