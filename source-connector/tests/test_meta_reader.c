/* The metadata of a recorded Milvus, played back into a real etcd, and read from there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "helper_etcd_play.h"
#include "meta_reader.h"

#define DEADLINE_MS 30000

static struct etcd_recording recording;

static int load(void **state)
{
    recording = etcd_recording_load(GOLDEN_ETCD);
    return recording.count > 300 ? 0 : -1;
}

static int unload(void **state)
{
    etcd_recording_free(&recording);
    return 0;
}

static void play(struct test_etcd *etcd, size_t from, size_t to)
{
    etcd_recording_play(&recording, etcd, from, to);
}

static size_t after(int64_t revision)
{
    return etcd_recording_after(&recording, revision);
}

/* ---- reading ---- */

static struct meta_reader *open_with(const char *endpoint, const char *root, const char *user,
                                     const char *password)
{
    struct ks_config_entry entries[] = {
        {"milvus.etcd.endpoints", endpoint}, {"milvus.etcd.meta.sub.path", "meta"},
        {"milvus.etcd.password", password},  {"milvus.etcd.root.path", root},
        {"milvus.etcd.username", user},
    };
    struct ks_config config = {entries, sizeof entries / sizeof *entries};
    struct meta_reader *r = NULL;
    struct ks_error err;
    if (meta_reader_open(&config, &r, &err) != KS_OK)
        fail_msg("%s", err.message);
    return r;
}

static struct meta_reader *open_reader(struct test_etcd *etcd)
{
    return open_with(test_etcd_endpoint(etcd), "goldd", "", "");
}

static int64_t list_at(struct meta_reader *r, int64_t revision, bool *ret_compacted)
{
    int64_t at = 0;
    struct ks_error err;
    if (meta_reader_list(r, revision, &at, ret_compacted, &err) != KS_OK)
        fail_msg("%s", err.message);
    return at;
}

static void diff_into(struct meta_reader *r, struct catalogue *c, bool snapshot, int64_t *seq)
{
    struct pending_ddl *list = NULL;
    struct ks_error err;
    assert_int_equal(meta_model_diff(meta_reader_model(r), c, snapshot, &list, &err), KS_OK);
    catalogue_fold(c, list, seq);
}

/* Polls until everything that etcd knows now has been delivered. */
static void catch_up(struct meta_reader *r, struct pending_ddl **list)
{
    struct ks_error err = {0};
    int64_t wanted = 0, deadline = clock_mono_ms() + DEADLINE_MS;
    while (meta_reader_barrier(r, &wanted, &err) == KS_ERR_RETRIABLE && clock_mono_ms() < deadline)
        ;
    while (meta_reader_delivered(r) < wanted && clock_mono_ms() < deadline) {
        enum ks_status status = meta_reader_poll(r, 100, list, &err);
        if (status != KS_OK && status != KS_ERR_RETRIABLE)
            fail_msg("%s", err.message);
    }
    assert_true(wanted > 0);
    assert_true(meta_reader_delivered(r) >= wanted);
}

static void check_catalogue(const struct catalogue *c, size_t events)
{
    struct meta_model *m = meta_model_new("goldd/meta/");
    struct catalogue *wanted = catalogue_new();
    struct pending_ddl *list = NULL;
    struct ks_error err;
    int64_t seq = 0;
    etcd_recording_list(&recording, 0, m);
    assert_int_equal(meta_model_events(m, recording.events, events, &list, &err), KS_OK);
    catalogue_fold(wanted, list, &seq);
    char *x = catalogue_text(c), *y = catalogue_text(wanted);
    assert_string_equal(x, y);
    free(x);
    free(y);
    catalogue_free(wanted);
    meta_model_free(m);
}

static size_t length(const struct pending_ddl *list)
{
    size_t count = 0;
    for (; list; list = list->next)
        count++;
    return count;
}

/* ---- tests ---- */

