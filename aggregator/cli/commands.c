#include "cli/commands.h"

#include "cli/args.h"
#include "cli/cmd_alerts.h"
#include "cli/cmd_backup.h"
#include "cli/cmd_changes.h"
#include "cli/cmd_explain.h"
#include "cli/cmd_export.h"
#include "cli/cmd_invite.h"
#include "cli/cmd_map.h"
#include "cli/cmd_record.h"
#include "cli/cmd_report.h"
#include "cli/cmd_setup.h"
#include "cli/cmd_top.h"
#include "cli/cmd_verify.h"
#include "cli/order.h"
#include "cli/output.h"
#include "cli/upload.h"
#include "cli/usage.h"
#include "common/base/i18n.h"
#include "common/sys/screen.h"
#include "feed/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ASKING "area by per from to last label calendar structure known publication sort top"

static int import(const struct order *order, struct err *err)
{
	const struct argument yes = { "yes", args_option(order->args, "yes") ? "1" : NULL };
	struct blob file = { 0 };
	int rc = upload_read(order->args->words[0], &file, err);

	if (rc == 0)
		rc = order_import(order, &file, "text/csv", &yes, err);
	blob_free(&file);
	return rc;
}

static int office_import(const struct order *order, struct err *err)
{
	bool trial = args_option(order->args, "dry-run");

	return args_option(order->args, "invite") && !trial ? cmd_invite_import(order, err)
							    : import(order, err);
}

static int office_add(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument fields[] = { { "code", args->words[0] },
					   { "name", args_option(args, "name") },
					   { "unit", args_option(args, "unit") },
					   { "from", args_option(args, "from") } };

	return order_post(order, fields, sizeof(fields) / sizeof(fields[0]), err);
}

static int office_move(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument fields[] = { { "code", args->words[0] },
					   { "unit", args_option(args, "unit") },
					   { "from", args_option(args, "from") } };

	return order_post(order, fields, sizeof(fields) / sizeof(fields[0]), err);
}

static int office_rename(const struct order *order, struct err *err)
{
	const struct argument fields[] = { { "code", order->args->words[0] },
					   { "name", order->args->words[1] } };

	return order_post(order, fields, sizeof(fields) / sizeof(fields[0]), err);
}

/* From a day on, of one office or of all that stood on a unit which ended then. */
static int office_on(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument fields[] = { { "code", args->n_words ? args->words[0] : NULL },
					   { "on", args_option(args, "on") } };

	return order_post(order, fields, sizeof(fields) / sizeof(fields[0]), err);
}

static int post_code(const struct order *order, struct err *err)
{
	const struct argument field = { "code", order->args->words[0] };

	return order_post(order, &field, 1, err);
}

static int office_invite(const struct order *order, struct err *err)
{
	const struct argument fields[] = { { "code", order->args->words[0] },
					   { "days", args_option(order->args, "days") } };

	return args_option(order->args, "into") ? cmd_invite_one(order, err)
						: order_post(order, fields, 2, err);
}

/* A list that may go on: when it does, a person is told so. */
static int pages(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument arguments[] = { { "code", args->n_words ? args->words[0] : NULL },
					      { "most", args_option(args, "most") },
					      { "before", args_option(args, "before") } };
	struct request request = order_request(order);

	if (order->format != FORMAT_TABLE && order->format != FORMAT_JSON)
		return order_ask_rows(order, arguments, 3, err);
	request.arguments = arguments;
	request.n_arguments = 3;
	return order_ask_report(order, &request, err);
}

static int audit(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument arguments[] = {
		{ "who", args_option(args, "who") },       { "kind", args_option(args, "kind") },
		{ "office", args_option(args, "office") }, { "from", args_option(args, "from") },
		{ "to", args_option(args, "to") },         { "after", args_option(args, "after") },
		{ "before", args_option(args, "before") }, { "most", args_option(args, "most") }
	};
	const size_t n = sizeof(arguments) / sizeof(arguments[0]);
	struct request request = order_request(order);

	if (order->format != FORMAT_TABLE && order->format != FORMAT_JSON)
		return order_ask_rows(order, arguments, n, err);
	request.arguments = arguments;
	request.n_arguments = n;
	return order_ask_report(order, &request, err);
}

static int list(const struct order *order, struct err *err)
{
	const struct argument arguments[] = { { "code", order->args->n_words ? order->args->words[0]
									     : NULL },
					      { "most", args_option(order->args, "most") },
					      { "known", args_option(order->args, "known") } };

	return order_ask_rows(order, arguments, 3, err);
}

/* The register; or, as soon as anything is asked for of whom one hears, that. */
static int office_list(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const char *silent = args_option(args, "silent"), *behind = args_option(args, "behind");
	bool late = args_option(args, "late"), all = args_option(args, "heard");

	if (silent && !*silent)
		silent = args->n_words > 0 ? args->words[0] : "1";
	const struct argument arguments[] = { { "silent", silent },
					      { "late", late ? "1" : NULL },
					      { "behind", behind },
					      { "all", all ? "1" : NULL } };
	const char *path =
		silent || late || behind || all ? "/v1/offices/heard" : args->command->path;

	return order_ask_rows_at(order, path, arguments, 4, err);
}

