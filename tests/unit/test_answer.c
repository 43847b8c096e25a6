#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/text/answer.h"

#include <stdlib.h>
#include <string.h>

static const char hostile[] = "{\"rows\": [{\"n\\u001bame\": \"\\u001b]0;x\\u0007 T\xe1\xbb\x95\", "
			      "\"n\": 7}, [\"\\u202e\\u009b\", true, null, 1.5, \"a\\nb\"]]}";

static void every_name_and_text_of_an_answer_is_printable(void **state)
{
	(void)state;
	json_t *json = answer_read(hostile, strlen(hostile));
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, "{\"rows\":[{\"n\":7,\"n?ame\":\"?]0;x? T\xe1\xbb\x95\"},"
				  "[\"??\",true,null,1.5,\"a\\nb\"]]}");
	free(text);
	json_decref(json);
}

static void what_is_no_json_is_no_answer(void **state)
{
	(void)state;
	assert_null(answer_read(NULL, 0));
	assert_null(answer_read("{", 1));
	assert_null(answer_read("[\"\xff\"]", 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_and_text_of_an_answer_is_printable),
		cmocka_unit_test(what_is_no_json_is_no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
