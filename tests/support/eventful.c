#include "support/eventful.h"

#include "common/model/civil.h"
#include "journal/quarantine.h"
#include "ledger/change.h"
#include "registry/maps.h"
#include "registry/messages.h"
#include "registry/office_keys.h"
#include "registry/publications.h"
#include "registry/tokens.h"
#include "rollup/rebuild.h"
#include "schema/account.h"
#include "schema/event.h"
#include "support/tampering.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\n"                                             \
	"P,Tinh,province,,2020-01-01,\n"                                                           \
	"D,Huyen,district,P,2020-01-01,\n"                                                         \
	"C1,Xa 1,commune,D,2020-01-01,\n"                                                          \
	"C2,Xa 2,commune,D,2020-01-01,2025-06-16\n"                                                \
	"C3,Xa 3,commune,D,2025-06-16,\n"
#define SUCCESSORS "effective_on,old_code,new_code,share\n2025-06-16,C2,C3,1\n"
#define CATALOGUE(max_of_d)                                                                        \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"d,x,x,x,flow,sum,sum,day,sector,0,0,commune,1,0," max_of_d "\n"                           \
	"h,x,x,x,flow,sum,sum,hour,,0,0,commune,1,0,100\n"                                         \
	"l,x,x,x,stock,last,sum,month,,1,2,commune,5,,\n"
#define DIMENSIONS "dimension,code,label_vi,label_en,valid_from,valid_to\nsector,land,Đất,Land,,\n"
#define DAYS_OFF                                                                                   \
	"from,to,kind,name_vi,name_en\n2025-01-01,,weekend,Cuối tuần,Weekends\n"               \
	"2025-06-23,2025-06-24,off,Nghỉ lễ,Holidays\n2025-06-28,,work,Làm bù,Worked\n"
#define RULES "name,left,op,right,severity,label_vi,label_en,from\nr,2 * d,<=,d + 9,warn,,,\n"
#define INDICATORS                                                                                 \
	"name,label_vi,label_en,formula,unit,target_year,target_value\n"                           \
	"i,I,I,d / l,%,2025,5\n"

struct course {
	struct testbed *testbed;
	struct testbed_spool a, b, c, copy; /* offices' spools; copy: of c's machine, set back */
	int64_t now_us;
};

static void must(const struct course *course, int rc, const char *what)
{
	if (rc < 0)
		fail_msg("%s: %d %s", what, rc, course->testbed->err.text);
}

/* --- time --- */

static int32_t day_of(const char *text)
{
	int32_t day = 0;
	assert_int_equal(day_parse(text, &day, &(struct err){ 0 }), 0);
	return day;
}

/* What follows happens then, one after the other. */
static int64_t tick(struct course *course)
{
	course->now_us += 60000000;
	testbed_acts_at(course->now_us);
	return course->now_us;
}

static void morning_of(struct course *course, const char *day)
{
	course->now_us = civil_day_start_us(day_of(day)) + INT64_C(8) * 3600 * 1000000;
	(void)tick(course);
}

/* --- what offices send --- */

static void send(struct course *course, struct testbed_spool *spool, const char *day,
		 struct testbed_figure figures[], size_t n)
{
	struct testbed_batch batch;
	testbed_seal(spool, day_of(day), figures, n, tick(course), &batch);
	testbed_commit(course->testbed, &batch, 1);
	blob_free(&batch.payload);
	(void)tick(course);
}

static void send_day(struct course *course, struct testbed_spool *spool, const char *day,
		     int64_t value)
{
	struct testbed_figure figures[] = {
		{ .metric = "d", .labels = "", .grain = GRAIN_DAY, .value_e = value },
		{ .metric = "d", .labels = "sector=land", .grain = GRAIN_DAY, .value_e = 1 },
	};
	send(course, spool, day, figures, 2);
}

static void send_hours(struct course *course, struct testbed_spool *spool, const char *day,
		       int64_t at_ten)
{
	struct testbed_figure hours[] = {
		{ .metric = "h", .labels = "", .grain = GRAIN_HOUR, .nth = 9, .value_e = 9 },
		{ .metric = "h", .labels = "", .grain = GRAIN_HOUR, .nth = 10, .value_e = at_ten },
		{ .metric = "h", .labels = "", .grain = GRAIN_HOUR, .nth = 11, .value_e = 11 },
	};
	send(course, spool, day, hours, 3);
}

