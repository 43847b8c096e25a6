/* /sdmx/v2/: figures, and what they are made of, as a statistical office asks for them.
 *
 * 1. sdmx_on_request() reads the address (sdmx_request.h) and asks the aggregator, with the token
 *    of who asks, for the tables that say what there is (sdmx_reference.h), one after the other.
 * 2. begin() makes of both the questions (sdmx_questions.h), which are asked one after the other.
 * 3. Each answer goes through a conversion of its own to SDMX-CSV, and all of them into one pipe.
 *    The first row begins the answer; when there was none at the end, it is 204.
 * 4. A structure is written of those tables alone, and, where it has codes of dimensions, of the
 *    labels of each metric, which on_table() asks for behind them.
 *
 * How it can fail: as in gateway.c. A refusal of the aggregator goes on as it came, as long as
 * nothing else went out; behind the first row the answer breaks, so that nobody takes a part for
 * the whole. */
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "web/conversion.h"
#include "web/sdmx_questions.h"
#include "web/sdmx_structure.h"
#include "web/web_internal.h"

#include "export/head.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TABLES_MAX   (32u << 20) /* bytes of the aggregator's tables, all together */
#define REFUSAL_MAX  (64u << 10) /* of what it says instead of an answer */
#define LANGUAGE_MAX 256u

struct exchange {
	struct exchange *next, **slot; /* in web->exchanges */
	struct web *web;
	struct http_request *request; /* that is not answered yet; NULL */
	struct http_pipe *pipe;       /* its answer; NULL: not yet, or no more */
	struct forward_call *call;    /* NULL: none is under way */
	struct guest *guest, *token;  /* who pays; whom a good answer proves; NULL */
	uint64_t bytes;
	char shown[WEB_TOKEN_MAX], accept_language[LANGUAGE_MAX];
	enum language language;
	struct sdmx_request asked; /* owned, as all below */
	struct sdmx_reference reference;
	enum sdmx_table table; /* that is read; SDMX_TABLES: all are */
	size_t labels;         /* then: the metric behind the one whose labels are read */
	unsigned status;       /* of the answer at hand */
	char type[128];        /* of a refusal */
	struct blob body;      /* a table, or a refusal */
	size_t read;           /* bytes of the tables before it */
	bool too_long;
	struct sdmx_questions questions;
	size_t at; /* the question that is asked */
	struct conversion_wish wish;
	struct export_window window; /* lent to the wish */
	struct conversion *conversion;
};

static void exchange_free(struct exchange *exchange)
{
	*exchange->slot = exchange->next;
	if (exchange->next)
		exchange->next->slot = exchange->slot;
	if (exchange->guest)
		guest_leave(exchange->web->guests, exchange->guest, exchange->bytes);
	if (exchange->token)
		guest_leave(exchange->web->guests, exchange->token, 0);
	explicit_bzero(exchange->shown, sizeof(exchange->shown));
	conversion_close(exchange->conversion);
	sdmx_questions_free(&exchange->questions);
	sdmx_reference_free(&exchange->reference);
	sdmx_request_free(&exchange->asked);
	blob_free(&exchange->body);
	free(exchange);
}

/* --- refusals --- */

/* As RFC 9457 has it. */
static void refuse(struct http_request *request, unsigned status, const char *text,
		   unsigned retry_s)
{
	struct http_field fields[3] = { { "Content-Type", "application/problem+json" } };
	json_t *problem = json_pack("{s:s, s:i, s:s}", "type", "about:blank", "status", (int)status,
				    "detail", text);
	char *body = problem ? json_dumps(problem, 0) : NULL, seconds[16];
	size_t n = 1;

	(void)snprintf(seconds, sizeof(seconds), "%u", retry_s);
	if (retry_s)
		fields[n++] = (struct http_field){ "Retry-After", seconds };
	if (status == 401)
		fields[n++] = (struct http_field){ "WWW-Authenticate", "Bearer" };
	http_answer_fields(request, status, fields, n, body ? body : "", body ? strlen(body) : 0);
	free(body);
	json_decref(problem);
}

