/* Periods, days, values and names as people write them, in the language of the thread. */
#pragma once

#include "common/model/catalogue.h"
#include "common/model/period.h"
#include "common/text/numeral.h"

#include <stddef.h>
#include <stdint.h>

#define WORDS_MAX 128u

/* All of them return @text. */

/** "tháng 6/2025"; "month 6/2025". */
const char *words_period(struct period period, char text[WORDS_MAX]);
/** From which day to which, where the name alone does not tell it (report calendar, weeks); "". */
const char *words_span(struct period period, char text[WORDS_MAX]);
/** "30/06/2025"; "2025-06-30". */
const char *words_day(int32_t day, char text[WORDS_MAX]);
/** "14:05 ngày 30/06/2025"; the time alone when it is of today. */
const char *words_instant(int64_t at_us, int64_t now_us, char text[WORDS_MAX]);
/** A value with the mark that its readers put before decimals, and blanks of thousands. */
const char *words_value(int64_t value_e, unsigned decimals, char text[WORDS_MAX]);
/** The same as it is typed: without blanks. */
const char *words_typed(int64_t value_e, unsigned decimals, char text[WORDS_MAX]);
/** What this language puts before decimals. */
enum numeral words_mark(void);
/** The readings of canonical labels: "lĩnh vực: đất đai, ứng dụng: VNeID". */
const char *words_labels(const char *labels, char *text, size_t room);

const char *words_metric(const struct metric *metric);
/** Units of measure and dimensions that the reference catalogue uses have a translation; others are
 * shown as the catalogue has them. */
const char *words_unit(const char *unit);
const char *words_dimension(const char *dimension);
