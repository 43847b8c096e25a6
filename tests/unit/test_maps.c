#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry/lineage.h"
#include "registry/map_export.h"
#include "registry/map_import.h"
#include "registry/map_view.h"
#include "registry/maps.h"
#include "registry/successors.h"
#include "registry/units_import.h"
#include "support/province.h"

#include <errno.h>

#define DATA SOURCE_DIR "/aggregator/data/tien-giang/"

static int32_t day(const char *text)
{
	int32_t number = 0;

	assert_int_equal(day_parse(text, &number, &(struct err){ 0 }), 0);
	return number;
}

static void import_file(struct province *p,
			int (*import)(sqlite3 *db, const char *csv, size_t len, size_t *ret_changed,
				      struct err *err),
			const char *path)
{
	size_t len = 0, changed = 0;
	char *csv = file_text(path, &len);

	assert_non_null(csv);
	assert_int_equal(import(p->db, csv, len, &changed, &p->err), 0);
	free(csv);
}

static struct units *real_units(struct province *p)
{
	struct units *units = NULL;

	import_file(p, units_import, DATA "units.csv");
	import_file(p, successors_import, DATA "successors.csv");
	assert_int_equal(units_load(p->db, &units, &p->err), 0);
	return units;
}

/* The real grid, kept. */
static void real_grid(struct province *p, const struct units *units)
{
	struct map_day of = { .units = units, .day = MAP_DAY_LATEST };
	char missing[MAP_WARNING_MAX];
	struct map map = { 0 };
	bool changed = false;
	size_t len = 0;
	char *csv = file_text(DATA "tilegrid.csv", &len);

	assert_non_null(csv);
	assert_int_equal(map_tiles_read(csv, len, &of, &map, &p->err), 0);
	free(csv);
	assert_int_equal(map.n, 102);
	assert_int_equal(map.width, 18);
	assert_int_equal(map.height, 10);
	assert_int_equal(map.valid_from, day("2025-07-01"));
	map_missing(&of, &map, missing);
	assert_string_equal(missing, "");
	assert_int_equal(map_put(p->db, &map, &changed, &p->err), 0);
	assert_true(changed);
	assert_int_equal(map_put(p->db, &map, &changed, &p->err), 0);
	assert_false(changed);
	map_free(&map);
}

static struct table *view(struct province *p, const struct units *units, const char *on)
{
	struct table *table = NULL;

	assert_int_equal(map_view(p->db, units, day(on), MAP_KINDS_BOTH, &table, &p->err), 0);
	return table;
}

static const char *cell(const struct table *table, size_t row, const char *column)
{
	return table_cell_of(table, row, column);
}

/* --- what is drawn --- */

static void each_unit_of_its_own_structure_has_a_tile_of_its_own(void **state)
{
	struct province *p = *state;
	struct units *units = real_units(p);

	real_grid(p, units);
	struct table *table = view(p, units, "2025-12-31");
	assert_string_equal(table_head_value(table, "map", "kind"), "tiles");
	assert_string_equal(table_head_value(table, "map", "valid_from"), "2025-07-01");
	assert_string_equal(table_head_value(table, "map", "level"), "commune");
	assert_int_equal(table_rows(table), 102);
	for (size_t i = 0; i < table_rows(table); i++) {
		assert_string_equal(cell(table, i, "area"), cell(table, i, "cell"));
		assert_string_equal(cell(table, i, "parts"), "1");
		assert_null(cell(table, i, "outline"));
	}
	table_close(table);
	units_close(units);
}

/* The law of an older structure: every unit of that day stands in the tiles of just those that
 * lineage.h says it became, and the parts of a tile are numbered without a gap. */
static void an_older_structure_divides_the_tiles_of_its_successors(void **state)
{
	struct province *p = *state;
	struct units *units = real_units(p);
	size_t stood = 0, expected = 0;

	real_grid(p, units);
	struct table *table = view(p, units, "2025-06-30");
	for (size_t i = 0, part = 0; i < table_rows(table); i++) {
		const struct unit *unit =
			units_find(units, cell(table, i, "area"), day("2025-06-30"));
		struct lineage to =
			lineage_trace(units, unit, day("2025-06-30"), day("2025-07-01"));
		bool found = false;

		for (size_t k = 0; k < to.n; k++)
			found = found || strcmp(to.units[k]->code, cell(table, i, "cell")) == 0;
		assert_true(found);
		part = i > 0 && strcmp(cell(table, i, "cell"), cell(table, i - 1, "cell")) == 0
			       ? part + 1
			       : 1;
		assert_int_equal(atoi(cell(table, i, "part")), part);
		assert_true(part <= (size_t)atoi(cell(table, i, "parts")));
		stood++;
	}
	for (size_t i = 0; i < units->n; i++) {
		const struct unit *unit = &units->list[i];

		if (strcmp(unit->level, "commune") == 0 &&
		    units_find(units, unit->code, day("2025-06-30")) == unit)
			expected +=
				lineage_trace(units, unit, day("2025-06-30"), day("2025-07-01")).n;
	}
	assert_int_equal(stood, expected);
	assert_true(stood > 300);
	table_close(table);
	units_close(units);
}

