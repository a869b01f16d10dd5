/* etcd v3. In: keys, prefixes, revisions; out: values as they were at one revision. Next:
 * etcd_watch for what comes after it, then the catalogue.
 *
 * One endpoint is in use; when it fails the next is tried, each once in a call. A token that etcd
 * calls invalid (they expire, and die with a simple-token server) is renewed once in a call. */
#include "etcd_client.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "etcd.pb-c.h"
#include "etcd_events.h"
#include "etcd_internal.h"
#include "kitestream/sdk/util.h"

#define PAGE_KEYS 500
#define CALL_TIMEOUT_MS 5000

/* ---- options ---- */

static char *copy_or_null(const char *str)
{
    return str ? xstrdup(str) : NULL;
}

enum ks_status etcd_client_open(const struct etcd_options *options, struct etcd_client **ret,
                                struct ks_error *err)
{
    if (options->endpoint_count == 0)
        return ks_error_set(err, KS_ERR_FATAL, "no etcd endpoint is given");
    struct etcd_client *client = xcalloc(1, sizeof(*client));
    client->endpoint_count = options->endpoint_count;
    client->endpoints = xcalloc(options->endpoint_count, sizeof(*client->endpoints));
    for (size_t i = 0; i < options->endpoint_count; i++)
        client->endpoints[i] = xstrdup(options->endpoints[i]);
    client->username = copy_or_null(options->username);
    client->password = copy_or_null(options->password);
    client->tls = (struct grpc_tls){.enabled = options->tls.enabled,
                                    .ca_file = copy_or_null(options->tls.ca_file),
                                    .cert_file = copy_or_null(options->tls.cert_file),
                                    .key_file = copy_or_null(options->tls.key_file),
                                    .server_name = copy_or_null(options->tls.server_name)};
    client->call_timeout_ms = options->call_timeout_ms ? options->call_timeout_ms : CALL_TIMEOUT_MS;
    client->end_mono_ms = options->limit_ms ? clock_mono_ms() + options->limit_ms : 0;
    *ret = client;
    return KS_OK;
}

void etcd_client_close(struct etcd_client *client)
{
    if (!client)
        return;
    grpc_client_close(client->grpc);
    etcd_forget_token(client);
    for (size_t i = 0; i < client->endpoint_count; i++)
        free(client->endpoints[i]);
    free(client->endpoints);
    free(client->username);
    if (client->password)
        OPENSSL_cleanse(client->password, strlen(client->password));
    free(client->password);
    free((char *)client->tls.ca_file);
    free((char *)client->tls.cert_file);
    free((char *)client->tls.key_file);
    free((char *)client->tls.server_name);
    free(client->probe_key);
    free(client);
}

/* ---- errors ---- */

static bool is_tls_trouble(const struct etcd_client *client, const char *message)
{
    static const char *const signs[] = {"handshake", "Handshake", "certificate", "SSL"};
    for (size_t i = 0; client->tls.enabled && i < sizeof(signs) / sizeof(signs[0]); i++)
        if (strstr(message, signs[i]))
            return true;
    return false;
}

bool etcd_is_token_trouble(enum grpc_code code, const char *message)
{
    return (code == GRPC_CODE_UNAUTHENTICATED && strstr(message, "invalid auth token")) ||
           strstr(message, "revision of auth store is old");
}

enum ks_status etcd_classify(const struct etcd_client *client, enum grpc_code code,
                             struct ks_error *err)
{
    if (code == GRPC_CODE_UNAVAILABLE && is_tls_trouble(client, err->message)) {
        err->status = KS_ERR_FATAL;
        ks_error_prefix(err, "TLS with etcd does not work (check tls.* and the server's name)");
    } else if (strstr(err->message, "user name is empty")) {
        err->status = KS_ERR_FATAL;
        ks_error_prefix(err, "etcd wants a user name and a password");
    } else if (strstr(err->message, "authentication failed")) {
        err->status = KS_ERR_FATAL;
        ks_error_prefix(err, "etcd refuses the user name or the password");
    } else if (code == GRPC_CODE_PERMISSION_DENIED) {
        err->status = KS_ERR_FATAL;
        ks_error_prefix(err, "etcd does not permit this read to user \"%s\"",
                        client->username ? client->username : "");
    } else if (code == GRPC_CODE_UNIMPLEMENTED) {
        err->status = KS_ERR_FATAL;
        ks_error_prefix(err, "this is no etcd with the v3 API");
    } else if (strstr(err->message, "failed to connect") && strstr(err->message, "closed")) {
        ks_error_prefix(err, "etcd closes the connection (%s)",
                        client->tls.enabled ? "does it speak TLS? does it want a certificate?"
                                            : "does it want TLS?");
    } else {
        ks_error_prefix(err, "etcd");
    }
    return err->status;
}

/* ---- connection ---- */

void etcd_forget_token(struct etcd_client *client)
{
    if (client->token)
        OPENSSL_cleanse(client->token, strlen(client->token));
    free(client->token);
    client->token = NULL;
}

