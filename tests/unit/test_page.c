#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rollup/page.h"
#include "rollup/page_cache.h"
#include "rollup/unit_acc.h"
#include "support/seeds.h"
#include "support/testbed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 2000

static int64_t some_count(struct dice *dice)
{
	switch (dice_below(dice, 4)) {
	case 0:
		return 0;
	case 1:
		return (int64_t)(dice_next(dice) >> 1);
	default:
		return (int64_t)dice_below(dice, 300);
	}
}

static struct acc some_acc(struct dice *dice)
{
	struct acc acc = { .n = some_count(dice), .revisions = some_count(dice) };
	acc.value = (int128)(int64_t)dice_next(dice) * (int64_t)dice_below(dice, 1u << 30);
	if (dice_below(dice, 2))
		acc.value = dice_between(dice, -100, 100);
	acc.on_time = dice_below(dice, 2) ? acc.n : some_count(dice);
	acc.newest = (int32_t)dice_below(dice, 1441);
	if (dice_below(dice, 8) == 0)
		acc = (struct acc){ 0 };
	return acc;
}

static void fill(struct dice *dice, struct page *page)
{
	for (size_t n = dice_below(dice, 12); n > 0; n--) {
		uint32_t series = (uint32_t)dice_between(dice, 1, 40);
		if (dice_below(dice, 10) == 0)
			series = (uint32_t)dice_next(dice) | 1;
		struct entry *entry = page_entry(page, series);
		assert_non_null(entry);
		entry->acc = some_acc(dice);
	}
}

static void decode_of_encode(struct dice *dice, void *context)
{
	struct page page = { 0 }, again = { 0 };
	struct blob bytes = { 0 };
	size_t k = 0;
	(void)context;
	fill(dice, &page);
	assert_int_equal(page_encode(&page, &bytes), 0);
	assert_int_equal(page_decode(bytes.data, bytes.len, &again, &(struct err){ 0 }), 0);
	for (size_t i = 0; i < page.n; i++) {
		assert_true(i == 0 || page.entries[i - 1].series < page.entries[i].series);
		if (acc_is_zero(&page.entries[i].acc))
			continue;
		assert_true(k < again.n);
		assert_int_equal(again.entries[k].series, page.entries[i].series);
		assert_true(acc_equal(&again.entries[k].acc, &page.entries[i].acc));
		assert_ptr_equal(page_find(&again, page.entries[i].series), &again.entries[k++]);
	}
	assert_int_equal(k, again.n);
	page_free(&page);
	page_free(&again);
	blob_free(&bytes);
}

static void decoding_gives_back_what_was_encoded(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, decode_of_encode, NULL);
}

/* In memory of just that size, so that a read beyond it is caught. */
static int decode_exactly(const uint8_t *data, size_t len, struct page *ret_page, struct err *err)
{
	uint8_t *copy = malloc(len + !len);
	assert_non_null(copy);
	memcpy(copy, data, len);
	int rc = page_decode(copy, len, ret_page, err);
	free(copy);
	return rc;
}

/* What decodes at all encodes to the same bytes again. */
/* Some series of the page and some that are not there; into a page that held others before. Of
 * bytes cut short it gives the same, as far as they go, or calls them damaged. */
static void pick_of_encode(struct dice *dice, void *context)
{
	struct page page = { 0 }, all = { 0 }, some = { 0 };
	struct blob bytes = { 0 };
	uint32_t wanted[45];
	size_t n = 0, k = 0;
	(void)context;
	fill(dice, &page);
	fill(dice, &some);
	for (uint32_t series = 0; series < 45; series++)
		if (dice_below(dice, 3) == 0)
			wanted[n++] = series;
	assert_int_equal(page_encode(&page, &bytes), 0);
	assert_int_equal(page_decode(bytes.data, bytes.len, &all, &(struct err){ 0 }), 0);
	assert_int_equal(page_pick(bytes.data, bytes.len, wanted, n, &some, &(struct err){ 0 }), 0);
	for (size_t i = 0; i < n; i++) {
		const struct entry *entry = page_find(&all, wanted[i]);
		if (!entry)
			continue;
		assert_true(k < some.n && some.entries[k].series == wanted[i]);
		assert_true(acc_equal(&some.entries[k++].acc, &entry->acc));
	}
	assert_int_equal(some.n, k);
	if (bytes.len > 0) {
		size_t cut = dice_below(dice, bytes.len);
		int rc = page_pick(bytes.data, cut, wanted, n, &some, &(struct err){ 0 });
		assert_true(rc == 0 || rc == -EUCLEAN);
		assert_true(some.n <= k);
	}
	page_free(&page);
	page_free(&all);
	page_free(&some);
	blob_free(&bytes);
}

