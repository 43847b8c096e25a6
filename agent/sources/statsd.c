/* 1. A datagram comes: each of its lines is taken apart, judged and added to the tally that fills.
 * 2. The first one starts the timer. When it is over, the two tallies change places, and the worker
 *    records the full one, as one transaction.
 * 3. Recorded: it is emptied. Refused as a whole: it stays for the next turn of the timer. One
 *    figure at fault: that one is dropped, counted and named.
 * At a stop both are recorded once more; what is refused then is lost, and logged. */
#include "sources/statsd.h"

#include "common/base/container.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/model/entry.h"
#include "sources/datagram.h"
#include "sources/statsd_line.h"
#include "sources/tally_record.h"

#include <assert.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INLETS          2u
#define TURN            64u   /* datagrams in one turn of the loop: others want theirs */
#define SOCKET_MODE     0660u /* the group of the socket's folder may hand in figures */
#define ERROR_MAX       512u
#define REFUSAL_TOLD_MS 3600000u /* an hour after the last one, all is well again */

struct inlet {
	int fd;
	uv_poll_t poll;
};

struct statsd {
	struct input_host host;
	struct inlet inlets[INLETS];
	size_t n_inlets;
	char *path; /* owned; of the unix socket; NULL: none */
	uv_timer_t timer;
	struct tally filling;
	struct tally flushing;       /* the worker's while in_flight */
	struct tally_record record;  /* how far that is in the spool */
	struct catalogue *catalogue; /* share, while in flight */
	struct job job;
	bool in_flight, stopping;
	int rc; /* of the job */
	uint64_t refused;
	uint64_t overrun; /* datagrams that the kernel had no room for */
	struct log_limit limit;
	int64_t last_us;
	char refusal[ERROR_MAX]; /* of the newest refused, told for a while */
	uint64_t refused_ms;     /* when; by uv_now() */
	char trouble[ERROR_MAX]; /* why the spool did not take the last tally; "" */
	void (*on_stopped)(void *context);
	void *stopped_context;
	unsigned open; /* handles */
};

static void refuse(struct statsd *statsd, uint64_t n, const char *why)
{
	uint64_t quiet;
	statsd->refused += n;
	statsd->refused_ms = uv_now(statsd->host.loop);
	(void)utf8_print(statsd->refusal, sizeof(statsd->refusal), _("%llu refused; the last: %s"),
			 (unsigned long long)statsd->refused, why); /* cut is fine */
	if (log_limit_pass(&statsd->limit, statsd->refused_ms, &quiet))
		log_warn("statsd: refused figures=%llu cause=\"%s\"",
			 (unsigned long long)(quiet + n), why);
}

/* --- to the spool --- */

static void work_flush(struct job *job)
{
	struct statsd *statsd = container_of(job, struct statsd, job);
	statsd->rc = tally_record(&statsd->flushing, recorder_spool(statsd->host.recorder),
				  statsd->catalogue, &statsd->record);
}

/* --- the turns; on the loop --- */

static void stop_when_flushed(struct statsd *statsd);

static void done_flush(struct job *job)
{
	struct statsd *statsd = container_of(job, struct statsd, job);
	struct tally_record *record = &statsd->record;
	statsd->in_flight = false;
	catalogue_close(statsd->catalogue);
	statsd->catalogue = NULL;
	if (record->dropped > 0)
		refuse(statsd, record->dropped, record->why.text);
	record->dropped = 0;
	if (statsd->rc < 0 && statsd->stopping) {
		log_error("statsd: lost figures=%zu cause=\"%s\"",
			  statsd->flushing.n - record->done, record->why.text);
		statsd->rc = 0;
	} else if (statsd->rc < 0) {
		(void)utf8_print(statsd->trouble, sizeof(statsd->trouble), "%s",
				 record->why.text); /* cut is fine */
	} else {
		statsd->trouble[0] = '\0';
		recorder_recorded(statsd->host.recorder, false);
	}
	if (statsd->rc == 0)
		tally_clear(&statsd->flushing);
	if (statsd->stopping)
		stop_when_flushed(statsd);
}

static void begin_flush(struct statsd *statsd)
{
	if (statsd->flushing.n == 0) {
		statsd->flushing = statsd->filling;
		statsd->filling = (struct tally){ 0 };
		statsd->record = (struct tally_record){ 0 };
	}
	statsd->in_flight = true;
	statsd->catalogue = catalogue_share(recorder_catalogue(statsd->host.recorder));
	statsd->job = (struct job){ .work = work_flush, .done = done_flush };
	worker_submit(recorder_worker(statsd->host.recorder), &statsd->job);
}

/* What the kernel dropped because we did not read in time, since the socket was opened. */
static uint64_t overrun_of(const struct statsd *statsd)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < statsd->n_inlets; i++) {
		uint32_t info[SK_MEMINFO_VARS] = { 0 };
		socklen_t len = sizeof(info);
		if (getsockopt(statsd->inlets[i].fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0)
			sum += info[SK_MEMINFO_DROPS];
	}
	return sum;
}