void etcd_next_endpoint(struct etcd_client *client)
{
    if (client->endpoint_count == 1)
        return; /* its channel reconnects by itself */
    grpc_client_close(client->grpc);
    client->grpc = NULL;
    client->current = (client->current + 1) % client->endpoint_count;
}

void etcd_pack(const ProtobufCMessage *message, struct ks_buf *out)
{
    out->len += protobuf_c_message_pack(
        message, ks_buf_reserve(out, protobuf_c_message_get_packed_size(message)));
}

size_t etcd_metadata(const struct etcd_client *client, struct grpc_metadata *metadata)
{
    size_t count = 0;
    metadata[count++] = (struct grpc_metadata){"hasleader", "true"};
    if (client->token)
        metadata[count++] = (struct grpc_metadata){"token", client->token};
    return count;
}

static int64_t time_of_a_call_ms(const struct etcd_client *client)
{
    int64_t left_ms = client->end_mono_ms - clock_mono_ms();
    return client->end_mono_ms && left_ms < client->call_timeout_ms ? left_ms
                                                                    : client->call_timeout_ms;
}

/* One attempt at the current endpoint, which is open. */
static enum grpc_code call_once(struct etcd_client *client, const char *method,
                                const struct ks_buf *request, struct ks_buf *reply,
                                struct ks_error *err)
{
    struct grpc_metadata metadata[ETCD_METADATA_MAX];
    struct grpc_call call = {.method = method,
                             .metadata = metadata,
                             .metadata_count = etcd_metadata(client, metadata),
                             .request = {request->data, request->len},
                             .deadline_ms = time_of_a_call_ms(client)};
    if (call.deadline_ms <= 0) {
        ks_error_set(err, KS_ERR_RETRIABLE, "%s at %s: the time for all calls is over", method,
                     client->endpoints[client->current]);
        return GRPC_CODE_DEADLINE_EXCEEDED;
    }
    return grpc_client_unary(client->grpc, &call, reply, NULL, err);
}

static enum grpc_code authenticate(struct etcd_client *client, struct ks_error *err)
{
    Etcd__AuthenticateRequest message = ETCD__AUTHENTICATE_REQUEST__INIT;
    message.name = client->username;
    message.password = client->password ? client->password : (char *)"";
    struct ks_buf request = {0}, reply = {0};
    etcd_pack(&message.base, &request);
    enum grpc_code code =
        call_once(client, "/etcdserverpb.Auth/Authenticate", &request, &reply, err);
    if (code == GRPC_CODE_FAILED_PRECONDITION &&
        strstr(err->message, "authentication is not enabled")) {
        client->auth_disabled = true;
        code = GRPC_CODE_OK;
    } else if (code == GRPC_CODE_OK) {
        Etcd__AuthenticateResponse *answer =
            etcd__authenticate_response__unpack(NULL, reply.len, reply.data);
        client->token = xstrdup(answer ? answer->token : "");
        if (answer)
            etcd__authenticate_response__free_unpacked(answer, NULL);
    }
    OPENSSL_cleanse(request.data, request.len);
    if (reply.len > 0)
        OPENSSL_cleanse(reply.data, reply.len);
    ks_buf_release(&request);
    ks_buf_release(&reply);
    return code;
}

/* As etcd_connect, but with the code, which says whether another endpoint may help. */
static enum grpc_code connect_current(struct etcd_client *client, bool *ret_fresh,
                                      struct ks_error *err)
{
    *ret_fresh = false;
    if (!client->grpc && grpc_client_open(client->endpoints[client->current], &client->tls,
                                          &client->grpc, err) != KS_OK)
        return GRPC_CODE_FAILED_PRECONDITION;
    if (!client->username || client->token || client->auth_disabled)
        return GRPC_CODE_OK;
    enum grpc_code code = authenticate(client, err);
    *ret_fresh = code == GRPC_CODE_OK;
    return code;
}

enum ks_status etcd_connect(struct etcd_client *client, bool *ret_fresh, struct ks_error *err)
{
    enum grpc_code code = connect_current(client, ret_fresh, err);
    return code == GRPC_CODE_OK ? KS_OK : etcd_classify(client, code, err);
}

/* ---- calls ---- */

static enum grpc_code call_current(struct etcd_client *client, const char *method,
                                   const struct ks_buf *request, struct ks_buf *reply,
                                   struct ks_error *err)
{
    bool fresh;
    enum grpc_code code = connect_current(client, &fresh, err);
    if (code == GRPC_CODE_OK)
        code = call_once(client, method, request, reply, err);
    if (code == GRPC_CODE_OK || !client->username || fresh)
        return code;
    /* "user name is empty": authentication was switched on meanwhile. */
    if (!etcd_is_token_trouble(code, err->message) && !strstr(err->message, "user name is empty"))
        return code;
    etcd_forget_token(client);
    client->auth_disabled = false;
    code = connect_current(client, &fresh, err);
    return code == GRPC_CODE_OK ? call_once(client, method, request, reply, err) : code;
}

