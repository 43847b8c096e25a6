/* 1. Open: connect; what of the schema is missing is made in a transaction of its own.
 * 2. Take: BEGIN and the mark for update are one exchange. If the mark is the one the page was
 *    asked for behind, all steps, the new mark and COMMIT follow in one pipeline.
 * Many figures go by COPY, for which the pipeline is left. An error within aborts the transaction.
 * A connection that breaks leaves open whether COMMIT was done: -ENOTCONN, and the caller reads the
 * mark on a new one. Nothing is remembered here. */
#include "mirror/postgres.h"

#include "common/base/i18n.h"
#include "common/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLES_VERSION 1
#define CELLS_MAX      16u
/* Answers are read before the next ones are asked for: neither side's buffers fill up. */
#define STEPS_AT_ONCE 128u
#define COPY_AT_ONCE  (1u << 20)
#define VIEWS_LINE    "\n-- views\n"

__asm__(".section .rodata\nmirror_sql: .incbin \"" MIRROR_SQL "\"\n.byte 0\n.previous\n");
extern const char mirror_sql[];

const char postgres_citus[] = "-- Once, in the database, after lantoa-mirror has made its tables "
			      "and before it fills them.\n"
			      "SELECT create_distributed_table('lantoa.figure', 'office');\n"
			      "SELECT create_distributed_table('lantoa.entry', 'office', "
			      "colocate_with => 'lantoa.figure');\n"
			      "SELECT create_reference_table('lantoa.unit');\n"
			      "SELECT create_reference_table('lantoa.successor');\n"
			      "SELECT create_reference_table('lantoa.office');\n"
			      "SELECT create_reference_table('lantoa.assignment');\n"
			      "SELECT create_reference_table('lantoa.closing');\n"
			      "SELECT create_reference_table('lantoa.excuse');\n"
			      "SELECT create_reference_table('lantoa.quarantine');\n"
			      "SELECT create_reference_table('lantoa.line');\n";

struct postgres {
	PGconn *connection;
	PGresult *result; /* owned: of the last exchange */
};

/* --- what PostgreSQL says --- */

/* Its first line, as it came. */
static const char *first_line(const char *text, char out[512])
{
	size_t len = strcspn(text, "\n");
	(void)snprintf(out, 512, "%.*s", (int)(len < 511 ? len : 511), text);
	return out;
}

static bool state_is(const char *state, const char *class)
{
	return state && strncmp(state, class, strlen(class)) == 0;
}

/* Before a session stands there is no code but in the server's words, which are English unless
 * somebody set lc_messages: what is not known of them is told as it is. */
static int refused(const char *said, struct err *err)
{
	char line[512];
	first_line(said, line);
	if (strstr(said, "does not exist") && strstr(said, "database \""))
		return err_set(err, -ENOENT,
			       "PostgreSQL has no such database; make it: createdb lantoa (%s)",
			       line);
	if (strstr(said, "password") || strstr(said, "authentication failed"))
		return err_set(err, -EACCES,
			       "PostgreSQL does not let the mirror in; see user, passfile and "
			       "pg_hba.conf (%s)",
			       line);
	if (strstr(said, "does not exist") || strstr(said, "pg_hba.conf") ||
	    strstr(said, "permission denied"))
		return err_set(err, -EACCES,
			       "PostgreSQL does not let the mirror in; make its role: createuser "
			       "lantoa-mirror (%s)",
			       line);
	return err_set(err, -ENOTCONN, "PostgreSQL does not answer; is it running? (%s)", line);
}

static int failure(struct postgres *pg, const PGresult *result, struct err *err)
{
	char line[512];
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *said = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	first_line(said ? said : PQerrorMessage(pg->connection), line);
	if (PQstatus(pg->connection) != CONNECTION_OK || state_is(state, "57P") ||
	    state_is(state, "08") || !state)
		return err_set(err, -ENOTCONN, "the connection to PostgreSQL broke (%s)", line);
	if (state_is(state, "40")) /* serialisation, deadlock */
		return err_set(err, -EAGAIN,
			       "PostgreSQL undid a transaction for another's sake (%s)", line);
	if (state_is(state, "53100") || state_is(state, "53200"))
		return err_set(err, -ENOSPC,
			       "PostgreSQL's disk or memory is full; make room there (%s)", line);
	if (state_is(state, "42501"))
		return err_set(err, -EACCES,
			       "PostgreSQL does not allow the mirror what it needs; make it the "
			       "owner of the database (%s)",
			       line);
	if (state_is(state, "25006"))
		return err_set(err, -EACCES,
			       "that PostgreSQL is a copy that takes no changes; name the one that "
			       "does (%s)",
			       line);
	if (state_is(state, "23"))
		return err_set(err, -EUCLEAN,
			       "PostgreSQL holds what it cannot hold; was a table changed by hand? "
			       "lantoa-mirror verify tells (%s)",
			       line);
	return err_set(err, -EIO, "PostgreSQL: %s: %s", state, line);
}

