#include "bench/measure.h"

#include <errno.h>
#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct outcome { /* what goes through the pipe, with the result's bytes after it */
	alignas(max_align_t) int rc;
	struct err err;
};

typedef int measure_fn(const void *input, void *ret_result, struct err *err);

static void child_run(measure_fn *run, const void *input, size_t len, int pipe)
{
	struct outcome *outcome = calloc(1, sizeof(*outcome) + len);
	FILE *out = fdopen(pipe, "w");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* fails only for no signal */
	if (outcome)
		outcome->rc = run(input, outcome + 1, &outcome->err);
	bool told = out && outcome && fwrite(outcome, sizeof(*outcome) + len, 1, out) == 1 &&
		    fflush(out) == 0;
	if (out)
		(void)fclose(out); /* flushed */
	free(outcome);
	exit(told ? 0 : 1);
}

static int outcome_read(int pipe, void *ret_result, size_t len, struct err *err)
{
	struct outcome *outcome = calloc(1, sizeof(*outcome) + len);
	FILE *in = fdopen(pipe, "r");
	int rc;
	if (!in || !outcome)
		rc = err_memory(err);
	else if (fread(outcome, sizeof(*outcome) + len, 1, in) != 1)
		rc = err_set(err, -EPROTO, "a measurement died before it could tell its result");
	else if ((rc = outcome->rc) < 0)
		*err = outcome->err;
	else
		memcpy(ret_result, outcome + 1, len);
	if (in)
		(void)fclose(in); /* only read */
	free(outcome);
	return rc;
}

int measure(measure_fn *run, const void *input, void *ret_result, size_t len, struct err *err)
{
	int ends[2], status = 0;
	if (pipe(ends) < 0)
		return err_system(err, -errno, "make a pipe");
	(void)fflush(NULL); /* or the child would print it again */
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(ends[0]); /* only the parent reads */
		child_run(run, input, len, ends[1]);
	}
	(void)close(ends[1]); /* only the child writes */
	if (pid < 0) {
		(void)close(ends[0]);
		return err_system(err, -errno, "fork");
	}
	int rc = outcome_read(ends[0], ret_result, len, err);
	if (waitpid(pid, &status, 0) == pid && rc == 0 && status != 0)
		rc = err_set(err, -EPROTO, "a measurement ended with wait status %#x",
			     (unsigned)status);
	return rc;
}

uint64_t measure_cpu_us(void)
{
	struct rusage used;
	(void)getrusage(RUSAGE_SELF, &used); /* fails only for bad arguments */
	return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000u +
	       (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

uint64_t now_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* the clock exists */
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}
