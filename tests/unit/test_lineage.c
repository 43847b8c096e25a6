#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry/lineage.h"
#include "registry/successors.h"
#include "registry/units_import.h"
#include "support/province.h"
#include "support/seeds.h"

#define DATA SOURCE_DIR "/aggregator/data/tien-giang/"

struct fixture {
	struct province *province;
	struct units *units;   /* the real ones */
	int32_t before, after; /* the last day with districts, the first without */
};

static int32_t day(const char *text)
{
	int32_t number = 0;
	assert_int_equal(day_parse(text, &number, &(struct err){ 0 }), 0);
	return number;
}

static void import_file(struct province *p, const char *path,
			int (*import)(sqlite3 *, const char *, size_t, size_t *, struct err *))
{
	size_t len = 0, changed;
	char *csv = file_text(path, &len);
	assert_non_null(csv);
	assert_int_equal(import(p->db, csv, len, &changed, &p->err), 0);
	free(csv);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f || province_setup((void **)&f->province) < 0)
		return -1;
	import_file(f->province, DATA "units.csv", units_import);
	import_file(f->province, DATA "successors.csv", successors_import);
	f->before = day("2025-06-30");
	f->after = day("2025-07-01");
	*state = f;
	return units_load(f->province->db, &f->units, &f->province->err);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	units_close(f->units);
	(void)province_teardown((void **)&f->province);
	free(f);
	return 0;
}

static bool in_force(const struct unit *unit, int32_t on, const char *level)
{
	return unit->valid_from <= on && on < unit->valid_to && strcmp(unit->level, level) == 0;
}

static const struct unit *root(const struct fixture *f, const struct unit *unit, int32_t on)
{
	for (const struct unit *above; (above = units_parent(f->units, unit, on)); unit = above)
		;
	return unit;
}

static void the_164_communes_become_57_each_whole(void **state)
{
	struct fixture *f = *state;
	const struct unit *heirs[200];
	size_t n = 0, n_heirs = 0;
	for (size_t i = 0; i < f->units->n; i++) {
		const struct unit *unit = &f->units->list[i];
		if (!in_force(unit, f->before, "commune") ||
		    strcmp(root(f, unit, f->before)->code, "82") != 0)
			continue;
		struct lineage lineage = lineage_trace(f->units, unit, f->before, f->after);
		assert_int_equal(lineage.n, 1);
		assert_false(lineage.divided);
		assert_true(in_force(lineage.units[0], f->after, "commune"));
		size_t h = 0;
		while (h < n_heirs && heirs[h] != lineage.units[0])
			h++;
		if (h == n_heirs)
			heirs[n_heirs++] = lineage.units[0];
		n++;
	}
	assert_int_equal(n, 164);
	assert_int_equal(n_heirs, 57);
}

static void a_divided_commune_lies_in_no_commune_but_in_its_province(void **state)
{
	struct fixture *f = *state;
	static const char *const codes[] = { "29995", "30079", "30157" };
	for (size_t i = 0; i < 3; i++) {
		const struct unit *unit = units_find(f->units, codes[i], f->before);
		struct lineage lineage = lineage_trace(f->units, unit, f->before, f->after);
		assert_int_equal(lineage.n, 2);
		assert_true(lineage.divided);
		assert_ptr_equal(lineage.blame, unit);
		assert_ptr_not_equal(lineage.units[0], lineage.units[1]);
		for (size_t k = 0; k < 2; k++)
			assert_ptr_equal(root(f, lineage.units[k], f->after),
					 units_find(f->units, "82", f->after));
	}
}

static void a_district_without_successor_leaves_its_business_to_the_province(void **state)
{
	struct fixture *f = *state;
	const struct unit *district = units_find(f->units, "815", f->before);
	struct lineage lineage = lineage_trace(f->units, district, f->before, f->after);
	assert_int_equal(lineage.n, 1);
	assert_ptr_equal(lineage.units[0], units_find(f->units, "82", f->after));
}

static void chains_of_changes_are_followed_to_the_end(void **state)
{
	struct fixture *f = *state; /* 28351 joined 28321 in 2020, which went on from there */
	const struct unit *unit = units_find(f->units, "28351", day("2020-01-15"));
	struct lineage once = lineage_trace(f->units, unit, day("2020-01-15"), day("2020-02-01"));
	assert_int_equal(once.n, 1);
	assert_string_equal(once.units[0]->code, "28321");
	struct lineage far = lineage_trace(f->units, unit, day("2020-01-15"), f->after);
	struct lineage further =
		lineage_trace(f->units, once.units[0], day("2020-02-01"), f->after);
	assert_int_equal(far.n, 1);
	assert_ptr_equal(far.units[0], further.units[0]);
}

