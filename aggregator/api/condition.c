#include "api/condition.h"

#include "common/base/err.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/text/retell.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define LATELY_US CONDITION_LATELY_US

/* Each says whether it holds, and then writes its sentence; what is cut is fine. */

static bool store_failing(const struct condition_facts *facts, char sentence[])
{
	if (!facts->commit_rc)
		return false;
	char since[INSTANT_TEXT_MAX] = "";
	(void)civil_format(facts->commit_failing_since_us, since); /* "" beyond the calendar */
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
		       _("NOT TAKING FIGURES since %s: the store cannot be written (%s); it is "
			 "tried again every other second, and offices keep theirs meanwhile"),
		       since, err_strerror(facts->commit_rc));
	return true;
}

static bool office_waits(const struct condition_facts *facts, char sentence[])
{
	const struct refusal *waits = NULL;
	size_t n = 0;
	for (size_t i = 0; facts->refusals && i < facts->refusals->n; i++) {
		const struct refusal *refusal = &facts->refusals->list[i];
		n += refusal->since_us != 0;
		if (refusal->since_us && (!waits || refusal->since_us < waits->since_us))
			waits = refusal;
	}
	if (!waits)
		return false;
	char since[INSTANT_TEXT_MAX] = "", reason[CONDITION_SENTENCE_MAX];
	(void)civil_format(waits->since_us, since);
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
		       _("batches of office %s cannot be taken since %s (%s); it keeps them and "
			 "sends them again each hour; offices in that state: %zu"),
		       waits->code, since, retell(waits->reason, reason, sizeof(reason)), n);
	return true;
}

static bool day_damaged(const struct condition_facts *facts, char sentence[])
{
	if (facts->damaged_days == 0)
		return false;
	char day[DAY_TEXT_MAX];
	(void)snprintf(
		sentence, CONDITION_SENTENCE_MAX,
		_("what the journal holds of office %s for %s cannot be read, and what came "
		  "for that day since waits in quarantine (%llu figures, of %llu offices' days "
		  "in all); `lantoa verify` names the damage: look at the disk and restore a "
		  "backup"),
		facts->damaged_office, day_format(facts->damaged_day, day),
		(unsigned long long)facts->damaged_figures,
		(unsigned long long)facts->damaged_days);
	return true;
}

static bool reference_unread(const struct condition_facts *facts, char sentence[])
{
	if (!facts->no_reference)
		return false;
	(void)snprintf(
		sentence, CONDITION_SENTENCE_MAX,
		_("NOT TAKING FIGURES: units, offices, catalogue or closed periods cannot be "
		  "read (%s); look at the disk and restore a backup. Offices keep theirs "
		  "meanwhile"),
		facts->no_reference);
	return true;
}

static bool register_damaged(const struct condition_facts *facts, char sentence[])
{
	if (facts->damaged_rows == 0)
		return false;
	(void)snprintf(
		sentence, CONDITION_SENTENCE_MAX,
		_("rows of the register are damaged, %llu of them: %s. Figures of the offices that "
		  "they are about wait in quarantine (%llu so far), all others count; imports and "
		  "moves are refused. Look at the disk and restore a backup"),
		(unsigned long long)facts->damaged_rows, facts->damaged_row,
		(unsigned long long)facts->doubtful);
	return true;
}

static bool pages_mended(const struct condition_facts *facts, char sentence[])
{
	if (facts->pages_mended == 0)
		return false;
	char at[INSTANT_TEXT_MAX] = "", where[CONDITION_SENTENCE_MAX];
	(void)civil_format(facts->mended_us, at);
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
		       _("rollup pages were damaged and have been rebuilt from the journal: %llu "
			 "since the start, the last one (%s) at %s; look at the disk, and let "
			 "`lantoa verify` look at the others"),
		       (unsigned long long)facts->pages_mended,
		       retell(facts->mended_where, where, sizeof(where)), at);
	return true;
}

