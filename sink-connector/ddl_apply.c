#include "ddl_apply.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define DEFAULT_PARTITION "_default"
#define DEFAULT_DATABASE "default"

/* One run: where the names and answers live. */
struct applying {
    struct ddl_work *w;
    const struct ddl *ddl;
    struct target_name name; /* of the collection in the target */
    struct ks_arena arena;
    int64_t deadline_ms; /* of the next call */
};

struct ddl_work *ddl_work_new(const struct ddl *ddl)
{
    struct ddl_work *w = xcalloc(1, sizeof(*w));
    w->work.run = ddl_apply_run;
    w->ddl = ddl;
    return w;
}

void ddl_work_free(struct ddl_work *w)
{
    free(w);
}

/* ---- answers ---- */

__attribute__((format(printf, 2, 3))) static enum ddl_result failed(struct applying *a,
                                                                    const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(a->w->reason, sizeof(a->w->reason), fmt, args);
    va_end(args);
    return DDL_FAILED;
}

/* Before each call: may it start? */
static bool enter(struct applying *a)
{
    a->deadline_ms = target_gate_enter(a->w->gate);
    return a->deadline_ms > 0;
}

/* What an answer that is not OK means when the caller knows no better. */
static enum ddl_result judge(struct applying *a, const struct milvus_answer *answer)
{
    snprintf(a->w->reason, sizeof(a->w->reason), "%s: %.400s", ddl_kind_name(a->ddl->kind),
             answer->message);
    switch (answer->outcome) {
    case MILVUS_OK:
        return DDL_APPLIED;
    case MILVUS_AMBIGUOUS:
    case MILVUS_RETRY:
    case MILVUS_STALLED:
    case MILVUS_DENIED:
        return target_gate_stopped(a->w->gate) ? DDL_STOPPED : DDL_AGAIN;
    default:
        return DDL_FAILED;
    }
}

/* As judge, but what is not there (any more) is as wanted. */
static enum ddl_result judge_gone(struct applying *a, const struct milvus_answer *answer)
{
    return answer->outcome == MILVUS_NOT_FOUND ? DDL_APPLIED : judge(a, answer);
}

/* ---- schemas ---- */

static const struct ddl_field *field_named(const struct ddl_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (strcmp(schema->fields[i].name, name) == 0)
            return &schema->fields[i];
    return NULL;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static const char *const compared_params[] = {"dim", "max_length", "max_capacity", NULL};

static bool params_differ(const struct ddl_field *s, const struct ddl_field *t, char *ret,
                          size_t cap)
{
    for (const char *const *key = compared_params; *key; key++) {
        const char *a = ddl_kv_get(s->type_params, s->type_param_count, *key);
        const char *b = ddl_kv_get(t->type_params, t->type_param_count, *key);
        if (!same_text(a, b)) {
            snprintf(ret, cap, "field %s has %s %s at the source and %s at the target", s->name,
                     *key, a ? a : "(none)", b ? b : "(none)");
            return true;
        }
    }
    return false;
}

static bool field_differs(const struct ddl_field *s, const struct ddl_field *t, char *ret,
                          size_t cap)
{
    const char *what = NULL;
    if (s->type != t->type || s->element_type != t->element_type) {
        snprintf(ret, cap, "field %s is %s at the source and %s at the target", s->name,
                 milvus_type_name(s->type == t->type ? s->element_type : s->type),
                 milvus_type_name(s->type == t->type ? t->element_type : t->type));
        return true;
    }
    if (s->is_primary_key != t->is_primary_key)
        what = "primary key";
    else if (s->is_partition_key != t->is_partition_key)
        what = "partition key";
    else if (s->nullable && !t->nullable)
        what = "nullable";
    if (what) {
        snprintf(ret, cap, "field %s is %s on one side only", s->name, what);
        return true;
    }
    return params_differ(s, t, ret, cap);
}

bool ddl_schema_differs(const struct ddl_schema *source, const struct ddl_schema *target, char *ret,
                        size_t cap)
{
    for (size_t i = 0; i < source->field_count; i++) {
        const struct ddl_field *s = &source->fields[i];
        const struct ddl_field *t = s->is_dynamic ? NULL : field_named(target, s->name);
        if (s->is_dynamic)
            continue;
        if (!t) {
            snprintf(ret, cap, "the target has no field %s", s->name);
            return true;
        }
        if (field_differs(s, t, ret, cap))
            return true;
        if (t->auto_id) {
            snprintf(ret, cap, "field %s makes its own values at the target (auto_id)", s->name);
            return true;
        }
    }
    for (size_t i = 0; i < target->field_count; i++) {
        const struct ddl_field *t = &target->fields[i];
        if (!t->is_dynamic && !t->nullable && !t->default_value && !t->is_function_output &&
            !field_named(source, t->name)) {
            snprintf(ret, cap, "the source has no field %s, which the target requires", t->name);
            return true;
        }
    }
    if (source->enable_dynamic_field && !target->enable_dynamic_field) {
        snprintf(ret, cap, "the target has no dynamic field");
        return true;
    }
    return false;
}

/* ---- stamps ---- */

static const char *stamp_of(struct applying *a)
{
    return ks_arena_printf(&a->arena, "%s/%" PRId64, a->ddl->cluster, a->ddl->collection_id);
}

enum stamp_match { STAMP_OURS, STAMP_NONE, STAMP_OTHER };

static enum stamp_match match_stamp(struct applying *a, const struct milvus_collection *found,
                                    const char **ret_stamp)
{
    *ret_stamp = ddl_kv_get(found->schema.properties, found->schema.property_count, STAMP_PROPERTY);
    if (!*ret_stamp)
        return STAMP_NONE;
    return strcmp(*ret_stamp, stamp_of(a)) == 0 ? STAMP_OURS : STAMP_OTHER;
}

/* Properties that mean something on one cluster only. */
static bool is_local_property(const char *key)
{
    static const char *const local[] = {"replicate.id",
                                        "replicate.endTS",
                                        "collection.replica.number",
                                        "collection.resource_groups",
                                        STAMP_PROPERTY,
                                        NULL};
    for (const char *const *p = local; *p; p++)
        if (strcmp(*p, key) == 0)
            return true;
    return false;
}

/* The source's properties, and the stamp. */
static struct ddl_kv *stamped(struct applying *a, const struct ddl_kv *properties, size_t count,
                              size_t *ret_count)
{
    struct ddl_kv *kvs = ks_arena_alloc(&a->arena, (count + 1) * sizeof(*kvs));
    *ret_count = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_local_property(properties[i].key))
            kvs[(*ret_count)++] = properties[i];
    kvs[(*ret_count)++] = (struct ddl_kv){STAMP_PROPERTY, stamp_of(a)};
    return kvs;
}

