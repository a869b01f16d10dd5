#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../source_offsets.h"
#include "helper_stream.h"

struct fixture {
    struct stream_host *host;
    struct ks_arena arena;
    struct ks_error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->host = stream_host_new();
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    stream_host_free(f->host);
    ks_arena_release(&f->arena);
    free(f);
    return 0;
}

static void test_channel_offset__comes_back(void **state)
{
    struct fixture *f = *state;
    struct channel_offset in = {12345678901, 470618365461004293u}, out;
    bool found;
    stream_host_set_offset(f->host, source_partition_json(&f->arena, "c\"1", "dml_0"),
                           channel_offset_json(&f->arena, &in));
    assert_int_equal(
        channel_offset_read(stream_host_ops(f->host), "c\"1", "dml_0", &out, &found, &f->err),
        KS_OK);
    assert_true(found);
    assert_int_equal(out.offset, in.offset);
    assert_int_equal(out.tick, in.tick);
    assert_int_equal(
        channel_offset_read(stream_host_ops(f->host), "c\"1", "dml_1", &out, &found, &f->err),
        KS_OK);
    assert_false(found);
}

static void test_etcd_offset__comes_back(void **state)
{
    struct fixture *f = *state;
    struct etcd_offset in = {7, 3, 470618365461004293u, 5, UINT64_MAX, VECTORS_BYTES}, out;
    bool found;
    stream_host_set_offset(f->host, source_partition_json(&f->arena, "c", "etcd"),
                           etcd_offset_json(&f->arena, &in));
    assert_int_equal(etcd_offset_read(stream_host_ops(f->host), "c", &out, &found, &f->err), KS_OK);
    assert_true(found);
    assert_int_equal(out.revision, 7);
    assert_int_equal(out.ddl_seq, 3);
    assert_int_equal(out.tick, in.tick);
    assert_int_equal(out.list_tick, 5);
    assert_true(out.row_start == UINT64_MAX);
    assert_int_equal(out.vectors, VECTORS_BYTES);
}

/* What earlier versions wrote, and what is written without the option, are the same. */
static void test_etcd_offset__arrays_go_without_saying(void **state)
{
    struct fixture *f = *state;
    struct etcd_offset in = {7, 3, 4, 5, 6, VECTORS_ARRAY}, out = {.vectors = VECTORS_OMIT};
    bool found;
    const char *text = etcd_offset_json(&f->arena, &in);
    assert_null(strstr(text, "vectors"));
    stream_host_set_offset(f->host, source_partition_json(&f->arena, "c", "etcd"), text);
    assert_int_equal(etcd_offset_read(stream_host_ops(f->host), "c", &out, &found, &f->err), KS_OK);
    assert_int_equal(out.vectors, VECTORS_ARRAY);
}

static void test_channel_offset__takes_a_number_for_a_tick(void **state)
{
    struct fixture *f = *state;
    struct channel_offset out;
    bool found;
    stream_host_set_offset(f->host, source_partition_json(&f->arena, "c", "x"),
                           "{\"offset\":4,\"tick\":470618365461004293}");
    assert_int_equal(channel_offset_read(stream_host_ops(f->host), "c", "x", &out, &found, &f->err),
                     KS_OK);
    assert_int_equal(out.tick, 470618365461004293u);
}

static void test_channel_offset__refuses_what_is_not_ours(void **state)
{
    static const char *const bad[] = {"{}",
                                      "[]",
                                      "{\"offset\":\"x\",\"tick\":\"1\"}",
                                      "{\"offset\":1,\"tick\":\"1x\"}",
                                      "{\"offset\":1,\"tick\":\"\"}",
                                      "nonsense"};
    struct fixture *f = *state;
    struct channel_offset out;
    bool found;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        stream_host_set_offset(f->host, source_partition_json(&f->arena, "c", "x"), bad[i]);
        assert_int_equal(
            channel_offset_read(stream_host_ops(f->host), "c", "x", &out, &found, &f->err),
            KS_ERR_FATAL);
        assert_non_null(strstr(f->err.message, bad[i]));
    }
}

static void test_check__what_a_task_could_start_from(void **state)
{
    static const struct {
        const char *partition, *offset, *says; /* NULL: nothing is wrong */
    } cases[] = {
        {"{\"channel\":\"x\",\"cluster\":\"c\"}", "{\"offset\":1,\"tick\":\"2\"}", NULL},
        {"{\"channel\":\"etcd\",\"cluster\":\"c\"}",
         "{\"ddl_seq\":1,\"list_tick\":\"1\",\"revision\":1,\"row_start\":\"1\",\"tick\":1}", NULL},
        {"{\"nonsense\":1}", NULL, NULL},
        {"{\"channel\":\"x\"}", "{\"offset\":1,\"tick\":\"2\"}", "'cluster'"},
        {"{\"channel\":7,\"cluster\":\"c\"}", "{\"offset\":1,\"tick\":\"2\"}", "'channel'"},
        {"{\"channel\":\"x\",\"cluster\":\"c\"}", "{\"offset\":\"1\",\"tick\":\"2\"}",
         "'offset' and 'tick'"},
        {"{\"channel\":\"x\",\"cluster\":\"c\"}", "{\"offset\":1,\"tick\":\"2x\"}",
         "'offset' and 'tick'"},
        {"{\"channel\":\"etcd\",\"cluster\":\"c\"}", "{\"revision\":1}", "'ddl_seq'"},
    };
    struct ks_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum ks_status status =
            source_offset_check(NULL, cases[i].partition, cases[i].offset, &err);
        assert_int_equal(status, cases[i].says ? KS_ERR_DATA : KS_OK);
        if (cases[i].says)
            assert_non_null(strstr(err.message, cases[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_channel_offset__comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_etcd_offset__comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_etcd_offset__arrays_go_without_saying, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_channel_offset__takes_a_number_for_a_tick, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_channel_offset__refuses_what_is_not_ours, setup,
                                        teardown),
        cmocka_unit_test(test_check__what_a_task_could_start_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
