#include "common/model/civil.h"
#include "common/model/labels.h"
#include "fuzz/fuzz.h"
#include "sources/output.h"

#include <errno.h>
#include <string.h>

#define NOW_US (INT64_C(20300) * 86400000000) /* 2025-07-31 */

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"teams,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,1000\n"
	"visits,Lượt,Visits,visit,flow,sum,sum,day,desk,1,0,commune,1,0,\n";

/* Whatever a program prints: entries in form, or a refusal with a sentence. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct catalogue *catalogue;
	struct output *output = NULL;
	struct err err = { 0 };
	size_t n;
	if (!catalogue) {
		require(civil_set_zone("Asia/Ho_Chi_Minh", &err) == 0);
		require(catalogue_read(catalogue_csv, strlen(catalogue_csv), &catalogue, &err) ==
			0);
	}
	int rc = output_read((const char *)data, len, catalogue, NOW_US, &output, &err);
	require(rc == 0 || ((rc == -EINVAL || rc == -E2BIG) && *err.text));
	if (rc < 0)
		return 0;
	const struct entry *entries = output_entries(output, &n);
	require(n <= OUTPUT_FIGURES_MAX);
	for (size_t i = 0; i < n; i++)
		require(*entries[i].metric && labels_valid(entries[i].labels) && !entries[i].add);
	output_close(output);
	return 0;
}
