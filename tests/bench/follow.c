/* What it costs to follow the ledger from its beginning: GET /v1/changes of a real aggregator, page
 * by page, by the client of aggregator/feed, as batches are stored and as figures; beside reading
 * the same rows with SQLite alone, in order.
 *
 *   follow [--observations N] [--offices N] AGGREGATOR
 *
 * Each follower must meet every entry and event, and with figures every observation. */
#include "bench/daemon.h"
#include "bench/filling.h"
#include "bench/measure.h"
#include "feed/changes_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench {
	const char *aggregator;
	struct daemon daemon;
	struct filling filling;
	char path[PATH_MAX], api[PATH_MAX];
	bool figures; /* of the follower that is next */
};

struct followed {
	uint64_t batches, events, observations,
		bytes; /* bytes: of payloads, or of figures' texts */
	uint64_t took_us, cpu_us;
};

static int figures_count(const struct changes_item *item, struct followed *followed,
			 struct err *err)
{
	struct changes_figure figure = { 0 };
	int rc;
	while ((rc = changes_figure_next(item, &figure, err)) == 1) {
		followed->observations++;
		followed->bytes +=
			strlen(figure.period) + (figure.value ? strlen(figure.value) : 0);
	}
	return rc;
}

static int item_take(const struct changes_page *page, size_t i, struct blob *bytes,
		     struct followed *followed, struct err *err)
{
	struct changes_item item;
	int rc = changes_item_read(page, i, &item, err);
	if (rc < 0)
		return rc;
	followed->events += item.kind == CHANGES_EVENT;
	followed->batches += item.kind == CHANGES_BATCH;
	if (item.kind != CHANGES_BATCH)
		return 0;
	if (item.batch.figures)
		return figures_count(&item, followed, err);
	bytes->len = 0;
	rc = changes_bytes(item.batch.payload, bytes, err);
	followed->bytes += bytes->len;
	return rc;
}

/* For measure(). */
static int follow(const void *input, void *ret_result, struct err *err)
{
	const struct bench *bench = input;
	const struct changes_client_config config = { .api = bench->api,
						      .figures = bench->figures,
						      .patience_s = 60 };
	struct changes_client *client = NULL;
	struct followed followed = { 0 };
	struct blob bytes = { 0 };
	int64_t position = 0, epoch = 0;
	bool more = true;
	uint64_t began_us = now_us();
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	int rc = changes_client_open(&config, &client, err);
	while (rc == 0 && more) {
		struct changes_page page;
		rc = changes_next(client, position, epoch, &page, err);
		if (rc < 0)
			break;
		for (size_t i = 0; i < page.n && rc == 0; i++)
			rc = item_take(&page, i, &bytes, &followed, err);
		position = page.position;
		epoch = page.epoch;
		more = page.n > 0;
		changes_page_free(&page);
	}
	changes_client_close(client);
	blob_free(&bytes);
	followed.took_us = now_us() - began_us;
	followed.cpu_us = measure_cpu_us();
	*(struct followed *)ret_result = followed;
	return rc;
}

