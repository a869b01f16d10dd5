#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../seq_set.h"

static void assert_text(const struct seq_set *s, const char *expected)
{
    struct ks_buf text = {0};
    seq_set_print(s, &text);
    assert_string_equal(ks_buf_str(&text), expected);
    ks_buf_release(&text);
}

static void test_add__joins_what_touches(void **state)
{
    struct seq_set s = {0};
    assert_text(&s, "0");
    seq_set_add(&s, 3);
    seq_set_add(&s, 5);
    assert_text(&s, "0,3,5");
    seq_set_add(&s, 4);
    assert_text(&s, "0,3-5");
    seq_set_add(&s, 1);
    assert_text(&s, "1,3-5");
    seq_set_add(&s, 2);
    assert_text(&s, "5");
    assert_int_equal(seq_set_max(&s), 5);
    seq_set_release(&s);
}

static void test_remove__leaves_the_others(void **state)
{
    enum { N = 12 };
    for (int64_t gap = 0; gap <= 3; gap++)
        for (int64_t out = 1; out <= N; out++) {
            struct seq_set s = {0};
            for (int64_t seq = 1; seq <= N; seq++)
                if (seq % 4 != gap) /* in one piece, or in several */
                    seq_set_add(&s, seq);
            seq_set_remove(&s, out);
            for (int64_t seq = 0; seq <= N + 1; seq++)
                assert_int_equal(seq_set_has(&s, seq),
                                 seq < 1 || (seq <= N && seq % 4 != gap && seq != out));
            seq_set_add(&s, out);
            assert_true(seq_set_has(&s, out));
            seq_set_release(&s);
        }
    struct seq_set s = {0};
    for (int64_t seq = 1; seq <= 5; seq++)
        seq_set_add(&s, seq);
    seq_set_remove(&s, 3);
    assert_text(&s, "2,4-5");
    seq_set_remove(&s, 5);
    assert_text(&s, "2,4");
    seq_set_remove(&s, 9);
    seq_set_add(&s, 3);
    assert_text(&s, "4");
    seq_set_release(&s);
}

/* Any order of adding gives the same set, and its text gives it back. */
static void test_add__in_any_order(void **state)
{
    enum { N = 64, ROUNDS = 200 };
    unsigned seed = 1;
    for (int round = 0; round < ROUNDS; round++) {
        struct seq_set s = {0}, again;
        struct ks_buf text = {0};
        bool in[N + 2] = {false};
        for (int k = 0; k < 40; k++) {
            int64_t seq = 1 + rand_r(&seed) % N;
            seq_set_add(&s, seq);
            in[seq] = true;
        }
        seq_set_print(&s, &text);
        assert_true(seq_set_parse(&again, ks_buf_str(&text)));
        for (int64_t seq = 1; seq <= N + 1; seq++) {
            assert_int_equal(seq_set_has(&s, seq), in[seq]);
            assert_int_equal(seq_set_has(&again, seq), in[seq]);
        }
        ks_buf_release(&text);
        seq_set_release(&s);
        seq_set_release(&again);
    }
}

static void test_parse__refuses_what_is_not_ours(void **state)
{
    static const char *const bad[] = {
        "", "x", "1,", "5,6", "5,4", "5,9-8", "5,9,9", "5 ", "-1", "99999999999999999999", "1,3-"};
    struct seq_set s;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(seq_set_parse(&s, bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add__joins_what_touches),
        cmocka_unit_test(test_remove__leaves_the_others),
        cmocka_unit_test(test_add__in_any_order),
        cmocka_unit_test(test_parse__refuses_what_is_not_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
