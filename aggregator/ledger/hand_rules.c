#include "ledger/hand_rules.h"

#include "common/model/rule_judging.h"
#include "ledger/hand_stand.h"

#include <errno.h>

struct asking {
	sqlite3 *db;
	const struct reference *reference;
	int64_t office;
	const struct observation *list;
	struct arena *texts;
	const char **warnings;
};

static int each_standing(void *context, const char *metric, struct period period,
			 int (*on_value)(void *found, const struct observation *obs), void *found,
			 struct err *err)
{
	const struct asking *asking = context;
	const struct metric *known = catalogue_find(asking->reference->catalogue, metric);
	struct hand_stands stands = { 0 };
	int rc = known ? hand_stands_read(asking->db, asking->reference, asking->office, known,
					  period, &stands, err)
		       : 0;
	for (size_t i = 0; i < stands.n && rc == 0; i++)
		rc = on_value(found,
			      &(struct observation){ .metric = metric,
						     .labels = stands.list[i].labels,
						     .period = period,
						     .decimals = known->decimals,
						     .value_e = stands.list[i].value_e,
						     .withdrawn = stands.list[i].withdrawn });
	hand_stands_free(&stands);
	return rc;
}

static int on_broken(void *context, size_t nth, bool refused, const char *text, struct err *err)
{
	const struct asking *asking = context;
	if (refused)
		return err_set(err, -EINVAL, "%s: %s", asking->list[nth].metric, text);
	if (!asking->warnings[nth] && !(asking->warnings[nth] = arena_text(asking->texts, text)))
		return err_memory(err);
	return 0;
}

int hand_rules(sqlite3 *db, const struct reference *reference, int64_t office,
	       const struct observation list[], size_t n, struct arena *texts,
	       const char *ret_warnings[], struct err *err)
{
	struct asking asking = { db, reference, office, list, texts, ret_warnings };
	const struct rule_standing standing = { each_standing, &asking };
	const struct rule_teller teller = { on_broken, &asking };
	for (size_t i = 0; i < n; i++)
		ret_warnings[i] = NULL;
	return rules_judge(&standing, reference->catalogue, list, n, NULL, '.', &teller, err);
}
