/* The path to a value, put together backwards while a failed call returns. Fixed size: what is
 * innermost is kept. */
#ifndef SDK_AVRO_TRAIL_H
#define SDK_AVRO_TRAIL_H

#include <stddef.h>
#include <stdint.h>

#include "kitestream/error.h"

#define AVRO_TRAIL_MAX 256

struct avro_trail {
    char text[AVRO_TRAIL_MAX];
    size_t used; /* bytes at the end of text */
};

struct avro_reader;

static inline const char *avro_trail_text(const struct avro_trail *trail)
{
    return trail->text + AVRO_TRAIL_MAX - trail->used; /* used bytes, no NUL */
}

void avro_trail_name(struct avro_trail *trail, const char *name);
void avro_trail_index(struct avro_trail *trail, uint64_t index);
/* "path: fault at byte n of m". */
enum ks_status avro_trail_report(const struct avro_trail *trail, const struct avro_reader *r,
                                 struct ks_error *err);

#endif
