/* A shared library that is no plugin. */
#include "kitestream/plugin.h"

KS_EXPORT int library_answer(void);
int library_answer(void)
{
    return 42;
}
