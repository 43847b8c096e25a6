/* A total walked down: what explain tells of offices and entries must come to what a question is
 * answered with, whatever happened before. The combining here is a second one, from the rows alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "query/explain.h"
#include "query/figures.h"
#include "support/history.h"
#include "support/question.h"

#include <errno.h>
#include <gmp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS         8
#define BATCHES       40
#define QUESTIONS     40
#define DILIGENT_DAYS 12

static uint64_t values_met, carried_met, rests_met, held_met, restated_met, known_met, acts_met,
	unseen_met;

/* --- any question, any history --- */

/* The answer's rows, each with what it is compared by as a number. */
struct told {
	const char *part, *value, *change;
	const char *into, *into_from, *office, *labels; /* lent */
	size_t of;                                      /* the total's row that it is in */
	int office_no, labels_no;
	bool counted;
};

static struct told *rows;
static size_t n_rows;

static const char *cell(const struct table *table, size_t row, const char *column)
{
	const char *text = testbed_cell(table, row, column);
	return text ? text : "";
}

static bool is_part(const struct table *table, size_t row, const char *part)
{
	return strcmp(cell(table, row, "part"), part) == 0;
}

static int number_of(const char *text, const char *names[], int *n)
{
	int i = 0;
	while (i < *n && strcmp(names[i], text) != 0)
		i++;
	assert_true(i < 64);
	if (i == *n)
		names[(*n)++] = text;
	return i;
}

static void read_rows(const struct table *table)
{
	const char *offices[64], *labels[64];
	int n_offices = 0, n_labels = 0;
	n_rows = table_rows(table);
	rows = calloc(n_rows + 1, sizeof(*rows));
	assert_non_null(rows);
	for (size_t i = 0; i < n_rows; i++) {
		struct told *row = &rows[i];
		*row = (struct told){ .part = cell(table, i, "part"),
				      .value = testbed_cell(table, i, "value"),
				      .change = cell(table, i, "change"),
				      .into = cell(table, i, "into"),
				      .into_from = cell(table, i, "into_from"),
				      .office = cell(table, i, "office"),
				      .labels = cell(table, i, "labels"),
				      .of = SIZE_MAX };
		row->office_no = number_of(row->office, offices, &n_offices);
		row->labels_no = number_of(row->labels, labels, &n_labels);
		row->counted = strcmp(cell(table, i, "counted"), "true") == 0;
		for (size_t k = 0; k < i && row->of == SIZE_MAX; k++)
			if (strcmp(rows[k].part, "total") == 0 &&
			    strcmp(cell(table, k, "area"), row->into) == 0 &&
			    strcmp(cell(table, k, "valid_from"), row->into_from) == 0)
				row->of = k;
	}
}

static bool is_row(size_t row, const char *part, size_t of)
{
	return rows[row].of == of && strcmp(rows[row].part, part) == 0;
}

struct combining {
	mpq_t value;
	long n;
	enum agg agg;
};

static void combine(struct combining *c, const mpq_t value)
{
	bool takes = c->n == 0 || (c->agg == AGG_MIN && mpq_cmp(value, c->value) < 0) ||
		     (c->agg == AGG_MAX && mpq_cmp(value, c->value) > 0) || c->agg == AGG_LAST;
	if (c->n > 0 && (c->agg == AGG_SUM || c->agg == AGG_MEAN))
		mpq_add(c->value, c->value, value);
	else if (takes)
		mpq_set(c->value, value);
	c->n++;
}

static void combined(struct combining *c)
{
	mpq_t n;
	if (c->agg != AGG_MEAN || c->n == 0)
		return;
	mpq_init(n);
	mpq_set_si(n, c->n, 1);
	mpq_div(c->value, c->value, n);
	mpq_clear(n);
}

static bool counts_in(size_t row, size_t of)
{
	return rows[row].of == of && rows[row].counted && strcmp(rows[row].part, "entry") == 0;
}

