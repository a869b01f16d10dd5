/* Collections of the target: created with a stamp that says whose they are, dropped and renamed
 * only with ours. In: a DDL; out: calls. Each is preceded by a look at what is there, so that
 * repeating it after a crash on any line ends the same. */
#include <string.h>

#include "ddl_stamp.h"
#include "schema_differs.h"

enum { SETTLE_MS = 1000 };

/* ---- looking ---- */

enum ddl_result applying_look(struct applying *a, struct target_name name,
                              struct milvus_collection *ret, bool *ret_there)
{
    *ret_there = false;
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_describe_collection(a->w->client, name.db, name.collection,
                                                             a->deadline_ms, &a->arena, ret);
    if (answer.outcome == MILVUS_NOT_FOUND)
        return DDL_APPLIED;
    *ret_there = answer.outcome == MILVUS_OK;
    return applying_judge_read(a, &answer);
}

static bool is_alias(const struct milvus_collection *found, struct target_name name)
{
    return found->schema.name[0] && strcmp(found->schema.name, name.collection) != 0;
}

/* Its collection may be about to be dropped, and the alias with it. */
static enum ddl_result wait_for_alias(struct applying *a, const struct milvus_collection *found)
{
    return applying_end(a, DDL_AGAIN, "%s.%s is an alias of %s in the target: waiting for its end",
                        a->name.db, a->name.collection, found->schema.name);
}

/* ---- create ---- */

/* Partitions that the collection has when it is created (a snapshot's, for instance). */
static enum ddl_result make_partitions(struct applying *a)
{
    const struct ddl_schema *schema = a->ddl->schema;
    enum ddl_result result = DDL_APPLIED;
    if (ddl_schema_has_partition_key(schema))
        return DDL_APPLIED;
    for (size_t i = 0; i < schema->partition_count && result == DDL_APPLIED; i++)
        result = applying_make_partition(a, schema->partitions[i].name);
    return result;
}

/* Nothing in Milvus says "set it if it is not set". Of two sinks that both saw no stamp the last to
 * write one has the collection, and the other sees that when it looks again. One whose call took
 * longer than the pause overwrites a stamp that was found settled: until the next start of the
 * other both write, but only Upserts of one stream. */
static enum ddl_result take(struct applying *a)
{
    struct milvus_collection found;
    struct stamp stamp;
    bool there;
    enum ddl_result result = stamp_put(a);
    if (result != DDL_APPLIED)
        return result;
    if (!target_gate_sleep(a->w->gate, SETTLE_MS))
        return DDL_STOPPED;
    result = applying_look(a, a->name, &found, &there);
    if (result != DDL_APPLIED)
        return result;
    if (!there)
        return applying_end(a, DDL_AGAIN, "%s.%s was dropped meanwhile", a->name.db,
                            a->name.collection);
    enum stamp_match match = stamp_look(a, &found, &stamp);
    return match == STAMP_OURS ? DDL_APPLIED : stamp_refuse(a, match, &stamp);
}

static enum ddl_result adopt(struct applying *a, const struct milvus_collection *found)
{
    struct stamp stamp;
    char difference[300];
    enum stamp_match match = stamp_look(a, found, &stamp);
    enum ddl_result result = DDL_APPLIED;
    if (match != STAMP_OURS && match != STAMP_NONE)
        return stamp_refuse(a, match, &stamp);
    if (schema_differs(a->ddl->schema, &found->schema, difference, sizeof(difference)))
        return applying_end(a, DDL_FAILED, "%s.%s exists in the target with another schema: %s",
                            a->name.db, a->name.collection, difference);
    a->w->adopted = match == STAMP_NONE || stamp.adopted;
    if (a->w->only_look)
        return DDL_APPLIED;
    if (match == STAMP_NONE)
        result = take(a);
    return result == DDL_APPLIED ? make_partitions(a) : result;
}

static struct milvus_answer call_create(struct applying *a, const struct ddl_schema *schema,
                                        bool with_stamp)
{
    size_t count;
    struct ddl_kv *kvs = applying_wanted(a, schema->properties, schema->property_count, &count);
    if (with_stamp)
        stamp_add(a, kvs, &count);
    return milvus_create_collection(a->w->client, a->name.db, a->name.collection, schema, kvs,
                                    count, a->deadline_ms);
}

