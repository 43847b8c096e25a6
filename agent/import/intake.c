#include "import/import_internal.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/rules.h"
#include "common/text/numeral.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK     8000u   /* figures in one transaction, judged together */
#define GROUP_MAX 16000u  /* of one period that rules name, in one: it fits into one request */
#define HELD_MAX  100000u /* that wait for the others of their period: some 30 MiB */
#define SAID_MAX  20000u  /* what waits to be told in its order: some 10 MiB */
#define LINE_BITS 21u     /* of the place of a workbook's figure: its row */

struct held {
	struct entry entry;
	struct observation judged; /* what it came to; it shares its texts */
	struct place place;
	unsigned sheet;
	size_t turn; /* as the file has them */
	bool ruled;  /* rules name it: it goes with all of its period */
	char *texts; /* owned */
};

enum said_kind { SAID_ERROR, SAID_WARNING, SAID_NOTE };

struct said { /* owned texts behind it */
	enum said_kind kind;
	unsigned line, nth, sheet, more;
	size_t turn;
	const char *why, *column, *value;
	char *texts;
};

struct intake {
	const struct import_config *config;
	struct held *held; /* owned [n_held] */
	size_t n_held, held_room, turn;
	size_t n_loose; /* of these: no rule names them */
	size_t at;      /* handed over, while the rest is */
	bool ending;
	struct said *said; /* owned [n_said]: to be told, in the order of the lines */
	size_t n_said, said_room, said_turn;
	struct entry *entries; /* owned, with the next: a piece */
	struct observation *judged;
	size_t entries_room, judged_room;
	struct import_result result;
};

static size_t piece_size(const struct intake *intake)
{
	return intake->config->piece > 0 ? intake->config->piece : CHUNK;
}

/* --- what is told --- */

static int by_line(const void *a, const void *b)
{
	const struct said *x = a, *y = b;
	if (x->sheet != y->sheet)
		return x->sheet < y->sheet ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->nth != y->nth)
		return x->nth < y->nth ? -1 : 1;
	return (x->turn > y->turn) - (x->turn < y->turn);
}

void intake_tell(struct intake *intake)
{
	const struct import_config *config = intake->config;
	void (*const tell[])(void *, const struct import_diagnostic *) = {
		[SAID_ERROR] = config->on_error,
		[SAID_WARNING] = config->on_warning,
		[SAID_NOTE] = config->on_note,
	};
	if (intake->n_said > 1)
		qsort(intake->said, intake->n_said, sizeof(*intake->said), by_line);
	for (size_t i = 0; i < intake->n_said; i++) {
		struct said *said = &intake->said[i];
		const struct import_diagnostic told = {
			.line = said->line,
			.column = said->column,
			.value = said->value,
			.why = said->why,
			.sheet = config->sheets ? config->sheets[said->sheet] : NULL,
			.nth = said->nth,
			.more = said->more,
		};
		tell[said->kind](config->context, &told);
		free(said->texts);
	}
	intake->n_said = 0;
}

/* Kept until all before it are known. Without memory for that it is told at once. */
static void say(struct intake *intake, enum said_kind kind, const struct place *place,
		unsigned sheet, unsigned more, const char *why)
{
	size_t lens[] = { strlen(why) + 1, strlen(place->column) + 1, strlen(place->value) + 1 };
	char *texts = malloc(lens[0] + lens[1] + lens[2]);
	struct said one = { .kind = kind,
			    .line = place->line,
			    .nth = place->nth,
			    .sheet = sheet,
			    .more = more,
			    .turn = intake->said_turn++,
			    .why = why,
			    .column = place->column,
			    .value = place->value };
	if (!texts || ARRAY_RESERVE(intake->said, intake->said_room, intake->n_said + 1) < 0) {
		struct intake alone = {
			.config = intake->config, .said = &one, .n_said = 1, .said_room = 1
		};
		free(texts);
		intake_tell(&alone);
		return;
	}
	one.texts = texts;
	one.why = memcpy(texts, why, lens[0]);
	one.column = memcpy(texts + lens[0], place->column, lens[1]);
	one.value = memcpy(texts + lens[0] + lens[1], place->value, lens[2]);
	intake->said[intake->n_said++] = one;
	if (intake->n_said == SAID_MAX) /* I10 */
		intake_tell(intake);
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
	say(intake, SAID_ERROR, place, intake->config->nth_sheet, 0,
	    beside_column(why, place->column));
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
	say(intake, SAID_NOTE, place, intake->config->nth_sheet, 0, text);
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
	say(intake, SAID_WARNING, place, intake->config->nth_sheet, 0,
	    beside_column(why, place->column));
	intake->result.warned++;
}

