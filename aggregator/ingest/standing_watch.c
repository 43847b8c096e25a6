#include "ingest/standing_watch.h"

#include "common/base/container.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "common/net/wire.h"
#include "journal/standing.h"

#include <inttypes.h>
#include <stdlib.h>

#define LOOK_MS 5000u /* 20 us of a reader */

static int events_look(struct standing_watch *watch, sqlite3 *db, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_number(db, "SELECT coalesce(max(id), 0) FROM event", &watch->found, err);
	if (rc == 0)
		rc = db_prepare(db,
				"SELECT EXISTS(SELECT 1 FROM event WHERE id > ?1"
				" AND (moves <> 0 OR kind = 'office tell'))",
				&stmt, err);
	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, watch->event);
		rc = db_step(stmt, err);
		watch->news = rc == 1 && sqlite3_column_int(stmt, 0) != 0;
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	watch->today = civil_day(civil_now_us());
	watch->news |= watch->today != watch->day;
	return rc < 0 ? rc : 0;
}

static int look_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	struct standing_watch *watch = container_of(job, struct standing_watch, job);
	struct standing_reader *reader = NULL;
	struct standing *standing = NULL;
	int rc = events_look(watch, db, err);
	if (rc == 0 && watch->n > 0) {
		reader = standing_reader_open(db, err);
		standing = malloc(sizeof(*standing));
		rc = reader && standing ? 0 : err_memory(err);
	}
	for (size_t i = 0; rc == 0 && i < watch->n; i++) {
		struct standing_look *look = &watch->list[i];
		struct err ignored; /* I11: what cannot be read of one is told to none */
		look->version = standing_read(reader, reference, look->office, watch->today,
					      standing, &ignored) == 0
					? standing->version
					: 0;
	}
	free(standing);
	standing_reader_close(reader);
	return rc;
}

static void choose(struct standing_watch *watch)
{
	const struct agent_list *agents = watch->agents;
	watch->n = 0;
	for (size_t i = 0; i < agents->n && watch->n < STANDINGS_AT_ONCE; i++)
		if (agents->list[i].standing_stale && agents->list[i].protocol >= WIRE_EDITIONS)
			watch->list[watch->n++] =
				(struct standing_look){ .office = agents->list[i].office };
}

static void look(struct standing_watch *watch);

static void look_done(struct store_job *job, int rc, const struct err *err)
{
	struct standing_watch *watch = container_of(job, struct standing_watch, job);
	(void)err; /* whoever asks for more than a version hears of it, and logs it */
	watch->looking = false;
	if (rc == 0 && watch->news) {
		log_debug("standing_watch: event=%" PRId64 " -> all are read anew", watch->found);
		for (size_t i = 0; i < watch->agents->n; i++)
			watch->agents->list[i].standing_stale = true;
	}
	if (rc == 0) {
		watch->event = watch->found;
		watch->day = watch->today;
	}
	for (size_t i = 0; rc == 0 && i < watch->n; i++)
		standing_watch_read(watch, watch->list[i].office, watch->list[i].version,
				    watch->found);
	bool all = watch->n < STANDINGS_AT_ONCE && !watch->news;
	if (rc == 0 && !all)
		look(watch);
	watch->on_done(watch->context);
}

static void look(struct standing_watch *watch)
{
	if (watch->looking || !watch->open || uv_is_closing((uv_handle_t *)&watch->timer))
		return;
	choose(watch);
	watch->looking = true;
	watch->job = (struct store_job){ .run = look_run, .done = look_done, .use = STORE_SESSION };
	store_read(watch->store, &watch->job);
}

static void on_timer(uv_timer_t *timer)
{
	look(container_of(timer, struct standing_watch, timer));
}

void standing_watch_start(uv_loop_t *loop, struct standing_watch *watch)
{
	(void)uv_timer_init(loop, &watch->timer); /* cannot fail, as a start that has a callback */
	watch->open = true;
	(void)uv_timer_start(&watch->timer, on_timer, 0, LOOK_MS);
}

static void on_closed(uv_handle_t *handle)
{
	struct standing_watch *watch =
		container_of((uv_timer_t *)handle, struct standing_watch, timer);
	watch->open = false;
	watch->on_done(watch->context);
}

void standing_watch_stop(struct standing_watch *watch)
{
	if (watch->open)
		uv_close((uv_handle_t *)&watch->timer, on_closed);
}

bool standing_watch_busy(const struct standing_watch *watch)
{
	return watch->looking || watch->open;
}

void standing_watch_read(struct standing_watch *watch, int64_t office, uint64_t version,
			 int64_t event)
{
	struct agent_note *note = agent_list_note(watch->agents, office);
	if (!note)
		return;
	note->standing = version;
	note->standing_stale = event < watch->event; /* one came since that it may not have seen */
}

void standing_watch_stale(struct standing_watch *watch, int64_t office)
{
	struct agent_note *note = agent_list_note(watch->agents, office);
	if (note)
		note->standing_stale = true;
}

uint64_t standing_watch_version(const struct standing_watch *watch, int64_t office)
{
	const struct agent_note *note = agent_list_find(watch->agents, office);
	return note && note->protocol >= WIRE_EDITIONS ? note->standing : 0;
}
