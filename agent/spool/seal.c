/* Sealing: unsealed figures become batches, all in one transaction.
 *
 * 1. Take the earliest local day that has unsealed figures.
 * 2. Read them by the wire numbers of their series, those without a number last, until the batch is
 *    full. A series gets its number here, so numbers rise in the order of first use, and what a
 *    batch declares is contiguous.
 *    Each value that is taken is marked with the batch's number at once, so that its chunk is read
 *    and written once. (SQLite sorts the rows before the first of them comes, so marking them does
 *    not disturb the walk. A row that came twice would have nothing left to take.)
 * 3. Encode the batch, store it under the next sequence number, and number the new series. Begin
 *    again with 1.
 * What people said of a value goes with it: who typed it, and a note; that a report is finished
 * goes with the last batch of its day (finished.c). Not so while the province does not take it.
 *
 * When numbers run out, the series that need one wait for the next life (life.c).
 *
 * Only some batches are sealed ahead of their acks (I10). What comes while the province is away
 * waits as current values, and goes in batches of a day each when it is back: 90 days of 10
 * per-minute series are 90 batches and 0.5 bytes a figure then, instead of 130,000 batches and 6.9
 * bytes a figure. */
#include "common/base/array.h"
#include "common/base/utf8.h"
#include "common/base/varint.h"
#include "common/model/catalogue.h"
#include "common/model/labels.h"
#include "spool/spool_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_POINTS_MAX   65536u
#define BATCH_BYTES_MAX    (190u * 1024u) /* of Columns before compression; a frame has 256 KiB */
#define BATCH_DECLARED_MAX 1024u          /* of WIRE_DECLARED_MAX; memory stays small */
#define BATCH_ROOM         16384u         /* of the file, kept free for the batch to come */
#define RUN_BYTES          16u            /* number, count, index: the most they take */
/* I10: so much may wait sealed, two credits of batches. A transaction stays below some 4 MB. */
#define AHEAD_BATCHES 32u
#define AHEAD_FIGURES 65536u

struct sealing { /* one batch in the making */
	struct spool *spool;
	struct batch batch;
	const struct spool_life *life; /* that it is of */
	int64_t seq;                   /* its number */
	int64_t *ids;                  /* owned [runs_room]; series.id of each run */
	size_t points_room, runs_room;
	uint32_t next_number;
	size_t bytes;     /* an upper bound of Columns so far */
	uint32_t numbers; /* there are so many */
	bool full;
	bool out_of_numbers; /* something was left that has none */
	size_t remarks_room;
	bool remarks; /* the province takes what people say: as when the batch was begun */
	struct {      /* of the batch's authors, in their order */
		uint16_t id;
		char name[SPOOL_AUTHOR_MAX + 1];
	} authors[WIRE_AUTHORS_MAX];
	const char *names[WIRE_AUTHORS_MAX]; /* theirs */
	struct finishing finished[WIRE_FINISHED_MAX];
};

struct row { /* a chunk with unsealed values; borrowed from the statement */
	int64_t id, shape;
	const char *metric, *labels;
	uint32_t number, part;
	bool declared;
	const void *points; /* NULL: to be read */
	size_t points_len;
};

static int row_read(sqlite3_stmt *st, struct row *ret_row, struct err *err)
{
	struct db_row cells = { st, err, 0 };
	struct row row = {
		.id = sqlite3_column_int64(st, 0),
		.declared = sqlite3_column_type(st, 1) != SQLITE_NULL,
		.metric = db_row_text(&cells, 2),
		.labels = db_row_text(&cells, 3),
		.shape = row_shape(&cells, 4),
		.part = (uint32_t)db_row_int(&cells, 5, 0, CHUNK_PARTS - 1),
	};
	if (row.declared)
		row.number = (uint32_t)db_row_int(&cells, 1, 0, WIRE_SERIES_MAX - 1);
	if (sqlite3_column_type(st, 6) != SQLITE_NULL)
		row.points = db_row_blob(&cells, 6, &row.points_len);
	*ret_row = row;
	return cells.rc;
}

