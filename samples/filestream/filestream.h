/* The two classes of this plugin. */
#ifndef FILESTREAM_H
#define FILESTREAM_H

#include "kitestream/plugin.h"

extern const struct ks_connector_class filestream_source;
extern const struct ks_connector_class filestream_sink;

#endif
