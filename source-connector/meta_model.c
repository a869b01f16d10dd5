/* The metadata model: keys of etcd in, DDL out. Keeps the raw mirror, and a catalogue of what it
 * has said so far; after each revision both are compared for what the revision touched. Next: the
 * sequencer. If the process dies: nothing here is durable; the mirror is read again at the saved
 * revision, and events from there on give the same DDL again. */
#include "meta_model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "meta_diff.h"
#include "meta_history.h"
#include "meta_mirror.h"
#include "meta_missed.h"

#define SCRATCH_BYTES ((size_t)64 * 1024)

struct meta_model {
    char *prefix;
    struct meta_mirror mirror;
    struct meta_history history; /* of the last listing, until the first event */
    struct catalogue *shown;
    int64_t seq, revision;
    struct map dropped;   /* IDs of collections whose key is gone altogether */
    struct map with_rows; /* IDs of collections, as of the last listing */
    uint64_t max_tick;
    uint64_t said_tick; /* what the stream says already; see meta_model_said */
    int64_t said_revision;
    size_t key_count;
    struct meta_ignored ignored[META_IGNORED_COUNT];
    /* Derived, rebuilt when asked for after a change. */
    bool floor_known, uses_known;
    uint64_t floor;
    struct ks_arena uses_arena;
    struct meta_channel_use *uses;
    size_t use_count, use_cap;
};

static const char *const ignored_names[META_IGNORED_COUNT] = {
    "users",           "roles", "user-role-mapping", "grantee-privileges", "grantee-id",
    "privilege-group", "other",
};

struct meta_model *meta_model_new(const char *meta_prefix)
{
    struct meta_model *m = xcalloc(1, sizeof(*m));
    m->prefix = xstrdup(meta_prefix);
    m->shown = catalogue_new();
    for (size_t i = 0; i < META_IGNORED_COUNT; i++)
        m->ignored[i].name = ignored_names[i];
    return m;
}

void meta_model_free(struct meta_model *m)
{
    if (!m)
        return;
    meta_mirror_release(&m->mirror);
    meta_history_release(&m->history);
    catalogue_free(m->shown);
    map_release(&m->dropped);
    map_release(&m->with_rows);
    ks_arena_release(&m->uses_arena);
    free(m->uses);
    free(m->prefix);
    free(m);
}

static void note_tick(struct meta_model *m, uint64_t tick)
{
    if (tick > m->max_tick)
        m->max_tick = tick;
}

static enum ks_status put(struct meta_model *m, const struct meta_key *key,
                          const struct etcd_kv *kv, struct ks_error *err)
{
    enum ks_status status = meta_mirror_put(&m->mirror, key, kv->value, kv->create_revision, err);
    if (status != KS_OK) {
        ks_error_prefix(err, "etcd key %.*s at revision %" PRId64, (int)kv->key.len,
                        (const char *)kv->key.data, kv->mod_revision);
        return status;
    }
    const struct meta_entry *entry = meta_mirror_entry(&m->mirror, key);
    if (entry)
        note_tick(m, entry->create_tick);
    return KS_OK;
}

/* ---- listing ---- */

void meta_model_list_begin(struct meta_model *m)
{
    meta_mirror_release(&m->mirror);
    meta_history_release(&m->history);
    catalogue_free(m->shown);
    m->shown = catalogue_new();
    map_clear(&m->with_rows);
    m->seq = 0;
    m->key_count = 0;
    m->floor_known = m->uses_known = false;
}

enum ks_status meta_model_list_kv(struct meta_model *m, const struct etcd_kv *kv,
                                  struct ks_error *err)
{
    struct meta_key key;
    if (!meta_key_parse(m->prefix, kv->key, &key))
        return KS_OK;
    m->key_count++;
    if (key.kind == META_SEGMENT) {
        if (meta_segment_has_rows(kv->value))
            map_put(&m->with_rows, (uint64_t)key.owner, NULL);
        return KS_OK;
    }
    if (!key.snapshot)
        return put(m, &key, kv, err);
    note_tick(m, key.tick);
    if (key.kind != META_OTHER)
        meta_history_add(&m->history, &key, kv->value);
    return KS_OK;
}

