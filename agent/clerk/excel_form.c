#include "clerk/excel_form.h"

#include "clerk/grid.h"
#include "common/base/decimal.h"
#include "common/base/i18n.h"
#include "import/headings.h"
#include "workbook/blank.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WAIT_MS     20
#define FRESH_ROWS  5u  /* for parts that are chosen or named there */
#define OWN_COLUMNS 10u /* beside those of dimensions: add_columns() */

/* --- its text --- */

struct text {
	const struct sheet *sheet;
	const char *office; /* its code */
	struct blob *out;
	char period[PERIOD_TEXT_MAX];
	const char *dimensions[BLANK_COLUMNS_MAX]; /* that are chosen or named in a column */
	const struct code_list *lists[BLANK_COLUMNS_MAX];
	unsigned list_nth[BLANK_COLUMNS_MAX]; /* 0: it is free text */
	size_t n_dimensions;
};

static void note_dimensions(struct text *text, const struct metric *metric)
{
	for (size_t k = 0; k < metric->n_dimensions; k++) {
		size_t i = 0;
		while (i < text->n_dimensions &&
		       strcmp(text->dimensions[i], metric->dimensions[k]) != 0)
			i++;
		if (i < text->n_dimensions || i + OWN_COLUMNS >= BLANK_COLUMNS_MAX)
			continue;
		text->dimensions[i] = metric->dimensions[k];
		text->lists[i] =
			dimensions_list(text->sheet->catalogue->dimensions, metric->dimensions[k],
					strlen(metric->dimensions[k]));
		text->n_dimensions++;
	}
}

static int add_head(struct text *text)
{
	const struct sheet *sheet = text->sheet;
	const char *name = sheet->values->office_name;
	char period[WORDING_MAX], title[2 * WORDING_MAX], day[WORDING_MAX], due[2 * WORDING_MAX];
	(void)snprintf(title, sizeof(title), _("Figures for %s"),
		       period_told(sheet->period, period)); /* fits, as the next */
	(void)snprintf(due, sizeof(due), _("To be sent by %s"), day_told(sheet->due.day, day));
	int rc = blank_add(text->out, "N\t%s\nT\t%s – %s (%s)\nT\t%s. %s\nT\t%s\n", text->period,
			   title, name ? name : text->office, text->office, due,
			   _("Fill in the yellow cells, save, and hand the file in on the clerk's "
			     "page or by the inbox folder. An empty cell is not reported; for none "
			     "write 0."),
			   _("Of a metric in parts write the undivided figure or the parts, never "
			     "both."));
	unsigned n = 0;
	for (size_t i = 0; i < text->n_dimensions && rc == 0; i++) {
		if (!text->lists[i])
			continue;
		text->list_nth[i] = ++n;
		rc = blank_add(text->out, "L");
		for (size_t k = 0; k < text->lists[i]->n && rc == 0; k++)
			if (grid_in_force(&text->lists[i]->codes[k],
					  period_first_day(sheet->period)))
				rc = blank_add(text->out, "\t%s",
					       wording_code(&text->lists[i]->codes[k]));
		if (rc == 0)
			rc = blank_add(text->out, "\n");
	}
	return rc;
}

static int add_columns(struct text *text)
{
	const struct metric *metric = text->sheet->rows[0].metric; /* any: words for dimensions */
	int rc = blank_add(text->out,
			   "H\t" HEADING_FORM "\t12\th\t%s\nH\tlabels\t12\th\t%s\n"
			   "H\tperiod\t12\th\t%s\nH\tnote\t46\t-\t%s\nH\tnote\t34\t-\t%s\n",
			   HEADING_FORM, "labels", "period", _("To be reported"), _("Part"));
	for (size_t i = 0; i < text->n_dimensions && rc == 0; i++)
		rc = blank_add(text->out, "H\t%s\t24\t-\t%s\n", text->dimensions[i],
			       wording_dimension(metric, text->dimensions[i]));
	if (rc == 0)
		rc = blank_add(text->out,
			       "H\tnote\t14\t-\t%s\nH\tnote\t16\t-\t%s\nH\tvalue\t18\t-\t%s\n"
			       "H\t" HEADING_WAS "\t12\th\t%s\nH\t" HEADING_OFFICE
			       "\t12\th\t%s\nE\t%s\t%s\n",
			       _("Counted in"), _("Previous period"), _("This period"), HEADING_WAS,
			       HEADING_OFFICE, _("Not such a number"),
			       _("Write only a number, without words, as this metric is counted. "
				 "Leave the cell empty where there is none to report."));
	return rc;
}

/* @text has DECIMAL_TEXT_MAX bytes; "" where there is no value. */
static const char *number_of(const struct value *value, const struct metric *metric, char *text)
{
	*text = '\0';
	if (value && !value->withdrawn)
		(void)decimal_format(value->value_e, metric->decimals, text); /* its length */
	return text;
}

static const char *limit_of(bool has, int64_t limit_e, const struct metric *metric, char *text)
{
	*text = '\0';
	if (has)
		(void)decimal_format(limit_e, metric->decimals, text); /* its length */
	return text;
}

