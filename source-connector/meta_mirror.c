/* The raw mirror of Milvus' etcd keys. In: puts and deletes; out: entries by what they are about.
 * Tombstones are kept as long as their key exists: they carry the time of the drop and tell
 * "dropped" from "never heard of". */
#include "meta_mirror.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* ---- sorted entries ---- */

static size_t lower_bound(const struct meta_entries *list, int64_t id)
{
    size_t low = 0, high = list->len;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (list->items[mid]->id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct meta_entry *meta_entries_get(const struct meta_entries *list, int64_t id)
{
    size_t at = lower_bound(list, id);
    return at < list->len && list->items[at]->id == id ? list->items[at] : NULL;
}

static struct meta_entry *entries_make(struct meta_entries *list, int64_t id)
{
    struct meta_entry *entry = meta_entries_get(list, id);
    if (entry)
        return entry;
    size_t at = lower_bound(list, id);
    list->items = xgrow(list->items, list->len, &list->cap, sizeof(struct meta_entry *));
    memmove(list->items + at + 1, list->items + at, (list->len - at) * sizeof(struct meta_entry *));
    list->len++;
    entry = xcalloc(1, sizeof(*entry));
    entry->id = id;
    return list->items[at] = entry;
}

static void entry_clear(struct meta_entry *entry)
{
    free((void *)entry->value.data);
    entry->value = (struct ks_slice){0};
}

static void entries_remove(struct meta_entries *list, int64_t id)
{
    size_t at = lower_bound(list, id);
    if (at == list->len || list->items[at]->id != id)
        return;
    entry_clear(list->items[at]);
    free(list->items[at]);
    list->len--;
    memmove(list->items + at, list->items + at + 1, (list->len - at) * sizeof(struct meta_entry *));
}

static void entries_release(struct meta_entries *list)
{
    for (size_t i = 0; i < list->len; i++) {
        entry_clear(list->items[i]);
        free(list->items[i]);
    }
    free(list->items);
    *list = (struct meta_entries){0};
}

/* ---- collections and aliases ---- */

static enum meta_part part_of(enum meta_kind kind)
{
    switch (kind) {
    case META_COLLECTION:
        return META_PART_INFO;
    case META_PARTITION:
        return META_PART_PARTITION;
    case META_FIELD:
        return META_PART_FIELD;
    case META_FUNCTION:
        return META_PART_FUNCTION;
    case META_INDEX:
        return META_PART_INDEX;
    case META_LOAD:
        return META_PART_LOAD;
    case META_PARTITION_LOAD:
        return META_PART_PARTITION_LOAD;
    default:
        return META_PART_COUNT;
    }
}

/* Where the key's entry is within its collection. */
static int64_t collection_of(const struct meta_key *key)
{
    return key->kind == META_COLLECTION ? key->id : key->owner;
}

static int64_t id_in_part(const struct meta_key *key)
{
    return key->kind == META_COLLECTION ? key->owner : key->id;
}

struct meta_collection *meta_mirror_collection(const struct meta_mirror *m, int64_t id)
{
    return map_get(&m->collections, (uint64_t)id);
}

static struct meta_collection *collection_make(struct meta_mirror *m, int64_t id)
{
    struct meta_collection *coll = meta_mirror_collection(m, id);
    if (coll)
        return coll;
    coll = xcalloc(1, sizeof(*coll));
    coll->id = id;
    map_put(&m->collections, (uint64_t)id, coll);
    return coll;
}

static void collection_release(struct meta_collection *coll)
{
    for (int part = 0; part < META_PART_COUNT; part++)
        entries_release(&coll->parts[part]);
    free(coll);
}

static bool collection_is_empty(const struct meta_collection *coll)
{
    size_t entries = 0;
    for (int part = 0; part < META_PART_COUNT; part++)
        entries += coll->parts[part].len;
    return entries == 0;
}

const struct meta_entry *meta_collection_info(const struct meta_collection *coll)
{
    const struct meta_entries *infos = &coll->parts[META_PART_INFO];
    const struct meta_entry *best = NULL;
    for (size_t i = 0; i < infos->len; i++) {
        const struct meta_entry *entry = infos->items[i];
        if (!best || (best->tombstone && !entry->tombstone) ||
            (best->tombstone == entry->tombstone && entry->tick > best->tick))
            best = entry;
    }
    return best;
}

static char *alias_key(const struct meta_key *key)
{
    return xasprintf("%" PRId64 "/%.*s", key->owner, (int)key->name.len,
                     (const char *)key->name.data);
}

static struct meta_alias *alias_get(const struct meta_mirror *m, const struct meta_key *key)
{
    char *name = alias_key(key);
    struct meta_alias *alias = strmap_get(&m->aliases, name);
    free(name);
    return alias;
}

static struct meta_alias *alias_make(struct meta_mirror *m, const struct meta_key *key)
{
    struct meta_alias *alias = alias_get(m, key);
    if (alias)
        return alias;
    alias = xcalloc(1, sizeof(*alias));
    alias->db_id = key->owner;
    alias->name = xstrndup(key->name.data, key->name.len);
    char *name = alias_key(key);
    strmap_put(&m->aliases, name, alias);
    free(name);
    return alias;
}

static void alias_free(struct meta_alias *alias)
{
    if (!alias)
        return;
    entry_clear(&alias->entry);
    free(alias->name);
    free(alias);
}

void meta_mirror_release(struct meta_mirror *m)
{
    size_t pos = 0;
    uint64_t id;
    const char *key;
    void *value;
    while (map_next(&m->collections, &pos, &id, &value))
        collection_release(value);
    pos = 0;
    while (strmap_next(&m->aliases, &pos, &key, &value))
        alias_free(value);
    entries_release(&m->databases);
    map_release(&m->collections);
    strmap_release(&m->aliases);
    entries_release(&m->imports);
}

/* ---- puts ---- */

/* Decodes the value once, for its state and to be sure that it can be decoded. */
static enum ks_status check(const struct meta_key *key, struct ks_slice value,
                            struct meta_entry *ret, int64_t *ret_alias_target, struct ks_error *err)
{
    struct ks_arena arena = {.chunk_bytes = 4096};
    struct meta_database_value database;
    struct meta_collection_value collection;
    struct meta_partition_value partition;
    struct ddl_field field;
    struct ddl_function function;
    struct meta_index_value index;
    struct meta_load_value load;
    bool gone = false;
    enum ks_status status = KS_OK;
    *ret = (struct meta_entry){.state = META_STATE_CREATED};
    switch (key->kind) {
    case META_DATABASE:
        status = meta_decode_database(value, &arena, &database, err);
        if (status == KS_OK)
            ret->state = database.state;
        break;
    case META_COLLECTION:
        status = meta_decode_collection(value, &arena, &collection, err);
        if (status == KS_OK)
            *ret = (struct meta_entry){.state = collection.state,
                                       .create_tick = collection.create_tick};
        break;
    case META_PARTITION:
        status = meta_decode_partition(value, &arena, &partition, err);
        if (status == KS_OK)
            *ret =
                (struct meta_entry){.state = partition.state, .create_tick = partition.create_tick};
        break;
    case META_FIELD:
        status = meta_decode_field(value, &arena, &field, &gone, err);
        break;
    case META_FUNCTION:
        status = meta_decode_function(value, &arena, &function, err);
        break;
    case META_ALIAS:
    case META_OLD_ALIAS:
        status = meta_decode_alias(key->kind, value, &ret->state, ret_alias_target, err);
        break;
    case META_INDEX:
        status = meta_decode_index(value, &arena, &index, err);
        if (status == KS_OK) {
            gone = index.deleted;
            ret->create_tick = index.create_tick;
        }
        break;
    case META_LOAD:
    case META_PARTITION_LOAD:
        status = meta_decode_load(key->kind, value, &load, err);
        break;
    default:
        break;
    }
    if (status == KS_OK && gone)
        ret->state = META_STATE_GONE;
    ks_arena_release(&arena);
    return status;
}

static struct meta_entry *entry_make(struct meta_mirror *m, const struct meta_key *key)
{
    if (key->kind == META_DATABASE)
        return entries_make(&m->databases, key->id);
    if (key->kind == META_IMPORT)
        return entries_make(&m->imports, key->id);
    if (key->kind == META_ALIAS || key->kind == META_OLD_ALIAS)
        return &alias_make(m, key)->entry;
    return entries_make(&collection_make(m, collection_of(key))->parts[part_of(key->kind)],
                        id_in_part(key));
}

enum ks_status meta_mirror_put(struct meta_mirror *m, const struct meta_key *key,
                               struct ks_slice value, int64_t create_revision, struct ks_error *err)
{
    if (key->kind == META_OTHER || key->kind == META_RBAC || key->kind == META_SEGMENT)
        return KS_OK;
    struct meta_entry facts = {.state = META_STATE_GONE, .tombstone = meta_is_tombstone(value)};
    int64_t target = 0;
    enum ks_status status = facts.tombstone ? KS_OK : check(key, value, &facts, &target, err);
    if (status != KS_OK)
        return status;
    struct meta_entry *entry = entry_make(m, key);
    entry_clear(entry);
    entry->state = facts.state;
    entry->tombstone = facts.tombstone;
    entry->create_tick = facts.create_tick;
    entry->create_revision = create_revision;
    if (!facts.tombstone) {
        uint8_t *copy = xmalloc(value.len);
        if (value.len > 0)
            memcpy(copy, value.data, value.len);
        entry->value = (struct ks_slice){copy, value.len};
    }
    if (key->kind == META_ALIAS || key->kind == META_OLD_ALIAS)
        alias_get(m, key)->collection_id = target;
    return KS_OK;
}

void meta_mirror_delete(struct meta_mirror *m, const struct meta_key *key)
{
    if (key->kind == META_DATABASE) {
        entries_remove(&m->databases, key->id);
    } else if (key->kind == META_ALIAS || key->kind == META_OLD_ALIAS) {
        char *name = alias_key(key);
        alias_free(strmap_remove(&m->aliases, name));
        free(name);
    } else if (key->kind == META_IMPORT) {
        entries_remove(&m->imports, key->id);
    } else if (part_of(key->kind) != META_PART_COUNT) {
        struct meta_collection *coll = meta_mirror_collection(m, collection_of(key));
        if (!coll)
            return;
        entries_remove(&coll->parts[part_of(key->kind)], id_in_part(key));
        if (collection_is_empty(coll)) {
            map_remove(&m->collections, (uint64_t)coll->id);
            collection_release(coll);
        }
    }
}

struct meta_entry *meta_mirror_entry(const struct meta_mirror *m, const struct meta_key *key)
{
    if (key->kind == META_DATABASE)
        return meta_entries_get(&m->databases, key->id);
    if (key->kind == META_IMPORT)
        return meta_entries_get(&m->imports, key->id);
    if (key->kind == META_ALIAS || key->kind == META_OLD_ALIAS) {
        struct meta_alias *alias = alias_get(m, key);
        return alias ? &alias->entry : NULL;
    }
    if (part_of(key->kind) == META_PART_COUNT)
        return NULL;
    const struct meta_collection *coll = meta_mirror_collection(m, collection_of(key));
    return coll ? meta_entries_get(&coll->parts[part_of(key->kind)], id_in_part(key)) : NULL;
}
