/* 1. A datagram comes: each of its lines is taken apart, judged and added to the tally that fills.
 * 2. The first one starts the timer. When it is over, the two tallies change places, and the worker
 *    records the full one, as one transaction.
 * 3. Recorded: it is emptied. Refused as a whole: it stays for the next turn of the timer. One
 *    figure at fault: that one is dropped, counted and named.
 * At a stop both are recorded once more; what is refused then is lost, and logged. */
#include "statsd.h"

#include "civil.h"
#include "container.h"
#include "datagram.h"
#include "entry.h"
#include "i18n.h"
#include "log.h"
#include "log_limit.h"
#include "statsd_line.h"
#include "tally.h"

#include <assert.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define INLETS      2u
#define TURN        64u   /* datagrams in one turn of the loop: others want theirs */
#define SOCKET_MODE 0660u /* the group of the socket's folder may hand in figures */
#define ERROR_MAX   512u

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
	struct tally flushing; /* the worker's while in_flight */
	size_t flushed;        /* slots of it that are recorded, or dropped */
	struct job job;
	bool in_flight, stopping;
	int rc;           /* of the job */
	struct err why;   /* of the job: why it failed, or dropped the last figure */
	uint64_t dropped; /* by the job */
	uint64_t refused;
	uint64_t overrun; /* datagrams that the kernel had no room for */
	struct log_limit limit;
	int64_t last_us;
	char error[ERROR_MAX]; /* the newest trouble */
	void (*on_stopped)(void *context);
	void *stopped_context;
	unsigned open; /* handles */
};

static void refuse(struct statsd *statsd, uint64_t n, const char *why)
{
	uint64_t quiet;
	statsd->refused += n;
	(void)snprintf(statsd->error, sizeof(statsd->error), _("%llu refused; the last: %.400s"),
		       (unsigned long long)statsd->refused, why); /* fits */
	if (log_limit_pass(&statsd->limit, uv_now(statsd->host.loop), &quiet))
		log_warn("statsd: refused figures=%llu cause=\"%s\"",
			 (unsigned long long)(quiet + n), why);
}

/* --- to the spool; on the worker --- */

/* The figure's value in the spool, with the slot's decimals: 1 found, 0 there is none. */
static int value_in(struct spool *spool, const struct tally_slot *slot, struct period period,
		    int64_t *ret_value_e, struct err *err)
{
	int64_t value_e;
	unsigned decimals;
	bool withdrawn;
	int rc = spool_current(spool, slot->obs.metric, slot->obs.labels, period, &value_e,
			       &decimals, &withdrawn, err);
	if (rc == -ENOENT || (rc == 0 && withdrawn))
		return 0;
	if (rc == 0 && decimal_rescale(value_e, decimals, slot->obs.decimals, ret_value_e) < 0)
		return err_set(err, -ERANGE, "the current value of %s has other decimals",
			       slot->obs.metric);
	return rc < 0 ? rc : 1;
}

static int resolve(struct spool *spool, const struct tally_slot *slot, struct observation *ret_obs,
		   struct err *err)
{
	struct period period = slot->obs.period;
	int reach = slot->how == TALLY_CHANGE ? STATSD_REACH : 0, found = 0;
	int64_t was = 0;
	*ret_obs = slot->obs;
	ret_obs->add = slot->how == TALLY_ADD;
	if (slot->how <= TALLY_ADD)
		return 0;
	for (int i = 0; i <= reach && found == 0; i++, period.number--)
		found = value_in(spool, slot, period, &was, err);
	return found < 0 ? found : tally_resolve(slot, found ? &was : NULL, &ret_obs->value_e, err);
}

static bool is_at_fault(int rc)
{
	return rc == -ERANGE || rc == -ESTALE || rc == -E2BIG || rc == -ENODATA;
}

/* Records @list[@n], less what is at fault. */
static int record_list(struct statsd *statsd, struct observation list[], size_t n)
{
	size_t bad = 0;
	int rc;
	while ((rc = spool_record(recorder_spool(statsd->host.recorder), list, n, &bad,
				  &statsd->why)) < 0 &&
	       is_at_fault(rc)) {
		memmove(&list[bad], &list[bad + 1], (n - bad - 1) * sizeof(list[0]));
		n--;
		statsd->dropped++;
	}
	return rc;
}

static bool has_series(const struct observation list[], size_t n, const struct observation *obs)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].metric, obs->metric) == 0 &&
		    strcmp(list[i].labels, obs->labels) == 0)
			return true;
	return false;
}

