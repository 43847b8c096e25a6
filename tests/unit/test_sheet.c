/* The form of a period: what was typed is judged, and what is new in it is recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clerk/grid.h"
#include "clerk/sheet_html.h"
#include "clerk/sheet_rows.h"
#include "clerk/wording.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "support/fault.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CATALOGUE                                                                                  \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"team.count,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,\n"                      \
	"team.share,Tỷ lệ,Share,index,ratio,last,mean,month,,4,3,commune,2,0,1\n"              \
	"visits,Lượt,Visits,visit,flow,sum,sum,month,topic,0,0,commune,2,0,\n"                  \
	"sales,Doanh số,Sales,billion VND,flow,sum,sum,month,,3,0,commune,2,,\n"                 \
	"far.away,Xa,Far,visit,flow,sum,sum,month,,0,0,province,2,0,\n"                            \
	"by.day,Ngày,Day,visit,flow,sum,sum,day,,0,0,commune,2,0,\n"

#define KNOWN_MAX 64u

struct fixture {
	struct catalogue *catalogue;
	struct value list[KNOWN_MAX];
	struct values values;
	struct sheet sheet;
	struct entry *entries;
	size_t n_entries;
	struct err err;
};

static struct period period(const char *text)
{
	struct period found;
	struct err err;
	assert_int_equal(period_parse(text, CALENDAR_CIVIL, &found, &err), 0);
	return found;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(catalogue_read(CATALOGUE, strlen(CATALOGUE), &f->catalogue, &f->err), 0);
	f->values.list = f->list;
	f->values.level = "commune";
	f->values.status.acked_seq = 5;
	*state = f;
	return 0;
}

static void forget(struct fixture *f)
{
	free(f->entries);
	f->entries = NULL;
	sheet_close(&f->sheet);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	(void)language_use(LANGUAGE_ENGLISH);
	forget(f);
	catalogue_close(f->catalogue);
	free(f);
	return 0;
}

/* Series by series, the newest first, as values_read() has them. */
static struct value *know(struct fixture *f, const char *metric, const char *labels,
			  const char *when, int64_t value_e)
{
	struct value *value = &f->list[f->values.n++];
	*value = (struct value){ .metric = catalogue_find(f->catalogue, metric),
				 .labels = labels,
				 .period = period(when),
				 .value_e = value_e,
				 .seq = 3 };
	return value;
}

static void fill(struct fixture *f, const struct field fields[], size_t n)
{
	forget(f);
	if (sheet_open(f->catalogue, &f->values, period("2025-06"), &f->sheet, &f->err) < 0 ||
	    sheet_take(&f->sheet, fields, n, &f->err) < 0 ||
	    sheet_judge(&f->sheet, civil_now_us(), &f->err) < 0 ||
	    sheet_entries(&f->sheet, "2025-06", "hoa", &f->entries, &f->n_entries, &f->err) < 0)
		fail_msg("%s", f->err.text);
}
#define FILL(f, ...)                                                                               \
	fill(f, (const struct field[]){ __VA_ARGS__ },                                             \
	     sizeof((const struct field[]){ __VA_ARGS__ }) / sizeof(struct field))

static const char *message(const struct fixture *f, const char *name)
{
	char own[SHEET_NAME_MAX];
	for (size_t i = 0; i < f->sheet.n; i++)
		if (strcmp(sheet_name(&f->sheet.rows[i], 'v', NULL, own), name) == 0)
			return f->sheet.rows[i].message ? f->sheet.rows[i].message : "";
	return "no such row";
}

static void assert_recorded(const struct fixture *f, const char *metric, const char *labels,
			    const char *value)
{
	assert_int_equal(f->sheet.n_errors, 0);
	assert_int_equal(f->sheet.n_warnings, 0);
	assert_int_equal(f->n_entries, 1);
	assert_string_equal(f->entries[0].metric, metric);
	assert_string_equal(f->entries[0].labels, labels);
	if (value)
		assert_string_equal(f->entries[0].value, value);
	else
		assert_null(f->entries[0].value);
}

static void assert_refused(struct fixture *f, const char *name, const char *part)
{
	assert_int_equal(f->sheet.n_errors, 1);
	assert_int_equal(f->n_entries, 0);
	assert_non_null(strstr(message(f, name), part));
}

static void only_what_the_office_reports_for_the_period_has_rows(void **state)
{
	struct fixture *f = *state;
	FILL(f, { "token", "x" });
	assert_string_equal(message(f, "v:team.count:"), "");
	assert_string_equal(message(f, "v:visits:"), "");
	assert_string_equal(message(f, "v:visits:+1"), "");
	assert_string_equal(message(f, "v:far.away:"), "no such row");
	assert_string_equal(message(f, "v:by.day:"), "no such row");
	assert_int_equal(f->n_entries, 0);
	f->values.level = NULL; /* the province has not told */
	FILL(f, { "token", "x" });
	assert_string_equal(message(f, "v:far.away:"), "");
	f->values.level = "hamlet";
	forget(f);
	assert_int_equal(
		sheet_open(f->catalogue, &f->values, period("2025-06"), &f->sheet, &f->err),
		-ENOENT);
}

static void what_is_typed_is_recorded_and_what_is_left_is_not(void **state)
{
	struct fixture *f = *state;
	know(f, "team.count", "", "2025-06", 7);
	FILL(f, { "v:team.count:", "7" }, { "o:team.count:", "7" }, { "v:sales:", "" });
	assert_int_equal(f->n_entries, 0);
	FILL(f, { "v:team.count:", " 8 " }, { "o:team.count:", "7" });
	assert_recorded(f, "team.count", "", "8");
	FILL(f, { "v:sales:", "-12.5" }, { "o:sales:", "" });
	assert_recorded(f, "sales", "", "-12.5");
}