static int add_row(struct text *text, const struct sheet_row *row, bool first)
{
	const struct metric *metric = row->metric;
	char part[LABELS_TEXT_MAX] = "", before[DECIMAL_TEXT_MAX], now[DECIMAL_TEXT_MAX];
	char min[DECIMAL_TEXT_MAX], max[DECIMAL_TEXT_MAX];
	if (*row->labels)
		(void)wording_part(text->sheet->catalogue->dimensions, row->labels, part,
				   sizeof(part));
	const char *words = row->fresh || metric->n_dimensions == 0 ? ""
			    : *part                                 ? part
			    : metric->undivided == UNDIVIDED_REST   ? _("Not classified")
								    : _("Not divided");
	int rc = blank_add(text->out, "R\ns\t%s\ns\t%s\ns\t%s\n%s\t%s\ns\t%s\n", metric->name,
			   row->labels, text->period, first ? "b" : "s",
			   first ? wording_metric(metric) : "", words);
	for (size_t i = 0; i < text->n_dimensions && rc == 0; i++) {
		bool own = false;
		for (size_t k = 0; k < metric->n_dimensions && row->fresh; k++)
			own |= strcmp(metric->dimensions[k], text->dimensions[i]) == 0;
		rc = own ? blank_add(text->out, "c\t%u\t%s\n", text->list_nth[i], "")
			 : blank_add(text->out, "s\t%s\n", "");
	}
	if (rc == 0)
		rc = blank_add(text->out, "s\t%s\nn\t%u\t%s\nv\t%u\t%s\t%s\t%s\ns\t%s\ns\t%s\n",
			       wording_unit(metric), metric->decimals,
			       number_of(row->before, metric, before), metric->decimals,
			       limit_of(metric->has_min, metric->min_e, metric, min),
			       limit_of(metric->has_max, metric->max_e, metric, max),
			       number_of(row->now, metric, now), now, text->office);
	return rc;
}

int excel_form_text(const struct sheet *sheet, const char *office, struct blob *out)
{
	struct text text = { .sheet = sheet, .office = office, .out = out };
	(void)period_format(sheet->period, text.period);
	for (size_t i = 0; i < sheet->n; i++)
		if (sheet->rows[i].fresh)
			note_dimensions(&text, sheet->rows[i].metric);
	int rc = add_head(&text);
	if (rc == 0)
		rc = add_columns(&text);
	for (size_t i = 0; i < sheet->n && rc == 0; i++) {
		const struct sheet_row *row = &sheet->rows[i];
		bool first = i == 0 || row->metric != row[-1].metric;
		unsigned n = row->fresh ? (row->nth == 0 ? FRESH_ROWS : 0) : 1;
		for (unsigned k = 0; k < n && rc == 0; k++)
			rc = add_row(&text, row, first && k == 0);
	}
	return rc;
}

/* --- making it --- */

int excel_form_period(const char *period, const char *calendar, struct period *ret_period,
		      struct err *err)
{
	enum calendar which = CALENDAR_CIVIL;
	if (!period)
		return err_set(err, -EINVAL, "say which period the form is for");
	int rc = calendar ? calendar_from_name(calendar, &which, err) : 0;
	return rc == 0 ? period_parse(period, which, ret_period, err) : rc;
}

static int text_of(const struct excel_form_config *config, struct blob *out, struct err *err)
{
	struct values values = { 0 };
	struct sheet sheet = { 0 };
	const struct values_question question = { .catalogue = config->catalogue,
						  .kind = &config->period,
						  .until_day = period_first_day(config->period),
						  .most = HISTORY_PERIODS };
	int rc = values_read(config->spool, &question, &values, err);
	if (rc == 0)
		rc = sheet_open(config->catalogue, &values, config->period, &sheet, err);
	if (rc == 0 && excel_form_text(&sheet, config->office, out) < 0)
		rc = err_memory(err);
	sheet_close(&sheet);
	values_free(&values);
	return rc;
}

int excel_form_of(struct spool *spool, const struct catalogue *catalogue, const char *office,
		  const char *period, const char *calendar, struct blob *out, struct err *err)
{
	struct excel_form_config config = { spool, catalogue, office, { 0 } };
	int rc = excel_form_period(period, calendar, &config.period, err);
	return rc < 0 ? rc : text_of(&config, out, err);
}

int excel_form_begin(struct excel_form *form, const struct excel_form_config *config,
		     struct err *err)
{
	struct blob text = { 0 };
	*form = (struct excel_form){ .fd = -1 };
	int rc = text_of(config, &text, err);
	if (rc == 0 && (form->fd = memfd_create("form", MFD_CLOEXEC)) < 0)
		rc = err_system(err, -errno, "form");
	if (rc == 0)
		rc = marking_blank(&text, form->fd, &form->marking, err);
	blob_free(&text);
	return rc;
}

int excel_form_step(struct excel_form *form, struct err *err)
{
	int rc = marking_wait(form->marking, WAIT_MS, err);
	if (rc == -EAGAIN)
		return 1;
	if (rc == 0 && lseek(form->fd, 0, SEEK_SET) < 0)
		rc = err_system(err, -errno, "form");
	for (ssize_t n = 1; n > 0 && rc == 0;) {
		if (form->out.len > EXCEL_FORM_MAX)
			rc = err_set(err, -EFBIG, "the form is too large");
		else if (blob_reserve(&form->out, 65536) < 0)
			rc = err_memory(err);
		else if ((n = read(form->fd, form->out.data + form->out.len, 65536)) < 0)
			rc = err_system(err, -errno, "form");
		else
			form->out.len += (size_t)n;
	}
	return rc;
}

void excel_form_close(struct excel_form *form)
{
	marking_close(form->marking);
	if (form->fd > 0)
		(void)close(form->fd); /* memory */
	blob_free(&form->out);
	*form = (struct excel_form){ .fd = -1 };
}
