/* The commands' way to the office's figures: a session goes to the running agent over its socket
 * or, when none runs, to the spool itself, which this process then holds. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/entry.h"
#include "office/identity.h"
#include "office/settings.h"
#include "record/comparison.h"

#include <jansson.h>
#include <stddef.h>

struct session;

/** -EBUSY: someone holds the spool, and yet nobody answers on the socket; -ENOENT: neither is
 * there. */
int session_open(const struct settings *settings, struct session **ret_session, struct err *err);
void session_close(struct session *session); /* NULL is fine */

/** The cached catalogue, owned by the session. -ENOENT before there is one. */
int session_catalogue(struct session *session, const struct catalogue **ret_catalogue,
		      struct err *err);
/** The time as far as the running agent knows it, or else this process, or CLOCK_UNKNOWN_US. */
int64_t session_latest_us(struct session *session);
/** The code of the office, as far as it is known: "". */
void session_office(struct session *session, char ret_office[OFFICE_CODE_MAX]);
/** All or none, durable when it returns 0; then @ret_found tells which of them are far from what
 * was reported before or break a rule, and which of them were refused for that, as far as a running
 * agent of another version says so. The caller frees it.
 *
 * @judged  [n] what the entries were judged to be, by the session's catalogue and beside each
 * other; NULL: they were not. @strict: what is far is refused. A running agent judges by its own
 * catalogue and clock anyway. */
int session_record(struct session *session, const struct entry entries[],
		   const struct observation judged[], size_t n, bool strict,
		   struct comparison *ret_found, struct err *err);

enum session_question {
	SESSION_STATUS,
	SESSION_SPOOL,
	SESSION_VERIFY,
	SESSION_EXPORT,
	SESSION_CLOCK
};
/** The answer of the API to GET /v1/status, ..., appended to @out. */
int session_ask(struct session *session, enum session_question question, struct blob *out,
		struct err *err);
/** The same with a session for this question alone. */
int session_ask_once(const struct settings *settings, enum session_question question,
		     struct blob *out, struct err *err);
/** The form of a period as workbook/blank.h has it, appended to @out. @calendar: "civil",
 * "report". -EINVAL: it is no such period; -ENOENT: nothing is due of it. */
int session_form(struct session *session, const char *period, const char *calendar,
		 struct blob *out, struct err *err);
/** An answer as JSON, cleaned as answer_read() does; the caller owns it. -EPROTO: it is none. */
int session_json(const struct blob *answer, json_t **ret_root, struct err *err);
/** POST /v1/messages/read with @request. */
int session_mark_read(struct session *session, const char *request, struct blob *out,
		      struct err *err);
/** POST /v1/clock with @request. */
int session_tell_clock(struct session *session, const char *request, struct blob *out,
		       struct err *err);
