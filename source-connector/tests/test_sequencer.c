/* Cases of the sequencer that random histories seldom hit: rows nobody misses, a pchannel whose
 * ticks end, flushes, positions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../sequencer.h"
#include "alloc.h"

struct seq {
    struct sequencer *s;
    struct catalogue *emitted;
    enum row_fate fate;
    int64_t offset[2];
    int64_t msg_id;
};

static enum row_fate fate(void *arg, int64_t id, uint64_t tick)
{
    return ((struct seq *)arg)->fate;
}

/* Two channels, "a" = 0 and "b" = 1, read from offset 0. */
static void seq_open(struct seq *q, uint64_t released)
{
    *q = (struct seq){.emitted = catalogue_new(), .fate = ROW_UNKNOWN};
    q->s = sequencer_new(&(struct sequencer_options){
        .emitted = q->emitted, .fate = fate, .fate_arg = q, .released = released});
    sequencer_add_channel(q->s, "a", 0, released);
    sequencer_add_channel(q->s, "b", 0, released);
}

static void seq_close(struct seq *q)
{
    sequencer_free(q->s);
    catalogue_free(q->emitted);
}

static struct pending_ddl *make_ddl(enum ddl_kind kind, uint64_t tick, int64_t id)
{
    struct pending_ddl *p = xcalloc(1, sizeof(*p));
    struct ddl *d = p->ddl = ks_arena_zalloc(&p->arena, sizeof(*d));
    struct ddl_schema *schema = ks_arena_zalloc(&p->arena, sizeof(*schema));
    *d = (struct ddl){.kind = kind, .db = "default", .db_id = 1, .collection_id = id};
    d->collection = ks_arena_printf(&p->arena, "c%d", (int)id);
    *schema = (struct ddl_schema){.name = d->collection, .description = ""};
    if (kind == DDL_CREATE_COLLECTION)
        d->schema = schema;
    p->own_tick = tick;
    return p;
}

/* A collection of the stream that lives since tick 1. */
static void existing(struct seq *q, int64_t id, int channel)
{
    struct pending_ddl *p = make_ddl(DDL_CREATE_COLLECTION, 1, id);
    p->ddl->seq = id;
    assert_true(catalogue_apply(q->emitted, p->ddl));
    pending_ddl_free(p);
    sequencer_use(q->s, channel, id, 0);
}

static void add_ddl(struct seq *q, enum ddl_kind kind, uint64_t tick, int64_t id, int64_t revision)
{
    struct pending_ddl *p = make_ddl(kind, tick, id);
    p->revision = revision;
    sequencer_add_ddl(q->s, p);
    sequencer_delivered(q->s, revision);
}

static enum ks_status add(struct seq *q, int channel, enum mq_kind kind, uint64_t tick, int64_t id)
{
    struct ks_error err;
    struct mq_record *rec = xcalloc(1, sizeof(*rec));
    *rec = (struct mq_record){.kind = kind,
                              .channel = channel,
                              .offset = q->offset[channel]++,
                              .msg_id = kind == MQ_TICK ? 0 : ++q->msg_id,
                              .begin_tick = tick,
                              .end_tick = tick,
                              .collection_id = id,
                              .row_count = 1};
    return sequencer_add_record(q->s, rec, &err);
}

static void flush(struct seq *q, int channel, uint64_t tick)
{
    struct pending_ddl *p = make_ddl(DDL_FLUSH, tick, 0);
    sequencer_add_mq_ddl(q->s, p, channel, q->offset[channel]);
    assert_int_equal(add(q, channel, MQ_FLUSH, tick, 0), KS_OK);
}

/* Releases what can be; the list as text: "d<id>" or "f<own tick>" for DDL, "r<tick>" per record.
 */
static const char *released(struct seq *q, uint64_t idle_tick)
{
    static char text[256];
    struct sequencer_item item;
    struct ks_error err;
    bool more = true;
    text[0] = '\0';
    sequencer_release(q->s, sequencer_candidate(q->s, idle_tick));
    while (sequencer_next(q->s, &item, &more, &err) == KS_OK && more) {
        size_t at = strlen(text);
        if (item.kind == SEQUENCER_ROWS) {
            for (size_t i = 0; i < item.record_count; i++, at = strlen(text))
                snprintf(text + at, sizeof text - at, "r%d ", (int)item.tick);
            continue;
        }
        struct ddl *ddl = item.take_ddl->ddl;
        if (ddl->kind == DDL_FLUSH)
            snprintf(text + at, sizeof text - at, "f%d ", (int)item.take_ddl->own_tick);
        else
            snprintf(text + at, sizeof text - at, "d%d ", (int)ddl->collection_id);
        ddl->seq = 1000;
        catalogue_apply(q->emitted, ddl);
        pending_ddl_free(item.take_ddl);
    }
    return text;
}

