/* What an observation costs an office from being recorded until it was sent and acked, in CPU time
 * of each step, when many come at once: --series per-minute series over --minutes, and --metrics
 * daily metrics over --days.
 *
 *   record  spool_record, as the inbox, StatsD and the samplers call it: some at a time
 *   seal    into batches, when a minute, an hour or all of it is recorded
 *   send    the batch read, its digest taken, its frame packed: as agent/uplink/batch_sender.c does
 *   ack     the province has it
 *
 * Beside it, the same observations as rows of a plain SQLite table, with the same sync and as many
 * in a transaction: put, read, and deleted. What was sent is decoded and must be what was recorded;
 * time is only printed. */
#include "bench/load.h"
#include "bench/measure.h"
#include "common/net/wire.h"
#include "common/sys/db.h"
#include "spool/spool.h"
#include "support/scratch.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_DAY     20270 /* 2025-07-01 */
#define MINUTES       1440u
#define AT_A_TIME_MAX 10000u
#define DAY_US        INT64_C(86400000000)

struct shape {
	const char *name;
	enum grain grain;
	unsigned series, periods;
};

struct scenario {
	struct shape shape;
	unsigned at_a_time;    /* observations in a call */
	unsigned sealed_after; /* periods */
};

struct steps { /* CPU time */
	uint64_t record_us, seal_us, send_us, ack_us;
	uint64_t put_us, read_us, delete_us;
};

struct outcome {
	uint64_t observations, batches, bytes;
	int64_t sum_e; /* wraps, the same way everywhere */
};

struct office {
	const struct scenario *scenario;
	struct spool *spool;
	struct arena *arena;
	struct blob payload, frame;
	uint64_t last, sent; /* sequence numbers */
	bool more;
	char names[LOAD_SERIES_MAX][LOAD_NAME_MAX];
	struct observation *list; /* [AT_A_TIME_MAX] */
	struct steps steps;
	struct outcome sent_out;
};

static void must(int rc, const struct err *err)
{
	if (rc < 0) {
		fprintf(stderr, "agent_bulk: %s\n", err->text);
		exit(EXIT_FAILURE);
	}
}

static unsigned size(const struct shape *shape)
{
	return shape->series * shape->periods;
}

static int32_t day_of(const struct shape *shape, unsigned i)
{
	unsigned period = i / shape->series;
	return FIRST_DAY + (int32_t)(shape->grain == GRAIN_MINUTE ? period / MINUTES : period);
}

static unsigned nth_of(const struct shape *shape, unsigned i)
{
	return shape->grain == GRAIN_MINUTE ? i / shape->series % MINUTES : 0;
}

static int64_t value_of(const struct shape *shape, unsigned i)
{
	return load_value(0, i % shape->series, i / shape->series);
}

static void add_sum(int64_t *sum_e, int64_t value_e)
{
	*sum_e = (int64_t)((uint64_t)*sum_e + (uint64_t)value_e);
}

/* --- the agent --- */

static void record(struct office *office, unsigned from, unsigned to)
{
	const struct shape *shape = &office->scenario->shape;
	struct err err;
	for (unsigned i = from; i < to; i++)
		office->list[i - from] = (struct observation){
			.metric = office->names[i % shape->series],
			.labels = "",
			.period = period_in_day(CALENDAR_CIVIL, shape->grain, day_of(shape, i),
						nth_of(shape, i)),
			.value_e = value_of(shape, i),
		};
	uint64_t began_us = measure_cpu_us();
	must(spool_record(office->spool, office->list, to - from, NULL, &err), &err);
	office->steps.record_us += measure_cpu_us() - began_us;
}

static void seal(struct office *office)
{
	struct err err;
	uint64_t began_us = measure_cpu_us();
	must(spool_seal(office->spool, FIRST_DAY * DAY_US, &office->last, &office->more, &err),
	     &err);
	office->steps.seal_us += measure_cpu_us() - began_us;
}

static void look(struct office *office)
{
	struct batch batch;
	struct err err;
	arena_reset(office->arena);
	must(wire_batch_decode(office->arena, office->payload.data, office->payload.len, &batch,
			       &err),
	     &err);
	office->sent_out.batches++;
	office->sent_out.bytes += office->frame.len;
	office->sent_out.observations += batch.n_points;
	for (size_t i = 0; i < batch.n_points; i++)
		add_sum(&office->sent_out.sum_e, batch.points[i].value_e);
}

static void pack(struct office *office, uint8_t digest[WIRE_DIGEST_LEN])
{
	Lantoa__V1__Frame frame = LANTOA__V1__FRAME__INIT;
	Lantoa__V1__Batch batch = LANTOA__V1__BATCH__INIT;
	struct err err;
	batch.spool_id = spool_id(office->spool);
	batch.seq = office->sent;
	batch.payload = (ProtobufCBinaryData){ office->payload.len, office->payload.data };
	batch.before_digest = (ProtobufCBinaryData){ WIRE_DIGEST_LEN, digest };
	frame.kind_case = LANTOA__V1__FRAME__KIND_BATCH;
	frame.batch = &batch;
	must(wire_frame_pack(&frame, &office->frame, &err), &err);
}

