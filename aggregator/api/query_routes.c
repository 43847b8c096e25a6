/* /v1/query and /v1/completeness: name, area, by, per, from, to, labels ("app=VNeID;sector=land"),
 * calendar, structure, known, as aggregator/query/query.h explains them; a query with
 * by_label=sector has rows for each label of that dimension, one with revisions=1 lists what
 * changed, one with last=12 is of the last 12 periods that are over, one with sort=COLUMN:desc and
 * top=N has its rows in that order and the first of them (arrange.h), one with rank=1 ranks its
 * rows, one of name=A,B,C tells of each of them, one with total=1 has rows of the whole behind its
 * parts, one with versus=year or period what was before. With publication=NAME, period, calendar,
 * structure and known are those that were published. An answer in JSON has the ledger's head.
 * /v1/labels?name= lists the labels of a metric (aggregator/query/label_list.h). /v1/quality: area,
 * office, metric, from, to, as aggregator/query/quality.h has them. /v1/explain: name, area,
 * period, labels, calendar, structure, known, publication, office, most, after, as
 * aggregator/query/explain.h has them. POST /v1/publications takes name, period and, where needed,
 * calendar and structure; GET lists them. */
#include "api/call.h"
#include "common/model/civil.h"
#include "query/explain.h"
#include "query/label_list.h"
#include "query/quality.h"
#include "registry/publications.h"
#include "schema/chain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ASKING "name area by per from to last labels calendar structure known publication sort top"

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
		.last = http_arg(request, "last"),
		.sort = http_arg(request, "sort"),
		.top = http_arg(request, "top"),
		.calendar = http_arg(request, "calendar"),
		.structure = http_arg(request, "structure"),
		.known = http_arg(request, "known"),
		.by_label = http_arg(request, "by_label"),
		.form = http_arg(request, "form"),
		.versus = http_arg(request, "versus"),
	};
	call->query.damage = &call->damage;
	call->query.stream = &call->stream;
	call->code = http_arg(request, "publication");
	if (call->code && (call->query.from || call->query.to || call->query.last ||
			   call->query.calendar || call->query.structure || call->query.known))
		return err_set(
			err, -EINVAL,
			"a publication has its period, calendar, borders and time: leave out "
			"--from, --to, --last, --calendar, --structure and --known");
	if (call_flag(call, "rank", &call->query.rank, err) < 0 ||
	    call_flag(call, "total", &call->query.total, err) < 0 ||
	    call_flag(call, "revisions", &call->revisions, err) < 0)
		return err->code;
	if (call->revisions && call->query.by_label)
		return err_set(err, -EINVAL,
			       "--revisions lists each figure with its labels: leave --by-label "
			       "out");
	if (call->revisions && (call->query.versus || call->query.total))
		return err_set(
			err, -EINVAL,
			"--revisions lists what became of figures: leave --versus and --total out");
	if (call->revisions && (call->query.sort || call->query.top))
		return err_set(err, -EINVAL,
			       "--revisions lists what came in the order in which it came: leave "
			       "--sort and --top out");
	if (!labels || !*labels)
		return 0;
	call->query.labels = call->labels;
	return call_labels(call, labels, err);
}

static int figures_prepare(struct call *call, struct err *err)
{
	if (!http_arg(call->request, "name"))
		return err_set(err, -EINVAL, "name: must be the name of a metric or indicator");
	return query_prepare(call, err);
}

/* What was published is in @texts, which the query borrows. */
struct published {
	struct publication publication;
	char period[PERIOD_TEXT_MAX], structure[DAY_TEXT_MAX];
};

static int publication_apply(struct call *call, sqlite3 *db, struct published *published,
			     struct err *err)
{
	struct publication *publication = &published->publication;
	struct query *query = &call->query;
	int rc = call->code ? publication_find(db, call->code, publication, err) : 0;

