/* One collection as clients see it. In: entries of the raw mirror; out: schema, partitions, indexes
 * and load state. Values were checked on arrival, so a value that does not decode here cannot be.
 */
#include "meta_view.h"

#include <string.h>

#define DEFAULT_DATABASE "default"
#define DEFAULT_DATABASE_ID 1
#define FIRST_USER_FIELD_ID 100

const char *meta_view_database(const struct meta_mirror *m, int64_t db_id, struct ks_arena *arena)
{
    if (db_id == 0 || db_id == DEFAULT_DATABASE_ID)
        return DEFAULT_DATABASE;
    const struct meta_entry *entry = meta_entries_get(&m->databases, db_id);
    struct meta_database_value value;
    if (!entry || entry->state != META_STATE_CREATED ||
        meta_decode_database(entry->value, arena, &value, NULL) != KS_OK)
        return NULL;
    return value.name;
}

static void note_tick(uint64_t *latest, uint64_t tick)
{
    if (tick > *latest)
        *latest = tick;
}

static void add_fields(const struct meta_entries *entries, struct ks_arena *arena,
                       struct meta_view *view)
{
    struct ddl_schema *schema = &view->schema;
    size_t count = 0, old_count = schema->field_count;
    struct ddl_field *fields = ks_arena_zalloc(arena, (entries->len + old_count) * sizeof(*fields));
    /* Collections made before 2.1 keep their fields in their own value. */
    for (size_t i = 0; i < old_count; i++)
        if (schema->fields[i].id >= FIRST_USER_FIELD_ID)
            fields[count++] = schema->fields[i];
    for (size_t i = 0; i < entries->len; i++) {
        const struct meta_entry *entry = entries->items[i];
        bool gone = false;
        note_tick(&view->schema_tick, entry->tick);
        if (entry->state == META_STATE_CREATED && entry->id >= FIRST_USER_FIELD_ID &&
            old_count == 0 &&
            meta_decode_field(entry->value, arena, &fields[count], &gone, NULL) == KS_OK)
            count++;
    }
    for (size_t i = 0; i < count; i++)
        schema->auto_id |= fields[i].auto_id;
    schema->fields = fields;
    schema->field_count = count;
}

static void add_functions(const struct meta_entries *entries, struct ks_arena *arena,
                          struct meta_view *view)
{
    if (entries->len == 0)
        return;
    struct ddl_function *functions = ks_arena_zalloc(arena, entries->len * sizeof(*functions));
    size_t count = 0;
    for (size_t i = 0; i < entries->len; i++) {
        note_tick(&view->schema_tick, entries->items[i]->tick);
        if (entries->items[i]->state == META_STATE_CREATED &&
            meta_decode_function(entries->items[i]->value, arena, &functions[count], NULL) == KS_OK)
            count++;
    }
    view->schema.functions = functions;
    view->schema.function_count = count;
}

static void add_partitions(const struct meta_entries *entries, struct ks_arena *arena,
                           struct meta_view *view)
{
    struct ddl_schema *schema = &view->schema;
    size_t count = 0, old_count = schema->partition_count;
    struct meta_view_partition *partitions =
        ks_arena_zalloc(arena, (entries->len + old_count) * sizeof(*partitions));
    for (size_t i = 0; i < old_count; i++)
        partitions[count++] = (struct meta_view_partition){.id = schema->partitions[i].id,
                                                           .name = schema->partitions[i].name};
    for (size_t i = 0; i < entries->len && old_count == 0; i++) {
        const struct meta_entry *entry = entries->items[i];
        struct meta_partition_value value;
        if (entry->state == META_STATE_CREATED &&
            meta_decode_partition(entry->value, arena, &value, NULL) == KS_OK)
            partitions[count++] =
                (struct meta_view_partition){.id = entry->id,
                                             .name = value.name,
                                             .tick = entry->tick ? entry->tick : value.create_tick};
    }
    struct ddl_named *named = ks_arena_zalloc(arena, count * sizeof(*named));
    bool by_key = false;
    for (size_t i = 0; i < schema->field_count; i++)
        by_key |= schema->fields[i].is_partition_key;
    for (size_t i = 0; i < count; i++)
        named[i] = (struct ddl_named){partitions[i].id, partitions[i].name};
    view->partitions = partitions;
    view->partition_count = count;
    schema->partitions = named;
    schema->partition_count = count;
    schema->num_partitions = by_key ? (int64_t)count : 0;
}

