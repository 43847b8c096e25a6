/* The pages that lantoa-web writes itself, and they need no script: who logs in, who one is, and
 * what went wrong. Whether a token is good the aggregator tells, to a question of ours (whoami);
 * what it tells is shown and not kept. */
#include "web/web_internal.h"

#include "common/base/i18n.h"
#include "common/text/answer.h"
#include "common/text/html.h"
#include "common/text/urlencoded.h"
#include "web/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WHOAMI     WEB_API "whoami"
#define COOKIE_MAX 160u
#define PAGE_END   "</main>\n</body>\n</html>\n"

static const char style[] =
	":root{--ink:#1d2b32;--soft:#51626b;--line:#d3dde0;--ground:#f3f6f6;--brand:#0f5c63;"
	"--bad:#a4262c;--bad-ground:#fbe9ea;--focus:#b45309}\n"
	"*{box-sizing:border-box}\n"
	"html{font:100%/1.5 system-ui,\"Segoe UI\",\"Noto Sans\",\"Liberation Sans\",sans-serif}\n"
	"body{margin:0;color:var(--ink);background:var(--ground)}\n"
	"main{max-width:40rem;margin:0 auto;padding:2rem 1.25rem}\n"
	"h1{font-size:1.6rem;line-height:1.25;margin:0 0 .5rem}\n"
	"h2{font-size:1.15rem;margin:1.75rem 0 .5rem}\n"
	"p{margin:0 0 1rem}\n"
	".brand,small,.soft{color:var(--soft)}\n"
	"a{color:var(--brand)}\n"
	"li{padding:.2rem 0}li a,p a{display:inline-block;min-height:1.5rem}\n"
	":focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:2px}\n"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.25rem;margin:0 0 "
	"1rem}\n"
	"dt{color:var(--soft)}dd{margin:0;font-weight:600;overflow-wrap:anywhere}\n"
	"@media(max-width:30rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}\n"
	".fields{display:grid;grid-template-columns:repeat(auto-fit,minmax(14rem,1fr));gap:1rem}\n"
	".wide{grid-column:1/-1}\n"
	"label{display:block;font-weight:600;margin-bottom:.35rem}\n"
	"input,select{width:100%;font:inherit;padding:.6rem .7rem;border:1px solid var(--soft);"
	"border-radius:6px;background:#fff}\n"
	"button{font:inherit;font-weight:600;margin-top:1rem;padding:.6rem 1.2rem;border:0;"
	"border-radius:6px;background:var(--brand);color:#fff;cursor:pointer}\n"
	".bad{padding:.7rem .9rem;border-left:4px solid var(--bad);background:var(--bad-ground)}\n"
	"@media print{button{display:none}body{background:#fff}}\n";

static void page_begin(struct html *html, const char *title)
{
	html_add(html,
		 "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<title>%s - Lan Tỏa</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n"
		 "</head>\n<body>\n<main>\n<p class=\"brand\">Lan Tỏa</p>\n<h1>%s</h1>\n",
		 language_tag(), title, title);
}

/* Answers, and frees the page. */
static void page_answer(struct http_request *request, unsigned status, struct html *html,
			const struct http_field *more, size_t n_more)
{
	struct http_field fields[6] = { { "Content-Type", WEB_SAYS_HTML },
					{ "Cache-Control", "no-store" },
					{ "Content-Language", language_tag() },
					{ "Vary", "Accept-Language, Cookie" } };
	struct err err;

	html_add(html, PAGE_END);
	for (size_t i = 0; i < n_more && i < 2; i++)
		fields[4 + i] = more[i];
	if (html->failed) {
		(void)err_memory(&err);
		http_answer_err(request, &err);
	} else {
		http_answer_fields(request, status, fields, 4 + n_more,
				   (const char *)html->out.data, html->out.len);
	}
	blob_free(&html->out);
}

static void go_to(struct http_request *request, const char *path, const char *cookie)
{
	const struct http_field fields[] = { { "Location", path },
					     { "Cache-Control", "no-store" },
					     { "Set-Cookie", cookie } };

	http_answer_fields(request, 303, fields, cookie ? 3 : 2, "", 0);
}

bool pages_is_person(const struct http_request *request)
{
	const char *accept = http_header(request, "Accept");

	return accept && strstr(accept, "text/html");
}

static void refusal_begin(struct html *html, unsigned status, const char *text)
{
	page_begin(html, status == 404 ? _("There is nothing here") : _("That did not work"));
	html_add(html, "<p class=\"bad\" role=\"alert\">%s</p>\n<p><a href=\"/\">%s</a></p>\n",
		 text, _("To the first page"));
}

