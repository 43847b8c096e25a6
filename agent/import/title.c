/* What names a period begins with its kind ("tháng", "quý"), and goes on with numbers and a year.
 * Each reader takes the words from @i on that are its own, and returns where they end; @i: none. */
#include "import/title.h"

#include "import/title_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
	struct title_words words;
	size_t first, behind;         /* words that say something: from, behind the last */
	struct title_name from, upto; /* days */
	bool document;                /* one is named: days are its */
};

/* Is the name of a document here? */
static bool names_document(const struct line *line, size_t i)
{
	static const char *const names[] = { "cong van", "quyet dinh", "nghi dinh",  "thong tu",
					     "ke hoach", "chi thi",    "nghi quyet", "van ban" };
	return WORDS_ARE_ONE_OF(&line->words, i, names);
}

/* Does it stand right behind the name of a document, as "12/2025" in "Thông tư 12/2025" does? */
static bool is_of_document(const struct line *line, size_t i)
{
	i -= i > 0 && words_are(&line->words, i - 1, ":");
	return i > 0 &&
	       (words_are(&line->words, i - 1, "so") || (i > 1 && names_document(line, i - 2)));
}

/* --- what is said --- */

/* Words from @from on; returns @behind. */
static size_t say(struct line *line, size_t from, size_t behind)
{
	if (line->behind == 0)
		line->first = from;
	line->behind = behind;
	return behind;
}

static bool is_same(const struct title_name *a, const struct title_name *b)
{
	return a->grain == b->grain && a->year == b->year && a->number == b->number &&
	       a->day == b->day;
}

static void add_name(struct title *title, struct title_name name)
{
	for (size_t i = 0; i < title->n; i++)
		if (is_same(&title->names[i], &name))
			return;
	if (title->n == TITLE_NAMES_MAX)
		title->unclear |= name.grain != GRAIN_DAY;
	else
		title->names[title->n++] = name;
}

static void add_year(struct title *title, unsigned year)
{
	for (size_t i = 0; i < title->n_years; i++)
		if (title->years[i] == year)
			return;
	if (title->n_years == TITLE_NAMES_MAX)
		title->unclear = true;
	else
		title->years[title->n_years++] = year;
}

/* Is word @i parted from another by a mark, as 6 is in 6/2025, or 30 in 30.6? */
static bool is_slashed(const struct line *line, size_t i)
{
	static const char *const slashes[] = { "/", "-", "." };
	return i + 2 < line->words.n && WORDS_ARE_ONE_OF(&line->words, i + 1, slashes);
}

/* --- days --- */

/* 30/6/2025, "30 tháng 6 năm 2025", 30/6 behind "ngày", 2025-06-30. */
static bool day_at(const struct line *line, size_t i, bool behind_word, struct title_name *ret_day,
		   size_t *ret_next)
{
	const struct title_word *t = &line->words.list[i];
	struct title_name day = { .grain = GRAIN_DAY };
	bool slash = is_slashed(line, i);
	bool month = words_are(&line->words, i + 1, "thang");
	if (words_year(&line->words, i) && slash && i + 4 < line->words.n &&
	    words_are(&line->words, i + 3, "-") && t[2].digits == 2 && t[4].digits == 2) {
		day = (struct title_name){ GRAIN_DAY, t[0].value, t[2].value, t[4].value };
		*ret_next = i + 5;
	} else if (t[0].digits >= 1 && t[0].digits <= 2 && (slash || month) && t[2].digits >= 1 &&
		   t[2].digits <= 2) {
		day.day = t[0].value;
		day.number = t[2].value;
		day.year = words_year_behind(&line->words, i + 3, ret_next);
		if (!day.year && !behind_word)
			return false;
	} else {
		return false;
	}
	*ret_day = day;
	return day.day >= 1 && day.day <= 31 && day.number >= 1 && day.number <= 12;
}

