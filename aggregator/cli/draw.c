#include "cli/draw.h"

#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/base/names.h"
#include "common/base/utf8.h"
#include "common/text/number_told.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 64u /* more would not be read */
#define TITLE_MAX   128u

enum trait {
	NUMBER = 1, /* to the right; a unit's code is none */
	QUIET = 2,  /* left out when zero throughout */
	WORDS = 4,  /* cells are sentences of ours: see words[], and N_() where they are made */
	PAIRS = 8,  /* "2025=15;2030=" is drawn as "2025: 15; 2030: -" */
};

/* Words that the aggregator's data hold, here only to be translated. Other levels are shown as they
 * are. */
static const char *const words[] __attribute__((unused)) = {
	N_("tiles"),      N_("borders"),    N_("province"),   N_("district"),   N_("commune"),
	N_("none"),       N_("invited"),    N_("active"),     N_("revoked"),    N_("repaired"),
	N_("left"),       N_("true"),       N_("false"),      N_("corrected"),  N_("withdrawn"),
	N_("new"),        N_("gone"),       N_("changed"),    N_("yes"),        N_("no"),
	N_("well"),       N_("expired"),    N_("unit"),       N_("successor"),  N_("office"),
	N_("assignment"), N_("key"),        N_("catalogue"),  N_("indicators"), N_("closing"),
	N_("quarantine"), N_("first"),      N_("held"),       N_("no one"),     N_("battery"),
	N_("kernel"),     N_("released"),   N_("held again"), N_("rule"),       N_("whole"),
	N_("far"),        N_("same"),       N_("unlisted"),   N_("part"),       N_("rest"),
	N_("total"),      N_("total_rest"), N_("excuse"),     N_("unchanged"),  N_("pending"),
	N_("firing"),     N_("resolved"),   N_("ill"),        N_("note"),       N_("ended"),
	N_("unit-ended"), N_("good"),
};

/* Why an office is told of, likewise. */
static const char *const reasons[] __attribute__((unused)) = {
	N_("late"),
	N_("silent"),
	N_("behind"),
	N_("late, silent"),
	N_("late, behind"),
	N_("silent, behind"),
	N_("late, silent, behind"),
};

/* Of the columns below, by what is done with them where a screen is narrow: free text is shortened,
 * lesser columns leave first, and main ones last. */
static const char texts[] =
	"act area_name author_name change_reason detail expected found label_name labels means "
	"name "
	"note operands overdue problem reason shown_name targets text unit_name warning what where "
	"why finished_by metric_name office_name head label_vi label_en formula dimensions";
static const char sentences[] = "advice problem reason text warning what why change_reason";
static const char lesser[] =
	"valid_from valid_to until before_until observations batches entry entries spool batch "
	"event_at author extra revisions protocol push_interval connections on_time offices_due "
	"offices_reported carried excused operands shown_name who published structure calendar "
	"spool_percent metric_name backlog clock was_at created account from_province agent "
	"version record row "
	"old_code";
static const char mains[] = "area change code metric missing name office period problem reason "
			    "value act what state why "
			    "overdue late_since silent_since ledger text became column";
static const char percents[] = "percent change_percent spool_percent";
/* Numbers that are names: nobody groups their digits. */
static const char ordinals[] =
	"batch entry event excuse message odd protocol spool target_year rank of row";

/* Words and numbers that somebody has to look at, column by column; "+": any number but 0, "*":
 * whatever stands there. */
static const struct {
	const char *column, *cells;
	enum gravity gravity;
} grave[] = {
	{ "missing", "+", GRAVITY_WARNING },
	{ "late", "+ true", GRAVITY_WARNING },
	{ "waiting", "+", GRAVITY_WARNING },
	{ "held", "+", GRAVITY_WARNING },
	{ "kept", "+", GRAVITY_WARNING },
	{ "overdue", "*", GRAVITY_WARNING },
	{ "late_since", "*", GRAVITY_WARNING },
	{ "silent_since", "*", GRAVITY_BAD },
	{ "differences", "+", GRAVITY_BAD },
	{ "beyond_repair", "+", GRAVITY_BAD },
	{ "odd", "*", GRAVITY_BAD },
	{ "damaged", "*", GRAVITY_BAD },
	{ "key", "revoked", GRAVITY_BAD },
	{ "key", "expired none", GRAVITY_WARNING },
	{ "ledger", "no", GRAVITY_BAD },
	{ "warning", "*", GRAVITY_WARNING },
	{ "change", "held withdrawn", GRAVITY_WARNING },
};