static enum ks_status etcd_call(struct etcd_client *client, const char *method,
                                const ProtobufCMessage *message, struct ks_buf *reply,
                                enum grpc_code *ret_code, struct ks_error *err)
{
    struct ks_error local;
    if (!err)
        err = &local;
    struct ks_buf request = {0};
    etcd_pack(message, &request);
    enum grpc_code code = GRPC_CODE_UNAVAILABLE;
    for (size_t tried = 0; tried < client->endpoint_count; tried++) {
        code = call_current(client, method, &request, reply, err);
        if (code != GRPC_CODE_UNAVAILABLE && code != GRPC_CODE_DEADLINE_EXCEEDED)
            break;
        etcd_next_endpoint(client);
    }
    ks_buf_release(&request);
    *ret_code = code;
    return code == GRPC_CODE_OK ? KS_OK : etcd_classify(client, code, err);
}

/* ---- prefixes ---- */

struct ks_slice etcd_prefix_start(const char *prefix)
{
    /* A single NUL byte is the least key. */
    return prefix[0] ? (struct ks_slice){prefix, strlen(prefix)} : (struct ks_slice){"\0", 1};
}

void etcd_prefix_end(const char *prefix, struct ks_buf *ret_end)
{
    size_t len = strlen(prefix);
    while (len > 0 && (uint8_t)prefix[len - 1] == 0xff)
        len--;
    ks_buf_reset(ret_end);
    ks_buf_add(ret_end, prefix, len);
    if (len > 0)
        ret_end->data[len - 1]++;
    else
        ks_buf_add_byte(ret_end, 0); /* a single NUL byte as the end: no end */
}

void etcd_set_probe_key(struct etcd_client *client, const char *prefix)
{
    free(client->probe_key);
    client->probe_key = xstrdup(prefix);
}

/* ---- list ---- */

static ProtobufCBinaryData binary(const void *data, size_t len)
{
    return (ProtobufCBinaryData){.data = (uint8_t *)data, .len = len};
}

static enum ks_status range(struct etcd_client *client, const Etcd__RangeRequest *request,
                            struct ks_buf *reply, bool *ret_compacted, struct ks_error *err)
{
    enum grpc_code code;
    enum ks_status status =
        etcd_call(client, "/etcdserverpb.KV/Range", &request->base, reply, &code, err);
    if (code != GRPC_CODE_OUT_OF_RANGE)
        return status;
    *ret_compacted = err && strstr(err->message, "compacted");
    return ks_error_set(err, KS_ERR_DATA, "revision %lld of etcd at %s cannot be read: %s",
                        (long long)request->revision, client->endpoints[client->current],
                        *ret_compacted
                            ? "it has been compacted away"
                            : "etcd is not yet that far; was it restored from a backup?");
}

enum ks_status etcd_list(struct etcd_client *client, const char *prefix, int64_t revision,
                         etcd_kv_fn *fn, void *arg, int64_t *ret_revision, bool *ret_compacted,
                         struct ks_error *err)
{
    struct ks_error local;
    if (!err)
        err = &local;
    struct ks_slice first = etcd_prefix_start(prefix);
    struct ks_buf start = {0}, end = {0}, reply = {0};
    struct etcd_page page = {.more = true};
    enum ks_status status = KS_OK;
    *ret_compacted = false;
    etcd_set_probe_key(client, prefix);
    etcd_prefix_end(prefix, &end);
    ks_buf_add(&start, first.data, first.len);
    while (status == KS_OK && page.more) {
        Etcd__RangeRequest request = ETCD__RANGE_REQUEST__INIT;
        request.key = binary(start.data, start.len);
        request.range_end = binary(end.data, end.len);
        request.limit = PAGE_KEYS;
        request.revision = revision;
        status = range(client, &request, &reply, ret_compacted, err);
        if (status == KS_OK)
            status =
                etcd_page_decode((struct ks_slice){reply.data, reply.len},
                                 (struct ks_slice){start.data, start.len}, fn, arg, &page, err);
        if (revision == 0)
            revision = page.revision;
        ks_buf_reset(&start);
        ks_buf_add(&start, page.next_key.data, page.next_key.len);
    }
    if (status == KS_OK)
        *ret_revision = revision;
    ks_buf_release(&page.next_key);
    ks_buf_release(&start);
    ks_buf_release(&end);
    ks_buf_release(&reply);
    return status;
}

static enum ks_status ignore_kv(void *arg, const struct etcd_kv *kv, struct ks_error *err)
{
    return KS_OK;
}

enum ks_status etcd_revision(struct etcd_client *client, int64_t *ret_revision,
                             struct ks_error *err)
{
    const char *key = client->probe_key && client->probe_key[0] ? client->probe_key : "kitestream";
    Etcd__RangeRequest request = ETCD__RANGE_REQUEST__INIT;
    request.key = binary(key, strlen(key));
    request.keys_only = true;
    struct ks_buf reply = {0};
    struct etcd_page page = {0};
    bool compacted;
    enum ks_status status = range(client, &request, &reply, &compacted, err);
    if (status == KS_OK)
        status = etcd_page_decode((struct ks_slice){reply.data, reply.len},
                                  (struct ks_slice){key, strlen(key)}, ignore_kv, NULL, &page, err);
    if (status == KS_OK)
        *ret_revision = page.revision;
    ks_buf_release(&page.next_key);
    ks_buf_release(&reply);
    return status;
}