static struct milvus_answer call_create_described(struct applying *a)
{
    struct ddl_schema schema = *a->ddl->schema;
    const char *text = schema.description ? schema.description : "";
    schema.description =
        ks_arena_printf(&a->arena, "%s%s%s", text, *text ? " " : "", stamp_text(a));
    return call_create(a, &schema, false);
}

static bool has_vector(const struct ddl_schema *schema)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].type >= MILVUS_BINARY_VECTOR)
            return true;
    return false;
}

/* Milvus 2.3 takes such a collection, and can never load it. */
static enum ddl_result refuse_without_vector(struct applying *a)
{
    return applying_end(a, DDL_FAILED,
                        "the stream has no vector field of %s.%s, and a Milvus holds none without: "
                        "its source leaves all of them out, with vector.encoding=omit or "
                        "field.exclude.list",
                        a->ddl->db, a->ddl->collection);
}

static enum ddl_result create_stamped(struct applying *a)
{
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = call_create(a, a->ddl->schema, true);
    if (answer.outcome == MILVUS_REFUSED && strstr(answer.message, STAMP_PROPERTY)) {
        if (!applying_enter(a))
            return DDL_STOPPED;
        answer = call_create_described(a);
    }
    if (answer.outcome == MILVUS_EXISTS) /* since we looked */
        return applying_end(a, DDL_AGAIN, "%s", answer.message);
    return applying_judge(a, &answer);
}

/* Another sink may have made an equal one since we looked, which is no error to every server. */
static enum ddl_result check_made(struct applying *a)
{
    struct milvus_collection found;
    struct stamp stamp;
    bool there;
    enum ddl_result result = applying_look(a, a->name, &found, &there);
    if (result != DDL_APPLIED)
        return result;
    if (!there)
        return applying_end(a, DDL_AGAIN, "%s.%s is not there after its creation", a->name.db,
                            a->name.collection);
    enum stamp_match match = stamp_look(a, &found, &stamp);
    return match == STAMP_OURS ? DDL_APPLIED : stamp_refuse(a, match, &stamp);
}

enum ddl_result apply_create_collection(struct applying *a)
{
    struct milvus_collection found;
    bool there;
    enum ddl_result result = applying_look(a, a->name, &found, &there);
    if (result != DDL_APPLIED)
        return result;
    if (there)
        return is_alias(&found, a->name) ? wait_for_alias(a, &found) : adopt(a, &found);
    if (a->w->only_look)
        return applying_end(a, DDL_FAILED,
                            "%s.%s is not in the target, and ddl.policy.create_collection=skip",
                            a->name.db, a->name.collection);
    if (!has_vector(a->ddl->schema))
        return refuse_without_vector(a);
    result = create_stamped(a);
    if (result == DDL_APPLIED)
        result = check_made(a);
    return result == DDL_APPLIED ? make_partitions(a) : result;
}

/* ---- drop ---- */

static enum ddl_result drop_aliases(struct applying *a, const struct milvus_collection *found)
{
    enum ddl_result result = DDL_APPLIED;
    for (size_t i = 0; i < found->alias_count && result == DDL_APPLIED; i++) {
        if (!applying_enter(a))
            return DDL_STOPPED;
        struct milvus_answer answer =
            milvus_drop_alias(a->w->client, a->name.db, found->aliases[i], a->deadline_ms);
        result = applying_judge_gone(a, &answer);
    }
    return result;
}

enum ddl_result apply_drop_collection(struct applying *a)
{
    struct milvus_collection found;
    bool there;
    enum ddl_result result = applying_look(a, a->name, &found, &there);
    if (result != DDL_APPLIED || !there)
        return result;
    /* Not ours to drop: ours is gone. */
    if (is_alias(&found, a->name) || !stamp_is_ours(a, &found))
        return applying_end(a, DDL_APPLIED, "%s.%s of the target is not this source's: it stays",
                            a->name.db, a->name.collection);
    result = drop_aliases(a, &found);
    if (result != DDL_APPLIED)
        return result;
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer =
        milvus_drop_collection(a->w->client, a->name.db, a->name.collection, a->deadline_ms);
    return applying_judge_gone(a, &answer);
}

