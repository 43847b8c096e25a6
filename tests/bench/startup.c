/* How long an aggregator takes to start on a database of years: from exec to READY=1, and to the
 * first answer; after a clean stop and after kill -9, with its files in memory and without.
 *
 *   startup [--megabytes N] [--offices N] AGGREGATOR
 *
 * 1. An aggregator makes its folder (below TMPDIR) and key, and ends.
 * 2. A child fills the database through the ledger, without fsync: a batch of 46 daily metrics from
 *    every office, day by day, until it is large enough; every office has a key.
 * 3. Starts after a clean stop. Then another child posts some days more, and dies with a log that
 *    is as long as the aggregator lets it grow before it copies it, or much longer: the state that
 *    kill -9 leaves. Starts on that, each ended by kill -9 before anything else is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/api_client.h"
#include "bench/daemon.h"
#include "bench/measure.h"
#include "common/model/civil.h"
#include "registry/office_keys.h"
#include "registry/offices.h"
#include "registry/units_import.h"
#include "support/province.h"
#include "support/testbed.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OFFICES_MAX 11000
#define METRICS     46
#define FIRST_DAY   "2020-01-01" /* from here to there most communes stay as they are */
#define END_DAY     "2025-06-01"
#define LOG_USUAL   2048u  /* pages, as store.c: then the log is copied; */
#define LOG_LONG    32768u /* or this many, when readers were in the way */
#define PAGE_BYTES  4096u

struct filling { /* what a child is to do */
	const char *path;
	unsigned megabytes, offices;
	unsigned log_pages; /* 0: begin, with the reference data, and end in order; else add days
			       until the log is of so many, and die */
	int32_t next_day;   /* that has no figures yet */
};

struct filled {
	int32_t next_day;
	uint64_t observations, took_us, log_bytes;
};

/* --- in a child: the database --- */

static struct testbed testbed;
static struct testbed_spool spools[OFFICES_MAX];
static char names[METRICS][16];

static void must(int rc)
{
	if (rc < 0) {
		(void)fprintf(stderr, "startup: %s\n", testbed.err.text);
		exit(1);
	}
}

static int32_t day(const char *text)
{
	int32_t number = 0;
	must(day_parse(text, &number, &testbed.err));
	return number;
}

static char *data_file(const char *name)
{
	char path[PATH_MAX];
	size_t len;
	(void)snprintf(path, sizeof(path), "%s/aggregator/data/tien-giang/%s", SOURCE_DIR, name);
	char *text = file_text(path, &len);
	assert_non_null(text);
	return text;
}

static char *make_catalogue(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	fprintf(out, "name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,"
		     "decimals,carry,level,due_days,min,max\n");
	for (int i = 0; i < METRICS; i++)
		fprintf(out, "%s,x,x,x,flow,sum,sum,day,,0,0,commune,1,,\n", names[i]);
	(void)fclose(out); /* memory */
	return text;
}

static void import_reference(void)
{
	char *units = data_file("units.csv"), *catalogue = make_catalogue();
	size_t rows;
	bool changed;
	must(db_begin(testbed.db, &testbed.err));
	must(units_import(testbed.db, units, strlen(units), &rows, &testbed.err));
	must(catalogue_import(testbed.db, catalogue, strlen(catalogue), &changed, &testbed.err));
	must(db_commit(testbed.db, &testbed.err));
	testbed_refresh(&testbed);
	free(units);
	free(catalogue);
}

static void give_key(const char *code)
{
	struct listed_key key;
	uint8_t secret[KEY_LEN], public_key[KEY_LEN];
	must(office_invite(testbed.db, code, 7, "bench", &key, secret, &testbed.err));
	randombytes_buf(public_key, sizeof(public_key));
	must(office_enrol(testbed.db, key.id, public_key, &key, &testbed.err));
}

/* The next commune that is in force all the time. */
static const char *next_unit(size_t *at)
{
	const struct units *units = testbed.reference->units;
	for (;; (*at)++) {
		const struct unit *unit = &units->list[*at % units->n];
		if (strcmp(unit->level, "commune") == 0 && unit->valid_from <= day(FIRST_DAY) &&
		    unit->valid_to >= day(END_DAY))
			return units->list[(*at)++ % units->n].code;
	}
}

static void add_offices(unsigned n)
{
	size_t at = 0;
	must(db_begin(testbed.db, &testbed.err));
	for (unsigned i = 0; i < n; i++) {
		char code[32];
		(void)snprintf(code, sizeof(code), "o%u", i); /* fits */
		(void)testbed_office(&testbed, code, next_unit(&at), day(FIRST_DAY));
		give_key(code);
	}
	must(db_commit(testbed.db, &testbed.err));
	testbed_refresh(&testbed);
}

