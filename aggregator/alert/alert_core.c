/* 1. crowds_count(): of each kind, how many offices it holds for, and so whether its group does.
 * 2. What was and what holds are walked side by side, in order: alert_advance() for each subject
 *    that is in either. A group stands before its offices, which ask what became of it. */
#include "alert/alert_core.h"

#include "common/base/log.h"

#include <stdlib.h>
#include <string.h>

enum group { GROUP_NONE, GROUP_PENDING, GROUP_FIRING };

struct stepping {
	const struct alert_facts *facts;
	const struct alert_rules *rules;
	struct alert_fact *holds; /* owned [n]: the facts in order, groups among them */
	size_t n;
	enum group group[ALERT_KINDS];
	struct alert_list after;
	struct alert_change_list changes;
};

int alert_order(enum alert_kind kind, const char *subject, enum alert_kind other_kind,
		const char *other_subject)
{
	int by = (kind > other_kind) - (kind < other_kind);
	if (by != 0)
		return by;
	/* A group before its offices, whatever their codes are made of. */
	by = (strcmp(other_subject, ALERT_GROUP) == 0) - (strcmp(subject, ALERT_GROUP) == 0);
	return by ? by : strcmp(subject, other_subject);
}

static int by_order(const void *a, const void *b)
{
	const struct alert_fact *x = a, *y = b;
	return alert_order(x->kind, x->subject, y->kind, y->subject);
}

