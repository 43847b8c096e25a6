/* The province's page (aggregator/dashboard writes it): a reader asks for a view,
 *
 * 1. views_on_page() reads the address and begins a viewing; who is not logged in goes to /login,
 *    and comes back to the same address afterwards.
 * 2. turn() lets the page be written. What it asks and nobody answered yet goes to the aggregator,
 *    all of it at once, with the reader's token.
 * 3. on_end() of the last of these turns again, until the page asks nothing more.
 * 4. finish() answers with the page, or with 304 to a browser that has just this one. But an order
 *    (dashboard/order.h) that somebody agreed to, and that is still what he saw, is carried out
 *    first; the browser is then sent on, and the page where it comes to tells what was done.
 *
 * What is asked and told lives as long as the viewing, so nothing of one reader reaches another.
 *
 * How it can fail: the aggregator refuses or does not answer, and the page says so, with the links
 * kept; more than ANSWERS_MAX came, and the page asks to be narrowed; the page asks more than
 * ASKED_MAX questions, or in more than TURNS_MAX turns, which is our own mistake, and told. */
#include "web/web_internal.h"

#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/answer.h"
#include "common/text/urlencoded.h"
#include "dashboard/assets.h"
#include "dashboard/frame.h"
#include "dashboard/order.h"
#include "dashboard/screens.h"
#include "web/packed.h"
#include "web/target.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WHOAMI          WEB_API "whoami"
#define LANGUAGE_COOKIE "lantoa-language"
#define ANSWERS_MAX     (16u << 20) /* bytes of all answers that one view needs */
#define TURNS_MAX       8u
#define TAG_MAX         48u

struct viewing;

struct view_call { /* a question that is under way */
	struct viewing *viewing;
	char *target; /* owned */
	struct forward_call *call;
	unsigned status;
	struct blob body;
};

struct viewing {
	struct viewing *next, **slot; /* in web->viewings */
	struct web *web;
	struct http_request *request;
	enum language language;
	struct guest *guest;       /* who pays; NULL: not yet */
	char token[WEB_TOKEN_MAX]; /* the reader's */
	struct visit visit;
	struct screen screen;
	struct order *order; /* owned; NULL: it is about none */
	bool ordered;        /* it was sent */
	char said[BROWSER_SAID_MAX];
	char change[BROWSER_WORD_MAX]; /* of the browser, which may end before this does */
	struct html html;
	struct view_call calls[ASKED_MAX + 1]; /* the last: an order */
	size_t n_calls, under_way;
	uint64_t bytes;
	unsigned turns;
	int rc; /* the first failure of the line to the aggregator */
};

static void turn(struct viewing *viewing);

/* --- the reader's language --- */

enum language views_language(const struct http_request *request)
{
	char word[BROWSER_WORD_MAX];

	if (cookie_value(http_header_single(request, "Cookie"), LANGUAGE_COOKIE, word)) {
		if (strcmp(word, "vi") == 0)
			return LANGUAGE_VIETNAMESE;
		if (strcmp(word, "en") == 0)
			return LANGUAGE_ENGLISH;
	}
	return http_language(request);
}

bool views_is_own_path(const char *path)
{
	return path && path[0] == '/' && path[1] != '/' && target_judge(path) == 0;
}

/* /language?to=vi&back=/figure: one cookie, and back. */
void views_on_language(void *context, struct http_request *request)
{
	const struct web *web = context;
	const char *to = http_arg(request, "to"), *back = http_arg(request, "back");
	char cookie[128];
	struct http_field fields[] = { { "Location", views_is_own_path(back) ? back : "/" },
				       { "Cache-Control", "no-store" },
				       { "Set-Cookie", cookie } };

	(void)snprintf(cookie, sizeof(cookie),
		       LANGUAGE_COOKIE "=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000%s",
		       to && strcmp(to, "en") == 0 ? "en" : "vi",
		       web->secure ? "; Secure" : ""); /* fits */
	http_answer_fields(request, 303, fields, 3, "", 0);
}

void views_on_asset(void *context, struct http_request *request)
{
	const struct asset *asset = assets_find(http_matched(request)->path);
	const struct http_field fields[] = { { "Content-Type", asset->type },
					     { "Cache-Control", "max-age=3600" },
					     { "Vary", "Accept-Encoding" },
					     { "Content-Encoding", "gzip" } };
	size_t len = (size_t)(asset->end - asset->data);
	struct blob packed = { 0 };

	(void)context;
	if (http_takes_gzip(request) && packed_pays(asset->data, len, "") &&
	    packed_make(asset->data, len, &packed) == 0)
		http_answer_fields(request, 200, fields, 4, (const char *)packed.data, packed.len);
	else
		http_answer_fields(request, 200, fields, 3, asset->data, len);
	blob_free(&packed);
}

