/* I10, I11: what one office may take of the province, as one table: name, default, why this number,
 * and what happens at the limit. A limit that an office reaches costs that office alone, is
 * counted, and is shown (`lantoa office show`, `lantoa status`); nothing that it has was lost,
 * since figures stay in its spool until they are acked.
 *
 * Thought of for an office of 40 per-minute series that comes back after 90 days with 64 MiB in its
 * spool, whose machine was restored from an image a few times, in a country of 11,000 offices.
 *
 * A limit is one of two kinds. A level is how many there are (spools); what the database holds is
 * counted there by its writer. A rate is how much in a minute: a bucket that holds one minute's
 * worth and is filled evenly.
 *
 * The meters below are the loop's: levels of what lives in memory, rates, and who was at which
 * limit. Time arrives as an argument. They take 200 bytes for each office that was heard since the
 * start, and only offices (or keys) of the register are ever asked about. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row each: the constant; its word in [limits] and in JSON; is it a rate; the default; the
 * least that may be configured, which an honest office lives with; help for the configuration; what
 * is counted.
 *
 * connections, handshakes (the gate's): one connection is in use, and each power cut at the office
 * leaves one more behind until TCP gives it up; a line that flaps makes a few handshakes a minute.
 * questions: an agent says Hello once a connection, and Ping every 80 seconds.
 * bytes: a whole spool of 64 MiB at once. Acks ask for slowness from half of it on.
 * work: 40 per-minute series of 90 days, all of them corrected, are 20 million. All of it takes the
 * writer 6 to 12 s, so an office that takes all it may leaves the others four fifths of its time.
 * waiting: twice the credit, what was under way when the line broke and the same again behind it.
 * refused: an honest office has 16 when a batch got lost, and stops for an hour at a bad one.
 * spools: a machine that is restored or loses its disk begins one, twice a year at the worst.
 * series: three spools that are full by mistake. 40 bytes of disk each, and the texts. Those of a
 * life of series numbers that ended count as well: their rows stay for good, since the journal's
 * entries of that life are read by them, and what the limit bounds is the disk.
 * held: a row is values of a run that stand together for one reason. 40 series of minutes in
 * batches of a day, held for 90 days, are 3,600. 20 bytes of disk each.
 * day: 40 series of minutes, each sent 30 times. To correct one figure is to play all of its day.
 */
#define OFFICE_LIMITS(X)                                                                           \
	X(LIMIT_CONNECTIONS, connections, false, 8, 2,                                             \
	  N_("connections that one key may hold; at one more the oldest is cut off"),              \
	  N_("connections"))                                                                       \
	X(LIMIT_HANDSHAKES, handshakes, true, 30, 4,                                               \
	  N_("handshakes of one key a minute; more are refused until some are over"),              \
	  N_("handshakes a minute"))                                                               \
	X(LIMIT_QUESTIONS, questions, true, 120, 10,                                               \
	  N_("greetings and pings of one office a minute; more are dropped"),                      \
	  N_("greetings and pings a minute"))                                                      \
	X(LIMIT_BYTES, bytes, true, 67108864, 4194304,                                             \
	  N_("bytes of one office a minute: at half of them acks ask it to slow down, beyond "     \
	     "them frames are dropped, and sent again later"),                                     \
	  N_("bytes a minute"))                                                                    \
	X(LIMIT_WORK, work, true, 200000000, 20000000,                                             \
	  N_("work that the batches of one office may make a minute, in observations: those of "   \
	     "a corrected day count again; at half of it acks ask the office to slow down, "       \
	     "beyond it batches are dropped, and sent again later"),                               \
	  N_("work a minute"))                                                                     \
	X(LIMIT_WAITING, waiting, false, 32, 32,                                                   \
	  N_("batches of one office that may wait for a commit; more are dropped, and sent "       \
	     "again later"),                                                                       \
	  N_("batches that wait for a commit"))                                                    \
	X(LIMIT_REFUSED, refused, true, 120, 16,                                                   \
	  N_("batches and other messages of one office a minute that cannot be taken; after "      \
	     "those its batches are dropped until some of the minute is over"),                    \
	  N_("refused messages a minute"))                                                         \
	X(LIMIT_SPOOLS, spools, false, 256, 16,                                                    \
	  N_("spools that one office may ever have started; the first batch of one more is "       \
	     "refused, and stays at the office"),                                                  \
	  N_("spools"))                                                                            \
	X(LIMIT_SERIES, series, false, 196608, 65536,                                              \
	  N_("series that the spools of one office may declare; a batch that declares more is "    \
	     "refused, and stays at the office"),                                                  \
	  N_("series"))                                                                            \
	X(LIMIT_HELD, held, false, 250000, 10000,                                                  \
	  N_("rows of quarantine that one office may have waiting; a batch that would make "       \
	     "more is refused, and stays at the office"),                                          \
	  N_("rows in quarantine"))                                                                \
	X(LIMIT_DAY, day, false, 2000000, 200000,                                                  \
	  N_("observations that one office may send for one day, corrections included; a batch "   \
	     "that holds more is refused, and stays at the office"),                               \
	  N_("observations for one day"))