	if (!call->code || rc < 0)
		return rc;
	query->from = query->to = period_format(publication->period, published->period);
	query->calendar = calendar_name(publication->period.calendar);
	query->known_us = publication->at_us;
	if (publication->restated)
		query->structure = day_format(publication->structure, published->structure);
	return 0;
}

/* What an answer can be cited by: the ledger's head and, where it is one, the publication. */
static int answer_cite(struct call *call, sqlite3 *db, const struct published *published,
		       struct table *table, struct err *err)
{
	const struct publication *publication = &published->publication;
	char text[HEAD_TEXT_MAX], at[INSTANT_TEXT_MAX];
	struct ledger_head head;
	int rc = ledger_head(db, &head, err);

	if (rc < 0) {
		table_close(table);
		return rc;
	}
	table_head(table, "ledger", "head", ledger_head_text(&head, text));
	if (call->code) {
		table_head(table, "publication", "name", publication->name);
		table_head(table, "publication", "period", published->period);
		table_head(table, "publication", "at", civil_format(publication->at_us, at));
		table_head(table, "publication", "head", publication->head);
	}
	return call_answer_table(call, table, err);
}

static int asked(struct call *call, sqlite3 *db, const struct reference *reference,
		 int (*run)(sqlite3 *db, const struct reference *reference,
			    const struct query *query, struct table **ret_answer, struct err *err),
		 struct err *err)
{
	struct published published = { 0 };
	struct table *table = NULL;
	int rc = publication_apply(call, db, &published, err);

	if (rc == 0)
		rc = run(db, reference, &call->query, &table, err);
	return rc == 0 ? answer_cite(call, db, &published, table, err) : rc;
}

static int query_get(struct call *call, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	return asked(call, db, reference, call->revisions ? revisions_run : query_run, err);
}

static int completeness_get(struct call *call, sqlite3 *db, const struct reference *reference,
			    struct err *err)
{
	return asked(call, db, reference, completeness_run, err);
}

/* One period: a name for its first and last. */
static int explain_prepare(struct call *call, struct err *err)
{
	struct http_request *request = call->request;
	const char *most = http_arg(request, "most");
	int rc = figures_prepare(call, err);

	call->query.from = call->query.to = http_arg(request, "period");
	if (rc == 0 && call->code && call->query.from)
		rc = err_set(err, -EINVAL,
			     "a publication has its period, calendar, borders and time: leave out "
			     "--period, --calendar, --structure and --known");
	call->most = most ? (unsigned)strtoul(most, NULL, 10) : 0;
	return rc == 0 && call->most > EXPLAIN_OFFICES_MAX
		       ? err_set(err, -EINVAL, "most: %u offices at once, and not more",
				 EXPLAIN_OFFICES_MAX)
		       : rc;
}

static int explain_get(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	const struct explain_form form = { .office = http_arg(call->request, "office"),
					   .after = http_arg(call->request, "after"),
					   .most = call->most };
	struct published published = { 0 };
	struct table *table = NULL;
	int rc = publication_apply(call, db, &published, err);

	if (rc == 0)
		rc = explain_run(db, reference, &call->query, &form, &table, err);
	return rc == 0 ? answer_cite(call, db, &published, table, err) : rc;
}

