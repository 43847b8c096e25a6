#include "import/tables.h"

#include "common/base/array.h"
#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "import/detect.h"
#include "import/import_internal.h"
#include "workbook/cells.h"
#include "workbook/workbook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RANGES_MAX 12u /* hidden rows or columns that are named; of more the first */

enum sheet_state {
	SHEET_EMPTY,
	SHEET_PASSED, /* no table */
	SHEET_HIDDEN, /* with figures */
	SHEET_FIGURES,
	SHEET_REFUSED, /* a table that cannot be read */
};

struct sheet_table {
	enum sheet_state state;
	bool hidden;
	struct dialect *dialect; /* owned; of SHEET_FIGURES */
	char *why;               /* owned; of SHEET_PASSED and SHEET_REFUSED */
};

struct range {
	unsigned first, last;
};

struct ranges {
	struct range list[RANGES_MAX];
	size_t n;
	bool more;
};

struct tables {
	const struct headings *headings;
	struct sheet_table *sheets; /* owned [n_sheets] */
	const char **names;         /* owned [n_sheets], each as well */
	size_t n_sheets;
	/* of the pass */
	enum tables_pass pass;
	struct import_config config;
	struct cells_reader *reader;
	struct cells_events events;
	size_t begun;  /* sheets */
	bool in_table; /* its rows are wanted */
	bool again;    /* one more is refused */
	bool filled;   /* the sheet has rows */
	struct detect *detect;
	struct import *import;
	struct intake *intake;       /* owned: of all sheets; NULL while they are detected */
	struct import_result result; /* besides what came of it */
	struct ranges rows, columns; /* that are hidden */
	/* of the row that is gathered; 0: none */
	unsigned row;
	bool row_hidden, row_merged, row_wide;
	size_t n; /* cells up to the last one */
	char kinds[CSV_COLUMNS_MAX];
	size_t starts[CSV_COLUMNS_MAX]; /* in @texts */
	struct blob texts;              /* owned; begins with a NUL: that of empty cells */
};

int tables_open(const struct headings *headings, struct tables **ret_tables, struct err *err)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	if (!tables)
		return err_memory(err);
	tables->headings = headings;
	*ret_tables = tables;
	return 0;
}

static void end_pass(struct tables *tables)
{
	cells_reader_close(tables->reader);
	detect_close(tables->detect);
	import_close(tables->import);
	intake_close(tables->intake);
	tables->intake = NULL;
	tables->reader = NULL;
	tables->detect = NULL;
	tables->import = NULL;
	tables->begun = 0;
	tables->in_table = tables->again = false;
	tables->row = 0;
}

void tables_close(struct tables *tables)
{
	if (!tables)
		return;
	end_pass(tables);
	for (size_t i = 0; i < tables->n_sheets; i++) {
		free(tables->sheets[i].dialect);
		free(tables->sheets[i].why);
		free((char *)(uintptr_t)tables->names[i]); /* ours */
	}
	free(tables->sheets);
	free(tables->names);
	blob_free(&tables->texts);
	free(tables);
}

static struct sheet_table *current(struct tables *tables)
{
	return &tables->sheets[tables->begun - 1];
}

/* --- what is told of a sheet as a whole --- */

/* Before what is told of its lines; @why is translated. */
static void tell(struct tables *tables, size_t nth, const char *why)
{
	const struct place whole = { .column = "", .value = "" };
	tables->config.nth_sheet = (unsigned)nth;
	intake_note(tables->intake, &whole, "%s", why);
}

static void tell_error(struct tables *tables, size_t nth, const char *why)
{
	const struct place whole = { .column = "", .value = "" };
	tables->config.nth_sheet = (unsigned)nth;
	intake_reject(tables->intake, &whole, "%s", why);
}

static int refuse(struct tables *tables, enum sheet_state state, struct err *why, struct err *err)
{
	struct sheet_table *sheet = current(tables);
	sheet->state = state;
	tables->in_table = false;
	free(sheet->why);
	sheet->why = strdup(why->text);
	return sheet->why ? 0 : err_memory(err);
}

