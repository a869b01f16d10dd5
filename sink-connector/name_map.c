#include "name_map.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

struct entry {
    char *from_db, *from_collection; /* collection NULL: a whole database */
    char *to_db, *to_collection;
};

struct name_map {
    struct entry *entries;
    size_t count;
};

static void entry_release(struct entry *e)
{
    free(e->from_db);
    free(e->from_collection);
    free(e->to_db);
    free(e->to_collection);
}

void name_map_free(struct name_map *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->count; i++)
        entry_release(&m->entries[i]);
    free(m->entries);
    free(m);
}

/* "db" or "db.collection". */
static bool split_name(const char *text, size_t len, char **ret_db, char **ret_collection)
{
    const char *dot = memchr(text, '.', len);
    size_t db_len = dot ? (size_t)(dot - text) : len;
    size_t rest = dot ? len - db_len - 1 : 0;
    if (db_len == 0 || (dot && (rest == 0 || memchr(dot + 1, '.', rest))))
        return false;
    *ret_db = xstrndup(text, db_len);
    *ret_collection = dot ? xstrndup(dot + 1, rest) : NULL;
    return true;
}

static bool parse_entry(const char *text, struct entry *ret)
{
    const char *colon = strchr(text, ':');
    if (!colon || strchr(colon + 1, ':'))
        return false;
    return split_name(text, (size_t)(colon - text), &ret->from_db, &ret->from_collection) &&
           split_name(colon + 1, strlen(colon + 1), &ret->to_db, &ret->to_collection) &&
           !ret->from_collection == !ret->to_collection;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static enum ks_status check_twins(const struct name_map *m, const char *text, struct ks_error *err)
{
    const struct entry *e = &m->entries[m->count - 1];
    for (size_t i = 0; i + 1 < m->count; i++) {
        const struct entry *o = &m->entries[i];
        if (same(o->from_db, e->from_db) && same(o->from_collection, e->from_collection))
            return ks_error_set(err, KS_ERR_FATAL,
                                "collection.mapping: '%s' maps a name that another entry maps "
                                "already",
                                text);
        if (e->to_collection && same(o->to_db, e->to_db) &&
            same(o->to_collection, e->to_collection))
            return ks_error_set(err, KS_ERR_FATAL,
                                "collection.mapping: '%s' maps onto a name that another entry maps "
                                "onto already; two collections cannot share one",
                                text);
    }
    return KS_OK;
}

enum ks_status name_map_new(const struct ks_config *config, struct name_map **ret,
                            struct ks_error *err)
{
    struct name_map *m = xcalloc(1, sizeof(*m));
    enum ks_status status = KS_OK;
    char **items = NULL;
    size_t count = ks_config_list(config, "collection.mapping", &items);
    m->entries = xcalloc(count + 1, sizeof(*m->entries));
    for (size_t i = 0; i < count && !status; i++) {
        m->count++;
        if (parse_entry(items[i], &m->entries[i]))
            status = check_twins(m, items[i], err);
        else
            status = ks_error_set(err, KS_ERR_FATAL,
                                  "collection.mapping: '%s' is neither db.coll:db2.coll2 nor "
                                  "db:db2",
                                  items[i]);
    }
    free(items);
    if (status) {
        name_map_free(m);
        return status;
    }
    *ret = m;
    return KS_OK;
}

const char *name_map_db(const struct name_map *m, const char *db)
{
    for (size_t i = 0; i < m->count; i++)
        if (!m->entries[i].from_collection && strcmp(m->entries[i].from_db, db) == 0)
            return m->entries[i].to_db;
    return db;
}

struct target_name name_map_collection(const struct name_map *m, const char *db,
                                       const char *collection)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct entry *e = &m->entries[i];
        if (e->from_collection && strcmp(e->from_db, db) == 0 &&
            strcmp(e->from_collection, collection) == 0)
            return (struct target_name){e->to_db, e->to_collection};
    }
    return (struct target_name){name_map_db(m, db), collection};
}

bool name_map_merges_databases(const struct name_map *m)
{
    for (size_t i = 0; i < m->count; i++)
        for (size_t k = 0; k < i; k++)
            if (!m->entries[i].from_collection && !m->entries[k].from_collection &&
                strcmp(m->entries[i].to_db, m->entries[k].to_db) == 0)
                return true;
    return false;
}
