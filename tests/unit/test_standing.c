/* What an office is told of itself is what the journal, quarantine and closings say, read without
 * the index by office; and its version is another exactly when it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "common/model/verdict.h"
#include "journal/standing.h"
#include "registry/messages.h"
#include "support/seeds.h"
#include "support/testbed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\nD,d,commune,P,2020-01-01,\n"
#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"d,x,x,x,flow,sum,sum,day,,0,0,commune,1,,50\n"                                            \
	"e,x,x,x,flow,sum,sum,day,,0,0,commune,1,,50\n"                                            \
	"h,x,x,x,flow,sum,sum,hour,,0,0,commune,1,,50\n"
#define OFFICES 2u
#define DAY_1   20254 /* 2025-06-15 */
#define ACTS    25u

struct course {
	struct testbed testbed;
	struct testbed_spool spools[OFFICES];
	struct standing_reader *reader;
	struct arena *arena;
	int64_t now_us;
	int32_t today;
	uint64_t version[OFFICES];
	struct blob message[OFFICES]; /* packed, without its version */
	unsigned changed, same;
};

static void must(struct course *course, int rc)
{
	if (rc < 0)
		fail_msg("%s", course->testbed.err.text);
}

static int64_t tick(struct course *course)
{
	course->now_us += 60000000;
	testbed_acts_at(course->now_us);
	return course->now_us;
}

/* --- what happens --- */

static void send(struct course *course, struct dice *dice)
{
	struct testbed_spool *spool = &course->spools[dice_below(dice, OFFICES)];
	struct testbed_figure figures[] = {
		{ .metric = "d", .labels = "", .grain = GRAIN_DAY },
		{ .metric = "e", .labels = "", .grain = GRAIN_DAY },
		{ .metric = "h", .labels = "", .grain = GRAIN_HOUR, .nth = 5 },
		{ .metric = "h", .labels = "", .grain = GRAIN_HOUR, .nth = 6 },
		{ .metric = "h", .labels = "", .grain = GRAIN_HOUR, .nth = 9 },
		{ .metric = "zz", .labels = "", .grain = GRAIN_DAY },
	};
	size_t from = dice_below(dice, 5), n = 1 + dice_below(dice, 6 - from);
	struct testbed_batch batch;
	for (size_t i = 0; i < 6; i++)
		figures[i].value_e = dice_between(dice, 0, 80);
	testbed_seal(spool, DAY_1 + (int32_t)dice_below(dice, 3), &figures[from], n, tick(course),
		     &batch);
	testbed_commit(&course->testbed, &batch, 1);
	blob_free(&batch.payload);
}

static void close_one(struct course *course, struct dice *dice)
{
	static const char *const periods[] = { "2025-06-15", "2025-06-16", "2025-05" };
	struct closing_form form = { .period = periods[dice_below(dice, 3)],
				     .metric = dice_below(dice, 2) ? "d" : NULL,
				     .who = "test",
				     .at_us = tick(course) };
	(void)testbed_order_closing(&course->testbed, dice_below(dice, 2), &form); /* or refused */
}

static void release(struct course *course, struct dice *dice)
{
	struct release_form form = { .office = dice_below(dice, 2) ? "o0" : "o1",
				     .closed = dice_below(dice, 2),
				     .who = "test",
				     .at_us = tick(course) };
	uint64_t released, kept;
	if (dice_below(dice, 2)) /* the cause is mended */
		(void)testbed_order_import(&course->testbed, "catalogue",
					   METRICS
					   "zz,x,x,x,flow,sum,sum,day,,0,0,commune,1,,50\n");
	testbed_order_release(&course->testbed, &form, &released, &kept);
}

static void tell(struct course *course, struct dice *dice)
{
	static const char *const offices[] = { "o0", "o1", NULL };
	struct testbed *testbed = &course->testbed;
	const char *office = offices[dice_below(dice, 3)];
	bool figure = office && dice_below(dice, 2);
	const struct message_form form = { .office = office,
					   .text = "Xin xem lại số liệu này",
					   .metric = figure ? "d" : NULL,
					   .period = figure ? "2025-06-15" : NULL,
					   .labels = "",
					   .who = "test" };
	(void)tick(course);
	testbed_refresh(testbed);
	must(course, db_begin(testbed->db, &testbed->err));
	must(course, message_add(testbed->db, testbed->reference, &form, &testbed->err));
	must(course, db_commit(testbed->db, &testbed->err));
}

