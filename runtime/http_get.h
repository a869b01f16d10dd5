/* One GET of a worker's REST interface, for the command line. Thread: any. */
#ifndef RUNTIME_HTTP_GET_H
#define RUNTIME_HTTP_GET_H

#include "kitestream/error.h"
#include "kitestream/sdk/buf.h"

/* Borrows all; NULL: none. */
struct http_get_login {
    const char *user_password; /* "user:password" */
    const char *token;
    const char *ca_file; /* PEM; by default the system's certificates */
};

/* Appends the body to *ret. Errors: FATAL with the address and what the other side says, for any
 * status but 200. */
enum ks_status http_get(const char *url, const struct http_get_login *login, struct ks_buf *ret,
                        struct ks_error *err);

#endif
