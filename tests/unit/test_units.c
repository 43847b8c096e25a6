#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry/reference.h"
#include "registry/successors.h"
#include "registry/units.h"
#include "registry/units_import.h"
#include "support/fault.h"
#include "support/province.h"
#include "support/seeds.h"

#include <errno.h>

#define DATA   SOURCE_DIR "/aggregator/data/tien-giang/"
#define HEADER "code,name,level,parent,valid_from,valid_to\n"
#define PARTS  "effective_on,old_code,new_code,share\n"

typedef int importer(sqlite3 *db, const char *csv, size_t len, size_t *ret_changed,
		     struct err *err);

static int32_t day(const char *text)
{
	int32_t number = 0;
	assert_int_equal(day_parse(text, &number, &(struct err){ 0 }), 0);
	return number;
}

static int import_text(struct province *p, importer *import, const char *csv, size_t *ret_changed)
{
	p->err = (struct err){ 0 };
	assert_int_equal(db_begin(p->db, &p->err), 0);
	return province_end(p, import(p->db, csv, strlen(csv), ret_changed, &p->err));
}

static void import_file(struct province *p, importer *import, const char *path, size_t want)
{
	size_t len = 0, changed = 0;
	char *csv = file_text(path, &len);
	assert_non_null(csv);
	int rc = import_text(p, import, csv, &changed);
	free(csv);
	assert_string_equal(p->err.text, "");
	assert_int_equal(rc, 0);
	assert_int_equal(changed, want);
}

static struct units *real_units(struct province *p)
{
	struct units *units = NULL;
	import_file(p, units_import, DATA "units.csv", 456);
	import_file(p, successors_import, DATA "successors.csv", 333);
	assert_int_equal(units_load(p->db, &units, &p->err), 0);
	return units;
}

static int64_t version(struct province *p)
{
	struct reference *reference = NULL;
	assert_int_equal(reference_load(p->db, &reference, &p->err), 0);
	int64_t number = reference->version;
	reference_close(reference);
	return number;
}

/* --- the real files --- */

static unsigned count(const struct units *units, const char *level, const char *root,
		      const char *on)
{
	unsigned n = 0;
	for (size_t i = 0; i < units->n; i++) {
		const struct unit *unit = &units->list[i];
		if (strcmp(unit->level, level) != 0 ||
		    units_find(units, unit->code, day(on)) != unit)
			continue;
		const struct unit *province = units_at_level(units, unit, "province", day(on));
		n += province && strcmp(province->code, root) == 0;
	}
	return n;
}

static void structures_have_the_published_counts(void **state)
{
	struct units *units = real_units(*state);
	static const struct {
		const char *on;
		unsigned communes, districts;
	} published[] = { { "2020-01-15", 173, 11 }, { "2020-06-01", 172, 11 },
			  { "2024-06-01", 170, 11 }, { "2024-12-01", 164, 11 },
			  { "2025-06-30", 164, 11 }, { "2025-07-01", 102, 0 } };
	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
		assert_int_equal(count(units, "commune", "82", published[i].on),
				 published[i].communes);
		assert_int_equal(count(units, "district", "82", published[i].on),
				 published[i].districts);
	}
	units_close(units);
}

static void a_code_is_another_unit_on_another_day(void **state)
{
	struct units *units = real_units(*state);
	const struct unit *before = units_find(units, "28300", day("2024-04-30"));
	const struct unit *after = units_find(units, "28300", day("2024-05-01"));
	assert_string_equal(before->name, "Phường 4");
	assert_string_equal(after->name, "Phường 1");
	assert_true(before->id != after->id);
	assert_ptr_equal(units_by_id(units, before->id), before);
	assert_ptr_equal(units_by_id(units, after->id), after);
	assert_null(units_by_id(units, 0));
	assert_string_equal(units_find(units, "82", day("2025-06-30"))->name, "Tỉnh Tiền Giang");
	assert_string_equal(units_find(units, "82", day("2025-07-01"))->name, "Tỉnh Đồng Tháp");
	assert_null(units_find(units, "82", day("2019-12-31")));
	assert_null(units_find(units, "815", day("2025-07-01")));
	assert_null(units_find(units, "", day("2025-07-01")));
	assert_null(units_find(units, "zz", day("2025-07-01")));
	units_close(units);
}

