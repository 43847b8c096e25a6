#include "bench/load.h"

#include "common/net/wire.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define MINUTES_PER_DAY 1440u
#define CORRECTED_OF    10u  /* one figure of so many is corrected */
#define CATALOGUE_LINE  128u /* bytes that a metric's line takes at most */

/* Any mixing would do; this is the finalizer of splitmix64. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

uint64_t load_spool_id(unsigned office)
{
	return mix(office + 1u);
}

/* A flow is a count that is busy in office hours and rare at night; a stock climbs slowly and
 * trembles. Both compress about as well as real counters do: neither constant nor noise. */
int64_t load_value(unsigned office, unsigned series, unsigned minute)
{
	uint64_t chance = mix(((uint64_t)office << 40 | (uint64_t)series << 32 | minute) + 1);
	unsigned of_day = minute % MINUTES_PER_DAY;
	if (series % 2 == 1)
		return 1000 * (int64_t)series + 7 * (int64_t)office + minute / 30 +
		       (int64_t)(chance % 3);
	if (of_day >= 7 * 60 && of_day < 17 * 60)
		return (int64_t)(chance % 12);
	return chance % 16 == 0;
}

static bool is_corrected(unsigned office, unsigned series, unsigned minute)
{
	return minute % CORRECTED_OF == (office + series) % CORRECTED_OF;
}

static int64_t corrected_value(unsigned office, unsigned series, unsigned minute)
{
	return load_value(office, series, minute) + 1 + minute % 7;
}

const char *load_metric(unsigned series, char text[LOAD_NAME_MAX])
{
	(void)snprintf(text, LOAD_NAME_MAX, "bench.%s%02u", series % 2 ? "stock" : "flow",
		       series); /* fits */
	return text;
}

int64_t load_total(const struct load *load, unsigned series)
{
	unsigned end = load->shape.monthly     ? load->steps
		       : load->shape.corrected ? load->shape.days * MINUTES_PER_DAY
					       : load->steps * load->shape.minutes;
	unsigned from = series % 2 || load->shape.monthly ? end - 1 : 0;
	int64_t total = 0;
	for (unsigned office = 0; office < load->shape.offices; office++)
		for (unsigned minute = from; minute < end; minute++)
			total += load->shape.corrected && is_corrected(office, series, minute)
					 ? corrected_value(office, series, minute)
					 : load_value(office, series, minute);
	return total;
}

/* --- what a batch holds --- */

static unsigned steps_per_day(const struct load_shape *shape)
{
	return MINUTES_PER_DAY / shape->minutes;
}

/* The first minute of a batch, from there to the next, and where they end. */
struct stretch {
	unsigned from, by, end;
};

/* A day's corrections are dealt to its batches like cards. */
static struct stretch stretch_corrected(const struct load *load, unsigned step, unsigned office,
					unsigned series)
{
	unsigned per_day = steps_per_day(&load->shape);
	unsigned day = (step - load->first_step) / per_day,
		 nth = (step - load->first_step) % per_day;
	return (struct stretch){ day * MINUTES_PER_DAY + nth * CORRECTED_OF +
					 (office + series) % CORRECTED_OF,
				 per_day * CORRECTED_OF, (day + 1) * MINUTES_PER_DAY };
}

static bool step_corrects(const struct load *load, unsigned step)
{
	return load->shape.corrected && step >= load->first_step;
}

int load_each(const struct load *load, unsigned step, unsigned office,
	      int (*on_figure)(void *context, unsigned series, unsigned minute, int64_t value_e),
	      void *context)
{
	bool corrects = step_corrects(load, step);
	unsigned first = step * load->shape.minutes;
	int rc = 0;
	for (unsigned series = 0; series < load->shape.series; series++) {
		struct stretch at = { first, 1, first + load->shape.minutes };
		if (corrects)
			at = stretch_corrected(load, step, office, series);
		for (unsigned minute = at.from; minute < at.end && rc == 0; minute += at.by)
			rc = on_figure(context, series, minute,
				       corrects ? corrected_value(office, series, minute)
						: load_value(office, series, minute));
	}
	return rc;
}

