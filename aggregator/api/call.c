#include "api/call.h"

#include "api/etag.h"
#include "api/parameters.h"
#include "api/problem.h"
#include "api/reply.h"
#include "api/routes.h"
#include "common/base/container.h"
#include "common/base/names.h"
#include "common/base/quote.h"
#include "common/base/utf8.h"
#include "common/text/csv_commas.h"
#include "common/text/near_name.h"
#include "registry/unit_names.h"
#include "schema/account.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define JSON_TYPE  "application/json"
#define CSV_TYPE   "text/csv; charset=utf-8"
#define FIELDS_MAX 64u /* values in a body; no order has more than a few */

static void call_free(struct call *call)
{
	if (!call)
		return;
	blob_free(&call->answer);
	blob_free(&call->head);
	blob_free(&call->table);
	reply_drop(call);
	key_feed_free(&call->feed);
	token_list_free(&call->tokens);
	contact_list_free(&call->contacts);
	agent_list_free(&call->agents);
	metric_answers_free(&call->metric_answers);
	heads_question_free(&call->heads);
	arena_close(call->arena);
	free(call);
}

/* A table comes as a spreadsheet saved it; what reads it, and keeps it for old agents to read, has
 * it parted by commas. */
static int table_take(struct call *call, struct err *err)
{
	int rc = csv_commas(call->body, call->body_len, &call->table, err);

	if (rc == 0 && call->table.len > 0) {
		call->body = (const char *)call->table.data;
		call->body_len = call->table.len;
	}
	return rc;
}

static int on_run(struct store_job *job, sqlite3 *db, const struct reference *reference,
		  struct err *err)
{
	struct call *call = container_of(job, struct call, job);
	bool table = !call->body_is_json &&
		     (call->body_is_csv || strcmp(call->action->method, "PUT") == 0);
	int rc = table && call->table.len == 0 ? table_take(call, err) : 0;

	if (rc == 0) {
		const struct tag_moment begun = tag_moment_now(call, reference);

		rc = call->action->run(call, db, reference, err);
		if (rc == 0)
			tag_make(call, &begun, api_tags(call->api), reference);
		if (rc == 0)
			rc = reply_pack(call, err);
		else if (call->spill.failed < 0) /* the table only knows that it has failed */
			rc = err_set(err, call->spill.failed, "%s", call->spill.why.text);
	}
	bool writes = call->action->way == CALL_WRITE || call->action->way == CALL_POST;
	if (rc == 0 && writes && call->caller.known && !call->caller.by_token && !call->dry_run)
		account_meet(db, call->caller.who, call->caller.uid);
	return rc;
}

static void conclude(struct call *call, int rc, const struct err *err)
{
	struct api *api = call->api;

	reply_send(call, rc, err);
	call_free(call);
	api_leave(api);
}

static void submit(struct call *call);

static void on_grown(struct follower *follower)
{
	struct call *call = container_of(follower, struct call, follower);

	blob_free(&call->answer);
	reply_begin(call);
	submit(call);
}

static void on_time(struct follower *follower)
{
	conclude(container_of(follower, struct call, follower), 0, NULL);
}

/* It found nothing, and has time. The ledger may have grown since it looked. */
static bool wait_if_so(struct call *call, int *rc, struct err *err)
{
	struct followers *followers =
		call->for_alerts ? api_alert_followers(call->api) : api_followers(call->api);

	if (*rc < 0 || !call->waits || api_now_ms(call->api) >= call->follower.until_ms)
		return false;
	if (call->for_alerts
		    ? api_alert_last(call->api) > call->alerts.seen
		    : store_position(api_config_of(call->api)->store) != call->changes.after) {
		on_grown(&call->follower);
		return true;
	}
	if (followers_keep(followers, &call->follower))
		return true;
	if (followers_count(followers) == FOLLOWERS_MAX)
		*rc = err_set(err, -EAGAIN,
			      "too many programs wait for changes; try again shortly");
	return false;
}

