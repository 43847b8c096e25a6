/* Figures of "now" that came while nobody knew what time it was.
 *
 * They wait in the order in which they came, with the start of the machine that they belong to and
 * the moment since then:
 * 1. The true time becomes known while the machine still runs: the next recording or sealing dates
 *    them, before anything else, as if they were handed in then with their periods.
 * 2. The machine was started anew: nobody but people knows. They stay, are shown, and wait for
 *    somebody to say when the machine was started (spool_assign), or to drop them.
 *
 * Figures with a period are recorded at once. Where others of their series wait undated, they leave
 * a trace in the row of those that wait: dating one of an earlier place must not undo what a later
 * one said. */
#include "common/base/decimal.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "spool/spool_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_SET, KIND_ADD, KIND_WITHDRAW, KIND_COUNT };

#define BOOT_US_MAX                                                                                \
	(INT64_C(50) * 366 * 86400 * 1000000) /* no machine runs longer: what says so is damaged   \
					       */

struct row { /* texts owned */
	int64_t id, boot_us, shape, value_e;
	enum kind kind;
	char *metric, *labels;
	char *author, *note; /* NULL: as in struct observation */
	bool is_trace;       /* of a figure with a period: at @day, @nth */
	int64_t day, nth;
};

static void row_free(struct row *row)
{
	free(row->metric);
	free(row->labels);
	free(row->author);
	free(row->note);
}

static int bind_texts(struct spool *spool, sqlite3_stmt *statement, int at, const char *texts[],
		      int n, struct err *err)
{
	for (int i = 0; i < n; i++)
		if (sqlite3_bind_text(statement, at + i, texts[i], -1, SQLITE_STATIC) != SQLITE_OK)
			return db_err(err, spool->db, "bind");
	return 0;
}

/* --- waiting --- */

static int here_count(struct spool *spool, struct err *err)
{
	if (spool->undated_here >= 0 || !spool->clock)
		return 0;
	sqlite3_stmt *count = spool_statement(spool, SQL_UNDATED_HERE, err);
	if (!count)
		return err->code;
	int rc = bind_texts(spool, count, 1, (const char *[]){ clock_boot(spool->clock) }, 1, err);
	if (rc == 0 && (rc = db_step(count, err)) == 1)
		spool->undated_here = sqlite3_column_int64(count, 0);
	(void)sqlite3_reset(count); /* repeats the step's error, already told */
	return rc < 0 ? rc : 0;
}

