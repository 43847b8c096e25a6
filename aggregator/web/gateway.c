/* What is passed on to the aggregator, and back:
 *
 * 1. gateway_on_api() has the whole request: the aggregator is not asked before a slow body is
 * here. It goes on as it came, with the headers of passed_on[] alone, and the token.
 * 2. on_head() begins the answer with the status and headers of the aggregator's.
 * 3. on_data() hands each piece to the client's pipe, and pauses the aggregator when more than
 *    [limits] buffer is kept there; on_room() goes on.
 * 4. on_end() ends the pipe, whole or broken.
 *
 * What is wanted in another form (conversion.h) takes the way through it: the answer begins with
 * the first bytes that come out of it, and a workbook's when all of it is written.
 *
 * How it can fail: the client hangs up or is too slow, and on_gone() cancels the question. Nobody
 * answers, or too late: the client is told so, if it has heard nothing yet; else its answer breaks.
 * A change whose answer did not come may have been made: then it is not told to try again. */
#include "web/web_internal.h"

#include "common/base/i18n.h"
#include "common/base/log.h"
#include "export/head.h"
#include "web/conversion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SHORT_MAX  (64u * 1024) /* bytes of what we ask ourselves */
#define FIELDS_MAX 64u

struct passage {
	struct passage *next, **slot; /* in web->passages */
	struct web *web;
	struct http_request *request; /* that is not answered yet; NULL */
	struct http_pipe *pipe;       /* its answer; NULL: not yet, or no more */
	struct forward_call *call;    /* NULL: not yet, or no more */
	struct guest *guest, *token;  /* who pays; whom a good answer proves; NULL */
	uint64_t bytes;
	bool changes;
	bool page;                     /* an office's: nobody else is asked */
	struct conversion *conversion; /* owned: into another form; NULL: as it comes */
	/* of a short question */
	void (*on_answer)(struct web *web, struct http_request *request,
			  const struct web_asked *asked);
	struct web_asked asked;
};

static const char *const passed_on[] = { "Accept",        "Accept-Language",   "Accept-Encoding",
					 "Content-Type",  "Content-Encoding",  "If-Match",
					 "If-None-Match", "If-Modified-Since", "Range",
					 "If-Range" };
#define N_PASSED_ON (sizeof(passed_on) / sizeof(passed_on[0]))

static struct passage *passage_new(struct web *web, struct http_request *request)
{
	struct passage *passage = calloc(1, sizeof(*passage));

	if (!passage)
		return NULL;
	passage->web = web;
	passage->request = request;
	passage->slot = &web->passages;
	passage->next = web->passages;
	if (passage->next)
		passage->next->slot = &passage->next;
	web->passages = passage;
	return passage;
}

static void passage_free(struct passage *passage)
{
	*passage->slot = passage->next;
	if (passage->next)
		passage->next->slot = passage->slot;
	if (passage->guest)
		guest_leave(passage->web->guests, passage->guest, passage->bytes);
	if (passage->token)
		guest_leave(passage->web->guests, passage->token, 0);
	blob_free(&passage->asked.body);
	conversion_close(passage->conversion);
	free(passage);
}

unsigned gateway_words(int rc, bool changes, const char **ret_text, unsigned *ret_retry_s)
{
	*ret_retry_s = 0;
	if (rc == -ETIMEDOUT) {
		*ret_text = _("the province's aggregator did not answer in time");
		return 504;
	}
	if (rc == -EIO && changes) {
		*ret_text =
			_("the province's aggregator broke off before it said whether it did this; "
			  "look whether it was done before you send it again");
		return 502;
	}
	*ret_retry_s = WEB_RETRY_S;
	*ret_text = rc == -EBUSY
			    ? _("too many questions wait for the province's aggregator; try again "
				"shortly")
			    : _("the province's aggregator does not answer just now; nothing was "
				"lost, try again shortly");
	return 503;
}

