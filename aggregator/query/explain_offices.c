/* What each office gives to the rows, by the figures that a question is answered by. */
#include "query/explain_internal.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "registry/strays.h"

#include <stdlib.h>
#include <string.h>

struct giving {
	struct explaining *e;
	struct explained *part;
	bool failed; /* out of memory */
};

static struct gift *gift_of(struct giving *giving, const struct office *office, int32_t row)
{
	struct explained *part = giving->part;
	int32_t *first = &part->first[office - giving->e->reference->offices->list];
	for (int32_t i = *first; i >= 0; i = part->gifts[i].next)
		if (part->gifts[i].row == row)
			return &part->gifts[i];
	if (ARRAY_RESERVE(part->gifts, part->room, part->n + 1) < 0) {
		giving->failed = true;
		return NULL;
	}
	struct gift *gift = &part->gifts[part->n];
	*gift = (struct gift){ .office = office, .row = row, .next = *first };
	mpq_init(gift->value);
	*first = (int32_t)part->n++;
	return gift;
}

static void on_value(void *context, const struct office *office, int32_t row, const mpq_t value)
{
	struct gift *gift = gift_of(context, office, row);
	if (!gift)
		return;
	gift->has_value = true;
	mpq_set(gift->value, value);
}

static bool says_anything(const struct counts *counts)
{
	return counts->observations || counts->due || counts->extra || counts->revisions ||
	       counts->waiting;
}

static int figures_ask(struct giving *giving, struct figures *figures, struct err *err)
{
	struct explained *part = giving->part;
	const struct member *members;
	struct figure *values = figures_alloc(part->rows.n);
	int rc = values ? 0 : err_memory(err);
	figures_tell(figures, on_value, giving);
	if (rc == 0)
		rc = figures_begin(figures, &part->rows, plan_bucket(&part->plan, part->plan.first),
				   err);
	if (rc == 0)
		rc = figures_of(figures, 0, values, err);
	size_t n = rc == 0 ? figures_end(figures, values, &members) : 0;
	for (size_t i = 0; i < n; i++) {
		if (!says_anything(&members[i].counts))
			continue;
		struct gift *gift = gift_of(giving, members[i].office, members[i].row);
		if (gift)
			counts_add(&gift->counts, &members[i].counts);
	}
	figures_free(values, part->rows.n);
	return rc == 0 && giving->failed ? err_memory(err) : rc;
}

int explain_gifts(struct explaining *e, struct explained *part, struct err *err)
{
	struct giving giving = { .e = e, .part = part };
	size_t n = e->reference->offices->n;
	part->first = malloc((n + 1) * sizeof(*part->first));
	if (!part->first)
		return err_memory(err);
	for (size_t i = 0; i < n; i++)
		part->first[i] = -1;
	struct figures *figures = figures_open(e->db, e->reference, &part->plan, false, err);
	int rc = figures ? figures_ask(&giving, figures, err) : err->code;
	figures_close(figures);
	return rc;
}

/* In one word; the counts beside it say how many. */
static const char *state_word(const struct gift *gift)
{
	const struct counts *counts = &gift->counts;
	if (counts_missing(counts) > 0)
		return counts->reported > 0  ? N_("partly")
		       : counts->waiting > 0 ? N_("held")
					     : N_("missing");
	if (counts->reported > 0)
		return counts_late(counts) > 0 ? N_("late") : N_("on time");
	if (counts->carried > 0)
		return N_("carried");
	if (counts->excused > 0)
		return N_("excused");
	if (counts->extra > 0)
		return N_("extra");
	if (counts->waiting > 0)
		return N_("held");
	return gift->has_value ? N_("carried") : N_("not due");
}

/* The last unit of it in the bucket that counts in the row or, of what waits, lay there. */
static const struct unit *unit_then(const struct explaining *e, const struct explained *part,
				    const struct gift *gift)
{
	const struct rows *rows = &part->rows;
	const struct unit *found = NULL;
	int32_t last = period_end_day(plan_bucket(&part->plan, part->plan.first)) - 1, then;
	for (size_t i = 0; i < rows->n_days; i++) {
		const struct unit *unit =
			office_unit(gift->office, e->reference->units, rows->days[i]);
		int32_t row = unit ? rows_place(rows, gift->office, unit, rows->days[i]).row
				   : ROW_OUTSIDE;
		if (row >= 0 && (row == gift->row || rows->attribution[row].unit))
			found = unit;
	}
	return found ? found : office_last_unit(gift->office, e->reference->units, last, &then);
}

/* What was declared otherwise than the catalogue has its metric cannot be played: of it there is no
 * entry to tell. */
static bool waits_unseen(const struct explaining *e, const struct explained *part,
			 const struct gift *gift)
{
	return e->whole && explain_held(part, gift->office, gift->row) < gift->counts.waiting;
}

static void put_gift(struct explaining *e, struct explained *part, const struct gift *gift)
{
	const struct metric *metric = part->plan.metrics[0];
	char period[PERIOD_TEXT_MAX];
	char *value =
		gift->has_value ? rational_text(gift->value, metric_shown_decimals(metric)) : NULL;
	size_t at = AREA;
	table_row(e->table);
	table_text(e->table, "office");
	table_text(e->table, part->name);
	explain_place(e, &at, part, unit_then(e, part, gift), gift->row);
	table_text(e->table, gift->office->code);
	table_text(e->table, gift->office->name);
	table_null(e->table); /* labels */
	table_text(e->table, period_format(plan_bucket(&part->plan, part->plan.first), period));
	if (value)
		table_number(e->table, value);
	else
		table_null(e->table);
	table_text(e->table, waits_unseen(e, part, gift)
				     ? _("some of what waits is only in the list of the quarantine")
				     : NULL);
	table_text(e->table, state_word(gift));
	table_null(e->table); /* how */
	counts_put(e->table, &gift->counts);
	table_int(e->table, gift->counts.revisions);
	free(value);
}

/* In the order of the rows. */
int explain_office(struct explaining *e, struct explained *part, const struct office *office,
		   struct err *err)
{
	int32_t first = part->first[office - e->reference->offices->list];
	int rc = 0;
	for (int32_t row = 0; row < (int32_t)part->rows.n && first >= 0 && rc == 0; row++)
		for (int32_t i = first; i >= 0 && rc == 0; i = part->gifts[i].next) {
			if (part->gifts[i].row != row)
				continue;
			put_gift(e, part, &part->gifts[i]);
			rc = e->whole ? explain_entries(e, part, office, row, err) : 0;
		}
	return rc;
}
