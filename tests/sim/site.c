#include "sim/world.h"

#include "proto/lantoa.pb-c.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define READ_MS  10u /* of a batch from the spool */
#define SEAL_MS  1000u
#define RENEW_MS 50u
#define SET_MS   14400000u /* until a clock is set */

static void must(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->text);
}

static void tell(struct world *world, uint32_t index, struct protocol_event event);

/* --- ticks --- */

static void on_tick(struct world *world, struct event *event)
{
	struct site *office = &world->offices[event->office];
	if (office->life != event->life || office->tick_ms != event->at_ms)
		return; /* another came before it */
	office->tick_ms = UINT64_MAX;
	tell(world, event->office, (struct protocol_event){ .type = PROTOCOL_TICK });
}

static void arm_tick(struct world *world, uint32_t index)
{
	struct site *office = &world->offices[index];
	uint64_t next_ms = protocol_next_ms(&office->core);
	if (next_ms < world->now_ms)
		next_ms = world->now_ms;
	if (next_ms == office->tick_ms)
		return;
	office->tick_ms = next_ms;
	if (next_ms != UINT64_MAX)
		world_plan(world, next_ms - world->now_ms, on_tick, index)->life = office->life;
}

/* --- carrying out what the core decides --- */

static void remember_last(struct site *office, uint64_t seq, const uint8_t *digest)
{
	office->last_seq = seq;
	memcpy(office->last_digest, digest, sizeof(office->last_digest));
}

/* As uplink.c tells the province what a batch was made behind. */
static void chain(struct site *office, struct frame *frame)
{
	uint8_t digest[WIRE_DIGEST_LEN];
	if (office->protocol >= WIRE_CHAINED && office->last_seq > 0 &&
	    office->last_seq == frame->seq - 1) {
		frame->before_told = true;
		memcpy(frame->before, office->last_digest, sizeof(frame->before));
	}
	wire_digest(frame->payload.data, frame->payload.len, digest);
	remember_last(office, frame->seq, digest);
}

static void on_read(struct world *world, struct event *event)
{
	struct site *office = &world->offices[event->office];
	struct err err = { 0 };
	if (office->life != event->life)
		return;
	struct frame frame = { .kind = FRAME_BATCH,
			       .spool_id = office->spool_life.id,
			       .seq = event->frame.seq - office->spool_life.begin };
	uint32_t session = (uint32_t)event->frame.spool_id; /* rides there */
	enum protocol_result result = PROTOCOL_NO_ROOM;
	int rc = spool_batch(office->spool, event->frame.seq, &frame.payload, &err);
	if (rc == -ENOENT)
		result = PROTOCOL_MISSING;
	else if (rc == 0 && session == office->core.session && office->connected &&
		 !world_chance(world, world->weather.lost_answers))
		result = PROTOCOL_SENT;
	if (result == PROTOCOL_SENT) {
		assert_true(protocol_in_flight(&office->core) < office->core.credit);
		chain(office, &frame);
		link_to_province(world, event->office, &frame);
	} else {
		blob_free(&frame.payload);
	}
	tell(world, event->office,
	     (struct protocol_event){ .type = PROTOCOL_BATCH_DONE,
				      .seq = event->frame.seq,
				      .session = session,
				      .result = result });
}

static void seal(struct world *world, uint32_t index)
{
	struct err err = { 0 };
	struct site *office = &world->offices[index];
	uint64_t last;
	must(spool_seal(office->spool, world_now_us(world), &last, &office->unsealed_waits, &err),
	     &err);
	struct spool_life life = spool_life(office->spool);
	if (life.id != office->spool_life.id) {
		office->spool_life = life;
		office->last_seq = 0;
		world->counts.lives++;
		tell(world, index,
		     (struct protocol_event){ .type = PROTOCOL_REBORN, .begin = life.begin });
	}
	tell(world, index, (struct protocol_event){ .type = PROTOCOL_SEALED, .last_seq = last });
}

static void on_seal(struct world *world, struct event *event)
{
	struct site *office = &world->offices[event->office];
	if (office->life == event->life && office->core.state != PROTOCOL_RENEWING)
		seal(world, event->office);
}

static void on_renewed(struct world *world, struct event *event)
{
	struct site *office = &world->offices[event->office];
	struct err err = { 0 };
	if (office->life != event->life)
		return;
	must(spool_renew(office->spool, &err), &err);
	office->renewals++;
	office->spool_life = spool_life(office->spool);
	office->last_seq = 0;
	tell(world, event->office, (struct protocol_event){ .type = PROTOCOL_RENEWED });
	seal(world, event->office);
}

