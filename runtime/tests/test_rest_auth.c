#include "rest_auth.h"

#include <crypt.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "helper_files.h"

struct fixture {
    char *dir, *users, *tokens;
    char *read_only[3];
    struct rest_options options;
    struct rest_auth *auth;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    char text[300];
    f->dir = helper_dir_new();
    snprintf(text, sizeof text, "# who may\nalice = wonder\\=land\nbob: %s\ncarol=old\ncarol=new\n",
             crypt("builder", "$6$rounds=1000$salt$"));
    f->users = helper_file_new(f->dir, "users", text);
    f->tokens = helper_file_new(f->dir, "tokens", "ci=secret-1\nviewer=secret-2\n");
    f->read_only[0] = "bob";
    f->read_only[1] = "viewer";
    f->options = (struct rest_options){.users_file = f->users,
                                       .tokens_file = f->tokens,
                                       .read_only = f->read_only,
                                       .read_only_count = 2};
    struct ks_error err;
    assert_int_equal(rest_auth_open(&f->options, &f->auth, &err), KS_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rest_auth_free(f->auth);
    free(f->users);
    free(f->tokens);
    helper_dir_remove(f->dir);
    free(f);
    return 0;
}

static enum rest_auth_answer basic(struct fixture *f, const char *login, bool may_be_slow)
{
    unsigned char encoded[400];
    char header[500];
    EVP_EncodeBlock(encoded, (const unsigned char *)login, (int)strlen(login));
    snprintf(header, sizeof header, "basic  %s", encoded);
    return rest_auth_check(f->auth, header, may_be_slow);
}

static void test_check__plain_passwords(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(basic(f, "alice:wonder=land", false), REST_AUTH_WRITE);
    assert_int_equal(basic(f, "alice:wonder=lan", false), REST_AUTH_NO);
    assert_int_equal(basic(f, "alice:", false), REST_AUTH_NO);
    assert_int_equal(basic(f, "Alice:wonder=land", true), REST_AUTH_NO);
    assert_int_equal(basic(f, "carol:new", false), REST_AUTH_WRITE);
    assert_int_equal(basic(f, "carol:old", false), REST_AUTH_NO);
}

static void test_check__hashes_are_slow_once(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(basic(f, "bob:builder", false), REST_AUTH_SLOW);
    assert_int_equal(basic(f, "bob:destroyer", true), REST_AUTH_NO);
    assert_int_equal(basic(f, "bob:destroyer", false), REST_AUTH_SLOW);
    assert_int_equal(basic(f, "bob:builder", true), REST_AUTH_READ);
    assert_int_equal(basic(f, "bob:builder", false), REST_AUTH_READ);
    /* A name that is not there takes the same way. */
    assert_int_equal(basic(f, "nobody:builder", false), REST_AUTH_SLOW);
    assert_int_equal(basic(f, "nobody:builder", true), REST_AUTH_NO);
    assert_int_equal(basic(f, ":", true), REST_AUTH_NO);
}

static void test_check__the_hash_is_no_password(void **state)
{
    struct fixture *f = *state;
    char login[400];
    snprintf(login, sizeof login, "bob:%s", crypt("builder", "$6$rounds=1000$salt$"));
    assert_int_equal(basic(f, login, true), REST_AUTH_NO);
}

static void test_check__tokens(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rest_auth_check(f->auth, "Bearer secret-1", false), REST_AUTH_WRITE);
    assert_int_equal(rest_auth_check(f->auth, "bearer secret-2", false), REST_AUTH_READ);
    assert_int_equal(rest_auth_check(f->auth, "Bearer secret-", false), REST_AUTH_NO);
    assert_int_equal(rest_auth_check(f->auth, "Bearer ci", false), REST_AUTH_NO);
    assert_int_equal(rest_auth_check(f->auth, "Bearer ", false), REST_AUTH_NO);
}

static void test_check__no_login_at_all(void **state)
{
    struct fixture *f = *state;
    static const char *const headers[] = {"",
                                          "Basic",
                                          "Basic ",
                                          "Basic !!!!",
                                          "Basic YWxp",
                                          "Digest x",
                                          "BasicYWxpY2U6d29uZGVyPWxhbmQ="};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_int_equal(rest_auth_check(f->auth, headers[i], true), REST_AUTH_NO);
    assert_int_equal(rest_auth_check(f->auth, NULL, true), REST_AUTH_NO);
    char *long_header = xcalloc(1, 20000);
    memset(long_header, 'A', 19999);
    memcpy(long_header, "Basic ", 6);
    assert_int_equal(rest_auth_check(f->auth, long_header, true), REST_AUTH_NO);
    free(long_header);
}

static void rewrite(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static void test_refresh__changed_files(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(basic(f, "bob:builder", true), REST_AUTH_READ);
    rewrite(f->users, "alice=another\n");
    rewrite(f->tokens, "ci=another\n");
    rest_auth_refresh(f->auth);
    assert_int_equal(basic(f, "alice:wonder=land", true), REST_AUTH_NO);
    assert_int_equal(basic(f, "alice:another", true), REST_AUTH_WRITE);
    assert_int_equal(basic(f, "bob:builder", true), REST_AUTH_NO); /* not out of memory either */
    assert_int_equal(rest_auth_check(f->auth, "Bearer another", true), REST_AUTH_WRITE);
    assert_int_equal(rest_auth_check(f->auth, "Bearer secret-1", true), REST_AUTH_NO);
    rewrite(f->users, "alice=\n"); /* half written */
    rest_auth_refresh(f->auth);
    assert_int_equal(basic(f, "alice:another", true), REST_AUTH_WRITE);
    assert_int_equal(basic(f, "alice:", true), REST_AUTH_NO);
}

static void expect_error(struct fixture *f, const char *text, const char *words)
{
    char *path = text ? helper_file_new(f->dir, "bad", text) : xasprintf("%s/none", f->dir);
    const struct rest_options options = {.users_file = path};
    struct rest_auth *auth = NULL;
    struct ks_error err;
    assert_int_equal(rest_auth_open(&options, &auth, &err), KS_ERR_FATAL);
    assert_null(auth);
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, words));
    free(path);
}

static void test_open__files_that_are_of_no_use(void **state)
{
    struct fixture *f = *state;
    expect_error(f, NULL, "cannot read");
    expect_error(f, "# nobody\n", "no line name=secret");
    expect_error(f, "alice=x\nbob\n", "\"bob\" has nothing behind it");
}

static void test_open__nothing_configured(void **state)
{
    const struct rest_options options = {0};
    struct rest_auth *auth = (void *)&options;
    struct ks_error err;
    assert_int_equal(rest_auth_open(&options, &auth, &err), KS_OK);
    assert_null(auth);
    rest_auth_refresh(auth);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_check__plain_passwords),         TEST(test_check__hashes_are_slow_once),
        TEST(test_check__the_hash_is_no_password), TEST(test_check__tokens),
        TEST(test_check__no_login_at_all),         TEST(test_refresh__changed_files),
        TEST(test_open__files_that_are_of_no_use), cmocka_unit_test(test_open__nothing_configured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
