#include "api/metrics.h"

#include "api/heard.h"
#include "api/status.h"
#include "common/model/civil.h"
#include "common/text/exposition.h"
#include "journal/quarantine.h"
#include "registry/office_keys.h"
#include "schema/chain.h"
#include "schema/event.h"

#include <stdlib.h>
#include <string.h>

static void gauge(struct exposition *to, const char *name, const char *help, int64_t value)
{
	exposition_begin(to, name, "gauge", help);
	exposition_int(to, NULL, 0, value);
}

static void gauge_seconds(struct exposition *to, const char *name, const char *help, int64_t us)
{
	exposition_begin(to, name, "gauge", help);
	exposition_seconds(to, NULL, 0, us);
}

static void counter(struct exposition *to, const char *name, const char *help, uint64_t value)
{
	exposition_begin(to, name, "counter", help);
	exposition_int(to, NULL, 0, (int64_t)value);
}

/* --- what the loop counts --- */

static void process_write(const struct metrics_facts *facts, struct exposition *to)
{
	const struct sample_label version = { "version", LANTOA_VERSION };

	exposition_begin(to, "lantoa_build_info", "gauge", "The program's version, as a label.");
	exposition_int(to, &version, 1, 1);
	gauge_seconds(to, "lantoa_start_time_seconds", "When the daemon was started.",
		      facts->began_us);
}

static void connections_write(const struct gate_counters *gate, struct exposition *to)
{
	static const struct {
		const char *reason;
		enum connection_fault fault;
	} cuts[] = { { "no_handshake", CONNECTION_NO_HANDSHAKE },
		     { "slow", CONNECTION_SLOW },
		     { "crowd", CONNECTION_CROWD },
		     { "silent", CONNECTION_SILENT },
		     { "endless", CONNECTION_ENDLESS },
		     { "too_many", CONNECTION_TOO_MANY },
		     { "revoked", CONNECTION_REVOKED } };

	gauge(to, "lantoa_connections", "Connections of offices that are open.",
	      (int64_t)gate->connections.open);
	gauge(to, "lantoa_handshakes_under_way", "Of them, those whose handshake has not ended.",
	      (int64_t)gate->connections.strangers);
	gauge(to, "lantoa_door_shut", "1: as many are open as may be, and no more are accepted.",
	      gate->connections.shut);
	exposition_begin(to, "lantoa_connections_cut_total", "counter",
			 "Connections that were cut off, by why.");
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
		exposition_int(to, &(struct sample_label){ "reason", cuts[i].reason }, 1,
			       (int64_t)gate->connections.cut[cuts[i].fault]);
	counter(to, "lantoa_handshakes_total", "Handshakes that let somebody in.",
		gate->handshakes);
	counter(to, "lantoa_handshakes_refused_total", "Handshakes that were refused.",
		gate->refused_handshakes);
	counter(to, "lantoa_frames_total", "Messages that were taken from offices.", gate->frames);
}

static void intake_write(const struct intake_counters *intake, struct exposition *to)
{
	const struct committer_counters *batches = &intake->batches;

	counter(to, "lantoa_batches_total", "Batches that were committed.", batches->batches);
	counter(to, "lantoa_observations_total", "Observations that were committed.",
		batches->observations);
	counter(to, "lantoa_batches_duplicate_total", "Batches that had come before.",
		batches->duplicates);
	counter(to, "lantoa_batches_refused_total", "Batches that were refused for good.",
		batches->malformed);
	counter(to, "lantoa_batches_put_off_total",
		"Batches that their offices were asked to send again later.",
		batches->later + intake->put_off);
	counter(to, "lantoa_observations_held_total", "Observations that went into quarantine.",
		batches->held);
	counter(to, "lantoa_over_limit_total", "Messages beyond a limit of their office.",
		intake->over + batches->over);
	counter(to, "lantoa_commits_total", "Commits of batches.", batches->commits);
	counter(to, "lantoa_commits_failed_total", "Commits of batches that failed.",
		batches->failed_commits);
	gauge(to, "lantoa_store_failing", "1: commits fail, and nothing is taken.",
	      batches->failing != 0);
	exposition_begin(to, "lantoa_commit_duration_seconds", "histogram",
			 "From handing batches to the writer until they were on the disk.");
	exposition_histogram(to, &batches->commit_took);
	exposition_begin(to, "lantoa_ack_delay_seconds", "histogram",
			 "From taking a batch until its ack was sent.");
	exposition_histogram(to, &batches->ack_took);
	if (batches->last_commit_us)
		gauge_seconds(to, "lantoa_last_commit_timestamp_seconds",
			      "When the last commit of batches was.", batches->last_commit_us);
}

