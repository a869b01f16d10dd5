/* The conformance test of plugins: a list of checks on each class, with a host that is not Kafka.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <stdio.h>

#include "config_def.h"
#include "plugin_loader.h"

/* What is going on, for the messages, and how much was wrong. */
struct conformance {
    const char *path;               /* of the plugin */
    const char *class_name;         /* or NULL */
    const struct string_map *given; /* --set */
    int failures;
};

/* Says what is wrong, where. */
void conformance_fail(struct conformance *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The .so as a file: exactly one exported symbol. */
void surface_check_file(struct conformance *c);
/* The tables of a class. */
void surface_check_class(struct conformance *c, const struct ks_connector_class *cls);
/* Start, poll or put, stop, destroy, in every order that may happen. */
void life_check_class(struct conformance *c, const struct ks_connector_class *cls);

#endif
