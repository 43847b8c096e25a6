#include "common/model/dimensions.h"
#include "common/model/period.h"
#include "common/text/viet.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER "dimension,code,label_vi,label_en,valid_from,valid_to\n"

static const char lists[] = HEADER "sector,land,Đất đai,Land,,\n"
				   "sector,construction,Xây dựng,Construction,,2024-01-01\n"
				   "app,VNeID,,,2022-07-18,\n"
				   "sector,building,Công trình xây dựng,Building,2024-01-01,\n"
				   "sector,health,Y tế,Health,,\n";

static struct dimensions *read_good(const char *csv)
{
	struct dimensions *dimensions = NULL;
	struct err err = { 0 };
	if (dimensions_read(csv, strlen(csv), &dimensions, &err) != 0)
		fail_msg("%s", err.text);
	return dimensions;
}

static int32_t day(const char *text)
{
	struct err err = { 0 };
	int32_t found = 0;
	assert_int_equal(day_parse(text, &found, &err), 0);
	return found;
}

static void assert_refused(const char *csv, const char *sentence)
{
	struct dimensions *dimensions = NULL;
	struct err err = { 0 };
	assert_int_equal(dimensions_read(csv, strlen(csv), &dimensions, &err), -EINVAL);
	assert_null(dimensions);
	assert_string_equal(err.text, sentence);
}

static void assert_becomes(const struct dimensions *dimensions, const char *labels,
			   const char *wanted)
{
	char found[LABELS_TEXT_MAX];
	struct err err = { 0 };
	if (dimensions_resolve(dimensions, labels, day("2025-06-01"), found, &err) < 0)
		fail_msg("%s: %s", labels, err.text);
	assert_string_equal(found, wanted);
	/* What was resolved stays as it is, and may be received. */
	assert_int_equal(dimensions_resolve(dimensions, wanted, day("2025-06-01"), found, &err), 0);
	assert_string_equal(found, wanted);
	assert_true(dimensions_hold(dimensions, wanted, day("2025-06-01")));
}

static void assert_asked(const struct dimensions *dimensions, const char *labels, const char *on,
			 const char *sentence)
{
	char found[LABELS_TEXT_MAX];
	struct err err = { 0 };
	assert_int_equal(dimensions_resolve(dimensions, labels, day(on), found, &err), -EINVAL);
	assert_string_equal(err.text, sentence);
	assert_false(dimensions_hold(dimensions, labels, day(on)));
}

static void a_code_is_written_as_people_do(void **state)
{
	(void)state;
	struct dimensions *dimensions = read_good(lists);
	assert_int_equal(dimensions->n, 2);
	assert_int_equal(dimensions->lists[0].n, 4);
	assert_becomes(dimensions, "", "");
	assert_becomes(dimensions, "sector=land", "sector=land");
	assert_becomes(dimensions, "sector=LAND", "sector=land");
	assert_becomes(dimensions, "sector=Đất đai", "sector=land");
	assert_becomes(dimensions, "sector=đất  ĐAI ", "sector=land");
	assert_becomes(dimensions, "sector=\u0111a\u0302\u0301t \u0111ai", "sector=land");
	assert_becomes(dimensions, "app=vneid;sector=health", "app=VNeID;sector=health");
	assert_becomes(dimensions, "sector=công trình xây  DỰNG", "sector=building");
	dimensions_close(dimensions);
}