static bool pages_met(const struct condition_facts *facts, char sentence[])
{
	if (facts->pages_met.n == 0)
		return false;
	char where[CONDITION_SENTENCE_MAX];
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
		       _("rollup pages are damaged, and questions about them are answered from the "
			 "journal, which takes longer; the last one met is %s: look at the disk, "
			 "and run `lantoa verify --repair`, which rebuilds them"),
		       retell(facts->pages_met.where, where, sizeof(where)));
	return true;
}

static bool set_back(const struct condition_facts *facts, char sentence[])
{
	if (facts->older_figures == 0)
		return false;
	(void)snprintf(
		sentence, CONDITION_SENTENCE_MAX,
		_("a machine of office %s was set back to an older copy, or copied: %llu figures "
		  "that differ from newer ones here wait in quarantine (offices in that state: "
		  "%llu). Ask the office which are right; if its machine's are: lantoa quarantine "
		  "release --office %s --older-copy"),
		facts->older_office, (unsigned long long)facts->older_figures,
		(unsigned long long)facts->older_offices, facts->older_office);
	return true;
}

static bool head_differs(const struct condition_facts *facts, char sentence[])
{
	if (facts->odd_heads == 0)
		return false;
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
		       _("office %s kept another head than this ledger has, of position %lld: this "
			 "province was restored from a backup, or what it says of the past was "
			 "changed (offices in that state since the start: %llu)"),
		       facts->odd_head, (long long)facts->odd_position,
		       (unsigned long long)facts->odd_heads);
	return true;
}

static bool clock_behind(const struct condition_facts *facts, char sentence[])
{
	if (facts->behind_us == 0)
		return false;
	char at[INSTANT_TEXT_MAX] = "";
	(void)civil_format(facts->newest_us, at);
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
		       _("this machine's clock is %llu s behind: the newest figures were received "
			 "at %s. Until it is past that, what comes is noted as received then, and "
			 "offices are told no time. Set the clock, or let a time server do it, "
			 "which is believed also when the clock was ahead then: timedatectl"),
		       (unsigned long long)(facts->behind_us / 1000000), at);
	return true;
}

static bool clock_jumped(const struct condition_facts *facts, char sentence[])
{
	if (facts->ahead_us == 0)
		return false;
	char at[INSTANT_TEXT_MAX] = "";
	(void)civil_format(facts->newest_us, at);
	(void)snprintf(
		sentence, CONDITION_SENTENCE_MAX,
		_("this machine's clock jumped ahead by %llu days, and no time server vouches "
		  "for it: what comes is noted as received at %s, as the newest was, and "
		  "offices are told no time. Set the clock, or let a time server do it, which "
		  "is believed: timedatectl"),
		(unsigned long long)(facts->ahead_us / 86400000000), at);
	return true;
}

#define REFUSED_SHOWN_US INT64_C(86400000000) /* a day: an office tries again each hour */

static bool batches_refused(const struct condition_facts *facts, char sentence[])
{
	const struct refusal *last = NULL;
	for (size_t i = 0; facts->refusals && i < facts->refusals->n && !last; i++)
		if (facts->refusals->list[i].n > 0)
			last = &facts->refusals->list[i];
	if (!last || facts->now_us - last->last_us > REFUSED_SHOWN_US)
		return false;
	char at[INSTANT_TEXT_MAX] = "", reason[CONDITION_SENTENCE_MAX];
	(void)civil_format(last->last_us, at);
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
		       _("office %s sent what breaks the rules and was refused, %llu times, last "
			 "at %s (%s): its program is too old or too new, or is not lantoa-agent"),
		       last->code, (unsigned long long)last->n, at,
		       retell(last->reason, reason, sizeof(reason)));
	return true;
}

static bool office_at_limit(const struct condition_facts *facts, char sentence[])
{
	if (facts->offices_at_limit == 0)
		return false;
	(void)snprintf(
		sentence, CONDITION_SENTENCE_MAX,
		_("office %s is at its limit of %s (offices that were at one within ten minutes: "
		  "%zu); what goes beyond waits at the office: `lantoa office show %s`"),
		facts->at_limit_code, _(facts->at_limit_of), facts->offices_at_limit,
		facts->at_limit_code);
	return true;
}

