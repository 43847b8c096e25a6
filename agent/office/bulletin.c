#include "office/bulletin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STANDING "standing"

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
