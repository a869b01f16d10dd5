/* What the two files of the config store share: config_store.c reads, config_store_write.c writes.
 * Private to them. */
#ifndef RUNTIME_CONFIG_STORE_PARTS_H
#define RUNTIME_CONFIG_STORE_PARTS_H

#include <pthread.h>

#include "compacted_topic.h"
#include "config_table.h"

#define LOGGER_PREFIX "logger-cluster-"
#define NONCE_BYTES 8
#define NONCE_SIZE (2 * NONCE_BYTES + 1)

/* A writer that waits for its own record. */
struct nonce_waiter {
    char nonce[NONCE_SIZE];
    bool seen, refused;
    struct nonce_waiter *next;
};

struct config_store {
    const struct worker_config *worker;
    config_store_changed_fn *changed;
    void *changed_arg;
    struct compacted_topic *topic; /* NULL in tests */
    pthread_mutex_t write_lock;    /* a create never comes between the records of a deletion */
    pthread_mutex_t lock;          /* guards what follows */
    pthread_cond_t seen;
    bool is_open;     /* the topic has been read to its end */
    int64_t position; /* behind the last record that was read */
    struct config_table table;
    struct nonce_waiter *waiters;
};

#endif
