#include "sink_connector.h"

#include "sink_options.h"
#include "sink_task.h"

/* One task per connector: one consumer, one state, one lease (ordering §5). */
const struct ks_connector_class sink_connector_class = {
    .struct_size = sizeof(struct ks_connector_class),
    .name = "io.kitestream.milvus.MilvusSinkConnector",
    .version = KITESTREAM_VERSION,
    .kind = KS_CLASS_SINK,
    .flags = KS_CLASS_OWN_ASSIGNMENT,
    .doc = "Applies a change stream of Kitestream to a Milvus through its public API: metadata and "
           "rows in the source's order, without duplicates after a crash. The target is an "
           "ordinary, writable Milvus and stays one.",
    .config_defs = sink_option_table,
    .sink = &sink_task_ops,
    .validate = sink_options_validate,
};
