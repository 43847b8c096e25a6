#include "api/health.h"

#include "common/base/i18n.h"

#include <errno.h>

static bool told_by_uplink(const struct health_facts *f)
{
	return f->trouble && *f->trouble;
}

static bool not_enrolled(const struct health_facts *f)
{
	return !f->enrolled;
}

static bool not_running(const struct health_facts *f)
{
	return f->enrolled && !f->running && !f->hosted;
}

static bool hosted_not_running(const struct health_facts *f)
{
	return f->enrolled && !f->running && f->hosted;
}

static bool disk_full(const struct health_facts *f)
{
	return (f->refused_rc == -ENOSPC && f->disk_full) || f->disk_rc == -ENOSPC;
}

static bool spool_full(const struct health_facts *f)
{
	return f->refused_rc == -ENOSPC && !f->disk_full;
}

static bool disk_failing(const struct health_facts *f)
{
	return (f->refused_rc < 0 && f->refused_rc != -ENOSPC) ||
	       (f->disk_rc < 0 && f->disk_rc != -ENOSPC);
}

static bool no_catalogue(const struct health_facts *f)
{
	return f->enrolled && !f->catalogue;
}

static bool line_trouble(const struct health_facts *f)
{
	return f->running && told_by_uplink(f) && (!f->connected || f->blocked);
}

static bool connecting(const struct health_facts *f)
{
	return f->running && !told_by_uplink(f) && !f->connected;
}

static bool stalled(const struct health_facts *f)
{
	return f->connected && f->waiting > 0 && f->stuck_s >= HEALTH_STALLED_S && !f->resting &&
	       !f->at_rest && !told_by_uplink(f);
}

static bool set_aside(const struct health_facts *f)
{
	return f->set_aside;
}

static bool undated(const struct health_facts *f)
{
	return f->undated;
}

static bool clock_unset(const struct health_facts *f)
{
	return f->undated_here;
}

static bool config_wrong(const struct health_facts *f)
{
	return f->config_wrong;
}

static bool input_failing(const struct health_facts *f)
{
	return f->input_failing;
}

static bool input_trouble(const struct health_facts *f)
{
	return f->input_trouble && !f->input_failing;
}

static bool line_note(const struct health_facts *f)
{
	return f->running && told_by_uplink(f) && f->connected && !f->blocked;
}

static bool held_older(const struct health_facts *f)
{
	return f->held_older;
}

static bool held(const struct health_facts *f)
{
	return f->held && !f->held_older;
}

static bool message(const struct health_facts *f)
{
	return f->message;
}

static bool resting(const struct health_facts *f)
{
	return f->connected && f->resting && f->waiting > 0;
}

static bool restart_due(const struct health_facts *f)
{
	return f->restart_due && !f->hosted;
}

static bool hosted_restart_due(const struct health_facts *f)
{
	return f->restart_due && f->hosted;
}

static bool at_rest(const struct health_facts *f)
{
	return f->connected && f->at_rest;
}

static bool sending(const struct health_facts *f)
{
	return f->connected && f->waiting > 0;
}

static bool always(const struct health_facts *f)
{
	(void)f;
	return true;
}