static void sealing_reset(struct sealing *sealing)
{
	for (size_t i = 0; i < sealing->batch.n_declared; i++) {
		free((void *)(uintptr_t)sealing->batch.declared[i].metric);
		free((void *)(uintptr_t)sealing->batch.declared[i].labels);
	}
	for (size_t i = 0; i < sealing->batch.n_remarks; i++)
		free((void *)(uintptr_t)sealing->batch.remarks[i].text);
	sealing->batch.n_declared = sealing->batch.n_runs = sealing->batch.n_points = 0;
	sealing->batch.n_authors = sealing->batch.n_remarks = sealing->batch.n_finished = 0;
	sealing->batch.authors = sealing->names;
	sealing->batch.finished = sealing->finished;
	sealing->bytes = 64; /* day, clock, field headers */
	sealing->full = sealing->out_of_numbers = false;
	sealing->remarks = !sealing->spool->remarks_withheld;
}

static void sealing_free(struct sealing *sealing)
{
	sealing_reset(sealing);
	free(sealing->batch.declared);
	free(sealing->batch.runs);
	free(sealing->batch.points);
	free(sealing->batch.remarks);
	free(sealing->ids);
}

static size_t point_bytes(const struct chunk_value *value)
{
	return varint_len(zigzag(value->value_e)) + 2 /* step */ + (value->withdrawn ? 3u : 0u);
}

/* 1 and where @id is among the batch's authors; 0: it is not. */
static uint16_t author_at(const struct sealing *sealing, uint16_t id)
{
	for (size_t i = 0; i < sealing->batch.n_authors; i++)
		if (sealing->authors[i].id == id)
			return (uint16_t)(i + 1);
	return 0;
}

/* As a point has it, where it is entered if it is not there: 0: nobody was asked. -E2BIG (err
 * untouched): there is no room for one more. */
static int author_enter(void *context, uint16_t id, struct err *err)
{
	struct sealing *sealing = context;
	struct batch *batch = &sealing->batch;
	uint16_t at = id == 0 ? 0 : author_at(sealing, id);
	if (id == 0 || at > 0)
		return at;
	char *name =
		sealing->authors[batch->n_authors < WIRE_AUTHORS_MAX ? batch->n_authors : 0].name;
	if (batch->n_authors == WIRE_AUTHORS_MAX)
		return -E2BIG;
	int rc = spool_author_name(sealing->spool, id, name, err);
	if (rc < 0 || *name == '\0') /* or it is damaged */
		return rc;
	/* From the first on each value has a number for it. */
	sealing->bytes += strlen(name) + 4 + (batch->n_authors == 0 ? batch->n_points : 0);
	sealing->authors[batch->n_authors].id = id;
	sealing->names[batch->n_authors] = name;
	return (int)++batch->n_authors;
}

/* What people said of the newest point, @value. */
static int remark_add(struct sealing *sealing, const struct row *row,
		      const struct chunk_value *value, struct err *err)
{
	char text[SPOOL_NOTE_MAX + 1];
	struct batch *batch = &sealing->batch;
	uint32_t at = (uint32_t)(batch->n_points - 1);
	int author = author_enter(sealing, value->author, err);
	if (author < 0)
		return author;
	batch->points[at].author = (uint16_t)author;
	sealing->bytes += batch->n_authors > 0;
	if (!value->noted)
		return 0;
	int rc = spool_note_get(sealing->spool, row->id, batch->day, value->nth, text, err);
	if (rc < 0 || *text == '\0') /* or it is damaged */
		return rc;
	if (ARRAY_RESERVE(batch->remarks, sealing->remarks_room, batch->n_remarks + 1) < 0)
		return err_memory(err);
	char *kept = strdup(text);
	if (!kept)
		return err_memory(err);
	batch->remarks[batch->n_remarks++] = (struct remark){ at, kept };
	sealing->bytes += strlen(text) + 8;
	return 0;
}

