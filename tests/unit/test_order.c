/* What somebody orders on the province's page: it is read from an address or a form, what would
 * come of it is told with nothing let out of its place, and it is agreed to only as it was seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/i18n.h"
#include "dashboard/acts.h"
#include "dashboard/frame.h"
#include "dashboard/order.h"
#include "dashboard/screens.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(list) (sizeof(list) / sizeof((list)[0]))

/* --- a page, played --- */

struct play {
	struct order order;
	struct view view;
	struct html html;
	enum reader_role role;
	const char *trial; /* what is answered to it; NULL: it is refused with */
	const char *refusal;
	char *sent; /* owned: method, target and body of the trial; NULL: none was asked */
};

static void begin(struct play *play, const char *target)
{
	struct err err;

	*play = (struct play){ .role = READER_ADMIN };
	assert_non_null(act_find(target));
	assert_int_equal(order_read(act_find(target), target, &play->view, &play->order, &err), 0);
}

static void end(struct play *play)
{
	order_deinit(&play->order);
	blob_free(&play->html.out);
	free(play->sent);
}

static void answer(struct play *play, struct asking *asking, const char *target)
{
	const struct sending *sending = asking_sending(asking, target);
	char copy[QUESTION_MAX];
	const char *text = sending ? play->trial : "{\"rows\":[]}";
	unsigned status = text ? 200 : 400;

	if (sending) {
		free(play->sent);
		assert_true(asprintf(&play->sent, "%s %s %.*s", sending->method, target,
				     (int)sending->len, sending->body) > 0);
	}
	strcpy(copy, target);
	text = text ? text : play->refusal;
	assert_int_equal(asking_tell(asking, copy, status, text, strlen(text)), 0);
}

/* The page, as a reader of that role sees it. */
static const char *page_of(struct play *play)
{
	const struct screen screen = { .path = ACT_PATH, .takes = "", .write = order_write };
	struct visit visit = { .view = play->view,
			       .screen = &screen,
			       .screens = screens,
			       .n_screens = n_screens,
			       .order = &play->order,
			       .reader = { play->role, "hoa", "", "2030-01-01", "word" },
			       .now_us = INT64_C(1764500000000000),
			       .asking = asking_open() };
	bool asked = true;

	while (asked) {
		const char *question;
		size_t at = 0;

		asked = false;
		blob_free(&play->html.out);
		frame_page(&visit, &play->html);
		while ((question = asking_next(visit.asking, &at))) {
			answer(play, visit.asking, question);
			asked = true;
		}
	}
	asking_close(visit.asking);
	assert_false(play->html.failed);
	assert_int_equal(blob_append(&play->html.out, "", 1), 0);
	return (const char *)play->html.out.data;
}

static void has(const char *page, const char *words)
{
	if (!strstr(page, words))
		fail_msg("the page has no %s:\n%s", words, page);
}

static void has_not(const char *page, const char *words)
{
	if (strstr(page, words))
		fail_msg("the page has %s:\n%s", words, page);
}

/* --- reading --- */

static void an_address_is_a_view_and_an_order(void **state)
{
	struct play play;

	(void)state;
	begin(&play, "/act/move?office=28001&unit=M%E1%BB%99t&day=2025-07-01&structure=2025-06-30"
		     "&from=2025-01&back=%2Foffices%3Flate%3D1");
	assert_string_equal(play.order.act->name, "move");
	assert_string_equal(order_value(&play.order, "office"), "28001");
	assert_string_equal(order_value(&play.order, "unit"), "Một");
	assert_string_equal(order_value(&play.order, "day"), "2025-07-01");
	assert_string_equal(play.view.structure, "2025-06-30");
	assert_string_equal(play.view.from, "2025-01");
	assert_string_equal(play.order.back, "/offices?late=1");
	assert_true(order_is_whole(&play.order));
	play.trial = "{\"rows\":[]}";
	(void)page_of(&play);
	assert_string_equal(play.sent, "POST /api/v1/offices/move?dry_run=1 "
				       "{\"code\":\"28001\",\"unit\":\"Một\",\"from\":"
				       "\"2025-07-01\"}");
	/* The other language is one link away, with all of it. */
	has((const char *)play.html.out.data,
	    "back=%2Fact%2Fmove%3Foffice%3D28001%26unit%3DM%25E1%25BB%2599t%26day%3D2025-07-01%26"
	    "from%3D2025-01%26structure%3D2025-06-30%26back%3D%252Foffices%253Flate%253D1");
	end(&play);
}

