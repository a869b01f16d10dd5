/* Some rows of one Kafka partition and one collection, on their way into the target. Made by the
 * task's thread, run by a pool thread: plan, requests, calls, repeats.
 *
 * Order kept: steps of a plan, and jobs of a partition, one after the other: each call is awaited.
 * An ambiguous answer blocks the partition until the call can no longer take effect (its own
 * deadline
 * + 1 s); then the step is repeated, an Insert as Upsert. Only a definite refusal repeats as it
 * was. If the process dies: the job's rows are behind the committed offset, so the next owner reads
 * them again, and since the state is not clean applies c rows as Upsert. */
#ifndef SINK_WRITE_JOB_H
#define SINK_WRITE_JOB_H

#include "milvus_client.h"
#include "request_build.h"
#include "target_gate.h"
#include "write_pool.h"

enum job_result {
    JOB_DONE,    /* every row is written, or listed as bad */
    JOB_STOPPED, /* the gate closed or an earlier job failed; how much was written is unknown */
    JOB_FAILED,  /* the target refuses for good what is not one row's fault: quarantine */
};

struct bad_row {
    const struct change_row *row;
    char message[512];
};

struct write_job {
    struct pool_work work; /* first */
    void *owner;           /* the submitter's */
    /* in */
    struct milvus_client *client;
    struct target_gate *gate;
    struct request_target target;
    struct write_plan_options plan;
    bool dead_letters; /* else the first bad row fails the job */
    /* ddl.policy.create_partition=skip: rows of partitions that the target lacks are skipped. */
    bool skip_absent_partitions;
    /* Of the partition: set when a job did not get to its end, so that no later one overtakes it.
     */
    _Atomic bool *broken;
    struct ks_arena arena;
    struct change_row *rows;
    size_t row_count;
    /* out */
    enum job_result result;
    char reason[512];
    struct bad_row *bad;
    size_t bad_count, bad_cap;
    size_t inserted, upserted, deleted; /* rows */
    size_t repeated;                    /* calls after an ambiguous answer */
    size_t skipped;                     /* rows */
};

struct write_job *write_job_new(void);
void write_job_free(struct write_job *job);
void write_job_run(struct pool_work *work);

#endif
