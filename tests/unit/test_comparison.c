#include "record/comparison.h"

#include "common/model/civil.h"
#include "support/scratch.h"
#include "support/seeds.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"minutes,Phút,Minutes,visit,flow,sum,sum,minute,,0,0,commune,1,0,\n"
	"hours,Giờ,Hours,visit,flow,sum,sum,hour,,0,0,commune,1,0,\n"
	"days,Ngày,Days,visit,flow,sum,sum,day,desk,2,0,commune,1,0,100\n"
	"months,Tháng,Months,visit,flow,sum,sum,month,,0,0,commune,1,,\n";

#define MOST   1600u
#define NUMBER 660 /* periods count from here */

static const struct {
	const char *metric, *labels;
	enum grain grain;
	unsigned decimals;
} series[] = { { "minutes", "", GRAIN_MINUTE, 0 },
	       { "hours", "", GRAIN_HOUR, 0 },
	       { "days", "desk=a", GRAIN_DAY, 2 },
	       { "days", "desk=b", GRAIN_DAY, 2 },
	       { "months", "", GRAIN_MONTH, 0 } };
#define N_SERIES (sizeof(series) / sizeof(series[0]))

struct fixture {
	char folder[SCRATCH_MAX];
	struct spool *spool;
	struct catalogue *catalogue;
	struct observation model[MOST]; /* all that stands */
	size_t n_model;
	struct err err;
};

static struct fixture fixture_open(void)
{
	struct spool_limits limits = { .bytes_max = 8 << 20, .keep_days = 36500 };
	struct fixture f = { .n_model = 0 };
	char path[PATH_MAX];
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f.err), 0);
	scratch_make(true, f.folder);
	(void)snprintf(path, sizeof(path), "%s/spool.db", f.folder);
	if (spool_open(path, &limits, &f.spool, NULL, &f.err) != 0 ||
	    catalogue_read(catalogue_csv, strlen(catalogue_csv), &f.catalogue, &f.err) != 0)
		fail_msg("%s", f.err.text);
	return f;
}

static void fixture_close(struct fixture *f)
{
	spool_close(f->spool);
	catalogue_close(f->catalogue);
	scratch_remove(f->folder);
}

static struct period period_of(enum grain grain, int32_t number)
{
	struct period period = { .calendar = CALENDAR_CIVIL, .grain = grain, .number = number };
	return period;
}

/* --- against an oracle that looks at everything each time --- */

static bool of_one_series(const struct observation *a, const struct observation *b)
{
	return strcmp(a->metric, b->metric) == 0 && strcmp(a->labels, b->labels) == 0;
}

/* What stands for the period @number of @like's series: of the list, else of what was recorded. */
static const struct observation *standing(const struct fixture *f, const struct observation list[],
					  size_t n, const struct observation *like, int32_t number)
{
	for (size_t i = 0; i < n; i++)
		if (!list[i].add && of_one_series(&list[i], like) &&
		    list[i].period.number == number)
			return &list[i];
	for (size_t i = 0; i < f->n_model; i++)
		if (of_one_series(&f->model[i], like) && f->model[i].period.number == number)
			return &f->model[i];
	return NULL;
}

static bool oracle(const struct fixture *f, const struct observation list[], size_t n,
		   const struct observation *obs, struct comparison_far *ret_far)
{
	struct history history = { .n = 0 };
	bool first = true;
	unsigned periods = 0;
	if (obs->withdrawn || obs->add || obs->period.grain == GRAIN_MINUTE)
		return false;
	*ret_far = (struct comparison_far){ .value_e = obs->value_e, .decimals = obs->decimals };
	for (int32_t number = obs->period.number - 1;
	     number > NUMBER - 10 && periods < HISTORY_PERIODS; number--) {
		const struct observation *at = standing(f, list, n, obs, number);
		periods += at != NULL;
		if (!at || at->withdrawn)
			continue;
		if (first) {
			ret_far->before = at->period;
			ret_far->before_e = at->value_e;
		}
		first = false;
		history_add(&history, at->value_e);
	}
	return history_judge(&history, catalogue_find(f->catalogue, obs->metric), obs->value_e,
			     &ret_far->usual);
}

