#include "web/sdmx_request.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/near_name.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX   6u
#define SDMX_DATA_PATH SDMX_PATH "data/dataflow/" SDMX_AGENCY "/" SDMX_FLOW "/" SDMX_VERSION

char *sdmx_piece(char **cursor, char mark)
{
	char *piece = *cursor, *end = piece ? strchr(piece, mark) : NULL;

	if (end)
		*end = '\0';
	*cursor = end ? end + 1 : NULL;
	return piece;
}

static int nibble(char c)
{
	return isdigit((unsigned char)c)    ? c - '0'
	       : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
					    : -1;
}

/* In place. A '+' stays one: it has a meaning of its own in SDMX. */
static bool decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		int high = *from == '%' ? nibble(from[1]) : -1;
		int low = high >= 0 ? nibble(from[2]) : -1;

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		if (low < 0 || (high | low) == 0)
			return false;
		*to++ = (char)(high * 16 + low);
		from += 2;
	}
	*to = '\0';
	return utf8_valid(text, (size_t)(to - text));
}

/* --- the path --- */

static bool is_wild(const char *text)
{
	return !*text || strcmp(text, "*") == 0;
}

/* Which version is meant: 1.0.0, the newest (stable or not), any, or one from there on. */
static bool is_version(const char *text)
{
	static const char *const taken[] = { "1.0.0",  "*",      "+",     "~",    "1+",
					     "1.0+",   "1.0.0+", "1~",    "1.0~", "1.0.0~",
					     "latest", "1+.0.0", "1.0+.0" };

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcmp(taken[i], text) == 0)
			return true;
	return false;
}

static unsigned check_flow(const char *agency, const char *id, const char *version, struct err *err)
{
	if ((is_wild(agency) || strcmp(agency, SDMX_AGENCY) == 0) &&
	    (is_wild(id) || strcmp(id, SDMX_FLOW) == 0) &&
	    (is_wild(version) || is_version(version)))
		return 0;
	(void)err_set(err, -ENOENT, "there is no dataflow %.64s:%.64s(%.64s); there is %s", agency,
		      id, version, SDMX_ID);
	return 404;
}

/* FIGURES, LANTOA,FIGURES or LANTOA,FIGURES,1.0.0. */
static unsigned check_old_flow(char *flow, struct err *err)
{
	char *cursor = flow, *pieces[3] = { NULL };
	size_t n = 0;

	while (n < 3 && cursor)
		pieces[n++] = sdmx_piece(&cursor, ',');
	return check_flow(n > 1 ? pieces[0] : "*", n > 1 ? pieces[1] : pieces[0],
			  n > 2 ? pieces[2] : "*", err);
}

static const struct {
	const char *name;
	enum sdmx_kind kind;
} kinds[] = {
	{ "dataflow", SDMX_DATAFLOW },
	{ "datastructure", SDMX_DATASTRUCTURE },
	{ "codelist", SDMX_CODELIST },
	{ "conceptscheme", SDMX_CONCEPTSCHEME },
};

/* structure/KIND/AGENCY/ID/VERSION, @segments[@n]; what is left out is all. */
static unsigned read_structure(struct sdmx_request *request, char *segments[], size_t n,
			       struct err *err)
{
	const char *kind = n > 1 ? segments[1] : "", *agency = n > 2 ? segments[2] : "*",
		   *version = n > 4 ? segments[4] : "*";

	request->kind = SDMX_DATA;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, kind) == 0)
			request->kind = kinds[i].kind;
	if (request->kind == SDMX_DATA) {
		(void)err_set(err, -ENOTSUP,
			      "the kinds of structures are dataflow, datastructure, codelist and "
			      "conceptscheme, not '%.64s'",
			      kind);
		return 501;
	}
	request->id = n > 3 && !is_wild(segments[3]) ? segments[3] : "";
	if (n <= 5 && (is_wild(agency) || strcmp(agency, SDMX_AGENCY) == 0) &&
	    (is_wild(version) || is_version(version)))
		return 0;
	(void)err_set(err, -ENOENT, "there is no %.64s:%.64s(%.64s); there is %s", agency,
		      request->id, version, SDMX_AGENCY " " SDMX_VERSION);
	return 404;
}

