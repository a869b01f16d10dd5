/* Rules about fields and filters of rows, judged by the collections that the source has now. */
#ifndef SOURCE_SELECTION_ONLINE_H
#define SOURCE_SELECTION_ONLINE_H

#include "kitestream/config.h"

/* validate_online op of the connector. Asks etcd, if there is any such rule, for
 * SELECTION_LIMIT_MS at most; if it does not answer, nothing is wrong: the task's start will say
 * what is. A rule about collections that do not exist is no issue. */
void selection_validate_online(const struct ks_config *config,
                               const struct ks_config_issues *issues);

enum { SELECTION_LIMIT_MS = 2500 };

#endif
