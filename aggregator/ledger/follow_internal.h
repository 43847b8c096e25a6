/* What the files of a change share: follow.c makes it at once, in one transaction; steps.c in
 * steps, on the pages that are to be. */
#pragma once

#include "journal/declarations.h"
#include "ledger/follow.h"
#include "ledger/impact.h"
#include "ledger/review.h"
#include "rollup/fold.h"

#define CALENDARS 2u /* civil and report */

struct known_series {
	uint32_t id;
	const struct metric *metric; /* of the catalogue before; NULL: it had none */
	enum effect effect;
	const struct metric *next; /* of the catalogue after; NULL: it has none */
};

struct reporter { /* an office that declared a series whose metric is another now */
	int64_t office;
	uint32_t series;
};

/* What is done with an office's day. */
enum touch {
	TOUCH_MOVE,  /* its figures go from some units to others */
	TOUCH_ANEW,  /* taken out, judged, and put in again */
	TOUCH_PLAYED /* played again over what is there */
};

struct touched { /* an office on the day at hand */
	const struct office *before, *after;
	enum touch touch;
	bool whole;                    /* all its series, and not those of its reporters */
	bool damaged;                  /* an entry cannot be read: nothing is put in */
	size_t reporters, n_reporters; /* from where, how many */
	int64_t entry;                 /* the last of the journal that it has of the day */
	int64_t observations;          /* in its entries, as far as that is known */
};

struct following {
	sqlite3 *db;
	const struct reference *before, *after;
	int64_t at_us;        /* of the act; 0: at the switch */
	bool next;            /* on the pages that are to be */
	bool stands_next;     /* what is taken stands as it is to be, not as it was */
	struct impact impact; /* owned */
	struct declarations *declarations;
	struct fold *fold;
	struct review *review;
	struct known_series *series; /* owned [n], ascending by id */
	size_t n_series;
	struct reporter *reporters; /* owned [n], ascending by office and series */
	size_t n_reporters;
	struct touched *touched; /* owned [n] */
	size_t n_touched;
	uint64_t seen;                       /* offices' days that were looked at, touched or not */
	uint32_t *only;                      /* owned: of one office */
	int32_t day;                         /* at hand */
	bool metrics;                        /* some that are others begin on it */
	bool grains[GRAIN_COUNT][CALENDARS]; /* of which pages may have entries */
	sqlite3_stmt *next_day, *offices;
	uint64_t office_days;
};

/** What @f (zeroed, but for db, before, after, impact and next) works with. Close it whatever comes
 * of this. */
int following_open(struct following *f, struct err *err);
/** Of that, what it takes to know whom a day touches. */
int following_lists(struct following *f, struct err *err);
/** Series and reporters anew: some were declared since. */
int following_reload(struct following *f, struct err *err);
void following_close(struct following *f);

/** Which of its days, from @from to @end - 1, is the first? 1 with f->day; 0: there is none. */
int following_day(struct following *f, int64_t from, int32_t end, struct err *err);
/** The days that any of it can touch: from *@ret_from to *@ret_end - 1. */
void following_range(const struct impact *impact, int32_t *ret_from, int32_t *ret_end);
/** Whom f->day touches: f->touched. */
int following_touched(struct following *f, struct err *err);

/** The metric of a series, in the catalogue after; NULL: it has none. */
const struct metric *following_metric(const struct following *f, uint32_t series);

#define FOLLOWING_PAGES_MAX (25u + 2u * GRAIN_COUNT)
/** The pages of a node that come of f->day's batches; how many. The node is left to the caller. */
size_t following_pages(const struct following *f, struct page_key ret_keys[FOLLOWING_PAGES_MAX]);

/** All that is touched on f->day: out, and in again. */
int following_do_day(struct following *f, struct err *err);
/** Take what is touched out of the pages; what moves alone goes in again at once. */
int following_take(struct following *f, const struct touched *touched, struct err *err);
/** Judge it, unless it only moves. */
int following_judge(struct following *f, struct touched *touched, struct err *err);
/** Play what still counts and put it in. */
int following_put(struct following *f, const struct touched *touched, struct err *err);