static void send_month(struct course *course, struct testbed_spool *spool, const char *day,
		       int64_t value_e, bool withdrawn)
{
	struct testbed_figure month = { .metric = "l",
					.labels = "",
					.grain = GRAIN_MONTH,
					.decimals = 1,
					.withdrawn = withdrawn,
					.value_e = withdrawn ? 0 : value_e };
	send(course, spool, day, &month, 1);
}

/* Each figure is held for a reason of its own. */
static void send_wrong(struct course *course, struct testbed_spool *spool, const char *day)
{
	struct testbed_figure wrong[] = {
		{ .metric = "zz", .labels = "", .grain = GRAIN_DAY, .value_e = 1 },
		{ .metric = "d", .labels = "", .grain = GRAIN_HOUR, .nth = 5, .value_e = 1 },
		{ .metric = "d", .labels = "x=1", .grain = GRAIN_DAY, .value_e = 1 },
		{ .metric = "d",
		  .labels = "sector=sea",
		  .grain = GRAIN_DAY,
		  .decimals = 2,
		  .value_e = 101 },
		{ .metric = "d", .labels = "sector=air", .grain = GRAIN_DAY, .value_e = 5000 },
		{ .metric = "d", .labels = "sector=fire", .grain = GRAIN_DAY, .value_e = 1 },
	};
	send(course, spool, day, wrong, sizeof(wrong) / sizeof(wrong[0]));
}

/* --- what operators order --- */

static void import(struct course *course, const char *what, const char *csv)
{
	(void)tick(course);
	must(course, testbed_order_import(course->testbed, what, csv), what);
}

static void rename_office(struct course *course, const char *code, const char *name)
{
	(void)tick(course);
	assert_true(testbed_order_rename(course->testbed, code, name));
}

static void close_period(struct course *course, const char *period, const char *metric, bool reopen)
{
	const struct closing_form form = {
		.period = period, .metric = metric, .who = "test", .at_us = tick(course)
	};
	must(course, testbed_order_closing(course->testbed, reopen, &form), period);
}

static uint64_t release(struct course *course, const char *office, bool closed)
{
	const struct release_form form = {
		.office = office, .closed = closed, .who = "test", .at_us = tick(course)
	};
	uint64_t released, kept;
	testbed_order_release(course->testbed, &form, &released, &kept);
	return released;
}

static void keys(struct course *course)
{
	struct testbed *testbed = course->testbed;
	struct err *err = &testbed->err;
	struct listed_key key;
	uint8_t secret[KEY_LEN];
	const uint8_t own[KEY_LEN] = { 9 };
	size_t revoked = 0;
	must(course, db_begin(testbed->db, err), "keys");
	must(course, office_invite(testbed->db, "a", 7, "test", &key, secret, err), "invite a");
	must(course, office_enrol(testbed->db, key.id, own, &key, err), "enrol a");
	must(course, office_invite(testbed->db, "b", 7, "test", &key, secret, err), "invite b");
	must(course, office_revoke(testbed->db, "b", "test", &revoked, err), "revoke b");
	must(course, office_invite(testbed->db, "c", 7, "test", &key, secret, err), "invite c");
	must(course, db_commit(testbed->db, err), "keys");
}

static void publish(struct course *course, const char *name, const char *structure)
{
	struct testbed *testbed = course->testbed;
	const struct publish_form form = {
		.name = name, .period = "2025-05", .structure = structure, .who = "test"
	};
	char head[HEAD_TEXT_MAX];
	(void)tick(course);
	must(course, db_begin(testbed->db, &testbed->err), name);
	must(course, publication_add(testbed->db, &form, head, &testbed->err), name);
	must(course, db_commit(testbed->db, &testbed->err), name);
}

static void tell(struct course *course, const char *office, const char *metric)
{
	struct testbed *testbed = course->testbed;
	const struct message_form form = { .office = office,
					   .text = "Xin xem lại",
					   .metric = metric,
					   .period = metric ? "2025-06-02" : NULL,
					   .labels = "",
					   .who = "test" };
	const uint64_t ids[] = { 1, 2, 3 };
	(void)tick(course);
	must(course, db_begin(testbed->db, &testbed->err), "tell");
	must(course, message_add(testbed->db, testbed->reference, &form, &testbed->err), "tell");
	must(course, messages_read(testbed->db, 1, ids, 3, course->now_us, &testbed->err), "read");
	must(course, db_commit(testbed->db, &testbed->err), "tell");
}

