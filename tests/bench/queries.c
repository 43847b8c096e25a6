/* How long questions take: years of daily figures of Tiền Giang's real units, posted through the
 * ledger, then each shape of question asked many times, about one metric after the other.
 *
 * In one process, without HTTP, fsync and other load: what is measured is the way from the pages
 * (or, for --known, the journal) to the JSON answer. With --growth the same is asked of a hundredth
 * of the days, of a tenth and of all, with what an observation costs and how long opening takes.
 * With --quality the whole time is looked through for what is odd, held to ten rules.
 * With --changes reference data are changed instead (changes.h); with --verify all is verified. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/changes.h"
#include "common/model/civil.h"
#include "query/quality.h"
#include "query/query.h"
#include "registry/successors.h"
#include "support/province.h"
#include "support/testbed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define OFFICES_MAX 11000
#define METRICS_MAX 100
#define RUNS_MAX    1000
#define RECENT_DAYS 15 /* that questions on growth are about */

struct size {
	int offices, metrics, days, runs;
};

struct bench {
	struct size size;
	struct testbed testbed;
	struct testbed_spool spools[OFFICES_MAX];
	int32_t since[OFFICES_MAX], first, next, end; /* days */
	char names[METRICS_MAX][16];
	int offices;
	bool growth, changes, verify, quality;
	const char *only; /* part of the names of the shapes to ask; NULL: all */
};

/* Of CPU: the files are memory, so nothing is waited for but other people's programs. */
static double now_s(void)
{
	struct timespec at;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static int32_t day(const char *text)
{
	int32_t number = 0;
	assert_int_equal(day_parse(text, &number, &(struct err){ 0 }), 0);
	return number;
}

static char *data_file(const char *name)
{
	char path[512];
	size_t len;
	(void)snprintf(path, sizeof(path), "%s/aggregator/data/tien-giang/%s", SOURCE_DIR, name);
	char *text = file_text(path, &len);
	assert_non_null(text);
	return text;
}

/* Mostly flows; every eighth a level that is carried, every eighth a maximum. */
static char *make_catalogue(struct bench *bench)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	fprintf(out,
		"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,"
		"carry,level,due_days,min,max,remark\n");
	for (int i = 0; i < bench->size.metrics; i++) {
		(void)snprintf(bench->names[i], sizeof(bench->names[i]), "m%d", i);
		const char *agg = i % 8 == 3 ? "last" : i % 8 == 5 ? "max" : "sum";
		fprintf(out, "%s,x,x,x,%s,%s,%s,day,,0,%d,commune,1,,,\n", bench->names[i],
			i % 8 == 3 ? "stock" : "flow", agg, i % 8 == 5 ? "max" : "sum",
			i % 8 == 3 ? 7 : 0);
	}
	(void)fclose(out);
	return text;
}

/* One for each unit of the level, up to as many as are asked for. */
static void add_offices(struct bench *bench, const char *level)
{
	const struct units *units = bench->testbed.reference->units;
	for (size_t i = 0; i < units->n && bench->offices < bench->size.offices; i++) {
		const struct unit *unit = &units->list[i];
		char code[32];
		if (strcmp(unit->level, level) != 0 || unit->valid_from > bench->end - 1 ||
		    unit->valid_to < bench->end ||
		    (bench->growth &&
		     unit->valid_from > bench->first)) /* the same offices always */
			continue;
		int at = bench->offices++;
		(void)snprintf(code, sizeof(code), "o%d", at);
		bench->since[at] =
			unit->valid_from > bench->first ? unit->valid_from : bench->first;
		bench->spools[at] = (struct testbed_spool){ .id = 1000u + (uint64_t)at };
		bench->spools[at].office =
			testbed_office(&bench->testbed, code, unit->code, bench->since[at]);
	}
}

static void open_testbed(struct bench *bench)
{
	char *units = data_file("units.csv"), *successors = data_file("successors.csv"),
	     *catalogue = make_catalogue(bench);
	size_t rows;
	struct err *err = &bench->testbed.err;
	testbed_open(&bench->testbed, units, catalogue, NULL, false);
	assert_int_equal(db_begin(bench->testbed.db, err), 0);
	assert_int_equal(
		successors_import(bench->testbed.db, successors, strlen(successors), &rows, err),
		0);
	assert_int_equal(db_commit(bench->testbed.db, err), 0);
	testbed_refresh(&bench->testbed);
	bench->end = day("2025-06-01");
	bench->first = bench->end - bench->size.days;
	bench->next = bench->first;
	while (bench->offices < bench->size.offices) {
		add_offices(bench, "commune");
		add_offices(bench, "district");
	}
	testbed_refresh(&bench->testbed);
	free(units);
	free(successors);
	free(catalogue);
}