/* The log hears of it once a minute. */
void gateway_note(struct web *web, int rc)
{
	uint64_t not_logged;

	if (rc == -EPIPE || rc == -EBUSY)
		return;
	if (rc < 0 && log_limit_pass(&web->said_gone, door_now_ms(), &not_logged))
		log_warn("web: the aggregator does not answer socket=%s cause=\"%s\" "
			 "not_logged=%llu",
			 web->config->aggregator, err_strerror(rc), (unsigned long long)not_logged);
	if (rc == 0 && web->asked && web->last_rc < 0) {
		log_info("web: the aggregator answers again");
		web->said_gone = (struct log_limit){ 0 };
	}
	web->asked = true;
	web->last_rc = rc;
}

/* --- answers that go on as they come --- */

static void on_room(void *context)
{
	struct passage *passage = context;

	if (passage->call)
		forward_resume(passage->call);
}

static void on_gone(void *context)
{
	struct passage *passage = context;

	passage->pipe = NULL;
	if (passage->call)
		forward_cancel(passage->call);
	passage_free(passage);
}

static const struct http_pipe_calls pipe_calls = { on_room, on_gone };

/* An office's page keeps which language was chosen, and no other cookie here. */
static size_t page_fields(const struct forward_head *head, struct http_field fields[FIELDS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < head->n_fields && n < FIELDS_MAX; i++)
		if (strcasecmp(head->fields[i].name, "Set-Cookie") != 0 ||
		    strncmp(head->fields[i].value, WEB_PAGE_COOKIE "=",
			    strlen(WEB_PAGE_COOKIE "=")) == 0)
			fields[n++] = head->fields[i];
	return n;
}

/* --- into another form --- */

/* It cannot go on: told in words, if nothing went out yet, or else broken off. */
static void convert_fail(struct passage *passage, int rc, const struct err *err)
{
	struct http_problem problem = { .status = rc == -EINVAL  ? 400
						  : rc == -E2BIG ? 413
								 : 502,
					.text = err->text };

	if (passage->call)
		forward_cancel(passage->call);
	passage->call = NULL;
	if (passage->request)
		http_answer_problem(passage->request, &problem);
	if (passage->pipe)
		http_pipe_end(passage->pipe, false);
	passage_free(passage);
}

/* The first bytes begin the answer. */
static int on_converted(void *context, const void *data, size_t len)
{
	struct passage *passage = context;

	if (passage->request) {
		struct http_field fields[CONVERSION_FIELDS];
		struct http_request *request = passage->request;
		char name[128];
		size_t n = conversion_fields(passage->conversion, name, fields);

		passage->request = NULL;
		passage->pipe = http_answer_pipe(request, 200, fields, n, HTTP_LEN_UNKNOWN,
						 (size_t)passage->web->config->buffer / 2,
						 &pipe_calls, passage);
	}
	return passage->pipe ? http_pipe_write(passage->pipe, data, len) : -ENOMEM;
}

static void on_finish(void *context, int rc, int fd, uint64_t len, const struct err *err)
{
	struct passage *passage = context;

	if (rc < 0) {
		convert_fail(passage, rc, err);
		return;
	}
	if (fd >= 0) {
		struct http_field fields[CONVERSION_FIELDS];
		struct http_long body = { .first = "", .fd = fd, .len = len };
		char name[128];
		size_t n = conversion_fields(passage->conversion, name, fields);

		http_answer_long(passage->request, 200, fields, n, &body);
		passage->request = NULL;
		passage->bytes += len;
	}
	if (passage->pipe)
		http_pipe_end(passage->pipe, true);
	passage_free(passage);
}

static const struct conversion_calls converting = { on_converted, on_finish };

static const char *field_of(const struct forward_head *head, const char *name)
{
	for (size_t i = 0; i < head->n_fields; i++)
		if (strcasecmp(head->fields[i].name, name) == 0)
			return head->fields[i].value;
	return NULL;
}

