#include "../selection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../batch_pool.h"
#include "../change_encode.h"
#include "../ddl_stream.h"
#include "helper_golden.h"
#include "helper_stream.h"

static const struct ddl_kv dim[] = {{"dim", "2"}}, length[] = {{"max_length", "20"}};
static const struct ddl_field fields[] = {
    {.id = 100, .name = "id", .type = MILVUS_INT64, .is_primary_key = true, .description = ""},
    {.id = 101,
     .name = "mail",
     .type = MILVUS_VARCHAR,
     .description = "",
     .type_params = length,
     .type_param_count = 1},
    {.id = 102,
     .name = "vector",
     .type = MILVUS_FLOAT_VECTOR,
     .description = "",
     .type_params = dim,
     .type_param_count = 1},
    {.id = 103, .name = "late", .type = MILVUS_INT64, .nullable = true, .description = ""},
};
/* With `late` after an alteration. */
static const struct ddl_schema schema = {
    .name = "c", .description = "", .shards = 1, .fields = fields, .field_count = 3};
static const struct ddl_schema altered = {
    .name = "c", .description = "", .shards = 1, .fields = fields, .field_count = 4};

struct fixture {
    struct stream_host *host;
    struct source_options options;
    struct ddl_stream *stream;
    struct batch_pool *pool;
    struct ks_arena arena;
    struct ks_error err;
    json_t *last; /* value of the last record */
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct ks_config_entry *)a)->key,
                  ((const struct ks_config_entry *)b)->key);
}

/* `option` is one more option. */
static enum ks_status begin(struct fixture *f, const char *option, const char *value)
{
    struct ks_config_entry entries[] = {{"collection.exclude.list", "default\\.hidden"},
                                        {"field.mask.hash.salt", "s"},
                                        {"milvus.etcd.root.path", "root"},
                                        {"topic.prefix", "p"},
                                        {option, value}};
    qsort(entries, 5, sizeof(*entries), by_key);
    if (source_options_parse(&(struct ks_config){entries, 5}, &f->options, &f->err))
        fail_msg("%s", f->err.message);
    return ddl_stream_open(stream_host_ops(f->host), &f->options, &f->stream, &f->err);
}

static void end(struct fixture *f)
{
    ddl_stream_close(f->stream);
    f->stream = NULL;
    source_options_release(&f->options);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->host = stream_host_new();
    f->pool = batch_pool_new();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    end(f);
    batch_pool_free(f->pool);
    stream_host_free(f->host);
    ks_arena_release(&f->arena);
    json_decref(f->last);
    free(f);
    return 0;
}

static enum ks_status add(struct fixture *f, struct ddl ddl, bool *ret_wanted)
{
    struct change_batch *b = batch_pool_take(f->pool);
    enum ks_status status = ddl_stream_wants(f->stream, &ddl, &f->arena, ret_wanted, &f->err);
    if (!status && *ret_wanted)
        status = ddl_stream_add(f->stream, &ddl, &f->arena, b, &f->err);
    for (size_t i = 0; i < b->batch.record_count; i++) {
        json_t *record = stream_host_deliver(f->host, &b->batch.records[i]);
        json_decref(f->last);
        f->last = json_incref(json_object_get(record, "value"));
        json_decref(record);
    }
    batch_pool_give(b);
    return status;
}

static bool wanted(struct fixture *f, struct ddl ddl)
{
    bool is_wanted;
    if (add(f, ddl, &is_wanted))
        fail_msg("%s", f->err.message);
    return is_wanted;
}

static struct ddl of(enum ddl_kind kind, const char *name, const struct ddl_schema *with)
{
    return (struct ddl){.kind = kind,
                        .tick = 1000,
                        .db = "default",
                        .db_id = 1,
                        .collection = name,
                        .collection_id = 7,
                        .schema = with};
}

/* Names of the fields in the last record's schema. */
static void check_fields(const struct fixture *f, const char *want)
{
    const json_t *list = json_object_get(json_object_get(f->last, "schema"), "fields");
    char got[200] = "";
    for (size_t i = 0; i < json_array_size(list); i++)
        strcat(strcat(got, golden_str(json_array_get(list, i), "name")), " ");
    assert_string_equal(got, want);
}

static void test_wants__what_is_left_out_stays_out(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(begin(f, "field.exclude.list", "default.c.mail"), KS_OK);
    assert_true(wanted(f, of(DDL_CREATE_COLLECTION, "c", &schema)));
    check_fields(f, "id vector ");
    assert_false(wanted(f, of(DDL_ALTER_COLLECTION, "c", &schema))); /* the same, for the stream */
    struct ddl rename = of(DDL_RENAME_COLLECTION, "d", &schema);
    rename.old_db = "default";
    rename.old_collection = "c";
    assert_true(wanted(f, rename));
    check_fields(f, "id vector ");
    end(f);
    assert_int_equal(begin(f, "field.exclude.list", "default.c.mail"), KS_OK); /* a restart */
    assert_false(wanted(f, of(DDL_ALTER_COLLECTION, "d", &schema)));
    assert_true(wanted(f, of(DDL_ALTER_COLLECTION, "d", &altered)));
    check_fields(f, "id vector late ");
}

