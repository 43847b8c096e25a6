#include "rollup/mend.h"

#include "rollup/fold_target.h"
#include "rollup/next.h"
#include "rollup/page_cache.h"
#include "rollup/propagate.h"
#include "rollup/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct mend {
	sqlite3 *db; /* outlives us */
	const struct reference *reference;
	int64_t first_entry, released_us; /* of the transaction; INT64_MAX, INT64_MIN: none */
	/* NULL until the first damage: */
	struct declarations *declarations;
	struct replay *replay;
	sqlite3_stmt *offices, *series;
	const char *in_force; /* what @offices asks: next_in_force() */
	struct mended mended;
};

struct mend *mend_open(sqlite3 *db, struct err *err)
{
	struct mend *mend = calloc(1, sizeof(*mend));
	if (!mend) {
		(void)err_memory(err);
		return NULL;
	}
	mend->db = db;
	return mend;
}

void mend_close(struct mend *mend)
{
	if (!mend)
		return;
	replay_close(mend->replay);
	declarations_close(mend->declarations);
	sqlite3_finalize(mend->offices);
	sqlite3_finalize(mend->series);
	free(mend);
}

void mend_begin(struct mend *mend, const struct reference *reference)
{
	mend->reference = reference;
	mend->first_entry = INT64_MAX;
	mend->released_us = INT64_MIN;
	mend->mended = (struct mended){ 0 };
}

void mend_entries_from(struct mend *mend, int64_t entry)
{
	if (entry < mend->first_entry)
		mend->first_entry = entry;
}

void mend_released_at(struct mend *mend, int64_t at_us)
{
	mend->released_us = at_us;
}

const struct mended *mend_mended(const struct mend *mend)
{
	return &mend->mended;
}

/* Offices' pages of a bucket, of those in force. */
static int offices_prepare(struct mend *mend, struct err *err)
{
	char sql[128];
	const char *in_force;
	int rc = next_in_force(mend->db, &in_force, err);
	if (rc < 0 || mend->in_force == in_force)
		return rc;
	sqlite3_finalize(mend->offices);
	mend->offices = NULL;
	mend->in_force = NULL;
	(void)snprintf(sql, sizeof(sql),
		       "SELECT node, page FROM %s WHERE grain = ? AND bucket = ? AND node > 0",
		       in_force); /* fits */
	rc = db_prepare(mend->db, sql, &mend->offices, err);
	if (rc == 0)
		mend->in_force = in_force;
	return rc;
}

static int prepare(struct mend *mend, struct err *err)
{
	if (!mend->declarations && !(mend->declarations = declarations_open(mend->db, err)))
		return err->code;
	if (!mend->replay && !(mend->replay = replay_open(mend->db, mend->declarations, err)))
		return err->code;
	int rc = offices_prepare(mend, err);
	if (rc == 0 && !mend->series)
		rc = db_prepare(mend->db, "SELECT metric FROM series WHERE id = ?", &mend->series,
				err);
	if (rc < 0)
		return rc;
	declarations_forget(mend->declarations, mend->reference->catalogue);
	replay_before(mend->replay, mend->first_entry, mend->released_us);
	return 0;
}

/* --- an office's --- */

struct playing {
	struct page_key key;
	struct page *page;
	const struct replay_series *series;
};

static int on_acc(void *context, struct page_key key, const struct acc *acc, struct err *err)
{
	const struct playing *playing = context;
	if (key.grain != playing->key.grain || key.bucket != playing->key.bucket)
		return 0;
	struct entry *entry = page_entry(playing->page, playing->series->series);
	if (!entry)
		return err_memory(err);
	entry->acc = *acc;
	return 0;
}

static int on_series(void *context, const struct replay_series *series, struct err *err)
{
	struct playing *playing = context;
	playing->series = series;
	return fold_target_each(series, period_first_day(page_period(playing->key)), on_acc,
				playing, err);
}

static int mend_office(struct mend *mend, struct page_key key, struct page *page, struct err *err)
{
	struct playing playing = { .key = key, .page = page };
	int rc = replay_each(mend->replay, key.node, period_first_day(page_period(key)), NULL, 0,
			     on_series, &playing, err);
	if (rc < 0)
		page_free(page);
	return rc;
}

