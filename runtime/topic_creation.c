/* In: topic.creation.* of a connector, and what it asks for a topic; out: the topic, created. Next:
 * topic_admin. Groups that say nothing of partitions or replication take the default group's, as in
 * Connect; other options are each group's own. */
#include "topic_creation.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "config_value.h"
#include "java_regex.h"
#include "kitestream/sdk/util.h"
#include "log.h"

#define PREFIX "topic.creation."
#define GROUPS PREFIX "groups"
#define DEFAULT_GROUP "default"
#define PARTITIONS "partitions"
#define REPLICATION "replication.factor"
#define INCLUDE "include"
#define EXCLUDE "exclude"
#define PARTITIONS_MAX 100000

struct patterns {
    char *option; /* for messages */
    struct java_regex **list;
    size_t count;
};

struct group {
    char *name;
    struct patterns include, exclude;
    int32_t partitions; /* -1: not said */
    int replication;
    struct string_map configs;
};

struct topic_creation {
    const char *connector;
    struct group *groups; /* the default group last */
    size_t count;
};

/* The caller frees. */
static char *option_name(const char *group, const char *option)
{
    return xasprintf(PREFIX "%s.%s", group, option);
}

/* "retention.ms" of "topic.creation.g.retention.ms", or NULL if it is another group's. */
static const char *option_in(const char *key, const char *group)
{
    size_t prefix = strlen(PREFIX), len = strlen(group);
    if (strncmp(key, PREFIX, prefix) != 0 || strncmp(key + prefix, group, len) != 0 ||
        key[prefix + len] != '.')
        return NULL;
    return key + prefix + len + 1;
}

/* ---- checks ---- */

static void add_invalid(const struct ks_config *config, const char *option, const char *why,
                        struct config_issues *issues)
{
    const char *value = ks_config_get(config, option);
    char *text = xasprintf("Invalid value %s for configuration %s: %s", value, option, why);
    config_issues_add(issues, option, value, text);
    free(text);
}

static void check_number(const struct ks_config *config, const char *group, const char *name,
                         double max, struct config_issues *issues)
{
    char *option = option_name(group, name);
    const struct ks_config_def def = {
        .name = option, .type = KS_CONFIG_INT, .flags = KS_CONFIG_RANGE, .min = -1, .max = max};
    const char *value = ks_config_get(config, option);
    struct ks_buf why = {0};
    if (value && !config_has_placeholder(value)) {
        if (!config_value_fits(&def, value, &why))
            add_invalid(config, option, ks_buf_str(&why), issues);
        else if (ks_config_long(config, option, -1) == 0)
            add_invalid(config, option, "Value must be at least 1, or -1 for the default", issues);
    }
    ks_buf_release(&why);
    free(option);
}

static void check_patterns(const struct ks_config *config, const char *group, const char *name,
                           struct config_issues *issues)
{
    char *option = option_name(group, name), **list;
    size_t count = ks_config_list(config, option, &list);
    for (size_t i = 0; i < count; i++) {
        struct java_regex *re = NULL;
        struct ks_error err;
        if (!config_has_placeholder(list[i]) && java_regex_new(list[i], &re, &err) != KS_OK)
            add_invalid(config, option, err.message, issues);
        java_regex_free(re);
    }
    free(list);
    free(option);
}

static void check_group(const struct ks_config *config, const char *group,
                        struct config_issues *issues)
{
    check_number(config, group, PARTITIONS, PARTITIONS_MAX, issues);
    check_number(config, group, REPLICATION, SHRT_MAX, issues);
    char *include = option_name(group, INCLUDE), **list;
    size_t count = ks_config_list(config, include, &list);
    free(list);
    if (count == 0) {
        char *text =
            xasprintf("Missing required configuration \"%s\" which has no default value.", include);
        config_issues_add(issues, include, ks_config_get(config, include), text);
        free(text);
    }
    free(include);
    check_patterns(config, group, INCLUDE, issues);
    check_patterns(config, group, EXCLUDE, issues);
}

static void check_default(const struct ks_config *config, struct config_issues *issues)
{
    static const char *const choices[] = {PREFIX DEFAULT_GROUP "." INCLUDE,
                                          PREFIX DEFAULT_GROUP "." EXCLUDE};
    check_number(config, DEFAULT_GROUP, PARTITIONS, PARTITIONS_MAX, issues);
    check_number(config, DEFAULT_GROUP, REPLICATION, SHRT_MAX, issues);
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (ks_config_get(config, choices[i]))
            add_invalid(config, choices[i],
                        "the default group has every topic that no other has: leave it out",
                        issues);
}

