/* What a machine sends that was set back to an older copy of itself: any history of it, held
 * against a model that knows nothing of journals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "query/query.h"
#include "support/seeds.h"
#include "support/testbed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\n"
#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max,calendar\n"                                                        \
	"d,x,x,x,flow,sum,sum,day,,0,0,commune,1,,50,\n"
#define DAYS 4u

static int64_t at_us; /* of the last commit; never the same twice */

struct model { /* one machine's view of the days */
	int64_t value[DAYS];
	bool known[DAYS];
};

static const char *period_of(uint32_t i)
{
	static const char *const periods[DAYS] = { "2025-06-01", "2025-06-02", "2025-06-03",
						   "2025-06-04" };
	return periods[i];
}

/* False: it is held. */
static bool post(struct testbed *testbed, struct testbed_spool *spool, uint32_t i, int64_t value)
{
	struct testbed_figure figure = {
		.metric = "d", .labels = "", .grain = GRAIN_DAY, .value_e = value
	};
	struct testbed_batch batch;
	int32_t first_day = 0;
	uint32_t held = testbed->held;
	at_us += 1000000;
	assert_int_equal(day_parse("2025-06-01", &first_day, &(struct err){ 0 }), 0);
	testbed_seal(spool, first_day + (int32_t)i, &figure, 1, at_us, &batch);
	testbed_commit(testbed, &batch, 1);
	blob_free(&batch.payload);
	return testbed->held == held;
}

static void assert_value(struct testbed *testbed, uint32_t i, const char *known,
			 const struct model *model)
{
	struct table *table = NULL;
	char text[24] = "null";
	const struct query query = {
		.name = "d", .from = period_of(i), .to = period_of(i), .known = known
	};
	if (query_run(testbed->db, testbed->reference, &query, &table, &testbed->err) < 0)
		fail_msg("%s", testbed->err.text);
	const char *cell = table_rows(table) ? testbed_cell(table, 0, "value") : NULL;
	if (model->known[i])
		(void)snprintf(text, sizeof(text), "%lld", (long long)model->value[i]);
	assert_string_equal(cell ? cell : "null", text);
	table_close(table);
}

static void assert_all(struct testbed *testbed, const char *known, const struct model *model)
{
	struct table *table;
	for (uint32_t i = 0; i < DAYS; i++)
		assert_value(testbed, i, known, model);
	if (testbed_verify(testbed, &table) > 0)
		fail_msg("%s: %s", testbed_cell(table, 0, "what"), testbed_cell(table, 0, "where"));
	table_close(table);
}

static void take(struct model *model, uint32_t i, int64_t value)
{
	model->value[i] = value;
	model->known[i] = true;
}

struct machines {
	struct testbed testbed;
	struct testbed_spool first, copies[2];
	/* What counts; what the first machine said after the image; what a release makes of it. */
	struct model counts, newer[2], all;
};

/* The second copy is another machine of the same image: the first one's are news to it, too. */
static void say(struct machines *m, struct dice *dice, unsigned who)
{
	uint32_t i = (uint32_t)dice_below(dice, DAYS);
	int64_t value = (int64_t)dice_below(dice, 4);
	struct testbed_spool *spool = who == 0 ? &m->first : &m->copies[who - 1];
	bool older = who > 0 && m->newer[who - 1].known[i] && m->newer[who - 1].value[i] != value;
	assert_true(post(&m->testbed, spool, i, value) == !older);
	take(&m->all, i, value);
	if (older)
		return;
	take(&m->counts, i, value);
	if (who == 0)
		take(&m->newer[0], i, value);
	if (who <= 1)
		take(&m->newer[1], i, value);
}

static void open_machines(struct machines *m, struct dice *dice)
{
	int32_t since = 0;
	*m = (struct machines){ .first.id = 1 };
	at_us = civil_now_us() - INT64_C(86400000000);
	testbed_open(&m->testbed, UNITS, METRICS, NULL, false);
	assert_int_equal(day_parse("2025-01-01", &since, &(struct err){ 0 }), 0);
	m->first.office = testbed_office(&m->testbed, "o", "C", since);
	testbed_refresh(&m->testbed);
	unsigned before = 1 + (unsigned)dice_below(dice, 6);
	for (unsigned i = 0; i < before; i++)
		say(m, dice, 0);
	for (unsigned i = 0; i < 2; i++)
		m->copies[i] = (struct testbed_spool){ .id = 2 + i,
						       .office = m->first.office,
						       .from_id = 1,
						       .from_seq = m->first.seq };
	m->newer[0] = m->newer[1] = (struct model){ 0 };
	say(m, dice, 0); /* or they are no older copies */
}

