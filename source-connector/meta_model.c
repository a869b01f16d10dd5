/* The metadata model: keys of etcd in, DDL out. Keeps the raw mirror, and a catalogue of what it
 * has said so far; after each revision both are compared for what the revision touched. Next: the
 * sequencer. If the process dies: nothing here is durable; the mirror is read again at the saved
 * revision, and events from there on give the same DDL again. */
#include "meta_model_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"
#include "meta_missed.h"

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

void meta_model_note_tick(struct meta_model *m, uint64_t tick)
{
    if (tick > m->max_tick)
        m->max_tick = tick;
}

enum ks_status meta_model_put(struct meta_model *m, const struct meta_key *key,
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
        meta_model_note_tick(m, entry->create_tick);
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
        return meta_model_put(m, &key, kv, err);
    meta_model_note_tick(m, key.tick);
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

struct meta_diff meta_model_diff_of(struct meta_model *m, struct pending_ddl **tail)
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
    struct meta_diff d = meta_model_diff_of(m, &said);
    meta_diff_all(&d);
    m->seq = d.seq;
    pending_ddl_list_free(said);
    return KS_OK;
}

static bool is_in_catalogue(void *arg, int64_t id)
{
    return catalogue_by_id(arg, id) != NULL;
}

void meta_model_gap(struct meta_diff *d, int64_t job, const struct meta_entry *entry)
{
    char *reason =
        xasprintf("bulk import job %" PRId64 ": its rows never reach the message queue", job);
    meta_diff_gap(d, meta_import_collection(entry->value, is_in_catalogue, d->shown), reason);
    free(reason);
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
            meta_model_gap(d, entry->id, entry);
    }
}

enum ks_status meta_model_diff(struct meta_model *m, const struct catalogue *emitted, bool snapshot,
                               struct pending_ddl **list, struct ks_error *err)
{
    catalogue_free(m->shown);
    m->shown = catalogue_copy(emitted);
    struct meta_diff d = meta_model_diff_of(m, list);
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
