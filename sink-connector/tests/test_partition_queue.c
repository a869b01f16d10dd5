#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../partition_queue.h"
#include "alloc.h"

/* ---- batches of one record each, so that releases are seen one by one ---- */

enum { RECORDS = 1000 };

struct source {
    struct ks_record records[RECORDS];
    struct ks_sink_batch batches[RECORDS];
    struct partition_queue *queue;
};

static int released;

static void release(struct ks_sink_batch *batch)
{
    assert_non_null(batch->release); /* once */
    batch->release = NULL;
    released++;
}

/* Offsets 100, 101, …; values of 10 bytes. */
static struct source *source_new(void)
{
    struct source *s = xcalloc(1, sizeof(*s));
    released = 0;
    for (size_t i = 0; i < RECORDS; i++) {
        s->records[i] = (struct ks_record){
            .topic = "t", .offset = 100 + (int64_t)i, .value = {"0123456789", 10}};
        s->batches[i] = (struct ks_sink_batch){&s->records[i], 1, release};
    }
    s->queue = partition_queue_new("t", 0);
    return s;
}

static void source_free(struct source *s)
{
    partition_queue_free(s->queue);
    free(s);
}

static void push(struct source *s, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++) {
        struct batch_ref *ref = batch_ref_new(&s->batches[i]);
        partition_queue_push(s->queue, &s->records[i], ref);
        batch_ref_drop(ref);
    }
}

static struct partition_job *take(struct source *s, int64_t collection_id, size_t count)
{
    struct partition_job *pj = xcalloc(1, sizeof(*pj));
    pj->job = write_job_new();
    pj->collection_id = collection_id;
    partition_queue_take(s->queue, pj, count);
    return pj;
}

/* ---- tests ---- */

static void test_batch_ref__released_with_the_last_record(void **state)
{
    struct source *s = source_new();
    struct ks_sink_batch batch = {s->records, 3, release};
    struct batch_ref *ref = batch_ref_new(&batch);
    for (size_t i = 0; i < 3; i++)
        partition_queue_push(s->queue, &s->records[i], ref);
    batch_ref_drop(ref);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(released, 0);
        partition_queue_skip(s->queue);
    }
    assert_int_equal(released, 1);
    source_free(s);
}

static void test_batch_ref__nothing_in_it(void **state)
{
    struct source *s = source_new();
    batch_ref_drop(batch_ref_new(&s->batches[0]));
    assert_int_equal(released, 1);
    source_free(s);
}

static void test_partition_queue__order_through_the_ring(void **state)
{
    struct source *s = source_new();
    size_t in = 0, out = 0;
    while (out < RECORDS) {
        size_t room = RECORDS - in < 70 ? RECORDS - in : 70;
        push(s, in, room);
        in += room;
        for (size_t i = 0; i < 30 && out < in; i++, out++) {
            assert_int_equal(partition_queue_at(s->queue, 0)->offset, 100 + (int64_t)out);
            assert_int_equal(partition_queue_unacknowledged(s->queue), 100 + (int64_t)out);
            assert_int_equal(s->queue->queued_bytes, queued_record_bytes(s->records) * (in - out));
            partition_queue_skip(s->queue);
        }
        if (in > out)
            assert_int_equal(partition_queue_at(s->queue, in - out - 1)->offset, 99 + (int64_t)in);
    }
    assert_int_equal(partition_queue_unacknowledged(s->queue), -1);
    assert_int_equal(released, RECORDS);
    source_free(s);
}

/* Deletes of the flat shape have no value, and yet a backlog of them fills the memory. */
static void test_queued_record_bytes__without_value(void **state)
{
    const struct ks_record delete = {.key = {"k", 1}};
    const struct ks_record upsert = {.key = {"k", 1}, .value = {"0123456789", 10}};
    assert_true(queued_record_bytes(&delete) > 1);
    assert_int_equal(queued_record_bytes(&upsert), queued_record_bytes(&delete) + 10);
}

