#include "etcd_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "clock.h"
#include "helper_certs.h"
#include "helper_etcd.h"

static struct test_etcd *etcd; /* shared by the tests that need nothing special */

static int start_etcd(void **state)
{
    etcd = test_etcd_start(NULL, false);
    return 0;
}

static int stop_etcd(void **state)
{
    test_etcd_stop(etcd);
    return 0;
}

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

static struct etcd_client *open_client(const char *endpoint, const char *user, const char *password)
{
    struct etcd_options options = {
        .endpoints = &endpoint, .endpoint_count = 1, .username = user, .password = password};
    struct etcd_client *client = NULL;
    struct ks_error err;
    assert_int_equal(etcd_client_open(&options, &client, &err), KS_OK);
    return client;
}

struct seen {
    struct ks_buf text; /* "key=value;" for each */
    size_t count;
    int64_t mod_revision; /* of the last */
};

static enum ks_status note_kv(void *arg, const struct etcd_kv *kv, struct ks_error *err)
{
    struct seen *seen = arg;
    ks_buf_add(&seen->text, kv->key.data, kv->key.len);
    ks_buf_add_str(&seen->text, "=");
    ks_buf_add(&seen->text, kv->value.data, kv->value.len);
    ks_buf_add_str(&seen->text, ";");
    seen->count++;
    seen->mod_revision = kv->mod_revision;
    return KS_OK;
}

static int64_t list(struct etcd_client *client, const char *prefix, int64_t revision,
                    struct seen *seen)
{
    struct ks_error err = {0};
    bool compacted = true;
    ks_buf_reset(&seen->text);
    seen->count = 0;
    int64_t at = -1;
    if (etcd_list(client, prefix, revision, note_kv, seen, &at, &compacted, &err) != KS_OK)
        fail_msg("%s", err.message);
    assert_false(compacted);
    return at;
}

static int64_t revision_now(struct etcd_client *client)
{
    struct ks_error err = {0};
    int64_t revision = 0;
    if (etcd_revision(client, &revision, &err) != KS_OK)
        fail_msg("%s", err.message);
    return revision;
}

/* ---- list ---- */

static void test_list__prefix_and_values(void **state)
{
    struct etcd_client *client = open_client(test_etcd_endpoint(etcd), NULL, NULL);
    struct seen seen = {0};
    test_etcd_put(etcd, "p/a", "1");
    test_etcd_put(etcd, "p/b", "");
    test_etcd_put(etcd, "p0", "outside");
    int64_t revision = list(client, "p/", 0, &seen);
    assert_string_equal(ks_buf_str(&seen.text), "p/a=1;p/b=;");
    assert_int_equal(revision, seen.mod_revision + 1);
    assert_int_equal(revision, revision_now(client));
    list(client, "nothing/", 0, &seen);
    assert_int_equal(seen.count, 0);
    list(client, "", 0, &seen);
    assert_contains(ks_buf_str(&seen.text), "p0=outside;");
    ks_buf_release(&seen.text);
    etcd_client_close(client);
}

static void test_list__pages_at_one_revision(void **state)
{
    struct etcd_client *client = open_client(test_etcd_endpoint(etcd), NULL, NULL);
    struct seen seen = {0};
    for (int i = 0; i < 13; i++) {
        char *prefix = xasprintf("pages/%c", 'a' + i);
        test_etcd_put_many(etcd, prefix, 100, 10);
        free(prefix);
    }
    int64_t before = revision_now(client);
    test_etcd_delete(etcd, "pages/a00000");
    test_etcd_put(etcd, "pages/m00099", "new");
    assert_int_equal(list(client, "pages/", 0, &seen), before + 2);
    assert_int_equal(seen.count, 1299);
    assert_contains(ks_buf_str(&seen.text), "pages/m00099=new;");
    assert_int_equal(list(client, "pages/", before, &seen), before);
    assert_int_equal(seen.count, 1300);
    assert_contains(ks_buf_str(&seen.text), "pages/m00099=vvvvvvvvvv;");
    ks_buf_release(&seen.text);
    etcd_client_close(client);
}

static enum ks_status refuse_third(void *arg, const struct etcd_kv *kv, struct ks_error *err)
{
    int *calls = arg;
    return ++*calls < 3 ? KS_OK : KS_ERR_FATAL;
}

