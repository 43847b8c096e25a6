#include "common/text/exposition.h"

#include "common/base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX 40u

static void put(struct exposition *to, const char *text, size_t len)
{
	if (to->rc == 0)
		to->rc = blob_append(to->out, text, len);
}

static void puts_to(struct exposition *to, const char *text)
{
	put(to, text, strlen(text));
}

/* Whatever it is, one line of text; @quotes: it stands between quotes. */
static void put_escaped(struct exposition *to, const char *text, bool quotes)
{
	char *clean = strdup(text);
	if (!clean) {
		to->rc = -ENOMEM;
		return;
	}
	(void)utf8_clean(clean, "\n");
	for (const char *at = clean; *at; at++)
		if (*at == '\n')
			put(to, "\\n", 2);
		else if (*at == '\\' || (quotes && *at == '"'))
			put(to, (const char[]){ '\\', *at }, 2);
		else
			put(to, at, 1);
	free(clean);
}

void exposition_begin(struct exposition *to, const char *name, const char *kind, const char *help)
{
	to->name = name;
	puts_to(to, "# HELP ");
	puts_to(to, name);
	puts_to(to, " ");
	put_escaped(to, help, false);
	puts_to(to, "\n# TYPE ");
	puts_to(to, name);
	puts_to(to, " ");
	puts_to(to, kind);
	puts_to(to, "\n");
}

static void sample(struct exposition *to, const char *suffix, const struct sample_label labels[],
		   size_t n, const char *value)
{
	puts_to(to, to->name);
	puts_to(to, suffix);
	for (size_t i = 0; i < n; i++) {
		puts_to(to, i ? "," : "{");
		puts_to(to, labels[i].name);
		puts_to(to, "=\"");
		put_escaped(to, labels[i].value, true);
		puts_to(to, "\"");
	}
	puts_to(to, n ? "} " : " ");
	puts_to(to, value);
	puts_to(to, "\n");
}

void exposition_number(struct exposition *to, const struct sample_label labels[], size_t n,
		       const char *digits)
{
	sample(to, "", labels, n, digits);
}

void exposition_int(struct exposition *to, const struct sample_label labels[], size_t n,
		    int64_t value)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRId64, value); /* fits */
	sample(to, "", labels, n, text);
}

/* Without the zeros at its end. */
static const char *seconds(uint64_t us, const char *sign, char text[SECONDS_MAX])
{
	int len = snprintf(text, SECONDS_MAX, "%s%" PRIu64 ".%06" PRIu64, sign, us / 1000000,
			   us % 1000000); /* fits */
	while (text[len - 1] == '0')
		text[--len] = '\0';
	if (text[len - 1] == '.')
		text[--len] = '\0';
	return text;
}

void exposition_seconds(struct exposition *to, const struct sample_label labels[], size_t n,
			int64_t us)
{
	char text[SECONDS_MAX];
	sample(to, "", labels, n,
	       us < 0 ? seconds((uint64_t)-us, "-", text) : seconds((uint64_t)us, "", text));
}

void exposition_histogram(struct exposition *to, const struct histogram *histogram)
{
	char bound[SECONDS_MAX], count[24];
	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		const struct sample_label upto = {
			"le",
			i < HISTOGRAM_BOUNDS ? seconds(histogram_bounds_us[i], "", bound) : "+Inf"
		};
		(void)snprintf(count, sizeof(count), "%" PRIu64, histogram_upto(histogram, i));
		sample(to, "_bucket", &upto, 1, count);
	}
	sample(to, "_sum", NULL, 0, seconds(histogram->sum_us, "", bound));
	(void)snprintf(count, sizeof(count), "%" PRIu64, histogram->n); /* fits, and above */
	sample(to, "_count", NULL, 0, count);
}
