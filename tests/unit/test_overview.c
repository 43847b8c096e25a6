/* The first screen of the province's page, written from answers alone. */
#include "dashboard/frame.h"
#include "dashboard/number.h"
#include "dashboard/screens.h"

#include "common/base/i18n.h"
#include "common/model/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct canned { /* the answer to questions that begin so */
	const char *begins, *json;
	unsigned status; /* 0: 200 */
};

static const char units[] =
	"{\"rows\": [{\"code\": \"82\", \"name\": \"Tỉnh Tiền Giang\", \"level\": \"province\", "
	"\"parent\": null, \"valid_from\": \"2020-01-01\", \"valid_to\": null}, {\"code\": "
	"\"815\", "
	"\"name\": \"Thành phố <Mỹ Tho>\", \"level\": \"district\", \"parent\": \"82\", "
	"\"valid_from\": \"2020-01-01\", \"valid_to\": null}]}";
static const char indicators[] =
	"{\"rows\": [{\"name\": \"economy.digital_share\", \"label_vi\": \"Tỷ trọng kinh tế số\", "
	"\"label_en\": \"Digital share\", \"formula\": \"a / b\", \"unit\": \"%\", "
	"\"target_year\": "
	"\"2025\", \"target_value\": \"15\"}, {\"name\": \"economy.digital_share\", \"label_vi\": "
	"\"Tỷ trọng kinh tế số\", \"label_en\": \"Digital share\", \"formula\": \"a / b\", "
	"\"unit\": \"%\", \"target_year\": \"2030\", \"target_value\": \"25.5\"}, {\"name\": "
	"\"dti.gap\", \"label_vi\": \"Chênh\", \"label_en\": \"Gap\", \"formula\": \"a - b\", "
	"\"unit\": \"index\", \"target_year\": null, \"target_value\": null}]}";
static const char catalogue[] =
	"{\"rows\": [{\"name\": \"team.count\", \"label_vi\": \"Số tổ\", \"label_en\": \"Teams\"}, "
	"{\"name\": \"team\", \"label_en\": \"Not this\"}]}";
static const char share[] =
	"{\"query\": {\"structure\": null}, \"rows\": [{\"area\": \"82\", \"period\": \"2021\", "
	"\"value\": 8.592021, \"reported\": 2, \"due\": 2, \"missing\": 0, \"carried\": 0}, "
	"{\"area\": \"82\", \"period\": \"2025\", \"value\": 11.6467190000000000001, "
	"\"reported\": 1, \"due\": 2, \"missing\": 1, \"carried\": 0, \"before_period\": \"2024\", "
	"\"change\": -1.005, \"change_percent\": -7.94}, {\"area\": \"82\", \"period\": \"2026\", "
	"\"value\": null, \"reported\": 0, \"due\": 2, \"missing\": 2, \"carried\": 0}]}";
static const char complete[] =
	"{\"query\": {\"structure\": null}, \"ledger\": {\"head\": \"12:abc\"}, \"rows\": "
	"[{\"period\": \"2026-10\", \"form\": \"month\", \"area\": \"82\", \"due\": 164, "
	"\"missing\": 1, \"offices_due\": 164, \"offices_reported\": 163, \"percent\": 99.39}, "
	"{\"period\": \"2026-10\", \"form\": \"month\", \"area\": null, \"due\": 3, \"missing\": "
	"3, "
	"\"offices_due\": 3, \"offices_reported\": 0, \"percent\": 0}]}";
static const char nothing[] = "{\"rows\": []}";
static const char heard[] =
	"{\"rows\": [{\"office\": \"28249\", \"name\": \"Văn phòng \\\"Phường 5\\\"\", "
	"\"unit_name\": \"Phường 5\", \"last_contact\": \"2026-11-28T08:15:00+07:00\", "
	"\"version\": \"0.2.0\", \"missing\": 1111, \"late_since\": \"2026-11-20\", \"overdue\": "
	"\"2026-10: team.count, team.new, +2; 2026-Q3: team.count\", \"why\": \"late\"}, "
	"{\"office\": \"28252\", \"name\": \"B\", "
	"\"unit_name\": null, \"last_contact\": null, \"version\": null, \"missing\": null, "
	"\"late_since\": null, \"overdue\": null, \"why\": \"silent\"}]}";
static const char status[] =
	"{\"ill\": {\"backup\": \"no backup yet\"}, \"rows\": [{\"office\": \"28249\"}]}";
static const char refusal[] = "{\"detail\": \"no metric is reported per semester\"}";

static const struct canned usual[] = {
	{ "/api/v1/units", units, 0 },
	{ "/api/v1/indicators", indicators, 0 },
	{ "/api/v1/catalogue", catalogue, 0 },
	{ "/api/v1/query?name=economy.digital_share", share, 0 },
	{ "/api/v1/completeness?by=province&per=month", complete, 0 },
	{ "/api/v1/completeness?by=district&area=815", complete, 0 },
	{ "/api/v1/completeness?area=815", complete, 0 },
	{ "/api/v1/completeness", refusal, 400 },
	{ "/api/v1/offices/heard", heard, 0 },
	{ "/api/v1/status", status, 0 },
	{ "/api/v1/", refusal, 404 },
};
#define N(list) (sizeof(list) / sizeof(list[0]))