static void one_history(struct dice *dice, void *context)
{
	struct machines m;
	struct release_form form = { .who = "me" };
	uint64_t released, kept;
	char known[INSTANT_TEXT_MAX];
	(void)context;
	open_machines(&m, dice);
	say(&m, dice, 1); /* in this order they began */
	say(&m, dice, 2);
	for (unsigned i = 0; i < 20; i++) {
		say(&m, dice, (unsigned)dice_below(dice, 3));
		if (dice_below(dice, 5) == 0)
			testbed_reopen(&m.testbed);
	}
	assert_all(&m.testbed, NULL, &m.counts);
	form.at_us = at_us + 2000000;
	testbed_order_release(&m.testbed, &form, &released, &kept);
	assert_int_equal(released, 0);
	assert_int_equal(kept, testbed_number(&m.testbed, "SELECT count(*) FROM quarantine"));
	assert_all(&m.testbed, NULL, &m.counts);
	form.older_copy = true;
	testbed_order_release(&m.testbed, &form, &released, &kept);
	assert_int_equal(kept, 0);
	assert_all(&m.testbed, NULL, &m.all);
	assert_all(&m.testbed, civil_format(at_us + 1000000, known), &m.counts);
	testbed_close(&m.testbed);
}

static void newer_figures_stand_until_an_operator_lets_older_ones_in(void **state)
{
	(void)state;
	for_all_seeds(40, one_history, NULL);
}

/* Nothing that was set back: the named spool has nothing more, or is not there at all. */
static void a_spool_that_lacks_nothing_is_as_any_other(void **state)
{
	(void)state;
	struct dice dice = dice_seeded(1);
	struct machines m;
	open_machines(&m, &dice);
	m.copies[0].from_seq = m.first.seq;
	m.copies[1].from_id = 99;
	for (unsigned i = 0; i < 2; i++) {
		assert_true(post(&m.testbed, &m.copies[i], 0, 40 + i));
		assert_true(post(&m.testbed, &m.first, 0, 30 + i));
		assert_true(post(&m.testbed, &m.copies[i], 0, 40 + i));
	}
	assert_int_equal(testbed_number(&m.testbed, "SELECT sum(set_back) FROM spool"), 0);
	testbed_close(&m.testbed);
}

/* An agent of before says nothing of it: what it sends counts as it did. */
static void a_spool_that_names_none_counts_as_it_came(void **state)
{
	(void)state;
	struct dice dice = dice_seeded(1);
	struct machines m;
	open_machines(&m, &dice);
	m.copies[0].from_id = m.copies[0].from_seq = 0;
	assert_true(post(&m.testbed, &m.first, 0, 7));
	assert_true(post(&m.testbed, &m.copies[0], 0, 6));
	take(&m.counts, 0, 6);
	assert_all(&m.testbed, NULL, &m.counts);
	assert_int_equal(testbed_number(&m.testbed, "SELECT sum(set_back) FROM spool"), 0);
	assert_int_equal(testbed_number(&m.testbed, "SELECT count(*) FROM quarantine"), 0);
	testbed_close(&m.testbed);
}

/* What waits for another reason is judged for this one, too, when that is mended. */
static void what_waited_for_another_reason_is_older_all_the_same(void **state)
{
	(void)state;
	struct dice dice = dice_seeded(1);
	struct machines m;
	struct release_form form = { .who = "me" };
	uint64_t released, kept;
	open_machines(&m, &dice);
	assert_true(post(&m.testbed, &m.first, 0, 7));
	assert_false(post(&m.testbed, &m.copies[0], 0, 60)); /* over the metric's max */
	testbed_exec(&m.testbed, "UPDATE quarantine SET verdict = 5");
	const char *wider = METRICS;
	char text[1024];
	bool changed;
	(void)snprintf(text, sizeof(text), "%.*s", (int)(strstr(wider, "50,") - wider), wider);
	(void)strcat(text, "99,\n");
	assert_int_equal(
		catalogue_import(m.testbed.db, text, strlen(text), &changed, &m.testbed.err), 0);
	testbed_refresh(&m.testbed);
	form.at_us = at_us + 1;
	testbed_order_release(&m.testbed, &form, &released, &kept);
	assert_int_equal(released, 0);
	assert_int_equal(kept, 1);
	assert_int_equal(testbed_number(&m.testbed, "SELECT verdict FROM quarantine"),
			 VERDICT_OLDER_COPY);
	testbed_close(&m.testbed);
}

/* Once let in it is what the province has: another copy's figure is held against it. */
static void what_was_let_in_is_newer_than_the_next_copys(void **state)
{
	(void)state;
	struct dice dice = dice_seeded(1);
	struct machines m;
	struct release_form form = { .who = "me", .older_copy = true };
	uint64_t released, kept;
	open_machines(&m, &dice);
	assert_true(post(&m.testbed, &m.first, 0, 7));
	assert_false(post(&m.testbed, &m.copies[0], 0, 6));
	form.at_us = at_us + 1;
	testbed_order_release(&m.testbed, &form, &released, &kept);
	assert_int_equal(released, 1);
	assert_false(post(&m.testbed, &m.copies[1], 0, 7)); /* as the first one had it */
	assert_true(post(&m.testbed, &m.copies[1], 0, 6));
	testbed_close(&m.testbed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newer_figures_stand_until_an_operator_lets_older_ones_in),
		cmocka_unit_test(a_spool_that_lacks_nothing_is_as_any_other),
		cmocka_unit_test(a_spool_that_names_none_counts_as_it_came),
		cmocka_unit_test(what_waited_for_another_reason_is_older_all_the_same),
		cmocka_unit_test(what_was_let_in_is_newer_than_the_next_copys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
