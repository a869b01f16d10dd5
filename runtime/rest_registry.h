/* What the handlers of the built-in schema registry share. It speaks the API of Confluent's
 * registry as far as that reads: schemas are written by connectors, through the store. Errors have
 * that API's five digits, of which the first three are the HTTP status. */
#ifndef RUNTIME_REST_REGISTRY_H
#define RUNTIME_REST_REGISTRY_H

#include "kitestream/sdk/avro.h"
#include "rest.h"
#include "schema_index.h"

enum registry_error {
    REGISTRY_BAD_REQUEST = 400,
    REGISTRY_NO_SUBJECT = 40401,
    REGISTRY_NO_VERSION = 40402,
    REGISTRY_NO_SCHEMA = 40403,
    REGISTRY_BAD_SCHEMA = 42201,
    REGISTRY_BAD_VERSION = 42202,
    REGISTRY_NOT_PERMITTED = 42205,
    REGISTRY_NO_STORE = 50001,
};

/* Of routes that ask the store. */
#define REGISTRY_ROUTE (REST_ANY_TYPE | REST_WAITS)
/* Every subject has it. */
#define REGISTRY_COMPATIBILITY "BACKWARD"

void registry_fail(struct rest_response *res, enum registry_error code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes the reference. */
void registry_answer(struct rest_response *res, json_t *take_json);
/* A schema as it was registered. */
void registry_answer_schema(struct rest_response *res, const char *schema);
/* The subject alone. */
json_t *registry_subject_json(const struct stored_version *version);
/* {subject, version, id, schema}. */
json_t *registry_version_json(const struct stored_version *version);

/* Owns: list. */
struct registry_found {
    struct stored_version *list;
    size_t count;
};
/* What is known; if that is nothing, what there is after another look at the topic. False: the
 * store cannot be asked, and res has the answer. */
bool registry_find(const struct rest_context *ctx, const struct schema_wanted *wanted,
                   struct registry_found *ret, struct rest_response *res);
/* Why there is none of what was looked for: of `missing`, or the subject itself is unknown. */
void registry_fail_missing(const struct rest_context *ctx, const char *subject,
                           enum registry_error missing, struct rest_response *res);
/* A whole number, of any size: what does not fit is the nearest that does. */
bool registry_read_number(const char *text, int64_t *ret);
/* What subjects of a list have to begin with; NULL: with anything. */
const char *registry_subject_prefix(const struct rest_request *req);
/* "3", "latest", "-1". False: res has the answer. */
bool registry_read_version(const char *text, uint32_t *ret, struct rest_response *res);
/* One version of a subject; texts live as long as the worker. False: res has the answer. */
bool registry_find_version(const struct rest_context *ctx, const char *subject, const char *version,
                           struct stored_version *ret, struct rest_response *res);

/* What offset and limit of the request leave of it, each as `item` has it. Takes the list. */
void registry_answer_page(const struct rest_request *req, struct registry_found *take_found,
                          json_t *(*item)(const struct stored_version *),
                          struct rest_response *res);
/* The schema of a body {"schema": text, …}; the caller frees. NULL: res has the answer. */
struct ks_avro_schema *registry_body_schema(const struct rest_request *req,
                                            struct rest_response *res);

#endif
