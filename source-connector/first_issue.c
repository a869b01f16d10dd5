#include "first_issue.h"

#include "kitestream/sdk/util.h"

static void add(void *ctx, const char *option, const char *message)
{
    struct first_issue *first = ctx;
    if (!first->found)
        ks_error_set(first->err, KS_ERR_FATAL, "%s", message);
    first->found = true;
}

struct ks_config_issues first_issue_sink(struct first_issue *first)
{
    return (struct ks_config_issues){first, add};
}
