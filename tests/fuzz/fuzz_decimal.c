/* Decimals against the rules of decimal.h, read one character after the other in 128 bits. */
#include "common/base/decimal.h"
#include "fuzz/fuzz.h"

#include <errno.h>

#define LARGE ((int128)1 << 100) /* where the oracle stops counting: far beyond 64 bits */

/* How much of @text to read: zeros that are too many are none. */
static const char *end_of(const char *text, unsigned decimals)
{
	const char *end = text + strlen(text), *point = strchr(text, '.');
	while (point && end - point - 1 > (long)decimals && end - point > 2 && end[-1] == '0')
		end--;
	return end;
}

static int oracle(const char *text, unsigned decimals, int128 *ret)
{
	const char *end = end_of(text, decimals), *point_at = strchr(text, '.');
	bool three = point_at && strlen(point_at) == 4;
	int sign = *text == '-' ? -1 : 1;
	unsigned whole = 0, after = 0;
	int128 value = 0;
	bool point = false;
	if (*text == '-' || *text == '+')
		text++;
	three &= decimals < 3 && point_at - text <= 3 && *text != '0';
	for (; text < end; text++) {
		if (*text == '.' && !point) {
			point = true;
			continue;
		}
		if (*text < '0' || *text > '9')
			return -EINVAL;
		whole += !point;
		after += point;
		if (value < LARGE)
			value = value * 10 + (*text - '0');
	}
	if (point && after == 1 && decimals == 0 && end[-1] == '0')
		after = 0, value /= 10;
	else if (point && after == 0)
		return -EINVAL;
	if (whole == 0 || after > decimals || (three && after <= decimals))
		return -EINVAL;
	for (; after < decimals && value < LARGE; after++)
		value *= 10;
	*ret = value * sign;
	return *ret < INT64_MIN || *ret > INT64_MAX ? -ERANGE : 0;
}

/* The same value, or nothing, as in whole numbers. */
static void check_rescale(int64_t mantissa, unsigned from)
{
	for (unsigned to = 0; to <= DECIMALS_MAX; to++) {
		int128 wanted = mantissa;
		int64_t found = 0;
		bool exact = true;
		for (unsigned at = from; at < to; at++)
			wanted *= 10;
		for (unsigned at = from; at > to && exact; at--) {
			exact = wanted % 10 == 0;
			wanted /= 10;
		}
		int rc = decimal_rescale(mantissa, from, to, &found);
		if (!exact)
			require(rc == -EINVAL);
		else if (wanted < INT64_MIN || wanted > INT64_MAX)
			require(rc == -ERANGE);
		else
			require(rc == 0 && found == (int64_t)wanted);
	}
}

static void try_decimals(const char *text, unsigned decimals)
{
	char written[DECIMAL_TEXT_MAX];
	struct err err = { 0 };
	int64_t mantissa, again;
	int128 wanted = 0;
	int rc = decimal_parse(text, strlen(text), decimals, &mantissa, &err);
	require(rc == oracle(text, decimals, &wanted));
	require(rc == 0 || *err.text);
	if (rc < 0)
		return;
	require(mantissa == wanted);
	size_t len = decimal_format(mantissa, decimals, written);
	require(len == strlen(written) && len < DECIMAL_TEXT_MAX);
	require(decimal_parse(written, len, decimals, &again, &err) == 0 && again == mantissa);
	check_rescale(mantissa, decimals);
}

static void try_line(const char *text)
{
	for (unsigned decimals = 0; decimals <= DECIMALS_MAX; decimals++)
		try_decimals(text, decimals);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_lines(data, len, try_line);
	return 0;
}
