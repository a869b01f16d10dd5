#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "clock.h"
#include "etcd_client.h"
#include "helper_etcd.h"

/* An etcd of the test's own, a client and a watch on it. */
struct fixture {
    struct test_etcd *etcd;
    struct etcd_client *client;
    struct etcd_watch *watch;
    struct ks_buf
        text;         /* what came: "put k=v;", "put k=v(old);", "del k(old);", "|" ends a batch */
    int64_t revision; /* of the last batch */
    int64_t compacted;
    size_t events, batches;
    int disconnects; /* RETRIABLE answers */
};

static struct etcd_client *open_client(const struct test_etcd *etcd, const char *user,
                                       const char *password)
{
    const char *endpoint = test_etcd_endpoint(etcd);
    struct etcd_options options = {
        .endpoints = &endpoint, .endpoint_count = 1, .username = user, .password = password};
    struct etcd_client *client = NULL;
    assert_int_equal(etcd_client_open(&options, &client, NULL), KS_OK);
    return client;
}

static void open_watch(struct fixture *f, const char *prefix, int64_t start)
{
    struct ks_error err;
    assert_int_equal(etcd_watch_open(f->client, prefix, start, prefix[0] != '\0', &f->watch, &err),
                     KS_OK);
    f->revision = start - 1;
}

static int64_t revision_now(struct fixture *f)
{
    struct ks_error err = {0};
    int64_t revision = 0;
    if (etcd_revision(f->client, &revision, &err) != KS_OK)
        fail_msg("%s", err.message);
    return revision;
}

static struct fixture *set_up(void)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->etcd = test_etcd_start(NULL, false);
    f->client = open_client(f->etcd, NULL, NULL);
    return f;
}

static void tear_down(struct fixture *f)
{
    etcd_watch_close(f->watch);
    etcd_client_close(f->client);
    test_etcd_stop(f->etcd);
    ks_buf_release(&f->text);
    free(f);
}

static void add_slice(struct ks_buf *text, struct ks_slice slice)
{
    ks_buf_add(text, slice.data, slice.len);
}

static void note_event(struct fixture *f, const struct etcd_event *event)
{
    ks_buf_add_str(&f->text, event->is_delete ? "del " : "put ");
    add_slice(&f->text, event->kv.key);
    if (!event->is_delete) {
        ks_buf_add_str(&f->text, "=");
        add_slice(&f->text, event->kv.value);
    }
    if (event->has_prev) {
        ks_buf_add_str(&f->text, "(");
        add_slice(&f->text, event->prev.value);
        ks_buf_add_str(&f->text, ")");
    }
    ks_buf_add_str(&f->text, ";");
}

/* One call. Checks that revisions are new, in order and whole. */
static enum ks_status step(struct fixture *f, int64_t timeout_ms, struct ks_error *err)
{
    struct etcd_watch_batch batch = {0};
    enum ks_status status = etcd_watch_next(f->watch, timeout_ms, &batch, err);
    f->disconnects += status == KS_ERR_RETRIABLE;
    if (status != KS_OK)
        return status;
    int64_t last = f->revision + 1;
    for (size_t i = 0; i < batch.event_count; i++) {
        assert_true(batch.events[i].kv.mod_revision >= last);
        last = batch.events[i].kv.mod_revision;
        if (f->events < 100)
            note_event(f, &batch.events[i]);
        f->events++;
    }
    if (batch.event_count > 0) {
        assert_int_equal(batch.revision, last);
        ks_buf_add_str(&f->text, "|");
        f->batches++;
    }
    assert_true(batch.revision >= f->revision);
    f->revision = batch.revision;
    f->compacted = batch.compacted_revision;
    return KS_OK;
}

static void wait_for_revision(struct fixture *f, int64_t revision)
{
    struct ks_error err = {0};
    int64_t until_ms = clock_mono_ms() + 30000;
    while (f->revision < revision) {
        enum ks_status status = step(f, 1000, &err);
        if (status != KS_OK && status != KS_ERR_RETRIABLE)
            fail_msg("%s", err.message);
        if (clock_mono_ms() > until_ms)
            fail_msg("stuck at revision %lld of %lld: %s", (long long)f->revision,
                     (long long)revision, err.message);
    }
}

