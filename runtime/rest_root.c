/* /, /health and /metrics. They answer at any time, also while Kafka is away, so they touch nothing
 * that waits. */
#include "rest_root.h"

#include "worker_metrics.h"

/* Clients of Kafka Connect compare the first two numbers with the release that brought a feature
 * (kcctl wants 3.7 and above); they are those of the Connect whose interface this is. */
#define CONNECT_VERSION "4.3.1"

static void get_root(const struct rest_context *ctx, const struct rest_request *req,
                     struct rest_response *res)
{
    rest_answer(res, 200,
                json_pack("{s:s, s:s, s:s}", "version",
                          CONNECT_VERSION "-kitestream-" KITESTREAM_VERSION, "commit",
                          KITESTREAM_COMMIT, "kafka_cluster_id",
                          ctx->kafka_cluster_id ? ctx->kafka_cluster_id : ""));
}

static void answer_health(struct rest_response *res, int status, const char *word,
                          const char *message)
{
    rest_answer(res, status, json_pack("{s:s, s:s}", "status", word, "message", message));
}

/* As KIP-1017 has it: does the worker turn, not: do all tasks run. */
void rest_root_answer_health(struct rest_response *res, int64_t round_ms)
{
    if (round_ms < 0)
        answer_health(res, 503, "starting",
                      "The worker has not read its topics yet; it waits for the brokers in "
                      "bootstrap.servers.");
    else if (round_ms > REST_ROUND_LIMIT_MS)
        answer_health(res, 500, "unhealthy",
                      "The worker's herder has hung for more than 10 seconds: no connector is "
                      "started or stopped. The log may say why; restart the worker.");
    else
        answer_health(res, 200, "healthy", "The worker has read its topics and handles requests.");
}

static void get_health(const struct rest_context *ctx, const struct rest_request *req,
                       struct rest_response *res)
{
    rest_root_answer_health(res, ctx->herder ? herder_round_ms(ctx->herder) : -1);
}

static void get_metrics(const struct rest_context *ctx, const struct rest_request *req,
                        struct rest_response *res)
{
    rest_answer(res, 200, NULL);
    res->type = "text/plain; version=0.0.4; charset=utf-8";
    process_metrics_print(&res->text);
    if (!ctx->herder)
        return;
    worker_metrics_print(ctx->herder, ctx->worker->worker_id, &res->text);
    metrics_print(herder_metrics(ctx->herder), &res->text);
}

const struct rest_route rest_root_routes[] = {
    {"GET", "/", get_root, REST_EARLY | REST_INLINE},
    {"GET", "/health", get_health, REST_EARLY | REST_INLINE},
    {"GET", "/metrics", get_metrics, REST_EARLY | REST_INLINE | REST_ANY_TYPE},
    {0},
};
