/* The catalogue: what the DDL stream says exists, folded event by event. The source uses it for
 * what it has emitted (rows are resolved against it), the sink for what it has applied. Keyed by
 * ID. Owns: copies of all it is given. Thread: one. */
#ifndef LIB_CATALOGUE_H
#define LIB_CATALOGUE_H

#include "ddl.h"

struct catalogue;

struct catalogue_index {
    struct catalogue_index *next;
    const struct ddl_index *index;
};
struct catalogue_partition {
    struct catalogue_partition *next;
    int64_t id;
    const char *name;
    bool loaded; /* now, by load_partitions or with its collection */
};

struct catalogue_collection {
    int64_t id, db_id;
    const char *db, *name, *topic;
    const char *created_as;          /* database.collection when it came into the stream */
    const struct ddl_schema *schema; /* as of the last create, rename or alter */
    struct catalogue_partition *partitions;
    struct catalogue_index *indexes;
    bool loaded;      /* by load_collection: new partitions are loaded too */
    int32_t replicas; /* of the last load */
    int64_t ddl_seq;  /* of the last DDL that gates its rows, database DDL included */
    int64_t create_seq;
    void *user; /* the owner of the catalogue may hang something here */
    void (*user_free)(void *);
};

/* The database "default" (ID 1) exists from the start: it is never created or dropped. */
struct catalogue *catalogue_new(void);
void catalogue_free(struct catalogue *c);
struct catalogue *catalogue_copy(const struct catalogue *c); /* without `user` */

/* Would applying change anything? (An event that does not is not emitted.) Flush and gap: true. */
bool catalogue_changes(const struct catalogue *c, const struct ddl *ddl);
/* Applies the event. Events that do not fit (drop of an absent ID) are ignored: false. A dropped
 * collection is freed, its aliases with it. A DDL that gates rows sets ddl_seq even if it changes
 * nothing else. */
bool catalogue_apply(struct catalogue *c, const struct ddl *ddl);

struct catalogue_collection *catalogue_by_id(const struct catalogue *c, int64_t collection_id);
struct catalogue_collection *catalogue_by_name(const struct catalogue *c, const char *db,
                                               const char *name);
const struct catalogue_partition *catalogue_partition_by_id(const struct catalogue_collection *coll,
                                                            int64_t partition_id);
/* Collection ID an alias points at, or 0. */
int64_t catalogue_alias(const struct catalogue *c, const char *db, const char *alias);
bool catalogue_has_database(const struct catalogue *c, const char *db);
/* Iterates in order of create_seq. */
typedef void catalogue_fn(void *arg, struct catalogue_collection *coll);
void catalogue_each(const struct catalogue *c, catalogue_fn *fn, void *arg);
typedef void catalogue_name_fn(void *arg, const char *db, const char *name, int64_t id);
void catalogue_each_database(const struct catalogue *c, catalogue_name_fn *fn, void *arg);
void catalogue_each_alias(const struct catalogue *c, catalogue_name_fn *fn, void *arg);

#endif
