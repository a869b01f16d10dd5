/* One watch on etcd. In: the server's stream of answers; out: whole revisions, in order, each once.
 * Next: the catalogue's mirror of etcd.
 *
 * Nothing is stored here. After a broken connection the watch is created again from the revision
 * after the last one handed out; fragments received meanwhile are dropped, since that revision was
 * not handed out. A caller that dies resumes from a revision that it saved itself. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"
#include "etcd.pb-c.h"
#include "etcd_client.h"
#include "etcd_events.h"
#include "etcd_internal.h"
#include "kitestream/sdk/util.h"

#define RETRY_PAUSE_MS 200

struct etcd_watch {
    struct etcd_client *client;
    char *prefix;
    bool progress;
    struct etcd_assembly assembly;
    struct ks_buf message;
    struct grpc_stream *stream; /* NULL: disconnected */
    bool created;               /* the server has confirmed the watch */
    bool token_fresh;           /* the token was obtained for this attempt */
    int64_t attempt_mono_ms;    /* when the stream was opened */
    int64_t retry_mono_ms;      /* not before */
    struct ks_error last;       /* why it is disconnected */
};

static void disconnect(struct etcd_watch *watch)
{
    grpc_stream_close(watch->stream);
    watch->stream = NULL;
    watch->created = false;
    watch->retry_mono_ms = clock_mono_ms() + RETRY_PAUSE_MS;
    etcd_assembly_drop(&watch->assembly);
}

/* ---- connecting ---- */

static void pack_create(const struct etcd_watch *watch, struct ks_buf *out)
{
    struct ks_buf end = {0};
    struct ks_slice start = etcd_prefix_start(watch->prefix);
    etcd_prefix_end(watch->prefix, &end);
    Etcd__WatchCreateRequest create = ETCD__WATCH_CREATE_REQUEST__INIT;
    create.key = (ProtobufCBinaryData){.data = (uint8_t *)start.data, .len = start.len};
    create.range_end = (ProtobufCBinaryData){.data = end.data, .len = end.len};
    create.start_revision = watch->assembly.delivered + 1;
    create.progress_notify = watch->progress;
    create.prev_kv = true;
    create.fragment = true;
    Etcd__WatchRequest request = ETCD__WATCH_REQUEST__INIT;
    request.request_case = ETCD__WATCH_REQUEST__REQUEST_CREATE_REQUEST;
    request.create_request = &create;
    etcd_pack(&request.base, out);
    ks_buf_release(&end);
}

/* The stream is over or useless. Returns the class, with what the caller should know in err. */
static enum ks_status stream_failed(struct etcd_watch *watch, enum grpc_code code,
                                    struct ks_error *err)
{
    struct etcd_client *client = watch->client;
    bool token_trouble = client->username && etcd_is_token_trouble(code, err->message);
    disconnect(watch);
    if (token_trouble && !watch->token_fresh) {
        etcd_forget_token(client);
        watch->retry_mono_ms = 0;
        ks_error_prefix(err, "etcd's token is renewed");
        return err->status = KS_ERR_RETRIABLE;
    }
    if (code == GRPC_CODE_UNAVAILABLE || code == GRPC_CODE_DEADLINE_EXCEEDED)
        etcd_next_endpoint(client);
    return etcd_classify(client, code, err);
}

static enum ks_status connect_watch(struct etcd_watch *watch, struct ks_error *err)
{
    struct etcd_client *client = watch->client;
    enum ks_status status = etcd_connect(client, &watch->token_fresh, err);
    if (status != KS_OK) {
        watch->retry_mono_ms = clock_mono_ms() + RETRY_PAUSE_MS;
        if (status == KS_ERR_RETRIABLE)
            etcd_next_endpoint(client);
        return status;
    }
    struct grpc_metadata metadata[ETCD_METADATA_MAX];
    struct grpc_call call = {.method = "/etcdserverpb.Watch/Watch",
                             .metadata = metadata,
                             .metadata_count = etcd_metadata(client, metadata)};
    struct ks_buf request = {0};
    enum grpc_code code = grpc_stream_open(client->grpc, &call, &watch->stream, err);
    if (code == GRPC_CODE_OK) {
        pack_create(watch, &request);
        code = grpc_stream_send(watch->stream, (struct ks_slice){request.data, request.len}, err);
    }
    ks_buf_release(&request);
    watch->attempt_mono_ms = clock_mono_ms();
    return code == GRPC_CODE_OK ? KS_OK : stream_failed(watch, code, err);
}

