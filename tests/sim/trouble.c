/* What a province has to live with beside good offices: batches that come with an office's key and
 * not from its agent, a disk that damages pages, people who read for long. */
#include "sim/world.h"

#include "common/sys/db.h"
#include "schema/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#define READING_MS 900000u          /* a commit takes some 300 ms */
#define NOBODY     INT64_C(1000000) /* the store has no such office */

static void must(struct world *world, int rc)
{
	if (rc < 0)
		fail_msg("%s", world->testbed.err.text);
}

/* --- hostile batches --- */

static void append(struct blob *blob, const void *data, size_t len)
{
	assert_int_equal(blob_append(blob, data, len), 0);
}

/* A hundred thousand declared metrics without a name. */
static void make_bomb(struct blob *payload)
{
	static uint8_t empties[200000], bomb[1000] = { 1 }; /* that it is compressed */
	static size_t len;
	for (size_t i = 0; i < sizeof(empties); i += 2)
		empties[i] = 0x4a;
	if (len == 0)
		len = ZSTD_compress(bomb + 1, sizeof(bomb) - 1, empties, sizeof(empties), 1);
	assert_false(ZSTD_isError(len));
	append(payload, bomb, 1 + len);
}

static void make_bytes(struct world *world, struct blob *payload)
{
	for (uint64_t n = dice_below(world->dice, 100); n > 0; n--) {
		uint8_t byte = (uint8_t)dice_next(world->dice);
		append(payload, &byte, 1);
	}
	append(payload, "\xff", 1); /* so that they are none by chance */
}

/* The first batch of a spool. */
static void make_batch(struct world *world, struct blob *payload)
{
	struct testbed_spool spool = { 0 };
	struct testbed_batch batch;
	struct testbed_figure figure = { .metric = "nobody.knows",
					 .labels = "",
					 .grain = GRAIN_DAY,
					 .calendar = CALENDAR_CIVIL,
					 .value_e = dice_between(world->dice, 0, 1000) };
	testbed_seal(&spool, day_from_civil(2025, 6, 26), &figure, 1, world_now_us(world), &batch);
	*payload = batch.payload;
}

static void make_payload(struct world *world, enum hostile kind, struct blob *payload)
{
	static const uint8_t a_day_alone[] = { 0, 0x08, 0x02 };
	switch (kind) {
	case HOSTILE_BOMB:
		make_bomb(payload);
		break;
	case HOSTILE_NOTHING:
		append(payload, a_day_alone, sizeof(a_day_alone));
		break;
	case HOSTILE_GAP:
	case HOSTILE_UNKNOWN:
	case HOSTILE_NOBODY:
		make_batch(world, payload);
		break;
	default:
		make_bytes(world, payload);
	}
}

/* The number that the next batch of @index's own spool has. */
static uint64_t next_of(struct world *world, uint32_t index)
{
	char sql[128];
	(void)snprintf(sql, sizeof(sql),
		       "SELECT 1 + coalesce(max(upto), 0) FROM spool WHERE office = %lld AND"
		       " spool_id = %lld",
		       (long long)world->offices[index].id,
		       (long long)spool_id(world->offices[index].spool));
	return (uint64_t)testbed_number(&world->testbed, sql);
}

static void send_one(struct world *world, uint32_t index, enum hostile kind)
{
	struct frame frame = { .kind = FRAME_BATCH, .seq = kind == HOSTILE_GAP ? 3 : 1 };
	frame.spool_id = UINT64_C(0x5000000000000000) + world->strangers++;
	if (kind == HOSTILE_OWN) {
		frame.spool_id = spool_id(world->offices[index].spool);
		frame.seq = next_of(world, index);
	}
	make_payload(world, kind, &frame.payload);
	world->counts.hostile[kind]++;
	province_hear_batch(world, index, WORLD_STRANGER, &frame,
			    kind == HOSTILE_NOBODY ? NOBODY : world->offices[index].id);
	blob_free(&frame.payload);
}

