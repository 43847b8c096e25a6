/* 1. A timer, or the system's word that something changed, starts a look: the worker lists the
 *    folder.
 * 2. The core says which file is whole and next. The worker takes it, step by step, each step a job
 *    of its own, so that the spool's other users get their turn.
 * 3. It is logged and marked; the next one follows, or the timer waits for one that settles.
 * 4. What must rest over a restart is kept among the spool's facts whenever that changed.
 * A folder that is not there, a full disk or spool: told in status, tried again later. Stopping
 * waits for the job in hand; a file that was begun is taken again after the next start. */
#include "inbox/inbox.h"

#include "common/base/container.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/retell.h"
#include "inbox/done_folder.h"
#include "inbox/inbox_core.h"
#include "inbox/inbox_file.h"
#include "inbox/inbox_folder.h"
#include "inbox/leftovers.h"
#include "inbox/outcomes.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS      30000u /* no system tells what happens on a network folder */
#define ABSENT_MS    10000u /* a stick is plugged in */
#define EVENT_MS     200u   /* a change seldom comes alone */
#define CATALOGUE_MS 5000u
#define FACT         "inbox" /* of the spool: what the core and the watch remember */
#define RETRY_MS     60000u  /* of a file that the machine's troubles kept out */

struct inbox {
	struct input_host host;
	char *path; /* owned; of the folder */
	struct inbox_folder folder;
	struct done_watch *moved; /* owned; the worker's while a job runs */
	uint64_t look_ms;         /* when the look began */
	size_t returned;          /* files that were written to after they had been moved */
	uint64_t settle_ms;
	enum language language;
	bool strict;
	struct inbox_core *core;
	uv_timer_t timer;
	uv_fs_event_t watch;
	uint64_t watched; /* inode of the folder that the watch is on; 0: none */
	struct job job;
	bool busy, again; /* a job runs; look once more after it */
	bool recalled;
	struct blob kept, memory; /* owned; the fact as it is, and as it is to be */
	/* of the file that is being taken */
	char name[INBOX_NAME_MAX];
	struct catalogue *catalogue; /* share */
	struct inbox_file *file;
	struct inbox_result result;
	int rc;
	struct err err;
	/* for status */
	bool failing;
	size_t told;                /* files not looked at that the log has told of */
	char trouble[ERR_TEXT_MAX]; /* in English */
	struct leftovers leftovers; /* when that is "" */
	char *looked;               /* owned [ERR_TEXT_MAX]; what the last look has told */
	int64_t last_us;
	uint64_t catalogue_version;
	int32_t day; /* files are judged by both: see begin_look() */
	/* stopping */
	bool stopping;
	unsigned open_handles;
	void (*on_stopped)(void *context);
	void *stopped_context;
};

static void submit(struct inbox *inbox, void (*work)(struct job *), void (*done)(struct job *))
{
	inbox->busy = true;
	inbox->err = (struct err){ 0 };
	inbox->job = (struct job){ .work = work, .done = done };
	worker_submit(recorder_worker(inbox->host.recorder), &inbox->job);
}

/* --- what status says --- */

static void fail(struct inbox *inbox)
{
	inbox->failing = true;
	memcpy(inbox->trouble, inbox->err.text, sizeof(inbox->trouble));
}

/* The core and the folder are the worker's while a job runs: what a look tells is kept. */
static void note_files(struct inbox *inbox)
{
	leftovers_note(&inbox->leftovers, inbox->core, &inbox->folder);
	inbox->failing = inbox->leftovers.n_stuck > 0;
	inbox->trouble[0] = '\0';
}

void inbox_look(const void *input, struct input_look *ret_look)
{
	const struct inbox *inbox = input;
	ret_look->state = inbox->failing ? N_("failing")
			  : inbox->file  ? N_("taking a file")
			  : recorder_catalogue(inbox->host.recorder)
				  ? N_("watching")
				  : N_("waiting for the catalogue");
	ret_look->last_us = inbox->last_us;
	ret_look->failing = inbox->failing;
	ret_look->error = inbox->looked;
	if (*inbox->trouble)
		(void)retell(inbox->trouble, inbox->looked, ERR_TEXT_MAX);
	else
		leftovers_say(&inbox->leftovers, inbox->looked);
}

/* --- stopping --- */

static void on_handle_closed(uv_handle_t *handle)
{
	struct inbox *inbox = handle->data;
	if (--inbox->open_handles > 0)
		return;
	void (*on_stopped)(void *) = inbox->on_stopped;
	void *context = inbox->stopped_context;
	inbox_core_close(inbox->core);
	free(inbox->moved);
	blob_free(&inbox->kept);
	blob_free(&inbox->memory);
	inbox_folder_free(&inbox->folder);
	free(inbox->path);
	free(inbox->looked);
	free(inbox);
	on_stopped(context);
}

