#include "cli/status_screen.h"
#include "common/model/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char answer[] =
	"{\"at\": \"2025-06-30T14:05:09+07:00\", \"well\": false, \"conditions\": ["
	"{\"name\": \"a\", \"severity\": \"ill\", \"sentence\": \"the worst\"},"
	"{\"name\": \"b\", \"severity\": \"note\", \"sentence\": \"and this\"}],"
	"\"version\": \"1.2\", \"running_since\": \"2025-06-28T08:00:00+07:00\","
	"\"office\": \"28249\", \"office_name\": \"Mỹ Tho\", \"address\": \"province:5555\","
	"\"metrics\": 46, \"uplink\": {\"state\": \"connecting\", \"connected\": false,"
	"\"since\": \"2025-06-30T11:05:09+07:00\", \"blocked_batch\": 7, \"refusal\": \"no\"},"
	"\"inputs\": [{\"name\": \"statsd\", \"state\": \"listening\","
	"\"last\": \"2025-06-30T14:05:00+07:00\", \"error\": \"late\"},"
	"{\"name\": \"inbox\", \"state\": \"failing\", \"last\": null, \"error\": \"\"}],"
	"\"reload\": {\"at\": \"2025-06-30T14:03:09+07:00\", \"ok\": false,"
	"\"error\": \"agent.conf:3: wrong\", \"needs_restart\": \"\"},"
	"\"spool\": {\"unsealed\": 2, \"waiting_batches\": 3, \"waiting_observations\": 40,"
	"\"oldest_waiting\": \"2025-06-27T14:05:09+07:00\","
	"\"last_ack\": \"2025-06-30T13:25:09+07:00\", \"quarantined\": 9, \"held\": 5, \"bytes\": "
	"1572864,"
	"\"bytes_max\": 67108864, \"disk_free\": 2147483648},"
	"\"refusals\": [{\"batch\": 6, \"metric\": \"visits\", \"labels\": \"desk=A\","
	"\"observations\": 1, \"reason\": \"not due\"},"
	"{\"batch\": 5, \"metric\": \"teams\", \"labels\": \"\", \"observations\": 1,"
	"\"reason\": \"too late\"}]}";

/* Freed by the caller. */
static char *screen_of(const json_t *root)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	status_screen(root, false, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static json_t *parsed(void)
{
	json_error_t where;
	json_t *root = json_loads(answer, 0, &where);
	assert_non_null(root);
	return root;
}

static void every_line_says_its_thing(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"office:        28249  Mỹ Tho\n",
		"state:         the worst\n",
		"also:          and this\n",
		"province:      province:5555  not connected since 2025-06-30 11:05 (3 h ago)\n",
		"refused:       batch 7: no\n",
		"to be sent:    40 figures in 3 batches, 2 not sealed yet\n",
		"oldest:        2025-06-27 14:05 (3 days ago)\n",
		"last receipt:  2025-06-30 13:25 (40 min ago)\n",
		"held back:     5 figures\n",
		"               batch 6, visits desk=A: not due\n",
		"               batch 5, teams: too late\n",
		"spool:         1.5 MiB of 64.0 MiB used; 2.0 GiB free on the disk\n",
		"catalogue:     46 metrics\n",
		"inputs:        statsd: listening; last figures 2025-06-30 14:05 (9 s ago); late\n",
		"               inbox: failing; last figures -\n",
		"settings:      2025-06-30 14:03 (2 min ago) not taken: agent.conf:3: wrong\n",
		"agent:         1.2, running since 2025-06-28 08:00 (2 days ago)\n",
	};
	json_t *root = parsed();
	char *text = screen_of(root);
	const char *rest = text;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		rest = strstr(rest, lines[i]);
		if (!rest)
			fail_msg("no '%s' in its place:\n%s", lines[i], text);
	}
	free(text);
	json_decref(root);
}

/* An agent of another version may not tell all of it. */
static void what_is_not_told_leaves_the_rest_standing(void **state)
{
	(void)state;
	json_t *whole = parsed();
	const char *key;
	json_t *value;
	json_object_foreach(whole, key, value) {
		json_t *root = json_deep_copy(whole);
		assert_int_equal(json_object_del(root, key), 0);
		char *text = screen_of(root);
		assert_non_null(strstr(text, "\nagent:"));
		free(text);
		json_decref(root);
	}
	json_decref(whole);
}

static int set_zone(void **state)
{
	struct err err;
	(void)state;
	return civil_set_zone("Asia/Ho_Chi_Minh", &err);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_says_its_thing),
		cmocka_unit_test(what_is_not_told_leaves_the_rest_standing),
	};
	return cmocka_run_group_tests_name("status_screen", tests, set_zone, NULL);
}
