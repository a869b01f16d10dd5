/* Names and namespaces. In: names as a schema writes them; out: full names, by which types are
 * found and compared. */
#include "avro_name.h"

#include <string.h>

#include "avro_schema.h"

static bool is_name_start(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_name_part(char c)
{
    return is_name_start(c) || (c >= '0' && c <= '9');
}

/* Length of the simple name that `text` begins with; 0 if there is none. */
static size_t simple_name_len(const char *text)
{
    if (!is_name_start(*text))
        return 0;
    size_t len = 1;
    while (is_name_part(text[len]))
        len++;
    return len;
}

bool avro_name_valid(const char *name)
{
    size_t len = simple_name_len(name);
    return len > 0 && len <= AVRO_NAME_BYTES_MAX && name[len] == '\0';
}

bool avro_full_name_valid(const char *name)
{
    if (strlen(name) > AVRO_NAME_BYTES_MAX)
        return false;
    for (;;) {
        size_t len = simple_name_len(name);
        if (len == 0)
            return false;
        if (name[len] == '\0')
            return true;
        if (name[len] != '.')
            return false;
        name += len + 1;
    }
}

const char *avro_full_name(struct ks_arena *arena, const char *name, const char *space)
{
    if (strchr(name, '.') || !space || !*space)
        return ks_arena_strndup(arena, name, strlen(name));
    size_t space_len = strlen(space), name_len = strlen(name);
    char *full = ks_arena_alloc(arena, space_len + name_len + 2);
    memcpy(full, space, space_len);
    full[space_len] = '.';
    memcpy(full + space_len + 1, name, name_len + 1);
    return full;
}

const char *avro_name_space(struct ks_arena *arena, const char *full_name)
{
    const char *dot = strrchr(full_name, '.');
    return dot ? ks_arena_strndup(arena, full_name, (size_t)(dot - full_name)) : NULL;
}
