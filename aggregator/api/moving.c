#include "api/moving.h"

#include "api/trial.h"
#include "common/model/civil.h"
#include "ledger/follow.h"
#include "schema/event.h"

int moving_day(struct call *call, const char *name, bool needed, int32_t *ret_day, struct err *err)
{
	const char *text = NULL;
	int rc = needed ? call_field_needed(call, name, &text, err)
			: call_field(call, name, &text, err);

	if (rc == 0 && !text)
		*ret_day = civil_day(civil_now_us());
	else if (rc == 0 && day_parse(text, ret_day, err) < 0)
		rc = err_wrap(err, "%s", name);
	return rc;
}

struct moving {
	const struct change_form *form;
	char detail[CHANGE_DETAIL_MAX];
	struct damaged_days damaged; /* of what went along at once */
	int64_t change;              /* the number of the change that it becomes; 0: it was done */
};

/* Its figures of those days go along, in the same transaction or, if they are many, by steps; those
 * that no unit has any more go into quarantine. */
static int figures_move(struct moving *moving, sqlite3 *db, const struct reference *before,
			struct err *err)
{
	struct reference *after = NULL;
	struct followed followed = { 0 };
	int64_t at_us = 0;
	struct steps_cost cost = { 0 };
	int rc = reference_load(db, &after, err);

	if (rc == 0)
		rc = reference_sound(after, err);
	if (rc == 0)
		rc = steps_weigh(db, before, after, &cost, err);
	if (rc == 0 && cost.work > CHANGE_AT_ONCE) {
		rc = db_exec(db, "ROLLBACK TO moving", err);
		if (rc == 0)
			rc = change_begin(db, moving->form, &cost, &moving->change, err);
	} else if (rc == 0) {
		rc = event_time(db, EVENT_NOW, &at_us, err);
		if (rc == 0)
			rc = ledger_follow(db, before, after, at_us, &followed, err);
		if (rc == 0)
			rc = change_note(db, moving->form, moving->detail, at_us, err);
		moving->damaged = followed.damaged;
	}
	reference_close(after);
	return rc;
}

void moving_cost(struct table *table, const struct moving_would *would)
{
	table_head_int(table, "figures", would->cost.about ? "about" : "touched",
		       (int64_t)would->cost.observations);
	table_head_int(table, "figures", "seconds", (would->us + 999999) / 1000000);
}

int moving_run(struct call *call, sqlite3 *db, const struct reference *before,
	       const struct change_form *form, struct err *err)
{
	struct moving moving = { .form = form };
	size_t n = 0;
	int rc = change_refuse(db, err);

	if (rc == 0)
		rc = db_exec(db, "SAVEPOINT moving", err);
	if (rc == 0)
		rc = change_act(db, form, &n, moving.detail, err);
	if (rc == 0 && n > 0)
		rc = figures_move(&moving, db, before, err);
	if (rc == 0)
		rc = db_exec(db, "RELEASE moving", err);
	if (rc < 0)
		return rc; /* all of it is rolled back */
	return moving.change ? call_answer_under_way(call, moving.change, err)
			     : call_answer_damaged(call, "moved", n, &moving.damaged, err);
}

int moving_try(sqlite3 *db, const struct reference *before, const struct change_form *form,
	       struct moving_would *ret_would, struct err *err)
{
	struct reference *after = NULL;
	char detail[CHANGE_DETAIL_MAX];
	int rc = change_refuse(db, err);

	if (rc == 0)
		rc = trial_begin(db, err);
	if (rc < 0)
		return rc;
	rc = change_act(db, form, &ret_would->n, detail, err);
	if (rc == 0)
		rc = reference_load(db, &after, err);
	if (rc == 0)
		rc = steps_weigh(db, before, after, &ret_would->cost, err);
	if (rc == 0)
		rc = change_estimate(db, ret_would->cost.work, &ret_would->us, err);
	rc = trial_end(db, rc, err);
	reference_close(after);
	return rc;
}
