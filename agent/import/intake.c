#include "import/import_internal.h"

#include "common/base/arena.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/numeral.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK          8000u              /* figures in one transaction, judged together */
#define CHUNK_TEXT_MAX (8u * 1024 * 1024) /* their texts */
#define LINE_BITS      21u                /* of the place of a workbook's figure: its row */

struct intake {
	const struct import_config *config;
	struct entry entries[CHUNK];
	struct observation judged[CHUNK]; /* what the entries came to; they share their texts */
	struct place places[CHUNK];       /* of the entries */
	size_t n_entries;
	struct arena *arena; /* texts of the entries */
	struct import_result result;
};

/* --- what is told --- */

static struct import_diagnostic told(const struct intake *intake, const struct place *place,
				     const char *why)
{
	return (struct import_diagnostic){
		.line = place->line,
		.column = place->column,
		.value = place->value,
		.why = why,
		.sheet = intake->config->sheets ? intake->config->sheets[intake->config->nth_sheet]
						: NULL,
		.nth = place->nth
	};
}

/* Without the metric in front, where the column has its name: that is told already. */
static const char *beside_column(const char *why, const char *column)
{
	size_t len = strlen(column);
	return len > 0 && strncmp(why, column, len) == 0 && strncmp(why + len, ": ", 2) == 0
		       ? why + len + 2
		       : why;
}

void intake_reject(struct intake *intake, const struct place *place, const char *format, ...)
{
	char why[ERR_TEXT_MAX / 2];
	va_list args;
	if (intake->config->noting)
		return;
	va_start(args, format);
	(void)utf8_vprint(why, sizeof(why), _(format), args); /* its length; cut is fine */
	va_end(args);
	struct import_diagnostic error = told(intake, place, beside_column(why, place->column));
	intake->config->on_error(intake->config->context, &error);
	intake->result.rejected++;
}

void intake_note(struct intake *intake, const struct place *place, const char *format, ...)
{
	char text[ERR_TEXT_MAX / 2];
	va_list args;
	if (!intake->config->on_note || intake->config->noting)
		return;
	va_start(args, format);
	(void)utf8_vprint(text, sizeof(text), format, args); /* its length; cut is fine */
	va_end(args);
	struct import_diagnostic about = told(intake, place, text);
	intake->config->on_note(intake->config->context, &about);
}

void intake_warn(struct intake *intake, const struct place *place, const char *format, ...)
{
	char why[ERR_TEXT_MAX / 2];
	va_list args;
	if (!intake->config->on_warning || intake->config->noting)
		return;
	va_start(args, format);
	(void)utf8_vprint(why, sizeof(why), _(format), args); /* its length; cut is fine */
	va_end(args);
	struct import_diagnostic warning = told(intake, place, beside_column(why, place->column));
	intake->config->on_warning(intake->config->context, &warning);
	intake->result.warned++;
}

/* Those of the entries from @from on that are far from what was reported before. */
static void warn(struct intake *intake, size_t from, const struct comparison *found)
{
	char says[ERR_TEXT_MAX], why[ERR_TEXT_MAX + METRIC_NAME_MAX];
	for (size_t i = 0; i < found->n && intake->config->on_warning; i++) {
		const struct comparison_far *far = &found->list[i];
		const struct entry *entry = &intake->entries[from + far->nth];
		const struct place *place = &intake->places[from + far->nth];
		(void)utf8_print(why, sizeof(why), "%s: %s", entry->metric, /* fits */
				 comparison_say(far, entry->point, says));
		struct import_diagnostic warning =
			told(intake, place, beside_column(why, place->column));
		intake->config->on_warning(intake->config->context, &warning);
		intake->result.warned++;
	}
}

/* Those that were refused by themselves, and those that break a rule and are recorded. */
static void tell_breaches(struct intake *intake, size_t from, const struct comparison *found)
{
	for (size_t i = 0; i < found->n_breaches; i++) {
		const struct comparison_breach *breach = &found->breaches[i];
		const struct place *place = &intake->places[from + breach->nth];
		const char *metric = intake->entries[from + breach->nth].metric;
		if (breach->refused)
			intake_reject(intake, place, "%s: %s", metric, breach->text);
		else
			intake_warn(intake, place, "%s: %s", metric, breach->text);
	}
}

/* --- figures --- */

/* Of entries of which one is refused after all (the agent's catalogue or clock is another by now)
 * the others are handed in: by halves, so that each costs some ten calls. */