static int catalogue_write(struct load *load, struct err *err)
{
	struct blob *csv = &load->catalogue;
	static const char head[] = "name,label_vi,label_en,unit,kind,time_agg,area_agg,period,"
				   "dimensions,decimals,carry,level,due_days,min,max\n";
	if (blob_append(csv, head, sizeof(head) - 1) < 0 ||
	    blob_reserve(csv, load->shape.series * CATALOGUE_LINE + 1) < 0)
		return err_memory(err);
	for (unsigned i = 0; i < load->shape.series; i++) {
		char name[LOAD_NAME_MAX];
		int n = snprintf((char *)csv->data + csv->len, CATALOGUE_LINE,
				 "%s,%s,%s,thing,%s,sum,%s,,0,0,commune,1,0,\n",
				 load_metric(i, name), name, name,
				 i % 2 ? "stock,last" : "flow,sum",
				 load->shape.monthly ? "month" : "minute");
		assert(n > 0 && n < (int)CATALOGUE_LINE);
		csv->len += (size_t)n;
	}
	csv->data[csv->len] = '\0';
	return 0;
}

/* --- sealing --- */

struct draft { /* a batch with room for one of the shape */
	struct batch batch;
	struct declaration *declared; /* owned, as the arrays of batch */
	char (*names)[LOAD_NAME_MAX]; /* owned */
};

static void draft_close(struct draft *draft)
{
	free(draft->batch.runs);
	free(draft->batch.points);
	free(draft->declared);
	free(draft->names);
}

static int draft_open(const struct load_shape *shape, struct draft *draft, struct err *err)
{
	*draft = (struct draft){ 0 };
	draft->batch.runs = calloc(shape->series, sizeof(struct run));
	draft->batch.points = calloc((size_t)shape->series * shape->minutes, sizeof(struct point));
	draft->declared = calloc(shape->series, sizeof(struct declaration));
	draft->names = calloc(shape->series, sizeof(*draft->names));
	if (!draft->batch.runs || !draft->batch.points || !draft->declared || !draft->names)
		return err_memory(err);
	draft->batch.declared = draft->declared;
	for (unsigned i = 0; i < shape->series; i++)
		draft->declared[i] =
			(struct declaration){ .metric = load_metric(i, draft->names[i]),
					      .labels = "",
					      .grain =
						      shape->monthly ? GRAIN_MONTH : GRAIN_MINUTE };
	return 0;
}

static int draft_take(void *context, unsigned series, unsigned minute, int64_t value_e)
{
	struct batch *batch = context;
	if (batch->n_runs == 0 || batch->runs[batch->n_runs - 1].series != series)
		batch->runs[batch->n_runs++] = (struct run){ series, (uint32_t)batch->n_points, 0 };
	batch->runs[batch->n_runs - 1].n++;
	batch->points[batch->n_points++] =
		(struct point){ .value_e = value_e, .nth = (uint16_t)(minute % MINUTES_PER_DAY) };
	return 0;
}

static int32_t step_day(const struct load *load, unsigned step)
{
	if (load->shape.monthly)
		return load->first_day - (step < load->first_step ? LOAD_MONTH_BEFORE_DAYS : 0);
	if (step_corrects(load, step))
		step -= load->first_step;
	return load->first_day + (int32_t)(step / steps_per_day(&load->shape));
}

/* The figures of @office's @step; only the first batch declares. */
static void draft_fill(struct draft *draft, const struct load *load, unsigned step, unsigned office)
{
	struct batch *batch = &draft->batch;
	batch->day = step_day(load, step);
	batch->n_declared = step == 0 ? load->shape.series : 0;
	batch->first_declared = step == 0 ? 0 : load->shape.series;
	batch->n_runs = batch->n_points = 0;
	(void)load_each(load, step, office, draft_take, batch); /* always 0 */
	for (size_t i = 0; i < batch->n_points && load->shape.monthly; i++)
		batch->points[i].nth = 0;
}

