/* Asks the REST interface's router, without a server. */
#ifndef HELPER_REST_H
#define HELPER_REST_H

#include "rest.h"

/* body NULL: none; else it is sent as application/json. Returns the status; res has the rest. */
int helper_rest(const struct rest_context *ctx, const char *method, const char *uri,
                const char *body, struct rest_response *res);

#endif
