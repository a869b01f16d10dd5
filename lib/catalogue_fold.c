/* The fold of the DDL stream. In: one event after the other; out: the changed catalogue, or "this
 * changes nothing", which keeps a repeated event off the stream. Everything is found by ID. */
#include "catalogue_parts.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* ---- would it change anything ---- */

static bool any_loaded(const struct catalogue_collection *coll)
{
    bool loaded = coll->loaded;
    for (const struct catalogue_partition *p = coll->partitions; p && !loaded; p = p->next)
        loaded = p->loaded;
    return loaded;
}

/* Is one of the named partitions in the state `loaded`? */
static bool any_named(const struct catalogue_collection *coll, const struct ddl *ddl, bool loaded)
{
    for (size_t i = 0; i < ddl->partition_count; i++) {
        const struct catalogue_partition *p = catalogue_partition_named(coll, ddl->partitions[i]);
        if (p && p->loaded == loaded)
            return true;
    }
    return false;
}

static int32_t replicas_of(const struct ddl *ddl)
{
    return ddl->load && ddl->load->replicas > 0 ? ddl->load->replicas : 1;
}

static bool alters_collection(const struct catalogue_collection *coll, const struct ddl *ddl)
{
    if (ddl->schema)
        return !ddl_schema_equal(coll->schema, ddl->schema);
    return !ddl_kvs_equal(coll->schema->properties, coll->schema->property_count, ddl->properties,
                          ddl->property_count);
}

static bool all_loaded(const struct catalogue_collection *coll)
{
    bool loaded = coll->loaded;
    for (const struct catalogue_partition *p = coll->partitions; p && loaded; p = p->next)
        loaded = p->loaded;
    return loaded;
}

/* Collection and what belongs to it; coll may be NULL. */
static bool collection_changes(const struct catalogue_collection *coll, const struct ddl *ddl)
{
    if (ddl->kind == DDL_CREATE_COLLECTION)
        return !coll && ddl->schema && ddl->collection;
    if (!coll)
        return false;
    const struct ddl_index *index = ddl->index ? catalogue_index_get(coll, ddl->index->id) : NULL;
    switch (ddl->kind) {
    case DDL_DROP_COLLECTION:
        return true;
    case DDL_RENAME_COLLECTION:
        return ddl->collection &&
               (strcmp(coll->name, ddl->collection) != 0 || strcmp(coll->db, ddl->db) != 0);
    case DDL_ALTER_COLLECTION:
        return alters_collection(coll, ddl);
    case DDL_CREATE_PARTITION:
        return ddl->partition && !catalogue_partition_by_id(coll, ddl->partition_id);
    case DDL_DROP_PARTITION:
        return catalogue_partition_by_id(coll, ddl->partition_id) != NULL;
    case DDL_CREATE_INDEX:
        return ddl->index && !index;
    case DDL_DROP_INDEX:
        return index != NULL;
    case DDL_ALTER_INDEX:
        return index && !ddl_index_equal(index, ddl->index);
    case DDL_LOAD_COLLECTION:
        return !all_loaded(coll) || coll->replicas != replicas_of(ddl);
    case DDL_RELEASE_COLLECTION:
        return any_loaded(coll);
    case DDL_LOAD_PARTITIONS:
        return any_named(coll, ddl, false) ||
               (any_named(coll, ddl, true) && coll->replicas != replicas_of(ddl));
    case DDL_RELEASE_PARTITIONS:
        return any_named(coll, ddl, true);
    default:
        return false;
    }
}

static bool database_changes(const struct catalogue *c, const struct ddl *ddl)
{
    const struct database *db = strmap_get(&c->databases, ddl->db);
    if (ddl->kind == DDL_CREATE_DATABASE)
        return !db;
    if (ddl->kind == DDL_DROP_DATABASE)
        return db && strcmp(ddl->db, DEFAULT_DATABASE) != 0;
    return db &&
           !ddl_kvs_equal(db->properties, db->property_count, ddl->properties, ddl->property_count);
}

static bool alias_changes(const struct catalogue *c, const struct ddl *ddl)
{
    if (!ddl->alias)
        return false;
    const struct alias *alias = catalogue_names_get(&c->aliases, ddl->db, ddl->alias);
    if (ddl->kind == DDL_DROP_ALIAS)
        return alias != NULL;
    return catalogue_collection_get(c, ddl->collection_id) &&
           (!alias || alias->collection_id != ddl->collection_id);
}