static void tell(struct asking *asking, const char *target, const struct canned list[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(target, list[i].begins, strlen(list[i].begins)) == 0) {
			assert_int_equal(asking_tell(asking, target,
						     list[i].status ? list[i].status : 200,
						     list[i].json, strlen(list[i].json)),
					 0);
			return;
		}
	fail_msg("nobody answers %s", target);
}

struct page {
	struct visit visit;
	struct html html;
};

/* On 30 November 2026, at 21:00 in Việt Nam. */
static void page_open(struct page *page, const char *target, const struct canned list[], size_t n)
{
	struct err err;

	*page = (struct page){ .visit = { .screens = screens,
					  .n_screens = n_screens,
					  .reader = { READER_VIEWER, "An", "", "", "" },
					  .now_us = INT64_C(1796047200000000) } };
	if (screens_read(target, &page->visit.view, &page->visit.screen, &err) < 0)
		fail_msg("%s", err.text);
	page->visit.asking = asking_open();
	assert_non_null(page->visit.asking);
	for (unsigned turns = 0;; turns++) {
		const char *question;
		size_t at = 0;

		assert_true(turns < 6);
		blob_free(&page->html.out);
		frame_page(&page->visit, &page->html);
		if (asking_is_over(page->visit.asking))
			break;
		while ((question = asking_next(page->visit.asking, &at)))
			tell(page->visit.asking, question, list, n);
	}
	assert_int_equal(blob_append(&page->html.out, "", 1), 0);
}

static void page_close(struct page *page)
{
	blob_free(&page->html.out);
	asking_close(page->visit.asking);
}

static void assert_shows(const struct page *page, const char *words)
{
	if (!strstr((const char *)page->html.out.data, words))
		fail_msg("'%s' is not in\n%s", words, (const char *)page->html.out.data);
}

static void assert_hides(const struct page *page, const char *words)
{
	if (strstr((const char *)page->html.out.data, words))
		fail_msg("'%s' is in\n%s", words, (const char *)page->html.out.data);
}

static void it_shows_targets_completeness_and_calls(void **state)
{
	struct refusal refused;
	struct page page;

	(void)state;
	(void)language_use(LANGUAGE_ENGLISH);
	page_open(&page, "/", usual, N(usual));
	assert_false(asking_refusal(page.visit.asking, &refused)); /* no half-years is no harm */
	assert_shows(&page, "<html lang=\"en\">");
	/* The newest value that somebody reported: rounded to see, exact to take. */
	assert_shows(&page, "<data value=\"11.6467190000000000001\" "
			    "title=\"11.6467190000000000001\">11.65\xC2\xA0%</data>");
	assert_shows(&page, "<data value=\"-1.005\">−1.01</data> against year 2024");
	assert_shows(&page, "Not complete: 1 of 2 reports");
	assert_shows(&page, "<data value=\"15\">15\xC2\xA0% by 2025</data>; <data "
			    "value=\"25.5\">25.5\xC2\xA0% by 2030</data>");
	/* The way is drawn where there is a value, and told whole. */
	assert_shows(&page, "aria-label=\"year 2021: 8.59; year 2025: 11.65; year 2026: none; ");
	assert_shows(&page, "<polyline class=\"line\" points=\"5,55 120,5 \"/>");
	/* What has no target is a link below. */
	assert_shows(&page, "<summary>Other indicators</summary>\n<ul class=\"names\">\n"
			    "<li><a href=\"/figure?name=dti.gap\">Gap</a></li>\n</ul>");
	assert_shows(&page, "<span class=\"group\">October 2026: Teams, team.new, +2;</span> "
			    "<span class=\"group\">quarter 3/2026: Teams</span></td>");
	assert_shows(&page, "Monthly reports <small></small></th><td>October 2026</td>");
	assert_shows(&page, "163 of 164 due offices reported");
	assert_shows(&page, "<code>12:abc</code>");
	assert_shows(&page, "Văn phòng &quot;Phường 5&quot;");
	assert_shows(&page, "10 days</span><small>since 2026-11-20</small>");
	assert_shows(&page, "<data value=\"1111\">1,111</data>");
	assert_shows(&page, "08:15 of 2026-11-28");
	assert_shows(&page, "never heard <span class=\"late\">silent</span>");
	assert_shows(&page, "no backup yet");
	assert_hides(&page, "What to do next");
	page_close(&page);

	(void)language_use(LANGUAGE_VIETNAMESE);
	page_open(&page, "/", usual, N(usual));
	assert_shows(&page, "<html lang=\"vi\">");
	assert_shows(&page, "title=\"11.6467190000000000001\">11,65%</data>");
	assert_shows(&page, "25,5% vào năm 2030");
	assert_shows(&page, "163 trên 164 đơn vị đến hạn đã báo cáo");
	assert_shows(&page, "10 ngày</span><small>từ 20/11/2026</small>");
	assert_shows(&page, "08:15 ngày 28/11/2026");
	assert_shows(&page, "1.111</data>");
	page_close(&page);
	(void)language_use(LANGUAGE_ENGLISH);
}

