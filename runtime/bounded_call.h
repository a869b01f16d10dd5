/* A call that may never return, such as one of a plugin, on a thread of its own. Who asked for it
 * waits as long as he likes and then goes on without it. */
#ifndef RUNTIME_BOUNDED_CALL_H
#define RUNTIME_BOUNDED_CALL_H

#include <stdbool.h>
#include <stdint.h>

struct bounded_call;

struct bounded_call_spec {
    void (*fn)(void *arg);
    void *take_arg;
    void (*release)(void *arg);   /* once neither the call nor its owner needs arg */
    void (*done)(void *done_arg); /* on the call's thread after fn, unless abandoned; may be NULL */
    void *done_arg;
};

/* NULL: no thread could be started; arg is released. */
struct bounded_call *bounded_call_start(const struct bounded_call_spec *spec);
bool bounded_call_done(struct bounded_call *c);
/* Returns whether fn has returned. */
bool bounded_call_wait(struct bounded_call *c, int64_t timeout_ms);
/* What was given as arg: the call's until it is done. */
void *bounded_call_arg(const struct bounded_call *c);
/* Returns false if the call is still running and was abandoned: what it uses must stay. */
bool bounded_call_free(struct bounded_call *c);

#endif