static void the_district_tier_ends(void **state)
{
	struct units *units = real_units(*state);
	int32_t last = day("2025-06-30"), first = day("2025-07-01");
	const struct unit *old = units_find(units, "28261", last);
	const struct unit *new = units_find(units, "28261", first);
	assert_string_equal(units_at_level(units, old, "district", last)->code, "815");
	assert_string_equal(units_at_level(units, old, "province", last)->name, "Tỉnh Tiền Giang");
	assert_ptr_equal(units_at_level(units, old, "commune", last), old);
	assert_null(units_at_level(units, new, "district", first));
	assert_string_equal(units_at_level(units, new, "province", first)->name, "Tỉnh Đồng Tháp");
	assert_null(units_parent(units, units_parent(units, new, first), first));
	units_close(units);
}

static void successors_meet_their_units(void **state)
{
	struct units *units = real_units(*state);
	unsigned divided = 0;
	for (size_t i = 0; i < units->n_successors; i++) {
		const struct successor *successor = &units->successors[i];
		assert_non_null(
			units_find(units, successor->old_code, successor->effective_on - 1));
		assert_non_null(units_find(units, successor->new_code, successor->effective_on));
		divided += successor->share == NULL;
		if (i > 0)
			assert_true(successor[-1].effective_on <= successor->effective_on);
	}
	assert_int_equal(divided, 6);
	units_close(units);
}

static void any_day_finds_what_a_search_row_by_row_finds(struct dice *dice, void *context)
{
	const struct units *units = context;
	const struct unit *some = &units->list[dice_below(dice, units->n)], *want = NULL;
	int32_t on = (int32_t)dice_between(dice, day("2019-06-01"), day("2026-06-01"));
	if (dice_below(dice, 2))
		on = some->valid_from - (int32_t)dice_below(dice, 2);
	for (size_t i = 0; i < units->n; i++)
		if (strcmp(units->list[i].code, some->code) == 0 &&
		    units->list[i].valid_from <= on && on < units->list[i].valid_to)
			want = &units->list[i];
	assert_ptr_equal(units_find(units, some->code, on), want);
	const struct unit *parent = some->parent ? units_find(units, some->parent, on) : NULL;
	assert_ptr_equal(units_parent(units, some, on), parent);
}

static void lookups_agree_with_a_plain_search(void **state)
{
	struct units *units = real_units(*state);
	for_all_seeds(3000, any_day_finds_what_a_search_row_by_row_finds, units);
	units_close(units);
}

/* --- importing --- */

static void the_same_edition_changes_nothing(void **state)
{
	struct province *p = *state;
	units_close(real_units(p));
	int64_t before = version(p);
	import_file(p, units_import, DATA "units.csv", 0);
	import_file(p, successors_import, DATA "successors.csv", 0);
	assert_int_equal(version(p), before);
}

static void a_later_edition_changes_what_changed_and_keeps_ids(void **state)
{
	struct province *p = *state;
	struct units *units = NULL;
	size_t changed = 0;
	assert_int_equal(import_text(p, units_import,
				     HEADER "1,One,province,,2020-01-01,\n"
					    "11,Old,commune,1,2020-01-01,2024-01-01\n"
					    "12,Gone,commune,1,2020-01-01,\n",
				     &changed),
			 0);
	assert_int_equal(changed, 3);
	assert_int_equal(units_load(p->db, &units, &p->err), 0);
	int64_t kept = units_find(units, "11", day("2021-01-01"))->id, was = version(p);
	units_close(units);
	assert_int_equal(import_text(p, units_import,
				     HEADER "11,New,commune,1,2020-01-01,2025-01-01\n"
					    "11,Next,commune,1,2025-01-01,\n"
					    "1,One,province,,2020-01-01,\n",
				     &changed),
			 0);
	assert_int_equal(changed, 3); /* one altered, one added, one gone */
	assert_int_equal(version(p), was + 1);
	assert_int_equal(units_load(p->db, &units, &p->err), 0);
	assert_int_equal(units->n, 3);
	assert_int_equal(units_find(units, "11", day("2024-06-01"))->id, kept);
	assert_string_equal(units_find(units, "11", day("2024-06-01"))->name, "New");
	assert_null(units_find(units, "12", day("2024-06-01")));
	units_close(units);
}

