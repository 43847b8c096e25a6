#include "common/base/blob.h"
#include "common/text/csv_reader.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What was read, written plainly: "line|field|field\n" for each row, the header with an 'h'. */
struct record {
	struct blob said;
	unsigned refuse_at; /* the line on_row refuses with -ENOSPC */
};

static void say(struct record *record, const char *prefix, const struct csv_row *row)
{
	char line[16];
	(void)snprintf(line, sizeof(line), "%s%u", prefix, row->line);
	assert_int_equal(blob_append(&record->said, line, strlen(line)), 0);
	for (size_t i = 0; i < row->n; i++) {
		assert_int_equal(blob_append(&record->said, "|", 1), 0);
		assert_int_equal(blob_append(&record->said, row->fields[i], strlen(row->fields[i])),
				 0);
	}
	assert_int_equal(blob_append(&record->said, "\n", 1), 0);
}

static int on_header(void *context, const struct csv_row *row, struct err *err)
{
	(void)err;
	say(context, "h", row);
	return 0;
}

static int on_row(void *context, const struct csv_row *row, struct err *err)
{
	struct record *record = context;
	if (record->refuse_at == row->line)
		return err_set(err, -ENOSPC, "enough");
	say(record, "", row);
	return 0;
}

static void assert_reads(const char *text, const char *expected)
{
	struct record record = { 0 };
	struct err err = { 0 };
	if (csv_read(text, strlen(text), on_header, on_row, &record, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(blob_append(&record.said, "", 1), 0);
	assert_string_equal((char *)record.said.data, expected);
	blob_free(&record.said);
}

static void assert_broken(const char *text, size_t len, const char *begins)
{
	struct record record = { 0 };
	struct err err = { 0 };
	assert_int_equal(csv_read(text, len, on_header, on_row, &record, &err), -EINVAL);
	if (strncmp(err.text, begins, strlen(begins)) != 0)
		fail_msg("'%s' does not begin with '%s'", err.text, begins);
	blob_free(&record.said);
}

static void rows_come_with_their_fields(void **state)
{
	(void)state;
	assert_reads("a,b\n1,2\n3,4\n", "h1|a|b\n2|1|2\n3|3|4\n");
	assert_reads("a,b\n1,2", "h1|a|b\n2|1|2\n");
	assert_reads("a", "h1|a\n");
	assert_reads("a,b\n,\n1\n1,2,3\n", "h1|a|b\n2||\n3|1\n4|1|2|3\n");
	assert_reads("a\n\"\"\n", "h1|a\n2|\n");
}

static void quotes_are_those_of_rfc_4180(void **state)
{
	(void)state;
	assert_reads("a,b\n\"x, y\",\"say \"\"hi\"\"\"\n", "h1|a|b\n2|x, y|say \"hi\"\n");
	assert_reads("a,b\n  x  ,\" y \"\n", "h1|a|b\n2|x| y \n");
}

static void a_cell_that_is_kept_as_text_is_its_text(void **state)
{
	(void)state;
	assert_reads("a,b\n=\"8\",=\"06/2025\"\n", "h1|a|b\n2|8|06/2025\n");
	assert_reads("a,b\n\"=\"\"8\"\"\", =\"x,y\"\n", "h1|a|b\n2|8|x,y\n");
	assert_reads("a,b\n=\"\",\"1\n=\"\"2\"\"\",=8\n", "h1|a|b\n2||1\n=\"2\"|=8\n");
	assert_reads("a\n\"x\n=\"\"8\"\"\"\n", "h1|a\n2|x\n=\"8\"\n");
	assert_broken("a\nx=\"8\"\n", strlen("a\nx=\"8\"\n"), "line 2: a quote stands inside");
}

static void a_mark_of_the_end_of_the_file_is_no_text(void **state)
{
	struct err err;
	(void)state;
	assert_reads("a\n1\n\x1a", "h1|a\n2|1\n");
	assert_reads("a\n1\x1a", "h1|a\n2|1\n");
	assert_reads("a\n1\n\x1a\x1a\r\n", "h1|a\n2|1\n");
	assert_reads("a\n\x1a x\n1", "h1|a\n2|\x1a x\n3|1\n");
	assert_int_equal(csv_plain("a\n1\n\x1a", 5, &err), 0);
	assert_int_equal(csv_plain("a\n\x1a"
				   "1\n",
				   5, &err),
			 -EINVAL);
}

static void line_numbers_count_quoted_line_breaks(void **state)
{
	(void)state;
	assert_reads("a,b\n\"1\n2\n3\",x\n4,5\n", "h1|a|b\n2|1\n2\n3|x\n5|4|5\n");
	assert_reads("a,b\r\n\"1\r\n\r\n2\",x\r\n4,5\r\n", "h1|a|b\n2|1\r\n\r\n2|x\n5|4|5\n");
	assert_reads("\"a\n\",b\n1,2\n", "h1|a\n|b\n3|1|2\n");
	assert_reads("a,b\n1,\"x\n\n\n\"\n\n2,3", "h1|a|b\n2|1|x\n\n\n\n7|2|3\n");
}

static void every_kind_of_line_end_and_a_byte_order_mark_are_taken(void **state)
{
	(void)state;
	assert_reads("a,b\r\n1,2\r\n\r\n3,4\r\n", "h1|a|b\n2|1|2\n4|3|4\n");
	assert_reads("a,b\r1,2\r3,4", "h1|a|b\n2|1|2\n3|3|4\n");
	assert_reads("\xef\xbb\xbf\"a\",b\n1,2\n", "h1|a|b\n2|1|2\n");
}

static void blank_lines_are_passed_over_and_counted(void **state)
{
	(void)state;
	assert_reads("\n\na\n\n  \t\n1\n\n", "h3|a\n6|1\n");
}

static void broken_quoting_is_refused_with_its_line(void **state)
{
	(void)state;
	static const char inside[] = "a,b\n\"1\n2\",3\n4,x\"y\n";
	static const char open[] = "a,b\n1,2\n3,\"x\n4,5\n6,7\n";
	static const char after[] = "a\n\"x\" y\n";
	assert_broken(inside, strlen(inside), "line 4: a quote stands inside a field");
	assert_broken(open, strlen(open), "line 3: a quote is opened here and never closed");
	assert_broken(after, strlen(after), "line 2: a quote stands inside a field");
}

static void what_is_not_utf_8_text_is_refused_with_its_line(void **state)
{
	(void)state;
	assert_broken("a\n1\n\xe9\n", 6, "line 3: this is not UTF-8");
	assert_broken("a\n\xed\xa0\x80\n", 6, "line 2: this is not UTF-8");
	assert_broken("a\n1\0002\n", 6, "line 2: there is a NUL byte");
	assert_broken("a\n\"x\n\xff\"\n", 8, "line 3: this is not UTF-8");
}

static void a_file_without_a_header_is_refused(void **state)
{
	(void)state;
	assert_broken("", 0, "line 1: there is no header line");
	assert_broken("\n \r\n", 4, "line 1: there is no header line");
	assert_broken("\xef\xbb\xbf", 3, "line 1: there is no header line");
}

static void the_limits_hold_to_the_byte(void **state)
{
	(void)state;
	struct blob text = { 0 };
	struct record record = { 0 };
	assert_int_equal(blob_append(&text, "a\n", 2), 0);
	for (size_t i = 0; i < CSV_FIELD_MAX; i++)
		assert_int_equal(blob_append(&text, "x", 1), 0);
	assert_int_equal(csv_read((char *)text.data, text.len, on_header, on_row, &record,
				  &(struct err){ 0 }),
			 0);
	assert_int_equal(blob_append(&text, "x", 1), 0);
	assert_broken((char *)text.data, text.len, "line 2: a field is longer than 65536 bytes");
	text.len = 0;
	for (size_t i = 1; i < CSV_COLUMNS_MAX; i++)
		assert_int_equal(blob_append(&text, ",", 1), 0);
	assert_int_equal(csv_read((char *)text.data, text.len, on_header, on_row, &record,
				  &(struct err){ 0 }),
			 0);
	assert_int_equal(blob_append(&text, ",,,", 3), 0); /* none of these is one */
	assert_int_equal(csv_read((char *)text.data, text.len, on_header, on_row, &record,
				  &(struct err){ 0 }),
			 0);
	assert_int_equal(blob_append(&text, "x", 1), 0);
	assert_broken((char *)text.data, text.len, "line 1: there are more than 256 fields");
	blob_free(&text);
	blob_free(&record.said);
}

static void what_a_callback_refuses_ends_the_reading(void **state)
{
	(void)state;
	struct record record = { .refuse_at = 3 };
	struct err err = { 0 };
	static const char text[] = "a\n1\n2\n3\n";
	assert_int_equal(csv_read(text, strlen(text), on_header, on_row, &record, &err), -ENOSPC);
	assert_string_equal(err.text, "enough");
	assert_int_equal(record.said.len, strlen("h1|a\n2|1\n"));
	blob_free(&record.said);
}

/* Any table of texts, written with quotes where needed and any line ends, reads back with the line
 * each row was written on. */
static void put(struct blob *blob, const char *text)
{
	assert_int_equal(blob_append(blob, text, strlen(text)), 0);
}

static unsigned put_field(struct dice *dice, struct blob *csv, struct blob *expected)
{
	static const char *const pieces[] = { "a", "Số", ",", "\"", "\n", "\r\n", " ", "" };
	unsigned breaks = 0;
	bool trimmed = dice_below(dice, 2) == 0; /* no quotes: only plain pieces */
	size_t n = dice_below(dice, 5);
	put(expected, "|");
	put(csv, trimmed ? "" : "\"");
	for (size_t i = 0; i < n; i++) {
		const char *piece = pieces[dice_below(dice, trimmed ? 2 : 8)];
		put(csv, *piece == '"' ? "\"\"" : piece);
		put(expected, piece);
		breaks += strchr(piece, '\n') != NULL;
	}
	put(csv, trimmed ? "" : "\"");
	return breaks;
}

static void written_reads_back(struct dice *dice, void *context)
{
	(void)context;
	struct blob csv = { 0 }, expected = { 0 };
	unsigned line = 1;
	size_t rows = 1 + dice_below(dice, 6);
	for (size_t row = 0; row < rows; row++) {
		char number[16];
		(void)snprintf(number, sizeof(number), "%s%u", row ? "" : "h", line);
		put(&expected, number);
		size_t columns =
			2 + dice_below(dice, 4); /* one empty field would be a blank line */
		for (size_t c = 0; c < columns; c++) {
			put(&csv, c ? "," : "");
			line += put_field(dice, &csv, &expected);
		}
		put(&expected, "\n");
		put(&csv, dice_below(dice, 2) ? "\n" : "\r\n");
		for (line++; dice_below(dice, 4) == 0; line++)
			put(&csv, "\n");
	}
	assert_int_equal(blob_append(&csv, "", 1), 0);
	assert_int_equal(blob_append(&expected, "", 1), 0);
	assert_reads((char *)csv.data, (char *)expected.data);
	blob_free(&csv);
	blob_free(&expected);
}

static void what_is_written_reads_back_with_its_lines(void **state)
{
	(void)state;
	for_all_seeds(3000, written_reads_back, NULL);
}

static void what_nobody_can_see_is_told_with_its_line_and_place(void **state)
{
	static const char fine[] = "\xef\xbb\xbf"
				   "a,b\r\nTổ,\"x\ty\n\"\r\n\xff\n";
	static const char bad[] = "name,label\nx,T\xe1\xbb\x95\xe2\x80\x8b 1\ny,fine\nz,\x1b\x1b\n"
				  "một hàng rất dài có nhiều chữ\xe2\x80\xae";
	struct err err = { 0 };
	(void)state;
	assert_int_equal(csv_plain(fine, strlen(fine), &err), 0);
	assert_int_equal(csv_plain("", 0, &err), 0);
	assert_int_equal(csv_plain(bad, strlen(bad), &err), -EINVAL);
	assert_string_equal(
		err.text, "line 2: a character that nobody can see (U+200B) stands behind 'x,Tổ'; "
			  "take it out\n"
			  "line 4: a character that nobody can see (U+001B) stands behind 'z,'; "
			  "take it out\n"
			  "line 5: a character that nobody can see (U+202E) stands behind "
			  "'t dài có nhiều chữ'; take it out");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_with_their_fields),
		cmocka_unit_test(quotes_are_those_of_rfc_4180),
		cmocka_unit_test(a_cell_that_is_kept_as_text_is_its_text),
		cmocka_unit_test(a_mark_of_the_end_of_the_file_is_no_text),
		cmocka_unit_test(line_numbers_count_quoted_line_breaks),
		cmocka_unit_test(every_kind_of_line_end_and_a_byte_order_mark_are_taken),
		cmocka_unit_test(blank_lines_are_passed_over_and_counted),
		cmocka_unit_test(broken_quoting_is_refused_with_its_line),
		cmocka_unit_test(what_is_not_utf_8_text_is_refused_with_its_line),
		cmocka_unit_test(what_nobody_can_see_is_told_with_its_line_and_place),
		cmocka_unit_test(a_file_without_a_header_is_refused),
		cmocka_unit_test(the_limits_hold_to_the_byte),
		cmocka_unit_test(what_a_callback_refuses_ends_the_reading),
		cmocka_unit_test(what_is_written_reads_back_with_its_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