static bool door_shut(const struct condition_facts *facts, char sentence[])
{
	if (!facts->door_shut)
		return false;
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
		       _("NO NEW CONNECTIONS are accepted: %zu are open, or their handshakes under "
			 "way, which is as many as there may be. It goes on by itself when some "
			 "are over. For what a firewall can do see lantoa-aggregator(8)"),
		       facts->connections);
	return true;
}

static bool office_cut(const struct condition_facts *facts, char sentence[])
{
	if (!*facts->offender)
		return false;
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
		       _("office %s was cut off or told to wait: with its key came too many "
			 "connections, or a message that does not end (%llu times since the "
			 "start, of all offices). If that is not its agent, revoke the key: "
			 "lantoa office revoke %s"),
		       facts->offender, (unsigned long long)facts->offences, facts->offender);
	return true;
}

static bool stranger_cut(const struct condition_facts *facts, char sentence[])
{
	if (!*facts->stranger)
		return false;
	(void)snprintf(
		sentence, CONDITION_SENTENCE_MAX,
		_("connections that did not say who they are were cut off, the last one from %s "
		  "(%llu since the start). For what a firewall can do see lantoa-aggregator(8)"),
		facts->stranger, (unsigned long long)facts->strangers);
	return true;
}

static unsigned long long mib(uint64_t bytes)
{
	return (unsigned long long)(bytes >> 20);
}

static bool disk_reserve(const struct condition_facts *facts, char sentence[])
{
	if (!facts->room.is_short)
		return false;
	char since[INSTANT_TEXT_MAX] = "";
	(void)civil_format(facts->room.since_us, since); /* "" beyond the calendar */
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
		       _("NOT TAKING FIGURES since %s: %llu MiB are left on the disk, and %llu MiB "
			 "are kept for questions and orders ([store] reserve); delete or move what "
			 "is not needed there. Offices keep their figures meanwhile, and they are "
			 "taken again by themselves"),
		       since, mib(facts->room.free), mib(facts->room.reserve));
	return true;
}

static bool log_pinned(const struct condition_facts *facts, char sentence[])
{
	const struct store_log *log = &facts->room.log;
	if (log->bytes <= STORE_LOG_BOUND)
		return false;
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
		       _("the log of the store has grown to %llu MiB: a question or a verification "
			 "has been reading for %llu s, and it becomes small again when that ends"),
		       mib(log->bytes), (unsigned long long)(log->oldest_read_ms / 1000));
	return true;
}

static bool offices_silent(const struct condition_facts *facts, char sentence[])
{
	if (facts->silent == 0)
		return false;
	char since[INSTANT_TEXT_MAX] = "";
	if (facts->silent_us)
		(void)civil_format(facts->silent_us, since);
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
		       _("offices without contact for more than a day: %llu, %s the longest "
			 "(last contact: %s); see the column Last contact, and ask there whether "
			 "machine and line are on. One that is no more: lantoa office revoke CODE"),
		       (unsigned long long)facts->silent, facts->silent_office,
		       *since ? since : _("never"));
	return true;
}

static bool key_doubled(const struct condition_facts *facts, char sentence[])
{
	if (facts->doubled == 0)
		return false;
	(void)snprintf(
		sentence, CONDITION_SENTENCE_MAX,
		_("two machines use the key of office %s by turns (offices in that state: %llu): "
		  "one is a copy of the other, and each takes the other's figures for new ones. "
		  "Have all but one stopped there; `lantoa office show %s` shows the key"),
		facts->doubled_office, (unsigned long long)facts->doubled, facts->doubled_office);
	return true;
}

static bool invitations_expired(const struct condition_facts *facts, char sentence[])
{
	if (facts->invitations_expired == 0)
		return false;
	(void)snprintf(
		sentence, CONDITION_SENTENCE_MAX,
		_("invitations that were not used in time: %llu. The offices stand below with the "
		  "key \"expired\"; invite each of them again: lantoa office invite CODE"),
		(unsigned long long)facts->invitations_expired);
	return true;
}

