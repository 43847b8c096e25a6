#include "support/advice.h"

#include "common/base/i18n.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CONVERSIONS_MAX 9u

struct piece { /* of a sentence, what a conversion came to */
	const char *text;
	size_t len;
};

/* Behind the conversion that begins at @format, after its '%'. */
static const char *behind(const char *format)
{
	format += strspn(format, "0123456789$#+- .*");
	format += strspn(format, "hlzj");
	return format + 1;
}

/* Is the line at @text as @format says? A conversion takes as little as it can. */
static bool matches(const char *text, const char *format, struct piece *pieces, size_t n)
{
	for (; *format && *format != '\n' && (*format != '%' || format[1] == '%');
	     format++, text++) {
		if (*format == '%')
			format++;
		if (*text != *format)
			return false;
	}
	if (!*format || *format == '\n')
		return !*text || *text == '\n';
	for (size_t len = 0;; len++) {
		if (matches(text + len, behind(format + 1), pieces + 1, n - 1)) {
			if (n > 0 && n <= CONVERSIONS_MAX)
				*pieces = (struct piece){ text, len };
			return true;
		}
		if (!text[len] || text[len] == '\n')
			return false;
	}
}

static bool heard(const char *said, const char *format, struct piece pieces[CONVERSIONS_MAX])
{
	for (; *said; said++)
		if (matches(said, format, pieces, CONVERSIONS_MAX))
			return true;
	return false;
}

static void add(struct blob *out, const char *text, size_t len)
{
	assert_int_equal(blob_append(out, text, len), 0);
}

/* @given with @mended in the place of its '@'. */
static void place(const char *given, const char *mended, const struct piece pieces[],
		  struct blob *out)
{
	const char *at = strchr(given, '@');
	out->len = 0;
	add(out, given, at ? (size_t)(at - given) : 0);
	for (const char *c = mended; *c; c++) {
		if (*c == '$' && isdigit((unsigned char)c[1]) && pieces) {
			const struct piece *piece = &pieces[*++c - '1'];
			add(out, piece->text, piece->len);
		} else {
			add(out, c, 1);
		}
	}
	if (at)
		add(out, at + 1, strlen(at + 1));
	add(out, "", 1);
}

/* A name that was nearly right is offered behind the sentence (near_name.h). */
static bool heard_with_hint(const char *said, const char *sentence, struct piece pieces[])
{
	char text[1024];

	if (heard(said, sentence, pieces))
		return true;
	(void)snprintf(text, sizeof(text), "%s%s", sentence, _("; did you mean %s?"));
	return heard(said, text, pieces);
}

static bool follow(const struct advice *row, advice_try *try_it, void *context)
{
	struct blob text = { 0 }, said = { 0 }, outcome = { 0 }, after = { 0 };
	struct piece pieces[CONVERSIONS_MAX] = { 0 };
	bool right = false;

	place(row->given, row->wrong, NULL, &text);
	try_it(context, (char *)text.data, &said, &outcome);
	add(&said, "", 1);
	if (!heard_with_hint((char *)said.data, _(row->said), pieces)) {
		print_error("%s\n  is told: %s\n  instead of: %s\n", (char *)text.data,
			    (char *)said.data, _(row->said));
		goto end;
	}
	place(row->given, row->advised, pieces, &text);
	outcome.len = 0;
	try_it(context, (char *)text.data, &after, &outcome);
	add(&after, "", 1);
	add(&outcome, "", 1);
	if (*after.data || (row->outcome && strcmp((char *)outcome.data, row->outcome) != 0)) {
		print_error("%s\n  as advised by: %s\n  is told: %s\n  comes to: %s\n  instead of: "
			    "%s\n",
			    (char *)text.data, (char *)said.data, (char *)after.data,
			    (char *)outcome.data, row->outcome ? row->outcome : "");
		goto end;
	}
	right = true;
end:
	blob_free(&text);
	blob_free(&said);
	blob_free(&outcome);
	blob_free(&after);
	return right;
}

void advice_follow_in(enum language language, const struct advice rows[], size_t n,
		      advice_try *try_it, void *context)
{
	size_t n_wrong = 0;
	(void)language_use(language);
	for (size_t i = 0; i < n; i++)
		n_wrong += !follow(&rows[i], try_it, context);
	(void)language_use(LANGUAGE_ENGLISH);
	assert_int_equal(n_wrong, 0);
}

void advice_follow(const struct advice rows[], size_t n, advice_try *try_it, void *context)
{
	advice_follow_in(LANGUAGE_ENGLISH, rows, n, try_it, context);
	advice_follow_in(LANGUAGE_VIETNAMESE, rows, n, try_it, context);
}
