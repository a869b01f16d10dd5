/* Which slot a connector belongs to. In: its name; out: a number that never changes, since workers
 * of different versions must agree. Next: herder. */
#include <string.h>

#include "slot_group.h"

/* Kafka's own hash, so that other tools can tell the slot of a connector. */
static uint32_t murmur2(const unsigned char *data, size_t len)
{
    const uint32_t m = 0x5bd1e995;
    uint32_t h = 0x9747b28cU ^ (uint32_t)len;
    for (; len >= 4; data += 4, len -= 4) {
        uint32_t k = (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
                     (uint32_t)data[3] << 24;
        k *= m;
        k ^= k >> 24;
        h = h * m ^ k * m;
    }
    for (size_t i = len; i-- > 0;)
        h ^= (uint32_t)data[i] << 8 * i;
    if (len > 0)
        h *= m;
    h ^= h >> 13;
    h *= m;
    return h ^ h >> 15;
}

int slot_group_slot_of(const char *connector)
{
    return (int)((murmur2((const unsigned char *)connector, strlen(connector)) & 0x7fffffff) %
                 SLOT_COUNT);
}
