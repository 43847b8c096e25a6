/* Observations that wait on this machine's disk until the province has them.
 *
 * A private SQLite file. It holds the current value of each (series, period), marks those that were
 * not sealed yet, and the sealed batches that wait for their ack (acked ones are kept for a while:
 * see keep_acked_days). A random 64-bit id is made with the file, so a spool that was lost and made
 * anew can never reuse a sequence number.
 *
 * An id has 65,536 series numbers on the wire. When they are used up the spool goes on by itself in
 * a next life, under another id (life.c). Sequence numbers here go on through all lives; on
 * the wire those of a life begin with 1. */
#pragma once

#include "clock/clock.h"
#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/model/labels.h"
#include "common/model/observation.h"

#include <stdbool.h>
#include <stdint.h>

struct spool; /* opaque: SQLite is known to spool.c alone */

#define SPOOL_AUTHOR_MAX OBSERVATION_AUTHOR_MAX
#define SPOOL_NOTE_MAX   OBSERVATION_NOTE_MAX

struct spool_limits {
	uint64_t bytes_max; /* of the file; new figures are refused over it: -ENOSPC */
	uint64_t reserve;   /* to be left free on the disk; under it new figures are refused, too */
	/* Current values and acked batches older than this are trimmed. Values of a week or longer
	 * stay for two years more, few as they are: what is typed is compared with its history. */
	uint32_t keep_days;
	uint32_t numbers_max; /* of series in one life; 0: as the wire has them. For tests */
};

/* As many series as a province takes of an office (aggregator/registry/office_limits.h). Those
 * without a value are forgotten when a life ends. */
#define SPOOL_SERIES_MAX 196608u

/**
 * Open or create @path. A corrupt file is moved aside to PATH.corrupt-<date> (never deleted), a new
 * one is made, and
 * @ret_set_aside (PATH_MAX bytes, may be NULL) names it, "" otherwise. -EBUSY: another process has
 * it open.
 */
int spool_open(const char *path, const struct spool_limits *limits, struct spool **ret_spool,
	       char *ret_set_aside, struct err *err);
void spool_close(struct spool *spool);
/** Hand back memory that the next call takes again (tens of microseconds): when there is nothing to
 * do for a while. */
void spool_rest(struct spool *spool);

/** Other bounds from now on. What is over them by then stays; new figures are refused. */
void spool_limit(struct spool *spool, const struct spool_limits *limits);

/** From now on "now" is what @clock says, and what the spool knows of this start of the machine is
 * told to it. */
void spool_use_clock(struct spool *spool, struct clock *clock);

struct clock *spool_clock(const struct spool *spool); /* NULL: none was given */

uint64_t spool_id(const struct spool *spool);

/* What the spool is to the province: batch @begin + 1 is number 1 of @id. */
struct spool_life {
	uint64_t id;
	uint64_t begin; /* everything up to here is acked and went in earlier lives; 0: the first */
	uint64_t before_id, before_begin; /* the same of the life before; 0: none */
	/* The spool that it goes on from, and up to which of its batches, as the wire numbers them,
	 * it is sure to know it: the life before, or the spool before spool_renew(). 0: none. */
	uint64_t from_id, from_seq;
};
/** As the last sealing or renewing left it: ask in the thread that does those. */
struct spool_life spool_life(const struct spool *spool);

/**
 * Begin anew under a fresh id: every current value waits again, sealed batches are dropped (all
 * they held that is not acked is among the current values), numbers start from 1. For a spool that
 * cannot go on: it was itself restored from an older copy, so that the province has seen its next
 * numbers with other data, or the province was restored to before what is still kept here. Its
 * first batch names the spool before, and up to where that was acked, so that the province can tell
 * what is older than what it has (proto/lantoa.proto).
 */
int spool_renew(struct spool *spool, struct err *err);

