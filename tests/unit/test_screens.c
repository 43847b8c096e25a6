/* Screens as functions from answers to HTML: a pivot has every figure of its answer in its place,
 * with the way to what is behind it; and no screen breaks or lets anything out of its place,
 * whatever is asked of it and whatever comes as an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/i18n.h"
#include "dashboard/frame.h"
#include "dashboard/screens.h"
#include "support/seeds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a page, played --- */

struct play {
	/* What is told of @target; NULL: it is refused. */
	const char *(*answer)(struct play *play, const char *target);
	struct dice *dice;
	char *text; /* owned: of the last answer that was made up */
};

#define ROUNDS_MAX 40u

/* The page at @target, or NULL where it is none. Owned by the caller. */
static char *page_of(struct play *play, const char *target)
{
	struct visit visit = { .screens = screens,
			       .n_screens = n_screens,
			       .reader = { READER_OPERATOR, "nobody", "", "2030-01-01", "word" },
			       .now_us = INT64_C(1764500000000000) };
	struct html html = { 0 };
	struct err err;
	bool asked = true;

	if (screens_read(target, &visit.view, &visit.screen, &err) < 0)
		return NULL;
	visit.asking = asking_open();
	for (unsigned round = 0; asked && round < ROUNDS_MAX; round++) {
		const char *question;
		size_t at = 0;

		blob_free(&html.out);
		frame_page(&visit, &html);
		asked = false;
		while ((question = asking_next(visit.asking, &at))) {
			char copy[QUESTION_MAX];

			strcpy(copy, question);
			const char *text = play->answer(play, copy);
			assert_int_equal(asking_tell(visit.asking, copy, text ? 200 : 400,
						     text ? text : "{}",
						     strlen(text ? text : "{}")),
					 0);
			asked = true;
		}
	}
	assert_false(asked);
	asking_close(visit.asking);
	assert_false(html.failed);
	assert_int_equal(blob_append(&html.out, "", 1), 0);
	return (char *)html.out.data;
}

/* --- a pivot --- */

static const char units[] =
	"{\"rows\":[{\"code\":\"82\",\"name\":\"Tiền "
	"Giang\",\"level\":\"province\",\"parent\":null,"
	"\"valid_from\":\"1976-01-01\",\"valid_to\":null},"
	"{\"code\":\"815\",\"name\":\"Mỹ Tho\",\"level\":\"district\",\"parent\":\"82\","
	"\"valid_from\":\"1976-01-01\",\"valid_to\":null},"
	"{\"code\":\"28249\",\"name\":\"Phường 1\",\"level\":\"commune\",\"parent\":\"815\","
	"\"valid_from\":\"1976-01-01\",\"valid_to\":null}]}";
static const char catalogue[] =
	"{\"rows\":[{\"name\":\"a.x\",\"label_vi\":\"Số "
	"tổ\",\"label_en\":\"Teams\",\"unit\":\"team\","
	"\"period\":\"month\",\"dimensions\":\"sector\"},"
	"{\"name\":\"b\",\"label_vi\":\"Thành viên\",\"label_en\":\"Members\",\"unit\":\"person\","
	"\"period\":\"month\",\"dimensions\":\"\"}]}";

#define ROW(metric, area, period, value, kind, change)                                             \
	"{\"metric\":\"" metric "\",\"area\":" area ",\"name\":" area ",\"valid_from\":null,"      \
	"\"period\":\"" period "\",\"until\":null,\"value\":" value ",\"reason\":null,\"due\":2,"  \
	"\"reported\":2,\"carried\":0,\"revisions\":0,\"row\":\"" kind "\",\"change\":" change     \
	",\"change_percent\":null,\"change_reason\":\"none before\"}"

static const char figures[] =
	"{\"query\":{\"name\":\"a.x,b\",\"sort\":\"a.x:value:desc\",\"top\":\"2\",\"top_of\":\"7\","
	"\"left_out_rows\":\"20\"},\"ledger\":{\"head\":\"9:ab\"},\"rows\":[" ROW(
		"a.x", "\"816\"", "2025-01", "1234567890123456789012.50", "part",
		"-1.5") "," ROW("a.x", "\"815\"", "2025-01", "7", "part",
				"null") "," ROW("a.x", "null", "2025-01", "0", "rest",
						"null") "," ROW("a.x", "\"82\"", "2025-01", "11",
								"total",
								"3") "," ROW("b", "\"816\"",
									     "2025-01", "null",
									     "part",
									     "null") "," ROW("b",
											     "\"815"
											     "\"",
											     "2025-"
											     "01",
											     "22",
											     "part",
											     "1") "," ROW("b",
													  "\"82\"",
													  "2025-01",
													  "33",
													  "total",
													  "1") "]}";