static void wait_until(int64_t mono_ms)
{
    int64_t wait_ms = mono_ms - clock_mono_ms();
    if (wait_ms <= 0)
        return;
    struct timespec pause = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* ---- receiving ---- */

static enum ks_status watch_canceled(struct etcd_watch *watch, struct ks_error *err)
{
    const char *reason = watch->assembly.reason;
    const char *endpoint = watch->client->endpoints[watch->client->current];
    if (watch->assembly.compact_revision > 0) {
        disconnect(watch);
        return KS_OK;
    }
    ks_error_set(err, KS_ERR_RETRIABLE, "the watch at %s was cancelled: %s", endpoint,
                 reason[0] ? reason : "no reason given");
    /* Servers up to 3.4 say "permission denied" for an expired token as well. */
    bool denied = strstr(reason, "permission denied") != NULL;
    bool may_be_token = denied || strstr(reason, "invalid auth token");
    if (may_be_token && watch->client->username && !watch->token_fresh)
        return stream_failed(watch, GRPC_CODE_UNAUTHENTICATED,
                             (ks_error_prefix(err, "invalid auth token?"), err));
    return stream_failed(watch, denied ? GRPC_CODE_PERMISSION_DENIED : GRPC_CODE_ABORTED, err);
}

/* One message of the server. *ret_done: the batch has something to say. */
static enum ks_status take_message(struct etcd_watch *watch, bool *ret_done, struct ks_error *err)
{
    struct etcd_assembly *assembly = &watch->assembly;
    int64_t before = assembly->delivered;
    struct ks_slice bytes = {watch->message.data, watch->message.len};
    switch (etcd_assembly_feed(assembly, bytes)) {
    case ETCD_SAYS_CREATED:
        watch->created = true;
        return KS_OK;
    case ETCD_SAYS_EVENTS:
        *ret_done = true;
        return KS_OK;
    case ETCD_SAYS_PROGRESS:
        *ret_done = assembly->delivered != before;
        return KS_OK;
    case ETCD_SAYS_NOTHING:
        return KS_OK;
    case ETCD_SAYS_CANCELED:
        *ret_done = assembly->compact_revision > 0;
        return watch_canceled(watch, err);
    case ETCD_SAYS_TOO_MUCH:
        disconnect(watch);
        return ks_error_set(err, KS_ERR_FATAL,
                            "etcd at %s sends more than 256 MiB of events after revision %lld in "
                            "one answer",
                            watch->client->endpoints[watch->client->current], (long long)before);
    default:
        ks_error_set(err, KS_ERR_RETRIABLE, "etcd's answer to a watch makes no sense (%s)",
                     assembly->reason);
        disconnect(watch);
        return KS_ERR_RETRIABLE;
    }
}

/* What to say when the time is up. */
static enum ks_status timed_out(struct etcd_watch *watch, struct ks_error *err)
{
    if (watch->created)
        return KS_OK;
    const struct etcd_client *client = watch->client;
    if (!watch->stream) {
        *err = watch->last;
        return err->status;
    }
    ks_error_set(err, KS_ERR_RETRIABLE, "etcd at %s has not confirmed the watch yet",
                 client->endpoints[client->current]);
    if (clock_mono_ms() - watch->attempt_mono_ms > client->call_timeout_ms)
        return stream_failed(watch, GRPC_CODE_DEADLINE_EXCEEDED, err);
    return KS_ERR_RETRIABLE;
}

static enum ks_status next_batch(struct etcd_watch *watch, int64_t until_mono_ms,
                                 struct ks_error *err)
{
    for (bool done = false; !done;) {
        if (!watch->stream) {
            wait_until(until_mono_ms < watch->retry_mono_ms ? until_mono_ms : watch->retry_mono_ms);
            if (clock_mono_ms() < watch->retry_mono_ms)
                return timed_out(watch, err);
            enum ks_status status = connect_watch(watch, err);
            if (status != KS_OK)
                return status;
        }
        int64_t left_ms = until_mono_ms - clock_mono_ms();
        bool got;
        enum grpc_code code =
            grpc_stream_recv(watch->stream, left_ms > 0 ? left_ms : 0, &watch->message, &got, err);
        if (code != GRPC_CODE_OK)
            return stream_failed(watch, code, err);
        if (!got)
            return timed_out(watch, err);
        enum ks_status status = take_message(watch, &done, err);
        if (status != KS_OK)
            return status;
    }
    return KS_OK;
}

/* ---- interface ---- */

enum ks_status etcd_watch_open(struct etcd_client *client, const char *prefix,
                               int64_t start_revision, bool progress, struct etcd_watch **ret,
                               struct ks_error *err)
{
    if (start_revision < 1)
        return ks_error_set(err, KS_ERR_FATAL, "a watch cannot start at revision %lld",
                            (long long)start_revision);
    struct etcd_watch *watch = xcalloc(1, sizeof(*watch));
    watch->client = client;
    watch->prefix = xstrdup(prefix);
    watch->progress = progress;
    watch->assembly.delivered = start_revision - 1;
    etcd_set_probe_key(client, prefix);
    *ret = watch;
    return KS_OK;
}

enum ks_status etcd_watch_next(struct etcd_watch *watch, int64_t timeout_ms,
                               struct etcd_watch_batch *ret_batch, struct ks_error *err)
{
    struct ks_error local;
    if (!err)
        err = &local;
    struct etcd_assembly *assembly = &watch->assembly;
    if (assembly->handed_out)
        etcd_assembly_drop(assembly);
    enum ks_status status = KS_OK;
    if (assembly->compact_revision == 0)
        status = next_batch(watch, clock_mono_ms() + timeout_ms, err);
    if (status != KS_OK)
        watch->last = *err;
    if (status == KS_OK)
        *ret_batch = (struct etcd_watch_batch){.events = assembly->events,
                                               .event_count = assembly->event_count,
                                               .revision = assembly->delivered,
                                               .compacted_revision = assembly->compact_revision};
    return status;
}

enum ks_status etcd_watch_request_progress(struct etcd_watch *watch, struct ks_error *err)
{
    struct ks_error local;
    if (!err)
        err = &local;
    if (!watch->created)
        return ks_error_set(err, KS_ERR_RETRIABLE, "the watch at %s is not connected",
                            watch->client->endpoints[watch->client->current]);
    Etcd__WatchProgressRequest progress = ETCD__WATCH_PROGRESS_REQUEST__INIT;
    Etcd__WatchRequest request = ETCD__WATCH_REQUEST__INIT;
    request.request_case = ETCD__WATCH_REQUEST__REQUEST_PROGRESS_REQUEST;
    request.progress_request = &progress;
    struct ks_buf bytes = {0};
    etcd_pack(&request.base, &bytes);
    enum grpc_code code =
        grpc_stream_send(watch->stream, (struct ks_slice){bytes.data, bytes.len}, err);
    ks_buf_release(&bytes);
    return code == GRPC_CODE_OK ? KS_OK : stream_failed(watch, code, err);
}

void etcd_watch_close(struct etcd_watch *watch)
{
    if (!watch)
        return;
    grpc_stream_close(watch->stream);
    etcd_assembly_release(&watch->assembly);
    ks_buf_release(&watch->message);
    free(watch->prefix);
    free(watch);
}
