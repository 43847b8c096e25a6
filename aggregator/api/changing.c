#include "api/changing.h"

#include "common/base/container.h"
#include "common/base/log.h"
#include "ledger/change.h"

#include <assert.h>
#include <stdlib.h>

#define STEP_WORK 2000000u /* 0.1 s: batches wait for one step and for one another */
#define STEP_US   100000   /* the same by the clock, where a disk is slow */

struct changing {
	struct store *store; /* outlives us */
	void (*on_end)(void *context);
	void *context;
	struct change *change; /* owned */
	struct store_job job;  /* the step in work */
	enum language language;
	bool running, stopping, more;
};

struct changing *changing_open(struct store *store, void (*on_end)(void *context), void *context)
{
	struct changing *changing = calloc(1, sizeof(*changing));
	if (!changing || !(changing->change = change_open())) {
		free(changing);
		return NULL;
	}
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

static void on_forgotten(struct store_job *job, int rc, const struct err *err)
{
	struct changing *changing = container_of(job, struct changing, job);
	(void)rc;
	(void)err;
	changing->running = false;
	changing->on_end(changing->context); /* last: it may close us */
}

static void on_stepped(struct store_job *job, int rc, const struct err *err)
{
	struct changing *changing = container_of(job, struct changing, job);
	if (rc == 0 && changing->more && !changing->stopping) {
		next(changing);
		return;
	}
	if (rc < 0)
		log_error("change: a step failed, and is made again when somebody asks, or with "
			  "the next start error=%d cause=\"%s\"",
			  rc, err->text);
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

void changing_stop(struct changing *changing)
{
	changing->stopping = true;
}
