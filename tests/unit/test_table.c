#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/text/csv_table.h"
#include "common/text/table.h"
#include "support/fault.h"
#include "support/seeds.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static const char *const columns[] = { "area", "value", "reason" };

static struct table *table_of_three(void)
{
	struct table *table = table_open(columns, 3);

	assert_non_null(table);
	return table;
}

static void assert_written(int (*write)(const struct table *table, struct blob *out),
			   const struct table *table, const char *expected)
{
	struct blob out = { 0 };

	assert_int_equal(write(table, &out), 0);
	assert_int_equal(blob_append(&out, "", 1), 0);
	assert_string_equal((const char *)out.data, expected);
	blob_free(&out);
}

static void json_keeps_every_digit_and_tells_null_from_empty(void **state)
{
	struct table *table = table_of_three();

	(void)state;
	table_head(table, "query", "name", "team.count");
	table_head(table, "other", "k", "v");
	table_head(table, "query", "area", NULL);
	table_head_int(table, "other", "n", -12);
	table_row(table);
	table_text(table, "82");
	table_number(table, "123456789012345678901234567890.10");
	table_text(table, "");
	table_row(table);
	table_null(table);
	table_decimal(table, -5, 1);
	table_row(table);
	table_text(table, NULL);
	table_int(table, INT64_MIN);
	table_bool(table, true);
	assert_false(table_failed(table));
	assert_written(table_json, table,
		       "{\"query\": {\"name\": \"team.count\", \"area\": null}, "
		       "\"other\": {\"k\": \"v\", \"n\": -12}, \"rows\": [\n"
		       "{\"area\": \"82\", \"value\": 123456789012345678901234567890.10, "
		       "\"reason\": \"\"},\n"
		       "{\"area\": null, \"value\": -0.5, \"reason\": null},\n"
		       "{\"area\": null, \"value\": -9223372036854775808, \"reason\": true}]}\n");
	table_close(table);
}

static void csv_quotes_what_needs_it(void **state)
{
	struct table *table = table_of_three();

	(void)state;
	table_head(table, "query", "name", "left out");
	table_row(table);
	table_text(table, "xã \"A\", huyện B");
	table_int(table, 12);
	table_null(table);
	table_row(table);
	table_text(table, "two\nlines");
	table_null(table);
	table_text(table, "");
	assert_written(table_csv, table,
		       "area,value,reason\n\"xã \"\"A\"\", huyện B\",12,\n\"two\nlines\",,\"\"\n");
	table_close(table);
}

static void an_object_of_numbers_is_json_and_plain_text_in_csv(void **state)
{
	struct table *table = table_of_three();

	(void)state;
	table_row(table);
	table_object(table, "economy.grdp=12.50;dti.index=");
	table_object(table, "");
	table_object(table, "a=1");
	assert_written(table_json, table,
		       "{\"rows\": [\n{\"area\": {\"economy.grdp\": 12.50, \"dti.index\": null}, "
		       "\"value\": {}, \"reason\": {\"a\": 1}}]}\n");
	assert_written(table_csv, table,
		       "area,value,reason\neconomy.grdp=12.50;dti.index=,\"\",a=1\n");
	table_close(table);
}

static void no_rows_is_an_empty_list(void **state)
{
	struct table *table = table_of_three();

	(void)state;
	assert_written(table_json, table, "{\"rows\": []}\n");
	assert_written(table_csv, table, "area,value,reason\n");
	table_close(table);
}

static void cells_can_be_read_back(void **state)
{
	struct table *table = table_of_three();

	(void)state;
	table_row(table);
	table_text(table, "x");
	assert_int_equal(table_rows(table), 1);
	assert_int_equal(table_columns(table), 3);
	assert_string_equal(table_column(table, 2), "reason");
	assert_string_equal(table_cell(table, 0, 0), "x");
	assert_null(table_cell(table, 0, 2));
	table_close(table);
}

static struct table *filled(void)
{
	struct table *table = table_open(columns, 3);