static int query(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	struct blob labels = { 0 };
	int rc = args_labels(args, &labels);
	const struct argument arguments[] = { { "name", args->n_words ? args->words[0] : NULL },
					      { "area", args_option(args, "area") },
					      { "by", args_option(args, "by") },
					      { "per", args_option(args, "per") },
					      { "from", args_option(args, "from") },
					      { "to", args_option(args, "to") },
					      { "last", args_option(args, "last") },
					      { "sort", args_option(args, "sort") },
					      { "top", args_option(args, "top") },
					      { "labels", (const char *)labels.data },
					      { "calendar", args_option(args, "calendar") },
					      { "structure", args_option(args, "structure") },
					      { "known", args_option(args, "known") },
					      { "publication", args_option(args, "publication") },
					      { "by_label", args_option(args, "by-label") },
					      { "form", args_option(args, "form") },
					      { "versus", args_option(args, "versus") },
					      { "rank", args_option(args, "rank") ? "1" : NULL },
					      { "total", args_option(args, "total") ? "1" : NULL },
					      { "revisions",
						args_option(args, "revisions") ? "1" : NULL } };

	rc = rc < 0 ? err_memory(err)
		    : order_ask_rows(order, arguments, sizeof(arguments) / sizeof(arguments[0]),
				     err);
	blob_free(&labels);
	return rc;
}

static int quality(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument arguments[] = { { "area", args_option(args, "area") },
					      { "office", args_option(args, "office") },
					      { "metric", args_option(args, "metric") },
					      { "from", args_option(args, "from") },
					      { "to", args_option(args, "to") } };

	return order_ask_rows(order, arguments, sizeof(arguments) / sizeof(arguments[0]), err);
}

/* What fires; or, behind a number, what was told since. */
static int alerts(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument arguments[] = { { "kind", args_option(args, "kind") },
					      { "office", args_option(args, "office") },
					      { "after", args_option(args, "after") },
					      { "all", args_option(args, "all") ? "1" : NULL } };

	return order_ask_rows(order, arguments, sizeof(arguments) / sizeof(arguments[0]), err);
}

static const char *yes_if_given(const struct args *args, const char *option)
{
	return args_option(args, option) ? "yes" : NULL;
}

static int release(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument fields[] = { { "entry", args_option(args, "entry") },
					   { "office", args_option(args, "office") },
					   { "metric", args_option(args, "metric") },
					   { "all", yes_if_given(args, "all") },
					   { "closed", yes_if_given(args, "closed") },
					   { "older_copy", yes_if_given(args, "older-copy") } };

	const size_t n = sizeof(fields) / sizeof(fields[0]);
	struct request trial = order_request(order);

	if (!args_option(args, "dry-run"))
		return order_post_for_report(order, fields, n, err);
	trial.method = "GET";
	trial.arguments = fields;
	trial.n_arguments = n;
	return order_ask_report(order, &trial, err);
}

static int closing(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument fields[] = { { "period", args->words[0] },
					   { "metric", args_option(args, "metric") },
					   { "calendar", args_option(args, "calendar") } };

	return order_post(order, fields, sizeof(fields) / sizeof(fields[0]), err);
}

static int excuse(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument fields[] = { { "office", args_option(args, "office") },
					   { "metric", args_option(args, "metric") },
					   { "form", args_option(args, "form") },
					   { "period", args_option(args, "period") },
					   { "to", args_option(args, "to") },
					   { "calendar", args_option(args, "calendar") },
					   { "reason", args_option(args, "reason") } };

	return order_post(order, fields, sizeof(fields) / sizeof(fields[0]), err);
}

static int excuse_end(const struct order *order, struct err *err)
{
	const struct argument field = { "excuse", order->args->words[0] };

	return order_post(order, &field, 1, err);
}

static int excuse_list(const struct order *order, struct err *err)
{
	const struct argument arguments[] = { { "office", args_option(order->args, "office") },
					      { "known", args_option(order->args, "known") } };

	return order_ask_rows(order, arguments, 2, err);
}

static int history(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument arguments[] = { { "name", args->words[0] },
					      { "most", args_option(args, "most") },
					      { "before", args_option(args, "before") } };
	struct request request = order_request(order);

	if (order->format == FORMAT_CSV)
		return order_ask_rows(order, arguments, 3, err);
	request.arguments = arguments;
	request.n_arguments = 3;
	return order_ask_report(order, &request, err);
}

static int publish(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument fields[] = { { "name", args->words[0] },
					   { "period", args->words[1] },
					   { "calendar", args_option(args, "calendar") },
					   { "structure", args_option(args, "structure") } };

	return order_post(order, fields, sizeof(fields) / sizeof(fields[0]), err);
}

static int account_name(const struct order *order, struct err *err)
{
	const struct argument fields[] = { { "account", order->args->words[0] },
					   { "shown", order->args->words[1] } };

	return order_post(order, fields, 2, err);
}

/* The token alone goes to the output, which may be a file; what people should know, beside it. */
static int token_add(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument fields[] = { { "name", args->words[0] },
					   { "role", args_option(args, "role") },
					   { "office", args_option(args, "office") },
					   { "expires", args_option(args, "expires") } };
	int rc = order_post(order, fields, sizeof(fields) / sizeof(fields[0]), err);

	if (rc == 0 && order->format == FORMAT_TABLE)
		screen_tell(
			"%s\n",
			_("This token is not shown again. Keep it in a file that only its owner "
			  "may "
			  "read (chmod 600), and hand it over like a password."));
	return rc;
}

static int token_revoke(const struct order *order, struct err *err)
{
	const struct argument field = { "name", order->args->words[0] };

	return order_post(order, &field, 1, err);
}

static int office_show(const struct order *order, struct err *err)
{
	const struct argument code = { "code", order->args->words[0] };
	struct request request = order_request(order);

	if (order->format != FORMAT_TABLE)
		return list(order, err);
	request.arguments = &code;
	request.n_arguments = 1;
	return order_ask_report(order, &request, err);
}

