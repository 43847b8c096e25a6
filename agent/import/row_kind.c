#include "import/row_kind.h"

#include "common/model/labels.h"
#include "common/model/period_words.h"
#include "common/text/numeral.h"
#include "common/text/viet.h"
#include "import/measure.h"
#include "import/whole.h"
#include "workbook/cells.h"

#include <string.h>

/* --- cells --- */

bool row_says_nothing(const char *cell)
{
	static const char *const marks[] = { "..", "...", "…", "n/a", "na" };
	char bare[VIET_KEY_MAX];
	if (!viet_bare(cell, bare))
		return false;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strcmp(bare, marks[i]) == 0)
			return true;
	return false;
}

static const char *cell_of(const struct csv_row *row, size_t i)
{
	return i < row->n ? row->fields[i] : "";
}

/* Who signs, when, remarks. */
static bool is_of_footer(const char *cell)
{
	static const char *const begins[] = { "nguoi lap",
					      "nguoi ky",
					      "nguoi bao cao",
					      "nguoi duyet",
					      "nguoi tong hop",
					      "nguoi kiem",
					      "thu truong",
					      "ke toan",
					      "chu tich",
					      "pho chu tich",
					      "giam doc",
					      "pho giam doc",
					      "truong phong",
					      "pho truong",
					      "truong ban",
					      "lanh dao",
					      "can bo",
					      "cong chuc",
					      "ky ten",
					      "(ky",
					      "ky, ",
					      "ky va ghi",
					      "ho ten",
					      "ho va ten",
					      "(ho",
					      "dong dau",
					      "xac nhan",
					      "noi nhan",
					      "- nhu tren",
					      "luu:",
					      "- luu",
					      "tm.",
					      "tm ",
					      "kt.",
					      "tl.",
					      "tuq.",
					      "t/m",
					      "ghi chu:",
					      "nguon:",
					      "nguon so lieu",
					      "nguoi phu",
					      "lap bieu",
					      "lap bang",
					      "don vi bao cao",
					      "prepared by",
					      "approved by",
					      "signed",
					      "signature",
					      "director",
					      "chairman",
					      "source:",
					      "note:",
					      "remarks:" };
	char bare[VIET_KEY_MAX];
	if (!viet_bare(cell, bare))
		return false;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(bare, begins[i], strlen(begins[i])) == 0)
			return true;
	const char *day = strstr(bare, "ngay ");
	return day && strstr(day, "thang ") && strstr(day, "nam");
}

/* --- numbers of columns --- */

/* "(3)", "[3]", "3", "(3)=(1)+(2)": 3. "A", "(b)": its letter. 0 for others. */
static int column_number(const char *cell, bool *ret_marked)
{
	const char *at = cell + strspn(cell, "([ ");
	size_t digits = strspn(at, "0123456789");
	*ret_marked |= at != cell;
	if (digits > 2 || (digits == 0 && at[1] && !strchr(")] ", at[1])))
		return 0;
	int number = 0;
	for (size_t i = 0; i < digits; i++)
		number = number * 10 + (at[i] - '0');
	if (digits == 0 && *at >= 'A' && *at <= 'Z')
		number = *at;
	else if (digits == 0 && *at >= 'a' && *at <= 'z')
		number = *at;
	const char *rest = at + (digits > 0 ? digits : 1);
	if (!number || (*rest && !strchr(")]= ", *rest)))
		return 0;
	return number;
}

/* Letters from A, then numbers from 1, in every cell that is not empty; two at least. */
static bool is_numbered(const struct csv_row *row, bool *ret_marked)
{
	int last = 0;
	size_t n = 0;
	*ret_marked = false;
	for (size_t i = 0; i < row->n; i++) {
		if (!*row->fields[i])
			continue;
		int number = column_number(row->fields[i], ret_marked);
		bool letter = number >= 'A';
		*ret_marked |= letter;
		if (number == 0 || (n == 0 && number != 1 && number != 'A' && number != 'a') ||
		    (n > 0 && number != last + 1 && !(number == 1 && last >= 'A')) ||
		    (letter && n > 0 && last < 'A'))
			return false;
		last = number;
		n++;
	}
	return n >= 2;
}