static void picking_gives_what_decoding_gives_of_these_series(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, pick_of_encode, NULL);
}

static void damage(struct dice *dice, void *context)
{
	struct page page = { 0 }, again = { 0 };
	struct blob bytes = { 0 }, same = { 0 };
	struct err err = { 0 };
	(void)context;
	fill(dice, &page);
	assert_int_equal(page_encode(&page, &bytes), 0);
	for (int i = 0; i < 20 && bytes.len > 0; i++) {
		size_t len = dice_below(dice, 4) ? bytes.len : dice_below(dice, bytes.len + 1);
		if (dice_below(dice, 4))
			bytes.data[dice_below(dice, bytes.len)] ^=
				(uint8_t)(1u << dice_below(dice, 8));
		int rc = decode_exactly(bytes.data, len, &again, &err);
		if (rc < 0) {
			assert_int_equal(rc, -EUCLEAN);
			continue;
		}
		same.len = 0;
		assert_int_equal(page_encode(&again, &same), 0);
		assert_int_equal(same.len, len);
		assert_memory_equal(same.data, bytes.data, len);
		page_free(&again);
		again = (struct page){ 0 };
	}
	page_free(&page);
	blob_free(&bytes);
	blob_free(&same);
}

static void one_state_has_one_encoding_and_all_else_is_damage(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, damage, NULL);
}

static void needless_bytes_are_damage(void **state)
{
	static const uint8_t empty_entry[] = { 1, 0, 0, 0 }, no_newest[] = { 1, 1, 1, 2, 0 },
			     on_time_is_n[] = { 1, 2, 1, 2, 1 }, no_revisions[] = { 1, 4, 1, 2, 0 },
			     long_zero[] = { 0x81, 0, 0, 1, 2 },
			     over_128_bits[] = { 1,    0,    1,    0xff, 0xff, 0xff, 0xff, 0xff,
						 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
						 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f };
	static const struct {
		const uint8_t *data;
		size_t len;
	} cases[] = {
		{ empty_entry, sizeof(empty_entry) },   { no_newest, sizeof(no_newest) },
		{ on_time_is_n, sizeof(on_time_is_n) }, { no_revisions, sizeof(no_revisions) },
		{ long_zero, sizeof(long_zero) },       { over_128_bits, sizeof(over_128_bits) },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct page page = { 0 };
		struct err err = { 0 };
		int rc = page_decode(cases[i].data, cases[i].len, &page, &err);
		page_free(&page);
		if (rc != -EUCLEAN)
			fail_msg("case %zu was taken", i);
	}
}

/* Appending is associative: hours make days, days make months. */
static void append_in_any_grouping(struct dice *dice, void *context)
{
	enum agg agg = (enum agg)dice_below(dice, 5);
	struct acc parts[4], left, right;
	(void)context;
	for (int i = 0; i < 4; i++) {
		parts[i] = some_acc(dice);
		parts[i].n = (int64_t)dice_below(dice, 3);
		parts[i].on_time = (int64_t)dice_below(dice, 3);
		parts[i].revisions = (int64_t)dice_below(dice, 3);
		if (parts[i].n == 0)
			parts[i].value = 0;
	}
	left = parts[0];
	for (int i = 1; i < 4; i++)
		acc_append(&left, &parts[i], agg);
	right = parts[2];
	acc_append(&right, &parts[3], agg);
	acc_append(&parts[0], &parts[1], agg);
	acc_append(&parts[0], &right, agg);
	assert_true(acc_equal(&left, &parts[0]));
}

static void appending_is_associative(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, append_in_any_grouping, NULL);
}

/* --- a unit goes along with its offices --- */

#define BELOW 5

static struct acc some_figures(struct dice *dice)
{
	struct acc acc = { .n = (int64_t)dice_below(dice, 4), .newest = 7 };
	acc.on_time = (int64_t)dice_below(dice, (uint64_t)acc.n + 1);
	acc.revisions = (int64_t)dice_below(dice, 3);
	acc.value = acc.n > 0 ? dice_between(dice, -4, 4) : 0;
	return acc;
}

/* Anew from all offices; every second one is due. */
static struct acc unit_of(const struct acc offices[], enum agg agg)
{
	struct acc unit = { 0 };
	bool any = false;
	for (int i = 0; i < BELOW; i++) {
		const struct acc *office = &offices[i];
		unit.n += office->n;
		unit.revisions += office->revisions;
		unit.on_time += i % 2 == 0 ? office->on_time : 0;
		unit.extra += i % 2 == 0 ? 0 : (int32_t)office->n;
		if (agg == AGG_SUM)
			unit.value += office->value;
		else if (office->n > 0 && (!any || (agg == AGG_MAX ? office->value > unit.value
								   : office->value < unit.value)))
			unit.value = office->value;
		any |= office->n > 0;
	}
	return unit;
}

