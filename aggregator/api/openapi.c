#include "api/openapi.h"

#include "api/answers.h"
#include "api/etag.h"
#include "api/json_draft.h"
#include "api/parameters.h"
#include "api/routes.h"
#include "common/base/names.h"
#include "common/base/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OPERATION_MAX 64u

/* "GET /v1/offices/heads" is getOfficesHeads. */
static void operation_name(const struct action *action, char name[OPERATION_MAX])
{
	size_t n = 0;

	for (const char *at = action->method; *at && n + 1 < OPERATION_MAX; at++)
		name[n++] = (char)tolower((unsigned char)*at);
	bool begins = false;
	for (const char *at = action->path + strlen("/v1"); *at && n + 1 < OPERATION_MAX; at++) {
		if (isalnum((unsigned char)*at))
			name[n++] = begins ? (char)toupper((unsigned char)*at) : *at;
		begins = !isalnum((unsigned char)*at);
	}
	name[n] = '\0';
}

static void put_number(struct json_draft *to, const char *name, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value); /* fits */
	json_draft(to, ", @: $", name, text);
}

/* What a builder forgot. It is not translated: operators do not meet it. */
static int lacks(const struct action *action, const char *what, const char *name, struct err *err)
{
	char text[256];

	(void)utf8_print(text, sizeof(text), "%s %s: %s%s", action->method, action->path, what,
			 name);
	return err_set(err, -EINVAL, "%s", text);
}

/* @in_body: fields are texts there, whatever they say. */
static void put_parameter_schema(struct json_draft *to, const struct parameter *parameter,
				 bool in_body)
{
	const char *cursor = parameter->words;
	char word[PARAMETER_NAME_MAX];
	bool any = false;

	switch (parameter->kind) {
	case PARAMETER_TEXT:
		json_draft(to, "'type': 'string', 'minLength': 1");
		put_number(to, "maxLength", parameter->high);
		break;
	case PARAMETER_WORD:
		json_draft(to, "'type': 'string', 'enum': [");
		for (; parameters_next(&cursor, word); any = true)
			json_draft(to, any ? ", @" : "@", word);
		json_draft(to, "]");
		break;
	case PARAMETER_NUMBER:
		if (in_body) {
			json_draft(to, "'type': 'string', 'pattern': '^[0-9]+$', 'maxLength': 19",
				   "$");
			break;
		}
		json_draft(to, "'type': 'integer'");
		put_number(to, "minimum", parameter->low);
		put_number(to, "maximum", parameter->high);
		break;
	case PARAMETER_PERIOD:
	case PARAMETER_PERIOD_OR_LATEST:
	case PARAMETER_DAY:
	case PARAMETER_INSTANT:
		json_draft(to, "'type': 'string', 'maxLength': 40, 'pattern': @",
			   parameter_pattern(parameter->kind));
		break;
	}
	if (parameter->kind == PARAMETER_NUMBER && !in_body)
		json_draft(to, ", 'examples': [$]", parameter->example);
	else
		json_draft(to, ", 'examples': [@]", parameter->example);
}

static int explain(const struct action *action, const char *name,
		   const struct parameter **ret_parameter, struct err *err)
{
	*ret_parameter = parameter_find(action, name, strlen(name));
	if (*ret_parameter)
		return 0;
	return lacks(action, "no row of parameters[] in parameters.c explains ", name, err);
}

static bool is_needed(const struct action *action, const char *name)
{
	return names_find(action->needed, name, strlen(name)) >= 0;
}

