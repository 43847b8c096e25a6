/* How what the province tells all its offices reaches them.
 *
 * Since protocol 3 as an edition (proto/lantoa.proto): files, packed, in pieces. Agents of before
 * get the catalogue alone, whole in one frame, so there is a size above which it cannot reach them.
 * It does not stop an import: one office that was never upgraded would keep the others from it.
 * Those offices keep the catalogue that they have, and status names them. */
#pragma once

#include "common/base/blob.h"
#include "common/model/catalogue.h"
#include "common/net/wire_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Bytes of CSV that fit an Enrolled, the larger of the two frames that carry a catalogue to agents
 * of before protocol 3, beside an office's code and three texts (name, zone, level) of
 * WIRE_TEXT_MAX, which no peer takes more of. The frame leaves room for CURVE's box: agents of the
 * release before count that in its size.
 */
size_t delivery_max(void);
/** -EFBIG with both sizes and what to do when no office could be sent @catalogue; -ENOMEM. */
int delivery_check(const struct catalogue *catalogue, struct err *err);
/** The version of @catalogue, as offices of before protocol 3 are told it; 0 (they keep what they
 * have) when it cannot reach them. */
uint64_t delivery_version(const struct catalogue *catalogue);

struct edition {
	uint64_t version;   /* 0: there is none, or none that can be sent */
	uint64_t stamp;     /* catalogue_stamp() of what it was made of; 0: of nothing */
	struct blob packed; /* owned: what is sent, piece by piece */
	uint8_t digest[WIRE_EDITION_DIGEST];
};
/** -EFBIG as delivery_check(), with version 0 then; -ENOMEM. Free @ret_edition in any case. */
int edition_make(const struct catalogue *catalogue, struct edition *ret_edition, struct err *err);
void edition_free(struct edition *edition);
