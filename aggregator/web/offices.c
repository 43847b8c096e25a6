/* The pages of offices that this machine holds (lantoa-agent(8), HOSTED OFFICES), each for the
 * clerks of that office alone:
 *
 * 1. A browser that is logged in asks for /office/CODE/PAGE. Whose it is the aggregator says
 *    (whoami), and what it said is good for KNOWN_MS: so a token that was revoked ends.
 * 2. It must be a clerk's token, of that very office.
 * 3. The request goes on to the socket of that office's page, as "/PAGE", with the few headers that
 *    the page needs, none of them as others than browsers write them; who types is the token's
 *    name, in the header that the agent believes of this socket.
 *
 * Operators have no way in here: a page that an office's agent writes would stand beside theirs, in
 * one browser, under one name. What they know better they record: lantoa record. */
#include "web/web_internal.h"

#include "common/base/i18n.h"
#include "common/text/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PREFIX        "/office/"
#define WHOAMI        WEB_API "whoami"
#define AUTHOR_HEADER "X-Remote-User" /* what hosted agents are set to: office/hosted.h */
#define KNOWN_MS      5000u
#define CODE_MAX      17u /* as of hosted offices */
#define CODE_CHARS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
#define PAGE_CHARS    "abcdefghijklmnopqrstuvwxyz."
#define SOCKET_MAX    108u /* of a unix socket's path, NUL included */

struct office_target {
	char code[CODE_MAX + 1];
	const char *page; /* of the request's target: from its slash on; "": that is missing */
};

/* Read as it was sent: what is escaped, and would be read otherwise behind us, is none. */
static bool target_read(const char *target, struct office_target *ret)
{
	const char *code = target + strlen(PREFIX);
	size_t len, page;

	if (strncmp(target, PREFIX, strlen(PREFIX)) != 0)
		return false;
	len = strspn(code, CODE_CHARS);
	if (len < 1 || len > CODE_MAX || (code[len] && code[len] != '/'))
		return false;
	memcpy(ret->code, code, len);
	ret->code[len] = '\0';
	ret->page = code + len;
	page = *ret->page ? 1 + strspn(ret->page + 1, PAGE_CHARS) : 0;
	return ret->page[page] == '\0' || (page > 0 && ret->page[page] == '?');
}

/* The socket of an office's page; false: its path is too long. */
static bool socket_of(const struct web *web, const char *code, char path[SOCKET_MAX])
{
	const char *pattern = web->config->pages, *at = strstr(pattern, WEB_PAGES_CODE);
	int len = at ? snprintf(path, SOCKET_MAX, "%.*s%s%s", (int)(at - pattern), pattern, code,
				at + strlen(WEB_PAGES_CODE))
		     : -1;

	return len > 0 && (size_t)len < SOCKET_MAX;
}

static void field_add(struct http_field fields[], size_t *n, const char *name, const char *value)
{
	if (value)
		fields[(*n)++] = (struct http_field){ name, value };
}

/* Whoever asks is a clerk of the office. */
static void pass(struct web *web, struct http_request *request, const struct office_target *target,
		 const struct credentials *shown)
{
	static const char *const kept[] = { "Accept", "Accept-Language", "Content-Type" };
	char path[SOCKET_MAX], language[BROWSER_WORD_MAX],
		cookie[sizeof(WEB_PAGE_COOKIE) + BROWSER_WORD_MAX];
	struct http_field fields[8];
	size_t n = 0;

	if (!socket_of(web, target->code, path)) {
		pages_refuse(web, request, 404, _("there is no such path"), 0);
		return;
	}
	field_add(fields, &n, "Host", http_header_single(request, "Host"));
	field_add(fields, &n, AUTHOR_HEADER, shown->browser->known.name);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		field_add(fields, &n, kept[i], http_header_single(request, kept[i]));
	/* The browser's own cookie here is nobody else's business. */
	if (cookie_value(http_header_single(request, "Cookie"), WEB_PAGE_COOKIE, language) &&
	    (strcmp(language, "vi") == 0 || strcmp(language, "en") == 0)) {
		(void)snprintf(cookie, sizeof(cookie), WEB_PAGE_COOKIE "=%s", language);
		field_add(fields, &n, "Cookie", cookie);
	}
	gateway_pass(web, request,
		     &(struct gateway_page){ .socket = path,
					     .target = target->page,
					     .fields = fields,
					     .n_fields = n,
					     .office = target->code });
}

static void judge(struct web *web, struct http_request *request, const struct credentials *shown)
{
	const struct browser_known *known = &shown->browser->known;
	struct office_target target;

	if (!target_read(http_target(request), &target)) /* it was one when it came */
		pages_refuse(web, request, 404, _("there is no such path"), 0);
	else if (!known->clerk)
		pages_refuse(web, request, 403,
			     _("the page of an office is for its clerks; what an office told you, "
			       "lantoa record takes"),
			     0);
	else if (strcmp(known->office, target.code) != 0)
		pages_refuse(web, request, 403, _("your token is for another office"), 0);
	else
		pass(web, request, &target, shown);
}

static void on_known(struct web *web, struct http_request *request, const struct web_asked *asked)
{
	struct credentials shown = door_credentials(web, request);
	const char *text;
	unsigned retry_s;
	json_t *answer;

	if (!shown.browser || asked->status == 401) { /* ended, or revoked */
		if (shown.browser)
			browser_end(web->browsers, shown.browser);
		pages_log_in(web, request);
	} else if (asked->rc < 0 || asked->status != 200 ||
		   !(answer = answer_read(asked->body.data, asked->body.len))) {
		unsigned status =
			gateway_words(asked->rc < 0 ? asked->rc : -EIO, false, &text, &retry_s);

		pages_refuse(web, request, status, text, retry_s);
	} else {
		struct browser_known *known = &shown.browser->known;

		*known = (struct browser_known){
			.clerk = strcmp(answer_text(answer, "role"), "clerk") == 0,
			.until_ms = door_now_ms() + KNOWN_MS,
		};
		(void)snprintf(known->name, sizeof(known->name), "%s", answer_text(answer, "name"));
		(void)snprintf(known->office, sizeof(known->office), "%s",
			       answer_text(answer, "office"));
		json_decref(answer);
		judge(web, request, &shown);
	}
	explicit_bzero(shown.token, sizeof(shown.token));
}

static void redirect(struct http_request *request, const struct office_target *target)
{
	char path[sizeof(PREFIX) + CODE_MAX + 1];
	const struct http_field fields[] = { { "Location", path } };

	(void)snprintf(path, sizeof(path), PREFIX "%s/", target->code); /* fits */
	http_answer_fields(request, 308, fields, 1, "", 0);
}

void offices_on_page(void *context, struct http_request *request)
{
	struct web *web = context;
	struct credentials shown = door_credentials(web, request);
	const char *method = http_method(request);
	struct office_target target;

	if (!*web->config->pages || !target_read(http_target(request), &target))
		pages_refuse(web, request, 404, _("there is no such path"), 0);
	else if (strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0)
		pages_refuse(web, request, 405, _("this page can only be read, and its forms sent"),
			     0);
	else if (!shown.browser)
		pages_log_in(web, request);
	else if (!*target.page)
		redirect(request, &target);
	else if (door_now_ms() < shown.browser->known.until_ms)
		judge(web, request, &shown);
	else
		gateway_ask(web, request, WHOAMI, shown.token, on_known);
	explicit_bzero(shown.token, sizeof(shown.token));
}
