/* Offices whose unit ended follow it to the one that it went to: all of a reform's day at once.
 * Only what is certain is done: where the unit went whole to one successor (share 1). Of a unit
 * that was divided, of which the share is not known, or that has no successor, somebody has to say
 * where its offices go: they are listed, with what there is to choose from, and stay where they
 * are. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "registry/offices.h"
#include "registry/units.h"

#include <stddef.h>
#include <stdint.h>

#define FOLLOW_CHOICE_MAX 512u

struct office_follower {
	const struct office *office;
	const struct unit *was, *becomes; /* becomes NULL: to be decided by hand */
	char choice[FOLLOW_CHOICE_MAX];   /* then: "CODE Name; ..." of the successors; "": none */
};

struct office_followers {
	struct office_follower *list; /* owned [n], by office as in the register */
	size_t n, certain;            /* certain: that have somewhere to go */
};

/** The offices that would stand from the day @on, on which a unit of theirs is no more (and no
 * other has its code), on none. @ret is freed with free(ret->list); all else is lent by the two. */
int office_followers_find(const struct offices *offices, const struct units *units, int32_t on,
			  struct office_followers *ret, struct err *err);

#define OFFICE_FOLLOW_DETAIL_MAX 128u
/** In the caller's transaction, as office_reassign() does for one: the certain ones move on the day
 * @on. Those that did before are none of them any more: a second time does nothing. @ret_n: how
 * many moved; @ret_detail: what its event says. */
int office_follow(sqlite3 *db, int32_t on, size_t *ret_n, char ret_detail[OFFICE_FOLLOW_DETAIL_MAX],
		  struct err *err);