static void a_note_goes_with_its_figure_or_alone(void **state)
{
	struct fixture *f = *state;
	FILL(f, { "v:team.count:", "8" }, { "o:team.count:", "" },
	     { "n:team.count:", " two new " });
	assert_recorded(f, "team.count", "", "8");
	assert_string_equal(f->entries[0].note, "two new");
	assert_string_equal(f->entries[0].author, "hoa");
	FILL(f, { "v:team.count:", "" }, { "o:team.count:", "" }, { "n:team.count:", "none yet" });
	assert_refused(f, "v:team.count:", "write its value");
	struct value *value = know(f, "team.count", "", "2025-06", 8);
	value->note = "two new";
	value->author = "lan";
	FILL(f, { "v:team.count:", "8" }, { "o:team.count:", "8" }, { "n:team.count:", "two new" });
	assert_int_equal(f->n_entries, 0);
	FILL(f, { "v:team.count:", "8" }, { "o:team.count:", "8" }, { "n:team.count:", "" },
	     { "m:team.count:", "two new" });
	assert_recorded(f, "team.count", "", "8");
	assert_string_equal(f->entries[0].note, "");
	FILL(f, { "v:team.count:", "9" }, { "o:team.count:", "8" }, { "n:team.count:", "two new" });
	assert_recorded(f, "team.count", "", "9"); /* whoever corrects sees what it says */
	assert_string_equal(f->entries[0].note, "two new");
	FILL(f, { "v:team.count:", "9" }, { "o:team.count:", "8" });
	assert_recorded(f, "team.count", "", "9");
	assert_null(f->entries[0].note);
	char note[SPOOL_NOTE_MAX + 2];
	memset(note, 'n', sizeof(note) - 1);
	note[sizeof(note) - 1] = '\0';
	FILL(f, { "v:team.count:", "8" }, { "o:team.count:", "8" }, { "n:team.count:", note });
	assert_refused(f, "v:team.count:", "at most 1024 are kept");
	char long_note[3 * 500 + 1] = ""; /* which would fit if it were cut at a letter's end */
	for (int i = 0; i < 500; i++)
		strcat(long_note, "\u1ebf");
	FILL(f, { "v:team.count:", "8" }, { "o:team.count:", "8" }, { "n:team.count:", long_note });
	assert_refused(f, "v:team.count:", "its note has 1500 bytes");
}

/* Two have the form open. What the first wrote stays, unless the second wants it otherwise. */
static void a_note_of_somebody_else_is_not_taken_back_unseen(void **state)
{
	struct fixture *f = *state;
	struct value *value = know(f, "team.count", "", "2025-06", 8);
	value->note = "two new";
	FILL(f, { "v:team.count:", "8" }, { "o:team.count:", "8" }, { "n:team.count:", "" });
	assert_int_equal(f->n_entries, 0);
	FILL(f, { "v:team.count:", "9" }, { "o:team.count:", "8" }, { "n:team.count:", "" });
	assert_recorded(f, "team.count", "", "9");
	assert_string_equal(f->entries[0].note, "two new");
	value->note = NULL;
	FILL(f, { "v:team.count:", "8" }, { "o:team.count:", "8" }, { "n:team.count:", "one" },
	     { "m:team.count:", "one" });
	assert_int_equal(f->n_entries, 0);
	value->note = "two new";
	const struct field mine[] = { { "v:team.count:", "8" },
				      { "o:team.count:", "8" },
				      { "n:team.count:", "three new" },
				      { "y:team.count:", "8" } };
	fill(f, mine, 3);
	assert_int_equal(f->sheet.n_warnings, 1);
	assert_string_equal(message(f, "v:team.count:"),
			    "its note has become 'two new' meanwhile; is it to be 'three new'?");
	fill(f, mine, 4);
	assert_recorded(f, "team.count", "", "8");
	assert_string_equal(f->entries[0].note, "three new");
	value->note = " as it was "; /* said on a command line, and touched by nobody */
	FILL(f, { "v:team.count:", "8" }, { "o:team.count:", "8" },
	     { "n:team.count:", " as it was " }, { "m:team.count:", " as it was " });
	assert_int_equal(f->n_entries, 0);
}

static void the_form_is_due_like_its_period_on_the_first_page(void **state)
{
	struct fixture *f = *state;
	FILL(f, { "token", "x" });
	assert_int_equal(f->sheet.due.day, day_from_civil(2025, 7, 2));
	assert_int_equal(f->sheet.due.metrics, 4);
	assert_int_equal(f->sheet.due.recorded, 0);
	know(f, "visits", "topic=a", "2025-06", 1);
	know(f, "visits", "topic=b", "2025-06", 1)->withdrawn = true;
	know(f, "sales", "", "2025-06", 1)->withdrawn = true;
	FILL(f, { "token", "x" });
	assert_int_equal(f->sheet.due.recorded, 1);
}

