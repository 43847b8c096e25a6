#include "rollup/page.h"

#include "common/base/array.h"
#include "common/base/search.h"
#include "common/base/varint.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FLAG_NEWEST    1u
#define FLAG_ON_TIME   2u
#define FLAG_REVISIONS 4u
#define FLAGS_ALL      7u
#define COUNT_MOST     (INT64_C(1) << 47)
#define VALUE_BOUND    ((int128)1 << 111) /* COUNT_MOST of 64 bits each */

bool acc_is_zero(const struct acc *acc)
{
	return acc->value == 0 && acc->n == 0 && acc->on_time == 0 && acc->revisions == 0 &&
	       acc->newest == 0;
}

bool acc_equal(const struct acc *a, const struct acc *b)
{
	return a->value == b->value && a->n == b->n && a->on_time == b->on_time &&
	       a->revisions == b->revisions && a->newest == b->newest;
}

static int128 combine(enum agg agg, const struct acc *a, const struct acc *later)
{
	switch (agg) {
	case AGG_SUM:
	case AGG_MEAN:
		return a->value + later->value;
	case AGG_LAST:
		return later->value;
	case AGG_MIN:
		return later->value < a->value ? later->value : a->value;
	case AGG_MAX:
		return later->value > a->value ? later->value : a->value;
	}
	return 0;
}

void acc_append(struct acc *acc, const struct acc *later, enum agg time_agg)
{
	if (later->n > 0)
		acc->value = acc->n > 0 ? combine(time_agg, acc, later) : later->value;
	acc->n += later->n;
	acc->on_time += later->on_time;
	acc->revisions += later->revisions;
	if (later->newest > acc->newest)
		acc->newest = later->newest;
}

/* Index of the first entry whose series is not below @series. */
static size_t lower_bound(const struct page *page, uint32_t series)
{
	if (page->n > 0 && page->entries[page->n - 1].series < series)
		return page->n; /* filling in order is the common case */
	return search_first(i, page->n, page->entries[i].series < series);
}

struct entry *page_entry(struct page *page, uint32_t series)
{
	struct entry *next = page_next(page, series);
	if (next)
		return next;
	size_t at = lower_bound(page, series);
	page->near = at;
	if (at < page->n && page->entries[at].series == series)
		return &page->entries[at];
	if (ARRAY_RESERVE(page->entries, page->room, page->n + 1) < 0)
		return NULL;
	memmove(&page->entries[at + 1], &page->entries[at],
		(page->n - at) * sizeof(page->entries[0]));
	page->n++;
	page->entries[at] = (struct entry){ .series = series };
	return &page->entries[at];
}

const struct entry *page_find(const struct page *page, uint32_t series)
{
	size_t at = lower_bound(page, series);
	return at < page->n && page->entries[at].series == series ? &page->entries[at] : NULL;
}

void page_free(struct page *page)
{
	free(page->entries);
	*page = (struct page){ 0 };
}

/* --- bytes --- */

/* One value, one encoding: no zeros in front. */
static bool get_wide(const uint8_t **at, const uint8_t *end, uint128 *ret)
{
	const uint8_t *start = *at;
	return varint_get_wide(at, end, ret) && ((*at)[-1] != 0 || *at - start == 1);
}

static bool get_count(const uint8_t **at, const uint8_t *end, int64_t *ret)
{
	uint128 value;
	if (!get_wide(at, end, &value) || value > INT64_MAX)
		return false;
	*ret = (int64_t)value;
	return true;
}

#define ENTRY_BYTES_MAX (5 + 1 + 10 + 19 + 5 + 10 + 10)

static unsigned flags_of(const struct acc *acc)
{
	return (acc->newest ? FLAG_NEWEST : 0) | (acc->on_time != acc->n ? FLAG_ON_TIME : 0) |
	       (acc->revisions ? FLAG_REVISIONS : 0);
}

static uint8_t *put_entry(uint8_t *to, const struct acc *acc, uint32_t step)
{
	unsigned flags = flags_of(acc);
	to = varint_put(to, step);
	*to++ = (uint8_t)flags;
	to = varint_put(to, (uint64_t)acc->n);
	to = varint_put_wide(to, zigzag_wide(acc->value));
	if (flags & FLAG_NEWEST)
		to = varint_put(to, (uint64_t)acc->newest);
	if (flags & FLAG_ON_TIME)
		to = varint_put(to, (uint64_t)acc->on_time);
	if (flags & FLAG_REVISIONS)
		to = varint_put(to, (uint64_t)acc->revisions);
	return to;
}

int page_encode(const struct page *page, struct blob *out)
{
	if (blob_reserve(out, page->n * ENTRY_BYTES_MAX) < 0)
		return -ENOMEM;
	uint32_t before = 0;
	for (size_t i = 0; i < page->n; i++) {
		const struct entry *entry = &page->entries[i];
		if (acc_is_zero(&entry->acc))
			continue;
		uint8_t *to = out->data + out->len;
		out->len += (size_t)(put_entry(to, &entry->acc, entry->series - before) - to);
		before = entry->series;
	}
	return 0;
}

