/* A gRPC server for tests on grpc's C core. */
#include "helper_grpc_server.h"

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

struct test_server {
    grpc_server *core;
    grpc_completion_queue *notify;
    pthread_t acceptor;
    int port;
    test_handle_fn *handle;
    void *handle_arg;
    _Atomic int requests, running, fence;
};

struct served {
    struct test_server *server;
    grpc_call *call;
    grpc_call_details details;
    grpc_metadata_array metadata;
    grpc_completion_queue *cq;
    int cancelled;
};

static gpr_timespec forever(void)
{
    return gpr_inf_future(GPR_CLOCK_MONOTONIC);
}

static bool run(struct served *s, grpc_op *ops, size_t count)
{
    atomic_fetch_add(&s->server->fence, 1);
    if (grpc_call_start_batch(s->call, ops, count, ops, NULL) != GRPC_CALL_OK)
        return false;
    bool ok = grpc_completion_queue_pluck(s->cq, ops, forever(), NULL).success;
    atomic_fetch_add(&s->server->fence, 1);
    return ok;
}

static grpc_byte_buffer *receive(struct served *s)
{
    grpc_byte_buffer *message = NULL;
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &message};
    return run(s, &op, 1) ? message : NULL;
}

static void finish(struct served *s, grpc_byte_buffer *answer, grpc_status_code code,
                   const char *text)
{
    grpc_slice details = grpc_slice_from_copied_string(text);
    grpc_op ops[2];
    memset(ops, 0, sizeof(ops));
    size_t count = 0;
    if (answer)
        ops[count++] =
            (grpc_op){.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = answer};
    ops[count++] =
        (grpc_op){.op = GRPC_OP_SEND_STATUS_FROM_SERVER,
                  .data.send_status_from_server = {.status = code, .status_details = &details}};
    run(s, ops, count);
    grpc_slice_unref(details);
}

static void serve_stream(struct served *s)
{
    grpc_byte_buffer *message;
    while ((message = receive(s))) {
        grpc_byte_buffer_reader reader;
        grpc_byte_buffer_reader_init(&reader, message);
        grpc_slice text = grpc_byte_buffer_reader_readall(&reader);
        grpc_byte_buffer_reader_destroy(&reader);
        bool end = grpc_slice_str_cmp(text, "end") == 0;
        bool fail = grpc_slice_str_cmp(text, "fail") == 0;
        grpc_slice_unref(text);
        if (end)
            finish(s, NULL, GRPC_STATUS_OK, "");
        else if (fail)
            finish(s, NULL, GRPC_STATUS_NOT_FOUND, "no such stream");
        else
            run(s,
                &(grpc_op){.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = message},
                1);
        grpc_byte_buffer_destroy(message);
        if (end || fail)
            break;
    }
}

static void serve_metadata(struct served *s)
{
    for (size_t i = 0; i < s->metadata.count; i++) {
        if (grpc_slice_str_cmp(s->metadata.metadata[i].key, "x-test") != 0)
            continue;
        grpc_byte_buffer *answer = grpc_raw_byte_buffer_create(&s->metadata.metadata[i].value, 1);
        finish(s, answer, GRPC_STATUS_OK, "");
        grpc_byte_buffer_destroy(answer);
        return;
    }
    finish(s, NULL, GRPC_STATUS_INVALID_ARGUMENT, "no metadata x-test");
}

bool test_request_metadata(const struct test_request *request, const char *key, char *ret,
                           size_t cap)
{
    const grpc_metadata_array *list = request->metadata;
    for (size_t i = 0; i < list->count; i++) {
        if (grpc_slice_str_cmp(list->metadata[i].key, key) != 0)
            continue;
        size_t len = GRPC_SLICE_LENGTH(list->metadata[i].value);
        len = len < cap ? len : cap - 1;
        memcpy(ret, GRPC_SLICE_START_PTR(list->metadata[i].value), len);
        ret[len] = '\0';
        return true;
    }
    return false;
}

static void serve_other(struct served *s, grpc_byte_buffer *request)
{
    struct test_reply reply = {0};
    grpc_byte_buffer_reader reader;
    grpc_byte_buffer_reader_init(&reader, request);
    grpc_slice body = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    char *method = grpc_slice_to_c_string(s->details.method);
    atomic_fetch_add(&s->server->fence, 1);
    s->server->handle(s->server->handle_arg,
                      &(struct test_request){
                          .method = method,
                          .body = {GRPC_SLICE_START_PTR(body), GRPC_SLICE_LENGTH(body)},
                          .metadata = &s->metadata,
                      },
                      &reply);
    atomic_fetch_add(&s->server->fence, 1);
    if (!reply.hang) {
        grpc_slice bytes =
            grpc_slice_from_copied_buffer((const char *)reply.body.data, reply.body.len);
        grpc_byte_buffer *answer = grpc_raw_byte_buffer_create(&bytes, 1);
        finish(s, reply.code == 0 ? answer : NULL, (grpc_status_code)reply.code,
               reply.text ? reply.text : "");
        grpc_byte_buffer_destroy(answer);
        grpc_slice_unref(bytes);
    }
    ks_buf_release(&reply.body);
    gpr_free(method);
    grpc_slice_unref(body);
}