static void on_timer(uv_timer_t *timer)
{
	struct statsd *statsd = timer->data;
	uint64_t overrun = overrun_of(statsd);
	if (overrun > statsd->overrun)
		refuse(statsd, overrun - statsd->overrun,
		       _("datagrams came faster than they could be read"));
	statsd->overrun = overrun;
	if (statsd->flushing.n == 0 && statsd->filling.n == 0)
		(void)uv_timer_stop(timer); /* cannot fail; the next figure starts it again */
	else if (!statsd->in_flight)
		begin_flush(statsd);
}

/* --- figures --- */

/* @obs is what @line was judged to be. */
static int how_of(const struct statsd_line *line, const struct metric *metric,
		  const struct observation *obs, enum tally_how *ret_how, struct err *err)
{
	bool picks = metric->time_agg == AGG_MAX || metric->time_agg == AGG_MIN;
	if (line->counter && metric->time_agg != AGG_SUM)
		return err_set(err, -EINVAL, "%s does not add up over time; send a gauge (|g)",
			       metric->name);
	if (line->change && picks)
		return err_set(err, -EINVAL,
			       "%s keeps the period's maximum or minimum; send a gauge without a "
			       "sign",
			       metric->name);
	if (obs->now && (line->change || picks))
		return err_set(err, -EAGAIN,
			       "this machine does not know the time yet, and so not which value of "
			       "%s this goes with; send it again later",
			       metric->name);
	if (line->counter)
		*ret_how = TALLY_ADD;
	else if (line->change)
		*ret_how = TALLY_CHANGE;
	else if (picks)
		*ret_how = metric->time_agg == AGG_MAX ? TALLY_MAXIMUM : TALLY_MINIMUM;
	else
		*ret_how = TALLY_SET;
	return 0;
}

static int take_line(struct statsd *statsd, const char *text, size_t len, int64_t now_us,
		     struct err *err)
{
	const struct catalogue *catalogue = recorder_catalogue(statsd->host.recorder);
	struct statsd_line line;
	struct observation obs;
	char labels[LABELS_TEXT_MAX]; /* the tally keeps a copy */
	enum tally_how how = TALLY_SET;
	if (!catalogue)
		return err_set(err, -EAGAIN, "the province has not sent its catalogue yet");
	int rc = statsd_line_parse(text, len, &line, err);
	if (rc < 0)
		return rc;
	struct entry entry = statsd_line_entry(&line);
	rc = entry_judge(catalogue, &entry, now_us, labels, &obs, err);
	if (rc == 0)
		rc = how_of(&line, catalogue_find(catalogue, line.metric), &obs, &how, err);
	return rc < 0 ? rc : tally_add(&statsd->filling, &obs, how, err);
}

static void take_datagram(struct statsd *statsd, const char *text, size_t len)
{
	int64_t latest_us = clock_latest_us(recorder_clock(statsd->host.recorder));
	for (const char *end = text + len; text < end;) {
		struct err err;
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((stop ? stop : end) - text);
		if (line > 0 && text[line - 1] == '\r')
			line--; /* programs on Windows end their lines so */
		if (line > 0 && take_line(statsd, text, line, latest_us, &err) < 0) {
			char shown[EXCERPT_MAX]; /* which of a program's lines it was */
			if (!strstr(err.text, utf8_excerpt(text, line, shown)))
				err_wrap(&err, "'%s'", shown);
			refuse(statsd, 1, err.text);
		} else if (line > 0)
			statsd->last_us = civil_now_us();
		text = stop ? stop + 1 : end;
	}
	if (statsd->filling.n > 0 && !uv_is_active((uv_handle_t *)&statsd->timer))
		(void)uv_timer_start(&statsd->timer, on_timer, STATSD_FLUSH_MS,
				     STATSD_FLUSH_MS); /* cannot fail: not closing */
}

/* The poll is level-triggered: what is left after a turn calls again. */
static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct inlet *inlet = container_of(poll, struct inlet, poll);
	struct statsd *statsd = poll->data;
	char buffer[STATSD_DATAGRAM_MAX];
	(void)status; /* an error of the socket comes out of recv() */
	(void)events;
	for (unsigned i = 0; i < TURN; i++) {
		ssize_t n = recv(inlet->fd, buffer, sizeof(buffer), MSG_TRUNC);
		if (n < 0)
			return; /* EAGAIN, or news of a sender, which are not ours */
		if ((size_t)n > sizeof(buffer))
			refuse(statsd, 1, _("a datagram of more than 8192 bytes; split it"));
		else
			take_datagram(statsd, buffer, (size_t)n);
	}
}

/* --- starting and stopping --- */