/* --- a viewing --- */

static struct viewing *viewing_new(struct web *web, struct http_request *request)
{
	struct viewing *viewing = calloc(1, sizeof(*viewing));

	if (!viewing)
		return NULL;
	viewing->web = web;
	viewing->request = request;
	viewing->visit.asking = asking_open();
	if (!viewing->visit.asking) {
		free(viewing);
		return NULL;
	}
	viewing->slot = &web->viewings;
	viewing->next = web->viewings;
	if (viewing->next)
		viewing->next->slot = &viewing->next;
	web->viewings = viewing;
	return viewing;
}

static void order_drop(struct order *order)
{
	if (order)
		order_deinit(order);
	free(order);
}

static void viewing_free(struct viewing *viewing)
{
	*viewing->slot = viewing->next;
	if (viewing->next)
		viewing->next->slot = viewing->slot;
	for (size_t i = 0; i < viewing->n_calls; i++) {
		if (viewing->calls[i].call)
			forward_cancel(viewing->calls[i].call);
		blob_free(&viewing->calls[i].body);
		free(viewing->calls[i].target);
	}
	if (viewing->guest)
		guest_leave(viewing->web->guests, viewing->guest, viewing->bytes);
	asking_close(viewing->visit.asking);
	order_drop(viewing->order);
	blob_free(&viewing->html.out);
	explicit_bzero(viewing->token, sizeof(viewing->token));
	explicit_bzero(viewing->change, sizeof(viewing->change));
	free(viewing);
}

void views_drop(struct web *web)
{
	while (web->viewings) {
		struct viewing *viewing = web->viewings;

		http_answer_problem(viewing->request,
				    &(struct http_problem){ .status = 503,
							    .text = "lantoa-web is being restarted",
							    .retry_s = WEB_RETRY_S });
		viewing_free(viewing);
	}
}

/* --- answering --- */

/* A tag is of the bytes that are sent: the same page packed has another one. */
static void tag_of(const struct html *html, bool packed, char tag[TAG_MAX])
{
	unsigned char hash[24];
	char text[40];

	(void)crypto_generichash(hash, sizeof(hash), html->out.data, html->out.len, NULL,
				 0); /* sizes are right */
	(void)sodium_bin2base64(text, sizeof(text), hash, sizeof(hash),
				sodium_base64_VARIANT_URLSAFE_NO_PADDING);     /* it has the room */
	(void)snprintf(tag, TAG_MAX, packed ? "\"%s-gzip\"" : "\"%s\"", text); /* fits */
}

/* What was just done is told once. */
static void was_told(struct viewing *viewing)
{
	struct credentials shown = door_credentials(viewing->web, viewing->request);

	explicit_bzero(shown.token, sizeof(shown.token));
	if (shown.browser)
		*shown.browser->said = '\0';
}

/* The page, packed where that is worth while and @packing. */
static void send_page(struct viewing *viewing, unsigned status, struct http_field *fields, size_t n,
		      bool packing)
{
	const struct blob *page = &viewing->html.out;
	struct blob packed = { 0 };
	bool is_packed = packing && packed_make(page->data, page->len, &packed) == 0;

	if (is_packed) {
		fields[n++] = (struct http_field){ "Content-Encoding", "gzip" };
		page = &packed;
	}
	http_answer_fields(viewing->request, status, fields, n, (const char *)page->data,
			   page->len);
	viewing->bytes += page->len;
	blob_free(&packed);
}

