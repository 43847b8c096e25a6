/* The screen of one figure shows what the province answered, to the digit, and every way down keeps
 * the whole state of the view. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "dashboard/frame.h"
#include "dashboard/screens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW "2025-06-20T09:00"

/* --- a province that answers --- */

static const char units[] =
	"{\"rows\": ["
	"{\"code\": \"82\", \"name\": \"Tiền Giang\", \"level\": \"province\", \"parent\": null, "
	"\"valid_from\": \"2020-01-01\", \"valid_to\": \"2025-07-01\"},"
	"{\"code\": \"82\", \"name\": \"Đồng Tháp\", \"level\": \"province\", \"parent\": null, "
	"\"valid_from\": \"2025-07-01\", \"valid_to\": null},"
	"{\"code\": \"815\", \"name\": \"Mỹ Tho\", \"level\": \"district\", \"parent\": \"82\", "
	"\"valid_from\": \"2020-01-01\", \"valid_to\": \"2025-07-01\"},"
	"{\"code\": \"816\", \"name\": \"Gò Công\", \"level\": \"district\", \"parent\": \"82\", "
	"\"valid_from\": \"2020-01-01\", \"valid_to\": \"2025-07-01\"},"
	"{\"code\": \"28250\", \"name\": \"Phường 6\", \"level\": \"commune\", \"parent\": "
	"\"815\", \"valid_from\": \"2020-01-01\", \"valid_to\": \"2025-03-01\"},"
	"{\"code\": \"28249\", \"name\": \"Phường 5\", \"level\": \"commune\", \"parent\": "
	"\"815\", "
	"\"valid_from\": \"2020-01-01\", \"valid_to\": \"2025-07-01\"}]}";

static const char catalogue[] =
	"{\"rows\": [{\"name\": \"team.count\", \"label_vi\": \"Số tổ\", \"label_en\": \"Teams\", "
	"\"unit\": \"team\", \"unit_vi\": \"tổ\", \"kind\": \"stock\", \"time_agg\": \"last\", "
	"\"area_agg\": \"sum\", \"period\": \"month\", \"dimensions\": null, \"level\": "
	"\"commune\"},"
	"{\"name\": \"gold\", \"label_en\": \"Gold\", \"unit\": \"kg\", \"time_agg\": \"sum\", "
	"\"section_en\": \"Treasure\", "
	"\"area_agg\": \"sum\", \"period\": \"year\", \"level\": \"province\"},"
	"{\"name\": \"team.members\", \"label_en\": \"Members\", \"unit\": \"person\", "
	"\"period\": \"month\", \"level\": \"commune\"}]}";

static const char indicators[] =
	"{\"rows\": [{\"name\": \"share\", \"label_en\": \"Share\", \"formula\": \"100 * gold / "
	"gold\", \"unit\": \"%\", \"target_year\": \"2025\", \"target_value\": \"15\"},"
	"{\"name\": \"share\", \"label_en\": \"Share\", \"formula\": \"100 * gold / gold\", "
	"\"unit\": \"%\", \"target_year\": \"2030\", \"target_value\": \"25\"}]}";

#define COUNTS                                                                                     \
	"\"until\": null, \"observations\": 1, \"carried\": 0, \"excused\": 0, \"waiting\": 0, "   \
	"\"extra\": 0, \"offices_due\": 2, \"offices_reported\": 2, \"percent\": 100"
#define WHOLE(period, value, reported, missing, revisions)                                         \
	"{\"area\": \"82\", \"name\": \"Tiền Giang\", \"valid_from\": \"2020-01-01\", "          \
	"\"period\": \"" period "\", \"value\": " value ", \"reason\": \"why " period              \
	"\", \"due\": 2, \"reported\": " reported ", \"missing\": " missing                        \
	", \"revisions\": " revisions ", " COUNTS "},"
#define HEAD(from, to, per)                                                                        \
	"{\"query\": {\"per\": \"" per "\", \"calendar\": \"civil\", \"from\": \"" from            \
	"\", \"to\": \"" to "\", \"structure\": null}, \"ledger\": {\"head\": \"7:abc\"}, "        \
	"\"rows\": ["

