/* Figures follow a changed reference as if every entry had been judged and every page made anew,
 * and cost what the change touches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "journal/quarantine.h"
#include "ledger/change.h"
#include "ledger/follow.h"
#include "ledger/impact.h"
#include "ledger/losses.h"
#include "ledger/steps.h"
#include "registry/office_register.h"
#include "registry/units_import.h"
#include "rollup/derive.h"
#include "rollup/fold.h"
#include "rollup/page.h"
#include "schema/event.h"
#include "support/editions.h"
#include "support/history.h"
#include "support/seeds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS   100
#define BATCHES 60
#define IMPORTS 4

static bool chance(struct dice *dice, unsigned percent)
{
	return dice_below(dice, 100) < percent;
}

/* --- the two ways --- */

struct state {
	struct blob rollups, quarantine;
};

/* Two ways are two instants: what is held since @since_us or later is held by the change. */
static void state_read(struct testbed *testbed, int64_t since_us, struct state *ret)
{
	sqlite3_stmt *rows;
	testbed_rollups(testbed, &ret->rollups);
	ret->quarantine = (struct blob){ 0 };
	assert_int_equal(db_prepare(testbed->db, "SELECT * FROM quarantine ORDER BY 1, 2, 3", &rows,
				    &testbed->err),
			 0);
	while (db_step(rows, &testbed->err) == 1)
		for (int i = 0; i < sqlite3_column_count(rows); i++) {
			int64_t cell = sqlite3_column_type(rows, i) == SQLITE_NULL
					       ? INT64_MIN
					       : sqlite3_column_int64(rows, i);
			if (strcmp(sqlite3_column_name(rows, i), "held_us") == 0 &&
			    cell >= since_us)
				cell = INT64_MAX;
			assert_int_equal(blob_append(&ret->quarantine, &cell, sizeof(cell)), 0);
		}
	sqlite3_finalize(rows);
}

static void state_free(struct state *state)
{
	blob_free(&state->rollups);
	blob_free(&state->quarantine);
}

static void assert_same(const struct blob *left, const struct blob *right, const char *what)
{
	if (left->len != right->len || (left->len && memcmp(left->data, right->data, left->len)))
		fail_msg("%s differ: %zu and %zu bytes", what, left->len, right->len);
}

/* Figures that count: those in offices' pages, of which hours are in their days again. */
static uint64_t figures_counting(struct testbed *testbed)
{
	sqlite3_stmt *rows;
	uint64_t n = 0;
	assert_int_equal(db_prepare(testbed->db,
				    "SELECT grain, bucket, node, page FROM rollup WHERE node > 0",
				    &rows, &testbed->err),
			 0);
	while (db_step(rows, &testbed->err) == 1) {
		const struct page_key key = { sqlite3_column_int(rows, 0),
					      sqlite3_column_int(rows, 1),
					      sqlite3_column_int64(rows, 2) };
		struct page page;
		if (page_period(key).grain < GRAIN_DAY)
			continue;
		assert_int_equal(page_load(key, sqlite3_column_blob(rows, 3),
					   (size_t)sqlite3_column_bytes(rows, 3), &page,
					   &testbed->err),
				 0);
		for (size_t i = 0; i < page.n; i++)
			n += (uint64_t)page.entries[i].acc.n;
		page_free(&page);
	}
	sqlite3_finalize(rows);
	return n;
}

static size_t silent, told;

/* No figure stops counting but those that were told of. */
static void assert_told(const struct losses *losses, uint64_t before, uint64_t after)
{
	assert_true(after <= before);
	assert_false(losses->more);
	if (before - after > losses->figures)
		fail_msg("%llu figures count no more, and %llu were told of",
			 (unsigned long long)(before - after), (unsigned long long)losses->figures);
	assert_true(losses->n > 0 || losses->figures == 0);
	*(losses->n > 0 ? &told : &silent) += 1;
}

