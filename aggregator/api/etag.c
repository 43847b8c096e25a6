#include "api/etag.h"

#include "api/parameters.h"
#include "api/routes.h"
#include "common/base/names.h"
#include "common/model/civil.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENTS_MAX 32u

/* Routes whose answers depend on nothing but what a tag is made of. Not among them is what tells of
 * this moment: contacts, counters, what is under way, how long a token is good. */
static const char questions[] = "/v1/query /v1/completeness /v1/quality /v1/labels /v1/publications"
				" /v1/quarantine /v1/audit /v1/history /v1/accounts /v1/closed"
				" /v1/messages /v1/ledger /v1/excuses /v1/map";

struct document {
	const struct action *action; /* NULL: none */
	bool csv;
	struct store_version version; /* at which it was so */
	char tag[TAG_ROOM];
};

struct tags {
	uint8_t key[crypto_generichash_KEYBYTES]; /* of this run: versions are, too */
	struct store_version version;             /* at which finest was so */
	enum grain finest;
	struct document documents[DOCUMENTS_MAX];
};

struct tags *tags_open(void)
{
	struct tags *tags = calloc(1, sizeof(*tags));

	if (tags)
		randombytes_buf(tags->key, sizeof(tags->key));
	return tags;
}

void tags_close(struct tags *tags)
{
	free(tags);
}

static bool is_question(const struct action *action)
{
	return strcmp(action->method, "GET") == 0 &&
	       names_find(questions, action->path, strlen(action->path)) >= 0;
}

static const struct action *action_of(const char *method, const char *path)
{
	const struct action *action;

	for (size_t i = 0; (action = routes_action(i)); i++)
		if (strcmp(action->method, method) == 0 && strcmp(action->path, path) == 0)
			return action;
	return NULL;
}

/* What is put whole is got whole. */
bool tag_is_of_document(const struct action *action)
{
	return action_of("PUT", action->path) && action_of("GET", action->path);
}

static bool gives_document(const struct action *action)
{
	return strcmp(action->method, "GET") == 0 && tag_is_of_document(action);
}

bool tag_is_given(const struct action *action)
{
	return is_question(action) || gives_document(action) ||
	       strcmp(action->path, "/v1/openapi.json") == 0;
}

/* --- the hash --- */

static void add(crypto_generichash_state *state, const void *data, size_t len)
{
	(void)crypto_generichash_update(state, (const uint8_t *)&len,
					sizeof(len)); /* cannot fail */
	(void)crypto_generichash_update(state, data, len);
}

static void add_text(crypto_generichash_state *state, const char *text)
{
	add(state, text ? text : "", text ? strlen(text) + 1 : 0); /* none is not empty */
}

static void finish(crypto_generichash_state *state, char tag[TAG_ROOM])
{
	uint8_t hash[crypto_generichash_BYTES_MIN];

	(void)crypto_generichash_final(state, hash, sizeof(hash));
	tag[0] = '"';
	(void)sodium_bin2hex(tag + 1, TAG_ROOM - 1, hash, sizeof(hash));
	strcpy(tag + 1 + 2 * sizeof(hash), "\"");
}

static void hash_question(const struct call *call, const struct tags *tags,
			  const struct store_version *version, const struct tag_moment *moment,
			  char tag[TAG_ROOM])
{
	const struct http_request *request = call->request;
	const char *cursor = call->action->arguments;
	int role = (int)call->caller.role, language = (int)call->job.language;
	char name[PARAMETER_NAME_MAX];
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, tags->key, sizeof(tags->key),
				      crypto_generichash_BYTES_MIN);
	add(&state, &version->position, sizeof(version->position));
	add(&state, &version->others, sizeof(version->others));
	add(&state, moment->periods, sizeof(moment->periods));
	add(&state, &role, sizeof(role));
	add(&state, &language, sizeof(language));
	add_text(&state, http_header(request, "Accept"));
	add_text(&state, call->action->path);
	while (parameters_next(&cursor, name))
		add_text(&state, http_arg(request, name));
	finish(&state, tag);
}

void tag_of_bytes(const void *data, size_t len, char ret_tag[TAG_ROOM])
{
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, NULL, 0, crypto_generichash_BYTES_MIN);
	add(&state, data, len);
	finish(&state, ret_tag);
}

/* --- the clock --- */

static enum grain finest_of(const struct reference *reference)
{
	enum grain finest = GRAIN_DAY; /* what is asked for without a metric goes by days */

	for (size_t i = 0; reference && i < reference->catalogue->n; i++)
		if (reference->catalogue->metrics[i].period < finest)
			finest = reference->catalogue->metrics[i].period;
	return finest;
}

/* Which hours are the last is asked of any catalogue. */
static struct tag_moment moment_of(const struct call *call, enum grain finest)
{
	int64_t now_us = civil_now_us();
	const char *per = http_arg(call->request, "per");
	struct tag_moment moment = { .finest = finest };

	if (per && strcmp(per, grain_name(GRAIN_HOUR)) == 0 && finest > GRAIN_HOUR)
		finest = GRAIN_HOUR;

	moment.periods[0] = civil_period(CALENDAR_CIVIL, finest, now_us).number;
	moment.periods[1] = civil_period(CALENDAR_CIVIL, finest, now_us + 1).number;
	return moment;
}

struct tag_moment tag_moment_now(const struct call *call, const struct reference *reference)
{
	return is_question(call->action) ? moment_of(call, finest_of(reference))
					 : (struct tag_moment){ 0 };
}

/* --- made, and had --- */

