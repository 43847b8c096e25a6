/* Current values of one series that lie together in the spool: those of 120 periods of a day that
 * follow each other, two hours of minutes, or the one of a day or longer. As bytes it takes 2 to 5
 * for a value, where a row took 30, and a row is what costs time.
 *
 * Bytes: for each value, by rising nth, varint(gap << 2 | withdrawn << 1 | turned), gap being the
 * periods left out before it; when turned, what its batch number is more than that of the value
 * before (zigzag varint, at first than 0); unless withdrawn, what it is more than the value before
 * (the same). Where what was said of a value is not what was said of the one before, at first than
 * nobody and nothing, varint(CHUNK_PERIODS << 2), a gap that no value has, and varint(author << 1 |
 * noted) stand before it: what machines record costs nothing for it. Then FNV-1a of all of it, 32
 * bits, least byte first: a disk that lies is found out.
 */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_PERIODS   120u
#define CHUNK_PARTS     12u /* of a day, at most */
#define CHUNK_BYTES_MAX (CHUNK_PERIODS * 27u + 4u)

struct chunk_value {
	int64_t value_e; /* 0 when withdrawn */
	int64_t seq;     /* the batch it went in; 0: not sealed yet; < 0 only while repairing */
	uint32_t nth;    /* which of the day's periods */
	bool withdrawn;
	bool noted;      /* it has a row in note */
	uint16_t author; /* which row in author; 0: nobody was asked */
};

struct chunk {
	uint32_t n;
	struct chunk_value values[CHUNK_PERIODS]; /* ascending by nth */
};

static inline uint32_t chunk_part(uint32_t nth)
{
	return nth / CHUNK_PERIODS;
}

/** The value of period @nth; NULL when there is none. */
struct chunk_value *chunk_find(struct chunk *chunk, uint32_t nth);
/** The same, made (all zero) when there is none. All values are of @nth's part. */
struct chunk_value *chunk_enter(struct chunk *chunk, uint32_t nth);
/** Without it, if it is there. */
void chunk_drop(struct chunk *chunk, uint32_t nth);

uint32_t chunk_unsealed(const struct chunk *chunk);
int64_t chunk_newest(const struct chunk *chunk); /* the highest seq */

/** Returns how many bytes. */
size_t chunk_encode(const struct chunk *chunk, uint8_t ret_bytes[CHUNK_BYTES_MAX]);
/** -EUCLEAN when these are no bytes of a chunk of @part of a day. */
int chunk_decode(const void *bytes, size_t len, uint32_t part, struct chunk *ret_chunk,
		 struct err *err);
