/* The rules that turn revisions into DDL, one by one, on made-up metadata. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "helper_etcd.h"
#include "helper_meta.h"

struct scene {
    struct meta_script s;
    struct meta_model *m;
    size_t played;
};

static struct scene scene(void)
{
    return (struct scene){.m = meta_empty()};
}

static void scene_end(struct scene *t)
{
    meta_script_release(&t->s);
    meta_model_free(t->m);
}

/* The next revision begins; what was added to the last one gives this. */
static void expect(struct scene *t, const char *wanted)
{
    char *got = meta_play(t->m, &t->s, t->played);
    assert_string_equal(got, wanted);
    free(got);
    t->played = t->s.count;
    meta_script_next(&t->s);
}

static void test_create__shows_when_created_with_what_is_there(void **state)
{
    struct scene t = scene();
    meta_info(&t.s, 1, 7, "c", CREATING, 0, 5);
    expect(&t, "");
    assert_true(meta_model_creating_floor(t.m) == 5);
    meta_field(&t.s, 7, 0, "RowID", 5);
    meta_field(&t.s, 7, 100, "pk", 5);
    meta_partition(&t.s, 7, 70, "_default", CREATED, 5);
    expect(&t, "");
    meta_info(&t.s, 1, 7, "c", CREATED, 0, 5);
    expect(&t, "create_collection default.c @5\n");
    assert_true(meta_model_creating_floor(t.m) == UINT64_MAX);
    meta_info(&t.s, 1, 7, "c", CREATED, 0, 5); /* put again unchanged */
    expect(&t, "");
    scene_end(&t);
}

static void test_create__failed_never_shows(void **state)
{
    struct scene t = scene();
    meta_info(&t.s, 1, 7, "c", CREATING, 0, 5);
    meta_field(&t.s, 7, 100, "pk", 5);
    expect(&t, "");
    meta_tombstone(&t.s, "root-coord/database/collection-info/1/7", 6);
    meta_tombstone(&t.s, "root-coord/fields/7/100", 6);
    expect(&t, "");
    assert_true(meta_model_creating_floor(t.m) == UINT64_MAX);
    assert_int_equal(meta_model_life(t.m, 7), META_DROPPED);
    scene_end(&t);
}

static void test_drop__is_told_once(void **state)
{
    struct scene t = scene();
    meta_collection(&t.s, 1, 7, "c", 5);
    meta_index(&t.s, 7, 71, "FLAT", false, 6);
    meta_load(&t.s, 7, 2, 2, 1);
    meta_partition_load(&t.s, 7, 70, 2);
    expect(&t, "create_collection default.c @5\ncreate_index default.c FLAT @6\n"
               "load_collection default.c x1\n");
    meta_info(&t.s, 1, 7, "c", DROPPING, 0, 8);
    expect(&t, "drop_collection default.c @8\n");
    assert_int_equal(meta_model_life(t.m, 7), META_DROPPING);
    meta_delete(&t.s, "querycoord-collection-loadinfo/7");
    meta_delete(&t.s, "querycoord-partition-loadinfo/7/70");
    meta_index(&t.s, 7, 71, "FLAT", true, 6);
    expect(&t, "");
    meta_tombstone(&t.s, "root-coord/partitions/7/70", 9);
    meta_tombstone(&t.s, "root-coord/database/collection-info/1/7", 9);
    expect(&t, "");
    assert_int_equal(meta_model_life(t.m, 7), META_DROPPED);
    meta_delete(&t.s, "root-coord/database/collection-info/1/7");
    meta_delete(&t.s, "root-coord/partitions/7/70");
    meta_delete(&t.s, "field-index/7/71");
    meta_delete(&t.s, "root-coord/fields/7/100");
    expect(&t, "");
    assert_int_equal(meta_model_life(t.m, 7), META_DROPPED);
    scene_end(&t);
}

