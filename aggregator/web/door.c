/* Who may come in. The head alone decides, before any of a body is kept: under which name it was
 * reached, whether the path can be read in one way only, how much its sender has asked before, that
 * something for programs comes with a token or a browser's cookie, and that a browser which changes
 * something means it. Whether a token is good the aggregator alone knows. */
#include "web/web_internal.h"

#include "common/base/i18n.h"
#include "common/net/http_guard.h"
#include "web/target.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LOGIN_COST 5u /* requests */

uint64_t door_now_ms(void)
{
	return uv_hrtime() / 1000000u;
}

const char *door_cookie_name(const struct web *web)
{
	/* RFC 6265bis, 4.1.3.2: a browser takes that name over TLS alone, and from this host. */
	return web->secure ? "__Host-lantoa" : "lantoa";
}

struct credentials door_credentials(struct web *web, const struct http_request *request)
{
	static const char scheme[] = "Bearer ";
	const char *header = http_header(request, "Authorization");
	struct credentials shown = { 0 };
	char cookie[BROWSER_WORD_MAX];

	if (header) {
		const char *only = http_header_single(request, "Authorization");
		size_t len = only ? strlen(only) : SIZE_MAX;

		shown.twice = !only || len - strlen(scheme) >= sizeof(shown.token);
		if (!shown.twice && len > strlen(scheme) &&
		    strncasecmp(only, scheme, strlen(scheme)) == 0)
			strcpy(shown.token, only + strlen(scheme)); /* fits */
		return shown;
	}
	if (!cookie_value(http_header_single(request, "Cookie"), door_cookie_name(web), cookie))
		return shown;
	shown.browser = browser_find(web->browsers, cookie, door_now_ms() / 1000);
	if (shown.browser)
		(void)snprintf(shown.token, sizeof(shown.token), "%s",
			       shown.browser->token); /* it was that short */
	return shown;
}

/* The proxy appends who asked it, so that the last one is its own word. */
static const char *address_of(const struct web *web, const struct http_request *request,
			      char text[HTTP_ADDRESS_MAX])
{
	const char *list =
		web->config->proxy ? http_header_single(request, "X-Forwarded-For") : NULL;
	const char *last = list ? strrchr(list, ',') : NULL;

	if (!list)
		return http_client_address(request, text);
	last = last ? last + 1 : list;
	last += strspn(last, " \t");
	(void)snprintf(text, HTTP_ADDRESS_MAX, "%s", last); /* a longer one is no address */
	return text;
}

static struct guest *guest_of(struct web *web, char kind, const char *name)
{
	char full[WEB_TOKEN_MAX + 2];

	(void)snprintf(full, sizeof(full), "%c%s", kind, name); /* fits */
	return guest_find(web->guests, full, door_now_ms());
}

struct guest *door_guest(struct web *web, const struct http_request *request, const char *token)
{
	char text[HTTP_ADDRESS_MAX];
	struct guest *guest = *token ? guest_of(web, 't', token) : NULL;

	if (guest && guest_is_proven(guest))
		return guest;
	return guest_of(web, 'a', address_of(web, request, text));
}

unsigned door_login_wait(struct web *web, const struct http_request *request)
{
	struct guest *guest = door_guest(web, request, "");

	return guest ? guest_pay(web->guests, guest, LOGIN_COST, door_now_ms()) : 1;
}

static bool changes(const struct http_request *request)
{
	return strcmp(http_method(request), "GET") != 0 &&
	       strcmp(http_method(request), "HEAD") != 0;
}

bool door_own_page(const struct web *web, const struct http_request *request)
{
	const struct http_guarded asked = { .method = "POST",
					    .host = http_header(request, "Host"),
					    .origin = http_header(request, "Origin"),
					    .fetch_site = http_header(request, "Sec-Fetch-Site") };

	return http_guard_passes(&asked, web->secure ? asked.host : NULL);
}

/* Who sits before a browser reads a page; but a browser that is not logged in is asked for a token,
 * as programs are. */
static void refuse(struct http_request *request, const struct http_problem *problem)
{
	if (problem->scheme)
		http_answer_problem(request, problem);
	else
		pages_refuse(NULL, request, problem->status, problem->text, problem->retry_s);
}

static bool may_ask(struct web *web, struct http_request *request, const struct credentials *shown)
{
	if (shown->twice) {
		refuse(request, &(struct http_problem){
					.status = 400,
					.text = _("Authorization must be given once, as Bearer "
						  "TOKEN") });
		return false;
	}
	if (!*shown->token) {
		refuse(request, &(struct http_problem){
					.status = 401,
					.text = _("this is for those who show a token: "
						  "Authorization: Bearer TOKEN, or a browser "
						  "that is logged in"),
					.scheme = "Bearer" });
		return false;
	}
	if (shown->browser && changes(request) &&
	    (!door_own_page(web, request) ||
	     !browser_means(shown->browser, http_header_single(request, WEB_CHANGE)))) {
		refuse(request, &(struct http_problem){
					.status = 403,
					.text = _("a browser changes nothing here unless a page of "
						  "this site asks for it") });
		return false;
	}
	return true;
}

/* To an office's page, or an order, which may be a large table: nobody else's is kept. */
static bool may_send(struct web *web, struct http_request *request, const struct credentials *shown)
{
	bool sends = http_matched(request)->on_request == offices_on_page ||
		     http_matched(request)->on_request == orders_on_sent;

	if (!sends || !changes(request))
		return true;
	if (!shown->browser) {
		pages_refuse(web, request, 403,
			     _("you were logged out meanwhile, and nothing was saved; log in in "
			       "another window, and send this once more"),
			     0);
		return false;
	}
	if (!door_own_page(web, request)) {
		pages_refuse(web, request, 403,
			     _("a browser changes nothing here unless a page of this site asks for "
			       "it"),
			     0);
		return false;
	}
	return true;
}

static void judge(struct web *web, struct http_request *request)
{
	const char *target = http_target(request);
	bool api = http_matched(request)->on_request == gateway_on_api;
	bool asks = gateway_asks(http_matched(request)->on_request);
	unsigned status = target_judge(target), wait_s;
	struct credentials shown;
	struct guest *guest;

	if (api && status == 0 && strncmp(target, WEB_API, strlen(WEB_API)) != 0)
		status = 404; /* it reads so only when it is unescaped */
	if (status) {
		refuse(request, &(struct http_problem){
					.status = status,
					.text = status == 404 ? _("there is no such path")
							      : _("the address of this request is "
								  "not valid, or is too long") });
		return;
	}
	if (!web_config_named(web->config, http_header_single(request, "Host"))) {
		refuse(request,
		       &(struct http_problem){ .status = 421,
					       .text = _("this site goes by another name; open it "
							 "by the address that you were given") });
		return;
	}
	shown = door_credentials(web, request);
	guest = door_guest(web, request, shown.token);
	wait_s = guest ? guest_pay(web->guests, guest, 1, door_now_ms()) : 1;
	if (wait_s)
		refuse(request,
		       &(struct http_problem){ .status = 429,
					       .text = _("you ask too often; wait a moment"),
					       .retry_s = wait_s });
	else if (asks ? may_ask(web, request, &shown) : may_send(web, request, &shown))
		http_admit(request);
	explicit_bzero(shown.token, sizeof(shown.token));
}

/* In the language that the reader chose on a page, which is a cookie. */
void door_on_head(void *context, struct http_request *request)
{
	enum language before;

	http_language_choose(request, views_language(request));
	before = language_use(http_language(request));
	judge(context, request);
	(void)language_use(before);
}
