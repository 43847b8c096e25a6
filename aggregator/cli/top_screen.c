#include "cli/top_screen.h"

#include "cli/draw.h"
#include "common/base/blob.h"
#include "common/base/decimal.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/fit.h"
#include "common/text/number_told.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MILLION     1000000
#define MIB         (INT64_C(1) << 20)
#define NUMBER_MAX  64u
#define BUCKETS_MAX 64u

/* What is told of the offices, in this order: the lesser ones leave first. */
static const char shown[] =
	"office name why last_contact silent_since missing late_since backlog connections version";

int top_sample(const char *exposition, const char *name, int64_t *ret_millionths)
{
	size_t len = strlen(name);
	struct err ignored;

	for (const char *line = exposition; *line;
	     line += strcspn(line, "\n"), line += *line != 0) {
		if (strncmp(line, name, len) != 0 || line[len] != ' ')
			continue;
		const char *value = line + len + 1;

		return decimal_parse(value, strcspn(value, " \n"), 6, ret_millionths, &ignored);
	}
	return -ENOENT;
}

/* --- numbers --- */

/* @millionths with @decimals, as people read it; "-" for what is not known. */
static const char *told(int64_t millionths, bool known, unsigned decimals, char text[NUMBER_MAX])
{
	int64_t unit = 1;
	char exact[DECIMAL_TEXT_MAX];
	struct blob number = { 0 };

	for (unsigned i = decimals; i < 6; i++)
		unit *= 10;
	(void)decimal_format((millionths + unit / 2) / unit, decimals, exact); /* its length */
	if (!known || number_told(exact, &number) < 0 || blob_append(&number, "", 1) < 0)
		(void)utf8_print(text, NUMBER_MAX, "-");
	else
		(void)utf8_print(text, NUMBER_MAX, "%s", (const char *)number.data); /* fits */
	blob_free(&number);
	return text;
}

static const char *gauge(const struct top_facts *facts, const char *name, char text[NUMBER_MAX])
{
	int64_t value = 0;
	bool known = top_sample(facts->now, name, &value) == 0;

	return told(value, known, 0, text);
}

static const char *mib(const struct top_facts *facts, const char *name, char text[NUMBER_MAX])
{
	int64_t value = 0;
	bool known = top_sample(facts->now, name, &value) == 0;

	return told(value / MIB, known, 0, text);
}

/* How much it rose since the frame before. A daemon that was started anew begins at 0. */
static bool rise(const struct top_facts *facts, const char *name, int64_t *ret_millionths)
{
	int64_t now, before;

	if (!facts->before || facts->between_us <= 0 || top_sample(facts->now, name, &now) < 0 ||
	    top_sample(facts->before, name, &before) < 0 || now < before)
		return false;
	*ret_millionths = now - before;
	return true;
}

static const char *rate(const struct top_facts *facts, const char *name, char text[NUMBER_MAX])
{
	int64_t more = 0;
	bool known = rise(facts, name, &more);

	if (known)
		more = (int64_t)((int128)more * MILLION / facts->between_us);
	return told(more, known, more < 10 * (int64_t)MILLION && more % MILLION ? 1 : 0, text);
}

/* How long it took on average since the frame before, in ms; "-": nothing was done. */
static const char *average_ms(const struct top_facts *facts, const char *histogram,
			      char text[NUMBER_MAX])
{
	char name[128];
	int64_t sum = 0, count = 0;

	(void)snprintf(name, sizeof(name), "%s_sum", histogram); /* fits, and below */
	bool known = rise(facts, name, &sum);
	(void)snprintf(name, sizeof(name), "%s_count", histogram);
	known = known && rise(facts, name, &count) && count >= MILLION;
	return told(known ? sum / (count / MILLION) * 1000 : 0, known, 1, text);
}

/* Below how many ms 99 of 100 of them were: the bound of the histogram. */
static const char *slowest_ms(const struct top_facts *facts, const char *histogram,
			      char text[NUMBER_MAX])
{
	char name[128], bucket[192];
	int64_t count = 0, upto = 0, bound = 0;
	size_t len;

	(void)snprintf(name, sizeof(name), "%s_count", histogram); /* fits, and below */
	if (!rise(facts, name, &count) || count < MILLION)
		return told(0, false, 0, text);
	(void)snprintf(name, sizeof(name), "%s_bucket{le=\"", histogram);
	len = strlen(name);
	for (const char *at = strstr(facts->now, name); at; at = strstr(at + 1, name)) {
		size_t whole = strcspn(at, " \n"), digits = strcspn(at + len, "\"");
		struct err ignored;

		(void)snprintf(bucket, sizeof(bucket), "%.*s", (int)whole, at);
		if (!rise(facts, bucket, &upto) || (int128)upto * 100 < (int128)count * 99)
			continue;
		if (decimal_parse(at + len, digits, 6, &bound, &ignored) < 0)
			break; /* the last one is +Inf */
		return told(bound * 1000, true, bound % 1000 ? 1 : 0, text);
	}
	return told(0, false, 0, text);
}

/* --- the lines --- */

