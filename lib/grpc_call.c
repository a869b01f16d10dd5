/* The life of one gRPC call: created in its client's list, batches of operations on a completion
 * queue of its own, status turned into a text. Used by unary calls and streams. */
#include <stdlib.h>
#include <string.h>

#include "grpc_core.h"
#include "kitestream/sdk/util.h"

static const char *code_name(grpc_status_code code)
{
    static const char *const names[] = {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    };
    return (size_t)code < sizeof(names) / sizeof(names[0]) ? names[code] : "unknown code";
}

/* The class for a caller that looks at nothing else. */
static enum ks_status code_status(grpc_status_code code)
{
    switch (code) {
    case GRPC_STATUS_CANCELLED:
    case GRPC_STATUS_UNKNOWN:
    case GRPC_STATUS_DEADLINE_EXCEEDED:
    case GRPC_STATUS_RESOURCE_EXHAUSTED:
    case GRPC_STATUS_ABORTED:
    case GRPC_STATUS_INTERNAL:
    case GRPC_STATUS_UNAVAILABLE:
        return KS_ERR_RETRIABLE;
    default:
        return KS_ERR_FATAL;
    }
}

void call_error(const struct call *call, struct ks_error *err)
{
    int len = (int)GRPC_SLICE_LENGTH(call->details);
    const char *text = (const char *)GRPC_SLICE_START_PTR(call->details);
    if (len == 0) {
        text = call->error_string ? call->error_string : "no details";
        len = (int)strlen(text);
    }
    ks_error_set(err, code_status(call->code), "%s at %s: %.*s (%s)", call->method,
                 call->client->target, len, text, code_name(call->code));
}

static bool set_metadata(struct call *call, const struct grpc_call *spec)
{
    if (spec->metadata_count > METADATA_MAX)
        return false;
    for (size_t i = 0; i < spec->metadata_count; i++) {
        core_metadata *item = &call->metadata[call->metadata_count++];
        *item = (core_metadata){
            .key = grpc_slice_from_copied_string(spec->metadata[i].key),
            .value = grpc_slice_from_copied_string(spec->metadata[i].value),
        };
        if (!grpc_header_key_is_legal(item->key) || !grpc_header_nonbin_value_is_legal(item->value))
            return false;
    }
    return true;
}

static void call_release(struct call *call)
{
    for (size_t i = 0; i < call->metadata_count; i++) {
        grpc_slice_unref(call->metadata[i].key);
        grpc_slice_unref(call->metadata[i].value);
    }
    grpc_metadata_array_destroy(&call->initial);
    grpc_metadata_array_destroy(&call->trailing);
    grpc_slice_unref(call->details);
    gpr_free((void *)call->error_string);
}

/* Takes a reference of the client and a place in its list; call_close gives both back. */
enum grpc_code call_open(struct grpc_client *client, const struct grpc_call *spec,
                         gpr_timespec deadline, struct call *call, struct ks_error *err)
{
    *call = (struct call){.client = client, .method = spec->method, .details = grpc_empty_slice()};
    grpc_metadata_array_init(&call->initial);
    grpc_metadata_array_init(&call->trailing);
    if (!set_metadata(call, spec)) {
        call_release(call);
        ks_error_set(err, KS_ERR_FATAL, "%s at %s: metadata with illegal characters", spec->method,
                     client->target);
        return GRPC_CODE_INVALID_ARGUMENT;
    }
    pthread_mutex_lock(&client->lock);
    if (client->channel) {
        call->cq = grpc_completion_queue_create_for_pluck(NULL);
        grpc_slice method = grpc_slice_from_copied_string(spec->method);
        call->core = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
                                              call->cq, method, NULL, deadline, NULL);
        grpc_slice_unref(method);
        call->next = client->calls;
        if (call->next)
            call->next->prev = call;
        client->calls = call;
        atomic_fetch_add(&client->refs, 1);
    }
    pthread_mutex_unlock(&client->lock);
    if (call->core)
        return GRPC_CODE_OK;
    call_release(call);
    ks_error_set(err, KS_ERR_RETRIABLE, "%s at %s: the client is closed", spec->method,
                 client->target);
    return GRPC_CODE_CANCELLED;
}

void call_close(struct call *call)
{
    struct grpc_client *client = call->client;
    pthread_mutex_lock(&client->lock);
    if (call->prev)
        call->prev->next = call->next;
    else
        client->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;
    pthread_mutex_unlock(&client->lock);
    grpc_call_unref(call->core);
    grpc_completion_queue_shutdown(call->cq);
    grpc_completion_queue_destroy(call->cq);
    call_release(call);
    client_unref(client);
}

grpc_op op_send_initial_metadata(struct call *call, bool wait_for_ready)
{
    uint32_t wait = GRPC_INITIAL_METADATA_WAIT_FOR_READY;
    return (grpc_op){
        .op = GRPC_OP_SEND_INITIAL_METADATA,
        .flags = (wait_for_ready ? wait : 0) | GRPC_INITIAL_METADATA_WAIT_FOR_READY_EXPLICITLY_SET,
        .data.send_initial_metadata = {.count = call->metadata_count, .metadata = call->metadata},
    };
}

grpc_op op_recv_initial_metadata(struct call *call)
{
    return (grpc_op){.op = GRPC_OP_RECV_INITIAL_METADATA,
                     .data.recv_initial_metadata.recv_initial_metadata = &call->initial};
}

grpc_op op_recv_status(struct call *call)
{
    return (grpc_op){.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
                     .data.recv_status_on_client = {.trailing_metadata = &call->trailing,
                                                    .status = &call->code,
                                                    .status_details = &call->details,
                                                    .error_string = &call->error_string}};
}

/* No event comes for a batch that was refused. */
bool call_start(struct call *call, const grpc_op *ops, size_t count, void *tag)
{
    atomic_store_explicit(&call->fence, 1, memory_order_release);
    return grpc_call_start_batch(call->core, ops, count, tag, NULL) == GRPC_CALL_OK;
}

grpc_event call_pluck(struct call *call, void *tag, gpr_timespec deadline)
{
    grpc_event event = grpc_completion_queue_pluck(call->cq, tag, deadline, NULL);
    (void)atomic_load_explicit(&call->fence, memory_order_acquire);
    return event;
}

grpc_event call_wait(struct call *call, void *tag)
{
    return call_pluck(call, tag, gpr_inf_future(GPR_CLOCK_MONOTONIC));
}

void append_message(grpc_byte_buffer *message, struct ks_buf *out)
{
    grpc_byte_buffer_reader reader;
    if (!grpc_byte_buffer_reader_init(&reader, message))
        return;
    ks_buf_reserve(out, grpc_byte_buffer_length(message));
    grpc_slice *slice;
    while (grpc_byte_buffer_reader_peek(&reader, &slice))
        ks_buf_add(out, GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice));
    grpc_byte_buffer_reader_destroy(&reader);
}