static void send_next(struct office *office)
{
	uint8_t digest[WIRE_DIGEST_LEN];
	struct err err;
	uint64_t began_us = measure_cpu_us();
	office->payload.len = office->frame.len = 0;
	must(spool_batch(office->spool, ++office->sent, &office->payload, &err), &err);
	wire_digest(office->payload.data, office->payload.len, digest);
	pack(office, digest);
	office->steps.send_us += measure_cpu_us() - began_us;
	look(office);
}

static void ack(struct office *office)
{
	struct err err;
	uint64_t began_us = measure_cpu_us();
	must(spool_acked(office->spool, office->sent, FIRST_DAY * DAY_US, &err), &err);
	office->steps.ack_us += measure_cpu_us() - began_us;
}

static void drain(struct office *office)
{
	do {
		seal(office);
		while (office->sent < office->last)
			send_next(office);
		ack(office);
	} while (office->more);
}

static void work(struct office *office)
{
	const struct scenario *scenario = office->scenario;
	unsigned n = size(&scenario->shape), span = scenario->sealed_after * scenario->shape.series;
	for (unsigned from = 0; from < n; from += span) {
		unsigned end = from + span < n ? from + span : n;
		for (unsigned at = from, to; at < end; at = to) {
			to = at + scenario->at_a_time < end ? at + scenario->at_a_time : end;
			record(office, at, to);
		}
		drain(office);
	}
}

static void office_run(const struct scenario *scenario, struct steps *steps,
		       struct outcome *outcome)
{
	char folder[SCRATCH_MAX], path[SCRATCH_MAX + 16];
	struct spool_limits limits = { .bytes_max = UINT64_C(1) << 30, .keep_days = 35 };
	struct err err;
	struct office office = { .scenario = scenario,
				 .arena = arena_open(WIRE_ARENA_MAX),
				 .list = calloc(AT_A_TIME_MAX, sizeof(*office.list)) };
	if (!office.arena || !office.list)
		must(err_memory(&err), &err);
	for (unsigned i = 0; i < scenario->shape.series; i++)
		(void)load_metric(i, office.names[i]);
	scratch_make(false, folder);
	(void)snprintf(path, sizeof(path), "%s/spool.db", folder); /* fits */
	must(spool_open(path, &limits, &office.spool, NULL, &err), &err);
	work(&office);
	must(spool_verify(office.spool, &err), &err);
	spool_close(office.spool);
	scratch_remove(folder);
	blob_free(&office.payload);
	blob_free(&office.frame);
	arena_close(office.arena);
	free(office.list);
	*steps = office.steps;
	*outcome = office.sent_out;
}

/* --- the yardstick --- */

static void plain_put(sqlite3 *db, const struct scenario *scenario)
{
	sqlite3_stmt *insert;
	const struct shape *shape = &scenario->shape;
	struct err err;
	must(db_prepare(db, "INSERT INTO plain VALUES (?1, ?2, ?3, ?4)", &insert, &err), &err);
	for (unsigned i = 0; i < size(shape); i++) {
		if (i % scenario->at_a_time == 0)
			must(db_begin(db, &err), &err);
		int64_t row[] = { i % shape->series, day_of(shape, i), nth_of(shape, i),
				  value_of(shape, i) };
		for (int k = 0; k < 4; k++)
			(void)sqlite3_bind_int64(insert, k + 1, row[k]); /* there are four */
		must(db_run(insert, &err), &err);
		if ((i + 1) % scenario->at_a_time == 0 || i + 1 == size(shape))
			must(db_commit(db, &err), &err);
	}
	(void)sqlite3_finalize(insert); /* repeats the run's error */
}

static void plain_read(sqlite3 *db, struct outcome *outcome)
{
	sqlite3_stmt *walk;
	struct err err;
	int rc;
	must(db_prepare(db, "SELECT series, day, nth, value_e FROM plain", &walk, &err), &err);
	while ((rc = db_step(walk, &err)) == 1) {
		outcome->observations++;
		add_sum(&outcome->sum_e, sqlite3_column_int64(walk, 3));
	}
	must(rc, &err);
	(void)sqlite3_finalize(walk); /* repeats the step's error */
}

static void plain_run(const struct scenario *scenario, struct steps *steps, struct outcome *outcome)
{
	static const struct db_schema none = { 0 };
	char folder[SCRATCH_MAX], path[SCRATCH_MAX + 16];
	sqlite3 *db;
	struct err err;
	scratch_make(false, folder);
	(void)snprintf(path, sizeof(path), "%s/plain.db", folder); /* fits */
	must(db_open(path, DB_WRITER_ROLLBACK, &none, &db, &err), &err);
	must(db_exec(db, "CREATE TABLE plain (series, day, nth, value_e)", &err), &err);
	uint64_t began_us = measure_cpu_us();
	plain_put(db, scenario);
	uint64_t put_us = measure_cpu_us();
	plain_read(db, outcome);
	uint64_t read_us = measure_cpu_us();
	/* With a condition, or SQLite only drops the pages. */
	must(db_exec(db, "DELETE FROM plain WHERE day > 0", &err), &err);
	steps->put_us = put_us - began_us;
	steps->read_us = read_us - put_us;
	steps->delete_us = measure_cpu_us() - read_us;
	db_close(db);
	scratch_remove(folder);
}

