/* A Confluent-compatible schema registry over HTTP. Thread: any (one request at a time). */
#ifndef RUNTIME_SCHEMA_HTTP_H
#define RUNTIME_SCHEMA_HTTP_H

#include "kitestream/config.h"
#include "kitestream/error.h"

#include <stddef.h>
#include <stdint.h>

struct schema_http;

/* Options: schema.registry.url (a list: the next is tried when one does not answer),
 * basic.auth.credentials.source=USER_INFO with basic.auth.user.info, auto.register.schemas,
 * normalize.schemas, http.connect.timeout.ms, http.read.timeout.ms,
 * schema.registry.ssl.ca.location. Does not connect. Errors: FATAL naming the option. */
enum ks_status schema_http_open(const struct ks_config *options, struct schema_http **ret,
                                struct ks_error *err);
void schema_http_close(struct schema_http *h);
/* Errors: DATA with the registry's message when it refuses the schema (409, 422) or does not have
 * it (404); FATAL when it refuses us (401, 403); RETRIABLE when none of the URLs answers. */
enum ks_status schema_http_register(struct schema_http *h, const char *subject,
                                    const char *schema_json, uint32_t *ret_id,
                                    struct ks_error *err);
/* *ret_json is the caller's. */
enum ks_status schema_http_get(struct schema_http *h, uint32_t id, char **ret_json,
                               struct ks_error *err);

/* The answers, separately because they are outside bytes. `what` begins every message. */
enum ks_status schema_http_parse_id(const char *what, const char *body, size_t len,
                                    uint32_t *ret_id, struct ks_error *err);
enum ks_status schema_http_parse_schema(const char *what, const char *body, size_t len,
                                        char **ret_json, struct ks_error *err);
enum ks_status schema_http_parse_error(const char *what, long http_code, const char *body,
                                       size_t len, struct ks_error *err);

#endif
