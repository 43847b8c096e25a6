/* Each minute: what is to be told now becomes entries, and these one recording. One that is under
 * way when the next minute comes lets that pass: outages add up meanwhile, levels come again. */
#include "sources/host.h"

#include "common/base/container.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "record/recorder.h"
#include "sources/minute.h"
#include "sources/outage.h"
#include "sources/probes.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINK_DOWN   "office.link_down_minutes"
#define FIGURES_MAX 8u
#define ERROR_MAX   512u
#define MINUTE_US   INT64_C(60000000)

struct told { /* the period that was told last */
	bool any;
	struct period period;
};

struct figure { /* of the recording under way */
	char value[DECIMAL_TEXT_MAX];
	struct told *told;
	struct period period;
};

struct host {
	struct input_host with;
	char *folder; /* owned: the agent's */
	struct minute minute;
	struct outage outage;
	struct told link_told, told[FIGURES_MAX];
	struct recording recording;
	struct entry entries[FIGURES_MAX];
	struct figure figures[FIGURES_MAX];
	size_t n;              /* figures of the recording; 0: none is under way */
	uint32_t down_minutes; /* among them */
	int64_t last_us;
	char error[ERROR_MAX]; /* the newest trouble */
	bool troubled;         /* in this minute */
	bool stopping, minute_closed;
	void (*on_stopped)(void *context);
	void *stopped_context;
};

static void free_when_idle(struct host *host)
{
	if (!host->stopping || !host->minute_closed || host->n > 0)
		return;
	void (*on_stopped)(void *) = host->on_stopped;
	void *context = host->stopped_context;
	free(host->folder);
	free(host);
	on_stopped(context);
}

static void trouble(struct host *host, const char *why)
{
	host->troubled = true;
	if (strncmp(host->error, why, ERROR_MAX - 1) == 0)
		return; /* it is the same each minute */
	log_warn("host: cannot tell cause=\"%s\"", why);
	(void)utf8_print(host->error, sizeof(host->error), "%s", why); /* cut is fine */
}

static void on_recorded(struct recording *recording)
{
	struct host *host = container_of(recording, struct host, recording);
	if (recording->rc < 0) {
		outage_give_back(&host->outage, host->down_minutes);
		trouble(host, recording->err.text);
	} else {
		for (size_t i = 0; i < host->n; i++)
			*host->figures[i].told = (struct told){ true, host->figures[i].period };
		host->last_us = civil_now_us();
		if (recording->found.n_refused > 0)
			trouble(host, recording->err.text);
		if (!host->troubled)
			host->error[0] = '\0';
	}
	comparison_free(&recording->found);
	host->n = 0;
	free_when_idle(host);
}

/* --- what there is to tell --- */

static bool is_told(const struct told *told, struct period period)
{
	return told->any && told->period.number == period.number &&
	       told->period.grain == period.grain && told->period.calendar == period.calendar;
}

static struct period period_at(const struct metric *metric, int64_t at_us)
{
	return civil_period(metric->calendar, metric->period, at_us);
}

static void tell(struct host *host, const struct metric *metric, struct told *told, int64_t now_us,
		 const char *value, bool add)
{
	assert(host->n < FIGURES_MAX);
	struct figure *figure = &host->figures[host->n];
	*figure = (struct figure){ .told = told, .period = period_at(metric, now_us) };
	memcpy(figure->value, value, strlen(value) + 1);
	host->entries[host->n++] = (struct entry){
		.metric = metric->name, .value = figure->value, .labels = "", .add = add
	};
}

static void tell_outage(struct host *host, const struct catalogue *catalogue, int64_t now_us)
{
	const struct metric *metric = catalogue_find(catalogue, LINK_DOWN);
	char text[DECIMAL_TEXT_MAX];
	host->down_minutes = metric ? outage_take(&host->outage) : 0;
	if (!metric ||
	    (host->down_minutes == 0 && is_told(&host->link_told, period_at(metric, now_us))))
		return;
	(void)decimal_format(host->down_minutes, 0, text); /* its length */
	tell(host, metric, &host->link_told, now_us, text, true);
}

