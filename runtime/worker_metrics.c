/* In: statuses of all connectors; out: the series that Kafka Connect's dashboards show of this
 * worker. Next: /metrics. Nothing is kept, so a connector that has left leaves no series behind. */
#include "worker_metrics.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alloc.h"

#define PREFIX "kafka_connect_worker_"

/* Of a connector's tasks; the connector itself has STOPPED too, tasks have not. */
static const struct {
    enum task_state state;
    const char *count_name;
} counted[] = {
    {TASK_RUNNING, PREFIX "connector_running_task_count"},
    {TASK_PAUSED, PREFIX "connector_paused_task_count"},
    {TASK_FAILED, PREFIX "connector_failed_task_count"},
    {TASK_UNASSIGNED, PREFIX "connector_unassigned_task_count"},
    {TASK_DESTROYED, PREFIX "connector_destroyed_task_count"},
    {TASK_RESTARTING, PREFIX "connector_restarting_task_count"},
};

static bool is_here(const struct task_status *status, const char *worker_id)
{
    return status->worker_id && strcmp(status->worker_id, worker_id) == 0;
}

/* state < 0: any. */
static size_t count_tasks(const struct connector_status *c, const char *worker_id, int state)
{
    size_t count = 0;
    for (size_t i = 0; i < c->task_count; i++)
        count += is_here(&c->tasks[i], worker_id) && (state < 0 || (int)c->tasks[i].state == state);
    return count;
}

static void add_connector(struct ks_buf *out, const char *name, const char *connector)
{
    ks_buf_printf(out, "%s{connector=\"", name);
    metrics_add_label(out, connector);
    ks_buf_add_byte(out, '"');
}

/* One series for each task that is here; `tell` ends its labels and says the value. */
static void add_tasks(const struct connector_status *list, size_t count, const char *worker_id,
                      const char *name, void (*tell)(const struct task_status *, struct ks_buf *),
                      struct ks_buf *out)
{
    metrics_add_head(out, name, KS_METRIC_GAUGE);
    for (size_t c = 0; c < count; c++)
        for (size_t t = 0; t < list[c].task_count; t++) {
            if (!is_here(&list[c].tasks[t], worker_id))
                continue;
            add_connector(out, name, list[c].name);
            ks_buf_printf(out, ",task=\"%zu\"", t);
            tell(&list[c].tasks[t], out);
        }
}

static void tell_state(const struct task_status *status, struct ks_buf *out)
{
    ks_buf_add_str(out, ",status=\"");
    for (const char *s = task_state_name(status->state); *s; s++)
        ks_buf_add_byte(out, (uint8_t)tolower((unsigned char)*s));
    ks_buf_add_str(out, "\"} 1\n");
}

/* Why it waits is in its status; here, that it does. */
static void tell_waiting(const struct task_status *status, struct ks_buf *out)
{
    ks_buf_printf(out, "} %d\n", status->waiting != NULL);
}

/* One that has failed itself has no tasks, so it would not show anywhere else. */
static void add_failed(const struct connector_status *list, size_t count, const char *worker_id,
                       struct ks_buf *out)
{
    static const char name[] = "kitestream_connector_failed";
    metrics_add_head(out, name, KS_METRIC_GAUGE);
    for (size_t c = 0; c < count; c++) {
        if (!is_here(&list[c].connector, worker_id))
            continue;
        add_connector(out, name, list[c].name);
        ks_buf_printf(out, "} %d\n", list[c].connector.state == TASK_FAILED);
    }
}

static void add_counts(const struct connector_status *list, size_t count, const char *worker_id,
                       const char *name, int state, struct ks_buf *out)
{
    metrics_add_head(out, name, KS_METRIC_GAUGE);
    for (size_t c = 0; c < count; c++) {
        if (count_tasks(&list[c], worker_id, -1) == 0 && !is_here(&list[c].connector, worker_id))
            continue;
        add_connector(out, name, list[c].name);
        ks_buf_printf(out, "} %zu\n", count_tasks(&list[c], worker_id, state));
    }
}

static void add_number(struct ks_buf *out, const char *name, enum ks_metric_kind kind, double value)
{
    metrics_add_head(out, name, kind);
    ks_buf_printf(out, "%s %.17g\n", name, value);
}

void worker_metrics_print_statuses(const struct connector_status *list, size_t count,
                                   const char *worker_id, struct ks_buf *out)
{
    size_t connectors = 0, tasks = 0;
    for (size_t c = 0; c < count; c++) {
        connectors += is_here(&list[c].connector, worker_id);
        tasks += count_tasks(&list[c], worker_id, -1) -
                 count_tasks(&list[c], worker_id, TASK_UNASSIGNED);
    }
    add_number(out, PREFIX "connector_count", KS_METRIC_GAUGE, (double)connectors);
    add_number(out, PREFIX "task_count", KS_METRIC_GAUGE, (double)tasks);
    add_tasks(list, count, worker_id, "kafka_connect_connector_status", tell_state, out);
    add_tasks(list, count, worker_id, "kitestream_task_waiting", tell_waiting, out);
    add_failed(list, count, worker_id, out);
    add_counts(list, count, worker_id, PREFIX "connector_total_task_count", -1, out);
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        add_counts(list, count, worker_id, counted[i].count_name, (int)counted[i].state, out);
}

void worker_metrics_print(struct herder *h, const char *worker_id, struct ks_buf *out)
{
    char **names;
    size_t name_count = herder_names(h, &names), count = 0;
    struct connector_status *list = xcalloc(name_count + 1, sizeof *list);
    for (size_t i = 0; i < name_count; i++)
        count += herder_status(h, names[i], &list[count]);
    worker_metrics_print_statuses(list, count, worker_id, out);
    for (size_t i = 0; i < count; i++)
        connector_status_release(&list[i]);
    free(list);
    free(names);
}

/* ---- the process ---- */

static double resident_bytes(void)
{
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%ld %ld", &total, &resident) != 2)
        resident = 0;
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    double count = -3; /* itself, . and .. */
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count < 0 ? 0 : count;
}

void process_metrics_print(struct ks_buf *out)
{
    metrics_add_head(out, "kitestream_info", KS_METRIC_GAUGE);
    ks_buf_add_str(out, "kitestream_info{version=\"" KITESTREAM_VERSION "\"} 1\n");
    add_number(out, "process_resident_memory_bytes", KS_METRIC_GAUGE, resident_bytes());
    add_number(out, "process_cpu_seconds_total", KS_METRIC_COUNTER, cpu_seconds());
    add_number(out, "process_open_fds", KS_METRIC_GAUGE, open_files());
}
