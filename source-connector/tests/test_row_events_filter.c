/* Row filters and histories: what the stream amounts to is what the filter leaves of the source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper_golden.h"
#include "helper_rows.h"

static struct change_options options_with(const char *filter, struct row_filters **ret_filters)
{
    struct ks_config_entry entry = {"row.filter", filter};
    struct ks_error err;
    if (row_filters_new(&(struct ks_config){&entry, 1}, ret_filters, &err))
        fail_msg("%s", err.message);
    return (struct change_options){.prefix = "t",
                                   .version = "9.8",
                                   .tombstones = true,
                                   .cluster = "cl",
                                   .filters = *ret_filters};
}

/* One group through a filter; `deletes` and `keys` may be NULL. */
static void check_group(const char *filter, const char *deletes, const char *keys,
                        const char *values, const char *want, size_t left_out)
{
    struct row_filters *filters;
    struct change_options options = options_with(filter, &filters);
    struct made_rows t;
    made_rows_init(&t, &options);
    if (deletes)
        made_rows_add(&t, MQ_DELETE, 7, deletes, NULL);
    if (keys)
        made_rows_add(&t, MQ_INSERT, 7, keys, values);
    if (made_rows_run(&t))
        fail_msg("%s", t.err.message);
    made_rows_check(&t, want);
    assert_int_equal(t.batch.rows_left_out, left_out);
    made_rows_release(&t);
    row_filters_free(filters);
}

static void test_row_events_add__inserts_that_do_not_match_are_left_out(void **state)
{
    check_group("v > 4", NULL, "1234", "4596", " c2@10.1 c3@10.2 c4@10.3", 1);
    check_group("v > 9", NULL, "12", "89", "", 2);
}

static void test_row_events_add__deletes_pass(void **state)
{
    check_group("v > 4 and id == 1", "12", NULL, NULL, " d1@10.0 -1 d2@10.1 -2", 0);
}

static void test_row_events_add__an_upsert_that_does_not_match_is_a_delete(void **state)
{
    check_group("v > 4", "12", "12", "53", " d2@10.1 -2 u1@11.0", 1);
}

static void test_row_events_add__the_first_row_of_a_key_that_matches_is_the_upsert(void **state)
{
    check_group("v > 4", "1", "111", "456", " u1@11.1 c1@11.2", 1);
    check_group("v > 4", "1", "111", "645", " u1@11.0 c1@11.2", 1);
    check_group("v > 4", "1", "11", "12", " d1@10.0 -1", 2);
}

/* ---- model ---- */

enum { KEYS = 10, GROUPS = 12, HISTORIES = 100 };

/* Rows of each key, in no order: how many of each value. */
struct table {
    int rows[KEYS][10];
};

static uint64_t seed;

static unsigned pick(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % below;
}

static void remove_key(struct table *table, int key)
{
    memset(table->rows[key], 0, sizeof table->rows[key]);
}

/* `len` digits below `below`. */
static void pick_digits(char *out, size_t len, unsigned below)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (char)('0' + pick(below));
    out[len] = '\0';
}

/* What Milvus makes of a group: deletes take what was there before, then the rows are added. */
static void make_group(struct made_rows *t, struct table *source)
{
    char keys[8], values[8], inserted[2][2][8];
    size_t inserts = pick(3), deletes = pick(3);
    for (size_t i = 0; i < inserts; i++) {
        size_t len = 1 + pick(5);
        pick_digits(inserted[i][0], len, KEYS);
        pick_digits(inserted[i][1], len, 10);
    }
    for (size_t i = 0; i < deletes; i++) {
        bool half = inserts > 0 && pick(3) > 0; /* of an upsert */
        if (half)
            strcpy(keys, inserted[pick((unsigned)inserts)][0]);
        else
            pick_digits(keys, 1 + pick(4), KEYS);
        made_rows_add(t, MQ_DELETE, pick(2) ? 7 : -1, keys, NULL);
        for (const char *k = keys; *k; k++)
            remove_key(source, *k - '0');
    }
    for (size_t i = 0; i < inserts; i++) {
        strcpy(keys, inserted[i][0]);
        strcpy(values, inserted[i][1]);
        made_rows_add(t, MQ_INSERT, 7, keys, values);
        for (size_t k = 0; keys[k]; k++)
            source->rows[keys[k] - '0'][values[k] - '0']++;
    }
}

/* What somebody makes of the records who knows docs/stream.md and nothing else. */
static void read_group(const struct made_rows *t, bool flat, struct table *reader, int *ops)
{
    for (size_t i = 0; i < t->batch.batch.record_count; i++) {
        const struct ks_record *record = &t->batch.batch.records[i];
        json_t *key = test_host_key(record), *value = test_host_value(record);
        char header[8] = "";
        const char *op = flat    ? test_host_header(record, "__op", header, sizeof header)
                         : value ? golden_str(value, "op")
                                 : NULL;
        const json_t *row = flat ? value : json_object_get(value, "after");
        int id = (int)golden_int(key, "id");
        if (op && *op != 'c')
            remove_key(reader, id);
        if (op && *op != 'd')
            reader->rows[id][golden_int(row, "v")]++;
        if (op)
            ops[*op - 'c']++;
        json_decref(key);
        json_decref(value);
    }
}

static void run_history(const char *filter, bool (*matches)(int key, int value), bool flat,
                        int *ops)
{
    struct row_filters *filters;
    struct change_options options = options_with(filter, &filters);
    struct table source = {0}, reader = {0};
    struct made_rows t;
    options.flat = flat;
    made_rows_init(&t, &options);
    for (int i = 0; i < GROUPS; i++) {
        make_group(&t, &source);
        if (made_rows_run(&t))
            fail_msg("%s", t.err.message);
        read_group(&t, flat, &reader, ops);
        made_rows_clear(&t);
        for (int key = 0; key < KEYS; key++)
            for (int value = 0; value < 10; value++)
                if (reader.rows[key][value] != (matches(key, value) ? source.rows[key][value] : 0))
                    fail_msg("%s, group %d: key %d, value %d: %d", filter, i, key, value,
                             reader.rows[key][value]);
    }
    made_rows_release(&t);
    row_filters_free(filters);
}

static bool large(int key, int value)
{
    return value >= 5;
}

static bool some(int key, int value)
{
    return (key > 2 && value != 7) || value == 1;
}

static bool none(int key, int value)
{
    return false;
}

static bool all(int key, int value)
{
    return true;
}

static void test_row_events_add__the_stream_is_what_matches(void **state)
{
    int ops[32] = {0}; /* of c, d, …, u */
    seed = 88172645463325252u;
    for (int i = 0; i < HISTORIES; i++) {
        run_history("v >= 5", large, i & 1, ops);
        run_history("id > 2 and v != 7 or v in [1]", some, i & 1, ops);
        run_history("v > 9", none, i & 1, ops);
        run_history("", all, i & 1, ops);
    }
    assert_true(ops['c' - 'c'] > 1000 && ops['d' - 'c'] > 1000 && ops['u' - 'c'] > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_events_add__inserts_that_do_not_match_are_left_out),
        cmocka_unit_test(test_row_events_add__deletes_pass),
        cmocka_unit_test(test_row_events_add__an_upsert_that_does_not_match_is_a_delete),
        cmocka_unit_test(test_row_events_add__the_first_row_of_a_key_that_matches_is_the_upsert),
        cmocka_unit_test(test_row_events_add__the_stream_is_what_matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
