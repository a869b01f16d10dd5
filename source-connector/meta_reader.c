/* Milvus' metadata in etcd, followed. In: the etcd of the source; out: pending DDL. Next: the
 * sequencer.
 *
 * The list reads the metadata's prefix at one revision, the watch goes on behind it. The watch
 * covers the whole key space, because etcd's revision counts every key: only so is "delivered"
 * exact. Where etcd permits only the prefix, progress notifications are asked for instead. The
 * content of a barrier's read is never used: the watch would go backwards. Nothing is durable here.
 */
#include "meta_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "etcd_endpoints.h"
#include "kitestream/sdk/util.h"

#define PROGRESS_PAUSE_MS 100
#define FOUND_MAX 8

struct meta_reader {
    struct etcd_client *client;
    struct etcd_watch *watch; /* NULL before the first list */
    struct meta_model *model;
    char *endpoints, *prefix, *root_coord; /* as configured; "<root>/<meta>/"; that + root-coord/ */
    bool prefix_only, compacted;
    int64_t delivered, barrier;
    int64_t progress_mono_ms; /* when progress was asked for last */
    int64_t alive_mono_ms;    /* when etcd last showed that nothing is missing; 0: never */
    size_t root_coord_keys;
};

/* ---- options ---- */

static char *trimmed(const char *path)
{
    size_t from = 0, to = strlen(path ? path : "");
    while (from < to && path[from] == '/')
        from++;
    while (to > from && path[to - 1] == '/')
        to--;
    return xstrndup(path ? path + from : "", to - from);
}

static char *meta_prefix(const struct ks_config *config)
{
    char *root = trimmed(ks_config_get(config, "milvus.etcd.root.path"));
    char *sub = trimmed(ks_config_get(config, "milvus.etcd.meta.sub.path"));
    char *prefix = xasprintf("%s%s%s%s", root, *root ? "/" : "", sub, *sub ? "/" : "");
    free(root);
    free(sub);
    return prefix;
}

static const char *unless_empty(const struct ks_config *config, const char *key)
{
    const char *value = ks_config_get(config, key);
    return value && *value ? value : NULL;
}

static enum ks_status open_client(const struct ks_config *config, int64_t limit_ms,
                                  struct etcd_client **ret, struct ks_error *err)
{
    struct etcd_endpoints endpoints;
    enum ks_status status = etcd_endpoints_parse(config, &endpoints, err);
    if (status)
        return status;
    struct etcd_options options = {
        .endpoints = (const char *const *)endpoints.targets,
        .endpoint_count = endpoints.count,
        .username = unless_empty(config, "milvus.etcd.username"),
        .password = ks_config_get(config, "milvus.etcd.password"),
        .tls = {.enabled = endpoints.tls,
                .ca_file = unless_empty(config, "milvus.etcd.tls.ca.file"),
                .cert_file = unless_empty(config, "milvus.etcd.tls.cert.file"),
                .key_file = unless_empty(config, "milvus.etcd.tls.key.file"),
                .server_name = unless_empty(config, "milvus.etcd.tls.server.name")},
        /* So that a server that is silent leaves time for the next one. */
        .call_timeout_ms = limit_ms / 2,
        .limit_ms = limit_ms,
    };
    status = etcd_client_open(&options, ret, err);
    etcd_endpoints_release(&endpoints);
    return status;
}

static enum ks_status open_reader(const struct ks_config *config, int64_t limit_ms,
                                  struct meta_reader **ret, struct ks_error *err)
{
    struct etcd_client *client;
    enum ks_status status = open_client(config, limit_ms, &client, err);
    if (status != KS_OK)
        return status;
    struct meta_reader *r = xcalloc(1, sizeof(*r));
    r->client = client;
    r->endpoints = xstrdup(ks_config_get(config, "milvus.etcd.endpoints"));
    r->prefix = meta_prefix(config);
    r->root_coord = xasprintf("%sroot-coord/", r->prefix);
    r->model = meta_model_new(r->prefix);
    *ret = r;
    return KS_OK;
}

enum ks_status meta_reader_open(const struct ks_config *config, struct meta_reader **ret,
                                struct ks_error *err)
{
    return open_reader(config, 0, ret, err);
}