/* Answers, and ends the viewing. What is about an order stays nowhere. */
static void answer(struct viewing *viewing, unsigned status)
{
	struct http_request *request = viewing->request;
	const struct blob *page = &viewing->html.out;
	const char *had = http_header(request, "If-None-Match");
	char tag[TAG_MAX];
	bool kept = status == 200 && !viewing->order;
	bool packing =
		http_takes_gzip(request) && packed_pays(page->data, page->len, viewing->change);
	struct http_field fields[6] = { { "Content-Type", WEB_SAYS_HTML },
					{ "Cache-Control",
					  viewing->order ? "no-store" : "private, no-cache" },
					{ "Content-Language", language_tag() },
					{ "Vary", "Accept-Encoding, Accept-Language, Cookie" },
					{ "ETag", tag } };
	struct err err;

	if (*viewing->said)
		was_told(viewing);
	tag_of(&viewing->html, packing, tag);
	if (viewing->html.failed) {
		(void)err_memory(&err);
		http_answer_err(request, &err);
	} else if (kept && had && strstr(had, tag)) {
		http_answer_fields(request, 304, fields + 1, 4, "", 0);
	} else {
		send_page(viewing, status, fields, kept ? 5 : 4, packing);
	}
	viewing_free(viewing);
}

static void trouble(struct viewing *viewing, unsigned status, const char *sentence)
{
	blob_free(&viewing->html.out);
	viewing->html.failed = false;
	frame_trouble(&viewing->visit, &viewing->html,
		      status == 404 ? _("There is nothing here") : _("That did not work"),
		      sentence);
	answer(viewing, status);
}

static enum reader_role role_of(const char *role)
{
	static const char *const roles[] = { "clerk", "viewer", "operator", "admin" };

	if (strcmp(role, "local") == 0) /* the aggregator takes us for root of its machine */
		return READER_ADMIN;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(roles[i], role) == 0)
			return (enum reader_role)i;
	return READER_CLERK; /* it may the least */
}

/* Who reads, once the province said so. */
static void know_reader(struct viewing *viewing)
{
	const json_t *told = ask(viewing->visit.asking, WHOAMI);

	if (told)
		viewing->visit.reader =
			(struct reader){ role_of(answer_text(told, "role")),
					 answer_text(told, "name"), answer_text(told, "office"),
					 answer_text(told, "expires"),
					 viewing->visit.reader.change };
}

static void go_to(struct viewing *viewing, const char *path)
{
	const struct http_field fields[] = { { "Location", path },
					     { "Cache-Control", "no-store" } };

	http_answer_fields(viewing->request, 303, fields, 2, "", 0);
	viewing_free(viewing);
}

static void refused(struct viewing *viewing, const struct refusal *refusal)
{
	struct web *web = viewing->web;
	struct http_request *request = viewing->request;

	if (refusal->status == 401) { /* the token ended, or was revoked */
		struct credentials shown = door_credentials(web, request);

		explicit_bzero(shown.token, sizeof(shown.token));
		if (shown.browser)
			browser_end(web->browsers, shown.browser);
		viewing_free(viewing);
		pages_log_in_for(web, request);
		return;
	}
	trouble(viewing, refusal->status,
		*refusal->detail ? refusal->detail
				 : _("the province's aggregator gave an unexpected answer"));
}

static void finish(struct viewing *viewing)
{
	const struct visit *visit = &viewing->visit;
	struct refusal refusal;
	const char *text;
	unsigned status, retry_s;

	if (viewing->rc == -E2BIG) {
		trouble(viewing, 413,
			_("this page would need more figures than one page takes; an area, or "
			  "fewer periods, make it smaller"));
	} else if (viewing->rc < 0) {
		status = gateway_words(viewing->rc, false, &text, &retry_s);
		trouble(viewing, status, text);
	} else if (visit->reader.role == READER_CLERK && visit->screen->role > READER_CLERK &&
		   *visit->reader.name) {
		go_to(viewing, "/account");
	} else if (visit->screen->role > visit->reader.role && *visit->reader.name) {
		trouble(viewing, 403,
			visit->screen->role == READER_ADMIN
				? _("this page is for administrators of the province")
				: _("this page is for operators of the province"));
	} else if (asking_refusal(visit->asking, &refusal)) {
		refused(viewing, &refusal);
	} else {
		answer(viewing, viewing->order ? order_status(viewing->order) : 200);
	}
}

/* --- asking --- */

static void on_head(void *context, const struct forward_head *head)
{
	((struct view_call *)context)->status = head->status;
}

static void on_data(void *context, const void *data, size_t len)
{
	struct view_call *call = context;
	struct viewing *viewing = call->viewing;

	viewing->bytes += len;
	if (viewing->rc == 0 && viewing->bytes > ANSWERS_MAX)
		viewing->rc = -E2BIG;
	if (viewing->rc == 0)
		viewing->rc = blob_append(&call->body, data, len);
}

