/* worker.yaml. In: a file with Connect's worker option names; out: the typed configuration of this
 * process, complete with defaults, placeholders resolved (so `all` may hold secrets: never print
 * it). Next: everything in the runtime borrows it for the life of the process. */
#include "worker_config.h"

#include <librdkafka/rdkafka.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "config_def.h"
#include "file_text.h"
#include "kafka_options.h"
#include "kitestream/sdk/util.h"
#include "yaml_node.h"

/* While a file is read: options with the lines they stand in. */
struct reading {
    const char *path;
    struct string_map options;
    struct string_map written; /* with placeholders */
    struct string_map lines;   /* option -> line, as text */
};

static enum ks_status take_option(void *arg, const char *option, const char *value, int line,
                                  struct ks_error *err)
{
    struct reading *r = arg;
    const char *first = string_map_get(&r->lines, option);
    if (first)
        return ks_error_set(err, KS_ERR_FATAL,
                            "%s:%d: \"%.200s\" is there twice; the first is in line %s", r->path,
                            line, option, first);
    char text[16];
    snprintf(text, sizeof text, "%d", line);
    string_map_set(&r->options, option, value);
    string_map_set(&r->written, option, value);
    string_map_set(&r->lines, option, text);
    return KS_OK;
}

static enum ks_status read_file(struct reading *r, struct ks_error *err)
{
    char *text = NULL;
    size_t len;
    enum ks_status status = file_text_read(r->path, YAML_MAX_BYTES, &text, &len, err);
    if (status != KS_OK) {
        ks_error_prefix(err, "%s", r->path);
        return status;
    }
    struct ks_arena arena = {0};
    const struct yaml_node *root;
    status = yaml_parse(r->path, text, len, &arena, &root, err);
    if (status == KS_OK && root->kind == YAML_MAP)
        status = yaml_flatten(r->path, root, take_option, r, err);
    else if (status == KS_OK && !root->is_null)
        status =
            ks_error_set(err, KS_ERR_FATAL, "%s:%d: this is %s; a worker file is a map of options",
                         r->path, root->line, yaml_kind_name(root));
    ks_arena_release(&arena);
    free(text);
    return status;
}

/* What to say of one issue. A value that came out of a placeholder is not shown: it may be a secret
 * that stands in the wrong option. */
static char *issue_text(const struct reading *r, const struct config_issue *issue)
{
    const char *line = string_map_get(&r->lines, issue->option);
    const char *written = string_map_get(&r->written, issue->option);
    bool is_resolved = written && config_has_placeholder(written);
    return xasprintf("%s:%s: %.700s", r->path, line ? line : "1",
                     is_resolved ? "what this placeholder stands for does not fit the option"
                                 : issue->message);
}

/* The first problem with its place, and how many more there are. */
static enum ks_status check(const struct reading *r, struct ks_error *err)
{
    const struct ks_config_def *tables[] = {worker_config_table(), NULL};
    struct config_issues issues = {0};
    struct ks_config view = string_map_view(&r->options);
    config_def_check(tables, &view, &issues);
    enum ks_status status = KS_OK;
    if (issues.count > 0) {
        char *text = issue_text(r, &issues.list[0]);
        status = issues.count == 1
                     ? ks_error_set(err, KS_ERR_FATAL, "%s", text)
                     : ks_error_set(err, KS_ERR_FATAL, "%s (and %zu more)", text, issues.count - 1);
        free(text);
    }
    config_issues_release(&issues);
    return status;
}

static char *text_of(const struct ks_config *config, const char *option)
{
    const char *value = ks_config_get(config, option);
    return xstrdup(value ? value : "");
}

static enum ks_log_level level_of(const char *name)
{
    static const char *const names[] = {"error", "warn", "info", "debug", "trace"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum ks_log_level)i;
    return KS_LOG_INFO;
}

