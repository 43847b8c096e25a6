#include "cli/cmd_alerts.h"

#include "cli/args.h"
#include "cli/hook.h"
#include "cli/output.h"
#include "common/base/backoff.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/sys/secret_file.h"
#include "feed/client.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAIT_S          50u /* a request waits for so long */
#define PATIENCE_S      30u /* and its answer may take so much longer */
#define TRY_FIRST_MS    1000u
#define TRY_MAX_MS      300000u
#define GIVE_UP_S       3600u
#define UNDELIVERED_MAX (4 << 20) /* bytes */

struct following {
	const struct order *order;
	const char *hook, *folder;
	unsigned give_up_s;
	char path[PATH_MAX];   /* of the position */
	int64_t number, epoch; /* told up to; epoch 0: nothing yet */
	bool gave_up;          /* the hook failed for too long, and did not go through since */
};

static uint64_t now_ms(void)
{
	struct timespec at;
	(void)clock_gettime(CLOCK_MONOTONIC, &at); /* cannot fail */
	return (uint64_t)at.tv_sec * 1000 + (uint64_t)at.tv_nsec / 1000000;
}

static void pause_ms(uint64_t ms)
{
	const struct timespec wait = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
	(void)nanosleep(&wait, NULL); /* a signal that does not end us may cut it short */
}

/* --- what is kept --- */

static int position_read(struct following *f, struct err *err)
{
	char text[SECRET_FILE_MAX], rest;
	int n = snprintf(f->path, sizeof(f->path), "%s/position", f->folder);
	if (n < 0 || (size_t)n >= sizeof(f->path))
		return err_system(err, -ENAMETOOLONG, f->folder);
	int rc = secret_file_read(f->path, text, err);
	if (rc == -ENOENT)
		return 0;
	if (rc == 0 &&
	    sscanf(text, "%" SCNd64 " %" SCNd64 " %c", &f->epoch, &f->number, &rest) != 2)
		rc = err_set(
			err, -EINVAL,
			_("%s: it is not a position; remove it to start again with what is firing"),
			f->path);
	return rc;
}

static int position_write(const struct following *f, struct err *err)
{
	char text[64];
	(void)snprintf(text, sizeof(text), "%" PRId64 " %" PRId64 "\n", f->epoch,
		       f->number); /* fits */
	return secret_file_write(f->path, text, err);
}

static int undelivered_keep(const struct following *f, const char *line, struct err *err)
{
	char path[PATH_MAX + 32], aside[PATH_MAX + 32];
	struct stat is;
	(void)snprintf(path, sizeof(path), "%s/undelivered.jsonl", f->folder); /* both fit */
	(void)snprintf(aside, sizeof(aside), "%s/undelivered.1.jsonl", f->folder);
	if (stat(path, &is) == 0 && is.st_size > UNDELIVERED_MAX)
		(void)rename(path, aside); /* else it goes on growing: nothing is lost */
	FILE *file = fopen(path, "ae");
	if (!file)
		return err_system(err, -errno, path);
	int rc = fputs(line, file) < 0 || fflush(file) != 0 || fsync(fileno(file)) < 0 ? -errno : 0;
	if (fclose(file) != 0 && rc == 0)
		rc = -errno;
	return rc < 0 ? err_system(err, rc, path) : 0;
}

/* --- one change --- */

/* {"alert": 12, ..., "epoch": 3} and a line feed; the caller frees it. */
static char *line_make(const struct following *f, json_t *row)
{
	char *text, *line = NULL;
	if (json_object_set_new(row, "epoch", json_integer(f->epoch)) < 0)
		return NULL;
	text = json_dumps(row, JSON_COMPACT);
	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}

static int deliver(struct following *f, const char *line, struct err *err)
{
	uint64_t begun_ms = now_ms();
	for (uint32_t attempt = 0;; attempt++) {
		struct err why;
		if (hook_run(f->hook, line, strlen(line), HOOK_LIMIT_S, &why) == 0) {
			f->gave_up = false;
			return 0;
		}
		log_warn("alerts: the hook failed attempt=%" PRIu32 " cause=\"%s\"", attempt + 1,
			 why.text);
		uint64_t wait_ms = backoff_ms(TRY_FIRST_MS, TRY_MAX_MS, attempt, 0);
		if (f->gave_up || now_ms() - begun_ms + wait_ms > f->give_up_s * UINT64_C(1000))
			break;
		pause_ms(wait_ms);
	}
	log_error("alerts: not told, and kept in undelivered.jsonl line=%s", line);
	f->gave_up = true;
	return undelivered_keep(f, line, err);
}

