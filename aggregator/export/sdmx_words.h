/* What figures are called in SDMX: identifiers, periods, codes. One place for the files and for the
 * web's structures, and for the way back. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define SDMX_AGENCY  "LANTOA"
#define SDMX_FLOW    "FIGURES"
#define SDMX_VERSION "1.0.0"
#define SDMX_ID      SDMX_AGENCY ":" SDMX_FLOW "(" SDMX_VERSION ")"

#define SDMX_ID_MAX  256u /* bytes, and a NUL: three for each of a label or a code */

#define SDMX_TOTAL   "_T" /* not parted by this dimension */
#define SDMX_UNKNOWN "_U" /* not classified: without a label, or in none of the units shown */

/**
 * The identifier of a code: of what an identifier may have (A-Z a-z 0-9 _ -) itself, and of every
 * other byte "$" and two digits, "$C4$90" for the letter Đ. A '_' it begins with is escaped too, so
 * that it is none of the above. Returns @id.
 */
const char *sdmx_id(const char *code, char id[SDMX_ID_MAX]);
/** The way back. -EINVAL: no code has that identifier. */
int sdmx_code(const char *id, size_t len, char code[SDMX_ID_MAX]);

/** "team.count" as "team-count": a name has no '-', and a key parts its members by '.'. */
const char *sdmx_indicator(const char *name, char id[SDMX_ID_MAX]);
/** The way back, in place. */
void sdmx_indicator_name(char *id);
/** A dimension's: "sector" as "SECTOR". */
const char *sdmx_dimension(const char *key, size_t len, char id[SDMX_ID_MAX]);

/** A unit is not known by its code, but by code and day (28300 is two of them): "28300@2025-07-01".
 * @from NULL: an office, "@28300". Both NULL: _U. */
const char *sdmx_area(const char *code, const char *from, char id[SDMX_ID_MAX]);

/** FREQ of a grain: A S Q M W D H N (SDMX's CL_FREQ); 0: there is no such grain. */
char sdmx_freq(const char *grain);
const char *sdmx_grain(char freq); /* NULL: there is none */

/**
 * TIME_PERIOD of our @period in @calendar ("civil" or "report"): as it is, but an hour and a minute
 * as a start and a length ("2025-06-30T14:00:00/PT1H"), and months, quarters, semesters and years
 * of the report calendar likewise ("2024-12-15/P1M"): SDMX names a reporting year by its start, we
 * by its end. -EINVAL: it is no period.
 */
int sdmx_period(const char *period, const char *calendar, char text[SDMX_ID_MAX], struct err *err);
/** The way back, of any form above, to a period of ours; *@ret_report: it is one of the report
 * calendar. Also "2025-A1", "2025-M06", "2025-D180" are not taken: -EINVAL. */
int sdmx_period_read(const char *text, char period[SDMX_ID_MAX], bool *ret_report, struct err *err);