#define HEADER "code,name,level,parent,valid_from,valid_to\n"

/* A and B become C; D is divided into E and F; G ends, and nothing says in what. */
static struct units *few_units(struct province *p)
{
	static const char csv[] = HEADER "P,Province,province,,2020-01-01,\n"
					 "A,Ấp A,commune,P,2020-01-01,2025-01-01\n"
					 "B,Ấp B,commune,P,2020-01-01,2025-01-01\n"
					 "D,Ấp D,commune,P,2020-01-01,2025-01-01\n"
					 "G,Ấp G,commune,P,2020-01-01,2025-01-01\n"
					 "C,Xã Cái Bè,commune,P,2025-01-01,\n"
					 "E,Xã E,commune,P,2025-01-01,\n"
					 "F,Xã F,commune,P,2025-01-01,\n"
					 "N,Xã N,commune,P,2025-01-01,\n"
					 "R,Quận,district,P,2020-01-01,\n";
	static const char parts[] = "effective_on,old_code,new_code,share\n"
				    "2025-01-01,A,C,1\n2025-01-01,B,C,1\n"
				    "2025-01-01,D,E,\n2025-01-01,D,F,\n";
	struct units *units = NULL;
	size_t changed = 0;

	assert_int_equal(units_import(p->db, csv, sizeof(csv) - 1, &changed, &p->err), 0);
	assert_int_equal(successors_import(p->db, parts, sizeof(parts) - 1, &changed, &p->err), 0);
	assert_int_equal(units_load(p->db, &units, &p->err), 0);
	return units;
}

static int tiles(struct province *p, const struct units *units, const char *on, const char *csv,
		 char warning[MAP_WARNING_MAX])
{
	struct map_day of = { .units = units, .day = on ? day(on) : MAP_DAY_LATEST };
	struct map map = { 0 };
	bool changed = false;
	int rc;

	p->err = (struct err){ 0 };
	rc = map_tiles_read(csv, strlen(csv), &of, &map, &p->err);
	if (rc == 0) {
		rc = map_put(p->db, &map, &changed, &p->err);
		map_missing(&of, &map, warning);
	}
	map_free(&map);
	return rc;
}

static void rows_are(const struct table *table, const char *const want[], size_t n)
{
	char row[128];

	assert_int_equal(table_rows(table), n);
	for (size_t i = 0; i < n; i++) {
		const char *area = cell(table, i, "area"), *place = cell(table, i, "cell");
		const char *part = cell(table, i, "part"), *parts = cell(table, i, "parts");

		(void)snprintf(row, sizeof(row), "%s in %s %s/%s", area ? area : "-",
			       place ? place : "-", part ? part : "-", parts ? parts : "-");
		assert_string_equal(row, want[i]);
	}
}

static void nothing_is_left_out_whatever_became_of_it(void **state)
{
	static const char *const old[] = { "D in F 1/1", "D in E 1/1", "A in C 1/2",
					   "B in C 2/2", "- in N 1/1", "G in - -/-" };
	static const char *const new[] = { "F in F 1/1", "E in E 1/1", "C in C 1/1", "N in N 1/1" };
	struct province *p = *state;
	struct units *units = few_units(p);
	char warning[MAP_WARNING_MAX];

	assert_int_equal(
		tiles(p, units, NULL, "code,col,row\nC,0,1\nE,1,0\nF,0,0\nN,3,3\n", warning), 0);
	assert_string_equal(warning, "");
	struct table *table = view(p, units, "2025-01-01");
	rows_are(table, new, 4);
	table_close(table);
	table = view(p, units, "2024-12-31");
	rows_are(table, old, 6);
	table_close(table);
	units_close(units);
}

/* There is no newer map yet: the reform is shown on the old one. */
static void a_later_structure_is_shown_on_the_map_before_it(void **state)
{
	static const char *const want[] = { "C in A 1/1", "C in B 1/1", "E in D 1/2", "F in D 2/2",
					    "N in - -/-" };
	struct province *p = *state;
	struct units *units = few_units(p);
	char warning[MAP_WARNING_MAX];

	assert_int_equal(
		tiles(p, units, "2024-06-01", "code,col,row\nA,0,0\nB,1,0\nD,2,0\n", warning), 0);
	assert_string_equal(warning, "units without a place on this map: 1 (G (Ấp G))");
	struct table *table = view(p, units, "2025-06-01");
	assert_string_equal(table_head_value(table, "map", "valid_from"), "2020-01-01");
	rows_are(table, want, 5);
	table_close(table);
	units_close(units);
}

