/* What a whole is called by in a table: "Tổng cộng", "Toàn xã", "Cộng (I+II)". The province makes
 * wholes itself; taken for a part, one would count twice. */
#pragma once

#include <stdbool.h>

/** Is @cell, of any column, the name of a total of other lines? */
bool whole_is_total(const char *cell);
/** And where the name of a part belongs, under a dimension? There more words can mean nothing else:
 * "Toàn phường", "Tổng hồ sơ", "A + B". */
bool whole_is_named(const char *label);
