#include "api/answers.h"

#include "common/base/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WORD_ROOM 48u

/* Of every answer. Where a name means the same wherever it stands, it stands here once. */
static const struct column {
	const char *name;
	char kind; /* see answers.h */
	const char *description;
} columns[] = {
	{ "account", 's', "Who acted, as the ledger has it." },
	{ "act", 's', "What was done, in the reader's language." },
	{ "acts", 'i', "How many acts there are of it." },
	{ "advice", 's', "What to do about it, in the reader's language." },
	{ "agent", 's', "What the office's program said of itself." },
	{ "alert", 'i', "The number of the change that made it so; null: it was not told yet." },
	{ "area", 's', "The code of a unit or office; null: what lies in none of the rows." },
	{ "area_name", 's', "What that unit is called." },
	{ "asked", 's', "What was asked about." },
	{ "at", 's', "When it happened." },
	{ "author", 's', "Who typed it, where the office says so." },
	{ "author_name", 's', "The name that the author is shown by." },
	{ "backlog", 'i', "How many figures wait there; null: it does not tell." },
	{ "batch", 'i', "The number of the batch in its spool." },
	{ "batches", 'i', "How many batches came." },
	{ "became", 's', "What it was afterwards; null: withdrawn, or taken away." },
	{ "becomes", 's', "What it would be afterwards." },
	{ "becomes_name", 's', "What that unit is called." },
	{ "before", 'n', "The value of the period before, or of a year before." },
	{ "before_carried", 'n', "How many an earlier level stood for then." },
	{ "before_due", 'n', "How many observations were due then." },
	{ "before_missing", 'n', "How many were missing then." },
	{ "before_period", 's', "Which period that is." },
	{ "before_reported", 'n', "How many were reported then." },
	{ "before_until", 's', "Its last day, while it is not over." },
	{ "begun", 's', "Since when." },
	{ "calendar", 's', "By which calendar the period is told: civil or report." },
	{ "cancelled", 'i', "1: it was taken back." },
	{ "carried", 'n', "How many an earlier level stands for; none of them was reported." },
	{ "cell", 's', "The unit that has this place on the map; null: the unit has none." },
	{ "cell_name", 's', "What that unit is called." },
	{ "change", 's', "What kind of change it is." },
	{ "change_percent", 'n', "The change, in percent of the size of what was." },
	{ "change_reason", 's', "Why the change, or its percentage, is missing." },
	{ "changed", 'i', "How many rows were changed." },
	{ "added", 'i', "How many were added." },
	{ "clock", 's', "What vouches for the clock there: kernel, province, battery or no one." },
	{ "choice", 's', "Where it may go: codes and names; null: that is certain, or nowhere." },
	{ "closed", 's', "The period that was closed." },
	{ "code", 's', "The code." },
	{ "col", 'i', "Which column of tiles, from 0, at the left; null: it is no tile." },
	{ "column", 's', "Which column of it." },
	{ "connections", 'i', "How many connections its key holds now." },
	{ "counted", 'b', "Whether the value is made of it." },
	{ "created", 's', "When it was made." },
	{ "detail", 's', "What else there is to say." },
	{ "dimension", 's', "A dimension of the metric." },
	{ "distance", 'n', "The value without the target." },
	{ "due", 'n', "How many observations were due." },
	{ "edition", 's', "A mark that is another as soon as the map is." },
	{ "effective_on", 's', "From which day on." },
	{ "entry", 'i', "The number of the journal's entry." },
	{ "epoch", 'i', "Which ledger it is: a restored one has another." },
	{ "event", 'i', "The number of the event." },
	{ "event_at", 's', "When that event was." },
	{ "excuse", 'i', "The number of the excuse." },
	{ "excused", 'n', "How many an office was excused from; none of them was reported." },
	{ "expected", 's', "What should be there." },
	{ "expires", 's', "Until when it is good; empty: without an end." },
	{ "extra", 'n', "How many came that were not due." },
	{ "figures", 'i', "How many figures." },
	{ "finished", 's', "When the office said that its report is finished." },
	{ "finished_by", 's', "Who said so." },
	{ "first", 's', "The first period of it." },
	{ "found", 's', "What is there." },
	{ "form", 's',
	  "All that is reported per this: month, hour, ...; null: it is about a metric." },
	{ "from", 's', "The first day of it." },
	{ "from_province", 'b', "Whether an operator recorded it, and not the office." },
	{ "gravity", 's', "ill: figures are not taken, or may be lost; note: people should know." },
	{ "head", 's', "A head of the ledger, POSITION:HASH." },
	{ "heard_on", 's', "On which day the office heard of it." },
	{ "held", 'i', "How many observations wait in quarantine." },
	{ "how", 's', "In words, how it adds up; of an indicator, the formula with its operands." },
	{ "items", 'a', "Batches and events, as CHANGES.md has them." },
	{ "into", 's', "The area of the total that it counts in; null: the last row." },
	{ "into_from", 's', "From which day on that unit is in force." },
	{ "invitation", 's', "The line that brings the office in. It is secret." },
	{ "invited_until", 's', "Until when its open invitation is good." },
	{ "key", 's', "How it stands with its key." },
	{ "kind", 's', "What kind it is." },
	{ "label", 's', "A label of the dimension; null: it has none." },
	{ "label_name", 's', "What the label is called, in the reader's language." },
	{ "metric_name", 's', "What the metric is called, in the reader's language." },
	{ "labels", 's', "NAME=VALUE;NAME=VALUE." },
	{ "last", 's', "The last period of it." },
	{ "last_act", 's', "When the last of them was." },
	{ "last_contact", 's', "When the province last heard of it." },
	{ "last_received", 's', "When the last batch of it came." },
	{ "last_used", 's', "When it was last used." },
	{ "late", 'n', "How many came, but after they were due." },
	{ "late_since", 's', "From which day on the report was late that is so longest." },
	{ "ledger", 's', "Whether this ledger has that head." },
	{ "level", 's', "The unit's level." },
	{ "map", 's', "Whether it is of tiles or borders." },
	{ "means", 's', "Which code of the list it means." },
	{ "message", 'i', "The number of the message." },
	{ "metric", 's', "The name of a metric; null: of all." },
	{ "missing", 'n', "How many were due and did not come." },
	{ "moved", 'i', "1: it was moved; 0: it stood so." },
	{ "name", 's', "What it is called." },
	{ "named", 's', "The account that was given a name." },
	{ "new_code", 's', "The unit that succeeds." },
	{ "note", 's', "What was noted of it." },
	{ "observations", 'i', "How many observations." },
	{ "odd", 's', "A head that it keeps and this ledger does not have." },
	{ "of", 'i', "Among how many it is ranked." },
	{ "office", 's', "An office's code." },
	{ "office_name", 's', "What the office is called." },
	{ "offices", 'i', "How many offices." },
	{ "offices_due", 'i', "How many offices were due." },
	{ "offices_finished", 'i', "How many said that their report is finished." },
	{ "offices_reported", 'i', "How many offices reported." },
	{ "old_code", 's', "The unit that ends." },
	{ "older_copy", 's', "Whether a machine sent it that was set back or copied." },
	{ "oldest", 's', "Since when the oldest batch waits there." },
	{ "on_time", 'n', "How many came before they were due." },
	{ "operands", 'o', "The values that the formula has." },
	{ "outcome", 's', "What became of it." },
	{ "outline", 's', "The path of its borders, as SVG has it; null: it is a tile." },
	{ "overdue", 's', "Which reports are overdue: periods, and their metrics." },
	{ "parent", 's', "The code of the unit that it lies in." },
	{ "part", 'i',
	  "Which part of the place is this unit's, from 1; of a total that is explained: total, "
	  "operand, office, entry or act." },
	{ "parts", 'i', "Into how many even parts the place is divided." },
	{ "parts_due", 'i', "Of a form, how many reports of its metrics were due, one by one." },
	{ "parts_missing", 'i', "Of those, how many are missing." },
	{ "parts_reported", 'i', "Of those, how many were reported." },
	{ "path", 'n', "What the value would be on the straight way to the target." },
	{ "percent", 'n', "Of the reports that were due, how many were reported." },
	{ "period", 's', "The period, as 2025-06 or 2025-Q2; null: of no one." },
	{ "position", 'i', "A position of the ledger." },
	{ "problem", 's', "What somebody should look at." },
	{ "protocol", 'i', "Which protocol it speaks with the province." },
	{ "publication", 's', "The name that it was published under." },
	{ "published", 's', "The ledger's head as it was published." },
	{ "push_interval", 'i', "Every how many seconds it sends." },
	{ "rank", 'i', "1: the highest." },
	{ "read", 's', "Whether, or when, the office's people read it." },
	{ "reason", 's', "Why there is no value, or why it waits." },
	{ "received", 's', "When it came." },
	{ "record", 's', "The table that it is a row of." },
	{ "removed", 'i', "How many were taken away." },
	{ "renamed", 'i', "1: it was renamed; 0: it was called so." },
	{ "reopened", 's', "The period that was opened again." },
	{ "reported", 'n', "How many were reported." },
	{ "revised", 'n', "How many were changed or withdrawn afterwards." },
	{ "revisions", 'n', "How often figures were changed or withdrawn." },
	{ "revoked", 'i', "How many keys were revoked." },
	{ "role", 's', "What who shows it may do." },
	{ "row", 's', "Which row." },
	{ "run", 'i', "The number to ask with how far it is." },
	{ "share", 's', "Which part of the old unit goes there; null: it is not known." },
	{ "shown_name", 's', "The name that the account is shown by." },
	{ "silent_since", 's', "Since when it is silent; null: it is not, or was never heard." },
	{ "size", 'i', "How many bytes it takes, as it is kept." },
	{ "since", 's', "Since when it holds." },
	{ "spool", 'i', "The number of the spool that sent it." },
	{ "spool_percent", 'n', "How full the spool there is, in percent." },
	{ "state", 's', "How it stands." },
	{ "structure", 's', "Under the borders of which day; null: of the time itself." },
	{ "subject", 's',
	  "What it is about: an office's code, \"*\": most offices at once, \"\": the province." },
	{ "target", 'n', "The target." },
	{ "target_year", 'i', "The year that the target is for." },
	{ "targets", 'o', "Targets by their years." },
	{ "text", 's', "The text." },
	{ "to", 's', "The last period of several; null: it is one." },
	{ "to_all", 'b', "Whether all offices were told." },
	{ "token", 's', "The token, which is told this once." },
	{ "told", 's', "When, or whom, it was told." },
	{ "unit", 's', "A unit's code; null: none." },
	{ "unit_name", 's', "What the unit is called." },
	{ "units", 'i', "How many units." },
	{ "unsent", 'i', "How many figures wait at the office." },
	{ "until", 's', "Its last day, while it is not over." },
	{ "valid_from", 's', "The first day on which the unit is." },
	{ "valid_to", 's', "The first day on which the unit is no more; null: it is." },
	{ "value", 'n', "The figure, with every digit; null: there is none." },
	{ "zone", 's', "By which time zone the province tells its days, as IANA names it." },
	{ "verdict", 's', "Whether the ledger has the head that was asked about." },
	{ "version", 's', "The version of the office's program." },
	{ "waiting", 'i', "How many wait in quarantine." },
	{ "warning", 's', "What was left out, and why." },
	{ "was", 's', "What it was before." },
	{ "was_at", 's', "When that came." },
	{ "was_author", 's', "Who typed that; null: it is not told." },
	{ "was_from", 's', "Who said that: office or province; null: nobody did." },
	{ "what", 's', "What was done or met." },
	{ "where", 's', "Where." },
	{ "who", 's', "Who did it." },
	{ "why", 's', "Why it is told: late, silent, behind, with commas between." },
};

