/* Does the target of a task answer? Asked once, when the task is made. */
#ifndef RUNTIME_CDC_TARGET_H
#define RUNTIME_CDC_TARGET_H

#include "cdc_request.h"
#include "worker_config.h"

/* Connects, logs in, and asks who is there, within connect_timeout (5 s without one). What a
 * placeholder stands for is not known here: an address with one is not tried, a login with one
 * only as far as the server answers. Errors: DATA, never with a secret. */
enum ks_status cdc_target_milvus(const struct cdc_milvus *m, struct ks_error *err);
/* The brokers must be those of the worker's own Kafka, where the stream and its offsets share a
 * transaction. Errors: DATA; RETRIABLE when the worker's own brokers do not answer. */
enum ks_status cdc_target_kafka(const struct worker_config *worker, const struct cdc_kafka *k,
                                struct ks_error *err);

/* What the sink connector gets as milvus.token and milvus.tls.ca.file. The first: free(). */
char *cdc_milvus_token(const struct cdc_milvus *m);
const char *cdc_milvus_ca_file(const struct cdc_milvus *m);
bool cdc_milvus_has_tls_files(const struct cdc_milvus *m);

#endif
