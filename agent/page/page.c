/* How a request is served:
 *
 * 1. On the loop: its language, its period, its fields; a share of the catalogue.
 * 2. On the worker: figures_read(), a picture of the spool.
 * 3. On the loop: the page is written from it. For a form that was sent: judged; what is right and
 *    new goes to the recorder, which answers when it is durable; then the browser is sent back to
 *    the form, so that loading it again sends nothing again.
 *
 * How it can fail: no catalogue yet, a period that is none, a disk that fails: a page says so. What
 * was typed is never lost: every refusal shows the form as it was sent. */
#include "page.h"

#include "assets.h"
#include "civil.h"
#include "container.h"
#include "home.h"
#include "http.h"
#include "log.h"
#include "sent.h"
#include "sheet_html.h"

#include <errno.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX        (1u << 20)
#define CONNECTIONS     16u /* a browser opens six */
#define TIMEOUT_S       60u
#define TOKEN_BYTES     16u
#define SHEET_MOST      (HISTORY_MAX + 4) /* of each series; some of them withdrawn */
#define LANGUAGE_COOKIE "lantoa-lang="

#define HTML_TYPE       "text/html; charset=utf-8"
#define JSON_TYPE       "application/json"

struct page {
	struct input_host host;
	struct http *http;
	char token[2 * TOKEN_BYTES + 1];
	struct { /* the newest form that was recorded, for the page that says so */
		unsigned number;
		int64_t at_us;
		struct blob changes; /* owned; its text ends with NUL */
	} saved;
	int64_t last_us;
	unsigned calls;
	bool stopping;
	void (*on_stopped)(void *context);
	void *stopped_context;
};

struct call { /* one request */
	struct page *page;
	struct http_request *request;
	enum language language;
	bool language_chosen;        /* by its link, to be remembered */
	struct catalogue *catalogue; /* owned share */
	struct period period;
	char period_text[PERIOD_TEXT_MAX];
	char *body;           /* owned; fields borrow from it */
	struct field *fields; /* owned [n_fields] */
	size_t n_fields;
	struct figures_question question;
	struct figures figures; /* owned */
	struct sheet sheet;     /* owned */
	struct entry *entries;  /* owned */
	struct html html;       /* owned */
	struct job job;
	struct recording recording;
	void (*write)(struct call *call); /* once figures are there */
	int rc;
	struct err err;
};

/* --- answering --- */

static void stop_if_idle(struct page *page);

static void call_end(struct call *call)
{
	struct page *page = call->page;
	sheet_close(&call->sheet);
	figures_free(&call->figures);
	catalogue_close(call->catalogue);
	blob_free(&call->html.out);
	free(call->entries);
	free(call->fields);
	free(call->body);
	free(call);
	if (--page->calls == 0)
		(void)malloc_trim(0); /* a page is looked at now and then; the agent stays small */
	stop_if_idle(page);
}

/* Nothing from anywhere else, nothing inline, in nobody's frame, kept nowhere. */
static void answer(struct call *call, unsigned status, const char *type, const char *location)
{
	struct http_field fields[8] = {
		{ "Content-Type", type },
		{ "Content-Security-Policy", "default-src 'self'; form-action 'self'; "
					     "base-uri 'none'; frame-ancestors 'none'" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Referrer-Policy", "same-origin" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Cache-Control", "no-store" },
	};
	size_t n = 6;
	if (location)
		fields[n++] = (struct http_field){ "Location", location };
	if (call->language_chosen)
		fields[n++] = (struct http_field){
			"Set-Cookie", call->language == LANGUAGE_VIETNAMESE
					      ? LANGUAGE_COOKIE "vi; Path=/; SameSite=Strict; "
								"Max-Age=31536000; HttpOnly"
					      : LANGUAGE_COOKIE "en; Path=/; SameSite=Strict; "
								"Max-Age=31536000; HttpOnly"
		};
	http_answer_fields(call->request, status, fields, n, (const char *)call->html.out.data,
			   call->html.out.len);
	call_end(call);
}