static void follow_them(struct dice *dice, void *context)
{
	static const enum agg aggs[] = { AGG_SUM, AGG_MIN, AGG_MAX };
	enum agg agg = aggs[dice_below(dice, 3)];
	struct acc offices[BELOW] = { 0 }, unit = { 0 };
	(void)context;
	for (int change = 0; change < 40; change++) {
		size_t i = dice_below(dice, BELOW);
		struct acc before = offices[i];
		offices[i] = some_figures(dice);
		bool told = unit_acc_follow(&unit, &before, &offices[i], agg, i % 2 == 0);
		struct acc expected = unit_of(offices, agg);
		if (!told) {
			assert_true(agg != AGG_SUM && unit.value == before.value);
			unit.value = expected.value; /* as minmax_recompute() does */
		}
		assert_true(acc_equal(&unit, &expected));
	}
}

static void a_unit_is_what_its_offices_come_to(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, follow_them, NULL);
}

static void a_key_names_its_period_and_calendars_share_what_is_below_a_month(void **state)
{
	(void)state;
	for (int grain = GRAIN_HOUR; grain < GRAIN_COUNT; grain++) {
		int32_t civil = page_grain(CALENDAR_CIVIL, (enum grain)grain),
			report = page_grain(CALENDAR_REPORT, (enum grain)grain);
		assert_true((civil == report) == (grain <= GRAIN_WEEK));
		struct period period =
			page_period((struct page_key){ .grain = report, .bucket = -3 });
		assert_int_equal(period.grain, grain);
		assert_int_equal(period.number, -3);
		assert_int_equal(period.calendar,
				 grain <= GRAIN_WEEK ? CALENDAR_CIVIL : CALENDAR_REPORT);
	}
}

/* --- many pages --- */

static struct page_key some_key(struct dice *dice)
{
	return (struct page_key){
		page_grain(CALENDAR_CIVIL, (enum grain)dice_between(dice, GRAIN_HOUR, GRAIN_DAY)),
		(int32_t)dice_between(dice, -30, 30), dice_between(dice, -20, 20)
	};
}

static void touched_pages_are_written_once_and_read_back(void **state)
{
	struct dice dice = dice_seeded(3);
	struct testbed testbed;
	struct pages *pages;
	struct page *page;
	int64_t sum = 0;
	size_t written;
	(void)state;
	testbed_open(&testbed, NULL, NULL, NULL, false);
	pages = pages_open(testbed.db, &testbed.err);
	assert_non_null(pages);
	for (int round = 0; round < 6; round++) {
		for (int i = 0; i < 2000; i++) {
			assert_int_equal(pages_get(pages, some_key(&dice), &page, &testbed.err), 0);
			struct entry *entry = page_entry(page, (uint32_t)dice_below(&dice, 5) + 1);
			entry->acc.n++;
			entry->acc.value += i;
			sum += i;
		}
		assert_int_equal(pages_write(pages, &written, &testbed.err), 0);
		assert_true(written > 100);
	}
	assert_int_equal(pages_get(pages, some_key(&dice), &page, &testbed.err), 0);
	assert_int_equal(pages_write(pages, &written, &testbed.err), 0);
	assert_int_equal(written, 0); /* touched, but as it was */
	pages_close(pages);
	sqlite3_stmt *rows;
	assert_int_equal(db_prepare(testbed.db, "SELECT page FROM rollup", &rows, &testbed.err), 0);
	while (db_step(rows, &testbed.err) == 1) {
		struct page one = { 0 };
		assert_int_equal(page_decode(sqlite3_column_blob(rows, 0),
					     (size_t)sqlite3_column_bytes(rows, 0), &one,
					     &testbed.err),
				 0);
		for (size_t i = 0; i < one.n; i++)
			sum -= (int64_t)one.entries[i].acc.value;
		page_free(&one);
	}
	sqlite3_finalize(rows);
	assert_int_equal(sum, 0);
	testbed_close(&testbed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decoding_gives_back_what_was_encoded),
		cmocka_unit_test(picking_gives_what_decoding_gives_of_these_series),
		cmocka_unit_test(one_state_has_one_encoding_and_all_else_is_damage),
		cmocka_unit_test(needless_bytes_are_damage),
		cmocka_unit_test(appending_is_associative),
		cmocka_unit_test(a_unit_is_what_its_offices_come_to),
		cmocka_unit_test(a_key_names_its_period_and_calendars_share_what_is_below_a_month),
		cmocka_unit_test(touched_pages_are_written_once_and_read_back),
	};
	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