void meta_reader_close(struct meta_reader *r)
{
    if (!r)
        return;
    etcd_watch_close(r->watch);
    etcd_client_close(r->client);
    meta_model_free(r->model);
    free(r->endpoints);
    free(r->prefix);
    free(r->root_coord);
    free(r);
}

struct meta_model *meta_reader_model(struct meta_reader *r)
{
    return r->model;
}

/* ---- a wrong root path ---- */

struct found {
    char *prefixes[FOUND_MAX];
    size_t count;
};

/* Remembers what stands in front of "root-coord/". */
static enum ks_status note_prefix(void *arg, const struct etcd_kv *kv, struct ks_error *err)
{
    static const char mark[] = "/root-coord/database/";
    struct found *found = arg;
    const char *at = memmem(kv->key.data, kv->key.len, mark, strlen(mark));
    if (!at || found->count == FOUND_MAX)
        return KS_OK;
    size_t len = (size_t)(at - (const char *)kv->key.data);
    /* Snapshots are below <root>/<meta>/snapshots/. */
    static const char snapshots[] = "/snapshots";
    size_t tail = strlen(snapshots);
    if (len > tail && memcmp((const char *)kv->key.data + len - tail, snapshots, tail) == 0)
        return KS_OK;
    for (size_t i = 0; i < found->count; i++)
        if (strlen(found->prefixes[i]) == len && memcmp(found->prefixes[i], kv->key.data, len) == 0)
            return KS_OK;
    found->prefixes[found->count++] = xstrndup(kv->key.data, len);
    return KS_OK;
}

static enum ks_status no_metadata(struct meta_reader *r, struct ks_error *err)
{
    struct found found = {0};
    struct ks_buf list = {0};
    int64_t revision;
    bool compacted;
    enum ks_status listed =
        etcd_list(r->client, "", 0, note_prefix, &found, &revision, &compacted, NULL);
    for (size_t i = 0; i < found.count; i++) {
        ks_buf_printf(&list, "%s%s/", i ? ", " : "", found.prefixes[i]);
        free(found.prefixes[i]);
    }
    const char *hint = found.count > 0   ? ks_buf_str(&list)
                       : listed == KS_OK ? "nowhere in this etcd"
                                         : "(this user may not look elsewhere)";
    if (meta_model_key_count(r->model) > 0)
        ks_error_set(err, KS_ERR_FATAL,
                     "etcd at %s has keys below \"%s\", but no collections or databases: is "
                     "metastore.type of this Milvus something other than etcd? That is not "
                     "supported. Metadata found below: %s",
                     r->endpoints, r->prefix, hint);
    else
        ks_error_set(err, KS_ERR_FATAL,
                     "etcd at %s has no Milvus metadata below \"%s\" (milvus.etcd.root.path, "
                     "milvus.etcd.meta.sub.path). Metadata found below: %s",
                     r->endpoints, r->prefix, hint);
    ks_buf_release(&list);
    return KS_ERR_FATAL;
}

/* ---- list ---- */

static enum ks_status take_kv(void *arg, const struct etcd_kv *kv, struct ks_error *err)
{
    struct meta_reader *r = arg;
    size_t len = strlen(r->root_coord);
    r->root_coord_keys += kv->key.len >= len && memcmp(kv->key.data, r->root_coord, len) == 0;
    return meta_model_list_kv(r->model, kv, err);
}

static enum ks_status open_watch(struct meta_reader *r, struct ks_error *err)
{
    etcd_watch_close(r->watch);
    r->watch = NULL;
    return etcd_watch_open(r->client, r->prefix_only ? r->prefix : "", r->delivered + 1,
                           r->prefix_only, &r->watch, err);
}

enum ks_status meta_reader_list(struct meta_reader *r, int64_t revision, int64_t *ret_revision,
                                bool *ret_compacted, struct ks_error *err)
{
    int64_t at;
    r->root_coord_keys = 0;
    meta_model_list_begin(r->model);
    enum ks_status status =
        etcd_list(r->client, r->prefix, revision, take_kv, r, &at, ret_compacted, err);
    if (*ret_compacted)
        return KS_OK;
    if (status == KS_OK && r->root_coord_keys == 0)
        status = no_metadata(r, err);
    if (status == KS_OK)
        status = meta_model_list_end(r->model, at, err);
    if (status != KS_OK)
        return status;
    r->delivered = at;
    r->barrier = 0;
    r->compacted = false;
    r->alive_mono_ms = clock_mono_ms();
    *ret_revision = at;
    return open_watch(r, err);
}

