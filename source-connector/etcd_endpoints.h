/* Option milvus.etcd.endpoints as users write it, split for gRPC. */
#ifndef SOURCE_ETCD_ENDPOINTS_H
#define SOURCE_ETCD_ENDPOINTS_H

#include "kitestream/config.h"
#include "kitestream/error.h"

/* Owns: targets. */
struct etcd_endpoints {
    char **targets; /* host:port */
    size_t count;
    bool tls; /* https://, or milvus.etcd.tls.enabled */
};

/* Each is host:port, http://host:port or https://host:port; all with TLS, or none. Errors: FATAL
 * beginning with the option's name; never with a user or password that was put into an address. */
enum ks_status etcd_endpoints_parse(const struct ks_config *config, struct etcd_endpoints *ret,
                                    struct ks_error *err);
void etcd_endpoints_release(struct etcd_endpoints *e);

#endif
