#include "common/text/html.h"

#include "common/base/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SENTENCE_MAX 4096u          /* an err fits; longer is cut */
#define REPLACEMENT  "\xEF\xBF\xBD" /* U+FFFD */

static void put(struct html *html, const char *text, size_t len)
{
	if (blob_append(&html->out, text, len) < 0)
		html->failed = true;
}

/* What the character @text[@n] is written as; NULL: as it is. */
static const char *escaped(const char *text, size_t n)
{
	unsigned char c = (unsigned char)*text;
	if (n == 0) /* not UTF-8 */
		return REPLACEMENT;
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\n':
	case '\t':
		return NULL;
	default:
		return utf8_seen(text, n) ? NULL : REPLACEMENT;
	}
}

static void put_text(struct html *html, const char *text, size_t len)
{
	const char *end = text + len, *plain = text;
	while (text < end) {
		size_t n = utf8_char(text, (size_t)(end - text));
		const char *instead = escaped(text, n);
		if (instead) {
			put(html, plain, (size_t)(text - plain));
			put(html, instead, strlen(instead));
			plain = text + (n ? n : 1);
		}
		text += n ? n : 1;
	}
	put(html, plain, (size_t)(end - plain));
}

static void put_number(struct html *html, bool negative, unsigned long long size)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%s%llu", negative ? "-" : "", size); /* fits */
	put(html, text, (size_t)len);
}

static void put_signed(struct html *html, long long value)
{
	put_number(html, value < 0,
		   value < 0 ? 0ULL - (unsigned long long)value : (unsigned long long)value);
}

/* The conversion after the '%' at @format; returns what follows it. */
static const char *convert(struct html *html, const char *format, va_list *args)
{
	static const char *const known[] = { "s", "d", "u", "zu", "lld", "llu", "%" };
	size_t i = 0;
	while (i < 7 && strncmp(format, known[i], strlen(known[i])) != 0)
		i++;
	assert(i < 7); /* the format is ours */
	if (i == 0) {
		const char *text = va_arg(*args, const char *);
		put_text(html, text, strlen(text));
	} else if (i == 1) {
		put_signed(html, va_arg(*args, int));
	} else if (i == 2) {
		put_number(html, false, va_arg(*args, unsigned));
	} else if (i == 3) {
		put_number(html, false, va_arg(*args, size_t));
	} else if (i == 4) {
		put_signed(html, va_arg(*args, long long));
	} else if (i == 5) {
		put_number(html, false, va_arg(*args, unsigned long long));
	} else {
		put(html, "%", 1);
	}
	return format + strlen(known[i]);
}

void html_add(struct html *html, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	while (*format) {
		size_t plain = strcspn(format, "%");
		put(html, format, plain);
		format += plain;
		if (*format)
			format = convert(html, format + 1, &args);
	}
	va_end(args);
}

void html_say(struct html *html, const char *format, ...)
{
	char text[SENTENCE_MAX];
	va_list args;
	va_start(args, format);
	(void)utf8_vprint(text, sizeof(text), format, args); /* its length; cut is fine */
	va_end(args);
	put_text(html, text, strlen(text));
}
