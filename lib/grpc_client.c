/* gRPC from plain C. In: serialised requests from any thread; out: replies, or a code and a text.
 * Next: etcd_client, the sink's milvus_client.
 *
 * Who polls: a call's own thread plucks its completion from a queue of its own, so a call costs no
 * thread switch. grpc does I/O only while somebody polls, and a call that fails at once polls for
 * microseconds: therefore one thread for each channel watches its connectivity for ever, which
 * keeps it polled and connecting.
 *
 * Large requests are sent from the caller's memory. Core may hold such a slice longer than the call
 * lives (in a write under way when the call is cancelled): unary waits for its release. */
#include "grpc_client.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "grpc_core.h"
#include "kitestream/sdk/util.h"
#include "tls_files.h"

#define KEEPALIVE_TIME_MS 10000
#define KEEPALIVE_TIMEOUT_MS 5000
#define RECONNECT_FIRST_MS 100
#define RECONNECT_MAX_MS 1000
#define MESSAGE_MAX_BYTES (256 * 1024 * 1024)
#define COPY_MAX_BYTES (16 * 1024)
#define WATCH_MS 1000

/* ---- the channel ---- */

/* grpc would write a line to stderr for each failed handshake, of which our callers hear anyway. */
static void discard_log(gpr_log_func_args *args)
{
    if (strstr(args->message, "assertion failed"))
        fprintf(stderr, "%s:%d: %s\n", args->file, args->line, args->message);
}

static void init_once(void)
{
    if (!getenv("GRPC_VERBOSITY"))
        gpr_set_log_function(discard_log);
    grpc_init();
}

static void ensure_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_once);
}

