#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../ddl_queue.h"
#include "alloc.h"

/* ---- making DDL ---- */

static int64_t reached_offset; /* of every partition */

static bool reached(void *arg, const struct ks_topic_partition *position)
{
    return position->offset <= *(int64_t *)arg;
}

static struct ddl_queue *new_queue(void)
{
    reached_offset = INT64_MAX;
    return ddl_queue_new(reached, &reached_offset);
}

static struct ddl make(enum ddl_kind kind, const char *db, const char *collection, int64_t id)
{
    return (struct ddl){
        .kind = kind, .cluster = "c", .db = db, .collection = collection, .collection_id = id};
}

/* Its seq is its place. */
static struct queued_ddl *add(struct ddl_queue *q, struct ddl ddl)
{
    struct queued_ddl *item = xcalloc(1, sizeof(*item));
    ddl.seq = (int64_t)ddl_queue_count(q) + 1;
    item->ddl = ddl_copy(&ddl, &item->arena);
    ddl_queue_add(q, item);
    return item;
}

/* seq of what may be applied next; 0: nothing. */
static int64_t next_seq(struct ddl_queue *q)
{
    struct queued_ddl *item = ddl_queue_next(q, 0);
    return item ? item->ddl->seq : 0;
}

/* Of two DDL, does the later one wait for the earlier? */
static bool depends(struct ddl earlier, struct ddl later)
{
    struct ddl_queue *q = new_queue();
    struct queued_ddl *first = add(q, earlier);
    add(q, later);
    assert_int_equal(next_seq(q), 1);
    bool waits = next_seq(q) == 0;
    ddl_queue_done(q, first);
    assert_int_equal(next_seq(q), waits ? 2 : 0);
    ddl_queue_free(q);
    return waits;
}

static struct ddl rename_to(const char *old_name, const char *name, int64_t id)
{
    struct ddl d = make(DDL_RENAME_COLLECTION, "default", name, id);
    d.old_db = "default";
    d.old_collection = old_name;
    return d;
}

static struct ddl alias_of(enum ddl_kind kind, const char *alias, const char *collection,
                           int64_t id)
{
    struct ddl d = make(kind, "default", collection, id);
    d.alias = alias;
    return d;
}

static struct ddl flush_of(const char *db, const char *const *names, size_t count)
{
    struct ddl d = make(DDL_FLUSH, db, NULL, 0);
    d.collections = names;
    d.collection_count = count;
    return d;
}

/* ---- what waits for what ---- */

static void test_ddl_queue_next__one_collection_in_order(void **state)
{
    assert_true(depends(make(DDL_CREATE_COLLECTION, "default", "a", 1),
                        make(DDL_CREATE_INDEX, "default", "a", 1)));
    assert_true(depends(make(DDL_LOAD_COLLECTION, "default", "a", 1),
                        make(DDL_CREATE_PARTITION, "default", "a", 1)));
}

static void test_ddl_queue_next__two_collections_side_by_side(void **state)
{
    assert_false(depends(make(DDL_CREATE_COLLECTION, "default", "a", 1),
                         make(DDL_CREATE_COLLECTION, "default", "b", 2)));
    assert_false(depends(make(DDL_DROP_COLLECTION, "default", "a", 1),
                         make(DDL_CREATE_COLLECTION, "default", "b", 2)));
    assert_false(depends(make(DDL_CREATE_COLLECTION, "default", "a", 1),
                         make(DDL_CREATE_COLLECTION, "other", "a", 2)));
}

static void test_ddl_queue_next__name_used_again(void **state)
{
    assert_true(depends(make(DDL_DROP_COLLECTION, "default", "a", 1),
                        make(DDL_CREATE_COLLECTION, "default", "a", 2)));
    assert_true(depends(rename_to("a", "b", 1), make(DDL_CREATE_COLLECTION, "default", "a", 2)));
    assert_true(depends(make(DDL_DROP_COLLECTION, "default", "b", 2), rename_to("a", "b", 1)));
    assert_true(depends(rename_to("a", "b", 1), rename_to("c", "a", 3)));
    assert_false(depends(rename_to("a", "b", 1), rename_to("c", "d", 3)));
}