static void test_list__stops_when_the_caller_fails(void **state)
{
    struct etcd_client *client = open_client(test_etcd_endpoint(etcd), NULL, NULL);
    test_etcd_put_many(etcd, "stop/", 5, 1);
    int calls = 0;
    int64_t revision = -1;
    bool compacted;
    struct ks_error err;
    assert_int_equal(
        etcd_list(client, "stop/", 0, refuse_third, &calls, &revision, &compacted, &err),
        KS_ERR_FATAL);
    assert_int_equal(calls, 3);
    assert_int_equal(revision, -1);
    etcd_client_close(client);
}

static void test_list__compacted_and_future_revisions(void **state)
{
    struct etcd_client *client = open_client(test_etcd_endpoint(etcd), NULL, NULL);
    test_etcd_put(etcd, "c/a", "1");
    test_etcd_put(etcd, "c/a", "2");
    int64_t now = revision_now(client), revision = -1;
    test_etcd_compact(etcd, now);
    bool compacted = false;
    struct ks_error err;
    struct seen seen = {0};
    assert_int_equal(etcd_list(client, "c/", now - 1, note_kv, &seen, &revision, &compacted, &err),
                     KS_ERR_DATA);
    assert_true(compacted);
    assert_contains(err.message, test_etcd_endpoint(etcd));
    assert_int_equal(
        etcd_list(client, "c/", now + 100, note_kv, &seen, &revision, &compacted, &err),
        KS_ERR_DATA);
    assert_false(compacted);
    assert_contains(err.message, "backup");
    assert_int_equal(list(client, "c/", now, &seen), now);
    ks_buf_release(&seen.text);
    etcd_client_close(client);
}

/* ---- endpoints ---- */

static void test_revision__tries_the_endpoints_in_turn(void **state)
{
    const char *endpoints[] = {"127.0.0.1:1", "127.0.0.1:2", test_etcd_endpoint(etcd)};
    struct etcd_options options = {.endpoints = endpoints, .endpoint_count = 3};
    struct etcd_client *client;
    struct ks_error err;
    assert_int_equal(etcd_client_open(&options, &client, &err), KS_OK);
    assert_true(revision_now(client) > 0);
    assert_true(revision_now(client) > 0);
    etcd_client_close(client);
}

static void test_revision__unreachable_names_the_endpoint(void **state)
{
    struct etcd_client *client = open_client("127.0.0.1:1", NULL, NULL);
    struct ks_error err;
    int64_t revision = -1;
    assert_int_equal(etcd_revision(client, &revision, &err), KS_ERR_RETRIABLE);
    assert_contains(err.message, "127.0.0.1:1");
    assert_contains(err.message, "refused");
    assert_int_equal(revision, -1);
    etcd_client_close(client);
    struct etcd_options none = {0};
    assert_int_equal(etcd_client_open(&none, &client, &err), KS_ERR_FATAL);
}

/* ---- authentication, TLS ---- */

/* A server that is there and silent takes what time there is, and nothing comes after that. */
static void test_limit__ends_all_calls(void **state)
{
    struct test_etcd *silent = test_etcd_start(NULL, false);
    const char *endpoint = test_etcd_endpoint(silent);
    struct etcd_options options = {
        .endpoints = &endpoint, .endpoint_count = 1, .call_timeout_ms = 60000, .limit_ms = 300};
    struct etcd_client *client;
    struct ks_error err;
    int64_t revision;
    test_etcd_freeze(silent, true);
    assert_int_equal(etcd_client_open(&options, &client, &err), KS_OK);
    assert_int_equal(etcd_revision(client, &revision, &err), KS_ERR_RETRIABLE);
    assert_contains(err.message, "DEADLINE_EXCEEDED");
    test_etcd_freeze(silent, false);
    assert_int_equal(etcd_revision(client, &revision, &err), KS_ERR_RETRIABLE);
    assert_contains(err.message, "the time for all calls is over");
    assert_contains(err.message, endpoint);
    etcd_client_close(client);
    test_etcd_stop(silent);
}

