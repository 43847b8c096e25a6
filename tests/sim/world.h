/* A province and its offices on a virtual clock: real uplink cores over real spools, the real
 * group commits, acks and ledger over a real database; only time, link and power are made up.
 *
 * Everything that will happen is an event in one heap. A line is one connection of one office. What
 * travels on a line arrives in order or is lost with it: when a line breaks, a prefix of what was
 * on its way to the province still arrives (the province had read it already), the rest is gone,
 * and answers too. Answers may also be lost one by one (the gate drops them when it must), and
 * frames to the province may come twice. Between offices there is no order at all. */
#pragma once

#include "common/net/wire.h"
#include "ingest/group_commit.h"
#include "spool/spool.h"
#include "support/seeds.h"
#include "support/testbed.h"
#include "uplink/protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORLD_OFFICES_MAX 300u
#define WORLD_DAYS        4u
#define WORLD_CREDIT      16u        /* as ingest/intake.h */
#define WORLD_STRANGER    UINT32_MAX /* the line of somebody who is no office */

struct world;

/* --- what travels --- */

enum frame_kind { FRAME_HELLO, FRAME_BATCH, FRAME_PING, FRAME_WELCOME, FRAME_ACK, FRAME_REFUSED };

struct frame {
	enum frame_kind kind;
	uint64_t spool_id, seq; /* seq: of a batch; last_seq of Hello; upto of Welcome and Ack */
	int code;               /* of Refused */
	uint32_t slow_down_ms;  /* of Ack */
	uint32_t protocol;      /* the highest that is spoken; of Hello and Welcome */
	bool before_told;       /* of a batch */
	uint8_t before[WIRE_DIGEST_LEN];
	struct blob payload; /* owned; of a batch; of Welcome, the digest */
};

/* --- what happens --- */

struct event {
	uint64_t at_ms, order;
	void (*happen)(struct world *world, struct event *event);
	uint32_t office, line, life; /* whom it concerns; stale ones pass by */
	struct frame frame;
};

struct weather {            /* how bad it is */
	uint64_t line_ms;   /* a line holds so long on average; 0: for ever */
	uint64_t away_ms;   /* and is then away so long */
	uint64_t record_ms; /* between the handfuls of one office; 0: none */
	unsigned lost_frames, lost_answers, repeats; /* of a thousand */
	unsigned failed_commits, failed_notes;       /* of a thousand; notes: of acks, in spools */
	uint64_t full_ms;     /* a commit that failed fails so long on average; 0: once */
	uint64_t province_ms; /* between power cuts of the province; 0: none */
	uint64_t office_ms;   /* likewise, of each office */
	bool restores;        /* the province may come back from an older copy */
	bool spool_restores;  /* an office may, too; its clerk hands all in again */
	bool mixed;           /* protocols: some speak 1 alone, the province too at times */
	bool cut_off;         /* no line can be had at all */
	bool dead_batteries; /* an office's clock starts in 1970, and is set hours later or never */
	unsigned slow_downs; /* of a thousand Acks: the province asks to wait */
	uint64_t spool_bytes; /* the bound of spools; 0: so large that it does not matter */
	uint32_t numbers;     /* of series, that a spool's life has; 0: so many that they last */
	/* between each of these; 0: none */
	uint64_t hostile_ms; /* batches that somebody sends with an office's key */
	uint64_t damage_ms;  /* the disk damages a few rollup pages */
	uint64_t reader_ms;  /* somebody begins to read in the database, and stays for a while */
};

/* What comes with an office's key, and not from its agent. */
enum hostile {
	HOSTILE_BYTES,   /* no batch; a spool that is made up */
	HOSTILE_OWN,     /* no batch; as the next of the office's own spool */
	HOSTILE_BOMB,    /* a hundred bytes that would be millions */
	HOSTILE_NOTHING, /* a batch without a figure */
	HOSTILE_GAP,     /* a batch that follows on nothing */
	HOSTILE_UNKNOWN, /* a batch of a metric that nobody knows: held */
	HOSTILE_NOBODY,  /* of an office that the store has not: it fails the commit as a whole */
	HOSTILE_KINDS,
};

/* --- an office --- */

struct cell { /* one figure as handed in last */
	bool recorded, withdrawn;
	int64_t value_e;
};

struct machine { /* whose clock nobody knows the truth of */
	const struct world *world;
	char boot[16];
	uint64_t started_ms, set_at_ms; /* UINT64_MAX: never */
};

#define CELL_METRICS 2u /* a.day: one figure a day; b.hour: up to 24 */
#define CELL_HOURS   24u

