/* Recording: figures come in, one transaction per call.
 *
 * 1. Find the series of each figure, or make it. (It gets its wire number when it is first sealed.)
 * 2. Go series by series, because values that lie together are read and written together (chunk.h),
 *    and compare each figure with the current value. The same value is no news.
 * 3. Put the new value as unsealed (seq 0), see that the file stays within its bound, and commit.
 *
 * I1: spool_record() returns after the commit's fsync. Whatever fails on the way rolls back, and
 * the spool is as it was. */
#include "common/base/array.h"
#include "common/model/civil.h"
#include "spool/spool_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* So many figures are put in order together. With 40 series it is 200 of each, more than a chunk
 * has, and it takes some 160 KB. */
#define SORTED_MAX 8192u

struct place { /* of a figure in its series */
	int32_t day;
	uint32_t nth;
};

struct value {
	int64_t value_e;
	unsigned decimals;
	bool withdrawn, noted;
	uint16_t author;
	int64_t series; /* where it lies */
};

static struct place place_of(struct period period)
{
	return (struct place){ period_first_day(period), period_nth(period) };
}

/* The figure's current value, in whichever series it lies; its chunk is cached then. 1: found, 0:
 * there is none. */
static int value_find(struct spool *spool, const struct series *series, struct place place,
		      struct value *ret_value, struct err *err)
{
	for (size_t i = 0; i < series->n; i++) {
		int rc = chunk_cache_load(spool, series->of[i].id, place.day, place.nth, err);
		if (rc < 0)
			return rc;
		const struct chunk_value *found = chunk_find(&spool->cache.chunk, place.nth);
		if (!found)
			continue;
		*ret_value = (struct value){ .value_e = found->value_e,
					     .decimals = series->of[i].decimals,
					     .withdrawn = found->withdrawn,
					     .noted = found->noted,
					     .series = series->of[i].id };
		return 1;
	}
	return 0;
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

/* There is no value to add to. Was there never one, or was it trimmed? */
static int check_never_was(struct spool *spool, const struct observation *obs, struct place place,
			   struct err *err)
{
	int32_t trimmed;
	int64_t shape = shape_pack(obs->period.calendar, obs->period.grain, obs->decimals);
	int rc = spool_trimmed_to(spool, &trimmed, err);
	if (rc < 0 || place.day >= kept_from(trimmed, shape))
		return rc;
	return err_set(err, -ESTALE,
		       "what was recorded of %s so long ago is no longer kept here; "
		       "record the whole value instead of adding",
		       obs->metric);
}

/* The value that follows from @obs and the current value @was (NULL: there is none). */
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

/* Is @note another one than what stands at @was? */
static int is_other_note(struct spool *spool, const struct value *was, struct place place,
			 const char *note, struct err *err)
{
	char text[SPOOL_NOTE_MAX + 1] = "";
	int rc = was->noted ? spool_note_get(spool, was->series, place.day, place.nth, text, err)
			    : 0;
	return rc < 0 ? rc : strcmp(text, note) != 0;
}

/* Take @was out of the series it lies in, where that is not @series, and put @value there. */
static int value_put(struct spool *spool, struct place place, const struct value *was,
		     const struct value *value, const char *note, struct err *err)
{
	int64_t series = value->series;
	struct chunk_cache *cache = &spool->cache;
	int rc = 0;
	if (was && was->noted)
		rc = spool_note_drop(spool, was->series, place.day, place.nth, err);
	if (rc == 0 && value->noted)
		rc = spool_note_put(spool, series, place.day, place.nth, note, err);
	if (rc == 0 && was && was->series != series) {
		rc = chunk_cache_load(spool, was->series, place.day, place.nth, err);
		if (rc < 0)
			return rc;
		chunk_drop(&cache->chunk, place.nth);
		cache->changed = true;
	}
	if (rc == 0)
		rc = chunk_cache_load(spool, series, place.day, place.nth, err);
	if (rc < 0)
		return rc;
	*chunk_enter(&cache->chunk, place.nth) =
		(struct chunk_value){ .nth = place.nth,
				      .value_e = value->value_e,
				      .withdrawn = value->withdrawn,
				      .noted = value->noted,
				      .author = value->author };
	cache->changed = true;
	return 0;
}

/* 1 the current value changed, 0 no news. @alone: not where the other kind stands (one_kind.c). */
static int record_in(struct spool *spool, struct series *series, const struct observation *obs,
		     struct place place, bool alone, struct err *err)
{
	struct value was = { 0 },
		     value = { .withdrawn = obs->withdrawn, .noted = obs->note && *obs->note };
	int rc, found = value_find(spool, series, place, &was, err);
	if (found < 0)
		return found;
	if (obs->add && !found && (rc = check_never_was(spool, obs, place, err)) < 0)
		return rc;
	if ((rc = value_next(obs, found ? &was : NULL, &value.value_e, err)) < 0)
		return rc;
	/* I2: a figure that is recorded again as it is, is not sent again, unless somebody says
	 * something new of it. */
	if (found && was.decimals == obs->decimals && was.withdrawn == obs->withdrawn &&
	    was.value_e == value.value_e) {
		rc = obs->note ? is_other_note(spool, &was, place, obs->note, err) : 0;
		if (rc <= 0)
			return rc;
	}
	if (alone && (rc = spool_whole_check(spool, obs, err)) < 0)
		return rc;
	rc = spool_series_with_decimals(spool, series, obs->decimals, &value.series, err);
	if (rc == 0)
		rc = spool_author_id(spool, obs->author, &value.author, err);
	if (rc == 0)
		rc = value_put(spool, place, found ? &was : NULL, &value, obs->note, err);
	return rc < 0 ? rc : 1;
}

int spool_record_one(struct spool *spool, const struct observation *obs, struct err *err)
{
	struct series series;
	int rc = spool_series_find(spool, obs->metric, obs->labels, obs->period, &series, err);
	if (rc < 0)
		return rc;
	rc = record_in(spool, &series, obs, place_of(obs->period), false, err);
	spool_series_free(&series);
	return rc;
}

uint64_t spool_record_limit(const struct spool *spool)
{
	return spool->limits.bytes_max - spool->limits.bytes_max / 4;
}

/* I10: inside the transaction, is what was put within the file's bound? Acked batches make way. */
int spool_keep_within_bound(struct spool *spool, struct err *err)
{
	int rc = spool_make_room(spool, spool_record_limit(spool), err);
	if (rc == -ENOSPC)
		return err_set(err, -ENOSPC,
			       "it is full (of at most %llu bytes) of figures that wait for the "
			       "province; mend the link, or raise [spool] bytes_max",
			       (unsigned long long)spool->limits.bytes_max);
	return rc;
}

/* I10: is there more than the reserve left on the disk? This is asked before anything is written,
 * because others share the disk, and what is refused in time needs no repair. */
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

struct left_out { /* figures at fault that were passed over */
	size_t n;
	struct err why; /* of the last */
};

/* Observations of one call, at most SORTED_MAX of them at a time. */
struct roll {
	struct spool *spool;
	struct moment now;
	struct series_set series;
	struct listed {
		struct place place;
		uint32_t series; /* index; UNDATED: it is done */
	} * listed;              /* owned [SORTED_MAX] or fewer */
	uint32_t *order;         /* owned, the same */
	uint32_t *ones; /* owned [n_ones]: which are news, and not to stand beside another kind */
	size_t n_ones, room_ones;
	bool news;
	struct left_out *left_out; /* NULL: one at fault refuses all */
};

#define UNDATED UINT32_MAX

/* Which series, which period; what has none yet is recorded so. */
static int list_one(struct roll *roll, const struct observation *obs, struct listed *ret_listed,
		    struct err *err)
{
	struct period period = obs->period;
	int rc = 0;
	if (obs->now && !roll->now.known) {
		ret_listed->series = UNDATED;
		roll->news = true;
		return spool_undated_add(roll->spool, obs, roll->now.boot_us, err);
	}
	if (obs->now)
		period = civil_period(period.calendar, period.grain, roll->now.at_us);
	else if (!roll->now.known)
		rc = spool_undated_trace(roll->spool, obs, err);
	if (rc < 0)
		return rc;
	ret_listed->place = place_of(period);
	return series_set_find(&roll->series, roll->spool, obs, &ret_listed->series, err);
}

/* By series, and in each as they came: a counting sort. Returns how many; -ENOMEM. */
static int64_t put_in_order(struct roll *roll, size_t n)
{
	size_t *next = calloc(roll->series.n + 1, sizeof(*next));
	if (!next)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (roll->listed[i].series != UNDATED)
			next[roll->listed[i].series + 1]++;
	for (size_t k = 0; k < roll->series.n; k++)
		next[k + 1] += next[k];
	int64_t dated = (int64_t)next[roll->series.n];
	for (size_t i = 0; i < n; i++)
		if (roll->listed[i].series != UNDATED)
			roll->order[next[roll->listed[i].series]++] = (uint32_t)i;
	free(next);
	return dated;
}

bool spool_is_figure_fault(int rc)
{
	return rc == -ERANGE || rc == -E2BIG || rc == -ESTALE || rc == -EEXIST;
}

/* True: the figure with @rc is left out, and the others go on. */
static bool passes_over(struct roll *roll, int rc, const struct err *err)
{
	if (!roll->left_out || !spool_is_figure_fault(rc))
		return false;
	roll->left_out->n++;
	roll->left_out->why = *err;
	return true;
}

/* @obs is the @from'th of the call. @ret_bad: the one at fault. */
static int record_some(struct roll *roll, const struct observation obs[], size_t from, size_t n,
		       size_t *ret_bad, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		*ret_bad = i;
		int rc = list_one(roll, &obs[i], &roll->listed[i], err);
		if (rc < 0 && !passes_over(roll, rc, err))
			return rc;
		if (rc < 0)
			roll->listed[i].series = UNDATED; /* no more of it */
	}
	int64_t dated = put_in_order(roll, n);
	if (dated < 0)
		return err_memory(err);
	for (int64_t k = 0; k < dated; k++) {
		size_t i = *ret_bad = roll->order[k];
		const struct listed *listed = &roll->listed[i];
		bool one_kind = obs[i].one_kind && !obs[i].withdrawn && !obs[i].now;
		int rc = record_in(roll->spool, &roll->series.list[listed->series], &obs[i],
				   listed->place, one_kind && roll->left_out, err);
		if (rc < 0 && !passes_over(roll, rc, err))
			return rc;
		roll->news |= rc == 1;
		if (rc == 1 && one_kind && !roll->left_out) {
			if (ARRAY_RESERVE(roll->ones, roll->room_ones, roll->n_ones + 1) < 0)
				return err_memory(err);
			roll->ones[roll->n_ones++] = (uint32_t)(from + i);
		}
	}
	return 0;
}

