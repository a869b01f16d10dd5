/* Which topic a collection's rows go to: <prefix>.<db>.<collection>, with what Kafka does not allow
 * replaced by '_', as the connector's transforms rename it. A name used again with another kind of
 * row gets <topic>.<collection id>, so that a topic never changes its key or its fields' types. So
 * does one whose topic was deleted since: the stream tells of positions in that topic, readers have
 * positions of their own there, and none of them means anything in another topic of that name. Fed
 * with the DDL stream's history, which has final names: a collection keeps its topic when the
 * transforms change. */
#ifndef SOURCE_TOPIC_NAMES_H
#define SOURCE_TOPIC_NAMES_H

#include "ddl.h"

struct topic_names;

struct topic_names *topic_names_new(const char *prefix);
void topic_names_free(struct topic_names *t);
/* A topic that no collection may have; what: who has it, for messages. */
void topic_names_reserve(struct topic_names *t, const char *topic, const char *what);
/* <prefix>.<db>.<collection>, before transforms. Lives in the arena. */
const char *topic_names_plain(const struct topic_names *t, const char *db, const char *collection,
                              struct ks_arena *arena);
/* *ret: the topic does not exist, or does not reach `ends`: the highest position in each of its
 * partitions that the stream tells of, 0 where it tells of none. */
typedef enum ks_status topic_is_lost_fn(void *arg, const char *topic, const int64_t *ends,
                                        size_t end_count, bool *ret, struct ks_error *err);
/* Sets ddl->topic for a collection that gets its name now (create, rename). `routed`: what
 * transforms make of its plain name. Lives in the arena. is_lost is asked about a topic that was
 * used before. Errors: FATAL when another living collection already has that topic, or Kafka allows
 * no such name; those of is_lost. */
enum ks_status topic_names_choose(const struct topic_names *t, const char *routed, struct ddl *ddl,
                                  topic_is_lost_fn *is_lost, void *arg, struct ks_arena *arena,
                                  struct ks_error *err);
/* The stream says so: called for every DDL, read or written. */
void topic_names_note(struct topic_names *t, const struct ddl *ddl);

#endif