enum limit {
#define LIMIT_ENUM(id, word, is_rate, fallback, least, help, what) id,
	OFFICE_LIMITS(LIMIT_ENUM)
#undef LIMIT_ENUM
		LIMIT_COUNT
};

struct limits { /* the numbers in force */
	uint32_t most[LIMIT_COUNT];
};

struct limit_kind {
	const char *name; /* a stable word */
	bool rate;        /* a minute */
	uint32_t fallback, least;
	const char *what; /* what is counted, for people; translated by who shows it */
};
/** Static. */
const struct limit_kind *limit_kind(enum limit limit);
/** The defaults. */
struct limits limits_default(void);
/** Why a batch is not taken whose office is at @limit, one of those that the database counts
 * (spools, series, held, day), and what to do: -EDQUOT. */
int limits_refuse(const struct limits *limits, enum limit limit, struct err *err);

struct meters;
/** @limits outlives the meters and may change between calls. NULL: out of memory. */
struct meters *meters_open(const struct limits *limits);
void meters_close(struct meters *meters); /* NULL is fine */
const struct limits *meters_limits(const struct meters *meters);

/* @who is the office's id, but for LIMIT_CONNECTIONS and LIMIT_HANDSHAKES, where the gate asks
 * about keys: an invitation in strange hands must not keep the office's own key out. It has meters
 * of its own for those. Without memory for one more, everything is allowed: that is our fault, not
 * the peer's. */

/**
 * Take @amount of a rate. True: taken. False, and counted as a hit: there is less than that left,
 * and nothing was taken. More than a whole minute's worth is taken from a full bucket.
 */
bool meters_take(struct meters *meters, int64_t who, enum limit limit, uint64_t amount,
		 uint64_t now_ms);
/** How long until @share (0 to 100) percent of a minute's worth is there; 0: it is. */
uint64_t meters_wait_ms(const struct meters *meters, int64_t who, enum limit limit, unsigned share,
			uint64_t now_ms);
/** Is anything left of a rate? If not, that is a hit. For what is only known to cost after it was
 * let in: then meters_spend(). */
bool meters_open_to(struct meters *meters, int64_t who, enum limit limit, uint64_t now_ms);
/** Spend of a rate what was used already, as far as there is. */
void meters_spend(struct meters *meters, int64_t who, enum limit limit, uint64_t amount,
		  uint64_t now_ms);

/** One more of a level; false, and a hit, at the limit. */
bool meters_enter(struct meters *meters, int64_t who, enum limit limit, uint64_t now_ms);
void meters_leave(struct meters *meters, int64_t who, enum limit limit);

/** Others found it at the limit. */
void meters_hit(struct meters *meters, int64_t who, enum limit limit, uint64_t now_ms);

struct meter_reading {
	uint64_t used; /* of a level in memory: now; of a rate: in the last minute. Of levels in the
			  database: 0 */
	uint64_t hits; /* since the start */
	bool now;      /* hit within the last LIMIT_SHOWN_MS */
};
#define LIMIT_SHOWN_MS 600000u /* ten minutes: an operator looks, and still sees it */
struct meter_reading meters_read(const struct meters *meters, int64_t who, enum limit limit,
				 uint64_t now_ms);
/* Who was at a limit within the last LIMIT_SHOWN_MS. */
struct limit_report {
	size_t n;          /* how many; 0: nobody, and the rest says nothing */
	int64_t who;       /* the one that hit last, */
	enum limit limit;  /* this limit */
	uint64_t until_ms; /* n holds until then, if nobody hits a limit */
};
/** Walks all: for once a second. */
struct limit_report meters_report(const struct meters *meters, uint64_t now_ms);