/**
 * Record @n observations, all or none; once this returns 0 they survive a power cut. A value equal
 * to the current one is not sealed again. Those of "now" wait undated while the clock does not know
 * the time, and those that waited get their periods before anything else once it does. Blocks on
 * disk.
 *
 * -EEXIST: parts would stand beside their whole (one_kind), after all of the call; -ENOSPC when the
 * spool or the disk is full, or would soon be; -ERANGE when an addition leaves 64
 * bits; -EIO when the disk fails; -E2BIG over SPOOL_SERIES_MAX series; -ESTALE when what should be
 * added to is so old that it is no longer kept here. On error the spool is as before (only a disk
 * that fails for good in the last sync of a commit leaves open whether all or nothing was
 * recorded); @ret_bad (may be NULL) is the index at fault.
 */
int spool_record(struct spool *spool, const struct observation obs[], size_t n, size_t *ret_bad,
		 struct err *err);
/**
 * The same, but for figures that nobody can be asked about any more: those that are at fault by
 * themselves (-EEXIST, -ERANGE, -E2BIG, -ESTALE) are left out, in the same pass, and counted in
 * @ret_left_out; @err then says why of the last of them.
 */
int spool_record_good(struct spool *spool, const struct observation obs[], size_t n,
		      size_t *ret_left_out, struct err *err);

/** The current value, for --add's arithmetic in callers and for the page. -ENOENT when there is
 * none. */
int spool_current(struct spool *spool, const char *metric, const char *labels, struct period period,
		  int64_t *ret_value_e, unsigned *ret_decimals, bool *ret_withdrawn,
		  struct err *err);

/**
 * Seal what is unsealed into batches: one local day each, as many as it takes, each small enough
 * for a frame. Durable when it returns. No more than some 30 batches or 65,536 figures are sealed
 * ahead of acks; the rest, and what the file has no room for, stays unsealed. When series numbers
 * have run out and everything sealed is acked, spool_life() is another afterwards.
 *
 * @ret_last  highest sequence number sealed so far (0: none)
 * @ret_more  some stays unsealed: seal again after the next ack
 */
int spool_seal(struct spool *spool, int64_t now_us, uint64_t *ret_last, bool *ret_more,
	       struct err *err);

/** Does the province that we speak with take what people say: authors, notes, that a report is
 * finished (proto/lantoa.proto, since 3)? Where it does not, batches are sealed without, and what
 * is finished waits. It does until this says otherwise. True: it does again. Any thread. */
bool spool_use_remarks(struct spool *spool, bool taken);

/* "The report of this period is finished", or, taken back, is not after all. */
struct spool_finished {
	struct period period;              /* of a day or longer */
	char author[SPOOL_AUTHOR_MAX + 1]; /* "": nobody was asked */
	int64_t at_us;                     /* when; 0: nobody knew the time */
	bool undone;
	uint64_t seq; /* of the batch it went in; 0: not yet */
};
/** Say so; durable when it returns 0. Nothing changes where that stands already. -EINVAL: there is
 * no figure of the period here, of which it could be said. -ENOSPC, -EIO, ... as spool_record(). */
int spool_finish(struct spool *spool, const struct spool_finished *finished, struct err *err);
/** What was last said of @period; -ENOENT (err untouched): nothing. */
int spool_finished_of(struct spool *spool, struct period period,
		      struct spool_finished *ret_finished, struct err *err);
/** Walk what was last said of each period that begins on @from_day or later. */
int spool_each_finished(struct spool *spool, int32_t from_day,
			int (*on_finished)(void *context, const struct spool_finished *finished),
			void *context, struct err *err);

/** Figures wait until the clock knows the time, as the last sealing or recording found: seal again
 * now and then. */
bool spool_waits_for_clock(const struct spool *spool);

/** The payload of batch @seq, appended to @out. -ENOENT when it is not there (never sealed, or
 * trimmed). */
int spool_batch(struct spool *spool, uint64_t seq, struct blob *out, struct err *err);

/** Everything up to @upto is committed at the province. Lower than before is fine: a province
 * restored from a backup asks again for what it lacks, and kept batches wait again. @at_us: when,
 * by the province's clock where it is known, because what is older than keep_days goes by it.
 * -ERANGE, and nothing changed, when @upto was never sealed here; nothing changes, too, when it is
 * of an earlier life. Works when the spool is full, and
 * when the disk has not a byte left: the journal's blocks were taken when the spool was opened. */
int spool_acked(struct spool *spool, uint64_t upto, int64_t at_us, struct err *err);