/* --- lines --- */

struct look {                  /* at a line */
	bool value, number;    /* under a column of figures: something, a number */
	bool period, metric;   /* a text there is one */
	bool no_metric, total; /* the metric's cell is empty; something is called a total */
	bool footer;
	bool whole; /* where the name of a part belongs, the whole is named */
	bool stray; /* a number stands under no heading */
};

/* "sector=Tổng" */
static bool labels_name_whole(const char *labels)
{
	for (const char *at = strchr(labels, '='); at; at = strchr(at, '=')) {
		char value[LABELS_TEXT_MAX];
		size_t len = strcspn(++at, ";");
		if (len >= sizeof(value))
			return false;
		memcpy(value, at, len);
		value[len] = '\0';
		if (whole_is_named(value))
			return true;
	}
	return false;
}

static struct look look_at(const struct headings *headings, const struct columns *columns,
			   const struct csv_row *row)
{
	struct look look = { .no_metric = true };
	for (size_t i = 0; i < row->n; i++) {
		enum role role = i < columns->n ? columns->list[i].heading.role : ROLE_NONE;
		const char *cell = row->fields[i];
		if (!*cell)
			continue;
		bool number = numeral_look(cell) != NUMERAL_NONE;
		look.stray |= role == ROLE_NONE && number;
		look.footer |= !number && is_of_footer(cell);
		if (role_is_figure(role)) {
			look.value |= number || !row_says_nothing(cell);
			look.number |= number;
			continue;
		}
		look.total |= whole_is_total(cell);
		look.whole |= (role == ROLE_DIMENSION && whole_is_named(cell)) ||
			      (role == ROLE_LABELS && labels_name_whole(cell));
		if (role == ROLE_PERIOD)
			look.period |= period_words_known(cell) || (columns->list[i].heading.part &&
								    strpbrk(cell, "0123456789"));
		if (role == ROLE_METRIC) {
			look.metric |= headings_find(headings, cell).metric != NULL;
			look.no_metric = false;
		}
	}
	return look;
}

/* Has a figure cell digits that are no signature's? */
static bool tries_figure(const struct columns *columns, const struct csv_row *row)
{
	for (size_t i = 0; i < columns->n; i++) {
		const char *cell = cell_of(row, i);
		if (role_is_figure(columns->list[i].heading.role) && strpbrk(cell, "0123456789") &&
		    !is_of_footer(cell))
			return true;
	}
	return false;
}

/* Does a unit of measure stand in each cell of a figure that is not empty? */
static bool is_of_units(const struct terms *terms, const struct columns *columns,
			const struct csv_row *row)
{
	size_t n = 0;
	for (size_t i = 0; i < columns->n; i++) {
		const struct heading *heading = &columns->list[i].heading;
		const char *cell = cell_of(row, i);
		if (!*cell || !role_is_figure(heading->role))
			continue;
		if (numeral_look(cell) != NUMERAL_NONE ||
		    (!measure_is_known(terms, cell) &&
		     !(heading->metric && measure_fits(heading->metric, cell))))
			return false;
		n++;
	}
	return n > 0;
}

static bool is_name(const char *cell)
{
	char bare[VIET_KEY_MAX];
	return viet_bare(cell, bare) && !row_says_nothing(cell) &&
	       (strpbrk(bare, "abcdefghijklmnopqrstuvwxyz") ||
		(strlen(cell) == 4 &&
		 (strncmp(cell, "19", 2) == 0 || strncmp(cell, "20", 2) == 0)));
}

/* Names alone where figures stand, and nothing where a line says what it is of: as merged cells
 * above several columns leave it. */
static bool is_header(const struct columns *columns, const struct csv_row *row)
{
	size_t n = 0, others = 0;
	for (size_t i = 0; i < columns->n || i < row->n; i++) {
		enum role role = i < columns->n ? columns->list[i].heading.role : ROLE_NONE;
		bool figure = role == ROLE_NONE || role_is_figure(role);
		const char *cell = cell_of(row, i);
		if (*cell && (!figure || !is_name(cell)))
			return false;
		n += *cell != '\0';
		others += !figure;
	}
	return n > 0 && others > 0;
}

