/* Tables as offices write them, by the reference catalogue: what is recorded of each, and what is
 * told, where. The files are in the corpus that fuzz_import begins with. */
#include "common/base/blob.h"
#include "common/model/civil.h"
#include "import/import.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US    (INT64_C(20300) * 86400000000) /* 2025-07-31 */
#define CORPUS    SOURCE_DIR "/tests/fuzz/corpus/import/"
#define CATALOGUE SOURCE_DIR "/aggregator/data/tien-giang/catalogue.csv"
#define TOLD_MAX  20u

#define SO        "Số tổ công nghệ số cộng đồng"
#define HS        "Số hồ sơ thủ tục hành chính tiếp nhận"
#define DT        "Doanh thu bán hàng trên sàn thương mại điện tử"
#define TV        "Số thành viên tổ công nghệ số cộng đồng"

struct expected {
	const char *file, *recorded; /* NULL: nothing */
	/* "LINE|COLUMN|VALUE|part of the sentence"; a note begins with '~' */
	const char *told[TOLD_MAX];
	const char *refusal; /* part of the sentence; NULL: it is taken */
};

static const struct expected tables[] = {
	{ .file = "period_cell_empty.csv",
	  .recorded = "2025-05 service.rating_count=8\n2025-06 service.rating_count=9\n",
	  .told = { "4||Tổng cộng|looks like a total" } },
	{ .file = "period_cell_merged.csv",
	  .recorded = "2025-06 office.documents_issued=40\n",
	  .told = { "3|Kỳ||is empty; write the period" } },
	{ .file = "total_rows.csv",
	  .recorded = "2025-05 team.count=8\n2025-06 team.count=9\n",
	  .told = { "4||Tổng số|looks like a total", "5||Cộng|looks like a total" } },
	{ .file = "total_as_dimension.csv",
	  .recorded = "2025-06-30 service.dossiers_received=3 sector=đất đai\n",
	  .told = { "3||30/06/2025|looks like a total" } },
	{ .file = "dimension_cell_merged.csv",
	  .recorded = "2025-06-30 service.dossiers_received=3 sector=Đất đai\n"
		      "2025-06-28 service.dossiers_received=5 sector=Hộ tịch\n"
		      "2025-06 office.documents_issued=40\n",
	  .told = { "3|Lĩnh vực||is empty below a line that has one; write it here as well" } },
	{ .file = "whole_as_dimension.csv",
	  .recorded = "2025-06-30 service.dossiers_received=3 sector=Đất đai\n"
		      "2025-06-30 service.dossiers_received=4 sector=Cộng đồng\n",
	  .told = { "4||30/06/2025|looks like a total", "5||30/06/2025|looks like a total" } },
	{ .file = "title_names_another_month.csv",
	  .refusal = "line 4: 'THÁNG 6 NĂM 2025' stands above the figures, but without a column "
		     "for the period they would be recorded for 2025-07; add a column called Kỳ "
		     "with the month that each figure is of, like Tháng 6/2025" },
	{ .file = "title_two_months.csv",
	  .refusal = "line 3: 'THÁNG 6 VÀ THÁNG 7/2025' stands above" },
	{ .file = "title_half_year.csv", .refusal = "'6 tháng cuối năm 2025' stands above" },
	{ .file = "title_span_of_days.csv", .refusal = "'01/6/2025 đến 30/6/2025' stands above" },
	{ .file = "title_in_cells.csv", .refusal = "'Tháng: | 6 | Năm: | 2025' stands above" },
	{ .file = "title_year_of_months.csv", .refusal = "'NĂM 2025' stands above" },
	{ .file = "title_cumulative.csv",
	  .refusal = "stands above the figures, but office.documents_issued counts what happened "
		     "in each month; hand in the figures of each month by itself" },
	{ .file = "title_cumulative_stock.csv",
	  .recorded = "now team.count=8\n",
	  .told = { "~3|||recorded for 2025-07" } },
	{ .file = "section_names_a_month.csv",
	  .refusal = "line 3: 'THÁNG 6/2025' stands above the figures" },
	{ .file = "title_names_this_month.csv",
	  .recorded = "now team.count=8\n",
	  .told = { "~4|||no column for the period: the figures are recorded for 2025-07, the "
		    "current month" } },
	{ .file = "title_is_a_signature_day.csv",
	  .recorded = "now team.count=8\n",
	  .told = { "~3|||recorded for 2025-07" } },
	{ .file = "letterhead.tsv",
	  .recorded = "now team.count=12\n",
	  .told = { "~6|||recorded for 2025-07", "~7||Người lập biểu|signature" } },
	{ .file = "no_period_column.csv",
	  .recorded = "now team.count=8\nnow team.members=56\n",
	  .told = { "~2|||recorded for 2025-07" } },
	{ .file = "excel_months.csv",
	  .recorded = "2025-06 team.count=8\n2025-05 team.count=7\n2025-04 team.count=6\n" },
	{ .file = "excel_months_more.csv",
	  .recorded = "2025-06 team.count=8\n2025-05 team.count=7\n2025-04 team.count=6\n"
		      "2025-03 team.count=5\n2025-02 team.count=4\n",
	  .told = { "7|Kỳ|30/01/2025|is a day, but it is counted per month; write it like Tháng 6",
		    "8|Kỳ|25-Jan|does not name the year",
		    "9|Kỳ|45658|keeps the day 01/01/2025; format these cells as dates" } },
	{ .file = "quarters.csv",
	  .recorded = "2025-Q2 team.members_trained=8\n2025-Q1 team.members_trained=7\n"
		      "2024-Q4 team.members_trained=6\n2024-Q3 team.members_trained=5\n" },
	{ .file = "year_and_month.csv", .recorded = "2025-06 team.count=8\n" },
	{ .file = "year_and_quarter.csv",
	  .recorded = "2025-Q2 team.members_trained=8\n2025-Q1 team.members_trained=7\n",
	  .told = { "4|Năm||is empty; write the period",
		    "5|Quý|5|is not a period; write it like Quý 2/2025" } },
	{ .file = "day_month_year.csv",
	  .recorded = "2025-06-30 service.dossiers_received=8\n"
		      "2025-06-29 service.dossiers_received=7\n" },
	{ .file = "month_with_its_year.csv",
	  .recorded = "2025-06 team.count=8\n2025-04 team.count=6\n",
	  .told = { "3|Tháng|05/2024|and the year in its own column differ", "5|Năm||is empty" } },
	{ .file = "periods_as_columns.csv", .recorded = "2025-04 team.count=7\n" },
	{ .file = "months_as_columns.csv",
	  .recorded = "2025-04 team.count=7\n2025-06 team.count=8\n"
		      "2025-04 team.members=56\n2025-05 team.members=57\n" },
	{ .file = "months_beside_year.csv",
	  .recorded = "2025-04 team.count=7\n2025-05 team.count=8\n",
	  .told = { "3|Năm||is empty", "3|Năm||is empty" } },
	{ .file = "months_without_year.csv",
	  .told = { "2|Tháng 4|Tháng 4|does not name the year; write it too, like Tháng 6/2025",
		    "2|Tháng 5|Tháng 5|does not name the year" } },
	{ .file = "header_year_over_months.csv",
	  .recorded = "2025-04 team.count=7\n2025-05 team.count=8\n2025-06 team.count=9\n",
	  .told = { "~2|||taken as the second line of the header" } },
	{ .file = "header_two_years_over_months.csv",
	  .recorded = "2024-11 team.count=7\n2024-12 team.count=8\n"
		      "2025-01 team.count=9\n2025-02 team.count=10\n",
	  .told = { "~2|||taken as the second line of the header" } },
	{ .file = "header_quarters_over_months.csv",
	  .recorded = "2025-01 team.count=1\n2025-02 team.count=2\n2025-03 team.count=3\n"
		      "2025-04 team.count=4\n2025-05 team.count=5\n2025-06 team.count=6\n",
	  .told = { "~2|||taken as the second line of the header" } },
	{ .file = "header_merged_filled.csv",
	  .recorded = "2025-04 team.count=7\n2025-05 team.count=8\n2025-06 team.count=9\n",
	  .told = { "~2|||taken as the second line of the header" } },
	{ .file = "header_merged_filled_down.csv",
	  .recorded = "2025-04 team.count=7\n2025-05 team.count=8\n",
	  .told = { "~2|||taken as the second line of the header" } },
	{ .file = "header_same_period_twice.csv",
	  .refusal = "line 1: column 'Tháng 4/2025' is there twice; remove one" },
	{ .file = "header_same_month_twice.csv",
	  .refusal = "line 2: column 'Tháng 4/2025' is there twice; remove one" },
	{ .file = "title_plan.csv",
	  .refusal = "line 3: 'KẾ HOẠCH THÁNG 7 NĂM 2025' stands above the figures, which are to "
		     "be what was done" },
	{ .file = "title_plan_that_was_done.csv", .recorded = "2025-07 team.count=8\n" },
	{ .file = "too_many_columns.csv",
	  .refusal = "line 1: there are more than 256 fields; take some out" },
	{ .file = "empty_columns_to_the_end.csv", .recorded = "2025-06 team.count=8\n" },
	{ .file = "quote_in_header.csv", .refusal = "line 1: a quote stands inside a field" },
	{ .file = "header_with_a_sum.csv",
	  .refusal = "line 2: 'Lũy kế' is in the second line of the header, and no part of the "
		     "period above it" },
	{ .file = "header_month_of_another_quarter.csv",
	  .refusal = "line 2: 'Tháng 7' is in the second line of the header, and no part" },
	{ .file = "header_plan_and_done.csv",
	  .refusal = "line 2: 'Thực hiện' looks like a second line of the header; write the whole "
		     "name of each column in one line" },
	{ .file = "header_three_lines.csv",
	  .refusal = "line 3: 'Tháng 1' looks like a second line of the header" },
	{ .file = "header_period_under_value.csv",
	  .refusal = "line 2: 'Tháng 4/2025' looks like a second line of the header" },
	{ .file = "title_year_of_columns.csv",
	  .recorded = "2024-04 team.count=7\n2024-05 team.count=8\n",
	  .told = { "~3|||it is that of the title, 2024" } },
	{ .file = "title_month_of_columns.csv",
	  .recorded = "2025-04 team.count=7\n2025-05 team.count=8\n",
	  .told = { "~3|||it is that of the title, 2025" } },
	{ .file = "title_year_beside_another.csv",
	  .recorded = "2024-05 team.count=8\n",
	  .told = { "3|Tháng 4|Tháng 4|does not name the year" } },
	{ .file = "periods_without_metric.csv",
	  .refusal =
		  "line 1: the header has a column per period, and none that says which metric" },
	{ .file = "headings_with_units.csv",
	  .recorded = "2025-06 team.count=8\n2025-06 team.members=56\n"
		      "2025-06 office.documents_issued=3\n",
	  .told = { "~2||(A)|passed over: the numbers of the columns" } },
	{ .file = "heading_of_another_unit.csv",
	  .refusal = "payment.cashless_amount is counted in 'VND', and something else stands" },
	{ .file = "heading_of_a_part.csv", .refusal = "team.members is counted in 'person'" },
	{ .file = "unit_column.csv",
	  .recorded = "2025-06 ecommerce.revenue=8000000\n2025-06 team.count=8\n"
		      "2025-06 team.members=56\n",
	  .told = { "3|ĐVT|Triệu đồng|is counted in 'VND', and this column says 'Triệu đồng'; "
		    "write "
		    "the figure in 'VND'",
		    "4|ĐVT||this column says 'Triệu đồng'",
		    "6|ĐVT|nghìn lượt|is counted in 'person-time'",
		    "7|ĐVT|nt|this column says 'nghìn lượt'" } },
	{ .file = "unit_spellings.csv",
	  .recorded = "2025-06 ecommerce.revenue=1\n2025-05 ecommerce.revenue=2\n"
		      "2024 economy.grdp=3\n2023 economy.grdp=4\n2025-06 team.members=56\n"
		      "2025-06 team.count=8\n",
	  .told = { "6|Unit|1.000 tỷ đồng|is counted in 'billion VND'" } },
	{ .file = "unit_in_title.csv",
	  .recorded = "2025-06 payment.cashless_amount=9\n",
	  .told = { "4|Doanh thu bán hàng trên sàn thương mại điện tử|8|a line of the file says "
		    "'triệu đồng'" } },
	{ .file = "unit_in_title_own.csv",
	  .recorded = "2025-06 team.count=8\n2025-06 team.members=56\n" },
	{ .file = "unit_in_title_beside.csv",
	  .told = { "4|Số lượt người dân được hướng dẫn|8|says 'Nghìn lượt'" } },
	{ .file = "unit_in_brackets.csv",
	  .told = { "3|Giá trị thanh toán không dùng tiền mặt|8|says 'triệu đồng'" } },
	{ .file = "unit_in_remark.csv",
	  .told = { "2|payment.cashless_amount|8|says 'million VND'",
		    "~3||Unit: million VND|passed over" } },
	{ .file = "unit_in_heading_of_metrics.csv", .told = { "2|Giá trị|8|says 'triệu đồng'" } },
	{ .file = "unit_alone.csv", .told = { "3|" DT "|8|says 'Triệu đồng'" } },
	{ .file = "unit_in_note.csv", .told = { "2|" DT "|8|says 'triệu đồng'" } },
	{ .file = "days_across_month_first.csv",
	  .told = { "2|6/30/2025|6/30/2025|has the month before the day",
		    "2|6/1/2025|6/1/2025|could be 2025-01-06 or 2025-06-01" } },
	{ .file = "unit_row.csv",
	  .recorded = "2025-06 team.count=8\n2025-06 team.members=56\n",
	  .told = { "~2||(tổ)|passed over: the units of measure" } },
	{ .file = "unit_row_of_another.csv",
	  .refusal = "line 2: column 'Doanh thu bán hàng trên sàn thương m...': "
		     "ecommerce.revenue is counted in 'VND', and this line says '(triệu đồng)'" },
	{ .file = "unit_row_across.csv",
	  .refusal = "line 3: column 'Tháng 4/2025': nobody can tell which figures are in "
		     "'1.000 đồng'" },
	{ .file = "unit_in_words.csv",
	  .told = { "3|Doanh thu bán hàng trên sàn thương mại điện tử|8|says 'triệu đồng'" } },
	{ .file = "unit_of_section.csv",
	  .told = { "~2||I. Kinh tế số|passed over: the heading",
		    "3|ĐVT||this column says 'tr.đ'" } },
	{ .file = "numbers_of_columns.csv",
	  .recorded = "now team.count=8\nnow team.members=56\n",
	  .told = { "2||1|these could be the numbers of the columns",
		    "~3|||recorded for 2025-07" } },
	{ .file = "numbers_under_year_and_month.csv",
	  .recorded = "2025-06 team.count=8\n",
	  .told = { "~2||A|passed over: the numbers", "~3||1|passed over: the numbers" } },
	{ .file = "section_and_signature.csv",
	  .recorded = "2025-06 team.count=8\n",
	  .told = { "~2||(1)|passed over: the numbers of the columns",
		    "~3||I|passed over: the heading 'TỔ CÔNG NGHỆ SỐ', without",
		    "5||Tổng cộng|looks like a total",
		    "~6||NGƯỜI LẬP|passed over: 'NGƯỜI LẬP' is a remark or a signature" } },
	{ .file = "footer.csv",
	  .recorded = "2025-06 team.count=8\n2025-06 team.members=56\n",
	  .told = { "~4||TỔ CÔNG NGHỆ SỐ|passed over: the heading", "~5||Người lập biểu|signature",
		    "~6||(Ký, họ tên)|signature", "~7||Nguyễn Văn An|signature",
		    "~8||Ghi chú: số tạm tính|remark", "~9||Mỹ Tho, ngày 5 tháng 7 năm 2025|remark",
		    "10|" SO "|bảy|is not a number", "11|Kỳ||is empty; write the period" } },
	{ .file = "point_zero.csv",
	  .recorded = "2025-06 team.count=8.0\n2025-05 team.count=8.00\n" },
	{ .file = "comma_zero.csv",
	  .recorded = "2025-06 team.count=8.0\n2025-06 team.members=56.00\n",
	  .told = { "3|" SO "|8,5|counted in whole numbers", "3|" TV "|5x|is not a number" } },
	{ .file = "dimension_as_shown.csv",
	  .recorded = "2025-06-30 service.dossiers_received=8 sector=đất đai\n" },
	{ .file = "semicolons_with_points.csv",
	  .told = { "2|Value added of the digital economy|1.250|can be read as",
		    "3|Value added of the digital economy|2.125|can be read as" } },
	{ .file = "semicolons_with_points_told.csv",
	  .recorded = "2023 economy.digital_value_added=1.250\n"
		      "2024 economy.digital_value_added=2.5\n" },
	{ .file = "semicolons_with_commas.csv",
	  .recorded = "2023 economy.digital_value_added=1.250\n"
		      "2024 economy.digital_value_added=2.125\n" },
	{ .file = "semicolons_whole_numbers.csv", .recorded = "2025-06 team.members=1250\n" },
	{ .file = "kept_as_text.csv", .recorded = "2025-06 team.count=8\n2025-05 team.count=7\n" },
	{ .file = "old_font_tcvn3.csv",
	  .refusal = "line 1: column 'Kú' is written in TCVN3 (.VnTime), from before "
		     "Unicode" },
	{ .file = "old_font_vni.csv",
	  .refusal = "line 1: column 'Chæ tieâu' is written in VNI (VNI-Times), from before "
		     "Unicode; convert the table to Unicode (Unikey does it: Ctrl+Shift+F6)" },
	{ .file = "old_font_cell.csv",
	  .told = { "2|Chỉ tiêu|Soá toå coâng ngheä soá coäng ñoàng|is written in VNI",
		    "3|Chỉ tiêu|Sè tæ c«ng nghÖ sè céng ®ång|is written in TCVN3" } },
	{ .file = "bytes_tcvn3.csv",
	  .refusal =
		  "this text is written in TCVN3 (.VnTime), from before Unicode; convert the "
		  "table to Unicode (Unikey does it: Ctrl+Shift+F6), and save it as 'CSV UTF-8" },
	{ .file = "bytes_vni.csv", .refusal = "this text is written in VNI (VNI-Times), from" },
	{ .file = "viqr.csv", .refusal = "line 1: column 'Ky`' is written in VIQR, from before" },
	{ .file = "viqr_cell.csv",
	  .told = { "2|metric|So^' to^? co^ng nghe^. so^' co^.ng ddo^`ng|is written in VIQR" } },
	{ .file = "utf16_unicode_text.txt", .recorded = "2025-06 team.count=8\n" },
	{ .file = "unit_in_label.csv",
	  .recorded = "2025-06 team.count=9\n2025-04 team.members=57\n"
		      "2025-05 team.people_guided=5\n",
	  .told = { "2|ĐVT|đồng|team.count is counted in", "4|ĐVT|tổ|team.members is counted in",
		    "7|Kỳ|05/2025|is a month, but it is counted per year" } },
	{ .file = "nearly_numbers.csv",
	  .recorded = "2024-06 team.count=8\n2024-07 team.count=9\n2024-08 team.count=1234\n",
	  .told = { "2|" SO "|(8)|can be 8 below zero", "3|" SO "|8*|the mark of a remark",
		    "4|" SO "|8 (1)|write the number alone, like 8",
		    "5|" SO "|8¹|the mark of a remark", "6|" SO "|8/10|is two numbers",
		    "7|" SO "|8–10|is two numbers", "8|" SO "|~8|is not an exact number",
		    "9|" SO "|khoảng 8|is not an exact number",
		    "10|" SO "|> 8|is not an exact number",
		    "11|" SO "|8 tổ|has its unit beside it; write the number alone, like 8",
		    "12|" SO "|8đ|is in another unit; write the figure in 'team'",
		    "13|" SO "|8 %|is in another unit", "14|" SO "|1,5 triệu|is in another unit",
		    "15|" SO "|8E+05|was shortened by the spreadsheet",
		    "16|" SO "|#REF!|is an error of the spreadsheet",
		    "17|" SO "|=SUM(A1:A3)|is a formula", "18|" SO "|8.|is not a number" } },
	{ .file = "two_tables.csv",
	  .refusal = "lines 1 and 4 are both the header of a table; hand in each table in a file "
		     "of its own" },
	{ .file = "two_tables_alike.csv", .refusal = "lines 1 and 3 are both the header" },
	{ .file = "header_again.csv",
	  .recorded = "2025-05 team.count=7\n2025-05 team.members=56\n"
		      "2025-06 team.count=8\n2025-06 team.members=57\n",
	  .told = { "~3||Kỳ|passed over: the header again" } },
	{ .file = "section_names_a_part.csv",
	  .recorded = "2025-06 office.documents_issued=40\n",
	  .told = { "~2||I. Lĩnh vực đất đai|passed over",
		    "3|Giá trị|5|the heading 'I. Lĩnh vực đất đai' stands above it, and the line "
		    "does not say which sector it is of" } },
	{ .file = "whole_by_other_names.csv",
	  .recorded = "2025-06-30 service.dossiers_received=3 sector=Tổng điều tra dân số\n"
		      "2025-06-30 service.dossiers_received=3 sector=Cộng đồng\n"
		      "2025-06-30 service.dossiers_received=3 sector=Tổng hợp\n"
		      "2025-06-30 service.dossiers_received=3 sector=A+\n",
	  .told = { "2||30/06/2025|looks like a total", "3||30/06/2025|looks like a total",
		    "4||30/06/2025|looks like a total", "5||30/06/2025|looks like a total",
		    "6||30/06/2025|looks like a total", "7||30/06/2025|looks like a total",
		    "8||30/06/2025|looks like a total", "9||30/06/2025|looks like a total",
		    "10||30/06/2025|looks like a total" } },
	{ .file = "whole_in_labels.csv",
	  .recorded = "2025-06-30 service.dossiers_received=3 sector=Đất đai\n",
	  .told = { "3||service.dossiers_received|looks like a total" } },
	{ .file = "whole_beside_its_metric.csv",
	  .recorded = "2025-06-30 service.dossiers_received=3 sector=Đất đai\n",
	  .told = { "3||" HS "|looks like a total" } },
	{ .file = "label_says_nothing.csv",
	  .recorded = "2025-06-28 service.dossiers_received=6 sector=Đất đai\n",
	  .told = { "2|Lĩnh vực|-|'-' does not name a sector; write its name, or empty the cell",
		    "3|Lĩnh vực|…|does not name a sector" } },
	{ .file = "two_periods.csv",
	  .recorded = "2025-04 team.count=7\n2025-03 team.count=6\n",
	  .told = { "2|Tháng|5/2025|'5/2025' and '06/2025' in column 'Kỳ' differ; correct one" } },
	{ .file = "day_of_report.csv",
	  .recorded = "2025-06 team.count=7\n",
	  .told = { "2|Ngày báo cáo|01/07/2025|is a day, but it is counted per month" } },
	{ .file = "month_lost_zero.csv",
	  .recorded = "2024-10 team.count=7\n2024-02 team.count=6\n",
	  .told = { "2|Kỳ|2024.1|can be the first month, or the tenth" } },
	{ .file = "same_value_twice.csv",
	  .recorded = "2025-06 team.count=1\n",
	  .told = { "~3|" SO "|1|line 2 gives the same figure with the same value" } },
	{ .file = "title_iso_month.csv", .refusal = "'2025-06' stands above" },
	{ .file = "title_english_month.csv", .refusal = "'June' stands above" },
	{ .file = "title_short_month.csv", .refusal = "'Jun-25' stands above" },
	{ .file = "title_point_month.csv", .refusal = "'06.2025' stands above" },
	{ .file = "html_as.xls", .refusal = "this is a web page (HTML or XML)" },
	{ .file = "html_utf16.xls", .refusal = "this is a web page (HTML or XML)" },
	{ .file = "workbook_in_xml.xls", .refusal = "this is a web page (HTML or XML)" },
};
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