static void on_not_noted(struct world *world, struct event *event)
{
	if (world->offices[event->office].life == event->life)
		tell(world, event->office, (struct protocol_event){ .type = PROTOCOL_NOT_NOTED });
}

static void say(struct world *world, uint32_t index, enum frame_kind kind)
{
	struct site *office = &world->offices[index];
	const struct spool_life *life = &office->spool_life;
	bool proving = office->core.proving;
	struct frame frame = { .kind = kind,
			       .spool_id = proving ? life->before_id : life->id,
			       .seq = proving ? life->begin - life->before_begin
					      : office->core.last_seq - life->begin };
	world->counts.proofs += proving && kind == FRAME_HELLO;
	frame.protocol = office->speaks;
	if (office->connected)
		link_to_province(world, index, &frame);
}

static void perform(struct world *world, uint32_t index, const struct protocol_action *action)
{
	struct site *office = &world->offices[index];
	struct err err = { 0 };
	struct event *event;
	switch (action->type) {
	case PROTOCOL_OPEN:
		link_open(world, index);
		break;
	case PROTOCOL_CLOSE:
		link_close(world, index);
		break;
	case PROTOCOL_SEND_HELLO:
		say(world, index, FRAME_HELLO);
		break;
	case PROTOCOL_SEND_PING:
		say(world, index, FRAME_PING);
		break;
	case PROTOCOL_SEND_BATCH:
		event = world_plan(world, world_about(world, READ_MS), on_read, index);
		event->life = office->life;
		event->frame = (struct frame){ .seq = action->seq, .spool_id = action->session };
		break;
	case PROTOCOL_RELEASE:
		if (world_chance(world, world->weather.failed_notes)) {
			world_plan(world, 1, on_not_noted, index)->life = office->life;
			break;
		}
		must(spool_acked(office->spool, action->seq, world_now_us(world), &err), &err);
		if (office->unsealed_waits)
			world_plan(world, 1, on_seal, index)->life = office->life;
		break;
	case PROTOCOL_RENEW:
		world_plan(world, RENEW_MS, on_renewed, index)->life = office->life;
		break;
	case PROTOCOL_SAY:
		break;
	}
}

static void tell(struct world *world, uint32_t index, struct protocol_event event)
{
	struct site *office = &world->offices[index];
	event.now_ms = world->now_ms;
	event.dice = dice_next(world->dice);
	struct protocol_actions actions = protocol_step(&office->core, event);
	if (office->core.state == PROTOCOL_WELCOME)
		assert_true(protocol_in_flight(&office->core) <= office->core.credit);
	for (size_t i = 0; i < actions.n; i++)
		perform(world, index, &actions.list[i]);
	arm_tick(world, index);
}

/* --- what comes in --- */

void site_hear(struct world *world, uint32_t index, const struct frame *frame)
{
	struct site *office = &world->offices[index];
	struct protocol_event event = { .type = PROTOCOL_CONNECTED };
	const struct spool_life *life = &office->spool_life;
	uint64_t begin = office->core.proving ? life->before_begin : life->begin;
	uint64_t seq = frame ? begin + frame->seq : 0;
	if (frame && frame->kind != FRAME_WELCOME && frame->kind != FRAME_PING &&
	    frame->spool_id != office->spool_life.id)
		return; /* about a spool that was renewed since, as uplink.c judges */
	if (frame && frame->kind == FRAME_WELCOME) {
		struct err err = { 0 };
		office->restored = false;
		if (office->clock)
			clock_hear(office->clock, world_now_us(world));
		must(spool_matches(office->spool, seq, frame->payload.data, frame->payload.len,
				   &event.matches, &err),
		     &err);
		if (office->core.state == PROTOCOL_GREETING) {
			office->protocol = frame->protocol;
			office->last_seq = 0;
			if (frame->payload.len == WIRE_DIGEST_LEN)
				remember_last(office, frame->seq, frame->payload.data);
		}
	}
	if (frame) {
		event.type = frame->kind == FRAME_WELCOME   ? PROTOCOL_WELCOMED
			     : frame->kind == FRAME_ACK     ? PROTOCOL_ACKED
			     : frame->kind == FRAME_REFUSED ? PROTOCOL_REFUSED
							    : PROTOCOL_HEARD;
		event.upto = event.seq = seq;
		event.code = frame->code;
		event.credit = WORLD_CREDIT;
		event.slow_down_ms = frame->slow_down_ms;
	}
	tell(world, index, event);
}

