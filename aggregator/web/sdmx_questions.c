/* A key has a part for each dimension, and each part a list of values, or none: all of them. From
 * these come, in turn, the names, for each of them the grains that it adds up to, the places (a
 * unit, or all of a level) and its own dimensions: not parted by it, one label, or a row for each.
 */
#include "web/sdmx_questions.h"

#include "common/base/array.h"
#include "common/model/period.h"
#include "common/text/near_name.h"
#include "common/text/urlencoded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FREQ, REF_AREA, INDICATOR, FIRST_DIMENSION };

#define OPERANDS_MAX 16u
#define LEVELS_MAX   16u
#define TARGET_ROOM  4096u

static const char freqs[] = "ASQMWDH"; /* that the aggregator tells */

struct values {
	const char *list[SDMX_VALUES_MAX];
	size_t n; /* 0: all, unless */
	bool none;
};

struct asked {
	const struct sdmx_reference *reference;
	struct values parts[SDMX_PARTS_MAX];
	size_t n_parts;
	char from[SDMX_ID_MAX], to[SDMX_ID_MAX];
	int32_t first, end; /* days, the second no more; INT32_MIN, INT32_MAX: not known */
	bool report;
	const char *as_of;
	struct sdmx_questions *questions;
	struct err *err;
};

struct series { /* what is asked in one question but its place */
	const char *name, *grain;
	char labels[1024]; /* "app=VNeID;sector=land" */
	const char *by_label;
};

static unsigned out_of_memory(struct err *err)
{
	(void)err_memory(err);
	return 503;
}

/* --- the parts of a key --- */

static const char *part_id(const struct asked *asked, size_t part, char id[SDMX_ID_MAX])
{
	static const char *const first[] = { "FREQ", "REF_AREA", "INDICATOR" };

	if (part < FIRST_DIMENSION)
		return strcpy(id, first[part]);
	const char *key = asked->reference->dimensions[part - FIRST_DIMENSION];

	return sdmx_dimension(key, strlen(key), id);
}

/* All of them, parted by @mark, for a sentence; cut is fine. */
static void say_parts(const struct asked *asked, const char *mark, char *text, size_t room)
{
	char id[SDMX_ID_MAX];
	size_t at = 0;

	for (size_t i = 0; i < asked->n_parts && at < room; i++)
		at += (size_t)snprintf(text + at, room - at, "%s%s", i ? mark : "",
				       part_id(asked, i, id));
}

static unsigned read_key(struct asked *asked, char *key)
{
	char said[512];
	size_t n = 0;

	while (key) {
		char *value = sdmx_piece(&key, '.');

		if (n < asked->n_parts && *value && strcmp(value, "*") != 0)
			asked->parts[n] = (struct values){ .list = { value }, .n = 1 };
		n++;
	}
	if (n == asked->n_parts)
		return 0;
	say_parts(asked, ".", said, sizeof(said));
	(void)err_set(asked->err, -EINVAL, "a key has %zu parts here, and this one %zu: %s",
		      asked->n_parts, n, said);
	return 400;
}

/* Only what both the key and the condition have. */
static unsigned narrow(struct asked *asked, const struct sdmx_condition *condition)
{
	struct values wanted = { .n = 0 }, *part = NULL;
	char id[SDMX_ID_MAX], said[512];
	char *values = condition->values;

	for (size_t i = 0; i < asked->n_parts && !part; i++)
		if (strcmp(part_id(asked, i, id), condition->dimension) == 0)
			part = &asked->parts[i];
	if (!part) {
		say_parts(asked, " ", said, sizeof(said));
		(void)err_set(asked->err, -EINVAL, "there is no dimension '%.64s'; there are %s",
			      condition->dimension, said);
		(void)near_words_hint(asked->err, said, condition->dimension);
		return 400;
	}
	while (values) {
		char *value = sdmx_piece(&values, ',');
		bool in = part->n == 0;

		if (strncmp(value, "eq:", 3) == 0)
			value += 3;
		for (size_t i = 0; i < part->n; i++)
			in = in || strcmp(part->list[i], value) == 0;
		for (size_t i = 0; i < wanted.n; i++)
			in = in && strcmp(wanted.list[i], value) != 0;
		if (!*value || (in && wanted.n == SDMX_VALUES_MAX)) {
			(void)err_set(asked->err, -EINVAL, "c[%.64s] has up to %u values",
				      condition->dimension, SDMX_VALUES_MAX);
			return 400;
		}
		if (in)
			wanted.list[wanted.n++] = value;
	}
	wanted.none = wanted.n == 0;
	*part = wanted;
	return 0;
}