static int append(struct spool *spool, const struct observation *obs, int64_t boot_us,
		  bool is_trace, struct err *err)
{
	sqlite3_stmt *add = spool_statement(spool, SQL_UNDATED_ADD, err);
	if (!add)
		return err->code;
	int64_t numbers[] = { boot_us,
			      shape_pack(obs->period.calendar, obs->period.grain, obs->decimals),
			      obs->withdrawn ? KIND_WITHDRAW
			      : obs->add     ? KIND_ADD
					     : KIND_SET,
			      obs->value_e,
			      is_trace ? period_first_day(obs->period) : 0,
			      is_trace ? period_nth(obs->period) : 0 };
	if (spool_bind(add, is_trace ? 6 : 4, numbers) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	const char *texts[] = { clock_boot(spool->clock), obs->metric, obs->labels, obs->author,
				obs->note };
	int rc = bind_texts(spool, add, 7, texts, 5, err);
	if (rc == 0)
		rc = db_run(add, err);
	if (rc == 0)
		spool->undated_here++;
	return rc;
}

int spool_undated_add(struct spool *spool, const struct observation *obs, int64_t boot_us,
		      struct err *err)
{
	int rc = here_count(spool, err);
	return rc < 0 ? rc : append(spool, obs, boot_us, false, err);
}

int spool_undated_trace(struct spool *spool, const struct observation *obs, struct err *err)
{
	int rc = here_count(spool, err);
	if (rc < 0 || spool->undated_here <= 0)
		return rc;
	sqlite3_stmt *find = spool_statement(spool, SQL_UNDATED_OF_SERIES, err);
	if (!find)
		return err->code;
	const char *texts[] = { clock_boot(spool->clock), obs->metric, obs->labels };
	rc = bind_texts(spool, find, 1, texts, 3, err);
	if (rc == 0)
		rc = db_step(find, err);
	(void)sqlite3_reset(find); /* repeats the step's error, already told */
	return rc == 1 ? append(spool, obs, 0, true, err) : rc;
}

/* --- dating --- */

struct dating {
	struct spool *spool;
	const char *boot;
	int64_t start_us;
	struct spool_assigned done;
};

/* NULL where there is none, or memory is short: then it is not told who said what. */
static char *text_kept(sqlite3_stmt *row, int column, size_t most)
{
	const char *text = (const char *)sqlite3_column_text(row, column);
	return text && strlen(text) <= most && utf8_printable(text, strlen(text)) ? strdup(text)
										  : NULL;
}

/* The first row of the start after @after; 1 found, 0 none. */
static int row_next(const struct dating *dating, int64_t after, struct row *ret_row,
		    struct err *err)
{
	sqlite3_stmt *next = spool_statement(dating->spool, SQL_UNDATED_NEXT, err);
	if (!next)
		return err->code;
	if (sqlite3_bind_int64(next, 2, after) != SQLITE_OK)
		return db_err(err, dating->spool->db, "bind");
	int rc = bind_texts(dating->spool, next, 1, &(const char *){ dating->boot }, 1, err);
	if (rc == 0 && (rc = db_step(next, err)) == 1) {
		struct db_row cells = { next, err, 0 };
		*ret_row = (struct row){
			.id = sqlite3_column_int64(next, 0),
			.boot_us = db_row_int(&cells, 1, -BOOT_US_MAX, BOOT_US_MAX),
			.shape = row_shape(&cells, 2),
			.kind = (enum kind)db_row_int(&cells, 3, 0, KIND_COUNT - 1),
			.value_e = sqlite3_column_int64(next, 4),
			.metric = strdup(db_row_text(&cells, 5)),
			.labels = strdup(db_row_text(&cells, 6)),
			.author = text_kept(next, 9, SPOOL_AUTHOR_MAX),
			.note = text_kept(next, 10, SPOOL_NOTE_MAX),
			.is_trace = sqlite3_column_type(next, 7) != SQLITE_NULL,
		};
		if (ret_row->is_trace) {
			ret_row->day = row_day(&cells, 7);
			ret_row->nth =
				db_row_int(&cells, 8, 0,
					   (int64_t)grain_per_day(shape_grain(ret_row->shape)) - 1);
		}
		if (!ret_row->metric || !ret_row->labels)
			rc = err_memory(err);
		else if (cells.rc < 0)
			rc = cells.rc;
		if (rc < 0)
			row_free(ret_row);
	}
	(void)sqlite3_reset(next); /* repeats the step's error, already told */
	return rc;
}

struct later {           /* what figures with this period said after it */
	bool superseded; /* one of them set or withdrew the value */
	bool adds;
	int64_t sum_e; /* of those that added */
};

/* Decimals may have changed in the catalogue since. */
static int later_take(struct later *later, enum kind kind, int64_t value_e, int64_t shape,
		      unsigned decimals, struct err *err)
{
	int64_t rescaled = 0;
	if (kind != KIND_ADD) {
		later->superseded = true;
		return 0;
	}
	later->adds = true;
	if (decimal_rescale(value_e, shape_decimals(shape), decimals, &rescaled) < 0 ||
	    __builtin_add_overflow(later->sum_e, rescaled, &later->sum_e))
		return err_set(err, -ERANGE, "what was added later does not fit");
	return 0;
}

static int later_find(const struct dating *dating, const struct row *row, struct period period,
		      struct later *ret_later, struct err *err)
{
	struct spool *spool = dating->spool;
	sqlite3_stmt *find = spool_statement(spool, SQL_UNDATED_LATER, err);
	if (!find)
		return err->code;
	int64_t numbers[] = { row->id, period_first_day(period), period_nth(period),
			      SHAPE_WITHOUT_DECIMALS(row->shape) };
	if (spool_bind(find, 4, numbers) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	const char *texts[] = { dating->boot, row->metric, row->labels };
	int rc = bind_texts(spool, find, 5, texts, 3, err);
	while (rc >= 0 && (rc = db_step(find, err)) == 1) {
		struct db_row cells = { find, err, 0 };
		enum kind kind = (enum kind)db_row_int(&cells, 0, 0, KIND_COUNT - 1);
		int64_t shape = row_shape(&cells, 2);
		rc = cells.rc < 0 ? cells.rc
				  : later_take(ret_later, kind, sqlite3_column_int64(find, 1),
					       shape, shape_decimals(row->shape), err);
	}
	(void)sqlite3_reset(find); /* repeats the step's error, already told */
	return rc;
}

static struct period row_period(const struct dating *dating, const struct row *row)
{
	return civil_period(shape_calendar(row->shape), shape_grain(row->shape),
			    dating->start_us + row->boot_us);
}

/* The figure as it would have been recorded. What was added to it since is in its value. */
static int row_observation(const struct dating *dating, const struct row *row,
			   const struct later *later, struct observation *ret_obs, struct err *err)
{
	*ret_obs = (struct observation){ .metric = row->metric,
					 .labels = row->labels,
					 .period = row_period(dating, row),
					 .decimals = shape_decimals(row->shape),
					 .value_e = row->value_e,
					 .withdrawn = row->kind == KIND_WITHDRAW && !later->adds,
					 .add = row->kind == KIND_ADD,
					 .author = row->author,
					 .note = row->note };
	if (row->kind == KIND_WITHDRAW)
		ret_obs->value_e = later->sum_e;
	else if (row->kind == KIND_SET &&
		 __builtin_add_overflow(row->value_e, later->sum_e, &ret_obs->value_e))
		return err_set(err, -ERANGE, "the sum for %s does not fit into 64 bits",
			       row->metric);
	return 0;
}

static int row_record(struct dating *dating, const struct row *row, struct err *err)
{
	struct later later = { 0 };
	struct observation obs;
	int rc = later_find(dating, row, row_period(dating, row), &later, err);
	if (rc == 0 && later.superseded) {
		dating->done.superseded++;
		return 0;
	}
	if (rc == 0)
		rc = row_observation(dating, row, &later, &obs, err);
	if (rc == 0)
		rc = spool_record_one(dating->spool, &obs, err);
	if (rc >= 0)
		dating->done.dated++;
	return rc < 0 ? rc : 0;
}

/* I5: a figure that cannot be recorded (its sum is beyond 64 bits, say) stays, with the reason. It
 * holds up no other. */
static int row_leave(struct dating *dating, const struct row *row, const char *reason,
		     struct err *err)
{
	sqlite3_stmt *leave = spool_statement(dating->spool, SQL_UNDATED_LEAVE, err);
	if (!leave)
		return err->code;
	if (sqlite3_bind_int64(leave, 1, row->id) != SQLITE_OK)
		return db_err(err, dating->spool->db, "bind");
	int rc = bind_texts(dating->spool, leave, 2, &reason, 1, err);
	dating->done.left++;
	return rc < 0 ? rc : db_run(leave, err);
}

static int date_row(struct dating *dating, const struct row *row, struct err *err)
{
	int rc = row->is_trace ? 0 : row_record(dating, row, err);
	if (spool_is_figure_fault(rc)) {
		char reason[sizeof(err->text)];
		(void)snprintf(reason, sizeof(reason), "%s", err->text); /* fits */
		return row_leave(dating, row, reason, err);
	}
	return rc < 0 ? rc
		      : spool_run(dating->spool, SQL_UNDATED_DROP, 1, (int64_t[]){ row->id }, err);
}

/* Inside a transaction: all rows of the start, in their order. */
static int date_all(struct dating *dating, struct err *err)
{
	struct row row = { 0 };
	int rc;
	while ((rc = row_next(dating, row.id, &row, err)) == 1) {
		rc = date_row(dating, &row, err);
		row_free(&row);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int spool_date_pending(struct spool *spool, const struct moment *now, struct err *err)
{
	int rc = here_count(spool, err);
	if (rc < 0 || spool->undated_here <= 0 || !now->known)
		return rc;
	struct dating dating = { .spool = spool,
				 .boot = clock_boot(spool->clock),
				 .start_us = now->at_us - now->boot_us };
	rc = date_all(&dating, err);
	spool->undated_here = -1; /* to be counted, with those that were left */
	return rc < 0 ? rc : dating.done.dated + dating.done.superseded > 0;
}

/* --- by people --- */

/* The boot id of start @number, which the caller frees, how many figures wait, and when the last of
 * them came; -ENOENT. */
static int start_find(struct spool *spool, int64_t number, char **ret_boot, uint64_t *ret_figures,
		      int64_t *ret_last_us, struct err *err)
{
	sqlite3_stmt *find = spool_statement(spool, SQL_UNDATED_BOOT, err);
	if (!find)
		return err->code;
	if (spool_bind(find, 1, &number) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_step(find, err);
	struct db_row row = { find, err, 0 };
	char *boot = rc == 1 ? strdup(db_row_text(&row, 0)) : NULL;
	uint64_t figures = (uint64_t)sqlite3_column_int64(find, 1);
	int64_t last_us = rc == 1 ? db_row_int(&row, 2, -BOOT_US_MAX, BOOT_US_MAX) : 0;
	if (row.rc < 0) {
		free(boot);
		(void)sqlite3_reset(find); /* it had a row */
		return row.rc;
	}
	(void)sqlite3_reset(find); /* repeats the step's error, already told */
	if (rc == 0)
		return err_set(err, -ENOENT,
			       "no figures wait for the time of start %lld; 'lantoa-agent clock' "
			       "lists those that do",
			       (long long)number);
	if (rc == 1 && !boot)
		return err_memory(err);
	*ret_boot = boot;
	*ret_figures = figures;
	*ret_last_us = last_us;
	return rc < 0 ? rc : 0;
}

/* I5: where a value is there already, nobody can say which of the two came later. The figure stays,
 * with the reason, and people decide. */
static int leave_if_taken(struct dating *dating, const struct row *row, struct err *err)
{
	int64_t value_e;
	unsigned decimals;
	bool withdrawn;
	if (row->is_trace || row->kind == KIND_ADD)
		return 0;
	int rc = spool_current(dating->spool, row->metric, row->labels, row_period(dating, row),
			       &value_e, &decimals, &withdrawn, err);
	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc
		      : row_leave(dating, row,
				  N_("its period has a value already; record the right one with "
				     "--period, and drop this"),
				  err);
}

static int leave_taken(struct dating *dating, struct err *err)
{
	struct row row = { 0 };
	int rc;
	while ((rc = row_next(dating, row.id, &row, err)) == 1) {
		rc = leave_if_taken(dating, &row, err);
		row_free(&row);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static int assign(struct spool *spool, int64_t number, int64_t start_us,
		  struct spool_assigned *ret_assigned, struct err *err)
{
	char *boot = NULL;
	uint64_t figures;
	int64_t last_us;
	int rc = db_begin(spool->db, err);
	if (rc == 0)
		rc = start_find(spool, number, &boot, &figures, &last_us, err);
	if (rc < 0)
		return rc;
	struct dating dating = { .spool = spool, .boot = boot, .start_us = start_us };
	if (start_us + last_us > clock_latest_us(spool->clock))
		rc = err_set(err, -EINVAL,
			     "then the last of these figures would lie in the future; the machine "
			     "was started earlier");
	/* What was left before for some reason is tried again. */
	sqlite3_stmt *again = rc < 0 ? NULL : spool_statement(spool, SQL_UNDATED_RETRY, err);
	rc = again ? bind_texts(spool, again, 1, &(const char *){ boot }, 1, err) : err->code;
	if (rc == 0)
		rc = db_run(again, err);
	if (rc == 0)
		rc = leave_taken(&dating, err);
	if (rc == 0)
		rc = date_all(&dating, err);
	if (rc == 0)
		rc = spool_commit(spool, err);
	free(boot);
	if (rc == 0)
		*ret_assigned = dating.done;
	return rc;
}

int spool_assign(struct spool *spool, int64_t number, int64_t start_us,
		 struct spool_assigned *ret_assigned, struct err *err)
{
	int rc = assign(spool, number, start_us, ret_assigned, err);
	spool->undated_here = -1;
	if (rc < 0) {
		spool_rollback(spool);
		return err_wrap(err, "spool '%s'", spool->path);
	}
	return 0;
}

static int drop(struct spool *spool, int64_t number, uint64_t *ret_figures, struct err *err)
{
	char *boot = NULL;
	uint64_t figures = 0;
	int64_t last_us;
	int rc = db_begin(spool->db, err);
	if (rc == 0)
		rc = start_find(spool, number, &boot, &figures, &last_us, err);
	sqlite3_stmt *gone = rc < 0 ? NULL : spool_statement(spool, SQL_UNDATED_DROP_START, err);
	if (!gone) {
		free(boot);
		return err->code;
	}
	rc = bind_texts(spool, gone, 1, &(const char *){ boot }, 1, err);
	if (rc == 0)
		rc = db_run(gone, err);
	if (rc == 0)
		rc = spool_commit(spool, err);
	free(boot);
	if (rc == 0)
		*ret_figures = figures;
	return rc;
}

int spool_drop_start(struct spool *spool, int64_t number, uint64_t *ret_figures, struct err *err)
{
	int rc = drop(spool, number, ret_figures, err);
	spool->undated_here = -1;
	if (rc < 0) {
		spool_rollback(spool);
		return err_wrap(err, "spool '%s'", spool->path);
	}
	return 0;
}

int spool_each_start(struct spool *spool,
		     int (*on_start)(void *context, const struct spool_start *start), void *context,
		     struct err *err)
{
	sqlite3_stmt *walk = spool_statement(spool, SQL_UNDATED_STARTS, err);
	if (!walk)
		return err->code;
	int rc = 0;
	while (rc >= 0 && (rc = db_step(walk, err)) == 1) {
		struct db_row row = { walk, err, 0 };
		const char *boot = db_row_text(&row, 0);
		struct spool_start start = {
			.number = sqlite3_column_int64(walk, 1),
			.boot = boot,
			.figures = (uint64_t)sqlite3_column_int64(walk, 2),
			.first_us = sqlite3_column_int64(walk, 3),
			.last_us = sqlite3_column_int64(walk, 4),
			.metrics = db_row_text(&row, 5),
			.reason = db_row_text_or_null(&row, 6),
			.is_this_one = spool->clock && strcmp(boot, clock_boot(spool->clock)) == 0,
		};
		rc = row.rc < 0 ? row.rc : on_start(context, &start);
	}
	(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	return rc;
}

/* --- the anchor over a restart of the agent --- */

#define CLOCK_FACT "clock" /* BOOT WITNESS START_US */

void spool_use_clock(struct spool *spool, struct clock *clock)
{
	struct blob fact = { 0 };
	struct spool_meta meta;
	struct err ignored; /* what was known is known again later */
	char boot[CLOCK_BOOT_MAX];
	unsigned witness;
	long long start_us;
	spool->clock = clock;
	spool->undated_here = -1;
	(void)here_count(spool, &ignored);
	if (spool_meta(spool, &meta, &ignored) == 0 && meta.last_ack_us > 0)
		clock_hear_floor(clock, meta.last_ack_us);
	if (spool_fact_get(spool, CLOCK_FACT, &fact, &ignored) == 0 &&
	    blob_append(&fact, "", 1) == 0 &&
	    sscanf((const char *)fact.data, "%39s %u %lld", boot, &witness, &start_us) == 3 &&
	    strcmp(boot, clock_boot(clock)) == 0 && witness <= CLOCK_KERNEL)
		clock_recall(clock, (enum clock_witness)witness, start_us);
	blob_free(&fact);
}

bool spool_waits_for_clock(const struct spool *spool)
{
	return spool->clock && spool->undated_here != 0;
}

struct clock *spool_clock(const struct spool *spool)
{
	return spool->clock;
}

int spool_keep_clock(struct spool *spool, struct err *err)
{
	char text[CLOCK_BOOT_MAX + 32];
	if (!spool->clock)
		return 0;
	struct clock_core core = clock_anchor(spool->clock);
	int64_t moved_us = core.start_us - spool->kept_clock.start_us;
	if (core.witness == CLOCK_NOBODY ||
	    (core.witness == spool->kept_clock.witness && llabs(moved_us) < 1000000))
		return 0;
	(void)snprintf(text, sizeof(text), "%s %u %lld", clock_boot(spool->clock),
		       (unsigned)core.witness, (long long)core.start_us); /* fits */
	int rc = spool_fact_set(spool, CLOCK_FACT, text, strlen(text), err);
	if (rc == 0)
		spool->kept_clock = core;
	return rc;
}
