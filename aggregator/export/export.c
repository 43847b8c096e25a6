#include "export/export.h"

#include "common/base/utf8.h"
#include "export/csv_rows.h"
#include "export/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct export
{
	struct export_choice choice;
	struct export_sink to;
	struct sink sink;
	struct rows_reader *reader; /* owned */
	struct head *head;          /* owned; NULL: none was given yet */
	struct columns columns;     /* owned; none before the header */
	struct writer *writer;      /* owned; NULL before the header */
};

static const struct {
	const char *name, *type, *suffix;
	const struct writer_kind *kind;
} forms[EXPORT_FORMS] = {
	[EXPORT_CSV_EXCEL] = { "csv-excel", "text/csv; charset=utf-8; header=present", ".csv",
			       &writer_csv_excel },
	[EXPORT_XLSX] = { "xlsx",
			  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
			  ".xlsx", &writer_xlsx },
	[EXPORT_SDMX_CSV] = { "sdmx-csv", "application/vnd.sdmx.data+csv;version=2.0.0", ".csv",
			      &writer_sdmx_csv },
};

const char *export_name(enum export_form form)
{
	return forms[form].name;
}

const char *export_type(enum export_form form)
{
	return forms[form].type;
}

const char *export_suffix(enum export_form form)
{
	return forms[form].suffix;
}

bool export_find(const char *name, enum export_form *ret_form)
{
	for (unsigned i = 0; i < EXPORT_FORMS; i++) {
		if (strcmp(forms[i].name, name) != 0)
			continue;
		*ret_form = (enum export_form)i;
		return true;
	}
	return false;
}

static int begin(struct export *exp, const char *const names[], size_t n, struct err *err)
{
	const struct writer_kind *kind = forms[exp->choice.form].kind;
	int rc = columns_make(names, n, &exp->columns, err);

	if (rc == 0 && !exp->head)
		rc = head_read(NULL, &exp->head, err);
	if (rc < 0)
		return rc;
	exp->writer = calloc(1, kind->size);
	if (!exp->writer)
		return err_memory(err);
	*exp->writer = (struct writer){ .kind = kind,
					.choice = &exp->choice,
					.head = exp->head,
					.columns = &exp->columns,
					.sink = &exp->sink };
	return kind->begin(exp->writer, err);
}

static int on_row(void *context, const char *const cells[], size_t n, struct err *err)
{
	struct export *exp = context;

	for (size_t i = 0; i < n; i++)
		if (cells[i] && !utf8_valid(cells[i], strlen(cells[i])))
			return err_set(err, -EBADMSG, "the answer is damaged: it is not UTF-8");
	if (!exp->writer)
		return begin(exp, cells, n, err);
	if (n != exp->columns.n)
		return err_set(err, -EBADMSG,
			       "the answer is damaged: a row has %zu cells, and there are %zu "
			       "columns",
			       n, exp->columns.n);
	return exp->writer->kind->row(exp->writer, cells, err);
}

int export_open(const struct export_choice *choice, const struct export_sink *sink,
		struct export **ret_export, struct err *err)
{
	struct export *exp = calloc(1, sizeof(*exp));

	if (!exp)
		return err_memory(err);
	exp->choice = *choice;
	exp->to = *sink;
	exp->sink.to = &exp->to;
	exp->reader = rows_reader_open(on_row, exp);
	if (!exp->reader) {
		export_close(exp);
		return err_memory(err);
	}
	*ret_export = exp;
	return 0;
}

int export_head(struct export *exp, const char *json, struct err *err)
{
	head_close(exp->head);
	exp->head = NULL;
	return head_read(json, &exp->head, err);
}

int export_feed(struct export *exp, const void *data, size_t len, struct err *err)
{
	return rows_reader_feed(exp->reader, data, len, err);
}

int export_finish(struct export *exp, struct err *err)
{
	int rc = rows_reader_end(exp->reader, err);

	if (rc == 0 && !exp->writer)
		rc = err_set(err, -EBADMSG, "the answer is empty: not even its columns came");
	if (rc == 0)
		rc = exp->writer->kind->finish(exp->writer, err);
	return rc == 0 ? sink_flush(&exp->sink, err) : rc;
}

void export_close(struct export *exp)
{
	if (!exp)
		return;
	if (exp->writer && exp->writer->kind->close)
		exp->writer->kind->close(exp->writer);
	free(exp->writer);
	rows_reader_close(exp->reader);
	columns_free(&exp->columns);
	head_close(exp->head);
	free(exp);
}