/* --- single exchanges --- */

static bool is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static int run(struct postgres *pg, const char *sql, const char *const params[], size_t n,
	       struct err *err)
{
	PQclear(pg->result);
	/* Several statements at once go without parameters only. */
	pg->result = n > 0 ? PQexecParams(pg->connection, sql, (int)n, NULL, params, NULL, NULL, 0)
			   : PQexec(pg->connection, sql);
	return is_good(pg->result) ? 0 : failure(pg, pg->result, err);
}

static void roll_back(struct postgres *pg)
{
	struct err ignored; /* whoever asks has an error already */
	if (PQstatus(pg->connection) == CONNECTION_OK)
		(void)run(pg, "ROLLBACK", NULL, 0, &ignored);
}

static const char *cell(const struct postgres *pg, int column)
{
	return PQntuples(pg->result) < 1 || PQgetisnull(pg->result, 0, column)
		       ? NULL
		       : PQgetvalue(pg->result, 0, column);
}

static int64_t cell_number(const struct postgres *pg, int column)
{
	const char *text = cell(pg, column);
	return text ? strtoll(text, NULL, 10) : 0;
}

static void no_notice(void *context, const char *text)
{
	(void)context;
	log_debug("mirror: postgresql says \"%s\"", text);
}

int postgres_open(const char *database, struct postgres **ret_postgres, struct err *err)
{
	static const char *const names[] = { "fallback_application_name",
					     "connect_timeout",
					     "keepalives_idle",
					     "tcp_user_timeout",
					     "client_encoding",
					     "dbname",
					     NULL };
	const char *const values[] = {
		"lantoa-mirror", "10", "30", "60000", "UTF8", database, NULL
	};
	struct postgres *pg = calloc(1, sizeof(*pg));
	if (!pg)
		return err_memory(err);
	/* What the text in dbname says has the last word, since it is the last. */
	pg->connection = PQconnectdbParams(names, values, 1);
	int rc = pg->connection ? 0 : err_memory(err);
	if (rc == 0 && PQstatus(pg->connection) != CONNECTION_OK)
		rc = refused(PQerrorMessage(pg->connection), err);
	if (rc == 0) {
		(void)PQsetNoticeProcessor(pg->connection, no_notice, NULL);
		/* A commit that was told stays, whatever the database's settings say. */
		rc = run(pg,
			 "SET synchronous_commit = on; SET search_path = pg_catalog;"
			 " SET DateStyle = ISO; SET IntervalStyle = postgres; SET TimeZone = 'UTC'",
			 NULL, 0, err);
	}
	if (rc < 0) {
		postgres_close(pg);
		return rc;
	}
	*ret_postgres = pg;
	return 0;
}

void postgres_close(struct postgres *pg)
{
	if (!pg)
		return;
	PQclear(pg->result);
	PQfinish(pg->connection);
	free(pg);
}

/* --- the schema --- */

#define STAMP_LEN 16u

/* Which views these are: they are made anew when others are there. */
static const char *views_stamp(char out[2 * STAMP_LEN + 1])
{
	unsigned char hash[STAMP_LEN];
	const char *views = strstr(mirror_sql, VIEWS_LINE);
	(void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)views, strlen(views),
				 NULL, 0); /* cannot fail with these lengths */
	return sodium_bin2hex(out, 2 * STAMP_LEN + 1, hash, sizeof(hash));
}

