/* A whole worker for the tests of REST handlers: a herder on librdkafka's mock cluster, with a
 * made-up class of each kind and made-up loops, in place of plugin_loader, worker_source and
 * worker_sink. For one .c file of a test: it defines what the linker would take from those. */
#ifndef HELPER_REST_WORKER_H
#define HELPER_REST_WORKER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "clock.h"
#include "helper_mock_kafka.h"
#include "kitestream/sdk/util.h"
#include "log.h"
#include "rest.h"

#define DEADLINE_MS 20000

static const struct ks_config_def test_defs[] = {
    {.name = "number", .type = KS_CONFIG_INT, .default_value = "1", .doc = "x"},
    {.name = "needed", .type = KS_CONFIG_STRING, .flags = KS_CONFIG_REQUIRED, .doc = "x"},
    {.name = NULL},
};

static enum ks_status test_check_offset(const struct ks_config *config, const char *partition,
                                        const char *offset, struct ks_error *err)
{
    return offset && strstr(offset, "bad") ? ks_error_set(err, KS_ERR_DATA, "a bad offset") : KS_OK;
}

static const struct ks_source_task_ops test_source_ops = {0};
static const struct ks_sink_task_ops test_sink_ops = {0};
static const struct ks_connector_class test_source = {.struct_size = sizeof test_source,
                                                      .name = "test.SourceConnector",
                                                      .version = "7",
                                                      .kind = KS_CLASS_SOURCE,
                                                      .config_defs = test_defs,
                                                      .source = &test_source_ops,
                                                      .check_offset = test_check_offset};
static const struct ks_connector_class test_sink = {.struct_size = sizeof test_sink,
                                                    .name = "test.Sink",
                                                    .version = "8",
                                                    .kind = KS_CLASS_SINK,
                                                    .config_defs = test_defs,
                                                    .sink = &test_sink_ops};
static const struct plugin_class test_classes[] = {{.cls = &test_source}, {.cls = &test_sink}};

const struct plugin_class *plugin_set_find(const struct plugin_set *set, const char *name)
{
    for (size_t i = 0; i < 2; i++)
        if (strcmp(name, test_classes[i].cls->name) == 0)
            return &test_classes[i];
    return NULL;
}

