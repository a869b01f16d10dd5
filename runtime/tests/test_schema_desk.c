#include "schema_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helper_schema_topic.h"

static const struct worker_config worker = {.schema_topic = (char *)(uintptr_t) "schemas"};

static void test_store__opened_by_the_first_question(void **state)
{
    struct schema_desk *desk = schema_desk_new(&worker);
    struct schema_store *first, *second;
    struct ks_error err;
    assert_int_equal(topic.opened, 0);
    assert_int_equal(schema_desk_store(desk, &first, &err), KS_OK);
    assert_int_equal(schema_desk_store(desk, &second, &err), KS_OK);
    assert_ptr_equal(first, second);
    assert_int_equal(topic.opened, 1);
    schema_desk_free(desk);
    topic_clear();
}

static void test_store__tried_again(void **state)
{
    struct schema_desk *desk = schema_desk_new(&worker);
    struct schema_store *store;
    struct ks_error err;
    topic.open_status = KS_ERR_RETRIABLE;
    assert_int_equal(schema_desk_store(desk, &store, &err), KS_ERR_RETRIABLE);
    topic.open_status = KS_OK;
    assert_int_equal(schema_desk_store(desk, &store, &err), KS_OK);
    schema_desk_free(desk);
    topic_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store__opened_by_the_first_question),
        cmocka_unit_test(test_store__tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
