/* What in a writer's schema stands for what in a reader's. In: two types; out: places and
 * instructions, to avro_resolve.c. Names are looked up in tables, because schemas may come from
 * anywhere and be large. */
#include "avro_match.h"

#include "mem.h"

bool avro_promotion(enum ks_avro_type writer, enum ks_avro_type reader, enum avro_op_code *ret)
{
    static const struct {
        enum ks_avro_type writer, reader;
        enum avro_op_code code;
    } table[] = {
        {KS_AVRO_BOOLEAN, KS_AVRO_BOOLEAN, AVRO_OP_BOOLEAN},
        {KS_AVRO_INT, KS_AVRO_INT, AVRO_OP_INT},
        {KS_AVRO_INT, KS_AVRO_LONG, AVRO_OP_INT},
        {KS_AVRO_INT, KS_AVRO_FLOAT, AVRO_OP_INT_TO_FLOAT},
        {KS_AVRO_INT, KS_AVRO_DOUBLE, AVRO_OP_INT_TO_DOUBLE},
        {KS_AVRO_LONG, KS_AVRO_LONG, AVRO_OP_LONG},
        {KS_AVRO_LONG, KS_AVRO_FLOAT, AVRO_OP_LONG_TO_FLOAT},
        {KS_AVRO_LONG, KS_AVRO_DOUBLE, AVRO_OP_LONG_TO_DOUBLE},
        {KS_AVRO_FLOAT, KS_AVRO_FLOAT, AVRO_OP_FLOAT},
        {KS_AVRO_FLOAT, KS_AVRO_DOUBLE, AVRO_OP_FLOAT_TO_DOUBLE},
        {KS_AVRO_DOUBLE, KS_AVRO_DOUBLE, AVRO_OP_DOUBLE},
        {KS_AVRO_STRING, KS_AVRO_STRING, AVRO_OP_BYTES},
        {KS_AVRO_STRING, KS_AVRO_BYTES, AVRO_OP_BYTES},
        {KS_AVRO_BYTES, KS_AVRO_STRING, AVRO_OP_BYTES},
        {KS_AVRO_BYTES, KS_AVRO_BYTES, AVRO_OP_BYTES},
        {KS_AVRO_NULL, KS_AVRO_NULL, AVRO_OP_NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].writer == writer && table[i].reader == reader) {
            *ret = table[i].code;
            return true;
        }
    }
    return false;
}

/* Name -> place in the list. */
static json_t *index_of_symbols(const struct ks_avro_schema *type)
{
    json_t *index = mem_check(json_object());
    for (size_t i = 0; i < type->count; i++)
        json_object_set_new(index, type->symbols[i], json_integer((json_int_t)i));
    return index;
}

static json_t *index_of_fields(const struct ks_avro_schema *record)
{
    json_t *index = mem_check(json_object());
    for (size_t i = 0; i < record->count; i++)
        json_object_set_new(index, record->fields[i].name, json_integer((json_int_t)i));
    return index;
}

static int64_t look_up(const json_t *index, const char *name, int64_t absent)
{
    const json_t *place = json_object_get(index, name);
    return place ? json_integer_value(place) : absent;
}

const int32_t *avro_match_symbols(const struct ks_avro_schema *writer,
                                  const struct ks_avro_schema *reader, struct ks_arena *arena)
{
    int32_t *symbols = ks_arena_alloc(arena, writer->count * sizeof *symbols);
    json_t *index = index_of_symbols(reader);
    for (size_t i = 0; i < writer->count; i++)
        symbols[i] = (int32_t)look_up(index, writer->symbols[i], reader->enum_default);
    json_decref(index);
    return symbols;
}

size_t *avro_match_fields(const struct ks_avro_schema *writer, const struct ks_avro_schema *reader)
{
    size_t *sources = mem_calloc(reader->count, sizeof *sources);
    json_t *index = index_of_fields(writer);
    int64_t none = (int64_t)writer->count;
    for (size_t r = 0; r < reader->count; r++) {
        const json_t *aliases = reader->more[r].aliases;
        int64_t source = look_up(index, reader->fields[r].name, none);
        for (size_t i = 0; source == none && i < json_array_size(aliases); i++)
            source = look_up(index, json_string_value(json_array_get(aliases, i)), none);
        sources[r] = (size_t)source;
    }
    json_decref(index);
    return sources;
}
