/* The registry of metrics. In: values from tasks and the runtime, any thread; out: Prometheus'
 * text. Next: the REST interface. One lock: a value is recorded a few times a second per task, not
 * per row. */
#include "metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "map.h"

#define MAX_SERIES 10000

struct series {
    char *key;  /* name{labels} */
    char *name; /* the part before the brace */
    char *connector;
    int task;
    double value;
    enum ks_metric_kind kind;
};

struct metrics {
    pthread_mutex_t lock;
    struct strmap series; /* key -> struct series */
    struct strmap kinds;  /* name -> one of the kinds */
    double dropped;
};

struct metrics *metrics_new(void)
{
    struct metrics *m = xcalloc(1, sizeof *m);
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

static void series_free(struct series *s)
{
    free(s->key);
    free(s->name);
    free(s->connector);
    free(s);
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    size_t pos = 0;
    const char *key;
    void *value;
    while (strmap_next(&m->series, &pos, &key, &value))
        series_free(value);
    strmap_release(&m->series);
    strmap_release(&m->kinds);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static bool is_name_char(char c, bool is_first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           (c >= '0' && c <= '9' && !is_first);
}

static char *clean_name(const char *name)
{
    char *clean = xstrdup(*name ? name : "_");
    for (char *c = clean; *c; c++)
        if (!is_name_char(*c, c == clean))
            *c = '_';
    return clean;
}

void metrics_add_label(struct ks_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            ks_buf_add_str(out, "\\n");
        else if (*text == '"' || *text == '\\')
            ks_buf_printf(out, "\\%c", *text);
        else
            ks_buf_add_byte(out, (uint8_t)*text);
    }
}

static char *make_key(const char *name, const char *connector, int task, const char *labels)
{
    struct ks_buf key = {0};
    const char *separator = "{";
    ks_buf_add_str(&key, name);
    if (connector) {
        ks_buf_printf(&key, "%sconnector=\"", separator);
        metrics_add_label(&key, connector);
        ks_buf_add_byte(&key, '"');
        separator = ",";
    }
    if (task >= 0) {
        ks_buf_printf(&key, "%stask=\"%d\"", separator, task);
        separator = ",";
    }
    if (labels && *labels) {
        ks_buf_printf(&key, "%s", separator);
        /* A line end would let a label write series of its own. */
        for (; *labels; labels++)
            ks_buf_add_byte(&key, *labels == '\n' ? (uint8_t)' ' : (uint8_t)*labels);
        separator = ",";
    }
    if (*separator == ',')
        ks_buf_add_byte(&key, '}');
    return ks_buf_take_str(&key);
}

static enum ks_metric_kind kind_of(struct metrics *m, const char *name, enum ks_metric_kind wanted)
{
    static const enum ks_metric_kind kinds[] = {KS_METRIC_GAUGE, KS_METRIC_COUNTER};
    const enum ks_metric_kind *known = strmap_get(&m->kinds, name);
    if (known)
        return *known;
    strmap_put(&m->kinds, name, (void *)&kinds[wanted == KS_METRIC_COUNTER]);
    return wanted;
}

/* Takes key and name. NULL if there are too many series. */
static struct series *find_or_add(struct metrics *m, char *take_key, char *take_name,
                                  const char *connector, int task, enum ks_metric_kind kind)
{
    struct series *s = strmap_get(&m->series, take_key);
    if (!s && m->series.len < MAX_SERIES) {
        s = xcalloc(1, sizeof *s);
        *s = (struct series){.key = take_key,
                             .name = take_name,
                             .connector = connector ? xstrdup(connector) : NULL,
                             .task = task,
                             .kind = kind_of(m, take_name, kind)};
        strmap_put(&m->series, s->key, s);
        return s;
    }
    free(take_key);
    free(take_name);
    return s;
}

static void drop_series(struct metrics *m, struct series *s)
{
    strmap_remove(&m->series, s->key);
    series_free(s);
}

/* Takes key and name, as find_or_add. */
static void set_series(struct metrics *m, enum ks_metric_kind kind, const char *connector, int task,
                       char *take_key, char *take_name, double value)
{
    struct series *s = find_or_add(m, take_key, take_name, connector, task, kind);
    if (!s)
        m->dropped++;
    else if (s->kind == KS_METRIC_COUNTER)
        s->value += value;
    else
        s->value = value;
}

void metrics_record(struct metrics *m, enum ks_metric_kind kind, const char *connector, int task,
                    const char *name, const char *labels, double value)
{
    char *clean = clean_name(name);
    char *key = make_key(clean, connector, task, labels);
    pthread_mutex_lock(&m->lock);
    if (kind != KS_METRIC_GONE) {
        set_series(m, kind, connector, task, key, clean, value);
    } else {
        struct series *s = strmap_get(&m->series, key);
        if (s)
            drop_series(m, s);
        free(key);
        free(clean);
    }
    pthread_mutex_unlock(&m->lock);
}

bool metrics_get(struct metrics *m, const char *connector, int task, const char *name,
                 const char *labels, double *ret)
{
    char *clean = clean_name(name);
    char *key = make_key(clean, connector, task, labels);
    pthread_mutex_lock(&m->lock);
    const struct series *s = strmap_get(&m->series, key);
    if (s)
        *ret = s->value;
    pthread_mutex_unlock(&m->lock);
    free(clean);
    free(key);
    return s != NULL;
}

static bool is_of(const struct series *s, const char *connector, int task)
{
    return s->connector && strcmp(s->connector, connector) == 0 && (task < 0 || s->task == task);
}

void metrics_forget(struct metrics *m, const char *connector, int task)
{
    pthread_mutex_lock(&m->lock);
    struct series **gone = xcalloc(m->series.len + 1, sizeof(struct series *));
    size_t count = 0, pos = 0;
    const char *key;
    void *value;
    while (strmap_next(&m->series, &pos, &key, &value))
        if (is_of(value, connector, task))
            gone[count++] = value;
    for (size_t i = 0; i < count; i++)
        drop_series(m, gone[i]);
    free(gone);
    pthread_mutex_unlock(&m->lock);
}

static int compare_series(const void *a, const void *b)
{
    const struct series *x = *(const struct series *const *)a,
                        *y = *(const struct series *const *)b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->key, y->key);
}

