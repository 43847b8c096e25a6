/* /v1/openapi.json: the interface as a document for programs. */
#include "api/call.h"
#include "api/etag.h"

static int openapi_get(struct call *call, struct err *err)
{
	const struct blob *document = api_document(call->api, err);

	if (!document)
		return err->code;
	call->answer_type = "application/json";
	tag_of_bytes(document->data, document->len, call->tag);
	return blob_append(&call->answer, document->data, document->len) < 0 ? err_memory(err) : 0;
}

const struct action openapi_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/openapi.json", NULL, NULL, CALL_HERE, openapi_get, NULL, NULL,
	  "This document.", "object", NULL },
};
const size_t n_openapi_actions = sizeof(openapi_actions) / sizeof(openapi_actions[0]);
