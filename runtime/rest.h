/* What the files of the REST interface share: one request, its answer, and the table of routes.
 * A request comes from rest_server (bytes, limits, TLS, who may do what), rest_router finds the
 * route, a handler of a rest_*.c fills the answer, rest_server sends it.
 *
 * Thread: handlers run on the server's pool, several at a time; they may wait for Kafka, but never
 * for a plugin. */
#ifndef RUNTIME_REST_H
#define RUNTIME_REST_H

#include <jansson.h>
#include <stdbool.h>

#include "herder.h"
#include "kitestream/sdk/buf.h"
#include "worker_config.h"

/* What handlers work on. */
struct rest_context {
    const struct worker_config *worker;
    const struct plugin_set *plugins;
    /* NULL until the worker has read its topics; only routes with REST_EARLY are called before. */
    struct herder *herder;
    const char *kafka_cluster_id; /* "" until known */
    struct schema_desk *schemas;
};

#define REST_PARAMS_MAX 3

struct rest_query {
    const char *name, *value; /* decoded; value "" when there is no '=' */
};

/* Borrowed: valid until the handler returns. */
struct rest_request {
    const char *method;
    const char *path;                    /* as sent, without the query */
    const char *params[REST_PARAMS_MAX]; /* what the route's {…} took, decoded */
    const struct rest_query *queries;    /* in order, names may repeat */
    size_t query_count;
    const char *content_type; /* NULL: none given */
    const char *body;         /* NUL-terminated; "" without one */
    size_t body_len;
    bool read_only; /* who asks may only read: for routes of which only some bodies write */
};

struct rest_header {
    const char *name, *value;
};

/* Zero-initialised is 200 without a body. Owns: all but headers. */
struct rest_response {
    int status;         /* 0: 200 */
    json_t *json;       /* the body, or */
    struct ks_buf text; /* the body as it is */
    const char *type;   /* of the body; NULL: none for text, application/json for JSON */
    char *location;
    char *allow; /* the router's: methods of this path */
    char *etag;  /* of the body, in double quotes: who says that it has it gets 304 */
    const struct rest_header *headers; /* more of them, up to one without a name; live for ever */
};
void rest_response_release(struct rest_response *res);

typedef void rest_handler_fn(const struct rest_context *ctx, const struct rest_request *req,
                             struct rest_response *res);

enum rest_route_flag {
    REST_WRITES = 1 << 0, /* the read-only role may not */
    REST_EARLY = 1 << 1,  /* answers before the herder is there */
    REST_ADMIN = 1 << 2,  /* loggers: not with admin.listeners="" */
    /* Not only JSON: takes any content type and gives what it likes, whatever Accept says. */
    REST_ANY_TYPE = 1 << 3,
    /* Waits for nothing and calls no plugin: runs on the thread of all connections, so it answers
     * also when every thread of the pool hangs. */
    REST_INLINE = 1 << 4,
    REST_WAITS = 1 << 5, /* may take long, as writes may: leaves some threads to the others */
};

/* Path: "/connectors/{c}/tasks/{n}/status". A trailing slash is accepted in requests. */
struct rest_route {
    const char *method;
    const char *path;
    rest_handler_fn *handle;
    unsigned flags;
};

/* Each ends with method == NULL; rest_router has them all. */
extern const struct rest_route rest_root_routes[];       /* /, /health, /metrics */
extern const struct rest_route rest_connectors_routes[]; /* /connectors: create, read, change */
extern const struct rest_route rest_lifecycle_routes[];  /* pause, resume, stop, restart, tasks */
extern const struct rest_route rest_offsets_routes[];    /* /connectors/{c}/offsets, …/topics */
extern const struct rest_route rest_plugins_routes[];    /* /connector-plugins */
extern const struct rest_route rest_loggers_routes[];    /* /admin/loggers */
extern const struct rest_route rest_cdc_routes[];        /* /cdc, milvus-cdc's contract */
extern const struct rest_route rest_ui_routes[];         /* /ui: the page for people */
/* The registry's: /schemas, /subjects, and its rules: /config, /mode, /compatibility. */
extern const struct rest_route rest_registry_schemas_routes[];
extern const struct rest_route rest_registry_subjects_routes[];
extern const struct rest_route rest_registry_rules_routes[];

/* ---- for handlers: rest_answer.c ---- */

/* Connect's error body {"error_code": status, "message": …}; replaces what res holds. */
void rest_fail(struct rest_response *res, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes the reference. */
void rest_answer(struct rest_response *res, int status, json_t *take_json);
/* By Connect's codes: 404, 409, 400, and 500 for HERDER_UNAVAILABLE. Returns false for HERDER_OK
 * and HERDER_CREATED, without touching res. */
bool rest_fail_herder(struct rest_response *res, enum herder_answer answer,
                      const struct ks_error *err);
/* First value of that name; NULL: not given. */
const char *rest_query_get(const struct rest_request *req, const char *name);
/* Like Java's Boolean.parseBoolean; `otherwise` when not given. */
bool rest_query_flag(const struct rest_request *req, const char *name, bool otherwise);
bool rest_query_has(const struct rest_request *req, const char *name, const char *value);
/* What the handler waits for from now on ("Kafka to take the offsets"), for the message of a
 * request that takes too long; a text that lives for ever. Thread: the handler's. */
void rest_waits_for(const char *what);
/* The body as a JSON object, new reference; NULL: res has the answer (400, or 415 for a content
 * type that is not JSON). */
json_t *rest_body_object(const struct rest_request *req, struct rest_response *res);

#endif