static void one_code_is_two_units_and_the_way_leads_from_one_to_the_other(void **state)
{
	struct fixture *f = *state;
	const struct unit *old = units_find(f->units, "28300", day("2024-04-30"));
	const struct unit *new = units_find(f->units, "28300", day("2024-05-01"));
	assert_ptr_not_equal(old, new);
	struct lineage on = lineage_trace(f->units, old, day("2024-04-30"), day("2024-05-01"));
	assert_int_equal(on.n, 1);
	assert_ptr_equal(on.units[0], new);
	struct lineage back = lineage_trace(f->units, new, day("2024-05-01"), day("2024-04-30"));
	assert_int_equal(back.n, 2); /* 28300 and 28303 became one */
	assert_ptr_not_equal(back.units[0], back.units[1]);
	for (size_t k = 0; k < 2; k++)
		assert_string_equal(units_parent(f->units, back.units[k], day("2024-04-30"))->code,
				    "816");
}

static void what_came_of_a_unit_also_came_from_it(void **state)
{
	struct fixture *f = *state;
	static const char *const days[] = {
		"2020-01-15", "2020-06-01", "2022-12-01", "2024-06-01",
		"2024-12-01", "2025-06-30", "2025-07-01", "2026-01-01"
	};
	size_t n_days = sizeof(days) / sizeof(days[0]), checked = 0;
	for (size_t a = 0; a < n_days; a++)
		for (size_t b = a; b < n_days; b++)
			for (size_t i = 0; i < f->units->n; i++) {
				const struct unit *unit = &f->units->list[i];
				int32_t from = day(days[a]), to = day(days[b]);
				if (!in_force(unit, from, "commune"))
					continue;
				struct lineage on = lineage_trace(f->units, unit, from, to);
				assert_true(on.n > 0);
				for (size_t k = 0; k < on.n; k++) {
					struct lineage back =
						lineage_trace(f->units, on.units[k], to, from);
					bool found = false;
					for (size_t j = 0; j < back.n; j++)
						found |= back.units[j] == unit;
					assert_true(found);
					checked++;
				}
			}
	assert_true(checked > 5000);
}

static void figures_of_2026_fit_into_the_old_districts_or_not(void **state)
{
	struct fixture *f = *state;
	int32_t from = day("2026-03-01");
	size_t within = 0, across = 0;
	for (size_t i = 0; i < f->units->n; i++) {
		const struct unit *unit = &f->units->list[i];
		if (!in_force(unit, from, "commune"))
			continue;
		struct lineage lineage = lineage_trace(f->units, unit, from, f->before);
		assert_true(lineage.n > 0);
		bool one = true;
		for (size_t k = 1; k < lineage.n; k++)
			one &= strcmp(lineage.units[k]->parent, lineage.units[0]->parent) == 0;
		within += one;
		across += !one;
	}
	assert_int_equal(within + across, 102);
	assert_true(within > 57 && across > 0);
}

/* An import takes no such rows (a unit that went whole is no longer there); a disk may make them.
 */
static void successors_in_a_ring_lead_to_an_end(void **state)
{
	struct fixture *f = *state;
	static const char *const rings[] = {
		"UPDATE OR IGNORE successor SET new_code = old_code",
		"UPDATE OR IGNORE successor SET old_code = '82'",
		"INSERT OR IGNORE INTO successor SELECT effective_on, new_code, old_code, share "
		"FROM"
		" successor",
		("INSERT OR IGNORE INTO successor SELECT effective_on - 1, new_code, old_code, NULL"
		 " FROM successor"),
	};
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		struct province *p = f->province;
		struct units *units = NULL;
		size_t traced = 0;
		assert_int_equal(db_begin(p->db, &p->err), 0);
		if (db_exec(p->db, rings[i], &p->err) < 0) { /* two rows became one: enough did */
			db_rollback(p->db);
			fail_msg("%s: %s", rings[i], p->err.text);
		}
		assert_int_equal(units_load(p->db, &units, &p->err), 0);
		for (size_t k = 0; k < units->n; k++) {
			const struct unit *unit = &units->list[k];
			struct lineage forth =
				lineage_trace(units, unit, unit->valid_from, day("2026-01-01"));
			struct lineage back =
				lineage_trace(units, unit, unit->valid_from, day("2020-01-01"));
			assert_true(forth.n <= LINEAGE_MAX && back.n <= LINEAGE_MAX);
			traced += forth.n + back.n;
		}
		assert_true(traced > 0);
		units_close(units);
		db_rollback(p->db);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_164_communes_become_57_each_whole),
		cmocka_unit_test(a_divided_commune_lies_in_no_commune_but_in_its_province),
		cmocka_unit_test(a_district_without_successor_leaves_its_business_to_the_province),
		cmocka_unit_test(chains_of_changes_are_followed_to_the_end),
		cmocka_unit_test(one_code_is_two_units_and_the_way_leads_from_one_to_the_other),
		cmocka_unit_test(what_came_of_a_unit_also_came_from_it),
		cmocka_unit_test(figures_of_2026_fit_into_the_old_districts_or_not),
		cmocka_unit_test(successors_in_a_ring_lead_to_an_end),
	};
	return cmocka_run_group_tests_name("lineage", tests, setup, teardown);
}
