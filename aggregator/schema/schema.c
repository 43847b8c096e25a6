#include "schema/schema.h"

#include "common/model/dimensions.h"
#include "schema/effects.h"
#include "schema/event.h"

static const char *const steps[] = {
	/* 1 */
	/* places and people: units.c, offices.c, reference.c, indicator.c, audit.c */
	"CREATE TABLE unit(id INTEGER PRIMARY KEY, code TEXT NOT NULL, name TEXT NOT NULL,"
	"  level TEXT NOT NULL, parent TEXT, valid_from INTEGER NOT NULL, valid_to INTEGER,"
	"  UNIQUE(code, valid_from)) STRICT;"
	"CREATE TABLE successor(effective_on INTEGER NOT NULL, old_code TEXT NOT NULL, new_code "
	"TEXT NOT NULL,"
	"  share TEXT, PRIMARY KEY(effective_on, old_code, new_code)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE catalogue(id INTEGER PRIMARY KEY, imported_us INTEGER NOT NULL, csv BLOB NOT "
	"NULL) STRICT;"
	"CREATE TABLE indicators(id INTEGER PRIMARY KEY, imported_us INTEGER NOT NULL, csv BLOB "
	"NOT NULL) STRICT;"
	"CREATE TABLE office(id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT "
	"NULL) STRICT;"
	"CREATE TABLE assignment(office INTEGER NOT NULL REFERENCES office(id), from_day INTEGER "
	"NOT NULL,"
	"  unit_code TEXT, PRIMARY KEY(office, from_day)) STRICT, WITHOUT ROWID;" /* NULL: to no
										     unit */
	"CREATE TABLE office_key(id INTEGER PRIMARY KEY, office INTEGER NOT NULL REFERENCES "
	"office(id),"
	"  public_key BLOB NOT NULL UNIQUE, state INTEGER NOT NULL, created_us INTEGER NOT NULL,"
	"  changed_us INTEGER NOT NULL) STRICT;"
	"CREATE INDEX office_key_office ON office_key(office);"
	"CREATE TABLE audit(id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, who TEXT NOT NULL, "
	"what TEXT NOT NULL,"
	"  detail TEXT NOT NULL) STRICT;"
	"CREATE TABLE fact(name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;"
	"INSERT INTO fact VALUES('reference_version', 1);"
	/* figures: journal.c, quarantine.c, page.c */
	"CREATE TABLE series(id INTEGER PRIMARY KEY, metric TEXT NOT NULL, labels TEXT NOT NULL,"
	"  UNIQUE(metric, labels)) STRICT;"
	"CREATE TABLE spool(id INTEGER PRIMARY KEY, office INTEGER NOT NULL REFERENCES office(id),"
	"  spool_id INTEGER NOT NULL, upto INTEGER NOT NULL, last_received_us INTEGER NOT NULL,"
	"  upto_digest BLOB," /* wire_digest of batch upto; NULL before the first */
	"  UNIQUE(office, spool_id)) STRICT;"
	"CREATE TABLE declared(spool INTEGER NOT NULL REFERENCES spool(id), number INTEGER NOT "
	"NULL,"
	"  series INTEGER NOT NULL REFERENCES series(id), shape INTEGER NOT NULL,"
	"  PRIMARY KEY(spool, number)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE journal(id INTEGER PRIMARY KEY, spool INTEGER NOT NULL REFERENCES spool(id),"
	"  seq INTEGER NOT NULL, day INTEGER NOT NULL, office INTEGER NOT NULL, received_us "
	"INTEGER NOT NULL,"
	"  payload BLOB NOT NULL, chain BLOB NOT NULL) STRICT;"
	"CREATE INDEX journal_day ON journal(day, office);"
	"CREATE TABLE quarantine(journal INTEGER NOT NULL REFERENCES journal(id), run INTEGER NOT "
	"NULL,"
	"  point INTEGER NOT NULL," /* index in the run; -1: the whole run */
	"  verdict INTEGER NOT NULL, observations INTEGER NOT NULL, released_us INTEGER,"
	"  PRIMARY KEY(journal, run, point)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE rollup(grain INTEGER NOT NULL, bucket INTEGER NOT NULL, node INTEGER NOT "
	"NULL,"
	"  page BLOB NOT NULL, PRIMARY KEY(grain, bucket, node)) STRICT, WITHOUT ROWID;",
	/* 2: closings.c */
	"CREATE TABLE closing(metric TEXT NOT NULL," /* '': every metric */
	"  calendar INTEGER NOT NULL, grain INTEGER NOT NULL, number INTEGER NOT NULL,"
	"  closed_us INTEGER NOT NULL, who TEXT NOT NULL,"
	"  PRIMARY KEY(metric, calendar, grain, number)) STRICT, WITHOUT ROWID;",
	/* 3: day_index.c. What is in the journal already stays as it is and keeps its index: a row
	   of it is rewritten for no one, and no disk needs room for a second journal meanwhile. */
	"CREATE TABLE strand(day INTEGER NOT NULL, office INTEGER NOT NULL, entry INTEGER NOT NULL,"
	"  PRIMARY KEY(day, office)) STRICT, WITHOUT ROWID;"
	"INSERT INTO strand SELECT day, office, max(id) FROM journal GROUP BY day, office;"
	"DROP INDEX journal_day;"
	"ALTER TABLE journal ADD COLUMN back INTEGER;"
	"CREATE INDEX journal_day ON journal(day, office) WHERE back IS NULL;",
	/* 4: pages of units have entries of every metric: rebuild_store() */
	"INSERT INTO fact VALUES('rollups_due', 1);",
	/* 5: day_times.c */
	"CREATE TABLE arrival(day INTEGER PRIMARY KEY, first_us INTEGER NOT NULL, last_us INTEGER "
	"NOT NULL) STRICT;"
	"INSERT INTO arrival SELECT day, min(received_us), max(received_us) FROM journal GROUP BY "
	"day;"
	"INSERT INTO arrival SELECT j.day, q.released_us, q.released_us FROM quarantine q"
	"  JOIN journal j ON j.id = q.journal WHERE q.released_us IS NOT NULL"
	"  ON CONFLICT DO UPDATE SET last_us = max(last_us, excluded.last_us);",
	/* 6: a row of quarantine may be about several points, from `point` on as many as
	   `observations` says: earlier programs would count all but the first of them. And how many
	   rows of an office wait, because there is a limit to that (office_limits.h): by triggers,
	   whoever holds and releases. */
	"CREATE TABLE held(office INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;"
	"INSERT INTO held SELECT j.office, count(*) FROM quarantine q JOIN journal j"
	"  ON j.id = q.journal WHERE q.released_us IS NULL GROUP BY j.office;"
	"CREATE TRIGGER held_more AFTER INSERT ON quarantine WHEN new.released_us IS NULL BEGIN"
	"  INSERT INTO held SELECT office, 1 FROM journal WHERE id = new.journal"
	"  ON CONFLICT DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER held_fewer AFTER DELETE ON quarantine WHEN old.released_us IS NULL BEGIN"
	"  UPDATE held SET n = n - 1 WHERE office = (SELECT office FROM journal"
	"  WHERE id = old.journal); END;"
	"CREATE TRIGGER held_changed AFTER UPDATE OF released_us ON quarantine"
	"  WHEN (old.released_us IS NULL) <> (new.released_us IS NULL) BEGIN"
	"  INSERT INTO held SELECT office, 1 FROM journal WHERE id = new.journal"
	"  ON CONFLICT DO UPDATE SET n = n + CASE WHEN new.released_us IS NULL THEN 1 ELSE -1 END;"
	"  END;",
	/* 7: office_keys.c. An invitation that is on its way has a week more. */
	("ALTER TABLE office_key ADD COLUMN expires_us INTEGER;"
	 "UPDATE office_key SET expires_us = (unixepoch() + 604800) * 1000000 WHERE state = 1;"),
	/* 8: how much the entries of an office and day hold, because there is a limit to that
	   (office_limits.h): of its entries since this step. */
	"ALTER TABLE strand ADD COLUMN observations INTEGER NOT NULL DEFAULT 0;",
	/* 9: since when a row of quarantine is held (NULL: since its entry came, or nobody knows),
	   because what counted until then is known to have counted. And how many observations of an
	   office wait, where it was known how many rows. */
	("ALTER TABLE quarantine ADD COLUMN held_us INTEGER;"
	 "CREATE INDEX quarantine_waits ON quarantine(journal) WHERE released_us IS NULL;"
	 "ALTER TABLE held ADD COLUMN observations INTEGER NOT NULL DEFAULT 0;"
	 "DELETE FROM held;"
	 "INSERT INTO held SELECT j.office, count(*), sum(q.observations) FROM quarantine q"
	 "  JOIN journal j ON j.id = q.journal WHERE q.released_us IS NULL GROUP BY j.office;"
	 "DROP TRIGGER held_more; DROP TRIGGER held_fewer; DROP TRIGGER held_changed;"
	 "CREATE TRIGGER held_more AFTER INSERT ON quarantine WHEN new.released_us IS NULL BEGIN"
	 "  INSERT INTO held SELECT office, 1, new.observations FROM journal WHERE id = new.journal"
	 "  ON CONFLICT DO UPDATE SET n = n + 1,"
	 "  observations = observations + excluded.observations; END;"
	 "CREATE TRIGGER held_fewer AFTER DELETE ON quarantine WHEN old.released_us IS NULL BEGIN"
	 "  UPDATE held SET n = n - 1, observations = observations - old.observations"
	 "  WHERE office = (SELECT office FROM journal WHERE id = old.journal); END;"
	 "CREATE TRIGGER held_changed AFTER UPDATE ON quarantine"
	 "  WHEN old.released_us IS NULL OR new.released_us IS NULL BEGIN"
	 "  INSERT INTO held SELECT office, (new.released_us IS NULL) - (old.released_us IS NULL),"
	 "  iif(new.released_us IS NULL, new.observations, 0)"
	 "  - iif(old.released_us IS NULL, old.observations, 0)"
	 "  FROM journal WHERE id = new.journal ON CONFLICT DO UPDATE SET n = n + excluded.n,"
	 "  observations = observations + excluded.observations; END;"),
	/* 10: which spool a spool goes on from, as its first batch said (0: of none), and whether
	   that makes it one of a machine that was set back: older_copy.c */
	("ALTER TABLE spool ADD COLUMN from_spool INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE spool ADD COLUMN from_seq INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE spool ADD COLUMN set_back INTEGER NOT NULL DEFAULT 0;"),
	/* 11: when offices were last heard: contacts.c. And those rows that status asks about,
	   which are few where a million wait for another reason: status.c. */
	("CREATE TABLE contact(office INTEGER PRIMARY KEY, at_us INTEGER NOT NULL) STRICT;"
	 "CREATE INDEX quarantine_grave ON quarantine(verdict) WHERE released_us IS NULL"
	 "  AND verdict IN (9, 10);"),
	/* 12: what can change an answer and is no batch: event.c. The rows of before become its
	   first events with this step (on_step). Of entries from now on the journal keeps what was
	   held when they came (held_list.h), and the chain covers it. What was released and is held
	   again: quarantine.c. */
	("CREATE TABLE event(id INTEGER PRIMARY KEY, after_journal INTEGER NOT NULL,"
	 "  at_us INTEGER NOT NULL, moves INTEGER NOT NULL, kind TEXT NOT NULL, who TEXT NOT NULL,"
	 "  detail TEXT NOT NULL, body TEXT NOT NULL, chain BLOB NOT NULL) STRICT;"
	 "CREATE INDEX event_after ON event(after_journal);"
	 "CREATE INDEX event_at ON event(at_us);"
	 "CREATE INDEX event_reference ON event(at_us) WHERE moves & 1;"
	 "ALTER TABLE journal ADD COLUMN held BLOB;"
	 /* next.h */
	 "CREATE TABLE rollup_next(grain INTEGER NOT NULL, bucket INTEGER NOT NULL, node INTEGER "
	 "NOT NULL,"
	 "  page BLOB NOT NULL, PRIMARY KEY(grain, bucket, node)) STRICT, WITHOUT ROWID;"
	 "CREATE TABLE stale(day INTEGER NOT NULL, office INTEGER NOT NULL,"
	 "  PRIMARY KEY(day, office)) STRICT, WITHOUT ROWID;"
	 "CREATE VIEW rollup_with_next AS SELECT grain, bucket, node, page FROM rollup_next"
	 "  WHERE length(page) > 0 UNION ALL SELECT grain, bucket, node, page FROM rollup r"
	 "  WHERE NOT EXISTS (SELECT 1 FROM rollup_next n WHERE n.grain = r.grain"
	 "  AND n.bucket = r.bucket AND n.node = r.node);"
	 /* quarantine.h, and what was held before it was held again */
	 "CREATE TABLE quarantine_past(journal INTEGER NOT NULL, run INTEGER NOT NULL,"
	 "  point INTEGER NOT NULL, verdict INTEGER NOT NULL, observations INTEGER NOT NULL,"
	 "  held_us INTEGER, released_us INTEGER NOT NULL, again_us INTEGER NOT NULL,"
	 "  PRIMARY KEY(journal, run, point, again_us)) STRICT, WITHOUT ROWID;"
	 "CREATE TABLE quarantine_next(journal INTEGER NOT NULL, run INTEGER NOT NULL,"
	 "  point INTEGER NOT NULL, verdict INTEGER NOT NULL, observations INTEGER NOT NULL,"
	 "  released_us INTEGER, held_us INTEGER, PRIMARY KEY(journal, run, point)) STRICT,"
	 "  WITHOUT ROWID;"
	 "CREATE VIEW quarantine_with_next AS SELECT journal, run, point, verdict, observations,"
	 "  released_us, held_us FROM quarantine_next UNION ALL SELECT journal, run, point,"
	 "  verdict, observations, released_us, held_us FROM quarantine q WHERE NOT EXISTS"
	 "  (SELECT 1 FROM quarantine_next n WHERE n.journal = q.journal AND n.run = q.run);"
	 /* change.h */
	 "CREATE TABLE change_under_way(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
	 "  who TEXT NOT NULL, note TEXT, body BLOB, mover TEXT, unit TEXT,"
	 "  from_day INTEGER NOT NULL, begun_us INTEGER NOT NULL, stage INTEGER NOT NULL,"
	 "  day INTEGER NOT NULL, phase INTEGER NOT NULL, office INTEGER NOT NULL,"
	 "  done INTEGER NOT NULL, total INTEGER NOT NULL, spent_us INTEGER NOT NULL,"
	 "  held INTEGER NOT NULL, code INTEGER NOT NULL, rows INTEGER NOT NULL,"
	 "  text TEXT NOT NULL, entry INTEGER NOT NULL, metric TEXT, closed INTEGER NOT NULL,"
	 "  older_copy INTEGER NOT NULL, upto INTEGER NOT NULL) STRICT;"
	 "CREATE TABLE change_day(day INTEGER PRIMARY KEY) STRICT;"
	 /* release.h: what a release in steps has still to judge, and what came of it; verdict 0:
	    released */
	 "CREATE TABLE release_entry(day INTEGER NOT NULL, office INTEGER NOT NULL,"
	 "  journal INTEGER NOT NULL, PRIMARY KEY(day, office, journal)) STRICT, WITHOUT ROWID;"
	 "CREATE TABLE release_count(verdict INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;"
	 "CREATE TABLE publication(name TEXT PRIMARY KEY, calendar INTEGER NOT NULL,"
	 "  grain INTEGER NOT NULL, number INTEGER NOT NULL, structure INTEGER,"
	 "  known_us INTEGER NOT NULL, position INTEGER NOT NULL, chain BLOB NOT NULL,"
	 "  who TEXT NOT NULL) STRICT, WITHOUT ROWID;"
	 /* reference.c */
	 "CREATE TABLE dimensions(id INTEGER PRIMARY KEY, imported_us INTEGER NOT NULL, csv BLOB "
	 "NOT NULL) STRICT;"
	 "CREATE TABLE account(account TEXT PRIMARY KEY, shown TEXT NOT NULL) STRICT,"
	 "  WITHOUT ROWID;"
	 "INSERT INTO fact VALUES('epoch', unixepoch() * 1000000 + abs(random() % 1000000));"
	 "ALTER TABLE audit RENAME TO audit_before;"
	 "CREATE VIEW audit AS SELECT id, at_us, who, kind AS what, detail FROM event;"),
	/* 13: rules (reference.c) */
	("CREATE TABLE rules(id INTEGER PRIMARY KEY, imported_us INTEGER NOT NULL, csv BLOB NOT "
	 "NULL) STRICT;"),
	/* 14: whose the rows of quarantine are, so that an office can be told what waits of its
	   figures and what was released (released_us 0: it waits): standing.c. */
	("CREATE TABLE office_quarantine(office INTEGER NOT NULL, released_us INTEGER NOT NULL,"
	 "  journal INTEGER NOT NULL, run INTEGER NOT NULL, point INTEGER NOT NULL,"
	 "  PRIMARY KEY(office, released_us, journal, run, point)) STRICT, WITHOUT ROWID;"
	 "INSERT INTO office_quarantine SELECT j.office, coalesce(q.released_us, 0), q.journal,"
	 "  q.run, q.point FROM quarantine q JOIN journal j ON j.id = q.journal;"
	 "CREATE TRIGGER office_quarantine_more AFTER INSERT ON quarantine BEGIN"
	 "  INSERT OR IGNORE INTO office_quarantine SELECT office, coalesce(new.released_us, 0),"
	 "  id, new.run, new.point FROM journal WHERE id = new.journal; END;"
	 "CREATE TRIGGER office_quarantine_fewer AFTER DELETE ON quarantine BEGIN"
	 "  DELETE FROM office_quarantine WHERE office = (SELECT office FROM journal"
	 "  WHERE id = old.journal) AND released_us = coalesce(old.released_us, 0)"
	 "  AND journal = old.journal AND run = old.run AND point = old.point; END;"
	 "CREATE TRIGGER office_quarantine_changed AFTER UPDATE ON quarantine"
	 "  WHEN old.released_us IS NOT new.released_us BEGIN"
	 "  UPDATE OR REPLACE office_quarantine SET released_us = coalesce(new.released_us, 0)"
	 "  WHERE office = (SELECT office FROM journal WHERE id = old.journal)"
	 "  AND released_us = coalesce(old.released_us, 0) AND journal = old.journal"
	 "  AND run = old.run AND point = old.point; END;"),
	/* 15: series_ids.c: by what key a series is found whose labels are spelt otherwise;
	   keys_make() fills it. */
	("ALTER TABLE series ADD COLUMN key TEXT NOT NULL DEFAULT '';"
	 "CREATE INDEX series_key ON series(metric, key);"),
	/* 16: what people tell offices (office 0: all of them), and what those read: messages.c */
	"CREATE TABLE message(id INTEGER PRIMARY KEY, office INTEGER NOT NULL,"
	"  at_us INTEGER NOT NULL, who TEXT NOT NULL, text TEXT NOT NULL, metric TEXT NOT NULL,"
	"  labels TEXT NOT NULL, period TEXT NOT NULL) STRICT;"
	"CREATE INDEX message_office ON message(office);"
	"CREATE TABLE message_read(message INTEGER NOT NULL, office INTEGER NOT NULL,"
	"  read_us INTEGER NOT NULL, PRIMARY KEY(message, office)) STRICT, WITHOUT ROWID;",
	/* 17: tokens.c: what is shown over the network, and when it was last used */
	"CREATE TABLE token(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL,"
	"  office INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE, created_us INTEGER NOT NULL,"
	"  expires_us INTEGER NOT NULL, revoked_us INTEGER) STRICT;"
	"CREATE TABLE token_use(token INTEGER PRIMARY KEY, used_us INTEGER NOT NULL) STRICT;",
	/* 18: what people say in batches: said.c */
	"CREATE TABLE finished(day INTEGER NOT NULL, shape INTEGER NOT NULL,"
	"  office INTEGER NOT NULL, entry INTEGER NOT NULL, author TEXT NOT NULL,"
	"  at_us INTEGER NOT NULL, undone INTEGER NOT NULL,"
	"  PRIMARY KEY(day, shape, office, entry)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX finished_office ON finished(office, entry);"
	"CREATE TABLE author(office INTEGER NOT NULL, name TEXT NOT NULL, entry INTEGER NOT NULL,"
	"  PRIMARY KEY(office, name)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX author_name ON author(name);",
	/* 19: excuses.c: who need not report what, and why */
	"CREATE TABLE excuse(id INTEGER PRIMARY KEY, office INTEGER NOT NULL,"
	"  metric TEXT NOT NULL, form TEXT NOT NULL, calendar TEXT NOT NULL, period TEXT NOT NULL,"
	"  until TEXT NOT NULL, reason TEXT NOT NULL, who TEXT NOT NULL, at_us INTEGER NOT NULL,"
	"  ended_us INTEGER) STRICT;",
	/* 20: what is known of each key, and when it was heard: contacts.c. What was known of an
	   office was heard with the key that may come in, or else the one that might last. */
	("ALTER TABLE contact RENAME TO contact_before;"
	 "CREATE TABLE contact(key INTEGER PRIMARY KEY, office INTEGER NOT NULL,"
	 "  at_us INTEGER NOT NULL, hello_us INTEGER NOT NULL, protocol INTEGER NOT NULL,"
	 "  version TEXT NOT NULL, told_us INTEGER NOT NULL, backlog INTEGER NOT NULL,"
	 "  oldest_us INTEGER NOT NULL, spool_full INTEGER NOT NULL, clock INTEGER NOT NULL,"
	 "  push_s INTEGER NOT NULL) STRICT;"
	 "INSERT INTO contact SELECT k.id, c.office, c.at_us, 0, 0, '', 0, 0, 0, 0, 0, 0"
	 "  FROM contact_before c JOIN office_key k ON k.id = (SELECT id FROM office_key"
	 "  WHERE office = c.office AND state IN (2, 4) ORDER BY state, id DESC LIMIT 1);"
	 "DROP TABLE contact_before;"),
	/* 21: hands.c: for which office the province keeps which spool */
	"CREATE TABLE hand(id INTEGER PRIMARY KEY, office INTEGER NOT NULL UNIQUE,"
	"  spool_id INTEGER NOT NULL) STRICT;",
	/* 22: reference.c: which days move due dates, edition by edition */
	"CREATE TABLE days_off(id INTEGER PRIMARY KEY, imported_us INTEGER NOT NULL,"
	"  csv BLOB NOT NULL) STRICT;",
	/* 23: alert_store.h: what fires, and what was told of it */
	"CREATE TABLE alert(kind TEXT NOT NULL, subject TEXT NOT NULL, since_us INTEGER NOT NULL,"
	"  fired_us INTEGER NOT NULL, n INTEGER NOT NULL, whole INTEGER NOT NULL,"
	"  number INTEGER NOT NULL, PRIMARY KEY(kind, subject)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE alert_change(id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL,"
	"  what INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,"
	"  since_us INTEGER NOT NULL, fired_us INTEGER NOT NULL, n INTEGER NOT NULL,"
	"  whole INTEGER NOT NULL) STRICT;",
	/* 24: maps.c: where units stand on a screen, from which day on */
	"CREATE TABLE map(valid_from INTEGER NOT NULL, kind TEXT NOT NULL, level TEXT NOT NULL,"
	"  width INTEGER NOT NULL, height INTEGER NOT NULL, frame TEXT NOT NULL,"
	"  cells TEXT NOT NULL, PRIMARY KEY(valid_from, kind)) STRICT, WITHOUT ROWID;",
};