/* One transaction, as a rule. A change of what is on its way in an earlier period begins another:
 * it must find that recorded. */
static int flush(struct statsd *statsd, struct observation list[])
{
	const struct tally *tally = &statsd->flushing;
	size_t n = 0;
	int rc = 0;
	for (size_t i = statsd->flushed; i < tally->n && rc == 0; i++) {
		const struct tally_slot *slot = &tally->slots[i];
		if (slot->how == TALLY_CHANGE && has_series(list, n, &slot->obs)) {
			if ((rc = record_list(statsd, list, n)) < 0)
				break;
			statsd->flushed = i;
			n = 0;
		}
		rc = resolve(recorder_spool(statsd->host.recorder), slot, &list[n], &statsd->why);
		n += rc == 0;
		if (is_at_fault(rc)) {
			statsd->dropped++;
			rc = 0;
		}
	}
	if (rc == 0 && (rc = record_list(statsd, list, n)) == 0)
		statsd->flushed = tally->n;
	return rc;
}

static void work_flush(struct job *job)
{
	struct statsd *statsd = container_of(job, struct statsd, job);
	struct observation *list = calloc(statsd->flushing.n, sizeof(*list));
	statsd->rc = list ? flush(statsd, list) : err_memory(&statsd->why);
	free(list);
}

/* --- the turns; on the loop --- */

static void stop_when_flushed(struct statsd *statsd);

static void done_flush(struct job *job)
{
	struct statsd *statsd = container_of(job, struct statsd, job);
	uint64_t dropped = statsd->dropped;
	statsd->in_flight = false;
	statsd->dropped = 0;
	if (dropped > 0)
		refuse(statsd, dropped, statsd->why.text);
	if (statsd->rc < 0 && statsd->stopping) {
		log_error("statsd: lost figures=%zu cause=\"%s\"",
			  statsd->flushing.n - statsd->flushed, statsd->why.text);
		statsd->rc = 0;
	} else if (statsd->rc < 0) {
		(void)snprintf(statsd->error, sizeof(statsd->error), "%.500s", statsd->why.text);
	} else {
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
		statsd->flushed = 0;
	}
	statsd->in_flight = true;
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

static void look_for_overrun(struct statsd *statsd)
{
	uint64_t overrun = overrun_of(statsd);
	if (overrun > statsd->overrun)
		refuse(statsd, overrun - statsd->overrun,
		       _("datagrams came faster than they could be read"));
	statsd->overrun = overrun;
}

static void on_timer(uv_timer_t *timer)
{
	struct statsd *statsd = timer->data;
	look_for_overrun(statsd);
	if (statsd->flushing.n == 0 && statsd->filling.n == 0)
		(void)uv_timer_stop(timer); /* cannot fail; the next figure starts it again */
	else if (!statsd->in_flight)
		begin_flush(statsd);
}

/* --- figures --- */

static int how_of(const struct statsd_line *line, const struct metric *metric,
		  enum tally_how *ret_how, struct err *err)
{
	bool picks = metric->time_agg == AGG_MAX || metric->time_agg == AGG_MIN;
	if (line->counter && metric->time_agg != AGG_SUM)
		return err_set(err, -EINVAL, "%s does not add over time; send a gauge (|g)",
			       metric->name);
	if (line->change && picks)
		return err_set(err, -EINVAL,
			       "%s keeps the period's maximum or minimum; send a gauge without a "
			       "sign",
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
	enum tally_how how = TALLY_SET;
	if (!catalogue)
		return err_set(err, -EAGAIN, "the province has not sent its catalogue yet");
	int rc = statsd_line_parse(text, len, &line, err);
	if (rc < 0)
		return rc;
	struct entry entry = statsd_line_entry(&line);
	rc = entry_judge(catalogue, &entry, now_us, &obs, err);
	if (rc == 0)
		rc = how_of(&line, catalogue_find(catalogue, line.metric), &how, err);
	return rc < 0 ? rc : tally_add(&statsd->filling, &obs, how, err);
}

static void take_datagram(struct statsd *statsd, const char *text, size_t len)
{
	int64_t now_us = civil_now_us();
	for (const char *end = text + len; text < end;) {
		struct err err;
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((stop ? stop : end) - text);
		if (line > 0 && take_line(statsd, text, line, now_us, &err) < 0)
			refuse(statsd, 1, err.text);
		else if (line > 0)
			statsd->last_us = now_us;
		text += line + 1;
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
	*ret_look = (struct input_look){ .state = N_("listening"),
					 .last_us = statsd->last_us,
					 .error = statsd->error };
}
