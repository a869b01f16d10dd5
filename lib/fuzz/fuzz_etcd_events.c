/* etcd's answers: the first byte chooses a list (0) or a watch; a watch's messages follow each
 * other, two bytes of length (little-endian) before each. Checks what callers rely on: keys in
 * order, revisions that only grow, events that can be read. */
#include "etcd_events.h"

#include <stdlib.h>

static volatile uint8_t sink;

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void touch(struct ks_slice slice)
{
    check(slice.data != NULL);
    for (size_t i = 0; i < slice.len; i++)
        sink ^= ((const uint8_t *)slice.data)[i];
}

static enum ks_status touch_kv(void *arg, const struct etcd_kv *kv, struct ks_error *err)
{
    touch(kv->key);
    touch(kv->value);
    return KS_OK;
}

static void fuzz_list(const uint8_t *data, size_t len)
{
    struct etcd_page page = {0};
    struct ks_error err;
    enum ks_status status = etcd_page_decode(
        (struct ks_slice){data, len}, (struct ks_slice){"\0", 1}, touch_kv, NULL, &page, &err);
    check(status == KS_OK || status == KS_ERR_RETRIABLE);
    check(status != KS_OK || !page.more || page.next_key.len > 0);
    ks_buf_release(&page.next_key);
}

static void check_events(const struct etcd_assembly *assembly, int64_t before)
{
    int64_t last = before + 1;
    for (size_t i = 0; i < assembly->event_count; i++) {
        const struct etcd_event *event = &assembly->events[i];
        check(event->kv.mod_revision >= last);
        last = event->kv.mod_revision;
        touch_kv(NULL, &event->kv, NULL);
        if (event->has_prev)
            touch_kv(NULL, &event->prev, NULL);
    }
    check(assembly->event_count > 0 && assembly->delivered == last);
}

static void fuzz_watch(const uint8_t *data, size_t len)
{
    struct etcd_assembly assembly = {.delivered = 10};
    while (len >= 2) {
        size_t size = (size_t)(data[0] | data[1] << 8);
        if (size > len - 2)
            size = len - 2;
        int64_t before = assembly.delivered;
        enum etcd_says says = etcd_assembly_feed(&assembly, (struct ks_slice){data + 2, size});
        if (says == ETCD_SAYS_EVENTS)
            check_events(&assembly, before);
        check(assembly.delivered >= before);
        data += 2 + size;
        len -= 2 + size;
    }
    etcd_assembly_release(&assembly);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    if (data[0] == 0)
        fuzz_list(data + 1, len - 1);
    else
        fuzz_watch(data + 1, len - 1);
    return 0;
}
