/* The rows come in the order in which they are read: each total, its offices, their entries, then
 * the acts. Each is told by lines of its own, further to the right the further down it is. */
#include "cli/cmd_explain.h"

#include "cli/args.h"
#include "cli/order.h"
#include "cli/output.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/answer.h"
#include "common/text/csv_table.h"
#include "common/text/number_told.h"
#include "export/head.h"
#include "feed/client.h"

#include <stdio.h>
#include <string.h>

#define WIDTH     78u /* columns of a terminal, and one to spare */
#define TEXT_ROOM 1024u

/* Words of the aggregator's data, here only to be translated. */
static const char *const words[] __attribute__((unused)) = {
	N_("on time"), N_("late"), N_("partly"), N_("carried"), N_("excused"),
	N_("missing"), N_("held"), N_("extra"),  N_("not due"),
};

/* How whole a total is, where it has a value; its reason says the rest. */
static const struct {
	const char *state, *text;
} states[] = {
	{ "complete", N_("complete") },
	{ "partial", N_("not all that was due is in it") },
	{ "carried", N_("some of it is carried from before") },
	{ "open", N_("the period is under way") },
};

static const char *state_text(const char *state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].state, state) == 0)
			return _(states[i].text);
	return "";
}

/* How many columns a terminal takes for @text[@n], nearly: its characters. */
static size_t columns_of(const char *text, size_t n)
{
	size_t columns = 0;
	for (size_t i = 0; i < n; i++)
		columns += ((unsigned char)text[i] & 0xc0u) != 0x80;
	return columns;
}

/* @text in lines that begin @indent to the right, broken between words. */
static void paragraph(int indent, const char *text)
{
	size_t column = 0;
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, " "), wide = columns_of(at, n);
		if (column > 0 && column + 1 + wide > WIDTH - (size_t)indent) {
			printf("\n");
			column = 0;
		}
		if (column == 0)
			printf("%*s", indent, "");
		printf("%s%.*s", column ? " " : "", (int)n, at);
		column += wide + (column > 0);
		at += n;
		at += strspn(at, " ");
	}
	printf("\n");
}

struct seen { /* a row of the answer */
	const struct table *table;
	size_t row;
};

static const char *text_of(const struct seen *row, const char *name)
{
	const char *cell = table_cell_of(row->table, row->row, name);
	return cell ? cell : "";
}

#define TOLD_ROOM NUMBER_ROOM(64)
/* A number as people read it, the minute of an instant; @instead when there is none. */
static const char *told(const char *text, const char *instead, char room[TOLD_ROOM])
{
	size_t len = strlen(text);

	if (len == 0)
		return instead;
	if (len <= 64 && number_is_plain(text))
		(void)number_print(text, "-", room);
	else if (len >= 16 && text[10] == 'T')
		(void)utf8_print(room, TOLD_ROOM, "%.10s %.5s", text, text + 11);
	else
		return text;
	return room;
}

static bool is_true(const struct seen *row, const char *name)
{
	return strcmp(text_of(row, name), "true") == 0;
}

/* Behind a comma, where there is any. */
static size_t add(char line[TEXT_ROOM], size_t len, const char *separator, const char *text)
{
	return *text ? len + utf8_print(line + len, TEXT_ROOM - len, "%s%s", separator, text) : len;
}

static size_t add_count(char line[TEXT_ROOM], size_t len, const struct seen *row, const char *name,
			const char *title)
{
	const char *n = text_of(row, name);
	char room[TOLD_ROOM];
	return !*n || strcmp(n, "0") == 0 ? len
					  : len + utf8_print(line + len, TEXT_ROOM - len,
							     "; %s: %s", title, told(n, "", room));
}

static void print_counts(int indent, const struct seen *row)
{
	char line[TEXT_ROOM] = "";
	size_t len = 0;
	const struct {
		const char *name, *title;
	} counts[] = { { "due", _("Reports due") },       { "reported", _("Reported") },
		       { "on_time", _("On time") },       { "carried", _("Carried") },
		       { "excused", _("Excused") },       { "missing", _("Missing") },
		       { "waiting", _("In quarantine") }, { "extra", _("Extra") },
		       { "revisions", _("Revisions") } };
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		len = add_count(line, len, row, counts[i].name, counts[i].title);
	if (len > 0)
		paragraph(indent, line + 2);
}