#define N_STEPS         ((int)(sizeof(steps) / sizeof(steps[0])))
#define VERSION_OF_KEYS 15

/* Of the series that are there. */
static int keys_make(sqlite3 *db, struct err *err)
{
	sqlite3_stmt *rows = NULL, *put = NULL;
	char key[LABELS_KEY_MAX];
	int rc = db_prepare(db, "SELECT id, labels FROM series WHERE labels <> ''", &rows, err);
	if (rc == 0)
		rc = db_prepare(db, "UPDATE series SET key = ? WHERE id = ?", &put, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		const char *labels = (const char *)sqlite3_column_text(rows, 1);
		if (!labels || !labels_valid(labels)) { /* damaged: verify names it */
			rc = 0;
			continue;
		}
		labels_key(labels, key);
		sqlite3_bind_text(put, 1, key, -1, SQLITE_STATIC);
		sqlite3_bind_int64(put, 2, sqlite3_column_int64(rows, 0));
		rc = db_run(put, err);
	}
	sqlite3_finalize(put);
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	return rc;
}

/* A store that had no events gets its first, which has what stands in all tables: when the last of
 * them is there. */
static int events_begin(sqlite3 *db, struct err *err)
{
	int64_t begins = 0;
	int rc = db_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'audit_before'",
			   &begins, err);
	return rc == 0 && begins > 0 ? events_open(db, err) : rc;
}

