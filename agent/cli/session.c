#include "cli/session.h"

#include "api/agent_status.h"
#include "api/bulletin_report.h"
#include "api/clock_report.h"
#include "api/observations.h"
#include "api/report.h"
#include "clerk/excel_form.h"
#include "cli/agent_client.h"
#include "common/model/civil.h"
#include "common/model/hand_in.h"
#include "common/sys/owner.h"
#include "common/text/answer.h"
#include "common/text/urlencoded.h"
#include "office/facts.h"
#include "office/identity.h"
#include "office/state.h"
#include "record/validation.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TURN_MS 10u
#define TURNS   300u /* another command, or an agent that starts, takes a moment */

struct session {
	const struct settings *settings;
	struct clock *clock;         /* owned; what this process can know */
	int fd;                      /* of the agent, for the next question; -1: connect anew */
	struct spool *spool;         /* owned; NULL: a running agent holds it */
	struct facts facts;          /* owned, with the spool */
	struct catalogue *catalogue; /* owned; what the agent told */
};

/* What a status other than 200 means is in the body. */
static int refusal(int status, const struct blob *body, struct err *err)
{
	json_t *root = answer_read(body->data, body->len);
	const char *text = json_string_value(json_object_get(root, "error"));
	int code = status == 400   ? -EINVAL
		   : status == 404 ? -ENOENT
		   : status == 409 ? -EEXIST
		   : status == 413 ? -E2BIG
		   : status == 503 ? -EAGAIN
		   : status == 507 ? -ENOSPC
				   : -EIO;
	if (text)
		err_set(err, code, "%s", text);
	else
		err_set(err, -EPROTO, "the agent answers with status %d", status);
	json_decref(root);
	return err->code;
}

static int ask_agent(struct session *session, const char *method, const char *path,
		     const struct blob *body, struct blob *out, struct err *err)
{
	struct blob answer = { 0 };
	int rc = 0;
	if (session->fd < 0)
		rc = agent_client_connect(session->settings->api_socket, &session->fd, err);
	if (rc == 0)
		rc = agent_client_ask(session->fd, method, path, body ? body->data : NULL,
				      body ? body->len : 0, &answer, err);
	session->fd = -1;
	if (rc > 0 && rc != 200)
		rc = refusal(rc, &answer, err);
	else if (rc == 200)
		rc = blob_append(out, answer.data, answer.len) < 0 ? err_memory(err) : 0;
	blob_free(&answer);
	return rc;
}

static int open_spool(struct session *session, struct err *err)
{
	int rc = owner_become(session->settings->state_dir, err);
	if (rc == 0)
		rc = state_spool_open(session->settings, &session->spool, NULL, err);
	if (rc == -EBUSY)
		return err_set(err, rc,
			       "an agent is running, but does not answer on '%s'; is [agent] "
			       "api_socket the same in its configuration?",
			       session->settings->api_socket);
	if (rc == 0)
		spool_use_clock(session->spool, session->clock);
	return rc < 0 ? rc : facts_read(session->spool, &session->facts, err);
}

/* The running agent, if one listens, else the spool. */
static int find_either(struct session *session, struct err *err)
{
	int rc = agent_client_connect(session->settings->api_socket, &session->fd, err);
	if (rc != -ENOENT && rc != -ECONNREFUSED)
		return rc;
	*err = (struct err){ 0 }; /* that nobody is there is no failure */
	return open_spool(session, err);
}

int session_open(const struct settings *settings, struct session **ret_session, struct err *err)
{
	const struct timespec turn = { .tv_nsec = TURN_MS * 1000000 };
	struct session *session = calloc(1, sizeof(*session));
	if (!session)
		return err_memory(err);
	session->settings = settings;
	session->fd = -1;
	int rc = clock_open(NULL, &session->clock, err);
	if (rc == 0)
		rc = find_either(session, err);
	for (unsigned i = 0; rc == -EBUSY && i < TURNS; i++) { /* cron runs two commands at once */
		(void)nanosleep(&turn, NULL);                  /* cut short is fine */
		*err = (struct err){ 0 };
		rc = find_either(session, err);
	}
	if (rc == 0 && session->facts.zone)
		rc = civil_set_zone(session->facts.zone, err);
	if (rc < 0)
		session_close(session);
	else
		*ret_session = session;
	return rc;
}