/* --- the table --- */

static void check(const struct scenario *scenario, const struct outcome *found, const char *who)
{
	const struct shape *shape = &scenario->shape;
	struct outcome due = { .observations = size(shape) };
	for (unsigned i = 0; i < size(shape); i++)
		add_sum(&due.sum_e, value_of(shape, i));
	if (found->observations == due.observations && found->sum_e == due.sum_e)
		return;
	fprintf(stderr,
		"agent_bulk: %s: %" PRIu64 " observations of %" PRIu64 ", sum %" PRId64
		" of %" PRId64 "\n",
		who, found->observations, due.observations, found->sum_e, due.sum_e);
	exit(EXIT_FAILURE);
}

static void print_ns(uint64_t us, unsigned n)
{
	printf(" %7.0f", (double)us * 1000 / n);
}

static void run(const struct scenario *scenario)
{
	const struct shape *shape = &scenario->shape;
	struct steps steps = { 0 };
	struct outcome sent = { 0 }, plain = { 0 };
	unsigned n = size(shape);
	office_run(scenario, &steps, &sent);
	check(scenario, &sent, "sent");
	plain_run(scenario, &steps, &plain);
	check(scenario, &plain, "plain rows");
	printf("%-8s %6u %6u %6u", shape->name, n, scenario->at_a_time, scenario->sealed_after);
	const uint64_t us[] = { steps.record_us,
				steps.seal_us,
				steps.send_us,
				steps.ack_us,
				steps.record_us + steps.seal_us + steps.send_us + steps.ack_us,
				steps.put_us,
				steps.read_us,
				steps.delete_us };
	for (size_t i = 0; i < sizeof(us) / sizeof(us[0]); i++)
		print_ns(us[i], n);
	printf(" %7" PRIu64 " %5.2f\n", sent.batches, (double)sent.bytes / n);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* One at a time costs a transaction each: a few tell as much. */
static void run_shape(struct shape shape, unsigned calls)
{
	static const unsigned at_a_time[] = { 1, 10, 1000, AT_A_TIME_MAX };
	for (size_t i = 0; i < sizeof(at_a_time) / sizeof(at_a_time[0]); i++) {
		struct shape part = shape;
		part.periods = least(shape.periods, calls * at_a_time[i] / shape.series + 1);
		run(&(struct scenario){ part, at_a_time[i], part.periods });
	}
}

static void run_spans(struct shape shape, unsigned calls)
{
	static const unsigned spans[] = { 1, 60 };
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		struct shape part = shape;
		part.periods = least(shape.periods, calls * spans[i]);
		run(&(struct scenario){ part, AT_A_TIME_MAX, spans[i] });
	}
}

struct options {
	unsigned series, minutes, metrics, days, calls;
};

static bool take_option(struct options *options, int option, unsigned value)
{
	switch (option) {
	case 's':
		options->series = value;
		return value >= 1 && value <= LOAD_SERIES_MAX;
	case 'n':
		options->minutes = value;
		return value >= 1;
	case 'm':
		options->metrics = value;
		return value >= 1 && value <= LOAD_SERIES_MAX;
	case 'd':
		options->days = value;
		return value >= 1;
	case 'c':
		options->calls = value;
		return value >= 1;
	default:
		return false;
	}
}

int main(int argc, char *argv[])
{
	static const struct option names[] = { { "series", required_argument, NULL, 's' },
					       { "minutes", required_argument, NULL, 'n' },
					       { "metrics", required_argument, NULL, 'm' },
					       { "days", required_argument, NULL, 'd' },
					       { "calls", required_argument, NULL, 'c' },
					       { 0 } };
	struct options options = {
		.series = 40, .minutes = MINUTES, .metrics = 46, .days = 90, .calls = 200
	};
	int option;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		if (!take_option(&options, option,
				 optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0)) {
			fprintf(stderr, "usage: agent_bulk [--series N] [--minutes N]"
					" [--metrics N] [--days N] [--calls N]\n");
			return 2;
		}
	struct shape minutes = { "minutes", GRAIN_MINUTE, options.series, options.minutes };
	struct shape days = { "days", GRAIN_DAY, options.metrics, options.days };
	printf("ns of CPU an observation, at so many in a call, sealed after so many periods\n"
	       "%-8s %6s %6s %6s %7s %7s %7s %7s %7s %7s %7s %7s %7s %5s\n",
	       "of", "n", "calls", "sealed", "record", "seal", "send", "ack", "all", "put", "read",
	       "delete", "batches", "bytes");
	run_shape(minutes, options.calls);
	run_spans(minutes, options.calls);
	run_shape(days, options.calls);
	return EXIT_SUCCESS;
}
