/* Who needs a call: offices that are late or silent, who needs it most first, as lantoa office list
 * has them. */
#pragma once

#include "dashboard/visit.h"

#define CALLS_TARGET "/api/v1/offices/heard?silent=1&late=1"

/** The first @top rows of @answer, that of @target, under the heading with id @heading. */
void calls_table(struct visit *visit, struct html *html, const json_t *answer, const char *target,
		 const char *heading, size_t top);
/** The screen of all of them. */
void calls_write(struct visit *visit, struct html *html);