static int record_each(struct roll *roll, const struct observation obs[], size_t n, size_t *ret_bad,
		       struct err *err)
{
	int rc = 0;
	for (size_t from = 0; from < n && rc == 0; from += SORTED_MAX) {
		size_t bad = 0, left = n - from, some = left < SORTED_MAX ? left : SORTED_MAX;
		roll->listed = malloc(some * sizeof(*roll->listed));
		roll->order = malloc(some * sizeof(*roll->order));
		if (roll->listed && roll->order && series_set_init(&roll->series, some) == 0)
			rc = record_some(roll, obs + from, from, some, &bad, err);
		else
			rc = err_memory(err);
		*ret_bad = from + bad;
		series_set_deinit(&roll->series);
		free(roll->listed);
		free(roll->order);
	}
	for (size_t k = 0; k < roll->n_ones && rc == 0; k++) {
		*ret_bad = roll->ones[k];
		rc = spool_whole_check(roll->spool, &obs[*ret_bad], err);
	}
	free(roll->ones);
	return rc;
}

static int record_all(struct spool *spool, const struct observation obs[], size_t n,
		      struct left_out *left_out, size_t *ret_bad, struct err *err)
{
	struct roll roll = { .spool = spool, .now = clock_now(spool->clock), .left_out = left_out };
	int rc = check_disk(spool, err);
	if (rc == 0)
		rc = db_begin(spool->db, err);
	if (rc == 0) {
		rc = spool_date_pending(spool, &roll.now, err);
		roll.news = rc == 1;
	}
	if (rc >= 0)
		rc = record_each(&roll, obs, n, ret_bad, err);
	if (rc < 0)
		return rc;
	if (!roll.news) { /* nothing to write, so nothing to wait for */
		spool_rollback(spool);
		return 0;
	}
	rc = chunk_cache_flush(spool, err);
	if (rc == 0)
		rc = spool_keep_within_bound(spool, err);
	return rc < 0 ? rc : spool_commit(spool, err);
}