static void on_end(void *context, int rc)
{
	struct view_call *call = context;
	struct viewing *viewing = call->viewing;

	call->call = NULL;
	viewing->under_way--;
	gateway_note(viewing->web, rc);
	if (viewing->rc == 0)
		viewing->rc = rc;
	if (viewing->rc == 0)
		viewing->rc = asking_tell(viewing->visit.asking, call->target, call->status,
					  call->body.data, call->body.len);
	blob_free(&call->body);
	if (viewing->under_way == 0)
		turn(viewing);
}

static const struct forward_calls calling = { on_head, on_data, on_end };

/* @sending NULL: it is a question. */
static int send_one(struct viewing *viewing, const char *target, const struct sending *sending,
		    const struct forward_calls *calls)
{
	struct view_call *call = &viewing->calls[viewing->n_calls];
	char bearer[WEB_TOKEN_MAX + 8];
	int rc;

	call->viewing = viewing;
	call->target = strdup(target);
	if (!call->target)
		return -ENOMEM;
	(void)snprintf(bearer, sizeof(bearer), "Bearer %s", viewing->token); /* fits */
	const struct http_field fields[] = { { "Authorization", bearer },
					     { "Accept-Language", language_tag() },
					     { "Content-Type", sending ? sending->type : "" },
					     { "If-Match",
					       sending && sending->match ? sending->match : "*" } };
	rc = forward_ask(viewing->web->forward,
			 &(struct forward_request){ .socket = viewing->web->config->aggregator,
						    .method = sending ? sending->method : "GET",
						    .target = target,
						    .fields = fields,
						    .n_fields = sending ? 4 : 2,
						    .body = sending ? sending->body : NULL,
						    .body_len = sending ? sending->len : 0,
						    .weight = guest_under_way(viewing->guest) },
			 calls, call, &call->call);
	explicit_bzero(bearer, sizeof(bearer));
	if (rc < 0) {
		free(call->target);
		return rc;
	}
	viewing->n_calls++;
	viewing->under_way++;
	return 0;
}

/* --- an order --- */

/* It was done, or goes on by steps: the page where one was tells so. */
static void done(struct viewing *viewing, unsigned status, const json_t *told)
{
	struct order *order = viewing->order;
	struct credentials shown = door_credentials(viewing->web, viewing->request);
	char text[BROWSER_SAID_MAX / 2], home[ORDER_HOME_MAX];
	const char *warning = answer_text(told, "warning");

	explicit_bzero(shown.token, sizeof(shown.token));
	if (status == 202)
		(void)utf8_print(text, sizeof(text), "%s",
				 _("It is begun, and goes on by steps. It is in force when all of "
				   "them are made."));
	else
		order->act->done(order, told, text, sizeof(text));
	if (shown.browser)
		(void)utf8_print(shown.browser->said, sizeof(shown.browser->said), "%s%s%s", text,
				 *warning ? " " : "", warning);
	go_to(viewing, status == 202 ? "/change" : order_home(order, home));
}

static void on_ordered(void *context, int rc)
{
	struct view_call *call = context;
	struct viewing *viewing = call->viewing;
	enum language before = language_use(viewing->language);
	const char *text = _("the province's aggregator gave an unexpected answer");
	json_t *told = NULL;
	unsigned status = call->status, retry_s;

	call->call = NULL;
	viewing->under_way--;
	gateway_note(viewing->web, rc);
	if (rc == 0)
		told = exact_read(call->body.data, call->body.len);
	blob_free(&call->body);
	if (told && (status == 200 || status == 202)) {
		done(viewing, status, told);
	} else {
		if (rc < 0)
			status = gateway_words(rc, true, &text, &retry_s);
		else if (*answer_text(told, "detail"))
			text = answer_text(told, "detail");
		order_trouble(viewing->order, status < 400 ? 502 : status, text);
		turn(viewing);
	}
	json_decref(told);
	(void)language_use(before);
}

static const struct forward_calls ordering = { on_head, on_data, on_ordered };

/* Is there an order that somebody agreed to, who may, and that is still what he saw? */
static bool is_to_do(const struct viewing *viewing)
{
	const struct visit *visit = &viewing->visit;
	struct refusal refusal;

	return viewing->order && strcmp(http_method(viewing->request), "POST") == 0 &&
	       !viewing->ordered && viewing->rc == 0 && *visit->reader.name &&
	       visit->reader.role >= visit->screen->role &&
	       !asking_refusal(visit->asking, &refusal) && order_is_agreed(viewing->order);
}

