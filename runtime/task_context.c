/* Names of task states, as Connect spells them in statuses. */
#include "task_context.h"

const char *task_state_name(enum task_state state)
{
    static const char *const names[] = {"UNASSIGNED", "RUNNING",    "PAUSED",   "FAILED",
                                        "STOPPED",    "RESTARTING", "DESTROYED"};
    return names[state];
}