static bool ends_with_minute(enum calendar calendar, enum grain grain, int64_t now_us)
{
	return civil_period(calendar, grain, now_us).number !=
	       civil_period(calendar, grain, now_us + MINUTE_US).number;
}

static void tell_level(struct host *host, const struct catalogue *catalogue, size_t p,
		       int64_t now_us)
{
	const struct metric *metric = catalogue_find(catalogue, probes[p].metric);
	char text[DECIMAL_TEXT_MAX];
	struct probe_value value;
	struct err err;
	if (!metric || (is_told(&host->told[p], period_at(metric, now_us)) &&
			!ends_with_minute(metric->calendar, metric->period, now_us) &&
			!ends_with_minute(CALENDAR_CIVIL, GRAIN_HOUR, now_us)))
		return; /* it is not due */
	int rc = 0;
	if (metric->time_agg != AGG_LAST)
		rc = err_set(&err, -EINVAL,
			     "%s is a level of this machine, but the catalogue has time_agg %s for "
			     "it; it must be last",
			     metric->name, agg_name(metric->time_agg));
	if (rc == 0)
		rc = probe_now(&probes[p], host->folder, &value, &err);
	if (rc < 0) {
		trouble(host, err.text);
		return;
	}
	probe_format(&value, metric->decimals, text);
	tell(host, metric, &host->told[p], now_us, text, false);
}

static void on_minute(void *context)
{
	struct host *host = context;
	struct catalogue *catalogue = recorder_catalogue(host->with.recorder);
	int64_t now_us = clock_now(recorder_clock(host->with.recorder)).at_us;
	struct uplink_look look;
	struct err err;
	uplink_look(host->with.uplink, &look);
	outage_look(&host->outage, civil_boot_us(), look.connected, look.since_us);
	if (!catalogue || host->n > 0)
		return;
	host->troubled = false;
	tell_outage(host, catalogue, now_us);
	for (size_t p = 0; probes[p].metric; p++)
		tell_level(host, catalogue, p, now_us);
	if (host->n == 0)
		return;
	host->recording.done = on_recorded;
	if (recorder_submit(host->with.recorder, &host->recording, host->entries, host->n, &err) ==
	    0)
		return; /* on_recorded() comes */
	outage_give_back(&host->outage, host->down_minutes);
	trouble(host, err.text);
	host->n = 0;
}

/* --- starting and stopping --- */

bool host_wanted(const struct settings *settings)
{
	return settings->host_probes;
}

static void on_minute_closed(void *context)
{
	struct host *host = context;
	host->minute_closed = true;
	free_when_idle(host);
}

int host_start(const struct input_host *input_host, const struct settings *settings,
	       void **ret_input, struct err *err)
{
	struct uplink_look look;
	struct host *host = calloc(1, sizeof(*host));
	if (!host || !(host->folder = strdup(settings->state_dir))) {
		free(host);
		return err_memory(err);
	}
	host->with = *input_host;
	uplink_look(input_host->uplink, &look);
	outage_begin(&host->outage, civil_boot_us(), look.connected);
	host->minute = (struct minute){ .on_minute = on_minute,
					.on_closed = on_minute_closed,
					.context = host };
	minute_start(input_host->loop, &host->minute);
	*ret_input = host;
	return 0;
}

void host_stop(void *input, void (*on_stopped)(void *context), void *context)
{
	struct host *host = input;
	host->stopping = true;
	host->on_stopped = on_stopped;
	host->stopped_context = context;
	minute_close(&host->minute);
}

void host_look(const void *input, struct input_look *ret_look)
{
	const struct host *host = input;
	*ret_look = (struct input_look){ .state = N_("watching"),
					 .last_us = host->last_us,
					 .error = host->error };
}
