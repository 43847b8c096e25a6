/* Pages that no day of the journal leads to: of another day, of a key that no fold could have made,
 * or empty, which are never written. */
#include "verify/verify_internal.h"

#include "rollup/next.h"
#include "rollup/page.h"
#include "schema/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define KEYS_MAX 4096u /* of pages, in a step */

/* Could a fold ever have made a page of this key? */
static bool key_possible(const struct place_key *key)
{
	if (key->grain < 0 || key->grain > 31)
		return false;
	enum calendar calendar = (enum calendar)(key->grain >> 4);
	enum grain grain = (enum grain)(key->grain & 15);
	if (grain < GRAIN_HOUR || grain >= GRAIN_COUNT || page_grain(calendar, grain) != key->grain)
		return false;
	if (grain == GRAIN_HOUR)
		return key->bucket >= DAY_MIN * 24 && key->bucket <= DAY_MAX * 24 + 23;
	return key->bucket >= period_of_day(calendar, grain, DAY_MIN).number &&
	       key->bucket <= period_of_day(calendar, grain, DAY_MAX).number;
}

struct strays {
	struct verify *v;
	sqlite3_stmt *keys, *known, *remove, *remove_next;
	struct place_key *list; /* owned [KEYS_MAX]: found in this step */
	size_t n;
	int32_t day; /* the last one asked for, and whether the journal has it */
	bool asked, journaled;
};

static int day_is_journaled(struct strays *strays, int32_t day, bool *ret, struct err *err)
{
	int rc = 0;
	if (!strays->asked || strays->day != day) {
		sqlite3_bind_int(strays->known, 1, day);
		rc = db_step(strays->known, err);
		sqlite3_reset(strays->known);
		strays->asked = rc >= 0;
		strays->day = day;
		strays->journaled = rc == 1;
	}
	*ret = strays->journaled;
	return rc < 0 ? rc : 0;
}

/* Pages of other days, of impossible keys, and empty ones, which are never written. */
static int stray_check(struct strays *strays, const struct place_key *key, bool empty,
		       struct err *err)
{
	struct verify *v = strays->v;
	char text[PERIOD_TEXT_MAX];
	bool journaled = false;
	if (!key_possible(key)) {
		verify_differs(&v->report, "rollup",
			       words("grain %" PRId64 ", bucket %" PRId64 ", node %" PRId64,
				     key->grain, key->bucket, key->node),
			       words("a page"), words("no such period"));
	} else {
		struct period period = page_period(
			(struct page_key){ (int32_t)key->grain, (int32_t)key->bucket, key->node });
		int rc = day_is_journaled(strays, period_first_day(period), &journaled, err);
		if (rc < 0 || (journaled && !empty))
			return rc;
		verify_differs(&v->report, "rollup",
			       words("%s, node %" PRId64, period_format(period, text), key->node),
			       words("a page"), words("nothing"));
	}
	strays->list[strays->n++] = *key;
	return 0;
}

static int keys_check(struct strays *strays, struct place_key *at, size_t *ret_n, struct err *err)
{
	sqlite3_stmt *row = strays->keys;
	size_t n = 0;
	int rc;
	sqlite3_bind_int64(row, 1, at->grain);
	sqlite3_bind_int64(row, 2, at->bucket);
	sqlite3_bind_int64(row, 3, at->node);
	sqlite3_bind_int64(row, 4, KEYS_MAX);
	while ((rc = db_step(row, err)) == 1) {
		*at = (struct place_key){ sqlite3_column_int64(row, 0),
					  sqlite3_column_int64(row, 1),
					  sqlite3_column_int64(row, 2) };
		n++;
		rc = stray_check(strays, at, sqlite3_column_int64(row, 3) == 0, err);
		if (rc < 0)
			break;
	}
	sqlite3_reset(row);
	*ret_n = n;
	return rc;
}