static const char *field_name(const struct ddl_schema *schema, int64_t field_id)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].id == field_id)
            return schema->fields[i].name;
    return NULL;
}

static void add_indexes(const struct meta_entries *entries, struct ks_arena *arena,
                        struct meta_view *view)
{
    view->indexes = ks_arena_zalloc(arena, entries->len * sizeof(*view->indexes));
    for (size_t i = 0; i < entries->len; i++) {
        struct meta_index_value value;
        if (entries->items[i]->state != META_STATE_CREATED ||
            meta_decode_index(entries->items[i]->value, arena, &value, NULL) != KS_OK)
            continue;
        value.index.id = entries->items[i]->id;
        value.index.field = field_name(&view->schema, value.index.field_id);
        if (value.index.field)
            view->indexes[view->index_count++] =
                (struct meta_view_index){value.index, value.create_tick};
    }
}

static bool partition_is_loaded(const struct meta_entries *entries, int64_t partition_id)
{
    const struct meta_entry *entry = meta_entries_get(entries, partition_id);
    struct meta_load_value value;
    return entry && meta_decode_load(META_PARTITION_LOAD, entry->value, &value, NULL) == KS_OK &&
           value.present;
}

/* While a whole collection is being loaded its partitions' keys are written one after the other: a
 * missing one means something (released) only once the load is complete. */
static void add_load(const struct meta_collection *coll, struct meta_view *view)
{
    const struct meta_entry *entry = meta_entries_get(&coll->parts[META_PART_LOAD], 0);
    struct meta_load_value value;
    if (!entry || meta_decode_load(META_LOAD, entry->value, &value, NULL) != KS_OK ||
        !value.present)
        return;
    view->load_present = true;
    view->load_whole = !value.by_partition;
    view->replicas = value.replicas > 0 ? value.replicas : 1;
    bool loading_whole = view->load_whole && !value.loaded;
    for (size_t i = 0; i < view->partition_count; i++)
        view->partitions[i].loaded =
            loading_whole ||
            partition_is_loaded(&coll->parts[META_PART_PARTITION_LOAD], view->partitions[i].id);
}

void meta_view_build(const struct meta_mirror *m, int64_t collection_id, const char *known_db,
                     struct ks_arena *arena, struct meta_view *ret)
{
    *ret = (struct meta_view){.id = collection_id, .state = META_STATE_GONE};
    const struct meta_collection *coll = meta_mirror_collection(m, collection_id);
    const struct meta_entry *info = coll ? meta_collection_info(coll) : NULL;
    if (!info)
        return;
    ret->state = info->state;
    ret->db_id = info->id ? info->id : DEFAULT_DATABASE_ID;
    ret->info_tick = info->tick;
    ret->create_tick = info->create_tick;
    struct meta_collection_value value;
    if (info->state != META_STATE_CREATED ||
        meta_decode_collection(info->value, arena, &value, NULL) != KS_OK)
        return;
    ret->schema = value.schema;
    ret->channels = value.channels;
    ret->channel_count = value.channel_count;
    note_tick(&ret->schema_tick, info->tick);
    add_fields(&coll->parts[META_PART_FIELD], arena, ret);
    add_functions(&coll->parts[META_PART_FUNCTION], arena, ret);
    add_partitions(&coll->parts[META_PART_PARTITION], arena, ret);
    add_indexes(&coll->parts[META_PART_INDEX], arena, ret);
    add_load(coll, ret);
    const char *db = meta_view_database(m, info->id, arena);
    ret->db = db ? db : known_db;
    if (!ret->db || ret->schema.field_count == 0)
        ret->state = META_STATE_CREATING;
}
