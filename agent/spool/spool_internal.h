/* What spool*.c share, and nobody else includes: the connection, its statements, the tables.
 *
 * meta     one row: id, numbers, counters; turn rises with each transaction; which life it is
 *          (life.c), and end_seq, the last batch of one whose series numbers ran out; 0: it
 *          goes on
 * series   id here, and number on the wire: given when a batch of this life first uses it, so that
 *          declarations are contiguous; (metric, labels) with other decimals is another series
 * stretch  the values of (series, day) in part (chunk.h) of that day, each with the batch it went
 *          in; how many are not sealed yet, and the newest batch. A figure lies in one series: a
 *          change of decimals moves it to the new one. What is written at the same time lies
 *          together, on a few pages: hence day and part before series
 * batch    sealed payloads
 * refusal  what the province quarantined, the newest 1000; series: its id, < 0: not known
 * ack_day  per day of acks, by the province's clock, up to which batch: how long those are kept
 * author   who typed, named by a value's chunk; note: what people say of values, those that their
 *          chunks tell of; finished: what they say of periods, each with the batch it went in (0:
 *          none yet, -1: no value of its day was left that it could have gone with)
 * undated  figures of "now" whose time is not known, and traces of others (undated.c)
 * fact     small durable facts */
#pragma once

#include "common/base/decimal.h"
#include "common/base/hash.h"
#include "common/model/metric.h"
#include "common/model/shape.h"
#include "common/net/wire.h"
#include "common/sys/db.h"
#include "spool/chunk.h"
#include "spool/spool.h"

enum spool_statement {
	SQL_META,
	SQL_META_ID,
	SQL_META_ACKED,
	SQL_META_TURN,
	SQL_META_TURN_NEXT,
	SQL_META_LAST,
	SQL_META_LIFE,
	SQL_META_END,
	SQL_SERIES_FIND,
	SQL_SERIES_ADD,
	SQL_SERIES_COUNT,
	SQL_SERIES_NUMBER,
	SQL_SERIES_NEXT,
	SQL_SERIES_BY_NUMBER,
	SQL_SERIES_ALL,
	SQL_SERIES_OF,
	SQL_SERIES_FORGET,
	SQL_SERIES_DROP_IDLE,
	SQL_CHUNK_GET,
	SQL_CHUNK_ADD,
	SQL_CHUNK_PUT,
	SQL_CHUNK_DROP,
	SQL_CHUNK_NEXT,
	SQL_CHUNK_TRIM,
	SQL_CHUNK_NUMBERED,
	SQL_CHUNK_OLDEST,
	SQL_CHUNK_WALK,
	SQL_CHUNK_NEWEST,
	SQL_WHOLE,
	SQL_PARTS,
	SQL_EACH_PART,
	SQL_UNSEALED_COUNT,
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
	SQL_REFUSAL_ROWS,
	SQL_REFUSAL_DROP,
	SQL_REFUSAL_PUT,
	SQL_REFUSAL_DROP_ALL,
	SQL_REFUSAL_SUM,
	SQL_REFUSAL_LISTED,
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
	SQL_SERIES_SIBLINGS,
	SQL_HEAD_DROP,
	SQL_HEAD_ADD,
	SQL_HEAD_TRIM,
	SQL_HEAD_BEFORE,
	SQL_HEAD_WALK,
	SQL_HEAD_DAYS,
	SQL_FACT_SET,
	SQL_FACT_GET,
	SQL_AUTHOR_ADD,
	SQL_AUTHOR_FIND,
	SQL_AUTHOR_NAME,
	SQL_NOTE_GET,
	SQL_NOTE_PUT,
	SQL_NOTE_DROP,
	SQL_NOTE_TRIM,
	SQL_NOTE_COUNT,
	SQL_FINISHED_PUT,
	SQL_FINISHED_GET,
	SQL_FINISHED_WALK,
	SQL_FINISHED_ALL,
	SQL_FINISHED_DAY,
	SQL_FINISHED_SEALED,
	SQL_FINISHED_GIVE_UP,
	SQL_FINISHED_AGAIN,
	SQL_FINISHED_TRIM,
	SQL_FINISHED_OF,
	SQL_CHUNK_OF_DAY,
	SQL_PAGES,
	SQL_COUNT
};

