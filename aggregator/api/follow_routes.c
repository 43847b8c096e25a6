/* POST /v1/offices/end takes code and on: from that day the office reports for no unit. POST
 * /v1/offices/follow takes on, a day on which units ended: the offices that stood on them go where
 * their units went, as far as that is certain (registry/office_follow.h). Both with ?dry_run=1 tell
 * what would come of it, and change nothing. */
#include "api/moving.h"

#include "api/trial.h"
#include "common/model/civil.h"
#include "registry/office_follow.h"

#include <stdlib.h>

static int end_tell(struct call *call, sqlite3 *db, const struct reference *reference,
		    const struct change_form *form, struct err *err)
{
	static const char *const columns[] = { "office", "name", "unit", "unit_name", "until" };
	const struct office *office = offices_by_code(reference->offices, form->office);
	const struct unit *unit = office_unit(office, reference->units, form->from - 1);
	struct moving_would would = { 0 };
	char day[DAY_TEXT_MAX];
	int rc = moving_try(db, reference, form, &would, err);
	struct table *table =
		rc == 0 ? table_open(columns, sizeof(columns) / sizeof(columns[0])) : NULL;

	if (rc < 0)
		return rc;
	if (!table)
		return err_memory(err);
	table_row(table);
	table_text(table, office->code);
	table_text(table, office->name);
	table_text(table, unit ? unit->code : NULL);
	table_text(table, unit ? unit->name : NULL);
	table_text(table, day_format(form->from - 1, day));
	table_head_int(table, "would", "ended", (int64_t)would.n);
	moving_cost(table, &would);
	return call_answer_table(call, table, err);
}

static int end_post(struct call *call, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	struct change_form form = { .kind = CHANGE_END, .who = call->caller.who };
	int rc = call_field_needed(call, "code", &form.office, err);

	if (rc == 0)
		rc = moving_day(call, "on", true, &form.from, err);
	if (rc == 0)
		rc = call_office(reference, &form.office, err);
	if (rc < 0)
		return rc;
	return call->dry_run ? end_tell(call, db, reference, &form, err)
			     : moving_run(call, db, reference, &form, err);
}

static void add_follower(struct table *table, const struct office_follower *follower)
{
	const struct unit *becomes = follower->becomes;

	table_row(table);
	table_text(table, follower->office->code);
	table_text(table, follower->office->name);
	table_text(table, follower->was->code);
	table_text(table, follower->was->name);
	table_text(table, becomes ? becomes->code : NULL);
	table_text(table, becomes ? becomes->name : NULL);
	table_text(table, becomes || !*follower->choice ? NULL : follower->choice);
}

static int follow_tell(struct call *call, sqlite3 *db, const struct reference *reference,
		       const struct change_form *form, struct err *err)
{
	static const char *const columns[] = { "office",  "name",         "unit",  "unit_name",
					       "becomes", "becomes_name", "choice" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	struct office_followers all = { 0 };
	struct moving_would would = { 0 };
	int rc = table ? office_followers_find(reference->offices, reference->units, form->from,
					       &all, err)
		       : err_memory(err);

	if (rc == 0)
		rc = moving_try(db, reference, form, &would, err);
	for (size_t i = 0; i < all.n && rc == 0; i++)
		add_follower(table, &all.list[i]);
	if (rc == 0) {
		table_head_int(table, "follow", "certain", (int64_t)all.certain);
		table_head_int(table, "follow", "by_hand", (int64_t)(all.n - all.certain));
		moving_cost(table, &would);
	}
	free(all.list);
	if (rc == 0)
		return call_answer_table(call, table, err);
	table_close(table);
	return rc;
}

static int follow_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	struct change_form form = { .kind = CHANGE_FOLLOW, .who = call->caller.who };
	int rc = moving_day(call, "on", true, &form.from, err);

	if (rc < 0)
		return rc;
	return call->dry_run ? follow_tell(call, db, reference, &form, err)
			     : moving_run(call, db, reference, &form, err);
}

const struct action follow_actions[] = {
	{ ROLE_OPERATOR, "POST", "/v1/offices/end", "dry_run", "code on", CALL_WRITE, trial_prepare,
	  end_post, change_committed,
	  "An office ends: from a day on it reports for no unit and owes nothing.",
	  "=moved =warning? | office! name! unit unit_name until!", "code on" },
	{ ROLE_OPERATOR, "POST", "/v1/offices/follow", "dry_run", "on", CALL_WRITE, trial_prepare,
	  follow_post, change_committed,
	  "Offices whose unit ended on a day go where it went, as far as that is certain.",
	  "=moved =warning? | office! name! unit! unit_name! becomes becomes_name choice", "on" },
};
const size_t n_follow_actions = sizeof(follow_actions) / sizeof(follow_actions[0]);