static void close_file(struct inbox *inbox)
{
	inbox_file_close(inbox->file);
	catalogue_close(inbox->catalogue);
	inbox->file = NULL;
	inbox->catalogue = NULL;
}

static void close_all(struct inbox *inbox)
{
	close_file(inbox);
	inbox->open_handles = 2;
	uv_close((uv_handle_t *)&inbox->timer, on_handle_closed);
	uv_close((uv_handle_t *)&inbox->watch, on_handle_closed);
}

void inbox_stop(void *input, void (*on_stopped)(void *context), void *context)
{
	struct inbox *inbox = input;
	inbox->stopping = true;
	inbox->on_stopped = on_stopped;
	inbox->stopped_context = context;
	if (!inbox->busy)
		close_all(inbox);
}

/* --- looking --- */

/* The first look only; the core is the worker's as long as a job runs. */
static int recall(struct inbox *inbox, struct err *err)
{
	struct spool *spool = recorder_spool(inbox->host.recorder);
	inbox->kept.len = inbox->recalled ? inbox->kept.len : 0;
	int rc = inbox->recalled ? 0 : spool_fact_get(spool, FACT, &inbox->kept, err);
	if (rc == 0 && !inbox->recalled)
		rc = inbox_core_recall(inbox->core, (const char *)inbox->kept.data, inbox->kept.len,
				       err);
	if (rc == 0 && !inbox->recalled)
		done_watch_recall(inbox->moved, (const char *)inbox->kept.data, inbox->kept.len,
				  inbox->look_ms);
	inbox->recalled |= rc == 0 || rc == -ENOENT;
	return rc == -ENOENT ? 0 : rc;
}

static void work_look(struct job *job)
{
	struct inbox *inbox = container_of(job, struct inbox, job);
	inbox->rc = recall(inbox, &inbox->err);
	if (inbox->rc == 0)
		inbox->rc =
			inbox_folder_look(&inbox->folder, inbox->path, inbox->core, &inbox->err);
	if (inbox->rc == 0)
		inbox->returned = done_folder_look(inbox->folder.fd, inbox->moved, inbox->look_ms);
}

/* --- when to look again; nobody comes here once it stops, so the handles are open --- */

static void on_timer(uv_timer_t *timer);

static void look_after(struct inbox *inbox, uint64_t wait_ms)
{
	inbox_folder_leave(&inbox->folder);
	(void)uv_timer_start(&inbox->timer, on_timer, wait_ms, 0); /* open, as said above */
}

static void on_event(uv_fs_event_t *watch, const char *name, int events, int status)
{
	struct inbox *inbox = watch->data;
	(void)events;
	if (status < 0)
		inbox->watched = 0;
	if (inbox->stopping || (name && inbox_name_judge(name) == INBOX_NAME_PASSED))
		return;
	if (inbox->busy)
		inbox->again = true;
	else if (uv_timer_get_due_in(&inbox->timer) > EVENT_MS)
		look_after(inbox, EVENT_MS);
}

/* The watch is on a folder, not on its name: another one may have come there. What came between the
 * look and the watch is seen by one look more. */
static void watch_folder(struct inbox *inbox)
{
	if (inbox->watched == inbox->folder.inode)
		return;
	(void)uv_fs_event_stop(&inbox->watch); /* it may not be running */
	inbox->watched = uv_fs_event_start(&inbox->watch, on_event, inbox->path, 0) == 0
				 ? inbox->folder.inode
				 : 0;
	inbox->again |= inbox->watched != 0;
}

static void begin_look(struct inbox *inbox);

static void on_timer(uv_timer_t *timer)
{
	begin_look(timer->data);
}

/* --- taking --- */

static void log_outcome(const struct inbox *inbox)
{
	const struct inbox_result *r = &inbox->result;
	char name[EXCERPT_MAX];
	static const char *const words[] = {
		[INBOX_TAKEN] = "taken",
		[INBOX_STUCK] = "taken, but it cannot be moved to done/",
		[INBOX_FAULTY] = "has lines that were not taken",
		[INBOX_UNTOLD] = "has lines that were not taken, and this cannot be written there",
		[INBOX_CHANGING] = "",
		[INBOX_HELD] = "waits, since a program has it open for writing",
	};
	utf8_excerpt(inbox->name, strlen(inbox->name), name);
	log_info("inbox: %s file=\"%s\" passed_over=%zu far=%zu new=%zu changed=%zu same=%zu "
		 "rejected=%zu%s",
		 words[r->outcome], name, r->passed, r->warned, r->fresh, r->changed, r->same,
		 r->rejected, r->fresh + r->changed == 0 ? ", nothing changes" : "");
}