static int put_arguments(struct json_draft *to, const struct action *action, struct err *err)
{
	const char *cursor = action->arguments;
	char name[PARAMETER_NAME_MAX];
	const struct parameter *parameter;
	int rc = 0;

	json_draft(to, ", 'parameters': [{'$': '#/components/parameters/Language'}", "$ref");
	if (tag_is_given(action))
		json_draft(to, ", {'$': '#/components/parameters/IfNoneMatch'}", "$ref");
	if (strcmp(action->method, "PUT") == 0 && tag_is_of_document(action))
		json_draft(to, ", {'$': '#/components/parameters/IfMatch'}", "$ref");
	while (rc == 0 && parameters_next(&cursor, name)) {
		rc = explain(action, name, &parameter, err);
		if (rc < 0)
			break;
		json_draft(to, ",\n{'name': @, 'in': 'query', 'required': $, 'description': @, ",
			   name, is_needed(action, name) ? "true" : "false",
			   parameter->description);
		json_draft(to, "'schema': {");
		put_parameter_schema(to, parameter, false);
		json_draft(to, "}}");
	}
	json_draft(to, "]");
	return rc;
}

static int put_fields(struct json_draft *to, const struct action *action, struct err *err)
{
	const char *cursor = action->fields;
	char name[PARAMETER_NAME_MAX];
	const struct parameter *parameter;
	bool any = false;
	int rc = 0;

	json_draft(to, "'application/json': {'schema': {'type': 'object', 'properties': {");
	while (rc == 0 && parameters_next(&cursor, name)) {
		rc = explain(action, name, &parameter, err);
		if (rc < 0)
			break;
		json_draft(to, any ? ",\n@: {'description': @, " : "@: {'description': @, ", name,
			   parameter->description);
		put_parameter_schema(to, parameter, true);
		json_draft(to, "}");
		any = true;
	}
	json_draft(to, "}, 'required': [");
	any = false;
	for (cursor = action->fields; parameters_next(&cursor, name);)
		if (is_needed(action, name)) {
			json_draft(to, any ? ", @" : "@", name);
			any = true;
		}
	json_draft(to, "], 'additionalProperties': false}}");
	return rc;
}

/* A table, as CSV, or the fields of an order. */
static int put_body(struct json_draft *to, const struct action *action, struct err *err)
{
	bool table = routes_takes_table(action);
	int rc = 0;

	if (!table && !action->fields)
		return 0;
	json_draft(to, ",\n'requestBody': {'required': true, 'content': {");
	if (table)
		json_draft(to, "'text/csv': {'schema': {'type': 'string', 'description': "
			       "'The table with its columns, as the command takes it.'}}");
	if (table && strcmp(action->path, "/v1/maps") == 0)
		json_draft(to, ", 'application/geo+json': {'schema': {'type': 'object', "
			       "'description': 'A FeatureCollection (RFC 7946).'}}");
	if (action->fields) {
		json_draft(to, table ? ", " : "");
		rc = put_fields(to, action, err);
	}
	json_draft(to, "}}");
	return rc;
}

static void put_responses(struct json_draft *to, const struct action *action, const char *operation)
{
	json_draft(to, ",\n'responses': {'200': {'description': 'The answer.', 'content': {");
	if (strcmp(action->answer, "file") == 0)
		json_draft(to, "'application/octet-stream': {'schema': {'type': 'string', "
			       "'format': 'binary'}}");
	else if (strcmp(action->answer, "metrics") == 0)
		json_draft(to, "'text/plain': {'schema': {'type': 'string'}}");
	else if (strcmp(action->answer, "map") == 0)
		json_draft(to, "'text/csv': {'schema': {'type': 'string'}}, "
			       "'application/geo+json': {'schema': {'type': 'object', "
			       "'description': 'A FeatureCollection (RFC 7946).'}}");
	else
		json_draft(to,
			   "'application/json': {'schema': {'$': "
			   "'#/components/schemas/$Answer'}}",
			   "$ref", operation);
	if (answers_has_rows(action->answer))
		json_draft(to, ", 'text/csv': {'schema': {'type': 'string'}}");
	json_draft(to, "}");
	if (tag_is_given(action))
		json_draft(to, ", 'headers': {'ETag': {'$': '#/components/headers/ETag'}}", "$ref");
	json_draft(to, "}");
	if (tag_is_given(action))
		json_draft(to,
			   ", '304': {'description': 'The client has it: its If-None-Match says "
			   "so.'}");
	if (strcmp(action->method, "PUT") == 0 && tag_is_of_document(action))
		json_draft(to,
			   ", '412': {'$': '#/components/responses/Problem'}, '428': {'$': "
			   "'#/components/responses/Problem'}",
			   "$ref", "$ref");
	if (action->commit == change_committed)
		json_draft(to, ", '202': {'$': '#/components/responses/UnderWay'}", "$ref");
	json_draft(to,
		   ",\n'400': {'$': '#/components/responses/WrongArgument'}, '401': {'$': "
		   "'#/components/responses/Problem'}, '403': {'$': "
		   "'#/components/responses/Problem'}, 'default': {'$': "
		   "'#/components/responses/Problem'}}",
		   "$ref", "$ref", "$ref", "$ref");
}

