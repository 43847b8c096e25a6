/* How a call is answered. Private to api/. */
#pragma once

#include "api/api_internal.h"
#include "api/call.h"

/** The list in @table may go on: its head says before what ("list" or "history", "next"). */
void reply_note_next(struct call *call, const struct table *table);
/** Before run(): where its rows will go. */
void reply_begin(struct call *call);
/** No more rows of @table, which was streamed there. 0, or the code of call->spill's or -ENOMEM. */
int reply_end(struct call *call, struct table *table);
/** Behind run(), on the pool: pack what is worth it, if the client takes that. */
int reply_pack(struct call *call, struct err *err);
/** What was not sent of a long answer. */
void reply_drop(struct call *call);
/** 304, where the client has the answer already (etag.h): no job is made of the call. */
bool reply_unchanged(struct call *call);
/** What its run() made of it, or why it failed. */
void reply_send(struct call *call, int rc, const struct err *err);