static void on_done(struct store_job *job, int rc, const struct err *err)
{
	struct call *call = container_of(job, struct call, job);
	struct err late;

	if (rc == 0 && call->action->commit) {
		rc = call->action->commit(call, &late);
		err = &late;
	}
	if (rc == 0)
		tags_learn(api_tags(call->api), call);
	if (call->query.damage && call->damage.n > 0)
		api_note_damage(call->api, &call->damage);
	int was = rc;
	if (wait_if_so(call, &rc, &late))
		return;
	conclude(call, rc, rc == was ? err : &late);
}

static int on_post(struct committer_act *act, struct ledger *ledger, sqlite3 *db,
		   const struct reference *reference, struct err *err)
{
	struct call *call = container_of(act, struct call, act);

	call->ledger = ledger;
	return on_run(&call->job, db, reference, err);
}

static void on_posted(struct committer_act *act, int rc, const struct err *err)
{
	struct call *call = container_of(act, struct call, act);

	on_done(&call->job, rc, err);
}

static void post(struct call *call)
{
	struct intake *poster = api_config_of(call->api)->poster;
	struct err err;

	call->act = (struct committer_act){ .run = on_post,
					    .done = on_posted,
					    .language = call->job.language,
					    .undone = call->dry_run };
	int rc = poster ? intake_do(poster, &call->act, &err)
			: err_set(&err, -ENOTSUP, "figures cannot be recorded here");
	if (rc < 0)
		conclude(call, rc, &err);
}

/* RFC 9110, 12.5.1: how much @type is wanted, in thousandths; -1: it is not named. */
static int weight_of(const char *accept, const char *type)
{
	for (const char *at = accept; at && *at; at += strcspn(at, ",")) {
		at += strspn(at, " \t,");
		size_t len = strcspn(at, ","), name = strcspn(at, " \t;,");
		const char *q = memmem(at, len, "q=", 2);

		if (name != strlen(type) || strncasecmp(at, type, name) != 0)
			continue;
		if (!q || q[2] == '1')
			return 1000;
		int thousandths = 0;
		q += q[2] == '0' && q[3] == '.' ? 4 : 2;
		for (int unit = 100; unit > 0 && *q >= '0' && *q <= '9'; unit /= 10)
			thousandths += unit * (*q++ - '0');
		return thousandths;
	}
	return -1;
}

/* Whoever names both alike asks for what is not given without asking. */
static bool takes_csv(const struct http_request *request)
{
	const char *accept = http_header(request, "Accept");
	int csv = weight_of(accept, "text/csv");

	return csv > 0 && csv >= weight_of(accept, "application/json");
}

static struct call *call_new(struct api *api, struct http_request *request,
			     const struct action *action, const struct caller *caller)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->api = api;
	call->request = request;
	call->action = action;
	call->strict = routes_is_for_programs(http_matched(request));
	call->file = -1;
	call->wants_csv = takes_csv(request);
	reply_begin(call);
	call->body = http_body(request, &call->body_len);
	call->job.run = on_run;
	call->job.done = on_done;
	call->job.language = http_language(request);
	call->caller = *caller;
	return call;
}

static void submit(struct call *call)
{
	struct store *store = api_config_of(call->api)->store;

	if (call->action->way == CALL_HERE)
		on_done(&call->job, 0, NULL);
	else if (call->action->way == CALL_POST)
		post(call);
	else if (call->action->way == CALL_WRITE && !call->reads) {
		call->job.undone = call->dry_run;
		store_order(store, &call->job);
	} else {
		call->job.use = call->action->way == CALL_GLANCE ? STORE_GLANCE : STORE_QUESTION;
		store_read(store, &call->job);
	}
}

void call_wait(struct call *call, uint64_t wait_ms)
{
	call->follower.again = on_grown;
	call->follower.finish = on_time;
	call->follower.until_ms = wait_ms > 0 ? api_now_ms(call->api) + wait_ms : 0;
}

void call_wait_for_alerts(struct call *call, uint64_t wait_ms)
{
	call->for_alerts = true;
	call_wait(call, wait_ms);
}

