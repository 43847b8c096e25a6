/* Offices are asked for the ledger's heads that they keep: who is asked, how long is waited, and
 * what of an answer is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/container.h"
#include "ingest/heads_survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OFFICES 4 /* 1 to 4: office 2 speaks protocol 2, and 4 is gone */
#define GONE    4
#define DAY     20000

struct fixture {
	uv_loop_t loop;
	struct agent_list agents;
	struct heads_survey survey;
	struct heads_question question;
	unsigned ends, changes;
	struct err err;
};

static unsigned asks[OFFICES + 1];
static uint32_t most_asked, number_asked;

bool __wrap_gate_answer(struct gate *gate, const struct gate_peer *peer,
			const Lantoa__V1__Frame *frame);
bool __wrap_gate_answer(struct gate *gate, const struct gate_peer *peer,
			const Lantoa__V1__Frame *frame)
{
	assert_null(gate);
	assert_int_equal(frame->kind_case, LANTOA__V1__FRAME__KIND_HEADS_ASK);
	most_asked = frame->heads_ask->most;
	number_asked = frame->heads_ask->number;
	if (peer->key_id == GONE)
		return false;
	asks[peer->key_id]++;
	return true;
}

/* No test waits for the wall clock: time is over when the timer is told so. */
static uint64_t waits_ms;
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t ms, uint64_t repeat);
int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t ms, uint64_t repeat);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t ms, uint64_t repeat)
{
	waits_ms = ms;
	return __real_uv_timer_start(timer, callback, ms ? 1 : 0, repeat);
}

static void on_end(struct heads_question *question)
{
	container_of(question, struct fixture, question)->ends++;
}

static void on_change(void *context)
{
	((struct fixture *)context)->changes++;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->survey =
		(struct heads_survey){ .agents = &f->agents, .on_change = on_change, .context = f };
	f->question = (struct heads_question){ .most = 3, .on_end = on_end };
	heads_survey_start(&f->loop, &f->survey);
	memset(asks, 0, sizeof(asks));
	for (int64_t office = OFFICES; office >= 1; office--) {
		struct gate_peer peer = { .key_id = office };
		Lantoa__V1__Hello hello = LANTOA__V1__HELLO__INIT;
		agents_hello(&f->agents, office, &peer, office == 2 ? 2 : 3, &hello);
	}
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	if (!f->survey.stopped)
		heads_survey_stop(&f->survey);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f->changes, 1);
	assert_false(f->survey.open);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	heads_question_free(&f->question);
	agent_list_free(&f->agents);
	free(f);
	return 0;
}

struct answer { /* of up to 4 heads, as an office would send it */
	Lantoa__V1__Heads heads;
	Lantoa__V1__KeptHead kept[4], *pointers[4];
	Lantoa__V1__Head list[4];
	uint8_t chain[CHAIN_LEN];
};

static void answer_make(struct answer *answer, uint32_t number, size_t n)
{
	memset(answer, 0, sizeof(*answer));
	lantoa__v1__heads__init(&answer->heads);
	answer->heads.number = number;
	answer->heads.n_head = n;
	answer->heads.head = answer->pointers;
	for (size_t i = 0; i < n; i++) {
		answer->pointers[i] = &answer->kept[i];
		lantoa__v1__kept_head__init(&answer->kept[i]);
		lantoa__v1__head__init(&answer->list[i]);
		answer->kept[i].day = DAY + (int32_t)i;
		answer->kept[i].head = &answer->list[i];
		answer->list[i].position = 10 + i;
		answer->list[i].chain = (ProtobufCBinaryData){ CHAIN_LEN, answer->chain };
	}
}