static unsigned read_path(struct sdmx_request *request, char *path, struct err *err)
{
	char *segments[SEGMENTS_MAX] = { NULL }, *cursor = path, *end = path + strlen(path);
	size_t n = 0;
	bool old;

	while (cursor && n < SEGMENTS_MAX)
		segments[n++] = sdmx_piece(&cursor, '/');
	for (size_t i = 0; i < n; i++)
		if (!decode(segments[i])) {
			(void)err_set(err, -EINVAL, "the address is not UTF-8");
			return 400;
		}
	if (!cursor && n > 0 && strcmp(segments[0], "structure") == 0)
		return read_structure(request, segments, n, err);
	if (cursor || n == 0 || strcmp(segments[0], "data") != 0) {
		(void)err_set(err, -ENOENT, "there is no '%.64s' here; there is %s",
			      n > 0 ? segments[0] : "", SDMX_DATA_PATH "/KEY");
		return n > 0 && (strcmp(segments[0], "availability") == 0 ||
				 strcmp(segments[0], "schema") == 0 ||
				 strcmp(segments[0], "metadata") == 0)
			       ? 501
			       : 404;
	}
	request->key = end; /* all */
	old = n >= 2 && n <= 3 && !is_wild(segments[1]) && strcmp(segments[1], "dataflow") != 0;
	if (old) {
		if (n > 2 && strcmp(segments[2], "all") != 0)
			request->key = segments[2];
		return check_old_flow(segments[1], err);
	}
	if (n > 1 && !is_wild(segments[1]) && strcmp(segments[1], "dataflow") != 0) {
		(void)err_set(err, -ENOENT, "there is no context '%.64s'; there is dataflow",
			      segments[1]);
		return 404;
	}
	if (n > 5)
		request->key = segments[5];
	return check_flow(n > 2 ? segments[2] : "*", n > 3 ? segments[3] : "*",
			  n > 4 ? segments[4] : "*", err);
}

/* --- the arguments --- */

static unsigned bad(struct err *err, const char *name, const char *value)
{
	(void)err_set(err, -EINVAL, "%.64s: '%.64s' is not valid", name, value);
	return 400;
}

static unsigned read_number(const char *name, const char *value, uint64_t *ret_number,
			    struct err *err)
{
	size_t len = strlen(value);

	if (len == 0 || len > 18 || strspn(value, "0123456789") != len)
		return bad(err, name, value);
	*ret_number = strtoull(value, NULL, 10);
	return 0;
}

/* "ge:2025-01+le:2025-06", "eq:2025" or "2025". */
static unsigned read_time(struct sdmx_request *request, char *value, struct err *err)
{
	while (value) {
		char *one = sdmx_piece(&value, '+'), *bound = strchr(one, ':');
		bool has = bound && bound - one == 2 && isalpha((unsigned char)*one);
		const char *text = has ? bound + 1 : one;
		bool is_eq = !has || strncmp(one, "eq", 2) == 0;
		bool is_ge = has && strncmp(one, "ge", 2) == 0;
		bool is_le = has && strncmp(one, "le", 2) == 0;

		if (!*text)
			return bad(err, "c[TIME_PERIOD]", one);
		if ((!is_eq && !is_ge && !is_le) || strchr(text, ',')) {
			(void)err_set(err, -ENOTSUP,
				      "c[TIME_PERIOD] is one range here: ge:PERIOD+le:PERIOD, or "
				      "eq:PERIOD");
			return 501;
		}
		if (((is_eq || is_ge) && request->from) || ((is_eq || is_le) && request->to)) {
			(void)err_set(err, -EINVAL, "the time is given twice");
			return 400;
		}
		if (is_eq || is_ge)
			request->from = text;
		if (is_eq || is_le)
			request->to = text;
	}
	return 0;
}

static unsigned read_condition(struct sdmx_request *request, char *name, char *value,
			       struct err *err)
{
	size_t len = strlen(name);

	if (name[len - 1] != ']' || len < 4)
		return bad(err, "c", name);
	name[len - 1] = '\0';
	name += 2;
	if (strcmp(name, "TIME_PERIOD") == 0)
		return read_time(request, value, err);
	for (size_t i = 0; i < request->n_conditions; i++)
		if (strcmp(request->conditions[i].dimension, name) == 0) {
			(void)err_set(err, -EINVAL, "c[%.64s] is given twice", name);
			return 400;
		}
	if (request->n_conditions == SDMX_CONDITIONS_MAX || strchr(value, '+')) {
		(void)err_set(
			err, -ENOTSUP,
			"c[%.64s]: values are separated by commas here, and no more than that",
			name);
		return 501;
	}
	request->conditions[request->n_conditions++] =
		(struct sdmx_condition){ .dimension = name, .values = value };
	return 0;
}

