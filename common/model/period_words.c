/* A text becomes a shape, where '#' is a number and words have no marks: "Quý II năm 2025" is
 * "quy # nam #", and so is "Quí 2 năm 2025"; "Jun-25" is "thang # #". A table of shapes says what
 * each number is. */
#include "common/model/period_words.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/viet.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_MAX  7u
#define SHAPE_MAX    64u

#define SERIAL_DAYS  5u    /* digits of a day as Excel keeps it */
#define SERIAL_EPOCH 25569 /* 1970-01-01, counted from 1899-12-30 */

struct words {
	char shape[SHAPE_MAX];
	size_t len;
	struct number {
		unsigned value, digits;
	} numbers[NUMBERS_MAX];
	size_t n;
	bool month_alone; /* an English month with a blank behind it: "June 25" may be a day */
};

/* What each '#' is: d m y day, month, year; Y a year that may have two digits, since a word says
 * that it is one; q w quarter, week; s half; a b of "6 months", which is the first half or the
 * second; H M S hour, minute, second; f its fraction. */
static const struct form {
	const char *shape, *parts;
} forms[] = {
	{ "# # #", "dmy" },
	{ "# # #", "ymd" },
	{ "ngay # # #", "dmy" },
	{ "ngay # thang # nam #", "dmy" },
	{ "ngay # thang # #", "dmy" },
	{ "# thang # nam #", "dmy" },
	{ "# thang # #", "dmY" },
	{ "thang # # #", "mdy" },
	{ "# #", "my" },
	{ "# #", "ym" },
	{ "thang # #", "mY" },
	{ "thang # nam #", "mY" },
	{ "t # #", "my" },
	{ "month # #", "my" },
	{ "quy # #", "qY" },
	{ "quy # nam #", "qY" },
	{ "q # #", "qY" },
	{ "# q #", "yq" },
	{ "# quy #", "yq" },
	{ "quarter # #", "qy" },
	{ "# thang dau nam #", "ay" },
	{ "# thang cuoi nam #", "by" },
	{ "# thang dau nam nam #", "ay" },
	{ "# thang cuoi nam nam #", "by" },
	{ "nua dau nam #", "1y" },
	{ "nua cuoi nam #", "2y" },
	{ "s # #", "sy" },
	{ "# s #", "ys" },
	{ "h # #", "sy" },
	{ "# h #", "ys" },
	{ "nam #", "y" },
	{ "ca nam #", "y" },
	{ "year #", "y" },
	{ "tuan # #", "wY" },
	{ "tuan # nam #", "wY" },
	{ "tuan thu # nam #", "wY" },
	{ "week # #", "wy" },
	{ "w # #", "wy" },
	{ "# w #", "yw" },
	{ "# # # # : #", "dmyHM" },
	{ "# # # # : #", "ymdHM" },
	{ "# # # # : # : #", "dmyHMS" },
	{ "# # # # : # : #", "ymdHMS" },
	{ "# # # # : # : # #", "ymdHMSf" },
	{ "# # # t # : #", "ymdHM" },
	{ "# # # t # : # : #", "ymdHMS" },
	{ "# # # t # : # : # #", "ymdHMSf" },
	{ "# # # # h", "dmyH" },
	{ "# # # # h #", "dmyHM" },
	{ "# # # # gio", "dmyH" },
};

/* What lacks the year alone. */
static const char *const yearless[] = {
	"thang #",         "# thang #",        "t #",    "quy #",         "q #",
	"# thang dau nam", "# thang cuoi nam", "tuan #", "ngay # thang #"
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

static bool is(const char *word, size_t len, const char *wanted)
{
	return strlen(wanted) == len && memcmp(word, wanted, len) == 0;
}

/* Which of @list[@n] is it? From 1; 0 for none. */
static unsigned which(const char *const list[], unsigned n, const char *word, size_t len)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i] && is(word, len, list[i]))
			return i + 1;
	return 0;
}

/* A number in Roman numerals, as reports write quarters and months; 0 for other words. */
static unsigned roman(const char *word, size_t len)
{
	static const char *const numerals[] = { "i",   "ii",   "iii", "iv", "v",  "vi",
						"vii", "viii", "ix",  "x",  "xi", "xii" };
	return which(numerals, 12, word, len);
}