/* March is a gap, and for June nobody reported: an earlier level stands for it. */
static const char trend[] = HEAD("2020-07", "2025-06", "month")
	WHOLE("2025-01", "1234567.50", "2", "0", "0") WHOLE("2025-02", "17", "2", "0", "0")
		WHOLE("2025-03", "null", "0", "2", "0") WHOLE("2025-04", "19", "1", "1", "0")
			WHOLE("2025-05", "20.25", "2", "0", "3")
				WHOLE("2025-06", "33", "0", "0", "0") "{}]}";

#define PLACE(kind, area, name, period, value, reason)                                             \
	"{\"area\": " area ", \"name\": " name ", \"valid_from\": null, \"period\": \"" period     \
	"\", \"value\": " value ", \"reason\": " reason ", \"row\": \"" kind                       \
	"\", \"due\": 1, \"reported\": 1, \"missing\": 0, \"revisions\": 0, \"rank\": null, "      \
	"\"of\": null, " COUNTS "},"

static const char places[] = HEAD("2025-01", "2025-05", "month")
	PLACE("part", "\"815\"", "\"Mỹ Tho\"", "2025-05", "12.75",
	      "null") PLACE("part", "\"816\"", "\"Gò Công\"", "2025-05", "null", "\"not reported\"")
		PLACE("rest", "null", "null", "2025-05", "7.5", "\"office 9 stands on nothing\"")
			PLACE("total", "\"82\"",
			      "\"Tiền "
			      "Giang\"",
			      "2025-05", "20.25", "null") "{}]}";

static const char offices[] = HEAD("2025-01", "2025-05", "month")
	PLACE("part", "\"28249\"", "\"Văn phòng Phường 5\"", "2025-05", "8", "null")
		PLACE("total", "\"28249\"", "\"Phường 5\"", "2025-05", "8", "null") "{}]}";

static const char revisions[] =
	"{\"rows\": [{\"received\": \"2025-06-02T08:00:00+07:00\", \"metric\": \"team.count\", "
	"\"office\": \"28249\", \"name\": \"VP\", \"labels\": \"\", \"period\": \"2025-05\", "
	"\"was\": 18, \"became\": 20.25, \"change\": \"corrected\", \"late\": false, "
	"\"author_name\": \"Hoa\", \"note\": \"gõ nhầm\", \"from_province\": false},"
	"{\"received\": \"2025-06-01T08:00:00+07:00\", \"metric\": \"team.count\", \"office\": "
	"\"28249\", \"name\": \"VP\", \"labels\": \"\", \"period\": \"2025-05\", \"was\": null, "
	"\"became\": 4711, \"change\": \"first\", \"late\": false},"
	"{\"received\": \"2025-06-03T08:00:00+07:00\", \"metric\": \"team.count\", \"office\": "
	"\"9\", "
	"\"labels\": \"\", \"period\": \"2025-05\", \"was\": null, \"became\": 4712, \"change\": "
	"\"first\", \"late\": false}]}";

static const char missing[] =
	"{\"rows\": [{\"office\": \"28252\", \"name\": \"VP Phường 4\", \"area\": \"28252\", "
	"\"area_name\": \"Phường 4\", \"missing\": 1, \"waiting\": 0, \"excused\": 0, "
	"\"reason\": null}]}";

static const char map[] =
	"{\"map\": {\"kind\": \"tiles\", \"level\": \"district\", \"width\": \"2\", \"height\": "
	"\"1\"}, \"rows\": ["
	"{\"area\": \"815\", \"area_name\": \"Mỹ Tho\", \"cell\": \"1\", \"parts\": 1, \"part\": "
	"1, "
	"\"col\": 0, \"row\": 0, \"outline\": null},"
	"{\"area\": \"816\", \"area_name\": \"Gò Công\", \"cell\": \"2\", \"parts\": 1, \"part\": "
	"1, \"col\": 1, \"row\": 0, \"outline\": null}]}";

static const char office_rows[] =
	"{\"rows\": [{\"code\": \"28249\", \"name\": \"VP Phường 5\", \"unit\": \"815\", "
	"\"unit_name\": "
	"\"Mỹ Tho\", \"from\": \"2020-01-01\"},"
	"{\"code\": \"28249\", \"name\": \"VP Phường 5\", \"unit\": \"28249\", \"unit_name\": "
	"\"Phường 5\", \"from\": \"2025-05-01\"}]}";

