#include "common/model/dimensions.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/document.h"
#include "common/model/period.h"
#include "common/text/import_sheet.h"
#include "common/text/near_name.h"
#include "common/text/viet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_MAX 64u /* bytes of a code or a name: those of a label's value */

enum column { DIMENSION, CODE, LABEL_VI, LABEL_EN, VALID_FROM, VALID_TO, COLUMNS };
static const char *const columns[COLUMNS] = { "dimension", "code",       "label_vi",
					      "label_en",  "valid_from", "valid_to" };

struct code_name {
	char *key;   /* owned: viet_key() */
	size_t code; /* its place in the list */
	unsigned line;
};

/* --- rows --- */

static bool plain(const char *text, bool code)
{
	if (*text == '\0' || strlen(text) > LABEL_MAX)
		return false;
	for (; *text; text++) {
		bool digit = *text >= '0' && *text <= '9';
		bool small = *text >= 'a' && *text <= 'z', large = *text >= 'A' && *text <= 'Z';
		if (!small && !digit && *text != '_' && !(code && (large || strchr(".-", *text))))
			return false;
	}
	return true;
}

static void word_check(struct import_sheet *sheet, enum column column)
{
	char shown[EXCERPT_MAX];
	const char *text = import_sheet_field(sheet, column);
	if (plain(text, column == CODE))
		return;
	utf8_excerpt(text, strlen(text), shown);
	if (column == CODE)
		import_sheet_diagnose(sheet,
				      "code: '%s' is not valid; it must be 1 to %u of A-Z a-z 0-9 "
				      ". _ -, and its name goes into label_vi and label_en",
				      shown, LABEL_MAX);
	else
		import_sheet_diagnose(sheet,
				      "dimension: '%s' is not valid; write it as the catalogue's "
				      "column 'dimensions' does",
				      shown);
}

static void name_check(struct import_sheet *sheet, enum column column)
{
	char shown[EXCERPT_MAX];
	const char *text = import_sheet_field(sheet, column);
	size_t len = strlen(text);
	if (len <= LABEL_MAX && !strpbrk(text, ";=") && utf8_plain(text, len) == len)
		return;
	import_sheet_diagnose(sheet, "%s: '%s' is not valid; at most %u bytes without ';' and '='",
			      columns[column], utf8_excerpt(text, len, shown), LABEL_MAX);
}

static void day_read(struct import_sheet *sheet, enum column column, int32_t *day)
{
	struct err why = { 0 };
	const char *text = import_sheet_field(sheet, column);
	if (*text && day_parse(text, day, &why) < 0)
		import_sheet_diagnose(sheet, "%s: %s", columns[column], why.text);
}

static void code_free(struct code *code)
{
	free(code->code);
	free(code->label_vi);
	free(code->label_en);
}

static struct code_list *list_of(struct dimensions *dimensions, const char *name)
{
	for (size_t i = 0; i < dimensions->n; i++)
		if (strcmp(dimensions->lists[i].dimension, name) == 0)
			return &dimensions->lists[i];
	struct code_list *lists = array_room(dimensions->lists, dimensions->n, sizeof(*lists));
	if (!lists)
		return NULL;
	dimensions->lists = lists;
	char *dimension = strdup(name);
	if (!dimension)
		return NULL;
	lists[dimensions->n] = (struct code_list){ .dimension = dimension };
	return &lists[dimensions->n++];
}

/* @text means the list's newest code. */
static int name_add(struct code_list *list, const char *text, unsigned line, struct err *err)
{
	char key[VIET_KEY_MAX];
	struct code_name *names = array_room(list->names, list->n_names, sizeof(*names));
	if (!names)
		return err_memory(err);
	list->names = names;
	(void)viet_key(text, key); /* it fits: the text is short */
	names[list->n_names] = (struct code_name){ strdup(key), list->n - 1, line };
	return names[list->n_names].key ? (list->n_names++, 0) : err_memory(err);
}