/* When it fails, the passage is gone. */
static void convert_head(struct passage *passage, const struct forward_head *head)
{
	struct err err;
	int rc = conversion_head(passage->conversion, field_of(head, HEAD_FIELD), &err);

	if (rc < 0)
		convert_fail(passage, rc, &err);
}

static void convert_data(struct passage *passage, const void *data, size_t len)
{
	struct err err;
	int rc = conversion_feed(passage->conversion, data, len, &err);

	if (rc < 0)
		convert_fail(passage, rc, &err);
	else if (passage->pipe && http_pipe_kept(passage->pipe) > passage->web->config->buffer)
		forward_pause(passage->call);
}

static void on_short_data(void *context, const void *data, size_t len)
{
	struct passage *passage = context;
	struct web_asked *asked = &passage->asked;

	if (asked->rc == 0 && len > SHORT_MAX - asked->body.len)
		asked->rc = -E2BIG;
	else if (asked->rc == 0)
		asked->rc = blob_append(&asked->body, data, len);
}

/* A refusal that a person is to read: it is short, and becomes a page. */
static bool becomes_page(const struct passage *passage, const struct forward_head *head)
{
	return !passage->page && head->status >= 400 && pages_is_person(passage->request) &&
	       !field_of(head, "Content-Encoding");
}

static void on_head(void *context, const struct forward_head *head)
{
	struct passage *passage = context;
	struct web *web = passage->web;
	struct http_request *request = passage->request;
	size_t mark = (size_t)web->config->buffer / 2;
	struct http_field fields[FIELDS_MAX];
	struct forward_head kept = *head;

	if (passage->page) {
		kept.n_fields = page_fields(head, fields);
		kept.fields = fields;
	}
	head = &kept;

	if (passage->token && head->status != 401)
		guest_prove(passage->token);
	if (passage->conversion && head->status == 200) {
		convert_head(passage, head);
		return;
	}
	conversion_close(passage->conversion); /* a refusal goes on as it comes */
	passage->conversion = NULL;
	if (becomes_page(passage, head)) {
		passage->asked.status = head->status;
		return;
	}
	passage->request = NULL;
	if (head->status == 204 || head->status == 304)
		http_answer_fields(request, head->status, head->fields, head->n_fields, "", 0);
	else
		passage->pipe =
			http_answer_pipe(request, head->status, head->fields, head->n_fields,
					 head->len, mark, &pipe_calls, passage);
}

static void on_data(void *context, const void *data, size_t len)
{
	struct passage *passage = context;

	passage->bytes += len;
	if (passage->asked.status) {
		on_short_data(context, data, len);
		return;
	}
	if (passage->conversion) {
		convert_data(passage, data, len);
		return;
	}
	if (!passage->pipe)
		return; /* without memory the connection went */
	if (http_pipe_write(passage->pipe, data, len) < 0) {
		http_pipe_end(passage->pipe, false);
		passage->pipe = NULL;
	} else if (http_pipe_kept(passage->pipe) > passage->web->config->buffer) {
		forward_pause(passage->call);
	}
}

static void on_end(void *context, int rc)
{
	struct passage *passage = context;
	struct http_problem problem = { 0 };

	if (!passage->page)
		gateway_note(passage->web, rc);
	passage->call = NULL;
	if (passage->conversion && rc == 0) {
		conversion_finish(passage->conversion);
		return;
	}
	if (passage->request && passage->page) {
		enum language before = language_use(http_language(passage->request));

		pages_refuse(
			passage->web, passage->request, rc == -ETIMEDOUT ? 504 : 502,
			_("the page of this office does not answer just now; what was saved is "
			  "kept, try again shortly"),
			WEB_RETRY_S);
		(void)language_use(before);
	} else if (passage->request && passage->asked.status && rc == 0) {
		enum language before = language_use(http_language(passage->request));

		pages_on_refusal(passage->request, &passage->asked);
		(void)language_use(before);
	} else if (passage->request) {
		enum language before = language_use(http_language(passage->request));

		problem.status =
			gateway_words(rc, passage->changes, &problem.text, &problem.retry_s);
		pages_refuse(passage->web, passage->request, problem.status, problem.text,
			     problem.retry_s);
		(void)language_use(before);
	}
	if (passage->pipe)
		http_pipe_end(passage->pipe, rc == 0);
	passage_free(passage);
}