/* Office o0 alone says that something was read, of what it was told or not. */
static void mark_read(struct course *course, struct dice *dice)
{
	struct testbed *testbed = &course->testbed;
	const uint64_t id = 1 + dice_below(dice, 6);
	must(course, db_begin(testbed->db, &testbed->err));
	must(course, messages_read(testbed->db, course->spools[0].office, &id, 1, tick(course),
				   &testbed->err));
	must(course, db_commit(testbed->db, &testbed->err));
}

static void act(struct course *course, struct dice *dice)
{
	switch (dice_below(dice, 10)) {
	case 0:
		close_one(course, dice);
		break;
	case 1:
		release(course, dice);
		break;
	case 2:
		(void)tick(course);
		(void)testbed_order_move(&course->testbed, "o1", dice_below(dice, 2) ? "C" : "D",
					 DAY_1 - 100);
		break;
	case 3: /* nothing */
		break;
	case 4:
		tell(course, dice);
		break;
	case 5:
		mark_read(course, dice);
		break;
	default:
		send(course, dice);
	}
}

/* --- what is told --- */

/* Of all rows that wait or were released, the sum of observations and of a number of each. */
static int64_t sum_of(struct course *course, size_t office, const char *sql)
{
	char text[700];
	(void)snprintf(text, sizeof(text),
		       "SELECT coalesce(sum(q.observations * (j.seq * 16 + q.verdict)), 0)"
		       " FROM quarantine q JOIN journal j ON j.id = q.journal WHERE j.office = %lld"
		       " AND %s",
		       (long long)course->spools[office].office, sql);
	return testbed_number(&course->testbed, text);
}

static int64_t sum_told(Lantoa__V1__Waiting *const list[], size_t n, uint64_t spool_id)
{
	int64_t sum = 0;
	for (size_t i = 0; i < n; i++) {
		int verdict = 0;
		while (strcmp(verdict_text((enum verdict)verdict), list[i]->reason) != 0)
			verdict++;
		assert_true(list[i]->spool_id == spool_id);
		assert_true(list[i]->at_us > 0);
		sum += list[i]->observations * ((int64_t)list[i]->seq * 16 + verdict);
	}
	return sum;
}

/* The series of what waits are those that the batch has: 'zz' is the one that nobody knows. */
static void series_are_right(const struct testbed_spool *spool, const Lantoa__V1__Waiting *row)
{
	assert_true(row->series < spool->n);
	bool unknown = strcmp(row->reason, verdict_text(VERDICT_UNKNOWN_METRIC)) == 0;
	assert_true(!unknown || strcmp(spool->series[row->series].metric, "zz") == 0);
}

static void messages_are_right(struct course *course, size_t office,
			       const Lantoa__V1__Standing *message)
{
	char sql[160];
	int64_t id = course->spools[office].office, n_read = 0;
	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM message WHERE office IN (0, %lld)",
		       (long long)id);
	assert_int_equal(message->n_message, testbed_number(&course->testbed, sql));
	for (size_t i = 0; i < message->n_message; i++) {
		assert_true(i == 0 || message->message[i]->id > message->message[i - 1]->id);
		assert_string_equal(message->message[i]->text, "Xin xem lại số liệu này");
		n_read += message->message[i]->read;
	}
	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM message_read WHERE office = %lld",
		       (long long)id);
	assert_int_equal(n_read, testbed_number(&course->testbed, sql));
	assert_true(office == 0 || n_read == 0);
}