static void test_rename__within_and_between_databases(void **state)
{
    struct scene t = scene();
    meta_database(&t.s, 2, "d", 3);
    meta_collection(&t.s, 1, 7, "c", 5);
    expect(&t, "create_database d @3\ncreate_collection default.c @5\n");
    meta_info(&t.s, 1, 7, "x", CREATED, 0, 6);
    expect(&t, "rename_collection default.x was default.c @6\n");
    meta_info(&t.s, 2, 7, "x", CREATED, 0, 7);
    meta_tombstone(&t.s, "root-coord/database/collection-info/1/7", 7);
    expect(&t, "rename_collection d.x was default.x @7\n");
    meta_delete(&t.s, "root-coord/database/collection-info/1/7");
    expect(&t, "");
    /* Milvus 2.3 writes altered properties together with the next change. */
    meta_info(&t.s, 2, 7, "y", CREATED, 60, 9);
    expect(&t, "rename_collection d.y was d.x @9\nalter_collection d.y ttl=60 @9\n");
    meta_info(&t.s, 2, 7, "y", CREATED, 0, 11);
    expect(&t, "alter_collection d.y @11\n");
    scene_end(&t);
}

static void test_partition__create_and_drop(void **state)
{
    struct scene t = scene();
    meta_collection(&t.s, 1, 7, "c", 5);
    expect(&t, "create_collection default.c @5\n");
    meta_partition(&t.s, 7, 71, "p", CREATING, 6);
    expect(&t, "");
    assert_true(meta_model_creating_floor(t.m) == 6);
    meta_partition(&t.s, 7, 71, "p", CREATED, 6);
    expect(&t, "create_partition default.c partition p @6\n");
    meta_partition(&t.s, 7, 71, "p", DROPPING, 8);
    expect(&t, "drop_partition default.c partition p @8\n");
    meta_tombstone(&t.s, "root-coord/partitions/7/71", 9);
    expect(&t, "");
    scene_end(&t);
}

static void test_index__create_alter_drop(void **state)
{
    struct scene t = scene();
    meta_collection(&t.s, 1, 7, "c", 5);
    expect(&t, "create_collection default.c @5\n");
    meta_index(&t.s, 7, 71, "FLAT", false, 6);
    expect(&t, "create_index default.c FLAT @6\n");
    meta_index(&t.s, 7, 71, "FLAT", false, 6);
    expect(&t, "");
    meta_index(&t.s, 7, 71, "HNSW", false, 6);
    expect(&t, "alter_index default.c HNSW\n");
    meta_index(&t.s, 7, 71, "HNSW", true, 6);
    expect(&t, "drop_index default.c HNSW\n");
    meta_delete(&t.s, "field-index/7/71");
    expect(&t, "");
    scene_end(&t);
}

static void test_load__whole_partitions_and_replicas(void **state)
{
    struct scene t = scene();
    meta_collection(&t.s, 1, 7, "c", 5);
    meta_partition(&t.s, 7, 71, "p", CREATED, 6);
    expect(&t, "create_collection default.c @5\n");
    meta_load(&t.s, 7, 2, 1, 1);
    expect(&t, "load_collection default.c x1\n");
    meta_partition_load(&t.s, 7, 70, 1);
    expect(&t, "");
    meta_partition_load(&t.s, 7, 71, 1);
    expect(&t, "");
    meta_load(&t.s, 7, 2, 2, 1);
    expect(&t, "");
    meta_delete(&t.s, "querycoord-partition-loadinfo/7/71");
    expect(&t, "release_partitions default.c [p]\n");
    meta_partition_load(&t.s, 7, 71, 1);
    expect(&t, "load_partitions default.c [p] x1\n");
    meta_load(&t.s, 7, 2, 2, 2);
    expect(&t, "load_collection default.c x2\n");
    meta_delete(&t.s, "querycoord-collection-loadinfo/7");
    expect(&t, "release_collection default.c\n");
    meta_delete(&t.s, "querycoord-partition-loadinfo/7/70");
    meta_delete(&t.s, "querycoord-partition-loadinfo/7/71");
    expect(&t, "");
    scene_end(&t);
}

