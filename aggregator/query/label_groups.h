/* The series of a question, parted by what they say of one dimension: a group for each code of its
 * list, one for each other label that was reported, and one for what has no such label. Two labels
 * that mean the same (label_mean()) are one group: a code and a name of it from before the list, or
 * one text in two spellings. */
#pragma once

#include "query/plan.h"
#include "query/series.h"

#include <stdbool.h>

#define LABEL_GROUPS_MAX 1000u

struct label_group {
	struct meaning meaning;
	char *label; /* owned: the code or, in no list, as it was spelt first; NULL: it has none */
	struct series_list series[PLAN_OPERANDS_MAX]; /* owned, of each operand */
};

struct label_groups {
	struct label_group *list; /* owned [n]: codes in the list's order, then the others by their
				     text, and what has no such label */
	size_t n;
};

/** By plan->by_label. -E2BIG over LABEL_GROUPS_MAX; -ENOMEM. */
int label_groups_find(sqlite3 *db, const struct reference *reference, const struct plan *plan,
		      struct label_groups *ret_groups, struct err *err);
void label_groups_free(struct label_groups *groups);
/** Is the group a code that may be used on a day of @bucket? */
bool label_group_is_due(const struct label_group *group, const struct code_list *list,
			struct period bucket);
/** What people call a code in the reader's language. */
const char *code_name(const struct code *code);
/** What they call the group: lent. NULL: it is in no list. */
const char *label_group_name(const struct label_group *group);