/* ---- create ---- */

static bool has_partition_key(const struct ddl_schema *schema)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].is_partition_key)
            return true;
    return false;
}

static enum ddl_result make_partition(struct applying *a, const char *partition)
{
    if (strcmp(partition, DEFAULT_PARTITION) == 0)
        return DDL_APPLIED;
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_create_partition(
        a->w->client, a->name.db, a->name.collection, partition, a->deadline_ms);
    return answer.outcome == MILVUS_EXISTS ? DDL_APPLIED : judge(a, &answer);
}

/* Partitions that the collection has when it is created (a snapshot's, for instance). */
static enum ddl_result make_partitions(struct applying *a)
{
    const struct ddl_schema *schema = a->ddl->schema;
    enum ddl_result result = DDL_APPLIED;
    if (has_partition_key(schema))
        return DDL_APPLIED;
    for (size_t i = 0; i < schema->partition_count && result == DDL_APPLIED; i++)
        result = make_partition(a, schema->partitions[i].name);
    return result;
}

static enum ddl_result adopt(struct applying *a, const struct milvus_collection *found)
{
    size_t count;
    const char *stamp;
    char difference[300];
    enum stamp_match match = match_stamp(a, found, &stamp);
    if (match == STAMP_OTHER)
        return failed(a,
                      "%s.%s of the target belongs to %s (property " STAMP_PROPERTY
                      "): two sources would write into it. Map one of them elsewhere with "
                      "collection.mapping",
                      a->name.db, a->name.collection, stamp);
    if (match == STAMP_OURS && a->w->first_start)
        return failed(a,
                      "%s.%s of the target was written by this source, but this connector has no "
                      "committed state: it was deleted, or the connector has a new name. Drop the "
                      "collection to start anew, or restore the connector's name and offsets",
                      a->name.db, a->name.collection);
    if (ddl_schema_differs(a->ddl->schema, &found->schema, difference, sizeof(difference)))
        return failed(a, "%s.%s exists in the target with another schema: %s", a->name.db,
                      a->name.collection, difference);
    a->w->adopted = match == STAMP_NONE;
    if (match == STAMP_NONE && !a->w->only_look) {
        if (!enter(a))
            return DDL_STOPPED;
        struct ddl_kv *kvs = stamped(a, NULL, 0, &count);
        struct milvus_answer answer = milvus_alter_collection(
            a->w->client, a->name.db, a->name.collection, kvs, count, a->deadline_ms);
        if (answer.outcome != MILVUS_OK)
            return judge(a, &answer);
    }
    return make_partitions(a);
}

