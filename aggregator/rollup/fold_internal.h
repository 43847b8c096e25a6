/* What the files of the fold share: fold.c goes with the commits, rebuild.c plays every day again.
 */
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
	int64_t act_us;   /* of the act that it works for; 0: none */
	int64_t changes; /* the connection's when pages were as in the database; -1: they are not */
};

/** Forget the pages, and what was changed in them since they were written. */
void fold_drop(struct fold *fold);
