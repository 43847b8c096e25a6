/* What clerk.c, request.c, form.c and files.c share, and nobody else includes: the server of the
 * clerk's page, and one request on its way. */
#pragma once

#include "clerk/clerk.h"
#include "clerk/excel_form.h"
#include "clerk/home.h"
#include "clerk/sent.h"
#include "clerk/sheet_html.h"
#include "clerk/typist.h"
#include "clerk/upload.h"
#include "common/base/log_limit.h"
#include "common/net/http.h"

#define CLERK_TOKEN_BYTES 16u

struct clerk {
	struct input_host host;
	struct http *doors[2]; /* on loopback, on the proxy's socket; NULL: none */
	unsigned open;         /* of them */
	char *proxy_host;      /* owned; [page] host */
	char *author_header;   /* owned; "": who comes through the proxy is asked, too */
	struct log_limit said_nameless;
	char token[2 * CLERK_TOKEN_BYTES + 1];
	struct { /* the newest form that was recorded, for the page that says so */
		unsigned number;
		int64_t at_us;
		struct blob changes; /* owned; its text ends with NUL */
	} saved;
	char *uploads; /* owned; path of the folder of files that are handed in here */
	bool taking;   /* one of them; another one waits for its sender to try again */
	struct {       /* what is told of the newest that was taken, for the page that says so */
		unsigned number;
		struct outcome outcome;
		struct told *told; /* owned [n] */
		size_t n, n_untold;
	} taken;
	int64_t last_us;
	unsigned requests;
	bool stopping;
	void (*on_stopped)(void *context);
	void *stopped_context;
};

struct request {
	struct clerk *clerk;
	struct http_request *http;
	enum language language;
	bool language_chosen;        /* by its link, to be remembered */
	char typist[TYPIST_MAX];     /* who types; "": nobody knows */
	bool elsewhere;              /* it came by the proxy's socket */
	bool by_proxy;               /* which said who types, and is believed */
	bool typist_chosen;          /* on the page, to be remembered */
	struct catalogue *catalogue; /* owned share */
	struct period period;
	char period_text[PERIOD_TEXT_MAX];
	char *body;           /* owned; fields borrow from it */
	struct field *fields; /* owned [n_fields] */
	size_t n_fields;
	struct values_question question;
	struct values values;  /* owned */
	struct sheet sheet;    /* owned */
	struct entry *entries; /* owned */
	struct html html;      /* owned */
	struct job job;
	struct recording recording;
	bool again; /* judged anew, since it was refused by what came meanwhile */
	struct upload upload;
	struct excel_form excel;
	struct outcome outcomes[OUTCOMES_MAX];
	size_t n_outcomes;
	void (*write)(struct request *request); /* once the values are there */
	int rc;
	struct err err;
};

/** Free the page's server when it is to stop and nothing is in work. */
void clerk_stop_if_idle(struct clerk *clerk);

/** The request's language is chosen, a share of the catalogue taken. NULL: it was answered. */
struct request *request_begin(struct clerk *clerk, struct http_request *http);
/** Read what request->question asks for, then @write: on the loop, in the request's language. */
void request_read_then(struct request *request, void (*write)(struct request *request));
/** "vi" or another: the language of what is written from now on. */
void request_speak(struct request *request, const char *name);
/** What every page has around it; @look is filled, and must outlive the frame. */
struct frame request_frame(const struct request *request, struct uplink_look *look);

/* Each answers with what is in request->html, and frees the request. */
void request_answer(struct request *request, unsigned status);
void request_answer_json(struct request *request);
void request_answer_elsewhere(struct request *request, const char *location); /* 303 */
/** As a file of that @name, to be kept: .xlsx or .csv. */
void request_answer_file(struct request *request, const char *name);
/** A page with the sentence of request->err. */
void request_answer_error(struct request *request);

/** What @period and @calendar name, into request->period and its text, and asked about. */
int request_period(struct request *request, const char *period, const char *calendar);
/** The fields of a form that was sent, into request->fields; request->err tells what is wrong. */
int request_read_fields(struct request *request);
/** Would a form with this token be of this start? */
bool request_fits(const struct request *request, const char *token, size_t len);
/** The fields of a button that was pressed: request_read_fields(), and -EINVAL with what to do when
 * its page is of an earlier start. */
int request_read_pressed(struct request *request);

void files_get(void *context, struct http_request *http);
void files_post(void *context, struct http_request *http);
void files_errors(void *context, struct http_request *http);

void form_get(void *context, struct http_request *http);
void form_post(void *context, struct http_request *http);
void form_check(void *context, struct http_request *http);
void form_template(void *context, struct http_request *http);
void typist_get(void *context, struct http_request *http);
void typist_post(void *context, struct http_request *http);
void read_mark_post(void *context, struct http_request *http);
void finished_post(void *context, struct http_request *http);