static void test_load__by_partition(void **state)
{
    struct scene t = scene();
    meta_collection(&t.s, 1, 7, "c", 5);
    meta_partition(&t.s, 7, 71, "p", CREATED, 6);
    meta_partition(&t.s, 7, 72, "q", CREATED, 6);
    expect(&t, "create_collection default.c @5\n");
    meta_load(&t.s, 7, 1, 1, 1);
    expect(&t, "");
    meta_partition_load(&t.s, 7, 71, 1);
    meta_partition_load(&t.s, 7, 72, 1);
    expect(&t, "load_partitions default.c [p] [q] x1\n");
    meta_load(&t.s, 7, 1, 1, 3);
    expect(&t, "load_partitions default.c [p] [q] x3\n");
    meta_delete(&t.s, "querycoord-partition-loadinfo/7/71");
    expect(&t, "release_partitions default.c [p]\n");
    meta_partition_load(&t.s, 7, 70, 1);
    meta_load(&t.s, 7, 2, 1, 3);
    expect(&t, "load_collection default.c x3\n");
    meta_partition_load(&t.s, 7, 71, 1);
    meta_load(&t.s, 7, 2, 2, 3);
    expect(&t, "");
    meta_load(&t.s, 7, 1, 2, 3); /* not seen live: a whole load becomes a partial one */
    meta_delete(&t.s, "querycoord-partition-loadinfo/7/70");
    expect(&t, "release_collection default.c\nload_partitions default.c [p] [q] x3\n");
    scene_end(&t);
}

/* A partition that is created in a loaded collection is loaded with it. */
static void test_load__new_partition_of_a_loaded_collection(void **state)
{
    struct scene t = scene();
    meta_collection(&t.s, 1, 7, "c", 5);
    meta_load(&t.s, 7, 2, 2, 1);
    meta_partition_load(&t.s, 7, 70, 2);
    expect(&t, "create_collection default.c @5\nload_collection default.c x1\n");
    meta_partition(&t.s, 7, 71, "p", CREATING, 6);
    expect(&t, "");
    meta_partition_load(&t.s, 7, 71, 2);
    expect(&t, "");
    meta_partition(&t.s, 7, 71, "p", CREATED, 6);
    expect(&t, "create_partition default.c partition p @6\n");
    scene_end(&t);
}

static void test_alias__ends_with_its_collection(void **state)
{
    struct scene t = scene();
    meta_collection(&t.s, 1, 7, "c", 5);
    meta_collection(&t.s, 1, 8, "d", 5);
    expect(&t, "create_collection default.c @5\ncreate_collection default.d @5\n");
    meta_alias_to(&t.s, 1, "al", 7, 6);
    expect(&t, "create_alias default.c alias al @6\n");
    meta_alias_to(&t.s, 1, "al", 8, 7);
    expect(&t, "alter_alias default.d alias al @7\n");
    meta_info(&t.s, 1, 8, "d", DROPPING, 0, 8);
    expect(&t, "drop_collection default.d @8\n");
    meta_alias_to(&t.s, 1, "al", 7, 9);
    expect(&t, "create_alias default.c alias al @9\n");
    meta_tombstone(&t.s, "root-coord/database/aliases/1/al", 10);
    expect(&t, "drop_alias default alias al @10\n");
    meta_delete(&t.s, "root-coord/database/aliases/1/al");
    expect(&t, "");
    scene_end(&t);
}

static void test_database__goes_after_its_collections(void **state)
{
    struct scene t = scene();
    meta_database(&t.s, 1, "default", 1);
    meta_database(&t.s, 2, "d", 3);
    meta_collection(&t.s, 2, 7, "c", 5);
    expect(&t, "create_database d @3\ncreate_collection d.c @5\n");
    meta_tombstone(&t.s, "root-coord/database/db-info/2", 8);
    meta_info(&t.s, 2, 7, "c", DROPPING, 0, 7);
    expect(&t, "drop_collection d.c @7\ndrop_database d @8\n");
    meta_delete(&t.s, "root-coord/database/db-info/2");
    expect(&t, "");
    scene_end(&t);
}