/* 0: there is none. */
static int version_read(struct postgres *pg, int64_t *ret_version, bool *ret_same_views,
			struct err *err)
{
	char stamp[2 * STAMP_LEN + 1];
	int rc = run(pg, "SELECT to_regclass('lantoa.version') IS NOT NULL", NULL, 0, err);
	*ret_version = 0;
	*ret_same_views = false;
	if (rc < 0 || strcmp(cell(pg, 0), "t") != 0)
		return rc;
	rc = run(pg, "SELECT tables, views FROM lantoa.version", NULL, 0, err);
	if (rc < 0)
		return rc;
	*ret_version = cell_number(pg, 0);
	*ret_same_views = cell(pg, 1) && strcmp(cell(pg, 1), views_stamp(stamp)) == 0;
	if (*ret_version > TABLES_VERSION)
		return err_set(
			err, -EPROTO,
			"PostgreSQL has tables of a newer lantoa-mirror (%lld, this one knows "
			"%d); install that one",
			(long long)*ret_version, TABLES_VERSION);
	return 0;
}

/* People read, and change nothing. Who may not make roles finds the one that is there, or none. */
static const char reader[] =
	"DO $do$ BEGIN"
	" IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lantoa_reader') THEN"
	"  BEGIN CREATE ROLE lantoa_reader NOLOGIN;"
	"  EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN"
	"   RAISE NOTICE 'there is no role lantoa_reader'; END;"
	" END IF;"
	" IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'lantoa_reader') THEN"
	"  GRANT USAGE ON SCHEMA lantoa TO lantoa_reader;"
	"  GRANT SELECT ON ALL TABLES IN SCHEMA lantoa TO lantoa_reader;"
	" END IF; END $do$";

static int schema_make(struct postgres *pg, struct err *err)
{
	const char *views = strstr(mirror_sql, VIEWS_LINE);
	char stamp[2 * STAMP_LEN + 1];
	const char *const params[] = { views_stamp(stamp) };
	int64_t version = 0;
	bool same = false;
	/* Two mirrors that begin at once: the second finds what the first made. */
	int rc = run(pg, "SELECT pg_advisory_xact_lock(5571)", NULL, 0, err);
	if (rc == 0)
		rc = version_read(pg, &version, &same, err);
	if (rc == 0 && version == 0) {
		char *tables = strndup(mirror_sql, (size_t)(views - mirror_sql));
		rc = tables ? run(pg, tables, NULL, 0, err) : err_memory(err);
		free(tables);
	}
	if (rc == 0 && !same)
		rc = run(pg, views, NULL, 0, err);
	if (rc == 0 && !same)
		rc = run(pg, reader, NULL, 0, err);
	if (rc == 0 && !same)
		rc = run(pg, "UPDATE lantoa.version SET views = $1", params, 1, err);
	return rc == 0 ? run(pg, "COMMIT", NULL, 0, err) : rc;
}

int postgres_prepare(struct postgres *pg, struct err *err)
{
	int64_t version;
	bool same;
	int rc = version_read(pg, &version, &same, err);
	if (rc < 0 || (version == TABLES_VERSION && same))
		return rc;
	rc = run(pg, "BEGIN", NULL, 0, err);
	if (rc == 0)
		rc = schema_make(pg, err);
	if (rc < 0)
		roll_back(pg);
	else
		log_info("mirror: tables=%d made views", TABLES_VERSION);
	return rc;
}

int postgres_look(struct postgres *pg, struct err *err)
{
	int64_t version;
	bool same;
	int rc = version_read(pg, &version, &same, err);
	if (rc == 0 && version == 0)
		rc = err_set(err, -ENOENT,
			     "the mirror's tables are not in that database yet; start "
			     "lantoa-mirror, which makes them");
	return rc;
}

/* --- the mark --- */

#define MARK "SELECT position, epoch, damaged, beginning FROM lantoa.watermark WHERE province = $1"

static void mark_read(const struct postgres *pg, struct mark *ret_mark)
{
	struct mark mark = { .there = PQntuples(pg->result) == 1,
			     .position = cell_number(pg, 0),
			     .epoch = cell_number(pg, 1),
			     .damaged = cell_number(pg, 2) };
	const char *beginning = cell(pg, 3);
	(void)snprintf(mark.beginning, sizeof(mark.beginning), "%s", beginning ? beginning : "");
	*ret_mark = mark;
}

int postgres_mark(struct postgres *pg, const char *province, struct mark *ret_mark, struct err *err)
{
	int rc = run(pg, MARK, &province, 1, err);
	if (rc == 0)
		mark_read(pg, ret_mark);
	return rc;
}

/* --- one transaction --- */

