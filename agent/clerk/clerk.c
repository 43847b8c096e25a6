/* How a request is served:
 *
 * 1. On the loop: its language, its period, its fields; a share of the catalogue.
 * 2. On the worker: values_read(), a picture of the spool.
 * 3. On the loop: the page is written from it. For a form that was sent: judged; what is right and
 *    new goes to the recorder, which answers when it is durable; then the browser is sent back to
 *    the form, so that loading it again sends nothing again.
 *
 * How it can fail: no catalogue yet, a period that is none, a disk that cannot be read: a page says
 * so. A form that is refused, or that the disk did not take, is shown as it was sent. */
#include "clerk/clerk_internal.h"

#include "clerk/assets.h"
#include "common/base/log.h"

#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* I10 */
#define FORM_MAX    (1u << 20)           /* bytes */
#define FILE_MAX    (UPLOAD_MAX + 4096u) /* with the rest of its form */
#define BODIES_MAX  (8u << 20)           /* of all forms that are being read */
#define CONNECTIONS 16u                  /* a browser opens six */
#define TIMEOUT_S   60u
#define SOCKET_MODE 0660u

/* --- GET / and /sent --- */

static void write_home(struct request *request)
{
	const struct input_host *host = &request->clerk->host;
	struct uplink_look look;
	struct frame frame = request_frame(request, &look);
	request->rc = home_write(&request->html, &frame, request->catalogue, &request->values,
				 host->trouble_of(host->inputs, "inbox"), request->clerk->token,
				 &request->err);
	if (request->rc < 0)
		request_answer_error(request);
	else
		request_answer(request, 200);
}

static void get_home(void *context, struct http_request *http)
{
	struct request *request = request_begin(context, http);
	if (!request)
		return;
	request->question.until_day = DAY_MAX;
	request->question.most = HOME_MOST;
	request_read_then(request, write_home);
}

static void write_sent(struct request *request)
{
	struct uplink_look look;
	struct frame frame = request_frame(request, &look);
	request->rc = sent_write(&request->html, &frame, request->catalogue, &request->values,
				 &request->err);
	if (request->rc < 0)
		request_answer_error(request);
	else
		request_answer(request, 200);
}

static void get_sent(void *context, struct http_request *http)
{
	struct request *request = request_begin(context, http);
	if (!request)
		return;
	request->question.until_day = DAY_MAX;
	request->question.most = SENT_MOST;
	request_read_then(request, write_sent);
}

/* --- files --- */

static void get_asset(void *context, struct http_request *http)
{
	const struct asset *asset = asset_find(http_matched(http)->path);
	const struct http_field fields[] = { { "Content-Type", asset->type },
					     { "X-Content-Type-Options", "nosniff" },
					     { "Cross-Origin-Resource-Policy", "same-origin" },
					     { "Cache-Control", "no-cache" } };
	(void)context;
	http_answer_fields(http, 200, fields, 4, asset->data, (size_t)(asset->end - asset->data));
}

static const struct http_route routes[] = {
	{ "GET", "/", get_home, 0, "lang" },
	{ "GET", "/form", form_get, 0, "period calendar saved lang" },
	{ "POST", "/form", form_post, FORM_MAX, "lang" },
	{ "POST", "/check", form_check, FORM_MAX, NULL },
	{ "GET", "/template", form_template, 0, "period calendar" },
	{ "GET", "/sent", get_sent, 0, "lang" },
	{ "GET", "/files", files_get, 0, "taken lang" },
	{ "POST", "/files", files_post, FILE_MAX, "lang" },
	{ "GET", "/errors", files_errors, 0, "file" },
	{ "GET", "/typist", typist_get, 0, "lang" },
	{ "POST", "/typist", typist_post, 0, NULL },
	{ "POST", "/read", read_mark_post, 0, NULL },
	{ "POST", "/finished", finished_post, 0, NULL },
	{ "GET", "/page.css", get_asset, 0, NULL },
	{ "GET", "/page.js", get_asset, 0, NULL },
	{ "GET", "/icon.svg", get_asset, 0, NULL },
};

/* --- starting and stopping --- */

enum { DOOR_LOOPBACK, DOOR_PROXY };

bool clerk_wanted(const struct settings *settings)
{
	return *settings->page_listen != '\0' || *settings->page_socket != '\0';
}

/* On loopback. */
static int open_loopback(struct clerk *clerk, const struct settings *settings, struct err *err)
{
	static const struct http_limits limits = { .bodies_max = BODIES_MAX,
						   .connections = CONNECTIONS,
						   .timeout_s = TIMEOUT_S,
						   .guarded = true };
	struct http_address address;
	char text[HTTP_ADDRESS_MAX];
	int fd = -1;
	int rc = http_address_parse(settings->page_listen, &address, err);
	if (rc == 0)
		rc = http_listen_tcp(&address, &fd, text, err);
	if (rc == 0)
		rc = http_start(clerk->host.loop, fd, routes, sizeof(routes) / sizeof(routes[0]),
				&limits, clerk, &clerk->doors[DOOR_LOOPBACK], err);
	if (rc < 0)
		return err_wrap(err, "[page] listen");
	log_info("page: serving address=http://%s/", text);
	return 0;
}