static int remove_by(sqlite3_stmt *stmt, const struct place_key *key, struct err *err)
{
	sqlite3_bind_int64(stmt, 1, key->grain);
	sqlite3_bind_int64(stmt, 2, key->bucket);
	sqlite3_bind_int64(stmt, 3, key->node);
	return db_run(stmt, err);
}

/* Of next, too: before a change settles, what was copied there may come of them. */
static int strays_remove(struct strays *strays, sqlite3 *db, struct err *err)
{
	char detail[48];
	int rc = 0;
	for (size_t i = 0; i < strays->n && rc == 0; i++) {
		rc = remove_by(strays->remove, &strays->list[i], err);
		if (rc == 0)
			rc = remove_by(strays->remove_next, &strays->list[i], err);
	}
	(void)snprintf(detail, sizeof(detail), "stray_pages=%zu", strays->n); /* fits */
	return rc < 0 || strays->n == 0
		       ? rc
		       : event_append(db,
				      &(struct event_form){ .who = strays->v->report.repairer,
							    .kind = "verify repair",
							    .detail = detail,
							    .note = true },
				      NULL, err);
}

static int strays_open(struct strays *strays, sqlite3 *db, struct err *err)
{
	strays->list = calloc(KEYS_MAX, sizeof(strays->list[0]));
	char sql[160];
	const char *in_force;
	int rc = strays->list ? next_in_force(db, &in_force, err) : err_memory(err);
	if (rc < 0)
		return rc;
	(void)snprintf(sql, sizeof(sql),
		       "SELECT grain, bucket, node, length(page) FROM %s"
		       " WHERE (grain, bucket, node) > (?, ?, ?) ORDER BY grain, bucket, node"
		       " LIMIT ?",
		       in_force); /* fits */
	rc = db_prepare(db, sql, &strays->keys, err);
	if (rc == 0)
		rc = db_prepare(db, "SELECT 1 FROM strand WHERE day = ? LIMIT 1", &strays->known,
				err);
	if (rc == 0 && strays->v->writes)
		rc = db_prepare(db,
				"DELETE FROM rollup WHERE grain = ? AND bucket = ? AND node = ?",
				&strays->remove, err);
	if (rc == 0 && strays->v->writes)
		rc = db_prepare(
			db, "DELETE FROM rollup_next WHERE grain = ? AND bucket = ? AND node = ?",
			&strays->remove_next, err);
	return rc;
}

static bool key_is_later(const struct place_key *key, const struct place_key *than)
{
	return key->grain != than->grain     ? key->grain > than->grain
	       : key->bucket != than->bucket ? key->bucket > than->bucket
					     : key->node > than->node;
}

static int strays_step(struct strays *strays, sqlite3 *db, struct err *err)
{
	struct verify *v = strays->v;
	struct place_key at = v->key;
	size_t n;
	verify_report_begin(&v->report, v->writes);
	int rc = keys_check(strays, &at, &n, err);
	if (rc == 0 && v->report.mending)
		rc = strays_remove(strays, db, err);
	if (rc < 0)
		return rc;
	v->writes = v->report.quiet && v->report.seen;
	if (v->writes)
		return 1; /* the same keys again, in a transaction that can delete them */
	bool later = key_is_later(&at, &v->key); /* or it is damaged, and would never end */
	v->key = at;
	v->done += n;
	return n == KEYS_MAX && later;
}

int verify_pages_step(struct verify *v, sqlite3 *db, const struct reference *reference,
		      struct err *err)
{
	struct strays strays = { .v = v };
	(void)reference;
	if (!v->begun)
		v->all = v->report.counts.pages; /* as the days met them */
	v->begun = true;
	int rc = strays_open(&strays, db, err);
	if (rc == 0)
		rc = strays_step(&strays, db, err);
	sqlite3_finalize(strays.keys);
	sqlite3_finalize(strays.known);
	sqlite3_finalize(strays.remove);
	sqlite3_finalize(strays.remove_next);
	free(strays.list);
	return rc;
}
