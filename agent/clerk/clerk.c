/* How a request is served:
 *
 * 1. On the loop: its language, its period, its fields; a share of the catalogue.
 * 2. On the worker: figures_read(), a picture of the spool.
 * 3. On the loop: the page is written from it. For a form that was sent: judged; what is right and
 *    new goes to the recorder, which answers when it is durable; then the browser is sent back to
 *    the form, so that loading it again sends nothing again.
 *
 * How it can fail: no catalogue yet, a period that is none, a disk that cannot be read: a page says
 * so. A form that is refused, or that the disk did not take, is shown as it was sent. */
#include "clerk/clerk_internal.h"

#include "clerk/assets.h"
#include "common/base/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define FORM_MAX    (1u << 20) /* bytes */
#define BODIES_MAX  (4u << 20) /* of all forms that are being read */
#define CONNECTIONS 16u        /* a browser opens six */
#define TIMEOUT_S   60u

/* --- GET / and /sent --- */

static void write_home(struct call *call)
{
	struct uplink_look look;
	struct frame frame = call_frame(call, &look);
	call->rc = home_write(&call->html, &frame, call->catalogue, &call->figures,
			      inputs_trouble(call->page->host.inputs, "inbox"), &call->err);
	if (call->rc < 0)
		call_answer_error(call);
	else
		call_answer(call, 200);
}

static void get_home(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	call->question.until_day = DAY_MAX;
	call->question.most = HOME_MOST;
	call_read_then(call, write_home);
}

static void write_sent(struct call *call)
{
	struct uplink_look look;
	struct frame frame = call_frame(call, &look);
	call->rc = sent_write(&call->html, &frame, &call->figures, &call->err);
	if (call->rc < 0)
		call_answer_error(call);
	else
		call_answer(call, 200);
}

static void get_sent(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	call->question.until_day = DAY_MAX;
	call->question.most = SENT_MOST;
	call_read_then(call, write_sent);
}

/* --- files --- */

static void get_asset(void *context, struct http_request *request)
{
	const struct asset *asset = asset_find(http_matched(request)->path);
	const struct http_field fields[] = { { "Content-Type", asset->type },
					     { "X-Content-Type-Options", "nosniff" },
					     { "Cross-Origin-Resource-Policy", "same-origin" },
					     { "Cache-Control", "no-cache" } };
	(void)context;
	http_answer_fields(request, 200, fields, 4, asset->data,
			   (size_t)(asset->end - asset->data));
}

static const struct http_route routes[] = {
	{ "GET", "/", get_home, 0, "lang" },
	{ "GET", "/form", page_get_form, 0, "period calendar saved lang" },
	{ "POST", "/form", page_post_form, FORM_MAX, "lang" },
	{ "POST", "/check", page_post_check, FORM_MAX, NULL },
	{ "GET", "/sent", get_sent, 0, "lang" },
	{ "GET", "/page.css", get_asset, 0, NULL },
	{ "GET", "/page.js", get_asset, 0, NULL },
	{ "GET", "/icon.svg", get_asset, 0, NULL },
};

/* --- starting and stopping --- */

bool page_wanted(const struct settings *settings)
{
	return *settings->page_listen != '\0';
}

static void make_token(struct page *page)
{
	unsigned char bytes[PAGE_TOKEN_BYTES];
	randombytes_buf(bytes, sizeof(bytes));
	(void)sodium_bin2hex(page->token, sizeof(page->token), bytes, sizeof(bytes)); /* fits */
}

int page_start(const struct input_host *host, const struct settings *settings, void **ret_page,
	       struct err *err)
{
	static const struct http_limits limits = { .bodies_max = BODIES_MAX,
						   .connections = CONNECTIONS,
						   .timeout_s = TIMEOUT_S,
						   .guarded = true };
	struct http_address address;
	char text[HTTP_ADDRESS_MAX];
	int fd = -1;
	struct page *page = calloc(1, sizeof(*page));
	if (!page)
		return err_memory(err);
	page->host = *host;
	make_token(page);
	int rc = http_address_parse(settings->page_listen, &address, err);
	if (rc == 0)
		rc = http_listen_tcp(&address, &fd, text, err);
	if (rc == 0)
		rc = http_start(host->loop, fd, routes, sizeof(routes) / sizeof(routes[0]), &limits,
				page, &page->http, err);
	if (rc < 0) {
		free(page);
		return err_wrap(err, "[page] listen");
	}
	log_info("page: serving address=http://%s/", text);
	*ret_page = page;
	return 0;
}

static void on_http_closed(void *context)
{
	struct page *page = context;
	void (*on_stopped)(void *) = page->on_stopped;
	void *stopped_context = page->stopped_context;
	blob_free(&page->saved.changes);
	free(page);
	on_stopped(stopped_context);
}

void page_stop_if_idle(struct page *page)
{
	if (!page->stopping || page->calls > 0 || !page->http)
		return;
	struct http *http = page->http;
	page->http = NULL;
	http_stop(http, on_http_closed, page);
}

void page_stop(void *input, void (*on_stopped)(void *context), void *context)
{
	struct page *page = input;
	page->stopping = true;
	page->on_stopped = on_stopped;
	page->stopped_context = context;
	page_stop_if_idle(page);
}

void page_look(const void *input, struct input_look *ret_look)
{
	const struct page *page = input;
	ret_look->state = page->stopping ? N_("stopping") : N_("listening");
	ret_look->last_us = page->last_us;
	ret_look->error = "";
}
