/* In: JSON and metrics of a worker; out: a report, and a table of it. What other sides say is shown
 * without its control characters: it must not be able to draw on a terminal. */
#include "status_report.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "kitestream/sdk/buf.h"

#define ERROR_MAX 200
#define COLUMNS 6

/* ---- the report ---- */

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static void copy_text(json_t *to, const char *name, const json_t *from, const char *member)
{
    const char *text = text_of(from, member);
    if (*text)
        json_object_set_new(to, name, json_string(text));
}

/* A trace begins with the reason. */
static void copy_error(json_t *to, const json_t *from)
{
    const char *trace = text_of(from, "trace");
    if (*trace)
        json_object_set_new(to, "error", json_stringn(trace, strcspn(trace, "\n")));
}

static void copy_state(json_t *to, const json_t *from)
{
    copy_text(to, "state", from, "state");
    copy_text(to, "worker_id", from, "worker_id");
    copy_error(to, from);
    copy_text(to, "waiting", from, "waiting");
}

static json_t *make_connector(const char *name, const json_t *status)
{
    json_t *connector = json_pack("{s:s}", "name", name), *tasks = json_array(), *task;
    size_t i;
    copy_text(connector, "type", status, "type");
    copy_state(connector, json_object_get(status, "connector"));
    json_array_foreach(json_object_get(status, "tasks"), i, task)
    {
        json_t *made = json_object();
        json_object_set_new(made, "id",
                            json_integer(json_integer_value(json_object_get(task, "id"))));
        copy_state(made, task);
        json_array_append_new(tasks, made);
    }
    json_object_set_new(connector, "tasks", tasks);
    return connector;
}

static bool is_wanted(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return count == 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **sorted_names(const json_t *answer, size_t *ret_count)
{
    const char **names = xcalloc(json_object_size(answer) + 1, sizeof *names), *name;
    size_t count = 0;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)answer, name, value)
    {
        names[count++] = name;
    }
    qsort(names, count, sizeof *names, by_text);
    *ret_count = count;
    return names;
}

json_t *status_report_new(const json_t *answer, const char *const *names, size_t count)
{
    if (!json_is_object(answer))
        return NULL;
    size_t found;
    const char **all = sorted_names(answer, &found);
    json_t *connectors = json_array();
    for (size_t i = 0; i < found; i++) {
        const json_t *status = json_object_get(json_object_get(answer, all[i]), "status");
        if (is_wanted(all[i], names, count))
            json_array_append_new(connectors, make_connector(all[i], status));
    }
    free(all);
    return json_pack("{s:o}", "connectors", connectors);
}

/* ---- lags ---- */

/* The value of a label in `{name="value",…}`, unescaped; false: it is not there. */
static bool read_label(const char *labels, size_t len, const char *name, struct ks_buf *ret)
{
    size_t name_len = strlen(name);
    for (size_t at = 0; at + name_len + 2 < len; at++) {
        bool begins = at > 0 && (labels[at - 1] == '{' || labels[at - 1] == ',');
        if (!begins || strncmp(labels + at, name, name_len) != 0 || labels[at + name_len] != '=' ||
            labels[at + name_len + 1] != '"')
            continue;
        for (at += name_len + 2; at < len && labels[at] != '"'; at++) {
            bool escaped = labels[at] == '\\' && at + 1 < len;
            char c = labels[escaped ? ++at : at];
            ks_buf_add_byte(ret, (uint8_t)(escaped && c == 'n' ? '\n' : c));
        }
        return at < len;
    }
    return false;
}

static json_t *find_task(const json_t *report, const char *connector, const char *task)
{
    size_t i, j;
    json_t *c, *t;
    json_array_foreach(json_object_get(report, "connectors"), i, c)
    {
        if (strcmp(text_of(c, "name"), connector) != 0)
            continue;
        json_array_foreach(json_object_get(c, "tasks"), j, t)
        {
            if (json_integer_value(json_object_get(t, "id")) == strtol(task, NULL, 10))
                return t;
        }
    }
    return NULL;
}

/* Of several lags of a task, such as of collections, the longest counts. */
static void note_lag(json_t *task, double seconds)
{
    const json_t *known = json_object_get(task, "lag_seconds");
    if (!known || json_real_value(known) < seconds)
        json_object_set_new(task, "lag_seconds", json_real(seconds));
}