static void an_emptied_field_is_no_withdrawal(void **state)
{
	struct fixture *f = *state;
	know(f, "team.count", "", "2025-06", 7);
	FILL(f, { "v:team.count:", " " }, { "o:team.count:", "7" });
	assert_refused(f, "v:team.count:", "tick 'withdraw'");
	FILL(f, { "v:team.count:", "" }, { "o:team.count:", "7" }, { "w:team.count:", "1" });
	assert_recorded(f, "team.count", "", NULL);
	f->list[0].withdrawn = true;
	FILL(f, { "v:team.count:", "" }, { "o:team.count:", "" }, { "w:team.count:", "1" });
	assert_int_equal(f->n_entries, 0);
}

static void the_agents_own_rules_judge(void **state)
{
	struct fixture *f = *state;
	FILL(f, { "v:team.count:", "-1" });
	assert_refused(f, "v:team.count:", "-1 is below the smallest allowed value 0");
	FILL(f, { "v:team.share:", "1.2" });
	assert_refused(f, "v:team.share:", "above the largest allowed value 1.0000");
	FILL(f, { "v:team.count:", "eight" });
	assert_refused(f, "v:team.count:", "'eight' is not a number");
	FILL(f, { "v:team.count:", "7.5" });
	assert_refused(f, "v:team.count:", "digits after the point");
	FILL(f, { "v:team.count:", "000000000000000000000000000000000000000000000000000000000000000"
				   "0000000000" });
	assert_int_equal(f->sheet.n_errors, 1);
}

static void numbers_are_read_as_their_language_writes_them(void **state)
{
	struct fixture *f = *state;
	FILL(f, { "v:team.count:", "1,234" });
	assert_recorded(f, "team.count", "", "1234");
	FILL(f, { "v:sales:", "1,234" }); /* a thousand, or one and a bit? */
	assert_refused(f, "v:sales:", "in two ways");
	FILL(f, { "v:sales:", "1.234" });
	assert_recorded(f, "sales", "", "1.234");
	(void)language_use(LANGUAGE_VIETNAMESE);
	FILL(f, { "v:sales:", "1,234" });
	assert_recorded(f, "sales", "", "1.234");
	FILL(f, { "v:sales:", "1.234" });
	assert_refused(f, "v:sales:", "hai cách");
	FILL(f, { "v:sales:", "1.234,5" });
	assert_recorded(f, "sales", "", "1234.5");
	FILL(f, { "v:team.count:", "1.234" });
	assert_recorded(f, "team.count", "", "1234");
	FILL(f, { "v:team.share:", "0,4856" });
	assert_recorded(f, "team.share", "", "0.4856");
}

static void know_months(struct fixture *f, int64_t value_e)
{
	static const char *const months[] = { "2025-05", "2025-04", "2025-03", "2025-02",
					      "2025-01" };
	for (size_t i = 0; i < 5; i++)
		know(f, "team.count", "", months[i], value_e);
}

static void what_is_far_from_its_history_waits_for_a_yes(void **state)
{
	struct fixture *f = *state;
	know_months(f, 8);
	FILL(f, { "v:team.count:", "80" });
	assert_int_equal(f->sheet.n_errors, 0);
	assert_int_equal(f->sheet.n_warnings, 1);
	assert_non_null(strstr(message(f, "v:team.count:"), "(3 to 13)"));
	FILL(f, { "v:team.count:", "80" }, { "y:team.count:", "80" });
	assert_recorded(f, "team.count", "", "80");
	FILL(f, { "v:team.count:", "800" },
	     { "y:team.count:", "80" }); /* yes was said to another */
	assert_int_equal(f->sheet.n_warnings, 1);
	FILL(f, { "v:team.count:", "9" });
	assert_recorded(f, "team.count", "", "9");
}

static void what_was_withdrawn_is_no_history(void **state)
{
	struct fixture *f = *state;
	know_months(f, 8);
	for (size_t i = 0; i < 4; i++)
		f->list[i].withdrawn = true;
	FILL(f, { "v:team.count:", "28" }); /* of one value only the order of magnitude counts */
	assert_recorded(f, "team.count", "", "28");
}

static void what_changed_under_the_clerks_eyes_waits_for_a_yes(void **state)
{
	struct fixture *f = *state;
	know(f, "team.count", "", "2025-06", 9); /* an import came meanwhile */
	FILL(f, { "v:team.count:", "7" }, { "o:team.count:", "7" });
	assert_int_equal(f->n_entries, 0); /* untouched: the import stands */
	FILL(f, { "v:team.count:", "8" }, { "o:team.count:", "7" });
	assert_int_equal(f->sheet.n_warnings, 1);
	assert_non_null(strstr(message(f, "v:team.count:"), "become '9' meanwhile"));
	FILL(f, { "v:team.count:", "8" }, { "o:team.count:", "7" }, { "y:team.count:", "8" });
	assert_recorded(f, "team.count", "", "8");
}

static void a_new_label_makes_a_new_series(void **state)
{
	struct fixture *f = *state;
	FILL(f, { "d:visits:+0:topic", "Đất đai" }, { "v:visits:+0", "3" });
	assert_recorded(f, "visits", "topic=Đất đai", "3");
	FILL(f, { "d:visits:+0:topic", "  \u0110a\u0302\u0301t \u0111ai " },
	     { "v:visits:+0", "3" });
	assert_recorded(f, "visits", "topic=Đất đai", "3"); /* of one character each, no blanks */
	FILL(f, { "d:visits:+0:topic", " " }, { "v:visits:+0", "3" });
	assert_refused(f, "v:visits:+0", "say which topic");
	FILL(f, { "d:visits:+0:topic", "VNeID" }, { "v:visits:+0", "" });
	assert_refused(f, "v:visits:+0", "write its value");
	FILL(f, { "d:visits:+0:topic", "a=b" }, { "v:visits:+0", "3" });
	assert_refused(f, "v:visits:+0", "label topic");
	FILL(f, { "d:visits:+0:topic", "" }, { "v:visits:+0", "" });
	assert_int_equal(f->n_entries, 0);
	FILL(f, { "v:visits:", "12" });
	assert_recorded(f, "visits", "", "12");
}

