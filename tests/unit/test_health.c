#include "api/health.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct health_facts fine = {
	.running = true, .enrolled = true, .catalogue = true, .connected = true, .trouble = ""
};

static const char *headline(const struct health_facts *facts)
{
	return health_judge(facts).list[0].name;
}

static bool well(const struct health_facts *facts)
{
	struct health health = health_judge(facts);
	return health_is_well(&health);
}

static bool says(const struct health_facts *facts, const char *name)
{
	struct health health = health_judge(facts);
	for (size_t i = 0; i < health.n; i++)
		if (strcmp(health.list[i].name, name) == 0)
			return true;
	return false;
}

static void all_is_well_when_nothing_waits_or_what_waits_moves(void **state)
{
	(void)state;
	struct health_facts facts = fine;
	assert_string_equal(headline(&facts), "well");
	facts.waiting = 10;
	facts.stuck_s = HEALTH_STALLED_S - 1;
	assert_string_equal(headline(&facts), "sending");
	assert_true(well(&facts));
}

/* Each thing that keeps figures from being taken or from moving, alone: it is the headline. */
static void each_trouble_is_said(void **state)
{
	(void)state;
	const struct {
		const char *name;
		struct health_facts facts;
	} cases[] = {
		{ "not_enrolled", { .trouble = "" } },
		{ "not_running", { .enrolled = true, .catalogue = true } },
		{ "disk_failing", { .refused_rc = -EIO } },
		{ "disk_failing", { .refused_rc = -EROFS, .disk_full = true } },
		{ "disk_failing", { .disk_rc = -EIO } },
		{ "disk_full", { .refused_rc = -ENOSPC, .disk_full = true } },
		{ "disk_full", { .disk_rc = -ENOSPC } },
		{ "spool_full", { .refused_rc = -ENOSPC } },
		{ "stalled", { .waiting = 1, .stuck_s = HEALTH_STALLED_S } },
		{ "disconnected", { .blocked = true, .trouble = "a batch is refused" } },
		{ "config_wrong", { .config_wrong = true } },
		{ "input_failing", { .input_failing = true } },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct health_facts facts = cases[i].facts;
		if (i >= 2) {
			facts.running = facts.enrolled = facts.catalogue = facts.connected = true;
			facts.trouble = facts.trouble ? facts.trouble : "";
		}
		assert_string_equal(headline(&facts), cases[i].name);
		assert_false(well(&facts));
	}
	struct health_facts no_catalogue = fine;
	no_catalogue.catalogue = false;
	assert_string_equal(headline(&no_catalogue), "no_catalogue");
}

static void without_a_line_the_uplinks_own_sentence_is_said(void **state)
{
	(void)state;
	struct health_facts facts = fine;
	facts.connected = false;
	assert_string_equal(headline(&facts), "connecting");
	facts.trouble = "it cannot be reached";
	struct health health = health_judge(&facts);
	assert_string_equal(health.list[0].sentence, "it cannot be reached");
	assert_false(health_is_well(&health));
	facts.connected = true; /* it has something to say, and yet figures move */
	health = health_judge(&facts);
	assert_string_equal(health.list[0].sentence, "it cannot be reached");
	assert_true(health_is_well(&health));
}

static void a_pause_that_the_province_asked_for_is_no_stall(void **state)
{
	(void)state;
	struct health_facts facts = fine;
	facts.waiting = 1;
	facts.stuck_s = 10 * HEALTH_STALLED_S;
	facts.resting = true;
	assert_string_equal(headline(&facts), "resting");
	facts.resting = false;
	facts.at_rest = true; /* by choice: however long it lasts, all is well */
	assert_string_equal(headline(&facts), "at_rest");
	facts.at_rest = false;
	facts.resting = true;
	assert_true(well(&facts));
}

static void what_figures_outlive_is_a_note(void **state)
{
	(void)state;
	struct health_facts facts = fine;
	facts.input_trouble = true;
	assert_string_equal(headline(&facts), "input_trouble");
	assert_true(well(&facts));
	facts.restart_due = true;
	assert_true(says(&facts, "restart_due"));
	assert_true(well(&facts));
}

static struct health_facts random_facts(struct dice *dice)
{
	static const int codes[] = { 0, 0, -ENOSPC, -EIO };
#define COIN() (dice_below(dice, 2) == 0)
	return (struct health_facts){ .running = COIN(),
				      .enrolled = COIN(),
				      .catalogue = COIN(),
				      .connected = COIN(),
				      .at_rest = COIN(),
				      .resting = COIN(),
				      .blocked = COIN(),
				      .trouble = COIN() ? "trouble" : "",
				      .waiting = dice_below(dice, 3),
				      .stuck_s = dice_below(dice, 2 * HEALTH_STALLED_S),
				      .refused_rc = codes[dice_below(dice, 4)],
				      .disk_full = COIN(),
				      .disk_rc = codes[dice_below(dice, 4)],
				      .config_wrong = COIN(),
				      .restart_due = COIN(),
				      .input_failing = COIN(),
				      .input_trouble = COIN() };
}

/* Whatever holds: something is said, the gravest first, and "well" is never said of an agent that
 * does not take figures, does not send them, or stands still. */
static void a_headline_never_flatters(struct dice *dice, void *context)
{
	(void)context;
	struct health_facts facts = random_facts(dice);
	struct health health = health_judge(&facts);
	assert_true(health.n >= 1 && health.n <= HEALTH_MAX);
	for (size_t i = 0; i < health.n; i++) {
		assert_non_null(health.list[i].sentence);
		assert_true(*health.list[i].sentence);
		if (i > 0)
			assert_true(health.list[i].severity <= health.list[i - 1].severity);
	}
	bool moves = facts.waiting == 0 || facts.stuck_s < HEALTH_STALLED_S || facts.resting ||
		     facts.at_rest || *facts.trouble;
	if (!facts.running || !facts.enrolled || !facts.catalogue || !facts.connected ||
	    facts.refused_rc != 0 || facts.disk_rc != 0 || !moves)
		assert_false(health_is_well(&health));
	if (facts.running && facts.restart_due)
		assert_true(says(&facts, "restart_due"));
}

static void whatever_holds(void **state)
{
	(void)state;
	for_all_seeds(2000, a_headline_never_flatters, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well_when_nothing_waits_or_what_waits_moves),
		cmocka_unit_test(each_trouble_is_said),
		cmocka_unit_test(without_a_line_the_uplinks_own_sentence_is_said),
		cmocka_unit_test(a_pause_that_the_province_asked_for_is_no_stall),
		cmocka_unit_test(what_figures_outlive_is_a_note),
		cmocka_unit_test(whatever_holds),
	};
	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
