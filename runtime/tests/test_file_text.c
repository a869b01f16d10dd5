#include "file_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helper_files.h"

static void test_read__whole_file(void **state)
{
    char *dir = helper_dir_new();
    char *path = helper_file_new(dir, "a.txt", "one\ntwo");
    char *text;
    size_t len;
    assert_int_equal(file_text_read(path, 100, &text, &len, NULL), KS_OK);
    assert_int_equal(len, 7);
    assert_string_equal(text, "one\ntwo");
    free(text);
    free(path);
    helper_dir_remove(dir);
}

static void test_read__limits(void **state)
{
    char *dir = helper_dir_new();
    char *path = helper_file_new(dir, "a.txt", "12345");
    char *text = NULL;
    size_t len;
    struct ks_error err;
    assert_int_equal(file_text_read(path, 4, &text, &len, &err), KS_ERR_FATAL);
    assert_string_equal(err.message, "the file is larger than 4 bytes");
    assert_int_equal(file_text_read(path, 5, &text, &len, &err), KS_OK);
    free(text);
    free(path);
    path = helper_file_new(dir, "empty.txt", "");
    assert_int_equal(file_text_read(path, 5, &text, &len, &err), KS_OK);
    assert_string_equal(text, "");
    free(text);
    free(path);
    helper_dir_remove(dir);
}

static void test_read__no_file(void **state)
{
    char *text = NULL;
    size_t len;
    struct ks_error err;
    assert_int_equal(file_text_read("/nonexistent/x", 4, &text, &len, &err), KS_ERR_FATAL);
    assert_string_equal(err.message, "cannot open the file: No such file or directory");
    assert_int_equal(file_text_read("/", 4, &text, &len, &err), KS_ERR_FATAL);
    assert_string_equal(err.message, "cannot read the file: Is a directory");
    assert_null(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__whole_file),
        cmocka_unit_test(test_read__limits),
        cmocka_unit_test(test_read__no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
