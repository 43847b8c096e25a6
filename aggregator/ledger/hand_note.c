#include "ledger/hand_note.h"

#include "common/base/decimal.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "registry/messages.h"
#include "schema/event.h"

#include <inttypes.h>
#include <string.h>

#define LIST_MAX   400u /* bytes: with a note, and what is around it, a message takes it all */
#define NOTED_MAX  400u /* likewise, of the note */
#define DETAIL_MAX 1024u

/* "8", or "-" of what was withdrawn. */
static const char *value_of(const struct observation *obs, char text[DECIMAL_TEXT_MAX])
{
	if (obs->withdrawn)
		(void)strcpy(text, "-");
	else
		(void)decimal_format(obs->value_e, obs->decimals, text); /* its length */
	return text;
}

/* "a = 8, b = -": by their names for programs, or as people call them. What finds no place is "..."
 */
static const char *list_write(const struct hand_note *note, const struct observation *const list[],
			      size_t n, bool for_people, char text[LIST_MAX])
{
	char value[DECIMAL_TEXT_MAX], one[LIST_MAX];
	size_t at = 0;
	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		const struct metric *metric =
			for_people ? catalogue_find(note->reference->catalogue, list[i]->metric)
				   : NULL;
		size_t len = utf8_print(
			one, sizeof(one), for_people ? "%s%s = %s" : "%s%s=%s", i > 0 ? ", " : "",
			metric ? metric_called(metric) : list[i]->metric, value_of(list[i], value));
		if (at + len + sizeof(", ...") > LIST_MAX) {
			(void)utf8_print(text + at, LIST_MAX - at, ", ...");
			break;
		}
		memcpy(text + at, one, len + 1);
		at += len;
	}
	return text;
}

static int event_put(sqlite3 *db, const struct hand_note *note,
		     const struct observation *const list[], size_t n, int64_t entry,
		     struct err *err)
{
	char detail[DETAIL_MAX], figures[LIST_MAX], excerpt[EXCERPT_MAX];
	const struct hand_common *common = note->common;
	const char *said = common->note ? common->note : "";
	(void)utf8_print(detail, sizeof(detail),
			 "office=%s period=%s labels=%s entry=%" PRId64
			 " figures=\"%s\" note=\"%s\"",
			 note->office, common->period, *common->labels ? common->labels : "-",
			 entry, list_write(note, list, n, false, figures),
			 utf8_excerpt(said, strlen(said), excerpt));
	return event_append(db,
			    &(struct event_form){
				    .who = common->who, .kind = "figure record", .detail = detail },
			    NULL, err);
}

/* An agent sends what is new to it: the figure that it sent before, and that is right, it sends
 * again for the sake of another note alone. */
static int message_put(sqlite3 *db, const struct hand_note *note,
		       const struct observation *const list[], size_t n, struct err *err)
{
	char text[4 * MESSAGE_CHARACTERS_MAX], figures[LIST_MAX], value[DECIMAL_TEXT_MAX],
		noted[NOTED_MAX];
	const struct hand_common *common = note->common;
	struct message_form form = {
		.office = note->office, .text = text, .labels = "", .who = common->who
	};
	size_t len;
	if (n == 1) { /* it stands beside the figure */
		form.metric = list[0]->metric;
		form.period = common->period;
		form.labels = list[0]->labels;
	}
	if (n == 1 && list[0]->withdrawn)
		len = utf8_print(
			text, sizeof(text),
			_("The province withdrew this figure on the office's behalf. If that "
			  "is wrong, hand it in with a note why: that counts then."));
	else if (n == 1)
		len = utf8_print(
			text, sizeof(text),
			_("The province recorded %s for this figure on the office's behalf. "
			  "If that is wrong, hand in the right one with a note why: that counts "
			  "then."),
			value_of(list[0], value));
	else
		len = utf8_print(text, sizeof(text),
				 _("The province recorded for %s on the office's behalf: %s. Where "
				   "that is wrong, hand in the right figure with a note why: that "
				   "counts then."),
				 common->period, list_write(note, list, n, true, figures));
	if (common->note && *common->note) {
		(void)utf8_print(noted, sizeof(noted), "%s", common->note);
		(void)utf8_print(text + len, sizeof(text) - len, _(" Note: %s"), noted);
	}
	return message_add(db, note->reference, &form, err);
}

int hand_note(sqlite3 *db, const struct hand_note *note, const struct observation *const list[],
	      size_t n, int64_t entry, struct err *err)
{
	int rc = event_put(db, note, list, n, entry, err);
	return rc < 0 ? rc : message_put(db, note, list, n, err);
}
