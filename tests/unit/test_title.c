/* What titles say of the period of a table without a column for it. Now is 31 July 2025. */
#include "import/title.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINES_MAX 3u

static const struct {
	const char *lines[LINES_MAX];
	const char *allowed; /* of the periods of now: d w m q s y */
	const char *said;
	unsigned year;
} titles[] = {
	{ { "" }, "dwmqsy", "", 0 },
	{ { "BÁO CÁO KẾT QUẢ CHUYỂN ĐỔI SỐ" }, "dwmqsy", "", 0 },
	/* one period of its length */
	{ { "BÁO CÁO THÁNG 7 NĂM 2025" }, "m", "THÁNG 7 NĂM 2025", 2025 },
	{ { "(Tháng 07/2025)" }, "m", "Tháng 07/2025", 2025 },
	{ { "THÁNG BẢY NĂM 2025" }, "m", "THÁNG BẢY NĂM 2025", 2025 },
	{ { "BÁO CÁO THÁNG 7" }, "m", "THÁNG 7", 0 },
	{ { "BÁO CÁO THÁNG 7", "NĂM 2025" }, "m", "THÁNG 7", 2025 },
	{ { "BÁO CÁO THÁNG 7", "NĂM 2024" }, "", "THÁNG 7", 2024 },
	{ { "Tháng:  7   Năm: 2025" }, "m", "Tháng:  7   Năm: 2025", 2025 },
	{ { "Tháng: | 7 | Năm: | 2025" }, "m", "Tháng: | 7 | Năm: | 2025", 2025 },
	{ { "Kỳ báo cáo: 07/2025" }, "m", "07/2025", 2025 },
	{ { "Kỳ: T7/2025" }, "m", "T7/2025", 2025 },
	{ { "T7.25" }, "m", "T7.25", 2025 },
	{ { "July 2025" }, "m", "July 2025", 2025 },
	{ { "QUÝ III/2025" }, "q", "QUÝ III/2025", 2025 },
	{ { "QIII/2025" }, "q", "QIII/2025", 2025 },
	{ { "Quý ba năm 2025" }, "q", "Quý ba năm 2025", 2025 },
	{ { "6 tháng cuối năm 2025" }, "s", "6 tháng cuối năm 2025", 2025 },
	{ { "Sáu tháng cuối năm 2025" }, "s", "Sáu tháng cuối năm 2025", 2025 },
	{ { "H2 2025" }, "s", "H2 2025", 2025 },
	{ { "Tuần 31 năm 2025" }, "w", "Tuần 31 năm 2025", 2025 },
	{ { "KẾ HOẠCH NĂM 2025" }, "y", "NĂM 2025", 2025 },
	{ { "từ ngày 01/7/2025 đến ngày 31/7/2025" }, "m", "ngày 01/7/2025 đến ngày 31/7/2025", 0 },
	{ { "Tính đến ngày 31 tháng 7 năm 2025" }, "dwmqsy", "ngày 31 tháng 7 năm 2025", 0 },
	{ { "Số liệu tính đến 15/7/2025" }, "mqsy", "15/7/2025", 0 },
	{ { "Theo Kế hoạch năm 2024, báo cáo tháng 7/2025" },
	  "m",
	  "năm 2024, báo cáo tháng 7/2025",
	  0 },
	{ { "Tháng 7/2025, tăng so với tháng 6/2025" }, "m", "Tháng 7/2025", 2025 },
	{ { "Quý III/2025 (so với cùng kỳ năm 2024)" }, "q", "Quý III/2025", 2025 },
	/* another, or several */
	{ { "BÁO CÁO THÁNG 6 NĂM 2025" }, "", "THÁNG 6 NĂM 2025", 2025 },
	{ { "Tháng 6" }, "", "Tháng 6", 0 },
	{ { "THÁNG NĂM NĂM 2025" }, "", "THÁNG NĂM NĂM 2025", 2025 },
	{ { "THÁNG 6 VÀ THÁNG 7/2025" }, "", "THÁNG 6 VÀ THÁNG 7/2025", 2025 },
	{ { "THÁNG 7/2025", "THÁNG 6/2025" }, "", "THÁNG 7/2025", 2025 },
	{ { "Tháng 6,7/2025" }, "", "Tháng 6,7/2025", 2025 },
	{ { "các tháng 5, 6 và 7 năm 2025" }, "", "tháng 5, 6 và 7 năm 2025", 2025 },
	{ { "Quý II và III năm 2025" }, "", "Quý II và III năm 2025", 2025 },
	{ { "Từ tháng 1 đến tháng 7 năm 2025" }, "", "tháng 1 đến tháng 7 năm 2025", 2025 },
	{ { "01/2025 - 07/2025" }, "", "01/2025 - 07/2025", 2025 },
	{ { "7 tháng đầu năm 2025" }, "", "7 tháng đầu năm 2025", 0 },
	{ { "7 THÁNG NĂM 2025" }, "", "7 THÁNG NĂM 2025", 0 },
	{ { "6 tháng đầu năm" }, "", "6 tháng đầu năm", 0 },
	{ { "Năm 2024 và 2025" }, "", "Năm 2024 và 2025", 0 },
	{ { "Từ ngày 15/6 đến 14/7/2025" }, "", "ngày 15/6 đến 14/7/2025", 0 },
	{ { "15/6/2025–14/7/2025" }, "", "15/6/2025–14/7/2025", 0 },
	{ { "Số liệu đến hết ngày 30/6/2025" }, "y", "ngày 30/6/2025", 0 },
	/* a day: of figures per day alone */
	{ { "Mỹ Tho, ngày 5 tháng 7 năm 2025" }, "wmqsy", "ngày 5 tháng 7 năm 2025", 0 },
	{ { "Ngày 31/7/2025" }, "dwmqsy", "Ngày 31/7/2025", 0 },
	{ { "(Kèm theo Công văn số 12/UBND ngày 01/6/2025)" }, "dwmqsy", "", 0 },
	/* no period at all */
	{ { "Số: 12/2025" }, "dwmqsy", "", 0 },
	{ { "Thông tư 01/2025/TT-BTTTT" }, "dwmqsy", "", 0 },
	{ { "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" }, "dwmqsy", "", 0 },
	{ { "Giai đoạn 2021 - 2025" }, "dwmqsy", "", 0 },
	{ { "Quỹ khuyến học, quy mô hộ" }, "dwmqsy", "", 0 },
	{ { "Biểu S1: số hộ" }, "dwmqsy", "", 0 },
};

