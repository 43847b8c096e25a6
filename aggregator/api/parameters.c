#include "api/parameters.h"

#include "common/base/names.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/net/wire_limits.h"
#include "common/text/near_name.h"
#include "journal/quarantine.h"
#include "ledger/hand_judge.h"
#include "query/arrange.h"
#include "query/explain.h"
#include "query/plan.h"
#include "registry/code.h"
#include "registry/excuses.h"
#include "registry/publications.h"
#include "schema/account.h"
#include "schema/chain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A period as period_read() reads it. */
#define PERIOD_PATTERN                                                                             \
	"[0-9]{4}(-S[12]|-Q[1-4]|-W[0-9]{2}|-[0-9]{2}"                                             \
	"(-[0-9]{2}(T[0-9]{2}(:[0-9]{2})?)?)?)?"
#define FIGURES        "/v1/query /v1/completeness"
#define RELEASE_PATH   "/v1/quarantine/release"
#define PLACE_NAME_MAX 256 /* bytes of the name of a unit or an office */

static const struct parameter parameters[] = {
	/* questions about figures */
	{ "name", "/v1/history", PARAMETER_TEXT, .high = PLACE_NAME_MAX, .example = "28249",
	  .description = "A unit's or office's code or name, or the name of a metric or "
			 "indicator." },
	{ "name", "/v1/publications", PARAMETER_TEXT, .high = PUBLICATION_NAME_MAX,
	  .example = "2025-Q2", .description = "What the publication is called from then on." },
	{ "name", "/v1/offices /v1/offices/rename", PARAMETER_TEXT, .high = 256,
	  .example = "UBND xã Long Bình", .description = "What the office is called." },
	{ "name", "/v1/tokens /v1/tokens/revoke", PARAMETER_TEXT, .high = CODE_LEN_MAX,
	  .example = "grafana", .description = "The token's name, which is never given again." },
	{ "name", "/v1/query", PARAMETER_TEXT, .high = METRIC_NAME_MAX * QUERY_NAMES_MAX,
	  .example = "team.count",
	  .description = "The name of a metric or indicator, or up to 16 of them parted by "
			 "commas." },
	{ "name", NULL, PARAMETER_TEXT, .high = METRIC_NAME_MAX, .example = "team.count",
	  .description = "The name of a metric or indicator." },
	{ "area", NULL, PARAMETER_TEXT, .high = PLACE_NAME_MAX, .example = "815",
	  .description = "A unit's code, or the name of one alone in that time: what lies in it. "
			 "Without it, everywhere." },
	{ "by", NULL, PARAMETER_TEXT, .high = 64, .example = "district",
	  .description = "A row for each unit of this level, or for each office: \"office\". "
			 "Without it, one row for the whole." },
	{ "per", NULL, PARAMETER_WORD, .words = "hour day week month quarter semester year",
	  .example = "month", .description = "How long the periods of the rows are." },
	{ "from", "/v1/offices /v1/offices/move", PARAMETER_DAY, .example = "2025-07-01",
	  .description = "The first day on which it is so. Without it, today." },
	{ "from", FIGURES, PARAMETER_PERIOD_OR_LATEST, .example = "2025-01",
	  .description = "The first period, of any length, or \"latest\": the newest of the rows' "
			 "length that is over. Without it and \"to\", the one that is under way." },
	{ "to", FIGURES, PARAMETER_PERIOD_OR_LATEST, .example = "latest",
	  .description = "The last period, which is included; \"latest\" as in \"from\"." },
	{ "last", NULL, PARAMETER_NUMBER, .low = 1, .high = PLAN_BUCKETS_MAX, .example = "12",
	  .description =
		  "The last so many whole periods, the newest that is over included, instead "
		  "of \"from\" and \"to\"; with \"known\", that was over then. The "
		  "answer's head says which they are." },
	{ "sort", NULL, PARAMETER_TEXT, .high = ARRANGE_SORT_MAX, .example = "value:desc",
	  .description = "COLUMN or, of several names, NAME:COLUMN, \":desc\" behind it for the "
			 "greatest first: places in the order of the newest period, or, where the "
			 "area is not parted, periods. What has no value comes last, and so do "
			 "the rest and the whole." },
	{ "top", NULL, PARAMETER_NUMBER, .low = 1, .high = ARRANGE_TOP_MAX, .example = "10",
	  .description = "The first so many places (or periods) alone, by \"sort\" or else those "
			 "of the greatest value, of completeness those of whom most is missing. "
			 "The answer's head says of how many they are (top_of), and how many rows "
			 "are left out." },
	{ "from", "/v1/audit", PARAMETER_PERIOD, .example = "2025-07-01",
	  .description = "The first day, or the period that begins with it." },
	{ "to", "/v1/audit", PARAMETER_PERIOD, .example = "2025-07",
	  .description = "The last day, or the period that ends with it." },
	{ "from", NULL, PARAMETER_PERIOD, .example = "2025-01",
	  .description = "The first period, of any length. Without it and \"to\", the one that is "
			 "under way." },
	{ "to", NULL, PARAMETER_PERIOD, .example = "2025-06",
	  .description = "The last period, which is included." },
	{ "form", NULL, PARAMETER_WORD, .words = "minute hour day week month quarter semester year",
	  .example = "month", .description = "All that is reported per this." },
	{ "reason", NULL, PARAMETER_TEXT, .high = 4 * EXCUSE_REASON_MAX,
	  .example = "Mất điện do bão", .description = "Why, for whoever asks later." },
	{ "excuse", NULL, PARAMETER_NUMBER, .low = 1, .high = INT64_MAX, .example = "1",
	  .description = "The number of an excuse." },
	{ "labels", NULL, PARAMETER_TEXT, .high = LABELS_TEXT_MAX - 1, .example = "sector=land",
	  .description = "NAME=VALUE;NAME=VALUE: figures that have these labels. Without it, all, "
			 "added up." },
	{ "calendar", NULL, PARAMETER_WORD, .words = "civil report", .example = "report",
	  .description = "By which calendar periods are told." },
	{ "structure", "/v1/map", PARAMETER_DAY, .example = "2025-07-01",
	  .description = "Under the borders of this day. Without it, of today." },
	{ "structure", "/v1/maps", PARAMETER_DAY, .example = "2025-07-01",
	  .description = "A day on which all its units are in force. Without it, the latest." },
	{ "kind", NULL, PARAMETER_WORD, .words = "tiles borders", .example = "tiles",
	  .description = "A map of tiles of one size, or of borders. Asked without it: borders, "
			 "where there are any of that day." },
	{ "valid_from", NULL, PARAMETER_DAY, .example = "2025-07-01",
	  .description = "The day from which on the map stands." },
	{ "structure", NULL, PARAMETER_DAY, .example = "2025-06-30",
	  .description = "Told under the borders of this day. Without it, of the time itself." },
	{ "known", NULL, PARAMETER_INSTANT, .example = "2025-07-05",
	  .description = "As it was known at this instant, or at the end of this day." },
	{ "publication", NULL, PARAMETER_TEXT, .high = PUBLICATION_NAME_MAX, .example = "2025-Q2",
	  .description = "As it was published under this name." },
	{ "rank", NULL, PARAMETER_WORD, .words = "0 1", .example = "1",
	  .description = "1: each row has its rank." },
	{ "revisions", NULL, PARAMETER_WORD, .words = "0 1", .example = "1",
	  .description = "1: what was changed, instead of figures." },
	{ "by_label", NULL, PARAMETER_TEXT, .high = 32, .example = "sector",
	  .description = "A dimension: a row for each of its labels." },
	{ "versus", NULL, PARAMETER_WORD, .words = "year period", .example = "year",
	  .description = "Beside each row, what it was a year, or a period, before." },
	{ "total", NULL, PARAMETER_WORD, .words = "0 1", .example = "1",
	  .description = "1: rows of the whole behind its parts." },
	{ "office", NULL, PARAMETER_TEXT, .high = PLACE_NAME_MAX, .example = "28249",
	  .description = "An office's code, or the name of one alone." },
	{ "metric", NULL, PARAMETER_TEXT, .high = METRIC_NAME_MAX, .example = "team.count",
	  .description = "The name of a metric." },
	/* lists */
	{ "most", "/v1/messages", PARAMETER_NUMBER, .low = 1, .high = 10000, .example = "100",
	  .description = "How many rows at most; usually 100." },
	{ "most", "/v1/alerts", PARAMETER_NUMBER, .low = 1, .high = 10000, .example = "100",
	  .description = "How many changes at most; usually 1000." },
	{ "most", "/v1/explain", PARAMETER_NUMBER, .low = 1, .high = EXPLAIN_OFFICES_MAX,
	  .example = "100", .description = "How many offices at most; usually 100." },
	{ "most", "/v1/changes", PARAMETER_NUMBER, .low = 1, .high = CHANGES_MOST_MAX,
	  .example = "1000", .description = "How many items at most." },
	{ "most", NULL, PARAMETER_NUMBER, .low = 0, .high = 100000, .example = "1000",
	  .description = "How many rows at most; usually 1000." },
	{ "before", "/v1/quarantine", PARAMETER_TEXT, .high = QUARANTINE_AT_MAX - 1,
	  .example = "4711:0:-1",
	  .description = "ENTRY:RUN:POINT: go on behind this row, the list's own next." },
	{ "before", "/v1/messages", PARAMETER_NUMBER, .low = 1, .high = INT64_MAX, .example = "17",
	  .description = "The number of a message: only those before it." },
	{ "before", NULL, PARAMETER_NUMBER, .low = 1, .high = INT64_MAX, .example = "4711",
	  .description = "The number of a row's event: only what came before it." },
	{ "code", NULL, PARAMETER_TEXT, .high = PLACE_NAME_MAX, .example = "28249",
	  .description = "An office's code; of one that is there, also the name of it alone." },
	{ "silent", NULL, PARAMETER_TEXT, .high = 16, .example = "2d",
	  .description = "Offices not heard for so long, such as 2d, 12h, 30m or 90s, or never; 1: "
			 "for three push intervals of each." },
	{ "late", NULL, PARAMETER_WORD, .words = "0 1", .example = "1",
	  .description = "1: offices of which reports are missing whose due day is over." },
	{ "behind", NULL, PARAMETER_TEXT, .high = 32, .example = "1.10",
	  .description = "Offices whose program is older than this version." },
	/* orders */
	{ "yes", NULL, PARAMETER_WORD, .words = "0 1", .example = "1",
	  .description = "1: it is meant, though it takes something away." },
	{ "dry_run", NULL, PARAMETER_WORD, .words = "0 1", .example = "1",
	  .description = "1: only tell what would come of it." },
	{ "invite", NULL, PARAMETER_WORD, .words = "0 1", .example = "1",
	  .description = "1: only if the offices can be invited afterwards." },
	{ "repair", NULL, PARAMETER_WORD, .words = "0 1", .example = "1",
	  .description = "1: what differs is mended (on the province's own machine alone)." },
	{ "run", NULL, PARAMETER_NUMBER, .low = 1, .high = INT64_MAX, .example = "3",
	  .description = "The number that the order was answered with." },
	{ "on", NULL, PARAMETER_DAY, .example = "2025-07-01",
	  .description = "The first day on which the unit, or the office, is no more." },
	{ "unit", NULL, PARAMETER_TEXT, .high = PLACE_NAME_MAX, .example = "28249",
	  .description = "A unit's code, or the name of one alone on that day; \"-\": none any "
			 "more, where an office moves." },
	{ "period", NULL, PARAMETER_PERIOD, .example = "2025-Q2",
	  .description = "A period of any length." },
	{ "entry", NULL, PARAMETER_NUMBER, .low = 1, .high = INT64_MAX, .example = "512",
	  .description = "The number of a journal entry, as the quarantine's rows have it." },
	{ "all", "/v1/offices/heads", PARAMETER_WORD, .words = "0 1", .example = "1",
	  .description = "1: all offices are asked." },
	{ "all", "/v1/offices/heard", PARAMETER_WORD, .words = "0 1", .example = "1",
	  .description = "1: all offices, whether there is a reason or not." },
	{ "all", "/v1/alerts", PARAMETER_WORD, .words = "0 1", .example = "1",
	  .description = "1: also what is pending, and what was resolved within a week." },
	{ "all", "/v1/messages", PARAMETER_WORD, .words = "yes", .example = "yes",
	  .description = "All offices are told." },
	{ "all", RELEASE_PATH, PARAMETER_WORD, .words = "yes no", .example = "yes",
	  .description = "All that waits." },
	{ "closed", NULL, PARAMETER_WORD, .words = "yes no", .example = "yes",
	  .description = "Also what came for a period that was closed." },
	{ "older_copy", NULL, PARAMETER_WORD, .words = "yes no", .example = "yes",
	  .description = "Also what a machine sent that was set back or copied." },
	{ "text", NULL, PARAMETER_TEXT, .high = WIRE_MESSAGE_LEN_MAX,
	  .example = "Hãy gửi lại số liệu tháng 6.",
	  .description = "What the office's people are told, of 1000 characters at most." },
	{ "account", NULL, PARAMETER_TEXT, .high = 200, .example = "unix:uid=1000",
	  .description = "Who acted, as the audit has it." },
	{ "shown", NULL, PARAMETER_TEXT, .high = ACCOUNT_SHOWN_MAX, .example = "Lê Thị Hương",
	  .description = "The name that the account is shown by." },
	/* the ledger */
	{ "who", NULL, PARAMETER_TEXT, .high = 200, .example = "unix:uid=1000",
	  .description = "Who acted: an account, or the name that it is shown by." },
	{ "kind", "/v1/audit", PARAMETER_TEXT, .high = 200, .example = "office move",
	  .description = "A kind of acts, as the column what has it, or its words." },
	{ "after", "/v1/audit", PARAMETER_NUMBER, .low = 0, .high = INT64_MAX, .example = "4711",
	  .description = "The number of a row's event: only what came after it." },
	{ "kind", NULL, PARAMETER_WORD,
	  .words = "fault disk clock checkpoint backup double silent late quarantine quality",
	  .example = "silent", .description = "Alerts of this kind alone." },
	{ "after", "/v1/alerts", PARAMETER_NUMBER, .low = 0, .high = INT64_MAX, .example = "0",
	  .description = "The number of the last change that is had already: what was told since, "
			 "in order." },
	{ "after", "/v1/explain", PARAMETER_TEXT, .high = CODE_LEN_MAX, .example = "28249",
	  .description = "An office's code: only offices behind it, as the answer's next says." },
	{ "after", NULL, PARAMETER_NUMBER, .low = 0, .high = INT64_MAX, .example = "0",
	  .description = "The position that is had already." },
	{ "epoch", NULL, PARAMETER_NUMBER, .low = 1, .high = INT64_MAX, .example = "1",
	  .description = "Of which epoch that position is." },
	{ "wait", NULL, PARAMETER_NUMBER, .low = 0, .high = CHANGES_WAIT_MAX_S, .example = "30",
	  .description = "For how many seconds to wait where there is nothing more yet." },
	{ "figures", "/v1/figures", PARAMETER_TEXT,
	  .high = HAND_FIGURES_MAX * (METRIC_NAME_MAX + 64), .example = "team.count=8",
	  .description = "METRIC=VALUE;METRIC=VALUE: what the office told, 256 at most; of one "
			 "that it withdraws the value is \"-\"." },
	{ "note", NULL, PARAMETER_TEXT, .high = OBSERVATION_NOTE_MAX,
	  .example = "điện thoại, chị Hoa",
	  .description = "What is to be said about them, in one line." },
	{ "figures", NULL, PARAMETER_WORD, .words = "0 1", .example = "1",
	  .description = "1: batches are told figure by figure." },
	{ "head", NULL, PARAMETER_TEXT, .high = HEAD_TEXT_MAX - 1, .example = "12:1f00",
	  .description = "POSITION:HASH, a head that somebody kept: is it of this ledger?" },
	{ "days", "/v1/offices/invite", PARAMETER_NUMBER, .low = 1, .high = 366, .example = "14",
	  .description = "For how many days the invitation is good." },
	{ "days", NULL, PARAMETER_NUMBER, .low = 1, .high = WIRE_HEADS_MAX, .example = "30",
	  .description = "Heads of so many days, today included." },
	{ "since", NULL, PARAMETER_DAY, .example = "2025-06-01",
	  .description = "Heads from this day on." },
	/* tokens */
	{ "role", NULL, PARAMETER_WORD, .words = "clerk viewer operator admin", .example = "viewer",
	  .description = "What who shows the token may do." },
	{ "expires", NULL, PARAMETER_TEXT, .high = 40, .example = "2026-12-31",
	  .description = "The last day, or the instant, on which it is good; \"never\"." },
};