/* host:port after "http://"; without a port the process's number makes it this worker's. */
static char *make_worker_id(const struct ks_config *config, uint16_t real_port)
{
    char **listeners;
    size_t count = ks_config_list(config, "listeners", &listeners);
    const char *address = count > 0 ? listeners[0] : "";
    const char *scheme_end = strstr(address, "://");
    if (scheme_end)
        address = scheme_end + 3;
    const char *colon = strrchr(address, ':');
    int64_t port = ks_config_long(config, "rest.advertised.port", colon ? atoi(colon + 1) : 0);
    const char *host = ks_config_get(config, "rest.advertised.host.name");
    char own_host[256] = "localhost";
    char *from_listener = colon ? xstrndup(address, (size_t)(colon - address)) : xstrdup("");
    if (!host || !*host)
        host = from_listener;
    if (!*host || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "[::]") == 0) {
        (void)gethostname(own_host, sizeof own_host - 1);
        host = own_host;
    }
    if (port <= 0)
        port = real_port > 0 ? real_port : getpid();
    char *id = xasprintf("%s:%lld", host, (long long)port);
    free(from_listener);
    free(listeners);
    return id;
}

static void fill_plugin_path(struct worker_config *c, const struct ks_config *config)
{
    char **dirs;
    c->plugin_path_count = ks_config_list(config, "plugin.path", &dirs);
    c->plugin_path = xcalloc(c->plugin_path_count + 1, sizeof *c->plugin_path);
    for (size_t i = 0; i < c->plugin_path_count; i++)
        c->plugin_path[i] = xstrdup(dirs[i]);
    free(dirs);
}

