#include "common/base/decimal.h"
#include "common/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct spelling { /* a number's text, taken apart */
	bool negative;
	const char *whole, *fraction;
	size_t whole_len, fraction_len;
};

static size_t digits_of(const char *text, size_t len)
{
	size_t n = 0;
	while (n < len && text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

static bool spelling_read(const char *text, size_t len, struct spelling *ret)
{
	struct spelling s = { 0 };
	if (len > 0 && (text[0] == '-' || text[0] == '+')) {
		s.negative = text[0] == '-';
		text++;
		len--;
	}
	s.whole = text;
	s.whole_len = digits_of(text, len);
	s.fraction = text + s.whole_len;
	if (s.whole_len < len && text[s.whole_len] == '.') {
		s.fraction++;
		s.fraction_len = digits_of(s.fraction, len - s.whole_len - 1);
		if (s.fraction_len == 0)
			return false;
	}
	if (s.whole_len == 0 || s.fraction + s.fraction_len != text + len)
		return false;
	*ret = s;
	return true;
}

/* Zeros at the end are no digits: 8.00 is 8. */
static size_t fraction_digits(const struct spelling *s)
{
	size_t n = s->fraction_len;
	while (n > 0 && s->fraction[n - 1] == '0')
		n--;
	return n;
}

/* But three behind a point may be how a Vietnamese spreadsheet writes a thousand: 1.000. */
static bool is_grouped(const struct spelling *s, unsigned decimals)
{
	return s->fraction_len == 3 && decimals < 3 && fraction_digits(s) <= decimals &&
	       s->whole_len <= 3 && s->whole[0] != '0';
}

/* Appends decimal digits to a mantissa. It counts downwards, as -2^63 has no positive twin. */
static bool push_digit(int64_t *negated, int digit)
{
	return !__builtin_mul_overflow(*negated, 10, negated) &&
	       !__builtin_sub_overflow(*negated, digit, negated);
}

static bool spelling_value(const struct spelling *s, unsigned decimals, int64_t *ret_mantissa)
{
	int64_t negated = 0;
	bool fits = true;
	for (size_t i = 0; i < s->whole_len && fits; i++)
		fits = push_digit(&negated, s->whole[i] - '0');
	for (size_t i = 0; i < decimals && fits; i++)
		fits = push_digit(&negated, i < s->fraction_len ? s->fraction[i] - '0' : 0);
	if (!fits || (!s->negative && negated == INT64_MIN))
		return false;
	*ret_mantissa = s->negative ? negated : -negated;
	return true;
}

int decimal_parse(const char *text, size_t len, unsigned decimals, int64_t *ret_mantissa,
		  struct err *err)
{
	assert(decimals <= DECIMALS_MAX);
	char shown[EXCERPT_MAX];
	struct spelling s;
	if (!spelling_read(text, len, &s))
		return err_set(err, -EINVAL,
			       "'%s' is not a number; write digits, with '.' before the decimals",
			       utf8_excerpt(text, len, shown));
	if (is_grouped(&s, decimals)) {
		size_t whole = s.whole_len + s.negative, digits = fraction_digits(&s);
		const char *number = s.whole - s.negative;
		return err_set(err, -EINVAL,
			       "'%s' can be read as %.*s or as %.*s%.3s; write the one that is "
			       "meant, without a mark for thousands",
			       utf8_excerpt(text, len, shown),
			       (int)(digits > 0 ? whole + 1 + digits : whole), number, (int)whole,
			       number, s.fraction);
	}
	if (fraction_digits(&s) > 0 && decimals == 0)
		return err_set(err, -EINVAL,
			       "'%s' has digits after the point, and this is counted in whole "
			       "numbers",
			       utf8_excerpt(text, len, shown));
	if (fraction_digits(&s) > decimals)
		return err_set(err, -EINVAL, "'%s' has more than %u digits after the point",
			       utf8_excerpt(text, len, shown), decimals);
	if (!spelling_value(&s, decimals, ret_mantissa))
		return err_set(err, -ERANGE, "'%s' is too large to be kept exactly",
			       utf8_excerpt(text, len, shown));
	return 0;
}

size_t decimal_format(int128 mantissa, unsigned decimals, char text[DECIMAL_TEXT_MAX])
{
	assert(decimals <= 18);
	char backwards[DECIMAL_TEXT_MAX];
	size_t n = 0, len = 0;
	uint128 rest = mantissa < 0 ? -(uint128)mantissa : (uint128)mantissa;
	for (unsigned digits = 0; rest > 0 || digits <= decimals; digits++) {
		if (digits == decimals && decimals > 0)
			backwards[n++] = '.';
		backwards[n++] = (char)('0' + (int)(rest % 10));
		rest /= 10;
	}
	if (mantissa < 0)
		text[len++] = '-';
	while (n > 0)
		text[len++] = backwards[--n];
	text[len] = '\0';
	return len;
}

int decimal_rescale(int64_t mantissa, unsigned from, unsigned to, int64_t *ret_mantissa)
{
	for (; from < to; from++)
		if (__builtin_mul_overflow(mantissa, 10, &mantissa))
			return -ERANGE;
	for (; from > to; from--) {
		if (mantissa % 10 != 0)
			return -EINVAL;
		mantissa /= 10;
	}
	*ret_mantissa = mantissa;
	return 0;
}

bool decimal_is_text(const char *text)
{
	static const char digits[] = "0123456789";
	const char *at = text + (*text == '-');
	size_t whole = strspn(at, digits);

	at += whole;
	if (whole > 0 && *at == '.') {
		size_t fraction = strspn(at + 1, digits);

		at += fraction > 0 ? 1 + fraction : 0;
	}
	return whole > 0 && *at == '\0';
}

/* Its digits alone: @ret_whole [@ret_n] before the point, without zeros in front, and the text of
 * those behind it. Returns whether it is below 0. */
static bool parts_of(const char *text, const char **ret_whole, size_t *ret_n, const char **ret_rest)
{
	bool below = *text == '-';

	text += below;
	text += strspn(text, "0");
	*ret_whole = text;
	*ret_n = strspn(text, "0123456789");
	text += *ret_n;
	*ret_rest = text + (*text == '.');
	return below && (*ret_n > 0 || (*ret_rest)[strspn(*ret_rest, "0")]);
}

/* Behind the point zeros at the end change nothing. */
static int compare_fractions(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (!*a || !*b) {
		bool more = a[strspn(a, "0")], other = b[strspn(b, "0")];

		return (int)more - (int)other;
	}
	return *a < *b ? -1 : 1;
}

int decimal_compare_texts(const char *a, const char *b)
{
	const char *whole, *other, *rest, *other_rest;
	size_t n, m;
	bool below = parts_of(a, &whole, &n, &rest), b_below = parts_of(b, &other, &m, &other_rest);
	int order;

	if (below != b_below)
		return below ? -1 : 1;
	order = n != m ? (n < m ? -1 : 1) : memcmp(whole, other, n);
	if (order == 0)
		order = compare_fractions(rest, other_rest);
	order = (order > 0) - (order < 0);
	return below ? -order : order;
}