static void test_add_record__late_row_of_a_living_collection_is_an_error(void **state)
{
    struct seq q;
    seq_open(&q, 0);
    existing(&q, 1, 0);
    add(&q, 0, MQ_TICK, 100, 0);
    released(&q, 0);
    assert_int_equal(add(&q, 0, MQ_INSERT, 90, 1), KS_ERR_FATAL);
    seq_close(&q);
}

static void test_add_record__late_row_of_a_dropped_collection_is_counted(void **state)
{
    struct seq q;
    seq_open(&q, 0);
    existing(&q, 1, 0);
    existing(&q, 2, 1);
    add(&q, 0, MQ_TICK, 100, 0);
    add(&q, 1, MQ_TICK, 100, 0);
    add_ddl(&q, DDL_DROP_COLLECTION, 95, 2, 1);
    assert_string_equal(released(&q, 0), "d2 ");
    add(&q, 0, MQ_TICK, 200, 0);
    released(&q, 0);
    q.fate =
        ROW_DROPPED; /* written while it was dropped, on a channel that W no longer waits for */
    assert_int_equal(add(&q, 1, MQ_INSERT, 150, 2), KS_OK);
    assert_int_equal(sequencer_counters(q.s)->dropped_records, 1);
    seq_close(&q);
}

static void test_release__drop_moved_behind_the_last_tick_of_its_channel(void **state)
{
    struct seq q;
    seq_open(&q, 0);
    existing(&q, 1, 0);
    existing(&q, 2, 1);
    /* Revision order puts a change of tick 110 before the drop of tick 100. */
    add_ddl(&q, DDL_CREATE_COLLECTION, 110, 3, 1);
    sequencer_use(q.s, 0, 3, 110);
    add_ddl(&q, DDL_DROP_COLLECTION, 100, 2, 2);
    add(&q, 0, MQ_TICK, 90, 0);
    add(&q, 1, MQ_INSERT, 98, 2);
    assert_string_equal(released(&q, 0), "");
    add(&q, 1, MQ_TICK, 105, 0); /* the last one on "b" */
    add(&q, 0, MQ_TICK, 120, 0);
    assert_string_equal(released(&q, 0), "r98 d3 d2 ");
    assert_int_equal(sequencer_released(q.s), 120);
    seq_close(&q);
}

static void test_release__drop_waits_for_the_rows_before_it(void **state)
{
    struct seq q;
    seq_open(&q, 0);
    existing(&q, 1, 0);
    existing(&q, 2, 1);
    add_ddl(&q, DDL_DROP_COLLECTION, 100, 2, 1);
    add(&q, 0, MQ_TICK, 120, 0);
    add(&q, 1, MQ_TICK, 95, 0);
    assert_string_equal(released(&q, 0), "");
    assert_int_equal(sequencer_released(q.s), 95);
    add(&q, 1, MQ_INSERT, 99, 2);
    add(&q, 1, MQ_TICK, 101, 0);
    assert_string_equal(released(&q, 0), "r99 d2 ");
    seq_close(&q);
}

static void test_release__with_no_channel_in_use_a_drop_without_time_is_released(void **state)
{
    struct seq q;
    seq_open(&q, 500);
    existing(&q, 2, 1);
    add_ddl(&q, DDL_DROP_COLLECTION, 0, 2, 1);
    add(&q, 1, MQ_TICK, 501, 0);
    assert_int_equal(sequencer_last_ddl_tick(q.s), 501);
    assert_string_equal(released(&q, sequencer_last_ddl_tick(q.s)), "d2 ");
    assert_int_equal(sequencer_last_ddl_tick(q.s), 0);
    seq_close(&q);
}

static void test_position__last_tick_is_held_only_while_the_channel_is_used(void **state)
{
    struct seq q;
    seq_open(&q, 0);
    existing(&q, 1, 0);
    existing(&q, 2, 1);
    add(&q, 0, MQ_TICK, 100, 0);
    add(&q, 1, MQ_TICK, 130, 0);
    released(&q, 0);
    assert_int_equal(sequencer_position(q.s, 1), 0); /* tick 130 is needed again */
    add_ddl(&q, DDL_DROP_COLLECTION, 99, 2, 1);
    assert_int_equal(sequencer_position(q.s, 1), 0);
    add(&q, 0, MQ_TICK, 101, 0);
    assert_string_equal(released(&q, 0), "d2 ");
    assert_int_equal(sequencer_position(q.s, 1), 1);
    seq_close(&q);
}

