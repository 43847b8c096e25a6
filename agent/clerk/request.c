/* One request, from its language to its answer. */
#include "clerk/clerk_internal.h"

#include "common/base/container.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HTML_TYPE       "text/html; charset=utf-8"
#define JSON_TYPE       "application/json"

#define LANGUAGE_COOKIE "lantoa-lang="
#define COOKIE_MANNERS  "; Path=/; SameSite=Strict; Max-Age=31536000; HttpOnly"

/* --- answering --- */

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
	page_stop_if_idle(page);
}

/* NULL: the language was not chosen by its link. */
static const char *cookie(const struct call *call)
{
	if (!call->language_chosen)
		return NULL;
	return call->language == LANGUAGE_VIETNAMESE ? LANGUAGE_COOKIE "vi" COOKIE_MANNERS
						     : LANGUAGE_COOKIE "en" COOKIE_MANNERS;
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
	if (cookie(call))
		fields[n++] = (struct http_field){ "Set-Cookie", cookie(call) };
	if (call->html.failed) {
		(void)err_memory(&call->err);
		http_answer_err(call->request, &call->err);
	} else {
		http_answer_fields(call->request, status, fields, n,
				   (const char *)call->html.out.data, call->html.out.len);
	}
	call_end(call);
}

void call_answer(struct call *call, unsigned status)
{
	answer(call, status, HTML_TYPE, NULL);
}

void call_answer_json(struct call *call)
{
	answer(call, 200, JSON_TYPE, NULL);
}

void call_answer_elsewhere(struct call *call, const char *location)
{
	answer(call, 303, HTML_TYPE, location);
}

struct frame call_frame(const struct call *call, struct uplink_look *look)
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
			       .now_us = clock_now(recorder_clock(page->host.recorder)).at_us };
}

/* What went wrong is in call->err. */
void call_answer_error(struct call *call)
{
	struct uplink_look look;
	struct frame frame = call_frame(call, &look);
	call->html.out.len = 0;
	frame_error(&call->html, &frame, http_words(call->request, &call->err));
	call_answer(call, http_status_of(call->err.code));
}

/* --- beginning --- */

static enum language language_named(const char *name)
{
	return strcmp(name, "vi") == 0 ? LANGUAGE_VIETNAMESE : LANGUAGE_ENGLISH;
}

void call_speak(struct call *call, const char *name)
{
	call->language = language_named(name);
	(void)language_use(call->language); /* common/http goes back to the one before */
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

struct call *call_begin(struct page *page, struct http_request *request)
{
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
		call_answer_error(call);
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
		call_answer_error(call);
	else
		call->write(call);
}

void call_read_then(struct call *call, void (*write)(struct call *call))
{
	call->write = write;
	call->question.catalogue = call->catalogue;
	call->job =
		(struct job){ .work = work_read, .done = done_read, .language = call->language };
	worker_submit(recorder_worker(call->page->host.recorder), &call->job);
}
