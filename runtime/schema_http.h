/* A Confluent-compatible schema registry: the questions of a converter. Thread: any (one request at
 * a time). */
#ifndef RUNTIME_SCHEMA_HTTP_H
#define RUNTIME_SCHEMA_HTTP_H

#include "kitestream/config.h"
#include "kitestream/error.h"

#include <stddef.h>
#include <stdint.h>

struct schema_http;

/* Options: those of registry_client_open, auto.register.schemas, normalize.schemas. Does not
 * connect. Errors: FATAL naming the option. */
enum ks_status schema_http_open(const struct ks_config *options, struct schema_http **ret,
                                struct ks_error *err);
void schema_http_close(struct schema_http *h);
/* The schema's id; without auto.register.schemas only if it is there. Errors: those of
 * registry_client_ask. */
enum ks_status schema_http_register(struct schema_http *h, const char *subject,
                                    const char *schema_json, uint32_t *ret_id,
                                    struct ks_error *err);
/* *ret_json is the caller's. */
enum ks_status schema_http_get(struct schema_http *h, uint32_t id, char **ret_json,
                               struct ks_error *err);

/* The subject's last version. *ret_json is the caller's. */
enum ks_status schema_http_latest(struct schema_http *h, const char *subject, uint32_t *ret_id,
                                  char **ret_json, struct ks_error *err);

/* The answers, separately because they are outside bytes. `what` begins every message. */
enum ks_status schema_http_parse_id(const char *what, const char *body, size_t len,
                                    uint32_t *ret_id, struct ks_error *err);
enum ks_status schema_http_parse_schema(const char *what, const char *body, size_t len,
                                        char **ret_json, struct ks_error *err);

#endif
