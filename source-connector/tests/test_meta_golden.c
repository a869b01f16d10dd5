/* The recorded metadata of a real Milvus 2.3.5 gives exactly the DDL that the model of the
 * recording says, and any two moments of it can be bridged by a diff. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "helper_etcd.h"
#include "helper_golden.h"

#define PREFIX "goldd/meta/"

static struct etcd_recording recording;

static int load(void **state)
{
    recording = etcd_recording_load(GOLDEN_ETCD);
    return recording.count > 300 ? 0 : -1;
}

static int unload(void **state)
{
    etcd_recording_free(&recording);
    return 0;
}

static struct meta_model *empty_model(void)
{
    struct meta_model *m = meta_model_new(PREFIX);
    etcd_recording_list(&recording, 0, m);
    return m;
}

static void feed(struct meta_model *m, size_t from, size_t to, struct pending_ddl **list)
{
    struct ks_error err = {0};
    enum ks_status status = meta_model_events(m, recording.events + from, to - from, list, &err);
    if (status != KS_OK)
        fail_msg("%s", err.message);
}

/* ---- every DDL ---- */

static void check_params(const json_t *expected, const struct ddl_kv *kvs, size_t count)
{
    const char *key;
    json_t *value;
    assert_int_equal(json_object_size(expected), count);
    json_object_foreach((json_t *)(uintptr_t)expected, key, value)
    {
        const char *found = ddl_kv_get(kvs, count, key);
        assert_non_null(found);
        assert_string_equal(found, json_string_value(value));
    }
}

static void check_field(const json_t *expected, const struct ddl_field *field)
{
    assert_int_equal(field->id, golden_int(expected, "id"));
    assert_string_equal(field->name, golden_str(expected, "name"));
    assert_string_equal(milvus_type_name(field->type), golden_str(expected, "type"));
    assert_string_equal(milvus_type_name(field->element_type), golden_str(expected, "element"));
    assert_int_equal(field->is_primary_key, json_is_true(json_object_get(expected, "pk")));
    assert_int_equal(field->auto_id, json_is_true(json_object_get(expected, "auto_id")));
    assert_int_equal(field->is_dynamic, json_is_true(json_object_get(expected, "dynamic")));
    assert_int_equal(field->is_partition_key,
                     json_is_true(json_object_get(expected, "partition_key")));
    check_params(json_object_get(expected, "params"), field->type_params, field->type_param_count);
}

static void check_create(const json_t *expected, const struct pending_ddl *pending)
{
    const struct ddl_schema *schema = pending->ddl->schema;
    const json_t *fields = json_object_get(expected, "fields");
    const json_t *partitions = json_object_get(expected, "partitions");
    const json_t *channels = json_object_get(expected, "channels");
    assert_non_null(schema);
    assert_string_equal(schema->name, golden_str(expected, "collection"));
    assert_int_equal(schema->field_count, json_array_size(fields));
    for (size_t i = 0; i < schema->field_count; i++)
        check_field(json_array_get(fields, i), &schema->fields[i]);
    assert_int_equal(schema->partition_count, json_array_size(partitions));
    for (size_t i = 0; i < schema->partition_count; i++)
        assert_string_equal(schema->partitions[i].name,
                            json_string_value(json_array_get(partitions, i)));
    assert_int_equal(schema->shards, golden_int(expected, "shards"));
    assert_int_equal(schema->consistency_level, golden_int(expected, "consistency_level"));
    check_params(json_object_get(expected, "properties"), schema->properties,
                 schema->property_count);
    assert_int_equal(pending->use_count, json_array_size(channels));
    for (size_t i = 0; i < pending->use_count; i++) {
        assert_string_equal(pending->uses[i].pchannel,
                            json_string_value(json_array_get(channels, i)));
        assert_int_equal(pending->uses[i].collection_id, pending->ddl->collection_id);
        assert_true(pending->uses[i].start_offset >= 0);
        assert_int_equal(pending->uses[i].create_tick, pending->own_tick);
    }
}

static void check_optional(const json_t *expected, const char *key, const char *value)
{
    const char *text = json_string_value(json_object_get(expected, key));
    if (!text)
        return;
    assert_non_null(value);
    assert_string_equal(value, text);
}

