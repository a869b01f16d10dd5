/* The order of one release, on lists written down as text: "d<id>" creates collection <id>, "p<id>"
 * a partition of collection 1, "x<id>" drops a collection; a record is "<kind><offset>". */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../release_list.h"
#include "alloc.h"

struct lists {
    struct release_list list;
    struct catalogue *emitted;
};

static void lists_open(struct lists *l)
{
    *l = (struct lists){.emitted = catalogue_new()};
    for (int i = 0; i < 3; i++)
        release_list_rank(&l->list, i, 2 - i); /* channel 2 is the first by name */
}

static struct pending_ddl *make_ddl(enum ddl_kind kind, uint64_t tick, int64_t collection_id,
                                    int64_t partition_id)
{
    struct pending_ddl *p = xcalloc(1, sizeof(*p));
    struct ddl *d = p->ddl = ks_arena_zalloc(&p->arena, sizeof(*d));
    struct ddl_schema *schema = ks_arena_zalloc(&p->arena, sizeof(*schema));
    *d = (struct ddl){.kind = kind,
                      .tick = tick,
                      .db = "default",
                      .db_id = 1,
                      .collection_id = collection_id,
                      .partition_id = partition_id,
                      .partition = partition_id ? "p" : NULL};
    d->collection = ks_arena_printf(&p->arena, "c%d", (int)collection_id);
    *schema = (struct ddl_schema){.name = d->collection, .description = ""};
    if (kind == DDL_CREATE_COLLECTION)
        d->schema = schema;
    return p;
}

static void emitted(struct lists *l, int64_t collection_id)
{
    struct pending_ddl *p = make_ddl(DDL_CREATE_COLLECTION, 1, collection_id, 0);
    p->ddl->seq = collection_id;
    assert_true(catalogue_apply(l->emitted, p->ddl));
    pending_ddl_free(p);
}

static void add_ddl(struct lists *l, enum ddl_kind kind, uint64_t tick, int64_t collection_id,
                    int64_t partition_id)
{
    release_list_add_ddl(&l->list, make_ddl(kind, tick, collection_id, partition_id));
}

static void add(struct lists *l, enum mq_kind kind, uint64_t tick, int channel,
                int64_t collection_id, int64_t partition_id, int64_t offset)
{
    struct mq_record *rec = xcalloc(1, sizeof(*rec));
    *rec = (struct mq_record){.kind = kind,
                              .channel = channel,
                              .offset = offset,
                              .end_tick = tick,
                              .collection_id = collection_id,
                              .partition_id = partition_id};
    release_list_add_record(&l->list, rec);
}

static void expect(struct lists *l, const char *wanted)
{
    char text[256] = "";
    struct release_entry e, peeked;
    release_list_order(&l->list, l->emitted);
    while (release_list_peek(&l->list, &peeked)) {
        size_t at = strlen(text);
        assert_true(release_list_next(&l->list, &e));
        assert_ptr_equal(e.ddl, peeked.ddl);
        assert_ptr_equal(e.record, peeked.record);
        if (e.record)
            snprintf(text + at, sizeof text - at, "%c%d ", e.record->kind == MQ_INSERT ? 'i' : 'k',
                     (int)e.record->offset);
        else if (e.ddl->ddl->kind == DDL_CREATE_PARTITION)
            snprintf(text + at, sizeof text - at, "p%d ", (int)e.ddl->ddl->partition_id);
        else
            snprintf(text + at, sizeof text - at, "%c%d ",
                     e.ddl->ddl->kind == DDL_CREATE_COLLECTION ? 'd' : 'x',
                     (int)e.ddl->ddl->collection_id);
        pending_ddl_free(e.ddl);
        free(e.record);
    }
    assert_false(release_list_next(&l->list, &e));
    assert_string_equal(text, wanted);
    release_list_release(&l->list);
    catalogue_free(l->emitted);
}

static void test_order__by_tick_ddl_before_rows(void **state)
{
    struct lists l;
    lists_open(&l);
    emitted(&l, 1);
    add(&l, MQ_INSERT, 30, 0, 1, 0, 3);
    add(&l, MQ_INSERT, 10, 0, 1, 0, 1);
    add(&l, MQ_INSERT, 20, 0, 1, 0, 2);
    add_ddl(&l, DDL_CREATE_COLLECTION, 20, 2, 0);
    add_ddl(&l, DDL_DROP_COLLECTION, 31, 1, 0);
    expect(&l, "i1 d2 i2 i3 x1 ");
}

static void test_order__one_tick_by_channel_collection_kind_offset(void **state)
{
    struct lists l;
    lists_open(&l);
    emitted(&l, 1);
    emitted(&l, 2);
    add(&l, MQ_INSERT, 10, 0, 1, 0, 1);
    add(&l, MQ_INSERT, 10, 1, 2, 0, 2);
    add(&l, MQ_INSERT, 10, 1, 1, 0, 4);
    add(&l, MQ_INSERT, 10, 1, 1, 0, 3);
    add(&l, MQ_DELETE, 10, 1, 1, 0, 5);
    add(&l, MQ_DELETE, 10, 2, 1, 0, 6);
    expect(&l, "k6 k5 i3 i4 i2 i1 ");
}

static void test_order__row_goes_just_after_the_create_it_needs(void **state)
{
    struct lists l;
    lists_open(&l);
    emitted(&l, 1);
    add(&l, MQ_INSERT, 10, 0, 2, 0, 1); /* older than its collection's create */
    add(&l, MQ_INSERT, 11, 0, 1, 7, 2); /* older than its partition's */
    add(&l, MQ_INSERT, 12, 0, 1, 0, 3);
    add(&l, MQ_INSERT, 13, 0, 2, 0, 4);
    add_ddl(&l, DDL_CREATE_COLLECTION, 20, 2, 0);
    add_ddl(&l, DDL_CREATE_PARTITION, 21, 1, 7);
    expect(&l, "i3 d2 i1 i4 p7 i2 ");
}

static void test_order__ddl_keep_theirs_when_ticks_are_equal(void **state)
{
    struct lists l;
    lists_open(&l);
    add_ddl(&l, DDL_CREATE_COLLECTION, 10, 1, 0);
    add_ddl(&l, DDL_DROP_COLLECTION, 10, 1, 0);
    add_ddl(&l, DDL_CREATE_COLLECTION, 10, 2, 0);
    expect(&l, "d1 x1 d2 ");
}

static void test_order__nothing(void **state)
{
    struct lists l;
    lists_open(&l);
    expect(&l, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order__by_tick_ddl_before_rows),
        cmocka_unit_test(test_order__one_tick_by_channel_collection_kind_offset),
        cmocka_unit_test(test_order__row_goes_just_after_the_create_it_needs),
        cmocka_unit_test(test_order__ddl_keep_theirs_when_ticks_are_equal),
        cmocka_unit_test(test_order__nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
