#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "ledger/follow.h"
#include "query/query.h"
#include "registry/office_register.h"
#include "registry/successors.h"
#include "schema/event.h"
#include "support/history.h"
#include "support/oracle.h"
#include "support/question.h"
#include "support/seeds.h"

#include <errno.h>
#include <gmp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS         16 /* with sanitizers; ./check runs 100 without, tests/long 500 */
#define BATCHES       40
#define QUESTIONS     18
#define DILIGENT_DAYS 12

/* --- any question, any history: what the oracle says --- */

static void same_text(const struct question *q, const struct table *table, size_t row,
		      const char *column, const char *expected)
{
	const char *found = testbed_cell(table, row, column);
	if (!found != !expected || (found && strcmp(found, expected) != 0))
		fail_msg("%s: row %zu (%s, %s): %s is %s, expected %s", q->words, row,
			 testbed_cell(table, row, "area") ? testbed_cell(table, row, "area")
							  : "rest",
			 testbed_cell(table, row, "period"), column, found ? found : "null",
			 expected ? expected : "null");
}

static void same_number(const struct question *q, const struct table *table, size_t row,
			const char *column, int64_t expected)
{
	char text[32];
	(void)snprintf(text, sizeof(text), "%" PRId64, expected);
	same_text(q, table, row, column, text);
}

static void same_row(const struct question *q, const struct table *table, size_t i,
		     const struct oracle_row *row)
{
	char day[DAY_TEXT_MAX];
	const struct unit *unit = row->unit;
	const struct office *office = row->office;
	same_text(q, table, i, "period", row->period);
	same_text(q, table, i, "area", unit ? unit->code : office ? office->code : NULL);
	same_text(q, table, i, "name", unit ? unit->name : office ? office->name : NULL);
	same_text(q, table, i, "valid_from", unit ? day_format(unit->valid_from, day) : NULL);
	same_text(q, table, i, "until", row->until[0] ? row->until : NULL);
	same_text(q, table, i, "value", row->value);
	same_number(q, table, i, "observations", row->observations);
	same_number(q, table, i, "due", row->due);
	same_number(q, table, i, "reported", row->reported);
	same_number(q, table, i, "on_time", row->on_time);
	same_number(q, table, i, "carried", row->carried);
	same_number(q, table, i, "excused", row->excused);
	same_number(q, table, i, "missing", row->missing);
	same_number(q, table, i, "extra", row->extra);
	same_number(q, table, i, "offices_due", row->offices_due);
	same_number(q, table, i, "offices_reported", row->offices_reported);
	same_number(q, table, i, "revisions", row->revisions);
	same_number(q, table, i, "waiting", row->waiting);
	const char *reason = testbed_cell(table, i, "reason");
	bool is_one = row->n_reasons == 0;
	assert_true((reason == NULL) == (row->value && (unit || office)));
	for (size_t k = 0; k < row->n_reasons; k++)
		is_one |= strcmp(reason, row->reasons[k]) == 0;
	if (!is_one)
		fail_msg("%s: row %zu (%s, %s): the reason is '%s', expected '%s'%s", q->words, i,
			 unit ? unit->code : office->code, row->period, reason, row->reasons[0],
			 row->n_reasons > 1 ? " or the like" : "");
	bool told =
		reason && (strstr(reason, "offices in that state") ||
			   strstr(reason, "offices assigned to a unit that is no longer in force"));
	if (row->astray != told)
		fail_msg("%s: row %zu: %s", q->words, i, reason ? reason : "no reason");
}

static void same_answer(const struct question *q, const struct table *table,
			const struct oracle_answer *answer)
{
	for (size_t i = 0; i < answer->n && i < table_rows(table); i++)
		same_row(q, table, i, &answer->rows[i]);
	if (table_rows(table) != answer->n)
		fail_msg("%s: %zu rows, expected %zu", q->words, table_rows(table), answer->n);
}

static struct table *ask(struct testbed *testbed, const struct question *q,
			 const struct query *query)
{
	struct table *table = NULL;
	if (query_run(testbed->db, testbed->reference, query, &table, &testbed->err) < 0)
		fail_msg("%s: %s", q->words, testbed->err.text);
	return table;
}

/* The column's values, added up as integers of 10^-decimals. */
static void sum_column(mpz_t sum, const struct table *table, unsigned decimals)
{
	mpz_t one;
	mpz_init(one);
	mpz_set_ui(sum, 0);
	for (size_t i = 0; i < table_rows(table); i++) {
		const char *text = testbed_cell(table, i, "value");
		char digits[96];
		size_t n = 0;
		unsigned after = 0;
		bool point = false;
		for (; text && *text; text++) {
			if (*text == '.')
				point = true;
			else
				digits[n++] = *text, after += point;
		}
		for (; after < decimals; after++)
			digits[n++] = '0';
		digits[n] = '\0';
		if (n > decimals && mpz_set_str(one, digits, 10) == 0)
			mpz_add(sum, sum, one);
	}
	mpz_clear(one);
}

/* Whatever the rows are, those of a sum add up to the total of the area. */
static void rows_add_up(struct testbed *testbed, const struct question *q,
			const struct metric *metric, const struct table *rows)
{
	struct query whole = q->query;
	mpz_t parts, total;
	if (metric->time_agg == AGG_MEAN || metric->area_agg != AGG_SUM)
		return;
	whole.by = NULL;
	struct table *table = ask(testbed, q, &whole);
	mpz_inits(parts, total, NULL);
	sum_column(parts, rows, metric->decimals);
	sum_column(total, table, metric->decimals);
	/* a minimum of one office has parts in two rows when it moved: it is no sum */
	bool adds = metric->time_agg == AGG_SUM || metric->time_agg == AGG_LAST;
	if (adds && mpz_cmp(parts, total) != 0)
		fail_msg("%s: the rows do not add up to the total", q->words);
	mpz_clears(parts, total, NULL);
	table_close(table);
}

/* --- revisions --- */

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static const char *decimal_or_null(bool present, int64_t value_e, const struct metric *metric,
				   char text[DECIMAL_TEXT_MAX])
{
	(void)decimal_format(value_e, metric->decimals, text);
	return present ? text : NULL;
}

static bool row_tells(const struct table *table, size_t row, const struct oracle_change *change)
{
	char was[DECIMAL_TEXT_MAX], became[DECIMAL_TEXT_MAX], at[INSTANT_TEXT_MAX],
		label[PERIOD_TEXT_MAX];
	const struct metric *metric = change->metric;
	struct period period = { metric->calendar, metric->period, (int32_t)change->number };
	return same(testbed_cell(table, row, "received"), civil_format(change->received_us, at)) &&
	       same(testbed_cell(table, row, "metric"), metric->name) &&
	       same(testbed_cell(table, row, "office"), change->office->code) &&
	       strcasecmp(testbed_cell(table, row, "labels"), change->labels) == 0 &&
	       same(testbed_cell(table, row, "period"), period_format(period, label)) &&
	       same(testbed_cell(table, row, "was"),
		    decimal_or_null(change->was_present, change->was_e, metric, was)) &&
	       same(testbed_cell(table, row, "change"), !change->became_present ? "withdrawn"
							: change->was_present   ? "corrected"
										: "first") &&
	       same(testbed_cell(table, row, "became"),
		    decimal_or_null(change->became_present, change->became_e, metric, became)) &&
	       same(testbed_cell(table, row, "late"), oracle_is_late(change) ? "true" : "false");
}

