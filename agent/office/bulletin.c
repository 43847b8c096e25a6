#include "office/bulletin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STANDING "standing"
#define READ     "messages_read" /* their numbers, of 8 bytes each */

/* -EINVAL: it is none. */
static int standing_unpack(struct arena *arena, const void *packed, size_t len,
			   const Lantoa__V1__Standing **ret_standing, struct err *err)
{
	Lantoa__V1__Frame *frame = NULL;
	int rc = wire_frame_unpack(arena, packed, len, &frame, err);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0 || frame->kind_case != LANTOA__V1__FRAME__KIND_STANDING)
		return err_set(err, -EINVAL, "what the province told of this office is damaged");
	*ret_standing = frame->standing;
	return 0;
}

static const Lantoa__V1__Message *message_find(const Lantoa__V1__Standing *standing, uint64_t id)
{
	for (size_t i = 0; standing && i < standing->n_message; i++)
		if (standing->message[i]->id == id)
			return standing->message[i];
	return NULL;
}

/* Those that it is not told any more, or that the province knows of, are over. */
static int marks_read(struct spool *spool, struct bulletin *told, struct err *err)
{
	struct blob marks = { 0 };
	int rc = spool_fact_get(spool, READ, &marks, err);
	size_t n = marks.len / sizeof(uint64_t);
	for (size_t i = 0; rc == 0 && i < n && told->n_read < WIRE_MESSAGES_MAX; i++) {
		uint64_t id;
		memcpy(&id, marks.data + i * sizeof(id), sizeof(id));
		const Lantoa__V1__Message *message = message_find(told->standing, id);
		if (message && !message->read)
			told->read[told->n_read++] = id;
	}
	blob_free(&marks);
	return rc == -ENOENT ? 0 : rc;
}

int bulletin_read(struct spool *spool, struct bulletin *ret_told, struct err *err)
{
	struct blob packed = { 0 };
	struct bulletin told = { 0 };
	int rc = spool_fact_get(spool, STANDING, &packed, err);
	if (rc == 0) {
		told.arena = arena_open(WIRE_ARENA_MAX);
		rc = told.arena ? standing_unpack(told.arena, packed.data, packed.len,
						  &told.standing, err)
				: err_memory(err);
	}
	blob_free(&packed);
	if (rc == -EINVAL || rc == -ENOENT) { /* it is told again */
		bulletin_free(&told);
		rc = 0;
	}
	if (rc == 0)
		rc = marks_read(spool, &told, err);
	if (rc < 0)
		bulletin_free(&told);
	else
		*ret_told = told;
	return rc;
}

void bulletin_free(struct bulletin *told)
{
	arena_close(told->arena);
	*told = (struct bulletin){ 0 };
}

static struct spool_waiting *waiting_list(Lantoa__V1__Waiting *const from[], size_t n)
{
	struct spool_waiting *list = calloc(n + 1, sizeof(*list));
	for (size_t i = 0; list && i < n; i++)
		list[i] = (struct spool_waiting){ .spool_id = from[i]->spool_id,
						  .seq = from[i]->seq,
						  .series = from[i]->series,
						  .observations = from[i]->observations,
						  .reason = from[i]->reason };
	return list;
}

static int waiting_take(struct spool *spool, const Lantoa__V1__Standing *standing, uint64_t upto,
			struct err *err)
{
	struct spool_waiting *waiting = waiting_list(standing->waiting, standing->n_waiting),
			     *released = waiting_list(standing->released, standing->n_released);
	const struct spool_verdicts verdicts = { .waiting = waiting,
						 .n_waiting = standing->n_waiting,
						 .whole = standing->waiting_more == 0,
						 .released = released,
						 .n_released = standing->n_released,
						 .upto = upto };
	int rc = waiting && released ? spool_told_waiting(spool, &verdicts, err) : err_memory(err);
	free(waiting);
	free(released);
	return rc;
}