/* The end of @exchange: in words where nothing went out yet, else broken off. */
static void fail(struct exchange *exchange, unsigned status, const char *text, unsigned retry_s)
{
	if (exchange->call)
		forward_cancel(exchange->call);
	exchange->call = NULL;
	if (exchange->request)
		refuse(exchange->request, status, text, retry_s);
	if (exchange->pipe)
		http_pipe_end(exchange->pipe, false);
	exchange_free(exchange);
}

static void fail_err(struct exchange *exchange, int rc, const struct err *err)
{
	fail(exchange, rc == -EINVAL ? 400 : rc == -E2BIG ? 413 : 502, err->text, 0);
}

/* What the aggregator said instead. */
static void pass_refusal(struct exchange *exchange)
{
	const struct http_field fields[] = { { "Content-Type", exchange->type },
					     { "WWW-Authenticate", "Bearer" } };

	if (exchange->pipe)
		http_pipe_end(exchange->pipe, false);
	else
		http_answer_fields(exchange->request, exchange->status, fields,
				   exchange->status == 401 ? 2 : 1,
				   exchange->body.data ? (const char *)exchange->body.data : "",
				   exchange->body.len);
	exchange_free(exchange);
}

/* --- the file --- */

static void ask(struct exchange *exchange, const char *target);

static void on_room(void *context)
{
	struct exchange *exchange = context;

	if (exchange->call)
		forward_resume(exchange->call);
}

static void on_gone(void *context)
{
	struct exchange *exchange = context;

	exchange->pipe = NULL;
	if (exchange->call)
		forward_cancel(exchange->call);
	exchange_free(exchange);
}

static const struct http_pipe_calls pipe_calls = { on_room, on_gone };

static int on_bytes(void *context, const void *data, size_t len)
{
	struct exchange *exchange = context;

	exchange->bytes += len;
	if (exchange->request) {
		struct http_field fields[CONVERSION_FIELDS];
		struct http_request *request = exchange->request;
		char name[128];
		size_t n = conversion_fields(exchange->conversion, name, fields);

		exchange->request = NULL;
		exchange->pipe = http_answer_pipe(request, 200, fields, n, HTTP_LEN_UNKNOWN,
						  (size_t)exchange->web->config->buffer / 2,
						  &pipe_calls, exchange);
	}
	return exchange->pipe ? http_pipe_write(exchange->pipe, data, len) : -ENOMEM;
}

static void finish(struct exchange *exchange)
{
	if (exchange->request)
		http_answer_fields(exchange->request, 204, NULL, 0, "", 0);
	if (exchange->pipe)
		http_pipe_end(exchange->pipe, true);
	exchange_free(exchange);
}

static void ask_question(struct exchange *exchange);

static void on_finish(void *context, int rc, int fd, uint64_t len, const struct err *err)
{
	struct exchange *exchange = context;

	(void)fd; /* SDMX-CSV makes none */
	(void)len;
	if (rc < 0) {
		fail_err(exchange, rc, err);
		return;
	}
	conversion_close(exchange->conversion);
	exchange->conversion = NULL;
	exchange->at++;
	ask_question(exchange);
}

static const struct conversion_calls converting = { on_bytes, on_finish };

static void ask_question(struct exchange *exchange)
{
	struct err err;

	if (exchange->at == exchange->questions.n || exchange->window.left == 0) {
		finish(exchange);
		return;
	}
	const struct sdmx_question *question = &exchange->questions.list[exchange->at];

	exchange->window.area = question->area;
	if (conversion_open(exchange->web->loop, &exchange->wish, exchange->language, &converting,
			    exchange, &exchange->conversion, &err) < 0)
		fail(exchange, 503, err.text, WEB_RETRY_S);
	else
		ask(exchange, question->target);
}

