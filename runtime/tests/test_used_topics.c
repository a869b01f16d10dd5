/* What a task's context is told of the topics it uses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "used_topics.h"

static char told[256];

static void on_topic(struct task_context *ctx, const char *topic)
{
    strncat(told, topic, sizeof told - strlen(told) - 1);
    strncat(told, " ", sizeof told - strlen(told) - 1);
}

static void test_note__each_once_and_again_after_a_reset(void **state)
{
    _Atomic unsigned epoch = 3;
    struct task_context ctx = {.topics_epoch = &epoch, .on_topic = on_topic};
    struct used_topics u = {0};
    char name[] = "a";
    told[0] = '\0';
    for (int i = 0; i < 3; i++) {
        used_topics_note(&u, &ctx, name);
        used_topics_note(&u, &ctx, "b");
    }
    name[0] = 'c'; /* the same memory, another topic */
    used_topics_note(&u, &ctx, name);
    assert_string_equal(told, "a b c ");
    atomic_store(&epoch, 4);
    used_topics_note(&u, &ctx, "c");
    used_topics_note(&u, &ctx, "c");
    assert_string_equal(told, "a b c c ");
    used_topics_release(&u);
}

static void test_note__without_tracking(void **state)
{
    struct task_context ctx = {.on_topic = on_topic};
    struct used_topics u = {0};
    told[0] = '\0';
    used_topics_note(&u, &ctx, "a");
    assert_string_equal(told, "");
    used_topics_release(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_note__each_once_and_again_after_a_reset),
        cmocka_unit_test(test_note__without_tracking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
