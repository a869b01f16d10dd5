#ifndef SOURCE_SOURCE_CONNECTOR_H
#define SOURCE_SOURCE_CONNECTOR_H

#include "kitestream/plugin.h"

extern const struct ks_connector_class source_connector_class;

#endif
