#include "rest.h"

const struct rest_route rest_connectors_routes[] = {{0}};