static bool is_behind(const struct line *line, size_t i, const char *const list[], size_t n)
{
	static const char *const between[] = { "ngay", "het", "cuoi", "thoi", "diem" };
	while (i > 0 && WORDS_ARE_ONE_OF(&line->words, i - 1, between))
		i--;
	return i > 0 && words_are_one_of(&line->words, i - 1, list, n);
}

static size_t read_day(struct title *title, struct line *line, size_t i)
{
	static const char *const from[] = { "tu", "from" }, *const upto[] = { "den", "toi", "to" };
	struct title_name day;
	size_t next;
	bool word = words_are(&line->words, i, "ngay");
	bool begins = is_behind(line, i, from, 2), ends = is_behind(line, i, upto, 3);
	if (!day_at(line, i + word, word || begins || ends, &day, &next))
		return i;
	begins |= words_are(&line->words, next, "-");
	ends |= line->from.day > 0 && i > 0 && words_are(&line->words, i - 1, "-");
	if (begins || ends) {
		*(ends ? &line->upto : &line->from) = day;
		return say(line, i, next);
	}
	if (line->document || is_of_document(line, i))
		return next;
	add_name(title, day); /* as a rule that on which it was signed */
	if (!*title->said_day)
		words_quote(&line->words, i, next, title->said_day);
	return next;
}

/* --- months, quarters, weeks, years --- */

static bool unit_at(const struct line *line, size_t i, enum grain *ret_grain)
{
	static const struct {
		const char *word;
		enum grain grain;
	} units[] = { { "thang", GRAIN_MONTH }, { "thg", GRAIN_MONTH },
		      { "month", GRAIN_MONTH }, { "quy", GRAIN_QUARTER },
		      { "qui", GRAIN_QUARTER }, { "quarter", GRAIN_QUARTER },
		      { "tuan", GRAIN_WEEK },   { "week", GRAIN_WEEK } };
	static const struct {
		const char *letter;
		enum grain grain;
	} letters[] = { { "t", GRAIN_MONTH },
			{ "q", GRAIN_QUARTER },
			{ "w", GRAIN_WEEK },
			{ "h", GRAIN_SEMESTER },
			{ "s", GRAIN_SEMESTER } };
	for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++)
		if (words_are(&line->words, i, units[k].word)) {
			*ret_grain = units[k].grain;
			return true;
		}
	const struct title_word *word = &line->words.list[i]; /* T6, Q2, QII: in one */
	for (size_t k = 0; k < sizeof(letters) / sizeof(letters[0]); k++)
		if (words_are(&line->words, i, letters[k].letter) &&
		    word[1].text == word->text + 1 && (word[1].digits > 0 || word[1].word)) {
			*ret_grain = letters[k].grain;
			return true;
		}
	return false;
}

/* Behind its word: "6", "6, 7 và 8/2025", "II và III năm 2025". */
static size_t read_numbers(struct title *title, struct line *line, size_t from, size_t i,
			   enum grain grain)
{
	static const char *const before[] = { ":", ".", "|", "thu", "so" };
	static const char *const between[] = { ",",  "-",   "/",   "&",   "+",
					       "va", "den", "toi", "and", "to" };
	struct title_name names[TITLE_NAMES_MAX];
	size_t n = 0, next;
	unsigned year = 0, number;
	unsigned most = grain == GRAIN_MONTH     ? 12
			: grain == GRAIN_QUARTER ? 4
			: grain == GRAIN_WEEK    ? 53
						 : 2;
	while (WORDS_ARE_ONE_OF(&line->words, i, before))
		i++;
	while ((number = words_number(&line->words, i, &next)) >= 1 && number <= most) {
		if (n < TITLE_NAMES_MAX)
			names[n] = (struct title_name){ .grain = grain, .number = number };
		n++;
		i = next;
		if ((year = words_year_behind(&line->words, i, &next)) != 0) {
			i = next;
			break;
		}
		if (!WORDS_ARE_ONE_OF(&line->words, i, between))
			break;
		if (words_number(&line->words, i + 1, &next) == 0)
			break;
		i++;
	}
	bool letter = line->words.list[from].len == 1; /* H1, S2, W26 may be anything */
	if (n == 0 || (letter && year == 0 && grain != GRAIN_MONTH && grain != GRAIN_QUARTER))
		return from;
	for (size_t k = 0; k < n && k < TITLE_NAMES_MAX; k++) {
		names[k].year = year;
		add_name(title, names[k]);
	}
	title->unclear |= n > TITLE_NAMES_MAX;
	return say(line, from, i);
}

