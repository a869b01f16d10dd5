/* A schema registry behind one or several addresses: how it is reached, who asks, by what it is
 * trusted. What is asked is schema_http's business. Thread: one at a time. */
#ifndef RUNTIME_REGISTRY_CLIENT_H
#define RUNTIME_REGISTRY_CLIENT_H

#include <stddef.h>

#include "kitestream/config.h"
#include "kitestream/error.h"

struct registry_client;

/* Options: schema.registry.url (a list), basic.auth.*, bearer.auth.*, schema.registry.ssl.*,
 * http.*.timeout.ms. Does not connect. Errors: FATAL naming the option. */
enum ks_status registry_client_open(const struct ks_config *options, struct registry_client **ret,
                                    struct ks_error *err);
void registry_client_close(struct registry_client *c);

/* Borrowed until the next request. */
struct registry_reply {
    const char *what; /* where it is from, for messages; never with a login */
    const char *body;
    size_t len;
};
/* GETs a path, or POSTs JSON to it. The address that answered last is asked first, then the others;
 * 5xx counts as no answer. Errors: RETRIABLE when none answers; else those of registry_refusal. */
enum ks_status registry_client_ask(struct registry_client *c, const char *path, const char *post,
                                   struct registry_reply *ret, struct ks_error *err);
/* The text as one segment of a path; the caller frees. */
char *registry_client_escape(struct registry_client *c, const char *text);

/* What an answer that is not 2xx means, with the registry's own message: DATA when it refuses a
 * schema or does not have it (404, 409, 422), FATAL when it refuses us, RETRIABLE for 5xx. */
enum ks_status registry_refusal(const char *what, long http_code, const char *body, size_t len,
                                struct ks_error *err);

#endif
