/* As it was known (I4, rule 5.9): what was answered then is answered later, word for word. Random
 * histories with imports, moves, renames, closings and releases between the batches; answers are
 * written down on the way, and asked for again when all is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "query/known.h"
#include "query/query.h"
#include "schema/effects.h"
#include "schema/event.h"
#include "support/history.h"
#include "support/question.h"
#include "support/seeds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS   25
#define BATCHES 40
#define CUTS    6u /* instants at which answers are written down, the first before anything came */
#define KEPT    6u /* answers at each */

struct kept {
	struct question q;
	struct blob answer; /* CSV; nothing: it was refused */
	bool no_label;      /* and that was because nothing was ever reported with that label */
	bool published;     /* it is asked again as what was published is */
};

/* Whatever can be asked about it: figures, what was changed, who is missing, what was closed. 0, or
 * why not. */
static int answer_csv(struct testbed *testbed, const struct question *q, struct blob *ret,
		      bool *ret_no_label)
{
	int (*const ways[])(sqlite3 * db, const struct reference *now, const struct query *query,
			    struct table **ret_answer,
			    struct err *err) = { query_run, revisions_run, completeness_run,
						 closed_run };
	*ret = (struct blob){ 0 };
	*ret_no_label = false;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct table *table = NULL;
		int rc = ways[i](testbed->db, testbed->reference, &q->query, &table, &testbed->err);
		if (rc == 0)
			assert_int_equal(table_csv(table, ret), 0);
		table_close(table);
		if (rc < 0 && rc != -EINVAL)
			return rc;
		*ret_no_label |= rc < 0 && question_no_label(testbed->err.text);
	}
	return 0;
}

static void ask_an_indicator(struct history *h, struct question *q)
{
	struct period year = period_of_day(CALENDAR_CIVIL, GRAIN_YEAR, h->base + 10);
	q->query.name = "i0";
	q->query.labels = "";
	q->query.rank = true;
	q->query.per = "year";
	q->query.calendar = NULL;
	q->query.from = q->query.to = period_format(year, q->from);
}

static void keep_answers(struct history *h, struct testbed *testbed, const struct catalogue *first,
			 struct kept kept[KEPT])
{
	int64_t known_us =
		testbed_number(testbed, "SELECT max(at) FROM (SELECT max(at_us) AS at FROM event"
					" UNION ALL SELECT max(received_us) FROM journal)");
	known_us = (known_us + 999999) / 1000000 * 1000000; /* what a question can say */
	for (size_t i = 0; i < KEPT; i++) {
		struct question *q = &kept[i].q;
		question_make(h, first, q);
		if (dice_below(h->dice, 5) == 0)
			ask_an_indicator(h, q);
		q->query.known = civil_format(known_us, q->known); /* the clock of that time */
		kept[i].published = i % 2;
		if (answer_csv(testbed, q, &kept[i].answer, &kept[i].no_label) < 0)
			fail_msg("%s: %s", q->words, testbed->err.text);
	}
}

/* The next cut after @from: a batch that came later than the one before it; or the end. In steps
 * often soon after such an act has begun. */
static size_t next_cut(struct history *h, size_t from)
{
	for (size_t i = 0; h->stepwise && i < h->n_acts; i++) {
		const struct act *act = &h->acts[i];
		if ((act->kind == ACT_MOVE || act->kind == ACT_IMPORT) && act->before > from &&
		    act->before + 2 < h->n)
			return act->before + 1 + dice_below(h->dice, 2);
	}
	size_t at = from + 1 + dice_below(h->dice, h->n / (CUTS - 1));
	while (at < h->n && h->batches[at].received_us == h->batches[at - 1].received_us)
		at++;
	return at < h->n ? at : h->n;
}