static int carry_out(struct viewing *viewing)
{
	struct sending sending;
	struct err err;
	int rc = order_sending(viewing->order, false, &sending, &err);

	viewing->ordered = true;
	return rc == 0 ? send_one(viewing, sending.target, &sending, &ordering) : rc;
}

static void turn(struct viewing *viewing)
{
	struct visit *visit = &viewing->visit;
	enum language before = language_use(viewing->language);
	const char *target;
	size_t at = 0;

	if (viewing->rc == 0) {
		blob_free(&viewing->html.out);
		viewing->html.failed = false;
		know_reader(viewing);
		frame_page(visit, &viewing->html);
	}
	while (viewing->rc == 0 && viewing->n_calls < ASKED_MAX &&
	       (target = asking_next(visit->asking, &at)))
		viewing->rc =
			send_one(viewing, target, asking_sending(visit->asking, target), &calling);
	if (viewing->under_way > 0 && ++viewing->turns > TURNS_MAX && viewing->rc == 0)
		viewing->rc = -EIO;
	if (viewing->under_way == 0 && is_to_do(viewing))
		viewing->rc = carry_out(viewing);
	if (viewing->under_way == 0)
		finish(viewing);
	(void)language_use(before);
}

/* --- the door --- */

/* A link that another site, or a letter, led to: the browser shows no cookie then
 * (SameSite=Strict). It asks once more, now because a page of this site says so. */
static void ask_again(struct http_request *request)
{
	static const char page[] =
		"<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Lan Tỏa</title>"
		"<meta http-equiv=\"refresh\" content=\"0\"></head><body></body></html>\n";
	const struct http_field fields[] = { { "Content-Type", WEB_SAYS_HTML },
					     { "Cache-Control", "no-store" } };

	http_answer_fields(request, 200, fields, 2, page, strlen(page));
}

void views_log_in(struct web *web, struct http_request *request)
{
	const char *site = http_header_single(request, "Sec-Fetch-Site");

	if (site && strcmp(site, "cross-site") == 0)
		ask_again(request);
	else
		pages_log_in_for(web, request);
}

void views_show(struct web *web, struct http_request *request, const struct credentials *shown,
		const struct view *view, const struct screen *screen, struct order *order)
{
	struct guest *guest = door_guest(web, request, shown->token);
	struct viewing *viewing;
	struct err err;

	if (!guest || !guest_enter(web->guests, guest)) {
		order_drop(order);
		pages_refuse(web, request, 429,
			     _("too many of your requests are under way; wait until they are "
			       "answered"),
			     1);
		return;
	}
	viewing = viewing_new(web, request);
	if (!viewing) {
		order_drop(order);
		guest_leave(web->guests, guest, 0);
		(void)err_memory(&err);
		http_answer_err(request, &err);
		return;
	}
	viewing->guest = guest;
	viewing->language = views_language(request);
	memcpy(viewing->token, shown->token, sizeof(viewing->token));
	viewing->order = order;
	viewing->screen = *screen;
	if (shown->browser && !order)
		memcpy(viewing->said, shown->browser->said, sizeof(viewing->said));
	viewing->visit.view = *view;
	viewing->visit.screen = order ? &viewing->screen : screen;
	viewing->visit.order = order;
	viewing->visit.said = viewing->said;
	viewing->visit.screens = screens;
	viewing->visit.n_screens = n_screens;
	viewing->visit.now_us = civil_now_us();
	if (shown->browser)
		memcpy(viewing->change, shown->browser->change, sizeof(viewing->change));
	viewing->visit.reader = (struct reader){ READER_VIEWER, "", "", "", viewing->change };
	turn(viewing);
}

void views_on_page(void *context, struct http_request *request)
{
	struct web *web = context;
	struct credentials shown = door_credentials(web, request);
	enum language before = language_use(views_language(request));
	const struct screen *screen;
	struct view view;
	struct err err;
	int rc = screens_read(http_target(request), &view, &screen, &err);

	if (rc == -ENOENT)
		pages_on_nothing(context, request);
	else if (!*shown.token)
		views_log_in(web, request);
	else if (rc < 0)
		pages_refuse(web, request, 400, err.text, 0);
	else
		views_show(web, request, &shown, &view, screen, NULL);
	explicit_bzero(shown.token, sizeof(shown.token));
	(void)language_use(before);
}
