/* What a function prints, as text. */
#ifndef RUNTIME_TESTS_HELPER_OUTPUT_H
#define RUNTIME_TESTS_HELPER_OUTPUT_H

#include <stdio.h>

struct output {
    FILE *file;
    char *text; /* complete after output_end */
    size_t len;
};
struct output output_begin(void);
void output_end(struct output *o);
void output_release(struct output *o);

#endif
