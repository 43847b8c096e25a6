/* Instants, values and names as people write them, in the language of the thread; periods and days:
 * common/model/period_told.h. */
#pragma once

#include "common/model/catalogue.h"
#include "common/model/period_told.h"
#include "common/text/numeral.h"

#include <stddef.h>
#include <stdint.h>

#define WORDING_MAX PERIOD_TOLD_MAX

/* All of them return @text. */

/** "14:05 ngày 30/06/2025"; the time alone when it is of today. */
const char *wording_instant(int64_t at_us, int64_t now_us, char text[WORDING_MAX]);
/** A value with the mark that its readers put before decimals, and blanks of thousands. */
const char *wording_value(int64_t value_e, unsigned decimals, char text[WORDING_MAX]);
/** The same as it is typed: without blanks. */
const char *wording_typed(int64_t value_e, unsigned decimals, char text[WORDING_MAX]);
/** What this language puts before decimals. */
enum numeral wording_mark(void);
/** What the reader calls the values of @metric's canonical labels, by the province's lists:
 * "lĩnh vực: Đất đai, ứng dụng: VNeID". */
const char *wording_labels(const struct dimensions *dimensions, const struct metric *metric,
			   const char *labels, char *text, size_t room);
/** The same without the dimensions' names: "Đất đai, VNeID". */
const char *wording_part(const struct dimensions *dimensions, const char *labels, char *text,
			 size_t room);
const char *wording_code(const struct code *code);

/** How long until the end of a @day, or since: "3 days left", "due today", "1 day late". */
const char *wording_left(int32_t day, int32_t today, char text[WORDING_MAX]);

const char *wording_metric(const struct metric *metric);
/** The heading that it stands under; NULL: none. */
const char *wording_section(const struct metric *metric);
/** What it is counted in, and its @dimension: as the catalogue has them where they have no name in
 * this language. */
const char *wording_unit(const struct metric *metric);
const char *wording_dimension(const struct metric *metric, const char *dimension);
