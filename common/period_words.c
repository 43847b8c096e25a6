/* A text becomes a shape, where '#' is a number and words have no marks: "Quý II năm 2025" is
 * "quy # nam #". A table of shapes says what each number is. */
#include "period_words.h"

#include "utf8.h"
#include "viet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_MAX 6u
#define SHAPE_MAX   64u

struct words {
	char shape[SHAPE_MAX];
	size_t len;
	struct number {
		unsigned value, digits;
	} numbers[NUMBERS_MAX];
	size_t n;
};

/* What each '#' is: d m y day, month, year; q w quarter, week; a b of "6 months", which is the
 * first half or the second; H M S hour, minute, second. */
static const struct form {
	const char *shape, *parts;
} forms[] = {
	{ "# # #", "dmy" },
	{ "# # #", "ymd" },
	{ "ngay # # #", "dmy" },
	{ "ngay # thang # nam #", "dmy" },
	{ "# #", "my" },
	{ "# #", "ym" },
	{ "thang # #", "my" },
	{ "thang # nam #", "my" },
	{ "thg # #", "my" },
	{ "t # #", "my" },
	{ "month # #", "my" },
	{ "quy # #", "qy" },
	{ "quy # nam #", "qy" },
	{ "q # #", "qy" },
	{ "# q #", "yq" },
	{ "quarter # #", "qy" },
	{ "# thang dau nam #", "ay" },
	{ "# thang cuoi nam #", "by" },
	{ "nam #", "y" },
	{ "year #", "y" },
	{ "tuan # #", "wy" },
	{ "tuan # nam #", "wy" },
	{ "week # #", "wy" },
	{ "# # # # : #", "dmyHM" },
	{ "# # # # : #", "ymdHM" },
	{ "# # # # : # : #", "dmyHMS" },
	{ "# # # # : # : #", "ymdHMS" },
	{ "# # # # h", "dmyH" },
	{ "# # # # h #", "dmyHM" },
	{ "# # # # gio", "dmyH" },
};

struct parts { /* 0 where there is none; year is in all */
	unsigned d, m, y, q, w, half, H, M, S;
	bool timed;
};

/* --- words --- */

static bool words_token(struct words *words, const char *token, size_t len)
{
	if (words->len + len + 2 > SHAPE_MAX)
		return false;
	if (words->len > 0)
		words->shape[words->len++] = ' ';
	memcpy(words->shape + words->len, token, len);
	words->len += len;
	words->shape[words->len] = '\0';
	return true;
}

static bool words_number(struct words *words, unsigned value, size_t digits)
{
	if (words->n == NUMBERS_MAX)
		return false;
	words->numbers[words->n++] = (struct number){ value, (unsigned)digits };
	return words_token(words, "#", 1);
}

/* A quarter's number, as reports write it; 0 for other words. */
static unsigned roman(const char *word, size_t len)
{
	static const char *const numerals[] = { "i", "ii", "iii", "iv" };
	for (unsigned i = 0; i < 4; i++)
		if (strlen(numerals[i]) == len && memcmp(numerals[i], word, len) == 0)
			return i + 1;
	return 0;
}

static bool words_word(struct words *words, const char *word, size_t len)
{
	unsigned number = strncmp(words->shape, "q", 1) == 0 ? roman(word, len) : 0;
	return number > 0 ? words_number(words, number, 1) : words_token(words, word, len);
}

/* The next token of @at goes into @words; its length, 0 when it does not belong to a period. */
static size_t words_step(struct words *words, const char *at)
{
	size_t digits = strspn(at, "0123456789");
	size_t letters = strspn(at, "abcdefghijklmnopqrstuvwxyz");
	if (digits > 4)
		return 0;
	if (digits > 0)
		return words_number(words, (unsigned)strtoul(at, NULL, 10), digits) ? digits : 0;
	if (letters > 0)
		return words_word(words, at, letters) ? letters : 0;
	if (*at == ':')
		return words_token(words, ":", 1) ? 1 : 0;
	return strchr(" /-.,", *at) ? 1 : 0;
}

static bool words_read(const char *text, struct words *ret)
{
	char bare[VIET_KEY_MAX];
	struct words words = { 0 };
	size_t step;
	*ret = words;
	if (!viet_bare(text, bare))
		return false;
	for (const char *at = bare; *at; at += step)
		if ((step = words_step(&words, at)) == 0)
			return false;
	*ret = words;
	return true;
}

/* --- parts --- */

static bool part_take(struct parts *parts, char what, struct number number)
{
	if (what == 'y' ? number.digits != 4 : number.digits > 2)
		return false;
	if (number.value == 0 && strchr("dmqw", what))
		return false; /* 0/6/2025 is not June */
	unsigned *const fields[] = {
		['d'] = &parts->d, ['m'] = &parts->m, ['y'] = &parts->y, ['q'] = &parts->q,
		['w'] = &parts->w, ['H'] = &parts->H, ['M'] = &parts->M, ['S'] = &parts->S
	};
	if (what == 'a' || what == 'b')
		parts->half = what == 'a' ? 1 : 2;
	else
		*fields[(unsigned char)what] = number.value;
	parts->timed |= what == 'H';
	return (what != 'a' && what != 'b') || number.value == 6;
}

