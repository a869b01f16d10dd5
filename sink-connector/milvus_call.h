/* One RPC of MilvusService. Private to milvus_client, milvus_describe and milvus_ddl. */
#ifndef SINK_MILVUS_CALL_H
#define SINK_MILVUS_CALL_H

#include <protobuf-c/protobuf-c.h>

#include "milvus_status.h"

/* `db` goes into the metadata `dbname`; NULL: none. `reply` NULL: the reply is a bare Status. The
 * outcome is OK only if the reply's status says so. */
struct milvus_answer milvus_call(struct milvus_client *c, const char *method, const char *db,
                                 const ProtobufCMessage *request, int64_t deadline_ms,
                                 struct ks_buf *reply);

#endif
