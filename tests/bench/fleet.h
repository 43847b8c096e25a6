/* All offices of a load, a DEALER with CURVE each, as the real agent has. They are dealt to as many
 * processes as the limit of open files asks for, one as a rule; the caller's own stays free to ask
 * questions meanwhile. */
#pragma once

#include "bench/api_client.h"
#include "bench/load.h"
#include "bench/tempo.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct fleet;

struct fleet_times {
	uint64_t elapsed_us;             /* from the first send to the last ack */
	uint64_t ack_p50_us, ack_p99_us; /* from a batch's send to its ack */
};

/** Invite and enrol for every office of @load; they are in the register already. @load outlives the
 * fleet. */
int fleet_open(const struct load *load, struct api_client *api, struct fleet **ret_fleet,
	       struct err *err);
void fleet_close(struct fleet *fleet); /* NULL is fine */
/** Connect every office and wait until it is welcome: as fast as the province takes them, 500 at a
 * time. */
int fleet_greet(struct fleet *fleet, struct err *err);
/** After it fleet_greet() may come again. */
int fleet_disconnect(struct fleet *fleet, struct err *err);
/** Begin to send from each office all up to its batch @end - 1, at @tempo. */
int fleet_push_start(struct fleet *fleet, unsigned end, struct tempo tempo, struct err *err);
/** Is not all acknowledged yet? Never waits. */
bool fleet_pushing(const struct fleet *fleet);
/** Wait until it is. A refusal, or silence for half a minute, is an error. */
int fleet_push_finish(struct fleet *fleet, struct fleet_times *ret_times, struct err *err);
/** CPU time of the fleet's processes, up to the end of what they did last. */
uint64_t fleet_cpu_us(const struct fleet *fleet);