static void test_import__raises_a_gap_once(void **state)
{
    struct scene t = scene();
    static const uint8_t JOB[] = {0x08, 99, 0x10, 1, 0x18, 7};
    struct ks_slice job = {JOB, sizeof JOB};
    meta_collection(&t.s, 1, 7, "c", 5);
    expect(&t, "create_collection default.c @5\n");
    meta_put(&t.s, "datacoord-meta/import-job/99", job, 0);
    expect(&t, "gap default.c (bulk import job 99: its rows never reach the message queue)\n");
    meta_put(&t.s, "datacoord-meta/import-job/99", job, 0);
    expect(&t, "");
    meta_delete(&t.s, "datacoord-meta/import-job/99");
    expect(&t, "");
    scene_end(&t);
}

static void test_events__foreign_and_unknown_keys_are_passed_over(void **state)
{
    struct scene t = scene();
    struct ks_slice junk = {"\xff\xff\xff", 3};
    meta_put(&t.s, "datacoord-meta/s/1/2/3", junk, 0);
    meta_put(&t.s, "root-coord/database/collection-info/x/7", junk, 0);
    meta_put(&t.s, "root-coord/fields/99999999999999999999/7", junk, 0);
    meta_put(&t.s, "snapshots/root-coord/fields/7/100", junk, 0);
    meta_put(&t.s, "root-coord/credential/roles/r", junk, 0);
    expect(&t, "");
    const struct meta_ignored *ignored = meta_model_ignored(t.m);
    for (size_t i = 0; i < META_IGNORED_COUNT; i++)
        assert_int_equal(ignored[i].count, strcmp(ignored[i].name, "roles") == 0);
    scene_end(&t);
}

static void test_events__a_bad_value_names_its_key(void **state)
{
    struct scene t = scene();
    struct ks_slice junk = {"\xff\xff\xff", 3};
    meta_put(&t.s, "root-coord/database/collection-info/1/7", junk, 0);
    expect(&t, "etcd key r/meta/root-coord/database/collection-info/1/7 at revision 1: the value "
               "does not decode as CollectionInfo");
    scene_end(&t);
}

/* ---- diff after a compaction ---- */

/* What the stream says, from a script of its own. */
static struct catalogue *said(const struct meta_script *s)
{
    struct meta_model *m = meta_empty();
    struct catalogue *c = catalogue_new();
    struct pending_ddl *list = NULL;
    struct ks_error err;
    int64_t seq = 0;
    assert_int_equal(meta_model_events(m, s->events, s->count, &list, &err), KS_OK);
    catalogue_fold(c, list, &seq);
    meta_model_free(m);
    return c;
}

/* Folds what the stream has said (first `before` events), lists all, diffs without history. */
static void expect_diff(struct meta_script *s, size_t before, const char *wanted)
{
    struct meta_script then = *s;
    then.count = before;
    struct catalogue *c = said(&then);
    struct meta_model *m = meta_model_new(META_PREFIX);
    struct pending_ddl *list = NULL;
    struct ks_error err;
    meta_list(m, s);
    assert_int_equal(meta_model_diff(m, c, false, &list, &err), KS_OK);
    char *got = meta_text(list);
    assert_string_equal(got, wanted);
    free(got);
    meta_model_free(m);
    catalogue_free(c);
    meta_script_release(s);
}

