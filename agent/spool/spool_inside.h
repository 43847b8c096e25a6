/* What spool*.c share, and nobody else includes: the connection, its statements, the tables.
 *
 * meta     one row: id, numbers, counters; turn rises with each transaction
 * series   id here, and number on the wire: given when a batch first uses it, so that declarations
 *          are contiguous; (metric, labels) with other decimals is another series
 * current  the value of (series, day, nth); seq 0: not sealed yet, otherwise the batch it went in.
 *          One row per figure: a change of decimals moves it to the new series
 * batch    sealed payloads
 * refusal  what the province quarantined, the newest 1000
 * ack_day  per day of acks, by the province's clock, up to which batch: acked batches are kept by
 * it undated  figures of "now" whose time is not known, and traces of others (spool_undated.c) fact
 * small durable facts */
#pragma once

#include "db.h"
#include "spool.h"
#include "wire.h"

enum spool_sql {
	SQL_META,
	SQL_META_ID,
	SQL_META_ACKED,
	SQL_META_TURN,
	SQL_META_TURN_NEXT,
	SQL_META_LAST,
	SQL_SERIES_FIND,
	SQL_SERIES_ADD,
	SQL_SERIES_COUNT,
	SQL_SERIES_NUMBER,
	SQL_SERIES_NEXT,
	SQL_SERIES_BY_NUMBER,
	SQL_SERIES_ALL,
	SQL_SERIES_OF,
	SQL_SERIES_FORGET,
	SQL_CURRENT_GET,
	SQL_CURRENT_PUT,
	SQL_CURRENT_DROP,
	SQL_CURRENT_TRIM,
	SQL_CURRENT_OLDEST,
	SQL_CURRENT_SEALED,
	SQL_CURRENT_DIRTY_ALL,
	SQL_CURRENT_COUNT,
	SQL_CURRENT_WALK,
	SQL_CURRENT_NEWEST,
	SQL_UNSEALED_DAY,
	SQL_UNSEALED,
	SQL_BATCH_ADD,
	SQL_BATCH_GET,
	SQL_BATCH_OLDEST,
	SQL_BATCH_DROP,
	SQL_BATCH_DROP_ALL,
	SQL_BATCH_WAITING,
	SQL_BATCH_WALK,
	SQL_BATCH_PAYLOADS,
	SQL_REFUSAL_ADD,
	SQL_REFUSAL_TRIM,
	SQL_REFUSAL_COUNT,
	SQL_REFUSAL_WALK,
	SQL_REFUSAL_DROP_ALL,
	SQL_ACK_DAY,
	SQL_ACK_DAY_BACK,
	SQL_ACK_DAY_BEFORE,
	SQL_ACK_DAY_FORGET,
	SQL_ACK_DAY_DROP_ALL,
	SQL_UNDATED_ADD,
	SQL_UNDATED_HERE,
	SQL_UNDATED_OF_SERIES,
	SQL_UNDATED_NEXT,
	SQL_UNDATED_LATER,
	SQL_UNDATED_LEAVE,
	SQL_UNDATED_RETRY,
	SQL_UNDATED_DROP,
	SQL_UNDATED_DROP_START,
	SQL_UNDATED_BOOT,
	SQL_UNDATED_STARTS,
	SQL_UNDATED_COUNT,
	SQL_SERIES_ENTER,
	SQL_SERIES_EXACT,
	SQL_SALVAGED_TAKEN,
	SQL_SALVAGED_PUT,
	SQL_SALVAGED_UNSEALED,
	SQL_FACT_SET,
	SQL_FACT_GET,
	SQL_PAGES,
	SQL_COUNT
};