static int hand_over_some(struct intake *intake, size_t from, size_t n, struct err *err)
{
	struct comparison found = { 0 };
	int rc = intake->config->on_entries(intake->config->context, intake->entries + from,
					    intake->judged + from, n, &found, err);
	if (rc == 0) {
		intake->result.figures += n - found.n_refused;
		warn(intake, from, &found);
		tell_breaches(intake, from, &found);
	}
	comparison_free(&found);
	if (rc != -EINVAL && rc != -EEXIST)
		return rc;
	if (n == 1) {
		intake_reject(intake, &intake->places[from], "%s", err->text);
		*err = (struct err){ 0 }; /* that is told */
		return 0;
	}
	rc = hand_over_some(intake, from, n / 2, err);
	return rc < 0 ? rc : hand_over_some(intake, from + n / 2, n - n / 2, err);
}

static int hand_over(struct intake *intake, struct err *err)
{
	if (intake->n_entries == 0)
		return 0;
	int rc = hand_over_some(intake, 0, intake->n_entries, err);
	if (rc < 0)
		return rc;
	intake->n_entries = 0;
	arena_reset(intake->arena);
	return 0;
}

/* The entry outlives the row it came from. */
static int add_entry(struct intake *intake, const struct place *place, const struct entry *entry,
		     const struct observation *obs, struct err *err)
{
	struct entry kept = {
		.metric = entry->metric, /* the catalogue's */
		.value = entry->value ? arena_text(intake->arena, entry->value) : NULL,
		.period = entry->period ? arena_text(intake->arena, entry->period) : NULL,
		.labels = arena_text(intake->arena, obs->labels),
		.author = intake->config->author,
		.point = entry->point
	};
	/* As the file has it; a decimal says the same, without the blanks around it. */
	bool same = entry->value && strcmp(place->value, entry->value) == 0;
	const char *value = same || strlen(place->value) >= NUMERAL_MAX
				    ? kept.value
				    : arena_text(intake->arena, place->value);
	if (!kept.labels || (entry->value && !kept.value) || (entry->period && !kept.period))
		return err_memory(err);
	intake->places[intake->n_entries] = (struct place){ .line = place->line,
							    .column = place->column,
							    .value = value ? value : "",
							    .nth = place->nth };
	intake->judged[intake->n_entries] = *obs;
	intake->judged[intake->n_entries].metric = kept.metric;
	intake->judged[intake->n_entries].labels = kept.labels;
	intake->judged[intake->n_entries].author = kept.author;
	intake->entries[intake->n_entries++] = kept;
	return intake->n_entries == CHUNK ? hand_over(intake, err) : 0;
}

/* It is good for itself; is it beside the others of its file? */
int intake_take(struct intake *intake, const struct place *place, const struct entry *entry,
		const struct observation *obs, struct err *err)
{
	struct hand_in *hand_in = intake->config->hand_in;
	unsigned other = 0, nth = intake->config->nth_sheet;
	unsigned at = place->line | nth << LINE_BITS;
	struct err why;
	if (intake->config->noting)
		return hand_in_note(hand_in, obs, at, err);
	enum hand_in_verdict verdict =
		hand_in ? hand_in_ask(hand_in, obs, at, &other) : HAND_IN_FINE;
	bool elsewhere = intake->config->sheets && other >> LINE_BITS != nth;
	const char *sheet = elsewhere ? intake->config->sheets[other >> LINE_BITS] : "";
	other &= elsewhere || intake->config->sheets ? (1u << LINE_BITS) - 1 : UINT_MAX;
	if (verdict == HAND_IN_AGAIN && elsewhere) {
		intake_note(intake, place,
			    _("%s: line %u of the sheet '%s' gives the same figure with the same "
			      "value; it is taken once"),
			    entry->metric, other, sheet);
		return 0;
	}
	if (verdict == HAND_IN_AGAIN) {
		intake_note(intake, place,
			    _("%s: line %u gives the same figure with the same value; it is taken "
			      "once"),
			    entry->metric, other);
		return 0;
	}
	if (verdict == HAND_IN_FINE)
		return add_entry(intake, place, entry, obs, err);
	/* I13: no figure with two values, no total beside its parts. */
	(void)hand_in_refuse(verdict, true, other, &why);
	if (elsewhere)
		err_wrap(&why, "sheet '%s'", sheet);
	err_wrap(&why, "%s", entry->metric);
	intake_reject(intake, place, "%s", why.text);
	return 0;
}

int intake_open(const struct import_config *config, struct intake **ret_intake, struct err *err)
{
	struct intake *intake = calloc(1, sizeof(*intake));
	if (!intake)
		return err_memory(err);
	intake->config = config;
	intake->arena = arena_open(CHUNK_TEXT_MAX);
	if (!intake->arena) {
		intake_close(intake);
		return err_memory(err);
	}
	*ret_intake = intake;
	return 0;
}

int intake_end(struct intake *intake, struct err *err)
{
	return hand_over(intake, err);
}

struct import_result intake_result(const struct intake *intake)
{
	return intake->result;
}

void intake_close(struct intake *intake)
{
	if (!intake)
		return;
	arena_close(intake->arena);
	free(intake);
}