/* Every change that concerns the question stands in one row, and each row is one of them. */
static void revisions_are_all_told(struct testbed *testbed, const struct question *q,
				   const struct oracle *oracle)
{
	struct table *table = NULL;
	size_t n = 0;
	if (revisions_run(testbed->db, testbed->reference, &q->query, &table, &testbed->err) < 0)
		fail_msg("%s: %s", q->words, testbed->err.text);
	for (size_t i = 0; i < oracle->n_changes; i++) {
		struct period first = { q->calendar, q->per, q->first },
			      last = { q->calendar, q->per, q->last };
		bool told = false;
		if (!oracle_concerns(oracle, &q->query, first, last, &oracle->changes[i]))
			continue;
		for (size_t row = 0; row < table_rows(table); row++)
			told |= row_tells(table, row, &oracle->changes[i]);
		if (!told)
			fail_msg("%s: the change of %s (%zu) is not told", q->words,
				 oracle->changes[i].office->code, i);
		n++;
	}
	for (size_t row = 0; row < table_rows(table); row++)
		n += same(testbed_cell(table, row, "change"), "held") ||
		     same(testbed_cell(table, row, "change"), "released") ||
		     same(testbed_cell(table, row, "change"), "held again");
	if (n != table_rows(table))
		fail_msg("%s: %zu revisions, expected %zu", q->words, table_rows(table), n);
	for (size_t row = 1; row < table_rows(table); row++)
		assert_true(strtoll(testbed_cell(table, row - 1, "entry"), NULL, 10) <=
			    strtoll(testbed_cell(table, row, "entry"), NULL, 10));
	table_close(table);
}

/* The list of who is missing comes to what the units miss, and names no unit outside the area. */
static void the_missing_are_those_that_units_miss(struct testbed *testbed, const struct question *q,
						  const struct oracle_answer *answer)
{
	struct table *table = NULL;
	struct query query = q->query;
	long long listed = 0, expected = 0, waits = 0, waiting = 0;
	query.by = NULL;
	if (completeness_run(testbed->db, testbed->reference, &query, &table, &testbed->err) < 0)
		fail_msg("%s: %s", q->words, testbed->err.text);
	for (size_t row = 0; row < table_rows(table); row++) {
		long long missing = atoll(testbed_cell(table, row, "missing"));
		const char *area = testbed_cell(table, row, "area");
		listed += missing;
		waits += atoll(testbed_cell(table, row, "waiting"));
		/* a unit's row has all of its own */
		for (size_t i = 0; i < answer->n && area && !query.structure; i++) {
			const struct oracle_row *unit = &answer->rows[i];
			if (unit->unit && strcmp(unit->unit->code, area) == 0 &&
			    strcmp(unit->unit->name, testbed_cell(table, row, "area_name")) == 0 &&
			    strcmp(unit->period, testbed_cell(table, row, "period")) == 0 &&
			    unit->missing < missing)
				fail_msg("%s: %s misses %lld, of which %s alone %lld", q->words,
					 area, (long long)unit->missing,
					 testbed_cell(table, row, "office"), missing);
		}
	}
	for (size_t i = 0; i < answer->n; i++)
		expected += answer->rows[i].missing, waiting += answer->rows[i].waiting;
	if (listed != expected)
		fail_msg("%s: listed as missing %lld, by units %lld", q->words, listed, expected);
	if (waits != waiting)
		fail_msg("%s: listed as waiting %lld, by units %lld", q->words, waits, waiting);
	table_close(table);
}

/* What completeness counts is what the figures say of themselves. */
static void completeness_agrees(struct testbed *testbed, const struct question *q,
				const struct oracle_answer *answer)
{
	struct table *table = NULL;
	size_t row = 0;
	if (!q->query.by)
		return;
	if (completeness_run(testbed->db, testbed->reference, &q->query, &table, &testbed->err) < 0)
		fail_msg("%s: %s", q->words, testbed->err.text);
	for (size_t i = 0; i < answer->n; i++) {
		const struct oracle_row *expected = &answer->rows[i];
		if (!expected->unit && !expected->office && !expected->due && !expected->extra &&
		    !expected->revisions && !expected->waiting && !expected->astray)
			continue; /* a rest that only has a level from before */
		assert_true(row < table_rows(table));
		same_text(q, table, row, "period", expected->period);
		same_number(q, table, row, "due", expected->due);
		same_number(q, table, row, "reported", expected->reported);
		same_number(q, table, row, "late",
			    expected->reported - expected->on_time - expected->forgiven);
		same_number(q, table, row, "carried", expected->carried);
		same_number(q, table, row, "excused", expected->excused);
		same_number(q, table, row, "missing", expected->missing);
		same_number(q, table, row, "extra", expected->extra);
		same_number(q, table, row, "revised", expected->revisions);
		same_number(q, table, row, "waiting", expected->waiting);
		assert_true((testbed_cell(table, row, "reason") != NULL) == expected->astray);
		same_number(q, table, row, "offices_due", expected->offices_due);
		same_number(q, table, row++, "offices_reported", expected->offices_reported);
		assert_true(expected->reported + expected->carried <= expected->due);
	}
	assert_int_equal(row, table_rows(table));
	table_close(table);
}

static int64_t missing_of(const struct table *table, const char *office, const char *period)
{
	int64_t missing = 0; /* an office that moved has a row for each unit */
	for (size_t row = 0; row < table_rows(table); row++)
		if (same(testbed_cell(table, row, "office"), office) &&
		    same(testbed_cell(table, row, "period"), period))
			missing += atoll(testbed_cell(table, row, "missing"));
	return missing;
}

/* Who is named as missing is who misses something, office by office. */
static void the_missing_are_named(struct testbed *testbed, const struct question *q,
				  const struct oracle *oracle)
{
	struct table *table = NULL;
	struct oracle_answer offices;
	struct query query = q->query;
	int64_t expected = 0, found = 0;
	if (q->query.by || q->query.structure)
		return;
	if (completeness_run(testbed->db, testbed->reference, &query, &table, &testbed->err) < 0)
		fail_msg("%s: %s", q->words, testbed->err.text);
	query.by = "office";
	oracle_ask(oracle, &query, q->calendar, q->per, q->first, q->last, &offices);
	for (size_t i = 0; i < offices.n; i++) {
		const struct oracle_row *row = &offices.rows[i];
		int64_t missing =
			row->office ? missing_of(table, row->office->code, row->period) : 0;
		if (row->office && missing != row->missing)
			fail_msg("%s: %s misses %" PRId64 " of %s, expected %" PRId64, q->words,
				 row->office->code, missing, row->period, row->missing);
		expected += row->missing;
	}
	for (size_t row = 0; row < table_rows(table); row++)
		found += atoll(testbed_cell(table, row, "missing"));
	assert_int_equal(found, expected);
	oracle_answer_free(&offices);
	table_close(table);
}

static const struct code_list *list_of(const struct reference *reference, const char *key,
				       size_t len)
{
	return dimensions_list(reference->catalogue->dimensions, key, len);
}

/* The rows of the list, from @at on, that are of the code; NULL: there are no more. */
static const struct code *code_row(const struct code_list *list, const char *code, size_t len,
				   size_t *at)
{
	while (list && *at < list->n) {
		const struct code *row = &list->codes[(*at)++];
		if (strlen(row->code) == len && strncasecmp(row->code, code, len) == 0)
			return row;
	}
	return NULL;
}

/* Each pair that is asked for is in the list of its dimension, or one of its series has its value;
 * where there is neither a list nor a series, it may be. */
