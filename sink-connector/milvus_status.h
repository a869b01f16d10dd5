/* What a call's end means for the caller: gRPC codes and common.Status in, a class out. The rule
 * behind it: a class that says "refused" must be certain that nothing was written, because an
 * Insert is then repeated as an Insert; whatever is not known to be certain is AMBIGUOUS. */
#ifndef SINK_MILVUS_STATUS_H
#define SINK_MILVUS_STATUS_H

#include "milvus_client.h"

/* A call that gRPC ended with `code`, not OK. `sent` false: it certainly never left. */
struct milvus_answer milvus_answer_of_grpc(const char *method, enum grpc_code code, bool sent,
                                           const char *message);
/* A call that gRPC ended with OK. `bare`: the reply is a common.Status, else its field 1 is one. A
 * reply that is no protobuf is AMBIGUOUS. */
struct milvus_answer milvus_answer_of_reply(const char *method, bool bare, struct ks_slice reply);
/* An answer that the server gave, made here: for replies that lack what they should have. */
struct milvus_answer milvus_answer_of(enum milvus_outcome outcome, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Index not found, before 2.3 too. */
bool milvus_means_no_index(const struct milvus_answer *answer);

#endif