static void check_ddl(const json_t *expected, const struct pending_ddl *pending)
{
    const struct ddl *ddl = pending->ddl;
    assert_string_equal(ddl_kind_name(ddl->kind), golden_str(expected, "kind"));
    assert_int_equal(ddl->revision, golden_int(expected, "revision"));
    assert_int_equal(pending->revision, ddl->revision);
    uint64_t own_tick = golden_uint(expected, "own_tick");
    assert_int_equal(pending->own_tick, own_tick);
    assert_int_equal(ddl->collection_id, golden_int(expected, "collection_id"));
    assert_string_equal(ddl->db, golden_str(expected, "db"));
    assert_int_equal(!ddl->collection, !json_object_get(expected, "collection"));
    check_optional(expected, "collection", ddl->collection);
    check_optional(expected, "old", ddl->old_collection);
    check_optional(expected, "alias", ddl->alias);
    if (ddl->kind == DDL_LOAD_PARTITIONS) {
        assert_int_equal(ddl->partition_count, 1);
        check_optional(expected, "partition", ddl->partitions[0]);
    } else {
        check_optional(expected, "partition", ddl->partition);
        assert_int_equal(ddl->partition_id, golden_int(expected, "partition_id"));
    }
    if (json_object_get(expected, "index")) {
        assert_non_null(ddl->index);
        check_optional(expected, "index", ddl->index->name);
        check_optional(expected, "field", ddl->index->field);
        if (json_object_get(expected, "user_params"))
            check_params(json_object_get(expected, "user_params"), ddl->index->params,
                         ddl->index->param_count);
    }
    if (json_object_get(expected, "replicas"))
        assert_int_equal(ddl->load->replicas, golden_int(expected, "replicas"));
    if (ddl->kind == DDL_CREATE_COLLECTION)
        check_create(expected, pending);
}

static void test_meta_model_events__give_the_recorded_ddl(void **state)
{
    struct meta_model *m = empty_model();
    struct pending_ddl *list = NULL;
    feed(m, 0, recording.count, &list);
    json_t *expected = golden_load(GOLDEN_235_EVENTS), *each;
    const struct pending_ddl *next = list;
    size_t i, checked = 0;
    json_array_foreach(expected, i, each)
    {
        if (strcmp(golden_str(each, "type"), "ddl") != 0)
            continue;
        assert_non_null(next);
        check_ddl(each, next);
        next = next->next;
        checked++;
    }
    if (next)
        fail_msg("%s at %lld is not in the recording", ddl_kind_name(next->ddl->kind),
                 (long long)next->revision);
    assert_int_equal(checked, 25);
    json_decref(expected);
    pending_ddl_list_free(list);
    meta_model_free(m);
}

static void test_meta_model_events__do_not_depend_on_the_batches(void **state)
{
    struct meta_model *whole = empty_model(), *pieces = empty_model();
    struct pending_ddl *a = NULL, *b = NULL;
    feed(whole, 0, recording.count, &a);
    for (size_t at = 0, next; at < recording.count; at = next) {
        next = etcd_recording_next(&recording, at);
        feed(pieces, at, next, &b);
    }
    const struct pending_ddl *x = a, *y = b;
    for (; x && y; x = x->next, y = y->next) {
        assert_int_equal(x->ddl->kind, y->ddl->kind);
        assert_int_equal(x->own_tick, y->own_tick);
        assert_int_equal(x->revision, y->revision);
    }
    assert_true(!x && !y);
    pending_ddl_list_free(a);
    pending_ddl_list_free(b);
    meta_model_free(whole);
    meta_model_free(pieces);
}

/* ---- resume ---- */

/* A listing at any revision, then the events behind it: the same DDL as without the break. */
static void test_meta_model_list__resumes_anywhere(void **state)
{
    for (size_t cut = 0, next; cut < recording.count; cut = next) {
        next = etcd_recording_next(&recording, cut);
        struct meta_model *before = empty_model(), *after = meta_model_new(PREFIX);
        struct pending_ddl *list = NULL;
        struct catalogue *folded = catalogue_new();
        int64_t seq = 0;
        feed(before, 0, cut, &list);
        etcd_recording_list(&recording, cut, after);
        struct pending_ddl *rest = NULL;
        feed(after, cut, recording.count, &rest);
        feed(before, cut, recording.count, &list);
        size_t count = 0, rest_count = 0;
        for (const struct pending_ddl *p = list; p; p = p->next)
            count += p->revision > (cut ? recording.events[cut - 1].kv.mod_revision : 0);
        for (const struct pending_ddl *p = rest; p; p = p->next)
            rest_count++;
        assert_int_equal(rest_count, count);
        catalogue_fold(folded, list, &seq);
        catalogue_free(folded);
        pending_ddl_list_free(rest);
        meta_model_free(before);
        meta_model_free(after);
    }
}

