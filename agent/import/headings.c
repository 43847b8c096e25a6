#include "import/headings.h"

#include "common/base/array.h"
#include "common/model/period_words.h"
#include "common/text/near_name.h"
#include "common/text/old_font.h"
#include "common/text/viet.h"
#include "import/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name {
	char *key; /* owned */
	struct heading heading;
};

struct headings {
	struct name *names; /* owned [n], sorted by key, each key once */
	size_t n;
	struct terms *terms; /* owned */
};

static const struct {
	const char *text;
	enum role role;
	bool plain;
	char part;
} words[] = {
	{ "period", ROLE_PERIOD, true, 0 },
	{ "kỳ", ROLE_PERIOD, false, 0 },
	{ "kỳ báo cáo", ROLE_PERIOD, false, 0 },
	{ "kỳ số liệu", ROLE_PERIOD, false, 0 },
	{ "thời gian", ROLE_PERIOD, false, 0 },
	{ "thời kỳ", ROLE_PERIOD, false, 0 },
	{ "thời điểm", ROLE_PERIOD, false, 0 },
	{ "tháng/năm", ROLE_PERIOD, false, 0 },
	{ "tháng, năm", ROLE_PERIOD, false, 0 },
	{ "tháng năm", ROLE_PERIOD, false, 0 },
	{ "quý/năm", ROLE_PERIOD, false, 0 },
	{ "ngày tháng", ROLE_PERIOD, false, 0 },
	{ "ngày tháng năm", ROLE_PERIOD, false, 0 },
	{ "ngày, tháng, năm", ROLE_PERIOD, false, 0 },
	{ "ngày/tháng/năm", ROLE_PERIOD, false, 0 },
	{ "date", ROLE_PERIOD, false, 0 },
	{ "năm", ROLE_PERIOD, false, 'y' },
	{ "year", ROLE_PERIOD, true, 'y' },
	{ "quý", ROLE_PERIOD, false, 'q' },
	{ "quí", ROLE_PERIOD, false, 'q' },
	{ "quarter", ROLE_PERIOD, true, 'q' },
	{ "tháng", ROLE_PERIOD, false, 'm' },
	{ "month", ROLE_PERIOD, true, 'm' },
	{ "tuần", ROLE_PERIOD, false, 'w' },
	{ "week", ROLE_PERIOD, true, 'w' },
	{ "ngày", ROLE_PERIOD, false, 'd' },
	{ "ngày báo cáo", ROLE_PERIOD, false, 'd' },
	{ "day", ROLE_PERIOD, true, 'd' },
	{ "metric", ROLE_METRIC, true, 0 },
	{ HEADING_FORM, ROLE_METRIC, true, 0 },
	{ HEADING_OFFICE, ROLE_OFFICE, true, 0 },
	{ HEADING_WAS, ROLE_WAS, true, 0 },
	{ "chỉ tiêu", ROLE_METRIC, false, 0 },
	{ "tên chỉ tiêu", ROLE_METRIC, false, 0 },
	{ "chỉ tiêu báo cáo", ROLE_METRIC, false, 0 },
	{ "nội dung", ROLE_METRIC, false, 0 },
	{ "value", ROLE_VALUE, true, 0 },
	{ "giá trị", ROLE_VALUE, false, 0 },
	{ "số liệu", ROLE_VALUE, false, 0 },
	{ "số lượng", ROLE_VALUE, false, 0 },
	{ "kết quả", ROLE_VALUE, false, 0 },
	{ "labels", ROLE_LABELS, true, 0 },
	{ "nhãn", ROLE_LABELS, false, 0 },
	{ "stt", ROLE_NOTE, false, 0 },
	{ "tt", ROLE_NOTE, false, 0 },
	{ "số tt", ROLE_NOTE, false, 0 },
	{ "số thứ tự", ROLE_NOTE, false, 0 },
	{ "no.", ROLE_NOTE, false, 0 },
	{ "ghi chú", ROLE_NOTE, false, 0 },
	{ "note", ROLE_NOTE, false, 0 },
	{ "notes", ROLE_NOTE, false, 0 },
	{ "đơn vị tính", ROLE_UNIT, false, 0 },
	{ "đvt", ROLE_UNIT, false, 0 },
	{ "đv tính", ROLE_UNIT, false, 0 },
	{ "unit of measure", ROLE_UNIT, true, 0 },
	{ "unit", ROLE_UNIT, false, 0 },
};
#define N_WORDS (sizeof(words) / sizeof(words[0]))

static int add(struct headings *headings, const char *text, struct heading heading, struct err *err)
{
	char key[VIET_KEY_MAX];
	if (!text || !*text || !viet_key(text, key))
		return 0; /* nobody can write that */
	struct name *names = array_room(headings->names, headings->n, sizeof(*names));
	char *copy = strdup(key);
	if (names)
		headings->names = names;
	if (!names || !copy) {
		free(copy);
		return err_memory(err);
	}
	headings->names[headings->n++] = (struct name){ copy, heading };
	return 0;
}

