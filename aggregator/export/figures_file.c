#include "export/figures_file.h"

#include "common/base/blob.h"
#include "common/base/names.h"
#include "common/sys/db.h"
#include "common/sys/partial_file.h"
#include "common/sys/secret_file.h"
#include "common/text/csv_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NONE              SIZE_MAX
#define FORMAT            "1" /* of the file: a number more when a column means something else */
#define DECIMALS_MAX_TOLD 18u

/* --- the columns of figures --- */

enum source { GIVEN, TEXT, NUMBER, OWN };

/* Where each cell comes from: what the answer is about, a text or a whole number of its row (of the
 * column named), or reckoned from these. */
static const struct {
	const char *name, *type;
	enum source source;
	const char *column; /* of the answer */
} columns[] = {
	{ "row", "TEXT NOT NULL", OWN, NULL },
	{ "level", "TEXT NOT NULL", GIVEN, NULL },
	{ "unit_code", "TEXT", OWN, NULL },
	{ "unit_name", "TEXT", OWN, NULL },
	{ "valid_from", "TEXT", TEXT, "valid_from" },
	{ "office_code", "TEXT", OWN, NULL },
	{ "office_name", "TEXT", OWN, NULL },
	{ "metric", "TEXT NOT NULL", GIVEN, NULL },
	{ "measure", "TEXT", GIVEN, NULL },
	{ "grain", "TEXT NOT NULL", GIVEN, NULL },
	{ "calendar", "TEXT NOT NULL", GIVEN, NULL },
	{ "period", "TEXT NOT NULL", TEXT, "period" },
	{ "period_start", "TEXT NOT NULL", OWN, NULL },
	{ "period_end", "TEXT NOT NULL", OWN, NULL },
	{ "under_way_until", "TEXT", TEXT, "until" },
	{ "dimension", "TEXT", GIVEN, NULL },
	{ "label", "TEXT", TEXT, "label" },
	{ "label_name", "TEXT", TEXT, "label_name" },
	{ "value", "REAL", OWN, NULL },
	{ "value_exact", "TEXT", TEXT, "value" },
	{ "value_e", "INTEGER", OWN, NULL },
	{ "decimals", "INTEGER", OWN, NULL },
	{ "complete", "INTEGER NOT NULL", OWN, NULL },
	{ "due", "INTEGER", NUMBER, "due" },
	{ "reported", "INTEGER", NUMBER, "reported" },
	{ "on_time", "INTEGER", NUMBER, "on_time" },
	{ "carried", "INTEGER", NUMBER, "carried" },
	{ "missing", "INTEGER", NUMBER, "missing" },
	{ "excused", "INTEGER", NUMBER, "excused" },
	{ "waiting", "INTEGER", NUMBER, "waiting" },
	{ "extra", "INTEGER", NUMBER, "extra" },
	{ "offices_due", "INTEGER", NUMBER, "offices_due" },
	{ "offices_reported", "INTEGER", NUMBER, "offices_reported" },
	{ "observations", "INTEGER", NUMBER, "observations" },
	{ "revisions", "INTEGER", NUMBER, "revisions" },
	{ "reason", "TEXT", TEXT, "reason" },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* Of the answer's row, what several cells are made of. */
enum part {
	PART_AREA,
	PART_NAME,
	PART_PERIOD,
	PART_VALUE,
	PART_DUE,
	PART_REPORTED,
	PART_UNTIL,
	PART_OBSERVATIONS,
	PART_REVISIONS,
	PART_WAITING,
	PARTS
};
static const char *const part_names[PARTS] = { "area",      "name",     "period", "value",
					       "due",       "reported", "until",  "observations",
					       "revisions", "waiting" };

struct figures_file {
	char path[PATH_MAX], partial[PATH_MAX]; /* "": gone, or renamed */
	bool overwrite;
	int lock; /* owned: of the partial file, for as long as we write it; -1: none */
	sqlite3 *db;
	sqlite3_stmt *insert, *about, *other; /* owned; other: of the table at hand */
	struct csv_reader *reader;            /* owned: of what follows; NULL: nothing does */
	bool headed;                          /* its header was read */
	const char *name, *wanted;            /* of the table at hand; NULL: it is figures */
	size_t n_taken;
	size_t taken[CSV_COLUMNS_MAX]; /* [n_taken]: fields of the text that go into the table */
	const struct figures_of *of;
	size_t from[COLUMNS], parts[PARTS]; /* fields of the answer's row; NONE: it has none */
	uint64_t rows;
};

/* --- open and close --- */

static int path_set(struct figures_file *f, const char *path, struct err *err)
{
	if (snprintf(f->path, sizeof(f->path), "%s", path) >= PATH_MAX ||
	    snprintf(f->partial, sizeof(f->partial), "%s.partial", path) >= PATH_MAX) {
		*f->partial = '\0';
		return err_system(err, -ENAMETOOLONG, path);
	}
	return 0;
}

static int is_free(const struct figures_file *f, struct err *err)
{
	if (f->overwrite || (access(f->path, F_OK) < 0 && errno == ENOENT))
		return 0;
	if (access(f->path, F_OK) == 0)
		return err_set(err, -EEXIST,
			       "%s is there already; give another name, or --force to "
			       "overwrite it",
			       f->path);
	return err_system(err, -errno, f->path);
}

static int tables_make(struct figures_file *f, struct err *err)
{
	char create[4096] = "CREATE TABLE figures(", insert[1024] = "INSERT INTO figures VALUES(";
	size_t at = strlen(create), in = strlen(insert);
	for (size_t i = 0; i < COLUMNS; i++) {
		at += (size_t)snprintf(create + at, sizeof(create) - at, "%s%s %s", i ? ", " : "",
				       columns[i].name, columns[i].type);
		in += (size_t)snprintf(insert + in, sizeof(insert) - in, "%s?", i ? "," : "");
	}
	(void)snprintf(create + at, sizeof(create) - at, ")"); /* it fits: the names are ours */
	(void)snprintf(insert + in, sizeof(insert) - in, ")");
	int rc = db_exec(f->db, create, err);
	if (rc == 0)
		rc = db_exec(f->db, "CREATE TABLE about(key TEXT PRIMARY KEY, value TEXT)", err);
	if (rc == 0)
		rc = db_prepare(f->db, insert, &f->insert, err);
	if (rc == 0)
		rc = db_prepare(f->db, "INSERT INTO about VALUES(?, ?)", &f->about, err);
	return rc < 0 ? rc : figures_file_about(f, "format", FORMAT, err);
}

/* Nobody reads it before it has its name, and what breaks off is thrown away: no journal. */
static int database_open(struct figures_file *f, struct err *err)
{
	if (partial_file_open(f->partial, f->path, 0666, &f->lock, err) < 0) {
		*f->partial = '\0';
		return err->code;
	}
	if (sqlite3_open_v2(f->partial, &f->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return db_err(err, f->db, "open");
	int rc = db_exec(f->db,
			 "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
			 "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -8192; BEGIN",
			 err);
	return rc < 0 ? rc : tables_make(f, err);
}

int figures_file_open(const char *path, bool overwrite, struct figures_file **ret_file,
		      struct err *err)
{
	struct figures_file *f = calloc(1, sizeof(*f));
	if (!f)
		return err_memory(err);
	f->overwrite = overwrite;
	f->lock = -1;
	int rc = path_set(f, path, err);
	if (rc == 0)
		rc = is_free(f, err);
	if (rc < 0)
		*f->partial = '\0';
	if (rc == 0)
		rc = database_open(f, err);
	if (rc < 0) {
		figures_file_close(f);
		return rc;
	}
	*ret_file = f;
	return 0;
}

static void database_close(struct figures_file *f)
{
	sqlite3_finalize(f->insert);
	sqlite3_finalize(f->about);
	sqlite3_finalize(f->other);
	f->insert = f->about = f->other = NULL;
	(void)sqlite3_close(f->db); /* all is finalized */
	f->db = NULL;
}

void figures_file_close(struct figures_file *file)
{
	if (!file)
		return;
	csv_reader_close(file->reader);
	database_close(file);
	if (*file->partial)
		(void)unlink(file->partial); /* the next one of this name removes it */
	if (file->lock >= 0)
		(void)close(file->lock); /* it was only locked */
	free(file);
}

int figures_file_about(struct figures_file *file, const char *key, const char *value,
		       struct err *err)
{
	sqlite3_bind_text(file->about, 1, key, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(file->about, 2, value, -1, SQLITE_TRANSIENT);
	return db_run(file->about, err);
}

/* --- a table as it comes --- */

static int bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	return text && *text ? sqlite3_bind_text(stmt, at, text, -1, SQLITE_TRANSIENT)
			     : sqlite3_bind_null(stmt, at);
}

/* Names of columns come from a file that somebody imported: quoted, whatever they are. */
static int put_name(struct blob *sql, const char *name)
{
	int rc = blob_append(sql, "\"", 1);
	for (const char *at = name; *at && rc == 0; at++)
		rc = blob_append(sql, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1);
	return rc == 0 ? blob_append(sql, "\" TEXT", 6) : rc;
}

static int put_text(struct blob *sql, const char *text)
{
	return blob_append(sql, text, strlen(text));
}

static int table_create(struct figures_file *f, const struct csv_row *row, struct err *err)
{
	struct blob create = { 0 }, insert = { 0 };
	int rc = put_text(&create, "CREATE TABLE ") | put_text(&create, f->name) |
		 put_text(&create, "(") | put_text(&insert, "INSERT INTO ") |
		 put_text(&insert, f->name) | put_text(&insert, " VALUES(");
	for (size_t i = 0; i < row->n && rc == 0; i++) {
		const char *name = row->fields[i];
		if (f->wanted && names_find(f->wanted, name, strlen(name)) < 0)
			continue;
		if (f->n_taken > 0)
			rc = put_text(&create, ", ") | put_text(&insert, ",");
		f->taken[f->n_taken++] = i;
		rc = rc | put_name(&create, name) | put_text(&insert, "?");
	}
	if (rc == 0)
		rc = blob_append(&create, ")", 2) | blob_append(&insert, ")", 2);
	rc = rc ? err_memory(err) : db_exec(f->db, (const char *)create.data, err);
	if (rc == 0)
		rc = db_prepare(f->db, (const char *)insert.data, &f->other, err);
	blob_free(&create);
	blob_free(&insert);
	return rc;
}

static int table_row_add(struct figures_file *f, const struct csv_row *row, struct err *err)
{
	for (size_t i = 0; i < f->n_taken; i++)
		if (f->taken[i] < row->n &&
		    bind_text(f->other, (int)i + 1, row->fields[f->taken[i]]) != SQLITE_OK)
			return err_memory(err);
	return db_run(f->other, err);
}

/* --- an answer's rows --- */

static size_t field_named(const struct csv_row *header, const char *name)
{
	for (size_t i = 0; name && i < header->n; i++)
		if (strcmp(header->fields[i], name) == 0)
			return i;
	return NONE;
}

static int answer_header(struct figures_file *f, const struct csv_row *header, struct err *err)
{
	for (size_t i = 0; i < COLUMNS; i++)
		f->from[i] = field_named(header, columns[i].column);
	for (enum part part = 0; part < PARTS; part++)
		f->parts[part] = field_named(header, part_names[part]);
	for (enum part part = 0; part <= PART_REPORTED; part++)
		if (f->parts[part] == NONE)
			return err_set(err, -EBADMSG, "the answer has no column '%s'",
				       part_names[part]);
	return 0;
}

/* NULL: the row has none, or it is empty. */
static const char *field(const struct csv_row *row, size_t at)
{
	return at < row->n && *row->fields[at] ? row->fields[at] : NULL;
}

static const char *part(const struct figures_file *f, const struct csv_row *row, enum part part)
{
	return field(row, f->parts[part]);
}

/* "-12.50" is -1250 and 2; false: it is not of 64 bits. */
static bool mantissa_of(const char *value, int64_t *ret_value_e, unsigned *ret_decimals)
{
	char digits[32];
	size_t n = 0;
	const char *point = strchr(value, '.');
	for (const char *at = value; *at; at++) {
		if (at == point)
			continue;
		if (n + 1 == sizeof(digits))
			return false;
		digits[n++] = *at;
	}
	digits[n] = '\0';
	char *end = NULL;
	errno = 0;
	*ret_value_e = strtoll(digits, &end, 10);
	*ret_decimals = point ? (unsigned)strlen(point + 1) : 0;
	return n > 0 && !*end && errno == 0 && *ret_decimals <= DECIMALS_MAX_TOLD;
}

static int bind_given(const struct figures_file *f, sqlite3_stmt *stmt, int at, const char *name)
{
	const struct figures_of *of = f->of;
	const char *text = strcmp(name, "metric") == 0     ? of->metric
			   : strcmp(name, "measure") == 0  ? of->measure
			   : strcmp(name, "level") == 0    ? of->level
			   : strcmp(name, "grain") == 0    ? grain_name(of->grain)
			   : strcmp(name, "calendar") == 0 ? calendar_name(of->calendar)
							   : of->dimension;
	return bind_text(stmt, at, text);
}

static int bind_days(sqlite3_stmt *stmt, int at, struct period period, bool end)
{
	char day[DAY_TEXT_MAX], text[DAY_TEXT_MAX + 8];
	if (period.grain > GRAIN_HOUR)
		return bind_text(
			stmt, at,
			day_format(end ? period_end_day(period) - 1 : period_first_day(period),
				   day));
	(void)snprintf(text, sizeof(text), "%sT%02u:%s", day_format(period_first_day(period), day),
		       period_nth(period) % 24, end ? "59" : "00"); /* it fits */
	return bind_text(stmt, at, text);
}

static int bind_value(const struct figures_file *f, const struct csv_row *row, sqlite3_stmt *stmt,
		      int at, const char *name)
{
	const char *value = part(f, row, PART_VALUE);
	int64_t value_e;
	unsigned decimals;
	if (!value)
		return sqlite3_bind_null(stmt, at);
	if (strcmp(name, "value") == 0)
		return sqlite3_bind_double(stmt, at, strtod(value, NULL));
	if (!mantissa_of(value, &value_e, &decimals))
		return sqlite3_bind_null(stmt, at); /* the exact text is there */
	return strcmp(name, "value_e") == 0 ? sqlite3_bind_int64(stmt, at, value_e)
					    : sqlite3_bind_int(stmt, at, (int)decimals);
}

static int bind_own(const struct figures_file *f, const struct csv_row *row, sqlite3_stmt *stmt,
		    int at, struct period period, const char *name)
{
	bool by_office = strcmp(f->of->level, "office") == 0;
	const char *area = part(f, row, PART_AREA), *due = part(f, row, PART_DUE),
		   *reported = part(f, row, PART_REPORTED);
	if (strcmp(name, "row") == 0) /* what lies in no place of the level: rule 5.6 */
		return bind_text(stmt, at, area ? "part" : "rest");
	if (strncmp(name, "unit_", 5) == 0 || strncmp(name, "office_", 7) == 0) {
		bool mine = by_office == (*name == 'o');
		const char *text = strstr(name, "code") ? area : part(f, row, PART_NAME);
		return bind_text(stmt, at, mine ? text : NULL);
	}
	if (strncmp(name, "period_", 7) == 0)
		return bind_days(stmt, at, period, strcmp(name, "period_end") == 0);
	if (strcmp(name, "complete") == 0)
		return sqlite3_bind_int(stmt, at,
					due && reported && strcmp(due, reported) == 0 &&
						!part(f, row, PART_UNTIL));
	return bind_value(f, row, stmt, at, name);
}

static bool is_zero(const struct figures_file *f, const struct csv_row *row, enum part of)
{
	const char *number = part(f, row, of);
	return !number || strcmp(number, "0") == 0;
}

/* Of a label, that nobody reported with it is told by the row of all labels: each code of a list in
 * each place and period would be nearly all of the file. */
static bool is_told(const struct figures_file *f, const struct csv_row *row)
{
	return !f->of->dimension || part(f, row, PART_VALUE) ||
	       !is_zero(f, row, PART_OBSERVATIONS) || !is_zero(f, row, PART_REVISIONS) ||
	       !is_zero(f, row, PART_WAITING);
}

static int answer_row(struct figures_file *f, const struct csv_row *row, struct err *err)
{
	const char *text = part(f, row, PART_PERIOD);
	struct period period;
	if (!text || !period_read(text, f->of->calendar, &period))
		return err_set(err, -EBADMSG, "line %u of the answer has no period", row->line);
	if (!is_told(f, row))
		return 0;
	for (size_t i = 0; i < COLUMNS; i++) {
		const char *cell = field(row, f->from[i]);
		int at = (int)i + 1, rc = SQLITE_OK;
		switch (columns[i].source) {
		case GIVEN:
			rc = bind_given(f, f->insert, at, columns[i].name);
			break;
		case TEXT:
			rc = bind_text(f->insert, at, cell);
			break;
		case NUMBER:
			rc = cell ? sqlite3_bind_int64(f->insert, at, strtoll(cell, NULL, 10))
				  : sqlite3_bind_null(f->insert, at);
			break;
		case OWN:
			rc = bind_own(f, row, f->insert, at, period, columns[i].name);
			break;
		}
		if (rc != SQLITE_OK)
			return err_memory(err);
	}
	f->rows++;
	return db_run(f->insert, err);
}

/* --- what follows --- */

static int on_row(void *context, const struct csv_row *row, struct err *err)
{
	struct figures_file *f = context;
	bool header = !f->headed;
	f->headed = true;
	if (f->of)
		return header ? answer_header(f, row, err) : answer_row(f, row, err);
	return header ? table_create(f, row, err) : table_row_add(f, row, err);
}

static int begin(struct figures_file *f, struct err *err)
{
	f->headed = false;
	f->n_taken = 0;
	return csv_reader_open(',', on_row, f, &f->reader, err);
}

int figures_file_table(struct figures_file *file, const char *name, const char *wanted,
		       struct err *err)
{
	file->name = name;
	file->wanted = wanted;
	file->of = NULL;
	return begin(file, err);
}

int figures_file_answer(struct figures_file *file, const struct figures_of *of, struct err *err)
{
	file->of = of;
	return begin(file, err);
}

int figures_file_feed(struct figures_file *file, const void *data, size_t len, struct err *err)
{
	int rc = csv_reader_feed(file->reader, data, len, err);
	return rc == -EINVAL ? err_set(err, -EBADMSG, "%s", err->text) : rc;
}

int figures_file_end(struct figures_file *file, struct err *err)
{
	int rc = csv_reader_end(file->reader, err);
	csv_reader_close(file->reader);
	file->reader = NULL;
	sqlite3_finalize(file->other);
	file->other = NULL;
	if (rc == -EINVAL)
		return err_set(err, -EBADMSG, "%s", err->text);
	if (rc == 0 && !file->headed && file->of)
		return err_set(err, -EBADMSG, "the answer has no header");
	return rc;
}

uint64_t figures_file_rows(const struct figures_file *file)
{
	return file->rows;
}

/* --- the end --- */

#define VIEW_COLUMNS                                                                               \
	"metric, measure, calendar, period, period_start, period_end, value, value_exact, "        \
	"complete, due, reported, reason, row FROM figures WHERE "

/* For each level: its figures by month, those of any period, and those by label. */
static int views_make(struct figures_file *f, const char *level, struct err *err)
{
	static const struct {
		const char *suffix, *more, *where;
	} views[] = {
		{ "_month", "", "dimension IS NULL AND grain = 'month'" },
		{ "", "grain, ", "dimension IS NULL" },
		{ "_label", "grain, dimension, label, label_name, ", "dimension IS NOT NULL" },
	};
	bool office = strcmp(level, "office") == 0;
	char sql[1024];
	int rc = 0;
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]) && rc == 0; i++) {
		(void)snprintf(
			sql, sizeof(sql),
			"CREATE VIEW by_%s%s AS SELECT %s, %s" VIEW_COLUMNS "level = '%s' AND %s",
			level, views[i].suffix,
			office ? "office_code, office_name" : "unit_code, unit_name, valid_from",
			views[i].more, level, views[i].where); /* it fits */
		rc = db_exec(f->db, sql, err);
	}
	return rc;
}

