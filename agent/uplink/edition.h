/* The province's edition on its way here, piece by piece (proto/lantoa.proto). What is lost is
 * asked for again when the province next tells which edition it has; what comes twice, in another
 * order or unasked is passed over. Pure but for the memory of what is here so far, at most
 * WIRE_EDITION_MAX. */
#pragma once

#include "common/base/blob.h"
#include "common/net/wire.h"

#include <stdbool.h>
#include <stdint.h>

#define EDITION_AGAIN_MS 20000u /* without an answer, as with Hello */

struct edition_fetch {     /* zeros to begin with */
	uint64_t wanted;   /* version; 0: none */
	uint64_t start_ms; /* not before */
	uint64_t asked_ms; /* 0: not yet */
	uint64_t len;      /* of all of it; 0: no piece is here */
	uint8_t digest[WIRE_EDITION_DIGEST];
	struct blob have; /* owned: from its beginning */
};

enum edition_step {
	EDITION_NOTHING, /* to be done */
	EDITION_ASK,     /* ask for version wanted, from have.len on */
	EDITION_WHOLE,   /* have is edition wanted, as its digest says: take it */
	EDITION_WRONG, /* what came is none: it was forgotten, and is asked for again in a while */
};

/** The province told at @now_ms that its edition is @version (0: it has none); ours is @own. A new
 * one is asked for @delay_ms from now. */
enum edition_step edition_heard(struct edition_fetch *fetch, uint64_t own, uint64_t version,
				uint64_t now_ms, uint64_t delay_ms);
/** When there is something to ask; UINT64_MAX: no need. */
uint64_t edition_next_ms(const struct edition_fetch *fetch);
/** That may have come: only EDITION_ASK or EDITION_NOTHING. */
enum edition_step edition_tick(struct edition_fetch *fetch, uint64_t now_ms);
/** A piece came. */
enum edition_step edition_take(struct edition_fetch *fetch, const Lantoa__V1__EditionPiece *piece,
			       uint64_t now_ms);
void edition_forget(struct edition_fetch *fetch);