static void look(struct course *course, size_t office)
{
	struct testbed *testbed = &course->testbed;
	const struct testbed_spool *spool = &course->spools[office];
	struct standing *standing = malloc(sizeof(*standing));
	Lantoa__V1__Standing *message = NULL;
	struct blob packed = { 0 };
	assert_non_null(standing);
	arena_reset(course->arena);
	testbed_refresh(testbed);
	must(course, standing_read(course->reader, testbed->reference, spool->office, course->today,
				   standing, &testbed->err));
	must(course, standing_tell(course->reader, testbed->reference, spool->office, standing,
				   course->arena, &message, &testbed->err));
	assert_true(message->version == standing->version && message->version != 0);
	assert_int_equal(sum_told(message->waiting, message->n_waiting, spool->id),
			 sum_of(course, office, "q.released_us IS NULL"));
	assert_int_equal(sum_told(message->released, message->n_released, spool->id),
			 sum_of(course, office, "q.released_us IS NOT NULL"));
	assert_true(message->waiting_more == 0 && message->released_more == 0);
	for (size_t i = 0; i < message->n_waiting; i++)
		series_are_right(spool, message->waiting[i]);
	assert_int_equal(message->n_closing,
			 testbed_number(testbed, "SELECT count(*) FROM closing"));
	messages_are_right(course, office, message);
	message->version = 0;
	assert_int_equal(blob_reserve(&packed, lantoa__v1__standing__get_packed_size(message)), 0);
	packed.len = lantoa__v1__standing__pack(message, packed.data);
	bool same = packed.len == course->message[office].len &&
		    memcmp(packed.data, course->message[office].data, packed.len) == 0;
	if (course->version[office] != 0)
		assert_int_equal(same, standing->version == course->version[office]);
	course->same += same;
	course->changed += !same;
	course->version[office] = standing->version;
	blob_free(&course->message[office]);
	course->message[office] = packed;
	free(standing);
}

static void any_history(struct dice *dice, void *context)
{
	unsigned *seen = context;
	struct course course = { .today = DAY_1 + 20 };
	testbed_open(&course.testbed, UNITS, METRICS, NULL, false);
	course.now_us = civil_day_start_us(course.today);
	course.arena = arena_open(WIRE_ARENA_MAX);
	course.reader = standing_reader_open(course.testbed.db, &course.testbed.err);
	assert_non_null(course.reader);
	for (size_t i = 0; i < OFFICES; i++)
		course.spools[i] = (struct testbed_spool){
			.id = 70 + i,
			.office = testbed_office(&course.testbed, i ? "o1" : "o0", "C", DAY_1 - 300)
		};
	testbed_refresh(&course.testbed);
	for (unsigned i = 0; i < ACTS; i++) {
		act(&course, dice);
		for (size_t k = 0; k < OFFICES; k++)
			look(&course, k);
	}
	struct table *differences;
	assert_int_equal(testbed_verify(&course.testbed, &differences), 0);
	table_close(differences);
	seen[0] += course.changed;
	seen[1] += course.same;
	for (size_t i = 0; i < OFFICES; i++)
		blob_free(&course.message[i]);
	standing_reader_close(course.reader);
	arena_close(course.arena);
	testbed_close(&course.testbed);
}

static void what_is_told_is_what_is_so_after_any_history(void **state)
{
	unsigned seen[2] = { 0 };
	(void)state;
	for_all_seeds(20, any_history, seen);
	if (!seeds_given())
		assert_true(seen[0] > 200 && seen[1] > 200);
}