static int office_heads(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	const struct argument arguments[] = { { "code", args->n_words ? args->words[0] : NULL },
					      { "all", args_option(args, "all") ? "1" : NULL },
					      { "days", args_option(args, "days") },
					      { "since", args_option(args, "since") } };
	struct request request = order_request(order);

	if (order->format == FORMAT_CSV)
		return order_ask_rows(order, arguments, 4, err);
	request.arguments = arguments;
	request.n_arguments = 4;
	return order_ask_report(order, &request, err);
}

static int office_tell(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	bool all = args_option(args, "all");
	struct blob labels = { 0 };
	int rc = args_labels(args, &labels) < 0 ? err_memory(err) : 0;
	const struct argument fields[] = { { "code", all ? NULL : args->words[0] },
					   { "all", yes_if_given(args, "all") },
					   { "text", args->words[args->n_words - 1] },
					   { "metric", args_option(args, "metric") },
					   { "period", args_option(args, "period") },
					   { "labels", (const char *)labels.data } };

	if (rc == 0)
		rc = order_post(order, fields, sizeof(fields) / sizeof(fields[0]), err);
	blob_free(&labels);
	return rc;
}

static int status(const struct order *order, struct err *err)
{
	struct request request = order_request(order);
	struct blob answer = { 0 };
	int rc = client_ask(order->api, &request, &answer, err);

	if (rc == 0)
		rc = output_report(order, &answer, err);
	if (rc == 0)
		rc = output_is_ill(&answer);
	blob_free(&answer);
	return rc;
}

static int change_show(const struct order *order, struct err *err)
{
	struct request request = order_request(order);

	return order_ask_report(order, &request, err);
}

static int change_cancel(const struct order *order, struct err *err)
{
	struct request request = order_request(order);

	return order_ask_value(order, &request, err);
}

static int labels(const struct order *order, struct err *err)
{
	const struct argument argument = { "name", order->args->words[0] };

	return order_ask_rows(order, &argument, 1, err);
}

static const char rows_changed[] = N_("%s rows were changed.\n");
static const char row_changed[] = N_("1 row was changed.\n");
static const char nothing_changed[] = N_("Nothing was changed: it was so already.\n");
static const char figures[] =
	"received metric row office area name labels period until label label_name value "
	"before_period before was became change change_percent change_reason late entry batch "
	"author author_name from_province note event act event_at who shown_name targets rank "
	"before_reported before_due before_missing "
	"offices_reported offices_due missing waiting carried excused extra "
	"operands reason";