/* Is @row the first counted entry of its office, and of its labels where @labels? */
static bool is_first(size_t row, size_t of, bool labels)
{
	for (size_t i = 0; i < row; i++)
		if (counts_in(i, of) && rows[i].office_no == rows[row].office_no &&
		    (!labels || rows[i].labels_no == rows[row].labels_no))
			return false;
	return true;
}

/* Rule 5.3, from entries: the periods of a series by time_agg. */
static void series_value(const struct question *q, size_t of, size_t first,
			 const struct metric *metric, struct combining *office)
{
	struct combining series = { .agg = metric->time_agg };
	mpq_t value;
	mpq_inits(series.value, value, NULL);
	for (size_t i = first; i < n_rows; i++) {
		if (!counts_in(i, of) || rows[i].office_no != rows[first].office_no ||
		    rows[i].labels_no != rows[first].labels_no)
			continue;
		assert_true(rational_read(value, rows[i].value));
		combine(&series, value);
	}
	if (metric->time_agg == AGG_LAST && series.n != 1)
		fail_msg("%s: %ld entries of one level count", q->words, series.n);
	combined(&series);
	combine(office, series.value);
	mpq_clears(series.value, value, NULL);
}

static void office_value(const struct question *q, size_t of, size_t first,
			 const struct metric *metric, struct combining *office)
{
	for (size_t i = first; i < n_rows; i++)
		if (counts_in(i, of) && rows[i].office_no == rows[first].office_no &&
		    is_first(i, of, true))
			series_value(q, of, i, metric, office);
	combined(office);
}

static void same_value(const struct question *q, const char *what, const char *found,
		       const struct combining *c, const struct metric *metric)
{
	char *expected = c->n > 0 ? rational_text(c->value, metric_shown_decimals(metric)) : NULL;
	if (strcmp(found ? found : "", expected ? expected : "") != 0)
		fail_msg("%s: %s is '%s', but its entries come to '%s'", q->words, what,
			 found ? found : "", expected ? expected : "");
	free(expected);
}

/* The office's row of the total's row @of. */
static size_t office_row(size_t entry, size_t of)
{
	for (size_t i = 0; i < n_rows; i++)
		if (is_row(i, "office", of) && rows[i].office_no == rows[entry].office_no)
			return i;
	fail_msg("an entry counts of office %s, which gives nothing", rows[entry].office);
	return 0;
}

/* The entries that count, combined, are what each office gives, and these the total. */
static void entries_come_to_it(const struct question *q, size_t of, const struct metric *metric)
{
	struct combining total = { .agg = metric->area_agg };
	long given = 0;
	mpq_init(total.value);
	for (size_t i = 0; i < n_rows; i++) {
		if (!counts_in(i, of) || !is_first(i, of, false))
			continue;
		struct combining office = { .agg = metric->area_agg };
		size_t row = office_row(i, of);
		mpq_init(office.value);
		office_value(q, of, i, metric, &office);
		same_value(q, rows[row].office, rows[row].value, &office, metric);
		combine(&total, office.value);
		mpq_clear(office.value);
	}
	for (size_t i = 0; i < n_rows; i++)
		given += is_row(i, "office", of) && rows[i].value;
	assert_int_equal(given, total.n);
	combined(&total);
	same_value(q, "the total", rows[of].value, &total, metric);
	values_met += total.n > 0;
	mpq_clear(total.value);
}

/* I6: the reports of the offices are those of the row. */
static void offices_add_up(const struct question *q, const struct table *table, size_t of)
{
	static const char *const counts[] = { "observations", "due",      "reported", "on_time",
					      "carried",      "excused",  "missing",  "waiting",
					      "extra",        "revisions" };
	for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
		long long sum = 0;
		for (size_t i = 0; i < n_rows; i++)
			if (is_row(i, "office", of))
				sum += strtoll(cell(table, i, counts[k]), NULL, 10);
		if (sum != strtoll(cell(table, of, counts[k]), NULL, 10))
			fail_msg("%s: %s of the offices: %lld, of the row: %s", q->words, counts[k],
				 sum, cell(table, of, counts[k]));
	}
}