/* From an event on, behind the opening, labels are folded. */
static int folding_begin(sqlite3 *db, struct err *err)
{
	static const struct event_form folded = { .who = "lantoa-aggregator",
						  .kind = EVENT_FOLDED,
						  .note = true };
	int64_t begun = 0;
	int rc = db_number(db, "SELECT count(*) FROM event WHERE kind = '" EVENT_FOLDED "'", &begun,
			   err);
	return rc == 0 && begun == 0 ? event_append(db, &folded, NULL, err) : rc;
}

static int on_step(sqlite3 *db, int version, struct err *err)
{
	int rc = version == VERSION_OF_KEYS ? keys_make(db, err) : 0;
	if (rc < 0 || version < N_STEPS)
		return rc;
	rc = effects_watch(db, err);
	if (rc == 0)
		rc = events_begin(db, err);
	return rc < 0 ? rc : folding_begin(db, err);
}

static const struct db_schema schema = {
	.application_id = SCHEMA_APPLICATION_ID,
	.n = N_STEPS,
	.steps = steps,
	.keep_writer = "INSERT OR REPLACE INTO fact VALUES('written_by', ?1)",
	.writer = "SELECT value FROM fact WHERE name = 'written_by'",
	.on_step = on_step,
};

int schema_open(const char *path, bool readonly, sqlite3 **ret_db, struct err *err)
{
	sqlite3 *db = NULL;
	int rc = db_open(path, readonly ? DB_READER : DB_WRITER_WAL, &schema, &db, err);
	if (rc < 0)
		return rc;
	if (!readonly)
		rc = db_migrate(db, &schema, err);
	if (rc == 0 && !readonly)
		rc = effects_watch(db, err);
	if (rc < 0) {
		db_close(db);
		return rc;
	}
	*ret_db = db;
	return 0;
}

int schema_open_copy(const char *path, sqlite3 **ret_db, struct err *err)
{
	return db_open(path, DB_WRITER_ROLLBACK, &schema, ret_db, err);
}

int schema_open_scratch(sqlite3 **ret_db, struct err *err)
{
	struct db_schema tables = schema;
	sqlite3 *db = NULL;
	int rc = db_open_scratch(&db, err);
	tables.on_step = NULL; /* it has events of others */
	if (rc == 0)
		rc = db_migrate(db, &tables, err);
	if (rc < 0) {
		db_close(db);
		return rc;
	}
	*ret_db = db;
	return 0;
}
