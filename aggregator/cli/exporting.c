#include "cli/exporting.h"

#include "cli/args.h"
#include "cli/download.h"
#include "cli/output.h"
#include "export/export.h"
#include "export/head.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct exporting {
	struct export *form;      /* owned; NULL: as it comes */
	struct download download; /* into a file, */
	bool to_file;
	bool begun; /* or else to the output */
	char *head; /* owned: what the answer said before its rows; NULL: nothing */
};

bool exporting_wanted(const struct order *order)
{
	return order->format >= FORMAT_CSV_EXCEL || args_option(order->args, "output");
}

static int on_bytes(void *context, const void *data, size_t len, struct err *err)
{
	struct exporting *exporting = context;

	if (exporting->to_file)
		return download_piece(&exporting->download, data, len, err);
	exporting->begun = true;
	return output_bytes(data, len, err);
}

static int on_piece(void *context, const void *data, size_t len, struct err *err)
{
	struct exporting *exporting = context;

	return exporting->form ? export_feed(exporting->form, data, len, err)
			       : on_bytes(exporting, data, len, err);
}

static int on_head(void *context, const char *value, struct err *err)
{
	struct exporting *exporting = context;

	exporting->head = value ? strdup(value) : NULL;
	if (value && !exporting->head)
		return err_memory(err);
	return exporting->form ? export_head(exporting->form, value, err) : 0;
}

static int open_form(const struct order *order, struct exporting *exporting, struct err *err)
{
	const struct export_sink sink = { on_bytes, exporting };
	struct export_choice choice = { 0 };

	if (order->format < FORMAT_CSV_EXCEL)
		return 0;
	choice.form = (enum export_form)(order->format - FORMAT_CSV_EXCEL);
	return export_open(&choice, &sink, &exporting->form, err);
}

static int write_all(const struct order *order, struct request *request,
		     struct exporting *exporting, struct err *err)
{
	struct blob answer = { 0 };
	int rc;

	request->accept = output_type(order->format);
	request->on_piece = on_piece;
	request->context = exporting;
	request->field = HEAD_FIELD;
	request->on_field = on_head;
	rc = client_ask(order->api, request, &answer, err);
	blob_free(&answer);
	if (rc == 0 && exporting->form)
		rc = export_finish(exporting->form, err);
	return rc;
}

int exporting_run(const struct order *order, struct request *request, struct err *err)
{
	const char *path = args_option(order->args, "output");
	struct exporting exporting = { .to_file = path != NULL };
	int rc = path ? download_open(path, &exporting.download, err) : 0;

	if (rc < 0)
		return rc;
	rc = open_form(order, &exporting, err);
	if (rc == 0)
		rc = write_all(order, request, &exporting, err);
	if (rc == 0 && path)
		rc = download_keep(&exporting.download, err);
	else if (rc < 0 && exporting.begun)
		rc = err_wrap(err, "what was written is not whole");
	if (rc == 0)
		rc = output_left_out(exporting.head, stderr, err);
	free(exporting.head);
	export_close(exporting.form);
	if (path)
		download_close(&exporting.download);
	return rc;
}