/* Each child's are new ones: it does not know what the one before had numbered. */
static void open_spools(const struct filling *filling, int32_t from)
{
	for (unsigned i = 0; i < filling->offices; i++) {
		char code[32];
		(void)snprintf(code, sizeof(code), "o%u", i); /* fits */
		spools[i] = (struct testbed_spool){
			.office = offices_by_code(testbed.reference->offices, code)->id,
			.id = (uint64_t)from * OFFICES_MAX + i + 1,
		};
	}
}

/* Of up to a million, as money is: it compresses badly. */
static int64_t amount(uint64_t nth)
{
	return (int64_t)((nth * UINT64_C(0x9e3779b97f4a7c15) >> 40) % 1000000);
}

static uint64_t post_day(const struct filling *filling, int32_t of)
{
	static struct testbed_batch batches[OFFICES_MAX];
	struct testbed_figure figures[METRICS];
	if (of >= day(END_DAY)) {
		(void)fprintf(stderr, "startup: from " FIRST_DAY " to " END_DAY " is too short\n");
		exit(1);
	}
	for (unsigned i = 0; i < filling->offices; i++) {
		for (int k = 0; k < METRICS; k++)
			figures[k] = (struct testbed_figure){
				.metric = names[k],
				.labels = "",
				.grain = GRAIN_DAY,
				.value_e = amount(((uint64_t)of * OFFICES_MAX + i) * METRICS +
						  (uint64_t)k),
			};
		testbed_seal(&spools[i], of, figures, METRICS, civil_day_start_us(of + 1),
			     &batches[i]);
	}
	testbed_commit(&testbed, batches, filling->offices);
	for (unsigned i = 0; i < filling->offices; i++)
		blob_free(&batches[i].payload);
	return (uint64_t)filling->offices * METRICS;
}

static uint64_t file_bytes(const char *path, const char *end)
{
	char name[PATH_MAX];
	struct stat info;
	(void)snprintf(name, sizeof(name), "%s%s", path, end); /* short ones */
	return stat(name, &info) == 0 ? (uint64_t)info.st_size : 0;
}

static void copy_log(void)
{
	must(sqlite3_wal_checkpoint_v2(testbed.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
			     SQLITE_OK
		     ? 0
		     : -1);
}

static bool full(const struct filling *filling)
{
	if (filling->log_pages)
		return file_bytes(filling->path, "-wal") >=
		       (uint64_t)filling->log_pages * PAGE_BYTES;
	return file_bytes(filling->path, "") >= filling->megabytes * UINT64_C(1000000);
}

/* For measure(). */
static int fill(const void *input, void *ret_result, struct err *err)
{
	const struct filling *filling = input;
	struct filled *filled = ret_result;
	uint64_t began_us = now_us();
	(void)err; /* what fails here ends the child */
	must(civil_set_zone("Asia/Ho_Chi_Minh", &testbed.err));
	for (int i = 0; i < METRICS; i++)
		(void)snprintf(names[i], sizeof(names[i]), "m%d", i); /* fits */
	testbed_open_at(&testbed, filling->path);
	filled->next_day = filling->log_pages ? filling->next_day : day(FIRST_DAY);
	if (!filling->log_pages) {
		import_reference();
		add_offices(filling->offices);
	}
	open_spools(filling, filled->next_day);
	while (!full(filling)) {
		filled->observations += post_day(filling, filled->next_day++);
		if (!filling->log_pages)
			copy_log();
	}
	filled->log_bytes = file_bytes(filling->path, "-wal");
	filled->took_us = now_us() - began_us;
	if (!filling->log_pages)
		testbed_release(&testbed);
	return 0; /* else: it ends without closing */
}

/* --- starting --- */

struct bench {
	const char *aggregator;
	struct daemon daemon;
	struct filling filling;
	char path[PATH_MAX];
};

/* Its clean pages leave memory: to be asked of no more than our own files. */
static void forget(const char *path, const char *end)
{
	char name[PATH_MAX];
	(void)snprintf(name, sizeof(name), "%s%s", path, end); /* short ones */
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fdatasync(fd);                                /* then none is dirty */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* advice */
	(void)close(fd);                                    /* only read from */
}

static uint64_t bytes_read(const struct daemon *daemon)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/io", (int)daemon->pid); /* fits */
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file) && sscanf(line, "rchar: %llu", &bytes) != 1)
		;
	if (file)
		(void)fclose(file); /* only read */
	return bytes;
}

/* Not the newest month alone: whoever asks first looks at a year. */
static int ask(struct daemon *daemon, struct err *err)
{
	struct api_client *api;
	json_t *answer;
	int rc = api_client_open(daemon->api_socket, &api, err);
	if (rc < 0)
		return rc;
	rc = api_client_ask(api, "GET",
			    "/v1/query?name=m0&area=82&per=month&from=2020-01&to=2020-12", NULL,
			    NULL, &answer, err);
	if (rc == 0)
		json_decref(answer);
	api_client_close(api);
	return rc;
}