/* Columns, and counters of status, by the names that the aggregator gives them. */
static const struct title {
	const char *name, *text;
	unsigned traits;
} titles[] = {
	{ "author", N_("Author"), 0 },
	{ "author_name", N_("Author's name"), 0 },
	{ "batch", N_("Batch"), NUMBER },
	{ "event_at", N_("Time of the event"), 0 },
	{ "spool", N_("Spool"), NUMBER },
	{ "record", N_("Record"), WORDS },
	{ "history.name", N_("History of"), 0 },
	{ "history.next", N_("There is more; go on with --before"), 0 },
	{ "list.next", N_("There is more; go on with --before"), 0 },
	{ "structure", N_("Under the borders of"), 0 },
	{ "shown_name", N_("Shown name"), 0 },
	{ "publication", N_("Publication"), 0 },
	{ "last_act", N_("Last"), 0 },
	{ "heard_on", N_("Heard on"), 0 },
	{ "head", N_("Head of the ledger"), 0 },
	{ "event", N_("Event"), NUMBER },
	{ "acts", N_("What it did, how often"), NUMBER },
	{ "alert", N_("Alert"), NUMBER },
	{ "gravity", N_("Gravity"), WORDS },
	{ "since", N_("Since"), 0 },
	{ "advice", N_("What to do"), 0 },
	{ "subject", N_("Subject"), 0 },
	{ "account", N_("Account"), 0 },
	{ "act", N_("What was done"), 0 },
	{ "area", N_("Area"), 0 },
	{ "area_name", N_("Name of area"), 0 },
	{ "at", N_("Time"), 0 },
	{ "batches", N_("Batches"), NUMBER },
	{ "became", N_("Became"), NUMBER },
	{ "becomes", N_("Will be"), 0 },
	{ "agent", N_("Agent"), 0 },
	{ "before", N_("Before"), NUMBER },
	{ "before_carried", N_("Carried before"), NUMBER | QUIET },
	{ "before_due", N_("Due before"), NUMBER },
	{ "before_missing", N_("Missing before"), NUMBER | QUIET },
	{ "before_period", N_("Period before"), 0 },
	{ "before_reported", N_("Reported before"), NUMBER },
	{ "before_until", N_("Before under way until"), 0 },
	{ "backlog", N_("Not sent yet"), NUMBER },
	{ "beyond_repair", N_("Beyond repair"), NUMBER },
	{ "calendar", N_("Calendar"), WORDS },
	{ "carried", N_("Carried"), NUMBER | QUIET },
	{ "change", N_("Change"), WORDS },
	{ "change_percent", N_("Change, percent"), NUMBER },
	{ "change_reason", N_("Not compared because"), 0 },
	{ "clock", N_("Clock"), WORDS },
	{ "code", N_("Code"), 0 },
	{ "column", N_("Column"), 0 },
	{ "damaged", N_("Damaged"), WORDS },
	{ "detail", N_("Detail"), 0 },
	{ "differences", N_("Differences"), NUMBER },
	{ "dimension", N_("Dimension"), 0 },
	{ "distance", N_("Distance to target"), NUMBER },
	{ "due", N_("Reports due"), NUMBER },
	{ "effective_on", N_("Effective on"), 0 },
	{ "entries", N_("Journal entries"), NUMBER },
	{ "entry", N_("Journal entry"), NUMBER },
	{ "expected", N_("Expected"), 0 },
	{ "finished", N_("Finished"), 0 },
	{ "finished_by", N_("Finished by"), 0 },
	{ "excuse", N_("Excuse"), NUMBER },
	{ "excused", N_("Excused"), NUMBER | QUIET },
	{ "form", N_("Form"), WORDS },
	{ "to", N_("To"), 0 },
	{ "extra", N_("Extra"), NUMBER | QUIET },
	{ "figures", N_("Figures that count under it"), NUMBER },
	{ "first", N_("First"), 0 },
	{ "found", N_("Found"), 0 },
	{ "from", N_("From"), 0 },
	{ "from_province", N_("From the province"), WORDS },
	{ "head", N_("Head kept there"), 0 },
	{ "held", N_("In quarantine"), NUMBER },
	{ "kept", N_("Still in quarantine"), NUMBER },
	{ "invited_until", N_("Invited until"), 0 },
	{ "key", N_("Key"), WORDS },
	{ "label", N_("Label"), 0 },
	{ "label_name", N_("Label's name"), 0 },
	{ "labels", N_("Labels"), 0 },
	{ "last", N_("Last"), 0 },
	{ "last_contact", N_("Last contact"), 0 },
	{ "last_received", N_("Last figures"), 0 },
	{ "late", N_("Late"), WORDS | NUMBER },
	{ "late_since", N_("Late since"), 0 },
	{ "ledger", N_("This ledger"), WORDS },
	{ "level", N_("Level"), WORDS },
	{ "means", N_("Means"), 0 },
	{ "message", N_("Message"), NUMBER },
	{ "metric", N_("Metric"), 0 },
	{ "metric_name", N_("Name of the metric"), 0 },
	{ "missing", N_("Missing"), NUMBER | QUIET },
	{ "name", N_("Name"), 0 },
	{ "new_code", N_("New code"), 0 },
	{ "note", N_("Note"), 0 },
	{ "observations", N_("Observations"), NUMBER },
	{ "odd", N_("Unknown head at"), NUMBER },
	{ "of", N_("Of"), NUMBER },
	{ "office", N_("Office"), 0 },
	{ "office_name", N_("Name of office"), 0 },
	{ "offices", N_("Offices that sent them"), NUMBER },
	{ "offices_due", N_("Offices due"), NUMBER },
	{ "offices_finished", N_("Offices finished"), NUMBER | QUIET },
	{ "offices_reported", N_("Offices reported"), NUMBER },
	{ "old_code", N_("Old code"), 0 },
	{ "oldest", N_("The oldest of these"), 0 },
	{ "on_time", N_("On time"), NUMBER },
	{ "operands", N_("Operands"), PAIRS },
	{ "outcome", N_("Outcome"), WORDS },
	{ "overdue", N_("Overdue"), 0 },
	{ "pages", N_("Rollup pages"), NUMBER },
	{ "parent", N_("Parent"), 0 },
	{ "path", N_("Path"), NUMBER },
	{ "parts_due", N_("Parts due"), NUMBER },
	{ "parts_missing", N_("Parts missing"), NUMBER },
	{ "parts_reported", N_("Parts reported"), NUMBER },
	{ "percent", N_("Percent of reports"), NUMBER },
	{ "period", N_("Period"), 0 },
	{ "protocol", N_("Protocol"), NUMBER },
	{ "push_interval", N_("Sends every (s)"), NUMBER },
	{ "problem", N_("Problem"), WORDS },
	{ "rank", N_("Rank"), NUMBER },
	{ "read", N_("Read"), 0 },
	{ "reason", N_("Reason"), WORDS },
	{ "received", N_("Received"), 0 },
	{ "repaired", N_("Repaired"), NUMBER },
	{ "released", N_("Released"), NUMBER },
	{ "reported", N_("Reported"), NUMBER },
	{ "revised", N_("Revised"), NUMBER | QUIET },
	{ "revisions", N_("Revisions"), NUMBER },
	{ "share", N_("Share"), NUMBER },
	{ "silent_since", N_("Silent since"), 0 },
	{ "spool_percent", N_("Spool full (%)"), NUMBER },
	{ "spools", N_("Spools"), NUMBER },
	{ "target", N_("Target"), NUMBER },
	{ "target_year", N_("Target year"), NUMBER },
	{ "state", N_("State"), WORDS },
	{ "targets", N_("Targets"), PAIRS },
	{ "text", N_("Text"), 0 },
	{ "to_all", N_("To all"), WORDS },
	{ "told", N_("Sent"), 0 },
	{ "unit", N_("Unit"), 0 },
	{ "unsent", N_("Not sent yet"), NUMBER },
	{ "until", N_("Under way until"), 0 },
	{ "unit_name", N_("Name of unit"), 0 },
	{ "valid_from", N_("Valid from"), 0 },
	{ "valid_to", N_("Valid to"), 0 },
	{ "value", N_("Value"), NUMBER },
	{ "waiting", N_("In quarantine"), NUMBER | QUIET },
	{ "version", N_("Program"), 0 },
	{ "warning", N_("Warning"), 0 },
	{ "was", N_("Was"), NUMBER },
	{ "was_at", N_("Received"), 0 },
	{ "was_author", N_("Author"), 0 },
	{ "was_from", N_("From"), WORDS },
	{ "what", N_("What"), 0 },
	{ "where", N_("Where"), 0 },
	{ "who", N_("Who"), 0 },
	{ "why", N_("Why"), WORDS },
	{ "zone", N_("Time zone"), 0 },
	/* a trial import, or release */
	{ "would.released", N_("Would be released"), NUMBER },
	{ "would.kept", N_("Would stay"), NUMBER },
	{ "would.added", N_("Offices that would be added"), NUMBER },
	{ "would.moved", N_("Offices that would move"), NUMBER },
	{ "would.ended", N_("Offices that would end"), NUMBER },
	{ "would.closed", N_("Closings that would be made"), NUMBER },
	{ "would.opened", N_("Closings that would be lifted"), NUMBER },
	{ "would.excused", N_("Excuses that would be made"), NUMBER },
	{ "would.taken_back", N_("Excuses that would be taken back"), NUMBER },
	{ "would.renamed", N_("Offices that would be renamed"), NUMBER },
	{ "would.changed", N_("Rows that would change"), NUMBER },
	{ "would.figures", N_("Figures that would no longer count"), NUMBER },
	{ "would.offices", N_("Offices that sent them"), NUMBER },
	{ "would.office_days", N_("Days of offices that would be computed again"), NUMBER },
	{ "would.observations", N_("Observations of those days"), NUMBER },
	{ "would.reckoned", N_("These two are estimated from a part of the days"), WORDS },
	{ "would.seconds", N_("Takes about (s)"), NUMBER },
	{ "would.replaced", N_("The edition before (ETag)"), 0 },
	{ "would.needs_yes", N_("Needs --yes"), WORDS },
	/* a trial move: whose place is certain, and which figures go along */
	{ "follow.certain", N_("Offices that follow"), NUMBER },
	{ "follow.by_hand", N_("Offices that somebody has to move"), NUMBER },
	{ "figures.touched", N_("Figures that go along"), NUMBER },
	{ "figures.about", N_("Figures that go along, about"), NUMBER },
	{ "figures.seconds", N_("Takes about (s)"), NUMBER },
	/* a change that is made in steps */
	{ "begun", N_("Begun"), 0 },
	{ "kind", N_("Kind"), WORDS },
	{ "map", N_("Map"), WORDS },
	{ "units", N_("Units"), NUMBER },
	{ "edition", N_("Edition"), 0 },
	{ "size", N_("Bytes"), NUMBER },
	{ "would.units", N_("Units that would be placed"), NUMBER },
	{ "progress.all", N_("Work, in observations"), NUMBER },
	{ "progress.done", N_("Of that, done"), NUMBER },
	{ "progress.seconds_left", N_("Seconds left (about)"), NUMBER },
	{ "progress.stage", N_("Stage"), 0 },
	{ "change.all", N_("Change under way: work, in observations"), NUMBER },
	{ "change.done", N_("Change under way: of that, done"), NUMBER },
	{ "change.kind", N_("Change under way"), 0 },
	/* what an office's agent says of itself */
	{ "agent.version", N_("Its agent's program"), 0 },
	{ "agent.waiting", N_("Not sent yet"), 0 },
	{ "agent.oldest", N_("The oldest of these"), 0 },
	{ "agent.spool", N_("How full its spool is"), 0 },
	{ "agent.clock", N_("Its clock is vouched for by"), WORDS },
	{ "agent.push", N_("It sends"), 0 },
	{ "keys.N", N_("Key"), 0 },
	/* limits of an office */
	{ "bytes", N_("Bytes a minute"), 0 },
	{ "connections", N_("Connections"), 0 },
	{ "work", N_("Work a minute, in observations"), 0 },
	{ "day", N_("Observations for one day"), 0 },
	{ "questions", N_("Greetings and pings a minute"), 0 },
	{ "refused", N_("Refused messages a minute"), 0 },
	{ "row", N_("Row"), WORDS },
	{ "role", N_("Role"), 0 },
	{ "created", N_("Created"), 0 },
	{ "expires", N_("Valid until"), 0 },
	{ "last_used", N_("Last used"), 0 },
	{ "series", N_("Series"), 0 },
	{ "becomes_name", N_("Name of what it will be"), 0 },
	{ "choice", N_("Choice"), WORDS },
	/* of the map */
	{ "cell", N_("Place on the map"), 0 },
	{ "cell_name", N_("Name of that place"), 0 },
	{ "col", N_("Column on the map"), NUMBER },
	{ "outline", N_("Outline"), 0 },
	{ "part", N_("Number of the part"), NUMBER },
	{ "parts", N_("Parts"), NUMBER },
	/* tables of the reference as they were imported */
	{ "label_vi", N_("In Vietnamese"), 0 },
	{ "label_en", N_("In English"), 0 },
	{ "name_vi", N_("In Vietnamese"), 0 },
	{ "name_en", N_("In English"), 0 },
	{ "time_agg", N_("Over time"), 0 },
	{ "area_agg", N_("Over areas"), 0 },
	{ "dimensions", N_("Dimensions"), 0 },
	{ "decimals", N_("Decimals"), NUMBER },
	{ "carry", N_("Periods carried"), NUMBER },
	{ "due_days", N_("Days until due"), NUMBER },
	{ "min", N_("At least"), NUMBER },
	{ "max", N_("At most"), NUMBER },
	{ "section", N_("Section"), 0 },
	{ "formula", N_("Formula"), 0 },
	{ "target_value", N_("Target"), NUMBER },
	{ "left", N_("Left side"), 0 },
	{ "op", N_("Comparison"), 0 },
	{ "right", N_("Right side"), 0 },
	{ "severity", N_("Severity"), 0 },
	{ "limits.waiting", N_("Batches that wait for a commit"), 0 },
	/* counters of status: of gate and intake since the start, but for what is told of now */
	{ "offices.silent", N_("Offices without contact for more than a day"), NUMBER },
	{ "invitations.open", N_("Invitations not used yet"), NUMBER },
	{ "invitations.expired", N_("Invitations not used in time"), NUMBER },
	{ "disk.free_mib", N_("Free on the disk (MiB)"), NUMBER },
	{ "disk.reserve_mib", N_("Of that, kept for questions and orders (MiB)"), NUMBER },
	{ "disk.log_mib", N_("Log of the store (MiB)"), NUMBER },
	{ "disk.oldest_read_s", N_("Longest question under way (s)"), NUMBER },
	{ "gate.connections", N_("Connections now"), NUMBER },
	{ "gate.cut_before_handshake", N_("Connections cut off before they said who they are"),
	  NUMBER },
	{ "gate.cut_endless", N_("Connections cut off for a message without end"), NUMBER },
	{ "gate.cut_revoked", N_("Connections cut off because their key was revoked"), NUMBER },
	{ "gate.cut_silent", N_("Connections cut off for silence"), NUMBER },
	{ "gate.cut_too_many", N_("Connections cut off because an office had too many"), NUMBER },
	{ "gate.door_shut", N_("Times that no new connection was accepted"), NUMBER },
	{ "gate.handshakes_under_way", N_("Handshakes under way now"), NUMBER },
	{ "gate.hasty_handshakes", N_("Handshakes refused: too many of one key within a minute"),
	  NUMBER },
	{ "intake.batches", N_("Batches received since the start"), NUMBER },
	{ "intake.bad_batches", N_("Batches refused for breaking the rules"), NUMBER },
	{ "intake.held", N_("Figures put into quarantine since the start"), NUMBER },
	{ "intake.malformed", N_("Messages that could not be read"), NUMBER },
	{ "intake.misplaced", N_("Messages that their key may not send"), NUMBER },
	{ "intake.observations", N_("Figures received since the start"), NUMBER },
	{ "intake.put_off", N_("Batches put off while the disk was short of room"), NUMBER },
	{ "intake.store", N_("Writing to the disk"), WORDS },
	{ "answers", N_("Answers sent"), NUMBER },
	{ "answers_undeliverable", N_("Answers that could not be delivered"), NUMBER },
	{ "commits", N_("Commits"), NUMBER },
	{ "duplicates", N_("Batches sent twice"), NUMBER },
	{ "enrolled", N_("Offices enrolled"), NUMBER },
	{ "failed_commits", N_("Failed commits"), NUMBER },
	{ "frames", N_("Messages"), NUMBER },
	{ "frames_malformed", N_("Messages that broke the format"), NUMBER },
	{ "frames_revoked", N_("Messages with a revoked key"), NUMBER },
	{ "frames_without_user", N_("Messages without a known key"), NUMBER },
	{ "gaps", N_("Gaps in sequence"), NUMBER },
	{ "handshakes", N_("Handshakes"), NUMBER },
	{ "held_up", N_("Batches of days that cannot be read"), NUMBER },
	{ "later", N_("Batches that could not be taken"), NUMBER },
	{ "over_limit", N_("Messages beyond a limit of their office"), NUMBER },
	{ "refused_enrolments", N_("Refused enrolments"), NUMBER },
	{ "refused_handshakes", N_("Refused handshakes"), NUMBER },
};