const char *answers_column(size_t i)
{
	return i < sizeof(columns) / sizeof(columns[0]) ? columns[i].name : NULL;
}

static const struct column *column_find(const char *name)
{
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (strcmp(columns[i].name, name) == 0)
			return &columns[i];
	return NULL;
}

struct word { /* of an answer, taken apart */
	char name[WORD_ROOM];
	bool member, never_null, optional;
	char kind;
	const char *description;
};

static int no_column(const char *name, struct err *err)
{
	return err_set(err, -EINVAL, "no row of columns[] in answers.c explains '%s'", name);
}

static int word_read(const char *at, size_t len, struct word *ret_word, struct err *err)
{
	struct word word = { .member = *at == '=' };
	const struct column *column;
	size_t name = strcspn(at + word.member, ":!? ");

	if (name >= WORD_ROOM || name + word.member > len)
		return no_column(at, err);
	memcpy(word.name, at + word.member, name);
	column = column_find(word.name);
	if (!column)
		return no_column(word.name, err);
	word.kind = column->kind;
	word.description = column->description;
	for (const char *mark = at + word.member + name; mark < at + len; mark++) {
		if (*mark == '!')
			word.never_null = true;
		else if (*mark == '?')
			word.optional = true;
		else if (*mark == ':' && mark + 1 < at + len)
			word.kind = *++mark;
	}
	*ret_word = word;
	return 0;
}

