/* What the files of the herder share. */
#ifndef RUNTIME_HERDER_PARTS_H
#define RUNTIME_HERDER_PARTS_H

#include "herd_connector.h"
#include "herder.h"

/* Stores and plugins; valid while the herder is open. */
const struct herd *herder_parts(const struct herder *h);
/* Waits, for a moment at most, until the herder's thread has looked at everything that the tables
 * hold now, so that who has written something sees that it is being followed, if here. */
void herder_settle(struct herder *h);
/* A call of a plugin will never return: nothing that it uses may be freed. Thread: any. */
void herder_abandoned(struct herder *h);

#endif