/* In an open transaction that changed the reference: by the change, and as a whole. */
static void follow_both_ways(struct testbed *testbed, bool is_import)
{
	struct reference *after = NULL;
	struct followed followed, whole;
	struct losses losses = { 0 };
	struct state by_change, anew;
	uint64_t counting = figures_counting(testbed);
	int64_t since_us = testbed_time(testbed);
	assert_int_equal(reference_load(testbed->db, &after, &testbed->err), 0);
	if (losses_of(testbed->db, testbed->reference, after, &losses, &testbed->err) < 0)
		fail_msg("losses: %s", testbed->err.text);
	testbed_exec(testbed, "SAVEPOINT whole");
	if (ledger_follow_whole(testbed->db, after, testbed_time(testbed), &whole, &testbed->err) <
	    0)
		fail_msg("as a whole: %s", testbed->err.text);
	state_read(testbed, since_us, &anew);
	testbed_exec(testbed, "ROLLBACK TO whole; RELEASE whole");
	if (ledger_follow(testbed->db, testbed->reference, after, testbed_time(testbed), &followed,
			  &testbed->err) < 0)
		fail_msg("by the change: %s", testbed->err.text);
	state_read(testbed, since_us, &by_change);
	assert_same(&by_change.rollups, &anew.rollups, "pages");
	assert_same(&by_change.quarantine, &anew.quarantine, "held rows");
	assert_int_equal(followed.held, whole.held);
	assert_false(followed.whole);
	testbed_note(testbed);
	if (is_import)
		assert_told(&losses, counting, figures_counting(testbed));
	losses_free(&losses);
	state_free(&by_change);
	state_free(&anew);
	reference_close(after);
}

/* A random import or move. 0; -EINVAL: it was refused. */
static int change(struct testbed *testbed, const struct history *h, struct dice *dice,
		  bool *ret_is_import)
{
	static const char *const homes[] = { "C1", "C2", "C3", "C4", "C5", "D1", "P", "X", NULL };
	char csv[4096], office[8];
	char detail[OFFICE_MOVE_DETAIL_MAX];
	size_t rows;
	bool changed;
	uint64_t kind = dice_below(dice, 3);
	*ret_is_import = kind < 2;
	switch (kind) {
	case 0:
		edition_catalogue(dice, h->catalogue, csv, sizeof(csv));
		return catalogue_import(testbed->db, csv, strlen(csv), &changed, &testbed->err);
	case 1:
		edition_units(dice, h, h->units, csv, sizeof(csv));
		return units_import(testbed->db, csv, strlen(csv), &rows, &testbed->err);
	default:
		(void)snprintf(office, sizeof(office), "o%u",
			       (unsigned)dice_below(dice, HISTORY_OFFICES));
		return office_reassign(testbed->db, office, homes[dice_below(dice, 9)],
				       h->base + (int32_t)dice_between(dice, -20, HISTORY_DAYS),
				       detail, &changed, &testbed->err);
	}
}

static void release_some(struct testbed *testbed, struct dice *dice)
{
	uint64_t released, kept;
	const struct release_form form = { .closed = chance(dice, 50),
					   .who = "test",
					   .at_us = (int64_t)20750 * 86400 * 1000000 };
	testbed_order_release(testbed, &form, &released, &kept);
}

static size_t refused, taken;
static int64_t older; /* rows held as older than what was there */

static void followed_both_ways(struct dice *dice, void *context)
{
	struct history h;
	struct testbed testbed;
	(void)context;
	history_make(&h, dice, BATCHES);
	history_make_acts(&h, 6);
	history_open(&h, &testbed);
	size_t from = 0;
	for (unsigned i = 0; i < IMPORTS; i++) {
		size_t to = h.n * (i + 1) / (IMPORTS + 1);
		history_post_part(&h, &testbed, from, to);
		from = to;
		assert_int_equal(db_begin(testbed.db, &testbed.err), 0);
		bool is_import;
		int rc = change(&testbed, &h, dice, &is_import);
		if (rc < 0) {
			db_rollback(testbed.db);
			refused++;
			continue;
		}
		taken++;
		follow_both_ways(&testbed, is_import);
		assert_int_equal(db_commit(testbed.db, &testbed.err), 0);
		testbed_refresh(&testbed);
		if (chance(dice, 30))
			release_some(&testbed, dice);
	}
	older += testbed_number(&testbed, "SELECT count(*) FROM quarantine WHERE verdict = 10");
	testbed_close(&testbed);
	history_free(&h);
}

static void what_follows_a_change_is_what_making_all_anew_gives(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, followed_both_ways, NULL);
	print_message("%zu changes, and %zu that were refused\n", taken, refused);
	print_message("imports that took something away: %zu, and %zu that did not\n", told,
		      silent);
	print_message("held as older than what was there: %lld\n", (long long)older);
	assert_true(taken > refused);
	assert_true(seeds_given() || (told > 20 && silent > 20 && older > 50));
}

/* --- all follow their units --- */

