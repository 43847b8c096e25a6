#include "sim/world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HANDSHAKE_MS 300u
#define RETRY_MS     15000u /* libzmq's own, between attempts */
#define TRAVEL_MS    80u

static void on_break(struct world *world, struct event *event)
{
	if (world->weather.line_ms && world->offices[event->office].line == event->line)
		site_cut(world, event->office);
}

static void on_attempt(struct world *world, struct event *event)
{
	struct site *office = &world->offices[event->office];
	if (office->line != event->line)
		return;
	if (!world->up || world->weather.cut_off) {
		world_plan(world, world_about(world, RETRY_MS), on_attempt, event->office)->line =
			event->line;
		return;
	}
	office->connected = true;
	office->to_province_ms = office->to_office_ms = world->now_ms;
	world->counts.lines++;
	if (world->weather.line_ms)
		world_plan(world, world_about(world, world->weather.line_ms), on_break,
			   event->office)
			->line = event->line;
	site_hear(world, event->office, NULL);
}

void link_open(struct world *world, uint32_t index)
{
	struct site *office = &world->offices[index];
	office->line = ++office->lines;
	office->connected = false;
	uint64_t away_ms = HANDSHAKE_MS + world->weather.away_ms;
	world_plan(world, world_about(world, away_ms), on_attempt, index)->line = office->line;
}

void link_close(struct world *world, uint32_t index)
{
	struct site *office = &world->offices[index];
	office->broken_line = office->line;
	office->broken_until_ms = world->now_ms + dice_below(world->dice, 2 * TRAVEL_MS);
	office->line = 0;
	office->connected = false;
}

/* --- to the province --- */

static void on_arrival(struct world *world, struct event *event)
{
	const struct site *office = &world->offices[event->office];
	bool alive = office->line == event->line || (office->broken_line == event->line &&
						     world->now_ms <= office->broken_until_ms);
	if (alive && world->up && world->life == event->life &&
	    !world_chance(world, world->weather.lost_frames)) /* out of memory, say */
		province_hear(world, event->office, event->line, &event->frame);
}

static void put_on_line(struct world *world, uint32_t index, struct frame *frame)
{
	struct site *office = &world->offices[index];
	uint64_t at_ms = world->now_ms + world_about(world, TRAVEL_MS);
	if (at_ms < office->to_province_ms)
		at_ms = office->to_province_ms;
	office->to_province_ms = at_ms;
	struct event *event = world_plan(world, at_ms - world->now_ms, on_arrival, index);
	event->line = office->line;
	event->life = world->life;
	event->frame = *frame;
}

void link_to_province(struct world *world, uint32_t index, struct frame *frame)
{
	if (world_chance(world, world->weather.repeats)) {
		struct frame again = *frame;
		again.payload = (struct blob){ 0 };
		assert_int_equal(
			blob_append(&again.payload, frame->payload.data, frame->payload.len), 0);
		put_on_line(world, index, &again);
	}
	put_on_line(world, index, frame);
}

/* --- to an office --- */

static void on_answer(struct world *world, struct event *event)
{
	if (world->offices[event->office].line == event->line)
		site_hear(world, event->office, &event->frame);
}

void link_to_office(struct world *world, uint32_t index, uint32_t line, struct frame *frame)
{
	struct site *office = &world->offices[index];
	if (office->line != line || world_chance(world, world->weather.lost_answers)) {
		blob_free(&frame->payload);
		return;
	}
	uint64_t at_ms = world->now_ms + world_about(world, TRAVEL_MS);
	if (at_ms < office->to_office_ms)
		at_ms = office->to_office_ms;
	office->to_office_ms = at_ms;
	struct event *event = world_plan(world, at_ms - world->now_ms, on_answer, index);
	event->line = line;
	event->frame = *frame;
	frame->payload = (struct blob){ 0 };
}