/* --- there and back --- */

static void same_map(const struct map *left, const struct map *right)
{
	assert_int_equal(left->kind, right->kind);
	assert_int_equal(left->valid_from, right->valid_from);
	assert_string_equal(left->level, right->level);
	assert_int_equal(left->width, right->width);
	assert_int_equal(left->height, right->height);
	assert_string_equal(left->frame, right->frame);
	assert_int_equal(left->n, right->n);
	for (size_t i = 0; i < left->n; i++) {
		assert_string_equal(left->cells[i].code, right->cells[i].code);
		assert_string_equal(left->cells[i].place, right->cells[i].place);
	}
}

/* Export, and import under the borders of its day: what is kept is the same. */
static void exported_and_back(struct province *p, const struct units *units, enum map_kind kind,
			      int32_t from)
{
	struct map_day of = { .units = units, .day = from };
	struct map map = { 0 }, again = { 0 };
	struct blob file = { 0 };
	bool changed = true;

	assert_int_equal(map_of(p->db, from, kind, &map, &p->err), 0);
	assert_int_equal(map_export(&map, units, &file, &p->err), 0);
	int rc =
		kind == MAP_TILES
			? map_tiles_read((const char *)file.data, file.len, &of, &again, &p->err)
			: map_borders_read((const char *)file.data, file.len, &of, &again, &p->err);
	if (rc < 0)
		fail_msg("%s", p->err.text);
	same_map(&map, &again);
	assert_int_equal(map_put(p->db, &again, &changed, &p->err), 0);
	assert_false(changed);
	blob_free(&file);
	map_free(&map);
	map_free(&again);
}

#define SQUARE(code, x)                                                                            \
	"{\"type\":\"Feature\",\"id\":\"" code                                                     \
	"\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[" x ",10.0],[" x "9,10.01],[" x  \
	"9,10.4],[" x ",10.3],[" x ",10.0]]]}}"

static void what_is_exported_is_imported_as_the_same_map(void **state)
{
	static const char squares[] = "{\"type\":\"FeatureCollection\",\"features\":[" SQUARE(
		"E", "106.1") "," SQUARE("C", "106.2") "]}";
	struct province *p = *state;
	struct units *units = few_units(p);
	char warning[MAP_WARNING_MAX];
	struct map map = { 0 };
	bool changed = false;

	/* of a day whose units are no more, with holes in the grid and beside it */
	assert_int_equal(tiles(p, units, "2024-06-01",
			       "code,col,row\nA,63,2\nB,1,0\nG,7,63\nD,2,5\n", warning),
			 0);
	exported_and_back(p, units, MAP_TILES, day("2020-01-01"));
	struct map_day of = { .units = units, .day = MAP_DAY_LATEST };
	assert_int_equal(map_borders_read(squares, strlen(squares), &of, &map, &p->err), 0);
	assert_int_equal(map_put(p->db, &map, &changed, &p->err), 0);
	map_free(&map);
	exported_and_back(p, units, MAP_BORDERS, day("2025-01-01"));
	assert_int_equal(map_of(p->db, day("2025-01-01"), MAP_TILES, &map, &p->err), -ENOENT);
	units_close(units);
}

/* --- which map --- */

static void put(struct province *p, enum map_kind kind, const char *from)
{
	struct map map = { .kind = kind,
			   .valid_from = day(from),
			   .level = strdup("commune"),
			   .frame = strdup(""),
			   .width = 4,
			   .height = 4 };
	const char *cells = kind == MAP_TILES ? "C 0 0\n" : "C M0 0l4 0 0 4z\n";
	bool changed = false;

	assert_int_equal(map_cells_read(&map, cells, strlen(cells), &p->err), 0);
	assert_int_equal(map_put(p->db, &map, &changed, &p->err), 0);
	map_free(&map);
}

static void map_is(struct province *p, const char *on, int kind, const char *from,
		   enum map_kind want)
{
	struct map map = { 0 };

	assert_int_equal(map_find(p->db, day(on), kind, &map, &p->err), 1);
	assert_int_equal(map.valid_from, day(from));
	assert_int_equal(map.kind, want);
	map_free(&map);
}

