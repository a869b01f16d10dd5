/* The sink connector's options: the table, and the values the task works with. */
#ifndef SINK_SINK_OPTIONS_H
#define SINK_SINK_OPTIONS_H

#include "ddl.h"
#include "kitestream/config.h"
#include "milvus_client.h"
#include "name_filter.h"
#include "name_map.h"

extern const struct ks_config_def sink_option_table[];

enum ddl_policy { POLICY_APPLY, POLICY_SKIP, POLICY_FAIL };

/* Owns: copies of the strings, filter, names. */
struct sink_options {
    char *ddl_topic;
    struct milvus_options milvus; /* its strings are owned here */
    struct name_map *names;
    struct name_filter *filter;
    enum ddl_policy policy[DDL_KIND_COUNT];
    bool always_upsert;
    bool dead_letters;  /* bad rows have somewhere to go: the host takes them (report_errant) */
    bool allow_missing; /* missing.records=skip */
    size_t threads;
    size_t buffer_bytes;
    size_t request_rows, request_bytes;
    int64_t lease_ms;
};

enum ks_status sink_options_parse(const struct ks_config *config, struct sink_options *ret,
                                  struct ks_error *err);
void sink_options_release(struct sink_options *o);
void sink_options_validate(const struct ks_config *config, const struct ks_config_issues *issues);

#endif