static int seal(struct load *load, struct draft *draft, unsigned step, unsigned office,
		struct blob *payload, struct err *err)
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Batch batch = LANTOA__V1__BATCH__INIT;
	struct blob packed = { 0 };
	uint8_t before[WIRE_DIGEST_LEN];
	payload->len = 0;
	draft_fill(draft, load, step, office);
	int rc = wire_batch_encode(&draft->batch, payload, err);
	if (rc < 0)
		return rc;
	batch.spool_id = load_spool_id(office);
	batch.seq = step + 1;
	batch.payload = (ProtobufCBinaryData){ .data = payload->data, .len = payload->len };
	if (step > 0) {
		const struct sealed *last = load_batch(load, step - 1, office);
		wire_digest(sealed_payload(last), last->payload_len, before);
		batch.before_digest = (ProtobufCBinaryData){ sizeof(before), before };
	}
	frame.kind_case = LANTOA__V1__FRAME__KIND_BATCH;
	frame.batch = &batch;
	rc = wire_frame_pack(&frame, &packed, err);
	if (rc < 0)
		return rc;
	load->batches[(size_t)step * load->shape.offices + office] =
		(struct sealed){ packed.data, (uint32_t)packed.len, (uint32_t)payload->len,
				 step > 0 };
	if (step < load->first_step) {
		load->before += draft->batch.n_points;
	} else {
		load->observations += draft->batch.n_points;
		load->bytes += packed.len;
	}
	return 0;
}

static int seal_all(struct load *load, struct err *err)
{
	struct draft draft;
	struct blob payload = { 0 };
	int rc = draft_open(&load->shape, &draft, err);
	for (unsigned step = 0; step < load->steps && rc == 0; step++)
		for (unsigned office = 0; office < load->shape.offices && rc == 0; office++)
			rc = seal(load, &draft, step, office, &payload, err);
	draft_close(&draft);
	blob_free(&payload);
	return rc;
}

static int shape_check(const struct load_shape *shape, struct err *err)
{
	if (shape->offices < 1 || shape->offices > LOAD_OFFICES_MAX || shape->series < 1 ||
	    shape->series > LOAD_SERIES_MAX || shape->days < 1 || shape->days > LOAD_DAYS_MAX)
		return err_set(err, -EINVAL,
			       "1 to %u offices, 1 to %u series and 1 to %u days can be had",
			       LOAD_OFFICES_MAX, LOAD_SERIES_MAX, LOAD_DAYS_MAX);
	if (shape->minutes < 1 || MINUTES_PER_DAY % shape->minutes != 0)
		return err_set(err, -EINVAL, "a day is no multiple of %u minutes", shape->minutes);
	if (shape->steps >= shape->days * steps_per_day(shape))
		return err_set(err, -EINVAL, "the days hold no %u batches of %u minutes",
			       shape->steps + 1, shape->minutes);
	if (shape->corrected && shape->minutes < CORRECTED_OF)
		return err_set(err, -EINVAL, "corrections need batches of %u minutes or more",
			       CORRECTED_OF);
	return 0;
}

int load_open(const struct load_shape *shape, struct load **ret_load, struct err *err)
{
	int rc = shape_check(shape, err);
	if (rc < 0)
		return rc;
	struct load *load = calloc(1, sizeof(*load));
	if (!load)
		return err_memory(err);
	load->shape = *shape;
	load->steps = shape->monthly ? 1 : shape->days * steps_per_day(shape);
	if (shape->corrected || shape->monthly) {
		load->first_step = load->steps;
		load->steps *= 2;
	}
	if (shape->steps) {
		load->first_step = 1;
		load->steps = shape->steps + 1;
	}
	load->batches = calloc(load_batches(load), sizeof(struct sealed));
	rc = load->batches ? day_parse(LOAD_FIRST_DAY, &load->first_day, err) : err_memory(err);
	if (rc == 0)
		rc = catalogue_write(load, err);
	if (rc == 0)
		rc = seal_all(load, err);
	if (rc < 0)
		load_close(load);
	else
		*ret_load = load;
	return rc;
}

void load_close(struct load *load)
{
	if (!load)
		return;
	for (size_t i = 0; load->batches && i < load_batches(load); i++)
		free(load->batches[i].frame);
	free(load->batches);
	blob_free(&load->catalogue);
	free(load);
}

const struct sealed *load_batch(const struct load *load, unsigned step, unsigned office)
{
	return &load->batches[(size_t)step * load->shape.offices + office];
}

const uint8_t *sealed_payload(const struct sealed *sealed)
{
	size_t behind = sealed->chained ? 2 + WIRE_DIGEST_LEN : 0; /* tag, length, digest */
	return sealed->frame + sealed->len - behind - sealed->payload_len;
}
