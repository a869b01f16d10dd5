/* In: a topic's name, however it was made; out: why Kafka would refuse it. Next: topic_router of
 * the runtime, topic_names of the source. */
#include "topic_name.h"

#include <string.h>

#define ALLOWED "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

const char *topic_name_fault(const char *name)
{
    size_t len = strlen(name);
    if (len == 0)
        return "is empty";
    if (len > TOPIC_NAME_MAX)
        return "is longer than Kafka's 249 characters";
    if (strspn(name, ALLOWED) != len)
        return "has other characters than letters, digits, '.', '_' and '-'";
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return "is a name that Kafka keeps for itself";
    return NULL;
}