static int step_check(const struct row_step *step, const PGresult *result, struct err *err)
{
	const char *changed = PQcmdTuples((PGresult *)result);
	if (step->expect < 0 || strtoll(changed, NULL, 10) == step->expect)
		return 0;
	return err_set(
		err, -EUCLEAN,
		"the mirror's table '%s' lacks rows that the ledger changes (%lld of %s); was "
		"it changed by hand? begin anew: lantoa-mirror --begin-anew",
		step->table, (long long)step->expect, changed);
}

/* The answer to what was sent first. @step NULL: of none of the rows. */
static int answer_take(struct postgres *pg, const struct row_step *step, struct err *err)
{
	PGresult *result = PQgetResult(pg->connection), *end;
	if (!result)
		return failure(pg, NULL, err);
	int rc = is_good(result) ? 0 : failure(pg, result, err);
	if (rc == 0 && step)
		rc = step_check(step, result, err);
	PQclear(result);
	if (rc < 0)
		return rc;
	end = PQgetResult(pg->connection); /* NULL: that was all of it */
	PQclear(end);
	return 0;
}

static int sent(struct postgres *pg, int ok, struct err *err)
{
	return ok == 1 ? 0 : failure(pg, NULL, err);
}

static int text_send(struct postgres *pg, const char *sql, const char *const params[], size_t n,
		     struct err *err)
{
	return sent(pg, PQsendQueryParams(pg->connection, sql, (int)n, NULL, params, NULL, NULL, 0),
		    err);
}

static int mark_send(struct postgres *pg, const char *province, const struct mark *is,
		     struct err *err)
{
	char numbers[3][24];
	const char *const params[] = { province, numbers[0], numbers[1], is->beginning,
				       numbers[2] };
	(void)snprintf(numbers[0], sizeof(numbers[0]), "%" PRId64, is->position); /* these fit */
	(void)snprintf(numbers[1], sizeof(numbers[1]), "%" PRId64, is->epoch);
	(void)snprintf(numbers[2], sizeof(numbers[2]), "%" PRId64, is->damaged);
	return text_send(pg,
			 "UPDATE lantoa.watermark SET position = $2::bigint, epoch = $3::bigint,"
			 " beginning = $4, damaged = $5::bigint, moved = now() WHERE province = $1",
			 params, 5, err);
}

/* Answers to the steps from *@taken on, up to @end. */
static int answers_take(struct postgres *pg, const struct change_rows *rows, size_t *taken,
			size_t end, struct err *err)
{
	int rc = 0;
	if (*taken < end)
		rc = sent(pg, PQsendFlushRequest(pg->connection), err);
	for (; rc == 0 && *taken < end; ++*taken)
		rc = answer_take(pg, change_rows_step(rows, *taken), err);
	return rc;
}

/* Out of the pipeline, whatever it is in the midst of. */
static void pipeline_leave(struct postgres *pg, bool synced)
{
	if (PQpipelineStatus(pg->connection) == PQ_PIPELINE_OFF)
		return;
	if (!synced && PQpipelineSync(pg->connection) != 1)
		return; /* the connection is gone, and whoever goes on sees it */
	for (int idle = 0; PQstatus(pg->connection) == CONNECTION_OK && idle < 2;) {
		PGresult *result = PQgetResult(pg->connection);
		idle = result ? 0 : idle + 1;
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC)
			idle = 2;
		PQclear(result);
	}
	(void)PQexitPipelineMode(pg->connection); /* likewise */
}

static int pipeline_enter(struct postgres *pg, struct err *err)
{
	return PQenterPipelineMode(pg->connection) == 1 ? 0 : failure(pg, NULL, err);
}

/* COPY is not for pipelines: all answers before it were taken. */
static int copy_run(struct postgres *pg, const struct row_step *step, struct err *err)
{
	size_t at = 0;
	pipeline_leave(pg, false);
	PQclear(pg->result);
	pg->result = PQexec(pg->connection, step->sql);
	if (PQresultStatus(pg->result) != PGRES_COPY_IN)
		return failure(pg, pg->result, err);
	for (size_t len; at < step->copy_len; at += len) {
		len = step->copy_len - at < COPY_AT_ONCE ? step->copy_len - at : COPY_AT_ONCE;
		if (PQputCopyData(pg->connection, step->params[0] + at, (int)len) != 1)
			return failure(pg, NULL, err);
	}
	if (PQputCopyEnd(pg->connection, NULL) != 1)
		return failure(pg, NULL, err);
	PQclear(pg->result);
	pg->result = PQgetResult(pg->connection);
	int rc = is_good(pg->result) ? step_check(step, pg->result, err)
				     : failure(pg, pg->result, err);
	PGresult *end = PQgetResult(pg->connection); /* NULL: that was all of it */
	PQclear(end);
	return rc == 0 ? pipeline_enter(pg, err) : rc;
}

