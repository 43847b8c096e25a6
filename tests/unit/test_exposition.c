/* What Prometheus reads is what was written, whatever people or offices put into a label. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/utf8.h"
#include "common/text/exposition.h"
#include "support/seeds.h"

#include <stdio.h>
#include <string.h>

struct text {
	struct blob blob;
	struct exposition to;
};

static void begin(struct text *text)
{
	*text = (struct text){ 0 };
	text->to.out = &text->blob;
	exposition_begin(&text->to, "lantoa_x", "gauge", "Half a \\ and a\nline.");
}

static const char *end(struct text *text)
{
	assert_int_equal(text->to.rc, 0);
	assert_int_equal(blob_append(&text->blob, "", 1), 0);
	return (const char *)text->blob.data;
}

#define HEAD "# HELP lantoa_x Half a \\\\ and a\\nline.\n# TYPE lantoa_x gauge\n"

static void a_family_is_written_as_the_format_has_it(void **state)
{
	struct text text;
	(void)state;
	begin(&text);
	const struct sample_label labels[] = { { "a", "one" }, { "b", "t\"w\\o\n" } };
	exposition_int(&text.to, NULL, 0, -3);
	exposition_int(&text.to, labels, 2, INT64_MAX);
	exposition_number(&text.to, labels, 1, "8.592");
	exposition_seconds(&text.to, labels, 1, 1796055011264283);
	exposition_seconds(&text.to, NULL, 0, 0);
	exposition_seconds(&text.to, NULL, 0, 2500000);
	exposition_seconds(&text.to, NULL, 0, -10);
	assert_string_equal(end(&text), HEAD "lantoa_x -3\n"
					     "lantoa_x{a=\"one\",b=\"t\\\"w\\\\o\\n\"} "
					     "9223372036854775807\n"
					     "lantoa_x{a=\"one\"} 8.592\n"
					     "lantoa_x{a=\"one\"} 1796055011.264283\n"
					     "lantoa_x 0\n"
					     "lantoa_x 2.5\n"
					     "lantoa_x -0.00001\n");
	blob_free(&text.blob);
}

static void a_histogram_is_cumulative_and_ends_with_all(void **state)
{
	struct text text;
	struct histogram histogram = { 0 };
	(void)state;
	begin(&text);
	histogram_add(&histogram, 900);
	histogram_add(&histogram, 1000);
	histogram_add(&histogram, 60000000);
	exposition_histogram(&text.to, &histogram);
	const char *found = end(&text);
	assert_non_null(strstr(found, "lantoa_x_bucket{le=\"0.001\"} 2\n"));
	assert_non_null(strstr(found, "lantoa_x_bucket{le=\"10\"} 2\n"));
	assert_non_null(strstr(found, "lantoa_x_bucket{le=\"+Inf\"} 3\n"
				      "lantoa_x_sum 60.0019\nlantoa_x_count 3\n"));
	blob_free(&text.blob);
}

/* A reader that knows the format alone: the value of the one label of the one sample. */
static void read_label(const char *line, char *ret)
{
	static const char before[] = "lantoa_x{l=\"";
	assert_int_equal(strncmp(line, before, strlen(before)), 0);
	for (line += strlen(before); *line != '"'; line++) {
		assert_true(*line != '\n' && *line != '\0');
		if (*line == '\\') {
			line++;
			assert_true(*line == 'n' || *line == '"' || *line == '\\');
			*ret++ = *line == 'n' ? '\n' : *line;
		} else {
			*ret++ = *line;
		}
	}
	*ret = '\0';
	assert_string_equal(line, "\"} 1\n");
}

#define BYTES_MAX 60u

/* Any bytes come out as the printable text that they are, and nothing of them is more than a
 * value. */
static void any_bytes(struct dice *dice, void *context)
{
	static const char likely[] = "\"\\\n{}=, #\t\r1";
	char value[BYTES_MAX + 1], clean[BYTES_MAX + 1], found[BYTES_MAX + 1];
	size_t len = dice_below(dice, BYTES_MAX);
	struct text text;
	(void)context;
	for (size_t i = 0; i < len; i++)
		value[i] = dice_below(dice, 2) ? likely[dice_below(dice, sizeof(likely) - 1)]
					       : (char)(1 + dice_below(dice, 255));
	value[len] = '\0';
	strcpy(clean, value);
	(void)utf8_clean(clean, "\n");
	begin(&text);
	exposition_int(&text.to, &(struct sample_label){ "l", value }, 1, 1);
	const char *all = end(&text);
	assert_int_equal(strncmp(all, HEAD, strlen(HEAD)), 0);
	read_label(all + strlen(HEAD), found);
	assert_string_equal(found, clean);
	assert_true(utf8_valid(all, strlen(all)));
	blob_free(&text.blob);
}

static void whatever_a_label_says_is_read_as_it_was(void **state)
{
	(void)state;
	for_all_seeds(2000, any_bytes, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_family_is_written_as_the_format_has_it),
		cmocka_unit_test(a_histogram_is_cumulative_and_ends_with_all),
		cmocka_unit_test(whatever_a_label_says_is_read_as_it_was),
	};
	return cmocka_run_group_tests_name("exposition", tests, NULL, NULL);
}