void site_cut(struct world *world, uint32_t index)
{
	struct site *office = &world->offices[index];
	bool told = office->connected;
	if (office->line == 0)
		return;
	link_close(world, index);
	link_open(world, index); /* libzmq connects again by itself */
	if (told)
		tell(world, index, (struct protocol_event){ .type = PROTOCOL_DISCONNECTED });
}

/* --- the clerk --- */

static struct observation cell_figure(size_t metric, size_t day, size_t hour)
{
	static const char *const names[CELL_METRICS] = { "a.day", "b.hour" };
	int32_t first = day_from_civil(2025, 6, 26); /* the same cells, however long it takes */
	return (struct observation){
		.metric = names[metric],
		.labels = "",
		.period = period_in_day(CALENDAR_CIVIL, metric ? GRAIN_HOUR : GRAIN_DAY,
					first + (int32_t)day, (uint32_t)hour),
	};
}

static void record_one(struct world *world, struct site *office)
{
	struct dice *dice = world->dice;
	size_t metric = dice_below(dice, CELL_METRICS), day = dice_below(dice, WORLD_DAYS);
	size_t hour = metric ? dice_below(dice, CELL_HOURS) : 0;
	struct cell *cell = &office->cells[metric][day][hour];
	struct observation obs = cell_figure(metric, day, hour);
	struct err err = { 0 };
	obs.value_e = dice_between(dice, 0, 1000000000);
	obs.withdrawn = dice_below(dice, 10) == 0;
	obs.add = dice_below(dice, 3) == 0;
	must(spool_record(office->spool, &obs, 1, NULL, &err), &err);
	if (obs.add && !obs.withdrawn && cell->recorded && !cell->withdrawn)
		obs.value_e += cell->value_e;
	*cell = (struct cell){ .recorded = true,
			       .withdrawn = obs.withdrawn,
			       .value_e = obs.value_e };
}

void site_record(struct world *world, uint32_t index)
{
	struct site *office = &world->offices[index];
	for (uint64_t n = 1 + dice_below(world->dice, 3); n > 0; n--)
		record_one(world, office);
	world_plan(world, SEAL_MS, on_seal, index)->life = office->life;
}

/* From the clerk's own papers. */
static void record_all_again(struct world *world, uint32_t index)
{
	struct site *office = &world->offices[index];
	struct err err = { 0 };
	for (size_t i = 0; i < CELL_METRICS * WORLD_DAYS * CELL_HOURS; i++) {
		size_t metric = i / CELL_HOURS / WORLD_DAYS, day = i / CELL_HOURS % WORLD_DAYS;
		const struct cell *cell = &office->cells[metric][day][i % CELL_HOURS];
		if (!cell->recorded)
			continue;
		struct observation obs = cell_figure(metric, day, i % CELL_HOURS);
		obs.value_e = cell->value_e;
		obs.withdrawn = cell->withdrawn;
		must(spool_record(office->spool, &obs, 1, NULL, &err), &err);
		if (world_chance(world, 100)) /* in several sittings */
			seal(world, index);
	}
	seal(world, index);
}

bool site_is_done(struct site *office)
{
	struct spool_status status;
	struct err err = { 0 };
	must(spool_status(office->spool, &status, &err), &err);
	return status.unsealed == 0 && status.acked_seq == status.last_seq;
}

/* --- power --- */

static void machine_read(void *context, struct clock_reading *ret_reading)
{
	const struct machine *machine = context;
	uint64_t now_ms = machine->world->now_ms;
	int64_t boot_us = (int64_t)(now_ms - machine->started_ms) * 1000;
	bool is_set = now_ms >= machine->set_at_ms;
	*ret_reading = (struct clock_reading){
		.wall_us = is_set ? world_now_us(machine->world) : boot_us,
		.boot_us = boot_us,
		.synchronised = is_set,
	};
}

static int64_t machine_battery(void *context)
{
	(void)context;
	return 0;
}