static void what_is_not_in_the_list_is_asked_about(void **state)
{
	(void)state;
	struct dimensions *dimensions = read_good(lists);
	assert_asked(dimensions, "sector=dat dai", "2025-06-01",
		     "sector 'dat dai' is not in the province's list; did you mean 'land' (Land)?");
	assert_asked(dimensions, "sector=đất", "2025-06-01",
		     "sector 'đất' is not in the province's list; did you mean 'land' (Land)?");
	assert_asked(
		dimensions, "sector=helth", "2025-06-01",
		"sector 'helth' is not in the province's list; did you mean 'health' (Health)?");
	assert_asked(dimensions, "sector=thủy sản", "2025-06-01",
		     "sector 'thủy sản' is not in the province's list; choose one of it: Land; "
		     "Building; Health");
	assert_asked(dimensions, "sector=construction", "2025-06-01",
		     "sector 'construction' was in the province's list up to 2023-12-31 only; "
		     "choose what it is counted under since");
	assert_asked(
		dimensions, "app=VNeID", "2022-07-17",
		"app 'VNeID' is in the province's list from 2022-07-18 on only; choose what it "
		"was counted under before");
	dimensions_close(dimensions);
}

static void assert_told(const struct dimensions *dimensions, const char *labels, const char *on,
			const char *sentence)
{
	struct err err = { 0 };
	dimensions_tell(dimensions, labels, day(on), &err);
	assert_string_equal(err.text, sentence);
}

/* A label that the province is sent is a code, however it is typed, or waits: a series is called by
 * the first spelling that came, so that "LAND" and "land" cannot be told apart. */
static void a_name_of_a_code_is_no_code(void **state)
{
	(void)state;
	struct dimensions *dimensions = read_good(lists);
	assert_true(dimensions_hold(dimensions, "sector=LAND", day("2025-06-01")));
	assert_false(dimensions_hold(dimensions, "sector=Đất đai", day("2025-06-01")));
	assert_false(dimensions_hold(dimensions, "sector=Building works", day("2025-06-01")));
	assert_int_equal(dimensions_days(dimensions, "sector=LAND;topic=x"), HELD_ALWAYS);
	assert_int_equal(dimensions_days(dimensions, "sector=building"), HELD_SOMETIMES);
	assert_int_equal(dimensions_days(dimensions, "sector=construction"), HELD_SOMETIMES);
	assert_int_equal(dimensions_days(dimensions, "app=VNeID;sector=Đất đai"), HELD_NEVER);
	assert_int_equal(dimensions_days(dimensions, "app=VNeID;sector=sea"), HELD_NEVER);
	assert_int_equal(dimensions_days(NULL, "sector=sea"), HELD_ALWAYS);
	assert_told(dimensions, "app=VNeID;sector=đất đai", "2025-06-01",
		    "sector 'đất đai' is a name, and the province takes the code, 'land': the "
		    "office's agent is of an older version; once it is upgraded, have the figure "
		    "handed in again");
	assert_told(dimensions, "app=VNeID;sector=sea", "2025-06-01",
		    "sector 'sea' is not in the province's list; choose one of it: Land; "
		    "Building; Health");
	assert_true(dimensions_hold(dimensions, "sector=construction", day("2023-12-31")));
	assert_false(dimensions_hold(dimensions, "sector=construction", day("2024-01-01")));
	assert_true(dimensions_hold(dimensions, "topic=anything", day("2024-01-01")));
	assert_true(dimensions_hold(NULL, "sector=anything", day("2024-01-01")));
	dimensions_close(dimensions);
}

static bool are_one(const char *a, const char *b)
{
	char key_a[LABELS_KEY_MAX], key_b[LABELS_KEY_MAX];
	labels_key(a, key_a);
	labels_key(b, key_b);
	return strcmp(key_a, key_b) == 0;
}

static void without_a_list_a_text_is_free(void **state)
{
	(void)state;
	struct dimensions *dimensions = read_good(lists);
	assert_becomes(dimensions, "topic= Chuyển   đổi số ", "topic=Chuyển đổi số");
	assert_becomes(NULL, "sector=\u0111a\u0302\u0301t\u00a0đai", "sector=đất đai");
	assert_true(are_one("", ""));
	assert_true(are_one("sector=Đất đai", "sector=đất  đai"));
	assert_true(are_one("app=x;sector=Thuỷ lợi", "app=X;sector=thủy lợi"));
	assert_false(are_one("sector=Đất đai", "topic=Đất đai"));
	assert_false(are_one("sector=Đất đai", "sector=Đất đai;topic=x"));
	assert_false(are_one("sector=tổ", "sector=tố"));
	dimensions_close(dimensions);
}

