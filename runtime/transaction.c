/* begin, offsets, commit, abort in; the verdict of librdkafka's error object out: retriable (the
 * outcome is open: the caller repeats the same call), must abort, or fatal. A process that dies in
 * commit leaves the outcome to the coordinator: either all of the transaction shows or nothing;
 * the next owner's init_transactions waits for it, and reads offsets only then. */
#include "transaction.h"

#include "kitestream/sdk/util.h"

static enum ks_status verdict(struct producer *p, const char *what, rd_kafka_error_t *take_error,
                              bool *ret_abort, struct ks_error *err)
{
    bool retriable = rd_kafka_error_is_retriable(take_error);
    bool abortable = rd_kafka_error_txn_requires_abort(take_error);
    /* A failed delivery says more than the transaction that it spoils. */
    enum ks_status status = producer_check(p, err);
    if (status == KS_OK)
        status = producer_error(p, what, rd_kafka_error_code(take_error),
                                rd_kafka_error_string(take_error), err);
    rd_kafka_error_destroy(take_error);
    if (abortable) {
        *ret_abort = true;
        if (status != KS_ERR_FATAL)
            status = KS_ERR_RESTART;
    } else if (retriable) {
        status = KS_ERR_RETRIABLE;
    } else if (status == KS_ERR_RETRIABLE) {
        status = KS_ERR_RESTART;
    }
    err->status = status;
    return status;
}

enum ks_status transaction_begin(struct producer *p, struct ks_error *err)
{
    bool abort_first;
    rd_kafka_error_t *error = rd_kafka_begin_transaction(producer_handle(p));
    return error ? verdict(p, "begin of a transaction", error, &abort_first, err) : KS_OK;
}

enum ks_status transaction_add_offsets(struct producer *p,
                                       const rd_kafka_topic_partition_list_t *offsets,
                                       const rd_kafka_consumer_group_metadata_t *group,
                                       int timeout_ms, bool *ret_abort, struct ks_error *err)
{
    rd_kafka_error_t *error =
        rd_kafka_send_offsets_to_transaction(producer_handle(p), offsets, group, timeout_ms);
    return error ? verdict(p, "group offsets of a transaction", error, ret_abort, err) : KS_OK;
}

enum ks_status transaction_commit(struct producer *p, int timeout_ms, bool *ret_abort,
                                  struct ks_error *err)
{
    rd_kafka_error_t *error = rd_kafka_commit_transaction(producer_handle(p), timeout_ms);
    return error ? verdict(p, "commit of a transaction", error, ret_abort, err) : KS_OK;
}

enum ks_status transaction_abort(struct producer *p, int timeout_ms, struct ks_error *err)
{
    bool again;
    rd_kafka_error_t *error = rd_kafka_abort_transaction(producer_handle(p), timeout_ms);
    if (error)
        return verdict(p, "abort of a transaction", error, &again, err);
    producer_reset(p);
    return KS_OK;
}