static bool keys_damaged(const struct condition_facts *facts, char sentence[])
{
	if (facts->damaged_keys == 0)
		return false;
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
		       _("keys of offices that are damaged on the disk: %llu; those offices cannot "
			 "connect; look at the disk, and restore a backup or invite the offices "
			 "again"),
		       (unsigned long long)facts->damaged_keys);
	return true;
}

static bool catalogue_too_long(const struct condition_facts *facts, char sentence[])
{
	if (facts->catalogue_unsendable)
		(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
			       _("the catalogue has %zu bytes, more than can be sent to offices: "
				 "they keep the one that they have, and new ones have none. Import "
				 "a shorter one: lantoa catalogue import FILE"),
			       facts->catalogue_len);
	else if (facts->catalogue_len > facts->catalogue_max && facts->old_agents > 0)
		(void)snprintf(sentence, CONDITION_SENTENCE_MAX,
			       _("the catalogue has %zu bytes, and older agents take at most %zu: "
				 "%llu offices keep the one that they have until their "
				 "lantoa-agent is upgraded, %s is one of them"),
			       facts->catalogue_len, facts->catalogue_max,
			       (unsigned long long)facts->old_agents, facts->old_agent);
	else
		return false;
	return true;
}

static bool office_astray(const struct condition_facts *facts, char sentence[])
{
	if (facts->strays == 0)
		return false;
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX, "%s", facts->stray);
	return true;
}

static bool change_under_way(const struct condition_facts *facts, char sentence[])
{
	const struct change_state *change = &facts->change;
	char begun[INSTANT_TEXT_MAX] = "";
	if (change->id == 0 || change->stage == CHANGE_OVER)
		return false;
	(void)civil_format(change->begun_us, begun);
	(void)snprintf(
		sentence, CONDITION_SENTENCE_MAX,
		change->kind == CHANGE_RELEASE
			? _("figures are released from quarantine in steps (%s, ordered by %s "
			    "at %s): %u %% of it is done, and about %llu s are left. What is "
			    "released counts at once: `lantoa change show`")
		: change->stage == CHANGE_SETTLING
			? _("a change is in force (%s, ordered by %s at %s), and the figures that "
			    "it holds back and its pages are still being put in place; figures are "
			    "taken and questions answered meanwhile. Until that is done, what "
			    "waits of an office may be counted short")
			: _("a change is made in steps (%s, ordered by %s at %s): %u %% of "
			    "it is done, and about %llu s are left. Figures are taken, and "
			    "questions are answered as before it: `lantoa change show`"),
		change->word, change->who, begun,
		change->total ? (unsigned)(change->done * 100 / change->total) : 100,
		(unsigned long long)(change->left_us + 999999) / 1000000);
	return true;
}

static bool alerts_fire(const struct condition_facts *facts, char sentence[])
{
	if (facts->alerts == 0)
		return false;
	(void)snprintf(
		sentence, CONDITION_SENTENCE_MAX,
		_("alerts that are firing: %llu; which, since when, and what to do: lantoa alerts"),
		(unsigned long long)facts->alerts);
	return true;
}

static bool always(const struct condition_facts *facts, char sentence[])
{
	(void)facts;
	(void)snprintf(sentence, CONDITION_SENTENCE_MAX, "%s", _("figures are taken"));
	return true;
}

