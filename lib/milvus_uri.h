/* An address as users write it, split for gRPC. */
#ifndef LIB_MILVUS_URI_H
#define LIB_MILVUS_URI_H

#include <stdbool.h>

#include "kitestream/error.h"

struct milvus_uri {
    char *target; /* host:port; free() */
    bool tls;
};

/* host, host:port, http://…, https://… ; port 19530, with https 443. Errors: FATAL; the message
 * never holds a user name or a password that was put into the address. */
enum ks_status milvus_uri_parse(const char *text, struct milvus_uri *ret, struct ks_error *err);

#endif