/* What is no level counts where it was reported, so that its entries can be counted, too. */
static void entries_are_all_told(const struct question *q, const struct table *table, size_t of)
{
	long counted = 0, revised = 0;
	for (size_t i = 0; i < n_rows; i++) {
		counted += counts_in(i, of);
		revised += is_row(i, "entry", of) && (strcmp(rows[i].change, "corrected") == 0 ||
						      strcmp(rows[i].change, "withdrawn") == 0);
	}
	if (counted != strtol(cell(table, of, "observations"), NULL, 10) ||
	    revised != strtol(cell(table, of, "revisions"), NULL, 10))
		fail_msg("%s: %ld entries count of %s observations; %ld revise of %s", q->words,
			 counted, cell(table, of, "observations"), revised,
			 cell(table, of, "revisions"));
}

/* What is held is told as often as it waits, or it is said that it is not. */
static void the_held_are_told(const struct question *q, const struct table *table)
{
	for (size_t row = 0; row < n_rows; row++) {
		long waiting = strtol(cell(table, row, "waiting"), NULL, 10), held = 0;
		if (strcmp(rows[row].part, "office") != 0)
			continue;
		for (size_t i = row; i < n_rows; i++)
			held += is_row(i, "entry", rows[row].of) &&
				rows[i].office_no == rows[row].office_no &&
				strcmp(rows[i].change, "held") == 0;
		if (held < waiting && !testbed_cell(table, row, "reason"))
			fail_msg("%s: %s: %ld wait, but %ld are told", q->words, rows[row].office,
				 waiting, held);
		held_met += (uint64_t)held;
		unseen_met += testbed_cell(table, row, "reason") != NULL;
	}
}

/* The total is the question's own answer. */
static void total_is_the_answer(const struct question *q, const struct table *table,
				const struct table *answer)
{
	static const struct {
		const char *column, *of;
	} columns[] = {
		{ "area", "area" },     { "area_name", "name" },    { "valid_from", "valid_from" },
		{ "period", "period" }, { "value", "value" },       { "reason", "reason" },
		{ "due", "due" },       { "reported", "reported" }, { "missing", "missing" },
		{ "state", "state" }
	};
	size_t n = 0;
	for (size_t i = 0; i < table_rows(table); i++) {
		if (!is_part(table, i, "total"))
			continue;
		assert_true(n < table_rows(answer));
		for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++)
			if (strcmp(cell(table, i, columns[k].column),
				   cell(answer, n, columns[k].of)) != 0)
				fail_msg("%s: %s is '%s', of the answer '%s'", q->words,
					 columns[k].column, cell(table, i, columns[k].column),
					 cell(answer, n, columns[k].of));
		n++;
	}
	assert_int_equal(n, table_rows(answer));
}

static void explained(struct testbed *testbed, const struct question *q,
		      const struct metric *metric)
{
	const struct explain_form form = { .most = 1000 };
	struct table *answer = NULL, *table = NULL;
	if (query_run(testbed->db, testbed->reference, &q->query, &answer, &testbed->err) < 0)
		return; /* it may not be asked: test_query.c */
	if (explain_run(testbed->db, testbed->reference, &q->query, &form, &table, &testbed->err) <
	    0)
		fail_msg("%s: %s", q->words, testbed->err.text);
	read_rows(table);
	total_is_the_answer(q, table, answer);
	the_held_are_told(q, table);
	for (size_t i = 0; i < table_rows(table); i++) {
		carried_met += strcmp(rows[i].change, "carried") == 0;
		acts_met += is_part(table, i, "act");
		if (!is_part(table, i, "total"))
			continue;
		entries_come_to_it(q, i, metric);
		rests_met += testbed_cell(table, i, "value") && !testbed_cell(table, i, "area");
		offices_add_up(q, table, i);
		if (metric->time_agg != AGG_LAST)
			entries_are_all_told(q, table, i);
		restated_met += q->query.structure && testbed_cell(table, i, "value");
		known_met += q->query.known && testbed_cell(table, i, "value");
	}
	free(rows);
	table_close(answer);
	table_close(table);
}

