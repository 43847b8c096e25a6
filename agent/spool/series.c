/* The series that a figure may lie in: one for each number of decimals that its metric has had.
 * Recording many figures at once asks the table of series once for each name, and then a hash of
 * the names.
 *
 * Labels that differ in how they are typed alone (labels_key()) name one series, by the spelling
 * that it was first recorded with. Where an earlier release made several of them, each stays. */
#include "common/base/array.h"
#include "common/model/dimensions.h"
#include "spool/spool_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPELLINGS_MAX 512u

/* Those of exactly these labels. */
static int series_read(struct spool *spool, struct series *series, struct err *err)
{
	sqlite3_stmt *find = spool_statement(spool, SQL_SERIES_FIND, err);
	if (!find)
		return err->code;
	int rc;
	if (sqlite3_bind_text(find, 1, series->metric, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(find, 2, series->labels, -1, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	while ((rc = db_step(find, err)) == 1) {
		int64_t shape = sqlite3_column_int64(find, 1);
		if (!shape_is_sane(shape) || shape_grain(shape) != series->grain ||
		    shape_calendar(shape) != series->calendar || series->n > DECIMALS_MAX)
			continue;
		series->of[series->n].id = sqlite3_column_int64(find, 0);
		series->of[series->n++].decimals = shape_decimals(shape);
	}
	(void)sqlite3_reset(find); /* repeats the step's error, already told */
	return rc;
}

/* A metric of very many labels has no words that people type in several ways, and looking through
 * them for each new one would take ever longer. */
static bool has_many(const struct spool *spool, const char *metric)
{
	return strcmp(spool->many_labels, metric) == 0;
}

/* The labels with that key which the metric has had for longest. */
static int spelling_find(struct spool *spool, struct series *series, struct err *err)
{
	char wanted[LABELS_KEY_MAX], key[LABELS_KEY_MAX];
	int64_t oldest = INT64_MAX;
	unsigned n = 0;
	int rc;
	sqlite3_stmt *all = spool_statement(spool, SQL_SERIES_OF, err);
	if (!all)
		return err->code;
	labels_key(series->labels, wanted);
	if (sqlite3_bind_text(all, 1, series->metric, -1, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	while (n < SPELLINGS_MAX && (rc = db_step(all, err)) == 1) {
		const char *labels = (const char *)sqlite3_column_text(all, 1);
		int64_t id = sqlite3_column_int64(all, 0);
		n++;
		if (!labels || !labels_valid(labels) || id >= oldest)
			continue;
		labels_key(labels, key);
		if (strcmp(key, wanted) != 0)
			continue;
		free(series->spelling);
		series->spelling = strdup(labels);
		oldest = id;
		if (!series->spelling) {
			rc = err_memory(err);
			break;
		}
	}
	(void)sqlite3_reset(all); /* repeats the step's error, already told */
	if (n == SPELLINGS_MAX)
		(void)snprintf(spool->many_labels, sizeof(spool->many_labels), "%s",
			       series->metric); /* fits */
	return rc < 0 ? rc : 0;
}

int spool_series_find(struct spool *spool, const char *metric, const char *labels,
		      struct period period, struct series *ret_series, struct err *err)
{
	struct series series = { .metric = metric,
				 .labels = labels,
				 .asked = labels,
				 .calendar = period.calendar,
				 .grain = period.grain };
	int rc = series_read(spool, &series, err);
	if (rc == 0 && series.n == 0 && *labels && !has_many(spool, metric))
		rc = spelling_find(spool, &series, err);
	if (rc == 0 && series.spelling) {
		series.labels = series.spelling;
		rc = series_read(spool, &series, err);
	}
	if (rc < 0)
		spool_series_free(&series);
	else
		*ret_series = series;
	return rc;
}

void spool_series_free(struct series *series)
{
	free(series->spelling);
}

static int series_add(struct spool *spool, const struct series *series, unsigned decimals,
		      struct err *err)
{
	int64_t count = 0;
	uint32_t most = SPOOL_SERIES_MAX / WIRE_SERIES_MAX * spool_numbers(spool);
	int rc = spool_number(spool, SQL_SERIES_COUNT, 1, (int64_t[]){ most }, &count, err);
	if (rc < 0)
		return rc;
	if (count >= most)
		return err_set(
			err, -E2BIG,
			"%s would be series number %u, and there can be no more: a label "
			"that takes ever new values (a date, a name, a running number) makes "
			"a series of each. Leave such a label out; and for a while set "
			"[spool] keep_acked_days lower in agent.conf and restart the agent: "
			"series whose figures the province has had for longer are forgotten",
			series->metric, most + 1);
	sqlite3_stmt *add = spool_statement(spool, SQL_SERIES_ADD, err);
	if (!add)
		return err->code;
	if (sqlite3_bind_text(add, 1, series->metric, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(add, 2, series->labels, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_int64(add, 3, shape_pack(series->calendar, series->grain, decimals)) !=
		    SQLITE_OK)
		return db_err(err, spool->db, "bind");
	return db_run(add, err);
}

int spool_series_with_decimals(struct spool *spool, struct series *series, unsigned decimals,
			       int64_t *ret_id, struct err *err)
{
	for (size_t i = 0; i < series->n; i++)
		if (series->of[i].decimals == decimals) {
			*ret_id = series->of[i].id;
			return 0;
		}
	int rc = series_add(spool, series, decimals, err);
	if (rc < 0)
		return rc;
	*ret_id = sqlite3_last_insert_rowid(spool->db);
	if (series->n <= DECIMALS_MAX) {
		series->of[series->n].id = *ret_id;
		series->of[series->n++].decimals = decimals;
	}
	return 0;
}

/* --- many at once --- */

/* Who chooses names to collide slows an office of his own. */
static uint32_t hash_of(const struct observation *obs, const char *key)
{
	return hash_text(hash_text(HASH_START, obs->metric), key);
}

static bool is_named_by(const struct series *series, const struct observation *obs, const char *key)
{
	char own[LABELS_KEY_MAX];
	if (series->grain != obs->period.grain || series->calendar != obs->period.calendar ||
	    strcmp(series->metric, obs->metric) != 0)
		return false;
	if (strcmp(series->asked, obs->labels) == 0)
		return true;
	/* A new series has the first spelling of a call; of those that are stored in several ways
	   each goes on by itself. */
	labels_key(series->labels, own);
	return series->n == 0 && strcmp(own, key) == 0;
}

int series_set_init(struct series_set *set, size_t n)
{
	*set = (struct series_set){ 0 };
	return hash_index_make(&set->index, n);
}

int series_set_find(struct series_set *set, struct spool *spool, const struct observation *obs,
		    uint32_t *ret_index, struct err *err)
{
	char key[LABELS_KEY_MAX];
	labels_key(obs->labels, key);
	uint32_t *slot = hash_slot(&set->index, hash_of(obs, key));
	while (*slot && !is_named_by(&set->list[*slot - 1], obs, key))
		slot = hash_slot_next(&set->index, slot);
	if (!*slot) {
		if (ARRAY_RESERVE(set->list, set->room, set->n + 1) < 0)
			return err_memory(err);
		int rc = spool_series_find(spool, obs->metric, obs->labels, obs->period,
					   &set->list[set->n], err);
		if (rc < 0)
			return rc;
		*slot = (uint32_t)++set->n;
	}
	*ret_index = *slot - 1;
	return 0;
}

void series_set_deinit(struct series_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		spool_series_free(&set->list[i]);
	free(set->list);
	hash_index_deinit(&set->index);
	*set = (struct series_set){
		0
	}; /* the next piece may find no memory before it has its own */
}
