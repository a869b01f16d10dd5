/* Milvus' message type numbers (common.MsgType) as far as a 2.3-2.5 message queue can hold them. */
#ifndef SOURCE_MQ_MSG_TYPE_H
#define SOURCE_MQ_MSG_TYPE_H

#include <stdint.h>

enum mq_msg_type {
    MSG_CREATE_COLLECTION = 100,
    MSG_DROP_COLLECTION = 101,
    MSG_DROP_PARTITION = 201,
    MSG_INSERT = 400,
    MSG_DELETE = 401,
    MSG_FLUSH = 402,
    MSG_IMPORT = 408,
    MSG_TIME_TICK = 1200,
};

/* Milvus' own name of the number, or NULL if no 2.3-2.5 release has it. */
const char *mq_msg_type_find(int32_t msg_type);

#endif
