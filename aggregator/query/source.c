#include "source.h"

#include <stdlib.h>

struct source {
	sqlite3_stmt *scan;
	struct derive *derive; /* NULL: from the rollups */
	struct day_pages
		pages; /* derived, of @day; hours of one day are asked for one after the other */
	int32_t day;
	bool derived;
	const struct series_list *series; /* wanted */
	struct page page;                 /* read last; its room is used again */
};

struct source *source_open(sqlite3 *db, const struct reference *reference, int64_t known_us,
			   struct err *err)
{
	struct source *source = calloc(1, sizeof(*source));
	if (!source) {
		(void)err_memory(err);
		return NULL;
	}
	int rc = db_prepare(
		db, "SELECT node, page FROM rollup WHERE grain = ? AND bucket = ? ORDER BY node",
		&source->scan, err);
	if (rc == 0 && known_us != DERIVE_NOW) {
		source->derive = derive_open(db, reference, known_us, NULL, NULL, err);
		rc = source->derive ? 0 : err->code;
	}
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
	derive_close(source->derive);
	day_pages_free(&source->pages);
	page_free(&source->page);
	free(source);
}

void source_want(struct source *source, const struct series_list *series)
{
	static const uint32_t none = 0;
	source->series = series;
	source->derived = false; /* from other series maybe */
	if (source->derive)
		derive_only(source->derive, series->n ? series->list : &none, series->n);
}

typedef int on_page_fn(void *context, int64_t node, const struct page *page, struct err *err);

static int each_stored(struct source *source, const struct step *step, on_page_fn *on_page,
		       void *context, struct err *err)
{
	int rc;
	sqlite3_bind_int(source->scan, 1, step->key.grain);
	sqlite3_bind_int(source->scan, 2, step->key.bucket);
	while ((rc = db_step(source->scan, err)) == 1) {
		struct page *page = &source->page;
		rc = page_pick(sqlite3_column_blob(source->scan, 1),
			       (size_t)sqlite3_column_bytes(source->scan, 1), source->series->list,
			       source->series->n, page, err);
		if (rc == 0)
			rc = on_page(context, sqlite3_column_int64(source->scan, 0), page, err);
		if (rc < 0)
			break;
	}
	sqlite3_reset(source->scan);
	return rc;
}

static int each_derived(struct source *source, const struct step *step, on_page_fn *on_page,
			void *context, struct err *err)
{
	int rc = 0;
	if (!source->derived || source->day != step->day) {
		day_pages_free(&source->pages);
		source->derived = false;
		rc = derive_day(source->derive, step->day, &source->pages, err);
		source->derived = rc == 0;
		source->day = step->day;
	}
	for (size_t i = 0; i < source->pages.n && rc == 0; i++) {
		const struct day_page *page = &source->pages.list[i];
		if (page->key.grain == step->key.grain && page->key.bucket == step->key.bucket)
			rc = on_page(context, page->key.node, &page->page, err);
	}
	return rc;
}

int source_each(struct source *source, const struct step *step, on_page_fn *on_page, void *context,
		struct err *err)
{
	return source->derive ? each_derived(source, step, on_page, context, err)
			      : each_stored(source, step, on_page, context, err);
}
