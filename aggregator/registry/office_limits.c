#include "registry/office_limits.h"
#include "common/base/array.h"
#include "common/base/hash.h"
#include "common/base/i18n.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000u

static const struct limit_kind kinds[] = {
#define LIMIT_ROW(id, word, is_rate, most_of_it, lowest, help, text)                               \
	[id] = { .name = #word,                                                                    \
		 .rate = is_rate,                                                                  \
		 .fallback = most_of_it,                                                           \
		 .least = lowest,                                                                  \
		 .what = text },
	OFFICE_LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
};

const struct limit_kind *limit_kind(enum limit limit)
{
	return &kinds[limit];
}

struct limits limits_default(void)
{
	struct limits limits = { 0 };
	for (size_t i = 0; i < LIMIT_COUNT; i++)
		limits.most[i] = kinds[i].fallback;
	return limits;
}

int limits_refuse(const struct limits *limits, enum limit limit, struct err *err)
{
	uint32_t most = limits->most[limit];
	switch (limit) {
	case LIMIT_SPOOLS:
		return err_set(err, -EDQUOT,
			       "this office has started %u spools, as many as it may: find out why "
			       "its spool is started again and again; then the province may raise "
			       "[limits] spools",
			       most);
	case LIMIT_SERIES:
		return err_set(
			err, -EDQUOT,
			"this office would declare more than %u series, as many as it may: use "
			"fewer different label values; or the province may raise [limits] series",
			most);
	case LIMIT_DAY:
		return err_set(
			err, -EDQUOT,
			"this office has sent more than %u observations for one day, corrections "
			"included: find out why that day is sent again and again; then the "
			"province may raise [limits] day",
			most);
	default:
		return err_set(
			err, -EDQUOT,
			"more than %u rows of this office would wait in quarantine: the province "
			"mends their cause and runs `lantoa quarantine release --all`, or raises "
			"[limits] held; until then this waits at the office",
			most);
	}
}

/* Of a level how many there are. Of a rate what was used, in units times a minute's milliseconds:
 * in a millisecond as many are forgiven as the limit says for a minute. */
struct gauge {
	uint64_t used;
	uint64_t at_ms; /* of a rate: when @used was right */
	uint64_t hit_ms;
	uint32_t hits; /* stays at its highest */
};

struct meter {
	int64_t who;
	struct gauge gauges[LIMIT_COUNT];
};

struct meters {
	const struct limits *limits; /* outlives us */
	struct meter *list;          /* owned [n] */
	size_t n, room;
	struct hash_index by_who; /* of list */
};

struct meters *meters_open(const struct limits *limits)
{
	struct meters *meters = calloc(1, sizeof(*meters));
	if (meters)
		meters->limits = limits;
	return meters;
}

void meters_close(struct meters *meters)
{
	if (!meters)
		return;
	hash_index_deinit(&meters->by_who);
	free(meters->list);
	free(meters);
}

const struct limits *meters_limits(const struct meters *meters)
{
	return meters->limits;
}

/* Where the place of @who stands, or goes. Ids are given in order, by us. */
static uint32_t *place_of(const struct meters *meters, int64_t who)
{
	uint32_t *place = hash_slot(&meters->by_who,
				    (size_t)((uint64_t)who * UINT64_C(0x9e3779b97f4a7c15) >> 20));
	while (*place && meters->list[*place - 1].who != who)
		place = hash_slot_next(&meters->by_who, place);
	return place;
}

static struct meter *meter_of(const struct meters *meters, int64_t who)
{
	uint32_t place = meters->n ? *place_of(meters, who) : 0;
	return place ? &meters->list[place - 1] : NULL;
}

static const struct gauge *find(const struct meters *meters, int64_t who, enum limit limit)
{
	const struct meter *meter = meter_of(meters, who);
	return meter ? &meter->gauges[limit] : NULL;
}

/* Room for one more; on failure all is as it was. */
static int grow(struct meters *meters)
{
	if (ARRAY_RESERVE(meters->list, meters->room, meters->n + 1) < 0)
		return -ENOMEM;
	if (meters->n < hash_index_room(&meters->by_who))
		return 0;
	if (hash_index_make(&meters->by_who, meters->n + 1) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < meters->n; i++)
		*place_of(meters, meters->list[i].who) = (uint32_t)i + 1;
	return 0;
}

/* NULL: out of memory. */
static struct gauge *gauge_of(struct meters *meters, int64_t who, enum limit limit)
{
	struct meter *meter = meter_of(meters, who);
	if (!meter) {
		if (grow(meters) < 0)
			return NULL;
		meter = &meters->list[meters->n];
		*meter = (struct meter){ .who = who };
		*place_of(meters, who) = (uint32_t)++meters->n;
	}
	return &meter->gauges[limit];
}

static uint64_t most_of(const struct meters *meters, enum limit limit)
{
	return meters->limits->most[limit];
}

