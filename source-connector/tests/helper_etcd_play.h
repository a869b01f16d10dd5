/* A recorded etcd, played back into a real one. */
#ifndef SOURCE_TESTS_HELPER_ETCD_PLAY_H
#define SOURCE_TESTS_HELPER_ETCD_PLAY_H

#include "../../lib/tests/helper_etcd.h"
#include "helper_etcd.h"

/* Events `from` to `to` (not included); each recorded revision is one transaction. */
void etcd_recording_play(const struct etcd_recording *rec, struct test_etcd *etcd, size_t from,
                         size_t to);
/* First event after that recorded revision. */
size_t etcd_recording_after(const struct etcd_recording *rec, int64_t revision);

#endif
