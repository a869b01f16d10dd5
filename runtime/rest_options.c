/* Options of the REST interface. In: the worker's configuration; out: what the pieces of the server
 * take, with the listeners parsed but not opened. Next: rest_server. */
#include "rest_options.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

static enum ks_status add_ports(struct rest_options *o, const struct ks_config *config,
                                const char *option, unsigned serves, struct ks_error *err)
{
    char **urls;
    size_t count = ks_config_list(config, option, &urls);
    enum ks_status status = KS_OK;
    for (size_t i = 0; i < count && status == KS_OK; i++) {
        struct rest_port port = {.serves = serves};
        status = rest_listener_parse(urls[i], &port.listener, err);
        if (status != KS_OK) {
            ks_error_prefix(err, "%s", option);
            break;
        }
        o->ports = xgrow(o->ports, o->port_count, &o->port_cap, sizeof *o->ports);
        o->ports[o->port_count++] = port;
    }
    free(urls);
    return status;
}

/* admin.listeners: not given, the loggers are served where all else is; empty, nowhere; otherwise
 * only there. */
static enum ks_status read_ports(struct rest_options *o, const struct ks_config *config,
                                 struct ks_error *err)
{
    bool apart = ks_config_get(config, "admin.listeners") != NULL;
    enum ks_status status =
        add_ports(o, config, "listeners", REST_SERVES_API | (apart ? 0 : REST_SERVES_ADMIN), err);
    if (status == KS_OK && apart)
        status = add_ports(o, config, "admin.listeners", REST_SERVES_ADMIN, err);
    return status;
}

static const char *text_of(const struct ks_config *config, const char *option)
{
    const char *text = ks_config_get(config, option);
    return text && *text ? text : NULL;
}

static enum ks_status check_tls(const struct rest_options *o, struct ks_error *err)
{
    bool wanted = false;
    for (size_t i = 0; i < o->port_count; i++)
        wanted |= o->ports[i].listener.tls;
    if (wanted && (!o->certificate_file || !o->key_file))
        return ks_error_set(err, KS_ERR_FATAL,
                            "a https:// listener needs listeners.https.ssl.certificate.location "
                            "and listeners.https.ssl.key.location (PEM files)");
    return KS_OK;
}

enum ks_status rest_options_read(const struct worker_config *worker, struct rest_options *ret,
                                 struct ks_error *err)
{
    struct ks_config config = string_map_view(&worker->all);
    struct rest_options o = {
        .request_timeout_ms = ks_config_long(&config, "rest.request.timeout.ms", 90000),
        .client_timeout_ms = ks_config_long(&config, "rest.client.timeout.ms", 30000),
        .max_body_bytes = (size_t)ks_config_long(&config, "rest.max.body.bytes", 1048576),
        .max_header_bytes = (size_t)ks_config_long(&config, "rest.max.header.bytes", 16384),
        .max_connections = (size_t)ks_config_long(&config, "rest.max.connections", 500),
        .threads = (size_t)ks_config_long(&config, "rest.threads", 8),
        .certificate_file = text_of(&config, "listeners.https.ssl.certificate.location"),
        .key_file = text_of(&config, "listeners.https.ssl.key.location"),
        .client_ca_file = text_of(&config, "listeners.https.ssl.ca.location"),
        .users_file = text_of(&config, "rest.auth.users.file"),
        .tokens_file = text_of(&config, "rest.auth.tokens.file"),
        .health_open = ks_config_bool(&config, "rest.auth.health.open", false),
        .cors_origin = text_of(&config, "access.control.allow.origin"),
        .cors_methods = text_of(&config, "access.control.allow.methods"),
        .extra_headers = text_of(&config, "response.http.headers.config"),
    };
    o.read_only_count = ks_config_list(&config, "rest.auth.read.only", &o.read_only);
    enum ks_status status = read_ports(&o, &config, err);
    if (status == KS_OK)
        status = check_tls(&o, err);
    if (status == KS_OK)
        *ret = o;
    else
        rest_options_release(&o);
    return status;
}

void rest_options_release(struct rest_options *o)
{
    for (size_t i = 0; i < o->port_count; i++)
        rest_listener_release(&o->ports[i].listener);
    free(o->ports);
    free(o->read_only);
    *o = (struct rest_options){0};
}