void tag_make(struct call *call, const struct tag_moment *begun, const struct tags *tags,
	      const struct reference *reference)
{
	struct tag_moment now;

	*call->tag = '\0';
	if (!call->job.version.known || !reference)
		return;
	if (gives_document(call->action))
		tag_of_bytes(call->answer.data, call->answer.len, call->tag);
	if (!is_question(call->action))
		return;
	now = moment_of(call, begun->finest);
	call->finest = now.finest;
	if (memcmp(now.periods, begun->periods, sizeof(now.periods)) == 0)
		hash_question(call, tags, &call->job.version, &now, call->tag);
}

/* Of @action's, in the list; NULL: there is none. */
static const struct document *document_find(const struct tags *tags, const struct call *call)
{
	for (size_t i = 0; i < DOCUMENTS_MAX; i++)
		if (tags->documents[i].action == call->action &&
		    tags->documents[i].csv == call->wants_csv)
			return &tags->documents[i];
	return NULL;
}

void tags_learn(struct tags *tags, const struct call *call)
{
	size_t i = 0;

	if (!*call->tag)
		return;
	if (is_question(call->action)) {
		tags->version = call->job.version;
		tags->finest = call->finest;
		return;
	}
	const struct document *known = document_find(tags, call);
	if (known)
		i = (size_t)(known - tags->documents);
	else
		while (i < DOCUMENTS_MAX - 1 && tags->documents[i].action)
			i++;
	tags->documents[i] = (struct document){ .action = call->action,
						.csv = call->wants_csv,
						.version = call->job.version };
	strcpy(tags->documents[i].tag, call->tag);
}

/* Is @tag in @list, a header's? Of each other coding there is one more, with "-gz" behind. What is
 * found goes to @ret_tag, as it stands there. */
static bool is_listed(const char *list, const char *tag, char ret_tag[TAG_ROOM])
{
	size_t len = strlen(tag) - 1; /* but for the quote behind it */

	for (const char *at = list; (at = strchr(at, '"'));) {
		const char *end = strchr(at + 1, '"');

		if (!end)
			return false;
		size_t n = (size_t)(end - at);
		if ((n == len || (n == len + 3 && memcmp(end - 3, "-gz", 3) == 0)) &&
		    memcmp(at, tag, len) == 0) {
			memcpy(ret_tag, at, n + 1);
			ret_tag[n + 1] = '\0';
			return true;
		}
		at = end + 1;
	}
	return false;
}

bool tag_is_listed(const struct call *call, char ret_tag[TAG_ROOM])
{
	const char *had = http_header(call->request, "If-None-Match");

	return had && *call->tag && is_listed(had, call->tag, ret_tag);
}

bool tag_is_had(const struct tags *tags, const struct call *call, char ret_tag[TAG_ROOM])
{
	const char *had = http_header(call->request, "If-None-Match");
	struct store_version now = store_version(api_config_of(call->api)->store);
	const struct document *document;
	struct tag_moment moment;
	char tag[TAG_ROOM];

	if (!had)
		return false;
	if (gives_document(call->action)) {
		document = document_find(tags, call);
		return document && store_version_same(&document->version, &now) &&
		       is_listed(had, document->tag, ret_tag);
	}
	/* A tag of this version was made when its finest period was learnt, or later. */
	if (!is_question(call->action) || !store_version_same(&tags->version, &now))
		return false;
	moment = moment_of(call, tags->finest);
	hash_question(call, tags, &now, &moment, tag);
	return is_listed(had, tag, ret_tag);
}

/* --- If-Match --- */

static int document_tag(const struct call *put, const struct action *getter, bool csv, sqlite3 *db,
			const struct reference *reference, char ret_tag[TAG_ROOM], struct err *err)
{
	struct call *call = calloc(1, sizeof(*call));
	int rc;

	if (!call)
		return err_memory(err);
	call->api = put->api;
	call->request = put->request;
	call->action = getter;
	call->wants_csv = csv;
	call->file = -1;
	rc = getter->run(call, db, reference, err);
	if (rc == 0)
		tag_of_bytes(call->answer.data, call->answer.len, ret_tag);
	blob_free(&call->answer);
	free(call);
	return rc;
}

int tag_of_replaced(const struct call *call, sqlite3 *db, const struct reference *reference,
		    char ret_tag[TAG_ROOM], struct err *err)
{
	const struct action *getter = action_of("GET", call->action->path);

	*ret_tag = '\0';
	return getter && gives_document(getter)
		       ? document_tag(call, getter, false, db, reference, ret_tag, err)
		       : 0;
}

int tag_check_match(struct call *call, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	const char *match = http_header(call->request, "If-Match");
	const struct action *getter = action_of("GET", call->action->path);
	char tag[TAG_ROOM], found[TAG_ROOM];
	bool same = match && strcmp(match, "*") == 0;
	int rc = 0;

	if (!getter || !gives_document(getter))
		return 0;
	if (!match && !call->strict)
		return 0;
	if (!match) {
		call->status = 428;
		return err_set(err, -ESTALE,
			       "which edition does this change? Send If-Match with the ETag that "
			       "GET gave with it");
	}
	for (int csv = 0; csv < 2 && rc == 0 && !same; csv++) {
		rc = document_tag(call, getter, csv, db, reference, tag, err);
		same = rc == 0 && is_listed(match, tag, found);
	}
	if (rc < 0 || same)
		return rc;
	call->status = 412;
	return err_set(err, -ESTALE,
		       "it was changed since you read it; get it again, and make your change to "
		       "that");
}
