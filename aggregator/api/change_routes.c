/* /v1/change: GET tells of the change that is under way, or was the last; with ?run=N, the number
 * that an order was answered with (202), the outcome of that one as the order itself would have
 * been answered, or how far it is: an object "progress",
 * with "trouble" where its last step failed and is tried again. POST .../cancel takes it back. */
#include "api/call.h"

#include "api/changing.h"
#include "common/base/quote.h"
#include "common/model/civil.h"
#include "ledger/change.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *stage_word(enum change_stage stage)
{
	static const char *const words[] = { [CHANGE_DAYS] = "days",
					     [CHANGE_STALE] = "stale",
					     [CHANGE_SETTLING] = "settling",
					     [CHANGE_OVER] = "over" };
	return words[stage];
}

static void progress_heads(struct table *table, const struct change_state *state)
{
	table_head(table, "progress", "stage", stage_word(state->stage));
	table_head_int(table, "progress", "done", (int64_t)state->done);
	table_head_int(table, "progress", "all", (int64_t)state->total);
	table_head_int(table, "progress", "seconds_left", (state->left_us + 999999) / 1000000);
	if (state->kind == CHANGE_RELEASE) {
		table_head_int(table, "counts", "released", (int64_t)state->rows);
		table_head_int(table, "counts", "kept", (int64_t)state->held);
	}
}

static int state_answer(struct call *call, const struct change_state *state, struct err *err)
{
	static const char *const columns[] = { "kind", "who", "begun", "outcome" };
	char begun[INSTANT_TEXT_MAX];
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));

	if (!table)
		return err_memory(err);
	if (state->stage != CHANGE_OVER)
		progress_heads(table, state);
	if (state->stage != CHANGE_OVER && *call->trouble)
		table_head(table, "progress", "trouble", call->trouble);
	if (state->id != 0) {
		table_row(table);
		table_text(table, state->word);
		table_text(table, state->who);
		table_text(table, civil_format(state->begun_us, begun));
		table_text(table, state->stage != CHANGE_OVER     ? _("under way")
				  : *state->text                  ? state->text
				  : state->kind == CHANGE_RELEASE ? _("done")
								  : _("in force"));
	}
	if (table_failed(table)) {
		table_close(table);
		return err_memory(err);
	}
	return call_answer_table(call, table, err);
}

static int released_answer(struct call *call, sqlite3 *db, const struct change_state *state,
			   struct err *err)
{
	struct release_counts counts;
	struct table *table = NULL;
	int rc = release_counts_read(db, &counts, err);

	if (rc == 0)
		rc = release_table(&counts, "counts", *state->text ? state->text : NULL, &table,
				   err);
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int outcome_answer(struct call *call, sqlite3 *db, const struct change_state *state,
			  struct err *err)
{
	char start[96];
	bool warns = *state->text != '\0';

	if (state->code < 0)
		return err_set(err, state->code, "%s", state->text);
	if (state->kind == CHANGE_RELEASE)
		return released_answer(call, db, state, err);
	(void)snprintf(start, sizeof(start), "{\"%s\": %" PRIu64 "%s",
		       state->kind == CHANGE_MOVE || state->kind == CHANGE_END ||
				       state->kind == CHANGE_FOLLOW
			       ? "moved"
			       : "changed",
		       state->rows, warns ? ", \"warning\": " : "}\n"); /* fits */
	call->answer_type = "application/json";
	if (blob_append(&call->answer, start, strlen(start)) < 0 ||
	    (warns && (quote_json(&call->answer, state->text, strlen(state->text)) < 0 ||
		       blob_append(&call->answer, "}\n", 2) < 0)))
		return err_memory(err);
	return 0;
}

static int change_prepare(struct call *call, struct err *err)
{
	uint64_t run = 0;

	api_change(call->api, http_language(call->request)); /* should it have stood still */
	(void)snprintf(call->trouble, sizeof(call->trouble), "%s",
		       api_change_trouble(call->api)); /* as long */
	return call_run(call, &run, err);
}

static int change_get(struct call *call, sqlite3 *db, const struct reference *reference,
		      struct err *err)
{
	struct change_state state;
	uint64_t run = 0;
	int rc = call_run(call, &run, err);

	(void)reference;
	if (rc == 0)
		rc = change_read(db, &state, err);
	if (rc < 0)
		return rc;
	if (run != 0 && (int64_t)run != state.id)
		return err_set(err, -ENOENT,
			       "there is no such change, or another has begun since; `lantoa "
			       "audit` tells what became of it");
	return run != 0 && state.stage == CHANGE_OVER ? outcome_answer(call, db, &state, err)
						      : state_answer(call, &state, err);
}

static int cancel_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	struct change_state state;
	int rc = change_read(db, &state, err);

	(void)reference;
	/* Who may order what is under way may also take it back. */
	if (rc == 0 && state.stage != CHANGE_OVER &&
	    (state.kind == CHANGE_UNITS || state.kind == CHANGE_CATALOGUE ||
	     state.kind == CHANGE_CALENDAR))
		rc = call_needs(call, ROLE_ADMIN, err);
	if (rc == 0)
		rc = change_cancel(db, call->caller.who, err);
	return rc == 0 ? call_answer_number(call, "cancelled", 1, err) : rc;
}

/* Where its step failed, nothing of it is kept until the next is tried. */
static int cancel_commit(struct call *call, struct err *err)
{
	(void)err;
	api_change_now(call->api, call->job.language);
	return 0;
}

const struct action change_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/change", "run", NULL, CALL_GLANCE, change_prepare, change_get,
	  NULL, "The change that is under way, or was the last.",
	  "kind! who! begun! outcome! | reason! observations! | =moved? =changed? =warning?",
	  NULL },
	{ ROLE_OPERATOR, "POST", "/v1/change/cancel", NULL, NULL, CALL_WRITE, NULL, cancel_post,
	  cancel_commit, "Take the change back that is under way.", "=cancelled", NULL },
};
const size_t n_change_actions = sizeof(change_actions) / sizeof(change_actions[0]);
