/* How fast an answer becomes another form, and what memory it takes: export_rate [--rows N]. Rows
 * are figures of 250 communes month by month, fed as they come from the aggregator, in pieces of 16
 * KiB; each form in a process of its own. */
#include "bench/measure.h"
#include "common/base/blob.h"
#include "export/export.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define PIECE 16384u
#define HEAD                                                                                       \
	"{\"query\": {\"name\": \"visits\", \"title\": \"Visits\", \"per\": \"month\", "           \
	"\"calendar\": \"civil\", \"dimensions\": \"app;sector\", \"decimals\": \"1\"}}"

struct task {
	enum export_form form;
	uint64_t rows;
};

struct outcome {
	uint64_t cpu_us, read, written, peak_kb;
};

static int count(void *context, const void *data, size_t len, struct err *err)
{
	(void)data;
	(void)err;
	*(uint64_t *)context += len;
	return 0;
}

static int put_row(struct blob *piece, uint64_t row)
{
	char text[256];
	uint64_t month = row / 250, area = row % 250;
	bool silent = row % 10 == 0;
	int len = snprintf(text, sizeof(text),
			   "%05" PRIu64 ",Xã Bình Đông %" PRIu64 ",2020-01-01,%04" PRIu64
			   "-%02" PRIu64 ",,%s,%s,31,1,%d,1,0,%d,0,0,1,%d,0,%s\n",
			   28000 + area, area, 1900 + month / 12, month % 12 + 1,
			   silent ? "" : "12345.6", silent ? "not reported" : "", !silent, silent,
			   !silent, silent ? "silent" : "complete");
	return blob_append(piece, text, (size_t)len);
}

static int run(const void *input, void *ret_result, struct err *err)
{
	static const char columns[] =
		"area,name,valid_from,period,until,value,reason,observations,due,reported,on_time,"
		"carried,missing,waiting,extra,offices_due,offices_reported,revisions,state\n";
	const struct task *task = input;
	const struct export_choice choice = { .form = task->form };
	struct outcome outcome = { 0 };
	const struct export_sink sink = { count, &outcome.written };
	struct export *exp = NULL;
	struct blob piece = { 0 };
	struct rusage usage;
	int rc = export_open(&choice, &sink, &exp, err);
	if (rc == 0)
		rc = export_head(exp, HEAD, err);
	if (rc == 0)
		rc = export_feed(exp, columns, sizeof(columns) - 1, err);
	for (uint64_t row = 0; row < task->rows && rc == 0; row++) {
		rc = put_row(&piece, row) < 0 ? err_memory(err) : 0;
		if (rc < 0 || (piece.len < PIECE && row + 1 < task->rows))
			continue;
		uint64_t before_us = measure_cpu_us();
		rc = export_feed(exp, piece.data, piece.len, err);
		outcome.cpu_us += measure_cpu_us() - before_us;
		outcome.read += piece.len;
		piece.len = 0;
	}
	uint64_t before_us = measure_cpu_us();
	if (rc == 0)
		rc = export_finish(exp, err);
	outcome.cpu_us += measure_cpu_us() - before_us;
	(void)getrusage(RUSAGE_SELF, &usage);
	outcome.peak_kb = (uint64_t)usage.ru_maxrss;
	export_close(exp);
	blob_free(&piece);
	memcpy(ret_result, &outcome, sizeof(outcome));
	return rc;
}

int main(int argc, char *argv[])
{
	uint64_t rows =
		argc > 2 && strcmp(argv[1], "--rows") == 0 ? strtoull(argv[2], NULL, 10) : 500000;
	printf("%-10s %12s %10s %10s %10s %10s\n", "form", "rows/s", "MB in", "MB out", "CPU s",
	       "peak MB");
	for (unsigned form = 0; form < EXPORT_FORMS; form++) {
		const struct task task = { (enum export_form)form, rows };
		struct outcome outcome;
		struct err err;
		if (measure(run, &task, &outcome, sizeof(outcome), &err) < 0) {
			fprintf(stderr, "export_rate: %s\n", err.text);
			return 1;
		}
		printf("%-10s %12.0f %10.1f %10.1f %10.2f %10.1f\n", export_name(task.form),
		       (double)rows * 1e6 / (double)(outcome.cpu_us ? outcome.cpu_us : 1),
		       (double)outcome.read / 1e6, (double)outcome.written / 1e6,
		       (double)outcome.cpu_us / 1e6, (double)outcome.peak_kb / 1024);
	}
	return 0;
}