/* In order of gravity; the last three are said when nothing else is. */
static const struct {
	bool (*holds)(const struct health_facts *facts);
	struct health_condition condition;
} table[] = {
	{ not_enrolled,
	  { "not_enrolled", HEALTH_ILL,
	    N_("this office is not enrolled: ask the province for an invitation and run "
	       "'lantoa-agent enrol'") } },
	{ not_running,
	  { "not_running", HEALTH_ILL,
	    N_("the agent is not running, nothing is sent: start it with 'systemctl start "
	       "lantoa-agent'") } },
	{ hosted_not_running,
	  { "not_running", HEALTH_ILL,
	    N_("the agent of this office is not running, nothing is sent: start it with "
	       "'systemctl start lantoa-agent@CODE', with the office's code") } },
	{ disk_failing,
	  { "disk_failing", HEALTH_ILL,
	    N_("the disk cannot be written: new figures are refused; call whoever looks after this "
	       "machine") } },
	{ disk_full,
	  { "disk_full", HEALTH_ILL,
	    N_("the disk is full, new figures are refused: delete or move what is not needed") } },
	{ spool_full,
	  { "spool_full", HEALTH_ILL,
	    N_("the spool is full, new figures are refused: mend the link to the province, or "
	       "raise [spool] bytes_max") } },
	{ no_catalogue,
	  { "no_catalogue", HEALTH_ILL,
	    N_("no figures can be taken before the province has sent its catalogue: it comes with "
	       "the first connection") } },
	{ line_trouble, { "disconnected", HEALTH_ILL, NULL } }, /* the uplink's own sentence */
	{ connecting, { "connecting", HEALTH_ILL, N_("connecting to the province") } },
	{ set_aside,
	  { "spool_damaged", HEALTH_ILL,
	    N_("the spool was damaged and replaced by an empty one, and figures may be missing: "
	       "stop the agent, and 'lantoa-agent spool repair' brings back what can be read") } },
	{ undated,
	  { "undated", HEALTH_ILL,
	    N_("figures came while this machine's clock was not set, and wait for somebody to say "
	       "which day that was: 'lantoa-agent clock' shows them") } },
	{ stalled,
	  { "stalled", HEALTH_ILL,
	    N_("connected, but the province has not confirmed anything for minutes: if that "
	       "lasts, tell the province") } },
	{ input_failing,
	  { "input_failing", HEALTH_ILL, N_("an input does not work: see its line") } },
	{ config_wrong,
	  { "config_wrong", HEALTH_ILL,
	    N_("the configuration file is wrong: the agent goes on with the settings from "
	       "before") } },
	{ held_older,
	  { "older_copy", HEALTH_NOTE,
	    N_("this machine was set back to an older copy, or copied: the province has newer "
	       "figures "
	       "of this office, and those of here that differ do not count; see them below, and "
	       "tell the province which are right") } },
	{ held,
	  { "held", HEALTH_NOTE,
	    N_("the province holds figures of this office back, and they do not count yet: see "
	       "them "
	       "and the reasons below, and ask the province") } },
	{ message,
	  { "message", HEALTH_NOTE,
	    N_("the province wrote to this office: read it below, and mark it with 'lantoa-agent "
	       "message read' or on the page") } },
	{ line_note, { "line_note", HEALTH_NOTE, NULL } },
	{ resting,
	  { "resting", HEALTH_NOTE,
	    N_("the province asked to wait, because it is busy or its disk is short of room: "
	       "figures "
	       "are kept here and sent later") } },
	{ input_trouble,
	  { "input_trouble", HEALTH_NOTE, N_("an input had trouble: see its line") } },
	{ clock_unset,
	  { "clock_unset", HEALTH_NOTE,
	    N_("nobody knows what time it is: figures without a period wait until the province "
	       "is heard or this machine's clock is synchronised") } },
	{ restart_due,
	  { "restart_due", HEALTH_NOTE,
	    N_("some settings change with the next restart: systemctl restart lantoa-agent") } },
	{ hosted_restart_due,
	  { "restart_due", HEALTH_NOTE,
	    N_("some settings change with the next restart: systemctl restart "
	       "lantoa-agent@CODE, with the office's code") } },
	{ at_rest,
	  { "at_rest", HEALTH_WELL,
	    N_("the line is closed as planned: it opens when figures are due to be sent") } },
	{ sending, { "sending", HEALTH_WELL, N_("connected: figures are on their way") } },
	{ always, { "well", HEALTH_WELL, N_("connected: the province has every figure") } },
};

struct health health_judge(const struct health_facts *facts)
{
	struct health health = { 0 };
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct health_condition condition = table[i].condition;
		if (!table[i].holds(facts) || (condition.severity == HEALTH_WELL && health.n > 0))
			continue;
		if (!condition.sentence)
			condition.sentence = facts->trouble;
		health.list[health.n++] = condition;
	}
	return health;
}

bool health_is_well(const struct health *health)
{
	for (size_t i = 0; i < health->n; i++)
		if (health->list[i].severity == HEALTH_ILL)
			return false;
	return true;
}
