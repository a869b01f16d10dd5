/* The parts of a catalogue, shared by the two files that make it up. */
#ifndef LIB_CATALOGUE_PARTS_H
#define LIB_CATALOGUE_PARTS_H

#include "catalogue.h"
#include "map.h"

#define DEFAULT_DATABASE "default"
#define DEFAULT_DATABASE_ID 1

struct database {
    int64_t id;
    struct ks_arena arena; /* of the properties */
    const struct ddl_kv *properties;
    size_t property_count;
};

/* `pub` comes first: the callers' pointers are to it. */
struct collection {
    struct catalogue_collection pub;
    struct ks_arena schema_arena;
};

struct index {
    struct catalogue_index pub;
    struct ks_arena arena;
};

struct alias {
    int64_t collection_id;
};

struct catalogue {
    struct strmap databases; /* name → struct database */
    struct map collections;  /* ID → struct collection */
    struct strmap names;     /* db, 0, name → struct collection */
    struct strmap aliases;   /* db, 0, alias → struct alias */
};

/* Maps whose key is two texts: database and name. */
void *catalogue_names_get(const struct strmap *map, const char *db, const char *name);
void catalogue_names_put(struct strmap *map, const char *db, const char *name, void *value);
void *catalogue_names_remove(struct strmap *map, const char *db, const char *name);

/* Of the parts; `add` copies what it is given. */
void catalogue_database_free(struct database *db);
void catalogue_database_set_properties(struct database *db, const struct ddl_kv *properties,
                                       size_t count);
struct database *catalogue_database_add(struct catalogue *c, const char *name, int64_t id);
struct collection *catalogue_collection_get(const struct catalogue *c, int64_t id);
void catalogue_collection_set_schema(struct collection *coll, const struct ddl_schema *schema);
void catalogue_replace_text(const char **slot, const char *text);
void catalogue_partition_add(struct catalogue_collection *coll, int64_t id, const char *name);
void catalogue_partition_remove(struct catalogue_collection *coll, int64_t id);
struct catalogue_partition *catalogue_partition_named(const struct catalogue_collection *coll,
                                                      const char *name);
const struct ddl_index *catalogue_index_get(const struct catalogue_collection *coll, int64_t id);
void catalogue_index_add(struct catalogue_collection *coll, const struct ddl_index *index);
void catalogue_index_remove(struct catalogue_collection *coll, int64_t id);
void catalogue_collection_free(struct collection *coll);

#endif