static const struct forward_calls passing = { on_head, on_data, on_end };

/* --- short ones, for a page --- */

static void on_short_head(void *context, const struct forward_head *head)
{
	((struct passage *)context)->asked.status = head->status;
}

static void on_short_end(void *context, int rc)
{
	struct passage *passage = context;
	struct http_request *request = passage->request;
	enum language before = language_use(http_language(request));

	gateway_note(passage->web, rc);
	if (rc < 0)
		passage->asked.rc = rc;
	passage->on_answer(passage->web, request, &passage->asked);
	(void)language_use(before);
	passage_free(passage);
}

static const struct forward_calls asking = { on_short_head, on_short_data, on_short_end };

/* --- asking --- */

static void no_memory(struct http_request *request)
{
	struct err err;

	(void)err_memory(&err);
	http_answer_err(request, &err);
}

/* Of one token, also before it is known to be good: at one address there may be many. */
static unsigned weight_of(const struct passage *passage)
{
	const struct guest *guest = passage->token ? passage->token : passage->guest;

	return guest ? guest_under_way(guest) : 0;
}

static void send_on(struct passage *passage, const char *target, const char *token,
		    const struct conversion_wish *wish, const struct forward_calls *calls)
{
	struct web *web = passage->web;
	struct http_request *request = passage->request;
	struct http_field fields[N_PASSED_ON + 1];
	char bearer[WEB_TOKEN_MAX + 8];
	size_t n = 0, len = 0;
	bool api = calls == &passing;

	(void)snprintf(bearer, sizeof(bearer), "Bearer %s", token); /* fits */
	fields[n++] = (struct http_field){ "Authorization", bearer };
	for (size_t i = 0; i < N_PASSED_ON; i++) {
		const char *value = http_header(request, passed_on[i]);

		if (wish && wish->accept && strcmp(passed_on[i], "Accept") == 0)
			value = wish->accept;
		else if (wish && wish->wanted && strcmp(passed_on[i], "Accept-Language") != 0)
			value = NULL; /* of another form */
		if (value && (api || strcmp(passed_on[i], "Accept-Language") == 0))
			fields[n++] = (struct http_field){ passed_on[i], value };
	}
	const char *body = api ? http_body(request, &len) : NULL;
	int rc =
		forward_ask(web->forward,
			    &(struct forward_request){ .socket = web->config->aggregator,
						       .method = api ? http_method(request) : "GET",
						       .target = target,
						       .fields = fields,
						       .n_fields = n,
						       .body = body,
						       .body_len = len,
						       .weight = weight_of(passage) },
			    calls, passage, &passage->call);
	explicit_bzero(bearer, sizeof(bearer));
	if (rc == 0)
		return;
	no_memory(request);
	passage_free(passage);
}

/* As it came, or for another form. */
static void pass(struct passage *passage, const char *target, const char *token)
{
	struct http_request *request = passage->request;
	struct conversion_wish wish;
	struct err err;
	unsigned status = conversion_read(request, &wish, &err);

	if (status == 0 && wish.wanted && strcmp(http_method(request), "GET") == 0 &&
	    conversion_open(passage->web->loop, &wish, http_language(request), &converting, passage,
			    &passage->conversion, &err) < 0)
		status = 503;
	if (status) {
		pages_refuse(passage->web, request, status, err.text, 0);
		passage_free(passage);
		return;
	}
	send_on(passage, *wish.target ? wish.target : target, token, &wish, &passing);
}

