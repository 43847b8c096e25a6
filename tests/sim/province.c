#include "sim/world.h"

#include "ingest/acks.h"
#include "proto/lantoa.pb-c.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COMMIT_BATCHES_MAX 4096u /* as aggregator/ingest/committer.c */
#define COMMIT_MS          300u
#define HELLO_MS           100u    /* a question waits for a reader */
#define RETRY_MS           2000u   /* after the disk failed */
#define DOWN_MS            300000u /* without power */
#define COPY_MS            1800000u
#define SLOW_DOWN_MS       20000u

static const char units[] = "code,name,level,parent,valid_from,valid_to\n"
			    "1,Tỉnh,province,,2000-01-01,\n";
static const char catalogue[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"a.day,A,A,u,flow,sum,sum,day,,0,0,province,1,,\n"
	"b.hour,B,B,u,flow,sum,sum,hour,,0,0,province,1,,\n"
	"c.minute,C,C,u,flow,sum,sum,minute,n,0,0,province,1,,\n"
	"d.day,D,D,u,flow,sum,sum,day,n,0,0,province,1,,\n";

static void commit_start(struct world *world);

static void must(struct world *world, int rc)
{
	if (rc < 0)
		fail_msg("%s", world->testbed.err.text);
}

/* --- commits, as aggregator/ingest/committer.c drives them --- */

static uint32_t line_of(const struct gate_peer *peer)
{
	uint32_t line;
	memcpy(&line, peer->routing_id, sizeof(line));
	return line;
}

void province_hear_batch(struct world *world, uint32_t index, uint32_t line,
			 const struct frame *frame, int64_t office)
{
	struct pending *pending =
		batch_queue_add(&world->queue, NULL, frame->payload.data, frame->payload.len);
	assert_non_null(pending);
	pending->peer = (struct gate_peer){ .key_id = index, .routing_id_len = sizeof(line) };
	memcpy(pending->peer.routing_id, &line, sizeof(line));
	pending->form.office = office;
	pending->form.spool_id = frame->spool_id;
	pending->form.seq = frame->seq;
	pending->form.received_us = world_now_us(world);
	if (frame->before_told && world->speaks >= WIRE_CHAINED) {
		pending->form.before_told = true;
		memcpy(pending->form.before, frame->before, sizeof(frame->before));
	}
	commit_start(world);
}

/* What acks.c tells; the gate is the world. */
bool __wrap_gate_answer(struct gate *gate, const struct gate_peer *peer,
			const Lantoa__V1__Frame *frame);
bool __wrap_gate_answer(struct gate *gate, const struct gate_peer *peer,
			const Lantoa__V1__Frame *frame)
{
	struct world *world = (struct world *)gate;
	struct frame answer = { .kind = FRAME_ACK };
	if (line_of(peer) == WORLD_STRANGER)
		return true;
	if (frame->kind_case == LANTOA__V1__FRAME__KIND_ACK) {
		answer.spool_id = frame->ack->spool_id;
		answer.seq = frame->ack->upto;
		if (world_chance(world, world->weather.slow_downs))
			answer.slow_down_ms = (uint32_t)world_about(world, SLOW_DOWN_MS);
	} else {
		assert_int_equal(frame->kind_case, LANTOA__V1__FRAME__KIND_REFUSED);
		assert_int_equal(frame->refused->code, LANTOA__V1__REFUSED__CODE__GAP);
		answer.kind = FRAME_REFUSED;
		answer.spool_id = frame->refused->spool_id;
		answer.seq = frame->refused->seq;
		answer.code = (int)frame->refused->code;
	}
	link_to_office(world, (uint32_t)peer->key_id, line_of(peer), &answer);
	return true;
}

static void count_stranger(struct world *world, const struct pending *pending)
{
	world->counts.refused += pending->posting == POSTING_BAD;
	world->counts.later += pending->posting == POSTING_LATER;
	world->counts.held += pending->n_held;
}

/* Whatever else there was in the commit. */
static void count_good(struct world *world, const struct pending *pending)
{
	if (pending->refusal)
		fail_msg("a good batch was refused: %s", pending->refusal);
	for (size_t i = 0; i < pending->n_held; i++) /* of a machine that was set back */
		assert_int_equal(world->group.held[pending->first_held + i].verdict,
				 VERDICT_OLDER_COPY);
	world->counts.older += pending->n_held;
	world->counts.batches += pending->posting == POSTED;
	world->counts.duplicates += pending->posting == POSTED_BEFORE;
	world->counts.gaps += pending->posting == POSTING_GAP;
	world->counts.parted += pending->posting == POSTING_PARTED;
	world->counts.put_back += pending->posting == POSTING_NEXT;
}

static bool waits_again(void *context, const struct pending *pending)
{
	(void)context;
	(void)pending;
	return true;
}

static void commit_succeeded(struct world *world)
{
	group_commit_succeeded(&world->group);
	world->counts.commits++;
	world->counts.mended += ledger_mended(world->testbed.ledger)->n;
	for (size_t i = 0; i < world->commit.n; i++) {
		const struct pending *pending = &world->commit.list[i];
		if (line_of(&pending->peer) == WORLD_STRANGER)
			count_stranger(world, pending);
		else
			count_good(world, pending);
	}
	struct agent_list nobody = { 0 };
	struct standing_watch standing_watch = { .agents = &nobody };
	acks_send((struct gate *)world, &world->commit, world->group.held,
		  &(struct ack_news){ .standing_watch = &standing_watch });
	batch_queue_put_back(&world->commit, &world->queue, waits_again, NULL);
	batch_queue_clear(&world->commit);
	trouble_copy_log(world);
	world->committing = false;
	commit_start(world);
}

/* The disk is full, or fails once: 0, or the error. */
static int disk_fails(struct world *world)
{
	bool full = world->now_ms < world->full_until_ms;
	if (!full && !world_chance(world, world->weather.failed_commits))
		return 0;
	world->counts.failed_commits++;
	if (!full && world->weather.full_ms)
		world->full_until_ms = world->now_ms + world_about(world, world->weather.full_ms);
	return world->weather.full_ms || world_chance(world, 500) ? -ENOSPC : -EIO;
}

static void on_commit(struct world *world, struct event *event)
{
	struct testbed *testbed = &world->testbed;
	if (world->life != event->life)
		return; /* power was cut in the middle: nothing of it is on disk */
	must(world, db_begin(testbed->db, &testbed->err));
	world->group.ledger = testbed->ledger;
	/* A full disk fails at the first write or at the last, mostly at the first: most of the
	 * thousands of tries cost nothing then. */
	bool at_first = world->now_ms < world->full_until_ms && dice_below(world->dice, 8) > 0;
	int rc = at_first ? 0
			  : group_commit_post(&world->group, testbed->db, testbed->reference,
					      &world->commit, &testbed->err);
	if (rc == 0)
		rc = disk_fails(world);
	if (rc == 0) {
		must(world, db_commit(testbed->db, &testbed->err));
		commit_succeeded(world);
		return;
	}
	db_rollback(testbed->db);
	ledger_forget(testbed->ledger);
	bool in_parts = group_commit_failed(&world->group, rc) == GROUP_IN_PARTS;
	world->counts.in_parts += in_parts;
	world_plan(world, in_parts ? 1 : RETRY_MS, on_commit, 0)->life = world->life;
}

static void commit_start(struct world *world)
{
	if (world->committing || world->queue.n == 0)
		return;
	batch_queue_take(&world->queue, &world->commit, COMMIT_BATCHES_MAX);
	world->committing = true;
	world_plan(world, world_about(world, COMMIT_MS), on_commit, 0)->life = world->life;
}

/* --- frames --- */

/* What a Welcome tells: upto, and its digest. */
static struct frame committed(struct world *world, uint32_t index, uint64_t spool_id)
{
	struct frame welcome = { .kind = FRAME_WELCOME };
	sqlite3_stmt *stmt;
	must(world,
	     db_prepare(world->testbed.db,
			"SELECT upto, upto_digest FROM spool WHERE office = ? AND spool_id = ?",
			&stmt, &world->testbed.err));
	sqlite3_bind_int64(stmt, 1, world->offices[index].id);
	sqlite3_bind_int64(stmt, 2, (int64_t)spool_id);
	int rc = db_step(stmt, &world->testbed.err);
	must(world, rc);
	if (rc == 1) {
		welcome.seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		must(world, blob_append(&welcome.payload, sqlite3_column_blob(stmt, 1),
					(size_t)sqlite3_column_bytes(stmt, 1)));
	}
	sqlite3_finalize(stmt);
	return welcome;
}

/* What was read when the question was asked; a commit may have come between. */
static void on_hello_answered(struct world *world, struct event *event)
{
	if (world->up && world->life == event->life)
		link_to_office(world, event->office, event->line, &event->frame);
}

void province_hear(struct world *world, uint32_t index, uint32_t line, struct frame *frame)
{
	if (frame->kind == FRAME_BATCH) {
		province_hear_batch(world, index, line, frame, world->offices[index].id);
	} else if (frame->kind == FRAME_PING) {
		link_to_office(world, index, line, &(struct frame){ .kind = FRAME_PING });
	} else {
		struct frame welcome = committed(world, index, frame->spool_id);
		welcome.protocol =
			frame->protocol < world->speaks ? frame->protocol : world->speaks;
		struct event *event =
			world_plan(world, world_about(world, HELLO_MS), on_hello_answered, index);
		event->line = line;
		event->life = world->life;
		event->frame = welcome;
	}
}

/* --- power, and copies --- */

/* Closing the last connection folds the WAL into the file. */
static void on_copy(struct world *world, struct event *event)
{
	(void)event;
	if (!world->weather.restores)
		return;
	if (world->up && !world->committing && !world->reader) {
		testbed_release(&world->testbed);
		(void)snprintf(world->copy, sizeof(world->copy), "%s/copy.db", world->folder);
		world_copy(world->testbed.path, world->copy);
		testbed_reopen(&world->testbed);
	}
	world_plan(world, world_about(world, COPY_MS), on_copy, 0);
}

static void come_up(struct world *world);

static void on_power_back(struct world *world, struct event *event)
{
	if (!world->up && world->life == event->life)
		come_up(world);
}

static void on_power_cut(struct world *world, struct event *event)
{
	(void)event;
	if (!world->weather.province_ms)
		return;
	world->counts.crashes++;
	world->life++;
	world->up = world->committing = false;
	batch_queue_clear(&world->queue);
	batch_queue_clear(&world->commit);
	group_commit_succeeded(&world->group); /* it is another process's next */
	trouble_reader_goes(world);
	for (uint32_t i = 0; i < world->n_offices; i++)
		if (world->offices[i].connected)
			site_cut(world, i);
	testbed_release(&world->testbed);
	if (world->weather.restores && *world->copy && world_chance(world, 500)) {
		world_copy(world->copy, world->testbed.path);
		world->counts.restores++;
	}
	world_plan(world, world_about(world, DOWN_MS), on_power_back, 0)->life = world->life;
}

/* It is upgraded, or downgraded, while it is down. */
static void province_choose_version(struct world *world)
{
	world->speaks = world->weather.mixed && world_chance(world, 500) ? 1 : WIRE_PROTOCOL_MAX;
}

static void come_up(struct world *world)
{
	testbed_reopen(&world->testbed);
	world->up = true;
	world->full_until_ms = 0;
	province_choose_version(world);
	if (world->weather.province_ms)
		world_plan(world, world_about(world, world->weather.province_ms), on_power_cut, 0);
}

/* --- life --- */

void province_open(struct world *world)
{
	testbed_open(&world->testbed, units, catalogue, NULL, false);
	world->up = true;
	province_choose_version(world);
	if (world->weather.province_ms)
		world_plan(world, world_about(world, world->weather.province_ms), on_power_cut, 0);
	if (world->weather.restores)
		world_plan(world, world_about(world, COPY_MS), on_copy, 0);
	trouble_begin(world);
}

void province_calm(struct world *world)
{
	if (!world->up)
		come_up(world);
	trouble_reader_goes(world);
}

void province_close(struct world *world)
{
	batch_queue_free(&world->queue);
	batch_queue_free(&world->commit);
	group_commit_free(&world->group);
	testbed_close(&world->testbed);
}
