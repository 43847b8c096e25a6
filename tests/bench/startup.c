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
#include "bench/api_client.h"
#include "bench/daemon.h"
#include "bench/filling.h"
#include "bench/measure.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_USUAL 2048u  /* pages, as store.c: then the log is copied; */
#define LOG_LONG  32768u /* or this many, when readers were in the way */

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
	uint64_t log = filling_bytes(bench->path, "-wal"), began_us = now_us();
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
	int rc = measure(filling_fill, &bench->filling, &filled, sizeof(filled), err);
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
		rc = measure(filling_fill, &bench->filling, &filled, sizeof(filled), err);
	if (rc < 0)
		return rc;
	bench->filling.next_day = filled.next_day;
	printf("%" PRIu64 " observations of %u offices in %d days, %.0f MB, filled in %.0f s\n\n",
	       filled.observations, bench->filling.offices, filled.next_day - filled.first_day,
	       (double)filling_bytes(bench->path, "") / 1e6, (double)filled.took_us / 1e6);
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
	if (rc == 0 && bench->filling.megabytes * UINT64_C(1000000) > LOG_LONG * FILLING_PAGE_BYTES)
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
	bench.filling.offices =
		option(argc, argv, "--offices", FILLING_OFFICES_MAX, FILLING_OFFICES_MAX);
	if (argc < 2 || argv[argc - 1][0] == '-') {
		(void)fprintf(stderr, "usage: startup [--megabytes N] [--offices N] AGGREGATOR\n");
		return 2;
	}
	bench.filling.keys = true;
	bench.aggregator = argv[argc - 1];
	if (sodium_init() < 0 || run(&bench, &err) < 0) {
		(void)fprintf(stderr, "startup: %s\n", err.text);
		return 1;
	}
	return 0;
}
