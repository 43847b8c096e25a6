/* What the files of the fold share: fold.c follows the commits, rebuild.c plays whole
 * days again, follow.c those that a changed reference touches. */
#pragma once

#include "rollup/fold.h"
#include "rollup/fold_target.h"
#include "rollup/mend.h"
#include "rollup/minmax.h"

struct fold {
	sqlite3 *db; /* outlives us */
	struct pages *pages;
	struct replay *replay;
	struct mend *mend; /* of pages that are damaged */
	struct fold_target target;
	struct minmax minmax;
	const struct reference *reference; /* lent */
	struct stale *stale;               /* owned [n] */
	size_t n_stale, stale_room;
	uint64_t audited; /* of the pages made again in this transaction */
	int64_t changes; /* the connection's when pages were as in the database; -1: they are not */
};

/** Play @office's day again for the series in @only [@n_only] (NULL: all), and put what comes of it
 * in place of its entries. */
int fold_play(struct fold *fold, const struct office *office, int32_t day, const uint32_t only[],
	      size_t n_only, struct err *err);

/** Forget the pages, and what was changed in them since they were written. */
void fold_drop(struct fold *fold);

/** Write the pages when all is in them, and keep them if they are not too many. */
int fold_settle(struct fold *fold, struct err *err);
/** The units are told, and the pages written and forgotten, when they are too many to keep. What
 * lost an extreme goes on waiting for fold_settle(). */
int fold_relieve(struct fold *fold, struct err *err);
