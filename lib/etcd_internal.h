/* What etcd_client.c and etcd_watch.c share. */
#ifndef LIB_ETCD_INTERNAL_H
#define LIB_ETCD_INTERNAL_H

#include <protobuf-c/protobuf-c.h>

#include "etcd_client.h"

struct etcd_client {
    char **endpoints;
    size_t endpoint_count, current; /* current: the one in use */
    char *username, *password;
    struct grpc_tls tls; /* strings are ours */
    int64_t call_timeout_ms;
    int64_t end_mono_ms;      /* no call lasts longer; 0: no end */
    struct grpc_client *grpc; /* to endpoints[current]; NULL: not open */
    char *token;              /* NULL: not authenticated yet */
    bool auth_disabled;       /* etcd said that it needs no token */
    char *probe_key;          /* a key that this user may read, for etcd_revision */
};

#define ETCD_METADATA_MAX 2

/* Opens the current endpoint and authenticates if need be. *ret_fresh (may be NULL) tells whether
 * the token was obtained just now. */
enum ks_status etcd_connect(struct etcd_client *client, bool *ret_fresh, struct ks_error *err);
/* The current endpoint does not work: the next call tries the one after it. */
void etcd_next_endpoint(struct etcd_client *client);
void etcd_forget_token(struct etcd_client *client);
/* Writes the token and etcd's demand for a leader; returns the number of entries. */
size_t etcd_metadata(const struct etcd_client *client, struct grpc_metadata *metadata);
/* Class of a failed call, with a better text where etcd's own does not help; err holds grpc's. */
enum ks_status etcd_classify(const struct etcd_client *client, enum grpc_code code,
                             struct ks_error *err);
bool etcd_is_token_trouble(enum grpc_code code, const char *message);

void etcd_pack(const ProtobufCMessage *message, struct ks_buf *out);
/* Where a list or watch of `prefix` begins and ends. Bytes of *ret_end: released by the caller. */
struct ks_slice etcd_prefix_start(const char *prefix);
void etcd_prefix_end(const char *prefix, struct ks_buf *ret_end);
void etcd_set_probe_key(struct etcd_client *client, const char *prefix);

#endif
