/* In: where a new task shall write to; out: whether somebody is there. Nothing is changed on the
 * other side. Secrets of the request are used here and never part of a message. */
#include "cdc_target.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#include "../sdk/base64.h"
#include "alloc.h"
#include "config_def.h"
#include "grpc_client.h"
#include "kitestream/sdk/util.h"
#include "milvus_uri.h"
#include "proto_wire.h"

#define TIMEOUT_DEFAULT_S 5
#define TIMEOUT_MAX_S 30
#define KAFKA_TIMEOUT_MS 5000
#define METHOD "/milvus.proto.milvus.MilvusService/Connect"

/* milvus.ConnectRequest and its ClientInfo, milvus.ConnectResponse, common.Status */
enum { CONNECT_CLIENT_INFO = 2, CLIENT_SDK_TYPE = 1, CONNECT_STATUS = 1 };
enum { STATUS_LEGACY_CODE = 1, STATUS_REASON = 2, STATUS_CODE = 3 };

char *cdc_milvus_token(const struct cdc_milvus *m)
{
    if (*m->token)
        return xstrdup(m->token);
    return *m->username ? xasprintf("%s:%s", m->username, m->password) : xstrdup("");
}

const char *cdc_milvus_ca_file(const struct cdc_milvus *m)
{
    return *m->server_pem ? m->server_pem : m->ca_pem;
}

bool cdc_milvus_has_tls_files(const struct cdc_milvus *m)
{
    return *m->server_pem || *m->ca_pem || *m->client_pem || *m->client_key;
}

/* ---- Milvus ---- */

static enum ks_status refused(const char *address, const char *why, size_t len,
                              struct ks_error *err)
{
    return ks_error_set(err, KS_ERR_DATA, "the target %s refuses: %.*s", address,
                        (int)(len < 300 ? len : 300), why);
}

static enum ks_status judge_reply(const char *address, const struct ks_buf *reply,
                                  struct ks_error *err)
{
    struct wire outer = wire_of(reply->data, reply->len);
    struct wire_field field, part;
    const char *reason = "";
    size_t reason_len = 0;
    uint64_t code = 0;
    while (wire_next(&outer, &field)) {
        struct wire inner = wire_of(field.data, field.len);
        if (field.number != CONNECT_STATUS || field.type != WIRE_LEN)
            continue;
        while (wire_next(&inner, &part)) {
            if (part.number == STATUS_CODE || part.number == STATUS_LEGACY_CODE)
                code |= part.value;
            if (part.number == STATUS_REASON && part.type == WIRE_LEN) {
                reason = (const char *)part.data;
                reason_len = part.len;
            }
        }
    }
    if (outer.bad)
        return refused(address, "what answers there is no Milvus", 31, err);
    return code ? refused(address, reason, reason_len, err) : KS_OK;
}

static enum ks_status judge_code(const char *address, enum grpc_code code, bool is_login_known,
                                 const struct ks_buf *reply, struct ks_error *err)
{
    char why[sizeof err->message];
    if (code == GRPC_CODE_OK)
        return judge_reply(address, reply, err);
    if (code == GRPC_CODE_UNIMPLEMENTED) /* before 2.3: somebody is there */
        return KS_OK;
    if (code == GRPC_CODE_UNAUTHENTICATED || code == GRPC_CODE_PERMISSION_DENIED) {
        return is_login_known ? refused(address, "the login is not valid", 22, err) : KS_OK;
    }
    memcpy(why, err->message, sizeof why);
    return ks_error_set(err, KS_ERR_DATA, "the target %s does not answer: %.600s", address, why);
}

static struct ks_buf connect_request(void)
{
    struct ks_buf info = {0}, request = {0};
    wire_put_str(&info, CLIENT_SDK_TYPE, "Kitestream");
    wire_put_bytes(&request, CONNECT_CLIENT_INFO, info.data, info.len);
    ks_buf_release(&info);
    return request;
}

static enum ks_status call_connect(struct grpc_client *client, const struct cdc_milvus *m,
                                   const char *address, struct ks_error *err)
{
    char *token = cdc_milvus_token(m);
    bool is_known = !config_has_placeholder(token);
    struct ks_buf request = connect_request(), reply = {0}, login = {0};
    int64_t seconds = m->connect_timeout_s > 0 ? m->connect_timeout_s : TIMEOUT_DEFAULT_S;
    if (*token && is_known)
        base64_encode(&login, (const uint8_t *)token, strlen(token));
    struct grpc_metadata metadata = {"authorization", ks_buf_str(&login)};
    struct grpc_call call = {
        .method = METHOD,
        .metadata = &metadata,
        .metadata_count = login.len > 0,
        .request = {request.data, request.len},
        .deadline_ms = (seconds < TIMEOUT_MAX_S ? seconds : TIMEOUT_MAX_S) * 1000,
        .wait_for_ready = true,
    };
    struct ks_error why = {0};
    enum grpc_code code = grpc_client_unary(client, &call, &reply, NULL, &why);
    enum ks_status status = judge_code(address, code, is_known, &reply, &why);
    if (status)
        *err = why;
    free(token);
    ks_buf_release(&request);
    ks_buf_release(&reply);
    ks_buf_release(&login);
    return status;
}