/* Of what was asked, the first period, in one row. */
static void ask(struct history *h, struct testbed *testbed, const struct catalogue *catalogue)
{
	struct question q;
	struct oracle oracle;
	question_make(h, catalogue, &q);
	history_tell(h, testbed, q.known_us, &oracle);
	const struct metric *metric = catalogue_find(oracle.reference->catalogue, q.query.name);
	q.query.by = q.query.by_label = NULL;
	q.query.rank = q.query.total = false;
	if (metric && metric->period > GRAIN_MINUTE && dice_below(h->dice, 2)) {
		q.per = metric->period;
		q.calendar = metric->calendar;
		q.first = period_of_day(q.calendar, q.per < GRAIN_DAY ? GRAIN_DAY : q.per,
					h->base + (int32_t)dice_below(h->dice, (uint64_t)h->days))
				  .number;
		q.per = q.per < GRAIN_DAY ? GRAIN_DAY : q.per;
		q.query.calendar = calendar_name(q.calendar);
		q.query.per = grain_name(q.per);
	}
	if (dice_below(h->dice, 2))
		q.query.area = NULL;
	if (metric && q.per > GRAIN_MINUTE && oracle_allows(metric, q.calendar, q.per)) {
		period_format((struct period){ q.calendar, q.per, q.first }, q.from);
		q.query.from = q.query.to = q.from;
		explained(testbed, &q, metric);
	}
	oracle_free(&oracle);
}

struct asking {
	bool diligent, imports;
};

static void random_questions(struct dice *dice, void *context)
{
	const struct asking *asking = context;
	struct history h;
	struct testbed testbed;
	struct catalogue *catalogue = NULL;
	if (asking->diligent)
		history_make_diligent(&h, dice, DILIGENT_DAYS);
	else
		history_make(&h, dice, BATCHES);
	if (asking->imports) {
		history_in_order(&h, 1000000);
		history_make_all_acts(&h, dice_below(dice, 25) + 1);
	} else if (dice_below(dice, 2)) {
		history_make_acts(&h, dice_below(dice, 25) + 1);
	}
	history_make_excuses(&h, 30);
	history_open(&h, &testbed);
	if (catalogue_read(h.catalogue, strlen(h.catalogue), &catalogue, &testbed.err) < 0)
		fail_msg("%s", testbed.err.text);
	history_post(&h, &testbed);
	for (int i = 0; i < QUESTIONS; i++)
		ask(&h, &testbed, catalogue);
	catalogue_close(catalogue);
	testbed_close(&testbed);
	history_free(&h);
}

static void its_entries_come_to_the_total(void **state)
{
	struct asking asking = { 0 };
	(void)state;
	for_all_seeds(SEEDS, random_questions, &asking);
	if (seeds_given())
		return; /* one may have none of it */
	print_message("met: %" PRIu64 " values, %" PRIu64 " in last rows, %" PRIu64
		      " restated, %" PRIu64 " as known earlier, %" PRIu64 " carried, %" PRIu64
		      " held, %" PRIu64 " acts, %" PRIu64 " that wait unseen\n",
		      values_met, rests_met, restated_met, known_met, carried_met, held_met,
		      acts_met, unseen_met);
	assert_true(values_met > 50 && rests_met > 0 && restated_met > 10 && known_met > 10);
	assert_true(carried_met > 0 && held_met > 10 && acts_met > 10);
}

static void so_it_is_where_the_reference_changes(void **state)
{
	struct asking asking = { .imports = true };
	(void)state;
	for_all_seeds(SEEDS / 2, random_questions, &asking);
}

static void so_it_is_where_nearly_all_is_reported(void **state)
{
	struct asking asking = { .diligent = true };
	(void)state;
	for_all_seeds(SEEDS / 2, random_questions, &asking);
}

