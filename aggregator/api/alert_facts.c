/* 1. The conditions of status, of which those that are ill, and a few more, are facts.
 * 2. The last backup.
 * 3. Office by office: silent, late, its clock, two machines, its findings.
 * 4. What waits in quarantine, office by office. */
#include "api/alert_facts.h"

#include "api/heard.h"
#include "api/status.h"
#include "common/base/array.h"
#include "common/model/civil.h"
#include "registry/office_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_US INT64_C(3600000000)

struct finding {
	struct alert_sight *sight;
	struct alert_facts *facts;
	int64_t now_us;
	bool no_memory;
};

static struct alert_fact *add(struct finding *finding, enum alert_kind kind, const char *subject)
{
	static struct alert_fact nowhere;
	struct alert_facts *facts = finding->facts;
	struct alert_fact *list = array_room(facts->list, facts->n, sizeof(*list));
	if (!list) {
		finding->no_memory = true;
		return &nowhere;
	}
	facts->list = list;
	list = &facts->list[facts->n++];
	*list = (struct alert_fact){ .kind = kind };
	(void)snprintf(list->subject, sizeof(list->subject), "%s", subject); /* fits */
	return list;
}

/* --- what status says --- */

static void condition_add(struct finding *finding, const struct condition *condition)
{
	const struct condition_facts *facts = &finding->sight->conditions;
	if (strcmp(condition->name, "disk_reserve") == 0)
		return; /* disk_find() */
	if (strcmp(condition->name, "clock_behind") == 0 ||
	    strcmp(condition->name, "clock_jumped") == 0)
		(void)add(finding, ALERT_CLOCK, "");
	else if (strcmp(condition->name, "log_pinned") == 0)
		add(finding, ALERT_CHECKPOINT, "")->n = (int64_t)(facts->room.log.bytes >> 20);
	else if (condition->gravity == CONDITION_ILL)
		(void)add(finding, ALERT_FAULT, condition->name);
}

/* Twice the reserve: while there is time to do something. */
static void disk_find(struct finding *finding)
{
	const struct room_look *room = &finding->sight->conditions.room;
	if (room->is_short || (room->free > 0 && room->free / 2 < room->reserve))
		add(finding, ALERT_DISK, "")->n = (int64_t)(room->free >> 20);
}

static void conditions_find(struct finding *finding)
{
	struct conditions conditions;
	conditions_judge(&finding->sight->conditions, &conditions);
	for (size_t i = 0; i < conditions.n; i++)
		condition_add(finding, &conditions.list[i]);
	disk_find(finding);
}

/* A province that never made one is as old as its first event. */
static int backup_find(sqlite3 *db, struct finding *finding, struct err *err)
{
	int64_t patience_us = finding->sight->settings->backup_hours * HOUR_US, at_us = 0;
	int rc = status_last_backup(db, &at_us, err);
	if (rc == 0 && at_us == 0)
		rc = db_number(db, "SELECT at_us FROM event ORDER BY id LIMIT 1", &at_us, err);
	if (rc == 0 && at_us && finding->now_us - at_us > patience_us)
		add(finding, ALERT_BACKUP, "")->since_us = at_us + patience_us;
	return rc;
}

/* --- offices --- */

static int by_office(const void *a, const void *b)
{
	const struct office_count *x = a, *y = b;
	return (x->office > y->office) - (x->office < y->office);
}

static const struct office_count *count_of(const struct office_counts *counts, int64_t office)
{
	const struct office_count key = { .office = office };
	return counts->n > 0 ? bsearch(&key, counts->list, counts->n, sizeof(key), by_office)
			     : NULL;
}

static int keys_find(sqlite3 *db, struct office_counts *ret, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(
		db, "SELECT DISTINCT office FROM office_key WHERE state = ?1 ORDER BY office",
		&rows, err);
	if (rc == 0)
		sqlite3_bind_int(rows, 1, KEY_ACTIVE);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		struct office_count *list = array_room(ret->list, ret->n, sizeof(*list));
		rc = list ? 0 : err_memory(err);
		if (!list)
			break;
		ret->list = list;
		ret->list[ret->n++].office = sqlite3_column_int64(rows, 0);
	}
	sqlite3_finalize(rows);
	return rc;
}

static bool is_lively(const struct contact *contact)
{
	return contact_patience_us(contact) < CONTACT_REST_S * INT64_C(1000000);
}

static void contact_find(struct finding *finding, const struct office *office,
			 const struct contact *contact)
{
	struct alert_facts *facts = finding->facts;
	const struct alert_sight *sight = finding->sight;
	int64_t deaf_us = contact->at_us < sight->began_us ? sight->deaf_us : 0;
	bool silent = heard_is_silent(contact, 0, finding->now_us - deaf_us);
	facts->of[ALERT_SILENT]++;
	facts->of_lively[ALERT_SILENT] += is_lively(contact);
	if (silent) {
		struct alert_fact *fact = add(finding, ALERT_SILENT, office->code);
		fact->since_us = contact->at_us;
		fact->lively = is_lively(contact);
		return;
	}
	if (contact->told_us &&
	    contact->clock == LANTOA__V1__CONDITION__CLOCK_TRUST__CLOCK_BY_NOBODY)
		(void)add(finding, ALERT_CLOCK, office->code);
	if (contact->doubled_us && finding->now_us - contact->doubled_us <= CONDITION_LATELY_US)
		(void)add(finding, ALERT_DOUBLE, office->code);
}

