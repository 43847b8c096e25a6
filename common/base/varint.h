/* Numbers of few bytes: LEB128, seven bits to a byte, the lowest first; the top bit says that more
 * follow (https://protobuf.dev/programming-guides/encoding/). Zigzag makes small numbers of those
 * near zero on either side: 0, -1, 1, -2 become 0, 1, 2, 3. The wide ones have 128 bits.
 *
 * A reader takes zeros in front, too, which protobuf allows: 0x80 0x00 is 0. Who wants one encoding
 * for one number looks at the last byte, which is 0 then. */
#pragma once

#include "common/base/decimal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VARINT_MAX 10u /* bytes */

static inline uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static inline int64_t unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

static inline uint128 zigzag_wide(int128 value)
{
	return (uint128)value << 1 ^ (uint128)(value >> 127);
}

static inline int128 unzigzag_wide(uint128 value)
{
	return (int128)(value >> 1) ^ -(int128)(value & 1);
}

/** How many bytes @value takes. */
static inline size_t varint_len(uint64_t value)
{
	size_t n = 1;
	while (value >>= 7)
		n++;
	return n;
}

/** Write @value at @to, which has room for VARINT_MAX bytes. Returns what is behind it. */
static inline uint8_t *varint_put(uint8_t *to, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*to++ = (uint8_t)(value | 0x80);
	*to++ = (uint8_t)value;
	return to;
}

/** The same with 128 bits, which take 19 bytes at most. */
static inline uint8_t *varint_put_wide(uint8_t *to, uint128 value)
{
	for (; value >= 0x80; value >>= 7)
		*to++ = (uint8_t)(value | 0x80);
	*to++ = (uint8_t)value;
	return to;
}

/** The number at *@at, and *@at behind it. False when there is none before @end, or one beyond 64
 * bits; then *@at is anywhere up to @end. */
static inline bool varint_get(const uint8_t **at, const uint8_t *end, uint64_t *ret_value)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
		uint8_t byte = *(*at)++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret_value = value;
			return shift < 63 || byte < 2;
		}
	}
	return false;
}

/** The same with 128 bits. */
static inline bool varint_get_wide(const uint8_t **at, const uint8_t *end, uint128 *ret_value)
{
	uint128 value = 0;
	if (*at < end && **at < 0x80) { /* most are small */
		*ret_value = *(*at)++;
		return true;
	}
	for (unsigned shift = 0; shift < 128 && *at < end; shift += 7) {
		uint8_t byte = *(*at)++;
		value |= (uint128)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret_value = value;
			return shift < 126 || byte < 4;
		}
	}
	return false;
}
