/* What page*.c share, and nobody else includes: the page, and one request on its way. */
#pragma once

#include "clerk/clerk.h"
#include "clerk/home.h"
#include "clerk/sent.h"
#include "clerk/sheet_html.h"
#include "common/net/http.h"

#define PAGE_TOKEN_BYTES 16u

struct page {
	struct input_host host;
	struct http *http;
	char token[2 * PAGE_TOKEN_BYTES + 1];
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

/** Free the page's server when it is to stop and nothing is in work. */
void page_stop_if_idle(struct page *page);

/** The request's language is chosen, a share of the catalogue taken. NULL: it was answered. */
struct call *call_begin(struct page *page, struct http_request *request);
/** Read what call->question asks for, then @write: on the loop, in the call's language. */
void call_read_then(struct call *call, void (*write)(struct call *call));
/** "vi" or another: the language of what is written from now on. */
void call_speak(struct call *call, const char *name);
/** What every page has around it; @look is filled, and must outlive the frame. */
struct frame call_frame(const struct call *call, struct uplink_look *look);

/* Each answers with what is in call->html, and frees the call. */
void call_answer(struct call *call, unsigned status);
void call_answer_json(struct call *call);
void call_answer_elsewhere(struct call *call, const char *location); /* 303 */
/** A page with the sentence of call->err. */
void call_answer_error(struct call *call);

void page_get_form(void *context, struct http_request *request);
void page_post_form(void *context, struct http_request *request);
void page_post_check(void *context, struct http_request *request);