bool pages_as_page(void *context, const struct http_request *request,
		   const struct http_problem *problem, struct blob *ret_page)
{
	struct html html = { 0 };
	enum language before;

	(void)context;
	if (!pages_is_person(request))
		return false;
	before = language_use(views_language(request));
	refusal_begin(&html, problem->status,
		      problem->status == 413
			      ? _("what you sent is larger than this site takes, and nothing was "
				  "done; a large table is imported on the province's machine, by "
				  "lantoa")
			      : problem->text);
	html_add(&html, PAGE_END);
	(void)language_use(before);
	*ret_page = html.out;
	if (html.failed)
		blob_free(ret_page);
	return !html.failed;
}

void pages_refuse(struct web *web, struct http_request *request, unsigned status, const char *text,
		  unsigned retry_s)
{
	struct html html = { 0 };
	char retry[16];

	(void)web;
	if (!pages_is_person(request)) {
		http_answer_problem(request, &(struct http_problem){ .status = status,
								     .text = text,
								     .retry_s = retry_s });
		return;
	}
	(void)snprintf(retry, sizeof(retry), "%u", retry_s); /* fits */
	refusal_begin(&html, status, text);
	page_answer(request, status, &html, &(struct http_field){ "Retry-After", retry },
		    retry_s ? 1 : 0);
}

void pages_on_nothing(void *context, struct http_request *request)
{
	pages_refuse(context, request, 404, _("there is no such path"), 0);
}

void pages_on_style(void *context, struct http_request *request)
{
	static const struct http_field fields[] = { { "Content-Type", "text/css; charset=utf-8" },
						    { "Cache-Control", "max-age=3600" } };

	(void)context;
	http_answer_fields(request, 200, fields, 2, style, strlen(style));
}

/* For a monitor: this process answers, and what it knows of the one that it asks. */
void pages_on_health(void *context, struct http_request *request)
{
	const struct web *web = context;
	struct forward_counters counters = forward_count(web->forward);
	char text[256];
	int len = snprintf(text, sizeof(text),
			   "{\"web\": \"well\", \"aggregator\": \"%s\", \"under_way\": %u, "
			   "\"waiting\": %u}\n",
			   !web->asked        ? "not asked yet"
			   : web->last_rc < 0 ? "does not answer"
					      : "answers",
			   counters.under_way, counters.waiting);

	http_answer(request, 200, "application/json", text, (size_t)len);
}

/* --- logging in --- */

static const char *cookie_text(const struct web *web, const char *value, char text[COOKIE_MAX])
{
	(void)snprintf(text, COOKIE_MAX, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s",
		       door_cookie_name(web), value, web->secure ? "; Secure" : "",
		       *value ? "" : "; Max-Age=0"); /* fits */
	return text;
}

/* Where a reader wanted to go when he was sent here: a page of ours; "": the first. */
static const char *back_of(const struct http_request *request)
{
	const char *back = http_arg(request, "back");

	return views_is_own_path(back) ? back : "";
}

static void login_page(struct http_request *request, unsigned status, const char *trouble,
		       unsigned retry_s)
{
	const char *back = back_of(request);
	struct html html = { 0 };
	char retry[16], escaped[3 * TARGET_MAX];

	(void)snprintf(retry, sizeof(retry), "%u", retry_s); /* fits */
	(void)urlencoded_write(back, escaped, sizeof(escaped));
	page_begin(&html, _("Log in"));
	if (trouble)
		html_add(&html, "<p class=\"bad\" role=\"alert\">%s</p>\n", trouble);
	html_add(&html,
		 *back ? "<p>%s</p>\n<form method=\"post\" action=\"/login?back=%s\">\n"
		       : "<p>%s</p>\n<form method=\"post\" action=\"/login%s\">\n",
		 _("The token that you were given by the province shows who you are. This site "
		   "keeps "
		   "it in memory until you log out, and stores it nowhere."),
		 escaped);
	html_add(&html,
		 "<label for=\"token\">%s</label>\n"
		 "<input id=\"token\" name=\"token\" type=\"password\" required autofocus "
		 "autocomplete=\"current-password\" maxlength=\"255\" spellcheck=\"false\">\n"
		 "<button>%s</button>\n</form>\n",
		 _("Token"), _("Log in"));
	html_add(&html, "<p class=\"soft\"><br>%s</p>\n",
		 _("You have none, or it has expired? The province's administrator makes one: "
		   "lantoa token add NAME --role viewer"));
	page_answer(request, status, &html, &(struct http_field){ "Retry-After", retry },
		    retry_s ? 1 : 0);
}