static void test_diff__names_that_changed_hands_go_through_a_temporary_one(void **state)
{
    struct meta_script s = {0};
    meta_collection(&s, 1, 7, "a", 5);
    meta_collection(&s, 1, 8, "b", 6);
    meta_collection(&s, 1, 9, "c", 7);
    size_t before = s.count;
    meta_script_next(&s);
    meta_info(&s, 1, 7, "b", CREATED, 0, 11);
    meta_info(&s, 1, 8, "c", CREATED, 0, 12);
    meta_info(&s, 1, 9, "a", CREATED, 0, 13);
    expect_diff(&s, before,
                "rename_collection default.kitestream_7 was default.a @11\n"
                "rename_collection default.a was default.c @13\n"
                "rename_collection default.c was default.b @12\n"
                "rename_collection default.b was default.kitestream_7 @11\n");
}

static void test_diff__a_chain_of_renames_needs_no_temporary_name(void **state)
{
    struct meta_script s = {0};
    meta_collection(&s, 1, 7, "a", 5);
    meta_collection(&s, 1, 8, "b", 6);
    size_t before = s.count;
    meta_script_next(&s);
    meta_info(&s, 1, 7, "b", CREATED, 0, 11);
    meta_info(&s, 1, 8, "c", CREATED, 0, 10);
    meta_collection(&s, 1, 9, "a", 12);
    expect_diff(&s, before,
                "rename_collection default.c was default.b @10\n"
                "rename_collection default.b was default.a @11\n"
                "create_collection default.a @12\n");
}

static void test_diff__drops_free_names_before_creates_take_them(void **state)
{
    struct meta_script s = {0};
    meta_database(&s, 2, "d", 2);
    meta_collection(&s, 2, 7, "a", 5);
    meta_partition(&s, 7, 71, "p", CREATED, 5);
    meta_index(&s, 7, 72, "FLAT", false, 6);
    meta_load(&s, 7, 2, 2, 1);
    meta_collection(&s, 1, 8, "b", 6);
    meta_alias_to(&s, 1, "al", 8, 7);
    size_t before = s.count;
    meta_script_next(&s);
    /* Database d is dropped with its collection and made again, with a collection "a" in it. */
    meta_delete(&s, "root-coord/database/db-info/2");
    meta_delete(&s, "root-coord/database/collection-info/2/7");
    meta_delete(&s, "root-coord/partitions/7/70");
    meta_delete(&s, "root-coord/partitions/7/71");
    meta_delete(&s, "root-coord/fields/7/100");
    meta_delete(&s, "field-index/7/72");
    meta_delete(&s, "querycoord-collection-loadinfo/7");
    meta_delete(&s, "root-coord/database/aliases/1/al");
    meta_database(&s, 3, "d", 8);
    meta_collection(&s, 3, 9, "a", 9);
    meta_collection(&s, 1, 10, "al", 10);
    meta_load(&s, 9, 2, 1, 2);
    expect_diff(&s, before,
                "drop_collection d.a\n"
                "drop_alias default alias al\n"
                "drop_database d\n"
                "create_database d @8\n"
                "create_collection d.a @9\n"
                "create_collection default.al @10\n"
                "load_collection d.a x2\n");
}

static void test_diff__history_gives_each_change_its_own_time(void **state)
{
    struct meta_script s = {0};
    meta_collection(&s, 1, 7, "a", 5);
    size_t before = s.count;
    struct meta_script then = s;
    then.count = before;
    struct catalogue *c = said(&then);
    meta_script_next(&s);
    meta_info(&s, 1, 7, "b", CREATED, 0, 10);
    meta_collection(&s, 1, 8, "a", 12);
    meta_partition(&s, 8, 81, "p", CREATED, 13);
    meta_alias_to(&s, 1, "al", 8, 14);
    meta_script_next(&s);
    meta_info(&s, 1, 8, "a", DROPPING, 0, 16);
    meta_script_next(&s);
    /* Milvus has cleaned up by now: only the snapshots are left. */
    meta_delete(&s, "root-coord/database/collection-info/1/8");
    meta_delete(&s, "root-coord/fields/8/100");
    meta_delete(&s, "root-coord/partitions/8/80");
    meta_delete(&s, "root-coord/partitions/8/81");
    meta_info(&s, 1, 7, "a", CREATED, 0, 18);
    struct meta_model *m = meta_model_new(META_PREFIX);
    struct pending_ddl *list = NULL;
    struct ks_error err;
    meta_list(m, &s);
    meta_model_said(m, 5, 1);
    assert_int_equal(meta_model_life(m, 8), META_DROPPED);
    assert_int_equal(meta_model_diff(m, c, false, &list, &err), KS_OK);
    char *got = meta_text(list);
    assert_string_equal(got, "rename_collection default.b was default.a @10\n"
                             "create_collection default.a @12\n"
                             "create_partition default.a partition p @13\n"
                             "create_alias default.a alias al @14\n"
                             "drop_collection default.a @16\n"
                             "rename_collection default.a was default.b @18\n");
    free(got);
    meta_model_free(m);
    catalogue_free(c);
    meta_script_release(&s);
}