static void a_code_may_pause_and_parents_may_take_turns(void **state)
{
	struct province *p = *state;
	size_t changed = 0;
	assert_int_equal(import_text(p, units_import,
				     HEADER "1,A,province,,2020-01-01,2022-01-01\n"
					    "1,B,province,,2022-01-01,2024-01-01\n"
					    "11,X,commune,1,2020-06-01,2023-06-01\n"
					    "11,Y,commune,1,2023-09-01,2024-01-01\n",
				     &changed),
			 0);
	assert_int_equal(changed, 4);
}

static void refused(struct province *p, importer *import, const char *csv, const char *want)
{
	size_t changed = 77;
	assert_int_equal(import_text(p, import, csv, &changed), -EINVAL);
	assert_string_equal(p->err.text, want);
	assert_int_equal(changed, 77);
}

static void bad_units_are_named_with_line_and_reason(void **state)
{
	struct province *p = *state;
	int64_t before = version(p);
#define ONE "1,One,province,,2020-01-01,\n"
	refused(p, units_import,
		HEADER ONE "11,X,commune,1,2019-07-01,\n12,Y,commune,815,2025-07-01,\n",
		"line 3: parent '1' is not in force on 2019-07-01; import its row or mend the "
		"dates\n"
		"line 4: parent '815' is not in force on 2025-07-01; import its row or mend the "
		"dates");
	refused(p, units_import,
		HEADER "1,A,province,,2020-01-01,2022-01-01\n1,B,province,,2022-01-02,\n"
		       "11,X,commune,1,2020-06-01,\n",
		"line 4: parent '1' is not in force on 2022-01-01; import its row or mend the "
		"dates");
	refused(p, units_import,
		HEADER ONE "11,X,commune,1,2020-01-01,2023-01-02\n11,Y,commune,1,2023-01-01,\n",
		"line 4: '11' is two units on 2023-01-01, with line 3; mend the dates of one");
	refused(p, units_import, HEADER "1,One,province,1,2020-01-01,\n",
		"line 2: '1' lies in itself on 2020-01-01, by its parent '1'; give one of them "
		"another parent");
	refused(p, units_import,
		HEADER "1,A,x,2,2020-01-01,\n2,B,x,,2020-01-01,2021-01-01\n"
		       "2,B,x,1,2021-01-01,\n",
		"line 4: '2' lies in itself on 2021-01-01, by its parent '1'; give one of them "
		"another parent");
	refused(p, units_import, HEADER ONE "1 2,X,commune,1,2020-01-01,\n",
		"line 3: code: '1 2' is not valid; it must be 1 to 32 of A-Z a-z 0-9 . _ -");
	refused(p, units_import, HEADER ONE "12,,,1,2021-01-01,2021-01-01\n",
		"line 3: name: '' is not valid; it must be 1 to 200 bytes of text\n"
		"line 3: level: '' is not valid; it must be 1 to 32 bytes of text\n"
		"line 3: valid_to must be after valid_from: it is the first day on which the unit "
		"is no longer in force");
	refused(p, units_import, HEADER "1,One,office,,2020-01-01,\n",
		"line 2: level: 'office' is what queries call the reporting sites; give the level "
		"another name");
	refused(p, units_import, HEADER ONE "11,X,commune,1\n",
		"line 3: 4 fields where the header has 6; quote a field that holds a comma");
	refused(p, units_import, "code,name,level,valid_from,valid_to\n",
		"line 1: there is no column 'parent'; the header must be "
		"code,name,level,parent,valid_from,valid_to");
	refused(p, units_import, HEADER, "there is no unit in it; an edition holds all units");
	assert_int_equal(import_text(p, units_import, HEADER "1,One,province,,2020-02-30,\n",
				     &(size_t){ 0 }),
			 -EINVAL);
	assert_int_equal(strncmp(p->err.text, "line 2: valid_from: ", 20), 0);
	assert_int_equal(version(p), before);
}

static void a_bad_row_is_not_blamed_on_its_children(void **state)
{
	refused(*state, units_import,
		HEADER "1,One,province,,2020-01-01,2019-01-01\n11,X,commune,1,2020-01-01,\n"
		       "12,Y,commune,7,2020-01-01,\n",
		"line 2: valid_to must be after valid_from: it is the first day on which the unit "
		"is no longer in force\n"
		"line 4: parent '7' is not in force on 2020-01-01; import its row or mend the "
		"dates");
}

