#include "cli/cmd_record.h"

#include "cli/args.h"
#include "cli/order.h"
#include "cli/output.h"
#include "common/base/i18n.h"
#include "common/text/csv_table.h"
#include "feed/client.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* "a=1;b=2", terminated. */
static int figures_join(const struct args *args, struct blob *out)
{
	int rc = 0;

	for (size_t i = 0; i < args->n_words && rc == 0; i++) {
		rc = i > 0 ? blob_append(out, ";", 1) : 0;
		if (rc == 0)
			rc = blob_append(out, args->words[i], strlen(args->words[i]));
	}
	return rc == 0 ? blob_append(out, "", 1) : rc;
}

/* Does a row of the answer, as CSV, tell of something that was not so before? */
static bool any_change(const struct blob *answer)
{
	struct table *table = NULL;
	struct err ignored; /* output_rows() told of it */
	bool any = false;

	if (csv_table((const char *)answer->data, answer->len, &table, &ignored) < 0)
		return false;
	for (size_t column = 0; column < table_columns(table); column++)
		for (size_t row = 0; row < table_rows(table); row++) {
			const char *cell = table_cell(table, row, column);

			any |= strcmp(table_column(table, column), "change") == 0 && cell &&
			       strcmp(cell, "unchanged") != 0;
		}
	table_close(table);
	return any;
}

static void conclude(const struct order *order, const struct blob *answer)
{
	const char *office = args_option(order->args, "office");

	if (!any_change(answer))
		printf(_("Nothing was recorded: all of it is so already.\n"));
	else if (args_option(order->args, "dry-run"))
		printf(_("Nothing was recorded; this is what it would come to.\n"));
	else
		printf(_("Recorded for %s, and told there. What the office sends later counts "
			 "instead, as a revision.\n"),
		       office);
}

static int ask(const struct order *order, const struct argument fields[], size_t n, struct err *err)
{
	const struct argument trial = { "dry_run", "1" };
	struct request request = order_request(order);
	struct blob body = { 0 }, answer = { 0 };
	int rc = order_body(fields, n, &body, err);

	request.arguments = &trial;
	request.n_arguments = args_option(order->args, "dry-run") ? 1 : 0;
	request.accept = output_type(order->format);
	request.type = "application/json";
	request.body = body.data;
	request.body_len = body.len;
	if (rc == 0)
		rc = client_ask(order->api, &request, &answer, err);
	if (rc == 0)
		rc = output_rows(order, &answer, NULL, err);
	if (rc == 0 && order->format == FORMAT_TABLE)
		conclude(order, &answer);
	blob_free(&body);
	blob_free(&answer);
	return rc;
}

int cmd_record_run(const struct order *order, struct err *err)
{
	const struct args *args = order->args;
	struct blob labels = { 0 }, figures = { 0 };
	int rc = args_labels(args, &labels);

	if (rc == 0)
		rc = figures_join(args, &figures);
	if (rc < 0)
		rc = err_memory(err);
	const struct argument fields[] = { { "office", args_option(args, "office") },
					   { "figures", (const char *)figures.data },
					   { "period", args_option(args, "period") },
					   { "labels", (const char *)labels.data },
					   { "note", args_option(args, "note") } };
	if (rc == 0)
		rc = ask(order, fields, sizeof(fields) / sizeof(fields[0]), err);
	blob_free(&labels);
	blob_free(&figures);
	return rc;
}