/* A cell or a member. */
static void put_value(struct json_draft *to, const struct word *word)
{
	bool null = !word->member && !word->never_null;
	const char *type = word->kind == 'i'   ? "integer"
			   : word->kind == 'n' ? "number"
			   : word->kind == 'b' ? "boolean"
			   : word->kind == 'o' ? "object"
			   : word->kind == 'a' ? "array"
					       : "string";

	json_draft(to, "@: {'type': ", word->name);
	json_draft(to, null ? "[@, 'null']" : "@", type);
	if (word->kind == 'o')
		json_draft(to, ", 'additionalProperties': {'type': ['number', 'null']}");
	if (word->kind == 'a')
		json_draft(to, ", 'items': {'type': 'object'}");
	json_draft(to, ", 'description': @}", word->description);
}

/* The words of one form, as an object's members and which of them must be there. */
static int put_members(struct json_draft *to, const char *at, size_t len, struct err *err)
{
	struct word word;
	int rc = 0;

	for (int pass = 0; pass < 2; pass++) {
		bool any = false;

		json_draft(to, pass == 0 ? "'properties': {" : "}, 'required': [");
		for (size_t i = 0; i < len && rc == 0;) {
			size_t n = strcspn(at + i, " |");

			rc = n > 0 ? word_read(at + i, n, &word, err) : 0;
			if (rc == 0 && n > 0 && pass == 0) {
				json_draft(to, any ? ", " : "");
				put_value(to, &word);
				any = true;
			} else if (rc == 0 && n > 0 && !word.optional) {
				json_draft(to, any ? ", @" : "@", word.name);
				any = true;
			}
			i += n + 1;
		}
	}
	json_draft(to, "]");
	return rc;
}