static void a_label_has_one_row(void **state)
{
	struct fixture *f = *state;
	know(f, "visits", "topic=VNeID", "2025-05", 3);
	FILL(f, { "d:visits:+0:topic", "VNeID" }, { "v:visits:+0", "3" });
	assert_refused(f, "v:visits:+0", "row of its own");
	FILL(f, { "d:visits:+0:topic", " vneid " }, { "v:visits:+0", "3" });
	assert_refused(f, "v:visits:+0", "row of its own");
	FILL(f, { "d:visits:+0:topic", "a" }, { "v:visits:+0", "3" }, { "d:visits:+1:topic", "a" },
	     { "v:visits:+1", "4" });
	assert_int_equal(f->sheet.n_errors, 1);
	assert_non_null(strstr(message(f, "v:visits:+1"), "row of its own"));
	FILL(f, { "v:visits:topic=VNeID", "4" });
	assert_recorded(f, "visits", "topic=VNeID", "4");
	/* A series that was known when the form was made, and is no longer. */
	FILL(f, { "v:visits:topic=Old", "4" });
	assert_recorded(f, "visits", "topic=Old", "4");
}

static void a_form_has_an_end(void **state)
{
	static struct value many[SHEET_ROWS_MAX + 1];
	static char labels[SHEET_ROWS_MAX + 1][16];
	struct fixture *f = *state;
	for (size_t i = 0; i <= SHEET_ROWS_MAX; i++) {
		(void)snprintf(labels[i], sizeof(labels[i]), "topic=%zu", i);
		many[i] = (struct value){ .metric = catalogue_find(f->catalogue, "visits"),
					  .labels = labels[i],
					  .period = period("2025-06") };
	}
	f->values.list = many;
	f->values.n = SHEET_ROWS_MAX - 10;
	FILL(f, { "v:visits:topic=1", "4" });
	assert_recorded(f, "visits", "topic=1", "4");
	forget(f);
	f->values.n = SHEET_ROWS_MAX + 1;
	assert_int_equal(
		sheet_open(f->catalogue, &f->values, period("2025-06"), &f->sheet, &f->err),
		-E2BIG);
}

/* One that was never shown, from a program. */
static void a_form_that_was_sent_has_the_same_end(void **state)
{
	static struct field many[SHEET_ROWS_MAX + 1];
	static char names[SHEET_ROWS_MAX + 1][24];
	struct fixture *f = *state;
	for (size_t i = 0; i <= SHEET_ROWS_MAX; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "v:visits:topic=%zu", i);
		many[i] = (struct field){ names[i], "1" };
	}
	FILL(f, { names[0], "4" });
	size_t own = f->sheet.n - 1;
	forget(f);
	fill(f, many, SHEET_ROWS_MAX - own);
	assert_int_equal(f->n_entries, SHEET_ROWS_MAX - own);
	forget(f);
	assert_int_equal(
		sheet_open(f->catalogue, &f->values, period("2025-06"), &f->sheet, &f->err), 0);
	assert_int_equal(sheet_take(&f->sheet, many, SHEET_ROWS_MAX - own + 1, &f->err), -E2BIG);
}

static void nothing_that_was_typed_is_passed_over(void **state)
{
	struct fixture *f = *state;
	FILL(f, { "v:gone:", "4" }, { "v:far.away:", "5" }, { "v:", "" }, { "lang", "vi" });
	assert_int_equal(f->sheet.n_errors, 2);
	assert_int_equal(f->sheet.n_strange, 2);
	assert_non_null(strstr(f->sheet.strange[0], "gone"));
}

static void names_that_are_none_find_no_row(void **state)
{
	static const char *const names[] = { "v:visits:+",
					     "v:visits:+x",
					     "v:visits:+100",
					     "v:visits:b=1",
					     "v:visits:topic",
					     "v:team.count:+0",
					     "v:visits",
					     "v::",
					     "x" };
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct field field = { names[i], "1" };
		fill(f, &field, 1);
		assert_true(f->n_entries == 0 || f->sheet.n_errors > 0);
	}
}

static void the_script_hears_the_same_sentences(void **state)
{
	struct fixture *f = *state;
	struct blob out = { 0 };
	know_months(f, 8);
	FILL(f, { "v:team.count:", "80" }, { "v:team.share:", "2" }, { "v:sales:", "3" });
	assert_int_equal(sheet_json(&f->sheet, &out), 0);
	json_t *root = json_loadb((const char *)out.data, out.len, 0, NULL);
	assert_non_null(root);
	json_t *fields = json_object_get(root, "fields");
	assert_int_equal(json_object_size(fields), 2);
	json_t *warned = json_object_get(fields, "v:team.count:");
	assert_string_equal(json_string_value(json_object_get(warned, "kind")), "warning");
	assert_string_equal(json_string_value(json_object_get(warned, "text")),
			    message(f, "v:team.count:"));
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(fields, "v:team.share:"), "kind")),
			    "error");
	json_decref(root);
	blob_free(&out);
}