static bool values_are_known(struct testbed *testbed, const struct reference *reference,
			     const struct query *query)
{
	for (const char *pair = query->labels; *pair;
	     pair += strcspn(pair, ";"), pair += *pair == ';') {
		char sql[512];
		sqlite3_stmt *stmt;
		size_t len = strcspn(pair, ";"), key = strcspn(pair, "="), at = 0;
		const struct code_list *list = list_of(reference, pair, key);
		if (code_row(list, pair + key + 1, len - key - 1, &at))
			continue;
		(void)snprintf(sql, sizeof(sql),
			       "SELECT count(*), sum(instr(lower(';' || labels || ';'),"
			       " lower(';%.*s;')) > 0) FROM series WHERE metric = '%s'"
			       " AND instr(';' || labels, ';%.*s=') > 0",
			       (int)len, pair, query->name, (int)key, pair);
		assert_int_equal(db_prepare(testbed->db, sql, &stmt, &testbed->err), 0);
		assert_int_equal(db_step(stmt, &testbed->err), 1);
		bool known = (!list && sqlite3_column_int(stmt, 0) == 0) ||
			     sqlite3_column_int(stmt, 1) > 0;
		sqlite3_finalize(stmt);
		if (!known)
			return false;
	}
	return true;
}

/* --- by label --- */

static size_t by_labels_asked;

struct by_label { /* what is asked, and how far its answer was looked at */
	struct testbed *testbed;
	const struct question *q;
	const struct oracle *oracle;
	const char *dimension;
	const struct table *table;
	size_t row;
};

/* The label's rows of a bucket: those that its filter gives, of a code that may be used, and those
 * in which something is, of any other. */
static void same_label(struct by_label *by, int32_t bucket, const char *label, bool is_code,
		       bool all)
{
	struct oracle_answer answer;
	struct query query = by->q->query;
	const struct question *q = by->q;
	char labels[64];
	(void)snprintf(labels, sizeof(labels), "%s%s%s=%s", query.labels, *query.labels ? ";" : "",
		       by->dimension, label ? label : "");
	query.labels = labels;
	oracle_ask(by->oracle, &query, q->calendar, q->per, bucket, bucket, &answer);
	for (size_t i = 0; i < answer.n; i++) {
		struct oracle_row *row = &answer.rows[i];
		row->astray &= !label; /* it is said once, where what has no label stands */
		bool rest = !row->unit && !row->office;
		if ((!all || (rest && !row->due && !row->extra)) && !row->value &&
		    !row->observations && !row->revisions && !row->waiting && !row->astray)
			continue;
		if (by->row >= table_rows(by->table))
			fail_msg("%s: by %s: no row for %s", q->words, by->dimension, labels);
		const char *told = testbed_cell(by->table, by->row, "label");
		if (is_code ? !same(told, label)
			    : !told != !label || (label && strcasecmp(told, label) != 0))
			fail_msg("%s: by %s: row %zu is of %s, expected %s", q->words,
				 by->dimension, by->row, told ? told : "none", labels);
		same_row(q, by->table, by->row++, row);
	}
	oracle_answer_free(&answer);
}

static bool may_be_used(const struct code_list *list, const char *label, struct period bucket)
{
	size_t at = 0;
	for (const struct code *code; (code = code_row(list, label, strlen(label), &at));)
		if (code->from < period_end_day(bucket) && code->to > period_first_day(bucket))
			return true;
	return false;
}

static void same_labels_of(struct by_label *by, int32_t number)
{
	static const char *const others[] = { "a", "b", "x" };
	const struct code_list *list =
		list_of(by->oracle->reference, by->dimension, strlen(by->dimension));
	struct period bucket = { by->q->calendar, by->q->per, number };
	size_t before = by->row;
	for (size_t i = 0; list && i < list->n; i++)
		same_label(by, number, list->codes[i].code, true,
			   may_be_used(list, list->codes[i].code, bucket));
	for (size_t i = 0; i < 3; i++) {
		size_t at = 0;
		if (!code_row(list, others[i], 1, &at))
			same_label(by, number, others[i], false, false);
	}
	same_label(by, number, NULL, false, by->row == before);
}

/* Rows by label are what each label's filter gives, and add up to the total. */
static void labels_part_it(struct testbed *testbed, const struct question *q,
			   const struct oracle *oracle, const struct metric *metric)
{
	if (metric->n_dimensions == 0 || q->last % 3 > 0)
		return;
	struct query query = q->query;
	char pair[16];
	query.by_label = metric->dimensions[(size_t)abs(q->last / 3) % metric->n_dimensions];
	(void)snprintf(pair, sizeof(pair), "%s=", query.by_label);
	if (strstr(query.labels, pair)) {
		struct table *table = NULL;
		assert_int_equal(
			query_run(testbed->db, testbed->reference, &query, &table, &testbed->err),
			-EINVAL);
		return;
	}
	struct table *table = ask(testbed, q, &query);
	struct by_label by = { testbed, q, oracle, query.by_label, table, 0 };
	for (int32_t bucket = q->first; bucket <= q->last; bucket++)
		same_labels_of(&by, bucket);
	if (by.row != table_rows(table))
		fail_msg("%s: by %s: %zu rows, expected %zu", q->words, by.dimension,
			 table_rows(table), by.row);
	rows_add_up(testbed, q, metric, table);
	by_labels_asked++;
	table_close(table);
}

static struct page_damage met; /* by all questions */

static void is_refused(struct testbed *testbed, const struct question *q, const char *why)
{
	struct table *table = NULL;
	if (query_run(testbed->db, testbed->reference, &q->query, &table, &testbed->err) != -EINVAL)
		fail_msg("%s: was answered%s", q->words, why);
}

/* @catalogue has the metrics as they were at first. */
static void ask_both(struct history *h, struct testbed *testbed, const struct catalogue *catalogue)
{
	struct question q;
	struct oracle oracle;
	struct oracle_answer answer;
	struct table *table = NULL;
	question_make(h, catalogue, &q);
	q.query.damage = &met;
	history_tell(h, testbed, q.known_us, &oracle);
	const struct metric *metric = catalogue_find(oracle.reference->catalogue, q.query.name);
	bool allowed = metric && oracle_allows(metric, q.calendar, q.per);
	if (!allowed || !values_are_known(testbed, oracle.reference, &q.query) ||
	    !oracle_knows(&oracle, &q.query, (struct period){ q.calendar, q.per, q.first },
			  (struct period){ q.calendar, q.per, q.last })) {
		is_refused(testbed, &q, allowed ? ", though it names what is not there" : "");
		oracle_free(&oracle);
		return;
	}
	table = ask(testbed, &q, &q.query);
	oracle_ask(&oracle, &q.query, q.calendar, q.per, q.first, q.last, &answer);
	same_answer(&q, table, &answer);
	rows_add_up(testbed, &q, metric, table);
	labels_part_it(testbed, &q, &oracle, metric);
	revisions_are_all_told(testbed, &q, &oracle);
	completeness_agrees(testbed, &q, &answer);
	the_missing_are_those_that_units_miss(testbed, &q, &answer);
	the_missing_are_named(testbed, &q, &oracle);
	oracle_free(&oracle);
	oracle_answer_free(&answer);
	table_close(table);
}

struct asking {
	bool diligent, damaged, imports;
};

