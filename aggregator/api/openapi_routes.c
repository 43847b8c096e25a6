/* /v1/openapi.json: the interface as a document for programs. */
#include "api/call.h"
#include "api/openapi.h"

static int openapi_get(struct call *call, struct err *err)
{
	call->answer_type = "application/json";
	return openapi_write(&call->answer, err);
}

const struct action openapi_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/openapi.json", NULL, NULL, CALL_HERE, openapi_get, NULL, NULL,
	  "This document.", "object", NULL },
};
const size_t n_openapi_actions = sizeof(openapi_actions) / sizeof(openapi_actions[0]);
