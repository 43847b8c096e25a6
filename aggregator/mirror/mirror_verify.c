/* 1. Wait until the mirror is where the ledger ends.
 * 2. Each position is one batch or one event: count them.
 * 3. For each metric of the catalogue, some weeks at a time, ask both sides by office, per the
 *    metric's own period (of minutes: per hour), and compare.
 * What differs while the ledger grows is asked again from 1: what is really different stays so. */
#include "mirror/mirror_verify.h"

#include "common/base/i18n.h"
#include "common/model/period.h"
#include "common/text/csv_table.h"
#include "feed/changes_client.h"
#include "feed/client.h"
#include "mirror/postgres.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CATCH_UP_S   60 /* how long the mirror may be behind */
#define ATTEMPTS     5
#define SHOWN_MAX    20
#define DAYS_AT_ONCE 28  /* of periods of a day and finer */
#define YEAR_AT_ONCE 370 /* of longer ones */
#define LIMIT_S      300

struct verify {
	const struct mirror_config *config;
	struct postgres *pg;           /* owned */
	struct changes_client *client; /* owned */
	struct mark mark;
	json_t *mirrored; /* owned: "OFFICE PERIOD" -> value, of the question under way */
	int32_t first, last;
	struct mirror_verified told;
};

/* --- where both are --- */

/* 1: the mirror is at the head of the ledger. */
static int compare_heads(struct verify *v, int64_t *ret_head, struct err *err)
{
	struct changes_page page;
	int rc = postgres_mark(v->pg, v->config->province, &v->mark, err);
	if (rc == 0)
		rc = changes_next(v->client, v->mark.position, v->mark.epoch, &page, err);
	if (rc < 0)
		return rc;
	*ret_head = page.head;
	changes_page_free(&page);
	return v->mark.position == *ret_head;
}

static int catch_up(struct verify *v, struct err *err)
{
	int64_t head = 0;
	int rc = 0;
	for (int i = 0; i < CATCH_UP_S * 10 && rc == 0; i++) {
		rc = compare_heads(v, &head, err);
		if (rc == 0)
			(void)nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	}
	if (rc == 0)
		return err_set(err, -EBUSY,
			       "the mirror is behind: at position %lld of %lld; is lantoa-mirror "
			       "running? lantoa-mirror status tells",
			       (long long)v->mark.position, (long long)head);
	v->told.position = v->mark.position;
	return rc < 0 ? rc : 0;
}

/* --- PostgreSQL's side --- */

static void canonical(char *number)
{
	char *end = number + strlen(number);
	if (!strchr(number, '.'))
		return;
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		*--end = '\0';
}

static int on_figure(void *context, const char *const cells[], size_t n, struct err *err)
{
	struct verify *v = context;
	char key[256], value[128];
	(void)n;
	(void)snprintf(key, sizeof(key), "%s %s", cells[1] ? cells[1] : "", cells[0]);
	(void)snprintf(value, sizeof(value), "%s", cells[2] ? cells[2] : "");
	canonical(value);
	return json_object_set_new(v->mirrored, key, json_string(value)) < 0 ? err_memory(err) : 0;
}

static int on_range(void *context, const char *const cells[], size_t n, struct err *err)
{
	struct verify *v = context;
	(void)n;
	if (!cells[0] || !cells[1]) {
		v->first = 0;
		v->last = -1; /* there are no figures */
		return 0;
	}
	int rc = day_parse(cells[0], &v->first, err);
	return rc == 0 ? day_parse(cells[1], &v->last, err) : rc;
}

static int on_count(void *context, const char *const cells[], size_t n, struct err *err)
{
	struct verify *v = context;
	(void)n;
	(void)err;
	if (cells[0] && cells[1] && strcmp(cells[0], cells[1]) != 0) {
		v->told.differences++;
		printf(_("PostgreSQL has %s batches and events, where the ledger has %s\n"),
		       cells[0], cells[1]);
	}
	return 0;
}

/* --- the province's side --- */

static int ask_table(const struct verify *v, const char *path, const struct argument arguments[],
		     size_t n, struct table **ret_table, struct err *err)
{
	struct blob answer = { 0 };
	const struct request request = { .method = "GET",
					 .path = path,
					 .arguments = arguments,
					 .n_arguments = n,
					 .accept = "text/csv",
					 .limit_s = LIMIT_S };
	int rc = client_ask(v->config->aggregator, &request, &answer, err);
	if (rc == 0)
		rc = csv_table((const char *)answer.data, answer.len, ret_table, err);
	blob_free(&answer);
	return rc;
}

static void difference(struct verify *v, const char *metric, const char *where,
		       const char *province, const char *mirror, bool quiet)
{
	if (quiet)
		return;
	if (++v->told.differences <= SHOWN_MAX)
		printf(_("%s, %s: the province has %s, PostgreSQL has %s\n"), metric, where,
		       province ? province : _("nothing"), mirror ? mirror : _("nothing"));
}