/* In an open transaction that changed the reference from @before. */
static void figures_follow(struct testbed *testbed, const struct reference *before)
{
	struct reference *after = NULL;
	struct followed followed;
	assert_int_equal(reference_load(testbed->db, &after, &testbed->err), 0);
	if (ledger_follow(testbed->db, before, after, testbed_time(testbed), &followed,
			  &testbed->err) < 0)
		fail_msg("figures: %s", testbed->err.text);
	reference_close(after);
}

static void act(struct testbed *testbed, const struct change_form *form)
{
	char detail[CHANGE_DETAIL_MAX];
	struct reference *before = NULL;
	size_t n = 0;
	assert_int_equal(reference_load(testbed->db, &before, &testbed->err), 0);
	if (change_act(testbed->db, form, &n, detail, &testbed->err) < 0)
		fail_msg("act: %s", testbed->err.text);
	figures_follow(testbed, before);
	reference_close(before);
}

/* Whose unit of the day before @1 is no more, no other having its code, where it has one
 * successor, which takes it whole: told by nothing but the tables. */
#define WHO_FOLLOWS                                                                                \
	"SELECT o.code, s.new_code FROM office o JOIN assignment a ON a.office = o.id"             \
	" AND a.from_day = (SELECT max(from_day) FROM assignment WHERE office = o.id"              \
	" AND from_day <= ?1) JOIN unit u ON u.code = a.unit_code AND u.valid_from < ?1"           \
	" AND u.valid_to = ?1 JOIN successor s ON s.old_code = u.code AND s.effective_on = ?1"     \
	" JOIN unit n ON n.code = s.new_code AND n.valid_from <= ?1"                               \
	" AND (n.valid_to > ?1 OR n.valid_to IS NULL)"                                             \
	" WHERE s.share = '1' AND NOT EXISTS(SELECT 1 FROM unit WHERE code = u.code"               \
	" AND valid_from <= ?1 AND (valid_to > ?1 OR valid_to IS NULL))"                           \
	" AND 1 = (SELECT count(*) FROM successor WHERE old_code = u.code AND effective_on = ?1)"

/* Each by itself, as an operator would. How many? */
static size_t move_each(struct testbed *testbed, int32_t on)
{
	sqlite3_stmt *rows;
	char codes[HISTORY_OFFICES][8], units[HISTORY_OFFICES][8];
	size_t n = 0;
	assert_int_equal(db_prepare(testbed->db, WHO_FOLLOWS, &rows, &testbed->err), 0);
	sqlite3_bind_int(rows, 1, on);
	for (; db_step(rows, &testbed->err) == 1; n++) {
		(void)snprintf(codes[n], 8, "%s", (const char *)sqlite3_column_text(rows, 0));
		(void)snprintf(units[n], 8, "%s", (const char *)sqlite3_column_text(rows, 1));
	}
	sqlite3_finalize(rows);
	for (size_t i = 0; i < n; i++)
		act(testbed, &(struct change_form){ .kind = CHANGE_MOVE,
						    .office = codes[i],
						    .unit = units[i],
						    .from = on });
	return n;
}

static void assignments_read(struct testbed *testbed, struct blob *ret)
{
	sqlite3_stmt *rows;
	*ret = (struct blob){ 0 };
	assert_int_equal(db_prepare(testbed->db,
				    "SELECT office || ' ' || from_day || ' ' ||"
				    " ifnull(unit_code, '-') || ';' FROM assignment"
				    " ORDER BY office, from_day",
				    &rows, &testbed->err),
			 0);
	while (db_step(rows, &testbed->err) == 1)
		assert_int_equal(blob_append(ret, sqlite3_column_text(rows, 0),
					     (size_t)sqlite3_column_bytes(rows, 0)),
				 0);
	sqlite3_finalize(rows);
}

static size_t followers;

static void followed_on(struct testbed *testbed, int32_t on)
{
	int64_t since_us = testbed_time(testbed);
	struct blob at_once, one_by_one;
	struct state once, each;
	testbed_exec(testbed, "SAVEPOINT once");
	act(testbed, &(struct change_form){ .kind = CHANGE_FOLLOW, .from = on });
	assignments_read(testbed, &at_once);
	state_read(testbed, since_us, &once);
	testbed_exec(testbed, "ROLLBACK TO once; RELEASE once");
	followers += move_each(testbed, on);
	assignments_read(testbed, &one_by_one);
	state_read(testbed, since_us, &each);
	assert_same(&at_once, &one_by_one, "assignments");
	assert_same(&once.rollups, &each.rollups, "pages");
	assert_same(&once.quarantine, &each.quarantine, "held rows");
	blob_free(&at_once);
	blob_free(&one_by_one);
	state_free(&once);
	state_free(&each);
}

