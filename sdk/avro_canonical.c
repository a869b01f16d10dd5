/* The fingerprint of a schema. In: its JSON; out: CRC-64-AVRO of the same JSON with sorted members
 * and no white space. Avro's own canonical form drops properties and defaults, which Connect
 * schemas live by, so two schemas that mean different things to a reader would share a fingerprint.
 */
#include <stdlib.h>

#include "avro_schema.h"
#include "mem.h"

#define RABIN_EMPTY UINT64_C(0xc15d213aa4d7a795)

static uint64_t rabin_byte(uint64_t hash, uint8_t byte)
{
    hash ^= byte;
    for (int bit = 0; bit < 8; bit++)
        hash = (hash >> 1) ^ (RABIN_EMPTY & (0 - (hash & 1)));
    return hash;
}

static int add_to_hash(const char *data, size_t len, void *arg)
{
    uint64_t *hash = arg;
    for (size_t i = 0; i < len; i++)
        *hash = rabin_byte(*hash, (uint8_t)data[i]);
    return 0;
}

uint64_t avro_canonical_fingerprint(const json_t *json)
{
    uint64_t hash = RABIN_EMPTY;
    size_t flags = JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17);
    json_dump_callback(json, add_to_hash, &hash, flags);
    return hash;
}
