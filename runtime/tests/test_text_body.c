#include "text_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_content__is_what_was_added(void **state)
{
    static char text[200];
    memset(text, 'x', sizeof text);
    static const size_t lengths[] = {0, 1, 63, 64, 200};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct ks_buf body = {0};
        struct ks_slice content;
        text_body_add(&body, (struct ks_slice){text, lengths[i]});
        assert_int_equal(text_body_content((struct ks_slice){body.data, body.len}, &content, NULL),
                         KS_OK);
        assert_int_equal(content.len, lengths[i]);
        assert_memory_equal(content.data, text, lengths[i]);
        ks_buf_release(&body);
    }
}

static void test_content__false_lengths(void **state)
{
    static const struct ks_slice bad[] = {
        {"", 0},       {"\x06hi", 3}, {"\x02hi", 3},
        {"\x03hi", 3}, {"\x80", 1},   {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
    };
    struct ks_slice content;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(text_body_content(bad[i], &content, NULL), KS_ERR_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content__is_what_was_added),
        cmocka_unit_test(test_content__false_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