static void a_code_may_be_called_otherwise_from_a_day_on(void **state)
{
	(void)state;
	struct dimensions *dimensions = read_good(
		HEADER "sector,ict,Bưu chính viễn thông,Post,,2008-01-01\n"
		       "sector,ict,Thông tin và truyền thông,ICT,2008-01-01,2025-03-01\n");
	const struct code *code = NULL;
	const struct code_list *list = dimensions_list(dimensions, "sector", 6);
	assert_int_equal(
		code_list_find(list, "Thông tin và truyền thông", day("2007-12-31"), &code),
		CODE_FOUND);
	assert_string_equal(code->label_en, "Post");
	assert_int_equal(code_list_find(list, "ict", day("2010-01-01"), &code), CODE_FOUND);
	assert_string_equal(code->label_en, "ICT");
	assert_int_equal(code_list_find(list, "post", day("2025-03-01"), &code), CODE_NOT_IN_FORCE);
	assert_int_equal(code_list_find(list, "tax", day("2025-03-01"), &code), CODE_UNLISTED);
	/* A machine without a clock: any day may be meant, and no other word. */
	assert_int_equal(code_list_find(list, "post", CODE_ANY_DAY, &code), CODE_FOUND);
	assert_int_equal(code_list_find(list, "tax", CODE_ANY_DAY, &code), CODE_UNLISTED);
	dimensions_close(dimensions);
}

static void what_is_wrong_with_a_list_is_named(void **state)
{
	(void)state;
	assert_refused("dimension,code,label_vi,label_en,valid_from\n",
		       "line 1: there is no column 'valid_to'; the header must be "
		       "dimension,code,label_vi,label_en,valid_from,valid_to");
	assert_refused(HEADER "Sector,đất,,,,\n",
		       "line 2: dimension: 'Sector' is not valid; write it as the catalogue's "
		       "column 'dimensions' does\n"
		       "line 2: code: 'đất' is not valid; it must be 1 to 64 of A-Z a-z 0-9 . _ -, "
		       "and its name goes into label_vi and label_en");
	assert_refused(
		HEADER "sector,land,a=b,,2025-13-01,\nsector,x,,,2025-01-01,2025-01-01\n",
		"line 2: label_vi: 'a=b' is not valid; at most 64 bytes without ';' and '='\n"
		"line 2: valid_from: '2025-13-01' is not a day; write 2025-06-30, from 1900 "
		"to 2100\n"
		"line 3: valid_to must be after valid_from: it is the first day on which "
		"the code may no longer be used");
	assert_refused(
		HEADER "sector,land,Đất đai,,,\nsector,soil,ĐẤT ĐAI,,,\n",
		"line 3: 'soil' and 'land' (line 2) can be written in the same way; give one "
		"of them another name");
	assert_refused(HEADER "sector,land,Đất,,,2025-01-02\nsector,land,Đất đai,,2025-01-01,\n",
		       "line 3: code: 'land' is in force on line 2 at the same time; end one row "
		       "before the other begins");
}

static void the_reference_lists_read(void **state)
{
	(void)state;
	static char text[65536];
	FILE *file = fopen(SOURCE_DIR "/aggregator/data/tien-giang/dimensions.csv", "re");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	struct dimensions *dimensions = read_good(text);
	assert_int_equal(dimensions->n, 4);
	assert_becomes(dimensions, "app=vneid", "app=VNeID");
	assert_becomes(dimensions, "sector=Đất đai", "sector=land");
	for (size_t i = 0; i < dimensions->n; i++) {
		const struct code *other = NULL; /* so that a whole can always be divided */
		assert_int_equal(
			code_list_find(&dimensions->lists[i], "other", day("2025-06-01"), &other),
			CODE_FOUND);
	}
	dimensions_close(dimensions);
}

/* Random lists beside an obvious search of their rows. */

