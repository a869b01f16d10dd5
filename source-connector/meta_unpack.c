/* Protobuf values unpacked and checked. In: bytes; out: the generic library's message. Next:
 * meta_values, which copies what is needed. */
#include "meta_unpack.h"

#include <string.h>

#include "utf8_check.h"

static bool strings_are_text(const ProtobufCMessage *message);

static bool member_is_text(const ProtobufCFieldDescriptor *field, const void *member)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return strings_are_text(*(ProtobufCMessage *const *)member);
    const char *str = *(char *const *)member;
    return !str || utf8_check(str, strlen(str));
}

/* The stream is UTF-8 throughout; the library does not look. No message of ours contains itself, so
 * this ends. */
static bool strings_are_text(const ProtobufCMessage *message)
{
    for (unsigned i = 0; message && i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const char *base = (const char *)message;
        if (field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING)
            continue;
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
            *(const uint32_t *)(const void *)(base + field->quantifier_offset) != field->id)
            continue;
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            if (!member_is_text(field, base + field->offset))
                return false;
            continue;
        }
        size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
        void *const *members = *(void *const *const *)(const void *)(base + field->offset);
        for (size_t k = 0; k < count; k++)
            if (!member_is_text(field, &members[k]))
                return false;
    }
    return true;
}

void *meta_unpack(const ProtobufCMessageDescriptor *type, struct ks_slice value)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, value.len, value.data);
    if (message && strings_are_text(message))
        return message;
    protobuf_c_message_free_unpacked(message, NULL);
    return NULL;
}
