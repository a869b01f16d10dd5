/* The fold of the DDL stream. In: one event after the other; out: what exists. Databases are kept
 * by name, collections by ID and by name, aliases by name. Each part owns its own memory, so that a
 * stream without end does not make it grow. */
#include "catalogue_parts.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* ---- keys of two texts ---- */

struct name_key {
    char *text;
    size_t len;
};

static struct name_key name_key(const char *db, const char *name)
{
    size_t db_len = strlen(db), name_len = strlen(name);
    struct name_key key = {xmalloc(db_len + 1 + name_len + 1), db_len + 1 + name_len};
    memcpy(key.text, db, db_len + 1);
    memcpy(key.text + db_len + 1, name, name_len + 1);
    return key;
}

void *catalogue_names_get(const struct strmap *map, const char *db, const char *name)
{
    struct name_key key = name_key(db, name);
    void **found = strmap_find_n(map, key.text, key.len);
    free(key.text);
    return found ? *found : NULL;
}

void catalogue_names_put(struct strmap *map, const char *db, const char *name, void *value)
{
    struct name_key key = name_key(db, name);
    strmap_put_n(map, key.text, key.len, value);
    free(key.text);
}

void *catalogue_names_remove(struct strmap *map, const char *db, const char *name)
{
    struct name_key key = name_key(db, name);
    void *removed = strmap_remove_n(map, key.text, key.len);
    free(key.text);
    return removed;
}

/* ---- parts ---- */

void catalogue_database_free(struct database *db)
{
    if (!db)
        return;
    ks_arena_release(&db->arena);
    free(db);
}

void catalogue_database_set_properties(struct database *db, const struct ddl_kv *properties,
                                       size_t count)
{
    struct ks_arena arena = {.chunk_bytes = 512};
    db->properties = ddl_kvs_copy(properties, count, &arena);
    db->property_count = count;
    ks_arena_release(&db->arena);
    db->arena = arena;
}

struct database *catalogue_database_add(struct catalogue *c, const char *name, int64_t id)
{
    struct database *db = xcalloc(1, sizeof(*db));
    db->id = id;
    catalogue_database_free(strmap_put(&c->databases, name, db));
    return db;
}

struct collection *catalogue_collection_get(const struct catalogue *c, int64_t id)
{
    return map_get(&c->collections, (uint64_t)id);
}

void catalogue_collection_set_schema(struct collection *coll, const struct ddl_schema *schema)
{
    struct ks_arena arena = {.chunk_bytes = 4096};
    coll->pub.schema = ddl_schema_copy(schema, &arena);
    ks_arena_release(&coll->schema_arena);
    coll->schema_arena = arena;
}

void catalogue_replace_text(const char **slot, const char *text)
{
    char *copy = text ? xstrdup(text) : NULL;
    free((char *)*slot);
    *slot = copy;
}

void catalogue_partition_add(struct catalogue_collection *coll, int64_t id, const char *name)
{
    struct catalogue_partition **tail = &coll->partitions;
    while (*tail)
        tail = &(*tail)->next;
    struct catalogue_partition *p = xcalloc(1, sizeof(*p));
    *p = (struct catalogue_partition){.id = id, .name = xstrdup(name), .loaded = coll->loaded};
    *tail = p;
}

static void partition_free(struct catalogue_partition *p)
{
    free((char *)p->name);
    free(p);
}

void catalogue_partition_remove(struct catalogue_collection *coll, int64_t id)
{
    for (struct catalogue_partition **at = &coll->partitions; *at; at = &(*at)->next) {
        if ((*at)->id != id)
            continue;
        struct catalogue_partition *p = *at;
        *at = p->next;
        partition_free(p);
        return;
    }
}

struct catalogue_partition *catalogue_partition_named(const struct catalogue_collection *coll,
                                                      const char *name)
{
    struct catalogue_partition *p = coll->partitions;
    while (p && strcmp(p->name, name) != 0)
        p = p->next;
    return p;
}

const struct ddl_index *catalogue_index_get(const struct catalogue_collection *coll, int64_t id)
{
    const struct catalogue_index *index = coll->indexes;
    while (index && index->index->id != id)
        index = index->next;
    return index ? index->index : NULL;
}

void catalogue_index_add(struct catalogue_collection *coll, const struct ddl_index *index)
{
    struct index *copy = xcalloc(1, sizeof(*copy));
    copy->arena.chunk_bytes = 1024;
    copy->pub.index = ddl_index_copy(index, &copy->arena);
    struct catalogue_index **tail = &coll->indexes;
    while (*tail)
        tail = &(*tail)->next;
    *tail = &copy->pub;
}

static void index_free(struct catalogue_index *pub)
{
    struct index *index = (struct index *)pub;
    ks_arena_release(&index->arena);
    free(index);
}

void catalogue_index_remove(struct catalogue_collection *coll, int64_t id)
{
    for (struct catalogue_index **at = &coll->indexes; *at; at = &(*at)->next) {
        if ((*at)->index->id != id)
            continue;
        struct catalogue_index *index = *at;
        *at = index->next;
        index_free(index);
        return;
    }
}

void catalogue_collection_free(struct collection *coll)
{
    struct catalogue_collection *pub = &coll->pub;
    if (pub->user && pub->user_free)
        pub->user_free(pub->user);
    for (struct catalogue_partition *p = pub->partitions, *next; p; p = next) {
        next = p->next;
        partition_free(p);
    }
    for (struct catalogue_index *i = pub->indexes, *next; i; i = next) {
        next = i->next;
        index_free(i);
    }
    catalogue_replace_text(&pub->db, NULL);
    catalogue_replace_text(&pub->name, NULL);
    catalogue_replace_text(&pub->created_as, NULL);
    catalogue_replace_text(&pub->topic, NULL);
    ks_arena_release(&coll->schema_arena);
    free(coll);
}