static const char office_astray[] =
	"{\"rows\": [{\"code\": \"28250\", \"name\": \"VP\", \"unit\": \"28250\", \"from\": "
	"\"2020-01-01\"}]}";

static const char heard[] =
	"{\"rows\": [{\"office\": \"28249\", \"last_contact\": \"2025-06-19T08:15:00+07:00\", "
	"\"version\": \"1.2\", \"late_since\": \"2025-06-03\", \"overdue\": \"2025-05: "
	"team.count\"}]}";

static const char owed[] =
	"{\"rows\": [{\"area\": \"28249\", \"name\": \"VP Phường 5\", \"period\": \"2025-04\", "
	"\"form\": "
	"\"month\", \"due\": 1, \"reported\": 1, \"late\": 1, \"on_time\": 0, \"missing\": 0, "
	"\"waiting\": 0, \"extra\": 0, \"excused\": 0, \"carried\": 0, \"finished\": "
	"\"2025-05-04T10:30:00+07:00\", \"finished_by\": \"Hoa\"},"
	"{\"area\": \"28249\", \"name\": \"VP Phường 5\", \"period\": \"2025-05\", \"form\": "
	"\"month\", "
	"\"due\": 1, \"reported\": 0, \"late\": 0, \"missing\": 1, \"waiting\": 0, \"extra\": 0},"
	"{\"area\": \"9\", \"name\": \"another\", \"period\": \"2025-05\", \"form\": \"month\", "
	"\"due\": "
	"1, \"reported\": 0, \"late\": 0, \"missing\": 1, \"waiting\": 0, \"extra\": 0}]}";

static const char held[] =
	"{\"rows\": [{\"entry\": 1, \"office\": \"28249\", \"received\": "
	"\"2025-06-18T08:00:00+07:00\", "
	"\"metric\": \"team.count\", \"labels\": \"\", \"period\": \"2025-07\", \"value\": 31, "
	"\"observations\": 1, \"reason\": \"its day has not come\"},"
	"{\"entry\": 2, \"office\": \"9\", \"received\": \"2025-06-18T08:00:00+07:00\", "
	"\"metric\": "
	"\"gold\", \"period\": \"2025\", \"value\": 77, \"observations\": 1, \"reason\": \"of "
	"another\"}]}";

static const char *answer_to(const char *target)
{
	if (strcmp(target, "/api/v1/offices?code=28249") == 0)
		return office_rows;
	if (strcmp(target, "/api/v1/offices?code=28250") == 0)
		return office_astray;
	if (strstr(target, "/offices/heard?late=1"))
		return heard;
	if (strstr(target, "/quarantine"))
		return held;
	if (strstr(target, "/completeness") && strstr(target, "by=office"))
		return strstr(target, "form=") ? NULL : owed;
	if (strcmp(target, "/api/v1/units") == 0)
		return units;
	if (strcmp(target, "/api/v1/catalogue") == 0)
		return catalogue;
	if (strcmp(target, "/api/v1/indicators") == 0)
		return indicators;
	if (strstr(target, "/completeness"))
		return missing;
	if (strstr(target, "/map?"))
		return map;
	if (strstr(target, "revisions=1"))
		return revisions;
	if (strstr(target, "by=office"))
		return offices;
	if (strstr(target, "by=district"))
		return places;
	return strstr(target, "/query?") ? trend : NULL;
}

/* --- the page --- */

struct fixture {
	struct visit visit;
	struct html html;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err;

	assert_non_null(f);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &err), 0);
	assert_int_equal(civil_parse(NOW, &f->visit.now_us, &err), 0);
	f->visit.reader = (struct reader){ READER_VIEWER, "test", "", "", "" };
	f->visit.screens = screens;
	f->visit.n_screens = n_screens;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	blob_free(&f->html.out);
	asking_close(f->visit.asking);
	free(f);
	return 0;
}

