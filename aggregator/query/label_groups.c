#include "query/label_groups.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/model/labels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct finding {
	const struct dimensions *dimensions;
	const struct plan *plan;
	struct label_groups *groups;
	size_t len; /* of the dimension's name */
};

static struct label_group *group_add(struct finding *f, const struct meaning *meaning,
				     const char *label, struct err *err)
{
	struct label_groups *groups = f->groups;
	if (groups->n == LABEL_GROUPS_MAX) {
		(void)err_set(err, -E2BIG,
			      "%s has more than %u labels; ask for some of them with --label",
			      f->plan->by_label, LABEL_GROUPS_MAX);
		return NULL;
	}
	struct label_group *list = array_room(groups->list, groups->n, sizeof(*list));
	if (list) {
		groups->list = list;
		list[groups->n] = (struct label_group){ .meaning = *meaning,
							.label = label ? strdup(label) : NULL };
		if (!label || list[groups->n].label)
			return &list[groups->n++];
	}
	(void)err_memory(err);
	return NULL;
}

static struct label_group *group_of(struct finding *f, const struct meaning *meaning,
				    const char *label, struct err *err)
{
	for (size_t i = 0; i < f->groups->n; i++)
		if (strcmp(f->groups->list[i].meaning.text, meaning->text) == 0)
			return &f->groups->list[i];
	return group_add(f, meaning, label, err);
}

/* What @labels say of the dimension, its text with NUL; false: nothing. */
static bool label_of(const struct finding *f, const char *labels, struct meaning *ret_meaning,
		     char ret_label[LABELS_TEXT_MAX])
{
	const char *key, *value;
	size_t key_len, value_len;
	while (labels_next(&labels, &key, &key_len, &value, &value_len)) {
		if (key_len != f->len || memcmp(key, f->plan->by_label, key_len) != 0)
			continue;
		label_mean(f->dimensions, key, key_len, value, value_len, ret_meaning);
		memcpy(ret_label, value, value_len);
		ret_label[value_len] = '\0';
		return true;
	}
	return false;
}

static int series_put(struct finding *f, sqlite3_stmt *stmt, size_t operand, struct err *err)
{
	struct db_row row = { stmt, err, 0 };
	const char *labels = db_row_text(&row, 1);
	struct meaning meaning = { 0 };
	char label[LABELS_TEXT_MAX];
	if (row.rc < 0 || !labels_mean(f->dimensions, labels, f->plan->labels))
		return row.rc;
	struct label_group *group = label_of(f, labels, &meaning, label)
					    ? group_of(f, &meaning, label, err)
					    : group_of(f, &meaning, NULL, err);
	if (!group)
		return err->code;
	struct series_list *list = &group->series[operand];
	uint32_t *grown = array_room(list->list, list->n, sizeof(*grown));
	if (!grown)
		return err_memory(err);
	list->list = grown;
	list->list[list->n++] = (uint32_t)sqlite3_column_int64(stmt, 0);
	return 0;
}

static int operand_read(struct finding *f, sqlite3_stmt *stmt, size_t operand, struct err *err)
{
	int rc;
	sqlite3_bind_text(stmt, 1, f->plan->metrics[operand]->name, -1, SQLITE_STATIC);
	while ((rc = db_step(stmt, err)) == 1)
		if ((rc = series_put(f, stmt, operand, err)) < 0)
			break;
	sqlite3_reset(stmt);
	return rc;
}

static int codes_put(struct finding *f, struct err *err)
{
	const struct code_list *list = dimensions_list(f->dimensions, f->plan->by_label, f->len);
	for (size_t i = 0; list && i < list->n; i++) {
		const char *code = list->codes[i].code;
		struct meaning meaning;
		label_mean(f->dimensions, f->plan->by_label, f->len, code, strlen(code), &meaning);
		if (!group_of(f, &meaning, code, err))
			return err->code;
	}
	return 0;
}

static int by_label(const void *a, const void *b)
{
	const struct label_group *x = a, *y = b;
	return strcmp(x->meaning.text, y->meaning.text);
}

/* What has no such label, whatever it is: it stands last. */
static int nothing_last(struct finding *f, size_t from, struct err *err)
{
	static const struct meaning nothing = { 0 };
	if (!group_of(f, &nothing, NULL, err))
		return err->code;
	struct label_groups *groups = f->groups;
	if (groups->n > from)
		qsort(groups->list + from, groups->n - from, sizeof(*groups->list), by_label);
	struct label_group none = groups->list[from]; /* its text is empty */
	memmove(&groups->list[from], &groups->list[from + 1],
		(groups->n - from - 1) * sizeof(none));
	groups->list[groups->n - 1] = none;
	return 0;
}

int label_groups_find(sqlite3 *db, const struct reference *reference, const struct plan *plan,
		      struct label_groups *ret_groups, struct err *err)
{
	struct label_groups groups = { 0 };
	struct finding f = { .dimensions = reference->catalogue->dimensions,
			     .plan = plan,
			     .groups = &groups,
			     .len = strlen(plan->by_label) };
	sqlite3_stmt *stmt = NULL;
	int rc = codes_put(&f, err);
	size_t n_codes = groups.n;
	if (rc == 0)
		rc = db_prepare(db, "SELECT id, labels FROM series WHERE metric = ? ORDER BY id",
				&stmt, err);
	for (size_t i = 0; i < plan->n_metrics && rc == 0; i++)
		rc = operand_read(&f, stmt, i, err);
	sqlite3_finalize(stmt);
	if (rc == 0)
		rc = nothing_last(&f, n_codes, err);
	if (rc < 0) {
		label_groups_free(&groups);
		return rc;
	}
	*ret_groups = groups;
	return 0;
}

void label_groups_free(struct label_groups *groups)
{
	for (size_t i = 0; i < groups->n; i++) {
		free(groups->list[i].label);
		for (size_t k = 0; k < PLAN_OPERANDS_MAX; k++)
			free(groups->list[i].series[k].list);
	}
	free(groups->list);
	*groups = (struct label_groups){ 0 };
}

bool label_group_is_due(const struct label_group *group, const struct code_list *list,
			struct period bucket)
{
	for (size_t i = 0; group->meaning.code && i < list->n; i++)
		if (strcmp(list->codes[i].code, group->label) == 0 &&
		    list->codes[i].from < period_end_day(bucket) &&
		    list->codes[i].to > period_first_day(bucket))
			return true;
	return false;
}

const char *code_name(const struct code *code)
{
	return code_called(code);
}

const char *label_group_name(const struct label_group *group)
{
	if (!group->label)
		return _("not classified");
	return group->meaning.code ? code_name(group->meaning.code) : NULL;
}