static void disk_write(const struct room_look *room, struct exposition *to)
{
	gauge(to, "lantoa_disk_free_bytes", "Left on the disk of the database.",
	      (int64_t)room->free);
	gauge(to, "lantoa_disk_reserve_bytes", "Of them, what figures may not take.",
	      (int64_t)room->reserve);
	gauge(to, "lantoa_disk_short", "1: less than that is left, and no figures are taken.",
	      room->is_short);
	gauge(to, "lantoa_wal_bytes", "Committed, and not yet copied into the database.",
	      (int64_t)room->log.bytes);
	gauge(to, "lantoa_wal_file_bytes", "What the file of the log takes on the disk.",
	      (int64_t)room->log.file_bytes);
	if (room->log.copied_us)
		gauge_seconds(to, "lantoa_checkpoint_timestamp_seconds",
			      "When all of the log was copied into the database last.",
			      room->log.copied_us);
	gauge_seconds(to, "lantoa_oldest_read_seconds",
		      "For how long the longest question under way has run.",
		      (int64_t)room->log.oldest_read_ms * 1000);
}

/* --- offices --- */

#define OFFICE_STATES                                                                              \
	"SELECT CASE s WHEN 0 THEN 'active' WHEN 1 THEN 'invited' WHEN 2 THEN 'expired'"           \
	" WHEN 3 THEN 'revoked' ELSE 'none' END, count(*) FROM (SELECT (SELECT min(CASE state"     \
	" WHEN 2 THEN 0 WHEN 1 THEN 1 + (expires_us <= ?1) ELSE 3 END) FROM office_key"            \
	" WHERE office = o.id) AS s FROM office o) GROUP BY s"

static int states_write(sqlite3 *db, int64_t now_us, struct exposition *to, struct err *err)
{
	static const char *const states[] = { "active", "invited", "expired", "revoked", "none" };
	int64_t n[sizeof(states) / sizeof(states[0])] = { 0 };
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(db, OFFICE_STATES, &rows, err);

	if (rc == 0)
		sqlite3_bind_int64(rows, 1, now_us);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		const char *state = (const char *)sqlite3_column_text(rows, 0);

		for (size_t i = 0; state && i < sizeof(states) / sizeof(states[0]); i++)
			if (strcmp(state, states[i]) == 0)
				n[i] += sqlite3_column_int64(rows, 1);
		rc = 0;
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	exposition_begin(to, "lantoa_offices", "gauge",
			 "Offices by the state of their keys, as status has it.");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		exposition_int(to, &(struct sample_label){ "state", states[i] }, 1, n[i]);
	return rc;
}

/* Of each office that reports for a unit today. One that was never heard has 0: it is silent since
 * for ever, and an alert on the age of its last contact must not pass it over. */
static void contacts_write(const struct metrics_facts *facts, const struct reference *reference,
			   struct exposition *to)
{
	int64_t silent = 0, connected = 0;
	int32_t today = civil_day(facts->now_us);

	exposition_begin(
		to, "lantoa_office_last_contact_timestamp_seconds", "gauge",
		"When each office that reports for a unit today was heard last; 0: never.");
	for (size_t i = 0; i < reference->offices->n; i++) {
		const struct office *office = &reference->offices->list[i];
		const struct contact *contact = contact_list_newest(facts->contacts, office->id);

		if (!heard_is_ours(office, today))
			continue;
		exposition_seconds(to, &(struct sample_label){ "office", office->code }, 1,
				   contact ? contact->at_us : 0);
		silent += heard_is_silent(contact, 0, facts->now_us);
		connected += contact && contact->connections > 0;
	}
	gauge(to, "lantoa_offices_connected", "Of these, those that hold a connection now.",
	      connected);
	gauge(to, "lantoa_offices_silent",
	      "Of these, those not heard for three of their push intervals (a day, where they "
	      "close the line in between), or never.",
	      silent);
	if (facts->answers->known)
		gauge(to, "lantoa_offices_late",
		      "Offices of which reports are missing whose due day is over; found up to "
		      "five "
		      "minutes ago.",
		      (int64_t)facts->answers->late);
}

