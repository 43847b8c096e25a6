#include "report.h"

#include "civil.h"
#include "decimal.h"
#include "i18n.h"
#include "table.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCHES_MAX  10000u
#define REFUSALS_MAX 1000u

/* Steals @root. */
static int dump(json_t *root, struct blob *out, struct err *err)
{
	char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	int rc = text && blob_append(out, text, strlen(text)) == 0 && blob_append(out, "\n", 1) == 0
			 ? 0
			 : err_memory(err);
	free(text);
	json_decref(root);
	return rc;
}

static json_t *instant(int64_t at_us)
{
	char text[INSTANT_TEXT_MAX];
	return at_us == 0 ? json_null() : json_string(civil_format(at_us, text));
}

/* What the uplink and the province said, in English, for its reader. */
static const char *told(const char *text)
{
	return *text ? _(text) : text; /* "" is the catalogue's header to gettext */
}

/* A wall clock's time for one of civil_boot_us()'s: right even when the wall clock was set since.
 */
static json_t *boot_instant(int64_t at_us)
{
	return at_us == 0 ? json_null() : instant(civil_now_us() - civil_boot_us() + at_us);
}

static json_t *inputs_json(const struct report_about *about)
{
	json_t *array = json_array();
	for (size_t i = 0; array && i < about->n_inputs; i++) {
		const struct input_look *look = &about->inputs[i];
		json_t *row =
			json_pack("{s:s, s:s, s:o, s:s}", "name", look->name, "state", look->state,
				  "last", instant(look->last_us), "error", told(look->error));
		if (json_array_append_new(array, row) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *uplink_json(const struct uplink_look *look)
{
	if (!look)
		return json_pack("{s:s, s:s}", "state", N_("not running"), "trouble", "");
	return json_pack("{s:s, s:b, s:o, s:s, s:s, s:I, s:I}", "state", look->state, "connected",
			 (int)look->connected, "since", boot_instant(look->since_us), "trouble",
			 told(look->trouble), "refusal", told(look->refusal), "blocked_batch",
			 (json_int_t)look->blocked_seq, "in_flight", (json_int_t)look->in_flight);
}

static json_t *spool_json(const struct spool_status *status)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:I}", "sealed",
			 (json_int_t)status->last_seq, "acked", (json_int_t)status->acked_seq,
			 "unsealed", (json_int_t)status->unsealed, "waiting_batches",
			 (json_int_t)status->waiting_batches, "waiting_observations",
			 (json_int_t)status->waiting_observations, "oldest_waiting",
			 instant(status->oldest_waiting_us), "last_ack",
			 instant(status->last_ack_us), "quarantined",
			 (json_int_t)status->quarantined, "bytes", (json_int_t)status->bytes,
			 "bytes_max", (json_int_t)status->bytes_max);
}

int report_status(const struct report_about *about, const struct spool_status *status,
		  struct blob *out, struct err *err)
{
	char version[24] = "";
	if (about->catalogue_version)
		(void)snprintf(version, sizeof(version), "%016llx",
			       (unsigned long long)about->catalogue_version); /* fits */
	return dump(json_pack("{s:s, s:o, s:s?, s:s?, s:s?, s:s, s:I, s:o, s:o, s:o}", "version",
			      LANTOA_VERSION, "running_since", boot_instant(about->since_us),
			      "office", about->office, "office_name", about->office_name, "address",
			      about->address, "catalogue", version, "metrics",
			      (json_int_t)about->metrics, "uplink", uplink_json(about->look),
			      "inputs", inputs_json(about), "spool", spool_json(status)),
		    out, err);
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
	json_t *row = json_pack("{s:I, s:s, s:I, s:I, s:o, s:b}", "batch", (json_int_t)entry->seq,
				"day", day_format(entry->day, day), "observations",
				(json_int_t)entry->observations, "bytes", (json_int_t)entry->bytes,
				"sealed", instant(entry->sealed_us), "acked", (int)entry->acked);
	return json_array_append_new(list->array, row) < 0 ? -ENOMEM : 0;
}

static int add_refusal(void *context, const struct spool_refusal *refusal)
{
	struct list *list = context;
	json_t *row =
		json_pack("{s:I, s:s, s:s, s:I, s:s}", "batch", (json_int_t)refusal->seq, "metric",
			  refusal->metric, "labels", refusal->labels, "observations",
			  (json_int_t)refusal->observations, "reason", told(refusal->reason));
	return json_array_append_new(list->array, row) < 0 ? -ENOMEM : 0;
}

int report_spool(struct spool *spool, struct blob *out, struct err *err)
{
	struct list batches = { .array = json_array() }, refusals = { .array = json_array() };
	int rc = batches.array && refusals.array ? 0 : err_memory(err);
	if (rc == 0)
		rc = spool_each_batch(spool, add_batch, &batches, err);
	if (rc == 0)
		rc = spool_each_refusal(spool, REFUSALS_MAX, add_refusal, &refusals, err);
	if (rc < 0) {
		json_decref(batches.array);
		json_decref(refusals.array);
		return rc == -ENOMEM ? err_memory(err) : rc;
	}
	return dump(json_pack("{s:o, s:o, s:b}", "batches", batches.array, "refusals",
			      refusals.array, "more", (int)batches.more),
		    out, err);
}

static int add_current(void *context, const struct observation *obs)
{
	struct table *table = context;
	char period[PERIOD_TEXT_MAX];
	table_row(table);
	table_text(table, obs->metric);
	table_text(table, period_format(obs->period, period));
	if (obs->withdrawn)
		table_null(table);
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
