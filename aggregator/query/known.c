#include "query/known.h"

#include "common/base/i18n.h"
#include "common/model/civil.h"

#include <stdio.h>

int known_reference(sqlite3 *db, const struct reference *now, const struct query *query,
		    struct reference_then *ret_then, struct err *err)
{
	int64_t at_us = query->known_us ? query->known_us : INT64_MAX;
	int rc = query->known ? civil_parse(query->known, &at_us, err) : 0;
	return rc < 0 ? rc : reference_at(db, now, at_us, ret_then, err);
}

void known_head(const struct reference_then *then, struct table *table)
{
	char sentence[256], instant[INSTANT_TEXT_MAX];
	if (then->opening_us == INT64_MIN)
		return;
	(void)snprintf(sentence, sizeof(sentence),
		       _("Units, offices and catalogue are those of %s: what they were before is "
			 "not known."),
		       civil_format(then->opening_us, instant)); /* cut is fine */
	table_head(table, "query", "reference", sentence);
}

int excuses_run(sqlite3 *db, const struct reference *now, const struct query *query,
		const char *office, struct table **ret_table, struct err *err)
{
	struct reference_then then;
	int rc = known_reference(db, now, query, &then, err);
	if (rc == 0)
		rc = excuses_list(then.reference->excuses, then.reference->offices, office,
				  ret_table, err);
	if (rc == 0)
		known_head(&then, *ret_table);
	return rc;
}

int closed_run(sqlite3 *db, const struct reference *now, const struct query *query,
	       struct table **ret_table, struct err *err)
{
	struct reference_then then;
	int rc = known_reference(db, now, query, &then, err);
	if (rc == 0)
		rc = closings_list(then.reference->closings, ret_table, err);
	if (rc == 0)
		known_head(&then, *ret_table);
	return rc;
}
