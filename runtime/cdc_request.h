/* milvus-cdc's `create` as it was asked: the fields of request_data, and what is wrong with them.
 * Thread: any. */
#ifndef RUNTIME_CDC_REQUEST_H
#define RUNTIME_CDC_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "kitestream/error.h"

#define CDC_DEFAULT_DB "default"

/* Texts are "" where nothing was given. */
struct cdc_milvus {
    const char *uri, *token;
    const char *host, *username, *password; /* deprecated, as are port and enable_tls */
    int64_t port, connect_timeout_s, channel_num;
    bool enable_tls, ignore_partition;
    const char *server_name, *server_pem, *ca_pem, *client_pem, *client_key; /* dial_config */
};
struct cdc_kafka {
    const char *address, *topic;
    bool enable_sasl;
    const char *username, *password, *mechanisms, *security_protocol;
};
struct cdc_collection {
    const char *name;
    json_t *positions; /* vchannel -> base64 MsgPosition; NULL: none */
    bool use_start_position;
};

/* Owns: data, which everything else points into. */
struct cdc_create {
    json_t *data;
    const char *task_id;
    struct cdc_milvus milvus;
    struct cdc_kafka kafka;
    json_t *collection_infos, *db_collections, *name_mapping; /* NULL: none */
    json_t *positions;                                        /* deprecated */
    const char *rpc_channel, *rpc_position;
    int64_t buffer_period, buffer_size;
    bool enable_user_role, disable_auto_start;
    /* The one collection, once cdc_create_check has passed. */
    const char *db;
    struct cdc_collection collection;
};

/* Reads the types only. Members that are not known are ignored, null is as good as absent. Errors:
 * DATA, naming the member. */
enum ks_status cdc_create_read(json_t *take_data, struct cdc_create *ret, struct ks_error *err);
void cdc_create_release(struct cdc_create *c);
bool cdc_has_milvus(const struct cdc_milvus *m);
/* One entry of collection_infos; its type has been checked by cdc_create_read. */
struct cdc_collection cdc_collection_of(json_t *info);

struct cdc_limits {
    int64_t name_length;
    const char *replicate_channel; /* NULL: not known */
};
/* What milvus-cdc checks without asking anybody, in its order. Errors: DATA. */
enum ks_status cdc_create_check(struct cdc_create *c, const struct cdc_limits *limits,
                                struct ks_error *err);
/* Empty is fine: then one is made. Errors: DATA. */
enum ks_status cdc_task_id_check(const char *task_id, struct ks_error *err);

/* What `get` shows of it, without user names, passwords and tokens; cdc_create_read takes it
 * again. New reference. */
json_t *cdc_create_record(const struct cdc_create *c, const char *task_id);
/* http[s]://host:port, or the uri as it was given. free() */
char *cdc_milvus_uri(const struct cdc_milvus *m);

#endif