static void print_value(struct ks_buf *out, double value)
{
    if (isnan(value))
        ks_buf_add_str(out, " NaN\n");
    else if (isinf(value))
        ks_buf_add_str(out, value > 0 ? " +Inf\n" : " -Inf\n");
    else
        ks_buf_printf(out, " %.17g\n", value);
}

void metrics_add_head(struct ks_buf *out, const char *name, enum ks_metric_kind kind)
{
    const char *help = metrics_help(name);
    if (help)
        ks_buf_printf(out, "# HELP %s %s\n", name, help);
    ks_buf_printf(out, "# TYPE %s %s\n", name, kind == KS_METRIC_COUNTER ? "counter" : "gauge");
}

void metrics_print(struct metrics *m, struct ks_buf *out)
{
    pthread_mutex_lock(&m->lock);
    struct series **all = xcalloc(m->series.len + 1, sizeof(struct series *));
    size_t count = 0, pos = 0;
    const char *key;
    void *value;
    while (strmap_next(&m->series, &pos, &key, &value))
        all[count++] = value;
    qsort(all, count, sizeof(struct series *), compare_series);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(all[i]->name, all[i - 1]->name) != 0)
            metrics_add_head(out, all[i]->name, all[i]->kind);
        ks_buf_add_str(out, all[i]->key);
        print_value(out, all[i]->value);
    }
    if (m->dropped > 0) {
        metrics_add_head(out, "kitestream_metrics_dropped_total", KS_METRIC_COUNTER);
        ks_buf_add_str(out, "kitestream_metrics_dropped_total");
        print_value(out, m->dropped);
    }
    free(all);
    pthread_mutex_unlock(&m->lock);
}
