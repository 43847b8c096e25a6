#include "spool/chunk.h"

#include "common/base/hash.h"
#include "common/base/search.h"
#include "common/base/varint.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define SUM_BYTES 4u
#define NTHS      1440u /* periods of the finest grain in a day */

/* --- values --- */

/* Where @nth is, or would be. */
static uint32_t position(const struct chunk *chunk, uint32_t nth)
{
	if (chunk->n > 0 && chunk->values[chunk->n - 1].nth < nth)
		return chunk->n; /* most are the newest */
	return (uint32_t)search_first(i, chunk->n, chunk->values[i].nth < nth);
}

static bool is_at(const struct chunk *chunk, uint32_t at, uint32_t nth)
{
	return at < chunk->n && chunk->values[at].nth == nth;
}

struct chunk_value *chunk_find(struct chunk *chunk, uint32_t nth)
{
	uint32_t at = position(chunk, nth);
	return is_at(chunk, at, nth) ? &chunk->values[at] : NULL;
}

struct chunk_value *chunk_enter(struct chunk *chunk, uint32_t nth)
{
	uint32_t at = position(chunk, nth);
	struct chunk_value *value = &chunk->values[at];
	if (is_at(chunk, at, nth))
		return value;
	assert(chunk->n < CHUNK_PERIODS);
	memmove(value + 1, value, (chunk->n - at) * sizeof(*value));
	chunk->n++;
	*value = (struct chunk_value){ .nth = nth };
	return value;
}

void chunk_drop(struct chunk *chunk, uint32_t nth)
{
	uint32_t at = position(chunk, nth);
	struct chunk_value *value = &chunk->values[at];
	if (!is_at(chunk, at, nth))
		return;
	chunk->n--;
	memmove(value, value + 1, (chunk->n - at) * sizeof(*value));
}

uint32_t chunk_unsealed(const struct chunk *chunk)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < chunk->n; i++)
		n += chunk->values[i].seq == 0;
	return n;
}

int64_t chunk_newest(const struct chunk *chunk)
{
	int64_t newest = 0;
	for (uint32_t i = 0; i < chunk->n; i++)
		if (chunk->values[i].seq > newest)
			newest = chunk->values[i].seq;
	return newest;
}

/* --- bytes --- */

struct before { /* what a value is written against */
	uint64_t value_e, seq;
	uint32_t next; /* the least nth that may come */
	uint32_t said; /* as said_of() */
};

#define SAID_HEAD ((uint64_t)CHUNK_PERIODS << 2)

static uint32_t said_of(const struct chunk_value *value)
{
	return (uint32_t)value->author << 1 | value->noted;
}

static uint8_t *value_put(uint8_t *out, const struct chunk_value *value, struct before *before)
{
	bool turned = (uint64_t)value->seq != before->seq;
	if (said_of(value) != before->said) {
		before->said = said_of(value);
		out = varint_put(varint_put(out, SAID_HEAD), before->said);
	}
	out = varint_put(out, (uint64_t)(value->nth - before->next) << 2 |
				      (uint64_t)value->withdrawn << 1 | turned);
	if (turned)
		out = varint_put(out, zigzag((int64_t)((uint64_t)value->seq - before->seq)));
	if (!value->withdrawn) {
		out = varint_put(out,
				 zigzag((int64_t)((uint64_t)value->value_e - before->value_e)));
		before->value_e = (uint64_t)value->value_e;
	}
	before->seq = (uint64_t)value->seq;
	before->next = value->nth + 1;
	return out;
}

size_t chunk_encode(const struct chunk *chunk, uint8_t ret_bytes[CHUNK_BYTES_MAX])
{
	uint8_t *out = ret_bytes;
	struct before before = { 0 };
	if (chunk->n > 0)
		before.next = chunk_part(chunk->values[0].nth) * CHUNK_PERIODS;
	for (uint32_t i = 0; i < chunk->n; i++)
		out = value_put(out, &chunk->values[i], &before);
	uint32_t sum = hash_bytes(HASH_START, ret_bytes, (size_t)(out - ret_bytes));
	for (unsigned i = 0; i < SUM_BYTES; i++)
		*out++ = (uint8_t)(sum >> 8 * i);
	return (size_t)(out - ret_bytes);
}

static bool value_get(const uint8_t **at, const uint8_t *end, struct before *before,
		      struct chunk_value *ret_value)
{
	uint64_t head, difference = 0, said;
	if (!varint_get(at, end, &head))
		return false;
	if (head == SAID_HEAD) {
		if (!varint_get(at, end, &said) || said > UINT16_MAX * 2u + 1u ||
		    !varint_get(at, end, &head))
			return false;
		before->said = (uint32_t)said;
	}
	if (head >> 2 >= CHUNK_PERIODS)
		return false;
	if ((head & 1) && !varint_get(at, end, &difference))
		return false;
	before->seq += (uint64_t)unzigzag(difference);
	ret_value->withdrawn = (head & 2) != 0;
	if (!ret_value->withdrawn) {
		if (!varint_get(at, end, &difference))
			return false;
		before->value_e += (uint64_t)unzigzag(difference);
	}
	ret_value->value_e = ret_value->withdrawn ? 0 : (int64_t)before->value_e;
	ret_value->seq = (int64_t)before->seq;
	ret_value->noted = before->said & 1;
	ret_value->author = (uint16_t)(before->said >> 1);
	ret_value->nth = before->next + (uint32_t)(head >> 2);
	before->next = ret_value->nth + 1;
	return true;
}

static bool sum_is_right(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;
	for (unsigned i = 0; i < SUM_BYTES; i++)
		sum |= (uint32_t)bytes[len - SUM_BYTES + i] << 8 * i;
	return sum == hash_bytes(HASH_START, bytes, len - SUM_BYTES);
}

/* Without the sum. */
static bool values_get(const uint8_t *at, const uint8_t *end, uint32_t part,
		       struct chunk *ret_chunk)
{
	struct before before = { .next = part * CHUNK_PERIODS };
	uint32_t n = 0, limit = before.next + CHUNK_PERIODS;
	while (at < end) {
		if (n == CHUNK_PERIODS || !value_get(&at, end, &before, &ret_chunk->values[n]) ||
		    ret_chunk->values[n].nth >= limit)
			return false;
		n++;
	}
	ret_chunk->n = n;
	return true;
}

int chunk_decode(const void *bytes, size_t len, uint32_t part, struct chunk *ret_chunk,
		 struct err *err)
{
	const uint8_t *at = bytes;
	if (at && len >= SUM_BYTES && part < NTHS / CHUNK_PERIODS && sum_is_right(at, len) &&
	    values_get(at, at + len - SUM_BYTES, part, ret_chunk))
		return 0;
	return err_set(err, -EUCLEAN, "values of a series are damaged");
}