static void statsd_free(struct statsd *statsd)
{
	for (size_t i = 0; i < statsd->n_inlets; i++)
		(void)close(statsd->inlets[i].fd); /* only read */
	if (statsd->path)
		(void)unlink(statsd->path); /* the next start replaces it as well */
	tally_clear(&statsd->filling);
	tally_clear(&statsd->flushing);
	free(statsd->path);
	free(statsd);
}

static void on_closed(uv_handle_t *handle)
{
	struct statsd *statsd = handle->data;
	if (--statsd->open > 0)
		return;
	void (*on_stopped)(void *) = statsd->on_stopped;
	void *context = statsd->stopped_context;
	statsd_free(statsd);
	on_stopped(context);
}

static void stop_when_flushed(struct statsd *statsd)
{
	if (statsd->in_flight)
		return;
	if (statsd->flushing.n > 0 || statsd->filling.n > 0) {
		begin_flush(statsd);
		return;
	}
	for (size_t i = 0; i < statsd->n_inlets; i++)
		uv_close((uv_handle_t *)&statsd->inlets[i].poll, on_closed);
	uv_close((uv_handle_t *)&statsd->timer, on_closed);
}

void statsd_stop(void *input, void (*on_stopped)(void *context), void *context)
{
	struct statsd *statsd = input;
	statsd->stopping = true;
	statsd->on_stopped = on_stopped;
	statsd->stopped_context = context;
	for (size_t i = 0; i < statsd->n_inlets; i++)
		(void)uv_poll_stop(&statsd->inlets[i].poll); /* cannot fail */
	(void)uv_timer_stop(&statsd->timer);                 /* cannot fail */
	stop_when_flushed(statsd);
}

static void add_inlet(struct statsd *statsd, int fd)
{
	statsd->inlets[statsd->n_inlets++].fd = fd;
}

static int open_port(struct statsd *statsd, const char *listen, struct err *err)
{
	struct http_address address;
	char text[HTTP_ADDRESS_MAX];
	int fd = -1, rc = http_address_parse(listen, &address, err);
	if (rc == 0)
		rc = datagram_open_udp(&address, &fd, text, err);
	if (rc < 0)
		return err_wrap(err, "[statsd] listen '%s'", listen);
	log_info("statsd: listening address=%s", text);
	add_inlet(statsd, fd);
	return 0;
}

static int open_socket(struct statsd *statsd, const char *path, struct err *err)
{
	int fd = -1;
	statsd->path = strdup(path);
	int rc = statsd->path ? datagram_open_unix(path, SOCKET_MODE, &fd, err) : err_memory(err);
	if (rc < 0) {
		free(statsd->path); /* it is not ours to remove */
		statsd->path = NULL;
		return err_wrap(err, "[statsd] socket '%s'", path);
	}
	log_info("statsd: listening socket=%s", path);
	add_inlet(statsd, fd);
	return 0;
}

/* Nothing here fails on a socket of ours; what did would leave a handle half open. */
static void start_handles(struct statsd *statsd)
{
	uv_loop_t *loop = statsd->host.loop;
	for (size_t i = 0; i < statsd->n_inlets; i++) {
		struct inlet *inlet = &statsd->inlets[i];
		int rc = uv_poll_init(loop, &inlet->poll, inlet->fd);
		assert(rc == 0);
		inlet->poll.data = statsd;
		rc = uv_poll_start(&inlet->poll, UV_READABLE, on_readable);
		assert(rc == 0);
		(void)rc;
	}
	(void)uv_timer_init(loop, &statsd->timer); /* cannot fail */
	statsd->timer.data = statsd;
	statsd->open = (unsigned)statsd->n_inlets + 1;
}

bool statsd_wanted(const struct settings *settings)
{
	return *settings->statsd_listen || *settings->statsd_socket;
}

int statsd_start(const struct input_host *host, const struct settings *settings, void **ret_input,
		 struct err *err)
{
	struct statsd *statsd = calloc(1, sizeof(*statsd));
	if (!statsd)
		return err_memory(err);
	statsd->host = *host;
	int rc = 0;
	if (*settings->statsd_listen)
		rc = open_port(statsd, settings->statsd_listen, err);
	if (rc == 0 && *settings->statsd_socket)
		rc = open_socket(statsd, settings->statsd_socket, err);
	if (rc < 0) {
		statsd_free(statsd);
		return rc;
	}
	start_handles(statsd);
	*ret_input = statsd;
	return 0;
}

void statsd_look(const void *input, struct input_look *ret_look)
{
	const struct statsd *statsd = input;
	bool recent = uv_now(statsd->host.loop) - statsd->refused_ms < REFUSAL_TOLD_MS;
	const char *refusal = statsd->refused > 0 && recent ? statsd->refusal : "";
	*ret_look = (struct input_look){ .state = N_("listening"),
					 .last_us = statsd->last_us,
					 .error = *statsd->trouble ? statsd->trouble : refusal };
}