static int put_form(struct json_draft *to, const char *at, size_t len, struct err *err)
{
	int rc = 0;

	if (strcmp(at, "object") == 0) {
		json_draft(to, "{'type': 'object'}");
		return 0;
	}
	if (strncmp(at, "words", 5) == 0) {
		json_draft(to,
			   "{'type': 'object', 'additionalProperties': {'$': "
			   "'#/components/schemas/Words'}}",
			   "$ref");
		return 0;
	}
	if (*at == '=') {
		json_draft(to, "{'type': 'object', ");
		rc = put_members(to, at, len, err);
		json_draft(to, ", 'additionalProperties': false}");
		return rc;
	}
	json_draft(to, "{'type': 'object', 'properties': {'rows': {'type': 'array', 'items': "
		       "{'type': 'object', ");
	if (*at == '*')
		json_draft(to, "'additionalProperties': {'type': ['string', 'number', 'null']}}}");
	else {
		rc = put_members(to, at, len, err);
		json_draft(to, ", 'additionalProperties': false}}");
	}
	json_draft(to,
		   "}, 'required': ['rows'], 'additionalProperties': "
		   "{'$': '#/components/schemas/Words'}}",
		   "$ref");
	return rc;
}

int answers_schema(struct json_draft *to, const char *answer, struct err *err)
{
	bool several = strchr(answer, '|') != NULL;
	int rc = 0;

	json_draft(to, several ? "{'anyOf': [" : "");
	for (const char *at = answer; rc == 0; at++) {
		at += strspn(at, " ");
		size_t len = strcspn(at, "|");

		rc = put_form(to, at, len, err);
		at += len;
		if (!*at)
			break;
		json_draft(to, ", ");
	}
	json_draft(to, several ? "]}" : "");
	return rc == 0 && to->rc < 0 ? err_memory(err) : rc;
}

bool answers_is_text(const char *answer)
{
	return names_find("file metrics map", answer, strlen(answer)) >= 0;
}

bool answers_has_rows(const char *answer)
{
	const char *other = strchr(answer, '|');
	bool rows = *answer != '=' && !answers_is_text(answer) && strcmp(answer, "words") != 0 &&
		    strcmp(answer, "object") != 0;

	return rows || (other && answers_has_rows(other + 1 + strspn(other + 1, " ")));
}
