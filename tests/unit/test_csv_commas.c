/* The tables that operators import, as spreadsheets save them: parted by commas they are the same.
 */
#include "common/text/csv_commas.h"
#include "common/text/csv_reader.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *commas(const char *text, size_t len)
{
	static struct blob out;
	struct err err;
	out.len = 0;
	if (csv_commas(text, len, &out, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(blob_append(&out, "", 1), 0);
	return (const char *)out.data;
}

static void tables_are_parted_by_commas_line_for_line(void **state)
{
	static const struct {
		const char *text, *commas;
	} cases[] = {
		{ "code,name\n1,\"a;b\"\n", "code,name\n1,\"a;b\"\n" },
		{ "\xef\xbb\xbf"
		  "code,name\r\n1,x\r\n",
		  "\xef\xbb\xbf"
		  "code,name\r\n1,x\r\n" },
		{ "\xef\xbb\xbf"
		  "code;name;;\r\n1;UBND xã A, huyện B;;\r\n",
		  "\xef\xbb\xbf"
		  "code,name,,\r\n1,\"UBND xã A, huyện B\",,\r\n" },
		{ "code\tname\n1\t\"a\tb\n,c\"\n2\t;\n", "code,name\n1,\"a\tb\n,c\"\n2,;\n" },
		{ "sep=;\ncode;name\n1;2", "\ncode,name\n1,2" },
		{ "SEP=,\r\ncode,\"a;b;c\"\r\n1,2", "\r\ncode,\"a;b;c\"\r\n1,2" },
		{ "\"a;b\";c\n1;2", "\"a;b\",c\n1,2" },
		{ "\n\n a;b\n;\n", "\n\n a,b\n,\n" },
		{ "name\n1;2\n", "name\n1;2\n" },
		{ "", "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(commas(cases[i].text, strlen(cases[i].text)), cases[i].commas);
	assert_string_equal(commas("\xff\xfe"
				   "a\0\t\0b\0\n\0"
				   "1\0\t\0\xdf\x1e\n\0",
				   18),
			    "a,b\n1,ở\n");
}

static void what_is_no_table_is_named(void **state)
{
	static const char *const pages[] = { "<html><table>", "\n <!DOCTYPE html>",
					     "<TABLE border=1>",
					     "\xef\xbb\xbf<?xml version=\"1.0\"?>",
					     "MIME-Version: 1.0\n" };
	struct blob out = { 0 };
	struct err err;
	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		assert_int_equal(csv_commas(pages[i], strlen(pages[i]), &out, &err), -EINVAL);
		assert_non_null(strstr(err.text, "this is a web page"));
	}
	assert_int_equal(csv_commas("PK\x03\x04", 4, &out, &err), -EINVAL);
	assert_non_null(strstr(err.text, "this is a workbook"));
	assert_int_equal(out.len, 0);
}

/* --- a table reads the same, whatever parts it --- */

struct sheet {
	struct blob said;
};

static int say(void *context, const struct csv_row *row, struct err *err)
{
	struct sheet *sheet = context;
	char line[32];
	(void)err;
	(void)snprintf(line, sizeof(line), "\n%u:", row->line);
	assert_int_equal(blob_append(&sheet->said, line, strlen(line)), 0);
	for (size_t i = 0; i < row->n; i++)
		assert_int_equal(
			blob_append(&sheet->said, row->fields[i], strlen(row->fields[i]) + 1), 0);
	return 0;
}

static void write_table(struct dice dice, char separator, struct blob *out)
{
	static const char *const cells[] = { "",          "x",   "a b",           "\"a;b\"",
					     "\"x,\ty\"", "1.5", "\"\"\"q\"\"\"", "\"two\nlines\"",
					     "Tổ" };
	size_t rows = dice_below(&dice, 6), columns = 2 + dice_below(&dice, 4);
	for (size_t r = 0; r <= rows; r++)
		for (size_t c = 0; c < columns; c++) {
			const char *cell = r == 0 ? "name" : cells[dice_below(&dice, 9)];
			char end = c + 1 < columns ? separator : '\n';
			assert_int_equal(blob_append(out, cell, strlen(cell)), 0);
			assert_int_equal(blob_append(out, &end, 1), 0);
		}
}

static void a_table_is_itself(struct dice *dice, void *context)
{
	struct blob by_comma = { 0 }, text = { 0 }, out = { 0 };
	struct sheet wanted = { 0 }, found = { 0 };
	struct err err;
	char separator = dice_below(dice, 2) ? ';' : '\t';
	(void)context;
	write_table(*dice, ',', &by_comma);
	write_table(*dice, separator, &text);
	assert_int_equal(csv_commas((char *)text.data, text.len, &out, &err), 0);
	assert_int_equal(csv_read((char *)by_comma.data, by_comma.len, say, say, &wanted, &err), 0);
	assert_int_equal(csv_read((char *)out.data, out.len, say, say, &found, &err), 0);
	assert_int_equal(found.said.len, wanted.said.len);
	assert_memory_equal(found.said.data, wanted.said.data, wanted.said.len);
	blob_free(&by_comma);
	blob_free(&text);
	blob_free(&out);
	blob_free(&wanted.said);
	blob_free(&found.said);
}

static void a_table_reads_the_same_whatever_parts_it(void **state)
{
	(void)state;
	for_all_seeds(2000, a_table_is_itself, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_parted_by_commas_line_for_line),
		cmocka_unit_test(what_is_no_table_is_named),
		cmocka_unit_test(a_table_reads_the_same_whatever_parts_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
