#include "api/last_uses.h"

#include "common/base/container.h"
#include "common/base/log.h"

#define EVERY_US INT64_C(3600000000)

static int on_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		  struct err *err)
{
	(void)reference;
	return tokens_keep(db, &container_of(job, struct last_uses, job)->copy, err);
}

/* What could not be written down is, with what came meanwhile, an hour later. */
static void on_done(struct store_job *job, int rc, const struct err *err)
{
	struct last_uses *uses = container_of(job, struct last_uses, job);

	if (rc < 0)
		log_error("api: when tokens were last used is not written down cause=\"%s\"",
			  err->text);
	else
		token_list_kept(uses->tokens, &uses->copy);
	token_list_free(&uses->copy);
	uses->running = false;
	uses->on_end(uses->context);
}

bool last_uses_note(struct last_uses *uses, int64_t id, int64_t now_us)
{
	token_list_use(uses->tokens, id, now_us);
	if (uses->running || (uses->written_us != 0 && now_us - uses->written_us < EVERY_US &&
			      now_us >= uses->written_us))
		return false;
	uses->written_us = now_us;
	if (token_list_copy(uses->tokens, &uses->copy) < 0)
		return false; /* the next hour may have memory */
	uses->running = true;
	uses->job = (struct store_job){ .run = on_run, .done = on_done, .takes_stale = true };
	store_write(uses->store, &uses->job);
	return true;
}