static void print_total(const struct seen *row, const char *unit)
{
	const char *area = text_of(row, "area"), *state = state_text(text_of(row, "state"));
	char line[TEXT_ROOM] = "", room[TOLD_ROOM];
	const char *value = text_of(row, "value");
	bool operand = strcmp(text_of(row, "part"), "operand") == 0;
	int indent = operand ? 2 : 0;
	size_t len = utf8_print(line, sizeof(line), "%s, %s", text_of(row, "metric"),
				text_of(row, "period"));
	len = add(line, len, ", ", *area ? area : _("rest"));
	len = add(line, len, " ", text_of(row, "area_name"));
	len = add(line, len, ": ", told(value, _("no value"), room));
	if (!operand && *value)
		len = add(line, len, " ", unit);
	if (*state)
		len += utf8_print(line + len, sizeof(line) - len, " (%s)", state);
	printf("\n");
	paragraph(indent, line);
	if (*text_of(row, "reason"))
		paragraph(indent + 2, text_of(row, "reason"));
	if (*text_of(row, "how"))
		paragraph(indent + 2, text_of(row, "how"));
	print_counts(indent + 2, row);
}

static void print_office(const struct seen *row)
{
	char line[TEXT_ROOM] = "", room[TOLD_ROOM];
	const char *value = text_of(row, "value"), *area = text_of(row, "area");
	size_t len = utf8_print(line, sizeof(line), "%s %s: %s", text_of(row, "office"),
				text_of(row, "name"), told(value, _("no value"), room));
	len = add(line, len, ", ", _(text_of(row, "state")));
	if (!*text_of(row, "into"))
		len = add(line, len, "; ", _("in the last row"));
	if (*area) {
		len += utf8_print(line + len, sizeof(line) - len, _("; in %s"), area);
		len = add(line, len, " ", text_of(row, "area_name"));
	}
	paragraph(4, line);
	if (*text_of(row, "reason"))
		paragraph(6, text_of(row, "reason"));
}

/* "released from quarantine on 2025-07-03 by An, event 17". */
static void print_event(const struct seen *row)
{
	char line[TEXT_ROOM] = "", room[TOLD_ROOM];
	const char *who = text_of(row, "shown_name"), *act = text_of(row, "act");
	size_t len = add(line, 0, "", text_of(row, "reason"));
	if (!*text_of(row, "event_at")) {
		if (len > 0)
			paragraph(8, line);
		return;
	}
	len = add(line, len, len ? "; " : "", *act ? act : _("mended"));
	len = add(line, len, " ", told(text_of(row, "event_at"), "", room));
	len = add(line, len, ", ", *who ? who : text_of(row, "who"));
	if (*text_of(row, "event"))
		(void)utf8_print(line + len, sizeof(line) - len, _(", event %s"),
				 text_of(row, "event"));
	paragraph(8, line);
}

static void print_entry(const struct seen *row)
{
	char line[TEXT_ROOM] = "", room[TOLD_ROOM];
	const char *became = text_of(row, "became");
	const char *author = text_of(row, "author_name");
	size_t len = utf8_print(line, sizeof(line), "%s %s", is_true(row, "counted") ? "*" : "-",
				text_of(row, "period"));
	len = add(line, len, " ", text_of(row, "labels"));
	len = add(line, len, ": ", told(became, _("withdrawn"), room));
	len = add(line, len, ", ", _(text_of(row, "change")));
	if (is_true(row, "late"))
		len = add(line, len, ", ", _("late"));
	len += utf8_print(line + len, sizeof(line) - len, _("; received %s"),
			  told(text_of(row, "received"), "", room));
	paragraph(6, line);
	len = utf8_print(line, sizeof(line), _("journal entry %s, batch %s of spool %s"),
			 text_of(row, "entry"), text_of(row, "batch"), text_of(row, "spool"));
	len = add(line, len, "; ", *author ? author : text_of(row, "author"));
	if (is_true(row, "from_province"))
		len = add(line, len, ", ", _("recorded by the province"));
	(void)add(line, len, "; ", text_of(row, "note"));
	paragraph(8, line);
	print_event(row);
}