/* ---- the whole ---- */

struct catalogue *catalogue_new(void)
{
    struct catalogue *c = xcalloc(1, sizeof(*c));
    catalogue_database_add(c, DEFAULT_DATABASE, DEFAULT_DATABASE_ID);
    return c;
}

void catalogue_free(struct catalogue *c)
{
    if (!c)
        return;
    size_t pos = 0;
    uint64_t id;
    const char *key;
    void *value;
    while (map_next(&c->collections, &pos, &id, &value))
        catalogue_collection_free(value);
    pos = 0;
    while (strmap_next(&c->databases, &pos, &key, &value))
        catalogue_database_free(value);
    pos = 0;
    while (strmap_next(&c->aliases, &pos, &key, &value))
        free(value);
    map_release(&c->collections);
    strmap_release(&c->names);
    strmap_release(&c->databases);
    strmap_release(&c->aliases);
    free(c);
}

static void copy_collection(struct catalogue *c, const struct catalogue_collection *from)
{
    struct collection *coll = xcalloc(1, sizeof(*coll));
    struct catalogue_collection *to = &coll->pub;
    to->id = from->id;
    to->db_id = from->db_id;
    to->replicas = from->replicas;
    to->ddl_seq = from->ddl_seq;
    to->create_seq = from->create_seq;
    catalogue_replace_text(&to->db, from->db);
    catalogue_replace_text(&to->name, from->name);
    catalogue_replace_text(&to->created_as, from->created_as);
    catalogue_replace_text(&to->topic, from->topic);
    catalogue_collection_set_schema(coll, from->schema);
    for (const struct catalogue_partition *p = from->partitions; p; p = p->next) {
        to->loaded = p->loaded;
        catalogue_partition_add(to, p->id, p->name);
    }
    to->loaded = from->loaded;
    for (const struct catalogue_index *i = from->indexes; i; i = i->next)
        catalogue_index_add(to, i->index);
    map_put(&c->collections, (uint64_t)to->id, coll);
    catalogue_names_put(&c->names, to->db, to->name, coll);
}

struct catalogue *catalogue_copy(const struct catalogue *from)
{
    struct catalogue *c = catalogue_new();
    size_t pos = 0;
    uint64_t id;
    const char *key;
    void *value;
    while (strmap_next(&from->databases, &pos, &key, &value)) {
        const struct database *db = value;
        catalogue_database_set_properties(catalogue_database_add(c, key, db->id), db->properties,
                                          db->property_count);
    }
    pos = 0;
    while (map_next(&from->collections, &pos, &id, &value))
        copy_collection(c, value);
    pos = 0;
    while (strmap_next(&from->aliases, &pos, &key, &value)) {
        struct alias *alias = xmalloc(sizeof(*alias));
        *alias = *(const struct alias *)value;
        catalogue_names_put(&c->aliases, key, key + strlen(key) + 1, alias);
    }
    return c;
}

/* ---- looking up ---- */

struct catalogue_collection *catalogue_by_id(const struct catalogue *c, int64_t collection_id)
{
    struct collection *coll = catalogue_collection_get(c, collection_id);
    return coll ? &coll->pub : NULL;
}

struct catalogue_collection *catalogue_by_name(const struct catalogue *c, const char *db,
                                               const char *name)
{
    struct collection *coll = catalogue_names_get(&c->names, db, name);
    return coll ? &coll->pub : NULL;
}

const struct catalogue_partition *catalogue_partition_by_id(const struct catalogue_collection *coll,
                                                            int64_t partition_id)
{
    const struct catalogue_partition *p = coll->partitions;
    while (p && p->id != partition_id)
        p = p->next;
    return p;
}

int64_t catalogue_alias(const struct catalogue *c, const char *db, const char *alias)
{
    const struct alias *found = catalogue_names_get(&c->aliases, db, alias);
    return found ? found->collection_id : 0;
}

bool catalogue_has_database(const struct catalogue *c, const char *db)
{
    return strmap_get(&c->databases, db) != NULL;
}

static int by_create_seq(const void *a, const void *b)
{
    const struct catalogue_collection *x = *(struct catalogue_collection *const *)a;
    const struct catalogue_collection *y = *(struct catalogue_collection *const *)b;
    if (x->create_seq != y->create_seq)
        return x->create_seq < y->create_seq ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

void catalogue_each(const struct catalogue *c, catalogue_fn *fn, void *arg)
{
    struct catalogue_collection **list = xmalloc(c->collections.len * sizeof(struct collection *));
    size_t pos = 0, count = 0;
    uint64_t id;
    void *value;
    while (map_next(&c->collections, &pos, &id, &value))
        list[count++] = &((struct collection *)value)->pub;
    qsort(list, count, sizeof(struct catalogue_collection *), by_create_seq);
    for (size_t i = 0; i < count; i++)
        fn(arg, list[i]);
    free(list);
}

void catalogue_each_database(const struct catalogue *c, catalogue_name_fn *fn, void *arg)
{
    size_t pos = 0;
    const char *name;
    void *value;
    while (strmap_next(&c->databases, &pos, &name, &value))
        fn(arg, name, name, ((const struct database *)value)->id);
}

void catalogue_each_alias(const struct catalogue *c, catalogue_name_fn *fn, void *arg)
{
    size_t pos = 0;
    const char *key;
    void *value;
    while (strmap_next(&c->aliases, &pos, &key, &value))
        fn(arg, key, key + strlen(key) + 1, ((const struct alias *)value)->collection_id);
}