static const char *answer_figures(struct play *play, const char *target)
{
	(void)play;
	return strncmp(target, "/api/v1/units", 13) == 0        ? units
	       : strncmp(target, "/api/v1/catalogue", 17) == 0  ? catalogue
	       : strncmp(target, "/api/v1/indicators", 18) == 0 ? "{\"rows\":[]}"
	       : strncmp(target, "/api/v1/query?", 14) == 0     ? figures
								: "{\"rows\":[]}";
}

static void has(const char *page, const char *words)
{
	if (!strstr(page, words))
		fail_msg("the page has no %s:\n%s", words, page);
}

static void a_pivot_has_every_figure_in_its_place(void **state)
{
	struct play play = { .answer = answer_figures };
	char *page = page_of(&play,
			     "/pivot?name=a.x,b&by=district&per=month&last=1&versus=period&total=1"
			     "&sort=a.x:value:desc&top=2&structure=2025-07-01&known=2025-08-01");
	(void)state;
	has(page,
	    "data-q=\"/api/v1/query?name=a.x%2Cb&amp;by=district&amp;per=month&amp;last=1&amp;"
	    "versus=period&amp;total=1&amp;structure=2025-07-01&amp;known=2025-08-01&amp;"
	    "sort=a.x%3Avalue%3Adesc&amp;top=2\"");
	/* Numbers to the last digit, in the order of the answer: 816 before 815. */
	has(page,
	    "<data value=\"1234567890123456789012.50\">1,234,567,890,123,456,789,012.50</data>");
	has(page, "<data value=\"-1.5\">");
	assert_true(strstr(page, "value=\"1234567890123456789012.50\"") <
		    strstr(page, "value=\"7\""));
	assert_true(strstr(page, "value=\"7\"") < strstr(page, "value=\"11\""));
	/* What is behind each, with all that is kept. */
	has(page, "href=\"/figure?name=a.x&amp;area=816&amp;by=office&amp;per=month&amp;last=1&amp;"
		  "structure=2025-07-01&amp;known=2025-08-01\"");
	has(page,
	    "href=\"/pivot?name=a.x%2Cb&amp;area=815&amp;by=commune&amp;per=month&amp;last=1&amp;"
	    "versus=period&amp;total=1&amp;sort=a.x%3Avalue%3Adesc&amp;top=2&amp;"
	    "structure=2025-07-01&amp;known=2025-08-01\"");
	has(page, "aria-sort=\"descending\"");
	has(page, "sort=a.x%3Avalue&amp;top=2"); /* and back */
	has(page, "The first 2 of 7;");
	has(page, "format=xlsx");
	free(page);
	/* An office's figure is in its report. */
	page = page_of(&play, "/pivot?name=a.x,b&by=office&last=1");
	has(page,
	    "href=\"/report?name=b&amp;by=office&amp;last=1&amp;office=815&amp;period=2025-01\"");
	free(page);
}

static const char *answer_labels(struct play *play, const char *target)
{
	(void)play;
	return strncmp(target, "/api/v1/query?", 14) != 0
		       ? answer_figures(play, target)
		       : "{\"query\":{\"name\":\"a.x\"},\"rows\":["
			 "{\"area\":\"82\",\"name\":\"T\",\"period\":\"2025\",\"label\":\"land\","
			 "\"label_name\":\"Land office\",\"value\":5},"
			 "{\"area\":\"82\",\"name\":\"T\",\"period\":\"2025\",\"label\":\"odd "
			 "<1>\","
			 "\"label_name\":null,\"value\":6}]}";
}

/* A label of no list is told as it was spelt, and both lead to that label alone. */
static void a_row_of_a_label_says_which(void **state)
{
	struct play play = { .answer = answer_labels };
	char *page = page_of(&play, "/pivot?name=a.x&by_label=sector&labels=app=VNeID&last=1");
	(void)state;
	has(page, "<td>Land office</td>");
	has(page, "<td>odd &lt;1&gt;</td>");
	has(page, "labels=app%3DVNeID%3Bsector%3Dland\"");
	free(page);
}

