/* The class of this plugin. */
#ifndef MOCK_H
#define MOCK_H

#include "kitestream/plugin.h"

extern const struct ks_connector_class mock_source;

#endif
