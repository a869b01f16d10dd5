/* etcd's answers. In: bytes from the network, trusted with nothing; out: keys in order, events in
 * whole revisions. etcd cuts a large answer into fragments, all but the last marked; revisions are
 * never split between answers, so a whole answer is whole revisions. Its header tells the store's
 * revision, which may be ahead of the events while a watch catches up: only the events count. */
#include "etcd_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "etcd.pb-c.h"
#include "kitestream/sdk/util.h"

#define ANSWER_MAX_BYTES (256 * 1024 * 1024)

static struct ks_slice slice_of(ProtobufCBinaryData bytes)
{
    return (struct ks_slice){bytes.len ? (const void *)bytes.data : "", bytes.len};
}

static struct etcd_kv kv_of(const Etcd__KeyValue *kv)
{
    return (struct etcd_kv){.key = slice_of(kv->key),
                            .value = slice_of(kv->value),
                            .create_revision = kv->create_revision,
                            .mod_revision = kv->mod_revision,
                            .version = kv->version};
}

static int compare(struct ks_slice a, struct ks_slice b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* ---- lists ---- */

static enum ks_status pass_on(const Etcd__RangeResponse *response, struct ks_slice start,
                              etcd_kv_fn *fn, void *arg, struct ks_error *err)
{
    struct ks_slice last = start;
    for (size_t i = 0; i < response->n_kvs; i++) {
        struct etcd_kv kv = kv_of(response->kvs[i]);
        int order = compare(kv.key, last);
        if (order < 0 || (order == 0 && i > 0))
            return ks_error_set(err, KS_ERR_RETRIABLE, "etcd's list is not in the order of keys");
        last = kv.key;
        enum ks_status status = fn(arg, &kv, err);
        if (status != KS_OK)
            return status;
    }
    return KS_OK;
}

enum ks_status etcd_page_decode(struct ks_slice bytes, struct ks_slice start, etcd_kv_fn *fn,
                                void *arg, struct etcd_page *page, struct ks_error *err)
{
    Etcd__RangeResponse *response = etcd__range_response__unpack(NULL, bytes.len, bytes.data);
    if (!response || !response->header || (response->more && response->n_kvs == 0)) {
        if (response)
            etcd__range_response__free_unpacked(response, NULL);
        return ks_error_set(err, KS_ERR_RETRIABLE, "etcd's answer to a list makes no sense");
    }
    enum ks_status status = pass_on(response, start, fn, arg, err);
    if (status == KS_OK) {
        page->revision = response->header->revision;
        page->more = response->more;
        ks_buf_reset(&page->next_key);
        if (response->more) {
            ProtobufCBinaryData last = response->kvs[response->n_kvs - 1]->key;
            ks_buf_add(&page->next_key, last.data, last.len);
            ks_buf_add_byte(&page->next_key, 0);
        }
    }
    etcd__range_response__free_unpacked(response, NULL);
    return status;
}

/* ---- watches ---- */

static enum etcd_says garbage(struct etcd_assembly *assembly, const char *reason)
{
    snprintf(assembly->reason, sizeof(assembly->reason), "%s", reason);
    etcd_assembly_drop(assembly);
    return ETCD_SAYS_GARBAGE;
}

void etcd_assembly_drop(struct etcd_assembly *assembly)
{
    for (size_t i = 0; i < assembly->part_count; i++)
        etcd__watch_response__free_unpacked(assembly->parts[i], NULL);
    assembly->part_count = 0;
    assembly->part_bytes = 0;
    assembly->event_count = 0;
    assembly->handed_out = false;
}

void etcd_assembly_release(struct etcd_assembly *assembly)
{
    etcd_assembly_drop(assembly);
    free(assembly->parts);
    free(assembly->events);
    *assembly = (struct etcd_assembly){0};
}

static bool add_event(struct etcd_assembly *assembly, const Etcd__WatchEvent *from)
{
    int64_t previous = assembly->event_count
                           ? assembly->events[assembly->event_count - 1].kv.mod_revision
                           : assembly->delivered + 1;
    if (!from->kv || from->kv->mod_revision < previous ||
        (from->type != ETCD__WATCH_EVENT__TYPE__PUT &&
         from->type != ETCD__WATCH_EVENT__TYPE__DELETE))
        return false;
    struct etcd_event event = {.is_delete = from->type == ETCD__WATCH_EVENT__TYPE__DELETE,
                               .kv = kv_of(from->kv),
                               .has_prev = from->prev_kv != NULL};
    if (from->prev_kv)
        event.prev = kv_of(from->prev_kv);
    assembly->events = xgrow(assembly->events, assembly->event_count, &assembly->event_cap,
                             sizeof(*assembly->events));
    assembly->events[assembly->event_count++] = event;
    return true;
}

/* The last fragment is there. */
static enum etcd_says hand_out(struct etcd_assembly *assembly)
{
    for (size_t i = 0; i < assembly->part_count; i++) {
        const Etcd__WatchResponse *part = assembly->parts[i];
        for (size_t k = 0; k < part->n_events; k++)
            if (!add_event(assembly, part->events[k]))
                return garbage(assembly,
                               "events without a key, of an unknown type or out of order");
    }
    assembly->handed_out = true;
    if (assembly->event_count == 0)
        return ETCD_SAYS_NOTHING;
    assembly->delivered = assembly->events[assembly->event_count - 1].kv.mod_revision;
    return ETCD_SAYS_EVENTS;
}

static enum etcd_says canceled(struct etcd_assembly *assembly, Etcd__WatchResponse *response)
{
    snprintf(assembly->reason, sizeof(assembly->reason), "%s", response->cancel_reason);
    assembly->compact_revision = response->compact_revision;
    etcd__watch_response__free_unpacked(response, NULL);
    return ETCD_SAYS_CANCELED;
}

static enum etcd_says without_events(struct etcd_assembly *assembly, Etcd__WatchResponse *response)
{
    enum etcd_says says = response->created ? ETCD_SAYS_CREATED : ETCD_SAYS_PROGRESS;
    /* With fragments outstanding the header is ahead of what has been handed out. */
    if (says == ETCD_SAYS_PROGRESS && assembly->part_count == 0 && response->header &&
        response->header->revision > assembly->delivered)
        assembly->delivered = response->header->revision;
    etcd__watch_response__free_unpacked(response, NULL);
    return says;
}

enum etcd_says etcd_assembly_feed(struct etcd_assembly *assembly, struct ks_slice bytes)
{
    if (assembly->handed_out)
        etcd_assembly_drop(assembly);
    Etcd__WatchResponse *response = etcd__watch_response__unpack(NULL, bytes.len, bytes.data);
    if (!response)
        return garbage(assembly, "the bytes are not a WatchResponse");
    if (response->canceled)
        return canceled(assembly, response);
    if (response->n_events == 0 && !response->fragment)
        return without_events(assembly, response);
    assembly->parts =
        xgrow(assembly->parts, assembly->part_count, &assembly->part_cap, sizeof(*assembly->parts));
    assembly->parts[assembly->part_count++] = response;
    assembly->part_bytes += bytes.len;
    if (assembly->part_bytes > ANSWER_MAX_BYTES) {
        etcd_assembly_drop(assembly);
        return ETCD_SAYS_TOO_MUCH;
    }
    return response->fragment ? ETCD_SAYS_NOTHING : hand_out(assembly);
}
