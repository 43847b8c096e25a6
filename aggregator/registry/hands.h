/* The province's hand at an office: the spool in which stands what operators recorded for it, as
 * told by telephone, say. It is one more spool of the office, with a random id of its own, made
 * with the first such figure. Which spool that is, is a fact of the ledger, so that nobody can
 * pass an office's figure off as the province's, or the other way round: no batch of the network
 * is taken into it (ledger/post.c). */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stdint.h>

/** 1: @office has one, *@ret_spool_id. 0: it has none yet. */
int hand_find(sqlite3 *db, int64_t office, uint64_t *ret_spool_id, struct err *err);
/** Make that of @office, which has none, in the caller's transaction; an event must follow. */
int hand_make(sqlite3 *db, int64_t office, uint64_t *ret_spool_id, struct err *err);

/** SQL: is (@office, @spool_id) a hand? */
#define HAND_IS(office, spool_id)                                                                  \
	"EXISTS(SELECT 1 FROM hand WHERE hand.office = " office " AND hand.spool_id = " spool_id ")"