static bool has(const struct values *values, const char *id)
{
	if (values->n == 0)
		return !values->none;
	for (size_t i = 0; i < values->n; i++)
		if (strcmp(values->list[i], id) == 0)
			return true;
	return false;
}

/* --- the time --- */

static unsigned read_bound(struct asked *asked, const char *text, bool last, char out[SDMX_ID_MAX])
{
	bool report;
	struct period period;

	if (sdmx_period_read(text, out, &report, asked->err) < 0)
		return 400;
	asked->report = asked->report || report;
	if (!period_read(out, report ? CALENDAR_REPORT : CALENDAR_CIVIL, &period))
		return 400; /* it was one just now */
	if (period.grain >= GRAIN_DAY) {
		/* A day is the same in each calendar. */
		int32_t day = last ? period_end_day(period) - 1 : period_first_day(period);

		(void)day_format(day, out);
	}
	if (last)
		asked->end = period_end_day(period);
	else
		asked->first = period_first_day(period);
	return 0;
}

static unsigned read_time(struct asked *asked, const struct sdmx_request *request,
			  const char *today)
{
	unsigned status;

	if (!request->from) {
		(void)err_set(asked->err, -E2BIG,
			      "since when? Everything since the beginning is too much; give "
			      "c[TIME_PERIOD]=ge:PERIOD");
		return 413;
	}
	status = read_bound(asked, request->from, false, asked->from);
	if (status)
		return status;
	if (request->to)
		return read_bound(asked, request->to, true, asked->to);
	(void)snprintf(asked->to, sizeof(asked->to), "%s", today);
	return 0;
}

/* --- questions --- */

static size_t put_argument(char *target, size_t at, const char *name, const char *value)
{
	char escaped[3 * 1024 + 1];

	if (!value || !*value || at >= TARGET_ROOM)
		return at;
	return at + (size_t)snprintf(target + at, TARGET_ROOM - at, "&%s=%s", name,
				     urlencoded_write(value, escaped, sizeof(escaped)));
}

static unsigned add(struct asked *asked, const struct series *series, const char *by,
		    const char *code, const char *area)
{
	struct sdmx_questions *questions = asked->questions;
	struct sdmx_question one = { NULL, NULL }, *list;
	char target[TARGET_ROOM] = "/api/v1/query?name=";
	size_t at = strlen(target);

	at += (size_t)snprintf(target + at, sizeof(target) - at, "%s", series->name); /* fits */
	at = put_argument(target, at, "per", series->grain);
	at = put_argument(target, at, "by", by);
	at = put_argument(target, at, "area", code);
	at = put_argument(target, at, "labels", series->labels);
	at = put_argument(target, at, "by_label", series->by_label);
	at = put_argument(target, at, "from", asked->from);
	at = put_argument(target, at, "to", asked->to);
	at = put_argument(target, at, "calendar", asked->report ? "report" : NULL);
	at = put_argument(target, at, "known", asked->as_of);
	if (at >= TARGET_ROOM) {
		(void)err_set(asked->err, -EINVAL, "the key is too long");
		return 400;
	}
	for (size_t i = 0; i < questions->n; i++) /* a key that is given twice is one */
		if (strcmp(questions->list[i].target, target) == 0 &&
		    (!area || strcmp(questions->list[i].area, area) == 0))
			return 0;
	if (questions->n == SDMX_QUESTIONS_MAX) {
		(void)err_set(asked->err, -E2BIG,
			      "that is more than %u questions to the aggregator; only a narrower "
			      "key is answered",
			      SDMX_QUESTIONS_MAX);
		return 413;
	}
	list = array_room(questions->list, questions->n, sizeof(*list));
	if (!list)
		return out_of_memory(asked->err);
	questions->list = list;
	one.target = strdup(target);
	one.area = area ? strdup(area) : NULL;
	questions->list[questions->n++] = one;
	return one.target && (!area || one.area) ? 0 : out_of_memory(asked->err);
}

/* --- places --- */

