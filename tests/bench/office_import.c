/* A large table through the inbox, beside libcsv reading the same bytes: seconds of CPU, how many
 * times libcsv's, and the most memory that was in use.
 *
 *   csv      libcsv alone
 *   detect   the first reading
 *   import   both readings, every figure judged, nothing recorded
 *   inbox    all of it: compared and recorded in the spool, with real syncs, moved to done/ */
#include "bench/measure.h"
#include "common/model/civil.h"
#include "import/detect.h"
#include "import/import.h"
#include "inbox/inbox_file.h"
#include "support/scratch.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NOW_US (INT64_C(20300) * 86400000000) /* 2025-07-31 */
#define PIECE  65536u

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"dossiers.received,Số hồ sơ tiếp nhận,Dossiers,dossier,flow,sum,sum,day,sector,0,0,commune,"
	"1,0,\n"
	"score,Điểm,Score,point,ratio,last,mean,day,sector,2,0,commune,1,,\n";

struct run {
	const char *folder;
	unsigned lines;
};

struct result {
	uint64_t cpu_us, wall_us, figures;
	long rss_kib; /* that came on top */
};

static uint64_t wall_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static long rss_kib(void)
{
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage); /* cannot fail */
	return usage.ru_maxrss;
}

static void begin(struct result *result)
{
	result->rss_kib = rss_kib();
	result->cpu_us = measure_cpu_us();
	result->wall_us = wall_us();
}

static void end(struct result *result)
{
	result->wall_us = wall_us() - result->wall_us;
	result->cpu_us = measure_cpu_us() - result->cpu_us;
	result->rss_kib = rss_kib() - result->rss_kib;
}

static int open_table(const struct run *run, struct err *err)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/table.csv", run->folder); /* fits */
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_set(err, -EIO, "%s is not there", path) : fd;
}

/* --- libcsv alone --- */

static void count_field(void *field, size_t len, void *context)
{
	struct result *result = context;
	(void)field, (void)len;
	result->figures++;
}

static int run_csv(const void *input, void *ret_result, struct err *err)
{
	static char piece[PIECE];
	struct result result = { 0 };
	struct csv_parser parser;
	int fd = open_table(input, err);
	if (fd < 0)
		return fd;
	begin(&result);
	(void)csv_init(&parser, CSV_STRICT); /* cannot fail */
	csv_set_delim(&parser, ';');
	for (ssize_t n; (n = read(fd, piece, PIECE)) > 0;)
		(void)csv_parse(&parser, piece, (size_t)n, count_field, NULL, &result);
	csv_free(&parser);
	end(&result);
	(void)close(fd); /* only read */
	*(struct result *)ret_result = result;
	return 0;
}

/* --- detect and import --- */

static int detect(const struct headings *headings, int fd, struct dialect *ret_dialect,
		  struct err *err)
{
	static char piece[PIECE];
	struct detect *detect = NULL;
	int rc = detect_open(headings, &detect, err);
	for (ssize_t n; rc == 0 && (n = read(fd, piece, PIECE)) > 0;)
		rc = detect_feed(detect, piece, (size_t)n, err);
	if (rc == 0)
		rc = detect_end(detect, ret_dialect, err);
	detect_close(detect);
	return rc;
}

static int on_entries(void *context, const struct entry entries[],
		      const struct observation judged[], size_t n, struct comparison *ret_found,
		      struct err *err)
{
	(void)judged;
	(void)ret_found;
	struct result *result = context;
	(void)entries, (void)err;
	result->figures += n;
	return 0;
}

static void on_error(void *context, const struct import_diagnostic *error)
{
	(void)context;
	fprintf(stderr, "office_import: line %u: %s\n", error->line, error->why);
	exit(EXIT_FAILURE);
}

static int import(const struct import_config *config, const struct dialect *dialect, int fd,
		  struct err *err)
{
	static char piece[PIECE];
	struct import *import = NULL;
	int rc = import_open(config, dialect, &import, err);
	for (ssize_t n; rc == 0 && (n = read(fd, piece, PIECE)) > 0;)
		rc = import_feed(import, piece, (size_t)n, err);
	while (rc >= 0 && (rc = import_end(import, err)) > 0)
		;
	import_close(import);
	return rc;
}

static int read_table(const struct run *run, bool imports, struct result *ret_result,
		      struct err *err)
{
	struct result result = { 0 };
	struct catalogue *catalogue = NULL;
	struct headings *headings = NULL;
	struct dialect dialect;
	int fd = open_table(run, err);
	int rc =
		fd < 0 ? fd : catalogue_read(catalogue_csv, strlen(catalogue_csv), &catalogue, err);
	if (rc == 0)
		rc = headings_open(catalogue, &headings, err);
	struct import_config config = { .catalogue = catalogue,
					.headings = headings,
					.now_us = NOW_US,
					.on_entries = on_entries,
					.on_error = on_error,
					.context = &result };
	begin(&result);
	if (rc == 0)
		rc = detect(headings, fd, &dialect, err);
	if (rc == 0 && imports && lseek(fd, 0, SEEK_SET) == 0)
		rc = import(&config, &dialect, fd, err);
	end(&result);
	headings_close(headings);
	catalogue_close(catalogue);
	if (fd >= 0)
		(void)close(fd); /* only read */
	*ret_result = result;
	return rc;
}