/* Is there room for what is said of @value, if the province takes it? */
static bool has_remark_room(const struct sealing *sealing, const struct chunk_value *value)
{
	const struct batch *batch = &sealing->batch;
	if (!sealing->remarks)
		return true;
	bool is_new = value->author != 0 && author_at(sealing, value->author) == 0;
	size_t bytes = (value->noted ? SPOOL_NOTE_MAX + 8u : 0u) + (batch->n_authors > 0) +
		       (is_new ? SPOOL_AUTHOR_MAX + 4u : 0u) +
		       (is_new && batch->n_authors == 0 ? batch->n_points + 1 : 0);
	return (!is_new || batch->n_authors < WIRE_AUTHORS_MAX) &&
	       (!value->noted || batch->n_remarks < WIRE_NOTES_MAX) &&
	       sealing->bytes + bytes + point_bytes(value) + RUN_BYTES <= BATCH_BYTES_MAX;
}

static int declare(struct sealing *sealing, const struct row *row)
{
	struct batch *batch = &sealing->batch;
	if (!batch->declared &&
	    !(batch->declared = calloc(BATCH_DECLARED_MAX, sizeof(*batch->declared))))
		return -ENOMEM;
	char *metric = strdup(row->metric), *labels = strdup(row->labels);
	if (!metric || !labels) {
		free(metric);
		free(labels);
		return -ENOMEM;
	}
	if (batch->n_declared == 0)
		batch->first_declared = sealing->next_number;
	batch->declared[batch->n_declared++] =
		(struct declaration){ .metric = metric,
				      .labels = labels,
				      .grain = shape_grain(row->shape),
				      .calendar = shape_calendar(row->shape),
				      .decimals = shape_decimals(row->shape) };
	sealing->bytes += strlen(metric) + strlen(labels) + RUN_BYTES;
	return 0;
}

static int run_add(struct sealing *sealing, const struct row *row)
{
	struct batch *batch = &sealing->batch;
	size_t room = sealing->runs_room;
	if (ARRAY_RESERVE(sealing->ids, room, batch->n_runs + 1) < 0 ||
	    ARRAY_RESERVE(batch->runs, sealing->runs_room, batch->n_runs + 1) < 0)
		return -ENOMEM;
	if (!row->declared && declare(sealing, row) < 0)
		return -ENOMEM;
	sealing->ids[batch->n_runs] = row->id;
	batch->runs[batch->n_runs++] =
		(struct run){ .series = row->declared ? row->number : sealing->next_number,
			      .first = (uint32_t)batch->n_points };
	if (!row->declared)
		sealing->next_number++;
	sealing->bytes += RUN_BYTES;
	return 0;
}

static bool has_room(const struct sealing *sealing, const struct row *row,
		     const struct chunk_value *value, bool new_run)
{
	size_t bytes = sealing->bytes + point_bytes(value);
	if (new_run)
		bytes += RUN_BYTES;
	if (new_run && !row->declared)
		bytes += strlen(row->metric) + strlen(row->labels) + RUN_BYTES;
	return bytes <= BATCH_BYTES_MAX && sealing->batch.n_points < BATCH_POINTS_MAX &&
	       (row->declared || sealing->batch.n_declared < BATCH_DECLARED_MAX);
}

static int point_add(struct sealing *sealing, const struct row *row,
		     const struct chunk_value *value, struct err *err)
{
	struct batch *batch = &sealing->batch;
	bool new_run = batch->n_runs == 0 || sealing->ids[batch->n_runs - 1] != row->id;
	bool said = value->author != 0 || value->noted || batch->n_authors > 0;
	if (!has_room(sealing, row, value, new_run) || (said && !has_remark_room(sealing, value))) {
		sealing->full = true;
		return 0;
	}
	if (new_run && run_add(sealing, row) < 0)
		return err_memory(err);
	if (ARRAY_RESERVE(batch->points, sealing->points_room, batch->n_points + 1) < 0)
		return err_memory(err);
	batch->points[batch->n_points++] = (struct point){ .value_e = value->value_e,
							   .nth = (uint16_t)value->nth,
							   .withdrawn = value->withdrawn };
	batch->runs[batch->n_runs - 1].n++;
	sealing->bytes += point_bytes(value);
	return said && sealing->remarks ? remark_add(sealing, row, value, err) : 0;
}