static int record(struct spool *spool, const struct observation obs[], size_t n,
		  struct left_out *left_out, size_t *ret_bad, struct err *err)
{
	int rc = record_all(spool, obs, n, left_out, ret_bad, err);
	/* Is it the disk that refuses, rather than something about the figures? */
	if (!spool_is_figure_fault(rc) && rc != -EINVAL && rc != -ENOMEM)
		spool->refused_rc = rc;
	spool->in_want |= rc == -ENOSPC;
	if (rc == 0)
		return 0;
	spool_rollback(spool);
	spool->undated_here = -1;
	/* What is wrong with a figure is told to whoever sent it, who has no use for the name of a
	 * file here. */
	if (spool_is_figure_fault(rc))
		return rc;
	return rc == -ENOSPC ? err_wrap(err, "the spool")
			     : err_wrap(err, "spool '%s'", spool->path);
}

int spool_record(struct spool *spool, const struct observation obs[], size_t n, size_t *ret_bad,
		 struct err *err)
{
	size_t ignored;
	if (!ret_bad)
		ret_bad = &ignored;
	*ret_bad = 0;
	return record(spool, obs, n, NULL, ret_bad, err);
}

int spool_record_good(struct spool *spool, const struct observation obs[], size_t n,
		      size_t *ret_left_out, struct err *err)
{
	size_t bad = 0;
	struct left_out left_out = { 0 };
	int rc = record(spool, obs, n, &left_out, &bad, err);
	if (rc < 0)
		return rc;
	if (left_out.n > 0)
		*err = left_out.why;
	*ret_left_out = left_out.n;
	return 0;
}

int spool_current(struct spool *spool, const char *metric, const char *labels, struct period period,
		  int64_t *ret_value_e, unsigned *ret_decimals, bool *ret_withdrawn,
		  struct err *err)
{
	struct series series;
	struct value value = { 0 };
	int rc = spool_series_find(spool, metric, labels, period, &series, err);
	if (rc == 0) {
		rc = value_find(spool, &series, place_of(period), &value, err);
		spool_series_free(&series);
	}
	if (rc < 0)
		return err_wrap(err, "spool '%s'", spool->path);
	if (rc == 0)
		return err_set(err, -ENOENT, "%s has no value yet", metric);
	*ret_value_e = value.value_e;
	*ret_decimals = value.decimals;
	*ret_withdrawn = value.withdrawn;
	return 0;
}
