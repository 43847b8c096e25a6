#include "registry/office_limits.h"
#include "common/base/i18n.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS   60000u
#define SLOTS_FIRST 64u

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
		return err_set(
			err, -EDQUOT,
			"this office has begun %u spools, as many as it may: find out why its "
			"spool begins anew again and again; then the province may raise "
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
	struct meter *slots;         /* owned [n_slots]: open addressing, at most half full */
	bool *taken;                 /* owned [n_slots] */
	size_t n, n_slots;           /* a power of two, or 0 */
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
	free(meters->slots);
	free(meters->taken);
	free(meters);
}

const struct limits *meters_limits(const struct meters *meters)
{
	return meters->limits;
}

/* The slot of @who, or the free one where it would go. Ids are given in order, by us. */
static size_t slot_of(const struct meters *meters, int64_t who)
{
	size_t slot = (size_t)((uint64_t)who * UINT64_C(0x9e3779b97f4a7c15) >> 20) &
		      (meters->n_slots - 1);
	while (meters->taken[slot] && meters->slots[slot].who != who)
		slot = (slot + 1) & (meters->n_slots - 1);
	return slot;
}

static bool grow(struct meters *meters)
{
	struct meters bigger = { .n_slots = meters->n_slots ? 2 * meters->n_slots : SLOTS_FIRST };
	bigger.slots = calloc(bigger.n_slots, sizeof(*bigger.slots));
	bigger.taken = calloc(bigger.n_slots, sizeof(*bigger.taken));
	if (!bigger.slots || !bigger.taken) {
		free(bigger.slots);
		free(bigger.taken);
		return false;
	}
	for (size_t i = 0; i < meters->n_slots; i++) {
		if (!meters->taken[i])
			continue;
		size_t slot = slot_of(&bigger, meters->slots[i].who);
		bigger.slots[slot] = meters->slots[i];
		bigger.taken[slot] = true;
	}
	free(meters->slots);
	free(meters->taken);
	meters->slots = bigger.slots;
	meters->taken = bigger.taken;
	meters->n_slots = bigger.n_slots;
	return true;
}

static const struct gauge *find(const struct meters *meters, int64_t who, enum limit limit)
{
	if (meters->n == 0)
		return NULL;
	size_t slot = slot_of(meters, who);
	return meters->taken[slot] ? &meters->slots[slot].gauges[limit] : NULL;
}

/* NULL: out of memory. */
static struct gauge *gauge_of(struct meters *meters, int64_t who, enum limit limit)
{
	if (2 * (meters->n + 1) > meters->n_slots && !grow(meters))
		return NULL;
	size_t slot = slot_of(meters, who);
	if (!meters->taken[slot]) {
		meters->taken[slot] = true;
		meters->slots[slot] = (struct meter){ .who = who };
		meters->n++;
	}
	return &meters->slots[slot].gauges[limit];
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
	for (size_t i = 0; i < meters->n_slots; i++) {
		bool at_limit = false;
		for (unsigned k = 0; meters->taken[i] && k < LIMIT_COUNT; k++) {
			const struct gauge *gauge = &meters->slots[i].gauges[k];
			if (!hit_lately(gauge, now_ms))
				continue;
			at_limit = true;
			if (gauge->hit_ms < last_ms)
				continue;
			last_ms = gauge->hit_ms;
			report.who = meters->slots[i].who;
			report.limit = (enum limit)k;
			report.until_ms = last_ms + LIMIT_SHOWN_MS;
		}
		report.n += at_limit;
	}
	return report;
}
