/* A file of figures, whatever it is: read without harm, and the same in one piece as in many. */
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "fuzz/fuzz.h"
#include "import/detect.h"
#include "import/import.h"

#include <errno.h>
#include <string.h>

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"team.count,Số tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,1000\n"
	"dossiers.received,Hồ sơ nhận,Dossiers,dossier,flow,sum,sum,day,sector,0,0,commune,1,0,\n"
	"visits,Số lượt,Visits,visit,flow,sum,sum,day,,0,0,commune,1,0,\n"
	"score,Điểm,Score,point,ratio,last,mean,day,,2,0,commune,1,,\n"
	"area,Diện tích,Area,ha,stock,last,sum,day,,3,0,commune,1,,\n";

struct outcome {
	uint64_t digest; /* FNV-1a of all that was told */
	size_t figures, errors;
	int rc;
};

static void tell(struct outcome *outcome, const char *text)
{
	for (; *text; text++)
		outcome->digest = (outcome->digest ^ (uint8_t)*text) * UINT64_C(1099511628211);
}

static int on_entries(void *context, const struct entry entries[],
		      const struct observation judged[], size_t n, struct comparison *ret_found,
		      struct err *err)
{
	(void)judged;
	(void)ret_found;
	struct outcome *outcome = context;
	(void)err;
	for (size_t i = 0; i < n; i++) {
		require(utf8_valid(entries[i].labels, strlen(entries[i].labels)));
		tell(outcome, entries[i].metric);
		tell(outcome, entries[i].value ? entries[i].value : "-");
		tell(outcome, entries[i].period ? entries[i].period : "now");
		tell(outcome, entries[i].labels);
	}
	outcome->figures += n;
	return 0;
}

static void on_error(void *context, const struct import_diagnostic *error)
{
	struct outcome *outcome = context;
	require(error->line > 0);
	tell(outcome, error->why);
	outcome->errors++;
}

static int detect_in_pieces(const struct headings *headings, const uint8_t *data, size_t len,
			    size_t piece, struct dialect *ret_dialect)
{
	struct detect *detect;
	struct err err = { 0 };
	require(detect_open(headings, &detect, &err) == 0);
	int rc = 0;
	for (size_t at = 0; at < len && rc == 0; at += piece)
		rc = detect_feed(detect, data + at, len - at < piece ? len - at : piece, &err);
	if (rc == 0)
		rc = detect_end(detect, ret_dialect, &err);
	detect_close(detect);
	require(rc == 0 || (rc == -EINVAL && *err.text));
	return rc;
}

static struct outcome import_in_pieces(const struct import_config *config,
				       const struct dialect *dialect, const uint8_t *data,
				       size_t len, size_t piece)
{
	struct outcome outcome = { 0 };
	struct import_config own = *config;
	struct import *import;
	struct err err = { 0 };
	own.context = &outcome;
	require(import_open(&own, dialect, &import, &err) == 0);
	for (size_t at = 0; at < len && outcome.rc == 0; at += piece)
		outcome.rc =
			import_feed(import, data + at, len - at < piece ? len - at : piece, &err);
	while (outcome.rc >= 0 && (outcome.rc = import_end(import, &err)) > 0)
		;
	/* The first reading has come to its end; but a title may contradict the period, a line of
	 * units the catalogue, or another table follow. */
	require(outcome.rc == 0 || (outcome.rc == -EINVAL && *err.text));
	require(import_result(import).figures == outcome.figures);
	require(import_result(import).rejected == outcome.errors);
	import_close(import);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct catalogue *catalogue;
	static struct headings *headings;
	struct dialect whole, pieces;
	if (!catalogue) {
		require(civil_set_zone("Asia/Ho_Chi_Minh", &(struct err){ 0 }) == 0);
		require(catalogue_read(catalogue_csv, strlen(catalogue_csv), &catalogue,
				       &(struct err){ 0 }) == 0);
		require(headings_open(catalogue, &headings, &(struct err){ 0 }) == 0);
	}
	size_t piece = len > 0 ? 1 + data[len - 1] % 7 : 1;
	int rc = detect_in_pieces(headings, data, len, len + 1, &whole);
	require(detect_in_pieces(headings, data, len, piece, &pieces) == rc);
	if (rc < 0)
		return 0;
	require(whole.charset == pieces.charset && whole.separator == pieces.separator &&
		whole.header_line == pieces.header_line && whole.mark == pieces.mark &&
		whole.month_first == pieces.month_first);
	struct import_config config = { .catalogue = catalogue,
					.headings = headings,
					.now_us = INT64_C(20300) * 86400000000,
					.on_entries = on_entries,
					.on_error = on_error };
	struct outcome a = import_in_pieces(&config, &whole, data, len, len + 1);
	struct outcome b = import_in_pieces(&config, &whole, data, len, piece);
	require(a.rc == b.rc);
	require(a.rc < 0 ||
		(a.digest == b.digest && a.figures == b.figures && a.errors == b.errors));
	return 0;
}