static void test_use__new_collection_on_a_channel_whose_last_drop_waits(void **state)
{
    struct seq q;
    seq_open(&q, 0);
    existing(&q, 1, 0);
    existing(&q, 2, 1);
    add(&q, 1, MQ_TICK, 105, 0);
    add_ddl(&q, DDL_DROP_COLLECTION, 100, 2, 1);
    sequencer_use(q.s, 1, 3, 200);
    add_ddl(&q, DDL_CREATE_COLLECTION, 200, 3, 2);
    add(&q, 0, MQ_TICK, 190, 0);
    assert_string_equal(released(&q, 0), "d2 ");
    assert_int_equal(sequencer_released(q.s), 190); /* not held at 105 */
    add(&q, 0, MQ_TICK, 300, 0);
    assert_string_equal(released(&q, 0), "");
    assert_int_equal(sequencer_released(q.s), 199);
    seq_close(&q);
}

static void test_use__of_two_creates_the_first_decides(void **state)
{
    struct seq q;
    seq_open(&q, 100);
    sequencer_use(q.s, 1, 9, 300); /* lives now */
    sequencer_use(q.s, 1, 8, 200); /* came and went on the same channel */
    add_ddl(&q, DDL_CREATE_COLLECTION, 200, 8, 1);
    add_ddl(&q, DDL_DROP_COLLECTION, 250, 8, 2);
    add_ddl(&q, DDL_CREATE_COLLECTION, 300, 9, 3);
    released(&q, 0);
    assert_int_equal(sequencer_released(q.s), 199);
    assert_int_equal(add(&q, 1, MQ_INSERT, 220, 8), KS_OK);
    add(&q, 1, MQ_TICK, 310, 0);
    assert_string_equal(released(&q, 0), "d8 r220 d8 d9 ");
    seq_close(&q);
}

static void test_add_mq_ddl__in_the_order_of_offsets(void **state)
{
    struct seq q;
    seq_open(&q, 0);
    existing(&q, 1, 0);
    flush(&q, 1, 100);
    flush(&q, 1, 90);
    add(&q, 0, MQ_TICK, 95, 0);
    assert_string_equal(released(&q, 0), "");
    assert_int_equal(sequencer_position(q.s, 1), 0);
    add(&q, 0, MQ_TICK, 101, 0);
    assert_string_equal(released(&q, 0), "f100 f90 ");
    assert_int_equal(sequencer_position(q.s, 1), 2);
    seq_close(&q);
}

static void test_add_mq_ddl__that_came_late_is_not_lost(void **state)
{
    struct seq q;
    seq_open(&q, 0);
    existing(&q, 1, 0);
    add(&q, 0, MQ_TICK, 100, 0);
    released(&q, 0);
    flush(&q, 1, 90);
    assert_int_equal(sequencer_position(q.s, 1), 0);
    add(&q, 0, MQ_TICK, 101, 0);
    assert_string_equal(released(&q, 0), "f90 ");
    assert_int_equal(sequencer_counters(q.s)->late_ddl, 1);
    seq_close(&q);
}

static void test_add_mq_ddl__read_again_after_a_restart(void **state)
{
    struct seq q;
    seq_open(&q, 100);
    existing(&q, 1, 0);
    flush(&q, 0, 99); /* on a channel with ticks: W says that it is out */
    add(&q, 0, MQ_TICK, 100, 0);
    flush(&q, 0, 150);
    add(&q, 0, MQ_TICK, 160, 0);
    assert_string_equal(released(&q, 0), "f150 ");
    seq_close(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_record__late_row_of_a_living_collection_is_an_error),
        cmocka_unit_test(test_add_record__late_row_of_a_dropped_collection_is_counted),
        cmocka_unit_test(test_release__drop_moved_behind_the_last_tick_of_its_channel),
        cmocka_unit_test(test_release__drop_waits_for_the_rows_before_it),
        cmocka_unit_test(test_release__with_no_channel_in_use_a_drop_without_time_is_released),
        cmocka_unit_test(test_position__last_tick_is_held_only_while_the_channel_is_used),
        cmocka_unit_test(test_use__new_collection_on_a_channel_whose_last_drop_waits),
        cmocka_unit_test(test_use__of_two_creates_the_first_decides),
        cmocka_unit_test(test_add_mq_ddl__in_the_order_of_offsets),
        cmocka_unit_test(test_add_mq_ddl__that_came_late_is_not_lost),
        cmocka_unit_test(test_add_mq_ddl__read_again_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