/* The chunk that was last looked at or changed: chunk_cache.c. */
struct chunk_cache {
	bool known, changed; /* what it is; and it is still to be written */
	bool stored;         /* it has a row */
	int64_t series;
	int32_t day;
	uint32_t part;
	struct chunk chunk;
};

struct spool {
	sqlite3 *db; /* owned */
	char *path;  /* owned */
	struct spool_limits limits;
	sqlite3_stmt *statements[SQL_COUNT]; /* owned; prepared at first use */
	struct spool_life life;
	uint64_t renewed_from, renewed_seq; /* as FROM_FACT says of a life that has none before */
	struct clock *clock;                /* outlives us; NULL: the wall clock is believed */
	struct clock_core kept_clock;       /* as the file has it */
	/* Rows of this start that wait to be dated; -1: to be counted. Whoever holds the spool
	 * writes it; the loop looks meanwhile whether there are any. */
	_Atomic int64_t undated_here;
	int refused_rc;      /* as in struct spool_status */
	uint64_t released;   /* likewise; not kept: the next Welcome tells it again */
	int32_t trimmed_day; /* current values were trimmed for this day already */
	bool in_want;        /* figures were refused for want of room, and trimming made none yet */
	struct spool_head head; /* the newest, */
	bool head_due;          /* which is still to be written */
	struct chunk_cache cache;
	struct { /* the last that was looked for */
		char name[SPOOL_AUTHOR_MAX + 1];
		uint16_t id; /* 0: none was */
	} author;
	bool none_finished;  /* it is known that no row of finished waits to be sealed */
	bool finished_taken; /* this transaction took some; until its end that can be undone */
	/* The province that we last spoke with does not take what people say: nothing of it is
	 * sealed. The loop says so, the worker asks. */
	_Atomic bool remarks_withheld;
	char many_labels[METRIC_NAME_MAX]; /* the last metric that was found to have very many */
};

struct spool_meta {
	struct spool_life life;
	uint64_t last_seq, acked_seq, quarantined;
	uint64_t end_seq; /* nothing more is sealed in this life; 0: it goes on */
	int64_t last_ack_us;
};

/* statements.c */
extern const struct db_schema spool_schema;
/** The prepared statement, ready to bind; NULL with err set. Owned by the spool. */
sqlite3_stmt *spool_statement(struct spool *spool, enum spool_statement sql, struct err *err);
/** Bind @n integers in order; SQLite's code. */
int spool_bind(sqlite3_stmt *statement, size_t n, const int64_t values[]);
/** Bind @n integers in order and run a statement that yields no rows. */
int spool_run(struct spool *spool, enum spool_statement sql, size_t n, const int64_t values[],
	      struct err *err);
/** Bind @n integers, fetch the first row's first integer; -ENODATA (err untouched) when there is no
 * row. */
int spool_number(struct spool *spool, enum spool_statement sql, size_t n, const int64_t values[],
		 int64_t *ret_value, struct err *err);

/* spool.c */
#define SEQ_MAX (INT64_MAX / 2) /* of batches: so that the next ones can be counted */
/** End the transaction; every one of the spool's ends here or is rolled back. On error it is. */
int spool_commit(struct spool *spool, struct err *err);
void spool_rollback(struct spool *spool); /* fine when none is open */
int spool_meta(struct spool *spool, struct spool_meta *ret_meta, struct err *err);
/** Bytes of the file that are in use. */
int spool_used(struct spool *spool, uint64_t *ret_bytes, struct err *err);
/* The fact that names a damaged file which was not looked at yet; "": there is none. */
#define SET_ASIDE_FACT "set_aside"
/* Judged cells (common/sys/db.h): a shape, a local day. */
int64_t row_shape(struct db_row *row, int column);
int32_t row_day(struct db_row *row, int column);
/** Inside a transaction: drop acked batches, oldest first, until at most @limit bytes are in use.
 * -ENOSPC (err untouched) when that is not enough. */
/** Of spool_quarantined(), in a transaction. */
int spool_refuse(struct spool *spool, uint64_t seq, uint32_t series, uint32_t observations,
		 const char *reason, struct err *err);
int spool_make_room(struct spool *spool, uint64_t limit, struct err *err);