/* Dealt with, in one way or another. */
static void on_end_of_file(struct inbox *inbox)
{
	const struct inbox_result *r = &inbox->result;
	if (r->outcome == INBOX_CHANGING) {
		inbox_core_later(inbox->core, inbox->name,
				 uv_now(inbox->host.loop) + inbox->settle_ms);
		inbox->again = true;
		return;
	}
	if (r->outcome == INBOX_HELD) {
		if (inbox_core_held(inbox->core, inbox->name,
				    uv_now(inbox->host.loop) + inbox->settle_ms))
			log_outcome(inbox);
		note_files(inbox);
		return;
	}
	enum inbox_part part = r->outcome == INBOX_STUCK                ? INBOX_ALL
			       : r->outcome == INBOX_TAKEN && r->warned ? INBOX_LOOK
			       : r->outcome == INBOX_TAKEN              ? INBOX_GONE
			       : r->fresh + r->changed + r->same > 0    ? INBOX_SOME
									: INBOX_NONE;
	log_outcome(inbox);
	inbox_core_done(inbox->core, inbox->name, &r->stamp, part);
	note_files(inbox);
	if (r->outcome == INBOX_STUCK || r->outcome == INBOX_UNTOLD)
		fail(inbox);
}

static void go_on(struct inbox *inbox);

static void work_step(struct job *job)
{
	struct inbox *inbox = container_of(job, struct inbox, job);
	inbox->rc = inbox_file_step(inbox->file, &inbox->result, &inbox->err);
	struct outcome outcome;
	struct err ignored; /* the page does not tell of it; the log does */
	if (inbox->rc == 0 &&
	    outcome_of(&inbox->result, OUTCOME_INBOX, inbox->folder.fd, inbox->name, &outcome))
		(void)outcomes_add(recorder_spool(inbox->host.recorder), &outcome, &ignored);
}

static void done_step(struct job *job)
{
	struct inbox *inbox = container_of(job, struct inbox, job);
	inbox->busy = false;
	if (inbox->rc > 0 && !inbox->stopping) {
		submit(inbox, work_step, done_step);
		return;
	}
	close_file(inbox);
	if (inbox->stopping) {
		close_all(inbox);
		return;
	}
	/* Also of a step that failed: figures before it are recorded. */
	const struct inbox_result *r = &inbox->result;
	if (r->fresh + r->changed > 0)
		recorder_recorded(inbox->host.recorder, r->coarse);
	if (r->fresh + r->changed + r->same > 0)
		inbox->last_us = civil_now_us();
	if (inbox->rc == 0) {
		on_end_of_file(inbox);
	} else {
		log_error("inbox: not taken, will try again cause=%s", uv_err_name(inbox->rc));
		inbox_core_later(inbox->core, inbox->name, uv_now(inbox->host.loop) + RETRY_MS);
		fail(inbox);
	}
	go_on(inbox);
}

static void begin_file(struct inbox *inbox, const struct inbox_listed *listed)
{
	struct inbox_file_config config = { .folder_fd = inbox->folder.fd,
					    .spool = recorder_spool(inbox->host.recorder),
					    .catalogue = inbox->catalogue,
					    .office = inbox->host.office,
					    .watch = inbox->moved,
					    .tick_ms = uv_now(inbox->host.loop),
					    .language = inbox->language,
					    .strict = inbox->strict,
					    .now_us = clock_latest_us(
						    recorder_clock(inbox->host.recorder)) };
	memcpy(inbox->name, listed->name, INBOX_NAME_MAX);
	inbox->result = (struct inbox_result){ 0 };
	if (inbox_file_open(&config, listed, &inbox->file, &inbox->err) < 0) {
		inbox_core_later(inbox->core, inbox->name, uv_now(inbox->host.loop) + RETRY_MS);
		close_file(inbox);
		fail(inbox);
		look_after(inbox, RETRY_MS);
		return;
	}
	submit(inbox, work_step, done_step);
}

static void work_keep(struct job *job)
{
	struct inbox *inbox = container_of(job, struct inbox, job);
	inbox->rc = spool_fact_set(recorder_spool(inbox->host.recorder), FACT, inbox->memory.data,
				   inbox->memory.len, &inbox->err);
}

static void done_keep(struct job *job)
{
	struct inbox *inbox = container_of(job, struct inbox, job);
	struct blob swap = inbox->kept;
	inbox->busy = false;
	if (inbox->rc == 0) {
		inbox->kept = inbox->memory;
		inbox->memory = swap;
	} else if (!inbox->stopping) {
		log_error("inbox: cannot be kept, will try again cause=%s", uv_err_name(inbox->rc));
	}
	if (inbox->stopping)
		close_all(inbox);
	else if (inbox->rc == 0)
		go_on(inbox);
	else
		look_after(inbox, RETRY_MS);
}

