#include "helper_etcd_play.h"

#include "proto_wire.h"

static void add_operation(struct ks_buf *transaction, const struct etcd_event *event)
{
    struct ks_buf inner = {0}, operation = {0};
    wire_put_bytes(&inner, 1, event->kv.key.data, event->kv.key.len);
    if (!event->is_delete)
        wire_put_bytes(&inner, 2, event->kv.value.data, event->kv.value.len);
    wire_put_bytes(&operation, event->is_delete ? 3 : 2, inner.data, inner.len);
    wire_put_bytes(transaction, 2, operation.data, operation.len);
    ks_buf_release(&inner);
    ks_buf_release(&operation);
}

void etcd_recording_play(const struct etcd_recording *rec, struct test_etcd *etcd, size_t from,
                         size_t to)
{
    for (size_t at = from, next; at < to; at = next) {
        struct ks_buf transaction = {0};
        next = etcd_recording_next(rec, at);
        for (size_t i = at; i < next; i++)
            add_operation(&transaction, &rec->events[i]);
        test_etcd_call(etcd, "/etcdserverpb.KV/Txn", &transaction, NULL);
        ks_buf_release(&transaction);
    }
}

size_t etcd_recording_after(const struct etcd_recording *rec, int64_t revision)
{
    size_t at = 0;
    while (at < rec->count && rec->events[at].kv.mod_revision <= revision)
        at++;
    return at;
}
