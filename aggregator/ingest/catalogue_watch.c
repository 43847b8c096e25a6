#include "ingest/catalogue_watch.h"

#include "common/base/container.h"
#include "common/base/log.h"

#include <errno.h>

#define LOOK_MS                                                                                    \
	1000u /* a look takes 20 us of a reader; offices hear of a change with what they hear next \
	       */

static int look_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	struct catalogue_watch *watch = container_of(job, struct catalogue_watch, job);
	(void)db;
	watch->found = delivery_version(reference->catalogue);
	if (catalogue_stamp(reference->catalogue) == watch->of_stamp)
		return 0;
	int rc = edition_make(reference->catalogue, &watch->fresh, err);
	return rc == -EFBIG ? 0 : rc; /* of an earlier release, which had no limit: status tells */
}

static void look_done(struct store_job *job, int rc, const struct err *err)
{
	struct catalogue_watch *watch = container_of(job, struct catalogue_watch, job);
	(void)err; /* who asks for more than a version hears of it, and logs it */
	watch->looking = false;
	if (rc == 0) {
		watch->version = watch->found;
		watch->known = true;
		if (watch->fresh.stamp != 0)
			catalogue_watch_take(watch, &watch->fresh);
	}
	edition_free(&watch->fresh);
	watch->on_done(watch->context);
}

static void look(struct catalogue_watch *watch)
{
	uint64_t now_ms = uv_now(watch->loop);
	bool due = !watch->known || now_ms >= watch->looked_ms + LOOK_MS;
	if (!due || watch->looking || watch->closed)
		return;
	watch->looking = true;
	watch->looked_ms = now_ms;
	watch->of_stamp = watch->edition.stamp;
	watch->job = (struct store_job){ .run = look_run, .done = look_done, .use = STORE_SESSION };
	store_read(watch->store, &watch->job);
}

uint64_t catalogue_watch_version(struct catalogue_watch *watch)
{
	look(watch);
	return watch->version;
}

const struct edition *catalogue_watch_edition(struct catalogue_watch *watch)
{
	look(watch);
	return &watch->edition;
}

void catalogue_watch_take(struct catalogue_watch *watch, struct edition *edition)
{
	edition_free(&watch->edition);
	watch->edition = *edition;
	*edition = (struct edition){ 0 };
	log_debug("catalogue_watch: edition version=%016llx bytes=%zu",
		  (unsigned long long)watch->edition.version, watch->edition.packed.len);
}

void catalogue_watch_free(struct catalogue_watch *watch)
{
	edition_free(&watch->edition);
}
