#include "cli/cmd_map.h"

#include "cli/args.h"
#include "cli/order.h"
#include "cli/output.h"
#include "cli/upload.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* What is no object in JSON is a table: with it the province takes tiles. */
static const char *type_of(const struct blob *file)
{
	size_t i = 0;

	while (i < file->len && strchr(" \t\r\n", file->data[i]))
		i++;
	return i < file->len && file->data[i] == '{' ? "application/geo+json" : "text/csv";
}

int cmd_map_import_run(const struct order *order, struct err *err)
{
	const struct argument structure = { "structure", args_option(order->args, "structure") };
	struct blob file = { 0 };
	int rc = upload_read(order->args->words[0], &file, err);

	if (rc == 0)
		rc = order_import(order, &file, type_of(&file), &structure, err);
	blob_free(&file);
	return rc;
}

/* The file as it comes, whatever it is of. */
int cmd_map_export_run(const struct order *order, struct err *err)
{
	const struct argument arguments[] = { { "kind", order->args->words[0] },
					      { "valid_from", order->args->words[1] } };
	struct request request = order_request(order);
	struct blob file = { 0 };
	int rc;

	if (args_option(order->args, "format"))
		return err_set(err, -EINVAL,
			       "a map has the form in which it is imported; leave --format "
			       "out");
	request.arguments = arguments;
	request.n_arguments = sizeof(arguments) / sizeof(arguments[0]);
	request.accept =
		strcmp(order->args->words[0], "borders") == 0 ? "application/geo+json" : "text/csv";
	rc = client_ask(order->api, &request, &file, err);
	if (rc == 0)
		rc = output_bytes(file.data, file.len, err);
	blob_free(&file);
	return rc;
}

int cmd_map_remove_run(const struct order *order, struct err *err)
{
	const struct argument fields[] = { { "kind", order->args->words[0] },
					   { "valid_from", order->args->words[1] } };

	return order_post(order, fields, 2, err);
}
