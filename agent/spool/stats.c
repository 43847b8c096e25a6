/* What the spool tells: its status, lists of what it holds, and the agent's small durable facts. */
#include "common/model/catalogue.h"
#include "spool/spool_internal.h"

#include <errno.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DISK_ROOM_MIN (1u << 20) /* less than that is a full disk to people */

static int waiting(struct spool *spool, struct spool_status *status, struct err *err)
{
	sqlite3_stmt *count = spool_statement(spool, SQL_BATCH_WAITING, err);
	if (!count)
		return err->code;
	if (spool_bind(count, 1, (int64_t[]){ (int64_t)status->acked_seq }) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_step(count, err);
	if (rc == 1) {
		status->waiting_batches = (uint64_t)sqlite3_column_int64(count, 0);
		status->waiting_observations = (uint64_t)sqlite3_column_int64(count, 1);
		status->oldest_waiting_us = sqlite3_column_int64(count, 2);
	}
	(void)sqlite3_reset(count); /* repeats the step's error, already told */
	return rc < 0 ? rc : 0;
}

static int undated(struct spool *spool, struct spool_status *status, struct err *err)
{
	const char *boot = spool->clock ? clock_boot(spool->clock) : "";
	sqlite3_stmt *count = spool_statement(spool, SQL_UNDATED_COUNT, err);
	if (!count)
		return err->code;
	if (sqlite3_bind_text(count, 1, boot, -1, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_step(count, err);
	if (rc == 1) {
		status->undated_here = (uint64_t)sqlite3_column_int64(count, 0);
		status->undated = (uint64_t)sqlite3_column_int64(count, 1) - status->undated_here;
	}
	(void)sqlite3_reset(count); /* repeats the step's error, already told */
	return rc < 0 ? rc : 0;
}

/* Does a damaged file lie there still? Whoever moves it away has dealt with it. */
static bool is_set_aside(struct spool *spool)
{
	struct blob path = { 0 };
	struct err ignored; /* -ENOENT: there never was one */
	bool there = spool_fact_get(spool, SET_ASIDE_FACT, &path, &ignored) == 0 && path.len > 0 &&
		     blob_append(&path, "", 1) == 0 && access((const char *)path.data, F_OK) == 0;
	blob_free(&path);
	return there;
}

int spool_room(struct spool *spool, struct spool_status *ret_status, struct err *err)
{
	struct statvfs disk;
	struct spool_status status = { .bytes_max = spool->limits.bytes_max,
				       .reserve = spool->limits.reserve,
				       .refused_rc = spool->refused_rc };
	int rc = spool_used(spool, &status.bytes, err);
	if (rc == 0 && statvfs(spool->path, &disk) < 0)
		rc = err_system(err, -errno, "room on the disk");
	if (rc < 0)
		return err_wrap(err, "spool '%s'", spool->path);
	status.set_aside = is_set_aside(spool);
	status.witness = spool->clock ? clock_anchor(spool->clock).witness : CLOCK_KERNEL;
	status.ahead_us = spool->clock ? clock_ahead_us(spool->clock) : 0;
	if ((rc = undated(spool, &status, err)) < 0)
		return err_wrap(err, "spool '%s'", spool->path);
	status.disk_free = (uint64_t)disk.f_bavail * disk.f_frsize;
	/* A spool that was full once is no longer so when there is room for more than the one
	 * figure that did not fit. */
	uint64_t limit = spool_record_limit(spool);
	if (status.refused_rc == -ENOSPC && status.bytes <= limit - limit / 16 &&
	    status.disk_free >= DISK_ROOM_MIN && status.disk_free >= status.reserve)
		status.refused_rc = 0;
	*ret_status = status;
	return 0;
}

static int held(struct spool *spool, struct spool_status *status, struct err *err)
{
	sqlite3_stmt *sum = spool_statement(spool, SQL_REFUSAL_SUM, err);
	if (!sum)
		return err->code;
	if (sqlite3_bind_text(sum, 1, verdict_text(VERDICT_OLDER_COPY), -1, SQLITE_STATIC) !=
	    SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_step(sum, err);
	if (rc == 1) {
		uint64_t listed = (uint64_t)sqlite3_column_int64(sum, 0);
		status->released = spool->released < listed ? spool->released : listed;
		status->held = listed - status->released;
		status->held_older = (uint64_t)sqlite3_column_int64(sum, 1);
	}
	(void)sqlite3_reset(sum); /* repeats the step's error, already told */
	return rc < 0 ? rc : 0;
}

static int on_head(void *context, const struct spool_head *head)
{
	*(struct spool_head *)context = *head;
	return 0;
}

/* A damaged one is as good as none: the next of its day replaces it. */
static int heads(struct spool *spool, struct spool_status *status, struct err *err)
{
	struct err damage;
	int64_t n = 0;
	int rc = spool_number(spool, SQL_HEAD_DAYS, 0, NULL, &n, err);
	if (rc == 0 && spool_each_head(spool, 1, on_head, &status->head, &damage) == 0)
		status->heads = (uint64_t)n;
	return rc;
}

int spool_status(struct spool *spool, struct spool_status *ret_status, struct err *err)
{
	struct spool_meta meta = { 0 };
	int64_t unsealed = 0;
	struct spool_status status = { 0 };
	int rc = spool_room(spool, &status, err);
	if (rc == 0)
		rc = spool_meta(spool, &meta, err);
	status.last_seq = meta.last_seq;
	status.acked_seq = meta.acked_seq;
	status.last_ack_us = meta.last_ack_us;
	status.quarantined = meta.quarantined;
	if (rc == 0)
		rc = waiting(spool, &status, err);
	if (rc == 0)
		rc = held(spool, &status, err);
	if (rc == 0)
		rc = spool_number(spool, SQL_UNSEALED_COUNT, 0, NULL, &unsealed, err);
	if (rc == 0)
		rc = heads(spool, &status, err);
	status.unsealed = (uint64_t)unsealed;
	if (rc < 0)
		return err_wrap(err, "spool '%s'", spool->path);
	*ret_status = status;
	return 0;
}

int spool_each_refusal(struct spool *spool, unsigned most,
		       int (*on_refusal)(void *context, const struct spool_refusal *refusal),
		       void *context, struct err *err)
{
	sqlite3_stmt *walk = spool_statement(spool, SQL_REFUSAL_WALK, err);
	if (!walk)
		return err->code;
	int rc = spool_bind(walk, 1, (int64_t[]){ most }) == SQLITE_OK
			 ? 0
			 : db_err(err, spool->db, "bind");
	while (rc >= 0 && (rc = db_step(walk, err)) == 1) {
		struct db_row row = { walk, err, 0 };
		struct spool_refusal refusal = {
			.seq = (uint64_t)sqlite3_column_int64(walk, 0),
			.metric = db_row_text(&row, 1),
			.labels = db_row_text(&row, 2),
			.reason = db_row_text(&row, 3),
			.observations = (uint32_t)db_row_int(&row, 4, 0, UINT32_MAX),
		};
		rc = row.rc < 0 ? row.rc : on_refusal(context, &refusal);
	}
	(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	return rc;
}

int spool_each_batch(struct spool *spool,
		     int (*on_entry)(void *context, const struct spool_entry *entry), void *context,
		     struct err *err)
{
	struct spool_meta meta;
	int rc = spool_meta(spool, &meta, err);
	sqlite3_stmt *walk = rc < 0 ? NULL : spool_statement(spool, SQL_BATCH_WALK, err);
	if (!walk)
		return err->code;
	while (rc >= 0 && (rc = db_step(walk, err)) == 1) {
		struct db_row row = { walk, err, 0 };
		uint64_t seq = (uint64_t)db_row_int(&row, 0, 0, SEQ_MAX);
		struct spool_entry entry = {
			.seq = seq,
			.day = row_day(&row, 1),
			.observations = (uint32_t)db_row_int(&row, 2, 0, WIRE_POINTS_MAX),
			.bytes = (size_t)db_row_int(&row, 3, 0, WIRE_FRAME_MAX),
			.sealed_us = sqlite3_column_int64(walk, 4),
			.acked = seq <= meta.acked_seq,
		};
		rc = row.rc < 0 ? row.rc : on_entry(context, &entry);
	}
	(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	return rc;
}

static struct observation observation_of(int64_t shape, int32_t day,
					 const struct chunk_value *value)
{
	enum grain grain = shape_grain(shape);
	enum calendar calendar = shape_calendar(shape);
	return (struct observation){
		/* a week, month or longer lies on its first day */
		.period = grain > GRAIN_DAY ? period_of_day(calendar, grain, day)
					    : period_in_day(calendar, grain, day, value->nth),
		.decimals = shape_decimals(shape),
		.value_e = value->value_e,
		.withdrawn = value->withdrawn,
	};
}

/* The chunk whose part and bytes are columns @column and the next, of a series of @shape. */
static int chunk_read(struct db_row *row, int column, int64_t shape, struct chunk *ret_chunk)
{
	size_t len;
	uint32_t part = (uint32_t)db_row_int(row, column, 0, CHUNK_PARTS - 1);
	const void *points = db_row_blob(row, column + 1, &len);
	if (row->rc < 0)
		return row->rc;
	int rc = chunk_decode(points, len, part, ret_chunk, row->err);
	uint32_t n = rc < 0 ? 0 : ret_chunk->n;
	if (n > 0 && ret_chunk->values[n - 1].nth >= grain_per_day(shape_grain(shape)))
		rc = db_row_refuse(row, column + 1); /* a period that the day has not */
	return rc;
}

static int each_in_row(sqlite3_stmt *row,
		       int (*on_value)(void *context, const struct observation *obs), void *context,
		       struct err *err)
{
	struct chunk chunk;
	struct db_row cells = { row, err, 0 };
	int64_t shape = row_shape(&cells, 2);
	const char *metric = db_row_text(&cells, 0), *labels = db_row_text(&cells, 1);
	int32_t day = row_day(&cells, 3);
	int rc = chunk_read(&cells, 4, shape, &chunk);
	for (uint32_t i = 0; rc == 0 && i < chunk.n; i++) {
		struct observation obs = observation_of(shape, day, &chunk.values[i]);
		obs.metric = metric;
		obs.labels = labels;
		rc = on_value(context, &obs);
	}
	return rc;
}

int spool_each_current(struct spool *spool,
		       int (*on_value)(void *context, const struct observation *obs), void *context,
		       struct err *err)
{
	sqlite3_stmt *walk = spool_statement(spool, SQL_CHUNK_WALK, err);
	if (!walk)
		return err->code;
	int rc = 0;
	while (rc >= 0 && (rc = db_step(walk, err)) == 1)
		rc = each_in_row(walk, on_value, context, err);
	(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	return rc;
}

struct newest { /* what was asked */
	int32_t until_day;
	uint32_t end_nth; /* of that day's periods, those before this one */
	unsigned most;
	int (*on_value)(void *context, const struct spool_value *value);
	void *context;
};

/* The values of the chunk in @row, newest first; at most @left, which it counts down. */
static int each_newest_in(struct spool *spool, sqlite3_stmt *row, int64_t series, int64_t shape,
			  const struct spool_value *like, const struct newest *newest,
			  unsigned *left, struct err *err)
{
	struct chunk chunk;
	struct db_row cells = { row, err, 0 };
	int32_t day = row_day(&cells, 0);
	int rc = chunk_read(&cells, 1, shape, &chunk);
	for (uint32_t i = rc < 0 ? 0 : chunk.n; rc == 0 && i > 0 && *left > 0; i--) {
		const struct chunk_value *found = &chunk.values[i - 1];
		if (day == newest->until_day && found->nth >= newest->end_nth)
			continue;
		*left -= 1;
		struct spool_value value = { .seq = (uint64_t)found->seq };
		value.obs = observation_of(shape, day, found);
		value.obs.metric = like->obs.metric;
		value.obs.labels = like->obs.labels;
		struct said said;
		rc = spool_said(spool, series, day, found, &said, err);
		value.obs.author = said.author;
		value.obs.note = said.note;
		if (rc == 0)
			rc = newest->on_value(newest->context, &value);
	}
	return rc;
}

/* The values of the one series @series of @shape, called as @like. The last day's chunks may
 * have none that was asked for. */
static int each_newest_of(struct spool *spool, int64_t series, int64_t shape,
			  const struct spool_value *like, const struct newest *newest,
			  struct err *err)
{
	unsigned left = newest->most;
	sqlite3_stmt *walk = spool_statement(spool, SQL_CHUNK_NEWEST, err);
	if (!walk)
		return err->code;
	int rc = spool_bind(walk, 3,
			    (int64_t[]){ series, newest->until_day, newest->most + CHUNK_PARTS }) ==
				 SQLITE_OK
			 ? 0
			 : db_err(err, spool->db, "bind");
	while (rc >= 0 && left > 0 && (rc = db_step(walk, err)) == 1)
		rc = each_newest_in(spool, walk, series, shape, like, newest, &left, err);
	(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	return rc;
}

int spool_each_newest(struct spool *spool, const char *metric, enum calendar calendar,
		      enum grain grain, int32_t until_day, unsigned most,
		      int (*on_value)(void *context, const struct spool_value *value),
		      void *context, struct err *err)
{
	const struct newest newest = { until_day, UINT32_MAX, most, on_value, context };
	sqlite3_stmt *walk = spool_statement(spool, SQL_SERIES_OF, err);
	if (!walk)
		return err->code;
	int rc = sqlite3_bind_text(walk, 1, metric, -1, SQLITE_STATIC) == SQLITE_OK
			 ? 0
			 : db_err(err, spool->db, "bind");
	while (rc >= 0 && (rc = db_step(walk, err)) == 1) {
		struct db_row cells = { walk, err, 0 };
		int64_t series = sqlite3_column_int64(walk, 0),
			shape = sqlite3_column_int64(walk, 2);
		if (shape_grain(shape) != grain || shape_calendar(shape) != calendar)
			continue;
		shape = row_shape(&cells, 2);
		const struct spool_value like = { .obs = { .metric = metric,
							   .labels = db_row_text(&cells, 1) } };
		rc = cells.rc < 0 ? cells.rc
				  : each_newest_of(spool, series, shape, &like, &newest, err);
	}
	(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	return rc;
}

int spool_each_before(struct spool *spool, const char *metric, const char *labels,
		      struct period period, unsigned most,
		      int (*on_value)(void *context, const struct spool_value *value),
		      void *context, struct err *err)
{
	bool within = period.grain < GRAIN_DAY; /* a day has several */
	const struct newest newest = { .until_day = period_first_day(period) - (within ? 0 : 1),
				       .end_nth = within ? period_nth(period) : UINT32_MAX,
				       .most = most,
				       .on_value = on_value,
				       .context = context };
	const struct spool_value like = { .obs = { .metric = metric, .labels = labels } };
	struct series series = { 0 };
	int rc = spool_series_find(spool, metric, labels, period, &series, err);
	for (size_t i = 0; rc >= 0 && i < series.n; i++)
		rc = each_newest_of(
			spool, series.of[i].id,
			shape_pack(period.calendar, period.grain, series.of[i].decimals), &like,
			&newest, err);
	spool_series_free(&series);
	return rc;
}

int spool_fact_set(struct spool *spool, const char *name, const void *data, size_t len,
		   struct err *err)
{
	sqlite3_stmt *set = spool_statement(spool, SQL_FACT_SET, err);
	if (!set)
		return err->code;
	if (sqlite3_bind_text(set, 1, name, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_blob(set, 2, len ? data : "", (int)len, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_run(set, err);
	return rc < 0 ? err_wrap(err, "spool '%s': keep the %s", spool->path, name) : 0;
}

int spool_fact_get(struct spool *spool, const char *name, struct blob *out, struct err *err)
{
	sqlite3_stmt *get = spool_statement(spool, SQL_FACT_GET, err);
	if (!get)
		return err->code;
	if (sqlite3_bind_text(get, 1, name, -1, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_step(get, err);
	if (rc == 1 &&
	    blob_append(out, sqlite3_column_blob(get, 0), (size_t)sqlite3_column_bytes(get, 0)) < 0)
		rc = err_memory(err);
	else if (rc == 0)
		rc = -ENOENT;
	(void)sqlite3_reset(get); /* repeats the step's error, already told */
	return rc < 0 ? rc : 0;
}