/* Of one that was held, by now beside those of other sheets. */
static void say_held(struct intake *intake, enum said_kind kind, const struct held *held,
		     unsigned more, const char *text)
{
	char why[ERR_TEXT_MAX + METRIC_NAME_MAX];
	if (kind == SAID_WARNING && !intake->config->on_warning)
		return;
	(void)utf8_print(why, sizeof(why), "%s: %s", held->entry.metric, text); /* fits */
	say(intake, kind, &held->place, held->sheet, more, beside_column(why, held->place.column));
	*(kind == SAID_ERROR ? &intake->result.rejected : &intake->result.warned) += 1 + more;
}

/* Those of @held that are far from what was reported before. */
static void warn(struct intake *intake, const struct held *held, const struct comparison *found)
{
	char says[ERR_TEXT_MAX];
	for (size_t i = 0; i < found->n; i++) {
		const struct comparison_far *far = &found->list[i];
		const struct held *one = &held[far->nth];
		say_held(intake, SAID_WARNING, one, 0, comparison_say(far, one->entry.point, says));
	}
}

static int by_text(const void *a, const void *b)
{
	const struct comparison_breach *x = a, *y = b;
	int order = (int)x->refused - (int)y->refused;
	order = order ? order : strcmp(x->text, y->text);
	return order ? order : (x->nth > y->nth) - (x->nth < y->nth);
}

/* Those that were refused by themselves, and those that break a rule and are recorded. What is
 * wrong with several, as with all that a rule names, is told at the first. */
static void tell_breaches(struct intake *intake, const struct held *held, struct comparison *found)
{
	struct comparison_breach *list = found->breaches;
	if (found->n_breaches > 1)
		qsort(list, found->n_breaches, sizeof(*list), by_text);
	for (size_t i = 0, end; i < found->n_breaches; i = end) {
		for (end = i + 1; end < found->n_breaches && list[end].refused == list[i].refused &&
				  strcmp(list[end].text, list[i].text) == 0;)
			end++;
		say_held(intake, list[i].refused ? SAID_ERROR : SAID_WARNING, &held[list[i].nth],
			 (unsigned)(end - i - 1), list[i].text);
	}
}

/* --- figures --- */

/* Of entries of which one is refused after all (the agent's catalogue or clock is another by now)
 * the others are handed in: by halves, so that each costs some ten calls. So are those that are too
 * much for one request. */
static int hand_over_some(struct intake *intake, const struct held *held, size_t from, size_t n,
			  struct err *err)
{
	struct comparison found = { 0 };
	int rc = intake->config->on_entries(intake->config->context, intake->entries + from,
					    intake->judged + from, n, &found, err);
	if (rc == 0) {
		intake->result.figures += n - found.n_refused;
		warn(intake, held + from, &found);
		tell_breaches(intake, held + from, &found);
	}
	comparison_free(&found);
	if (rc != -EINVAL && rc != -EEXIST && (rc != -E2BIG || n == 1))
		return rc;
	if (n == 1) {
		const struct held *one = held + from;
		say(intake, SAID_ERROR, &one->place, one->sheet, 0,
		    beside_column(err->text, one->place.column));
		intake->result.rejected++;
		*err = (struct err){ 0 }; /* that is told */
		return 0;
	}
	*err = (struct err){ 0 };
	rc = hand_over_some(intake, held, from, n / 2, err);
	return rc < 0 ? rc : hand_over_some(intake, held, from + n / 2, n - n / 2, err);
}

/* One transaction. */
static int hand_over_piece(struct intake *intake, size_t from, size_t n, struct err *err)
{
	if (ARRAY_RESERVE(intake->entries, intake->entries_room, n) < 0 ||
	    ARRAY_RESERVE(intake->judged, intake->judged_room, n) < 0)
		return err_memory(err);
	for (size_t i = 0; i < n; i++) {
		intake->entries[i] = intake->held[from + i].entry;
		intake->judged[i] = intake->held[from + i].judged;
	}
	return hand_over_some(intake, intake->held + from, 0, n, err);
}

static bool same_group(const struct held *a, const struct held *b)
{
	return a->ruled && b->ruled && a->judged.period.calendar == b->judged.period.calendar &&
	       a->judged.period.grain == b->judged.period.grain &&
	       a->judged.period.number == b->judged.period.number;
}

/* First what no rule names, then period by period; each as the file has them. */
static int by_group(const void *a, const void *b)
{
	const struct held *x = a, *y = b;
	if (x->ruled != y->ruled)
		return x->ruled ? 1 : -1;
	if (!same_group(x, y) && x->ruled) {
		const struct period *p = &x->judged.period, *q = &y->judged.period;
		if (p->calendar != q->calendar)
			return p->calendar < q->calendar ? -1 : 1;
		if (p->grain != q->grain)
			return p->grain < q->grain ? -1 : 1;
		return p->number < q->number ? -1 : 1;
	}
	return (x->turn > y->turn) - (x->turn < y->turn);
}

/* How many from @from on go together: about a piece, of whole groups. */
static size_t piece_cut(const struct intake *intake, size_t from)
{
	const struct held *held = intake->held + from;
	size_t left = intake->n_held - from, n = piece_size(intake);
	if (left <= n)
		return left;
	size_t whole = n;
	while (whole > 0 && same_group(&held[whole - 1], &held[whole]))
		whole--;
	if (whole > 0)
		return whole;
	while (n < left && n < GROUP_MAX && same_group(&held[n - 1], &held[n]))
		n++;
	return n;
}