static int code_add(struct code_list *list, const struct code *code, unsigned line, struct err *err)
{
	struct code *codes = array_room(list->codes, list->n, sizeof(*codes));
	if (!codes)
		return err_memory(err);
	list->codes = codes;
	struct code own = { .code = strdup(code->code),
			    .label_vi = strdup(code->label_vi),
			    .label_en = strdup(code->label_en),
			    .from = code->from,
			    .to = code->to };
	if (!own.code || !own.label_vi || !own.label_en) {
		code_free(&own);
		return err_memory(err);
	}
	codes[list->n++] = own;
	int rc = name_add(list, own.code, line, err);
	if (rc == 0)
		rc = name_add(list, own.label_vi, line, err);
	return rc == 0 ? name_add(list, own.label_en, line, err) : rc;
}

static const char *or_code(const char *label, const char *code)
{
	return *label ? label : code;
}

static int on_row(struct import_sheet *sheet, struct err *err)
{
	struct dimensions *dimensions = sheet->context;
	const char *code = import_sheet_field(sheet, CODE);
	struct code row = { .code = (char *)code, /* only read */
			    .label_vi = (char *)or_code(import_sheet_field(sheet, LABEL_VI), code),
			    .label_en = (char *)or_code(import_sheet_field(sheet, LABEL_EN), code),
			    .from = DAY_MIN,
			    .to = CODE_OPEN };
	size_t wrong = sheet->diagnostics.n, n_codes = 0;
	word_check(sheet, DIMENSION);
	word_check(sheet, CODE);
	name_check(sheet, LABEL_VI);
	name_check(sheet, LABEL_EN);
	day_read(sheet, VALID_FROM, &row.from);
	day_read(sheet, VALID_TO, &row.to);
	if (sheet->diagnostics.n == wrong && row.to <= row.from)
		import_sheet_diagnose(sheet, "valid_to must be after valid_from: it is the first "
					     "day on which the code may no longer be used");
	if (sheet->diagnostics.n > wrong)
		return 0;
	struct code_list *list = list_of(dimensions, import_sheet_field(sheet, DIMENSION));
	if (!list)
		return err_memory(err);
	for (size_t i = 0; i < dimensions->n; i++)
		n_codes += dimensions->lists[i].n;
	if (dimensions->n > DIMENSIONS_MAX || n_codes == CODES_MAX)
		return err_set(err, -EINVAL,
			       "line %u: there are more than %u codes or %u dimensions with a list",
			       sheet->row->line, CODES_MAX, DIMENSIONS_MAX);
	return code_add(list, &row, sheet->row->line, err);
}

/* --- the whole --- */

static int by_key(const void *a, const void *b)
{
	const struct code_name *x = a, *y = b;
	int order = strcmp(x->key, y->key);
	return order ? order : (x->code > y->code) - (x->code < y->code);
}

/* A text means one code alone, and a code has one row for each day. */
static void names_check(struct code_list *list, struct diagnostics *diagnostics)
{
	qsort(list->names, list->n_names, sizeof(*list->names), by_key);
	for (size_t i = 1; i < list->n_names; i++) {
		const struct code_name *a = &list->names[i - 1], *b = &list->names[i];
		const struct code *x = &list->codes[a->code], *y = &list->codes[b->code];
		if (a->code == b->code || strcmp(a->key, b->key) != 0)
			continue;
		if (strcmp(x->code, y->code) != 0)
			diagnostics_add(diagnostics, b->line,
					"'%s' and '%s' (line %u) can be written in the same way; "
					"give one of them another name",
					y->code, x->code, a->line);
		else if (x->from < y->to && y->from < x->to)
			diagnostics_add(diagnostics, b->line,
					"code: '%s' is in force on line %u at the same time; end "
					"one row before the other begins",
					y->code, a->line);
	}
}

static int read_all(struct dimensions *dimensions, const char *csv, size_t len, struct err *err)
{
	struct import_sheet sheet = {
		.columns = columns, .n_columns = COLUMNS, .on_row = on_row, .context = dimensions
	};
	int rc = import_sheet_read(&sheet, csv, len, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < dimensions->n; i++)
		names_check(&dimensions->lists[i], &sheet.diagnostics);
	rc = diagnostics_tell(&sheet.diagnostics, err);
	if (rc < 0)
		return rc;
	dimensions->csv_len = len;
	return document_keep(csv, len, &dimensions->csv, &dimensions->version, err);
}