static void test_meta_reader_poll__follows_from_the_list_on(void **state)
{
    struct test_etcd *etcd = test_etcd_start(NULL, false);
    struct catalogue *c = catalogue_new();
    struct pending_ddl *list = NULL;
    int64_t seq = 0;
    bool compacted;
    size_t half = after(2862);
    play(etcd, 0, half);
    struct meta_reader *r = open_reader(etcd);
    list_at(r, 0, &compacted);
    diff_into(r, c, true, &seq);
    check_catalogue(c, half);
    play(etcd, half, recording.count);
    test_etcd_put(etcd, "somebody/else", "1"); /* moves the revision, is not delivered as a DDL */
    catch_up(r, &list);
    assert_int_equal(length(list), 9);
    catalogue_fold(c, list, &seq);
    check_catalogue(c, recording.count);
    assert_true(meta_reader_silent_ms(r) < 10000);
    meta_reader_close(r);
    catalogue_free(c);
    test_etcd_stop(etcd);
}

static void test_meta_reader_list__resumes_at_the_saved_revision(void **state)
{
    struct test_etcd *etcd = test_etcd_start(NULL, false);
    struct catalogue *c = catalogue_new();
    int64_t seq = 0;
    bool compacted;
    size_t cut = after(2707); /* a collection is half made */
    play(etcd, 0, cut);
    struct meta_reader *r = open_reader(etcd);
    int64_t saved = list_at(r, 0, &compacted);
    diff_into(r, c, true, &seq);
    meta_reader_close(r);

    play(etcd, cut, recording.count);
    struct pending_ddl *list = NULL;
    r = open_reader(etcd);
    assert_int_equal(list_at(r, saved, &compacted), saved);
    assert_false(compacted);
    catch_up(r, &list);
    assert_int_equal(list->ddl->kind, DDL_CREATE_COLLECTION);
    assert_true(list->ddl->schema->field_count == 15);
    catalogue_fold(c, list, &seq);
    check_catalogue(c, recording.count);
    meta_reader_close(r);
    catalogue_free(c);
    test_etcd_stop(etcd);
}

static void test_meta_reader_list__compares_after_a_compaction(void **state)
{
    struct test_etcd *etcd = test_etcd_start(NULL, false);
    struct catalogue *c = catalogue_new();
    int64_t seq = 0;
    bool compacted;
    size_t cut = after(2730);
    play(etcd, 0, cut);
    struct meta_reader *r = open_reader(etcd);
    int64_t saved = list_at(r, 0, &compacted);
    uint64_t tick = meta_model_max_tick(meta_reader_model(r));
    diff_into(r, c, true, &seq);
    meta_reader_close(r);

    play(etcd, cut, recording.count);
    r = open_reader(etcd);
    int64_t now = list_at(r, 0, &compacted);
    test_etcd_compact(etcd, now);
    list_at(r, saved, &compacted);
    assert_true(compacted);
    list_at(r, 0, &compacted);
    assert_false(compacted);
    struct pending_ddl *list = NULL;
    struct ks_error err;
    meta_model_said(meta_reader_model(r), tick, saved);
    assert_int_equal(meta_model_diff(meta_reader_model(r), c, false, &list, &err), KS_OK);
    size_t orders = 0;
    for (const struct pending_ddl *p = list; p; p = p->next)
        orders +=
            p->ddl->kind == DDL_CREATE_COLLECTION && strcmp(p->ddl->collection, "orders") == 0;
    assert_int_equal(orders, 2); /* both lived and died unseen */
    catalogue_fold(c, list, &seq);
    check_catalogue(c, recording.count);
    meta_reader_close(r);
    catalogue_free(c);
    test_etcd_stop(etcd);
}

static void test_meta_reader_poll__tells_that_its_start_was_compacted(void **state)
{
    struct test_etcd *etcd = test_etcd_start(NULL, false);
    struct pending_ddl *list = NULL;
    struct ks_error err;
    bool compacted;
    play(etcd, 0, after(2712));
    struct meta_reader *r = open_reader(etcd), *other = open_reader(etcd);
    list_at(r, 0, &compacted); /* its watch has not begun when the compaction comes */
    play(etcd, after(2712), after(2730));
    test_etcd_compact(etcd, list_at(other, 0, &compacted));
    int64_t deadline = clock_mono_ms() + DEADLINE_MS;
    while (!meta_reader_compacted(r) && clock_mono_ms() < deadline) {
        enum ks_status status = meta_reader_poll(r, 100, &list, &err);
        assert_true(status == KS_OK || status == KS_ERR_RETRIABLE);
    }
    assert_true(meta_reader_compacted(r));
    assert_null(list);
    list_at(r, 0, &compacted);
    assert_false(meta_reader_compacted(r));
    meta_reader_close(r);
    meta_reader_close(other);
    test_etcd_stop(etcd);
}