/* Those before @n are done with. */
static void forget(struct intake *intake, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		intake->n_loose -= !intake->held[i].ruled;
		free(intake->held[i].texts);
	}
	intake->n_held -= n;
	if (n > 0 && intake->n_held > 0)
		memmove(intake->held, intake->held + n, intake->n_held * sizeof(*intake->held));
}

/* The next piece; they are in their order. */
static int hand_over_next(struct intake *intake, struct err *err)
{
	size_t n = piece_cut(intake, intake->at);
	int rc = hand_over_piece(intake, intake->at, n, err);
	intake->at += rc < 0 ? 0 : n;
	return rc;
}

/* More are to come: what no rule names need not wait for them. */
static int hand_over_loose(struct intake *intake, struct err *err)
{
	size_t n = intake->n_loose;
	if (n < intake->n_held)
		qsort(intake->held, intake->n_held, sizeof(*intake->held), by_group);
	int rc = hand_over_piece(intake, 0, n, err);
	if (rc < 0)
		return rc;
	forget(intake, n);
	if (intake->n_held == 0)
		intake_tell(intake);
	return 0;
}

int intake_end(struct intake *intake, struct err *err)
{
	int rc = 0;
	if (intake->n_held > piece_size(intake) && !intake->ending)
		qsort(intake->held, intake->n_held, sizeof(*intake->held), by_group);
	intake->ending = true;
	if (intake->at < intake->n_held)
		rc = hand_over_next(intake, err);
	if (rc == 0 && intake->at < intake->n_held)
		return 1;
	forget(intake, rc == 0 ? intake->n_held : 0);
	intake->at = 0;
	intake->ending = false;
	intake_tell(intake);
	return rc;
}

static int hand_over_all(struct intake *intake, struct err *err)
{
	int rc;
	do
		rc = intake_end(intake, err);
	while (rc > 0);
	return rc;
}

static char *put_text(char **at, const char *text)
{
	size_t size = strlen(text) + 1;
	char *put = memcpy(*at, text, size);
	*at += size;
	return put;
}

/* The entry outlives the row it came from, and the table. */
static int add_entry(struct intake *intake, const struct place *place, const struct entry *entry,
		     const struct observation *obs, struct err *err)
{
	/* As the file has it; a decimal says the same, without the blanks around it. */
	const char *shown = strlen(place->value) < NUMERAL_MAX ? place->value : NULL;
	size_t n_uses;
	if (!shown)
		shown = entry->value ? entry->value : "";
	if (ARRAY_RESERVE(intake->held, intake->held_room, intake->n_held + 1) < 0)
		return err_memory(err);
	size_t room = strlen(obs->labels) + strlen(place->column) + strlen(shown) + 3 +
		      (entry->value ? strlen(entry->value) + 1 : 0) +
		      (entry->period ? strlen(entry->period) + 1 : 0);
	char *texts = malloc(room), *at = texts;
	if (!texts)
		return err_memory(err);
	struct held *held = &intake->held[intake->n_held++];
	*held = (struct held){ .sheet = intake->config->nth_sheet,
			       .turn = intake->turn++,
			       .texts = texts,
			       .judged = *obs };
	held->place = (struct place){ .line = place->line,
				      .column = put_text(&at, place->column),
				      .value = put_text(&at, shown),
				      .nth = place->nth };
	held->entry = (struct entry){ .metric = entry->metric, /* the catalogue's */
				      .value = entry->value ? put_text(&at, entry->value) : NULL,
				      .period = entry->period ? put_text(&at, entry->period) : NULL,
				      .labels = put_text(&at, obs->labels),
				      .author = intake->config->author,
				      .point = entry->point };
	held->judged.metric = held->entry.metric;
	held->judged.labels = held->entry.labels;
	held->judged.author = held->entry.author;
	(void)rules_of(intake->config->catalogue->rules, entry->metric, &n_uses);
	held->ruled = n_uses > 0 && !obs->now;
	intake->n_loose += !held->ruled;
	if (intake->n_held == HELD_MAX) /* I10 */
		return hand_over_all(intake, err);
	return intake->n_loose == piece_size(intake) ? hand_over_loose(intake, err) : 0;
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
	*ret_intake = intake;
	return 0;
}

struct import_result intake_result(const struct intake *intake)
{
	return intake->result;
}

void intake_close(struct intake *intake)
{
	if (!intake)
		return;
	for (size_t i = 0; i < intake->n_held; i++)
		free(intake->held[i].texts);
	for (size_t i = 0; i < intake->n_said; i++)
		free(intake->said[i].texts);
	free(intake->held);
	free(intake->said);
	free(intake->entries);
	free(intake->judged);
	free(intake);
}
