#include "export/sdmx_columns.h"

#include "common/base/i18n.h"

const struct sdmx_column sdmx_columns[] = {
	{ "FREQ", SDMX_DIMENSION, N_("Frequency"), "CL_FREQ", NULL },
	{ "REF_AREA", SDMX_DIMENSION, N_("Area"), "CL_REF_AREA", NULL },
	{ "INDICATOR", SDMX_DIMENSION, N_("Indicator"), "CL_INDICATOR", NULL },
	{ "TIME_PERIOD", SDMX_TIME, N_("Period"), NULL, NULL },
	{ "OBS_VALUE", SDMX_MEASURE, N_("Value"), NULL, NULL },
	{ "OBS_STATUS", SDMX_ATTRIBUTE, N_("Status"), "CL_OBS_STATUS", NULL },
	{ "UNIT_MEASURE", SDMX_ATTRIBUTE, N_("Unit of measure"), NULL, NULL },
	{ "DECIMALS", SDMX_ATTRIBUTE, N_("Decimals"), NULL, NULL },
	{ "REF_STRUCTURE", SDMX_ATTRIBUTE, N_("Borders of the day"), NULL, NULL },
	{ "OFFICES_DUE", SDMX_ATTRIBUTE, N_("Offices due"), NULL, "offices_due" },
	{ "OFFICES_REPORTED", SDMX_ATTRIBUTE, N_("Offices that reported"), NULL,
	  "offices_reported" },
	{ "ON_TIME", SDMX_ATTRIBUTE, N_("On time"), NULL, "on_time" },
	{ "CARRIED", SDMX_ATTRIBUTE, N_("Carried"), NULL, "carried" },
	{ "REVISIONS", SDMX_ATTRIBUTE, N_("Revisions"), NULL, "revisions" },
	{ "REASON", SDMX_ATTRIBUTE, N_("Reason"), NULL, "reason" },
};
const size_t n_sdmx_columns = sizeof(sdmx_columns) / sizeof(sdmx_columns[0]);

const char *sdmx_freq_called(char freq)
{
	static const struct {
		char freq;
		const char *called;
	} list[] = { { 'A', N_("Annual") },  { 'S', N_("Half-yearly") },  { 'Q', N_("Quarterly") },
		     { 'M', N_("Monthly") }, { 'W', N_("Weekly") },       { 'D', N_("Daily") },
		     { 'H', N_("Hourly") },  { 'N', N_("By the minute") } };

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].freq == freq)
			return _(list[i].called);
	return "";
}