enum ks_status meta_reader_look(const struct ks_config *config, int64_t limit_ms,
                                struct meta_reader **ret, struct ks_error *err)
{
    struct meta_reader *r;
    int64_t at;
    bool compacted;
    enum ks_status status = open_reader(config, limit_ms, &r, err);
    if (status)
        return status;
    meta_model_list_begin(r->model);
    status = etcd_list(r->client, r->root_coord, 0, take_kv, r, &at, &compacted, err);
    if (!status)
        status = meta_model_list_end(r->model, at, err);
    if (status)
        meta_reader_close(r);
    else
        *ret = r;
    return status;
}

/* ---- watch ---- */

/* The whole key space is forbidden: what is left is the prefix. */
static enum ks_status narrow_watch(struct meta_reader *r, struct ks_error *err)
{
    char version[32];
    struct ks_error why = *err;
    enum ks_status status = etcd_version(r->client, version, sizeof version, err);
    if (status != KS_OK)
        return status;
    if (!etcd_progress_is_exact(version))
        return ks_error_set(err, KS_ERR_FATAL,
                            "etcd at %s does not let this user read the whole key space (%s), and "
                            "its version %s is too old to do without: use etcd 3.4.31, 3.5.13 or "
                            "newer, or grant the user read permission on all keys",
                            r->endpoints, why.message, version);
    r->prefix_only = true;
    return open_watch(r, err);
}

static void ask_for_progress(struct meta_reader *r)
{
    int64_t now = clock_mono_ms();
    if (!r->prefix_only || r->delivered >= r->barrier ||
        now - r->progress_mono_ms < PROGRESS_PAUSE_MS)
        return;
    /* Trouble shows in the next batch; not connected yet is no trouble. */
    if (etcd_watch_request_progress(r->watch, NULL) == KS_OK)
        r->progress_mono_ms = now;
}

enum ks_status meta_reader_poll(struct meta_reader *r, int64_t timeout_ms,
                                struct pending_ddl **list, struct ks_error *err)
{
    struct etcd_watch_batch batch = {0};
    if (!r->watch)
        return ks_error_set(err, KS_ERR_FATAL, "the metadata has not been listed yet");
    ask_for_progress(r);
    if (r->prefix_only && r->delivered < r->barrier && timeout_ms > PROGRESS_PAUSE_MS)
        timeout_ms = PROGRESS_PAUSE_MS;
    enum ks_status status = etcd_watch_next(r->watch, timeout_ms, &batch, err);
    if (status == KS_ERR_FATAL && !r->prefix_only)
        return narrow_watch(r, err);
    if (status != KS_OK)
        return status;
    if (batch.compacted_revision > 0) {
        r->compacted = true;
        return KS_OK;
    }
    status = meta_model_events(r->model, batch.events, batch.event_count, list, err);
    if (status != KS_OK)
        return status;
    if (batch.revision > r->delivered)
        r->alive_mono_ms = clock_mono_ms();
    r->delivered = batch.revision;
    return KS_OK;
}

int64_t meta_reader_delivered(const struct meta_reader *r)
{
    return r->delivered;
}

bool meta_reader_compacted(const struct meta_reader *r)
{
    return r->compacted;
}

enum ks_status meta_reader_barrier(struct meta_reader *r, int64_t *ret_revision,
                                   struct ks_error *err)
{
    int64_t revision;
    enum ks_status status = etcd_revision(r->client, &revision, err);
    if (status == KS_ERR_FATAL && !r->prefix_only && r->watch) {
        status = narrow_watch(r, err);
        if (status == KS_OK)
            status = etcd_revision(r->client, &revision, err);
    }
    if (status != KS_OK)
        return status;
    if (revision < r->delivered)
        return ks_error_set(err, KS_ERR_FATAL,
                            "etcd at %s went back from revision %" PRId64 " to %" PRId64
                            ": was it restored from a backup?",
                            r->endpoints, r->delivered, revision);
    if (revision == r->delivered)
        r->alive_mono_ms = clock_mono_ms();
    r->barrier = revision;
    *ret_revision = revision;
    return KS_OK;
}

int64_t meta_reader_silent_ms(const struct meta_reader *r)
{
    return r->alive_mono_ms ? clock_mono_ms() - r->alive_mono_ms : 0;
}
