#include "query/rank.h"

#include "registry/rational.h"

#include <stdlib.h>
#include <string.h>

struct runner {
	const char *level; /* "": an office */
	mpq_t value;       /* as shown */
	size_t row;
};

static int by_level_and_value(const void *a, const void *b)
{
	const struct runner *x = a, *y = b;
	int order = strcmp(x->level, y->level);
	return order ? order : mpq_cmp(y->value, x->value);
}

/* @runners [n] are of one level, the highest first. Rule 5.8: what is shown equal is equal. */
static void rank_level(const struct runner runners[], size_t n, struct rank ret[])
{
	size_t rank = 0;
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || mpq_cmp(runners[i].value, runners[i - 1].value) != 0)
			rank = i + 1;
		ret[runners[i].row] = (struct rank){ (int64_t)rank, (int64_t)n };
	}
}

int rank_all(const struct rows *rows, const struct figure figures[], unsigned decimals,
	     struct rank ret[], struct err *err)
{
	struct runner *runners = calloc(rows->n, sizeof(*runners));
	size_t n = 0;
	if (!runners)
		return err_memory(err);
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *row = &rows->list[i];
		ret[i] = (struct rank){ 0 };
		if (!figures[i].has_value || (!row->unit && !row->office))
			continue;
		struct runner *runner = &runners[n++];
		runner->level = row->unit ? row->unit->level : "";
		runner->row = i;
		mpq_init(runner->value);
		rational_round(runner->value, figures[i].value, decimals);
	}
	qsort(runners, n, sizeof(*runners), by_level_and_value);
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from; to < n && strcmp(runners[to].level, runners[from].level) == 0;)
			to++;
		rank_level(runners + from, to - from, ret);
	}
	for (size_t i = 0; i < n; i++)
		mpq_clear(runners[i].value);
	free(runners);
	return 0;
}
