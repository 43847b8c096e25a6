/* The offices that one process of a fleet drives, all in one thread. What an agent does is kept to:
 * Hello before anything else; never more batches unacknowledged than Welcome gave credit for; a
 * wait that an Ack asks for is waited. */
#pragma once

#include "bench/enrolment.h"
#include "bench/load.h"
#include "bench/tempo.h"
#include "common/base/err.h"

#include <stdint.h>

struct flotilla_orders {
	const struct load *load; /* outlives it, as all else here */
	const struct enrolment *enrolment;
	unsigned first, by;          /* offices first, first + by, first + 2 by, ... */
	uint64_t *sent_us, *took_us; /* [batches], as the load's: when sent, until acknowledged */
};

struct flotilla;

int flotilla_open(const struct flotilla_orders *orders, struct flotilla **ret_flotilla,
		  struct err *err);
void flotilla_close(struct flotilla *flotilla); /* NULL is fine */

/** Connect every office and wait until it is welcome: as fast as the province takes them, @squad at
 * a time. */
int flotilla_greet(struct flotilla *flotilla, unsigned squad, struct err *err);
/** After it flotilla_greet() may come again. */
int flotilla_disconnect(struct flotilla *flotilla, struct err *err);
/** Send from each office all up to its batch @end - 1, and wait until it is acknowledged. With a
 * tempo, batches are due from @start_us on, of CLOCK_MONOTONIC. A refusal, or silence for half a
 * minute, is an error. */
int flotilla_push(struct flotilla *flotilla, unsigned end, struct tempo tempo, uint64_t start_us,
		  struct err *err);