/* The page shows what was typed, whatever it was, and never as markup. */
static void what_was_refused_is_shown_as_it_was_typed(void **state)
{
	static const char typed[] = "\"><script>alert(1)</script>";
	struct fixture *f = *state;
	struct uplink_look line = { .trouble = "" };
	struct frame frame = { .office = "1", .look = &line, .typist = "" };
	struct sheet_look look = { .token = "t" };
	struct html html = { 0 };
	FILL(f, { "v:team.count:", typed }, { "d:visits:+0:topic", typed },
	     { "v:visits:+0", typed });
	sheet_write(&html, &frame, &f->sheet, &look);
	assert_int_equal(blob_append(&html.out, "", 1), 0);
	assert_null(strstr((const char *)html.out.data, "<script>alert"));
	assert_non_null(strstr((const char *)html.out.data, "aria-invalid=\"true\""));
	assert_non_null(strstr((const char *)html.out.data,
			       "value=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\""));
	blob_free(&html.out);
}

static bool has(struct fixture *f, const char *part)
{
	struct uplink_look line = { .trouble = "" };
	struct frame frame = { .office = "1", .typist = "", .look = &line };
	struct sheet_look look = { .token = "t" };
	struct html html = { 0 };
	FILL(f, { "token", "x" });
	sheet_write(&html, &frame, &f->sheet, &look);
	assert_int_equal(blob_append(&html.out, "", 1), 0);
	bool found = strstr((const char *)html.out.data, part) != NULL;
	blob_free(&html.out);
	return found;
}

/* The figure that it goes with would be held, though it counts already. */
static void a_closed_report_is_not_to_be_finished(void **state)
{
	Lantoa__V1__Closing closing = LANTOA__V1__CLOSING__INIT, *closings[] = { &closing };
	Lantoa__V1__Standing standing = LANTOA__V1__STANDING__INIT;
	struct spool_finished finished = { .period = period("2025-06"), .author = "hoa" };
	char quarter[] = "2025-Q2", every[] = "", far[] = "far.away"; /* is none of this form's */
	struct fixture *f = *state;
	know(f, "team.count", "", "2025-06", 7);
	closing.period = quarter;
	closing.metric = every;
	standing.closing = closings;
	standing.n_closing = 1;
	assert_true(has(f, "This report is finished</button>"));
	f->values.told.standing = &standing;
	assert_false(has(f, "This report is finished"));
	closing.metric = far;
	assert_true(has(f, "This report is finished</button>"));
	f->values.finished = &finished;
	f->values.n_finished = 1;
	assert_true(has(f, "It is not finished after all</button>"));
	closing.metric = every;
	assert_true(has(f, "This report is finished: hoa said so"));
	assert_false(has(f, "It is not finished after all"));
}

static void lack_of_memory_records_nothing(void **state)
{
	static const struct field fields[] = { { "v:team.count:", "80" },
					       { "v:gone:", "1" },
					       { "d:visits:+5:topic", "x" },
					       { "v:visits:+5", "3" } };
	struct fixture *f = *state;
	know_months(f, 8);
	for (unsigned after = 0;; after++) {
		forget(f);
		fault_arm_at(FAULT_MEMORY, after);
		int rc =
			sheet_open(f->catalogue, &f->values, period("2025-06"), &f->sheet, &f->err);
		if (rc == 0)
			rc = sheet_take(&f->sheet, fields, 4, &f->err);
		if (rc == 0)
			rc = sheet_judge(&f->sheet, civil_now_us(), &f->err);
		if (!fault_disarm()) {
			assert_int_equal(rc, 0);
			assert_int_equal(f->sheet.n_warnings, 1);
			return;
		}
		assert_int_equal(rc, -ENOMEM);
	}
}

/* The province said it in English, with values in it; the clerk may read Vietnamese. */
static void a_refusal_is_told_in_the_readers_language(void **state)
{
	struct fixture *f = *state;
	struct html html = { 0 };
	struct refusal refusal = { .seq = 3, .metric = "team.count", .labels = "" };
	struct err err;
	(void)err_set(&err, -EINVAL, "%s is below the smallest allowed value %s", "-1", "0");
	refusal.reason = err.text;
	know(f, "team.count", "", "2025-06", -1);
	f->values.refusals = &refusal;
	f->values.n_refusals = 1;
	(void)language_use(LANGUAGE_VIETNAMESE);
	FILL(f, { "lang", "vi" });
	sheet_rows(&html, &f->sheet);
	assert_int_equal(blob_append(&html.out, "", 1), 0);
	assert_null(strstr((char *)html.out.data, "smallest allowed"));
	assert_non_null(strstr((char *)html.out.data, "-1 nhỏ hơn"));
	blob_free(&html.out);
}

/* --- words --- */

static void assert_words(const char *sdmx, enum calendar calendar, const char *name,
			 const char *span)
{
	char text[WORDING_MAX];
	struct period found;
	struct err err;
	assert_int_equal(period_parse(sdmx, calendar, &found, &err), 0);
	assert_string_equal(period_told(found, text), name);
	assert_string_equal(period_span_told(found, text), span);
}