static void a_long_list_ends_with_how_many_more(void **state)
{
	struct province *p = *state;
	char csv[16384];
	size_t len = (size_t)snprintf(csv, sizeof(csv), "%s", HEADER), changed = 0, told = 0;
	for (unsigned i = 0; i < 300; i++)
		len += (size_t)snprintf(csv + len, sizeof(csv) - len,
					"%u,X,commune,9,2020-01-01,\n", 1000 + i);
	assert_int_equal(import_text(p, units_import, csv, &changed), -EINVAL);
	for (const char *at = p->err.text; (at = strstr(at, "line ")); at++)
		told++;
	char more[64];
	(void)snprintf(more, sizeof(more), "\nand %zu more", 300 - told);
	assert_non_null(strstr(p->err.text, more));
	assert_int_equal(strncmp(p->err.text, "line 2: ", 8), 0);
	assert_true(told >= 30);
}

static void a_tree_is_not_too_deep(void **state)
{
	struct province *p = *state;
	char csv[4096];
	size_t changed = 0;
	for (unsigned depth = UNITS_DEPTH_MAX; depth <= UNITS_DEPTH_MAX + 1; depth++) {
		size_t len = (size_t)snprintf(csv, sizeof(csv), HEADER "0,X,x,,2020-01-01,\n");
		for (unsigned i = 1; i <= depth; i++)
			len += (size_t)snprintf(csv + len, sizeof(csv) - len,
						"%u,X,x%u,%u,2020-01-01,\n", i, i, i - 1);
		int rc = import_text(p, units_import, csv, &changed);
		assert_int_equal(rc, depth == UNITS_DEPTH_MAX ? 0 : -EINVAL);
	}
	struct units *units = NULL;
	assert_int_equal(units_load(p->db, &units, &p->err), 0);
	const struct unit *leaf = units_find(units, "16", day("2020-01-01"));
	assert_string_equal(units_at_level(units, leaf, "x", day("2020-01-01"))->code, "0");
	units_close(units);
}

/* --- editions rolled by dice, judged day by day --- */

#define ROWS    7u
#define CODES   4
#define HORIZON 16 /* days; everything that ends has ended by then */

struct rolled {
	struct {
		int code, parent, from, to; /* parent -1: none; to HORIZON + 1: open */
	} rows[ROWS];
	unsigned n;
};

static int row_on(const struct rolled *edition, int code, int on)
{
	for (unsigned i = 0; i < edition->n; i++)
		if (edition->rows[i].code == code && edition->rows[i].from <= on &&
		    on < edition->rows[i].to)
			return (int)i;
	return -1;
}

static bool good_on(const struct rolled *edition, int on)
{
	for (unsigned i = 0; i < edition->n; i++) {
		if (edition->rows[i].from > on || on >= edition->rows[i].to)
			continue;
		if (row_on(edition, edition->rows[i].code, on) != (int)i)
			return false; /* two of one code */
		int above = (int)i;
		for (unsigned steps = 0; edition->rows[above].parent >= 0; steps++) {
			above = row_on(edition, edition->rows[above].parent, on);
			if (above < 0 || steps > ROWS)
				return false;
		}
	}
	return true;
}

static bool good(const struct rolled *edition)
{
	for (unsigned i = 0; i < edition->n; i++)
		if (edition->rows[i].to <= edition->rows[i].from)
			return false;
	for (int on = 0; on <= HORIZON; on++)
		if (!good_on(edition, on))
			return false;
	return true;
}

static struct rolled edition_roll(struct dice *dice)
{
	struct rolled edition = { .n = 1 + (unsigned)dice_below(dice, ROWS) };
	for (unsigned i = 0; i < edition.n; i++) {
		edition.rows[i].code = (int)dice_below(dice, CODES);
		edition.rows[i].parent = dice_below(dice, 3) ? -1 : (int)dice_below(dice, CODES);
		edition.rows[i].from = (int)dice_below(dice, 10);
		edition.rows[i].to = dice_below(dice, 3)
					     ? edition.rows[i].from + (int)dice_below(dice, 6)
					     : HORIZON + 1;
	}
	return edition;
}