/* I10: as much as fits a frame is told, and of the rest how much it is. */
static void what_is_more_is_counted(void **state)
{
	enum { BATCHES = 300 };
	struct course course = { .today = DAY_1 + 20 };
	struct testbed *testbed = &course.testbed;
	Lantoa__V1__Standing *message = NULL;
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	struct blob packed = { 0 };
	uint64_t released, kept;
	(void)state;
	testbed_open(testbed, UNITS, METRICS, NULL, false);
	course.now_us = civil_day_start_us(course.today);
	struct testbed_spool spool = { .id = 7,
				       .office = testbed_office(testbed, "o", "C", DAY_1 - 300) };
	testbed_refresh(testbed);
	for (int i = 0; i < BATCHES; i++) {
		struct testbed_figure figures[] = {
			{ .metric = "h",
			  .labels = "",
			  .grain = GRAIN_HOUR,
			  .nth = 1,
			  .value_e = 90 },
			{ .metric = "h",
			  .labels = "",
			  .grain = GRAIN_HOUR,
			  .nth = 2,
			  .value_e = 90 },
		};
		struct testbed_batch batch;
		testbed_seal(&spool, DAY_1 - i % 200, figures, 2, tick(&course), &batch);
		testbed_commit(testbed, &batch, 1);
		blob_free(&batch.payload);
	}
	course.arena = arena_open(WIRE_ARENA_MAX);
	course.reader = standing_reader_open(testbed->db, &testbed->err);
	struct standing *standing = malloc(sizeof(*standing));
	for (int turn = 0; turn < 2; turn++) {
		testbed_refresh(testbed);
		arena_reset(course.arena);
		must(&course, standing_read(course.reader, testbed->reference, spool.office,
					    course.today, standing, &testbed->err));
		must(&course, standing_tell(course.reader, testbed->reference, spool.office,
					    standing, course.arena, &message, &testbed->err));
		size_t n = turn == 0 ? message->n_waiting : message->n_released;
		uint64_t more = turn == 0 ? message->waiting_more : message->released_more;
		assert_int_equal(n, WIRE_WAITING_MAX);
		assert_true(more == 2 * (BATCHES - WIRE_WAITING_MAX));
		if (turn == 0) { /* the newest are those that are told */
			assert_true(message->waiting[0]->seq == BATCHES);
			assert_int_equal(message->waiting[0]->observations, 2);
		}
		frame.kind_case = LANTOA__V1__FRAME__KIND_STANDING;
		frame.standing = message;
		packed.len = 0;
		must(&course, wire_frame_pack(&frame, &packed, &testbed->err));
		if (turn == 0) {
			const struct release_form form = { .office = "o",
							   .who = "test",
							   .at_us = tick(&course) };
			assert_int_equal(testbed_order_import(testbed, "catalogue",
							      "name,label_vi,label_en,unit,kind,"
							      "time_agg,area_agg,period,dimensions,"
							      "decimals,carry,level,due_days,min,"
							      "max\nh,x,x,x,flow,sum,sum,hour,,0,0,"
							      "commune,1,,\n"),
					 0);
			testbed_order_release(testbed, &form, &released, &kept);
			assert_int_equal(kept, 0);
		}
	}
	blob_free(&packed);
	free(standing);
	standing_reader_close(course.reader);
	arena_close(course.arena);
	testbed_close(testbed);
}

static void what_may_not_be_told_is_refused_with_a_reason(void **state)
{
	static char many[MESSAGE_CHARACTERS_MAX * 3 + 8];
	static const struct {
		const char *office, *text, *metric, *period, *labels, *why;
		int rc;
	} cases[] = {
		{ "o", "Xin chào", NULL, NULL, "", "", 0 },
		{ NULL, "Xin chào", NULL, NULL, "", "", 0 },
		{ "o", many, NULL, NULL, "", "", 0 },
		{ "o", many + 1, NULL, NULL, "", "one paragraph", -EINVAL }, /* half a letter */
		{ "nobody", "x", NULL, NULL, "", "no office 'nobody'", -ENOENT },
		{ "o", "   ", NULL, NULL, "", "says nothing", -EINVAL },
		{ "o", "a\nb", NULL, NULL, "", "no line breaks", -EINVAL },
		{ "o", "x", "d", NULL, "", "needs its office, metric and period", -EINVAL },
		{ "o", "x", NULL, "2025-06-15", "", "needs its office", -EINVAL },
		{ "o", "x", NULL, NULL, "a=b", "needs its office", -EINVAL },
		{ NULL, "x", "d", "2025-06-15", "", "needs its office", -EINVAL },
		{ "o", "x", "nothing", "2025-06-15", "", "no metric 'nothing'", -EINVAL },
		{ "o", "x", "d", "2025-06", "", "d: ", -EINVAL },
		{ "o", "x", "d", "2025-06-15", "a=b", "d: ", -EINVAL },
		{ "o", "x", "d", "2025-06-15", "", "", 0 },
	};
	struct testbed testbed;
	(void)state;
	for (size_t i = 0; i < MESSAGE_CHARACTERS_MAX; i++)
		memcpy(many + 3 * i, "ễ", 3);
	testbed_open(&testbed, UNITS, METRICS, NULL, false);
	(void)testbed_office(&testbed, "o", "C", DAY_1);
	testbed_refresh(&testbed);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct message_form form = { .office = cases[i].office,
						   .text = cases[i].text,
						   .metric = cases[i].metric,
						   .period = cases[i].period,
						   .labels = cases[i].labels,
						   .who = "test" };
		assert_int_equal(db_begin(testbed.db, &testbed.err), 0);
		int rc = message_add(testbed.db, testbed.reference, &form, &testbed.err);
		if (rc != cases[i].rc || (rc < 0 && !strstr(testbed.err.text, cases[i].why)))
			fail_msg("case %zu: %d %s", i, rc, testbed.err.text);
		db_rollback(testbed.db);
	}
	memcpy(many + 3 * (size_t)MESSAGE_CHARACTERS_MAX, "x", 2); /* one too many */
	const struct message_form form = { .text = many, .labels = "", .who = "test" };
	assert_int_equal(message_add(testbed.db, testbed.reference, &form, &testbed.err), -EINVAL);
	assert_non_null(strstr(testbed.err.text, "1001 characters"));
	testbed_close(&testbed);
}