/* Does what must be kept differ from what is? Then a job is on its way. */
static bool keep(struct inbox *inbox)
{
	const struct blob *kept = &inbox->kept, *memory = &inbox->memory;
	inbox->memory.len = 0;
	if (inbox_core_remember(inbox->core, &inbox->memory) < 0 ||
	    done_watch_remember(inbox->moved, &inbox->memory) < 0 ||
	    (kept->len == memory->len &&
	     (kept->len == 0 || memcmp(kept->data, memory->data, kept->len) == 0)))
		return false; /* without memory for it: with the next change */
	submit(inbox, work_keep, done_keep);
	return true;
}

/* Take the next file, or wait for one. */
static void go_on(struct inbox *inbox)
{
	if (keep(inbox))
		return;
	uint64_t wait_ms;
	struct catalogue *catalogue = recorder_catalogue(inbox->host.recorder);
	const struct inbox_listed *next =
		inbox_core_next(inbox->core, uv_now(inbox->host.loop), inbox->settle_ms, &wait_ms);
	if (next && catalogue) {
		inbox->catalogue = catalogue_share(catalogue);
		begin_file(inbox, next);
		return;
	}
	if (next)
		wait_ms = CATALOGUE_MS;
	if (inbox->again)
		wait_ms = EVENT_MS;
	inbox->again = false;
	look_after(inbox, wait_ms < LOOK_MS ? wait_ms : LOOK_MS);
}

static void done_look(struct job *job)
{
	struct inbox *inbox = container_of(job, struct inbox, job);
	inbox->busy = false;
	if (inbox->stopping) {
		close_all(inbox);
		return;
	}
	if (inbox->rc == 0)
		inbox->rc = inbox_core_look(inbox->core, inbox->folder.list, inbox->folder.n,
					    uv_now(inbox->host.loop), &inbox->err);
	if (inbox->rc < 0) {
		if (!inbox->failing)
			log_error("inbox: the folder cannot be read, will try again cause=%s",
				  uv_err_name(inbox->rc));
		fail(inbox);
		look_after(inbox, ABSENT_MS);
		return;
	}
	watch_folder(inbox);
	if (inbox->returned > 0)
		log_warn("inbox: written to after they were taken, and read again files=%zu",
			 inbox->returned);
	inbox->again |= inbox->returned > 0;
	note_files(inbox);
	if (inbox->folder.told > inbox->told) /* once, until there are more of them */
		log_warn("inbox: not looked at for their names files=%zu like=\"%s\"",
			 inbox->folder.told, inbox->folder.like);
	inbox->told = inbox->folder.told;
	go_on(inbox);
}

static void begin_look(struct inbox *inbox)
{
	const struct catalogue *catalogue = recorder_catalogue(inbox->host.recorder);
	uint64_t version = catalogue ? catalogue->version : 0;
	int32_t day = civil_day(civil_now_us());
	if (version != inbox->catalogue_version || day != inbox->day)
		inbox_core_anew(inbox->core); /* what was unknown, or not begun, may be right now */
	inbox->catalogue_version = version;
	inbox->day = day;
	inbox->again = false;
	inbox->returned = 0;
	inbox->look_ms = uv_now(inbox->host.loop);
	submit(inbox, work_look, done_look);
}

/* --- starting --- */

bool inbox_wanted(const struct settings *settings)
{
	return *settings->inbox_folder != '\0';
}

int inbox_start(const struct input_host *host, const struct settings *settings, void **ret_input,
		struct err *err)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));
	if (!inbox)
		return err_memory(err);
	inbox->host = *host;
	inbox->path = strdup(settings->inbox_folder);
	inbox->core = inbox_core_open();
	inbox->moved = calloc(1, sizeof(*inbox->moved));
	inbox->looked = calloc(1, ERR_TEXT_MAX);
	inbox->settle_ms = settings->inbox_settle_s * UINT64_C(1000);
	inbox->language = language_accepted(settings->inbox_language);
	inbox->strict = settings->inbox_strict;
	inbox->folder.fd = -1;
	if (!inbox->path || !inbox->core || !inbox->moved || !inbox->looked) {
		inbox_core_close(inbox->core);
		free(inbox->moved);
		free(inbox->looked);
		free(inbox->path);
		free(inbox);
		return err_memory(err);
	}
	(void)uv_timer_init(host->loop, &inbox->timer); /* these two cannot fail */
	(void)uv_fs_event_init(host->loop, &inbox->watch);
	inbox->timer.data = inbox->watch.data = inbox;
	(void)signal(SIGIO, SIG_IGN); /* of a lease that ends while it is asked for */
	begin_look(inbox);
	*ret_input = inbox;
	return 0;
}
