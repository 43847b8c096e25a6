/* One total walked down: how it adds up, which offices give what, by which entries of the journal,
 * and which acts touched it; as lantoa explain has it. */
#pragma once

#include "dashboard/visit.h"

void explained_write(struct visit *visit, struct html *html);
