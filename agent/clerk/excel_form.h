/* The form of a period as a workbook, to be filled in without the page: its rows are those of the
 * page's form (clerk/sheet.h), with what each is, its unit, the period before and what is recorded;
 * hidden columns have the keys by which the importer knows each figure again (HEADING_FORM), whose
 * form it is, and what stood in it. Made
 * by lantoa-excel, which takes some tenths of a second. On the worker. */
#pragma once

#include "clerk/sheet.h"
#include "common/base/blob.h"
#include "workbook/marking.h"

#define EXCEL_FORM_MAX (8u << 20) /* bytes of the workbook */

struct excel_form_config { /* all outlive the form */
	struct spool *spool;
	const struct catalogue *catalogue;
	const char *office; /* its code */
	struct period period;
};

struct excel_form {
	struct marking *marking;
	int fd;          /* of the workbook */
	struct blob out; /* owned: the workbook, once it is made */
};

/** "2025-06", of @calendar ("civil", "report"; NULL is civil) into a period. -EINVAL. */
int excel_form_period(const char *period, const char *calendar, struct period *ret_period,
		      struct err *err);
/** The text of the form of a period, by these words, as workbook/blank.h has it. -EINVAL; the rest
 * as excel_form_begin(). On the worker. */
int excel_form_of(struct spool *spool, const struct catalogue *catalogue, const char *office,
		  const char *period, const char *calendar, struct blob *out, struct err *err);
/** In the thread's language. -ENOENT: nothing is due of such a period; as values_read() and
 * marking_blank(). The caller closes, also after an error. */
int excel_form_begin(struct excel_form *form, const struct excel_form_config *config,
		     struct err *err);
/** 1: it is being made, ask again; 0: form->out has it; as marking_wait(). */
int excel_form_step(struct excel_form *form, struct err *err);
void excel_form_close(struct excel_form *form); /* zeroed is fine */
/** Its text, of @sheet, for lantoa-excel. -ENOMEM. */
int excel_form_text(const struct sheet *sheet, const char *office, struct blob *out);