/* For a proxy. Its socket may be connected to by the group that its folder hands on, and by nobody
 * else: who comes this way is believed to be the proxy. */
static int open_socket(struct clerk *clerk, const struct settings *settings, struct err *err)
{
	const struct http_limits limits = { .bodies_max = BODIES_MAX,
					    .connections = CONNECTIONS,
					    .timeout_s = TIMEOUT_S,
					    .guarded = true,
					    .host = clerk->proxy_host };
	int fd = -1;
	if (!*clerk->proxy_host)
		return err_set(err, -EINVAL,
			       "[page] host is not set: give the name that stands in the browsers' "
			       "address before this page, like figures.example.vn");
	int rc = http_listen_unix(settings->page_socket, SOCKET_MODE, &fd, err);
	if (rc == 0)
		rc = http_start(clerk->host.loop, fd, routes, sizeof(routes) / sizeof(routes[0]),
				&limits, clerk, &clerk->doors[DOOR_PROXY], err);
	if (rc < 0)
		return err_wrap(err, "[page] socket");
	log_info("page: serving socket=%s host=%s", settings->page_socket, clerk->proxy_host);
	return 0;
}

static void clerk_free(struct clerk *clerk)
{
	blob_free(&clerk->saved.changes);
	told_free(clerk->taken.told, clerk->taken.n);
	free(clerk->uploads);
	free(clerk->proxy_host);
	free(clerk->author_header);
	free(clerk);
}

static int furnish(struct clerk *clerk, const struct settings *settings, struct err *err)
{
	unsigned char token[CLERK_TOKEN_BYTES];
	char path[PATH_MAX];
	randombytes_buf(token, sizeof(token));
	(void)sodium_bin2hex(clerk->token, sizeof(clerk->token), token, sizeof(token)); /* fits */
	int rc = settings_path(settings, UPLOAD_FOLDER, path, err);
	if (rc < 0)
		return rc;
	clerk->uploads = strdup(path);
	clerk->proxy_host = strdup(settings->page_host);
	clerk->author_header = strdup(settings->page_author_header);
	return clerk->uploads && clerk->proxy_host && clerk->author_header ? 0 : err_memory(err);
}

static void nobody_waits(void *context)
{
	(void)context;
}

int clerk_start(const struct input_host *host, const struct settings *settings, void **ret_clerk,
		struct err *err)
{
	struct clerk *clerk = calloc(1, sizeof(*clerk));
	if (!clerk)
		return err_memory(err);
	clerk->host = *host;
	int rc = furnish(clerk, settings, err);
	if (rc == 0 && *settings->page_listen)
		rc = open_loopback(clerk, settings, err);
	if (rc == 0 && *settings->page_socket)
		rc = open_socket(clerk, settings, err);
	if (rc < 0 && clerk->doors[DOOR_LOOPBACK])
		clerk_stop(clerk, nobody_waits, NULL); /* the one door without the other */
	else if (rc < 0)
		clerk_free(clerk);
	if (rc < 0)
		return rc;
	(void)signal(SIGIO,
		     SIG_IGN); /* of a lease that ends while it is asked for: see the inbox */
	*ret_clerk = clerk;
	return 0;
}

static void on_door_closed(void *context)
{
	struct clerk *clerk = context;
	void (*on_stopped)(void *) = clerk->on_stopped;
	void *stopped_context = clerk->stopped_context;
	if (--clerk->open > 0)
		return;
	clerk_free(clerk);
	on_stopped(stopped_context);
}

void clerk_stop_if_idle(struct clerk *clerk)
{
	struct http *doors[2] = { clerk->doors[0], clerk->doors[1] };
	if (!clerk->stopping || clerk->requests > 0 || !(doors[0] || doors[1]))
		return;
	clerk->doors[0] = clerk->doors[1] = NULL;
	clerk->open = (doors[0] ? 1u : 0u) + (doors[1] ? 1u : 0u);
	for (size_t i = 0; i < 2; i++)
		if (doors[i])
			http_stop(doors[i], on_door_closed, clerk);
}

void clerk_stop(void *input, void (*on_stopped)(void *context), void *context)
{
	struct clerk *clerk = input;
	clerk->stopping = true;
	clerk->on_stopped = on_stopped;
	clerk->stopped_context = context;
	clerk_stop_if_idle(clerk);
}

void clerk_look(const void *input, struct input_look *ret_look)
{
	const struct clerk *clerk = input;
	ret_look->state = clerk->stopping ? N_("stopping") : N_("listening");
	ret_look->last_us = clerk->last_us;
	ret_look->error = "";
}
