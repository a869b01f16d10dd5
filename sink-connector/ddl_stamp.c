/* Stamps of collections in the target: in: what is there; out: whose it is, and calls that put
 * ours. Next: ddl_apply_collection decides by it. All of a stamp is one call, so a process that
 * dies leaves all of it or nothing. */
#include "ddl_stamp.h"

#include <inttypes.h>
#include <string.h>

const char *stamp_source(struct applying *a)
{
    return ks_arena_printf(&a->arena, "%s/%" PRId64, a->ddl->cluster, a->ddl->collection_id);
}

static const char *own_id(struct applying *a)
{
    return ks_arena_strndup(&a->arena, a->w->sink, strcspn(a->w->sink, "/"));
}

/* ---- looking ---- */

/* A property, or what stands for it in the description. */
static const char *value_of(struct applying *a, const struct milvus_collection *found,
                            const char *key)
{
    const char *mark, *at = ddl_kv_get(found->schema.properties, found->schema.property_count, key);
    if (at || !found->schema.description)
        return at;
    mark = ks_arena_printf(&a->arena, "%s=", key);
    at = strstr(found->schema.description, mark);
    if (!at)
        return NULL;
    at += strlen(mark);
    return ks_arena_strndup(&a->arena, at, strcspn(at, " "));
}

/* The ID alone: a connector may get another name, and keep its state. */
static bool has_our_id(struct applying *a, const char *text)
{
    const char *id = own_id(a);
    size_t len = strlen(id);
    return text && strncmp(text, id, len) == 0 && (text[len] == '\0' || text[len] == '/');
}

enum stamp_match stamp_look(struct applying *a, const struct milvus_collection *found,
                            struct stamp *ret)
{
    *ret = (struct stamp){
        .source = value_of(a, found, STAMP_PROPERTY),
        .sink = value_of(a, found, SINK_PROPERTY),
        .adopted = has_our_id(a, value_of(a, found, ADOPTED_PROPERTY)),
    };
    if (!ret->source)
        return STAMP_NONE;
    if (strcmp(ret->source, stamp_source(a)) != 0)
        return STAMP_OTHER;
    if (!ret->sink)
        return STAMP_UNSIGNED;
    return has_our_id(a, ret->sink) ? STAMP_OURS : STAMP_OTHER_SINK;
}

bool stamp_is_ours(struct applying *a, const struct milvus_collection *found)
{
    struct stamp stamp;
    enum stamp_match match = stamp_look(a, found, &stamp);
    return match == STAMP_OURS || match == STAMP_UNSIGNED;
}

/* ---- putting ---- */

void stamp_add(struct applying *a, struct ddl_kv *kvs, size_t *count)
{
    kvs[(*count)++] = (struct ddl_kv){STAMP_PROPERTY, stamp_source(a)};
    kvs[(*count)++] = (struct ddl_kv){SINK_PROPERTY, a->w->sink};
}

const char *stamp_text(struct applying *a)
{
    return ks_arena_printf(&a->arena, STAMP_PROPERTY "=%s " SINK_PROPERTY "=%s", stamp_source(a),
                           a->w->sink);
}

enum ddl_result stamp_put(struct applying *a)
{
    struct ddl_kv kvs[STAMP_MAX] = {{ADOPTED_PROPERTY, own_id(a)}};
    size_t count = 1;
    stamp_add(a, kvs, &count);
    if (!applying_enter(a))
        return DDL_STOPPED;
    struct milvus_answer answer = milvus_alter_collection(
        a->w->client, a->name.db, a->name.collection, kvs, count, a->deadline_ms);
    return applying_judge(a, &answer);
}

/* ---- refusing ---- */

static const char *connector_of(const struct stamp *stamp)
{
    const char *slash = stamp->sink ? strchr(stamp->sink, '/') : NULL;
    return slash ? slash + 1 : "of an earlier version";
}

enum ddl_result stamp_refuse(struct applying *a, enum stamp_match match, const struct stamp *stamp)
{
    if (match == STAMP_OTHER)
        return applying_end(a, DDL_FAILED,
                            "%s.%s of the target belongs to %s (property " STAMP_PROPERTY
                            "): two sources would write into it. Map one of them elsewhere with "
                            "collection.mapping",
                            a->name.db, a->name.collection, stamp->source);
    return applying_end(a, DDL_FAILED,
                        "%s.%s of the target is kept by the sink connector %s with a state that is "
                        "not this connector's (property " SINK_PROPERTY " is '%s', not '%s'): two "
                        "would write every row twice. Leave it to one of them; if that state was "
                        "deleted, restore it, or drop the collection to start anew",
                        a->name.db, a->name.collection, connector_of(stamp),
                        stamp->sink ? stamp->sink : "", a->w->sink);
}
