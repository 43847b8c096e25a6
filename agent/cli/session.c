#include "cli/session.h"

#include "api/agent_status.h"
#include "api/clock_report.h"
#include "api/observations.h"
#include "api/report.h"
#include "cli/agent_client.h"
#include "common/model/civil.h"
#include "common/sys/owner.h"
#include "common/text/answer.h"
#include "office/facts.h"
#include "office/identity.h"
#include "office/state.h"
#include "record/hand_in.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TURN_MS 10u
#define TURNS   300u /* another command, or an agent that starts, takes a moment */

struct desk {
	const struct settings *settings;
	struct clock *clock;         /* owned; what this process can know */
	struct spool *spool;         /* owned; NULL: a running agent holds it */
	struct facts facts;          /* owned, with the spool */
	struct catalogue *catalogue; /* owned; what the agent told */
};

static bool nobody_there(int rc)
{
	return rc == -ENOENT || rc == -ECONNREFUSED;
}

/* What a status other than 200 means is in the body. */
static int refusal(int status, const struct blob *body, struct err *err)
{
	json_t *root = answer_read(body->data, body->len);
	const char *text = json_string_value(json_object_get(root, "error"));
	int code = status == 400   ? -EINVAL
		   : status == 404 ? -ENOENT
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

static int ask_agent(struct desk *desk, const char *method, const char *path,
		     const struct blob *body, struct blob *out, struct err *err)
{
	struct blob answer = { 0 };
	int rc = client_ask(desk->settings->api_socket, method, path, body ? body->data : NULL,
			    body ? body->len : 0, &answer, err);
	if (rc > 0 && rc != 200)
		rc = refusal(rc, &answer, err);
	else if (rc == 200)
		rc = blob_append(out, answer.data, answer.len) < 0 ? err_memory(err) : 0;
	blob_free(&answer);
	return rc;
}

static int open_spool(struct desk *desk, struct err *err)
{
	int rc = owner_become(desk->settings->state_dir, err);
	if (rc == 0)
		rc = state_spool_open(desk->settings, &desk->spool, NULL, err);
	if (rc == -EBUSY)
		return err_set(err, rc,
			       "an agent is running, but does not answer on '%s'; is [agent] "
			       "api_socket the same in its configuration?",
			       desk->settings->api_socket);
	if (rc == 0)
		spool_use_clock(desk->spool, desk->clock);
	return rc < 0 ? rc : facts_read(desk->spool, &desk->facts, err);
}

/* Ask the agent, or hold the spool. */
static int find_either(struct desk *desk, struct err *err)
{
	struct blob answer = { 0 };
	int rc = ask_agent(desk, "GET", "/v1/status", NULL, &answer, err);
	blob_free(&answer);
	if (!nobody_there(rc))
		return rc;
	*err = (struct err){ 0 }; /* that nobody is there is no failure */
	return open_spool(desk, err);
}

int desk_open(const struct settings *settings, struct desk **ret_desk, struct err *err)
{
	const struct timespec turn = { .tv_nsec = TURN_MS * 1000000 };
	struct desk *desk = calloc(1, sizeof(*desk));
	if (!desk)
		return err_memory(err);
	desk->settings = settings;
	int rc = clock_open(NULL, &desk->clock, err);
	if (rc == 0)
		rc = find_either(desk, err);
	for (unsigned i = 0; rc == -EBUSY && i < TURNS; i++) { /* cron runs two commands at once */
		(void)nanosleep(&turn, NULL);                  /* cut short is fine */
		*err = (struct err){ 0 };
		rc = find_either(desk, err);
	}
	if (rc == 0 && desk->facts.zone)
		rc = civil_set_zone(desk->facts.zone, err);
	if (rc < 0)
		desk_close(desk);
	else
		*ret_desk = desk;
	return rc;
}

void desk_close(struct desk *desk)
{
	if (!desk)
		return;
	facts_free(&desk->facts);
	spool_close(desk->spool);
	clock_close(desk->clock);
	catalogue_close(desk->catalogue);
	free(desk);
}

static int fetch_catalogue(struct desk *desk, struct err *err)
{
	struct blob csv = { 0 };
	int rc = ask_agent(desk, "GET", "/v1/catalogue", NULL, &csv, err);
	if (rc == 0)
		rc = catalogue_read((const char *)csv.data, csv.len, &desk->catalogue, err);
	blob_free(&csv);
	return rc;
}

int desk_catalogue(struct desk *desk, const struct catalogue **ret_catalogue, struct err *err)
{
	if (!desk->spool && !desk->catalogue) {
		int rc = fetch_catalogue(desk, err);
		if (rc < 0)
			return rc;
	}
	*ret_catalogue = desk->spool ? desk->facts.catalogue : desk->catalogue;
	if (!*ret_catalogue)
		return err_set(err, -ENOENT,
			       "there is no catalogue yet: enrol this office with "
			       "'lantoa-agent enrol', and connect once");
	return 0;
}

/* What the running agent knows of the time, from the province perhaps; -ENODATA: it does not say.
 */
static int ask_time(struct desk *desk, int64_t *ret_now_us)
{
	struct blob answer = { 0 };
	struct err ignored;
	int rc = ask_agent(desk, "GET", "/v1/clock", NULL, &answer, &ignored);
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

int64_t desk_latest_us(struct desk *desk)
{
	int64_t now_us;
	if (!desk->spool && ask_time(desk, &now_us) == 0)
		return now_us;
	return clock_latest_us(desk->clock);
}

static int record_here(struct desk *desk, const struct entry entries[], size_t n,
		       struct comparison *ret_found, struct err *err)
{
	const struct catalogue *catalogue;
	int rc = desk_catalogue(desk, &catalogue, err);
	if (rc < 0)
		return rc;
	struct observation *list = calloc(n + 1, sizeof(*list));
	if (!list)
		return err_memory(err);
	int64_t now_us = desk_latest_us(desk);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = entry_judge(catalogue, &entries[i], now_us, &list[i], err);
	if (rc == 0)
		rc = handin_check(list, n, err);
	struct comparison found = { 0 };
	if (rc == 0)
		rc = comparison_make(desk->spool, catalogue, list, n, &found, err);
	if (rc == 0)
		rc = spool_record(desk->spool, list, n, NULL, err);
	free(list);
	if (rc < 0)
		comparison_free(&found);
	else
		*ret_found = found;
	return rc;
}

int desk_record(struct desk *desk, const struct entry entries[], size_t n,
		struct comparison *ret_found, struct err *err)
{
	if (desk->spool)
		return record_here(desk, entries, n, ret_found, err);
	struct blob body = { 0 }, answer = { 0 };
	int rc = observations_format(entries, n, &body, err);
	if (rc == 0)
		rc = ask_agent(desk, "POST", "/v1/observations", &body, &answer, err);
	if (rc == 0) {
		json_t *root = answer_read(answer.data, answer.len);
		rc = comparison_read(json_object_get(root, "warnings"), n, ret_found, err);
		json_decref(root);
	}
	blob_free(&body);
	blob_free(&answer);
	return rc;
}

static int status_here(struct desk *desk, struct blob *out, struct err *err)
{
	struct status status = { 0 };
	json_t *refusals = NULL;
	struct identity identity = { 0 };
	char path[PATH_MAX];
	struct err ignored; /* an office that is not enrolled has a status, too */
	int rc = settings_path(desk->settings, IDENTITY_FILE, path, err);
	if (rc == 0)
		rc = spool_status(desk->spool, &status.spool, err);
	if (rc == 0)
		rc = report_refusals(desk->spool, STATUS_REFUSALS, &refusals, err);
	if (rc < 0)
		return rc;
	bool enrolled = identity_read(path, &identity, &ignored) == 0;
	const struct catalogue *catalogue = desk->facts.catalogue;
	status.office = enrolled ? identity.office : NULL;
	status.office_name = desk->facts.office_name;
	status.address = enrolled ? identity.address : NULL;
	status.catalogue_version = catalogue ? catalogue->version : 0;
	status.metrics = catalogue ? catalogue->n : 0;
	return status_json(&status, refusals, out, err);
}

static int verify_here(struct desk *desk, struct blob *out, struct err *err)
{
	static const char ok[] = "{\"ok\": true}\n";
	int rc = spool_verify(desk->spool, err);
	if (rc == 0 && blob_append(out, ok, strlen(ok)) < 0)
		rc = err_memory(err);
	return rc;
}

int desk_ask(struct desk *desk, enum desk_question question, struct blob *out, struct err *err)
{
	static const char *const paths[] = { [DESK_STATUS] = "/v1/status",
					     [DESK_SPOOL] = "/v1/spool",
					     [DESK_VERIFY] = "/v1/spool/verify",
					     [DESK_EXPORT] = "/v1/spool/export",
					     [DESK_CLOCK] = "/v1/clock" };
	if (!desk->spool)
		return ask_agent(desk, "GET", paths[question], NULL, out, err);
	switch (question) {
	case DESK_STATUS:
		return status_here(desk, out, err);
	case DESK_SPOOL:
		return report_spool(desk->spool, out, err);
	case DESK_VERIFY:
		return verify_here(desk, out, err);
	case DESK_CLOCK:
		return clock_report(desk->spool, out, err);
	case DESK_EXPORT:
		return report_export(desk->spool, out, err);
	}
	return err_set(err, -EINVAL, "unknown question");
}

int desk_tell_clock(struct desk *desk, const char *request, struct blob *out, struct err *err)
{
	struct blob body = { 0 };
	if (desk->spool)
		return clock_carry_out(desk->spool, request, strlen(request), out, err);
	int rc = blob_append(&body, request, strlen(request)) < 0 ? err_memory(err) : 0;
	if (rc == 0)
		rc = ask_agent(desk, "POST", "/v1/clock", &body, out, err);
	blob_free(&body);
	return rc;
}

int desk_ask_once(const struct settings *settings, enum desk_question question, struct blob *out,
		  struct err *err)
{
	struct desk *desk;
	int rc = desk_open(settings, &desk, err);
	if (rc < 0)
		return rc;
	rc = desk_ask(desk, question, out, err);
	desk_close(desk);
	return rc;
}
