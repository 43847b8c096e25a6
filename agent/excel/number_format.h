/* What the number format of a cell says that its number is (ECMA-376 part 1, 18.8.30 and 18.8.31),
 * and dates out of serial numbers. A format never changes a number. Pure. */
#pragma once

#include <stdbool.h>

enum format {
	FORMAT_NUMBER,
	FORMAT_PERCENT,
	FORMAT_DATE,      /* with a day, or a month alone */
	FORMAT_DATE_TIME, /* and hours */
	FORMAT_MONTH,     /* month and year */
	FORMAT_YEAR,
	FORMAT_TIME, /* without a date */
};

/** The format of number @id, which Excel knows without a code. */
enum format format_of_id(unsigned id);
/** By its code: "dd/mm/yyyy", "0.0%", "#,##0". Its first section counts, which positive numbers
 * have. */
enum format format_of_code(const char *code);

#define SERIAL_TEXT_MAX 32u
/**
 * Day @serial of a workbook, as FORMAT_DATE and those below it write it: 2025-06-30, 2025-06-30
 * 14:00, 2025-06, 2025, 14:00.
 *
 * @since_1904  day 0 is 1904-01-01; else day 1 is 1900-01-01, with a 29 February in that year, as
 *              Excel has it
 *
 * False when it is no date: before day 0, behind the year 9999.
 */
bool serial_text(double serial, bool since_1904, enum format format,
		 char ret_text[SERIAL_TEXT_MAX]);
