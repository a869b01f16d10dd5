#include "held_databases.h"

#include <stdlib.h>

#include "alloc.h"

struct held_database {
    struct ks_arena arena;
    const struct ddl *ddl;
};

static void held_free(struct held_database *held)
{
    if (!held)
        return;
    ks_arena_release(&held->arena);
    free(held);
}

void held_databases_release(struct held_databases *h)
{
    const char *name;
    void *held;
    for (size_t pos = 0; strmap_next(&h->by_name, &pos, &name, &held);)
        held_free(held);
    strmap_release(&h->by_name);
}

void held_databases_put(struct held_databases *h, const struct ddl *ddl)
{
    struct held_database *held = xcalloc(1, sizeof(*held));
    held->ddl = ddl_copy(ddl, &held->arena);
    held_free(strmap_put(&h->by_name, ddl->db, held));
}

void held_databases_remove(struct held_databases *h, const char *db)
{
    held_free(strmap_remove(&h->by_name, db));
}

struct ddl held_databases_event(const struct held_databases *h, const struct ddl *ddl)
{
    const struct held_database *held = strmap_get(&h->by_name, ddl->db);
    return (struct ddl){
        .kind = DDL_CREATE_DATABASE,
        .tick = ddl->tick,
        .revision = held ? held->ddl->revision : ddl->revision,
        .db = ddl->db,
        .db_id = ddl->db_id,
        .snapshot = ddl->snapshot,
        .properties = held ? held->ddl->properties : NULL,
        .property_count = held ? held->ddl->property_count : 0,
    };
}