static void edition_write(const struct rolled *edition, char csv[1024])
{
	size_t len = (size_t)snprintf(csv, 1024, HEADER);
	for (unsigned i = 0; i < edition->n; i++) {
		char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX] = "", parent[16] = "";
		int32_t start = day("2024-02-25"); /* over a leap day */
		day_format(start + edition->rows[i].from, from);
		if (edition->rows[i].to <= HORIZON)
			day_format(start + edition->rows[i].to, to);
		if (edition->rows[i].parent >= 0)
			(void)snprintf(parent, sizeof(parent), "%d", edition->rows[i].parent);
		len += (size_t)snprintf(csv + len, 1024 - len, "%d,N,l,%s,%s,%s\n",
					edition->rows[i].code, parent, from, to);
	}
}

static unsigned taken, left;

static void edition_taken_when_every_day_is_good(struct dice *dice, void *context)
{
	struct province *p = context;
	struct rolled edition = edition_roll(dice);
	char csv[1024];
	size_t changed = 0;
	edition_write(&edition, csv);
	assert_int_equal(db_begin(p->db, &p->err), 0);
	int rc = units_import(p->db, csv, strlen(csv), &changed, &p->err);
	assert_int_equal(rc, good(&edition) ? 0 : -EINVAL);
	if (rc == 0) {
		struct units *units = NULL;
		assert_int_equal(units_load(p->db, &units, &p->err), 0);
		assert_int_equal(units->n, edition.n);
		for (int on = 0; on <= HORIZON; on++)
			for (int code = 0; code < CODES; code++)
				assert_int_equal(units_find(units,
							    (char[]){ (char)('0' + code), 0 },
							    day("2024-02-25") + on) != NULL,
						 row_on(&edition, code, on) >= 0);
		units_close(units);
	}
	rc == 0 ? taken++ : left++;
	db_rollback(p->db);
}

static void an_edition_is_taken_exactly_when_each_of_its_days_is_good(void **state)
{
	for_all_seeds(3000, edition_taken_when_every_day_is_good, *state);
	assert_true(seeds_given() || (taken > 300 && left > 300));
}

/* --- successors --- */

static void bad_successors_are_named_with_line_and_reason(void **state)
{
	struct province *p = *state;
	size_t changed = 0;
	assert_int_equal(import_text(p, units_import,
				     HEADER "1,A,c,,2020-01-01,2022-01-01\n"
					    "2,B,c,,2020-01-01,\n"
					    "3,C,c,,2022-01-01,\n"
					    "4,D,c,,2020-01-01,2022-01-01\n",
				     &changed),
			 0);
	refused(p, successors_import,
		PARTS "2022-01-02,1,3,1\n2022-01-01,1,9,1\n2022-01-01,2,3,1\n"
		      "2022-01-01,1,3,0.5\n2021-12-31,1,3,\n",
		"line 2: old_code '1' is not in force on 2022-01-01; import its unit first or mend "
		"the row\n"
		"line 3: new_code '9' is not in force on 2022-01-01; import its unit first or mend "
		"the row\n"
		"line 4: old_code '2' went whole to another and yet is in force on 2022-01-01; "
		"import its unit first or mend the row\n"
		"line 5: share: '0.5' is neither 1 (went there whole) nor empty (divided)\n"
		"line 6: new_code '3' is not in force on 2021-12-31; import its unit first or mend "
		"the row");
	refused(p, successors_import, PARTS "2022-01-01,1,2,\n2022-01-01,4,2,1\n2022-01-01,4,3,\n",
		"line 2: '1' is divided but has one part; add the others, or share 1\n"
		"line 3: '4' has 2 successors that day, so none took it whole; leave the shares "
		"empty");
	refused(p, successors_import, PARTS "2022-01-01,1,2,1\n2022-01-01,1,2,1\n",
		"line 3: the same successor as in line 2; remove one");
	assert_int_equal(import_text(p, successors_import,
				     PARTS "2022-01-01,1,2,\n2022-01-01,1,3,\n2022-01-01,4,2,1\n",
				     &changed),
			 0);
	assert_int_equal(changed, 3);
	assert_int_equal(import_text(p, successors_import,
				     PARTS "2022-01-01,1,3,1\n2022-01-01,4,2,1\n", &changed),
			 0);
	assert_int_equal(changed, 2); /* one altered, one gone */
}

