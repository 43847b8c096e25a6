#include "ingest/catalogue_watch.h"

#include "common/base/container.h"
#include "registry/delivery.h"

#define LOOK_MS                                                                                    \
	1000u /* a look takes 20 us of a reader; offices hear of a change with what they hear next \
	       */

static int look_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	struct catalogue_watch *watch = container_of(job, struct catalogue_watch, job);
	(void)db;
	(void)err;
	watch->found = delivery_version(reference->catalogue);
	return 0;
}

static void look_done(struct store_job *job, int rc, const struct err *err)
{
	struct catalogue_watch *watch = container_of(job, struct catalogue_watch, job);
	(void)err; /* who asks for more than a version hears of it, and logs it */
	watch->looking = false;
	if (rc == 0) {
		watch->version = watch->found;
		watch->known = true;
	}
	watch->on_done(watch->context);
}

uint64_t catalogue_watch_version(struct catalogue_watch *watch)
{
	uint64_t now_ms = uv_now(watch->loop);
	bool due = !watch->known || now_ms >= watch->looked_ms + LOOK_MS;
	if (due && !watch->looking && !watch->closed) {
		watch->looking = true;
		watch->looked_ms = now_ms;
		watch->job = (struct store_job){ .run = look_run,
						 .done = look_done,
						 .use = STORE_SESSION };
		store_read(watch->store, &watch->job);
	}
	return watch->version;
}
