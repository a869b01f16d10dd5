/* A connector's transforms at work: the name that a topic gets. Each name is worked out once, so
 * that the path of a row only compares pointers. Thread: the task's. */
#ifndef RUNTIME_TOPIC_ROUTER_H
#define RUNTIME_TOPIC_ROUTER_H

#include "kitestream/config.h"
#include "kitestream/error.h"

struct topic_router;

/* *ret is NULL where the connector has no transforms. Errors: FATAL naming the option. */
enum ks_status topic_router_new(const struct ks_config *config, struct topic_router **ret,
                                struct ks_error *err);
void topic_router_free(struct topic_router *r);
/* *ret lives as long as the router, or is `topic` itself if r is NULL. Errors: FATAL when the new
 * name is none that Kafka allows, or an expression takes too long, naming the option. */
enum ks_status topic_router_route(struct topic_router *r, const char *topic, const char **ret,
                                  struct ks_error *err);
/* The topic that `routed`, a pointer that was returned above, was made of; `routed` itself if it is
 * another one. */
const char *topic_router_original(const struct topic_router *r, const char *routed);

#endif
