/* The rollup pages of one local day, derived from the journal alone: what verify holds the stored
 * ones against, and what a question about an earlier state of knowledge is answered from. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "registry/reference.h"
#include "rollup/page.h"

#include <stddef.h>
#include <stdint.h>

#define DERIVE_NOW INT64_MAX /* everything received so far counts */

struct day_page {
	struct page_key key;
	uint8_t *data; /* owned [len]: encoded, a tenth of what it is otherwise */
	size_t len;
};

struct day_pages {
	struct day_page *list; /* owned [n], in key order */
	size_t n;
};

/** Append a page, copied; no bytes are no page. Keys must come in order. -ENOMEM. */
int day_pages_add(struct day_pages *pages, struct page_key key, const uint8_t *data, size_t len,
		  struct err *err);
void day_pages_free(struct day_pages *pages); /* and is empty again */

struct derive;
/** An office whose entries of the day cannot be read (@err says why), or that is not in the
 * register: return 0 to go on without it. */
typedef int derive_on_bad(void *context, int64_t office, int32_t day, struct err *err);

/** As if nothing had been received after @until_us, by @reference, which is of now or of then.
 * @on_bad NULL: the first error ends it. NULL:
 * err says why. */
struct derive *derive_open(sqlite3 *db, const struct reference *reference, int64_t until_us,
			   derive_on_bad *on_bad, void *context, struct err *err);
void derive_close(struct derive *derive); /* NULL is fine */
/** From now on derive the entries of just these series: @only [@n], ascending, lent; NULL: of all.
 */
void derive_only(struct derive *derive, const uint32_t only[], size_t n);
/** All pages whose bucket begins on @day, added to @ret (empty at first). */
int derive_day(struct derive *derive, int32_t day, struct day_pages *ret, struct err *err);
/** The same, of @office's own pages alone. */
int derive_office_day(struct derive *derive, int64_t office, int32_t day, struct day_pages *ret,
		      struct err *err);
/** From now on by what will wait in quarantine: replay_next(). */
int derive_next(struct derive *derive, struct err *err);
uint64_t derive_observations(const struct derive *derive); /* decoded so far */