/* A level that is no plain word has no views: its figures are in the table. */
static bool is_word(const char *level)
{
	size_t n = strspn(level, "abcdefghijklmnopqrstuvwxyz0123456789_");
	return n > 0 && n < 64 && !level[n];
}

static int views(struct figures_file *f, struct err *err)
{
	char levels[16][64];
	size_t n = 0;
	sqlite3_stmt *stmt;
	int rc = db_prepare(f->db, "SELECT DISTINCT level FROM figures ORDER BY level", &stmt, err);
	if (rc < 0)
		return rc;
	while (n < 16 && (rc = db_step(stmt, err)) == 1) {
		const char *level = (const char *)sqlite3_column_text(stmt, 0);
		if (level && is_word(level))
			(void)snprintf(levels[n++], sizeof(levels[0]), "%s", level);
	}
	sqlite3_finalize(stmt);
	for (size_t i = 0; i < n && rc >= 0; i++)
		rc = views_make(f, levels[i], err);
	return rc < 0 ? rc : 0;
}

static int sync_and_rename(struct figures_file *f, struct err *err)
{
	int fd = open(f->partial, O_RDONLY | O_CLOEXEC), rc = 0;
	if (fd < 0 || fsync(fd) < 0)
		rc = err_system(err, -errno, f->partial);
	if (fd >= 0)
		(void)close(fd); /* it is on the disk, or that was said */
	if (rc == 0)
		rc = is_free(f, err);
	if (rc == 0 && rename(f->partial, f->path) < 0)
		rc = err_system(err, -errno, f->path);
	if (rc < 0)
		return rc;
	*f->partial = '\0';
	return secret_file_sync_folder(f->path, err);
}

int figures_file_finish(struct figures_file *file, struct err *err)
{
	int rc = views(file, err);
	if (rc == 0)
		rc = db_exec(file->db,
			     "CREATE INDEX figures_of_unit ON figures(metric, level, period_start, "
			     "unit_code, office_code); COMMIT",
			     err);
	if (rc < 0)
		return rc;
	database_close(file);
	return sync_and_rename(file, err);
}
