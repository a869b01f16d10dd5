/* The two classes of this plugin. */
#ifndef FILESTREAM_H
#define FILESTREAM_H

#include "kitestream/plugin.h"

extern const struct ks_connector_class filestream_source;
extern const struct ks_connector_class filestream_sink;

/* source_offset.c: ks_connector_class.check_offset of the source. */
enum ks_status filestream_check_offset(const struct ks_config *config, const char *partition_json,
                                       const char *offset_json, struct ks_error *err);

#endif