/* ---- diff ---- */

static struct catalogue *folded_at(size_t cut, int64_t *seq, uint64_t *ret_tick)
{
    struct meta_model *m = empty_model();
    struct catalogue *c = catalogue_new();
    struct pending_ddl *list = NULL;
    feed(m, 0, cut, &list);
    catalogue_fold(c, list, seq);
    *ret_tick = meta_model_max_tick(m);
    meta_model_free(m);
    return c;
}

static void check_same(const struct catalogue *a, const struct catalogue *b)
{
    char *x = catalogue_text(a), *y = catalogue_text(b);
    assert_string_equal(x, y);
    free(x);
    free(y);
}

static void bridge(size_t from, size_t to, bool history)
{
    int64_t seq = 0, wanted_seq = 0;
    uint64_t tick, wanted_tick;
    struct catalogue *c = folded_at(from, &seq, &tick);
    struct catalogue *wanted = folded_at(to, &wanted_seq, &wanted_tick);
    struct meta_model *m = meta_model_new(PREFIX);
    struct pending_ddl *list = NULL, *again = NULL;
    struct ks_error err;
    etcd_recording_list(&recording, to, m);
    if (history)
        meta_model_said(m, tick, from > 0 ? recording.events[from - 1].kv.mod_revision : 0);
    assert_int_equal(meta_model_diff(m, c, false, &list, &err), KS_OK);
    catalogue_fold(c, list, &seq);
    check_same(c, wanted);
    meta_model_said(m, meta_model_max_tick(m), INT64_MAX);
    assert_int_equal(meta_model_diff(m, c, false, &again, &err), KS_OK);
    assert_null(again);
    meta_model_free(m);
    catalogue_free(c);
    catalogue_free(wanted);
}

/* Pairs of moments at two strides that have no common divisor; `history`: with what the snapshots/
 * keys tell about the time between. */
static void bridge_all(bool history)
{
    size_t *cuts = calloc(recording.count + 2, sizeof(*cuts)), count = 0;
    for (size_t at = 0; at < recording.count; at = etcd_recording_next(&recording, at))
        cuts[count++] = at;
    cuts[count++] = recording.count;
    for (size_t i = 0; i < count; i += 7) {
        for (size_t j = i + 1; j < count; j += 10)
            bridge(cuts[i], cuts[j], history);
        bridge(cuts[i], recording.count, history);
    }
    free(cuts);
}

static void test_meta_model_diff__bridges_any_two_moments(void **state)
{
    bridge_all(false);
}

static void test_meta_model_diff__with_history_bridges_any_two_moments(void **state)
{
    bridge_all(true);
}

static size_t count_kind(const struct pending_ddl *list, enum ddl_kind kind)
{
    size_t count = 0;
    for (; list; list = list->next)
        count += list->ddl->kind == kind;
    return count;
}

/* The whole walk was missed: lives that began and ended in between are told, with their own TSO. */
static void test_meta_model_diff__history_tells_short_lives(void **state)
{
    struct meta_model *m = meta_model_new(PREFIX);
    struct catalogue *c = catalogue_new();
    struct pending_ddl *list = NULL;
    struct ks_error err;
    etcd_recording_list(&recording, recording.count, m);
    meta_model_said(m, 1, 1);
    assert_int_equal(meta_model_diff(m, c, false, &list, &err), KS_OK);
    assert_int_equal(count_kind(list, DDL_CREATE_COLLECTION), 5);
    assert_int_equal(count_kind(list, DDL_DROP_COLLECTION), 3);
    assert_int_equal(count_kind(list, DDL_CREATE_DATABASE), 1);
    assert_int_equal(count_kind(list, DDL_DROP_DATABASE), 1);
    assert_int_equal(count_kind(list, DDL_RENAME_COLLECTION), 1);
    assert_int_equal(count_kind(list, DDL_CREATE_PARTITION), 2);
    assert_int_equal(count_kind(list, DDL_DROP_PARTITION), 1);
    assert_int_equal(count_kind(list, DDL_CREATE_ALIAS), 1);
    assert_int_equal(count_kind(list, DDL_DROP_ALIAS), 1);
    uint64_t last = 0;
    for (const struct pending_ddl *p = list; p; p = p->next) {
        if (p->ddl->kind == DDL_CREATE_INDEX || p->own_tick == 0)
            continue;
        assert_true(p->own_tick >= last);
        last = p->own_tick;
        if (p->ddl->kind == DDL_CREATE_COLLECTION) {
            assert_true(p->ddl->schema->field_count > 0);
            assert_true(p->use_count > 0);
        }
    }
    pending_ddl_list_free(list);
    catalogue_free(c);
    meta_model_free(m);
}