static void print_act(const struct seen *row, bool first)
{
	char line[TEXT_ROOM] = "", room[TOLD_ROOM];
	const char *who = text_of(row, "shown_name");
	size_t len = utf8_print(line, sizeof(line), "%s %s, %s",
				told(text_of(row, "event_at"), "", room), text_of(row, "act"),
				*who ? who : text_of(row, "who"));
	if (*text_of(row, "event"))
		(void)utf8_print(line + len, sizeof(line) - len, _(", event %s"),
				 text_of(row, "event"));
	if (first)
		printf("\n%s\n", _("Acts that may have touched it, newest first:"));
	paragraph(2, line);
	if (*text_of(row, "detail"))
		paragraph(4, text_of(row, "detail"));
}

/* What was left out, and how to have it. */
static void print_end(const json_t *head, bool counted)
{
	const char *next = answer_text(head, "next"), *since = answer_text(head, "acts_since");
	printf("\n");
	if (counted)
		printf("%s\n", _("* counts in the value; - does not"));
	if (strcmp(answer_text(head, "entries"), "no") == 0)
		printf("%s\n", _("For entries and acts of one office: --office CODE."));
	if (*next)
		printf(_("There are more offices: %lld of %lld are shown; go on with --after "
			 "%s.\n"),
		       answer_number(head, "shown"), answer_number(head, "offices"), next);
	if (*since)
		printf(_("There are more acts, before event %s; the audit has them.\n"), since);
}

/* The answer as it comes: what stands before its rows, and these. */
struct coming {
	struct blob rows;
	json_t *head; /* owned */
};

static int on_piece(void *context, const void *data, size_t len, struct err *err)
{
	struct coming *coming = context;
	return blob_append(&coming->rows, data, len) < 0 ? err_memory(err) : 0;
}

static int on_head(void *context, const char *value, struct err *err)
{
	struct coming *coming = context;
	coming->head = value ? answer_read(value, strlen(value)) : NULL;
	return coming->head ? 0 : output_strange(err);
}

static int print(const struct coming *coming, struct err *err)
{
	const json_t *head = json_object_get(coming->head, "explain");
	const json_t *query = json_object_get(coming->head, "query");
	const char *called = answer_text(query, "unit_called");
	const char *unit = *called ? called : answer_text(query, "unit");
	struct table *table = NULL;
	struct err why;
	bool counted = false, acts = false;
	if (!json_is_object(head) ||
	    csv_table((const char *)coming->rows.data, coming->rows.len, &table, &why) < 0)
		return output_strange(err);
	for (size_t i = 0; i < table_rows(table); i++) {
		const struct seen row = { table, i };
		const char *part = text_of(&row, "part");
		if (strcmp(part, "office") == 0)
			print_office(&row);
		else if (strcmp(part, "entry") == 0)
			print_entry(&row);
		else if (strcmp(part, "act") == 0)
			print_act(&row, !acts);
		else
			print_total(&row, unit);
		counted |= is_true(&row, "counted");
		acts |= strcmp(part, "act") == 0;
	}
	print_end(head, counted);
	table_close(table);
	return 0;
}

static int ask_and_print(const struct order *order, struct request *request, struct err *err)
{
	struct coming coming = { 0 };
	struct blob nothing = { 0 };
	request->accept = output_type(FORMAT_CSV);
	request->on_piece = on_piece;
	request->on_field = on_head;
	request->field = HEAD_FIELD;
	request->context = &coming;
	int rc = client_ask(order->api, request, &nothing, err);
	if (rc == 0)
		rc = print(&coming, err);
	blob_free(&nothing);
	blob_free(&coming.rows);
	json_decref(coming.head);
	return rc;
}

int cmd_explain_run(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	struct blob labels = { 0 };
	int rc = args_labels(args, &labels);
	const struct argument arguments[] = { { "name", args->words[0] },
					      { "area", args_option(args, "area") },
					      { "period", args_option(args, "period") },
					      { "labels", (const char *)labels.data },
					      { "calendar", args_option(args, "calendar") },
					      { "structure", args_option(args, "structure") },
					      { "known", args_option(args, "known") },
					      { "publication", args_option(args, "publication") },
					      { "office", args_option(args, "office") },
					      { "most", args_option(args, "most") },
					      { "after", args_option(args, "after") } };
	const size_t n = sizeof(arguments) / sizeof(arguments[0]);
	struct request request = order_request(order);

	rc = rc < 0 ? err_memory(err) : 0;
	request.arguments = arguments;
	request.n_arguments = n;
	if (rc == 0 && order->format != FORMAT_TABLE)
		rc = order_ask_rows(order, arguments, n, err);
	else if (rc == 0)
		rc = ask_and_print(order, &request, err);
	blob_free(&labels);
	return rc;
}
