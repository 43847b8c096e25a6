/* How a call is answered. Private to api/. */
#pragma once

#include "api/api_internal.h"
#include "api/call.h"

/** 304, where the client has the answer already (etag.h): no job is made of the call. */
bool reply_unchanged(struct call *call);
/** What its run() made of it, or why it failed. */
void reply_send(struct call *call, int rc, const struct err *err);
