/* Levels of loggers. In: levels from worker.yaml, REST and the config topic; names of lines about
 * to be logged; out: yes or no. Most lines are INFO and logged, or DEBUG and refused by one atomic
 * read; only in between is there a list to look through, of some dozens of names. Next: log. */
#include "log_levels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "clock.h"

#define LOGGERS_MAX 2000
#define CONNECTORS "connectors"

struct logger {
    char *name;
    bool is_set;
    int level;
    int64_t modified_ms;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static struct logger root = {.level = KS_LOG_INFO, .is_set = true};
static struct logger *loggers; /* sorted by name; never freed but by init */
static size_t logger_count, logger_cap;
static _Atomic int highest = KS_LOG_INFO;

static const char *const level_names[] = {"OFF", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"};

const char *log_level_name(int level)
{
    bool is_known =
        level >= LOGGER_OFF && level + 1 < (int)(sizeof level_names / sizeof *level_names);
    return is_known ? level_names[level + 1] : "TRACE";
}

bool log_level_parse(const char *text, int *ret)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcasecmp(text, level_names[i]) != 0)
            continue;
        *ret = (int)i - 1;
        return true;
    }
    return false;
}

void logger_name_of(const char *connector, int task, char ret[LOGGER_NAME_MAX])
{
    if (task < 0)
        snprintf(ret, LOGGER_NAME_MAX, CONNECTORS ".%s", connector);
    else
        snprintf(ret, LOGGER_NAME_MAX, CONNECTORS ".%s.tasks.%d", connector, task);
}

/* ---- the list; under the lock ---- */

static bool is_below(const char *name, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(name, prefix, len) == 0 && (name[len] == '.' || !name[len]);
}

static size_t place_of(const char *name)
{
    size_t low = 0, high = logger_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(loggers[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct logger *find(const char *name)
{
    size_t at = place_of(name);
    return at < logger_count && strcmp(loggers[at].name, name) == 0 ? &loggers[at] : NULL;
}

static struct logger *find_or_add(const char *name)
{
    struct logger *found = find(name);
    if (found || logger_count == LOGGERS_MAX)
        return found;
    size_t at = place_of(name);
    loggers = xgrow(loggers, logger_count, &logger_cap, sizeof *loggers);
    memmove(&loggers[at + 1], &loggers[at], (logger_count - at) * sizeof *loggers);
    loggers[at] = (struct logger){.name = xstrdup(name)};
    logger_count++;
    return &loggers[at];
}

/* The one whose level counts for `name`. */
static const struct logger *ruler_of(const char *name)
{
    const struct logger *best = &root;
    size_t best_len = 0;
    for (size_t i = 0; i < logger_count; i++) {
        size_t len = strlen(loggers[i].name);
        if (loggers[i].is_set && len >= best_len && is_below(name, loggers[i].name)) {
            best = &loggers[i];
            best_len = len;
        }
    }
    return best;
}

/* Whoever sets the level that is there already has changed nothing. */
static void change(struct logger *logger, int before, int level, int64_t now_ms)
{
    if (level != before)
        logger->modified_ms = now_ms;
    logger->level = level;
    logger->is_set = true;
}

static void note_highest(void)
{
    int level = root.level;
    for (size_t i = 0; i < logger_count; i++)
        if (loggers[i].is_set && loggers[i].level > level)
            level = loggers[i].level;
    atomic_store_explicit(&highest, level, memory_order_relaxed);
}

/* ---- */

void log_levels_init(int level)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < logger_count; i++)
        free(loggers[i].name);
    free(loggers);
    loggers = NULL;
    logger_count = logger_cap = 0;
    root = (struct logger){.level = level, .is_set = true};
    note_highest();
    pthread_mutex_unlock(&lock);
}

bool log_levels_maybe(enum ks_log_level level)
{
    return (int)level <= atomic_load_explicit(&highest, memory_order_relaxed);
}

bool log_levels_allow(const char *name, enum ks_log_level level)
{
    pthread_mutex_lock(&lock);
    bool allowed = (int)level <= ruler_of(name)->level;
    /* Those of connectors are known by the connectors, and would outlive them here. */
    if (allowed && !is_below(name, CONNECTORS))
        find_or_add(name);
    pthread_mutex_unlock(&lock);
    return allowed;
}

struct logger_info log_levels_get(const char *name)
{
    pthread_mutex_lock(&lock);
    bool is_root = strcmp(name, LOGGER_ROOT) == 0;
    const struct logger *own = is_root ? &root : find(name);
    const struct logger *ruler = is_root ? &root : ruler_of(name);
    struct logger_info info = {
        .level = ruler->level, .modified_ms = ruler->modified_ms, .known = own != NULL};
    pthread_mutex_unlock(&lock);
    return info;
}

bool log_levels_set(const char *name, int level)
{
    int64_t now_ms = clock_wall_ms();
    pthread_mutex_lock(&lock);
    bool is_root = strcmp(name, LOGGER_ROOT) == 0;
    struct logger *own = is_root ? &root : find_or_add(name);
    if (own) {
        change(own, is_root ? own->level : ruler_of(name)->level, level, now_ms);
        for (size_t i = 0; i < logger_count; i++)
            if (loggers[i].is_set && (is_root || is_below(loggers[i].name, name)))
                change(&loggers[i], loggers[i].level, level, now_ms);
        note_highest();
    }
    pthread_mutex_unlock(&lock);
    return own != NULL;
}

size_t log_levels_names(char ***ret)
{
    pthread_mutex_lock(&lock);
    size_t count = logger_count, bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(loggers[i].name) + 1;
    char **names = xmalloc((count + 1) * sizeof *names + bytes);
    char *text = (char *)(names + count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(loggers[i].name) + 1;
        names[i] = memcpy(text, loggers[i].name, size);
        text += size;
    }
    pthread_mutex_unlock(&lock);
    *ret = names;
    return count;
}
