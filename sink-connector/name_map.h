/* Names of the source to names in the target: option collection.mapping, a list of
 * "db.coll:db2.coll2" and "db:db2". The most exact entry wins; without one a name stays. */
#ifndef SINK_NAME_MAP_H
#define SINK_NAME_MAP_H

#include "kitestream/config.h"
#include "kitestream/error.h"

struct name_map;

struct target_name {
    const char *db, *collection; /* borrowed from the map or from what was asked */
};

/* Errors: FATAL naming the entry: malformed, twice the same left side, or two collections onto one
 * name. */
enum ks_status name_map_new(const struct ks_config *config, struct name_map **ret,
                            struct ks_error *err);
void name_map_free(struct name_map *m);
const char *name_map_db(const struct name_map *m, const char *db);
struct target_name name_map_collection(const struct name_map *m, const char *db,
                                       const char *collection);
/* Are two databases of the source mapped onto one? Then a drop must not be passed on. */
bool name_map_merges_databases(const struct name_map *m);

#endif
