#include "excel/number_format.h"

#include "common/model/period.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum format format_of_id(unsigned id)
{
	if (id == 9 || id == 10)
		return FORMAT_PERCENT;
	if (id == 17 || id == 55)
		return FORMAT_MONTH;
	if (id == 22)
		return FORMAT_DATE_TIME;
	if ((id >= 18 && id <= 21) || (id >= 45 && id <= 47) || (id >= 32 && id <= 35))
		return FORMAT_TIME;
	/* 27 and on: dates of East Asian languages */
	if ((id >= 14 && id <= 16) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 58))
		return FORMAT_DATE;
	return FORMAT_NUMBER;
}

/* What is text in a code, from @at on: how many bytes of it; 0 for none. */
static size_t literal(const char *at)
{
	const char *end = NULL;
	if (*at == '"')
		end = strchr(at + 1, '"');
	else if (*at == '[' && !strchr("hHmMsS", at[1]))
		end = strchr(at + 1, ']');
	else if ((*at == '\\' || *at == '_' || *at == '*') && at[1])
		end = at + 1;
	else if (strncasecmp(at, "AM/PM", 5) == 0)
		end = at + 4;
	else if (strncasecmp(at, "General", 7) == 0)
		end = at + 6;
	return end ? (size_t)(end - at) + 1 : 0;
}

enum format format_of_code(const char *code)
{
	bool year = false, day = false, month = false, hour = false, percent = false;
	for (size_t n; *code && *code != ';'; code += n) {
		n = literal(code);
		char c = n > 0 ? '\0' : *code;
		n = n > 0 ? n : 1;
		year |= c == 'y' || c == 'Y';
		day |= c == 'd' || c == 'D';
		month |= c == 'm' || c == 'M'; /* or minutes */
		hour |= c == 'h' || c == 'H' || c == 's' || c == 'S';
		percent |= c == '%';
	}
	if (hour)
		return year || day ? FORMAT_DATE_TIME : FORMAT_TIME;
	if (year && month && !day)
		return FORMAT_MONTH;
	if (year && !month && !day)
		return FORMAT_YEAR;
	if (year || month || day)
		return FORMAT_DATE;
	return percent ? FORMAT_PERCENT : FORMAT_NUMBER;
}

bool serial_text(double serial, bool since_1904, enum format format, char ret_text[SERIAL_TEXT_MAX])
{
	double days = floor(serial);
	int minutes = (int)floor((serial - days) * 1440 + 1e-4); /* doubles are a little short */
	if (!(serial >= 0) || serial > 2958465 + 1462)
		return false;
	days += minutes / 1440;
	minutes %= 1440;
	/* Day 60 of 1900 is a 29 February that never was: those before it are one later. */
	int32_t day = since_1904 ? day_from_civil(1904, 1, 1) + (int32_t)days
				 : day_from_civil(1899, 12, 30) + (int32_t)days + (days < 60);
	int year, month, mday;
	day_to_civil(day, &year, &month, &mday);
	if (format == FORMAT_TIME || (!since_1904 && days < 1))
		(void)snprintf(ret_text, SERIAL_TEXT_MAX, "%02d:%02d", minutes / 60, minutes % 60);
	else if (format == FORMAT_YEAR)
		(void)snprintf(ret_text, SERIAL_TEXT_MAX, "%04d", year);
	else if (format == FORMAT_MONTH)
		(void)snprintf(ret_text, SERIAL_TEXT_MAX, "%04d-%02d", year, month);
	else if (format == FORMAT_DATE_TIME && minutes > 0)
		(void)snprintf(ret_text, SERIAL_TEXT_MAX, "%04d-%02d-%02d %02d:%02d", year, month,
			       mday, minutes / 60, minutes % 60);
	else
		(void)snprintf(ret_text, SERIAL_TEXT_MAX, "%04d-%02d-%02d", year, month, mday);
	return true; /* all of these fit */
}