static void test_next__puts_deletes_and_previous_values(void **state)
{
    struct fixture *f = set_up();
    test_etcd_put(f->etcd, "w/a", "0");
    int64_t start = revision_now(f);
    open_watch(f, "", start + 1);
    test_etcd_put(f->etcd, "w/a", "1");
    test_etcd_put(f->etcd, "w/b", "");
    test_etcd_delete(f->etcd, "w/a");
    test_etcd_delete(f->etcd, "w/b");
    wait_for_revision(f, start + 4);
    struct ks_buf flat = {0};
    for (const char *c = ks_buf_str(&f->text); *c; c++)
        if (*c != '|')
            ks_buf_add_byte(&flat, (uint8_t)*c);
    assert_string_equal(ks_buf_str(&flat), "put w/a=1(0);put w/b=;del w/a(1);del w/b();");
    ks_buf_release(&flat);
    assert_int_equal(f->revision, revision_now(f));
    tear_down(f);
}

static void test_next__nothing_comes(void **state)
{
    struct fixture *f = set_up();
    int64_t now = revision_now(f);
    open_watch(f, "", now + 1);
    test_etcd_put(f->etcd, "k", "v");
    wait_for_revision(f, now + 1);
    struct ks_error err;
    int64_t start_ms = clock_mono_ms();
    assert_int_equal(step(f, 100, &err), KS_OK);
    assert_in_range(clock_mono_ms() - start_ms, 95, 2000);
    assert_int_equal(f->revision, now + 1);
    assert_int_equal(f->events, 1);
    tear_down(f);
}

static void test_next__catches_up_from_an_old_revision(void **state)
{
    struct fixture *f = set_up();
    int64_t start = revision_now(f) + 1;
    for (int i = 0; i < 30; i++)
        test_etcd_put_many(f->etcd, "old/", 50, 10);
    open_watch(f, "", start);
    wait_for_revision(f, start + 29);
    assert_int_equal(f->events, 30 * 50);
    assert_true(f->batches <= 30);
    tear_down(f);
}

/* Larger than etcd's limit for one message, so that it comes in fragments. */
static void test_next__one_transaction_is_one_batch(void **state)
{
    struct fixture *f = set_up();
    test_etcd_put_many(f->etcd, "big/", 120, 10000);
    int64_t start = revision_now(f) + 1;
    open_watch(f, "", start);
    test_etcd_put_many(f->etcd, "big/", 120, 10001); /* 1.2 MB, and as much of previous values */
    wait_for_revision(f, start);
    assert_int_equal(f->batches, 1);
    assert_int_equal(f->events, 120);
    tear_down(f);
}

static void test_next__server_killed_and_restarted(void **state)
{
    struct fixture *f = set_up();
    int64_t start = revision_now(f);
    open_watch(f, "", start + 1);
    test_etcd_put(f->etcd, "a", "1");
    test_etcd_put(f->etcd, "b", "2");
    wait_for_revision(f, start + 2);
    struct ks_error err = {0};
    test_etcd_kill(f->etcd);
    int64_t until_ms = clock_mono_ms() + 20000;
    while (step(f, 500, &err) == KS_OK)
        assert_true(clock_mono_ms() < until_ms);
    assert_int_equal(step(f, 500, &err), KS_ERR_RETRIABLE);
    if (!strstr(err.message, test_etcd_endpoint(f->etcd)))
        fail_msg("%s", err.message);
    test_etcd_restart(f->etcd);
    test_etcd_put(f->etcd, "c", "3"); /* waits until etcd answers */
    int64_t back_ms = clock_mono_ms();
    test_etcd_delete(f->etcd, "a");
    wait_for_revision(f, start + 4);
    assert_true(clock_mono_ms() - back_ms < 3000);
    assert_true(f->disconnects > 0);
    assert_int_equal(f->events, 4);
    assert_non_null(strstr(ks_buf_str(&f->text), "put c=3;"));
    assert_non_null(strstr(ks_buf_str(&f->text), "del a(1);"));
    tear_down(f);
}

static void test_next__start_compacted_away(void **state)
{
    struct fixture *f = set_up();
    int64_t start = revision_now(f);
    for (int i = 0; i < 5; i++)
        test_etcd_put(f->etcd, "a", "1");
    test_etcd_compact(f->etcd, start + 4);
    open_watch(f, "", start + 1);
    struct ks_error err = {0};
    int64_t until_ms = clock_mono_ms() + 20000;
    while (f->compacted == 0) {
        if (step(f, 1000, &err) != KS_OK || clock_mono_ms() > until_ms)
            fail_msg("%s", err.message);
    }
    assert_int_equal(f->compacted, start + 4);
    assert_int_equal(f->revision, start);
    assert_int_equal(f->events, 0);
    f->compacted = 0;
    assert_int_equal(step(f, 0, &err), KS_OK);
    assert_int_equal(f->compacted, start + 4);
    tear_down(f);
}

