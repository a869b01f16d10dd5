/* A recorded etcd watch as events, and catalogues compared as text. */
#ifndef SOURCE_TESTS_HELPER_ETCD_H
#define SOURCE_TESTS_HELPER_ETCD_H

#include "catalogue.h"
#include "etcd_client.h"
#include "meta_model.h"

#define GOLDEN_ETCD "golden/milvus-2.3.5/etcd.jsonl"

/* Sorted by revision. */
struct etcd_recording {
    struct etcd_event *events;
    size_t count;
};
struct etcd_recording etcd_recording_load(const char *path);
void etcd_recording_free(struct etcd_recording *rec);
/* First event of the next revision at or after `from`. */
size_t etcd_recording_next(const struct etcd_recording *rec, size_t from);

/* The state of etcd after the first `count` events, as a listing into the model. */
void etcd_recording_list(const struct etcd_recording *rec, size_t count, struct meta_model *m);

/* Everything in the catalogue, one line each, sorted. Owns: free. */
char *catalogue_text(const struct catalogue *c);
/* Applies the list to the catalogue (seq counted up), frees it; every DDL must change something. */
void catalogue_fold(struct catalogue *c, struct pending_ddl *take_list, int64_t *seq);

#endif
