#include "write_job.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "utf8_copy.h"

enum { AFTER_DEADLINE_MS = 1000, STALLED_WAIT_MS = 30000, SCRATCH_KEPT = 1 << 20 };
/* However long the target was away: it is written to again soon after it is back. */
enum { AWAY_WAIT_MS = 2000 };
enum { PARTITION_NOT_FOUND = 200 };

/* One run of a job: the steps still to do form a stack, since a step may be split. */
struct running {
    struct write_job *job;
    struct write_plan plan;
    struct write_step *stack;
    size_t count, cap;
    struct ks_buf request;
    struct ks_arena scratch;
    struct backoff backoff;
};

struct write_job *write_job_new(void)
{
    struct write_job *job = xcalloc(1, sizeof(*job));
    job->work.run = write_job_run;
    return job;
}

void write_job_free(struct write_job *job)
{
    if (!job)
        return;
    ks_arena_release(&job->arena);
    free(job->bad);
    free(job);
}

static void push(struct running *r, const struct write_step *step)
{
    r->stack = xgrow(r->stack, r->count, &r->cap, sizeof(*r->stack));
    r->stack[r->count++] = *step;
}

static bool fail(struct running *r, const char *reason)
{
    r->job->result = JOB_FAILED;
    utf8_copy(r->job->reason, sizeof(r->job->reason), reason);
    return false;
}

static bool stopped(struct running *r)
{
    r->job->result = JOB_STOPPED;
    return false;
}

/* The row of the same key that was left out in favour of one that the target cannot take. It comes
 * before all steps that are left, which may hold later changes of the key. */
static void push_replaced(struct running *r, const struct write_step *step,
                          const struct change_row *bad)
{
    const struct change_row *row = write_plan_replaced(&r->plan, bad);
    struct write_step alone = *step;
    if (!row)
        return;
    alone.rows = ks_arena_copy(&r->job->arena, &row, sizeof(row));
    alone.row_count = alone.changes = 1;
    alone.bytes = row->bytes;
    push(r, &alone);
}

/* A row that the target can never take. */
static bool give_up_row(struct running *r, const struct write_step *step,
                        const struct change_row *row, const char *message)
{
    struct write_job *job = r->job;
    if (!job->dead_letters)
        return fail(r, message);
    push_replaced(r, step, row);
    job->bad = xgrow(job->bad, job->bad_count, &job->bad_cap, sizeof(*job->bad));
    job->bad[job->bad_count].row = row;
    utf8_copy(job->bad[job->bad_count].message, sizeof(job->bad[0].message), message);
    job->bad_count++;
    return true;
}

static bool push_without(struct running *r, struct write_step *step, size_t bad,
                         const char *message)
{
    const struct change_row *row = step->rows[bad];
    memmove(step->rows + bad, step->rows + bad + 1,
            (step->row_count - bad - 1) * sizeof(*step->rows));
    step->row_count--;
    if (step->row_count > 0)
        push(r, step);
    return give_up_row(r, step, row, message);
}

static bool push_halves(struct running *r, const struct write_step *step)
{
    struct write_step half[2];
    if (!write_step_split(step, &r->job->arena, half))
        return false;
    push(r, &half[1]);
    push(r, &half[0]);
    return true;
}

static const char *method_of(enum write_kind kind)
{
    return kind == WRITE_INSERT ? "Insert" : kind == WRITE_UPSERT ? "Upsert" : "Delete";
}

static void count_written(struct write_job *job, const struct write_step *step)
{
    *(step->kind == WRITE_INSERT   ? &job->inserted
      : step->kind == WRITE_UPSERT ? &job->upserted
                                   : &job->deleted) += step->row_count;
}

/* May or may not have been applied: nothing else of this partition until it can no longer be. */
static bool after_ambiguous(struct running *r, struct write_step *step,
                            const struct milvus_answer *answer, int64_t deadline_mono_ms)
{
    int64_t wait = deadline_mono_ms + AFTER_DEADLINE_MS - clock_mono_ms();
    target_gate_report(r->job->gate, answer->message);
    if (!target_gate_sleep(r->job->gate, wait > 0 ? wait : 0))
        return stopped(r);
    r->job->repeated++;
    if (step->kind == WRITE_INSERT)
        write_step_to_upsert(&r->plan, step, &r->job->arena);
    if (answer->grpc != GRPC_CODE_DEADLINE_EXCEEDED || !push_halves(r, step))
        push(r, step);
    return true;
}

