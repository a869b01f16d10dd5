/* Bump allocation for everything that lives as long as one batch. */
#ifndef KITESTREAM_SDK_ARENA_H
#define KITESTREAM_SDK_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct ks_arena_chunk;

/* Owns: its chunks. Zero-initialised is valid; chunk_bytes 0 means 64 KiB. Out of memory aborts. */
struct ks_arena {
    struct ks_arena_chunk *chunks;
    size_t chunk_bytes;
    size_t used_bytes; /* handed out since the last reset */
};

/* Aligned to 16 bytes; contents undefined. */
void *ks_arena_alloc(struct ks_arena *arena, size_t len);
void *ks_arena_zalloc(struct ks_arena *arena, size_t len);
void *ks_arena_copy(struct ks_arena *arena, const void *data, size_t len);
char *ks_arena_strndup(struct ks_arena *arena, const char *str, size_t len);
char *ks_arena_printf(struct ks_arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Forgets all allocations; keeps up to keep_bytes of memory for reuse. */
void ks_arena_reset(struct ks_arena *arena, size_t keep_bytes);
void ks_arena_release(struct ks_arena *arena);

#endif