/* A third of all pages, so that nothing can be read of them. */
static void damage_pages(struct testbed *testbed)
{
	testbed_exec(testbed,
		     "UPDATE rollup SET page = CASE bucket % 2"
		     " WHEN 0 THEN CAST(x'ffffffffffffffffffffffffffffffffffffffff' || page AS "
		     "BLOB) ELSE x'' END WHERE (bucket * 7 + node * 13 + grain) % 3 = 0");
}

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
		h.stepwise = dice_below(dice, 2);
		history_in_order(&h, 1000000);
		history_make_all_acts(&h, dice_below(dice, 25) + 1);
	} else if (dice_below(dice, 2)) /* the operator moves, closes and releases all the while */
		history_make_acts(&h, dice_below(dice, 25) + 1);
	history_make_excuses(&h, 30);
	history_make_calendars(&h, 2);
	history_open(&h, &testbed);
	if (catalogue_read(h.catalogue, strlen(h.catalogue), &catalogue, &testbed.err) < 0)
		fail_msg("%s", testbed.err.text);
	history_post(&h, &testbed);
	if (asking->damaged)
		damage_pages(&testbed);
	for (int i = 0; i < QUESTIONS; i++)
		ask_both(&h, &testbed, catalogue);
	catalogue_close(catalogue);
	testbed_close(&testbed);
	history_free(&h);
}

static void every_cell_is_what_the_oracle_says(void **state)
{
	struct asking asking = { 0 };
	(void)state;
	oracle_met = (struct oracle_met){ 0 };
	for_all_seeds(SEEDS, random_questions, &asking);
	if (seeds_given())
		return; /* one may have none of it */
	print_message("met: %" PRIu64 " mended, %" PRIu64 " left, %" PRIu64 " rest, %" PRIu64
		      " silent, %" PRIu64 " waiting, %" PRIu64 " of them of no unit, %" PRIu64
		      " until mended\n",
		      oracle_met.mended, oracle_met.left, oracle_met.rest, oracle_met.silent,
		      oracle_met.waiting, oracle_met.astray, oracle_met.unmended);
	assert_true(oracle_met.mended > 10 && oracle_met.left > 2 && oracle_met.astray > 20);
	assert_true(by_labels_asked > 20);
	print_message("and %" PRIu64 " excused, %" PRIu64 " of those reported late forgiven\n",
		      oracle_met.excused, oracle_met.forgiven);
	assert_true(oracle_met.moved > 20);
	assert_true(oracle_met.excused > 200 && oracle_met.forgiven > 0);
	assert_true(oracle_met.rest > 2 && oracle_met.silent > 10 && oracle_met.unmended > 2);
}

/* Units, successors, catalogue and names are others all the while. */
static void so_it_is_where_the_reference_changes(void **state)
{
	struct asking asking = { .imports = true };
	(void)state;
	for_all_seeds(SEEDS / 2, random_questions, &asking);
	asking.diligent = true;
	for_all_seeds(SEEDS / 6, random_questions, &asking);
}

static void so_it_is_where_nearly_all_is_reported(void **state)
{
	struct asking asking = { .diligent = true };
	(void)state;
	for_all_seeds(SEEDS, random_questions, &asking);
}

/* What a damaged page said is told from the journal. */
static void so_it_is_where_pages_are_damaged(void **state)
{
	struct asking asking = { .damaged = true };
	(void)state;
	assert_int_equal(met.n, 0);
	for_all_seeds(SEEDS / 4, random_questions, &asking);
	asking.diligent = true;
	for_all_seeds(SEEDS / 4, random_questions, &asking);
	assert_true(met.n > 0);
}

/* When the journal cannot be read either, whose and when is told. */
static void a_page_that_cannot_be_told_from_the_journal_is_named(void **state)
{
	struct testbed testbed;
	struct table *table;
	struct page_damage damage = { 0 };
	struct query query = {
		.name = "m", .by = "office", .from = "2025-07-01", .damage = &damage
	};
	(void)state;
	testbed_open(
		&testbed, "code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n",
		"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,"
		"carry,level,due_days,min,max\nm,x,x,x,flow,sum,sum,day,,0,0,province,1,,\n",
		NULL, false);
	struct testbed_spool spool = {
		.id = 7, .office = testbed_office(&testbed, "o7", "P", day_from_civil(2020, 1, 1))
	};
	testbed_refresh(&testbed);
	testbed_record(&testbed, &spool, "m", "", "2025-07-01", 5, 0);
	testbed_exec(&testbed, "UPDATE rollup SET page = x'ff'");
	assert_int_equal(query_run(testbed.db, testbed.reference, &query, &table, &testbed.err), 0);
	assert_string_equal(testbed_cell(table, 0, "value"), "5");
	table_close(table);
	assert_int_equal(damage.n, 1);
	assert_string_equal(damage.where, "o7, 2025-07-01");
	testbed_exec(&testbed, "UPDATE journal SET payload = x'00ff'");
	assert_int_equal(query_run(testbed.db, testbed.reference, &query, &table, &testbed.err),
			 -EUCLEAN);
	assert_non_null(strstr(testbed.err.text, "o7, 2025-07-01"));
	testbed_close(&testbed);
}

/* --- cases by hand --- */

#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"

static const char *cell_of(struct testbed *testbed, const struct query *query, const char *area,
			   const char *column, char text[64])
{
	struct table *table = NULL;
	if (query_run(testbed->db, testbed->reference, query, &table, &testbed->err) < 0)
		fail_msg("%s", testbed->err.text);
	*text = '\0';
	for (size_t i = 0; i < table_rows(table); i++) {
		const char *code = testbed_cell(table, i, "area");
		const char *cell = testbed_cell(table, i, column);
		if (code && area ? strcmp(code, area) == 0 : code == area)
			(void)snprintf(text, 64, "%s", cell ? cell : "null");
	}
	table_close(table);
	return text;
}

/* In between alone does its office report: neither on the bucket's first day nor on its last. */
static void a_place_with_an_office_in_mid_bucket_has_its_row(void **state)
{
	struct testbed testbed;
	struct testbed_spool spool = { .id = 1 };
	const struct query year = { .name = "n", .per = "year", .from = "2025" };
	char text[64];
	int32_t day;
	(void)state;
	testbed_open(&testbed,
		     "code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"
		     "C,c,commune,P,2020-01-01,\n",
		     METRICS "n,x,x,x,flow,sum,sum,day,,0,0,commune,1,,\n", NULL, false);
	assert_int_equal(day_parse("2025-03-01", &day, &(struct err){ 0 }), 0);
	spool.office = testbed_office(&testbed, "o", "C", day);
	testbed_move(&testbed, spool.office, NULL, day + 30);
	testbed_refresh(&testbed);
	testbed_record(&testbed, &spool, "n", "", "2025-03-05", 7, 0);
	assert_string_equal(cell_of(&testbed, &year, "P", "value", text), "7");
	assert_string_equal(cell_of(&testbed, &year, "P", "due", text), "30");
	assert_string_equal(cell_of(&testbed, &year, NULL, "value", text), "");
	testbed_close(&testbed);
}

