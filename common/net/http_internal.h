/* What http*.c share, and nobody else includes: a server, a request, and the steps by which one
 * file hands it to another. The story is in http.c. */
#pragma once

#include "common/base/blob.h"
#include "common/base/log_limit.h"
#include "common/net/http.h"
#include "common/net/http_seats.h"

#include <microhttpd.h>

#define HTTP_JSON       "application/json"
#define NS_PER_MS       1000000u
#define HTTP_METHOD_MAX 16u /* a longer one is no route's */

struct refusal;
struct stream;

enum request_state {
	PARKED,    /* suspended, until its turn comes */
	ADMITTING, /* on_head() has it */
	READING,
	WORKING, /* its handler has it */
	ANSWERED,
	DROPPED, /* the server stops */
};

struct http {
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t timer;
	const struct http_route *routes; /* outlive us */
	size_t n_routes;
	size_t bodies, bodies_max; /* bytes */
	struct seats seats;
	struct stream *streams; /* each owned by its response */
	void (*on_head)(void *context, struct http_request *request);
	bool (*as_page)(void *context, const struct http_request *request,
			const struct http_problem *problem, struct blob *ret_page);
	unsigned working;
	unsigned handles;
	bool guarded;
	const char *host;                     /* borrowed, as the limits say, */
	const char *problems, *problem_types; /* likewise */
	const struct http_field *always;
	size_t n_always;
	const struct http_tls *tls;
	bool keeps_target;
	bool in_turn;
	struct log_limit said_ours; /* failures of ours */
	struct log_limit said_rest;
	bool resting; /* the epoll fd is not polled; the timer ends it */
	bool moved;   /* in this turn a connection came or went */
	/* Another turn is due, though MHD_get_timeout() does not say so: a connection was resumed,
	 * or one ended, which at the limit lets libmicrohttpd listen again. */
	bool again;
	void *context;
	void (*on_closed)(void *context);
	void *on_closed_context;
};

struct http_request {
	struct http *http;
	struct MHD_Connection *connection;
	struct seat *seat; /* the connection's */
	enum request_state state;
	bool suspended;
	bool head_again;  /* libmicrohttpd will call once more for the head, after a suspension */
	bool waits_first; /* the client sends its body when it is told to (Expect) */
	enum language language;
	const char *problem_types; /* borrowed; NULL: its path is not for programs */
	char method[HTTP_METHOD_MAX];
	const struct http_route *route;
	const struct refusal *refusal; /* NULL: none yet */
	struct blob body;
	size_t charged; /* of http->bodies */
	size_t excess;  /* bytes of the body that were read and forgotten */
	unsigned status;
	struct MHD_Response *response; /* owned until queued */
};

/* --- http.c: the server --- */

/** Another turn of libmicrohttpd after so long. */
void http_turn_after(struct http *http, uint64_t wait_ms);

/* --- http_request.c: what comes in --- */

/** Start libmicrohttpd, which takes over @listen_fd on success; NULL: it refuses. */
struct MHD_Daemon *http_daemon_start(struct http *http, int listen_fd,
				     const struct http_limits *limits);
/** It was suspended when the handler did not answer at once: it is polled again. */
void http_resume(struct http_request *request);
void http_body_free(struct http_request *request);

/* --- http_response.c: what goes out --- */

/** Queue it as the answer. @allow: the header of that name; NULL. */
enum MHD_Result http_send_problem(const struct http_request *request,
				  const struct http_problem *problem, const char *allow);
/** Queue the response that the handler gave. */
enum MHD_Result http_send_answer(struct http_request *request);
/** The handler has answered by @response, which is taken over; NULL drops the connection. */
void http_answered(struct http_request *request, unsigned status, struct MHD_Response *response);
/** Add @fields to @response, if there is one. NULL: out of memory, it is destroyed. */
struct MHD_Response *http_response_with(const struct http_field fields[], size_t n,
					struct MHD_Response *response);

/* --- http_stream.c: what goes out piece by piece --- */

/** Files and pipes that are on their way end here. */
void http_streams_drop(struct http *http);

/* --- http_problem.c --- */

/** What http_problems say of @path: where their types stand; NULL: it is not for programs. */
const char *http_problem_types(const struct http *http, const char *path);
/** The body of an answer, and its type, by those. -ENOMEM. */
int http_problem_body(struct blob *out, const struct http_problem *problem, const char *types);
const char *http_problem_type(const char *types);
