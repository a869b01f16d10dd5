#include "topic_names.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "map.h"
#include "topic_name.h"

enum { PARTITIONS_MAX = 100000 }; /* of a topic; more in a record is nonsense */

/* What a topic was last used for. */
struct topic_use {
    int64_t collection_id; /* 0: not for rows */
    bool live;
    char *name; /* "collection db.coll", for messages */
    struct ks_arena arena;
    const struct ddl_schema *schema;
    int64_t *ends; /* by partition */
    size_t end_count;
};

struct topic_names {
    char *prefix;
    struct strmap uses; /* topic -> struct topic_use */
};

struct topic_names *topic_names_new(const char *prefix)
{
    struct topic_names *t = xcalloc(1, sizeof(*t));
    t->prefix = xstrdup(prefix);
    return t;
}

static void use_free(struct topic_use *use)
{
    if (!use)
        return;
    ks_arena_release(&use->arena);
    free(use->name);
    free(use->ends);
    free(use);
}

void topic_names_free(struct topic_names *t)
{
    size_t pos = 0;
    const char *key;
    void *use;
    if (!t)
        return;
    while (strmap_next(&t->uses, &pos, &key, &use))
        use_free(use);
    strmap_release(&t->uses);
    free(t->prefix);
    free(t);
}

void topic_names_reserve(struct topic_names *t, const char *topic, const char *what)
{
    struct topic_use *use = xcalloc(1, sizeof(*use));
    use->live = true;
    use->name = xstrdup(what);
    use_free(strmap_put(&t->uses, topic, use));
}

const char *topic_names_plain(const struct topic_names *t, const char *db, const char *collection,
                              struct ks_arena *arena)
{
    char *topic = ks_arena_printf(arena, "%s.%s.%s", t->prefix, db, collection);
    for (char *p = topic + strlen(t->prefix); *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
            *p = '_';
    return topic;
}

static const struct ddl_field *field_named(const struct ddl_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (strcmp(schema->fields[i].name, name) == 0)
            return &schema->fields[i];
    return NULL;
}

/* Would the rows of both be readable with either one's schema? Fields that only one has are
 * nullable; the key and the types of shared fields must be the same. */
static bool compatible(const struct ddl_schema *a, const struct ddl_schema *b)
{
    for (size_t i = 0; i < a->field_count; i++) {
        const struct ddl_field *x = &a->fields[i], *y = field_named(b, x->name);
        if (!y && !x->is_primary_key)
            continue;
        if (!y || x->is_primary_key != y->is_primary_key || x->type != y->type ||
            x->element_type != y->element_type)
            return false;
    }
    return true;
}

/* May the rows of `ddl` not go on in the topic of this name? */
static enum ks_status is_over(const struct topic_names *t, const char *topic, const struct ddl *ddl,
                              topic_is_lost_fn *is_lost, void *arg, bool *ret, struct ks_error *err)
{
    const struct topic_use *use = strmap_get(&t->uses, topic);
    *ret = use && use->collection_id != ddl->collection_id &&
           !(compatible(use->schema, ddl->schema) && compatible(ddl->schema, use->schema));
    return use && !*ret ? is_lost(arg, topic, use->ends, use->end_count, ret, err) : KS_OK;
}

enum ks_status topic_names_choose(const struct topic_names *t, const char *routed, struct ddl *ddl,
                                  topic_is_lost_fn *is_lost, void *arg, struct ks_arena *arena,
                                  struct ks_error *err)
{
    const char *topic = ks_arena_strndup(arena, routed, strlen(routed));
    const struct topic_use *use = strmap_get(&t->uses, topic);
    bool over;
    if (use && use->collection_id != ddl->collection_id && use->live)
        return ks_error_set(err, KS_ERR_FATAL,
                            "%s and collection %s.%s would share the topic %s: exclude one of "
                            "them with collection.exclude.list, or give them different topics "
                            "with transforms",
                            use->name, ddl->db, ddl->collection, topic);
    enum ks_status status = is_over(t, topic, ddl, is_lost, arg, &over, err);
    if (!status && over) {
        topic = ks_arena_printf(arena, "%s.%" PRId64, topic, ddl->collection_id);
        status = is_over(t, topic, ddl, is_lost, arg, &over, err); /* renamed to and fro */
    }
    if (!status && over)
        topic = ks_arena_printf(arena, "%s.%" PRIu64, topic, ddl->tick);
    if (status)
        return status;
    const char *fault = topic_name_fault(topic);
    if (fault)
        return ks_error_set(err, KS_ERR_FATAL,
                            "collection %s.%s: the topic name %s %s. Choose a shorter "
                            "topic.prefix, or another name with transforms",
                            ddl->db, ddl->collection, topic, fault);
    ddl->topic = topic;
    return KS_OK;
}

static void end_use(struct topic_names *t, int64_t collection_id)
{
    size_t pos = 0;
    const char *key;
    void *value;
    while (strmap_next(&t->uses, &pos, &key, &value)) {
        struct topic_use *use = value;
        if (use->collection_id == collection_id)
            use->live = false;
    }
}

static void note_end(struct topic_names *t, const struct ks_topic_partition *position)
{
    struct topic_use *use = strmap_get(&t->uses, position->topic);
    size_t at = (size_t)position->partition;
    if (!use || position->partition < 0 || position->partition >= PARTITIONS_MAX)
        return;
    if (at >= use->end_count) {
        use->ends = xrealloc(use->ends, (at + 1) * sizeof(*use->ends));
        memset(use->ends + use->end_count, 0, (at + 1 - use->end_count) * sizeof(*use->ends));
        use->end_count = at + 1;
    }
    if (position->offset > use->ends[at])
        use->ends[at] = position->offset;
}

static void begin_use(struct topic_names *t, const struct ddl *ddl)
{
    struct topic_use *use = xcalloc(1, sizeof(*use)), *before = strmap_get(&t->uses, ddl->topic);
    use->collection_id = ddl->collection_id;
    use->live = true;
    use->name = xasprintf("collection %s.%s", ddl->db, ddl->collection);
    use->schema = ddl_schema_copy(ddl->schema, &use->arena);
    if (before) {
        use->ends = before->ends;
        use->end_count = before->end_count;
        before->ends = NULL;
    }
    use_free(strmap_put(&t->uses, ddl->topic, use));
}

void topic_names_note(struct topic_names *t, const struct ddl *ddl)
{
    bool begins = ddl->kind == DDL_CREATE_COLLECTION || ddl->kind == DDL_RENAME_COLLECTION;
    for (size_t i = 0; i < ddl->after_count; i++)
        note_end(t, &ddl->after[i]);
    if (begins || ddl->kind == DDL_DROP_COLLECTION)
        end_use(t, ddl->collection_id);
    if (begins && ddl->topic && ddl->schema)
        begin_use(t, ddl);
}
