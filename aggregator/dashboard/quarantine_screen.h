/* /quarantine: What waits in quarantine, by cause, and how each cause is mended. */
#pragma once

#include "dashboard/visit.h"

void quarantine_write(struct visit *visit, struct html *html);
