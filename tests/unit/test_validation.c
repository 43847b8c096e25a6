#include "record/validation.h"

#include "common/model/civil.h"
#include "support/scratch.h"
#include "support/seeds.h"

#include <errno.h>
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
	"m0,Không,Zero,x,flow,sum,sum,day,k,0,0,commune,1,,\n"
	"m1,Một,One,x,flow,sum,sum,day,k,0,0,commune,1,,\n"
	"m2,Hai,Two,x,flow,sum,min,day,k,0,0,commune,1,,\n"
	"m3,Ba,Three,x,flow,sum,max,day,k,0,0,commune,1,,\n";

#define HEADER  "name,left,op,right,severity,label_vi,label_en,from\n"
#define METRICS 4u
#define LABELS  3u
#define DAYS    2u
#define BASE    20000

static const char *const names[METRICS] = { "m0", "m1", "m2", "m3" };
static const char *const labels[LABELS] = { "k=a", "k=b", "k=Đất" };
static const char *const spelt[LABELS] = { "k=a", "k=b", "k=đất" }; /* as it stands */
static const char *const ops[] = { "<", "<=", "=", ">=", ">" };

struct fixture {
	char folder[SCRATCH_MAX];
	struct spool *spool;
	struct catalogue *catalogue;
	struct err err;
};

