/* Units of measure as people write them around figures: "ĐVT: triệu đồng", "(Nghìn lượt)", "tỉ
 * đồng", "million VND". A scale (nghìn, triệu) and what is counted are told apart, so that
 * spellings of one unit are the same and two scales of it are not. */
#pragma once

#include "common/model/catalogue.h"
#include "import/terms.h"

#include <stdbool.h>
#include <stddef.h>

#define MEASURE_MAX 256u

/** Does @text name what @metric is counted in: its unit in English or Vietnamese, or what its label
 * counts? With several ("tổ, người") one of them must. */
bool measure_fits(const struct metric *metric, const char *text);

/** What @metric is counted in, in the reader's language. */
const char *measure_shown(const struct metric *metric);

/** Is @text a unit that figures may be wrong by: a scale, or money? */
bool measure_is_scaled(const char *text);

/** Is @text a unit that is known, by @terms (import/terms.h) or to everybody? */
bool measure_is_known(const struct terms *terms, const char *text);

/** The unit that a title or a remark names for the figures around it: "triệu đồng" of "ĐVT: triệu
 * đồng", of "DOANH THU (triệu đồng)", or alone, into @ret_unit, cut when it is longer. @next is the
 * cell beside it, or "": there it stands behind "ĐVT:". False when none is named. */
bool measure_said(const struct terms *terms, const char *text, const char *next,
		  char ret_unit[MEASURE_MAX]);
