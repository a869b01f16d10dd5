/* What a watch of etcd tells. In: events of whole revisions; out: the mirror as it is after each,
 * and the DDL that follow from what the revision touched. Next: the sequencer. */
#include "meta_model_parts.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

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
           (strlen(m->ignored[at].name) != key->name.len ||
            memcmp(m->ignored[at].name, key->name.data, key->name.len) != 0))
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
            enum ks_status status = meta_model_put(m, &key, &events[i].kv, err);
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
        meta_model_note_tick(m, key.tick);
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
            meta_model_gap(d, key.id, entry);
    }
}

static enum ks_status apply_revision(struct meta_model *m, const struct etcd_event *events,
                                     size_t count, struct pending_ddl **list, struct ks_error *err)
{
    struct revision_scope s = {0};
    enum ks_status status = apply_keys(m, events, count, &s, err);
    if (status == KS_OK) {
        m->revision = events[0].kv.mod_revision;
        struct meta_diff d = meta_model_diff_of(m, list);
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
