/* What an answer has in a form for programs, as people write it, in the language of the thread.
 * Each returns @text; what is not of that form comes back as it is. */
#pragma once

#include "common/model/period_told.h"

/** "2026-Q3" as "quý 3/2026"; @calendar "report": with the days that it stands for. */
const char *words_period(const char *period, const char *calendar, char text[PERIOD_TOLD_MAX]);
/** "2026-11-30" as "30/11/2026". */
const char *words_day(const char *day, char text[PERIOD_TOLD_MAX]);
/** "2026-11-30T14:05:09+07:00" as "14:05 ngày 30/11/2026". */
const char *words_instant(const char *instant, char text[PERIOD_TOLD_MAX]);
/** A level of areas, or "office". */
const char *words_level(const char *level);
/** How often is reported what is reported per @grain: "month" as "by the month". */
const char *words_often(const char *grain);