static void read_line(json_t *report, const char *line, size_t len)
{
    static const char suffix[] = "lag_seconds";
    const char *labels = memchr(line, '{', len), *end = NULL;
    for (const char *c = labels; c && c < line + len; c++)
        if (*c == '}')
            end = c;
    size_t name_len = labels ? (size_t)(labels - line) : 0;
    if (!end || *line == '#' || name_len < sizeof suffix - 1 ||
        strncmp(labels - (sizeof suffix - 1), suffix, sizeof suffix - 1) != 0)
        return;
    struct ks_buf connector = {0}, task = {0};
    size_t labels_len = (size_t)(end - labels) + 1;
    if (read_label(labels, labels_len, "connector", &connector) &&
        read_label(labels, labels_len, "task", &task)) {
        char *rest, *number = xstrndup(end + 1, (size_t)(line + len - end - 1));
        double seconds = strtod(number, &rest);
        json_t *found = find_task(report, ks_buf_str(&connector), ks_buf_str(&task));
        if (found && rest != number && seconds >= 0)
            note_lag(found, seconds);
        free(number);
    }
    ks_buf_release(&connector);
    ks_buf_release(&task);
}

void status_report_add_metrics(json_t *report, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        read_line(report, text, len);
        text += len + (text[len] == '\n');
    }
}

/* ---- questions ---- */

size_t status_report_workers(const json_t *report, const char ***ret)
{
    const char **list = NULL;
    size_t count = 0, cap = 0, i, j;
    json_t *c, *t;
    json_array_foreach(json_object_get(report, "connectors"), i, c){json_array_foreach(
        json_object_get(c, "tasks"), j, t){const char *worker = text_of(t, "worker_id");
    if (!*worker || (count > 0 && is_wanted(worker, list, count)))
        continue;
    list = xgrow(list, count, &cap, sizeof *list);
    list[count++] = worker;
}
}
*ret = list;
return count;
}

static bool is_failed(const json_t *object)
{
    return strcmp(text_of(object, "state"), "FAILED") == 0;
}

bool status_report_has_failed(const json_t *report)
{
    size_t i, j;
    json_t *c, *t;
    json_array_foreach(json_object_get(report, "connectors"), i, c)
    {
        if (is_failed(c))
            return true;
        json_array_foreach(json_object_get(c, "tasks"), j, t) if (is_failed(t)) return true;
    }
    return false;
}

/* ---- the table ---- */

struct table {
    char *(*rows)[COLUMNS];
    size_t count, cap;
};

static char *shown(const char *text, size_t max)
{
    char *copy = strlen(text) > max ? xasprintf("%.*s...", (int)max, text) : xstrdup(text);
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
    return copy;
}

static char *shown_trouble(const json_t *object)
{
    const char *error = text_of(object, "error"), *waiting = text_of(object, "waiting");
    if (*error)
        return shown(error, ERROR_MAX);
    char *text = *waiting ? xasprintf("waits: %s", waiting) : xstrdup("");
    char *cut = shown(text, ERROR_MAX);
    free(text);
    return cut;
}

static void add_row(struct table *table, char *take_name, const char *type, const json_t *object)
{
    const json_t *lag = json_object_get(object, "lag_seconds");
    table->rows = xgrow(table->rows, table->count, &table->cap, sizeof *table->rows);
    char **row = table->rows[table->count++];
    row[0] = take_name;
    row[1] = shown(type, ERROR_MAX);
    row[2] = shown(text_of(object, "state"), ERROR_MAX);
    row[3] = shown(text_of(object, "worker_id"), ERROR_MAX);
    row[4] = lag ? xasprintf("%.1f s", json_real_value(lag)) : xstrdup("");
    row[5] = shown_trouble(object);
}

static void print_table(struct table *table, FILE *out)
{
    static const char *const heads[COLUMNS] = {"CONNECTOR", "TYPE", "STATE",
                                               "WORKER",    "LAG",  "ERROR"};
    size_t widths[COLUMNS];
    for (size_t col = 0; col < COLUMNS; col++) {
        widths[col] = strlen(heads[col]);
        for (size_t i = 0; i < table->count; i++)
            if (strlen(table->rows[i][col]) > widths[col])
                widths[col] = strlen(table->rows[i][col]);
    }
    for (size_t i = 0; i <= table->count; i++) {
        const char *const *row = i == 0 ? heads : (const char *const *)table->rows[i - 1];
        size_t last = COLUMNS - 1;
        while (last > 0 && !*row[last])
            last--;
        for (size_t col = 0; col < last; col++)
            fprintf(out, "%-*s  ", (int)widths[col], row[col]);
        fprintf(out, "%s\n", row[last]);
    }
}

void status_report_print(const json_t *report, FILE *out)
{
    struct table table = {0};
    size_t i, j;
    json_t *c, *t;
    json_array_foreach(json_object_get(report, "connectors"), i, c)
    {
        add_row(&table, shown(text_of(c, "name"), ERROR_MAX), text_of(c, "type"), c);
        json_array_foreach(json_object_get(c, "tasks"), j, t)
        {
            int id = (int)json_integer_value(json_object_get(t, "id"));
            add_row(&table, xasprintf("  task %d", id), "", t);
        }
    }
    print_table(&table, out);
    for (i = 0; i < table.count; i++)
        for (j = 0; j < COLUMNS; j++)
            free(table.rows[i][j]);
    free(table.rows);
}