/* "6 tháng đầu năm 2025", "sáu tháng cuối năm", "7 tháng", "nửa đầu năm 2025". */
static size_t read_span(struct title *title, struct line *line, size_t i)
{
	static const char *const counted[] = { "thang", "quy", "tuan" };
	struct title_name half = { .grain = GRAIN_SEMESTER };
	size_t at = i, next;
	unsigned number =
		words_are(&line->words, i, "nua") ? 6 : words_number(&line->words, i, &at);
	if (!words_are(&line->words, i, "nua") &&
	    (number == 0 || !WORDS_ARE_ONE_OF(&line->words, at, counted)))
		return i;
	bool months = words_are(&line->words, i, "nua") || words_are(&line->words, at, "thang");
	at++;
	half.number = words_are(&line->words, at, "dau")    ? 1
		      : words_are(&line->words, at, "cuoi") ? 2
							    : 0;
	if (!half.number && line->words.list[i].word)
		return i; /* "sau tháng 6": after it */
	at += half.number > 0;
	at += half.number > 0 && words_are(&line->words, at, "nam");
	half.year = words_year_behind(&line->words, at, &next);
	if (half.number > 0 && months && number == 6)
		add_name(title, half);
	else
		title->unclear = true;
	return say(line, i, next);
}

static size_t read_kind(struct title *title, struct line *line, size_t i)
{
	enum grain grain;
	return unit_at(line, i, &grain) ? read_numbers(title, line, i, i + 1, grain) : i;
}

/* "6/2025", "2025-06", which is no document's number. */
static size_t read_slashed(struct title *title, struct line *line, size_t i)
{
	const struct title_word *t = &line->words.list[i];
	bool goes_on = words_are(&line->words, i + 3, "/") || words_are(&line->words, i + 3, "-");
	struct title_name name = { .grain = GRAIN_MONTH };
	if (!is_slashed(line, i) || (i > 0 && words_are(&line->words, i - 1, "/")) ||
	    is_of_document(line, i))
		return i;
	if (t[0].digits <= 2 && t[0].value >= 1 && t[0].value <= 12 &&
	    words_year(&line->words, i + 2) &&
	    (!goes_on ||
	     (words_are(&line->words, i + 3, "-") && line->words.list[i + 4].digits > 0)))
		name = (struct title_name){ GRAIN_MONTH, t[2].value, t[0].value, 0 };
	else if (words_year(&line->words, i) && t[2].digits == 2 && t[2].value >= 1 &&
		 t[2].value <= 12 && words_are(&line->words, i + 1, "-") && !goes_on)
		name = (struct title_name){ GRAIN_MONTH, t[0].value, t[2].value, 0 };
	else
		return i;
	add_name(title, name);
	return say(line, i, i + 3);
}