static void test_diff__imports_that_were_missed_raise_gaps(void **state)
{
    struct meta_script s = {0};
    static const uint8_t JOB[] = {0x08, 99, 0x18, 7};
    meta_collection(&s, 1, 7, "a", 5);
    meta_put(&s, "importtask/98", (struct ks_slice){JOB, sizeof JOB}, 0);
    size_t before = s.count;
    struct meta_script then = s;
    then.count = before;
    struct catalogue *c = said(&then);
    meta_script_next(&s);
    meta_put(&s, "importtask/99", (struct ks_slice){JOB, sizeof JOB}, 0);
    struct meta_model *m = meta_model_new(META_PREFIX);
    struct pending_ddl *list = NULL;
    struct ks_error err;
    meta_list(m, &s);
    meta_model_said(m, 5, 1);
    assert_int_equal(meta_model_diff(m, c, false, &list, &err), KS_OK);
    char *got = meta_text(list);
    assert_string_equal(
        got, "gap default.a (bulk import job 99: its rows never reach the message queue)\n");
    free(got);
    meta_model_free(m);
    catalogue_free(c);
    meta_script_release(&s);
}

/* What the stream says after `before` events, then everything listed after a compaction. */
static struct pending_ddl *after_compaction(struct meta_script *s, size_t before, uint64_t tick,
                                            struct meta_model **ret_model)
{
    struct meta_script then = *s;
    struct pending_ddl *list = NULL;
    struct ks_error err;
    then.count = before;
    struct catalogue *c = said(&then);
    *ret_model = meta_model_new(META_PREFIX);
    meta_list(*ret_model, s);
    meta_model_said(*ret_model, tick, 1);
    assert_int_equal(meta_model_diff(*ret_model, c, false, &list, &err), KS_OK);
    catalogue_free(c);
    meta_script_release(s);
    return list;
}

static void expect_text(struct pending_ddl *take_list, const char *wanted)
{
    char *got = meta_text(take_list);
    assert_string_equal(got, wanted);
    free(got);
}

/* Milvus forgets tombstones and the snapshots behind them. */
static void forget(struct meta_script *s, const char *key, uint64_t tick)
{
    char snapshot[128];
    snprintf(snapshot, sizeof snapshot, "snapshots/%s_ts%d", key, (int)tick);
    meta_delete(s, key);
    meta_delete(s, snapshot);
}

static void test_diff__forgotten_drops_free_names_before_the_history_takes_them(void **state)
{
    struct meta_script s = {0};
    struct meta_model *m;
    meta_database(&s, 2, "d", 2);
    meta_collection(&s, 1, 7, "a", 5);
    meta_collection(&s, 1, 8, "b", 5);
    meta_partition(&s, 8, 81, "p", CREATED, 5);
    size_t before = s.count;
    meta_script_next(&s);
    forget(&s, "root-coord/database/collection-info/1/7", 5);
    forget(&s, "root-coord/fields/7/100", 5);
    forget(&s, "root-coord/partitions/7/70", 5);
    forget(&s, "root-coord/partitions/8/81", 5);
    forget(&s, "root-coord/database/db-info/2", 2);
    meta_collection(&s, 1, 9, "a", 12);
    meta_partition(&s, 8, 82, "p", CREATED, 13);
    meta_database(&s, 3, "d", 14);
    expect_text(after_compaction(&s, before, 10, &m), "drop_collection default.a\n"
                                                      "drop_partition default.b partition p\n"
                                                      "drop_database d\n"
                                                      "create_collection default.a @12\n"
                                                      "create_partition default.b partition p @13\n"
                                                      "create_database d @14\n");
    meta_model_free(m);
}

