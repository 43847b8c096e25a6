#include "ledger/hand_judge.h"

#include "common/base/utf8.h"
#include "common/model/hand_in.h"
#include "common/model/near_metric.h"

#include <errno.h>
#include <string.h>

size_t hand_judge_room(size_t n)
{
	return hand_in_texts_max(n) + n * (sizeof(struct entry) + ERR_TEXT_MAX);
}

/* The agent's sentence would name a command of the agent. */
static int check_metric(const struct catalogue *catalogue, const char *name, struct err *err)
{
	char excerpt[EXCERPT_MAX];
	if (catalogue_find(catalogue, name))
		return 0;
	if (catalogue_did_you_mean(catalogue, name, err))
		return -EINVAL;
	return err_set(err, -EINVAL,
		       "the catalogue has no metric '%s'; `lantoa catalogue export` prints it",
		       utf8_excerpt(name, strlen(name), excerpt));
}

int hand_judge(const struct catalogue *catalogue, const struct hand_common *common,
	       const struct hand_words words[], size_t n, int64_t now_us, struct arena *texts,
	       struct observation ret_list[], struct err *err)
{
	size_t nth = 0;
	struct entry *entries = arena_alloc(texts, n * sizeof(*entries));
	if (!entries)
		return err_memory(err);
	for (size_t i = 0; i < n; i++) {
		int rc = check_metric(catalogue, words[i].metric, err);
		if (rc < 0)
			return rc;
		entries[i] = (struct entry){ .metric = words[i].metric,
					     .value = words[i].value,
					     .period = common->period,
					     .labels = common->labels,
					     .author = common->who,
					     .note = common->note };
	}
	return hand_in_judge(catalogue, entries, n, now_us, texts, ret_list, &nth, err);
}