/* It is not due from a commune, but was reported by one that was divided: no part can be told. */
static void a_level_of_a_divided_unit_is_not_derivable_though_it_was_not_due(void **state)
{
	static const char successors[] = "effective_on,old_code,new_code,share\n"
					 "2025-07-01,C,A,\n2025-07-01,C,B,\n";
	struct testbed testbed;
	struct testbed_spool spool = { .id = 1 };
	const struct query then = {
		.name = "n", .by = "commune", .from = "2025-06-05", .structure = "2025-07-01"
	};
	char text[64];
	int32_t day;
	size_t rows;
	(void)state;
	testbed_open(&testbed,
		     "code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"
		     "C,c,commune,P,2020-01-01,2025-07-01\nA,a,commune,P,2025-07-01,\n"
		     "B,b,commune,P,2025-07-01,\n",
		     METRICS "n,x,x,x,stock,last,sum,day,,0,0,province,1,,\n", NULL, false);
	assert_int_equal(db_begin(testbed.db, &testbed.err), 0);
	assert_int_equal(
		successors_import(testbed.db, successors, strlen(successors), &rows, &testbed.err),
		0);
	assert_int_equal(db_commit(testbed.db, &testbed.err), 0);
	assert_int_equal(day_parse("2025-03-01", &day, &(struct err){ 0 }), 0);
	spool.office = testbed_office(&testbed, "o", "C", day);
	testbed_refresh(&testbed);
	testbed_record(&testbed, &spool, "n", "", "2025-06-05", 7, 0);
	assert_string_equal(cell_of(&testbed, &then, "A", "value", text), "null");
	assert_string_equal(cell_of(&testbed, &then, "B", "reason", text),
			    "not derivable: C c was divided in unknown proportions");
	assert_string_equal(cell_of(&testbed, &then, NULL, "value", text), "7");
	testbed_close(&testbed);
}

/* As deep as an import allows: the root must not be cut off. */
static void a_figure_reaches_the_root_of_a_deep_tree(void **state)
{
	char units[2048] = "code,name,level,parent,valid_from,valid_to\n", text[64];
	struct testbed testbed;
	struct testbed_spool spool = { .id = 1 };
	const struct query all = { .name = "n", .from = "2025-03-05" },
			   by_root = { .name = "n", .from = "2025-03-05", .by = "l0" };
	int32_t day;
	(void)state;
	for (unsigned i = 0; i <= UNITS_DEPTH_MAX; i++) {
		size_t len = strlen(units);
		char parent[16] = "";
		if (i > 0)
			(void)snprintf(parent, sizeof(parent), "U%u", i - 1);
		(void)snprintf(units + len, sizeof(units) - len, "U%u,u,l%u,%s,2020-01-01,\n", i, i,
			       parent);
	}
	testbed_open(&testbed, units, METRICS "n,x,x,x,flow,sum,sum,day,,0,0,l16,1,,\n", NULL,
		     false);
	assert_int_equal(day_parse("2025-03-01", &day, &(struct err){ 0 }), 0);
	spool.office = testbed_office(&testbed, "o", "U16", day);
	testbed_refresh(&testbed);
	testbed_record(&testbed, &spool, "n", "", "2025-03-05", 7, 0);
	assert_string_equal(cell_of(&testbed, &all, "U0", "value", text), "7");
	assert_string_equal(cell_of(&testbed, &by_root, "U0", "value", text), "7");
	testbed_close(&testbed);
}

/* A district within a district: what the inner one shows, the outer one does not show again. */
static void units_of_one_level_within_another_are_not_counted_twice(void **state)
{
	struct testbed testbed;
	struct testbed_spool outer = { .id = 1 }, inner = { .id = 2 };
	const struct query by = { .name = "n", .from = "2025-03-05", .by = "district" };
	char text[64];
	int32_t day;
	(void)state;
	testbed_open(&testbed,
		     "code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"
		     "D,d,district,P,2020-01-01,\nE,e,district,D,2020-01-01,\n"
		     "C,c,commune,E,2020-01-01,\n",
		     METRICS "n,x,x,x,flow,sum,sum,day,,0,0,commune,1,,\n", NULL, false);
	assert_int_equal(day_parse("2025-03-01", &day, &(struct err){ 0 }), 0);
	outer.office = testbed_office(&testbed, "o", "D", day);
	inner.office = testbed_office(&testbed, "i", "C", day);
	testbed_refresh(&testbed);
	testbed_record(&testbed, &outer, "n", "", "2025-03-05", 7, 0);
	testbed_record(&testbed, &inner, "n", "", "2025-03-05", 100, 0);
	assert_string_equal(cell_of(&testbed, &by, "D", "value", text), "7");
	assert_string_equal(cell_of(&testbed, &by, "E", "value", text), "100");
	testbed_close(&testbed);
}

/* --- what was withheld, and what was left (rules 2, 3 and 7) --- */

#define REFORM_UNITS                                                                               \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"A,a,commune,P,2020-01-01,2024-05-01\nB,b,commune,P,2020-01-01,2024-05-01\n"               \
	"N,n,commune,P,2024-05-01,\nD,d,commune,P,2020-01-01,2024-05-01\n"                         \
	"E,e,commune,P,2024-05-01,\nF,f,commune,P,2024-05-01,\n"

static int32_t day_of(const char *text)
{
	int32_t day;
	assert_int_equal(day_parse(text, &day, &(struct err){ 0 }), 0);
	return day;
}

/* On 2024-05-01 A and B became N, and D was divided into E and F. */
static void reform_open(struct testbed *testbed, const char *metric)
{
	static const char successors[] = "effective_on,old_code,new_code,share\n"
					 "2024-05-01,A,N,1\n2024-05-01,B,N,1\n"
					 "2024-05-01,D,E,\n2024-05-01,D,F,\n";
	char catalogue[512];
	size_t rows;
	(void)snprintf(catalogue, sizeof(catalogue), METRICS "%s\n", metric);
	testbed_open(testbed, REFORM_UNITS, catalogue, NULL, false);
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	assert_int_equal(successors_import(testbed->db, successors, strlen(successors), &rows,
					   &testbed->err),
			 0);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
}

/* z reports 10 at A, moves with the reform to N and reports 20; y reports 60 at N, which lay in
 * both A and B: none of the three can be told under the borders of before, and all is in the rest.
 */
static void rest_of_two_offices(const char *metric, char text[64])
{
	struct testbed testbed;
	struct testbed_spool z = { .id = 1 }, y = { .id = 2 };
	const struct query quarter = { .name = "n",
				       .by = "commune",
				       .per = "quarter",
				       .from = "2024-Q2",
				       .structure = "2024-04-30" };
	reform_open(&testbed, metric);
	z.office = testbed_office(&testbed, "z", "A", day_of("2024-01-01"));
	testbed_move(&testbed, z.office, "N", day_of("2024-05-01"));
	y.office = testbed_office(&testbed, "y", "N", day_of("2024-05-01"));
	testbed_refresh(&testbed);
	testbed_record(&testbed, &z, "n", "", "2024-04-10", 10, 0);
	testbed_record(&testbed, &z, "n", "", "2024-05-10", 20, 0);
	testbed_record(&testbed, &y, "n", "", "2024-05-10", 60, 0);
	assert_string_equal(cell_of(&testbed, &quarter, "A", "value", text), "null");
	assert_string_equal(cell_of(&testbed, &quarter, "A", "observations", text), "0");
	assert_string_equal(cell_of(&testbed, &quarter, NULL, "observations", text), "3");
	assert_string_equal(cell_of(&testbed, &quarter, NULL, "offices_reported", text), "2");
	(void)cell_of(&testbed, &quarter, NULL, "value", text);
	testbed_close(&testbed);
}

