#include "rest.h"

const struct rest_route rest_offsets_routes[] = {{0}};