static void test_diff__missed_drop_names_the_channels_of_its_collection(void **state)
{
    struct meta_script s = {0};
    struct meta_model *m;
    meta_collection(&s, 1, 7, "a", 5);
    size_t before = s.count;
    meta_script_next(&s);
    meta_tombstone(&s, "root-coord/database/collection-info/1/7", 12);
    struct pending_ddl *list = after_compaction(&s, before, 10, &m);
    assert_int_equal(list->ddl->kind, DDL_DROP_COLLECTION);
    assert_int_equal(list->own_tick, 12);
    assert_int_equal(list->use_count, 1);
    assert_string_equal(list->uses[0].pchannel, "ch7");
    assert_int_equal(list->uses[0].collection_id, 7);
    expect_text(list, "drop_collection default.a @12\n");
    meta_model_free(m);
}

static void test_has_rows__follows_the_segments_of_a_listing(void **state)
{
    static const uint8_t FLUSHED[] = {0x28, 4, 0x30, 4}, GONE[] = {0x28, 4, 0x30, 6};
    struct meta_script s = {0};
    struct meta_model *m = meta_model_new(META_PREFIX);
    meta_put(&s, "datacoord-meta/s/7/70/1", (struct ks_slice){FLUSHED, sizeof FLUSHED}, 0);
    meta_put(&s, "datacoord-meta/s/8/80/2", (struct ks_slice){GONE, sizeof GONE}, 0);
    meta_list(m, &s);
    assert_true(meta_model_has_rows(m, 7));
    assert_false(meta_model_has_rows(m, 8));
    assert_false(meta_model_has_rows(m, 9));
    char *got = meta_play(m, &s, 0);
    assert_string_equal(got, "");
    free(got);
    meta_model_free(m);
    meta_script_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create__shows_when_created_with_what_is_there),
        cmocka_unit_test(test_create__failed_never_shows),
        cmocka_unit_test(test_drop__is_told_once),
        cmocka_unit_test(test_rename__within_and_between_databases),
        cmocka_unit_test(test_partition__create_and_drop),
        cmocka_unit_test(test_index__create_alter_drop),
        cmocka_unit_test(test_load__whole_partitions_and_replicas),
        cmocka_unit_test(test_load__by_partition),
        cmocka_unit_test(test_load__new_partition_of_a_loaded_collection),
        cmocka_unit_test(test_alias__ends_with_its_collection),
        cmocka_unit_test(test_database__goes_after_its_collections),
        cmocka_unit_test(test_import__raises_a_gap_once),
        cmocka_unit_test(test_events__foreign_and_unknown_keys_are_passed_over),
        cmocka_unit_test(test_events__a_bad_value_names_its_key),
        cmocka_unit_test(test_diff__names_that_changed_hands_go_through_a_temporary_one),
        cmocka_unit_test(test_diff__a_chain_of_renames_needs_no_temporary_name),
        cmocka_unit_test(test_diff__drops_free_names_before_creates_take_them),
        cmocka_unit_test(test_diff__history_gives_each_change_its_own_time),
        cmocka_unit_test(test_diff__imports_that_were_missed_raise_gaps),
        cmocka_unit_test(test_diff__forgotten_drops_free_names_before_the_history_takes_them),
        cmocka_unit_test(test_diff__missed_drop_names_the_channels_of_its_collection),
        cmocka_unit_test(test_has_rows__follows_the_segments_of_a_listing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
