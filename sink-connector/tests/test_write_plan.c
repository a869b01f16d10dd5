/* Plans are compared with what they stand for: a model of Milvus to which the changes are applied
 * one by one, and to which the plan's steps are applied, must end the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../write_plan.h"

enum { KEYS = 12, PARTITIONS = 3, MAX_ROWS = 200, MAX_COPIES = 4 * MAX_ROWS };

static const char *const partition_names[PARTITIONS] = {"_default", "p1", "p2"};

/* ---- a model of Milvus: copies of rows ---- */

struct copy {
    int64_t key;
    int partition;
    int64_t offset; /* which change wrote it */
};
struct model {
    struct copy copies[MAX_COPIES];
    size_t count;
};

/* partition -1: all. */
static void model_delete(struct model *m, int64_t key, int partition)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->count; i++)
        if (m->copies[i].key != key || (partition >= 0 && m->copies[i].partition != partition))
            m->copies[kept++] = m->copies[i];
    m->count = kept;
}

static int partition_index(struct ks_slice name)
{
    for (int i = 0; i < PARTITIONS; i++)
        if (name.len == strlen(partition_names[i]) &&
            memcmp(name.data, partition_names[i], name.len) == 0)
            return i;
    return -1;
}

static void model_apply(struct model *m, enum write_kind kind, const struct change_row *row)
{
    int partition = partition_index(row->partition_name);
    if (kind != WRITE_INSERT)
        model_delete(m, row->pk_int, partition);
    if (kind != WRITE_DELETE)
        m->copies[m->count++] = (struct copy){row->pk_int, partition, row->offset};
}

static int compare_copies(const void *a, const void *b)
{
    const struct copy *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void assert_same(struct model *a, struct model *b)
{
    qsort(a->copies, a->count, sizeof(*a->copies), compare_copies);
    qsort(b->copies, b->count, sizeof(*b->copies), compare_copies);
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->copies[i].key, b->copies[i].key);
        assert_int_equal(a->copies[i].offset, b->copies[i].offset);
        assert_int_equal(a->copies[i].partition, b->copies[i].partition);
    }
}

/* ---- rows ---- */

static unsigned seed;

static int pick(int n)
{
    return rand_r(&seed) % n;
}

static struct ks_slice partition_slice(int i)
{
    if (i < 0)
        return (struct ks_slice){0};
    return (struct ks_slice){partition_names[i], strlen(partition_names[i])};
}

static struct change_row make_row(enum change_op op, int64_t key, int partition, int64_t offset)
{
    return (struct change_row){.op = op,
                               .collection_id = 1,
                               .pk_int = key,
                               .partition_name = partition_slice(partition),
                               .offset = offset,
                               .bytes = 10};
}

static size_t random_rows(struct change_row *rows)
{
    size_t count = (size_t)pick(MAX_ROWS);
    for (size_t i = 0; i < count; i++) {
        enum change_op op = (enum change_op)pick(3);
        int partition = op == CHANGE_DELETE && pick(2) ? -1 : pick(PARTITIONS);
        rows[i] = make_row(op, pick(KEYS), partition, (int64_t)i);
    }
    return count;
}

static enum write_kind plain_kind(const struct change_row *row, const struct write_plan_options *o)
{
    if (row->op == CHANGE_DELETE)
        return WRITE_DELETE;
    return row->op == CHANGE_UPDATE || o->always_upsert || row->offset < o->upsert_below
               ? WRITE_UPSERT
               : WRITE_INSERT;
}

/* Within one Upsert call a key stands once. */
static void assert_unique_keys(const struct write_step *step)
{
    for (size_t i = 0; step->kind == WRITE_UPSERT && i < step->row_count; i++)
        for (size_t k = 0; k < i; k++)
            assert_true(step->rows[i]->pk_int != step->rows[k]->pk_int);
}

static void apply_step(struct model *m, const struct write_step *step, struct ks_arena *arena)
{
    struct write_step half[2];
    if (pick(4) == 0 && write_step_split(step, arena, half)) {
        assert_int_equal(half[0].row_count + half[1].row_count, step->row_count);
        apply_step(m, &half[0], arena);
        apply_step(m, &half[1], arena);
        return;
    }
    assert_unique_keys(step);
    for (size_t i = 0; i < step->row_count; i++) {
        assert_int_equal(partition_index(step->rows[i]->partition_name),
                         partition_index(step->partition_name));
        model_apply(m, step->kind, step->rows[i]);
    }
}

static void check_random(struct write_plan_options options)
{
    static struct change_row rows[MAX_ROWS];
    static struct model expected, got;
    struct ks_arena arena = {0};
    struct write_plan plan;
    size_t changes = 0, count = random_rows(rows);
    expected.count = got.count = 0;
    for (size_t i = 0; i < count; i++)
        model_apply(&expected, plain_kind(&rows[i], &options), &rows[i]);
    write_plan_make(rows, count, &options, &arena, &plan);
    for (size_t s = 0; s < plan.step_count; s++) {
        assert_true(plan.steps[s].row_count <= options.max_rows);
        apply_step(&got, &plan.steps[s], &arena);
        changes += plan.steps[s].changes;
    }
    assert_int_equal(changes, count);
    assert_same(&expected, &got);
    ks_arena_release(&arena);
}