static uint64_t post_day(struct bench *bench, int32_t of)
{
	static struct testbed_batch batches[OFFICES_MAX];
	struct testbed_figure figures[METRICS_MAX];
	size_t n = 0, n_metrics = (size_t)bench->size.metrics;
	for (int i = 0; i < bench->offices; i++) {
		if (of < bench->since[i])
			continue;
		for (size_t k = 0; k < n_metrics; k++)
			figures[k] = (struct testbed_figure){ .metric = bench->names[k],
							      .labels = "",
							      .grain = GRAIN_DAY,
							      .value_e = (of * 31 + i * 7) % 100 +
									 (int64_t)k };
		testbed_seal(&bench->spools[i], of, figures, n_metrics, civil_day_start_us(of + 1),
			     &batches[n++]);
	}
	testbed_commit(&bench->testbed, batches, n);
	for (size_t i = 0; i < n; i++)
		blob_free(&batches[i].payload);
	return n * n_metrics;
}

/* As the aggregator does when its log has grown. */
static void checkpoint(struct bench *bench)
{
	assert_int_equal(sqlite3_wal_checkpoint_v2(bench->testbed.db, NULL,
						   SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL),
			 SQLITE_OK);
}

static void fill(struct bench *bench, int32_t end)
{
	uint64_t observations = 0;
	struct stat file;
	double began = now_s();
	for (; bench->next < end; bench->next++) {
		observations += post_day(bench, bench->next);
		if (bench->next % 8 == 0)
			checkpoint(bench);
	}
	checkpoint(bench);
	double took = now_s() - began;
	began = now_s();
	testbed_reopen(&bench->testbed);
	double opening = now_s() - began;
	assert_int_equal(stat(bench->testbed.path, &file), 0);
	printf("%llu observations of %d offices and %d metrics until day %d, posted in %.1f s: "
	       "%.2f us "
	       "each; the database is of %lld MB and opens in %.1f ms\n\n",
	       (unsigned long long)observations, bench->offices, bench->size.metrics,
	       bench->next - bench->first, took, took * 1e6 / (double)observations,
	       (long long)file.st_size / 1000000, opening * 1e3);
}

struct shape {
	const char *name;
	bool all;           /* metrics: each is asked for in a question of its own */
	bool everything;    /* one question without a metric */
	struct query query; /* its name is that of one metric after the other */
	int (*run)(sqlite3 *db, const struct reference *reference, const struct query *query,
		   struct table **ret_answer, struct err *err);
};