/* C4 is the unit that ends for good: more offices than one stand on it then. */
static void followed_as_moved(struct dice *dice, void *context)
{
	struct history h;
	struct testbed testbed;
	(void)context;
	history_make(&h, dice, BATCHES / 2);
	history_open(&h, &testbed);
	int32_t turn = (int32_t)testbed_number(&testbed, "SELECT valid_to FROM unit"
							 " WHERE code = 'C4'");
	for (unsigned i = 0; i < HISTORY_OFFICES; i++) {
		char code[8];
		(void)snprintf(code, sizeof(code), "o%u", i);
		if (chance(dice, 40))
			(void)testbed_order_move(&testbed, code, "C4",
						 turn - (int32_t)dice_between(dice, 1, 50));
	}
	testbed_refresh(&testbed);
	history_post_part(&h, &testbed, 0, h.n);
	assert_int_equal(db_begin(testbed.db, &testbed.err), 0);
	followed_on(&testbed, turn);
	followed_on(&testbed, turn + 1);
	followed_on(&testbed, h.base + (int32_t)dice_below(dice, HISTORY_DAYS));
	testbed_note(&testbed);
	assert_int_equal(db_commit(testbed.db, &testbed.err), 0);
	testbed_close(&testbed);
	history_free(&h);
}

static void all_who_follow_their_units_at_once_are_moved_as_one_by_one(void **state)
{
	(void)state;
	for_all_seeds(SEEDS / 2, followed_as_moved, NULL);
	print_message("followed their units: %zu\n", followers);
	assert_true(seeds_given() || followers > 20);
}

/* --- beside an entry that cannot be read --- */

/* Every page of every other office. */
static void pages_of_others(struct testbed *testbed, int64_t office, struct blob *ret)
{
	char sql[160];
	(void)snprintf(sql, sizeof(sql), "DELETE FROM rollup WHERE node < 0 OR node = %lld",
		       (long long)office);
	testbed_exec(testbed, "SAVEPOINT others");
	testbed_exec(testbed, sql);
	testbed_rollups(testbed, ret);
	testbed_exec(testbed, "ROLLBACK TO others; RELEASE others");
}

static size_t left_out;

static void follow_beside_damage(struct testbed *testbed, int64_t office)
{
	struct reference *after = NULL;
	struct followed followed, whole;
	struct blob by_change, anew;
	assert_int_equal(reference_load(testbed->db, &after, &testbed->err), 0);
	testbed_exec(testbed, "SAVEPOINT whole");
	if (ledger_follow_whole(testbed->db, after, testbed_time(testbed), &whole, &testbed->err) <
	    0)
		fail_msg("as a whole: %s", testbed->err.text);
	assert_int_equal(whole.damaged.n, 1);
	pages_of_others(testbed, office, &anew);
	testbed_exec(testbed, "ROLLBACK TO whole; RELEASE whole");
	if (ledger_follow(testbed->db, testbed->reference, after, testbed_time(testbed), &followed,
			  &testbed->err) < 0)
		fail_msg("by the change: %s", testbed->err.text);
	pages_of_others(testbed, office, &by_change);
	assert_same(&by_change, &anew, "pages of the others");
	assert_false(followed.whole);
	testbed_note(testbed);
	left_out += followed.damaged.n;
	blob_free(&by_change);
	blob_free(&anew);
	reference_close(after);
}

static void followed_beside_damage(struct dice *dice, void *context)
{
	struct history h;
	struct testbed testbed;
	char sql[160];
	(void)context;
	history_make(&h, dice, BATCHES);
	history_open(&h, &testbed);
	history_post_part(&h, &testbed, 0, h.n);
	int64_t entry = dice_between(dice, 1, (int64_t)h.n);
	(void)snprintf(sql, sizeof(sql), "UPDATE journal SET payload = x'00ff' WHERE id = %lld",
		       (long long)entry);
	testbed_exec(&testbed, sql);
	(void)snprintf(sql, sizeof(sql), "SELECT office FROM journal WHERE id = %lld",
		       (long long)entry);
	int64_t office = testbed_number(&testbed, sql);
	for (unsigned i = 0; i < IMPORTS; i++) {
		bool is_import;
		assert_int_equal(db_begin(testbed.db, &testbed.err), 0);
		if (change(&testbed, &h, dice, &is_import) < 0) {
			db_rollback(testbed.db);
			continue;
		}
		follow_beside_damage(&testbed, office);
		assert_int_equal(db_commit(testbed.db, &testbed.err), 0);
		testbed_refresh(&testbed);
		if (chance(dice, 30))
			release_some(&testbed, dice);
	}
	testbed_close(&testbed);
	history_free(&h);
}