struct spool {
	sqlite3 *db; /* owned */
	char *path;  /* owned */
	struct spool_limits limits;
	sqlite3_stmt *statements[SQL_COUNT]; /* owned; prepared at first use */
	uint64_t id;
	struct clock *clock;          /* outlives us; NULL: the wall clock is believed */
	struct clock_core kept_clock; /* as the file has it */
	int64_t undated_here; /* rows of this start that wait to be dated; -1: to be counted */
	int refused_rc;       /* as in struct spool_status */
	int32_t trimmed_day;  /* current values were trimmed for this day already */
};

struct spool_meta {
	uint64_t id, last_seq, acked_seq, quarantined;
	int64_t last_ack_us;
};

/** The prepared statement, ready to bind; NULL with err set. Owned by the spool. */
sqlite3_stmt *spool_statement(struct spool *spool, enum spool_sql sql, struct err *err);
/** Bind @n integers in order; SQLite's code. */
int spool_bind(sqlite3_stmt *statement, size_t n, const int64_t values[]);
/** Bind @n integers in order and run a statement that yields no rows. */
int spool_run(struct spool *spool, enum spool_sql sql, size_t n, const int64_t values[],
	      struct err *err);
/** Bind @n integers, fetch the first row's first integer; -ENODATA (err untouched) when there is no
 * row. */
int spool_number(struct spool *spool, enum spool_sql sql, size_t n, const int64_t values[],
		 int64_t *ret_value, struct err *err);
/** End the transaction; every one of the spool's ends here. On error it is rolled back. */
int spool_commit(struct spool *spool, struct err *err);
int spool_meta(struct spool *spool, struct spool_meta *ret_meta, struct err *err);
/** The oldest kept batch, when it is acked; -ENODATA (err untouched) when there is none such. */
int spool_oldest_acked(struct spool *spool, uint64_t acked_seq, int64_t *ret_seq, struct err *err);
/** Inside a transaction: drop acked batches, oldest first, until at most @limit bytes are in use.
 * -ENOSPC (err untouched) when that is not enough. */
int spool_make_room(struct spool *spool, uint64_t limit, struct err *err);
/** Bytes up to which figures are recorded. Sealing and acks must still work when recording is
 * refused: they may use the last quarter of the bound. */
uint64_t spool_record_limit(const struct spool *spool);
/** Bytes of the file that are in use. */
int spool_used(struct spool *spool, uint64_t *ret_bytes, struct err *err);

/** Values were trimmed up to this day; INT32_MIN: never. */
int spool_trimmed_to(struct spool *spool, int32_t *ret_day, struct err *err);

/** Inside a transaction: 1 the current value changed, 0 no news. The period is @obs's. */
int spool_record_one(struct spool *spool, const struct observation *obs, struct err *err);

/* spool_undated.c, all inside a transaction. */
/** @obs is of a moment that nobody knows. */
int spool_undated_add(struct spool *spool, const struct observation *obs, int64_t boot_us,
		      struct err *err);
/** @obs is about to be recorded with its period while others of its series may wait. */
int spool_undated_trace(struct spool *spool, const struct observation *obs, struct err *err);
/** When the time is known by @now: date what waits from this start. 1 when figures changed. */
int spool_date_pending(struct spool *spool, const struct moment *now, struct err *err);
/** What the clock knows, when that is news. */
int spool_keep_clock(struct spool *spool, struct err *err);
#define SET_ASIDE_FACT                                                                             \
	"set_aside" /* the path of a damaged file that was not looked at yet; "": none */
#define TRIMMED_FACT "trimmed_to" /* an int32_t as this machine writes it */
/** With values trimmed up to @day, the first day from which every value of a series of @shape is
 * sure to be here. */
int32_t kept_from(int32_t day, int64_t shape);

/* A series' shape as the wire writes it: grain | decimals << 4 | calendar << 8. */
int64_t shape_pack(enum calendar calendar, enum grain grain, unsigned decimals);
enum grain shape_grain(int64_t shape);
enum calendar shape_calendar(int64_t shape);
unsigned shape_decimals(int64_t shape);
#define SHAPE_WITHOUT_DECIMALS(shape) ((shape) & ~INT64_C(0xf0))