static void tokens(struct course *course)
{
	struct testbed *testbed = course->testbed;
	struct err *err = &testbed->err;
	const struct token_form forms[] = {
		{ .name = "scraper", .role = "viewer", .expires = "never", .who = "test" },
		{ .name = "desk", .role = "clerk", .office = "a", .who = "test" },
		{ .name = "lost", .role = "admin", .expires = "12h", .who = "test" },
	};
	char text[TOKEN_TEXT_MAX];
	struct token_list list = { 0 };
	size_t damaged = 0;
	int64_t until_us;
	(void)tick(course);
	must(course, db_begin(testbed->db, err), "tokens");
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		must(course,
		     token_add(testbed->db, testbed->reference->offices, &forms[i], course->now_us,
			       text, &until_us, err),
		     "token");
	must(course, token_revoke(testbed->db, "lost", "test", err), "revoke a token");
	must(course, tokens_read(testbed->db, &list, &damaged, err), "tokens");
	token_list_use(&list, list.list[0].id, course->now_us);
	must(course, tokens_keep(testbed->db, &list, err), "last use");
	token_list_free(&list);
	must(course, db_commit(testbed->db, err), "tokens");
}

static void excuses(struct course *course)
{
	struct excuse_form form = { .office = "a",
				    .form = "hour",
				    .period = "2025-06-20",
				    .until = "2025-06-24",
				    .reason = "Mất điện do bão",
				    .who = "test" };
	int64_t id = 0;
	(void)tick(course);
	must(course, testbed_order_excuse(course->testbed, &form, &id), "excuse");
	form.form = NULL;
	form.metric = "l";
	form.period = form.until = "2025-06";
	(void)tick(course);
	must(course, testbed_order_excuse(course->testbed, &form, &id), "excuse");
	(void)tick(course);
	must(course, testbed_order_excuse_end(course->testbed, id), "excuse end");
}

static void record(struct course *course, const char *metric, const char *value, const char *period)
{
	const struct hand_words words = { metric, value };
	const struct hand_form form = {
		.office = "a",
		.common = { .period = period, .labels = "", .note = "by telephone", .who = "test" },
		.figures = &words,
		.n = 1
	};
	(void)tick(course);
	must(course, testbed_order_hand(course->testbed, &form, NULL), "record");
}

static void backup_note(struct course *course)
{
	const struct event_form form = {
		.who = "test", .kind = "backup", .detail = "to=there", .at_us = tick(course)
	};
	must(course, event_append(course->testbed->db, &form, NULL, &course->testbed->err),
	     "backup");
}

static void draw_map(struct course *course)
{
	struct testbed *testbed = course->testbed;
	struct err *err = &testbed->err;
	struct map map = { .kind = MAP_TILES,
			   .valid_from = 20255,
			   .level = strdup("commune"),
			   .width = 2,
			   .height = 1,
			   .frame = strdup("") };
	static const char cells[] = "C1 0 0\nC3 1 0\n";
	const struct event_form form = { .who = "test",
					 .kind = "map import",
					 .at_us = tick(course) };
	bool changed = false;
	must(course, map_cells_read(&map, cells, strlen(cells), err), "map");
	must(course, db_begin(testbed->db, err), "map");
	must(course, map_put(testbed->db, &map, &changed, err), "map");
	must(course, event_append(testbed->db, &form, NULL, err), "map");
	must(course, db_commit(testbed->db, err), "map");
	map_free(&map);
}

/* --- a change in steps --- */

static void change_order(struct course *course, const struct change_form *form)
{
	struct testbed *testbed = course->testbed;
	const struct steps_cost cost = { .office_days = 1, .observations = 1, .work = 1 };
	int64_t id;
	(void)tick(course);
	must(course, db_begin(testbed->db, &testbed->err), "change");
	must(course, change_begin(testbed->db, form, &cost, &id, &testbed->err), "change");
	must(course, db_commit(testbed->db, &testbed->err), "change");
}

static int change_go_on(struct course *course, struct change *change)
{
	struct testbed *testbed = course->testbed;
	(void)tick(course);
	must(course, db_begin(testbed->db, &testbed->err), "step");
	int rc = change_step(change, testbed->db, testbed->reference, 1, 0, &testbed->err);
	must(course, rc, "step");
	must(course, db_commit(testbed->db, &testbed->err), "step");
	testbed_refresh(testbed);
	return rc;
}

static bool are_there(struct course *course, const char *table)
{
	char sql[64];
	(void)snprintf(sql, sizeof(sql), "SELECT EXISTS(SELECT 1 FROM %s)", table);
	return testbed_number(course->testbed, sql) != 0;
}

