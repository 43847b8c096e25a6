#include "cli/status_screen.h"

#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/text/answer.h"
#include "common/text/drawn.h"

#include <stdint.h>
#include <string.h>

#define S_PER_MIN     60
#define S_PER_H       3600
#define S_PER_DAY     86400
#define LABEL_COLS    15
#define WHEN_MAX      96u
#define SIZE_TEXT_MAX 32u

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static const char *size_of(const json_t *object, const char *key, char text[SIZE_TEXT_MAX])
{
	double mib = (double)answer_number(object, key) / (1 << 20);
	(void)snprintf(text, SIZE_TEXT_MAX, mib < 1024 ? "%.1f MiB" : "%.1f GiB",
		       mib < 1024 ? mib : mib / 1024); /* fits */
	return text;
}

/* Columns rather than bytes: every UTF-8 sequence is one here, which Vietnamese letters are. */
static void print_label(const char *label, FILE *out)
{
	int columns = 0;
	for (const char *c = label; *c; c++)
		columns += (*c & 0xc0) != 0x80;
	fprintf(out, "%s%*s", label, columns < LABEL_COLS ? LABEL_COLS - columns : 1, "");
}

static const char *age(int64_t us, char text[WHEN_MAX])
{
	long long s = us / 1000000;
	if (s < 2 * S_PER_MIN)
		(void)snprintf(text, WHEN_MAX, _("%lld s"), s); /* all of them fit */
	else if (s < 2 * S_PER_H)
		(void)snprintf(text, WHEN_MAX, _("%lld min"), s / S_PER_MIN);
	else if (s < 2 * S_PER_DAY)
		(void)snprintf(text, WHEN_MAX, _("%lld h"), s / S_PER_H);
	else
		(void)snprintf(text, WHEN_MAX, _("%lld days"), s / S_PER_DAY);
	return text;
}

/* "2025-06-30 14:05 (3 h ago)" of an instant in @object; "-" when there is none. */
static const char *when(const json_t *root, const json_t *object, const char *key,
			char text[WHEN_MAX])
{
	const char *at = answer_text(object, key);
	char ago[WHEN_MAX];
	int64_t at_us, now_us;
	struct err ignored; /* an agent of another version may say anything here */
	if (strlen(at) < 16 || civil_parse(at, &at_us, &ignored) < 0 ||
	    civil_parse(answer_text(root, "at"), &now_us, &ignored) < 0)
		return "-";
	if (now_us < at_us) /* the clock was set back */
		(void)snprintf(text, WHEN_MAX, "%.10s %.5s", at, at + 11);
	else
		(void)snprintf(text, WHEN_MAX, _("%.10s %.5s (%s ago)"), at, at + 11,
			       age(now_us - at_us, ago)); /* cut is fine */
	return text;
}

static enum gravity gravity_of(const json_t *condition)
{
	const char *severity = answer_text(condition, "severity");
	return strcmp(severity, "well") == 0   ? GRAVITY_GOOD
	       : strcmp(severity, "note") == 0 ? GRAVITY_WARNING
					       : GRAVITY_BAD;
}

static void print_conditions(const json_t *root, bool colour, FILE *out)
{
	size_t i;
	const json_t *condition;
	json_array_foreach(json_object_get(root, "conditions"), i, condition) {
		print_label(i == 0 ? _("state:") : _("also:"), out);
		fprintf(out, "%s%s%s\n", colour ? drawn_colour(gravity_of(condition)) : "",
			answer_text(condition, "sentence"), colour ? DRAWN_PLAIN : "");
	}
}

static void print_line(const json_t *root, FILE *out)
{
	const json_t *uplink = json_object_get(root, "uplink");
	char since[WHEN_MAX];
	bool connected = json_is_true(json_object_get(uplink, "connected"));
	print_label(_("province:"), out);
	fprintf(out, "%s  ", or_dash(answer_text(root, "address")));
	if (json_object_get(uplink, "connected"))
		fprintf(out,
			strcmp(answer_text(uplink, "state"), "at rest") == 0
				? _("at rest since %s\n")
			: connected ? _("connected since %s\n")
				    : _("not connected since %s\n"),
			when(root, uplink, "since", since));
	else
		fprintf(out, "%s\n", _(answer_text(uplink, "state")));
	if (answer_number(uplink, "blocked_batch") > 0) {
		print_label(_("refused:"), out);
		fprintf(out, _("batch %lld: %s\n"), answer_number(uplink, "blocked_batch"),
			answer_text(uplink, "refusal"));
	}
}

