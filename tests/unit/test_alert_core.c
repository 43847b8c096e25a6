/* When something is told, in virtual time: a province minute by minute. What fires is held against
 * an oracle that looks back over all that was ever seen. */
#include "alert/alert_core.h"
#include "support/seeds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define MINUTE_US INT64_C(60000000)
#define TOLD_MAX  4000u

/* A province whose clock and facts a test moves by hand. */
struct town {
	struct alert_rules rules;
	struct alert_list alerts;
	struct alert_facts facts;
	struct alert_fact list[30000];
	struct alert_change told[TOLD_MAX];
	size_t n_told;
};

static int town_open(void **state)
{
	struct town *town = calloc(1, sizeof(*town));
	if (!town)
		return -1;
	alert_rules_usual(&town->rules);
	town->facts.list = town->list;
	town->facts.now_us = INT64_C(1764288000000000);
	for (enum alert_kind kind = 0; kind < ALERT_KINDS; kind++)
		town->facts.known[kind] = true;
	*state = town;
	return 0;
}

static int town_close(void **state)
{
	struct town *town = *state;
	alert_list_free(&town->alerts);
	free(town);
	return 0;
}

/* It holds from now on. */
static struct alert_fact *hold(struct town *town, enum alert_kind kind, const char *subject)
{
	struct alert_fact *fact = &town->list[town->facts.n++];
	*fact = (struct alert_fact){ .kind = kind, .n = 1 };
	(void)snprintf(fact->subject, sizeof(fact->subject), "%s", subject);
	return fact;
}

static void over(struct town *town, enum alert_kind kind, const char *subject)
{
	size_t left = 0;
	for (size_t i = 0; i < town->facts.n; i++)
		if (town->list[i].kind != kind ||
		    (subject && strcmp(town->list[i].subject, subject) != 0))
			town->list[left++] = town->list[i];
	town->facts.n = left;
}

static void hold_offices(struct town *town, enum alert_kind kind, unsigned from, unsigned to)
{
	char code[16];
	for (unsigned i = from; i < to; i++) {
		(void)snprintf(code, sizeof(code), "%05u", i);
		hold(town, kind, code);
	}
}

static void step(struct town *town, int64_t step_us)
{
	struct alert_list after;
	struct alert_change_list changes;
	struct err err;
	town->facts.step_us = step_us;
	assert_int_equal(
		alerts_step(&town->alerts, &town->facts, &town->rules, &after, &changes, &err), 0);
	for (size_t i = 0; i < changes.n; i++) {
		assert_true(town->n_told < TOLD_MAX);
		town->told[town->n_told++] = changes.list[i];
	}
	alert_list_free(&town->alerts);
	alert_change_list_free(&changes);
	town->alerts = after;
	town->facts.now_us += MINUTE_US;
}

static void minutes(struct town *town, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		step(town, MINUTE_US);
}

/* What was told since the last time, as "silent 28249 fired". */
static void assert_told(struct town *town, const char *wanted)
{
	char said[4096] = "";
	size_t at = 0;
	for (size_t i = 0; i < town->n_told; i++)
		at += (size_t)snprintf(said + at, sizeof(said) - at, "%s%s %s %s", i ? "; " : "",
				       alert_kind_word(town->told[i].alert.kind),
				       town->told[i].alert.subject,
				       town->told[i].what == ALERT_FIRED ? "fired" : "resolved");
	assert_string_equal(said, wanted);
	town->n_told = 0;
}

/* As after a kill: what fires stands in the database, what was pending or well does not. */
static void restart(struct town *town)
{
	size_t left = 0;
	for (size_t i = 0; i < town->alerts.n; i++) {
		struct alert *alert = &town->alerts.list[i];
		if (alert->state != ALERT_FIRING)
			continue;
		alert->well = false;
		alert->watched_us = 0;
		town->alerts.list[left++] = *alert;
	}
	town->alerts.n = left;
	step(town, 0);
}

/* --- one subject --- */

static void it_is_told_after_its_grace_and_once(void **state)
{
	struct town *town = *state;
	hold(town, ALERT_DISK, "");
	minutes(town, 2);
	assert_told(town, "");
	minutes(town, 1);
	assert_told(town, "disk  fired");
	minutes(town, 600);
	assert_told(town, "");
	over(town, ALERT_DISK, NULL);
	minutes(town, 5);
	assert_told(town, "");
	minutes(town, 1);
	assert_told(town, "disk  resolved");
	minutes(town, 600);
	assert_told(town, "");
	assert_int_equal(town->alerts.n, 0);
}