/* --- faults --- */

static void import_is_all_or_nothing(struct province *p, unsigned doors)
{
	static const char first[] = HEADER "1,A,p,,2020-01-01,\n2,B,c,1,2020-01-01,\n";
	static const char second[] = HEADER "1,A2,p,,2020-01-01,\n3,C,c,1,2020-01-01,\n";
	size_t changed = 0;
	for (unsigned after = 0;; after++) {
		assert_true(import_text(p, units_import, first, &changed) == 0);
		fault_arm_at(doors, after);
		int rc = db_begin(p->db, &p->err);
		if (rc == 0)
			rc = units_import(p->db, second, strlen(second), &changed, &p->err);
		rc = province_end(p, rc);
		bool fired = fault_disarm();
		struct units *units = NULL;
		assert_int_equal(units_load(p->db, &units, &p->err), 0);
		assert_int_equal(units->n, 2);
		assert_string_equal(units->list[0].name, rc == 0 ? "A2" : "A");
		assert_string_equal(units->list[1].code, rc == 0 ? "3" : "2");
		units_close(units);
		if (!fired) {
			assert_int_equal(rc, 0);
			assert_true(after > 0);
			return;
		}
	}
}

static void import_is_all_or_nothing_whatever_the_disk_refuses(void **state)
{
	import_is_all_or_nothing(*state, FAULT_DISK);
	import_is_all_or_nothing(*state, FAULT_FULL);
}

static void import_is_all_or_nothing_without_memory(void **state)
{
	import_is_all_or_nothing(*state, FAULT_MEMORY);
}

#define test(name) cmocka_unit_test_setup_teardown(name, province_setup, province_teardown)

/* An import refuses them: here a disk made them, and who walks upwards would never end. */
static void a_ring_that_a_disk_made_is_broken_when_it_is_read(void **state)
{
	static const char *const damages[] = {
		"UPDATE unit SET parent = code WHERE code = '82'",
		"UPDATE unit SET parent = (SELECT min(code) FROM unit WHERE parent = '82')"
		" WHERE code = '82'",
		/* it is whole when the older row of that code ends, a month late */
		"UPDATE unit SET valid_to = valid_to + 31 WHERE code = '82' AND valid_to ="
		" (SELECT max(valid_from) FROM unit WHERE code = '82');"
		"UPDATE unit SET parent = (SELECT min(c.code) FROM unit c WHERE c.parent = '82'"
		" AND c.valid_from = unit.valid_from)"
		" WHERE code = '82' AND valid_from = (SELECT max(valid_from) FROM unit WHERE code ="
		" '82')",
	};
	struct province *p = *state;
	struct units *units = NULL;
	units_close(real_units(p));
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		assert_int_equal(db_begin(p->db, &p->err), 0);
		assert_int_equal(db_exec(p->db, damages[i], &p->err), 0);
		assert_int_equal(units_load(p->db, &units, &p->err), 0);
		assert_true(units->damage.n > 0); /* it may be one again on another day */
		assert_non_null(strstr(units->damage.notes[0], "lies in itself or in a ring on"));
		units_close(units);
		db_rollback(p->db);
	}
}

int main(void)
{
	fault_install();
	const struct CMUnitTest tests[] = {
		test(structures_have_the_published_counts),
		test(a_code_is_another_unit_on_another_day),
		test(the_district_tier_ends),
		test(successors_meet_their_units),
		test(a_ring_that_a_disk_made_is_broken_when_it_is_read),
		test(lookups_agree_with_a_plain_search),
		test(the_same_edition_changes_nothing),
		test(a_later_edition_changes_what_changed_and_keeps_ids),
		test(a_code_may_pause_and_parents_may_take_turns),
		test(bad_units_are_named_with_line_and_reason),
		test(a_bad_row_is_not_blamed_on_its_children),
		test(a_long_list_ends_with_how_many_more),
		test(a_tree_is_not_too_deep),
		test(an_edition_is_taken_exactly_when_each_of_its_days_is_good),
		test(bad_successors_are_named_with_line_and_reason),
		test(import_is_all_or_nothing_whatever_the_disk_refuses),
		test(import_is_all_or_nothing_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
