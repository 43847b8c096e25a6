/* An order: an act with its fields, as a reader has them on the screen. It goes so:
 *
 * 1. GET /act/NAME?FIELDS: what is missing is asked for; when all is there the aggregator is asked
 *    what would come of it (dry_run=1), and that is told, with a form to agree to it.
 * 2. POST /act/NAME: the form brings the fields once more, and "seen", the digest of what was told.
 *    The aggregator is asked again what would come of it. Is it still the same, the act is done;
 *    else the page tells the new, says so, and nothing was done.
 *
 * A table (of units, the catalogue, ...) is brought by a form from the first on, and goes back with
 * the page that tells what it would change, so that nothing of it is kept here. */
#pragma once

#include "common/base/blob.h"
#include "common/text/urlencoded.h"
#include "dashboard/act.h"

#define ORDER_VALUE_MAX  2100u      /* bytes of a field, NUL included: the longest is a reason */
#define ORDER_TABLE_MAX  (2u << 20) /* bytes */
#define ORDER_DIGEST_MAX 48u        /* with its NUL */
#define ORDER_OFFICE_MAX 40u
#define ORDER_TARGET_MAX 96u

struct order {
	const struct act *act;
	char *values[ACT_FIELDS_MAX]; /* owned; NULL: not given */
	char *back;                   /* owned; a page of this site, or "" */
	struct blob table;            /* owned: as text, each line ended by "\n" */
	char seen[ORDER_DIGEST_MAX];  /* of what was agreed to; "": nothing yet */
	bool meant;                   /* agreed to although it takes something away */
	char *trouble;                /* owned: why it was not done; NULL */
	unsigned status;              /* of HTTP, of that */
	struct blob body;             /* owned: what the aggregator is sent */
	char trial[ORDER_TARGET_MAX], target[ORDER_TARGET_MAX]; /* where it is tried, and done */
	struct sending sending;                                 /* the trial; lent to the asking */
	char address[QUESTION_MAX];                             /* where the same is looked at */
	/* what the page found, when nothing is asked any more */
	char digest[ORDER_DIGEST_MAX];   /* of what it tells; "": it tells nothing */
	char replaced[ORDER_DIGEST_MAX]; /* of a table: the edition that it was compared with; "":
					    of none */
	char office[ORDER_OFFICE_MAX];   /* the code of the one that it is about, however that was
					    named; "": of none */
	bool needs_yes;                  /* it takes something away */
	bool nothing; /* it would change nothing, so there is nothing to agree to */
};

/** @act's, with no field given. */
void order_init(struct order *order, const struct act *act);
void order_deinit(struct order *order);

/**
 * Read @target, "/act/NAME?FIELDS", an address of @act. The caller deinits @ret_order in any case.
 * Nobody agrees to anything by an address: that takes a form, order_take().
 *
 * -EINVAL: a sentence on what is wrong in it; -ENOMEM.
 */
int order_read(const struct act *act, const char *target, struct view *ret_view,
	       struct order *ret_order, struct err *err);
/** Take over a field of a form that was sent by a page of ours; those that are no order's
 * ("change") are left to the caller. -EINVAL, -ENOMEM. */
int order_take(struct order *order, const char *name, const char *value, struct err *err);
/** The table that a form brought. -EINVAL: it is no text; -E2BIG; -ENOMEM. */
int order_take_table(struct order *order, const char *text, size_t len, struct err *err);

/** The value of a field; "": not given. */
const char *order_value(const struct order *order, const char *name);
/** Where the same is looked at, in the other language say: an address that order_read() reads as
 * this order of this @view, but for the table; the act's alone where all of it does not fit.
 * Returns @text. */
const char *order_address(const struct order *order, const struct view *view,
			  char text[QUESTION_MAX]);
/** Is all there that is needed to ask what would come of it? */
bool order_is_whole(const struct order *order);
/** Did somebody agree to what the page tells? Then it is to be done. Never of an act that is done
 * elsewhere (no path). */
bool order_is_agreed(const struct order *order);
/** What is sent to do it, or only to try it. Valid as long as @order. -ENOMEM. */
int order_sending(struct order *order, bool trial, struct sending *ret_sending, struct err *err);
/** The status of the page that tells of it. */
unsigned order_status(const struct order *order);
/** It could not be done: @sentence is told beside the form, without a last clause that names a
 * command: the one of "2025-06 is closed already; `lantoa closed` lists them". */
void order_trouble(struct order *order, unsigned status, const char *sentence);
/** Where one goes on after it: @order->back, or the act's home; what is an office's is known once
 * the page told of it. */
#define ORDER_HOME_MAX 128u
const char *order_home(const struct order *order, char text[ORDER_HOME_MAX]);

/** The screen of it: visit->order. */
void order_write(struct visit *visit, struct html *html);