static int by_length(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static size_t ask_one(struct bench *bench, const struct shape *shape, const char *name)
{
	struct query query = shape->query;
	struct table *table = NULL;
	struct blob json = { 0 };
	query.name = name;
	if (shape->run(bench->testbed.db, bench->testbed.reference, &query, &table,
		       &bench->testbed.err) < 0) {
		fprintf(stderr, "%s: %s\n", shape->name, bench->testbed.err.text);
		exit(1);
	}
	assert_int_equal(table_json(table, &json), 0);
	size_t rows = table_rows(table);
	table_close(table);
	blob_free(&json);
	return rows;
}

static double ask(struct bench *bench, const struct shape *shape, int nth, size_t *ret_rows)
{
	int n = shape->all ? bench->size.metrics : 1;
	double began = now_s();
	testbed_exec(&bench->testbed, "BEGIN"); /* as the aggregator's readers do */
	*ret_rows = 0;
	for (int i = 0; i < n; i++)
		*ret_rows += ask_one(
			bench, shape,
			shape->everything ? NULL : bench->names[(nth + i) % bench->size.metrics]);
	testbed_exec(&bench->testbed, "COMMIT");
	return now_s() - began;
}

static void measure(struct bench *bench, const struct shape *shape)
{
	static double took[RUNS_MAX];
	int runs = bench->size.runs;
	size_t rows = 0;
	for (int i = 0; i < runs; i++)
		took[i] = ask(bench, shape, i, &rows);
	qsort(took, (size_t)runs, sizeof(took[0]), by_length);
	printf("%-42s %8zu %10.1f %10.1f %10.1f\n", shape->name, rows, took[runs / 2] * 1e3,
	       took[(runs * 99 - 1) / 100] * 1e3, took[runs - 1] * 1e3);
	(void)fflush(stdout);
}

static void measure_some(struct bench *bench, const struct shape shapes[], size_t n)
{
	printf("%-42s %8s %10s %10s %10s\n", "ms of CPU, of one question", "rows", "median", "p99",
	       "max");
	for (size_t i = 0; i < n; i++)
		if (!bench->only || strstr(shapes[i].name, bench->only))
			measure(bench, &shapes[i]);
	printf("\n");
}

static void measure_recent(struct bench *bench)
{
	char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX], after[DAY_TEXT_MAX];
	(void)day_format(bench->next - RECENT_DAYS, from);
	(void)day_format(bench->next - 1, to);
	(void)day_format(bench->next, after);
	const struct shape shapes[] = {
		{ .name = "province x day, the last 15",
		  .query = { .area = "82", .from = from, .to = to },
		  .run = query_run },
		{ .name = "commune x day, the last 15",
		  .query = { .area = "82", .by = "commune", .from = from, .to = to },
		  .run = query_run },
		{ .name = "office x day, the last",
		  .query = { .area = "82", .by = "office", .from = to, .to = to },
		  .run = query_run },
		{ .name = "province, the last day, as known then",
		  .query = { .area = "82", .from = to, .to = to, .known = after },
		  .run = query_run },
		{ .name = "who is missing, the last 15",
		  .query = { .area = "82", .from = from, .to = to },
		  .run = completeness_run },
	};
	measure_some(bench, shapes, sizeof(shapes) / sizeof(shapes[0]));
}

static void measure_growth(struct bench *bench)
{
	for (int part = 100; part >= 1; part /= 10) {
		fill(bench, bench->first + bench->size.days / part);
		measure_recent(bench);
	}
}

static void measure_all(struct bench *bench)
{
	char first[DAY_TEXT_MAX], last[DAY_TEXT_MAX];
	(void)day_format(bench->first, first);
	(void)day_format(bench->end - 1, last);
	const struct shape shapes[] = {
		{ .name = "province, month series",
		  .query = { .area = "82", .per = "month", .from = first, .to = last },
		  .run = query_run },
		{ .name = "all metrics of a district, a month",
		  .all = true,
		  .query = { .area = "816", .per = "month", .from = "2025-05" },
		  .run = query_run },
		{ .name = "district x month, a year",
		  .query = { .area = "82",
			     .by = "district",
			     .per = "month",
			     .from = "2024-06",
			     .to = "2025-05" },
		  .run = query_run },
		{ .name = "commune x day, a month",
		  .query = { .area = "82",
			     .by = "commune",
			     .from = "2025-05-01",
			     .to = "2025-05-31" },
		  .run = query_run },
		{ .name = "commune x month, a year, restated",
		  .query = { .by = "commune",
			     .per = "month",
			     .from = "2024-06",
			     .to = "2025-05",
			     .structure = "2025-07-01" },
		  .run = query_run },
		{ .name = "district, a month, as known before",
		  .query = { .area = "82",
			     .by = "district",
			     .per = "month",
			     .from = "2025-05",
			     .known = "2025-05-20" },
		  .run = query_run },
		{ .name = "revisions, a month",
		  .query = { .area = "82", .per = "month", .from = "2025-05" },
		  .run = revisions_run },
		{ .name = "who is missing, a month",
		  .query = { .area = "82", .per = "month", .from = "2025-05" },
		  .run = completeness_run },
		{ .name = "completeness by district, all metrics",
		  .everything = true,
		  .query = { .area = "82", .by = "district", .per = "month", .from = "2025-05" },
		  .run = completeness_run },
		{ .name = "a commune's offices, all metrics of a day",
		  .all = true,
		  .query = { .area = "28249", .by = "office", .from = "2025-05-31" },
		  .run = query_run },
	};
	measure_some(bench, shapes, sizeof(shapes) / sizeof(shapes[0]));
}

