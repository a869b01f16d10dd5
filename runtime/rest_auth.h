/* Who asks, and what they may. Users (HTTP basic) and bearer tokens come from properties files that
 * are read again when they change. Thread: any. */
#ifndef RUNTIME_REST_AUTH_H
#define RUNTIME_REST_AUTH_H

#include "rest_options.h"

struct rest_auth;

enum rest_auth_answer {
    REST_AUTH_NO,
    REST_AUTH_READ,
    REST_AUTH_WRITE,
    REST_AUTH_SLOW, /* a password's hash must be computed: ask again where that may take long */
};

/* *ret NULL: neither file is configured, and everybody may everything. Errors: FATAL naming the
 * file. */
enum ks_status rest_auth_open(const struct rest_options *options, struct rest_auth **ret,
                              struct ks_error *err);
void rest_auth_free(struct rest_auth *a);
/* Reads the files again if they have changed. What cannot be read is logged, and the old content
 * stays. */
void rest_auth_refresh(struct rest_auth *a);
/* authorization: the header's value, or NULL. Takes the same time for any wrong secret. */
enum rest_auth_answer rest_auth_check(struct rest_auth *a, const char *authorization,
                                      bool may_be_slow);
/* For WWW-Authenticate. */
const char *rest_auth_challenge(const struct rest_auth *a);

#endif