static unsigned ask_unit(struct asked *asked, const struct series *series, const char *id)
{
	const struct table *units = asked->reference->units;
	char own[SDMX_ID_MAX];
	int32_t from = INT32_MIN, to = INT32_MAX;
	const char *until;
	struct err ignored;

	if (*id == '@' || strcmp(id, SDMX_UNKNOWN) == 0) {
		(void)err_set(asked->err, -ENOTSUP,
			      "REF_AREA is a unit here; offices, and what lies in no unit, have "
			      "/api/v1/query with format=sdmx-csv");
		return 501;
	}
	for (size_t i = 0; i < table_rows(units); i++) {
		const char *code = sdmx_cell(units, i, "code");

		if (strcmp(sdmx_area(code, sdmx_cell(units, i, "valid_from"), own), id) != 0)
			continue;
		until = sdmx_cell(units, i, "valid_to");
		(void)day_parse(sdmx_cell(units, i, "valid_from"), &from, &ignored);
		if (*until)
			(void)day_parse(until, &to, &ignored);
		if (from >= asked->end || to <= asked->first)
			return 0; /* it was not there then, or is no more */
		return add(asked, series, NULL, code, id);
	}
	(void)err_set(
		asked->err, -ENOENT,
		"REF_AREA: there is no unit '%.64s'; a unit is CODE@DAY, its code and the day "
		"from which it is in force",
		id);
	return 404;
}

static unsigned ask_places(struct asked *asked, const struct series *series)
{
	const struct values *places = &asked->parts[REF_AREA];
	const struct table *units = asked->reference->units;
	const char *levels[LEVELS_MAX];
	size_t n = 0;
	unsigned status = 0;

	for (size_t i = 0; i < places->n && status == 0; i++)
		status = ask_unit(asked, series, places->list[i]);
	if (places->n > 0)
		return status;
	for (size_t i = 0; i < table_rows(units) && status == 0; i++) {
		const char *level = sdmx_cell(units, i, "level");
		bool known = false;

		for (size_t k = 0; k < n; k++)
			known = known || strcmp(levels[k], level) == 0;
		if (known || n == LEVELS_MAX)
			continue;
		levels[n++] = level;
		status = add(asked, series, level, NULL, NULL);
	}
	return status;
}

/* --- dimensions of a name --- */

struct name {
	const char *name;
	const struct metric *metrics[OPERANDS_MAX]; /* it, or what it is made of */
	size_t n;
};

static bool is_parted(const struct name *name, const char *dimension)
{
	for (size_t i = 0; i < name->n; i++) {
		bool by = false;

		for (size_t k = 0; k < name->metrics[i]->n_dimensions; k++)
			by = by || strcmp(name->metrics[i]->dimensions[k], dimension) == 0;
		if (!by)
			return false;
	}
	return name->n > 0;
}

static unsigned ask_dimensions(struct asked *asked, const struct name *name, size_t part,
			       struct series *series);

/* One label of the dimension, then what is behind it. */
static unsigned ask_label(struct asked *asked, const struct name *name, size_t part,
			  struct series *series, const char *id)
{
	const char *key = asked->reference->dimensions[part - FIRST_DIMENSION];
	size_t len = strlen(series->labels);
	char code[SDMX_ID_MAX];
	unsigned status;

	if (strcmp(id, SDMX_UNKNOWN) == 0) {
		(void)err_set(
			asked->err, -ENOTSUP,
			"%s: what has no label is given together with all labels only, not alone",
			key);
		return 501;
	}
	if (sdmx_code(id, strlen(id), code) < 0 || strpbrk(code, ";=")) {
		(void)err_set(asked->err, -EINVAL, "%s: no label has the identifier '%.64s'", key,
			      id);
		return 400;
	}
	if (len + strlen(key) + strlen(code) + 3 > sizeof(series->labels)) {
		(void)err_set(asked->err, -EINVAL, "the key is too long");
		return 400;
	}
	(void)sprintf(series->labels + len, "%s%s=%s", len ? ";" : "", key, code);
	status = ask_dimensions(asked, name, part + 1, series);
	series->labels[len] = '\0';
	return status;
}

static unsigned ask_each_label(struct asked *asked, const struct name *name, size_t part,
			       struct series *series)
{
	const char *key = asked->reference->dimensions[part - FIRST_DIMENSION];
	unsigned status;

