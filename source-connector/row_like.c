/* A pattern in, compiled once; texts in, yes or no out, without memory of its own; for row_filter.
 * A match tries the last % again with one character more, which is enough: what an earlier % took
 * can stay. */
#include "row_like.h"

enum { ANY_TEXT = 0x100, ANY_CHARACTER = 0x101 };

struct row_like row_like_new(struct ks_slice pattern, struct ks_arena *arena)
{
    uint16_t *items = ks_arena_alloc(arena, (pattern.len + 1) * sizeof(*items));
    const uint8_t *p = pattern.data, *end = p + pattern.len;
    struct row_like like = {.items = items};
    while (p < end) {
        bool plain = *p == '\\' && p + 1 < end && (p[1] == '%' || p[1] == '_' || p[1] == '\\');
        p += plain;
        items[like.count++] = !plain && *p == '%'   ? ANY_TEXT
                              : !plain && *p == '_' ? ANY_CHARACTER
                                                    : *p;
        p++;
    }
    return like;
}

/* Behind the UTF-8 character at `at`. */
static size_t next_character(const uint8_t *text, size_t len, size_t at)
{
    at++;
    while (at < len && (text[at] & 0xc0) == 0x80)
        at++;
    return at;
}

bool row_like_match(const struct row_like *like, const uint8_t *text, size_t len)
{
    size_t i = 0, at = 0, again = 0, again_at = 0; /* again: behind the last %, 0: there is none */
    while (at < len) {
        uint16_t item = i < like->count ? like->items[i] : UINT16_MAX;
        if (item == ANY_TEXT) {
            again = ++i;
            again_at = at;
        } else if (item == ANY_CHARACTER) {
            at = next_character(text, len, at);
            i++;
        } else if (item == text[at]) {
            at++;
            i++;
        } else if (again > 0) {
            again_at = at = next_character(text, len, again_at);
            i = again;
        } else {
            return false;
        }
    }
    while (i < like->count && like->items[i] == ANY_TEXT)
        i++;
    return i == like->count;
}
