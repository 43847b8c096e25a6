/* The screen of alerts, from an answer: what is asked, what is shown, and that nothing breaks out.
 */
#include "common/model/civil.h"
#include "dashboard/alert_rows.h"
#include "dashboard/frame.h"
#include "dashboard/screens.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char firing[] =
	"{\"alerts\": {\"last\": \"7\"}, \"rows\": ["
	"{\"alert\": 7, \"state\": \"firing\", \"gravity\": \"ill\", \"kind\": \"silent\","
	" \"subject\": \"*\", \"office\": null, \"name\": null,"
	" \"since\": \"2026-11-30T08:00:00+07:00\", \"what\": \"most offices are <b>away</b>\","
	" \"advice\": \"look at the line\"},"
	"{\"alert\": 3, \"state\": \"firing\", \"gravity\": \"note\", \"kind\": \"late\","
	" \"subject\": \"28249\", \"office\": \"28249\", \"name\": \"Long Bình\","
	" \"since\": null, \"what\": \"28249 is late\", \"advice\": \"call\"}%s]}";

static const char over[] =
	", {\"alert\": 2, \"state\": \"resolved\", \"gravity\": \"ill\", \"kind\": \"disk\","
	" \"subject\": \"\", \"office\": null, \"name\": null, \"since\": null,"
	" \"what\": \"the disk was full\", \"advice\": \"-\"},"
	"{\"alert\": null, \"state\": \"pending\", \"gravity\": \"note\", \"kind\": \"silent\","
	" \"subject\": \"28250\", \"office\": \"28250\", \"name\": null, \"since\": null,"
	" \"what\": \"28250 is quiet\", \"advice\": \"-\"}";

/* The page at @target, where alerts are @alerts; the caller frees it. */
static char *page_at(const char *target, const char *alerts, const char *asked)
{
	struct visit visit = {
		.screens = screens,
		.n_screens = n_screens,
		.asking = asking_open(),
		.reader = { .role = READER_VIEWER, .name = "", .office = "", .until = "" },
		.now_us = INT64_C(1796000000000000)
	};
	struct html html;
	bool was_asked = false;
	struct err err;
	assert_non_null(visit.asking);
	assert_int_equal(screens_read(target, &visit.view, &visit.screen, &err), 0);
	for (int turn = 0;; turn++) {
		const char *question;
		size_t at = 0;
		html = (struct html){ 0 };
		frame_page(&visit, &html);
		assert_false(html.failed);
		if (asking_is_over(visit.asking))
			break;
		assert_true(turn < 5);
		blob_free(&html.out);
		while ((question = asking_next(visit.asking, &at))) {
			bool wanted = strcmp(question, asked) == 0;
			const char *text = wanted ? alerts : "{\"rows\": []}";
			was_asked |= wanted;
			assert_int_equal(
				asking_tell(visit.asking, question, 200, text, strlen(text)), 0);
		}
	}
	assert_true(was_asked);
	assert_int_equal(blob_append(&html.out, "", 1), 0);
	asking_close(visit.asking);
	return (char *)html.out.data;
}

static void has(const char *page, const char *text, bool there)
{
	if ((strstr(page, text) != NULL) != there)
		fail_msg("%s '%s' in:\n%s", there ? "no" : "there is", text, page);
}

static void what_fires_is_shown_with_its_way_to_the_office(void **state)
{
	char answer[4096];
	(void)state;
	(void)snprintf(answer, sizeof(answer), firing, "");
	char *page = page_at("/alerts", answer, "/api/v1/alerts");
	has(page, "most offices are &lt;b&gt;away&lt;/b&gt;", true);
	has(page, "<b>", false);
	has(page, "look at the line", true);
	has(page, "href=\"/offices/28249\"", true);
	has(page, "28249 is late", true);
	has(page, "▲</span> grave", true);
	has(page, "08:00", true);
	has(page, "data-q=\"/api/v1/alerts\"", true);
	has(page, "2 alerts", true);
	has(page, "href=\"/alerts?state=all\"", true);
	free(page);
}

static void with_all_what_is_over_and_pending_is_told_apart(void **state)
{
	char answer[4096];
	(void)state;
	(void)snprintf(answer, sizeof(answer), firing, over);
	char *page = page_at("/alerts?state=all", answer, "/api/v1/alerts?all=1");
	has(page, "<td>over</td>", true);
	has(page, "<td>only just begun</td>", true);
	has(page, "4 alerts", true);
	has(page, "Only what is firing now", true);
	free(page);
}

static void nothing_is_said_in_words(void **state)
{
	(void)state;
	char *page =
		page_at("/alerts?office=28249", "{\"rows\": []}", "/api/v1/alerts?office=28249");
	has(page, "Nothing needs action", true);
	has(page, "<table class=\"alerts\"", false);
	free(page);
}

static void what_nobody_looked_at_is_not_said_to_be_nothing(void **state)
{
	(void)state;
	char *page =
		page_at("/alerts", "{\"alerts\": {\"last\": 0, \"looked\": null}, \"rows\": []}",
			"/api/v1/alerts");
	has(page, "Not known yet", true);
	has(page, "Nothing needs action", false);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fires_is_shown_with_its_way_to_the_office),
		cmocka_unit_test(with_all_what_is_over_and_pending_is_told_apart),
		cmocka_unit_test(nothing_is_said_in_words),
		cmocka_unit_test(what_nobody_looked_at_is_not_said_to_be_nothing),
	};
	return cmocka_run_group_tests_name("alert_rows", tests, NULL, NULL);
}