/* What a month or a quarter is called by; "năm" is five and year, so that it depends. */
static unsigned spelled(const char *word, size_t len)
{
	static const char *const names[] = { "mot", "hai", "ba",   "tu",   NULL, "sau",
					     "bay", "tam", "chin", "muoi", NULL, "chap" };
	static const char *const others[] = { "gieng", NULL, NULL, "bon" };
	unsigned number = which(names, 12, word, len);
	return number > 0 ? number : which(others, 4, word, len);
}

static unsigned english_month(const char *word, size_t len)
{
	static const char *const names[] = { "january",   "february", "march",    "april",
					     "may",       "june",     "july",     "august",
					     "september", "october",  "november", "december" };
	for (unsigned i = 0; i < 12; i++)
		if (is(word, len, names[i]) || (len == 3 && memcmp(word, names[i], 3) == 0) ||
		    (i == 8 && is(word, len, "sept")))
			return i + 1;
	return 0;
}

/* Does the shape so far end in the word @last? */
static bool follows(const struct words *words, const char *last)
{
	size_t len = strlen(last);
	return words->len >= len && strcmp(words->shape + words->len - len, last) == 0 &&
	       (words->len == len || words->shape[words->len - len - 1] == ' ');
}

/* "quý ii" in one word: QII. */
static bool quarter_in_one(struct words *words, const char *word, size_t len)
{
	static const char *const prefixes[] = { "quy", "qui", "q" };
	for (size_t i = 0; i < 3; i++) {
		size_t at = strlen(prefixes[i]);
		unsigned number = len > at && memcmp(word, prefixes[i], at) == 0
					  ? roman(word + at, len - at)
					  : 0;
		if (number > 0)
			return words_token(words, "quy", 3) && words_number(words, number, 1);
	}
	return false;
}

/* A number after "tháng" or "quý", in words or Roman numerals; 0 for another word. */
static unsigned number_here(struct words *words, const char *word, size_t len)
{
	if (follows(words, "thang") && is(word, len, "nam") && words->n == 0)
		return 5; /* "6 tháng năm 2025" is half a year, or the 6th of May: not told */
	if (!follows(words, "thang") && !follows(words, "quy") && !follows(words, "q"))
		return 0;
	unsigned number = roman(word, len);
	return number > 0 ? number : spelled(word, len);
}

static bool words_word(struct words *words, const char *word, size_t len)
{
	unsigned month = english_month(word, len), number = number_here(words, word, len);
	struct number *last = words->n > 0 ? &words->numbers[words->n - 1] : NULL;
	if (last && last->digits == 0 && last->value == 10 && follows(words, "#") &&
	    (is(word, len, "mot") || is(word, len, "hai"))) { /* mười một */
		last->value += is(word, len, "mot") ? 1 : 2;
		last->digits = 1;
		return true;
	}
	if (number > 0)
		return words_number(words, number, is(word, len, "muoi") ? 0 : 1);
	if (month > 0) {
		words->month_alone = word[len] != '-';
		return words_token(words, "thang", 5) && words_number(words, month, 1);
	}
	if (is(word, len, "thg"))
		return words_token(words, "thang", 5);
	if (is(word, len, "qui"))
		return words_token(words, "quy", 3);
	return quarter_in_one(words, word, len) || words_token(words, word, len);
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

/* @bare has no marks; a ':' that parts no numbers, as in "Tháng: 6", is told apart by no form. */
static bool words_of(const char *bare, struct words *ret)
{
	struct words words = { 0 };
	size_t step;
	*ret = words;
	for (const char *at = bare; *at; at += step)
		if ((step = words_step(&words, at)) == 0)
			return false;
	*ret = words;
	return true;
}

static bool words_read(const char *text, struct words *ret)
{
	char bare[VIET_KEY_MAX];
	*ret = (struct words){ 0 };
	text += strspn(text, "'"); /* what tells a spreadsheet that it is text */
	return viet_bare(text, bare) && words_of(bare, ret);
}

/* --- parts --- */

static bool part_take(struct parts *parts, char what, struct number number, bool short_year)
{
	unsigned *const fields[] = {
		['d'] = &parts->d, ['m'] = &parts->m,   ['y'] = &parts->y, ['q'] = &parts->q,
		['w'] = &parts->w, ['H'] = &parts->H,   ['M'] = &parts->M, ['S'] = &parts->S,
		['Y'] = &parts->y, ['s'] = &parts->half
	};
	switch (what) {
	case 'a':
	case 'b':
		parts->half = what == 'a' ? 1 : 2;
		return number.value == 6;
	case 'f':
		return number.value == 0;
	case 'Y':
		if (number.digits == 2 && short_year)
			number = (struct number){ 2000 + number.value, 4 };
		/* fall through */
	case 'y':
		if (number.digits != 4)
			return false;
		break;
	default:
		if (number.digits > 2 || (number.value == 0 && strchr("dmqws", what)))
			return false; /* 0/6/2025 is not June */
	}
	*fields[(unsigned char)what] = number.value;
	parts->timed |= what == 'H';
	return true;
}

static bool form_fits(const struct form *form, const struct words *words, struct parts *ret_parts)
{
	struct parts parts = { 0 };
	const char *what = form->parts;
	if (strcmp(form->shape, words->shape) != 0)
		return false;
	if (*what == '1' || *what == '2')
		parts.half = *what++ == '1' ? 1 : 2;
	for (size_t i = 0; i < words->n; i++)
		if (!part_take(&parts, what[i], words->numbers[i], !words->month_alone))
			return false;
	*ret_parts = parts;
	return true;
}

static bool parts_of(const struct words *words, struct parts *ret_parts)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (form_fits(&forms[i], words, ret_parts))
			return true;
	return false;
}

