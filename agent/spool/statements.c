/* The spool's tables, how they came to be, and every statement about them. */
#include "spool/spool_internal.h"

#include <errno.h>

#define APPLICATION_ID 0x4c545350 /* "LTSP" */

/* The values in part p of (series, day) o, when each had a row. */
#define OF_PART                                                                                    \
	" FROM current WHERE series = o.series AND day = o.day"                                    \
	" AND nth BETWEEN p.part * 120 AND p.part * 120 + 119)"

/* A macro of C that is an expression of SQL, too. */
#define SQL_TEXT(expanded) #expanded
#define SQL_OF(macro)      SQL_TEXT(macro)
#define THE_SHAPE          SQL_OF(SHAPE_WITHOUT_DECIMALS(shape))
#define SAME_SHAPE                                                                                 \
	SQL_OF(SHAPE_WITHOUT_DECIMALS(s.shape)) " = " SQL_OF(SHAPE_WITHOUT_DECIMALS(own.shape))

static const char *const steps[] = {
	"CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), id INTEGER NOT NULL,"
	" last_seq INTEGER NOT NULL DEFAULT 0, acked_seq INTEGER NOT NULL DEFAULT 0,"
	" last_ack_us INTEGER NOT NULL DEFAULT 0, quarantined INTEGER NOT NULL DEFAULT 0,"
	" turn INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE TABLE series (id INTEGER PRIMARY KEY, metric TEXT NOT NULL, labels TEXT NOT NULL,"
	" shape INTEGER NOT NULL, number INTEGER UNIQUE, declared_in INTEGER) STRICT;"
	"CREATE UNIQUE INDEX series_by_name ON series (metric, labels, shape);"
	"CREATE TABLE current (series INTEGER NOT NULL, day INTEGER NOT NULL, nth INTEGER NOT NULL,"
	" value_e INTEGER NOT NULL, withdrawn INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" PRIMARY KEY (series, day, nth)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX current_unsealed ON current (day, series, nth) WHERE seq = 0;"
	"CREATE TABLE batch (seq INTEGER PRIMARY KEY, day INTEGER NOT NULL,"
	" observations INTEGER NOT NULL, sealed_us INTEGER NOT NULL, payload BLOB NOT NULL) STRICT;"
	"CREATE TABLE refusal (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, series INTEGER NOT "
	"NULL,"
	" observations INTEGER NOT NULL, reason TEXT NOT NULL, UNIQUE (seq, series, reason)) "
	"STRICT;"
	"CREATE TABLE fact (name TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT, WITHOUT ROWID;",
	"CREATE TABLE ack_day (day INTEGER PRIMARY KEY, upto INTEGER NOT NULL) STRICT;"
	"CREATE TABLE undated (id INTEGER PRIMARY KEY, boot TEXT NOT NULL,"
	" boot_us INTEGER NOT NULL, metric TEXT NOT NULL, labels TEXT NOT NULL,"
	" shape INTEGER NOT NULL, kind INTEGER NOT NULL, value_e INTEGER NOT NULL, day INTEGER,"
	" nth INTEGER, reason TEXT) STRICT;"
	"CREATE INDEX undated_by_boot ON undated (boot);"
	"CREATE INDEX undated_traces ON undated (metric, labels, day, nth) WHERE day IS NOT NULL;",
	/* Day by day, in the order of the rows: sorting all of them would take memory. */
	"CREATE TABLE stretch (series INTEGER NOT NULL, day INTEGER NOT NULL,"
	" part INTEGER NOT NULL, unsealed INTEGER NOT NULL, newest INTEGER NOT NULL,"
	" points BLOB NOT NULL,"
	" PRIMARY KEY (series, day, part)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX stretch_unsealed ON stretch (day, series, part, unsealed) WHERE unsealed > 0;"
	"WITH RECURSIVE parts (part) AS (VALUES (0) UNION ALL SELECT part + 1 FROM parts"
	" WHERE part < 11)"
	" INSERT INTO stretch SELECT o.series, o.day, p.part,"
	" (SELECT sum(seq = 0)" OF_PART ", (SELECT max(seq)" OF_PART ","
	" (SELECT stretch_pack(nth, value_e, withdrawn, seq)" OF_PART
	" FROM (SELECT DISTINCT series, day FROM current) o CROSS JOIN parts p"
	" WHERE EXISTS (SELECT 1" OF_PART ";"
	"DROP TABLE current;",
	/* What is written at the same time lies together. */
	"DROP INDEX stretch_unsealed;"
	"ALTER TABLE stretch RENAME TO by_series;"
	"CREATE TABLE stretch (series INTEGER NOT NULL, day INTEGER NOT NULL,"
	" part INTEGER NOT NULL, unsealed INTEGER NOT NULL, newest INTEGER NOT NULL,"
	" points BLOB NOT NULL,"
	" PRIMARY KEY (day, part, series)) STRICT, WITHOUT ROWID;"
	"INSERT INTO stretch SELECT series, day, part, unsealed, newest, points FROM by_series;"
	"DROP TABLE by_series;"
	"CREATE INDEX stretch_by_series ON stretch (series, day, part);"
	"CREATE INDEX stretch_unsealed ON stretch (day, series, part, unsealed) WHERE unsealed > "
	"0;",
	/* A spool may outlive its id; what the province refused stays with its series then. */
	"ALTER TABLE meta ADD COLUMN begin_seq INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE meta ADD COLUMN before_id INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE meta ADD COLUMN before_begin_seq INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE meta ADD COLUMN end_seq INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE refusal RENAME TO by_number;"
	"CREATE TABLE refusal (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, series INTEGER NOT "
	"NULL,"
	" observations INTEGER NOT NULL, reason TEXT NOT NULL, UNIQUE (seq, series, reason)) "
	"STRICT;"
	"INSERT INTO refusal SELECT r.id, r.seq, coalesce(s.id, -1 - r.series), r.observations,"
	" r.reason FROM by_number r LEFT JOIN series s ON s.number = r.series;"
	"DROP TABLE by_number;",
	/* In the order in which they were told, which no clock decides. */
	("CREATE TABLE head (id INTEGER PRIMARY KEY, day INTEGER NOT NULL UNIQUE,"
	 " position INTEGER NOT NULL, chain BLOB NOT NULL) STRICT;"),
	/* A day may have more than one: where the province was set back, both sides stay. */
	"ALTER TABLE head RENAME TO one_a_day;"
	"CREATE TABLE head (id INTEGER PRIMARY KEY, day INTEGER NOT NULL, epoch INTEGER NOT NULL,"
	" position INTEGER NOT NULL, chain BLOB NOT NULL) STRICT;"
	"INSERT INTO head SELECT id, day, 0, position, chain FROM one_a_day;"
	"DROP TABLE one_a_day;"
	"CREATE INDEX head_by_day ON head (day);",
	/* Who typed, what people say of values, and of which periods they say that all is there. */
	"CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
	"CREATE TABLE note (series INTEGER NOT NULL, day INTEGER NOT NULL, nth INTEGER NOT NULL,"
	" text TEXT NOT NULL, PRIMARY KEY (series, day, nth)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE finished (day INTEGER NOT NULL, shape INTEGER NOT NULL,"
	" author INTEGER NOT NULL, at_us INTEGER NOT NULL, undone INTEGER NOT NULL,"
	" seq INTEGER NOT NULL, PRIMARY KEY (day, shape)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX finished_unsealed ON finished (day) WHERE seq = 0;"
	"ALTER TABLE undated ADD COLUMN author TEXT;"
	"ALTER TABLE undated ADD COLUMN note TEXT;",
};

