/* Databases that exist but are not in the stream: with collection filters, a database is only worth
 * an event once it holds a collection that is captured. Owns: copies of the events. */
#ifndef SOURCE_HELD_DATABASES_H
#define SOURCE_HELD_DATABASES_H

#include "ddl.h"
#include "map.h"

/* Zero-initialised is empty. */
struct held_databases {
    struct strmap by_name; /* name -> struct held_database */
};

void held_databases_release(struct held_databases *h);
/* A create or alter: the last one tells the properties. */
void held_databases_put(struct held_databases *h, const struct ddl *ddl);
void held_databases_remove(struct held_databases *h, const char *db);
/* The database's create, as an event just before `ddl`, which is the first that needs it. Without a
 * held one (after a restart) it has no properties. Lives until the database is removed or put, and
 * as long as ddl. */
struct ddl held_databases_event(const struct held_databases *h, const struct ddl *ddl);

#endif