static const char *page(struct fixture *f, const char *target)
{
	struct err err;
	bool over = false;

	if (screens_read(target, &f->visit.view, &f->visit.screen, &err) < 0)
		fail_msg("%s", err.text);
	asking_close(f->visit.asking);
	f->visit.asking = asking_open();
	for (int round = 0; !over; round++) {
		const char *question;
		size_t at = 0;

		assert_true(round < 8);
		blob_free(&f->html.out);
		frame_page(&f->visit, &f->html);
		over = asking_is_over(f->visit.asking);
		while ((question = asking_next(f->visit.asking, &at))) {
			const char *answer = answer_to(question);

			assert_int_equal(asking_tell(f->visit.asking, question, answer ? 200 : 404,
						     answer ? answer : "{}",
						     strlen(answer ? answer : "{}")),
					 0);
		}
	}
	assert_false(f->html.failed);
	assert_int_equal(blob_append(&f->html.out, "", 1), 0);
	return (const char *)f->html.out.data;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static const char *section(const char *text, const char *id)
{
	char what[64];

	(void)snprintf(what, sizeof(what), "<section aria-labelledby=\"%s\">", id);
	return strstr(text, what);
}

/* --- tests --- */

static void the_newest_that_was_reported_is_the_headline(void **state)
{
	const char *text = page(*state, "/figure?name=team.count&area=82");

	assert_non_null(strstr(text, "<h1>Teams · Tiền Giang</h1>"));
	assert_non_null(strstr(text, "<p class=\"value\"><data value=\"20.25\""));
	assert_non_null(strstr(text, "May 2025"));
	assert_non_null(strstr(text, "Counted in: team"));
	assert_non_null(strstr(text, "3 figures were changed after they came"));
}

static void a_period_that_is_asked_for_is_the_headline(void **state)
{
	const char *text = page(*state, "/figure?name=team.count&area=82&period=2025-04");

	assert_non_null(strstr(text, "<p class=\"value\"><data value=\"19\""));
	assert_non_null(strstr(text, "1 report is missing"));
	assert_non_null(strstr(section(text, "missing"), "<a href=\"/offices/28252?area=82\">"));
}

static void without_a_figure_there_is_the_reason_and_no_zero(void **state)
{
	const char *text = page(*state, "/figure?name=team.count&area=82&period=2025-03");

	assert_non_null(
		strstr(text, "<p class=\"value none\">–</p>\n<p class=\"reason\">why 2025-03"));
	assert_null(strstr(text, "<data value=\"0\">0</data></a></td>"));
}

static void the_way_down_keeps_the_whole_view(void **state)
{
	static const char kept[] = "&amp;labels=a%3Db&amp;";
	const char *text = page(*state, "/figure?name=team.count&by=district&labels=a%3Db&"
					"known=2025-06-15&structure=2025-06-30&sort=-value");
	const char *table = section(text, "places");

	assert_non_null(table);
	assert_non_null(strstr(table, "<a href=\"/figure?name=team.count&amp;area=815&amp;"));
	for (const char *at = table; (at = strstr(at, "<a href=\"/figure?")); at++) {
		char link[512];

		(void)snprintf(link, sizeof(link), "%.*s", (int)strcspn(at + 9, "\""), at + 9);
		assert_non_null(strstr(link, kept));
		assert_non_null(strstr(link, "known=2025-06-15"));
		assert_non_null(strstr(link, "structure=2025-06-30"));
		assert_non_null(strstr(link, "sort=-value"));
		if (strstr(link, "area=815"))
			assert_null(strstr(link, "by=")); /* it has no districts below */
	}
}

static void every_question_is_of_the_view_that_was_asked_for(void **state)
{
	struct fixture *f = *state;
	const json_t *answer;
	const char *question;
	size_t i = 0, figures = 0;

	(void)page(f, "/figure?name=team.count&labels=a%3Db&known=2025-06-15&structure=2025-06-30");
	for (; (question = asking_question(f->visit.asking, i, &answer)); i++) {
		if (!strstr(question, "/query?") && !strstr(question, "/completeness?"))
			continue;
		assert_non_null(strstr(question, "known=2025-06-15"));
		assert_non_null(strstr(question, "structure=2025-06-30"));
		assert_non_null(strstr(question, "labels=a%3Db"));
		figures++;
	}
	assert_true(figures >= 4);
}

static void rows_add_up_by_the_rest_which_says_why(void **state)
{
	const char *text = page(*state, "/figure?name=team.count&area=82");
	const char *table = section(text, "places");

	assert_int_equal(count(table, "<tr class=\"apart\">"), 2);
	assert_int_equal(count(table, "<data value=\"12.75\">"), 1);
	assert_int_equal(count(table, "<data value=\"7.5\">"), 1);
	assert_non_null(strstr(table, "office 9 stands on nothing"));
	assert_int_equal(count(table, "<td class=\"hatch chosen\" title=\"not reported\">"), 1);
}

static void of_an_office_a_cell_is_its_report(void **state)
{
	const char *text = page(*state, "/figure?name=team.count&area=28249&known=2025-06-15");

	assert_non_null(
		strstr(section(text, "places"),
		       "<a href=\"/report?name=team.count&amp;area=28249&amp;office=28249&amp;"
		       "period=2025-05&amp;known=2025-06-15\">"));
	assert_non_null(strstr(section(text, "places"),
			       "<a href=\"/offices/28249?area=28249&amp;known=2025-06-15\">"));
}

static void what_was_changed_is_told_and_what_came_first_is_not(void **state)
{
	const char *text = section(page(*state, "/figure?name=team.count&area=82"), "changed");

	assert_non_null(strstr(text, "corrected"));
	assert_non_null(strstr(text, "<data value=\"18\">"));
	assert_non_null(strstr(text, "gõ nhầm"));
	assert_null(strstr(text, "4711"));
}

static void a_map_has_a_tile_for_each_area_that_leads_there(void **state)
{
	const char *text = section(page(*state, "/figure?name=team.count&area=82"), "map");

	assert_int_equal(count(text, "<g class=\"tile "), 2);
	assert_non_null(strstr(text, "<a href=\"/figure?name=team.count&amp;area=815&amp;"
				     "period=2025-05\">"));
	assert_int_equal(count(text, "<g class=\"tile missing\">"), 1);
}

static void the_reform_is_in_the_chart(void **state)
{
	const char *text = page(*state, "/figure?name=team.count&area=82&from=2025-01&to=2025-12");

	/* The answer's own range is what is drawn. */
	assert_null(strstr(text, "Đồng Tháp</text>"));
	assert_int_equal(count(text, "<path class=\"line s1\""), 2); /* March is a gap */
}

static void every_number_is_one_that_was_answered(void **state)
{
	struct fixture *f = *state;
	const char *text = page(f, "/figure?name=team.count&area=82");
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, "<data value=\"")); n++) {
		static const char *const sources[] = { trend, places, revisions, missing };
		char value[64], padded[72];
		bool found = false;

		at += strlen("<data value=\"");
		(void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\""), at);
		(void)snprintf(padded, sizeof(padded), ": %s", value);
		for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
			found = found || strstr(sources[i], padded);
		if (!found)
			fail_msg("%s was never answered", value);
	}
	assert_true(n > 10);
}