static struct title read_title(size_t i)
{
	struct title title = { .n = 0 };
	for (size_t k = 0; k < LINES_MAX && titles[i].lines[k]; k++)
		title_read(&title, titles[i].lines[k]);
	return title;
}

static void figures_of_now_go_with_a_title_of_exactly_their_period(void **state)
{
	static const char letters[] = {
		[GRAIN_DAY] = 'd',     [GRAIN_WEEK] = 'w',     [GRAIN_MONTH] = 'm',
		[GRAIN_QUARTER] = 'q', [GRAIN_SEMESTER] = 's', [GRAIN_YEAR] = 'y'
	};
	(void)state;
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		struct title title = read_title(i);
		char allowed[8] = "";
		for (enum grain grain = GRAIN_DAY; grain <= GRAIN_YEAR; grain++)
			if (title_allows(&title, period_of_day(CALENDAR_CIVIL, grain, 20300)))
				allowed[strlen(allowed)] = letters[grain];
		if (strcmp(allowed, titles[i].allowed) != 0)
			fail_msg("'%s' allows '%s'", titles[i].lines[0], allowed);
	}
}

/* By the forms that we make, in both languages, and what became of them. */
static void a_title_names_another_period_only_beside_none_of_this(void **state)
{
	static const struct {
		const char *says, *period;
		bool other;
	} cases[] = {
		{ "Figures for 2025-06-29 – Tân Hội (28249) To be sent by 2025-06-30", "2025-06-29",
		  false },
		{ "Số liệu ngày 29/06/2025 – Tân Hội (28249) Hạn gửi 30/06/2025", "2025-06-29",
		  false },
		{ "Figures for June 2025 – Tân Hội (28249) To be sent by 2025-07-02", "2025-06",
		  false },
		{ "Số liệu quý 2/2025 – Tân Hội (28249) Hạn gửi 05/07/2025", "2025-Q2", false },
		{ "Số liệu tuần 26/2025 – Tân Hội (28249)", "2025-W26", false },
		{ "Số liệu năm 2025 – Tân Hội (28249) Hạn gửi 05/01/2026", "2025", false },
		{ "2025-06-30T14", "2025-06-30T14", false },
		{ "Figures for 2025-06-28 – Tân Hội (28249) To be sent by 2025-06-30", "2025-06-29",
		  true },
		{ "Số liệu tháng 7/2025 – Tân Hội (28249) Hạn gửi 05/08/2025", "2025-06", true },
		{ "Số liệu quý 3/2025 – Tân Hội (28249)", "2025-Q2", true },
		{ "Số liệu tuần 27/2025 – Tân Hội (28249)", "2025-W26", true },
		{ "Số liệu năm 2024 – Tân Hội (28249)", "2025", true },
		{ "Tân Hội", "2025", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct title title = { .n = 0 };
		struct period period;
		struct err err;
		assert_int_equal(period_parse(cases[i].period, CALENDAR_CIVIL, &period, &err), 0);
		title_read(&title, cases[i].says);
		if (title_names_other(&title, period) != cases[i].other)
			fail_msg("'%s'", cases[i].says);
	}
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		struct title title = read_title(i);
		for (enum grain grain = GRAIN_DAY; grain <= GRAIN_YEAR; grain++) {
			struct period period = period_of_day(CALENDAR_CIVIL, grain, 20300);
			assert_false(title_allows(&title, period) &&
				     title_names_other(&title, period));
		}
	}
}