/* By the same instant in words or, as of what was published, as it is. */
static bool is_as_kept(struct testbed *testbed, const struct kept *kept, struct blob *ret_again)
{
	bool no_label;
	struct question q = kept->q;
	if (kept->published) {
		assert_int_equal(civil_parse(q.query.known, &q.query.known_us, &testbed->err), 0);
		q.query.known = NULL;
	}
	int rc = answer_csv(testbed, &q, ret_again, &no_label);
	if (no_label || kept->no_label)
		return true; /* which labels there are is judged by what is known now */
	return rc == 0 && ret_again->len == kept->answer.len &&
	       (ret_again->len == 0 ||
		memcmp(ret_again->data, kept->answer.data, ret_again->len) == 0);
}

static void ask_again(struct testbed *testbed, const struct kept *kept)
{
	struct blob again;
	bool same = is_as_kept(testbed, kept, &again);
	if (!same)
		fail_msg("%s: as known at %s it is (%s)\n%.*s\nand was\n%.*s", kept->q.words,
			 kept->q.known, testbed->err.text, (int)again.len, (const char *)again.data,
			 (int)kept->answer.len, (const char *)kept->answer.data);
	blob_free(&again);
}

/* --- what if one kind of event were replayed wrongly? --- */

#define DROP(kind) "UPDATE event SET body = '{\"rows\":{}}' WHERE kind = '" kind "'"

/* What replaces it in the store, and how often an answer was another then. */
static struct mutation {
	const char *what, *sql;
	unsigned seen;
} mutations[] = {
	{ "office add", DROP("office add"), 0 },
	{ "office move", DROP("office move"), 0 },
	{ "office rename", DROP("office rename"), 0 },
	{ "units import", DROP("units import"), 0 },
	{ "successors import", DROP("successors import"), 0 },
	{ "catalogue import", DROP("catalogue import"), 0 },
	{ "indicators import", DROP("indicators import"), 0 },
	{ "close", DROP("close"), 0 },
	/* Not "calendar import": receipts of these histories fall between no two due days. That the
	 * days off are those of then, is asked by tests/system/test_calendar.py. */
	{ "excuse", DROP("excuse"), 0 },
	{ "excuse end", DROP("excuse end"), 0 },
	{ "reopen", DROP("reopen"), 0 },
	{ "an event of the reference comes a day late",
	  "UPDATE event SET at_us = at_us + 86400000000 WHERE moves & 1", 0 },
	{ "quarantine release: as if nothing had ever waited",
	  "UPDATE quarantine SET released_us = -4000000000000000 WHERE released_us IS NOT NULL",
	  0 },
	{ "what a move or an import holds: as if since it came",
	  "UPDATE quarantine SET held_us = NULL", 0 },
	{ "days that an act changed are not noted",
	  "UPDATE arrival SET last_us = (SELECT max(received_us) FROM journal"
	  " WHERE journal.day = arrival.day)",
	  0 },
};
#define MUTATIONS (sizeof(mutations) / sizeof(mutations[0]))

static void forget_reference(struct testbed *testbed)
{
	reference_close(testbed->reference);
	testbed->reference = NULL;
	testbed_refresh(testbed);
}

static void mutate(struct testbed *testbed, const struct kept kept[], struct mutation *mutation)
{
	bool other = false;
	testbed_exec(testbed, "SAVEPOINT mutation");
	testbed_pause(testbed, true);
	testbed_exec(testbed, mutation->sql);
	forget_reference(testbed);
	for (size_t i = 0; i < CUTS * KEPT && !other; i++) {
		struct blob again;
		other = !is_as_kept(testbed, &kept[i], &again) && kept[i].answer.len > 0;
		blob_free(&again);
	}
	mutation->seen += other;
	testbed_exec(testbed, "ROLLBACK TO mutation; RELEASE mutation");
	testbed_pause(testbed, false);
	forget_reference(testbed);
}

static unsigned halfway; /* how often answers were written down while a change was under way */

