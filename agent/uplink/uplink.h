/* The uplink on a libuv loop: the protocol's decisions carried out with a real socket, the real
 * spool and real clocks. It seals what was recorded, sends it, and notes what the province answers.
 *
 * Everything here is called on the loop thread; the spool is touched by jobs on the worker alone.
 */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/sys/worker.h"
#include "office/identity.h"
#include "spool/spool.h"
#include "uplink/protocol.h"

#include <uv.h>

struct uplink;

struct uplink_config {
	const struct identity *identity; /* outlives the uplink, as all pointers here */
	struct spool *spool;
	struct worker *worker; /* the only user of the spool while the uplink lives */
	void *zmq_context;
	uint32_t push_interval_s; /* sealing of figures finer than a day */
	uint32_t seal_soon_ms;    /* sealing of others; 0: 1000, so that a clerk sees them go */
	uint32_t reconnect_min_ms, reconnect_max_ms;
	uint32_t bytes_per_hour;              /* both ways; 0: no limit */
	uint64_t catalogue_version;           /* of the cached one; 0: none */
	uint64_t edition_version;             /* likewise */
	uint64_t standing_version;            /* likewise */
	const struct protocol_timing *timing; /* NULL: production's */
	/* The province's catalogue, durable in the spool by now; it is taken over. */
	void (*on_catalogue)(void *context, struct catalogue *catalogue);
	/* Whenever the words of uplink_look() may have changed. */
	void (*on_change)(void *context);
	void *context;
};

/** -ENOMEM, or what reading the spool's status gave. */
int uplink_start(uv_loop_t *loop, const struct uplink_config *config, struct uplink **ret_uplink,
		 struct err *err);
/** Figures were recorded. @coarse: some of a day or more, to be sealed soon. */
void uplink_recorded(struct uplink *uplink, bool coarse);
/** Also for what waits to be sealed, when it is shorter. */
void uplink_set_push_interval(struct uplink *uplink, uint32_t push_interval_s);
void uplink_set_budget(struct uplink *uplink, uint32_t bytes_per_hour);
/** Bounds of pauses and of the next socket's reconnecting. */
void uplink_set_reconnect(struct uplink *uplink, uint32_t min_ms, uint32_t max_ms);
/** Close everything; @on_closed runs from the loop when no job and no handle of ours is left, and
 * the uplink is freed after it. */
void uplink_stop(struct uplink *uplink, void (*on_closed)(void *context), void *context);

/** Somebody marked a message as read: the province hears of it with the next contact. */
void uplink_message_read(struct uplink *uplink);

struct uplink_look {         /* for status; texts are valid until the loop runs on */
	const char *state;   /* a stable word: connected, connecting, waiting, greeting, renewing,
			      * at rest */
	const char *trouble; /* a sentence for who looks after the machine; "" when all is well */
	const char *desk;    /* the same for who types figures, who runs no commands */
	const char *refusal; /* the province's words about blocked_seq or our protocol; "" */
	uint64_t blocked_seq;
	uint64_t in_flight;
	uint64_t waiting; /* batches sealed and not acked */
	bool connected;   /* greeted and not lost since; otherwise trouble may say why */
	int64_t since_us; /* when that began, on civil_boot_us()'s clock */
	int64_t moved_us; /* when an ack last moved, or nothing waited for one; same clock */
	bool at_rest;     /* the link is closed by choice: nothing to say, or its hour spent */
	bool resting;     /* the province asked for a pause that is not over */
	int disk_rc;      /* of the spool's newest sealing and noting; 0 or a negative errno */
	const char *office_name, *zone; /* as the province last told in this run; "" */
};
void uplink_look(const struct uplink *uplink, struct uplink_look *ret_look);