void pending_ddl_list_free(struct pending_ddl *list)
{
    while (list) {
        struct pending_ddl *next = list->next;
        pending_ddl_free(list);
        list = next;
    }
}

static struct meta_diff diff_of(struct meta_model *m, struct pending_ddl **tail)
{
    while (*tail)
        tail = &(*tail)->next;
    return (struct meta_diff){.mirror = &m->mirror,
                              .shown = m->shown,
                              .revision = m->revision,
                              .tail = tail,
                              .seq = m->seq};
}

/* The latest snapshot of a key tells when it was written last. */
static void apply_history(struct meta_model *m)
{
    meta_history_sort(&m->history);
    for (size_t i = 0; i < m->history.len; i++) {
        const struct meta_key *key = &m->history.items[i].key;
        struct meta_entry *entry = meta_mirror_entry(&m->mirror, key);
        if (entry)
            entry->tick = key->tick;
        else if (key->kind == META_COLLECTION)
            map_put(&m->dropped, (uint64_t)key->id, NULL);
    }
}

enum ks_status meta_model_list_end(struct meta_model *m, int64_t revision, struct ks_error *err)
{
    m->revision = revision;
    apply_history(m);
    /* Until told otherwise by meta_model_diff, all that is there has been said. */
    struct pending_ddl *said = NULL;
    struct meta_diff d = diff_of(m, &said);
    meta_diff_all(&d);
    m->seq = d.seq;
    pending_ddl_list_free(said);
    return KS_OK;
}

/* ---- events ---- */

struct revision_scope {
    struct meta_scope scope;
    int64_t *ids;
    size_t cap;
};

static void touch_collection(struct revision_scope *s, int64_t id)
{
    for (size_t i = 0; i < s->scope.collection_count; i++)
        if (s->ids[i] == id)
            return;
    s->ids = xgrow(s->ids, s->scope.collection_count, &s->cap, sizeof(*s->ids));
    s->ids[s->scope.collection_count++] = id;
    s->scope.collections = s->ids;
}

static void touch(struct revision_scope *s, const struct meta_key *key)
{
    switch (key->kind) {
    case META_OTHER:
    case META_RBAC:
    case META_IMPORT:
    case META_SEGMENT:
        break;
    case META_DATABASE:
        s->scope.databases = true;
        break;
    case META_ALIAS:
    case META_OLD_ALIAS:
        s->scope.aliases = true;
        break;
    case META_COLLECTION:
        touch_collection(s, key->id);
        s->scope.aliases = true; /* one may have been there first */
        break;
    default:
        touch_collection(s, key->owner);
        break;
    }
}

static void count_ignored(struct meta_model *m, const struct meta_key *key)
{
    size_t at = 0;
    while (at < META_IGNORED_COUNT - 1 &&
           (strlen(ignored_names[at]) != key->name.len ||
            memcmp(ignored_names[at], key->name.data, key->name.len) != 0))
        at++;
    m->ignored[at].count++;
}

static void delete_key(struct meta_model *m, const struct meta_key *key)
{
    meta_mirror_delete(&m->mirror, key);
    const struct meta_collection *coll =
        key->kind == META_COLLECTION ? meta_mirror_collection(&m->mirror, key->id) : NULL;
    if (key->kind == META_COLLECTION && (!coll || !meta_collection_info(coll)))
        map_put(&m->dropped, (uint64_t)key->id, NULL);
}

static bool is_in_catalogue(void *arg, int64_t id)
{
    return catalogue_by_id(arg, id) != NULL;
}

static void add_gap(struct meta_diff *d, int64_t job, const struct meta_entry *entry)
{
    char *reason =
        xasprintf("bulk import job %" PRId64 ": its rows never reach the message queue", job);
    meta_diff_gap(d, meta_import_collection(entry->value, is_in_catalogue, d->shown), reason);
    free(reason);
}