/* Counts and sums that so many can come to, and that more can be added to. */
static bool acc_is_possible(const struct acc *acc)
{
	return acc->n <= COUNT_MOST && acc->on_time <= COUNT_MOST && acc->revisions <= COUNT_MOST &&
	       acc->value < VALUE_BOUND && acc->value > -VALUE_BOUND;
}

static bool get_entry(const uint8_t **at, const uint8_t *end, struct entry *entry)
{
	int64_t step, newest = 0;
	uint128 value;
	if (!get_count(at, end, &step) || step > UINT32_MAX - entry->series || *at == end)
		return false;
	unsigned flags = *(*at)++;
	struct acc *acc = &entry->acc;
	if (flags > FLAGS_ALL || !get_count(at, end, &acc->n) || !get_wide(at, end, &value))
		return false;
	acc->on_time = acc->n;
	if ((flags & FLAG_NEWEST && !get_count(at, end, &newest)) ||
	    (flags & FLAG_ON_TIME && !get_count(at, end, &acc->on_time)) ||
	    (flags & FLAG_REVISIONS && !get_count(at, end, &acc->revisions)) || newest > INT32_MAX)
		return false;
	entry->series += (uint32_t)step;
	acc->value = unzigzag_wide(value);
	acc->newest = (int32_t)newest;
	return flags == flags_of(acc) && !acc_is_zero(acc);
}

static int damaged(const uint8_t *data, const uint8_t *at, size_t len, struct err *err)
{
	return err_set(err, -EUCLEAN,
		       "a rollup page is damaged at byte %zu of %zu: run 'lantoa verify --repair'",
		       (size_t)(at - data), len);
}

int page_decode(const uint8_t *data, size_t len, struct page *ret_page, struct err *err)
{
	struct page page = { 0 };
	const uint8_t *at = data, *end = len ? data + len : data; /* NULL: no bytes */
	uint32_t before = 0;
	while (at < end) {
		struct entry entry = { .series = before };
		if (!get_entry(&at, end, &entry) || (page.n > 0 && entry.series == before)) {
			page_free(&page);
			return damaged(data, at, len, err);
		}
		if (ARRAY_RESERVE(page.entries, page.room, page.n + 1) < 0) {
			page_free(&page);
			return err_memory(err);
		}
		page.entries[page.n++] = entry;
		before = entry.series;
	}
	*ret_page = page;
	return 0;
}

bool page_is_sound(struct page_key key, const struct page *page)
{
	for (size_t i = 0; i < page->n; i++) {
		const struct acc *acc = &page->entries[i].acc;
		if (!acc_is_possible(acc) || acc->on_time > acc->n)
			return false;
		/* of an office's day each period is heard of once */
		if (key.node > 0 &&
		    (acc->newest < 1 || acc->newest > (int32_t)grain_per_day(GRAIN_MINUTE) ||
		     acc->n > acc->newest))
			return false;
	}
	return true;
}

int page_load(struct page_key key, const uint8_t *data, size_t len, struct page *ret_page,
	      struct err *err)
{
	int rc = page_decode(data, len, ret_page, err);
	if (rc == 0 && (len == 0 || !page_is_sound(key, ret_page))) {
		page_free(ret_page);
		return damaged(data, data, len, err);
	}
	return rc;
}

static bool skip_varint(const uint8_t **at, const uint8_t *end)
{
	while (*at < end)
		if (*(*at)++ < 0x80)
			return true;
	return false;
}

/* What follows an entry's step. */
static bool skip_entry(const uint8_t **at, const uint8_t *end)
{
	if (*at == end || **at > FLAGS_ALL)
		return false;
	unsigned flags = *(*at)++;
	unsigned numbers = 2 + (flags & 1) + (flags >> 1 & 1) + (flags >> 2);
	while (numbers > 0 && skip_varint(at, end))
		numbers--;
	return numbers == 0;
}

int page_pick(const uint8_t *data, size_t len, const uint32_t wanted[], size_t n, struct page *page,
	      struct err *err)
{
	const uint8_t *at = data, *end = len ? data + len : data;
	uint32_t before = 0;
	page->n = 0;
	for (size_t w = 0; at < end && w < n;) {
		const uint8_t *start = at;
		struct entry entry = { .series = before };
		int64_t step;
		if (!get_count(&at, end, &step) || step > UINT32_MAX - before)
			return damaged(data, at, len, err);
		before += (uint32_t)step;
		while (w < n && wanted[w] < before)
			w++;
		if (w == n || wanted[w] > before) {
			if (!skip_entry(&at, end))
				return damaged(data, at, len, err);
			continue;
		}
		at = start;
		if (!get_entry(&at, end, &entry))
			return damaged(data, at, len, err);
		if (ARRAY_RESERVE(page->entries, page->room, page->n + 1) < 0)
			return err_memory(err);
		page->entries[page->n++] = entry;
		w++;
	}
	return 0;
}

int32_t page_grain(enum calendar calendar, enum grain grain)
{
	if (grain <= GRAIN_WEEK)
		calendar = CALENDAR_CIVIL;
	return (int32_t)grain | (int32_t)calendar << 4;
}

struct period page_period(struct page_key key)
{
	return (struct period){ .calendar = (enum calendar)(key.grain >> 4),
				.grain = (enum grain)(key.grain & 15),
				.number = key.bucket };
}