static void open_all(struct fixture *f)
{
	struct spool_limits limits = { .bytes_max = 8 << 20, .keep_days = 36500 };
	char path[PATH_MAX];
	*f = (struct fixture){ .spool = NULL };
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	scratch_make(true, f->folder);
	(void)snprintf(path, sizeof(path), "%s/spool.db", f->folder);
	if (spool_open(path, &limits, &f->spool, NULL, &f->err) != 0 ||
	    catalogue_read(catalogue_csv, strlen(catalogue_csv), &f->catalogue, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static void close_all(struct fixture *f)
{
	spool_close(f->spool);
	catalogue_close(f->catalogue);
	scratch_remove(f->folder);
}

static void use_rules(struct fixture *f, const char *csv)
{
	struct rules *rules = NULL;
	if (rules_read(csv, strlen(csv), &rules, &f->err) != 0)
		fail_msg("%s", f->err.text);
	catalogue_use_rules(f->catalogue, rules);
}

static struct observation figure(const char *metric, const char *label, unsigned day, int64_t value)
{
	return (struct observation){ .metric = metric,
				     .labels = label,
				     .period = { CALENDAR_CIVIL, GRAIN_DAY, BASE + (int32_t)day },
				     .value_e = value };
}

/* --- an oracle that reckons everything anew for each question --- */

struct made_rule {
	struct {
		unsigned metric;
		int64_t times;
		bool right;
	} terms[3];
	size_t n;
	unsigned op;
	bool refuse;
};

struct cell {
	bool there;
	int64_t value;
};

#define RULES 4u
#define MOST  10u

struct world {
	struct made_rule rules[RULES];
	size_t n_rules;
	struct cell stands[METRICS][LABELS][DAYS];
	struct {
		unsigned metric, label, day;
	} at[MOST];
	struct observation list[MOST];
	size_t n;
};

static bool operand(struct cell all[METRICS][LABELS][DAYS], unsigned metric, unsigned day,
		    int64_t *ret)
{
	bool any = false;
	for (unsigned k = 0; k < LABELS; k++) {
		const struct cell *cell = &all[metric][k][day];
		if (!cell->there)
			continue;
		if (!any)
			*ret = cell->value;
		else if (metric == 2)
			*ret = cell->value < *ret ? cell->value : *ret;
		else if (metric == 3)
			*ret = cell->value > *ret ? cell->value : *ret;
		else
			*ret += cell->value;
		any = true;
	}
	return any;
}

static bool is_broken(const struct world *w, const struct made_rule *rule, unsigned day,
		      const bool refused[])
{
	struct cell all[METRICS][LABELS][DAYS];
	int64_t left = 0, right = 0, value;
	memcpy(all, w->stands, sizeof(all));
	for (size_t i = 0; i < w->n; i++) {
		struct cell *cell = &all[w->at[i].metric][w->at[i].label][w->at[i].day];
		if (refused[i])
			continue;
		int64_t base = w->list[i].add && cell->there ? cell->value : 0;
		*cell = (struct cell){ !w->list[i].withdrawn, base + w->list[i].value_e };
	}
	for (size_t i = 0; i < rule->n; i++) {
		if (!operand(all, rule->terms[i].metric, day, &value))
			return false;
		*(rule->terms[i].right ? &right : &left) += rule->terms[i].times * value;
	}
	switch (rule->op) {
	case 0:
		return !(left < right);
	case 1:
		return !(left <= right);
	case 2:
		return left != right;
	case 3:
		return !(left >= right);
	default:
		return !(left > right);
	}
}

static bool rule_names(const struct made_rule *rule, unsigned metric)
{
	for (size_t i = 0; i < rule->n; i++)
		if (rule->terms[i].metric == metric)
			return true;
	return false;
}

/* Which figures a round finds: those of broken rules that name them. */
static bool find_round(const struct world *w, bool refuse, const bool refused[], unsigned found[])
{
	bool any = false;
	for (size_t r = 0; r < w->n_rules; r++)
		for (unsigned day = 0; day < DAYS; day++)
			for (size_t i = 0; i < w->n; i++)
				if (w->rules[r].refuse == refuse && !refused[i] &&
				    w->at[i].day == day &&
				    rule_names(&w->rules[r], w->at[i].metric) &&
				    is_broken(w, &w->rules[r], day, refused)) {
					found[i]++;
					any = true;
				}
	return any;
}

static void make(struct dice *dice, struct world *w)
{
	*w = (struct world){ .n_rules = 2 + dice_below(dice, RULES - 1) };
	for (size_t r = 0; r < w->n_rules; r++) {
		struct made_rule *rule = &w->rules[r];
		rule->n = 2 + (dice_below(dice, 4) == 0);
		rule->op = (unsigned)dice_below(dice, 5);
		rule->refuse = dice_below(dice, 3) > 0;
		for (size_t i = 0; i < rule->n; i++) {
			rule->terms[i].metric = (unsigned)dice_below(dice, METRICS);
			rule->terms[i].times = dice_between(dice, 1, 2);
			rule->terms[i].right = i > 0 && (i == 1 || dice_below(dice, 2));
		}
	}
	for (unsigned m = 0; m < METRICS; m++)
		for (unsigned k = 0; k < LABELS; k++)
			for (unsigned day = 0; day < DAYS; day++)
				if (dice_below(dice, 2))
					w->stands[m][k][day] =
						(struct cell){ true, dice_between(dice, 0, 6) };
	w->n = 1 + dice_below(dice, MOST);
	for (size_t i = 0; i < w->n; i++) {
		w->at[i].metric = (unsigned)dice_below(dice, METRICS);
		w->at[i].label = (unsigned)dice_below(dice, LABELS);
		w->at[i].day = dice_below(dice, 6) == 0;
		w->list[i] = figure(names[w->at[i].metric], labels[w->at[i].label], w->at[i].day,
				    dice_between(dice, 0, 8));
		w->list[i].withdrawn = dice_below(dice, 8) == 0;
		w->list[i].add = !w->list[i].withdrawn && dice_below(dice, 5) == 0;
		if (w->list[i].withdrawn)
			w->list[i].value_e = 0;
	}
}

static void write_rules(const struct world *w, char *csv, size_t room)
{
	size_t len = (size_t)snprintf(csv, room, HEADER);
	for (size_t r = 0; r < w->n_rules; r++) {
		const struct made_rule *rule = &w->rules[r];
		char sides[2][64] = { "", "" };
		for (size_t i = 0; i < rule->n; i++) {
			char *side = sides[rule->terms[i].right];
			(void)snprintf(side + strlen(side), 64 - strlen(side), "%s%d * m%u",
				       *side ? " + " : "", (int)rule->terms[i].times,
				       rule->terms[i].metric);
		}
		len += (size_t)snprintf(csv + len, room - len, "r%zu,%s,%s,%s,%s,,,\n", r, sides[0],
					ops[rule->op], sides[1], rule->refuse ? "refuse" : "warn");
	}
}

static void judge_one(struct dice *dice, void *context)
{
	struct world w;
	struct fixture f;
	struct comparison found;
	char csv[2048];
	unsigned *seen = context, refusals[MOST] = { 0 }, warnings[MOST] = { 0 };
	bool refused[MOST] = { false };
	struct observation stands[METRICS * LABELS * DAYS];
	size_t n = 0;
	make(dice, &w);
	open_all(&f);
	write_rules(&w, csv, sizeof(csv));
	use_rules(&f, csv);
	for (unsigned m = 0; m < METRICS; m++)
		for (unsigned k = 0; k < LABELS; k++)
			for (unsigned day = 0; day < DAYS; day++)
				if (w.stands[m][k][day].there)
					stands[n++] = figure(names[m], spelt[k], day,
							     w.stands[m][k][day].value);
	assert_int_equal(spool_record(f.spool, stands, n, NULL, &f.err), 0);

	for (unsigned round = 1; find_round(&w, true, refused, refusals); round++) {
		seen[2] += round > 1;
		for (size_t i = 0; i < w.n; i++)
			refused[i] = refused[i] || refusals[i] > 0;
	}
	(void)find_round(&w, false, refused, warnings);

	if (validation_make(f.spool, f.catalogue, w.list, w.n, PAST_IGNORED, '\0', &found,
			    &f.err) != 0)
		fail_msg("%s", f.err.text);
	for (size_t i = 0; i < w.n; i++) {
		unsigned told = 0;
		for (size_t k = 0; k < found.n_breaches; k++)
			if (found.breaches[k].nth == i) {
				assert_int_equal(found.breaches[k].refused, refused[i]);
				told++;
			}
		if ((found.refused && found.refused[i]) != refused[i] ||
		    told != (refused[i] ? 1 : warnings[i]))
			fail_msg("figure %zu: refused %d, told %u times; rules:\n%s", i,
				 found.refused && found.refused[i], told, csv);
		seen[0] += refused[i];
		seen[1] += warnings[i] > 0;
	}
	/* What is refused is not recorded, and the rest is. */
	assert_int_equal(validation_record(f.spool, w.list, w.n, &found, &f.err), 0);
	for (size_t r = 0; r < w.n_rules; r++)
		for (unsigned day = 0; day < DAYS; day++)
			for (size_t i = 0; i < w.n; i++)
				if (w.rules[r].refuse && !refused[i] && w.at[i].day == day &&
				    rule_names(&w.rules[r], w.at[i].metric))
					assert_false(is_broken(&w, &w.rules[r], day, refused));
	comparison_free(&found);
	close_all(&f);
}

static void what_is_refused_is_what_an_oracle_refuses(void **state)
{
	unsigned seen[3] = { 0 };
	(void)state;
	for_all_seeds(400, judge_one, seen);
	if (!seeds_given())
		assert_true(seen[0] > 100 && seen[1] > 100 && seen[2] > 0);
}

static void it_is_told_with_the_words_of_the_rule_and_the_numbers(void **state)
{
	struct fixture f;
	struct comparison found;
	(void)state;
	open_all(&f);
	use_rules(&f, HEADER "r,m0,<=,m1,refuse,Không quá một,Zero is within one,\n"
			     "w,m0,<,m2,warn,,,2024-10-05\n");
	const struct observation stands = figure("m1", "", 0, 10);
	assert_int_equal(spool_record(f.spool, &stands, 1, NULL, &f.err), 0);
	const struct observation list[] = { figure("m0", "k=a", 0, 7), figure("m2", "", 0, 3),
					    figure("m0", "k=b", 0, 5) };
	assert_int_equal(
		validation_make(f.spool, f.catalogue, list, 3, PAST_IGNORED, '\0', &found, &f.err),
		0);
	assert_int_equal(found.n_refused, 2);
	assert_int_equal(found.n_breaches, 2);
	assert_string_equal(found.breaches[0].text,
			    "the rule \"Zero is within one\" does not hold for 2024-10-04: Zero "
			    "12, One 10; correct the one that is wrong, and hand them in together");
	assert_false(found.refused[1]);
	comparison_free(&found);
	/* Of one day later the second rule judges, too. */
	const struct observation later[] = { figure("m0", "", 1, 7), figure("m2", "", 1, 3) };
	assert_int_equal(
		validation_make(f.spool, f.catalogue, later, 2, PAST_IGNORED, '\0', &found, &f.err),
		0);
	assert_int_equal(found.n_refused, 0);
	assert_int_equal(found.n_breaches, 2);
	assert_string_equal(found.breaches[1].text,
			    "the rule \"m0 < m2\" does not hold for 2024-10-05: Zero 7, Two 3; if "
			    "one of them is wrong, correct it");
	comparison_free(&found);
	close_all(&f);
}

static void what_is_far_is_told_or_held(void **state)
{
	struct fixture f;
	struct comparison found;
	int64_t value_e;
	unsigned decimals;
	bool withdrawn;
	(void)state;
	open_all(&f);
	for (unsigned day = 0; day < 8; day++) {
		const struct observation stands = figure("m0", "k=a", day, 9 + day % 2);
		assert_int_equal(spool_record(f.spool, &stands, 1, NULL, &f.err), 0);
	}
	const struct observation list[] = { figure("m0", "k=a", 8, 9000),
					    figure("m0", "k=b", 8, 9) };
	assert_int_equal(
		validation_make(f.spool, f.catalogue, list, 2, PAST_TOLD, '\0', &found, &f.err), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.n_refused, 0);
	comparison_free(&found);
	assert_int_equal(
		validation_make(f.spool, f.catalogue, list, 2, PAST_STRICT, '\0', &found, &f.err),
		0);
	assert_int_equal(found.n, 0);
	assert_int_equal(found.n_refused, 1);
	assert_string_equal(found.breaches[0].text,
			    "9000 is far from what was reported before, so it is not recorded: 10 "
			    "for 2024-10-11, and 4 to 14 would be usual; correct it or, if it is "
			    "right, hand it in again without strict");
	assert_int_equal(validation_record(f.spool, list, 2, &found, &f.err), 0);
	assert_int_equal(spool_current(f.spool, "m0", "k=a", list[0].period, &value_e, &decimals,
				       &withdrawn, &f.err),
			 -ENOENT);
	assert_int_equal(spool_current(f.spool, "m0", "k=b", list[1].period, &value_e, &decimals,
				       &withdrawn, &f.err),
			 0);
	comparison_free(&found);
	close_all(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused_is_what_an_oracle_refuses),
		cmocka_unit_test(it_is_told_with_the_words_of_the_rule_and_the_numbers),
		cmocka_unit_test(what_is_far_is_told_or_held),
	};
	return cmocka_run_group_tests_name("validation", tests, NULL, NULL);
}
