/* The spelling of a schema. In: a parsed schema; out: a number that is the same for every spelling
 * of it. Next: the registry's question whether a schema is there already. A client that has parsed
 * and written a schema again (Java's Avro does) must find it under its id. Ids themselves are made
 * of ks_avro_schema_fingerprint, which follows the text more closely. */
#include "avro_normal.h"

#include <string.h>

#include "avro_name.h"
#include "avro_schema.h"
#include "mem.h"

/* Depth is that of a schema that was parsed, so it is bounded. */
static json_t *normal(const json_t *type, const char *space, struct ks_arena *names);

static json_t *normal_name(const char *name, const char *space, struct ks_arena *names)
{
    enum ks_avro_type primitive;
    if (avro_primitive_type(name, &primitive))
        return mem_check(json_string(name));
    return mem_check(json_string(avro_full_name(names, name, space)));
}

static json_t *normal_list(const json_t *list, const char *space, struct ks_arena *names)
{
    json_t *made = mem_check(json_array());
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item)
        json_array_append_new(made, normal(item, space, names));
    return made;
}

static json_t *normal_fields(const json_t *fields, const char *space, struct ks_arena *names)
{
    json_t *made = mem_check(json_array());
    size_t i;
    json_t *field;
    json_array_foreach((json_t *)fields, i, field)
    {
        json_t *copy = mem_check(json_copy(field));
        json_object_set_new(copy, "type", normal(json_object_get(field, "type"), space, names));
        json_array_append_new(made, copy);
    }
    return made;
}

/* The namespace goes into the name, which is returned. */
static const char *spell_name(json_t *named, const char *space, struct ks_arena *names)
{
    const char *own = json_string_value(json_object_get(named, "namespace"));
    const char *name = json_string_value(json_object_get(named, "name"));
    const char *full = avro_full_name(names, name, own ? own : space);
    json_object_del(named, "namespace");
    json_object_set_new(named, "name", mem_check(json_string(full)));
    return full;
}

/* The cases are the parser's: in an object of any type other members are properties. */
static json_t *normal_object(const json_t *type, const char *space, struct ks_arena *names)
{
    const json_t *inner = json_object_get(type, "type");
    const char *word = json_string_value(inner);
    if (!word)
        return normal(inner, space, names); /* what stands around it says nothing */
    enum ks_avro_type primitive;
    bool is_primitive = avro_primitive_type(word, &primitive);
    json_t *made = mem_check(json_copy((json_t *)type));
    if (is_primitive && json_object_size(type) > 1)
        return made;
    if (strcmp(word, "array") == 0) {
        json_object_set_new(made, "items", normal(json_object_get(type, "items"), space, names));
        return made;
    }
    if (strcmp(word, "map") == 0) {
        json_object_set_new(made, "values", normal(json_object_get(type, "values"), space, names));
        return made;
    }
    if (strcmp(word, "enum") == 0 || strcmp(word, "fixed") == 0) {
        spell_name(made, space, names);
        return made;
    }
    if (strcmp(word, "record") == 0 || strcmp(word, "error") == 0) {
        const char *inside = avro_name_space(names, spell_name(made, space, names));
        const json_t *fields = json_object_get(type, "fields");
        json_object_set_new(made, "fields", normal_fields(fields, inside, names));
        return made;
    }
    json_decref(made);
    return normal_name(word, space, names);
}

static json_t *normal(const json_t *type, const char *space, struct ks_arena *names)
{
    if (json_is_string(type))
        return normal_name(json_string_value(type), space, names);
    if (json_is_array(type))
        return normal_list(type, space, names);
    return normal_object(type, space, names);
}

uint64_t avro_normal_fingerprint(const struct ks_avro_schema *schema)
{
    struct ks_arena names = {.chunk_bytes = 4096};
    json_t *made = normal(schema->doc->json, NULL, &names);
    uint64_t fingerprint = avro_canonical_fingerprint(made);
    json_decref(made);
    ks_arena_release(&names);
    return fingerprint;
}
