/* Every office of a load, invited and enrolled as agents are: an invitation is asked for over HTTP,
 * and spent over a connection with its one-time key. */
#pragma once

#include "bench/api_client.h"
#include "bench/load.h"
#include "bench/office_line.h"

struct enrolment {
	struct office_keys *keys;   /* owned [the load's offices] */
	struct invitation province; /* address and key, of the last invitation */
	uint64_t catalogue_version;
};

/** The offices are in the register already. No ZeroMQ is left open. enrolment_free() is due in any
 * case. */
int enrolment_run(const struct load *load, struct api_client *api, struct enrolment *ret_enrolment,
		  struct err *err);
void enrolment_free(struct enrolment *enrolment);
