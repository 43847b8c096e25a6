#include "alert/alert_words.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <stdio.h>
#include <string.h>

static bool is_group(const char *subject)
{
	return strcmp(subject, ALERT_GROUP) == 0;
}

bool alert_is_of_office(enum alert_kind kind, const char *subject)
{
	return kind != ALERT_FAULT && *subject && !is_group(subject);
}

enum alert_gravity alert_gravity(enum alert_kind kind, const char *subject)
{
	return kind == ALERT_FAULT || kind == ALERT_DISK || kind == ALERT_BACKUP ||
			       (kind == ALERT_CLOCK && !*subject) ||
			       (kind == ALERT_SILENT && is_group(subject))
		       ? ALERT_ILL
		       : ALERT_NOTE;
}

const char *alert_gravity_word(enum alert_gravity gravity)
{
	return gravity == ALERT_ILL ? "ill" : "note";
}

#define SAY(format, ...) (void)snprintf(text, ALERT_SENTENCE_MAX, format, __VA_ARGS__)

/* --- most of the offices: n, and of how many --- */

static void group_tell(const struct alert *alert, char text[])
{
	long long n = alert->n, all = alert->all;
	switch (alert->kind) {
	case ALERT_SILENT:
		SAY(_("most offices fell silent at once, %lld of %lld: the province's line or "
		      "network is down, or theirs"),
		    n, all);
		break;
	case ALERT_LATE:
		SAY(_("reports of most offices are overdue: %lld of %lld offices"), n, all);
		break;
	case ALERT_CLOCK:
		SAY(_("nobody vouches for the clocks of most offices: %lld of %lld"), n, all);
		break;
	case ALERT_DOUBLE:
		SAY(_("two machines use one key at most offices: %lld of %lld"), n, all);
		break;
	case ALERT_QUARANTINE:
		SAY(_("figures of most offices wait in quarantine: %lld of %lld offices"), n, all);
		break;
	default:
		SAY(_("figures of most offices are worth a look: %lld of %lld offices"), n, all);
		break;
	}
}

/* --- an office: its code, a name in parentheses or nothing, n --- */

static void office_tell(const struct alert *alert, const char *office, char text[])
{
	long long n = alert->n;
	switch (alert->kind) {
	case ALERT_SILENT:
		SAY(_("office %s is silent"), office);
		break;
	case ALERT_LATE:
		SAY(_("reports of office %s are overdue: %lld are missing"), office, n);
		break;
	case ALERT_CLOCK:
		SAY(_("nobody vouches for the clock of office %s"), office);
		break;
	case ALERT_DOUBLE:
		SAY(_("two machines use the key of office %s by turns"), office);
		break;
	case ALERT_QUARANTINE:
		SAY(_("figures of office %s wait in quarantine for too long: %lld"), office, n);
		break;
	default:
		SAY(_("figures of office %s are worth a look: %lld findings"), office, n);
		break;
	}
}

/* --- the province itself --- */

static void province_tell(const struct alert *alert, char text[])
{
	long long n = alert->n;
	switch (alert->kind) {
	case ALERT_FAULT:
		SAY(_("something is wrong here: %s"), alert->subject);
		break;
	case ALERT_DISK:
		SAY(_("the disk of the database is nearly full: %lld MiB were left"), n);
		break;
	case ALERT_CLOCK:
		SAY("%s", _("this machine's clock is behind, or jumped ahead"));
		break;
	case ALERT_CHECKPOINT:
		SAY(_("the store's log does not become small again: %lld MiB"), n);
		break;
	default:
		SAY("%s", _("no backup was made for too long"));
		break;
	}
}

void alert_tell(const struct alert *alert, const char *name, char text[ALERT_SENTENCE_MAX])
{
	char office[ALERT_SUBJECT_MAX + 200];
	if (is_group(alert->subject)) {
		group_tell(alert, text);
		return;
	}
	if (!alert_is_of_office(alert->kind, alert->subject)) {
		province_tell(alert, text);
		return;
	}
	if (name && *name)
		(void)utf8_print(office, sizeof(office), "%s (%s)", alert->subject, name);
	else
		(void)utf8_print(office, sizeof(office), "%s", alert->subject);
	office_tell(alert, office, text);
}

static const char *group_advice(enum alert_kind kind)
{
	switch (kind) {
	case ALERT_SILENT:
		return N_("look at the province's line, its firewall and the network between; who "
			  "is silent: lantoa office list --silent");
	case ALERT_LATE:
		return N_("those that could not report can be excused (lantoa excuse); who is "
			  "late: lantoa office list --late");
	case ALERT_CLOCK:
		return N_("whose: lantoa office list --heard");
	case ALERT_DOUBLE:
		return N_("see lantoa status");
	case ALERT_QUARANTINE:
		return N_("why they wait: lantoa quarantine list");
	default:
		return N_("see lantoa quality");
	}
}

static const char *advice(enum alert_kind kind)
{
	switch (kind) {
	case ALERT_FAULT:
		return N_("what it is, and what to do: lantoa status");
	case ALERT_DISK:
		return N_("delete or move what is not needed there; below [store] reserve no "
			  "figures are taken");
	case ALERT_CLOCK:
		return N_("set the clock, or let a time server do it: timedatectl");
	case ALERT_CHECKPOINT:
		return N_("a question or a verification reads for very long: lantoa status");
	case ALERT_BACKUP:
		return N_("see why: systemctl status lantoa-backup; make one by hand: lantoa "
			  "backup FILE");
	default:
		return "";
	}
}

static void office_advise(const struct alert *alert, char text[])
{
	const char *office = alert->subject;
	switch (alert->kind) {
	case ALERT_SILENT:
		SAY(_("call there: are machine and line on? What is known of it: lantoa office "
		      "show "
		      "%s"),
		    office);
		break;
	case ALERT_LATE:
		SAY(_("call there; office %s need not report it? Excuse it (lantoa excuse). What "
		      "is missing: lantoa office list --late"),
		    office);
		break;
	case ALERT_CLOCK:
		SAY(_("have its clock set there, or a time server let in: lantoa office show %s"),
		    office);
		break;
	case ALERT_DOUBLE:
		SAY(_("have all but one machine stopped there; its key: lantoa office show %s"),
		    office);
		break;
	case ALERT_QUARANTINE:
		SAY(_("`lantoa quarantine list` tells why they wait; once the cause is mended: "
		      "lantoa quarantine release --office %s"),
		    office);
		break;
	default:
		SAY(_("what it is about: lantoa quality --office %s"), office);
		break;
	}
}

void alert_advise(const struct alert *alert, char text[ALERT_SENTENCE_MAX])
{
	if (is_group(alert->subject))
		(void)snprintf(text, ALERT_SENTENCE_MAX, "%s", _(group_advice(alert->kind)));
	else if (alert_is_of_office(alert->kind, alert->subject))
		office_advise(alert, text);
	else
		(void)snprintf(text, ALERT_SENTENCE_MAX, "%s", _(advice(alert->kind)));
}
