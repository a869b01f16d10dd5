/* One DDL to the target. Runs on a pool thread.
 *
 * Idempotent, since after a crash at most one DDL of a queue is repeated: what is there already and
 * equal is done; what is there and different is an error that names the difference. Collections
 * that this sink may touch carry its stamp (ddl_stamp.h): drop and rename act on a matching stamp
 * only (ordering §5), and what another sink keeps is refused. After an ambiguous answer a run lasts
 * until the call can no longer take effect, so nothing overtakes it. If the process dies between
 * the call and the commit of "applied": the DDL is repeated. */
#ifndef SINK_DDL_APPLY_H
#define SINK_DDL_APPLY_H

#include "catalogue.h"
#include "milvus_client.h"
#include "name_map.h"
#include "target_gate.h"
#include "write_pool.h"

#define STAMP_PROPERTY "kitestream.source"
#define SINK_PROPERTY "kitestream.sink"
#define ADOPTED_PROPERTY "kitestream.adopted"

enum ddl_result {
    DDL_APPLIED,
    DDL_AGAIN,  /* not now: reason */
    DDL_FAILED, /* for good: reason */
    DDL_STOPPED,
};

/* Owns: alias_db. */
struct ddl_work {
    struct pool_work work; /* first */
    struct pool_lane lane;
    void *owner;
    /* in */
    const struct ddl *ddl;
    struct milvus_client *client;
    struct target_gate *gate;
    const struct name_map *names;
    const char *sink; /* <id>/<connector> */
    /* The collection as it is applied so far, whose name may differ from the DDL's where a rename
     * was skipped; NULL before its create. */
    const struct catalogue_collection *applied_to;
    char *alias_db;   /* of the target, where the DDL's alias stands so far; NULL: nowhere */
    bool only_look;   /* ddl.policy=skip of a create: is the collection there and equal? */
    bool only_verify; /* is the collection there, and ours? */
    bool may_lack_stamp, may_be_gone; /* with only_verify */
    /* out */
    enum ddl_result result;
    bool adopted;     /* a create found an equal collection that this sink had not made */
    char reason[512]; /* when applied: "", or what was left as it is */
};

struct ddl_work *ddl_work_new(const struct ddl *ddl);
void ddl_work_free(struct ddl_work *w);
void ddl_apply_run(struct pool_work *work);

#endif
