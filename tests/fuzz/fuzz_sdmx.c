/* Addresses of /sdmx/v2/: what is understood is within its text, and asks the aggregator for what
 * an address may have, as often as is allowed, and each thing once. */
#include "fuzz/fuzz.h"
#include "web/sdmx_questions.h"
#include "web/sdmx_structure.h"
#include "web/target.h"

#include <errno.h>

static const char catalogue[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"visits,Lượt,Visits,lượt,flow,sum,sum,day,desk sector,1,0,commune,5,,\n"
	"teams.all,Tổ,Teams,tổ,stock,last,sum,month,,0,2,commune,5,,\n";
static const char indicators[] = "name,label_vi,label_en,formula,unit\n"
				 "share,Phần,Share,visits / teams.all,%\n";
static const char units[] = "code,name,level,parent,valid_from,valid_to\n"
			    "82,Tỉnh,province,,1976-01-01,\n"
			    "28001,Phường,commune,82,1976-01-01,2025-07-01\n"
			    "28001,Phường mới,commune,82,2025-07-01,\n";

static void check_questions(const struct sdmx_questions *questions)
{
	require(questions->n <= SDMX_QUESTIONS_MAX);
	for (size_t i = 0; i < questions->n; i++) {
		const struct sdmx_question *one = &questions->list[i];

		require(strncmp(one->target, "/api/v1/query?name=", 19) == 0);
		require(target_judge(one->target) == 0);
		require(strstr(one->target, "&from=") && strstr(one->target, "&to="));
		require(!one->area == !strstr(one->target, "&area="));
		for (size_t k = 0; k < i; k++)
			require(strcmp(one->target, questions->list[k].target) != 0 ||
				strcmp(one->area, questions->list[k].area) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sdmx_reference reference = { 0 };
	struct sdmx_request request = { 0 };
	struct sdmx_questions questions = { 0 };
	struct err err = { 0 };
	json_t *message = NULL;
	char *target = malloc(len + 1);

	require(target);
	if (len > 0)
		memcpy(target, data, len);
	target[len] = '\0';
	unsigned status = sdmx_request_read(target, &request, &err);
	require(status == 0 || *err.text);
	require(status == 0 || status == 400 || status == 404 || status == 501);
	if (status == 0) {
		const char *csv[] = { catalogue, indicators, units };

		for (enum sdmx_table which = 0; which < SDMX_TABLES; which++)
			require(sdmx_reference_read(&reference, which, csv[which],
						    strlen(csv[which]), &err) == 0);
		require(reference.n_dimensions == 2);
		if (request.kind == SDMX_DATA)
			status = sdmx_questions_make(&request, &reference, "2025-08-01", &questions,
						     &err);
		else
			status = sdmx_structure_make(&request, &reference, "2025-08-01", &message,
						     &err);
		require(status == 0 || *err.text);
		require(request.kind == SDMX_DATA || !message == (status != 0));
		if (status == 0)
			check_questions(&questions);
	}
	sdmx_questions_free(&questions);
	sdmx_reference_free(&reference);
	sdmx_request_free(&request);
	json_decref(message);
	free(target);
	return 0;
}
