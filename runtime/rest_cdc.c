#include "rest.h"

const struct rest_route rest_cdc_routes[] = {{0}};
