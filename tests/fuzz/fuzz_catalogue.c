#include "common/base/utf8.h"
#include "common/model/catalogue.h"
#include "fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct catalogue *catalogue = NULL;
	struct err err = { 0 };
	if (catalogue_read_new((const char *)data, len, &catalogue, &err) == 0) {
		catalogue_close(catalogue);
		catalogue = NULL; /* what may be imported can be read afterwards */
		require(catalogue_read((const char *)data, len, &catalogue, &err) == 0);
		catalogue_close(catalogue);
	}
	catalogue = NULL;
	err = (struct err){ 0 };
	int rc = catalogue_read((const char *)data, len, &catalogue, &err);
	require(rc == 0 || rc == -EINVAL);
	require(rc == 0 || utf8_valid(err.text, strlen(err.text))); /* errors travel as JSON */
	if (rc != 0)
		return 0;
	require(catalogue->version != 0 && catalogue->n <= CATALOGUE_METRICS_MAX);
	for (size_t i = 0; i < catalogue->n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		require(catalogue_find(catalogue, metric->name) == metric);
		require(metric->decimals <= DECIMALS_MAX && metric->area_agg != AGG_LAST);
	}
	catalogue_close(catalogue);
	return 0;
}