/* The newest of day ?1, if the head (epoch ?2, position ?3, chain ?4) goes on from it:
 * spool_head_follows(). */
#define HEAD_BEFORE                                                                                \
	"FROM head WHERE id = (SELECT max(id) FROM head WHERE day = ?1) AND epoch IN (0, ?2)"      \
	" AND (position < ?3 OR (position = ?3 AND chain = ?4))"

const struct db_schema spool_schema = {
	.application_id = APPLICATION_ID,
	.n = (int)(sizeof(steps) / sizeof(steps[0])),
	.steps = steps,
	.keep_writer = "INSERT OR REPLACE INTO fact VALUES ('written_by', CAST(?1 AS BLOB))",
	.writer = "SELECT CAST(data AS TEXT) FROM fact WHERE name = 'written_by'",
};

static const char *const sql_text[SQL_COUNT] = {
	[SQL_META] = "SELECT id, last_seq, acked_seq, last_ack_us, quarantined, begin_seq,"
		     " before_id, before_begin_seq, end_seq FROM meta",
	[SQL_META_ID] = "INSERT INTO meta (one, id) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET"
			" id = ?1, last_seq = 0, acked_seq = 0, begin_seq = 0, before_id = 0,"
			" before_begin_seq = 0, end_seq = 0",
	[SQL_META_LIFE] = "UPDATE meta SET id = ?1, begin_seq = ?2, before_id = ?3,"
			  " before_begin_seq = ?4, end_seq = 0",
	[SQL_META_END] = "UPDATE meta SET end_seq = ?1",
	[SQL_META_ACKED] = "UPDATE meta SET acked_seq = ?1, last_ack_us = ?2",
	[SQL_META_TURN] = "SELECT turn FROM meta",
	[SQL_META_TURN_NEXT] = "UPDATE meta SET turn = turn + 1",
	[SQL_META_LAST] = "UPDATE meta SET last_seq = ?1",
	[SQL_SERIES_FIND] = "SELECT id, shape FROM series WHERE metric = ?1 AND labels = ?2",
	[SQL_SERIES_ADD] = "INSERT INTO series (metric, labels, shape) VALUES (?1, ?2, ?3)",
	/* Counted where the highest id, which is cheap, does not tell that there are fewer. */
	[SQL_SERIES_COUNT] = "SELECT CASE WHEN highest < ?1 THEN highest"
			     " ELSE (SELECT count(*) FROM series) END"
			     " FROM (SELECT coalesce(max(id), 0) AS highest FROM series)",
	[SQL_SERIES_NUMBER] = "UPDATE series SET number = ?1, declared_in = ?2 WHERE id = ?3",
	[SQL_SERIES_NEXT] = "SELECT coalesce(max(number) + 1, 0) FROM series",
	[SQL_SERIES_BY_NUMBER] = "SELECT id, shape, metric, labels FROM series WHERE number = ?1",
	[SQL_SERIES_ALL] = "SELECT id, shape FROM series",
	[SQL_SERIES_OF] = "SELECT id, labels, shape FROM series WHERE metric = ?1"
			  " ORDER BY labels, shape",
	[SQL_SERIES_FORGET] = "UPDATE series SET number = NULL, declared_in = NULL",
	[SQL_SERIES_DROP_IDLE] = "DELETE FROM series WHERE id IN (SELECT id FROM series s"
				 " WHERE number IS NULL AND NOT EXISTS"
				 " (SELECT 1 FROM stretch t WHERE t.series = s.id)"
				 " AND id NOT IN (SELECT series FROM refusal) LIMIT ?1)",
	[SQL_CHUNK_GET] = "SELECT points FROM stretch WHERE series = ?1 AND day = ?2"
			  " AND part = ?3",
	[SQL_CHUNK_ADD] = "INSERT INTO stretch (series, day, part, unsealed, newest, points)"
			  " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_CHUNK_PUT] = "UPDATE stretch SET unsealed = ?4, newest = ?5, points = ?6"
			  " WHERE series = ?1 AND day = ?2 AND part = ?3",
	[SQL_CHUNK_DROP] = "DELETE FROM stretch WHERE series = ?1 AND day = ?2 AND part = ?3",
	[SQL_CHUNK_NEXT] = "SELECT series, day, part, unsealed, newest FROM stretch"
			   " WHERE (day, part, series) > (?2, ?3, ?1)"
			   " ORDER BY day, part, series LIMIT 1",
	[SQL_CHUNK_NUMBERED] = "SELECT t.series, t.day, t.part FROM series s"
			       " CROSS JOIN stretch t ON t.series = s.id"
			       " WHERE s.number IS NOT NULL LIMIT 1",
	[SQL_CHUNK_OLDEST] = "SELECT day FROM stretch WHERE series = ?1 AND day < ?3"
			     " AND unsealed = 0 AND newest BETWEEN 1 AND ?2 ORDER BY day LIMIT 1",
	[SQL_CHUNK_TRIM] = "DELETE FROM stretch WHERE series = ?1 AND day < ?3"
			   " AND unsealed = 0 AND newest BETWEEN 1 AND ?2",
	[SQL_CHUNK_WALK] = "SELECT s.metric, s.labels, s.shape, c.day, c.part, c.points"
			   " FROM series s CROSS JOIN stretch c ON c.series = s.id"
			   " ORDER BY s.metric, s.labels, s.shape, c.day, c.part",
	[SQL_CHUNK_NEWEST] = "SELECT day, part, points FROM stretch"
			     " WHERE series = ?1 AND day <= ?2"
			     " ORDER BY day DESC, part DESC LIMIT ?3",
	[SQL_WHOLE] = "SELECT s.labels, s.shape, t.points FROM series s CROSS JOIN stretch t"
		      " ON t.series = s.id WHERE s.metric = ?3 AND s.labels = ''"
		      " AND t.day = ?1 AND t.part = ?2",
	[SQL_PARTS] = "SELECT s.labels, s.shape, t.points FROM series s CROSS JOIN stretch t"
		      " ON t.series = s.id WHERE s.metric = ?3 AND s.labels > ''"
		      " AND t.day = ?1 AND t.part = ?2",
	[SQL_EACH_PART] = "SELECT s.labels, s.shape, t.points FROM series s CROSS JOIN stretch t"
			  " ON t.series = s.id WHERE s.metric = ?3 AND t.day = ?1 AND t.part = ?2",
	[SQL_UNSEALED_COUNT] = "SELECT coalesce(sum(unsealed), 0) FROM stretch WHERE unsealed > 0",
	[SQL_UNSEALED_DAY] = "SELECT min(day) FROM stretch WHERE unsealed > 0",
	/* Few values come along; more are read one chunk at a time, or sorting would take room.
	 */
	[SQL_UNSEALED] = "SELECT c.series, s.number, s.metric, s.labels, s.shape, c.part,"
			 " CASE WHEN length(c.points) < 32 THEN c.points END"
			 " FROM stretch c INDEXED BY stretch_unsealed"
			 " CROSS JOIN series s ON s.id = c.series"
			 " WHERE c.unsealed > 0 AND c.day = ?1"
			 " ORDER BY s.number IS NULL, s.number, c.series, c.part LIMIT ?2",
	[SQL_BATCH_ADD] = "INSERT INTO batch (seq, day, observations, sealed_us, payload)"
			  " VALUES (?1, ?2, ?3, ?4, ?5)",
	[SQL_BATCH_GET] = "SELECT payload FROM batch WHERE seq = ?1",
	[SQL_BATCH_OLDEST] = "SELECT seq FROM batch ORDER BY seq LIMIT 1",
	[SQL_BATCH_DROP] = "DELETE FROM batch WHERE seq = ?1",
	[SQL_BATCH_DROP_ALL] = "DELETE FROM batch",
	[SQL_BATCH_WAITING] = "SELECT count(*), coalesce(sum(observations), 0),"
			      " coalesce(min(sealed_us), 0) FROM batch WHERE seq > ?1",
	[SQL_BATCH_WALK] = "SELECT seq, day, observations, length(payload), sealed_us FROM batch"
			   " ORDER BY seq",
	[SQL_BATCH_PAYLOADS] = "SELECT seq, day, observations, payload FROM batch ORDER BY seq",
	[SQL_REFUSAL_ADD] =
		"INSERT INTO refusal (seq, series, observations, reason)"
		" VALUES (?1, coalesce((SELECT id FROM series WHERE number = ?2), -1 - ?2),"
		" ?3, ?4) ON CONFLICT DO NOTHING",
	[SQL_REFUSAL_TRIM] = "DELETE FROM refusal WHERE id <= (SELECT max(id) FROM refusal) - 1000",
	[SQL_REFUSAL_COUNT] = "UPDATE meta SET quarantined = quarantined + ?1",
	[SQL_REFUSAL_WALK] = "SELECT r.seq, coalesce(s.metric, ''), coalesce(s.labels, ''),"
			     " r.reason, r.observations FROM refusal r"
			     " LEFT JOIN series s ON s.id = r.series ORDER BY r.id DESC LIMIT ?1",
	[SQL_REFUSAL_ROWS] = "SELECT r.id, r.seq, s.number, r.reason, r.observations FROM refusal r"
			     " LEFT JOIN series s ON s.id = r.series ORDER BY r.id",
	[SQL_REFUSAL_DROP] = "DELETE FROM refusal WHERE id = ?1",
	[SQL_REFUSAL_PUT] = "UPDATE refusal SET observations = ?2 WHERE id = ?1",
	[SQL_REFUSAL_DROP_ALL] = "DELETE FROM refusal",
	[SQL_REFUSAL_LISTED] = "SELECT coalesce(sum(observations), 0) FROM refusal",
	[SQL_REFUSAL_SUM] = "SELECT coalesce(sum(observations), 0), coalesce(sum(observations)"
			    " FILTER (WHERE reason = ?1), 0) FROM refusal",
	[SQL_ACK_DAY] = "INSERT INTO ack_day (day, upto) VALUES (?1, ?2)"
			" ON CONFLICT DO UPDATE SET upto = ?2",
	[SQL_ACK_DAY_BACK] = "UPDATE ack_day SET upto = ?1 WHERE upto > ?1",
	[SQL_ACK_DAY_DROP_ALL] = "DELETE FROM ack_day",
	[SQL_ACK_DAY_BEFORE] = "SELECT max(upto) FROM ack_day WHERE day < ?1",
	[SQL_ACK_DAY_FORGET] = "DELETE FROM ack_day WHERE day < ?1 AND day <>"
			       " (SELECT max(day) FROM ack_day WHERE day < ?1)",
	[SQL_UNDATED_ADD] = "INSERT INTO undated (boot_us, shape, kind, value_e, day, nth, boot,"
			    " metric, labels, author, note)"
			    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[SQL_UNDATED_HERE] = "SELECT count(*) FROM undated WHERE boot = ?1 AND reason IS NULL",
	[SQL_UNDATED_OF_SERIES] = "SELECT 1 FROM undated WHERE boot = ?1 AND metric = ?2"
				  " AND labels = ?3 AND day IS NULL AND reason IS NULL LIMIT 1",
	[SQL_UNDATED_NEXT] =
		"SELECT id, boot_us, shape, kind, value_e, metric, labels, day, nth,"
		" author, note FROM undated WHERE boot = ?1 AND id > ?2 AND reason IS NULL"
		" ORDER BY id LIMIT 1",
	[SQL_UNDATED_LATER] = "SELECT kind, value_e, shape FROM undated WHERE id > ?1 AND day = ?2"
			      " AND nth = ?3 AND " THE_SHAPE " = ?4 AND boot = ?5 AND metric = ?6"
			      " AND labels = ?7",
	[SQL_UNDATED_LEAVE] = "UPDATE undated SET reason = ?2 WHERE id = ?1",
	[SQL_UNDATED_RETRY] =
		"UPDATE undated SET reason = NULL WHERE boot = ?1 AND reason IS NOT NULL",
	[SQL_UNDATED_DROP] = "DELETE FROM undated WHERE id = ?1",
	[SQL_UNDATED_DROP_START] = "DELETE FROM undated WHERE boot = ?1",
	[SQL_UNDATED_BOOT] =
		"SELECT boot, sum(day IS NULL), max(boot_us) FROM undated GROUP BY boot"
		" HAVING min(id) = ?1",
	[SQL_UNDATED_STARTS] = "SELECT boot, min(id), sum(day IS NULL),"
			       " min(boot_us) FILTER (WHERE day IS NULL), max(boot_us),"
			       " group_concat(DISTINCT metric), max(reason) FROM undated"
			       " GROUP BY boot HAVING sum(day IS NULL) > 0 ORDER BY min(id)",
	[SQL_UNDATED_COUNT] = "SELECT coalesce(sum(boot = ?1 AND reason IS NULL), 0), count(*)"
			      " FROM undated WHERE day IS NULL",
	[SQL_SERIES_ENTER] = "INSERT INTO series (metric, labels, shape) VALUES (?1, ?2, ?3)"
			     " ON CONFLICT DO NOTHING",
	[SQL_SERIES_EXACT] =
		"SELECT id FROM series WHERE metric = ?1 AND labels = ?2 AND shape = ?3",
	[SQL_SERIES_SIBLINGS] = "SELECT s.id FROM series own JOIN series s"
				" ON s.metric = own.metric AND s.labels = own.labels"
				" AND " SAME_SHAPE " AND s.id > ?2"
				" WHERE own.id = ?1 AND s.id <> ?1 ORDER BY s.id LIMIT 1",
	[SQL_HEAD_DROP] = "DELETE " HEAD_BEFORE,
	[SQL_HEAD_ADD] = "INSERT INTO head (id, day, epoch, position, chain) VALUES"
			 " ((SELECT coalesce(max(id), 0) + 1 FROM head), ?1, ?2, ?3, ?4)",
	[SQL_HEAD_TRIM] = "DELETE FROM head WHERE id <="
			  " (SELECT id FROM head ORDER BY id DESC LIMIT 1 OFFSET ?1)",
	[SQL_HEAD_BEFORE] = "SELECT id " HEAD_BEFORE,
	[SQL_HEAD_WALK] = "SELECT day, position, chain, epoch,"
			  " id = (SELECT max(id) FROM head d WHERE d.day = h.day)"
			  " FROM (SELECT * FROM head ORDER BY id DESC LIMIT ?1) h ORDER BY id",
	[SQL_HEAD_DAYS] = "SELECT count(DISTINCT day) FROM head",
	[SQL_FACT_SET] = "INSERT INTO fact (name, data) VALUES (?1, ?2)"
			 " ON CONFLICT DO UPDATE SET data = ?2 WHERE data <> ?2",
	[SQL_FACT_GET] = "SELECT data FROM fact WHERE name = ?1",
	[SQL_AUTHOR_ADD] = "INSERT INTO author (name) SELECT ?1"
			   " WHERE (SELECT coalesce(max(id), 0) FROM author) < ?2",
	[SQL_AUTHOR_FIND] = "SELECT id FROM author WHERE name = ?1",
	[SQL_AUTHOR_NAME] = "SELECT name FROM author WHERE id = ?1",
	[SQL_NOTE_GET] = "SELECT text FROM note WHERE series = ?1 AND day = ?2 AND nth = ?3",
	[SQL_NOTE_PUT] = "INSERT OR REPLACE INTO note (series, day, nth, text)"
			 " VALUES (?1, ?2, ?3, ?4)",
	[SQL_NOTE_DROP] = "DELETE FROM note WHERE series = ?1 AND day = ?2 AND nth = ?3",
	[SQL_NOTE_TRIM] = "DELETE FROM note WHERE series = ?1 AND day < ?2 AND NOT EXISTS"
			  " (SELECT 1 FROM stretch t WHERE t.series = ?1 AND t.day = note.day"
			  " AND t.part = note.nth / 120)",
	[SQL_NOTE_COUNT] = "SELECT count(*) FROM note",
	[SQL_FINISHED_PUT] = "INSERT OR REPLACE INTO finished"
			     " (day, shape, author, at_us, undone, seq)"
			     " VALUES (?1, ?2, ?3, ?4, ?5, 0)",
	[SQL_FINISHED_GET] = "SELECT f.undone, f.at_us, f.seq, coalesce(a.name, '') FROM finished f"
			     " LEFT JOIN author a ON a.id = f.author WHERE day = ?1 AND shape = ?2",
	[SQL_FINISHED_WALK] = "SELECT day, shape, author, at_us, undone FROM finished"
			      " WHERE day = ?1 AND seq = 0 ORDER BY shape",
	[SQL_FINISHED_ALL] = "SELECT f.undone, f.at_us, f.seq, coalesce(a.name, ''), f.day, f.shape"
			     " FROM finished f LEFT JOIN author a ON a.id = f.author"
			     " WHERE day >= ?1 ORDER BY day, shape",
	[SQL_FINISHED_DAY] = "SELECT min(day) FROM finished WHERE seq = 0",
	[SQL_FINISHED_SEALED] = "UPDATE finished SET seq = ?3 WHERE day = ?1 AND shape = ?2",
	[SQL_FINISHED_GIVE_UP] = "UPDATE finished SET seq = -1 WHERE day = ?1 AND seq = 0",
	[SQL_FINISHED_AGAIN] = "UPDATE finished SET seq = 0",
	[SQL_FINISHED_TRIM] = "DELETE FROM finished WHERE day < ?1 AND seq <> 0 AND seq <= ?2",
	[SQL_FINISHED_OF] =
		"SELECT 1 FROM stretch t CROSS JOIN series s ON s.id = t.series"
		" WHERE t.day = ?1 AND " SQL_OF(SHAPE_WITHOUT_DECIMALS(s.shape)) " = ?2"
										 " LIMIT 1",
	[SQL_CHUNK_OF_DAY] = "SELECT t.series, t.day, t.part FROM stretch t"
			     " CROSS JOIN series s ON s.id = t.series WHERE t.day = ?1"
			     " ORDER BY s.number IS NULL LIMIT 1",
	[SQL_PAGES] = "SELECT (p.page_count - f.freelist_count) * s.page_size"
		      " FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s",
};

