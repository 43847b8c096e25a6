#include "api/problem.h"

#include "api/parameters.h"
#include "common/base/names.h"

#include <string.h>

void problem_answer(struct call *call, const struct err *err)
{
	size_t len = strcspn(err->text, ":");
	char name[PARAMETER_NAME_MAX] = "";
	struct http_problem problem = {
		.status = call->status ? call->status : http_status_of(err->code),
		.text = http_words(call->request, err),
		.field = call->wrong,
		.more = call->refused ? (const char *)call->answer.data : NULL,
	};

	if (len < sizeof(name) && problem.status < 500 && !call->wrong)
		memcpy(name, err->text, len);
	if (names_find(call->action->arguments, name, strlen(name)) >= 0)
		problem.argument = name;
	else if (names_find(call->action->fields, name, strlen(name)) >= 0)
		problem.field = name;
	http_answer_problem(call->request, &problem);
}
