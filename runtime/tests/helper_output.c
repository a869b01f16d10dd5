#include "helper_output.h"

#include <stdlib.h>

struct output output_begin(void)
{
    return (struct output){.file = tmpfile()};
}

void output_end(struct output *o)
{
    long len = ftell(o->file);
    o->len = len > 0 ? (size_t)len : 0;
    o->text = calloc(o->len + 1, 1);
    rewind(o->file);
    o->len = fread(o->text, 1, o->len, o->file);
    fclose(o->file);
}

void output_release(struct output *o)
{
    free(o->text);
}