static const struct title *title_find(const char *name)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (strcmp(titles[i].name, name) == 0)
			return &titles[i];
	return NULL;
}

static const struct title *title_of_head(const char *object, const char *name)
{
	char whole[TITLE_MAX];
	const struct title *title = NULL;

	if (snprintf(whole, sizeof(whole), "%s.%s", object, name) < (int)sizeof(whole))
		title = title_find(whole);
	return title ? title : title_find(name);
}

const char *draw_title(size_t i)
{
	return i < sizeof(titles) / sizeof(titles[0]) ? titles[i].text : NULL;
}

bool draw_knows(const char *object, const char *name)
{
	return title_of_head(object, name) != NULL;
}

static bool listed(const char *list, const char *name)
{
	return names_find(list, name, strlen(name)) >= 0;
}

/* A whole number that counts something, as people read it. The caller frees. NULL: out of memory.
 */
static char *counted(const char *value)
{
	struct blob text = { 0 };

	if (number_told(value, &text) < 0 || blob_append(&text, "", 1) < 0) {
		blob_free(&text);
		return NULL;
	}
	return (char *)text.data;
}

void draw_head(const char *object, const char *name, const char *value, FILE *out)
{
	const struct title *title = title_of_head(object, name);
	char numbered[TITLE_MAX];

	/* "keys" has key_N for each key. */
	if (!title &&
	    snprintf(numbered, sizeof(numbered), "%s.N", object) < (int)sizeof(numbered) &&
	    title_find(numbered)) {
		fprintf(out, "%s %s: %s\n", _(title_find(numbered)->text),
			name + strcspn(name, "0123456789"), value);
		return;
	}
	bool sentence = title && title->traits & WORDS && *value;
	char *number =
		title && title->traits & NUMBER && !listed(ordinals, name) ? counted(value) : NULL;

	fprintf(out, "%s: %s\n", title ? _(title->text) : name,
		number     ? number
		: sentence ? _(value)
			   : value);
	free(number);
}

