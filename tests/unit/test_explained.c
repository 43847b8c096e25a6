/* The screen that walks a total down shows what the province answered, to the digit, in its place:
 * entries under their office, offices under their total. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "dashboard/frame.h"
#include "dashboard/screens.h"

#include <stdlib.h>
#include <string.h>

#define PAGE "/explain?name=share&area=815&period=2025-06&labels=sector%3Dland&known=2025-07-01"
#define ASKED                                                                                      \
	"/api/v1/explain?name=share&area=815&period=2025-06&labels=sector%3Dland&known=2025-07-01"

#define TOTAL(part, metric, value, how)                                                            \
	"{\"part\": \"" part "\", \"metric\": \"" metric                                           \
	"\", \"area\": \"815\", \"area_name\": \"Mỹ Tho\", \"period\": \"2025-06\", \"value\": " \
	"" value ", \"reason\": null, \"how\": \"" how "\", \"due\": 3, \"reported\": 2, "         \
	"\"missing\": 1, \"revisions\": 0},"
#define OFFICE(code, value, state)                                                                  \
	"{\"part\": \"office\", \"metric\": \"sales\", \"area_name\": \"Xã\", \"into\": \"815\", " \
	"\"office\": \"" code "\", \"name\": \"VP " code "\", \"value\": " value                    \
	", \"state\": \"" state "\", \"due\": 1, \"missing\": 0},"
#define ENTRY(became, counted, change)                                                             \
	"{\"part\": \"entry\", \"metric\": \"sales\", \"period\": \"2025-06\", \"labels\": "       \
	"\"\", \"became\": " became ", \"counted\": " counted ", \"change\": \"" change            \
	"\", \"received\": \"2025-07-02T08:00:00+07:00\", \"author_name\": \"Hoa <b>\", "          \
	"\"entry\": 4711, \"batch\": 17, \"late\": true, \"reason\": \"too high\", \"event\": "    \
	"99, \"act\": \"released\", \"event_at\": \"2025-07-03T08:00:00+07:00\", \"who\": "        \
	"\"unix:uid=0\", \"shown_name\": \"An\"},"
#define ACT                                                                                        \
	"{\"part\": \"act\", \"event\": 101, \"act\": \"period closed\", \"event_at\": "           \
	"\"2025-07-05T08:00:00+07:00\", \"who\": \"x\", \"shown_name\": \"Bình\", \"detail\": "   \
	"\"closing 2025-06\"}"
#define HEAD(entries, more)                                                                        \
	"{\"query\": {\"unit\": \"%\", \"structure\": null}, \"explain\": {\"offices\": 176, "     \
	"\"shown\": 2, \"entries\": \"" entries "\"" more                                          \
	"}, \"ledger\": {\"head\": \"7:abc\"}, \"rows\": ["

static const char whole[] =
	HEAD("yes", "") TOTAL("total", "share", "12.50", "100 * sales / teams = 100 * 2.5 / 20")
		TOTAL("operand", "sales", "12345678901234567890.5", "Each office ...")
			OFFICE("a", "2.5", "late") ENTRY("3.25", "false", "first")
				ENTRY("2.5", "true", "corrected") OFFICE("b", "null", "missing")
					TOTAL("operand", "teams", "20", "Each ...") ACT "]}";
static const char part[] =
	HEAD("no", ", \"next\": \"28249\"") TOTAL("total", "sales", "9", "Each office ...")
		OFFICE("a", "2.5", "on time") OFFICE("b", "6.5", "late") ACT "]}";

struct fixture {
	struct visit visit;
	struct html html;
	const char *answer;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err;

	assert_non_null(f);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &err), 0);
	assert_int_equal(civil_parse("2025-07-20T09:00", &f->visit.now_us, &err), 0);
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
			const char *text =
				strstr(question, "/explain?") ? f->answer : "{\"rows\": []}";

			assert_int_equal(
				asking_tell(f->visit.asking, question, 200, text, strlen(text)), 0);
		}
	}
	assert_int_equal(blob_append(&f->html.out, "", 1), 0);
	return (const char *)f->html.out.data;
}

/* Each of @texts stands in @page, behind the one before. */
static void in_turn(const char *page, const char *const texts[])
{
	for (const char *at = page; *texts; texts++) {
		const char *found = strstr(at, *texts);

		if (!found)
			fail_msg("'%s' is not there, or not behind what comes before it: %s",
				 *texts, page);
		at = found + strlen(*texts);
	}
}

static size_t count(const char *page, const char *text)
{
	size_t n = 0;

	for (const char *at = page; (at = strstr(at, text)); at += strlen(text))
		n++;
	return n;
}

static void each_number_stands_where_it_belongs(void **state)
{
	struct fixture *f = *state;

	f->answer = whole;
	const char *text = page(f, PAGE);
	in_turn(text, (const char *const[]){ "data-q=\"/api/v1/explain?name=share",
					     "<data value=\"12.50\">",
					     "100 * 2.5 / 20",
					     "<data value=\"12345678901234567890.5\">",
					     "<details",
					     "VP a",
					     "<data value=\"2.5\">",
					     "<table",
					     "<data value=\"3.25\">",
					     "Hoa &lt;b&gt;",
					     "<data value=\"4711\">",
					     "too high",
					     "An",
					     "<data value=\"2.5\">",
					     "</table>",
					     "</details>",
					     "<details",
					     "VP b",
					     "</details>",
					     "<data value=\"20\">",
					     "<data value=\"101\">",
					     "Bình",
					     "closing 2025-06",
					     NULL });
	assert_int_equal(count(text, "<section"), count(text, "</section>"));
	assert_int_equal(count(text, "<details"), count(text, "</details>"));
	assert_int_equal(count(text, "<table"), count(text, "</table>"));
	assert_int_equal(count(text, "<div"), count(text, "</div>"));
}

/* All of the view is in the question, and in the links. */
static void further_offices_keep_the_view(void **state)
{
	struct fixture *f = *state;
	const json_t *answer;
	const char *question;
	size_t asked = 0;

	f->answer = part;
	const char *text = page(f, PAGE);
	in_turn(text, (const char *const[]){ "after=28249", "VP a", "<data value=\"2.5\">", "VP b",
					     "<data value=\"6.5\">", NULL });
	in_turn(text, (const char *const[]){ "name=share&amp;area=815&amp;labels=sector%3Dland",
					     "office=a", NULL });
	for (size_t i = 0; (question = asking_question(f->visit.asking, i, &answer)); i++)
		asked += strcmp(question, ASKED) == 0;
	assert_int_equal(asked, 1);
	assert_int_equal(count(text, "<section"), count(text, "</section>"));
	assert_int_equal(count(text, "<table"), count(text, "</table>"));
}

static void without_a_name_nothing_is_asked(void **state)
{
	struct fixture *f = *state;

	f->answer = part;
	const char *text = page(f, "/explain");
	assert_null(strstr(text, "<data value=\"9\">"));
	assert_non_null(strstr(text, "name=\"period\""));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_number_stands_where_it_belongs, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(further_offices_keep_the_view, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_name_nothing_is_asked, set_up, tear_down),
	};

	i18n_serve(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
