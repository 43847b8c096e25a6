#include "api/bulletin_report.h"

#include "api/report.h"
#include "common/model/period.h"

static json_t *closed_json(const Lantoa__V1__Standing *standing)
{
	json_t *array = json_array();
	for (size_t i = standing->n_closing; i > 0; i--) {
		const Lantoa__V1__Closing *closing = standing->closing[i - 1];
		json_t *row = json_pack(
			"{s:o, s:s, s:o, s:o}", "period", report_text(closing->period), "calendar",
			calendar_name(closing->calendar ? CALENDAR_REPORT : CALENDAR_CIVIL),
			"metric", *closing->metric ? report_text(closing->metric) : json_null(),
			"since", report_instant(closing->closed_us));
		if (json_array_append_new(array, row) < 0) {
			json_decref(array);
			return NULL; /* as when memory ran out above: json_pack() fails by it */
		}
	}
	return array;
}

static json_t *released_json(const Lantoa__V1__Standing *standing)
{
	json_t *array = json_array();
	uint64_t figures;
	for (size_t i = 0, next; i < standing->n_released; i = next) {
		const Lantoa__V1__Waiting *first = standing->released[i];
		next = bulletin_let_in(standing, i, &figures);
		json_t *row = json_pack("{s:I, s:o, s:o}", "figures", (json_int_t)figures, "at",
					report_instant(first->at_us), "reason",
					report_told(first->reason));
		if (json_array_append_new(array, row) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

json_t *bulletin_json(const struct bulletin *told)
{
	const Lantoa__V1__Standing *standing = told ? told->standing : NULL;
	if (!standing)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:o}", "unit", report_text(standing->unit),
			 "unit_name", report_text(standing->unit_name), "level",
			 report_text(standing->level), "closed", closed_json(standing),
			 "waiting_more", (json_int_t)standing->waiting_more, "released",
			 released_json(standing));
}
