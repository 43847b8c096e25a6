#include "world.h"

#include "lantoa.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COMMIT_MS    300u
#define HELLO_MS     100u    /* a question waits for a reader */
#define RETRY_MS     2000u   /* after the disk failed */
#define DOWN_MS      300000u /* without power */
#define COPY_MS      1800000u
#define SLOW_DOWN_MS 20000u

static const char units[] = "code,name,level,parent,valid_from,valid_to\n"
			    "1,Tỉnh,province,,2000-01-01,\n";
static const char catalogue[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"a.day,A,A,u,flow,sum,sum,day,,0,0,province,1,,\n"
	"b.hour,B,B,u,flow,sum,sum,hour,,0,0,province,1,,\n"
	"c.minute,C,C,u,flow,sum,sum,minute,n,0,0,province,1,,\n"
	"d.day,D,D,u,flow,sum,sum,day,n,0,0,province,1,,\n";

static void must(struct world *world, int rc)
{
	if (rc < 0)
		fail_msg("%s", world->books.err.text);
}

/* --- the queue --- */

static void queue_clear(struct queue *queue)
{
	for (size_t i = 0; i < queue->n; i++)
		blob_free(&queue->list[i].frame.payload);
	queue->n = 0;
}

static void queue_add(struct queue *queue, uint32_t office, uint32_t line, struct frame *frame)
{
	if (queue->n == queue->room) {
		queue->room = queue->room ? 2 * queue->room : 256;
		queue->list = realloc(queue->list, queue->room * sizeof(*queue->list));
		assert_non_null(queue->list);
	}
	queue->list[queue->n++] = (struct pending){ office, line, *frame };
	frame->payload = (struct blob){ 0 };
}

/* --- commits, as aggregator/committer.c makes them --- */

struct outcome {
	enum posting posting;
	uint64_t upto;
};

static void on_held(void *context, uint32_t series, uint32_t observations, enum verdict verdict)
{
	(void)context;
	fail_msg("series %u: %u figures held as %s", series, observations, verdict_word(verdict));
}

static void post_all(struct world *world, struct outcome outcomes[])
{
	struct books *books = &world->books;
	ledger_begin(books->ledger, books->reference);
	for (size_t i = 0; i < world->commit.n; i++) {
		const struct pending *pending = &world->commit.list[i];
		const struct frame *frame = &pending->frame;
		struct entry_form form = { .office = world->offices[pending->office].id,
					   .spool_id = frame->spool_id,
					   .seq = frame->seq,
					   .payload = frame->payload.data,
					   .len = frame->payload.len,
					   .received_us = world_now_us(world) };
		if (frame->before_told && world->speaks >= WIRE_CHAINED) {
			form.before_told = true;
			memcpy(form.before, frame->before, sizeof(form.before));
		}
		must(world, ledger_post(books->ledger, &form, on_held, NULL, &outcomes[i].posting,
					&outcomes[i].upto, &books->err));
		assert_int_not_equal(outcomes[i].posting, POSTING_BAD);
	}
	must(world, ledger_finish(books->ledger, &books->err));
}

static void answer(struct world *world, const struct pending *pending, enum frame_kind kind,
		   uint64_t seq, int code)
{
	struct frame frame = {
		.kind = kind, .spool_id = pending->frame.spool_id, .seq = seq, .code = code
	};
	if (kind == FRAME_ACK && world_chance(world, world->weather.slow_downs))
		frame.slow_down_ms = (uint32_t)world_about(world, SLOW_DOWN_MS);
	link_to_office(world, pending->office, pending->line, &frame);
}

static bool same_spool(const struct pending *a, const struct pending *b)
{
	return a->office == b->office && a->frame.spool_id == b->frame.spool_id;
}

/* One Ack for all of an office's batches, to where the last came from; then the first gap. */
static void answer_group(struct world *world, size_t last, const struct outcome outcomes[])
{
	const struct pending *list = world->commit.list;
	size_t gap = SIZE_MAX;
	bool parted = false;
	for (size_t i = 0; i <= last; i++) {
		if (!same_spool(&list[i], &list[last]))
			continue;
		parted |= outcomes[i].posting == POSTING_PARTED;
		if (gap == SIZE_MAX && (outcomes[i].posting == POSTING_GAP || parted))
			gap = i;
	}
	if (!parted)
		answer(world, &list[last], FRAME_ACK, outcomes[last].upto, 0);
	if (gap != SIZE_MAX)
		answer(world, &list[gap], FRAME_REFUSED, list[gap].frame.seq,
		       LANTOA__V1__REFUSED__CODE__GAP);
}

static void answer_all(struct world *world, const struct outcome outcomes[])
{
	for (size_t i = 0; i < world->commit.n; i++) {
		bool is_last = true;
		for (size_t j = i + 1; j < world->commit.n && is_last; j++)
			is_last = !same_spool(&world->commit.list[i], &world->commit.list[j]);
		world->counts.batches += outcomes[i].posting == POSTED;
		world->counts.duplicates += outcomes[i].posting == POSTED_BEFORE;
		world->counts.gaps += outcomes[i].posting == POSTING_GAP;
		world->counts.parted += outcomes[i].posting == POSTING_PARTED;
		if (is_last)
			answer_group(world, i, outcomes);
	}
}

static void commit_start(struct world *world);

static void on_commit(struct world *world, struct event *event)
{
	if (world->life != event->life)
		return; /* power was cut in the middle: nothing of it is on disk */
	struct outcome *outcomes = calloc(world->commit.n, sizeof(*outcomes));
	assert_non_null(outcomes);
	must(world, db_begin(world->books.db, &world->books.err));
	post_all(world, outcomes);
	bool full = world->now_ms < world->full_until_ms;
	if (full || world_chance(world, world->weather.failed_commits)) {
		if (!full && world->weather.full_ms)
			world->full_until_ms =
				world->now_ms + world_about(world, world->weather.full_ms);
		db_rollback(world->books.db);
		ledger_forget(world->books.ledger);
		world->counts.failed_commits++;
		world_plan(world, RETRY_MS, on_commit, 0)->life = world->life;
	} else {
		must(world, db_commit(world->books.db, &world->books.err));
		world->counts.commits++;
		answer_all(world, outcomes);
		queue_clear(&world->commit);
		world->committing = false;
		commit_start(world);
	}
	free(outcomes);
}

static void commit_start(struct world *world)
{
	if (world->committing || world->queue.n == 0)
		return;
	struct queue empty = world->commit;
	world->commit = world->queue;
	world->queue = empty;
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
	     db_prepare(world->books.db,
			"SELECT upto, upto_digest FROM spool WHERE office = ? AND spool_id = ?",
			&stmt, &world->books.err));
	sqlite3_bind_int64(stmt, 1, world->offices[index].id);
	sqlite3_bind_int64(stmt, 2, (int64_t)spool_id);
	int rc = db_step(stmt, &world->books.err);
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
		queue_add(&world->queue, index, line, frame);
		commit_start(world);
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
	if (world->up && !world->committing) {
		books_release(&world->books);
		(void)snprintf(world->copy, sizeof(world->copy), "%s/copy.db", world->folder);
		world_copy(world->books.path, world->copy);
		books_reopen(&world->books);
	}
	world_plan(world, world_about(world, COPY_MS), on_copy, 0);
}