static void tell_structure(struct exchange *exchange)
{
	static const struct http_field fields[] = {
		{ "Content-Type", "application/vnd.sdmx.structure+json;version=2.0.0" },
		{ "Cache-Control", "no-store" }
	};
	char prepared[INSTANT_TEXT_MAX], *body;
	json_t *message = NULL;
	struct err err;
	unsigned status =
		sdmx_structure_make(&exchange->asked, &exchange->reference,
				    civil_format(civil_now_us(), prepared), &message, &err);

	if (status) {
		fail(exchange, status, err.text, status == 503 ? WEB_RETRY_S : 0);
		return;
	}
	body = json_dumps(message, JSON_COMPACT);
	json_decref(message);
	if (!body) {
		(void)err_memory(&err);
		fail(exchange, 503, err.text, WEB_RETRY_S);
		return;
	}
	exchange->bytes += strlen(body);
	http_answer_fields(exchange->request, 200, fields, 2, body, strlen(body));
	free(body);
	exchange_free(exchange);
}

/* All is known: what is to be asked? */
static void begin(struct exchange *exchange)
{
	char today[DAY_TEXT_MAX];
	struct err err;
	unsigned status = sdmx_questions_make(&exchange->asked, &exchange->reference,
					      day_format(civil_day(civil_now_us()), today),
					      &exchange->questions, &err);

	sdmx_reference_free(&exchange->reference); /* a slow reader keeps none of it */
	if (status)
		fail(exchange, status, err.text, status == 503 ? WEB_RETRY_S : 0);
	else
		ask_question(exchange);
}

/* --- the aggregator's answers --- */

static void ask_table(struct exchange *exchange)
{
	char target[64];

	(void)snprintf(target, sizeof(target), WEB_API "%s",
		       sdmx_table_path(exchange->table)); /* fits */
	ask(exchange, target);
}

static void ask_labels(struct exchange *exchange)
{
	const struct metric *metric = sdmx_divided(&exchange->reference, &exchange->labels);
	char target[256];

	if (metric) {
		(void)snprintf(target, sizeof(target), WEB_API "labels?name=%s", metric->name);
		ask(exchange, target);
	} else {
		tell_structure(exchange);
	}
}

static void on_table(struct exchange *exchange)
{
	const char *csv = exchange->body.data ? (const char *)exchange->body.data : "";
	struct sdmx_reference *reference = &exchange->reference;
	bool tables = exchange->table < SDMX_TABLES;
	struct err err;
	int rc = tables ? sdmx_reference_read(reference, exchange->table, csv, exchange->body.len,
					      &err)
			: sdmx_labels_read(reference, csv, exchange->body.len, &err);

	exchange->read += exchange->body.len;
	blob_free(&exchange->body);
	if (rc < 0) {
		fail(exchange, 502, err.text, 0);
		return;
	}
	exchange->table += tables ? 1 : 0;
	if (exchange->table < SDMX_TABLES)
		ask_table(exchange);
	else if (exchange->asked.kind == SDMX_DATA)
		begin(exchange);
	else if (sdmx_structure_has_labels(&exchange->asked))
		ask_labels(exchange);
	else
		tell_structure(exchange);
}

static const char *field_of(const struct forward_head *head, const char *name)
{
	for (size_t i = 0; i < head->n_fields; i++)
		if (strcasecmp(head->fields[i].name, name) == 0)
			return head->fields[i].value;
	return NULL;
}

static void on_head(void *context, const struct forward_head *head)
{
	struct exchange *exchange = context;
	const char *type = field_of(head, "Content-Type");
	struct err err;

	exchange->status = head->status;
	(void)snprintf(exchange->type, sizeof(exchange->type), "%s", type ? type : "text/plain");
	if (exchange->token && head->status != 401)
		guest_prove(exchange->token);
	if (!exchange->conversion || head->status != 200)
		return;
	int rc = conversion_head(exchange->conversion, field_of(head, HEAD_FIELD), &err);

	if (rc < 0)
		fail_err(exchange, rc, &err);
}

