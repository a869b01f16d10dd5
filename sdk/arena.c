/* Bump allocation. In: sizes; out: memory that lives until the reset. Chunks form a list, the
 * newest first; only the newest is carved. A request larger than a chunk gets one of its own size,
 * put behind the newest so that the newest stays in use. */
#include "kitestream/sdk/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 16
#define DEFAULT_CHUNK_BYTES (64 * 1024)

struct ks_arena_chunk {
    struct ks_arena_chunk *next;
    size_t size, used; /* of bytes[] */
    _Alignas(ALIGNMENT) uint8_t bytes[];
};

static void out_of_memory(void)
{
    fputs("kitestream: out of memory\n", stderr);
    abort();
}

static struct ks_arena_chunk *chunk_new(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct ks_arena_chunk))
        out_of_memory();
    struct ks_arena_chunk *chunk = malloc(sizeof(*chunk) + size);
    if (!chunk)
        out_of_memory();
    *chunk = (struct ks_arena_chunk){.size = size};
    return chunk;
}

/* A chunk with room for `len`: the newest, a fresh one in front, or an oversized one behind. */
static struct ks_arena_chunk *chunk_with_room(struct ks_arena *arena, size_t len)
{
    struct ks_arena_chunk *newest = arena->chunks;
    if (newest && newest->size - newest->used >= len)
        return newest;
    size_t normal = arena->chunk_bytes ? arena->chunk_bytes : DEFAULT_CHUNK_BYTES;
    struct ks_arena_chunk *chunk = chunk_new(len > normal ? len : normal);
    if (len > normal && newest) {
        chunk->next = newest->next;
        newest->next = chunk;
    } else {
        chunk->next = newest;
        arena->chunks = chunk;
    }
    return chunk;
}

void *ks_arena_alloc(struct ks_arena *arena, size_t len)
{
    if (len > SIZE_MAX - ALIGNMENT)
        out_of_memory();
    size_t rounded = (len + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (rounded == 0)
        rounded = ALIGNMENT;
    struct ks_arena_chunk *chunk = chunk_with_room(arena, rounded);
    void *memory = chunk->bytes + chunk->used;
    chunk->used += rounded;
    arena->used_bytes += rounded;
    return memory;
}

void *ks_arena_zalloc(struct ks_arena *arena, size_t len)
{
    return memset(ks_arena_alloc(arena, len), 0, len);
}

void *ks_arena_copy(struct ks_arena *arena, const void *data, size_t len)
{
    void *memory = ks_arena_alloc(arena, len);
    if (len > 0)
        memcpy(memory, data, len);
    return memory;
}

char *ks_arena_strndup(struct ks_arena *arena, const char *str, size_t len)
{
    char *copy = ks_arena_alloc(arena, len + 1);
    if (len > 0)
        memcpy(copy, str, len);
    copy[len] = '\0';
    return copy;
}

char *ks_arena_printf(struct ks_arena *arena, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = ks_arena_alloc(arena, len > 0 ? (size_t)len + 1 : 1);
    text[0] = '\0';
    if (len > 0)
        (void)vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return text;
}

void ks_arena_reset(struct ks_arena *arena, size_t keep_bytes)
{
    struct ks_arena_chunk *kept = NULL, *chunk = arena->chunks;
    size_t kept_bytes = 0;
    while (chunk) {
        struct ks_arena_chunk *next = chunk->next;
        /* One chunk is all that allocation looks at, so the largest that fits is the one to keep.
         */
        if (chunk->size <= keep_bytes && chunk->size > kept_bytes) {
            free(kept);
            kept = chunk;
            kept_bytes = chunk->size;
        } else {
            free(chunk);
        }
        chunk = next;
    }
    if (kept)
        *kept = (struct ks_arena_chunk){.size = kept_bytes};
    arena->chunks = kept;
    arena->used_bytes = 0;
}

void ks_arena_release(struct ks_arena *arena)
{
    ks_arena_reset(arena, 0);
}
