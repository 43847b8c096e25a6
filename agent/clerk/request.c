/* One request, from its language to its answer. */
#include "clerk/clerk_internal.h"

#include "common/base/container.h"
#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/model/civil.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HTML_TYPE       "text/html; charset=utf-8"
#define JSON_TYPE       "application/json"
#define XLSX_TYPE       "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#define CSV_TYPE        "text/csv; charset=utf-8"

#define LANGUAGE_COOKIE "lantoa-lang"
#define COOKIE_MAX      (TYPIST_COOKIE_MAX + sizeof("; Secure"))
#define COOKIE_MANNERS  "; SameSite=Strict; Max-Age=31536000; HttpOnly"

/* --- answering --- */

static void request_end(struct request *request)
{
	struct clerk *clerk = request->clerk;
	sheet_close(&request->sheet);
	upload_close(&request->upload);
	excel_form_close(&request->excel);
	values_free(&request->values);
	catalogue_close(request->catalogue);
	blob_free(&request->html.out);
	free(request->entries);
	free(request->fields);
	free(request->body);
	free(request);
	if (--clerk->requests == 0)
		(void)malloc_trim(0); /* a page is looked at now and then; the agent stays small */
	clerk_stop_if_idle(clerk);
}

/* NULL: the language was not chosen by its link. */
static const char *cookie(const struct request *request)
{
	if (!request->language_chosen)
		return NULL;
	return request->language == LANGUAGE_VIETNAMESE ? LANGUAGE_COOKIE "=vi" COOKIE_MANNERS
							: LANGUAGE_COOKIE "=en" COOKIE_MANNERS;
}

/* What comes by the proxy's socket came to the proxy over TLS: its cookies never go without. */
static const char *cookie_of(const struct request *request, const char *cookie,
			     char text[COOKIE_MAX])
{
	(void)snprintf(text, COOKIE_MAX, "%s%s", cookie,
		       request->elsewhere ? "; Secure" : ""); /* fits */
	return text;
}

/* Nothing from anywhere else, nothing inline, in nobody's frame, kept nowhere. */
static void answer(struct request *request, unsigned status, const char *type, const char *header,
		   const char *value)
{
	char kept[TYPIST_COOKIE_MAX], language[COOKIE_MAX], typist[COOKIE_MAX];
	struct http_field fields[9] = {
		{ "Content-Type", type },
		{ "Content-Security-Policy", "default-src 'self'; form-action 'self'; "
					     "base-uri 'none'; frame-ancestors 'none'" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Referrer-Policy", "same-origin" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Cache-Control", "no-store" },
	};
	size_t n = 6;
	if (header)
		fields[n++] = (struct http_field){ header, value };
	if (cookie(request))
		fields[n++] = (struct http_field){ "Set-Cookie",
						   cookie_of(request, cookie(request), language) };
	if (request->typist_chosen)
		fields[n++] = (struct http_field){
			"Set-Cookie",
			cookie_of(request, typist_cookie(request->typist, kept), typist)
		};
	if (request->html.failed) {
		(void)err_memory(&request->err);
		http_answer_err(request->http, &request->err);
	} else {
		http_answer_fields(request->http, status, fields, n,
				   (const char *)request->html.out.data, request->html.out.len);
	}
	request_end(request);
}

void request_answer(struct request *request, unsigned status)
{
	answer(request, status, HTML_TYPE, NULL, NULL);
}

void request_answer_json(struct request *request)
{
	answer(request, 200, JSON_TYPE, NULL, NULL);
}

void request_answer_elsewhere(struct request *request, const char *location)
{
	answer(request, 303, HTML_TYPE, "Location", location);
}

void request_answer_file(struct request *request, const char *name)
{
	static const char attachment[] = "attachment; filename*=UTF-8''"; /* RFC 8187 */
	char value[sizeof(attachment) + 3 * NAME_MAX];
	const char *ending = strrchr(name, '.');
	size_t len = sizeof(attachment) - 1;
	memcpy(value, attachment, len);
	(void)urlencoded_write(name, value + len, sizeof(value) - len);
	answer(request, 200, ending && strcmp(ending, ".xlsx") == 0 ? XLSX_TYPE : CSV_TYPE,
	       "Content-Disposition", value);
}

struct frame request_frame(const struct request *request, struct uplink_look *look)
{
	const struct clerk *clerk = request->clerk;
	*look = (struct uplink_look){ .trouble = "", .desk = "" };
	if (clerk->host.uplink)
		uplink_look(clerk->host.uplink, look);
	return (struct frame){ .title = _("This cannot be shown"),
			       .office = clerk->host.office,
			       .office_name = request->values.office_name,
			       .typist = request->typist,
			       .typist_asked = !request->by_proxy,
			       .elsewhere = request->elsewhere,
			       .path = "./?",
			       .place = PLACE_ERROR,
			       .look = look,
			       .now_us = clock_now(recorder_clock(clerk->host.recorder)).at_us };
}

