/* Paths for error messages. In: names and indexes, innermost first; out: "after.tags[3]". */
#include "avro_trail.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "avro_wire.h"
#include "kitestream/sdk/util.h"

static void prepend(struct avro_trail *trail, const char *text, size_t len)
{
    size_t room = AVRO_TRAIL_MAX - trail->used;
    if (len > room) {
        text += len - room;
        len = room;
    }
    trail->used += len;
    memcpy(trail->text + AVRO_TRAIL_MAX - trail->used, text, len);
}

void avro_trail_name(struct avro_trail *trail, const char *name)
{
    bool joined = trail->used && trail->text[AVRO_TRAIL_MAX - trail->used] != '[';
    if (joined && *name)
        prepend(trail, ".", 1);
    prepend(trail, name, strlen(name));
}

void avro_trail_index(struct avro_trail *trail, uint64_t index)
{
    char text[32];
    bool joined = trail->used && trail->text[AVRO_TRAIL_MAX - trail->used] != '[';
    int len = snprintf(text, sizeof text, "[%llu]%s", (unsigned long long)index, joined ? "." : "");
    prepend(trail, text, (size_t)len);
}

enum ks_status avro_trail_report(const struct avro_trail *trail, const struct avro_reader *r,
                                 struct ks_error *err)
{
    return ks_error_set(err, KS_ERR_DATA, "%.*s%s%s at byte %zu of %zu", (int)trail->used,
                        avro_trail_text(trail), trail->used ? ": " : "", r->fault,
                        (size_t)(r->p - r->start), (size_t)(r->end - r->start));
}