static bool is_of_a_group(const char *key, char **groups, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (option_in(key, groups[i]))
            return true;
    return strcmp(key, GROUPS) == 0 || option_in(key, DEFAULT_GROUP);
}

static void find_strays(const struct ks_config *config, char **groups, size_t count,
                        struct config_issues *issues)
{
    for (size_t i = 0; i < config->count; i++) {
        const struct ks_config_entry *entry = &config->entries[i];
        if (strncmp(entry->key, PREFIX, strlen(PREFIX)) != 0 ||
            is_of_a_group(entry->key, groups, count))
            continue;
        char *text =
            xasprintf("Unknown configuration \"%s\": %s names no such group", entry->key, GROUPS);
        config_issues_add_unknown(issues, entry->key, entry->value, text, NULL);
        free(text);
    }
}

void topic_creation_check(const struct ks_config *config, struct config_issues *issues)
{
    char **groups;
    size_t count = ks_config_list(config, GROUPS, &groups);
    for (size_t i = 0; i < count; i++) {
        bool again = strcmp(groups[i], DEFAULT_GROUP) == 0;
        if (again)
            add_invalid(config, GROUPS, "the group default is always there: leave it out", issues);
        for (size_t k = 0; k < i && !again; k++)
            again = strcmp(groups[i], groups[k]) == 0;
        if (again && strcmp(groups[i], DEFAULT_GROUP) != 0)
            add_invalid(config, GROUPS, "a group is named twice", issues);
        if (!again)
            check_group(config, groups[i], issues);
    }
    check_default(config, issues);
    find_strays(config, groups, count, issues);
    free(groups);
}

/* ---- groups ---- */

static void patterns_release(struct patterns *p)
{
    for (size_t i = 0; i < p->count; i++)
        java_regex_free(p->list[i]);
    free(p->list);
    free(p->option);
}

static enum ks_status patterns_open(const struct ks_config *config, const char *group,
                                    const char *name, struct patterns *ret, struct ks_error *err)
{
    char **texts;
    enum ks_status status = KS_OK;
    ret->option = option_name(group, name);
    size_t count = ks_config_list(config, ret->option, &texts);
    ret->list = xcalloc(count, sizeof *ret->list);
    while (status == KS_OK && ret->count < count) {
        status = java_regex_new(texts[ret->count], &ret->list[ret->count], err);
        ret->count += status == KS_OK;
    }
    free(texts);
    if (status == KS_OK)
        return KS_OK;
    ks_error_prefix(err, "%s", ret->option);
    return err->status = KS_ERR_FATAL;
}

static int32_t number_of(const struct ks_config *config, const char *group, const char *name,
                         int32_t fallback)
{
    char *option = option_name(group, name);
    int32_t number = (int32_t)ks_config_long(config, option, fallback);
    free(option);
    return number;
}

static struct string_map configs_of(const struct ks_config *config, const char *group)
{
    static const char *const own[] = {PARTITIONS, REPLICATION, INCLUDE, EXCLUDE};
    struct string_map configs = {0};
    for (size_t i = 0; i < config->count; i++) {
        const char *name = option_in(config->entries[i].key, group);
        bool is_own = false;
        for (size_t k = 0; name && k < sizeof own / sizeof *own; k++)
            is_own |= strcmp(name, own[k]) == 0;
        if (name && !is_own)
            string_map_set(&configs, name, config->entries[i].value);
    }
    return configs;
}

static enum ks_status group_open(const struct ks_config *config, const char *name,
                                 struct group *ret, struct ks_error *err)
{
    ret->name = xstrdup(name);
    ret->partitions =
        number_of(config, name, PARTITIONS, number_of(config, DEFAULT_GROUP, PARTITIONS, -1));
    ret->replication =
        number_of(config, name, REPLICATION, number_of(config, DEFAULT_GROUP, REPLICATION, -1));
    ret->configs = configs_of(config, name);
    enum ks_status status = patterns_open(config, name, INCLUDE, &ret->include, err);
    return status == KS_OK ? patterns_open(config, name, EXCLUDE, &ret->exclude, err) : status;
}

enum ks_status topic_creation_new(const char *connector, const struct ks_config *config,
                                  struct topic_creation **ret, struct ks_error *err)
{
    char **names;
    enum ks_status status = KS_OK;
    size_t count = ks_config_list(config, GROUPS, &names);
    struct topic_creation *c = xcalloc(1, sizeof *c);
    c->connector = connector;
    c->groups = xcalloc(count + 1, sizeof *c->groups);
    while (status == KS_OK && c->count <= count) {
        const char *name = c->count < count ? names[c->count] : DEFAULT_GROUP;
        status = group_open(config, name, &c->groups[c->count++], err);
    }
    free(names);
    if (status == KS_OK)
        *ret = c;
    else
        topic_creation_free(c);
    return status;
}