static void measure_verify(struct bench *bench)
{
	struct table *table;
	struct verify_counts counts;
	double began_s = now_s();
	assert_int_equal(verify_run(bench->testbed.db, bench->testbed.reference, &counts, &table,
				    &bench->testbed.err),
			 0);
	printf("verify: %.2f s of CPU; %lld batches, %lld observations, %lld pages\n",
	       now_s() - began_s, (long long)counts.batches, (long long)counts.observations,
	       (long long)counts.pages);
	assert_int_equal(counts.differences, 0);
	table_close(table);
}

/* An office that has reported all the while goes elsewhere in the middle of the time. */
static void measure_changes(struct bench *bench)
{
	char *units = data_file("units.csv"), *catalogue = make_catalogue(bench);
	struct changes_input input = { .testbed = &bench->testbed,
				       .catalogue = catalogue,
				       .units = units,
				       .office = "o0",
				       .unit = "82",
				       .moves_on = bench->end - bench->size.days / 2,
				       .runs = bench->size.runs,
				       .now_s = now_s };

	changes_measure(&input);
	changes_measure_steps(&input);
	free(units);
	free(catalogue);
}

static int option(int argc, char *argv[], const char *name, int usual, int most)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			usual = atoi(argv[i + 1]);
	if (usual < 1 || usual > most) {
		fprintf(stderr, "%s must be from 1 to %d\n", name, most);
		exit(2);
	}
	return usual;
}

static void measure_quality(struct bench *bench)
{
	char csv[2048], to[DAY_TEXT_MAX];
	size_t len = (size_t)snprintf(csv, sizeof(csv),
				      "name,left,op,right,severity,label_vi,label_en,from\n");
	for (int i = 0; i < 10; i++)
		len += (size_t)snprintf(csv + len, sizeof(csv) - len,
					"r%d,m%d,<=,4 * m%d,warn,,,\n", i, i, i + 1);
	assert_true(testbed_order_import(&bench->testbed, "rules", csv) >= 0);
	testbed_refresh(&bench->testbed);
	(void)day_format(bench->end - 1, to);
	for (int i = 0; i < 2; i++) {
		char begin[DAY_TEXT_MAX];
		struct quality_form asked = {
			.from = day_format(i ? bench->end - 31 : bench->first, begin), .to = to
		};
		struct table *table = NULL;
		double before = now_s();
		if (quality_run(bench->testbed.db, bench->testbed.reference, &asked, &table,
				&bench->testbed.err) != 0)
			fail_msg("%s", bench->testbed.err.text);
		printf("quality of %d offices, %d metrics, %d days: %.2f s of CPU, %zu rows\n",
		       bench->offices, bench->size.metrics, i ? 31 : bench->size.days,
		       now_s() - before, table_rows(table));
		table_close(table);
	}
}

int main(int argc, char *argv[])
{
	static struct bench bench;
	bench.size = (struct size){ .offices = option(argc, argv, "--offices", 200, OFFICES_MAX),
				    .metrics = option(argc, argv, "--metrics", 46, METRICS_MAX),
				    .days = option(argc, argv, "--days", 5 * 365 + 1, 3650),
				    .runs = option(argc, argv, "--runs", 100, RUNS_MAX) };
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--growth") == 0)
			bench.growth = true;
		else if (strcmp(argv[i], "--changes") == 0)
			bench.changes = true;
		else if (strcmp(argv[i], "--verify") == 0)
			bench.verify = true;
		else if (strcmp(argv[i], "--quality") == 0)
			bench.quality = true;
		else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
			bench.only = argv[i + 1];
	if (bench.growth && bench.size.days < 100 * RECENT_DAYS) {
		fprintf(stderr, "--growth needs --days of %d at least\n", 100 * RECENT_DAYS);
		return 2;
	}
	open_testbed(&bench);
	if (bench.growth) {
		measure_growth(&bench);
	} else {
		fill(&bench, bench.end);
		if (bench.changes)
			measure_changes(&bench);
		else if (bench.verify)
			measure_verify(&bench);
		else if (bench.quality)
			measure_quality(&bench);
		else
			measure_all(&bench);
	}
	testbed_close(&bench.testbed);
	return 0;
}