static int row_tell(struct following *f, json_t *row, struct err *err)
{
	char *line = line_make(f, row);
	int rc = line ? deliver(f, line, err) : err_memory(err);
	free(line);
	if (rc < 0)
		return rc;
	int64_t number = json_integer_value(json_object_get(row, "alert"));
	f->number = number > f->number ? number : f->number;
	return position_write(f, err);
}

/* --- asking --- */

static int64_t head_of(const json_t *answer, const char *key)
{
	const json_t *number = json_object_get(json_object_get(answer, "alerts"), key);
	return json_is_integer(number) ? json_integer_value(number) : -1;
}

/* *@ret_status: of HTTP; 0: nobody answered. */
static int ask(const struct following *f, bool changes, json_t **ret_answer, unsigned *ret_status,
	       struct err *err)
{
	char after[24], epoch[24], wait[16];
	struct blob text = { 0 };
	(void)snprintf(after, sizeof(after), "%" PRId64, f->number); /* these fit */
	(void)snprintf(epoch, sizeof(epoch), "%" PRId64, f->epoch);
	(void)snprintf(wait, sizeof(wait), "%u", WAIT_S);
	const struct argument arguments[] = { { "after", after },
					      { "epoch", epoch },
					      { "wait", wait } };
	const struct request request = { .method = "GET",
					 .path = "/v1/alerts",
					 .arguments = arguments,
					 .n_arguments = changes ? 3 : 0,
					 .accept = "application/json",
					 .limit_s = WAIT_S + PATIENCE_S,
					 .ret_status = ret_status };
	*ret_status = 0;
	int rc = client_ask(f->order->api, &request, &text, err);
	json_t *answer = rc == 0 ? json_loadb((const char *)text.data, text.len, 0, NULL) : NULL;
	blob_free(&text);
	if (rc == 0 && (!answer || head_of(answer, "last") < 0 || head_of(answer, "epoch") < 0)) {
		json_decref(answer);
		return output_strange(err);
	}
	*ret_answer = answer;
	return rc;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = json_integer_value(json_object_get(*(json_t *const *)a, "alert")),
		y = json_integer_value(json_object_get(*(json_t *const *)b, "alert"));
	return (x > y) - (x < y);
}

/* In order, whatever the order of the rows. */
static int rows_tell(struct following *f, const json_t *answer, struct err *err)
{
	const json_t *rows = json_object_get(answer, "rows");
	size_t n = json_array_size(rows);
	json_t **list = calloc(n + 1, sizeof(*list));
	int rc = list ? 0 : err_memory(err);
	for (size_t i = 0; i < n && list; i++)
		list[i] = json_array_get(rows, i);
	if (list && n > 1)
		qsort(list, n, sizeof(*list), by_number);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = row_tell(f, list[i], err);
	free(list);
	return rc;
}

/* What fires is told; then all is known up to the last change. */
static int begin(struct following *f, const json_t *answer, struct err *err)
{
	f->epoch = head_of(answer, "epoch");
	f->number = 0;
	int rc = rows_tell(f, answer, err);
	if (rc < 0)
		return rc;
	f->number = head_of(answer, "last");
	return position_write(f, err);
}

/* Negative: it cannot go on. */
static int turn(struct following *f, uint32_t *attempt, struct err *err)
{
	json_t *answer = NULL;
	unsigned status;
	struct err why;
	int rc = ask(f, f->epoch != 0, &answer, &status, &why);
	if (rc == 0) {
		*attempt = 0;
		rc = f->epoch ? rows_tell(f, answer, err) : begin(f, answer, err);
		json_decref(answer);
		return rc;
	}
	if (status == 409) {
		log_warn("alerts: begins anew cause=\"%s\"", why.text);
		f->epoch = 0;
		return 0;
	}
	if (rc != -ECONNREFUSED && rc != -EIO && status < 500) {
		*err = why;
		return rc;
	}
	log_warn("alerts: the province does not answer cause=\"%s\"", why.text);
	pause_ms(backoff_ms(TRY_FIRST_MS, 60000, (*attempt)++, now_ms()));
	return 0;
}

int cmd_alerts_follow(const struct order *order, struct err *err)
{
	const char *give_up = args_option(order->args, "wait");
	struct following f = { .order = order,
			       .hook = args_option(order->args, "hook"),
			       .folder = args_option(order->args, "into"),
			       .give_up_s =
				       give_up ? (unsigned)strtoul(give_up, NULL, 10) : GIVE_UP_S };
	uint32_t attempt = 0;
	int rc = 0;
	if (access(f.hook, X_OK) < 0)
		rc = err_system(err, -errno, f.hook);
	if (rc == 0)
		rc = position_read(&f, err);
	while (rc == 0)
		rc = turn(&f, &attempt, err);
	return rc;
}
