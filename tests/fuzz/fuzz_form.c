/* The body of the clerk's form: read, put into its sheet, judged, shown again. */
#include "clerk/sheet_html.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

static const char csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"
	"level,due_days,min,max\n"
	"team.count,T,Teams,team,stock,last,sum,month,,0,3,commune,2,0,\n"
	"team.share,S,Share,index,ratio,last,mean,month,,4,3,commune,2,0,1\n"
	"visits,V,Visits,visit,flow,sum,sum,month,topic;desk,3,0,commune,2,0,\n";

static struct catalogue *catalogue;
static struct value known[2];
static struct values values = { .list = known, .level = "commune" };
static struct period period;

static void prepare(void)
{
	struct err err;
	require(catalogue_read(csv, strlen(csv), &catalogue, &err) == 0);
	require(period_parse("2025-06", CALENDAR_CIVIL, &period, &err) == 0);
	known[0] = (struct value){ .metric = catalogue_find(catalogue, "team.count"),
				   .labels = "",
				   .period = period,
				   .value_e = 7,
				   .author = "hoa",
				   .note = "two new",
				   .seq = 1 };
	known[1] = (struct value){ .metric = catalogue_find(catalogue, "visits"),
				   .labels = "desk=1;topic=a",
				   .period = period,
				   .value_e = 1500 };
	values.n = 2;
}

/* What would be recorded is what the recorder takes. */
static void check_entries(const struct sheet *sheet)
{
	struct entry *entries;
	struct observation obs;
	char labels[LABELS_TEXT_MAX];
	struct err err;
	size_t n;
	require(sheet_entries(sheet, "2025-06", "hoa", &entries, &n, &err) == 0);
	for (size_t i = 0; i < n; i++)
		require(entry_judge(catalogue, &entries[i], civil_now_us(), labels, &obs, &err) ==
			0);
	free(entries);
}

/* Text that was typed makes no tag: those of the form are known, and none of them is <x>. */
static void check_page(const struct sheet *sheet)
{
	struct uplink_look line = { .trouble = "" };
	struct frame frame = { .office = "1", .look = &line, .typist = "" };
	struct sheet_look look = { .token = "t" };
	struct html html = { 0 };
	sheet_write(&html, &frame, sheet, &look);
	require(!html.failed && utf8_valid((const char *)html.out.data, html.out.len));
	require(blob_append(&html.out, "", 1) == 0);
	require(!strstr((const char *)html.out.data, "<x>"));
	blob_free(&html.out);
	require(sheet_json(sheet, &html.out) == 0);
	blob_free(&html.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sheet sheet;
	struct field *fields;
	size_t n;
	struct err err = { 0 };
	if (!catalogue)
		prepare();
	char *body = malloc(len + 1);
	require(body);
	memcpy(body, data, len);
	int rc = urlencoded_parse(body, len, &fields, &n, &err);
	require(rc == 0 || rc == -EINVAL || rc == -E2BIG);
	if (rc == 0) {
		require(sheet_open(catalogue, &values, period, &sheet, &err) == 0);
		require(sheet_take(&sheet, fields, n, &err) == 0);
		require(sheet_judge(&sheet, civil_now_us(), &err) == 0);
		check_entries(&sheet);
		check_page(&sheet);
		sheet_close(&sheet);
		free(fields);
	}
	free(body);
	return 0;
}