sqlite3_stmt *spool_statement(struct spool *spool, enum spool_statement sql, struct err *err)
{
	sqlite3_stmt **statement = &spool->statements[sql];
	if (!*statement && db_prepare(spool->db, sql_text[sql], statement, err) < 0)
		return NULL;
	return *statement;
}

int spool_bind(sqlite3_stmt *statement, size_t n, const int64_t values[])
{
	int code = SQLITE_OK;
	for (size_t i = 0; i < n && code == SQLITE_OK; i++)
		code = sqlite3_bind_int64(statement, (int)i + 1, values[i]);
	return code;
}

int spool_run(struct spool *spool, enum spool_statement sql, size_t n, const int64_t values[],
	      struct err *err)
{
	sqlite3_stmt *statement = spool_statement(spool, sql, err);
	if (!statement)
		return err->code;
	if (spool_bind(statement, n, values) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	return db_run(statement, err);
}

int spool_number(struct spool *spool, enum spool_statement sql, size_t n, const int64_t values[],
		 int64_t *ret_value, struct err *err)
{
	sqlite3_stmt *statement = spool_statement(spool, sql, err);
	if (!statement)
		return err->code;
	if (spool_bind(statement, n, values) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_step(statement, err);
	if (rc == 1 && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		*ret_value = sqlite3_column_int64(statement, 0);
	else if (rc >= 0)
		rc = -ENODATA;
	(void)sqlite3_reset(statement); /* repeats the step's error, already told */
	return rc < 0 ? rc : 0;
}