static int start(struct bench *bench, bool cold, const char *when, struct err *err)
{
	if (cold) {
		forget(bench->path, "");
		forget(bench->path, "-wal");
	}
	uint64_t log = file_bytes(bench->path, "-wal"), began_us = now_us();
	int rc = daemon_launch(bench->aggregator, &bench->daemon, err);
	if (rc < 0)
		return rc;
	uint64_t ready_us = now_us();
	rc = ask(&bench->daemon, err);
	printf("%-24s %-8s %10.1f %12.1f %12.1f %10.1f %10.1f\n", when, cold ? "on disk" : "memory",
	       (double)log / 1e6, (double)(ready_us - began_us) / 1e3,
	       (double)(now_us() - began_us) / 1e3, (double)daemon_cpu_us(&bench->daemon) / 1e3,
	       (double)bytes_read(&bench->daemon) / 1e6);
	(void)fflush(stdout);
	return rc;
}

static int after_stop(struct bench *bench, struct err *err)
{
	int rc = 0;
	for (int i = 0; i < 2 && rc == 0; i++) {
		rc = start(bench, i == 0, "a clean stop", err);
		if (rc == 0)
			rc = daemon_stop(&bench->daemon, err);
	}
	return rc;
}

static int after_kill(struct bench *bench, unsigned log_pages, struct err *err)
{
	struct filled filled;
	bench->filling.log_pages = log_pages;
	int rc = measure(fill, &bench->filling, &filled, sizeof(filled), err);
	for (int i = 0; i < 2 && rc == 0; i++) {
		rc = start(bench, i == 0, "kill -9", err);
		daemon_kill(&bench->daemon);
	}
	if (rc < 0)
		return rc;
	bench->filling.next_day = filled.next_day;
	rc = daemon_launch(bench->aggregator, &bench->daemon, err); /* to take the log in */
	return rc < 0 ? rc : daemon_stop(&bench->daemon, err);
}

static int prepare(struct bench *bench, struct err *err)
{
	struct filled filled;
	int rc = daemon_start(bench->aggregator, &bench->daemon, err);
	if (rc == 0)
		rc = daemon_stop(&bench->daemon, err);
	(void)snprintf(bench->path, sizeof(bench->path), "%s/lantoa.db",
		       bench->daemon.folder); /* fits */
	bench->filling.path = bench->path;
	if (rc == 0)
		rc = measure(fill, &bench->filling, &filled, sizeof(filled), err);
	if (rc < 0)
		return rc;
	bench->filling.next_day = filled.next_day;
	printf("%" PRIu64 " observations of %u offices in %d days, %.0f MB, filled in %.0f s\n\n",
	       filled.observations, bench->filling.offices, filled.next_day - day(FIRST_DAY),
	       (double)file_bytes(bench->path, "") / 1e6, (double)filled.took_us / 1e6);
	printf("%-24s %-8s %10s %12s %12s %10s %10s\n", "start after", "files", "log MB",
	       "ready ms", "answer ms", "CPU ms", "MB read");
	return 0;
}

static int run(struct bench *bench, struct err *err)
{
	int rc = prepare(bench, err);
	if (rc == 0)
		rc = after_stop(bench, err);
	if (rc == 0)
		rc = after_kill(bench, LOG_USUAL, err);
	if (rc == 0 && bench->filling.megabytes * UINT64_C(1000000) > LOG_LONG * PAGE_BYTES)
		rc = after_kill(bench, LOG_LONG, err);
	daemon_remove(&bench->daemon);
	return rc;
}

static unsigned option(int argc, char *argv[], const char *name, int usual, int most)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			usual = atoi(argv[i + 1]);
	if (usual < 1 || usual > most) {
		(void)fprintf(stderr, "%s must be from 1 to %d\n", name, most);
		exit(2);
	}
	return (unsigned)usual;
}

int main(int argc, char *argv[])
{
	static struct bench bench;
	struct err err = { 0 };
	bench.filling.megabytes = option(argc, argv, "--megabytes", 10000, 100000);
	bench.filling.offices = option(argc, argv, "--offices", OFFICES_MAX, OFFICES_MAX);
	if (argc < 2 || argv[argc - 1][0] == '-') {
		(void)fprintf(stderr, "usage: startup [--megabytes N] [--offices N] AGGREGATOR\n");
		return 2;
	}
	bench.aggregator = argv[argc - 1];
	if (sodium_init() < 0 || run(&bench, &err) < 0) {
		(void)fprintf(stderr, "startup: %s\n", err.text);
		return 1;
	}
	return 0;
}
