/* The agent's HTTP/JSON API. It is served on a unix socket; on a loopback port, too, where a
 * program that shows the token may hand in figures and read the catalogue, and nothing else.
 *
 *   POST /v1/observations  all or nothing; answered 200 {"recorded": N} after the fsync, and where
 *                          values are far from what was reported before, "warnings": [...] as
 *                          agent/record/comparison.h writes them
 *   GET  /v1/status        office, uplink and spool
 *   GET  /v1/spool         kept batches, and what the province quarantined
 *   GET  /v1/spool/verify  {"ok": true}, or an error that names what is wrong
 *   GET  /v1/spool/export  all current values as CSV
 *   GET  /v1/clock         what time it is, who says so, and figures that wait for it
 *   POST /v1/clock         when the machine was started (clock_report.h)
 *   POST /v1/messages/read what the province wrote was read (bulletin_report.h)
 *   GET  /v1/catalogue     the cached catalogue as CSV; 404 before there is one
 *
 * Figures are at most 4 MiB and OBSERVATIONS_MAX in one request (413: send them in parts), 8 MiB in
 * all that are being read and 48 in all that are being recorded (503: try again); the token is
 * judged before any of the body is kept.
 *
 * None takes an argument in its address, and an order no field but its own: such is refused, by
 * name. Errors are {"error": sentence}. Every request that touches the spool is one job on the
 * worker; as many as there may be connections are in flight at most. */
#pragma once

#include "api/agent_status.h"
#include "common/base/err.h"
#include "record/recorder.h"
#include "uplink/uplink.h"

#include <uv.h>

struct agent_api;

struct agent_api_config {        /* pointers outlive the API */
	const char *socket_path; /* either this, */
	const char *listen;      /* or an address of http_address_parse(), and */
	const char *token_path;  /* the token's file (token.h) */
	struct recorder *recorder;
	struct uplink *uplink;
	/* On the socket: fill in what status tells beside the spool; its look is *@look by then. */
	void (*on_status)(void *context, struct agent_status *status, struct uplink_look *look);
	void *context;
	/* On the socket, on the worker: the form of a period for GET /v1/form; NULL: there is none.
	 */
	int (*form)(struct spool *spool, const struct catalogue *catalogue, const char *office,
		    const char *period, const char *calendar, struct blob *out, struct err *err);
	const char *office; /* for that */
};

int agent_api_start(uv_loop_t *loop, const struct agent_api_config *config,
		    struct agent_api **ret_api, struct err *err);
/** When figures last came this way; 0: not since the start. */
int64_t agent_api_last_us(const struct agent_api *api);
/** Answer what is in flight, close; @on_closed runs from the loop, then the API is gone. */
void agent_api_stop(struct agent_api *api, void (*on_closed)(void *context), void *context);