/* Does each cell that is not empty say its column's name, and are there two, or all of them? */
static bool is_again(const struct columns *columns, const struct csv_row *row)
{
	size_t n = 0;
	for (size_t i = 0; i < row->n; i++) {
		if (*row->fields[i] &&
		    (i >= columns->n || strcmp(row->fields[i], columns->list[i].name) != 0))
			return false;
		n += *row->fields[i] != '\0';
	}
	return n >= 2 || n == columns->n;
}

/* Names of columns alone, and one of them where a figure stands. What a workbook has there as a
 * date or as the rest of a merged cell is a figure gone wrong, no name. */
static bool is_other_header(const struct headings *headings, const struct columns *columns,
			    const struct csv_row *row)
{
	size_t n = 0, over = 0;
	for (size_t i = 0; i < columns->n; i++)
		over += role_is_figure(columns->list[i].heading.role) && *cell_of(row, i) &&
			(!row->kinds || i >= row->n || row->kinds[i] == CELL_TEXT) &&
			numeral_look(cell_of(row, i)) == NUMERAL_NONE;
	for (size_t i = 0; i < row->n && over > 0; i++) {
		if (!*row->fields[i])
			continue;
		if (headings_find(headings, row->fields[i]).role == ROLE_NONE)
			return false;
		n++;
	}
	return n >= 2;
}

/* Text alone, where figures might stand. */
static enum row_kind kind_of_text(const struct columns *columns, const struct look *look,
				  struct row_place *place)
{
	bool names_nothing = columns->form == FORM_WIDE ? !look->period : !look->metric;
	if (!names_nothing || (look->period && !look->footer))
		return ROW_FIGURES;
	bool nowhere = columns->form != FORM_WIDE && look->no_metric && !look->period;
	if (!look->footer && !place->footer && !nowhere)
		return ROW_FIGURES;
	place->footer = true;
	return ROW_FOOTER;
}

/* Nothing stands where figures stand. */
static enum row_kind kind_of_empty(const struct columns *columns, const struct look *look,
				   struct row_place *place)
{
	if (look->stray)
		return ROW_FIGURES;
	if (look->metric)
		return columns->form == FORM_LONG ? ROW_FIGURES : ROW_EMPTY;
	if (look->period && columns->form == FORM_WIDE)
		return ROW_EMPTY;
	if (look->period && columns->form == FORM_LONG && !look->no_metric)
		return ROW_FIGURES;
	place->footer |= look->footer;
	return place->footer ? ROW_FOOTER : ROW_SECTION;
}

enum row_kind row_kind_of(const struct headings *headings, const struct columns *columns,
			  const struct csv_row *row, struct row_place *place)
{
	bool marked;
	if (csv_row_filled(row) == 0)
		return ROW_EMPTY;
	if (is_again(columns, row))
		return ROW_AGAIN;
	if (place->rows > 0 && is_other_header(headings, columns, row))
		return ROW_OTHER;
	struct look look = look_at(headings, columns, row);
	if (place->rows++ < 2 && is_numbered(row, &marked)) {
		/* A period has a year, a metric a name: of numbers this short, only a table that
		 * has neither column can be full. */
		bool figures = columns->form == FORM_WIDE ? !columns->dated : look.metric;
		if (marked || !figures)
			return ROW_NUMBERS;
		return ROW_COUNTED;
	}
	if (place->rows <= 3 && !look.period && !look.metric &&
	    is_of_units(headings_terms(headings), columns, row))
		return ROW_UNITS;
	if (place->rows == 1 && is_header(columns, row))
		return ROW_HEADER;
	if (look.whole || (look.total && !look.metric))
		return look.value ? ROW_TOTAL : ROW_SECTION;
	if (!look.value)
		return kind_of_empty(columns, &look, place);
	if (!look.number && !tries_figure(columns, row))
		return kind_of_text(columns, &look, place);
	return ROW_FIGURES;
}