static void add_range(struct ranges *ranges, unsigned first, unsigned last)
{
	struct range *end = ranges->n > 0 ? &ranges->list[ranges->n - 1] : NULL;
	if (end && end->last + 1 == first)
		end->last = last;
	else if (ranges->n < RANGES_MAX)
		ranges->list[ranges->n++] = (struct range){ first, last };
	else
		ranges->more = true;
}

static void say_ranges(const struct ranges *ranges, bool columns, char *text, size_t room)
{
	char first[16], last[16];
	size_t len = 0;
	for (size_t i = 0; i < ranges->n; i++) {
		const struct range *range = &ranges->list[i];
		(void)utf8_print(first, sizeof(first), "%u", range->first); /* fits, as the next */
		(void)utf8_print(last, sizeof(last), "%u", range->last);
		if (columns) {
			import_column(range->first, first);
			import_column(range->last, last);
		}
		len += utf8_print(text + len, room - len,
				  range->first == range->last ? "%s%s" : "%s%s-%s",
				  i > 0 ? ", " : "", first, last);
	}
	(void)utf8_print(text + len, room - len, "%s", ranges->more ? ", ..." : "");
}

static void tell_hidden(struct tables *tables)
{
	char which[256], why[512];
	size_t nth = tables->begun - 1;
	if (tables->rows.n > 0) {
		say_ranges(&tables->rows, false, which, sizeof(which));
		(void)utf8_print(
			why, sizeof(why),
			_("rows are hidden in the sheet, and were read as the others are: %s"),
			which);
		tell(tables, nth, why);
	}
	if (tables->columns.n > 0) {
		say_ranges(&tables->columns, true, which, sizeof(which));
		(void)utf8_print(why, sizeof(why),
				 _("columns are hidden in the sheet, and were read as the others "
				   "are: %s"),
				 which);
		tell(tables, nth, why);
	}
}

/* Of a sheet that is not read. */
static void tell_passed(struct tables *tables, size_t nth)
{
	const struct sheet_table *sheet = &tables->sheets[nth];
	if (sheet->state == SHEET_REFUSED)
		tell_error(tables, nth, sheet->why);
	else if (sheet->state == SHEET_HIDDEN)
		tell(tables, nth,
		     _("the sheet is hidden, and its figures are passed over; show it and hand the "
		       "workbook in again if they are to be read"));
	else if (sheet->state == SHEET_PASSED && !sheet->hidden)
		tell(tables, nth,
		     _("the sheet is passed over: no line of it names columns of figures"));
}

/* --- rows --- */

static int take_row(struct tables *tables, const struct csv_row *row, struct err *err)
{
	struct err why = { 0 };
	int rc;
	if (tables->row_wide)
		rc = err_set(&why, -EINVAL,
			     "line %u: there are more than 256 fields; take some out", row->line);
	else if (tables->pass == TABLES_DETECT)
		rc = detect_row(tables->detect, row, &why);
	else
		rc = import_row(tables->import, row, &why);
	if (rc == 0 && tables->pass == TABLES_RECORD && tables->row_hidden)
		add_range(&tables->rows, row->line, row->line);
	if (rc != -EINVAL) {
		if (rc < 0)
			*err = why;
		return rc;
	}
	if (tables->pass == TABLES_RECORD) { /* what was noted has become another: the clock */
		tell_error(tables, tables->begun - 1, why.text);
		tables->in_table = false;
		return 0;
	}
	tables->again |= tables->pass == TABLES_NOTE;
	bool table = tables->pass == TABLES_NOTE || detect_known(tables->detect) >= 2;
	return refuse(tables, table ? SHEET_REFUSED : SHEET_PASSED, &why, err);
}