static void on_hostile(struct world *world, struct event *event)
{
	(void)event;
	if (!world->weather.hostile_ms)
		return;
	for (uint64_t n = 1 + dice_below(world->dice, 3); n > 0 && world->up; n--)
		send_one(world, (uint32_t)dice_below(world->dice, world->n_offices),
			 (enum hostile)dice_below(world->dice, HOSTILE_KINDS));
	world_plan(world, world_about(world, world->weather.hostile_ms), on_hostile, 0);
}

/* --- the disk --- */

/* In ways that can be told: pages have no checksum. */
static void damage_one(struct world *world)
{
	static const char *const ways[] = {
		"x'ffffffffffffffffffffffffffffffffffffffffffff' || page", /* no number is so long
									    */
		"ifnull(substr(page, 1, length(page) - 1), x'')", /* nor an entry so short */
		"x''",
	};
	char sql[256];
	int64_t pages = testbed_number(&world->testbed, "SELECT count(*) FROM rollup");
	if (pages == 0)
		return;
	(void)snprintf(sql, sizeof(sql),
		       "UPDATE rollup SET page = CAST(%s AS BLOB) WHERE (grain, bucket, node) ="
		       " (SELECT grain, bucket, node FROM rollup LIMIT 1 OFFSET %llu)",
		       ways[dice_below(world->dice, sizeof(ways) / sizeof(ways[0]))],
		       (unsigned long long)dice_below(world->dice, (uint64_t)pages));
	testbed_exec(&world->testbed, sql);
	world->counts.damaged++;
}

static void on_damage(struct world *world, struct event *event)
{
	(void)event;
	if (!world->weather.damage_ms)
		return;
	if (world->up) {
		for (uint64_t n = 1 + dice_below(world->dice, 4); n > 0; n--)
			damage_one(world);
		if (world_chance(world, 500)) /* pages are kept in memory, and then it is not met */
			ledger_forget(world->testbed.ledger);
	}
	world_plan(world, world_about(world, world->weather.damage_ms), on_damage, 0);
}

/* --- who reads --- */

static int64_t entries_read(struct world *world)
{
	sqlite3_stmt *stmt;
	must(world,
	     db_prepare(world->reader, "SELECT count(*) FROM journal", &stmt, &world->testbed.err));
	must(world, db_step(stmt, &world->testbed.err));
	int64_t n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

void trouble_reader_goes(struct world *world)
{
	if (!world->reader)
		return;
	assert_int_equal(entries_read(world), world->read);
	must(world, db_exec(world->reader, "COMMIT", &world->testbed.err));
	db_close(world->reader);
	world->reader = NULL;
}

static void on_reader_goes(struct world *world, struct event *event)
{
	if (world->life == event->life)
		trouble_reader_goes(world);
}

static void on_reader(struct world *world, struct event *event)
{
	(void)event;
	if (!world->weather.reader_ms)
		return;
	if (world->up && !world->reader) {
		must(world,
		     schema_open(world->testbed.path, true, &world->reader, &world->testbed.err));
		must(world, db_exec(world->reader, "BEGIN", &world->testbed.err));
		world->read = entries_read(world);
		world->counts.readers++;
		world_plan(world, world_about(world, READING_MS), on_reader_goes, 0)->life =
			world->life;
	}
	world_plan(world, world_about(world, world->weather.reader_ms), on_reader, 0);
}

/* As store.c does, after a commit. */
void trouble_copy_log(struct world *world)
{
	int in_log = 0, copied = 0;
	if (!world->weather.reader_ms)
		return;
	assert_int_equal(sqlite3_wal_checkpoint_v2(world->testbed.db, NULL,
						   SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied),
			 SQLITE_OK);
	world->counts.kept_log += copied < in_log;
}

void trouble_begin(struct world *world)
{
	if (world->weather.hostile_ms)
		world_plan(world, world_about(world, world->weather.hostile_ms), on_hostile, 0);
	if (world->weather.damage_ms)
		world_plan(world, world_about(world, world->weather.damage_ms), on_damage, 0);
	if (world->weather.reader_ms)
		world_plan(world, world_about(world, world->weather.reader_ms), on_reader, 0);
}
