/* Who writes to the target: enough to tell, on the same host, that an owner named in the state is
 * gone. Kept in the state as text: boot id, pid, start time. */
#ifndef SINK_OWNER_H
#define SINK_OWNER_H

#include <stdbool.h>

enum { OWNER_TEXT_MAX = 128 };

/* This process. */
void owner_self(char ret[OWNER_TEXT_MAX]);
/* True only if it certainly runs no longer: this host has not been restarted since, and there is no
 * such process, or another one with its pid. */
bool owner_is_gone(const char *owner);

#endif