/* What of a rate's use is not forgiven yet. */
static uint64_t used_by(const struct meters *meters, const struct gauge *gauge, enum limit limit,
			uint64_t now_ms)
{
	uint64_t passed = now_ms > gauge->at_ms ? now_ms - gauge->at_ms : 0;
	uint64_t forgiven = passed < MINUTE_MS ? passed * most_of(meters, limit) : UINT64_MAX;
	return gauge->used > forgiven ? gauge->used - forgiven : 0;
}

static void hit(struct gauge *gauge, uint64_t now_ms)
{
	gauge->hits += gauge->hits < UINT32_MAX;
	gauge->hit_ms = now_ms;
}

bool meters_take(struct meters *meters, int64_t who, enum limit limit, uint64_t amount,
		 uint64_t now_ms)
{
	struct gauge *gauge = gauge_of(meters, who, limit);
	if (!gauge)
		return true;
	uint64_t most = most_of(meters, limit), full = most * MINUTE_MS;
	uint64_t used = used_by(meters, gauge, limit, now_ms);
	uint64_t wanted = (amount < most ? amount : most) * MINUTE_MS;
	if (used + wanted > full) {
		hit(gauge, now_ms);
		return false;
	}
	gauge->used = used + wanted;
	gauge->at_ms = now_ms;
	return true;
}

uint64_t meters_wait_ms(const struct meters *meters, int64_t who, enum limit limit, unsigned share,
			uint64_t now_ms)
{
	const struct gauge *gauge = find(meters, who, limit);
	uint64_t most = most_of(meters, limit);
	if (!gauge)
		return 0;
	uint64_t used = used_by(meters, gauge, limit, now_ms);
	uint64_t allowed = most * MINUTE_MS / 100 * (100 - share);
	return used > allowed ? (used - allowed + most - 1) / most : 0;
}

bool meters_open_to(struct meters *meters, int64_t who, enum limit limit, uint64_t now_ms)
{
	struct gauge *gauge = gauge_of(meters, who, limit);
	uint64_t full = most_of(meters, limit) * MINUTE_MS;
	if (!gauge || used_by(meters, gauge, limit, now_ms) + MINUTE_MS <= full)
		return true;
	hit(gauge, now_ms);
	return false;
}

void meters_spend(struct meters *meters, int64_t who, enum limit limit, uint64_t amount,
		  uint64_t now_ms)
{
	struct gauge *gauge = gauge_of(meters, who, limit);
	if (!gauge)
		return;
	uint64_t most = most_of(meters, limit), full = most * MINUTE_MS;
	uint64_t used =
		used_by(meters, gauge, limit, now_ms) + (amount < most ? amount : most) * MINUTE_MS;
	gauge->used = used < full ? used : full;
	gauge->at_ms = now_ms;
}

bool meters_enter(struct meters *meters, int64_t who, enum limit limit, uint64_t now_ms)
{
	struct gauge *gauge = gauge_of(meters, who, limit);
	if (!gauge)
		return true;
	if (gauge->used >= most_of(meters, limit)) {
		hit(gauge, now_ms);
		return false;
	}
	gauge->used++;
	return true;
}

void meters_leave(struct meters *meters, int64_t who, enum limit limit)
{
	struct gauge *gauge = gauge_of(meters, who, limit);
	if (gauge && gauge->used > 0) /* one that came in without memory was not counted */
		gauge->used--;
}

void meters_hit(struct meters *meters, int64_t who, enum limit limit, uint64_t now_ms)
{
	struct gauge *gauge = gauge_of(meters, who, limit);
	if (gauge)
		hit(gauge, now_ms);
}

static bool hit_lately(const struct gauge *gauge, uint64_t now_ms)
{
	return gauge->hits > 0 && now_ms < gauge->hit_ms + LIMIT_SHOWN_MS;
}

struct meter_reading meters_read(const struct meters *meters, int64_t who, enum limit limit,
				 uint64_t now_ms)
{
	const struct gauge *gauge = find(meters, who, limit);
	if (!gauge)
		return (struct meter_reading){ 0 };
	uint64_t used = gauge->used;
	if (kinds[limit].rate)
		used = (used_by(meters, gauge, limit, now_ms) + MINUTE_MS - 1) / MINUTE_MS;
	return (struct meter_reading){ .used = used,
				       .hits = gauge->hits,
				       .now = hit_lately(gauge, now_ms) };
}

struct limit_report meters_report(const struct meters *meters, uint64_t now_ms)
{
	struct limit_report report = { 0 };
	uint64_t last_ms = 0;
	for (size_t i = 0; i < meters->n; i++) {
		bool at_limit = false;
		for (unsigned k = 0; k < LIMIT_COUNT; k++) {
			const struct gauge *gauge = &meters->list[i].gauges[k];
			if (!hit_lately(gauge, now_ms))
				continue;
			at_limit = true;
			if (gauge->hit_ms < last_ms)
				continue;
			last_ms = gauge->hit_ms;
			report.who = meters->list[i].who;
			report.limit = (enum limit)k;
			report.until_ms = last_ms + LIMIT_SHOWN_MS;
		}
		report.n += at_limit;
	}
	return report;
}
