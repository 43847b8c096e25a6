/* 1. Connect to PostgreSQL, and read there how far we are.
 * 2. Ask the province for what comes behind that.
 * 3. Turn it into rows, and write them and the new mark in one transaction.
 * Then 2 again. What can fail: PostgreSQL is away or goes (1 again, less and less often); it undid
 * the transaction, or the mark is not what we thought (read the mark, 2 again); the province is
 * away (2 again); its ledger is another one than PostgreSQL has rows of (the end). */
#include "mirror/mirror_follow.h"

#include "common/base/backoff.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/sys/notify.h"
#include "feed/changes_client.h"
#include "mirror/change_rows.h"
#include "mirror/postgres.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#define WAIT_S       2u     /* for something to come: so long may the end take */
#define PATIENCE_S   5u     /* before it is logged that the province does not answer */
#define RETRY_MIN_MS 200u   /* PostgreSQL that is restarted answers within seconds */
#define RETRY_MAX_MS 30000u /* and who has to be let in waits for a person */
#define SLICE_MS     100u   /* between looks whether it is over */
#define TELL_NS      (UINT64_C(10) * 1000000000)

struct follow {
	const struct mirror_follow_form *form;
	struct changes_client *client; /* owned */
	struct change_rows *rows;      /* owned */
	struct postgres *pg;           /* owned; NULL: not connected */
	struct mark mark;              /* as PostgreSQL last said */
	uint32_t attempt;              /* failures in a row */
	uint64_t figures, told_ns;     /* since it was last told */
	bool behind;                   /* it was not at the head of the ledger when last seen */
};

static bool is_over(const struct follow *f)
{
	return f->form->is_over && f->form->is_over(NULL);
}

static void pause_for(const struct follow *f, uint64_t ms)
{
	while (ms > 0 && !is_over(f)) {
		uint64_t slice = ms < SLICE_MS ? ms : SLICE_MS;
		struct timespec time = { .tv_nsec = (long)slice * 1000000 };
		(void)nanosleep(&time, NULL); /* cut short by a signal: it looks earlier */
		ms -= slice;
	}
}

static bool mends_itself(int rc)
{
	return rc != -ESTALE && rc != -EPROTO && rc != -EUCLEAN && rc != -ENOMEM && rc != -EINVAL;
}

/* What failed is logged when it begins and now and then, and tried again. */
static void failed(struct follow *f, const struct err *err)
{
	uint64_t wait_ms = backoff_ms(RETRY_MIN_MS, RETRY_MAX_MS, f->attempt < 16 ? f->attempt : 16,
				      randombytes_random());
	char text[600];
	log_warn("mirror: retry wait_ms=%" PRIu64 " attempt=%" PRIu32 " position=%" PRId64
		 " cause=\"%s\"",
		 wait_ms, f->attempt, f->mark.position, err->text);
	(void)snprintf(text, sizeof(text), "STATUS=%.500s", err->text);
	notify(text);
	f->attempt++;
	pause_for(f, wait_ms);
}

static int connect_database(struct follow *f, struct err *err)
{
	const struct mirror_config *config = f->form->config;
	int64_t before = f->mark.position;
	int rc = postgres_open(config->database, &f->pg, err);
	if (rc == 0)
		rc = postgres_prepare(f->pg, err);
	if (rc == 0)
		rc = postgres_mark(f->pg, config->province, &f->mark, err);
	if (rc == 0 && f->mark.position != before)
		f->attempt = 0; /* what broke off was done all the same */
	/* Of a page whose end is not known the rows do not know either. */
	change_rows_fresh(f->rows, rc == 0 && f->mark.position == 0);
	if (rc == 0)
		log_info("mirror: connected province=%s position=%" PRId64 " epoch=%" PRId64,
			 config->province, f->mark.position, f->mark.epoch);
	return rc;
}

static void disconnect(struct follow *f)
{
	postgres_close(f->pg);
	f->pg = NULL;
}

/* The link of the first item of @page: which ledger it is. */
static int beginning_of(const struct changes_page *page, char ret_link[80], struct err *err)
{
	struct changes_item item;
	int rc = changes_item_read(page, 0, &item, err);
	if (rc == 0)
		(void)snprintf(ret_link, 80, "%s", item.link ? item.link : "damaged");
	return rc;
}

