#include "verify.h"
#include "derive.h"
#include "i18n.h"
#include "journal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 256u

struct verify {
	sqlite3 *db;
	const struct reference *reference;
	struct verify_counts counts;
	struct table *table;
	struct derive *derive;
	sqlite3_stmt *stored, *series;
};

struct words {
	char text[WORDS_MAX];
};

static struct words words(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct words words(const char *format, ...)
{
	struct words words;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(words.text, sizeof(words.text), _(format), args);
	va_end(args);
	return words;
}

static void differs(struct verify *v, const char *what, struct words where, struct words found,
		    struct words expected)
{
	if (++v->counts.differences > VERIFY_ROWS_MAX)
		return;
	table_row(v->table);
	table_text(v->table, what);
	table_text(v->table, where.text);
	table_text(v->table, found.text);
	table_text(v->table, expected.text);
}

/* --- the journal itself --- */

static int check_chain(struct verify *v, struct err *err)
{
	sqlite3_stmt *entries;
	uint8_t chain[CHAIN_LEN] = { 0 };
	int rc = db_prepare(
		v->db,
		"SELECT j.id, j.office, s.spool_id, j.seq, j.payload, j.chain FROM journal j"
		" LEFT JOIN spool s ON s.id = j.spool ORDER BY j.id",
		&entries, err);
	if (rc < 0)
		return rc;
	while ((rc = db_step(entries, err)) == 1) {
		v->counts.batches++;
		journal_chain(chain, sqlite3_column_int64(entries, 1),
			      (uint64_t)sqlite3_column_int64(entries, 2),
			      (uint64_t)sqlite3_column_int64(entries, 3),
			      sqlite3_column_blob(entries, 4),
			      (size_t)sqlite3_column_bytes(entries, 4));
		if (sqlite3_column_bytes(entries, 5) == (int)CHAIN_LEN &&
		    memcmp(chain, sqlite3_column_blob(entries, 5), CHAIN_LEN) == 0)
			continue;
		differs(v, "chain",
			words("journal entry %lld", (long long)sqlite3_column_int64(entries, 0)),
			words("another hash"),
			words("the hash of its content and the entry before"));
		if (sqlite3_column_bytes(entries, 5) ==
		    (int)CHAIN_LEN) /* go on from what is there: name each break once */
			memcpy(chain, sqlite3_column_blob(entries, 5), CHAIN_LEN);
	}
	sqlite3_finalize(entries);
	return rc;
}

static int check_sequences(struct verify *v, struct err *err)
{
	sqlite3_stmt *spools;
	int rc = db_prepare(v->db,
			    "SELECT s.id, s.upto, count(j.id), coalesce(min(j.seq), 1), "
			    "coalesce(max(j.seq), 0),"
			    " count(DISTINCT j.seq) FROM spool s LEFT JOIN journal j ON j.spool = "
			    "s.id GROUP BY s.id",
			    &spools, err);
	if (rc < 0)
		return rc;
	while ((rc = db_step(spools, err)) == 1) {
		int64_t upto = sqlite3_column_int64(spools, 1), n = sqlite3_column_int64(spools, 2);
		if (n == upto && sqlite3_column_int64(spools, 3) == 1 &&
		    sqlite3_column_int64(spools, 4) == upto &&
		    sqlite3_column_int64(spools, 5) == upto)
			continue;
		differs(v, "sequence",
			words("spool row %lld", (long long)sqlite3_column_int64(spools, 0)),
			words("%lld batches, %lld to %lld", (long long)n,
			      (long long)sqlite3_column_int64(spools, 3),
			      (long long)sqlite3_column_int64(spools, 4)),
			words("1 to %lld, each once", (long long)upto));
	}
	sqlite3_finalize(spools);
	return rc;
}

/* --- one day's pages: two lists in key order, merged --- */

static int on_bad(void *context, int64_t id, int32_t day, struct err *err)
{
	struct verify *v = context;
	const struct office *office = offices_by_id(v->reference->offices, id);
	char text[DAY_TEXT_MAX];
	differs(v, "journal",
		words("office %s, %s", office ? office->code : "?", day_format(day, text)),
		words("%.200s", err->text), words("entries that can be read"));
	return 0; /* look at the rest */
}

/* The stored pages of one grain whose bucket begins on @day. */
static int stored_grain(struct verify *v, enum calendar calendar, enum grain grain, int32_t day,
			struct day_pages *ret, struct err *err)
{
	int32_t first, last;
	if (grain == GRAIN_HOUR) {
		first = day * 24;
		last = first + 23;
	} else {
		struct period period = period_of_day(calendar, grain, day);
		if (period_first_day(period) != day)
			return 0;
		first = last = period.number;
	}
	struct page_key key = { .grain = page_grain(calendar, grain) };
	sqlite3_bind_int(v->stored, 1, key.grain);
	sqlite3_bind_int(v->stored, 2, first);
	sqlite3_bind_int(v->stored, 3, last);
	int rc;
	while ((rc = db_step(v->stored, err)) == 1) {
		key.bucket = sqlite3_column_int(v->stored, 0);
		key.node = sqlite3_column_int64(v->stored, 1);
		v->counts.pages++;
		rc = day_pages_add(ret, key, sqlite3_column_blob(v->stored, 2),
				   (size_t)sqlite3_column_bytes(v->stored, 2), err);
		if (rc == -EUCLEAN) {
			char text[PERIOD_TEXT_MAX];
			differs(v, "page",
				words("%s, node %" PRId64, period_format(page_period(key), text),
				      key.node),
				words("damaged bytes"), words("a page"));
			rc = 0;
		}
		if (rc < 0)
			break;
	}
	sqlite3_reset(v->stored);
	return rc;
}

static int stored_day(struct verify *v, int32_t day, struct day_pages *ret, struct err *err)
{
	int rc = 0;
	for (int calendar = CALENDAR_CIVIL; calendar <= CALENDAR_REPORT; calendar++)
		for (int grain = calendar == CALENDAR_CIVIL ? GRAIN_HOUR : GRAIN_MONTH;
		     grain < GRAIN_COUNT && rc == 0; grain++)
			rc = stored_grain(v, (enum calendar)calendar, (enum grain)grain, day, ret,
					  err);
	return rc;
}

static struct words place_words(struct verify *v, struct page_key key, uint32_t series)
{
	char period[PERIOD_TEXT_MAX];
	const struct office *office =
		key.node > 0 ? offices_by_id(v->reference->offices, key.node) : NULL;
	const struct unit *unit = key.node < 0 ? units_by_id(v->reference->units, -key.node) : NULL;
	struct err ignored;
	sqlite3_bind_int64(v->series, 1, series);
	const char *metric = db_step(v->series, &ignored) == 1
				     ? (const char *)sqlite3_column_text(v->series, 0)
				     : "?";
	const char *labels = sqlite3_column_count(v->series)
				     ? (const char *)sqlite3_column_text(v->series, 1)
				     : NULL;
	struct words where = words("%s %s, %s%s%s, %s", office ? _("office") : _("unit"),
				   office ? office->code
				   : unit ? unit->code
					  : "?",
				   metric ? metric : "?", labels && *labels ? " " : "",
				   labels ? labels : "", period_format(page_period(key), period));
	sqlite3_reset(v->series);
	return where;
}

static struct words acc_words(const struct acc *acc)
{
	char value[DECIMAL_TEXT_MAX];
	if (!acc)
		return words("nothing");
	(void)decimal_format(acc->value, 0, value);
	return words("value %s of %lld observations, %lld on time, %lld revisions, newest %d",
		     value, (long long)acc->n, (long long)acc->on_time, (long long)acc->revisions,
		     acc->newest);
}

static bool acc_equal(const struct acc *a, const struct acc *b)
{
	return a->value == b->value && a->n == b->n && a->on_time == b->on_time &&
	       a->revisions == b->revisions && a->newest == b->newest;
}

/* Two pages of one key; either may be empty. */
static void compare_page(struct verify *v, struct page_key key, const struct page *found,
			 const struct page *expected)
{
	size_t f = 0, e = 0;
	while (f < found->n || e < expected->n) {
		const struct entry *a = f < found->n ? &found->entries[f] : NULL;
		const struct entry *b = e < expected->n ? &expected->entries[e] : NULL;
		if (a && b && a->series != b->series)
			*(a->series < b->series ? &b : &a) = NULL;
		if (!a || !b || !acc_equal(&a->acc, &b->acc))
			differs(v, "rollup", place_words(v, key, a ? a->series : b->series),
				acc_words(a ? &a->acc : NULL), acc_words(b ? &b->acc : NULL));
		f += a != NULL;
		e += b != NULL;
	}
}

static void compare_days(struct verify *v, const struct day_pages *found,
			 const struct day_pages *expected)
{
	static const struct page none;
	size_t f = 0, e = 0;
	while (f < found->n || e < expected->n) {
		int order = f == found->n ? 1
			    : e == expected->n
				    ? -1
				    : page_key_compare(found->list[f].key, expected->list[e].key);
		const struct day_page *a = order <= 0 ? &found->list[f++] : NULL;
		const struct day_page *b = order >= 0 ? &expected->list[e++] : NULL;
		compare_page(v, a ? a->key : b->key, a ? &a->page : &none, b ? &b->page : &none);
	}
}

static int check_day(struct verify *v, int32_t day, struct err *err)
{
	struct day_pages found = { 0 }, expected = { 0 };
	int rc = derive_day(v->derive, day, &expected, err);
	if (rc == 0)
		rc = stored_day(v, day, &found, err);
	if (rc == 0)
		compare_days(v, &found, &expected);
	day_pages_free(&found);
	day_pages_free(&expected);
	return rc;
}

static int check_days(struct verify *v, struct err *err)
{
	sqlite3_stmt *days;
	int rc = db_prepare(v->db, "SELECT DISTINCT day FROM journal ORDER BY day", &days, err);
	while (rc == 0 && (rc = db_step(days, err)) == 1)
		rc = check_day(v, sqlite3_column_int(days, 0), err);
	sqlite3_finalize(days);
	return rc;
}

/* Could a fold ever have made a page of this key? */
static bool key_possible(struct page_key key)
{
	enum calendar calendar = (enum calendar)(key.grain >> 4);
	enum grain grain = (enum grain)(key.grain & 15);
	if (key.grain < 0 || calendar > CALENDAR_REPORT || grain < GRAIN_HOUR ||
	    grain >= GRAIN_COUNT || page_grain(calendar, grain) != key.grain)
		return false;
	if (grain == GRAIN_HOUR)
		return key.bucket >= DAY_MIN * 24 && key.bucket <= DAY_MAX * 24 + 23;
	return key.bucket >= period_of_day(calendar, grain, DAY_MIN).number &&
	       key.bucket <= period_of_day(calendar, grain, DAY_MAX).number;
}

/* What no day of the journal leads to: pages of other days, of impossible keys, and empty ones,
 * which are never written. */
static int check_strays(struct verify *v, struct err *err)
{
	sqlite3_stmt *keys, *known;
	int rc = db_prepare(v->db, "SELECT grain, bucket, node, length(page) FROM rollup", &keys,
			    err);
	if (rc < 0)
		return rc;
	rc = db_prepare(v->db, "SELECT 1 FROM journal WHERE day = ? LIMIT 1", &known, err);
	while (rc == 0 && (rc = db_step(keys, err)) == 1) {
		struct page_key key = { sqlite3_column_int(keys, 0), sqlite3_column_int(keys, 1),
					sqlite3_column_int64(keys, 2) };
		char text[PERIOD_TEXT_MAX];
		rc = 0;
		if (!key_possible(key)) {
			differs(v, "rollup",
				words("grain %d, bucket %d, node %" PRId64, key.grain, key.bucket,
				      key.node),
				words("a page"), words("no such period"));
			continue;
		}
		struct period period = page_period(key);
		sqlite3_bind_int(known, 1, period_first_day(period));
		rc = db_step(known, err);
		sqlite3_reset(known);
		if (rc == 0 || sqlite3_column_int64(keys, 3) == 0)
			differs(v, "rollup",
				words("%s, node %" PRId64, period_format(period, text), key.node),
				words("a page"), words("nothing"));
		rc = rc < 0 ? rc : 0;
	}
	sqlite3_finalize(keys);
	sqlite3_finalize(known);
	return rc;
}

static void head(struct table *table, const char *key, uint64_t count)
{
	struct words text = words("%" PRIu64, count);
	table_head(table, "counts", key, text.text);
}

static int verify_all(struct verify *v, struct err *err)
{
	int rc = check_chain(v, err);
	if (rc == 0)
		rc = check_sequences(v, err);
	if (rc == 0)
		rc = check_days(v, err);
	if (rc == 0)
		rc = check_strays(v, err);
	v->counts.observations = derive_observations(v->derive);
	head(v->table, "batches", v->counts.batches);
	head(v->table, "observations", v->counts.observations);
	head(v->table, "pages", v->counts.pages);
	head(v->table, "differences", v->counts.differences);
	return rc == 0 && table_failed(v->table) ? err_memory(err) : rc;
}

int verify_run(sqlite3 *db, const struct reference *reference, struct verify_counts *ret_counts,
	       struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "what", "where", "found", "expected" };
	struct verify v = { .db = db, .reference = reference };
	int rc = 0;
	if (!(v.table = table_open(columns, 4)))
		rc = err_memory(err);
	else if (!(v.derive = derive_open(db, reference, DERIVE_NOW, on_bad, &v, err)))
		rc = err->code;
	if (rc == 0)
		rc = db_prepare(db,
				"SELECT bucket, node, page FROM rollup WHERE grain = ? AND bucket "
				"BETWEEN ? AND ?"
				" ORDER BY bucket, node",
				&v.stored, err);
	if (rc == 0)
		rc = db_prepare(db, "SELECT metric, labels FROM series WHERE id = ?", &v.series,
				err);
	if (rc == 0)
		rc = verify_all(&v, err);
	sqlite3_finalize(v.stored);
	sqlite3_finalize(v.series);
	derive_close(v.derive);
	if (rc < 0) {
		table_close(v.table);
		return rc;
	}
	*ret_counts = v.counts;
	*ret_table = v.table;
	return 0;
}