/* The same rows by SQLite alone, in the order of their ids. For measure(). */
static int scan(const void *input, void *ret_result, struct err *err)
{
	static const char *const sql[] = {
		"SELECT payload, office, spool, seq, received_us, held, chain FROM journal"
		" ORDER BY id",
		"SELECT body, at_us, kind, who, detail, chain FROM event ORDER BY id"
	};
	const struct bench *bench = input;
	struct followed scanned = { 0 };
	sqlite3 *db = NULL;
	uint64_t began_us = now_us();
	bool ok = sqlite3_open_v2(bench->path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK;
	for (int i = 0; i < 2 && ok; i++) {
		sqlite3_stmt *rows = NULL;
		int rc = sqlite3_prepare_v2(db, sql[i], -1, &rows, NULL);
		while (rc == SQLITE_OK && sqlite3_step(rows) == SQLITE_ROW) {
			scanned.bytes += (uint64_t)sqlite3_column_bytes(rows, 0);
			(i == 0 ? scanned.batches++ : scanned.events++);
		}
		ok = sqlite3_finalize(rows) == SQLITE_OK && rc == SQLITE_OK;
	}
	(void)sqlite3_close(db); /* only read from */
	scanned.took_us = now_us() - began_us;
	scanned.cpu_us = measure_cpu_us();
	*(struct followed *)ret_result = scanned;
	return ok ? 0 : err_set(err, -EIO, "the journal cannot be read");
}

static void print(const char *name, const struct followed *followed, uint64_t observations,
		  uint64_t province_us, const struct followed *yardstick)
{
	double s = (double)followed->took_us / 1e6;
	/* CPU, as the machine's load is in the time that it took */
	printf("%-24s %10.0f %12.2f %10.2f %12.3f %12.3f %8.0f\n", name,
	       (double)(followed->batches + followed->events) / s, (double)observations / s / 1e6,
	       s, (double)followed->cpu_us / 1e6, (double)province_us / 1e6,
	       (double)(followed->cpu_us + province_us) / (double)yardstick->cpu_us);
	(void)fflush(stdout);
}

/* Every follower must have met all of it. */
static int judge(const struct followed *followed, const struct followed *all, uint64_t observations,
		 struct err *err)
{
	if (followed->batches != all->batches || followed->events != all->events ||
	    followed->observations != observations)
		return err_set(err, -EPROTO,
			       "%" PRIu64 " batches, %" PRIu64 " events and %" PRIu64
			       " observations were met; there are %" PRIu64 ", %" PRIu64
			       " and %" PRIu64,
			       followed->batches, followed->events, followed->observations,
			       all->batches, all->events, observations);
	return 0;
}

static int run(struct bench *bench, struct err *err)
{
	struct filled filled;
	struct followed all, followed;
	int rc = daemon_start(bench->aggregator, &bench->daemon, err);
	if (rc == 0)
		rc = daemon_stop(&bench->daemon, err);
	(void)snprintf(bench->path, sizeof(bench->path), "%s/lantoa.db",
		       bench->daemon.folder); /* these fit */
	(void)snprintf(bench->api, sizeof(bench->api), "unix:%s", bench->daemon.api_socket);
	bench->filling.path = bench->path;
	if (rc == 0)
		rc = measure(filling_fill, &bench->filling, &filled, sizeof(filled), err);
	if (rc == 0)
		rc = daemon_launch(bench->aggregator, &bench->daemon, err);
	if (rc == 0)
		rc = measure(scan, bench, &all, sizeof(all), err);
	if (rc < 0)
		return rc;
	printf("%" PRIu64 " observations in %" PRIu64 " batches of %u offices, %" PRIu64
	       " events, %.0f MB of them\n\n",
	       filled.observations, all.batches, bench->filling.offices, all.events,
	       (double)all.bytes / 1e6);
	printf("%-24s %10s %12s %10s %12s %12s %8s\n", "read by", "changes/s", "M obs/s", "s",
	       "CPU s", "province's", "times CPU");
	print("SQLite alone", &all, filled.observations, 0, &all);
	for (int i = 0; i < 2 && rc == 0; i++) {
		uint64_t before_us = daemon_cpu_us(&bench->daemon);
		bench->figures = i == 1;
		rc = measure(follow, bench, &followed, sizeof(followed), err);
		if (rc == 0)
			rc = judge(&followed, &all, i == 1 ? filled.observations : 0, err);
		if (rc == 0)
			print(i == 0 ? "follower" : "follower, figures=1", &followed,
			      filled.observations, daemon_cpu_us(&bench->daemon) - before_us, &all);
	}
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
	bench.filling.observations = option(argc, argv, "--observations", 2000000, 1000000000);
	bench.filling.offices = option(argc, argv, "--offices", 200, FILLING_OFFICES_MAX);
	if (argc < 2 || argv[argc - 1][0] == '-') {
		(void)fprintf(stderr,
			      "usage: follow [--observations N] [--offices N] AGGREGATOR\n");
		return 2;
	}
	bench.aggregator = argv[argc - 1];
	int rc = sodium_init() < 0 ? err_set(&err, -EIO, "libsodium does not start")
				   : run(&bench, &err);
	daemon_remove(&bench.daemon);
	if (rc < 0)
		(void)fprintf(stderr, "follow: %s\n", err.text);
	return rc < 0;
}