/** Is batch @seq the one that the province has under this number? @digest (common/net/wire.h) is of
 * its payload there. True, too, for a batch that is not kept: only what was acked is ever dropped;
 * and when @len is 0: the province does not say. */
int spool_matches(struct spool *spool, uint64_t seq, const uint8_t *digest, size_t len,
		  bool *ret_matches, struct err *err);

/** What the province quarantined, for the clerk. */
int spool_quarantined(struct spool *spool, uint64_t seq, uint32_t series, uint32_t observations,
		      const char *reason, struct err *err);

/** The province holds @waits observations of this office back, at most: of all that it was told to
 * have refused before, the others were released. When nothing waits, nothing is listed any more. */
int spool_waits(struct spool *spool, uint64_t waits, struct err *err);

/* What of one series of a batch waits at the province, or was released. */
struct spool_waiting {
	uint64_t spool_id, seq; /* as the wire numbers them, likewise: */
	uint32_t series, observations;
	const char *reason; /* lent */
};
struct spool_verdicts {
	const struct spool_waiting *waiting; /* [n_waiting], the newest first */
	size_t n_waiting;
	bool whole;                           /* nothing else waits */
	const struct spool_waiting *released; /* [n_released], of late */
	size_t n_released;
	uint64_t upto; /* the province knew of this batch and those before (as counted here) */
};
/** The list of what the province refused becomes what it tells: what was released since is in it no
 * more, what was held since is. Where the province cannot tell all of it, what it does not speak of
 * stays. Nothing is written when nothing is new. */
int spool_told_waiting(struct spool *spool, const struct spool_verdicts *told, struct err *err);

/* The ledger's head, as the province told it (proto/lantoa.proto). */
struct spool_head {
	int32_t day;    /* local, on which it was told last; days since 1970 */
	uint64_t epoch; /* of the ledger; 0: not told */
	uint64_t position;
	uint8_t chain[32];
};
#define SPOOL_HEADS_MAX 400 /* one for each day, as a rule: more than a year */
/** Does @is go on from @was, so that it says all that @was does? It is of the same day and epoch,
 * and of a higher position, or the same link. Else the province was set back in between: each
 * proves what the other cannot. */
bool spool_head_follows(const struct spool_head *was, const struct spool_head *is);
/** Keep it, instead of its day's newest where it follows that, beside it where it does not; and of
 * all those that were told last. (heads.c says when it is written.) */
int spool_hear_head(struct spool *spool, const struct spool_head *head, struct err *err);
/** Walk the newest @most, in the order in which they were told. */
int spool_each_head(struct spool *spool, unsigned most,
		    int (*on_head)(void *context, const struct spool_head *head), void *context,
		    struct err *err);

struct spool_status {
	uint64_t last_seq, acked_seq;                   /* 0: none */
	uint64_t unsealed;                              /* observations not sealed yet */
	uint64_t waiting_batches, waiting_observations; /* sealed, not acked */
	int64_t oldest_waiting_us; /* when the oldest of them was sealed; 0: none */
	int64_t last_ack_us;       /* 0: never */
	uint64_t quarantined;      /* observations refused by the province so far */
	uint64_t held;       /* of those, which it still has in quarantine as far as is known */
	uint64_t released;   /* listed as refused, and released since; which ones is not known */
	uint64_t held_older; /* of those, because this machine was set back */
	uint64_t bytes, bytes_max;
	uint64_t undated_here;  /* figures of "now" that wait until the clock knows the time */
	uint64_t undated;       /* and until somebody says when the machine was started */
	uint64_t heads;         /* of the ledger, kept here: of so many days; 0: none, and then */
	struct spool_head head; /* the newest of them is none */
	bool set_aside; /* a damaged file lies there from which nothing was brought back yet */
	enum clock_witness witness; /* NOBODY: nobody knows what time it is */
	int64_t ahead_us;           /* the wall clock's error, when the time is known */
	uint64_t disk_free;         /* bytes left to us on its file system */
	uint64_t reserve;           /* that is to be left of them */
	int refused_rc; /* the spool or its disk would not take the newest figures: -ENOSPC,
			 * -EIO, ...; 0: it did, or an ack made room since */
};
int spool_status(struct spool *spool, struct spool_status *ret_status, struct err *err);
/** From bytes on, the rest zero: cheap, whatever waits. */
int spool_room(struct spool *spool, struct spool_status *ret_status, struct err *err);

