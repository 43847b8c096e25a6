/* Figures that come by the thousand, added up in memory until they go to the spool together: one
 * slot for each (metric, labels, period). Pure: no clock, no disk. */
#pragma once

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/hash.h"
#include "spool/spool.h"

#include <stddef.h>
#include <stdint.h>

#define TALLY_SLOTS_MAX 1000u

enum tally_how {
	TALLY_SET,     /* it is the value now */
	TALLY_ADD,     /* to what there is, or to nothing */
	TALLY_CHANGE,  /* the same, but there must be a value to start from */
	TALLY_MAXIMUM, /* the largest of it and what there is */
	TALLY_MINIMUM,
};

struct tally_slot {
	struct observation obs; /* texts are the tally's; how tells, not add */
	enum tally_how how;
};

struct tally {                    /* zeros to begin with */
	struct tally_slot *slots; /* owned [n] */
	size_t n, room;
	struct hash_index index;
	struct arena *texts; /* owned */
};

/**
 * Add @obs (copied; its add is ignored). However figures of one kind fall into tallies, recording
 * these in order gives what recording each figure at once would have given.
 *
 * -E2BIG when it would be slot TALLY_SLOTS_MAX + 1; -ERANGE when a sum leaves 64 bits; -EINVAL when
 * MAXIMUM or MINIMUM meets another kind in its slot; -ENOMEM. Then the tally is as before.
 */
int tally_add(struct tally *tally, const struct observation *obs, enum tally_how how,
	      struct err *err);
/** Empty, and without memory, as a zeroed one is. */
void tally_clear(struct tally *tally);

/** What TALLY_CHANGE, MAXIMUM and MINIMUM make of the value that the spool has, @was with the
 * slot's decimals (NULL: there is none): the value to set. -ENODATA: a change of nothing; -ERANGE.
 */
int tally_resolve(const struct tally_slot *slot, const int64_t *was, int64_t *ret_value_e,
		  struct err *err);