/* Beside the program, so that an installation may be moved; else where it was built to be. */
static char *default_plugin_dir(void)
{
    char exe[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(exe, '/');
    if (slash)
        *slash = '\0';
    char *beside = xasprintf("%s/%s", exe, KITESTREAM_PLUGIN_DIR_FROM_BIN);
    char *resolved = slash ? realpath(beside, NULL) : NULL;
    free(beside);
    return resolved ? resolved : xstrdup(KITESTREAM_PLUGIN_DIR);
}

static void fill_members(struct worker_config *c)
{
    struct ks_config config = string_map_view(&c->all);
    c->bootstrap_servers = text_of(&config, "bootstrap.servers");
    c->group_id = text_of(&config, "group.id");
    c->config_topic = text_of(&config, "config.storage.topic");
    c->offset_topic = text_of(&config, "offset.storage.topic");
    c->status_topic = text_of(&config, "status.storage.topic");
    c->schema_topic = text_of(&config, "schema.storage.topic");
    c->config_replication = (int)ks_config_long(&config, "config.storage.replication.factor", 3);
    c->offset_replication = (int)ks_config_long(&config, "offset.storage.replication.factor", 3);
    c->status_replication = (int)ks_config_long(&config, "status.storage.replication.factor", 3);
    c->offset_partitions = (int)ks_config_long(&config, "offset.storage.partitions", 25);
    c->status_partitions = (int)ks_config_long(&config, "status.storage.partitions", 5);
    c->worker_id = make_worker_id(&config, 0);
    fill_plugin_path(c, &config);
    c->exactly_once_source =
        strcmp(ks_config_get(&config, "exactly.once.source.support"), "enabled") == 0;
    c->transaction_timeout_ms = ks_config_long(&config, "transaction.timeout.ms", 15000);
    c->offset_flush_interval_ms = ks_config_long(&config, "offset.flush.interval.ms", 5000);
    c->graceful_stop_ms = ks_config_long(&config, "task.shutdown.graceful.timeout.ms", 8000);
    c->hang_timeout_ms = ks_config_long(&config, "task.hang.timeout.ms", 30000);
    c->stall_timeout_ms = ks_config_long(&config, "task.stall.timeout.ms", 60000);
    c->topic_tracking = ks_config_bool(&config, "topic.tracking.enable", true);
    c->topic_tracking_reset = ks_config_bool(&config, "topic.tracking.allow.reset", true);
    c->log_level = level_of(ks_config_get(&config, "log.level"));
    c->log_json = strcmp(ks_config_get(&config, "log.format"), "json") == 0;
}

/* What is for connectors is resolved when those start: until then nobody sees a secret. */
static bool is_for_connectors(const char *option)
{
    return strncmp(option, "cdc.source.", 11) == 0;
}

static enum ks_status resolve_own(struct reading *r, struct ks_error *err)
{
    for (size_t i = 0; i < r->written.count; i++)
        if (is_for_connectors(r->written.entries[i].key))
            string_map_remove(&r->options, r->written.entries[i].key);
    enum ks_status status = config_resolve(&r->options, err);
    for (size_t i = 0; i < r->written.count; i++)
        if (is_for_connectors(r->written.entries[i].key))
            string_map_set(&r->options, r->written.entries[i].key, r->written.entries[i].value);
    return status;
}

enum ks_status worker_config_load(const char *path, struct worker_config *ret, struct ks_error *err)
{
    struct reading r = {.path = path};
    enum ks_status status = path ? read_file(&r, err) : KS_OK;
    if (status == KS_OK)
        status = check(&r, err);
    if (status == KS_OK) {
        status = resolve_own(&r, err);
        if (status != KS_OK)
            ks_error_prefix(err, "%s", path);
    }
    /* What a placeholder stood for has a type as well. */
    if (status == KS_OK)
        status = check(&r, err);
    if (status == KS_OK) {
        const struct ks_config_def *tables[] = {worker_config_table(), NULL};
        config_def_fill(tables, &r.options);
        if (!string_map_get(&r.options, "plugin.path")) {
            char *dir = default_plugin_dir();
            string_map_set(&r.options, "plugin.path", dir);
            free(dir);
        }
        *ret = (struct worker_config){.all = r.options};
        r.options = (struct string_map){0};
        fill_members(ret);
    }
    string_map_release(&r.options);
    string_map_release(&r.written);
    string_map_release(&r.lines);
    return status;
}

void worker_config_set_port(struct worker_config *c, uint16_t port)
{
    struct ks_config config = string_map_view(&c->all);
    free(c->worker_id);
    c->worker_id = make_worker_id(&config, port);
}

void worker_config_release(struct worker_config *c)
{
    string_map_release(&c->all);
    free(c->bootstrap_servers);
    free(c->group_id);
    free(c->config_topic);
    free(c->offset_topic);
    free(c->status_topic);
    free(c->schema_topic);
    free(c->worker_id);
    for (size_t i = 0; i < c->plugin_path_count; i++)
        free(c->plugin_path[i]);
    free(c->plugin_path);
    *c = (struct worker_config){0};
}

/* Options of the worker that are for every Kafka client as they stand. */
static bool is_client_option(const char *option)
{
    return strcmp(option, "bootstrap.servers") == 0 || strcmp(option, "client.id") == 0 ||
           strcmp(option, "security.protocol") == 0 || strncmp(option, "sasl.", 5) == 0 ||
           strncmp(option, "ssl.", 4) == 0;
}

static struct string_map client_options(const struct string_map *all)
{
    struct string_map options = {0};
    for (size_t i = 0; i < all->count; i++)
        if (is_client_option(all->entries[i].key))
            string_map_set(&options, all->entries[i].key, all->entries[i].value);
    return options;
}

enum ks_status worker_kafka_conf(const struct worker_config *c, const char *role_prefix,
                                 const struct ks_config *connector, const char *override_prefix,
                                 struct rd_kafka_conf_s **ret, struct ks_error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    struct string_map common = client_options(&c->all);
    struct ks_config common_view = string_map_view(&common);
    struct ks_config all = string_map_view(&c->all);
    enum ks_status status = kafka_options_apply(conf, &common_view, "", err);
    if (status == KS_OK && role_prefix)
        status = kafka_options_apply(conf, &all, role_prefix, err);
    if (status == KS_OK && connector && override_prefix)
        status = kafka_options_apply(conf, connector, override_prefix, err);
    string_map_release(&common);
    if (status == KS_OK)
        *ret = conf;
    else
        rd_kafka_conf_destroy(conf);
    return status;
}