static struct observation any(struct dice *dice, int32_t range)
{
	size_t which = (size_t)dice_below(dice, N_SERIES);
	return (struct observation){
		.metric = series[which].metric,
		.labels = series[which].labels,
		.period = period_of(series[which].grain,
				    NUMBER + (int32_t)dice_below(dice, (uint64_t)range)),
		.decimals = series[which].decimals,
		.value_e = dice_below(dice, 4) == 0 ? dice_between(dice, 0, 10000)
						    : dice_between(dice, 90, 110),
		.withdrawn = dice_below(dice, 8) == 0,
		.add = dice_below(dice, 20) == 0,
	};
}

static void stands(struct fixture *f, const struct observation *obs)
{
	for (size_t i = 0; i < f->n_model; i++)
		if (of_one_series(&f->model[i], obs) &&
		    f->model[i].period.number == obs->period.number) {
			f->model[i] = *obs;
			return;
		}
	assert_true(f->n_model < MOST);
	f->model[f->n_model++] = *obs;
}

static void assert_same(const struct comparison_far *a, const struct comparison_far *b)
{
	assert_int_equal(a->nth, b->nth);
	assert_int_equal(a->decimals, b->decimals);
	assert_int_equal(a->value_e, b->value_e);
	assert_int_equal(a->usual.low_e, b->usual.low_e);
	assert_int_equal(a->usual.high_e, b->usual.high_e);
	assert_int_equal(a->before.number, b->before.number);
	assert_int_equal(a->before.grain, b->before.grain);
	assert_int_equal(a->before_e, b->before_e);
}

/* As the API answers it, and as the command reads that. */
static void assert_read_again(const struct comparison *comparison, size_t n)
{
	struct comparison again;
	struct err err;
	json_t *array = comparison_json(comparison);
	assert_non_null(array);
	assert_int_equal(comparison_read(array, NULL, n, &again, &err), 0);
	assert_int_equal(again.n, comparison->n);
	for (size_t i = 0; i < again.n; i++)
		assert_same(&again.list[i], &comparison->list[i]);
	comparison_free(&again);
	json_decref(array);
}

static void a_list_is_compared_as_the_oracle_does(struct dice *dice, void *context)
{
	struct fixture f = fixture_open();
	size_t *seen = context;
	for (unsigned round = 0; round < 8; round++) {
		struct observation list[40];
		size_t n = 0;
		int32_t range = (int32_t)dice_between(dice, 5, 60);
		for (size_t want = 1 + dice_below(dice, 40); n < want;) {
			list[n] = any(dice, range);
			/* two values of one figure are refused before: common/model/hand_in.h */
			const struct observation *other = standing(&(struct fixture){ 0 }, list, n,
								   &list[n], list[n].period.number);
			if (other)
				list[n] = *other;
			n++;
		}
		struct comparison found = { 0 };
		struct comparison_far far;
		if (comparison_make(f.spool, f.catalogue, list, n, &found, &f.err) != 0)
			fail_msg("%s", f.err.text);
		size_t at = 0;
		for (size_t i = 0; i < n; i++) {
			bool again = false; /* it stood there before: one figure */
			for (size_t j = 0; j < i; j++)
				again |= !list[j].add && of_one_series(&list[j], &list[i]) &&
					 list[j].period.number == list[i].period.number;
			if (again || !oracle(&f, list, n, &list[i], &far))
				continue;
			far.nth = i;
			assert_true(at < found.n);
			assert_same(&found.list[at++], &far);
		}
		assert_int_equal(at, found.n);
		assert_read_again(&found, n);
		*seen += found.n;
		comparison_free(&found);
		for (size_t i = 0; i < n; i++)
			list[i].add = false; /* what it comes to is not the point here */
		assert_int_equal(spool_record(f.spool, list, n, NULL, &f.err), 0);
		for (size_t i = 0; i < n; i++)
			stands(&f, &list[i]);
	}
	fixture_close(&f);
}