/* "June 2025", "Jun-25"; "June" alone, but "may" is a Vietnamese word. */
static size_t read_english(struct title *title, struct line *line, size_t i)
{
	static const char *const months[] = { "january",   "february", "march",    "april",
					      "may",       "june",     "july",     "august",
					      "september", "october",  "november", "december" };
	static const char *const between[] = { ",", "-", "/" };
	const struct title_word *t = &line->words.list[i];
	size_t at = i + 1 + WORDS_ARE_ONE_OF(&line->words, i + 1, between);
	unsigned year = words_year(&line->words, at);
	if (!year && at < line->words.n && words_are(&line->words, i + 1, "-") &&
	    line->words.list[at].digits == 2)
		year = 2000 + line->words.list[at].value;
	for (unsigned k = 0; k < 12 && t->word; k++) {
		bool whole = words_are(&line->words, i, months[k]);
		if (!whole && (t->len != 3 || memcmp(t->text, months[k], 3) != 0))
			continue;
		if (!year && (!whole || k == 4))
			return i;
		add_name(title, (struct title_name){ GRAIN_MONTH, year, k + 1, 0 });
		return say(line, i, year ? at + 1 : i + 1);
	}
	return i;
}

/* "năm 2025", "năm 2024 và 2025" */
static size_t read_years(struct title *title, struct line *line, size_t i)
{
	static const char *const words[] = { "nam", "year" };
	static const char *const between[] = { ",", "-", "/", "&", "va", "den", "and", ":" };
	size_t at = i + 1;
	unsigned year;
	if (!WORDS_ARE_ONE_OF(&line->words, i, words) ||
	    (i > 0 && words_are(&line->words, i - 1, "viet")))
		return i;
	while (words_are(&line->words, at, ":") || words_are(&line->words, at, "|"))
		at++;
	while ((year = words_year(&line->words, at)) != 0) {
		add_year(title, year);
		(void)say(line, i, ++at);
		if (!WORDS_ARE_ONE_OF(&line->words, at, between) ||
		    !words_year(&line->words, at + 1))
			return at;
		at++;
	}
	return i;
}

static size_t read_cumulative(struct title *title, struct line *line, size_t i)
{
	static const char *const words[] = { "luy ke",      "cong don",     "tu dau nam",
					     "dau nam den", "year to date", "cumulative" };
	for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
		size_t behind = i + 1;
		for (const char *at = words[k]; (at = strchr(at, ' ')); at++)
			behind++;
		if (!words_are(&line->words, i, words[k]))
			continue;
		title->cumulative = true;
		return say(line, i, behind);
	}
	return i;
}

/* --- a line --- */

static void note_days(struct title *title, const struct line *line)
{
	if (!line->from.day && !line->upto.day)
		return;
	title->unclear |=
		(title->from.day || title->upto.day) &&
		!(is_same(&title->from, &line->from) && is_same(&title->upto, &line->upto));
	title->from = line->from;
	title->upto = line->upto;
}

void title_read(struct title *title, const char *text)
{
	static size_t (*const readers[])(struct title *, struct line *,
					 size_t) = { read_cumulative, read_day,     read_span,
						     read_slashed,    read_english, read_years,
						     read_kind };
	struct line line = { .behind = 0 };
	title_words_read(&line.words, text);
	for (size_t i = 0, next; i < line.words.n; i = next) {
		line.document |= names_document(&line, i);
		/* "so với cùng kỳ năm 2024": what the figures are compared with is passed over. */
		next = i;
		if (words_are(&line.words, i, "so voi") || words_are(&line.words, i, "so cung ky"))
			while (next < line.words.n && !strchr(",;().", *line.words.list[next].text))
				next++;
		for (size_t k = 0; k < sizeof(readers) / sizeof(readers[0]) && next == i; k++)
			next = readers[k](title, &line, i);
		next += next == i;
	}
	note_days(title, &line);
	title_plan_read(&title->plan, &line.words, line.behind);
	if (line.behind > 0 && !*title->said)
		words_quote(&line.words, line.first, line.behind, title->said);
}

/* "Tháng:" | "6" | "Năm:" | "2025" */
void title_read_row(struct title *title, const struct csv_row *row)
{
	char text[2 * VIET_KEY_MAX];
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < row->n; i++)
		if (*row->fields[i])
			len += utf8_print(text + len, sizeof(text) - len, "%s%s",
					  len > 0 ? " | " : "", row->fields[i]); /* cut is fine */
	title_read(title, text);
}

