/* I12: an act that changes the reference, and with it figures: units, the catalogue or days off are
 * imported, an office moves or ends, or all follow their units. What costs little is done in the
 * transaction of the order. What costs more goes by steps (steps.h), each a transaction of its own,
 * while batches come in and questions are answered as before; and the act itself is done in the
 * last of them, with all that follows from it. A release of much that waits goes by steps too
 * (release.h), but each of its steps is an act by itself: what was released stays so when it is
 * taken back.
 *
 *   CHANGE_DAYS      the days are gone through; of a release: what waits
 *   CHANGE_STALE     and what came meanwhile; when none is left: the act, its event, the switch
 *   CHANGE_SETTLING  it is in force; what it holds is brought into quarantine, and into the ledger,
 *                    in events that go on from its own; then its pages are brought to their place
 *   CHANGE_OVER      with its outcome, which stays to be asked for until the next one begins
 *
 * There is one change at a time. All of it stands in table change_under_way and what that names: a
 * process that was killed goes on where the last commit was. Until it is in force it can be taken
 * back, and then nothing was.
 *
 * Closings meanwhile: a change judges figures as if nothing were closed (review.h), so it comes to
 * what it would if the closing had been before it. A release in steps lets them in or not by what
 * is closed, and half of it would be by the one and half by the other: change_refuse_closing(). */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "ledger/release.h"
#include "ledger/steps.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANGE_AT_ONCE 2000000u /* work: 0.1 s. What costs less is not worth steps */

enum change_stage { CHANGE_DAYS, CHANGE_STALE, CHANGE_SETTLING, CHANGE_OVER };

enum change_kind {
	CHANGE_UNITS,
	CHANGE_CATALOGUE,
	CHANGE_MOVE,
	CHANGE_RELEASE,
	CHANGE_CALENDAR,
	CHANGE_END,
	CHANGE_FOLLOW,
	CHANGE_KIND_COUNT
}; /* stored: another goes behind them */
/** As the audit has it: "units import". */
const char *change_word(enum change_kind kind);

struct change_form {
	enum change_kind kind;
	const char *who;
	const char *note; /* of an import: the audit's line */
	const char *body; /* of an import: the table [len] */
	size_t len;
	const char *office, *unit;   /* that moves or ends; and where to, NULL: nowhere */
	int32_t from;                /* the day from which on, or of the units' end */
	struct release_form release; /* but for who and at_us */
};

#define CHANGE_DETAIL_MAX 256u
/** Do the act alone, in the caller's transaction: no figure follows yet. *@ret_n: rows that
 * changed; 0: it was so already. Errors as units_import() and so on. Its event
 * is the caller's (change_note()), as what follows from it belongs to it: @ret_detail is what that
 * says of a move. */
int change_act(sqlite3 *db, const struct change_form *form, size_t *ret_n,
	       char ret_detail[CHANGE_DETAIL_MAX], struct err *err);
/** Append the event of an act that was done, at @at_us (event_time()). */
int change_note(sqlite3 *db, const struct change_form *form, const char *detail, int64_t at_us,
		struct err *err);

/** -EEXIST with a sentence while a change is under way that is not in force yet, or of which not
 * all that it holds is in quarantine yet: for whoever would change what it rests on. */
int change_refuse(sqlite3 *db, struct err *err);
/** -EEXIST with a sentence while what a change holds is still brought into quarantine: for whoever
 * looks at all that waits in that table alone. */
int change_refuse_settling(sqlite3 *db, struct err *err);
/** -EEXIST with a sentence while a release is under way: before a period is closed or opened. */
int change_refuse_closing(sqlite3 *db, struct err *err);
/** Begin, in a transaction that did none of the act. *@ret_id: its number. -EEXIST. */
int change_begin(sqlite3 *db, const struct change_form *form, const struct steps_cost *cost,
		 int64_t *ret_id, struct err *err);
/** Take it back. -ENOENT: none is under way; -EEXIST: it is in force. */
int change_cancel(sqlite3 *db, const char *who, struct err *err);
/** How long @work takes, in microseconds: by the steps of the last change, or else as measured on a
 * small server. */
int change_estimate(sqlite3 *db, uint64_t work, int64_t *ret_us, struct err *err);

#define CHANGE_TEXT_MAX 1024u
struct change_state {
	int64_t id; /* 0: there was never one */
	enum change_kind kind;
	enum change_stage stage;
	char word[24], who[64]; /* change_word(), and who ordered it */
	int64_t begun_us;
	uint64_t done, total; /* work; what came meanwhile makes it more */
	int64_t left_us;      /* about, of what is under way */
	/* when it is over: */
	int code;      /* 0, or the error that ended it */
	uint64_t rows; /* as change_act(); of a release: observations that were released, so far */
	uint64_t held; /* observations that went into quarantine, or were kept there */
	char text[CHANGE_TEXT_MAX]; /* the error's sentence, or a warning; "": none */
};
/** As of the transaction. */
int change_read(sqlite3 *db, struct change_state *ret_state, struct err *err);

struct change; /* what whoever makes steps keeps between them */

/** NULL: out of memory. */
struct change *change_open(void);
void change_close(struct change *change); /* NULL is fine */
/** After a rollback. */
void change_forget(struct change *change);
/** Make a step of about @budget of work and @limit_us (0: any) in the caller's transaction, in
 * which the reference in force is @reference. 1: there is more to do; 0: it is over, or there is
 * none. What the act itself is refused for (-EINVAL, -EEXIST, -ENOENT, -EFBIG, -E2BIG) ends it,
 * with that as its outcome; any other error, and -EUCLEAN of what a disk damaged, is returned, and
 * the step may be tried again after the rollback and change_forget(). */
int change_step(struct change *change, sqlite3 *db, const struct reference *reference,
		uint64_t budget, int64_t limit_us, struct err *err);
