/* gRPC from plain C: unary calls and one kind of bidirectional stream. The only file of the project
 * that includes grpc's headers is grpc_client.c. A client owns one channel, one polling thread that
 * also keeps the channel connecting (without it a fail-fast loop never reconnects), and is safe for
 * many threads. grpc itself is initialised on first use and never shut down (plugins stay mapped).
 */
#ifndef LIB_GRPC_CLIENT_H
#define LIB_GRPC_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kitestream/error.h"
#include "kitestream/record.h"
#include "kitestream/sdk/buf.h"

/* gRPC status codes that callers look at. */
enum grpc_code {
    GRPC_CODE_OK = 0,
    GRPC_CODE_CANCELLED = 1,
    GRPC_CODE_UNKNOWN = 2,
    GRPC_CODE_INVALID_ARGUMENT = 3,
    GRPC_CODE_DEADLINE_EXCEEDED = 4,
    GRPC_CODE_NOT_FOUND = 5,
    GRPC_CODE_PERMISSION_DENIED = 7,
    GRPC_CODE_RESOURCE_EXHAUSTED = 8,
    GRPC_CODE_FAILED_PRECONDITION = 9,
    GRPC_CODE_ABORTED = 10,
    GRPC_CODE_OUT_OF_RANGE = 11,
    GRPC_CODE_UNIMPLEMENTED = 12,
    GRPC_CODE_INTERNAL = 13,
    GRPC_CODE_UNAVAILABLE = 14,
    GRPC_CODE_UNAUTHENTICATED = 16,
};

struct grpc_tls {
    bool enabled;
    const char *ca_file;   /* NULL: the system's roots */
    const char *cert_file; /* NULL: no client certificate */
    const char *key_file;
    const char *server_name; /* NULL: the target's host name */
};

struct grpc_metadata {
    const char *key; /* lower case */
    const char *value;
};

struct grpc_client;
struct grpc_stream;

/* `target` is host:port. Opening does not connect. Errors: FATAL for unreadable or invalid PEM
 * files (checked here, since grpc would only say "empty address list"). */
enum ks_status grpc_client_open(const char *target, const struct grpc_tls *tls,
                                struct grpc_client **ret, struct ks_error *err);
void grpc_client_close(struct grpc_client *client); /* cancels what is open; NULL is fine */

struct grpc_call {
    const char *method; /* "/package.Service/Method" */
    const struct grpc_metadata *metadata;
    size_t metadata_count;
    struct ks_slice request; /* borrowed until the call returns */
    int64_t deadline_ms;     /* from now */
    bool wait_for_ready;     /* true: wait for a connection until the deadline */
};

/* Blocks until the answer or the deadline. Returns the code; on OK `reply` holds the message, else
 * `err->message` holds the server's or grpc's text with the method's name. `*ret_sent` (may be
 * NULL) is false only if the request certainly never left this process. Thread: any. */
enum grpc_code grpc_client_unary(struct grpc_client *client, const struct grpc_call *call,
                                 struct ks_buf *reply, bool *ret_sent, struct ks_error *err);
/* Makes every waiting call and stream of this client return CANCELLED soon. Thread: any. */
void grpc_client_cancel_all(struct grpc_client *client);

/* A bidirectional stream used by one thread. Of `call`, deadline_ms is the stream's whole life (0:
 * no limit) and request is not used. Does not wait for the server: trouble shows in recv. */
enum grpc_code grpc_stream_open(struct grpc_client *client, const struct grpc_call *call,
                                struct grpc_stream **ret, struct ks_error *err);
enum grpc_code grpc_stream_send(struct grpc_stream *stream, struct ks_slice message,
                                struct ks_error *err);
/* Waits up to timeout_ms. Returns OK with *ret_got = false when nothing came; any other code means
 * that the stream is over. */
enum grpc_code grpc_stream_recv(struct grpc_stream *stream, int64_t timeout_ms,
                                struct ks_buf *message, bool *ret_got, struct ks_error *err);
void grpc_stream_close(struct grpc_stream *stream);

#endif