struct site {
	int64_t id;                /* in the store */
	char path[128], copy[160]; /* of the spool, and of its older copy; "": none */
	struct spool *spool;
	struct machine machine;
	struct clock *clock; /* owned; NULL: all clocks are right */
	struct protocol core;
	uint32_t line, life; /* the line at present; 0: none. lives rise with each power cut */
	bool connected;
	uint64_t tick_ms;                      /* the tick that is under way; UINT64_MAX: none */
	uint64_t to_province_ms, to_office_ms; /* nothing on the line arrives earlier */
	uint32_t broken_line;
	uint64_t broken_until_ms; /* what of broken_line arrives by then still arrives */
	uint32_t lines, renewals;
	struct spool_life spool_life; /* that frames are about, as in uplink.c */
	bool unsealed_waits;
	bool restored;             /* from its copy, and not welcomed since */
	uint32_t speaks, protocol; /* the highest it knows; that of the last Welcome */
	uint64_t last_seq;         /* as uplink.c's struct last */
	uint8_t last_digest[WIRE_DIGEST_LEN];
	struct cell cells[CELL_METRICS][WORLD_DAYS][CELL_HOURS];
};

/* --- the world --- */

/* How often what happened; summed up over worlds by world_close(). */
struct counts {
	uint64_t crashes, restores, commits, failed_commits, duplicates, gaps, parted, lines, lives,
		proofs, restarts, batches, restored, restored_restarts;
	uint64_t hostile[HOSTILE_KINDS]; /* sent */
	uint64_t refused, later, held;   /* hostile batches: what became of them */
	uint64_t older;                  /* runs, or parts, of good offices: held as older copy */
	uint64_t put_back;               /* batches whose office had its share of the commit */
	uint64_t in_parts;               /* commits that were made again in parts */
	uint64_t damaged, mended;        /* pages */
	uint64_t readers, kept_log;      /* the log could not be copied whole behind them */
};

struct world {
	struct dice *dice; /* lent */
	struct weather weather;
	uint64_t now_ms, orders;
	struct event **heap; /* owned [n], each owned */
	size_t n, room;
	struct site *offices; /* owned [n_offices] */
	uint32_t n_offices;
	struct testbed testbed;
	uint32_t life, speaks; /* of the province; the highest protocol it knows */
	uint64_t full_until_ms;
	bool up, committing;
	struct batch_queue queue, commit;
	struct group_commit group;
	sqlite3 *reader; /* somebody reads; NULL: nobody */
	int64_t read; /* that there were so many entries, and it stays so while the reading lasts */
	uint64_t strangers; /* spools that were made up */
	char copy[128];     /* path of the older copy; "": none */
	struct counts counts;
	char folder[SCRATCH_MAX];
};

/** @n offices of one province, at rest. Failures are failed tests, here and below. */
void world_open(struct world *world, struct dice *dice, uint32_t n, const struct weather *weather);
/** Adds what happened to @total. */
void world_close(struct world *world, struct counts *total);
/** Let @ms pass. */
void world_run(struct world *world, uint64_t ms);
/** No more bad weather from now on; what is down comes up. */
void world_calm(struct world *world);
/** A copy for event of after @wait_ms; order among equals is that of the calls. */
struct event *world_plan(struct world *world, uint64_t wait_ms,
			 void (*happen)(struct world *world, struct event *event), uint32_t office);
/** UTC microseconds now. */
int64_t world_now_us(const struct world *world);
/** 1 ... 2 * @mean_ms, on average @mean_ms. */
uint64_t world_about(struct world *world, uint64_t mean_ms);
bool world_chance(struct world *world, unsigned of_a_thousand);

/* site.c: between the core and the rest */
void site_open(struct world *world, uint32_t index);
void site_close(struct site *office);
/** Power is cut, and back at once. */
void site_restart(struct world *world, uint32_t index);
/** What was recorded since goes its way. */
void site_recorded(struct world *world, uint32_t index);
/** The clerk hands in a few figures. */
void site_record(struct world *world, uint32_t index);
void site_hear(struct world *world, uint32_t index, const struct frame *frame);
/** The line is gone. */
void site_cut(struct world *world, uint32_t index);
bool site_is_done(struct site *office); /* everything sealed and acked */

/** Of files. */
void world_copy(const char *from, const char *to);

/* link.c */
void link_open(struct world *world, uint32_t index);
void link_close(struct world *world, uint32_t index);
/** Takes the payload. */
void link_to_province(struct world *world, uint32_t index, struct frame *frame);
/** Likewise. */
void link_to_office(struct world *world, uint32_t index, uint32_t line, struct frame *frame);

/* province.c */
void province_open(struct world *world);
void province_close(struct world *world);
/** Takes the payload. */
void province_hear(struct world *world, uint32_t index, uint32_t line, struct frame *frame);
/** Up it comes, and whoever reads goes. */
void province_calm(struct world *world);
/** Of @office; @line may be WORLD_STRANGER. */
void province_hear_batch(struct world *world, uint32_t index, uint32_t line,
			 const struct frame *frame, int64_t office);

/* trouble.c */
void trouble_begin(struct world *world);
void trouble_reader_goes(struct world *world);
/** After a commit. */
void trouble_copy_log(struct world *world);