static void test_wants__no_index_on_a_field_that_is_left_out(void **state)
{
    struct fixture *f = *state;
    struct ddl_index on_mail = {.name = "m", .id = 1, .field = "mail", .field_id = 101};
    struct ddl_index on_vector = {.name = "v", .id = 2, .field = "vector", .field_id = 102};
    assert_int_equal(begin(f, "field.exclude.list", "default.c.mail"), KS_OK);
    assert_true(wanted(f, of(DDL_CREATE_COLLECTION, "c", &schema)));
    struct ddl create = of(DDL_CREATE_INDEX, "c", NULL);
    create.index = &on_mail;
    assert_false(wanted(f, create));
    create.kind = DDL_DROP_INDEX;
    assert_false(wanted(f, create));
    create.kind = DDL_CREATE_INDEX;
    create.index = &on_vector;
    assert_true(wanted(f, create));
}

static void test_wants__rules_that_do_not_fit_name_the_field(void **state)
{
    static const struct {
        const char *option, *value, *message;
    } cases[] = {
        {"field.exclude.list", ".*\\.id", "field.exclude.list: field 'id' of collection default.c"},
        {"field.mask.hash.list", ".*\\.vector", "field 'vector' of collection default.c"},
        {"row.filter", "nothing > 3",
         "row.filter of collection default.c: column 1: 'nothing' is "},
        {"row.filter.default.c", "vector in []", "field 'vector' is a FloatVector"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is_wanted;
        assert_int_equal(begin(f, cases[i].option, cases[i].value), KS_OK);
        assert_int_equal(add(f, of(DDL_CREATE_COLLECTION, "c", &schema), &is_wanted), KS_ERR_FATAL);
        assert_false(is_wanted);
        assert_non_null(strstr(f->err.message, cases[i].message));
        assert_false(wanted(f, of(DDL_CREATE_COLLECTION, "hidden", &schema)));
        end(f);
    }
}

static void test_open__rules_must_fit_what_the_stream_has(void **state)
{
    static const struct {
        const char *option, *value, *message;
    } cases[] = {
        {"field.exclude.list", "default.c.mail", "the stream has the field 'mail'"},
        {"vector.encoding", "omit", "vector.encoding=omit: the stream has the field 'vector'"},
        {"field.mask.hash.list", "default.c.id", "field 'id' of collection default.c"},
        {"row.filter", "nothing > 3", "row.filter of collection default.c"},
    };
    struct fixture *f = *state;
    assert_int_equal(begin(f, "x", ""), KS_OK);
    assert_true(wanted(f, of(DDL_CREATE_COLLECTION, "c", &schema)));
    end(f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(begin(f, cases[i].option, cases[i].value), KS_ERR_FATAL);
        assert_non_null(strstr(f->err.message, cases[i].message));
        f->stream = NULL;
        end(f);
    }
    assert_int_equal(begin(f, "row.filter.default.c", "id > 3 and mail != ''"), KS_OK);
}

/* The encoder knows the rules by the name that the collection came with. */
static void test_encoder__masks_after_a_rename(void **state)
{
    struct fixture *f = *state;
    struct change_encoder *encoder;
    assert_int_equal(begin(f, "field.mask.hash.list", "default.c.mail"), KS_OK);
    assert_true(wanted(f, of(DDL_CREATE_COLLECTION, "c", &schema)));
    const json_t *mail =
        golden_find(json_object_get(json_object_get(f->last, "schema"), "fields"), "name", "mail");
    assert_string_equal(
        golden_str(json_array_get(json_object_get(mail, "type_params"), 0), "value"), "64");
    struct ddl rename = of(DDL_RENAME_COLLECTION, "d", &schema);
    rename.old_db = "default";
    rename.old_collection = "c";
    assert_true(wanted(f, rename));
    struct catalogue_collection *coll = catalogue_by_id(ddl_stream_catalogue(f->stream), 7);
    assert_string_equal(coll->name, "d");
    assert_int_equal(ddl_stream_encoder(f->stream, coll, &encoder, &f->err), KS_OK);
    struct change_batch *b = batch_pool_take(f->pool);
    struct change_place place = {.channel = "ch", .partition_id = -1};
    struct ks_cell *cells = change_encoder_cells(encoder);
    change_encoder_begin(encoder, coll, &place, b);
    cells[0] = (struct ks_cell){.kind = KS_CELL_INT, .u.i = 1};
    cells[1] = (struct ks_cell){.kind = KS_CELL_BYTES, .count = 1, .u.data = "x"};
    cells[2] = (struct ks_cell){.kind = KS_CELL_NULL};
    assert_int_equal(change_encoder_row(encoder, 'c', 0, b, &f->err), KS_OK);
    json_t *record = stream_host_deliver(f->host, &b->batch.records[0]);
    const json_t *after = json_object_get(json_object_get(record, "value"), "after");
    assert_int_equal(strlen(golden_str(after, "mail")), MASKED_LENGTH);
    json_decref(record);
    batch_pool_give(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_wants__what_is_left_out_stays_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wants__no_index_on_a_field_that_is_left_out, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_wants__rules_that_do_not_fit_name_the_field, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_open__rules_must_fit_what_the_stream_has, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_encoder__masks_after_a_rename, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
