/* What goes wrong with a call, told as its path has it (common/net/http.h) and with the name of the
 * argument or field that is the cause. Private to api/. */
#pragma once

#include "api/api_internal.h"
#include "api/call.h"

/** Answer @call with @err. It is about the field call->wrong or, where its sentence begins with the
 * name of an argument or a field and a colon, "from: ...", about that one: whoever judges one says
 * so. */
void problem_answer(struct call *call, const struct err *err);
