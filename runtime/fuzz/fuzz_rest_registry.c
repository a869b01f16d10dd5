/* Any bytes as a request to the built-in registry: "METHOD target" in the first line, then the
 * body. The store holds a few schemas. Every answer must be one that can be sent. */
#include <stdlib.h>
#include <string.h>

#include "../tests/helper_schema_topic.h"
#include "rest_router.h"
#include "schema_desk.h"

static void write_record(const char *subject, const char *version_id_schema)
{
    char value[512];
    snprintf(value, sizeof value, "{\"subject\":\"%s\",%s}", subject, version_id_schema);
    topic_append("{\"keytype\":\"SCHEMA\"}", value);
}

static const struct rest_context *context(void)
{
    static const struct worker_config worker = {.schema_topic = (char *)(uintptr_t) "schemas"};
    static struct rest_context ctx = {.worker = &worker};
    if (ctx.schemas)
        return &ctx;
    ctx.schemas = schema_desk_new(&worker);
    write_record("a-value", "\"version\":1,\"id\":11,\"schema\":\"{\\\"type\\\":\\\"record\\\","
                            "\\\"name\\\":\\\"a.Value\\\",\\\"fields\\\":[{\\\"name\\\":\\\"id\\\","
                            "\\\"type\\\":\\\"long\\\"},{\\\"name\\\":\\\"next\\\",\\\"type\\\":"
                            "[\\\"null\\\",\\\"a.Value\\\"],\\\"default\\\":null}]}\"");
    write_record("a-value", "\"version\":2,\"id\":12,\"schema\":\"[\\\"int\\\",{\\\"type\\\":"
                            "\\\"map\\\",\\\"values\\\":{\\\"type\\\":\\\"enum\\\",\\\"name\\\":"
                            "\\\"E\\\",\\\"symbols\\\":[\\\"A\\\"]}}]\"");
    return &ctx;
}

static void check_answer(const struct rest_response *res)
{
    char *text = res->json ? json_dumps(res->json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if ((res->json && !text) || (res->status != 0 && (res->status < 200 || res->status > 499)))
        abort();
    free(text);
}

static void ask(const char *method, const char *target, const uint8_t *body, size_t body_len)
{
    struct rest_call call;
    struct rest_response res = {0};
    bool found = rest_router_find(method, target, NULL, NULL, false, &call, &res);
    if (found && (call.route->flags & REST_ANY_TYPE) && !(call.route->flags & REST_EARLY)) {
        ks_buf_add(&call.body, body, body_len);
        rest_router_handle(context(), &call, &res);
        check_answer(&res);
    }
    rest_response_release(&res);
    rest_call_release(&call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    size_t len = end ? (size_t)(end - data) : size;
    char *line = strndup((const char *)data, len);
    char *blank = strchr(line, ' ');
    if (blank) {
        *blank = '\0';
        ask(line, blank + 1, end ? end + 1 : data, end ? size - len - 1 : 0);
    }
    free(line);
    return 0;
}