static void a_search_offers_what_is_called_so(void **state)
{
	struct play play = { .answer = answer_figures };
	char *page = page_of(&play, "/pivot?metric=memb&by=district");
	(void)state;
	has(page, "href=\"/pivot?name=b&amp;by=district\"");
	assert_null(strstr(page, "href=\"/pivot?name=a.x&amp;"));
	assert_null(strstr(page, "<table"));
	free(page);
	page = page_of(&play, "/pivot?name=a.x,b&metric=zzz");
	has(page, "&#39;zzz&#39;");
	has(page, "href=\"/pivot?name=b\""); /* without a.x */
	free(page);
	/* A column that went with the comparison sorts nothing. */
	page = page_of(&play, "/pivot?name=a.x,b&sort=a.x:change:desc");
	has(page, "data-q=\"/api/v1/query?name=a.x%2Cb&amp;last=1\"");
	free(page);
}

/* --- whatever comes --- */

static const char *const strings[] = { "<script>alert(1)</script>",
				       "\\\" onload=\\\"x",
				       "&amp;<>'",
				       "815",
				       "2025-01",
				       "part",
				       "total",
				       "rest",
				       "total_rest",
				       "",
				       "a.x",
				       "%s%n%d",
				       "http://x/?a=b#c",
				       "rule",
				       "far",
				       "1:2:3",
				       "Phường \\u0000 Một",
				       "2025-13-45T99:99:99",
				       "-0.0",
				       "1e5" };
static const char *const numbers[] = {
	"0",     "-7",        "12.50",           "123456789012345678901234567890",
	"1e400", "-0.000001", "9007199254740993"
};
static const char *const keys[] = {
	"metric",     "area",        "name",       "valid_from",  "period",       "until",
	"label",      "label_name",  "value",      "reason",      "due",          "reported",
	"carried",    "revisions",   "row",        "change",      "office",       "change_percent",
	"problem",    "detail",      "labels",     "area_name",   "observations", "entry",
	"received",   "publication", "structure",  "calendar",    "at",           "who",
	"shown_name", "head",        "code",       "level",       "parent",       "label_en",
	"label_vi",   "unit",        "dimensions", "state",       "missing",      "percent",
	"target",     "target_year", "path",       "offices_due", "last_contact", "late_since"
};
#define N(list) (sizeof(list) / sizeof((list)[0]))

struct writing {
	char *text;
	size_t len, room;
};

static void put(struct writing *to, const char *text)
{
	size_t n = strlen(text);

	if (to->len + n + 1 > to->room)
		return;
	memcpy(to->text + to->len, text, n + 1);
	to->len += n;
}

static void put_value(struct writing *to, struct dice *dice)
{
	switch (dice_below(dice, 8)) {
	case 0:
		put(to, "null");
		break;
	case 1:
		put(to, dice_below(dice, 2) ? "true" : "{\"a\": 1, \"b\": null}");
		break;
	case 2:
		put(to, "[1, \"<b>\"]");
		break;
	case 3:
	case 4:
		put(to, numbers[dice_below(dice, N(numbers))]);
		break;
	default:
		put(to, "\"");
		put(to, strings[dice_below(dice, N(strings))]);
		put(to, "\"");
	}
}

static void put_object(struct writing *to, struct dice *dice, size_t most)
{
	size_t n = dice_below(dice, most + 1);

	put(to, "{");
	for (size_t i = 0; i < n; i++) {
		put(to, i ? ", \"" : "\"");
		put(to, keys[dice_below(dice, N(keys))]);
		put(to, "\": ");
		put_value(to, dice);
	}
	put(to, "}");
}

/* A refusal, no answer of ours, or one with made-up rows and heads. */
static const char *answer_anything(struct play *play, const char *target)
{
	struct writing to = { .room = 1 << 16 };
	size_t n = dice_below(play->dice, 12);

	(void)target;
	free(play->text);
	play->text = to.text = malloc(to.room);
	*to.text = '\0';
	switch (dice_below(play->dice, 12)) {
	case 0:
		return NULL;
	case 1:
		put(&to, dice_below(play->dice, 2) ? "[]" : "{\"rows\": 7}");
		return to.text;
	default:
		break;
	}
	put(&to, "{\"query\": ");
	put_object(&to, play->dice, 4);
	put(&to, ", \"list\": {\"next\": \"9:9:<9>\"}, \"rows\": [");
	for (size_t i = 0; i < n; i++) {
		put(&to, i ? ", " : "");
		put_object(&to, play->dice, 40);
	}
	put(&to, "]}");
	return to.text;
}

