/* The msgIDs of the records seen last: a bounded set that forgets the oldest. */
#ifndef SOURCE_MSG_ID_SET_H
#define SOURCE_MSG_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct msg_id_set;

struct msg_id_set *msg_id_set_new(size_t capacity); /* a power of two */
void msg_id_set_free(struct msg_id_set *set);
/* False if the id is already there. 0 is no id: always true, never kept. */
bool msg_id_set_add(struct msg_id_set *set, int64_t id);
bool msg_id_set_has(const struct msg_id_set *set, int64_t id);

#endif
