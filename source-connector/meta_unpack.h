/* Protobuf messages of the generic library, with all their strings checked. */
#ifndef SOURCE_META_UNPACK_H
#define SOURCE_META_UNPACK_H

#include <protobuf-c/protobuf-c.h>

#include "kitestream/record.h"

/* NULL: not such a message, or a string in it is not UTF-8. Owns: free_unpacked of its type. */
void *meta_unpack(const ProtobufCMessageDescriptor *type, struct ks_slice value);

#endif