static void an_entry_that_cannot_be_read_costs_its_offices_day_alone(void **state)
{
	(void)state;
	for_all_seeds(SEEDS / 2, followed_beside_damage, NULL);
	assert_true(left_out > 0);
}

/* --- one change at a time --- */

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\n"                                             \
	"P,Tinh,province,,2020-01-01,\n"                                                           \
	"C1,Xa 1,commune,P,2020-01-01,\n"                                                          \
	"C2,Xa 2,commune,P,2020-01-01,\n"
#define CATALOGUE                                                                                  \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"
#define DAILY   "daily,x,x,x,flow,sum,sum,day,,0,0,commune,5,,\n"
#define MONTHLY "monthly,x,x,x,flow,sum,sum,month,,0,0,commune,5,,\n"

struct fixture {
	struct testbed testbed;
	struct testbed_spool a, b;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int32_t day = 0;
	char period[PERIOD_TEXT_MAX];
	if (!f || day_parse("2025-03-01", &day, &(struct err){ 0 }) < 0)
		return -1;
	testbed_open(&f->testbed, UNITS, CATALOGUE DAILY MONTHLY, NULL, false);
	f->a = (struct testbed_spool){ .office = testbed_office(&f->testbed, "a", "C1", day),
				       .id = 1 };
	f->b = (struct testbed_spool){ .office = testbed_office(&f->testbed, "b", "C2", day),
				       .id = 2 };
	testbed_refresh(&f->testbed);
	for (int32_t i = 0; i < 10; i++) {
		const char *text =
			period_format(period_of_day(CALENDAR_CIVIL, GRAIN_DAY, day + i), period);
		testbed_record(&f->testbed, &f->a, "daily", "", text, 7, 0);
		testbed_record(&f->testbed, &f->b, "daily", "", text, 90, 0);
	}
	testbed_record(&f->testbed, &f->a, "monthly", "", "2025-03", 1000, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static struct followed imported(struct fixture *f, const char *catalogue, const char *units)
{
	struct testbed *testbed = &f->testbed;
	struct reference *after = NULL;
	struct followed followed;
	size_t rows;
	bool changed;
	testbed_acts_at(civil_now_us());
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	if (catalogue && catalogue_import(testbed->db, catalogue, strlen(catalogue), &changed,
					  &testbed->err) < 0)
		fail_msg("%s", testbed->err.text);
	if (units && units_import(testbed->db, units, strlen(units), &rows, &testbed->err) < 0)
		fail_msg("%s", testbed->err.text);
	assert_int_equal(reference_load(testbed->db, &after, &testbed->err), 0);
	const struct event_form form = { .who = "test",
					 .kind = "import",
					 .at_us = testbed_time(testbed) };
	if (ledger_follow(testbed->db, testbed->reference, after, form.at_us, &followed,
			  &testbed->err) < 0 ||
	    event_append(testbed->db, &form, NULL, &testbed->err) < 0)
		fail_msg("%s", testbed->err.text);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
	reference_close(after);
	testbed_refresh(testbed);
	return followed;
}

#define NEW_METRIC "new,x,x,x,flow,sum,sum,day,,0,0,commune,5,,\n"

static void labels_names_and_what_is_new_touch_nothing(void **state)
{
	struct fixture *f = *state;
	int64_t writes = sqlite3_total_changes64(f->testbed.db);
	assert_int_equal(
		imported(f,
			 CATALOGUE
			 "daily,a,b,c,stock,sum,mean,day,,0,0,commune,5,,\n"
			 "monthly,x,x,x,flow,sum,sum,month,k,0,0,commune,5,,9999\n" NEW_METRIC,
			 NULL)
			.office_days,
		1); /* a limit where there was none: the month is looked at */
	assert_int_equal(imported(f,
				  CATALOGUE "daily,d,e,f,flow,sum,sum,day,,0,0,commune,5,,\n"
					    "monthly,x,y,z,flow,sum,sum,month,k,0,0,commune,5,,\n",
				  NULL)
				 .office_days,
			 0);
	assert_int_equal(imported(f, NULL,
				  UNITS "C3,Xa 3,commune,P,2020-01-01,\n"
					"C4,Xa 4,commune,C3,2024-01-01,\n")
				 .office_days,
			 0);
	assert_int_equal(imported(f, NULL,
				  "code,name,level,parent,valid_from,valid_to\n"
				  "P,Other,province,,2020-01-01,\n"
				  "C1,Another,commune,P,2020-01-01,\n"
				  "C2,Xa 2,commune,P,2020-01-01,\n")
				 .office_days,
			 0);
	assert_true(sqlite3_total_changes64(f->testbed.db) - writes < 40); /* the import's own */
}

/* Days that came as they stand, as far as is known, and nothing of them since @us. */
static int64_t days_since(struct fixture *f, int64_t us)
{
	char sql[96];
	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM arrival WHERE last_us >= %lld",
		       (long long)us);
	return testbed_number(&f->testbed, sql);
}

static void what_is_changed_alone_is_touched(void **state)
{
	struct fixture *f = *state;
	int64_t since_us = civil_now_us();
	assert_int_equal(days_since(f, since_us), 0);
	struct followed followed = imported(
		f, CATALOGUE DAILY "monthly,x,x,x,flow,sum,sum,month,,0,0,commune,9,,\n", NULL);
	assert_int_equal(followed.office_days, 1);
	assert_int_equal(days_since(f, since_us), 1); /* before, it is told by the journal */
	followed = imported(f, NULL,
			    "code,name,level,parent,valid_from,valid_to\n"
			    "P,Tinh,province,,2020-01-01,\n"
			    "C1,Xa 1,commune,P,2020-01-01,2025-03-08\n"
			    "C2,Xa 2,commune,P,2020-01-01,\n");
	assert_int_equal(followed.office_days, 3); /* of a: from the 8th on it has no unit */
	assert_int_equal(followed.held, 3);
	followed = imported(
		f, CATALOGUE "daily,x,x,x,flow,sum,sum,day,,0,0,commune,5,,50\n" MONTHLY, NULL);
	assert_int_equal(followed.office_days, 20);
	assert_int_equal(followed.held, 10); /* of b */
}

/* What an order would cost is told in a moment: of very many days, some are looked at. */
static void what_it_costs_is_reckoned_from_some_days_where_there_are_very_many(void **state)
{
	struct fixture *f = *state;
	struct testbed *testbed = &f->testbed;
	struct steps_cost few = { 0 }, many = { 0 };
	struct reference *after = NULL;
	bool changed = false;
	static const char limited[] =
		CATALOGUE "daily,x,x,x,flow,sum,sum,day,,0,0,commune,5,,50\n" MONTHLY;
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	assert_int_equal(
		catalogue_import(testbed->db, limited, strlen(limited), &changed, &testbed->err),
		0);
	assert_int_equal(reference_load(testbed->db, &after, &testbed->err), 0);
	assert_int_equal(steps_weigh(testbed->db, testbed->reference, after, &few, &testbed->err),
			 0);
	assert_false(few.about);
	assert_int_equal(few.office_days, 20);
	assert_int_equal(db_exec(testbed->db,
				 "WITH RECURSIVE days(day) AS (VALUES(-20000) UNION ALL SELECT day "
				 "+ 1 FROM days WHERE day < 29999) INSERT OR REPLACE INTO strand"
				 "(day, office, entry, observations) SELECT day, o.id, 1, 3 FROM "
				 "days, (SELECT id FROM office WHERE code IN ('a', 'b')) o",
				 &testbed->err),
			 0);
	assert_int_equal(steps_weigh(testbed->db, testbed->reference, after, &many, &testbed->err),
			 0);
	assert_true(many.about);
	assert_int_equal(many.office_days, 100000);
	assert_int_equal(many.observations, 300000);
	/* three figures of each office and day, where there was one: taken out and put in */
	assert_int_equal(many.work, 100000 * (few.work / 20 + 2 * 2));
	reference_close(after);
	db_rollback(testbed->db);
}

/* How many of the offices' figures counted as known at @us. */
static int64_t counted(struct fixture *f, int64_t us)
{
	struct day_pages pages = { 0 };
	struct testbed *testbed = &f->testbed;
	int64_t n = 0;
	struct derive *derive =
		derive_open(testbed->db, testbed->reference, us, NULL, NULL, &testbed->err);
	assert_non_null(derive);
	for (int32_t day = 20148; day < 20158; day++)
		assert_int_equal(derive_day(derive, day, &pages, &testbed->err), 0);
	for (size_t i = 0; i < pages.n; i++) {
		struct page page;
		const struct day_page *made = &pages.list[i];
		assert_int_equal(page_load(made->key, made->data, made->len, &page, &testbed->err),
				 0);
		for (size_t k = 0; made->key.node > 0 && k < page.n; k++)
			n += (int64_t)page.entries[k].acc.n;
		page_free(&page);
	}
	derive_close(derive);
	day_pages_free(&pages);
	return n;
}

#define NARROW CATALOGUE "daily,x,x,x,flow,sum,sum,day,,0,0,commune,5,,50\n" MONTHLY

static void what_is_held_again_is_known_to_have_been_held_and_to_have_counted(void **state)
{
	struct fixture *f = *state;
	uint64_t released, kept;
	int64_t times[4];
	int64_t all = counted(f, times[0] = civil_now_us());
	assert_int_equal(imported(f, NARROW, NULL).held, 10); /* of b */
	times[1] = civil_now_us();
	(void)imported(f, CATALOGUE DAILY MONTHLY, NULL);
	const struct release_form form = { .who = "test", .at_us = civil_now_us() };
	testbed_order_release(&f->testbed, &form, &released, &kept);
	assert_int_equal(released, 10);
	times[2] = civil_now_us();
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM quarantine_past"), 0);
	assert_int_equal(imported(f, NARROW, NULL).held, 10);
	times[3] = civil_now_us();
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM quarantine_past"), 10);
	(void)imported(f, CATALOGUE DAILY MONTHLY, NULL); /* by which all may count */
	assert_int_equal(counted(f, times[0]), all);
	assert_int_equal(counted(f, times[1]), all - 10);
	assert_int_equal(counted(f, times[2]), all);
	assert_int_equal(counted(f, times[3]), all - 10);
}

static void a_page_that_cannot_be_read_makes_all_anew(void **state)
{
	struct fixture *f = *state;
	struct blob before, after;
	struct followed followed;
	testbed_rollups(&f->testbed, &before);
	testbed_exec(&f->testbed, "UPDATE rollup SET page = x'ff' WHERE node = 1 AND grain = 2");
	followed = imported(f, CATALOGUE "daily,x,x,x,flow,sum,sum,day,,0,0,commune,9,,\n" MONTHLY,
			    NULL);
	assert_true(followed.whole);
	assert_int_equal(followed.office_days, 20);
	followed = imported(f, CATALOGUE DAILY MONTHLY, NULL);
	assert_false(followed.whole);
	testbed_rollups(&f->testbed, &after);
	assert_same(&before, &after, "pages");
	blob_free(&before);
	blob_free(&after);
}

/* Verification finds nothing but the entry itself, and what it said: what is left out counts
 * nowhere. */
static void assert_only_the_entry_is_damaged(struct fixture *f)
{
	struct table *table = NULL;
	assert_true(testbed_verify(&f->testbed, &table) > 0);
	for (size_t row = 0; row < table_rows(table); row++)
		if (!strstr(testbed_cell(table, row, "where"), "entry 9") &&
		    strcmp(testbed_cell(table, row, "what"), "journal") != 0)
			fail_msg("%s, %s", testbed_cell(table, row, "what"),
				 testbed_cell(table, row, "where"));
	table_close(table);
}

static void damage_a_on_the_fifth(struct fixture *f)
{
	testbed_exec(&f->testbed,
		     "CREATE TABLE saved AS SELECT id, payload FROM journal WHERE office ="
		     " 1 AND day = 20152");
	testbed_exec(&f->testbed,
		     "UPDATE journal SET payload = x'00ff' WHERE id = (SELECT id FROM saved)");
	assert_int_equal(sqlite3_changes(f->testbed.db), 1);
}

static void mend_a(struct fixture *f)
{
	testbed_exec(&f->testbed,
		     "UPDATE journal SET payload = (SELECT payload FROM saved) WHERE id ="
		     " (SELECT id FROM saved)");
	testbed_exec(&f->testbed, "DROP TABLE saved");
}

static void what_cannot_be_judged_anew_is_left_out_and_waits_until_it_is_mended(void **state)
{
	struct fixture *f = *state;
	struct blob before, after;
	uint64_t released, kept;
	struct table *table = NULL;
	testbed_rollups(&f->testbed, &before);
	damage_a_on_the_fifth(f);
	struct followed followed = imported(
		f, CATALOGUE "daily,x,x,x,flow,sum,sum,day,,0,0,commune,5,,50\n" MONTHLY, NULL);
	assert_int_equal(followed.office_days, 20);
	assert_int_equal(followed.held, 10); /* of b */
	assert_int_equal(followed.damaged.n, 1);
	assert_string_equal(followed.damaged.code, "a");
	assert_int_equal(followed.damaged.day, 20152);
	assert_int_equal(testbed_number(&f->testbed,
					"SELECT count(*) FROM audit WHERE what = 'damaged day left"
					" out' AND detail LIKE 'office=a day=2025-03-05 cause=%'"),
			 1);
	assert_only_the_entry_is_damaged(f);
	assert_int_equal(
		testbed_number(&f->testbed, "SELECT count(*) FROM quarantine WHERE verdict = 9"),
		1);
	assert_int_equal(quarantine_list(f->testbed.db, f->testbed.reference, 99, NULL, &table,
					 &f->testbed.err),
			 0);
	assert_int_equal(table_rows(table), 11);
	assert_string_equal(testbed_cell(table, 6, "period"), "2025-03-05");
	assert_null(testbed_cell(table, 6, "metric"));
	table_close(table);

	followed = imported(f, CATALOGUE DAILY MONTHLY, NULL); /* and back again */
	const struct release_form all = { .who = "test", .at_us = INT64_C(1800000000000000) };
	testbed_order_release(&f->testbed, &all, &released, &kept);
	assert_int_equal(released, 10);
	mend_a(f);
	testbed_order_release(&f->testbed, &all, &released, &kept);
	assert_int_equal(released, 1);
	assert_int_equal(kept, 0);
	testbed_rollups(&f->testbed, &after);
	assert_same(&before, &after, "pages");
	blob_free(&before);
	blob_free(&after);
}

/* Whether figures were late is all that is new, so they may as well stay. */
static void what_need_not_be_judged_counts_on(void **state)
{
	struct fixture *f = *state;
	struct blob before, after;
	testbed_rollups(&f->testbed, &before);
	damage_a_on_the_fifth(f);
	struct followed followed = imported(
		f, CATALOGUE "daily,x,x,x,flow,sum,sum,day,,0,0,commune,9,,\n" MONTHLY, NULL);
	assert_int_equal(followed.damaged.n, 1);
	assert_int_equal(followed.held, 0);
	assert_false(followed.whole);
	followed = imported(f, CATALOGUE DAILY MONTHLY, NULL);
	assert_int_equal(followed.damaged.n, 1);
	testbed_rollups(&f->testbed, &after);
	assert_same(&before, &after, "pages");
	blob_free(&before);
	blob_free(&after);
}

/* A page is damaged besides, and all is made anew. */
static void beside_a_damaged_page_too(void **state)
{
	struct fixture *f = *state;
	damage_a_on_the_fifth(f);
	testbed_exec(&f->testbed, "UPDATE rollup SET page = x'ff' WHERE node = 2 AND grain = 2");
	struct followed followed = imported(
		f, CATALOGUE "daily,x,x,x,flow,sum,sum,day,,0,0,commune,9,,\n" MONTHLY, NULL);
	assert_true(followed.whole);
	assert_int_equal(followed.damaged.n, 1);
	assert_only_the_entry_is_damaged(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_follows_a_change_is_what_making_all_anew_gives),
		cmocka_unit_test(all_who_follow_their_units_at_once_are_moved_as_one_by_one),
		cmocka_unit_test_setup_teardown(labels_names_and_what_is_new_touch_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_changed_alone_is_touched, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_it_costs_is_reckoned_from_some_days_where_there_are_very_many, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			what_is_held_again_is_known_to_have_been_held_and_to_have_counted, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_page_that_cannot_be_read_makes_all_anew, setup,
						teardown),
		cmocka_unit_test(an_entry_that_cannot_be_read_costs_its_offices_day_alone),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_judged_anew_is_left_out_and_waits_until_it_is_mended, setup,
			teardown),
		cmocka_unit_test_setup_teardown(what_need_not_be_judged_counts_on, setup, teardown),
		cmocka_unit_test_setup_teardown(beside_a_damaged_page_too, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
