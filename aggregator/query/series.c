#include "query/series.h"
#include "common/base/array.h"
#include "common/base/blob.h"
#include "common/model/labels.h"
#include "common/text/near_name.h"
#include "query/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int series_find(sqlite3 *db, const struct dimensions *dimensions, const struct metric *metric,
		const char *labels, struct series_list *list, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc = db_prepare(db, "SELECT id, labels FROM series WHERE metric = ? ORDER BY id", &stmt,
			    err);
	if (rc < 0)
		return rc;
	list->n = 0;
	sqlite3_bind_text(stmt, 1, metric->name, -1, SQLITE_STATIC);
	while ((rc = db_step(stmt, err)) == 1) {
		struct db_row row = { stmt, err, 0 };
		const char *found = db_row_text(&row, 1);
		if ((rc = row.rc) < 0)
			break;
		if (!labels_mean(dimensions, found, labels))
			continue;
		uint32_t *grown = array_room(list->list, list->n, sizeof(*grown));
		if (!grown) {
			rc = err_memory(err);
			break;
		}
		list->list = grown;
		list->list[list->n++] = (uint32_t)sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return rc;
}

/* --- are there such labels? --- */

#define VALUES_SHOWN 12u /* in a sentence */

struct values { /* of one key, among the series of the metrics asked about */
	const struct dimensions *dimensions; /* lent */
	const char *key, *value;             /* asked for; not terminated */
	size_t key_len, value_len;
	struct meaning asked;
	struct near_name search;
	char near[LABELS_TEXT_MAX]; /* of those there are the nearest; "": none is near */
	struct blob names;          /* owned: of those shown, parted by ", " */
	size_t shown, n;
	bool found;
};

/* Is the value of @len bytes among those named already? */
static bool is_named(const struct values *values, const char *value, size_t len)
{
	const char *text = (const char *)values->names.data;
	for (size_t at = 0, end; at < values->names.len; at = end + 2) {
		const char *comma = memmem(text + at, values->names.len - at, ", ", 2);
		end = comma ? (size_t)(comma - text) : values->names.len;
		if (end - at == len && memcmp(text + at, value, len) == 0)
			return true;
	}
	return false;
}

static void look_whether_near(struct values *values, const char *value, size_t len)
{
	char text[LABELS_TEXT_MAX];
	memcpy(text, value, len);
	text[len] = '\0';
	if (near_name_try(&values->search, text))
		memcpy(values->near, text, len + 1);
}

static int look_at_series(struct values *values, const char *labels)
{
	const char *cursor = labels, *key, *value;
	size_t key_len, len;
	while (labels_next(&cursor, &key, &key_len, &value, &len)) {
		if (key_len != values->key_len || memcmp(key, values->key, key_len) != 0)
			continue;
		values->n++;
		struct meaning meaning;
		label_mean(values->dimensions, key, key_len, value, len, &meaning);
		values->found |= strcmp(meaning.text, values->asked.text) == 0;
		look_whether_near(values, value, len);
		if (values->shown == VALUES_SHOWN || is_named(values, value, len))
			continue;
		if ((values->shown++ && blob_append(&values->names, ", ", 2) < 0) ||
		    blob_append(&values->names, value, len) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int look_at_metric(sqlite3_stmt *labels_of, const struct metric *metric,
			  struct values *values, struct err *err)
{
	int rc;
	sqlite3_bind_text(labels_of, 1, metric->name, -1, SQLITE_STATIC);
	while ((rc = db_step(labels_of, err)) == 1 && !values->found) {
		struct db_row row = { labels_of, err, 0 };
		const char *labels = db_row_text(&row, 0);
		if (row.rc == 0 && look_at_series(values, labels) < 0)
			row.rc = err_memory(err);
		if ((rc = row.rc) < 0)
			break;
	}
	sqlite3_reset(labels_of);
	return rc < 0 ? rc : 0;
}

/* Nobody reported such a label, and it is in no list. */
static int refuse(const struct values *values, struct err *err)
{
	char pair[LABELS_TEXT_MAX];
	if (dimensions_list(values->dimensions, values->key, values->key_len)) {
		(void)snprintf(pair, sizeof(pair), "%.*s=%.*s", (int)values->key_len, values->key,
			       (int)values->value_len, values->value); /* fits: it was a label */
		dimensions_tell(values->dimensions, pair, CODE_ANY_DAY, err);
		return err->code;
	}
	if (values->n == 0)
		return 0;
	if (*values->near)
		return err_set(err, -EINVAL,
			       "nothing was ever reported with the label %.*s=%.*s; did you mean "
			       "'%s'?",
			       (int)values->key_len, values->key, (int)values->value_len,
			       values->value, values->near);
	return err_set(err, -EINVAL,
		       "nothing was ever reported with the label %.*s=%.*s; there are: %.*s%s",
		       (int)values->key_len, values->key, (int)values->value_len, values->value,
		       (int)values->names.len, (const char *)values->names.data,
		       values->shown == VALUES_SHOWN ? ", ..." : "");
}

static int check_pair(sqlite3_stmt *labels_of, const struct plan *plan,
		      const struct reference *reference, struct values *values, struct err *err)
{
	int rc = 0;
	label_mean(values->dimensions, values->key, values->key_len, values->value,
		   values->value_len, &values->asked);
	if (values->asked.code) /* nothing of it yet is no mistake */
		return 0;
	near_name_begin(&values->search, values->asked.text);
	for (size_t i = 0; i < plan->n_metrics && rc == 0; i++)
		rc = look_at_metric(labels_of, plan->metrics[i], values, err);
	for (size_t i = 0; plan->everything && i < reference->catalogue->n && rc == 0; i++)
		if (plan_fits(plan, &reference->catalogue->metrics[i]))
			rc = look_at_metric(labels_of, &reference->catalogue->metrics[i], values,
					    err);
	return rc < 0 || values->found ? rc : refuse(values, err);
}

/* I13 */
int series_check(sqlite3 *db, const struct plan *plan, const struct reference *reference,
		 struct err *err)
{
	const char *cursor = plan->labels;
	struct values values = { .dimensions = reference->catalogue->dimensions };
	sqlite3_stmt *labels_of;
	if (!*cursor)
		return 0;
	int rc = db_prepare(db, "SELECT labels FROM series WHERE metric = ? ORDER BY labels",
			    &labels_of, err);
	while (rc == 0 && labels_next(&cursor, &values.key, &values.key_len, &values.value,
				      &values.value_len)) {
		values.near[0] = '\0';
		rc = check_pair(labels_of, plan, reference, &values, err);
		blob_free(&values.names);
		values.shown = values.n = 0;
		values.found = false;
	}
	sqlite3_finalize(labels_of);
	return rc;
}