static const struct alert *alert_find(const struct alert_list *alerts, enum alert_kind kind,
				      const char *subject)
{
	size_t low = 0, high = alerts->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct alert *alert = &alerts->list[mid];
		int by = alert_order(alert->kind, alert->subject, kind, subject);
		if (by == 0)
			return alert;
		if (by < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* --- groups --- */

static bool is_office(const struct alert_facts *facts, const struct alert_fact *fact)
{
	return facts->of[fact->kind] > 0 && *fact->subject;
}

/* Of an office of which silence tells it already. @facts in order. */
static bool is_told_by_silence(const struct stepping *stepping, const struct alert_fact *fact)
{
	const struct alert_fact silence = { .kind = ALERT_SILENT };
	struct alert_fact key = silence;
	if (fact->kind != ALERT_LATE || !stepping->rules->of[ALERT_SILENT].on ||
	    strcmp(fact->subject, ALERT_GROUP) == 0)
		return false;
	memcpy(key.subject, fact->subject, sizeof(key.subject));
	return bsearch(&key, stepping->holds, stepping->n, sizeof(*stepping->holds), by_order);
}

static bool is_most(uint64_t n, uint64_t of, bool was)
{
	return n >= ALERT_GROUP_LEAST && (was ? n * 4 > of : n * 2 > of);
}

/* Groups that hold become facts, too. */
static void crowds_count(struct stepping *stepping, const struct alert_list *before)
{
	const struct alert_facts *facts = stepping->facts;
	uint64_t n[ALERT_KINDS] = { 0 }, lively[ALERT_KINDS] = { 0 };
	bool was[ALERT_KINDS];
	size_t single = stepping->n;
	for (enum alert_kind kind = 0; kind < ALERT_KINDS; kind++) {
		const struct alert *group = alert_find(before, kind, ALERT_GROUP);
		was[kind] = group && group->state == ALERT_FIRING;
	}
	for (size_t i = 0; i < single; i++) {
		const struct alert_fact *fact = &stepping->holds[i];
		bool counts = is_office(facts, fact) &&
			      (was[fact->kind] || !is_told_by_silence(stepping, fact));
		n[fact->kind] += counts;
		lively[fact->kind] += counts && fact->lively;
	}
	for (enum alert_kind kind = 0; kind < ALERT_KINDS; kind++) {
		if (!is_most(n[kind], facts->of[kind], was[kind]) &&
		    !is_most(lively[kind], facts->of_lively[kind], was[kind]))
			continue;
		stepping->holds[stepping->n++] = (struct alert_fact){ .kind = kind,
								      .subject = ALERT_GROUP,
								      .n = (int64_t)n[kind] };
	}
	if (stepping->n > single)
		qsort(stepping->holds, stepping->n, sizeof(*stepping->holds), by_order);
}

/* --- one subject --- */

static void trace(const struct alert *alert, const char *from, const char *event, const char *to)
{
	log_debug("alert: %s '%s' %s + %s -> %s watched_s=%lld n=%lld",
		  alert_kind_word(alert->kind), alert->subject, from, event, to,
		  (long long)(alert->watched_us / 1000000), (long long)alert->n);
}

static void tell(struct stepping *stepping, enum alert_end what, const struct alert *alert)
{
	stepping->changes.list[stepping->changes.n++] = (struct alert_change){
		.what = what, .at_us = stepping->facts->now_us, .alert = *alert
	};
}

static void keep(struct stepping *stepping, const struct alert *alert)
{
	stepping->after.list[stepping->after.n++] = *alert;
	if (strcmp(alert->subject, ALERT_GROUP) == 0)
		stepping->group[alert->kind] =
			alert->state == ALERT_FIRING ? GROUP_FIRING : GROUP_PENDING;
}

/* It is one of a group that holds back those that are not told yet. */
static enum group group_of(const struct stepping *stepping, const struct alert_fact *fact)
{
	return is_office(stepping->facts, fact) && strcmp(fact->subject, ALERT_GROUP) != 0
		       ? stepping->group[fact->kind]
		       : GROUP_NONE;
}

static int64_t count_of(const struct stepping *stepping, const struct alert *alert)
{
	return strcmp(alert->subject, ALERT_GROUP) == 0 ? (int64_t)stepping->facts->of[alert->kind]
							: 0;
}

/* Pending, and it holds. */
static void pending_advance(struct stepping *stepping, struct alert alert,
			    const struct alert_fact *fact)
{
	const struct alert_facts *facts = stepping->facts;
	enum group group = group_of(stepping, fact);
	alert.n = fact->n;
	alert.all = count_of(stepping, &alert);
	if (group == GROUP_FIRING || is_told_by_silence(stepping, fact)) {
		trace(&alert, "pending", "told otherwise", "none");
		return;
	}
	if (group == GROUP_NONE && !facts->asleep[alert.kind] &&
	    alert.watched_us >= stepping->rules->of[alert.kind].grace_us) {
		trace(&alert, "pending", "held", "firing");
		alert.state = ALERT_FIRING;
		alert.fired_us = facts->now_us;
		alert.watched_us = 0;
		tell(stepping, ALERT_FIRED, &alert);
	}
	keep(stepping, &alert);
}

static void alert_begin(struct stepping *stepping, const struct alert_fact *fact)
{
	const struct alert_facts *facts = stepping->facts;
	struct alert alert = { .kind = fact->kind,
			       .state = ALERT_PENDING,
			       .since_us = fact->since_us ? fact->since_us : facts->now_us };
	memcpy(alert.subject, fact->subject, sizeof(alert.subject));
	if (facts->asleep[fact->kind] || group_of(stepping, fact) != GROUP_NONE ||
	    is_told_by_silence(stepping, fact))
		return;
	trace(&alert, "none", "holds", "pending");
	pending_advance(stepping, alert, fact);
}

/* Firing, and it does not hold. */
static void well_advance(struct stepping *stepping, struct alert alert, int64_t well_us)
{
	if (alert.well)
		alert.watched_us += stepping->facts->step_us;
	else
		trace(&alert, "firing", "is over", "well");
	alert.well = true;
	if (alert.watched_us < well_us) {
		keep(stepping, &alert);
		return;
	}
	trace(&alert, "well", "stayed so", "resolved");
	tell(stepping, ALERT_RESOLVED, &alert);
}

static void firing_advance(struct stepping *stepping, struct alert alert)
{
	if (alert.well)
		trace(&alert, "well", "holds", "firing");
	alert.well = false;
	alert.watched_us = 0;
	keep(stepping, &alert);
}

/* Either may be NULL. */
static void alert_advance(struct stepping *stepping, const struct alert *before,
			  const struct alert_fact *fact)
{
	enum alert_kind kind = before ? before->kind : fact->kind;
	const struct alert_rule *rule = &stepping->rules->of[kind];
	if (!rule->on) {
		if (before && before->state == ALERT_FIRING)
			tell(stepping, ALERT_RESOLVED, before);
	} else if (!stepping->facts->known[kind]) {
		if (before)
			keep(stepping, before);
	} else if (!before) {
		alert_begin(stepping, fact);
	} else if (before->state == ALERT_FIRING) {
		if (fact)
			firing_advance(stepping, *before);
		else
			well_advance(stepping, *before, rule->well_us);
	} else if (fact) {
		struct alert alert = *before;
		if (!stepping->facts->asleep[kind])
			alert.watched_us += stepping->facts->step_us;
		pending_advance(stepping, alert, fact);
	} else {
		trace(before, "pending", "is over", "none");
	}
}

/* --- all --- */

static void side_by_side(struct stepping *stepping, const struct alert_list *before)
{
	size_t i = 0, k = 0;
	while (i < before->n || k < stepping->n) {
		const struct alert *alert = i < before->n ? &before->list[i] : NULL;
		const struct alert_fact *fact = k < stepping->n ? &stepping->holds[k] : NULL;
		int by = !alert  ? 1
			 : !fact ? -1
				 : alert_order(alert->kind, alert->subject, fact->kind,
					       fact->subject);
		alert_advance(stepping, by <= 0 ? alert : NULL, by >= 0 ? fact : NULL);
		i += by <= 0;
		k += by >= 0;
	}
}

int alerts_step(const struct alert_list *before, const struct alert_facts *facts,
		const struct alert_rules *rules, struct alert_list *ret_after,
		struct alert_change_list *ret_changes, struct err *err)
{
	size_t most = before->n + facts->n + ALERT_KINDS;
	struct stepping stepping = {
		.facts = facts,
		.rules = rules,
		.holds = calloc(facts->n + ALERT_KINDS, sizeof(*stepping.holds)),
		.n = facts->n,
		.after.list = calloc(most, sizeof(*stepping.after.list)),
		.changes.list = calloc(most, sizeof(*stepping.changes.list)),
	};
	bool made = stepping.holds && stepping.after.list && stepping.changes.list;
	if (made) {
		if (facts->n > 0)
			memcpy(stepping.holds, facts->list, facts->n * sizeof(*facts->list));
		qsort(stepping.holds, stepping.n, sizeof(*stepping.holds), by_order);
		crowds_count(&stepping, before);
		side_by_side(&stepping, before);
		*ret_after = stepping.after;
		*ret_changes = stepping.changes;
	} else {
		free(stepping.after.list);
		free(stepping.changes.list);
	}
	free(stepping.holds);
	return made ? 0 : err_memory(err);
}

size_t alert_list_count(const struct alert_list *alerts, enum alert_kind kind,
			enum alert_state state)
{
	size_t n = 0;
	for (size_t i = 0; i < alerts->n; i++)
		n += alerts->list[i].state == state &&
		     (kind == ALERT_KINDS || alerts->list[i].kind == kind);
	return n;
}

void alert_list_free(struct alert_list *alerts)
{
	free(alerts->list);
	*alerts = (struct alert_list){ 0 };
}

void alert_change_list_free(struct alert_change_list *changes)
{
	free(changes->list);
	*changes = (struct alert_change_list){ 0 };
}

void alert_rules_usual(struct alert_rules *ret_rules)
{
	static const struct alert_rules usual = { .of = {
#define ALERT_RULE(kind, word, grace, over, help)                                                  \
	[kind] = { true, (grace)*INT64_C(60000000), (over)*INT64_C(60000000) },
							  ALERT_KIND_LIST(ALERT_RULE)
#undef ALERT_RULE
						  } };
	*ret_rules = usual;
}