static void what_no_order_can_be_is_refused(void **state)
{
	static const char *const wrong[] = {
		"/act/move?office=1&office=2", "/act/move?spam=1",  "/act/close?cal=moon",
		"/act/close?structure=x",      "/act/close?seen=x", "/act/close?yes=1",
		"/act/close?period=%ff"
	};
	char longest[3000] = "/act/excuse?reason=";
	struct order order;
	struct view view;
	struct err err;

	(void)state;
	assert_null(act_find("/act/"));
	assert_null(act_find("/act/nothing"));
	assert_null(act_find("/actclose"));
	assert_null(act_find("/act"));
	for (size_t i = 0; i < N(wrong); i++) {
		assert_int_equal(order_read(act_find(wrong[i]), wrong[i], &view, &order, &err),
				 -EINVAL);
		order_deinit(&order);
	}
	memset(longest + strlen(longest), 'x', ORDER_VALUE_MAX);
	assert_int_equal(order_read(act_find(longest), longest, &view, &order, &err), -EINVAL);
	order_deinit(&order);
}

/* A view keeps its own fields beside an act's. */
static void no_field_of_an_act_is_one_that_views_keep(void **state)
{
	const struct act *act;

	(void)state;
	for (size_t i = 0; (act = act_at(i)); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), ACT_PATH "%s", act->name);
		assert_ptr_equal(act_find(path), act);
		assert_true(act->role >= READER_OPERATOR);
		assert_true(act->table || act->fields[0].name || act->looks);
		for (const struct act_field *field = act->fields; field->name; field++) {
			assert_false(view_is_kept(field->name));
			assert_non_null(field->key);
		}
	}
}

static void a_table_is_text_whose_lines_end_alike(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		int rc;
		const char *taken;
	} cases[] = { { "a,b\r\nc,d\r\n", 10, 0, "a,b\nc,d\n" },
		      { "\xef\xbb\xbf"
			"a\rb",
			6, 0, "a\nb" },
		      { "a\n\r\n\nb", 6, 0, "a\n\n\nb" },
		      { "", 0, -EINVAL, NULL },
		      { "a\0b", 3, -EINVAL, NULL },
		      { "\xff\xfe"
			"a",
			3, -EINVAL, NULL } };
	char *large = calloc(2, ORDER_TABLE_MAX + 1);
	struct order order;
	struct err err;

	(void)state;
	assert_non_null(large);
	order_init(&order, act_find("/act/import-units"));
	for (size_t i = 0; i < N(cases); i++) {
		assert_int_equal(order_take_table(&order, cases[i].text, cases[i].len, &err),
				 cases[i].rc);
		if (cases[i].rc < 0)
			continue;
		assert_int_equal(order.table.len, strlen(cases[i].taken));
		assert_memory_equal(order.table.data, cases[i].taken, order.table.len);
	}
	memset(large, 'x', ORDER_TABLE_MAX + 1);
	assert_int_equal(order_take_table(&order, large, ORDER_TABLE_MAX + 1, &err), -E2BIG);
	assert_int_equal(order_take_table(&order, large, ORDER_TABLE_MAX, &err), 0);
	/* What was shown is agreed to, with the ends of lines that a browser gives it. */
	for (size_t i = 0; i <= ORDER_TABLE_MAX; i++)
		memcpy(large + 2 * i, "\r\n", 2);
	assert_int_equal(order_take_table(&order, large, 2 * ORDER_TABLE_MAX, &err), 0);
	assert_int_equal(order.table.len, ORDER_TABLE_MAX);
	assert_int_equal(order_take_table(&order, large, 2 * ORDER_TABLE_MAX + 2, &err), -E2BIG);
	assert_int_equal(order.table.len, 0);
	order_deinit(&order);
	free(large);
}

