#include "verify/verification.h"

#include "common/base/container.h"
#include "common/base/log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct verification {
	struct store *store; /* outlives us */
	void (*on_end)(void *context);
	void *context;
	uint64_t run; /* the last one; 0: there was none */
	bool running, cancelled;
	enum language language;
	struct store_job job;            /* the step in work */
	bool more;                       /* after it; set on the pool */
	struct verify *verify;           /* owned while running */
	struct verify_progress progress; /* after the last step that is through */
	struct table *table;             /* owned: the outcome */
	struct err err;                  /* why there is none */
};

struct verification *verification_open(struct store *store, void (*on_end)(void *context),
				       void *context)
{
	struct verification *verification = calloc(1, sizeof(*verification));
	if (!verification)
		return NULL;
	verification->store = store;
	verification->on_end = on_end;
	verification->context = context;
	return verification;
}

void verification_close(struct verification *verification)
{
	if (!verification)
		return;
	assert(!verification->running);
	table_close(verification->table);
	free(verification);
}

static int on_step(struct store_job *job, sqlite3 *db, const struct reference *reference,
		   struct err *err)
{
	struct verification *v = container_of(job, struct verification, job);
	int rc = verify_step(v->verify, db, job->stale ? NULL : reference, err);
	v->more = rc == 1;
	return rc < 0 ? rc : 0;
}

static void end(struct verification *v, int rc, const struct err *err)
{
	const struct verify_counts *counts = &v->progress.counts;
	if (rc < 0) {
		(void)err_set(&v->err, rc, "%s", err->text);
		log_warn("verify: ended run=%" PRIu64 " error=%d", v->run, rc);
	} else {
		v->table = verify_table_take(v->verify);
		log_info("verify: done run=%" PRIu64 " differences=%" PRIu64 " repaired=%" PRIu64,
			 v->run, counts->differences, counts->repaired);
	}
	verify_close(v->verify);
	v->verify = NULL;
	v->running = false;
	v->on_end(v->context); /* last: it may close us */
}

static void next(struct verification *v);

static void on_stepped(struct store_job *job, int rc, const struct err *err)
{
	struct verification *v = container_of(job, struct verification, job);
	struct err cancelled = { 0 };
	if (rc == 0)
		v->progress = verify_progress(v->verify);
	if (rc == 0 && v->more && v->cancelled) {
		rc = err_set(&cancelled, -ECANCELED, "the aggregator stops");
		err = &cancelled;
	}
	if (rc == 0 && v->more)
		next(v);
	else
		end(v, rc, err);
}

/* A day may take longer than a question: how much it holds bounds it. Whatever is damaged, it is
 * looked at. */
static void next(struct verification *v)
{
	v->job = (struct store_job){ .run = on_step,
				     .done = on_stepped,
				     .unlimited = true,
				     .takes_stale = true,
				     .language = v->language };
	if (verify_writes(v->verify))
		store_write(v->store, &v->job);
	else
		store_read(v->store, &v->job);
}

int verification_start(struct verification *verification, const char *repairer,
		       enum language language, uint64_t *ret_run, struct err *err)
{
	struct verification *v = verification;
	if (v->running)
		return err_set(err, -EEXIST,
			       "a verification is under way already; wait until it is done");
	struct verify *verify = verify_open(repairer, err);
	if (!verify)
		return err->code;
	table_close(v->table);
	v->table = NULL;
	v->err = (struct err){ 0 };
	v->verify = verify;
	v->progress = verify_progress(verify);
	v->language = language;
	v->running = true;
	v->cancelled = false;
	*ret_run = ++v->run;
	next(v);
	return 0;
}

void verification_cancel(struct verification *verification)
{
	verification->cancelled = true;
}

/* --- what there is to tell --- */

static void progress_head(struct table *table, const struct verify_progress *progress)
{
	static const char *const stages[] = { [VERIFY_JOURNAL] = "journal",
					      [VERIFY_DAYS] = "days",
					      [VERIFY_PAGES] = "pages",
					      [VERIFY_OVER] = "pages" };
	table_head(table, "progress", "stage", stages[progress->stage]);
	table_head_int(table, "progress", "done", (int64_t)progress->done);
	table_head_int(table, "progress", "all", (int64_t)progress->all);
}

static int progress_tell(const struct verification *v, struct blob *out, struct err *err)
{
	struct table *table = verify_table_open();
	if (!table)
		return err_memory(err);
	progress_head(table, &v->progress);
	verify_table_head(table, &v->progress.counts);
	int rc = table_failed(table) ? -ENOMEM : table_json(table, out);
	table_close(table);
	return rc < 0 ? err_memory(err) : 0;
}

int verification_tell(const struct verification *verification, uint64_t run, bool csv,
		      struct blob *out, struct err *err)
{
	const struct verification *v = verification;
	if (v->run == 0)
		return err_set(err, -ENOENT,
			       "nothing was verified since the aggregator started; POST begins it");
	if (run != 0 && run != v->run)
		return err_set(err, -ENOENT, "another verification has begun since");
	if (v->running && csv)
		return err_set(err, -EAGAIN, "the verification is still under way");
	if (v->running)
		return progress_tell(v, out, err);
	if (v->err.code < 0)
		return err_set(err, v->err.code, "%s", v->err.text);
	int rc = csv ? table_csv(v->table, out) : table_json(v->table, out);
	return rc < 0 ? err_memory(err) : 0;
}