int bulletin_keep(struct spool *spool, const void *packed, size_t len, uint64_t upto,
		  struct err *err)
{
	const Lantoa__V1__Standing *standing = NULL;
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	int rc = arena ? standing_unpack(arena, packed, len, &standing, err) : err_memory(err);
	if (rc == 0)
		rc = waiting_take(spool, standing, upto, err);
	if (rc == 0) /* last: its version is told as ours then */
		rc = spool_fact_set(spool, STANDING, packed, len, err);
	arena_close(arena);
	return rc;
}

/* Its own period lies in a closed one when all of its days do. */
static bool is_closed(const Lantoa__V1__Closing *closing, const struct metric *metric,
		      struct period period)
{
	struct period closed;
	return (!*closing->metric || strcmp(closing->metric, metric->name) == 0) &&
	       period_read(closing->period, closing->calendar ? CALENDAR_REPORT : CALENDAR_CIVIL,
			   &closed) &&
	       period_first_day(closed) <= period_first_day(period) &&
	       period_end_day(period) <= period_end_day(closed);
}

const Lantoa__V1__Closing *bulletin_closing(const struct bulletin *told,
					    const struct metric *metric, struct period period)
{
	const Lantoa__V1__Standing *standing = told->standing;
	for (size_t i = standing ? standing->n_closing : 0; i > 0; i--)
		if (is_closed(standing->closing[i - 1], metric, period))
			return standing->closing[i - 1];
	return NULL;
}

size_t bulletin_let_in(const Lantoa__V1__Standing *standing, size_t from,
		       uint64_t *ret_observations)
{
	const Lantoa__V1__Waiting *first = standing->released[from];
	size_t at = from;
	*ret_observations = 0;
	for (; at < standing->n_released; at++) {
		const Lantoa__V1__Waiting *row = standing->released[at];
		if (row->at_us != first->at_us || strcmp(row->reason, first->reason) != 0)
			break;
		*ret_observations += row->observations;
	}
	return at;
}

/* --- messages --- */

bool bulletin_is_news(const struct bulletin *told, const Lantoa__V1__Message *message)
{
	for (size_t i = 0; i < told->n_read; i++)
		if (told->read[i] == message->id)
			return false;
	return !message->read;
}

bool bulletin_has_news(const struct bulletin *told)
{
	const Lantoa__V1__Standing *standing = told->standing;
	for (size_t i = 0; standing && i < standing->n_message; i++)
		if (bulletin_is_news(told, standing->message[i]))
			return true;
	return false;
}

int bulletin_mark_read(struct spool *spool, uint64_t id, size_t *ret_read, struct err *err)
{
	struct bulletin told;
	size_t n = 0;
	int rc = bulletin_read(spool, &told, err);
	if (rc < 0)
		return rc;
	if (id != 0 && !message_find(told.standing, id))
		rc = err_set(err, -ENOENT,
			     "there is no message %llu; 'lantoa-agent message list' shows them",
			     (unsigned long long)id);
	for (size_t i = 0; rc == 0 && told.standing && i < told.standing->n_message; i++) {
		const Lantoa__V1__Message *message = told.standing->message[i];
		if ((id != 0 && message->id != id) || !bulletin_is_news(&told, message))
			continue;
		told.read[told.n_read++] = message->id;
		n++;
	}
	if (rc == 0 && n > 0)
		rc = spool_fact_set(spool, READ, told.read, told.n_read * sizeof(told.read[0]),
				    err);
	bulletin_free(&told);
	if (rc == 0)
		*ret_read = n;
	return rc;
}

const Lantoa__V1__Message *bulletin_about(const struct bulletin *told, const struct metric *metric,
					  const char *labels, struct period period)
{
	const Lantoa__V1__Standing *standing = told->standing;
	char text[PERIOD_TEXT_MAX];
	(void)period_format(period, text);
	for (size_t i = standing ? standing->n_message : 0; i > 0; i--) {
		const Lantoa__V1__Message *message = standing->message[i - 1];
		if (strcmp(message->metric, metric->name) == 0 &&
		    strcmp(message->labels, labels) == 0 && strcmp(message->period, text) == 0 &&
		    bulletin_is_news(told, message))
			return message;
	}
	return NULL;
}
