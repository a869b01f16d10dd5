/* The source connector's options: the table, and the values the task works with. */
#ifndef SOURCE_OPTIONS_H
#define SOURCE_OPTIONS_H

#include "field_rules.h"
#include "kitestream/config.h"
#include "name_filter.h"
#include "row_events.h"

extern const struct ks_config_def source_option_table[];

enum start_from { START_LATEST, START_EARLIEST, START_TIME };

/* Owns: copies of the strings, filters and rules. Stays where it was parsed to: `change` points
 * into it. */
struct source_options {
    char *prefix;
    char *cluster;
    char *replicate_channel; /* NULL: from the pchannels' prefix */
    enum start_from start_from;
    int64_t start_ms;
    bool skip_replicated;
    int64_t heartbeat_ms;
    int32_t topic_partitions; /* 0: the collection's shards */
    size_t gate_max_bytes;
    size_t fetch_bytes;
    size_t transaction_rows, transaction_bytes;
    int64_t transaction_ms;
    struct change_options change;
    struct name_filter *filter;
    struct field_rules fields;
    struct row_filters *rows;
};

enum ks_status source_options_parse(const struct ks_config *config, struct source_options *ret,
                                    struct ks_error *err);
void source_options_release(struct source_options *o);
/* validate op of the connector. */
void source_options_validate(const struct ks_config *config, const struct ks_config_issues *issues);

#endif