bool catalogue_changes(const struct catalogue *c, const struct ddl *ddl)
{
    switch (ddl->kind) {
    case DDL_CREATE_DATABASE:
    case DDL_DROP_DATABASE:
    case DDL_ALTER_DATABASE:
        return database_changes(c, ddl);
    case DDL_CREATE_ALIAS:
    case DDL_DROP_ALIAS:
    case DDL_ALTER_ALIAS:
        return alias_changes(c, ddl);
    case DDL_FLUSH:
    case DDL_GAP:
        return true;
    default:
        return collection_changes(catalogue_by_id(c, ddl->collection_id), ddl);
    }
}

/* ---- applying ---- */

/* Two collections may hold one name for a moment when the events of a name come out of order; the
 * newer one keeps it. */
static void unname(struct catalogue *c, struct collection *coll)
{
    if (catalogue_names_get(&c->names, coll->pub.db, coll->pub.name) == coll)
        catalogue_names_remove(&c->names, coll->pub.db, coll->pub.name);
}

static void create_collection(struct catalogue *c, const struct ddl *ddl)
{
    struct collection *coll = xcalloc(1, sizeof(*coll));
    coll->pub.id = ddl->collection_id;
    coll->pub.db_id = ddl->db_id;
    coll->pub.create_seq = ddl->seq;
    catalogue_replace_text(&coll->pub.db, ddl->db);
    catalogue_replace_text(&coll->pub.name, ddl->collection);
    catalogue_replace_text(&coll->pub.topic, ddl->topic);
    coll->pub.created_as = xasprintf("%s.%s", ddl->db, ddl->collection);
    catalogue_collection_set_schema(coll, ddl->schema);
    for (size_t i = 0; i < ddl->schema->partition_count; i++)
        catalogue_partition_add(&coll->pub, ddl->schema->partitions[i].id,
                                ddl->schema->partitions[i].name);
    map_put(&c->collections, (uint64_t)ddl->collection_id, coll);
    catalogue_names_put(&c->names, ddl->db, ddl->collection, coll);
}

static void drop_collection(struct catalogue *c, struct collection *coll)
{
    size_t pos = 0;
    const char *key;
    void *value;
    while (strmap_next(&c->aliases, &pos, &key, &value)) {
        struct alias *alias = value;
        if (alias->collection_id != coll->pub.id)
            continue;
        free(catalogue_names_remove(&c->aliases, key, key + strlen(key) + 1));
        pos = 0; /* a removal moves entries */
    }
    unname(c, coll);
    map_remove(&c->collections, (uint64_t)coll->pub.id);
    catalogue_collection_free(coll);
}

static void rename_collection(struct catalogue *c, struct collection *coll, const struct ddl *ddl)
{
    unname(c, coll);
    catalogue_replace_text(&coll->pub.db, ddl->db);
    catalogue_replace_text(&coll->pub.name, ddl->collection);
    if (ddl->topic)
        catalogue_replace_text(&coll->pub.topic, ddl->topic);
    coll->pub.db_id = ddl->db_id;
    if (ddl->schema)
        catalogue_collection_set_schema(coll, ddl->schema);
    catalogue_names_put(&c->names, ddl->db, ddl->collection, coll);
}

static void alter_collection(struct collection *coll, const struct ddl *ddl)
{
    struct ddl_schema schema = ddl->schema ? *ddl->schema : *coll->pub.schema;
    if (!ddl->schema) {
        schema.properties = ddl->properties;
        schema.property_count = ddl->property_count;
    }
    catalogue_collection_set_schema(coll, &schema);
    if (ddl->topic)
        catalogue_replace_text(&coll->pub.topic, ddl->topic);
}

static void set_loaded(struct catalogue_collection *coll, bool loaded)
{
    coll->loaded = loaded;
    for (struct catalogue_partition *p = coll->partitions; p; p = p->next)
        p->loaded = loaded;
}

static void set_partitions_loaded(struct catalogue_collection *coll, const struct ddl *ddl,
                                  bool loaded)
{
    for (size_t i = 0; i < ddl->partition_count; i++) {
        struct catalogue_partition *p = catalogue_partition_named(coll, ddl->partitions[i]);
        if (p)
            p->loaded = loaded;
    }
}