static void periods_are_named_as_people_name_them(void **state)
{
	(void)state;
	assert_words("2025-06", CALENDAR_CIVIL, "June 2025", "");
	(void)language_use(LANGUAGE_VIETNAMESE);
	assert_words("2025-06", CALENDAR_CIVIL, "tháng 6/2025", "");
	assert_words("2025-06", CALENDAR_REPORT, "tháng 6/2025", "từ 15/05/2025 đến 14/06/2025");
	assert_words("2025-Q1", CALENDAR_REPORT, "quý 1/2025", "từ 15/12/2024 đến 14/03/2025");
	assert_words("2025-Q4", CALENDAR_CIVIL, "quý 4/2025", "");
	assert_words("2025-S1", CALENDAR_CIVIL, "6 tháng đầu năm 2025", "");
	assert_words("2025-S2", CALENDAR_REPORT, "6 tháng cuối năm 2025",
		     "từ 15/06/2025 đến 14/12/2025");
	assert_words("2025", CALENDAR_REPORT, "năm 2025", "từ 15/12/2024 đến 14/12/2025");
	assert_words("2025-W01", CALENDAR_CIVIL, "tuần 1/2025", "từ 30/12/2024 đến 05/01/2025");
	assert_words("2025-06-30", CALENDAR_CIVIL, "ngày 30/06/2025", "");
	assert_words("2025-06-30T14", CALENDAR_CIVIL, "14:00 ngày 30/06/2025", "");
	assert_words("2025-06-30T14:05", CALENDAR_CIVIL, "14:05 ngày 30/06/2025", "");
}

static void values_have_the_marks_of_their_language(void **state)
{
	char text[WORDING_MAX];
	(void)state;
	assert_string_equal(wording_value(-1234567, 2, text), "-12\xC2\xA0"
							      "345.67");
	assert_string_equal(wording_value(999, 0, text), "999");
	assert_string_equal(wording_value(INT64_MIN, 0, text), "-9\xC2\xA0"
							       "223\xC2\xA0"
							       "372\xC2\xA0"
							       "036\xC2\xA0"
							       "854\xC2\xA0"
							       "775\xC2\xA0"
							       "808");
	(void)language_use(LANGUAGE_VIETNAMESE);
	assert_string_equal(wording_value(1234567, 2, text), "12\xC2\xA0"
							     "345,67");
	assert_string_equal(wording_typed(1234567, 2, text), "12345,67");
	char money[] = "billion VND", parsec[] = "parsec", none[] = "";
	struct metric metric = { .unit = money };
	/* A catalogue that does not say means the reference catalogue's words. */
	assert_string_equal(
		wording_labels(NULL, &metric, "app=VNeID;sector=đất đai", text, sizeof(text)),
		"ứng dụng: VNeID, lĩnh vực: đất đai");
	assert_string_equal(wording_labels(NULL, &metric, "", text, sizeof(text)), "");
	assert_string_equal(wording_unit(&metric), "tỷ đồng");
	metric.unit = none;
	assert_string_equal(wording_unit(&metric), "");
	metric.unit = parsec;
	assert_string_equal(wording_unit(&metric), "parsec");
}

static void judge_longer_and_longer(struct fixture *f, size_t shift, const char *piece)
{
	char label[4 * 256];
	size_t len = shift;
	memset(label, 'x', shift);
	while (len + strlen(piece) < sizeof(label)) {
		memcpy(label + len, piece, strlen(piece) + 1);
		len += strlen(piece);
		FILL(f, { "d:visits:+0:topic", label }, { "v:visits:+0", "1" });
		const char *said = message(f, "v:visits:+0");
		assert_true(utf8_valid(said, strlen(said)));
		assert_int_equal(f->sheet.n_errors, f->n_entries == 0);
		if (len > 256)
			assert_int_equal(f->sheet.n_errors, 1);
	}
}

/* Composed and taken apart, so long that its row has no room for all of it. */
static void a_label_of_any_length_is_judged_and_never_written_past_its_room(void **state)
{
	for (size_t shift = 0; shift < 4; shift++) {
		judge_longer_and_longer(*state, shift, "ế");
		judge_longer_and_longer(*state, shift, "e\u0302\u0301");
		judge_longer_and_longer(*state, shift, "ếe\u0302\u0301ặ x");
	}
}

/* --- the parts of a metric --- */

#define LISTS                                                                                      \
	"dimension,code,label_vi,label_en,valid_from,valid_to\n"                                   \
	"topic,land,Đất đai,Land,,\n"                                                          \
	"topic,tax,Thuế,Tax,,\n"                                                                 \
	"topic,old,Cũ,Old,,2025-06-01\n"                                                          \
	"topic,new,Mới,New,2025-06-02,\n"                                                        \
	"app,VNeID,Định danh,Identity,,\n"                                                      \
	"app,other,Khác,Other,,\n"

/* visits by topic, of which a figure without labels is @undivided; trips by topic and app */
static void use_lists(struct fixture *f, const char *undivided)
{
	struct dimensions *dimensions;
	char csv[2048];
	catalogue_close(f->catalogue);
	(void)snprintf(csv, sizeof(csv),
		       "name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,"
		       "decimals,carry,level,due_days,min,max,undivided\n"
		       "visits,Lượt,Visits,visit,flow,sum,sum,month,topic,0,0,commune,2,,,%s\n"
		       "trips,Chuyến,Trips,trip,flow,sum,sum,month,topic;app,0,0,commune,2,,,\n"
		       "mean,Mean,Mean,trip,flow,mean,mean,month,app,0,0,commune,2,,,\n",
		       undivided);
	assert_int_equal(catalogue_read(csv, strlen(csv), &f->catalogue, &f->err), 0);
	assert_int_equal(dimensions_read(LISTS, strlen(LISTS), &dimensions, &f->err), 0);
	catalogue_use_dimensions(f->catalogue, dimensions);
}