static int end_row(struct tables *tables, struct err *err)
{
	const char *fields[CSV_COLUMNS_MAX], *merged[CSV_COLUMNS_MAX];
	const char *texts = (const char *)tables->texts.data;
	if (tables->row == 0 || !tables->in_table)
		return 0;
	for (size_t i = 0; i < tables->n; i++) {
		bool below = tables->kinds[i] == CELL_MERGED;
		fields[i] = texts + (below ? 0 : tables->starts[i]);
		merged[i] = below ? texts + tables->starts[i] : NULL;
	}
	struct csv_row row = { .line = tables->row,
			       .n = tables->n,
			       .fields = fields,
			       .kinds = tables->kinds,
			       .merged = tables->row_merged ? merged : NULL };
	tables->row = 0;
	tables->filled |= tables->n > 0;
	return tables->n > 0 ? take_row(tables, &row, err) : 0;
}

static int on_row(void *context, unsigned number, bool hidden, struct err *err)
{
	struct tables *tables = context;
	int rc = end_row(tables, err);
	tables->row = number;
	tables->row_hidden = hidden;
	tables->row_merged = tables->row_wide = false;
	tables->n = 0;
	tables->texts.len = 0;
	return rc == 0 && blob_append(&tables->texts, "", 1) < 0 ? err_memory(err) : rc;
}

static int on_cell(void *context, unsigned column, enum cell_kind kind, const char *text,
		   struct err *err)
{
	struct tables *tables = context;
	text += strspn(text, " ");
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len == 0 || !tables->in_table)
		return 0;
	tables->row_wide |= column > CSV_COLUMNS_MAX;
	if (column > CSV_COLUMNS_MAX)
		return 0;
	for (; tables->n < column - 1; tables->n++) {
		tables->kinds[tables->n] = CELL_TEXT;
		tables->starts[tables->n] = 0;
	}
	tables->row_merged |= kind == CELL_MERGED;
	tables->kinds[tables->n] = (char)kind;
	tables->starts[tables->n++] = tables->texts.len;
	if (blob_append(&tables->texts, text, len) < 0 || blob_append(&tables->texts, "", 1) < 0)
		return err_memory(err);
	return 0;
}

static int on_hidden_columns(void *context, unsigned first, unsigned last, struct err *err)
{
	struct tables *tables = context;
	(void)err;
	if (first <= CSV_COLUMNS_MAX && tables->pass == TABLES_RECORD)
		add_range(&tables->columns, first, last);
	return 0;
}

/* --- sheets --- */

static int end_detect(struct tables *tables, struct err *err)
{
	struct sheet_table *sheet = current(tables);
	struct dialect dialect;
	struct err why = { 0 };
	if (!tables->filled)
		return 0;
	int rc = detect_end(tables->detect, &dialect, &why);
	if (rc == -EINVAL)
		return refuse(tables,
			      detect_known(tables->detect) >= 2 ? SHEET_REFUSED : SHEET_PASSED,
			      &why, err);
	if (rc < 0) {
		*err = why;
		return rc;
	}
	sheet->dialect = malloc(sizeof(*sheet->dialect));
	if (!sheet->dialect)
		return err_memory(err);
	*sheet->dialect = dialect;
	sheet->state = sheet->hidden ? SHEET_HIDDEN : SHEET_FIGURES;
	return 0;
}

/* Of the one that is open, if any. */
static int end_sheet(struct tables *tables, struct err *err)
{
	struct err why = { 0 };
	int rc = end_row(tables, err);
	if (rc == 0 && tables->in_table && tables->detect)
		rc = end_detect(tables, err);
	else if (rc == 0 && tables->in_table && tables->import &&
		 (rc = import_end(tables->import, &why)) < 0)
		*err = why;
	if (tables->pass == TABLES_RECORD && tables->import && rc == 0) {
		tables->result.untouched += tables->import->untouched;
		if (!import_is_ours(tables->import)) /* there we hid them */
			tell_hidden(tables);
	}
	detect_close(tables->detect);
	import_close(tables->import);
	tables->detect = NULL;
	tables->import = NULL;
	tables->in_table = false;
	tables->row = 0;
	tables->rows = tables->columns = (struct ranges){ .n = 0 };
	return rc;
}

