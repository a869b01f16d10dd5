#include "name_list.h"

#include <stdlib.h>

#include "alloc.h"
#include "kitestream/sdk/util.h"

enum ks_status name_list_new(const struct ks_config *config, const char *option, const char *what,
                             struct name_list *ret, struct ks_error *err)
{
    char **items = NULL;
    struct name_list list = {0};
    enum ks_status status = KS_OK;
    size_t count = ks_config_list(config, option, &items);
    list.expressions = xcalloc(count + 1, sizeof(*list.expressions));
    for (size_t i = 0; i < count && !status; i++) {
        char *whole = xasprintf("^(%s)$", items[i]), why[128];
        int rc = regcomp(&list.expressions[i], whole, REG_EXTENDED | REG_NOSUB);
        free(whole);
        if (!rc) {
            list.count++;
            continue;
        }
        regerror(rc, &list.expressions[i], why, sizeof(why));
        status = ks_error_set(err, KS_ERR_FATAL,
                              "%s: '%s' is not a regular expression (%s); write POSIX extended "
                              "expressions for %s, separated by commas",
                              option, items[i], why, what);
    }
    free(items);
    if (status)
        name_list_release(&list);
    else
        *ret = list;
    return status;
}

void name_list_release(struct name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        regfree(&list->expressions[i]);
    free(list->expressions);
    *list = (struct name_list){0};
}

bool name_list_match(const struct name_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (regexec(&list->expressions[i], name, 0, NULL, 0) == 0)
            return true;
    return false;
}