static size_t rows_of(const struct fixture *f, const char *metric, char *names, size_t room)
{
	size_t n = 0, len = 0;
	*names = '\0';
	for (size_t i = 0; i < f->sheet.n; i++) {
		const struct sheet_row *row = &f->sheet.rows[i];
		if (strcmp(row->metric->name, metric) != 0)
			continue;
		len += utf8_print(names + len, room - len, "%s%s|", row->fresh ? "+" : "",
				  row->labels);
		n++;
	}
	return n;
}

static void assert_rows(struct fixture *f, const char *metric, const char *names)
{
	char found[1024];
	FILL(f, { "token", "x" });
	(void)rows_of(f, metric, found, sizeof(found));
	assert_string_equal(found, names);
}

static void each_code_in_force_has_a_row_and_nothing_else_has(void **state)
{
	struct fixture *f = *state;
	use_lists(f, "");
	assert_rows(f, "visits", "|topic=land|topic=tax|");
	assert_rows(f, "trips",
		    "|app=VNeID;topic=land|app=other;topic=land|app=VNeID;topic=tax|"
		    "app=other;topic=tax|");
	use_lists(f, "rest"); /* what is not classified adds to the others, and comes last */
	assert_rows(f, "visits", "topic=land|topic=tax||");
	use_lists(f, "refused");
	assert_rows(f, "visits", "topic=land|topic=tax|");
	/* What was recorded otherwise is shown while it stands, so that it can be taken back. */
	know(f, "visits", "topic=old", "2025-05", 3);
	assert_rows(f, "visits", "topic=land|topic=tax|");
	know(f, "visits", "topic=Đất đai", "2025-06", 3);
	know(f, "visits", "", "2025-06", 3);
	assert_rows(f, "visits", "|topic=land|topic=tax|topic=Đất đai|");
}

static void the_whole_has_no_row_beside_recorded_parts(void **state)
{
	struct fixture *f = *state;
	use_lists(f, "either");
	struct value *part = know(f, "visits", "topic=tax", "2025-06", 3);
	assert_rows(f, "visits", "topic=land|topic=tax|");
	part->withdrawn = true;
	assert_rows(f, "visits", "|topic=land|topic=tax|");
	part->withdrawn = false;
	use_lists(f, "rest");
	part->metric = catalogue_find(f->catalogue, "visits");
	assert_rows(f, "visits", "topic=land|topic=tax||");
}

/* Also a part whose code the list has no more is one. */
static void beside_a_part_there_are_more_and_not_others_instead(void **state)
{
	struct fixture *f = *state;
	static const char *const recorded[] = { "topic=t3", "topic=gone" };
	for (size_t i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++) {
		struct dimensions *dimensions;
		struct html html = { 0 };
		char csv[2048];
		size_t len = utf8_print(csv, sizeof(csv), "%s", LISTS);
		use_lists(f, "either");
		for (unsigned code = 0; code < 12; code++)
			len += utf8_print(csv + len, sizeof(csv) - len,
					  "topic,t%u,Mục %u,Part %u,,\n", code, code, code);
		assert_int_equal(dimensions_read(csv, len, &dimensions, &f->err), 0);
		catalogue_use_dimensions(f->catalogue, dimensions);
		(void)know(f, "visits", recorded[i], "2025-06", 3);
		FILL(f, { "token", "x" });
		sheet_rows(&html, &f->sheet);
		assert_int_equal(blob_append(&html.out, "", 1), 0);
		assert_non_null(strstr((const char *)html.out.data, " more parts"));
		blob_free(&html.out);
		f->values.n = 0;
	}
}

static void many_codes_are_chosen_from(void **state)
{
	struct fixture *f = *state;
	struct dimensions *dimensions;
	struct html html = { 0 };
	struct blob csv = { 0 };
	char line[64];
	use_lists(f, "");
	assert_int_equal(blob_append(&csv, LISTS, strlen(LISTS)), 0);
	for (unsigned i = 0; i < GRID_PARTS_MAX; i++) {
		(void)snprintf(line, sizeof(line), "topic,t%u,Mục %u,Part %u,,\n", i, i, i);
		assert_int_equal(blob_append(&csv, line, strlen(line)), 0);
	}
	assert_int_equal(dimensions_read((const char *)csv.data, csv.len, &dimensions, &f->err), 0);
	catalogue_use_dimensions(f->catalogue, dimensions);
	assert_rows(f, "visits", "|+|+|");
	FILL(f, { "d:visits:+0:topic", "t7" }, { "v:visits:+0", "3" });
	assert_recorded(f, "visits", "topic=t7", "3");
	sheet_rows(&html, &f->sheet);
	assert_int_equal(blob_append(&html.out, "", 1), 0);
	assert_non_null(strstr((const char *)html.out.data,
			       "<option value=\"t7\" selected>Part 7</option>"));
	assert_null(strstr((const char *)html.out.data, "value=\"old\""));
	blob_free(&html.out);
	blob_free(&csv);
}

/* However whole and parts are recorded, typed and withdrawn: what is recorded then is never both,
 * and nothing else is refused. */