/* --- a unit's --- */

/* NULL: the catalogue has no such metric (any more), and nobody can ask for it. */
static const struct metric *metric_of(struct mend *mend, uint32_t series)
{
	struct err ignored;
	const struct metric *metric = NULL;
	sqlite3_bind_int64(mend->series, 1, series);
	if (db_step(mend->series, &ignored) == 1 && sqlite3_column_text(mend->series, 0))
		metric = catalogue_find(mend->reference->catalogue,
					(const char *)sqlite3_column_text(mend->series, 0));
	sqlite3_reset(mend->series);
	return metric;
}

static int tell(struct mend *mend, struct propagate *propagate, const struct office *office,
		struct page_key key, const struct page *page, struct err *err)
{
	static const struct acc none;
	int rc = 0;
	for (size_t i = 0; i < page->n && rc == 0; i++) {
		const struct entry *entry = &page->entries[i];
		struct change change = { .key = key,
					 .series = entry->series,
					 .metric = metric_of(mend, entry->series),
					 .before = &none,
					 .after = &entry->acc };
		if (change.metric)
			rc = propagate_change(propagate, office, period_first_day(page_period(key)),
					      &change, err);
	}
	return rc;
}

static int tell_office(struct mend *mend, struct propagate *propagate, struct page_key key,
		       int64_t id, struct err *err)
{
	const struct office *office = offices_by_id(mend->reference->offices, id);
	struct page page = { 0 };
	if (!office)
		return 0;
	key.node = id;
	int rc = page_load(key, sqlite3_column_blob(mend->offices, 1),
			   (size_t)sqlite3_column_bytes(mend->offices, 1), &page, err);
	if (rc == -EUCLEAN)
		rc = mend_office(mend, key, &page, err);
	if (rc == -EUCLEAN || rc == -EBADMSG)
		rc = 0; /* what it reported cannot be known any more; the others' can */
	if (rc == 0)
		rc = tell(mend, propagate, office, key, &page, err);
	page_free(&page);
	return rc;
}

static int mend_unit(struct mend *mend, struct page_key key, struct page *ret_page, struct err *err)
{
	struct pages *units = pages_open(NULL, err);
	struct propagate propagate = { .pages = units, .reference = mend->reference };
	struct page *made;
	int rc = units ? 0 : err->code;
	sqlite3_bind_int(mend->offices, 1, key.grain);
	sqlite3_bind_int(mend->offices, 2, key.bucket);
	while (rc == 0 && (rc = db_step(mend->offices, err)) == 1)
		rc = tell_office(mend, &propagate, key, sqlite3_column_int64(mend->offices, 0),
				 err);
	sqlite3_reset(mend->offices);
	if (rc == 0)
		rc = pages_get(units, key, &made, err);
	if (rc == 0) {
		*ret_page = *made;
		*made = (struct page){ 0 };
	}
	pages_close(units);
	return rc;
}

/* --- either --- */

void mend_where(const struct reference *reference, struct page_key key,
		char ret_where[MENDED_WHERE_MAX])
{
	char period[PERIOD_TEXT_MAX];
	const struct office *office =
		key.node > 0 ? offices_by_id(reference->offices, key.node) : NULL;
	const struct unit *unit = key.node < 0 ? units_by_id(reference->units, -key.node) : NULL;
	(void)snprintf(ret_where, MENDED_WHERE_MAX, "%s, %s",
		       office ? office->code
		       : unit ? unit->code
			      : "?",
		       period_format(page_period(key), period)); /* fits */
}

int mend_page(void *context, struct page_key key, struct page *ret_page, struct err *err)
{
	struct mend *mend = context;
	int rc = prepare(mend, err);
	if (rc == 0 && key.node < 0) /* who is below it is not known else */
		rc = reference_sound(mend->reference, err);
	if (rc == 0)
		rc = key.node > 0 ? mend_office(mend, key, ret_page, err)
				  : mend_unit(mend, key, ret_page, err);
	if (rc < 0)
		return rc;
	mend->mended.n++;
	mend_where(mend->reference, key, mend->mended.where);
	return 0;
}