/* Step by step until there is something in all tables that a change under way has. */
static void change_into(struct course *course, enum eventful_stage stage)
{
	static const char narrower[] = CATALOGUE("60");
	const struct change_form form = { .kind = CHANGE_CATALOGUE,
					  .who = "test",
					  .note = "narrower",
					  .body = narrower,
					  .len = sizeof(narrower) - 1 };
	struct change *change = change_open();
	struct change_state now = { 0 };
	struct err *err = &course->testbed->err;
	assert_non_null(change);
	change_order(course, &form);
	while (change_go_on(course, change) == 1 &&
	       !(are_there(course, "rollup_next") && are_there(course, "quarantine_next")))
		;
	if (stage == EVENTFUL_DERIVING)
		send_day(course, &course->a, "2025-06-02", 59);
	while (stage == EVENTFUL_SETTLING && now.stage != CHANGE_SETTLING) {
		assert_int_equal(change_go_on(course, change), 1);
		must(course, change_read(course->testbed->db, &now, err), "stage");
	}
	assert_true(are_there(course, "rollup_next"));
	change_close(change);
}

/* Until some is judged, and some is still to be. */
static void release_into(struct course *course)
{
	const struct change_form form = { .kind = CHANGE_RELEASE,
					  .who = "test",
					  .release = { .closed = true } };
	struct change *change = change_open();
	assert_non_null(change);
	change_order(course, &form);
	while (!are_there(course, "release_entry") || !are_there(course, "release_count"))
		assert_int_equal(change_go_on(course, change), 1);
	change_close(change);
}

static void change_through(struct course *course)
{
	const struct change_form form = { .kind = CHANGE_MOVE,
					  .who = "test",
					  .office = "c",
					  .unit = "C3",
					  .from = day_of("2025-06-20") };
	struct change *change = change_open();
	assert_non_null(change);
	change_order(course, &form);
	while (change_go_on(course, change) == 1)
		;
	change_close(change);
}

/* --- all of it --- */

static void begin(struct course *course)
{
	struct testbed *testbed = course->testbed;
	int32_t since = day_of("2025-01-01");
	testbed_open(testbed, UNITS, CATALOGUE("1000"), INDICATORS, false);
	/* whoever opens a store for the first time makes its pages, of which there are none */
	must(course, rebuild_store(testbed->db, &testbed->err), "rebuild");
	morning_of(course, "2025-05-01");
	course->a = (struct testbed_spool){ .id = 11 };
	course->b = (struct testbed_spool){ .id = 22 };
	course->c = (struct testbed_spool){ .id = 33 };
	course->a.office = testbed_office(testbed, "a", "C1", since);
	(void)tick(course);
	course->b.office = testbed_office(testbed, "b", "C2", since);
	(void)tick(course);
	course->c.office = testbed_office(testbed, "c", "C1", since);
	testbed_refresh(testbed);
	import(course, "successors", SUCCESSORS);
	import(course, "dimensions", DIMENSIONS);
	import(course, "rules", RULES);
	import(course, "calendar", DAYS_OFF);
	(void)tick(course);
	keys(course);
}

static void figures_of_may(struct course *course)
{
	morning_of(course, "2025-05-21");
	send_day(course, &course->a, "2025-05-20", 10);
	send_day(course, &course->b, "2025-05-20", 20);
	send_hours(course, &course->c, "2025-05-20", 10);
	morning_of(course, "2025-06-01");
	send_month(course, &course->a, "2025-05-01", 105, false);
	send_month(course, &course->b, "2025-05-01", 55, false);
	close_period(course, "2025-05", NULL, false);
	close_period(course, "2025-04", "d", false);
	close_period(course, "2025-04", "d", true);
	close_period(course, "2025-Q1", "h", false);
	send_day(course, &course->c, "2025-05-22", 30); /* too late: it waits, and is let in */
	assert_int_equal(release(course, "c", true), 2);
	send_day(course, &course->c, "2025-05-23", 31); /* and this one waits on */
	publish(course, "May, first", NULL);
}

/* Out of range, let in when the range is wider, and held again when it is narrower. */
static void held_and_held_again(struct course *course)
{
	send_day(course, &course->b, "2025-06-03", 5000);
	import(course, "catalogue", CATALOGUE("10000"));
	assert_true(release(course, "b", false) > 0);
	import(course, "catalogue", CATALOGUE("1000"));
	assert_true(are_there(course, "quarantine_past"));
}