static void who_flaps_is_told_once(void **state)
{
	struct town *town = *state;
	for (int i = 0; i < 100; i++) { /* never as long as the grace */
		hold(town, ALERT_SILENT, "28249");
		minutes(town, 5);
		over(town, ALERT_SILENT, NULL);
		minutes(town, 1);
	}
	assert_told(town, "");
	hold(town, ALERT_SILENT, "28249");
	minutes(town, 6);
	for (int i = 0; i < 100; i++) { /* never well for long */
		over(town, ALERT_SILENT, NULL);
		minutes(town, 5);
		hold(town, ALERT_SILENT, "28249");
		minutes(town, 1);
	}
	assert_told(town, "silent 28249 fired");
	over(town, ALERT_SILENT, NULL);
	minutes(town, 6);
	assert_told(town, "silent 28249 resolved");
}

static void since_is_what_is_known_of_it(void **state)
{
	struct town *town = *state;
	hold(town, ALERT_SILENT, "28249")->since_us = 77;
	minutes(town, 6);
	assert_int_equal(town->told[0].alert.since_us, 77);
	assert_int_equal(town->told[0].at_us, town->facts.now_us - MINUTE_US);
	assert_int_equal(town->told[0].alert.fired_us, town->told[0].at_us);
}

/* A restart at every minute of an outage and of its end. */
static void a_restart_neither_fires_again_nor_forgets(void **state)
{
	struct town *town = *state;
	for (unsigned at = 0; at < 30; at++) {
		for (unsigned minute = 0; minute < 60; minute++) {
			if (minute == 0)
				hold(town, ALERT_SILENT, "28249");
			if (minute == 15)
				over(town, ALERT_SILENT, NULL);
			if (minute == at)
				restart(town);
			minutes(town, 1);
		}
		assert_told(town, "silent 28249 fired; silent 28249 resolved");
		assert_int_equal(town->alerts.n, 0);
	}
}

static void a_clock_that_is_set_fires_nothing(void **state)
{
	struct town *town = *state;
	hold(town, ALERT_SILENT, "28249");
	minutes(town, 3);
	town->facts.now_us += INT64_C(600000) * MINUTE_US;
	minutes(town, 1);
	town->facts.now_us -= INT64_C(1200000) * MINUTE_US;
	minutes(town, 1);
	assert_told(town, "");
	minutes(town, 1);
	assert_told(town, "silent 28249 fired");
}

static void what_nobody_watched_is_no_grace(void **state)
{
	struct town *town = *state;
	hold(town, ALERT_SILENT, "28249");
	for (int i = 0; i < 100; i++)
		step(town, 0);
	assert_told(town, "");
	town->facts.known[ALERT_SILENT] = false;
	town->facts.n = 0;
	minutes(town, 100);
	assert_told(town, "");
	assert_int_equal(alert_list_count(&town->alerts, ALERT_SILENT, ALERT_PENDING), 1);
}

static void who_is_not_looked_at_stays_as_it_is(void **state)
{
	struct town *town = *state;
	hold(town, ALERT_QUALITY, "28249");
	minutes(town, 5);
	town->n_told = 0;
	town->facts.n = 0;
	town->facts.known[ALERT_QUALITY] = false;
	minutes(town, 100);
	assert_told(town, "");
	assert_int_equal(alert_list_count(&town->alerts, ALERT_QUALITY, ALERT_FIRING), 1);
	town->facts.known[ALERT_QUALITY] = true;
	minutes(town, 1);
	assert_told(town, "quality 28249 resolved");
}

static void a_kind_switched_off_ends_what_it_told(void **state)
{
	struct town *town = *state;
	hold(town, ALERT_DISK, "");
	hold(town, ALERT_BACKUP, "");
	minutes(town, 2);
	assert_told(town, "backup  fired");
	town->rules.of[ALERT_DISK].on = town->rules.of[ALERT_BACKUP].on = false;
	minutes(town, 1);
	assert_told(town, "backup  resolved");
	minutes(town, 100);
	assert_told(town, "");
	assert_int_equal(town->alerts.n, 0);
}

/* --- days off --- */