int dimensions_read(const char *csv, size_t len, struct dimensions **ret_dimensions,
		    struct err *err)
{
	struct dimensions *dimensions = calloc(1, sizeof(*dimensions));
	if (!dimensions)
		return err_memory(err);
	int rc = read_all(dimensions, csv, len, err);
	if (rc < 0) {
		dimensions_close(dimensions);
		return rc;
	}
	*ret_dimensions = dimensions;
	return 0;
}

static void list_free(struct code_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		code_free(&list->codes[i]);
	for (size_t i = 0; i < list->n_names; i++)
		free(list->names[i].key);
	free(list->codes);
	free(list->names);
	free(list->dimension);
}

void dimensions_close(struct dimensions *dimensions)
{
	if (!dimensions)
		return;
	for (size_t i = 0; i < dimensions->n; i++)
		list_free(&dimensions->lists[i]);
	free(dimensions->lists);
	free(dimensions->csv);
	free(dimensions);
}

/* --- asked --- */

const struct code_list *dimensions_list(const struct dimensions *dimensions, const char *name,
					size_t len)
{
	for (size_t i = 0; dimensions && i < dimensions->n; i++) {
		const char *dimension = dimensions->lists[i].dimension;
		if (strlen(dimension) == len && memcmp(dimension, name, len) == 0)
			return &dimensions->lists[i];
	}
	return NULL;
}

static bool in_force(const struct code *code, int32_t day)
{
	return day == CODE_ANY_DAY || (code->from <= day && day < code->to);
}

static int compare_key(const void *key, const void *name)
{
	return strcmp(key, ((const struct code_name *)name)->key);
}

enum code_verdict code_list_find(const struct code_list *list, const char *text, int32_t day,
				 const struct code **ret_code)
{
	char key[VIET_KEY_MAX];
	const struct code_name *found = list->n_names > 0 && viet_key(text, key)
						? bsearch(key, list->names, list->n_names,
							  sizeof(*list->names), compare_key)
						: NULL;
	if (!found)
		return CODE_UNLISTED;
	while (found > list->names && strcmp(found[-1].key, key) == 0)
		found--;
	/* Of a code with several rows, any name means the one that is in force. */
	const struct code *named = &list->codes[found->code];
	*ret_code = named;
	for (size_t i = 0; i < list->n; i++)
		if (in_force(&list->codes[i], day) && strcmp(list->codes[i].code, named->code) == 0)
			*ret_code = &list->codes[i];
	return in_force(*ret_code, day) ? CODE_FOUND : CODE_NOT_IN_FORCE;
}

const struct code *code_list_near(const struct code_list *list, const char *text, int32_t day)
{
	const struct code *best = NULL;
	struct near_name near;
	near_name_begin(&near, text);
	for (size_t i = 0; i < list->n; i++) {
		const struct code *code = &list->codes[i];
		const char *names[] = { code->code, code->label_vi, code->label_en };
		for (size_t j = 0; j < 3 && in_force(code, day); j++)
			if (near_name_try(&near, names[j]))
				best = code;
	}
	return best;
}

/* --- labels --- */

/* Texts of a canonical label, which are at most so long. */
static void copy(char to[LABELS_TEXT_MAX], const char *text, size_t len)
{
	memcpy(to, text, len);
	to[len] = '\0';
}

/* The next label of a dimension that has a list, its value as a text. */
static const struct code_list *next_listed(const struct dimensions *dimensions, const char **labels,
					   char ret_text[LABELS_TEXT_MAX])
{
	const char *key, *value;
	size_t key_len, value_len;
	while (labels_next(labels, &key, &key_len, &value, &value_len)) {
		const struct code_list *list = dimensions_list(dimensions, key, key_len);
		if (!list)
			continue;
		copy(ret_text, value, value_len);
		return list;
	}
	return NULL;
}