static int run_detect(const void *input, void *ret_result, struct err *err)
{
	return read_table(input, false, ret_result, err);
}

static int run_import(const void *input, void *ret_result, struct err *err)
{
	return read_table(input, true, ret_result, err);
}

/* --- the inbox --- */

static int take(const struct inbox_file_config *config, struct inbox_result *ret_result,
		struct err *err)
{
	struct inbox_listed listed = { .name = "table.csv" };
	struct inbox_file *file = NULL;
	struct stat stat;
	if (fstatat(config->folder_fd, listed.name, &stat, 0) < 0)
		return err_system(err, -errno, listed.name);
	listed.stamp = inbox_stamp_of(&stat);
	int rc = inbox_file_open(config, &listed, &file, err);
	while (rc == 0 && (rc = inbox_file_step(file, ret_result, err)) > 0)
		rc = 0;
	inbox_file_close(file);
	return rc;
}

static int run_inbox(const void *input, void *ret_result, struct err *err)
{
	const struct run *run = input;
	char path[128];
	struct result result = { 0 };
	struct inbox_result taken = { 0 };
	struct spool_limits limits = { .bytes_max = UINT64_C(1) << 32, .keep_days = 3650 };
	struct inbox_file_config config = { .now_us = NOW_US };
	struct catalogue *catalogue = NULL;
	(void)snprintf(path, sizeof(path), "%s/.spool.db", run->folder); /* fits */
	config.folder_fd = open(run->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = catalogue_read(catalogue_csv, strlen(catalogue_csv), &catalogue, err);
	config.catalogue = catalogue;
	if (rc == 0)
		rc = spool_open(path, &limits, &config.spool, NULL, err);
	begin(&result);
	if (rc == 0)
		rc = take(&config, &taken, err);
	end(&result);
	if (rc == 0 && taken.outcome != INBOX_TAKEN)
		rc = err_set(err, -EINVAL, "the table was not taken whole");
	result.figures = taken.fresh + taken.changed;
	spool_close(config.spool);
	catalogue_close(catalogue);
	(void)close(config.folder_fd); /* a folder */
	*(struct result *)ret_result = result;
	return rc;
}

/* --- all of them --- */

/* Each day of two years has its figure in as many sectors as it takes; two figures a line. */
static void write_table(const struct run *run)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/table.csv", run->folder); /* fits */
	FILE *file = fopen(path, "we");
	if (!file)
		exit(EXIT_FAILURE);
	fprintf(file, "STT;Kỳ;sector;Số hồ sơ tiếp nhận;Điểm\r\n");
	for (unsigned i = 0; i < run->lines; i++)
		fprintf(file, "%u;%02u/%02u/20%02u;lĩnh vực %u;%u.%03u;%u,%02u\r\n", i + 1,
			i % 28 + 1, i / 28 % 12 + 1, 23 + i / 336 % 2, i / 672, i % 9 + 1, i % 1000,
			i % 99, i % 97);
	if (fclose(file) != 0)
		exit(EXIT_FAILURE);
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		int (*run)(const void *input, void *ret_result, struct err *err);
		unsigned per_line;
	} runs[] = { { "csv", run_csv, 5 },
		     { "detect", run_detect, 0 },
		     { "import", run_import, 2 },
		     { "inbox", run_inbox, 2 } };
	char folder[SCRATCH_MAX];
	struct run run = { .folder = folder, .lines = 100000 };
	struct result result;
	struct err err;
	double csv_us = 1;
	if (argc == 3 && strcmp(argv[1], "--lines") == 0)
		run.lines = (unsigned)strtoul(argv[2], NULL, 10);
	if (run.lines == 0 || (argc != 1 && argc != 3)) {
		fprintf(stderr, "usage: %s [--lines N]\n", argv[0]);
		return 2;
	}
	if (civil_set_zone("Asia/Ho_Chi_Minh", &err) < 0)
		return EXIT_FAILURE;
	scratch_make(false, folder);
	write_table(&run);
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		if (measure(runs[i].run, &run, &result, sizeof(result), &err) < 0) {
			fprintf(stderr, "office_import: %s: %s\n", runs[i].name, err.text);
			return EXIT_FAILURE;
		}
		if (runs[i].per_line > 0 && runs[i].per_line * run.lines > result.figures) {
			fprintf(stderr, "office_import: %s read %llu\n", runs[i].name,
				(unsigned long long)result.figures);
			return EXIT_FAILURE;
		}
		if (i == 0)
			csv_us = (double)(result.cpu_us ? result.cpu_us : 1);
		printf("%-8s %8.3f s CPU %8.3f s %7.1f x csv %7ld KiB more\n", runs[i].name,
		       (double)result.cpu_us / 1e6, (double)result.wall_us / 1e6,
		       (double)result.cpu_us / csv_us, result.rss_kib);
	}
	scratch_remove(folder);
	return EXIT_SUCCESS;
}