static const char *role_name(enum role role)
{
	return role == ROLE_LOCAL ? "local" : role_word(role);
}

static int put_operation(struct json_draft *to, const struct action *action, struct err *err)
{
	char name[OPERATION_MAX], method[16] = "";
	int rc;

	if (!action->summary || !*action->summary || !action->answer || !*action->answer)
		return lacks(action,
			     "no summary, or no answer, in its row (struct action, api/call.h)", "",
			     err);
	operation_name(action, name);
	for (size_t i = 0; action->method[i] && i + 1 < sizeof(method); i++)
		method[i] = (char)tolower((unsigned char)action->method[i]);
	json_draft(to, "@: {'operationId': @, 'summary': @, 'x-role': @", method, name,
		   action->summary, role_name(action->role));
	if (action->role == ROLE_LOCAL)
		json_draft(to, ", 'description': 'For root and the user of the aggregator, on the "
			       "unix socket of the province: no token has this role.', "
			       "'x-socket-only': true");
	json_draft(to, ", 'security': [{'token': []}]");
	rc = put_arguments(to, action, err);
	if (rc == 0)
		rc = put_body(to, action, err);
	if (rc == 0)
		put_responses(to, action, name);
	json_draft(to, "}");
	return rc;
}

/* All operations of a path stand together, where its first one is. */
static bool is_first_of_path(size_t i)
{
	for (size_t before = 0; before < i; before++)
		if (strcmp(routes_action(before)->path, routes_action(i)->path) == 0)
			return false;
	return true;
}

static int put_paths(struct json_draft *to, struct err *err)
{
	const struct action *action, *other;
	int rc = 0;

	json_draft(to, "'paths': {");
	for (size_t i = 0; (action = routes_action(i)) && rc == 0; i++) {
		bool any = false;

		if (!is_first_of_path(i))
			continue;
		json_draft(to, i ? ",\n\n'$$': {" : "\n'$$': {", ROUTES_API, action->path);
		for (size_t k = i; (other = routes_action(k)) && rc == 0; k++) {
			if (strcmp(other->path, action->path) != 0)
				continue;
			json_draft(to, any ? ",\n" : "");
			rc = put_operation(to, other, err);
			any = true;
		}
		json_draft(to, "}");
	}
	json_draft(to, "},\n\n");
	return rc;
}

static int put_schemas(struct json_draft *to, struct err *err)
{
	const struct action *action;
	char name[OPERATION_MAX];
	int rc = 0;

	json_draft(
		to,
		"'schemas': {'Words': {'type': 'object', 'description': 'Words before the rows.', "
		"'additionalProperties': {'type': ['string', 'integer', 'null']}},\n"
		"'Problem': {'type': 'object', 'description': 'RFC 9457. The type about:blank says "
		"no more than the status does.', 'properties': {'type': {'type': 'string'}, "
		"'title': {'type': 'string'}, 'status': {'type': 'integer'}, 'detail': {'type': "
		"'string', 'description': 'What is wrong and what to do, in the language of "
		"Accept-Language.'}}, 'required': ['type', 'title', 'status', 'detail']},\n"
		"'ArgumentProblem': {'description': 'One argument of the address (parameter) or "
		"field of the body (pointer) is the cause.', 'allOf': [{'$': "
		"'#/components/schemas/Problem'}], 'properties': {'errors': {'type': 'array', "
		"'minItems': 1, 'items': {'type': 'object', 'properties': {'detail': {'type': "
		"'string'}, 'parameter': {'type': 'string'}, 'pointer': {'type': 'string'}}, "
		"'required': ['detail'], 'additionalProperties': false}}}, 'required': "
		"['errors']}",
		"$ref");
	for (size_t i = 0; (action = routes_action(i)) && rc == 0; i++) {
		if (answers_is_text(action->answer))
			continue;
		operation_name(action, name);
		json_draft(to, ",\n'$Answer': ", name);
		rc = answers_schema(to, action->answer, err);
		if (rc == -EINVAL)
			rc = lacks(action, "", err->text, err);
	}
	json_draft(to, "}");
	return rc;
}