/* --- agreeing --- */

static const char moved[] =
	"{\"figures\":{\"touched\":7,\"seconds\":1},\"rows\":[{\"office\":\"28001\",\"name\":"
	"\"<b>\\\"Một\\\" & 'hai'\",\"unit\":\"28001\",\"unit_name\":\"Một\",\"becomes\":\"28002\","
	"\"becomes_name\":\"Hai\",\"from\":\"2025-07-01\"}]}";
#define MOVE "/act/move?office=28001&unit=28002&day=2025-07-01"

static void it_is_agreed_to_as_it_was_seen(void **state)
{
	static const char *const others[] = {
		"{\"rows\":[{\"office\":\"28001\",\"name\":\"A\",\"unit\":\"28001\",\"becomes\":"
		"\"28003\"}]}",
		"{\"rows\":[]}"
	};
	char seen[ORDER_DIGEST_MAX];
	struct play play;
	struct err err;

	(void)state;
	begin(&play, MOVE);
	play.trial = moved;
	has(page_of(&play), "&lt;b&gt;&quot;Một&quot; &amp; &#39;hai&#39;");
	has_not((const char *)play.html.out.data, "<b>");
	has((const char *)play.html.out.data, "7 figures go along");
	assert_false(order_is_agreed(&play.order)); /* nobody did */
	assert_int_equal(order_status(&play.order), 200);
	strcpy(seen, play.order.digest);
	assert_true(*seen);
	assert_int_equal(order_take(&play.order, "seen", seen, &err), 0);
	(void)page_of(&play);
	assert_true(order_is_agreed(&play.order));
	/* It would be something else by now. */
	for (size_t i = 0; i < N(others); i++) {
		play.trial = others[i];
		has(page_of(&play), "has changed since you looked");
		assert_false(order_is_agreed(&play.order));
		assert_int_equal(order_status(&play.order), 409);
	}
	play.trial = NULL;
	play.refusal = "{\"detail\":\"<i>no\",\"errors\":[{\"pointer\":\"#/unit\"}]}";
	has(page_of(&play), "&lt;i&gt;no");
	has((const char *)play.html.out.data, "aria-invalid=\"true\"");
	assert_false(order_is_agreed(&play.order));
	assert_int_equal(order_status(&play.order), 400);
	end(&play);
	/* So would another order that has the digest of this one. */
	begin(&play, "/act/move?office=28001&unit=28003&day=2025-07-01");
	play.trial = moved;
	assert_int_equal(order_take(&play.order, "seen", seen, &err), 0);
	(void)page_of(&play);
	assert_false(order_is_agreed(&play.order));
	end(&play);
	/* How many figures go along may be another the next minute. */
	begin(&play, MOVE);
	play.trial = "{\"figures\":{\"touched\":8,\"seconds\":2},\"rows\":[{\"office\":\"28001\","
		     "\"name\":\"<b>\\\"Một\\\" & 'hai'\",\"unit\":\"28001\",\"unit_name\":\"Một\","
		     "\"becomes\":\"28002\",\"becomes_name\":\"Hai\",\"from\":\"2025-07-01\"}]}";
	assert_int_equal(order_take(&play.order, "seen", seen, &err), 0);
	(void)page_of(&play);
	assert_true(order_is_agreed(&play.order));
	end(&play);
}