/* All kinds, so that who watches one finds it before it happens; but none of what nobody could
 * look at. What fired before is told still. */
static void alerts_write(const struct alert_counts *counts, struct exposition *to)
{
	static const char *const states[] = { "pending", "firing" };

	exposition_begin(to, "lantoa_alerts", "gauge",
			 "Alerts by kind, and by whether they wait for their grace or were told.");
	for (enum alert_kind kind = 0; kind < ALERT_KINDS; kind++) {
		bool any = counts->n[kind][0] + counts->n[kind][1] > 0;

		for (size_t i = 0; i < 2 && (any || !counts->unknown[kind]); i++) {
			const struct sample_label labels[] = { { "kind", alert_kind_word(kind) },
							       { "state", states[i] } };

			exposition_int(to, labels, 2, (int64_t)counts->n[kind][i]);
		}
	}
}

/* --- what the database knows --- */

static int ledger_write(sqlite3 *db, int64_t now_us, struct exposition *to, struct err *err)
{
	int64_t held = 0, pages = 0, page_bytes = 0, backup_us = 0;
	struct ledger_head head;
	int rc = states_write(db, now_us, to, err);

	if (rc == 0)
		rc = db_number(db, "SELECT coalesce(sum(observations), 0) FROM held", &held, err);
	if (rc == 0)
		gauge(to, "lantoa_quarantine_observations", "Observations that wait in quarantine.",
		      held);
	if (rc == 0)
		rc = ledger_head(db, &head, err);
	if (rc == 0) {
		gauge(to, "lantoa_ledger_position", "Entries and events of the ledger.",
		      ledger_position(&head));
		gauge(to, "lantoa_journal_entries", "Of them, batches of offices.", head.entry);
	}
	if (rc == 0)
		rc = db_number(db, "PRAGMA page_count", &pages, err);
	if (rc == 0)
		rc = db_number(db, "PRAGMA page_size", &page_bytes, err);
	if (rc == 0)
		gauge(to, "lantoa_database_bytes", "Size of the database, without its log.",
		      pages * page_bytes);
	if (rc == 0)
		rc = status_last_backup(db, &backup_us, err);
	if (rc == 0 && backup_us)
		gauge_seconds(to, "lantoa_backup_timestamp_seconds",
			      "When the last backup was made.", backup_us);
	return rc;
}

/* All that may be noticed, so that an alert on one of them finds it before it happens. */
static int conditions_write(sqlite3 *db, const struct reference *reference,
			    struct metrics_facts *facts, struct exposition *to, struct err *err)
{
	struct conditions now;
	enum condition_gravity gravity;
	const char *name;
	int rc = status_facts(db, reference, &facts->conditions, err);

	if (rc < 0)
		return rc;
	conditions_judge(&facts->conditions, &now);
	exposition_begin(to, "lantoa_condition", "gauge",
			 "1: status says so; ill: figures are not taken, or somebody must act.");
	for (size_t i = 0; (name = condition_name(i, &gravity)); i++) {
		const struct sample_label labels[] = {
			{ "name", name }, { "gravity", condition_gravity_name(gravity) }
		};
		bool holds = false;

		for (size_t k = 0; k < now.n; k++)
			holds |= strcmp(now.list[k].name, name) == 0;
		exposition_int(to, labels, 2, holds);
	}
	return 0;
}

int metrics_write(sqlite3 *db, const struct reference *reference, struct metrics_facts *facts,
		  struct blob *out, struct err *err)
{
	struct exposition to = { .out = out };
	int rc;

	process_write(facts, &to);
	if (facts->gate)
		connections_write(facts->gate, &to);
	if (facts->intake) {
		intake_write(facts->intake, &to);
		disk_write(&facts->intake->room, &to);
	}
	rc = ledger_write(db, facts->now_us, &to, err);
	if (rc == 0)
		rc = conditions_write(db, reference, facts, &to, err);
	if (rc == 0 && facts->alerts.looked_us)
		alerts_write(&facts->alerts, &to);
	if (rc == 0 && reference)
		contacts_write(facts, reference, &to);
	if (rc == 0 && to.rc == 0 && facts->answers->known)
		to.rc = blob_append(out, facts->answers->indicators.data,
				    facts->answers->indicators.len);
	return rc < 0 ? rc : to.rc < 0 ? err_memory(err) : 0;
}