static void on_data(void *context, const void *data, size_t len)
{
	struct exchange *exchange = context;
	struct blob *body = &exchange->body;
	struct err err;

	if (!exchange->conversion || exchange->status != 200) {
		size_t most = exchange->status == 200 ? TABLES_MAX - exchange->read : REFUSAL_MAX;

		if (len > most - body->len || blob_append(body, data, len) < 0)
			exchange->too_long = true;
		return;
	}
	int rc = conversion_feed(exchange->conversion, data, len, &err);

	if (rc < 0) {
		fail_err(exchange, rc, &err);
	} else if (exchange->window.left == 0) { /* so much was wanted */
		forward_cancel(exchange->call);
		exchange->call = NULL;
		finish(exchange);
	} else if (exchange->pipe &&
		   http_pipe_kept(exchange->pipe) > exchange->web->config->buffer) {
		forward_pause(exchange->call);
	}
}

static void on_end(void *context, int rc)
{
	struct exchange *exchange = context;
	enum language before = language_use(exchange->language);
	const char *text;
	unsigned retry_s;

	gateway_note(exchange->web, rc);
	exchange->call = NULL;
	if (rc < 0) {
		unsigned status = gateway_words(rc, false, &text, &retry_s);

		fail(exchange, status, text, retry_s);
	} else if (exchange->too_long) {
		fail(exchange, 502,
		     _("the province's aggregator answers with more than can be read"), 0);
	} else if (exchange->status != 200) {
		pass_refusal(exchange);
	} else if (exchange->conversion) {
		conversion_finish(exchange->conversion);
	} else {
		on_table(exchange);
	}
	(void)language_use(before);
}

static const struct forward_calls asking = { on_head, on_data, on_end };

static void ask(struct exchange *exchange, const char *target)
{
	struct web *web = exchange->web;
	const struct guest *guest = exchange->token ? exchange->token : exchange->guest;
	char bearer[WEB_TOKEN_MAX + 8];
	const struct http_field fields[] = { { "Authorization", bearer },
					     { "Accept", "text/csv" },
					     { "Accept-Language", exchange->accept_language } };
	int rc;

	(void)snprintf(bearer, sizeof(bearer), "Bearer %s", exchange->shown); /* fits */
	rc = forward_ask(web->forward,
			 &(struct forward_request){ .socket = web->config->aggregator,
						    .method = "GET",
						    .target = target,
						    .fields = fields,
						    .n_fields = *exchange->accept_language ? 3 : 2,
						    .weight = guest_under_way(guest) },
			 &asking, exchange, &exchange->call);
	explicit_bzero(bearer, sizeof(bearer));
	if (rc < 0)
		fail(exchange, 503, err_strerror(rc), WEB_RETRY_S);
}

/* --- requests --- */

static bool takes(const char *accept, const char *const types[], size_t n)
{
	for (size_t i = 0; accept && i < n; i++)
		if (strstr(accept, types[i]))
			return true;
	return !accept;
}

/* What the header Accept wants of a file of figures. */
static unsigned read_accept(const char *accept, struct export_choice *choice, struct err *err)
{
	static const char *const taken[] = { "text/csv", "text/*", "*/*", "application/*" };
	bool named;
	unsigned status = conversion_read_sdmx(accept, &named, choice, err);

	if (status == 0 && !named && !takes(accept, taken, 4)) {
		(void)err_set(err, -ENOTSUP,
			      "figures are available only as application/vnd.sdmx.data+csv, "
			      "versions 2.0.0 and 2.1.0");
		status = 406;
	}
	choice->form = EXPORT_SDMX_CSV;
	return status;
}