static void answer_html(struct call *call, unsigned status)
{
	if (!call->html.failed) {
		answer(call, status, HTML_TYPE, NULL);
		return;
	}
	(void)err_memory(&call->err);
	http_answer_err(call->request, &call->err);
	call_end(call);
}

static struct frame frame_of(const struct call *call, struct uplink_look *look)
{
	const struct page *page = call->page;
	*look = (struct uplink_look){ .trouble = "" };
	if (page->host.uplink)
		uplink_look(page->host.uplink, look);
	return (struct frame){ .title = _("This cannot be shown"),
			       .office = page->host.office,
			       .office_name = call->figures.office_name,
			       .path = "/?",
			       .place = PLACE_ERROR,
			       .look = look,
			       .now_us = civil_now_us() };
}

static unsigned status_of(int rc)
{
	return rc == -EINVAL ? 400 : rc == -ENOENT ? 404 : rc == -EAGAIN ? 503 : 500;
}

/* What went wrong is in call->err. */
static void answer_error(struct call *call)
{
	struct uplink_look look;
	struct frame frame = frame_of(call, &look);
	call->html.out.len = 0;
	frame_error(&call->html, &frame, call->err.text);
	answer_html(call, status_of(call->err.code));
}

/* --- beginning --- */

static enum language language_named(const char *name)
{
	return strcmp(name, "vi") == 0 ? LANGUAGE_VIETNAMESE : LANGUAGE_ENGLISH;
}

/* A choice in the address, or the one remembered, or what the browser likes best. */
static void choose_language(struct call *call)
{
	const char *chosen = http_arg(call->request, "lang");
	const char *cookies = http_header(call->request, "Cookie");
	const char *kept = cookies ? strstr(cookies, LANGUAGE_COOKIE) : NULL;
	char name[3] = "";
	call->language_chosen = chosen != NULL;
	if (kept)
		(void)snprintf(name, sizeof(name), "%s", kept + strlen(LANGUAGE_COOKIE)); /* two */
	call->language = chosen  ? language_named(chosen)
			 : *name ? language_named(name)
				 : http_language(call->request);
	(void)language_use(call->language); /* common/http goes back to the one before */
}

/* NULL when the request was answered already. */
static struct call *call_begin(void *context, struct http_request *request)
{
	struct page *page = context;
	struct err err;
	struct catalogue *catalogue = recorder_catalogue(page->host.recorder);
	struct call *call = calloc(1, sizeof(*call));
	if (!call) {
		(void)err_memory(&err);
		http_answer_err(request, &err);
		return NULL;
	}
	call->page = page;
	call->request = request;
	page->calls++;
	choose_language(call);
	if (page->stopping)
		call->rc = err_set(&call->err, -EAGAIN,
				   "the agent is stopping; load this page again later");
	else if (!catalogue)
		call->rc = err_set(&call->err, -EAGAIN,
				   "the province has not told yet what is to be reported; it does "
				   "so when this machine is first connected to it");
	if (call->rc < 0) {
		answer_error(call);
		return NULL;
	}
	call->catalogue = catalogue_share(catalogue);
	return call;
}

static void work_read(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	call->rc = figures_read(recorder_spool(call->page->host.recorder), &call->question,
				&call->figures, &call->err);
}

static void done_read(struct job *job)
{
	struct call *call = container_of(job, struct call, job);
	if (call->rc < 0)
		answer_error(call);
	else
		call->write(call);
}

static void read_then(struct call *call, void (*write)(struct call *call))
{
	call->write = write;
	call->question.catalogue = call->catalogue;
	call->job =
		(struct job){ .work = work_read, .done = done_read, .language = call->language };
	worker_submit(recorder_worker(call->page->host.recorder), &call->job);
}

/* --- GET / and /sent --- */

