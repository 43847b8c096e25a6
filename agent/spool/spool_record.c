/* Recording: figures in, one transaction per call.
 *
 * 1. Find the series, or make it (it gets its wire number when it is first sealed).
 * 2. Compare with the current value; the same value is no news.
 * 3. Put it as unsealed (seq 0), see that the file stays within its bound, commit (fsync).
 * Whatever fails on the way rolls back, and the spool is as it was. */
#include "civil.h"
#include "decimal.h"
#include "spool_inside.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

struct place {          /* of a figure: its series, and others of its name with other decimals */
	int64_t series; /* -1: there is none yet */
	int64_t shape;
	int32_t day;
	uint32_t nth;
	size_t n_siblings;
	struct {
		int64_t series;
		unsigned decimals;
	} siblings[DECIMALS_MAX + 1];
};

struct value {
	int64_t value_e;
	unsigned decimals;
	bool withdrawn;
	int64_t series; /* where it lies */
};

static int place_find(struct spool *spool, const char *metric, const char *labels,
		      struct period period, unsigned decimals, struct place *ret_place,
		      struct err *err)
{
	struct place place = { .series = -1,
			       .shape = shape_pack(period.calendar, period.grain, decimals),
			       .day = period_first_day(period),
			       .nth = period_nth(period) };
	sqlite3_stmt *find = spool_statement(spool, SQL_SERIES_FIND, err);
	if (!find)
		return err->code;
	int rc;
	if (sqlite3_bind_text(find, 1, metric, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(find, 2, labels, -1, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	while ((rc = db_step(find, err)) == 1) {
		int64_t id = sqlite3_column_int64(find, 0), shape = sqlite3_column_int64(find, 1);
		if (shape == place.shape) {
			place.series = id;
		} else if (shape_grain(shape) == period.grain &&
			   shape_calendar(shape) == period.calendar &&
			   place.n_siblings <= DECIMALS_MAX) {
			place.siblings[place.n_siblings].series = id;
			place.siblings[place.n_siblings++].decimals = shape_decimals(shape);
		}
	}
	(void)sqlite3_reset(find); /* repeats the step's error, already told */
	if (rc == 0)
		*ret_place = place;
	return rc;
}

/* 1 found, 0 not. */
static int value_get(struct spool *spool, int64_t series, const struct place *place,
		     struct value *ret_value, struct err *err)
{
	sqlite3_stmt *get = spool_statement(spool, SQL_CURRENT_GET, err);
	if (!get)
		return err->code;
	if (spool_bind(get, 3, (int64_t[]){ series, place->day, place->nth }) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_step(get, err);
	if (rc == 1) {
		ret_value->value_e = sqlite3_column_int64(get, 0);
		ret_value->withdrawn = sqlite3_column_int64(get, 1) != 0;
		ret_value->series = series;
	}
	(void)sqlite3_reset(get); /* repeats the step's error, already told */
	return rc;
}

/* The figure's current value, in whichever series it lies: 1 found, 0 not. */
static int value_find(struct spool *spool, const struct place *place, struct value *ret_value,
		      struct err *err)
{
	int rc = 0;
	if (place->series >= 0) {
		ret_value->decimals = shape_decimals(place->shape);
		rc = value_get(spool, place->series, place, ret_value, err);
	}
	for (size_t i = 0; i < place->n_siblings && rc == 0; i++) {
		ret_value->decimals = place->siblings[i].decimals;
		rc = value_get(spool, place->siblings[i].series, place, ret_value, err);
	}
	return rc;
}

int32_t kept_from(int32_t day, int64_t shape)
{
	enum grain grain = shape_grain(shape);
	if (grain <= GRAIN_DAY || day < DAY_MIN)
		return day;
	return period_first_day(period_of_day(shape_calendar(shape), grain, day));
}

int spool_trimmed_to(struct spool *spool, int32_t *ret_day, struct err *err)
{
	struct blob fact = { 0 };
	int rc = spool_fact_get(spool, TRIMMED_FACT, &fact, err);
	*ret_day = INT32_MIN;
	if (rc == 0 && fact.len == sizeof(*ret_day))
		memcpy(ret_day, fact.data, sizeof(*ret_day));
	blob_free(&fact);
	return rc == -ENOENT ? 0 : rc;
}

/* There is no value to add to: was there never one, or was it trimmed? */
static int check_never_was(struct spool *spool, const struct observation *obs,
			   const struct place *place, struct err *err)
{
	int32_t trimmed;
	int rc = spool_trimmed_to(spool, &trimmed, err);
	if (rc < 0 || place->day >= kept_from(trimmed, place->shape))
		return rc;
	return err_set(err, -ESTALE,
		       "what was recorded of %s so long ago is no longer kept here; "
		       "record the whole value instead of adding",
		       obs->metric);
}

static int series_add(struct spool *spool, const struct observation *obs, struct place *place,
		      struct err *err)
{
	int64_t count = 0;
	int rc = spool_number(spool, SQL_SERIES_COUNT, 0, NULL, &count, err);
	if (rc < 0)
		return rc;
	if (count >= WIRE_SERIES_MAX)
		return err_set(err, -E2BIG,
			       "%s would be series number %u, and there can be no more; "
			       "use fewer different label values",
			       obs->metric, WIRE_SERIES_MAX + 1);
	sqlite3_stmt *add = spool_statement(spool, SQL_SERIES_ADD, err);
	if (!add)
		return err->code;
	if (sqlite3_bind_text(add, 1, obs->metric, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(add, 2, obs->labels, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_int64(add, 3, place->shape) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	if ((rc = db_run(add, err)) < 0)
		return rc;
	place->series = sqlite3_last_insert_rowid(spool->db);
	return 0;
}

/* What @obs makes of the current value @was (NULL: none). */
static int value_next(const struct observation *obs, const struct value *was, int64_t *ret_value_e,
		      struct err *err)
{
	int64_t base = 0;
	if (obs->withdrawn) {
		*ret_value_e = 0;
		return 0;
	}
	if (obs->add && was && !was->withdrawn &&
	    decimal_rescale(was->value_e, was->decimals, obs->decimals, &base) < 0)
		return err_set(err, -ERANGE,
			       "the current value of %s has more decimals than %u; "
			       "record the whole value instead of adding",
			       obs->metric, obs->decimals);
	if (__builtin_add_overflow(obs->value_e, obs->add ? base : 0, ret_value_e))
		return err_set(err, -ERANGE, "the sum for %s does not fit into 64 bits",
			       obs->metric);
	return 0;
}

int spool_record_one(struct spool *spool, const struct observation *obs, struct err *err)
{
	struct place place;
	struct value was = { 0 };
	int64_t value_e = 0;
	int rc = place_find(spool, obs->metric, obs->labels, obs->period, obs->decimals, &place,
			    err);
	if (rc < 0)
		return rc;
	int found = value_find(spool, &place, &was, err);
	if (found < 0)
		return found;
	if (obs->add && !found && (rc = check_never_was(spool, obs, &place, err)) < 0)
		return rc;
	if ((rc = value_next(obs, found ? &was : NULL, &value_e, err)) < 0)
		return rc;
	if (found && was.series == place.series && was.withdrawn == obs->withdrawn &&
	    was.value_e == value_e)
		return 0;
	if (found && was.series != place.series) {
		rc = spool_run(spool, SQL_CURRENT_DROP, 3,
			       (int64_t[]){ was.series, place.day, place.nth }, err);
		if (rc < 0)
			return rc;
	}
	if (place.series < 0 && (rc = series_add(spool, obs, &place, err)) < 0)
		return rc;
	rc = spool_run(spool, SQL_CURRENT_PUT, 5,
		       (int64_t[]){ place.series, place.day, place.nth, value_e, obs->withdrawn },
		       err);
	return rc < 0 ? rc : 1;
}

uint64_t spool_record_limit(const struct spool *spool)
{
	return spool->limits.bytes_max - spool->limits.bytes_max / 4;
}

/* Inside the transaction: is what was put within the bound? Acked batches make way first. */
static int keep_within_bound(struct spool *spool, struct err *err)
{
	int rc = spool_make_room(spool, spool_record_limit(spool), err);
	if (rc == -ENOSPC)
		return err_set(err, -ENOSPC,
			       "it is full (of at most %llu bytes) of figures that wait for the "
			       "province; mend the link, or raise [spool] bytes_max",
			       (unsigned long long)spool->limits.bytes_max);
	return rc;
}

/* Is there more than the reserve left on the disk? Asked before anything is written: others share
 * the disk, and what is refused in time needs no repair. */
static int check_disk(const struct spool *spool, struct err *err)
{
	struct statvfs disk;
	if (spool->limits.reserve == 0 || statvfs(spool->path, &disk) < 0)
		return 0; /* a disk that cannot tell its room says so when it is written */
	uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (left >= spool->limits.reserve)
		return 0;
	return err_set(err, -ENOSPC,
		       "the disk has %llu bytes left, fewer than are to be kept free; make room on "
		       "it, or lower [spool] reserve",
		       (unsigned long long)left);
}

/* 1 news, 0 none. */
static int record_at(struct spool *spool, const struct observation *obs, const struct moment *now,
		     struct err *err)
{
	struct observation dated = *obs;
	int rc = 0;
	if (obs->now && !now->known) {
		rc = spool_undated_add(spool, obs, now->boot_us, err);
		return rc < 0 ? rc : 1;
	}
	if (obs->now)
		dated.period = civil_period(obs->period.calendar, obs->period.grain, now->at_us);
	else if (!now->known)
		rc = spool_undated_trace(spool, obs, err);
	return rc < 0 ? rc : spool_record_one(spool, &dated, err);
}

static int record_all(struct spool *spool, const struct observation obs[], size_t n,
		      size_t *ret_bad, struct err *err)
{
	bool news = false;
	struct moment now = clock_now(spool->clock);
	int rc = check_disk(spool, err);
	if (rc == 0)
		rc = db_begin(spool->db, err);
	if (rc == 0) {
		rc = spool_date_pending(spool, &now, err);
		news = rc == 1;
	}
	for (size_t i = 0; i < n && rc >= 0; i++) {
		*ret_bad = i;
		rc = record_at(spool, &obs[i], &now, err);
		news |= rc == 1;
	}
	if (rc < 0)
		return rc;
	if (!news) { /* nothing to write, so nothing to wait for */
		db_rollback(spool->db);
		return 0;
	}
	rc = keep_within_bound(spool, err);
	return rc < 0 ? rc : spool_commit(spool, err);
}

/* Is it the disk that refuses, rather than something about the figures? */
static bool disk_refuses(int rc)
{
	return rc < 0 && rc != -ERANGE && rc != -E2BIG && rc != -ESTALE && rc != -EINVAL &&
	       rc != -ENOMEM;
}

int spool_record(struct spool *spool, const struct observation obs[], size_t n, size_t *ret_bad,
		 struct err *err)
{
	struct err own;
	size_t bad = 0;
	if (!err)
		err = &own;
	int rc = record_all(spool, obs, n, &bad, err);
	if (ret_bad)
		*ret_bad = bad;
	if (rc == 0 || disk_refuses(rc))
		spool->refused_rc = rc;
	if (rc < 0) {
		db_rollback(spool->db);
		spool->undated_here = -1;
		return err_wrap(err, "spool '%s'", spool->path);
	}
	return 0;
}

int spool_current(struct spool *spool, const char *metric, const char *labels, struct period period,
		  int64_t *ret_value_e, unsigned *ret_decimals, bool *ret_withdrawn,
		  struct err *err)
{
	struct err own;
	struct place place;
	struct value value = { 0 };
	if (!err)
		err = &own;
	int rc = place_find(spool, metric, labels, period, 0, &place, err);
	if (rc == 0)
		rc = value_find(spool, &place, &value, err);
	if (rc < 0)
		return err_wrap(err, "spool '%s'", spool->path);
	if (rc == 0)
		return err_set(err, -ENOENT, "%s has no value yet", metric);
	*ret_value_e = value.value_e;
	*ret_decimals = value.decimals;
	*ret_withdrawn = value.withdrawn;
	return 0;
}