/* Why the ledger does not go on from where PostgreSQL is. */
static int judge_stale(struct follow *f, struct err *err)
{
	const struct mark *mark = &f->mark;
	struct changes_page page;
	char beginning[80] = "";
	int rc = changes_next(f->client, 0, 0, &page, err);
	if (rc < 0)
		return rc;
	if (page.n > 0)
		rc = beginning_of(&page, beginning, err);
	int64_t epoch = page.epoch, head = page.head;
	changes_page_free(&page);
	if (rc < 0)
		return rc;
	if (mark->beginning[0] && strcmp(beginning, mark->beginning) != 0)
		return err_set(
			err, -ESTALE,
			"PostgreSQL has figures of another province under the code '%s'; see "
			"province and database in mirror.conf",
			f->form->config->province);
	if (epoch < mark->epoch)
		return err_set(
			err, -ESTALE,
			"PostgreSQL has figures of a newer life of this province (epoch %lld, "
			"this one is of %lld); this is the old machine, which should be off",
			(long long)mark->epoch, (long long)epoch);
	return err_set(err, -ESTALE,
		       "the province was restored from an older backup and ends at position %lld, "
		       "PostgreSQL has %lld of what was before; when you do not want to keep that, "
		       "begin anew: lantoa-mirror --begin-anew",
		       (long long)head, (long long)mark->position);
}

static void tell(struct follow *f, const struct changes_page *page)
{
	uint64_t now_ns = uv_hrtime();
	bool behind = page->position < page->head;
	char text[160];
	f->figures += change_rows_figures(f->rows);
	if (now_ns - f->told_ns < TELL_NS && behind == f->behind)
		return;
	if (behind || f->behind || f->told_ns == 0)
		log_info("mirror: position=%" PRId64 " head=%" PRId64 " figures=%" PRIu64,
			 page->position, page->head, f->figures);
	(void)snprintf(text, sizeof(text), "STATUS=position %" PRId64 " of %" PRId64,
		       page->position, page->head); /* fits */
	notify(text);
	f->figures = 0;
	f->told_ns = now_ns;
	f->behind = behind;
}

static int page_take(struct follow *f, const struct changes_page *page, struct err *err)
{
	struct mark is = f->mark;
	int rc = change_rows_take(f->rows, page, err);
	is.there = true;
	is.position = page->position;
	is.epoch = page->epoch;
	is.damaged += (int64_t)change_rows_damaged(f->rows);
	if (rc == 0 && f->mark.position == 0)
		rc = beginning_of(page, is.beginning, err);
	if (rc == 0)
		rc = postgres_take(f->pg, f->form->config->province, &f->mark, &is, f->rows, err);
	if (rc < 0)
		return rc;
	if (change_rows_damaged(f->rows) > 0)
		log_warn("mirror: damaged items=%" PRIu64 " up to=%" PRId64,
			 change_rows_damaged(f->rows), page->position);
	f->mark = is;
	f->attempt = 0;
	tell(f, page);
	return 0;
}

/* One round. 1: all of the ledger is there. */
static int round_run(struct follow *f, struct err *err)
{
	struct changes_page page;
	int rc = f->pg ? 0 : connect_database(f, err);
	if (rc < 0)
		return rc;
	rc = changes_next(f->client, f->mark.position, f->mark.epoch, &page, err);
	if (rc == -ESTALE)
		return judge_stale(f, err);
	if (rc < 0)
		return rc;
	if (page.n > 0)
		rc = page_take(f, &page, err);
	else
		rc = 1;
	if (rc == 1)
		f->attempt = 0;
	changes_page_free(&page);
	if (rc == -EAGAIN) { /* it is not where we thought: it says so itself */
		int marked = postgres_mark(f->pg, f->form->config->province, &f->mark, err);
		change_rows_fresh(f->rows, false);
		return marked < 0 ? marked : -EAGAIN;
	}
	return rc;
}

static int rounds_run(struct follow *f, struct err *err)
{
	while (!is_over(f)) {
		int rc = round_run(f, err);
		if (rc == -ECANCELED)
			return 0;
		if (rc == 1 && f->form->once)
			return 0;
		if (rc == -EAGAIN) {
			f->attempt++;
			pause_for(f, backoff_ms(1, 100, f->attempt < 8 ? f->attempt : 8,
						randombytes_random()));
			continue;
		}
		if (rc >= 0)
			continue;
		/* A transaction whose end is not known, a session in an unknown state. */
		disconnect(f);
		if (f->form->once || !mends_itself(rc))
			return rc;
		failed(f, err);
	}
	return 0;
}

int mirror_follow(const struct mirror_follow_form *form, struct err *err)
{
	struct follow f = { .form = form };
	const struct changes_client_config client = { .api = form->config->aggregator,
						      .figures = true,
						      .wait_s = form->once ? 0 : WAIT_S,
						      .patience_s = PATIENCE_S,
						      .is_over = form->is_over };
	int rc = changes_client_open(&client, &f.client, err);
	if (rc == 0)
		rc = change_rows_open(form->config->province, &f.rows, err);
	notify("READY=1");
	if (rc == 0)
		rc = rounds_run(&f, err);
	disconnect(&f);
	change_rows_close(f.rows);
	changes_client_close(f.client);
	return rc;
}
