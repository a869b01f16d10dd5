/* Where a check that tells all that is wrong is asked for one error: the first. */
#ifndef SOURCE_FIRST_ISSUE_H
#define SOURCE_FIRST_ISSUE_H

#include "kitestream/config.h"
#include "kitestream/error.h"

struct first_issue {
    struct ks_error *err; /* FATAL, once found */
    bool found;
};

/* `first` must outlive the sink. */
struct ks_config_issues first_issue_sink(struct first_issue *first);

#endif
