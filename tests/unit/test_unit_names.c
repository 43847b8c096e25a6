/* What a unit is called by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry/unit_names.h"
#include "registry/units_import.h"
#include "support/fault.h"
#include "support/province.h"

#include <errno.h>

#define DATA SOURCE_DIR "/aggregator/data/tien-giang/"

static int32_t day(const char *text)
{
	int32_t number = 0;
	assert_int_equal(day_parse(text, &number, &(struct err){ 0 }), 0);
	return number;
}

static struct units *real_units(struct province *p)
{
	struct units *units = NULL;
	size_t len = 0, changed = 0;
	char *csv = file_text(DATA "units.csv", &len);
	assert_non_null(csv);
	assert_int_equal(db_begin(p->db, &p->err), 0);
	assert_int_equal(province_end(p, units_import(p->db, csv, len, &changed, &p->err)), 0);
	free(csv);
	assert_int_equal(units_load(p->db, &units, &p->err), 0);
	return units;
}

static void a_name_means_the_only_unit_that_is_called_so_then(void **state)
{
	struct province *p = *state;
	struct units *units = real_units(p);
	static const struct {
		const char *text, *from, *to;
		const char *code; /* NULL: refused */
		int rc;
		const char *said; /* a part of it */
	} cases[] = {
		{ "819", "2025-01-01", "2025-12-31", "819", 0, NULL },
		{ "819", "2026-01-01", "2026-12-31", "819", 0, NULL }, /* the caller looks when */
		{ "Huyện Cái Bè", "2025-01-01", "2025-12-31", "819", 0, NULL },
		{ "HUYỆN CÁI BÈ", "2025-01-01", "2025-12-31", "819", 0, NULL },
		{ "huyện  cái be\xcc\x80 ", "2025-01-01", "2025-12-31", "819", 0, NULL },
		{ "huyen cai be", "2025-01-01", "2025-12-31", "819", 0, NULL },
		{ "Cái Bè", "2025-07-01", "2025-12-31", "28360", 0, NULL },
		{ "cai be", "2025-07-01", "2025-12-31", "28360", 0, NULL },
		{ "mỹ tho", "2025-01-01", "2025-06-30", "815", 0, NULL },
		/* of one mark less it is another name */
		{ "Huyện Cái Be", "2025-01-01", "2025-12-31", NULL, -ENOENT,
		  "did you mean '819' (Huyện Cái Bè)?" },
		{ "Cái Bè", "2025-01-01", "2025-06-30", NULL, -EINVAL,
		  "28360 Thị trấn Cái Bè (commune < 819, 2020-01-01..2025-06-30); 819 Huyện Cái Bè "
		  "(district < 82, 2020-01-01..2025-06-30)" },
		{ "cai lay", "2025-01-01", "2025-06-30", NULL, -EINVAL, "817 Thị xã Cai Lậy" },
		{ "Huyện Cái Bè", "2026-01-01", "2026-12-31", NULL, -EINVAL,
		  "no unit is called 'Huyện Cái Bè' from 2026-01-01 to 2026-12-31; at another time "
		  "there are: 819 Huyện Cái Bè" },
		{ "99999", "2025-01-01", "2025-06-30", NULL, -ENOENT, NULL },
		{ "1", "2025-01-01", "2025-06-30", NULL, -ENOENT, "no unit ever had" },
		{ "Hà Nội", "2025-01-01", "2025-06-30", NULL, -ENOENT, "no unit ever had" },
		{ " ", "2025-01-01", "2025-06-30", NULL, -ENOENT, "no unit ever had" },
		{ "", "2025-01-01", "2025-06-30", NULL, -ENOENT, "no unit ever had" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *code = NULL;
		struct err err = { 0 };
		int rc = units_named(units, cases[i].text, day(cases[i].from), day(cases[i].to) + 1,
				     &code, &err);
		if (rc != cases[i].rc || (code != NULL) != (cases[i].code != NULL) ||
		    (code && strcmp(code, cases[i].code) != 0) ||
		    (cases[i].said && !strstr(err.text, cases[i].said)))
			fail_msg("'%s': %d %s %s", cases[i].text, rc, code ? code : "-", err.text);
	}
	units_close(units);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_name_means_the_only_unit_that_is_called_so_then,
						province_setup, province_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
