/* The TLS options that a connector has for each server it talks to, for its option table. */
#ifndef LIB_TLS_OPTIONS_H
#define LIB_TLS_OPTIONS_H

#include "kitestream/config.h"

#define TLS_OPTION(option, heading, text)                                                          \
    {                                                                                              \
        .name = option, .type = KS_CONFIG_STRING, .importance = KS_CONFIG_LOW, .group = heading,   \
        .doc = text                                                                                \
    }

/* `prefix` ends in '.'; `whose`: "etcd's"; `address`: what names the server otherwise. */
#define TLS_OPTIONS(prefix, heading, whose, address)                                               \
    TLS_OPTION(prefix "ca.file", heading,                                                          \
               "PEM file of the authorities that sign " whose                                      \
               " certificate; without it the system's."),                                          \
        TLS_OPTION(prefix "cert.file", heading,                                                    \
                   "PEM file of our own certificate, for mutual TLS."),                            \
        TLS_OPTION(prefix "key.file", heading, "PEM file of our own key, for mutual TLS."),        \
        TLS_OPTION(prefix "server.name", heading,                                                  \
                   "Host name that " whose                                                         \
                   " certificate must be for, when it differs from " address ".")

#endif
