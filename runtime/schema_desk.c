/* Opens the schema store once. In: the worker's configuration; out: its store. Next: the handlers
 * of rest_registry_*.c. */
#include "schema_desk.h"

#include <pthread.h>
#include <stdlib.h>

#include "alloc.h"

struct schema_desk {
    const struct worker_config *worker;
    pthread_mutex_t lock;
    struct schema_store *store;
};

struct schema_desk *schema_desk_new(const struct worker_config *worker)
{
    struct schema_desk *d = xcalloc(1, sizeof *d);
    d->worker = worker;
    pthread_mutex_init(&d->lock, NULL);
    return d;
}

void schema_desk_free(struct schema_desk *d)
{
    if (!d)
        return;
    schema_store_close(d->store);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

enum ks_status schema_desk_store(struct schema_desk *d, struct schema_store **ret,
                                 struct ks_error *err)
{
    enum ks_status status = KS_OK;
    pthread_mutex_lock(&d->lock);
    if (!d->store)
        status = schema_store_open(d->worker, &d->store, err);
    if (status == KS_OK)
        *ret = d->store;
    pthread_mutex_unlock(&d->lock);
    return status;
}