/* What is always so here may be asked for; anything else of these is not there. */
static const struct {
	const char *name, *taken; /* parted by blanks */
	const char *why;
} fixed[] = {
	{ "includeHistory", "false",
	  N_("includeHistory: there is no list of all versions of a figure here; asOf has each") },
	{ "updatedAfter", "",
	  N_("updatedAfter: this does not tell which of the figures changed since; /api/v1/query "
	     "with revisions=1 tells what was corrected") },
	{ "dimensionAtObservation", "AllDimensions TIME_PERIOD",
	  N_("dimensionAtObservation: a file of SDMX-CSV is flat") },
	{ "attributes", "dsd all", N_("attributes: all are given") },
	{ "measures", "all", N_("measures: all are given") },
	{ "detail", "full", N_("detail: all is given") },
	{ "firstNObservations", "", N_("there is no firstNObservations; there is limit") },
	{ "lastNObservations", "", N_("there is no lastNObservations; there is c[TIME_PERIOD]") },
	{ "sort", "", N_("sort: the order is that of the aggregator's answers") },
};

static bool is_among(const char *list, const char *value)
{
	size_t len = strlen(value);

	for (const char *at = list; *at; at += strcspn(at, " "), at += *at == ' ')
		if (strcspn(at, " ") == len && strncmp(at, value, len) == 0)
			return len > 0;
	return false;
}

/* The arguments of a structure. */
static unsigned read_references(struct sdmx_request *request, const char *name, const char *value,
				struct err *err)
{
	if (strcmp(name, "detail") == 0 && strcmp(value, "full") == 0)
		return 0;
	if (strcmp(name, "references") != 0 || !is_among("none all children descendants", value)) {
		(void)err_set(err, -EINVAL,
			      "a structure takes references=none, all, children or descendants, "
			      "and detail=full, not %.64s=%.64s",
			      name, value);
		return 400;
	}
	request->references = strcmp(value, "none") != 0;
	return 0;
}

static unsigned read_argument(struct sdmx_request *request, char *name, char *value,
			      struct err *err)
{
	if (strncmp(name, "c[", 2) == 0 && request->kind == SDMX_DATA)
		return read_condition(request, name, value, err);
	if (!*value)
		return bad(err, name, value);
	if (request->kind != SDMX_DATA)
		return read_references(request, name, value, err);
	if (strcmp(name, "offset") == 0)
		return read_number(name, value, &request->offset, err);
	if (strcmp(name, "limit") == 0)
		return read_number(name, value, &request->limit, err);
	if (strcmp(name, "asOf") == 0) {
		request->as_of = value;
		return 0;
	}
	if (strcmp(name, "startPeriod") == 0 || strcmp(name, "endPeriod") == 0) {
		const char **bound = *name == 's' ? &request->from : &request->to;

		if (*bound)
			return bad(err, name, value);
		*bound = value;
		return 0;
	}
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (strcmp(fixed[i].name, name) != 0)
			continue;
		if (is_among(fixed[i].taken, value))
			return 0;
		(void)err_set(err, -ENOTSUP, "%s", _(fixed[i].why));
		return 501;
	}
	(void)err_set(err, -EINVAL,
		      "there is no argument '%.64s'; there are c[DIMENSION], c[TIME_PERIOD], "
		      "startPeriod, endPeriod, asOf, offset and limit",
		      name);
	(void)near_words_hint(err, "startPeriod endPeriod asOf offset limit", name);
	return 400;
}

static unsigned read_arguments(struct sdmx_request *request, char *query, struct err *err)
{
	const char *seen[2u * SDMX_CONDITIONS_MAX];
	size_t n = 0;

	while (query) {
		char *value = sdmx_piece(&query, '&'), *name = sdmx_piece(&value, '=');
		unsigned status;

		if (!*name && !value)
			continue;
		if (!value || !decode(name) || !decode(value))
			return bad(err, name, value ? value : "");
		for (size_t i = 0; i < n; i++)
			if (strcmp(seen[i], name) == 0) {
				(void)err_set(err, -EINVAL, "%.64s is given twice", name);
				return 400;
			}
		if (n == sizeof(seen) / sizeof(seen[0]))
			return bad(err, name, value);
		seen[n++] = name; /* of a condition the name ends sooner, which tells it too */
		status = read_argument(request, name, value, err);
		if (status)
			return status;
	}
	return 0;
}

unsigned sdmx_request_read(const char *target, struct sdmx_request *ret_request, struct err *err)
{
	struct sdmx_request request = { .limit = UINT64_MAX };
	char *path, *query;
	unsigned status;

	if (strncmp(target, SDMX_PATH, strlen(SDMX_PATH)) != 0) {
		(void)err_set(err, -ENOENT, "there is no such path");
		return 404;
	}
	request.text = strdup(target + strlen(SDMX_PATH));
	if (!request.text) {
		(void)err_memory(err);
		return 503;
	}
	query = request.text;
	path = sdmx_piece(&query, '?');
	status = read_path(&request, path, err);
	if (status == 0)
		status = read_arguments(&request, query, err);
	if (status)
		sdmx_request_free(&request);
	else
		*ret_request = request;
	return status;
}

void sdmx_request_free(struct sdmx_request *request)
{
	free(request->text);
	request->text = NULL;
}