static bool after_refusal(struct running *r, struct write_step *step,
                          const struct milvus_answer *answer)
{
    int64_t wait = backoff_fail(&r->backoff);
    if (answer->outcome == MILVUS_STALLED)
        wait = STALLED_WAIT_MS;
    else if (answer->outcome == MILVUS_RETRY && wait > AWAY_WAIT_MS)
        wait = AWAY_WAIT_MS;
    target_gate_report(r->job->gate, answer->message);
    if (!target_gate_sleep(r->job->gate, wait))
        return stopped(r);
    push(r, step);
    return true;
}

/* May the refusal be for one row's values? Codes of collections, partitions and clusters are for
 * any row alike, and no reason to give rows up. */
static bool concerns_rows(const struct milvus_answer *answer)
{
    enum { UNEXPECTED = 65535, PARAMETER = 1100, PARAMETER_MISSING = 1101, FIELD = 1700 };
    /* Before 2.3: unexpected, argument, dimension, record. */
    static const int32_t codes[] = {
        UNEXPECTED, PARAMETER, PARAMETER_MISSING, FIELD, FIELD + 1, 1, 5, 7, 11};
    if (answer->outcome == MILVUS_NOT_FOUND || strstr(answer->message, "REPLICATE_VIOLATION"))
        return false;
    if (answer->grpc != GRPC_CODE_OK)
        return answer->grpc == GRPC_CODE_INVALID_ARGUMENT || answer->grpc == GRPC_CODE_OUT_OF_RANGE;
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (codes[i] == answer->code)
            return true;
    return false;
}

/* Refused for what it says. With dead letters the bad row is found by halving. */
static bool after_bad_value(struct running *r, struct write_step *step,
                            const struct milvus_answer *answer)
{
    bool too_large = answer->outcome == MILVUS_TOO_LARGE;
    if (r->job->skip_absent_partitions && answer->code == PARTITION_NOT_FOUND) {
        r->job->skipped += step->row_count;
        return true;
    }
    if (!too_large && !concerns_rows(answer))
        return fail(r, answer->message);
    if (step->row_count == 1)
        return give_up_row(r, step, step->rows[0], answer->message);
    if (too_large || r->job->dead_letters)
        return push_halves(r, step);
    return fail(r, answer->message);
}

static bool judge(struct running *r, struct write_step *step, const struct milvus_answer *answer,
                  int64_t deadline_mono_ms)
{
    switch (answer->outcome) {
    case MILVUS_OK:
        target_gate_report(r->job->gate, NULL);
        backoff_ok(&r->backoff);
        count_written(r->job, step);
        return true;
    case MILVUS_AMBIGUOUS:
        return after_ambiguous(r, step, answer, deadline_mono_ms);
    case MILVUS_RETRY:
    case MILVUS_DENIED:
    case MILVUS_STALLED:
        return after_refusal(r, step, answer);
    default:
        return after_bad_value(r, step, answer);
    }
}

/* False: the job is over. */
static bool run_step(struct running *r, struct write_step *step)
{
    struct write_job *job = r->job;
    struct request_target target = job->target;
    struct ks_error err;
    size_t bad;
    ks_buf_reset(&r->request);
    ks_arena_reset(&r->scratch, SCRATCH_KEPT);
    if (step->partition_name.len > 0)
        target.partition =
            ks_arena_strndup(&r->scratch, step->partition_name.data, step->partition_name.len);
    if (request_build(step, &target, &r->scratch, &r->request, &bad, &err))
        return push_without(r, step, bad, err.message);
    int64_t allowed = target_gate_enter(job->gate);
    if (allowed == 0)
        return stopped(r);
    int64_t deadline = clock_mono_ms() + allowed;
    struct milvus_answer answer =
        milvus_write(job->client, method_of(step->kind), target.db,
                     (struct ks_slice){r->request.data, r->request.len}, allowed);
    return judge(r, step, &answer, deadline);
}

void write_job_run(struct pool_work *work)
{
    struct write_job *job = (struct write_job *)work;
    struct running r = {.job = job};
    bool go_on = true;
    job->result = JOB_DONE;
    if (*job->broken) {
        job->result = JOB_STOPPED;
        return;
    }
    write_plan_make(job->rows, job->row_count, &job->plan, &job->arena, &r.plan);
    for (size_t i = r.plan.step_count; i-- > 0;)
        push(&r, &r.plan.steps[i]);
    while (go_on && r.count > 0) {
        struct write_step step = r.stack[--r.count];
        go_on = run_step(&r, &step);
    }
    if (job->result != JOB_DONE)
        *job->broken = true;
    free(r.stack);
    ks_buf_release(&r.request);
    ks_arena_release(&r.scratch);
}
