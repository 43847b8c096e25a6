#include "query/counts.h"

#include "registry/rational.h"

#include <stdlib.h>

void counts_add(struct counts *to, const struct counts *from)
{
	to->observations += from->observations;
	to->due += from->due;
	to->reported += from->reported;
	to->on_time += from->on_time;
	to->carried += from->carried;
	to->extra += from->extra;
	to->revisions += from->revisions;
	to->excused += from->excused;
	to->forgiven += from->forgiven;
	to->waiting += from->waiting;
}

int64_t counts_missing(const struct counts *counts)
{
	return counts->due - counts->reported - counts->carried - counts->excused;
}

int64_t counts_late(const struct counts *counts)
{
	return counts->reported - counts->on_time - counts->forgiven;
}

void counts_put(struct table *table, const struct counts *counts)
{
	table_int(table, counts->observations);
	table_int(table, counts->due);
	table_int(table, counts->reported);
	table_int(table, counts->on_time);
	table_int(table, counts->carried);
	table_int(table, counts->excused);
	table_int(table, counts_missing(counts));
	table_int(table, counts->waiting);
	table_int(table, counts->extra);
}

void counts_put_percent(struct table *table, const struct counts *counts)
{
	mpq_t share;
	if (counts->due == 0) {
		table_null(table);
		return;
	}
	mpq_init(share);
	mpq_set_ui(share, (unsigned long)counts->reported * 100, (unsigned long)counts->due);
	mpq_canonicalize(share);
	char *text = rational_text(share, PERCENT_OF_REPORTS_DECIMALS);
	table_number(table, text); /* NULL: it remembers */
	free(text);
	mpq_clear(share);
}
