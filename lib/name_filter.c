#include "name_filter.h"

#include <regex.h>
#include <stdlib.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

struct expressions {
    regex_t *list;
    size_t count;
};

struct name_filter {
    struct expressions include, exclude; /* an empty include list includes everything */
};

static enum ks_status compile(const struct ks_config *config, const char *option,
                              struct expressions *ret, struct ks_error *err)
{
    char **items = NULL;
    enum ks_status status = KS_OK;
    size_t count = ks_config_list(config, option, &items);
    ret->list = xcalloc(count + 1, sizeof(*ret->list));
    for (size_t i = 0; i < count && !status; i++) {
        char *whole = xasprintf("^(%s)$", items[i]), why[128];
        int rc = regcomp(&ret->list[i], whole, REG_EXTENDED | REG_NOSUB);
        free(whole);
        if (!rc) {
            ret->count++;
            continue;
        }
        regerror(rc, &ret->list[i], why, sizeof(why));
        status = ks_error_set(err, KS_ERR_FATAL,
                              "%s: '%s' is not a regular expression (%s); write POSIX extended "
                              "expressions for db.collection, separated by commas",
                              option, items[i], why);
    }
    free(items);
    return status;
}

enum ks_status name_filter_new(const struct ks_config *config, struct name_filter **ret,
                               struct ks_error *err)
{
    struct name_filter *f = xcalloc(1, sizeof(*f));
    enum ks_status status = compile(config, "collection.include.list", &f->include, err);
    if (!status)
        status = compile(config, "collection.exclude.list", &f->exclude, err);
    if (status) {
        name_filter_free(f);
        return status;
    }
    *ret = f;
    return KS_OK;
}

static void release(struct expressions *e)
{
    for (size_t i = 0; i < e->count; i++)
        regfree(&e->list[i]);
    free(e->list);
}

void name_filter_free(struct name_filter *f)
{
    if (!f)
        return;
    release(&f->include);
    release(&f->exclude);
    free(f);
}

static bool any(const struct expressions *e, const char *name)
{
    for (size_t i = 0; i < e->count; i++)
        if (regexec(&e->list[i], name, 0, NULL, 0) == 0)
            return true;
    return false;
}

bool name_filter_restricts(const struct name_filter *f)
{
    return f->include.count > 0 || f->exclude.count > 0;
}

bool name_filter_match(const struct name_filter *f, const char *db, const char *collection)
{
    char *name = xasprintf("%s.%s", db, collection);
    bool match = (f->include.count == 0 || any(&f->include, name)) && !any(&f->exclude, name);
    free(name);
    return match;
}
