/* The worker's own schema registry: a compacted topic with records like those of Confluent's
 * _schemas. Ids are made from the schema's content, so workers need no coordination. Thread: any.
 */
#ifndef RUNTIME_SCHEMA_STORE_H
#define RUNTIME_SCHEMA_STORE_H

#include "schema_index.h"
#include "worker_config.h"

struct schema_store;

/* Returns once the topic has been read to its end. Errors: as compacted_topic_open. */
enum ks_status schema_store_open(const struct worker_config *worker, struct schema_store **ret,
                                 struct ks_error *err);
void schema_store_close(struct schema_store *s);
/* Idempotent; returns when the record is acknowledged and read back, so that every reader resolves
 * the id to this schema. Errors: DATA when it is not a schema; RETRIABLE when the brokers are away.
 */
enum ks_status schema_store_register(struct schema_store *s, const char *subject,
                                     const char *schema_json, uint32_t *ret_id,
                                     struct ks_error *err);
/* *ret_json is borrowed until close. Errors: DATA for an unknown id, after another look at the
 * topic; RETRIABLE. */
enum ks_status schema_store_get(struct schema_store *s, uint32_t id, const char **ret_json,
                                struct ks_error *err);

/* What is known of it now. Owns: free(*ret); the texts live until close. */
size_t schema_store_list(struct schema_store *s, const struct schema_wanted *wanted,
                         struct stored_version **ret);
/* The greatest id there is, 0: none. */
uint32_t schema_store_max_id(struct schema_store *s);
/* Reads on to what is the end of the topic now: what another worker registered before the call is
 * known afterwards. Errors: RETRIABLE. */
enum ks_status schema_store_refresh(struct schema_store *s, struct ks_error *err);

/* First candidate for a fingerprint's id, and the next one after a collision: positive, 31 bits. */
uint32_t schema_store_first_id(uint64_t fingerprint);
uint32_t schema_store_next_id(uint32_t id);

#endif
