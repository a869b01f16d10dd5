#include "rest.h"

const struct rest_route rest_plugins_routes[] = {{0}};
