/* How the link is: for the log, and for status. */
#include "uplink/uplink_internal.h"

#include "common/base/i18n.h"
#include "common/base/log.h"

static const char *const troubles[] = {
	[PROTOCOL_TROUBLE_NEW] = "",
	[PROTOCOL_TROUBLE_NONE] = "",
	[PROTOCOL_TROUBLE_UNREACHABLE] =
		N_("the province cannot be reached; figures are kept here and sent later"),
	[PROTOCOL_TROUBLE_KEY] =
		N_("the province does not let this office's key in (any more): it was revoked, or "
		   "another machine was enrolled for the office. Figures are kept here; if this "
		   "machine is to send them, ask the province for an invitation and run "
		   "'lantoa-agent enrol'"),
	[PROTOCOL_TROUBLE_LATER] = N_(
		"the province asks this office to wait: its key made too many connections within "
		"a minute. If only this machine has the key, the line breaks off often; "
		"otherwise ask the province for an invitation and run 'lantoa-agent enrol'"),
	[PROTOCOL_TROUBLE_VERSION] =
		N_("the province speaks another version of the protocol; install a newer "
		   "lantoa-agent, or ask the province to upgrade its lantoa-aggregator"),
	[PROTOCOL_TROUBLE_BUDGET] = N_("this hour's bytes of the line are used up ([uplink] "
				       "kilobytes_per_hour); figures are kept here and sent later"),
	[PROTOCOL_TROUBLE_BATCH] = N_("the province refuses a batch; it is kept and tried again "
				      "every hour, please tell the province"),
};

/* Where a clerk needs other words: what was typed is safe, and whose matter the rest is. */
static const char *const desk_troubles[] = {
	[PROTOCOL_TROUBLE_KEY] =
		N_("the province does not let this machine in any more. What is saved here is "
		   "kept; whoever looks after this machine has to enrol it again"),
	[PROTOCOL_TROUBLE_LATER] = N_("the province asks this machine to wait a few minutes; what "
				      "is saved here is kept and sent later"),
	[PROTOCOL_TROUBLE_VERSION] =
		N_("the programs here and at the province are of different versions and do not "
		   "understand each other. What is saved here is kept; whoever looks after this "
		   "machine has to upgrade them"),
	[PROTOCOL_TROUBLE_BUDGET] = N_("this hour's bytes of the line are used up; what is saved "
				       "here is kept and sent later"),
	[PROTOCOL_TROUBLE_BATCH] = NULL, /* as above */
};

void uplink_say(const struct uplink *uplink)
{
	const struct protocol *core = &uplink->core;
	const struct identity *identity = uplink->config.identity;
	if (core->trouble == PROTOCOL_TROUBLE_NONE)
		log_info("uplink: connected office=%s address=%s acked=%llu", identity->office,
			 identity->address, (unsigned long long)core->acked);
	else
		log_warn("uplink: %s office=%s address=%s blocked=%llu refusal=\"%s\"",
			 troubles[core->trouble], identity->office, identity->address,
			 (unsigned long long)core->blocked_seq,
			 uplink->refusal ? uplink->refusal : "");
}

/* A task that runs has not said yet. */
static int disk_rc(const struct uplink *uplink)
{
	const struct task *tasks[] = { &uplink->batcher.task, &uplink->ack_log.task,
				       &uplink->renew };
	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++)
		if (!tasks[i]->busy && tasks[i]->rc < 0)
			return tasks[i]->rc;
	return 0;
}

void uplink_look(const struct uplink *uplink, struct uplink_look *ret_look)
{
	static const char *const states[] = {
		[PROTOCOL_STOPPED] = N_("stopped"),       [PROTOCOL_PAUSING] = N_("waiting"),
		[PROTOCOL_CONNECTING] = N_("connecting"), [PROTOCOL_GREETING] = N_("greeting"),
		[PROTOCOL_WELCOME] = N_("connected"),     [PROTOCOL_RENEWING] = N_("renewing"),
		[PROTOCOL_RESTING] = N_("at rest"),
	};
	const struct protocol *core = &uplink->core;
	const char *desk = desk_troubles[core->trouble] ? desk_troubles[core->trouble]
							: troubles[core->trouble];
	bool refused = core->blocked_seq != 0 || core->trouble == PROTOCOL_TROUBLE_VERSION;
	*ret_look = (struct uplink_look){
		.state = states[core->state],
		.trouble = *troubles[core->trouble] ? _(troubles[core->trouble]) : "",
		.desk = *desk ? _(desk) : "",
		.refusal = uplink->refusal && refused ? uplink->refusal : "",
		.blocked_seq = core->blocked_seq,
		.in_flight = protocol_in_flight(core),
		.waiting = core->last_seq > core->acked ? core->last_seq - core->acked : 0,
		.connected = uplink->connected,
		.since_us = uplink->since_us,
		.moved_us = uplink->moved_us,
		.at_rest = core->state == PROTOCOL_RESTING,
		.resting = core->slow_until_ms > uv_now(uplink->loop),
		.disk_rc = disk_rc(uplink),
		.office_name = uplink->office_profile.office_name
				       ? uplink->office_profile.office_name
				       : "",
		.zone = uplink->office_profile.zone ? uplink->office_profile.zone : "",
	};
}