static void test_auth__right_and_wrong_password(void **state)
{
    struct test_etcd *own = test_etcd_start(NULL, false);
    struct seen seen = {0};
    struct ks_error err = {0};
    int64_t revision;
    test_etcd_put(own, "milvus/a", "1");
    struct etcd_client *early = open_client(test_etcd_endpoint(own), "root", "open sesame");
    assert_true(revision_now(early) > 0); /* authentication is still off */
    test_etcd_enable_auth(own, "milvus/", "milvus0");

    assert_true(revision_now(early) > 0);
    struct etcd_client *reader = open_client(test_etcd_endpoint(own), "reader", "open sesame");
    list(reader, "milvus/", 0, &seen);
    assert_string_equal(ks_buf_str(&seen.text), "milvus/a=1;");
    assert_true(revision_now(reader) > 0);
    bool compacted;
    assert_int_equal(etcd_list(reader, "", 0, note_kv, &seen, &revision, &compacted, &err),
                     KS_ERR_FATAL);
    assert_contains(err.message, "permit");

    struct etcd_client *wrong = open_client(test_etcd_endpoint(own), "root", "guess");
    assert_int_equal(etcd_revision(wrong, &revision, &err), KS_ERR_FATAL);
    assert_contains(err.message, "password");
    assert_null(strstr(err.message, "guess"));
    struct etcd_client *none = open_client(test_etcd_endpoint(own), NULL, NULL);
    assert_int_equal(etcd_revision(none, &revision, &err), KS_ERR_FATAL);
    assert_contains(err.message, "user name");

    /* Simple tokens live in the server's memory: a restart makes them invalid. */
    test_etcd_kill(own);
    test_etcd_restart(own);
    int64_t until_ms = clock_mono_ms() + 20000;
    enum ks_status status;
    while ((status = etcd_revision(early, &revision, &err)) == KS_ERR_RETRIABLE)
        if (clock_mono_ms() > until_ms)
            fail_msg("%s", err.message);
    if (status != KS_OK)
        fail_msg("%s", err.message);
    etcd_client_close(early);
    etcd_client_close(reader);
    etcd_client_close(wrong);
    etcd_client_close(none);
    ks_buf_release(&seen.text);
    test_etcd_stop(own);
}

static enum ks_status revision_with_tls(const char *endpoint, const struct grpc_tls *tls,
                                        struct ks_error *err)
{
    struct etcd_options options = {.endpoints = &endpoint, .endpoint_count = 1, .tls = *tls};
    struct etcd_client *client;
    int64_t revision;
    assert_int_equal(etcd_client_open(&options, &client, err), KS_OK);
    enum ks_status status = etcd_revision(client, &revision, err);
    etcd_client_close(client);
    return status;
}

static void test_tls__client_certificate_and_its_errors(void **state)
{
    struct test_certs certs;
    test_certs_make(&certs);
    struct test_etcd *own = test_etcd_start(&certs, true);
    const char *endpoint = test_etcd_endpoint(own);
    struct ks_error err = {0};
    struct grpc_tls tls = {.enabled = true,
                           .ca_file = certs.ca,
                           .cert_file = certs.client_cert,
                           .key_file = certs.client_key};
    if (revision_with_tls(endpoint, &tls, &err) != KS_OK)
        fail_msg("%s", err.message);
    struct grpc_tls other = tls;
    other.ca_file = certs.other_ca;
    assert_int_equal(revision_with_tls(endpoint, &other, &err), KS_ERR_FATAL);
    assert_contains(err.message, "TLS");
    assert_contains(err.message, endpoint);
    other = tls;
    other.server_name = "elsewhere.example";
    assert_int_equal(revision_with_tls(endpoint, &other, &err), KS_ERR_FATAL);
    assert_contains(err.message, "elsewhere.example");
    other = tls;
    other.ca_file = certs.garbage;
    assert_int_equal(revision_with_tls(endpoint, &other, &err), KS_ERR_FATAL);
    assert_contains(err.message, certs.garbage);
    assert_int_equal(revision_with_tls(endpoint, &(struct grpc_tls){0}, &err), KS_ERR_RETRIABLE);
    assert_contains(err.message, endpoint);
    assert_contains(err.message, "does it want TLS?");
    test_etcd_stop(own);
    test_certs_remove(&certs);
}

static void test_tls__server_speaks_plain_text(void **state)
{
    struct ks_error err = {0};
    struct grpc_tls tls = {.enabled = true};
    /* It just closes the connection, as a server that stops would. */
    assert_int_equal(revision_with_tls(test_etcd_endpoint(etcd), &tls, &err), KS_ERR_RETRIABLE);
    assert_contains(err.message, "does it speak TLS?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list__prefix_and_values),
        cmocka_unit_test(test_list__pages_at_one_revision),
        cmocka_unit_test(test_list__stops_when_the_caller_fails),
        cmocka_unit_test(test_list__compacted_and_future_revisions),
        cmocka_unit_test(test_revision__tries_the_endpoints_in_turn),
        cmocka_unit_test(test_revision__unreachable_names_the_endpoint),
        cmocka_unit_test(test_limit__ends_all_calls),
        cmocka_unit_test(test_auth__right_and_wrong_password),
        cmocka_unit_test(test_tls__client_certificate_and_its_errors),
        cmocka_unit_test(test_tls__server_speaks_plain_text),
    };
    return cmocka_run_group_tests(tests, start_etcd, stop_etcd);
}