static void without_a_name_there_are_all_names(void **state)
{
	const char *text = page(*state, "/figure?known=2025-06-15");

	assert_non_null(
		strstr(text, "<a href=\"/figure?name=team.count&amp;known=2025-06-15\">Teams"));
	assert_int_equal(count(text, "name=share"), 1); /* it has two targets */
}

static void an_office_is_told_what_it_owes(void **state)
{
	const char *text = page(*state, "/offices/28249"), *owes = section(text, "owes");

	assert_non_null(strstr(text, "<h1>VP Phường 5</h1>"));
	assert_non_null(strstr(text, "08:15 of 2025-06-19"));
	assert_non_null(strstr(
		owes, "Overdue since 2025-06-03: <span class=\"group\">May 2025: Teams</span>"));
	assert_non_null(strstr(owes, "June 2025, due by 2025-06-30"));
	assert_non_null(
		strstr(owes, "came, but late<small>called finished at 10:30 of 2025-05-04"));
	assert_int_equal(count(owes, "▲ missing"), 1);
	assert_non_null(strstr(section(text, "held"), "its day has not come"));
	assert_null(strstr(text, "of another"));
	assert_non_null(strstr(section(text, "units"), "Mỹ Tho"));
}

static void an_office_whose_unit_ended_is_told_so_and_nothing_is_due_next(void **state)
{
	struct fixture *f = *state;

	f->visit.reader.role = READER_OPERATOR;
	const char *owes = section(page(f, "/offices/28250"), "owes");

	assert_non_null(strstr(owes, "/act/follow?day=2025-03-01&amp;back="));
	assert_non_null(strstr(owes, "Its unit ended on 2025-03-01: nothing is due from it"));
	assert_null(strstr(owes, "Due next"));
}