static void print_figures(const json_t *root, FILE *out)
{
	const json_t *spool = json_object_get(root, "spool");
	char at[WHEN_MAX];
	print_label(_("to be sent:"), out);
	long long figures = answer_number(spool, "waiting_observations"),
		  batches = answer_number(spool, "waiting_batches"),
		  held = answer_number(spool, "held");
	fprintf(out,
		figures == 1   ? _("%lld figure in %lld batch, %lld not sealed yet\n")
		: batches == 1 ? _("%lld figures in %lld batch, %lld not sealed yet\n")
			       : _("%lld figures in %lld batches, %lld not sealed yet\n"),
		figures, batches, answer_number(spool, "unsealed"));
	print_label(_("oldest:"), out);
	fprintf(out, "%s\n", when(root, spool, "oldest_waiting", at));
	print_label(_("last receipt:"), out);
	fprintf(out, "%s\n", when(root, spool, "last_ack", at));
	print_label(_("held back:"), out);
	fprintf(out, held == 1 ? _("%lld figure\n") : _("%lld figures\n"), held);
}

static void print_refusals(const json_t *root, FILE *out)
{
	size_t i;
	const json_t *row;
	const json_t *spool = json_object_get(root, "spool");
	long long released = answer_number(spool, "released");
	if (released > 0) {
		print_label("", out);
		fprintf(out,
			_("%lld of the %lld held back were let in since and count; the province "
			  "knows which\n"),
			released, answer_number(spool, "held") + released);
	}
	json_array_foreach(json_object_get(root, "refusals"), i, row) {
		print_label("", out);
		fprintf(out, _("batch %lld, %s%s%s: %s\n"), answer_number(row, "batch"),
			answer_text(row, "metric"), *answer_text(row, "labels") ? " " : "",
			answer_text(row, "labels"), answer_text(row, "reason"));
	}
}

#define CLOSED_SHOWN 6u
#define LET_IN_SHOWN 3u

/* "2025-Q1 (team.count)": of one metric, or of the report calendar, that is said. */
static void print_closed(const json_t *row, FILE *out)
{
	const char *metric = answer_text(row, "metric"), *calendar = answer_text(row, "calendar");
	bool reports = strcmp(calendar, "report") == 0;
	fprintf(out, "%s", answer_text(row, "period"));
	if (*metric || reports)
		fprintf(out, " (%s%s%s)", metric, *metric && reports ? ", " : "",
			reports ? calendar : "");
}

void status_message(const json_t *row, FILE *out)
{
	const char *metric = answer_text(row, "metric"), *labels = answer_text(row, "labels");
	const char *at = answer_text(row, "at");
	fprintf(out, _("%lld, %.10s, %s: "), answer_number(row, "message"), at,
		answer_text(row, "who"));
	if (*metric)
		fprintf(out, _("please look again at %s%s%s of %s: "), metric, *labels ? " " : "",
			labels, answer_text(row, "period"));
	fprintf(out, "%s\n", answer_text(row, "text"));
}

static void print_messages(const json_t *standing, FILE *out)
{
	size_t i, n = 0;
	const json_t *row;
	json_array_foreach(json_object_get(standing, "messages"), i, row) {
		if (!json_is_true(json_object_get(row, "news")))
			continue;
		print_label(n++ == 0 ? _("messages:") : "", out);
		status_message(row, out);
	}
}

/* What the province told of this office. */
static void print_standing(const json_t *root, FILE *out)
{
	size_t i;
	const json_t *row, *standing = json_object_get(root, "standing");
	const json_t *closed = json_object_get(standing, "closed");
	const json_t *released = json_object_get(standing, "released");
	char at[WHEN_MAX];
	print_messages(standing, out);
	json_array_foreach(released, i, row) {
		if (i == LET_IN_SHOWN)
			break;
		print_label(i == 0 ? _("let in:") : "", out);
		long long n = answer_number(row, "figures");
		fprintf(out,
			n == 1 ? _("%lld figure, %s, held back until then because: %s\n")
			       : _("%lld figures, %s, held back until then because: %s\n"),
			n, when(root, row, "at", at), answer_text(row, "reason"));
	}
	if (json_array_size(closed) > 0) {
		print_label(_("closed:"), out);
		json_array_foreach(closed, i, row) {
			if (i == CLOSED_SHOWN)
				break;
			fprintf(out, i > 0 ? ", " : "%s", "");
			print_closed(row, out);
		}
		if (json_array_size(closed) > CLOSED_SHOWN)
			fprintf(out, _(", and %zu more"), json_array_size(closed) - CLOSED_SHOWN);
		fprintf(out, "%s\n", _("; what is sent for them waits for the province's word"));
	}
}