const char *parameter_pattern(enum parameter_kind kind)
{
	switch (kind) {
	case PARAMETER_PERIOD_OR_LATEST:
		return "^(" PERIOD_LATEST "|" PERIOD_PATTERN ")$";
	case PARAMETER_PERIOD:
		return "^" PERIOD_PATTERN "$";
	case PARAMETER_DAY:
		return "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
	case PARAMETER_INSTANT:
		return "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
		       "(Z|[+-][0-9]{2}:?[0-9]{2})?)?$";
	case PARAMETER_TEXT:
	case PARAMETER_WORD:
	case PARAMETER_NUMBER:
		break;
	}
	return NULL;
}

const struct parameter *parameter_find(const struct action *action, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		const struct parameter *one = &parameters[i];

		if (strlen(one->name) == len && memcmp(one->name, name, len) == 0 &&
		    (!one->paths ||
		     names_find(one->paths, action->path, strlen(action->path)) >= 0))
			return one;
	}
	return NULL;
}

static int number_check(const struct parameter *parameter, const char *text, struct err *err)
{
	char *end = NULL;

	errno = 0;
	long long value = *text >= '0' && *text <= '9' ? strtoll(text, &end, 10) : -1;
	if (!end || *end || errno == ERANGE || value < parameter->low || value > parameter->high)
		return err_set(err, -EINVAL, "%s: must be a number from %lld to %lld",
			       parameter->name, (long long)parameter->low,
			       (long long)parameter->high);
	return 0;
}

