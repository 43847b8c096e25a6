/* Units by the names that people know them by. A name may be many units' (Huyện Cái Bè, Thị trấn
 * Cái Bè), and is never a guess: it means a unit where it is that of one alone in the time asked
 * about; else the answer is which there are. */
#pragma once

#include "common/base/err.h"
#include "registry/units.h"

/**
 * The code that @text means, from the day @first until the day before @end: @text itself, where any
 * unit ever had that code (whether it is in force is for the caller to say), or the code of the
 * unit that is called so. It is called so by its whole name, or by it without what it is (Tỉnh,
 * Thành phố, Quận, Huyện, Thị xã, Thị trấn, Phường, Xã); in capitals or small letters, with marks
 * of one character or combining; or, where @text has no mark at all, by its letters without theirs.
 *
 * Returns 0 and @ret_code, which is @text or the units' own; -EINVAL: several are called so, all
 * named, or it is called so at another time; -ENOENT: none ever was, with the nearest that there
 * is. */
int units_named(const struct units *units, const char *text, int32_t first, int32_t end,
		const char **ret_code, struct err *err);

/** Behind what @err says, the unit that may have been meant by @text, where one is near. Returns
 * @err's code. */
int units_hint(const struct units *units, const char *text, struct err *err);