/* By its name, with blanks for '_', and as the page shows it. */
static int add_dimension(struct headings *headings, const struct metric *metric,
			 const char *dimension, struct err *err)
{
	struct heading heading = { .role = ROLE_DIMENSION,
				   .plain = true,
				   .dimension = dimension,
				   .dimension_vi = terms_dimension(metric, dimension) };
	char spaced[VIET_KEY_MAX];
	int rc = add(headings, dimension, heading, err);
	heading.plain = false;
	if (rc == 0)
		rc = add(headings, heading.dimension_vi, heading, err);
	(void)snprintf(spaced, sizeof(spaced), "%s", dimension); /* it fits */
	for (char *at = spaced; (at = strchr(at, '_')); at++)
		*at = ' ';
	return rc == 0 ? add(headings, spaced, heading, err) : rc;
}

static int add_metric(struct headings *headings, const struct metric *metric, struct err *err)
{
	struct heading heading = { .role = ROLE_FIGURES, .plain = true, .metric = metric };
	int rc = add(headings, metric->name, heading, err);
	for (size_t i = 0; i < metric->n_dimensions && rc == 0; i++)
		rc = add_dimension(headings, metric, metric->dimensions[i], err);
	heading.plain = false;
	if (rc == 0)
		rc = add(headings, metric->label_vi, heading, err);
	return rc == 0 ? add(headings, metric->label_en, heading, err) : rc;
}

static int by_key(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	return strcmp(x->key, y->key);
}

/* Which of two that are called the same is meant? A metric by its name before everything; then our
 * own words; then dimensions; then labels, and two metrics of one label are told apart by nobody.
 */
static unsigned rank(const struct heading *heading)
{
	if (heading->metric)
		return heading->plain ? 0 : 3;
	return heading->role == ROLE_DIMENSION ? 2 : 1;
}

static void sort(struct headings *headings)
{
	size_t kept = 0;
	qsort(headings->names, headings->n, sizeof(*headings->names), by_key);
	for (size_t i = 1; i < headings->n; i++) {
		struct name *last = &headings->names[kept], *name = &headings->names[i];
		if (strcmp(last->key, name->key) != 0) {
			headings->names[++kept] = *name;
			continue;
		}
		struct heading *had = &last->heading, *other = &name->heading;
		unsigned a = rank(had), b = rank(other);
		if (b < a || (b == a && other->plain && !had->plain))
			*had = *other;
		else if (a == 3 && b == 3 && had->metric != other->metric)
			had->role = ROLE_AMBIGUOUS;
		free(name->key);
	}
	headings->n = kept + 1;
}

int headings_open(const struct catalogue *catalogue, struct headings **ret_headings,
		  struct err *err)
{
	struct headings *headings = calloc(1, sizeof(*headings));
	int rc = headings ? terms_open(catalogue, &headings->terms, err) : err_memory(err);
	for (size_t i = 0; i < N_WORDS && rc == 0; i++)
		rc = add(headings, words[i].text,
			 (struct heading){ .role = words[i].role,
					   .plain = words[i].plain,
					   .part = words[i].part },
			 err);
	for (size_t i = 0; i < catalogue->n && rc == 0; i++)
		rc = add_metric(headings, &catalogue->metrics[i], err);
	if (rc < 0) {
		headings_close(headings);
		return rc;
	}
	sort(headings);
	*ret_headings = headings;
	return 0;
}

void headings_close(struct headings *headings)
{
	if (!headings)
		return;
	for (size_t i = 0; i < headings->n; i++)
		free(headings->names[i].key);
	free(headings->names);
	terms_close(headings->terms);
	free(headings);
}

static const struct heading *look_up(const struct headings *headings, const char *text)
{
	char key[VIET_KEY_MAX];
	if (!viet_key(text, key))
		return NULL;
	const struct name wanted = { .key = key };
	const struct name *name =
		bsearch(&wanted, headings->names, headings->n, sizeof(*headings->names), by_key);
	return name ? &name->heading : NULL;
}

/* --- a number, a unit, a colon around the name --- */

