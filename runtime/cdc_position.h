/* Milvus' MsgPosition, in base64, as milvus-cdc and milvus-backup give and take it. */
#ifndef RUNTIME_CDC_POSITION_H
#define RUNTIME_CDC_POSITION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "kitestream/error.h"
#include "kitestream/sdk/buf.h"

/* Base64 of MsgPosition{channel, the offset as Kafka's message ID, tick}. Appends. */
void cdc_position_encode(const char *channel, int64_t offset, uint64_t tick, struct ks_buf *out);
/* *ret_tick is 0 where none is given. False if it is not a MsgPosition. */
bool cdc_position_decode(const char *text, uint64_t *ret_tick);

/* As start.from takes it; free(). */
char *cdc_time_text(int64_t unix_ms);

/* "<pchannel>_<collection id>v<shard>" */
bool cdc_vchannel_parse(const char *name, int64_t *ret_collection_id);
/* The time of the earliest of them, as cdc_time_text; free(). Errors: DATA, for positions of
 * two collections, of no collection, or without a time. */
enum ks_status cdc_positions_start(json_t *positions, char **ret, struct ks_error *err);

#endif
