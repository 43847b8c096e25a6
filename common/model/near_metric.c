#include "common/model/near_metric.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/near_name.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

void near_metrics_begin(struct near_metrics *near)
{
	*near = (struct near_metrics){ .distance = SIZE_MAX };
}

void near_metrics_try(struct near_metrics *near, const struct metric *metric, size_t distance)
{
	if (distance == SIZE_MAX || distance > near->distance)
		return;
	if (distance < near->distance)
		near->n = near->more = 0;
	near->distance = distance;
	for (size_t i = 0; i < near->n; i++)
		if (near->list[i] == metric)
			return;
	if (near->n < NEAR_METRICS_MAX)
		near->list[near->n++] = metric;
	else
		near->more++;
}

const char *near_metrics_say(const struct near_metrics *near, char text[NEAR_METRICS_TEXT])
{
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < near->n; i++) {
		bool last = i > 0 && i + 1 == near->n && near->more == 0;
		len += utf8_print(text + len, NEAR_METRICS_TEXT - len, "%s'%s' (%s)", /* cut */
				  i == 0 ? ""
				  : last ? _(" or ")
					 : ", ",
				  near->list[i]->name, metric_called(near->list[i]));
	}
	if (near->more > 0)
		(void)utf8_print(text + len, NEAR_METRICS_TEXT - len, ", ..."); /* likewise */
	return text;
}

bool catalogue_near(const struct catalogue *catalogue, const char *text,
		    struct near_metrics *ret_near)
{
	struct near_name wanted;
	near_name_begin(&wanted, text);
	near_metrics_begin(ret_near);
	for (size_t i = 0; i < catalogue->n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		const char *const names[] = { metric->name, metric->label_vi, metric->label_en };
		for (size_t k = 0; k < 3; k++)
			near_metrics_try(ret_near, metric, near_name_distance(&wanted, names[k]));
	}
	return ret_near->n > 0;
}

bool catalogue_did_you_mean(const struct catalogue *catalogue, const char *name, struct err *err)
{
	char shown[EXCERPT_MAX], meant[NEAR_METRICS_TEXT];
	struct near_metrics near;
	if (!catalogue_near(catalogue, name, &near))
		return false;
	err_set(err, -EINVAL, "the catalogue has no metric '%s'; did you mean %s?",
		utf8_excerpt(name, strlen(name), shown), near_metrics_say(&near, meant));
	return true;
}