struct fixture {
	struct catalogue *catalogue;
	struct blob recorded;
	const struct expected *expected;
	size_t n_told, n_wrong;
	struct err err;
};

static void read_whole(const char *path, struct blob *out)
{
	FILE *file = fopen(path, "re");
	if (!file)
		fail_msg("%s is not there", path);
	assert_int_equal(blob_reserve(out, 65536), 0);
	out->len = fread(out->data, 1, 65536, file);
	(void)fclose(file); /* only read */
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct blob csv = { 0 };
	assert_non_null(f);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	read_whole(CATALOGUE, &csv);
	if (catalogue_read((char *)csv.data, csv.len, &f->catalogue, &f->err) != 0)
		fail_msg("%s", f->err.text);
	blob_free(&csv);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	catalogue_close(f->catalogue);
	blob_free(&f->recorded);
	free(f);
	return 0;
}

static int on_entries(void *context, const struct entry entries[],
		      const struct observation judged[], size_t n, struct comparison *ret_found,
		      struct err *err)
{
	(void)judged;
	(void)ret_found;
	struct fixture *f = context;
	(void)err;
	for (size_t i = 0; i < n; i++) {
		char line[512];
		int len = snprintf(line, sizeof(line), "%s %s=%s%s%s\n",
				   entries[i].period ? entries[i].period : "now", entries[i].metric,
				   entries[i].value ? entries[i].value : "-",
				   *entries[i].labels ? " " : "", entries[i].labels);
		assert_int_equal(blob_append(&f->recorded, line, (size_t)len), 0);
	}
	return 0;
}

