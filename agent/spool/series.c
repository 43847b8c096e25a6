/* Kin: the series that a figure may lie in. Recording many at once asks the table of series once
 * for each, and then a hash of their names. */
#include "spool/spool_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int spool_kin_find(struct spool *spool, const char *metric, const char *labels,
		   struct period period, struct kin *ret_kin, struct err *err)
{
	struct kin kin = { .metric = metric,
			   .labels = labels,
			   .calendar = period.calendar,
			   .grain = period.grain };
	sqlite3_stmt *find = spool_statement(spool, SQL_SERIES_FIND, err);
	if (!find)
		return err->code;
	int rc;
	if (sqlite3_bind_text(find, 1, metric, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(find, 2, labels, -1, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	while ((rc = db_step(find, err)) == 1) {
		int64_t shape = sqlite3_column_int64(find, 1);
		if (!shape_is_sane(shape) || shape_grain(shape) != kin.grain ||
		    shape_calendar(shape) != kin.calendar || kin.n > DECIMALS_MAX)
			continue;
		kin.of[kin.n].series = sqlite3_column_int64(find, 0);
		kin.of[kin.n++].decimals = shape_decimals(shape);
	}
	(void)sqlite3_reset(find); /* repeats the step's error, already told */
	if (rc == 0)
		*ret_kin = kin;
	return rc;
}

static int series_add(struct spool *spool, const struct kin *kin, unsigned decimals,
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
			kin->metric, most + 1);
	sqlite3_stmt *add = spool_statement(spool, SQL_SERIES_ADD, err);
	if (!add)
		return err->code;
	if (sqlite3_bind_text(add, 1, kin->metric, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(add, 2, kin->labels, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_int64(add, 3, shape_pack(kin->calendar, kin->grain, decimals)) !=
		    SQLITE_OK)
		return db_err(err, spool->db, "bind");
	return db_run(add, err);
}

int spool_kin_series(struct spool *spool, struct kin *kin, unsigned decimals, int64_t *ret_series,
		     struct err *err)
{
	for (size_t i = 0; i < kin->n; i++)
		if (kin->of[i].decimals == decimals) {
			*ret_series = kin->of[i].series;
			return 0;
		}
	int rc = series_add(spool, kin, decimals, err);
	if (rc < 0)
		return rc;
	*ret_series = sqlite3_last_insert_rowid(spool->db);
	if (kin->n <= DECIMALS_MAX) {
		kin->of[kin->n].series = *ret_series;
		kin->of[kin->n++].decimals = decimals;
	}
	return 0;
}

/* --- many at once --- */

/* FNV-1a, as for stretches; who chooses names to collide slows an office of his own. */
static uint32_t hash_text(uint32_t hash, const char *text)
{
	do
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	while (*text++); /* the end, too: "a" "b" is not "ab" "" */
	return hash;
}

static uint32_t hash_of(const struct observation *obs)
{
	return hash_text(hash_text(2166136261u, obs->metric), obs->labels);
}

static bool is_kin(const struct kin *kin, const struct observation *obs)
{
	return kin->grain == obs->period.grain && kin->calendar == obs->period.calendar &&
	       strcmp(kin->metric, obs->metric) == 0 && strcmp(kin->labels, obs->labels) == 0;
}

int kindred_init(struct kindred *kindred, size_t n)
{
	*kindred = (struct kindred){ .mask = 15 };
	while (kindred->mask < 2 * n)
		kindred->mask = kindred->mask << 1 | 1;
	kindred->buckets = calloc(kindred->mask + 1, sizeof(*kindred->buckets));
	return kindred->buckets ? 0 : -ENOMEM;
}

static int grow(struct kindred *kindred)
{
	if (kindred->n < kindred->room)
		return 0;
	size_t room = kindred->room ? 2 * kindred->room : 16;
	struct kin *list = realloc(kindred->list, room * sizeof(*list));
	if (!list)
		return -ENOMEM;
	kindred->list = list;
	kindred->room = room;
	return 0;
}

int kindred_of(struct kindred *kindred, struct spool *spool, const struct observation *obs,
	       uint32_t *ret_index, struct err *err)
{
	size_t at = hash_of(obs) & kindred->mask;
	for (; kindred->buckets[at] != 0; at = (at + 1) & kindred->mask)
		if (is_kin(&kindred->list[kindred->buckets[at] - 1], obs)) {
			*ret_index = kindred->buckets[at] - 1;
			return 0;
		}
	if (grow(kindred) < 0)
		return err_memory(err);
	int rc = spool_kin_find(spool, obs->metric, obs->labels, obs->period,
				&kindred->list[kindred->n], err);
	if (rc < 0)
		return rc;
	*ret_index = (uint32_t)kindred->n++;
	kindred->buckets[at] = (uint32_t)kindred->n;
	return 0;
}

void kindred_deinit(struct kindred *kindred)
{
	free(kindred->list);
	free(kindred->buckets);
}
