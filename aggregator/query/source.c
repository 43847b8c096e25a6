#include "query/source.h"

#include "common/base/array.h"
#include "rollup/mend.h"
#include "rollup/next.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEK_PAGES 8u /* stepping over so many pages costs about as much as looking for one */

/* I4, rule 5.9: what was known of a day. */
enum known { KNOWN_ALL, KNOWN_PART, KNOWN_NOTHING };

struct source {
	sqlite3 *db; /* outlives us */
	const struct reference *reference;
	sqlite3_stmt *scan;
	sqlite3_stmt *arrival; /* NULL: all is known */
	struct derive *derive; /* NULL: nothing was derived yet */
	struct page_damage *damage;
	int64_t known_us;
	enum known known; /* of known_day */
	int32_t known_day;
	struct day_pages
		pages; /* derived, of @day; hours of one day are asked for one after the other */
	int32_t day;
	bool derived;
	const struct series_list *series; /* wanted */
	struct page page;                 /* read last; its room is used again */
};

static int scan_prepare(sqlite3 *db, sqlite3_stmt **ret_scan, struct err *err)
{
	char sql[160];
	const char *in_force;
	int rc = next_in_force(db, &in_force, err);
	if (rc < 0)
		return rc;
	(void)snprintf(sql, sizeof(sql),
		       "SELECT node, page FROM %s WHERE grain = ? AND bucket = ? AND node >= ?"
		       " ORDER BY node",
		       in_force); /* fits */
	return db_prepare(db, sql, ret_scan, err);
}

struct source *source_open(sqlite3 *db, const struct reference *reference, const struct plan *plan,
			   struct err *err)
{
	struct source *source = calloc(1, sizeof(*source));
	if (!source) {
		(void)err_memory(err);
		return NULL;
	}
	int rc = scan_prepare(db, &source->scan, err);
	source->db = db;
	source->reference = reference;
	source->damage = plan->damage;
	source->known_us = plan->known_us;
	source->known_day = INT32_MIN;
	if (rc == 0 && plan->known_us != DERIVE_NOW)
		rc = db_prepare(db, "SELECT first_us, last_us FROM arrival WHERE day = ?",
				&source->arrival, err);
	if (rc < 0) {
		source_close(source);
		return NULL;
	}
	return source;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	sqlite3_finalize(source->scan);
	sqlite3_finalize(source->arrival);
	derive_close(source->derive);
	day_pages_free(&source->pages);
	page_free(&source->page);
	free(source);
}

static void derive_wanted(struct source *source)
{
	static const uint32_t none = 0;
	const struct series_list *series = source->series;
	derive_only(source->derive, series->n ? series->list : &none, series->n);
}

void source_want(struct source *source, const struct series_list *series)
{
	source->series = series;
	source->derived = false; /* from other series maybe */
	if (source->derive)
		derive_wanted(source);
}

typedef int on_page_fn(void *context, int64_t node, const struct page *page, struct err *err);

