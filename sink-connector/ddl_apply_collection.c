/* Collections of the target: created with a stamp that says whose they are, dropped and renamed
 * only with ours. In: a DDL; out: calls. Each is preceded by a look at what is there, so that
 * repeating it after a crash on any line ends the same. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ddl_applying.h"
#include "schema_differs.h"

/* ---- stamps ---- */

static const char *stamp_of(struct applying *a)
{
    return ks_arena_printf(&a->arena, "%s/%" PRId64, a->ddl->cluster, a->ddl->collection_id);
}

enum stamp_match { STAMP_OURS, STAMP_NONE, STAMP_OTHER };

/* The stamp in a description, where a server takes no property of its own making. */
static const char *described_stamp(struct applying *a, const char *description)
{
    static const char mark[] = STAMP_PROPERTY "=";
    const char *at = description ? strstr(description, mark) : NULL;
    if (!at)
        return NULL;
    at += strlen(mark);
    return ks_arena_strndup(&a->arena, at, strcspn(at, " "));
}

static enum stamp_match match_stamp(struct applying *a, const struct milvus_collection *found,
                                    const char **ret_stamp)
{
    *ret_stamp = ddl_kv_get(found->schema.properties, found->schema.property_count, STAMP_PROPERTY);
    if (!*ret_stamp)
        *ret_stamp = described_stamp(a, found->schema.description);
    if (!*ret_stamp)
        return STAMP_NONE;
    return strcmp(*ret_stamp, stamp_of(a)) == 0 ? STAMP_OURS : STAMP_OTHER;
}

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

static enum ddl_result put_stamp(struct applying *a)
{
    const struct ddl_kv stamp = {STAMP_PROPERTY, stamp_of(a)};
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_alter_collection(
        a->w->client, a->name.db, a->name.collection, &stamp, 1, a->deadline_ms);
    return applying_judge(a, &answer);
}

static enum ddl_result check_stamp(struct applying *a, enum stamp_match match, const char *stamp)
{
    if (match == STAMP_OTHER)
        return applying_end(a, DDL_FAILED,
                            "%s.%s of the target belongs to %s (property " STAMP_PROPERTY
                            "): two sources would write into it. Map one of them elsewhere with "
                            "collection.mapping",
                            a->name.db, a->name.collection, stamp);
    a->w->refused = match == STAMP_OURS && a->w->no_state && !a->w->only_look;
    if (a->w->refused)
        return applying_end(a, DDL_FAILED,
                            "%s.%s of the target was written by this source, but this connector "
                            "has no committed state: it was deleted, or the connector has a new "
                            "name. Drop the collection to start anew, or restore the connector's "
                            "name and offsets",
                            a->name.db, a->name.collection);
    return DDL_APPLIED;
}

static enum ddl_result adopt(struct applying *a, const struct milvus_collection *found)
{
    const char *stamp;
    char difference[300];
    enum stamp_match match = match_stamp(a, found, &stamp);
    enum ddl_result result = check_stamp(a, match, stamp);
    if (result != DDL_APPLIED)
        return result;
    if (schema_differs(a->ddl->schema, &found->schema, difference, sizeof(difference)))
        return applying_end(a, DDL_FAILED, "%s.%s exists in the target with another schema: %s",
                            a->name.db, a->name.collection, difference);
    a->w->adopted = match == STAMP_NONE;
    if (a->w->only_look)
        return DDL_APPLIED;
    if (match == STAMP_NONE)
        result = put_stamp(a);
    return result == DDL_APPLIED ? make_partitions(a) : result;
}

static struct milvus_answer call_create(struct applying *a, const struct ddl_schema *schema,
                                        bool with_stamp)
{
    size_t count;
    struct ddl_kv *kvs = applying_wanted(a, schema->properties, schema->property_count, &count);
    if (with_stamp)
        kvs[count++] = (struct ddl_kv){STAMP_PROPERTY, stamp_of(a)};
    return milvus_create_collection(a->w->client, a->name.db, a->name.collection, schema, kvs,
                                    count, a->deadline_ms);
}

static struct milvus_answer call_create_described(struct applying *a)
{
    struct ddl_schema schema = *a->ddl->schema;
    const char *text = schema.description ? schema.description : "";
    schema.description = ks_arena_printf(&a->arena, "%s%s" STAMP_PROPERTY "=%s", text,
                                         *text ? " " : "", stamp_of(a));
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
    const char *stamp;
    bool there;
    enum ddl_result result = applying_look(a, a->name, &found, &there);
    if (result != DDL_APPLIED || !there)
        return result;
    /* Not ours to drop: ours is gone. */
    if (is_alias(&found, a->name) || match_stamp(a, &found, &stamp) != STAMP_OURS)
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
    const char *stamp;
    enum ddl_result result = applying_look(a, a->name, &found, ret_there);
    if (result != DDL_APPLIED || !*ret_there)
        return result;
    if (is_alias(&found, a->name))
        return wait_for_alias(a, &found);
    if (match_stamp(a, &found, &stamp) == STAMP_OURS)
        return DDL_APPLIED;
    return applying_end(a, DDL_FAILED,
                        "%s.%s cannot be renamed to %s.%s: the target has another collection of "
                        "that name",
                        old.db, old.collection, a->name.db, a->name.collection);
}

static enum ddl_result look_at_old_name(struct applying *a, struct target_name old)
{
    struct milvus_collection found;
    const char *stamp;
    bool there;
    enum ddl_result result = applying_look(a, old, &found, &there);
    if (result != DDL_APPLIED)
        return result;
    if (!there)
        return applying_end(a, DDL_FAILED, "%s.%s is not in the target: it cannot be renamed",
                            old.db, old.collection);
    if (is_alias(&found, old) || match_stamp(a, &found, &stamp) != STAMP_OURS)
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
    const char *stamp = NULL;
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
    enum stamp_match match = match_stamp(a, &found, &stamp);
    if (match == STAMP_OURS || (match == STAMP_NONE && a->w->may_lack_stamp))
        return DDL_APPLIED;
    return applying_end(
        a, DDL_FAILED,
        "%s.%s of the target is not this sink's copy of %s.%s: its property " STAMP_PROPERTY
        " is '%s', not '%s'. If collection.mapping was changed, undo "
        "it, or rename collections in the target; if it is the right one, set the "
        "property",
        a->name.db, a->name.collection, a->ddl->db, a->ddl->collection, stamp ? stamp : "",
        stamp_of(a));
}