static void write_home(struct call *call)
{
	struct uplink_look look;
	struct frame frame = frame_of(call, &look);
	call->rc = home_write(&call->html, &frame, call->catalogue, &call->figures, &call->err);
	if (call->rc < 0)
		answer_error(call);
	else
		answer_html(call, 200);
}

static void get_home(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	call->question.until_day = DAY_MAX;
	call->question.most = HOME_MOST;
	read_then(call, write_home);
}

static void write_sent(struct call *call)
{
	struct uplink_look look;
	struct frame frame = frame_of(call, &look);
	call->rc = sent_write(&call->html, &frame, &call->figures, &call->err);
	if (call->rc < 0)
		answer_error(call);
	else
		answer_html(call, 200);
}

static void get_sent(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	call->question.until_day = DAY_MAX;
	call->question.most = SENT_MOST;
	read_then(call, write_sent);
}

/* --- the form --- */

static int read_period(struct call *call, const char *period, const char *calendar)
{
	enum calendar which = CALENDAR_CIVIL;
	if (!period)
		return err_set(&call->err, -EINVAL, "say which period the form is of");
	int rc = calendar ? calendar_from_name(calendar, &which, &call->err) : 0;
	if (rc == 0)
		rc = period_parse(period, which, &call->period, &call->err);
	if (rc < 0)
		return rc;
	(void)period_format(call->period, call->period_text);
	call->question.kind = &call->period;
	call->question.until_day = period_first_day(call->period);
	call->question.most = SHEET_MOST;
	return 0;
}

static int open_sheet(struct call *call)
{
	int rc =
		sheet_open(call->catalogue, &call->figures, call->period, &call->sheet, &call->err);
	if (rc == 0 && call->fields)
		rc = sheet_take(&call->sheet, call->fields, call->n_fields, &call->err);
	if (rc == 0 && call->fields)
		rc = sheet_judge(&call->sheet, civil_now_us(), &call->err);
	return rc;
}

static void show_sheet(struct call *call, unsigned status, const char *trouble)
{
	const struct page *page = call->page;
	const char *number = http_arg(call->request, "saved");
	struct uplink_look look;
	struct frame frame = frame_of(call, &look);
	struct sheet_look sheet_look = { .token = page->token, .trouble = trouble };
	if (number && page->saved.at_us > 0 && strtoul(number, NULL, 10) == page->saved.number) {
		sheet_look.saved_us = page->saved.at_us;
		sheet_look.changes = (const char *)page->saved.changes.data;
	}
	sheet_write(&call->html, &frame, &call->sheet, &sheet_look);
	answer_html(call, status);
}

static void write_form(struct call *call)
{
	if (open_sheet(call) < 0)
		answer_error(call);
	else
		show_sheet(call, 200, NULL);
}

static void get_form(void *context, struct http_request *request)
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	if (read_period(call, http_arg(request, "period"), http_arg(request, "calendar")) < 0)
		answer_error(call);
	else
		read_then(call, write_form);
}

/* For the page that says so. Without memory it says nothing: the figures are shown all the same. */
static void remember(struct page *page, const struct sheet *sheet)
{
	struct blob *changes = &page->saved.changes;
	blob_free(changes);
	page->saved.number++;
	page->saved.at_us = 0;
	if (sheet_changes(sheet, changes) == 0 && blob_append(changes, "", 1) == 0)
		page->saved.at_us = civil_now_us();
}

/* Back to the form, which then says what was saved. */
static void answer_saved(struct call *call)
{
	struct page *page = call->page;
	char location[160];
	remember(page, &call->sheet);
	(void)snprintf(location, sizeof(location), "/form?period=%s&calendar=%s&saved=%u",
		       call->period_text, calendar_name(call->period.calendar),
		       page->saved.number); /* fits */
	answer(call, 303, HTML_TYPE, location);
}

static void done_recording(struct recording *recording)
{
	struct call *call = container_of(recording, struct call, recording);
	struct page *page = call->page;
	if (recording->rc < 0) {
		show_sheet(call, 507, recording->err.text);
		return;
	}
	page->last_us = civil_now_us();
	answer_saved(call);
}

