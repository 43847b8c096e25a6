#include "cli/order.h"

#include "cli/args.h"
#include "cli/exporting.h"
#include "cli/output.h"
#include "cli/watch.h"
#include "common/base/quote.h"
#include "export/head.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct request order_request(const struct order *order)
{
	const struct command *command = order->args->command;

	return (struct request){ .method = command->method,
				 .path = command->path,
				 .accept = "application/json" };
}

int order_ask_value(const struct order *order, const struct request *request, struct err *err)
{
	struct blob answer = { 0 };
	int rc = client_ask(order->api, request, &answer, err);

	if (rc == 0)
		rc = watch_change(order->api, &answer, err);
	if (rc == 0)
		rc = output_value(order, &answer, err);
	blob_free(&answer);
	return rc;
}

int order_ask_report(const struct order *order, const struct request *request, struct err *err)
{
	struct blob answer = { 0 };
	int rc = client_ask(order->api, request, &answer, err);

	if (rc == 0)
		rc = watch_change(order->api, &answer, err);
	if (rc == 0)
		rc = output_report(order, &answer, err);
	blob_free(&answer);
	return rc;
}

/* Rows, and what stands before them. */
struct answer {
	struct blob rows;
	char *head; /* owned; NULL: there is none */
};

static int on_rows(void *context, const void *data, size_t len, struct err *err)
{
	struct answer *answer = context;

	if (answer->rows.len + len > CLIENT_ANSWER_MAX)
		return err_set(err, -E2BIG,
			       "the answer is too large; ask for less: a smaller area, a shorter "
			       "time or a coarser grain");
	return blob_append(&answer->rows, data, len) < 0 ? err_memory(err) : 0;
}

static int on_head(void *context, const char *value, struct err *err)
{
	struct answer *answer = context;

	answer->head = value ? strdup(value) : NULL;
	return value && !answer->head ? err_memory(err) : 0;
}

int order_import(const struct order *order, const struct blob *file, const char *type,
		 const struct argument *argument, struct err *err)
{
	const bool trial = args_option(order->args, "dry-run");
	const struct argument arguments[] = { *argument, { "dry_run", trial ? "1" : NULL } };
	struct request request = order_request(order);

	request.arguments = arguments;
	request.n_arguments = sizeof(arguments) / sizeof(arguments[0]);
	request.type = type;
	request.body = file->data;
	request.body_len = file->len;
	return trial ? order_ask_report(order, &request, err)
		     : order_ask_value(order, &request, err);
}

static int ask_rows(const struct order *order, struct request *request, struct err *err)
{
	struct answer answer = { 0 };
	struct blob none = { 0 };
	int rc;

	request->on_piece = on_rows;
	request->context = &answer;
	request->field = HEAD_FIELD;
	request->on_field = on_head;
	rc = client_ask(order->api, request, &none, err);
	if (rc == 0)
		rc = output_rows(order, &answer.rows, answer.head, err);
	blob_free(&answer.rows);
	blob_free(&none);
	free(answer.head);
	return rc;
}

int order_ask_rows_at(const struct order *order, const char *path,
		      const struct argument arguments[], size_t n, struct err *err)
{
	struct request request = order_request(order);

	request.path = path;
	request.arguments = arguments;
	request.n_arguments = n;
	request.accept = output_type(order->format);
	if (exporting_wanted(order))
		return exporting_run(order, &request, err);
	return ask_rows(order, &request, err);
}

int order_ask_rows(const struct order *order, const struct argument arguments[], size_t n,
		   struct err *err)
{
	return order_ask_rows_at(order, order->args->command->path, arguments, n, err);
}

int order_body(const struct argument fields[], size_t n, struct blob *body, struct err *err)
{
	const char *separator = "{";
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		if (!fields[i].value)
			continue;
		rc = blob_append(body, separator, 1);
		if (rc == 0)
			rc = quote_json(body, fields[i].name, strlen(fields[i].name));
		if (rc == 0)
			rc = blob_append(body, ":", 1);
		if (rc == 0)
			rc = quote_json(body, fields[i].value, strlen(fields[i].value));
		separator = ",";
	}
	if (rc == 0)
		rc = blob_append(body, *separator == '{' ? "{}" : "}", *separator == '{' ? 2 : 1);
	return rc < 0 ? err_memory(err) : 0;
}

/* The body's fields to the command's path; with --dry-run it is only tried, and rows tell what
 * would come of it. */
static int post(const struct order *order, const struct argument fields[], size_t n,
		int (*ask)(const struct order *order, const struct request *request,
			   struct err *err),
		struct err *err)
{
	static const struct argument trial = { "dry_run", "1" };
	struct request request = order_request(order);
	struct blob body = { 0 };
	int rc = order_body(fields, n, &body, err);

	request.type = "application/json";
	request.body = body.data;
	request.body_len = body.len;
	if (args_option(order->args, "dry-run")) {
		request.arguments = &trial;
		request.n_arguments = 1;
		ask = order_ask_report;
	}
	if (rc == 0)
		rc = ask(order, &request, err);
	blob_free(&body);
	return rc;
}

int order_post(const struct order *order, const struct argument fields[], size_t n, struct err *err)
{
	return post(order, fields, n, order_ask_value, err);
}

int order_post_for_report(const struct order *order, const struct argument fields[], size_t n,
			  struct err *err)
{
	return post(order, fields, n, order_ask_report, err);
}