static void lateness_sleeps_on_days_off(void **state)
{
	struct town *town = *state;
	hold(town, ALERT_LATE, "28249");
	minutes(town, 30);
	town->facts.asleep[ALERT_LATE] = true;
	hold(town, ALERT_LATE, "28250");
	minutes(town, 1440);
	assert_told(town, "");
	assert_int_equal(town->alerts.n, 1); /* who is new on that day waits for the next */
	town->facts.asleep[ALERT_LATE] = false;
	minutes(town, 30);
	assert_told(town, "");
	minutes(town, 1);
	assert_told(town, "late 28249 fired");
	town->facts.asleep[ALERT_LATE] = true;
	minutes(town, 100);
	over(town, ALERT_LATE, "28249"); /* it came on a Sunday */
	minutes(town, 1);
	assert_told(town, "late 28249 resolved");
}

/* --- groups --- */

static void of_offices(struct town *town, uint64_t n)
{
	town->facts.of[ALERT_SILENT] = town->facts.of_lively[ALERT_SILENT] = n;
	town->facts.of[ALERT_LATE] = n;
}

/* Scenario 15: all fall silent at once over a due date. One alert, and its end. What was due is
 * excused then, and nobody hears of it. */
static void all_fall_silent_over_a_due_date(void **state)
{
	struct town *town = *state;
	of_offices(town, 176);
	minutes(town, 60);
	hold_offices(town, ALERT_SILENT, 0, 70); /* pings are spread over some 80 s */
	minutes(town, 1);
	hold_offices(town, ALERT_SILENT, 70, 176);
	minutes(town, 5);
	assert_told(town, "");
	assert_int_equal(town->alerts.n, 71); /* those of the first minute, and the group */
	minutes(town, 1);
	assert_int_equal(town->told[0].alert.n, 176);
	assert_int_equal(town->told[0].alert.all, 176);
	assert_told(town, "silent * fired");
	minutes(town, 300);
	hold_offices(town, ALERT_LATE, 0, 176); /* the due day is over */
	minutes(town, 600);
	assert_told(town, "");
	assert_int_equal(town->alerts.n, 1);
	over(town, ALERT_SILENT, NULL); /* the line is back, and 40 of them do not come */
	hold_offices(town, ALERT_SILENT, 0, 40);
	minutes(town, 5);
	assert_told(town, "");
	over(town, ALERT_LATE, NULL); /* an operator excuses them, before anybody is told */
	minutes(town, 1);
	assert_told(town, "silent * resolved");
	over(town, ALERT_SILENT, NULL);
	hold_offices(town, ALERT_SILENT, 0, 2); /* and two never do */
	minutes(town, 4);
	assert_told(town, "");
	minutes(town, 1);
	assert_told(town, "silent 00000 fired; silent 00001 fired");
	minutes(town, 600);
	assert_told(town, "");
}

/* The same, told already: lateness of all is one alert, and one excuse for all is its one end. */
static void an_excuse_ends_lateness_in_one_change(void **state)
{
	struct town *town = *state;
	of_offices(town, 176);
	hold_offices(town, ALERT_LATE, 0, 176);
	minutes(town, 61);
	assert_told(town, "late * fired");
	over(town, ALERT_LATE, NULL);
	minutes(town, 1);
	assert_told(town, "late * resolved");
	minutes(town, 600);
	assert_told(town, "");
}

static void who_fired_before_its_group_goes_on_by_itself(void **state)
{
	struct town *town = *state;
	of_offices(town, 20);
	hold_offices(town, ALERT_SILENT, 0, 2);
	minutes(town, 6);
	assert_told(town, "silent 00000 fired; silent 00001 fired");
	hold_offices(town, ALERT_SILENT, 2, 20);
	minutes(town, 6);
	assert_told(town, "silent * fired");
	over(town, ALERT_SILENT, "00000");
	minutes(town, 6);
	assert_told(town, "silent 00000 resolved");
	over(town, ALERT_SILENT, NULL);
	hold_offices(town, ALERT_SILENT, 1, 2);
	minutes(town, 6);
	assert_told(town, "silent * resolved");
	over(town, ALERT_SILENT, NULL);
	minutes(town, 6);
	assert_told(town, "silent 00001 resolved");
}

static void a_group_ends_at_a_quarter(void **state)
{
	struct town *town = *state;
	of_offices(town, 100);
	hold_offices(town, ALERT_SILENT, 0, 50);
	minutes(town, 3);
	assert_told(town, ""); /* half is not more than half */
	hold_offices(town, ALERT_SILENT, 50, 51);
	minutes(town, 6);
	assert_told(town, "silent * fired");
	over(town, ALERT_SILENT, NULL);
	hold_offices(town, ALERT_SILENT, 0, 26);
	minutes(town, 100);
	assert_told(town, "");
	over(town, ALERT_SILENT, "00025");
	minutes(town, 6);
	assert_told(town, "silent * resolved");
	minutes(town, 5);
	assert_int_equal(town->n_told, 25);
}

