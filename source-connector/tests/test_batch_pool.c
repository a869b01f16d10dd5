#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../batch_pool.h"

static void test_take__is_empty_even_if_it_was_used_before(void **state)
{
    struct batch_pool *pool = batch_pool_new();
    struct change_batch *first = batch_pool_take(pool);
    change_batch_add(first)->topic = "a";
    change_batch_add(first);
    first->batch.commit = true;
    first->batch.offset_count = 3;
    first->value_bytes = 10;
    memset(ks_arena_alloc(&first->arena, 100), 1, 100);
    first->batch.release(&first->batch);
    struct change_batch *again = batch_pool_take(pool);
    assert_ptr_equal(again, first);
    assert_int_equal(again->batch.record_count, 0);
    assert_int_equal(again->batch.offset_count, 0);
    assert_false(again->batch.commit);
    assert_int_equal(again->value_bytes, 0);
    assert_null(change_batch_add(again)->topic);
    batch_pool_give(again);
    batch_pool_free(pool);
}

static void test_take__batches_that_are_out_stay_apart(void **state)
{
    struct batch_pool *pool = batch_pool_new();
    struct change_batch *a = batch_pool_take(pool), *b = batch_pool_take(pool);
    assert_ptr_not_equal(a, b);
    char *in_a = ks_arena_strndup(&a->arena, "kept", 4);
    batch_pool_give(b);
    b = batch_pool_take(pool);
    ks_arena_strndup(&b->arena, "other", 5);
    assert_string_equal(in_a, "kept");
    batch_pool_give(a);
    batch_pool_give(b);
    batch_pool_free(pool);
}

/* Memory is bounded. */
static void test_release__keeps_few(void **state)
{
    enum { MANY = 20 };
    struct batch_pool *pool = batch_pool_new();
    struct change_batch *out[MANY];
    for (int i = 0; i < MANY; i++)
        change_batch_add(out[i] = batch_pool_take(pool));
    for (int i = 0; i < MANY; i++)
        out[i]->batch.release(&out[i]->batch);
    size_t kept = 0; /* one that is new has no room for records yet */
    for (int i = 0; i < MANY; i++)
        kept += (out[i] = batch_pool_take(pool))->record_cap > 0;
    assert_in_range(kept, 1, 8);
    for (int i = 0; i < MANY; i++)
        batch_pool_give(out[i]);
    batch_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take__is_empty_even_if_it_was_used_before),
        cmocka_unit_test(test_take__batches_that_are_out_stay_apart),
        cmocka_unit_test(test_release__keeps_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