/* ---- rename ---- */

/* *ret_there: it has the new name already (or whatever else the result says). */
static enum ddl_result look_at_new_name(struct applying *a, struct target_name old, bool *ret_there)
{
    struct milvus_collection found;
    enum ddl_result result = applying_look(a, a->name, &found, ret_there);
    if (result != DDL_APPLIED || !*ret_there)
        return result;
    if (is_alias(&found, a->name))
        return wait_for_alias(a, &found);
    if (stamp_is_ours(a, &found))
        return DDL_APPLIED;
    return applying_end(a, DDL_FAILED,
                        "%s.%s cannot be renamed to %s.%s: the target has another collection of "
                        "that name",
                        old.db, old.collection, a->name.db, a->name.collection);
}

static enum ddl_result look_at_old_name(struct applying *a, struct target_name old)
{
    struct milvus_collection found;
    bool there;
    enum ddl_result result = applying_look(a, old, &found, &there);
    if (result != DDL_APPLIED)
        return result;
    if (!there)
        return applying_end(a, DDL_FAILED, "%s.%s is not in the target: it cannot be renamed",
                            old.db, old.collection);
    if (is_alias(&found, old) || !stamp_is_ours(a, &found))
        return applying_end(a, DDL_FAILED,
                            "%s.%s of the target is not what this sink created: it is not renamed",
                            old.db, old.collection);
    return DDL_APPLIED;
}

static struct target_name old_name(struct applying *a)
{
    const struct catalogue_collection *coll = a->w->applied_to;
    if (coll)
        return name_map_collection(a->w->names, coll->db, coll->name);
    return name_map_collection(a->w->names, a->ddl->old_db ? a->ddl->old_db : a->ddl->db,
                               a->ddl->old_collection);
}

enum ddl_result apply_rename_collection(struct applying *a)
{
    struct target_name old = old_name(a);
    bool there;
    if (strcmp(old.db, a->name.db) == 0 && strcmp(old.collection, a->name.collection) == 0)
        return DDL_APPLIED; /* the mapping keeps the name */
    enum ddl_result result = look_at_new_name(a, old, &there);
    if (result != DDL_APPLIED || there)
        return result;
    result = look_at_old_name(a, old);
    if (result != DDL_APPLIED)
        return result;
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_rename_collection(
        a->w->client, old.db, old.collection, a->name.db, a->name.collection, a->deadline_ms);
    return applying_judge(a, &answer);
}

/* ---- is it still there ---- */

enum ddl_result apply_verify_collection(struct applying *a)
{
    struct milvus_collection found;
    struct stamp stamp;
    bool there;
    enum ddl_result result = applying_look(a, a->name, &found, &there);
    if (result != DDL_APPLIED || (!there && a->w->may_be_gone))
        return result;
    if (!there || is_alias(&found, a->name))
        return applying_end(a, DDL_FAILED,
                            "%s.%s, which this sink has written to as its copy of %s.%s, is not in "
                            "the target. If collection.mapping was changed, rename it there, or "
                            "undo the change",
                            a->name.db, a->name.collection, a->ddl->db, a->ddl->collection);
    enum stamp_match match = stamp_look(a, &found, &stamp);
    if (match == STAMP_OURS || match == STAMP_UNSIGNED ||
        (match == STAMP_NONE && a->w->may_lack_stamp))
        return DDL_APPLIED;
    if (match == STAMP_OTHER_SINK)
        return stamp_refuse(a, match, &stamp);
    return applying_end(
        a, DDL_FAILED,
        "%s.%s of the target is not this sink's copy of %s.%s: its property " STAMP_PROPERTY
        " is '%s', not '%s'. If collection.mapping was changed, undo "
        "it, or rename collections in the target; if it is the right one, set the "
        "property",
        a->name.db, a->name.collection, a->ddl->db, a->ddl->collection,
        stamp.source ? stamp.source : "", stamp_source(a));
}