bool code_is(const struct code *code, const char *text)
{
	char own[VIET_KEY_MAX], other[VIET_KEY_MAX];
	return viet_key(code->code, own) && viet_key(text, other) && strcmp(own, other) == 0;
}

bool dimensions_hold(const struct dimensions *dimensions, const char *labels, int32_t day)
{
	const struct code_list *list;
	const struct code *code;
	char text[LABELS_TEXT_MAX];
	while ((list = next_listed(dimensions, &labels, text)))
		if (code_list_find(list, text, day, &code) != CODE_FOUND || !code_is(code, text))
			return false;
	return true;
}

enum days_held dimensions_days(const struct dimensions *dimensions, const char *labels)
{
	const struct code_list *list;
	const struct code *code;
	enum days_held days = HELD_ALWAYS;
	char text[LABELS_TEXT_MAX];
	while ((list = next_listed(dimensions, &labels, text))) {
		if (code_list_find(list, text, CODE_ANY_DAY, &code) != CODE_FOUND ||
		    !code_is(code, text))
			return HELD_NEVER;
		if (code->from > DAY_MIN || code->to < CODE_OPEN)
			days = HELD_SOMETIMES;
	}
	return days;
}

const char *code_called(const struct code *code)
{
	return strcmp(language_tag(), "vi") == 0 ? code->label_vi : code->label_en;
}

/* The first of a list by their names, which may be written as well as the codes, for who wrote
 * nothing near: "Đất đai, Xây dựng, ...". */
static void names_write(const struct code_list *list, int32_t day, char *text, size_t room)
{
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < list->n; i++) {
		const char *name = code_called(&list->codes[i]);
		if (!in_force(&list->codes[i], day))
			continue;
		if (len + strlen(name) + 8 > room) {
			memcpy(text + len, "; ...", 6);
			return;
		}
		len += (size_t)snprintf(text + len, room - len, "%s%s", len > 0 ? "; " : "", name);
	}
}

static int refuse(const struct code_list *list, const char *text, int32_t day,
		  const struct code *ended, struct err *err)
{
	char shown[EXCERPT_MAX], first[DAY_TEXT_MAX], last[DAY_TEXT_MAX], names[192];
	const struct code *near = ended ? NULL : code_list_near(list, text, day);
	utf8_excerpt(text, strlen(text), shown);
	if (ended && day < ended->from)
		return err_set(err, -EINVAL,
			       "%s '%s' is in the province's list from %s on only; choose what it "
			       "was counted under before",
			       list->dimension, shown, day_format(ended->from, first));
	if (ended)
		return err_set(
			err, -EINVAL,
			"%s '%s' was in the province's list up to %s only; choose what it is "
			"counted under since",
			list->dimension, shown, day_format(ended->to - 1, last));
	if (near)
		return err_set(err, -EINVAL,
			       "%s '%s' is not in the province's list; did you mean '%s' (%s)?",
			       list->dimension, shown, near->code, code_called(near));
	names_write(list, day, names, sizeof(names));
	return err_set(err, -EINVAL, "%s '%s' is not in the province's list; choose one of it: %s",
		       list->dimension, shown, names);
}

/* One blank between words, none at the ends. Never longer than it was. */
static void blanks_mend(char *text)
{
	char *to = text;
	bool due = false;
	for (const char *from = text; *from; from++) {
		size_t blank = *from == ' ' ? 1 : strncmp(from, "\u00a0", 2) == 0 ? 2 : 0;
		if (blank > 0) {
			due = to > text;
			from += blank - 1;
			continue;
		}
		if (due)
			*to++ = ' ';
		due = false;
		*to++ = *from;
	}
	*to = '\0';
}

