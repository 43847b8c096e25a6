/* A whole beside its parts: of a metric with dimensions an office's period has one figure without a
 * label or figures of parts (rules of the figures, 5); with both the province would add them up.
 *
 * Asked of the values as they are at the end of a call, so that one call may withdraw the one kind
 * and hand in the other. */
#include "common/base/decimal.h"
#include "spool/spool_internal.h"

#include <errno.h>
#include <stdio.h>

struct standing { /* of the other kind */
	char labels[LABELS_TEXT_MAX], value[DECIMAL_TEXT_MAX];
};

/* 1: the row's chunk has a value of @period; labels are valid until the next step. */
static int row_value(sqlite3_stmt *row, struct period period, struct observation *ret_obs,
		     struct err *err)
{
	struct chunk chunk;
	struct db_row cells = { row, err, 0 };
	uint32_t nth = period_nth(period);
	int64_t shape = sqlite3_column_int64(row, 1);
	size_t len;
	if (!shape_is_sane(shape) || shape_grain(shape) != period.grain ||
	    shape_calendar(shape) != period.calendar)
		return 0;
	const char *labels = db_row_text(&cells, 0);
	const void *points = db_row_blob(&cells, 2, &len);
	int rc = cells.rc < 0 ? cells.rc : chunk_decode(points, len, chunk_part(nth), &chunk, err);
	const struct chunk_value *found = rc < 0 ? NULL : chunk_find(&chunk, nth);
	if (rc < 0 || !found)
		return rc;
	*ret_obs = (struct observation){ .labels = labels,
					 .period = period,
					 .decimals = shape_decimals(shape),
					 .value_e = found->value_e,
					 .withdrawn = found->withdrawn };
	return 1;
}

/* 1: the row has a value of @obs's period that counts. */
static int row_read(sqlite3_stmt *row, const struct observation *obs, struct standing *ret_standing,
		    struct err *err)
{
	struct observation found = { .withdrawn = true };
	int rc = row_value(row, obs->period, &found, err);
	if (rc <= 0 || found.withdrawn)
		return rc < 0 ? rc : 0;
	(void)snprintf(ret_standing->labels, sizeof(ret_standing->labels), "%s", found.labels);
	(void)decimal_format(found.value_e, found.decimals, ret_standing->value);
	return 1;
}

/* 1: something of the other kind stands. */
static int other_find(struct spool *spool, const struct observation *obs,
		      struct standing *ret_standing, struct err *err)
{
	int rc = chunk_cache_flush(spool, err), found = 0;
	sqlite3_stmt *walk =
		rc < 0 ? NULL : spool_statement(spool, *obs->labels ? SQL_WHOLE : SQL_PARTS, err);
	if (!walk)
		return err->code;
	const int64_t place[] = { period_first_day(obs->period),
				  chunk_part(period_nth(obs->period)) };
	if (spool_bind(walk, 2, place) != SQLITE_OK ||
	    sqlite3_bind_text(walk, 3, obs->metric, -1, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	while (found == 0 && (rc = db_step(walk, err)) == 1)
		found = row_read(walk, obs, ret_standing, err);
	(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	return rc < 0 ? rc : found;
}

int spool_whole_check(struct spool *spool, const struct observation *obs, struct err *err)
{
	char period[PERIOD_TEXT_MAX];
	struct standing standing;
	int rc = other_find(spool, obs, &standing, err);
	if (rc <= 0)
		return rc;
	(void)period_format(obs->period, period);
	if (*obs->labels)
		return err_set(err, -EEXIST,
			       "%s of %s stands undivided, with the value %s, and this part of it "
			       "would count besides. If the parts are to count, withdraw the "
			       "whole first, then hand them in",
			       obs->metric, period, standing.value);
	return err_set(
		err, -EEXIST,
		"%s of %s stands divided: '%s' has the value %s, and this would count "
		"besides. Hand in the parts alone, which add up to the whole; if the whole is to "
		"count undivided, withdraw each part first",
		obs->metric, period, standing.labels, standing.value);
}

int spool_each_part(struct spool *spool, const char *metric, struct period period,
		    int (*on_value)(void *context, const struct spool_value *value), void *context,
		    struct err *err)
{
	int rc = chunk_cache_flush(spool, err);
	sqlite3_stmt *walk = rc < 0 ? NULL : spool_statement(spool, SQL_EACH_PART, err);
	if (!walk)
		return err->code;
	const int64_t place[] = { period_first_day(period), chunk_part(period_nth(period)) };
	if (spool_bind(walk, 2, place) != SQLITE_OK ||
	    sqlite3_bind_text(walk, 3, metric, -1, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	while (rc >= 0 && (rc = db_step(walk, err)) == 1) {
		struct spool_value value = { 0 };
		rc = row_value(walk, period, &value.obs, err);
		value.obs.metric = metric;
		if (rc == 1)
			rc = on_value(context, &value);
	}
	(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	return rc < 0 ? rc : 0;
}