static bool trait(const char *name, enum trait trait)
{
	const struct title *title = title_find(name);

	return title && title->traits & trait;
}

/* "Change" is a word in one answer, and a number in another; what was and became, too. */
static bool holds_numbers(const struct table *table, size_t column)
{
	const char *name = table_column(table, column);

	if (!listed("change was became", name))
		return trait(name, NUMBER);
	for (size_t row = 0; row < table_rows(table); row++) {
		const char *cell = table_cell(table, row, column);

		if (cell && cell[strspn(cell, "-.0123456789")])
			return false;
	}
	return true;
}

static bool says_anything(const struct table *table, size_t column)
{
	bool quiet = trait(table_column(table, column), QUIET);

	for (size_t row = 0; row < table_rows(table); row++) {
		const char *cell = table_cell(table, row, column);

		if (cell && *cell && !(quiet && strcmp(cell, "0") == 0))
			return true;
	}
	return false;
}

/* A table on its way to the screen. */
struct drawing {
	struct drawn *drawn;
	const struct table *table;
	size_t columns[COLUMNS_MAX];  /* [n]: of the table, in the order drawn */
	size_t fraction[COLUMNS_MAX]; /* [n]: bytes of the longest fraction, with its point */
	bool numbers[COLUMNS_MAX];    /* [n]: it holds numbers */
	size_t n;
};

