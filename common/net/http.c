/* How a request goes:
 *
 * 1. libmicrohttpd's epoll fd becomes readable, or its timer is due: turn() lets it work.
 * 2. It calls on_access() when the head is read. That call makes the http_request and judges the
 *    head; when as many requests are in work as may be, the request is parked: the connection is
 *    suspended until unpark() finds room. Then on_head() has its say, at once or later.
 * 3. on_access() is called for each piece of the body, then once more at the end, for the handler.
 * 4. The handler answers inside that call, and the response is queued at once; or it keeps the
 *    request, and the connection is suspended: no timeout, no reading, no polling.
 * 5. http_answer() makes the response, resumes the connection and asks for a turn; on_access() is
 *    called again and queues it.
 *    Files and pipes go out piece by piece (http_stream.c).
 * 6. on_completed() frees the request, when the answer is out or the connection is lost.
 *
 * How it can fail: a client that hangs up before step 3's last call or after step 5 ends in
 * on_completed(). A connection that cannot be accepted, because descriptors are exhausted and none
 * of ours will be given back, stays in the kernel's queue, and epoll says so at once again: then we
 * rest between two attempts (libmicrohttpd would spin). One that hangs up while suspended is not
 * noticed until step 5, whose write then fails: the handler's pointer stays good all the while. The
 * body of a request that was refused in step 2 or 3 is read and forgotten, so that the client, busy
 * sending, gets to read why; one that will not stop is cut off. Without memory the connection is
 * dropped. After each turn the seats are swept (http_seats.h). */
#include "common/net/http_internal.h"

#include "common/base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define REST_MS 100u /* until it is tried again to accept who could not be */

static void on_timer(uv_timer_t *timer);

void http_turn_after(struct http *http, uint64_t wait_ms)
{
	int rc = uv_timer_start(&http->timer, on_timer, wait_ms, 0);

	assert(rc == 0); /* fails for a closing handle or without callback */
	(void)rc;
}

static void unpark(struct http *http)
{
	struct seat *seat;

	while (seats_free(&http->seats) && (seat = seats_parked(&http->seats))) {
		seat_turn(&http->seats, seat, SEAT_READING, uv_hrtime() / NS_PER_MS);
		http_resume(seat->request);
	}
}

static void turn(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG wait_ms = UINT64_MAX;
	uint64_t sweep_ms;

	http->in_turn = true;
	http->again = false;
	(void)MHD_run(http->daemon); /* fails only when misconfigured, which start would have met */
	http->in_turn = false;
	sweep_ms = seats_sweep(&http->seats, uv_hrtime() / NS_PER_MS);
	unpark(http);
	(void)MHD_get_timeout(http->daemon, &wait_ms); /* sets it, or has nothing to wait for */
	if (sweep_ms < wait_ms)
		wait_ms = sweep_ms;
	if (http->again || wait_ms != UINT64_MAX)
		http_turn_after(http, http->again ? 0 : wait_ms);
	else
		(void)uv_timer_stop(&http->timer); /* cannot fail */
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void poll_again(struct http *http)
{
	int rc = uv_poll_start(&http->poll, UV_READABLE, on_poll);

	assert(rc == 0); /* fails for a closing handle */
	(void)rc;
	http->resting = false;
}

static void on_timer(uv_timer_t *timer)
{
	struct http *http = timer->data;

	if (http->resting)
		poll_again(http);
	turn(http);
}

static void rest(struct http *http)
{
	uint64_t not_logged;

	if (log_limit_pass(&http->said_rest, uv_hrtime() / NS_PER_MS, &not_logged))
		log_warn("http: who connects cannot be accepted, and waits: are file descriptors "
			 "exhausted? not_logged=%llu",
			 (unsigned long long)not_logged);
	(void)uv_poll_stop(&http->poll); /* cannot fail */
	http->resting = true;
	http_turn_after(http, REST_MS);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct http *http = poll->data;
	const union MHD_DaemonInfo *info;

	(void)status, (void)events; /* an error shows again in MHD_run */
	http->moved = false;
	turn(http);
	/* Somebody wants to connect, nobody is connected, and nobody came: he could not be
	 * accepted. */
	info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
	if (!http->moved && !http->again && info && info->num_connections == 0)
		rest(http);
}

int http_start(uv_loop_t *loop, int listen_fd, const struct http_route routes[], size_t n,
	       const struct http_limits *limits, void *context, struct http **ret_http,
	       struct err *err)
{
	struct http *http = calloc(1, sizeof(*http));
	const union MHD_DaemonInfo *info;
	int rc;

	if (!http) {
		(void)close(listen_fd); /* nothing was written to it */
		return err_memory(err);
	}
	http->routes = routes;
	http->n_routes = n;
	http->bodies_max = limits->bodies_max;
	http->seats.most = limits->connections;
	http->seats.idle_ms = UINT64_C(1000) * limits->timeout_s;
	http->on_head = limits->on_head;
	http->as_page = limits->as_page;
	http->guarded = limits->guarded;
	http->host = limits->host;
	http->problems = limits->problems;
	http->problem_types = limits->problem_types;
	http->tls = limits->tls;
	http->always = limits->always;
	http->n_always = limits->n_always;
	http->keeps_target = limits->keeps_target;
	http->context = context;
	http->daemon = http_daemon_start(http, listen_fd, limits);
	if (!http->daemon) {
		(void)close(listen_fd);
		free(http);
		return err_set(err, -EIO, "the HTTP server cannot start: libmicrohttpd refuses");
	}
	info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	rc = uv_poll_init(loop, &http->poll, info->epoll_fd);
	if (rc < 0) {
		MHD_stop_daemon(http->daemon);
		free(http);
		return err_set(err, rc, "the HTTP server cannot start: %s", uv_strerror(rc));
	}
	(void)uv_timer_init(loop, &http->timer); /* cannot fail */
	http->handles = 2;
	http->poll.data = http->timer.data = http;
	poll_again(http);
	http_turn_after(http, 0);
	*ret_http = http;
	return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct http *http = handle->data;

	if (--http->handles > 0)
		return;
	if (http->on_closed)
		http->on_closed(http->on_closed_context);
	free(http);
}

void http_stop(struct http *http, void (*on_closed)(void *context), void *context)
{
	assert(http->working == 0 && !http->in_turn);
	http->on_closed = on_closed;
	http->on_closed_context = context;
	for (struct seat *seat; (seat = seats_parked(&http->seats));) {
		((struct http_request *)seat->request)->state = DROPPED;
		seat_turn(&http->seats, seat, SEAT_SENDING, 0);
		http_resume(seat->request);
	}
	http_streams_drop(http);
	(void)MHD_run(http->daemon); /* answers given in this turn of the loop go out */
	uv_close((uv_handle_t *)&http->poll, on_handle_closed); /* before its fd goes */
	uv_close((uv_handle_t *)&http->timer, on_handle_closed);
	MHD_stop_daemon(http->daemon);
}
