/* /v1/metrics: for Prometheus (metrics.h). It is a glance: it is answered while questions take all
 * readers, which is when somebody wants to see. */
#include "api/call.h"

#include "api/heard.h"
#include "api/metrics.h"
#include "common/model/civil.h"
#include "common/text/exposition.h"

static int metrics_prepare(struct call *call, struct err *err)
{
	const struct api_config *config = api_config_of(call->api);

	if (metric_answers_copy(api_metric_answers(call->api), &call->metric_answers) < 0)
		return err_memory(err);
	if (config->gate)
		call->gate = *config->gate;
	if (config->intake)
		call->intake = *config->intake;
	call->alert_counts = api_alert_counts(call->api);
	return heard_contacts(config->contacts, config->key_meters, &call->contacts, err);
}

static int metrics_get(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	const struct api_config *config = api_config_of(call->api);
	const struct gate_counters *gate = config->gate ? &call->gate : NULL;
	const struct intake_counters *intake = config->intake ? &call->intake : NULL;
	struct err unread = *err;
	struct metrics_facts facts = { .now_us = civil_now_us(),
				       .began_us = api_began_us(call->api),
				       .gate = gate,
				       .intake = intake,
				       .contacts = &call->contacts,
				       .answers = &call->metric_answers,
				       .alerts = call->alert_counts,
				       .conditions = condition_facts_of(gate, intake) };

	facts.conditions.contacts = &call->contacts;
	facts.conditions.no_reference = call->job.stale ? unread.text : NULL;
	call->answer_type = EXPOSITION_TYPE;
	return metrics_write(db, reference, &facts, &call->answer, err);
}

const struct action metrics_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/metrics", NULL, NULL, CALL_GLANCE, metrics_prepare, metrics_get,
	  NULL, "How the province is, as Prometheus reads it.", "metrics", NULL },
};
const size_t n_metrics_actions = sizeof(metrics_actions) / sizeof(metrics_actions[0]);
