/* I3: each day's pages against those derived from its journal, two lists in key order, merged. */
#include "verify/verify_internal.h"

#include "common/base/i18n.h"
#include "rollup/day_buckets.h"
#include "rollup/derive.h"
#include "rollup/next.h"
#include "rollup/page_cache.h"
#include "schema/event.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Opening costs as much as a quiet day, so a step takes several days, or one that is not quiet. */
#define DAYS_MAX         32u
#define OBSERVATIONS_MAX 200000u

struct look { /* what a step needs at hand */
	struct verify *v;
	sqlite3 *db;
	const struct reference *reference;
	struct derive *derive;
	sqlite3_stmt *stored, *series, *remove, *remove_next;
};

/* --- the pages of one day, as they are stored --- */

static int on_bad(void *context, int64_t id, int32_t day, struct err *err)
{
	struct look *look = context;
	const struct office *office = offices_by_id(look->reference->offices, id);
	char text[DAY_TEXT_MAX];
	verify_damaged(&look->v->report, "journal",
		       words("office %s, %s", office ? office->code : "?", day_format(day, text)),
		       words("%s", err->text), words("entries that can be read"));
	return 0; /* look at the rest */
}

/* @on_buckets for each grain that a page of the day can have. */
static int each_grain(struct look *look, int32_t day,
		      int (*on_buckets)(struct look *look, struct day_buckets buckets,
					void *context, struct err *err),
		      void *context, struct err *err)
{
	struct day_buckets buckets[DAY_BUCKETS_MAX];
	unsigned n = day_buckets(day, buckets);
	int rc = 0;
	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = on_buckets(look, buckets[i], context, err);
	return rc;
}

static void bind_buckets(sqlite3_stmt *stmt, struct day_buckets buckets)
{
	sqlite3_bind_int(stmt, 1, buckets.grain);
	sqlite3_bind_int(stmt, 2, buckets.first);
	sqlite3_bind_int(stmt, 3, buckets.last);
}

static int stored_read(struct look *look, struct day_buckets buckets, void *context,
		       struct err *err)
{
	struct page_key key = { .grain = buckets.grain };
	int rc;
	bind_buckets(look->stored, buckets);
	while ((rc = db_step(look->stored, err)) == 1) {
		key.bucket = sqlite3_column_int(look->stored, 0);
		key.node = sqlite3_column_int64(look->stored, 1);
		look->v->report.counts.pages++;
		rc = day_pages_add(context, key, sqlite3_column_blob(look->stored, 2),
				   (size_t)sqlite3_column_bytes(look->stored, 2), err);
		if (rc < 0)
			break;
	}
	sqlite3_reset(look->stored);
	return rc;
}

/* --- compared with what it should be --- */

static struct words place_words(struct look *look, struct page_key key, uint32_t series)
{
	char period[PERIOD_TEXT_MAX];
	const struct reference *reference = look->reference;
	const struct office *office =
		key.node > 0 ? offices_by_id(reference->offices, key.node) : NULL;
	const struct unit *unit = key.node < 0 ? units_by_id(reference->units, -key.node) : NULL;
	struct err ignored;
	sqlite3_bind_int64(look->series, 1, series);
	bool named = db_step(look->series, &ignored) == 1;
	const char *metric = named ? (const char *)sqlite3_column_text(look->series, 0) : NULL;
	const char *labels = named ? (const char *)sqlite3_column_text(look->series, 1) : NULL;
	struct words where = words("%s %s, %s%s%s, %s", office ? _("office") : _("unit"),
				   office ? office->code
				   : unit ? unit->code
					  : "?",
				   metric ? metric : "?", labels && *labels ? " " : "",
				   labels ? labels : "", period_format(page_period(key), period));
	sqlite3_reset(look->series);
	return where;
}

static struct words acc_words(const struct acc *acc, bool unit)
{
	char value[DECIMAL_TEXT_MAX];
	if (!acc)
		return words("nothing");
	(void)decimal_format(acc->value, 0, value);
	if (unit)
		return words("value %s of %lld observations, %lld on time, %lld revisions, %d of "
			     "offices that were not due",
			     value, (long long)acc->n, (long long)acc->on_time,
			     (long long)acc->revisions, acc->extra);
	return words("value %s of %lld observations, %lld on time, %lld revisions, newest %d",
		     value, (long long)acc->n, (long long)acc->on_time, (long long)acc->revisions,
		     acc->newest);
}

/* Two pages of one key; either may be empty. */
static void compare_page(struct look *look, struct page_key key, const struct page *found,
			 const struct page *expected)
{
	size_t f = 0, e = 0;
	while (f < found->n || e < expected->n) {
		const struct entry *a = f < found->n ? &found->entries[f] : NULL;
		const struct entry *b = e < expected->n ? &expected->entries[e] : NULL;
		if (a && b && a->series != b->series)
			*(a->series < b->series ? &b : &a) = NULL;
		if (!a || !b || !acc_equal(&a->acc, &b->acc))
			verify_differs(&look->v->report, "rollup",
				       place_words(look, key, a ? a->series : b->series),
				       acc_words(a ? &a->acc : NULL, key.node < 0),
				       acc_words(b ? &b->acc : NULL, key.node < 0));
		f += a != NULL;
		e += b != NULL;
	}
}