/* Behind "1.", "1.2)", "(1)", "II.", "a)", "-" and blanks; @text when it has no such number. */
static const char *behind_number(const char *text)
{
	const char *at = text + strspn(text, " \t\r\n(");
	size_t n = strspn(at, "0123456789.");
	if (n == 0)
		n = strspn(at, "IVX");
	if (n == 0 && (*at == '-' || *at == '+' || *at == '*'))
		return at + 1 + strspn(at + 1, " \t");
	if (n == 0 && ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z')))
		n = 1;
	if (n == 0 || n > 6 || !at[n] || (at[n - 1] != '.' && !strchr(".)", at[n])))
		return text;
	at += n;
	return at + strspn(at, ".) \t\r\n");
}

/* In brackets at the end of @text, which is cut before them; false when there is nothing. */
static bool cut_bracket(char *text, char *ret_inside, size_t room)
{
	size_t len = strlen(text);
	while (len > 0 && strchr(" \t\r\n:*", text[len - 1]))
		len--;
	bool cut = text[len] != '\0';
	text[len] = '\0';
	*ret_inside = '\0';
	char *open = len > 0 && text[len - 1] == ')'   ? strrchr(text, '(')
		     : len > 0 && text[len - 1] == ']' ? strrchr(text, '[')
						       : NULL;
	if (!open || open == text)
		return cut;
	text[len - 1] = '\0';
	(void)snprintf(ret_inside, room, "%s", open + 1); /* cut: then it is no unit */
	*open = '\0';
	return true;
}

/* Is @inside nothing but the number of the column, or of a remark? */
static bool is_number(const char *inside)
{
	size_t n = strspn(inside, "0123456789*");
	return n <= 3 && inside[n] == '\0';
}

static struct heading judge_bracket(const struct heading *found, const char *inside)
{
	struct heading heading = *found;
	heading.measured = heading.role == ROLE_FIGURES && *inside && !is_number(inside);
	if (is_number(inside) || heading.role == ROLE_NOTE || heading.role == ROLE_UNIT ||
	    heading.role == ROLE_PERIOD || heading.role == ROLE_METRIC)
		return heading;
	if (heading.role == ROLE_FIGURES && !measure_fits(heading.metric, inside))
		heading.role = ROLE_OTHER_UNIT;
	else if (heading.role != ROLE_FIGURES)
		heading.role = ROLE_NONE; /* "Giá trị (triệu đồng)": of which metric? */
	return heading;
}

struct heading headings_find(const struct headings *headings, const char *text)
{
	char name[VIET_KEY_MAX], inside[VIET_KEY_MAX];
	const char *from = text;
	for (unsigned step = 0; step < 3; step++) {
		const struct heading *found = look_up(headings, from);
		if (found)
			return *found;
		(void)snprintf(name, sizeof(name), "%s", from); /* cut: then it is unknown */
		if (cut_bracket(name, inside, sizeof(inside)) && (found = look_up(headings, name)))
			return judge_bracket(found, inside);
		if (behind_number(from) == from)
			break;
		from = behind_number(from);
	}
	if (period_words_known(text))
		return (struct heading){ .role = ROLE_PERIOD_FIGURES };
	return (struct heading){ .role = ROLE_NONE };
}

bool headings_near(const struct headings *headings, const char *text,
		   char ret_meant[NEAR_METRICS_TEXT])
{
	const struct name *best = NULL;
	struct near_name wanted;
	struct near_metrics metrics;
	near_name_begin(&wanted, behind_number(text));
	near_metrics_begin(&metrics);
	for (size_t i = 0; i < headings->n; i++) {
		const struct name *name = &headings->names[i];
		size_t distance = near_name_distance(&wanted, name->key);
		if (strncmp(name->key, "lantoa-", 7) == 0) /* ours alone */
			continue;
		if (name->heading.metric)
			near_metrics_try(&metrics, name->heading.metric, distance);
		else if (near_name_try(&wanted, name->key))
			best = name;
	}
	if (metrics.n > 0 && metrics.distance <= wanted.least)
		(void)near_metrics_say(&metrics, ret_meant);
	else if (best)
		(void)snprintf(ret_meant, NEAR_METRICS_TEXT, "'%s'", best->key); /* cut is fine */
	return metrics.n > 0 || best;
}

const struct terms *headings_terms(const struct headings *headings)
{
	return headings->terms;
}

bool headings_begins(const char *text, const struct metric *metric, const char *dimension)
{
	const char *const names[] = { dimension, terms_dimension(metric, dimension) };
	char key[VIET_KEY_MAX], name[VIET_KEY_MAX];
	if (!viet_key(behind_number(text), key))
		return false;
	for (size_t i = 0; i < 2; i++) {
		if (!names[i] || !viet_key(names[i], name))
			continue;
		size_t len = strlen(name);
		if (strncmp(key, name, len) == 0 && (!key[len] || strchr(" :,(", key[len])))
			return true;
	}
	return false;
}

const char *headings_font(const struct headings *headings, const char *text)
{
	char meant[VIET_KEY_MAX];
	for (enum old_font font = 0; font < OLD_FONT_COUNT; font++)
		if (old_font_read(font, text, meant, sizeof(meant)) && strcmp(meant, text) != 0 &&
		    headings_find(headings, meant).role != ROLE_NONE)
			return old_font_name(font);
	return NULL;
}