/* About half of them, up and down: neither a group nor anybody would ever be told, if each began
 * anew with it. */
static void a_group_that_comes_and_goes_hides_nobody(void **state)
{
	struct town *town = *state;
	of_offices(town, 20);
	hold_offices(town, ALERT_SILENT, 0, 10);
	for (int i = 0; i < 10; i++) {
		minutes(town, 1);
		hold_offices(town, ALERT_SILENT, 10, 11);
		minutes(town, 1);
		over(town, ALERT_SILENT, "00010");
	}
	assert_int_equal(town->n_told, 10);
	assert_int_equal(alert_list_count(&town->alerts, ALERT_SILENT, ALERT_FIRING), 10);
}

/* Those that rest for a day are not known to be silent yet. */
static void most_of_those_that_speak_all_day_are_enough(void **state)
{
	struct town *town = *state;
	of_offices(town, 100);
	town->facts.of_lively[ALERT_SILENT] = 30;
	hold_offices(town, ALERT_SILENT, 0, 16);
	for (size_t i = 0; i < town->facts.n; i++)
		town->list[i].lively = true;
	minutes(town, 6);
	assert_told(town, "silent * fired");
}

static void those_that_rest_do_not_count_among_them(void **state)
{
	struct town *town = *state;
	of_offices(town, 100);
	town->facts.of_lively[ALERT_SILENT] = 5;
	hold_offices(town, ALERT_SILENT, 0, 4);
	town->list[0].lively = town->list[1].lively = true;
	minutes(town, 6);
	assert_int_equal(town->n_told, 4);
}

static void two_offices_are_no_group(void **state)
{
	struct town *town = *state;
	of_offices(town, 2);
	hold_offices(town, ALERT_SILENT, 0, 2);
	minutes(town, 6);
	assert_told(town, "silent 00000 fired; silent 00001 fired");
}

/* Who fires as late is still late when its line fails: that is no end, of one or of a group. */
static void silence_ends_no_lateness(void **state)
{
	struct town *town = *state;
	of_offices(town, 20);
	hold_offices(town, ALERT_LATE, 0, 12);
	minutes(town, 61);
	assert_told(town, "late * fired");
	hold_offices(town, ALERT_SILENT, 0, 20);
	minutes(town, 100);
	assert_told(town, "silent * fired");
}

/* It was about to be told as late, when it fell silent. */
static void who_is_silent_is_not_told_as_late(void **state)
{
	struct town *town = *state;
	of_offices(town, 20);
	hold_offices(town, ALERT_LATE, 0, 1);
	minutes(town, 50);
	hold_offices(town, ALERT_SILENT, 0, 1);
	minutes(town, 100);
	assert_told(town, "silent 00000 fired");
	over(town, ALERT_SILENT, NULL);
	minutes(town, 60);
	assert_told(town, "silent 00000 resolved");
	minutes(town, 1);
	assert_told(town, "late 00000 fired");
}

/* Unless nobody wants to hear of silence. */
static void without_silence_lateness_is_told(void **state)
{
	struct town *town = *state;
	of_offices(town, 20);
	town->rules.of[ALERT_SILENT].on = false;
	hold_offices(town, ALERT_LATE, 0, 1);
	hold_offices(town, ALERT_SILENT, 0, 20);
	minutes(town, 61);
	assert_told(town, "late 00000 fired");
}

static void two_groups_may_fire(void **state)
{
	struct town *town = *state;
	of_offices(town, 20);
	hold_offices(town, ALERT_SILENT, 0, 11);
	minutes(town, 6);
	over(town, ALERT_SILENT, NULL);
	hold_offices(town, ALERT_SILENT, 0, 6);
	hold_offices(town, ALERT_LATE, 0, 17);
	minutes(town, 61);
	assert_told(town, "silent * fired; late * fired");
}

/* A group that is over by then must not let its offices be told on a day off. */
static void nobody_is_told_as_late_on_a_day_off(void **state)
{
	struct town *town = *state;
	of_offices(town, 20);
	hold_offices(town, ALERT_LATE, 0, 10);
	minutes(town, 60);
	hold_offices(town, ALERT_LATE, 10, 11);
	minutes(town, 10);
	town->facts.asleep[ALERT_LATE] = true;
	over(town, ALERT_LATE, "00010");
	minutes(town, 100);
	assert_told(town, "");
	town->facts.asleep[ALERT_LATE] = false;
	minutes(town, 1);
	assert_int_equal(town->n_told, 10);
}