/* I13. By the code its page finds the field; of before the list, by what was reported. */
static void a_label_is_told_as_the_office_records_it(void **state)
{
	static const struct {
		const char *labels, *told; /* NULL: refused */
	} cases[] = {
		{ "sector=land", "sector=land" }, { "sector=Đất đai", "sector=land" },
		{ "sector=SEA", NULL },           { "sector=lnd", NULL },
		{ "sector=sea", "sector=sea" },   { "topic=a  b", "topic=a b" },
	};
	struct testbed testbed;
	struct testbed_spool spool = { .id = 7 };
	struct table *table = NULL;
	(void)state;
	testbed_open(&testbed, UNITS,
		     METRICS "s,x,x,x,flow,sum,sum,day,sector;topic,0,0,commune,1,,50\n", NULL,
		     false);
	spool.office = testbed_office(&testbed, "o", "C", DAY_1);
	testbed_refresh(&testbed);
	testbed_record(&testbed, &spool, "s", "sector=sea", "2025-06-15", 1, 0);
	assert_int_equal(testbed_order_import(&testbed, "dimensions",
					      "dimension,code,label_vi,label_en,valid_from,"
					      "valid_to\nsector,land,Đất đai,Land,,\n"),
			 0);
	testbed_refresh(&testbed);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct message_form form = { .office = "o",
						   .text = "x",
						   .metric = "s",
						   .period = "2025-06-15",
						   .labels = cases[i].labels,
						   .who = "test" };
		assert_int_equal(db_begin(testbed.db, &testbed.err), 0);
		int rc = message_add(testbed.db, testbed.reference, &form, &testbed.err);
		assert_int_equal(rc, cases[i].told ? 0 : -EINVAL);
		if (!cases[i].told) {
			assert_non_null(strcasestr(testbed.err.text, "land"));
		} else {
			assert_int_equal(messages_list(testbed.db, testbed.reference, "o", 1, 0,
						       &table, &testbed.err),
					 0);
			assert_string_equal(testbed_cell(table, 0, "labels"), cases[i].told);
			int64_t n = 0; /* the audit says what was told */
			assert_int_equal(db_number(testbed.db,
						   "SELECT count(*) FROM event WHERE kind = "
						   "'office tell' AND detail LIKE '%text=\"x\"'",
						   &n, &testbed.err),
					 0);
			assert_int_equal(n, 1);
			table_close(table);
		}
		db_rollback(testbed.db);
	}
	testbed_close(&testbed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_is_what_is_so_after_any_history),
		cmocka_unit_test(what_is_more_is_counted),
		cmocka_unit_test(what_may_not_be_told_is_refused_with_a_reason),
		cmocka_unit_test(a_label_is_told_as_the_office_records_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
