/* StatsD: counters and gauges of the office's programs, as datagrams on a loopback port or a unix
 * socket. Nobody is answered; what is refused is counted, told in status and logged once a minute.
 *
 * Figures are added up in memory and go to the spool together STATSD_FLUSH_MS after the first of
 * them: a power cut loses what came since, a stop loses nothing. What the spool refuses (it is
 * full, its disk fails) is kept and tried again; meanwhile figures add up, for at most
 * TALLY_SLOTS_MAX different (metric, labels, period), and others are refused.
 *
 * A counter is for a metric that adds over time. A gauge sets its metric's figure for the period;
 * where the catalogue keeps the period's maximum or minimum, the figure is that of the gauges. A
 * gauge with a sign changes the figure of the period, or the newest of the TALLY_REACH periods
 * before (tally_record.h). */
#pragma once

#include "record/input.h"

#define STATSD_FLUSH_MS     5000u
#define STATSD_DATAGRAM_MAX 8192u

/* A row of input_kinds[]. */
bool statsd_wanted(const struct settings *settings);
int statsd_start(const struct input_host *host, const struct settings *settings, void **ret_input,
		 struct err *err);
void statsd_stop(void *input, void (*on_stopped)(void *context), void *context);
void statsd_look(const void *input, struct input_look *ret_look);