static int text_check(const struct parameter *parameter, const char *text, struct err *err)
{
	if (strlen(text) > (uint64_t)parameter->high)
		return err_set(err, -EINVAL, "%s: more than %lld bytes", parameter->name,
			       (long long)parameter->high);
	return 0;
}

int parameter_check(const struct parameter *parameter, const char *text, struct err *err)
{
	struct period period;
	char shown[EXCERPT_MAX];
	int64_t at_us;
	int32_t day;
	int rc = 0;

	if (!*text)
		return err_set(err, -EINVAL, "%s: it is empty; give it a value or leave it out",
			       parameter->name);
	switch (parameter->kind) {
	case PARAMETER_TEXT:
		return text_check(parameter, text, err);
	case PARAMETER_NUMBER:
		return number_check(parameter, text, err);
	case PARAMETER_WORD:
		if (names_find(parameter->words, text, strlen(text)) >= 0)
			return 0;
		(void)err_set(err, -EINVAL, "%s: there is no '%s'; there are: %s", parameter->name,
			      utf8_excerpt(text, strlen(text), shown), parameter->words);
		return near_words_hint(err, parameter->words, text);
	case PARAMETER_PERIOD_OR_LATEST:
		if (strcmp(text, PERIOD_LATEST) == 0)
			return 0;
		rc = period_parse(text, CALENDAR_CIVIL, &period, err);
		break;
	case PARAMETER_PERIOD:
		rc = period_parse(text, CALENDAR_CIVIL, &period, err);
		break;
	case PARAMETER_DAY:
		rc = day_parse(text, &day, err);
		break;
	case PARAMETER_INSTANT:
		rc = civil_parse(text, &at_us, err);
		break;
	}
	return rc < 0 ? err_wrap(err, "%s", parameter->name) : 0;
}

bool parameters_next(const char **cursor, char ret_name[PARAMETER_NAME_MAX])
{
	const char *at = *cursor ? *cursor + strspn(*cursor, " ") : "";
	size_t len = strcspn(at, " ");

	if (len == 0)
		return false;
	*cursor = at + len;
	if (len >= PARAMETER_NAME_MAX)
		len = PARAMETER_NAME_MAX - 1; /* and no row has it */
	memcpy(ret_name, at, len);
	ret_name[len] = '\0';
	return true;
}

int parameters_check(const struct action *action, const struct http_request *request,
		     struct err *err)
{
	const char *cursor = action->arguments;
	char name[PARAMETER_NAME_MAX];
	int rc = 0;

	while (rc == 0 && parameters_next(&cursor, name)) {
		const struct parameter *parameter = parameter_find(action, name, strlen(name));
		const char *text = http_arg(request, name);

		if (parameter && text)
			rc = parameter_check(parameter, text, err);
	}
	return rc;
}
