/* One entry of a JAAS configuration, as Kafka clients write it into sasl.jaas.config:
 *   org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p"; */
#ifndef LIB_JAAS_H
#define LIB_JAAS_H

#include <stddef.h>

#include "kitestream/error.h"

#define JAAS_OPTIONS_MAX 32

/* Owns: its strings. */
struct jaas {
    char *module; /* the class, without its package */
    struct jaas_option {
        char *name, *value;
    } options[JAAS_OPTIONS_MAX];
    size_t option_count;
};

/* Errors: FATAL saying where the text goes wrong, without quoting it: it holds a password. */
enum ks_status jaas_parse(const char *text, struct jaas *ret, struct ks_error *err);
const char *jaas_get(const struct jaas *jaas, const char *name); /* NULL: not there */
void jaas_release(struct jaas *jaas);

#endif
