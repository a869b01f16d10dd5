/* Errors that cross the plugin ABI: a status that says what the host does next, and one sentence
 * for a person: what happened, where, what to do. */
#ifndef KITESTREAM_ERROR_H
#define KITESTREAM_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

enum ks_status {
    KS_OK = 0,
    /* The same call may succeed later. The host waits (300 ms, doubling to 60 s) and repeats it. */
    KS_ERR_RETRIABLE = -1,
    /* This record or this value is bad; others are not. `errors.tolerance` decides. */
    KS_ERR_DATA = -2,
    /* The task cannot go on: it becomes FAILED and shows the message. */
    KS_ERR_FATAL = -3,
    /* What was produced since the last commit is void: the task is started again from its committed
     * state. An aborted transaction, a lost fence. */
    KS_ERR_RESTART = -4,
};

#define KS_ERROR_MESSAGE_MAX 1024

/* Owns: nothing. Filled by the callee on failure only; the caller may reuse it. */
struct ks_error {
    enum ks_status status;
    char message[KS_ERROR_MESSAGE_MAX]; /* UTF-8, no trailing newline, never a secret */
};

#ifdef __cplusplus
}
#endif
#endif