static int quality_get(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	const struct quality_form form = { .area = http_arg(call->request, "area"),
					   .office = http_arg(call->request, "office"),
					   .metric = http_arg(call->request, "metric"),
					   .from = http_arg(call->request, "from"),
					   .to = http_arg(call->request, "to") };
	struct table *table = NULL;
	int rc = quality_run(db, reference, &form, &table, err);

	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int labels_prepare(struct call *call, struct err *err)
{
	call->code = http_arg(call->request, "name");
	return call->code ? 0 : err_set(err, -EINVAL, "name: must be the name of a metric");
}

static int labels_get(struct call *call, sqlite3 *db, const struct reference *reference,
		      struct err *err)
{
	struct table *table = NULL;
	int rc = label_list_run(db, reference, call->code, &table, err);

	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int publications_get(struct call *call, sqlite3 *db, const struct reference *reference,
			    struct err *err)
{
	struct table *table = NULL;
	int rc = publications_list(db, &table, err);

	(void)reference;
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int publications_post(struct call *call, sqlite3 *db, const struct reference *reference,
			     struct err *err)
{
	struct publish_form form = { .who = call->caller.who };
	char head[HEAD_TEXT_MAX];
	int rc = call_field_needed(call, "name", &form.name, err);

	(void)reference;
	if (rc == 0)
		rc = call_field_needed(call, "period", &form.period, err);
	if (rc == 0)
		rc = call_field(call, "calendar", &form.calendar, err);
	if (rc == 0)
		rc = call_field(call, "structure", &form.structure, err);
	if (rc == 0)
		rc = publication_add(db, &form, head, err);
	return rc == 0 ? call_answer_text(call, "published", head, err) : rc;
}

const struct action query_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/query", ASKING " rank revisions by_label versus total", NULL,
	  CALL_READ, figures_prepare, query_get, NULL, "Figures of a metric or an indicator.",
	  "metric? area name valid_from period! until label? label_name? value reason observations "
	  "due "
	  "reported on_time carried excused missing waiting extra offices_due offices_reported "
	  "revisions percent state "
	  "operands? targets? target? target_year? distance? path? rank? of? row? before_period? "
	  "before? before_due? before_reported? before_carried? before_missing? before_until? "
	  "change?:n change_percent? change_reason? | received! metric! "
	  "office! name labels! period! was:n became:n change! late:b entry spool batch author "
	  "author_name note from_province! reason event act event_at who shown_name",
	  "name" },
	{ ROLE_VIEWER, "GET", "/v1/completeness", ASKING " form", NULL, CALL_READ, query_prepare,
	  completeness_get, NULL, "Who has not reported what was due.",
	  "period until form? level? area name valid_from due reported on_time late carried "
	  "excused "
	  "missing parts_due? parts_reported? parts_missing? waiting "
	  "extra revised offices_due offices_reported offices_finished finished finished_by "
	  "percent reason | period form? level? area area_name office name due reported carried "
	  "excused missing percent parts_due? parts_reported? parts_missing? waiting "
	  "finished finished_by reason",
	  NULL },
	{ ROLE_VIEWER, "GET", "/v1/quality", "area office metric from to", NULL, CALL_READ, NULL,
	  quality_get, NULL, "What somebody should look at among the figures.",
	  "period area area_name office name problem! metric labels value detail metric_name",
	  NULL },
	{ ROLE_VIEWER, "GET", "/v1/explain",
	  "name area period labels calendar structure known publication office most after", NULL,
	  CALL_READ, explain_prepare, explain_get, NULL,
	  "A total walked down to offices, entries and acts.",
	  "part!:s metric area area_name valid_from into into_from office name labels period value "
	  "reason state how observations due reported on_time carried excused missing waiting "
	  "extra revisions received was:n became:n change counted late:b entry spool batch author "
	  "author_name note from_province event act event_at who shown_name detail",
	  "name" },
	{ ROLE_VIEWER, "GET", "/v1/labels", "name", NULL, CALL_READ, labels_prepare, labels_get,
	  NULL, "The labels of a metric.",
	  "dimension! label name state means figures waiting offices first last", "name" },
	{ ROLE_VIEWER, "GET", "/v1/publications", NULL, NULL, CALL_READ, NULL, publications_get,
	  NULL, "What was published.",
	  "publication! period! calendar! structure at! who! shown_name head!", NULL },
	{ ROLE_OPERATOR, "POST", "/v1/publications", NULL, "name period calendar structure",
	  CALL_WRITE, NULL, publications_post, NULL,
	  "Publish the figures of a period under a name.", "=published", "name period" },
};
const size_t n_query_actions = sizeof(query_actions) / sizeof(query_actions[0]);
