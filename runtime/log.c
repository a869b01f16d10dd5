/* Log lines. In: level, connector, task, a message from any thread; out: one line on stderr,
 * written with a single write so that lines of two threads never mix. Control characters in a
 * message are escaped: what a record or a server says must not be able to forge a line. */
#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log_levels.h"

#define LOG_MESSAGE_MAX 4096
/* \u00XX is the longest escape; the rest is for time, level, connector and quotes. */
#define LOG_LINE_MAX (LOG_MESSAGE_MAX * 6 + 4096)

static _Atomic bool log_as_json;

void log_init(enum ks_log_level level, bool json)
{
    log_levels_init((int)level);
    atomic_store(&log_as_json, json);
}

static bool is_wanted(const char *file, enum ks_log_level level, const char *connector, int task)
{
    if (!log_levels_maybe(level))
        return false;
    char logger[LOGGER_NAME_MAX];
    if (connector)
        logger_name_of(connector, task, logger);
    else
        snprintf(logger, sizeof logger, "kitestream.%.*s", (int)strcspn(file, "."), file);
    return log_levels_allow(logger, level);
}

struct line {
    char text[LOG_LINE_MAX];
    size_t len;
};

static void line_add(struct line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void line_add(struct line *line, const char *fmt, ...)
{
    size_t room = sizeof line->text - line->len;
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(line->text + line->len, room, fmt, args);
    va_end(args);
    if (len > 0)
        line->len += (size_t)len < room ? (size_t)len : room - 1;
}

/* `quotes`: the text stands inside a JSON string. */
static void line_add_escaped(struct line *line, const char *text, bool quotes)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\n')
            line_add(line, "\\n");
        else if (*c == '\t')
            line_add(line, "\\t");
        else if ((unsigned char)*c < 0x20 || *c == 0x7F)
            line_add(line, "\\u%04x", (unsigned)(unsigned char)*c);
        else if (quotes && (*c == '"' || *c == '\\'))
            line_add(line, "\\%c", *c);
        else
            line_add(line, "%c", *c);
    }
}

static void line_add_time(struct line *line)
{
    int64_t now_ms = clock_wall_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    line_add(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
             tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(now_ms % 1000));
}

static void format_json(struct line *line, const char *level, const char *connector, int task,
                        const char *message)
{
    line_add(line, "{\"time\":\"");
    line_add_time(line);
    line_add(line, "\",\"level\":\"%s\"", level);
    if (connector) {
        line_add(line, ",\"connector\":\"");
        line_add_escaped(line, connector, true);
        line_add(line, "\"");
        if (task >= 0)
            line_add(line, ",\"task\":%d", task);
    }
    line_add(line, ",\"message\":\"");
    line_add_escaped(line, message, true);
    line_add(line, "\"}");
}

static void format_text(struct line *line, const char *level, const char *connector, int task,
                        const char *message)
{
    line_add_time(line);
    line_add(line, " %-5s ", level);
    if (connector) {
        line_add(line, "[");
        line_add_escaped(line, connector, false);
        if (task >= 0)
            line_add(line, "|task-%d", task);
        line_add(line, "] ");
    }
    line_add_escaped(line, message, false);
}

void log_line_of(const char *file, enum ks_log_level level, const char *connector, int task,
                 const char *fmt, ...)
{
    if (!is_wanted(file, level, connector, task))
        return;
    char message[LOG_MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(message, sizeof message, fmt, args) < 0)
        message[0] = '\0';
    va_end(args);

    struct line line;
    line.len = 0;
    const char *name = log_level_name((int)level);
    if (atomic_load_explicit(&log_as_json, memory_order_relaxed))
        format_json(&line, name, connector, task, message);
    else
        format_text(&line, name, connector, task, message);
    line.text[line.len++] = '\n'; /* line_add always leaves room for its NUL */
    ssize_t written = write(STDERR_FILENO, line.text, line.len);
    (void)written; /* there is nobody to tell that stderr is gone */
}