/* Plain keys first: a snapshot names the time of the write next to it. */
static enum ks_status apply_keys(struct meta_model *m, const struct etcd_event *events,
                                 size_t count, struct revision_scope *s, struct ks_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct meta_key key;
        if (!meta_key_parse(m->prefix, events[i].kv.key, &key) || key.snapshot ||
            key.kind == META_SEGMENT)
            continue;
        m->key_count++;
        if (key.kind == META_RBAC)
            count_ignored(m, &key);
        if (events[i].is_delete) {
            delete_key(m, &key);
        } else {
            enum ks_status status = put(m, &key, &events[i].kv, err);
            if (status != KS_OK)
                return status;
        }
        touch(s, &key);
    }
    for (size_t i = 0; i < count; i++) {
        struct meta_key key;
        if (!meta_key_parse(m->prefix, events[i].kv.key, &key) || !key.snapshot ||
            events[i].is_delete)
            continue;
        note_tick(m, key.tick);
        struct meta_entry *entry = meta_mirror_entry(&m->mirror, &key);
        if (entry)
            entry->tick = key.tick;
    }
    return KS_OK;
}

static void add_gaps(struct meta_model *m, const struct etcd_event *events, size_t count,
                     struct meta_diff *d)
{
    for (size_t i = 0; i < count; i++) {
        struct meta_key key;
        const struct etcd_kv *kv = &events[i].kv;
        if (events[i].is_delete || !meta_key_parse(m->prefix, kv->key, &key) ||
            key.kind != META_IMPORT || key.snapshot || kv->create_revision != kv->mod_revision)
            continue;
        const struct meta_entry *entry = meta_entries_get(&m->mirror.imports, key.id);
        if (entry)
            add_gap(d, key.id, entry);
    }
}

static enum ks_status apply_revision(struct meta_model *m, const struct etcd_event *events,
                                     size_t count, struct pending_ddl **list, struct ks_error *err)
{
    struct revision_scope s = {0};
    enum ks_status status = apply_keys(m, events, count, &s, err);
    if (status == KS_OK) {
        m->revision = events[0].kv.mod_revision;
        struct meta_diff d = diff_of(m, list);
        if (s.scope.collection_count > 0 || s.scope.databases || s.scope.aliases) {
            m->floor_known = m->uses_known = false;
            meta_diff_run(&d, &s.scope);
        }
        add_gaps(m, events, count, &d);
        m->seq = d.seq;
    }
    free(s.ids);
    return status;
}

enum ks_status meta_model_events(struct meta_model *m, const struct etcd_event *events,
                                 size_t count, struct pending_ddl **list, struct ks_error *err)
{
    meta_history_release(&m->history);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count; end++)
            if (events[end].kv.mod_revision != events[i].kv.mod_revision)
                break;
        while (*list)
            list = &(*list)->next;
        enum ks_status status = apply_revision(m, events + i, end - i, list, err);
        if (status != KS_OK)
            return status;
    }
    return KS_OK;
}

/* ---- the difference to what the stream says ---- */

void meta_model_said(struct meta_model *m, uint64_t tick, int64_t revision)
{
    m->said_tick = tick;
    m->said_revision = revision;
}

/* Imports that began while nobody watched. */
static void add_missed_gaps(struct meta_model *m, struct meta_diff *d)
{
    for (size_t i = 0; i < m->mirror.imports.len; i++) {
        const struct meta_entry *entry = m->mirror.imports.items[i];
        if (entry->create_revision > m->said_revision)
            add_gap(d, entry->id, entry);
    }
}

enum ks_status meta_model_diff(struct meta_model *m, const struct catalogue *emitted, bool snapshot,
                               struct pending_ddl **list, struct ks_error *err)
{
    catalogue_free(m->shown);
    m->shown = catalogue_copy(emitted);
    struct meta_diff d = diff_of(m, list);
    d.snapshot = snapshot;
    bool missed = !snapshot && m->said_tick > 0;
    if (missed) {
        meta_missed_drops(&d, &m->history, m->said_tick);
        meta_history_replay(&m->history, m->said_tick, &d);
    }
    meta_diff_all(&d);
    if (missed) {
        add_missed_gaps(m, &d);
        meta_missed_uses(&m->history, *list);
    }
    m->seq = d.seq;
    return KS_OK;
}

/* ---- questions ---- */

