/* PEM files, read and checked with OpenSSL before another library sees them: grpc accepts anything
 * and later fails every call with "empty address list". */
#ifndef LIB_TLS_FILES_H
#define LIB_TLS_FILES_H

#include "kitestream/error.h"

/* Owns: its strings, the files' PEM text; NULL where no file was named. */
struct tls_files {
    char *ca, *cert, *key;
};

/* Each file may be NULL; a certificate needs its key and the other way round. Errors: FATAL naming
 * the file and what is wrong with it: unreadable, not PEM, encrypted, or a key of another
 * certificate. */
enum ks_status tls_files_load(struct tls_files *ret, const char *ca_file, const char *cert_file,
                              const char *key_file, struct ks_error *err);
void tls_files_release(struct tls_files *files);

#endif