/* Though the catalogue has another between them. */
static void what_may_be_set_side_by_side_stands_under_its_section_once(void **state)
{
	const char *text = page(*state, "/pivot"),
		   *metrics = strstr(text, "<h2 class=\"minor\">Metrics</h2>"),
		   *treasure = strstr(text, "<h2 class=\"minor\">Treasure</h2>");

	assert_non_null(metrics);
	assert_non_null(treasure);
	assert_int_equal(count(text, ">Metrics</h2>"), 1);
	assert_true(strstr(metrics, ">Members</a>") < treasure);
	assert_int_equal(count(text, "<small>team.count</small>"), 1);
	assert_int_equal(count(text, "<small>gold</small>"), 1);
}

/* Whoever looks at all of them sees who is late, as in the list of those who need a call. */
static void of_all_offices_it_is_told_how_late_they_are(void **state)
{
	const char *text = page(*state, "/offices");

	assert_non_null(strstr(text, "data-q=\"/api/v1/offices/heard?late=1&amp;all=1\""));
	assert_non_null(strstr(text, "since 2025-06-03"));
	assert_non_null(strstr(text, "28249 · its unit has ended"));
}

static void a_report_is_told_entry_by_entry(void **state)
{
	struct fixture *f = *state;
	const char *text = page(f, "/report?name=team.count&office=28249&period=2025-05");
	const json_t *answer;
	const char *question;

	assert_non_null(strstr(text, "<h1>Teams · VP Phường 5</h1>"));
	assert_non_null(strstr(text, "<p class=\"value\"><data value=\"8\">8\xC2\xA0team</data>"));
	assert_int_equal(count(section(text, "came"), "<tr><td>"), 2);
	assert_non_null(strstr(section(text, "came"), "<data value=\"4711\">"));
	assert_non_null(strstr(text, "<a href=\"/explain?"));
	for (size_t i = 0; (question = asking_question(f->visit.asking, i, &answer)); i++)
		if (strstr(question, "/query?"))
			assert_non_null(strstr(question, "area=28249")); /* its unit of then */
}

static void a_report_of_before_it_moved_is_of_its_unit_of_then(void **state)
{
	struct fixture *f = *state;
	const json_t *answer;
	const char *question;

	(void)page(f, "/report?name=team.count&office=28249&period=2025-04");
	for (size_t i = 0; (question = asking_question(f->visit.asking, i, &answer)); i++)
		if (strstr(question, "/query?"))
			assert_non_null(strstr(question, "area=815"));
}

#define screen_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		screen_test(the_newest_that_was_reported_is_the_headline),
		screen_test(a_period_that_is_asked_for_is_the_headline),
		screen_test(without_a_figure_there_is_the_reason_and_no_zero),
		screen_test(the_way_down_keeps_the_whole_view),
		screen_test(every_question_is_of_the_view_that_was_asked_for),
		screen_test(rows_add_up_by_the_rest_which_says_why),
		screen_test(of_an_office_a_cell_is_its_report),
		screen_test(what_was_changed_is_told_and_what_came_first_is_not),
		screen_test(a_map_has_a_tile_for_each_area_that_leads_there),
		screen_test(the_reform_is_in_the_chart),
		screen_test(every_number_is_one_that_was_answered),
		screen_test(without_a_name_there_are_all_names),
		screen_test(an_office_is_told_what_it_owes),
		screen_test(an_office_whose_unit_ended_is_told_so_and_nothing_is_due_next),
		screen_test(what_may_be_set_side_by_side_stands_under_its_section_once),
		screen_test(of_all_offices_it_is_told_how_late_they_are),
		screen_test(a_report_is_told_entry_by_entry),
		screen_test(a_report_of_before_it_moved_is_of_its_unit_of_then),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
