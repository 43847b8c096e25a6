/* The first screen: how the province stands to its targets, how complete the figures are, who needs
 * a call today. It is useful before anything is set up: it says what to do next. */
#pragma once

#include "dashboard/visit.h"

void overview_write(struct visit *visit, struct html *html);
