/* The keys of a form are hidden, so people see what stands around them: its title, the name of its
 * sheet and of its file. A form of June that was called July is found out by these. */
#include "import/import_internal.h"

#include "common/base/decimal.h"
#include "common/model/period_words.h"

#include <errno.h>
#include <string.h>

static const char *key_of(const struct import *import, const struct csv_row *row, enum role role)
{
	const struct column *column = columns_find(&import->columns, role);
	return column ? columns_place(&import->columns, row, column).value : "";
}

static int check_office(const struct import *import, const struct csv_row *row, struct err *err)
{
	char shown[EXCERPT_MAX];
	const char *theirs = key_of(import, row, ROLE_OFFICE), *ours = import->config->office;
	if (!*theirs || !ours || !*ours || strcmp(theirs, ours) == 0)
		return 0;
	return err_set(err, -EINVAL,
		       "line %u: this is the form of office %s, and this machine is that of office "
		       "%s; hand it in at that office, or take the form of your own from the page "
		       "and fill that in",
		       row->line, utf8_excerpt(theirs, strlen(theirs), shown), ours);
}

/* What @text, or the title when it is NULL, names is another period than @period. */
static int check_named(const struct import *import, const char *text, struct period period,
		       unsigned line, struct err *err)
{
	char shown[EXCERPT_MAX], written[PERIOD_TEXT_MAX];
	struct title own = { 0 };
	const struct title *title = &import->dialect.title;
	if (text) {
		title_read(&own, text);
		title = &own;
	} else {
		text = title_said(title);
	}
	if (!title_names_other(title, period))
		return 0;
	return err_set(err, -EINVAL,
		       "line %u: this form was made for %s, and '%s' says another period; take the "
		       "form of that period from the page and write its figures into it, or call "
		       "this one by its own period again",
		       line, period_format(period, written),
		       utf8_excerpt(text, strlen(text), shown));
}

static int check_period(const struct import *import, const struct csv_row *row, struct err *err)
{
	const struct import_config *config = import->config;
	const char *file = config->file;
	struct period period;
	if (!period_read(key_of(import, row, ROLE_PERIOD), CALENDAR_CIVIL, &period))
		return 0; /* told with the figure */
	for (const char *at = file; at && *at; at++)
		if (*at == '/' && at[1])
			file = at + 1;
	int rc = check_named(import, NULL, period, row->line, err);
	if (rc == 0 && config->sheets)
		rc = check_named(import, config->sheets[config->nth_sheet], period, row->line, err);
	return rc == 0 && file ? check_named(import, file, period, row->line, err) : rc;
}

int own_form_check(const struct import *import, const struct csv_row *row, struct err *err)
{
	int rc = check_office(import, row, err);
	return rc < 0 ? rc : check_period(import, row, err);
}

bool own_form_filled(struct import *import, const struct csv_row *row)
{
	int64_t now_e, was_e;
	struct err ignored; /* no number: told with the figure */
	const char *now = key_of(import, row, ROLE_VALUE), *was = key_of(import, row, ROLE_WAS);
	bool same =
		*was && (strcmp(now, was) == 0 ||
			 (decimal_parse(now, strlen(now), DECIMALS_MAX, &now_e, &ignored) == 0 &&
			  decimal_parse(was, strlen(was), DECIMALS_MAX, &was_e, &ignored) == 0 &&
			  now_e == was_e));
	import->untouched += same && !import->config->noting;
	return *now && !same;
}