/* record.c */
/** Bytes up to which figures are recorded. Sealing and acks must still work when recording is
 * refused: they may use the last quarter of the bound. */
uint64_t spool_record_limit(const struct spool *spool);
/** Inside a transaction: is what was put within that? Acked batches make way. -ENOSPC. */
int spool_keep_within_bound(struct spool *spool, struct err *err);
/** Is @rc about a figure alone, and was it found before anything of that was written? */
bool spool_is_figure_fault(int rc);
/** Inside a transaction: 1 the current value changed, 0 no news. The period is @obs's. */
int spool_record_one(struct spool *spool, const struct observation *obs, struct err *err);
#define TRIMMED_FACT "trimmed_to" /* an int32_t as this machine writes it */
/** Values were trimmed up to this day; INT32_MIN: never. */
int spool_trimmed_to(struct spool *spool, int32_t *ret_day, struct err *err);
/** With values trimmed up to @day, the first day from which every value of a series of @shape is
 * sure to be here. */
int32_t kept_from(int32_t day, int64_t shape);

/* remark.c */
#define AUTHORS_MAX 4096u /* different ones in a spool */
/** Inside a transaction: the id of @name (NULL, "": 0), made when it is not there. -E2BIG. */
int spool_author_id(struct spool *spool, const char *name, uint16_t *ret_id, struct err *err);
/** "" for 0, and for one that is not there or damaged. */
int spool_author_name(struct spool *spool, int64_t id, char ret_name[SPOOL_AUTHOR_MAX + 1],
		      struct err *err);
/** "" when there is none, or it is damaged. */
int spool_note_get(struct spool *spool, int64_t series, int32_t day, uint32_t nth,
		   char ret_text[SPOOL_NOTE_MAX + 1], struct err *err);
int spool_note_put(struct spool *spool, int64_t series, int32_t day, uint32_t nth, const char *text,
		   struct err *err);
int spool_note_drop(struct spool *spool, int64_t series, int32_t day, uint32_t nth,
		    struct err *err);
/* What was said of a value. */
struct said {
	char author[SPOOL_AUTHOR_MAX + 1], note[SPOOL_NOTE_MAX + 1]; /* "": nobody, nothing */
};
int spool_said(struct spool *spool, int64_t series, int32_t day, const struct chunk_value *value,
	       struct said *ret_said, struct err *err);

/* finished.c */
/** Inside a transaction: what waits of its day goes into @batch, whose number is @seq and whose
 * finished[] has room for WIRE_FINISHED_MAX. @author_in: who said so, as the batch has it; -E2BIG:
 * it has no room for one more, who then waits for the next. */
int spool_finished_take(struct spool *spool, struct batch *batch, int64_t seq,
			int (*author_in)(void *context, uint16_t id, struct err *err),
			void *context, struct err *err);

/* chunk_cache.c */
struct chunk_key {
	int64_t series;
	int32_t day;
	int64_t part;
	int64_t unsealed, newest;
};
#define CHUNK_FIRST                                                                                \
	{                                                                                          \
		.day = INT32_MIN                                                                   \
	} /* before it */
/** Load the chunk of (series, day, nth) into spool->cache.chunk, empty when there is none.
 * The one before is written if it changed. */
int chunk_cache_load(struct spool *spool, int64_t series, int32_t day, uint32_t nth,
		     struct err *err);
/** The same where the caller has its @bytes already. */
int chunk_cache_fill(struct spool *spool, const struct chunk_key *key, const void *bytes,
		     size_t len, struct err *err);
/** Write the cached chunk if it changed: before anything asks the table. */
int chunk_cache_flush(struct spool *spool, struct err *err);
/** Whatever changed of it did not happen. */
void chunk_cache_forget(struct spool *spool);
/** Load the chunk after @key by (day, part, series), and make @key its key: 1; 0: there is none. */
int chunk_cache_next(struct spool *spool, struct chunk_key *key, struct err *err);
/** Some chunk of a series that has a number: 1; 0: there is none. */
int spool_chunk_numbered(struct spool *spool, struct chunk_key *ret_key, struct err *err);
/** The same of local day @day, of a series that has a number where there is one. */
int spool_chunk_of_day(struct spool *spool, int64_t day, struct chunk_key *ret_key,
		       struct err *err);
