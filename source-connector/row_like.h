/* Patterns of `like`: % is any text, _ any character, a backslash makes either of them (or itself)
 * plain. */
#ifndef SOURCE_ROW_LIKE_H
#define SOURCE_ROW_LIKE_H

#include <stdbool.h>

#include "kitestream/record.h"
#include "kitestream/sdk/arena.h"

struct row_like {
    const uint16_t *items; /* bytes, or what the wildcards are */
    size_t count;
};

/* Lives in the arena. */
struct row_like row_like_new(struct ks_slice pattern, struct ks_arena *arena);
bool row_like_match(const struct row_like *like, const uint8_t *text, size_t len);

#endif