/* The bytes from the point on; 0 for a whole number. */
static size_t fraction_len(const char *number)
{
	const char *point = strchr(number, '.');

	return point ? strlen(point) : 0;
}

static size_t longest_fraction(const struct table *table, size_t column)
{
	size_t longest = 0;

	for (size_t row = 0; row < table_rows(table); row++) {
		const char *cell = table_cell(table, row, column);
		size_t len = cell ? fraction_len(cell) : 0;

		longest = len > longest ? len : longest;
	}
	return longest;
}

static unsigned traits_of(const char *name, bool numbers)
{
	return (numbers ? DRAWN_NUMBER : 0u) |
	       (!numbers && (listed(texts, name) || !title_find(name)) ? DRAWN_TEXT : 0u) |
	       (!numbers && listed(sentences, name) ? DRAWN_SENTENCE : 0u) |
	       (listed(lesser, name) ? DRAWN_LESSER : 0u) | (listed(mains, name) ? DRAWN_MAIN : 0u);
}

/* "Unit" is a place, but in the lists of what is counted; "until" is of a period under way, but
 * where there is none. */
static const char *title_of_column(const struct table *table, const char *name)
{
	const struct title *title = title_find(name);

	if (strcmp(name, "until") == 0 && table_find(table, "period") == TABLE_NO_COLUMN)
		return _("Until");
	if (strcmp(name, "unit") == 0 && (table_find(table, "time_agg") != TABLE_NO_COLUMN ||
					  table_find(table, "formula") != TABLE_NO_COLUMN))
		return _("Unit of measure");
	return title ? _(title->text) : name;
}