static void ask_on(struct web *web, struct http_request *request, const char *target)
{
	struct credentials shown = door_credentials(web, request);
	struct guest *guest = door_guest(web, request, shown.token);
	struct passage *passage = NULL;

	if (!*shown.token) /* the browser was logged out meanwhile */
		http_answer_problem(
			request, &(struct http_problem){ .status = 401,
							 .text = _("you were logged out meanwhile"),
							 .scheme = "Bearer" });
	else if (!guest || !guest_enter(web->guests, guest))
		http_answer_problem(
			request, &(struct http_problem){
					 .status = 429,
					 .text = _("too many of your requests are under way; wait "
						   "until they are answered"),
					 .retry_s = 1 });
	else if (!(passage = passage_new(web, request))) {
		guest_leave(web->guests, guest, 0);
		no_memory(request);
	} else {
		char name[WEB_TOKEN_MAX + 2];

		passage->guest = guest;
		(void)snprintf(name, sizeof(name), "t%s", shown.token); /* fits */
		passage->token = guest_is_proven(guest)
					 ? NULL
					 : guest_find(web->guests, name, door_now_ms());
		explicit_bzero(name, sizeof(name));
		if (passage->token)
			guest_hold(passage->token);
		passage->changes = strcmp(http_method(request), "GET") != 0 &&
				   strcmp(http_method(request), "HEAD") != 0;
		pass(passage, target, shown.token);
	}
	explicit_bzero(shown.token, sizeof(shown.token));
}

void gateway_on_api(void *context, struct http_request *request)
{
	ask_on(context, request, http_target(request));
}

void gateway_on_metrics(void *context, struct http_request *request)
{
	ask_on(context, request, WEB_API "metrics");
}

bool gateway_asks(void (*on_request)(void *context, struct http_request *request))
{
	return on_request == gateway_on_api || on_request == gateway_on_metrics ||
	       on_request == sdmx_on_request;
}

void gateway_pass(struct web *web, struct http_request *request, const struct gateway_page *page)
{
	char name[64];
	struct passage *passage;
	size_t len = 0;

	(void)snprintf(name, sizeof(name), "o%s", page->office); /* fits */
	struct guest *guest = guest_find(web->guests, name, door_now_ms());
	if (!guest || !guest_enter(web->guests, guest)) {
		pages_refuse(web, request, 429,
			     _("too many requests to the page of this office are under way; wait "
			       "until they are answered"),
			     1);
		return;
	}
	passage = passage_new(web, request);
	if (!passage) {
		guest_leave(web->guests, guest, 0);
		no_memory(request);
		return;
	}
	passage->guest = guest;
	passage->page = true;
	const char *body = http_body(request, &len);
	int rc = forward_ask(web->pages,
			     &(struct forward_request){ .socket = page->socket,
							.method = http_method(request),
							.target = page->target,
							.fields = page->fields,
							.n_fields = page->n_fields,
							.body = body,
							.body_len = len,
							.weight = weight_of(passage) },
			     &passing, passage, &passage->call);
	if (rc == 0)
		return;
	no_memory(request);
	passage_free(passage);
}

void gateway_ask(struct web *web, struct http_request *request, const char *target,
		 const char *token,
		 void (*on_answer)(struct web *web, struct http_request *request,
				   const struct web_asked *asked))
{
	struct passage *passage = passage_new(web, request);

	if (!passage) {
		no_memory(request);
		return;
	}
	passage->on_answer = on_answer;
	send_on(passage, target, token, NULL, &asking);
}

void gateway_drop(struct web *web)
{
	while (web->passages) {
		struct passage *passage = web->passages;

		if (passage->call)
			forward_cancel(passage->call);
		if (passage->request)
			http_answer_problem(
				passage->request,
				&(struct http_problem){ .status = 503,
							.text = "lantoa-web is being restarted",
							.retry_s = WEB_RETRY_S });
		if (passage->pipe)
			http_pipe_end(passage->pipe, false);
		passage_free(passage);
	}
}