static void answers_kept_and_asked_again(struct dice *dice, void *context)
{
	struct history h;
	struct testbed testbed;
	struct kept *kept = calloc(CUTS, sizeof(*kept) * KEPT);
	struct catalogue *first = NULL;
	size_t at = 0;
	(void)context;
	assert_non_null(kept);
	history_make(&h, dice, BATCHES);
	h.stepwise = dice_below(dice, 2);
	history_in_order(&h, h.stepwise ? 2000000 : 0);
	history_make_all_acts(&h, dice_below(dice, h.stepwise ? 10 : 25) + 1);
	history_make_excuses(&h, 12);
	if (h.n_acts % 3 == 0)
		history_make_calendars(&h, 2);
	history_open(&h, &testbed);
	assert_int_equal(catalogue_read(h.catalogue, strlen(h.catalogue), &first, &testbed.err), 0);
	keep_answers(&h, &testbed, first, kept);
	for (size_t cut = 1; cut < CUTS; cut++) {
		size_t to = next_cut(&h, at);
		history_post_part(&h, &testbed, at, to);
		halfway += h.under_way != NULL;
		keep_answers(&h, &testbed, first, &kept[cut * KEPT]);
		at = to;
	}
	history_post_part(&h, &testbed, at, h.n);
	for (size_t i = 0; i < CUTS * KEPT; i++)
		ask_again(&testbed, &kept[i]);
	for (size_t i = 0; i < MUTATIONS; i++)
		if (mutations[i].seen == 0)
			mutate(&testbed, kept, &mutations[i]);
	for (size_t i = 0; i < CUTS * KEPT; i++)
		blob_free(&kept[i].answer);
	free(kept);
	catalogue_close(first);
	testbed_close(&testbed);
	history_free(&h);
}

static void as_known_then_is_what_was_answered_then(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, answers_kept_and_asked_again, NULL);
	if (seeds_given())
		return; /* one may have none of it */
	print_message("%u times answered while a change was under way\n", halfway);
	assert_true(halfway > 5);
	for (size_t i = 0; i < MUTATIONS; i++)
		if (mutations[i].seen == 0)
			fail_msg("no answer depends on it: %s", mutations[i].what);
}

/* --- before the ledger began --- */

static int ask_early(struct testbed *testbed, struct blob *json)
{
	const struct query query = {
		.name = "n", .by = "office", .from = "2025-06-10", .known = "1900-01-01T00:01:00"
	};
	struct table *table = NULL;
	*json = (struct blob){ 0 };
	int rc = query_run(testbed->db, testbed->reference, &query, &table, &testbed->err);
	if (rc == 0) {
		assert_int_equal(table_rows(table), 1);
		assert_string_equal(testbed_cell(table, 0, "name"), "o");
		assert_int_equal(table_json(table, json), 0);
		assert_int_equal(blob_append(json, "", 1), 0);
	}
	table_close(table);
	return rc;
}

/* A province that is older than its events has those of its opening; of a new one they are as now.
 */
static void before_the_ledger_began_its_opening_is_in_force_and_that_is_said(void **state)
{
	struct testbed testbed;
	struct blob json;
	(void)state;
	testbed_open(&testbed,
		     "code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n",
		     "name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,"
		     "decimals,carry,level,due_days,min,max\n"
		     "n,x,x,x,flow,sum,sum,day,,0,0,province,1,,\n",
		     NULL, false);
	(void)testbed_office(&testbed, "o", "P", day_from_civil(2020, 1, 1));
	testbed_refresh(&testbed);
	assert_int_equal(ask_early(&testbed, &json), 0); /* a new province: as it is now */
	assert_non_null(strstr((const char *)json.data, "what they were before is not known"));
	blob_free(&json);
	testbed_exec(&testbed, "DELETE FROM event");
	assert_int_equal(effects_note_all(testbed.db, &testbed.err), 0);
	const struct event_form opening = { .who = "test", .kind = EVENT_OPENING };
	assert_int_equal(event_append(testbed.db, &opening, NULL, &testbed.err), 0);
	assert_true(testbed_order_rename(&testbed, "o", "another"));
	assert_int_equal(ask_early(&testbed, &json), 0);
	assert_non_null(strstr((const char *)json.data, "Units, offices and catalogue are those "
							"of 1900-01-01"));
	blob_free(&json);
	testbed_close(&testbed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_ledger_began_its_opening_is_in_force_and_that_is_said),
		cmocka_unit_test(as_known_then_is_what_was_answered_then),
	};
	return cmocka_run_group_tests_name("known", tests, NULL, NULL);
}
