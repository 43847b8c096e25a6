/* Vietnamese as it was written before Unicode: for fonts of its own, and saved as if it were Latin,
 * or in ASCII: "Sè tæ" in TCVN3 (.VnTime), "Soá toå" in VNI (VNI-Times) and "So^' to^?" in VIQR are
 * all "Số tổ". Read to tell people what they
 * have, not to take it: such a table has other traces as well. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum old_font { OLD_FONT_TCVN3, OLD_FONT_VNI, OLD_FONT_VIQR, OLD_FONT_COUNT };

/** "TCVN3 (.VnTime)" */
const char *old_font_name(enum old_font font);

/** @text, UTF-8, as it is meant by @font, into @to[@room]. False when it does not fit. */
bool old_font_read(enum old_font font, const char *text, char *to, size_t room);