static void an_office_is_one_in_the_last_row_too(void **state)
{
	char text[64];
	(void)state;
	rest_of_two_offices("n,x,x,x,flow,mean,mean,day,,0,0,commune,1,,", text);
	assert_string_equal(text, "37.5");
	rest_of_two_offices("n,x,x,x,flow,min,sum,day,,0,0,commune,1,,", text);
	assert_string_equal(text, "70");
	rest_of_two_offices("n,x,x,x,flow,sum,sum,day,,0,0,commune,1,,", text);
	assert_string_equal(text, "90");
}

/* Nothing is withheld where nothing was reported; the silent one is missing, in the last row. */
static void a_silent_office_of_a_divided_unit_withholds_nothing(void **state)
{
	struct testbed testbed;
	struct testbed_spool e = { .id = 1 }, d = { .id = 2 };
	const struct query year = { .name = "n",
				    .by = "commune",
				    .per = "year",
				    .from = "2024",
				    .structure = "2024-06-01" };
	struct testbed_figure withdrawn = {
		.metric = "n", .labels = "", .grain = GRAIN_MONTH, .withdrawn = true
	};
	struct testbed_batch batch;
	char text[64];
	(void)state;
	reform_open(&testbed, "n,x,x,x,flow,sum,sum,month,,0,0,commune,1,,");
	d.office = testbed_office(&testbed, "d", "D", day_of("2024-04-01"));
	testbed_move(&testbed, d.office, NULL, day_of("2024-05-01"));
	e.office = testbed_office(&testbed, "e", "E", day_of("2024-05-01"));
	testbed_refresh(&testbed);
	testbed_record(&testbed, &e, "n", "", "2024-05", 3, 0);
	assert_string_equal(cell_of(&testbed, &year, "E", "value", text), "3");
	assert_string_equal(cell_of(&testbed, &year, "E", "observations", text), "1");
	assert_string_equal(cell_of(&testbed, &year, NULL, "missing", text), "1");
	testbed_record(&testbed, &d, "n", "", "2024-04", 4, 0);
	assert_string_equal(cell_of(&testbed, &year, "E", "value", text), "null");
	assert_string_equal(cell_of(&testbed, &year, "E", "reason", text),
			    "not derivable: D d was divided in unknown proportions");
	assert_string_equal(cell_of(&testbed, &year, "E", "observations", text), "0");
	assert_string_equal(cell_of(&testbed, &year, "E", "due", text), "0");
	assert_string_equal(cell_of(&testbed, &year, NULL, "value", text), "7");
	assert_string_equal(cell_of(&testbed, &year, NULL, "observations", text), "2");
	/* withdrawn is as if never reported, though there is a page of that month now */
	testbed_seal(&d, day_of("2024-04-01"), &withdrawn, 1,
		     civil_day_start_us(day_of("2024-06-11")), &batch);
	testbed_commit(&testbed, &batch, 1);
	blob_free(&batch.payload);
	assert_string_equal(cell_of(&testbed, &year, "E", "value", text), "3");
	assert_string_equal(cell_of(&testbed, &year, "E", "reason", text), "null");
	assert_string_equal(cell_of(&testbed, &year, "E", "observations", text), "1");
	assert_string_equal(cell_of(&testbed, &year, NULL, "value", text), "null");
	assert_string_equal(cell_of(&testbed, &year, NULL, "missing", text), "1");
	assert_string_equal(cell_of(&testbed, &year, NULL, "revisions", text), "1");
	testbed_close(&testbed);
}

static const char *office_cell(struct testbed *testbed, const char *area, const char *office,
			       const char *column, char text[64])
{
	const struct query query = { .name = "n",
				     .by = "office",
				     .per = "month",
				     .from = "2024-04",
				     .area = area,
				     .structure = "2024-06-01" };
	return cell_of(testbed, &query, office, column, text);
}

static void by_office_too_an_undivided_figure_is_of_no_part(void **state)
{
	struct testbed testbed;
	struct testbed_spool d = { .id = 1 };
	char text[64];
	(void)state;
	reform_open(&testbed, "n,x,x,x,flow,sum,sum,day,,0,0,commune,1,,");
	d.office = testbed_office(&testbed, "d", "D", day_of("2024-04-01"));
	testbed_refresh(&testbed);
	testbed_record(&testbed, &d, "n", "", "2024-04-10", 4, 0);
	for (const char *const *area = (const char *const[]){ "E", "F", NULL }; *area; area++) {
		assert_string_equal(office_cell(&testbed, *area, "d", "value", text), "null");
		assert_string_equal(office_cell(&testbed, *area, "d", "reason", text),
				    "not derivable: D d was divided in unknown proportions");
		assert_string_equal(office_cell(&testbed, *area, NULL, "value", text), "4");
		assert_string_equal(office_cell(&testbed, *area, NULL, "due", text), "30");
	}
	assert_string_equal(office_cell(&testbed, "P", "d", "value", text), "4");
	assert_string_equal(office_cell(&testbed, "P", NULL, "value", text), "");
	testbed_close(&testbed);
}

/* Rule 2: A ended inside the year, and its office's level stands elsewhere at the end. */
static void a_row_without_a_level_says_where_its_office_went(void **state)
{
	struct testbed testbed;
	struct testbed_spool z = { .id = 1 };
	const struct query year = { .name = "n", .by = "commune", .per = "year", .from = "2024" };
	struct table *table = NULL;
	char text[64];
	(void)state;
	reform_open(&testbed, "n,x,x,x,stock,last,sum,day,,0,0,commune,1,,");
	z.office = testbed_office(&testbed, "z", "A", day_of("2024-01-01"));
	testbed_move(&testbed, z.office, "N", day_of("2024-05-01"));
	testbed_refresh(&testbed);
	testbed_record(&testbed, &z, "n", "", "2024-04-10", 7, 0);
	assert_string_equal(cell_of(&testbed, &year, "A", "value", text), "null");
	assert_string_equal(cell_of(&testbed, &year, "A", "reported", text), "1");
	assert_string_equal(cell_of(&testbed, &year, "N", "value", text), "7");
	assert_int_equal(query_run(testbed.db, testbed.reference, &year, &table, &testbed.err), 0);
	assert_string_equal(testbed_cell(table, 0, "area"), "A");
	assert_string_equal(testbed_cell(table, 0, "reason"),
			    "no level at the end of the period: office z reports for N n since "
			    "2024-05-01");
	table_close(table);
	testbed_move(&testbed, z.office, NULL, day_of("2024-06-01"));
	testbed_refresh(&testbed);
	assert_int_equal(query_run(testbed.db, testbed.reference, &year, &table, &testbed.err), 0);
	assert_string_equal(testbed_cell(table, 0, "reason"),
			    "no level at the end of the period: office z reports for no unit then");
	table_close(table);
	testbed_close(&testbed);
}

/* Rule 8: 1/719 and 1/720 are shown as 0.0014, and are equal. */
static void what_is_shown_equal_has_one_rank(void **state)
{
	struct testbed testbed;
	const struct query month = {
		.name = "n", .by = "commune", .per = "month", .from = "2024-06", .rank = true
	};
	static const char *const units[] = { "N", "E", "F" };
	char text[64], period[32];
	(void)state;
	reform_open(&testbed, "n,x,x,x,flow,mean,mean,hour,,0,0,commune,1,,");
	for (size_t i = 0; i < 3; i++) {
		struct testbed_spool spool = { .id = i + 1 };
		spool.office = testbed_office(&testbed, units[i], units[i], day_of("2024-06-01"));
		testbed_refresh(&testbed);
		for (unsigned hour = i == 1; hour < 720; hour++) {
			(void)snprintf(period, sizeof(period), "2024-06-%02uT%02u", hour / 24 + 1,
				       hour % 24);
			testbed_record(&testbed, &spool, "n", "", period, hour == 700, 0);
		}
	}
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(cell_of(&testbed, &month, units[i], "value", text), "0.0014");
		assert_string_equal(cell_of(&testbed, &month, units[i], "rank", text), "1");
	}
	testbed_close(&testbed);
}