void pages_on_login(void *context, struct http_request *request)
{
	(void)context;
	login_page(request, 200, NULL, 0);
}

/* The fields of a form. The caller frees @ret_fields and wipes and frees @ret_text. */
static bool form_of(const struct http_request *request, char **ret_text, size_t *ret_len,
		    struct field **ret_fields, size_t *ret_n)
{
	const char *type = http_header_single(request, "Content-Type");
	const char *body = http_body(request, ret_len);
	struct err err;

	*ret_text = NULL;
	*ret_fields = NULL;
	*ret_n = 0;
	if (!type || strncmp(type, "application/x-www-form-urlencoded", 33) != 0 ||
	    !(*ret_text = malloc(*ret_len + 1)))
		return false;
	memcpy(*ret_text, body, *ret_len);
	return urlencoded_parse(*ret_text, *ret_len, ret_fields, ret_n, &err) == 0;
}

static void form_free(char *text, size_t len, struct field *fields)
{
	if (text)
		explicit_bzero(text, len);
	free(text);
	free(fields);
}

static void trouble_of(struct http_request *request, const struct web_asked *asked,
		       void (*say)(struct http_request *request, unsigned status, const char *text,
				   unsigned retry_s))
{
	const char *text = _("the province's aggregator gave an unexpected answer");
	unsigned status = 502, retry_s = 0;
	json_t *answer = NULL;

	if (asked->rc < 0)
		status = gateway_words(asked->rc, false, &text, &retry_s);
	else if ((answer = answer_read(asked->body.data, asked->body.len))) {
		const char *detail = answer_text(answer, "detail");

		text = *detail ? detail : text;
		status = asked->status == 401 || asked->status == 403 ? 403 : 502;
	}
	say(request, status, text, retry_s);
	json_decref(answer);
}

static const char *no_longer_words(void)
{
	return _("this token opens nothing: it was mistyped, has expired or was revoked; copy the "
		 "whole line that you were given, or ask the province for another");
}

/* His token is in the form, once more; what the aggregator says of it is all that counts. */
static void on_entered(struct web *web, struct http_request *request, const struct web_asked *asked)
{
	struct credentials before = door_credentials(web, request);
	char cookie[BROWSER_WORD_MAX], text[COOKIE_MAX];
	struct browser *browser = NULL;
	struct field *fields;
	size_t n, len;
	char *form;

	explicit_bzero(before.token, sizeof(before.token));
	if (asked->rc == 0 && asked->status == 401) {
		login_page(request, 403, no_longer_words(), 0);
		return;
	}
	if (asked->rc < 0 || asked->status != 200) {
		trouble_of(request, asked, login_page);
		return;
	}
	if (form_of(request, &form, &len, &fields, &n))
		browser = browser_begin(web->browsers, field_value(fields, n, "token"),
					door_now_ms() / 1000, cookie);
	form_free(form, len, fields);
	if (!browser) {
		login_page(request, 503, _("there is no memory left for another login"),
			   WEB_RETRY_S);
		return;
	}
	if (before.browser && browsers_count(web->browsers) > 1) {
		/* It may have been ended to make room. */
		char old[BROWSER_WORD_MAX];

		if (cookie_value(http_header_single(request, "Cookie"), door_cookie_name(web),
				 old) &&
		    (before.browser = browser_find(web->browsers, old, door_now_ms() / 1000)))
			browser_end(web->browsers, before.browser);
	}
	go_to(request, *back_of(request) ? back_of(request) : "/", cookie_text(web, cookie, text));
	explicit_bzero(cookie, sizeof(cookie));
	explicit_bzero(text, sizeof(text));
}

