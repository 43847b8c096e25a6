#include "api/agent_status.h"

#include "api/bulletin_report.h"
#include "api/clock_report.h"
#include "api/report.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"

#include <sodium.h>
#include <stdio.h>

#define DISK_FULL_BYTES (1u << 20) /* with less than that free, it is the disk that refuses */

struct health agent_status_health(const struct agent_status *status)
{
	static const struct uplink_look none = { .trouble = "" };
	static const struct reload_outcome not_asked = { 0 };
	const struct uplink_look *look = status->look ? status->look : &none;
	const struct reload_outcome *reload = status->reload ? status->reload : &not_asked;
	const struct spool_status *spool = &status->spool;
	struct health_facts facts = {
		.running = status->look != NULL,
		.enrolled = status->office != NULL,
		.hosted = status->hosted,
		.catalogue = status->catalogue_version != 0,
		.connected = look->connected,
		.at_rest = look->at_rest,
		.resting = look->resting,
		.blocked = look->blocked_seq != 0,
		.trouble = look->trouble,
		.waiting = look->waiting + spool->waiting_batches + spool->unsealed,
		.stuck_s = (uint64_t)(civil_boot_us() - look->moved_us) / 1000000,
		.refused_rc = spool->refused_rc,
		.disk_full = spool->disk_free < DISK_FULL_BYTES ||
			     spool->disk_free<spool->reserve, .disk_rc = look->disk_rc,
					      .set_aside = spool->set_aside, .held = spool->held> 0,
		.held_older = spool->held_older > 0,
		.undated = spool->undated > 0,
		.undated_here = spool->undated_here > 0,
		.config_wrong = reload->failed,
		.restart_due = reload->needs_restart != NULL,
		.message = status->news || (status->told && bulletin_has_news(status->told)),
	};
	for (size_t i = 0; i < status->n_inputs; i++) {
		facts.input_failing |= status->inputs[i].failing;
		facts.input_trouble |= *status->inputs[i].error != '\0';
	}
	return health_judge(&facts);
}

/* A wall clock's time for one of civil_boot_us()'s: right even when the wall clock was set since.
 */
static json_t *boot_instant(int64_t at_us)
{
	return at_us == 0 ? json_null() : report_instant(civil_now_us() - civil_boot_us() + at_us);
}

static json_t *conditions_json(const struct health *health)
{
	static const char *const severities[] = {
		[HEALTH_WELL] = "well", [HEALTH_NOTE] = "note", [HEALTH_ILL] = "ill"
	};
	json_t *array = json_array();
	for (size_t i = 0; i < health->n; i++) {
		const struct health_condition *condition = &health->list[i];
		json_t *row = json_pack("{s:s, s:s, s:s}", "name", condition->name, "severity",
					severities[condition->severity], "sentence",
					_(condition->sentence));
		if (json_array_append_new(array, row) < 0) {
			json_decref(array);
			return NULL; /* as when memory ran out above: json_pack() fails by it */
		}
	}
	return array;
}

static json_t *uplink_json(const struct uplink_look *look)
{
	if (!look)
		return json_pack("{s:s, s:s}", "state", N_("not running"), "trouble", "");
	return json_pack("{s:s, s:b, s:o, s:o, s:o, s:I, s:I}", "state", look->state, "connected",
			 (int)look->connected, "since", boot_instant(look->since_us), "trouble",
			 report_told(look->trouble), "refusal", report_told(look->refusal),
			 "blocked_batch", (json_int_t)look->blocked_seq, "in_flight",
			 (json_int_t)look->in_flight);
}

static json_t *inputs_json(const struct agent_status *status)
{
	json_t *array = json_array();
	for (size_t i = 0; i < status->n_inputs; i++) {
		const struct input_look *look = &status->inputs[i];
		json_t *row = json_pack("{s:s, s:s, s:o, s:o}", "name", look->name, "state",
					look->state, "last", report_instant(look->last_us), "error",
					report_told(look->error));
		if (json_array_append_new(array, row) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *reload_json(const struct reload_outcome *reload)
{
	if (!reload || reload->at_us == 0)
		return json_null();
	return json_pack("{s:o, s:b, s:o, s:o}", "at", boot_instant(reload->at_us), "ok",
			 (int)!reload->failed, "error", report_text(reload->text), "needs_restart",
			 report_text(reload->needs_restart));
}

static json_t *spool_json(const struct spool_status *status)
{
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"sealed", (json_int_t)status->last_seq, "acked", (json_int_t)status->acked_seq,
		"unsealed", (json_int_t)status->unsealed, "waiting_batches",
		(json_int_t)status->waiting_batches, "waiting_observations",
		(json_int_t)status->waiting_observations, "oldest_waiting",
		report_instant(status->oldest_waiting_us), "last_ack",
		report_instant(status->last_ack_us), "quarantined", (json_int_t)status->quarantined,
		"held", (json_int_t)status->held, "released", (json_int_t)status->released, "bytes",
		(json_int_t)status->bytes, "bytes_max", (json_int_t)status->bytes_max, "disk_free",
		(json_int_t)status->disk_free, "undated_here", (json_int_t)status->undated_here,
		"undated", (json_int_t)status->undated);
}

/* "41:89ab...", as `lantoa verify --head` takes it. */
static json_t *ledger_json(const struct spool_status *status)
{
	const struct spool_head *head = &status->head;
	char text[24 + 2 * sizeof(head->chain)], hex[2 * sizeof(head->chain) + 1];
	char day[DAY_TEXT_MAX];
	if (status->heads == 0)
		return json_null();
	(void)snprintf(text, sizeof(text), "%llu:%s", (unsigned long long)head->position,
		       sodium_bin2hex(hex, sizeof(hex), head->chain, sizeof(head->chain)));
	return json_pack("{s:s, s:s, s:I}", "head", text, "day", day_format(head->day, day), "days",
			 (json_int_t)status->heads);
}

static json_t *body_json(const struct agent_status *status, json_t *refusals)
{
	char version[24] = "";
	if (status->catalogue_version)
		(void)snprintf(version, sizeof(version), "%016llx",
			       (unsigned long long)status->catalogue_version); /* fits */
	return json_pack(
		"{s:s, s:o, s:s?, s:o, s:s?, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"version", LANTOA_VERSION, "running_since", boot_instant(status->since_us),
		"office", status->office, "office_name",
		status->office_name ? report_text(status->office_name) : json_null(), "address",
		status->address, "catalogue", version, "metrics", (json_int_t)status->metrics,
		"uplink", uplink_json(status->look), "inputs", inputs_json(status), "reload",
		reload_json(status->reload), "spool", spool_json(&status->spool), "clock",
		clock_json(status->spool.witness, status->spool.ahead_us), "ledger",
		ledger_json(&status->spool), "refusals", refusals ? refusals : json_array(),
		"standing", bulletin_json(status->told));
}

int agent_status_json(const struct agent_status *status, json_t *refusals, struct blob *out,
		      struct err *err)
{
	struct health health = agent_status_health(status);
	json_t *root =
		json_pack("{s:o, s:b, s:s, s:o}", "at", report_instant(civil_now_us()), "well",
			  (int)health_is_well(&health), "headline", _(health.list[0].sentence),
			  "conditions", conditions_json(&health));
	json_t *body = body_json(status, refusals);
	if (!root || !body || json_object_update(root, body) < 0) {
		json_decref(root);
		root = NULL; /* report_dump() says so */
	}
	json_decref(body);
	return report_dump(root, out, err);
}
