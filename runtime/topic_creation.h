/* topic.creation.*, Connect's way: how the topics that a source connector writes to are created.
 * The first group whose expressions match a topic's whole name has it, `default` the rest. */
#ifndef RUNTIME_TOPIC_CREATION_H
#define RUNTIME_TOPIC_CREATION_H

#include "config_def.h"
#include "topic_admin.h"

/* What a connector asks for. */
struct topic_request {
    int32_t partitions;              /* -1: does not matter */
    const struct ks_config *configs; /* may be NULL */
    bool fixed;                      /* must be so: topic.creation.* only adds. Otherwise it wins */
};

/* Names the option of each fault. */
void topic_creation_check(const struct ks_config *config, struct config_issues *issues);

struct topic_creation;
/* connector: for the log, borrowed. Errors: FATAL naming the option. */
enum ks_status topic_creation_new(const char *connector, const struct ks_config *config,
                                  struct topic_creation **ret, struct ks_error *err);
void topic_creation_free(struct topic_creation *c);

/* How a topic is created. Owns: configs, overruled. */
struct new_topic {
    const char *group;
    int32_t partitions;
    int replication;
    struct string_map configs;
    char *overruled; /* options that do not apply since the request is fixed; NULL: none */
};
/* Errors: FATAL when an expression takes too long. */
enum ks_status topic_creation_plan(struct topic_creation *c, const char *topic,
                                   const struct topic_request *asked, struct new_topic *ret,
                                   struct ks_error *err);
void new_topic_release(struct new_topic *t);

/* Creates the topic by its plan if it is absent; what there is stays as it is. *ret_partitions (may
 * be NULL) is what it has now. Errors: as topic_admin_ensure; what the brokers refuse names the
 * group. */
enum ks_status topic_creation_ensure(struct topic_creation *c, struct topic_admin *admin,
                                     const char *topic, const struct topic_request *asked,
                                     int32_t *ret_partitions, struct ks_error *err);

#endif