static void whatever_stands_where_a_list_is_compared_with_what_was_before(void **state)
{
	size_t seen = 0;
	(void)state;
	for_all_seeds(25, a_list_is_compared_as_the_oracle_does, &seen);
	assert_true(seen > 100 || seed_running() > 0);
}

/* --- examples --- */

static size_t far_of(struct fixture *f, const struct observation list[], size_t n)
{
	struct comparison found = { 0 };
	assert_int_equal(comparison_make(f->spool, f->catalogue, list, n, &found, &f->err), 0);
	size_t far = found.n;
	comparison_free(&found);
	return far;
}

static void more_decimals_than_before_are_no_other_series(void **state)
{
	struct fixture f = fixture_open();
	struct observation before = { .metric = "days",
				      .labels = "desk=a",
				      .period = period_of(GRAIN_DAY, NUMBER),
				      .value_e = 5 };
	struct observation now = before;
	(void)state;
	assert_int_equal(spool_record(f.spool, &before, 1, NULL, &f.err), 0);
	now.period.number++;
	now.decimals = 2;
	now.value_e = 510; /* 5.10 */
	assert_int_equal(far_of(&f, &now, 1), 0);
	now.value_e = 9000;
	assert_int_equal(far_of(&f, &now, 1), 1);
	now.now = true;
	assert_int_equal(far_of(&f, &now, 1), 0);
	fixture_close(&f);
}

static void the_sentence_says_what_was_before_in_the_tables_own_notation(void **state)
{
	struct comparison_far far = { .decimals = 2,
				      .value_e = 9050,
				      .usual = { 50, 5000 },
				      .before = period_of(GRAIN_DAY, NUMBER),
				      .before_e = 520 };
	char text[ERR_TEXT_MAX];
	(void)state;
	assert_string_equal(comparison_say(&far, ',', text),
			    "90,50 is recorded, but it is far from what was reported before: 5,20 "
			    "for 1971-10-23, and 0,50 to 50,00 would be usual; if it is wrong, "
			    "correct it and hand it in again");
	assert_non_null(strstr(comparison_say(&far, '\0', text), "90.50 is recorded"));
}

static void an_answer_of_another_version_is_passed_over(void **state)
{
	static const char *const answers[] = {
		"null",
		"{}",
		"[]",
		"[7]",
		"[{}]",
		"[{\"observation\": 1}]",
		/* the fourth of three */
		"[{\"observation\": 4, \"value\": \"800\", \"before\": {\"period\": \"2025-05\","
		" \"value\": \"78\"}, \"usual\": [\"39\", \"117\"]}]",
		"[{\"observation\": 0, \"value\": \"800\", \"before\": {\"period\": \"2025-05\","
		" \"value\": \"78\"}, \"usual\": [\"39\", \"117\"]}]",
		"[{\"observation\": 1, \"value\": \"800\", \"before\": {\"period\": \"May\","
		" \"value\": \"78\"}, \"usual\": [\"39\", \"117\"]}]",
		"[{\"observation\": 1, \"value\": \"800\", \"before\": {\"period\": \"2025-05\","
		" \"value\": \"78.0000001\"}, \"usual\": [\"39\", \"117\"]}]",
		"[{\"observation\": 1, \"value\": \"800\", \"before\": {\"period\": \"2025-05\","
		" \"value\": \"78\"}, \"usual\": [\"39\"]}]",
	};
	struct comparison found;
	struct err err;
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		json_t *array = json_loads(answers[i], JSON_DECODE_ANY, NULL);
		assert_non_null(array);
		assert_int_equal(comparison_read(array, NULL, 3, &found, &err), 0);
		assert_int_equal(found.n, 0);
		comparison_free(&found);
		json_decref(array);
	}
	assert_int_equal(comparison_read(NULL, NULL, 3, &found, &err), 0);
	assert_int_equal(found.n, 0);
	comparison_free(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_stands_where_a_list_is_compared_with_what_was_before),
		cmocka_unit_test(more_decimals_than_before_are_no_other_series),
		cmocka_unit_test(the_sentence_says_what_was_before_in_the_tables_own_notation),
		cmocka_unit_test(an_answer_of_another_version_is_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