static void test_ddl_queue_next__rename_between_databases(void **state)
{
    struct ddl d = rename_to("a", "a", 1);
    d.db = "other";
    assert_true(depends(d, make(DDL_DROP_DATABASE, "default", NULL, 0)));
    assert_true(depends(make(DDL_CREATE_DATABASE, "other", NULL, 0), d));
    assert_true(depends(d, make(DDL_CREATE_COLLECTION, "default", "a", 2)));
    assert_false(depends(d, make(DDL_DROP_DATABASE, "third", NULL, 0)));
}

static void test_ddl_queue_next__database(void **state)
{
    struct ddl create = make(DDL_CREATE_DATABASE, "d1", NULL, 0);
    struct ddl drop = make(DDL_DROP_DATABASE, "d1", NULL, 0);
    assert_true(depends(create, make(DDL_CREATE_COLLECTION, "d1", "a", 1)));
    assert_true(depends(make(DDL_DROP_COLLECTION, "d1", "a", 1), drop));
    assert_true(depends(drop, create));
    assert_false(depends(create, make(DDL_CREATE_COLLECTION, "d2", "a", 1)));
    assert_false(depends(create, make(DDL_CREATE_DATABASE, "d2", NULL, 0)));
}

static void test_ddl_queue_next__alias(void **state)
{
    struct ddl drop = alias_of(DDL_DROP_ALIAS, "x", NULL, 0);
    assert_true(depends(drop, alias_of(DDL_CREATE_ALIAS, "x", "b", 2)));
    assert_true(depends(drop, make(DDL_CREATE_COLLECTION, "default", "x", 3)));
    assert_true(depends(make(DDL_CREATE_COLLECTION, "default", "a", 1),
                        alias_of(DDL_CREATE_ALIAS, "x", "a", 1)));
    assert_false(
        depends(alias_of(DDL_CREATE_ALIAS, "x", "a", 1), alias_of(DDL_CREATE_ALIAS, "y", "b", 2)));
}

/* A dropped collection takes its aliases along, which the queue does not know by name. */
static void test_ddl_queue_next__alias_of_a_dropped_collection(void **state)
{
    struct ddl drop = make(DDL_DROP_COLLECTION, "default", "a", 1);
    assert_true(depends(drop, alias_of(DDL_CREATE_ALIAS, "x", "b", 2)));
    assert_true(depends(drop, alias_of(DDL_ALTER_ALIAS, "x", "b", 2)));
    assert_false(depends(alias_of(DDL_CREATE_ALIAS, "x", "b", 2), drop));
    drop.db = "other";
    assert_false(depends(drop, alias_of(DDL_CREATE_ALIAS, "x", "b", 2)));
}

static void test_ddl_queue_next__flush(void **state)
{
    static const char *const names[] = {"a", "b"};
    struct ddl flush = flush_of("default", names, 2);
    assert_true(depends(make(DDL_CREATE_COLLECTION, "default", "b", 2), flush));
    assert_true(depends(flush, make(DDL_DROP_COLLECTION, "default", "a", 1)));
    assert_true(depends(flush, rename_to("a", "z", 1)));
    assert_false(depends(flush, flush_of("default", names, 1)));
    assert_false(depends(flush, make(DDL_DROP_COLLECTION, "default", "c", 3)));
    assert_false(depends(flush, make(DDL_DROP_COLLECTION, "other", "a", 4)));
}

/* ---- rows ---- */

static void test_ddl_queue_next__waits_for_rows(void **state)
{
    struct ddl_queue *q = new_queue();
    const struct ks_topic_partition after[] = {{"t", 0, 10}, {"t", 1, 20}};
    struct ddl drop = make(DDL_DROP_COLLECTION, "default", "a", 1);
    drop.after = after;
    drop.after_count = 2;
    add(q, drop);
    add(q, make(DDL_CREATE_COLLECTION, "default", "b", 2));
    reached_offset = 10;
    assert_int_equal(next_seq(q), 2);
    assert_int_equal(next_seq(q), 0);
    reached_offset = 20;
    assert_int_equal(next_seq(q), 1);
    ddl_queue_free(q);
}

/* ---- failures ---- */

