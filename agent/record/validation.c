#include "record/validation.h"

#include <errno.h>
#include <stdlib.h>

/* --- the rules --- */

struct finding {
	struct comparison *found;
	size_t n; /* of the hand-in */
};

static int on_broken(void *context, size_t nth, bool refused, const char *text, struct err *err)
{
	struct finding *finding = context;
	int rc = comparison_breach_add(finding->found, nth, refused, text, err);
	if (rc == 0 && refused)
		rc = comparison_room(finding->found, finding->n, err);
	if (rc == 0 && refused)
		comparison_refuse(finding->found, nth);
	return rc;
}

int validation_rules(const struct rule_standing *standing, const struct catalogue *catalogue,
		     const struct observation list[], size_t n, char point,
		     struct comparison *found, struct err *err)
{
	struct finding finding = { found, n };
	const struct rule_teller teller = { on_broken, &finding };
	return rules_judge(standing, catalogue, list, n, found->refused, point, &teller, err);
}

/* --- the spool --- */

struct each_part {
	int (*on_value)(void *found, const struct observation *obs);
	void *found;
};

static int on_part(void *context, const struct spool_value *value)
{
	const struct each_part *part = context;
	return part->on_value(part->found, &value->obs);
}

static int each_in_spool(void *context, const char *metric, struct period period,
			 int (*on_value)(void *found, const struct observation *obs), void *found,
			 struct err *err)
{
	struct each_part part = { on_value, found };
	return spool_each_part(context, metric, period, on_part, &part, err);
}

/* What is far is not recorded; of the others it is still told that their period is closed. */
static int far_refuse(struct comparison *found, size_t n, char point, struct err *err)
{
	char text[ERR_TEXT_MAX];
	int rc = comparison_room(found, n, err);
	for (size_t i = 0; i < found->n && rc == 0; i++) {
		const struct comparison_far *far = &found->list[i];
		if (!far->closed_us)
			rc = comparison_breach_add(found, far->nth, true,
						   comparison_say_held(far, point, text), err);
		if (rc == 0 && !far->closed_us)
			comparison_refuse(found, far->nth);
	}
	return rc;
}

int validation_make(struct spool *spool, const struct catalogue *catalogue,
		    const struct observation list[], size_t n, enum validation_past past,
		    char point, struct comparison *ret, struct err *err)
{
	const struct rule_standing standing = { each_in_spool, spool };
	struct comparison found = { 0 };
	int rc = past == PAST_IGNORED ? 0 : comparison_make(spool, catalogue, list, n, &found, err);
	if (rc == 0 && past == PAST_STRICT && found.n > 0)
		rc = far_refuse(&found, n, point, err);
	if (rc == 0)
		rc = validation_rules(&standing, catalogue, list, n, point, &found, err);
	if (rc < 0)
		comparison_free(&found);
	else
		comparison_tidy(&found);
	*ret = rc < 0 ? (struct comparison){ 0 } : found;
	return rc;
}

int validation_record(struct spool *spool, const struct observation list[], size_t n,
		      const struct comparison *found, struct err *err)
{
	size_t kept = 0;
	if (found->n_refused == 0)
		return spool_record(spool, list, n, NULL, err);
	struct observation *good = calloc(n + 1, sizeof(*good));
	if (!good)
		return err_memory(err);
	for (size_t i = 0; i < n; i++)
		if (!found->refused[i])
			good[kept++] = list[i];
	int rc = spool_record(spool, good, kept, NULL, err);
	free(good);
	return rc;
}
