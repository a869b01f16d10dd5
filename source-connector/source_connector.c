#include "source_connector.h"

#include "selection_online.h"
#include "source_offsets.h"
#include "source_options.h"
#include "source_task.h"

/* One task per connector: the order of the stream is one order (ordering §3). */
const struct ks_connector_class source_connector_class = {
    .struct_size = sizeof(struct ks_connector_class),
    .name = "io.kitestream.milvus.MilvusSourceConnector",
    .version = KITESTREAM_VERSION,
    .kind = KS_CLASS_SOURCE,
    .flags = KS_CLASS_OWN_TRANSACTIONS | KS_CLASS_OWN_ROUTING,
    .doc = "Reads what a Milvus cluster (2.3 to 2.5, with Kafka as its message queue) writes to "
           "its queue and to etcd, and publishes every change of rows and metadata, each exactly "
           "once and in one order. It only reads; the source needs no setting of its own.",
    .config_defs = source_option_table,
    .source = &source_task_ops,
    .validate = source_options_validate,
    .check_offset = source_offset_check,
    .validate_online = selection_validate_online,
};