static void figures_of_june(struct course *course)
{
	struct testbed *testbed = course->testbed;
	morning_of(course, "2025-06-04");
	send_day(course, &course->a, "2025-06-02", 100);
	send_day(course, &course->a, "2025-06-02", 101); /* a correction */
	held_and_held_again(course);
	send_wrong(course, &course->a, "2025-06-03");
	send_hours(course, &course->a, "2025-06-03", 1000);    /* one of three */
	send_day(course, &course->b, "2025-08-01", 1);         /* the future */
	send_month(course, &course->b, "2025-05-01", 0, true); /* taken back: closed */
	morning_of(course, "2025-06-18");
	send_day(course, &course->b, "2025-06-17", 20); /* its unit has ended */
	(void)tick(course);
	assert_true(testbed_order_move(testbed, "b", "C3", day_of("2025-06-16")));
	assert_int_equal(release(course, "b", false), 2);
	send_day(course, &course->b, "2025-06-18", 21);
	rename_office(course, "b", "Van phong b");
	morning_of(course, "2025-06-26");
	send_day(course, &course->c, "2025-06-20", 40); /* five days late */
	send_day(course, &course->c, "2025-06-20", 41);
	course->copy = (struct testbed_spool){
		.id = 34, .office = course->c.office, .from_id = 33, .from_seq = course->c.seq - 1
	};
	send_day(course, &course->copy, "2025-06-20", 40); /* older than what c said */
	send_day(course, &course->copy, "2025-06-21", 42);
	publish(course, "June", "2025-06-01");
}

static void figures_end(struct course *course)
{
	struct testbed *testbed = course->testbed;
	for (char nth = '1'; nth <= '9'; nth++) {
		const char name[] = { 'a', ' ', nth, '\0' };
		rename_office(course, "a", name);
	}
	change_through(course);
	tell(course, "a", "d");
	tell(course, "b", NULL);
	tell(course, NULL, NULL);
	tokens(course);
	excuses(course);
	draw_map(course);
	record(course, "l", "3.5", "2025-06");
	record(course, "l", "3.6", "2025-06");
	must(course, account_name(testbed->db, "test", "Chi Lan", &testbed->err), "account");
	testbed_exec(testbed,
		     "INSERT INTO contact VALUES(1, 1, 1751000000000000, 1751000000000000, 3,"
		     " '1.0', 1751000000000000, 7, 1750000000000000, 11, 4, 60),"
		     " (2, 2, 1751000000000001, 0, 0, '', 0, 0, 0, 0, 0, 0);"
		     "INSERT INTO alert VALUES('silent', 'a', 1751000000000000,"
		     " 1751000000000000, 1, 4, 1);"
		     "INSERT INTO alert_change VALUES(1, 1751000000000000, 0, 'silent', 'a',"
		     " 1751000000000000, 1751000000000000, 1, 4)");
	backup_note(course);
	send_day(course, &course->a, "2025-06-25", 7);
	backup_note(course);
	backup_note(course);
}

/* As by a program that knew of no events, and then by the step that makes them. */
static void events_begin_anew(struct course *course)
{
	struct testbed *testbed = course->testbed;
	testbed_pause(testbed, true);
	testbed_exec(testbed,
		     "UPDATE journal SET held = NULL; DELETE FROM event;"
		     "CREATE TABLE audit_before(id INTEGER PRIMARY KEY, at_us, who, what, detail);"
		     "INSERT INTO audit_before VALUES(1, 1746000000000000, 'test', 'x', 'y')");
	ledger_relink(testbed, INT64_MAX);
	testbed_pause(testbed, false);
	must(course, db_begin(testbed->db, &testbed->err), "begin");
	must(course, events_open(testbed->db, &testbed->err), "events");
	must(course, db_commit(testbed->db, &testbed->err), "events");
	testbed_reopen(testbed);
	send_day(course, &course->a, "2025-06-25", 8);
	send_day(course, &course->a, "2025-06-24", 2000); /* held */
	send_hours(course, &course->b, "2025-06-20", 10);
	close_period(course, "2025-04", NULL, false);
	import(course, "catalogue", CATALOGUE("60")); /* what counted is held */
	rename_office(course, "a", "A");
}

void eventful_open(struct testbed *ret_testbed, enum eventful_stage stage)
{
	struct course course = { .testbed = ret_testbed };
	begin(&course);
	figures_of_may(&course);
	figures_of_june(&course);
	figures_end(&course);
	if (stage == EVENTFUL_UPGRADED)
		events_begin_anew(&course);
	else if (stage == EVENTFUL_RELEASING)
		release_into(&course);
	else if (stage != EVENTFUL_QUIET)
		change_into(&course, stage);
}
