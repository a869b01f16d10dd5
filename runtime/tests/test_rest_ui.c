#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_rest.h"

static const struct rest_context ctx = {.kafka_cluster_id = ""};

/* The body, which res owns. */
static const char *file(const char *uri, const char *type, struct rest_response *res)
{
    assert_int_equal(helper_rest(&ctx, "GET", uri, NULL, res), 200);
    assert_string_equal(res->type, type);
    assert_true(res->text.len > 100);
    return ks_buf_str(&res->text);
}

static const char *header(const struct rest_response *res, const char *name)
{
    for (const struct rest_header *h = res->headers; h && h->name; h++)
        if (strcmp(h->name, name) == 0)
            return h->value;
    return NULL;
}

static void test_page__before_there_is_a_herder(void **state)
{
    struct rest_response res;
    const char *text = file("/ui/", "text/html; charset=utf-8", &res);
    assert_non_null(strstr(text, "<title>Kitestream</title>"));
    assert_non_null(strstr(header(&res, "Content-Security-Policy"), "default-src 'self';"));
    assert_non_null(strstr(header(&res, "Content-Security-Policy"), "frame-ancestors 'none'"));
    assert_string_equal(header(&res, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(header(&res, "Cache-Control"), "no-cache");
    rest_response_release(&res);
}

static void test_page__without_a_slash(void **state)
{
    struct rest_response res;
    assert_int_equal(helper_rest(&ctx, "GET", "/ui?a=b", NULL, &res), 302);
    assert_string_equal(res.location, "ui/");
    rest_response_release(&res);
    assert_int_equal(helper_rest(&ctx, "POST", "/ui/", NULL, &res), 405);
    rest_response_release(&res);
    assert_int_equal(helper_rest(&ctx, "GET", "/ui/none.js", NULL, &res), 404);
    rest_response_release(&res);
    assert_int_equal(helper_rest(&ctx, "GET", "/ui/../ui.js", NULL, &res), 404);
    rest_response_release(&res);
}

/* What the files name in quotes, and ends like a file of ours, is there. */
static void expect_references(const char *text)
{
    char name[64], uri[80];
    for (const char *at = text; (at = strpbrk(at, "\"'")); at++) {
        if (sscanf(at + 1, "%63[a-z./]", name) != 1)
            continue;
        const char *end = strrchr(name, '.'), *base = name + (strncmp(name, "./", 2) == 0 ? 2 : 0);
        if (!end || strchr(base, '/') || !strchr("\"'", at[1 + strlen(name)]) ||
            (strcmp(end, ".js") != 0 && strcmp(end, ".css") != 0 && strcmp(end, ".svg") != 0))
            continue;
        struct rest_response res;
        snprintf(uri, sizeof uri, "/ui/%s", base);
        assert_int_equal(helper_rest(&ctx, "GET", uri, NULL, &res), 200);
        rest_response_release(&res);
    }
}

static void test_files__all_that_they_name(void **state)
{
    static const char *const scripts[] = {"ui.js",      "actions.js", "chart.js", "connector.js",
                                          "metrics.js", "numbers.js", "worker.js"};
    struct rest_response res;
    expect_references(file("/ui/", "text/html; charset=utf-8", &res));
    rest_response_release(&res);
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        char uri[64];
        snprintf(uri, sizeof uri, "/ui/%s", scripts[i]);
        expect_references(file(uri, "text/javascript; charset=utf-8", &res));
        assert_null(strstr(ks_buf_str(&res.text), "innerHTML"));
        rest_response_release(&res);
    }
    file("/ui/ui.css", "text/css; charset=utf-8", &res);
    rest_response_release(&res);
    file("/ui/icon.svg", "image/svg+xml", &res);
    rest_response_release(&res);
}

static void test_etag__follows_the_content(void **state)
{
    struct rest_response first, again, other;
    file("/ui/ui.css", "text/css; charset=utf-8", &first);
    file("/ui/ui.css", "text/css; charset=utf-8", &again);
    file("/ui/", "text/html; charset=utf-8", &other);
    assert_int_equal(strlen(first.etag), 34);
    assert_int_equal(first.etag[0], '"');
    assert_string_equal(first.etag, again.etag);
    assert_string_not_equal(first.etag, other.etag);
    rest_response_release(&first);
    rest_response_release(&again);
    rest_response_release(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page__before_there_is_a_herder),
        cmocka_unit_test(test_page__without_a_slash),
        cmocka_unit_test(test_files__all_that_they_name),
        cmocka_unit_test(test_etag__follows_the_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
