/* A repeated member of a protobuf message as one run of bytes, however the writer spread it. */
#ifndef SOURCE_WIRE_GATHER_H
#define SOURCE_WIRE_GATHER_H

#include <stdbool.h>

#include "kitestream/record.h"
#include "kitestream/sdk/arena.h"
#include "proto_wire.h"

/* The sub-message `number`: the only occurrence as it stands in `message`, several of them joined
 * in the arena (which is what merging means). Empty if absent. False: `message` is malformed. */
bool wire_gather_message(struct ks_slice message, uint32_t number, struct ks_arena *arena,
                         struct ks_slice *ret);
/* The repeated scalar `number` of wire type `type`, packed. Packed and unpacked writing, also
 * mixed, give the same bytes. */
bool wire_gather_packed(struct ks_slice message, uint32_t number, enum wire_type type,
                        struct ks_arena *arena, struct ks_slice *ret);
/* The last occurrence of a bytes member. */
bool wire_last_bytes(struct ks_slice message, uint32_t number, struct ks_slice *ret);

#endif