static void column_add(struct drawing *drawing, size_t column)
{
	const char *name = table_column(drawing->table, column);

	if (!says_anything(drawing->table, column) || drawing->n == COLUMNS_MAX)
		return;
	bool numbers = holds_numbers(drawing->table, column);
	drawing->numbers[drawing->n] = numbers;
	if (numbers)
		drawing->fraction[drawing->n] = longest_fraction(drawing->table, column);
	drawing->columns[drawing->n++] = column;
	drawn_column(drawing->drawn, title_of_column(drawing->table, name),
		     traits_of(name, numbers));
}

/* The column whose name is @name[@len], if there is one. */
static void column_add_named(struct drawing *drawing, const char *name, size_t len)
{
	for (size_t i = 0; i < table_columns(drawing->table); i++) {
		const char *column = table_column(drawing->table, i);

		if (strlen(column) == len && strncmp(column, name, len) == 0) {
			column_add(drawing, i);
			return;
		}
	}
}

static void columns_add(struct drawing *drawing, const char *show)
{
	for (size_t i = 0; !show && i < table_columns(drawing->table); i++)
		column_add(drawing, i);
	for (const char *at = show; at && *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");

		column_add_named(drawing, at, len);
		at += len;
	}
}

/* So that points stand below one another: the number, and blanks for the digits it has not. */
static int put_number(struct blob *out, const char *name, const char *number, size_t fraction)
{
	int rc = listed(ordinals, name) ? blob_append(out, number, strlen(number))
					: number_told(number, out);

	for (size_t i = fraction_len(number); i < fraction && rc == 0; i++)
		rc = blob_append(out, " ", 1);
	if (rc == 0 && listed(percents, name) && *number)
		rc = blob_append(out, " %", 2);
	return rc;
}

