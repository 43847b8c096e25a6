/* All screens, and which of them an address means. */
#pragma once

#include "dashboard/visit.h"

extern const struct screen screens[];
extern const size_t n_screens;

/** The screen at @path; NULL: there is none. */
const struct screen *screens_find(const char *path);
/**
 * Read @target as a view of a screen.
 *
 * -ENOENT: no screen is there; -EINVAL: a sentence on what is wrong in it, as view_read(), or on a
 * field that this screen has no use for.
 */
int screens_read(const char *target, struct view *ret_view, const struct screen **ret_screen,
		 struct err *err);
