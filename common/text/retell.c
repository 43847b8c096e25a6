#include "common/text/retell.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PARTS_MAX   12u   /* conversions of a format */
#define DEPTH_MAX   12u   /* sentences within sentences, and what stands before each of them */
#define STEPS_MAX   5000u /* of matching a format: what takes longer is not of it */
#define LITERAL_MIN 8u    /* letters that a format must have of its own, or "%s: %s" were all */

struct span { /* what stood in a conversion */
	const char *text;
	size_t len;
};

struct match {
	const char *format; /* rest of it */
	const char *text;   /* rest of it */
	struct span parts[PARTS_MAX];
	size_t n;
	unsigned *steps;
};

/* The end of the conversion at @at, "%" not being "%%"; @ret_text: is it one of a text? */
static const char *conversion_end(const char *at, bool *ret_text)
{
	at += 1 + strspn(at + 1, "0123456789$#+- .*'hlLqjzt");
	*ret_text = *at == 's' || *at == 'c';
	return *at ? at + 1 : at;
}

static bool match_rest(struct match *match);

/* The shortest text for the conversion with which the rest fits, too. */
static bool match_part(struct match *match)
{
	bool is_text;
	const struct match before = *match;
	if (match->n == PARTS_MAX)
		return false;
	match->format = conversion_end(match->format, &is_text);
	match->n++;
	for (size_t len = 0;; len++) {
		struct match tried = *match;
		tried.parts[before.n] = (struct span){ before.text, len };
		tried.text = before.text + len;
		if (match_rest(&tried)) {
			*match = tried;
			return true;
		}
		if (!before.text[len] || ++*match->steps > STEPS_MAX ||
		    (!is_text && !strchr("0123456789.-+e", before.text[len])))
			return false;
	}
}

static bool match_rest(struct match *match)
{
	for (; *match->format; match->format++, match->text++) {
		if (match->format[0] == '%' && match->format[1] == '%')
			match->format++;
		else if (match->format[0] == '%')
			return match_part(match);
		if (*match->format != *match->text)
			return false;
	}
	return !*match->text;
}

static size_t literal_len(const char *format)
{
	size_t len = 0;
	bool is_text;
	while (*format) {
		if (format[0] == '%' && format[1] != '%') {
			format = conversion_end(format, &is_text);
			continue;
		}
		len++;
		format++;
	}
	return len;
}

/* Most formats are told from @text by what comes behind their last conversion. */
static bool ends_alike(const char *format, const char *text)
{
	bool is_text;
	const char *last = strrchr(format, '%');
	const char *end = last && (last == format || last[-1] != '%') && last[1] != '%'
				  ? conversion_end(last, &is_text)
				  : format + strlen(format);
	size_t len = strlen(end), whole = strlen(text);
	return len <= whole && strcmp(text + whole - len, end) == 0;
}

/* The format that says most of @english itself. */
static bool format_find(const char *english, struct match *ret_match, const char **ret_told)
{
	size_t longest = LITERAL_MIN - 1;
	const char *format, *told;
	for (size_t i = 0; (format = i18n_message(i, &told)); i++) {
		unsigned steps = 0;
		struct match match = { .format = format, .text = english, .steps = &steps };
		size_t len = literal_len(format);
		if (len <= longest || !ends_alike(format, english) || !match_rest(&match))
			continue;
		longest = len;
		*ret_match = match;
		*ret_told = told;
	}
	return longest >= LITERAL_MIN;
}

static void tell(const char *english, char *ret_text, size_t room, unsigned depth);

static size_t append(char *text, size_t len, size_t room, const char *more, size_t n)
{
	size_t fits = n < room - 1 - len ? n : utf8_cut(more, n, room - 1 - len);
	memcpy(text + len, more, fits);
	text[len + fits] = '\0';
	return len + fits;
}

static size_t append_part(char *text, size_t len, size_t room, struct span part, unsigned depth)
{
	char english[1024], again[1024];
	if (part.len >= sizeof(english) || depth == 0)
		return append(text, len, room, part.text, part.len);
	memcpy(english, part.text, part.len);
	english[part.len] = '\0';
	tell(english, again, sizeof(again), depth - 1);
	return append(text, len, room, again, strlen(again));
}

/* @told with what stood in the original's conversions, in their order or by "%2$s". */
static void format_fill(const char *told, const struct match *match, char *ret_text, size_t room,
			unsigned depth)
{
	size_t len = 0, next = 0;
	*ret_text = '\0';
	for (const char *at = told; *at;) {
		size_t plain = strcspn(at, "%");
		bool is_text;
		len = append(ret_text, len, room, at, plain);
		at += plain;
		if (at[0] == '%' && at[1] == '%') {
			len = append(ret_text, len, room, "%", 1);
			at += 2;
		} else if (*at) {
			bool named = at[1] >= '1' && at[1] <= '9' && at[2] == '$';
			size_t nth = named ? (size_t)(at[1] - '1') : next++;
			at = conversion_end(at, &is_text);
			if (nth < match->n)
				len = append_part(ret_text, len, room, match->parts[nth], depth);
		}
	}
}

/* "front: rest", each for itself. */
static void wrapped(const char *english, char *ret_text, size_t room, unsigned depth)
{
	const char *colon = strstr(english, ": ");
	size_t len = 0;
	*ret_text = '\0';
	if (!colon || depth == 0) {
		(void)append(ret_text, 0, room, english, strlen(english));
		return;
	}
	len = append_part(ret_text, 0, room, (struct span){ english, (size_t)(colon - english) },
			  depth);
	len = append(ret_text, len, room, ": ", 2);
	(void)append_part(ret_text, len, room, (struct span){ colon + 2, strlen(colon + 2) },
			  depth);
}

static void tell(const char *english, char *ret_text, size_t room, unsigned depth)
{
	struct match match;
	const char *told = *english ? _(english) : english;
	*ret_text = '\0';
	if (told != english)
		(void)append(ret_text, 0, room, told, strlen(told));
	else if (format_find(english, &match, &told))
		format_fill(told, &match, ret_text, room, depth);
	else
		wrapped(english, ret_text, room, depth);
}

char *retell(const char *english, char *ret_text, size_t room)
{
	if (language_tag()[0] == 'v')
		tell(english, ret_text, room, DEPTH_MAX);
	else
		(void)utf8_print(ret_text, room, "%s", english);
	return ret_text;
}