static void office_find(struct finding *finding, const struct office *office,
			const struct office_counts *keys)
{
	const struct alert_sight *sight = finding->sight;
	const struct contact *contact =
		sight->conditions.contacts
			? contact_list_newest(sight->conditions.contacts, office->id)
			: NULL;
	const struct office_count *findings = count_of(sight->quality, office->id);
	const struct late_office *late = metric_answers_late(sight->answers, office->id);
	/* Who never came is expected still, and told by status as invited. */
	if (contact && contact->at_us && count_of(keys, office->id))
		contact_find(finding, office, contact);
	if (late) {
		struct alert_fact *fact = add(finding, ALERT_LATE, office->code);
		fact->since_us = civil_day_start_us(late->since);
		fact->n = late->missing;
	}
	if (findings)
		add(finding, ALERT_QUALITY, office->code)->n = findings->n;
}

static int offices_find(sqlite3 *db, const struct reference *reference, struct finding *finding,
			struct err *err)
{
	static const enum alert_kind of_all[] = { ALERT_LATE, ALERT_CLOCK, ALERT_DOUBLE,
						  ALERT_QUARANTINE, ALERT_QUALITY };
	int32_t today = civil_day(finding->now_us);
	struct office_counts keys = { 0 };
	uint64_t ours = 0;
	int rc = keys_find(db, &keys, err);
	for (size_t i = 0; i < reference->offices->n && rc == 0; i++) {
		const struct office *office = &reference->offices->list[i];
		if (!heard_is_ours(office, today))
			continue;
		ours++;
		office_find(finding, office, &keys);
	}
	for (size_t i = 0; i < sizeof(of_all) / sizeof(of_all[0]); i++)
		finding->facts->of[of_all[i]] = ours;
	free(keys.list);
	return rc;
}

/* Of each office that has any the row of the earliest entry: what came later waits no longer. */
#define WAITING                                                                                    \
	"SELECT h.office, h.observations, (SELECT coalesce(q.held_us, j.received_us)"              \
	" FROM office_quarantine o JOIN quarantine q ON q.journal = o.journal AND q.run = o.run"   \
	" AND q.point = o.point JOIN journal j ON j.id = o.journal"                                \
	" WHERE o.office = h.office AND o.released_us = 0"                                         \
	" ORDER BY o.journal, o.run, o.point LIMIT 1) FROM held h WHERE h.observations > 0"

static int waiting_find(sqlite3 *db, const struct reference *reference, struct finding *finding,
			struct err *err)
{
	int64_t patience_us = finding->sight->settings->quarantine_hours * HOUR_US;
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(db, WAITING, &rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		const struct office *office =
			offices_by_id(reference->offices, sqlite3_column_int64(rows, 0));
		int64_t since_us = sqlite3_column_int64(rows, 2);
		rc = 0;
		if (!office || since_us == 0 || finding->now_us - since_us <= patience_us)
			continue;
		struct alert_fact *fact = add(finding, ALERT_QUARANTINE, office->code);
		fact->since_us = since_us;
		fact->n = sqlite3_column_int64(rows, 1);
	}
	sqlite3_finalize(rows);
	return rc;
}

static void what_is_known(const struct finding *finding, const struct reference *reference)
{
	const struct condition_facts *conditions = &finding->sight->conditions;
	bool clock = conditions->behind_us == 0 && conditions->ahead_us == 0;
	bool *known = finding->facts->known;
	known[ALERT_FAULT] = known[ALERT_CHECKPOINT] = known[ALERT_DISK] = true;
	known[ALERT_CLOCK] = known[ALERT_DOUBLE] = reference && conditions->contacts;
	known[ALERT_SILENT] = reference && conditions->contacts && clock;
	known[ALERT_LATE] = reference && finding->sight->answers->known && clock;
	known[ALERT_QUARANTINE] = reference && clock;
	known[ALERT_BACKUP] = clock;
	known[ALERT_QUALITY] = reference && finding->sight->quality->known;
	finding->facts->asleep[ALERT_LATE] =
		reference &&
		days_off_has(reference->catalogue->days_off, civil_day(finding->now_us));
}

/* A kind that is not known has no facts. */
static void unknown_drop(struct alert_facts *facts)
{
	size_t left = 0;
	for (size_t i = 0; i < facts->n; i++)
		if (facts->known[facts->list[i].kind])
			facts->list[left++] = facts->list[i];
	facts->n = left;
}

int alert_facts_find(sqlite3 *db, const struct reference *reference, struct alert_sight *sight,
		     struct alert_facts *ret, struct err *err)
{
	struct alert_facts facts = { 0 };
	struct finding finding = { .sight = sight, .facts = &facts };
	int rc = status_facts(db, reference, &sight->conditions, err);
	finding.now_us = sight->conditions.now_us;
	if (rc == 0) {
		what_is_known(&finding, reference);
		conditions_find(&finding);
		rc = backup_find(db, &finding, err);
	}
	if (rc == 0 && reference)
		rc = offices_find(db, reference, &finding, err);
	if (rc == 0 && reference)
		rc = waiting_find(db, reference, &finding, err);
	if (rc == 0 && finding.no_memory)
		rc = err_memory(err);
	if (rc < 0) {
		free(facts.list);
		return rc;
	}
	unknown_drop(&facts);
	*ret = facts;
	return 0;
}