static void on_power_back(struct world *world, struct event *event)
{
	if (!world->up && world->life == event->life)
		province_come_up(world);
}

static void on_power_cut(struct world *world, struct event *event)
{
	(void)event;
	if (!world->weather.province_ms)
		return;
	world->counts.crashes++;
	world->life++;
	world->up = world->committing = false;
	queue_clear(&world->queue);
	queue_clear(&world->commit);
	for (uint32_t i = 0; i < world->n_offices; i++)
		if (world->offices[i].connected)
			site_cut(world, i);
	books_release(&world->books);
	if (world->weather.restores && *world->copy && world_chance(world, 500)) {
		world_copy(world->copy, world->books.path);
		world->counts.restores++;
	}
	world_plan(world, world_about(world, DOWN_MS), on_power_back, 0)->life = world->life;
}

/* It is upgraded, or downgraded, while it is down. */
static void province_choose_version(struct world *world)
{
	world->speaks = world->weather.mixed && world_chance(world, 500) ? 1 : WIRE_PROTOCOL_MAX;
}

void province_come_up(struct world *world)
{
	books_reopen(&world->books);
	world->up = true;
	world->full_until_ms = 0;
	province_choose_version(world);
	if (world->weather.province_ms)
		world_plan(world, world_about(world, world->weather.province_ms), on_power_cut, 0);
}

/* --- life --- */

void province_open(struct world *world)
{
	books_open(&world->books, units, catalogue, NULL, false);
	world->up = true;
	province_choose_version(world);
	if (world->weather.province_ms)
		world_plan(world, world_about(world, world->weather.province_ms), on_power_cut, 0);
	if (world->weather.restores)
		world_plan(world, world_about(world, COPY_MS), on_copy, 0);
}

void province_close(struct world *world)
{
	queue_clear(&world->queue);
	queue_clear(&world->commit);
	free(world->queue.list);
	free(world->commit.list);
	books_close(&world->books);
}