static int add_sheet(struct tables *tables, const char *name, bool hidden, struct err *err)
{
	struct sheet_table *sheets = array_room(tables->sheets, tables->n_sheets, sizeof(*sheets));
	tables->sheets = sheets ? sheets : tables->sheets;
	const char **names = array_room(tables->names, tables->n_sheets, sizeof(*names));
	tables->names = names ? names : tables->names;
	char *own = strdup(name);
	if (!sheets || !names || !own) {
		free(own);
		return err_memory(err);
	}
	sheets[tables->n_sheets] = (struct sheet_table){ .hidden = hidden };
	names[tables->n_sheets++] = own;
	return 0;
}

static int on_sheet(void *context, const char *name, bool hidden, struct err *err)
{
	struct tables *tables = context;
	int rc = tables->begun > 0 ? end_sheet(tables, err) : 0;
	if (rc == 0 && tables->pass == TABLES_DETECT)
		rc = add_sheet(tables, name, hidden, err);
	if (rc == 0 && tables->begun == tables->n_sheets)
		rc = err_set(err, -EINVAL, "the workbook changed while it was read");
	if (rc < 0)
		return rc;
	struct sheet_table *sheet = &tables->sheets[tables->begun++];
	tables->filled = false;
	tables->in_table = tables->pass == TABLES_DETECT || sheet->state == SHEET_FIGURES;
	if (tables->pass == TABLES_DETECT)
		return detect_open(tables->headings, &tables->detect, err);
	if (tables->pass == TABLES_RECORD)
		tell_passed(tables, tables->begun - 1);
	if (!tables->in_table)
		return 0;
	tables->config.nth_sheet = (unsigned)tables->begun - 1;
	return import_open(&tables->config, sheet->dialect, &tables->import, err);
}

static int on_end(void *context, struct err *err)
{
	struct tables *tables = context;
	int rc = tables->begun > 0 ? end_sheet(tables, err) : 0;
	if (rc == 0 && tables->begun != tables->n_sheets)
		rc = err_set(err, -EINVAL, "the workbook changed while it was read");
	if (rc == 0 && tables->intake)
		while ((rc = intake_end(tables->intake, err)) > 0)
			;
	return rc;
}

/* --- passes --- */

int tables_begin(struct tables *tables, enum tables_pass pass, const struct import_config *config,
		 struct err *err)
{
	end_pass(tables);
	tables->pass = pass;
	tables->result = (struct import_result){ 0 };
	if (pass != TABLES_DETECT) {
		tables->config = *config;
		tables->config.headings = tables->headings;
		tables->config.noting = pass == TABLES_NOTE;
		tables->config.sheets = tables->names;
		int rc = intake_open(&tables->config, &tables->intake, err);
		if (rc < 0)
			return rc;
		tables->config.intake = tables->intake;
	}
	tables->events = (struct cells_events){ .on_sheet = on_sheet,
						.on_hidden_columns = on_hidden_columns,
						.on_row = on_row,
						.on_cell = on_cell,
						.on_end = on_end,
						.context = tables };
	tables->reader = cells_reader_open(&tables->events);
	return tables->reader ? 0 : err_memory(err);
}

/* What its reader says that is no cells comes of the workbook, too. */
static int of_workbook(int rc)
{
	return rc == -EPROTO ? -EINVAL : rc;
}

int tables_feed(struct tables *tables, const char *cells, size_t len, struct err *err)
{
	int rc = of_workbook(cells_reader_feed(tables->reader, cells, len, err));
	if (rc < 0 && tables->intake)
		intake_tell(tables->intake);
	return rc;
}

/* Is there a sheet to go on with? Else the workbook is refused, for what is wrong with the first
 * that has something in it. */