/* Can the wire name this series? wire_batch_encode() takes no other. */
static bool series_is_sound(const struct row *row)
{
	size_t len = strlen(row->metric);
	return len >= 1 && len <= METRIC_NAME_MAX && utf8_printable(row->metric, len) &&
	       labels_valid(row->labels) && (!row->declared || row->number < WIRE_SERIES_MAX) &&
	       (unsigned)shape_grain(row->shape) < GRAIN_COUNT &&
	       shape_decimals(row->shape) <= DECIMALS_MAX;
}

static int row_take(struct spool *spool, int32_t day, const struct row *row, struct err *err)
{
	const struct chunk_key key = { .series = row->id, .day = day, .part = row->part };
	if (!series_is_sound(row))
		return err_set(err, -EUCLEAN,
			       "series %lld is damaged: its name or labels cannot be right",
			       (long long)row->id);
	if (row->points)
		return chunk_cache_fill(spool, &key, row->points, row->points_len, err);
	return chunk_cache_load(spool, row->id, day, row->part * CHUNK_PERIODS, err);
}

/* What is unsealed of a chunk, until the batch is full. */
static int points_add(struct spool *spool, struct sealing *sealing, const struct row *row,
		      struct err *err)
{
	struct chunk *chunk = &spool->cache.chunk;
	int rc = row_take(spool, sealing->batch.day, row, err);
	for (uint32_t i = 0; rc == 0 && i < chunk->n; i++) {
		struct chunk_value *value = &chunk->values[i];
		if (value->seq != 0)
			continue;
		if (value->nth >= grain_per_day(shape_grain(row->shape)))
			return err_set(err, -EUCLEAN,
				       "'%s' has a figure of a period that does not lie in its day",
				       row->metric);
		if ((rc = point_add(sealing, row, value, err)) < 0)
			return rc;
		if (sealing->full)
			break;
		value->seq = sealing->seq;
		spool->cache.changed = true;
	}
	return rc;
}

