/* etcd's answers as bytes, turned into keys and events: no connection, nothing but decoding and
 * checking. Private to etcd_client.c and etcd_watch.c. */
#ifndef LIB_ETCD_EVENTS_H
#define LIB_ETCD_EVENTS_H

#include "etcd_client.h"

/* What one page of a list says of itself. */
struct etcd_page {
    int64_t revision; /* the cluster's, when the page was read */
    bool more;
    struct ks_buf next_key; /* where the next page starts; released by the caller */
};

/* Passes on the keys of a RangeResponse. Errors: RETRIABLE if the bytes are not one, or if its keys
 * are not in order from `start` on; whatever fn returns. */
enum ks_status etcd_page_decode(struct ks_slice bytes, struct ks_slice start, etcd_kv_fn *fn,
                                void *arg, struct etcd_page *page, struct ks_error *err);

/* Puts fragments together and keeps the order of revisions. Zero-initialised, `delivered` set. */
struct etcd_assembly {
    int64_t delivered;         /* the revision up to which everything has been handed out */
    struct etcd_event *events; /* of the last ETCD_SAYS_EVENTS; valid until the next feed */
    size_t event_count;
    size_t event_cap;
    void **parts; /* unpacked responses that the events point into */
    size_t part_count, part_cap;
    size_t part_bytes;
    bool handed_out;
    int64_t compact_revision;
    char reason[256]; /* of a cancelled watch, or what is wrong with the bytes */
};

enum etcd_says {
    ETCD_SAYS_NOTHING,  /* a fragment, or an empty message */
    ETCD_SAYS_CREATED,  /* the watch is established */
    ETCD_SAYS_EVENTS,   /* whole revisions; `delivered` has moved on */
    ETCD_SAYS_PROGRESS, /* no events, `delivered` may have moved on */
    ETCD_SAYS_CANCELED, /* reason; compact_revision > 0 if the start was compacted away */
    ETCD_SAYS_GARBAGE,  /* reason */
    ETCD_SAYS_TOO_MUCH, /* one answer exceeds 256 MiB */
};

/* One WatchResponse. */
enum etcd_says etcd_assembly_feed(struct etcd_assembly *assembly, struct ks_slice bytes);
/* Forgets the fragments of an answer that will not be completed (the connection broke). */
void etcd_assembly_drop(struct etcd_assembly *assembly);
void etcd_assembly_release(struct etcd_assembly *assembly);

#endif
