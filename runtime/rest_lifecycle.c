#include "rest.h"

const struct rest_route rest_lifecycle_routes[] = {{0}};
