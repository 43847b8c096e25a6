/* All offices of a load in one process: a DEALER with CURVE each, as the real agent has, driven by
 * one thread. What an agent does is kept to: an invitation is spent by enrolling; Hello before
 * anything else; never more batches unacknowledged than Welcome gave credit for; a wait that an Ack
 * asks for is waited. */
#pragma once

#include "api_client.h"
#include "err.h"
#include "load.h"

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
/** Send from each office all up to its batch @end - 1, and wait until it
 * is acknowledged. A refusal, or silence for half a minute, is an error. */
int fleet_push(struct fleet *fleet, unsigned end, struct fleet_times *ret_times, struct err *err);
