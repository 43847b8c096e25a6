/* JSON that is written from drafts, which read like it: 'name' is a string of the draft's own, @
 * the next argument as a JSON string, $ the next argument as it is. Private to api/. */
#pragma once

#include "common/base/blob.h"

struct json_draft {
	struct blob out; /* owned */
	int rc;          /* of the first that failed, and nothing is written any more; 0 */
};

/** Append @draft; the arguments are texts, as many as it has @ and $. */
void json_draft(struct json_draft *to, const char *draft, ...);