/* How many differ. @quiet: nobody is told, and nothing is counted. */
static int tables_compare(struct verify *v, const char *metric, const struct table *asked,
			  bool quiet, int64_t *ret_differ, struct err *err)
{
	const char *key;
	json_t *left;
	int64_t differ = 0, same = 0;
	for (size_t row = 0; row < table_rows(asked); row++) {
		const char *value = table_cell_of(asked, row, "value"),
			   *area = table_cell_of(asked, row, "area"),
			   *period = table_cell_of(asked, row, "period");
		char where[256], text[128];
		if (!value)
			continue;
		(void)snprintf(where, sizeof(where), "%s %s", area ? area : "",
			       period ? period : "");
		(void)snprintf(text, sizeof(text), "%s", value);
		canonical(text);
		const char *mirror = json_string_value(json_object_get(v->mirrored, where));
		if (!mirror || strcmp(mirror, text) != 0) {
			differ++;
			difference(v, metric, where, text, mirror, quiet);
		} else {
			same++;
		}
		(void)json_object_del(v->mirrored, where); /* it may not be there */
	}
	json_object_foreach(v->mirrored, key, left) {
		differ++;
		difference(v, metric, key, NULL, json_string_value(left), quiet);
	}
	if (!quiet || differ == 0)
		v->told.figures += same;
	*ret_differ = differ;
	(void)err;
	return 0;
}

static int stretch_compare(struct verify *v, const struct table *catalogue, size_t row,
			   int32_t first, int32_t last, bool quiet, int64_t *ret_differ,
			   struct err *err)
{
	const char *metric = table_cell_of(catalogue, row, "name");
	const char *per = table_cell_of(catalogue, row, "period");
	const char *calendar = table_cell_of(catalogue, row, "calendar");
	const char *over = table_cell_of(catalogue, row, "time_agg");
	char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];
	struct table *asked = NULL;
	bool fine = strcmp(per, "minute") == 0 || strcmp(per, "hour") == 0;
	if (fine)
		per = over && strcmp(over, "last") == 0 ? "day" : "hour";
	day_format(first, from);
	day_format(last, to);
	const struct argument arguments[] = { { "name", metric }, { "by", "office" },
					      { "per", per },     { "from", from },
					      { "to", to },       { "calendar", calendar } };
	const char *const params[] = { v->config->province, metric, per, from, to };
	json_decref(v->mirrored);
	v->mirrored = json_object();
	int rc = ask_table(v, "/v1/query", arguments, 6, &asked, err);
	if (rc == 0)
		rc = postgres_ask(v->pg,
				  "SELECT period, area, value FROM lantoa.figures($1, $2, $3,"
				  " $4::date, $5::date, 'office')",
				  params, 5, on_figure, v, err);
	if (rc == 0)
		rc = tables_compare(v, metric, asked, quiet, ret_differ, err);
	table_close(asked);
	return rc;
}

/* Once; again while the ledger moves; then with words. */
static int stretch_verify(struct verify *v, const struct table *catalogue, size_t row,
			  int32_t first, int32_t last, struct err *err)
{
	int64_t differ = 0;
	int rc = 0;
	for (int attempt = 1; attempt <= ATTEMPTS && rc == 0; attempt++) {
		bool quiet = attempt < ATTEMPTS;
		int64_t head = 0;
		rc = stretch_compare(v, catalogue, row, first, last, quiet, &differ, err);
		if (rc < 0 || differ == 0)
			return rc;
		int64_t before = v->mark.position;
		rc = compare_heads(v, &head, err);
		if (rc == 1 && before == head) /* nothing moved: it is so */
			attempt = ATTEMPTS - 1 > attempt ? ATTEMPTS - 1 : attempt;
		else if (rc >= 0)
			rc = catch_up(v, err);
		rc = rc < 0 ? rc : 0;
	}
	return rc;
}

static int metrics_verify(struct verify *v, struct err *err)
{
	struct table *catalogue = NULL;
	int rc = ask_table(v, "/v1/catalogue", NULL, 0, &catalogue, err);
	for (size_t row = 0; rc == 0 && row < table_rows(catalogue); row++) {
		const char *per = table_cell_of(catalogue, row, "period");
		bool is_fine = per && (strcmp(per, "day") == 0 || strcmp(per, "hour") == 0 ||
				       strcmp(per, "minute") == 0);
		int32_t days = is_fine ? DAYS_AT_ONCE : YEAR_AT_ONCE;
		for (int32_t day = v->first; rc == 0 && day <= v->last; day += days) {
			int32_t last = day + days - 1;
			rc = stretch_verify(v, catalogue, row, day, last < v->last ? last : v->last,
					    err);
		}
	}
	table_close(catalogue);
	return rc;
}

int mirror_verify(const struct mirror_config *config, struct mirror_verified *ret_verified,
		  struct err *err)
{
	struct verify v = { .config = config };
	const char *params[] = { config->province };
	const struct changes_client_config form = { .api = config->aggregator, .most = 1 };
	int rc = postgres_open(config->database, &v.pg, err);
	if (rc == 0)
		rc = postgres_look(v.pg, err);
	if (rc == 0)
		rc = changes_client_open(&form, &v.client, err);
	if (rc == 0)
		rc = catch_up(&v, err);
	if (rc == 0)
		rc = postgres_ask(
			v.pg,
			"SELECT (SELECT count(*) FROM lantoa.entry WHERE province = $1) +"
			" (SELECT count(*) FROM lantoa.event WHERE province = $1), position"
			" FROM lantoa.watermark WHERE province = $1",
			params, 1, on_count, &v, err);
	if (rc == 0)
		rc = postgres_ask(v.pg,
				  "SELECT min(day), max(day) FROM lantoa.entry WHERE province = $1",
				  params, 1, on_range, &v, err);
	if (rc == 0)
		rc = metrics_verify(&v, err);
	json_decref(v.mirrored);
	changes_client_close(v.client);
	postgres_close(v.pg);
	if (rc == 0)
		*ret_verified = v.told;
	return rc;
}