static const char *const void_tags[] = {
	"meta", "link", "input", "br", "img", "hr", "col", "source"
};

static bool is_void(const char *name, size_t len)
{
	for (size_t i = 0; i < N(void_tags); i++)
		if (strlen(void_tags[i]) == len && memcmp(void_tags[i], name, len) == 0)
			return true;
	return false;
}

/* Every tag that is opened is closed, in order, and no text brought one along. */
static void is_well_formed(const char *target, const char *page)
{
	struct {
		const char *at;
		size_t len;
	} open[256];
	size_t depth = 0;

	for (const char *at = page; (at = strchr(at, '<'));) {
		bool closes = at[1] == '/', quoted = false;
		const char *name = at + 1 + closes, *end = name;
		size_t len = strcspn(name, " \n\t/>");

		for (; *end && (quoted || *end != '>'); end++)
			quoted ^= *end == '"';
		if (!*end)
			fail_msg("%s: a tag has no end: %.80s", target, at);
		if (strncmp(at, "<script", 7) == 0 &&
		    strncmp(at, "<script src=\"/page.js\"", 22) != 0)
			fail_msg("%s: a script came along: %.120s", target, at);
		if (memmem(at, (size_t)(end - at), " onload=", 8) && !quoted)
			assert_null(memmem(at, (size_t)(end - at), "\" onload=\"", 10));
		if (closes) {
			if (depth == 0 || open[depth - 1].len != len ||
			    memcmp(open[depth - 1].at, name, len) != 0)
				fail_msg("%s: %.40s closes what was not opened last", target, at);
			depth--;
		} else if (*name != '!' && end[-1] != '/' && !is_void(name, len)) {
			assert_true(depth < N(open));
			open[depth].at = name;
			open[depth++].len = len;
		}
		at = end + 1;
	}
	assert_int_equal(depth, 0);
}

static void add_argument(struct writing *to, struct dice *dice, char mark)
{
	static const char *const fields[] = { "name",     "area",        "by",     "per",
					      "from",     "to",          "last",   "labels",
					      "by_label", "versus",      "total",  "sort",
					      "top",      "structure",   "known",  "calendar",
					      "office",   "metric",      "period", "before",
					      "wall",     "publication", "state" };
	static const char *const values[] = { "a.x",
					      "a.x,b",
					      "815",
					      "district",
					      "office",
					      "month",
					      "2025-01",
					      "12",
					      "1",
					      "year",
					      "period",
					      "value",
					      "-value",
					      "b:change:desc",
					      "%3Cscript%3E",
					      "%22%3E%3Cb",
					      "2025-07-01",
					      "civil",
					      "sector=land",
					      "%26amp",
					      "9:9:-1",
					      "x" };
	char first[2] = { mark, '\0' };

	put(to, first);
	put(to, fields[dice_below(dice, N(fields))]);
	put(to, "=");
	put(to, values[dice_below(dice, N(values))]);
}

static size_t pages;

static void plays_a_random_page(struct dice *dice, void *context)
{
	char target[1024];
	struct writing to = { .text = target, .room = sizeof(target) };
	struct play play = { .answer = answer_anything, .dice = dice };
	const struct screen *screen = &screens[dice_below(dice, n_screens)];
	size_t n = dice_below(dice, 5);
	(void)context;
	put(&to, screen->path);
	if (target[to.len - 1] == '/' && to.len > 1)
		put(&to, "%3Cb%3E815");
	for (size_t i = 0; i < n; i++)
		add_argument(&to, dice, i ? '&' : '?');
	char *page = page_of(&play, target);
	if (page) {
		is_well_formed(target, page);
		pages++;
	}
	free(page);
	free(play.text);
}

static void no_screen_breaks_whatever_is_answered(void **state)
{
	(void)state;
	for_all_seeds(1500, plays_a_random_page, NULL);
	if (!seeds_given())
		assert_true(pages > 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pivot_has_every_figure_in_its_place),
		cmocka_unit_test(a_row_of_a_label_says_which),
		cmocka_unit_test(a_search_offers_what_is_called_so),
		cmocka_unit_test(no_screen_breaks_whatever_is_answered),
	};
	return cmocka_run_group_tests_name("screens", tests, NULL, NULL);
}