static void ask(struct fixture *f, int64_t office)
{
	if (heads_survey_ask(&f->survey, &f->question, office, &f->err) != 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(f->ends, 0); /* not from within */
}

static void run_until_the_end(struct fixture *f)
{
	while (f->ends == 0)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
}

static void assert_state(const struct fixture *f, int64_t office, enum heads_state state, size_t n)
{
	const struct asked_office *asked = heads_question_find(&f->question, office);
	assert_non_null(asked);
	assert_int_equal(asked->state, state);
	assert_int_equal(asked->n, n);
}

static void it_ends_when_all_who_are_there_have_answered(void **state)
{
	struct fixture *f = *state;
	struct answer answer;
	ask(f, 0);
	assert_int_equal(waits_ms, HEADS_WAIT_MS);
	assert_int_equal(most_asked, 3);
	assert_true(asks[1] == 1 && asks[2] == 0 && asks[3] == 1);
	answer_make(&answer, number_asked, 3);
	assert_null(heads_survey_take(&f->survey, 3, &answer.heads));
	assert_int_equal(f->ends, 0);
	answer_make(&answer, number_asked, 0);
	assert_null(heads_survey_take(&f->survey, 1, &answer.heads));
	assert_int_equal(f->ends, 1);
	assert_state(f, 1, HEADS_TOLD, 0);
	assert_state(f, 3, HEADS_TOLD, 3);
	assert_state(f, GONE, HEADS_AWAY, 0);
	assert_null(heads_question_find(&f->question, 2));
	const struct asked_office *asked = heads_question_find(&f->question, 3);
	assert_int_equal(asked->heads[2].day, DAY + 2);
	assert_int_equal(asked->heads[2].position, 12);
	assert_false(uv_is_active((uv_handle_t *)&f->survey.timer));
}

static void who_does_not_answer_is_waited_for_and_no_longer(void **state)
{
	struct fixture *f = *state;
	struct answer answer;
	ask(f, 0);
	answer_make(&answer, number_asked, 1);
	assert_null(heads_survey_take(&f->survey, 1, &answer.heads));
	run_until_the_end(f);
	assert_state(f, 1, HEADS_TOLD, 1);
	assert_state(f, 3, HEADS_SILENT, 0);
	/* late is no fault, once; and is nobody's answer any more */
	assert_null(heads_survey_take(&f->survey, 3, &answer.heads));
	assert_state(f, 3, HEADS_SILENT, 0);
	assert_non_null(heads_survey_take(&f->survey, 3, &answer.heads));
}

static void an_answer_to_an_earlier_ask_is_not_taken_for_this_ones(void **state)
{
	struct fixture *f = *state;
	struct answer late;
	ask(f, 3);
	answer_make(&late, number_asked, 1);
	run_until_the_end(f);
	heads_question_free(&f->question);
	f->ends = 0;
	ask(f, 3);
	assert_null(heads_survey_take(&f->survey, 3, &late.heads));
	assert_int_equal(f->ends, 0);
	answer_make(&late, number_asked, 2);
	assert_null(heads_survey_take(&f->survey, 3, &late.heads));
	assert_int_equal(f->ends, 1);
	assert_state(f, 3, HEADS_TOLD, 2);
}

static void one_office_is_asked_and_one_that_is_not_there_costs_no_wait(void **state)
{
	struct fixture *f = *state;
	ask(f, GONE);
	assert_int_equal(waits_ms, 0);
	assert_true(asks[1] == 0 && asks[3] == 0);
	run_until_the_end(f);
	assert_state(f, GONE, HEADS_AWAY, 0);
	assert_int_equal(f->question.n, 1);
}

/* Unasked, too many, twice, or no heads: the peer's fault. */
static void what_an_office_may_not_tell_is_refused(void **state)
{
	struct fixture *f = *state;
	struct answer answer;
	answer_make(&answer, 1, 1);
	assert_non_null(heads_survey_take(&f->survey, 1, &answer.heads)); /* nobody asked */
	assert_non_null(heads_survey_take(&f->survey, 9, &answer.heads)); /* nor said Hello */
	for (int wrong = 0; wrong < 8; wrong++) {
		f->ends = 0;
		ask(f, 1);
		answer_make(&answer, number_asked, 2);
		if (wrong == 0)
			answer_make(&answer, number_asked, 4); /* of 3 */
		else if (wrong == 1)
			answer.list[1].position = 0;
		else if (wrong == 2)
			answer.list[1].position = UINT64_MAX;
		else if (wrong == 3)
			answer.list[1].chain.len = 31;
		else if (wrong == 4)
			answer.kept[1].head = NULL;
		else if (wrong == 5)
			answer.kept[1].day = INT32_MAX;
		else if (wrong == 6)
			answer.heads.number = 0;
		else
			answer.heads.number++;
		assert_non_null(heads_survey_take(&f->survey, 1, &answer.heads));
		assert_int_equal(f->ends, 0);
		run_until_the_end(f);
		assert_state(f, 1, HEADS_SILENT, 0);
		heads_question_free(&f->question);
	}
}

static void one_question_at_a_time_and_none_that_no_answer_has_room_for(void **state)
{
	struct fixture *f = *state;
	struct heads_question other = { .most = 1, .on_end = on_end };
	struct gate_peer peer = { .key_id = 0 };
	Lantoa__V1__Hello hello = LANTOA__V1__HELLO__INIT;
	ask(f, 0);
	assert_int_equal(heads_survey_ask(&f->survey, &other, 0, &f->err), -EAGAIN);
	run_until_the_end(f);
	heads_question_free(&f->question);
	for (int64_t office = 10; office < 10 + HEADS_MOST / 400; office++)
		agents_hello(&f->agents, office, &peer, 3, &hello);
	memset(asks, 0, sizeof(asks));
	other.most = 400;
	assert_int_equal(heads_survey_ask(&f->survey, &other, 0, &f->err), -EINVAL);
	assert_int_equal(asks[1], 0);
	assert_null(f->survey.question);
	/* as it says: one office, or the last days */
	for (int64_t office = 0; office < 2; office++) {
		f->ends = 0;
		f->question.most = office ? 400 : 3;
		ask(f, office);
		run_until_the_end(f);
		heads_question_free(&f->question);
	}
	assert_int_equal(asks[1], 2);
}

static void stopping_ends_the_question(void **state)
{
	struct fixture *f = *state;
	struct heads_question other = { .most = 1, .on_end = on_end };
	ask(f, 0);
	heads_survey_stop(&f->survey);
	assert_int_equal(f->ends, 1);
	assert_state(f, 1, HEADS_SILENT, 0);
	assert_int_equal(heads_survey_ask(&f->survey, &other, 0, &f->err), -EAGAIN);
}

static void an_odd_one_is_noted_for_status(void **state)
{
	struct fixture *f = *state;
	ask(f, 0);
	run_until_the_end(f);
	struct asked_office *asked = heads_question_find(&f->question, 3);
	asked->odd = LINK_DIFFERS;
	asked->odd_position = 12;
	heads_survey_judged(&f->survey, &f->question);
	assert_int_equal(agent_list_find(&f->agents, 1)->odd, LINK_UNKNOWN);
	assert_int_equal(agent_list_find(&f->agents, 3)->odd, LINK_DIFFERS);
	assert_int_equal(agent_list_find(&f->agents, 3)->odd_position, 12);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_ends_when_all_who_are_there_have_answered),
		TEST(who_does_not_answer_is_waited_for_and_no_longer),
		TEST(an_answer_to_an_earlier_ask_is_not_taken_for_this_ones),
		TEST(one_office_is_asked_and_one_that_is_not_there_costs_no_wait),
		TEST(what_an_office_may_not_tell_is_refused),
		TEST(one_question_at_a_time_and_none_that_no_answer_has_room_for),
		TEST(stopping_ends_the_question),
		TEST(an_odd_one_is_noted_for_status),
	};
	return cmocka_run_group_tests_name("heads_survey", tests, NULL, NULL);
}