static void serve_unary(struct served *s)
{
    grpc_byte_buffer *request = receive(s);
    atomic_fetch_add(&s->server->requests, 1);
    if (!request)
        return; /* the client is gone already */
    if (s->server->handle && !grpc_slice_buf_start_eq(s->details.method, "/test.Service/", 14))
        serve_other(s, request);
    else if (grpc_slice_str_cmp(s->details.method, "/test.Service/Echo") == 0)
        finish(s, request, GRPC_STATUS_OK, "");
    else if (grpc_slice_str_cmp(s->details.method, "/test.Service/Fail") == 0)
        finish(s, NULL, GRPC_STATUS_FAILED_PRECONDITION, "the collection is not loaded");
    else if (grpc_slice_str_cmp(s->details.method, "/test.Service/Metadata") == 0)
        serve_metadata(s);
    grpc_byte_buffer_destroy(request);
}

static void *serve(void *arg)
{
    struct served *s = arg;
    grpc_op close_op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER,
                        .data.recv_close_on_server.cancelled = &s->cancelled};
    grpc_call_start_batch(s->call, &close_op, 1, s, NULL);
    run(s, &(grpc_op){.op = GRPC_OP_SEND_INITIAL_METADATA}, 1);
    if (grpc_slice_str_cmp(s->details.method, "/test.Service/Stream") == 0)
        serve_stream(s);
    else
        serve_unary(s);
    grpc_completion_queue_pluck(s->cq, s, forever(), NULL);
    grpc_call_unref(s->call);
    grpc_completion_queue_shutdown(s->cq);
    grpc_completion_queue_destroy(s->cq);
    grpc_call_details_destroy(&s->details);
    grpc_metadata_array_destroy(&s->metadata);
    atomic_fetch_sub(&s->server->running, 1);
    free(s);
    return NULL;
}

static void *accept_calls(void *arg)
{
    struct test_server *server = arg;
    for (;;) {
        struct served *s = xcalloc(1, sizeof(*s));
        s->server = server;
        grpc_call_details_init(&s->details);
        grpc_metadata_array_init(&s->metadata);
        s->cq = grpc_completion_queue_create_for_pluck(NULL);
        atomic_fetch_add(&server->fence, 1);
        grpc_server_request_call(server->core, &s->call, &s->details, &s->metadata, s->cq,
                                 server->notify, s);
        grpc_event event = grpc_completion_queue_next(server->notify, forever(), NULL);
        atomic_fetch_add(&server->fence, 1);
        if (event.tag != s || !event.success) {
            /* Shutting down: one event is our refused request, the other the shutdown's own. */
            grpc_completion_queue_next(server->notify, forever(), NULL);
            grpc_call_details_destroy(&s->details);
            grpc_metadata_array_destroy(&s->metadata);
            grpc_completion_queue_shutdown(s->cq);
            grpc_completion_queue_destroy(s->cq);
            free(s);
            return NULL;
        }
        atomic_fetch_add(&server->running, 1);
        pthread_t thread;
        pthread_create(&thread, NULL, serve, s);
        pthread_detach(thread);
    }
}

static grpc_server_credentials *make_credentials(const struct test_certs *certs, bool require)
{
    if (!certs)
        return grpc_insecure_server_credentials_create();
    char *ca = test_read_file(certs->ca), *key = test_read_file(certs->server_key),
         *cert = test_read_file(certs->server_cert);
    grpc_ssl_pem_key_cert_pair pair = {.private_key = key, .cert_chain = cert};
    grpc_server_credentials *credentials = grpc_ssl_server_credentials_create_ex(
        ca, &pair, 1,
        require ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
        NULL);
    free(ca);
    free(key);
    free(cert);
    return credentials;
}

struct test_server *test_server_start(int port, const struct test_certs *certs,
                                      bool require_client_cert)
{
    grpc_init();
    struct test_server *server = xcalloc(1, sizeof(*server));
    grpc_arg args[] = {
        {.type = GRPC_ARG_INTEGER, .key = (char *)GRPC_ARG_ALLOW_REUSEPORT, .value.integer = 0},
        {.type = GRPC_ARG_INTEGER,
         .key = (char *)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
         .value.integer = -1},
    };
    grpc_channel_args list = {.num_args = 2, .args = args};
    server->core = grpc_server_create(&list, NULL);
    server->notify = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(server->core, server->notify, NULL);
    char address[64];
    snprintf(address, sizeof(address), "127.0.0.1:%d", port);
    grpc_server_credentials *credentials = make_credentials(certs, require_client_cert);
    server->port = grpc_server_add_http2_port(server->core, address, credentials);
    grpc_server_credentials_release(credentials);
    grpc_server_start(server->core);
    pthread_create(&server->acceptor, NULL, accept_calls, server);
    if (server->port == 0) {
        test_server_stop(server);
        return NULL;
    }
    return server;
}

int test_server_port(const struct test_server *server)
{
    return server->port;
}

void test_server_sync(struct test_server *server)
{
    atomic_fetch_add(&server->fence, 1);
}

void test_server_handle(struct test_server *server, test_handle_fn *fn, void *arg)
{
    server->handle = fn;
    server->handle_arg = arg;
    test_server_sync(server);
}

int test_server_requests(struct test_server *server)
{
    return atomic_load(&server->requests);
}

void test_server_stop(struct test_server *server)
{
    grpc_server_shutdown_and_notify(server->core, server->notify, server);
    grpc_server_cancel_all_calls(server->core);
    pthread_join(server->acceptor, NULL);
    while (atomic_load(&server->running) > 0)
        sched_yield(); /* the calls are cancelled: their threads are about to end */
    grpc_server_destroy(server->core);
    grpc_completion_queue_shutdown(server->notify);
    while (grpc_completion_queue_next(server->notify, forever(), NULL).type != GRPC_QUEUE_SHUTDOWN)
        ;
    grpc_completion_queue_destroy(server->notify);
    free(server);
}
