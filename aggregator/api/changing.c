#include "api/changing.h"

#include "common/base/container.h"
#include "common/base/log.h"
#include "ledger/change.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define STEP_WORK 2000000u /* 0.1 s: batches wait for one step and for one another */
#define STEP_US   100000   /* the same by the clock, where a disk is slow */

/* Until a step that failed is tried again. */
#define AGAIN_FIRST_MS 1000u
#define AGAIN_MAX_MS   60000u

struct changing {
	uv_loop_t *loop;     /* outlive us */
	struct store *store; /* both do */
	void (*on_end)(void *context);
	void *context;
	struct change *change; /* owned */
	struct store_job job;  /* the step in work */
	enum language language;
	bool running, stopping, more;
	bool failed;                        /* the last step did, and it is tried again */
	uv_timer_t again;                   /* open only while it waits */
	bool waiting;                       /* for the timer */
	uint64_t again_ms;                  /* how long the last time; 0: it did not fail */
	char trouble[CHANGING_TROUBLE_MAX]; /* why */
};

struct changing *changing_open(uv_loop_t *loop, struct store *store, void (*on_end)(void *context),
			       void *context)
{
	struct changing *changing = calloc(1, sizeof(*changing));
	if (!changing || !(changing->change = change_open())) {
		free(changing);
		return NULL;
	}
	changing->loop = loop;
	changing->store = store;
	changing->on_end = on_end;
	changing->context = context;
	return changing;
}

void changing_close(struct changing *changing)
{
	if (!changing)
		return;
	assert(!changing->running);
	change_close(changing->change);
	free(changing);
}

static int on_step(struct store_job *job, sqlite3 *db, const struct reference *reference,
		   struct err *err)
{
	struct changing *changing = container_of(job, struct changing, job);
	int rc = change_step(changing->change, db, reference, STEP_WORK, STEP_US, err);
	changing->more = rc == 1;
	if (rc != 1) /* nothing is kept of the connection while nothing is to be done */
		change_forget(changing->change);
	return rc < 0 ? rc : 0;
}

static void next(struct changing *changing);

/* Statements on the writer's connection must be gone before it is closed: on the writer. */
static int on_forget(struct store_job *job, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	(void)db;
	(void)reference;
	(void)err;
	change_forget(container_of(job, struct changing, job)->change);
	return 0;
}

static void end(struct changing *changing)
{
	changing->running = false;
	changing->on_end(changing->context); /* last: it may close us */
}

static void on_waited(uv_handle_t *handle)
{
	struct changing *changing = container_of(handle, struct changing, again);
	changing->waiting = false;
	if (changing->stopping)
		end(changing);
	else
		next(changing);
}

static void wait_end(struct changing *changing)
{
	uv_handle_t *timer = (uv_handle_t *)&changing->again;
	if (!uv_is_closing(timer))
		uv_close(timer, on_waited);
}

static void on_again(uv_timer_t *timer)
{
	wait_end(container_of(timer, struct changing, again));
}

static void wait_begin(struct changing *changing)
{
	uint64_t twice = 2 * changing->again_ms;
	changing->again_ms = twice == 0             ? AGAIN_FIRST_MS
			     : twice < AGAIN_MAX_MS ? twice
						    : AGAIN_MAX_MS;
	changing->waiting = true;
	(void)uv_timer_init(changing->loop, &changing->again); /* these two cannot fail */
	(void)uv_timer_start(&changing->again, on_again, changing->again_ms, 0);
}

static void on_forgotten(struct store_job *job, int rc, const struct err *err)
{
	struct changing *changing = container_of(job, struct changing, job);
	(void)rc;
	(void)err;
	if (changing->failed && !changing->stopping)
		wait_begin(changing);
	else
		end(changing);
}

static void on_stepped(struct store_job *job, int rc, const struct err *err)
{
	struct changing *changing = container_of(job, struct changing, job);
	changing->failed = rc < 0;
	(void)snprintf(changing->trouble, sizeof(changing->trouble), "%s",
		       rc < 0 ? err->text : ""); /* as long */
	if (rc < 0)
		log_error("change: a step failed, and is tried again error=%d cause=\"%s\"", rc,
			  err->text);
	else
		changing->again_ms = 0;
	if (rc == 0 && changing->more && !changing->stopping) {
		next(changing);
		return;
	}
	changing->job = (struct store_job){ .run = on_forget, .done = on_forgotten, .bare = true };
	store_write(changing->store, &changing->job);
}

static void next(struct changing *changing)
{
	changing->job = (struct store_job){ .run = on_step,
					    .done = on_stepped,
					    .language = changing->language };
	store_write(changing->store, &changing->job);
}

bool changing_start(struct changing *changing, enum language language)
{
	if (changing->running || changing->stopping)
		return false;
	changing->language = language;
	changing->running = true;
	next(changing);
	return true;
}

void changing_hurry(struct changing *changing)
{
	changing->again_ms = 0;
	if (changing->waiting)
		wait_end(changing);
}

void changing_stop(struct changing *changing)
{
	changing->stopping = true;
	if (changing->waiting)
		wait_end(changing);
}

const char *changing_trouble(const struct changing *changing)
{
	return changing->trouble;
}