static bool parts_read(const char *text, struct parts *ret_parts, struct words *words)
{
	return words_read(text, words) && parts_of(words, ret_parts);
}

/* Of numbers alone; where a word names the month nobody can take it for the day. */
static bool is_month_first(const struct parts *parts, const struct words *words)
{
	return parts->d > 0 && parts->d <= 12 && parts->m > 12 && !strstr(words->shape, "thang");
}

bool period_month_first(const char *text)
{
	struct words words;
	struct parts parts;
	return parts_read(text, &parts, &words) && is_month_first(&parts, &words);
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

static bool lacks_year(const struct words *words)
{
	return which(yearless, sizeof(yearless) / sizeof(yearless[0]), words->shape, words->len) >
	       0;
}

/* The day that a spreadsheet keeps as this number; false for other texts. */
static bool is_serial(const char *text, int32_t *ret_day)
{
	size_t digits = strspn(text, "0123456789");
	if (digits != SERIAL_DAYS || text[digits + strspn(text + digits, ".,0123456789")])
		return false;
	*ret_day = (int32_t)strtol(text, NULL, 10) - SERIAL_EPOCH;
	return *ret_day >= DAY_MIN && *ret_day <= DAY_MAX;
}

static int no_period(const char *text, const struct words *words, enum grain grain, struct err *err)
{
	char shown[EXCERPT_MAX];
	int32_t day;
	int year, month, mday;
	utf8_excerpt(text, strlen(text), shown);
	if (is_serial(text, &day)) {
		day_to_civil(day, &year, &month, &mday);
		return err_set(
			err, -EINVAL,
			"'%s' is how a spreadsheet keeps the day %02d/%02d/%04d; format these "
			"cells as dates, and save the table again",
			shown, mday, month, year);
	}
	if (lacks_year(words))
		return err_set(err, -EINVAL, "'%s' does not name the year; write it too, like %s",
			       shown, period_words_example(grain));
	/* Numbers alone, and the last one has two digits where the year should be. */
	if (words->n >= 2 && words->len > 0 && words->shape[words->len - 1] == '#' &&
	    !strchr(words->shape, ':') && words->numbers[0].digits <= 2 &&
	    words->numbers[words->n - 1].digits == 2)
		return err_set(err, -EINVAL, "'%s': write the year with four digits, like %s",
			       shown, period_words_example(grain));
	if (follows(words, "z"))
		return err_set(err, -EINVAL,
			       "'%s' is the time of another zone; write the time here, like %s",
			       shown, period_words_example(grain));
	return err_set(err, -EINVAL, "'%s' is not a period; write it like %s", shown,
		       period_words_example(grain));
}

const char *period_words_example(enum grain grain)
{
	static const char *const examples[GRAIN_COUNT] = {
		[GRAIN_MINUTE] = "30/06/2025 14:05",
		[GRAIN_HOUR] = "30/06/2025 14:00",
		[GRAIN_DAY] = "30/06/2025",
		[GRAIN_WEEK] = "Tuần 26/2025",
		[GRAIN_MONTH] = "Tháng 6/2025",
		[GRAIN_QUARTER] = "Quý 2/2025",
		[GRAIN_SEMESTER] = "6 tháng đầu năm 2025",
		[GRAIN_YEAR] = "Năm 2025",
	};
	assert((unsigned)grain < GRAIN_COUNT);
	return examples[grain];
}

/* Is @parts, written by numbers, also a day with the month first, and does the file have such? */
static bool is_open(const struct parts *parts, const struct words *words)
{
	return parts->d > 0 && words->shape[0] == '#' && words->numbers[0].digits <= 2 &&
	       !strstr(words->shape, "thang") && parts->d <= 12 && parts->d != parts->m;
}

/* @written is one of ours: is it of @grain? */
static int check_grain(const char *text, char written[PERIOD_TEXT_MAX], enum grain grain,
		       struct err *err)
{
	char shown[EXCERPT_MAX];
	struct words none = { 0 };
	struct period period;
	int year, month, mday = 0;
	if (!period_read(written, CALENDAR_CIVIL, &period))
		return no_period(text, &none, grain, err);
	if (period.grain == GRAIN_DAY)
		day_to_civil(period.number, &year, &month, &mday);
	if (mday == 1 && grain == GRAIN_MONTH)
		written[strlen("2025-06")] = '\0'; /* a spreadsheet made a day of 06/2025 */
	else if (period.grain != grain)
		return err_set(err, -EINVAL,
			       "'%s' is a %s, but it is counted per %s; write it like %s",
			       utf8_excerpt(text, strlen(text), shown), _(grain_name(period.grain)),
			       _(grain_name(grain)), period_words_example(grain));
	return 0;
}

/* 2024.1 and 2024,1: as a number, 2024.10 is the same. */
static bool has_lost_zero(const char *text)
{
	text += strspn(text, " ");
	size_t digits = strspn(text, "0123456789");
	return digits == 4 && (text[4] == '.' || text[4] == ',') && text[5] == '1' &&
	       !text[6 + strspn(text + 6, " ")];
}

int period_from_words(const char *text, enum grain grain, bool month_first,
		      char ret_text[PERIOD_TEXT_MAX], struct err *err)
{
	char written[PERIOD_TEXT_MAX], shown[EXCERPT_MAX];
	struct period ours;
	struct words words;
	struct parts parts;
	utf8_excerpt(text, strlen(text), shown);
	bool is_ours = strlen(text) < sizeof(written) && period_read(text, CALENDAR_CIVIL, &ours);
	bool is_known = parts_read(text, &parts, &words);
	if (has_lost_zero(text))
		return err_set(err, -EINVAL,
			       "'%s' can be the first month, or the tenth, from whose 10 a "
			       "spreadsheet took the zero; write it like %s",
			       shown, period_words_example(GRAIN_MONTH));
	if (is_ours && (ours.grain == grain || !is_known)) {
		memcpy(written, text, strlen(text) + 1);
	} else if (!is_known) {
		return no_period(text, &words, grain, err);
	} else if (is_month_first(&parts, &words)) {
		return err_set(err, -EINVAL,
			       "'%s' has the month before the day; write the day first: "
			       "%02u/%02u/%04u",
			       shown, parts.m, parts.d, parts.y);
	} else if (month_first && is_open(&parts, &words)) {
		return err_set(err, -EINVAL,
			       "'%s' could be %04u-%02u-%02u or %04u-%02u-%02u, because other "
			       "dates of this file have the month first; write it in words, like "
			       "'ngày %u tháng %u năm %u'",
			       shown, parts.y, parts.m, parts.d, parts.y, parts.d, parts.m, parts.d,
			       parts.m, parts.y);
	} else {
		write_parts(&parts, grain, written);
	}
	int rc = check_grain(text, written, grain, err);
	if (rc == 0)
		memcpy(ret_text, written, sizeof(written));
	return rc;
}

bool period_words_known(const char *text)
{
	struct words words;
	struct parts parts;
	struct period ours;
	return period_read(text, CALENDAR_CIVIL, &ours) ||
	       (words_read(text, &words) && (parts_of(&words, &parts) || lacks_year(&words)));
}