static void test_progress__of_a_prefix(void **state)
{
    struct fixture *f = set_up();
    int64_t start = revision_now(f);
    open_watch(f, "mine/", start + 1);
    test_etcd_put(f->etcd, "mine/a", "1");
    wait_for_revision(f, start + 1);
    test_etcd_put(f->etcd, "foreign/a", "1");
    test_etcd_put(f->etcd, "foreign/b", "1");
    struct ks_error err = {0};
    int64_t until_ms = clock_mono_ms() + 20000;
    while (f->revision < start + 3) {
        if (etcd_watch_request_progress(f->watch, &err) != KS_OK || step(f, 500, &err) != KS_OK ||
            clock_mono_ms() > until_ms)
            fail_msg("at %lld: %s", (long long)f->revision, err.message);
    }
    assert_int_equal(f->events, 1);
    tear_down(f);
}

static void test_progress__not_connected(void **state)
{
    struct fixture *f = set_up();
    open_watch(f, "mine/", 1);
    struct ks_error err = {0};
    assert_int_equal(etcd_watch_request_progress(f->watch, &err), KS_ERR_RETRIABLE);
    assert_int_equal(etcd_watch_open(f->client, "", 0, false, &f->watch, &err), KS_ERR_FATAL);
    tear_down(f);
}

static void test_next__authentication(void **state)
{
    struct fixture *f = set_up();
    int64_t start = revision_now(f);
    test_etcd_enable_auth(f->etcd, "milvus/", "milvus0");
    etcd_client_close(f->client);
    f->client = open_client(f->etcd, "reader", "open sesame");
    open_watch(f, "milvus/", start + 1);
    test_etcd_put(f->etcd, "milvus/a", "1");
    wait_for_revision(f, start + 1);
    assert_string_equal(ks_buf_str(&f->text), "put milvus/a=1;|");

    /* Forgets its tokens: the watch must renew its own. */
    test_etcd_kill(f->etcd);
    test_etcd_restart(f->etcd);
    wait_for_revision(f, start + 1);
    struct ks_error err = {0};
    int64_t until_ms = clock_mono_ms() + 20000;
    while (step(f, 300, &err) != KS_OK)
        if (clock_mono_ms() > until_ms || err.status == KS_ERR_FATAL)
            fail_msg("%s", err.message);

    etcd_watch_close(f->watch);
    open_watch(f, "", start + 1);
    enum ks_status status;
    do {
        status = step(f, 1000, &err);
    } while (status != KS_ERR_FATAL && clock_mono_ms() < until_ms);
    assert_int_equal(status, KS_ERR_FATAL);
    if (!strstr(err.message, "permi") || !strstr(err.message, test_etcd_endpoint(f->etcd)))
        fail_msg("%s", err.message);
    tear_down(f);
}

static void test_next__nobody_listens(void **state)
{
    const char *endpoint = "127.0.0.1:1";
    struct etcd_options options = {.endpoints = &endpoint, .endpoint_count = 1};
    struct fixture f = {0};
    assert_int_equal(etcd_client_open(&options, &f.client, NULL), KS_OK);
    open_watch(&f, "", 1);
    for (int i = 0; i < 5; i++) {
        struct ks_error err = {0};
        assert_int_equal(step(&f, 100, &err), KS_ERR_RETRIABLE);
        if (!strstr(err.message, endpoint) || !strstr(err.message, "refused"))
            fail_msg("%s", err.message);
    }
    etcd_watch_close(f.watch);
    etcd_client_close(f.client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next__puts_deletes_and_previous_values),
        cmocka_unit_test(test_next__nothing_comes),
        cmocka_unit_test(test_next__catches_up_from_an_old_revision),
        cmocka_unit_test(test_next__one_transaction_is_one_batch),
        cmocka_unit_test(test_next__server_killed_and_restarted),
        cmocka_unit_test(test_next__start_compacted_away),
        cmocka_unit_test(test_progress__of_a_prefix),
        cmocka_unit_test(test_progress__not_connected),
        cmocka_unit_test(test_next__authentication),
        cmocka_unit_test(test_next__nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
