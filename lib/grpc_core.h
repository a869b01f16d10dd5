/* What the files of the gRPC client share, and the one place that includes grpc's headers. Private
 * to grpc_client.c, grpc_call.c and grpc_stream.c. */
#ifndef LIB_GRPC_CORE_H
#define LIB_GRPC_CORE_H

/* grpc's own struct tags grpc_call and grpc_metadata are those of our header. */
#define grpc_call core_call
#define grpc_metadata core_metadata
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>
#undef grpc_call
#undef grpc_metadata

#include <pthread.h>
#include <stdatomic.h>

#include "grpc_client.h"

#define METADATA_MAX 16

/* What a unary call and a stream have in common. Linked into its client while it is alive. */
struct call {
    struct call *prev, *next;
    struct grpc_client *client;
    core_call *core;
    grpc_completion_queue *cq;
    const char *method;
    core_metadata metadata[METADATA_MAX];
    size_t metadata_count;
    grpc_metadata_array initial, trailing;
    grpc_status_code code;
    grpc_slice details;
    const char *error_string;
    /* Makes the memory order through the queue visible to a race detector, which cannot see into
     * grpc: released before a batch starts, acquired after it completes. */
    _Atomic int fence;
};

struct grpc_client {
    _Atomic int refs; /* the owner's, and one for each open call */
    char *target;
    pthread_t poller;
    grpc_completion_queue *watch_cq;
    pthread_mutex_t lock;  /* guards what follows */
    grpc_channel *channel; /* NULL once closed */
    struct call *calls;
};

void client_unref(struct grpc_client *client);

static inline gpr_timespec in_ms(int64_t ms)
{
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

/* Takes a reference of the client and a place in its list; call_close gives both back. */
enum grpc_code call_open(struct grpc_client *client, const struct grpc_call *spec,
                         gpr_timespec deadline, struct call *call, struct ks_error *err);
void call_close(struct call *call);
/* False: the batch was refused, and no event will come for it. */
bool call_start(struct call *call, const grpc_op *ops, size_t count, void *tag);
/* Waits for the batch with this tag; type GRPC_QUEUE_TIMEOUT at the deadline. */
grpc_event call_pluck(struct call *call, void *tag, gpr_timespec deadline);
grpc_event call_wait(struct call *call, void *tag);
/* Fills err from the status that the server or grpc gave. */
void call_error(const struct call *call, struct ks_error *err);

grpc_op op_send_initial_metadata(struct call *call, bool wait_for_ready);
grpc_op op_recv_initial_metadata(struct call *call);
grpc_op op_recv_status(struct call *call);
void append_message(grpc_byte_buffer *message, struct ks_buf *out);

#endif
