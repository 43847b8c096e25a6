#include "import/row_labels.h"

#include "common/text/viet.h"
#include "import/cell.h"
#include "import/row_kind.h"
#include "import/terms.h"

#include <errno.h>
#include <string.h>

/* "a=b;c=d" as people write it, in any order. */
static size_t split_labels(char *text, struct label labels[], size_t n, size_t most)
{
	char *rest;
	for (char *pair = strtok_r(text, ";", &rest); pair && n < most;
	     pair = strtok_r(NULL, ";", &rest)) {
		char *equals = strchr(pair, '=');
		if (equals)
			*equals = '\0';
		pair += strspn(pair, " ");
		labels[n++] = (struct label){ pair, equals ? equals + 1 : "" };
	}
	return n;
}

int row_labels_read(struct columns *columns, const struct csv_row *row,
		    struct row_labels *ret_labels, struct place *ret_cell, struct err *err)
{
	struct label labels[LABELS_MAX + 1];
	char written[LABELS_TEXT_MAX] = "";
	size_t n = 0;
	int rc = 0;
	*ret_cell = (struct place){ .line = row->line, .column = "", .value = "" };
	*ret_labels = (struct row_labels){ 0 };
	for (size_t i = 0; i < columns->n && n <= LABELS_MAX && rc == 0; i++) {
		struct column *column = &columns->list[i];
		enum role role = column->heading.role;
		size_t before = n;
		struct place cell = columns_place(columns, row, column);
		if (role == ROLE_DIMENSION && !*cell.value && column->filled &&
		    !column->heading.plain)
			ret_labels->merged = column;
		if ((role != ROLE_DIMENSION && role != ROLE_LABELS) || !*cell.value)
			continue;
		*ret_cell = cell;
		if (!ret_labels->column)
			ret_labels->column = column;
		column->filled = true;
		/* "-" and ".." would be the name of one more part. */
		if (role == ROLE_DIMENSION &&
		    (row_says_nothing(cell.value) || cell_is_dash(cell.value))) {
			rc = err_set(err, -EINVAL,
				     "'%s' does not name a %s; write its name, or empty the cell "
				     "of a figure that is not divided",
				     cell.value,
				     terms_shown(column->heading.dimension,
						 column->heading.dimension_vi));
		} else if (role == ROLE_DIMENSION) {
			labels[n++] = (struct label){ column->heading.dimension, cell.value };
		} else if (strlen(cell.value) >= sizeof(written)) {
			rc = err_set(err, -EINVAL, "labels: the text is too long");
		} else {
			memcpy(written, cell.value, strlen(cell.value) + 1);
			n = split_labels(written, labels, n, LABELS_MAX + 1);
		}
		if (rc == 0)
			rc = labels_canonical(labels + before, n - before, ret_labels->text, err);
	}
	if (rc == 0)
		rc = labels_canonical(labels, n, ret_labels->text, err);
	if (rc < 0)
		return rc;
	/* One series, however a letter is typed. It does not grow. */
	(void)viet_compose(ret_labels->text, ret_labels->text, LABELS_TEXT_MAX);
	return 0;
}