static void test_plan__does_what_the_rows_say(void **state)
{
    for (int round = 0; round < 3000; round++)
        check_random((struct write_plan_options){.max_rows = (size_t)(1 + pick(50)),
                                                 .max_bytes = (size_t)(1 + pick(1000)),
                                                 .always_upsert = pick(4) == 0,
                                                 .upsert_below = pick(3) ? 0 : pick(MAX_ROWS)});
}

static size_t steps_of(const struct change_row *rows, size_t count)
{
    struct write_plan_options options = {.max_rows = 1000, .max_bytes = 1 << 20};
    struct ks_arena arena = {0};
    struct write_plan plan;
    write_plan_make(rows, count, &options, &arena, &plan);
    ks_arena_release(&arena);
    return plan.step_count;
}

static void test_plan__few_steps(void **state)
{
    struct change_row rows[100];
    for (int i = 0; i < 100; i++)
        rows[i] = make_row(CHANGE_CREATE, i, 0, i);
    assert_int_equal(steps_of(rows, 100), 1);
    for (int i = 0; i < 100; i++) /* two partitions in turn */
        rows[i] = make_row(CHANGE_CREATE, i, i % 2, i);
    assert_int_equal(steps_of(rows, 100), 2);
    for (int i = 0; i < 100; i++) /* every key: insert, then delete */
        rows[i] = make_row(i % 2 ? CHANGE_DELETE : CHANGE_CREATE, i / 2, 0, i);
    assert_int_equal(steps_of(rows, 100), 2);
    for (int i = 0; i < 100; i++) /* one key, updated again and again */
        rows[i] = make_row(CHANGE_UPDATE, 5, 0, i);
    assert_int_equal(steps_of(rows, 100), 1);
    assert_int_equal(steps_of(rows, 0), 0);
}

static void test_plan__keeps_duplicate_inserts(void **state)
{
    struct change_row rows[2] = {make_row(CHANGE_CREATE, 1, 0, 0),
                                 make_row(CHANGE_CREATE, 1, 0, 1)};
    struct write_plan_options options = {.max_rows = 10, .max_bytes = 1000};
    struct ks_arena arena = {0};
    struct write_plan plan;
    write_plan_make(rows, 2, &options, &arena, &plan);
    assert_int_equal(plan.step_count, 1);
    assert_int_equal(plan.steps[0].row_count, 2);
    assert_null(write_plan_replaced(&plan, &rows[1]));
    write_step_to_upsert(&plan, &plan.steps[0], &arena);
    assert_ptr_equal(write_plan_replaced(&plan, &rows[1]), &rows[0]);
    assert_null(write_plan_replaced(&plan, &rows[0]));
    assert_int_equal(plan.steps[0].kind, WRITE_UPSERT);
    assert_int_equal(plan.steps[0].row_count, 1);
    assert_int_equal(plan.steps[0].rows[0]->offset, 1);
    ks_arena_release(&arena);
}

static bool always(void *arg, int64_t collection_id)
{
    return true;
}

static void test_plan__no_partition_with_a_partition_key(void **state)
{
    struct change_row rows[2] = {make_row(CHANGE_CREATE, 1, 0, 0),
                                 make_row(CHANGE_CREATE, 2, 1, 1)};
    struct write_plan_options options = {
        .max_rows = 10, .max_bytes = 1000, .partition_key = always};
    struct ks_arena arena = {0};
    struct write_plan plan;
    write_plan_make(rows, 2, &options, &arena, &plan);
    assert_int_equal(plan.step_count, 1);
    assert_int_equal(plan.steps[0].partition_name.len, 0);
    ks_arena_release(&arena);
}

static void test_plan__string_keys(void **state)
{
    struct change_row rows[3];
    static const char *const keys[] = {"a", "b", "a"};
    struct write_plan_options options = {.max_rows = 10, .max_bytes = 1000};
    struct ks_arena arena = {0};
    struct write_plan plan;
    for (int i = 0; i < 3; i++) {
        rows[i] = make_row(CHANGE_UPDATE, 0, 0, i);
        rows[i].pk_is_string = true;
        rows[i].pk_str = (struct ks_slice){keys[i], 1};
    }
    write_plan_make(rows, 3, &options, &arena, &plan);
    assert_int_equal(plan.step_count, 1);
    assert_int_equal(plan.steps[0].row_count, 2);
    assert_int_equal(plan.steps[0].rows[0]->offset, 2);
    ks_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan__does_what_the_rows_say),
        cmocka_unit_test(test_plan__few_steps),
        cmocka_unit_test(test_plan__keeps_duplicate_inserts),
        cmocka_unit_test(test_plan__no_partition_with_a_partition_key),
        cmocka_unit_test(test_plan__string_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