/* What went wrong is in request->err. */
void request_answer_error(struct request *request)
{
	struct uplink_look look;
	struct frame frame = request_frame(request, &look);
	request->html.out.len = 0;
	frame_error(&request->html, &frame, http_words(request->http, &request->err));
	request_answer(request, http_status_of(request->err.code));
}

/* --- beginning --- */

static enum language language_named(const char *name)
{
	return strcmp(name, "vi") == 0 ? LANGUAGE_VIETNAMESE : LANGUAGE_ENGLISH;
}

void request_speak(struct request *request, const char *name)
{
	request->language = language_named(name);
	(void)language_use(request->language); /* common/http goes back to the one before */
}

/* A choice in the address, or the one remembered, or what the browser likes best. */
static void choose_language(struct request *request)
{
	const char *chosen = http_arg(request->http, "lang");
	const char *cookies = http_header(request->http, "Cookie");
	size_t len = 0;
	const char *kept = cookie_find(cookies, LANGUAGE_COOKIE, &len);
	char name[3] = "";
	request->language_chosen = chosen != NULL;
	if (kept)
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, kept); /* two letters */
	request->language = chosen  ? language_named(chosen)
			    : *name ? language_named(name)
				    : http_language(request->http);
	(void)language_use(request->language); /* common/http goes back to the one before */
}

/* I13: a proxy that names nobody is not somebody's silence. */
static int learn_typist(struct request *request)
{
	struct clerk *clerk = request->clerk;
	uint64_t not_logged;
	uid_t uid;
	/* The kernel says which door it came by; a header counts at one of them alone. */
	request->elsewhere = http_peer(request->http, &uid);
	request->by_proxy = request->elsewhere && *clerk->author_header;
	if (!request->by_proxy) {
		typist_kept(http_header(request->http, "Cookie"), request->typist);
		return 0;
	}
	int rc = typist_named(clerk->author_header,
			      http_header_single(request->http, clerk->author_header),
			      request->typist, &request->err);
	if (rc < 0 && log_limit_pass(&clerk->said_nameless, uv_hrtime() / 1000000, &not_logged))
		log_warn("page: the proxy does not say who types, or not as a name header=%s "
			 "not_logged=%llu",
			 clerk->author_header, (unsigned long long)not_logged);
	return rc;
}

struct request *request_begin(struct clerk *clerk, struct http_request *http)
{
	struct err err;
	struct catalogue *catalogue = recorder_catalogue(clerk->host.recorder);
	struct request *request = calloc(1, sizeof(*request));
	if (!request) {
		(void)err_memory(&err);
		http_answer_err(http, &err);
		return NULL;
	}
	request->clerk = clerk;
	request->http = http;
	clerk->requests++;
	choose_language(request);
	request->rc = learn_typist(request);
	if (request->rc == 0 && clerk->stopping)
		request->rc = err_set(&request->err, -EAGAIN,
				      "the agent is stopping; load this page again later");
	else if (request->rc == 0 && !catalogue)
		request->rc =
			err_set(&request->err, -EAGAIN,
				"the province has not told yet what is to be reported; it does "
				"so when this machine is first connected to it");
	if (request->rc < 0) {
		request_answer_error(request);
		return NULL;
	}
	request->catalogue = catalogue_share(catalogue);
	return request;
}

int request_read_fields(struct request *request)
{
	size_t len;
	const char *body = http_body(request->http, &len);
	request->body = malloc(len + 1);
	if (!request->body)
		return err_memory(&request->err);
	memcpy(request->body, body, len);
	return urlencoded_parse(request->body, len, &request->fields, &request->n_fields,
				&request->err);
}

bool request_fits(const struct request *request, const char *token, size_t len)
{
	const char *own = request->clerk->token;
	return token && len == strlen(own) && sodium_memcmp(token, own, len) == 0;
}

int request_read_pressed(struct request *request)
{
	int rc = request_read_fields(request);
	if (rc < 0)
		return rc;
	const char *token = field_value(request->fields, request->n_fields, "token");
	if (!token || !request_fits(request, token, strlen(token)))
		return err_set(&request->err, -EINVAL,
			       "the agent was restarted since this page was opened; open that page "
			       "again, and press the button there");
	return 0;
}

static void work_read(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	request->rc = values_read(recorder_spool(request->clerk->host.recorder), &request->question,
				  &request->values, &request->err);
}

static void done_read(struct job *job)
{
	struct request *request = container_of(job, struct request, job);
	if (request->rc < 0)
		request_answer_error(request);
	else
		request->write(request);
}

void request_read_then(struct request *request, void (*write)(struct request *request))
{
	request->write = write;
	request->question.catalogue = request->catalogue;
	request->job =
		(struct job){ .work = work_read, .done = done_read, .language = request->language };
	worker_submit(recorder_worker(request->clerk->host.recorder), &request->job);
}
