#ifndef SINK_SINK_CONNECTOR_H
#define SINK_SINK_CONNECTOR_H

#include "kitestream/plugin.h"

extern const struct ks_connector_class sink_connector_class;

#endif