static void the_whole_country_costs_little(void **state)
{
	struct town *town = *state;
	of_offices(town, 11000);
	hold_offices(town, ALERT_SILENT, 0, 5000);
	hold_offices(town, ALERT_LATE, 5000, 9000);
	minutes(town, 1);
	clock_t begun = clock();
	for (int i = 0; i < 20; i++)
		step(town, 1);
	double ms = (double)(clock() - begun) * 1000 / CLOCKS_PER_SEC / 20;
	print_message("a step with 9,000 of 11,000 offices: %.2f ms of CPU\n", ms);
	assert_true(ms < 100);
	over(town, ALERT_SILENT, NULL);
	over(town, ALERT_LATE, NULL);
	hold_offices(town, ALERT_SILENT, 0, 11000);
	minutes(town, 400);
	over(town, ALERT_SILENT, NULL);
	minutes(town, 400);
	assert_told(town, "silent * fired; silent * resolved");
}

/* --- random, against an oracle --- */

#define HISTORY   300
#define N_OFFICES 7
#define N_WATCHED (N_OFFICES + 2) /* the offices, their group, and a disk */

/* All that was ever seen: what held, and what fired behind that minute. */
struct past {
	bool held[HISTORY][N_WATCHED], fired[HISTORY][N_WATCHED], known[HISTORY];
	int64_t step_us[HISTORY];
	int n;
};

static const char *subject_of(int which, char text[16])
{
	(void)snprintf(text, 16, "%05d", which);
	return which == N_OFFICES ? ALERT_GROUP : which > N_OFFICES ? "" : text;
}

static enum alert_kind kind_of(int which)
{
	return which > N_OFFICES ? ALERT_DISK : ALERT_SILENT;
}

/* Since when it held, or did not hold, in every minute that was looked at: how long that is. */
static int64_t lasted_us(const struct past *past, int which, bool held)
{
	int64_t lasted = 0, since = -1;
	for (int i = past->n - 1; i >= 0; i--) {
		if (!past->known[i] && which <= N_OFFICES)
			continue;
		if (past->held[i][which] != held)
			break;
		lasted += since >= 0 ? past->step_us[since] : 0;
		since = i;
	}
	return lasted;
}

static void laws_hold(struct town *town, struct past *past)
{
	char text[16];
	int now = past->n - 1;
	for (int which = 0; which < N_WATCHED; which++) {
		const char *subject = subject_of(which, text);
		enum alert_kind kind = kind_of(which);
		bool was = now > 0 && past->fired[now - 1][which], is = was;
		size_t told = 0;
		for (size_t i = 0; i < town->n_told; i++)
			if (town->told[i].alert.kind == kind &&
			    strcmp(town->told[i].alert.subject, subject) == 0) {
				bool fired = town->told[i].what == ALERT_FIRED;
				assert_true(fired != is); /* each change is one */
				is = fired;
				told++;
			}
		assert_true(told <= 1);
		if (is && !was)
			assert_true(lasted_us(past, which, true) >= town->rules.of[kind].grace_us);
		if (was && !is)
			assert_true(lasted_us(past, which, false) >= town->rules.of[kind].well_us);
		/* The disk has no group, and so no excuse for silence either. */
		if (which > N_OFFICES && !was)
			assert_true(is == (past->held[now][which] &&
					   lasted_us(past, which, true) >=
						   town->rules.of[kind].grace_us));
		if (which > N_OFFICES && was)
			assert_true(is != (!past->held[now][which] &&
					   lasted_us(past, which, false) >=
						   town->rules.of[kind].well_us));
		past->fired[now][which] = is;
	}
	town->n_told = 0;
	/* Who replays the changes has what fires; and nobody begins while the group fires. */
	for (int which = 0; which < N_WATCHED; which++) {
		bool fires = false, pending = false;
		for (size_t i = 0; i < town->alerts.n; i++) {
			const struct alert *alert = &town->alerts.list[i];
			bool same = alert->kind == kind_of(which) &&
				    strcmp(alert->subject, subject_of(which, text)) == 0;
			fires |= same && alert->state == ALERT_FIRING;
			pending |= same && alert->state == ALERT_PENDING;
		}
		assert_true(fires == past->fired[now][which]);
		if (which < N_OFFICES && past->fired[now][N_OFFICES] && now > 0 &&
		    past->fired[now - 1][N_OFFICES]) {
			assert_false(pending && past->known[now]);
			assert_false(fires && !past->fired[now - 1][which]);
		}
	}
}