void session_close(struct session *session)
{
	if (!session)
		return;
	if (session->fd >= 0)
		(void)close(session->fd); /* nothing was asked over it */
	facts_free(&session->facts);
	spool_close(session->spool);
	clock_close(session->clock);
	catalogue_close(session->catalogue);
	free(session);
}

/* An agent that has none, or is of a release before them, says that there is nothing. */
static int fetch_rules(struct session *session, struct err *err)
{
	struct blob csv = { 0 };
	struct rules *rules = NULL;
	int rc = ask_agent(session, "GET", "/v1/rules", NULL, &csv, err);
	if (rc == 0)
		rc = rules_read((const char *)csv.data, csv.len, &rules, err);
	if (rc == 0)
		catalogue_use_rules(session->catalogue, rules);
	blob_free(&csv);
	return rc == -ENOENT ? 0 : rc;
}

static int fetch_dimensions(struct session *session, struct err *err)
{
	struct blob csv = { 0 };
	struct dimensions *dimensions = NULL;
	int rc = ask_agent(session, "GET", "/v1/dimensions", NULL, &csv, err);
	if (rc == 0)
		rc = dimensions_read((const char *)csv.data, csv.len, &dimensions, err);
	if (rc == 0)
		catalogue_use_dimensions(session->catalogue, dimensions);
	blob_free(&csv);
	return rc < 0 && rc != -ENOENT ? rc : fetch_rules(session, err);
}

static int fetch_catalogue(struct session *session, struct err *err)
{
	struct blob csv = { 0 };
	int rc = ask_agent(session, "GET", "/v1/catalogue", NULL, &csv, err);
	if (rc == 0)
		rc = catalogue_read((const char *)csv.data, csv.len, &session->catalogue, err);
	blob_free(&csv);
	return rc < 0 ? rc : fetch_dimensions(session, err);
}

int session_catalogue(struct session *session, const struct catalogue **ret_catalogue,
		      struct err *err)
{
	if (!session->spool && !session->catalogue) {
		int rc = fetch_catalogue(session, err);
		if (rc < 0)
			return rc;
	}
	*ret_catalogue = session->spool ? session->facts.catalogue : session->catalogue;
	if (!*ret_catalogue)
		return err_set(err, -ENOENT,
			       "there is no catalogue yet: enrol this office with "
			       "'lantoa-agent enrol', and connect once");
	return 0;
}

/* What the running agent knows of the time, from the province perhaps; -ENODATA: it does not say.
 */
static int ask_time(struct session *session, int64_t *ret_now_us)
{
	struct blob answer = { 0 };
	struct err ignored;
	int rc = ask_agent(session, "GET", "/v1/clock", NULL, &answer, &ignored);
	json_t *root = rc == 0 ? answer_read(answer.data, answer.len) : NULL;
	const char *now = json_string_value(json_object_get(root, "now"));
	rc = json_is_boolean(json_object_get(root, "known")) ? 0 : -ENODATA;
	*ret_now_us = CLOCK_UNKNOWN_US;
	if (rc == 0 && now)
		rc = civil_parse(now, ret_now_us, &ignored);
	json_decref(root);
	blob_free(&answer);
	return rc;
}

int64_t session_latest_us(struct session *session)
{
	int64_t now_us;
	if (!session->spool && ask_time(session, &now_us) == 0)
		return now_us;
	return clock_latest_us(session->clock);
}