	for (int i = 0; table && i < 40; i++) {
		table_head(table, "query", "area", i % 2 ? NULL : "82");
		table_row(table);
		table_text(table, "Thành phố Mỹ Tho, tỉnh Tiền Giang");
		table_int(table, i);
		table_object(table, "a=1;b=2");
	}
	return table;
}

static void lack_of_memory_is_told_never_half_a_table(void **state)
{
	bool fired = true;

	(void)state;
	for (unsigned after = 0; fired; after++) {
		struct blob json = { 0 }, csv = { 0 };
		struct table *table;
		int rc = -ENOMEM;

		fault_arm_at(FAULT_MEMORY, after);
		table = filled();
		if (table) {
			rc = table_json(table, &json);
			rc = rc < 0 ? rc : table_csv(table, &csv);
		}
		fired = fault_disarm();
		assert_int_equal(rc, fired ? -ENOMEM : 0);
		if (table && table_rows(table) == 40 && !table_failed(table))
			assert_string_equal(table_cell(table, 39, 1), "39");
		table_close(table);
		blob_free(&json);
		blob_free(&csv);
	}
}

static void csv_becomes_the_table_it_was_written_from(void **state)
{
	struct table *table = table_of_three(), *again = NULL;
	struct blob first = { 0 }, second = { 0 };
	struct err err;

	(void)state;
	table_row(table);
	table_text(table, "xã \"A\", huyện B");
	table_number(table, "-0.50");
	table_row(table);
	table_null(table);
	table_null(table);
	table_text(table, "two\nlines");
	assert_int_equal(table_csv(table, &first), 0);
	assert_int_equal(csv_table((const char *)first.data, first.len, &again, &err), 0);
	assert_null(table_cell(again, 1, 0));
	assert_int_equal(table_csv(again, &second), 0);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	table_close(table);
	table_close(again);
	blob_free(&first);
	blob_free(&second);
}

static void csv_with_too_long_a_row_is_no_table(void **state)
{
	struct table *table = NULL;
	struct err err;

	(void)state;
	assert_int_equal(csv_table("a,b\n1\n1,2,3\n", 12, &table, &err), -EINVAL);
	assert_non_null(strstr(err.text, "line 3"));
	assert_null(table);
}

/* Any bytes; JSON must come out, and text that is UTF-8 must come out unchanged. */
static void any_text_makes_json(struct dice *dice, void *context)
{
	struct table *table = table_of_three();
	struct blob out = { 0 };
	char bytes[40] = { 0 }, letters[40] = { 0 };
	json_t *json, *row;

	(void)context;
	for (size_t i = 0; i < sizeof(bytes) - 1; i++)
		bytes[i] = (char)dice_between(dice, 1, 255);
	for (size_t i = 0; i + 4 < sizeof(letters);) {
		static const char *const some[] = {
			"ấ", "\"", "\\", "\n", "\x01", "a", "\x7f", "𠀋"
		};
		const char *letter = some[dice_below(dice, 8)];

		memcpy(letters + i, letter, strlen(letter));
		i += strlen(letter);
	}
	table_row(table);
	table_text(table, bytes);
	table_text(table, letters);
	assert_int_equal(table_json(table, &out), 0);
	json = json_loadb((const char *)out.data, out.len, 0, NULL);
	assert_non_null(json);
	row = json_array_get(json_object_get(json, "rows"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "value")), letters);
	json_decref(json);
	blob_free(&out);
	table_close(table);
}

static void json_is_json_whatever_the_text(void **state)
{
	(void)state;
	for_all_seeds(2000, any_text_makes_json, NULL);
}

static void a_text_that_there_was_no_memory_for_fails_the_table(void **state)
{
	static const char *const one[] = { "a" };
	struct table *table = table_open(one, 1);
	struct blob out = { 0 };
	(void)state;
	assert_non_null(table);
	table_row(table);
	table_number(table, NULL);
	assert_true(table_failed(table));
	assert_int_equal(table_json(table, &out), -ENOMEM);
	table_close(table);
	table = table_open(one, 1);
	table_row(table);
	table_object(table, NULL);
	assert_int_equal(table_csv(table, &out), -ENOMEM);
	table_close(table);
	blob_free(&out);
}