static void put_figures(const struct top_facts *facts, FILE *out)
{
	char a[NUMBER_MAX], b[NUMBER_MAX], c[NUMBER_MAX], d[NUMBER_MAX];

	fprintf(out, _("offices:   %s connected, %s silent, %s late\n"),
		gauge(facts, "lantoa_offices_connected", a),
		gauge(facts, "lantoa_offices_silent", b), gauge(facts, "lantoa_offices_late", c));
	fprintf(out, _("figures:   %s a second, in %s batches; %s in quarantine\n"),
		rate(facts, "lantoa_observations_total", a), rate(facts, "lantoa_batches_total", b),
		gauge(facts, "lantoa_quarantine_observations", c));
	fprintf(out, _("commits:   %s a second; %s ms on average, 99 of 100 below %s ms\n"),
		rate(facts, "lantoa_commits_total", a),
		average_ms(facts, "lantoa_commit_duration_seconds", b),
		slowest_ms(facts, "lantoa_commit_duration_seconds", c));
	fprintf(out, _("receipts:  after %s ms on average, 99 of 100 below %s ms\n"),
		average_ms(facts, "lantoa_ack_delay_seconds", a),
		slowest_ms(facts, "lantoa_ack_delay_seconds", b));
	fprintf(out, _("messages:  %s a second; %s batches put off, %s refused a second\n"),
		rate(facts, "lantoa_frames_total", a),
		rate(facts, "lantoa_batches_put_off_total", b),
		rate(facts, "lantoa_batches_refused_total", c));
	fprintf(out,
		_("disk:      %s MiB free; database %s MiB, its log %s MiB; longest question "
		  "%s s\n"),
		mib(facts, "lantoa_disk_free_bytes", a), mib(facts, "lantoa_database_bytes", b),
		mib(facts, "lantoa_wal_bytes", c), gauge(facts, "lantoa_oldest_read_seconds", d));
}

/* What is ill, by the names that `lantoa status` explains. */
static void put_conditions(const struct top_facts *facts, bool colour, FILE *out)
{
	static const char begin[] = "lantoa_condition{name=\"";
	const char *separator = "";
	bool any = false;

	for (const char *at = strstr(facts->now, begin); at; at = strstr(at + 1, begin)) {
		const char *name = at + sizeof(begin) - 1, *end = strchr(name, '\n');
		size_t len = strcspn(name, "\""), line = end ? (size_t)(end - name) : strlen(name);

		if (line < 2 || strncmp(name + line - 2, " 1", 2) != 0 ||
		    !memmem(name, line, "gravity=\"ill\"", 13))
			continue;
		if (!any)
			fprintf(out, "%s%s", colour ? drawn_colour(GRAVITY_BAD) : "",
				_("wrong:     "));
		fprintf(out, "%s%.*s", separator, (int)len, name);
		separator = ", ";
		any = true;
	}
	if (any)
		fprintf(out, "%s\n", colour ? DRAWN_PLAIN : "");
}

static int put_offices(const struct top_facts *facts, const struct drawn_room *room, FILE *out,
		       struct err *err)
{
	if (!facts->offices)
		return 0;
	if (table_rows(facts->offices) == 0) {
		fprintf(out, "\n%s\n", _("No office is silent or late."));
		return 0;
	}
	fprintf(out, "\n%s\n", _("Who needs a call, most urgent first:"));
	return draw_table(facts->offices, shown, room, out, err);
}

static int write_frame(const struct top_facts *facts, const struct drawn_room *room, FILE *out,
		       struct err *err)
{
	if (facts->keys)
		fprintf(out, _("lantoa top  %s, every %u s; %s\n"), facts->clock, facts->every_s,
			facts->keys);
	else
		fprintf(out, "lantoa top  %s\n", facts->clock);
	if (facts->trouble)
		fprintf(out, "%s%s%s\n", room->colour ? drawn_colour(GRAVITY_BAD) : "",
			facts->trouble, room->colour ? DRAWN_PLAIN : "");
	put_figures(facts, out);
	put_conditions(facts, room->colour, out);
	return put_offices(facts, room, out, err);
}

/* Lines wrapped to the room, and as many as there is room for. */
static int put_lines(const char *text, const struct drawn_room *room, size_t rows, FILE *out)
{
	struct blob lines = { 0 };
	size_t len = 0, n = 0;
	int rc = fit_lines(text, room->columns, &lines);

	if (rc == 0)
		rc = blob_append(&lines, "", 1);
	if (rc == 0) {
		const char *all = (const char *)lines.data;

		while (all[len] && (rows == 0 || n < rows)) {
			len += strcspn(all + len, "\n");
			len += all[len] == '\n';
			n++;
		}
		(void)fwrite(all, 1, len, out); /* whoever closes it finds an error */
	}
	blob_free(&lines);
	return rc;
}

int top_screen(const struct top_facts *facts, const struct drawn_room *room, size_t rows, FILE *out,
	       struct err *err)
{
	char *text = NULL;
	size_t len;
	FILE *frame = open_memstream(&text, &len);
	int rc = frame ? write_frame(facts, room, frame, err) : err_memory(err);

	if (frame && fclose(frame) != 0 && rc == 0)
		rc = err_memory(err);
	if (rc == 0 && put_lines(text, room, rows, out) < 0)
		rc = err_memory(err);
	free(text);
	return rc;
}