/* I4, rule 9: what was held by a mistake that was mended counted before, and counts as known then.
 */
static void before_a_mended_move_a_figure_was_known(void **state)
{
	struct testbed testbed;
	struct testbed_spool z = { .id = 1 };
	struct query day = { .name = "n", .from = "2024-06-10", .known = "2024-12-31" };
	const struct release_form all = { .who = "test", .at_us = civil_now_us() + 1000000000 };
	uint64_t released = 0, kept = 0;
	char text[64];
	(void)state;
	reform_open(&testbed, "n,x,x,x,flow,sum,sum,day,,0,0,commune,1,,");
	z.office = testbed_office(&testbed, "z", "N", day_of("2024-05-01"));
	testbed_refresh(&testbed);
	testbed_record(&testbed, &z, "n", "", "2024-06-10", 7, 0);
	testbed_acts_at(civil_now_us());
	assert_true(testbed_order_move(&testbed, "z", NULL, day_of("2024-06-01")));
	day.known = NULL;
	assert_string_equal(cell_of(&testbed, &day, "P", "value", text), "");
	assert_true(testbed_order_move(&testbed, "z", "N", day_of("2024-06-01")));
	assert_string_equal(cell_of(&testbed, &day, "P", "value", text), "null"); /* it is held */
	day.known = "2024-12-31";
	assert_string_equal(cell_of(&testbed, &day, "P", "value", text), "7");
	testbed_order_release(&testbed, &all, &released, &kept);
	assert_int_equal(released, 1);
	assert_string_equal(cell_of(&testbed, &day, "P", "value", text), "7");
	day.known = NULL;
	assert_string_equal(cell_of(&testbed, &day, "P", "value", text), "7");
	char now[INSTANT_TEXT_MAX]; /* held, and not released yet */
	day.known = civil_format(civil_now_us() + 500000000, now);
	assert_string_equal(cell_of(&testbed, &day, "P", "value", text), "null");
	assert_string_equal(cell_of(&testbed, &day, "P", "missing", text), "1");
	testbed_close(&testbed);
}

static int count_statement(unsigned event, void *count, void *stmt, void *sql)
{
	(void)event, (void)stmt, (void)sql;
	++*(int *)count;
	return 0;
}

static int over(void *context)
{
	(void)context;
	return 1;
}

/* Rule 4: the column counts what the list shows. */
static void a_first_report_after_a_withdrawal_is_no_revision(void **state)
{
	struct testbed testbed;
	struct testbed_spool z = { .id = 1 };
	struct query day = { .name = "n", .from = "2024-06-10" };
	int statements = 0;
	struct testbed_figure figure = { .metric = "n", .labels = "", .grain = GRAIN_DAY };
	struct testbed_batch batch;
	struct table *table = NULL;
	char text[64];
	(void)state;
	reform_open(&testbed, "n,x,x,x,flow,sum,sum,day,,0,0,commune,1,,");
	z.office = testbed_office(&testbed, "z", "N", day_of("2024-05-01"));
	testbed_refresh(&testbed);
	for (int step = 0; step < 3; step++) { /* 5, withdrawn, 6 */
		figure.withdrawn = step == 1;
		figure.value_e = step == 1 ? 0 : 5 + step / 2;
		testbed_seal(&z, day_of("2024-06-10"), &figure, 1,
			     civil_day_start_us(day_of("2024-06-11")) + step, &batch);
		testbed_commit(&testbed, &batch, 1);
		blob_free(&batch.payload);
	}
	assert_string_equal(cell_of(&testbed, &day, "P", "value", text), "6");
	assert_string_equal(cell_of(&testbed, &day, "P", "revisions", text), "1");
	assert_int_equal(revisions_run(testbed.db, testbed.reference, &day, &table, &testbed.err),
			 0);
	assert_int_equal(table_rows(table), 3);
	static const char *const told[][3] = { { "first", NULL, "5" },
					       { "withdrawn", "5", NULL },
					       { "first", NULL, "6" } };
	for (size_t row = 0; row < 3; row++) {
		char number[] = { (char)('1' + row), '\0' };
		assert_string_equal(testbed_cell(table, row, "change"), told[row][0]);
		assert_true(same(testbed_cell(table, row, "was"), told[row][1]));
		assert_true(same(testbed_cell(table, row, "became"), told[row][2]));
		assert_string_equal(testbed_cell(table, row, "entry"), number);
		assert_string_equal(testbed_cell(table, row, "batch"), number);
		assert_string_equal(testbed_cell(table, row, "spool"), "1");
		assert_null(testbed_cell(table, row, "event"));
	}
	table_close(table);
	/* two centuries cost no more than the day in them */
	day.from = "1900";
	day.to = "2100";
	assert_int_equal(
		sqlite3_trace_v2(testbed.db, SQLITE_TRACE_STMT, count_statement, &statements),
		SQLITE_OK);
	assert_int_equal(revisions_run(testbed.db, testbed.reference, &day, &table, &testbed.err),
			 0);
	(void)sqlite3_trace_v2(testbed.db, 0, NULL, NULL);
	assert_int_equal(table_rows(table), 3);
	table_close(table);
	assert_in_range(statements, 1, 100);
	/* and what is reckoned without SQL has its time as well */
	db_time_limit(over, NULL);
	assert_int_equal(revisions_run(testbed.db, testbed.reference, &day, &table, &testbed.err),
			 -EINTR);
	assert_int_equal(query_run(testbed.db, testbed.reference, &day, &table, &testbed.err),
			 -EINTR);
	assert_int_equal(
		completeness_run(testbed.db, testbed.reference, &day, &table, &testbed.err),
		-EINTR);
	db_time_limit(NULL, NULL);
	testbed_close(&testbed);
}

/* As the province's route does it: the rows that follow are the event's. */
static void move_as_ordered(struct testbed *testbed, const char *code, const char *unit,
			    const char *day)
{
	char detail[OFFICE_MOVE_DETAIL_MAX];
	struct event_form form = { .who = "unix:uid=7", .kind = "office move", .detail = detail };
	struct reference *after = NULL;
	struct followed followed;
	bool changed = false;
	struct err *err = &testbed->err;
	assert_int_equal(db_begin(testbed->db, err), 0);
	assert_int_equal(event_time(testbed->db, testbed_time(testbed), &form.at_us, err), 0);
	assert_int_equal(
		office_reassign(testbed->db, code, unit, day_of(day), detail, &changed, err), 0);
	assert_int_equal(reference_load(testbed->db, &after, err), 0);
	assert_int_equal(
		ledger_follow(testbed->db, testbed->reference, after, form.at_us, &followed, err),
		0);
	reference_close(after);
	assert_int_equal(event_append(testbed->db, &form, NULL, err), 0);
	assert_int_equal(db_commit(testbed->db, err), 0);
	testbed_refresh(testbed);
}

static void row_says(const struct table *table, size_t row, const char *change, const char *act,
		     const char *who, const char *shown)
{
	assert_string_equal(testbed_cell(table, row, "change"), change);
	assert_true(same(testbed_cell(table, row, "act"), act));
	assert_true(same(testbed_cell(table, row, "who"), who));
	assert_true(same(testbed_cell(table, row, "shown_name"), shown));
	assert_true(!testbed_cell(table, row, "event") == !act);
	assert_true(!testbed_cell(table, row, "event_at") == !act);
}