/* @judged may be NULL. */
static int record_here(struct session *session, const struct entry entries[],
		       const struct observation judged[], size_t n, bool strict,
		       struct comparison *ret_found, struct err *err)
{
	const struct catalogue *catalogue;
	struct comparison found = { 0 };
	struct observation *list = NULL;
	struct arena *texts = NULL;
	size_t nth;
	int rc = session_catalogue(session, &catalogue, err);
	if (rc == 0 && !judged) {
		judged = list = calloc(n + 1, sizeof(*list));
		texts = arena_open(hand_in_texts_max(n));
		rc = list && texts
			     ? hand_in_judge(catalogue, entries, n, session_latest_us(session),
					     texts, list, &nth, err)
			     : err_memory(err);
	}
	if (rc == 0)
		rc = validation_make(session->spool, catalogue, judged, n,
				     strict ? PAST_STRICT : PAST_TOLD, n > 0 ? entries[0].point : 0,
				     &found, err);
	if (rc == 0)
		rc = validation_record(session->spool, judged, n, &found, err); /* I1 */
	free(list);
	arena_close(texts);
	if (rc < 0)
		comparison_free(&found);
	else
		*ret_found = found;
	return rc;
}

int session_record(struct session *session, const struct entry entries[],
		   const struct observation judged[], size_t n, bool strict,
		   struct comparison *ret_found, struct err *err)
{
	if (session->spool)
		return record_here(session, entries, judged, n, strict, ret_found, err);
	struct blob body = { 0 }, answer = { 0 };
	int rc = observations_format(entries, n, &body, err);
	if (rc == 0)
		rc = ask_agent(session, "POST",
			       strict ? "/v1/observations?each=1&strict=1"
				      : "/v1/observations?each=1",
			       &body, &answer, err);
	if (rc == 0) {
		json_t *root = answer_read(answer.data, answer.len);
		rc = comparison_read(json_object_get(root, "warnings"),
				     json_object_get(root, "refused"), n, ret_found, err);
		json_decref(root);
	}
	blob_free(&body);
	blob_free(&answer);
	return rc;
}

static int status_here(struct session *session, struct blob *out, struct err *err)
{
	struct agent_status status = { 0 };
	json_t *refusals = NULL;
	struct identity identity = { 0 };
	struct bulletin told = { 0 };
	char path[PATH_MAX];
	struct err ignored; /* an office that is not enrolled has a status, too */
	int rc = settings_path(session->settings, IDENTITY_FILE, path, err);
	if (rc == 0)
		rc = spool_status(session->spool, &status.spool, err);
	if (rc == 0)
		rc = report_refusals(session->spool, AGENT_STATUS_REFUSALS, &refusals, err);
	if (rc == 0)
		rc = bulletin_read(session->spool, &told, err);
	if (rc < 0) {
		json_decref(refusals);
		return rc;
	}
	bool enrolled = identity_read(path, &identity, &ignored) == 0;
	const struct catalogue *catalogue = session->facts.catalogue;
	status.office = enrolled ? identity.office : NULL;
	status.hosted = *session->settings->office != '\0';
	status.office_name = session->facts.office_name;
	status.address = enrolled ? identity.address : NULL;
	status.catalogue_version = catalogue ? catalogue->version : 0;
	status.metrics = catalogue ? catalogue->n : 0;
	status.told = &told;
	rc = agent_status_json(&status, refusals, out, err);
	bulletin_free(&told);
	return rc;
}

int session_ask(struct session *session, enum session_question question, struct blob *out,
		struct err *err)
{
	static const struct {
		const char *path;
		int (*here)(struct spool *spool, struct blob *out, struct err *err);
	} answers[] = { [SESSION_STATUS] = { "/v1/status", NULL },
			[SESSION_SPOOL] = { "/v1/spool", report_spool },
			[SESSION_VERIFY] = { "/v1/spool/verify", report_verify },
			[SESSION_EXPORT] = { "/v1/spool/export", report_export },
			[SESSION_CLOCK] = { "/v1/clock", clock_report } };
	if (!session->spool)
		return ask_agent(session, "GET", answers[question].path, NULL, out, err);
	if (question == SESSION_STATUS)
		return status_here(session, out, err);
	return answers[question].here(session->spool, out, err);
}