/* NULL: none, which is an empty page, as are damaged bytes when they are named. */
static int page_of(struct look *look, const struct day_page *day_page, struct page *ret,
		   struct err *err)
{
	char text[PERIOD_TEXT_MAX];
	*ret = (struct page){ 0 };
	int rc = day_page ? page_decode(day_page->data, day_page->len, ret, err) : 0;
	if (rc != -EUCLEAN)
		return rc;
	verify_differs(&look->v->report, "page",
		       words("%s, node %" PRId64, period_format(page_period(day_page->key), text),
			     day_page->key.node),
		       words("damaged bytes"), words("a page"));
	return 0;
}

/* What has the same bytes is the same; otherwise it is told how it differs. */
static int compare(struct look *look, const struct day_page *a, const struct day_page *b,
		   struct err *err)
{
	struct page found = { 0 }, expected = { 0 };
	if (a && b && a->len == b->len && memcmp(a->data, b->data, a->len) == 0)
		return 0;
	int rc = page_of(look, a, &found, err);
	if (rc == 0)
		rc = page_of(look, b, &expected, err);
	if (rc == 0)
		compare_page(look, a ? a->key : b->key, &found, &expected);
	page_free(&found);
	page_free(&expected);
	return rc;
}

static int compare_days(struct look *look, const struct day_pages *found,
			const struct day_pages *expected, struct err *err)
{
	size_t f = 0, e = 0;
	int rc = 0;
	while (rc == 0 && (f < found->n || e < expected->n)) {
		int order = f == found->n ? 1
			    : e == expected->n
				    ? -1
				    : page_key_compare(found->list[f].key, expected->list[e].key);
		const struct day_page *a = order <= 0 ? &found->list[f++] : NULL;
		const struct day_page *b = order >= 0 ? &expected->list[e++] : NULL;
		rc = compare(look, a, b, err);
	}
	return rc;
}

/* --- made anew --- */

static int stored_remove(struct look *look, struct day_buckets buckets, void *context,
			 struct err *err)
{
	(void)context;
	bind_buckets(look->remove, buckets);
	int rc = db_run(look->remove, err);
	if (rc < 0 || !look->remove_next)
		return rc;
	bind_buckets(look->remove_next, buckets);
	return db_run(look->remove_next, err);
}

static int day_write(struct look *look, const struct day_pages *derived, struct err *err)
{
	struct pages *pages = pages_open(look->db, err);
	int rc = pages ? 0 : err->code;
	for (size_t i = 0; i < derived->n && rc == 0; i++) {
		const struct day_page *from = &derived->list[i];
		struct page *page;
		rc = pages_get(pages, from->key, &page, err);
		if (rc == 0)
			rc = page_decode(from->data, from->len, page, err);
	}
	if (rc == 0)
		rc = pages_write(pages, NULL, err);
	pages_close(pages);
	return rc;
}

static int day_mend(struct look *look, int32_t day, const struct day_pages *derived,
		    uint64_t differences, struct err *err)
{
	char text[DAY_TEXT_MAX], detail[96];
	(void)snprintf(detail, sizeof(detail), "day=%s differences=%" PRIu64 " pages=%zu",
		       day_format(day, text), differences, derived->n); /* fits */
	int rc = each_grain(look, day, stored_remove, NULL, err);
	if (rc == 0)
		rc = day_write(look, derived, err);
	if (rc == 0) /* those that are to be came of them */
		rc = next_mark_day(look->db, day, err);
	return rc < 0 ? rc
		      : event_append(look->db,
				     &(struct event_form){ .who = look->v->report.repairer,
							   .kind = "verify repair",
							   .detail = detail,
							   .note = true },
				     NULL, err);
}

/* --- a day --- */

/* When it differs and is to be made anew, that is left to a step that writes, which looks again:
 * more may have come. */
static int day_check(struct look *look, int32_t day, struct err *err)
{
	struct verify *v = look->v;
	struct day_pages found = { 0 }, expected = { 0 };
	uint64_t differences = v->report.counts.differences;
	int rc = derive_day(look->derive, day, &expected, err);
	verify_report_begin(&v->report, v->writes);
	if (rc == 0)
		rc = each_grain(look, day, stored_read, &found, err);
	if (rc == 0)
		rc = compare_days(look, &found, &expected, err);
	if (rc == 0 && v->report.mending && v->report.seen)
		rc = day_mend(look, day, &expected, v->report.counts.differences - differences,
			      err);
	day_pages_free(&found);
	day_pages_free(&expected);
	return rc;
}

static void day_impossible(struct look *look, int64_t day)
{
	verify_damaged(&look->v->report, "journal", words("day number %" PRId64, day),
		       words("journal entries"), words("a day from 1900 to 2100"));
}

/* A damaged table may answer with what is no later day, and the walk would never end: it does
 * there. Texts come after all numbers, and are none. */
