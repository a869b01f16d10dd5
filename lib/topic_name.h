/* What Kafka allows as the name of a topic. */
#ifndef LIB_TOPIC_NAME_H
#define LIB_TOPIC_NAME_H

enum { TOPIC_NAME_MAX = 249 };

/* What is wrong with the name, as the end of a sentence that begins with it ("is empty"); NULL:
 * nothing. */
const char *topic_name_fault(const char *name);

#endif
