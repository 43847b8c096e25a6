/* What somebody should act on: alerts that fire, the gravest first, as lantoa alerts has them. */
#pragma once

#include "dashboard/visit.h"

#define ALERTS_TARGET "/api/v1/alerts"

/** The first @top rows of @answer, that of @target, under the heading with id @heading. */
void alerts_table(struct visit *visit, struct html *html, const json_t *answer, const char *target,
		  const char *heading, size_t top);
/** The same on another screen, the first few and a way to all; nothing where nothing fires. */
void alerts_section(struct visit *visit, struct html *html);
/** The screen of all of them: with state "all" also what is pending, and what is over. */
void alerts_write(struct visit *visit, struct html *html);