static void lower(uint64_t *floor, const struct meta_entries *entries)
{
    for (size_t i = 0; i < entries->len; i++) {
        const struct meta_entry *entry = entries->items[i];
        uint64_t tick = entry->tick ? entry->tick : entry->create_tick;
        if (entry->state == META_STATE_CREATING && tick > 0 && tick < *floor)
            *floor = tick;
    }
}

uint64_t meta_model_creating_floor(const struct meta_model *model)
{
    struct meta_model *m = (struct meta_model *)model; /* only what is derived changes */
    if (m->floor_known)
        return m->floor;
    size_t pos = 0;
    uint64_t id;
    void *value;
    m->floor = UINT64_MAX;
    lower(&m->floor, &m->mirror.databases);
    while (map_next(&m->mirror.collections, &pos, &id, &value)) {
        const struct meta_collection *coll = value;
        const struct meta_entry *info = meta_collection_info(coll);
        lower(&m->floor, &coll->parts[META_PART_INFO]);
        if (info && info->state == META_STATE_CREATED)
            lower(&m->floor, &coll->parts[META_PART_PARTITION]);
    }
    m->floor_known = true;
    return m->floor;
}

uint64_t meta_model_max_tick(const struct meta_model *m)
{
    return m->max_tick;
}

static void add_uses(struct meta_model *m, const struct meta_collection *coll,
                     struct ks_arena *scratch)
{
    const struct meta_entry *info = meta_collection_info(coll);
    struct meta_collection_value value;
    if (!info || info->state != META_STATE_CREATED || !catalogue_by_id(m->shown, coll->id) ||
        meta_decode_collection(info->value, scratch, &value, NULL) != KS_OK)
        return;
    for (size_t i = 0; i < value.channel_count; i++) {
        const char *name = value.channels[i].pchannel;
        m->uses = xgrow(m->uses, m->use_count, &m->use_cap, sizeof(*m->uses));
        m->uses[m->use_count++] = (struct meta_channel_use){
            .collection_id = coll->id,
            .create_tick = value.create_tick,
            .pchannel = ks_arena_strndup(&m->uses_arena, name, strlen(name)),
            .start_offset = value.channels[i].start_offset,
        };
    }
}

static int by_collection(const void *a, const void *b)
{
    const struct meta_channel_use *x = a, *y = b;
    if (x->collection_id != y->collection_id)
        return x->collection_id < y->collection_id ? -1 : 1;
    return strcmp(x->pchannel, y->pchannel);
}

size_t meta_model_channels(const struct meta_model *model, const struct meta_channel_use **ret)
{
    struct meta_model *m = (struct meta_model *)model; /* only what is derived changes */
    if (!m->uses_known) {
        struct ks_arena scratch = {0};
        size_t pos = 0;
        uint64_t id;
        void *value;
        m->use_count = 0;
        ks_arena_reset(&m->uses_arena, SCRATCH_BYTES);
        while (map_next(&m->mirror.collections, &pos, &id, &value))
            add_uses(m, value, &scratch);
        if (m->use_count > 0)
            qsort(m->uses, m->use_count, sizeof(*m->uses), by_collection);
        ks_arena_release(&scratch);
        m->uses_known = true;
    }
    *ret = m->uses;
    return m->use_count;
}

enum meta_life meta_model_life(const struct meta_model *m, int64_t collection_id)
{
    const struct meta_collection *coll = meta_mirror_collection(&m->mirror, collection_id);
    const struct meta_entry *info = coll ? meta_collection_info(coll) : NULL;
    if (!info)
        return map_find(&m->dropped, (uint64_t)collection_id) ? META_DROPPED : META_UNKNOWN;
    if (info->tombstone)
        return META_DROPPED;
    return info->state == META_STATE_CREATED    ? META_CREATED
           : info->state == META_STATE_CREATING ? META_CREATING
                                                : META_DROPPING;
}

bool meta_model_has_rows(const struct meta_model *m, int64_t collection_id)
{
    return map_find(&m->with_rows, (uint64_t)collection_id) != NULL;
}

size_t meta_model_key_count(const struct meta_model *m)
{
    return m->key_count;
}

const struct meta_ignored *meta_model_ignored(const struct meta_model *m)
{
    return m->ignored;
}
