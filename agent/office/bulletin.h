/* What the province told this one office about itself (proto/lantoa.proto, Standing), as it is kept
 * in the spool: closed periods, what waits at the province and what was released, messages. It is
 * known before the agent is connected. */
#pragma once

#include "common/base/arena.h"
#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/model/metric.h"
#include "common/net/wire.h"
#include "spool/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bulletin {                             /* zeros: nothing was */
	struct arena *arena;                  /* owned: of */
	const Lantoa__V1__Standing *standing; /* NULL: nothing was told yet */
	/* Messages that somebody read here, as far as the province does not know it yet. */
	uint64_t read[WIRE_MESSAGES_MAX];
	size_t n_read;
};

/** What is kept; nothing, when there is none or it cannot be read. */
int bulletin_read(struct spool *spool, struct bulletin *ret_told, struct err *err);
void bulletin_free(struct bulletin *told);

/** Keep @packed, a frame with a Standing that came when everything up to batch @upto was known to
 * be taken. What the spool lists as refused goes by it: spool_told_waiting(). -EINVAL: it is none;
 * then nothing is kept. */
int bulletin_keep(struct spool *spool, const void *packed, size_t len, uint64_t upto,
		  struct err *err);

/** Why what is sent for @period of @metric will wait: the closing that holds it; NULL: none is
 * known. As closings_hold() of the province. */
const Lantoa__V1__Closing *bulletin_closing(const struct bulletin *told,
					    const struct metric *metric, struct period period);

/** What was let in at once, from @from on in the standing's list of what was released: how many
 * observations, and where the next row begins. */
size_t bulletin_let_in(const Lantoa__V1__Standing *standing, size_t from,
		       uint64_t *ret_observations);

/** Did nobody read @message yet? */
bool bulletin_is_news(const struct bulletin *told, const Lantoa__V1__Message *message);
/** Is there such a message? */
bool bulletin_has_news(const struct bulletin *told);
/** Somebody read message @id, or all of them when it is 0; it is durable then. @ret_read: how many
 * nobody had read before. -ENOENT with a sentence: there is none of that number. */
int bulletin_mark_read(struct spool *spool, uint64_t id, size_t *ret_read, struct err *err);
/** "Please look again": the newest message that nobody read about this figure; NULL: none. */
const Lantoa__V1__Message *bulletin_about(const struct bulletin *told, const struct metric *metric,
					  const char *labels, struct period period);