static enum ddl_result create_collection(struct applying *a)
{
    struct milvus_collection found;
    size_t count;
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_describe_collection(
        a->w->client, a->name.db, a->name.collection, a->deadline_ms, &a->arena, &found);
    if (answer.outcome == MILVUS_OK)
        return adopt(a, &found);
    if (answer.outcome != MILVUS_NOT_FOUND)
        return judge(a, &answer);
    if (a->w->only_look)
        return failed(a, "%s.%s is not in the target, and ddl.policy.create_collection=skip",
                      a->name.db, a->name.collection);
    if (!enter(a))
        return DDL_STOPPED;
    struct ddl_kv *kvs =
        stamped(a, a->ddl->schema->properties, a->ddl->schema->property_count, &count);
    answer = milvus_create_collection(a->w->client, a->name.db, a->name.collection, a->ddl->schema,
                                      kvs, count, a->deadline_ms);
    return answer.outcome == MILVUS_OK ? make_partitions(a) : judge(a, &answer);
}

/* ---- drop and rename ---- */

static enum ddl_result drop_aliases(struct applying *a, const struct milvus_collection *found)
{
    enum ddl_result result = DDL_APPLIED;
    for (size_t i = 0; i < found->alias_count && result == DDL_APPLIED; i++) {
        if (!enter(a))
            return DDL_STOPPED;
        struct milvus_answer answer =
            milvus_drop_alias(a->w->client, a->name.db, found->aliases[i], a->deadline_ms);
        result = judge_gone(a, &answer);
    }
    return result;
}

static enum ddl_result drop_collection(struct applying *a)
{
    struct milvus_collection found;
    const char *stamp;
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_describe_collection(
        a->w->client, a->name.db, a->name.collection, a->deadline_ms, &a->arena, &found);
    if (answer.outcome != MILVUS_OK)
        return judge_gone(a, &answer);
    if (match_stamp(a, &found, &stamp) != STAMP_OURS)
        return DDL_APPLIED; /* not ours to drop: ours is gone */
    enum ddl_result result = drop_aliases(a, &found);
    if (result != DDL_APPLIED)
        return result;
    if (!enter(a))
        return DDL_STOPPED;
    answer = milvus_drop_collection(a->w->client, a->name.db, a->name.collection, a->deadline_ms);
    return judge_gone(a, &answer);
}

static enum ddl_result rename_collection(struct applying *a)
{
    struct milvus_collection found;
    const char *stamp;
    struct target_name old = name_map_collection(
        a->w->names, a->ddl->old_db ? a->ddl->old_db : a->ddl->db, a->ddl->old_collection);
    if (strcmp(old.db, a->name.db) == 0 && strcmp(old.collection, a->name.collection) == 0)
        return DDL_APPLIED; /* the mapping keeps the name */
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_describe_collection(
        a->w->client, a->name.db, a->name.collection, a->deadline_ms, &a->arena, &found);
    if (answer.outcome == MILVUS_OK)
        return match_stamp(a, &found, &stamp) == STAMP_OURS
                   ? DDL_APPLIED
                   : failed(a,
                            "%s.%s cannot be renamed to %s.%s: the target has another "
                            "collection of that name",
                            old.db, old.collection, a->name.db, a->name.collection);
    if (answer.outcome != MILVUS_NOT_FOUND)
        return judge(a, &answer);
    if (!enter(a))
        return DDL_STOPPED;
    answer = milvus_describe_collection(a->w->client, old.db, old.collection, a->deadline_ms,
                                        &a->arena, &found);
    if (answer.outcome != MILVUS_OK)
        return judge(a, &answer);
    if (match_stamp(a, &found, &stamp) != STAMP_OURS)
        return failed(a, "%s.%s of the target is not what this sink created: it is not renamed",
                      old.db, old.collection);
    if (!enter(a))
        return DDL_STOPPED;
    answer = milvus_rename_collection(a->w->client, old.db, old.collection, a->name.db,
                                      a->name.collection, a->deadline_ms);
    return judge(a, &answer);
}

