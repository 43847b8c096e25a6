/* /publications: What was published, and the way to each as it was. */
#pragma once

#include "dashboard/visit.h"

void publications_write(struct visit *visit, struct html *html);