static void a_table_takes_the_place_of_the_edition_that_it_was_compared_with(void **state)
{
	struct sending sending;
	struct play play;
	struct err err;

	(void)state;
	begin(&play, "/act/import-units");
	assert_int_equal(order_take_table(&play.order, "a\n1\n", 4, &err), 0);
	play.trial = "{\"would\":{\"replaced\":\"\\\"ab12\\\"\"},\"rows\":[{\"change\":\"new\"}]}";
	(void)page_of(&play);
	assert_int_equal(order_sending(&play.order, false, &sending, &err), 0);
	assert_string_equal(sending.match, "\"ab12\"");
	assert_int_equal(order_sending(&play.order, true, &sending, &err), 0);
	assert_null(sending.match);
	end(&play);
}

static void what_takes_something_away_must_be_meant(void **state)
{
	static const char trial[] =
		"{\"would\":{\"changed\":1,\"figures\":3,\"offices\":1,\"needs_yes\":\"yes\"},"
		"\"rows\":[{\"change\":\"gone\",\"row\":\"<a>\",\"column\":null,\"was\":null,"
		"\"becomes\":null}]}";
	static const char table[] = "name\n\"x\"\n";
	struct sending sending;
	struct play play;
	struct err err;

	(void)state;
	begin(&play, "/act/import-catalogue");
	assert_int_equal(order_take_table(&play.order, table, strlen(table), &err), 0);
	play.trial = trial;
	has(page_of(&play), "3 figures would not count any more");
	has((const char *)play.html.out.data, "name=\"yes\"");
	has((const char *)play.html.out.data, "name=\"table\" value=\"name\n&quot;x&quot;\n\"");
	assert_string_equal(play.sent, "PUT /api/v1/catalogue?dry_run=1 name\n\"x\"\n");
	assert_int_equal(order_take(&play.order, "seen", play.order.digest, &err), 0);
	has(page_of(&play), "it takes something away");
	assert_false(order_is_agreed(&play.order));
	assert_int_equal(order_take(&play.order, "yes", "1", &err), 0);
	(void)page_of(&play);
	assert_true(order_is_agreed(&play.order));
	assert_int_equal(order_sending(&play.order, false, &sending, &err), 0);
	assert_string_equal(sending.target, "/api/v1/catalogue?yes=1");
	/* Of a table all rows count, also those that are not shown. */
	play.trial = "{\"would\":{\"changed\":1,\"figures\":3,\"offices\":1,\"needs_yes\":\"yes\"},"
		     "\"rows\":[{\"change\":\"gone\",\"row\":\"<a>\",\"column\":null,\"was\":null,"
		     "\"becomes\":null,\"figures\":2}]}";
	(void)page_of(&play);
	assert_false(order_is_agreed(&play.order));
	end(&play);
}

/* An invitation is told of alone: there is no act behind it that could be sent. */
static void what_cannot_be_done_here_is_not_agreed_to(void **state)
{
	struct play play;
	struct err err;

	(void)state;
	begin(&play, "/act/invite?office=28001");
	has(page_of(&play), "lantoa office invite");
	assert_true(*play.order.digest);
	assert_int_equal(order_take(&play.order, "seen", play.order.digest, &err), 0);
	(void)page_of(&play);
	assert_false(order_is_agreed(&play.order));
	end(&play);
}

/* Whoever reads a page types no commands. */
static void a_clause_that_names_a_command_is_left_out(void **state)
{
	struct order order;

	(void)state;
	order_init(&order, act_find("/act/close"));
	order_trouble(&order, 409, "2025-01 is closed already; `lantoa closed` lists them");
	assert_string_equal(order.trouble, "2025-01 is closed already");
	assert_int_equal(order_status(&order), 409);
	order_trouble(&order, 400, "no; `lantoa x` is one; two");
	assert_string_equal(order.trouble, "no; `lantoa x` is one; two");
	order_deinit(&order);
}

/* --- who sees what --- */

