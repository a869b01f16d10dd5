#include "tls_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_certs.h"

static struct test_certs certs;

static int make_certs(void **state)
{
    test_certs_make(&certs);
    return 0;
}

static int remove_certs(void **state)
{
    test_certs_remove(&certs);
    return 0;
}

static void expect_error(const char *ca, const char *cert, const char *key, const char *file,
                         const char *text)
{
    struct tls_files files = {0};
    struct ks_error err = {0};
    assert_int_equal(tls_files_load(&files, ca, cert, key, &err), KS_ERR_FATAL);
    if (!strstr(err.message, file) || !strstr(err.message, text))
        fail_msg("\"%s\" lacks \"%s\" or \"%s\"", err.message, file, text);
    assert_null(files.ca);
}

static void test_load__all_three(void **state)
{
    struct tls_files files;
    struct ks_error err;
    assert_int_equal(tls_files_load(&files, certs.ca, certs.client_cert, certs.client_key, &err),
                     KS_OK);
    char *ca = test_read_file(certs.ca);
    assert_string_equal(files.ca, ca);
    free(ca);
    assert_non_null(strstr(files.key, "PRIVATE KEY"));
    tls_files_release(&files);
    assert_int_equal(tls_files_load(&files, NULL, NULL, NULL, &err), KS_OK);
    assert_null(files.ca);
    tls_files_release(&files);
}

static void test_load__names_the_bad_file(void **state)
{
    expect_error("/nonexistent.pem", NULL, NULL, "/nonexistent.pem", "No such file");
    expect_error(certs.dir, NULL, NULL, certs.dir, "directory");
    expect_error(certs.garbage, NULL, NULL, certs.garbage, "no valid PEM");
    expect_error(certs.client_key, NULL, NULL, certs.client_key, "no valid PEM");
    expect_error(NULL, certs.garbage, certs.client_key, certs.garbage, "certificate");
    expect_error(NULL, certs.client_cert, certs.ca, certs.ca, "private key");
    expect_error(NULL, certs.client_cert, certs.server_key, certs.server_key, "does not belong");
    expect_error(NULL, certs.client_cert, NULL, "", "the key is missing");
    expect_error(NULL, NULL, certs.client_key, "", "the certificate is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load__all_three),
        cmocka_unit_test(test_load__names_the_bad_file),
    };
    return cmocka_run_group_tests(tests, make_certs, remove_certs);
}