	if (series->by_label) {
		(void)err_set(asked->err, -ENOTSUP,
			      "%s is separated by %s and %s, of which one may have all labels in a "
			      "question; give the other a label, or %s",
			      name->name, series->by_label, key, SDMX_TOTAL);
		return 501;
	}
	series->by_label = key;
	status = ask_dimensions(asked, name, part + 1, series);
	series->by_label = NULL;
	return status;
}

static unsigned ask_dimensions(struct asked *asked, const struct name *name, size_t part,
			       struct series *series)
{
	const struct values *values = &asked->parts[part];
	unsigned status = 0;

	if (part == asked->n_parts)
		return ask_places(asked, series);
	if (values->none)
		return 0;
	if (has(values, SDMX_TOTAL))
		status = ask_dimensions(asked, name, part + 1, series);
	if (!is_parted(name, asked->reference->dimensions[part - FIRST_DIMENSION]))
		return status; /* it has the total alone */
	if (values->n == 0 && status == 0)
		return ask_each_label(asked, name, part, series);
	for (size_t i = 0; i < values->n && status == 0; i++)
		if (strcmp(values->list[i], SDMX_TOTAL) != 0)
			status = ask_label(asked, name, part, series, values->list[i]);
	return status;
}

/* --- grains and names --- */

/* Do its figures add up to that grain, in the calendar in which it is told? */
static bool adds_up(const struct asked *asked, const struct name *name, enum grain grain)
{
	enum calendar calendar = asked->report ? CALENDAR_REPORT : CALENDAR_CIVIL;

	if (grain == GRAIN_MINUTE)
		return false;
	for (size_t i = 0; i < name->n && !asked->report; i++)
		if (name->metrics[i]->calendar == CALENDAR_REPORT)
			calendar = CALENDAR_REPORT;
	for (size_t i = 0; i < name->n; i++)
		if (!period_nests(name->metrics[i]->calendar, name->metrics[i]->period, calendar,
				  grain))
			return false;
	return true;
}

static unsigned ask_name(struct asked *asked, const struct name *name)
{
	unsigned status = 0;

	for (size_t i = 0; freqs[i] && status == 0; i++) {
		const char id[2] = { freqs[i], '\0' };
		struct series series = { .name = name->name, .grain = sdmx_grain(freqs[i]) };
		enum grain grain;
		struct err ignored;

		if (!has(&asked->parts[FREQ], id) ||
		    grain_from_name(series.grain, &grain, &ignored) < 0 ||
		    !adds_up(asked, name, grain))
			continue;
		status = ask_dimensions(asked, name, FIRST_DIMENSION, &series);
	}
	return status;
}

static unsigned check_freqs(struct asked *asked)
{
	for (size_t i = 0; i < asked->parts[FREQ].n; i++) {
		const char *id = asked->parts[FREQ].list[i];

		if (strlen(id) == 1 && strchr(freqs, *id))
			continue;
		(void)err_set(asked->err, -ENOENT,
			      "FREQ: there is no '%.64s'; there are A, S, Q, M, W, D and H", id);
		return 404;
	}
	return 0;
}

static bool find_name(const struct asked *asked, const char *wanted)
{
	const struct table *indicators = asked->reference->indicators;

	if (catalogue_find(asked->reference->catalogue, wanted))
		return true;
	for (size_t i = 0; i < table_rows(indicators); i++)
		if (strcmp(sdmx_cell(indicators, i, "name"), wanted) == 0)
			return true;
	return false;
}

/* No metric or indicator is called @name, which was asked for as @id; which may have been meant
 * (I13). */
static unsigned no_name(struct asked *asked, const char *id, const char *name)
{
	const struct catalogue *catalogue = asked->reference->catalogue;
	const struct table *indicators = asked->reference->indicators;
	char ids[NEAR_WORDS_MAX][SDMX_ID_MAX];
	struct near_words near;

	near_words_begin(&near, name);
	for (size_t i = 0; i < catalogue->n; i++)
		near_words_try(&near, catalogue->metrics[i].name);
	for (size_t i = 0; i < table_rows(indicators); i++)
		near_words_try(&near, sdmx_cell(indicators, i, "name"));
	for (size_t i = 0; i < near.n; i++) /* as it is to be asked for */
		near.list[i] = sdmx_indicator(near.list[i], ids[i]);
	(void)err_set(asked->err, -ENOENT,
		      "INDICATOR: there is no '%.64s'; /api/v1/catalogue and /api/v1/indicators "
		      "have them all",
		      id);
	(void)near_words_add(asked->err, &near);
	return 404;
}