/* --- by example --- */

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\n"                                             \
	"P,Tinh,province,,2020-01-01,\n"                                                           \
	"C1,Xa 1,commune,P,2020-01-01,\n"                                                          \
	"C2,Xa 2,commune,P,2020-01-01,\n"
#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"teams,x,x,x,stock,last,sum,month,,0,1,commune,5,,\n"                                      \
	"sales,x,x,x,flow,sum,sum,month,,1,0,commune,5,,\n"
#define SHARE                                                                                      \
	"name,label_vi,label_en,formula,unit,target_year,target_value\n"                           \
	"share,x,x,100 * sales / teams,%,,\n"

struct fixture {
	struct testbed testbed;
	struct testbed_spool a, b;
	struct table *table;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	testbed_open(&f->testbed, UNITS, METRICS, SHARE, false);
	f->a = (struct testbed_spool){ .office = testbed_office(&f->testbed, "a", "C1", 19000),
				       .id = 1 };
	f->b = (struct testbed_spool){ .office = testbed_office(&f->testbed, "b", "C2", 19000),
				       .id = 2 };
	testbed_refresh(&f->testbed);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	table_close(f->table);
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static int explain(struct fixture *f, const char *name, const char *period,
		   const struct explain_form *form)
{
	const struct query query = { .name = name, .from = period, .to = period };
	table_close(f->table);
	f->table = NULL;
	return explain_run(f->testbed.db, f->testbed.reference, &query, form, &f->table,
			   &f->testbed.err);
}

static void explain_well(struct fixture *f, const char *name, const char *period,
			 const struct explain_form *form)
{
	if (explain(f, name, period, form) < 0)
		fail_msg("%s", f->testbed.err.text);
}

/* The rows of @part, "metric office: value state change;" each. */
static const char *rows_of(struct fixture *f, const char *part)
{
	static char text[4096];
	*text = '\0';
	for (size_t i = 0; i < table_rows(f->table); i++) {
		if (!is_part(f->table, i, part))
			continue;
		strcat(strcat(text, cell(f->table, i, "metric")), " ");
		strcat(strcat(text, cell(f->table, i, "office")), ":");
		strcat(strcat(text, cell(f->table, i, "value")), " ");
		strcat(strcat(text, cell(f->table, i, "state")), cell(f->table, i, "change"));
		strcat(text, ";");
	}
	return text;
}

/* What was said, corrected and carried, of each operand in turn, and the formula with them. */
static void an_indicator_is_explained_operand_by_operand(void **state)
{
	struct fixture *f = *state;
	const struct explain_form form = { 0 };
	testbed_record(&f->testbed, &f->a, "teams", "", "2025-03", 8, 0);
	testbed_record(&f->testbed, &f->b, "teams", "", "2025-02", 12, 0);
	testbed_record(&f->testbed, &f->a, "sales", "", "2025-03", 15, 1);
	testbed_record(&f->testbed, &f->a, "sales", "", "2025-03", 25, 1);
	explain_well(f, "share", "2025-03", &form);
	assert_string_equal(rows_of(f, "total"), "share :12.5 partial;");
	assert_string_equal(rows_of(f, "operand"), "sales :2.5 partial;teams :20 carried;");
	assert_string_equal(rows_of(f, "office"), "sales a:2.5 on time;sales b: missing;"
						  "teams a:8 on time;teams b:12 carried;");
	assert_string_equal(rows_of(f, "entry"), "sales a: first;sales a:2.5 corrected;"
						 "teams a:8 first;teams b:12 carried;");
	assert_string_equal(cell(f->table, 0, "how"), "100 * sales / teams = 100 * 2.5 / 20");
}

static void it_goes_on_behind_the_last_office(void **state)
{
	struct fixture *f = *state;
	const struct explain_form first = { .most = 1 }, second = { .most = 1, .after = "a" },
				  one = { .office = "b" };
	testbed_record(&f->testbed, &f->a, "teams", "", "2025-03", 8, 0);
	testbed_record(&f->testbed, &f->b, "teams", "", "2025-03", 12, 0);
	explain_well(f, "teams", "2025-03", &first);
	assert_string_equal(rows_of(f, "office"), "teams a:8 on time;");
	assert_string_equal(rows_of(f, "entry"), "");
	assert_string_equal(table_head_value(f->table, "explain", "entries"), "no");
	assert_string_equal(table_head_value(f->table, "explain", "offices"), "2");
	assert_string_equal(table_head_value(f->table, "explain", "next"), "a");
	explain_well(f, "teams", "2025-03", &second);
	assert_string_equal(rows_of(f, "office"), "teams b:12 on time;");
	assert_null(table_head_value(f->table, "explain", "next"));
	explain_well(f, "teams", "2025-03", &one);
	assert_string_equal(rows_of(f, "total"), "teams :20 complete;");
	assert_string_equal(rows_of(f, "entry"), "teams b:12 first;");
}

static void what_cannot_be_explained_says_why(void **state)
{
	struct fixture *f = *state;
	const struct explain_form nobody = { .office = "z" }, form = { 0 };
	const struct query by = { .name = "teams", .by = "office", .from = "2025-03" };
	const struct query two = { .name = "teams", .from = "2025-03", .to = "2025-04" };
	assert_int_equal(explain(f, "teams", "2025-03", &nobody), -ENOENT);
	assert_int_equal(explain(f, "nope", "2025-03", &form), -EINVAL);
	assert_int_equal(explain_run(f->testbed.db, f->testbed.reference, &by, &form, &f->table,
				     &f->testbed.err),
			 -EINVAL);
	assert_int_equal(explain_run(f->testbed.db, f->testbed.reference, &two, &form, &f->table,
				     &f->testbed.err),
			 -EINVAL);
}

/* The acts that touch it, newest first, and no others: a closing of another period is none. */
static void acts_are_told_that_may_have_touched_it(void **state)
{
	struct fixture *f = *state;
	const struct explain_form form = { 0 };
	const struct closing_form march = { .period = "2025-03",
					    .who = "test",
					    .at_us = civil_day_start_us(20300) },
				  may = { .period = "2025-05",
					  .who = "test",
					  .at_us = civil_day_start_us(20300) };
	const struct excuse_form excuse = { .office = "b",
					    .form = "month",
					    .period = "2025-03",
					    .reason = "flood",
					    .who = "test" };
	int64_t id;
	testbed_record(&f->testbed, &f->a, "teams", "", "2025-03", 8, 0);
	if (testbed_order_excuse(&f->testbed, &excuse, &id) < 0)
		fail_msg("%s", f->testbed.err.text);
	if (testbed_order_closing(&f->testbed, false, &may) < 0)
		fail_msg("%s", f->testbed.err.text);
	assert_int_equal(testbed_order_closing(&f->testbed, false, &march), 0);
	assert_true(testbed_order_move(&f->testbed, "a", "C2", 20200)); /* 2025-04-22 */
	testbed_refresh(&f->testbed);
	explain_well(f, "teams", "2025-03", &form);
	size_t n = 0;
	char acts[512] = "";
	for (size_t i = 0; i < table_rows(f->table); i++)
		if (is_part(f->table, i, "act"))
			strcat(strcat(acts, cell(f->table, i, "act")), ";"), n++;
	assert_string_equal(acts, "period closed;office excused from reports;");
	assert_string_equal(rows_of(f, "office"), "teams a:8 on time;teams b: excused;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_entries_come_to_the_total),
		cmocka_unit_test(so_it_is_where_the_reference_changes),
		cmocka_unit_test(so_it_is_where_nearly_all_is_reported),
		cmocka_unit_test_setup_teardown(an_indicator_is_explained_operand_by_operand,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_goes_on_behind_the_last_office, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_explained_says_why, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(acts_are_told_that_may_have_touched_it, set_up,
						tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