static bool form_fits(const struct form *form, const struct words *words, struct parts *ret_parts)
{
	struct parts parts = { 0 };
	if (strcmp(form->shape, words->shape) != 0)
		return false;
	for (size_t i = 0; i < words->n; i++)
		if (!part_take(&parts, form->parts[i], words->numbers[i]))
			return false;
	*ret_parts = parts;
	return true;
}

static bool parts_read(const char *text, struct parts *ret_parts, struct words *words)
{
	if (!words_read(text, words))
		return false;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (form_fits(&forms[i], words, ret_parts))
			return true;
	return false;
}

static bool is_month_first(const struct parts *parts)
{
	return parts->d > 0 && parts->d <= 12 && parts->m > 12;
}

bool period_month_first(const char *text)
{
	struct words words;
	struct parts parts;
	return parts_read(text, &parts, &words) && is_month_first(&parts);
}

/* --- the way we write them --- */

static void write_time(const struct parts *parts, enum grain grain, char *text, size_t room)
{
	bool on_the_hour = parts->M == 0 && parts->S == 0;
	if (!parts->timed || (grain >= GRAIN_DAY && parts->H == 0 && on_the_hour))
		return;
	if (grain != GRAIN_MINUTE && on_the_hour)
		(void)snprintf(text, room, "T%02u", parts->H); /* all of these fit */
	else if (parts->S == 0)
		(void)snprintf(text, room, "T%02u:%02u", parts->H, parts->M);
	else
		(void)snprintf(text, room, "T%02u:%02u:%02u", parts->H, parts->M, parts->S);
}

static void write_parts(const struct parts *parts, enum grain grain, char text[PERIOD_TEXT_MAX])
{
	if (parts->d > 0) {
		int len = snprintf(text, PERIOD_TEXT_MAX, "%04u-%02u-%02u", parts->y, parts->m,
				   parts->d);
		write_time(parts, grain, text + len, PERIOD_TEXT_MAX - (size_t)len);
	} else if (parts->m > 0) {
		(void)snprintf(text, PERIOD_TEXT_MAX, "%04u-%02u", parts->y, parts->m);
	} else if (parts->q > 0) {
		(void)snprintf(text, PERIOD_TEXT_MAX, "%04u-Q%u", parts->y, parts->q);
	} else if (parts->w > 0) {
		(void)snprintf(text, PERIOD_TEXT_MAX, "%04u-W%02u", parts->y, parts->w);
	} else if (parts->half > 0) {
		(void)snprintf(text, PERIOD_TEXT_MAX, "%04u-S%u", parts->y, parts->half);
	} else {
		(void)snprintf(text, PERIOD_TEXT_MAX, "%04u", parts->y);
	}
}

/* Numbers alone, and the last one has two digits where the year should be. */
static bool has_short_year(const struct words *words)
{
	return words->n >= 2 && words->len > 0 && words->shape[words->len - 1] == '#' &&
	       !strchr(words->shape, ':') && words->numbers[0].digits <= 2 &&
	       words->numbers[words->n - 1].digits == 2;
}

static int as_it_is(const char *text, char ret_text[PERIOD_TEXT_MAX], struct err *err)
{
	char shown[EXCERPT_MAX];
	if (strlen(text) >= PERIOD_TEXT_MAX)
		return err_set(err, -EINVAL,
			       "'%s' is not a period; write 30/06/2025 (day), 06/2025 (month), "
			       "Quý 2/2025 (quarter) or 2025 (year)",
			       utf8_excerpt(text, strlen(text), shown));
	memcpy(ret_text, text, strlen(text) + 1);
	return 0;
}

int period_from_words(const char *text, enum grain grain, bool month_first,
		      char ret_text[PERIOD_TEXT_MAX], struct err *err)
{
	struct period ignored;
	struct words words;
	struct parts parts;
	char shown[EXCERPT_MAX];
	utf8_excerpt(text, strlen(text), shown);
	if (period_parse(text, CALENDAR_CIVIL, &ignored, NULL) == 0)
		return as_it_is(text, ret_text, err);
	if (!parts_read(text, &parts, &words)) {
		if (has_short_year(&words))
			return err_set(err, -EINVAL,
				       "'%s': write the year with four digits, like 30/06/2025 or "
				       "06/2025",
				       shown);
		return as_it_is(text, ret_text, err);
	}
	if (is_month_first(&parts))
		return err_set(err, -EINVAL,
			       "'%s' has the month before the day; write the day first: "
			       "%02u/%02u/%04u",
			       shown, parts.m, parts.d, parts.y);
	if (month_first && parts.d > 0 && words.shape[0] == '#' && words.numbers[0].digits <= 2 &&
	    parts.d <= 12 && parts.d != parts.m)
		return err_set(err, -EINVAL,
			       "'%s' could be %04u-%02u-%02u or %04u-%02u-%02u, because other "
			       "dates of this file have the month first; write it like the first "
			       "of these",
			       shown, parts.y, parts.m, parts.d, parts.y, parts.d, parts.m);
	write_parts(&parts, grain, ret_text);
	return 0;
}