static void apply_collection(struct catalogue *c, struct collection *coll, const struct ddl *ddl)
{
    struct catalogue_collection *pub = &coll->pub;
    switch (ddl->kind) {
    case DDL_RENAME_COLLECTION:
        rename_collection(c, coll, ddl);
        break;
    case DDL_ALTER_COLLECTION:
        alter_collection(coll, ddl);
        break;
    case DDL_CREATE_PARTITION:
        catalogue_partition_add(pub, ddl->partition_id, ddl->partition);
        break;
    case DDL_DROP_PARTITION:
        catalogue_partition_remove(pub, ddl->partition_id);
        break;
    case DDL_ALTER_INDEX:
        catalogue_index_remove(pub, ddl->index->id);
        catalogue_index_add(pub, ddl->index);
        break;
    case DDL_CREATE_INDEX:
        catalogue_index_add(pub, ddl->index);
        break;
    case DDL_DROP_INDEX:
        catalogue_index_remove(pub, ddl->index->id);
        break;
    case DDL_LOAD_COLLECTION:
    case DDL_RELEASE_COLLECTION:
        set_loaded(pub, ddl->kind == DDL_LOAD_COLLECTION);
        break;
    case DDL_LOAD_PARTITIONS:
    case DDL_RELEASE_PARTITIONS:
        set_partitions_loaded(pub, ddl, ddl->kind == DDL_LOAD_PARTITIONS);
        break;
    default:
        break;
    }
    if (ddl->kind == DDL_LOAD_COLLECTION || ddl->kind == DDL_LOAD_PARTITIONS)
        pub->replicas = replicas_of(ddl);
}

static void apply_database(struct catalogue *c, const struct ddl *ddl)
{
    if (ddl->kind == DDL_DROP_DATABASE) {
        catalogue_database_free(strmap_remove(&c->databases, ddl->db));
        return;
    }
    struct database *db = ddl->kind == DDL_CREATE_DATABASE
                              ? catalogue_database_add(c, ddl->db, ddl->db_id)
                              : strmap_get(&c->databases, ddl->db);
    catalogue_database_set_properties(db, ddl->properties, ddl->property_count);
}

static void apply_alias(struct catalogue *c, const struct ddl *ddl)
{
    struct alias *alias = catalogue_names_remove(&c->aliases, ddl->db, ddl->alias);
    if (ddl->kind == DDL_DROP_ALIAS) {
        free(alias);
        return;
    }
    if (!alias)
        alias = xcalloc(1, sizeof(*alias));
    alias->collection_id = ddl->collection_id;
    catalogue_names_put(&c->aliases, ddl->db, ddl->alias, alias);
}

/* Rows after this event must wait for it. */
static void gate_rows(struct catalogue *c, const struct ddl *ddl)
{
    if (!ddl_gates_rows(ddl->kind))
        return;
    struct collection *coll = catalogue_collection_get(c, ddl->collection_id);
    if (coll)
        coll->pub.ddl_seq = ddl->seq;
    if (ddl->collection_id != 0)
        return;
    size_t pos = 0;
    uint64_t id;
    void *value;
    while (map_next(&c->collections, &pos, &id, &value)) {
        struct catalogue_collection *each = &((struct collection *)value)->pub;
        if (strcmp(each->db, ddl->db) == 0)
            each->ddl_seq = ddl->seq;
    }
}

bool catalogue_apply(struct catalogue *c, const struct ddl *ddl)
{
    bool changes = ddl->kind != DDL_FLUSH && ddl->kind != DDL_GAP && catalogue_changes(c, ddl);
    struct collection *coll = catalogue_collection_get(c, ddl->collection_id);
    if (!changes)
        ; /* what does not fit may still gate rows */
    else if (ddl->kind <= DDL_ALTER_DATABASE)
        apply_database(c, ddl);
    else if (ddl->kind >= DDL_CREATE_ALIAS)
        apply_alias(c, ddl);
    else if (ddl->kind == DDL_CREATE_COLLECTION)
        create_collection(c, ddl);
    else if (ddl->kind == DDL_DROP_COLLECTION)
        drop_collection(c, coll);
    else
        apply_collection(c, coll, ddl);
    gate_rows(c, ddl);
    return changes;
}