static int64_t day_next(struct look *look, sqlite3_stmt *next, int *ret_rc, struct err *err)
{
	int64_t day = 0;
	sqlite3_bind_int64(next, 1, look->v->day);
	*ret_rc = db_step(next, err);
	if (*ret_rc == 1 && sqlite3_column_type(next, 0) == SQLITE_NULL)
		*ret_rc = 0;
	if (*ret_rc == 1)
		day = sqlite3_column_int64(next, 0);
	sqlite3_reset(next);
	if (*ret_rc == 1 && day <= look->v->day) {
		day_impossible(look, day);
		*ret_rc = 0;
	}
	return day;
}

/* 1: and the next one may follow in this step. */
static int day_step(struct look *look, int64_t day, struct err *err)
{
	struct verify *v = look->v;
	if (day < DAY_MIN || day > DAY_MAX) {
		day_impossible(look, day);
	} else {
		uint64_t pages = v->report.counts.pages;
		int rc = day_check(look, (int32_t)day, err);
		if (rc < 0)
			return rc;
		if (v->writes) /* what is looked at twice counts once */
			v->report.counts.pages = pages;
		if (v->report.quiet && v->report.seen) {
			v->writes = true;
			return 0;
		}
	}
	v->writes = false;
	v->day = day;
	v->done++;
	return 1;
}

static int days_check(struct look *look, sqlite3_stmt *next, struct err *err)
{
	bool wrote = look->v->writes;
	for (unsigned n = 0; n < DAYS_MAX; n++) {
		int rc;
		int64_t day = day_next(look, next, &rc, err);
		if (rc <= 0)
			return rc;
		rc = day_step(look, day, err);
		if (rc < 0)
			return rc;
		if (rc == 0 || wrote || derive_observations(look->derive) >= OBSERVATIONS_MAX)
			break;
	}
	return 1;
}

/* By jumps from day to day: the table has a row for each office of it. */
static int days_count(struct verify *v, sqlite3 *db, struct err *err)
{
	sqlite3_stmt *count;
	int rc = db_prepare(db,
			    "WITH RECURSIVE days(day) AS (SELECT min(day) FROM strand UNION ALL"
			    " SELECT (SELECT min(day) FROM strand WHERE day > days.day) FROM days"
			    " WHERE day IS NOT NULL LIMIT 100000) SELECT count(day) FROM days",
			    &count, err);
	if (rc == 0 && (rc = db_step(count, err)) == 1) {
		v->all = (uint64_t)sqlite3_column_int64(count, 0);
		v->begun = true;
		rc = 0;
	}
	sqlite3_finalize(count);
	return rc;
}

/* The pages in force: while a change settles they are in two tables. */
static int pages_prepare(struct look *look, struct err *err)
{
	static const char remove[] = "DELETE FROM %s WHERE grain = ? AND bucket BETWEEN ? AND ?";
	char sql[160];
	struct next next;
	const char *in_force;
	int rc = next_read(look->db, &next, err);
	if (rc == 0)
		rc = next_in_force(look->db, &in_force, err);
	if (rc < 0)
		return rc;
	(void)snprintf(sql, sizeof(sql),
		       "SELECT bucket, node, page FROM %s WHERE grain = ? AND bucket BETWEEN ? AND "
		       "? ORDER BY bucket, node",
		       in_force); /* fits, as the next ones do */
	rc = db_prepare(look->db, sql, &look->stored, err);
	(void)snprintf(sql, sizeof(sql), remove, "rollup");
	if (rc == 0 && look->v->writes)
		rc = db_prepare(look->db, sql, &look->remove, err);
	(void)snprintf(sql, sizeof(sql), remove, "rollup_next");
	if (rc == 0 && look->v->writes && next.state == NEXT_SETTLING)
		rc = db_prepare(look->db, sql, &look->remove_next, err);
	return rc;
}

static int look_open(struct look *look, struct err *err)
{
	int rc = 0;
	look->derive = derive_open(look->db, look->reference, DERIVE_NOW, on_bad, look, err);
	if (!look->derive)
		rc = err->code;
	if (rc == 0)
		rc = pages_prepare(look, err);
	if (rc == 0)
		rc = db_prepare(look->db, "SELECT metric, labels FROM series WHERE id = ?",
				&look->series, err);
	return rc;
}

int verify_days_step(struct verify *v, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	struct look look = { .v = v, .db = db, .reference = reference };
	sqlite3_stmt *next = NULL;
	bool writes = v->writes;
	int rc = v->begun ? 0 : days_count(v, db, err);
	if (rc == 0)
		rc = db_prepare(db, "SELECT min(day) FROM strand WHERE day > ?", &next, err);
	if (rc == 0)
		rc = look_open(&look, err);
	if (rc == 0)
		rc = days_check(&look, next, err);
	if (rc >= 0 && !writes) /* as above */
		v->report.counts.observations += derive_observations(look.derive);
	sqlite3_finalize(next);
	derive_close(look.derive);
	sqlite3_finalize(look.stored);
	sqlite3_finalize(look.series);
	sqlite3_finalize(look.remove);
	sqlite3_finalize(look.remove_next);
	return rc;
}
