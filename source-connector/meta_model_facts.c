/* Questions to the mirror: what is half-made, which pchannels are used, what became of a
 * collection. What takes long to find is kept until a change. */
#include "meta_model_parts.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define SCRATCH_BYTES ((size_t)64 * 1024)

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