/* In order of gravity; the last is said when nothing else is. */
static const struct {
	bool (*holds)(const struct condition_facts *facts, char sentence[]);
	const char *name;
	enum condition_gravity gravity;
} table[] = {
	{ store_failing, "store_failing", CONDITION_ILL },
	{ disk_reserve, "disk_reserve", CONDITION_ILL },
	{ door_shut, "door_shut", CONDITION_ILL },
	{ reference_unread, "reference_unread", CONDITION_ILL },
	{ register_damaged, "register_damaged", CONDITION_ILL },
	{ day_damaged, "day_damaged", CONDITION_ILL },
	{ office_waits, "office_waits", CONDITION_ILL },
	{ keys_damaged, "keys_damaged", CONDITION_ILL },
	{ clock_behind, "clock_behind", CONDITION_ILL },
	{ clock_jumped, "clock_jumped", CONDITION_ILL },
	{ catalogue_too_long, "catalogue_too_long", CONDITION_ILL },
	{ head_differs, "head_differs", CONDITION_ILL },
	{ set_back, "set_back", CONDITION_NOTE },
	{ key_doubled, "key_doubled", CONDITION_NOTE },
	{ pages_mended, "pages_mended", CONDITION_NOTE },
	{ pages_met, "pages_damaged", CONDITION_NOTE },
	{ office_at_limit, "office_at_limit", CONDITION_NOTE },
	{ office_cut, "office_cut", CONDITION_NOTE },
	{ stranger_cut, "stranger_cut", CONDITION_NOTE },
	{ batches_refused, "batches_refused", CONDITION_NOTE },
	{ log_pinned, "log_pinned", CONDITION_NOTE },
	{ office_astray, "office_astray", CONDITION_NOTE },
	{ change_under_way, "change_under_way", CONDITION_NOTE },
	{ offices_silent, "offices_silent", CONDITION_NOTE },
	{ invitations_expired, "invitations_expired", CONDITION_NOTE },
	{ alerts_fire, "alerts_fire", CONDITION_NOTE },
	{ always, "well", CONDITION_WELL },
};
static_assert(sizeof(table) / sizeof(table[0]) <= CONDITIONS_MAX, "each may hold");

struct condition_facts condition_facts_of(const struct gate_counters *gate,
					  const struct intake_counters *intake)
{
	struct condition_facts facts = { .now_us = civil_now_us() };
	if (gate) {
		int64_t lately_us = facts.now_us - LATELY_US;
		facts.door_shut = gate->connections.shut;
		facts.connections = gate->connections.open;
		facts.offences = gate->offender.times;
		facts.strangers = gate->stranger.times;
		if (gate->offender.at_us > lately_us)
			memcpy(facts.offender, gate->offender.code, sizeof(facts.offender));
		if (gate->stranger.at_us > lately_us)
			memcpy(facts.stranger, gate->stranger.address, sizeof(facts.stranger));
	}
	if (intake) {
		facts.refusals = &intake->batches.refusals;
		facts.room = intake->room;
		facts.pages_mended = intake->batches.mended.n;
		facts.mended_where = intake->batches.mended.where;
		facts.mended_us = intake->batches.mended_us;
		facts.commit_rc = intake->batches.failing;
		facts.commit_failing_since_us = intake->batches.failing_since_us;
		if (uv_hrtime() / 1000000 < intake->at_limit.until_ms)
			facts.offices_at_limit = intake->at_limit.n;
		facts.at_limit_code = *intake->at_limit_code ? intake->at_limit_code : "?";
		facts.at_limit_of = limit_kind(intake->at_limit.limit)->what;
	}
	return facts;
}

void conditions_judge(const struct condition_facts *facts, struct conditions *ret_conditions)
{
	ret_conditions->n = 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct condition *condition = &ret_conditions->list[ret_conditions->n];
		if (table[i].gravity == CONDITION_WELL && ret_conditions->n > 0)
			continue;
		if (!table[i].holds(facts, condition->sentence))
			continue;
		condition->name = table[i].name;
		condition->gravity = table[i].gravity;
		ret_conditions->n++;
	}
}

const char *condition_name(size_t i, enum condition_gravity *ret_gravity)
{
	if (i >= sizeof(table) / sizeof(table[0]) || table[i].gravity == CONDITION_WELL)
		return NULL;
	*ret_gravity = table[i].gravity;
	return table[i].name;
}

const char *condition_gravity_name(enum condition_gravity gravity)
{
	static const char *const names[] = { "well", "note", "ill" };
	return names[gravity];
}