static enum ks_status connect_milvus(const struct cdc_milvus *m, const char *address,
                                     struct ks_error *err)
{
    struct milvus_uri uri;
    struct grpc_client *client;
    if (milvus_uri_parse(address, &uri, err))
        return err->status = KS_ERR_DATA;
    const char *ca = cdc_milvus_ca_file(m);
    struct grpc_tls tls = {.enabled = uri.tls || cdc_milvus_has_tls_files(m),
                           .ca_file = *ca ? ca : NULL,
                           .cert_file = *m->client_pem ? m->client_pem : NULL,
                           .key_file = *m->client_key ? m->client_key : NULL,
                           .server_name = *m->server_name ? m->server_name : NULL};
    enum ks_status status = grpc_client_open(uri.target, &tls, &client, err);
    free(uri.target);
    if (status)
        return err->status = KS_ERR_DATA;
    status = call_connect(client, m, address, err);
    grpc_client_close(client);
    return status;
}

enum ks_status cdc_target_milvus(const struct cdc_milvus *m, struct ks_error *err)
{
    char *address = cdc_milvus_uri(m);
    enum ks_status status = KS_OK;
    if (strchr(address, '@'))
        status = ks_error_set(err, KS_ERR_DATA,
                              "milvus_connect_param.uri holds a user: put user:password into "
                              "token");
    else if (!config_has_placeholder(address))
        status = connect_milvus(m, address, err);
    free(address);
    return status;
}

/* ---- Kafka ---- */

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct ks_error *err)
{
    char why[400];
    if (!*value || rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return true;
    /* librdkafka repeats the value, which may be a secret. */
    ks_error_set(err, KS_ERR_DATA, "kafka_connect_param: %s is not valid", name);
    return false;
}

static rd_kafka_conf_t *conf_of(const struct cdc_kafka *k, struct ks_error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool ok = set(conf, "bootstrap.servers", k->address, err);
    if (k->enable_sasl)
        ok = ok && set(conf, "sasl.username", k->username, err) &&
             set(conf, "sasl.password", k->password, err) &&
             set(conf, "sasl.mechanism", k->mechanisms, err) &&
             set(conf, "security.protocol", k->security_protocol, err);
    if (ok)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

static void ignore_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
}

/* The cluster's ID, NULL if nobody answers; free(). */
static char *ask_cluster_id(rd_kafka_conf_t *take_conf, struct ks_error *err)
{
    char why[300], *id = NULL;
    rd_kafka_conf_set_log_cb(take_conf, ignore_log);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, take_conf, why, sizeof why);
    if (!rk) {
        rd_kafka_conf_destroy(take_conf);
        ks_error_set(err, KS_ERR_DATA, "no Kafka client: %s", why);
        return NULL;
    }
    char *found = rd_kafka_clusterid(rk, KAFKA_TIMEOUT_MS);
    if (found)
        id = xstrdup(found);
    else
        ks_error_set(err, KS_ERR_DATA, "no broker answers within %d ms", KAFKA_TIMEOUT_MS);
    if (found)
        rd_kafka_mem_free(rk, found);
    rd_kafka_destroy(rk);
    return id;
}

enum ks_status cdc_target_kafka(const struct worker_config *worker, const struct cdc_kafka *k,
                                struct ks_error *err)
{
    rd_kafka_conf_t *conf = conf_of(k, err), *own_conf;
    char *own = NULL, *theirs = conf ? ask_cluster_id(conf, err) : NULL;
    enum ks_status status = theirs ? KS_OK : KS_ERR_DATA;
    if (!theirs && conf)
        ks_error_prefix(err, "the target Kafka %.200s", k->address);
    if (!status)
        status = worker_kafka_conf(worker, "admin.", NULL, NULL, &own_conf, err);
    if (!status && !(own = ask_cluster_id(own_conf, err))) {
        ks_error_prefix(err, "the worker's own Kafka");
        status = err->status = KS_ERR_RETRIABLE;
    }
    if (!status && strcmp(own, theirs) != 0)
        status = ks_error_set(err, KS_ERR_DATA,
                              "%.200s is not the Kafka of this worker (%s). The stream and its "
                              "offsets share transactions, so they need one cluster: ask a worker "
                              "whose bootstrap.servers are those brokers",
                              k->address, worker->bootstrap_servers);
    free(own);
    free(theirs);
    return status;
}