static void test_ddl_queue_fail__holds_only_what_depends_on_it(void **state)
{
    struct ddl_queue *q = new_queue();
    struct queued_ddl *create = add(q, make(DDL_CREATE_COLLECTION, "default", "a", 1));
    add(q, make(DDL_CREATE_INDEX, "default", "a", 1));
    add(q, make(DDL_CREATE_COLLECTION, "default", "b", 2));
    assert_int_equal(next_seq(q), 1);
    ddl_queue_fail(create, "another schema");
    assert_string_equal(create->reason, "another schema");
    assert_int_equal(next_seq(q), 3);
    assert_int_equal(next_seq(q), 0);
    assert_int_equal(ddl_queue_count(q), 3);
    ddl_queue_free(q);
}

static void test_ddl_queue_fail__one_collection_with_a_thousand_ddl(void **state)
{
    struct ddl_queue *q = new_queue();
    for (int i = 0; i < 1000; i++)
        add(q, make(DDL_LOAD_COLLECTION, "default", "a", 1));
    assert_int_equal(next_seq(q), 1);
    ddl_queue_fail((struct queued_ddl *)ddl_queue_each(q, NULL), "no");
    add(q, make(DDL_CREATE_COLLECTION, "default", "b", 2));
    assert_int_equal(next_seq(q), 1001);
    ddl_queue_free(q);
}

static void test_ddl_queue_again__waits_and_holds(void **state)
{
    struct ddl_queue *q = new_queue();
    struct queued_ddl *create = add(q, make(DDL_CREATE_COLLECTION, "default", "a", 1));
    add(q, make(DDL_CREATE_INDEX, "default", "a", 1));
    assert_ptr_equal(ddl_queue_next(q, 100), create);
    ddl_queue_again(create, 200, "not now");
    assert_string_equal(create->reason, "not now");
    assert_null(ddl_queue_next(q, 199));
    assert_ptr_equal(ddl_queue_next(q, 200), create);
    ddl_queue_free(q);
}

static void test_ddl_queue_fail__long_reason(void **state)
{
    struct ddl_queue *q = new_queue();
    struct queued_ddl *item = add(q, make(DDL_CREATE_COLLECTION, "default", "a", 1));
    char *reason = xmalloc(2001);
    memset(reason, 'x', 2000);
    reason[2000] = '\0';
    ddl_queue_fail(item, reason);
    assert_int_equal(strlen(item->reason), sizeof(item->reason) - 1);
    free(reason);
    ddl_queue_free(q);
}

/* ---- giving up before a drop ---- */

static void sum_seq(void *arg, const struct ddl *ddl)
{
    *(int64_t *)arg += ddl->seq;
}

static void test_ddl_queue_abandon__lets_the_drop_run(void **state)
{
    struct ddl_queue *q = new_queue();
    int64_t abandoned = 0;
    struct queued_ddl *create = add(q, make(DDL_CREATE_COLLECTION, "default", "a", 1));
    add(q, make(DDL_CREATE_INDEX, "default", "a", 1));
    add(q, make(DDL_CREATE_COLLECTION, "default", "b", 2));
    assert_int_equal(next_seq(q), 1);
    ddl_queue_fail(create, "no");
    assert_false(ddl_queue_has_drop(q, 1));
    add(q, make(DDL_DROP_COLLECTION, "default", "a", 1));
    assert_true(ddl_queue_has_drop(q, 1));
    assert_false(ddl_queue_has_drop(q, 2));
    ddl_queue_abandon(q, 1, sum_seq, &abandoned);
    assert_int_equal(abandoned, 1 + 2);
    assert_int_equal(ddl_queue_count(q), 2);
    assert_int_equal(next_seq(q), 3);
    assert_int_equal(next_seq(q), 4);
    ddl_queue_free(q);
}

static void test_ddl_queue_abandon__leaves_what_runs(void **state)
{
    struct ddl_queue *q = new_queue();
    int64_t abandoned = 0;
    add(q, make(DDL_CREATE_COLLECTION, "default", "a", 1));
    add(q, make(DDL_DROP_COLLECTION, "default", "a", 1));
    struct queued_ddl *running = ddl_queue_next(q, 0);
    ddl_queue_abandon(q, 1, sum_seq, &abandoned);
    assert_int_equal(abandoned, 0);
    assert_int_equal(next_seq(q), 0);
    ddl_queue_done(q, running);
    assert_int_equal(next_seq(q), 2);
    ddl_queue_free(q);
}