static enum ddl_result alter_collection(struct applying *a)
{
    size_t count;
    struct ddl_kv *kvs = stamped(a, a->ddl->properties, a->ddl->property_count, &count);
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_alter_collection(
        a->w->client, a->name.db, a->name.collection, kvs, count, a->deadline_ms);
    return judge(a, &answer);
}

/* ---- partitions, indexes, load ---- */

static enum ddl_result drop_partition(struct applying *a)
{
    const char *partition = a->ddl->partition;
    if (!enter(a))
        return DDL_STOPPED;
    /* A loaded partition cannot be dropped; the source's was released. */
    milvus_release(a->w->client, a->name.db, a->name.collection, &partition, 1, a->deadline_ms);
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_drop_partition(
        a->w->client, a->name.db, a->name.collection, partition, a->deadline_ms);
    return judge_gone(a, &answer);
}

static bool index_equals(const struct milvus_index *have, const struct ddl_index *want)
{
    if (!same_text(have->field, want->field))
        return false;
    for (size_t i = 0; i < want->param_count; i++) {
        const char *value = ddl_kv_get(have->params, have->param_count, want->params[i].key);
        if (value && strcmp(value, want->params[i].value) != 0)
            return false;
    }
    return true;
}

static enum ddl_result compare_index(struct applying *a, const struct milvus_answer *refused)
{
    struct milvus_index *indexes;
    size_t count;
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_describe_indexes(
        a->w->client, a->name.db, a->name.collection, a->deadline_ms, &a->arena, &indexes, &count);
    if (answer.outcome != MILVUS_OK)
        return judge(a, refused);
    for (size_t i = 0; i < count; i++)
        if (strcmp(indexes[i].name, a->ddl->index->name) == 0 &&
            index_equals(&indexes[i], a->ddl->index))
            return DDL_APPLIED;
    return judge(a, refused);
}

static enum ddl_result create_index(struct applying *a)
{
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_create_index(a->w->client, a->name.db, a->name.collection,
                                                      a->ddl->index, a->deadline_ms);
    if (answer.outcome == MILVUS_EXISTS || answer.outcome == MILVUS_REFUSED)
        return compare_index(a, &answer);
    return judge(a, &answer);
}

static enum ddl_result drop_index(struct applying *a)
{
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_drop_index(a->w->client, a->name.db, a->name.collection,
                                                    a->ddl->index, a->deadline_ms);
    return judge_gone(a, &answer);
}

static enum ddl_result alter_index(struct applying *a)
{
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_alter_index(a->w->client, a->name.db, a->name.collection,
                                                     a->ddl->index, a->deadline_ms);
    return judge(a, &answer);
}

static enum ddl_result load(struct applying *a)
{
    int32_t replicas = a->ddl->load && a->ddl->load->replicas > 0 ? a->ddl->load->replicas : 1;
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer =
        milvus_load(a->w->client, a->name.db, a->name.collection, a->ddl->partitions,
                    a->ddl->partition_count, replicas, a->deadline_ms);
    return judge(a, &answer);
}

static enum ddl_result release(struct applying *a)
{
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer =
        milvus_release(a->w->client, a->name.db, a->name.collection, a->ddl->partitions,
                       a->ddl->partition_count, a->deadline_ms);
    return judge_gone(a, &answer);
}

/* ---- aliases ---- */

static enum ddl_result put_alias(struct applying *a, bool alter)
{
    const char *points_at = NULL;
    const char *db = a->name.db;
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_create_alias(a->w->client, db, a->name.collection,
                                                      a->ddl->alias, alter, a->deadline_ms);
    if (answer.outcome == MILVUS_NOT_FOUND && alter)
        return put_alias(a, false);
    if (answer.outcome != MILVUS_EXISTS)
        return judge(a, &answer);
    if (!enter(a))
        return DDL_STOPPED;
    milvus_describe_alias(a->w->client, db, a->ddl->alias, a->deadline_ms, &a->arena, &points_at);
    if (points_at && strcmp(points_at, a->name.collection) == 0)
        return DDL_APPLIED;
    return failed(a, "alias %s of the target already points at %s", a->ddl->alias,
                  points_at ? points_at : "another collection");
}

static enum ddl_result drop_alias(struct applying *a)
{
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_drop_alias(
        a->w->client, name_map_db(a->w->names, a->ddl->db), a->ddl->alias, a->deadline_ms);
    return judge_gone(a, &answer);
}

/* ---- databases ---- */