static void a_minute_passes(struct town *town, struct past *past, bool holds[], struct dice *dice)
{
	char text[16];
	int now = past->n++, n = 0;
	town->facts.n = 0;
	past->known[now] = dice_below(dice, 12) != 0;
	past->step_us[now] = dice_below(dice, 10) ? MINUTE_US : 0;
	for (int which = 0; which < N_WATCHED; which++) {
		if (which == N_OFFICES)
			continue;
		if (past->known[now] || which > N_OFFICES)
			if (holds[which])
				hold(town, kind_of(which), subject_of(which, text));
		past->held[now][which] = holds[which];
		n += which < N_OFFICES && holds[which];
	}
	/* A group has begun, or goes on, by what was told. */
	past->held[now][N_OFFICES] = now > 0 && past->fired[now - 1][N_OFFICES]
					     ? n >= 3 && n * 4 > N_OFFICES
					     : n >= 3 && n * 2 > N_OFFICES;
	town->facts.known[ALERT_SILENT] = past->known[now];
	step(town, past->step_us[now]);
	laws_hold(town, past);
}

static void any_history_keeps_the_laws(struct dice *dice, void *context)
{
	size_t *told = context;
	void *state = NULL;
	assert_int_equal(town_open(&state), 0);
	struct town *town = state;
	struct past *past = calloc(1, sizeof(*past));
	bool holds[N_WATCHED] = { 0 };
	assert_non_null(past);
	of_offices(town, N_OFFICES);
	uint64_t unrest = 2 + dice_below(dice, 30);
	while (past->n < HISTORY) {
		for (int which = 0; which < N_WATCHED; which++)
			if (dice_below(dice, unrest) == 0)
				holds[which] = !holds[which];
		if (dice_below(dice, 40) == 0) { /* the line, cut or mended */
			bool cut = dice_below(dice, 2);
			for (int which = 0; which < N_OFFICES; which++)
				holds[which] = cut;
		}
		a_minute_passes(town, past, holds, dice);
		for (int which = 0; which < N_WATCHED; which++)
			told[which] += past->fired[past->n - 1][which];
	}
	free(past);
	town_close(&state);
}

static void laws(void **state)
{
	size_t told[N_WATCHED] = { 0 };
	(void)state;
	for_all_seeds(50, any_history_keeps_the_laws, told);
	for (int which = 0; which < N_WATCHED && !seeds_given(); which++)
		assert_true(told[which] > 100);
}

int main(void)
{
#define TOWN_TEST(test) cmocka_unit_test_setup_teardown(test, town_open, town_close)
	const struct CMUnitTest tests[] = {
		TOWN_TEST(it_is_told_after_its_grace_and_once),
		TOWN_TEST(who_flaps_is_told_once),
		TOWN_TEST(since_is_what_is_known_of_it),
		TOWN_TEST(a_restart_neither_fires_again_nor_forgets),
		TOWN_TEST(a_clock_that_is_set_fires_nothing),
		TOWN_TEST(what_nobody_watched_is_no_grace),
		TOWN_TEST(who_is_not_looked_at_stays_as_it_is),
		TOWN_TEST(a_kind_switched_off_ends_what_it_told),
		TOWN_TEST(lateness_sleeps_on_days_off),
		TOWN_TEST(all_fall_silent_over_a_due_date),
		TOWN_TEST(an_excuse_ends_lateness_in_one_change),
		TOWN_TEST(who_fired_before_its_group_goes_on_by_itself),
		TOWN_TEST(a_group_ends_at_a_quarter),
		TOWN_TEST(a_group_that_comes_and_goes_hides_nobody),
		TOWN_TEST(most_of_those_that_speak_all_day_are_enough),
		TOWN_TEST(two_offices_are_no_group),
		TOWN_TEST(silence_ends_no_lateness),
		TOWN_TEST(those_that_rest_do_not_count_among_them),
		TOWN_TEST(who_is_silent_is_not_told_as_late),
		TOWN_TEST(without_silence_lateness_is_told),
		TOWN_TEST(two_groups_may_fire),
		TOWN_TEST(nobody_is_told_as_late_on_a_day_off),
		TOWN_TEST(the_whole_country_costs_little),
		cmocka_unit_test(laws),
	};
	return cmocka_run_group_tests_name("alert_core", tests, NULL, NULL);
}