struct taker {
	struct blob taken;
	size_t pieces, most; /* it fails behind so many */
};

static int take(void *context, const uint8_t *data, size_t len)
{
	struct taker *taker = context;
	if (taker->pieces++ == taker->most)
		return -EFBIG;
	return blob_append(&taker->taken, data, len);
}

static void rows_fill(struct table *table, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		table_row(table);
		table_text(table, i % 3 ? "a \"b\", c" : NULL);
		table_int(table, i);
		table_object(table, "2025=1;2030=");
		if (i == n / 2)
			table_head(table, "query", "half", "way");
	}
	table_head(table, "ledger", "head", "1:2");
}

/* As what keeps its rows writes them, heads that come late and all. */
static void streamed_rows_are_those_that_are_kept(void **state)
{
	static const unsigned counts[] = { 0, 1, 2, 5000 };
	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (int csv = 0; csv < 2; csv++) {
			struct taker taker = { .most = SIZE_MAX };
			const struct table_stream stream = { csv, take, &taker };
			struct table *kept = table_open(columns, 3),
				     *streamed = table_open(columns, 3);
			struct blob expected = { 0 }, got = { 0 }, behind = { 0 };
			assert_false(table_is_streamed(streamed));
			table_stream(streamed, &stream);
			assert_true(table_is_streamed(streamed));
			rows_fill(kept, counts[i]);
			rows_fill(streamed, counts[i]);
			assert_int_equal(table_rows(streamed), counts[i]);
			assert_int_equal((csv ? table_csv : table_json)(kept, &expected), 0);
			assert_int_equal(table_stream_end(streamed, &got, &behind), 0);
			assert_int_equal(blob_append(&got, taker.taken.data, taker.taken.len), 0);
			assert_int_equal(blob_append(&got, behind.data, behind.len), 0);
			assert_int_equal(got.len, expected.len);
			assert_memory_equal(got.data, expected.data, got.len);
			assert_true(counts[i] < 5000 || taker.pieces > 1);
			blob_free(&expected);
			blob_free(&got);
			blob_free(&behind);
			blob_free(&taker.taken);
			table_close(kept);
			table_close(streamed);
		}
}

static void what_the_stream_says_fails_the_table(void **state)
{
	struct taker taker = { .most = 1 };
	const struct table_stream stream = { false, take, &taker };
	struct table *table = table_open(columns, 3);
	struct blob before = { 0 }, behind = { 0 };
	(void)state;
	table_stream(table, &stream);
	rows_fill(table, 5000);
	assert_true(table_failed(table));
	assert_int_equal(taker.pieces, 2); /* it is not asked again */
	assert_int_equal(table_stream_end(table, &before, &behind), -EFBIG);
	table_close(table);
	blob_free(&taker.taken);
	blob_free(&before);
	blob_free(&behind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_keeps_every_digit_and_tells_null_from_empty),
		cmocka_unit_test(a_text_that_there_was_no_memory_for_fails_the_table),
		cmocka_unit_test(csv_quotes_what_needs_it),
		cmocka_unit_test(an_object_of_numbers_is_json_and_plain_text_in_csv),
		cmocka_unit_test(no_rows_is_an_empty_list),
		cmocka_unit_test(cells_can_be_read_back),
		cmocka_unit_test(lack_of_memory_is_told_never_half_a_table),
		cmocka_unit_test(csv_becomes_the_table_it_was_written_from),
		cmocka_unit_test(csv_with_too_long_a_row_is_no_table),
		cmocka_unit_test(json_is_json_whatever_the_text),
		cmocka_unit_test(streamed_rows_are_those_that_are_kept),
		cmocka_unit_test(what_the_stream_says_fails_the_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
