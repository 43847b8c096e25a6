#include "ingest/heads_survey.h"

#include "common/base/container.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/base/search.h"
#include "common/model/period.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct asked_office *heads_question_find(const struct heads_question *question, int64_t office)
{
	size_t place = search_first(i, question->n, question->offices[i].office < office);
	return place < question->n && question->offices[place].office == office
		       ? &question->offices[place]
		       : NULL;
}

void heads_question_free(struct heads_question *question)
{
	for (size_t i = 0; i < question->n; i++)
		free(question->offices[i].heads);
	free(question->offices);
	question->offices = NULL;
	question->n = 0;
}

static void on_time(uv_timer_t *timer);

static void wait_ms(struct heads_survey *survey, uint64_t ms)
{
	int rc = uv_timer_start(&survey->timer, on_time, ms, 0);
	assert(rc == 0); /* fails for a closing handle or without callback */
	(void)rc;
}

static void end(struct heads_survey *survey)
{
	struct heads_question *question = survey->question;
	survey->question = NULL;
	(void)uv_timer_stop(&survey->timer); /* cannot fail */
	if (question)
		question->on_end(question);
}

static void on_time(uv_timer_t *timer)
{
	end(container_of(timer, struct heads_survey, timer));
}

void heads_survey_start(uv_loop_t *loop, struct heads_survey *survey)
{
	(void)uv_timer_init(loop, &survey->timer); /* cannot fail */
	survey->open = true;
}

static bool is_meant(const struct agent_note *note, int64_t office)
{
	return note->protocol >= WIRE_EDITIONS && (office == 0 || note->office == office);
}

/* The frame to one office, whose last ask it is from now on. False: it is gone. */
static bool send_ask(struct heads_survey *survey, struct agent_note *note, uint32_t most)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__HeadsAsk ask = LANTOA__V1__HEADS_ASK__INIT;
	ask.most = most;
	ask.number = survey->number;
	frame.kind_case = LANTOA__V1__FRAME__KIND_HEADS_ASK;
	frame.heads_ask = &ask;
	if (!gate_answer(survey->gate, &note->peer, &frame))
		return false;
	note->heads_number = survey->number;
	note->heads_most = most;
	note->heads_open = true;
	return true;
}

int heads_survey_ask(struct heads_survey *survey, struct heads_question *question, int64_t office,
		     struct err *err)
{
	const struct agent_list *agents = survey->agents;
	size_t n = 0;
	assert(question->most >= 1 && question->most <= WIRE_HEADS_MAX);
	if (survey->question || survey->stopped)
		return err_set(err, -EAGAIN,
			       "offices are being asked for their heads; try again shortly");
	for (size_t i = 0; i < agents->n; i++)
		n += is_meant(&agents->list[i], office);
	if (n > HEADS_MOST / question->most)
		return err_set(err, -EINVAL,
			       "%zu offices may keep more heads of so many days than one answer "
			       "has room for: ask one office, or for the last days alone",
			       n);
	question->offices = calloc(n ? n : 1, sizeof(*question->offices));
	if (!question->offices)
		return err_memory(err);
	question->n = question->waiting = 0;
	survey->number++;
	survey->question = question;
	for (size_t i = 0; i < agents->n; i++) {
		struct agent_note *note = &agents->list[i];
		if (!is_meant(note, office))
			continue;
		bool sent = send_ask(survey, note, question->most);
		question->waiting += sent;
		question->offices[question->n++] =
			(struct asked_office){ .office = note->office,
					       .state = sent ? HEADS_SILENT : HEADS_AWAY };
	}
	log_debug("heads_survey: idle + asked -> asking number=%u offices=%zu waiting=%zu",
		  survey->number, question->n, question->waiting);
	wait_ms(survey, question->waiting > 0 ? HEADS_WAIT_MS : 0);
	return 0;
}

static bool is_head(const Lantoa__V1__KeptHead *kept)
{
	return kept->head && kept->head->position >= 1 && kept->head->position <= INT64_MAX &&
	       kept->head->chain.len == CHAIN_LEN && kept->day >= DAY_MIN && kept->day <= DAY_MAX;
}

/* Without memory it is as if it had not answered: our lack, not its fault. */
static void keep(struct asked_office *asked, const Lantoa__V1__Heads *heads)
{
	asked->heads = calloc(heads->n_head ? heads->n_head : 1, sizeof(*asked->heads));
	if (!asked->heads)
		return;
	asked->state = HEADS_TOLD;
	asked->n = heads->n_head;
	for (size_t i = 0; i < asked->n; i++) {
		const Lantoa__V1__KeptHead *kept = heads->head[i];
		asked->heads[i] = (struct kept_head){ .day = kept->day,
						      .position = (int64_t)kept->head->position };
		memcpy(asked->heads[i].chain, kept->head->chain.data, CHAIN_LEN);
	}
}

const char *heads_survey_take(struct heads_survey *survey, int64_t office,
			      const Lantoa__V1__Heads *heads)
{
	struct agent_note *note = agent_list_note(survey->agents, office);
	if (!note || heads->number == 0 || heads->number > note->heads_number ||
	    (heads->number == note->heads_number && !note->heads_open))
		return N_("nobody asked this office for its heads");
	if (heads->number < note->heads_number)
		return NULL; /* of an ask that was given up; one came after it */
	note->heads_open = false;
	if (heads->n_head > note->heads_most)
		return N_("tells more heads than it was asked for");
	for (size_t i = 0; i < heads->n_head; i++)
		if (!is_head(heads->head[i]))
			return N_("tells a head of the ledger that is not valid");
	struct heads_question *question = survey->question;
	struct asked_office *asked = question && heads->number == survey->number
					     ? heads_question_find(question, office)
					     : NULL;
	log_debug("heads_survey: %s + heads of office=%" PRId64 " number=%u -> n=%zu",
		  asked ? "asking" : "late", office, heads->number, heads->n_head);
	if (!asked)
		return NULL;
	keep(asked, heads);
	if (--question->waiting == 0)
		end(survey);
	return NULL;
}

void heads_survey_judged(struct heads_survey *survey, const struct heads_question *question)
{
	for (size_t i = 0; i < question->n; i++) {
		const struct asked_office *asked = &question->offices[i];
		agents_judged(survey->agents, asked->office, asked->odd_position, asked->odd);
	}
}

static void on_closed(uv_handle_t *handle)
{
	struct heads_survey *survey =
		container_of((uv_timer_t *)handle, struct heads_survey, timer);
	survey->open = false;
	survey->on_change(survey->context);
}

void heads_survey_stop(struct heads_survey *survey)
{
	survey->stopped = true;
	end(survey);
	uv_close((uv_handle_t *)&survey->timer, on_closed);
}