size_t plugin_set_classes(const struct plugin_set *set, const struct plugin_class **ret)
{
    *ret = test_classes;
    return 2;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

/* number=13 fails; any other goes on until it is stopped. */
static enum ks_status test_run(struct task_context *ctx, struct ks_error *err)
{
    bool paused = atomic_load(&ctx->pause);
    ctx->on_state(ctx, paused ? TASK_PAUSED : TASK_RUNNING);
    if (ctx->topics_epoch)
        ctx->on_topic(ctx, "books");
    if (ks_config_long(&ctx->config, "number", 0) == 13)
        return ks_error_set(err, KS_ERR_FATAL, "thirteen");
    for (; !atomic_load(&ctx->stop); nap()) {
        if (paused == atomic_load(&ctx->pause))
            continue;
        paused = !paused;
        ctx->on_state(ctx, paused ? TASK_PAUSED : TASK_RUNNING);
    }
    return KS_OK;
}

enum ks_status worker_source_run(struct task_context *ctx, struct ks_error *err)
{
    return test_run(ctx, err);
}

enum ks_status worker_sink_run(struct task_context *ctx, struct ks_error *err)
{
    return test_run(ctx, err);
}

/* ---- one worker for all tests of a file: joining takes seconds ---- */

static struct mock_kafka kafka;
static struct rest_context context = {.worker = &kafka.worker, .kafka_cluster_id = ""};

static int open_worker(void **state)
{
    struct ks_error err = {0};
    const _Atomic bool stop = false;
    mock_kafka_start(&kafka, "group.id: workers\n");
    mock_kafka_topic(&kafka, "workers-slots", 32);
    mock_kafka_topic(&kafka, kafka.worker.config_topic, 1);
    mock_kafka_topic(&kafka, kafka.worker.status_topic, 2);
    enum ks_status status = herder_open(&kafka.worker, NULL, &stop, &context.herder, &err);
    if (status != KS_OK)
        print_error("%s\n", err.message);
    return status;
}

static int close_worker(void **state)
{
    bool clean = herder_close(context.herder);
    mock_kafka_stop(&kafka);
    return clean ? 0 : -1;
}

/* ---- requests ---- */

struct answer {
    int status;
    json_t *json;
    char *location, *text; /* text: the body as compact JSON, or "" */
};

static void answer_release(struct answer *a)
{
    json_decref(a->json);
    free(a->location);
    free(a->text);
}

static bool same_path(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* Calls the handler of that route. params: what the route's {…} take; query: one pair, or NULL. */
static struct answer call_with(const struct rest_route *routes, const char *method,
                               const char *path, const char *connector, const char *task,
                               const struct rest_query *queries, size_t query_count,
                               const char *body)
{
    struct rest_request req = {.method = method,
                               .path = path,
                               .params = {connector, task},
                               .queries = queries,
                               .query_count = query_count,
                               .content_type = body ? "application/json" : NULL,
                               .body = body ? body : "",
                               .body_len = body ? strlen(body) : 0};
    struct rest_response res = {0};
    while (routes->method && !(same_path(routes->method, method) && same_path(routes->path, path)))
        routes++;
    if (!routes->method)
        fail_msg("no route %s %s", method, path);
    routes->handle(&context, &req, &res);
    struct answer answer = {
        .status = res.status ? res.status : 200,
        .json = json_incref(res.json),
        .location = res.location ? strdup(res.location) : NULL,
        .text = res.json ? json_dumps(res.json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS)
                         : strdup("")};
    rest_response_release(&res);
    return answer;
}

static inline struct answer call(const struct rest_route *routes, const char *method,
                                 const char *path, const char *connector, const char *body)
{
    return call_with(routes, method, path, connector, NULL, NULL, 0, body);
}

/* The status, and a part of the body. */
static inline void assert_answer(struct answer take_answer, int status, const char *part)
{
    if (take_answer.status != status || !strstr(take_answer.text, part))
        fail_msg("expected %d %s, got %d %s", status, part, take_answer.status, take_answer.text);
    answer_release(&take_answer);
}

static inline bool shows(const char *connector, enum task_state state, enum task_state task)
{
    struct connector_status status;
    if (!herder_status(context.herder, connector, &status))
        return false;
    bool same = status.connector.state == state &&
                (task == TASK_DESTROYED ? status.task_count == 0
                                        : status.task_count == 1 && status.tasks[0].state == task);
    connector_status_release(&status);
    return same;
}

/* task TASK_DESTROYED: there are none. */
static inline void await_state(const char *connector, enum task_state state, enum task_state task)
{
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (!shows(connector, state, task) && clock_mono_ms() < deadline_ms)
        nap();
    if (!shows(connector, state, task))
        fail_msg("%s did not become %s, %s", connector, task_state_name(state),
                 task_state_name(task));
}

/* Tasks stand in the config topic a moment after they run. */
static inline void await_tasks(const char *connector)
{
    size_t count = 0;
    int64_t deadline_ms = clock_mono_ms() + DEADLINE_MS;
    while (count == 0 && clock_mono_ms() < deadline_ms) {
        struct connector_config config = {0};
        if (herder_config(context.herder, connector, &config))
            count = config.task_count;
        connector_config_release(&config);
    }
    assert_int_not_equal(count, 0);
}

static inline void make_connector(const char *name, const char *cls, enum target_state target)
{
    struct string_map config = {0};
    struct ks_error err = {0};
    string_map_set(&config, "connector.class", cls);
    string_map_set(&config, "needed", "x");
    if (strcmp(cls, test_sink.name) == 0)
        string_map_set(&config, "topics", "books");
    if (herder_put_connector(context.herder, name, &config, target, true, &err) != HERDER_CREATED)
        fail_msg("%s", err.message);
    string_map_release(&config);
}

#endif