/** For SQL: stretch_pack(nth, value_e, withdrawn, seq), an aggregate that the schema's steps call,
 * and stretch_is_whole(part, points). */
int spool_chunk_functions(sqlite3 *db, struct err *err);
/** -EUCLEAN when one cannot be read: SQLite knows pages, not what they mean. */
int spool_chunks_whole(sqlite3 *db, struct err *err);

/* life.c */
/* Three uint64_t as this machine writes them: the spool's id, and which one, and up to which batch
 * of it, it was before it was renewed. Of another id it says nothing: a program that did not know
 * of it renewed the spool since. */
#define FROM_FACT "renewed_from"
/** Fill in where @life goes on from. */
void spool_life_origin(const struct spool *spool, struct spool_life *life);
/** Inside a transaction, and before the id changes: the spool under @id goes on from what this is.
 */
int spool_renewed_from(struct spool *spool, uint64_t id, uint64_t *ret_from, uint64_t *ret_seq,
		       struct err *err);
/** Read it again: at opening. */
int spool_read_renewed_from(struct spool *spool, struct err *err);
/** How many series numbers one life has. */
uint32_t spool_numbers(const struct spool *spool);
/** Inside a transaction: batch @meta->last_seq is the last of this life, since series wait for
 * which it has no number. */
int spool_life_end(struct spool *spool, struct spool_meta *meta, struct err *err);
/** Inside a transaction: the next life begins behind the last batch, which is acked. */
int spool_life_next(struct spool *spool, struct spool_meta *meta, struct err *err);

/** Inside a transaction: forget series that have neither a value nor a number, at most @most of
 * them; < 0: all. @ret_all: there is none left. */
int spool_forget_idle(struct spool *spool, int64_t most, bool *ret_all, struct err *err);

/* series.c */
/* The series of one name, labels, calendar and grain, one for each number of decimals: a figure
 * lies in one of them. */
struct series {
	const char *metric, *labels; /* borrowed; labels perhaps of spelling */
	const char *asked;           /* borrowed: the labels that it was looked for by */
	char *spelling; /* owned: of labels that were recorded in another one; or NULL */
	enum calendar calendar;
	enum grain grain;
	size_t n;
	struct {
		int64_t id;
		unsigned decimals;
	} of[DECIMALS_MAX + 1];
};
int spool_series_find(struct spool *spool, const char *metric, const char *labels,
		      struct period period, struct series *ret_series, struct err *err);
void spool_series_free(struct series *series); /* what it owns */
/** The one with @decimals, made when it is not there; -E2BIG. */
int spool_series_with_decimals(struct spool *spool, struct series *series, unsigned decimals,
			       int64_t *ret_id, struct err *err);
/* The series of some observations, each looked up once. A zeroed one can be deinited. */
struct series_set {
	struct series *list; /* owned [n] */
	size_t n, room;
	struct hash_index index;
};
int series_set_init(struct series_set *set, size_t n); /* for @n observations; -ENOMEM */
/** @ret_index in list; @obs's texts are borrowed. */
int series_set_find(struct series_set *set, struct spool *spool, const struct observation *obs,
		    uint32_t *ret_index, struct err *err);
void series_set_deinit(struct series_set *set);

/* one_kind.c */
/** Inside a transaction: does nothing of the other kind stand in @obs's period, parts beside a
 * whole? -EEXIST, with what stands and how to withdraw it. */
int spool_whole_check(struct spool *spool, const struct observation *obs, struct err *err);

/* heads.c */
/** Inside a transaction: write the newest head, when that is due. */
int spool_keep_head(struct spool *spool, struct err *err);

/* undated.c, all inside a transaction. */
/** @obs is of a moment that nobody knows. */
int spool_undated_add(struct spool *spool, const struct observation *obs, int64_t boot_us,
		      struct err *err);
/** @obs is about to be recorded with its period while others of its series may wait. */
int spool_undated_trace(struct spool *spool, const struct observation *obs, struct err *err);
/** When the time is known by @now: date what waits from this start. 1 when figures changed. */
int spool_date_pending(struct spool *spool, const struct moment *now, struct err *err);
/** What the clock knows, when that is news. */
int spool_keep_clock(struct spool *spool, struct err *err);
