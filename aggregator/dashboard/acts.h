/* All acts (act.h), and the links to them. */
#pragma once

#include "dashboard/act.h"

/** The act at @target, "/act/close?period=2025-06"; NULL: there is none. */
const struct act *act_find(const char *target);
/** The @i-th; NULL: no more. */
const struct act *act_at(size_t i);

/** A link to the act @name, with the @given fields (name and value in turn, NULL at the end), which
 * leads back here afterwards. Nothing for a reader who may not do it, or on a wall. */
void act_link(const struct visit *visit, struct html *html, const char *name, const char *words,
	      const char *const given[]);
/** May @visit's reader do it? */
bool act_may(const struct visit *visit, const char *name);
