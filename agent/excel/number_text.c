#include "excel/number_text.h"

#include "common/base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXCEL_DIGITS 15u
#define DIGITS_MAX   40u
#define POINT_MAX    30 /* digits before or zeros behind the point, at most */

struct number {
	bool minus;
	char digits[DIGITS_MAX + 1]; /* significant, without zeros at either end; "" for 0 */
	size_t n;
	int point;  /* the value is 0.DIGITS times ten to this */
	bool whole; /* written without point and exponent */
};

static bool take_exponent(const char *text, int *ret_exponent)
{
	const char *digits = text + (*text == '+' || *text == '-');
	size_t n = strspn(digits, "0123456789");
	if (n == 0 || n > 4 || digits[n])
		return false;
	*ret_exponent = atoi(text);
	return true;
}

static bool parse(const char *text, struct number *ret)
{
	struct number number = { .whole = true };
	bool any = false;
	int exponent = 0;
	number.minus = *text == '-';
	text += *text == '-' || *text == '+';
	for (; (*text >= '0' && *text <= '9') || (*text == '.' && number.whole); text++) {
		if (*text == '.') {
			number.whole = false;
			continue;
		}
		any = true;
		if (*text == '0' && number.n == 0) {
			number.point -= !number.whole;
			continue;
		}
		if (number.n == DIGITS_MAX)
			return false;
		number.digits[number.n++] = *text;
		number.point += number.whole;
	}
	if (any && (*text == 'E' || *text == 'e')) {
		if (!take_exponent(text + 1, &exponent))
			return false;
		number.whole = false;
		text = "";
	}
	number.point += exponent;
	while (number.n > 0 && number.digits[number.n - 1] == '0')
		number.n--;
	number.digits[number.n] = '\0';
	*ret = number;
	return any && !*text;
}

/* False: it would be too long. */
static bool print(const struct number *number, char ret_plain[NUMBER_TEXT_MAX])
{
	char *out = ret_plain;
	int n = (int)number->n, point = n == 0 ? 1 : number->point;
	if (point > POINT_MAX || point < -POINT_MAX)
		return false;
	if (number->minus && n > 0)
		*out++ = '-';
	if (point <= 0)
		*out++ = '0';
	for (int i = 0; i < point; i++)
		*out++ = i < n ? number->digits[i] : '0';
	if (n > point) {
		*out++ = '.';
		for (int i = point; i < n; i++)
			*out++ = i < 0 ? '0' : number->digits[i];
	}
	*out = '\0';
	return true;
}

bool number_text(const char *text, char ret_plain[NUMBER_TEXT_MAX])
{
	char rounded[NUMBER_TEXT_MAX];
	struct number number;
	if (!parse(text, &number))
		return false;
	if (number.n > EXCEL_DIGITS && !number.whole) {
		(void)snprintf(rounded, sizeof(rounded), "%.*e", (int)EXCEL_DIGITS - 1,
			       strtod(text, NULL)); /* fits */
		if (!parse(rounded, &number))
			return false; /* infinite */
	}
	if (!print(&number, ret_plain))
		(void)utf8_print(ret_plain, NUMBER_TEXT_MAX, "%s%.1s.%sE%d", /* fits */
				 number.minus ? "-" : "", number.digits, number.digits + 1,
				 number.point - 1);
	return true;
}

bool number_text_of(double value, char ret_plain[NUMBER_TEXT_MAX])
{
	char text[NUMBER_TEXT_MAX];
	if (!isfinite(value))
		return false;
	(void)snprintf(text, sizeof(text), "%.*e", (int)EXCEL_DIGITS - 1, value); /* fits */
	return number_text(text, ret_plain);
}
