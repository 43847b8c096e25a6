/* Periods and days as people write them, in the language of the thread. */
#pragma once

#include "common/model/period.h"

#include <stdint.h>

#define PERIOD_TOLD_MAX 128u

/* All of them return @text. */

/** "tháng 6/2025"; "June 2025". */
const char *period_told(struct period period, char text[PERIOD_TOLD_MAX]);
/** From which day to which, where the name alone does not tell it (report calendar, weeks); "". */
const char *period_span_told(struct period period, char text[PERIOD_TOLD_MAX]);
/** "30/06/2025"; "2025-06-30". */
const char *day_told(int32_t day, char text[PERIOD_TOLD_MAX]);