static void print_disk(const json_t *root, FILE *out)
{
	const json_t *spool = json_object_get(root, "spool");
	char used[SIZE_TEXT_MAX], bound[SIZE_TEXT_MAX], left[SIZE_TEXT_MAX];
	print_label(_("spool:"), out);
	fprintf(out, _("%s of %s used; %s free on the disk\n"), size_of(spool, "bytes", used),
		size_of(spool, "bytes_max", bound), size_of(spool, "disk_free", left));
	print_label(_("catalogue:"), out);
	long long n = answer_number(root, "metrics");
	fprintf(out, n == 1 ? _("%lld metric\n") : _("%lld metrics\n"), n);
}

static void print_clock(const json_t *root, FILE *out)
{
	const json_t *clock = json_object_get(root, "clock");
	long long ahead_min = answer_number(clock, "ahead_s") / S_PER_MIN;
	print_label(_("clock:"), out);
	fprintf(out, "%s", answer_text(clock, "words"));
	if (ahead_min > 0)
		fprintf(out,
			ahead_min == 1 ? _("; this machine's is %lld minute ahead")
				       : _("; this machine's is %lld minutes ahead"),
			ahead_min);
	else if (ahead_min < 0)
		fprintf(out,
			ahead_min == -1 ? _("; this machine's is %lld minute behind")
					: _("; this machine's is %lld minutes behind"),
			-ahead_min);
	fputc('\n', out);
}

/* So that a person at the office can say what the province's ledger was. */
static void print_ledger(const json_t *root, FILE *out)
{
	const json_t *ledger = json_object_get(root, "ledger");
	if (!json_is_object(ledger))
		return;
	print_label(_("ledger:"), out);
	long long days = answer_number(ledger, "days");
	fprintf(out,
		days == 1 ? _("%s on %s; the head of %lld day is kept\n")
			  : _("%s on %s; heads of %lld days are kept\n"),
		answer_text(ledger, "head"), answer_text(ledger, "day"), days);
}

static void print_inputs(const json_t *root, FILE *out)
{
	size_t i;
	const json_t *input;
	char at[WHEN_MAX];
	json_array_foreach(json_object_get(root, "inputs"), i, input) {
		print_label(i == 0 ? _("inputs:") : "", out);
		fprintf(out, _("%s: %s; last figures %s"), answer_text(input, "name"),
			_(answer_text(input, "state")), when(root, input, "last", at));
		if (*answer_text(input, "error"))
			fprintf(out, "; %s", answer_text(input, "error"));
		fputc('\n', out);
	}
}

static void print_reload(const json_t *root, FILE *out)
{
	const json_t *reload = json_object_get(root, "reload");
	char at[WHEN_MAX];
	if (!json_is_object(reload))
		return;
	print_label(_("settings:"), out);
	fprintf(out, "%s", when(root, reload, "at", at));
	if (!json_is_true(json_object_get(reload, "ok")))
		fprintf(out, _(" not taken: %s"), answer_text(reload, "error"));
	else if (*answer_text(reload, "needs_restart"))
		fprintf(out, _(" taken; with the next restart: %s"),
			answer_text(reload, "needs_restart"));
	else
		fprintf(out, "%s", _(" taken"));
	fputc('\n', out);
}

static void print_agent(const json_t *root, FILE *out)
{
	char since[WHEN_MAX];
	print_label(_("agent:"), out);
	fprintf(out, "%s", answer_text(root, "version"));
	if (*answer_text(root, "running_since"))
		fprintf(out, _(", running since %s"), when(root, root, "running_since", since));
	fputc('\n', out);
}

void status_screen(const json_t *root, bool colour, FILE *out)
{
	print_label(_("office:"), out);
	fprintf(out, "%s  %s\n", or_dash(answer_text(root, "office")),
		answer_text(root, "office_name"));
	print_conditions(root, colour, out);
	print_line(root, out);
	print_figures(root, out);
	print_refusals(root, out);
	print_standing(root, out);
	print_disk(root, out);
	print_clock(root, out);
	print_ledger(root, out);
	print_inputs(root, out);
	print_reload(root, out);
	print_agent(root, out);
}