static int check_sheets(const struct tables *tables, struct err *err)
{
	const struct sheet_table *first = NULL;
	const char *name = "", *hidden = NULL;
	char shown[EXCERPT_MAX];
	for (size_t i = 0; i < tables->n_sheets; i++) {
		const struct sheet_table *sheet = &tables->sheets[i];
		if (sheet->state == SHEET_FIGURES)
			return 0;
		if (sheet->state == SHEET_HIDDEN && !hidden)
			hidden = tables->names[i];
		bool better =
			!first || (first->state == SHEET_PASSED && sheet->state == SHEET_REFUSED);
		if (better && sheet->why && !sheet->hidden) {
			first = sheet;
			name = tables->names[i];
		}
	}
	if (hidden && (!first || first->state == SHEET_PASSED))
		return err_set(err, -EINVAL,
			       "the sheet '%s' holds figures, but it is hidden; show it, save the "
			       "workbook, and hand it in again",
			       utf8_excerpt(hidden, strlen(hidden), shown));
	if (!first)
		return err_set(err, -EINVAL, "there is nothing in it");
	(void)err_set(err, -EINVAL, "%s", first->why);
	return err_wrap(err, "%s", utf8_excerpt(name, strlen(name), shown));
}

int tables_end(struct tables *tables, struct err *err)
{
	int rc = of_workbook(cells_reader_end(tables->reader, err));
	if (rc < 0 && tables->intake)
		intake_tell(tables->intake);
	if (rc == 0 && tables->pass != TABLES_RECORD)
		rc = check_sheets(tables, err);
	return rc == 0 && tables->again ? 1 : rc;
}

struct import_result tables_result(const struct tables *tables)
{
	struct import_result result = tables->result;
	if (tables->intake) {
		struct import_result taken = intake_result(tables->intake);
		result.figures += taken.figures;
		result.rejected += taken.rejected;
		result.warned += taken.warned;
	}
	return result;
}

/* --- a file at once --- */

static int make_pass(struct tables *tables, enum tables_pass pass,
		     const struct import_config *config, int fd, struct err *err)
{
	struct workbook_reader *reader = NULL;
	char cells[16384];
	ssize_t n = 0;
	int rc = tables_begin(tables, pass, config, err);
	if (rc == 0)
		rc = workbook_reader_open(fd, &reader, err);
	while (rc == 0 &&
	       (n = workbook_reader_read(reader, cells, sizeof(cells), 1000, err)) != 0) {
		if (n > 0)
			rc = tables_feed(tables, cells, (size_t)n, err);
		else if (n != -EAGAIN)
			rc = (int)n;
	}
	workbook_reader_close(reader);
	return rc == 0 ? tables_end(tables, err) : rc;
}

int import_workbook(const struct import_config *config, const char *name, int fd,
		    struct import_result *ret_result, struct err *err)
{
	struct import_config own = *config;
	struct headings *headings = NULL;
	struct tables *tables = NULL;
	*ret_result = (struct import_result){ 0 };
	own.hand_in = NULL;
	int rc = headings_open(config->catalogue, &headings, err);
	if (rc == 0)
		rc = tables_open(headings, &tables, err);
	if (rc == 0)
		rc = make_pass(tables, TABLES_DETECT, &own, fd, err);
	for (int again = 1; rc == 0 && again > 0;) {
		hand_in_close(own.hand_in);
		own.hand_in = hand_in_open();
		again = own.hand_in ? make_pass(tables, TABLES_NOTE, &own, fd, err)
				    : err_memory(err);
		rc = again < 0 ? again : 0;
	}
	if (rc == 0) {
		rc = make_pass(tables, TABLES_RECORD, &own, fd, err);
		*ret_result = tables_result(tables);
	}
	hand_in_close(own.hand_in);
	tables_close(tables);
	headings_close(headings);
	return rc < 0 ? err_wrap(err, "%s", name) : 0;
}