static void every_link_keeps_what_was_asked(void **state)
{
	struct page page;

	(void)state;
	page_open(&page, "/?area=815&structure=2025-06-30&known=2026-11-01", usual, N(usual));
	assert_shows(&page, "<h1>Thành phố &lt;Mỹ Tho&gt;</h1>");
	assert_shows(&page, "<a href=\"/?area=82&amp;structure=2025-06-30&amp;known=2026-11-01\">"
			    "Tỉnh Tiền Giang</a>");
	assert_shows(
		&page,
		"<a href=\"/offices?area=815&amp;structure=2025-06-30&amp;known=2026-11-01\">");
	assert_shows(&page, "As known on 2026-11-01");
	assert_shows(&page, "<input type=\"hidden\" name=\"area\" value=\"815\">");
	page_close(&page);
}

static void before_anything_is_there_it_says_what_to_do(void **state)
{
	static const struct canned none[] = { { "/api/v1/status", status, 0 },
					      { "/api/v1/", nothing, 0 } };
	static const struct canned no_office[] = {
		{ "/api/v1/units", units, 0 },
		{ "/api/v1/indicators", indicators, 0 },
		{ "/api/v1/", nothing, 0 },
	};
	struct page page;

	(void)state;
	page_open(&page, "/", none, N(none));
	assert_shows(&page, "lantoa setup tien-giang");
	page_close(&page);
	page_open(&page, "/", no_office, N(no_office));
	assert_shows(&page, "lantoa office import offices.csv --invite FOLDER");
	assert_shows(&page, "No figure in these years yet");
	assert_shows(&page, "Nothing was due yet.");
	page_close(&page);
}

static void a_refusal_is_told(void **state)
{
	static const struct canned refuses[] = {
		{ "/api/v1/completeness", refusal, 400 },
		{ "/api/v1/units", units, 0 },
		{ "/api/v1/indicators", indicators, 0 },
		{ "/api/v1/", nothing, 0 },
	};
	struct refusal refused;
	struct html html = { 0 };
	struct page page;

	(void)state;
	page_open(&page, "/?area=815", refuses, N(refuses));
	assert_true(asking_refusal(page.visit.asking, &refused));
	assert_int_equal(refused.status, 400);
	assert_string_equal(refused.detail, "no metric is reported per semester");
	frame_trouble(&page.visit, &html, "That did not work", refused.detail);
	assert_int_equal(blob_append(&html.out, "", 1), 0);
	assert_non_null(strstr((const char *)html.out.data, "no metric is reported per semester"));
	assert_non_null(strstr((const char *)html.out.data, "<a href=\"/?area=815\">"));
	blob_free(&html.out);
	page_close(&page);
}

/* However many indicators there are, a page asks no more than it may. */
static void a_page_asks_so_much_and_no_more(void **state)
{
	struct asking *asking = asking_open();
	struct refusal refused;
	char target[32];

	(void)state;
	for (unsigned i = 0; i < ASKED_MAX; i++) {
		(void)snprintf(target, sizeof(target), "/api/v1/%u", i);
		assert_null(ask_if_there(asking, target));
	}
	assert_false(asking_refusal(asking, &refused));
	assert_null(ask_if_there(asking, "/api/v1/0"));
	assert_false(asking_refusal(asking, &refused));
	assert_null(ask_if_there(asking, "/api/v1/more"));
	assert_true(asking_refusal(asking, &refused));
	assert_int_equal(refused.status, 500);
	asking_close(asking);
}

static void the_offices_are_those_that_were_asked_for(void **state)
{
	static const struct canned some[] = {
		{ "/api/v1/offices/heard?silent=2d&late=1", heard, 0 },
		{ "/api/v1/units", units, 0 },
		{ "/api/v1/catalogue", catalogue, 0 },
		{ "/api/v1/indicators", indicators, 0 },
	};
	struct page page;

	(void)state;
	page_open(&page, "/offices?late=1&silent=2d", some, N(some));
	assert_shows(&page, "2 offices");
	assert_shows(&page, "name=\"silent\" value=\"2d\" checked");
	assert_shows(&page, "data-q=\"/api/v1/offices/heard?silent=2d&amp;late=1\"");
	page_close(&page);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_shows_targets_completeness_and_calls),
		cmocka_unit_test(every_link_keeps_what_was_asked),
		cmocka_unit_test(before_anything_is_there_it_says_what_to_do),
		cmocka_unit_test(a_refusal_is_told),
		cmocka_unit_test(a_page_asks_so_much_and_no_more),
		cmocka_unit_test(the_offices_are_those_that_were_asked_for),
	};
	struct err err;

	i18n_serve(NULL);
	if (civil_set_zone("Asia/Ho_Chi_Minh", &err) < 0)
		fail_msg("%s", err.text);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
