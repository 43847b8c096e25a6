/* The document of the interface can be written: a route whose row, argument, field or column nobody
 * explained is named here. What it says is held against the daemon by tests/system/test_api.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/answers.h"
#include "api/openapi.h"
#include "api/parameters.h"
#include "api/routes.h"
#include "common/base/names.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static void every_route_is_explained(void **state)
{
	struct blob out = { 0 };
	struct err err;

	(void)state;
	if (openapi_write(&out, &err) < 0)
		fail_msg("%s", err.text);
	json_t *document =
		json_loadb((const char *)out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(document);
	size_t n = 0;
	while (routes_action(n))
		n++;
	size_t told = 0;
	const char *path;
	json_t *operations;
	json_object_foreach(json_object_get(document, "paths"), path, operations)
		told += json_object_size(operations);
	assert_int_equal(told, n);
	json_decref(document);
	blob_free(&out);
}

/* What a row says is needed is among what it takes, and it is judged before any work. */
static void what_is_needed_is_taken(void **state)
{
	const struct action *action;

	(void)state;
	for (size_t i = 0; (action = routes_action(i)); i++) {
		const char *cursor = action->needed;
		char name[PARAMETER_NAME_MAX];

		while (parameters_next(&cursor, name))
			if (names_find(action->arguments, name, strlen(name)) < 0 &&
			    names_find(action->fields, name, strlen(name)) < 0)
				fail_msg("%s %s needs '%s', and does not take it", action->method,
					 action->path, name);
	}
}

static void assert_schema(const char *answer, const char *expected)
{
	struct json_draft to = { 0 };
	struct err err;

	assert_int_equal(answers_schema(&to, answer, &err), 0);
	assert_int_equal(blob_append(&to.out, "", 1), 0);
	assert_string_equal((const char *)to.out.data, expected);
	blob_free(&to.out);
}

static void answers_are_schemas(void **state)
{
	struct json_draft to = { 0 };
	struct err err;

	(void)state;
	assert_schema(
		"=changed =warning?",
		"{\"type\": \"object\", \"properties\": {\"changed\": {\"type\": \"integer\", "
		"\"description\": \"How many rows were changed.\"}, \"warning\": {\"type\": "
		"\"string\", \"description\": \"What was left out, and why.\"}}, \"required\": "
		"[\"changed\"], \"additionalProperties\": false}");
	assert_schema("code!",
		      "{\"type\": \"object\", \"properties\": {\"rows\": {\"type\": \"array\", "
		      "\"items\": {\"type\": \"object\", \"properties\": {\"code\": {\"type\": "
		      "\"string\", \"description\": \"The code.\"}}, \"required\": [\"code\"], "
		      "\"additionalProperties\": false}}}, \"required\": [\"rows\"], "
		      "\"additionalProperties\": {\"$ref\": \"#/components/schemas/Words\"}}");
	assert_true(answers_has_rows("code! name"));
	assert_true(answers_has_rows("=changed | code"));
	assert_false(answers_has_rows("=changed"));
	assert_false(answers_has_rows("file"));
	assert_int_equal(answers_schema(&to, "code nonsense", &err), -EINVAL);
	assert_non_null(strstr(err.text, "'nonsense'"));
	blob_free(&to.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route_is_explained),
		cmocka_unit_test(what_is_needed_is_taken),
		cmocka_unit_test(answers_are_schemas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