/* A start of the machine: its clock is of 1970, and set some hours later, or never. */
static void machine_start(struct world *world, struct site *office)
{
	struct machine *machine = &office->machine;
	struct clock_source source = { .read = machine_read,
				       .battery = machine_battery,
				       .boot = machine->boot,
				       .context = machine };
	struct err err = { 0 };
	*machine = (struct machine){ .world = world,
				     .started_ms = world->now_ms,
				     .set_at_ms =
					     world_chance(world, 300)
						     ? UINT64_MAX
						     : world->now_ms + world_about(world, SET_MS) };
	(void)snprintf(machine->boot, sizeof(machine->boot), "boot-%u", office->life);
	clock_close(office->clock);
	must(clock_open(&source, &office->clock, &err), &err);
}

static void power_up(struct world *world, uint32_t index)
{
	struct site *office = &world->offices[index];
	uint64_t bound = world->weather.spool_bytes;
	struct spool_limits limits = { .bytes_max = bound ? bound : UINT64_C(1) << 30,
				       .keep_days = bound ? 35 : 3650,
				       .numbers_max = world->weather.numbers };
	struct protocol_timing timing = protocol_timing(5000, 300000);
	struct spool_status status;
	struct err err = { 0 };
	office->life++;
	office->tick_ms = UINT64_MAX;
	office->speaks = world->weather.mixed && world_chance(world, 500) ? 1 : WIRE_PROTOCOL_MAX;
	must(spool_open(office->path, &limits, &office->spool, NULL, &err), &err);
	if (world->weather.dead_batteries) {
		machine_start(world, office);
		spool_use_clock(office->spool, office->clock);
	}
	must(spool_status(office->spool, &status, &err), &err);
	office->spool_life = spool_life(office->spool);
	protocol_init(&office->core, &timing);
	tell(world, index,
	     (struct protocol_event){ .type = PROTOCOL_START,
				      .last_seq = status.last_seq,
				      .upto = status.acked_seq,
				      .begin = office->spool_life.begin });
	seal(world, index);
}

/* Somebody copies the spool, or brings an old copy back: then true. */
static bool mind_the_copy(struct world *world, struct site *office)
{
	if (*office->copy && world_chance(world, 300)) {
		world_copy(office->copy, office->path);
		return true;
	}
	if (world_chance(world, 500)) {
		(void)snprintf(office->copy, sizeof(office->copy), "%s.copy", office->path);
		world_copy(office->path, office->copy);
	}
	return false;
}

static void on_second_cut(struct world *world, struct event *event);

/* After a copy came back the clerk hands all in again, and then the power may be cut once more,
 * before the province was heard: by then as many batches may be sealed anew as were lost, so that
 * its upto alone does not give the old copy away. */
static void restart(struct world *world, uint32_t index, bool copies)
{
	struct site *office = &world->offices[index];
	world->counts.restarts++;
	world->counts.restored_restarts += office->restored;
	if (office->line)
		link_close(world, index);
	spool_close(office->spool);
	bool restored = copies && mind_the_copy(world, office);
	office->restored |= restored;
	power_up(world, index);
	if (!restored)
		return;
	world->counts.restored++;
	record_all_again(world, index);
	if (world_chance(world, 500))
		world_plan(world, world_about(world, SEAL_MS), on_second_cut, index)->life =
			office->life;
}

static void on_second_cut(struct world *world, struct event *event)
{
	if (world->offices[event->office].life == event->life)
		restart(world, event->office, false);
}

static void on_power_cut(struct world *world, struct event *event)
{
	if (!world->weather.office_ms)
		return;
	restart(world, event->office, world->weather.spool_restores);
	world_plan(world, world_about(world, world->weather.office_ms), on_power_cut,
		   event->office);
}

void site_open(struct world *world, uint32_t index)
{
	struct site *office = &world->offices[index];
	char code[16];
	(void)snprintf(code, sizeof(code), "o%u", index);
	office->id = testbed_office(&world->testbed, code, "1", day_from_civil(2020, 1, 1));
	testbed_refresh(&world->testbed);
	(void)snprintf(office->path, sizeof(office->path), "%s/%s.db", world->folder, code);
	power_up(world, index);
	if (world->weather.office_ms)
		world_plan(world, world_about(world, world->weather.office_ms), on_power_cut,
			   index);
}

void site_restart(struct world *world, uint32_t index)
{
	restart(world, index, false);
}

void site_recorded(struct world *world, uint32_t index)
{
	struct site *office = &world->offices[index];
	world_plan(world, SEAL_MS, on_seal, index)->life = office->life;
}

void site_close(struct site *office)
{
	spool_close(office->spool);
	clock_close(office->clock);
}