int nodes_add(struct nodes *nodes, int64_t node, struct err *err)
{
	int64_t *list = array_room(nodes->list, nodes->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	nodes->list = list;
	nodes->list[nodes->n++] = node;
	return 0;
}

/* --- from the journal --- */

static int derive_ready(struct source *source, struct err *err)
{
	if (source->derive)
		return 0;
	source->derive =
		derive_open(source->db, source->reference, source->known_us, NULL, NULL, err);
	if (!source->derive)
		return err->code;
	derive_wanted(source);
	return 0;
}

/* The pages of @day into @source->pages, if they are not there. */
static int derive_all(struct source *source, int32_t day, struct err *err)
{
	if (source->derived && source->day == day)
		return 0;
	day_pages_free(&source->pages);
	source->derived = false;
	int rc = derive_ready(source, err);
	if (rc == 0)
		rc = derive_day(source->derive, day, &source->pages, err);
	source->derived = rc == 0;
	source->day = day;
	return rc;
}

static int pick(struct source *source, const uint8_t *data, size_t len, struct err *err)
{
	return page_pick(data, len, source->series->list, source->series->n, &source->page, err);
}

/* The page of @key into @source->page. */
static int pick_anew(struct source *source, struct page_key key, int32_t day, struct err *err)
{
	struct day_pages own = { 0 }, *pages = key.node > 0 ? &own : &source->pages;
	int rc = key.node > 0 ? derive_ready(source, err) : derive_all(source, day, err);
	if (rc == 0 && key.node > 0)
		rc = derive_office_day(source->derive, key.node, day, &own, err);
	source->page.n = 0; /* if there should not be one */
	for (size_t i = 0; i < pages->n && rc == 0; i++)
		if (page_key_compare(pages->list[i].key, key) == 0)
			rc = pick(source, pages->list[i].data, pages->list[i].len, err);
	day_pages_free(&own);
	return rc;
}

/* I11: a damaged page costs a question no more than the work of making it anew. */
static int pick_damaged(struct source *source, struct page_key key, int32_t day, struct err *err)
{
	char where[MENDED_WHERE_MAX];
	mend_where(source->reference, key, where);
	if (source->damage) {
		source->damage->n++;
		memcpy(source->damage->where, where, sizeof(where));
	}
	int rc = pick_anew(source, key, day, err);
	if (rc == -EUCLEAN || rc == -EBADMSG)
		return err_set(err, -EUCLEAN,
			       "the rollup page of %s is damaged, and what the journal holds of "
			       "that day cannot be read either; `lantoa verify` names the damage: "
			       "look at the disk and restore a backup",
			       where);
	return rc;
}

/* --- from the rollups --- */

static int give_stored(struct source *source, const struct slice *slice, on_page_fn *on_page,
		       void *context, struct err *err)
{
	struct page_key key = slice->key;
	key.node = sqlite3_column_int64(source->scan, 0);
	const uint8_t *data = sqlite3_column_blob(source->scan, 1);
	size_t len = (size_t)sqlite3_column_bytes(source->scan, 1);
	int rc = pick(source, data, len, err);
	if (rc == -EUCLEAN || (rc == 0 && (len == 0 || !page_is_sound(key, &source->page))))
		rc = pick_damaged(source, key, slice->day, err);
	return rc < 0 ? rc : on_page(context, key.node, &source->page, err);
}

static void seek(struct source *source, int64_t node)
{
	sqlite3_reset(source->scan);
	sqlite3_bind_int64(source->scan, 3, node);
}

static int all_stored(struct source *source, const struct slice *slice, on_page_fn *on_page,
		      void *context, struct err *err)
{
	int rc;
	seek(source, INT64_MIN);
	while ((rc = db_step(source->scan, err)) == 1) {
		rc = give_stored(source, slice, on_page, context, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static int some_stored(struct source *source, const struct slice *slice, const struct nodes *nodes,
		       on_page_fn *on_page, void *context, struct err *err)
{
	unsigned passed = SEEK_PAGES;
	for (size_t i = 0; i < nodes->n;) {
		if (passed == SEEK_PAGES) {
			seek(source, nodes->list[i]);
			passed = 0;
		}
		int rc = db_step(source->scan, err);
		if (rc != 1)
			return rc;
		int64_t node = sqlite3_column_int64(source->scan, 0);
		while (i < nodes->n && nodes->list[i] < node)
			i++;
		passed++;
		if (i == nodes->n || nodes->list[i] > node)
			continue;
		if ((rc = give_stored(source, slice, on_page, context, err)) < 0)
			return rc;
		i++;
		passed = 0;
	}
	return 0;
}

static int each_stored(struct source *source, const struct slice *slice, const struct nodes *nodes,
		       on_page_fn *on_page, void *context, struct err *err)
{
	sqlite3_bind_int(source->scan, 1, slice->key.grain);
	sqlite3_bind_int(source->scan, 2, slice->key.bucket);
	int rc = nodes ? some_stored(source, slice, nodes, on_page, context, err)
		       : all_stored(source, slice, on_page, context, err);
	sqlite3_reset(source->scan);
	return rc;
}

static bool is_wanted(const struct nodes *nodes, int64_t node, size_t *at)
{
	if (!nodes)
		return true;
	while (*at < nodes->n && nodes->list[*at] < node)
		++*at;
	return *at < nodes->n && nodes->list[*at] == node;
}

static int each_derived(struct source *source, const struct slice *slice, const struct nodes *nodes,
			on_page_fn *on_page, void *context, struct err *err)
{
	size_t at = 0;
	int rc = derive_all(source, slice->day, err);
	for (size_t i = 0; i < source->pages.n && rc == 0; i++) {
		const struct day_page *page = &source->pages.list[i];
		if (page->key.grain != slice->key.grain || page->key.bucket != slice->key.bucket ||
		    !is_wanted(nodes, page->key.node, &at))
			continue;
		rc = pick(source, page->data, page->len, err);
		if (rc == 0)
			rc = on_page(context, page->key.node, &source->page, err);
	}
	return rc;
}

static int look_up(struct source *source, int32_t day, struct err *err)
{
	sqlite3_bind_int(source->arrival, 1, day);
	int rc = db_step(source->arrival, err);
	bool begun = rc == 1 && sqlite3_column_int64(source->arrival, 0) <= source->known_us;
	bool ended = rc == 1 && sqlite3_column_int64(source->arrival, 1) <= source->known_us;
	sqlite3_reset(source->arrival);
	if (rc < 0)
		return rc;
	source->known = ended ? KNOWN_ALL : begun ? KNOWN_PART : KNOWN_NOTHING;
	source->known_day = day;
	return 0;
}

/* @ret: what was known of @day. */
static int known_of(struct source *source, int32_t day, enum known *ret, struct err *err)
{
	int rc = source->arrival && source->known_day != day ? look_up(source, day, err) : 0;
	*ret = source->arrival ? source->known : KNOWN_ALL;
	return rc;
}

int source_derives(struct source *source, int32_t day, struct err *err)
{
	enum known known;
	int rc = known_of(source, day, &known, err);
	return rc < 0 ? rc : known == KNOWN_PART;
}

int source_each(struct source *source, const struct slice *slice, const struct nodes *nodes,
		on_page_fn *on_page, void *context, struct err *err)
{
	enum known known;
	int rc = known_of(source, slice->day, &known, err);
	if (rc < 0 || known == KNOWN_NOTHING)
		return rc;
	return known == KNOWN_PART ? each_derived(source, slice, nodes, on_page, context, err)
				   : each_stored(source, slice, nodes, on_page, context, err);
}
