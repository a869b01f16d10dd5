/* Messages that were taken from the queue in; wake-ups of the fetching threads out. Any request
 * wakes a broker's thread; asking for a watermark costs a millisecond. */
#include "fetch_nudge.h"

#include <stdio.h>
#include <stdlib.h>

#define REQUEST_TIMEOUT_MS 500

static size_t number_of(const rd_kafka_conf_t *conf, const char *name)
{
    char text[32] = "";
    size_t size = sizeof text;
    rd_kafka_conf_get(conf, name, text, &size);
    return strtoul(text, NULL, 10);
}

void fetch_nudge_init(struct fetch_nudge *n, rd_kafka_conf_t *conf)
{
    *n = (struct fetch_nudge){0};
    if (rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "5", NULL, 0) == RD_KAFKA_CONF_OK)
        return;
    n->every_bytes = number_of(conf, "queued.max.messages.kbytes") * 1024 / 2 + 1;
    n->every_messages = number_of(conf, "queued.min.messages") / 2 + 1;
}

static void note_broker(struct fetch_nudge *n, const rd_kafka_message_t *message)
{
    int32_t broker = rd_kafka_message_broker_id(message);
    for (size_t i = 0; i < n->busy_count; i++) {
        if (n->busy[i].broker == broker)
            return;
    }
    if (n->busy_count == FETCH_NUDGE_BROKERS)
        return;
    n->busy[n->busy_count].broker = broker;
    n->busy[n->busy_count].partition = message->partition;
    snprintf(n->busy[n->busy_count].topic, sizeof n->busy[0].topic, "%s",
             rd_kafka_topic_name(message->rkt));
    n->busy_count++;
}

static void wake(struct fetch_nudge *n, rd_kafka_t *rk)
{
    for (size_t i = 0; i < n->busy_count; i++) {
        int64_t low, high;
        rd_kafka_query_watermark_offsets(rk, n->busy[i].topic, n->busy[i].partition, &low, &high,
                                         REQUEST_TIMEOUT_MS);
    }
    n->busy_count = n->bytes = n->messages = 0;
}

void fetch_nudge_note(struct fetch_nudge *n, rd_kafka_t *rk, rd_kafka_message_t *const *messages,
                      size_t count)
{
    if (n->every_bytes == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (messages[i]->err)
            continue;
        note_broker(n, messages[i]);
        n->bytes += messages[i]->len + messages[i]->key_len;
        n->messages++;
    }
    if (n->bytes >= n->every_bytes || n->messages >= n->every_messages)
        wake(n, rk);
}