static int put_pairs(struct blob *out, const char *pairs)
{
	int rc = 0;

	for (const char *at = pairs; *at && rc == 0;) {
		size_t len = strcspn(at, ";"), name = strcspn(at, "=;");
		struct blob value = { 0 };

		rc = blob_append(out, at, name);
		if (rc == 0 && name < len) {
			rc = name + 1 < len ? blob_append(&value, at + name + 1, len - name - 1)
					    : blob_append(&value, "-", 1);
			if (rc == 0)
				rc = blob_append(&value, "", 1);
			if (rc == 0)
				rc = blob_append(out, ": ", 2);
			if (rc == 0)
				rc = number_told((const char *)value.data, out);
			blob_free(&value);
		}
		at += len;
		if (rc == 0 && *at == ';') {
			rc = blob_append(out, "; ", 2);
			at++;
		}
	}
	return rc;
}

/* The cell as it is drawn, NUL-terminated. */
static int put_cell(struct blob *out, const struct drawing *drawing, size_t i, const char *cell)
{
	const char *name = table_column(drawing->table, drawing->columns[i]);
	int rc;

	if (*cell && trait(name, WORDS))
		cell = _(cell);
	if (drawing->numbers[i])
		rc = put_number(out, name, cell, drawing->fraction[i]);
	else if (trait(name, PAIRS))
		rc = put_pairs(out, cell);
	else
		rc = blob_append(out, cell, strlen(cell));
	return rc == 0 ? blob_append(out, "", 1) : rc;
}