/* The same of a structure. */
static unsigned read_structure_accept(const char *accept, struct err *err)
{
	static const char *const taken[] = { "application/vnd.sdmx.structure+json",
					     "application/json", "application/*", "*/*" };
	static const char type[] = "application/vnd.sdmx.structure+json";
	const char *named = accept ? strstr(accept, type) : NULL;
	const char *version = named ? strstr(named, "version=") : NULL;
	bool its_own = version && (size_t)(version - named) < strcspn(named, ",");

	if (takes(accept, taken, 4) && (!its_own || strncmp(version, "version=2.0", 11) == 0))
		return 0;
	(void)err_set(err, -ENOTSUP,
		      "structures are available only as application/vnd.sdmx.structure+json, "
		      "version 2.0.0");
	return 406;
}

static unsigned understand(struct exchange *exchange, struct err *err)
{
	struct http_request *request = exchange->request;
	unsigned status = sdmx_request_read(http_target(request), &exchange->asked, err);
	int64_t at_us;

	if (status == 0 && exchange->asked.as_of &&
	    civil_parse(exchange->asked.as_of, &at_us, err) < 0)
		status = 400;
	if (status == 0 && exchange->asked.kind != SDMX_DATA)
		return read_structure_accept(http_header(request, "Accept"), err);
	if (status == 0)
		status = read_accept(http_header(request, "Accept"), &exchange->wish.choice, err);
	exchange->window = (struct export_window){ .skip = exchange->asked.offset,
						   .left = exchange->asked.limit };
	exchange->wish.wanted = true;
	exchange->wish.choice.window = &exchange->window;
	return status;
}

static struct exchange *exchange_new(struct web *web, struct http_request *request)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	const char *language = http_header(request, "Accept-Language");

	if (!exchange)
		return NULL;
	exchange->web = web;
	exchange->request = request;
	exchange->language = http_language(request);
	if (language && strlen(language) < LANGUAGE_MAX)
		strcpy(exchange->accept_language, language);
	exchange->slot = &web->exchanges;
	exchange->next = web->exchanges;
	if (exchange->next)
		exchange->next->slot = &exchange->next;
	web->exchanges = exchange;
	return exchange;
}

/* Who pays for it, and whom its answer proves. */
static void hold_guests(struct exchange *exchange, struct guest *guest)
{
	struct web *web = exchange->web;
	char name[WEB_TOKEN_MAX + 2];

	exchange->guest = guest;
	(void)snprintf(name, sizeof(name), "t%s", exchange->shown); /* fits */
	if (!guest_is_proven(guest))
		exchange->token = guest_find(web->guests, name, door_now_ms());
	if (exchange->token)
		guest_hold(exchange->token);
	explicit_bzero(name, sizeof(name));
}

void sdmx_on_request(void *context, struct http_request *request)
{
	struct web *web = context;
	struct credentials shown = door_credentials(web, request);
	struct guest *guest = door_guest(web, request, shown.token);
	struct exchange *exchange = NULL;
	struct err err;
	unsigned status;

	if (!*shown.token) { /* the browser was logged out meanwhile */
		refuse(request, 401, _("you were logged out meanwhile"), 0);
	} else if (!guest || !guest_enter(web->guests, guest)) {
		refuse(request, 429,
		       _("too many of your requests are under way; wait until they are answered"),
		       1);
	} else if (!(exchange = exchange_new(web, request))) {
		guest_leave(web->guests, guest, 0);
		(void)err_memory(&err);
		refuse(request, 503, err.text, WEB_RETRY_S);
	} else {
		strcpy(exchange->shown, shown.token);
		hold_guests(exchange, guest);
		status = understand(exchange, &err);
		if (status)
			fail(exchange, status, err.text, 0);
		else
			ask_table(exchange);
	}
	explicit_bzero(shown.token, sizeof(shown.token));
}

void sdmx_drop(struct web *web)
{
	while (web->exchanges)
		fail(web->exchanges, 503, "lantoa-web is being restarted", WEB_RETRY_S);
}