static void on_heads(struct heads_question *question)
{
	submit(container_of(question, struct call, heads));
}

int call_ask_heads(struct call *call, int64_t office, struct err *err)
{
	struct heads_survey *survey = api_config_of(call->api)->heads_survey;
	int rc = 0;

	call->heads.on_end = on_heads;
	if (survey)
		rc = heads_survey_ask(survey, &call->heads, office, err);
	call->asks = survey && rc == 0;
	return rc;
}

int call_needs(const struct call *call, enum role role, struct err *err)
{
	return caller_may(&call->caller, role, api_config_of(call->api)->groups, err);
}

bool call_allowed(struct api *api, struct http_request *request, const struct action *action,
		  struct caller *ret_caller)
{
	const struct api_config *config = api_config_of(api);
	struct err err;

	caller_find(request, config->groups, config->tokens, ret_caller);
	int rc = caller_may(ret_caller, action->role, config->groups, &err);
	if (rc == -EPERM)
		http_answer_stranger(request, "Bearer", &err);
	else if (rc < 0)
		http_answer_err(request, &err);
	return rc == 0;
}

void call_start(struct api *api, struct http_request *request, const struct action *action)
{
	struct caller caller;
	struct err err;
	struct call *call;

	if (!call_allowed(api, request, action, &caller))
		return; /* he might until his body was here */
	if (!api_enter(api)) {
		(void)err_set(&err, -EAGAIN,
			      "too many requests are being handled; try again shortly");
		http_answer_err(request, &err);
		return;
	}
	if (caller.token != 0)
		api_token_used(api, caller.token);
	call = call_new(api, request, action, &caller);
	bool reads_body = action->fields || strcmp(action->method, "PUT") == 0;
	if (!call) {
		(void)err_memory(&err);
	} else if (call->body_len > 0 && !reads_body) {
		/* What comes where nothing is read would be an order that nobody carries out. */
		(void)err_set(&err, -EINVAL, "this request takes no body");
	} else if (reply_unchanged(call)) {
		call_free(call);
		api_leave(api);
		return;
	} else if ((!call->strict || parameters_check(action, request, &err) == 0) &&
		   (!action->prepare || action->prepare(call, &err) == 0)) {
		if (!call->asks)
			submit(call);
		return;
	}
	if (call)
		problem_answer(call, &err);
	else
		http_answer_err(request, &err);
	call_free(call);
	api_leave(api);
}

