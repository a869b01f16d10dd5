/* TLS, over real sockets, with libcurl as the client. */
#include <curl/curl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../lib/tests/helper_certs.c"
#include "clock.h"
#include "helper_rest_server.h"

static struct test_certs certs, later;

static int setup_all(void **state)
{
    test_certs_make(&certs);
    test_certs_make(&later);
    return 0;
}

static int teardown_all(void **state)
{
    test_certs_remove(&certs);
    test_certs_remove(&later);
    return 0;
}

static void start(struct rest_test *t, const char *client_ca)
{
    rest_test_option(t, "listeners", "https://127.0.0.1:0");
    rest_test_option(t, "listeners.https.ssl.certificate.location", certs.server_cert);
    rest_test_option(t, "listeners.https.ssl.key.location", certs.server_key);
    if (client_ca)
        rest_test_option(t, "listeners.https.ssl.ca.location", client_ca);
    rest_test_start(t, true);
}

static size_t ignore(char *data, size_t size, size_t count, void *arg)
{
    return size * count;
}

/* The status of GET /health; negative: why curl could not get it. */
static long ask(const struct rest_test *t, const char *ca, const char *cert, const char *key)
{
    char url[100];
    long status = 0;
    CURL *curl = curl_easy_init();
    snprintf(url, sizeof url, "https://127.0.0.1:%u/health", t->port);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
    if (cert) {
        curl_easy_setopt(curl, CURLOPT_SSLCERT, cert);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, key);
    }
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    return code == CURLE_OK ? status : -(long)code;
}

static void test_tls__own_certificate(void **state)
{
    struct rest_test *t = *state;
    start(t, NULL);
    assert_true(rest_server_is_tls(t->server));
    assert_int_equal(ask(t, certs.ca, NULL, NULL), 200);
    assert_int_equal(ask(t, certs.other_ca, NULL, NULL), -CURLE_PEER_FAILED_VERIFICATION);
    /* Who talks plain text is hung up on, and does no harm. */
    int fd = http_client_open(t->port);
    http_client_send(fd, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(http_client_closed(fd));
    close(fd);
    assert_int_equal(ask(t, certs.ca, NULL, NULL), 200);
}

static void replace(const char *from, const char *to)
{
    char next[1000];
    char text[20000];
    FILE *in = fopen(from, "r");
    size_t len = fread(text, 1, sizeof text, in);
    fclose(in);
    snprintf(next, sizeof next, "%s.next", to);
    FILE *out = fopen(next, "w");
    fwrite(text, 1, len, out);
    fclose(out);
    assert_int_equal(rename(next, to), 0);
}

/* Until the server shows a certificate of that authority; false after 20 s. */
static bool wait_for_authority(const struct rest_test *t, const char *ca)
{
    for (int64_t end_ms = clock_mono_ms() + 20000; clock_mono_ms() < end_ms; usleep(20000))
        if (ask(t, ca, NULL, NULL) == 200)
            return true;
    return false;
}

static void test_tls__changed_files_without_a_restart(void **state)
{
    struct rest_test *t = *state;
    start(t, NULL);
    assert_int_equal(ask(t, certs.ca, NULL, NULL), 200);
    /* A certificate without its key is not taken. */
    replace(later.server_cert, certs.server_cert);
    replace(certs.garbage, certs.server_key);
    int64_t begin_ms = clock_mono_ms();
    while (clock_mono_ms() < begin_ms + 600)
        assert_int_equal(ask(t, certs.ca, NULL, NULL), 200);
    replace(later.server_key, certs.server_key);
    assert_true(wait_for_authority(t, later.ca));
    assert_true(ask(t, certs.ca, NULL, NULL) < 0);
    test_certs_remove(&certs);
    test_certs_make(&certs);
}

static void test_tls__client_certificates(void **state)
{
    struct rest_test *t = *state;
    start(t, certs.ca);
    assert_int_equal(ask(t, certs.ca, certs.client_cert, certs.client_key), 200);
    assert_int_equal(ask(t, certs.ca, NULL, NULL), 403);
    assert_int_equal(ask(t, certs.ca, later.client_cert, later.client_key), 403);
}

static void test_tls__slow_handshake(void **state)
{
    struct rest_test *t = *state;
    rest_test_option(t, "rest.client.timeout.ms", "500");
    start(t, NULL);
    int fd = http_client_open(t->port);
    http_client_send(fd, "\x16\x03\x01"); /* and no more */
    assert_true(http_client_closed(fd));
    close(fd);
}

static void expect_open_error(struct rest_test *t, const char *words)
{
    struct rest_options options;
    struct ks_error err;
    const struct rest_context ctx = {.worker = &t->worker};
    enum ks_status status = rest_options_read(&t->worker, &options, &err);
    if (status == KS_OK)
        status = rest_server_open(&options, &ctx, &t->server, &err);
    assert_int_equal(status, KS_ERR_FATAL);
    assert_non_null(strstr(err.message, "listeners.https.ssl"));
    assert_non_null(strstr(err.message, words));
}

static void test_open__files_that_are_of_no_use(void **state)
{
    struct rest_test *t = *state;
    rest_test_option(t, "listeners", "https://127.0.0.1:0");
    expect_open_error(t, "certificate.location");
    rest_test_option(t, "listeners.https.ssl.certificate.location", certs.server_cert);
    expect_open_error(t, "key.location");
    rest_test_option(t, "listeners.https.ssl.key.location", certs.client_key);
    expect_open_error(t, "does not belong");
    rest_test_option(t, "listeners.https.ssl.key.location", "/no/such.key");
    expect_open_error(t, "/no/such.key");
    rest_test_option(t, "listeners.https.ssl.key.location", certs.server_key);
    rest_test_option(t, "listeners.https.ssl.ca.location", certs.garbage);
    expect_open_error(t, certs.garbage);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rest_test_setup, rest_test_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_tls__own_certificate),           TEST(test_tls__changed_files_without_a_restart),
        TEST(test_tls__client_certificates),       TEST(test_tls__slow_handshake),
        TEST(test_open__files_that_are_of_no_use),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