static void *poll_connectivity(void *arg)
{
    struct grpc_client *client = arg;
    for (;;) {
        pthread_mutex_lock(&client->lock);
        bool open = client->channel != NULL;
        if (open) {
            grpc_connectivity_state state =
                grpc_channel_check_connectivity_state(client->channel, 1);
            grpc_channel_watch_connectivity_state(client->channel, state, in_ms(WATCH_MS),
                                                  client->watch_cq, client);
        }
        pthread_mutex_unlock(&client->lock);
        if (!open)
            break;
        grpc_completion_queue_next(client->watch_cq, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    }
    grpc_completion_queue_shutdown(client->watch_cq);
    while (grpc_completion_queue_next(client->watch_cq, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL)
               .type != GRPC_QUEUE_SHUTDOWN)
        ;
    return NULL;
}

static grpc_arg int_arg(const char *name, int value)
{
    return (grpc_arg){.type = GRPC_ARG_INTEGER, .key = (char *)name, .value.integer = value};
}

static grpc_channel *channel_create(const char *target, grpc_channel_credentials *credentials,
                                    const char *server_name)
{
    grpc_arg args[16] = {
        int_arg(GRPC_ARG_KEEPALIVE_TIME_MS, KEEPALIVE_TIME_MS),
        int_arg(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, KEEPALIVE_TIMEOUT_MS),
        int_arg(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, RECONNECT_FIRST_MS),
        int_arg(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, RECONNECT_MAX_MS),
        int_arg(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, RECONNECT_MAX_MS),
        int_arg(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, MESSAGE_MAX_BYTES),
        int_arg(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, -1),
        int_arg(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
        int_arg(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1),
        /* A request that may have reached the server is never repeated behind the caller's back. */
        int_arg(GRPC_ARG_ENABLE_RETRIES, 0),
    };
    grpc_channel_args list = {.num_args = 10, .args = args};
    if (server_name)
        args[list.num_args++] = (grpc_arg){.type = GRPC_ARG_STRING,
                                           .key = (char *)GRPC_SSL_TARGET_NAME_OVERRIDE_ARG,
                                           .value.string = (char *)server_name};
    return grpc_channel_create(target, credentials, &list);
}

static enum ks_status credentials_create(const struct grpc_tls *tls, grpc_channel_credentials **ret,
                                         struct ks_error *err)
{
    if (!tls || !tls->enabled) {
        *ret = grpc_insecure_credentials_create();
        return KS_OK;
    }
    struct tls_files files;
    enum ks_status status =
        tls_files_load(&files, tls->ca_file, tls->cert_file, tls->key_file, err);
    if (status != KS_OK)
        return status;
    grpc_ssl_pem_key_cert_pair pair = {.private_key = files.key, .cert_chain = files.cert};
    *ret = grpc_ssl_credentials_create(files.ca, files.cert ? &pair : NULL, NULL, NULL);
    tls_files_release(&files);
    return KS_OK;
}

void client_unref(struct grpc_client *client)
{
    if (atomic_fetch_sub(&client->refs, 1) != 1)
        return;
    pthread_mutex_destroy(&client->lock);
    free(client->target);
    free(client);
}

enum ks_status grpc_client_open(const char *target, const struct grpc_tls *tls,
                                struct grpc_client **ret, struct ks_error *err)
{
    ensure_init();
    grpc_channel_credentials *credentials;
    enum ks_status status = credentials_create(tls, &credentials, err);
    if (status != KS_OK)
        return status;
    struct grpc_client *client = xcalloc(1, sizeof(*client));
    atomic_init(&client->refs, 1);
    client->target = xstrdup(target);
    pthread_mutex_init(&client->lock, NULL);
    client->channel =
        channel_create(target, credentials, tls && tls->enabled ? tls->server_name : NULL);
    grpc_channel_credentials_release(credentials);
    client->watch_cq = grpc_completion_queue_create_for_next(NULL);
    if (pthread_create(&client->poller, NULL, poll_connectivity, client) != 0) {
        grpc_completion_queue_shutdown(client->watch_cq);
        grpc_completion_queue_destroy(client->watch_cq);
        grpc_channel_destroy(client->channel);
        client_unref(client);
        return ks_error_set(err, KS_ERR_RETRIABLE, "cannot start a thread for %s", target);
    }
    *ret = client;
    return KS_OK;
}

static void cancel_calls_locked(struct grpc_client *client)
{
    for (struct call *call = client->calls; call; call = call->next)
        grpc_call_cancel(call->core, NULL);
}

void grpc_client_cancel_all(struct grpc_client *client)
{
    pthread_mutex_lock(&client->lock);
    cancel_calls_locked(client);
    pthread_mutex_unlock(&client->lock);
}

void grpc_client_close(struct grpc_client *client)
{
    if (!client)
        return;
    pthread_mutex_lock(&client->lock);
    cancel_calls_locked(client);
    grpc_channel *channel = client->channel;
    client->channel = NULL;
    pthread_mutex_unlock(&client->lock);
    grpc_channel_destroy(channel); /* also completes the pending watch */
    pthread_join(client->poller, NULL);
    grpc_completion_queue_destroy(client->watch_cq);
    client_unref(client);
}

/* ---- unary calls ---- */

static void slice_released(void *arg)
{
    sem_post(arg);
}

/* What is borrowed must be waited for, but only once the call is gone: until then a cancelled
 * stream may keep what it could not send. */
static void wait_released(sem_t *released)
{
    while (sem_wait(released) != 0)
        ; /* EINTR */
    sem_destroy(released);
}

/* `released` is posted when core has let go of the bytes. */
static void send_message(struct call *call, struct ks_slice message, sem_t *released)
{
    grpc_slice slice;
    if (message.len > COPY_MAX_BYTES) {
        slice = grpc_slice_new_with_user_data((void *)message.data, message.len, slice_released,
                                              released);
    } else {
        slice = grpc_slice_from_copied_buffer(message.data, message.len);
        sem_post(released);
    }
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    grpc_op ops[] = {{.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = buffer},
                     {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}};
    if (call_start(call, ops, 2, buffer))
        call_wait(call, buffer);
    grpc_byte_buffer_destroy(buffer);
}

/* The message is handed to core only after the headers have been written to a connection: as long
 * as that has not succeeded, the request cannot have reached the server. */
static enum grpc_code exchange(struct call *call, const struct grpc_call *spec,
                               grpc_byte_buffer **ret_answer, bool *ret_sent, sem_t *released)
{
    grpc_op headers = op_send_initial_metadata(call, spec->wait_for_ready);
    grpc_op answer[] = {
        op_recv_initial_metadata(call),
        {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = ret_answer},
        op_recv_status(call),
    };
    bool started = call_start(call, &headers, 1, &headers);
    bool receiving = call_start(call, answer, 3, answer);
    if (started && call_wait(call, &headers).success) {
        *ret_sent = true;
        send_message(call, spec->request, released);
    } else {
        sem_post(released);
    }
    if (receiving)
        call_wait(call, answer);
    else
        call->code = GRPC_STATUS_INTERNAL;
    return (enum grpc_code)call->code;
}

enum grpc_code grpc_client_unary(struct grpc_client *client, const struct grpc_call *spec,
                                 struct ks_buf *reply, bool *ret_sent, struct ks_error *err)
{
    struct call call;
    bool sent = false;
    grpc_byte_buffer *answer = NULL;
    ks_buf_reset(reply);
    enum grpc_code code = call_open(client, spec, in_ms(spec->deadline_ms), &call, err);
    if (code == GRPC_CODE_OK) {
        sem_t released;
        sem_init(&released, 0, 0);
        code = exchange(&call, spec, &answer, &sent, &released);
        if (code == GRPC_CODE_OK && answer)
            append_message(answer, reply);
        else if (code != GRPC_CODE_OK)
            call_error(&call, err);
        grpc_byte_buffer_destroy(answer);
        call_close(&call);
        wait_released(&released);
    }
    if (ret_sent)
        *ret_sent = sent;
    return code;
}