static enum gravity gravity_of(const char *name, const char *cell)
{
	for (size_t i = 0; i < sizeof(grave) / sizeof(grave[0]); i++) {
		if (strcmp(grave[i].column, name) != 0 || !*cell)
			continue;
		if (listed(grave[i].cells, "*") || listed(grave[i].cells, cell) ||
		    (listed(grave[i].cells, "+") && number_is_plain(cell) &&
		     cell[strspn(cell, "0.-")]))
			return grave[i].gravity;
	}
	return GRAVITY_NONE;
}

static int row_add(struct drawing *drawing, size_t row)
{
	drawn_row(drawing->drawn);
	for (size_t i = 0; i < drawing->n; i++) {
		const char *cell = table_cell(drawing->table, row, drawing->columns[i]),
			   *name = table_column(drawing->table, drawing->columns[i]);
		struct blob text = { 0 };
		int rc = put_cell(&text, drawing, i, cell ? cell : "");

		if (rc == 0)
			drawn_cell(drawing->drawn, (const char *)text.data,
				   gravity_of(name, cell ? cell : ""));
		blob_free(&text);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int draw_table(const struct table *table, const char *show, const struct drawn_room *room,
	       FILE *out, struct err *err)
{
	struct drawing drawing = { .drawn = drawn_open(), .table = table };
	int rc = drawing.drawn ? 0 : -ENOMEM;

	if (rc == 0)
		columns_add(&drawing, show);
	for (size_t row = 0; row < table_rows(table) && rc == 0; row++)
		rc = row_add(&drawing, row);
	rc = rc < 0 ? err_memory(err) : drawn_print(drawing.drawn, room, out, err);
	drawn_close(drawing.drawn);
	return rc;
}
