/* Any bytes as a request: "METHOD target", content type, accept, authorization, one a line, then
 * the body. Routed as the server does; handlers that need no Kafka are called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rest_auth.h"
#include "rest_router.h"

static char *take_line(const uint8_t **data, size_t *size)
{
    const uint8_t *end = memchr(*data, '\n', *size);
    size_t len = end ? (size_t)(end - *data) : *size;
    char *line = strndup((const char *)*data, len);
    size_t used = len + (end != NULL);
    *data += used;
    *size -= used;
    return line;
}

/* An answer must be one that can be sent. */
static void check_answer(const struct rest_response *res)
{
    if (res->status != 0 && (res->status < 200 || res->status > 599))
        abort();
    if (!res->json)
        return;
    char *text = json_dumps(res->json, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        abort();
    free(text);
}

/* Nobody guesses these, so whoever gets in went around. */
static void log_in(const char *authorization)
{
    static struct rest_auth *auth;
    if (!auth) {
        static char path[] = "/tmp/fuzz-logins-XXXXXX";
        int fd = mkstemp(path);
        dprintf(fd, "alice=7f3c9a52-e6b1-4d0f\nbob=e21b0c44-93ad-4c7e\n");
        close(fd);
        static struct rest_options options;
        options.users_file = options.tokens_file = path;
        struct ks_error err;
        if (rest_auth_open(&options, &auth, &err) != KS_OK)
            abort();
        unlink(path);
    }
    if (rest_auth_check(auth, authorization, true) != REST_AUTH_NO)
        abort();
}

static void ask(const char *method, const char *target, const char *type, const char *accept,
                const uint8_t *body, size_t body_len)
{
    static struct worker_config worker;
    static struct plugin_set *plugins;
    if (!plugins) {
        plugins = plugin_set_load(NULL, 0);
        worker.bootstrap_servers = "";
    }
    const struct rest_context ctx = {.worker = &worker, .plugins = plugins, .kafka_cluster_id = ""};
    struct rest_call call;
    struct rest_response res = {0};
    bool found = rest_router_find(method, target, *type ? type : NULL, *accept ? accept : NULL,
                                  true, &call, &res);
    if (found == (res.status != 0))
        abort();
    if (found && (call.route->flags & REST_EARLY)) {
        ks_buf_add(&call.body, body, body_len);
        rest_router_handle(&ctx, &call, &res);
    }
    check_answer(&res);
    rest_response_release(&res);
    rest_call_release(&call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = take_line(&data, &size);
    char *type = take_line(&data, &size);
    char *accept = take_line(&data, &size);
    char *authorization = take_line(&data, &size);
    log_in(authorization);
    char *blank = strchr(line, ' ');
    if (blank) {
        *blank = '\0';
        ask(line, blank + 1, type, accept, data, size);
    }
    free(line);
    free(type);
    free(accept);
    free(authorization);
    return 0;
}