void pages_on_enter(void *context, struct http_request *request)
{
	struct web *web = context;
	unsigned wait_s = door_login_wait(web, request);
	const char *token = NULL;
	struct field *fields;
	size_t n, len;
	char *form;

	/* Another site's page must neither log somebody in, as whom it likes, nor out. */
	if (!door_own_page(web, request)) {
		login_page(request, 403, _("this was sent by a page of another site; log in here"),
			   0);
		return;
	}
	if (wait_s) {
		login_page(request, 429, _("you try too often; wait a moment"), wait_s);
		return;
	}
	if (form_of(request, &form, &len, &fields, &n))
		token = field_value(fields, n, "token");
	/* What is no header's value is no token either. */
	if (!token || !*token || strlen(token) >= WEB_TOKEN_MAX ||
	    token[strspn(token,
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=")])
		login_page(request, 403,
			   _("that is not a token; copy the whole line that you were given"), 0);
	else
		gateway_ask(web, request, WHOAMI, token, on_entered);
	form_free(form, len, fields);
}

void pages_on_leave(void *context, struct http_request *request)
{
	struct web *web = context;
	struct credentials shown = door_credentials(web, request);
	char text[COOKIE_MAX];
	struct field *fields;
	size_t n, len;
	char *form;
	bool means = false;

	explicit_bzero(shown.token, sizeof(shown.token));
	if (form_of(request, &form, &len, &fields, &n) && shown.browser)
		means = browser_means(shown.browser, field_value(fields, n, "change"));
	form_free(form, len, fields);
	if (shown.browser && (!means || !door_own_page(web, request))) {
		pages_refuse(
			web, request, 403,
			_("a browser changes nothing here unless a page of this site asks for it"),
			0);
		return;
	}
	if (shown.browser)
		browser_end(web->browsers, shown.browser);
	go_to(request, "/login", cookie_text(web, "", text));
}

void pages_log_in(struct web *web, struct http_request *request)
{
	char text[COOKIE_MAX];

	go_to(request, "/login", cookie_text(web, "", text));
}

void pages_log_in_for(struct web *web, struct http_request *request)
{
	const char *target = http_target(request);
	char text[COOKIE_MAX], back[3 * TARGET_MAX + 4], path[3 * TARGET_MAX + 32];

	(void)snprintf(path, sizeof(path),
		       strcmp(target, "/") == 0 ? "/login%.0s" : "/login?back=%s",
		       urlencoded_write(target, back, sizeof(back))); /* fits */
	go_to(request, path, cookie_text(web, "", text));
}

void pages_on_refusal(struct http_request *request, const struct web_asked *asked)
{
	json_t *answer = asked->rc == 0 ? answer_read(asked->body.data, asked->body.len) : NULL;
	const char *detail = answer ? answer_text(answer, "detail") : "";

	pages_refuse(NULL, request, asked->status,
		     asked->status == 401 ? no_longer_words()
		     : *detail            ? detail
			       : _("the province's aggregator gave an unexpected answer"),
		     asked->status == 503 ? WEB_RETRY_S : 0);
	json_decref(answer);
}

/* --- who one is, and what programs can ask --- */

static void say_trouble(struct http_request *request, unsigned status, const char *text,
			unsigned retry_s)
{
	pages_refuse(NULL, request, status, text, retry_s);
}

static void add_links(struct html *html)
{
	static const struct {
		const char *path, *what;
	} links[] = {
		{ "/api/v1/status", N_("How the province is: what is wrong, and who was heard") },
		{ "/api/v1/offices", N_("The offices") },
		{ "/api/v1/units", N_("Units") },
		{ "/api/v1/catalogue", N_("The catalogue of metrics") },
		{ "/api/v1/indicators", N_("Indicators") },
		{ "/api/v1/openapi.json", N_("What programs can ask here (OpenAPI)") },
	};

	html_add(html, "<h2>%s</h2>\n<ul>\n", _("What you can open (JSON)"));
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		html_add(html, "<li><a href=\"%s\">%s</a></li>\n", links[i].path, _(links[i].what));
	html_add(html, "<li><a href=\"/healthz\">%s</a></li>\n</ul>\n",
		 _("Whether this service is up, for a monitor"));
}

/* What a spreadsheet opens. Fields that are left empty are not asked (conversion.h). */
static void add_download(struct html *html)
{
	static const struct {
		const char *word, *what;
	} forms[] = { { "xlsx", N_("A workbook (xlsx)") },
		      { "csv-excel", N_("CSV that Excel opens") } },
	  levels[] = { { "", N_("The whole province") },
		       { "district", N_("By district") },
		       { "commune", N_("By commune") },
		       { "office", N_("By office") } };

	html_add(html,
		 "<h2>%s</h2>\n<form class=\"fields\" action=\"/api/v1/query\">\n"
		 "<div class=\"wide\"><label for=\"name\">%s</label>\n<input id=\"name\" "
		 "name=\"name\" required placeholder=\"team.count\" spellcheck=\"false\" "
		 "autocapitalize=\"none\"></div>\n",
		 _("Figures for a spreadsheet"),
		 _("Metrics or indicators, separated by commas, by their names in the catalogue"));
	html_add(html,
		 "<div><label for=\"from\">%s</label>\n<input id=\"from\" name=\"from\" "
		 "placeholder=\"2025-01\"></div>\n<div><label for=\"to\">%s</label>\n<input "
		 "id=\"to\" name=\"to\" placeholder=\"2025-06\"></div>\n",
		 _("First period"), _("Last period"));
	html_add(html, "<div><label for=\"by\">%s</label>\n<select id=\"by\" name=\"by\">",
		 _("Rows"));
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		html_add(html, "<option value=\"%s\">%s</option>", levels[i].word,
			 _(levels[i].what));
	html_add(html,
		 "</select></div>\n<div><label for=\"format\">%s</label>\n<select id=\"format\" "
		 "name=\"format\">",
		 _("As"));
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		html_add(html, "<option value=\"%s\">%s</option>", forms[i].word, _(forms[i].what));
	html_add(html, "</select></div>\n<div class=\"wide\"><button>%s</button></div>\n</form>\n",
		 _("Download"));
}

static const char *role_words(const char *role)
{
	static const struct {
		const char *role, *words;
	} roles[] = { { "viewer", N_("viewer: may ask, and changes nothing") },
		      { "operator", N_("operator: may also close, release, move and tell") },
		      { "admin", N_("admin: may also import, and add offices") },
		      { "clerk", N_("clerk: types the figures of one office") } };

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(roles[i].role, role) == 0)
			return _(roles[i].words);
	return role;
}

/* 2027-12-02T00:19:32+07:00, as people write it. */
static const char *moment_words(const char *at, char text[32])
{
	if (strlen(at) < 16)
		return at;
	if (strcmp(language_tag(), "vi") == 0)
		(void)snprintf(text, 32, "%.5s ngày %.2s/%.2s/%.4s", at + 11, at + 8, at + 5, at);
	else
		(void)snprintf(text, 32, "%.10s %.5s", at, at + 11);
	return text;
}

static void on_account(struct web *web, struct http_request *request, const struct web_asked *asked)
{
	struct credentials shown = door_credentials(web, request);
	struct html html = { 0 };
	char text[COOKIE_MAX], moment[32];
	json_t *answer;

	explicit_bzero(shown.token, sizeof(shown.token));
	if (!shown.browser || asked->status == 401) { /* ended, or revoked */
		if (shown.browser)
			browser_end(web->browsers, shown.browser);
		go_to(request, "/login", cookie_text(web, "", text));
		return;
	}
	answer = asked->rc == 0 && asked->status == 200
			 ? answer_read(asked->body.data, asked->body.len)
			 : NULL;
	if (!answer) {
		trouble_of(request, asked, say_trouble);
		return;
	}
	const char *role = answer_text(answer, "role"), *until = answer_text(answer, "expires");
	page_begin(&html, _("You are logged in"));
	html_add(&html, "<dl>\n<dt>%s</dt><dd>%s</dd>\n<dt>%s</dt><dd>%s</dd>\n", _("Name"),
		 answer_text(answer, "name"), _("Role"), role_words(role));
	html_add(&html, "<dt>%s</dt><dd>%s</dd>\n</dl>\n", _("Your token is valid until"),
		 *until ? moment_words(until, moment) : _("it is revoked"));
	if (*answer_text(answer, "office"))
		html_add(&html, "<p><a href=\"/office/%s/\">%s</a></p>\n",
			 answer_text(answer, "office"), _("The page of your office"));
	if (strcmp(role, "clerk") != 0) {
		html_add(&html, "<p><a href=\"/\">%s</a></p>\n", _("To the overview"));
		add_download(&html);
		add_links(&html);
	}
	html_add(&html,
		 "<form method=\"post\" action=\"/logout\">\n"
		 "<input type=\"hidden\" name=\"change\" "
		 "value=\"%s\">\n<button>%s</button>\n</form>\n",
		 shown.browser->change, _("Log out"));
	page_answer(request, 200, &html, NULL, 0);
	json_decref(answer);
}

void pages_on_account(void *context, struct http_request *request)
{
	struct web *web = context;
	struct credentials shown = door_credentials(web, request);

	if (shown.browser)
		gateway_ask(web, request, WHOAMI, shown.token, on_account);
	else
		go_to(request, "/login", NULL);
	explicit_bzero(shown.token, sizeof(shown.token));
}