static enum ddl_result has_database(struct applying *a, const char *db, bool *ret)
{
    const char *const *names;
    size_t count;
    *ret = false;
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer =
        milvus_list_databases(a->w->client, a->deadline_ms, &a->arena, &names, &count);
    for (size_t i = 0; answer.outcome == MILVUS_OK && i < count; i++)
        *ret |= strcmp(names[i], db) == 0;
    return judge(a, &answer);
}

static enum ddl_result create_database(struct applying *a, const char *db)
{
    bool there;
    enum ddl_result result = has_database(a, db, &there);
    if (result != DDL_APPLIED || there)
        return result;
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_create_database(a->w->client, db, a->ddl->properties,
                                                         a->ddl->property_count, a->deadline_ms);
    return judge(a, &answer);
}

static enum ddl_result drop_database(struct applying *a, const char *db)
{
    bool there;
    enum ddl_result result = has_database(a, db, &there);
    if (result != DDL_APPLIED || !there)
        return result;
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_drop_database(a->w->client, db, a->deadline_ms);
    return judge_gone(a, &answer);
}

static enum ddl_result apply_database(struct applying *a)
{
    const char *db = name_map_db(a->w->names, a->ddl->db);
    if (strcmp(db, DEFAULT_DATABASE) == 0 && a->ddl->kind != DDL_ALTER_DATABASE)
        return DDL_APPLIED; /* every Milvus has it, and it cannot be dropped */
    if (a->ddl->kind == DDL_CREATE_DATABASE)
        return create_database(a, db);
    if (a->ddl->kind == DDL_DROP_DATABASE)
        return drop_database(a, db);
    if (!enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_alter_database(a->w->client, db, a->ddl->properties,
                                                        a->ddl->property_count, a->deadline_ms);
    return judge(a, &answer);
}

/* The target flushes by itself; the source's flush is only a hint, so a rate limit is no reason to
 * try again. */
static enum ddl_result flush(struct applying *a)
{
    for (size_t i = 0; i < a->ddl->collection_count; i++) {
        struct target_name name =
            name_map_collection(a->w->names, a->ddl->db, a->ddl->collections[i]);
        if (!enter(a))
            return DDL_STOPPED;
        struct milvus_answer answer =
            milvus_flush(a->w->client, name.db, &name.collection, 1, a->deadline_ms);
        if (answer.outcome == MILVUS_DENIED)
            return judge(a, &answer);
    }
    return DDL_APPLIED;
}

static enum ddl_result apply(struct applying *a)
{
    switch (a->ddl->kind) {
    case DDL_CREATE_DATABASE:
    case DDL_DROP_DATABASE:
    case DDL_ALTER_DATABASE:
        return apply_database(a);
    case DDL_CREATE_COLLECTION:
        return create_collection(a);
    case DDL_DROP_COLLECTION:
        return drop_collection(a);
    case DDL_RENAME_COLLECTION:
        return rename_collection(a);
    case DDL_ALTER_COLLECTION:
        return alter_collection(a);
    case DDL_CREATE_PARTITION:
        return make_partition(a, a->ddl->partition);
    case DDL_DROP_PARTITION:
        return drop_partition(a);
    case DDL_CREATE_INDEX:
        return create_index(a);
    case DDL_DROP_INDEX:
        return drop_index(a);
    case DDL_ALTER_INDEX:
        return alter_index(a);
    case DDL_LOAD_COLLECTION:
    case DDL_LOAD_PARTITIONS:
        return load(a);
    case DDL_RELEASE_COLLECTION:
    case DDL_RELEASE_PARTITIONS:
        return release(a);
    case DDL_CREATE_ALIAS:
    case DDL_ALTER_ALIAS:
        return put_alias(a, a->ddl->kind == DDL_ALTER_ALIAS);
    case DDL_DROP_ALIAS:
        return drop_alias(a);
    case DDL_FLUSH:
        return flush(a);
    case DDL_GAP:
    case DDL_KIND_COUNT:
        break;
    }
    return DDL_APPLIED; /* a gap is for people; the task logs it */
}

void ddl_apply_run(struct pool_work *work)
{
    struct ddl_work *w = (struct ddl_work *)work;
    struct applying a = {.w = w, .ddl = w->ddl};
    if (w->ddl->collection)
        a.name = name_map_collection(w->names, w->ddl->db, w->ddl->collection);
    w->result = apply(&a);
    if (w->result == DDL_AGAIN)
        target_gate_report(w->gate, w->reason);
    else if (w->result == DDL_APPLIED)
        target_gate_report(w->gate, NULL);
    ks_arena_release(&a.arena);
}