static void put_components(struct json_draft *to)
{
	json_draft(to,
		   "'components': {'securitySchemes': {'token': {'type': 'http', 'scheme': "
		   "'bearer', 'description': 'A token that lantoa token add made. On the unix "
		   "socket the kernel says who asks, and no token is wanted.'}},\n"
		   "'headers': {'ETag': {'description': 'As long as it is the same, so is the "
		   "answer.', 'schema': {'type': 'string'}}},\n"
		   "'parameters': {'Language': {'name': 'Accept-Language', 'in': 'header', "
		   "'required': false, 'description': 'vi or en: the language of sentences.', "
		   "'schema': {'type': 'string'}},\n"
		   "'IfNoneMatch': {'name': 'If-None-Match', 'in': 'header', 'required': false, "
		   "'description': 'The ETag of an answer that is kept: 304, if it is still so.', "
		   "'schema': {'type': 'string'}},\n"
		   "'IfMatch': {'name': 'If-Match', 'in': 'header', 'required': false, "
		   "'description': 'The ETag that GET gave of the edition which is replaced, or "
		   "*: any. 412, if it is not so any more; 428, if nothing is said and it is no "
		   "dry_run.', 'schema': {'type': 'string'}}},\n"
		   "'responses': {'Problem': {'description': 'It is refused, or fails.', "
		   "'content': {'application/problem+json': {'schema': {'$': "
		   "'#/components/schemas/Problem'}}}},\n"
		   "'WrongArgument': {'description': 'The request is wrong.', 'content': "
		   "{'application/problem+json': {'schema': {'anyOf': [{'$': "
		   "'#/components/schemas/ArgumentProblem'}, {'$': "
		   "'#/components/schemas/Problem'}]}}}},\n"
		   "'UnderWay': {'description': 'It is made in steps; GET /api/v1/change?run= "
		   "tells how far it is.', 'content': {'application/json': {'schema': {'type': "
		   "'object', 'properties': {'change': {'type': 'integer', 'description': 'The "
		   "number to ask with.'}}, 'required': ['change']}}}}},\n",
		   "$ref", "$ref", "$ref");
}

int openapi_write(struct blob *out, struct err *err)
{
	struct json_draft to = { .out = *out };
	int rc;

	json_draft(&to,
		   "{'openapi': '3.1.0', 'info': {'title': 'Lan Toa: the province', 'version': @, "
		   "'description': 'Figures of a province, who is missing, and what operators do. "
		   "An answer with rows is CSV where the request says Accept: text/csv. Numbers "
		   "have every digit. Over the network /api/v1/query and /api/v1/completeness take "
		   "an argument more, format: csv, json, csv-excel, xlsx and, of figures, "
		   "sdmx-csv; lantoa-web(8) has it. lantoa-aggregator(8) tells the rest.'}, "
		   "'servers': [{'url': '/'}],\n",
		   LANTOA_VERSION);
	rc = put_paths(&to, err);
	put_components(&to);
	if (rc == 0)
		rc = put_schemas(&to, err);
	json_draft(&to, "}}\n");
	*out = to.out;
	return rc == 0 && to.rc < 0 ? err_memory(err) : rc;
}
