/* One value against one option of a table. */
#ifndef RUNTIME_CONFIG_VALUE_H
#define RUNTIME_CONFIG_VALUE_H

#include "kitestream/config.h"
#include "kitestream/sdk/buf.h"

/* True if the value fits; else `why` holds the reason, worded as Connect words it. */
bool config_value_fits(const struct ks_config_def *def, const char *value, struct ks_buf *why);
/* Is `text` this value? A converter's class may be given as Connect lets one name its plugins:
 * whole, without the package, and without "Converter" as well. */
bool config_value_is(const char *valid, const char *text);

#endif
