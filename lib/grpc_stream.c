/* Bidirectional streams. In: serialised messages of one thread; out: the server's messages, until a
 * code says that the stream is over. Next: etcd_watch. At most one receive is pending; it outlives
 * a timeout, so no message is lost between two waits. */
#include <stdlib.h>

#include "alloc.h"
#include "grpc_core.h"
#include "kitestream/sdk/util.h"

struct grpc_stream {
    struct call call;
    char *method;
    grpc_byte_buffer *received;
    bool recv_pending, initial_pending, status_pending;
};

/* Tags: the addresses of the members that the batches fill. */
static void *initial_tag(struct grpc_stream *stream)
{
    return &stream->call.initial;
}
static void *status_tag(struct grpc_stream *stream)
{
    return &stream->call.trailing;
}
static void *recv_tag(struct grpc_stream *stream)
{
    return &stream->received;
}

static enum grpc_code stream_over(struct grpc_stream *stream, struct ks_error *err)
{
    if (stream->status_pending)
        call_wait(&stream->call, status_tag(stream));
    stream->status_pending = false;
    if (stream->call.code != GRPC_STATUS_OK) {
        call_error(&stream->call, err);
        return (enum grpc_code)stream->call.code;
    }
    ks_error_set(err, KS_ERR_RETRIABLE, "%s at %s: the server ended the stream", stream->method,
                 stream->call.client->target);
    return GRPC_CODE_UNAVAILABLE;
}

enum grpc_code grpc_stream_open(struct grpc_client *client, const struct grpc_call *spec,
                                struct grpc_stream **ret, struct ks_error *err)
{
    struct grpc_stream *stream = xcalloc(1, sizeof(*stream));
    gpr_timespec deadline =
        spec->deadline_ms > 0 ? in_ms(spec->deadline_ms) : gpr_inf_future(GPR_CLOCK_MONOTONIC);
    enum grpc_code code = call_open(client, spec, deadline, &stream->call, err);
    if (code != GRPC_CODE_OK) {
        free(stream);
        return code;
    }
    stream->method = xstrdup(spec->method);
    stream->call.method = stream->method;
    grpc_op status = op_recv_status(&stream->call);
    grpc_op initial[] = {op_send_initial_metadata(&stream->call, spec->wait_for_ready),
                         op_recv_initial_metadata(&stream->call)};
    stream->status_pending = call_start(&stream->call, &status, 1, status_tag(stream));
    stream->initial_pending = call_start(&stream->call, initial, 2, initial_tag(stream));
    if (!stream->status_pending || !stream->initial_pending) {
        grpc_stream_close(stream);
        ks_error_set(err, KS_ERR_FATAL, "%s: grpc refused to start the stream", spec->method);
        return GRPC_CODE_INTERNAL;
    }
    *ret = stream;
    return GRPC_CODE_OK;
}

enum grpc_code grpc_stream_send(struct grpc_stream *stream, struct ks_slice message,
                                struct ks_error *err)
{
    grpc_slice slice = grpc_slice_from_copied_buffer(message.data, message.len);
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    grpc_op op = {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = buffer};
    bool sent = call_start(&stream->call, &op, 1, &op) && call_wait(&stream->call, &op).success;
    grpc_byte_buffer_destroy(buffer);
    return sent ? GRPC_CODE_OK : stream_over(stream, err);
}

enum grpc_code grpc_stream_recv(struct grpc_stream *stream, int64_t timeout_ms,
                                struct ks_buf *message, bool *ret_got, struct ks_error *err)
{
    *ret_got = false;
    if (!stream->recv_pending) {
        grpc_op op = {.op = GRPC_OP_RECV_MESSAGE,
                      .data.recv_message.recv_message = &stream->received};
        if (!call_start(&stream->call, &op, 1, recv_tag(stream)))
            return stream_over(stream, err);
        stream->recv_pending = true;
    }
    grpc_event event = call_pluck(&stream->call, recv_tag(stream), in_ms(timeout_ms));
    if (event.type == GRPC_QUEUE_TIMEOUT)
        return GRPC_CODE_OK;
    stream->recv_pending = false;
    if (!event.success || !stream->received)
        return stream_over(stream, err);
    ks_buf_reset(message);
    append_message(stream->received, message);
    grpc_byte_buffer_destroy(stream->received);
    stream->received = NULL;
    *ret_got = true;
    return GRPC_CODE_OK;
}

void grpc_stream_close(struct grpc_stream *stream)
{
    if (!stream)
        return;
    grpc_call_cancel(stream->call.core, NULL);
    if (stream->recv_pending)
        call_wait(&stream->call, recv_tag(stream));
    if (stream->initial_pending)
        call_wait(&stream->call, initial_tag(stream));
    if (stream->status_pending)
        call_wait(&stream->call, status_tag(stream));
    grpc_byte_buffer_destroy(stream->received);
    call_close(&stream->call);
    free(stream->method);
    free(stream);
}