/** Walk what the province quarantined, newest first, at most @most (1000 are kept). */
struct spool_refusal {
	uint64_t seq;
	const char *metric, *labels, *reason; /* valid during the callback */
	uint32_t observations;
};
int spool_each_refusal(struct spool *spool, unsigned most,
		       int (*on_refusal)(void *context, const struct spool_refusal *refusal),
		       void *context, struct err *err);
/** Walk the sealed batches, oldest first. */
struct spool_entry {
	uint64_t seq;
	int32_t day;
	uint32_t observations;
	size_t bytes;
	int64_t sealed_us;
	bool acked;
};
int spool_each_batch(struct spool *spool,
		     int (*on_entry)(void *context, const struct spool_entry *entry), void *context,
		     struct err *err);
/** Walk the current values, series by series. Texts are valid during the callback. */
int spool_each_current(struct spool *spool,
		       int (*on_value)(void *context, const struct observation *obs), void *context,
		       struct err *err);
/** Walk the series of @metric that are counted per @grain of @calendar, and of each its newest
 * values, at most @most, none of a period that begins after @until_day. */
struct spool_value {
	struct observation obs; /* texts are valid during the callback, author and note too: "" */
	uint64_t seq;           /* of the batch it went in; 0: not sealed yet */
};
int spool_each_newest(struct spool *spool, const char *metric, enum calendar calendar,
		      enum grain grain, int32_t until_day, unsigned most,
		      int (*on_value)(void *context, const struct spool_value *value),
		      void *context, struct err *err);
/** Of one series the newest values before @period, of its grain and calendar, at most @most for
 * each number of decimals that the series has had; the newest of each first. */
int spool_each_before(struct spool *spool, const char *metric, const char *labels,
		      struct period period, unsigned most,
		      int (*on_value)(void *context, const struct spool_value *value),
		      void *context, struct err *err);
/** Walk what a metric has of @period: the whole, or its parts, each with its labels. */
int spool_each_part(struct spool *spool, const char *metric, struct period period,
		    int (*on_value)(void *context, const struct spool_value *value), void *context,
		    struct err *err);
/** Decode every kept batch and compare with the current values; -EUCLEAN names the first that is
 * wrong. */
int spool_verify(struct spool *spool, struct err *err);

/** Starts of the machine from which figures wait undated, oldest first. Texts are valid during the
 * callback. */
struct spool_start {
	int64_t number;   /* names it for people */
	const char *boot; /* the kernel's id of it, as journalctl --list-boots shows */
	bool is_this_one;
	uint64_t figures;
	int64_t first_us, last_us; /* when they came, since the machine was started */
	const char *metrics;       /* their names, with commas between */
	const char *reason;        /* of one that could not be dated, in English; NULL: none */
};
int spool_each_start(struct spool *spool,
		     int (*on_start)(void *context, const struct spool_start *start), void *context,
		     struct err *err);
struct spool_assigned {
	uint64_t dated;
	uint64_t superseded; /* one with a period came later and replaced it */
	uint64_t left;       /* they stay, each with its reason */
};
/** The machine of start @number was started at @start_us: date its figures, in the order in which
 * they came. One that would replace a value is left: nobody knows which came later. -ENOENT: no
 * such start; -EINVAL when figures would be of the future then. All or none. */
int spool_assign(struct spool *spool, int64_t number, int64_t start_us,
		 struct spool_assigned *ret_assigned, struct err *err);
/** Give up the figures of start @number; -ENOENT. */
int spool_drop_start(struct spool *spool, int64_t number, uint64_t *ret_figures, struct err *err);

/** Small durable facts of the agent: the catalogue's CSV, the office's name, ... -ENOENT when
 * unset, which is no trouble: @err stays as it was. */
int spool_fact_set(struct spool *spool, const char *name, const void *data, size_t len,
		   struct err *err);
int spool_fact_get(struct spool *spool, const char *name, struct blob *out, struct err *err);
