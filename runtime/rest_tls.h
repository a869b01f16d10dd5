/* Certificates of https:// listeners, read again when their files change. libmicrohttpd asks for
 * the certificate at each handshake, without an argument of ours, so there is one set per process.
 * Thread: any. */
#ifndef RUNTIME_REST_TLS_H
#define RUNTIME_REST_TLS_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "rest_options.h"

struct rest_tls;

/* Errors: FATAL naming the file: unreadable, not PEM, a key of another certificate. */
enum ks_status rest_tls_open(const struct rest_options *options, struct rest_tls **ret,
                             struct ks_error *err);
void rest_tls_close(struct rest_tls *tls);
/* Takes changed files; what is wrong with them is logged, and the old ones stay. */
void rest_tls_refresh(struct rest_tls *tls);
/* PEM text of the authorities for clients; NULL: clients need no certificate. Valid until close. */
const char *rest_tls_client_ca(const struct rest_tls *tls);
/* Whether the client has shown a certificate that counts. */
bool rest_tls_client_is_known(struct rest_tls *tls, gnutls_session_t session);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK2. */
int rest_tls_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                         gnutls_pcert_st **ret_certs, unsigned int *ret_count,
                         gnutls_ocsp_data_st **ret_ocsp, unsigned int *ret_ocsp_count,
                         gnutls_privkey_t *ret_key, unsigned int *flags);

#endif
