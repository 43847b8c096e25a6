/* Asking somebody over HTTP on a unix socket, on the loop: the aggregator, or another process of
 * this machine. It is the one place where lantoa-web asks anybody. A request is made of a method, a
 * target, headers and a body; its answer comes as a head, then data piece by piece, then an end
 * that tells whether that was all.
 *
 * Who is asked is spared: so many requests are under way at a time, more wait, those of whoever has
 * least under way first, and beyond that they are refused. An answer whose taker is slow is paused,
 * and holds its place; when others wait for one, whoever was paused longest, and for too long,
 * loses it.
 *
 * Everything happens on the thread of the loop, and no call here is made back before it returns,
 * other than from the loop. */
#pragma once

#include "common/base/err.h"
#include "common/net/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct forward;      /* the desk */
struct forward_call; /* a request, from forward_ask() until on_end or forward_cancel() */

struct forward_limits {
	unsigned most;     /* requests under way at once */
	unsigned waiting;  /* beside these, for a place; one more is refused */
	unsigned answer_s; /* without a byte of an answer that is not paused */
	unsigned pause_s;  /* for which one may be paused while others wait */
};

struct forward_request {
	const char *socket; /* path of the unix socket */
	const char *method; /* "GET" */
	const char *target; /* "/v1/query?name=visits", as it goes out: nothing is escaped */
	const struct http_field *fields; /* [n_fields] beside Host and the body's length */
	size_t n_fields;
	const char *body; /* [body_len] */
	size_t body_len;
	unsigned weight; /* how much its sender has under way: who has less comes before him */
};                       /* All of it is copied. */

struct forward_head {
	unsigned status;
	const struct http_field *fields; /* [n_fields] but those of a connection alone (RFC 9110,
					    7.6.1), Date, Server and Content-Length */
	size_t n_fields;
	uint64_t len; /* of the body as announced; HTTP_LEN_UNKNOWN */
};

/* Each with the context of the call; none after on_end or forward_cancel(). From within them the
 * call may be paused, resumed and cancelled. */
struct forward_calls {
	/** Once, before any data. Valid during the call. */
	void (*on_head)(void *context, const struct forward_head *head);
	/** A piece of the body, of up to 16 KiB. After a forward_pause() none comes. */
	void (*on_data)(void *context, const void *data, size_t len);
	/**
	 * The last of them. @rc 0: the answer is whole. Before on_head: -ENOENT or -ECONNREFUSED:
	 * nobody is there, nothing was sent; -EBUSY: too many wait; -ETIMEDOUT: no answer came;
	 * -EIO: the connection broke, and whether the request was carried out is not known.
	 * After it: the rest is missing; -EPIPE when it was paused while others waited.
	 */
	void (*on_end)(void *context, int rc);
};

/** -ENOMEM; -EIO when libcurl cannot start. */
int forward_open(uv_loop_t *loop, const struct forward_limits *limits, struct forward **ret_forward,
		 struct err *err);
/** For requests from here on. */
void forward_limit(struct forward *forward, const struct forward_limits *limits);

/** What fails later ends in on_end, and so does -EBUSY, from the loop. -ENOMEM: nothing was begun,
 * and none of @calls will be called. */
int forward_ask(struct forward *forward, const struct forward_request *request,
		const struct forward_calls *calls, void *context, struct forward_call **ret_call);
/** No on_data until forward_resume(); each may be called in any state. */
void forward_pause(struct forward_call *call);
void forward_resume(struct forward_call *call);
/** Nobody wants the answer any more: the connection is ended, none of the calls is called. */
void forward_cancel(struct forward_call *call);

struct forward_counters {
	unsigned under_way, waiting;
	uint64_t asked, refused, cut; /* since the start; cut: paused while others waited */
};
struct forward_counters forward_count(const struct forward *forward);

/** Calls that are still there are cancelled. @on_closed runs from the loop, and the desk frees
 * itself. */
void forward_stop(struct forward *forward, void (*on_closed)(void *context), void *context);
