/* Which name was meant? For a hint where one was mistyped or shortened, by whoever types without
 * marks: common/base/near.h on names as people read them (common/text/viet.h). */
#pragma once

#include "common/text/viet.h"

#include <stdbool.h>
#include <stddef.h>

struct near_name {
	char wanted[VIET_KEY_MAX]; /* without marks */
	size_t least;              /* how far the nearest of those tried is; SIZE_MAX: none is */
};

void near_name_begin(struct near_name *near, const char *wanted);
/** How far @name is from what may have been meant: few letters that differ, or a name of which a
 * part was left out. SIZE_MAX: it is another name. */
size_t near_name_distance(const struct near_name *near, const char *name);
/** Is @name nearer than all that were tried before? */
bool near_name_try(struct near_name *near, const char *name);