static void test_meta_reader_poll__survives_a_restart_of_etcd(void **state)
{
    struct test_etcd *etcd = test_etcd_start(NULL, false);
    struct pending_ddl *list = NULL;
    struct ks_error err;
    bool compacted;
    size_t cut = after(2712);
    play(etcd, 0, cut);
    struct meta_reader *r = open_reader(etcd);
    list_at(r, 0, &compacted);
    catch_up(r, &list);
    test_etcd_kill(etcd);
    int64_t deadline = clock_mono_ms() + DEADLINE_MS, revision;
    enum ks_status status = KS_OK;
    while (status == KS_OK && clock_mono_ms() < deadline)
        status = meta_reader_poll(r, 50, &list, &err);
    assert_int_equal(status, KS_ERR_RETRIABLE);
    assert_int_equal(meta_reader_barrier(r, &revision, &err), KS_ERR_RETRIABLE);
    assert_non_null(strstr(err.message, test_etcd_endpoint(etcd)));
    test_etcd_restart(etcd);
    play(etcd, cut, recording.count);
    catch_up(r, &list);
    assert_int_equal(length(list), 23);
    pending_ddl_list_free(list);
    meta_reader_close(r);
    test_etcd_stop(etcd);
}

static void test_meta_reader_list__names_the_root_paths_there_are(void **state)
{
    struct test_etcd *etcd = test_etcd_start(NULL, false);
    struct meta_reader *r = open_with(test_etcd_endpoint(etcd), "by-dev", "", "");
    struct ks_error err;
    int64_t revision;
    bool compacted;
    assert_int_equal(meta_reader_list(r, 0, &revision, &compacted, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "\"by-dev/meta/\""));
    assert_non_null(strstr(err.message, "nowhere"));
    play(etcd, 0, after(2712));
    assert_int_equal(meta_reader_list(r, 0, &revision, &compacted, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "milvus.etcd.root.path"));
    assert_non_null(strstr(err.message, "goldd/meta/"));
    assert_null(strstr(err.message, "snapshots"));
    test_etcd_put(etcd, "by-dev/meta/session/rootcoord", "{}");
    assert_int_equal(meta_reader_list(r, 0, &revision, &compacted, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "metastore.type"));
    meta_reader_close(r);
    test_etcd_stop(etcd);
}

static void count_down(void *arg, struct catalogue_collection *coll)
{
    (*(size_t *)arg)--;
}

/* Both see the same collections and fields. */
static void test_meta_reader_look__what_a_list_sees(void **state)
{
    struct test_etcd *etcd = test_etcd_start(NULL, false);
    struct meta_reader *whole = open_reader(etcd), *part;
    struct catalogue *all = catalogue_new();
    struct pending_ddl *seen = NULL;
    struct ks_error err;
    size_t count = 0;
    int64_t seq = 0;
    bool compacted;
    play(etcd, 0, after(2925));
    list_at(whole, 0, &compacted);
    diff_into(whole, all, true, &seq);
    if (meta_reader_look(
            &(struct ks_config){
                (struct ks_config_entry[]){{"milvus.etcd.endpoints", test_etcd_endpoint(etcd)},
                                           {"milvus.etcd.meta.sub.path", "meta"},
                                           {"milvus.etcd.root.path", "goldd"}},
                3},
            DEADLINE_MS, &part, &err))
        fail_msg("%s", err.message);
    struct catalogue *nothing = catalogue_new();
    assert_int_equal(meta_model_diff(meta_reader_model(part), nothing, true, &seen, &err), KS_OK);
    for (const struct pending_ddl *p = seen; p; p = p->next) {
        if (p->ddl->kind != DDL_CREATE_COLLECTION)
            continue;
        const struct catalogue_collection *coll = catalogue_by_id(all, p->ddl->collection_id);
        assert_non_null(coll);
        assert_int_equal(coll->schema->field_count, p->ddl->schema->field_count);
        for (size_t i = 0; i < coll->schema->field_count; i++) {
            assert_string_equal(coll->schema->fields[i].name, p->ddl->schema->fields[i].name);
            assert_int_equal(coll->schema->fields[i].type, p->ddl->schema->fields[i].type);
        }
        count++;
    }
    assert_true(count > 1);
    catalogue_each(all, count_down, &count);
    assert_int_equal(count, 0);
    pending_ddl_list_free(seen);
    catalogue_free(nothing);
    catalogue_free(all);
    meta_reader_close(part);
    meta_reader_close(whole);
    test_etcd_stop(etcd);
}

