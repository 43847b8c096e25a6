#include "bench/asker.h"

#include "bench/measure.h"
#include "common/model/period.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SAMPLES_MAX   10000u /* of a shape; what is asked after so many is not kept */
#define PAUSE_MS      10
#define PROVINCE      "82"

#define PATH_TEXT_MAX 256u

static const struct {
	const char *words, *path;
	bool everything; /* no metric is named */
	bool by_day;     /* to the load's last day, not of the month */
} shapes[ASKER_SHAPES] = {
	{ "province, a month", "query?per=month", false, false },
	{ "district x month", "query?by=district&per=month", false, false },
	{ "commune x day", "query?by=commune&per=day", false, true },
	{ "who is missing, a month", "completeness?per=month", false, false },
	{ "completeness by district, all metrics", "completeness?by=district&per=month", true,
	  false },
};

struct asker {
	const struct load *load;
	struct api_client *api;
	unsigned asked;
	unsigned n[ASKER_SHAPES];
	uint64_t took_us[ASKER_SHAPES][SAMPLES_MAX];
};

int asker_open(const struct load *load, struct api_client *api, struct asker **ret_asker,
	       struct err *err)
{
	struct asker *asker = calloc(1, sizeof(*asker));
	if (!asker)
		return err_memory(err);
	asker->load = load;
	asker->api = api;
	*ret_asker = asker;
	return 0;
}

void asker_close(struct asker *asker)
{
	free(asker);
}

const char *asker_shape(unsigned shape)
{
	return shapes[shape].words;
}

static void path_of(const struct asker *asker, unsigned shape, char path[PATH_TEXT_MAX])
{
	const struct load *load = asker->load;
	bool by_day = shapes[shape].by_day;
	char name[LOAD_NAME_MAX] = "", day[DAY_TEXT_MAX] = LOAD_MONTH;
	if (!shapes[shape].everything)
		(void)load_metric(asker->asked / ASKER_SHAPES % load->shape.series, name);
	if (by_day)
		(void)day_format(load->first_day + (int32_t)load->shape.days - 1, day);
	(void)snprintf(path, PATH_TEXT_MAX, "/v1/%s&area=" PROVINCE "&from=%s&to=%s%s%s",
		       shapes[shape].path, by_day ? LOAD_FIRST_DAY : LOAD_MONTH, day,
		       *name ? "&name=" : "", name); /* fits */
}

int asker_ask(struct asker *asker, struct err *err)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	unsigned shape = asker->asked % ASKER_SHAPES;
	char path[PATH_TEXT_MAX];
	json_t *answer;
	path_of(asker, shape, path);
	asker->asked++;
	uint64_t began_us = now_us();
	int rc = api_client_ask(asker->api, "GET", path, NULL, NULL, &answer, err);
	if (rc < 0)
		return rc;
	json_decref(answer);
	if (asker->n[shape] < SAMPLES_MAX)
		asker->took_us[shape][asker->n[shape]++] = now_us() - began_us;
	(void)nanosleep(&pause, NULL); /* a signal makes the next question come sooner */
	return 0;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

void asker_take(struct asker *asker, struct asker_times ret_times[ASKER_SHAPES])
{
	for (unsigned i = 0; i < ASKER_SHAPES; i++) {
		uint64_t *took_us = asker->took_us[i];
		unsigned n = asker->n[i];
		qsort(took_us, n, sizeof(*took_us), ascending);
		ret_times[i] = (struct asker_times){ 0 };
		if (n > 0)
			ret_times[i] =
				(struct asker_times){ n, took_us[n / 2], took_us[n - 1 - n / 100] };
		asker->n[i] = 0;
	}
	asker->asked = 0;
}
