/* What may stand in an argument of the address or in a field of the body: for programs that read
 * the document of the interface, and for the judge of what they send. A name means one thing
 * wherever it is taken, but for the rows that name their paths. Private to api/. */
#pragma once

#include "api/api_internal.h"
#include "api/call.h"

enum parameter_kind {
	PARAMETER_TEXT,
	PARAMETER_WORD, /* one of a few */
	PARAMETER_NUMBER,
	PARAMETER_PERIOD,
	PARAMETER_PERIOD_OR_LATEST, /* the newest that is over (query/plan.h) */
	PARAMETER_DAY,
	PARAMETER_INSTANT, /* or a day, which is its end */
};

struct parameter {
	const char *name;
	const char *paths; /* that mean this by it, parted by blanks; NULL: all others */
	enum parameter_kind kind;
	const char *words; /* that there are, parted by blanks */
	int64_t low, high; /* of a number; of a text, @high: bytes */
	const char *example;
	const char *description; /* a sentence of the document, in English */
};

#define PARAMETER_NAME_MAX 32u /* with its NUL */

/** What @name[@len] means to @action; NULL: no row says. */
const struct parameter *parameter_find(const struct action *action, const char *name, size_t len);
/** May it be @text? -EINVAL with a sentence that begins with its name and a colon. */
int parameter_check(const struct parameter *parameter, const char *text, struct err *err);
/** All arguments that @request gives to @action. */
int parameters_check(const struct action *action, const struct http_request *request,
		     struct err *err);
/** Walk a list of names: call with @cursor = the list (NULL: it is empty); false at the end. */
bool parameters_next(const char **cursor, char ret_name[PARAMETER_NAME_MAX]);
/** The regular expression (ECMA-262, as JSON Schema has them) of a kind; NULL: it has none. */
const char *parameter_pattern(enum parameter_kind kind);