/* All of them are looked at before the test fails. */
static void wrong(struct fixture *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void wrong(struct fixture *f, const char *format, ...)
{
	char text[2048];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut is fine */
	va_end(args);
	print_error("%s: %s\n", f->expected->file, text);
	f->n_wrong++;
}

/* The next that is expected: its place exactly, of its sentence a part. */
static void tell(struct fixture *f, const char *mark, const struct import_diagnostic *told)
{
	char place[512];
	const char *wanted = f->n_told < TOLD_MAX ? f->expected->told[f->n_told] : NULL;
	(void)snprintf(place, sizeof(place), "%s%u|%s|%s|", mark, told->line, told->column,
		       told->value);
	if (!wanted || strncmp(wanted, place, strlen(place)) != 0 ||
	    !strstr(told->why, wanted + strlen(place)))
		wrong(f, "told '%s%s' instead of '%s'", place, told->why,
		      wanted ? wanted : "nothing");
	f->n_told++;
}

static void on_error(void *context, const struct import_diagnostic *error)
{
	tell(context, "", error);
}

static void on_note(void *context, const struct import_diagnostic *told)
{
	tell(context, "~", told);
}

static void check(struct fixture *f, const struct expected *expected)
{
	char path[512];
	struct import_result result;
	struct blob file = { 0 };
	struct import_config config = { .catalogue = f->catalogue,
					.now_us = NOW_US,
					.on_entries = on_entries,
					.on_error = on_error,
					.on_note = on_note,
					.context = f };
	(void)snprintf(path, sizeof(path), CORPUS "%s", expected->file);
	read_whole(path, &file);
	f->expected = expected;
	f->n_told = f->recorded.len = 0;
	int rc = import_csv(&config, "f", (char *)file.data, file.len, &result, &f->err);
	blob_free(&file);
	if (rc != (expected->refusal ? -EINVAL : 0) ||
	    (expected->refusal && !strstr(f->err.text, expected->refusal)))
		wrong(f, "%d %s", rc, rc < 0 ? f->err.text : "");
	if (f->n_told < TOLD_MAX && expected->told[f->n_told])
		wrong(f, "not told: %s", expected->told[f->n_told]);
	assert_int_equal(blob_append(&f->recorded, "", 1), 0);
	if (strcmp((char *)f->recorded.data, expected->recorded ? expected->recorded : "") != 0)
		wrong(f, "recorded\n%s", (char *)f->recorded.data);
}

static void every_table_comes_to_what_it_should(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < N_TABLES; i++)
		check(f, &tables[i]);
	assert_int_equal(f->n_wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_table_comes_to_what_it_should, set_up,
						tear_down),
	};
	return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