const struct command commands[] = {
	{ .words = "setup",
	  .usage = "[NAME|./FOLDER] [--dry-run] [--yes]",
	  .help = N_("Import a province's reference data: units, successors, catalogue, "
		     "indicators, code lists, rules, days off and map. Without a name, list those "
		     "that are installed; a folder of yours is given with a slash. Running it "
		     "again changes only what differs."),
	  .options = "dry-run yes",
	  .n_more = 1,
	  .run = cmd_setup_run },
	{ .words = "units import",
	  .usage = "FILE [--dry-run] [--yes]",
	  .help = N_("Import an edition of the administrative units from a CSV file: code, name, "
		     "level, parent, valid_from, valid_to. All rows or none; the rollups are "
		     "rebuilt."),
	  .options = "dry-run yes",
	  .n_words = 1,
	  .run = import,
	  .method = "PUT",
	  .path = "/v1/units",
	  .done = rows_changed,
	  .one = row_changed,
	  .none = nothing_changed },
	{ .words = "units export",
	  .usage = "",
	  .help = N_("Print the administrative units as CSV."),
	  .run = list,
	  .method = "GET",
	  .path = "/v1/units",
	  .usual = FORMAT_CSV },
	{ .words = "successors import",
	  .usage = "FILE [--dry-run] [--yes]",
	  .help = N_("Import from a CSV file which units followed which: effective_on, old_code, "
		     "new_code, share. Import the units first."),
	  .options = "dry-run yes",
	  .n_words = 1,
	  .run = import,
	  .method = "PUT",
	  .path = "/v1/successors",
	  .done = rows_changed,
	  .one = row_changed,
	  .none = nothing_changed },
	{ .words = "successors export",
	  .usage = "",
	  .help = N_("Print the successors of units as CSV."),
	  .run = list,
	  .method = "GET",
	  .path = "/v1/successors",
	  .usual = FORMAT_CSV },
	{ .words = "catalogue import",
	  .usage = "FILE [--dry-run] [--yes]",
	  .help = N_("Import the catalogue of metrics from a CSV file; offices that are connected "
		     "have it within a quarter of an hour."),
	  .options = "dry-run yes",
	  .n_words = 1,
	  .run = import,
	  .method = "PUT",
	  .path = "/v1/catalogue",
	  .done = rows_changed,
	  .one = N_("The catalogue was changed.\n"),
	  .none = nothing_changed },
	{ .words = "catalogue export",
	  .usage = "",
	  .help = N_("Print the catalogue of metrics as it was imported."),
	  .run = list,
	  .method = "GET",
	  .path = "/v1/catalogue",
	  .usual = FORMAT_CSV },
	{ .words = "indicators import",
	  .usage = "FILE [--dry-run] [--yes]",
	  .help = N_("Import indicators, their formulas and targets from a CSV file. They may name "
		     "only metrics of the catalogue."),
	  .options = "dry-run yes",
	  .n_words = 1,
	  .run = import,
	  .method = "PUT",
	  .path = "/v1/indicators",
	  .done = rows_changed,
	  .one = N_("The list of indicators was changed.\n"),
	  .none = nothing_changed },
	{ .words = "indicators export",
	  .usage = "",
	  .help = N_("Print the indicators as they were imported."),
	  .run = list,
	  .method = "GET",
	  .path = "/v1/indicators",
	  .usual = FORMAT_CSV },
	{ .words = "dimensions import",
	  .usage = "FILE [--dry-run] [--yes]",
	  .help = N_("Import from a CSV file what labels may be: dimension, code, label_vi, "
		     "label_en, valid_from, valid_to. It decides about figures that come from now "
		     "on; offices that are connected have it within a quarter of an hour."),
	  .options = "dry-run yes",
	  .n_words = 1,
	  .run = import,
	  .method = "PUT",
	  .path = "/v1/dimensions",
	  .done = rows_changed,
	  .one = N_("The code lists were changed.\n"),
	  .none = nothing_changed },
	{ .words = "dimensions export",
	  .usage = "",
	  .help = N_("Print the code lists of the dimensions as they were imported."),
	  .run = list,
	  .method = "GET",
	  .path = "/v1/dimensions",
	  .usual = FORMAT_CSV },
	{ .words = "rules import",
	  .usage = "FILE [--dry-run] [--yes]",
	  .help = N_("Import from a CSV file what figures must be to each other: name, left, op, "
		     "right, severity, label_vi, label_en, from. Offices hold figures to it as "
		     "they come in, within a quarter of an hour where they are connected; no total "
		     "changes."),
	  .options = "dry-run yes",
	  .n_words = 1,
	  .run = import,
	  .method = "PUT",
	  .path = "/v1/rules",
	  .done = rows_changed,
	  .one = N_("The rules were changed.\n"),
	  .none = nothing_changed },
	{ .words = "rules export",
	  .usage = "",
	  .help = N_("Print the rules as they were imported."),
	  .run = list,
	  .method = "GET",
	  .path = "/v1/rules",
	  .usual = FORMAT_CSV },
	{ .words = "calendar import",
	  .usage = "FILE [--dry-run] [--yes]",
	  .help = N_(
		  "Import from a CSV file on which days nobody works: from, to, kind (off, work, "
		  "weekend), name_vi, name_en. A due date that falls on such a day moves to the "
		  "next working day; who was late is worked out again where that changes it."),
	  .options = "dry-run yes",
	  .n_words = 1,
	  .run = import,
	  .method = "PUT",
	  .path = "/v1/calendar",
	  .done = rows_changed,
	  .one = N_("The calendar was changed.\n"),
	  .none = nothing_changed },
	{ .words = "calendar export",
	  .usage = "",
	  .help = N_("Print the days off as they were imported."),
	  .run = list,
	  .method = "GET",
	  .path = "/v1/calendar",
	  .usual = FORMAT_CSV },
	{ .words = "map import",
	  .usage = "FILE [--structure DAY] [--dry-run]",
	  .help = N_("Import where units stand on the map, which no figure depends on: tiles from "
		     "a CSV file, code, col, row, or borders from a GeoJSON file, whose features "
		     "have the unit's code as id. It holds for the borders of that day, or else "
		     "the latest of its units, and those after, until there is a later map."),
	  .options = "structure dry-run",
	  .n_words = 1,
	  .run = cmd_map_import_run,
	  .method = "PUT",
	  .path = "/v1/maps",
	  .done = N_("%s units were placed on the map.\n") },
	{ .words = "map list",
	  .usage = "",
	  .help = N_("List the maps, and from which day on each holds."),
	  .run = list,
	  .method = "GET",
	  .path = "/v1/maps",
	  .forms = "csv-excel xlsx" },
	{ .words = "map export",
	  .usage = "tiles|borders DAY",
	  .help = N_("Print the map of this kind that holds from this day on, as a file that map "
		     "import takes again with --structure DAY: tiles as CSV, borders as GeoJSON, "
		     "as they were drawn."),
	  .n_words = 2,
	  .run = cmd_map_export_run,
	  .method = "GET",
	  .path = "/v1/maps/file" },
	{ .words = "map remove",
	  .usage = "tiles|borders DAY",
	  .help = N_("Remove the map of this kind that holds from this day on."),
	  .n_words = 2,
	  .run = cmd_map_remove_run,
	  .method = "POST",
	  .path = "/v1/maps/remove",
	  .done = N_("%s maps were removed.\n"),
	  .one = N_("The map was removed.\n"),
	  .none = nothing_changed },
	{ .words = "office add",
	  .usage = "CODE --name NAME --unit CODE [--from DATE]",
	  .help = N_("Add an office that reports for a unit, from today or from a day on. Then "
		     "invite it."),
	  .options = "name unit from",
	  .n_words = 1,
	  .check = usage_office_add,
	  .run = office_add,
	  .method = "POST",
	  .path = "/v1/offices",
	  .done = N_("%s offices were added.\n"),
	  .one = N_("1 office was added.\n"),
	  .none = N_("No office was added: they were there already.\n") },
	{ .words = "office import",
	  .usage = "FILE [--invite FOLDER] [--dry-run]",
	  .help = N_(
		  "Add offices from a CSV file: code, name, unit, from. All rows or none; offices "
		  "that are there already, as the file says, stay as they are."),
	  .options = "invite dry-run",
	  .n_words = 1,
	  .run = office_import,
	  .method = "POST",
	  .path = "/v1/offices",
	  .done = N_("%s offices were added.\n"),
	  .one = N_("1 office was added.\n"),
	  .none = N_("No office was added: they were there already.\n") },
	{ .words = "office move",
	  .usage = "CODE --unit CODE [--from DATE] [--dry-run]",
	  .help = N_("Move an office to another unit, from today or from a day on, past or to "
		     "come; its figures since then go along. --unit - means to none: they wait in "
		     "quarantine. The same day again replaces what was said of it."),
	  .options = "unit from dry-run",
	  .n_words = 1,
	  .check = usage_office_move,
	  .run = office_move,
	  .method = "POST",
	  .path = "/v1/offices/move",
	  .done = N_("%s offices were moved.\n"),
	  .one = N_("The office was moved.\n"),
	  .none = nothing_changed },
	{ .words = "office rename",
	  .usage = "CODE NAME [--dry-run]",
	  .help = N_("Rename an office, from now on. Asked about as known before, it has the name "
		     "that it had."),
	  .options = "dry-run",
	  .n_words = 2,
	  .run = office_rename,
	  .method = "POST",
	  .path = "/v1/offices/rename",
	  .done = N_("%s offices were renamed.\n"),
	  .one = N_("The office was renamed.\n"),
	  .none = nothing_changed },
	{ .words = "office end",
	  .usage = "CODE --on DAY [--dry-run]",
	  .help = N_("End an office: from a day on it reports for no unit and owes nothing. What "
		     "comes late for the days before still counts, so its key stays; when all of "
		     "that is there, revoke the key."),
	  .options = "on dry-run",
	  .n_words = 1,
	  .check = usage_office_on,
	  .run = office_on,
	  .method = "POST",
	  .path = "/v1/offices/end",
	  .done = N_("%s offices were ended.\n"),
	  .one = N_("The office was ended.\n"),
	  .none = nothing_changed },
	{ .words = "office follow",
	  .usage = "--on DAY [--dry-run]",
	  .help = N_(
		  "Move the offices whose unit ended on a day to the unit that followed it. Where "
		  "a unit was divided, or has no successor, somebody has to decide: --dry-run "
		  "lists these, with the units to choose from. Running it again changes nothing."),
	  .options = "on dry-run",
	  .check = usage_office_on,
	  .run = office_on,
	  .method = "POST",
	  .path = "/v1/offices/follow",
	  .done = N_("%s offices followed their units.\n"),
	  .one = N_("One office followed its unit.\n"),
	  .none = N_("No office was moved: those that are left are to be decided by hand.\n") },
	{ .words = "office list",
	  .usage = "[--silent [TIME]] [--late] [--behind VERSION] [--heard]",
	  .help = N_("List the offices and the units they report for today. With an option, list "
		     "instead when the offices that it selects were heard, who needs a call most "
		     "first; several options select the offices of any of them."),
	  .options = "silent late behind heard",
	  .n_more = 1,
	  .check = usage_office_list,
	  .run = office_list,
	  .method = "GET",
	  .path = "/v1/offices",
	  .forms = "csv-excel xlsx",
	  .empty = N_("There is no such office.\n") },
	{ .words = "office show",
	  .usage = "CODE",
	  .help = N_("Show for which units an office has reported, and since when; and how much it "
		     "uses of each limit of one office ([limits] of aggregator.conf)."),
	  .n_words = 1,
	  .run = office_show,
	  .method = "GET",
	  .path = "/v1/offices" },
	{ .words = "office heads",
	  .usage = "[CODE|--all] [--days NUMBER|--since DAY]",
	  .help = N_("Show the newest head of the ledger that each office keeps, as it told when "
		     "it last connected, and whether this ledger has it. The column odd is the "
		     "position of one that it does not have. With --days or --since, one office, "
		     "or with --all every connected one, is asked for the heads of these days; the "
		     "answer tells since when they differ."),
	  .options = "all days since",
	  .n_more = 1,
	  .check = usage_office_heads,
	  .run = office_heads,
	  .method = "GET",
	  .path = "/v1/offices/heads",
	  .empty = N_("No office keeps a head yet.\n") },
	{ .words = "office invite",
	  .usage = "CODE [--into FOLDER] [--days NUMBER]",
	  .help = N_("Print the line with which the office enrols, once: lantoa-agent enrol LINE. "
		     "Hand it over like a password; an earlier line stops working. It is valid for "
		     "[gate] invitation_days of aggregator.conf, or --days."),
	  .options = "into days",
	  .n_words = 1,
	  .run = office_invite,
	  .method = "POST",
	  .path = "/v1/offices/invite",
	  .done = "%s\n" },
	{ .words = "office revoke",
	  .usage = "CODE",
	  .help = N_("Shut the office out at once: its keys and open invitations are revoked. Its "
		     "figures stay."),
	  .n_words = 1,
	  .run = post_code,
	  .method = "POST",
	  .path = "/v1/offices/revoke",
	  .done = N_("%s keys and invitations were revoked.\n"),
	  .one = N_("1 key or invitation was revoked.\n"),
	  .none = N_("There was no key or invitation to revoke.\n") },
	{ .words = "office tell",
	  .usage = "CODE|--all TEXT [--metric NAME --period PERIOD [--label NAME=VALUE]]",
	  .help = N_("Send a message to an office, or to all: it stands on their page and in their "
		     "status until somebody there marks it as read. With a metric and a period it "
		     "asks one office to look at that figure again."),
	  .options = "all metric period label",
	  .n_words = 1,
	  .n_more = 1,
	  .check = usage_office_tell,
	  .run = office_tell,
	  .method = "POST",
	  .path = "/v1/messages",
	  .done = N_("The message was sent to: %s.\n") },
	{ .words = "office messages",
	  .usage = "CODE [--most NUMBER] [--before NUMBER]",
	  .help = N_("List the messages that an office was sent, newest first, by whom, and since "
		     "when each is marked as read there."),
	  .options = "most before",
	  .n_words = 1,
	  .run = pages,
	  .method = "GET",
	  .path = "/v1/messages",
	  .forms = "csv-excel xlsx",
	  .empty = N_("This office was sent no message.\n") },
	{ .words = "record",
	  .usage = "--office CODE METRIC=VALUE... --period PERIOD [--label NAME=VALUE] [--note "
		   "TEXT] "
		   "[--dry-run]",
	  .help = N_("Record figures for an office, as it told them by telephone; METRIC=- "
		     "withdraws one. They count at once under your name, and the office is told. "
		     "What it sends later counts instead, as a revision."),
	  .options = "office period label note dry-run",
	  .n_words = 1,
	  .n_more = SIZE_MAX - 1, /* usage_record() says how many */
	  .check = usage_record,
	  .run = cmd_record_run,
	  .method = "POST",
	  .path = "/v1/figures",
	  .show = "metric labels period was was_from was_author was_at became change warning" },
	{ .words = "query",
	  .usage = "NAME[,NAME...] [OPTIONS]",
	  .help = N_("Print the figures of a metric or indicator, each with how many of the "
		     "reports due are in it. The other formats give further columns. Up to 16 of "
		     "them may be asked for at once, separated by commas."),
	  .options = ASKING " by-label rank revisions versus total",
	  .n_words = 1,
	  .check = usage_query,
	  .run = query,
	  .method = "GET",
	  .path = "/v1/query",
	  .show = figures,
	  .forms = "csv-excel xlsx sdmx-csv",
	  .empty = N_("There are no figures for this question.\n") },
	{ .words = "explain",
	  .usage = "NAME --period PERIOD [--area CODE] [--office CODE] [OPTIONS]",
	  .help = N_("Explain a total: how it adds up, which offices give what to it, by which "
		     "entries of the journal, what was corrected, held and released, and which "
		     "acts touched it; for an indicator, each operand in turn. With more than ten "
		     "offices, entries are listed with --office only."),
	  .options = "area period label calendar structure known publication office most after",
	  .n_words = 1,
	  .check = usage_explain,
	  .run = cmd_explain_run,
	  .method = "GET",
	  .path = "/v1/explain" },
	{ .words = "export sqlite",
	  .usage = "FILE [--metric NAME[,NAME...]] [--area CODE] [--from PERIOD] [--to PERIOD] "
		   "[--per "
		   "GRAIN] [--structure DAY] [--known INSTANT] [--force]",
	  .help = N_(
		  "Write figures into a new SQLite file of flat tables, for DuckDB, R or pandas: "
		  "by "
		  "each level and office, with how complete they are, and the reference data; all "
		  "as known at one moment. Without --metric of every metric and indicator, without "
		  "--from since January of last year, without --per by months."),
	  .options = "metric area from to per structure known force",
	  .n_words = 1,
	  .run = cmd_export_sqlite_run,
	  .done = N_("%s figures were exported.\n"),
	  .one = N_("1 figure was exported.\n"),
	  .none = N_("There was no figure to export.\n") },
	{ .words = "report",
	  .usage = "FILE [--view LINK] [--lang vi|en] [--browser PROGRAM] [--force]",
	  .help = N_("Print a view of the province's page as a PDF: the overview or, with --view, "
		     "the one of a link that a browser shows. It needs a browser on this machine, "
		     "such as chromium, which gets the finished page and no token."),
	  .options = "view lang browser force",
	  .n_words = 1,
	  .check = usage_report,
	  .run = cmd_report_run },
	{ .words = "labels",
	  .usage = "METRIC",
	  .help = N_("List which labels the figures of a metric have, and may have, dimension by "
		     "dimension: whether each is in its list, how many figures, of how many "
		     "offices, from when to when."),
	  .n_words = 1,
	  .run = labels,
	  .method = "GET",
	  .path = "/v1/labels",
	  .forms = "csv-excel xlsx",
	  .empty = N_("No figure of this metric has a label.\n") },
	{ .words = "completeness",
	  .usage = "[METRIC] [OPTIONS]",
	  .help = N_("Name the offices whose report of a metric or, without one, of each form "
		     "(what is reported per month, day, ...) was due and is missing. With --by, "
		     "count for each unit how many reports were due, reported, on time, late, "
		     "carried, excused and missing."),
	  .options = ASKING " form",
	  .n_more = 1,
	  .check = usage_query,
	  .run = query,
	  .method = "GET",
	  .path = "/v1/completeness",
	  .forms = "csv-excel xlsx",
	  .empty = N_("Nothing that was due is missing.\n") },
	{ .words = "quality",
	  .usage = "[--area CODE] [--office CODE] [--metric NAME] [--from PERIOD] [--to PERIOD]",
	  .help = N_("List what somebody should look at among the figures that count: rules that "
		     "are broken, a whole beside its parts, labels of no list, values far from "
		     "those before, and the same value ten periods in a row. Nothing of it is held "
		     "back. Without --from and --to, of this month and the one before."),
	  .options = "area office metric from to",
	  .run = quality,
	  .method = "GET",
	  .path = "/v1/quality",
	  .forms = "csv-excel xlsx",
	  .show = "period area area_name office name problem metric metric_name labels value "
		  "detail",
	  .empty = N_("Nothing needs a look.\n") },
	{ .words = "status",
	  .usage = "",
	  .help = N_("Show how the province is, what it has received, and when each office was "
		     "last heard. The exit status is 1 when something is wrong: figures are not "
		     "taken, or somebody must act."),
	  .run = status,
	  .method = "GET",
	  .path = "/v1/status",
	  .show = "office name unit unit_name key last_contact last_received held batches unsent "
		  "agent" },
	{ .words = "top",
	  .usage = "[--interval SECONDS] [--once]",
	  .help = N_("Show what the province does at this moment, drawn again each second: offices "
		     "that are connected, silent and late, figures a second, how long commits and "
		     "receipts take, the disk, and who needs a call. q or Ctrl-C ends it."),
	  .options = "interval once",
	  .check = usage_top,
	  .run = cmd_top_run,
	  .path = "/v1/metrics" },
	{ .words = "alerts follow",
	  .usage = "--hook PROGRAM --into FOLDER [--wait SECONDS]",
	  .help = N_("Tell a program of each alert that fires or is over, as one line of JSON on "
		     "its standard input, in order, until it is killed: what lantoa-alerts.service "
		     "does. The folder holds how far it is. A program that fails, or takes over a "
		     "minute, is given the same line again, less and less often; then the line "
		     "goes into undelivered.jsonl in the folder."),
	  .options = "hook into wait",
	  .check = usage_alerts_follow,
	  .run = cmd_alerts_follow,
	  .method = "GET",
	  .path = "/v1/alerts",
	  .usual = FORMAT_JSON },
	{ .words = "alerts",
	  .usage = "[--all] [--kind KIND] [--office CODE] [--after NUMBER]",
	  .help = N_("List what somebody should act on now, the gravest first: what it is, since "
		     "when, and what to do. With --after, what was told since that number, in "
		     "order."),
	  .options = "all kind office after",
	  .run = alerts,
	  .method = "GET",
	  .path = "/v1/alerts",
	  .show = "alert state since what advice",
	  .forms = "csv-excel xlsx" },
	{ .words = "quarantine list",
	  .usage = "[--most NUMBER] [--before ROW]",
	  .help = N_("List the figures that arrived but cannot count, and why."),
	  .options = "most before",
	  .run = pages,
	  .method = "GET",
	  .path = "/v1/quarantine",
	  .show = "entry office office_name metric labels period value reason received "
		  "observations",
	  .forms = "csv-excel xlsx",
	  .empty = N_("Nothing waits in quarantine.\n") },
	{ .words = "quarantine release",
	  .usage = "--entry NUMBER | --office CODE | --metric NAME | --all [--closed] "
		   "[--older-copy] [--dry-run]",
	  .help = N_("Judge again what is in quarantine, once the cause is mended: what may count "
		     "now counts as if it always had, the rest stays and is listed with its "
		     "reasons. Periods that are closed need --closed, figures of a machine that "
		     "was set back need --older-copy."),
	  .options = "entry office metric all closed older-copy dry-run",
	  .check = usage_release,
	  .run = release,
	  .method = "POST",
	  .path = "/v1/quarantine/release",
	  .empty = N_("Nothing stays in quarantine.\n") },
	{ .words = "close",
	  .usage = "PERIOD [--metric NAME] [--calendar report] [--dry-run]",
	  .help = N_("Close a period that is over, for one metric or for all: what comes for it "
		     "later waits in quarantine until an operator releases it."),
	  .options = "metric calendar dry-run",
	  .n_words = 1,
	  .run = closing,
	  .method = "POST",
	  .path = "/v1/closed",
	  .done = N_("%s is closed.\n") },
	{ .words = "reopen",
	  .usage = "PERIOD [--metric NAME] [--calendar report] [--dry-run]",
	  .help = N_("Open a closed period again. What waits in quarantine can be released then."),
	  .options = "metric calendar dry-run",
	  .n_words = 1,
	  .run = closing,
	  .method = "POST",
	  .path = "/v1/closed/reopen",
	  .done = N_("%s is open again.\n") },
	{ .words = "closed",
	  .usage = "[--known INSTANT]",
	  .help = N_("List the periods that are closed, by whom and since when; one without a "
		     "metric is closed for all."),
	  .options = "known",
	  .run = list,
	  .method = "GET",
	  .path = "/v1/closed",
	  .forms = "csv-excel xlsx",
	  .empty = N_("No period is closed.\n") },
	{ .words = "excuse list",
	  .usage = "[--office CODE] [--known INSTANT]",
	  .help = N_("List who is excused from which reports, why, by whom and since when."),
	  .options = "office known",
	  .run = excuse_list,
	  .method = "GET",
	  .path = "/v1/excuses",
	  .forms = "csv-excel xlsx",
	  .empty = N_("No office is excused.\n") },
	{ .words = "excuse end",
	  .usage = "NUMBER [--dry-run]",
	  .help = N_("Take an excuse back. What was due and excused is missing again."),
	  .options = "dry-run",
	  .n_words = 1,
	  .run = excuse_end,
	  .method = "POST",
	  .path = "/v1/excuses/end",
	  .done = N_("Excuse %s was taken back.\n") },
	{ .words = "excuse add",
	  .usage = "--office CODE (--metric NAME | --form GRAIN) --period PERIOD [--to PERIOD] "
		   "[--calendar report] --reason TEXT [--dry-run]",
	  .help = N_("Excuse an office from reporting a metric, or all that is reported per month "
		     "(hour, day, ...), for a period or several: it stays due, and is neither late "
		     "nor missing. If it is reported all the same, it is reported."),
	  .options = "office metric form period to calendar reason dry-run",
	  .check = usage_excuse,
	  .run = excuse,
	  .method = "POST",
	  .path = "/v1/excuses",
	  .done = N_("The office is excused; the excuse has the number %s.\n") },
	{ .words = "change show",
	  .usage = "",
	  .help = N_("Show the change of units, catalogue or an office's place, or the release "
		     "from quarantine, that is made in steps, how far it is, or what became of the "
		     "last one."),
	  .run = change_show,
	  .method = "GET",
	  .path = "/v1/change",
	  .empty = N_("No change is under way, and none was before.\n") },
	{ .words = "change cancel",
	  .usage = "",
	  .help = N_("Take back the change that is made in steps, while it is not in force: all "
		     "stays as it was. A release from quarantine stops where it is: what it has "
		     "released stays released."),
	  .run = change_cancel,
	  .method = "POST",
	  .path = "/v1/change/cancel",
	  .done = N_("%s changes were taken back.\n"),
	  .one = N_("The change was taken back.\n"),
	  .none = N_("There was no change to take back.\n") },
	{ .words = "verify",
	  .usage = "[--repair [--yes]] [--head POSITION:HASH]",
	  .help = N_("Compute everything again from the journal and name whatever differs. The "
		     "exit status is 1 when something does, and was not repaired. Figures are "
		     "taken and questions answered meanwhile. With a head that was kept, it proves "
		     "whether the past is still as it was then."),
	  .options = "repair yes head",
	  .check = usage_verify,
	  .run = cmd_verify_run,
	  .path = "/v1/verify" },
	{ .words = "backup",
	  .usage = "FILE | --into FOLDER [--keep NUMBER]",
	  .help = N_("Write all of the province, its secret key too, to one file, checked and on "
		     "the disk; lantoa-aggregator --restore puts it back. Figures are taken and "
		     "questions answered meanwhile. As root, or as the user of the aggregator."),
	  .options = "into keep",
	  .n_more = 1,
	  .check = usage_backup,
	  .run = cmd_backup_run,
	  .path = "/v1/backup" },
	{ .words = "changes",
	  .usage = "[--after NUMBER] [--epoch NUMBER] [--wait SECONDS] [--figures] [--most NUMBER]",
	  .help = N_("Print what is in the ledger behind a position, a line of JSON for each batch "
		     "and event, as programs follow it. Keep position and epoch of the last line, "
		     "and give them to go on from there; when a backup was restored meanwhile, it "
		     "is refused, and you start again."),
	  .options = "after epoch wait figures most",
	  .check = usage_changes,
	  .run = cmd_changes_run,
	  .method = "GET",
	  .path = "/v1/changes",
	  .usual = FORMAT_JSON },
	{ .words = "audit",
	  .usage = "[--who NAME] [--kind KIND] [--office CODE] [--from DAY] [--to DAY] [--after "
		   "EVENT] [--before EVENT] [--most NUMBER]",
	  .help = N_("List who changed what and when, newest first: all, or what one account did, "
		     "acts of one kind (such as \"office move\", or in the words of the list), of "
		     "one office, or of some days."),
	  .options = "who kind office from to after before most",
	  .run = audit,
	  .method = "GET",
	  .path = "/v1/audit",
	  .show = "event at who shown_name act detail",
	  .forms = "csv-excel xlsx",
	  .empty = N_("Nothing was changed yet.\n") },
	{ .words = "history",
	  .usage = "UNIT|OFFICE|METRIC [--most NUMBER] [--before EVENT]",
	  .help = N_(
		  "Show what was changed of a unit, an office, a metric or an indicator, when "
		  "and by whom, newest first. When there is more, it says with which --before to "
		  "go on."),
	  .options = "most before",
	  .n_words = 1,
	  .run = history,
	  .method = "GET",
	  .path = "/v1/history",
	  .show = "event at who shown_name act record row column was became detail",
	  .empty = N_("It was never changed.\n") },
	{ .words = "publish",
	  .usage = "NAME PERIOD [--calendar civil|report] [--structure DAY]",
	  .help = N_("Give the figures of a period, as they are known now, a name by which they "
		     "can always be asked for again: query --publication NAME."),
	  .options = "calendar structure",
	  .n_words = 2,
	  .run = publish,
	  .method = "POST",
	  .path = "/v1/publications",
	  .done = N_("Published, at position %s of the ledger.\n") },
	{ .words = "publications",
	  .usage = "",
	  .help = N_("List what was published, when and by whom, newest first."),
	  .run = list,
	  .method = "GET",
	  .path = "/v1/publications",
	  .forms = "csv-excel xlsx",
	  .empty = N_("Nothing was published yet.\n") },
	{ .words = "token add",
	  .usage = "NAME --role ROLE [--office CODE] [--expires DAY|TIME]",
	  .help = N_("Make a token, with which programs and browsers ask over the network, and "
		     "print it, this once. In the audit, what is done with it stands as "
		     "token:NAME. As root, or as the user of the aggregator, as the next two."),
	  .options = "role office expires",
	  .n_words = 1,
	  .check = usage_token_add,
	  .run = token_add,
	  .method = "POST",
	  .path = "/v1/tokens",
	  .done = "%s\n" },
	{ .words = "token list",
	  .usage = "",
	  .help = N_("List the tokens: what each is for, until when it is valid, and when it was "
		     "last used, to the hour."),
	  .run = list,
	  .method = "GET",
	  .path = "/v1/tokens",
	  .forms = "csv-excel xlsx",
	  .empty = N_("There is no token.\n") },
	{ .words = "token revoke",
	  .usage = "NAME",
	  .help = N_("Revoke a token at once. Its name stays taken."),
	  .n_words = 1,
	  .run = token_revoke,
	  .method = "POST",
	  .path = "/v1/tokens/revoke",
	  .done = N_("The token %s was revoked.\n") },
	{ .words = "account name",
	  .usage = "ACCOUNT SHOWN",
	  .help = N_("Show an account, such as unix:uid=1000, with a person's name. It can be "
		     "changed at any time, and an empty name deletes it."),
	  .n_words = 2,
	  .run = account_name,
	  .method = "POST",
	  .path = "/v1/accounts",
	  .done = N_("The account %s has its name.\n") },
	{ .words = "account list",
	  .usage = "",
	  .help = N_("List the accounts that changed anything, and the names that they are shown "
		     "with."),
	  .run = list,
	  .method = "GET",
	  .path = "/v1/accounts",
	  .forms = "csv-excel xlsx",
	  .empty = N_("No account has changed anything yet.\n") },
};
const size_t n_commands = sizeof(commands) / sizeof(commands[0]);