/* All steps, the mark and COMMIT, in one pipeline, or in some where COPY comes between. */
static int pipeline_run(struct postgres *pg, const char *province, const struct mark *is,
			const struct change_rows *rows, struct err *err)
{
	size_t n = change_rows_n(rows), taken = 0;
	int rc = pipeline_enter(pg, err);
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct row_step *step = change_rows_step(rows, i);
		if (step->is_copy) {
			rc = answers_take(pg, rows, &taken, i, err);
			taken = i + 1;
			if (rc == 0)
				rc = copy_run(pg, step, err);
			continue;
		}
		rc = text_send(pg, step->sql, step->params, step->n_params, err);
		if (rc == 0 && i + 1 - taken >= STEPS_AT_ONCE)
			rc = answers_take(pg, rows, &taken, i + 1, err);
	}
	if (rc == 0)
		rc = mark_send(pg, province, is, err);
	if (rc == 0)
		rc = answers_take(pg, rows, &taken, n, err);
	static const struct row_step one = { .expect = 1, .table = "watermark" };
	if (rc == 0)
		rc = sent(pg, PQsendFlushRequest(pg->connection), err);
	if (rc == 0)
		rc = answer_take(pg, &one, err);
	/* Only now that each answer is what it must be. */
	if (rc == 0)
		rc = text_send(pg, "COMMIT", NULL, 0, err);
	if (rc == 0)
		rc = sent(pg, PQpipelineSync(pg->connection), err);
	return rc == 0 ? answer_take(pg, NULL, err) : rc;
}

int postgres_take(struct postgres *pg, const char *province, const struct mark *was,
		  const struct mark *is, const struct change_rows *rows, struct err *err)
{
	struct mark found;
	int rc = run(pg, "BEGIN", NULL, 0, err);
	if (rc == 0 && !was->there)
		rc = run(pg,
			 "INSERT INTO lantoa.watermark VALUES ($1, 0, 0, '', 0, now())"
			 " ON CONFLICT DO NOTHING",
			 &province, 1, err);
	if (rc == 0)
		rc = run(pg, MARK " FOR UPDATE", &province, 1, err);
	if (rc == 0) {
		mark_read(pg, &found);
		if (found.position != was->position || found.epoch != was->epoch)
			rc = err_set(err, -EAGAIN,
				     "another mirror, or PostgreSQL going back, moved the mark");
	}
	if (rc == 0) {
		rc = pipeline_run(pg, province, is, rows, err);
		pipeline_leave(pg, rc == 0);
	}
	if (rc < 0)
		roll_back(pg);
	return rc;
}

int postgres_forget(struct postgres *pg, const char *province, struct err *err)
{
	static const char *const tables[] = {
		"watermark", "entry",  "event",      "figure",  "quarantine", "unit",
		"successor", "office", "assignment", "closing", "excuse",     "line",
	};
	char sql[96];
	int rc = run(pg, "BEGIN", NULL, 0, err);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && rc == 0; i++) {
		(void)snprintf(sql, sizeof(sql), "DELETE FROM lantoa.%s WHERE province = $1",
			       tables[i]); /* fits */
		rc = run(pg, sql, &province, 1, err);
	}
	if (rc == 0)
		rc = run(pg, "COMMIT", NULL, 0, err);
	if (rc < 0)
		roll_back(pg);
	return rc;
}

int postgres_ask(struct postgres *pg, const char *sql, const char *const params[], size_t n_params,
		 int (*on_row)(void *context, const char *const cells[], size_t n, struct err *err),
		 void *context, struct err *err)
{
	int rc = run(pg, sql, params, n_params, err);
	PGresult *result = pg->result;
	pg->result = NULL; /* the rows' reader may ask more */
	for (int row = 0; rc == 0 && row < PQntuples(result); row++) {
		const char *cells[CELLS_MAX];
		size_t n = (size_t)PQnfields(result);
		n = n < CELLS_MAX ? n : CELLS_MAX;
		for (size_t i = 0; i < n; i++)
			cells[i] = PQgetisnull(result, row, (int)i)
					   ? NULL
					   : PQgetvalue(result, row, (int)i);
		rc = on_row(context, cells, n, err);
	}
	PQclear(result);
	return rc;
}