static void office_here(const struct session *session, char ret_office[OFFICE_CODE_MAX])
{
	struct identity identity = { 0 };
	char path[PATH_MAX];
	struct err ignored; /* not enrolled, or not told */
	*ret_office = '\0';
	if (settings_path(session->settings, IDENTITY_FILE, path, &ignored) == 0 &&
	    identity_read(path, &identity, &ignored) == 0)
		(void)snprintf(ret_office, OFFICE_CODE_MAX, "%s", identity.office); /* fits */
}

void session_office(struct session *session, char ret_office[OFFICE_CODE_MAX])
{
	struct blob answer = { 0 };
	json_t *root = NULL;
	struct err ignored; /* not told */
	if (session->spool) {
		office_here(session, ret_office);
		return;
	}
	const char *code = NULL;
	if (session_ask(session, SESSION_STATUS, &answer, &ignored) == 0 &&
	    session_json(&answer, &root, &ignored) == 0)
		code = json_string_value(json_object_get(root, "office"));
	(void)snprintf(ret_office, OFFICE_CODE_MAX, "%s", code ? code : ""); /* fits */
	json_decref(root);
	blob_free(&answer);
}

static int form_here(struct session *session, const char *period, const char *calendar,
		     struct blob *out, struct err *err)
{
	char office[OFFICE_CODE_MAX];
	if (!session->facts.catalogue)
		return err_set(err, -EAGAIN,
			       "the province has not told yet what is to be reported; it does "
			       "so when this machine is first connected to it");
	office_here(session, office); /* the form says what is due, enrolled or not */
	return excel_form_of(session->spool, session->facts.catalogue, office, period, calendar,
			     out, err);
}

int session_form(struct session *session, const char *period, const char *calendar,
		 struct blob *out, struct err *err)
{
	char path[128], escaped[64];
	if (session->spool)
		return form_here(session, period, calendar, out, err);
	(void)snprintf(path, sizeof(path), "/v1/form?period=%s&calendar=%.16s",
		       urlencoded_write(period, escaped, sizeof(escaped)), calendar); /* fits */
	return ask_agent(session, "GET", path, NULL, out, err);
}

int session_json(const struct blob *answer, json_t **ret_root, struct err *err)
{
	*ret_root = answer_read(answer->data, answer->len);
	return *ret_root ? 0 : err_set(err, -EPROTO, "the agent's answer is not JSON");
}

/* POST to the running agent, or carry it out here. */
static int order(struct session *session, const char *path, const char *request,
		 int (*carry_out)(struct spool *spool, const void *request, size_t len,
				  struct blob *out, struct err *err),
		 struct blob *out, struct err *err)
{
	struct blob body = { 0 };
	if (session->spool)
		return carry_out(session->spool, request, strlen(request), out, err);
	int rc = blob_append(&body, request, strlen(request)) < 0 ? err_memory(err) : 0;
	if (rc == 0)
		rc = ask_agent(session, "POST", path, &body, out, err);
	blob_free(&body);
	return rc;
}

int session_tell_clock(struct session *session, const char *request, struct blob *out,
		       struct err *err)
{
	return order(session, "/v1/clock", request, clock_carry_out, out, err);
}

int session_mark_read(struct session *session, const char *request, struct blob *out,
		      struct err *err)
{
	return order(session, "/v1/messages/read", request, bulletin_carry_out, out, err);
}

int session_ask_once(const struct settings *settings, enum session_question question,
		     struct blob *out, struct err *err)
{
	struct session *session;
	int rc = session_open(settings, &session, err);
	if (rc < 0)
		return rc;
	rc = session_ask(session, question, out, err);
	session_close(session);
	return rc;
}
