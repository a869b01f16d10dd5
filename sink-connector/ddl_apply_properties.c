/* Properties of collections. In: the source's, of a create or an alter; out: those that the target
 * shall have, set and removed. Removing came to Milvus with 2.4.18; older servers refuse it. A look
 * afterwards tells whether a property stayed: then that is said, once. */
#include <string.h>

#include "ddl_stamp.h"

/* Properties that mean something on one cluster only. */
static bool is_local_property(const char *key)
{
    static const char *const local[] = {
        "replicate.id",
        "replicate.endTS",
        "collection.replica.number",
        "collection.resource_groups",
        STAMP_PROPERTY,
        SINK_PROPERTY,
        ADOPTED_PROPERTY,
        NULL,
    };
    for (const char *const *p = local; *p; p++)
        if (strcmp(*p, key) == 0)
            return true;
    return false;
}

struct ddl_kv *applying_wanted(struct applying *a, const struct ddl_kv *properties, size_t count,
                               size_t *ret_count)
{
    struct ddl_kv *kvs = ks_arena_alloc(&a->arena, (count + STAMP_MAX) * sizeof(*kvs));
    *ret_count = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_local_property(properties[i].key))
            kvs[(*ret_count)++] = properties[i];
    return kvs;
}

static enum ddl_result set_properties(struct applying *a)
{
    size_t count;
    struct ddl_kv *kvs = applying_wanted(a, a->ddl->properties, a->ddl->property_count, &count);
    if (count == 0)
        return DDL_APPLIED;
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_alter_collection(
        a->w->client, a->name.db, a->name.collection, kvs, count, a->deadline_ms);
    return applying_judge(a, &answer);
}

/* ---- removal ---- */

/* Keys that the collection had by the stream, has no longer, and still has in the target. What an
 * operator set in the target is not among them. */
static const char **left_keys(struct applying *a, const struct ddl_schema *have, size_t *ret_count)
{
    const struct ddl_schema *before = a->w->applied_to->schema;
    const char **keys = ks_arena_alloc(&a->arena, (before->property_count + 1) * sizeof(*keys));
    *ret_count = 0;
    for (size_t i = 0; i < before->property_count; i++) {
        const char *key = before->properties[i].key;
        if (!is_local_property(key) &&
            !ddl_kv_get(a->ddl->properties, a->ddl->property_count, key) &&
            ddl_kv_get(have->properties, have->property_count, key))
            keys[(*ret_count)++] = key;
    }
    return keys;
}

static enum ddl_result look_for_left(struct applying *a, const char ***ret_keys, size_t *ret_count)
{
    struct milvus_collection found;
    bool there;
    enum ddl_result result = applying_look(a, a->name, &found, &there);
    *ret_count = 0;
    if (result == DDL_APPLIED && there)
        *ret_keys = left_keys(a, &found.schema, ret_count);
    return result;
}

static enum ddl_result remove_properties(struct applying *a)
{
    const char **keys;
    size_t count;
    enum ddl_result result = look_for_left(a, &keys, &count);
    if (result != DDL_APPLIED || count == 0)
        return result;
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_remove_properties(
        a->w->client, a->name.db, a->name.collection, keys, count, a->deadline_ms);
    result = applying_judge(a, &answer);
    if (result != DDL_APPLIED && result != DDL_FAILED)
        return result;
    a->w->reason[0] = '\0';
    result = look_for_left(a, &keys, &count);
    if (result != DDL_APPLIED || count == 0)
        return result;
    return applying_end(a, DDL_APPLIED,
                        "%s.%s of the target keeps property %s, which the source has removed: this "
                        "version of Milvus cannot remove it (%s)",
                        a->name.db, a->name.collection, keys[0], answer.message);
}

/* Servers keep the properties that are not named, the stamp among them. */
enum ddl_result apply_alter_collection(struct applying *a)
{
    enum ddl_result result = set_properties(a);
    return result == DDL_APPLIED && a->w->applied_to ? remove_properties(a) : result;
}
