#include "dashboard/scale.h"

#include <assert.h>
#include <string.h>

#define TICKS_WANTED 5 /* intervals, about */

static size_t digits_at(const char *text)
{
	return strspn(text, "0123456789");
}

bool scale_widen(struct scale *scale, const char *text)
{
	size_t whole, decimals = 0;

	text += *text == '-';
	whole = digits_at(text);
	if (text[whole] == '.')
		decimals = digits_at(text + whole + 1);
	if (whole == 0 || whole > SCALE_DIGITS_MAX ||
	    text[whole + (text[whole] == '.') + decimals] || (text[whole] == '.' && decimals == 0))
		return false;
	if (whole > scale->whole)
		scale->whole = (unsigned)whole;
	if (decimals > scale->decimals)
		scale->decimals =
			decimals > SCALE_DIGITS_MAX ? SCALE_DIGITS_MAX : (unsigned)decimals;
	return true;
}

unsigned scale_decimals(const struct scale *scale)
{
	unsigned room = SCALE_DIGITS_MAX - scale->whole;
	unsigned decimals = scale->decimals < room ? scale->decimals : room;

	return decimals < 18 ? decimals : 18; /* what decimal_format() takes */
}

int128 scale_mantissa(const struct scale *scale, const char *text)
{
	unsigned decimals = scale_decimals(scale), done = 0;
	bool negative = *text == '-', point = false;
	int128 mantissa = 0;

	for (text += negative; *text && !(point && done == decimals); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		mantissa = mantissa * 10 + (*text - '0');
		done += point;
	}
	for (; done < decimals; done++)
		mantissa *= 10;
	return negative ? -mantissa : mantissa;
}

/* The smallest of 1, 2, 5, 10, 20, ... that is not below @raw. */
static int128 nice_step(int128 raw)
{
	int128 power = 1;

	while (power * 10 < raw)
		power *= 10;
	return raw <= power       ? power
	       : raw <= power * 2 ? power * 2
	       : raw <= power * 5 ? power * 5
				  : power * 10;
}

static int128 floor_to(int128 value, int128 step)
{
	int128 rest = value % step;

	return value - rest - (rest < 0 ? step : 0);
}

struct ticks ticks_of(int128 low, int128 high, unsigned decimals)
{
	struct ticks ticks = { 0 };

	assert(low <= high);
	if (low > 0 && (low == high || low < (high - low) * 3))
		low = 0;
	if (high < 0 && (low == high || -high < (high - low) * 3))
		high = 0;
	if (low == high) /* zero alone */
		high = low + 1;
	ticks.step = nice_step((high - low + TICKS_WANTED - 1) / TICKS_WANTED);
	ticks.low = floor_to(low, ticks.step);
	ticks.n = 2;
	while (ticks.low + ticks.step * (int128)(ticks.n - 1) < high)
		ticks.n++;
	ticks.decimals = decimals;
	for (int128 step = ticks.step; ticks.decimals > 0 && step % 10 == 0; step /= 10)
		ticks.decimals--;
	return ticks;
}

const char *tick_text(const struct ticks *ticks, unsigned decimals, unsigned i,
		      char text[DECIMAL_TEXT_MAX])
{
	int128 mantissa = ticks->low + ticks->step * (int128)i;

	for (unsigned d = decimals; d > ticks->decimals; d--)
		mantissa /= 10; /* a multiple of ten, as low and step are */
	(void)decimal_format(mantissa, ticks->decimals, text); /* its length */
	return text;
}