static void the_latest_map_of_then_or_before_is_taken(void **state)
{
	struct province *p = *state;
	struct map map = { 0 };

	assert_int_equal(map_find(p->db, day("2025-01-01"), MAP_KINDS_BOTH, &map, &p->err), 0);
	put(p, MAP_TILES, "2020-01-01");
	put(p, MAP_BORDERS, "2020-01-01");
	put(p, MAP_TILES, "2025-07-01");
	map_is(p, "2024-01-01", MAP_KINDS_BOTH, "2020-01-01", MAP_BORDERS);
	map_is(p, "2024-01-01", MAP_TILES, "2020-01-01", MAP_TILES);
	map_is(p, "2025-07-01", MAP_KINDS_BOTH, "2025-07-01", MAP_TILES);
	map_is(p, "2025-07-01", MAP_BORDERS, "2020-01-01", MAP_BORDERS);
	map_is(p, "2019-01-01", MAP_KINDS_BOTH, "2020-01-01", MAP_TILES);
	map_is(p, "2019-01-01", MAP_BORDERS, "2020-01-01", MAP_BORDERS);
	assert_int_equal(map_remove(p->db, day("2020-01-01"), MAP_TILES, &p->err), 0);
	map_is(p, "2019-01-01", MAP_KINDS_BOTH, "2020-01-01", MAP_BORDERS);
	assert_int_equal(map_remove(p->db, day("2020-01-01"), MAP_TILES, &p->err), -ENOENT);
}

static void what_a_disk_damaged_is_told(void **state)
{
	static const char *const cells[] = { "",
					     "C",
					     "C 4 0",
					     "C 0 4",
					     "C 0",
					     "C 0 0 ",
					     "C 0 0\nC 1 1",
					     "C!x 0 0",
					     "C 0x1 0",
					     "C 99999999999999999999 0" };
	struct province *p = *state;

	put(p, MAP_TILES, "2020-01-01");
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		struct map map = { 0 };
		struct table *table = NULL;
		char sql[256];

		(void)snprintf(sql, sizeof(sql), "UPDATE map SET cells = '%s'", cells[i]);
		assert_int_equal(db_exec(p->db, sql, &p->err), 0);
		assert_int_equal(map_find(p->db, 0, MAP_KINDS_BOTH, &map, &p->err), -EUCLEAN);
		assert_int_equal(maps_list(p->db, &table, &p->err), -EUCLEAN);
	}
}

/* --- what is refused --- */

static void refused(struct province *p, const struct units *units, const char *on, const char *csv,
		    const char *why)
{
	char warning[MAP_WARNING_MAX];

	assert_int_equal(tiles(p, units, on, csv, warning), -EINVAL);
	assert_string_equal(p->err.text, why);
}

static void a_grid_that_cannot_be_is_refused_with_what_to_mend(void **state)
{
	struct province *p = *state;
	struct units *units = few_units(p);

	refused(p, units, NULL, "code,col,row\n", "there is no tile in it");
	refused(p, units, NULL, "code,col,row\nC,0,0\nC,1,1\n",
		"line 3: 'C' has a tile already, in line 2");
	refused(p, units, NULL, "code,col,row\nC,0,0\nE,0,0\n",
		"line 3: there is a tile already at column 0, row 0");
	refused(p, units, NULL, "code,col,row\nC,-1,64\n",
		"line 2: col: '-1' is not valid; it must be a number from 0 to 63\n"
		"line 2: row: '64' is not valid; it must be a number from 0 to 63");
	refused(p, units, NULL, "code,col,row\nX,0,0\nCai Be,1,0\n",
		"line 3: code: 'Cai Be' is not valid; it must be 1 to 32 of A-Z a-z 0-9 . _ -");
	refused(p, units, NULL, "code,col,row\nXaCaiBe,1,0\n",
		"no unit has the code 'XaCaiBe'; 'C' (Xã Cái Bè) may be meant");
	refused(p, units, NULL, "code,col,row\nABCDEFGHIJ,1,0\n",
		"no unit has the code 'ABCDEFGHIJ'");
	refused(p, units, "2025-06-01", "code,col,row\nC,1,0\nA,2,0\n",
		"unit 'A' is not in force on 2025-06-01");
	refused(p, units, NULL, "code,col,row\nC,1,0\nA,2,0\n",
		"unit 'A' is not in force on 2025-01-01, when another of them begins");
	refused(p, units, NULL, "code,col,row\nC,1,0\nR,2,0\n",
		"'R' is of level district, and those before of level commune");
	units_close(units);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, province_setup, province_teardown)
		TEST(each_unit_of_its_own_structure_has_a_tile_of_its_own),
		TEST(an_older_structure_divides_the_tiles_of_its_successors),
		TEST(nothing_is_left_out_whatever_became_of_it),
		TEST(a_later_structure_is_shown_on_the_map_before_it),
		TEST(what_is_exported_is_imported_as_the_same_map),
		TEST(the_latest_map_of_then_or_before_is_taken),
		TEST(what_a_disk_damaged_is_told),
		TEST(a_grid_that_cannot_be_is_refused_with_what_to_mend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
