#include "ingest/catalogue_watch.h"

#include "common/base/container.h"
#include "registry/delivery.h"

#define LOOK_MS                                                                                    \
	1000u /* a look takes 20 us of a reader; offices hear of a change with what they hear next \
	       */

static int look_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	struct edition *edition = container_of(job, struct edition, job);
	(void)db;
	(void)err;
	edition->found = delivery_version(reference->catalogue);
	return 0;
}

static void look_done(struct store_job *job, int rc, const struct err *err)
{
	struct edition *edition = container_of(job, struct edition, job);
	(void)err; /* who asks for more than a version hears of it, and logs it */
	edition->looking = false;
	if (rc == 0) {
		edition->version = edition->found;
		edition->known = true;
	}
	edition->on_done(edition->context);
}

uint64_t edition_version(struct edition *edition)
{
	uint64_t now_ms = uv_now(edition->loop);
	bool due = !edition->known || now_ms >= edition->looked_ms + LOOK_MS;
	if (due && !edition->looking && !edition->closed) {
		edition->looking = true;
		edition->looked_ms = now_ms;
		edition->job =
			(struct store_job){ .run = look_run, .done = look_done, .use = STORE_DOOR };
		store_read(edition->store, &edition->job);
	}
	return edition->version;
}