static void record(struct call *call)
{
	size_t n;
	int rc = sheet_entries(&call->sheet, call->period_text, &call->entries, &n, &call->err);
	call->recording.done = done_recording;
	call->recording.job.language = call->language;
	if (rc == 0)
		rc = recorder_submit(call->page->host.recorder, &call->recording, call->entries, n,
				     &call->err);
	if (rc < 0)
		show_sheet(call, 422, call->err.text);
}

static bool token_fits(const struct call *call)
{
	const char *token = field_value(call->fields, call->n_fields, "token");
	return token && strlen(token) == strlen(call->page->token) &&
	       sodium_memcmp(token, call->page->token, strlen(token)) == 0;
}

static void take_form(struct call *call)
{
	if (open_sheet(call) < 0)
		answer_error(call);
	else if (!token_fits(call))
		show_sheet(call, 422,
			   _("The agent was started anew since this page was opened. Look over "
			     "what you wrote, and press Save again."));
	else if (call->sheet.n_errors + call->sheet.n_warnings > 0)
		show_sheet(call, 422, NULL);
	else if (call->sheet.n_changed == 0)
		answer_saved(call);
	else
		record(call);
}

static void take_check(struct call *call)
{
	if (open_sheet(call) < 0) {
		http_answer_err(call->request, &call->err);
		call_end(call);
		return;
	}
	call->html.failed = sheet_json(&call->sheet, &call->html.out) < 0;
	if (call->html.failed)
		answer_html(call, 500);
	else
		answer(call, 200, JSON_TYPE, NULL);
}

static int read_body(struct call *call)
{
	size_t len;
	const char *body = http_body(call->request, &len);
	call->body = malloc(len + 1);
	if (!call->body)
		return err_memory(&call->err);
	memcpy(call->body, body, len);
	int rc = urlencoded_parse(call->body, len, &call->fields, &call->n_fields, &call->err);
	if (rc < 0)
		return rc;
	const char *language = field_value(call->fields, call->n_fields, "lang");
	if (language) { /* numbers are written as the form's language writes them */
		call->language = language_named(language);
		(void)language_use(call->language);
	}
	return read_period(call, field_value(call->fields, call->n_fields, "period"),
			   field_value(call->fields, call->n_fields, "calendar"));
}

static void post(void *context, struct http_request *request, void (*write)(struct call *call))
{
	struct call *call = call_begin(context, request);
	if (!call)
		return;
	if (read_body(call) < 0)
		answer_error(call);
	else
		read_then(call, write);
}

static void post_form(void *context, struct http_request *request)
{
	post(context, request, take_form);
}

static void post_check(void *context, struct http_request *request)
{
	post(context, request, take_check);
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
	{ "GET", "/", get_home },         { "GET", "/form", get_form },
	{ "POST", "/form", post_form },   { "POST", "/check", post_check },
	{ "GET", "/sent", get_sent },     { "GET", "/page.css", get_asset },
	{ "GET", "/page.js", get_asset }, { "GET", "/icon.svg", get_asset },
};

/* --- starting and stopping --- */

bool page_wanted(const struct settings *settings)
{
	return *settings->page_listen != '\0';
}

static void make_token(struct page *page)
{
	unsigned char bytes[TOKEN_BYTES];
	randombytes_buf(bytes, sizeof(bytes));
	(void)sodium_bin2hex(page->token, sizeof(page->token), bytes, sizeof(bytes)); /* fits */
}

int page_start(const struct input_host *host, const struct settings *settings, void **ret_page,
	       struct err *err)
{
	static const struct http_limits limits = { .body_max = BODY_MAX,
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

static void stop_if_idle(struct page *page)
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
	stop_if_idle(page);
}

void page_look(const void *input, struct input_look *ret_look)
{
	const struct page *page = input;
	ret_look->state = page->stopping ? N_("stopping") : N_("listening");
	ret_look->last_us = page->last_us;
	ret_look->error = "";
}
