/* /offices/CODE: one office. Its unit and what it was before, how to reach it, when it was last
 * heard, what it owes, what of it waits in quarantine, and its newest figures. */
#pragma once

#include "dashboard/visit.h"

void office_write(struct visit *visit, struct html *html);