static void test_meta_model_diff__first_start_is_in_dependency_order(void **state)
{
    struct meta_model *m = meta_model_new(PREFIX);
    struct catalogue *c = catalogue_new();
    struct pending_ddl *list = NULL;
    struct ks_error err;
    /* Up to the second "orders": database shop, three collections, indexes, a load. */
    size_t at = 0;
    while (recording.events[at].kv.mod_revision <= 2936)
        at++;
    etcd_recording_list(&recording, at, m);
    assert_int_equal(meta_model_diff(m, c, true, &list, &err), KS_OK);
    static const enum ddl_kind ORDER[] = {
        DDL_CREATE_DATABASE,   DDL_CREATE_COLLECTION, DDL_CREATE_COLLECTION, DDL_CREATE_COLLECTION,
        DDL_CREATE_COLLECTION, DDL_CREATE_INDEX,      DDL_CREATE_INDEX,      DDL_LOAD_COLLECTION,
    };
    const struct pending_ddl *p = list;
    for (size_t i = 0; i < sizeof ORDER / sizeof *ORDER; i++, p = p->next) {
        assert_non_null(p);
        assert_int_equal(p->ddl->kind, ORDER[i]);
        assert_true(p->ddl->snapshot);
        assert_int_equal(p->revision, 2936);
    }
    assert_null(p);
    pending_ddl_list_free(list);
    catalogue_free(c);
    meta_model_free(m);
}

/* ---- questions ---- */

static void test_meta_model_questions__over_the_recording(void **state)
{
    struct meta_model *m = empty_model();
    struct pending_ddl *list = NULL;
    size_t at = 0;
    const struct meta_channel_use *uses;
    assert_int_equal(meta_model_channels(m, &uses), 0);
    assert_true(meta_model_creating_floor(m) == UINT64_MAX);
    while (recording.events[at].kv.mod_revision <= 2707)
        at++;
    feed(m, 0, at, &list);
    assert_true(meta_model_creating_floor(m) == 470618365618290694u);
    assert_int_equal(meta_model_life(m, 470618364833431573), META_CREATING);
    assert_int_equal(meta_model_channels(m, &uses), 0);
    size_t from = at;
    while (recording.events[at].kv.mod_revision <= 2712)
        at++;
    feed(m, from, at, &list);
    assert_true(meta_model_creating_floor(m) == UINT64_MAX);
    assert_int_equal(meta_model_life(m, 470618364833431573), META_CREATED);
    assert_int_equal(meta_model_channels(m, &uses), 2);
    assert_string_equal(uses[1].pchannel, "goldd-rootcoord-dml_1");
    feed(m, at, recording.count, &list);
    assert_int_equal(meta_model_life(m, 470618364833431573), META_DROPPING);
    assert_int_equal(meta_model_life(m, 42), META_UNKNOWN);
    assert_int_equal(meta_model_channels(m, &uses), 2);
    assert_true(meta_model_max_tick(m) == 470618371149266948u);
    assert_true(meta_model_key_count(m) > 200);
    const struct meta_ignored *ignored = meta_model_ignored(m);
    for (size_t i = 0; i < META_IGNORED_COUNT; i++)
        if (strcmp(ignored[i].name, "roles") == 0)
            assert_int_equal(ignored[i].count, 4); /* admin, public; reader and its drop */
    pending_ddl_list_free(list);
    meta_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meta_model_events__give_the_recorded_ddl),
        cmocka_unit_test(test_meta_model_events__do_not_depend_on_the_batches),
        cmocka_unit_test(test_meta_model_list__resumes_anywhere),
        cmocka_unit_test(test_meta_model_diff__bridges_any_two_moments),
        cmocka_unit_test(test_meta_model_diff__with_history_bridges_any_two_moments),
        cmocka_unit_test(test_meta_model_diff__history_tells_short_lives),
        cmocka_unit_test(test_meta_model_diff__first_start_is_in_dependency_order),
        cmocka_unit_test(test_meta_model_questions__over_the_recording),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