void topic_creation_free(struct topic_creation *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->count; i++) {
        patterns_release(&c->groups[i].include);
        patterns_release(&c->groups[i].exclude);
        string_map_release(&c->groups[i].configs);
        free(c->groups[i].name);
    }
    free(c->groups);
    free(c);
}

/* ---- plans ---- */

static enum ks_status any_matches(const struct patterns *p, const char *topic, bool *ret,
                                  struct ks_error *err)
{
    *ret = false;
    for (size_t i = 0; i < p->count && !*ret; i++) {
        enum java_match match = java_regex_matches(p->list[i], topic);
        if (match == JAVA_GAVE_UP)
            return ks_error_set(err, KS_ERR_FATAL,
                                "%s: no answer for the topic %s after very many steps; write it "
                                "with fewer nested repetitions",
                                p->option, topic);
        *ret = match == JAVA_MATCH;
    }
    return KS_OK;
}

static enum ks_status find_group(const struct topic_creation *c, const char *topic,
                                 const struct group **ret, struct ks_error *err)
{
    for (size_t i = 0; i + 1 < c->count; i++) {
        bool included, excluded = false;
        enum ks_status status = any_matches(&c->groups[i].include, topic, &included, err);
        if (status == KS_OK && included)
            status = any_matches(&c->groups[i].exclude, topic, &excluded, err);
        if (status != KS_OK)
            return status;
        if (included && !excluded) {
            *ret = &c->groups[i];
            return KS_OK;
        }
    }
    *ret = &c->groups[c->count - 1];
    return KS_OK;
}

static void overlay(struct string_map *under, const struct ks_config *over)
{
    for (size_t i = 0; over && i < over->count; i++)
        string_map_set(under, over->entries[i].key, over->entries[i].value);
}

/* Of the group's options, those that a fixed request leaves no room for. */
static char *find_overruled(const struct group *g, const struct topic_request *asked)
{
    struct ks_buf text = {0};
    if (asked->partitions > 0 && g->partitions > 0 && g->partitions != asked->partitions)
        ks_buf_printf(&text, PARTITIONS "=%d", (int)g->partitions);
    for (size_t i = 0; asked->configs && i < asked->configs->count; i++) {
        const struct ks_config_entry *entry = &asked->configs->entries[i];
        const char *given = string_map_get(&g->configs, entry->key);
        if (given && strcmp(given, entry->value) != 0)
            ks_buf_printf(&text, "%s%s=%s", text.len ? ", " : "", entry->key, given);
    }
    return text.len ? ks_buf_take_str(&text) : NULL;
}

enum ks_status topic_creation_plan(struct topic_creation *c, const char *topic,
                                   const struct topic_request *asked, struct new_topic *ret,
                                   struct ks_error *err)
{
    const struct group *g;
    enum ks_status status = find_group(c, topic, &g, err);
    if (status != KS_OK)
        return status;
    bool own_count = asked->partitions > 0 && (asked->fixed || g->partitions < 0);
    *ret = (struct new_topic){.group = g->name,
                              .partitions = own_count ? asked->partitions : g->partitions,
                              .replication = g->replication};
    struct ks_config of_group = string_map_view(&g->configs);
    overlay(&ret->configs, asked->fixed ? &of_group : asked->configs);
    overlay(&ret->configs, asked->fixed ? asked->configs : &of_group);
    if (asked->fixed)
        ret->overruled = find_overruled(g, asked);
    return KS_OK;
}

void new_topic_release(struct new_topic *t)
{
    string_map_release(&t->configs);
    free(t->overruled);
}

enum ks_status topic_creation_ensure(struct topic_creation *c, struct topic_admin *admin,
                                     const char *topic, const struct topic_request *asked,
                                     int32_t *ret_partitions, struct ks_error *err)
{
    struct new_topic plan;
    enum ks_status status = topic_creation_plan(c, topic, asked, &plan, err);
    if (status != KS_OK)
        return status;
    if (plan.overruled)
        log_line(KS_LOG_WARN, c->connector, -1,
                 "topic %s has to be as the connector needs it: " PREFIX "%s.* does not apply to "
                 "it with %s",
                 topic, plan.group, plan.overruled);
    struct ks_config configs = string_map_view(&plan.configs);
    status = topic_admin_ensure(admin, topic, plan.partitions, plan.replication, &configs,
                                ret_partitions, err);
    if (status == KS_ERR_FATAL)
        ks_error_prefix(err, "by " PREFIX "%s.*", plan.group);
    new_topic_release(&plan);
    return status;
}
