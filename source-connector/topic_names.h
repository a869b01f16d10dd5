/* Which topic a collection's rows go to: <prefix>.<db>.<collection>, with what Kafka does not allow
 * replaced by '_'. A name used again with another kind of row gets <topic>.<collection id>, so that
 * a topic never changes its key or its fields' types. Fed with the DDL stream's history. */
#ifndef SOURCE_TOPIC_NAMES_H
#define SOURCE_TOPIC_NAMES_H

#include "ddl.h"

struct topic_names;

struct topic_names *topic_names_new(const char *prefix);
void topic_names_free(struct topic_names *t);
/* The topic for a collection that gets this name now (create, rename). Lives in the arena. Errors:
 * FATAL when another living collection already has that topic, or the name is too long. */
enum ks_status topic_names_choose(const struct topic_names *t, const char *db,
                                  const char *collection, int64_t collection_id,
                                  const struct ddl_schema *schema, struct ks_arena *arena,
                                  const char **ret, struct ks_error *err);
/* The stream says so: called for every DDL, read or written. */
void topic_names_note(struct topic_names *t, const struct ddl *ddl);

#endif