static unsigned check_names(struct asked *asked)
{
	for (size_t i = 0; i < asked->parts[INDICATOR].n; i++) {
		char name[SDMX_ID_MAX];

		(void)snprintf(name, sizeof(name), "%.200s", asked->parts[INDICATOR].list[i]);
		sdmx_indicator_name(name);
		if (!find_name(asked, name))
			return no_name(asked, asked->parts[INDICATOR].list[i], name);
	}
	return 0;
}

static unsigned ask_all(struct asked *asked)
{
	const struct sdmx_reference *reference = asked->reference;
	unsigned status = check_freqs(asked);
	char id[SDMX_ID_MAX];

	if (status == 0)
		status = check_names(asked);
	for (size_t i = 0; i < asked->n_parts; i++)
		if (asked->parts[i].none)
			return status;
	for (size_t i = 0; i < reference->catalogue->n && status == 0; i++) {
		const struct metric *metric = &reference->catalogue->metrics[i];
		const struct name name = { metric->name, { metric }, 1 };

		if (has(&asked->parts[INDICATOR], sdmx_indicator(metric->name, id)))
			status = ask_name(asked, &name);
	}
	for (size_t i = 0; i < table_rows(reference->indicators) && status == 0; i++) {
		struct name name = { .name = sdmx_cell(reference->indicators, i, "name") };

		name.n = sdmx_operands(reference, i, name.metrics, OPERANDS_MAX);
		if (has(&asked->parts[INDICATOR], sdmx_indicator(name.name, id)))
			status = ask_name(asked, &name);
	}
	return status;
}

/* Of several keys, each names one series. */
static unsigned check_series(struct asked *asked, const struct sdmx_request *request)
{
	if (request->n_conditions > 0) {
		(void)err_set(asked->err, -ENOTSUP,
			      "several keys together with conditions are not supported; "
			      "c[DIMENSION]=A,B has several values");
		return 501;
	}
	for (size_t i = 0; i < asked->n_parts; i++)
		if (asked->parts[i].n == 0) {
			(void)err_set(asked->err, -ENOTSUP,
				      "of several keys each names one series here, without '*'; "
				      "c[DIMENSION]=A,B has several values");
			return 501;
		}
	return 0;
}

unsigned sdmx_questions_make(struct sdmx_request *request, const struct sdmx_reference *reference,
			     const char *today, struct sdmx_questions *ret_questions,
			     struct err *err)
{
	struct sdmx_questions questions = { 0 };
	bool several = strchr(request->key, ',') != NULL;
	char *keys = request->key;
	unsigned status = 0;

	while (keys && status == 0) {
		char *key = sdmx_piece(&keys, ',');
		struct asked asked = { .reference = reference,
				       .n_parts = FIRST_DIMENSION + reference->n_dimensions,
				       .first = INT32_MIN,
				       .end = INT32_MAX,
				       .as_of = request->as_of,
				       .questions = &questions,
				       .err = err };

		if (asked.n_parts > SDMX_PARTS_MAX) {
			(void)err_set(err, -E2BIG, "there are too many dimensions for sdmx-csv");
			status = 413;
		}
		if (status == 0 && (several || (*key && strcmp(key, "*") != 0)))
			status = read_key(&asked, key);
		if (status == 0 && several)
			status = check_series(&asked, request);
		for (size_t i = 0; i < request->n_conditions && status == 0; i++)
			status = narrow(&asked, &request->conditions[i]);
		if (status == 0)
			status = read_time(&asked, request, today);
		if (status == 0)
			status = ask_all(&asked);
	}
	if (status)
		sdmx_questions_free(&questions);
	else
		*ret_questions = questions;
	return status;
}

void sdmx_questions_free(struct sdmx_questions *questions)
{
	for (size_t i = 0; i < questions->n; i++) {
		free(questions->list[i].target);
		free(questions->list[i].area);
	}
	free(questions->list);
	*questions = (struct sdmx_questions){ 0 };
}