static int collect(struct spool *spool, struct sealing *sealing, struct err *err)
{
	sqlite3_stmt *unsealed = spool_statement(spool, SQL_UNSEALED, err);
	if (!unsealed)
		return err->code;
	if (spool_bind(unsealed, 2, (int64_t[]){ sealing->batch.day, BATCH_POINTS_MAX }) !=
	    SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = 0;
	while (rc >= 0 && !sealing->full && (rc = db_step(unsealed, err)) == 1) {
		struct row row;
		if ((rc = row_read(unsealed, &row, err)) < 0)
			break;
		/* Series without a number come last. Is there one for this one? */
		size_t n = sealing->batch.n_runs;
		bool begun = n > 0 && sealing->ids[n - 1] == row.id;
		if (!row.declared && !begun && sealing->next_number >= sealing->numbers) {
			sealing->out_of_numbers = true;
			break;
		}
		rc = points_add(spool, sealing, &row, err);
	}
	(void)sqlite3_reset(unsealed); /* repeats the step's error, already told */
	return rc < 0 ? rc : chunk_cache_flush(spool, err);
}

static int store(struct spool *spool, uint64_t seq, const struct batch *batch,
		 const struct blob *payload, struct err *err)
{
	sqlite3_stmt *add = spool_statement(spool, SQL_BATCH_ADD, err);
	if (!add)
		return err->code;
	int64_t columns[] = { (int64_t)seq, batch->day, (int64_t)batch->n_points,
			      batch->sealed_us };
	if (spool_bind(add, 4, columns) != SQLITE_OK ||
	    sqlite3_bind_blob(add, 5, payload->data, (int)payload->len, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	return db_run(add, err);
}

static int number_series(struct spool *spool, const struct sealing *sealing, struct err *err)
{
	const struct batch *batch = &sealing->batch;
	int rc = 0;
	for (size_t i = 0; i < batch->n_runs && rc == 0; i++) {
		const struct run *run = &batch->runs[i];
		if (batch->n_declared > 0 && run->series >= batch->first_declared)
			rc = spool_run(spool, SQL_SERIES_NUMBER, 3,
				       (int64_t[]){ run->series, sealing->seq, sealing->ids[i] },
				       err);
	}
	return rc;
}

/* What the disk says is judged here, because wire_batch_encode() asserts its rules. */
static int damaged(int64_t day, struct err *err)
{
	return err_set(err, -EUCLEAN,
		       "the values of day %lld do not agree with what is said about them; stop the "
		       "agent, and 'lantoa-agent spool verify' says more",
		       (long long)day);
}

/* One batch of @day: 1 made, 0 there is no number for any of it. */
static int seal_day(struct spool *spool, struct sealing *sealing, int64_t day, uint64_t seq,
		    struct err *err)
{
	if (day < DAY_MIN || day > DAY_MAX)
		return damaged(day, err);
	bool is_first = seq == sealing->life->begin + 1;
	sealing->batch.day = (int32_t)day;
	sealing->seq = (int64_t)seq;
	sealing->batch.from_spool = is_first ? sealing->life->from_id : 0;
	sealing->batch.from_seq = is_first ? sealing->life->from_seq : 0;
	int rc = collect(spool, sealing, err);
	if (rc < 0)
		return rc;
	if (sealing->batch.n_points == 0)
		return sealing->out_of_numbers ? 0 : damaged(day, err);
	if (!sealing->full && !sealing->out_of_numbers && sealing->remarks)
		rc = spool_finished_take(spool, &sealing->batch, sealing->seq, author_enter,
					 sealing, err);
	if (rc < 0)
		return rc;
	struct blob payload = { 0 };
	rc = wire_batch_encode(&sealing->batch, &payload, err);
	if (rc == 0)
		rc = store(spool, seq, &sealing->batch, &payload, err);
	if (rc == 0)
		rc = number_series(spool, sealing, err);
	if (rc == 0)
		rc = spool_run(spool, SQL_META_LAST, 1, (int64_t[]){ (int64_t)seq }, err);
	blob_free(&payload);
	return rc < 0 ? rc : 1;
}

/* The first day of which something waits: a figure, or that a report is finished. @ret_figures: of
 * the one. -ENODATA (err untouched): nothing does. */
static int waiting_day(struct spool *spool, int64_t *ret_day, bool *ret_figures, struct err *err)
{
	int64_t finished = INT64_MAX, figures = INT64_MAX;
	int rc = spool_number(spool, SQL_UNSEALED_DAY, 0, NULL, &figures, err);
	/* Asked once: a spool that is sealed by the minute hears of few such sentences, or of none.
	 */
	if ((rc == 0 || rc == -ENODATA) && !spool->remarks_withheld && !spool->none_finished) {
		rc = spool_number(spool, SQL_FINISHED_DAY, 0, NULL, &finished, err);
		spool->none_finished = rc == -ENODATA && !spool->finished_taken;
	}
	if (rc < 0 && rc != -ENODATA)
		return rc;
	*ret_figures = figures <= finished;
	*ret_day = *ret_figures ? figures : finished;
	return *ret_day == INT64_MAX ? -ENODATA : 0;
}

/* A value that goes once more: 1; 0: there is none. */
static int unseal_one(struct spool *spool, const struct chunk_key *key, struct err *err)
{
	struct chunk_cache *cache = &spool->cache;
	int rc = chunk_cache_load(spool, key->series, key->day, (uint32_t)key->part * CHUNK_PERIODS,
				  err);
	if (rc < 0)
		return rc;
	if (cache->chunk.n == 0)
		return damaged(key->day, err);
	cache->chunk.values[0].seq = 0;
	cache->changed = true;
	rc = chunk_cache_flush(spool, err);
	return rc < 0 ? rc : 1;
}

/* Of @day only this is to be said, and a batch needs a figure. Where none is kept any more, it is
 * given up. */
static int carry_finished(struct spool *spool, int64_t day, struct err *err)
{
	struct chunk_key key;
	int rc = spool_chunk_of_day(spool, day, &key, err);
	if (rc == 1)
		return unseal_one(spool, &key, err);
	spool->finished_taken = true;
	return rc < 0 ? rc : spool_run(spool, SQL_FINISHED_GIVE_UP, 1, &day, err);
}

/* One batch: 1 made, 0 nothing is unsealed, or has a number. */
static int seal_next(struct spool *spool, struct sealing *sealing, uint64_t seq, struct err *err)
{
	int64_t day;
	bool figures;
	int rc = 0;
	sealing_reset(sealing);
	while ((rc = waiting_day(spool, &day, &figures, err)) == 0 && !figures)
		if ((rc = carry_finished(spool, day, err)) < 0)
			return rc;
	if (rc < 0)
		return rc == -ENODATA ? 0 : rc;
	return seal_day(spool, sealing, day, seq, err);
}

/* Seal some value once more that went already: 1, or 0 when there is none. */
static int seal_again(struct spool *spool, struct sealing *sealing, uint64_t seq, struct err *err)
{
	struct chunk_key key;
	int rc = spool_chunk_numbered(spool, &key, err);
	if (rc <= 0)
		return rc;
	sealing_reset(sealing);
	rc = unseal_one(spool, &key, err);
	return rc < 0 ? rc : seal_day(spool, sealing, key.day, seq, err);
}

struct ahead { /* sealed, and not acked */
	uint64_t batches, figures;
};

static int ahead_read(struct spool *spool, uint64_t acked_seq, struct ahead *ret_ahead,
		      struct err *err)
{
	sqlite3_stmt *waiting = spool_statement(spool, SQL_BATCH_WAITING, err);
	if (!waiting)
		return err->code;
	if (spool_bind(waiting, 1, (int64_t[]){ (int64_t)acked_seq }) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_step(waiting, err);
	if (rc == 1) {
		ret_ahead->batches = (uint64_t)sqlite3_column_int64(waiting, 0);
		ret_ahead->figures = (uint64_t)sqlite3_column_int64(waiting, 1);
	}
	(void)sqlite3_reset(waiting); /* repeats the step's error, already told */
	return rc < 0 ? rc : 0;
}

/* 1: all that was unsealed is sealed; 0: some is left until acks make room, or another life. */
static int seal_all(struct spool *spool, struct sealing *sealing, struct ahead ahead,
		    uint64_t *last, struct err *err)
{
	int64_t next_number;
	int rc = spool_number(spool, SQL_SERIES_NEXT, 0, NULL, &next_number, err);
	if (rc == 0 && (next_number < 0 || next_number > WIRE_SERIES_MAX))
		rc = err_set(err, -EUCLEAN, "a series has a number that none can have");
	if (rc < 0)
		return rc;
	sealing->next_number = (uint32_t)next_number;
	while (ahead.batches < AHEAD_BATCHES && ahead.figures < AHEAD_FIGURES) {
		rc = spool_make_room(spool, spool->limits.bytes_max - BATCH_ROOM, err);
		if (rc == -ENOSPC)
			return 0;
		if (rc == 0)
			rc = seal_next(spool, sealing, *last + 1, err);
		if (rc <= 0)
			return rc < 0 ? rc : !sealing->out_of_numbers;
		*last += 1;
		ahead.batches++;
		ahead.figures += sealing->batch.n_points;
	}
	int64_t day;
	bool figures;
	rc = waiting_day(spool, &day, &figures, err);
	return rc == -ENODATA ? 1 : rc;
}

/* @before: the last batch before this sealing. */
static int end_life(struct spool *spool, struct sealing *sealing, struct spool_meta *meta,
		    uint64_t before, struct err *err)
{
	int rc = 0;
	if (meta->last_seq == before)
		rc = seal_again(spool, sealing, meta->last_seq + 1, err);
	if (rc < 0)
		return rc;
	meta->last_seq += (uint64_t)rc;
	sealing->out_of_numbers = true; /* whatever was found since */
	return spool_life_end(spool, meta, err);
}

static int seal_some(struct spool *spool, struct spool_meta *meta, int64_t now_us, struct err *err)
{
	struct ahead ahead = { 0 };
	int rc = ahead_read(spool, meta->acked_seq, &ahead, err);
	if (rc == 0)
		rc = db_begin(spool->db, err);
	if (rc < 0)
		return rc;
	struct sealing sealing = { .spool = spool,
				   .batch.sealed_us = now_us,
				   .life = &meta->life,
				   .numbers = spool_numbers(spool) };
	uint64_t before = meta->last_seq;
	int all = 0;
	if (meta->end_seq != 0 && meta->acked_seq >= meta->end_seq)
		all = spool_life_next(spool, meta, err);
	spool_life_origin(spool, &meta->life);
	if (all == 0 && meta->end_seq == 0)
		all = seal_all(spool, &sealing, ahead, &meta->last_seq, err);
	if (all == 0 && sealing.out_of_numbers)
		all = end_life(spool, &sealing, meta, before, err);
	sealing_free(&sealing);
	if (all < 0)
		return all;
	if (meta->last_seq == before && !sealing.out_of_numbers) { /* no room: nothing to write */
		spool_rollback(spool);
		return all;
	}
	rc = spool_commit(spool, err);
	if (rc < 0)
		return rc;
	spool->life = meta->life;
	return all;
}

/* Figures that waited for the time are there to be sealed once it is known. */
static int date_first(struct spool *spool, struct err *err)
{
	if (!spool->clock || spool->undated_here == 0)
		return 0;
	struct moment now = clock_now(spool->clock);
	int rc = db_begin(spool->db, err);
	if (rc == 0)
		rc = spool_date_pending(spool, &now, err);
	if (rc == 1)
		return spool_commit(spool, err);
	spool_rollback(spool);
	return rc;
}

static int seal(struct spool *spool, int64_t now_us, uint64_t *ret_last, bool *ret_more,
		struct err *err)
{
	struct spool_meta meta;
	int64_t day;
	bool figures;
	int rc = date_first(spool, err);
	if (rc == 0)
		rc = spool_meta(spool, &meta, err);
	if (rc < 0)
		return rc;
	spool->life = meta.life;
	rc = waiting_day(spool, &day, &figures, err);
	int all = rc == -ENODATA ? 1 /* the usual case: nothing to do, nothing written */
		  : rc < 0       ? rc
				 : seal_some(spool, &meta, now_us, err);
	if (all < 0)
		return all;
	*ret_last = meta.last_seq;
	*ret_more = !all;
	return 0;
}

int spool_seal(struct spool *spool, int64_t now_us, uint64_t *ret_last, bool *ret_more,
	       struct err *err)
{
	int rc = seal(spool, now_us, ret_last, ret_more, err);
	if (rc < 0) {
		spool_rollback(spool);
		spool->undated_here = -1;
		return err_wrap(err, "spool '%s': seal", spool->path);
	}
	return 0;
}

int spool_batch(struct spool *spool, uint64_t seq, struct blob *out, struct err *err)
{
	sqlite3_stmt *get = spool_statement(spool, SQL_BATCH_GET, err);
	if (!get)
		return err->code;
	if (spool_bind(get, 1, (int64_t[]){ (int64_t)seq }) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_step(get, err);
	if (rc == 1 &&
	    blob_append(out, sqlite3_column_blob(get, 0), (size_t)sqlite3_column_bytes(get, 0)) < 0)
		rc = err_memory(err);
	else if (rc == 0)
		rc = err_set(err, -ENOENT, "batch %llu is not kept", (unsigned long long)seq);
	(void)sqlite3_reset(get); /* repeats the step's error, already told */
	return rc < 0 ? err_wrap(err, "spool '%s'", spool->path) : 0;
}
