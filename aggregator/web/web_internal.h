/* What the files of lantoa-web share, and nobody else includes: the process, who asks, and a
 * request that is being passed on. */
#pragma once

#include "common/base/blob.h"
#include "common/base/log_limit.h"
#include "common/net/http.h"
#include "web/browsers.h"
#include "web/forward.h"
#include "web/guests.h"
#include "web/web_config.h"
#include "web/web_server.h"

#define WEB_API         "/api/v1/" /* what is passed on begins so, here and there */
#define WEB_TOKEN_MAX   256u
#define WEB_CHANGE      "X-Lantoa-Change" /* the header in which a browser's change shows its word */
#define WEB_SAYS_HTML   "text/html; charset=utf-8"
#define WEB_RETRY_S     5u
#define WEB_PAGE_COOKIE "lantoa-lang" /* of an office's page: the one that it keeps here */

struct passage;
struct exchange;
struct viewing;

struct web {
	uv_loop_t *loop; /* outlives us */
	struct web_config *config;
	struct http *http;
	struct forward *forward; /* to the aggregator, and */
	struct forward *pages;   /* to offices' pages: one that hangs takes no place of those */
	struct guests *guests;
	struct browsers *browsers;
	struct passage *passages;   /* owned, each by its request's way */
	struct exchange *exchanges; /* likewise, */
	struct viewing *viewings;   /* and these */
	bool encrypted;             /* by us */
	bool secure;                /* by us or the proxy: what browsers see is https */
	bool lent;                  /* the socket is systemd's */
	int last_rc;                /* of the last answer of the aggregator, */
	bool asked;                 /* if there was one */
	struct log_limit said_gone;
	uv_timer_t timer; /* the watchdog, certificates that changed */
	char warning[512];
	bool tls_bad;
	unsigned open; /* parts that have not closed yet */
};

/* Who asks, by what he shows. */
struct credentials {
	char token[WEB_TOKEN_MAX]; /* "": none */
	struct browser *browser;   /* whose cookie brought it; NULL */
	bool twice;                /* the header is there more than once, or too long */
};

/* --- door.c: who may come in --- */

/** What the head alone decides; answers, or admits. */
void door_on_head(void *context, struct http_request *request);
struct credentials door_credentials(struct web *web, const struct http_request *request);
/** The guest that a request is put to: that of the token when it is good, else of the address.
 * NULL: out of memory. */
struct guest *door_guest(struct web *web, const struct http_request *request, const char *token);
/** Of a browser that logs in, which costs more. 0, or the seconds to wait. */
unsigned door_login_wait(struct web *web, const struct http_request *request);
const char *door_cookie_name(const struct web *web);
uint64_t door_now_ms(void);

/** Was it sent by a page of ours, as far as the browser says? */
bool door_own_page(const struct web *web, const struct http_request *request);

/* --- gateway.c: what is passed on --- */

void gateway_on_api(void *context, struct http_request *request);
/** The province's metrics, at the address where a scraper looks for them. */
void gateway_on_metrics(void *context, struct http_request *request);
/** Is @on_request one of these two, or of SDMX, for which a token is wanted? */
bool gateway_asks(void (*on_request)(void *context, struct http_request *request));

struct gateway_page { /* of an office */
	const char *socket, *target;
	const struct http_field *fields; /* [n_fields] that it gets of the request, and no others */
	size_t n_fields;
	const char *office; /* its code: so many of its requests are under way at once */
};
/** Let the page answer @request, which changes nothing here. */
void gateway_pass(struct web *web, struct http_request *request, const struct gateway_page *page);
/** Everything that is on its way ends. */
void gateway_drop(struct web *web);

struct web_asked {       /* a short question of ours */
	int rc;          /* as forward's on_end; -E2BIG: over 64 KiB */
	unsigned status; /* 0: none */
	struct blob body;
};
/** Ask for @target with @token; @on_answer answers @request. */
void gateway_ask(struct web *web, struct http_request *request, const char *target,
		 const char *token,
		 void (*on_answer)(struct web *web, struct http_request *request,
				   const struct web_asked *asked));
/** What came instead of an answer: status and sentence. */
unsigned gateway_words(int rc, bool changes, const char **ret_text, unsigned *ret_retry_s);

/** What the log, and who looks whether we are well, hear of the aggregator: @rc as on_end's. */
void gateway_note(struct web *web, int rc);

/* --- sdmx.c: figures for statistical offices --- */

void sdmx_on_request(void *context, struct http_request *request);
/** As gateway_drop(). */
void sdmx_drop(struct web *web);

/* --- offices.c: pages of offices' agents --- */

void offices_on_page(void *context, struct http_request *request);

/* --- views.c: the province's page --- */

struct order;
struct screen;
struct view;
/** Show @screen (copied) of @view to who shows @shown; it is about @order, which is taken, or about
 * none (NULL). */
void views_show(struct web *web, struct http_request *request, const struct credentials *shown,
		const struct view *view, const struct screen *screen, struct order *order);
/** The language that this browser chose, or its reader likes. */
enum language views_language(const struct http_request *request);
/** Log in first; a link from elsewhere, which brings no cookie, is asked once more. */
void views_log_in(struct web *web, struct http_request *request);
void views_on_page(void *context, struct http_request *request);
void views_on_language(void *context, struct http_request *request);
void views_on_asset(void *context, struct http_request *request);
/** Is @path (NULL is fine) an address of this site, to which one may be sent on? */
bool views_is_own_path(const char *path);
/** As gateway_drop(). */
void views_drop(struct web *web);

/* --- orders.c: what changes something, from the province's page --- */

void orders_on_look(void *context, struct http_request *request);
void orders_on_sent(void *context, struct http_request *request);

/* --- pages.c: what is written here --- */

/** Log in first. */
void pages_log_in(struct web *web, struct http_request *request);
/** The same, and then come back to this very address. */
void pages_log_in_for(struct web *web, struct http_request *request);

void pages_on_account(void *context, struct http_request *request);
void pages_on_login(void *context, struct http_request *request);
void pages_on_enter(void *context, struct http_request *request);
void pages_on_leave(void *context, struct http_request *request);
void pages_on_style(void *context, struct http_request *request);
void pages_on_health(void *context, struct http_request *request);
void pages_on_nothing(void *context, struct http_request *request);
/** Say it to a person or a program, whichever asks. */
/** Does a person read the answer, in a browser? */
bool pages_is_person(const struct http_request *request);
/** What the door never saw, as a page: http_limits.as_page. */
bool pages_as_page(void *context, const struct http_request *request,
		   const struct http_problem *problem, struct blob *ret_page);
/** What the aggregator refused, for a person: the page has its status and its sentence. */
void pages_on_refusal(struct http_request *request, const struct web_asked *asked);
void pages_refuse(struct web *web, struct http_request *request, unsigned status, const char *text,
		  unsigned retry_s);
