/* Numbers as people write them: what comes out is a number for common/base/decimal.h, of the digits
 * that went in, and the same for whoever reads it again. */
#include "common/base/decimal.h"
#include "common/text/numeral.h"
#include "fuzz/fuzz.h"

#include <errno.h>

/* Wide digits, U+FF10 to U+FF19, are the digits that they stand for. */
static void digits_of(const char *text, char *ret)
{
	for (; *text; text++) {
		if (*text >= '0' && *text <= '9') {
			*ret++ = *text;
		} else if (strncmp(text, "\xef\xbc", 2) == 0 && (unsigned char)text[2] >= 0x90 &&
			   (unsigned char)text[2] <= 0x99) {
			*ret++ = (char)('0' + (unsigned char)text[2] - 0x90);
			text += 2;
		}
	}
	*ret = '\0';
}

static void check_plain(const char *text, const char *plain)
{
	char *all = malloc(strlen(text) + 1), ours[NUMERAL_MAX], again[NUMERAL_MAX];
	struct err err = { 0 };
	int64_t mantissa;
	require(all && strlen(plain) < NUMERAL_MAX);
	digits_of(text, all);
	digits_of(plain, ours);
	require(strcmp(all, ours) == 0);
	free(all);
	require(strspn(plain, "-0123456789.") == strlen(plain));
	int rc = decimal_parse(plain, strlen(plain), DECIMALS_MAX, &mantissa, &err);
	const char *point = strchr(plain, '.');
	require(rc == 0 || rc == -ERANGE || (point && strlen(point + 1) > DECIMALS_MAX));
	/* Written plainly it is what it was, for one who writes a point. */
	require(numeral_plain(plain, NUMERAL_POINT, again) && strcmp(plain, again) == 0);
}

static void try_line(const char *text)
{
	char plain[NUMERAL_MAX], other[NUMERAL_MAX];
	enum numeral look = numeral_look(text);
	bool comma = numeral_plain(text, NUMERAL_COMMA, plain);
	bool point = numeral_plain(text, NUMERAL_POINT, other);
	require(comma == (look != NUMERAL_NONE) && point == comma);
	if (!comma)
		return;
	check_plain(text, plain);
	check_plain(text, other);
	/* Who writes it matters for the one kind alone, where it always does. */
	require((look == NUMERAL_EITHER) == (strcmp(plain, other) != 0));
	require(numeral_plain(text, NUMERAL_NONE, plain) == (look != NUMERAL_EITHER));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz_lines(data, len, try_line);
	return 0;
}