#define ROWS_MAX 6u

struct random_row {
	unsigned code, names[2];
	int32_t from, to;
};

static const char *const texts[] = { "land", "đất đai", "Đất  Đai", "xây",  "Xây dựng", "health",
				     "Y tế", "y  TẾ",   "thuỷ",     "thủy", "khác",     "other" };
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static bool are_alike(const char *a, const char *b)
{
	char key_a[VIET_KEY_MAX], key_b[VIET_KEY_MAX];
	return viet_key(a, key_a) && viet_key(b, key_b) && strcmp(key_a, key_b) == 0;
}

static enum code_verdict search(const struct random_row rows[], size_t n, const char *text,
				int32_t on, unsigned *ret_code)
{
	enum code_verdict verdict = CODE_UNLISTED;
	for (size_t i = 0; i < 2 * n; i++)
		if (are_alike(text, texts[rows[i / 2].names[i % 2]])) {
			*ret_code = rows[i / 2].code;
			verdict = CODE_NOT_IN_FORCE;
		}
	for (size_t i = 0; i < n && verdict != CODE_UNLISTED; i++)
		if (rows[i].code == *ret_code && rows[i].from <= on && on < rows[i].to)
			verdict = CODE_FOUND;
	return verdict;
}

static size_t rows_make(struct dice *dice, struct random_row rows[ROWS_MAX], char csv[4096])
{
	size_t n = 1 + dice_below(dice, ROWS_MAX), len = 0;
	len += (size_t)sprintf(csv, HEADER);
	for (size_t i = 0; i < n; i++) {
		char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];
		rows[i] = (struct random_row){ .code = (unsigned)dice_below(dice, 3),
					       .names = { (unsigned)dice_below(dice, TEXTS),
							  (unsigned)dice_below(dice, TEXTS) },
					       .from = 19000 + (int32_t)dice_below(dice, 4) };
		rows[i].to = rows[i].from + 1 + (int32_t)dice_below(dice, 3);
		len += (size_t)sprintf(csv + len, "d,c%u,%s,%s,%s,%s\n", rows[i].code,
				       texts[rows[i].names[0]], texts[rows[i].names[1]],
				       day_format(rows[i].from, from), day_format(rows[i].to, to));
	}
	return n;
}

static void search_one(struct dice *dice, void *context)
{
	size_t *read = context;
	struct random_row rows[ROWS_MAX];
	struct dimensions *dimensions = NULL;
	struct err err = { 0 };
	char csv[4096];
	size_t n = rows_make(dice, rows, csv);
	if (dimensions_read(csv, strlen(csv), &dimensions, &err) < 0)
		return; /* two that are written alike */
	const struct code_list *list = dimensions_list(dimensions, "d", 1);
	++*read;
	for (size_t t = 0; t < TEXTS; t++)
		for (int32_t on = 18999; on < 19008; on++) {
			const struct code *found = NULL;
			unsigned code = 0;
			enum code_verdict verdict = code_list_find(list, texts[t], on, &found);
			assert_int_equal(verdict, search(rows, n, texts[t], on, &code));
			if (verdict != CODE_UNLISTED)
				assert_int_equal(found->code[1], '0' + (int)code);
		}
	dimensions_close(dimensions);
}

static void a_search_finds_what_reading_all_rows_does(void **state)
{
	(void)state;
	size_t read = 0;
	for_all_seeds(400, search_one, &read);
	assert_true(seeds_given() || read > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_is_written_as_people_do),
		cmocka_unit_test(what_is_not_in_the_list_is_asked_about),
		cmocka_unit_test(a_name_of_a_code_is_no_code),
		cmocka_unit_test(without_a_list_a_text_is_free),
		cmocka_unit_test(a_code_may_be_called_otherwise_from_a_day_on),
		cmocka_unit_test(what_is_wrong_with_a_list_is_named),
		cmocka_unit_test(the_reference_lists_read),
		cmocka_unit_test(a_search_finds_what_reading_all_rows_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