static void a_whole_and_its_parts_never_stand_together(void **state)
{
	enum { NOTHING, KEPT, TYPED, CHANGED, WITHDRAWN, STATES };
	static const char *const labels[] = { "", "topic=land", "topic=tax" };
	struct fixture *f = *state;
	use_lists(f, "either");
	for (unsigned all = 0; all < STATES * STATES * STATES; all++) {
		unsigned of[] = { all % STATES, all / STATES % STATES, all / STATES / STATES };
		char names[3][3][64];
		struct field fields[9];
		size_t n = 0;
		bool stood[3], stands[3], news = false;
		f->values.n = 0;
		for (size_t i = 0; i < 3; i++) {
			stood[i] = of[i] == KEPT || of[i] == CHANGED || of[i] == WITHDRAWN;
			stands[i] = of[i] != NOTHING && of[i] != WITHDRAWN;
			news |= of[i] == TYPED || of[i] == CHANGED;
			if (stood[i])
				know(f, "visits", labels[i], "2025-06", 7);
			static const char kinds[] = "vow";
			for (size_t k = 0; k < 3; k++)
				(void)snprintf(names[i][k], sizeof(names[i][k]), "%c:visits:%s",
					       kinds[k], labels[i]);
			fields[n++] = (struct field){ names[i][0],
						      of[i] == TYPED || of[i] == CHANGED ? "9"
						      : of[i] == NOTHING                 ? ""
											 : "7" };
			fields[n++] = (struct field){ names[i][1], stood[i] ? "7" : "" };
			if (of[i] == WITHDRAWN)
				fields[n++] = (struct field){ names[i][2], "1" };
		}
		fill(f, fields, n);
		bool both = stands[0] && (stands[1] || stands[2]);
		assert_int_equal(f->sheet.n_errors, both && news);
		int64_t total = 0, sum = 0;
		for (size_t i = 0; i < 3; i++)
			sum += !stands[i] ? 0 : of[i] == KEPT ? 7 : 9;
		size_t at = 0;
		if (f->sheet.n_errors == 0 &&
		    sheet_total(&f->sheet, at, sheet_metric_end(&f->sheet, at), false, &total))
			assert_int_equal(total, sum);
		else if (f->sheet.n_errors == 0)
			assert_int_equal(sum, 0);
	}
}

static void totals_and_progress_tell_what_saving_would_make(void **state)
{
	struct fixture *f = *state;
	struct blob out = { 0 };
	use_lists(f, "rest");
	know(f, "visits", "", "2025-06", 1);
	know(f, "visits", "", "2025-05", 100);
	know(f, "visits", "topic=land", "2025-06", 20)->withdrawn = true;
	know(f, "visits", "topic=land", "2025-05", 200);
	know(f, "visits", "topic=tax", "2025-06", 300);
	know(f, "mean", "app=other", "2025-06", 3);
	FILL(f, { "v:visits:topic=land", "4000" }, { "o:visits:topic=land", "" },
	     { "v:visits:topic=tax", "300" }, { "o:visits:topic=tax", "300" },
	     { "w:visits:topic=tax", "1" }, { "v:trips:app=other;topic=tax", "x" });
	assert_int_equal(sheet_json(&f->sheet, &out), 0);
	json_t *root = json_loadb((const char *)out.data, out.len, 0, NULL), *totals, *done;
	assert_non_null(root);
	totals = json_object_get(root, "totals");
	done = json_object_get(root, "done");
	assert_int_equal(json_object_size(totals), 2); /* means do not add up */
	assert_string_equal(json_string_value(json_object_get(totals, "visits")), "4\u00a0001");
	assert_string_equal(json_string_value(json_object_get(totals, "trips")), "–");
	assert_string_equal(json_string_value(json_object_get(done, "")), "2 of 3 done");
	int64_t before;
	assert_true(sheet_total(&f->sheet, 0, sheet_metric_end(&f->sheet, 0), true, &before));
	assert_int_equal(before, 300);
	json_decref(root);
	blob_free(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_what_the_office_reports_for_the_period_has_rows),
		TEST(what_is_typed_is_recorded_and_what_is_left_is_not),
		TEST(a_note_goes_with_its_figure_or_alone),
		TEST(a_note_of_somebody_else_is_not_taken_back_unseen),
		TEST(the_form_is_due_like_its_period_on_the_first_page),
		TEST(an_emptied_field_is_no_withdrawal),
		TEST(each_code_in_force_has_a_row_and_nothing_else_has),
		TEST(the_whole_has_no_row_beside_recorded_parts),
		TEST(beside_a_part_there_are_more_and_not_others_instead),
		TEST(many_codes_are_chosen_from),
		TEST(a_whole_and_its_parts_never_stand_together),
		TEST(totals_and_progress_tell_what_saving_would_make),
		TEST(a_label_of_any_length_is_judged_and_never_written_past_its_room),
		TEST(the_agents_own_rules_judge),
		TEST(numbers_are_read_as_their_language_writes_them),
		TEST(a_refusal_is_told_in_the_readers_language),
		TEST(what_is_far_from_its_history_waits_for_a_yes),
		TEST(what_was_withdrawn_is_no_history),
		TEST(what_changed_under_the_clerks_eyes_waits_for_a_yes),
		TEST(a_new_label_makes_a_new_series),
		TEST(a_label_has_one_row),
		TEST(a_form_has_an_end),
		TEST(a_form_that_was_sent_has_the_same_end),
		TEST(nothing_that_was_typed_is_passed_over),
		TEST(names_that_are_none_find_no_row),
		TEST(the_script_hears_the_same_sentences),
		TEST(what_was_refused_is_shown_as_it_was_typed),
		TEST(a_closed_report_is_not_to_be_finished),
		TEST(lack_of_memory_records_nothing),
		TEST(periods_are_named_as_people_name_them),
		TEST(values_have_the_marks_of_their_language),
	};
	struct err err;
	i18n_serve(NULL);
	if (civil_set_zone("Asia/Ho_Chi_Minh", &err) < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
