/* /v1/changes: after, epoch, wait, figures, most. CHANGES.md beside this file has the format. */
#include "api/call.h"
#include "api/followers.h"
#include "common/base/quote.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int changes_prepare(struct call *call, struct err *err)
{
	struct changes_form *form = &call->changes;
	int64_t wait_s = 0, most = 0;
	if (call_number(call, "after", 0, INT64_MAX, 0, &form->after, err) < 0 ||
	    call_number(call, "epoch", 1, INT64_MAX, 0, &form->epoch, err) < 0 ||
	    call_number(call, "wait", 0, CHANGES_WAIT_MAX_S, 0, &wait_s, err) < 0 ||
	    call_number(call, "most", 1, CHANGES_MOST_MAX, CHANGES_MOST_USUAL, &most, err) < 0 ||
	    call_flag(call, "figures", &form->figures, err) < 0)
		return err->code;
	form->most = (unsigned)most;
	call_wait(call, (uint64_t)wait_s * 1000);
	return 0;
}

/* A refusal that programs understand, too: what there is, beside the sentence. */
static int begin_anew(struct call *call, const struct changes_end *end, struct err *err)
{
	char numbers[96];
	(void)snprintf(numbers, sizeof(numbers), ", \"epoch\": %" PRId64 ", \"position\": %" PRId64,
		       end->epoch, end->head); /* fits */
	return call_refuse_with(call, err, numbers);
}

static int changes_get(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	struct changes_end end;
	(void)reference;
	int rc = changes_page(db, &call->changes, &call->answer, &end, err);
	if (rc == -ESTALE)
		return begin_anew(call, &end, err);
	call->waits = rc == 0 && end.n == 0;
	call->answer_type = "application/json";
	return rc;
}

const struct action changes_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/changes", "after epoch wait figures most", NULL, CALL_READ,
	  changes_prepare, changes_get, NULL,
	  "The ledger behind a position, item by item: CHANGES.md.",
	  "=epoch =head =items =position", NULL },
};
const size_t n_changes_actions = sizeof(changes_actions) / sizeof(changes_actions[0]);
