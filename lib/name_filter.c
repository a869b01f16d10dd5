#include "name_filter.h"

#include <stdlib.h>

#include "alloc.h"
#include "name_list.h"

struct name_filter {
    struct name_list include, exclude; /* an empty include list includes everything */
};

enum ks_status name_filter_new(const struct ks_config *config, struct name_filter **ret,
                               struct ks_error *err)
{
    struct name_filter *f = xcalloc(1, sizeof(*f));
    enum ks_status status =
        name_list_new(config, "collection.include.list", "db.collection", &f->include, err);
    if (!status)
        status =
            name_list_new(config, "collection.exclude.list", "db.collection", &f->exclude, err);
    if (status) {
        name_filter_free(f);
        return status;
    }
    *ret = f;
    return KS_OK;
}

void name_filter_free(struct name_filter *f)
{
    if (!f)
        return;
    name_list_release(&f->include);
    name_list_release(&f->exclude);
    free(f);
}

bool name_filter_restricts(const struct name_filter *f)
{
    return f->include.count > 0 || f->exclude.count > 0;
}

bool name_filter_match(const struct name_filter *f, const char *db, const char *collection)
{
    char *name = xasprintf("%s.%s", db, collection);
    bool match = (f->include.count == 0 || name_list_match(&f->include, name)) &&
                 !name_list_match(&f->exclude, name);
    free(name);
    return match;
}