/* The last of @n rows. */
static void rows_say(struct testbed *testbed, size_t n, const char *change, const char *act)
{
	struct query day = { .name = "n", .from = "2024-06-10" };
	struct table *table = NULL;
	assert_int_equal(
		revisions_run(testbed->db, testbed->reference, &day, &table, &testbed->err), 0);
	assert_int_equal(table_rows(table), n);
	if (n > 1) /* before it was held again */
		row_says(table, 0, "released", "released from quarantine", "unix:uid=7",
			 "Nguyễn Văn A");
	row_says(table, n - 1, change, act, act ? "unix:uid=7" : NULL, act ? "Nguyễn Văn A" : NULL);
	assert_string_equal(testbed_cell(table, 0, "became"), "5");
	assert_non_null(testbed_cell(table, 0, "reason"));
	assert_string_equal(testbed_cell(table, 0, "spool"), "9");
	table_close(table);
}

/* What waits is told with its reason, and what let it go or made it wait with its event. */
static void what_released_or_held_a_figure_is_told(void **state)
{
	struct testbed testbed;
	struct testbed_spool z = { .id = 9 };
	struct release_form release = { .who = "unix:uid=7" };
	uint64_t passed, kept;
	(void)state;
	reform_open(&testbed, "n,x,x,x,flow,sum,sum,day,,0,0,commune,1,,");
	z.office = testbed_office(&testbed, "z", "N", day_of("2024-06-20"));
	testbed_refresh(&testbed);
	testbed_exec(&testbed, "INSERT INTO account VALUES('unix:uid=7', 'Nguyễn Văn A')");
	testbed_record(&testbed, &z, "n", "", "2024-06-10", 5, 0);
	rows_say(&testbed, 1, "held", NULL);
	move_as_ordered(&testbed, "z", "N", "2024-06-01");
	rows_say(&testbed, 1, "held", NULL);
	release.at_us = testbed_time(&testbed);
	testbed_order_release(&testbed, &release, &passed, &kept);
	assert_int_equal(passed, 1);
	rows_say(&testbed, 1, "first", "released from quarantine");
	move_as_ordered(&testbed, "z", NULL, "2024-06-01");
	rows_say(&testbed, 2, "held", "office moved");
	testbed_close(&testbed);
}

static void refused(struct testbed *testbed, const struct query *query, const char *sentence)
{
	struct table *table = NULL;
	assert_int_equal(query_run(testbed->db, testbed->reference, query, &table, &testbed->err),
			 -EINVAL);
	assert_string_equal(testbed->err.text, sentence);
	assert_int_equal(
		completeness_run(testbed->db, testbed->reference, query, &table, &testbed->err),
		-EINVAL);
	assert_string_equal(testbed->err.text, sentence);
	assert_int_equal(
		revisions_run(testbed->db, testbed->reference, query, &table, &testbed->err),
		-EINVAL);
	assert_string_equal(testbed->err.text, sentence);
}

/* I13: no typo that looks like silence. */
static void what_is_not_there_is_an_error_that_says_what_is(void **state)
{
	struct testbed testbed;
	struct testbed_spool z = { .id = 1 };
	struct query day = { .name = "n", .from = "2024-06-10" };
	struct table *table = NULL;
	(void)state;
	reform_open(&testbed, "n,x,x,x,flow,sum,sum,day,sector topic,0,0,commune,1,,\n"
			      "m,x,x,x,flow,sum,sum,day,,0,0,commune,1,,");
	z.office = testbed_office(&testbed, "z", "N", day_of("2024-05-01"));
	testbed_refresh(&testbed);
	day.labels = "topic=x"; /* nobody said what topics there are */
	assert_int_equal(query_run(testbed.db, testbed.reference, &day, &table, &testbed.err), 0);
	table_close(table);
	testbed_record(&testbed, &z, "n", "sector=land", "2024-06-10", 4, 0);
	testbed_record(&testbed, &z, "n", "sector=civil;topic=a", "2024-06-10", 5, 0);
	day.labels = "sektor=land";
	refused(&testbed, &day,
		"n is not divided by 'sektor'; what it is divided by: sector, topic; did you mean "
		"'sector'?");
	day.labels = "sector=lnd";
	refused(&testbed, &day,
		"nothing was ever reported with the label sector=lnd; did you mean 'land'?");
	day.labels = "sector=water";
	refused(&testbed, &day,
		"nothing was ever reported with the label sector=water; there are: civil, land");
	day.labels = "sector=land";
	day.name = "m";
	refused(&testbed, &day, "m is not divided by 'sector', nor by anything else");
	day.name = NULL; /* completeness of all that are divided so */
	assert_int_equal(
		completeness_run(testbed.db, testbed.reference, &day, &table, &testbed.err), 0);
	table_close(table);
	day.labels = "sektor=land";
	assert_int_equal(
		completeness_run(testbed.db, testbed.reference, &day, &table, &testbed.err),
		-EINVAL);
	day = (struct query){ .name = "m", .from = "2024-06-10", .area = "Q" };
	refused(&testbed, &day,
		"no unit ever had the code or the name 'Q'; `lantoa units export` has them all");
	day.area = "A";
	refused(&testbed, &day,
		"A a is no more since 2024-05-01, and the time asked about begins on 2024-06-10; "
		"ask "
		"for its successor, or with --structure under the borders of an earlier day");
	day.structure = "2024-04-30";
	assert_int_equal(query_run(testbed.db, testbed.reference, &day, &table, &testbed.err), 0);
	table_close(table);
	day = (struct query){ .name = "m", .from = "2024-04-10", .area = "N" };
	refused(&testbed, &day,
		"N n is there only from 2024-05-01 on, and the time asked about ends before that; "
		"with --structure it can be told under the borders of a later day");
	testbed_close(&testbed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_there_is_an_error_that_says_what_is),
		cmocka_unit_test(an_office_is_one_in_the_last_row_too),
		cmocka_unit_test(a_silent_office_of_a_divided_unit_withholds_nothing),
		cmocka_unit_test(by_office_too_an_undivided_figure_is_of_no_part),
		cmocka_unit_test(a_row_without_a_level_says_where_its_office_went),
		cmocka_unit_test(what_is_shown_equal_has_one_rank),
		cmocka_unit_test(before_a_mended_move_a_figure_was_known),
		cmocka_unit_test(a_first_report_after_a_withdrawal_is_no_revision),
		cmocka_unit_test(what_released_or_held_a_figure_is_told),
		cmocka_unit_test(a_place_with_an_office_in_mid_bucket_has_its_row),
		cmocka_unit_test(a_level_of_a_divided_unit_is_not_derivable_though_it_was_not_due),
		cmocka_unit_test(a_figure_reaches_the_root_of_a_deep_tree),
		cmocka_unit_test(units_of_one_level_within_another_are_not_counted_twice),
		cmocka_unit_test(every_cell_is_what_the_oracle_says),
		cmocka_unit_test(so_it_is_where_the_reference_changes),
		cmocka_unit_test(so_it_is_where_nearly_all_is_reported),
		cmocka_unit_test(so_it_is_where_pages_are_damaged),
		cmocka_unit_test(a_page_that_cannot_be_told_from_the_journal_is_named),
	};
	return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