static void what_a_title_says_is_told_in_its_own_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		struct title title = read_title(i);
		assert_string_equal(title_said(&title), titles[i].said);
		if (title_year(&title) != titles[i].year)
			fail_msg("'%s' names %u", titles[i].lines[0], title_year(&title));
	}
}

static void a_month_of_reports_may_say_its_days(void **state)
{
	struct title title = { .n = 0 };
	(void)state;
	title_read(&title, "Từ ngày 15/7/2025 đến ngày 14/8/2025");
	assert_true(title_allows(&title, period_of_day(CALENDAR_REPORT, GRAIN_MONTH, 20300)));
	assert_false(title_allows(&title, period_of_day(CALENDAR_CIVIL, GRAIN_MONTH, 20300)));
}

static void what_has_come_together_is_told_apart(void **state)
{
	static const char *const texts[] = { "Lũy kế đến tháng 7/2025", "LUỸ KẾ", "Từ đầu năm 2025",
					     "Từ đầu năm đến nay", "Cộng dồn" };
	struct title none = { .n = 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct title title = { .n = 0 };
		title_read(&title, texts[i]);
		assert_true(title.cumulative);
	}
	title_read(&none, "THÁNG 7/2025, quý III, 6 tháng đầu năm 2025");
	assert_false(none.cumulative);
}

static void what_is_planned_is_told_apart(void **state)
{
	static const struct {
		const char *lines[LINES_MAX];
		const char *said;
	} cases[] = {
		{ { "KẾ HOẠCH THÁNG 7" }, "KẾ HOẠCH THÁNG 7" },
		{ { "UBND PHƯỜNG 5", "KẾ HOẠCH CHUYỂN ĐỔI SỐ NĂM 2025" },
		  "KẾ HOẠCH CHUYỂN ĐỔI SỐ NĂM 2025" },
		{ { "Kế hoạch", "tháng 7 năm 2025" }, "Kế hoạch" },
		{ { "Biểu 2. Dự kiến quý III/2025" }, "Dự kiến quý III/2025" },
		{ { "CHỈ TIÊU KẾ HOẠCH NĂM 2025" }, "CHỈ TIÊU KẾ HOẠCH NĂM 2025" },
		{ { "KẾT QUẢ THỰC HIỆN KẾ HOẠCH THÁNG 7" }, "" },
		{ { "BÁO CÁO KẾT QUẢ THỰC HIỆN", "KẾ HOẠCH THÁNG 7 NĂM 2025" }, "" },
		{ { "BÁO CÁO THÁNG 7", "(Kèm theo Kế hoạch số 12 ngày 01/6/2025)" }, "" },
		{ { "Kế hoạch số 12/KH-UBND ngày 01/6/2025" }, "" },
		{ { "PHÒNG KẾ HOẠCH TÀI CHÍNH", "THÁNG 7/2025" }, "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct title title = { .n = 0 };
		for (size_t k = 0; k < LINES_MAX && cases[i].lines[k]; k++)
			title_read(&title, cases[i].lines[k]);
		assert_string_equal(title_plan_said(&title.plan), cases[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_of_now_go_with_a_title_of_exactly_their_period),
		cmocka_unit_test(a_title_names_another_period_only_beside_none_of_this),
		cmocka_unit_test(what_a_title_says_is_told_in_its_own_words),
		cmocka_unit_test(a_month_of_reports_may_say_its_days),
		cmocka_unit_test(what_has_come_together_is_told_apart),
		cmocka_unit_test(what_is_planned_is_told_apart),
	};
	return cmocka_run_group_tests_name("title", tests, NULL, NULL);
}
