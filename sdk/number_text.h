/* Shortest decimal text that reads back as the same number. */
#ifndef SDK_NUMBER_TEXT_H
#define SDK_NUMBER_TEXT_H

#include <stddef.h>

#define NUMBER_TEXT_MAX 32

/* Finite values only, as JSON writes them, whole floats below 10^9 in full; returns the length,
 * NUL-terminated. A float reads back as the same float both directly and by way of a double. */
size_t number_from_float(char text[NUMBER_TEXT_MAX], float value);
size_t number_from_double(char text[NUMBER_TEXT_MAX], double value);

#endif