int call_flag(const struct call *call, const char *name, bool *ret_flag, struct err *err)
{
	const char *text = http_arg(call->request, name);

	if (text && strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
		return err_set(err, -EINVAL, "%s: must be 0 or 1", name);
	*ret_flag = text && *text == '1';
	return 0;
}

int call_run(const struct call *call, uint64_t *ret_run, struct err *err)
{
	const char *text = http_arg(call->request, "run");
	char *end = NULL;

	*ret_run = text ? strtoull(text, &end, 10) : 0;
	if (text && (*text < '1' || *text > '9' || *end))
		return err_set(err, -EINVAL, "run: must be the number that POST gave");
	return 0;
}

const char *call_rows_type(const struct call *call)
{
	return call->wants_csv ? CSV_TYPE : JSON_TYPE;
}

int call_answer_table(struct call *call, struct table *table, struct err *err)
{
	int rc = table_is_streamed(table) ? reply_end(call, table)
		 : call->wants_csv        ? table_csv(table, &call->answer)
					  : table_json(table, &call->answer);

	blob_free(&call->head);
	if (rc == 0 && call->wants_csv)
		rc = table_heads_ascii(table, CALL_HEAD_MAX, &call->head);
	if (rc == 0 && call->head.len > 0)
		rc = blob_append(&call->head, "", 1);
	call->answer_type = call_rows_type(call);
	reply_note_next(call, table);
	table_close(table);
	if (rc < 0 && call->spill.failed == 0)
		return err_memory(err);
	return rc;
}

void call_answer_csv(struct call *call, struct blob *csv)
{
	blob_free(&call->answer);
	call->answer = *csv;
	call->answer_type = CSV_TYPE;
	*csv = (struct blob){ 0 };
}

int call_answer_number(struct call *call, const char *name, uint64_t number, struct err *err)
{
	char text[96];
	int len = snprintf(text, sizeof(text), "{\"%s\": %" PRIu64 "}\n", name, number);

	call->answer_type = JSON_TYPE;
	return blob_append(&call->answer, text, (size_t)len) < 0 ? err_memory(err) : 0;
}

int call_answer_under_way(struct call *call, int64_t id, struct err *err)
{
	call->under_way = true;
	return call_answer_number(call, "change", (uint64_t)id, err);
}

int change_committed(struct call *call, struct err *err)
{
	(void)err;
	if (call->under_way)
		api_change_now(call->api, call->job.language);
	return 0;
}

int call_answer_damaged(struct call *call, const char *name, uint64_t number,
			const struct damaged_days *damaged, struct err *err)
{
	char warning[DAMAGED_DAYS_TEXT_MAX] = "";

	if (damaged->n > 0)
		damaged_days_text(damaged, warning);
	return call_answer_warned(call, name, number, warning, err);
}

int call_answer_warned(struct call *call, const char *name, uint64_t number, const char *warning,
		       struct err *err)
{
	char start[96];

	if (!*warning)
		return call_answer_number(call, name, number, err);
	(void)snprintf(start, sizeof(start), "{\"%s\": %" PRIu64 ", \"warning\": ", name,
		       number); /* fits: names are ours */
	call->answer_type = JSON_TYPE;
	if (blob_append(&call->answer, start, strlen(start)) < 0 ||
	    quote_json(&call->answer, warning, strlen(warning)) < 0 ||
	    blob_append(&call->answer, "}\n", 2) < 0)
		return err_memory(err);
	return 0;
}

int call_refuse_with(struct call *call, struct err *err, const char *more)
{
	blob_free(&call->answer);
	if (blob_append(&call->answer, more, strlen(more) + 1) < 0)
		return err_memory(err);
	call->refused = true;
	return err->code;
}

int call_refuse(struct call *call, struct err *err, uint64_t figures, uint64_t offices)
{
	char numbers[96];

	(void)snprintf(numbers, sizeof(numbers),
		       ", \"figures\": %" PRIu64 ", \"offices\": %" PRIu64, figures,
		       offices); /* fits */
	return call_refuse_with(call, err, numbers);
}

int call_answer_texts(struct call *call, const char *const texts[], size_t n, struct err *err)
{
	int rc = 0;

	call->answer_type = JSON_TYPE;
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = blob_append(&call->answer, i ? ", " : "{", i ? 2 : 1);
		if (rc == 0)
			rc = quote_json(&call->answer, texts[2 * i], strlen(texts[2 * i]));
		if (rc == 0)
			rc = blob_append(&call->answer, ": ", 2);
		if (rc == 0)
			rc = quote_json(&call->answer, texts[2 * i + 1], strlen(texts[2 * i + 1]));
	}
	if (rc == 0)
		rc = blob_append(&call->answer, "}\n", 2);
	return rc < 0 ? err_memory(err) : 0;
}

int call_answer_text(struct call *call, const char *name, const char *text, struct err *err)
{
	return call_answer_texts(call, (const char *const[]){ name, text }, 1, err);
}

static int fields_check(struct call *call, struct err *err)
{
	const char *known = call->action->fields;
	char shown[EXCERPT_MAX];

	for (const struct json_item *field = call->fields->first; field; field = field->next)
		if (names_find(known, field->name, strlen(field->name)) < 0) {
			call->wrong = field->name;
			(void)err_set(err, -EINVAL, "there is no field \"%s\" here; there are: %s",
				      utf8_excerpt(field->name, strlen(field->name), shown), known);
			return near_words_hint(err, known, field->name);
		}
	return 0;
}

