/* One call of a plugin, on a thread of its own, since it may hang. In: an offset somebody wants to
 * set; out: whether the class can do anything with it. Next: connector_offsets. */
#include "offset_check.h"

#include <stdlib.h>

#include "alloc.h"
#include "bounded_call.h"
#include "kitestream/sdk/util.h"
#include "string_map.h"

#define TIMEOUT_MS 10000

struct check {
    const struct ks_connector_class *cls;
    struct string_map config;
    char *partition, *offset;
    enum ks_status status;
    struct ks_error err;
};

static void run(void *arg)
{
    struct check *c = arg;
    struct ks_config view = string_map_view(&c->config);
    c->status = c->cls->check_offset(&view, c->partition, c->offset, &c->err);
}

static void release(void *arg)
{
    struct check *c = arg;
    string_map_release(&c->config);
    free(c->partition);
    free(c->offset);
    free(c);
}

static bool can_check(const struct ks_connector_class *cls)
{
    size_t needed = offsetof(struct ks_connector_class, check_offset) + sizeof cls->check_offset;
    return cls->struct_size >= needed && cls->check_offset;
}

enum ks_status offset_check(const struct ks_connector_class *cls, const struct ks_config *config,
                            const struct ks_source_offset *offset, struct ks_error *err)
{
    if (!can_check(cls))
        return KS_OK;
    struct check *c = xcalloc(1, sizeof *c);
    c->cls = cls;
    c->config = string_map_copy(config);
    c->partition = xstrdup(offset->partition_json);
    c->offset = offset->offset_json ? xstrdup(offset->offset_json) : NULL;
    const struct bounded_call_spec spec = {run, c, release, NULL, NULL};
    struct bounded_call *call = bounded_call_start(&spec);
    enum ks_status status;
    if (call && bounded_call_wait(call, TIMEOUT_MS)) {
        status = c->status;
        if (status != KS_OK)
            *err = c->err;
    } else {
        status = ks_error_set(err, KS_ERR_FATAL, "check_offset of %s has not returned for %d s",
                              cls->name, TIMEOUT_MS / 1000);
    }
    if (call)
        bounded_call_free(call);
    return status;
}
