/* Walks arbitrary bytes as protobuf, descending into each length-delimited field as a message and
 * as packed varints, and checks that slices stay inside the input. */
#include "proto_wire.h"

#include <stdlib.h>

#define MAX_DEPTH 8

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void walk_packed(const uint8_t *data, size_t len)
{
    struct wire w = wire_of(data, len);
    size_t count = 0;
    uint64_t value;
    while (w.p < w.end && wire_varint(&w, &value))
        count++;
    check(w.bad || count == wire_count_varints(data, len));
}

static void walk(const uint8_t *data, size_t len, int depth)
{
    struct wire w = wire_of(data, len);
    struct wire_field f;
    while (wire_next(&w, &f)) {
        check(f.number > 0 && w.p >= data && w.p <= data + len);
        if (f.type != WIRE_LEN)
            continue;
        check(f.data >= data && f.len <= (size_t)(data + len - f.data));
        walk_packed(f.data, f.len);
        if (depth < MAX_DEPTH)
            walk(f.data, f.len, depth + 1);
    }
    check(w.bad || w.p == data + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    walk(data, len, 0);
    return 0;
}