static int read_fields(struct call *call, struct err *err)
{
	if (!call->arena) /* else it was read before, and is no object */
		call->arena = arena_open(json_item_room(call->body_len, FIELDS_MAX));
	if (!call->arena)
		return err_memory(err);
	arena_reset(call->arena);
	int rc = json_item_read(call->body, call->body_len, FIELDS_MAX, call->arena, &call->fields,
				err);
	if (rc == 0 && call->fields->kind != ITEM_OBJECT) {
		call->fields = NULL;
		return err_set(err, -EINVAL, "the body must be a JSON object");
	}
	if (rc == 0)
		rc = fields_check(call, err);
	if (rc < 0)
		call->fields = NULL; /* or the next field would be looked up in it */
	return rc;
}

int call_field(struct call *call, const char *name, const char **ret_text, struct err *err)
{
	const struct parameter *parameter;
	const struct json_item *value;
	int rc = call->fields ? 0 : read_fields(call, err);

	if (rc < 0)
		return rc;
	value = json_item_member(call->fields, name);
	call->wrong = name;
	if (value && value->kind != ITEM_NULL && value->kind != ITEM_TEXT)
		return err_set(err, -EINVAL, "\"%s\" must be a string", name);
	if (value && value->kind == ITEM_TEXT && call->strict &&
	    (parameter = parameter_find(call->action, name, strlen(name))))
		rc = parameter_check(parameter, value->text, err);
	if (rc < 0)
		return rc;
	call->wrong = NULL;
	*ret_text = value ? value->text : NULL;
	return 0;
}

int call_field_needed(struct call *call, const char *name, const char **ret_text, struct err *err)
{
	const char *text = NULL;
	int rc = call_field(call, name, &text, err);

	if (rc == 0 && !text) {
		call->wrong = name;
		return err_set(err, -EINVAL, "the body must give \"%s\"", name);
	}
	if (rc == 0)
		*ret_text = text;
	return rc;
}

int call_office(const struct reference *reference, const char **code, struct err *err)
{
	const struct office *office = *code ? offices_expect(reference->offices, *code, err) : NULL;

	if (*code && !office)
		return -ENOENT;
	if (office)
		*code = office->code;
	return 0;
}

int call_unit(const struct reference *reference, int32_t day, const char **code, struct err *err)
{
	struct err unknown = { 0 };
	int rc = units_named(reference->units, *code, day, day + 1, code, &unknown);

	if (rc == -EINVAL)
		*err = unknown;
	return rc == -EINVAL ? rc : 0;
}

int call_labels(struct call *call, const char *text, struct err *err)
{
	char words[LABELS_TEXT_MAX];
	struct label labels[LABELS_MAX];
	size_t n = 0;

	if (strlen(text) >= sizeof(words))
		return err_set(err, -EINVAL, "labels: over %u bytes", LABELS_TEXT_MAX - 1);
	memcpy(words, text, strlen(text) + 1);
	for (char *rest = words, *pair; (pair = strsep(&rest, ";"));) {
		char *value = strchr(pair, '=');

		if (n == LABELS_MAX)
			return err_set(err, -EINVAL, "labels: more than %u; leave some out",
				       LABELS_MAX);
		if (!value)
			return err_set(err, -EINVAL,
				       "labels: '%s' is not KEY=VALUE; write --label KEY=VALUE for "
				       "each (over HTTP separated by ';')",
				       pair);
		*value++ = '\0';
		labels[n++] = (struct label){ .key = pair, .value = value };
	}
	return labels_canonical(labels, n, call->labels, err) < 0 ? err_wrap(err, "labels") : 0;
}

int call_number(const struct call *call, const char *name, int64_t low, int64_t high, int64_t usual,
		int64_t *ret_number, struct err *err)
{
	const char *text = http_arg(call->request, name);
	char *end = NULL;
	if (!text) {
		*ret_number = usual;
		return 0;
	}
	errno = 0;
	long long value = *text >= '0' && *text <= '9' ? strtoll(text, &end, 10) : -1;
	if (!end || *end || errno == ERANGE || value < low || value > high)
		return err_set(err, -EINVAL, "%s: must be a number from %lld to %lld", name,
			       (long long)low, (long long)high);
	*ret_number = value;
	return 0;
}