static bool is_of_b(void *arg, const struct ddl *ddl)
{
    return ddl->collection_id == 2;
}

static void test_ddl_queue_remove_if__leaves_the_others(void **state)
{
    struct ddl_queue *q = new_queue();
    int64_t removed = 0;
    add(q, make(DDL_CREATE_COLLECTION, "default", "b", 2));
    add(q, make(DDL_CREATE_COLLECTION, "default", "a", 1));
    add(q, make(DDL_CREATE_INDEX, "default", "b", 2));
    add(q, make(DDL_DROP_COLLECTION, "default", "b", 2));
    assert_int_equal(next_seq(q), 1); /* runs: stays */
    ddl_queue_remove_if(q, is_of_b, sum_seq, &removed);
    assert_int_equal(removed, 3 + 4);
    assert_int_equal(ddl_queue_count(q), 2);
    assert_int_equal(next_seq(q), 2);
    ddl_queue_free(q);
}

static void test_ddl_queue_gates__what_rows_wait_for(void **state)
{
    struct ddl_queue *q = new_queue();
    add(q, make(DDL_CREATE_INDEX, "default", "a", 1));
    add(q, make(DDL_ALTER_COLLECTION, "default", "b", 2));
    add(q, make(DDL_ALTER_COLLECTION, "default", "a", 1));
    assert_false(ddl_queue_gates(q, 1, 1)); /* an index does not */
    assert_false(ddl_queue_gates(q, 1, 2)); /* another's does not */
    assert_true(ddl_queue_gates(q, 1, 3));
    assert_true(ddl_queue_gates(q, 1, 9));
    assert_false(ddl_queue_gates(q, 2, 1));
    assert_true(ddl_queue_gates(q, 2, 2));
    assert_true(ddl_queue_has(q, DDL_CREATE_INDEX, 1));
    assert_false(ddl_queue_has(q, DDL_CREATE_INDEX, 2));
    ddl_queue_free(q);
}

/* ---- the list ---- */

static void test_ddl_queue_done__keeps_the_list(void **state)
{
    struct ddl_queue *q = new_queue();
    struct queued_ddl *items[3];
    for (int64_t i = 0; i < 3; i++)
        items[i] = add(q, make(DDL_CREATE_COLLECTION, "default", i ? i > 1 ? "c" : "b" : "a", i));
    ddl_queue_done(q, items[1]);
    ddl_queue_done(q, items[2]); /* the last: the next one is put behind the first */
    add(q, make(DDL_CREATE_COLLECTION, "default", "d", 9));
    const struct queued_ddl *item = ddl_queue_each(q, NULL);
    assert_ptr_equal(item, items[0]);
    item = ddl_queue_each(q, item);
    assert_string_equal(item->ddl->collection, "d");
    assert_null(ddl_queue_each(q, item));
    assert_int_equal(ddl_queue_count(q), 2);
    ddl_queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ddl_queue_next__one_collection_in_order),
        cmocka_unit_test(test_ddl_queue_next__two_collections_side_by_side),
        cmocka_unit_test(test_ddl_queue_next__name_used_again),
        cmocka_unit_test(test_ddl_queue_next__rename_between_databases),
        cmocka_unit_test(test_ddl_queue_next__database),
        cmocka_unit_test(test_ddl_queue_next__alias),
        cmocka_unit_test(test_ddl_queue_next__alias_of_a_dropped_collection),
        cmocka_unit_test(test_ddl_queue_next__flush),
        cmocka_unit_test(test_ddl_queue_next__waits_for_rows),
        cmocka_unit_test(test_ddl_queue_fail__holds_only_what_depends_on_it),
        cmocka_unit_test(test_ddl_queue_fail__one_collection_with_a_thousand_ddl),
        cmocka_unit_test(test_ddl_queue_again__waits_and_holds),
        cmocka_unit_test(test_ddl_queue_fail__long_reason),
        cmocka_unit_test(test_ddl_queue_abandon__lets_the_drop_run),
        cmocka_unit_test(test_ddl_queue_abandon__leaves_what_runs),
        cmocka_unit_test(test_ddl_queue_remove_if__leaves_the_others),
        cmocka_unit_test(test_ddl_queue_gates__what_rows_wait_for),
        cmocka_unit_test(test_ddl_queue_done__keeps_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
