/* Which name was meant? */
#include "common/model/near_metric.h"
#include "common/text/near_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_name_that_is_mistyped_or_shortened_is_near(void **state)
{
	static const struct {
		const char *wanted, *name;
		bool near;
	} cases[] = {
		{ "team.cuont", "team.count", true },
		{ "so to cong nghe so", "Số tổ công nghệ số cộng đồng", true },
		{ "Số thành viên tổ", "Số thành viên tổ công nghệ số cộng đồng", true },
		{ "Số thành viên cộng đồng", "Số thành viên tổ công nghệ số cộng đồng", true },
		{ "TÂN HỘI", "Tân Hội", true },
		{ "28248", "28249", true },
		{ "lsit", "list", true }, /* two neighbours, swapped, are one mistake */
		{ "dya", "day", true },
		{ "Điều tra", "Số tổ công nghệ số cộng đồng", false },
		{ "x", "y", false }, /* another letter is another word */
		{ "b", "xa-b", false },
		{ "số", "Số tổ công nghệ số cộng đồng", false },
		{ "tổ số thành viên", "Số thành viên tổ công nghệ số cộng đồng", false },
		{ "", "a", false },
		{ "a", "", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct near_name near;
		near_name_begin(&near, cases[i].wanted);
		if (near_name_try(&near, cases[i].name) != cases[i].near)
			fail_msg("'%s' and '%s'", cases[i].wanted, cases[i].name);
		assert_false(near_name_try(&near, cases[i].name)); /* no nearer than it was */
	}
}

static void what_is_mistyped_is_nearer_than_what_is_shortened(void **state)
{
	struct near_name near;
	(void)state;
	near_name_begin(&near, "team.count");
	assert_true(near_name_try(&near, "team.count.of.all"));
	assert_true(near_name_try(&near, "team.kuomt"));
	assert_true(near_name_try(&near, "team.coun"));
	assert_false(near_name_try(&near, "my team.count"));
}

static const char csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"team.count,Số tổ công nghệ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,\n"
	"team.members,Số thành viên tổ công nghệ,Members of "
	"teams,person,stock,last,sum,month,,0,3,commune,2,0,\n"
	"team.trained,Số thành viên tổ được tập huấn,Trained "
	"members,person,stock,last,sum,month,,0,3,commune,2,0,\n";

/* Whoever takes the first of several reports another figure. */
static void all_that_are_as_near_are_named(void **state)
{
	static const struct {
		const char *name, *said;
	} cases[] = {
		{ "team.cont", "the catalogue has no metric 'team.cont'; did you mean 'team.count' "
			       "(Teams)?" },
		{ "Số thành viên tổ",
		  "the catalogue has no metric 'Số thành viên tổ'; did you mean "
		  "'team.members' (Members of teams) or 'team.trained' "
		  "(Trained members)?" },
		{ "tea", "the catalogue has no metric 'tea'; did you mean 'team.count' (Teams), "
			 "'team.members' (Members of teams) or 'team.trained' (Trained "
			 "members)?" },
		{ "zzz", NULL },
	};
	struct catalogue *catalogue;
	struct err err;
	(void)state;
	assert_int_equal(catalogue_read(csv, strlen(csv), &catalogue, &err), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(catalogue_did_you_mean(catalogue, cases[i].name, &err) ==
			    (cases[i].said != NULL));
		if (cases[i].said)
			assert_string_equal(err.text, cases[i].said);
	}
	catalogue_close(catalogue);
}

/* Of a list, all that are as near as the nearest, behind what was said. */
static void a_word_of_a_list_is_asked_for(void **state)
{
	static const struct {
		const char *list, *wanted, *said;
	} cases[] = {
		{ "hour day month", "mont", "no; did you mean 'month'?" },
		{ "hour day month", "minutes", "no" },
		{ "close, closed", "closd", "no; did you mean 'close' or 'closed'?" },
		{ "a1 a2 a3 a4", "a0x", "no" },
		{ "aaa1 aaa2 aaa3 aaa4", "aaa0", "no; did you mean 'aaa1', 'aaa2', 'aaa3', ...?" },
		{ NULL, "month", "no" },
		{ "", "", "no" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { .code = -22, .text = "no" };
		assert_int_equal(near_words_hint(&err, cases[i].list, cases[i].wanted), -22);
		assert_string_equal(err.text, cases[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_that_is_mistyped_or_shortened_is_near),
		cmocka_unit_test(what_is_mistyped_is_nearer_than_what_is_shortened),
		cmocka_unit_test(all_that_are_as_near_are_named),
		cmocka_unit_test(a_word_of_a_list_is_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
