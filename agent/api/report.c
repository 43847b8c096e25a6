#include "api/report.h"

#include "common/base/decimal.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/retell.h"
#include "common/text/table.h"
#include "import/cell.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCHES_MAX  10000u
#define REFUSALS_MAX 1000u

int report_dump(json_t *root, struct blob *out, struct err *err)
{
	char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	int rc = text && blob_append(out, text, strlen(text)) == 0 && blob_append(out, "\n", 1) == 0
			 ? 0
			 : err_memory(err);
	free(text);
	json_decref(root);
	return rc;
}

json_t *report_instant(int64_t at_us)
{
	char text[INSTANT_TEXT_MAX];
	return at_us == 0 ? json_null() : json_string(civil_format(at_us, text));
}

json_t *report_text(const char *text)
{
	char *copy = strdup(text ? text : "");
	json_t *json = NULL;
	if (copy) {
		(void)utf8_clean(copy, "\n"); /* its length */
		json = json_string(copy);
	}
	free(copy);
	return json;
}

json_t *report_told(const char *text)
{
	char told[ERR_TEXT_MAX];
	return report_text(retell(text, told, sizeof(told)));
}

struct list {
	json_t *array;
	bool more;
};

static int add_batch(void *context, const struct spool_entry *entry)
{
	struct list *list = context;
	char day[DAY_TEXT_MAX];
	if (json_array_size(list->array) >= BATCHES_MAX) {
		list->more = true;
		return 0;
	}
	json_t *row =
		json_pack("{s:I, s:s, s:I, s:I, s:o, s:b}", "batch", (json_int_t)entry->seq, "day",
			  day_format(entry->day, day), "observations",
			  (json_int_t)entry->observations, "bytes", (json_int_t)entry->bytes,
			  "sealed", report_instant(entry->sealed_us), "acked", (int)entry->acked);
	return json_array_append_new(list->array, row) < 0 ? -ENOMEM : 0;
}

static int add_refusal(void *context, const struct spool_refusal *refusal)
{
	struct list *list = context;
	json_t *row =
		json_pack("{s:I, s:o, s:o, s:I, s:o}", "batch", (json_int_t)refusal->seq, "metric",
			  report_text(refusal->metric), "labels", report_text(refusal->labels),
			  "observations", (json_int_t)refusal->observations, "reason",
			  report_told(refusal->reason));
	return json_array_append_new(list->array, row) < 0 ? -ENOMEM : 0;
}

int report_refusals(struct spool *spool, unsigned most, json_t **ret_refusals, struct err *err)
{
	struct list refusals = { .array = json_array() };
	int rc = refusals.array ? spool_each_refusal(spool, most, add_refusal, &refusals, err)
				: -ENOMEM;
	if (rc < 0) {
		json_decref(refusals.array);
		return rc == -ENOMEM ? err_memory(err) : rc;
	}
	*ret_refusals = refusals.array;
	return 0;
}

int report_spool(struct spool *spool, struct blob *out, struct err *err)
{
	struct list batches = { .array = json_array() };
	json_t *refusals = NULL;
	int rc = batches.array ? spool_each_batch(spool, add_batch, &batches, err) : -ENOMEM;
	if (rc == 0)
		rc = report_refusals(spool, REFUSALS_MAX, &refusals, err);
	if (rc < 0) {
		json_decref(batches.array);
		return rc == -ENOMEM ? err_memory(err) : rc;
	}
	return report_dump(json_pack("{s:o, s:o, s:b}", "batches", batches.array, "refusals",
				     refusals, "more", (int)batches.more),
			   out, err);
}

int report_verify(struct spool *spool, struct blob *out, struct err *err)
{
	static const char ok[] = "{\"ok\": true}\n";
	int rc = spool_verify(spool, err);
	if (rc == 0 && blob_append(out, ok, strlen(ok)) < 0)
		rc = err_memory(err);
	return rc;
}

static int add_current(void *context, const struct observation *obs)
{
	struct table *table = context;
	char period[PERIOD_TEXT_MAX];
	table_row(table);
	table_text(table, obs->metric);
	table_text(table, period_format(obs->period, period));
	if (obs->withdrawn)
		table_text(table, CELL_WITHDRAW);
	else
		table_decimal(table, obs->value_e, obs->decimals);
	table_text(table, obs->labels);
	return table_failed(table) ? -ENOMEM : 0;
}

int report_export(struct spool *spool, struct blob *out, struct err *err)
{
	static const char *const columns[] = { "metric", "period", "value", "labels" };
	struct table *table = table_open(columns, 4);
	if (!table)
		return err_memory(err);
	int rc = spool_each_current(spool, add_current, table, err);
	if (rc == 0)
		rc = table_csv(table, out);
	table_close(table);
	return rc == -ENOMEM ? err_memory(err) : rc;
}