static void test_meta_reader_list__unreachable_etcd_is_named(void **state)
{
    struct test_etcd *etcd = test_etcd_start(NULL, false);
    struct meta_reader *r = open_reader(etcd);
    struct ks_error err;
    int64_t revision;
    bool compacted;
    test_etcd_kill(etcd);
    assert_int_equal(meta_reader_list(r, 0, &revision, &compacted, &err), KS_ERR_RETRIABLE);
    assert_non_null(strstr(err.message, test_etcd_endpoint(etcd)));
    meta_reader_close(r);
    test_etcd_stop(etcd);
}

/* A user who may read the metadata only: this etcd (3.4.23 in Debian 12) is too old for that, and a
 * newer one serves. */
static void test_meta_reader__with_permission_for_the_prefix_only(void **state)
{
    struct test_etcd *etcd = test_etcd_start(NULL, false);
    struct pending_ddl *list = NULL;
    struct ks_error err;
    int64_t revision;
    bool compacted;
    size_t cut = after(2712);
    play(etcd, 0, cut);
    test_etcd_enable_auth(etcd, "goldd/meta/", "goldd/meta0");

    struct meta_reader *r = open_with(test_etcd_endpoint(etcd), "goldd", "reader", "wrong");
    assert_int_equal(meta_reader_list(r, 0, &revision, &compacted, &err), KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "password"));
    assert_null(strstr(err.message, "wrong"));
    meta_reader_close(r);

    r = open_with(test_etcd_endpoint(etcd), "goldd", "reader", "open sesame");
    list_at(r, 0, &compacted);
    enum ks_status status = meta_reader_barrier(r, &revision, &err);
    if (status == KS_OK) {
        play(etcd, cut, recording.count);
        catch_up(r, &list);
        assert_int_equal(length(list), 23);
        pending_ddl_list_free(list);
    } else {
        assert_int_equal(status, KS_ERR_FATAL);
        assert_non_null(strstr(err.message, "3.4.31"));
    }
    meta_reader_close(r);

    r = open_with(test_etcd_endpoint(etcd), "goldd", "root", "open sesame");
    list_at(r, 0, &compacted);
    catch_up(r, &list);
    meta_reader_close(r);
    test_etcd_stop(etcd);
}

/* Who writes https:// never gets a connection without TLS. */
static void test_meta_reader_list__https_to_a_server_without_tls(void **state)
{
    struct test_etcd *etcd = test_etcd_start(NULL, false);
    char *endpoint = xasprintf("https://%s", test_etcd_endpoint(etcd));
    struct meta_reader *r = open_with(endpoint, "goldd", "", "");
    struct ks_error err;
    int64_t revision;
    bool compacted;
    assert_int_not_equal(meta_reader_list(r, 0, &revision, &compacted, &err), KS_OK);
    assert_non_null(strstr(err.message, "TLS"));
    meta_reader_close(r);
    free(endpoint);
    test_etcd_stop(etcd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meta_reader_poll__follows_from_the_list_on),
        cmocka_unit_test(test_meta_reader_list__resumes_at_the_saved_revision),
        cmocka_unit_test(test_meta_reader_list__compares_after_a_compaction),
        cmocka_unit_test(test_meta_reader_poll__tells_that_its_start_was_compacted),
        cmocka_unit_test(test_meta_reader_poll__survives_a_restart_of_etcd),
        cmocka_unit_test(test_meta_reader_list__names_the_root_paths_there_are),
        cmocka_unit_test(test_meta_reader_look__what_a_list_sees),
        cmocka_unit_test(test_meta_reader_list__unreachable_etcd_is_named),
        cmocka_unit_test(test_meta_reader_list__https_to_a_server_without_tls),
        cmocka_unit_test(test_meta_reader__with_permission_for_the_prefix_only),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
