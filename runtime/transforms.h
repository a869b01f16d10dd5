/* transforms, predicates: which transformations there are, what they can be told, and what is wrong
 * with a connector's. There is one, Connect's RegexRouter; topic_router does its work.
 * Thread: any. */
#ifndef RUNTIME_TRANSFORMS_H
#define RUNTIME_TRANSFORMS_H

#include "config_def.h"
#include "kitestream/sdk/arena.h"

/* NULL-ended. */
extern const char *const transform_classes[];

/* The options of a transformation, by its full class name or the last part of it; ret_class (may be
 * NULL) is the full one. NULL: there is none of that name. */
const struct ks_config_def *transforms_table(const char *name, const char **ret_class);

/* Names the option of each fault: transforms.route.regex. */
void transforms_check(const struct ks_connector_class *cls, const struct ks_config *config,
                      struct config_issues *issues);

/* An option of one transformation of a connector, as a form shows it. */
struct transform_option {
    struct ks_config_def def; /* full name: transforms.route.regex */
    const char *title, *width;
    int order;
    bool is_class;
};
/* In the order of `transforms`. All text lives in the arena. */
size_t transforms_options(const struct ks_config *config, struct ks_arena *arena,
                          const struct transform_option **ret);

#endif
