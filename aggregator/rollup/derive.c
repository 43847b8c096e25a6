#include "rollup/derive.h"
#include "rollup/fold.h"
#include "rollup/replay.h"

#include "common/base/array.h"
#include "rollup/page_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct derive {
	const struct reference *reference; /* outlives us */
	sqlite3_stmt *offices;             /* that have entries of a day */
	struct declarations *declarations;
	struct replay *replay;
	struct pages *pages; /* of the office at hand */
	struct pages *units; /* of all so far */
	derive_on_bad *on_bad;
	void *context;
	const uint32_t *only; /* [n_only]; NULL: all series */
	size_t n_only;
};

void day_pages_free(struct day_pages *pages)
{
	for (size_t i = 0; i < pages->n; i++)
		free(pages->list[i].data);
	free(pages->list);
	*pages = (struct day_pages){ 0 };
}

int day_pages_add(struct day_pages *pages, struct page_key key, const uint8_t *data, size_t len,
		  struct err *err)
{
	if (len == 0)
		return 0;
	struct day_page *list = array_room(pages->list, pages->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	pages->list = list;
	uint8_t *copy = malloc(len);
	if (!copy)
		return err_memory(err);
	memcpy(copy, data, len);
	pages->list[pages->n++] = (struct day_page){ key, copy, len };
	return 0;
}

struct derive *derive_open(sqlite3 *db, const struct reference *reference, int64_t until_us,
			   derive_on_bad *on_bad, void *context, struct err *err)
{
	struct derive *derive = calloc(1, sizeof(*derive));
	if (!derive) {
		(void)err_memory(err);
		return NULL;
	}
	derive->reference = reference;
	derive->on_bad = on_bad;
	derive->context = context;
	if (db_prepare(db, "SELECT office FROM strand WHERE day = ? ORDER BY office",
		       &derive->offices, err) < 0 ||
	    !(derive->declarations = declarations_open(db, err)) ||
	    !(derive->pages = pages_open(NULL, err)) || !(derive->units = pages_open(NULL, err)) ||
	    !(derive->replay = replay_open(db, derive->declarations, err))) {
		derive_close(derive);
		return NULL;
	}
	declarations_forget(derive->declarations, reference->catalogue);
	replay_until(derive->replay, until_us);
	return derive;
}

int derive_next(struct derive *derive, struct err *err)
{
	return replay_next(derive->replay, err);
}

void derive_close(struct derive *derive)
{
	if (!derive)
		return;
	sqlite3_finalize(derive->offices);
	replay_close(derive->replay);
	pages_close(derive->pages);
	pages_close(derive->units);
	declarations_close(derive->declarations);
	free(derive);
}

void derive_only(struct derive *derive, const uint32_t only[], size_t n)
{
	derive->only = only;
	derive->n_only = n;
}

uint64_t derive_observations(const struct derive *derive)
{
	return replay_observations(derive->replay);
}

struct deriving {
	struct derive *derive;
	const struct office *office;
	int32_t day;
};

static int on_series(void *context, const struct replay_series *series, struct err *err)
{
	const struct deriving *deriving = context;
	return fold_series(deriving->derive->pages, deriving->office, deriving->day, series, err);
}

static int derive_office(struct derive *derive, int64_t id, int32_t day, struct err *err)
{
	struct deriving deriving = { derive, offices_by_id(derive->reference->offices, id), day };
	if (!deriving.office && derive->reference->earlier)
		return 0; /* an office that came since */
	int rc = deriving.office ? replay_each(derive->replay, id, day, derive->only,
					       derive->n_only, on_series, &deriving, err)
				 : err_set(err, -EUCLEAN, "office id %lld is not in the register",
					   (long long)id);
	if ((rc == -EBADMSG || rc == -EUCLEAN) && derive->on_bad)
		return derive->on_bad(derive->context, id, day, err);
	return rc;
}

static int on_page(void *context, struct page_key key, const struct blob *bytes, struct err *err)
{
	return day_pages_add(context, key, bytes->data, bytes->len, err);
}

/* An office's pages go as soon as they are encoded and the units know: those of a day of all
 * offices would be a GiB. */
static int derive_each(struct derive *derive, int32_t day, struct day_pages *ret, struct err *err)
{
	int rc;
	while ((rc = db_step(derive->offices, err)) == 1) {
		rc = derive_office(derive, sqlite3_column_int64(derive->offices, 0), day, err);
		if (rc == 0)
			rc = fold_units(derive->pages, derive->reference, derive->units, err);
		if (rc == 0)
			rc = pages_each(derive->pages, on_page, ret, err);
		if (rc < 0)
			break;
	}
	return rc < 0 ? rc : pages_each(derive->units, on_page, ret, err);
}

static int by_key(const void *a, const void *b)
{
	return page_key_compare(((const struct day_page *)a)->key,
				((const struct day_page *)b)->key);
}

int derive_day(struct derive *derive, int32_t day, struct day_pages *ret, struct err *err)
{
	pages_clear(derive->pages);
	pages_clear(derive->units);
	sqlite3_bind_int(derive->offices, 1, day);
	int rc = derive_each(derive, day, ret, err);
	sqlite3_reset(derive->offices);
	if (ret->n > 1)
		qsort(ret->list, ret->n, sizeof(ret->list[0]), by_key);
	return rc;
}

int derive_office_day(struct derive *derive, int64_t office, int32_t day, struct day_pages *ret,
		      struct err *err)
{
	pages_clear(derive->pages);
	int rc = derive_office(derive, office, day, err);
	return rc < 0 ? rc : pages_each(derive->pages, on_page, ret, err);
}
