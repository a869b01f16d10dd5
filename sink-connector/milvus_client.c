/* The connection to a target Milvus. In: requests; out: answers. The token becomes one metadata
 * value here and is never part of a message. A call that dies in the middle is AMBIGUOUS: whoever
 * asked for it decides what to repeat. */
#include "milvus_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "kitestream/sdk/util.h"
#include "milvus_answers.h"
#include "milvus_api.pb-c.h"
#include "milvus_call.h"
#include "milvus_uri.h"

struct milvus_client {
    struct grpc_client *grpc;
    char *authorization; /* or NULL */
};

/* Base64 (RFC 4648, padded), which Milvus wants without "Basic " in front. */
static char *authorization_of(const char *token)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strlen(token), at = 0;
    char *text = xmalloc((len + 2) / 3 * 4 + 1);
    for (size_t i = 0; i < len; i += 3) {
        size_t count = len - i < 3 ? len - i : 3;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < count ? (uint8_t)token[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            text[at++] = k <= count ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    text[at] = '\0';
    return text;
}

enum ks_status milvus_client_open(const struct milvus_options *options, struct milvus_client **ret,
                                  struct ks_error *err)
{
    struct milvus_uri uri;
    enum ks_status status = milvus_uri_parse(options->uri, &uri, err);
    if (status)
        return status;
    struct milvus_client *c = xcalloc(1, sizeof(*c));
    struct grpc_tls tls = options->tls;
    tls.enabled = tls.enabled || uri.tls;
    status = grpc_client_open(uri.target, &tls, &c->grpc, err);
    free(uri.target);
    if (status) {
        milvus_client_close(c);
        return status;
    }
    if (options->token && *options->token)
        c->authorization = authorization_of(options->token);
    *ret = c;
    return KS_OK;
}

void milvus_client_close(struct milvus_client *c)
{
    if (!c)
        return;
    grpc_client_close(c->grpc);
    free(c->authorization);
    free(c);
}

void milvus_client_cancel_all(struct milvus_client *c)
{
    grpc_client_cancel_all(c->grpc);
}

static struct milvus_answer call_bytes(struct milvus_client *c, const char *method, const char *db,
                                       struct ks_slice request, int64_t deadline_ms, bool bare,
                                       struct ks_buf *reply)
{
    struct grpc_metadata metadata[2];
    char path[96];
    struct ks_error err = {0};
    bool sent = true;
    struct grpc_call call = {
        .method = path,
        .metadata = metadata,
        .request = request,
        .deadline_ms = deadline_ms > 0 ? deadline_ms : 0,
        .wait_for_ready = true,
    };
    snprintf(path, sizeof(path), "/milvus.proto.milvus.MilvusService/%s", method);
    if (c->authorization)
        metadata[call.metadata_count++] = (struct grpc_metadata){"authorization", c->authorization};
    if (db && *db)
        metadata[call.metadata_count++] = (struct grpc_metadata){"dbname", db};
    enum grpc_code code = grpc_client_unary(c->grpc, &call, reply, &sent, &err);
    if (code != GRPC_CODE_OK)
        return milvus_answer_of_grpc(method, code, sent, err.message);
    return milvus_answer_of_reply(method, bare, (struct ks_slice){reply->data, reply->len});
}

struct milvus_answer milvus_call(struct milvus_client *c, const char *method, const char *db,
                                 const ProtobufCMessage *request, int64_t deadline_ms,
                                 struct ks_buf *reply)
{
    size_t len = protobuf_c_message_get_packed_size(request);
    uint8_t *bytes = xmalloc(len + 1);
    struct ks_buf status = {0};
    struct ks_slice packed = {bytes, protobuf_c_message_pack(request, bytes)};
    struct milvus_answer a =
        call_bytes(c, method, db, packed, deadline_ms, !reply, reply ? reply : &status);
    ks_buf_release(&status);
    free(bytes);
    return a;
}

struct milvus_answer milvus_write(struct milvus_client *c, const char *method, const char *db,
                                  struct ks_slice request, int64_t deadline_ms)
{
    struct ks_buf reply = {0};
    struct milvus_answer a = call_bytes(c, method, db, request, deadline_ms, false, &reply);
    ks_buf_release(&reply);
    return a;
}

/* Servers before 2.3 have no Connect. */
static struct milvus_answer get_version(struct milvus_client *c, int64_t deadline_ms,
                                        struct ks_buf *reply, char *ret_version, size_t cap)
{
    MilvusApi__GetVersionRequest request = MILVUS_API__GET_VERSION_REQUEST__INIT;
    struct milvus_answer a = milvus_call(c, "GetVersion", NULL, &request.base, deadline_ms, reply);
    if (a.outcome != MILVUS_OK)
        return a;
    return milvus_read_version((struct ks_slice){reply->data, reply->len}, ret_version, cap);
}

struct milvus_answer milvus_connect(struct milvus_client *c, int64_t deadline_ms, char *ret_version,
                                    size_t version_cap)
{
    char host[256] = "";
    char type[] = "Kitestream";
    MilvusApi__ClientInfo info = MILVUS_API__CLIENT_INFO__INIT;
    MilvusApi__ConnectRequest request = MILVUS_API__CONNECT_REQUEST__INIT;
    struct ks_buf reply = {0};
    int64_t end_ms = clock_mono_ms() + deadline_ms;
    gethostname(host, sizeof(host) - 1);
    info.sdk_type = type;
    info.host = host;
    request.client_info = &info;
    struct milvus_answer a = milvus_call(c, "Connect", NULL, &request.base, deadline_ms, &reply);
    if (a.grpc == GRPC_CODE_UNIMPLEMENTED)
        a = get_version(c, end_ms - clock_mono_ms(), &reply, ret_version, version_cap);
    else if (a.outcome == MILVUS_OK)
        a = milvus_read_connect((struct ks_slice){reply.data, reply.len}, ret_version, version_cap);
    ks_buf_release(&reply);
    return a;
}