/* --- what it comes to --- */

struct now {
	struct period period;
	char text[PERIOD_TEXT_MAX];
	unsigned year;
};

static int32_t day_of(const struct title_name *name, const struct now *now)
{
	return day_from_civil((int)(name->year ? name->year : now->year), (int)name->number,
			      (int)name->day);
}

/* The days of a span: all of it, or, where only its end is said, one in it. */
static bool days_allow(const struct title *title, const struct now *now)
{
	int32_t first = period_first_day(now->period), end = period_end_day(now->period);
	if (!title->from.day && !title->upto.day)
		return true;
	if (!title->upto.day)
		return false;
	int32_t upto = day_of(&title->upto, now);
	return title->from.day ? day_of(&title->from, now) == first && upto == end - 1
			       : first <= upto && upto < end;
}

static bool name_allows(const struct title_name *name, const struct now *now)
{
	static const struct {
		const char *letter;
		int digits;
	} forms[] = { [GRAIN_WEEK] = { "W", 2 },
		      [GRAIN_MONTH] = { "", 2 },
		      [GRAIN_QUARTER] = { "Q", 1 },
		      [GRAIN_SEMESTER] = { "S", 1 } };
	char text[PERIOD_TEXT_MAX];
	unsigned year = name->year ? name->year : now->year;
	if (name->grain == GRAIN_DAY)
		return now->period.grain > GRAIN_DAY ||
		       day_of(name, now) == period_first_day(now->period);
	if (name->grain != now->period.grain)
		return false;
	(void)snprintf(text, sizeof(text), "%04u-%s%0*u", year, forms[name->grain].letter,
		       forms[name->grain].digits, name->number);
	return strcmp(text, now->text) == 0;
}

bool title_allows(const struct title *title, struct period period)
{
	struct now now = { .period = period };
	bool named = title->from.day || title->upto.day, dated = named, allowed = !title->unclear;
	now.year = (unsigned)strtoul(period_format(period, now.text), NULL, 10);
	for (size_t i = 0; i < title->n; i++) {
		bool counts = title->names[i].grain != GRAIN_DAY || period.grain <= GRAIN_DAY;
		named |= counts;
		dated |= counts && title->names[i].year;
		allowed &= name_allows(&title->names[i], &now);
	}
	for (size_t i = 0; i < title->n_years && !dated; i++)
		allowed &= title->years[i] == now.year && (named || period.grain == GRAIN_YEAR);
	return allowed && days_allow(title, &now);
}

bool title_names_other(const struct title *title, struct period period)
{
	struct now now = { .period = period };
	bool named = false;
	now.year = (unsigned)strtoul(period_format(period, now.text), NULL, 10);
	for (size_t i = 0; i < title->n + 2; i++) { /* "29/6/2025 - Tân Hội" looks like a span */
		const struct title_name *name = i < title->n    ? &title->names[i]
						: i == title->n ? &title->from
								: &title->upto;
		if (name->grain != period.grain || (name->grain == GRAIN_DAY && !name->day))
			continue;
		if (name_allows(name, &now))
			return false;
		named = true;
	}
	for (size_t i = 0; i < title->n_years && period.grain == GRAIN_YEAR; i++) {
		if (title->years[i] == now.year)
			return false;
		named = true;
	}
	return named;
}

unsigned title_year(const struct title *title)
{
	unsigned year = 0;
	for (size_t i = 0; i < title->n_years + title->n; i++) {
		unsigned other = i < title->n_years ? title->years[i]
				 : title->names[i - title->n_years].grain == GRAIN_DAY
					 ? 0
					 : title->names[i - title->n_years].year;
		if (year && other && other != year)
			return 0;
		year = other ? other : year;
	}
	return year;
}

const char *title_said(const struct title *title)
{
	return *title->said ? title->said : title->said_day;
}
