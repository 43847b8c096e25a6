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
#include <stdio.h>
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

/* Each word of @parameter, with its second and third letter swapped. */
static size_t misspell_each(const struct parameter *parameter)
{
	size_t n = 0;

	for (const char *at = parameter->words; *at; at += strcspn(at, " "), at += *at == ' ') {
		int len = (int)strcspn(at, " ");
		char wrong[32], meant[48];
		struct err err = { 0 };

		if (len < 3 || at[1] == at[2])
			continue; /* "0", "1": another letter is another word */
		(void)snprintf(wrong, sizeof(wrong), "%c%c%c%.*s", at[0], at[2], at[1], len - 3,
			       at + 3);
		(void)snprintf(meant, sizeof(meant), "; did you mean '%.*s'?", len, at);
		assert_int_equal(parameter_check(parameter, wrong, &err), -EINVAL);
		if (!strstr(err.text, meant))
			fail_msg("%s=%s: %s", parameter->name, wrong, err.text);
		n++;
	}
	return n;
}

static void a_misspelt_word_of_any_parameter_is_asked_for(void **state)
{
	const struct action *action;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; (action = routes_action(i)); i++) {
		const char *const lists[] = { action->arguments, action->fields };

		for (size_t k = 0; k < 2; k++) {
			const char *cursor = lists[k];
			char name[PARAMETER_NAME_MAX];

			while (parameters_next(&cursor, name)) {
				const struct parameter *parameter =
					parameter_find(action, name, strlen(name));

				if (parameter && parameter->kind == PARAMETER_WORD)
					n += misspell_each(parameter);
			}
		}
	}
	assert_true(n > 40); /* the table has so many that are long enough */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_misspelt_word_of_any_parameter_is_asked_for),
		cmocka_unit_test(every_route_is_explained),
		cmocka_unit_test(what_is_needed_is_taken),
		cmocka_unit_test(answers_are_schemas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