static void a_viewer_is_shown_nothing_of_it(void **state)
{
	static const char *const given[] = { "office", "a&b", "reason", "", NULL };
	struct visit visit = { .reader = { READER_VIEWER, "hoa", "", "", "word" } };
	struct html html = { 0 };
	struct play play;

	(void)state;
	begin(&play, MOVE);
	play.role = READER_VIEWER;
	play.trial = moved;
	has_not(page_of(&play), "<form class");
	assert_null(play.sent);
	end(&play);
	visit.view = (struct view){ .path = "/offices/a&b", .known = "2025-07-01" };
	act_link(&visit, &html, "move", "Move", given);
	assert_int_equal(html.out.len, 0);
	visit.reader.role = READER_OPERATOR;
	act_link(&visit, &html, "import-units", "Import", NULL);
	assert_int_equal(html.out.len, 0);
	act_link(&visit, &html, "move", "<Move>", given);
	assert_int_equal(blob_append(&html.out, "", 1), 0);
	assert_string_equal(
		(const char *)html.out.data,
		"<a class=\"act\" href=\"/act/move?office=a%26b&amp;known=2025-07-01&amp;"
		"back=%2Foffices%2Fa%2526b%3Fknown%3D2025-07-01\">&lt;Move&gt;</a>\n");
	blob_free(&html.out);
	visit.view.wall[0] = '1';
	act_link(&visit, &html, "move", "Move", given);
	assert_int_equal(html.out.len, 0);
}

/* Whatever an aggregator of another version answers, each act has a page and a sentence. */
static void every_act_tells_whatever_is_answered(void **state)
{
	static const char *const trials[] = {
		"{}", "[]", "{\"rows\":[{}]}", "{\"rows\":[null,1]}",
		"{\"progress\":{\"done\":\"x\"},\"would\":[],\"rows\":[{\"period\":\"<x>\","
		"\"metric\":"
		"\"<x>\",\"office\":\"<x>\",\"kind\":\"<x>\",\"reason\":\"<x>\",\"row\":\"<x>\","
		"\"was\":\"<x>\",\"becomes\":\"<x>\",\"choice\":\"<x>\",\"to\":\"<x>\"}]}"
	};
	const struct act *act;

	(void)state;
	for (size_t i = 0; (act = act_at(i)); i++) {
		for (size_t t = 0; t < N(trials); t++) {
			char path[64], text[512] = "";
			struct play play;
			struct err err;
			json_t *told = json_loads(trials[t], 0, NULL);

			(void)snprintf(path, sizeof(path), ACT_PATH "%s", act->name);
			begin(&play, path);
			for (const struct act_field *field = act->fields; field->name; field++)
				if (field->kind != ACT_WORD)
					assert_int_equal(
						order_take(&play.order, field->name, "<x>", &err),
						0);
			if (act->table)
				assert_int_equal(order_take_table(&play.order, "<x>", 3, &err), 0);
			play.trial = trials[t];
			has_not(page_of(&play), "<x>");
			if (act->done) {
				act->done(&play.order, told, text, sizeof(text));
				assert_true(*text);
			}
			json_decref(told);
			end(&play);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_a_view_and_an_order),
		cmocka_unit_test(what_no_order_can_be_is_refused),
		cmocka_unit_test(no_field_of_an_act_is_one_that_views_keep),
		cmocka_unit_test(a_table_is_text_whose_lines_end_alike),
		cmocka_unit_test(it_is_agreed_to_as_it_was_seen),
		cmocka_unit_test(a_table_takes_the_place_of_the_edition_that_it_was_compared_with),
		cmocka_unit_test(what_takes_something_away_must_be_meant),
		cmocka_unit_test(what_cannot_be_done_here_is_not_agreed_to),
		cmocka_unit_test(a_clause_that_names_a_command_is_left_out),
		cmocka_unit_test(a_viewer_is_shown_nothing_of_it),
		cmocka_unit_test(every_act_tells_whatever_is_answered),
	};
	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
