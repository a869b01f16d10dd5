/* The real etcd of lib's tests, for the tests of this folder. */
#include "../../lib/tests/helper_certs.c"
#include "../../lib/tests/helper_etcd.c"