void dimensions_tell(const struct dimensions *dimensions, const char *labels, int32_t day,
		     struct err *err)
{
	const struct code_list *list;
	char text[LABELS_TEXT_MAX], shown[EXCERPT_MAX];
	while ((list = next_listed(dimensions, &labels, text))) {
		const struct code *code = NULL;
		if (code_list_find(list, text, day, &code) != CODE_FOUND) {
			(void)refuse(list, text, day, code, err);
			return;
		}
		if (code_is(code, text))
			continue;
		(void)err_set(err, -EINVAL,
			      "%s '%s' is a name, and the province takes the code, '%s': the "
			      "office's agent is of an older version; once it is upgraded, have "
			      "the figure handed in again",
			      list->dimension, utf8_excerpt(text, strlen(text), shown), code->code);
		return;
	}
}

int dimensions_resolve(const struct dimensions *dimensions, const char *labels, int32_t day,
		       char ret_labels[LABELS_TEXT_MAX], struct err *err)
{
	struct label list[LABELS_MAX];
	char texts[2 * LABELS_MAX][LABELS_TEXT_MAX];
	const char *key, *value;
	size_t key_len, value_len, n = 0;
	while (n < LABELS_MAX && labels_next(&labels, &key, &key_len, &value, &value_len)) {
		const struct code_list *codes = dimensions_list(dimensions, key, key_len);
		const struct code *code = NULL;
		char *own_key = texts[2 * n], *own_value = texts[2 * n + 1];
		copy(own_key, key, key_len);
		copy(own_value, value, value_len);
		list[n] = (struct label){ own_key, own_value };
		if (codes && code_list_find(codes, own_value, day, &code) != CODE_FOUND)
			return refuse(codes, own_value, day, code, err);
		if (codes) {
			list[n].value = code->code;
		} else {
			(void)viet_compose(own_value, own_value, LABELS_TEXT_MAX);
			blanks_mend(own_value);
		}
		n++;
	}
	return labels_canonical(list, n, ret_labels, err);
}

void labels_key(const char *labels, char ret_key[LABELS_KEY_MAX])
{
	const char *key, *value;
	size_t key_len, value_len, len = 0;
	ret_key[0] = '\0';
	while (labels_next(&labels, &key, &key_len, &value, &value_len)) {
		char text[LABELS_TEXT_MAX], folded[VIET_KEY_MAX];
		copy(text, value, value_len);
		if (!viet_key(text, folded)) /* does not happen: the text is short */
			copy(folded, value, value_len);
		/* A tone that stands by itself makes two bytes of one, so it fits. */
		len += (size_t)snprintf(ret_key + len, LABELS_KEY_MAX - len, "%.*s=%s;",
					(int)key_len, key, folded);
	}
}

/* --- what labels mean --- */

void label_mean(const struct dimensions *dimensions, const char *name, size_t name_len,
		const char *value, size_t value_len, struct meaning *ret)
{
	const struct code_list *list = dimensions_list(dimensions, name, name_len);
	char key[VIET_KEY_MAX];
	copy(ret->text, value, value_len);
	ret->code = NULL;
	if (list && code_list_find(list, ret->text, CODE_ANY_DAY, &ret->code) == CODE_FOUND)
		(void)snprintf(ret->text, sizeof(ret->text), "%s", ret->code->code);
	else if (viet_key(ret->text, key) && strlen(key) < sizeof(ret->text))
		memcpy(ret->text, key, strlen(key) + 1);
}

/* Does a label of that name mean what the asked one does? */
static bool one_means(const struct dimensions *dimensions, const char *labels, const char *name,
		      size_t name_len, const struct meaning *asked)
{
	const char *key, *value;
	size_t key_len, value_len;
	struct meaning found;
	while (labels_next(&labels, &key, &key_len, &value, &value_len)) {
		if (key_len != name_len || memcmp(key, name, name_len) != 0)
			continue;
		label_mean(dimensions, key, key_len, value, value_len, &found);
		return strcmp(found.text, asked->text) == 0;
	}
	return false;
}

bool labels_mean(const struct dimensions *dimensions, const char *labels, const char *filter)
{
	const char *key, *value;
	size_t key_len, value_len;
	struct meaning asked;
	while (labels_next(&filter, &key, &key_len, &value, &value_len)) {
		label_mean(dimensions, key, key_len, value, value_len, &asked);
		if (!one_means(dimensions, labels, key, key_len, &asked))
			return false;
	}
	return true;
}
