#include "rest.h"

const struct rest_route rest_loggers_routes[] = {{0}};
