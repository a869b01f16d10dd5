#include "file_stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc.h"
#include "helper_files.h"

static void test_changed__first_look_content_replacement_absence(void **state)
{
    struct file_stamp stamp = {0};
    char *dir = helper_dir_new();
    char *path = helper_file_new(dir, "a", "one");
    char *other = helper_file_new(dir, "b", "two");
    assert_false(file_stamp_changed(&stamp, NULL));
    assert_true(file_stamp_changed(&stamp, path));
    assert_false(file_stamp_changed(&stamp, path));
    FILE *file = fopen(path, "a");
    fputs("more", file);
    fclose(file);
    assert_true(file_stamp_changed(&stamp, path));
    assert_false(file_stamp_changed(&stamp, path));
    assert_int_equal(rename(other, path), 0);
    assert_true(file_stamp_changed(&stamp, path));
    unlink(path);
    assert_false(file_stamp_changed(&stamp, path));
    free(path);
    free(other);
    helper_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changed__first_look_content_replacement_absence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
