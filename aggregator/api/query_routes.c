/* /v1/query and /v1/completeness: name, area, by, per, from, to, labels ("app=VNeID;sector=land"),
 * calendar, structure, known, as aggregator/query/query.h explains them; a query with revisions=1
 * lists what changed, one with rank=1 ranks its rows. */
#include "api/call.h"

#include <errno.h>
#include <string.h>

#define ASKING "name area by per from to labels calendar structure known"

/* "k=v;k=v" in any order into call->labels, canonical. */
static int take_labels(struct call *call, const char *text, struct err *err)
{
	char words[LABELS_TEXT_MAX];
	struct label labels[LABELS_MAX];
	size_t n = 0;

	if (strlen(text) >= sizeof(words))
		return err_set(err, -EINVAL, "labels: over %u bytes", LABELS_TEXT_MAX - 1);
	memcpy(words, text, strlen(text) + 1);
	for (char *rest = words, *pair; (pair = strsep(&rest, ";"));) {
		char *value = strchr(pair, '=');

		if (n == LABELS_MAX)
			return err_set(err, -EINVAL, "labels: more than %u; leave some out",
				       LABELS_MAX);
		if (!value)
			return err_set(err, -EINVAL,
				       "labels: '%s' is not KEY=VALUE; write --label KEY=VALUE for "
				       "each (over HTTP parted by ';')",
				       pair);
		*value++ = '\0';
		labels[n++] = (struct label){ .key = pair, .value = value };
	}
	return labels_canonical(labels, n, call->labels, err) < 0 ? err_wrap(err, "labels") : 0;
}

static int query_prepare(struct call *call, struct err *err)
{
	struct http_request *request = call->request;
	const char *labels = http_arg(request, "labels");

	call->query = (struct query){
		.name = http_arg(request, "name"),
		.area = http_arg(request, "area"),
		.by = http_arg(request, "by"),
		.per = http_arg(request, "per"),
		.from = http_arg(request, "from"),
		.to = http_arg(request, "to"),
		.calendar = http_arg(request, "calendar"),
		.structure = http_arg(request, "structure"),
		.known = http_arg(request, "known"),
	};
	call->query.damage = &call->damage;
	if (call_flag(call, "rank", &call->query.rank, err) < 0 ||
	    call_flag(call, "revisions", &call->revisions, err) < 0)
		return err->code;
	if (!labels || !*labels)
		return 0;
	call->query.labels = call->labels;
	return take_labels(call, labels, err);
}

static int figures_prepare(struct call *call, struct err *err)
{
	if (!http_arg(call->request, "name"))
		return err_set(err, -EINVAL, "name: the name of a metric or indicator is wanted");
	return query_prepare(call, err);
}

static int query_get(struct call *call, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	struct table *table = NULL;
	int rc = (call->revisions ? revisions_run : query_run)(db, reference, &call->query, &table,
							       err);

	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int completeness_get(struct call *call, sqlite3 *db, const struct reference *reference,
			    struct err *err)
{
	struct table *table = NULL;
	int rc = completeness_run(db, reference, &call->query, &table, err);

	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

const struct action query_actions[] = {
	{ "GET", "/v1/query", ASKING " rank revisions", NULL, CALL_READ, figures_prepare, query_get,
	  NULL },
	{ "GET", "/v1/completeness", ASKING, NULL, CALL_READ, query_prepare, completeness_get,
	  NULL },
};
const size_t n_query_actions = sizeof(query_actions) / sizeof(query_actions[0]);
