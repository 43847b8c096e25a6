#include "sources/statsd_line.h"

#include "common/base/utf8.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define NUMBER_DIGITS_MAX 18u /* before or after the point: more is no count of anything */

struct span {
	const char *at;
	size_t len;
};

/* What stands before the next @mark, which is passed over; all of it when there is none. */
static struct span cut(struct span *rest, char mark)
{
	const char *end = memchr(rest->at, mark, rest->len);
	struct span part = { rest->at, end ? (size_t)(end - rest->at) : rest->len };
	size_t passed = part.len + (end ? 1 : 0);
	*rest = (struct span){ rest->at + passed, rest->len - passed };
	return part;
}

static bool is(struct span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

static bool copy(struct span span, char *to, size_t room)
{
	if (span.len >= room || memchr(span.at, '\0', span.len))
		return false;
	memcpy(to, span.at, span.len);
	to[span.len] = '\0';
	return true;
}

static int no_line(const char *line, size_t len, struct err *err)
{
	char shown[EXCERPT_MAX];
	return err_set(err, -EINVAL,
		       "'%s' is not a StatsD line; write name:value|c or name:value|g",
		       utf8_excerpt(line, len, shown));
}

static int refuse_type(struct span type, struct err *err)
{
	static const char *const timers[] = { "ms", "h", "d" };
	char shown[EXCERPT_MAX];
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		if (is(type, timers[i]))
			return err_set(err, -EINVAL,
				       "timers and histograms (|%s) are not taken; send a counter "
				       "(|c) or a gauge (|g)",
				       timers[i]);
	if (is(type, "s"))
		return err_set(err, -EINVAL,
			       "sets (|s) are not taken; count in your program and send a gauge "
			       "(|g)");
	return err_set(err, -EINVAL, "type '%s' is not taken; send a counter (|c) or a gauge (|g)",
		       utf8_excerpt(type.at, type.len, shown));
}

/* --- the sample rate --- */

/* @text's digits as a mantissa, and how many of them follow the point. */
static bool number_read(const char *text, size_t len, int64_t *ret_mantissa, unsigned *ret_decimals)
{
	char digits[2 * NUMBER_DIGITS_MAX];
	struct err ignored; /* the caller says it in words of his own */
	const char *point = memchr(text, '.', len);
	size_t fraction = point ? len - (size_t)(point - text) - 1 : 0;
	if (len >= sizeof(digits) || fraction > NUMBER_DIGITS_MAX)
		return false;
	memcpy(digits, text, len);
	if (point)
		memmove(digits + (point - text), point + 1, fraction);
	*ret_decimals = (unsigned)fraction;
	return (!point || fraction > 0) &&
	       decimal_parse(digits, point ? len - 1 : len, 0, ret_mantissa, &ignored) == 0;
}

/* @value / @rate, if that ends within DECIMALS_MAX decimals. */
static bool divide(int64_t value, unsigned value_decimals, int64_t rate, unsigned rate_decimals,
		   char ret_text[DECIMAL_TEXT_MAX])
{
	int128 over = value, under = rate;
	unsigned decimals = 0;
	for (; rate_decimals > value_decimals; rate_decimals--)
		if (__builtin_mul_overflow(over, 10, &over))
			return false;
	for (; value_decimals > rate_decimals; value_decimals--)
		if (__builtin_mul_overflow(under, 10, &under))
			return false;
	for (; over % under != 0; decimals++)
		if (decimals == DECIMALS_MAX || __builtin_mul_overflow(over, 10, &over))
			return false;
	over /= under;
	if (over > INT64_MAX || over < INT64_MIN)
		return false;
	(void)decimal_format(over, decimals, ret_text); /* its length */
	return true;
}

static int take_rate(struct span rate, struct statsd_line *line, struct err *err)
{
	char shown[EXCERPT_MAX];
	int64_t value_e = 0, rate_e = 0;
	unsigned value_decimals = 0, rate_decimals = 0;
	int128 one = 1;
	bool good = number_read(rate.at, rate.len, &rate_e, &rate_decimals) && rate_e > 0;
	for (unsigned i = 0; i < rate_decimals; i++)
		one *= 10; /* 10^18 at most */
	if (!good || rate_e > one)
		return err_set(err, -EINVAL, "sample rate '%s' is not above 0 and at most 1",
			       utf8_excerpt(rate.at, rate.len, shown));
	if (!line->counter)
		return err_set(err, -EINVAL, "a gauge takes no sample rate; leave it out");
	if (!number_read(line->value, strlen(line->value), &value_e, &value_decimals))
		return err_set(err, -EINVAL,
			       "'%s' is not a number; write it with '.' before decimals, like 12.5",
			       utf8_excerpt(line->value, strlen(line->value), shown));
	if (!divide(value_e, value_decimals, rate_e, rate_decimals, line->value))
		return err_set(
			err, -EINVAL,
			"%s at a sample rate of %s is not an exact number; send all, or a rate "
			"like 0.1",
			line->value, utf8_excerpt(rate.at, rate.len, shown));
	return 0;
}

/* --- tags --- */

static int take_tags(struct span tags, struct statsd_line *line, struct err *err)
{
	char text[LABELS_TEXT_MAX], shown[EXCERPT_MAX];
	struct label labels[LABELS_MAX + 1];
	size_t n = 0;
	if (memchr(tags.at, '\0', tags.len))
		return no_line(tags.at, tags.len, err);
	if (!copy(tags, text, sizeof(text)))
		return err_set(err, -EINVAL, "the tags are too long; the limit is %u bytes",
			       LABELS_TEXT_MAX - 1);
	for (char *rest, *tag = strtok_r(text, ",", &rest); tag && n <= LABELS_MAX;
	     tag = strtok_r(NULL, ",", &rest)) {
		char *colon = strchr(tag, ':');
		if (!colon)
			return err_set(err, -EINVAL, "tag '%s' has no value; write name:value",
				       utf8_excerpt(tag, strlen(tag), shown));
		*colon = '\0';
		labels[n++] = (struct label){ tag, colon + 1 };
	}
	return labels_canonical(labels, n, line->labels, err);
}

/* --- the line --- */

/* Container (c:, e:) and cardinality (card:) are about the sender, not the figure. */
static int take_more(struct span part, struct statsd_line *line, struct err *err)
{
	char shown[EXCERPT_MAX];
	struct span rest = { part.at + 1, part.len - 1 };
	switch (part.at[0]) {
	case '@':
		return take_rate(rest, line, err);
	case '#':
		return take_tags(rest, line, err);
	case 'c':
	case 'e':
		return 0;
	case 'T':
		return err_set(err, -EINVAL,
			       "timestamps (|T) are not taken; use 'lantoa-agent record' with "
			       "--period");
	default:
		return err_set(err, -EINVAL, "'|%s' is unknown",
			       utf8_excerpt(part.at, part.len, shown));
	}
}

int statsd_line_parse(const char *line, size_t len, struct statsd_line *ret_line, struct err *err)
{
	struct span rest = { line, len };
	struct span name = cut(&rest, ':'), value = cut(&rest, '|'), type = cut(&rest, '|');
	struct statsd_line *parsed = ret_line;
	parsed->labels[0] = '\0';
	if (name.len == 0 || value.len == 0 || type.len == 0 ||
	    !copy(name, parsed->metric, sizeof(parsed->metric)) ||
	    !copy(value, parsed->value, sizeof(parsed->value)))
		return no_line(line, len, err);
	parsed->counter = is(type, "c");
	parsed->change = !parsed->counter && (parsed->value[0] == '+' || parsed->value[0] == '-');
	int rc = parsed->counter || is(type, "g") ? 0 : refuse_type(type, err);
	while (rc == 0 && rest.len > 0) {
		struct span part = cut(&rest, '|');
		rc = part.len > 0 ? take_more(part, parsed, err) : no_line(line, len, err);
	}
	return rc;
}

struct entry statsd_line_entry(const struct statsd_line *line)
{
	return (struct entry){ .metric = line->metric,
			       .value = line->value,
			       .labels = line->labels,
			       .add = line->counter || line->change };
}