static void test_partition_queue_take__unacknowledged_until_finished(void **state)
{
    struct source *s = source_new();
    push(s, 0, 10);
    struct partition_job *first = take(s, 1, 4), *second = take(s, 1, 3);
    assert_int_equal(first->count, 4);
    assert_int_equal(first->bytes, 4 * queued_record_bytes(s->records));
    assert_int_equal(second->records[0].record->offset, 104);
    assert_int_equal(s->queue->job_count, 2);
    assert_int_equal(s->queue->queued_bytes, 3 * queued_record_bytes(s->records));
    assert_int_equal(partition_queue_unacknowledged(s->queue), 100);
    partition_queue_finish(s->queue, first);
    assert_int_equal(partition_queue_unacknowledged(s->queue), 104);
    assert_int_equal(released, 4);
    partition_queue_finish(s->queue, second);
    assert_int_equal(partition_queue_unacknowledged(s->queue), 107);
    assert_int_equal(s->queue->job_count, 0);
    /* The list of jobs begins anew. */
    struct partition_job *third = take(s, 1, 3);
    assert_ptr_equal(s->queue->jobs, third);
    partition_queue_finish(s->queue, third);
    assert_int_equal(partition_queue_unacknowledged(s->queue), -1);
    source_free(s);
}

static void test_partition_queue_give_up__frees_what_came_back(void **state)
{
    struct source *s = source_new();
    push(s, 0, 10);
    struct partition_job *first = take(s, 7, 4), *second = take(s, 7, 3);
    s->queue->broken = true;
    partition_queue_block(s->queue, "no such field");
    assert_int_equal(partition_queue_give_up(s->queue, 7), 0); /* still in the pool */
    first->ended = true;
    assert_int_equal(partition_queue_give_up(s->queue, 8), 0); /* another collection's */
    assert_int_equal(partition_queue_give_up(s->queue, 7), 4);
    assert_true(s->queue->broken);
    assert_non_null(s->queue->blocked);
    second->ended = true;
    assert_int_equal(partition_queue_give_up(s->queue, 7), 3);
    assert_false(s->queue->broken);
    assert_null(s->queue->blocked);
    assert_int_equal(partition_queue_unacknowledged(s->queue), 107);
    assert_int_equal(released, 7);
    source_free(s);
}

/* A partition that is blocked by a record of its own stays so. */
static void test_partition_queue_give_up__not_what_blocks_otherwise(void **state)
{
    struct source *s = source_new();
    push(s, 0, 1);
    partition_queue_block(s->queue, "cannot be decoded");
    assert_int_equal(partition_queue_give_up(s->queue, 7), 0);
    assert_string_equal(s->queue->blocked, "cannot be decoded");
    source_free(s);
}

static void test_partition_queue_block__reason(void **state)
{
    struct source *s = source_new();
    partition_queue_block(s->queue, "a");
    partition_queue_block(s->queue, "a");
    assert_string_equal(s->queue->blocked, "a");
    partition_queue_block(s->queue, "b");
    assert_string_equal(s->queue->blocked, "b");
    partition_queue_block(s->queue, NULL);
    assert_null(s->queue->blocked);
    source_free(s);
}

static void test_partition_queue_skip__looks_at_the_next_ddl_anew(void **state)
{
    struct source *s = source_new();
    push(s, 0, 2);
    s->queue->waits_for_seq = 5;
    partition_queue_skip(s->queue);
    assert_int_equal(s->queue->waits_for_seq, 0);
    source_free(s);
}

static void test_partition_queue_free__releases_everything(void **state)
{
    struct source *s = source_new();
    push(s, 0, 10);
    take(s, 1, 4);
    take(s, 1, 1);
    partition_queue_block(s->queue, "x");
    source_free(s);
    assert_int_equal(released, 10);
    partition_queue_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_ref__released_with_the_last_record),
        cmocka_unit_test(test_batch_ref__nothing_in_it),
        cmocka_unit_test(test_partition_queue__order_through_the_ring),
        cmocka_unit_test(test_queued_record_bytes__without_value),
        cmocka_unit_test(test_partition_queue_take__unacknowledged_until_finished),
        cmocka_unit_test(test_partition_queue_give_up__frees_what_came_back),
        cmocka_unit_test(test_partition_queue_give_up__not_what_blocks_otherwise),
        cmocka_unit_test(test_partition_queue_block__reason),
        cmocka_unit_test(test_partition_queue_skip__looks_at_the_next_ddl_anew),
        cmocka_unit_test(test_partition_queue_free__releases_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
