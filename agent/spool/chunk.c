#include "spool/chunk.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define SUM_BYTES 4u
#define NTHS      1440u /* periods of the finest grain in a day */

/* --- values --- */

/* Where @nth is, or would be. */
static uint32_t position(const struct stretch *stretch, uint32_t nth)
{
	uint32_t low = 0, high = stretch->n;
	if (high > 0 && stretch->values[high - 1].nth < nth)
		return high; /* most are the newest */
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (stretch->values[middle].nth < nth)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct stretch *stretch, uint32_t at, uint32_t nth)
{
	return at < stretch->n && stretch->values[at].nth == nth;
}

struct stretch_value *stretch_find(struct stretch *stretch, uint32_t nth)
{
	uint32_t at = position(stretch, nth);
	return is_at(stretch, at, nth) ? &stretch->values[at] : NULL;
}

struct stretch_value *stretch_enter(struct stretch *stretch, uint32_t nth)
{
	uint32_t at = position(stretch, nth);
	struct stretch_value *value = &stretch->values[at];
	if (is_at(stretch, at, nth))
		return value;
	assert(stretch->n < STRETCH_PERIODS);
	memmove(value + 1, value, (stretch->n - at) * sizeof(*value));
	stretch->n++;
	*value = (struct stretch_value){ .nth = nth };
	return value;
}

void stretch_drop(struct stretch *stretch, uint32_t nth)
{
	uint32_t at = position(stretch, nth);
	struct stretch_value *value = &stretch->values[at];
	if (!is_at(stretch, at, nth))
		return;
	stretch->n--;
	memmove(value, value + 1, (stretch->n - at) * sizeof(*value));
}

uint32_t stretch_unsealed(const struct stretch *stretch)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < stretch->n; i++)
		n += stretch->values[i].seq == 0;
	return n;
}

int64_t stretch_newest(const struct stretch *stretch)
{
	int64_t newest = 0;
	for (uint32_t i = 0; i < stretch->n; i++)
		if (stretch->values[i].seq > newest)
			newest = stretch->values[i].seq;
	return newest;
}

/* --- bytes --- */

static uint64_t zigzag(uint64_t difference)
{
	return difference << 1 ^ (0 - (difference >> 63));
}

static uint64_t unzigzag(uint64_t value)
{
	return value >> 1 ^ (0 - (value & 1));
}

static uint8_t *varint_put(uint8_t *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*out++ = (uint8_t)(value | 0x80);
	*out++ = (uint8_t)value;
	return out;
}

/* NULL: there is none. */
static const uint8_t *varint_get(const uint8_t *at, const uint8_t *end, uint64_t *ret_value)
{
	uint64_t value = 0;
	for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
		uint8_t byte = *at++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret_value = value;
			return at;
		}
	}
	return NULL;
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t sum_of(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 2166136261u;
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ bytes[i]) * 16777619u;
	return sum;
}

struct before { /* what a value is written against */
	uint64_t value_e, seq;
	uint32_t next; /* the least nth that may come */
};

static uint8_t *value_put(uint8_t *out, const struct stretch_value *value, struct before *before)
{
	bool turned = (uint64_t)value->seq != before->seq;
	out = varint_put(out, (uint64_t)(value->nth - before->next) << 2 |
				      (uint64_t)value->withdrawn << 1 | turned);
	if (turned)
		out = varint_put(out, zigzag((uint64_t)value->seq - before->seq));
	if (!value->withdrawn) {
		out = varint_put(out, zigzag((uint64_t)value->value_e - before->value_e));
		before->value_e = (uint64_t)value->value_e;
	}
	before->seq = (uint64_t)value->seq;
	before->next = value->nth + 1;
	return out;
}

size_t stretch_encode(const struct stretch *stretch, uint8_t ret_bytes[STRETCH_BYTES_MAX])
{
	uint8_t *out = ret_bytes;
	struct before before = { 0 };
	if (stretch->n > 0)
		before.next = stretch_part(stretch->values[0].nth) * STRETCH_PERIODS;
	for (uint32_t i = 0; i < stretch->n; i++)
		out = value_put(out, &stretch->values[i], &before);
	uint32_t sum = sum_of(ret_bytes, (size_t)(out - ret_bytes));
	for (unsigned i = 0; i < SUM_BYTES; i++)
		*out++ = (uint8_t)(sum >> 8 * i);
	return (size_t)(out - ret_bytes);
}

static const uint8_t *value_get(const uint8_t *at, const uint8_t *end, struct before *before,
				struct stretch_value *ret_value)
{
	uint64_t head, difference = 0;
	if (!(at = varint_get(at, end, &head)) || head >> 2 >= STRETCH_PERIODS)
		return NULL;
	if ((head & 1) && !(at = varint_get(at, end, &difference)))
		return NULL;
	before->seq += unzigzag(difference);
	ret_value->withdrawn = (head & 2) != 0;
	if (!ret_value->withdrawn) {
		if (!(at = varint_get(at, end, &difference)))
			return NULL;
		before->value_e += unzigzag(difference);
	}
	ret_value->value_e = ret_value->withdrawn ? 0 : (int64_t)before->value_e;
	ret_value->seq = (int64_t)before->seq;
	ret_value->nth = before->next + (uint32_t)(head >> 2);
	before->next = ret_value->nth + 1;
	return at;
}

static bool sum_is_right(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;
	for (unsigned i = 0; i < SUM_BYTES; i++)
		sum |= (uint32_t)bytes[len - SUM_BYTES + i] << 8 * i;
	return sum == sum_of(bytes, len - SUM_BYTES);
}

/* Without the sum. */
static bool values_get(const uint8_t *at, const uint8_t *end, uint32_t part,
		       struct stretch *ret_stretch)
{
	struct before before = { .next = part * STRETCH_PERIODS };
	uint32_t n = 0, limit = before.next + STRETCH_PERIODS;
	while (at < end) {
		if (n == STRETCH_PERIODS ||
		    !(at = value_get(at, end, &before, &ret_stretch->values[n])) ||
		    ret_stretch->values[n].nth >= limit)
			return false;
		n++;
	}
	ret_stretch->n = n;
	return true;
}

int stretch_decode(const void *bytes, size_t len, uint32_t part, struct stretch *ret_stretch,
		   struct err *err)
{
	const uint8_t *at = bytes;
	if (at && len >= SUM_BYTES && part < NTHS / STRETCH_PERIODS && sum_is_right(at, len) &&
	    values_get(at, at + len - SUM_BYTES, part, ret_stretch))
		return 0;
	return err_set(err, -EUCLEAN, "values of a series are damaged");
}
